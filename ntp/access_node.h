/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes of the address filter (ntp/access.h): two trees of 4-bit digits in one array, in which they
 * name each other by index. A node says allow, deny, or leaves it to its parent. For those who walk
 * them: ntp/access.c and the program that answers in the kernel (ntp/server/xdp/program.c).
 */
#ifndef NTP_ACCESS_NODE_H
#define NTP_ACCESS_NODE_H

#include <stdint.h>

#define ACCESS_DIGIT_BITS 4
#define ACCESS_CHILDREN   16
#define ACCESS_V4_ROOT    0
#define ACCESS_V6_ROOT    1
#define ACCESS_ROOTS      2

enum access_node_state { ACCESS_AS_PARENT, ACCESS_ALLOW, ACCESS_DENY };

struct access_node {
    uint32_t state;    /* enum access_node_state */
    uint32_t children; /* index of the first of ACCESS_CHILDREN nodes; 0: none */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network interfaces of this host and its addresses, as the kernel lists them, and the news
 * that they have changed. Two netlink sockets, opened at the start; no rights are needed.
 */
#ifndef CHRONYD_OS_LINKS_H
#define CHRONYD_OS_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"

#define LINK_OTHER_TAG 0xffff /* of a VLAN whose tags are not those of 802.1Q */

struct link_info {
    uint32_t index;
    uint32_t parent; /* index of the interface below; 0: none, or in another network namespace */
    uint16_t vlan;   /* with this tag on the parent; 0: it is not a VLAN */
    bool is_ethernet;
    bool is_up;
    uint8_t mac[6];
    char name[IF_NAMESIZE];
};

struct link_list {
    struct link_info *links;
    size_t link_count;
    struct ip_addr *addresses;
    size_t address_count;
};

struct links;

/* NULL: errno has the reason. */
struct links *links_open(void);
void links_close(struct links *links);

/* Becomes readable when interfaces or addresses have changed; links_take_news() empties it. */
int links_news(const struct links *links);
void links_take_news(struct links *links);

/* Lists everything anew, also addresses of interfaces that are down, which the kernel takes packets
   for. False: the list is not complete, and empty. */
bool links_read(struct links *links, struct link_list *list);
void link_list_clear(struct link_list *list);

#endif

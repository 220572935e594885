/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which socket of a group gets a packet: sockets that share an address and port (SO_REUSEPORT), one
 * for each server worker. The choice depends on the source address alone, so that a client stays
 * with one worker whatever its port is.
 */
#ifndef CHRONYD_OS_SELECTOR_H
#define CHRONYD_OS_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/filter.h>
#include "base/addr.h"

#define SELECTOR_MAX 24 /* instructions */

/* Writes the program for groups of `count` sockets, 1 or more, and returns its length. */
size_t selector_program(enum ip_family family, int count, struct sock_filter program[SELECTOR_MAX]);
/* Sets it for the group of a socket that is bound. False with errno set. */
bool selector_attach(int fd, enum ip_family family, int count);

#endif

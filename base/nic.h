/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timestamping of packets by network interfaces, as the daemon sees it. One table of functions that
 * belongs to a world: chronyd/os/ implements it on Linux, the simulator has cards of its own. The
 * clocks of the cards are read through base/device.h; timestamps come with datagrams
 * (base/world.h).
 */
#ifndef BASE_NIC_H
#define BASE_NIC_H

#include <stdbool.h>

/* Which of the packets that it receives an interface is to timestamp (system.md 5.2). AUTO: NTP
   if it can tell NTP, else all, else none. */
enum nic_filter {
    NIC_FILTER_AUTO,
    NIC_FILTER_NONE,
    NIC_FILTER_NTP,
    NIC_FILTER_PTP,
    NIC_FILTER_ALL
};

struct nic {
    int if_index;
    bool tx_only; /* no received packets */
};

struct nic_ops {
    /* Names of the interfaces of the system, one entry for each address, so a name may be there
       several times. An allocated array that ends in NULL; the caller frees it with its strings.
       NULL: no list. */
    char **(*list)(void *ctx);
    /* Switches hardware timestamps on, and tells sockets that are opened later to ask for them.
       False with errno: the interface has none, or they cannot be had. */
    bool (*enable)(void *ctx, const char *name, enum nic_filter filter, struct nic *nic);
    /* Speed of the link in Mb/s (0: none); false: not known. */
    bool (*speed)(void *ctx, const char *name, int *speed);
    /* Keeps packets whose transmit timestamp is wanted by their ID, in a ring of this size. So
       their timestamps are recognised without parsing (system.md 5.8). False: the system has no
       such IDs. */
    bool (*keep_sent)(void *ctx, int count);
};

#endif

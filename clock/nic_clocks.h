/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces with hardware timestamps (hwtimestamp): setting them up, following their
 * clocks, and what their timestamps mean (system.md 5.2, 5.6, 5.7; discipline.md 25.7). One belongs
 * to the daemon, which gives it packets of the NTP sockets. It never sets the clock of a card.
 */
#ifndef CLOCK_NIC_CLOCKS_H
#define CLOCK_NIC_CLOCKS_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/world.h"
#include "clock/local_clock.h"
#include "conf/groups.h"
#include "base/timestamp.h"

struct nic_clocks;

struct nic_clocks_env {
    struct world *world;
    struct loop *loop;
    struct local_clock *clock;
};

/* Enables the interfaces of the configuration and the IDs of maxtxbuffers, before any NTP socket
   is opened. `Could not enable HW timestamping on %s` is fatal for an interface that is named.
   What env points to must outlive it. */
struct nic_clocks *nic_clocks_new(const struct nic_clocks_env *env,
                                  const struct nic_clocks_conf *conf);
void nic_clocks_free(struct nic_clocks *nics);

/* Some interface is enabled. */
bool nic_clocks_any(const struct nic_clocks *nics);

/* Local time of a packet that a card has timestamped. False, and the timestamp unchanged: the
   time is not known (unknown interface, clock not followed yet), or too far from the daemon's
   timestamp. */
bool nic_clocks_timestamp(struct nic_clocks *nics, const struct hardware_packet *packet,
                          struct local_timestamp *timestamp);

#endif

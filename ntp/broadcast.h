/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Broadcast server (ntp.md 21): packets at regular intervals to the configured destinations. It
 * takes nothing in and changes nothing but the use of server sockets.
 */
#ifndef NTP_BROADCAST_H
#define NTP_BROADCAST_H

#include "conf/groups.h"
#include "ntp/env.h"
#include "ntp/sockets.h"

struct ntp_broadcast;

/* Starts sending to all destinations of the configuration, the first packet after one interval.
   Everything given must outlive it. */
struct ntp_broadcast *ntp_broadcast_new(const struct ntp_env *env,
                                        const struct broadcasts_conf *conf,
                                        struct ntp_sockets *sockets);
/* NULL is allowed. */
void ntp_broadcast_free(struct ntp_broadcast *broadcast);

#endif

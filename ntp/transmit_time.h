/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What packets say about the time, as clock, reference and smoothing have it at the current
 * wake-up.
 */
#ifndef NTP_TRANSMIT_TIME_H
#define NTP_TRANSMIT_TIME_H

#include "ntp/env.h"
#include "ntp/transmit.h"

/* For replies, broadcasts and packets to peers. Monotonic scale and net correction are the caller's
   to fill in. */
struct transmit_time transmit_time_make(const struct ntp_env *env);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard of the clock. Descriptors: its channel, the log, and the RTC if the main process has
 * passed it. Files: none. Capabilities: CAP_SYS_TIME. System calls: the clock, the RTC, and the
 * channel.
 */
#include "process/promise.h"

#include <linux/rtc.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>

static const char *const calls[] = {"adjtimex",      "clock_adjtime",   "clock_adjtime64",
                                    "clock_settime", "clock_settime64", NULL};
static const struct call_rule rules[] = {
    {"ioctl", {ARG_IS(1, RTC_RD_TIME)}},
    {"ioctl", {ARG_IS(1, RTC_SET_TIME)}},
    {.name = NULL},
};
static const struct call_group listed = {CALL_WORKS, LEVELS_LISTED, .names = calls, .rules = rules};

static const char *const network[] = {"clone", "bind", "connect", "setsockopt", NULL};
static const struct call_group no_network = {CALL_ENDS, LEVELS_DENIED, .names = network};

static const struct call_group *const groups[] = {
    &calls_no_opening,  &calls_no_log_socket,  &calls_of_all,       &listed,     &calls_unaddressed,
    CALL_GROUPS_DENIED, &calls_refused_ioctls, &calls_no_sockets,   &no_network, &calls_signals_end,
    &calls_no_names,    &calls_no_sendmsg,     &calls_no_addressed, NULL};

static const struct probe daily[] = {
    PROBE("adjtimex", 0),
    PROBE("clock_adjtime", CLOCK_REALTIME),
    PROBE("clock_settime", CLOCK_REALTIME),
    PROBE("ioctl", -1, RTC_SET_TIME, PROBE_BUFFER),
    PROBE("ioctl", -1, RTC_RD_TIME, PROBE_BUFFER),
    {.call = NULL},
};

const struct promise promise_guard = {
    .name = "guard of the clock",
    .lists_calls = true,
    .groups = groups,
    .denied = probes_no_names,
    .daily = daily,
};

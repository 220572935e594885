/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metrics server. Descriptors: its channel, the listening socket and connections; not the log,
 * so it has no socket that sendmsg() could address. Files: none. Capabilities: none. System calls:
 * it accepts connections, with the HTTP library's kind of wait, and has an alarm for a round
 * without end.
 */
#include "process/promise.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static const char *const calls[] = {"accept4",   "alarm",       "epoll_create1",
                                    "epoll_ctl", "epoll_pwait", "epoll_wait",
                                    "sendmsg",   "setitimer",   NULL};
static const struct call_rule rules[] = {
    {"setsockopt", {ARG_IS(1, IPPROTO_TCP), ARG_IS(2, TCP_NODELAY)}},
    {"setsockopt", {ARG_IS(1, IPPROTO_TCP), ARG_IS(2, TCP_CORK)}},
    {.name = NULL},
};
static const struct call_group listed = {CALL_WORKS, LEVELS_LISTED, .names = calls, .rules = rules};

/* Its options are below the others but for the maximum size of a segment. */
static const struct call_rule other_options[] = {
    {"setsockopt", {ARG_IS_NOT(1, IPPROTO_TCP)}},
    {"setsockopt", {ARG_HAS(1, IPPROTO_TCP, UINT64_MAX), ARG_ABOVE(2, TCP_CORK)}},
    {.name = NULL},
};
static const struct call_group no_other_options = {CALL_ENDS, LEVELS_DENIED,
                                                   .rules = other_options};

static const struct call_group *const groups[] = {&calls_no_opening,  &calls_no_log_socket,
                                                  &calls_of_all,      &listed,
                                                  &calls_flags,       &calls_unaddressed,
                                                  CALL_GROUPS_DENIED, &calls_no_sockets,
                                                  &calls_no_network,  &calls_signals_end,
                                                  &calls_no_names,    &calls_no_addressed,
                                                  &no_other_options,  NULL};

static const struct probe daily[] = {
    PROBE("accept4", -1),
    PROBE("epoll_create1", -1),
    PROBE("epoll_ctl", -1),
    PROBE("epoll_wait", -1, PROBE_BUFFER),
    PROBE("epoll_pwait", -1, PROBE_BUFFER),
    PROBE("alarm", 0),
    PROBE("sendmsg", -1, PROBE_BUFFER),
    PROBE("fcntl", -1, F_SETFL),
    PROBE("setsockopt", -1, IPPROTO_TCP, TCP_NODELAY, PROBE_BUFFER, 4),
    PROBE("setsockopt", -1, IPPROTO_TCP, TCP_CORK, PROBE_BUFFER, 4),
    {.call = NULL},
};

const struct promise promise_metrics = {
    .name = "metrics server",
    .is_stranger = true,
    .closes_log = true,
    .lists_calls = true,
    .groups = groups,
    .denied = probes_no_names,
    .daily = daily,
};

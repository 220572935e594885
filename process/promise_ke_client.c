/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE client. Descriptors: the channel, the log, and the connections to servers that the
 * main process has passed. Files: trusted certificates, which it reads before this promise begins.
 * Capabilities: none. System calls: besides what all have the options of connections.
 */
#include "process/promise.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

static const struct call_rule rules[] = {
    {"setsockopt", {ARG_IS(1, IPPROTO_TCP), ARG_IS(2, TCP_QUICKACK)}},
    {"setsockopt", {ARG_IS(1, IPPROTO_TCP), ARG_IS(2, TCP_NODELAY)}},
    {.name = NULL},
};
static const struct call_group listed = {CALL_WORKS, LEVELS_LISTED, .rules = rules};

static const struct call_rule other_options[] = {
    {"setsockopt", {ARG_IS_NOT(1, IPPROTO_TCP)}},
    {"setsockopt", {ARG_HAS(1, IPPROTO_TCP, UINT64_MAX), ARG_ABOVE(2, TCP_QUICKACK)}},
    {.name = NULL},
};
static const struct call_group no_other_options = {CALL_ENDS, LEVELS_DENIED,
                                                   .rules = other_options};

static const struct call_group *const groups[] = {&calls_no_opening,  &calls_no_log_socket,
                                                  &calls_of_all,      &listed,
                                                  &calls_unaddressed, CALL_GROUPS_DENIED,
                                                  &calls_no_sockets,  &calls_no_network,
                                                  &calls_signals_end, &calls_no_names,
                                                  &calls_no_sendmsg,  &calls_no_addressed,
                                                  &no_other_options,  NULL};

static const struct probe daily[] = {
    PROBE("setsockopt", -1, IPPROTO_TCP, TCP_QUICKACK, PROBE_BUFFER, 4),
    {.call = NULL},
};

const struct promise promise_ke_client = {
    .name = "NTS-KE client",
    .lists_calls = true,
    .groups = groups,
    .denied = probes_no_names,
    .daily = daily,
};

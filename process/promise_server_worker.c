/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server worker. Descriptors: its channel, the log, the sockets of the NTP server and the shared
 * memory that the main process has passed. Files: none. Capabilities: none. System calls: receiving
 * and sending datagrams, waiting, reading the clock.
 */
#include "process/promise.h"

#include <fcntl.h>
#include <sys/socket.h>

static const char *const calls[] = {"recvmmsg", "recvmmsg_time64", "sendmmsg",
                                    "sendmsg",  "sendto",          NULL};
static const struct call_group listed = {CALL_WORKS, LEVELS_LISTED, .names = calls};

static const char *const network[] = {"ioctl", "clone", "bind", "connect", "setsockopt", NULL};
static const struct call_group no_network = {CALL_ENDS, LEVELS_DENIED, .names = network};

static const struct call_group *const groups[] = {&calls_no_opening,
                                                  &calls_no_log_socket,
                                                  &calls_of_all,
                                                  &listed,
                                                  &calls_flags,
                                                  CALL_GROUPS_DENIED,
                                                  &calls_no_sockets,
                                                  &no_network,
                                                  &calls_signals_end,
                                                  &calls_no_names,
                                                  NULL};

static const struct probe daily[] = {
    PROBE("recvmmsg", -1, PROBE_BUFFER), PROBE("sendmmsg", -1, PROBE_BUFFER),
    PROBE("sendmsg", -1, PROBE_BUFFER),  PROBE("sendto", -1, PROBE_BUFFER, 1, 0, PROBE_BUFFER, 16),
    PROBE("fcntl", -1, F_SETFL),         {.call = NULL},
};

const struct promise promise_server_worker = {
    .name = "server worker",
    .is_stranger = true,
    .lists_calls = true,
    .groups = groups,
    .denied = probes_no_names,
    .daily = daily,
};

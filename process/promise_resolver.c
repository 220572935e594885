/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper (resolver_helper.h). What getaddrinfo() calls depends on the name
 * services of the system, so no list can be made: at every level all works but what is denied.
 */
#include "process/promise.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const struct call_group *const groups[] = {&calls_missing,
                                                  &calls_no_handler,
                                                  &calls_dangerous,
                                                  &calls_no_programs,
                                                  &calls_of_children,
                                                  &calls_refused,
                                                  &calls_refused_requests,
                                                  &calls_refused_ioctls,
                                                  &calls_signals_fail,
                                                  &calls_no_children,
                                                  NULL};

static const struct probe daily[] = {
    PROBE("openat", AT_FDCWD, PROBE_BUFFER, O_RDONLY),
    PROBE("socket", AF_INET),
    PROBE("socket", AF_INET6),
    PROBE("socket", AF_UNIX),
    PROBE("socket", AF_NETLINK),
    PROBE("connect", -1, PROBE_BUFFER),
    PROBE("bind", -1, PROBE_BUFFER),
    PROBE("sendmmsg", -1, PROBE_BUFFER),
    PROBE("ioctl", -1, FIONREAD, PROBE_BUFFER),
    {.call = NULL},
};

const struct promise promise_resolver = {
    .name = "name resolving helper",
    .is_stranger = true,
    .closes_log = true,
    .groups = groups,
    .denied = probes_no_programs,
    .daily = daily,
    .paths = paths_of_name_services,
    .connects = true,
};

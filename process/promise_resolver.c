/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper (resolver_helper.h). What getaddrinfo() calls depends on the name
 * services of the system, so no list can be made: at every level all works but what is denied.
 */
#include "process/promise.h"

static const struct call_group *const groups[] = {&calls_missing,        &calls_no_handler,
                                                  &calls_dangerous,      &calls_of_children,
                                                  &calls_refused,        &calls_refused_requests,
                                                  &calls_refused_ioctls, &calls_signals_fail,
                                                  &calls_no_children,    NULL};

const struct promise promise_resolver = {
    .name = "name resolving helper",
    .is_stranger = true,
    .groups = groups,
    .paths = paths_of_name_services,
    .connects = true,
};

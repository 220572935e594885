/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which promise is that of which role.
 */
#include "process/promise.h"

#include <assert.h>

const struct promise *promise_of(enum process_role role)
{
    static const struct promise *const promises[PROCESS_ROLES] = {
        [PROCESS_MAIN] = &promise_main,           [PROCESS_FORK_SERVER] = &promise_fork_server,
        [PROCESS_GUARD] = &promise_guard,         [PROCESS_SERVER_WORKER] = &promise_server_worker,
        [PROCESS_KE_HELPER] = &promise_ke_helper, [PROCESS_KE_CLIENT] = &promise_ke_client,
        [PROCESS_RESOLVER] = &promise_resolver,   [PROCESS_METRICS] = &promise_metrics,
    };

    assert(role < PROCESS_ROLES);
    return promises[role];
}

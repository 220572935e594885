/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process of a server worker; see server_worker_role.h. It ends when the main process is gone,
 * and not with the signals that stop a service, so that requests are answered until then.
 */
#include "chronyd/server_worker_role.h"

#include "process/helper_role.h"
#include "process/sandbox.h"
#include "process/signals.h"

static int run(void *ctx, const struct sandbox *sandbox, int channel)
{
    struct server_worker_env env = *(const struct server_worker_env *)ctx;

    signals_set_child(false);
    if (env.nts)
        env.room = server_room_load();
    sandbox_enter(sandbox, PROCESS_SERVER_WORKER, channel);
    server_worker_run(&env, channel);
    return HELPER_EXIT_DONE;
}

struct lone_role server_worker_role_make(struct server_worker_env *env, int number)
{
    return (struct lone_role){
        .role = PROCESS_SERVER_WORKER,
        .number = (uint16_t)number,
        .is_urgent = true,
        .presence = LONE_FROM_ORDER,
        .name = "Server worker",
        .process_name = "chronyd-ntp",
        .run = run,
        .ctx = env,
    };
}

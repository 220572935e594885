/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many server workers there are, and what connects them with the rest; see workers_part.h.
 */
#include "chronyd/workers_part.h"

#include <errno.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/chronyd.h"
#include "chronyd/os/world_linux.h"
#include "chronyd/server_worker_role.h"
#include "ntp/server/workers.h"

/* Why the main process has to answer itself; NULL: it has not. Clocks of network cards are followed
   by the main process alone, and it knows the packets whose transmit timestamps it waits for. */
static const char *reason_against(const struct conf *conf)
{
    return conf->nic_clocks.count > 0            ? "hwtimestamp is used"
           : conf->nic_clocks.max_tx_buffers > 0 ? "maxtxbuffers is used"
                                                 : NULL;
}

void workers_part_choose(struct chronyd *d, int passed_fds)
{
    int *count = &d->sandbox.server_workers;
    const char *reason = reason_against(d->conf);

    if (d->conf->sockets.port == 0 || d->main_mode != REFERENCE_NORMAL)
        *count = 0;
    if (*count > 0 && reason) {
        /* A daemon that serves nobody says nothing of it. */
        LOG(d->conf->server.access.count > 0 ? LOG_SEV_INFO : LOG_SEV_DEBUG,
            "The main process answers NTP requests, since %s", reason);
        *count = 0;
    }
    if (*count > 1 && passed_fds > 0) {
        LOG_INFO("One server worker instead of %d, since sockets come from the service manager",
                 *count);
        *count = 1;
    }
}

size_t workers_part_roles(struct chronyd *d, struct lone_role *roles)
{
    const size_t count = (size_t)d->sandbox.server_workers;

    d->server_worker = (struct server_worker_env){
        .world = d->world,
        .log = &d->conf->client_log,
        .nts = nts_part_server_ops(d->nts_part),
        .adopt = world_linux_adopt_socket,
    };
    for (size_t i = 0; i < count; i++)
        roles[i] = server_worker_role_make(&d->server_worker, (int)i + 1);
    return count;
}

static void start_worker(void *ctx, int number)
{
    fork_server_want(((struct chronyd *)ctx)->fork_server, PROCESS_SERVER_WORKER, (uint16_t)number);
}

static void end_process(void *ctx, pid_t pid)
{
    fork_server_kill(((struct chronyd *)ctx)->fork_server, pid);
}

static void see_off_process(void *ctx, pid_t pid)
{
    fork_server_see_off(((struct chronyd *)ctx)->fork_server, pid);
}

static void on_restarted(void *ctx)
{
    history_collector_restart(((struct chronyd *)ctx)->history, "NTP server");
}

static int time_page(void *ctx)
{
    return ((struct chronyd *)ctx)->worker_page.fd;
}

void workers_part_start(struct chronyd *d)
{
    const struct server_workers_env env = {
        .world = d->world,
        .loop = d->loop,
        .log = &d->conf->client_log,
        .start = start_worker,
        .kill = end_process,
        .see_off = see_off_process,
        .restarted = on_restarted,
        .time_page = time_page,
        .ctx = d,
    };

    if (d->sandbox.server_workers == 0)
        return;
    if (!time_page_memory_new(&d->worker_page)) {
        LOG_WARN("Without server workers, the main process answers NTP requests : %s",
                 text_errno(errno));
        return;
    }
    d->ntp_env.workers = server_workers_new(&env, d->sandbox.server_workers);
}

void workers_part_take(struct chronyd *d, const struct lone_process *process)
{
    if (d->ntp_env.workers)
        server_workers_take(d->ntp_env.workers, process->number, process->channel, process->pid);
    else
        close(process->channel);
}

void workers_part_free(struct chronyd *d)
{
    server_workers_free(d->ntp_env.workers);
    d->ntp_env.workers = NULL;
}

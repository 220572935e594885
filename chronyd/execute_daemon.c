/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands daemon and certificate (cmdmon.md 13.23, 13.24): the program, its processes and what
 * the NTS server shows to its clients.
 */
#include "chronyd/execute.h"

#include "base/text.h"
#include "chronyd/os/world_linux.h"
#include "chronyd/processes.h"
#include "config.h"
#include "process/fork_server.h"
#include "process/helper_pool.h"

static void add_processes(struct report_daemon *report, enum report_process_role role, int wanted,
                          int alive, uint32_t restarts)
{
    report->processes[report->count++] = (struct report_process){
        .role = (uint16_t)role,
        .wanted = (uint16_t)wanted,
        .alive = (uint16_t)alive,
        .restarts = restarts,
    };
}

/* Processes of a role, as their table has them. */
static void add_from_table(const struct chronyd *d, struct report_daemon *report,
                           enum process_role role, enum report_process_role reported)
{
    uint32_t restarts = 0;
    int places = 0, wanted = 0, alive = 0;

    for (size_t i = 0; d->processes && i < process_table_count(d->processes); i++) {
        const struct process_row *row = process_table_row(d->processes, i);

        if (row->place.role != role)
            continue;
        places++;
        wanted += !row->rests;
        alive += processes_runs(row);
        restarts += row->restarts;
    }
    if (places > 0)
        add_processes(report, reported, wanted, alive, restarts);
}

static void report_processes(const struct chronyd *d, struct report_daemon *report)
{
    add_processes(report, REPORT_PROCESS_MAIN, 1, 1, 0);
    if (!d->fork_server)
        return;
    add_processes(report, REPORT_PROCESS_FORK_SERVER, 1, fork_server_channel(d->fork_server) >= 0,
                  0);
    if (sandbox_wants_resolver(&d->sandbox)) {
        uint32_t restarts;
        bool alive = world_linux_has_resolver_helper(d->world, &restarts);

        add_processes(report, REPORT_PROCESS_NAMES, 1, alive, restarts);
    }
    if (d->metrics_server) {
        uint32_t restarts;
        bool alive = metrics_server_has_process(d->metrics_server, &restarts);

        add_processes(report, REPORT_PROCESS_METRICS, 1, alive, restarts);
    }
    const struct helper_pool *pool = fork_server_pool(d->fork_server);
    if (pool) {
        struct helper_pool_state state = helper_pool_state(pool);

        add_processes(report, REPORT_PROCESS_NTS_KE, state.wanted, state.ready, state.lost);
    }
    add_from_table(d, report, PROCESS_GUARD, REPORT_PROCESS_GUARD);
    add_from_table(d, report, PROCESS_SERVER_WORKER, REPORT_PROCESS_WORKER);
    add_from_table(d, report, PROCESS_KE_CLIENT, REPORT_PROCESS_NTS_KE_CLIENT);
}

enum cmd_status execute_daemon(struct chronyd *d, request_p request, body_p body)
{
    const struct server_shards shards = ntp_server_shards(d->ntp_server);
    struct report_daemon *report = &body->daemon;

    text_copy(report->version, sizeof(report->version), CHRONY_VERSION);
    text_copy(report->features, sizeof(report->features), CHRONYD_FEATURES);
    report->clients = server_shards_clients(&shards);
    report->clients_max = server_shards_clients_max(&shards);
    report_processes(d, report);
    return CMD_STATUS_SUCCESS;
}

/* Dates are those of the system clock, as they are for who checks the certificate. */
enum cmd_status execute_certificate(struct chronyd *d, request_p request, body_p body)
{
    struct report_certificate *report = &body->certificate;

    if (!nts_part_report_certificate(d->nts_part, request->u.index, report))
        return report->total == 0 ? CMD_STATUS_NOT_ENABLED : CMD_STATUS_NO_SOURCE;
    report->seconds_left = instant_diff(report->not_after, world_raw_now(d->world).i);
    return CMD_STATUS_SUCCESS;
}

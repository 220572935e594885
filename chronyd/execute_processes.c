/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command processes (cmdmon.md 13.27): each process of the daemon, and what the kernel says
 * that it may do.
 */
#include "chronyd/execute.h"

#include <errno.h>
#include <unistd.h>
#include "chronyd/processes.h"
#include "clock/guarded_clock.h"
#include "process/fork_server.h"
#include "process/helper_pool.h"
#include "process/process_facts.h"
#include "process/violation.h"

static enum report_process_role role_of(enum process_role role)
{
    static const enum report_process_role roles[PROCESS_ROLES] = {
        [PROCESS_MAIN] = REPORT_PROCESS_MAIN,
        [PROCESS_FORK_SERVER] = REPORT_PROCESS_FORK_SERVER,
        [PROCESS_GUARD] = REPORT_PROCESS_GUARD,
        [PROCESS_SERVER_WORKER] = REPORT_PROCESS_WORKER,
        [PROCESS_KE_HELPER] = REPORT_PROCESS_NTS_KE,
        [PROCESS_KE_CLIENT] = REPORT_PROCESS_NTS_KE_CLIENT,
        [PROCESS_RESOLVER] = REPORT_PROCESS_NAMES,
        [PROCESS_METRICS] = REPORT_PROCESS_METRICS,
    };

    return roles[role];
}

/* A process that has just begun has not shown its file yet. */
static bool has_file(const struct process_row *row)
{
    return row->place.role == PROCESS_MAIN || row->status_file >= 0;
}

/* A daemon that is alone does not keep its file open. */
static enum process_facts_result read_facts(const struct process_row *row,
                                            struct process_facts *facts)
{
    if (row->place.role != PROCESS_MAIN || row->status_file >= 0)
        return process_facts_read(row->status_file, facts);
    int file = process_facts_open();
    if (file < 0)
        return PROCESS_FACTS_UNKNOWN;
    enum process_facts_result result = process_facts_read(file, facts);
    int error = errno;
    close(file);
    errno = error;
    return result;
}

bool processes_runs(const struct process_row *row)
{
    struct process_facts facts;

    return row->pid != 0 && process_facts_read(row->status_file, &facts) == PROCESS_FACTS_READ;
}

/* A helper of a generation that was replaced, or did not come, is not missed when it has ended. */
static bool is_history(const struct chronyd *d, const struct process_row *row)
{
    const struct helper_pool *pool = d->fork_server ? fork_server_pool(d->fork_server) : NULL;
    struct process_facts facts;

    return row->place.generation != 0 && pool &&
           row->place.generation != helper_pool_generation(pool) &&
           process_facts_read(row->status_file, &facts) != PROCESS_FACTS_READ;
}

/* How many are shown, and the one with this index. NULL: there are not so many. */
static const struct process_row *find(const struct chronyd *d, int index, uint32_t *total)
{
    const struct process_row *found = NULL;

    *total = 0;
    for (size_t i = 0; i < process_table_count(d->processes); i++) {
        const struct process_row *row = process_table_row(d->processes, i);

        if (is_history(d, row))
            continue;
        if (index >= 0 && *total == (uint32_t)index)
            found = row;
        ++*total;
    }
    return found;
}

static void report_facts(const struct process_row *row, struct report_process_facts *report)
{
    struct process_facts facts;

    if (row->pid == 0) {
        report->state = REPORT_PROCESS_NOT_STARTED;
        return;
    }
    report->pid = (uint32_t)row->pid;
    switch (read_facts(row, &facts)) {
    case PROCESS_FACTS_READ:
        report->state = REPORT_PROCESS_RUNS;
        report->uid = facts.uid;
        report->capabilities = facts.effective;
        report->permitted = facts.permitted;
        report->no_new_privileges = facts.no_new_privileges;
        report->filter = (uint16_t)facts.seccomp;
        report->memory = facts.memory;
        break;
    case PROCESS_FACTS_ENDED:
        report->state = REPORT_PROCESS_ENDED;
        break;
    case PROCESS_FACTS_UNKNOWN:
        report->state = REPORT_PROCESS_NOT_READ;
        report->error = has_file(row) ? (uint32_t)errno : 0;
        break;
    }
}

/* Of the requests to the guard, and of the calls that were denied to processes of the role. */
static uint64_t refusals_of(const struct chronyd *d, enum process_role role)
{
    uint64_t calls = violations_count(d->sandbox.violations, role);
    enum guard_verdict last;

    return role == PROCESS_GUARD && d->guarded_clock
               ? calls + guarded_clock_refusals(d->guarded_clock, &last)
               : calls;
}

enum cmd_status execute_processes(struct chronyd *d, request_p request, body_p body)
{
    struct report_process_facts *report = &body->process_facts;
    uint32_t total;

    if (!d->processes)
        return CMD_STATUS_NOT_ENABLED;
    const struct process_row *row = find(d, request->u.index, &total);
    if (!row)
        return CMD_STATUS_NO_SOURCE;
    const struct landlock_result landlock = sandbox_landlock(&d->sandbox, row->place.role);
    *report = (struct report_process_facts){
        .total = total,
        .role = (uint16_t)role_of(row->place.role),
        .number = process_role_is_numbered(row->place.role) ? row->place.number : 0,
        .pid = UINT32_MAX,
        .uid = UINT32_MAX,
        .capabilities = UINT64_MAX,
        .permitted = UINT64_MAX,
        .no_new_privileges = UINT16_MAX,
        .filter = UINT16_MAX,
        .filter_level = d->options->filter_level,
        .landlock_abi = (uint16_t)landlock.abi,
        .landlock_rules = (uint16_t)landlock.rules,
        .generation = row->place.generation,
        .restarts = row->restarts,
        .refusals = refusals_of(d, row->place.role),
        .memory = UINT64_MAX,
    };
    report_facts(row, report);
    return CMD_STATUS_SUCCESS;
}

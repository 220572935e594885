/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls of executors, and the commands on the daemon itself: dump, rekey, cyclelogs, shutdown.
 * Commands on many sources end here, too: their reply comes when the work is done.
 */
#include "chronyd/execute.h"

#include "base/text.h"

/* Dump files that are written before the loop goes on, and seconds until the next ones. */
#define DUMP_SLICE 50
#define DUMP_PAUSE 0.001

static bool is_working(const struct chronyd *d)
{
    return d->dump_timer != 0 || ntp_sources_is_busy(d->ntp_sources);
}

/* The reply comes when the command is done; with many sources that is later. Without room for
   another waiting client the reply comes at once, because the command will be done in any case. */
enum cmd_status status_when_done(const struct chronyd *d, enum cmd_status status)
{
    bool later = is_working(d) && cmd_service_has_room(d->cmd_service);

    return status == CMD_STATUS_SUCCESS && later ? CMD_STATUS_LATER : status;
}

void chronyd_work_done(struct chronyd *d)
{
    if (!d->cmd_service || is_working(d))
        return;
    for (size_t i = 0; i < cmd_command_count; i++)
        if (cmd_commands[i].code != CMD_REKEY) /* waits for certificates, see chronyd_rekeyed() */
            cmd_service_answer(d->cmd_service, cmd_commands[i].code, CMD_STATUS_SUCCESS);
}

static void on_dump_timer(void *arg);

/* Writes one slice and returns to the loop. */
static void dump_some(struct chronyd *d)
{
    if (!source_register_dump_some(d->sources, DUMP_SLICE))
        d->dump_timer = loop_timer_add(d->loop, DUMP_PAUSE, on_dump_timer, d);
}

static void on_dump_timer(void *arg)
{
    struct chronyd *d = arg;

    d->dump_timer = 0;
    dump_some(d);
    chronyd_work_done(d);
}

enum cmd_status execute_dump(struct chronyd *d, request_p request, body_p body)
{
    loop_timer_cancel(d->loop, d->dump_timer);
    d->dump_timer = 0;
    source_register_dump_begin(d->sources);
    dump_some(d);
    ntp_sources_dump_nts(d->ntp_sources);
    nts_part_save(d->nts_part);
    return status_when_done(d, CMD_STATUS_SUCCESS);
}

enum cmd_status execute_rekey(struct chronyd *d, request_p request, body_p body)
{
    return chronyd_rekey(d);
}

enum cmd_status execute_cyclelogs(struct chronyd *d, request_p request, body_p body)
{
    measurement_log_cycle(d->mlog);
    log_reopen_file();
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_shutdown(struct chronyd *d, request_p request, body_p body)
{
    LOG_INFO("Received shutdown command");
    loop_quit(d->loop);
    return CMD_STATUS_SUCCESS;
}

#define EXECUTE(code, number, length, access, reply, open, execute)                                \
    case code:                                                                                     \
        return execute(ctx, request, body);

enum cmd_status chronyd_execute(void *ctx, const struct cmd_request *request, body_p body)
{
    switch ((enum cmd_code)request->command) {
        CMD_COMMANDS(EXECUTE)
    }
    return CMD_STATUS_INVALID;
}

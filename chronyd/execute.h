/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Executors of control commands (cmdmon.md 13 and 14), one for each row of the list in
 * cmdmon/message_commands.h; they are in execute_*.c by subject. Requests come decoded and
 * authorised from cmdmon/service.c. An executor fills in the reply's body and returns the status.
 * It keeps no pointer to either, and it never waits.
 */
#ifndef CHRONYD_EXECUTE_H
#define CHRONYD_EXECUTE_H

#include "chronyd/chronyd.h"
#include "cmdmon/message_commands.h"

typedef const struct cmd_request *request_p;
typedef union cmd_reply_body *body_p;

#define DECLARE_EXECUTOR(code, number, length, access, reply, open, execute)                       \
    enum cmd_status execute(struct chronyd *d, request_p request, body_p body);
CMD_COMMANDS(DECLARE_EXECUTOR)

/* The worst finding on a source (explain.c): the first of those with the highest severity. Its code
   is 0 if there is none. */
struct report_finding explain_worst(struct chronyd *d, const struct source *source);

static inline enum cmd_status status_of(bool ok, enum cmd_status failure)
{
    return ok ? CMD_STATUS_SUCCESS : failure;
}

/* The status of a command that has begun: CMD_STATUS_LATER while work on many sources is left. */
enum cmd_status status_when_done(const struct chronyd *d, enum cmd_status status);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands on who may use the server and the control protocol (cmdmon.md 13.15, 14.11).
 */
#include "chronyd/execute.h"

static struct conf_access_rule access_rule(request_p request)
{
    unsigned int command = request->command;

    return (struct conf_access_rule){
        .subnet = {request->u.subnet.addr, request->u.subnet.bits},
        .allow = command == CMD_ALLOW || command == CMD_ALLOW_ALL || command == CMD_CMDALLOW ||
                 command == CMD_CMDALLOW_ALL,
        .all = command == CMD_ALLOW_ALL || command == CMD_DENY_ALL || command == CMD_CMDALLOW_ALL ||
               command == CMD_CMDDENY_ALL,
    };
}

enum cmd_status execute_ntp_access(struct chronyd *d, request_p request, body_p body)
{
    struct conf_access_rule rule = access_rule(request);

    if (!ntp_server_set_access(d->ntp_server, &rule))
        return CMD_STATUS_BAD_SUBNET;
    access_names_add_rule(d->ntp_access_names, &rule);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_command_access(struct chronyd *d, request_p request, body_p body)
{
    struct conf_access_rule rule = access_rule(request);

    if (!access_table_set(d->cmd_access, &rule.subnet, rule.allow, rule.all))
        return CMD_STATUS_BAD_SUBNET;
    access_log_rule("command", &rule);
    access_names_add_rule(d->cmd_access_names, &rule);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status access_status(bool allowed)
{
    return allowed ? CMD_STATUS_ACCESS_ALLOWED : CMD_STATUS_ACCESS_DENIED;
}

enum cmd_status execute_accheck(struct chronyd *d, request_p request, body_p body)
{
    return access_status(ntp_server_is_allowed(d->ntp_server, &request->u.addr));
}

enum cmd_status execute_cmdaccheck(struct chronyd *d, request_p request, body_p body)
{
    return access_status(access_table_is_allowed(d->cmd_access, &request->u.addr));
}

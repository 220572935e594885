/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the commands that are answered by a status line (chronyc.md 11). Each builder fills
 * in the request whose code the table gave, or prints what is wrong with the arguments.
 */
#include "chronyc/commands.h"

#include <string.h>
#include "base/text.h"
#include "chronyc/arguments.h"

static bool refuse(struct client *c, const char *reason)
{
    fprintf(c->env->err, "%s\n", reason);
    return false;
}

bool build_none(struct client *c, char *args, struct cmd_request *request)
{
    return true;
}

bool build_where(struct client *c, char *args, struct cmd_request *request)
{
    return argument_where(c, args, &request->u.where);
}

/* "GOOD/MAX" without spaces */
static bool parse_counts(const char *word, struct cmd_burst *burst)
{
    size_t used;

    if (!text_scan_int(word, &burst->good_samples, &used) || word[used] != '/')
        return false;
    return text_scan_int(word + used + 1, &burst->total_samples, &used);
}

bool build_burst(struct client *c, char *args, struct cmd_request *request)
{
    char *where = text_split(args);

    text_split(where);
    if (!parse_counts(args, &request->u.burst))
        return refuse(c, "Invalid syntax for burst command");
    return argument_where(c, where, &request->u.burst.where);
}

bool build_check(struct client *c, char *args, struct cmd_request *request)
{
    return argument_host(c, args, &request->u.addr) || refuse(c, "Could not read address");
}

/* The code of each "all" form follows that of the plain one. */
bool build_subnet(struct client *c, char *args, struct cmd_request *request)
{
    bool all;

    if (!argument_subnet(c, args, &request->u.subnet, &all))
        return refuse(c, "Could not read address");
    if (all)
        request->command++;
    return true;
}

bool build_add(struct client *c, char *args, struct cmd_request *request)
{
    return argument_add_source(c, args, &request->u.add);
}

bool build_delete(struct client *c, char *args, struct cmd_request *request)
{
    text_split(args);
    if (args[0] == '\0')
        return refuse(c, "Invalid syntax for address");
    return argument_source(c, args, &request->u.addr) ||
           refuse(c, "Could not get address for hostname");
}

bool build_silent_number(struct client *c, char *args, struct cmd_request *request)
{
    size_t used;

    return text_scan_double(args, &request->u.number, &used);
}

bool build_number(struct client *c, char *args, struct cmd_request *request)
{
    return build_silent_number(c, args, request) || refuse(c, "Invalid value");
}

bool build_source_integer(struct client *c, char *args, struct cmd_request *request)
{
    char *value = text_split(args);
    size_t used;

    if (!text_scan_int(value, &request->u.source_integer.value, &used))
        return refuse(c, "Invalid syntax for address value");
    return argument_source(c, args, &request->u.source_integer.addr) ||
           refuse(c, "Could not get address for hostname");
}

bool build_source_number(struct client *c, char *args, struct cmd_request *request)
{
    char *value = text_split(args);
    size_t used;

    if (!text_scan_double(value, &request->u.source_number.value, &used))
        return refuse(c, "Invalid syntax for address value");
    return argument_source(c, args, &request->u.source_number.addr) ||
           refuse(c, "Could not get address for hostname");
}

bool build_local(struct client *c, char *args, struct cmd_request *request)
{
    struct bad_option bad;

    if (argument_local(args, &request->u.local, &bad))
        return true;
    refuse(c, "Invalid syntax for local command");
    argument_print_bad_option(c, &bad);
    return false;
}

/* Without arguments a step now, else the setting of automatic steps. */
bool build_makestep(struct client *c, char *args, struct cmd_request *request)
{
    size_t used;

    if (args[0] == '\0')
        return true;
    request->command = CMD_MODIFY_MAKESTEP;
    if (!text_scan_double(args, &request->u.makestep.threshold, &used) ||
        !text_scan_int(args + used, &request->u.makestep.limit, &used))
        return refuse(c, "Bad syntax for makestep command");
    return true;
}

bool build_offset(struct client *c, char *args, struct cmd_request *request)
{
    struct cmd_offset *offset = &request->u.offset;
    char *value = text_split(args);
    size_t used;

    if (!argument_source_or_refid(c, args, &offset->addr, &offset->refid) ||
        !text_scan_double(value, &offset->offset, &used))
        return refuse(c, "Invalid syntax for offset command");
    return true;
}

bool build_selectopts(struct client *c, char *args, struct cmd_request *request)
{
    struct bad_option bad;

    if (argument_selectopts(c, args, &request->u.selectopts, &bad))
        return true;
    refuse(c, "Invalid syntax for selectopts command");
    argument_print_bad_option(c, &bad);
    return false;
}

bool build_reload(struct client *c, char *args, struct cmd_request *request)
{
    return strcmp(args, "sources") == 0 || refuse(c, "Invalid syntax for reload command");
}

bool build_reset(struct client *c, char *args, struct cmd_request *request)
{
    return strcmp(args, "sources") == 0 || refuse(c, "Invalid syntax for reset command");
}

bool build_smoothtime(struct client *c, char *args, struct cmd_request *request)
{
    if (strcmp(args, "reset") == 0)
        request->u.option = 0;
    else if (strcmp(args, "activate") == 0)
        request->u.option = 1;
    else
        return refuse(c, "Invalid syntax for smoothtime command");
    return true;
}

/* All forms but "manual list", which is a report. */
bool build_manual(struct client *c, char *args, struct cmd_request *request)
{
    static const char delete_form[] = "delete";
    static const char *const options[] = {"off", "on", "reset"};
    size_t used;

    if (strncmp(args, delete_form, sizeof(delete_form) - 1) == 0) {
        request->command = CMD_MANUAL_DELETE;
        return text_scan_int(args + sizeof(delete_form) - 1, &request->u.index, &used) ||
               refuse(c, "Bad syntax for manual delete command");
    }
    request->command = CMD_MANUAL;
    for (int i = 0; i < 3; i++) {
        if (strcmp(args, options[i]) == 0) {
            request->u.option = i;
            return true;
        }
    }
    return refuse(c, "Invalid syntax for manual command");
}

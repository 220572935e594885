/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Execution of control commands (cmdmon.md 13 and 14): one function for each, found through a table
 * by request code. Requests come decoded and authorised from cmdmon/service.c. A function fills the
 * reply's body and returns the status.
 */
#include <string.h>

#include "base/text.h"
#include "chronyd/chronyd.h"

/* Dump files that are written before the loop goes on, and seconds until the next ones. */
#define DUMP_SLICE 50
#define DUMP_PAUSE 0.001

typedef const struct cmd_request *request_p;
typedef union cmd_reply_body *body_p;
typedef enum cmd_status (*command_fn)(struct chronyd *d, request_p request, body_p body);

static enum cmd_status found(bool ok)
{
    return ok ? CMD_STATUS_SUCCESS : CMD_STATUS_NO_SOURCE;
}

/* Reports. */

static enum cmd_status do_source_count(struct chronyd *d, request_p request, body_p body)
{
    body->source_count = (uint32_t)source_register_count(d->sources);
    return CMD_STATUS_SUCCESS;
}

static void report_source(const struct chronyd *d, const struct source *source,
                          struct report_source *report)
{
    source_report(source, report);
    if (source_is_refclock(source))
        refclock_set_report(d->refclocks, source, report);
    else
        ntp_sources_report_source(d->ntp_sources, source_address(source), report);
}

static enum cmd_status do_source_report(struct chronyd *d, request_p request, body_p body)
{
    const struct source *source = source_register_get(d->sources, request->u.index);

    if (!source)
        return CMD_STATUS_NO_SOURCE;
    if (request->command == CMD_SOURCESTATS)
        source_report_stats(source, &body->sourcestats);
    else if (request->command == CMD_SELECTDATA)
        source_report_select(source, &body->selectdata);
    else
        report_source(d, source, &body->source);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_tracking(struct chronyd *d, request_p request, body_p body)
{
    reference_report_tracking(d->reference, &body->tracking);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_activity(struct chronyd *d, request_p request, body_p body)
{
    ntp_sources_report_activity(d->ntp_sources, &body->activity);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_serverstats(struct chronyd *d, request_p request, body_p body)
{
    ntp_server_report_stats(d->ntp_server, &body->serverstats);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_ntpdata(struct chronyd *d, request_p request, body_p body)
{
    return found(ntp_sources_report_ntpdata(d->ntp_sources, &request->u.addr, &body->ntpdata));
}

static enum cmd_status do_authdata(struct chronyd *d, request_p request, body_p body)
{
    return found(ntp_sources_report_authdata(d->ntp_sources, &request->u.addr, &body->authdata));
}

static enum cmd_status do_sourcename(struct chronyd *d, request_p request, body_p body)
{
    const char *name = ntp_sources_name(d->ntp_sources, &request->u.addr);

    if (!name)
        return CMD_STATUS_NO_SOURCE;
    text_copy(body->name, sizeof(body->name), name);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_clients(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_clients *want = &request->u.clients;
    struct cmd_clients_reply *reply = &body->clients;
    struct local_time now = local_clock_event_time(d->clock, NULL);
    int size = client_log_size(d->client_log);
    uint32_t index = want->first_index;
    uint32_t limit = want->count < CMD_CLIENTS_MAX ? want->count : CMD_CLIENTS_MAX;

    if (size < 0)
        return CMD_STATUS_INACTIVE;
    while (index < (uint32_t)size && reply->count < limit) {
        if (client_log_report(d->client_log, (int)index, want->reset, want->min_hits, now,
                              &reply->clients[reply->count]))
            reply->count++;
        index++;
    }
    reply->indices = (uint32_t)size;
    reply->next_index = index;
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status access_status(bool allowed)
{
    return allowed ? CMD_STATUS_ACCESS_ALLOWED : CMD_STATUS_ACCESS_DENIED;
}

static enum cmd_status do_accheck(struct chronyd *d, request_p request, body_p body)
{
    return access_status(ntp_server_is_allowed(d->ntp_server, &request->u.addr));
}

static enum cmd_status do_cmdaccheck(struct chronyd *d, request_p request, body_p body)
{
    return access_status(access_table_is_allowed(d->cmd_access, &request->u.addr));
}

static enum cmd_status enabled(bool ok)
{
    return ok ? CMD_STATUS_SUCCESS : CMD_STATUS_NOT_ENABLED;
}

static enum cmd_status do_smoothing(struct chronyd *d, request_p request, body_p body)
{
    return enabled(smoothing_report(d->smoothing, &body->smoothing));
}

static enum cmd_status do_manual_list(struct chronyd *d, request_p request, body_p body)
{
    manual_list(d->manual, &body->manual_list);
    return CMD_STATUS_SUCCESS;
}

/* The real-time clock. */

static enum cmd_status rtc_result(enum rtc_status status, enum cmd_status failure)
{
    switch (status) {
    case RTC_STATUS_OK:
        return CMD_STATUS_SUCCESS;
    case RTC_STATUS_NOT_RUNNING:
        return CMD_STATUS_NO_RTC;
    case RTC_STATUS_FAILED:
        break;
    }
    return failure;
}

static enum cmd_status do_rtc(struct chronyd *d, request_p request, body_p body)
{
    return rtc_result(rtc_report(d->rtc, &body->rtc), CMD_STATUS_FAILED);
}

static enum cmd_status do_writertc(struct chronyd *d, request_p request, body_p body)
{
    return rtc_result(rtc_write_file(d->rtc), CMD_STATUS_BAD_RTC_FILE);
}

static enum cmd_status do_trimrtc(struct chronyd *d, request_p request, body_p body)
{
    return rtc_result(rtc_trim(d->rtc), CMD_STATUS_FAILED);
}

/* Sources: connectivity and options. */

static bool is_working(const struct chronyd *d)
{
    return d->dump_timer != 0 || ntp_sources_is_busy(d->ntp_sources);
}

/* As chrony's, the reply comes when the command is done: with many sources that is later. It will be
   done in any case, so a client that finds no room to wait is told so. */
static enum cmd_status when_done(const struct chronyd *d, enum cmd_status status)
{
    bool later = is_working(d) && cmd_server_has_room(d->cmd_server);

    return status == CMD_STATUS_SUCCESS && later ? CMD_STATUS_LATER : status;
}

void chronyd_work_done(struct chronyd *d)
{
    static const unsigned int commands[] = {CMD_ONLINE, CMD_OFFLINE,        CMD_ONOFFLINE,
                                            CMD_BURST,  CMD_RELOAD_SOURCES, CMD_DUMP};

    if (!d->cmd_server || is_working(d))
        return;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        cmd_server_answer(d->cmd_server, commands[i], CMD_STATUS_SUCCESS);
}

static enum cmd_status do_online(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_mask_addr *where = &request->u.where;

    return when_done(d, found(ntp_sources_set_connectivity(
                            d->ntp_sources, &where->mask, &where->addr,
                            request->command == CMD_ONLINE ? SOURCE_ONLINE : SOURCE_OFFLINE)));
}

static enum cmd_status do_onoffline(struct chronyd *d, request_p request, body_p body)
{
    struct ip_addr any = {.family = IP_UNSPEC};

    ntp_sources_set_connectivity(d->ntp_sources, &any, &any, SOURCE_MAYBE_ONLINE);
    return when_done(d, CMD_STATUS_SUCCESS);
}

static enum cmd_status do_burst(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_burst *burst = &request->u.burst;

    return when_done(
        d, found(ntp_sources_burst(d->ntp_sources, burst->good_samples, burst->total_samples,
                                   &burst->where.mask, &burst->where.addr)));
}

static enum cmd_status do_modify_integer(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_source_integer *arg = &request->u.source_integer;
    bool (*modify)(struct ntp_sources *, const struct ip_addr *, int) =
        request->command == CMD_MINPOLL      ? ntp_sources_modify_minpoll
        : request->command == CMD_MAXPOLL    ? ntp_sources_modify_maxpoll
        : request->command == CMD_MINSTRATUM ? ntp_sources_modify_min_stratum
                                             : ntp_sources_modify_poll_target;

    return found(modify(d->ntp_sources, &arg->addr, arg->value));
}

static enum cmd_status do_modify_number(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_source_number *arg = &request->u.source_number;
    bool (*modify)(struct ntp_sources *, const struct ip_addr *, double) =
        request->command == CMD_MAXDELAY        ? ntp_sources_modify_max_delay
        : request->command == CMD_MAXDELAYRATIO ? ntp_sources_modify_max_delay_ratio
                                                : ntp_sources_modify_max_delay_dev_ratio;

    return found(modify(d->ntp_sources, &arg->addr, arg->value));
}

/* Without an address a reference clock is meant. */
static enum cmd_status do_offset(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_offset *arg = &request->u.offset;

    if (arg->addr.family == IP_UNSPEC)
        return found(refclock_set_modify_offset(d->refclocks, arg->refid, arg->offset));
    return found(ntp_sources_modify_offset(d->ntp_sources, &arg->addr, arg->offset));
}

static enum cmd_status do_selectopts(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_selectopts *arg = &request->u.selectopts;
    struct source *source = arg->addr.family == IP_UNSPEC
                                ? source_register_find_refclock(d->sources, arg->refid)
                                : source_register_find(d->sources, &arg->addr);

    if (source)
        source_modify_options(source, arg->mask, arg->options);
    return found(source != NULL);
}

static enum cmd_status source_status(enum ntp_sources_status status)
{
    switch (status) {
    case NTP_SOURCES_SUCCESS:
    case NTP_SOURCES_UNRESOLVED:
        return CMD_STATUS_SUCCESS;
    case NTP_SOURCES_NONE:
        return CMD_STATUS_NO_SOURCE;
    case NTP_SOURCES_IN_USE:
        return CMD_STATUS_SOURCE_EXISTS;
    case NTP_SOURCES_TOO_MANY:
        return CMD_STATUS_TOO_MANY_SOURCES;
    case NTP_SOURCES_BAD_ADDRESS:
        return CMD_STATUS_INVALID_FAMILY;
    case NTP_SOURCES_BAD_NAME:
        return CMD_STATUS_INVALID_NAME;
    }
    return CMD_STATUS_FAILED;
}

static enum cmd_status do_add_source(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_add_source *add = &request->u.add;
    char name[sizeof(add->name)];
    struct source_conf conf = {.name = name, .options = add->options};

    switch (add->type) {
    case CMD_SOURCE_SERVER:
    case CMD_SOURCE_POOL:
        conf.kind = SOURCE_SERVER;
        conf.pool = add->type == CMD_SOURCE_POOL;
        break;
    case CMD_SOURCE_PEER:
        conf.kind = SOURCE_PEER;
        break;
    default:
        return CMD_STATUS_INVALID;
    }
    if (!add->name_terminated)
        return CMD_STATUS_INVALID_NAME;
    text_copy(name, sizeof(name), add->name);

    enum ntp_sources_status status = ntp_sources_add(d->ntp_sources, &conf, NULL);
    if (status == NTP_SOURCES_UNRESOLVED)
        ntp_sources_resolve_now(d->ntp_sources);
    return source_status(status);
}

static enum cmd_status do_delete_source(struct chronyd *d, request_p request, body_p body)
{
    return source_status(ntp_sources_remove(d->ntp_sources, &request->u.addr));
}

static enum cmd_status do_refresh(struct chronyd *d, request_p request, body_p body)
{
    ntp_sources_refresh(d->ntp_sources);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_reload_sources(struct chronyd *d, request_p request, body_p body)
{
    ntp_sources_reload(d->ntp_sources);
    return when_done(d, CMD_STATUS_SUCCESS);
}

static enum cmd_status do_reselect(struct chronyd *d, request_p request, body_p body)
{
    source_register_reselect(d->sources);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_reselectdist(struct chronyd *d, request_p request, body_p body)
{
    source_register_modify_reselect_distance(d->sources, request->u.number);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_reset_sources(struct chronyd *d, request_p request, body_p body)
{
    source_register_reset(d->sources);
    return CMD_STATUS_SUCCESS;
}

/* Clock and reference. */

static enum cmd_status do_makestep(struct chronyd *d, request_p request, body_p body)
{
    return local_clock_make_step(d->clock) ? CMD_STATUS_SUCCESS : CMD_STATUS_FAILED;
}

static enum cmd_status do_modify_makestep(struct chronyd *d, request_p request, body_p body)
{
    reference_modify_makestep(d->reference, request->u.makestep.limit,
                              request->u.makestep.threshold);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_maxupdateskew(struct chronyd *d, request_p request, body_p body)
{
    reference_modify_max_update_skew(d->reference, request->u.number);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_dfreq(struct chronyd *d, request_p request, body_p body)
{
    local_clock_command_dfreq(d->clock, request->u.number);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_doffset(struct chronyd *d, request_p request, body_p body)
{
    return local_clock_command_doffset(d->clock, request->u.number) ? CMD_STATUS_SUCCESS
                                                                    : CMD_STATUS_FAILED;
}

static enum cmd_status do_local(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_local *arg = &request->u.local;
    struct conf_local local = {
        .enabled = true,
        .stratum = arg->stratum,
        .orphan = arg->orphan,
        .distance = arg->distance,
        .activate = arg->activate,
        .wait_synced = arg->wait_synced,
        .wait_unsynced = arg->wait_unsynced,
    };

    if (arg->enabled)
        reference_enable_local(d->reference, &local);
    else
        reference_disable_local(d->reference);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_smoothtime(struct chronyd *d, request_p request, body_p body)
{
    if (!d->smoothing)
        return CMD_STATUS_NOT_ENABLED;
    switch (request->u.option) {
    case 0:
        return enabled(smoothing_reset(d->smoothing));
    case 1:
        return enabled(smoothing_activate(d->smoothing));
    default:
        return CMD_STATUS_INVALID;
    }
}

/* Manual input. */

static enum cmd_status do_settime(struct chronyd *d, request_p request, body_p body)
{
    struct manual_estimate estimate;

    if (!manual_is_enabled(d->manual))
        return CMD_STATUS_NOT_ENABLED;
    if (!manual_accept(d->manual, request->u.time, &estimate))
        return CMD_STATUS_FAILED;
    body->settime = (struct cmd_settime_reply){
        .offset = estimate.offset,
        .freq_change_ppm = estimate.freq_change_ppm,
        .new_freq_ppm = estimate.new_freq_ppm,
    };
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_manual(struct chronyd *d, request_p request, body_p body)
{
    switch (request->u.option) {
    case 0:
    case 1:
        manual_enable(d->manual, request->u.option == 1);
        return CMD_STATUS_SUCCESS;
    case 2:
        manual_reset(d->manual);
        return CMD_STATUS_SUCCESS;
    default:
        return CMD_STATUS_INVALID;
    }
}

static enum cmd_status do_manual_delete(struct chronyd *d, request_p request, body_p body)
{
    return manual_delete(d->manual, request->u.index) ? CMD_STATUS_SUCCESS : CMD_STATUS_BAD_SAMPLE;
}

/* Access rules. */

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

static enum cmd_status do_access(struct chronyd *d, request_p request, body_p body)
{
    struct conf_access_rule rule = access_rule(request);

    if (!ntp_server_set_access(d->ntp_server, &rule))
        return CMD_STATUS_BAD_SUBNET;
    access_names_add_rule(d->ntp_access_names, &rule);
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_cmd_access(struct chronyd *d, request_p request, body_p body)
{
    struct conf_access_rule rule = access_rule(request);

    if (!access_table_set(d->cmd_access, &rule.subnet, rule.allow, rule.all))
        return CMD_STATUS_BAD_SUBNET;
    access_log_rule("command", &rule);
    access_names_add_rule(d->cmd_access_names, &rule);
    return CMD_STATUS_SUCCESS;
}

/* The daemon itself. */

static void on_dump_timer(void *arg);

/* The loop goes on in between. */
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

static enum cmd_status do_dump(struct chronyd *d, request_p request, body_p body)
{
    loop_timer_cancel(d->loop, d->dump_timer);
    d->dump_timer = 0;
    source_register_dump_begin(d->sources);
    dump_some(d);
    ntp_sources_dump_nts(d->ntp_sources);
    nts_part_save(d->nts_part);
    return when_done(d, CMD_STATUS_SUCCESS);
}

static enum cmd_status do_rekey(struct chronyd *d, request_p request, body_p body)
{
    return chronyd_rekey(d);
}

static enum cmd_status do_cyclelogs(struct chronyd *d, request_p request, body_p body)
{
    measurement_log_cycle(d->mlog);
    log_reopen_file();
    return CMD_STATUS_SUCCESS;
}

static enum cmd_status do_shutdown(struct chronyd *d, request_p request, body_p body)
{
    LOG_INFO("Received shutdown command");
    loop_quit(d->loop);
    return CMD_STATUS_SUCCESS;
}

static const command_fn commands[CMD_CODES] = {
    [CMD_ONLINE] = do_online,
    [CMD_OFFLINE] = do_online,
    [CMD_BURST] = do_burst,
    [CMD_MINPOLL] = do_modify_integer,
    [CMD_MAXPOLL] = do_modify_integer,
    [CMD_DUMP] = do_dump,
    [CMD_MAXDELAY] = do_modify_number,
    [CMD_MAXDELAYRATIO] = do_modify_number,
    [CMD_MAXUPDATESKEW] = do_maxupdateskew,
    [CMD_SETTIME] = do_settime,
    [CMD_MANUAL] = do_manual,
    [CMD_SOURCE_COUNT] = do_source_count,
    [CMD_SOURCE_DATA] = do_source_report,
    [CMD_REKEY] = do_rekey,
    [CMD_ALLOW] = do_access,
    [CMD_ALLOW_ALL] = do_access,
    [CMD_DENY] = do_access,
    [CMD_DENY_ALL] = do_access,
    [CMD_CMDALLOW] = do_cmd_access,
    [CMD_CMDALLOW_ALL] = do_cmd_access,
    [CMD_CMDDENY] = do_cmd_access,
    [CMD_CMDDENY_ALL] = do_cmd_access,
    [CMD_ACCHECK] = do_accheck,
    [CMD_CMDACCHECK] = do_cmdaccheck,
    [CMD_DELETE_SOURCE] = do_delete_source,
    [CMD_WRITERTC] = do_writertc,
    [CMD_DFREQ] = do_dfreq,
    [CMD_TRACKING] = do_tracking,
    [CMD_SOURCESTATS] = do_source_report,
    [CMD_RTC] = do_rtc,
    [CMD_TRIMRTC] = do_trimrtc,
    [CMD_CYCLELOGS] = do_cyclelogs,
    [CMD_MANUAL_LIST] = do_manual_list,
    [CMD_MANUAL_DELETE] = do_manual_delete,
    [CMD_MAKESTEP] = do_makestep,
    [CMD_ACTIVITY] = do_activity,
    [CMD_MINSTRATUM] = do_modify_integer,
    [CMD_POLLTARGET] = do_modify_integer,
    [CMD_MAXDELAYDEVRATIO] = do_modify_number,
    [CMD_RESELECT] = do_reselect,
    [CMD_RESELECTDIST] = do_reselectdist,
    [CMD_MODIFY_MAKESTEP] = do_modify_makestep,
    [CMD_SMOOTHING] = do_smoothing,
    [CMD_SMOOTHTIME] = do_smoothtime,
    [CMD_REFRESH] = do_refresh,
    [CMD_SERVERSTATS] = do_serverstats,
    [CMD_NTPDATA] = do_ntpdata,
    [CMD_SHUTDOWN] = do_shutdown,
    [CMD_ONOFFLINE] = do_onoffline,
    [CMD_ADD_SOURCE] = do_add_source,
    [CMD_SOURCENAME] = do_sourcename,
    [CMD_RESET_SOURCES] = do_reset_sources,
    [CMD_AUTHDATA] = do_authdata,
    [CMD_CLIENTS] = do_clients,
    [CMD_SELECTDATA] = do_source_report,
    [CMD_RELOAD_SOURCES] = do_reload_sources,
    [CMD_DOFFSET] = do_doffset,
    [CMD_SELECTOPTS] = do_selectopts,
    [CMD_OFFSET] = do_offset,
    [CMD_LOCAL] = do_local,
};

enum cmd_status chronyd_execute(void *ctx, const struct cmd_request *request,
                                enum reply_code *reply, union cmd_reply_body *body)
{
    command_fn run = request->command < CMD_CODES ? commands[request->command] : NULL;

    if (!run)
        return CMD_STATUS_INVALID;
    enum cmd_status status = run(ctx, request, body);
    if (status == CMD_STATUS_SUCCESS)
        *reply = cmd_expected_reply(request->command);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that report: the state of the daemon's modules (cmdmon.md 13). They change nothing,
 * except clients with reset.
 */
#include "chronyd/execute.h"

#include "base/text.h"
#include "ntp/client/association.h"

enum cmd_status execute_source_count(struct chronyd *d, request_p request, body_p body)
{
    body->source_count = (uint32_t)source_register_count(d->sources);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_source_data(struct chronyd *d, request_p request, body_p body)
{
    const struct source *source = source_register_get(d->sources, request->u.index);

    if (!source)
        return CMD_STATUS_NO_SOURCE;
    source_report(source, &body->source);
    if (source_is_refclock(source)) {
        refclock_set_report(d->refclocks, source, &body->source);
        return CMD_STATUS_SUCCESS;
    }
    const struct association *a = ntp_sources_find(d->ntp_sources, source_address(source));
    if (a)
        association_report_source(a, &body->source);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_sourcestats(struct chronyd *d, request_p request, body_p body)
{
    const struct source *source = source_register_get(d->sources, request->u.index);

    if (source)
        source_report_stats(source, &body->sourcestats);
    return status_of(source != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_selectdata(struct chronyd *d, request_p request, body_p body)
{
    const struct source *source = source_register_get(d->sources, request->u.index);

    if (source)
        source_report_select(source, &body->selectdata);
    return status_of(source != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_estimator(struct chronyd *d, request_p request, body_p body)
{
    const struct source *source = source_register_get(d->sources, request->u.index);

    if (source)
        source_report_estimator(source, &body->estimator);
    return status_of(source != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_tracking(struct chronyd *d, request_p request, body_p body)
{
    reference_report_tracking(d->reference, &body->tracking);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_activity(struct chronyd *d, request_p request, body_p body)
{
    ntp_sources_report_activity(d->ntp_sources, &body->activity);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_serverstats(struct chronyd *d, request_p request, body_p body)
{
    const struct server_shards shards = ntp_server_shards(d->ntp_server);

    server_shards_report_stats(&shards, &body->serverstats);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_ntpdata(struct chronyd *d, request_p request, body_p body)
{
    const struct association *a = ntp_sources_find(d->ntp_sources, &request->u.addr);

    if (a)
        association_report_ntpdata(a, &body->ntpdata);
    return status_of(a != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_authdata(struct chronyd *d, request_p request, body_p body)
{
    const struct association *a = ntp_sources_find(d->ntp_sources, &request->u.addr);

    if (a)
        association_report_authdata(a, &body->authdata);
    return status_of(a != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_sourcename(struct chronyd *d, request_p request, body_p body)
{
    const char *name = ntp_sources_name(d->ntp_sources, &request->u.addr);

    if (!name)
        return CMD_STATUS_NO_SOURCE;
    text_copy(body->name, sizeof(body->name), name);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_clients(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_clients *want = &request->u.clients;
    struct cmd_clients_reply *reply = &body->clients;
    const struct server_shards shards = ntp_server_shards(d->ntp_server);
    const struct server_shards_query query = {
        .first = want->first_index,
        .limit = want->count < CMD_CLIENTS_MAX ? want->count : CMD_CLIENTS_MAX,
        .min_hits = want->min_hits,
        .reset = want->reset,
        .now = local_clock_event_time(d->clock, NULL),
    };
    int size = server_shards_size(&shards);

    if (size < 0)
        return CMD_STATUS_INACTIVE;
    reply->count =
        server_shards_report_clients(&shards, &query, reply->clients, &reply->next_index);
    reply->indices = (uint32_t)size;
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_smoothing(struct chronyd *d, request_p request, body_p body)
{
    return status_of(smoothing_report(d->smoothing, &body->smoothing), CMD_STATUS_NOT_ENABLED);
}

enum cmd_status execute_temperature(struct chronyd *d, request_p request, body_p body)
{
    return status_of(temperature_learning_report(d->temperature_learning, &body->temperature),
                     CMD_STATUS_NOT_ENABLED);
}

enum cmd_status execute_xdp(struct chronyd *d, request_p request, body_p body)
{
    return status_of(xdp_part_report(d->xdp_part, &body->xdp), CMD_STATUS_NOT_ENABLED);
}

enum cmd_status execute_history(struct chronyd *d, request_p request, body_p body)
{
    struct report_history *report = &body->history;
    struct history_writer_status status;

    if (!history_collector_report(d->history, &status))
        return CMD_STATUS_NOT_ENABLED;
    text_copy(report->path, sizeof(report->path), d->conf->history.file);
    report->state = (int)status.state;
    report->size = status.size;
    report->first_time.sec = status.first;
    report->last_time.sec = status.last;
    report->pages = status.pages;
    report->failures = status.failures;
    report->lost_pages = status.lost_pages;
    report->written = status.written;
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_manual_list(struct chronyd *d, request_p request, body_p body)
{
    manual_list(d->manual, &body->manual_list);
    return CMD_STATUS_SUCCESS;
}

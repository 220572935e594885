/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands on sources: which are polled, with which options, and which there are (cmdmon.md 14).
 */
#include "chronyd/execute.h"

#include "base/text.h"
#include "ntp/client/association.h"

static enum cmd_status set_connectivity(struct chronyd *d, const struct cmd_mask_addr *where,
                                        enum source_connectivity connectivity)
{
    bool found =
        ntp_sources_set_connectivity(d->ntp_sources, &where->mask, &where->addr, connectivity);

    history_collector_observe(d->history);
    return status_when_done(d, status_of(found, CMD_STATUS_NO_SOURCE));
}

enum cmd_status execute_online(struct chronyd *d, request_p request, body_p body)
{
    return set_connectivity(d, &request->u.where, SOURCE_ONLINE);
}

enum cmd_status execute_offline(struct chronyd *d, request_p request, body_p body)
{
    return set_connectivity(d, &request->u.where, SOURCE_OFFLINE);
}

enum cmd_status execute_onoffline(struct chronyd *d, request_p request, body_p body)
{
    struct ip_addr any = {.family = IP_UNSPEC};

    ntp_sources_set_connectivity(d->ntp_sources, &any, &any, SOURCE_MAYBE_ONLINE);
    history_collector_observe(d->history);
    return status_when_done(d, CMD_STATUS_SUCCESS);
}

enum cmd_status execute_burst(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_burst *burst = &request->u.burst;
    bool found = ntp_sources_burst(d->ntp_sources, burst->good_samples, burst->total_samples,
                                   &burst->where.mask, &burst->where.addr);

    return status_when_done(d, status_of(found, CMD_STATUS_NO_SOURCE));
}

typedef void (*modify_integer)(struct association *, int);
typedef void (*modify_number)(struct association *, double);

static enum cmd_status set_integer(struct chronyd *d, request_p request, modify_integer modify)
{
    const struct cmd_source_integer *arg = &request->u.source_integer;
    struct association *a = ntp_sources_find(d->ntp_sources, &arg->addr);

    if (a)
        modify(a, arg->value);
    return status_of(a != NULL, CMD_STATUS_NO_SOURCE);
}

static enum cmd_status set_number(struct chronyd *d, request_p request, modify_number modify)
{
    const struct cmd_source_number *arg = &request->u.source_number;
    struct association *a = ntp_sources_find(d->ntp_sources, &arg->addr);

    if (a)
        modify(a, arg->value);
    return status_of(a != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_minpoll(struct chronyd *d, request_p request, body_p body)
{
    return set_integer(d, request, association_modify_minpoll);
}

enum cmd_status execute_maxpoll(struct chronyd *d, request_p request, body_p body)
{
    return set_integer(d, request, association_modify_maxpoll);
}

enum cmd_status execute_minstratum(struct chronyd *d, request_p request, body_p body)
{
    return set_integer(d, request, association_modify_min_stratum);
}

enum cmd_status execute_polltarget(struct chronyd *d, request_p request, body_p body)
{
    return set_integer(d, request, association_modify_poll_target);
}

enum cmd_status execute_maxdelay(struct chronyd *d, request_p request, body_p body)
{
    return set_number(d, request, association_modify_max_delay);
}

enum cmd_status execute_maxdelayratio(struct chronyd *d, request_p request, body_p body)
{
    return set_number(d, request, association_modify_max_delay_ratio);
}

enum cmd_status execute_maxdelaydevratio(struct chronyd *d, request_p request, body_p body)
{
    return set_number(d, request, association_modify_max_delay_dev_ratio);
}

/* Without an address, the command is for a reference clock. */
enum cmd_status execute_offset(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_offset *arg = &request->u.offset;

    if (arg->addr.family == IP_UNSPEC)
        return status_of(refclock_set_modify_offset(d->refclocks, arg->refid, arg->offset),
                         CMD_STATUS_NO_SOURCE);
    struct association *a = ntp_sources_find(d->ntp_sources, &arg->addr);
    if (a)
        association_modify_offset(a, arg->offset);
    return status_of(a != NULL, CMD_STATUS_NO_SOURCE);
}

enum cmd_status execute_selectopts(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_selectopts *arg = &request->u.selectopts;
    struct source *source = arg->addr.family == IP_UNSPEC
                                ? source_register_find_refclock(d->sources, arg->refid)
                                : source_register_find(d->sources, &arg->addr);

    if (source)
        source_modify_options(source, arg->mask, arg->options);
    return status_of(source != NULL, CMD_STATUS_NO_SOURCE);
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

enum cmd_status execute_add_source(struct chronyd *d, request_p request, body_p body)
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
    if (add->name[CMD_NAME_SIZE - 1] != '\0')
        return CMD_STATUS_INVALID_NAME;
    text_copy(name, sizeof(name), add->name);

    enum ntp_sources_status status = ntp_sources_add(d->ntp_sources, &conf, NULL);
    if (status == NTP_SOURCES_UNRESOLVED)
        ntp_sources_resolve_now(d->ntp_sources);
    return source_status(status);
}

enum cmd_status execute_delete_source(struct chronyd *d, request_p request, body_p body)
{
    return source_status(ntp_sources_remove(d->ntp_sources, &request->u.addr));
}

enum cmd_status execute_refresh(struct chronyd *d, request_p request, body_p body)
{
    ntp_sources_refresh(d->ntp_sources);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_reload_sources(struct chronyd *d, request_p request, body_p body)
{
    ntp_sources_reload(d->ntp_sources);
    return status_when_done(d, CMD_STATUS_SUCCESS);
}

enum cmd_status execute_reselect(struct chronyd *d, request_p request, body_p body)
{
    source_register_reselect(d->sources);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_reselectdist(struct chronyd *d, request_p request, body_p body)
{
    source_register_modify_reselect_distance(d->sources, request->u.number);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_reset_sources(struct chronyd *d, request_p request, body_p body)
{
    source_register_reset(d->sources);
    return CMD_STATUS_SUCCESS;
}

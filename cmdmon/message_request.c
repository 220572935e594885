/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies of requests (cmdmon.md 11, 13, 14), in both directions. One row of the table below per
 * layout; values are carried as they are on the wire and judged by the daemon.
 */
#include "cmdmon/message.h"

#include <limits.h>
#include <string.h>
#include "cmdmon/message_field.h"

/* Flags of add source (cmdmon.md 14.21). The options of modify selectopts use the same bits. */
enum add_flag {
    FLAG_ONLINE = 0x1,
    FLAG_AUTO_OFFLINE = 0x2,
    FLAG_IBURST = 0x4,
    FLAG_PREFER = 0x8,
    FLAG_NOSELECT = 0x10,
    FLAG_TRUST = 0x20,
    FLAG_REQUIRE = 0x40,
    FLAG_INTERLEAVED = 0x80,
    FLAG_BURST = 0x100,
    FLAG_NTS = 0x200,
    FLAG_COPY = 0x400,
    FLAG_EXT_MONO_ROOT = 0x800,
    FLAG_EXT_NET_CORRECTION = 0x1000,
    FLAG_IPV4 = 0x2000,
    FLAG_IPV6 = 0x4000,
};

struct flag_map {
    uint32_t flag;
    unsigned int option;
};

static const struct flag_map select_flags[] = {
    {FLAG_NOSELECT, SELECT_NOSELECT},
    {FLAG_PREFER, SELECT_PREFER},
    {FLAG_TRUST, SELECT_TRUST},
    {FLAG_REQUIRE, SELECT_REQUIRE},
};

static const struct flag_map ext_flags[] = {
    {FLAG_EXT_MONO_ROOT, EXT_FLAG_MONO_ROOT},
    {FLAG_EXT_NET_CORRECTION, EXT_FLAG_NET_CORRECTION},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t flags_from_options(const struct flag_map *map, size_t count, unsigned int options)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < count; i++)
        if (options & map[i].option)
            flags |= map[i].flag;
    return flags;
}

static unsigned int options_from_flags(const struct flag_map *map, size_t count, uint32_t flags)
{
    unsigned int options = 0;

    for (size_t i = 0; i < count; i++)
        if (flags & map[i].flag)
            options |= map[i].option;
    return options;
}

/* Unsigned number into an int; what does not fit is as good as the largest one. */
static int get_limited(struct reader *r, int max)
{
    uint32_t v = reader_u32(r);

    return v > (uint32_t)max ? max : (int)v;
}

static void get_none(struct reader *r, struct cmd_request *q)
{
}

static void put_none(struct writer *w, const struct cmd_request *q)
{
}

static void get_ignored_word(struct reader *r, struct cmd_request *q)
{
    reader_skip(r, 4);
}

static void put_ignored_word(struct writer *w, const struct cmd_request *q)
{
    writer_u32(w, 0);
}

static void get_where(struct reader *r, struct cmd_request *q)
{
    q->u.where.mask = field_get_addr(r);
    q->u.where.addr = field_get_addr(r);
}

static void put_where(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.where.mask);
    field_put_addr(w, &q->u.where.addr);
}

static void get_burst(struct reader *r, struct cmd_request *q)
{
    q->u.burst.where.mask = field_get_addr(r);
    q->u.burst.where.addr = field_get_addr(r);
    q->u.burst.good_samples = field_get_i32(r);
    q->u.burst.total_samples = field_get_i32(r);
}

static void put_burst(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.burst.where.mask);
    field_put_addr(w, &q->u.burst.where.addr);
    field_put_i32(w, q->u.burst.good_samples);
    field_put_i32(w, q->u.burst.total_samples);
}

static void get_source_integer(struct reader *r, struct cmd_request *q)
{
    q->u.source_integer.addr = field_get_addr(r);
    q->u.source_integer.value = field_get_i32(r);
}

static void put_source_integer(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.source_integer.addr);
    field_put_i32(w, q->u.source_integer.value);
}

static void get_source_number(struct reader *r, struct cmd_request *q)
{
    q->u.source_number.addr = field_get_addr(r);
    q->u.source_number.value = field_get_float(r);
}

static void put_source_number(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.source_number.addr);
    field_put_float(w, q->u.source_number.value);
}

static void get_number(struct reader *r, struct cmd_request *q)
{
    q->u.number = field_get_float(r);
}

static void put_number(struct writer *w, const struct cmd_request *q)
{
    field_put_float(w, q->u.number);
}

static void get_time(struct reader *r, struct cmd_request *q)
{
    q->u.time = field_get_time(r);
}

static void put_time(struct writer *w, const struct cmd_request *q)
{
    field_put_time(w, q->u.time);
}

static void get_option(struct reader *r, struct cmd_request *q)
{
    q->u.option = field_get_i32(r);
}

static void put_option(struct writer *w, const struct cmd_request *q)
{
    field_put_i32(w, q->u.option);
}

static void get_index(struct reader *r, struct cmd_request *q)
{
    q->u.index = field_get_i32(r);
}

static void put_index(struct writer *w, const struct cmd_request *q)
{
    field_put_i32(w, q->u.index);
}

static void get_subnet(struct reader *r, struct cmd_request *q)
{
    q->u.subnet.addr = field_get_addr(r);
    q->u.subnet.bits = field_get_i32(r);
}

static void put_subnet(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.subnet.addr);
    field_put_i32(w, q->u.subnet.bits);
}

static void get_addr(struct reader *r, struct cmd_request *q)
{
    q->u.addr = field_get_addr(r);
}

static void put_addr(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.addr);
}

static void get_makestep(struct reader *r, struct cmd_request *q)
{
    q->u.makestep.limit = field_get_i32(r);
    q->u.makestep.threshold = field_get_float(r);
}

static void put_makestep(struct writer *w, const struct cmd_request *q)
{
    field_put_i32(w, q->u.makestep.limit);
    field_put_float(w, q->u.makestep.threshold);
}

static void get_clients(struct reader *r, struct cmd_request *q)
{
    q->u.clients.first_index = reader_u32(r);
    q->u.clients.count = reader_u32(r);
    q->u.clients.min_hits = reader_u32(r);
    q->u.clients.reset = reader_u32(r) != 0;
}

static void put_clients(struct writer *w, const struct cmd_request *q)
{
    writer_u32(w, q->u.clients.first_index);
    writer_u32(w, q->u.clients.count);
    writer_u32(w, q->u.clients.min_hits);
    writer_u32(w, q->u.clients.reset);
}

/* The mask is in the numbers of reports, the options are in those of the flags (14.23). */
static void get_selectopts(struct reader *r, struct cmd_request *q)
{
    q->u.selectopts.addr = field_get_addr(r);
    q->u.selectopts.refid = reader_u32(r);
    q->u.selectopts.mask = reader_u32(r);
    q->u.selectopts.options = options_from_flags(select_flags, COUNT(select_flags), reader_u32(r));
}

static void put_selectopts(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.selectopts.addr);
    writer_u32(w, q->u.selectopts.refid);
    writer_u32(w, q->u.selectopts.mask);
    writer_u32(w, flags_from_options(select_flags, COUNT(select_flags), q->u.selectopts.options));
}

static void get_offset(struct reader *r, struct cmd_request *q)
{
    q->u.offset.addr = field_get_addr(r);
    q->u.offset.refid = reader_u32(r);
    q->u.offset.offset = field_get_float(r);
}

static void put_offset(struct writer *w, const struct cmd_request *q)
{
    field_put_addr(w, &q->u.offset.addr);
    writer_u32(w, q->u.offset.refid);
    field_put_float(w, q->u.offset.offset);
}

static void get_local(struct reader *r, struct cmd_request *q)
{
    q->u.local.enabled = reader_u32(r) != 0;
    q->u.local.stratum = field_get_i32(r);
    q->u.local.distance = field_get_float(r);
    q->u.local.orphan = reader_u32(r) != 0;
    q->u.local.activate = field_get_float(r);
    q->u.local.wait_synced = field_get_float(r);
    q->u.local.wait_unsynced = field_get_float(r);
}

static void put_local(struct writer *w, const struct cmd_request *q)
{
    writer_u32(w, q->u.local.enabled);
    field_put_i32(w, q->u.local.stratum);
    field_put_float(w, q->u.local.distance);
    writer_u32(w, q->u.local.orphan);
    field_put_float(w, q->u.local.activate);
    field_put_float(w, q->u.local.wait_synced);
    field_put_float(w, q->u.local.wait_unsynced);
}

static void flags_to_source(uint32_t flags, struct source_options *o)
{
    o->connectivity = flags & FLAG_ONLINE ? SOURCE_ONLINE : SOURCE_OFFLINE;
    o->auto_offline = flags & FLAG_AUTO_OFFLINE;
    o->iburst = flags & FLAG_IBURST;
    o->interleaved = flags & FLAG_INTERLEAVED;
    o->burst = flags & FLAG_BURST;
    o->nts = flags & FLAG_NTS;
    o->copy = flags & FLAG_COPY;
    o->select_options = options_from_flags(select_flags, COUNT(select_flags), flags);
    o->ext_flags = options_from_flags(ext_flags, COUNT(ext_flags), flags);
    o->family = flags & FLAG_IPV4 ? IP_V4 : flags & FLAG_IPV6 ? IP_V6 : IP_UNSPEC;
}

static uint32_t flags_of_source(const struct source_options *o)
{
    uint32_t flags = 0;

    flags |= o->connectivity != SOURCE_OFFLINE ? FLAG_ONLINE : 0;
    flags |= o->auto_offline ? FLAG_AUTO_OFFLINE : 0;
    flags |= o->iburst ? FLAG_IBURST : 0;
    flags |= o->interleaved ? FLAG_INTERLEAVED : 0;
    flags |= o->burst ? FLAG_BURST : 0;
    flags |= o->nts ? FLAG_NTS : 0;
    flags |= o->copy ? FLAG_COPY : 0;
    flags |= flags_from_options(select_flags, COUNT(select_flags), o->select_options);
    flags |= flags_from_options(ext_flags, COUNT(ext_flags), o->ext_flags);
    flags |= o->family == IP_V4 ? FLAG_IPV4 : o->family == IP_V6 ? FLAG_IPV6 : 0;
    return flags;
}

static void get_add(struct reader *r, struct cmd_request *q)
{
    struct cmd_add_source *add = &q->u.add;
    struct source_options *o = &add->options;

    add->type = reader_u32(r);
    reader_bytes(r, add->name, CMD_NAME_SIZE);
    add->name[CMD_NAME_SIZE] = '\0';
    add->name_terminated = add->name[CMD_NAME_SIZE - 1] == '\0';
    o->port = (uint16_t)get_limited(r, UINT16_MAX);
    o->minpoll = field_get_i32(r);
    o->maxpoll = field_get_i32(r);
    o->presend = field_get_i32(r);
    o->min_stratum = get_limited(r, INT_MAX);
    o->poll_target = get_limited(r, INT_MAX);
    o->version = get_limited(r, INT_MAX);
    o->max_sources = get_limited(r, INT_MAX);
    o->min_samples = field_get_i32(r);
    o->max_samples = field_get_i32(r);
    o->key_id = reader_u32(r);
    o->nts_port = (uint16_t)get_limited(r, UINT16_MAX);
    o->max_delay = field_get_float(r);
    o->max_delay_ratio = field_get_float(r);
    o->max_delay_dev_ratio = field_get_float(r);
    o->min_delay = field_get_float(r);
    o->asymmetry = field_get_float(r);
    o->offset = field_get_float(r);
    flags_to_source(reader_u32(r), o);
    o->filter_length = field_get_i32(r);
    o->cert_set = reader_u32(r);
    o->max_delay_quant = field_get_float(r);
    o->max_unreach = field_get_i32(r);
}

static void put_add(struct writer *w, const struct cmd_request *q)
{
    const struct cmd_add_source *add = &q->u.add;
    const struct source_options *o = &add->options;
    size_t length = strnlen(add->name, CMD_NAME_SIZE);

    writer_u32(w, add->type);
    writer_bytes(w, add->name, length);
    writer_zeros(w, CMD_NAME_SIZE - length);
    writer_u32(w, o->port);
    field_put_i32(w, o->minpoll);
    field_put_i32(w, o->maxpoll);
    field_put_i32(w, o->presend);
    field_put_i32(w, o->min_stratum);
    field_put_i32(w, o->poll_target);
    field_put_i32(w, o->version);
    field_put_i32(w, o->max_sources);
    field_put_i32(w, o->min_samples);
    field_put_i32(w, o->max_samples);
    writer_u32(w, o->key_id);
    writer_u32(w, o->nts_port);
    field_put_float(w, o->max_delay);
    field_put_float(w, o->max_delay_ratio);
    field_put_float(w, o->max_delay_dev_ratio);
    field_put_float(w, o->min_delay);
    field_put_float(w, o->asymmetry);
    field_put_float(w, o->offset);
    writer_u32(w, flags_of_source(o));
    field_put_i32(w, o->filter_length);
    writer_u32(w, o->cert_set);
    field_put_float(w, o->max_delay_quant);
    field_put_i32(w, o->max_unreach);
}

struct body {
    void (*get)(struct reader *r, struct cmd_request *q);
    void (*put)(struct writer *w, const struct cmd_request *q);
};

#define BODY(name)                                                                                 \
    {                                                                                              \
        get_##name, put_##name                                                                     \
    }

static const struct body bodies[CMD_CODES] = {
    [CMD_ONLINE] = BODY(where),
    [CMD_OFFLINE] = BODY(where),
    [CMD_BURST] = BODY(burst),
    [CMD_MINPOLL] = BODY(source_integer),
    [CMD_MAXPOLL] = BODY(source_integer),
    [CMD_DUMP] = BODY(ignored_word),
    [CMD_MAXDELAY] = BODY(source_number),
    [CMD_MAXDELAYRATIO] = BODY(source_number),
    [CMD_MAXUPDATESKEW] = BODY(number),
    [CMD_SETTIME] = BODY(time),
    [CMD_MANUAL] = BODY(option),
    [CMD_SOURCE_COUNT] = BODY(none),
    [CMD_SOURCE_DATA] = BODY(index),
    [CMD_REKEY] = BODY(none),
    [CMD_ALLOW] = BODY(subnet),
    [CMD_ALLOW_ALL] = BODY(subnet),
    [CMD_DENY] = BODY(subnet),
    [CMD_DENY_ALL] = BODY(subnet),
    [CMD_CMDALLOW] = BODY(subnet),
    [CMD_CMDALLOW_ALL] = BODY(subnet),
    [CMD_CMDDENY] = BODY(subnet),
    [CMD_CMDDENY_ALL] = BODY(subnet),
    [CMD_ACCHECK] = BODY(addr),
    [CMD_CMDACCHECK] = BODY(addr),
    [CMD_DELETE_SOURCE] = BODY(addr),
    [CMD_WRITERTC] = BODY(none),
    [CMD_DFREQ] = BODY(number),
    [CMD_TRACKING] = BODY(none),
    [CMD_SOURCESTATS] = BODY(index),
    [CMD_RTC] = BODY(none),
    [CMD_TRIMRTC] = BODY(none),
    [CMD_CYCLELOGS] = BODY(none),
    [CMD_MANUAL_LIST] = BODY(none),
    [CMD_MANUAL_DELETE] = BODY(index),
    [CMD_MAKESTEP] = BODY(none),
    [CMD_ACTIVITY] = BODY(none),
    [CMD_MINSTRATUM] = BODY(source_integer),
    [CMD_POLLTARGET] = BODY(source_integer),
    [CMD_MAXDELAYDEVRATIO] = BODY(source_number),
    [CMD_RESELECT] = BODY(none),
    [CMD_RESELECTDIST] = BODY(number),
    [CMD_MODIFY_MAKESTEP] = BODY(makestep),
    [CMD_SMOOTHING] = BODY(none),
    [CMD_SMOOTHTIME] = BODY(option),
    [CMD_REFRESH] = BODY(none),
    [CMD_SERVERSTATS] = BODY(none),
    [CMD_NTPDATA] = BODY(addr),
    [CMD_SHUTDOWN] = BODY(none),
    [CMD_ONOFFLINE] = BODY(none),
    [CMD_ADD_SOURCE] = BODY(add),
    [CMD_SOURCENAME] = BODY(addr),
    [CMD_RESET_SOURCES] = BODY(none),
    [CMD_AUTHDATA] = BODY(addr),
    [CMD_CLIENTS] = BODY(clients),
    [CMD_SELECTDATA] = BODY(index),
    [CMD_RELOAD_SOURCES] = BODY(none),
    [CMD_DOFFSET] = BODY(number),
    [CMD_SELECTOPTS] = BODY(selectopts),
    [CMD_OFFSET] = BODY(offset),
    [CMD_LOCAL] = BODY(local),
};

bool cmd_request_decode(const void *data, size_t length, unsigned int command,
                        struct cmd_request *request)
{
    struct reader r = reader_make(data, length);

    memset(request, 0, sizeof(*request));
    if (command >= CMD_CODES || !bodies[command].get)
        return false;
    request->command = (uint16_t)command;
    reader_skip(&r, CMD_REQUEST_HEADER);
    bodies[command].get(&r, request);
    return !r.failed;
}

size_t cmd_request_encode(const struct cmd_request_header *header,
                          const struct cmd_request *request, void *buf, size_t size)
{
    size_t length = cmd_request_length(request->command, header->version);
    struct writer w = writer_make(buf, size);

    if (length == 0)
        return 0;
    writer_u8(&w, header->version);
    writer_u8(&w, CMD_TYPE_REQUEST);
    writer_u16(&w, 0);
    writer_u16(&w, request->command);
    writer_u16(&w, header->attempt);
    writer_u32(&w, header->sequence);
    writer_zeros(&w, 8);
    bodies[request->command].put(&w, request);
    if (!w.failed && w.pos < length)
        writer_zeros(&w, length - w.pos);
    return w.failed ? 0 : w.pos;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies of replies (cmdmon.md 13 and 14.9), in both directions. Each layout is a pair of functions
 * named in the table at the end; values are not judged here.
 */
#include "cmdmon/message.h"

#include <string.h>
#include "cmdmon/message_field.h"

#define NTPDATA_TESTS         0x03ffU
#define NTPDATA_INTERLEAVED   0x4000U
#define NTPDATA_AUTHENTICATED 0x8000U

#define SMOOTHING_ACTIVE    1U
#define SMOOTHING_LEAP_ONLY 2U

static void get_source_count(struct reader *r, union cmd_reply_body *b)
{
    b->source_count = reader_u32(r);
}

static void put_source_count(struct writer *w, const union cmd_reply_body *b)
{
    writer_u32(w, b->source_count);
}

static void get_source(struct reader *r, union cmd_reply_body *b)
{
    struct report_source *s = &b->source;

    s->addr = field_get_addr(r);
    s->poll = (int16_t)reader_u16(r);
    s->stratum = reader_u16(r);
    s->state = reader_u16(r);
    s->mode = reader_u16(r);
    reader_skip(r, 2);
    s->reachability = reader_u16(r);
    s->latest_age = reader_u32(r);
    s->orig_offset = field_get_float(r);
    s->offset = field_get_float(r);
    s->error = field_get_float(r);
}

static void put_source(struct writer *w, const union cmd_reply_body *b)
{
    const struct report_source *s = &b->source;

    field_put_addr(w, &s->addr);
    writer_u16(w, (uint16_t)s->poll);
    writer_u16(w, (uint16_t)s->stratum);
    writer_u16(w, (uint16_t)s->state);
    writer_u16(w, (uint16_t)s->mode);
    writer_u16(w, 0);
    writer_u16(w, (uint16_t)s->reachability);
    writer_u32(w, s->latest_age);
    field_put_float(w, s->orig_offset);
    field_put_float(w, s->offset);
    field_put_float(w, s->error);
}

static void get_tracking(struct reader *r, union cmd_reply_body *b)
{
    struct report_tracking *t = &b->tracking;

    t->refid = reader_u32(r);
    t->addr = field_get_addr(r);
    t->stratum = reader_u16(r);
    t->leap = reader_u16(r);
    t->ref_time = field_get_time(r);
    t->correction = field_get_float(r);
    t->last_offset = field_get_float(r);
    t->rms_offset = field_get_float(r);
    t->freq_ppm = field_get_float(r);
    t->resid_freq_ppm = field_get_float(r);
    t->skew_ppm = field_get_float(r);
    t->root_delay = field_get_float(r);
    t->root_dispersion = field_get_float(r);
    t->last_update_interval = field_get_float(r);
}

static void put_tracking(struct writer *w, const union cmd_reply_body *b)
{
    const struct report_tracking *t = &b->tracking;

    writer_u32(w, t->refid);
    field_put_addr(w, &t->addr);
    writer_u16(w, (uint16_t)t->stratum);
    writer_u16(w, (uint16_t)t->leap);
    field_put_time(w, t->ref_time);
    field_put_float(w, t->correction);
    field_put_float(w, t->last_offset);
    field_put_float(w, t->rms_offset);
    field_put_float(w, t->freq_ppm);
    field_put_float(w, t->resid_freq_ppm);
    field_put_float(w, t->skew_ppm);
    field_put_float(w, t->root_delay);
    field_put_float(w, t->root_dispersion);
    field_put_float(w, t->last_update_interval);
}

static void get_sourcestats(struct reader *r, union cmd_reply_body *b)
{
    struct report_sourcestats *s = &b->sourcestats;

    s->refid = reader_u32(r);
    s->addr = field_get_addr(r);
    s->samples = reader_u32(r);
    s->runs = reader_u32(r);
    s->span_seconds = reader_u32(r);
    s->sd = field_get_float(r);
    s->resid_freq_ppm = field_get_float(r);
    s->skew_ppm = field_get_float(r);
    s->est_offset = field_get_float(r);
    s->est_offset_err = field_get_float(r);
}

static void put_sourcestats(struct writer *w, const union cmd_reply_body *b)
{
    const struct report_sourcestats *s = &b->sourcestats;

    writer_u32(w, s->refid);
    field_put_addr(w, &s->addr);
    writer_u32(w, s->samples);
    writer_u32(w, s->runs);
    writer_u32(w, s->span_seconds);
    field_put_float(w, s->sd);
    field_put_float(w, s->resid_freq_ppm);
    field_put_float(w, s->skew_ppm);
    field_put_float(w, s->est_offset);
    field_put_float(w, s->est_offset_err);
}

static void get_rtc(struct reader *r, union cmd_reply_body *b)
{
    b->rtc.ref_time = field_get_time(r);
    b->rtc.samples = reader_u16(r);
    b->rtc.runs = reader_u16(r);
    b->rtc.span_seconds = reader_u32(r);
    b->rtc.seconds_fast = field_get_float(r);
    b->rtc.gain_ppm = field_get_float(r);
}

static void put_rtc(struct writer *w, const union cmd_reply_body *b)
{
    field_put_time(w, b->rtc.ref_time);
    writer_u16(w, (uint16_t)b->rtc.samples);
    writer_u16(w, (uint16_t)b->rtc.runs);
    writer_u32(w, b->rtc.span_seconds);
    field_put_float(w, b->rtc.seconds_fast);
    field_put_float(w, b->rtc.gain_ppm);
}

static void get_activity(struct reader *r, union cmd_reply_body *b)
{
    b->activity.online = field_get_i32(r);
    b->activity.offline = field_get_i32(r);
    b->activity.burst_online = field_get_i32(r);
    b->activity.burst_offline = field_get_i32(r);
    b->activity.unresolved = field_get_i32(r);
}

static void put_activity(struct writer *w, const union cmd_reply_body *b)
{
    field_put_i32(w, b->activity.online);
    field_put_i32(w, b->activity.offline);
    field_put_i32(w, b->activity.burst_online);
    field_put_i32(w, b->activity.burst_offline);
    field_put_i32(w, b->activity.unresolved);
}

static void get_smoothing(struct reader *r, union cmd_reply_body *b)
{
    uint32_t flags = reader_u32(r);

    b->smoothing.active = flags & SMOOTHING_ACTIVE;
    b->smoothing.leap_only = flags & SMOOTHING_LEAP_ONLY;
    b->smoothing.offset = field_get_float(r);
    b->smoothing.freq_ppm = field_get_float(r);
    b->smoothing.wander_ppm = field_get_float(r);
    b->smoothing.last_update_ago = field_get_float(r);
    b->smoothing.remaining_time = field_get_float(r);
}

static void put_smoothing(struct writer *w, const union cmd_reply_body *b)
{
    writer_u32(w, (b->smoothing.active ? SMOOTHING_ACTIVE : 0) |
                      (b->smoothing.leap_only ? SMOOTHING_LEAP_ONLY : 0));
    field_put_float(w, b->smoothing.offset);
    field_put_float(w, b->smoothing.freq_ppm);
    field_put_float(w, b->smoothing.wander_ppm);
    field_put_float(w, b->smoothing.last_update_ago);
    field_put_float(w, b->smoothing.remaining_time);
}

static void get_settime(struct reader *r, union cmd_reply_body *b)
{
    b->settime.offset = field_get_float(r);
    b->settime.freq_change_ppm = field_get_float(r);
    b->settime.new_freq_ppm = field_get_float(r);
}

static void put_settime(struct writer *w, const union cmd_reply_body *b)
{
    field_put_float(w, b->settime.offset);
    field_put_float(w, b->settime.freq_change_ppm);
    field_put_float(w, b->settime.new_freq_ppm);
}

static void get_manual_list(struct reader *r, union cmd_reply_body *b)
{
    b->manual_list.count = reader_u32(r);
    for (size_t i = 0; i < REPORT_MANUAL_MAX; i++) {
        struct report_manual_sample *s = &b->manual_list.samples[i];

        s->when = field_get_time(r);
        s->slewed_offset = field_get_float(r);
        s->orig_offset = field_get_float(r);
        s->residual = field_get_float(r);
    }
}

static void put_manual_list(struct writer *w, const union cmd_reply_body *b)
{
    writer_u32(w, b->manual_list.count);
    for (size_t i = 0; i < REPORT_MANUAL_MAX && i < b->manual_list.count; i++) {
        const struct report_manual_sample *s = &b->manual_list.samples[i];

        field_put_time(w, s->when);
        field_put_float(w, s->slewed_offset);
        field_put_float(w, s->orig_offset);
        field_put_float(w, s->residual);
    }
}

static void get_name(struct reader *r, union cmd_reply_body *b)
{
    reader_bytes(r, b->name, CMD_NAME_SIZE);
    b->name[CMD_NAME_SIZE] = '\0';
}

static void put_name(struct writer *w, const union cmd_reply_body *b)
{
    writer_bytes(w, b->name, strnlen(b->name, CMD_NAME_SIZE));
}

static void get_authdata(struct reader *r, union cmd_reply_body *b)
{
    b->authdata.mode = reader_u16(r);
    b->authdata.key_type = reader_u16(r);
    b->authdata.key_id = reader_u32(r);
    b->authdata.key_length = reader_u16(r);
    b->authdata.ke_attempts = reader_u16(r);
    b->authdata.last_ke_ago = reader_u32(r);
    b->authdata.cookies = reader_u16(r);
    b->authdata.cookie_length = reader_u16(r);
    b->authdata.nak = reader_u16(r);
}

static void put_authdata(struct writer *w, const union cmd_reply_body *b)
{
    writer_u16(w, b->authdata.mode);
    writer_u16(w, b->authdata.key_type);
    writer_u32(w, b->authdata.key_id);
    writer_u16(w, b->authdata.key_length);
    writer_u16(w, b->authdata.ke_attempts);
    writer_u32(w, b->authdata.last_ke_ago);
    writer_u16(w, b->authdata.cookies);
    writer_u16(w, b->authdata.cookie_length);
    writer_u16(w, b->authdata.nak);
}

static void get_client(struct reader *r, struct report_client *c)
{
    c->addr = field_get_addr(r);
    c->ntp_hits = reader_u32(r);
    c->nts_ke_hits = reader_u32(r);
    c->cmd_hits = reader_u32(r);
    c->ntp_drops = reader_u32(r);
    c->nts_ke_drops = reader_u32(r);
    c->cmd_drops = reader_u32(r);
    c->ntp_interval = (int8_t)reader_u8(r);
    c->nts_ke_interval = (int8_t)reader_u8(r);
    c->cmd_interval = (int8_t)reader_u8(r);
    c->ntp_timeout_interval = (int8_t)reader_u8(r);
    c->last_ntp_ago = reader_u32(r);
    c->last_nts_ke_ago = reader_u32(r);
    c->last_cmd_ago = reader_u32(r);
}

static void put_client(struct writer *w, const struct report_client *c)
{
    field_put_addr(w, &c->addr);
    writer_u32(w, c->ntp_hits);
    writer_u32(w, c->nts_ke_hits);
    writer_u32(w, c->cmd_hits);
    writer_u32(w, c->ntp_drops);
    writer_u32(w, c->nts_ke_drops);
    writer_u32(w, c->cmd_drops);
    writer_u8(w, (uint8_t)c->ntp_interval);
    writer_u8(w, (uint8_t)c->nts_ke_interval);
    writer_u8(w, (uint8_t)c->cmd_interval);
    writer_u8(w, (uint8_t)c->ntp_timeout_interval);
    writer_u32(w, c->last_ntp_ago);
    writer_u32(w, c->last_nts_ke_ago);
    writer_u32(w, c->last_cmd_ago);
}

static void get_clients(struct reader *r, union cmd_reply_body *b)
{
    b->clients.indices = reader_u32(r);
    b->clients.next_index = reader_u32(r);
    b->clients.count = reader_u32(r);
    if (b->clients.count > CMD_CLIENTS_MAX)
        b->clients.count = CMD_CLIENTS_MAX;
    for (size_t i = 0; i < CMD_CLIENTS_MAX; i++)
        get_client(r, &b->clients.clients[i]);
}

static void put_clients(struct writer *w, const union cmd_reply_body *b)
{
    writer_u32(w, b->clients.indices);
    writer_u32(w, b->clients.next_index);
    writer_u32(w, b->clients.count);
    for (size_t i = 0; i < CMD_CLIENTS_MAX && i < b->clients.count; i++)
        put_client(w, &b->clients.clients[i]);
}

static void get_selectdata(struct reader *r, union cmd_reply_body *b)
{
    struct report_selectdata *s = &b->selectdata;

    s->refid = reader_u32(r);
    s->addr = field_get_addr(r);
    s->state = (char)reader_u8(r);
    s->authenticated = reader_u8(r) != 0;
    s->leap = reader_u8(r);
    reader_skip(r, 1);
    s->conf_options = reader_u16(r);
    s->eff_options = reader_u16(r);
    s->last_sample_ago = reader_u32(r);
    s->score = field_get_float(r);
    s->low_limit = field_get_float(r);
    s->high_limit = field_get_float(r);
}

static void put_selectdata(struct writer *w, const union cmd_reply_body *b)
{
    const struct report_selectdata *s = &b->selectdata;

    writer_u32(w, s->refid);
    field_put_addr(w, &s->addr);
    writer_u8(w, (uint8_t)s->state);
    writer_u8(w, s->authenticated);
    writer_u8(w, (uint8_t)s->leap);
    writer_u8(w, 0);
    writer_u16(w, s->conf_options);
    writer_u16(w, s->eff_options);
    writer_u32(w, s->last_sample_ago);
    field_put_float(w, s->score);
    field_put_float(w, s->low_limit);
    field_put_float(w, s->high_limit);
}

#define SERVERSTATS_RESERVED 4
#define NTPDATA_RESERVED     2 /* 64-bit words */

static void get_serverstats(struct reader *r, union cmd_reply_body *b)
{
    struct report_serverstats *s = &b->serverstats;

    s->ntp_hits = reader_u64(r);
    s->nts_ke_hits = reader_u64(r);
    s->cmd_hits = reader_u64(r);
    s->ntp_drops = reader_u64(r);
    s->nts_ke_drops = reader_u64(r);
    s->cmd_drops = reader_u64(r);
    s->log_drops = reader_u64(r);
    s->ntp_auth_hits = reader_u64(r);
    s->ntp_interleaved_hits = reader_u64(r);
    s->ntp_timestamps = reader_u64(r);
    s->ntp_span_seconds = reader_u64(r);
    s->ntp_daemon_rx = reader_u64(r);
    s->ntp_daemon_tx = reader_u64(r);
    s->ntp_kernel_rx = reader_u64(r);
    s->ntp_kernel_tx = reader_u64(r);
    s->ntp_hw_rx = reader_u64(r);
    s->ntp_hw_tx = reader_u64(r);
    reader_skip(r, 8 * SERVERSTATS_RESERVED);
}

static void put_serverstats(struct writer *w, const union cmd_reply_body *b)
{
    const struct report_serverstats *s = &b->serverstats;

    writer_u64(w, s->ntp_hits);
    writer_u64(w, s->nts_ke_hits);
    writer_u64(w, s->cmd_hits);
    writer_u64(w, s->ntp_drops);
    writer_u64(w, s->nts_ke_drops);
    writer_u64(w, s->cmd_drops);
    writer_u64(w, s->log_drops);
    writer_u64(w, s->ntp_auth_hits);
    writer_u64(w, s->ntp_interleaved_hits);
    writer_u64(w, s->ntp_timestamps);
    writer_u64(w, s->ntp_span_seconds);
    writer_u64(w, s->ntp_daemon_rx);
    writer_u64(w, s->ntp_daemon_tx);
    writer_u64(w, s->ntp_kernel_rx);
    writer_u64(w, s->ntp_kernel_tx);
    writer_u64(w, s->ntp_hw_rx);
    writer_u64(w, s->ntp_hw_tx);
    /* All ones tell newer clients that there is no such counter. */
    for (int i = 0; i < SERVERSTATS_RESERVED; i++)
        writer_u64(w, UINT64_MAX);
}

static void get_ntpdata(struct reader *r, union cmd_reply_body *b)
{
    struct report_ntpdata *n = &b->ntpdata;

    n->remote_addr = field_get_addr(r);
    n->local_addr = field_get_addr(r);
    n->remote_port = reader_u16(r);
    n->leap = reader_u8(r);
    n->version = reader_u8(r);
    n->mode = reader_u8(r);
    n->stratum = reader_u8(r);
    n->poll = (int8_t)reader_u8(r);
    n->precision = (int8_t)reader_u8(r);
    n->root_delay = field_get_float(r);
    n->root_dispersion = field_get_float(r);
    n->refid = reader_u32(r);
    n->ref_time = field_get_time(r);
    n->offset = field_get_float(r);
    n->peer_delay = field_get_float(r);
    n->peer_dispersion = field_get_float(r);
    n->response_time = field_get_float(r);
    n->jitter_asymmetry = field_get_float(r);
    uint16_t flags = reader_u16(r);
    n->tests = flags & NTPDATA_TESTS;
    n->interleaved = flags & NTPDATA_INTERLEAVED;
    n->authenticated = flags & NTPDATA_AUTHENTICATED;
    n->tx_source = (char)reader_u8(r);
    n->rx_source = (char)reader_u8(r);
    n->total_tx = reader_u32(r);
    n->total_rx = reader_u32(r);
    n->total_valid = reader_u32(r);
    n->total_good = reader_u32(r);
    n->total_kernel_tx = reader_u32(r);
    n->total_kernel_rx = reader_u32(r);
    n->total_hw_tx = reader_u32(r);
    n->total_hw_rx = reader_u32(r);
    reader_skip(r, 8 * NTPDATA_RESERVED);
}

static void put_ntpdata(struct writer *w, const union cmd_reply_body *b)
{
    const struct report_ntpdata *n = &b->ntpdata;

    field_put_addr(w, &n->remote_addr);
    field_put_addr(w, &n->local_addr);
    writer_u16(w, n->remote_port);
    writer_u8(w, n->leap);
    writer_u8(w, n->version);
    writer_u8(w, n->mode);
    writer_u8(w, n->stratum);
    writer_u8(w, (uint8_t)n->poll);
    writer_u8(w, (uint8_t)n->precision);
    field_put_float(w, n->root_delay);
    field_put_float(w, n->root_dispersion);
    writer_u32(w, n->refid);
    field_put_time(w, n->ref_time);
    field_put_float(w, n->offset);
    field_put_float(w, n->peer_delay);
    field_put_float(w, n->peer_dispersion);
    field_put_float(w, n->response_time);
    field_put_float(w, n->jitter_asymmetry);
    writer_u16(w,
               (uint16_t)((n->tests & NTPDATA_TESTS) | (n->interleaved ? NTPDATA_INTERLEAVED : 0) |
                          (n->authenticated ? NTPDATA_AUTHENTICATED : 0)));
    writer_u8(w, (uint8_t)n->tx_source);
    writer_u8(w, (uint8_t)n->rx_source);
    writer_u32(w, n->total_tx);
    writer_u32(w, n->total_rx);
    writer_u32(w, n->total_valid);
    writer_u32(w, n->total_good);
    writer_u32(w, n->total_kernel_tx);
    writer_u32(w, n->total_kernel_rx);
    writer_u32(w, n->total_hw_tx);
    writer_u32(w, n->total_hw_rx);
    for (int i = 0; i < NTPDATA_RESERVED; i++)
        writer_u64(w, UINT64_MAX);
}

struct body {
    void (*get)(struct reader *r, union cmd_reply_body *b);
    void (*put)(struct writer *w, const union cmd_reply_body *b);
};

#define BODY(name)                                                                                 \
    {                                                                                              \
        get_##name, put_##name                                                                     \
    }

static const struct body bodies[REPLY_CODES] = {
    [REPLY_SOURCE_COUNT] = BODY(source_count),
    [REPLY_SOURCE_DATA] = BODY(source),
    [REPLY_TRACKING] = BODY(tracking),
    [REPLY_SOURCESTATS] = BODY(sourcestats),
    [REPLY_RTC] = BODY(rtc),
    [REPLY_ACTIVITY] = BODY(activity),
    [REPLY_SMOOTHING] = BODY(smoothing),
    [REPLY_SETTIME] = BODY(settime),
    [REPLY_MANUAL_LIST] = BODY(manual_list),
    [REPLY_SOURCENAME] = BODY(name),
    [REPLY_AUTHDATA] = BODY(authdata),
    [REPLY_CLIENTS] = BODY(clients),
    [REPLY_SELECTDATA] = BODY(selectdata),
    [REPLY_SERVERSTATS] = BODY(serverstats),
    [REPLY_NTPDATA] = BODY(ntpdata),
};

size_t cmd_reply_encode(const struct cmd_reply_header *header, const union cmd_reply_body *body,
                        void *buf, size_t size)
{
    size_t length = cmd_reply_length(header->reply);
    struct writer w = writer_make(buf, size);

    if (length == 0)
        return 0;
    writer_u8(&w, header->version);
    writer_u8(&w, CMD_TYPE_REPLY);
    writer_u16(&w, 0);
    writer_u16(&w, header->command);
    writer_u16(&w, header->reply);
    writer_u16(&w, header->status);
    writer_zeros(&w, 6);
    writer_u32(&w, header->sequence);
    writer_zeros(&w, 8);
    if (bodies[header->reply].put)
        bodies[header->reply].put(&w, body);
    if (!w.failed && w.pos < length)
        writer_zeros(&w, length - w.pos);
    return w.failed ? 0 : w.pos;
}

bool cmd_reply_decode(const void *data, size_t length, unsigned int reply,
                      union cmd_reply_body *body)
{
    size_t needed = cmd_reply_length(reply);
    struct reader r = reader_make(data, length);

    memset(body, 0, sizeof(*body));
    if (needed == 0 || length < needed)
        return false;
    reader_skip(&r, CMD_REPLY_HEADER);
    if (bodies[reply].get)
        bodies[reply].get(&r, body);
    return !r.failed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bodies of the messages between the processes. Each function writes a body, or reads and
 * checks it; the table in ipc.c says which message has which.
 */
#include "process/ipc_bodies.h"
#include <math.h>
#include <string.h>

#define MAX_NUMBER 1000 /* of a helper */

void ipc_body_nothing(struct codec *c, struct ipc_message *m)
{
}

void ipc_body_connection(struct codec *c, struct ipc_message *m)
{
    struct ipc_connection *b = &m->u.connection;

    b->session = codec_u32(c, b->session);
    codec_address(c, &b->peer.addr);
    b->peer.port = codec_u16(c, b->peer.port);
    b->key_id = codec_u32(c, b->key_id);
    b->aead = codec_u16(c, (size_t)b->aead);
    codec_secret(c, &b->key);
    codec_check(c, b->key.length == aead_key_length(b->aead));
}

void ipc_body_failed(struct codec *c, struct ipc_message *m)
{
    codec_text(c, m->u.failed.text);
    codec_check(c, m->u.failed.text[0] != '\0');
}

void ipc_body_outcome(struct codec *c, struct ipc_message *m)
{
    m->u.outcome.session = codec_u32(c, m->u.outcome.session);
    uint8_t end = codec_u8(c, m->u.outcome.end);
    codec_check(c, end >= KE_END_COMPLETE && end <= KE_END_REJECTED);
    m->u.outcome.end = (enum ke_end)end;
}

void ipc_body_process(struct codec *c, struct ipc_message *m)
{
    m->u.process.pid = codec_pid(c, m->u.process.pid);
}

void ipc_body_lone(struct codec *c, struct ipc_message *m)
{
    struct ipc_lone *b = &m->u.lone;
    uint8_t role = codec_u8(c, b->role);

    codec_check(c, role > PROCESS_FORK_SERVER && role < PROCESS_ROLES);
    b->role = (enum process_role)role;
    b->number = codec_u16(c, b->number);
    codec_check(c, b->number > 0 && b->number <= MAX_NUMBER);
}

void ipc_body_lone_new(struct codec *c, struct ipc_message *m)
{
    ipc_body_lone(c, m);
    m->u.lone.pid = codec_pid(c, m->u.lone.pid);
}

void ipc_body_helper(struct codec *c, struct ipc_message *m)
{
    m->u.helper.generation = codec_u32(c, m->u.helper.generation);
    m->u.helper.number = codec_u16(c, m->u.helper.number);
    m->u.helper.pid = codec_pid(c, m->u.helper.pid);
    codec_check(c, m->u.helper.generation > 0 && m->u.helper.number > 0 &&
                       m->u.helper.number <= MAX_NUMBER);
}

void ipc_body_facts(struct codec *c, struct ipc_message *m)
{
    struct ipc_facts *b = &m->u.facts;
    uint8_t role = codec_u8(c, b->role);

    codec_check(c, role >= PROCESS_FORK_SERVER && role < PROCESS_ROLES);
    b->role = (enum process_role)role;
    b->number = codec_u16(c, b->number);
    b->generation = codec_u32(c, b->generation);
    b->pid = codec_pid(c, b->pid);
    codec_check(c, b->number <= MAX_NUMBER && (b->number == 0) == (role == PROCESS_FORK_SERVER) &&
                       (b->generation != 0) == (role == PROCESS_KE_HELPER));
}

void ipc_body_refused(struct codec *c, struct ipc_message *m)
{
    m->u.refused.generation = codec_u32(c, m->u.refused.generation);
    codec_check(c, m->u.refused.generation > 0);
}

/* Files that cannot be used need a reason. */
void ipc_body_files(struct codec *c, struct ipc_message *m)
{
    m->u.files.generation = codec_u32(c, m->u.files.generation);
    m->u.files.usable = codec_bool(c, m->u.files.usable);
    codec_text(c, m->u.files.text);
    codec_check(c, m->u.files.generation > 0 && (m->u.files.usable || m->u.files.text[0] != '\0'));
}

void ipc_body_verdict(struct codec *c, struct ipc_message *m)
{
    m->u.verdict.usable = codec_bool(c, m->u.verdict.usable);
    codec_text(c, m->u.verdict.text);
    codec_check(c, m->u.verdict.usable == (m->u.verdict.text[0] == '\0'));
}

void ipc_body_certificate(struct codec *c, struct ipc_message *m)
{
    struct ipc_certificate *b = &m->u.certificate;

    b->not_before = codec_i64(c, b->not_before);
    b->not_after = codec_i64(c, b->not_after);
    codec_text(c, b->file);
    codec_check(c, b->file[0] != '\0');
}

void ipc_body_bind(struct codec *c, struct ipc_message *m)
{
    struct ip_port *local = &m->u.bind.local;

    codec_address(c, &local->addr);
    local->addr.scope = codec_u32(c, local->addr.scope);
    local->port = codec_u16(c, local->port);
    codec_check(c, local->port != 0);
}

void ipc_body_bound(struct codec *c, struct ipc_message *m)
{
    m->u.bound.error = codec_u16(c, (size_t)m->u.bound.error);
}

void ipc_body_lookup(struct codec *c, struct ipc_message *m)
{
    struct ipc_lookup *b = &m->u.lookup;

    b->id = codec_u32(c, b->id);
    b->family = codec_family(c, b->family);
    b->reload = codec_bool(c, b->reload);
    codec_string(c, b->name, sizeof(b->name));
    codec_check(c, b->name[0] != '\0');
}

void ipc_body_addresses(struct codec *c, struct ipc_message *m)
{
    struct ipc_addresses *b = &m->u.addresses;

    b->id = codec_u32(c, b->id);
    uint8_t status = codec_u8(c, b->status), count = codec_u8(c, (unsigned int)b->count);
    codec_check(c, status < RESOLVE_STATUSES && count <= ADDR_MAX_PER_NAME &&
                       (count > 0) == (status == RESOLVE_SUCCESS));
    if (count > ADDR_MAX_PER_NAME)
        return;
    b->status = (enum resolve_status)status;
    b->count = count;
    for (int i = 0; i < count; i++)
        codec_address(c, &b->addrs[i]);
}

static void code_octets_of(struct codec *c, struct ipc_octets *b)
{
    b->id = codec_u32(c, b->id);
    b->status = codec_u16(c, b->status);
    b->length = codec_u16(c, b->length);
    codec_check(c, b->length <= sizeof(b->data));
    if (!c->bad)
        codec_octets(c, b->data, b->length);
}

void ipc_body_query(struct codec *c, struct ipc_message *m)
{
    code_octets_of(c, &m->u.octets);
    codec_check(c, m->u.octets.status == 0 && m->u.octets.length > 0);
}

void ipc_body_report(struct codec *c, struct ipc_message *m)
{
    code_octets_of(c, &m->u.octets);
    codec_check(c, m->u.octets.status == 0 || m->u.octets.length == 0);
}

void ipc_body_guard_request(struct codec *c, struct ipc_message *m)
{
    m->u.guard_request.id = codec_u32(c, m->u.guard_request.id);
}

void ipc_body_guard_frequency(struct codec *c, struct ipc_message *m)
{
    ipc_body_guard_request(c, m);
    m->u.guard_request.freq_ppm = codec_double(c, m->u.guard_request.freq_ppm);
    m->u.guard_request.base_ppm = codec_double(c, m->u.guard_request.base_ppm);
}

void ipc_body_guard_step(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_request *b = &m->u.guard_request;

    ipc_body_guard_request(c, m);
    uint8_t reason = codec_u8(c, b->reason);
    codec_check(c, reason < STEP_REASONS);
    b->reason = (enum step_reason)reason;
    b->offset = codec_double(c, b->offset);
}

void ipc_body_guard_status(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_request *b = &m->u.guard_request;

    ipc_body_guard_request(c, m);
    b->synchronised = codec_bool(c, b->synchronised);
    b->est_error = codec_double(c, b->est_error);
    b->max_error = codec_double(c, b->max_error);
}

void ipc_body_guard_leap(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_request *b = &m->u.guard_request;

    ipc_body_guard_request(c, m);
    b->leap = (int32_t)codec_u32(c, (uint32_t)b->leap);
    b->tai_offset = (int32_t)codec_u32(c, (uint32_t)b->tai_offset);
}

void ipc_body_guard_rtc(struct codec *c, struct ipc_message *m)
{
    ipc_body_guard_request(c, m);
    m->u.guard_request.seconds = codec_i64(c, m->u.guard_request.seconds);
}

static enum guard_verdict code_guard_verdict(struct codec *c, enum guard_verdict verdict)
{
    uint8_t octet = codec_u8(c, verdict);

    codec_check(c, octet < GUARD_VERDICTS);
    return octet < GUARD_VERDICTS ? (enum guard_verdict)octet : GUARD_ALLOWED;
}

void ipc_body_guard_reply(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_reply *b = &m->u.guard_reply;

    b->id = codec_u32(c, b->id);
    b->verdict = code_guard_verdict(c, b->verdict);
    b->done = codec_bool(c, b->done);
    b->freq_ppm = codec_double(c, b->freq_ppm);
    b->refusals = (uint64_t)codec_i64(c, (int64_t)b->refusals);
    b->last_refusal = code_guard_verdict(c, b->last_refusal);
    codec_check(c, isfinite(b->freq_ppm) && !(b->done && b->verdict != GUARD_ALLOWED));
}

void ipc_body_ke_establish(struct codec *c, struct ipc_message *m)
{
    struct ipc_ke_establish *b = &m->u.establish;

    b->session = codec_u32(c, b->session);
    codec_address(c, &b->server.addr);
    b->server.addr.scope = codec_u32(c, b->server.addr.scope);
    codec_check(c, b->server.addr.scope == 0 || b->server.addr.family == IP_V6);
    b->server.port = codec_u16(c, b->server.port);
    b->cert_set = codec_u32(c, b->cert_set);
    b->checks_dates = codec_bool(c, b->checks_dates);
    b->now = codec_i64(c, b->now);
    codec_string(c, b->name, sizeof(b->name));
    codec_check(c, b->name[0] != '\0');
}

void ipc_body_ke_stop(struct codec *c, struct ipc_message *m)
{
    m->u.stop.session = codec_u32(c, m->u.stop.session);
}

void ipc_body_ke_trust(struct codec *c, struct ipc_message *m)
{
    m->u.trust.cert_set = codec_u32(c, m->u.trust.cert_set);
    codec_text(c, m->u.trust.text);
}

/* In a form of the keys both have the length that belongs to the algorithm. */
static void code_keys(struct codec *c, int aead, struct secret *c2s, struct secret *s2c)
{
    codec_secret(c, c2s);
    codec_secret(c, s2c);
    codec_check(c, c2s->length == aead_key_length(aead) && s2c->length == c2s->length);
}

static void code_cookie(struct codec *c, struct ipc_cookie *cookie)
{
    size_t length = codec_u16(c, cookie->length);

    codec_check(c, length > 0 && length <= IPC_COOKIE_SIZE && length % 4 == 0);
    if (c->bad)
        return;
    cookie->length = length;
    codec_octets(c, cookie->data, length);
}

void ipc_body_ke_answer(struct codec *c, struct ipc_message *m)
{
    struct ipc_ke_answer *b = &m->u.ke_answer;

    b->session = codec_u32(c, b->session);
    b->aead = codec_u16(c, (size_t)b->aead);
    code_keys(c, b->aead, &b->c2s, &b->s2c);
    b->has_alternate = codec_bool(c, b->has_alternate);
    if (b->has_alternate)
        code_keys(c, b->aead, &b->alternate_c2s, &b->alternate_s2c);
    uint8_t count = codec_u8(c, (unsigned int)b->cookie_count);
    codec_check(c, count > 0 && count <= IPC_MAX_COOKIES);
    if (c->bad)
        return;
    b->cookie_count = count;
    for (int i = 0; i < count; i++)
        code_cookie(c, &b->cookies[i]);
    codec_characters(c, b->ntp_server, sizeof(b->ntp_server), 0x21);
    b->ntp_port = codec_u16(c, b->ntp_port);
    b->valid_until = codec_i64(c, b->valid_until);
}

void ipc_body_ke_ended(struct codec *c, struct ipc_message *m)
{
    struct ipc_ke_ended *b = &m->u.ke_ended;

    b->session = codec_u32(c, b->session);
    b->failed_start = codec_bool(c, b->failed_start);
    b->retry_factor = codec_u8(c, b->retry_factor);
    b->code = codec_u16(c, b->code);
    b->number = (int32_t)codec_u32(c, (uint32_t)b->number);
    b->valid_from = codec_i64(c, b->valid_from);
    b->valid_until = codec_i64(c, b->valid_until);
    codec_characters(c, b->text, sizeof(b->text), 0x20);
    /* A start that failed has a reason. */
    codec_check(c, !b->failed_start || b->code != 0);
}

void ipc_body_memory(struct codec *c, struct ipc_message *m)
{
    m->u.memory.sequence = codec_u32(c, m->u.memory.sequence);
    m->u.memory.size = (uint64_t)codec_i64(c, (int64_t)m->u.memory.size);
    codec_check(c, m->u.memory.size > 0 && m->u.memory.size <= SIZE_MAX / 2);
}

void ipc_body_server_socket(struct codec *c, struct ipc_message *m)
{
    m->u.server_socket.sequence = codec_u32(c, m->u.server_socket.sequence);
    m->u.server_socket.family = codec_family(c, m->u.server_socket.family);
    codec_check(c, m->u.server_socket.family != IP_UNSPEC);
}

void ipc_body_clock_change(struct codec *c, struct ipc_message *m)
{
    struct ipc_clock_change *b = &m->u.clock_change;
    uint8_t type = codec_u8(c, b->type);

    codec_check(c, type <= CLOCK_UNKNOWN_STEP);
    b->type = (enum clock_change_type)type;
    b->number = (uint64_t)codec_i64(c, (int64_t)b->number);
    b->doffset = codec_double(c, b->doffset);
    codec_check(c, isfinite(b->doffset));
}

void ipc_body_reset(struct codec *c, struct ipc_message *m)
{
    struct ipc_clients_reset *b = &m->u.reset;

    b->sequence = codec_u32(c, b->sequence);
    b->hold = codec_bool(c, b->hold);
    b->first = codec_u32(c, b->first);
    b->count = codec_u32(c, b->count);
    codec_check(c, b->first <= INT32_MAX && b->count <= INT32_MAX);
}

/* The zero time is allowed. */
static void code_time(struct codec *c, struct raw_time *time)
{
    time->i.sec = codec_i64(c, time->i.sec);
    uint32_t nsec = codec_u32(c, (uint32_t)time->i.nsec);
    codec_check(c, nsec < 1000000000U);
    time->i.nsec = (int32_t)nsec;
}

static void code_some_address(struct codec *c, struct ip_addr *addr)
{
    if (codec_bool(c, addr->family != IP_UNSPEC))
        codec_address(c, addr);
    else
        addr->family = IP_UNSPEC;
}

void ipc_body_packet(struct codec *c, struct ipc_message *m)
{
    struct ipc_packet *b = &m->u.packet;
    uint8_t kind = codec_u8(c, b->kind);

    b->kind = (enum ipc_packet_kind)kind;
    b->family = codec_family(c, b->family);
    codec_address(c, &b->remote.addr);
    b->remote.port = codec_u16(c, b->remote.port);
    code_some_address(c, &b->local);
    b->if_index = (int32_t)codec_u32(c, (uint32_t)b->if_index);
    code_time(c, &b->kernel_time);
    code_time(c, &b->time);
    b->length = codec_u16(c, b->length);
    codec_check(c, kind <= IPC_PACKET_TO_SIGN && b->remote.addr.family == b->family &&
                       b->if_index >= -1 && b->length > 0 && b->length <= sizeof(b->data) &&
                       (b->local.family == IP_UNSPEC || b->local.family == b->family));
    if (c->bad)
        return;
    codec_octets(c, b->data, b->length);
    if (b->kind == IPC_PACKET_TO_SIGN)
        codec_octets(c, b->reply, sizeof(b->reply));
}

void ipc_body_packet_back(struct codec *c, struct ipc_message *m)
{
    ipc_body_packet(c, m);
    codec_check(c, m->u.packet.kind == IPC_PACKET_RECEIVED);
}

void ipc_body_done(struct codec *c, struct ipc_message *m)
{
    m->u.done.sequence = codec_u32(c, m->u.done.sequence);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codec of the messages between the processes of the daemon; see ipc.h. Each body has one function,
 * which writes it or reads and checks it. The table after them is the permission table: who may
 * send what, when, and with a descriptor or without.
 */
#include "process/ipc.h"
#include <assert.h>
#include <math.h>
#include <string.h>
#include "base/number.h"
#include "base/wire.h"

#define MAGIC      0x4e4bU
#define MAX_NUMBER 1000 /* of a helper */

/* ---- Values ---- */

/* Either writes or reads. bad: an invalid value was read. */
struct codec {
    struct writer w;
    struct reader r;
    bool writes;
    bool bad;
};

static void check(struct codec *c, bool condition)
{
    c->bad = c->bad || !condition;
}

static uint8_t code_u8(struct codec *c, unsigned int value)
{
    if (!c->writes)
        return reader_u8(&c->r);
    writer_u8(&c->w, (uint8_t)value);
    return (uint8_t)value;
}

static uint16_t code_u16(struct codec *c, size_t value)
{
    if (!c->writes)
        return reader_u16(&c->r);
    writer_u16(&c->w, (uint16_t)value);
    return (uint16_t)value;
}

static uint32_t code_u32(struct codec *c, uint32_t value)
{
    if (!c->writes)
        return reader_u32(&c->r);
    writer_u32(&c->w, value);
    return value;
}

static int64_t code_i64(struct codec *c, int64_t value)
{
    if (!c->writes)
        return (int64_t)reader_u64(&c->r);
    writer_u64(&c->w, (uint64_t)value);
    return value;
}

/* Any number, also one that is not finite. */
static double code_double(struct codec *c, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    bits = (uint64_t)code_i64(c, (int64_t)bits);
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static bool code_bool(struct codec *c, bool value)
{
    uint8_t octet = code_u8(c, value);

    check(c, octet <= 1);
    return octet != 0;
}

static void code_octets(struct codec *c, void *octets, size_t count)
{
    if (c->writes)
        writer_bytes(&c->w, octets, count);
    else
        reader_bytes(&c->r, octets, count);
}

static void code_zeros(struct codec *c, size_t count)
{
    while (count-- > 0)
        check(c, code_u8(c, 0) == 0);
}

/* A string with its length before it, and without an octet of 0. */
static void code_string(struct codec *c, char *text, size_t size)
{
    size_t length = code_u16(c, strnlen(text, size - 1));

    check(c, length < size);
    if (c->bad)
        return;
    code_octets(c, text, length);
    text[length] = '\0';
    check(c, strlen(text) == length);
}

/* ... of characters from the first to 0x7e. */
static void code_characters(struct codec *c, char *text, size_t size, char first)
{
    code_string(c, text, size);
    for (const char *p = text; !c->bad && *p != '\0'; p++)
        check(c, *p >= first && *p <= 0x7e);
}

/* A text may go to the log, so it must be printable. */
static void code_text(struct codec *c, char text[IPC_TEXT_SIZE])
{
    code_characters(c, text, IPC_TEXT_SIZE, 0x20);
}

static int32_t code_pid(struct codec *c, int32_t pid)
{
    uint32_t value = code_u32(c, (uint32_t)pid);

    check(c, value > 1 && value <= INT32_MAX);
    return (int32_t)value;
}

/* IP_UNSPEC: 0. */
static enum ip_family code_family(struct codec *c, enum ip_family family)
{
    uint8_t octet = code_u8(c, family == IP_V4 ? 4 : family == IP_V6 ? 6 : 0);

    check(c, octet == 0 || octet == 4 || octet == 6);
    return octet == 4 ? IP_V4 : octet == 6 ? IP_V6 : IP_UNSPEC;
}

static void code_address(struct codec *c, struct ip_addr *addr)
{
    addr->family = code_family(c, addr->family);
    check(c, addr->family != IP_UNSPEC);
    if (addr->family == IP_V6) {
        code_octets(c, addr->u.v6, 16);
    } else {
        code_octets(c, addr->u.v4, 4);
        code_zeros(c, 12);
    }
}

static void code_secret(struct codec *c, struct secret *key)
{
    size_t length = code_u16(c, key->length);

    check(c, length > 0 && length <= AEAD_MAX_KEY);
    if (c->bad)
        return;
    key->length = length;
    code_octets(c, key->data, length);
    code_zeros(c, AEAD_MAX_KEY - length);
}

/* ---- Bodies ---- */

static void code_nothing(struct codec *c, struct ipc_message *m)
{
}

static void code_connection(struct codec *c, struct ipc_message *m)
{
    struct ipc_connection *b = &m->u.connection;

    b->session = code_u32(c, b->session);
    code_address(c, &b->peer.addr);
    b->peer.port = code_u16(c, b->peer.port);
    b->key_id = code_u32(c, b->key_id);
    b->aead = code_u16(c, (size_t)b->aead);
    code_secret(c, &b->key);
    check(c, b->key.length == aead_key_length(b->aead));
}

static void code_failed(struct codec *c, struct ipc_message *m)
{
    code_text(c, m->u.failed.text);
    check(c, m->u.failed.text[0] != '\0');
}

static void code_outcome(struct codec *c, struct ipc_message *m)
{
    m->u.outcome.session = code_u32(c, m->u.outcome.session);
    uint8_t end = code_u8(c, m->u.outcome.end);
    check(c, end >= KE_END_COMPLETE && end <= KE_END_REJECTED);
    m->u.outcome.end = (enum ke_end)end;
}

static void code_process(struct codec *c, struct ipc_message *m)
{
    m->u.process.pid = code_pid(c, m->u.process.pid);
}

static void code_lone(struct codec *c, struct ipc_message *m)
{
    struct ipc_lone *b = &m->u.lone;
    uint8_t role = code_u8(c, b->role);

    check(c, role > PROCESS_FORK_SERVER && role < PROCESS_ROLES);
    b->role = (enum process_role)role;
    b->number = code_u16(c, b->number);
    check(c, b->number > 0 && b->number <= MAX_NUMBER);
}

static void code_lone_new(struct codec *c, struct ipc_message *m)
{
    code_lone(c, m);
    m->u.lone.pid = code_pid(c, m->u.lone.pid);
}

static void code_helper(struct codec *c, struct ipc_message *m)
{
    m->u.helper.generation = code_u32(c, m->u.helper.generation);
    m->u.helper.number = code_u16(c, m->u.helper.number);
    m->u.helper.pid = code_pid(c, m->u.helper.pid);
    check(c,
          m->u.helper.generation > 0 && m->u.helper.number > 0 && m->u.helper.number <= MAX_NUMBER);
}

static void code_facts(struct codec *c, struct ipc_message *m)
{
    struct ipc_facts *b = &m->u.facts;
    uint8_t role = code_u8(c, b->role);

    check(c, role >= PROCESS_FORK_SERVER && role < PROCESS_ROLES);
    b->role = (enum process_role)role;
    b->number = code_u16(c, b->number);
    b->generation = code_u32(c, b->generation);
    b->pid = code_pid(c, b->pid);
    check(c, b->number <= MAX_NUMBER && (b->number == 0) == (role == PROCESS_FORK_SERVER) &&
                 (b->generation != 0) == (role == PROCESS_KE_HELPER));
}

static void code_refused(struct codec *c, struct ipc_message *m)
{
    m->u.refused.generation = code_u32(c, m->u.refused.generation);
    check(c, m->u.refused.generation > 0);
}

/* Files that cannot be used need a reason. */
static void code_files(struct codec *c, struct ipc_message *m)
{
    m->u.files.generation = code_u32(c, m->u.files.generation);
    m->u.files.usable = code_bool(c, m->u.files.usable);
    code_text(c, m->u.files.text);
    check(c, m->u.files.generation > 0 && (m->u.files.usable || m->u.files.text[0] != '\0'));
}

static void code_verdict(struct codec *c, struct ipc_message *m)
{
    m->u.verdict.usable = code_bool(c, m->u.verdict.usable);
    code_text(c, m->u.verdict.text);
    check(c, m->u.verdict.usable == (m->u.verdict.text[0] == '\0'));
}

static void code_certificate(struct codec *c, struct ipc_message *m)
{
    struct ipc_certificate *b = &m->u.certificate;

    b->not_before = code_i64(c, b->not_before);
    b->not_after = code_i64(c, b->not_after);
    code_text(c, b->file);
    check(c, b->file[0] != '\0');
}

static void code_bind(struct codec *c, struct ipc_message *m)
{
    struct ip_port *local = &m->u.bind.local;

    code_address(c, &local->addr);
    local->addr.scope = code_u32(c, local->addr.scope);
    local->port = code_u16(c, local->port);
    check(c, local->port != 0);
}

static void code_bound(struct codec *c, struct ipc_message *m)
{
    m->u.bound.error = code_u16(c, (size_t)m->u.bound.error);
}

static void code_lookup(struct codec *c, struct ipc_message *m)
{
    struct ipc_lookup *b = &m->u.lookup;

    b->id = code_u32(c, b->id);
    b->family = code_family(c, b->family);
    b->reload = code_bool(c, b->reload);
    code_string(c, b->name, sizeof(b->name));
    check(c, b->name[0] != '\0');
}

static void code_addresses(struct codec *c, struct ipc_message *m)
{
    struct ipc_addresses *b = &m->u.addresses;

    b->id = code_u32(c, b->id);
    uint8_t status = code_u8(c, b->status), count = code_u8(c, (unsigned int)b->count);
    check(c, status < RESOLVE_STATUSES && count <= ADDR_MAX_PER_NAME &&
                 (count > 0) == (status == RESOLVE_SUCCESS));
    if (count > ADDR_MAX_PER_NAME)
        return;
    b->status = (enum resolve_status)status;
    b->count = count;
    for (int i = 0; i < count; i++)
        code_address(c, &b->addrs[i]);
}

static void code_octets_of(struct codec *c, struct ipc_octets *b)
{
    b->id = code_u32(c, b->id);
    b->status = code_u16(c, b->status);
    b->length = code_u16(c, b->length);
    check(c, b->length <= sizeof(b->data));
    if (!c->bad)
        code_octets(c, b->data, b->length);
}

static void code_query(struct codec *c, struct ipc_message *m)
{
    code_octets_of(c, &m->u.octets);
    check(c, m->u.octets.status == 0 && m->u.octets.length > 0);
}

static void code_report(struct codec *c, struct ipc_message *m)
{
    code_octets_of(c, &m->u.octets);
    check(c, m->u.octets.status == 0 || m->u.octets.length == 0);
}

static void code_guard_request(struct codec *c, struct ipc_message *m)
{
    m->u.guard_request.id = code_u32(c, m->u.guard_request.id);
}

static void code_guard_frequency(struct codec *c, struct ipc_message *m)
{
    code_guard_request(c, m);
    m->u.guard_request.freq_ppm = code_double(c, m->u.guard_request.freq_ppm);
    m->u.guard_request.base_ppm = code_double(c, m->u.guard_request.base_ppm);
}

static void code_guard_step(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_request *b = &m->u.guard_request;

    code_guard_request(c, m);
    uint8_t reason = code_u8(c, b->reason);
    check(c, reason < STEP_REASONS);
    b->reason = (enum step_reason)reason;
    b->offset = code_double(c, b->offset);
}

static void code_guard_status(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_request *b = &m->u.guard_request;

    code_guard_request(c, m);
    b->synchronised = code_bool(c, b->synchronised);
    b->est_error = code_double(c, b->est_error);
    b->max_error = code_double(c, b->max_error);
}

static void code_guard_leap(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_request *b = &m->u.guard_request;

    code_guard_request(c, m);
    b->leap = (int32_t)code_u32(c, (uint32_t)b->leap);
    b->tai_offset = (int32_t)code_u32(c, (uint32_t)b->tai_offset);
}

static void code_guard_rtc(struct codec *c, struct ipc_message *m)
{
    code_guard_request(c, m);
    m->u.guard_request.seconds = code_i64(c, m->u.guard_request.seconds);
}

static enum guard_verdict code_guard_verdict(struct codec *c, enum guard_verdict verdict)
{
    uint8_t octet = code_u8(c, verdict);

    check(c, octet < GUARD_VERDICTS);
    return octet < GUARD_VERDICTS ? (enum guard_verdict)octet : GUARD_ALLOWED;
}

static void code_guard_reply(struct codec *c, struct ipc_message *m)
{
    struct ipc_guard_reply *b = &m->u.guard_reply;

    b->id = code_u32(c, b->id);
    b->verdict = code_guard_verdict(c, b->verdict);
    b->done = code_bool(c, b->done);
    b->freq_ppm = code_double(c, b->freq_ppm);
    b->refusals = (uint64_t)code_i64(c, (int64_t)b->refusals);
    b->last_refusal = code_guard_verdict(c, b->last_refusal);
    check(c, isfinite(b->freq_ppm) && !(b->done && b->verdict != GUARD_ALLOWED));
}

static void code_ke_establish(struct codec *c, struct ipc_message *m)
{
    struct ipc_ke_establish *b = &m->u.establish;

    b->session = code_u32(c, b->session);
    code_address(c, &b->server.addr);
    b->server.addr.scope = code_u32(c, b->server.addr.scope);
    check(c, b->server.addr.scope == 0 || b->server.addr.family == IP_V6);
    b->server.port = code_u16(c, b->server.port);
    b->cert_set = code_u32(c, b->cert_set);
    b->checks_dates = code_bool(c, b->checks_dates);
    b->now = code_i64(c, b->now);
    code_string(c, b->name, sizeof(b->name));
    check(c, b->name[0] != '\0');
}

static void code_ke_stop(struct codec *c, struct ipc_message *m)
{
    m->u.stop.session = code_u32(c, m->u.stop.session);
}

static void code_ke_trust(struct codec *c, struct ipc_message *m)
{
    m->u.trust.cert_set = code_u32(c, m->u.trust.cert_set);
    code_text(c, m->u.trust.text);
}

/* In a form of the keys both have the length that belongs to the algorithm. */
static void code_keys(struct codec *c, int aead, struct secret *c2s, struct secret *s2c)
{
    code_secret(c, c2s);
    code_secret(c, s2c);
    check(c, c2s->length == aead_key_length(aead) && s2c->length == c2s->length);
}

static void code_cookie(struct codec *c, struct ipc_cookie *cookie)
{
    size_t length = code_u16(c, cookie->length);

    check(c, length > 0 && length <= IPC_COOKIE_SIZE && length % 4 == 0);
    if (c->bad)
        return;
    cookie->length = length;
    code_octets(c, cookie->data, length);
}

static void code_ke_answer(struct codec *c, struct ipc_message *m)
{
    struct ipc_ke_answer *b = &m->u.ke_answer;

    b->session = code_u32(c, b->session);
    b->aead = code_u16(c, (size_t)b->aead);
    code_keys(c, b->aead, &b->c2s, &b->s2c);
    b->has_alternate = code_bool(c, b->has_alternate);
    if (b->has_alternate)
        code_keys(c, b->aead, &b->alternate_c2s, &b->alternate_s2c);
    uint8_t count = code_u8(c, (unsigned int)b->cookie_count);
    check(c, count > 0 && count <= IPC_MAX_COOKIES);
    if (c->bad)
        return;
    b->cookie_count = count;
    for (int i = 0; i < count; i++)
        code_cookie(c, &b->cookies[i]);
    code_characters(c, b->ntp_server, sizeof(b->ntp_server), 0x21);
    b->ntp_port = code_u16(c, b->ntp_port);
    b->valid_until = code_i64(c, b->valid_until);
}

static void code_ke_ended(struct codec *c, struct ipc_message *m)
{
    struct ipc_ke_ended *b = &m->u.ke_ended;

    b->session = code_u32(c, b->session);
    b->failed_start = code_bool(c, b->failed_start);
    b->retry_factor = code_u8(c, b->retry_factor);
    b->code = code_u16(c, b->code);
    b->number = (int32_t)code_u32(c, (uint32_t)b->number);
    b->valid_from = code_i64(c, b->valid_from);
    b->valid_until = code_i64(c, b->valid_until);
    code_characters(c, b->text, sizeof(b->text), 0x20);
    /* A start that failed has a reason. */
    check(c, !b->failed_start || b->code != 0);
}

static void code_memory(struct codec *c, struct ipc_message *m)
{
    m->u.memory.sequence = code_u32(c, m->u.memory.sequence);
    m->u.memory.size = (uint64_t)code_i64(c, (int64_t)m->u.memory.size);
    check(c, m->u.memory.size > 0 && m->u.memory.size <= SIZE_MAX / 2);
}

static void code_server_socket(struct codec *c, struct ipc_message *m)
{
    m->u.server_socket.sequence = code_u32(c, m->u.server_socket.sequence);
    m->u.server_socket.family = code_family(c, m->u.server_socket.family);
    check(c, m->u.server_socket.family != IP_UNSPEC);
}

static void code_clock_change(struct codec *c, struct ipc_message *m)
{
    struct ipc_clock_change *b = &m->u.clock_change;
    uint8_t type = code_u8(c, b->type);

    check(c, type <= CLOCK_UNKNOWN_STEP);
    b->type = (enum clock_change_type)type;
    b->number = (uint64_t)code_i64(c, (int64_t)b->number);
    b->doffset = code_double(c, b->doffset);
    check(c, isfinite(b->doffset));
}

static void code_reset(struct codec *c, struct ipc_message *m)
{
    struct ipc_clients_reset *b = &m->u.reset;

    b->sequence = code_u32(c, b->sequence);
    b->hold = code_bool(c, b->hold);
    b->first = code_u32(c, b->first);
    b->count = code_u32(c, b->count);
    check(c, b->first <= INT32_MAX && b->count <= INT32_MAX);
}

/* The zero time is allowed. */
static void code_time(struct codec *c, struct raw_time *time)
{
    time->i.sec = code_i64(c, time->i.sec);
    uint32_t nsec = code_u32(c, (uint32_t)time->i.nsec);
    check(c, nsec < 1000000000U);
    time->i.nsec = (int32_t)nsec;
}

static void code_some_address(struct codec *c, struct ip_addr *addr)
{
    if (code_bool(c, addr->family != IP_UNSPEC))
        code_address(c, addr);
    else
        addr->family = IP_UNSPEC;
}

static void code_packet(struct codec *c, struct ipc_message *m)
{
    struct ipc_packet *b = &m->u.packet;
    uint8_t kind = code_u8(c, b->kind);

    b->kind = (enum ipc_packet_kind)kind;
    b->family = code_family(c, b->family);
    code_address(c, &b->remote.addr);
    b->remote.port = code_u16(c, b->remote.port);
    code_some_address(c, &b->local);
    b->if_index = (int32_t)code_u32(c, (uint32_t)b->if_index);
    code_time(c, &b->kernel_time);
    code_time(c, &b->time);
    b->length = code_u16(c, b->length);
    check(c, kind <= IPC_PACKET_TO_SIGN && b->remote.addr.family == b->family &&
                 b->if_index >= -1 && b->length > 0 && b->length <= sizeof(b->data) &&
                 (b->local.family == IP_UNSPEC || b->local.family == b->family));
    if (c->bad)
        return;
    code_octets(c, b->data, b->length);
    if (b->kind == IPC_PACKET_TO_SIGN)
        code_octets(c, b->reply, sizeof(b->reply));
}

static void code_packet_back(struct codec *c, struct ipc_message *m)
{
    code_packet(c, m);
    check(c, m->u.packet.kind == IPC_PACKET_RECEIVED);
}

static void code_done(struct codec *c, struct ipc_message *m)
{
    m->u.done.sequence = code_u32(c, m->u.done.sequence);
}

/* ---- The permission table ---- */

#define IN(state) (1U << (state))
#define SHORT     IPC_MESSAGE_SIZE
#define LONG      IPC_LONG_SIZE
#define ANY       (IN(IPC_FRESH) | IN(IPC_WORKING) | IN(IPC_LEAVING))

static const struct kind {
    enum ipc_type type;
    enum ipc_role sender;
    unsigned int when;    /* states of the sender in which it may say it */
    enum ipc_state after; /* its state then */
    int descriptors;
    size_t size;
    void (*code)(struct codec *c, struct ipc_message *message);
} kinds[] = {
    {IPC_CONNECTION, IPC_DISPATCHER, IN(IPC_FRESH) | IN(IPC_WORKING), IPC_WORKING, 1, SHORT,
     code_connection},
    {IPC_DRAIN, IPC_DISPATCHER, IN(IPC_FRESH) | IN(IPC_WORKING), IPC_LEAVING, 0, SHORT,
     code_nothing},
    {IPC_CERTIFICATE, IPC_HELPER, IN(IPC_FRESH), IPC_FRESH, 0, SHORT, code_certificate},
    {IPC_READY, IPC_HELPER, IN(IPC_FRESH), IPC_WORKING, 0, SHORT, code_nothing},
    {IPC_FAILED, IPC_HELPER, IN(IPC_FRESH), IPC_LEAVING, 0, SHORT, code_failed},
    {IPC_OUTCOME, IPC_HELPER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, code_outcome},
    {IPC_START, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, code_nothing},
    {IPC_ADOPT, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, code_nothing},
    {IPC_ABANDON, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, code_nothing},
    {IPC_PING, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, code_nothing},
    {IPC_KILL, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, code_process},
    {IPC_HELPER_NEW, IPC_FORK_SERVER, ANY, IPC_FRESH, 1, SHORT, code_helper},
    {IPC_BINDER, IPC_SUPERVISOR, ANY, IPC_FRESH, 1, SHORT, code_nothing},
    {IPC_BIND, IPC_SUPERVISOR, ANY, IPC_FRESH, 1, SHORT, code_bind},
    {IPC_BOUND, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, code_bound},
    {IPC_WANTED, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, code_lone},
    {IPC_LONE_NEW, IPC_FORK_SERVER, ANY, IPC_FRESH, 1, SHORT, code_lone_new},
    {IPC_FACTS, IPC_FORK_SERVER, ANY, IPC_FRESH, 1, SHORT, code_facts},
    {IPC_REFUSED, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, code_refused},
    {IPC_ALIVE, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, code_nothing},
    {IPC_FILES, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, code_files},
    {IPC_CHANGED, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, code_nothing},
    {IPC_LOOKUP, IPC_ASKER, ANY, IPC_FRESH, 0, SHORT, code_lookup},
    {IPC_ADDRESSES, IPC_RESOLVER, ANY, IPC_FRESH, 0, SHORT, code_addresses},
    {IPC_VERDICT, IPC_CHECKER, ANY, IPC_FRESH, 0, SHORT, code_verdict},
    {IPC_LISTEN, IPC_REPORTER, IN(IPC_FRESH), IPC_WORKING, 1, SHORT, code_nothing},
    {IPC_QUERY, IPC_METRICS, ANY, IPC_FRESH, 0, SHORT, code_query},
    {IPC_REPORT, IPC_REPORTER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, code_report},
    {IPC_GUARD_READ, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, code_guard_request},
    {IPC_GUARD_FREQUENCY, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, code_guard_frequency},
    {IPC_GUARD_STEP, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, code_guard_step},
    {IPC_GUARD_STATUS, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, code_guard_status},
    {IPC_GUARD_LEAP, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, code_guard_leap},
    {IPC_GUARD_UPDATE, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, code_guard_request},
    {IPC_GUARD_RTC, IPC_CLOCK_USER, ANY, IPC_FRESH, 1, SHORT, code_guard_rtc},
    {IPC_GUARD_REPLY, IPC_GUARD, ANY, IPC_FRESH, 0, SHORT, code_guard_reply},
    {IPC_KE_ESTABLISH, IPC_KE_ASKER, ANY, IPC_FRESH, 1, SHORT, code_ke_establish},
    {IPC_KE_STOP, IPC_KE_ASKER, ANY, IPC_FRESH, 0, SHORT, code_ke_stop},
    {IPC_KE_TRUST, IPC_KE_CLIENT, ANY, IPC_FRESH, 0, SHORT, code_ke_trust},
    {IPC_KE_ANSWER, IPC_KE_CLIENT, ANY, IPC_FRESH, 0, LONG, code_ke_answer},
    {IPC_KE_ENDED, IPC_KE_CLIENT, ANY, IPC_FRESH, 0, SHORT, code_ke_ended},
    {IPC_SHARD, IPC_SERVER, IN(IPC_FRESH), IPC_WORKING, 1, SHORT, code_memory},
    {IPC_TIME_PAGE, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 1, SHORT, code_nothing},
    {IPC_TABLES, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 1, SHORT, code_memory},
    {IPC_SERVER_SOCKET, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 1, SHORT, code_server_socket},
    {IPC_SERVER_CLOSE, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, code_server_socket},
    {IPC_CLOCK_CHANGE, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, code_clock_change},
    {IPC_CLIENTS_RESET, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, code_reset},
    {IPC_PACKET_BACK, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, LONG, code_packet_back},
    {IPC_PACKET, IPC_WORKER, ANY, IPC_FRESH, 0, LONG, code_packet},
    {IPC_DONE, IPC_WORKER, ANY, IPC_FRESH, 0, SHORT, code_done},
};

/* NULL: unknown type. Each type has one sender. */
static const struct kind *find_kind(unsigned int type)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

size_t ipc_encode(const struct ipc_message *message, uint8_t *out)
{
    const struct kind *kind = find_kind(message->type);
    struct ipc_message copy = *message;

    assert(kind);
    struct codec c = {.w = writer_make(out, kind->size), .writes = true};
    writer_u16(&c.w, MAGIC);
    writer_u8(&c.w, IPC_VERSION);
    writer_u8(&c.w, (uint8_t)message->type);
    kind->code(&c, &copy);
    writer_zeros(&c.w, kind->size - c.w.pos);
    assert(!c.w.failed);
    crypto_wipe(&copy, sizeof(copy));
    return kind->size;
}

bool ipc_decode(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender,
                enum ipc_state *state, struct ipc_message *message)
{
    struct codec c = {.r = reader_make(data, size)};

    memset(message, 0, sizeof(*message));
    if (reader_u16(&c.r) != MAGIC || reader_u8(&c.r) != IPC_VERSION)
        return false;
    const struct kind *kind = find_kind(reader_u8(&c.r));
    if (!kind || size != kind->size || kind->sender != sender || (kind->when & IN(*state)) == 0 ||
        kind->descriptors != descriptors)
        return false;
    message->type = kind->type;
    kind->code(&c, message);
    check(&c, !c.r.failed);
    code_zeros(&c, reader_left(&c.r));
    if (!c.bad)
        *state = kind->after;
    return !c.bad;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the main process, the fork server and the helpers: every kind survives the trip,
 * and whatever a hostile sender may write is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "process/ipc.h"
#include "test/unit/support/ipc.h"

/* In a state in which the sender may say it. */
static bool decode(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender,
                   struct ipc_message *message)
{
    enum ipc_state state = IPC_FRESH;

    if (ipc_decode(data, size, descriptors, sender, &state, message))
        return true;
    state = IPC_WORKING;
    return ipc_decode(data, size, descriptors, sender, &state, message);
}

static bool decodes(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender)
{
    struct ipc_message m;

    return decode(data, size, descriptors, sender, &m);
}

static void connection_survives_in_both_families(void **state)
{
    const enum ip_family families[] = {IP_V4, IP_V6};
    uint8_t data[IPC_MESSAGE_SIZE];

    for (int i = 0; i < 2; i++) {
        struct ipc_message m = connection_message(families[i]), out;

        ipc_encode(&m, data);
        assert_true(decode(data, sizeof(data), 1, IPC_DISPATCHER, &out));
        assert_int_equal(out.type, IPC_CONNECTION);
        assert_int_equal(out.u.connection.session, 4711);
        assert_true(ip_port_equal(&out.u.connection.peer, &m.u.connection.peer));
        assert_int_equal(out.u.connection.key_id, 0x89abcdef);
        assert_int_equal(out.u.connection.aead, 15);
        assert_int_equal(out.u.connection.key.length, 32);
        assert_memory_equal(out.u.connection.key.data, m.u.connection.key.data, 32);
    }
}

static void other_kinds_survive(void **state)
{
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;
    struct ipc_message failed = {.type = IPC_FAILED};
    const struct ipc_message outcome = {.type = IPC_OUTCOME,
                                        .u.outcome = {.session = 99, .end = KE_END_TIMED_OUT}};
    const struct ipc_message helper = {.type = IPC_HELPER_NEW,
                                       .u.helper = {.generation = 3, .number = 2, .pid = 1234}};

    memset(failed.u.failed.text, 'x', IPC_TEXT_SIZE - 1);
    ipc_encode(&failed, data);
    assert_true(decode(data, sizeof(data), 0, IPC_HELPER, &out));
    assert_string_equal(out.u.failed.text, failed.u.failed.text);
    ipc_encode(&outcome, data);
    assert_true(decode(data, sizeof(data), 0, IPC_HELPER, &out));
    assert_int_equal(out.u.outcome.session, 99);
    assert_int_equal(out.u.outcome.end, KE_END_TIMED_OUT);
    ipc_encode(&helper, data);
    assert_true(decode(data, sizeof(data), 1, IPC_FORK_SERVER, &out));
    assert_int_equal(out.u.helper.generation, 3);
    assert_int_equal(out.u.helper.number, 2);
    assert_int_equal(out.u.helper.pid, 1234);
}

static void ports_to_be_bound_survive(void **state)
{
    struct ipc_message bind = {.type = IPC_BIND, .u.bind.local = {ip_addr_loopback(IP_V6), 123}};
    const struct ipc_message bound = {.type = IPC_BOUND, .u.bound.error = 98};
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    bind.u.bind.local.addr.scope = 7;
    ipc_encode(&bind, data);
    assert_true(decode(data, sizeof(data), 1, IPC_SUPERVISOR, &out));
    assert_true(ip_port_equal(&out.u.bind.local, &bind.u.bind.local));
    assert_int_equal(out.u.bind.local.addr.scope, 7);
    bind.u.bind.local.port = 0;
    ipc_encode(&bind, data);
    assert_false(decodes(data, sizeof(data), 1, IPC_SUPERVISOR));
    ipc_encode(&bound, data);
    assert_true(decode(data, sizeof(data), 0, IPC_FORK_SERVER, &out));
    assert_int_equal(out.u.bound.error, 98);
}

static void files_survive_and_have_a_reason(void **state)
{
    struct ipc_message files = {.type = IPC_FILES, .u.files = {.generation = 7}};
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    memset(files.u.files.text, 'y', IPC_TEXT_SIZE - 1);
    ipc_encode(&files, data);
    assert_true(decode(data, sizeof(data), 0, IPC_FORK_SERVER, &out));
    assert_int_equal(out.u.files.generation, 7);
    assert_false(out.u.files.usable);
    assert_string_equal(out.u.files.text, files.u.files.text);
    data[20] = '\n';
    assert_false(decodes(data, sizeof(data), 0, IPC_FORK_SERVER));
    files.u.files.text[0] = '\0';
    ipc_encode(&files, data); /* not usable, without a reason */
    assert_false(decodes(data, sizeof(data), 0, IPC_FORK_SERVER));
    files.u.files.usable = true;
    ipc_encode(&files, data);
    assert_true(decodes(data, sizeof(data), 0, IPC_FORK_SERVER));
    data[8] = 2; /* usable */
    assert_false(decodes(data, sizeof(data), 0, IPC_FORK_SERVER));
    files.u.files.generation = 0;
    ipc_encode(&files, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_FORK_SERVER));
}

static struct ipc_message lookup_message(void)
{
    struct ipc_message m = {.type = IPC_LOOKUP};

    m.u.lookup.id = 0x12345678;
    m.u.lookup.family = IP_V6;
    m.u.lookup.reload = true;
    memset(m.u.lookup.name, 'n', IPC_NAME_SIZE - 1);
    return m;
}

static struct ipc_message addresses_message(void)
{
    struct ipc_message m = {.type = IPC_ADDRESSES};

    m.u.addresses.id = 77;
    m.u.addresses.status = RESOLVE_SUCCESS;
    m.u.addresses.count = ADDR_MAX_PER_NAME;
    for (int i = 0; i < ADDR_MAX_PER_NAME; i++)
        m.u.addresses.addrs[i] =
            i % 2 == 0 ? ip_addr_v4(192, 0, 2, (uint8_t)i) : ip_addr_loopback(IP_V6);
    return m;
}

static void lookups_and_answers_survive(void **state)
{
    const struct ipc_message lookup = lookup_message(), addresses = addresses_message();
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    ipc_encode(&lookup, data);
    assert_true(decode(data, sizeof(data), 0, IPC_ASKER, &out));
    assert_int_equal(out.u.lookup.id, 0x12345678);
    assert_int_equal(out.u.lookup.family, IP_V6);
    assert_true(out.u.lookup.reload);
    assert_string_equal(out.u.lookup.name, lookup.u.lookup.name);
    ipc_encode(&addresses, data);
    assert_true(decode(data, sizeof(data), 0, IPC_RESOLVER, &out));
    assert_int_equal(out.u.addresses.id, 77);
    assert_int_equal(out.u.addresses.status, RESOLVE_SUCCESS);
    assert_int_equal(out.u.addresses.count, ADDR_MAX_PER_NAME);
    for (int i = 0; i < ADDR_MAX_PER_NAME; i++)
        assert_true(ip_addr_equal(&out.u.addresses.addrs[i], &addresses.u.addresses.addrs[i]));
}

/* What a resolver that a name server has taken over may write. */
static void wrong_lookups_and_answers_are_refused(void **state)
{
    struct ipc_message lookup = lookup_message(), addresses = addresses_message();
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&lookup, data);
    data[20] = 0; /* in the name */
    assert_false(decodes(data, sizeof(data), 0, IPC_ASKER));
    ipc_encode(&lookup, data);
    data[10]++; /* length 511 */
    assert_false(decodes(data, sizeof(data), 0, IPC_ASKER));
    ipc_encode(&lookup, data);
    data[8] = 5; /* family */
    assert_false(decodes(data, sizeof(data), 0, IPC_ASKER));
    ipc_encode(&lookup, data);
    data[9] = 2; /* reload */
    assert_false(decodes(data, sizeof(data), 0, IPC_ASKER));
    lookup.u.lookup.name[0] = '\0';
    ipc_encode(&lookup, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_ASKER));

    ipc_encode(&addresses, data);
    data[8] = RESOLVE_STATUSES;
    assert_false(decodes(data, sizeof(data), 0, IPC_RESOLVER));
    data[8] = RESOLVE_TRY_AGAIN; /* with addresses */
    assert_false(decodes(data, sizeof(data), 0, IPC_RESOLVER));
    data[8] = RESOLVE_SUCCESS;
    data[9] = ADDR_MAX_PER_NAME + 1;
    assert_false(decodes(data, sizeof(data), 0, IPC_RESOLVER));
    data[9] = ADDR_MAX_PER_NAME;
    data[10] = 0; /* family of the first */
    assert_false(decodes(data, sizeof(data), 0, IPC_RESOLVER));
    data[10] = 4;
    assert_true(decodes(data, sizeof(data), 0, IPC_RESOLVER));
    data[15] = 1; /* behind its four octets */
    assert_false(decodes(data, sizeof(data), 0, IPC_RESOLVER));
    addresses.u.addresses.count = 0; /* a success without any */
    ipc_encode(&addresses, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_RESOLVER));
}

/* Numbers of requests are the guard's to judge, so all of them pass, bit by bit. */
static void requests_to_the_guard_survive(void **state)
{
    static const double numbers[] = {0.0, -0.0, 1.5, -1e300, 1e-310, INFINITY, -INFINITY, NAN};
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct ipc_message step = {
            .type = IPC_GUARD_STEP,
            .u.guard_request = {.id = 0x89abcdef, .reason = STEP_LEAP, .offset = numbers[i]}};
        struct ipc_message status = {
            .type = IPC_GUARD_STATUS,
            .u.guard_request = {.synchronised = true, .est_error = numbers[i], .max_error = 2.5}};

        ipc_encode(&step, data);
        assert_true(decode(data, sizeof(data), 0, IPC_CLOCK_USER, &out));
        assert_int_equal(out.u.guard_request.id, 0x89abcdef);
        assert_int_equal(out.u.guard_request.reason, STEP_LEAP);
        assert_memory_equal(&out.u.guard_request.offset, &numbers[i], sizeof(double));
        data[8] = STEP_REASONS;
        assert_false(decodes(data, sizeof(data), 0, IPC_CLOCK_USER));
        ipc_encode(&status, data);
        assert_true(decode(data, sizeof(data), 0, IPC_CLOCK_USER, &out));
        assert_true(out.u.guard_request.synchronised);
        assert_memory_equal(&out.u.guard_request.est_error, &numbers[i], sizeof(double));
        assert_true(out.u.guard_request.max_error == 2.5);
        data[8] = 2; /* synchronised */
        assert_false(decodes(data, sizeof(data), 0, IPC_CLOCK_USER));
    }
    struct ipc_message leap = {.type = IPC_GUARD_LEAP,
                               .u.guard_request = {.leap = INT32_MIN, .tai_offset = -1}};
    ipc_encode(&leap, data);
    assert_true(decode(data, sizeof(data), 0, IPC_CLOCK_USER, &out));
    assert_int_equal(out.u.guard_request.leap, INT32_MIN);
    assert_int_equal(out.u.guard_request.tai_offset, -1);
    struct ipc_message rtc = {.type = IPC_GUARD_RTC, .u.guard_request.seconds = INT64_MIN};
    ipc_encode(&rtc, data);
    assert_true(decode(data, sizeof(data), 1, IPC_CLOCK_USER, &out));
    assert_true(out.u.guard_request.seconds == INT64_MIN);
}

static void replies_of_the_guard_survive_and_make_sense(void **state)
{
    struct ipc_message m = {.type = IPC_GUARD_REPLY,
                            .u.guard_reply = {.id = 7,
                                              .verdict = GUARD_STEP_HOUR,
                                              .freq_ppm = -12.5,
                                              .refusals = UINT64_MAX,
                                              .last_refusal = GUARD_TAI}};
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    ipc_encode(&m, data);
    assert_true(decode(data, sizeof(data), 0, IPC_GUARD, &out));
    assert_int_equal(out.u.guard_reply.id, 7);
    assert_int_equal(out.u.guard_reply.verdict, GUARD_STEP_HOUR);
    assert_false(out.u.guard_reply.done);
    assert_true(out.u.guard_reply.freq_ppm == -12.5);
    assert_true(out.u.guard_reply.refusals == UINT64_MAX);
    assert_int_equal(out.u.guard_reply.last_refusal, GUARD_TAI);
    m.u.guard_reply.done = true; /* what was refused */
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_GUARD));
    m.u.guard_reply.verdict = GUARD_ALLOWED;
    ipc_encode(&m, data);
    assert_true(decodes(data, sizeof(data), 0, IPC_GUARD));
    data[8] = GUARD_VERDICTS;
    assert_false(decodes(data, sizeof(data), 0, IPC_GUARD));
    m.u.guard_reply.freq_ppm = NAN;
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_GUARD));
}

/* ---- Key establishment of the client ---- */

static struct ipc_message establish_message(void)
{
    struct ipc_message m = {.type = IPC_KE_ESTABLISH};
    struct ipc_ke_establish *e = &m.u.establish;

    *e = (struct ipc_ke_establish){.session = 0x11223344,
                                   .server = {ip_addr_loopback(IP_V6), 4460},
                                   .cert_set = 0x55667788,
                                   .checks_dates = true,
                                   .now = -5};
    e->server.addr.scope = 3;
    memset(e->name, 'n', IPC_NAME_SIZE - 1);
    return m;
}

/* With everything that it can have, at its largest. */
static struct ipc_message answer_message(void)
{
    struct ipc_message m = {.type = IPC_KE_ANSWER};
    struct ipc_ke_answer *a = &m.u.ke_answer;
    struct secret *keys[] = {&a->c2s, &a->s2c, &a->alternate_c2s, &a->alternate_s2c};

    a->session = 0x99aabbcc;
    a->aead = AEAD_AES_SIV_CMAC_256;
    a->has_alternate = true;
    for (uint8_t i = 0; i < 4; i++) {
        keys[i]->length = aead_key_length(a->aead);
        memset(keys[i]->data, 0xa0 + i, keys[i]->length);
    }
    a->cookie_count = IPC_MAX_COOKIES;
    for (int i = 0; i < IPC_MAX_COOKIES; i++) {
        a->cookies[i].length = IPC_COOKIE_SIZE;
        memset(a->cookies[i].data, i, IPC_COOKIE_SIZE);
    }
    memset(a->ntp_server, '!', IPC_SERVER_SIZE - 1);
    a->ntp_port = 11123;
    a->valid_until = 0x1122334455;
    return m;
}

static void session_survives(void **state)
{
    const struct ipc_message m = establish_message();
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    assert_int_equal(ipc_encode(&m, data), sizeof(data));
    assert_true(decode(data, sizeof(data), 1, IPC_KE_ASKER, &out));
    assert_int_equal(out.u.establish.session, 0x11223344);
    assert_true(ip_port_equal(&out.u.establish.server, &m.u.establish.server));
    assert_int_equal(out.u.establish.server.addr.scope, 3);
    assert_int_equal(out.u.establish.cert_set, 0x55667788);
    assert_true(out.u.establish.checks_dates);
    assert_int_equal(out.u.establish.now, -5);
    assert_string_equal(out.u.establish.name, m.u.establish.name);
}

static void answer_survives(void **state)
{
    const struct ipc_message m = answer_message();
    const struct ipc_ke_answer *a = &m.u.ke_answer;
    uint8_t data[IPC_LONG_SIZE];
    struct ipc_message out;

    assert_int_equal(ipc_encode(&m, data), sizeof(data));
    assert_true(decode(data, sizeof(data), 0, IPC_KE_CLIENT, &out));
    const struct ipc_ke_answer *b = &out.u.ke_answer;
    assert_int_equal(b->session, 0x99aabbcc);
    assert_int_equal(b->aead, AEAD_AES_SIV_CMAC_256);
    assert_memory_equal(b->c2s.data, a->c2s.data, a->c2s.length);
    assert_memory_equal(b->s2c.data, a->s2c.data, a->s2c.length);
    assert_true(b->has_alternate);
    assert_memory_equal(b->alternate_c2s.data, a->alternate_c2s.data, a->c2s.length);
    assert_memory_equal(b->alternate_s2c.data, a->alternate_s2c.data, a->c2s.length);
    assert_int_equal(b->cookie_count, IPC_MAX_COOKIES);
    for (int i = 0; i < IPC_MAX_COOKIES; i++) {
        assert_int_equal(b->cookies[i].length, IPC_COOKIE_SIZE);
        assert_memory_equal(b->cookies[i].data, a->cookies[i].data, IPC_COOKIE_SIZE);
    }
    assert_string_equal(b->ntp_server, a->ntp_server);
    assert_int_equal(b->ntp_port, 11123);
    assert_int_equal(b->valid_until, 0x1122334455);
}

static bool answer_decodes(const struct ipc_message *m)
{
    uint8_t data[IPC_LONG_SIZE];

    ipc_encode(m, data);
    return decodes(data, sizeof(data), 0, IPC_KE_CLIENT);
}

/* What a client process that a server has taken over may write. */
static void wrong_answers_are_refused(void **state)
{
    struct ipc_message m = answer_message();
    struct ipc_ke_answer *a = &m.u.ke_answer;
    uint8_t data[IPC_LONG_SIZE];

    assert_true(answer_decodes(&m));
    a->aead = 4711; /* no such algorithm */
    assert_false(answer_decodes(&m));
    m = answer_message();
    a->c2s.length--;
    assert_false(answer_decodes(&m));
    m = answer_message();
    a->s2c.length = 16;
    assert_false(answer_decodes(&m));
    m = answer_message();
    a->alternate_s2c.length = 0;
    assert_false(answer_decodes(&m));
    a->has_alternate = false;
    assert_true(answer_decodes(&m));
    m = answer_message();
    a->cookies[7].length = 254;
    assert_false(answer_decodes(&m));
    m = answer_message();
    a->cookies[0].length = 0;
    assert_false(answer_decodes(&m));
    m = answer_message();
    a->cookie_count = 0;
    assert_false(answer_decodes(&m));
    m = answer_message();
    a->ntp_server[3] = ' ';
    assert_false(answer_decodes(&m));
    a->ntp_server[3] = '\x7f';
    assert_false(answer_decodes(&m));
    a->ntp_server[0] = '\0';
    assert_true(answer_decodes(&m));

    /* Neither short, nor with something behind it. */
    m = answer_message();
    ipc_encode(&m, data);
    assert_false(decodes(data, IPC_MESSAGE_SIZE, 0, IPC_KE_CLIENT));
    data[sizeof(data) - 1] = 1;
    assert_false(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));
    /* One cookie more than there is room for. */
    ipc_encode(&m, data);
    const size_t count = 4 + 4 + 2 + 4 * (2 + AEAD_MAX_KEY) + 1;
    assert_int_equal(data[count], IPC_MAX_COOKIES);
    data[count]++;
    assert_false(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));
    /* A longer cookie. */
    ipc_encode(&m, data);
    assert_int_equal(data[count + 1], IPC_COOKIE_SIZE >> 8);
    data[count + 2] = 4;
    assert_false(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));
}

static void wrong_sessions_and_ends_are_refused(void **state)
{
    struct ipc_message m = establish_message();
    struct ipc_message ended = {.type = IPC_KE_ENDED,
                                .u.ke_ended = {.session = 7,
                                               .failed_start = true,
                                               .retry_factor = 4,
                                               .code = 313,
                                               .number = -1,
                                               .valid_from = -2,
                                               .valid_until = 3,
                                               .text = "reason"}};
    struct ipc_message trust = {.type = IPC_KE_TRUST, .u.trust = {9, "nothing"}}, out;
    uint8_t data[IPC_MESSAGE_SIZE];

    m.u.establish.server.addr = ip_addr_v4(192, 0, 2, 1);
    m.u.establish.server.addr.scope = 1; /* which only IPv6 has */
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 1, IPC_KE_ASKER));
    m.u.establish.server.addr.scope = 0;
    m.u.establish.name[0] = '\0';
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 1, IPC_KE_ASKER));
    m = establish_message();
    ipc_encode(&m, data);
    data[4 + 4 + 17 + 4 + 2 + 4] = 2; /* whether dates are checked */
    assert_false(decodes(data, sizeof(data), 1, IPC_KE_ASKER));

    ipc_encode(&ended, data);
    assert_true(decode(data, sizeof(data), 0, IPC_KE_CLIENT, &out));
    assert_int_equal(out.u.ke_ended.session, 7);
    assert_true(out.u.ke_ended.failed_start);
    assert_int_equal(out.u.ke_ended.retry_factor, 4);
    assert_int_equal(out.u.ke_ended.code, 313);
    assert_int_equal(out.u.ke_ended.number, -1);
    assert_int_equal(out.u.ke_ended.valid_from, -2);
    assert_int_equal(out.u.ke_ended.valid_until, 3);
    assert_string_equal(out.u.ke_ended.text, "reason");
    ended.u.ke_ended.text[2] = '\n';
    ipc_encode(&ended, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));
    ended.u.ke_ended.text[2] = 'a';
    ended.u.ke_ended.code = 0; /* a start that failed without a reason */
    ipc_encode(&ended, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));
    ended.u.ke_ended.failed_start = false;
    ipc_encode(&ended, data);
    assert_true(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));

    ipc_encode(&trust, data);
    assert_true(decode(data, sizeof(data), 0, IPC_KE_CLIENT, &out));
    assert_int_equal(out.u.trust.cert_set, 9);
    assert_string_equal(out.u.trust.text, "nothing");
    trust.u.trust.text[0] = '\x1b';
    ipc_encode(&trust, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_KE_CLIENT));
}

static struct ipc_message packet_message(enum ipc_type type)
{
    struct ipc_message m = {.type = type};

    m.u.packet.family = IP_V4;
    m.u.packet.remote.addr = ip_addr_v4(192, 0, 2, 1);
    m.u.packet.length = 48;
    return m;
}

static void nobody_may_send_what_another_role_sends(void **state)
{
    static const struct {
        enum ipc_type type;
        enum ipc_role sender;
        int descriptors;
    } kinds[] = {
        {IPC_CONNECTION, IPC_DISPATCHER, 1},  {IPC_DRAIN, IPC_DISPATCHER, 0},
        {IPC_READY, IPC_HELPER, 0},           {IPC_FAILED, IPC_HELPER, 0},
        {IPC_OUTCOME, IPC_HELPER, 0},         {IPC_CERTIFICATE, IPC_HELPER, 0},
        {IPC_HELPER_NEW, IPC_FORK_SERVER, 1}, {IPC_LONE_NEW, IPC_FORK_SERVER, 1},
        {IPC_REFUSED, IPC_FORK_SERVER, 0},    {IPC_ALIVE, IPC_FORK_SERVER, 0},
        {IPC_FILES, IPC_FORK_SERVER, 0},      {IPC_CHANGED, IPC_FORK_SERVER, 0},
        {IPC_START, IPC_SUPERVISOR, 0},       {IPC_ADOPT, IPC_SUPERVISOR, 0},
        {IPC_ABANDON, IPC_SUPERVISOR, 0},     {IPC_PING, IPC_SUPERVISOR, 0},
        {IPC_KILL, IPC_SUPERVISOR, 0},        {IPC_VERDICT, IPC_CHECKER, 0},
        {IPC_LOOKUP, IPC_ASKER, 0},           {IPC_ADDRESSES, IPC_RESOLVER, 0},
        {IPC_WANTED, IPC_SUPERVISOR, 0},      {IPC_LISTEN, IPC_REPORTER, 1},
        {IPC_QUERY, IPC_METRICS, 0},          {IPC_REPORT, IPC_REPORTER, 0},
        {IPC_GUARD_READ, IPC_CLOCK_USER, 0},  {IPC_GUARD_FREQUENCY, IPC_CLOCK_USER, 0},
        {IPC_GUARD_STEP, IPC_CLOCK_USER, 0},  {IPC_GUARD_STATUS, IPC_CLOCK_USER, 0},
        {IPC_GUARD_LEAP, IPC_CLOCK_USER, 0},  {IPC_GUARD_UPDATE, IPC_CLOCK_USER, 0},
        {IPC_GUARD_RTC, IPC_CLOCK_USER, 1},   {IPC_GUARD_REPLY, IPC_GUARD, 0},
        {IPC_FACTS, IPC_FORK_SERVER, 1},      {IPC_KE_ESTABLISH, IPC_KE_ASKER, 1},
        {IPC_KE_STOP, IPC_KE_ASKER, 0},       {IPC_KE_TRUST, IPC_KE_CLIENT, 0},
        {IPC_KE_ANSWER, IPC_KE_CLIENT, 0},    {IPC_KE_ENDED, IPC_KE_CLIENT, 0},
        {IPC_SHARD, IPC_SERVER, 1},           {IPC_TIME_PAGE, IPC_SERVER, 1},
        {IPC_TABLES, IPC_SERVER, 1},          {IPC_SERVER_SOCKET, IPC_SERVER, 1},
        {IPC_SERVER_CLOSE, IPC_SERVER, 0},    {IPC_CLOCK_CHANGE, IPC_SERVER, 0},
        {IPC_CLIENTS_RESET, IPC_SERVER, 0},   {IPC_PACKET_BACK, IPC_SERVER, 0},
        {IPC_PACKET, IPC_WORKER, 0},          {IPC_DONE, IPC_WORKER, 0},
        {IPC_BINDER, IPC_SUPERVISOR, 1},      {IPC_BIND, IPC_SUPERVISOR, 1},
        {IPC_BOUND, IPC_FORK_SERVER, 0},
    };
    uint8_t data[IPC_LONG_SIZE];

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct ipc_message m = {.type = kinds[i].type};

        if (m.type == IPC_CONNECTION)
            m = connection_message(IP_V4);
        else if (m.type == IPC_FAILED)
            strcpy(m.u.failed.text, "reason");
        else if (m.type == IPC_OUTCOME)
            m.u.outcome.end = KE_END_COMPLETE;
        else if (m.type == IPC_CERTIFICATE)
            strcpy(m.u.certificate.file, "/file");
        else if (m.type == IPC_HELPER_NEW)
            m.u.helper.generation = m.u.helper.number = 1, m.u.helper.pid = 2;
        else if (m.type == IPC_VERDICT)
            m.u.verdict.usable = true;
        else if (m.type == IPC_LONE_NEW || m.type == IPC_WANTED)
            m.u.lone = (struct ipc_lone){PROCESS_GUARD, 1, 2};
        else if (m.type == IPC_KILL)
            m.u.process.pid = 2;
        else if (m.type == IPC_FACTS)
            m.u.facts = (struct ipc_facts){.role = PROCESS_GUARD, .number = 1, .pid = 2};
        else if (m.type == IPC_QUERY)
            m.u.octets.length = 1;
        else if (m.type == IPC_REFUSED)
            m.u.refused.generation = 1;
        else if (m.type == IPC_FILES)
            m.u.files.generation = 1, m.u.files.usable = true;
        else if (m.type == IPC_LOOKUP)
            strcpy(m.u.lookup.name, "ntp.example");
        else if (m.type == IPC_ADDRESSES)
            m.u.addresses.status = RESOLVE_FAILURE;
        else if (m.type == IPC_KE_ESTABLISH)
            m = establish_message();
        else if (m.type == IPC_KE_ANSWER)
            m = answer_message();
        else if (m.type == IPC_SHARD || m.type == IPC_TABLES)
            m.u.memory.size = 1;
        else if (m.type == IPC_SERVER_SOCKET || m.type == IPC_SERVER_CLOSE)
            m.u.server_socket.family = IP_V4;
        else if (m.type == IPC_PACKET || m.type == IPC_PACKET_BACK)
            m = packet_message(m.type);
        else if (m.type == IPC_BIND)
            m.u.bind.local = (struct ip_port){ip_addr_loopback(IP_V6), 123};
        size_t size = ipc_encode(&m, data);
        for (int role = 0; role < IPC_ROLES; role++)
            for (int descriptors = 0; descriptors < 3; descriptors++)
                assert_int_equal(decodes(data, size, descriptors, (enum ipc_role)role),
                                 (enum ipc_role)role == kinds[i].sender &&
                                     descriptors == kinds[i].descriptors);
    }
}

static void wrong_size_version_magic_or_type_is_refused(void **state)
{
    const struct ipc_message m = connection_message(IP_V4);
    uint8_t data[IPC_MESSAGE_SIZE + 1] = {0};

    ipc_encode(&m, data);
    assert_false(decodes(data, 0, 1, IPC_DISPATCHER));
    assert_false(decodes(data, IPC_MESSAGE_SIZE - 1, 1, IPC_DISPATCHER));
    assert_false(decodes(data, IPC_MESSAGE_SIZE + 1, 1, IPC_DISPATCHER));
    for (size_t i = 0; i < 4; i++) {
        data[i] ^= 0x40;
        assert_false(decodes(data, IPC_MESSAGE_SIZE, 1, IPC_DISPATCHER));
        data[i] ^= 0x40;
    }
    assert_true(decodes(data, IPC_MESSAGE_SIZE, 1, IPC_DISPATCHER));
}

static bool facts_are_taken(enum process_role role, uint16_t number, uint32_t generation,
                            int32_t pid)
{
    const struct ipc_message m = {.type = IPC_FACTS, .u.facts = {role, number, generation, pid}};
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    ipc_encode(&m, data);
    if (!decode(data, sizeof(data), 1, IPC_FORK_SERVER, &out))
        return false;
    assert_int_equal(out.u.facts.role, role);
    assert_int_equal(out.u.facts.number, number);
    assert_int_equal(out.u.facts.generation, generation);
    assert_int_equal(out.u.facts.pid, pid);
    return true;
}

/* Only helpers have generations, and there is one fork server. Nobody tells of the main process. */
static void facts_are_of_a_process_that_there_can_be(void **state)
{
    assert_true(facts_are_taken(PROCESS_FORK_SERVER, 0, 0, 2));
    assert_true(facts_are_taken(PROCESS_KE_HELPER, 1, UINT32_MAX, INT32_MAX));
    assert_true(facts_are_taken(PROCESS_METRICS, 1000, 0, 2));
    assert_false(facts_are_taken(PROCESS_MAIN, 0, 0, 2));
    assert_false(facts_are_taken((enum process_role)PROCESS_ROLES, 1, 0, 2));
    assert_false(facts_are_taken(PROCESS_FORK_SERVER, 1, 0, 2));
    assert_false(facts_are_taken(PROCESS_GUARD, 0, 0, 2));
    assert_false(facts_are_taken(PROCESS_GUARD, 1001, 0, 2));
    assert_false(facts_are_taken(PROCESS_GUARD, 1, 1, 2));
    assert_false(facts_are_taken(PROCESS_KE_HELPER, 1, 0, 2));
    assert_false(facts_are_taken(PROCESS_GUARD, 1, 0, 1));
}

/* Every octet that has no meaning must be zero. */
static void octets_after_the_body_must_be_zero(void **state)
{
    const struct ipc_message ready = {.type = IPC_READY};
    const struct ipc_message connection = connection_message(IP_V4);
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&ready, data);
    for (size_t i = 4; i < sizeof(data); i++) {
        data[i] = 1;
        assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
        data[i] = 0;
    }
    ipc_encode(&connection, data);
    data[13] = 1; /* behind the four octets of an IPv4 address */
    assert_false(decodes(data, sizeof(data), 1, IPC_DISPATCHER));
    data[13] = 0;
    assert_true(decodes(data, sizeof(data), 1, IPC_DISPATCHER));
}

static void values_out_of_range_are_refused(void **state)
{
    struct ipc_message m = connection_message(IP_V4);
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&m, data);
    data[8] = 5; /* family */
    assert_false(decodes(data, sizeof(data), 1, IPC_DISPATCHER));
    m.u.connection.key.length = 31;
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 1, IPC_DISPATCHER));
    m = connection_message(IP_V4);
    m.u.connection.aead = 16;
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 1, IPC_DISPATCHER));
    m = (struct ipc_message){.type = IPC_OUTCOME};
    ipc_encode(&m, data); /* outcome 0 */
    assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
    m = (struct ipc_message){.type = IPC_HELPER_NEW,
                             .u.helper = {.generation = 1, .number = 1, .pid = 1}};
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 1, IPC_FORK_SERVER));
}

static void reasons_are_printable_and_not_empty(void **state)
{
    struct ipc_message m = {.type = IPC_FAILED};
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
    strcpy(m.u.failed.text, "line\nsecond line");
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
    strcpy(m.u.failed.text, "reason");
    ipc_encode(&m, data);
    assert_true(decodes(data, sizeof(data), 0, IPC_HELPER));
    data[4] = 0xff; /* length far beyond the message */
    assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
}

/* What a sender says of itself it says once, and in order. */
static void nobody_may_say_it_at_another_time(void **state)
{
    static const struct {
        enum ipc_role sender;
        struct ipc_message message;
        int descriptors;
        bool fresh, working, leaving;
        enum ipc_state after;
    } cases[] = {
        {IPC_HELPER, {.type = IPC_READY}, 0, true, false, false, IPC_WORKING},
        {IPC_HELPER,
         {.type = IPC_FAILED, .u.failed.text = "x"},
         0,
         true,
         false,
         false,
         IPC_LEAVING},
        {IPC_HELPER,
         {.type = IPC_OUTCOME, .u.outcome.end = KE_END_REJECTED},
         0,
         false,
         true,
         false,
         IPC_WORKING},
        {IPC_HELPER,
         {.type = IPC_CERTIFICATE, .u.certificate.file = "x"},
         0,
         true,
         false,
         false,
         IPC_FRESH},
        {IPC_DISPATCHER, {.type = IPC_DRAIN}, 0, true, true, false, IPC_LEAVING},
        {IPC_SUPERVISOR, {.type = IPC_START}, 0, true, true, true, IPC_FRESH},
        {IPC_FORK_SERVER, {.type = IPC_ALIVE}, 0, true, true, true, IPC_FRESH},
        {IPC_REPORTER, {.type = IPC_LISTEN}, 1, true, false, false, IPC_WORKING},
        {IPC_REPORTER, {.type = IPC_REPORT}, 0, false, true, false, IPC_WORKING},
    };
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bool allowed[] = {cases[i].fresh, cases[i].working, cases[i].leaving};

        ipc_encode(&cases[i].message, data);
        for (int before = IPC_FRESH; before <= IPC_LEAVING; before++) {
            enum ipc_state now = (enum ipc_state)before;

            assert_int_equal(
                ipc_decode(data, sizeof(data), cases[i].descriptors, cases[i].sender, &now, &out),
                allowed[before]);
            assert_int_equal(now, allowed[before] ? cases[i].after : (enum ipc_state)before);
        }
    }
}

/* Only the main process finds out that a helper is lost. */
static void ends_that_a_helper_may_report(void **state)
{
    struct ipc_message m = {.type = IPC_OUTCOME};
    uint8_t data[IPC_MESSAGE_SIZE];

    for (int end = KE_END_NONE; end < KE_ENDS; end++) {
        m.u.outcome.end = (enum ke_end)end;
        ipc_encode(&m, data);
        assert_int_equal(decodes(data, sizeof(data), 0, IPC_HELPER),
                         end != KE_END_NONE && end != KE_END_HELPER_LOST);
        assert_non_null(ke_end_text((enum ke_end)end));
    }
}

static void verdicts_survive_and_have_a_reason(void **state)
{
    struct ipc_message m = {.type = IPC_VERDICT, .u.verdict.text = "no certificate"}, out;
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&m, data);
    assert_true(decode(data, sizeof(data), 0, IPC_CHECKER, &out));
    assert_false(out.u.verdict.usable);
    assert_string_equal(out.u.verdict.text, "no certificate");
    m.u.verdict.usable = true; /* with a reason why not */
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_CHECKER));
    m.u.verdict.text[0] = '\0';
    ipc_encode(&m, data);
    assert_true(decodes(data, sizeof(data), 0, IPC_CHECKER));
    data[4] = 2;
    assert_false(decodes(data, sizeof(data), 0, IPC_CHECKER));
}

static void certificates_survive_and_have_a_file(void **state)
{
    struct ipc_message m = {.type = IPC_CERTIFICATE,
                            .u.certificate = {"/etc/a.crt", -2208988800, INT64_MAX}};
    struct ipc_message out;
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&m, data);
    assert_true(decode(data, sizeof(data), 0, IPC_HELPER, &out));
    assert_string_equal(out.u.certificate.file, "/etc/a.crt");
    assert_true(out.u.certificate.not_before == -2208988800);
    assert_true(out.u.certificate.not_after == INT64_MAX);
    strcpy(m.u.certificate.file, "a\nb");
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
    m.u.certificate.file[0] = '\0';
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_HELPER));
}

static void queries_and_reports_survive(void **state)
{
    struct ipc_message m = {.type = IPC_QUERY, .u.octets = {.id = 0x12345678}};
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message out;

    m.u.octets.length = IPC_OCTETS_SIZE;
    memset(m.u.octets.data, 0xa5, IPC_OCTETS_SIZE);
    for (int i = 0; i < 2; i++) {
        m.type = i == 0 ? IPC_QUERY : IPC_REPORT;
        ipc_encode(&m, data);
        assert_true(decode(data, sizeof(data), 0, i == 0 ? IPC_METRICS : IPC_REPORTER, &out));
        assert_int_equal(out.u.octets.id, 0x12345678);
        assert_int_equal(out.u.octets.status, 0);
        assert_int_equal(out.u.octets.length, IPC_OCTETS_SIZE);
        assert_memory_equal(out.u.octets.data, m.u.octets.data, IPC_OCTETS_SIZE);
    }
    /* A report that could not be had. */
    m.u.octets.status = 0xfffe;
    m.u.octets.length = 0;
    ipc_encode(&m, data);
    assert_true(decode(data, sizeof(data), 0, IPC_REPORTER, &out));
    assert_int_equal(out.u.octets.status, 0xfffe);
}

static void wrong_queries_and_reports_are_refused(void **state)
{
    struct ipc_message m = {.type = IPC_QUERY, .u.octets = {.length = 20}};
    uint8_t data[IPC_MESSAGE_SIZE];

    ipc_encode(&m, data);
    assert_true(decodes(data, sizeof(data), 0, IPC_METRICS));
    data[9] = 1; /* a status */
    assert_false(decodes(data, sizeof(data), 0, IPC_METRICS));
    data[9] = 0;
    data[10] = 1; /* length 276: the octets may be those, and the rest is zero */
    assert_true(decodes(data, sizeof(data), 0, IPC_METRICS));
    data[11] = 0xed; /* 493 */
    assert_false(decodes(data, sizeof(data), 0, IPC_METRICS));
    data[10] = data[11] = 0xff;
    assert_false(decodes(data, sizeof(data), 0, IPC_METRICS));
    data[10] = data[11] = 0;
    assert_false(decodes(data, sizeof(data), 0, IPC_METRICS));

    m = (struct ipc_message){.type = IPC_REPORT, .u.octets = {.status = 1, .length = 1}};
    ipc_encode(&m, data);
    assert_false(decodes(data, sizeof(data), 0, IPC_REPORTER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_survive_and_have_a_file),
        cmocka_unit_test(queries_and_reports_survive),
        cmocka_unit_test(wrong_queries_and_reports_are_refused),
        cmocka_unit_test(connection_survives_in_both_families),
        cmocka_unit_test(other_kinds_survive),
        cmocka_unit_test(ports_to_be_bound_survive),
        cmocka_unit_test(files_survive_and_have_a_reason),
        cmocka_unit_test(lookups_and_answers_survive),
        cmocka_unit_test(wrong_lookups_and_answers_are_refused),
        cmocka_unit_test(requests_to_the_guard_survive),
        cmocka_unit_test(replies_of_the_guard_survive_and_make_sense),
        cmocka_unit_test(session_survives),
        cmocka_unit_test(answer_survives),
        cmocka_unit_test(wrong_answers_are_refused),
        cmocka_unit_test(wrong_sessions_and_ends_are_refused),
        cmocka_unit_test(nobody_may_send_what_another_role_sends),
        cmocka_unit_test(wrong_size_version_magic_or_type_is_refused),
        cmocka_unit_test(facts_are_of_a_process_that_there_can_be),
        cmocka_unit_test(octets_after_the_body_must_be_zero),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(nobody_may_say_it_at_another_time),
        cmocka_unit_test(ends_that_a_helper_may_report),
        cmocka_unit_test(verdicts_survive_and_have_a_reason),
        cmocka_unit_test(reasons_are_printable_and_not_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of a client's source as a state machine, nts.md 8, 10, 14 and 18.1, with a stub in place of
 * key establishment and our own server for the other side of NTP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "conf/conf.h"
#include "nts/auth_field.h"
#include "nts/client_auth.h"
#include "nts/server_auth.h"
#include "nts/server_keys.h"
#include "test/unit/support/nts.h"

#define NOW_1970 1795322425

/* AES-SIV-CMAC-256 in every build, so that the sizes of packets are always the same. */
#define KEY_OCTETS "A49FE6EC563EEE41DBB89BE23FA7D031274CDC2D9D422A4077B125803B55E113"
#define SERVER_KEYS                                                                                \
    "NKS1\n0.0\n10000000 " KEY_OCTETS " 15\n10000001 " KEY_OCTETS " 15\n10000002 " KEY_OCTETS      \
    " 15\n10000003 " KEY_OCTETS " 15\n"

/* The stub: what the next sessions do and what was seen. */
struct ke_client {
    int unused;
};

struct stub {
    struct ke_client session;
    bool exists;
    bool start_fails;
    bool start_failed; /* found out later */
    bool active;
    bool succeeds;
    int factor;
    int starts;
    struct ip_port addr;
    struct ke_result result;
    struct ke_failure failure;
};

struct fixture {
    struct test_world test;
    struct loop *loop;
    struct conf conf;
    struct stub ke;
    struct nts_client_auth *owner;
    struct ntp_nts_client *client;
    struct nts_server_keys *keys;
    struct random_pool random;
    struct nts_context context;
    bool refuse_address;
    bool put_off; /* moves are noted only, as while a source is made */
    int moves;
    struct ip_port moved_to;
};

/* Key establishment has no argument of its own: the environment carries the fixture. */
struct ke_client *ke_client_start(struct ke_client_env *env, const struct ip_port *addr,
                                  const char *name, uint32_t cert_set, struct ke_failure *failure)
{
    struct fixture *f = env->arg;

    *failure = f->ke.failure;
    assert_string_equal(name, "ntp.example");
    assert_int_equal(cert_set, 5);
    assert_false(f->ke.exists);
    f->ke.starts++;
    f->ke.addr = *addr;
    f->ke.exists = !f->ke.start_fails;
    return f->ke.exists ? (struct ke_client *)(void *)&f->ke : NULL;
}

void ke_client_free(struct ke_client *client)
{
    struct stub *ke = (struct stub *)(void *)client;

    assert_true(ke->exists);
    ke->exists = false;
}

bool ke_client_is_active(const struct ke_client *client)
{
    return ((const struct stub *)(const void *)client)->active;
}

bool ke_client_start_failed(const struct ke_client *client)
{
    const struct stub *ke = (const struct stub *)(const void *)client;

    return !ke->active && ke->start_failed;
}

bool ke_client_take_result(struct ke_client *client, struct ke_result *result)
{
    struct stub *ke = (struct stub *)(void *)client;

    if (ke->succeeds)
        *result = ke->result;
    return ke->succeeds;
}

const struct ke_failure *ke_client_failure(const struct ke_client *client)
{
    return &((const struct stub *)(const void *)client)->failure;
}

int ke_client_retry_factor(const struct ke_client *client)
{
    return ((const struct stub *)(const void *)client)->factor;
}

static int64_t now_1970(void *arg)
{
    struct fixture *f = arg;

    return NOW_1970 + (int64_t)loop_uptime(f->loop);
}

static bool change_address(const struct ip_port *addr, void *arg)
{
    struct fixture *f = arg;

    if (f->put_off)
        return true;
    if (ip_port_equal(addr, &f->moved_to))
        return true;
    if (f->refuse_address)
        return false;
    f->moves++;
    f->moved_to = *addr;
    return true;
}

static const struct ntp_nts_client_ops *ops(void)
{
    return nts_client_auth_ops();
}

/* The result that the next session gives: cookies of our server. */
static void fill_result(struct fixture *f, int cookies)
{
    uint8_t nonce[NTS_NONCE_LENGTH];

    f->ke.result = (struct ke_result){.context = f->context, .cookie_count = cookies};
    for (int i = 0; i < cookies; i++) {
        world_random(&f->test.world, nonce, sizeof(nonce));
        assert_true(nts_cookie_make(server_keys_current(f->keys), NULL, &f->context, nonce,
                                    &f->ke.result.cookies[i]));
    }
}

static void create_client(struct fixture *f)
{
    const struct ntp_nts_client_params params = {
        .nts_addr = {ip_addr_v4(192, 0, 2, 1), 4460},
        .ntp_addr = {ip_addr_v4(192, 0, 2, 1), 123},
        .name = "ntp.example",
        .cert_set = 5,
        .change_address = change_address,
        .arg = f,
    };

    f->moved_to = params.ntp_addr;
    f->client = ops()->create(f->owner, &params);
}

static void start(struct fixture *f)
{
    const struct ke_client_env env_template = {.now = now_1970};
    struct ke_client_env env = env_template;

    memset(f, 0, sizeof(*f));
    test_world_init(&f->test);
    f->loop = loop_new(&f->test.world);
    test_world_put(&f->test, "/keys/ntskeys", SERVER_KEYS);
    f->keys = server_keys_new(&f->test.world, f->loop, "/keys", 0);
    f->random = random_pool_make(&f->test.world);
    f->conf.nts_client.refresh = 2419200;
    f->context.aead = 15;
    f->context.c2s.length = f->context.s2c.length = 32;
    memset(f->context.c2s.data, 1, 32);
    memset(f->context.s2c.data, 2, 32);
    f->ke.factor = 10;
    f->ke.succeeds = true;
    fill_result(f, 8);
    env.world = &f->test.world;
    env.loop = f->loop;
    env.conf = &f->conf.nts_client;
    env.bind = &f->conf.sockets.client;
    env.arg = f;
    f->owner = nts_client_auth_new(&env);
    create_client(f);
}

static void shut_down(struct fixture *f)
{
    if (f->client)
        ops()->destroy(f->client);
    assert_false(f->ke.exists);
    nts_client_auth_free(f->owner);
    server_keys_free(f->keys);
    loop_free(f->loop);
    test_world_free(&f->test);
}

static struct report_authdata report(struct fixture *f)
{
    struct report_authdata data;

    ops()->report(f->client, &data);
    return data;
}

static void assert_establishments(struct fixture *f, uint32_t succeeded, uint32_t failed)
{
    struct report_source_counts counts = {0};

    ops()->count(f->client, &counts);
    assert_int_equal(counts.ke_succeeded, succeeded);
    assert_int_equal(counts.ke_failed, failed);
}

/* A poll; the length of the request, 0 if none can be sent. */
static size_t poll_request(struct fixture *f, uint8_t packet[NTP_MAX_LENGTH])
{
    const struct ntp_header header = {.version = 4, .mode = NTP_MODE_CLIENT, .precision = 32};
    const struct ntp_info info = {.length = 48, .version = 4, .mode = NTP_MODE_CLIENT};
    struct writer w = writer_make(packet, NTP_MAX_LENGTH);

    if (!ops()->prepare(f->client))
        return 0;
    ntp_header_write(packet, &header);
    w.pos = NTP_HEADER_LENGTH;
    return ops()->add_request(f->client, &info, &w) ? w.pos : 0;
}

static size_t serve(struct fixture *f, const uint8_t *request, size_t length, uint8_t *response)
{
    struct ntp_header header = {.version = 4, .mode = NTP_MODE_SERVER, .stratum = 1};
    struct writer w = writer_make(response, NTP_MAX_LENGTH);
    struct ntp_nts_request state;
    struct ntp_info info;
    uint32_t kod = 0;

    assert_true(ntp_packet_parse(request, length, &info));
    struct ntp_nts_item item = {.packet = request, .info = &info, .request = &state, .w = &w};
    nts_server_auth_ops()->check_requests(server_keys_value(f->keys).data, &f->random, NULL, &item,
                                          1);
    switch (item.check) {
    case NTP_NTS_PASS:
        break;
    case NTP_NTS_NAK:
        kod = NTP_KOD_NTSN;
        header.stratum = 0;
        header.refid = kod;
        break;
    case NTP_NTS_DROP:
        return 0;
    }
    ntp_header_write(response, &header);
    w.pos = NTP_HEADER_LENGTH;
    item.kod = kod;
    nts_server_auth_ops()->add_responses(NULL, &item, 1);
    return w.failed ? 0 : w.pos;
}

/* RESPONSE_GOOD, or why it is not used. */
static enum response_reason judge(struct fixture *f, const uint8_t *response, size_t length)
{
    struct ntp_info info;

    if (!ntp_packet_parse(response, length, &info) || info.auth != NTP_AUTH_NTS)
        return RESPONSE_WRONG_AUTH;
    return ops()->check_response(f->client, response, &info);
}

static bool check(struct fixture *f, const uint8_t *response, size_t length)
{
    return judge(f, response, length) == RESPONSE_GOOD;
}

/* A whole exchange. */
static bool exchange(struct fixture *f)
{
    uint8_t request[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];
    size_t length = poll_request(f, request);

    if (length == 0)
        return false;
    length = serve(f, request, length, response);
    return length > 0 && check(f, response, length);
}

static void session_runs_between_two_polls(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    struct report_authdata data = report(&f);
    assert_int_equal(data.mode, 2);
    assert_int_equal(data.key_type, 0);
    assert_int_equal(data.key_length, 0);
    assert_int_equal(data.last_ke_ago, 0xffffffff);
    assert_int_equal(data.cookies, 0);
    assert_int_equal(data.cookie_length, 0);

    f.ke.active = true;
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 1);
    assert_int_equal(f.ke.addr.port, 4460);
    assert_int_equal(report(&f).ke_attempts, 1);
    test_world_advance(f.loop, 2.0);
    assert_int_equal(poll_request(&f, packet), 0);
    f.ke.active = false;
    test_world_advance(f.loop, 2.0);
    assert_int_equal(poll_request(&f, packet), 228);
    assert_int_equal(f.ke.starts, 1);
    test_world_advance(f.loop, 3.0);

    data = report(&f);
    assert_int_equal(data.key_id, 1);
    assert_int_equal(data.key_type, 15);
    assert_int_equal(data.key_length, 256);
    assert_int_equal(data.last_ke_ago, 3);
    assert_int_equal(data.ke_attempts, 1); /* until a valid response */
    assert_int_equal(data.cookies, 7);
    assert_int_equal(data.cookie_length, 100);
    assert_int_equal(f.moves, 0);
    assert_establishments(&f, 1, 0);
    shut_down(&f);
}

static void exchanges_keep_the_ring_full(void **state)
{
    struct fixture f;

    start(&f);
    for (int i = 0; i < 20; i++) {
        assert_true(exchange(&f));
        assert_int_equal(report(&f).cookies, 8);
        assert_int_equal(report(&f).ke_attempts, 0);
        test_world_advance(f.loop, 64.0);
    }
    assert_int_equal(f.ke.starts, 1);
    shut_down(&f);
}

static void lost_packets_are_made_up_by_placeholders(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];
    size_t length = 0;

    start(&f);
    for (size_t i = 0; i < 8; i++) {
        length = poll_request(&f, packet);
        assert_int_equal(length, 48 + 36 + 104 * (1 + i) + 40);
    }
    assert_int_equal(report(&f).cookies, 0);
    assert_int_equal(serve(&f, packet, length, response), length);
    assert_true(check(&f, response, length));
    assert_int_equal(report(&f).cookies, 8);
    shut_down(&f);
}

static void cookie_fields_of_a_request_are_limited(void **state)
{
    static const struct {
        size_t cookie_length;
        int lost; /* cookies before */
        size_t request_length;
    } cases[] = {{256, 7, 48 + 36 + 3 * 260 + 40},
                 {104, 7, 48 + 36 + 8 * 108 + 40},
                 {108, 7, 48 + 36 + 7 * 112 + 40},
                 {12, 7, 48 + 36 + 8 * 16 + 40},
                 {256, 1, 48 + 36 + 2 * 260 + 40},
                 {8, 0, 0},    /* too short */
                 {102, 0, 0}}; /* no multiple of 4, from a cookie file */

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        uint8_t packet[NTP_MAX_LENGTH];

        start(&f);
        for (int k = 0; k < 8; k++)
            f.ke.result.cookies[k].length = cases[i].cookie_length;
        for (int k = 0; k < cases[i].lost; k++)
            poll_request(&f, packet);
        assert_int_equal(poll_request(&f, packet), cases[i].request_length);
        assert_int_equal(report(&f).cookies, 7 - cases[i].lost); /* taken out in any case */
        shut_down(&f);
    }
}

static void spent_cookies_lead_to_a_new_session_after_the_interval(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    for (int i = 0; i < 8; i++)
        assert_int_not_equal(poll_request(&f, packet), 0);
    assert_int_equal(poll_request(&f, packet), 0); /* 1024 s since the first session */
    assert_int_equal(f.ke.starts, 1);
    test_world_advance(f.loop, 1025.0);
    assert_int_equal(poll_request(&f, packet), 228);
    assert_int_equal(f.ke.starts, 2);
    assert_int_equal(report(&f).key_id, 2);
    assert_int_equal(report(&f).ke_attempts, 2);
    shut_down(&f);
}

/* Starts of sessions in some time of polls of 64 s. */
static int count_starts(struct fixture *f, double seconds)
{
    uint8_t packet[NTP_MAX_LENGTH];
    int before = f->ke.starts;

    for (double t = 0.0; t < seconds; t += 64.0) {
        assert_int_equal(poll_request(f, packet), 0);
        test_world_advance(f->loop, 64.0);
    }
    return f->ke.starts - before;
}

static void tls_failures_wait_longer_than_connect_failures(void **state)
{
    struct fixture f;

    start(&f);
    f.ke.succeeds = false;
    assert_int_equal(count_starts(&f, 10000.0), 4); /* the example of nts.md 8.3 */
    shut_down(&f);

    start(&f);
    f.ke.succeeds = false;
    f.ke.factor = 4;
    /* 16, 32, 64, 128, ... s: 1 + 1 at 64, 128, 192, 320, 576, 1088, 2112, 4160, 8256 */
    assert_int_equal(count_starts(&f, 10000.0), 10);
    shut_down(&f);
}

static void failed_start_is_repeated_soon_but_counts(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    f.ke.start_fails = true;
    assert_int_equal(poll_request(&f, packet), 0);
    test_world_advance(f.loop, 1.9);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 1);
    test_world_advance(f.loop, 0.2);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 2);
    assert_int_equal(report(&f).ke_attempts, 2);
    assert_establishments(&f, 0, 2);
    for (int i = 0; i < 100; i++) {
        test_world_advance(f.loop, 3.0);
        poll_request(&f, packet);
    }
    f.ke.start_fails = false;
    f.ke.succeeds = false;
    test_world_advance(f.loop, 3.0);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 103);
    test_world_advance(f.loop, 524287.0); /* the longest interval */
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 103);
    test_world_advance(f.loop, 2.0);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 104);
    assert_establishments(&f, 0, 104);
    shut_down(&f);
}

/* As one that is known at once, but for the moment at which it is known. */
static void start_that_failed_later_is_the_same(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    f.ke.active = true;
    f.ke.start_failed = true;
    f.ke.succeeds = false;
    f.ke.failure.code = FINDING_NTS_TRUST_UNREADABLE;
    assert_int_equal(poll_request(&f, packet), 0);
    f.ke.active = false;
    test_world_advance(f.loop, 1.9);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 1);
    assert_establishments(&f, 0, 1);
    test_world_advance(f.loop, 0.2);
    /* The next start is in the poll that is 2 seconds after the last one. */
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 2);
    for (int i = 0; i < 100; i++) {
        test_world_advance(f.loop, 3.0);
        assert_int_equal(poll_request(&f, packet), 0);
        assert_int_equal(f.ke.starts, 3 + i);
    }
    assert_int_equal(report(&f).ke_attempts, 102);
    assert_establishments(&f, 0, 102);
    shut_down(&f);
}

static size_t make_nak(struct fixture *f, const uint8_t *request, size_t length, uint8_t *response)
{
    uint8_t changed[NTP_MAX_LENGTH];

    memcpy(changed, request, length);
    changed[length - 1] ^= 1;
    assert_int_equal(serve(f, changed, length, response), 84);
    return 84;
}

static void nak_drops_cookies_at_the_next_poll(void **state)
{
    struct fixture f;
    uint8_t request[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start(&f);
    assert_true(exchange(&f));
    size_t length = poll_request(&f, request);
    make_nak(&f, request, length, response);
    assert_int_equal(judge(&f, response, 84), RESPONSE_NTS_NAK);
    assert_int_equal(report(&f).nak, 1);
    assert_int_equal(report(&f).cookies, 7);
    f.ke.active = true;
    assert_int_equal(poll_request(&f, request), 0);
    assert_int_equal(f.ke.starts, 2);
    assert_int_equal(report(&f).cookies, 0);
    assert_int_equal(report(&f).key_type, 15); /* stays */
    f.ke.active = false;
    assert_int_equal(poll_request(&f, request), 228);
    assert_int_equal(report(&f).nak, 0);
    shut_down(&f);
}

static void nak_is_ignored_with_a_wrong_uid_or_after_a_valid_response(void **state)
{
    struct fixture f;
    uint8_t request[NTP_MAX_LENGTH], nak[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start(&f);
    size_t length = poll_request(&f, request);
    make_nak(&f, request, length, nak);
    nak[60] ^= 1; /* in the UID */
    assert_int_equal(judge(&f, nak, 84), RESPONSE_NTS_UID);
    assert_int_equal(report(&f).nak, 0);
    nak[60] ^= 1;
    assert_int_equal(serve(&f, request, length, response), length);
    assert_true(check(&f, response, length));
    assert_int_equal(judge(&f, nak, 84), RESPONSE_NTS_UNASKED);
    assert_int_equal(report(&f).nak, 0);

    /* A NAK and then the response: the response wins. */
    length = poll_request(&f, request);
    make_nak(&f, request, length, nak);
    assert_false(check(&f, nak, 84));
    assert_int_equal(serve(&f, request, length, response), length);
    assert_true(check(&f, response, length));
    assert_true(exchange(&f));
    assert_int_equal(f.ke.starts, 1);
    shut_down(&f);
}

static void response_is_accepted_once_and_only_to_the_last_request(void **state)
{
    struct fixture f;
    uint8_t request[NTP_MAX_LENGTH], old[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start(&f);
    size_t length = poll_request(&f, request);
    size_t old_length = serve(&f, request, length, old);
    length = poll_request(&f, request);
    assert_int_equal(judge(&f, old, old_length), RESPONSE_NTS_UID);
    assert_int_equal(serve(&f, request, length, response), length);
    assert_true(check(&f, response, length));
    assert_int_equal(report(&f).cookies, 8);
    assert_int_equal(judge(&f, response, length), RESPONSE_NTS_UNASKED);
    assert_int_equal(report(&f).cookies, 8);

    length = poll_request(&f, request);
    assert_int_equal(serve(&f, request, length, response), length);
    assert_true(ops()->prepare(f.client)); /* the next request is not sent yet */
    assert_false(check(&f, response, length));
    shut_down(&f);
}

static void forged_responses_change_nothing(void **state)
{
    struct fixture f;
    uint8_t request[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start(&f);
    poll_request(&f, request);
    size_t length = poll_request(&f, request);
    assert_int_equal(serve(&f, request, length, response), length);
    struct report_authdata before = report(&f);
    for (size_t i = 0; i < length; i++) {
        response[i] ^= 0x20;
        assert_false(check(&f, response, length));
        response[i] ^= 0x20;
    }
    response[120] ^= 1; /* in the authenticator */
    assert_int_equal(judge(&f, response, length), RESPONSE_NTS_AUTH);
    response[120] ^= 1;
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *exact = test_malloc(cut + 1);

        memcpy(exact, response, cut);
        assert_false(check(&f, exact, cut));
        test_free(exact);
    }
    struct report_authdata after = report(&f);
    assert_int_equal(after.cookies, before.cookies);
    assert_int_equal(after.ke_attempts, before.ke_attempts);
    assert_int_equal(after.key_id, before.key_id);
    assert_int_equal(after.nak, before.nak);
    assert_true(check(&f, response, length));
    shut_down(&f);
}

/* A response with given fields inside, made with the right key. */
static size_t make_response(struct fixture *f, const uint8_t *request, const uint8_t *plain,
                            size_t plain_length, uint8_t response[NTP_MAX_LENGTH])
{
    const struct ntp_header header = {.version = 4, .mode = NTP_MODE_SERVER, .stratum = 1};
    const uint8_t nonce[NTS_NONCE_LENGTH] = {9};
    struct writer w = writer_make(response, NTP_MAX_LENGTH);

    ntp_header_write(response, &header);
    w.pos = NTP_HEADER_LENGTH;
    assert_true(ntp_ext_add(&w, NTP_EXT_NTS_UID, request + 52, 32));
    assert_true(auth_field_add(&w, 15, &f->context.s2c, nonce, plain, plain_length, 28));
    return w.pos;
}

static void authentic_responses_with_odd_contents(void **state)
{
    struct {
        size_t lengths[12]; /* of cookies inside, without headers */
        int count;
        size_t cut; /* octets taken from the end of the plaintext */
        enum response_reason reason;
        int cookies;
    } cases[] = {
        {{0}, 0, 0, RESPONSE_NTS_COOKIES, 7},      /* nothing */
        {{0}, 1, 0, RESPONSE_NTS_COOKIES, 7},      /* a cookie of no octets */
        {{8, 260}, 2, 0, RESPONSE_NTS_COOKIES, 7}, /* too short and too long */
        {{8, 260, 12}, 3, 0, RESPONSE_GOOD, 8},    /* one that will do */
        {{256}, 1, 0, RESPONSE_GOOD, 8},
        {{16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16},
         12,
         0,
         RESPONSE_GOOD,
         8},                                    /* more than fit */
        {{16, 16}, 2, 2, RESPONSE_NTS_AUTH, 7}, /* malformed */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        uint8_t request[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH], plain[1000] = {0};
        struct writer w = writer_make(plain, sizeof(plain));

        start(&f);
        assert_int_not_equal(poll_request(&f, request), 0);
        for (int k = 0; k < cases[i].count; k++) {
            writer_u16(&w, NTP_EXT_NTS_COOKIE);
            writer_u16(&w, (uint16_t)(4 + cases[i].lengths[k]));
            writer_zeros(&w, cases[i].lengths[k]);
        }
        assert_false(w.failed);
        size_t length = make_response(&f, request, plain, w.pos - cases[i].cut, response);
        assert_int_equal(judge(&f, response, length), cases[i].reason);
        assert_int_equal(report(&f).cookies, cases[i].cookies);
        shut_down(&f);
    }
}

static void old_keys_are_refreshed(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    f.conf.nts_client.refresh = 120;
    assert_true(exchange(&f));
    test_world_advance(f.loop, 64.0);
    assert_true(exchange(&f));
    test_world_advance(f.loop, 64.0);
    f.ke.active = true;
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 2);
    f.ke.active = false;
    assert_int_equal(poll_request(&f, packet), 228);
    shut_down(&f);
}

static void alternate_keys_are_tried_after_a_nak(void **state)
{
    struct fixture f;
    uint8_t request[NTP_MAX_LENGTH], response[NTP_MAX_LENGTH];

    start(&f);
    /* The cookies carry what is here the alternate context. */
    f.ke.result.alt_context = f.context;
    f.ke.result.context.c2s.data[0] ^= 1;
    f.ke.result.context.s2c.data[0] ^= 1;
    size_t length = poll_request(&f, request);
    assert_int_equal(serve(&f, request, length, response), 84);
    assert_false(check(&f, response, 84));
    assert_true(exchange(&f));
    assert_int_equal(f.ke.starts, 1);
    assert_int_equal(report(&f).key_id, 1);

    /* There is no other alternative. */
    length = poll_request(&f, request);
    make_nak(&f, request, length, response);
    check(&f, response, 84);
    f.ke.active = true;
    assert_int_equal(poll_request(&f, request), 0);
    assert_int_equal(f.ke.starts, 2);
    shut_down(&f);
}

static void negotiated_address_moves_the_source_there_and_back(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];
    const struct ip_addr other = ip_addr_v4(192, 0, 2, 9);

    start(&f);
    f.conf.nts_client.refresh = 100;
    f.ke.result.ntp_addr = other;
    f.ke.result.ntp_port = 4444;
    assert_int_not_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.moves, 1);
    assert_true(ip_addr_equal(&f.moved_to.addr, &other));
    assert_int_equal(f.moved_to.port, 4444);

    test_world_advance(f.loop, 2000.0);
    assert_int_not_equal(poll_request(&f, packet), 0); /* same as before */
    assert_int_equal(f.ke.starts, 2);
    assert_int_equal(f.moves, 1);

    fill_result(&f, 8);
    test_world_advance(f.loop, 5000.0);
    assert_int_not_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.moves, 2);
    assert_int_equal(f.moved_to.port, 123);
    assert_int_equal(f.ke.addr.addr.u.v4[3], 1); /* NTS-KE stays where it was */
    shut_down(&f);
}

static void refused_address_costs_the_cookies(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    f.refuse_address = true;
    f.ke.result.ntp_addr = ip_addr_v4(192, 0, 2, 9);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(report(&f).cookies, 0);
    assert_int_equal(report(&f).key_id, 1);
    shut_down(&f);
}

static void only_ntpv4_client_requests_are_authenticated(void **state)
{
    struct fixture f;
    uint8_t packet[NTP_MAX_LENGTH] = {0x1b};
    struct ntp_info info = {.length = 48, .version = 3, .mode = NTP_MODE_CLIENT};
    struct writer w = writer_make(packet, sizeof(packet));

    start(&f);
    w.pos = NTP_HEADER_LENGTH;
    assert_true(ops()->prepare(f.client));
    assert_false(ops()->add_request(f.client, &info, &w));
    info.version = 4;
    info.mode = NTP_MODE_ACTIVE;
    packet[0] = 0x21;
    assert_false(ops()->add_request(f.client, &info, &w));
    shut_down(&f);
}

static void cookies_survive_a_restart(void **state)
{
    struct fixture f;
    char dir[] = "/dump";
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    f.conf.nts_client.dump_dir = dir;
    f.ke.result.ntp_addr = ip_addr_v4(192, 0, 2, 9);
    assert_true(exchange(&f));
    assert_int_not_equal(poll_request(&f, packet), 0); /* the ring starts in its middle */
    test_world_advance(f.loop, 100.0);
    ops()->destroy(f.client);
    assert_non_null(test_world_file(&f.test, "/dump/192.0.2.1.nts"));

    test_world_advance(f.loop, 50.0);
    create_client(&f);
    assert_null(test_world_file(&f.test, "/dump/192.0.2.1.nts"));
    assert_int_equal(report(&f).cookies, 7);
    assert_int_equal(report(&f).key_id, 1);
    assert_in_range(report(&f).last_ke_ago, 149, 151);
    assert_int_equal(f.moves, 2); /* at once, as the file says */
    assert_int_equal(f.moved_to.addr.u.v4[3], 9);
    assert_true(exchange(&f));
    assert_int_equal(f.moves, 2);
    assert_int_equal(f.ke.starts, 1);
    shut_down(&f);
}

static void saved_address_that_is_taken_costs_the_cookies(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct fixture f;
        char dir[] = "/dump";
        uint8_t packet[NTP_MAX_LENGTH];

        start(&f);
        f.conf.nts_client.dump_dir = dir;
        f.ke.result.ntp_port = 1234;
        assert_true(exchange(&f));
        ops()->destroy(f.client);
        f.refuse_address = true;
        f.put_off = late;
        create_client(&f);
        f.put_off = false;
        assert_int_equal(report(&f).cookies, late ? 8 : 0);
        f.ke.active = true;
        assert_int_equal(poll_request(&f, packet), 0);
        assert_int_equal(report(&f).cookies, 0);
        assert_int_equal(f.ke.starts, 2);
        f.refuse_address = false; /* the next session may have the address after all */
        f.ke.active = false;
        assert_int_not_equal(poll_request(&f, packet), 0);
        assert_int_equal(f.moved_to.port, 1234);
        shut_down(&f);
    }
}

static void replacement_saves_for_the_old_address_and_starts_anew(void **state)
{
    struct fixture f;
    char dir[] = "/dump";
    uint8_t packet[NTP_MAX_LENGTH];
    const struct ip_port new = {ip_addr_v4(192, 0, 2, 2), 4460};
    const struct ip_port old = {ip_addr_v4(192, 0, 2, 1), 4460};

    start(&f);
    f.conf.nts_client.dump_dir = dir;
    assert_true(exchange(&f));
    ops()->change_nts_address(f.client, &new);
    assert_non_null(test_world_file(&f.test, "/dump/192.0.2.1.nts"));
    assert_int_equal(report(&f).cookies, 0);
    assert_int_equal(report(&f).key_type, 0);
    assert_int_equal(report(&f).key_id, 0);

    f.ke.active = true; /* a running session is dropped */
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.addr.addr.u.v4[3], 2);
    ops()->change_nts_address(f.client, &old);
    assert_false(f.ke.exists);
    assert_int_equal(report(&f).cookies, 8);
    assert_true(exchange(&f));
    assert_int_equal(f.moves, 0);
    shut_down(&f);
}

static void source_without_address_does_nothing(void **state)
{
    struct fixture f;
    struct ip_port unresolved = {ip_addr_from_id(3), 4460};
    char dir[] = "/dump";
    uint8_t packet[NTP_MAX_LENGTH];

    start(&f);
    f.conf.nts_client.dump_dir = dir;
    ops()->change_nts_address(f.client, &unresolved);
    assert_int_equal(poll_request(&f, packet), 0);
    assert_int_equal(f.ke.starts, 0);
    assert_int_equal(f.test.file_count, 1); /* that of the server */
    shut_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_runs_between_two_polls),
        cmocka_unit_test(exchanges_keep_the_ring_full),
        cmocka_unit_test(lost_packets_are_made_up_by_placeholders),
        cmocka_unit_test(cookie_fields_of_a_request_are_limited),
        cmocka_unit_test(spent_cookies_lead_to_a_new_session_after_the_interval),
        cmocka_unit_test(tls_failures_wait_longer_than_connect_failures),
        cmocka_unit_test(failed_start_is_repeated_soon_but_counts),
        cmocka_unit_test(start_that_failed_later_is_the_same),
        cmocka_unit_test(nak_drops_cookies_at_the_next_poll),
        cmocka_unit_test(nak_is_ignored_with_a_wrong_uid_or_after_a_valid_response),
        cmocka_unit_test(response_is_accepted_once_and_only_to_the_last_request),
        cmocka_unit_test(forged_responses_change_nothing),
        cmocka_unit_test(authentic_responses_with_odd_contents),
        cmocka_unit_test(old_keys_are_refreshed),
        cmocka_unit_test(alternate_keys_are_tried_after_a_nak),
        cmocka_unit_test(negotiated_address_moves_the_source_there_and_back),
        cmocka_unit_test(refused_address_costs_the_cookies),
        cmocka_unit_test(only_ntpv4_client_requests_are_authenticated),
        cmocka_unit_test(cookies_survive_a_restart),
        cmocka_unit_test(saved_address_that_is_taken_costs_the_cookies),
        cmocka_unit_test(replacement_saves_for_the_old_address_and_starts_anew),
        cmocka_unit_test(source_without_address_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

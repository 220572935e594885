/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTS client of a source says to explain, in each of its states, with a stub in place of
 * key establishment (cmdmon.md 13.18). How sessions find their failures: nts/ke_session.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/instant.h"
#include "conf/conf.h"
#include "nts/auth_field.h"
#include "nts/client_auth.h"
#include "test/unit/support/nts.h"

#define NOW 1895322425 /* seconds since 1970, after this was built */
#define DAY 86400

struct ke_client {
    bool exists, active, succeeds, start_fails, start_failed;
    struct ke_failure failure;
    struct ke_result result;
};

struct fixture {
    struct test_world test;
    struct loop *loop;
    struct conf conf;
    struct ke_client ke;
    struct nts_client_auth *owner;
    struct ntp_nts_client *client;
    int64_t now;
    int clock_updates;
    struct findings findings;
};

struct ke_client *ke_client_start(struct ke_client_env *env, const struct ip_port *addr,
                                  const char *name, uint32_t cert_set, struct ke_failure *failure)
{
    struct fixture *f = env->arg;

    *failure = f->ke.failure;
    f->ke.exists = !f->ke.start_fails;
    return f->ke.exists ? &f->ke : NULL;
}

void ke_client_free(struct ke_client *client)
{
    client->exists = false;
}

bool ke_client_is_active(const struct ke_client *client)
{
    return client->active;
}

bool ke_client_start_failed(const struct ke_client *client)
{
    return client->start_failed;
}

bool ke_client_take_result(struct ke_client *client, struct ke_result *result)
{
    if (client->succeeds)
        *result = client->result;
    return client->succeeds;
}

const struct ke_failure *ke_client_failure(const struct ke_client *client)
{
    return &client->failure;
}

int ke_client_retry_factor(const struct ke_client *client)
{
    return 10;
}

static int64_t now_1970(void *arg)
{
    const struct fixture *f = arg;

    return f->now + (int64_t)loop_uptime(f->loop);
}

static int clock_updates(void *arg)
{
    return ((const struct fixture *)arg)->clock_updates;
}

static bool change_address(const struct ip_port *addr, void *arg)
{
    return addr->port != 666;
}

static const struct ntp_nts_client_ops *ops(void)
{
    return nts_client_auth_ops();
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct ntp_nts_client_params params = {
        .nts_addr = {ip_addr_v4(192, 0, 2, 1), 4460},
        .ntp_addr = {ip_addr_v4(192, 0, 2, 1), 123},
        .name = "ntp.example",
        .change_address = change_address,
        .arg = f,
    };
    struct ke_client_env env = {.now = now_1970, .clock_updates = clock_updates, .arg = f};

    test_world_init(&f->test);
    f->loop = loop_new(&f->test.world);
    f->now = NOW;
    f->conf.nts_client.refresh = 2419200;
    f->ke.succeeds = true;
    f->ke.result.context.aead = AEAD_AES_SIV_CMAC_256;
    f->ke.result.context.c2s.length = f->ke.result.context.s2c.length = 32;
    f->ke.result.cookie_count = NTS_MAX_COOKIES;
    f->ke.result.valid_until = NOW + 30 * DAY;
    f->ke.result.dates_checked = true;
    for (int i = 0; i < NTS_MAX_COOKIES; i++)
        f->ke.result.cookies[i].length = 100;
    env.world = &f->test.world;
    env.loop = f->loop;
    env.conf = &f->conf.nts_client;
    env.bind = &f->conf.sockets.client;
    f->owner = nts_client_auth_new(&env);
    f->client = ops()->create(f->owner, &params);
    test_world_advance(f->loop, 10.0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ops()->destroy(f->client);
    nts_client_auth_free(f->owner);
    loop_free(f->loop);
    test_world_free(&f->test);
    free(f);
    return 0;
}

/* The words of all findings, separated by spaces. */
static void expect(struct fixture *f, const char *words)
{
    char text[512] = "";

    f->findings.count = 0;
    ops()->explain(f->client, &f->findings);
    for (uint32_t i = 0; i < f->findings.count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, finding_word(f->findings.list[i].code));
    }
    assert_string_equal(text, words);
}

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

enum answer { GOOD, NAK, OTHER_UID, NO_COOKIES, WRONG };

/* The server's answer to the request. */
static void respond(struct fixture *f, const uint8_t *request, enum answer answer)
{
    static const uint8_t nonce[16] = {7};
    uint8_t packet[NTP_MAX_LENGTH], uid[32], plain[NTP_MAX_LENGTH] = {0};
    struct ntp_header header = {.version = 4, .mode = NTP_MODE_SERVER, .stratum = 1};
    struct writer w = writer_make(packet, sizeof(packet));
    struct writer cookies = writer_make(plain, sizeof(plain));
    struct ntp_info info;

    if (answer == NAK)
        header = (struct ntp_header){.version = 4, .mode = NTP_MODE_SERVER, .refid = NTP_KOD_NTSN};
    memcpy(uid, request + NTP_HEADER_LENGTH + 4, sizeof(uid));
    uid[0] ^= answer == OTHER_UID;
    ntp_header_write(packet, &header);
    w.pos = NTP_HEADER_LENGTH;
    assert_true(ntp_ext_add(&w, NTP_EXT_NTS_UID, uid, sizeof(uid)));
    if (answer != NO_COOKIES)
        assert_true(ntp_ext_add_inner(&cookies, NTP_EXT_NTS_COOKIE, plain + 200, 100));
    if (answer != NAK)
        assert_true(auth_field_add(&w, AEAD_AES_SIV_CMAC_256, &f->ke.result.context.s2c, nonce,
                                   plain, cookies.pos, 0));
    if (answer == WRONG)
        packet[w.pos - 1] ^= 1;
    assert_true(ntp_packet_parse(packet, w.pos, &info));
    assert_int_equal(ops()->check_response(f->client, packet, &info) == RESPONSE_GOOD,
                     answer == GOOD);
}

static void fails_with(struct fixture *f, enum finding_code code)
{
    f->ke.succeeds = false;
    f->ke.failure = (struct ke_failure){.when = loop_uptime(f->loop)};
    ke_failure_set(&f->ke.failure, code, "%s", "CN=x\ny");
}

static void keys_are_asked_for_and_used(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    expect(f, "nts_not_asked");
    f->ke.active = true;
    assert_int_equal(poll_request(f, packet), 0);
    test_world_advance(f->loop, 5.0);
    expect(f, "nts_establishing");
    assert_int_equal(f->findings.list[0].ago, 5);
    assert_string_equal(f->findings.list[0].text, "192.0.2.1:4460");
    f->ke.active = false;
    expect(f, "nts_ready");
    assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_ready");
    assert_int_equal(f->findings.list[0].ago, 0);
    respond(f, packet, GOOD);
    test_world_advance(f->loop, 3.0);
    expect(f, "nts_authenticated nts_certificate");
    assert_int_equal(f->findings.list[0].ago, 3);
    assert_true(f->findings.list[0].value[0] == 8.0);
    assert_true(f->findings.list[0].value[1] == -3.0);
    assert_string_equal(f->findings.list[0].text, "AES-SIV-CMAC-256");
    f->now += 24 * DAY;
    expect(f, "nts_authenticated nts_certificate_ends");
    f->now += 6 * DAY;
    expect(f, "nts_authenticated nts_certificate_ended");
    assert_true(f->findings.list[1].value[0] == (double)(NOW / DAY + 30));
}

static void failure_is_said_at_once_and_kept(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    fails_with(f, FINDING_NTS_ALERT);
    f->ke.failure.number = 42;
    f->ke.active = true;
    assert_int_equal(poll_request(f, packet), 0);
    f->ke.active = false;
    test_world_advance(f->loop, 60.0);
    /* The interval begins with the next poll. */
    expect(f, "nts_alert");
    assert_int_equal(f->findings.list[0].ago, 60);
    assert_true(f->findings.list[0].value[0] == 1.0);
    assert_true(f->findings.list[0].value[1] == 1024.0);
    assert_true(f->findings.list[0].value[2] == 42.0);
    assert_string_equal(f->findings.list[0].text, "CN=x?y");
    assert_int_equal(poll_request(f, packet), 0);
    test_world_advance(f->loop, 24.0);
    expect(f, "nts_alert");
    assert_true(f->findings.list[0].value[1] == 1000.0);
    /* The next attempt. */
    test_world_advance(f->loop, 1001.0);
    f->ke.active = true;
    assert_int_equal(poll_request(f, packet), 0);
    f->ke.failure.code = 0;
    expect(f, "nts_alert nts_establishing");
    f->ke.active = false;
    f->ke.succeeds = true;
    assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_ready");
}

static void failed_start_has_its_reason(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    fails_with(f, FINDING_NTS_TRUST_UNREADABLE);
    f->ke.start_fails = true;
    assert_int_equal(poll_request(f, packet), 0);
    expect(f, "nts_trust_unreadable");
    assert_true(f->findings.list[0].value[1] == 2.0);
}

static void start_that_failed_later_has_its_reason(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    fails_with(f, FINDING_NTS_TRUST_UNREADABLE);
    f->ke.active = true;
    assert_int_equal(poll_request(f, packet), 0);
    f->ke.active = false;
    f->ke.start_failed = true;
    test_world_advance(f->loop, 0.5);
    expect(f, "nts_trust_unreadable");
    assert_true(fabs(f->findings.list[0].value[1] - 1.5) < 0.1);
}

static void dates_are_the_certificates_or_the_clocks_fault(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    fails_with(f, FINDING_NTS_CERTIFICATE_EXPIRED);
    f->ke.failure.valid_from = NOW - 100 * DAY;
    f->ke.failure.valid_until = NOW - 10 * DAY + 10;
    assert_int_equal(poll_request(f, packet), 0);
    /* Nobody knows. */
    expect(f, "nts_certificate_or_clock");
    assert_true(f->findings.list[0].value[0] == 10.0 * DAY);
    assert_true(f->findings.list[0].value[3] == (double)((NOW + 10) / DAY - 10));
    /* Sources have corrected the clock. */
    f->clock_updates = 1;
    expect(f, "nts_certificate_expired");
    /* ... so that it is right now. */
    f->now -= 20 * DAY;
    expect(f, "nts_clock_corrected");
    /* A clock that is before the birth of this program. */
    f->clock_updates = 0;
    f->ke.failure.code = FINDING_NTS_CERTIFICATE_NOT_YET_VALID;
    f->now = 1000 * DAY;
    test_world_advance(f->loop, 2000.0);
    assert_int_equal(poll_request(f, packet), 0);
    expect(f, build_time() > 0 ? "nts_clock_wrong" : "nts_certificate_or_clock");
    if (build_time() > 0)
        assert_true(f->findings.list[0].value[3] == (double)(build_time() / DAY));
}

static void address_of_another_source_is_said(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    f->ke.result.ntp_port = 666;
    f->ke.result.ntp_addr = ip_addr_v4(192, 0, 2, 9);
    assert_int_equal(poll_request(f, packet), 0);
    expect(f, "nts_address_taken");
    assert_string_equal(f->findings.list[0].text, "192.0.2.9");
    assert_int_equal(f->findings.list[0].ago, 0);
}

static void refused_responses_are_counted_until_a_good_one(void **state)
{
    static const struct {
        enum answer answer;
        const char *words;
    } cases[] = {{NAK, "nts_foreign_keys nts_ready"},
                 {OTHER_UID, "nts_wrong_identifier nts_ready"},
                 {NO_COOKIES, "nts_without_cookies nts_ready"},
                 {WRONG, "nts_wrong_authentication nts_ready"}};
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_not_equal(poll_request(f, packet), 0);
        respond(f, packet, cases[i].answer);
        test_world_advance(f->loop, 7.0);
        expect(f, cases[i].words);
        assert_int_equal(f->findings.list[0].ago, 7);
        assert_true(f->findings.list[0].value[0] == 1.0);
        /* A NAK is forgotten only by a good response. */
        respond(f, packet, GOOD);
        expect(f, "nts_authenticated nts_certificate");
        const struct ip_port again = {ip_addr_v4(192, 0, 2, 1), 4460};
        ops()->change_nts_address(f->client, &again);
    }
}

static void answer_then_nak(struct fixture *f, uint8_t *packet)
{
    assert_int_not_equal(poll_request(f, packet), 0);
    respond(f, packet, GOOD);
    assert_int_not_equal(poll_request(f, packet), 0);
    respond(f, packet, NAK);
}

static void nak_after_good_answers_is_a_loss_of_keys(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    answer_then_nak(f, packet);
    expect(f, "nts_nak nts_authenticated nts_certificate");
    f->ke.active = true;
    assert_int_equal(poll_request(f, packet), 0);
    expect(f, "nts_establishing nts_nak");
    f->ke.active = false;
    assert_int_not_equal(poll_request(f, packet), 0);
    respond(f, packet, NAK);
    f->ke.active = true;
    assert_int_equal(poll_request(f, packet), 0);
    expect(f, "nts_foreign_keys");
    assert_true(f->findings.list[0].value[0] == 2.0);
    assert_true(f->findings.list[0].value[1] > 0.0);
}

static void new_keys_end_what_is_said_of_a_nak(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    answer_then_nak(f, packet);
    test_world_advance(f->loop, 60.0);
    expect(f, "nts_nak nts_authenticated nts_certificate");
    assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_authenticated nts_certificate");
    /* The request that had the NAK for an answer is not one without. */
    assert_int_not_equal(poll_request(f, packet), 0);
    assert_int_not_equal(poll_request(f, packet), 0);
    test_world_advance(f->loop, 1.0);
    expect(f, "nts_no_answer nts_authenticated nts_certificate");
    assert_true(f->findings.list[0].value[0] == 3.0);
    for (int i = 0; i < 5; i++)
        assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_cookies_spent nts_no_answer");
}

static void silence_after_key_establishment_is_said(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    for (int i = 0; i < 3; i++)
        assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_no_answer");
    assert_true(f->findings.list[0].value[0] == 3.0);
    assert_true(f->findings.list[0].value[1] == 48 + 36 + 3 * 104 + 40);
    assert_string_equal(f->findings.list[0].text, "192.0.2.1:123");
    for (int i = 0; i < 5; i++)
        assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_cookies_spent nts_no_answer");
    assert_true(f->findings.list[0].value[1] == 1024.0);
    /* A server that has answered before just does not answer now. */
    respond(f, packet, GOOD);
    assert_int_not_equal(poll_request(f, packet), 0);
    expect(f, "nts_cookies_spent");
}

static void unchecked_dates_are_said(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    f->ke.result.dates_checked = false;
    assert_int_not_equal(poll_request(f, packet), 0);
    respond(f, packet, GOOD);
    expect(f, "nts_authenticated nts_certificate nts_dates_unchecked");
    test_world_advance(f->loop, 31.0 * DAY);
    expect(f, "nts_authenticated nts_certificate_ended nts_dates_unchecked");
}

static void an_expired_certificate_that_was_accepted_is_said(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];

    f->ke.result.dates_checked = false;
    f->ke.result.valid_until = NOW - 100 * DAY;
    assert_int_not_equal(poll_request(f, packet), 0);
    respond(f, packet, GOOD);
    test_world_advance(f->loop, 1.0);
    expect(f, "nts_authenticated nts_expired_accepted");
    assert_true(f->findings.list[1].value[0] == (double)(NOW / DAY - 100));
}

static void long_texts_end_with_dots(void **state)
{
    struct ke_failure failure = {.code = 0};

    ke_failure_set(&failure, FINDING_NTS_CERTIFICATE_OTHER_NAME, "%0200d", 0);
    assert_int_equal(strlen(failure.text), REPORT_FINDING_TEXT);
    assert_string_equal(failure.text + REPORT_FINDING_TEXT - 4, "0...");
}

static void source_without_address_says_nothing(void **state)
{
    struct fixture *f = *state;
    const struct ip_port none = {ip_addr_from_id(3), 4460};

    ops()->change_nts_address(f->client, &none);
    expect(f, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_are_asked_for_and_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failure_is_said_at_once_and_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_start_has_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(start_that_failed_later_has_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dates_are_the_certificates_or_the_clocks_fault, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(address_of_another_source_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_responses_are_counted_until_a_good_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nak_after_good_answers_is_a_loss_of_keys, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(new_keys_end_what_is_said_of_a_nak, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_after_key_establishment_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unchecked_dates_are_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_expired_certificate_that_was_accepted_is_said, set_up,
                                        tear_down),
        cmocka_unit_test(long_texts_end_with_dots),
        cmocka_unit_test_setup_teardown(source_without_address_says_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

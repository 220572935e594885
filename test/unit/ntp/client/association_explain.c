/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an association says of itself, in a virtual network: each reason for which a source does not
 * work has its finding, with its numbers, and a source that works has none of them.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ntp/client/association.h"
#include "test/unit/support/rig.h"

#define SERVER "192.0.2.1"

static struct rig rig_of_test;

static int setup(void **state)
{
    rig_init(&rig_of_test, NULL, NULL);
    *state = &rig_of_test;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static struct findings explain(struct rig *rig)
{
    const struct ip_addr addr = rig_addr(SERVER);
    struct findings findings = {.count = 0};

    ntp_sources_explain_source(rig->sources, &addr, &findings);
    return findings;
}

/* NULL: there is none. Valid until the next call. */
static const struct report_finding *find(struct rig *rig, enum finding_code code)
{
    static struct findings findings;

    findings = explain(rig);
    for (uint32_t i = 0; i < findings.count; i++)
        if (findings.list[i].code == (uint16_t)code)
            return &findings.list[i];
    return NULL;
}

/* The finding is there, with this first value. */
static const struct report_finding *check(struct rig *rig, enum finding_code code, double value)
{
    const struct report_finding *f = find(rig, code);

    if (!f)
        fail_msg("no %s", finding_word((unsigned int)code));
    if (f->value[0] != value)
        fail_msg("%s has %f", finding_word((unsigned int)code), f->value[0]);
    return f;
}

static void assert_no_errors(struct rig *rig)
{
    struct findings findings = explain(rig);

    for (uint32_t i = 0; i < findings.count; i++)
        if (finding_severity(findings.list[i].code) >= FINDING_WARNING)
            fail_msg("%s", finding_word(findings.list[i].code));
}

/* ---- Activity ---- */

static void source_that_works_says_what_it_measured(void **state)
{
    struct rig *rig = *state;

    rig_add(rig, SOURCE_SERVER, false, SERVER " iburst");
    assert_non_null(find(rig, FINDING_NOT_STARTED));
    rig_start(rig);
    rig_run(rig, 0.1);
    assert_non_null(find(rig, FINDING_FIRST_REQUEST));
    rig_run(rig, 1.0);
    check(rig, FINDING_BURST, 3.0);
    rig_run(rig, 9.0);
    const struct report_finding *f = check(rig, FINDING_ANSWERED, 4.0);
    assert_true(f->value[1] == 4.0);
    assert_between(f->value[2], 50.0, 66.0);
    f = find(rig, FINDING_MEASURED);
    assert_non_null(f);
    assert_between(f->value[1], 0.0099, 0.0101);
    assert_null(find(rig, FINDING_BURST));
    assert_no_errors(rig);
}

static void offline_has_its_reason(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig_add_server(rig, SERVER " offline");
    rig_run(rig, 10);
    check(rig, FINDING_OFFLINE_CONFIGURED, -10.0);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    rig_run(rig, 10);
    assert_no_errors(rig);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE);
    assert_non_null(find(rig, FINDING_OFFLINE_COMMAND));
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    sim_set_unreachable(rig->sim, true);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_MAYBE_ONLINE);
    assert_non_null(find(rig, FINDING_OFFLINE_NO_ROUTE));
}

static void failed_sending_with_auto_offline_has_its_reason(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " auto_offline");
    sim_set_send_failure(rig->sim, true);
    rig_run(rig, 10);
    assert_non_null(find(rig, FINDING_OFFLINE_SEND_FAILED));
}

/* ---- Requests ---- */

static void silence_is_counted(void **state)
{
    struct rig *rig = *state;

    rig->answer = false;
    rig_add_server(rig, SERVER " iburst port 11123 minpoll 4 maxpoll 4");
    rig_run(rig, 12);
    const struct report_finding *f = check(rig, FINDING_NEVER_ANSWERED, 6.0);
    assert_true(f->value[1] == 11123.0);
    assert_between(f->value[2], 0.0, 2.1);
    rig->answer = true;
    rig_run(rig, 100);
    assert_no_errors(rig);
    /* One lost packet is nothing to speak of. */
    rig->answer = false;
    rig_run(rig, 17);
    assert_no_errors(rig);
    rig_run(rig, 40);
    f = check(rig, FINDING_NO_ANSWER, 3.0);
    assert_between(f->ago, 50.0, 70.0);
}

static void error_of_the_network_tells_who_has_failed(void **state)
{
    static const struct {
        int error;
        enum finding_code code;
    } cases[] = {
        {ECONNREFUSED, FINDING_PORT_UNREACHABLE},
        {EHOSTUNREACH, FINDING_HOST_UNREACHABLE},
        {ENETUNREACH, FINDING_NETWORK_UNREACHABLE},
        {EACCES, FINDING_NETWORK_ERROR},
        {EPROTO, FINDING_NETWORK_ERROR},
    };
    struct rig *rig = *state;
    const struct ip_port other = {rig_addr(SERVER), 124}, server = {rig_addr(SERVER), 123};

    rig->answer = false;
    rig_add_server(rig, SERVER);
    rig_run(rig, 10);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ntp_sources_failed(rig->sources, &other, ENETDOWN);
        ntp_sources_failed(rig->sources, &server, cases[i].error);
        check(rig, cases[i].code, (double)i + 1.0);
    }
    assert_null(find(rig, FINDING_NEVER_ANSWERED));
    rig->answer = true;
    rig_run(rig, 100);
    assert_no_errors(rig);
}

static void requests_that_do_not_leave_have_another_reason(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER);
    sim_set_unreachable(rig->sim, true);
    rig_run(rig, 10);
    check(rig, FINDING_NO_ROUTE, 1.0);
}

static void all_silent_sources_have_one_reason(void **state)
{
    struct rig *rig = *state;
    const struct ip_port server = {rig_addr(SERVER), 123};
    struct findings findings = {.count = 0};

    rig->answer = false;
    rig_add_server(rig, SERVER);
    rig_run(rig, 10);
    ntp_sources_explain(rig->sources, &findings);
    assert_int_equal(findings.count, 0);
    rig_add_server(rig, "192.0.2.2");
    rig_run(rig, 10);
    ntp_sources_explain(rig->sources, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.list[0].code, FINDING_NO_ANSWERS_AT_ALL);
    assert_true(findings.list[0].value[0] == 2.0);
    /* A host that refuses has been reached. */
    ntp_sources_failed(rig->sources, &server, ECONNREFUSED);
    findings.count = 0;
    ntp_sources_explain(rig->sources, &findings);
    assert_int_equal(findings.count, 0);
}

/* ---- Keys ---- */

static void missing_key_is_named_with_its_file(void **state)
{
    struct rig *rig = *state;
    const struct world *world = sim_world_interface(rig->sim);

    rig_add_server(rig, SERVER " key 9");
    rig_run(rig, 10);
    const struct report_finding *f = check(rig, FINDING_KEY_UNKNOWN, 9.0);
    assert_string_equal(f->text, "/keys");
    sim_set_file(rig->sim, "/keys", "1 MD5 x\nbad\n2 SHA256 y\n\nworse\n", 0640);
    ntp_keys_load(rig->keys, world, "/keys");
    rig_run(rig, 5);
    f = check(rig, FINDING_KEY_FILE_LINES, 2.0);
    assert_true(f->value[1] == 2.0);
    assert_int_equal(f->ago, 5);
    ntp_keys_load(rig->keys, world, "/none");
    f = find(rig, FINDING_KEY_FILE_UNREADABLE);
    assert_non_null(f);
    assert_string_equal(f->text, "/none : No such file or directory");
    ntp_keys_load(rig->keys, world, NULL);
    check(rig, FINDING_NO_KEY_FILE, 9.0);
}

static void other_authentication_is_told_apart(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " key 1 iburst");
    rig_run(rig, 1);
    const struct report_finding *f = check(rig, FINDING_ANSWER_NOT_AUTHENTICATED, 1.0);
    assert_true(f->value[1] == 1.0 && f->value[2] == 1.0);
    rig->key = 2;
    rig_run(rig, 4);
    f = check(rig, FINDING_OTHER_KEY, 2.0);
    assert_true(f->value[2] == 1.0 && f->value[3] == 2.0);
    rig->key = 1;
    rig_run(rig, 100);
    assert_null(find(rig, FINDING_OTHER_KEY));
    assert_no_errors(rig);
}

static void a_server_that_is_silent_may_have_another_key(void **state)
{
    struct rig *rig = *state;

    rig->answer = false;
    rig_add_server(rig, SERVER " key 1 iburst");
    rig_run(rig, 12);
    assert_non_null(find(rig, FINDING_NEVER_ANSWERED));
    check(rig, FINDING_KEY_AT_SERVER, 1.0);
    rig->key = 1;
    rig->answer = true;
    rig_run(rig, 100);
    assert_null(find(rig, FINDING_KEY_AT_SERVER));
}

static bool break_mac(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                      size_t *length)
{
    response[*length - 1] ^= 1;
    return true;
}

static bool crypto_nak(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                       size_t *length)
{
    memset(response + NTP_HEADER_LENGTH, 0, 4);
    *length = NTP_HEADER_LENGTH + 4;
    return true;
}

static void wrong_mac_and_crypto_nak_are_told_apart(void **state)
{
    struct rig *rig = *state;

    rig->key = 1;
    rig->tamper = break_mac;
    rig_add_server(rig, SERVER " key 1 iburst");
    rig_run(rig, 1);
    check(rig, FINDING_MAC_WRONG, 1.0);
    rig->tamper = crypto_nak;
    rig_run(rig, 4);
    check(rig, FINDING_CRYPTO_NAK, 2.0);
}

static void unasked_authentication_is_no_missing_one(void **state)
{
    struct rig *rig = *state;

    rig->key = 1;
    rig_add_server(rig, SERVER);
    rig_run(rig, 10);
    check(rig, FINDING_UNASKED_AUTHENTICATION, 1.0);
    check(rig, FINDING_NOTHING_USABLE, 1.0);
}

/* ---- Responses ---- */

static void server_that_does_not_know_the_time_says_so(void **state)
{
    struct rig *rig = *state;

    rig->leap = LEAP_UNSYNC;
    rig->stratum = 16;
    rig_add_server(rig, SERVER);
    rig_run(rig, 10);
    const struct report_finding *f = check(rig, FINDING_SERVER_UNSYNCHRONISED, 3.0);
    assert_true(f->value[1] == 16.0);
    assert_null(find(rig, FINDING_NOTHING_USABLE));
}

static void kisses_have_their_meaning(void **state)
{
    struct rig *rig = *state;

    rig->leap = LEAP_UNSYNC;
    rig->stratum = 0;
    rig->refid = 0x44454e59;
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 4");
    rig_run(rig, 1);
    const struct report_finding *f = find(rig, FINDING_KISS_REFUSED);
    assert_non_null(f);
    assert_string_equal(f->text, "DENY");
    rig->refid = NTP_KOD_RATE;
    for (int i = 0; i < 20 && !find(rig, FINDING_KISS_RATE); i++)
        rig_run(rig, 1);
    f = find(rig, FINDING_KISS_RATE);
    assert_non_null(f);
    assert_true(f->value[0] >= 4.0);
    assert_true(f->value[1] >= 4.0 * f->value[0]);
}

static bool set_root_dispersion(struct rig *rig, const struct sim_packet *request,
                                uint8_t *response, size_t *length)
{
    response[9] = 17; /* s */
    return true;
}

static void root_distance_has_value_and_limit(void **state)
{
    struct rig *rig = *state;

    rig->tamper = set_root_dispersion;
    rig_add_server(rig, SERVER);
    rig_run(rig, 10);
    const struct report_finding *f = find(rig, FINDING_ROOT_DISTANCE);
    assert_non_null(f);
    assert_between(f->value[0], 17.0, 17.1);
    assert_true(f->value[1] == 16.0);
}

static bool change_origin(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                          size_t *length)
{
    response[30] ^= 1;
    return true;
}

static void answer_of_somebody_else_is_told(void **state)
{
    struct rig *rig = *state;

    rig->tamper = change_origin;
    rig_add_server(rig, SERVER);
    rig_run(rig, 10);
    check(rig, FINDING_WRONG_ORIGIN, 1.0);
}

static void delay_tests_have_value_and_limit(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " iburst maxdelay 0.001 xleave minstratum 5");
    rig_run(rig, 10);
    const struct report_finding *f = find(rig, FINDING_MAXDELAY);
    assert_non_null(f);
    assert_between(f->value[2], 0.0099, 0.0101);
    assert_true(f->value[3] == 0.001);
    assert_non_null(find(rig, FINDING_NOTHING_USABLE));
    assert_null(find(rig, FINDING_BASIC_MODE));
    const struct ip_addr addr = rig_addr(SERVER);
    association_modify_max_delay(ntp_sources_find(rig->sources, &addr), 1.0);
    rig_run(rig, 2000);
    assert_no_errors(rig);
    assert_non_null(find(rig, FINDING_BASIC_MODE));
    f = check(rig, FINDING_MINSTRATUM, 1.0);
    assert_true(f->value[1] == 5.0);
}

/* A refused packet now and then is what the tests are for. */
static void single_refusals_are_not_mentioned(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4 maxpoll 4 maxdelay 0.05");
    for (int i = 0; i < 8; i++) {
        rig->delay = i == 4 || i == 6 ? 0.1 : 0.005;
        rig_run(rig, 16.2);
    }
    assert_null(find(rig, FINDING_MAXDELAY));
    rig->delay = 0.1;
    rig_run(rig, 16.2);
    assert_non_null(find(rig, FINDING_MAXDELAY));
    assert_between(find(rig, FINDING_MEASURED)->value[1], 0.0099, 0.0101);
    /* It is over, but was frequent. */
    rig->delay = 0.005;
    rig_run(rig, 16.2);
    assert_non_null(find(rig, FINDING_MAXDELAY));
    rig_run(rig, 200);
    assert_null(find(rig, FINDING_MAXDELAY));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(source_that_works_says_what_it_measured),
        TEST(offline_has_its_reason),
        TEST(failed_sending_with_auto_offline_has_its_reason),
        TEST(silence_is_counted),
        TEST(error_of_the_network_tells_who_has_failed),
        TEST(requests_that_do_not_leave_have_another_reason),
        TEST(all_silent_sources_have_one_reason),
        TEST(missing_key_is_named_with_its_file),
        TEST(other_authentication_is_told_apart),
        TEST(wrong_mac_and_crypto_nak_are_told_apart),
        TEST(a_server_that_is_silent_may_have_another_key),
        TEST(unasked_authentication_is_no_missing_one),
        TEST(server_that_does_not_know_the_time_says_so),
        TEST(kisses_have_their_meaning),
        TEST(root_distance_has_value_and_limit),
        TEST(answer_of_somebody_else_is_told),
        TEST(delay_tests_have_value_and_limit),
        TEST(single_refusals_are_not_mentioned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

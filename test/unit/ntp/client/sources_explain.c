/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of the names of sources that have no address.
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "test/unit/support/rig.h"

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

/* Of the source without an address that was added as number `id`; all of them have one finding. */
static struct report_finding explain(struct rig *rig, uint32_t id)
{
    const struct ip_addr addr = ip_addr_from_id(id);
    struct findings findings = {.count = 0};

    ntp_sources_explain_source(rig->sources, &addr, &findings);
    assert_int_equal(findings.count, 1);
    return findings.list[0];
}

static struct report_finding check(struct rig *rig, uint32_t id, enum finding_code code)
{
    struct report_finding f = explain(rig, id);

    if (f.code != (uint16_t)code)
        fail_msg("%s instead of %s", finding_word(f.code), finding_word((unsigned int)code));
    return f;
}

static void start(struct rig *rig, const char *line)
{
    assert_int_equal(rig_add(rig, SOURCE_SERVER, false, line), NTP_SOURCES_UNRESOLVED);
    ntp_sources_set_auto_start(rig->sources);
    ntp_sources_resolve_now(rig->sources);
}

static void each_failure_has_its_finding(void **state)
{
    static const struct {
        enum resolve_status status;
        enum finding_code code;
    } cases[] = {
        {RESOLVE_TRY_AGAIN, FINDING_NAME_NO_ANSWER},
        {RESOLVE_TIMED_OUT, FINDING_NAME_TIMEOUT},
        {RESOLVE_UNAVAILABLE, FINDING_NAME_UNAVAILABLE},
        {RESOLVE_NO_INTERFACE, FINDING_NAME_NO_INTERFACE},
        {RESOLVE_NOT_FOUND, FINDING_NAME_NOT_FOUND},
        {RESOLVE_BROKEN, FINDING_NAME_FAILED},
    };
    struct rig *rig = *state;

    start(rig, "ntp.test");
    check(rig, 1, FINDING_NAME_LOOKED_UP);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sim_set_name(rig->sim, "ntp.test", cases[i].status, NULL, 0);
        ntp_sources_resolve_now(rig->sources);
        rig_run(rig, 2.5);
        struct report_finding f = check(rig, 1, cases[i].code);
        assert_string_equal(f.text, "ntp.test");
        /* The lookup of the start was repeated. */
        assert_true(f.value[0] == (double)i + 2.0);
        assert_in_range(f.ago, 1, 2);
        /* The next round, 28 seconds after the end of this one, or later. */
        assert_between(f.value[1], 25.0, 3600.0);
    }
}

static void final_failures_say_that_there_is_no_other_try(void **state)
{
    struct rig *rig = *state;

    sim_set_name(rig->sim, "bad.test", RESOLVE_FAILURE, NULL, 0);
    sim_set_name(rig->sim, "off.test", RESOLVE_FAMILY_OFF, NULL, 0);
    start(rig, "bad.test");
    start(rig, "off.test");
    rig_run(rig, 10);
    check(rig, 1, FINDING_NAME_GIVEN_UP);
    check(rig, 2, FINDING_NAME_FAMILY_OFF);
}

static void addresses_that_cannot_be_used_have_a_reason(void **state)
{
    struct rig *rig = *state;
    const struct ip_addr v4 = rig_addr("198.51.100.1"), v6 = rig_addr("2001:db8::1");

    rig_add(rig, SOURCE_SERVER, false, "198.51.100.1");
    sim_set_name(rig->sim, "four.test", RESOLVE_SUCCESS, &v4, 1);
    sim_set_name(rig->sim, "six.test", RESOLVE_SUCCESS, &v6, 1);
    sim_set_no_route(rig->sim, &v6);
    start(rig, "four.test ipv6");
    start(rig, "four.test");
    start(rig, "six.test");
    rig_run(rig, 2);
    struct report_finding f = check(rig, 1, FINDING_NAME_OTHER_FAMILY);
    assert_true(f.value[0] == 1.0);
    assert_between(f.value[1], 20.0, 60.0);
    check(rig, 2, FINDING_NAME_IN_USE);
    check(rig, 3, FINDING_NAME_NO_ROUTE);
}

static void free_places_of_a_pool_are_no_fault(void **state)
{
    struct rig *rig = *state;
    const struct ip_addr addr = rig_addr("198.51.100.1");

    rig->answer = false;
    sim_set_name(rig->sim, "pool.test", RESOLVE_NOT_FOUND, NULL, 0);
    assert_int_equal(rig_add(rig, SOURCE_SERVER, true, "pool.test maxsources 2"),
                     NTP_SOURCES_UNRESOLVED);
    ntp_sources_set_auto_start(rig->sources);
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 2);
    for (uint32_t id = 1; id <= 4; id++)
        check(rig, id, FINDING_NAME_NOT_FOUND);
    sim_set_name(rig->sim, "pool.test", RESOLVE_SUCCESS, &addr, 1);
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 2);
    for (uint32_t id = 2; id <= 4; id++) {
        struct report_finding f = check(rig, id, FINDING_POOL_PLACE);
        assert_true(f.value[0] == 1.0 && f.value[1] == 1.0 && f.value[2] == 4.0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_failure_has_its_finding),
        TEST(final_failures_say_that_there_is_no_other_try),
        TEST(addresses_that_cannot_be_used_have_a_reason),
        TEST(free_places_of_a_pool_are_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

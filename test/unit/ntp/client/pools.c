/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of pools, and what a change of address does to them; when names are looked up again, in
 * which order addresses are tried, and when new sources are started (ntp.md 18.2 to 18.7).
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "test/unit/support/log.h"
#include "test/unit/support/rig.h"

static struct rig rig_of_test;

/* Those at odd addresses, if set, tell that they are not synchronised. */
static bool odd_ones_fail;

static bool fail_odd(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                     size_t *length)
{
    if (odd_ones_fail && request->to.addr.u.v4[3] % 2 == 1)
        response[0] |= 0xc0;
    return true;
}

static int setup(void **state)
{
    capture_log();
    rig_init(&rig_of_test, NULL, NULL);
    rig_of_test.tamper = fail_odd;
    odd_ones_fail = false;
    *state = &rig_of_test;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    end_log_capture();
    return 0;
}

static void set_name(struct rig *rig, const char *name, int first, int n)
{
    struct ip_addr addrs[16];

    for (int i = 0; i < n; i++)
        addrs[i] = ip_addr_v4(198, 51, 100, (uint8_t)(first + i));
    sim_set_name(rig->sim, name, RESOLVE_SUCCESS, addrs, n);
}

/* Whether 198.51.100.N is a source. */
static bool has(struct rig *rig, int n)
{
    struct ip_addr addr = ip_addr_v4(198, 51, 100, (uint8_t)n);

    return ntp_sources_find(rig->sources, &addr);
}

static void start_up(struct rig *rig)
{
    ntp_sources_resolve_now(rig->sources);
    while (rig->rounds == 0)
        rig_run(rig, 0.1);
    rig_start(rig);
}

static void add_pool(struct rig *rig, const char *line)
{
    assert_int_equal(rig_add(rig, SOURCE_SERVER, true, line), NTP_SOURCES_UNRESOLVED);
}

static void number_of_members_follows_maxsources(void **state)
{
    struct rig *rig = *state;
    static const int cases[][2] = {{1, 2}, {2, 4}, {3, 6}, {8, 16}, {9, 16}, {16, 16}, {17, 16}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[64];
        int before = (int)rig_activity(rig).unresolved;
        snprintf(line, sizeof(line), "pool%zu.test maxsources %d", i, cases[i][0]);
        add_pool(rig, line);
        assert_int_equal((int)rig_activity(rig).unresolved - before, cases[i][1]);
    }
}

/* 8 of 16 are kept with maxsources 8, 16 with 17: the quota is 16. */
static void quota_is_at_most_16(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "a.test", 1, 16);
    set_name(rig, "b.test", 101, 16);
    add_pool(rig, "a.test maxsources 8 iburst");
    add_pool(rig, "b.test maxsources 17 iburst");
    start_up(rig);
    rig_run(rig, 30);
    assert_int_equal(rig_activity(rig).online, 8 + 16);
    assert_int_equal(logged("Removed"), 0);
}

/* A response that is only valid does not confirm a member. */
static void members_are_confirmed_by_good_responses(void **state)
{
    struct rig *rig = *state;

    odd_ones_fail = true;
    set_name(rig, "pool.test", 1, 4);
    add_pool(rig, "pool.test maxsources 2 iburst");
    rig->leap = 3;
    start_up(rig);
    rig_run(rig, 100);
    for (int i = 1; i <= 4; i++)
        assert_true(has(rig, i));
    rig->leap = 0;
    rig_run(rig, 100);
    assert_true(has(rig, 2) && has(rig, 4));
    assert_false(has(rig, 1) || has(rig, 3));
}

/* Two responses of one member do not count as two members. */
static void a_member_is_confirmed_once(void **state)
{
    struct rig *rig = *state;

    odd_ones_fail = true;
    set_name(rig, "pool.test", 1, 3);
    add_pool(rig, "pool.test maxsources 2 iburst");
    start_up(rig);
    rig_run(rig, 1000);
    assert_true(has(rig, 1) && has(rig, 2) && has(rig, 3));
    assert_true(rig_source(rig, "198.51.100.2")->samples > 4);
}

/* With a quota of two, removal of one of four changes nothing; that of three leaves a quota of
   one. */
static void quota_sinks_with_the_members(void **state)
{
    struct rig *rig = *state;
    struct ip_addr gone = ip_addr_v4(198, 51, 100, 1);

    odd_ones_fail = true;
    set_name(rig, "pool.test", 1, 4);
    add_pool(rig, "pool.test maxsources 2 iburst");
    start_up(rig);
    ntp_sources_remove(rig->sources, &gone);
    rig_run(rig, 30);
    assert_true(has(rig, 2) && has(rig, 4));
    assert_false(has(rig, 3));
}

/* A removed member that was confirmed is one less of the quota. */
static void confirmed_members_that_go_are_not_counted(void **state)
{
    struct rig *rig = *state;
    struct ip_addr gone = ip_addr_v4(198, 51, 100, 2);

    odd_ones_fail = true;
    set_name(rig, "pool.test", 1, 4);
    add_pool(rig, "pool.test maxsources 3 iburst");
    start_up(rig);
    rig_run(rig, 1);
    rig->silent = rig_addr("198.51.100.4");
    rig_run(rig, 100);
    assert_true(has(rig, 1) && has(rig, 2) && has(rig, 3) && has(rig, 4));
    ntp_sources_remove(rig->sources, &gone);
    /* 4 was confirmed too, and 1 comes: two of the quota of three. */
    odd_ones_fail = false;
    rig->silent = rig_addr("198.51.100.3");
    rig_run(rig, 70);
    assert_true(has(rig, 1) && has(rig, 3) && has(rig, 4));
}

/* A member with another address has to show that it is any good. */
static void replaced_member_is_tentative_again(void **state)
{
    struct rig *rig = *state;

    odd_ones_fail = true;
    rig->silent = rig_addr("198.51.100.6");
    set_name(rig, "pool.test", 2, 6);
    add_pool(rig, "pool.test maxsources 3 minpoll 4 maxpoll 4");
    start_up(rig);
    rig_run(rig, 20);
    set_name(rig, "pool.test", 8, 1);
    ntp_sources_refresh(rig->sources);
    rig_run(rig, 40);
    /* 2 became 8, which is good: two of three are confirmed, and the others may still come. */
    assert_false(has(rig, 2));
    for (int i = 3; i <= 8; i++)
        assert_true(has(rig, i));
    assert_true(rig_source(rig, "198.51.100.8")->samples >= 1);
}

/* The name of a pool that was removed before it was resolved gives nothing to another pool. */
static void queued_name_keeps_its_pool(void **state)
{
    struct rig *rig = *state;
    struct source_conf conf = {.kind = SOURCE_SERVER, .pool = true};
    char name[] = "old.test";
    uint32_t conf_id;

    set_name(rig, "old.test", 1, 4);
    set_name(rig, "new.test", 11, 4);
    source_options_default(&conf.options);
    conf.name = name;
    rig->answer = false;
    start_up(rig);
    ntp_sources_add(rig->sources, &conf, &conf_id);
    ntp_sources_remove_by_conf_id(rig->sources, conf_id);
    add_pool(rig, "new.test maxsources 2");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 1);
    assert_true(has(rig, 11) && has(rig, 14));
    assert_false(has(rig, 1));
}

static void pool_options_are_those_of_its_members(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addrs[3] = {rig_addr("2001:db8::1"), rig_addr("198.51.100.1"),
                               rig_addr("2001:db8::2")};

    sim_set_name(rig->sim, "pool.test", RESOLVE_SUCCESS, addrs, 3);
    add_pool(rig, "pool.test ipv6 port 1123");
    start_up(rig);
    rig_run(rig, 1);
    assert_false(has(rig, 1));
    assert_non_null(ntp_sources_find(rig->sources, &addrs[0]));
    assert_non_null(ntp_sources_find(rig->sources, &addrs[2]));
    assert_int_equal(sim_sent(rig->sim, 0)->to.port, 1123);
}

/* An address that other sources have, or that cannot be reached, is skipped. */
static void pool_takes_the_next_address(void **state)
{
    struct rig *rig = *state;
    struct ip_addr unreachable = ip_addr_v4(198, 51, 100, 2);

    rig_add(rig, SOURCE_SERVER, false, "198.51.100.1 minpoll 9");
    sim_set_no_route(rig->sim, &unreachable);
    set_name(rig, "pool.test", 1, 4);
    add_pool(rig, "pool.test maxsources 1");
    start_up(rig);
    assert_true(has(rig, 3) && has(rig, 4));
    assert_false(has(rig, 2));
    assert_int_equal(rig_activity(rig).unresolved, 0);
}

/* Starting. */

static void sources_wait_for_the_first_round(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "ntp.test", 1, 1);
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1");
    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 10);
    assert_true(has(rig, 1));
    assert_int_equal(sim_sent_count(rig->sim), 0);
    rig_start(rig);
    rig_run(rig, 1);
    assert_int_equal(sim_sent_count(rig->sim), 2);
    /* Later ones start at once, or when their name is resolved. */
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.3");
    rig_run(rig, 1);
    assert_int_equal(sim_sent_count(rig->sim), 3);
    set_name(rig, "late.test", 2, 1);
    rig_add(rig, SOURCE_SERVER, false, "late.test");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 1);
    assert_int_equal(sim_sent_count(rig->sim), 4);
}

static void additions_are_logged_with_their_names(void **state)
{
    struct rig *rig = *state;

    log_set_context_info(true);
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1");
    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    add_pool(rig, "pool.test");
    assert_int_equal(logged("Added source 192.0.2.1\n"), 1);
    assert_int_equal(logged("Added source ID#0000000001 (ntp.test)\n"), 1);
    assert_int_equal(logged("Added pool pool.test\n"), 1);
    assert_int_equal(logged("Added"), 3);
    struct ip_addr id = rig_addr("ID#0000000001");
    ntp_sources_remove(rig->sources, &id);
    assert_int_equal(logged("Removed source ID#0000000001 (ntp.test)\n"), 1);
    id = rig_addr("ID#0000000003");
    ntp_sources_remove(rig->sources, &id);
    assert_int_equal(logged("Removed source ID#0000000003 (pool.test)\n"), 1);
}

/* Names. */

/* A source that was bad four times is replaced at most once in each interval of the whole
   daemon. */
static void replacement_waits_less_than_an_hour(void **state)
{
    struct rig *rig = *state;
    double last = 0.0;

    set_name(rig, "ntp.test", 1, 2);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    start_up(rig);
    rig->answer = false;
    for (int replacements = 0; replacements < 30;) {
        struct ip_addr addr = ip_addr_v4(198, 51, 100, has(rig, 1) ? 1 : 2);
        int lookups = sim_lookups(rig->sim, "ntp.test", NULL);
        ntp_sources_replace_bad(rig->sources, &addr);
        if (sim_lookups(rig->sim, "ntp.test", NULL) > lookups) {
            double now = sim_time(rig->sim);
            assert_true(now - last <= 3584.0 + 20.0);
            last = now;
            replacements++;
        }
        rig_run(rig, 10);
    }
    assert_true(last > 30 * 800.0);
}

/* 18.7: with one address there is nothing else to take, and the source stays. */
static void only_address_is_kept(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = ip_addr_v4(198, 51, 100, 1);

    set_name(rig, "ntp.test", 1, 1);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    start_up(rig);
    rig_run(rig, 1);
    ntp_sources_replace_bad(rig->sources, &addr);
    rig_run(rig, 10);
    assert_true(has(rig, 1));
    assert_int_equal(rig_source(rig, "198.51.100.1")->resets, 1); /* when it got it */
    assert_int_equal(logged("replaced"), 0);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 2);
    /* The entry was for this one attempt. */
    rig_run(rig, 4000);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 2);
}

/* In the order of the answer at first, from a random one later. */
static void replacements_are_taken_at_random(void **state)
{
    struct rig *rig = *state;
    unsigned int seen = 0;

    set_name(rig, "ntp.test", 1, 8);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    start_up(rig);
    assert_true(has(rig, 1));
    for (int i = 0; i < 40; i++) {
        struct ip_addr addr = {0};
        for (int j = 1; j <= 8; j++)
            if (has(rig, j))
                addr = ip_addr_v4(198, 51, 100, (uint8_t)j);
        seen |= 1U << addr.u.v4[3];
        rig_run(rig, 3600);
        ntp_sources_replace_bad(rig->sources, &addr);
        rig_run(rig, 1);
    }
    assert_int_equal(seen, 0x1fe);
}

static void refresh_can_be_switched_off(void **state)
{
    struct rig *rig = *state;

    rig->conf->client.refresh = 0;
    rig_restart(rig, NULL);
    set_name(rig, "ntp.test", 1, 1);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test maxpoll 6");
    start_up(rig);
    rig_run(rig, 100000);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 1);
}

/* The time of the last lookup counts, also of one that a command asked for. */
static void refresh_counts_from_the_last_lookup(void **state)
{
    struct rig *rig = *state;
    double last;

    rig->conf->client.refresh = 10000;
    rig_restart(rig, NULL);
    set_name(rig, "ntp.test", 1, 1);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test maxpoll 6");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1 maxpoll 6");
    start_up(rig);
    rig_run(rig, 6000);
    ntp_sources_refresh(rig->sources);
    rig_run(rig, 6000);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", &last), 2);
    rig_run(rig, 5000);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", &last), 3);
    assert_between(last, 16000, 16100);
    /* Only by the command are those given by address looked up. */
    assert_int_equal(sim_lookups(rig->sim, "192.0.2.1", NULL), 1);
}

static void an_unreachable_source_needs_eight_updates(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "ntp.test", 1, 2);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test minpoll 4 maxpoll 4");
    rig->answer = false;
    start_up(rig);
    while (sim_sent_count(rig->sim) < 8)
        rig_run(rig, 1);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 1);
    while (sim_sent_count(rig->sim) < 9)
        rig_run(rig, 1);
    rig_run(rig, 1);
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 2);
    assert_true(has(rig, 2));
    assert_false(has(rig, 1));
}

/* 18.3: the interval after a request for a round is not longer than it would have been. */
static void requested_rounds_do_not_lengthen_the_interval(void **state)
{
    struct rig *rig = *state;
    double last;

    rig_add(rig, SOURCE_SERVER, false, "none.test");
    start_up(rig);
    rig_run(rig, 30); /* rounds at 0 and 28 s; the next 56 s later */
    assert_int_equal(sim_lookups(rig->sim, "none.test", NULL), 2);
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 1);
    assert_int_equal(sim_lookups(rig->sim, "none.test", NULL), 3);
    rig_run(rig, 54);
    assert_int_equal(sim_lookups(rig->sim, "none.test", NULL), 3);
    rig_run(rig, 3);
    assert_int_equal(sim_lookups(rig->sim, "none.test", &last), 4);
    /* Up to 3584 s. */
    double expected = 112.0;
    for (int i = 5; i < 14; i++) {
        double before = last;
        while (sim_lookups(rig->sim, "none.test", &last) < i)
            rig_run(rig, 5);
        assert_between(last - before, expected, expected + 0.1);
        expected = expected < 3584.0 ? 2.0 * expected : 3584.0;
    }
}

/* A round that is asked for during a round follows at once; both take all names that are left. */
static void round_is_repeated_on_request(void **state)
{
    struct rig *rig = *state;

    rig_add(rig, SOURCE_SERVER, false, "a.test");
    rig_add(rig, SOURCE_SERVER, false, "b.test");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 0.005);
    ntp_sources_resolve_now(rig->sources);
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 0.03);
    assert_int_equal(rig->rounds, 0);
    rig_run(rig, 1);
    assert_int_equal(rig->rounds, 1);
    assert_int_equal(sim_lookups(rig->sim, "a.test", NULL), 2);
    assert_int_equal(sim_lookups(rig->sim, "b.test", NULL), 2);
    /* Not once more at the end of the next one. */
    rig_run(rig, 30);
    assert_int_equal(sim_lookups(rig->sim, "a.test", NULL), 3);
    assert_int_equal(rig->rounds, 2);
}

/* An answer that comes when nobody wants it any more. */
static void sources_can_go_during_the_lookup(void **state)
{
    struct rig *rig = *state;
    struct ip_addr id = rig_addr("ID#0000000001");
    struct ip_addr addr = ip_addr_v4(198, 51, 100, 1);

    set_name(rig, "ntp.test", 1, 1);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 0.005);
    assert_int_equal(ntp_sources_remove(rig->sources, &id), NTP_SOURCES_SUCCESS);
    rig_run(rig, 1);
    assert_false(has(rig, 1));
    assert_int_equal(rig->rounds, 1);

    rig_add(rig, SOURCE_SERVER, false, "ntp.test");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 1);
    assert_true(has(rig, 1));
    set_name(rig, "ntp.test", 2, 2);
    for (int refresh = 0; refresh < 2; refresh++) {
        if (refresh)
            ntp_sources_refresh(rig->sources);
        else
            ntp_sources_replace_bad(rig->sources, &addr);
        rig_run(rig, 0.005);
        ntp_sources_remove_all(rig->sources);
        rig_run(rig, 1);
        assert_int_equal(rig_activity(rig).unresolved + rig_activity(rig).online, 0);
        rig_add(rig, SOURCE_SERVER, false, "198.51.100.1");
    }
}

/* 18.7: the name of a refreshed source must still be that of its address and port. */
static void replaced_source_has_still_its_name(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "ntp.test", 1, 1);
    rig_add(rig, SOURCE_SERVER, false, "ntp.test ipv4 port 1123");
    start_up(rig);
    struct ip_addr both[2] = {rig_addr("2001:db8::1"), rig_addr("198.51.100.5")};
    sim_set_name(rig->sim, "ntp.test", RESOLVE_SUCCESS, both, 2);
    for (int i = 0; i < 10; i++) {
        ntp_sources_refresh(rig->sources);
        rig_run(rig, 1);
        assert_true(has(rig, 5)); /* whichever was tried first, the option holds */
    }
    struct ip_addr first = rig_addr("198.51.100.5");
    assert_string_equal(ntp_sources_name(rig->sources, &first), "ntp.test");
    assert_int_equal(sim_sent(rig->sim, sim_sent_count(rig->sim) - 1)->to.port, 1123);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(number_of_members_follows_maxsources),
        TEST(quota_is_at_most_16),
        TEST(members_are_confirmed_by_good_responses),
        TEST(a_member_is_confirmed_once),
        TEST(quota_sinks_with_the_members),
        TEST(confirmed_members_that_go_are_not_counted),
        TEST(replaced_member_is_tentative_again),
        TEST(queued_name_keeps_its_pool),
        TEST(pool_options_are_those_of_its_members),
        TEST(pool_takes_the_next_address),
        TEST(sources_wait_for_the_first_round),
        TEST(additions_are_logged_with_their_names),
        TEST(replacement_waits_less_than_an_hour),
        TEST(only_address_is_kept),
        TEST(replacements_are_taken_at_random),
        TEST(refresh_can_be_switched_off),
        TEST(refresh_counts_from_the_last_lookup),
        TEST(an_unreachable_source_needs_eight_updates),
        TEST(requested_rounds_do_not_lengthen_the_interval),
        TEST(round_is_repeated_on_request),
        TEST(sources_can_go_during_the_lookup),
        TEST(replaced_source_has_still_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What control commands do with sources, and what they report: options at run time (ntp.md 14.4),
 * connectivity and bursts of matching sources (18.10), the fields of ntpdata and of the
 * measurements log (25.1, 25.4).
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <string.h>
#include "test/unit/support/log.h"
#include "test/unit/support/rig.h"

#define SERVER "192.0.2.1"

static struct rig rig_of_test;
static struct ip_addr server;

static int setup(void **state)
{
    capture_log();
    rig_init(&rig_of_test, NULL, NULL);
    server = rig_addr(SERVER);
    *state = &rig_of_test;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    end_log_capture();
    return 0;
}

static int current_poll(struct rig *rig)
{
    struct report_source report = {.mode = 7};

    association_report_source(ntp_sources_find(rig->sources, &server), &report);
    assert_int_equal(report.mode, 0);
    return report.poll;
}

/* Runs until there is one more request, and its response. */
static void run_one(struct rig *rig)
{
    size_t before = sim_sent_count(rig->sim);

    while (sim_sent_count(rig->sim) == before)
        rig_run(rig, 0.25);
    rig_run(rig, 0.25);
}

/* Options at run time. */

static void poll_limits_change_each_other(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4 maxpoll 6");
    run_one(rig);
    association_modify_minpoll(ntp_sources_find(rig->sources, &server), 6);
    assert_int_equal(logged("Source 192.0.2.1 new minpoll 6\n"), 1);
    assert_int_equal(logged("new maxpoll"), 0);
    assert_int_equal(current_poll(rig), 4); /* until the next adjustment */
    run_one(rig);
    assert_int_equal(current_poll(rig), 6);
    association_modify_minpoll(ntp_sources_find(rig->sources, &server), 7);
    assert_int_equal(logged("Source 192.0.2.1 new maxpoll 7\n"), 1);
    run_one(rig);
    assert_int_equal(current_poll(rig), 7);
    association_modify_maxpoll(ntp_sources_find(rig->sources, &server), 7);
    assert_int_equal(logged("new minpoll"), 2);
    association_modify_maxpoll(ntp_sources_find(rig->sources, &server), 5);
    assert_int_equal(logged("Source 192.0.2.1 new minpoll 5\n"), 1);
    run_one(rig);
    assert_int_equal(current_poll(rig), 5);
}

/* Values that are no poll change nothing, and are no failure. */
static void poll_limits_have_limits(void **state)
{
    struct rig *rig = *state;
    static const struct {
        int v;
        bool accepted;
    } cases[] = {{-8, false}, {25, false}, {-7, true}, {24, true}};
    char text[64];

    rig_add_server(rig, SERVER);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        association_modify_minpoll(ntp_sources_find(rig->sources, &server), cases[i].v);
        snprintf(text, sizeof(text), "new minpoll %d\n", cases[i].v);
        assert_int_equal(logged(text), cases[i].accepted);
        snprintf(text, sizeof(text), "new maxpoll %d\n", cases[i].v);
        int before = logged(text);
        association_modify_maxpoll(ntp_sources_find(rig->sources, &server), cases[i].v);
        assert_int_equal(logged(text) > before, cases[i].accepted);
    }
    struct ip_addr other = rig_addr("192.0.2.9");
    assert_null(ntp_sources_find(rig->sources, &other));
}

static void delay_limits_are_clamped(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER);
    association_modify_max_delay(ntp_sources_find(rig->sources, &server), 1001);
    assert_int_equal(logged("Source 192.0.2.1 new maxdelay 1000.000000\n"), 1);
    association_modify_max_delay(ntp_sources_find(rig->sources, &server), -1);
    assert_int_equal(logged("Source 192.0.2.1 new maxdelay 0.000000\n"), 1);
    association_modify_max_delay_ratio(ntp_sources_find(rig->sources, &server), 2e6);
    assert_int_equal(logged("Source 192.0.2.1 new maxdelayratio 1000000.000000\n"), 1);
    association_modify_max_delay_ratio(ntp_sources_find(rig->sources, &server), -1);
    assert_int_equal(logged("Source 192.0.2.1 new maxdelayratio 0.000000\n"), 1);
    association_modify_max_delay_dev_ratio(ntp_sources_find(rig->sources, &server), 2e6);
    assert_int_equal(logged("Source 192.0.2.1 new maxdelaydevratio 1000000.000000\n"), 1);
    association_modify_max_delay_dev_ratio(ntp_sources_find(rig->sources, &server), -1);
    assert_int_equal(logged("Source 192.0.2.1 new maxdelaydevratio 0.000000\n"), 1);
}

static void changed_options_are_used(void **state)
{
    struct rig *rig = *state;

    rig->stub.predicted = -0.5;
    rig_add_server(rig, SERVER " minpoll 4 maxpoll 4 maxdelaydevratio 1e6");
    run_one(rig);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
    struct source *s = rig_source(rig, SERVER);
    s->has_test_data = true;
    s->test_data = (struct source_test_data){.min_delay = 0.005, .sd = 1e-3};
    run_one(rig);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
    association_modify_max_delay_ratio(ntp_sources_find(rig->sources, &server), 1.9);
    run_one(rig);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fb);
    association_modify_max_delay_ratio(ntp_sources_find(rig->sources, &server), 2.1);
    association_modify_max_delay_dev_ratio(ntp_sources_find(rig->sources, &server), 2.4);
    run_one(rig);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fd);
    association_modify_max_delay_dev_ratio(ntp_sources_find(rig->sources, &server), 2.6);
    association_modify_min_stratum(ntp_sources_find(rig->sources, &server), 7);
    assert_int_equal(logged("Source 192.0.2.1 new minstratum 7\n"), 1);
    association_modify_offset(ntp_sources_find(rig->sources, &server), 0.25);
    assert_int_equal(logged("Source 192.0.2.1 new offset 0.250000\n"), 1);
    run_one(rig);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
    assert_int_equal(s->stratum, 7);
    assert_close(s->last.offset, -0.25, 1e-6);
    association_modify_max_delay(ntp_sources_find(rig->sources, &server), 0.001);
    run_one(rig);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3f7);
}

/* A smaller target reaches longer intervals with fewer samples. */
static void changed_poll_target_is_used(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4 maxpoll 10 polltarget 100");
    for (int i = 0; i < 20; i++)
        run_one(rig);
    assert_int_equal(current_poll(rig), 4);
    association_modify_poll_target(ntp_sources_find(rig->sources, &server), 0);
    assert_int_equal(logged("Source 192.0.2.1 new polltarget 0\n"), 1);
    run_one(rig);
    assert_int_equal(current_poll(rig), 10);
}

/* Matching. */

static void commands_match_ids_exactly(void **state)
{
    struct rig *rig = *state;
    struct ip_addr first = rig_addr("ID#0000000001"), third = rig_addr("ID#0000000003");
    struct ip_addr mask = {.family = IP_ID};

    rig_add(rig, SOURCE_SERVER, false, "a.test");
    rig_add(rig, SOURCE_SERVER, false, "b.test");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1");
    assert_true(ntp_sources_set_connectivity(rig->sources, &mask, &first, SOURCE_OFFLINE));
    assert_int_equal(logged("Source ID#0000000001 offline"), 1);
    assert_int_equal(logged("offline"), 1);
    assert_false(ntp_sources_set_connectivity(rig->sources, &mask, &third, SOURCE_OFFLINE));
    assert_false(ntp_sources_burst(rig->sources, 1, 1, &mask, &third));
}

static void bursts_of_matching_sources(void **state)
{
    struct rig *rig = *state;
    struct ip_addr net = rig_addr("192.0.2.0"), mask = ip_addr_mask(IP_V4, 31);
    struct ip_addr other = rig_addr("203.0.113.0");

    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1 offline");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.2 offline");
    rig_add(rig, SOURCE_SERVER, false, "2001:db8::1 offline");
    rig_start(rig);
    assert_false(ntp_sources_burst(rig->sources, 1, 2, &mask, &other));
    assert_true(ntp_sources_burst(rig->sources, 1, 2, &mask, &net));
    assert_int_equal(rig_activity(rig).burst_offline, 1);
    rig_run(rig, 10);
    assert_int_equal(sim_sent_count(rig->sim), 1);
    assert_true(ip_addr_equal(&sim_sent(rig->sim, 0)->to.addr, &server));
}

/* The selected source goes last, so that none is selected that is about to go, too. */
static void selected_source_is_changed_last(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.2");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.3");
    rig->stub.selected = rig_source(rig, SERVER);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE);
    assert_int_equal(logged("Source 192.0.2.3 offline\n"), 1);
    assert_int_equal(logged("Source 192.0.2.1 offline\n"), 1);
    assert_true(logged_before("Source 192.0.2.2 offline", "Source 192.0.2.1 offline"));
    assert_true(logged_before("Source 192.0.2.3 offline", "Source 192.0.2.1 offline"));
}

/* Anything but offline resolves names now. */
static void only_offline_does_not_resolve(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig_add(rig, SOURCE_SERVER, false, "none.test");
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE);
    rig_run(rig, 1);
    assert_int_equal(sim_lookups(rig->sim, "none.test", NULL), 0);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_MAYBE_ONLINE);
    rig_run(rig, 1);
    assert_int_equal(sim_lookups(rig->sim, "none.test", NULL), 1);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    rig_run(rig, 1);
    assert_int_equal(sim_lookups(rig->sim, "none.test", NULL), 2);
}

/* Reports. */

static void every_field_of_ntpdata_is_filled_in(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4 port 1123");
    struct report_ntpdata r = rig_ntpdata(rig, SERVER);
    assert_true(ip_addr_equal(&r.remote_addr, &server));
    assert_int_equal(r.remote_port, 1123);
    assert_true(r.tests == 0 && r.tx_source == 0 && r.rx_source == 0 && r.local_addr.family == 0);
    rig_source(rig, SERVER)->asymmetry = 0.25;
    rig->leap = 1;
    rig->stratum = 5;
    rig->delay = 0.125;
    rig->offset = 0.5;
    run_one(rig);
    rig_run(rig, 1);
    r = rig_ntpdata(rig, SERVER);
    assert_int_equal(r.leap, 1);
    assert_int_equal(r.version, 4);
    assert_int_equal(r.mode, 4);
    assert_int_equal(r.stratum, 5);
    assert_int_equal(r.poll, 4);
    assert_int_equal(r.precision, -25);
    assert_close(r.root_delay, 0.001, 2e-5);
    assert_close(r.root_dispersion, 0.0005, 2e-5);
    assert_close(r.offset, 0.5, 1e-6);
    assert_close(r.peer_delay, 0.25, 1e-6);
    assert_close(r.peer_dispersion, 3e-8 + 0.25e-6, 1e-8);
    assert_close(r.response_time, 1e-5, 1e-8);
    assert_close(r.jitter_asymmetry, 0.25, 0.0);
    assert_false(r.interleaved || r.authenticated);
    struct instant sent =
        instant_add(sim_raw(rig->sim).i, sim_sent(rig->sim, 0)->time - sim_time(rig->sim));
    assert_close(instant_diff(r.ref_time, sent), 0.5 - 20.0, 1e-6);
    assert_int_equal(rig_source(rig, SERVER)->leap, 1);
    assert_int_equal(rig_source(rig, SERVER)->stratum, 5);

    /* Without a sample there is no measurement; the rest is that of the packet. */
    rig->leap = 3;
    run_one(rig);
    rig_run(rig, 1);
    r = rig_ntpdata(rig, SERVER);
    assert_int_equal(r.leap, 3);
    assert_int_equal(r.tests, 0x3d0);
    assert_true(r.offset == 0.0 && r.peer_delay == 0.0 && r.peer_dispersion == 0.0);
    assert_true(r.response_time == 0.0);
    assert_int_equal(rig_source(rig, SERVER)->leap, 1);
}

static void measurements_tell_leap_and_tests(void **state)
{
    static const char signs[] = {'N', '+', '-', '?'};
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4");
    for (rig->leap = 0; rig->leap < 4; rig->leap++) {
        run_one(rig);
        assert_int_equal(rig->stub.last_line[36], signs[rig->leap]);
        assert_memory_equal(rig->stub.last_line + 41,
                            rig->leap < 3 ? "111 111 1111" : "111 101 0000", 12);
    }
    /* The arrival without a sample: the values are zero. */
    assert_non_null(strstr(rig->stub.last_line, "  0.000e+00  0.000e+00  0.000e+00 "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(poll_limits_change_each_other),    TEST(poll_limits_have_limits),
        TEST(delay_limits_are_clamped),         TEST(changed_options_are_used),
        TEST(changed_poll_target_is_used),      TEST(commands_match_ids_exactly),
        TEST(bursts_of_matching_sources),       TEST(selected_source_is_changed_last),
        TEST(only_offline_does_not_resolve),    TEST(every_field_of_ntpdata_is_filled_in),
        TEST(measurements_tell_leap_and_tests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

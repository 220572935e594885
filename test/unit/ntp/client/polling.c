/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Polling of a server and the options of a source (ntp.md 6.1, 6.2, 7, 8, 9, 12.9, 13.4, 14): each
 * limit from both sides.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "test/unit/support/log.h"
#include "test/unit/support/rig.h"

#define SERVER "192.0.2.1"

static struct rig rig_of_test;

static int setup(void **state)
{
    capture_log();
    rig_init(&rig_of_test, NULL, NULL);
    *state = &rig_of_test;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    end_log_capture();
    return 0;
}

static size_t count(const struct rig *rig)
{
    return sim_sent_count(rig->sim);
}

static double sent_at(const struct rig *rig, size_t i)
{
    if (i >= count(rig))
        fail_msg("request %zu was not sent", i);
    return sim_sent(rig->sim, i)->time;
}

static void assert_interval(const struct rig *rig, size_t i, double interval)
{
    assert_between(sent_at(rig, i) - sent_at(rig, i - 1), interval - 1e-6, 1.021 * interval);
}

/* In steps that are short beside the time since the last request. */
static void run_until_sent(struct rig *rig, size_t n)
{
    double start = sim_time(rig->sim);

    while (count(rig) < n) {
        double last = count(rig) > 0 ? sent_at(rig, count(rig) - 1) : start;
        rig_run(rig, fmax(0.25, (sim_time(rig->sim) - last) / 64.0));
    }
}

static struct ntp_header sent(const struct rig *rig, size_t i)
{
    struct ntp_header h;

    sent_at(rig, i);
    ntp_header_read(sim_sent(rig->sim, i)->data, &h);
    return h;
}

/* Local poll and score of the last line of the measurements log, 25.4. */
static double logged_score(struct rig *rig)
{
    double score = -1.0;
    int poll = 0;

    assert_int_equal(sscanf(rig->stub.last_line + 55, "%d %*d %lf", &poll, &score), 2);
    assert_int_equal(poll, rig_poll(rig, SERVER));
    return score;
}

static void remove_source(struct rig *rig)
{
    struct ip_addr addr = rig_addr(SERVER);

    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    sim_clear_sent(rig->sim);
}

/* Options, 6.1 and 6.2. */

static void polls_have_limits(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *options;
        int first;
        int last;
    } cases[] = {
        {"minpoll -8 maxpoll 6", 6, 6},
        {"minpoll -7 maxpoll -7", 0, 0},
        {"minpoll 24", 24, 24},
        {"minpoll 25", 24, 24},
        {"minpoll 9 maxpoll -8", 9, 10},
        {"minpoll 23 maxpoll 24", 23, 24},
        {"minpoll 23 maxpoll 25", 23, 24},
        {"minpoll 12", 12, 12},
        {"minpoll 1 maxpoll 1", 1, 1},
        {"minpoll -1 maxpoll 1", 0, 1},
    };

    rig->answer = false;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), SERVER " %s", cases[i].options);
        rig_add_server(rig, line);
        run_until_sent(rig, 1);
        assert_int_equal(sent(rig, 0).poll, cases[i].first);
        if (cases[i].last < 12) {
            run_until_sent(rig, 20);
            assert_int_equal(rig_poll(rig, SERVER), cases[i].last);
        } else if (cases[i].last != cases[i].first) {
            run_until_sent(rig, 6);
            assert_int_equal(rig_poll(rig, SERVER), cases[i].last);
        }
        remove_source(rig);
    }
}

static void version_follows_keys_fields_and_option(void **state)
{
    struct rig *rig = *state;
    static const struct {
        const char *options;
        int version;
    } cases[] = {
        {"", 4},
        {"version 1", 1},
        {"version 2", 2},
        {"version 4 key 5", 4},
        {"key 4", 4}, /* SHA1, 20 octets */
        {"key 6", 3}, /* SHA3-224, 28 octets */
        {"key 5 xleave", 4},
        {"key 5 extfield F323", 4},
        {"key 5 version 1", 1},
    };

    sim_set_file(rig->sim, "/keys",
                 "4 SHA1 secretkey44444\n5 SHA256 secretkey55555\n6 SHA512 xxxxx\n", 0640);
    ntp_keys_load(rig->keys, sim_world_interface(rig->sim), "/keys");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), SERVER " %s", cases[i].options);
        rig_add_server(rig, line);
        rig_run(rig, 1);
        assert_int_equal(sent(rig, 0).version, cases[i].version);
        remove_source(rig);
    }
    /* Fields are of version 4: there is nothing that could be sent. */
    rig_add_server(rig, SERVER " version 3 extfield F323");
    rig_run(rig, 100);
    assert_int_equal(count(rig), 0);
}

static void weak_and_missing_keys_are_told(void **state)
{
    struct rig *rig = *state;

    sim_set_file(rig->sim, "/keys",
                 "7 MD5 HEX:00112233445566778899\n8 MD5 HEX:001122334455667788\n", 0640);
    ntp_keys_load(rig->keys, sim_world_interface(rig->sim), "/keys");
    rig_add_server(rig, "192.0.2.7 key 7");
    assert_int_equal(logged("Key 7"), 0);
    rig_add_server(rig, "192.0.2.8 key 8");
    assert_int_equal(logged("Key 8 is too short"), 1);
    rig_add_server(rig, "192.0.2.9 key 9");
    assert_int_equal(logged("Key 9 is missing"), 1);
    assert_int_equal(logged("NTS not supported"), 0);
    rig_run(rig, 10);
    assert_int_equal(count(rig), 2);
}

static void nts_peer_is_warned_about_and_silent(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_add(rig, SOURCE_PEER, false, "192.0.2.3 nts key 1"), NTP_SOURCES_SUCCESS);
    assert_int_equal(logged("NTS not supported with peers"), 1);
    rig_start(rig);
    rig_run(rig, 100);
    assert_int_equal(count(rig), 0);
}

static void minstratum_is_at_most_15(void **state)
{
    struct rig *rig = *state;
    static const int cases[][2] = {{0, 2}, {2, 2}, {3, 3}, {15, 15}, {16, 15}};

    rig->stratum = 2;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), SERVER " minstratum %d", cases[i][0]);
        rig_add_server(rig, line);
        rig_run(rig, 1);
        assert_int_equal(rig_source(rig, SERVER)->stratum, cases[i][1]);
        remove_source(rig);
    }
}

static void copy_needs_a_synchronised_server(void **state)
{
    struct rig *rig = *state;

    rig->refid = 0x0a0b0c0d;
    rig_add_server(rig, SERVER " copy minpoll 2 maxpoll 2");
    rig_run(rig, 2);
    assert_int_equal(rig_source(rig, SERVER)->stratum, 0);
    assert_int_equal(rig_source(rig, SERVER)->refid, 0x0a0b0c0d);
    assert_int_equal(rig_source(rig, SERVER)->resets, 0);
    rig->leap = 3;
    rig_run(rig, 4);
    assert_int_equal(rig_source(rig, SERVER)->resets, 1);
}

/* Activity and timing. */

static void requests_to_servers_are_kept_apart(void **state)
{
    struct rig *rig = *state;

    rig_add(rig, SOURCE_SERVER, false, "192.0.2.1");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.2");
    rig_add(rig, SOURCE_SERVER, false, "192.0.2.3 minpoll 0");
    rig_add(rig, SOURCE_PEER, false, "192.0.2.4");
    rig_start(rig);
    rig_run(rig, 1);
    assert_int_equal(count(rig), 4 + (sent_at(rig, 3) > 3.0));
    /* Peers are a class of their own. */
    double peer = 0.0, last = 0.0;
    for (size_t i = 0; i < 4; i++) {
        double time = sent_at(rig, i);
        if (sim_sent(rig->sim, i)->to.addr.u.v4[3] == 4) {
            peer = time;
            continue;
        }
        if (last > 0.0)
            assert_true(time - last >= (sim_sent(rig->sim, i)->to.addr.u.v4[3] == 3 ? 0.125 : 0.2));
        last = time;
    }
    assert_between(peer, 0.2, 0.2041);
}

static void bursts_at_short_intervals_are_a_quarter_of_them(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 iburst");
    rig_run(rig, 4);
    assert_int_equal(count(rig), 4);
    for (size_t i = 1; i < 4; i++)
        assert_interval(rig, i, 1.0);
    remove_source(rig);
    rig_add_server(rig, SERVER " minpoll 3 maxpoll 3 iburst");
    rig_run(rig, 8);
    for (size_t i = 1; i < 4; i++)
        assert_interval(rig, i, 2.0);
}

/* min(2^(poll - minpoll), 4) requests for one good response. */
static void burst_option_depends_on_the_interval(void **state)
{
    struct rig *rig = *state;
    size_t lengths[5] = {0}, polls = 0;

    rig->answer = false;
    rig_add_server(rig, SERVER " minpoll 6 maxpoll 9 burst");
    run_until_sent(rig, 60);
    for (size_t i = 0, length = 1; i + 1 < count(rig); i++, length++) {
        if (sent_at(rig, i + 1) - sent_at(rig, i) < 3.0)
            continue;
        int steps = sent(rig, i + 1 - length).poll - 6;
        if (lengths[steps] == 0)
            lengths[steps] = length;
        polls++;
        length = 0;
    }
    assert_true(polls > 10);
    assert_int_equal(lengths[0], 1);
    assert_int_equal(lengths[1], 2);
    assert_int_equal(lengths[2], 4);
    assert_int_equal(lengths[3], 4);
}

static void presend_of_interleaved_requests_is_two(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " presend 6 maxpoll 6 xleave");
    rig_run(rig, 145);
    assert_int_equal(count(rig), 9);
    for (size_t i = 1; i < 9; i++)
        assert_interval(rig, i, i % 3 == 0 ? 64 : 2);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 3);
}

static void presend_begins_at_its_interval(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " presend 7 maxpoll 6");
    rig_run(rig, 200);
    assert_int_equal(count(rig), 4);
    remove_source(rig);
    /* What a burst has left over turns it off. */
    rig_add_server(rig, SERVER " presend 6 maxpoll 6 iburst");
    rig_run(rig, 200);
    for (size_t i = 4; i < count(rig); i++)
        assert_interval(rig, i, 64);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, count(rig));
}

/* One that was selected is given more patience: 0.1 instead of 0.25 for each request. */
static void selected_source_is_polled_less_often_later(void **state)
{
    struct rig *rig = *state;
    static const size_t requests[] = {5, 12};

    rig->answer = false;
    for (int selected = 0; selected < 2; selected++) {
        rig_add_server(rig, SERVER " minpoll 4 maxpoll 5");
        rig->stub.selected = selected ? rig_source(rig, SERVER) : NULL;
        run_until_sent(rig, requests[selected] - (selected ? 2 : 1));
        assert_int_equal(rig_poll(rig, SERVER), 4);
        run_until_sent(rig, requests[selected]);
        assert_int_equal(rig_poll(rig, SERVER), 5);
        remove_source(rig);
    }
}

static void unsent_requests_do_not_change_the_interval(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4 maxpoll 10");
    sim_set_send_failure(rig->sim, true);
    rig_run(rig, 400);
    assert_int_equal(rig_poll(rig, SERVER), 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_tx, 0);
    assert_int_equal(rig_source(rig, SERVER)->reach, 0);
    assert_int_equal(rig_source(rig, SERVER)->reach_size, 8);
    /* Without auto_offline it stays online. */
    assert_int_equal(rig_activity(rig).online, 1);
    assert_int_equal(logged("offline"), 0);
}

static void auto_offline_is_logged_and_silent(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig_add_server(rig, SERVER " auto_offline minpoll 2 maxpoll 2");
    rig_run(rig, 10);
    sim_set_send_failure(rig->sim, true);
    rig_run(rig, 5);
    assert_int_equal(logged("Source 192.0.2.1 offline"), 1);
    sim_set_send_failure(rig->sim, false);
    size_t before = count(rig);
    rig_run(rig, 100);
    assert_int_equal(count(rig), before);
    assert_int_equal(sim_open_sockets(rig->sim), 0);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    assert_int_equal(logged("Source 192.0.2.1 online"), 1);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    assert_int_equal(logged("Source 192.0.2.1 online"), 1);
    rig_run(rig, 20);
    assert_true(count(rig) > before);
}

/* 7.2: a burst that was to end offline goes on online. */
static void burst_can_change_its_end_twice(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 1);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE);
    assert_int_equal(rig_activity(rig).burst_offline, 1);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE);
    assert_int_equal(rig_activity(rig).burst_offline, 1);
    assert_int_equal(logged("Source 192.0.2.1 offline"), 1);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    assert_int_equal(rig_activity(rig).burst_online, 1);
    assert_int_equal(logged("Source 192.0.2.1 online"), 1);
    rig_run(rig, 20);
    assert_int_equal(rig_activity(rig).online, 1);
    /* Another burst does not begin in one. */
    ntp_sources_burst(rig->sources, 1, 2, &all, &all);
    ntp_sources_burst(rig->sources, 7, 9, &all, &all);
    sim_clear_sent(rig->sim);
    rig_run(rig, 70);
    assert_int_equal(count(rig), 1);
}

/* Offline forgets what was measured: a response that comes then is nobody's. */
static void offline_resets_the_exchange(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig->delay = 1.0;
    rig_add_server(rig, SERVER " minpoll 4 xleave");
    rig_run(rig, 5);
    assert_false(ntp_time_is_zero(sent(rig, 0).transmit));
    run_until_sent(rig, 2);
    assert_false(ntp_time_is_zero(sent(rig, 1).origin));
    assert_int_equal(sim_open_sockets(rig->sim), 1);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE);
    assert_int_equal(sim_open_sockets(rig->sim), 0);
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE);
    run_until_sent(rig, 3);
    assert_true(ntp_time_is_zero(sent(rig, 2).origin));
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 1);
}

/* 9.1, step 6: three missed responses are the most. */
static void interleaved_requests_end_with_the_fourth_missed_response(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 4 maxpoll 4 xleave");
    rig_run(rig, 1);
    rig->answer = false;
    run_until_sent(rig, 7);
    for (size_t i = 1; i <= 4; i++)
        assert_false(ntp_time_is_zero(sent(rig, i).origin));
    for (size_t i = 5; i <= 6; i++)
        assert_true(ntp_time_is_zero(sent(rig, i).origin));
    rig->answer = true;
    run_until_sent(rig, 9);
    assert_false(ntp_time_is_zero(sent(rig, 8).origin));
}

/* 9.1, step 16: a response that is as late as test A allows finds its socket. */
static void socket_stays_open_as_long_as_a_response_can_count(void **state)
{
    struct rig *rig = *state;

    rig->answer = false;
    rig_add_server(rig, SERVER " maxdelay 0.5");
    run_until_sent(rig, 1);
    double since = sim_time(rig->sim) - sent_at(rig, 0);
    rig_run(rig, 4.49 - since);
    assert_int_equal(sim_open_sockets(rig->sim), 1);
    rig_run(rig, 0.02);
    assert_int_equal(sim_open_sockets(rig->sim), 0);
    /* The next request has its own. */
    run_until_sent(rig, 2);
    assert_int_equal(sim_open_sockets(rig->sim), 1);
}

/* Adaptation. */

static void subsecond_polling_ends_at_ten_milliseconds(void **state)
{
    struct rig *rig = *state;
    static const double delays[] = {0.00499, 0.0051};

    for (int i = 0; i < 2; i++) {
        rig->delay = delays[i];
        rig_add_server(rig, SERVER " minpoll -2 maxpoll -2");
        run_until_sent(rig, 1);
        assert_int_equal(sent(rig, 0).poll, 0);
        rig_run(rig, 20);
        assert_int_equal(rig_poll(rig, SERVER), i == 0 ? -2 : 0);
        /* Lost responses bring it back. */
        rig->answer = false;
        rig_run(rig, 20);
        assert_int_equal(rig_poll(rig, SERVER), 0);
        rig->answer = true;
        remove_source(rig);
    }
}

/* Delays of the responses: short ones, and longer ones in between. */
static double short_delay, longer;
static int turn;

static bool alternate(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                      size_t *length)
{
    double delay = 2.0 * rig->delay + short_delay + (turn++ % 2 == 0 ? longer : 0.0);

    sim_deliver(rig->sim, &request->to, &request->from, response, *length, delay);
    return false;
}

/* 14.1: the last sample in the filter is enough, though the combined ones have a longer delay. */
static void subsecond_polling_with_a_filter(void **state)
{
    struct rig *rig = *state;

    rig->delay = 0.0002;
    rig->tamper = alternate;
    longer = 0.03;
    for (int first = 0; first < 2; first++) {
        turn = first;
        rig_add_server(rig, SERVER " minpoll -2 maxpoll -2 filter 2");
        rig_run(rig, 20.1);
        assert_true(rig_source(rig, SERVER)->samples > 5);
        assert_true(rig_source(rig, SERVER)->last.peer_delay > 0.01);
        assert_int_equal(rig_poll(rig, SERVER), first == 0 ? -2 : 0);
        remove_source(rig);
    }
}

/* A filter of N makes one sample of N polls, of which some may be lost; 1 is a filter too. */
static void filter_counts_polls(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 filter 1");
    run_until_sent(rig, 5);
    rig_run(rig, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 5);
    remove_source(rig);

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 filter 5");
    run_until_sent(rig, 3);
    rig_run(rig, 1);
    rig->answer = false;
    /* The first lost response is noticed at the fifth request. */
    run_until_sent(rig, 5);
    assert_int_equal(rig_source(rig, SERVER)->samples, 0);
    run_until_sent(rig, 6);
    assert_int_equal(rig_source(rig, SERVER)->samples, 1);
    /* Nothing but losses gives no sample; then the first response does. */
    run_until_sent(rig, 15);
    assert_int_equal(rig_source(rig, SERVER)->samples, 1);
    rig->answer = true;
    run_until_sent(rig, 16);
    rig_run(rig, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 2);
}

static void longest_filter_has_256_samples(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 0 maxpoll 0 filter 1000");
    run_until_sent(rig, 255);
    rig_run(rig, 0.3);
    assert_int_equal(rig_source(rig, SERVER)->samples, 0);
    run_until_sent(rig, 256);
    rig_run(rig, 0.3);
    assert_int_equal(rig_source(rig, SERVER)->samples, 1);
}

static void filter_is_emptied_with_the_association(void **state)
{
    struct rig *rig = *state;
    struct clock_change change = {.type = CLOCK_UNKNOWN_STEP};

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 filter 4");
    run_until_sent(rig, 3);
    rig_run(rig, 1);
    stub_env_change_clock(&rig->stub, &change);
    run_until_sent(rig, 6);
    rig_run(rig, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 0);
    run_until_sent(rig, 7);
    rig_run(rig, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 1);
}

/* 13.2: before the first response the limit is zero. */
static void delay_quantile_begins_at_zero(void **state)
{
    struct rig *rig = *state;
    struct clock_change change = {.type = CLOCK_UNKNOWN_STEP};

    rig->tamper = alternate;
    longer = 0.0;
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 maxdelayquant 0.95");
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fd);
    run_until_sent(rig, 20);
    rig_run(rig, 1);
    int good = rig_source(rig, SERVER)->samples;
    assert_true(good >= 10);
    longer = 0.002;
    turn = 0;
    run_until_sent(rig, 21);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fd);
    assert_int_equal(rig_source(rig, SERVER)->samples, good);

    /* After a step nothing is known any more. */
    stub_env_change_clock(&rig->stub, &change);
    run_until_sent(rig, 22);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fd);
}

/* Good responses of the last 400, when every other one takes 100 ns longer. */
static int good_with_quantile(struct rig *rig, const char *options)
{
    struct ip_addr addr = rig_addr(SERVER);
    struct report_ntpdata before, after;

    rig_add_server(rig, options);
    run_until_sent(rig, 1000);
    association_report_ntpdata(ntp_sources_find(rig->sources, &addr), &before);
    run_until_sent(rig, 1400);
    association_report_ntpdata(ntp_sources_find(rig->sources, &addr), &after);
    assert_in_range(after.total_valid - before.total_valid, 398, 402);
    remove_source(rig);
    return (int)(after.total_good - before.total_good);
}

static void delay_quantile_is_that_of_the_option(void **state)
{
    struct rig *rig = *state;

    rig->tamper = alternate;
    longer = 100e-9;
    assert_in_range(good_with_quantile(rig, SERVER " minpoll 2 maxpoll 2 maxdelayquant 0.05"), 0,
                    220);
    assert_in_range(good_with_quantile(rig, SERVER " minpoll 2 maxpoll 2 maxdelayquant 0.95"), 300,
                    400);
    /* The limits of the option are those of 0.05 and 0.95. */
    assert_in_range(good_with_quantile(rig, SERVER " minpoll 2 maxpoll 2 maxdelayquant 0.0001"), 0,
                    220);
    assert_in_range(good_with_quantile(rig, SERVER " minpoll 2 maxpoll 2 maxdelayquant 9"), 300,
                    400);
}

/* The step of the estimate is half of the precision, and half a step is left above it: a
   quarter. */
static void delay_quantile_leaves_a_quarter_of_the_precision(void **state)
{
    static const struct {
        double longer;
        int tests;
    } cases[] = {{24e-6, 0x3ff}, {26e-6, 0x3fd}};
    struct rig *rig = *state;

    rig->stub.precision = 1e-4;
    rig->tamper = alternate;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t before = sim_sent_count(rig->sim);

        longer = cases[i].longer;
        turn = 1; /* the first is the shorter one, and becomes the estimate */
        rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 maxdelayquant 0.5");
        run_until_sent(rig, before + 2);
        rig_run(rig, 1);
        assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 2);
        assert_int_equal(rig_ntpdata(rig, SERVER).tests, cases[i].tests);
        remove_source(rig);
    }
}

static void delay_tests_use_the_data_of_the_source(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 maxdelayratio 1.5 maxdelaydevratio 1e6");
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
    struct source *s = rig_source(rig, SERVER);
    s->has_test_data = true;
    s->test_data = (struct source_test_data){.min_delay = 0.005, .sd = 1e-3};
    rig_run(rig, 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fb);
    s->test_data.min_delay = 0.008;
    rig_run(rig, 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
}

/* 14.3 */
static void bad_samples_lengthen_the_interval(void **state)
{
    struct rig *rig = *state;

    /* Nearly as good a prediction as the measurement changes the score by -0.03 for each. */
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8 maxdelay 0.001");
    run_until_sent(rig, 5);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3f7);
    assert_int_equal(rig_responses(rig, SERVER)->counts[RESPONSE_DELAY], 5);
    assert_close(rig_responses(rig, SERVER)->last.limit, 0.001, 0.0);
    assert_close(logged_score(rig), 5 * 0.02, 0.006);
    remove_source(rig);
    rig->leap = 3;
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8");
    run_until_sent(rig, 5);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3d0);
    assert_int_equal(rig_responses(rig, SERVER)->counts[RESPONSE_LEAP_UNSYNC], 5);
    assert_close(logged_score(rig), 5 * 0.1, 0.006);
}

static void error_of_the_prediction_shortens_the_interval(void **state)
{
    struct rig *rig = *state;

    /* The distance is about half of the delay of 10 ms, the sample stays 5 ms. */
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8 polltarget 1 offset 0.005");
    rig->stub.predicted = -0.005;
    run_until_sent(rig, 40);
    rig_run(rig, 1);
    assert_int_equal(rig_poll(rig, SERVER), 8);
    assert_close(logged_score(rig), 1.0, 0.0);
    /* 8.2 times the distance: more than three steps. */
    rig->stub.predicted = -0.005 - 0.041;
    run_until_sent(rig, count(rig) + 1);
    rig_run(rig, 1);
    assert_int_equal(rig_poll(rig, SERVER), 5);
    assert_close(logged_score(rig), 4.0 - log2(8.2), 0.006);
}

/* Test D: only who serves can be the origin of what it is told, and only as long as it runs on. */
static void loops_matter_to_servers_only(void **state)
{
    struct rig *rig = *state;
    struct ip_addr local = rig_addr("192.0.2.100");

    rig->conf->sockets.server.v4 = local;
    rig_restart(rig, NULL);
    rig->stratum = 2;
    rig->refid = ip_addr_refid(&local);
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8");
    run_until_sent(rig, 1);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
    ntp_sockets_hold_server(rig->sockets, IP_V4);
    double score = logged_score(rig);
    run_until_sent(rig, 2);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3fe);
    assert_close(logged_score(rig), score + 0.1, 0.011);
    rig->stub.one_shot = true;
    run_until_sent(rig, 3);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tests, 0x3ff);
    ntp_sockets_release_server(rig->sockets, IP_V4);
}

/* The clock is stepped between the request and its transmit timestamp. */
static double step;

static bool step_clock(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                       size_t *length)
{
    sim_step(rig->sim, step);
    return true;
}

/* 5.5: a later timestamp is not earlier, and not more than a second later. */
static void transmit_timestamps_have_to_fit(void **state)
{
    struct rig *rig = *state;
    static const struct {
        double step;
        char source;
    } cases[] = {{0.0, 'K'}, {0.99, 'K'}, {1.01, 'D'}, {-0.01, 'D'}};

    sim_set_timestamps(rig->sim, true);
    rig->tamper = step_clock;
    rig_add_server(rig, SERVER " minpoll 3 maxpoll 3");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        step = cases[i].step;
        run_until_sent(rig, i + 1);
        rig_run(rig, 1);
        assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, i + 1);
        assert_int_equal(rig_ntpdata(rig, SERVER).tx_source, cases[i].source);
        /* Counted all the same. */
        assert_int_equal(rig_ntpdata(rig, SERVER).total_kernel_tx, i + 1);
    }
}

/* RATE in a burst: the next good response ends it. */
static int kisses;

static bool kiss_first(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                       size_t *length)
{
    struct ntp_header h;

    if (kisses-- <= 0)
        return true;
    ntp_header_read(response, &h);
    h.leap = 3;
    h.stratum = 0;
    h.refid = NTP_KOD_RATE;
    ntp_header_write(response, &h);
    return true;
}

static void kiss_shortens_a_burst(void **state)
{
    struct rig *rig = *state;

    kisses = 1;
    rig->tamper = kiss_first;
    rig_add_server(rig, SERVER " iburst minpoll 4 maxpoll 4");
    run_until_sent(rig, 4);
    assert_int_equal(logged("Received KoD RATE from 192.0.2.1"), 1);
    assert_interval(rig, 1, 2.0 + 64.0);
    assert_interval(rig, 2, 16.0);
    assert_interval(rig, 3, 16.0);
}

/* Corrections of the server's clock, 13.4 step 6: added until a sample is accumulated, if
   credible. */
static double server_shift;

static bool add_mono_root(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                          size_t *length)
{
    struct ntp_mono_root root = {.root_delay = 0.001, .epoch = 5};
    struct ntp_header h;

    ntp_header_read(response, &h);
    root.mono_receive = ntp_time_from_instant(
        instant_add(ntp_time_to_instant(h.receive), server_shift), (struct ntp_time){0});
    memset(response + 48, 0, 28);
    response[48] = 0xf3;
    response[49] = 0x23;
    response[51] = 28;
    ntp_mono_root_write(response + 52, &root);
    *length += 28;
    return true;
}

static void corrections_of_the_server_move_the_samples(void **state)
{
    struct rig *rig = *state;
    int samples = 0;

    server_shift = 0.0;
    rig->tamper = add_mono_root;
    rig_add_server(rig, SERVER " extfield F323 minpoll 2 maxpoll 2");
    rig_run(rig, 1);
    assert_close(rig_source(rig, SERVER)->corrected, 0.0, 0.0);
    /* Each is used once, and small ones add up to a large one only with the samples. */
    server_shift = 10.0;
    rig_run(rig, 4.1);
    assert_close(rig_source(rig, SERVER)->corrected, 10.0, 1e-6);
    rig_run(rig, 4.1);
    assert_close(rig_source(rig, SERVER)->corrected, 10.0, 1e-6);
    rig->leap = 0;
    samples = rig_source(rig, SERVER)->samples;
    assert_int_equal(samples, 3);
    remove_source(rig);

    /* Without samples between them two of 9 s are more than is believed, and are forgotten. */
    server_shift = 0.0;
    rig_add_server(rig, SERVER " extfield F323 minpoll 2 maxpoll 2 maxdelay 0.001");
    rig_run(rig, 1);
    for (int i = 0; i < 2; i++) {
        server_shift += 9.0;
        rig_run(rig, 4.1);
    }
    struct ip_addr addr = rig_addr(SERVER);
    association_modify_max_delay(ntp_sources_find(rig->sources, &addr), 3.0);
    rig_run(rig, 4.1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 1);
    assert_close(rig_source(rig, SERVER)->corrected, 0.0, 0.0);
    server_shift += 1.0;
    rig_run(rig, 4.1);
    assert_close(rig_source(rig, SERVER)->corrected, 1.0, 1e-6);
}

/* 6.3: what a new address changes. */
static void poll_after_a_change_of_the_address(void **state)
{
    struct rig *rig = *state;
    struct ip_addr first = rig_addr(SERVER), second = rig_addr("192.0.2.2");

    for (int reachable = 0; reachable < 2; reachable++) {
        rig->answer = false;
        sim_set_name(rig->sim, "ntp.test", RESOLVE_SUCCESS, &first, 1);
        rig_add(rig, SOURCE_SERVER, false, "ntp.test minpoll 4 maxpoll 8");
        rig_start(rig);
        ntp_sources_resolve_now(rig->sources);
        rig_run(rig, 1700);
        assert_int_equal(rig_poll(rig, SERVER), 8);
        rig->answer = reachable == 1;
        rig_run(rig, 256);
        assert_int_equal(rig_source(rig, SERVER)->reach != 0, reachable);
        sim_set_name(rig->sim, "ntp.test", RESOLVE_SUCCESS, &second, 1);
        ntp_sources_refresh(rig->sources);
        rig_run(rig, 1);
        struct report_source report = {0};
        association_report_source(ntp_sources_find(rig->sources, &second), &report);
        assert_int_equal(report.poll, reachable ? 4 : 8);
        struct report_ntpdata data;
        association_report_ntpdata(ntp_sources_find(rig->sources, &second), &data);
        assert_true(data.total_tx <= 1); /* it was more than 8 */
        assert_true(ip_addr_equal(&data.remote_addr, &second));
        assert_int_equal(rig_source(rig, "192.0.2.2")->resets, 2);
        ntp_sources_remove(rig->sources, &second);
        sim_clear_sent(rig->sim);
    }
}

static void clock_change_moves_the_filter(void **state)
{
    struct rig *rig = *state;
    struct clock_change change = {.type = CLOCK_STEP, .doffset = 0.25};

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 filter 2");
    rig_run(rig, 1);
    /* The clock was fast by 0.25 s and is moved back: what was measured moves with it. */
    change.cooked = (struct local_time){sim_raw(rig->sim).i};
    rig->stub.clock_offset = -0.25;
    stub_env_change_clock(&rig->stub, &change);
    run_until_sent(rig, 2);
    rig_run(rig, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 1);
    assert_close(rig_source(rig, SERVER)->last.offset, -0.25, 1e-5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(polls_have_limits),
        TEST(version_follows_keys_fields_and_option),
        TEST(weak_and_missing_keys_are_told),
        TEST(nts_peer_is_warned_about_and_silent),
        TEST(minstratum_is_at_most_15),
        TEST(copy_needs_a_synchronised_server),
        TEST(requests_to_servers_are_kept_apart),
        TEST(bursts_at_short_intervals_are_a_quarter_of_them),
        TEST(burst_option_depends_on_the_interval),
        TEST(presend_of_interleaved_requests_is_two),
        TEST(presend_begins_at_its_interval),
        TEST(selected_source_is_polled_less_often_later),
        TEST(unsent_requests_do_not_change_the_interval),
        TEST(auto_offline_is_logged_and_silent),
        TEST(burst_can_change_its_end_twice),
        TEST(offline_resets_the_exchange),
        TEST(interleaved_requests_end_with_the_fourth_missed_response),
        TEST(socket_stays_open_as_long_as_a_response_can_count),
        TEST(subsecond_polling_ends_at_ten_milliseconds),
        TEST(subsecond_polling_with_a_filter),
        TEST(filter_counts_polls),
        TEST(longest_filter_has_256_samples),
        TEST(filter_is_emptied_with_the_association),
        TEST(delay_quantile_begins_at_zero),
        TEST(delay_quantile_is_that_of_the_option),
        TEST(delay_quantile_leaves_a_quarter_of_the_precision),
        TEST(delay_tests_use_the_data_of_the_source),
        TEST(bad_samples_lengthen_the_interval),
        TEST(error_of_the_prediction_shortens_the_interval),
        TEST(loops_matter_to_servers_only),
        TEST(transmit_timestamps_have_to_fit),
        TEST(kiss_shortens_a_burst),
        TEST(corrections_of_the_server_move_the_samples),
        TEST(poll_after_a_change_of_the_address),
        TEST(clock_change_moves_the_filter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client log and rate limiting (ntp.md 23, 27.7; cmdmon.md 15).
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "conf/conf.h"
#include "ntp/server/client_log.h"
#include "test/unit/support/world.h"

#define START 1700000000

struct fixture {
    struct sim_world *sim;
    struct conf conf;
    struct client_log *log;
    struct client_limits limits;
};

static void open_log(struct fixture *f)
{
    f->log = client_log_new(sim_world_interface(f->sim), &f->conf.client_log);
    f->limits = client_limits_make(&f->conf.client_log);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->sim = sim_world_new();
    f->conf.client_log.limit = 524288;
    f->conf.client_log.ntp = (struct ratelimit_conf){false, 3, 8, 2, 0};
    f->conf.client_log.nts = (struct ratelimit_conf){false, 6, 8, 2, 0};
    f->conf.client_log.cmd = (struct ratelimit_conf){false, -4, 8, 2, 0};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    client_log_free(f->log);
    sim_world_free(f->sim);
    free(f);
    return 0;
}

static struct local_time at(double seconds)
{
    return local_add((struct local_time){{START, 0}}, seconds);
}

static const struct {
    int interval, burst, per_hit, max, shift;
} buckets[] = {
    {3, 8, 128, 1024, 0}, {6, 8, 1024, 8192, 0},    {-4, 8, 1, 8, 0},         {6, 2, 1024, 2048, 0},
    {0, 1, 16, 16, 0},    {12, 32, 1024, 32768, 6}, {12, 255, 256, 65280, 8}, {-5, 8, 1, 8, -1},
    {-8, 8, 1, 16, -4},   {-19, 8, 1, 32768, -15},
};

static void buckets_have_the_sizes_of_the_table(void **state)
{
    for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        struct token_bucket b = token_bucket_make(buckets[i].interval, buckets[i].burst, 2, 0);
        assert_int_equal(b.tokens_per_hit, buckets[i].per_hit);
        assert_int_equal(b.max_tokens, buckets[i].max);
        assert_int_equal(b.shift, buckets[i].shift);
    }
}

static void parameters_are_limited(void **state)
{
    struct token_bucket b = token_bucket_make(-30, 0, 9, 9);

    assert_int_equal(b.interval, -19);
    assert_int_equal(b.leak, 4);
    assert_int_equal(b.kod, 4);
    assert_int_equal(token_bucket_make(30, 400, 0, -1).interval, 12);
    assert_int_equal(token_bucket_make(30, 400, 0, -1).leak, 1);
    assert_int_equal(token_bucket_make(30, 400, 0, -1).kod, 0);
    assert_int_equal(token_bucket_make(12, 400, 0, 0).max_tokens, 65280);
    assert_int_equal(token_bucket_make(0, 400, 0, 0).max_tokens, 16 * 255);
    assert_int_equal(token_bucket_make(0, 0, 0, 0).max_tokens, 16);
    assert_int_equal(token_bucket_make(-5, 1, 0, 0).max_tokens, 2);
}

/* ratelimit interval 6 burst 2, a request every 8 s: those of the example pass, and others only by
   leaking, which empties the bucket. */
static void steady_requests_pass_at_the_configured_rate(void **state)
{
    struct fixture *f = *state;
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    int passed = 0, tokens = 2048;

    f->conf.client_log.ntp = (struct ratelimit_conf){true, 6, 2, 4, 0};
    open_log(f);
    for (int i = 0; i < 200; i++) {
        int record = client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(8.0 * i));
        bool pass = client_log_limit(f->log, &f->limits, CLIENT_NTP, record) == LIMIT_PASS;
        if (i > 0)
            tokens = tokens + 128 > 2048 ? 2048 : tokens + 128;
        if (tokens >= 1024) {
            assert_true(pass);
            tokens -= 1024;
        } else if (pass) {
            tokens = 0;
        }
        passed += pass;
    }
    assert_in_range(passed, 10, 80);

    struct report_serverstats stats = {0};
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_hits, 200);
    assert_int_equal(stats.ntp_drops, 200 - passed);
}

static void kiss_is_sent_only_when_configured(void **state)
{
    struct fixture *f = *state;
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    int kods = 0, drops = 0;

    f->conf.client_log.ntp = (struct ratelimit_conf){true, 6, 1, 4, 1};
    f->conf.client_log.nts = (struct ratelimit_conf){true, 6, 1, 4, 1};
    open_log(f);
    for (int i = 0; i < 200; i++) {
        int record = client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(i));
        enum limit_result result = client_log_limit(f->log, &f->limits, CLIENT_NTP, record);
        kods += result == LIMIT_KOD;
        drops += result == LIMIT_DROP;
        record = client_log_access(f->log, &f->limits, CLIENT_NTS_KE, &addr, at(i));
        assert_int_not_equal(client_log_limit(f->log, &f->limits, CLIENT_NTS_KE, record),
                             LIMIT_KOD);
    }
    assert_in_range(kods, 20, 180);
    assert_in_range(drops, 20, 180);
}

static const struct {
    double interval;
    int reported;
} intervals[] = {
    {0.0, -5}, {0.0625, -4}, {0.125, -3}, {0.1875, -2}, {1, 0},       {2, 1},
    {3, 2},    {64, 6},      {90, 7},     {1024, 10},   {100000, 14},
};

static void intervals_are_estimated(void **state)
{
    struct fixture *f = *state;
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    struct report_client report;

    for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
        open_log(f);
        int record = -1;
        for (int j = 0; j < 20; j++)
            record = client_log_access(f->log, &f->limits, CLIENT_NTP, &addr,
                                       at(j * intervals[i].interval));
        assert_true(client_log_report(f->log, record, false, 0, at(2e6), &report));
        if (report.ntp_interval != intervals[i].reported)
            fail_msg("interval %f: %d", intervals[i].interval, report.ntp_interval);
        assert_int_equal(report.nts_ke_interval, 127);
        client_log_free(f->log);
        f->log = NULL;
    }
}

/* How many of so many accesses at a time pass. */
static int passing(struct fixture *f, enum client_service service, int accesses, double time)
{
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    int n = 0;

    for (int i = 0; i < accesses; i++) {
        int record = client_log_access(f->log, &f->limits, service, &addr, at(time));
        n += client_log_limit(f->log, &f->limits, service, record) == LIMIT_PASS;
    }
    return n;
}

/* 2^-8 s: tokens come in sixteens, once for each tick of the log. */
static void intervals_below_the_tick_of_the_log(void **state)
{
    struct fixture *f = *state;

    f->conf.client_log.ntp = (struct ratelimit_conf){true, -8, 8, 4, 0};
    open_log(f);
    assert_int_equal(passing(f, CLIENT_NTP, 16, 0.0), 16);
    assert_in_range(passing(f, CLIENT_NTP, 160, 0.0), 0, 30);
    assert_int_equal(passing(f, CLIENT_NTP, 16, 1.0 / 16), 16);
    assert_in_range(passing(f, CLIENT_NTP, 160, 1.0 / 16), 0, 30);
    assert_int_equal(passing(f, CLIENT_NTP, 16, 1e5), 16);
    assert_in_range(passing(f, CLIENT_NTP, 160, 1e5), 0, 30);
    assert_int_equal(client_limits_interval(&f->limits, CLIENT_NTP), -8);
    assert_int_equal(client_limits_interval(&f->limits, CLIENT_CMD), -19);
}

/* 2^12 s with bursts of 255: the tokens of a second are fractions, which add up. */
static void long_intervals_with_large_bursts(void **state)
{
    struct fixture *f = *state;

    f->conf.client_log.nts = (struct ratelimit_conf){true, 12, 255, 4, 0};
    open_log(f);
    assert_int_equal(passing(f, CLIENT_NTS_KE, 255, 0.0), 255);
    assert_in_range(passing(f, CLIENT_NTS_KE, 100, 0.0), 0, 20);
    assert_int_equal(passing(f, CLIENT_NTS_KE, 2, 4096.0 * 2 + 32), 2);
    assert_in_range(passing(f, CLIENT_NTS_KE, 100, 4096.0 * 2 + 32), 0, 20);
    assert_int_equal(passing(f, CLIENT_NTS_KE, 10, 4096.0 * 12 + 64), 10);
}

static void each_service_has_its_own_limit_and_counters(void **state)
{
    struct fixture *f = *state;
    struct report_serverstats stats = {0};
    struct report_client report;

    f->conf.client_log.cmd = (struct ratelimit_conf){true, 6, 2, 4, 1};
    f->conf.client_log.nts = (struct ratelimit_conf){true, 6, 5, 4, 1};
    open_log(f);
    assert_int_equal(passing(f, CLIENT_NTP, 100, 0.0), 100);
    int cmd = passing(f, CLIENT_CMD, 200, 0.0), ke = passing(f, CLIENT_NTS_KE, 300, 0.0);
    assert_in_range(cmd, 2, 40);
    assert_in_range(ke, 5, 50);
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_hits, 100);
    assert_int_equal(stats.ntp_drops, 0);
    assert_int_equal(stats.cmd_hits, 200);
    assert_int_equal(stats.cmd_drops, 200 - cmd); /* none was a kiss */
    assert_int_equal(stats.nts_ke_hits, 300);
    assert_int_equal(stats.nts_ke_drops, 300 - ke);

    assert_true(client_log_report(f->log, 0, true, 300, at(1), &report));
    assert_int_equal(report.ntp_hits, 100);
    assert_int_equal(report.cmd_drops, 200 - cmd);
    assert_int_equal(report.nts_ke_drops, 300 - ke);
    assert_int_equal(report.ntp_drops, 0);
    /* Also what is not reported is reset, and the age of a hit in the future is not known. */
    assert_false(client_log_report(f->log, 0, true, 1, at(1), &report));
    assert_true(client_log_report(f->log, 0, false, 0, at(-5), &report));
    assert_true(report.cmd_drops == 0 && report.nts_ke_drops == 0 && report.nts_ke_hits == 0);
    assert_int_equal(report.last_ntp_ago, UINT32_MAX);
}

static int reported_interval(struct fixture *f, double time)
{
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    struct report_client report;

    client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(time));
    assert_true(client_log_report(f->log, 0, false, 0, at(time), &report));
    return report.ntp_interval;
}

/* 23.4: towards longer intervals quickly, towards shorter ones a quarter at a time. */
static void estimate_follows_the_interval(void **state)
{
    struct fixture *f = *state;
    static const int longer[] = {8, 9, 10, 10, 10, 10};
    double time = 0.0;

    open_log(f);
    assert_int_equal(reported_interval(f, time), 127);
    assert_int_equal(reported_interval(f, time += 64), 6);
    for (int i = 1; i <= 24; i++)
        assert_int_equal(reported_interval(f, time += 1), (26 - i) / 4);
    assert_int_equal(reported_interval(f, time += 1), 0);
    for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++)
        assert_int_equal(reported_interval(f, time += 1024), longer[i]);
    /* 2^14 s is the longest. */
    for (int i = 0; i < 8; i++)
        assert_int_equal(reported_interval(f, time += 1e7), i == 0 ? 12 : i == 1 ? 13 : 14);
}

/* A client that asks more than twice as fast without replies gets most of them. */
static void impatient_client_is_answered(void **state)
{
    struct fixture *f = *state;
    struct report_client report;
    int slow = 0, fast = 0;

    f->conf.client_log.ntp = (struct ratelimit_conf){true, 12, 5, 4, 0};
    open_log(f);
    for (int i = 0; i < 5; i++)
        assert_int_equal(passing(f, CLIENT_NTP, 1, 64.0 * i), 1);
    for (int i = 0; i < 12; i++)
        fast += passing(f, CLIENT_NTP, 1, 257.0 + i);
    assert_in_range(fast, 6, 11);
    assert_true(client_log_report(f->log, 0, false, 0, at(300), &report));
    assert_int_equal(report.ntp_timeout_interval, 0);
    assert_in_range(report.ntp_interval, 1, 5);

    /* One that does not change its interval is not. */
    client_log_free(f->log);
    open_log(f);
    for (int i = 0; i < 5; i++)
        passing(f, CLIENT_NTP, 1, 8.0 * i);
    for (int i = 5; i < 45; i++)
        slow += passing(f, CLIENT_NTP, 1, 8.0 * i);
    assert_in_range(slow, 0, 10);
    assert_true(client_log_report(f->log, 0, false, 0, at(400), &report));
    assert_int_equal(report.ntp_interval, 3);
    assert_int_equal(report.ntp_timeout_interval, 3);
}

static const struct {
    unsigned long limit;
    size_t records;
} sizes[] = {
    {0, 8},
    {959, 8},
    {960, 8},
    {1919, 8},
    {1920, 16},
    {3839, 16},
    {524288, 4096},
    {1048576, 8192},
    {2013265919UL, 8388608},
    {2013265920UL, 16777216},
    {2147483648UL, 16777216},
    {17179869184UL, 16777216},
};

static void memory_is_bounded(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        f->conf.client_log.limit = sizes[i].limit;
        open_log(f);
        assert_int_equal(client_log_capacity(f->log), sizes[i].records);
        assert_int_equal(client_log_size(f->log), 8);
        client_log_free(f->log);
    }
    f->conf.client_log.limit = 8 * 960;
    open_log(f);
    for (uint32_t i = 0; i < 100000; i++) {
        struct ip_addr addr = ip_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);
        assert_in_range(client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(i / 1000.0)), 0,
                        63);
    }
    assert_int_equal(client_log_size(f->log), 64);
    assert_int_equal(client_log_used(f->log), 64);
    struct report_serverstats stats = {0};
    client_log_report_stats(f->log, &stats);
    assert_in_range(stats.log_drops, 100000 - 64, 100000);
}

static void oldest_record_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct report_client report;

    f->conf.client_log.limit = 0;
    open_log(f);
    for (uint8_t i = 0; i < 8; i++) {
        struct ip_addr addr = ip_addr_v4(10, 0, 0, i);
        client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(i == 3 ? 1 : 100 + i));
    }
    struct ip_addr addr = ip_addr_v4(10, 0, 0, 99);
    int record = client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(200));
    assert_int_equal(record, 3);
    assert_true(client_log_report(f->log, 3, false, 0, at(200), &report));
    assert_true(ip_addr_equal(&report.addr, &addr));
    assert_int_equal(report.ntp_hits, 1);
}

static int replaced_record(struct fixture *f)
{
    struct ip_addr addr = ip_addr_v4(10, 0, 0, 99);

    return client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(200));
}

/* The latest hit of any service counts, and of equal ones the number of hits. */
static void oldest_and_rarest_record_is_replaced(void **state)
{
    struct fixture *f = *state;

    f->conf.client_log.limit = 0;
    for (int service = 0; service < CLIENT_SERVICES; service++) {
        open_log(f);
        for (uint8_t i = 0; i < 8; i++) {
            struct ip_addr addr = ip_addr_v4(10, 0, 0, i);
            client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(10));
            if (i != 5)
                client_log_access(f->log, &f->limits, (enum client_service)service, &addr, at(20));
        }
        assert_int_equal(replaced_record(f), 5);
        client_log_free(f->log);

        open_log(f);
        for (uint8_t i = 0; i < 8; i++) {
            struct ip_addr addr = ip_addr_v4(10, 0, 0, i);
            client_log_access(f->log, &f->limits, CLIENT_NTS_KE, &addr, at(10));
            if (i != 6)
                client_log_access(f->log, &f->limits, (enum client_service)service, &addr, at(10));
        }
        assert_int_equal(replaced_record(f), 6);
        client_log_free(f->log);
    }
    f->log = NULL;
}

static void records_survive_growth_of_the_table(void **state)
{
    struct fixture *f = *state;
    struct report_client report;
    int found = 0;

    open_log(f);
    for (uint8_t i = 0; i < 200; i++) {
        struct ip_addr addr = ip_addr_v4(10, 0, 0, i);
        client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(i));
    }
    assert_true(client_log_size(f->log) >= 200);
    for (int i = 0; i < client_log_size(f->log); i++)
        found += client_log_report(f->log, i, false, 1, at(300), &report);
    assert_int_equal(found, 200);
    assert_int_equal(client_log_used(f->log), 200);
}

static void report_filters_and_resets(void **state)
{
    struct fixture *f = *state;
    struct ip_addr addr = ip_addr_loopback(IP_V6);
    struct report_client report;

    open_log(f);
    int record = client_log_access(f->log, &f->limits, CLIENT_CMD, &addr, at(10));
    client_log_access(f->log, &f->limits, CLIENT_CMD, &addr, at(12));
    assert_false(client_log_report(f->log, record, false, 3, at(20), &report));
    assert_true(client_log_report(f->log, record, true, 2, at(20), &report));
    assert_int_equal(report.cmd_hits, 2);
    assert_int_equal(report.last_cmd_ago, 8);
    assert_int_equal(report.last_ntp_ago, UINT32_MAX);
    assert_true(client_log_report(f->log, record, false, 0, at(20), &report));
    assert_int_equal(report.cmd_hits, 0);
    assert_false(client_log_report(f->log, -1, false, 0, at(20), &report));
    assert_false(client_log_report(f->log, 8, false, 0, at(20), &report));
}

static void without_log_everything_passes_and_is_counted(void **state)
{
    struct fixture *f = *state;
    struct ip_addr addr = ip_addr_v4(10, 0, 0, 1);
    struct report_serverstats stats = {0};

    f->conf.client_log.off = true;
    open_log(f);
    assert_int_equal(client_log_size(f->log), -1);
    assert_int_equal(client_log_capacity(f->log), 0);
    assert_int_equal(client_log_used(f->log), 0);
    int record = client_log_access(f->log, &f->limits, CLIENT_NTP, &addr, at(0));
    assert_int_equal(record, -1);
    assert_int_equal(client_log_limit(f->log, &f->limits, CLIENT_NTP, record), LIMIT_PASS);
    client_log_report_stats(f->log, &stats);
    assert_int_equal(stats.ntp_hits, 1);
}

static void other_address_families_have_no_record(void **state)
{
    struct fixture *f = *state;
    struct ip_addr id = ip_addr_from_id(1), none = {0};

    open_log(f);
    assert_int_equal(client_log_access(f->log, &f->limits, CLIENT_CMD, &id, at(0)), -1);
    assert_int_equal(client_log_access(f->log, &f->limits, CLIENT_CMD, &none, at(0)), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_have_the_sizes_of_the_table),
        cmocka_unit_test(parameters_are_limited),
        TEST(steady_requests_pass_at_the_configured_rate),
        TEST(kiss_is_sent_only_when_configured),
        TEST(intervals_are_estimated),
        TEST(intervals_below_the_tick_of_the_log),
        TEST(long_intervals_with_large_bursts),
        TEST(each_service_has_its_own_limit_and_counters),
        TEST(estimate_follows_the_interval),
        TEST(impatient_client_is_answered),
        TEST(oldest_and_rarest_record_is_replaced),
        TEST(memory_is_bounded),
        TEST(oldest_record_is_replaced),
        TEST(records_survive_growth_of_the_table),
        TEST(report_filters_and_resets),
        TEST(without_log_everything_passes_and_is_counted),
        TEST(other_address_families_have_no_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

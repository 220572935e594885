/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The polling interval by accuracy (ntp.md 14.5): with noise that the test makes up, with what an
 * estimator learns from simulated samples, and in an association.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdint.h>
#include "ntp/client/poll_policy.h"
#include "source/estimator.h"
#include "test/unit/support/log.h"
#include "test/unit/support/rig.h"

/* Of a source with a typical error of 1e-5 s. */
static struct steady_state noise_of(double wander)
{
    return (struct steady_state){.wander = wander,
                                 .bounds = {1e-5},
                                 .count = 1,
                                 .softness = 1e-9,
                                 .common_share = 1.0,
                                 .common_variance = 7e-11};
}

static double error(const struct poll_outlook *o, int poll)
{
    return steady_state_error(o->noise, o->polls_per_sample * exp2(poll));
}

static void longest_interval_is_the_last_within_the_ratio(void **state)
{
    static const double ratios[] = {1.0, 1.3, 2.5, 10.0};

    for (double wander = 1e-24; wander < 1e-11; wander *= 10.0)
        for (int min = -7; min <= 10; min += 5)
            for (int i = 0; i < 4; i++) {
                struct steady_state noise = noise_of(wander);
                struct poll_outlook o = {&noise, 1.0, 0.0};
                int expected = min;

                while (expected < 12 &&
                       error(&o, expected + 1) <= ratios[i] * ratios[i] * error(&o, min))
                    expected++;
                assert_int_equal(poll_policy_longest(&o, min, 12, ratios[i]), expected);
            }
}

static void ratios_at_the_ends_give_the_limits(void **state)
{
    struct steady_state noise = noise_of(1e-16);
    struct poll_outlook o = {&noise, 1.0, 0.0};

    assert_int_equal(poll_policy_longest(&o, 4, 10, 1.0), 4);
    assert_int_equal(poll_policy_longest(&o, 4, 10, INFINITY), 10);
    assert_int_equal(poll_policy_longest(&o, 7, 7, 2.5), 7);
}

/* One sample in eight polls is as if each interval were eight times as long. */
static void samples_that_need_several_polls_are_rare(void **state)
{
    struct steady_state noise = noise_of(1e-16);
    struct poll_outlook each = {&noise, 1.0, 0.0}, eighth = {&noise, 8.0, 0.0};

    for (int min = 0; min < 8; min++)
        assert_int_equal(poll_policy_longest(&eighth, min, 12, 2.5) + 3,
                         poll_policy_longest(&each, min + 3, 15, 2.5));
}

static void vote(struct poll_policy *policy, struct poll_state *poll, double wander)
{
    struct steady_state noise = noise_of(wander);

    poll_policy_vote(policy, poll, &(struct poll_outlook){&noise, 1.0, 0.0}, 2.5);
}

static void lengthening_takes_two_votes_for_each_step(void **state)
{
    struct poll_policy policy;
    struct poll_state poll = {6, 10, 6, 0.7};

    poll_policy_reset(&policy);
    for (int i = 1; i <= 20; i++) {
        vote(&policy, &poll, 1e-20);
        assert_int_equal(poll.current, 6 + i / 2 < 9 ? 6 + i / 2 : 9);
        assert_true(poll.score == 0.0);
    }
}

static void shortening_is_done_at_once(void **state)
{
    struct poll_policy policy;
    struct poll_state poll = {4, 10, 4, 0.0};

    poll_policy_reset(&policy);
    for (int i = 0; i < 20; i++)
        vote(&policy, &poll, 1e-18);
    assert_int_equal(poll.current, 7);
    vote(&policy, &poll, 1e-9);
    assert_int_equal(poll.current, 5);
    vote(&policy, &poll, 1e-9);
    vote(&policy, &poll, 1e-9);
    assert_int_equal(poll.current, 4);
}

/* A vote for less comes between two for more. */
static void votes_for_more_have_to_follow_each_other(void **state)
{
    struct poll_policy policy;
    struct poll_state poll = {6, 10, 6, 0.0};

    poll_policy_reset(&policy);
    for (int i = 0; i < 20; i++) {
        vote(&policy, &poll, 1e-20);
        vote(&policy, &poll, 1e-4);
        assert_int_equal(poll.current, 6);
        policy.wander = 1e-20;
    }
}

static void sample_that_nobody_expected_shortens(void **state)
{
    static const struct {
        double surprise;
        int steps;
    } rows[] = {{4.9, 0}, {5.1, 1}, {8.1, 2}, {22.0, 2}, {23.0, 3}, {70.0, 4}, {INFINITY, 5}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct poll_policy policy;
        struct poll_state poll = {4, 10, 9, 0.0};
        struct steady_state noise = noise_of(1e-24);

        poll_policy_reset(&policy);
        poll_policy_vote(&policy, &poll, &(struct poll_outlook){&noise, 1.0, rows[i].surprise},
                         100.0);
        assert_int_equal(poll.current, 9 - rows[i].steps);
    }
}

/* The limit is passed by a little in both directions all the time. */
static void interval_does_not_alternate(void **state)
{
    struct poll_policy policy;
    struct poll_state poll = {6, 10, 6, 0.0};
    double edge = 1e-16;

    /* At which wander eight times the interval is just within the ratio */
    for (int longest = 9; longest >= 9; edge *= 1.01) {
        struct steady_state noise = noise_of(edge * 1.01);
        longest = poll_policy_longest(&(struct poll_outlook){&noise, 1.0, 0.0}, 6, 10, 2.5);
    }
    poll_policy_reset(&policy);
    for (int i = 0; i < 20; i++)
        vote(&policy, &poll, 0.9 * edge);
    int start = poll.current;
    for (int i = 0; i < 100; i++) {
        vote(&policy, &poll, i % 2 ? 0.9 * edge : 1.1 * edge);
        assert_int_equal(poll.current, start);
    }
}

static void shortest_interval_is_that_of_too_little_knowledge(void **state)
{
    struct poll_policy policy;
    struct poll_state poll = {5, 10, 5, 0.0};

    poll_policy_reset(&policy);
    for (int i = 0; i < 20; i++)
        vote(&policy, &poll, 1e-20);
    assert_true(poll.current > 6);
    poll_policy_vote(&policy, &poll, NULL, 2.5);
    assert_int_equal(poll.current, 5);
    /* What was found out before does not count any more. */
    vote(&policy, &poll, 1e-20);
    assert_int_equal(poll.current, 5);
    vote(&policy, &poll, 1e-20);
    assert_int_equal(poll.current, 6);
}

static void changed_limits_hold_from_the_next_vote_on(void **state)
{
    struct poll_policy policy;
    struct poll_state poll = {6, 10, 6, 0.0};

    poll_policy_reset(&policy);
    for (int i = 0; i < 20; i++)
        vote(&policy, &poll, 1e-20);
    poll.max = 7;
    vote(&policy, &poll, 1e-20);
    assert_int_equal(poll.current, 7);
    poll.min = poll.max = 12;
    vote(&policy, &poll, 1e-20);
    assert_int_equal(poll.current, 12);
}

/* ---- With an estimator ---- */

struct clock {
    uint64_t random;
    double now, offset, frequency;
    double wander; /* standard deviation of the frequency's step in a second */
    double jitter; /* mean delay of a queue, s */
    struct samples *samples;
    struct estimator *estimator;
    struct poll_policy policy;
    struct poll_state poll;
    double ratio;
};

static double uniform(struct clock *c)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return ((double)(c->random >> 12) + 0.5) / 4503599627370496.0;
}

static double queue(struct clock *c)
{
    return -c->jitter * log(uniform(c));
}

static double normal(struct clock *c)
{
    double radius = sqrt(-2.0 * log(uniform(c)));

    return radius * cos(2.0 * M_PI * uniform(c));
}

static struct clock make_clock(int seed, double wander, double jitter)
{
    struct samples_params samples = {6, 0, 0.0, 1.0, 1e-8};
    struct estimator_params params = {
        .kind = ESTIMATOR_KALMAN, .min_samples = 6, .precision = 1e-8};
    struct clock c = {
        .random = (uint64_t)seed * 1000003u + 17u, .wander = wander, .jitter = jitter};

    c.samples = samples_new(&samples);
    c.estimator = estimator_new(&params, c.samples);
    c.poll = (struct poll_state){6, 10, 6, 0.0};
    c.ratio = 2.5;
    return c;
}

static void free_clock(struct clock *c)
{
    estimator_free(c->estimator);
    samples_free(c->samples);
}

static void poll_once(struct clock *c)
{
    for (double left = exp2(c->poll.current); left > 0.0; left -= 1.0) {
        c->frequency += c->wander * normal(c);
        c->offset += c->frequency;
        c->now += 1.0;
    }

    double there = queue(c), back = queue(c);
    struct source_sample sample = {
        .time = {instant_add((struct instant){1699999000, 0}, c->now)},
        .offset = c->offset + 0.5 * (there - back),
        .peer_delay = 1e-3 + there + back,
        .peer_dispersion = 1e-8,
        .root_delay = 1e-3,
        .root_dispersion = 1e-5,
    };
    struct samples_fit fit;
    samples_add(c->samples, &sample);
    samples_update(c->samples, &fit);
    estimator_add(c->estimator, &sample);

    struct steady_state noise;
    struct poll_outlook o = {&noise, 1.0, estimator_surprise(c->estimator)};
    int count = estimator_steady_state(c->estimator, &noise);
    poll_policy_vote(&c->policy, &c->poll, count >= 8 ? &o : NULL, c->ratio);
}

static const double networks[][2] = {
    /* wander, jitter */
    {1e-9, 1e-5}, {1e-9, 1e-4},  {1e-9, 2e-3}, {1e-8, 1e-2},
    {1e-7, 1e-5}, {1e-10, 1e-6}, {1e-8, 1e-4},
};
#define NETWORKS (sizeof(networks) / sizeof(networks[0]))

static void interval_stays_within_a_step_where_nothing_changes(void **state)
{
    for (size_t n = 0; n < NETWORKS; n++)
        for (int seed = 1; seed <= 3; seed++) {
            struct clock c = make_clock(seed, networks[n][0], networks[n][1]);
            int low = 24, high = -7;

            while (c.now < 20000.0)
                poll_once(&c);
            while (c.now < 120000.0) {
                poll_once(&c);
                low = c.poll.current < low ? c.poll.current : low;
                high = c.poll.current > high ? c.poll.current : high;
            }
            if (high > low + 1)
                fail_msg("network %zu, seed %d: %d to %d", n, seed, low, high);
            free_clock(&c);
        }
}

static void interval_follows_a_restless_oscillator_within_a_few_samples(void **state)
{
    for (int seed = 1; seed <= 10; seed++) {
        struct clock c = make_clock(seed, 1e-9, 1e-5);
        int count = 0, sum = 0;

        c.poll = (struct poll_state){4, 10, 4, 0.0};
        c.ratio = 5.0;
        while (c.now < 20000.0)
            poll_once(&c);
        int before = c.poll.current;
        assert_true(before >= 8);
        c.wander *= 100.0;
        for (; c.poll.current >= before; count++)
            poll_once(&c);
        assert_between(count, 1, 3);
        for (count = 0; count < 40; count++) {
            poll_once(&c);
            sum += c.poll.current;
        }
        assert_true(sum <= 40 * (before - 1));
        free_clock(&c);
    }
}

/* ---- In an association ---- */

#define SERVER "192.0.2.1"

static struct rig rig_of_test;

static int set_up(void **state)
{
    capture_log();
    rig_init(&rig_of_test, NULL, NULL);
    rig_of_test.conf->client.poll_policy = (struct poll_policy_conf){true, 2.5};
    rig_restart(&rig_of_test, NULL);
    *state = &rig_of_test;
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    end_log_capture();
    return 0;
}

/* Until a number of samples more than there are has been accumulated. */
static void run_for_samples(struct rig *rig, int more)
{
    struct source *s = rig_source(rig, SERVER);
    int samples = s->samples + more;

    while (s->samples < samples)
        rig_run(rig, 0.5);
}

static void learn(struct rig *rig, int samples, double wander)
{
    struct source *s = rig_source(rig, SERVER);

    s->learnt = samples;
    s->steady_state = noise_of(wander);
}

static void first_samples_come_at_the_shortest_interval(void **state)
{
    struct rig *rig = *state;
    static const char *const lines[] = {SERVER " minpoll 2 maxpoll 8",
                                        SERVER " minpoll 2 maxpoll 8 polltarget 1",
                                        SERVER " minpoll 2 maxpoll 8 polltarget 20"};
    static const int needed[] = {8, 8, 20};

    for (int i = 0; i < 3; i++) {
        struct ip_addr addr = rig_addr(SERVER);

        rig_add_server(rig, lines[i]);
        learn(rig, needed[i] - 1, 1e-20);
        run_for_samples(rig, 30);
        assert_int_equal(rig_poll(rig, SERVER), 2);
        learn(rig, needed[i], 1e-20);
        run_for_samples(rig, 20);
        assert_int_equal(rig_poll(rig, SERVER), 5);
        assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    }
}

static void reset_of_the_source_shortens_the_interval(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8");
    learn(rig, 100, 1e-20);
    run_for_samples(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), 5);
    learn(rig, 0, 0.0);
    run_for_samples(rig, 1);
    assert_int_equal(rig_poll(rig, SERVER), 2);
}

/* The prediction of the regression, which is far off, does not matter. */
static void surprise_of_the_estimator_counts(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8");
    learn(rig, 100, 1e-20);
    rig->stub.predicted = 1.0;
    run_for_samples(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), 5);
    rig_source(rig, SERVER)->surprise = 10.0;
    run_for_samples(rig, 1);
    assert_int_equal(rig_poll(rig, SERVER), 3);
}

/* As with the other policy; the next good sample ends that. */
static void missing_responses_lengthen_until_there_is_a_sample(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 6");
    learn(rig, 100, 1e-8);
    run_for_samples(rig, 10);
    assert_int_equal(rig_poll(rig, SERVER), 2);
    rig->answer = false;
    rig_run(rig, 2000);
    assert_int_equal(rig_poll(rig, SERVER), 6);
    rig->answer = true;
    run_for_samples(rig, 1);
    assert_int_equal(rig_poll(rig, SERVER), 2);
}

/* A sample of four polls: the same accuracy needs polls that are four times as frequent. */
static void filter_makes_samples_rare(void **state)
{
    struct rig *rig = *state;
    struct steady_state noise = noise_of(3e-13);
    int expected = poll_policy_longest(&(struct poll_outlook){&noise, 4.0, 0.0}, 2, 8, 2.5);

    assert_int_not_equal(expected,
                         poll_policy_longest(&(struct poll_outlook){&noise, 1.0, 0.0}, 2, 8, 2.5));
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 8 filter 4");
    learn(rig, 100, 3e-13);
    run_for_samples(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), expected);
}

/* Only in a network that is fast enough; there it is also what others are compared with. */
static void less_than_a_second_is_for_short_delays(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr(SERVER);

    rig->delay = 0.02;
    rig_add_server(rig, SERVER " minpoll -4 maxpoll -2");
    learn(rig, 100, 1e-20);
    run_for_samples(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), 0);
    ntp_sources_remove(rig->sources, &addr);
    rig_add_server(rig, SERVER " minpoll -4 maxpoll 8");
    learn(rig, 100, 1e-20);
    run_for_samples(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), 3);
    ntp_sources_remove(rig->sources, &addr);
    rig->delay = 0.001;
    rig_add_server(rig, SERVER " minpoll -4 maxpoll 8");
    learn(rig, 0, 1e-20);
    run_for_samples(rig, 2);
    assert_int_equal(rig_poll(rig, SERVER), -4);
    learn(rig, 100, 1e-20);
    run_for_samples(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_interval_is_the_last_within_the_ratio),
        cmocka_unit_test(ratios_at_the_ends_give_the_limits),
        cmocka_unit_test(samples_that_need_several_polls_are_rare),
        cmocka_unit_test(lengthening_takes_two_votes_for_each_step),
        cmocka_unit_test(shortening_is_done_at_once),
        cmocka_unit_test(votes_for_more_have_to_follow_each_other),
        cmocka_unit_test(sample_that_nobody_expected_shortens),
        cmocka_unit_test(interval_does_not_alternate),
        cmocka_unit_test(shortest_interval_is_that_of_too_little_knowledge),
        cmocka_unit_test(changed_limits_hold_from_the_next_vote_on),
        cmocka_unit_test(interval_stays_within_a_step_where_nothing_changes),
        cmocka_unit_test(interval_follows_a_restless_oscillator_within_a_few_samples),
        TEST(first_samples_come_at_the_shortest_interval),
        TEST(reset_of_the_source_shortens_the_interval),
        TEST(surprise_of_the_estimator_counts),
        TEST(missing_responses_lengthen_until_there_is_a_sample),
        TEST(filter_makes_samples_rare),
        TEST(less_than_a_second_is_for_short_delays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

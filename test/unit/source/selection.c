/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Selection and combining: worked examples of discipline.md 13.9 and 14, messages and rules around
 * them.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/source_options.h"
#include "ntp/wire/packet.h"
#include "source/combine.h"
#include "source/record.h"
#include "test/unit/support/sources.h"

#define NULL_DRIVER "Disabled control of system clock\n"

struct interval {
    double low, high; /* milliseconds */
    unsigned int options;
};

/* A source with one sample that has this interval, without a selection. */
static struct source *add_interval(struct source_fixture *f, int number, struct interval interval)
{
    struct source *s = source_fixture_add(f, number, interval.options, 1);
    struct source_sample sample = {
        .time = local_clock_event_time(f->clock, NULL),
        .offset = (interval.low + interval.high) / 2e3,
        .root_dispersion = (interval.high - interval.low) / 2e3,
    };

    source_update_reachability(s, true);
    source_update_status(s, 2, LEAP_NORMAL);
    assert_true(samples_add(s->samples, &sample));
    source_update_statistics(s);
    return s;
}

static void assert_states(const struct source_fixture *f, const char *expected)
{
    char states[16] = "";

    for (int i = 0; i < source_register_count(f->set); i++)
        states[i] = source_status_letter(source_verdict(source_register_get(f->set, i))->status);
    assert_string_equal(states, expected);
}

struct example {
    struct interval intervals[4];
    const char *states[4]; /* after the update of each source */
    const char *log;
};

static void examples_a_to_g(void **state)
{
    static const struct example examples[] = {
        {{{6, 14, 0}, {7, 17, 0}, {24, 36, 0}},
         {"*+x", "*+x", "*+x"},
         NULL_DRIVER "Detected falseticker 192.0.2.3\nSelected source 192.0.2.1\n"
                     "Detected falseticker 192.0.2.3\n"},
        {{{6, 14, 0}, {45, 55, 0}, {84, 96, 0}},
         {"xxx", "xxx", "xxx"},
         NULL_DRIVER "Can't synchronise: no majority (no agreement among 3 sources)\n"},
        {{{-10, 30, 0}, {-2, 2, 0}, {18, 22, 0}},
         {"UUU", "D*+", "D*+"},
         NULL_DRIVER "Selected source 192.0.2.2\n"},
        {{{6, 14, SELECT_TRUST}, {7, 17, 0}, {9.5, 11.5, 0}, {45, 55, 0}},
         {"UTUx", "UTUx", "DT*x", "DT*x"},
         NULL},
        {{{6, 14, 0}, {7, 17, SELECT_PREFER}, {9.5, 11.5, 0}},
         {"PUP", "P*P", "P*P"},
         NULL_DRIVER "Selected source 192.0.2.2\n"},
        {{{6, 14, 0}, {45, 55, SELECT_REQUIRE}, {9.5, 11.5, 0}},
         {"WxW", "WxW", "WxW"},
         NULL_DRIVER "Detected falseticker 192.0.2.2\n"
                     "Can't synchronise: no required source in selectable sources\n"},
        {{{6, 14, 0}, {45, 55, 0}},
         {"xx", "xx"},
         NULL_DRIVER "Can't synchronise: no majority (no agreement among 2 sources)\n"},
    };

    for (size_t e = 0; e < sizeof(examples) / sizeof(examples[0]); e++) {
        struct source_fixture f;
        int count = (int)strlen(examples[e].states[0]);

        source_fixture_open(&f, "", false);
        for (int i = 0; i < count; i++) {
            add_interval(&f, i + 1, examples[e].intervals[i]);
            source_register_get(f.set, i)->reach_size = 8; /* so that failures are reported */
        }
        for (int i = 0; i < count; i++) {
            source_register_select(f.set, source_register_get(f.set, i));
            assert_states(&f, examples[e].states[i]);
        }
        source_fixture_check_log(&f, examples[e].log);
        source_fixture_close(&f);
    }
}

static void other_source_is_selected_when_its_score_exceeds_10(void **state)
{
    static const struct {
        double distance;
        int updates;
    } cases[] = {{4.0, 12}, {2.5, 4}, {1.0, 2}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct source_fixture f;

        source_fixture_open(&f, "", false);
        struct source *a = add_interval(&f, 1, (struct interval){-5, 5, 0});
        struct source *b =
            add_interval(&f, 2, (struct interval){-cases[i].distance, cases[i].distance, 0});
        f.set->selected = a;
        for (int n = 1; n <= cases[i].updates; n++) {
            assert_true(source_is_selected(a));
            source_register_select(f.set, b);
        }
        assert_true(source_is_selected(b));
        source_fixture_check_log(&f, NULL);
        source_fixture_close(&f);
    }
}

static void estimates_are_combined_with_weights(void **state)
{
    struct samples_tracking selected = {.ref_time = {{1000, 0}},
                                        .offset = 1e-3,
                                        .offset_sd = 1e-5,
                                        .frequency = 1e-7,
                                        .frequency_sd = 2e-8,
                                        .skew = 1e-7};
    struct samples_tracking other = {.ref_time = {{990, 0}},
                                     .offset = 1.2e-3,
                                     .offset_sd = 3e-5,
                                     .frequency = 3e-7,
                                     .frequency_sd = 4e-8,
                                     .skew = 3e-7};
    struct combine_sums sums = {0};

    combine_add(&sums, &selected, &selected, 5e-3);
    combine_add(&sums, &selected, &other, 10e-3);
    combine_finish(&sums, &selected);
    assert_true(fabs(selected.offset - 1.067666667e-3) < 1e-12);
    assert_true(fabs(selected.offset_sd - 1.187899547e-4) < 1e-13);
    assert_true(fabs(selected.frequency - 1.4e-7) < 1e-16);
    assert_true(fabs(selected.frequency_sd - 1.788854382e-8) < 1e-17);
    assert_true(fabs(selected.skew - 9.486832981e-8) < 1e-16);
}

static void authselectmode_changes_the_effective_options(void **state)
{
    static const struct {
        const char *line;
        unsigned int plain, authenticated, refclock;
    } cases[] = {
        {"authselectmode ignore", 0, 0, 0},
        {"authselectmode mix", 0, SELECT_TRUST | SELECT_REQUIRE, SELECT_TRUST | SELECT_REQUIRE},
        {"authselectmode prefer", SELECT_NOSELECT, 0, 0},
        {"authselectmode require", SELECT_NOSELECT, 0, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct source_fixture f;
        struct source_params params = {.addr = ip_addr_v4(192, 0, 2, 9),
                                       .name = "192.0.2.9",
                                       .authenticated = true,
                                       .min_samples = 6};
        source_fixture_open(&f, cases[i].line, false);
        struct source *plain = source_fixture_add(&f, 1, 0, 0);
        struct source *ignored = source_fixture_add(&f, 2, SELECT_NOSELECT, 0);
        struct source *refclock = source_new_refclock(f.set, 0x50505300, &params);
        assert_int_equal(refclock->options, 0);
        struct source *authenticated = source_new(f.set, &params);
        assert_int_equal(plain->options, cases[i].plain);
        assert_int_equal(ignored->options, SELECT_NOSELECT);
        assert_int_equal(authenticated->options, cases[i].authenticated);
        assert_int_equal(refclock->options, cases[i].refclock);
        source_free(authenticated);
        assert_int_equal(plain->options, i == 3 ? SELECT_NOSELECT : 0);
        source_fixture_check_log(&f, NULL);
        source_fixture_close(&f);
    }
}

/* 12.4, from the whole set. */
static unsigned int expected_options(const struct source_register *set, const struct source *s)
{
    enum authselect_mode mode = set->conf.authselect_mode;
    unsigned int options = s->conf_options;
    int authenticated = 0, others = 0;

    for (int i = 0; i < set->count; i++) {
        const struct source *other = set->sources[i];
        if (other->refclock || (other->conf_options & SELECT_NOSELECT))
            continue;
        authenticated += other->authenticated;
        others += !other->authenticated;
    }
    if (options & SELECT_NOSELECT)
        return options;
    if (!s->refclock && !s->authenticated &&
        (mode == AUTHSELECT_REQUIRE || (mode == AUTHSELECT_PREFER && authenticated > 0)))
        options |= SELECT_NOSELECT;
    if ((s->refclock || s->authenticated) && mode == AUTHSELECT_MIX && authenticated > 0 &&
        others > 0)
        options |= SELECT_TRUST | SELECT_REQUIRE;
    return options;
}

static void one_change(struct source_fixture *f, unsigned int kind, unsigned int which)
{
    struct source_params params = {
        .addr = ip_addr_v4(192, 0, 2, 9),
        .name = "192.0.2.9",
        .authenticated = which & 1,
        .select_options = which & 2 ? SELECT_NOSELECT : SELECT_PREFER,
        .min_samples = 6,
    };

    if (f->set->count == 0 || kind < 2)
        source_new(f->set, &params);
    else if (kind == 2)
        source_new_refclock(f->set, 0x50505300, &params);
    else if (kind < 5)
        source_modify_options(f->set->sources[which % (unsigned int)f->set->count],
                              SELECT_NOSELECT | SELECT_TRUST,
                              which & 8 ? SELECT_NOSELECT : SELECT_TRUST);
    else
        source_free(f->set->sources[which % (unsigned int)f->set->count]);
}

static void effective_options_follow_every_change_of_the_set(void **state)
{
    static const char *const modes[] = {"ignore", "mix", "prefer", "require"};
    uint32_t random = 1;

    for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
        struct source_fixture f;
        char line[32];

        snprintf(line, sizeof(line), "authselectmode %s", modes[m]);
        source_fixture_open(&f, line, false);
        for (int step = 0; step < 1000; step++) {
            random = random * 1664525 + 1013904223;
            /* Sources come as often as they go, so the set is small and often changes its mind. */
            one_change(&f, random >> 28 & 7, random >> 16 & 255);
            for (int i = 0; i < f.set->count; i++)
                assert_int_equal(f.set->sources[i]->options,
                                 expected_options(f.set, f.set->sources[i]));
        }
        source_fixture_close(&f);
    }
}

static void bad_sources_are_reported_and_replaced_after_four_updates(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "maxdistance 0.001", false);
    struct source *s = add_interval(&f, 5, (struct interval){-5, 5, 0});
    for (int i = 1; i <= 5; i++) {
        source_register_select(f.set, s);
        assert_int_equal(s->verdict.status, STATUS_BAD_DISTANCE);
        assert_int_equal(f.bad, i < 4 ? 0 : i - 3);
    }
    source_fixture_check_log(
        &f,
        NULL_DRIVER "Root distance of 192.0.2.5 (ntp.test) exceeds maxdistance of 0.001 seconds\n");
    source_fixture_close(&f);
}

static void sources_that_are_no_good_by_themselves(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "maxstratum 4\nminsources 2\nmaxjitter 0.5", false);
    struct source *s = add_interval(&f, 1, (struct interval){-5, 5, SELECT_NOSELECT});
    s = add_interval(&f, 2, (struct interval){-5, 5, 0});
    source_update_status(s, 2, LEAP_UNSYNC);
    s = add_interval(&f, 3, (struct interval){-5, 5, 0});
    source_update_status(s, 5, LEAP_NORMAL);
    s = add_interval(&f, 4, (struct interval){NAN, NAN, 0});
    s = add_interval(&f, 5, (struct interval){-5, 5, 0});
    source_register_select(f.set, s);
    assert_states(&f, "NsrdW");
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void orphan_with_the_smallest_id_is_elected(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "local stratum 10 orphan", false);
    struct source *a = add_interval(&f, 1, (struct interval){-5, 5, 0});
    struct source *b = add_interval(&f, 2, (struct interval){-5, 5, 0});
    source_update_status(a, 10, LEAP_NORMAL);
    source_update_status(b, 10, LEAP_NORMAL);
    f.local_refid = 0xc0000201;
    source_register_select(f.set, a);
    assert_states(&f, "OO");
    f.local_refid = 0xc0000202;
    source_register_select(f.set, a);
    assert_states(&f, "*O");
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* ntp.md 20.7: who may be elected, and against whom. */
static void orphans_are_the_last_resort(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "local stratum 10 orphan", false);
    struct source *a = add_interval(&f, 1, (struct interval){-5, 5, 0});
    struct source *b = add_interval(&f, 2, (struct interval){-5, 5, 0});
    struct source *c = add_interval(&f, 3, (struct interval){-5, 5, 0});
    f.local_refid = 0xc00002ff;
    /* One with a stratum above that of orphans is none, nor one that is not reachable. */
    source_update_status(a, 11, LEAP_NORMAL);
    source_update_status(b, 10, LEAP_NORMAL);
    source_update_status(c, 10, LEAP_NORMAL);
    source_register_select(f.set, b);
    assert_states(&f, "O*O");
    source_update_status(b, 11, LEAP_NORMAL);
    source_register_select(f.set, c);
    assert_states(&f, "OO*");
    for (int i = 0; i < 8; i++)
        source_update_reachability(c, false);
    source_register_select(f.set, c);
    assert_states(&f, "OOO");
    /* Any real source goes before them. */
    source_update_reachability(c, true);
    source_update_status(a, 9, LEAP_NORMAL);
    source_register_select(f.set, a);
    assert_states(&f, "*OO");
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void orphan_needs_to_know_its_own_id(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "local stratum 10 orphan", false);
    struct source *a = add_interval(&f, 1, (struct interval){-5, 5, 0});
    source_update_status(a, 10, LEAP_NORMAL);
    f.local_refid = 0;
    source_register_select(f.set, a);
    assert_states(&f, "O");
    source_fixture_check_log(&f, NULL_DRIVER "Unknown local refid in orphan mode\n");
    source_fixture_close(&f);
}

static void loss_is_reported_once_and_keeps_the_reference(void **state)
{
    struct source_fixture f;
    struct report_tracking tracking;

    source_fixture_open(&f, "", false);
    struct source *s = add_interval(&f, 1, (struct interval){-5, 5, 0});
    source_register_select(f.set, s);
    assert_true(source_is_selected(s));
    source_update_status(s, 2, LEAP_UNSYNC);
    source_register_select(f.set, NULL);
    source_register_select(f.set, NULL);
    assert_false(source_is_selected(s));
    reference_report_tracking(f.reference, &tracking);
    assert_int_equal(tracking.stratum, 3);
    source_free(s);
    assert_int_equal(source_register_count(f.set), 0);
    source_fixture_check_log(&f, NULL_DRIVER
                             "Selected source 192.0.2.1\n"
                             "Can't synchronise: no selectable sources (0 unreachable sources)\n");
    source_fixture_close(&f);
}

/* initstepslew ends, its sources go, and the normal mode begins with others. */
static void selection_of_an_earlier_mode_is_no_loss(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "initstepslew 10\n", false);
    struct source *s = add_interval(&f, 1, (struct interval){-5, 5, 0});
    reference_set_mode(f.reference, REFERENCE_INIT_STEP_SLEW);
    source_register_select(f.set, s);
    assert_true(source_is_selected(s));
    assert_int_equal(reference_mode(f.reference), REFERENCE_IGNORE);
    source_free(s);
    source_register_forget_reports(f.set);
    reference_set_mode(f.reference, REFERENCE_NORMAL);
    s = source_fixture_add(&f, 2, 0, SOURCE_DEFAULT_SAMPLES);
    source_register_select(f.set, NULL);
    source_fixture_check_log(&f, NULL_DRIVER
                             "System's initial offset : 0.000000 seconds fast of true (slew)\n");
    /* Eight polls without an answer are a reason to tell. */
    test_log_begin(f.directory);
    for (int i = 0; i < 10; i++)
        source_update_reachability(s, false);
    source_fixture_check_log(&f,
                             "Can't synchronise: no selectable sources (1 unreachable sources)\n");
    source_fixture_close(&f);
}

static void unreachable_source_goes_stale(void **state)
{
    struct findings findings = {.count = 0};
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *s = add_interval(&f, 1, (struct interval){-5, 5, 0});
    source_register_select(f.set, s);
    for (int i = 0; i < 8; i++)
        source_update_reachability(s, false);
    assert_false(source_is_reachable(s));
    assert_int_equal(f.bad, 1);
    clock_world_wake_at(f.w, 10.0);
    source_register_select(f.set, NULL);
    assert_states(&f, "S");
    source_explain(s, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.list[0].code, FINDING_ALL_SILENT);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void unknown_step_discards_samples_and_synchronisation(void **state)
{
    struct source_fixture f;
    struct report_tracking tracking;
    struct report_source report;

    source_fixture_open(&f, "", false);
    struct source *s = add_interval(&f, 1, (struct interval){-5, 5, 0});
    source_register_select(f.set, s);
    source_report(s, &report);
    assert_int_equal(report.state, 0);
    assert_int_equal(report.stratum, 2);
    local_clock_external_step(f.clock, local_clock_event_raw(f.clock),
                              local_clock_event_time(f.clock, NULL), 100.0, 100.0);
    assert_int_equal(source_samples(s), 0);
    source_report(s, &report);
    assert_int_equal(report.latest_age, UINT32_MAX);
    assert_int_equal(report.stratum, 0);
    reference_report_tracking(f.reference, &tracking);
    assert_int_equal(tracking.stratum, 0);
    assert_int_equal(tracking.leap, LEAP_UNSYNC);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void leap_needs_a_majority_of_votes(void **state)
{
    struct source_fixture f;

    source_fixture_open(&f, "", false);
    struct source *a = add_interval(&f, 1, (struct interval){-5, 5, 0});
    struct source *b = add_interval(&f, 2, (struct interval){-5, 5, 0});
    source_register_select(f.set, a);
    a->leap = LEAP_INSERT;
    assert_int_equal(source_register_majority_leap(f.set), LEAP_NORMAL);
    b->leap = LEAP_INSERT;
    assert_int_equal(source_register_majority_leap(f.set), LEAP_INSERT);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

static void selection_log_has_a_line_for_each_state(void **state)
{
    struct source_fixture f;
    char path[TEST_PATH_SIZE + 32];

    source_fixture_open(&f, "logdir %s\nlog selection\nlogbanner 0", false);
    struct source *s = add_interval(&f, 1, (struct interval){-4, 6, SELECT_PREFER});
    source_register_select(f.set, s);
    snprintf(path, sizeof(path), "%s/selection.log", f.directory);
    char *text = test_read_file(path);
    assert_string_equal(text, "2023-11-14 22:13:20 192.0.2.1       * --P--    1  1.00  0.000e+00 "
                              "-4.000e-03  6.000e-03\n");
    free(text);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* It goes offline first, so that there is a last line for it, and the message is that of a source
   that cannot be reached. */
static void a_source_that_goes_has_a_last_line(void **state)
{
    struct source_fixture f;
    char path[TEST_PATH_SIZE + 32];

    source_fixture_open(&f, "logdir %s\nlog selection\nlogbanner 0", false);
    struct source *s = add_interval(&f, 1, (struct interval){-4, 6, 0});
    source_set_active(s, true);
    source_register_select(f.set, s);
    source_free(s);
    snprintf(path, sizeof(path), "%s/selection.log", f.directory);
    char *text = test_read_file(path);
    assert_string_equal(text, "2023-11-14 22:13:20 192.0.2.1       * -----    1  1.00  0.000e+00 "
                              "-4.000e-03  6.000e-03\n"
                              /* the clock was corrected by 1 ms in between */
                              "2023-11-14 22:13:19 192.0.2.1       * -----    0  1.00  0.000e+00 "
                              "-5.000e-03  5.000e-03\n");
    free(text);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* Frees the selected one of two sources in the mode; the state of the other one afterwards. */
static enum source_status other_after_free(const char *lines, enum reference_mode mode)
{
    struct source_fixture f;

    source_fixture_open(&f, lines, false);
    struct source *a = add_interval(&f, 1, (struct interval){-4, 6, 0});
    struct source *b = add_interval(&f, 2, (struct interval){-4, 6, 0});
    source_register_select(f.set, a);
    source_register_select(f.set, b);
    struct source *selected = source_is_selected(a) ? a : b, *other = selected == a ? b : a;
    assert_int_equal(other->verdict.status, STATUS_COMBINED);
    reference_set_mode(f.reference, mode);
    other->leap = LEAP_UNSYNC;
    source_free(selected);
    enum source_status status = other->verdict.status;
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
    return status;
}

static void a_source_that_goes_at_exit_starts_no_selection_that_nobody_sees(void **state)
{
    assert_int_equal(other_after_free("", REFERENCE_NORMAL), STATUS_UNSYNCHRONISED);
    assert_int_equal(other_after_free("", REFERENCE_IGNORE), STATUS_COMBINED);
    assert_int_equal(other_after_free("logdir %s\nlog selection", REFERENCE_IGNORE),
                     STATUS_UNSYNCHRONISED);
}

#define MANY 200

/* Lines in the log of the selection: one for each source that a run looks at. */
static int lines_of_selection(const struct source_fixture *f)
{
    char path[TEST_PATH_SIZE + 32];
    int n = 0;

    snprintf(path, sizeof(path), "%s/selection.log", f->directory);
    char *text = test_read_file(path);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n++;
    free(text);
    return n;
}

static void work_on_many_sources_runs_the_selection_once(void **state)
{
    struct source_fixture f;
    struct source *sources[MANY], *kept;

    source_fixture_open(&f, "logdir %s\nlog selection\nlogbanner 0", false);
    for (int i = 0; i < MANY; i++)
        sources[i] = source_fixture_add(&f, i % 6, 0, 0);
    kept = sources[MANY / 2];
    source_register_select(f.set, NULL);
    int before = lines_of_selection(&f);
    source_register_hold(f.set);
    source_register_hold(f.set);
    for (int i = 0; i < MANY; i += 2)
        source_free(sources[i + (sources[i] == kept)]);
    source_register_release(f.set);
    source_reset_reachability(kept);
    assert_int_equal(lines_of_selection(&f), before);
    source_register_release(f.set);
    assert_int_equal(lines_of_selection(&f), before + MANY / 2);
    /* In their order, without gaps. */
    assert_int_equal(source_register_count(f.set), MANY / 2);
    for (int i = 0; i < MANY / 2; i++)
        assert_ptr_equal(source_register_get(f.set, i), sources[2 * i + (sources[2 * i] != kept)]);
    /* Nothing to select, nothing is run. */
    source_register_hold(f.set);
    source_register_release(f.set);
    assert_int_equal(lines_of_selection(&f), before + MANY / 2);
    /* And one by one it is run for each. */
    source_free(kept);
    assert_int_equal(lines_of_selection(&f), before + MANY / 2 + MANY / 2 - 1);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

/* Samples of a clock that gains 1e-6, one each second; the reference steers it. */
static void feed(struct source_fixture *f, struct source *s, double from, int count)
{
    for (int i = 0; i < count; i++) {
        clock_world_run_until(f->w, from + i);
        struct source_sample sample = {
            .time = local_clock_event_time(f->clock, NULL),
            .offset = 1e-5 * ((i * 7 % 5) - 2),
            .peer_delay = 1e-4 + 1e-5 * (i * 3 % 5),
            .root_delay = 1e-4 + 1e-5 * (i * 3 % 5),
            .peer_dispersion = 1e-6,
            .root_dispersion = 1e-5,
        };
        source_update_reachability(s, true);
        source_update_status(s, 1, LEAP_NORMAL);
        source_accumulate(s, &sample);
    }
}

static int estimated_samples(const struct source *s)
{
    struct estimator_state state;

    return estimator_state(s->estimator, &state) ? state.samples : 0;
}

/* What commands and steps do to the samples, they do to the estimate, too; but the frequency is
   known afterwards, which samples of a few seconds could not tell. */
static void estimates_come_and_go_with_the_samples(void **state)
{
    struct source_fixture f;
    struct estimator_state e;

    source_fixture_open(&f, "estimator kalman", false);
    struct source *a = source_fixture_add(&f, 1, 0, 0), *b = source_fixture_add(&f, 2, 0, 0);
    feed(&f, a, 1.0, 400);
    feed(&f, b, 401.0, 5);
    assert_int_equal(estimated_samples(a), 400);
    assert_int_equal(estimated_samples(b), 5);

    source_register_reselect(f.set);
    source_set_active(a, false);
    source_set_active(a, true);
    assert_int_equal(estimated_samples(a), 400);

    source_reset(a);
    assert_int_equal(estimated_samples(a), 0);
    assert_int_equal(estimated_samples(b), 5);
    feed(&f, a, 410.0, 4);
    assert_true(estimator_state(a->estimator, &e));
    assert_int_equal(e.samples, 4);
    assert_true(e.frequency_sd < 1e-6);

    source_register_reset(f.set);
    assert_int_equal(estimated_samples(a) + estimated_samples(b), 0);
    feed(&f, a, 420.0, 4);
    assert_int_equal(estimated_samples(a), 4);
    local_clock_external_step(f.clock, local_clock_event_raw(f.clock),
                              local_clock_event_time(f.clock, NULL), 100.0, 0.0);
    assert_int_equal(estimated_samples(a), 0);
    source_free(a);
    feed(&f, b, 430.0, 4);
    assert_int_equal(estimated_samples(b), 4);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_a_to_g),
        cmocka_unit_test(other_source_is_selected_when_its_score_exceeds_10),
        cmocka_unit_test(estimates_are_combined_with_weights),
        cmocka_unit_test(authselectmode_changes_the_effective_options),
        cmocka_unit_test(effective_options_follow_every_change_of_the_set),
        cmocka_unit_test(bad_sources_are_reported_and_replaced_after_four_updates),
        cmocka_unit_test(sources_that_are_no_good_by_themselves),
        cmocka_unit_test(orphan_with_the_smallest_id_is_elected),
        cmocka_unit_test(orphans_are_the_last_resort),
        cmocka_unit_test(orphan_needs_to_know_its_own_id),
        cmocka_unit_test(loss_is_reported_once_and_keeps_the_reference),
        cmocka_unit_test(selection_of_an_earlier_mode_is_no_loss),
        cmocka_unit_test(unreachable_source_goes_stale),
        cmocka_unit_test(unknown_step_discards_samples_and_synchronisation),
        cmocka_unit_test(leap_needs_a_majority_of_votes),
        cmocka_unit_test(selection_log_has_a_line_for_each_state),
        cmocka_unit_test(work_on_many_sources_runs_the_selection_once),
        cmocka_unit_test(a_source_that_goes_has_a_last_line),
        cmocka_unit_test(a_source_that_goes_at_exit_starts_no_selection_that_nobody_sees),
        cmocka_unit_test(estimates_come_and_go_with_the_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures of a period against values that were computed by hand.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "chronyc/past_figures.h"

#define T0 1000000

static struct history_minute minute(int64_t time, double offset, double bound)
{
    return (struct history_minute){.time = time,
                                   .state = HISTORY_SYNCHRONISED,
                                   .offset = offset,
                                   .bound = bound,
                                   .freq_ppm = 10.0,
                                   .skew_ppm = 0.1,
                                   .temperature = NAN};
}

static void parts_make_up_the_period(void **state)
{
    /* Complete until 300; an hour is missing; then one within the limit, two above it, one without
       synchronisation, one within, and 40 s that have no record yet. */
    struct history_minute minutes[] = {
        minute(T0 + 60, 1e-6, 0.5),   minute(T0 + 120, -3e-6, 0.5), minute(T0 + 180, 2e-6, 0.5),
        minute(T0 + 240, 2e-6, 0.5),  minute(T0 + 300, 2e-6, 0.5),  minute(T0 + 3900, 2e-6, 1.0),
        minute(T0 + 3960, 5e-6, 2.0), minute(T0 + 4020, 1e-6, 3.0), minute(T0 + 4080, 9.0, 99.0),
        minute(T0 + 4140, 0.0, 0.25),
    };
    struct history_source source = {.name = "a"};
    struct history h = {
        .minutes = minutes, .minute_count = COUNT(minutes), .sources = &source, .source_count = 1};

    minutes[8].state = HISTORY_LOCAL;
    minutes[8].selected = HISTORY_NO_SOURCE;
    minutes[9].selected = HISTORY_NO_SOURCE;
    struct past_figures f = past_figures_make(&h, (struct past_period){T0, T0 + 4180}, 1.0);
    assert_int_equal(f.parts[PAST_WITHIN], 300 + 60 + 60 + 40);
    assert_int_equal(f.parts[PAST_ABOVE], 120);
    assert_int_equal(f.parts[PAST_NOT_SYNC], 60);
    assert_int_equal(f.parts[PAST_MISSING], 3540);
    assert_int_equal(f.gaps, 1);
    assert_int_equal(f.longest_gap.from, T0 + 300);
    assert_int_equal(f.longest_gap.seconds, 3540);
    assert_int_equal(f.longest_above.from, T0 + 3900);
    assert_int_equal(f.longest_above.seconds, 120);
    assert_int_equal(f.first, T0 + 60);
    assert_int_equal(f.last, T0 + 4140);
    assert_int_equal(f.minutes, 10);
    assert_int_equal(f.synchronised, 9);
    assert_int_equal(f.sources[0].selected_seconds, 480);

    /* The minute of the local reference counts for none of these. */
    assert_close(f.largest_offset.value, 5e-6, 0.0);
    assert_int_equal(f.largest_offset.time, T0 + 3960);
    assert_close(f.median_offset, 2e-6, 0.0);
    assert_close(f.offset_95, 5e-6, 0.0);
    assert_close(f.largest_bound.value, 3.0, 0.0);
    assert_int_equal(f.largest_bound.time, T0 + 4020);
    assert_close(f.last_bound.value, 0.25, 0.0);
    assert_close(f.median_bound, 0.5, 0.0);
    assert_close(f.median_freq, 10.0, 0.0);
    assert_true(isnan(f.lowest_temperature));
    past_figures_free(&f);
}

static void missing_ends_of_the_period_are_gaps(void **state)
{
    struct history_minute minutes[] = {minute(T0 + 600, 0.0, 0.1), minute(T0 + 660, 0.0, 0.1)};
    struct history h = {.minutes = minutes, .minute_count = 2};
    struct past_figures f = past_figures_make(&h, (struct past_period){T0, T0 + 2000}, 1.0);

    assert_int_equal(f.parts[PAST_WITHIN], 120);
    assert_int_equal(f.parts[PAST_MISSING], 540 + 1340);
    assert_int_equal(f.gaps, 2);
    assert_int_equal(f.longest_gap.from, T0 + 660);
    assert_int_equal(f.longest_gap.seconds, 1340);
    past_figures_free(&f);
}

static void records_outside_do_not_count(void **state)
{
    struct history_minute minutes[] = {minute(T0, 1.0, 9.0), minute(T0 + 60, 0.5, 0.5),
                                       minute(T0 + 120, 1.0, 9.0)};
    struct history h = {.minutes = minutes, .minute_count = 3};
    struct past_figures f = past_figures_make(&h, (struct past_period){T0, T0 + 60}, 1.0);

    assert_int_equal(f.minutes, 1);
    assert_close(f.largest_bound.value, 0.5, 0.0);
    assert_int_equal(f.parts[PAST_WITHIN], 60);
    past_figures_free(&f);
}

static void a_bound_that_is_no_number_is_above_the_limit(void **state)
{
    struct history_minute minutes[] = {minute(T0 + 60, 0.0, NAN)};
    struct history h = {.minutes = minutes, .minute_count = 1};
    struct past_figures f = past_figures_make(&h, (struct past_period){T0, T0 + 60}, 1.0);

    assert_int_equal(f.parts[PAST_ABOVE], 60);
    past_figures_free(&f);
}

static void sources_have_medians_and_shares(void **state)
{
    struct history_sample samples[] = {
        {T0 + 1, 0, '*', 3e-3, 0.010, 1e-6}, {T0 + 2, 1, 'x', 0.5, 0.020, 1e-6},
        {T0 + 3, 0, '+', 1e-3, 0.030, 3e-6}, {T0 + 4, 0, '?', -9e-3, 0.020, 2e-6},
        {T0 + 99, 0, '*', 7.0, 0.001, 1e-6},
    };
    struct history_source sources[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    struct history h = {.samples = samples,
                        .sample_count = COUNT(samples),
                        .sources = sources,
                        .source_count = COUNT(sources)};
    struct past_figures f = past_figures_make(&h, (struct past_period){T0, T0 + 10}, 1.0);

    assert_int_equal(f.sources[0].samples, 3);
    assert_close(f.sources[0].median_offset, 1e-3, 0.0);
    assert_close(f.sources[0].largest_offset, -9e-3, 0.0);
    assert_close(f.sources[0].median_delay, 0.020, 0.0);
    assert_close(f.sources[0].smallest_delay, 0.010, 0.0);
    assert_close(f.sources[0].median_jitter, 2e-6, 0.0);
    assert_int_equal(f.sources[0].last_sample, T0 + 4);
    assert_int_equal(f.sources[0].uses[PAST_USE_SELECTED], 1);
    assert_int_equal(f.sources[0].uses[PAST_USE_COMBINED], 1);
    assert_int_equal(f.sources[0].uses[PAST_USE_UNUSABLE], 1);
    assert_int_equal(f.sources[1].uses[PAST_USE_FALSETICKER], 1);
    assert_int_equal(f.sources[2].samples, 0);
    assert_true(isnan(f.sources[2].median_offset));
    past_figures_free(&f);
}

static void starts_without_an_end_before_them_are_counted(void **state)
{
    struct history_event events[] = {
        {.time = T0 + 1, .kind = HISTORY_EVENT_START},
        {.time = T0 + 2, .kind = HISTORY_EVENT_END},
        {.time = T0 + 3, .kind = HISTORY_EVENT_START},
        {.time = T0 + 4, .kind = HISTORY_EVENT_STEP, .value = 0.25},
        {.time = T0 + 5, .kind = HISTORY_EVENT_START},
        {.time = T0 + 6, .kind = HISTORY_EVENT_STEP, .value = -0.5},
        {.time = T0 + 7, .kind = HISTORY_EVENT_REFUSED, .value = 9.0},
    };
    struct history h = {.events = events, .event_count = COUNT(events)};
    struct past_figures f = past_figures_make(&h, (struct past_period){T0, T0 + 10}, 1.0);

    assert_int_equal(f.events[HISTORY_EVENT_START], 3);
    assert_int_equal(f.unclean_ends, 1);
    assert_int_equal(f.events[HISTORY_EVENT_STEP], 2);
    assert_int_equal(f.events[HISTORY_EVENT_REFUSED], 1);
    assert_close(f.largest_step.value, -0.5, 0.0);
    assert_int_equal(f.largest_step.time, T0 + 6);
    assert_int_equal(f.parts[PAST_MISSING], 10);
    past_figures_free(&f);
}

static void letters_of_the_selection_have_a_use(void **state)
{
    static const struct {
        const char *letters;
        enum past_use use;
    } groups[] = {{"*", PAST_USE_SELECTED},
                  {"+", PAST_USE_COMBINED},
                  {"WPUDL-", PAST_USE_SELECTABLE},
                  {"?NsMrd~wSOT", PAST_USE_UNUSABLE},
                  {"x", PAST_USE_FALSETICKER}};

    for (size_t i = 0; i < COUNT(groups); i++)
        for (const char *c = groups[i].letters; c[0] != '\0'; c++)
            assert_int_equal(past_use_of(c[0]), groups[i].use);
}

static void quantiles_are_values_that_were_there(void **state)
{
    double values[20];

    for (int i = 0; i < 20; i++)
        values[i] = 20.0 - i;
    assert_close(past_quantile(values, 20, 0.95), 19.0, 0.0);
    assert_close(past_quantile(values, 20, 0.951), 20.0, 0.0);
    assert_close(past_quantile(values, 20, 0.0), 1.0, 0.0);
    assert_close(past_quantile(values, 20, 1.0), 20.0, 0.0);
    assert_close(past_quantile(values, 1, 0.5), 1.0, 0.0);
}

static void assert_detail(enum history_event_kind kind, double value, const char *text,
                          const char *expected)
{
    struct history_event event = {.kind = kind, .value = value};
    char detail[128];

    strcpy(event.text, text);
    past_event_detail(&event, detail, sizeof(detail));
    assert_string_equal(detail, expected);
}

static void events_are_told_in_words(void **state)
{
    assert_detail(HISTORY_EVENT_STEP, -0.25, "", "-250 ms");
    assert_detail(HISTORY_EVENT_REFUSED, 2.0, "too much", "+2.00 s, too much");
    assert_detail(HISTORY_EVENT_GAP, 7260.0, "", "2 h 1 min");
    assert_detail(HISTORY_EVENT_NETWORK, 0.0, "", "offline");
    assert_detail(HISTORY_EVENT_LEAP, 1.0, "", "inserted");
    assert_detail(HISTORY_EVENT_START, 0.0, "4.7", "4.7");
    for (int kind = 0; kind < HISTORY_EVENT_KINDS; kind++)
        assert_string_not_equal(past_event_word((enum history_event_kind)kind), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_make_up_the_period),
        cmocka_unit_test(missing_ends_of_the_period_are_gaps),
        cmocka_unit_test(records_outside_do_not_count),
        cmocka_unit_test(a_bound_that_is_no_number_is_above_the_limit),
        cmocka_unit_test(sources_have_medians_and_shares),
        cmocka_unit_test(starts_without_an_end_before_them_are_counted),
        cmocka_unit_test(letters_of_the_selection_have_a_use),
        cmocka_unit_test(quantiles_are_values_that_were_there),
        cmocka_unit_test(events_are_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

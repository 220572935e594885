/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of the guard of the clock: each limit, on both sides of it.
 */
#include "test/unit/support/unit.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "clock/guard_policy.h"

#define HOUR   3600.0
#define DAY    86400
#define MONDAY 1700000000 /* no leap second comes then */
/* Midnights after the last days of June 2026, December 2016 and September 2026. */
#define END_OF_JUNE      INT64_C(1782864000)
#define END_OF_DECEMBER  INT64_C(1483228800)
#define END_OF_SEPTEMBER INT64_C(1790812800)

static const struct guard_policy strict = {
    .max_freq_ppm = 600.0,
    .makestep = {.threshold = 0.5, .limit = 3},
    .max_change = {.offset = 10.0, .start = 2},
    .clock_step = {.limit = 100.0, .per_hour = 2},
};

struct fixture {
    struct guard_policy policy;
    struct guard_ledger *ledger;
    struct guard_now now;
};

static void begin(struct fixture *f, const struct guard_policy *policy)
{
    f->policy = *policy;
    f->now = (struct guard_now){.mono = {{.sec = 1000}}, .raw = {{.sec = MONDAY}}};
    f->ledger = guard_ledger_new(&f->policy, f->now.mono);
}

static void end(struct fixture *f)
{
    guard_ledger_free(f->ledger);
}

static void wait(struct fixture *f, double seconds)
{
    f->now.mono = mono_add(f->now.mono, seconds);
    f->now.raw = raw_add(f->now.raw, seconds);
}

static enum guard_verdict step(struct fixture *f, enum step_reason reason, double offset)
{
    return guard_judge_step(f->ledger, &f->now, reason, offset).verdict;
}

static enum guard_verdict frequency(struct fixture *f, double freq_ppm)
{
    return guard_judge_frequency(f->ledger, &f->now, freq_ppm, 0.0).verdict;
}

static enum guard_verdict update(struct fixture *f)
{
    return guard_judge_update(f->ledger, &f->now).verdict;
}

/* ---- Frequency ---- */

static void limit_of_frequency_is_what_slewing_can_set(void **state)
{
    struct clock_conf conf = {.max_drift = 100.0, .max_slew_rate = 500.0};

    /* The base and the slew, of a second that is as long as the base makes it. */
    double expected = 100.0 + 500e-6 * (1e6 + 100.0);
    double limit = guard_policy_max_frequency(&conf, 0.0, false, 1e5);
    assert_true(limit >= expected && limit < expected * (1.0 + 1e-8));
    /* A frequency that was there before may stay. */
    assert_true(guard_policy_max_frequency(&conf, -300.0, false, 1e5) >= 300.0 + 500.0);
    assert_true(guard_policy_max_frequency(&conf, 50.0, false, 1e5) == limit);
    assert_true(guard_policy_max_frequency(&conf, 0.0, true, 1e5) > limit + 20.0);
    assert_true(guard_policy_max_frequency(&conf, 0.0, true, 1e5) < limit + 21.0);
    assert_true(guard_policy_max_frequency(&conf, 0.0, false, 550.0) == 550.0);
    conf.max_drift = 1e9; /* as the local clock takes it */
    assert_true(guard_policy_max_frequency(&conf, 0.0, false, 1e9) < 101e3);
}

static void frequency_is_limited_on_both_sides(void **state)
{
    struct fixture f;

    begin(&f, &strict);
    assert_int_equal(frequency(&f, 600.0), GUARD_ALLOWED);
    assert_int_equal(frequency(&f, -600.0), GUARD_ALLOWED);
    assert_int_equal(frequency(&f, nextafter(600.0, 1e9)), GUARD_FREQUENCY);
    assert_int_equal(frequency(&f, nextafter(-600.0, -1e9)), GUARD_FREQUENCY);
    struct guard_judgement j = guard_judge_frequency(f.ledger, &f.now, -700.0, 650.0);
    assert_true(j.value == 700.0 && j.limit == 600.0);
    j = guard_judge_frequency(f.ledger, &f.now, 0.0, nextafter(-600.0, -1e9));
    assert_int_equal(j.verdict, GUARD_FREQUENCY);
    assert_int_equal(guard_judge_frequency(f.ledger, &f.now, 0.0, -600.0).verdict, GUARD_ALLOWED);
    assert_int_equal(guard_judge_frequency(f.ledger, &f.now, 0.0, NAN).verdict, GUARD_BAD_NUMBER);
    end(&f);
}

static const double unusable[] = {NAN,         -NAN,         INFINITY, -INFINITY,
                                  DBL_MIN / 2, -DBL_MIN / 2, 4.9e-324};

static void what_is_no_number_is_refused_everywhere(void **state)
{
    struct fixture f;

    begin(&f, &strict);
    update(&f);
    for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
        assert_int_equal(frequency(&f, unusable[i]), GUARD_BAD_NUMBER);
        for (int reason = 0; reason < STEP_REASONS; reason++)
            assert_int_equal(step(&f, (enum step_reason)reason, unusable[i]), GUARD_BAD_NUMBER);
        assert_int_equal(guard_judge_status(f.ledger, &f.now, unusable[i], 0.0).verdict,
                         GUARD_BAD_NUMBER);
        assert_int_equal(guard_judge_status(f.ledger, &f.now, 0.0, unusable[i]).verdict,
                         GUARD_BAD_NUMBER);
    }
    assert_int_equal(frequency(&f, DBL_MIN), GUARD_ALLOWED);
    assert_int_equal(frequency(&f, -0.0), GUARD_ALLOWED);
    end(&f);
}

static void changes_are_limited_in_a_second(void **state)
{
    struct fixture f;
    int allowed = 0;

    begin(&f, &strict);
    for (int i = 0; i < 2 * (int)GUARD_CHANGES; i++)
        allowed += frequency(&f, 1.0) == GUARD_ALLOWED;
    assert_int_equal(allowed, (int)GUARD_CHANGES);
    assert_int_equal(frequency(&f, 1.0), GUARD_TOO_MANY);
    assert_int_equal(update(&f), GUARD_TOO_MANY);
    assert_int_equal(guard_judge_status(f.ledger, &f.now, 0.0, 0.0).verdict, GUARD_TOO_MANY);
    assert_int_equal(guard_judge_leap(f.ledger, &f.now, 0, 0).verdict, GUARD_TOO_MANY);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_TOO_MANY);
    /* What was refused has used up nothing. */
    assert_int_equal(guard_ledger_command_steps(f.ledger, f.now.mono), 0);
    wait(&f, 10.0 / GUARD_CHANGES);
    allowed = 0;
    for (int i = 0; i < 100; i++)
        allowed += frequency(&f, 1.0) == GUARD_ALLOWED;
    assert_in_range(allowed, 9, 10);
    wait(&f, 1e6); /* a pause saves up no more than at the start */
    allowed = 0;
    for (int i = 0; i < 2 * (int)GUARD_CHANGES; i++)
        allowed += frequency(&f, 1.0) == GUARD_ALLOWED;
    assert_int_equal(allowed, (int)GUARD_CHANGES);
    end(&f);
}

/* ---- Steps by makestep ---- */

static void makestep_allows_one_step_at_each_of_its_updates(void **state)
{
    struct fixture f;

    begin(&f, &strict);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW); /* no update yet */
    for (int i = 0; i < strict.makestep.limit; i++) {
        assert_int_equal(update(&f), GUARD_ALLOWED);
        assert_int_equal(step(&f, STEP_UPDATE, i % 2 ? 1.0 : -1.0), GUARD_ALLOWED);
        assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    }
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    end(&f);
}

static void an_update_without_a_step_uses_up_one(void **state)
{
    struct fixture f;

    begin(&f, &strict);
    for (int i = 0; i < 3; i++)
        update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_ALLOWED); /* at the third */
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    end(&f);
}

static void makestep_without_limit_still_needs_an_update_for_each_step(void **state)
{
    struct guard_policy policy = strict;
    struct fixture f;

    policy.makestep.limit = -1;
    policy.max_change.start = -1;
    begin(&f, &policy);
    for (int i = 0; i < 1000; i++) {
        update(&f);
        assert_int_equal(step(&f, STEP_UPDATE, 1e6), GUARD_ALLOWED);
        assert_int_equal(step(&f, STEP_UPDATE, 1e6), GUARD_STEP_NOT_NOW);
    }
    end(&f);
    policy.makestep.limit = 0;
    begin(&f, &policy);
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    end(&f);
}

static void step_must_be_above_the_threshold(void **state)
{
    struct fixture f;

    begin(&f, &strict);
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 0.5), GUARD_STEP_SMALL);
    assert_int_equal(step(&f, STEP_UPDATE, -0.5), GUARD_STEP_SMALL);
    assert_int_equal(step(&f, STEP_UPDATE, 0.0), GUARD_STEP_SMALL);
    assert_int_equal(step(&f, STEP_UPDATE, nextafter(-0.5, -1.0)), GUARD_ALLOWED);
    end(&f);
}

static void maxchange_limits_the_steps_after_its_updates(void **state)
{
    const double largest = 10.0 + 0.5; /* and what a slew has left */
    struct guard_policy policy = strict;
    struct fixture f;

    policy.makestep.limit = -1;
    begin(&f, &policy);
    for (int i = 0; i < 2; i++) {
        update(&f);
        assert_int_equal(step(&f, STEP_UPDATE, 1e5), GUARD_ALLOWED);
    }
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, nextafter(largest, 1e9)), GUARD_STEP_MAXCHANGE);
    assert_int_equal(step(&f, STEP_UPDATE, nextafter(-largest, -1e9)), GUARD_STEP_MAXCHANGE);
    assert_int_equal(step(&f, STEP_UPDATE, largest), GUARD_ALLOWED); /* a refusal uses up nothing */
    end(&f);
}

/* ---- Steps by command ---- */

static void steps_by_command_are_limited_in_size_and_number(void **state)
{
    struct fixture f;

    begin(&f, &strict);
    assert_int_equal(step(&f, STEP_COMMAND, nextafter(100.0, 1e9)), GUARD_STEP_LIMIT);
    assert_int_equal(step(&f, STEP_COMMAND, nextafter(-100.0, -1e9)), GUARD_STEP_LIMIT);
    assert_int_equal(step(&f, STEP_COMMAND, 100.0), GUARD_ALLOWED);
    wait(&f, 1000.0);
    assert_int_equal(step(&f, STEP_COMMAND, -1e-9), GUARD_ALLOWED);
    assert_int_equal(guard_ledger_command_steps(f.ledger, f.now.mono), 2);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_STEP_HOUR);
    assert_int_equal(step(&f, STEP_COMMAND, 0.0), GUARD_ALLOWED); /* moves nothing */
    wait(&f, HOUR - 1000.0 - 1e-3);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_STEP_HOUR);
    wait(&f, 2e-3); /* an hour after the first */
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_ALLOWED);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_STEP_HOUR);
    wait(&f, 1000.0); /* ... and after the second */
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_ALLOWED);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_STEP_HOUR);
    end(&f);
}

static void steps_by_command_have_no_limit_of_size_by_default(void **state)
{
    struct guard_policy policy = strict;
    struct fixture f;

    policy.clock_step = (struct clock_step_conf){.limit = INFINITY, .per_hour = 3};
    begin(&f, &policy);
    assert_int_equal(step(&f, STEP_COMMAND, -1e8), GUARD_ALLOWED);
    /* Beyond what NTP can express. */
    assert_int_equal(step(&f, STEP_COMMAND, 1e10), GUARD_STEP_TIME);
    assert_int_equal(step(&f, STEP_COMMAND, -1e300), GUARD_STEP_TIME);
    assert_int_equal(step(&f, STEP_COMMAND, (double)MONDAY + 1.0), GUARD_STEP_TIME);
    end(&f);
    policy.clock_step.per_hour = 0;
    begin(&f, &policy);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_STEP_HOUR);
    end(&f);
}

/* ---- Steps at the start ---- */

static void each_step_at_the_start_is_made_once_if_it_is_configured(void **state)
{
    struct guard_policy policy = strict;
    struct fixture f;

    begin(&f, &policy);
    assert_int_equal(step(&f, STEP_RTC, 5.0), GUARD_STEP_START);
    assert_int_equal(step(&f, STEP_INITIAL, 5.0), GUARD_STEP_START);
    end(&f);
    policy.steps_from_rtc = policy.steps_initially = true;
    policy.initial_threshold = 2.0;
    begin(&f, &policy);
    assert_int_equal(step(&f, STEP_RTC, 1e7), GUARD_ALLOWED);
    assert_int_equal(step(&f, STEP_RTC, 5.0), GUARD_STEP_START);
    assert_int_equal(step(&f, STEP_INITIAL, nextafter(2.0, 0.0)), GUARD_STEP_SMALL);
    assert_int_equal(step(&f, STEP_INITIAL, -2.0), GUARD_ALLOWED);
    assert_int_equal(step(&f, STEP_INITIAL, 5.0), GUARD_STEP_START);
    end(&f);
    begin(&f, &policy);
    update(&f); /* the start is over */
    assert_int_equal(step(&f, STEP_RTC, 5.0), GUARD_STEP_START);
    assert_int_equal(step(&f, STEP_INITIAL, 5.0), GUARD_STEP_START);
    end(&f);
}

/* ---- Leap seconds ---- */

static enum guard_verdict leap_step_at(const struct guard_policy *policy, int64_t raw,
                                       double offset)
{
    struct fixture f;

    begin(&f, policy);
    f.now.raw = (struct raw_time){{.sec = raw}};
    enum guard_verdict verdict = step(&f, STEP_LEAP, offset);
    end(&f);
    return verdict;
}

static void leap_second_is_stepped_at_its_time_only(void **state)
{
    struct guard_policy policy = strict;

    policy.leap_mode = LEAPSEC_STEP;
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE, 1.0), GUARD_ALLOWED);
    assert_int_equal(leap_step_at(&policy, END_OF_DECEMBER, -1.0), GUARD_ALLOWED);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE - GUARD_LEAP_BEFORE, -1.0), GUARD_ALLOWED);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE - GUARD_LEAP_BEFORE - 1, -1.0),
                     GUARD_STEP_LEAP);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE + GUARD_LEAP_AFTER, 1.0), GUARD_ALLOWED);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE + GUARD_LEAP_AFTER + 1, 1.0),
                     GUARD_STEP_LEAP);
    assert_int_equal(leap_step_at(&policy, END_OF_SEPTEMBER, 1.0), GUARD_STEP_LEAP);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE, nextafter(1.0, 2.0)), GUARD_STEP_LEAP);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE, 2.0), GUARD_STEP_LEAP);
    assert_int_equal(leap_step_at(&policy, END_OF_JUNE, 0.0), GUARD_STEP_LEAP);
    for (int mode = LEAPSEC_SYSTEM; mode <= LEAPSEC_IGNORE; mode++) {
        policy.leap_mode = (enum leapsec_mode)mode;
        assert_int_equal(leap_step_at(&policy, END_OF_JUNE, 1.0),
                         mode == LEAPSEC_STEP ? GUARD_ALLOWED : GUARD_STEP_LEAP);
    }
}

static void leap_second_is_stepped_once(void **state)
{
    struct guard_policy policy = strict;
    struct fixture f;

    policy.leap_mode = LEAPSEC_STEP;
    begin(&f, &policy);
    f.now.raw = (struct raw_time){{.sec = END_OF_JUNE}};
    assert_int_equal(step(&f, STEP_LEAP, 1.0), GUARD_ALLOWED);
    assert_int_equal(step(&f, STEP_LEAP, 1.0), GUARD_STEP_LEAP);
    assert_int_equal(step(&f, STEP_LEAP, -1.0), GUARD_STEP_LEAP);
    f.now.mono = mono_add(f.now.mono, DAY - 1.0);
    assert_int_equal(step(&f, STEP_LEAP, 1.0), GUARD_STEP_LEAP);
    f.now.mono = mono_add(f.now.mono, 2.0);
    assert_int_equal(step(&f, STEP_LEAP, 1.0), GUARD_ALLOWED);
    end(&f);
}

static enum guard_verdict leap_at(const struct guard_policy *policy, int64_t raw, int leap,
                                  int tai_offset)
{
    struct fixture f;

    begin(&f, policy);
    f.now.raw = (struct raw_time){{.sec = raw}};
    enum guard_verdict verdict = guard_judge_leap(f.ledger, &f.now, leap, tai_offset).verdict;
    end(&f);
    return verdict;
}

static void kernel_gets_leap_seconds_on_their_day_only(void **state)
{
    struct guard_policy policy = strict; /* leapsecmode system */

    assert_int_equal(leap_at(&policy, END_OF_JUNE - DAY, 1, 37), GUARD_ALLOWED);
    assert_int_equal(leap_at(&policy, END_OF_JUNE - 1, -1, 0), GUARD_ALLOWED);
    assert_int_equal(leap_at(&policy, END_OF_DECEMBER - 1, 1, 0), GUARD_ALLOWED);
    assert_int_equal(leap_at(&policy, END_OF_JUNE - DAY - 1, 1, 37), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, END_OF_JUNE, 1, 37), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, END_OF_SEPTEMBER - 1, 1, 0), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, END_OF_JUNE - 1, 2, 0), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, END_OF_JUNE - 1, -2, 0), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, END_OF_JUNE - 1, INT32_MIN, 0), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, MONDAY, 0, 0), GUARD_ALLOWED);
    policy.leap_mode = LEAPSEC_SLEW;
    assert_int_equal(leap_at(&policy, END_OF_JUNE - 1, 1, 37), GUARD_LEAP);
    assert_int_equal(leap_at(&policy, MONDAY, 0, 37), GUARD_ALLOWED);
}

static void tai_offset_is_limited(void **state)
{
    assert_int_equal(leap_at(&strict, MONDAY, 0, GUARD_MIN_TAI), GUARD_ALLOWED);
    assert_int_equal(leap_at(&strict, MONDAY, 0, GUARD_MAX_TAI), GUARD_ALLOWED);
    assert_int_equal(leap_at(&strict, MONDAY, 0, GUARD_MIN_TAI - 1), GUARD_TAI);
    assert_int_equal(leap_at(&strict, MONDAY, 0, GUARD_MAX_TAI + 1), GUARD_TAI);
    assert_int_equal(leap_at(&strict, MONDAY, 0, -37), GUARD_TAI);
}

/* ---- Status and RTC ---- */

static void errors_of_the_status_are_those_of_the_kernel(void **state)
{
    static const struct {
        double est_error, max_error;
        enum guard_verdict verdict;
    } cases[] = {
        {0.0, 0.0, GUARD_ALLOWED},
        {GUARD_MAX_ERROR, GUARD_MAX_ERROR, GUARD_ALLOWED},
        {GUARD_MAX_ERROR + 1e-9, 0.0, GUARD_STATUS},
        {0.0, GUARD_MAX_ERROR + 1e-9, GUARD_STATUS},
        {-1e-9, 0.0, GUARD_STATUS},
        {0.0, -1e-9, GUARD_STATUS},
        {1e300, 1e300, GUARD_STATUS},
    };
    struct fixture f;

    begin(&f, &strict);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(
            guard_judge_status(f.ledger, &f.now, cases[i].est_error, cases[i].max_error).verdict,
            cases[i].verdict);
    end(&f);
}

static enum guard_verdict rtc(struct fixture *f, int64_t seconds)
{
    return guard_judge_rtc(f->ledger, &f->now, seconds).verdict;
}

static void rtc_is_set_to_about_the_time_of_the_system(void **state)
{
    const int64_t distance = (int64_t)GUARD_RTC_DISTANCE;
    struct guard_policy policy = strict;
    struct fixture f;

    begin(&f, &policy);
    assert_int_equal(rtc(&f, MONDAY), GUARD_RTC_OFF);
    end(&f);
    policy.sets_rtc = true;
    begin(&f, &policy);
    assert_int_equal(rtc(&f, MONDAY + distance), GUARD_ALLOWED);
    assert_int_equal(rtc(&f, MONDAY - distance), GUARD_ALLOWED);
    assert_int_equal(rtc(&f, MONDAY + distance + 1), GUARD_RTC_TIME);
    assert_int_equal(rtc(&f, MONDAY - distance - 1), GUARD_RTC_TIME);
    assert_int_equal(rtc(&f, INT64_MIN), GUARD_RTC_TIME);
    assert_int_equal(rtc(&f, INT64_MAX), GUARD_RTC_TIME);
    for (int i = 2; i < (int)GUARD_RTC_CHANGES; i++)
        assert_int_equal(rtc(&f, MONDAY), GUARD_ALLOWED);
    assert_int_equal(rtc(&f, MONDAY), GUARD_RTC_TOO_MANY);
    f.now.mono = mono_add(f.now.mono, GUARD_RTC_INTERVAL + 1e-3);
    assert_int_equal(rtc(&f, MONDAY), GUARD_ALLOWED);
    assert_int_equal(rtc(&f, MONDAY), GUARD_RTC_TOO_MANY);
    end(&f);
}

/* ---- Another guard ---- */

/* Whoever can end a guard gains nothing by it. */
static void guard_that_comes_later_has_nothing_left(void **state)
{
    struct guard_policy policy = strict;
    struct fixture f;

    policy.steps_from_rtc = policy.steps_initially = policy.sets_rtc = policy.restarted = true;
    policy.leap_mode = LEAPSEC_STEP;
    begin(&f, &policy);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    assert_int_equal(step(&f, STEP_RTC, 1.0), GUARD_STEP_START);
    assert_int_equal(step(&f, STEP_INITIAL, 5.0), GUARD_STEP_START);
    assert_int_equal(rtc(&f, MONDAY), GUARD_RTC_TOO_MANY);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_STEP_HOUR);
    f.now.raw = (struct raw_time){{.sec = END_OF_JUNE}};
    assert_int_equal(step(&f, STEP_LEAP, 1.0), GUARD_STEP_LEAP);
    /* What has no budget goes on. */
    assert_int_equal(frequency(&f, 600.0), GUARD_ALLOWED);
    assert_int_equal(guard_judge_status(f.ledger, &f.now, 0.1, 0.2).verdict, GUARD_ALLOWED);
    wait(&f, HOUR + 1e-3);
    assert_int_equal(step(&f, STEP_COMMAND, 1.0), GUARD_ALLOWED);
    end(&f);
    policy.makestep.limit = -1; /* it has no number that could be used up */
    begin(&f, &policy);
    assert_int_equal(step(&f, STEP_UPDATE, 1.0), GUARD_STEP_NOT_NOW);
    update(&f);
    assert_int_equal(step(&f, STEP_UPDATE, 11.0), GUARD_STEP_MAXCHANGE);
    assert_int_equal(step(&f, STEP_UPDATE, 10.0), GUARD_ALLOWED);
    end(&f);
}

static void each_verdict_has_a_text_of_its_own(void **state)
{
    char text[GUARD_JUDGEMENT_SIZE];

    for (int i = 0; i < GUARD_VERDICTS; i++) {
        const char *name = guard_verdict_text((enum guard_verdict)i);
        const struct guard_judgement j = {(enum guard_verdict)i, 123456789.0, -1e-300};

        assert_non_null(name);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name, guard_verdict_text((enum guard_verdict)k));
        assert_true(strncmp(guard_judgement_format(&j, text, sizeof(text)), name, strlen(name)) ==
                    0);
        assert_true(strlen(text) < sizeof(text) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_of_frequency_is_what_slewing_can_set),
        cmocka_unit_test(frequency_is_limited_on_both_sides),
        cmocka_unit_test(what_is_no_number_is_refused_everywhere),
        cmocka_unit_test(changes_are_limited_in_a_second),
        cmocka_unit_test(makestep_allows_one_step_at_each_of_its_updates),
        cmocka_unit_test(an_update_without_a_step_uses_up_one),
        cmocka_unit_test(makestep_without_limit_still_needs_an_update_for_each_step),
        cmocka_unit_test(step_must_be_above_the_threshold),
        cmocka_unit_test(maxchange_limits_the_steps_after_its_updates),
        cmocka_unit_test(steps_by_command_are_limited_in_size_and_number),
        cmocka_unit_test(steps_by_command_have_no_limit_of_size_by_default),
        cmocka_unit_test(each_step_at_the_start_is_made_once_if_it_is_configured),
        cmocka_unit_test(leap_second_is_stepped_at_its_time_only),
        cmocka_unit_test(leap_second_is_stepped_once),
        cmocka_unit_test(kernel_gets_leap_seconds_on_their_day_only),
        cmocka_unit_test(tai_offset_is_limited),
        cmocka_unit_test(errors_of_the_status_are_those_of_the_kernel),
        cmocka_unit_test(rtc_is_set_to_about_the_time_of_the_system),
        cmocka_unit_test(guard_that_comes_later_has_nothing_left),
        cmocka_unit_test(each_verdict_has_a_text_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

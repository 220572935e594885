/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guard of the clock allows; see guard_policy.h. Each request is judged by the numbers in
 * it, by the policy, and by what the ledger knows of the past; a judgement that allows writes
 * into the ledger what is used up.
 */
#include "clock/guard_policy.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include "base/number.h"
#include "base/text.h"

#define HOUR             3600.0
#define DAY              86400
#define MAX_DRIFT        100000.0 /* ppm, of the local clock */
#define MAX_COMPENSATION 20.0     /* ppm, twice that of tempcomp */
#define ROUNDING         1e-9     /* of computations in the other process */

/* So many at once, and as many again in each interval. */
struct bucket {
    double tokens, size, rate;
    struct mono_time at;
};

struct guard_ledger {
    struct guard_policy policy;
    struct bucket changes, rtc_changes;
    int64_t updates; /* that were told of */
    bool stepped;    /* since the last of them */
    bool stepped_from_rtc, stepped_initially;
    bool stepped_for_leap;
    struct mono_time leap_step;
    /* The last steps by command, as many as are allowed in an hour. */
    struct mono_time *steps;
    int step_count, next_step;
};

static const struct guard_judgement allowed = {GUARD_ALLOWED, 0.0, 0.0};

static struct guard_judgement refuse(enum guard_verdict verdict, double value, double limit)
{
    return (struct guard_judgement){verdict, value, limit};
}

/* No computation of ours makes denormal numbers. */
static bool is_usable(double number)
{
    return number == 0.0 || isnormal(number);
}

/* ---- Policy ---- */

double guard_policy_max_frequency(const struct clock_conf *conf, double initial_ppm,
                                  bool compensated, double max_ppm)
{
    double base = fmax(fmin(conf->max_drift, MAX_DRIFT), fabs(initial_ppm));
    double slew = conf->max_slew_rate * 1e-6;

    if (compensated)
        base = base * (1.0 + MAX_COMPENSATION * 1e-6) + MAX_COMPENSATION;
    return fmin((base + slew * (1e6 + base)) * (1.0 + ROUNDING), max_ppm);
}

/* ---- Ledger ---- */

static struct bucket make_bucket(double size, double rate, struct mono_time now)
{
    return (struct bucket){.tokens = size, .size = size, .rate = rate, .at = now};
}

static bool take_token(struct bucket *b, struct mono_time now)
{
    double elapsed = mono_diff(now, b->at);

    if (elapsed > 0.0) {
        b->tokens = fmin(b->size, b->tokens + elapsed * b->rate);
        b->at = now;
    }
    if (b->tokens < 1.0)
        return false;
    b->tokens -= 1.0;
    return true;
}

static void note_command_step(struct guard_ledger *l, struct mono_time now)
{
    l->steps[l->next_step] = now;
    l->next_step = (l->next_step + 1) % l->policy.clock_step.per_hour;
    if (l->step_count < l->policy.clock_step.per_hour)
        l->step_count++;
}

/* As if everything had been used up just now. */
static void use_up(struct guard_ledger *l, struct mono_time now)
{
    l->updates = l->policy.makestep.limit > l->policy.max_change.start ? l->policy.makestep.limit
                                                                       : l->policy.max_change.start;
    /* The start is over. */
    if (l->updates < 1)
        l->updates = 1;
    l->stepped = l->stepped_from_rtc = l->stepped_initially = l->stepped_for_leap = true;
    l->leap_step = now;
    l->rtc_changes.tokens = 0.0;
    for (int i = 0; i < l->policy.clock_step.per_hour; i++)
        note_command_step(l, now);
}

struct guard_ledger *guard_ledger_new(const struct guard_policy *policy, struct mono_time now)
{
    struct guard_ledger *l = mem_alloc(sizeof(*l));

    l->policy = *policy;
    l->changes = make_bucket(GUARD_CHANGES, GUARD_CHANGES, now);
    l->rtc_changes = make_bucket(GUARD_RTC_CHANGES, 1.0 / GUARD_RTC_INTERVAL, now);
    if (policy->clock_step.per_hour > 0)
        l->steps = mem_array((size_t)policy->clock_step.per_hour, sizeof(*l->steps));
    if (policy->restarted)
        use_up(l, now);
    return l;
}

void guard_ledger_free(struct guard_ledger *ledger)
{
    if (!ledger)
        return;
    free(ledger->steps);
    free(ledger);
}

int guard_ledger_command_steps(const struct guard_ledger *ledger, struct mono_time now)
{
    int count = 0;

    for (int i = 0; i < ledger->step_count; i++)
        count += mono_diff(now, ledger->steps[i]) < HOUR;
    return count;
}

/* ---- Updates and frequency ---- */

static struct guard_judgement judge_rate(struct guard_ledger *l, const struct guard_now *now)
{
    return take_token(&l->changes, now->mono)
               ? allowed
               : refuse(GUARD_TOO_MANY, GUARD_CHANGES + 1.0, GUARD_CHANGES);
}

struct guard_judgement guard_judge_update(struct guard_ledger *ledger, const struct guard_now *now)
{
    struct guard_judgement judgement = judge_rate(ledger, now);

    if (judgement.verdict == GUARD_ALLOWED) {
        ledger->updates++;
        ledger->stepped = false;
    }
    return judgement;
}

struct guard_judgement guard_judge_frequency(struct guard_ledger *ledger,
                                             const struct guard_now *now, double freq_ppm,
                                             double base_ppm)
{
    double largest = fmax(fabs(freq_ppm), fabs(base_ppm));

    if (!is_usable(freq_ppm) || !is_usable(base_ppm))
        return refuse(GUARD_BAD_NUMBER, 0.0, 0.0);
    if (largest > ledger->policy.max_freq_ppm)
        return refuse(GUARD_FREQUENCY, largest, ledger->policy.max_freq_ppm);
    return judge_rate(ledger, now);
}

/* ---- Steps ---- */

/* One for each update that was told of, so at most as many as makestep has updates. An offset
   within maxchange may be added to what a slew has left, which is not above the threshold. */
static struct guard_judgement judge_automatic_step(struct guard_ledger *l, double size)
{
    const struct makestep_conf *makestep = &l->policy.makestep;
    const struct max_change_conf *change = &l->policy.max_change;
    bool is_due =
        l->updates > 0 && !l->stepped && (makestep->limit < 0 || l->updates <= makestep->limit);

    if (!is_due)
        return refuse(GUARD_STEP_NOT_NOW, (double)l->updates, makestep->limit);
    if (!(size > makestep->threshold))
        return refuse(GUARD_STEP_SMALL, size, makestep->threshold);
    if (change->start >= 0 && l->updates > change->start &&
        size > change->offset + makestep->threshold)
        return refuse(GUARD_STEP_MAXCHANGE, size, change->offset + makestep->threshold);
    l->stepped = true;
    return allowed;
}

static struct guard_judgement judge_command_step(struct guard_ledger *l, double size,
                                                 struct mono_time now)
{
    const struct clock_step_conf *conf = &l->policy.clock_step;

    /* It moves nothing. */
    if (size == 0.0)
        return allowed;
    if (size > conf->limit)
        return refuse(GUARD_STEP_LIMIT, size, conf->limit);
    int steps = guard_ledger_command_steps(l, now);
    if (steps >= conf->per_hour)
        return refuse(GUARD_STEP_HOUR, steps + 1, conf->per_hour);
    note_command_step(l, now);
    return allowed;
}

/* Each is made once, and before the first update. */
static struct guard_judgement judge_start_step(struct guard_ledger *l, bool wanted, bool *made,
                                               double size, double threshold)
{
    if (!wanted || *made || l->updates > 0)
        return refuse(GUARD_STEP_START, 0.0, 0.0);
    if (size < threshold)
        return refuse(GUARD_STEP_SMALL, size, threshold);
    *made = true;
    return allowed;
}

/* Leap seconds come at the end of June and of December only. */
static bool is_leap_day(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm utc;

    return gmtime_r(&t, &utc) &&
           ((utc.tm_mon == 5 && utc.tm_mday == 30) || (utc.tm_mon == 11 && utc.tm_mday == 31));
}

static bool leap_day_ends(int64_t now)
{
    int64_t day = (now + GUARD_LEAP_BEFORE) / DAY * DAY;

    return is_leap_day(day - 1) && now <= day + GUARD_LEAP_AFTER;
}

/* One a day. */
static struct guard_judgement judge_leap_step(struct guard_ledger *l, double offset,
                                              const struct guard_now *now)
{
    bool made = l->stepped_for_leap && mono_diff(now->mono, l->leap_step) < DAY;

    if (l->policy.leap_mode != LEAPSEC_STEP || made || fabs(offset) != 1.0 ||
        !leap_day_ends(now->raw.i.sec))
        return refuse(GUARD_STEP_LEAP, 0.0, 0.0);
    l->stepped_for_leap = true;
    l->leap_step = now->mono;
    return allowed;
}

static struct guard_judgement judge_reason(struct guard_ledger *l, const struct guard_now *now,
                                           enum step_reason reason, double offset)
{
    const struct guard_policy *p = &l->policy;
    double size = fabs(offset);

    switch (reason) {
    case STEP_UPDATE:
        return judge_automatic_step(l, size);
    case STEP_COMMAND:
        return judge_command_step(l, size, now->mono);
    case STEP_RTC:
        return judge_start_step(l, p->steps_from_rtc, &l->stepped_from_rtc, size, 0.0);
    case STEP_INITIAL:
        return judge_start_step(l, p->steps_initially, &l->stepped_initially, size,
                                p->initial_threshold);
    case STEP_LEAP:
        break;
    }
    return judge_leap_step(l, offset, now);
}

struct guard_judgement guard_judge_step(struct guard_ledger *ledger, const struct guard_now *now,
                                        enum step_reason reason, double offset)
{
    if (!is_usable(offset))
        return refuse(GUARD_BAD_NUMBER, 0.0, 0.0);
    if (!time_offset_is_sane(now->raw.i, offset))
        return refuse(GUARD_STEP_TIME, 0.0, 0.0);
    struct guard_judgement judgement = judge_rate(ledger, now);
    return judgement.verdict == GUARD_ALLOWED ? judge_reason(ledger, now, reason, offset)
                                              : judgement;
}

/* ---- Status, leap seconds, RTC ---- */

static bool is_error(double error)
{
    return error >= 0.0 && error <= GUARD_MAX_ERROR;
}

struct guard_judgement guard_judge_status(struct guard_ledger *ledger, const struct guard_now *now,
                                          double est_error, double max_error)
{
    if (!is_usable(est_error) || !is_usable(max_error))
        return refuse(GUARD_BAD_NUMBER, 0.0, 0.0);
    if (!is_error(est_error) || !is_error(max_error))
        return refuse(GUARD_STATUS, 0.0, 0.0);
    return judge_rate(ledger, now);
}

struct guard_judgement guard_judge_leap(struct guard_ledger *ledger, const struct guard_now *now,
                                        int leap, int tai_offset)
{
    bool can_come = (leap == 1 || leap == -1) && ledger->policy.leap_mode == LEAPSEC_SYSTEM &&
                    is_leap_day(now->raw.i.sec);

    if (leap != 0 && !can_come)
        return refuse(GUARD_LEAP, 0.0, 0.0);
    if (tai_offset != 0 && (tai_offset < GUARD_MIN_TAI || tai_offset > GUARD_MAX_TAI))
        return refuse(GUARD_TAI, tai_offset,
                      tai_offset < GUARD_MIN_TAI ? GUARD_MIN_TAI : GUARD_MAX_TAI);
    return judge_rate(ledger, now);
}

struct guard_judgement guard_judge_rtc(struct guard_ledger *ledger, const struct guard_now *now,
                                       int64_t seconds)
{
    double distance = fabs((double)seconds - (double)now->raw.i.sec);

    if (!ledger->policy.sets_rtc)
        return refuse(GUARD_RTC_OFF, 0.0, 0.0);
    if (distance > GUARD_RTC_DISTANCE)
        return refuse(GUARD_RTC_TIME, distance, GUARD_RTC_DISTANCE);
    if (!take_token(&ledger->rtc_changes, now->mono))
        return refuse(GUARD_RTC_TOO_MANY, GUARD_RTC_CHANGES + 1.0, GUARD_RTC_CHANGES);
    return allowed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source and the register say of themselves: the reports of the control protocol
 * (discipline.md 12, 13), what the last selection decided, and why, what the estimator expects,
 * and its log. Called by control commands, by associations, by tests and with each sample.
 * Nothing here changes a source.
 */
#include "source/record.h"

const struct source_verdict *source_verdict(const struct source *s)
{
    return &s->verdict;
}

uint32_t source_status_changes(const struct source *s, enum source_status status)
{
    return s->changes[status];
}

const struct selection_verdict *source_register_verdict(const struct source_register *reg)
{
    return &reg->verdict;
}

uint32_t source_register_results(const struct source_register *reg, enum selection_result result)
{
    return reg->results[result];
}

uint32_t source_register_generation(const struct source_register *reg)
{
    return reg->generation;
}

int source_steady_state(const struct source *s, struct steady_state *out)
{
    return estimator_steady_state(s->estimator, out);
}

double source_surprise(const struct source *s)
{
    return estimator_surprise(s->estimator);
}

double source_min_delay(const struct source *s)
{
    return samples_min_delay(s->samples);
}

double source_asymmetry(const struct source *s)
{
    return samples_asymmetry(s->samples);
}

static struct ip_addr refid_as_address(uint32_t refid)
{
    return ip_addr_v4((uint8_t)(refid >> 24), (uint8_t)(refid >> 16), (uint8_t)(refid >> 8),
                      (uint8_t)refid);
}

/* Seconds as reports give them; never negative. */
static uint32_t whole_seconds(double seconds)
{
    if (!(seconds > 0.0))
        return 0;
    return seconds < 4294967294.0 ? (uint32_t)seconds : 4294967294U;
}

const char *source_name(const struct source *s)
{
    return s->name;
}

bool source_is_active(const struct source *s)
{
    return s->active;
}

void source_report(const struct source *s, struct report_source *report)
{
    struct samples_latest latest;

    *report = (struct report_source){
        .addr = s->refclock ? refid_as_address(s->refid) : s->addr,
        .state = (int)source_status_reported(s->verdict.status),
        .mode = s->refclock ? REPORT_REFCLOCK : REPORT_SERVER,
        .reachability = s->reach,
        .latest_age = UINT32_MAX,
    };
    if (!samples_latest(s->samples, &latest))
        return;

    struct local_time now = local_clock_now(s->reg->env.clock, NULL);
    /* The exact time would reveal when packets are received. */
    if (!s->refclock)
        latest.time.i.nsec = 0;
    report->stratum = s->stratum;
    report->latest_age = whole_seconds(local_diff(now, latest.time));
    report->orig_offset = latest.original_offset;
    report->offset = latest.offset;
    report->error = latest.error;
}

void source_report_stats(const struct source *s, struct report_sourcestats *report)
{
    struct samples_report r;

    estimator_report(s->estimator, local_clock_now(s->reg->env.clock, NULL), &r);
    *report = (struct report_sourcestats){
        .refid = s->refid,
        .samples = (uint32_t)r.count,
        .runs = (uint32_t)r.runs,
        .span_seconds = whole_seconds(r.span + 0.5),
        .sd = r.sd,
        .resid_freq_ppm = 1.0e6 * r.frequency,
        .skew_ppm = 1.0e6 * r.skew,
        .est_offset = r.offset,
        .est_offset_err = r.offset_error,
    };
    if (!s->refclock)
        report->addr = s->addr;
}

void source_report_estimator(const struct source *s, struct report_estimator *report)
{
    struct estimator_state e;
    struct samples_report r;

    *report = (struct report_estimator){
        .refid = s->refid,
        .samples = (uint32_t)samples_count(s->samples),
    };
    if (!s->refclock)
        report->addr = s->addr;
    if (!estimator_state(s->estimator, &e))
        return;

    bool filter = estimator_is_filter(s->estimator);
    samples_report(s->samples, e.time, &r);
    report->kind = filter ? REPORT_ESTIMATOR_KALMAN : REPORT_ESTIMATOR_REGRESSION;
    report->samples = (uint32_t)e.samples;
    report->offset = e.offset;
    report->offset_sd = e.offset_sd;
    report->freq_ppm = 1.0e6 * e.frequency;
    report->freq_sd_ppm = 1.0e6 * e.frequency_sd;
    report->jitter = filter ? e.jitter : r.sd;
    report->wander_ppm = 1.0e6 * e.wander;
    report->bound_percent = 100.0 * e.weights[BANK_BOUND];
    report->gauss_percent = 100.0 * e.weights[BANK_GAUSS];
    report->up_percent = 100.0 * e.weights[BANK_EDGE_SLOW];
    report->down_percent = 100.0 * e.weights[BANK_EDGE_FAST];
    report->joint_bias = s->joint.correction;
    report->joint_percent = 100.0 * joint_share(&s->reg->joint, &s->joint);
}

void source_log_estimator(const struct source *s)
{
    char date[32], name[ADDR_TEXT_SIZE];
    struct estimator_state e;

    if (!measurement_log_enabled(s->reg->env.log, MLOG_ESTIMATOR) ||
        !estimator_is_filter(s->estimator) || !estimator_state(s->estimator, &e))
        return;
    instant_format_utc(e.time.i, date, sizeof(date));
    measurement_log_write(
        s->reg->env.log, MLOG_ESTIMATOR,
        "%s %-15s %10.3e %10.3e %10.3e %10.3e %10.3e %10.3e %3.0f %3.0f %3.0f %3.0f", date,
        source_plain_name(s, name, sizeof(name)), e.offset, e.offset_sd, 1.0e6 * e.frequency,
        1.0e6 * e.frequency_sd, 1.0e6 * e.wander, e.jitter, 100.0 * e.weights[BANK_BOUND],
        100.0 * e.weights[BANK_GAUSS], 100.0 * e.weights[BANK_EDGE_SLOW],
        100.0 * e.weights[BANK_EDGE_FAST]);
}

void source_report_select(const struct source *s, struct report_selectdata *report)
{
    *report = (struct report_selectdata){
        .refid = s->refid,
        .state = source_status_letter(s->verdict.status),
        .authenticated = s->authenticated,
        .leap = s->leap,
        .conf_options = (uint16_t)s->conf_options,
        .eff_options = (uint16_t)s->options,
        .last_sample_ago = whole_seconds(s->info.last_ago),
        .score = s->score,
        .low_limit = s->info.low,
        .high_limit = s->info.high,
    };
    if (!s->refclock)
        report->addr = s->addr;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics of the clock: tracking, clock, temperature, real-time clock and smoothing. Signs are
 * those of the reports (cmdmon.md 13).
 */
#include "metrics/family.h"

#include "base/number.h"
#include "cmdmon/message_words.h"
#include "metrics/facts.h"

/* ---- Tracking ---- */

#define TRACKING(member, ...) FIELD(struct report_tracking, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_TRACKING(family, unit_name, help_text, ...)                                             \
    {                                                                                              \
        .name = "chrony_tracking" family, .report = FACTS_TRACKING, .unit = unit_name,             \
        .help = help_text, __VA_ARGS__                                                             \
    }

static const struct cmd_field tracking_labels[] = {
    {.key = "tracking_address", .show = SHOW_GIVEN_ADDRESS},
    {.key = "tracking_name", .show = SHOW_GIVEN_NAME},
    TRACKING(refid, "tracking_refid", SHOW_REFID),
};

static double has_remote_reference(const void *report)
{
    return ip_addr_is_real(&((const struct report_tracking *)report)->addr);
}

/* ---- Clock ---- */

#define CLOCK(member, ...) FIELD(struct report_clock, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_CLOCK(family, unit_name, help_text, ...)                                                \
    {                                                                                              \
        .name = "chrony_" family, .report = FACTS_CLOCK, .unit = unit_name, .help = help_text,     \
        __VA_ARGS__                                                                                \
    }

static double is_synchronised(const void *report)
{
    return ((const struct report_clock *)report)->state == REPORT_CLOCK_SYNCHRONISED;
}

static bool has_bound(const void *report)
{
    return ((const struct report_clock *)report)->bound > 0.0;
}

static bool has_stepped(const void *report)
{
    return ((const struct report_clock *)report)->last_step_ago != UINT32_MAX;
}

#define OF_COUNTS(family, of, help_text, words)                                                    \
    {                                                                                              \
        .name = "chrony_" family, .type = METRIC_COUNTER, .report = of, .help = help_text,         \
        .by = "result", .count = FIELD(struct report_counts, 0, WIRE_NONE, count),                 \
        .value =                                                                                   \
            FIELD(struct report_counts, 0, WIRE_NONE, counts[0], NULL, SHOW_COUNTER, 0, words)     \
    }

/* ---- Temperature ---- */

#define TEMPERATURE(member, ...) FIELD(struct report_temperature, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_TEMPERATURE(family, unit_name, help_text, ...)                                          \
    {                                                                                              \
        .name = "chrony_temperature_" family, .report = FACTS_TEMPERATURE, .unit = unit_name,      \
        .help = help_text, __VA_ARGS__                                                             \
    }

static bool was_read(const void *report)
{
    return ((const struct report_temperature *)report)->last_reading_ago != UINT32_MAX;
}

/* ---- Real-time clock, smoothing ---- */

#define RTC(member, ...) FIELD(struct report_rtc, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_RTC(family, unit_name, help_text, ...)                                                  \
    {                                                                                              \
        .name = "chrony_rtc_" family, .report = FACTS_RTC, .unit = unit_name, .help = help_text,   \
        __VA_ARGS__                                                                                \
    }
#define SMOOTHING(member, ...) FIELD(struct report_smoothing, 0, WIRE_NONE, member, __VA_ARGS__)
#define OF_SMOOTHING(family, unit_name, help_text, ...)                                            \
    {                                                                                              \
        .name = "chrony_smoothing_" family, .report = FACTS_SMOOTHING, .unit = unit_name,          \
        .help = help_text, __VA_ARGS__                                                             \
    }

/* ---- Families ---- */

static const struct metric_family families[] = {
    OF_TRACKING("", NULL, "The source that the clock follows.", .type = METRIC_INFO, .known = true,
                METRIC_LABELS(tracking_labels)),
    OF_TRACKING("_stratum", NULL, "Stratum of the clock; 0 when it is not synchronised.",
                .known = true, .value = TRACKING(stratum, NULL, SHOW_INTEGER)),
    OF_TRACKING("_remote_reference", NULL, "1 when the clock follows an NTP source, else 0.",
                .known = true, .derive = has_remote_reference),
    OF_TRACKING("_reference_timestamp_seconds", "seconds",
                "Time of the last sample that the clock was corrected by, Unix time.",
                .known = true, .value = TRACKING(ref_time, NULL, SHOW_TIME)),
    OF_TRACKING("_system_time_seconds", "seconds",
                "Correction of the clock that remains to be made; positive when it is slow.",
                .known = true, .value = TRACKING(correction, NULL, SHOW_REAL)),
    OF_TRACKING("_last_offset_seconds", "seconds",
                "Offset of the clock at its last update; positive when it was fast.", .known = true,
                .value = TRACKING(last_offset, NULL, SHOW_REAL)),
    OF_TRACKING("_rms_offset_seconds", "seconds", "Average size of the last offsets of the clock.",
                .known = true, .value = TRACKING(rms_offset, NULL, SHOW_REAL)),
    OF_TRACKING("_frequency_ppms", NULL,
                "Error of the oscillator that is corrected, in ppm; positive when it is fast.",
                .known = true, .value = TRACKING(freq_ppm, NULL, SHOW_REAL)),
    OF_TRACKING("_frequency_ratio", "ratio",
                "Error of the oscillator that is corrected; positive when it is fast.",
                .value = TRACKING(freq_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),
    OF_TRACKING("_residual_frequency_ppms", NULL,
                "Difference of the frequency in use from the one measured last, in ppm.",
                .known = true, .value = TRACKING(resid_freq_ppm, NULL, SHOW_REAL)),
    OF_TRACKING("_residual_frequency_ratio", "ratio",
                "Difference of the frequency in use from the one measured last.",
                .value = TRACKING(resid_freq_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),
    OF_TRACKING("_skew_ppms", NULL, "Error bound of the frequency, in ppm.", .known = true,
                .value = TRACKING(skew_ppm, NULL, SHOW_REAL)),
    OF_TRACKING("_skew_ratio", "ratio", "Error bound of the frequency.",
                .value = TRACKING(skew_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),
    OF_TRACKING("_root_delay_seconds", "seconds",
                "Delay of the network paths to the stratum 1 source.", .known = true,
                .value = TRACKING(root_delay, NULL, SHOW_REAL)),
    OF_TRACKING("_root_dispersion_seconds", "seconds",
                "Error that has gathered on the way from the stratum 1 source.", .known = true,
                .value = TRACKING(root_dispersion, NULL, SHOW_REAL)),
    OF_TRACKING("_update_interval_seconds", "seconds",
                "Time between the last two updates of the clock.", .known = true,
                .value = TRACKING(last_update_interval, NULL, SHOW_REAL)),
    OF_TRACKING("_leap_status", NULL, "Leap status of the clock.", .type = METRIC_STATESET,
                .value = TRACKING(leap, NULL, SHOW_WORD, 0, words_leap)),

    OF_CLOCK("clock_synchronised", NULL, "1 when the clock is synchronised to a source, else 0.",
             .derive = is_synchronised),
    OF_CLOCK("clock_state", NULL, "What the clock follows.", .type = METRIC_STATESET,
             .value = CLOCK(state, NULL, SHOW_WORD, 0, words_clock_state)),
    OF_CLOCK("clock_error_bound_seconds", "seconds",
             "How wrong the clock is now at most, if its sources are right.",
             .value = CLOCK(bound, NULL, SHOW_REAL), .valid = has_bound),
    OF_CLOCK("clock_error_bound_growth_ratio", "ratio",
             "Seconds by which the bound grows in each second without updates.",
             .value = CLOCK(bound_growth_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM,
             .valid = has_bound),
    OF_CLOCK("clock_last_update_age_seconds", "seconds",
             "Time since the last update of the clock; +Inf when there was none.",
             .value = CLOCK(last_update_ago, NULL, SHOW_AGE)),
    OF_CLOCK("clock_offset_seconds", "seconds",
             "Offset of the clock that remains to be corrected; positive when it is fast.",
             .value = CLOCK(offset, NULL, SHOW_REAL)),
    OF_CLOCK("clock_slew_rate_ratio", "ratio",
             "Rate at which the offset is being corrected; 0 when there is none.",
             .value = CLOCK(slew_rate_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),
    OF_CLOCK("clock_slew_remaining_seconds", "seconds",
             "Time until the offset is corrected at that rate.",
             .value = CLOCK(slew_left, NULL, SHOW_REAL)),
    OF_CLOCK("clock_updates", NULL, "Updates that corrected the clock.", .type = METRIC_COUNTER,
             .value = CLOCK(updates, NULL, SHOW_COUNTER)),
    OF_CLOCK("clock_update_refusals", NULL, "Updates that were ignored.", .type = METRIC_COUNTER,
             .value = CLOCK(refusals, NULL, SHOW_COUNTER)),
    OF_CLOCK("clock_steps", NULL, "Steps of the clock made by the daemon.", .type = METRIC_COUNTER,
             .value = CLOCK(steps, NULL, SHOW_COUNTER)),
    OF_CLOCK("clock_last_step_age_seconds", "seconds",
             "Time since the last step; +Inf when there was none.",
             .value = CLOCK(last_step_ago, NULL, SHOW_AGE)),
    OF_CLOCK("clock_last_step_seconds", "seconds", "What the last step added to the clock.",
             .value = CLOCK(last_step, NULL, SHOW_REAL), .valid = has_stepped),
    OF_CLOCK("clock_controlled", NULL,
             "1 when the daemon corrects the clock, 0 with its option -x.",
             .value = CLOCK(controlled, NULL, SHOW_INTEGER)),
    OF_CLOCK("uptime_seconds", "seconds", "Time since the start of the daemon.",
             .value = CLOCK(uptime_seconds, NULL, SHOW_INTEGER)),

    OF_COUNTS("clock_update_results", FACTS_UPDATES, "Updates, by what was done with them.",
              words_update_result),
    OF_COUNTS("selection_results", FACTS_SELECTIONS, "Selections of sources, by result.",
              words_selection_result),

    OF_TEMPERATURE("state", NULL, "What is done with the temperature.", .type = METRIC_STATESET,
                   .value = TEMPERATURE(state, NULL, SHOW_WORD, 0, words_temperature)),
    OF_TEMPERATURE("reading", NULL, "Last reading, in the unit of the sensor.",
                   .value = TEMPERATURE(temperature, NULL, SHOW_REAL), .valid = was_read),
    OF_TEMPERATURE("reading_age_seconds", "seconds",
                   "Time since the last reading; +Inf when there was none.",
                   .value = TEMPERATURE(last_reading_ago, NULL, SHOW_AGE)),
    OF_TEMPERATURE("changes", NULL, "Changes of temperature and frequency that were compared.",
                   .value = TEMPERATURE(changes, NULL, SHOW_INTEGER)),
    OF_TEMPERATURE("trust_ratio", "ratio", "Part of what was learnt that is applied.",
                   .value = TEMPERATURE(trust_percent, NULL, SHOW_REAL), .factor = METRIC_PERCENT),
    OF_TEMPERATURE("compensation_ratio", "ratio",
                   "By how much the clock is made faster because of the temperature.",
                   .value = TEMPERATURE(compensation_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),

    OF_RTC("samples", NULL, "Samples of the real-time clock.",
           .value = RTC(samples, NULL, SHOW_INTEGER)),
    OF_RTC("offset_seconds", "seconds",
           "Offset of the real-time clock from the system clock; positive when it is fast.",
           .value = RTC(seconds_fast, NULL, SHOW_REAL)),
    OF_RTC("frequency_ratio", "ratio", "What the real-time clock gains in each second.",
           .value = RTC(gain_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),

    OF_SMOOTHING("active", NULL, "1 when the time that is served is smoothed, else 0.",
                 .value = SMOOTHING(active, NULL, SHOW_INTEGER)),
    OF_SMOOTHING("offset_seconds", "seconds", "Offset of the time that is served.",
                 .value = SMOOTHING(offset, NULL, SHOW_REAL)),
    OF_SMOOTHING("frequency_ratio", "ratio",
                 "Frequency offset of the time that is served; positive when it is made faster.",
                 .value = SMOOTHING(freq_ppm, NULL, SHOW_REAL), .factor = METRIC_PPM),
    OF_SMOOTHING("remaining_seconds", "seconds", "Time until smoothing is complete.",
                 .value = SMOOTHING(remaining_time, NULL, SHOW_REAL)),
};

const struct metric_table metric_table_clock = {families, COUNT(families)};

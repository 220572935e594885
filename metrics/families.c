/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of all metric families, see family.h. Signs are those of the reports (cmdmon.md 13).
 */
#include "metrics/family.h"

#include "base/number.h"
#include "cmdmon/message_words.h"
#include "metrics/facts.h"

#define PPM 1e-6

/* ---- Derived values ---- */

static double has_remote_reference(const void *report)
{
    return ip_addr_is_real(&((const struct report_tracking *)report)->addr);
}

#define REACHABILITY_BITS 8

static double reachability_ratio(const void *report)
{
    int reachability = ((const struct report_source *)report)->reachability, answered = 0;

    for (int i = 0; i < REACHABILITY_BITS; i++)
        answered += reachability >> i & 1;
    return (double)answered / REACHABILITY_BITS;
}

static double reachability_success(const void *report)
{
    return ((const struct report_source *)report)->reachability & 1;
}

static bool has_sample(const void *report)
{
    return ((const struct report_source *)report)->latest_age != UINT32_MAX;
}

/* Without samples the report has only what statistics begin with. */
static bool has_statistics(const void *report)
{
    return ((const struct report_sourcestats *)report)->samples > 0;
}

/* ---- Words of labels that the exporter has ---- */

static const struct field_word words_exporter_state[] = {
    {REPORT_SELECTED, "sync", NULL},
    {REPORT_NOT_SELECTABLE, "unreach", NULL},
    {REPORT_FALSETICKER, "falseticker", NULL},
    {REPORT_JITTERY, "jittery", NULL},
    {REPORT_COMBINED, "candidate", NULL},
    {REPORT_SELECTABLE, "outlier", NULL},
    {FIELD_OTHER, "unknown", NULL},
};

static const struct field_word words_exporter_mode[] = {
    {REPORT_SERVER, "client", NULL},
    {REPORT_PEER, "peer", NULL},
    {REPORT_REFCLOCK, "reference clock", NULL},
    {FIELD_OTHER, "unknown", NULL},
};

/* ---- Labels ---- */

#define TRACKING(member, ...) FIELD(struct report_tracking, 0, WIRE_NONE, member, __VA_ARGS__)
#define SOURCE(member, ...)   FIELD(struct report_source, 0, WIRE_NONE, member, __VA_ARGS__)
#define STATS(member, ...)    FIELD(struct report_sourcestats, 0, WIRE_NONE, member, __VA_ARGS__)

static const struct cmd_field tracking_labels[] = {
    TRACKING(addr, "tracking_address", SHOW_ADDRESS),
    {.key = "tracking_name", .show = SHOW_GIVEN_NAME},
    TRACKING(refid, "tracking_refid", SHOW_REFID),
};

static const struct cmd_field source_state_labels[] = {
    SOURCE(state, "source_state", SHOW_WORD, 0, words_exporter_state),
    SOURCE(mode, "source_mode", SHOW_WORD, 0, words_exporter_mode),
};

/* ---- Families ---- */

#define LABELS(rows) .labels = (rows), .label_count = COUNT(rows)

#define CLOCK(family, unit_name, help_text, ...)                                                   \
    {                                                                                              \
        .name = "chrony_tracking" family, .report = FACTS_TRACKING, .unit = unit_name,             \
        .help = help_text, __VA_ARGS__                                                             \
    }
#define OF_SOURCE(family, unit_name, help_text, ...)                                               \
    {                                                                                              \
        .name = "chrony_sources_" family, .report = FACTS_SOURCE, .unit = unit_name,               \
        .help = help_text, __VA_ARGS__                                                             \
    }
#define OF_STATS(family, unit_name, help_text, ...)                                                \
    {                                                                                              \
        .name = "chrony_sourcestats_" family, .report = FACTS_SOURCESTATS, .unit = unit_name,      \
        .help = help_text, __VA_ARGS__                                                             \
    }

const struct metric_family metric_families[] = {
    CLOCK("", NULL, "The source that the clock follows.", .type = METRIC_INFO, .known = true,
          LABELS(tracking_labels)),
    CLOCK("_stratum", NULL, "Stratum of the clock; 0 when it is not synchronised.", .known = true,
          .value = TRACKING(stratum, NULL, SHOW_INTEGER)),
    CLOCK("_remote_reference", NULL, "1 when the clock follows an NTP source, else 0.",
          .known = true, .derive = has_remote_reference),
    CLOCK("_reference_timestamp_seconds", "seconds",
          "Time of the last sample that the clock was corrected by, Unix time.", .known = true,
          .value = TRACKING(ref_time, NULL, SHOW_TIME)),
    CLOCK("_system_time_seconds", "seconds",
          "Correction of the clock that remains to be made; positive when it is slow.",
          .known = true, .value = TRACKING(correction, NULL, SHOW_REAL)),
    CLOCK("_last_offset_seconds", "seconds",
          "Offset of the clock at its last update; positive when it was slow.", .known = true,
          .value = TRACKING(last_offset, NULL, SHOW_REAL)),
    CLOCK("_rms_offset_seconds", "seconds", "Average size of the last offsets of the clock.",
          .known = true, .value = TRACKING(rms_offset, NULL, SHOW_REAL)),
    CLOCK("_frequency_ppms", NULL,
          "Error of the oscillator that is corrected, in ppm; positive when it is fast.",
          .known = true, .value = TRACKING(freq_ppm, NULL, SHOW_REAL)),
    CLOCK("_frequency_ratio", "ratio",
          "Error of the oscillator that is corrected; positive when it is fast.",
          .value = TRACKING(freq_ppm, NULL, SHOW_REAL), .factor = PPM),
    CLOCK("_residual_frequency_ppms", NULL,
          "Difference of the frequency in use from the one measured last, in ppm.", .known = true,
          .value = TRACKING(resid_freq_ppm, NULL, SHOW_REAL)),
    CLOCK("_residual_frequency_ratio", "ratio",
          "Difference of the frequency in use from the one measured last.",
          .value = TRACKING(resid_freq_ppm, NULL, SHOW_REAL), .factor = PPM),
    CLOCK("_skew_ppms", NULL, "Error bound of the frequency, in ppm.", .known = true,
          .value = TRACKING(skew_ppm, NULL, SHOW_REAL)),
    CLOCK("_skew_ratio", "ratio", "Error bound of the frequency.",
          .value = TRACKING(skew_ppm, NULL, SHOW_REAL), .factor = PPM),
    CLOCK("_root_delay_seconds", "seconds", "Delay of the network paths to the stratum 1 source.",
          .known = true, .value = TRACKING(root_delay, NULL, SHOW_REAL)),
    CLOCK("_root_dispersion_seconds", "seconds",
          "Error that has gathered on the way from the stratum 1 source.", .known = true,
          .value = TRACKING(root_dispersion, NULL, SHOW_REAL)),
    CLOCK("_update_interval_seconds", "seconds", "Time between the last two updates of the clock.",
          .known = true, .value = TRACKING(last_update_interval, NULL, SHOW_REAL)),
    CLOCK("_leap_status", NULL, "Leap status of the clock.", .type = METRIC_STATESET,
          .value = TRACKING(leap, NULL, SHOW_WORD, 0, words_leap)),

    OF_SOURCE("state", NULL, "State and mode of the source.", .type = METRIC_INFO, .known = true,
              LABELS(source_state_labels)),
    OF_SOURCE("stratum", NULL, "Stratum of the source in its last response.", .known = true,
              .value = SOURCE(stratum, NULL, SHOW_INTEGER)),
    OF_SOURCE("polling_interval_seconds", "seconds", "Time between requests to the source.",
              .known = true, .value = SOURCE(poll, NULL, SHOW_LOG2_SECONDS)),
    OF_SOURCE("reachability_ratio", "ratio",
              "Part of the last eight requests that had a valid response.", .known = true,
              .derive = reachability_ratio),
    OF_SOURCE("reachability_success", NULL, "1 when the last request had a valid response, else 0.",
              .known = true, .derive = reachability_success),
    OF_SOURCE("last_sample_age_seconds", "seconds",
              "Time since the last sample of the source; +Inf when there was none.", .known = true,
              .value = SOURCE(latest_age, NULL, SHOW_AGE)),
    OF_SOURCE("last_sample_offset_seconds", "seconds",
              "Offset of the clock in the last sample, less what was corrected since; positive "
              "when it is fast.",
              .known = true, .value = SOURCE(offset, NULL, SHOW_REAL), .valid = has_sample),
    OF_SOURCE("last_sample_original_offset_seconds", "seconds",
              "Offset of the clock as it was measured in the last sample; positive when it was "
              "fast.",
              .value = SOURCE(orig_offset, NULL, SHOW_REAL), .valid = has_sample),
    OF_SOURCE("last_sample_error_margin_seconds", "seconds", "Error bound of the last sample.",
              .known = true, .value = SOURCE(error, NULL, SHOW_REAL), .valid = has_sample),

    OF_STATS("samples", NULL, "Samples that the statistics of the source are made from.",
             .value = STATS(samples, NULL, SHOW_INTEGER)),
    OF_STATS("runs", NULL, "Runs of residuals with the same sign after the last regression.",
             .value = STATS(runs, NULL, SHOW_INTEGER)),
    OF_STATS("span_seconds", "seconds", "Time between the oldest and the newest sample.",
             .value = STATS(span_seconds, NULL, SHOW_INTEGER)),
    OF_STATS("standard_deviation_seconds", "seconds", "Standard deviation of the samples.",
             .value = STATS(sd, NULL, SHOW_REAL), .valid = has_statistics),
    OF_STATS("frequency_ratio", "ratio",
             "Residual frequency of the clock as the source sees it; positive when it is fast.",
             .value = STATS(resid_freq_ppm, NULL, SHOW_REAL), .factor = PPM,
             .valid = has_statistics),
    OF_STATS("skew_ratio", "ratio", "Error bound of the residual frequency.",
             .value = STATS(skew_ppm, NULL, SHOW_REAL), .factor = PPM, .valid = has_statistics),
    OF_STATS("offset_seconds", "seconds",
             "Estimated offset of the clock from the source; positive when it is fast.",
             .value = STATS(est_offset, NULL, SHOW_REAL), .valid = has_statistics),
    OF_STATS("offset_error_seconds", "seconds", "Error of the estimated offset.",
             .value = STATS(est_offset_err, NULL, SHOW_REAL), .valid = has_statistics),
};
const size_t metric_family_count = COUNT(metric_families);

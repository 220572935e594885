/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of the states of sources and of the results of the selection. Pure; called by the
 * files beside it for reports, the log of the selection and messages.
 */
#include "source/status.h"
#include <stdio.h>
#include "base/text.h"

/* The message is a format for the label of the source and the limit. */
static const struct {
    char letter;
    enum report_state reported;
    bool is_bad;
    bool compared; /* value and limit are set */
    const char *text;
    const char *message; /* NULL: none */
} statuses[SOURCE_STATUSES] = {
    [STATUS_OK] = {'?', REPORT_NOT_SELECTABLE, false, false, "passed the tests so far", NULL},
    [STATUS_NOSELECT] = {'N', REPORT_NOT_SELECTABLE, false, false, "not to be selected (noselect)",
                         NULL},
    [STATUS_MISSING_SAMPLES] = {'M', REPORT_NOT_SELECTABLE, false, false, "too few samples", NULL},
    [STATUS_UNSYNCHRONISED] = {'s', REPORT_NOT_SELECTABLE, false, false, "not synchronised", NULL},
    [STATUS_STRATUM_LOW] = {'r', REPORT_NOT_SELECTABLE, true, true, "stratum below minstratum",
                            "Stratum of %s below minstratum of %.0f"},
    [STATUS_STRATUM_HIGH] = {'r', REPORT_NOT_SELECTABLE, true, true, "stratum above maxstratum",
                             "Stratum of %s above maxstratum of %.0f"},
    [STATUS_BAD_DISTANCE] = {'d', REPORT_NOT_SELECTABLE, true, true,
                             "root distance not within maxdistance",
                             "Root distance of %s exceeds maxdistance of %.3f seconds"},
    [STATUS_JITTERY] = {'~', REPORT_JITTERY, true, true, "jitter above maxjitter",
                        "Jitter of %s exceeds maxjitter of %.3f seconds"},
    [STATUS_WAITS_STATS] = {'w', REPORT_NOT_SELECTABLE, false, false,
                            "waits for statistics of other sources", NULL},
    [STATUS_STALE] = {'S', REPORT_NOT_SELECTABLE, false, true, "age of the last sample", NULL},
    [STATUS_UNREACHABLE] = {'S', REPORT_NOT_SELECTABLE, false, true, "polls without a response",
                            NULL},
    [STATUS_ORPHAN] = {'O', REPORT_NOT_SELECTABLE, false, true, "stratum of an orphan", NULL},
    [STATUS_UNTRUSTED] = {'T', REPORT_NOT_SELECTABLE, false, true,
                          "reaches out of the trusted interval", NULL},
    [STATUS_FALSETICKER] = {'x', REPORT_FALSETICKER, true, true,
                            "falseticker: outside of the common interval",
                            "Detected falseticker %s"},
    [STATUS_NO_MAJORITY] = {'x', REPORT_FALSETICKER, true, true,
                            "no majority: largest number that agrees", NULL},
    [STATUS_WAITS_SOURCES] = {'W', REPORT_SELECTABLE, false, true,
                              "waits for more sources that agree", NULL},
    [STATUS_WAITS_REQUIRED] = {'W', REPORT_SELECTABLE, false, false, "waits for a required source",
                               NULL},
    [STATUS_NOT_PREFERRED] = {'P', REPORT_SELECTABLE, false, false, "others are preferred", NULL},
    [STATUS_WAITS_UPDATE] = {'U', REPORT_SELECTABLE, false, false,
                             "waits for a sample of the best source", NULL},
    [STATUS_DISTANT] = {'D', REPORT_SELECTABLE, false, true,
                        "root distance too large to be combined", NULL},
    [STATUS_DISTANT_FREQUENCY] = {'D', REPORT_SELECTABLE, false, true,
                                  "frequency too different to be combined", NULL},
    [STATUS_STILL_DISTANT] = {'D', REPORT_SELECTABLE, false, true,
                              "selections until it is combined", NULL},
    [STATUS_COMBINED] = {'+', REPORT_COMBINED, false, false, "combined", NULL},
    [STATUS_SELECTED] = {'*', REPORT_SELECTED, false, false, "selected", "Selected source %s"},
};

/* Formats for value and limit. */
static const char *const results[SELECTION_RESULTS] = {
    [SELECTION_DONE] = "a source is selected",
    [SELECTION_NO_SOURCES] = "no sources",
    [SELECTION_WAITS_STATS] = "waiting for statistics of other sources",
    [SELECTION_NONE_USABLE] = "no selectable sources (%d unreachable sources)",
    [SELECTION_NO_AGREEMENT] = "no majority (no agreement among %d sources)",
    [SELECTION_NO_MAJORITY] = "no majority (only %d of %d sources agree)",
    [SELECTION_NO_TRUSTED_AGREEMENT] = "no majority (no agreement among %d trusted sources)",
    [SELECTION_NO_TRUSTED_MAJORITY] = "no majority (only %d of %d trusted sources agree)",
    [SELECTION_NONE_AGREES] = "no selectable sources",
    [SELECTION_NO_REQUIRED] = "no required source in selectable sources",
    [SELECTION_NOT_ENOUGH] = "not enough selectable sources",
    [SELECTION_WAITS_UPDATE] = "waiting for a sample of the best source",
};

char source_status_letter(enum source_status status)
{
    return statuses[status].letter;
}

enum report_state source_status_reported(enum source_status status)
{
    return statuses[status].reported;
}

bool source_status_is_bad(enum source_status status)
{
    return statuses[status].is_bad;
}

const char *source_status_message(enum source_status status)
{
    return statuses[status].message;
}

const char *source_verdict_format(const struct source_verdict *verdict, char *buf, size_t size)
{
    return text_format_reason(buf, size, statuses[verdict->status].text,
                              statuses[verdict->status].compared, verdict->value, verdict->limit);
}

const char *selection_verdict_format(const struct selection_verdict *verdict, char *buf,
                                     size_t size)
{
    snprintf(buf, size, results[verdict->result], verdict->value, verdict->limit);
    return buf;
}

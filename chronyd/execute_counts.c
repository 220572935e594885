/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands counts and source counts (cmdmon.md 13.20, 13.21): how often each result of an
 * enumeration came about. The place in the reply is the number of the enumerator, for which the
 * client has words (cmdmon/message_words.c). A new enumerator goes to the end of both; where it
 * cannot, its place has to be translated here.
 */
#include "chronyd/execute.h"

#include "base/finding.h"
#include "ntp/client/association.h"

_Static_assert(SERVER_RESULTS == 18 && UPDATE_RESULTS == 12 && SELECTION_RESULTS == 12 &&
                   RESPONSE_REASONS == 37,
               "the words in cmdmon/message_words.c are those of the enumerations");

static void count_requests(struct chronyd *d, struct report_counts *report)
{
    const struct server_shards shards = ntp_server_shards(d->ntp_server);

    for (report->count = 0; report->count < SERVER_RESULTS; report->count++)
        report->counts[report->count] =
            server_shards_count(&shards, (enum server_result)report->count);
}

static void count_updates(struct chronyd *d, struct report_counts *report)
{
    const struct update_tally *tally = reference_updates(d->reference);

    for (report->count = 0; report->count < UPDATE_RESULTS; report->count++)
        report->counts[report->count] = tally->counts[report->count];
}

static void count_selections(struct chronyd *d, struct report_counts *report)
{
    for (report->count = 0; report->count < SELECTION_RESULTS; report->count++)
        report->counts[report->count] =
            source_register_results(d->sources, (enum selection_result)report->count);
}

enum cmd_status execute_counts(struct chronyd *d, request_p request, body_p body)
{
    switch (request->u.index) {
    case REPORT_COUNTS_REQUESTS:
        count_requests(d, &body->counts);
        return CMD_STATUS_SUCCESS;
    case REPORT_COUNTS_UPDATES:
        count_updates(d, &body->counts);
        return CMD_STATUS_SUCCESS;
    case REPORT_COUNTS_SELECTIONS:
        count_selections(d, &body->counts);
        return CMD_STATUS_SUCCESS;
    case REPORT_COUNTS_KE:
        return status_of(nts_part_count_ends(d->nts_part, &body->counts), CMD_STATUS_NOT_ENABLED);
    default:
        return CMD_STATUS_NO_SOURCE;
    }
}

enum cmd_status execute_source_counts(struct chronyd *d, request_p request, body_p body)
{
    const struct source *source = source_register_get(d->sources, request->u.index);
    struct report_source_counts *report = &body->source_counts;
    const struct association *a = NULL;

    if (!source)
        return CMD_STATUS_NO_SOURCE;
    struct report_finding worst = explain_worst(d, source);
    report->finding = worst.code;
    report->severity = worst.code == 0 ? 0 : (uint16_t)finding_severity(worst.code);
    if (!source_is_refclock(source))
        a = ntp_sources_find(d->ntp_sources, source_address(source));
    if (a)
        association_report_counts(a, report);
    return CMD_STATUS_SUCCESS;
}

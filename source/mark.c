/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from the verdicts of the selection: the log of the selection, messages, replacement
 * of bad sources and counters. Called by selection.c and combine.c; decides nothing.
 */
#include <stdio.h>
#include "base/log.h"
#include "conf/source_options.h"
#include "source/record.h"

#define BAD_THRESHOLD 4

static bool messages_enabled(const struct source_register *reg)
{
    return reference_mode(reg->env.reference) == REFERENCE_NORMAL;
}

static void log_mark(const struct source *source)
{
    char date[32], name[ADDR_TEXT_SIZE];
    struct measurement_log *log = source->reg->env.log;

    if (!measurement_log_enabled(log, MLOG_SELECTION))
        return;
    instant_format_utc(local_clock_event_time(source->reg->env.clock, NULL).i, date, sizeof(date));
    measurement_log_write(
        log, MLOG_SELECTION, "%s %-15s %c -%c%c%c%c %4o %5.2f %10.3e %10.3e %10.3e", date,
        source_plain_name(source, name, sizeof(name)), source_status_letter(source->verdict.status),
        source->options & SELECT_NOSELECT ? 'N' : '-', source->options & SELECT_PREFER ? 'P' : '-',
        source->options & SELECT_TRUST ? 'T' : '-', source->options & SELECT_REQUIRE ? 'R' : '-',
        source->reach, source->score, source->info.last_ago, source->info.low, source->info.high);
}

/* Each message comes once per source until another source is selected (discipline.md 13.7). */
static void report_mark(struct source *source)
{
    enum source_status status = source->verdict.status;
    const char *format = source_status_message(status);
    char label[ADDR_LABEL_SIZE], text[ADDR_LABEL_SIZE + SOURCE_VERDICT_SIZE];
    /* A stratum that is too low and one that is too high count as one message. */
    unsigned int bit = 1U << (status == STATUS_STRATUM_LOW ? STATUS_STRATUM_HIGH : status);

    if (!format || (source->reported & bit) != 0 || !messages_enabled(source->reg))
        return;
    /* What is wrong with the source by itself may pass. */
    if (source_status_is_bad(status) && status != STATUS_FALSETICKER && source->bad < BAD_THRESHOLD)
        return;
    snprintf(text, sizeof(text), format, source_label(source, label, sizeof(label)),
             source->verdict.limit);
    LOG(status == STATUS_SELECTED ? LOG_SEV_INFO : LOG_SEV_WARN, "%s", text);
    source->reported |= bit;
}

void source_mark(struct source *source, enum source_status status, double value, double limit)
{
    source->verdict = (struct source_verdict){status, value, limit};
    log_mark(source);

    if (source == source->reg->last_updated) {
        if (!source_status_is_bad(status))
            source->bad = 0;
        else if (source->bad < BAD_THRESHOLD)
            source->bad++;
        if (source->bad >= BAD_THRESHOLD)
            source_handle_bad(source);
    }
    report_mark(source);
}

bool source_register_report(const struct source_register *reg)
{
    char text[SOURCE_VERDICT_SIZE];

    if (!messages_enabled(reg))
        return false;
    LOG_WARN("Can't synchronise: %s", selection_verdict_format(&reg->verdict, text, sizeof(text)));
    return true;
}

void source_register_count_changes(struct source_register *reg)
{
    char label[ADDR_LABEL_SIZE], text[SOURCE_VERDICT_SIZE];

    for (int i = 0; i < reg->count; i++) {
        struct source *s = reg->sources[i];
        if (s->verdict.status == s->counted)
            continue;
        s->counted = s->verdict.status;
        reg->generation++;
        s->changes[s->counted]++;
        LOG_DEBUG("Source %s: %s", source_label(s, label, sizeof(label)),
                  source_verdict_format(&s->verdict, text, sizeof(text)));
    }
    reg->results[reg->verdict.result]++;
    LOG_DEBUG("Selection: %s", selection_verdict_format(&reg->verdict, text, sizeof(text)));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report about the past for programs: the figures as a JSON document (doc/schema/report.json),
 * and the minutes as comma-separated values.
 */
#include <inttypes.h>
#include <math.h>
#include "chronyc/past_report.h"

/* ---- JSON ---- */

static void put_period(const struct past_report *r, struct document *d)
{
    const struct past_figures *f = r->figures;

    document_text(d, "host", r->host);
    document_text(d, "file", r->path);
    document_integer(d, "made_unix_seconds", r->made);
    document_integer(d, "from_unix_seconds", f->period.from);
    document_integer(d, "to_unix_seconds", f->period.to);
    document_integer(d, "first_record_unix_seconds", f->first);
    document_integer(d, "last_record_unix_seconds", f->last);
    document_count(d, "records", f->minutes);
    document_count(d, "damaged_pages", r->history->bad_pages);
    document_count(d, "pages", r->history->pages);
    document_real(d, "limit_seconds", f->limit);
    document_integer(d, "within_limit_seconds", f->parts[PAST_WITHIN]);
    document_integer(d, "above_limit_seconds", f->parts[PAST_ABOVE]);
    document_integer(d, "unsynchronised_seconds", f->parts[PAST_NOT_SYNC]);
    document_integer(d, "missing_seconds", f->parts[PAST_MISSING]);
    document_integer(d, "longest_above_limit_seconds", f->longest_above.seconds);
    document_count(d, "gaps", f->gaps);
    document_integer(d, "longest_gap_seconds", f->longest_gap.seconds);
}

/* Instants of what did not happen are null. */
static void put_extreme(struct document *d, const char *value_key, const char *time_key,
                        const struct past_extreme *extreme)
{
    document_real(d, value_key, extreme->time > 0 ? extreme->value : NAN);
    if (extreme->time > 0)
        document_integer(d, time_key, extreme->time);
    else
        document_null(d, time_key);
}

static void put_clock(const struct past_report *r, struct document *d)
{
    const struct past_figures *f = r->figures;

    put_extreme(d, "largest_bound_seconds", "largest_bound_unix_seconds", &f->largest_bound);
    document_real(d, "median_bound_seconds", f->median_bound);
    document_real(d, "bound_95_percent_seconds", f->bound_95);
    put_extreme(d, "last_bound_seconds", "last_bound_unix_seconds", &f->last_bound);
    put_extreme(d, "largest_offset_seconds", "largest_offset_unix_seconds", &f->largest_offset);
    document_real(d, "median_offset_seconds", f->median_offset);
    document_real(d, "offset_95_percent_seconds", f->offset_95);
    document_real(d, "median_frequency_ppm", f->median_freq);
    document_real(d, "lowest_frequency_ppm", f->lowest_freq);
    document_real(d, "highest_frequency_ppm", f->highest_freq);
    document_real(d, "median_skew_ppm", f->median_skew);
    document_real(d, "lowest_temperature", f->lowest_temperature);
    document_real(d, "highest_temperature", f->highest_temperature);
    document_count(d, "steps", f->events[HISTORY_EVENT_STEP]);
    put_extreme(d, "largest_step_seconds", "largest_step_unix_seconds", &f->largest_step);
    document_count(d, "refused_updates", f->events[HISTORY_EVENT_REFUSED]);
    document_count(d, "starts", f->events[HISTORY_EVENT_START]);
    document_count(d, "unclean_ends", f->unclean_ends);
}

static void put_source(const struct past_report *r, size_t index, struct document *d)
{
    const struct history_source *source = &r->history->sources[index];
    const struct past_source_figures *s = &r->figures->sources[index];

    document_begin_item(d);
    document_text(d, "name", source->name);
    document_text(d, "address", source->address[0] != '\0' ? source->address : NULL);
    document_bool(d, "reference_clock", source->refclock);
    document_integer(d, "selected_seconds", s->selected_seconds);
    document_count(d, "samples", s->samples);
    document_count(d, "samples_selected", s->uses[PAST_USE_SELECTED]);
    document_count(d, "samples_combined", s->uses[PAST_USE_COMBINED]);
    document_count(d, "samples_selectable", s->uses[PAST_USE_SELECTABLE]);
    document_count(d, "samples_unusable", s->uses[PAST_USE_UNUSABLE]);
    document_count(d, "samples_falseticker", s->uses[PAST_USE_FALSETICKER]);
    document_real(d, "median_offset_seconds", s->median_offset);
    document_real(d, "largest_offset_seconds", s->largest_offset);
    document_real(d, "median_jitter_seconds", s->median_jitter);
    document_real(d, "median_delay_seconds", s->median_delay);
    document_real(d, "smallest_delay_seconds", s->smallest_delay);
}

static void put_event(const struct past_report *r, const struct history_event *e,
                      struct document *d)
{
    const char *source = past_source_label(r->history, e->source);

    document_begin_item(d);
    document_integer(d, "unix_seconds", e->time);
    document_text(d, "event", past_event_word(e->kind));
    document_text(d, "source", source[0] != '\0' ? source : NULL);
    document_real(d, "value", past_event_has_value(e->kind) ? e->value : NAN);
    document_text(d, "text", e->text);
}

void past_put_document(const struct past_report *r, struct document *d)
{
    const struct past_figures *f = r->figures;

    put_period(r, d);
    put_clock(r, d);
    document_begin_list(d, "sources");
    for (size_t i = 0; i < f->source_count; i++)
        if (f->sources[i].samples > 0 || f->sources[i].selected_seconds > 0)
            put_source(r, i, d);
    document_begin_list(d, "events");
    for (size_t i = 0; i < r->history->event_count; i++)
        if (past_is_inside(&f->period, r->history->events[i].time))
            put_event(r, &r->history->events[i], d);
}

/* ---- CSV ---- */

static const char *state_word(enum history_clock_state state)
{
    return state == HISTORY_SYNCHRONISED ? "synchronised"
           : state == HISTORY_LOCAL      ? "local"
                                         : "unsynchronised";
}

/* Text of the file cannot begin a field or a line. */
static void print_field(FILE *out, const char *text)
{
    for (; text[0] != '\0'; text++)
        fputc(text[0] < ' ' || text[0] > '~' || text[0] == ',' ? '?' : text[0], out);
}

void past_print_csv(const struct past_report *r, FILE *out)
{
    const struct history *h = r->history;

    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        if (!past_has_minute(&r->figures->period, m->time))
            continue;
        fprintf(out, "%" PRId64 ",%s,", m->time, state_word(m->state));
        print_field(out, past_source_label(h, m->selected));
        fprintf(out, ",%.9f,%.9f,%.3f,%.3f,", m->offset, m->bound, m->freq_ppm, m->skew_ppm);
        if (!isnan(m->temperature))
            fprintf(out, "%.3f", m->temperature);
        fputc('\n', out);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How top lays out its screen, see top.h: clock, course of its offset, server, sources, events.
 * What does not fit is cut off at the right, so that each thing keeps its line.
 */
#include "chronyc/top.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/finding.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyc/finding_text.h"
#include "chronyc/format.h"
#include "chronyc/sparkline.h"
#include "chronyc/style.h"
#include "cmdmon/message_words.h"

#define LABEL_WIDTH   9
#define NAME_WIDTH    25
#define EVENTS_SHOWN  6
#define SECONDS_A_DAY 86400

static void print_label(FILE *out, const char *label)
{
    fprintf(out, "%-*s", LABEL_WIDTH, label);
}

/* The columns of other reports have spaces in front. */
static const char *trim(const char *text)
{
    return text + strspn(text, " ");
}

static void print_duration(FILE *out, uint32_t seconds)
{
    if (seconds == UINT32_MAX)
        fputs("never", out);
    else if (seconds < 120)
        fprintf(out, "%" PRIu32 " s", seconds);
    else if (seconds < 7200)
        fprintf(out, "%" PRIu32 " min", seconds / 60);
    else if (seconds < 2 * SECONDS_A_DAY)
        fprintf(out, "%" PRIu32 " h", seconds / 3600);
    else
        fprintf(out, "%" PRIu32 " days", seconds / SECONDS_A_DAY);
}

static const struct facts_source *selected_source(const struct facts *facts)
{
    for (size_t i = 0; i < facts->source_count; i++)
        if (facts->sources[i].data.state == REPORT_SELECTED)
            return &facts->sources[i];
    return NULL;
}

static void print_state(const struct top *top, const struct top_style *style, FILE *out)
{
    const struct facts *facts = &top->facts;
    const struct facts_source *source = selected_source(facts);
    const struct report_clock *clock = facts_get(facts, NULL, FACTS_CLOCK);
    bool good = clock && clock->state == REPORT_CLOCK_SYNCHRONISED;

    print_label(out, "Clock");
    if (style->color && clock)
        fputs(style_sequence(good ? STYLE_SELECTED : STYLE_FALSETICKER), out);
    fputs(clock ? field_word(words_clock_state, clock->state)->plain : "Unknown state", out);
    if (style->color && clock)
        fputs(style_sequence(STYLE_PLAIN), out);
    if (source)
        fprintf(out, ", follows %s", source->name);
    if (facts_get(facts, NULL, FACTS_TRACKING))
        fprintf(out, ", stratum %d", facts->tracking.stratum);
    if (clock) {
        fputs(", last update ", out);
        print_duration(out, clock->last_update_ago);
        fputs(clock->last_update_ago == UINT32_MAX ? "" : " ago", out);
    }
    fputc('\n', out);
}

/* The length of the sentences of the text that fit; of all that fits if the first does not. */
static int fitting_sentences(const char *text, int room)
{
    int length = 0;

    if ((int)strlen(text) <= room)
        return room;
    for (int i = 0; i < room && text[i]; i++)
        if (text[i] == '.' && text[i + 1] == ' ')
            length = i + 1;
    return length > 0 ? length : room;
}

/* In as many lines as it takes would move everything below: so in one. */
static void print_problem(const struct top *top, const struct top_style *style, FILE *out)
{
    const struct finding_text *row = finding_text_find(top->problem.code);
    char text[FINDING_SENTENCE_SIZE];
    int room = style->columns - LABEL_WIDTH;

    if (top->problem.code == 0 || !row || room <= 0)
        return;
    print_label(out, "Problem");
    finding_text_format(row, row->sentence, &top->problem, top->now, text, sizeof(text));
    fprintf(out, "%.*s\n", fitting_sentences(text, room), text);
}

static void print_error(const struct facts *facts, FILE *out)
{
    const struct report_clock *clock = facts_get(facts, NULL, FACTS_CLOCK);

    if (clock && clock->state == REPORT_CLOCK_SYNCHRONISED) {
        print_label(out, "Error");
        fprintf(out, "at most %s, growing by %.3f ppm", trim(format_time(clock->bound).s),
                clock->bound_growth_ppm);
        fputc('\n', out);
    }
    if (!facts_get(facts, NULL, FACTS_TRACKING))
        return;
    const struct report_tracking *t = &facts->tracking;
    print_label(out, "Now");
    fprintf(out, "offset %s, ", trim(format_signed_time(0.0 - t->correction).s));
    fprintf(out, "last %s, ", trim(format_signed_time(t->last_offset).s));
    fprintf(out, "RMS %s, ", trim(format_time(t->rms_offset).s));
    fprintf(out, "frequency %.3f ppm +/- %.3f", t->freq_ppm, t->skew_ppm);
    fputc('\n', out);
}

/* The newest offsets that fit, symmetric around zero. */
static void print_course(const struct top *top, const struct top_style *style, FILE *out)
{
    int columns = clamp_int(1, style->columns - LABEL_WIDTH - 12, TOP_COURSE);
    const double *first = top->offsets + TOP_COURSE - columns;
    char line[SPARKLINE_SIZE(TOP_COURSE)];
    double largest = 0.0;

    for (int i = 0; i < columns; i++)
        if (!isnan(first[i]))
            largest = fmax(largest, fabs(first[i]));
    sparkline(first, (size_t)columns, -largest, largest, style->utf8, line, sizeof(line));
    print_label(out, "Offset");
    fprintf(out, "%s +/- %s\n", line, trim(format_time(largest).s));
}

/* ---- Server ---- */

static double per_second(uint64_t now, uint64_t before, double elapsed)
{
    return now >= before && elapsed > 0.0 ? (double)(now - before) / elapsed : 0.0;
}

static void print_rate(FILE *out, const char *name, uint64_t now, uint64_t before, double elapsed)
{
    fprintf(out, "%s %.0f/s", name, per_second(now, before, elapsed));
}

static void print_server(const struct top *top, FILE *out)
{
    const struct report_serverstats *now = facts_get(&top->facts, NULL, FACTS_SERVERSTATS);
    const struct report_serverstats *before =
        top->has_previous ? facts_get(&top->previous, NULL, FACTS_SERVERSTATS) : NULL;

    if (!now)
        return;
    print_label(out, "Server");
    if (!before) {
        fprintf(out, "NTP %" PRIu64 ", with NTS %" PRIu64 ", NTS-KE %" PRIu64 ", dropped %" PRIu64,
                now->ntp_hits, now->ntp_auth_hits, now->nts_ke_hits, now->ntp_drops);
    } else {
        double elapsed = instant_diff(top->now, top->before);

        print_rate(out, "NTP", now->ntp_hits, before->ntp_hits, elapsed);
        print_rate(out, ", authenticated", now->ntp_auth_hits, before->ntp_auth_hits, elapsed);
        print_rate(out, ", NTS-KE", now->nts_ke_hits, before->nts_ke_hits, elapsed);
        print_rate(out, ", dropped", now->ntp_drops + now->nts_ke_drops,
                   before->ntp_drops + before->nts_ke_drops, elapsed);
    }
    fputc('\n', out);
}

/* ---- Sources ---- */

/* "NTS 8": the cookies that are left; "key 12"; "-". */
static void format_auth(const struct facts *facts, const struct facts_source *s, char *buf,
                        size_t size)
{
    const struct report_authdata *auth = facts_get(facts, s, FACTS_AUTHDATA);

    if (auth && auth->mode == REPORT_AUTH_NTS)
        snprintf(buf, size, "NTS %d", auth->cookies);
    else if (auth && auth->mode == REPORT_AUTH_SYMMETRIC)
        snprintf(buf, size, "key");
    else
        snprintf(buf, size, "-");
}

/* The finding that matters most, unless it says what the state says, too. */
static const char *reason(const struct facts *facts, const struct facts_source *s)
{
    const struct report_source_counts *counts = facts_get(facts, s, FACTS_SOURCE_COUNTS);
    const char *word = counts ? finding_word(counts->finding) : NULL;

    return word && counts->severity != FINDING_GOOD ? word : "";
}

static void print_source(const struct facts *facts, const struct facts_source *s,
                         const struct top_style *style, FILE *out)
{
    const struct report_sourcestats *stats = facts_get(facts, s, FACTS_SOURCESTATS);
    const struct report_ntpdata *ntp = facts_get(facts, s, FACTS_NTPDATA);
    const struct report_source *data = &s->data;
    bool measured = data->latest_age != UINT32_MAX;
    char auth[16];

    format_auth(facts, s, auth, sizeof(auth));
    if (style->color)
        fputs(style_sequence(style_of_state(data->state)), out);
    fprintf(out, "%s%s %-*.*s", field_word(words_source_mode, data->mode)->plain,
            field_word(words_source_state, data->state)->plain, NAME_WIDTH, NAME_WIDTH, s->name);
    if (style->color)
        fputs(style_sequence(STYLE_PLAIN), out);
    fprintf(out, " %2d %4o %s %s", data->stratum, (unsigned int)data->reachability,
            format_interval(data->latest_age).s,
            measured ? format_signed_time(data->offset).s : "      -");
    fprintf(out, " %s", ntp && measured ? format_time(ntp->peer_delay).s : "     -");
    fprintf(out, " %s %-6s %s\n", stats && stats->samples > 0 ? format_time(stats->sd).s : "     -",
            auth, reason(facts, s));
}

static void print_sources(const struct top *top, const struct top_style *style, FILE *out)
{
    const struct facts *facts = &top->facts;

    fprintf(out, "\nMS %-*s St Reac Last  Offset  Delay Jitter Auth   What matters\n", NAME_WIDTH,
            "Source");
    for (size_t i = 0; i < facts->source_count; i++)
        print_source(facts, &facts->sources[i], style, out);
    if (facts->source_count == 0)
        fputs("   there are no sources\n", out);
}

/* ---- Events ---- */

static void print_events(const struct top *top, FILE *out)
{
    size_t first = top->event_count > EVENTS_SHOWN ? top->event_count - EVENTS_SHOWN : 0;

    if (top->event_count == 0)
        return;
    fputs("\nEvents\n", out);
    for (size_t i = top->event_count; i > first; i--) {
        char date[32];

        instant_format_utc(top->events[i - 1].time, date, sizeof(date));
        fprintf(out, "   %s  %s\n", date, top->events[i - 1].text);
    }
}

void top_print(const struct top *top, const struct top_style *style, FILE *out)
{
    const struct report_clock *clock = facts_get(&top->facts, NULL, FACTS_CLOCK);

    print_state(top, style, out);
    print_problem(top, style, out);
    print_error(&top->facts, out);
    print_course(top, style, out);
    print_server(top, out);
    if (clock) {
        print_label(out, "Daemon");
        fputs("running for ", out);
        print_duration(out, clock->uptime_seconds);
        fputs(clock->controlled ? "\n" : ", does not control the clock (-x)\n", out);
    }
    print_sources(top, style, out);
    print_events(top, out);
}

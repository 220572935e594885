/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain: what the daemon knows of why the clock and each source are, or are not, synchronised, in
 * sentences (chronyc.md 10.19). The findings of all subjects are fetched first. When sources or
 * states have changed meanwhile, all is fetched again, so that what is printed belongs together.
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "base/number.h"
#include "base/refid.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/finding_text.h"
#include "chronyc/format.h"
#include "chronyc/names.h"
#include "chronyc/style.h"

#define TRIES_MAX  5 /* while everything changes */
#define LINE_WIDTH 78

struct subject {
    struct report_explanation head;
    struct findings findings;
};

struct explanation {
    struct subject *subjects; /* the clock, and the sources in their order */
    size_t count;
    bool synchronised;
};

enum fetch_result { FETCH_DONE, FETCH_CHANGED, FETCH_FAILED };

/* Whether a part belongs to those that came before it. */
static bool belongs(const struct report_explanation *part, const struct subject *s, bool first)
{
    return first || (part->generation == s->head.generation && part->total == s->head.total &&
                     part->signature == s->head.signature);
}

static enum fetch_result fetch_subject(struct client *c, int32_t index, struct subject *s)
{
    struct cmd_request request = {.command = CMD_EXPLAIN, .u.explain = {.index = index}};
    union cmd_reply_body body;

    *s = (struct subject){.findings.count = 0};
    do {
        bool first = s->findings.count == 0;

        request.u.explain.first = s->findings.count;
        if (!exchange_report(c, &request, &body))
            return FETCH_FAILED;
        const struct report_explanation *part = &body.explanation;
        if (!belongs(part, s, first))
            return FETCH_CHANGED;
        if (first)
            s->head = *part;
        for (uint32_t i = 0; i < part->count && s->findings.count < FINDINGS_MAX; i++)
            s->findings.list[s->findings.count++] = part->findings[i];
        if (part->count == 0)
            break;
    } while (s->findings.count < s->head.total && s->findings.count < FINDINGS_MAX);
    return FETCH_DONE;
}

/* One by one: a daemon may say that it has more sources than there is memory for. */
static void add_subject(struct explanation *e, const struct subject *subject)
{
    e->subjects = mem_resize(e->subjects, e->count + 1, sizeof(*e->subjects));
    e->subjects[e->count++] = *subject;
}

static enum fetch_result fetch_all(struct client *c, struct explanation *e)
{
    struct subject clock, source;
    enum fetch_result result = fetch_subject(c, CMD_EXPLAIN_CLOCK, &clock);

    if (result != FETCH_DONE)
        return result;
    add_subject(e, &clock);
    e->synchronised = clock.head.synchronised;
    for (uint32_t i = 0; i < clock.head.sources && i < INT32_MAX && result == FETCH_DONE; i++) {
        result = fetch_subject(c, (int32_t)i, &source);
        if (result == FETCH_DONE && (source.head.generation != clock.head.generation ||
                                     source.head.subject == REPORT_SUBJECT_CLOCK))
            result = FETCH_CHANGED;
        if (result == FETCH_DONE)
            add_subject(e, &source);
    }
    return result;
}

/* False: the reason was printed. */
static bool fetch(struct client *c, struct explanation *e)
{
    enum fetch_result result = FETCH_CHANGED;

    for (int i = 0; i < TRIES_MAX && result == FETCH_CHANGED; i++) {
        free(e->subjects);
        *e = (struct explanation){.subjects = NULL};
        result = fetch_all(c, e);
    }
    if (result == FETCH_CHANGED)
        fprintf(c->env->err, "Sources change too quickly for an explanation, try again\n");
    return result == FETCH_DONE;
}

/* ---- Subjects ---- */

static const struct {
    const char *plain; /* for people */
    const char *word;  /* in JSON and CSV */
    enum style style;
} severities[] = {
    [FINDING_GOOD] = {"ok", "good", STYLE_SELECTED},
    [FINDING_NOTE] = {"note", "note", STYLE_PLAIN},
    [FINDING_WARNING] = {"warning", "warning", STYLE_JITTERY},
    [FINDING_ERROR] = {"problem", "error", STYLE_FALSETICKER},
};

/* The address, or the reference ID of a reference clock. */
static const char *identity(const struct report_explanation *e, char *buf, size_t size)
{
    if (e->subject == REPORT_SUBJECT_REFCLOCK)
        refid_format(e->refid, buf, size);
    else
        ip_addr_format(&e->addr, buf, size);
    return buf;
}

static const char *printable_name(const struct report_explanation *e)
{
    return text_is_graphic(e->name) ? e->name : "?";
}

static bool is_wanted(const struct report_explanation *e, const char *source)
{
    char text[NAME_TEXT_SIZE];

    return source[0] == '\0' || strcmp(source, identity(e, text, sizeof(text))) == 0 ||
           strcasecmp(source, e->name) == 0;
}

/* ---- Text ---- */

#define INDENT 11 /* of sentences, behind the severity */

static void print_finding(struct client *c, const struct report_finding *f, struct instant now)
{
    const struct finding_text *row = finding_text_find(f->code);
    enum finding_severity severity = finding_severity(f->code);
    char text[FINDING_SENTENCE_SIZE];
    FILE *out = c->env->out;

    fprintf(out, "  %s%-*s%s", c->color ? style_sequence(severities[severity].style) : "",
            INDENT - 2, severities[severity].plain, c->color ? style_sequence(STYLE_PLAIN) : "");
    if (!row) {
        snprintf(text, sizeof(text), "This client is older than the daemon: finding %u", f->code);
        print_wrapped(out, text, INDENT, LINE_WIDTH);
        return;
    }
    print_wrapped(out, finding_text_format(row, row->sentence, f, now, text, sizeof(text)), INDENT,
                  LINE_WIDTH);
    if (!row->advice)
        return;
    fprintf(out, "  %-*s", INDENT - 2, "  try");
    print_wrapped(out, finding_text_format(row, row->advice, f, now, text, sizeof(text)), INDENT,
                  LINE_WIDTH);
}

static void print_subject(struct client *c, const struct subject *s, struct instant now)
{
    const struct report_explanation *e = &s->head;
    FILE *out = c->env->out;
    char text[NAME_TEXT_SIZE];

    if (e->subject == REPORT_SUBJECT_CLOCK)
        fprintf(out, "Clock\n");
    else if (e->addr.family == IP_ID)
        fprintf(out, "%s\n", printable_name(e));
    else if (e->name[0] != '\0' && strcmp(e->name, identity(e, text, sizeof(text))) != 0)
        fprintf(out, "%s (%s)\n", text, printable_name(e));
    else
        fprintf(out, "%s\n", identity(e, text, sizeof(text)));
    for (uint32_t i = 0; i < s->findings.count; i++)
        print_finding(c, &s->findings.list[i], now);
}

/* ---- JSON ---- */

static void put_values(struct document *d, const struct finding_text *row,
                       const struct report_finding *f, struct instant now)
{
    char text[REPORT_FINDING_TEXT + 1];

    document_begin_object(d, "values");
    for (size_t i = 0; row && i < REPORT_FINDING_VALUES; i++)
        if (row->values[i].key)
            document_real(d, row->values[i].key, f->value[i]);
    if (row && row->text_key)
        document_text(d, row->text_key,
                      finding_text_format(row, "{text}", f, now, text, sizeof(text)));
}

static void put_finding(struct document *d, const struct report_explanation *e,
                        const struct report_finding *f, struct instant now)
{
    static const char *const subjects[] = {"clock", "ntp_source", "reference_clock"};
    const struct finding_text *row = finding_text_find(f->code);
    bool of_clock = e->subject == REPORT_SUBJECT_CLOCK;
    char text[FINDING_SENTENCE_SIZE];

    document_begin_row(d);
    document_text(d, "subject", e->subject < (int)COUNT(subjects) ? subjects[e->subject] : NULL);
    document_text(d, "source", of_clock ? NULL : identity(e, text, sizeof(text)));
    document_text(d, "name", e->name[0] != '\0' ? printable_name(e) : NULL);
    document_text(d, "code", finding_word(f->code));
    document_text(d, "severity", severities[finding_severity(f->code)].word);
    if (f->ago == UINT32_MAX)
        document_null(d, "age_seconds");
    else
        document_integer(d, "age_seconds", f->ago);
    document_text(d, "text",
                  row ? finding_text_format(row, row->sentence, f, now, text, sizeof(text)) : NULL);
    document_text(d, "advice",
                  row && row->advice
                      ? finding_text_format(row, row->advice, f, now, text, sizeof(text))
                      : NULL);
    put_values(d, row, f, now);
}

/* ---- CSV ---- */

/* The sentence is the last field, as it may have commas. */
static void print_csv(FILE *out, const struct report_explanation *e, const struct report_finding *f,
                      struct instant now)
{
    const struct finding_text *row = finding_text_find(f->code);
    const char *word = finding_word(f->code);
    char text[FINDING_SENTENCE_SIZE], age[16] = "-";

    if (f->ago != UINT32_MAX)
        snprintf(age, sizeof(age), "%" PRIu32, f->ago);
    fprintf(out, "%s,", e->subject == REPORT_SUBJECT_CLOCK ? "-" : identity(e, text, sizeof(text)));
    fprintf(out, "%s,%s,%s,%s\n", severities[finding_severity(f->code)].word, word ? word : "-",
            age, row ? finding_text_format(row, row->sentence, f, now, text, sizeof(text)) : "-");
}

static void show_subject(struct client *c, const struct subject *s, bool first, struct instant now)
{
    if (!c->json && !c->csv) {
        if (!first)
            fputc('\n', c->env->out);
        print_subject(c, s, now);
        return;
    }
    for (uint32_t i = 0; i < s->findings.count; i++) {
        if (c->json)
            put_finding(c->json, &s->head, &s->findings.list[i], now);
        else
            print_csv(c->env->out, &s->head, &s->findings.list[i], now);
    }
}

bool show_explain(struct client *c, char *args)
{
    struct explanation e = {.subjects = NULL};
    size_t shown = 0;

    if (!fetch(c, &e)) {
        free(e.subjects);
        return false;
    }
    struct instant now = c->env->now(c->env->ctx);
    if (c->json)
        document_begin_rows(c->json);
    for (size_t i = 0; i < e.count; i++) {
        bool of_clock = e.subjects[i].head.subject == REPORT_SUBJECT_CLOCK;

        if (of_clock ? args[0] != '\0' : !is_wanted(&e.subjects[i].head, args))
            continue;
        show_subject(c, &e.subjects[i], shown == 0, now);
        shown++;
    }
    bool synchronised = e.synchronised;
    free(e.subjects);
    if (shown == 0)
        fprintf(c->env->err, "No source has the name, address or reference ID %s\n", args);
    return shown > 0 && synchronised;
}

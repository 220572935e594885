/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command top, see top.h: asks for the facts of metrics/ in each round and compares them with
 * those before.
 */
#include "chronyc/top.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/reports.h"
#include "chronyc/watch.h"
#include "cmdmon/message_words.h"

#define DEFAULT_INTERVAL 1.0
#define MIN_INTERVAL     0.1
#define DEFAULT_COLUMNS  80

/* ---- What has changed ---- */

static void add_event(struct top *top, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_event(struct top *top, const char *format, ...)
{
    va_list args;

    if (top->event_count == TOP_EVENTS)
        memmove(top->events, top->events + 1, --top->event_count * sizeof(*top->events));
    struct top_event *event = &top->events[top->event_count++];
    event->time = top->now;
    va_start(args, format);
    vsnprintf(event->text, sizeof(event->text), format, args);
    va_end(args);
}

static const struct facts_source *find_source(const struct facts *facts, const char *address)
{
    for (size_t i = 0; i < facts->source_count; i++)
        if (strcmp(facts->sources[i].address, address) == 0)
            return &facts->sources[i];
    return NULL;
}

static void compare_source(struct top *top, const struct facts_source *now)
{
    const struct facts_source *before = find_source(&top->previous, now->address);

    if (!before)
        add_event(top, "%s was added", now->name);
    else if (before->data.state != now->data.state)
        add_event(top, "%s: %s", now->name, field_word(words_source_state, now->data.state)->json);
}

static void compare_clock(struct top *top)
{
    const struct report_clock *now = &top->facts.clock, *before = &top->previous.clock;

    if (!facts_get(&top->facts, NULL, FACTS_CLOCK) || !facts_get(&top->previous, NULL, FACTS_CLOCK))
        return;
    if (now->uptime_seconds < before->uptime_seconds)
        add_event(top, "the daemon was started again");
    if (now->state != before->state)
        add_event(top, "the clock: %s", field_word(words_clock_state, now->state)->plain);
    if (now->steps > before->steps)
        add_event(top, "the clock was stepped by %+.6f s", now->last_step);
    if (now->refusals > before->refusals)
        add_event(top, "an update of the clock was refused (maxchange)");
}

static void compare(struct top *top)
{
    compare_clock(top);
    for (size_t i = 0; i < top->facts.source_count; i++)
        compare_source(top, &top->facts.sources[i]);
    for (size_t i = 0; i < top->previous.source_count; i++)
        if (!find_source(&top->facts, top->previous.sources[i].address))
            add_event(top, "%s was removed", top->previous.sources[i].name);
}

static void note_offset(struct top *top)
{
    const struct facts *facts = &top->facts;

    memmove(top->offsets, top->offsets + 1, (TOP_COURSE - 1) * sizeof(*top->offsets));
    top->offsets[TOP_COURSE - 1] =
        facts_get(facts, NULL, FACTS_TRACKING) ? -facts->tracking.correction : (double)NAN;
}

void top_update(struct top *top, struct facts *facts, struct instant now)
{
    top->has_previous = top->rounds > 0;
    facts_free(&top->previous);
    top->previous = top->facts;
    top->before = top->now;
    top->facts = *facts;
    top->now = now;
    if (top->rounds == 0)
        for (size_t i = 0; i < TOP_COURSE; i++)
            top->offsets[i] = (double)NAN;
    top->rounds++;
    note_offset(top);
    if (top->has_previous)
        compare(top);
}

void top_free(struct top *top)
{
    facts_free(&top->facts);
    facts_free(&top->previous);
}

/* ---- The command ---- */

/* The first problem of the clock that is more than the fact itself. */
static struct report_finding find_problem(struct client *c)
{
    struct cmd_request request = {.command = CMD_EXPLAIN,
                                  .u.explain = {.index = CMD_EXPLAIN_CLOCK}};
    enum cmd_status status;
    union cmd_reply_body body;

    if (!exchange_quiet(c, &request, &status, &body) || status != CMD_STATUS_SUCCESS)
        return (struct report_finding){0};
    for (uint32_t i = 0; i < body.explanation.count; i++) {
        const struct report_finding *finding = &body.explanation.findings[i];

        if (finding->code != FINDING_NOT_SYNCHRONISED &&
            finding_severity(finding->code) == FINDING_ERROR)
            return *finding;
    }
    return (struct report_finding){0};
}

static bool print_top(struct client *c, void *arg)
{
    const struct environment *env = c->env;
    struct top_style style = {c->color, env->utf8, DEFAULT_COLUMNS};
    struct top *top = arg;
    struct facts facts;
    int rows;

    if (env->terminal)
        env->screen_size(env->ctx, &rows, &style.columns);
    if (!facts_collect(&facts, exchange_metrics, c)) {
        fprintf(env->err, "506 Cannot talk to daemon\n");
        return false;
    }
    top_update(top, &facts, env->now(env->ctx));
    top->problem = find_problem(c);
    top_print(top, &style, env->out);
    return true;
}

bool show_top(struct client *c, char *args)
{
    double interval = DEFAULT_INTERVAL;
    size_t used;

    if (args[0] != '\0' && (!text_scan_double(args, &interval, &used) || args[used] != '\0')) {
        fprintf(c->env->err, "Invalid interval %s\n", args);
        return false;
    }
    struct top *top = mem_alloc(sizeof(*top));
    struct watched watched = {
        .title = "top",
        .interval = interval >= MIN_INTERVAL ? interval : MIN_INTERVAL,
        .print = print_top,
        .arg = top,
    };
    /* A pipe gets one screen. */
    bool result = c->env->terminal && !c->json ? watch_show(c, &watched) : print_top(c, top);
    top_free(top);
    free(top);
    return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what a history file holds, for tests and for looking at one:
 *
 * history_client FILE           numbers of records and pages, then each event
 * history_client FILE all       also sources, minutes and samples
 *
 * Exit status 1: it cannot be read, or is none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "history/reader.h"

static const char *const kinds[HISTORY_EVENT_KINDS] = {
    [HISTORY_EVENT_START] = "start",
    [HISTORY_EVENT_END] = "end",
    [HISTORY_EVENT_GAP] = "gap",
    [HISTORY_EVENT_STEP] = "step",
    [HISTORY_EVENT_SELECTED] = "selected",
    [HISTORY_EVENT_UNSELECTED] = "unselected",
    [HISTORY_EVENT_REFUSED] = "refused",
    [HISTORY_EVENT_STATE] = "state",
    [HISTORY_EVENT_CERTIFICATE] = "certificate",
    [HISTORY_EVENT_RESTART] = "restart",
    [HISTORY_EVENT_NETWORK] = "network",
    [HISTORY_EVENT_SUSPEND] = "suspend",
    [HISTORY_EVENT_LEAP] = "leap",
};

static const char *source_name(const struct history *h, int source)
{
    return source == HISTORY_NO_SOURCE ? "-" : h->sources[source].name;
}

static void print_events(const struct history *h)
{
    for (size_t i = 0; i < h->event_count; i++) {
        const struct history_event *e = &h->events[i];

        printf("event %" PRId64 " %s %s %.6g %s\n", e->time, kinds[e->kind],
               source_name(h, e->source), e->value, e->text);
    }
}

static void print_all(const struct history *h)
{
    for (size_t i = 0; i < h->source_count; i++)
        printf("source %s %s%s\n", h->sources[i].name, h->sources[i].address,
               h->sources[i].refclock ? "(reference clock)" : "");
    for (size_t i = 0; i < h->minute_count; i++) {
        const struct history_minute *m = &h->minutes[i];

        printf("minute %" PRId64 " %d %s %.9f %.9f %.6f %.6f %g\n", m->time, (int)m->state,
               source_name(h, m->selected), m->offset, m->bound, m->freq_ppm, m->skew_ppm,
               m->temperature);
    }
    for (size_t i = 0; i < h->sample_count; i++) {
        const struct history_sample *s = &h->samples[i];

        printf("sample %" PRId64 " %s %c %.9f %.9f %.9f\n", s->time, source_name(h, s->source),
               s->state, s->offset, s->delay, s->jitter);
    }
}

int main(int argc, char **argv)
{
    struct history h;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "Usage: history_client FILE [all]\n");
        return 2;
    }
    enum history_result result = history_load(argv[1], NULL, &h);
    if (result != HISTORY_READ) {
        fprintf(stderr, "history_client: %s cannot be read (%d)\n", argv[1], (int)result);
        return 1;
    }
    printf("pages %zu bad %zu empty %zu minutes %zu samples %zu sources %zu\n", h.pages,
           h.bad_pages, h.empty_pages, h.minute_count, h.sample_count, h.source_count);
    print_events(&h);
    if (argc == 3)
        print_all(&h);
    history_free(&h);
    return 0;
}

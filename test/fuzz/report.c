/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports about the past, of whatever a history file can hold: any times, numbers and texts. Text,
 * page and CSV are made of it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyc/past_report.h"
#include "history/page.h"
#include "test/fuzz/support.h"

#define SOURCES 3

struct input {
    const uint8_t *data;
    size_t size;
};

static void take(struct input *in, void *value, size_t size)
{
    size_t taken = in->size < size ? in->size : size;

    memset(value, 0, size);
    memcpy(value, in->data, taken);
    in->data += taken;
    in->size -= taken;
}

static uint8_t take_octet(struct input *in)
{
    uint8_t octet;

    take(in, &octet, 1);
    return octet;
}

static int64_t take_time(struct input *in)
{
    uint64_t time;

    /* Close to the last one mostly, as in a file that was not made up. */
    take(in, &time, take_octet(in) % 16 == 0 ? 8 : 2);
    return (int64_t)(time % (uint64_t)HISTORY_MAX_TIME);
}

/* The numbers of the file have this range. */
static double take_number(struct input *in)
{
    float number;

    take(in, &number, sizeof(number));
    return isfinite(number) ? clamp(-8.6e9, number, 8.6e9) : 0.0;
}

static int take_source(struct input *in)
{
    return take_octet(in) % (SOURCES + 1) - 1;
}

static void take_record(struct input *in, struct history *h)
{
    static const char states[] = "*+x?-~";
    struct history_event *e = &h->events[h->event_count];

    switch (take_octet(in) % 3) {
    case 0:
        h->minutes[h->minute_count++] =
            (struct history_minute){.time = take_time(in),
                                    .state = (enum history_clock_state)(take_octet(in) % 3),
                                    .selected = take_source(in),
                                    .offset = take_number(in),
                                    .bound = take_number(in),
                                    .freq_ppm = take_number(in),
                                    .skew_ppm = take_number(in),
                                    .temperature = take_octet(in) % 2 == 0 ? take_number(in) : NAN};
        break;
    case 1:
        h->samples[h->sample_count++] = (struct history_sample){
            take_time(in),   take_octet(in) % SOURCES, states[take_octet(in) % 6],
            take_number(in), take_number(in),          take_number(in)};
        break;
    default:
        *e = (struct history_event){
            .time = take_time(in),
            .kind = (enum history_event_kind)(take_octet(in) % HISTORY_EVENT_KINDS),
            .source = take_source(in),
            .value = take_number(in)};
        take(in, e->text, take_octet(in) % (sizeof(e->text) - 1));
        h->event_count++;
        break;
    }
}

static int compare_times(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static void report(const struct history *h, struct past_period period, double limit)
{
    struct past_figures figures = past_figures_make(h, period, limit);
    const struct past_report r = {h, &figures, "host", "/history", "1", FUZZ_TIME, true};
    FILE *out = fopen("/dev/null", "w");
    int64_t sum = 0;

    for (int part = 0; part < PAST_PARTS; part++) {
        assert(figures.parts[part] >= 0);
        sum += figures.parts[part];
    }
    assert(sum == period.to - period.from);
    past_print_text(&r, true, out);
    past_print_csv(&r, out);
    if (figures.minutes > 0)
        past_print_page(&r, out);
    fclose(out);
    past_figures_free(&figures);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct history_source sources[SOURCES] = {{.name = "a"}, {.name = "b<\"", .address = "::1"}};
    struct history h = {.minutes = mem_array(size + 1, sizeof(*h.minutes)),
                        .samples = mem_array(size + 1, sizeof(*h.samples)),
                        .events = mem_array(size + 1, sizeof(*h.events)),
                        .sources = sources,
                        .source_count = SOURCES};
    double limit = fabs(take_number(&in)) + 1e-9;
    int64_t from = take_time(&in), length = take_time(&in) + 1;

    take(&in, sources[2].name, sizeof(sources[2].name) - 1);
    while (in.size > 0)
        take_record(&in, &h);
    qsort(h.minutes, h.minute_count, sizeof(*h.minutes), compare_times);
    qsort(h.samples, h.sample_count, sizeof(*h.samples), compare_times);
    qsort(h.events, h.event_count, sizeof(*h.events), compare_times);
    report(&h, (struct past_period){from, from + length}, limit);
    free(h.minutes);
    free(h.samples);
    free(h.events);
    return 0;
}

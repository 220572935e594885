/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a history file of a made-up clock, to look at what reports make of it:
 *
 * history_writer FILE DAYS [SOURCES [END]]
 *
 * END: seconds since 1970 at which the history ends (now). The same arguments give the same
 * figures: a clock that follows a daily temperature, four sources unless said otherwise with
 * different delays, the second of which is a falseticker for some hours each third day, and the
 * last one a reference clock; once a week a restart with a gap, a suspended machine, a network that
 * is away, a refused update, a step, a new certificate.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/text.h"
#include "history/file.h"
#include "history/page.h"

#define MAX_SOURCES 50
#define DAY         86400

struct made_up {
    FILE *file;
    struct history_page page;
    int source_count;
    struct history_source sources[MAX_SOURCES];
    char states[MAX_SOURCES];
    int selected; /* HISTORY_NO_SOURCE: none */
    uint64_t random;
};

/* Gaussian, of standard deviation 1. */
static double noise(struct made_up *m)
{
    double sum = -6.0;

    for (int i = 0; i < 12; i++) {
        m->random = m->random * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(m->random >> 11) / 9007199254740992.0;
    }
    return sum;
}

static void put_page(struct made_up *m)
{
    long place = (long)history_file_place(m->page.sequence, HISTORY_MAX_PAGES) * HISTORY_PAGE_SIZE;

    if (fseek(m->file, place, SEEK_SET) != 0 ||
        fwrite(m->page.octets, HISTORY_PAGE_SIZE, 1, m->file) != 1) {
        perror("history_writer");
        exit(1);
    }
}

static void add(struct made_up *m, const struct history_record *record, int source)
{
    const struct history_source *identity = source < 0 ? NULL : &m->sources[source];

    if (history_page_add(&m->page, record, identity))
        return;
    history_page_check(&m->page);
    put_page(m);
    history_page_begin(&m->page, m->page.sequence + 1, record->u.event.time);
    history_page_add(&m->page, record, identity);
}

static void add_event(struct made_up *m, int64_t time, enum history_event_kind kind, int source,
                      double value, const char *text)
{
    struct history_record record = {
        .kind = HISTORY_RECORD_EVENT,
        .u.event = {.time = time, .kind = kind, .value = value},
    };

    text_copy(record.u.event.text, sizeof(record.u.event.text), text);
    add(m, &record, source);
}

static double temperature_at(int64_t time)
{
    return 42.0 + 4.0 * sin(2.0 * M_PI * (double)(time % DAY) / DAY) +
           1.5 * sin(2.0 * M_PI * (double)(time % (5 * DAY)) / (5.0 * DAY));
}

/* ---- Records ---- */

static void add_minute(struct made_up *m, int64_t time)
{
    double temperature = temperature_at(time);
    struct history_record record = {
        .kind = HISTORY_RECORD_MINUTE,
        .u.minute =
            {
                .time = time,
                .state = m->selected < 0 ? HISTORY_UNSYNCHRONISED : HISTORY_SYNCHRONISED,
                .offset = 6e-6 * noise(m),
                .bound = 2.1e-3 + 4e-4 * (double)(time % 512) / 512.0,
                .freq_ppm = -13.2 - 0.035 * (temperature - 42.0) + 0.002 * noise(m),
                .skew_ppm = 0.015 + 0.003 * fabs(noise(m)),
                .temperature = round(temperature * 8.0) / 8.0,
            },
    };

    if (m->selected < 0)
        record.u.minute.bound = 0.5 + 1e-3 * (double)(time % 3600);
    add(m, &record, m->selected);
}

static char state_at(const struct made_up *m, int source, int64_t time)
{
    if (source == 1 && time / DAY % 3 == 0 && time % DAY > 36000 && time % DAY < 50000)
        return 'x';
    if (m->selected < 0)
        return '?';
    return source == m->selected ? '*' : source == m->source_count - 1 ? 'D' : '+';
}

static void add_sample(struct made_up *m, int64_t time, int source)
{
    double jitter = m->sources[source].refclock ? 3e-7 : 4e-6 * (1 + source);
    double base = m->sources[source].refclock ? 0.0 : 2e-3 * (1 + source * source);
    double queue = fabs(noise(m)) * jitter;
    char state = state_at(m, source, time);
    struct history_record record = {
        .kind = HISTORY_RECORD_SAMPLE,
        .u.sample =
            {
                .time = time,
                .state = state,
                .offset = (state == 'x' ? 0.035 : 8e-6 * source) + queue * noise(m),
                .delay = base + queue,
                .jitter = jitter * (1.0 + 0.1 * noise(m)),
            },
    };

    if (state == 'x' && m->states[source] != 'x')
        add_event(m, time, HISTORY_EVENT_STATE, source, 0.0, "falseticker");
    else if (state != 'x' && m->states[source] == 'x')
        add_event(m, time, HISTORY_EVENT_STATE, source, 0.0, "combined");
    m->states[source] = state;
    add(m, &record, source);
}

static void select_source(struct made_up *m, int64_t time, int source)
{
    if (source < 0)
        add_event(m, time, HISTORY_EVENT_UNSELECTED, HISTORY_NO_SOURCE, 0.0,
                  "No source is reachable");
    else
        add_event(m, time, HISTORY_EVENT_SELECTED, source, 0.0, "");
    m->selected = source;
}

/* What happens at some minutes of the week. Seconds for which nothing is written. */
static int64_t happen(struct made_up *m, int64_t time, int64_t minute)
{
    switch (minute % (7 * 1440)) {
    case 700:
        add_event(m, time, HISTORY_EVENT_REFUSED, HISTORY_NO_SOURCE, 12.5,
                  "the offset is above maxchange");
        return 0;
    case 1500:
        add_event(m, time, HISTORY_EVENT_END, HISTORY_NO_SOURCE, 0.0, "");
        add_event(m, time + 780, HISTORY_EVENT_START, HISTORY_NO_SOURCE, 0.0, "made-up");
        add_event(m, time + 790, HISTORY_EVENT_STEP, HISTORY_NO_SOURCE, -0.25, "");
        select_source(m, time + 800, 0);
        return 780;
    case 3000:
        add_event(m, time, HISTORY_EVENT_NETWORK, HISTORY_NO_SOURCE, 0.0, "");
        select_source(m, time + 5, HISTORY_NO_SOURCE);
        return 0;
    case 3090:
        add_event(m, time, HISTORY_EVENT_NETWORK, HISTORY_NO_SOURCE, 1.0, "");
        select_source(m, time + 5, 0);
        return 0;
    case 5000:
        add_event(m, time + 8 * 3600, HISTORY_EVENT_SUSPEND, HISTORY_NO_SOURCE, 8 * 3600, "");
        return 8 * 3600;
    case 7000:
        add_event(m, time, HISTORY_EVENT_CERTIFICATE, HISTORY_NO_SOURCE, 0.0, "renewed");
        add_event(m, time, HISTORY_EVENT_RESTART, HISTORY_NO_SOURCE, 0.0, "key establishment");
        return 0;
    default:
        if (minute % 2000 == 1900)
            select_source(m, time, m->selected == 0 && m->source_count > 2 ? 2 : 0);
        return 0;
    }
}

static void make_sources(struct made_up *m)
{
    for (int i = 0; i < m->source_count; i++) {
        struct history_source *source = &m->sources[i];

        source->refclock = i > 0 && i == m->source_count - 1;
        m->states[i] = '?';
        if (source->refclock) {
            text_copy(source->name, sizeof(source->name), "PPS0");
            continue;
        }
        snprintf(source->name, sizeof(source->name), "ntp%d.example.net", i + 1);
        snprintf(source->address, sizeof(source->address), "192.0.2.%d", i + 1);
    }
}

int main(int argc, char **argv)
{
    static struct made_up m;
    uint8_t header[HISTORY_PAGE_SIZE];

    if (argc < 3 || argc > 5) {
        fprintf(stderr, "Usage: history_writer FILE DAYS [SOURCES [END]]\n");
        return 2;
    }
    int64_t minutes = (int64_t)(atof(argv[2]) * 1440.0);
    int64_t end = argc > 4 ? atoll(argv[4]) : (int64_t)time(NULL);
    m.source_count = argc > 3 ? atoi(argv[3]) : 4;
    m.file = fopen(argv[1], "w");
    if (!m.file || m.source_count < 1 || m.source_count > MAX_SOURCES) {
        fprintf(stderr, "history_writer: cannot write this\n");
        return 1;
    }
    make_sources(&m);
    history_file_header(header, HISTORY_MAX_PAGES);
    fwrite(header, sizeof(header), 1, m.file);
    int64_t start = end / 60 * 60 - minutes * 60, quiet_until = start;
    history_page_begin(&m.page, 0, start);
    add_event(&m, start, HISTORY_EVENT_START, HISTORY_NO_SOURCE, 0.0, "made-up");
    select_source(&m, start + 10, 0);
    for (int64_t i = 0; i < minutes; i++) {
        int64_t now = start + i * 60;

        if (now < quiet_until)
            continue;
        quiet_until = now + happen(&m, now, i);
        if (now < quiet_until)
            continue;
        for (int k = 0; k < m.source_count && m.selected >= 0; k++)
            if ((i + k) % (m.sources[k].refclock ? 1 : 4 + k) == 0)
                add_sample(&m, now + 7 * k % 50, k);
        add_minute(&m, now + 59);
        history_page_check(&m.page);
    }
    put_page(&m);
    return fclose(m.file) == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of leap second data (discipline.md 17.1, system.md 9). Owns the answer for the last
 * half day. It decides nothing: whether a leap second is believed is the business of
 * clock/leap.c.
 */
#include "clock/leap_data.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "base/sync_status.h"

#define HALF_DAY          43200
#define DAY               86400
#define SECONDS_1900_1970 2208988800LL
#define MIN_TAI_OFFSET    10 /* before the first leap second */
#define LIST_LINE_SIZE    1024

struct leap_data {
    struct world *world;
    const char *list, *zone;
    bool failed;  /* the last reading of the list */
    int64_t when; /* half day of the cached answer; 0: none */
    struct leap_day day;
};

/* ---- Time zone ---- */

static struct leap_day read_zone(struct leap_data *d, const char *zone, int64_t time)
{
    const struct world *w = d->world;
    struct leap_day day = {.leap = LEAP_NORMAL};
    time_t t = (time_t)time;
    struct tm fields;
    int64_t seconds;

    if (!w->ops->zone_time || !gmtime_r(&t, &fields))
        return day;
    if (w->ops->zone_time(w->ctx, zone, &fields, &seconds) && seconds >= time &&
        seconds - time < DAY)
        day.tai_offset = (int)(seconds - time) + MIN_TAI_OFFSET;

    /* 23:59:60: a leap second, or else the first second of the next day. */
    if (!gmtime_r(&t, &fields))
        return day;
    fields.tm_hour = 23;
    fields.tm_min = 59;
    fields.tm_sec = 60;
    if (!w->ops->zone_time(w->ctx, zone, &fields, &seconds))
        return day;
    if (fields.tm_sec == 60)
        day.leap = LEAP_INSERT;
    else if (fields.tm_sec == 1)
        day.leap = LEAP_DELETE;
    return day;
}

/* ---- List ---- */

struct list {
    int64_t midnight; /* seconds since 1900 of the end of the day that is looked for */
    int64_t updated, expires;
    int previous;
    struct leap_day day;
};

static bool parse_number(const char **text, int64_t *value)
{
    char *end;

    *value = strtoll(*text, &end, 10);
    if (end == *text)
        return false;
    *text = end;
    return true;
}

static bool parse_line(struct list *l, const char *line)
{
    int64_t time, offset;

    if (line[strspn(line, " \t\r\n\v\f")] == '\0')
        return true;
    if (line[0] == '#') {
        const char *number = line + 2;

        if (line[1] == '$')
            return parse_number(&number, &l->updated);
        if (line[1] == '@')
            return parse_number(&number, &l->expires);
        return true;
    }
    if (!parse_number(&line, &time) || !parse_number(&line, &offset) || offset < -DAY ||
        offset > DAY)
        return false;

    if (l->midnight == time) {
        if (offset > l->previous)
            l->day.leap = LEAP_INSERT;
        else if (offset < l->previous)
            l->day.leap = LEAP_DELETE;
        l->day.tai_offset = l->previous;
    } else if (l->midnight > time) {
        l->day.tai_offset = (int)offset;
    }
    l->previous = (int)offset;
    return true;
}

static bool parse_list(struct list *l, FILE *stream)
{
    char line[LIST_LINE_SIZE];

    while (fgets(line, sizeof(line), stream)) {
        if (!parse_line(l, line))
            return false;
    }
    return !ferror(stream) && feof(stream) && l->updated != 0 && l->expires != 0;
}

static void report_failure(struct leap_data *d, const char *step, const char *path,
                           const char *reason)
{
    if (!d->failed)
        LOG_ERROR("Failed to %s leap seconds list %s%s%s", step, path, reason[0] ? " : " : "",
                  reason);
    d->failed = true;
}

static struct leap_day read_list(struct leap_data *d, const char *path, int64_t time)
{
    struct list l = {
        .midnight = (time / DAY + 1) * DAY + SECONDS_1900_1970,
        .previous = MIN_TAI_OFFSET,
        .day = {.leap = LEAP_NORMAL},
    };
    FILE *stream = d->world->ops->file_read(d->world->ctx, path);

    if (!stream) {
        report_failure(d, "open", path, errno == ENOENT ? "" : text_errno(errno));
        return l.day;
    }
    if (!parse_list(&l, stream)) {
        report_failure(d, "parse", path, "");
        l.day = (struct leap_day){.leap = LEAP_NORMAL};
    } else {
        if (d->failed)
            LOG_INFO("Leap second list %s works again", path);
        d->failed = false;
        if (l.midnight >= l.expires)
            LOG_WARN("Leap second list %s needs update", path);
    }
    fclose(stream);
    return l.day;
}

/* ---- Both ---- */

/* Whether a source knows about the leap second of June 2012. */
static bool is_usable(struct leap_data *d,
                      struct leap_day (*read)(struct leap_data *, const char *, int64_t),
                      const char *source)
{
    static const struct {
        int64_t time;
        struct leap_day day;
    } known[] = {
        {1341014400, {LEAP_INSERT, 34}}, /* 2012-06-30 */
        {1356912000, {LEAP_NORMAL, 35}}, /* 2012-12-31 */
    };

    for (size_t i = 0; i < COUNT(known); i++) {
        struct leap_day day = read(d, source, known[i].time);

        if (day.leap != known[i].day.leap || day.tai_offset != known[i].day.tai_offset)
            return false;
    }
    return true;
}

struct leap_data *leap_data_new(struct world *world, const char *list, const char *zone)
{
    struct leap_data *d = mem_alloc(sizeof(*d));

    d->world = world;
    if (zone && is_usable(d, read_zone, zone))
        d->zone = zone;
    else if (zone)
        LOG_WARN("Timezone %s failed leap second check, ignoring", zone);
    if (list && is_usable(d, read_list, list))
        d->list = list;
    else if (list)
        LOG_WARN("Leap second list %s failed check, ignoring", list);

    if (d->list)
        LOG_INFO("Using leap second list %s", d->list);
    else if (d->zone)
        LOG_INFO("Using %s timezone to obtain leap second data", d->zone);
    return d;
}

void leap_data_free(struct leap_data *d)
{
    free(d);
}

struct leap_day leap_data_get(struct leap_data *d, int64_t time)
{
    int64_t when = time - time % HALF_DAY;

    if (!d->list && !d->zone)
        return (struct leap_day){.leap = LEAP_NORMAL};
    if (when != d->when) {
        d->day = d->list ? read_list(d, d->list, when) : read_zone(d, d->zone, when);
        d->when = when;
    }
    return d->day;
}

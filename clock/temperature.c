/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Temperature compensation (discipline.md 22). Owns the points of compensation and the timer. A
 * reading that fails or is out of reason changes nothing.
 */
#include "clock/temperature.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

#define MAX_COMPENSATION 10.0 /* ppm */
#define LINE_SIZE        256

struct point {
    double temperature, comp_ppm;
};

/* A failing sensor is reported when it begins to fail, not with every reading. */
enum trouble { TROUBLE_NONE, TROUBLE_SENSOR, TROUBLE_LIMIT };

struct temperature {
    struct temperature_env env;
    struct tempcomp_conf conf;
    struct point *points; /* NULL: the function */
    size_t count;
    timer_id timer;
    enum trouble trouble;
};

static bool parse_point(const char *line, struct point *point)
{
    size_t used;

    if (!text_scan_double(line, &point->temperature, &used))
        return false;
    return text_scan_double(line + used, &point->comp_ppm, &used) && isfinite(point->temperature) &&
           isfinite(point->comp_ppm);
}

static void read_points(struct temperature *t, const char *path)
{
    FILE *stream = t->env.world->ops->file_read(t->env.world->ctx, path);
    char line[LINE_SIZE];

    if (!stream)
        LOG_FATAL("Could not open %s : %s", path, text_errno(errno));
    while (fgets(line, sizeof(line), stream)) {
        struct point point;

        if (!parse_point(line, &point) ||
            (t->count > 0 && !(point.temperature > t->points[t->count - 1].temperature)))
            LOG_FATAL("Could not read tempcomp point from %s", path);
        t->points = mem_resize(t->points, t->count + 1, sizeof(*t->points));
        t->points[t->count++] = point;
    }
    fclose(stream);
    if (t->count < 2)
        LOG_FATAL("Not enough points in %s", path);
}

/* Between or beyond two points. */
static double interpolate(const struct temperature *t, double temperature)
{
    size_t upper = 1;

    while (upper < t->count - 1 && t->points[upper].temperature < temperature)
        upper++;
    const struct point *a = &t->points[upper - 1];
    const struct point *b = &t->points[upper];
    return a->comp_ppm + (temperature - a->temperature) * (b->comp_ppm - a->comp_ppm) /
                             (b->temperature - a->temperature);
}

static double compensation(const struct temperature *t, double temperature)
{
    const struct tempcomp_conf *c = &t->conf;
    double difference = temperature - c->t0;

    if (t->points)
        return interpolate(t, temperature);
    return c->k0 + difference * c->k1 + difference * difference * c->k2;
}

bool temperature_read(struct world *world, const char *path, double *temperature)
{
    FILE *stream = world->ops->file_read(world->ctx, path);

    if (!stream)
        return false;
    bool found = fscanf(stream, "%lf", temperature) == 1 && isfinite(*temperature);
    fclose(stream);
    return found;
}

/* Whether this kind of trouble was not reported yet. */
static bool is_news(struct temperature *t, enum trouble trouble)
{
    bool news = t->trouble != trouble;

    t->trouble = trouble;
    return news;
}

static void compensate(struct temperature *t)
{
    double temperature;
    char date[32];

    if (!temperature_read(t->env.world, t->conf.file, &temperature)) {
        if (is_news(t, TROUBLE_SENSOR))
            LOG_WARN("Could not read temperature from %s", t->conf.file);
        return;
    }
    double comp_ppm = compensation(t, temperature);
    if (!(fabs(comp_ppm) <= MAX_COMPENSATION)) {
        if (is_news(t, TROUBLE_LIMIT))
            LOG_WARN("Temperature compensation of %.3f ppm exceeds sanity limit of %.1f", comp_ppm,
                     MAX_COMPENSATION);
        return;
    }
    if (is_news(t, TROUBLE_NONE))
        LOG_INFO("Temperature compensation with %s works again", t->conf.file);
    comp_ppm = local_clock_set_temperature_compensation(t->env.clock, comp_ppm);
    if (!measurement_log_enabled(t->env.log, MLOG_TEMPCOMP))
        return;
    instant_format_utc(local_clock_now(t->env.clock, NULL).i, date, sizeof(date));
    measurement_log_write(t->env.log, MLOG_TEMPCOMP, "%s %11.4e %11.4e", date, temperature,
                          comp_ppm);
}

static void on_timer(void *arg)
{
    struct temperature *t = arg;

    compensate(t);
    t->timer = loop_timer_add(t->env.loop, t->conf.interval, on_timer, t);
}

struct temperature *temperature_new(const struct temperature_env *env,
                                    const struct tempcomp_conf *conf)
{
    if (!conf->file)
        return NULL;
    struct temperature *t = mem_alloc(sizeof(*t));
    t->env = *env;
    t->conf = *conf;
    if (conf->points_file)
        read_points(t, conf->points_file);
    on_timer(t);
    return t;
}

void temperature_free(struct temperature *t)
{
    if (!t)
        return;
    loop_timer_cancel(t->env.loop, t->timer);
    free(t->points);
    free(t);
}

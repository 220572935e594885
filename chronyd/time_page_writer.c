/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of time pages. The clock tells it when a change begins and when everybody knows of it.
 * In between the pages keep what they had: cooked time goes on as before by CLOCK_MONOTONIC, which
 * nobody steps, but its frequency may change at any moment, so the pages say since when.
 */
#include "chronyd/time_page_writer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include "base/text.h"

#define NS        1.0e9
#define RATE_UNIT 4294967296.0 /* of rates in the page */
/* Bounds that are larger, or grow faster, say nothing. */
#define MAX_BOUND  1.0e6 /* seconds */
#define MAX_GROWTH 0.25
/* Two clocks are read one after the other: the fewer nanoseconds between, the better. */
#define PAIR_TRIES   5
#define PAIR_GOOD_NS 200
/* Beyond what the readings are apart. */
#define STEP_TOLERANCE 1.0e-6 /* seconds */
/* A step that is not corrected after so many corrections was right, as after the machine slept. */
#define MAX_CORRECTIONS 16
/* Whole nanoseconds, and rates in whole units over TIME_PAGE_VALIDITY. */
#define ROUNDING_NS 4.0

struct time_page_writer {
    struct time_page_source source;
    struct time_page *pages[TIME_PAGES_MAX];
    int count;
    struct time_page_content content;
    void (*listener)(const struct time_page_content *content, void *arg); /* NULL: none */
    void *listener_arg;
    timer_id timer;
    double difference; /* raw - monotonic time at the last reading of both */
    double gap;        /* of that reading */
    int corrections;   /* since the last change of: */
    double shift;      /* seconds by which somebody else has moved the clock, not corrected yet */
};

/* A reading of the raw clock and of the monotonic clock at the same time. */
struct reading {
    struct raw_time raw;
    struct mono_time mono; /* by gap / 2 seconds or less too early or too late */
    double gap;
};

static struct reading read_clocks(const struct world *world)
{
    struct reading best = {.gap = HUGE_VAL};

    for (int i = 0; i < PAIR_TRIES && !(best.gap * NS <= PAIR_GOOD_NS); i++) {
        struct mono_time before = world_mono_now(world);
        struct raw_time raw = world_raw_now(world);
        double gap = mono_diff(world_mono_now(world), before);

        if (i == 0 || gap < best.gap)
            best = (struct reading){raw, mono_add(before, 0.5 * gap), gap};
    }
    return best;
}

/* The difference of the two clocks changes only when somebody steps the raw one. Before the daemon
   has corrected a step by somebody else, served time is wrong by that, which the reference does not
   know. Its own steps, and those of the kernel at a leap second, are no errors. */
static void watch_steps(struct time_page_writer *w, const struct reading *now, bool expected)
{
    double difference = raw_diff(now->raw, (struct raw_time){now->mono.i});
    double step = difference - w->difference;

    if (!expected && fabs(step) > now->gap + w->gap + STEP_TOLERANCE) {
        w->shift += step;
        w->corrections = 0;
    }
    w->difference = difference;
    w->gap = now->gap;
}

static int64_t rate_of(double rate)
{
    return (int64_t)llround(rate * RATE_UNIT);
}

/* Until when the contents hold: not into a leap second. */
static int64_t valid_until(const struct time_page_writer *w, const struct reading *now)
{
    double length = TIME_PAGE_VALIDITY;
    struct raw_time leap;

    if (reference_leap_pending(w->source.env->reference, &leap))
        length = fmin(length, fmax(0.0, raw_diff(leap, now->raw)));
    return time_page_ns(now->mono.i) + (int64_t)(length * NS);
}

/* UTC and its bound. Root dispersion is a convex function of time, so it does not grow beyond the
   straight line between its values at the beginning and at the end. */
static void set_utc(const struct time_page_content *p, const struct reading *now, double shift,
                    struct time_page_lines *l)
{
    struct local_time cooked = clock_scale_cook(&p->scale, now->raw, NULL);
    struct local_time end = local_add(cooked, TIME_PAGE_VALIDITY * (1.0 + p->scale.freq));
    double first = reference_view_dispersion(&p->reference, cooked);
    double last = reference_view_dispersion(&p->reference, end);
    double bound =
        0.5 * p->reference.root_delay + first + p->scale.error + 0.5 * now->gap + fabs(shift);
    double growth = fmax(0.0, last - first) / TIME_PAGE_VALIDITY;
    struct reference_data data;

    reference_view_get(&p->reference, cooked, &data);
    if (data.synchronised && data.leap != LEAP_UNSYNC && bound < MAX_BOUND && growth <= MAX_GROWTH)
        l->flags |= TIME_PAGE_SYNCHRONISED;
    l->utc_ns = time_page_ns(cooked.i);
    l->utc_rate = rate_of(p->scale.freq);
    l->bound_ns = (int64_t)ceil(fmin(bound, MAX_BOUND) * NS + ROUNDING_NS);
    l->bound_growth = (int64_t)ceil(fmin(growth, MAX_GROWTH) * RATE_UNIT);
}

/* The time that a server would send at a raw time. */
static struct local_time served_at(const struct time_page_content *p, struct raw_time raw)
{
    struct transmit_time time = time_page_time_at(p, raw);

    return local_add(time.event_time, transmit_smoothing(&time, NTP_MODE_SERVER));
}

static void set_served(const struct time_page_content *p, const struct reading *now,
                       struct time_page_lines *l)
{
    struct transmit_time time = time_page_time_at(p, now->raw);
    struct local_time first = served_at(p, now->raw);
    struct local_time last = served_at(p, raw_add(now->raw, TIME_PAGE_VALIDITY));
    struct ntp_header header = {0};

    transmit_reference(&time, NTP_MODE_SERVER, true, &header);
    l->served_ntp = ntp_time_from_instant(first.i, (struct ntp_time){0});
    l->served_rate = rate_of(local_diff(last, first) / TIME_PAGE_VALIDITY - 1.0);
    l->leap = header.leap;
    l->stratum = header.stratum;
    l->precision = header.precision;
    l->refid = header.refid;
    l->root_delay = header.root_delay;
    l->root_dispersion = header.root_dispersion;
    l->reference = header.reference;
}

static void publish(const struct time_page_writer *w)
{
    for (int i = 0; i < w->count; i++)
        time_page_write(w->pages[i], &w->content);
    if (w->listener)
        w->listener(&w->content, w->listener_arg);
}

static void update(struct time_page_writer *w)
{
    const struct ntp_env *env = w->source.env;
    const struct reading now = read_clocks(env->world);
    const struct local_time cooked = local_clock_cook(env->clock, now.raw, NULL);
    const bool expected = (w->content.lines.flags & TIME_PAGE_STEPPING) != 0 ||
                          w->content.reference.leap == LEAP_UNSYNC;

    w->content = (struct time_page_content){
        .raw = now.raw,
        .stepped_ns = w->content.stepped_ns,
        .scale = local_clock_scale(env->clock, now.raw),
        .reference = reference_view(env->reference, cooked),
        .smoothing = smoothing_view(env->smoothing),
        .precision_log = local_clock_precision_log(env->clock),
        .quantum = local_clock_precision(env->clock),
        .leap_is_slewed = env->leap_is_slewed,
        .add_net_correction = w->source.add_net_correction,
        .mono = *w->source.mono,
    };

    watch_steps(w, &now, expected || w->content.reference.leap == LEAP_UNSYNC);
    struct time_page_lines *l = &w->content.lines;
    l->mono_ns = time_page_ns(now.mono.i);
    l->valid_until_ns = valid_until(w, &now);
    l->real_minus_mono_ns = time_page_ns(now.raw.i) - l->mono_ns;
    if (fabs(w->shift) <= reference_view_dispersion(&w->content.reference, cooked))
        w->shift = 0.0;
    set_utc(&w->content, &now, w->shift, l);
    set_served(&w->content, &now, l);
    publish(w);
}

/* ---- When it is written ---- */

static void on_timer(void *arg)
{
    struct time_page_writer *w = arg;

    w->timer = loop_timer_add(w->source.env->loop, TIME_PAGE_INTERVAL, on_timer, w);
    update(w);
}

static void before_change(bool step, void *arg)
{
    struct time_page_writer *w = arg;
    struct time_page_lines *l = &w->content.lines;

    if (l->changing_since_ns == 0)
        l->changing_since_ns = time_page_ns(world_mono_now(w->source.env->world).i);
    if (step)
        l->flags |= TIME_PAGE_STEPPING;
    publish(w);
}

static void after_change(void *arg)
{
    struct time_page_writer *w = arg;

    if (w->content.lines.flags & TIME_PAGE_STEPPING)
        w->content.stepped_ns = time_page_ns(world_mono_now(w->source.env->world).i);
    update(w);
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct time_page_writer *w = arg;

    if (w->shift == 0.0 || change->doffset == 0.0)
        return;
    /* After a step that the daemon has noticed nothing is synchronised. */
    if (change->type == CLOCK_UNKNOWN_STEP || ++w->corrections >= MAX_CORRECTIONS)
        w->shift = 0.0;
    else
        w->shift -= change->doffset;
}

/* ---- Start and stop ---- */

struct time_page_writer *time_page_writer_new(const struct time_page_source *source,
                                              struct time_page *const *pages, int count)
{
    struct time_page_writer *w = mem_alloc(sizeof(*w));
    const struct clock_watch watch = {before_change, after_change, w};

    assert(count >= 0 && count <= TIME_PAGES_MAX);
    w->source = *source;
    w->count = count;
    for (int i = 0; i < count; i++)
        w->pages[i] = pages[i];
    local_clock_set_watch(source->env->clock, &watch);
    local_clock_add_handler(source->env->clock, CLOCK_HOLDER_SERVER, on_clock_change, w);
    w->content.lines.flags = TIME_PAGE_STEPPING; /* there is nothing to compare with yet */
    on_timer(w);
    return w;
}

void time_page_writer_free(struct time_page_writer *w)
{
    if (!w)
        return;
    local_clock_set_watch(w->source.env->clock, NULL);
    local_clock_remove_handler(w->source.env->clock, on_clock_change, w);
    loop_timer_cancel(w->source.env->loop, w->timer);
    for (int i = 0; i < w->count; i++)
        time_page_close(w->pages[i]);
    free(w);
}

void time_page_writer_set_listener(struct time_page_writer *w,
                                   void (*written)(const struct time_page_content *content,
                                                   void *arg),
                                   void *arg)
{
    w->listener = written;
    w->listener_arg = arg;
    written(&w->content, arg);
}

const struct time_page_content *time_page_writer_content(const struct time_page_writer *w)
{
    return &w->content;
}

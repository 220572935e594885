/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See history_collector.h. Owns the writer and what was last said of each source, so that only
 * changes become events. Everything is written with the full minute; nothing waits for the disk.
 */
#include "chronyd/history_collector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/sync_status.h"
#include "base/text.h"
#include "clock/temperature.h"
#include "config.h"
#include "history/file.h"

#define MINUTE 60
#define DAY    86400
/* Seconds between the samples of a source that are recorded: all of those at usual intervals. */
#define SAMPLE_INTERVAL 48.0
/* What the loop takes for a step by others may be a machine that slept or a process that was
   stopped. It is a step if the clock has gone so many seconds away from the others. */
#define LEAST_STEP 5.0

/* What was last said of a source. In the order of the register. */
struct seen {
    const struct source *source;
    struct ip_addr addr; /* the source is another one when this has changed */
    struct history_source identity;
    const char *state; /* one of the words below */
    bool active, went_offline;
    bool has_sample;
    struct mono_time sampled; /* the last sample that was recorded */
};

struct history_collector {
    struct history_env env;
    struct history_writer *writer;
    timer_id timer;

    struct seen *seen;
    int count, capacity;
    bool has_selected;
    struct history_source selected;
    uint32_t steps, refusals;
    double boot_lag, raw_lag; /* boot time and raw time minus monotonic time, s */
    /* Leap second that is announced for the end of a day: 1, -1, 0: none. */
    int leap;
    int64_t leap_day;
};

/* ---- Records ---- */

static int64_t seconds_now(const struct history_collector *c)
{
    return local_clock_now(c->env.clock, NULL).i.sec;
}

static void add_event(struct history_collector *c, int64_t time, enum history_event_kind kind,
                      const struct history_source *source, double value, const char *text)
{
    struct history_record record = {
        .kind = HISTORY_RECORD_EVENT,
        .u.event = {.time = time, .kind = kind, .value = value},
    };

    text_copy(record.u.event.text, sizeof(record.u.event.text), text);
    history_writer_add(c->writer, &record, source);
}

static void add_event_now(struct history_collector *c, enum history_event_kind kind,
                          const struct history_source *source, double value, const char *text)
{
    add_event(c, seconds_now(c), kind, source, value, text);
}

/* ---- Sources ---- */

/* Words of state events. What may change with each sample is one state. */
static const char *const state_words[SOURCE_STATUSES] = {
    [STATUS_OK] = "selectable",
    [STATUS_NOSELECT] = "noselect",
    [STATUS_MISSING_SAMPLES] = "too few samples",
    [STATUS_UNSYNCHRONISED] = "not synchronised",
    [STATUS_STRATUM_LOW] = "stratum too low",
    [STATUS_STRATUM_HIGH] = "stratum too high",
    [STATUS_BAD_DISTANCE] = "root distance too large",
    [STATUS_JITTERY] = "jitter too large",
    [STATUS_WAITS_STATS] = "selectable",
    [STATUS_STALE] = "unreachable",
    [STATUS_UNREACHABLE] = "unreachable",
    [STATUS_ORPHAN] = "orphan",
    [STATUS_UNTRUSTED] = "not trusted",
    [STATUS_FALSETICKER] = "falseticker",
    [STATUS_NO_MAJORITY] = "no majority",
    [STATUS_WAITS_SOURCES] = "selectable",
    [STATUS_WAITS_REQUIRED] = "selectable",
    [STATUS_NOT_PREFERRED] = "selectable",
    [STATUS_WAITS_UPDATE] = "selectable",
    [STATUS_DISTANT] = "selectable",
    [STATUS_DISTANT_FREQUENCY] = "selectable",
    [STATUS_STILL_DISTANT] = "selectable",
    [STATUS_COMBINED] = "selectable",
    [STATUS_SELECTED] = "selectable",
};

/* One that does not answer may stay selectable for as long as its samples are good. */
static const char *state_word(const struct source *source)
{
    enum source_status status = source_verdict(source)->status;
    bool selectable = strcmp(state_words[status], state_words[STATUS_SELECTED]) == 0;

    return state_words[selectable && !source_is_reachable(source) ? STATUS_UNREACHABLE : status];
}

static void identify(const struct source *source, struct history_source *identity)
{
    struct report_sourcestats stats;
    const char *name = source_name(source);

    *identity = (struct history_source){.refclock = source_is_refclock(source)};
    if (identity->refclock) {
        source_report_stats(source, &stats);
        refid_format(stats.refid, identity->name, sizeof(identity->name));
        return;
    }
    /* The name may have no address yet. */
    if (ip_addr_is_real(source_address(source)))
        ip_addr_format(source_address(source), identity->address, sizeof(identity->address));
    text_copy(identity->name, sizeof(identity->name), name ? name : identity->address);
}

/* Whether it is the source that was seen, and not another one in its place. */
static bool is_seen(const struct seen *seen, const struct source *source)
{
    return seen->source == source &&
           (source_is_refclock(source) || ip_addr_equal(&seen->addr, source_address(source)));
}

static struct seen see(const struct source *source)
{
    struct seen seen = {
        .source = source, .state = state_word(source), .active = source_is_active(source)};

    if (!source_is_refclock(source))
        seen.addr = *source_address(source);
    identify(source, &seen.identity);
    return seen;
}

/* Brings the list to what the register has. That keeps its order and adds at its end, so those that
   are not next in the list were removed. */
static void follow_register(struct history_collector *c)
{
    int count = source_register_count(c->env.sources), old = 0;

    if (count > c->capacity) {
        c->capacity = 2 * count;
        c->seen = mem_resize(c->seen, (size_t)c->capacity, sizeof(*c->seen));
    }
    for (int i = 0; i < count; i++) {
        const struct source *source = source_register_get(c->env.sources, i);

        while (old < c->count && c->seen[old].source != source)
            old++;
        bool known = old < c->count && is_seen(&c->seen[old], source);
        c->seen[i] = known ? c->seen[old] : see(source);
        old++;
    }
    c->count = count;
}

static struct seen *find_seen(struct history_collector *c, const struct source *source)
{
    for (int i = 0; i < c->count; i++)
        if (is_seen(&c->seen[i], source))
            return &c->seen[i];
    return NULL;
}

static void note_selection(struct history_collector *c)
{
    const struct seen *selected = NULL;
    char why[SOURCE_VERDICT_SIZE];

    for (int i = 0; i < c->count && !selected; i++)
        if (source_is_selected(c->seen[i].source))
            selected = &c->seen[i];
    if (selected && (!c->has_selected ||
                     memcmp(&selected->identity, &c->selected, sizeof(selected->identity)) != 0)) {
        add_event_now(c, HISTORY_EVENT_SELECTED, &selected->identity, 0.0, "");
        c->selected = selected->identity;
    } else if (!selected && c->has_selected) {
        add_event_now(
            c, HISTORY_EVENT_UNSELECTED, NULL, 0.0,
            selection_verdict_format(source_register_verdict(c->env.sources), why, sizeof(why)));
    }
    c->has_selected = selected != NULL;
}

/* Whether the source has gone offline, or online again. */
static bool connectivity_changed(const struct seen *seen)
{
    bool active = source_is_active(seen->source);

    return active != seen->active && (!active || seen->went_offline);
}

/* One event for all NTP sources, if they have all changed. */
static void note_network(struct history_collector *c)
{
    int changed = 0, sources = 0, active = 0;

    for (int i = 0; i < c->count; i++) {
        if (c->seen[i].identity.refclock)
            continue;
        sources++;
        active += source_is_active(c->seen[i].source);
        changed += connectivity_changed(&c->seen[i]);
    }
    bool is_common = changed > 1 && changed == sources && (active == 0 || active == sources);
    if (is_common)
        add_event_now(c, HISTORY_EVENT_NETWORK, NULL, active > 0, "");
    for (int i = 0; i < c->count; i++) {
        struct seen *seen = &c->seen[i];

        if (seen->identity.refclock)
            continue;
        if (connectivity_changed(seen)) {
            if (!is_common)
                add_event_now(c, HISTORY_EVENT_NETWORK, &seen->identity, !seen->active, "");
            seen->went_offline = seen->active;
        }
        seen->active = source_is_active(seen->source);
    }
}

/* Each minute, so that a state that changes all the time does not fill the file. */
static void note_states(struct history_collector *c)
{
    for (int i = 0; i < c->count; i++) {
        struct seen *seen = &c->seen[i];
        const char *state = state_word(seen->source);

        if (strcmp(state, seen->state) != 0)
            add_event_now(c, HISTORY_EVENT_STATE, &seen->identity, 0.0, state);
        seen->state = state;
    }
}

/* ---- Clock ---- */

static double boot_lag(const struct history_collector *c)
{
    const struct world *world = c->env.world;

    return world->ops->boot_now
               ? instant_diff(world->ops->boot_now(world->ctx).i, world_mono_now(world).i)
               : 0.0;
}

static double raw_lag(const struct history_collector *c)
{
    return instant_diff(world_raw_now(c->env.world).i, world_mono_now(c->env.world).i);
}

/* Seconds for which the machine slept since the last call. */
static double note_sleep(struct history_collector *c)
{
    double lag = boot_lag(c), slept = lag - c->boot_lag;

    c->boot_lag = lag;
    if (slept < 1.0)
        return 0.0;
    add_event_now(c, HISTORY_EVENT_SUSPEND, NULL, slept, "");
    return slept;
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct history_collector *c = arg;
    struct local_clock_steps steps = local_clock_steps(c->env.clock);

    if (change->type == CLOCK_ADJUST)
        return;
    if (change->type == CLOCK_UNKNOWN_STEP) {
        double step = raw_lag(c) - c->raw_lag - note_sleep(c);

        if (fabs(step) > LEAST_STEP)
            add_event_now(c, HISTORY_EVENT_STEP, NULL, step, "not by chronyd");
    } else if (steps.count != c->steps) {
        add_event_now(c, HISTORY_EVENT_STEP, NULL, steps.last, "");
    }
    c->steps = steps.count;
    c->raw_lag = raw_lag(c);
}

static void note_refusals(struct history_collector *c)
{
    const struct update_tally *tally = reference_updates(c->env.reference);
    uint32_t refusals = tally->counts[UPDATE_NOT_FINITE] + tally->counts[UPDATE_TOO_LARGE] +
                        tally->counts[UPDATE_TOO_LARGE_ENDS];
    char why[UPDATE_VERDICT_SIZE];

    if (refusals != c->refusals)
        add_event_now(c, HISTORY_EVENT_REFUSED, NULL, tally->last.value,
                      update_verdict_format(&tally->last, why, sizeof(why)));
    c->refusals = refusals;
}

/* A leap second that was announced has come when the day has ended. */
static void note_leap(struct history_collector *c, int leap, int64_t now)
{
    if (c->leap != 0 && now / DAY > c->leap_day) {
        add_event(c, (c->leap_day + 1) * DAY, HISTORY_EVENT_LEAP, NULL, c->leap, "");
        c->leap = 0;
    }
    /* During a leap second nothing is known. */
    if (leap == LEAP_UNSYNC)
        return;
    c->leap = leap == LEAP_INSERT ? 1 : leap == LEAP_DELETE ? -1 : 0;
    c->leap_day = now / DAY;
}

static void add_minute(struct history_collector *c, int64_t time)
{
    struct report_tracking tracking;
    struct report_clock clock;
    double temperature;

    reference_report_tracking(c->env.reference, &tracking);
    reference_report_clock(c->env.reference, &clock);
    note_leap(c, tracking.leap, time);
    bool has_temperature =
        c->env.sensor && temperature_read(c->env.world, c->env.sensor, &temperature);
    struct history_record record = {
        .kind = HISTORY_RECORD_MINUTE,
        .u.minute =
            {
                .time = time,
                .state = clock.state == REPORT_CLOCK_SYNCHRONISED ? HISTORY_SYNCHRONISED
                         : clock.state == REPORT_CLOCK_LOCAL      ? HISTORY_LOCAL
                                                                  : HISTORY_UNSYNCHRONISED,
                .offset = clock.offset,
                .bound = clock.bound,
                .freq_ppm = tracking.freq_ppm,
                .skew_ppm = tracking.skew_ppm,
                .temperature = has_temperature ? temperature : (double)NAN,
            },
    };
    history_writer_add(c->writer, &record, c->has_selected ? &c->selected : NULL);
}

/* ---- The minute ---- */

static void on_minute(void *arg);

/* The timer expires at full minutes of the clock. */
static void set_timer(struct history_collector *c)
{
    struct instant now = local_clock_now(c->env.clock, NULL).i;
    double left = MINUTE - (double)(now.sec % MINUTE) - 1e-9 * now.nsec;

    /* What is left of a minute that has been recorded. */
    if (left < 1.0)
        left += MINUTE;
    c->timer = loop_timer_add(c->env.loop, left, on_minute, c);
}

static void on_minute(void *arg)
{
    struct history_collector *c = arg;
    struct instant now = local_clock_now(c->env.clock, NULL).i;
    int64_t past = now.sec % MINUTE;

    note_sleep(c);
    c->raw_lag = raw_lag(c);
    history_collector_observe(c);
    note_states(c);
    /* The clock may be slewed while the timer runs. */
    add_minute(c, past <= 1            ? now.sec - past
                  : past >= MINUTE - 1 ? now.sec + MINUTE - past
                                       : now.sec);
    history_writer_flush(c->writer);
    set_timer(c);
}

/* ---- Interface ---- */

struct history_collector *history_collector_new(const struct history_env *env,
                                                const struct history_conf *conf)
{
    if (!conf->file)
        return NULL;
    struct history_collector *c = mem_alloc(sizeof(*c));

    c->env = *env;
    c->writer = history_writer_new(env->world, conf->file, history_file_pages(conf->size));
    c->steps = local_clock_steps(env->clock).count;
    c->boot_lag = boot_lag(c);
    c->raw_lag = raw_lag(c);
    local_clock_add_handler(env->clock, CLOCK_HOLDER_HISTORY, on_clock_change, c);
    add_event_now(c, HISTORY_EVENT_START, NULL, 0.0, CHRONY_VERSION);
    history_writer_flush(c->writer);
    set_timer(c);
    return c;
}

void history_collector_free(struct history_collector *c)
{
    if (!c)
        return;
    loop_timer_cancel(c->env.loop, c->timer);
    local_clock_remove_handler(c->env.clock, on_clock_change, c);
    add_event_now(c, HISTORY_EVENT_END, NULL, 0.0, "");
    history_writer_free(c->writer);
    free(c->seen);
    free(c);
}

void history_collector_observe(struct history_collector *c)
{
    if (!c)
        return;
    follow_register(c);
    note_selection(c);
    note_network(c);
    note_refusals(c);
}

void history_collector_sample(struct history_collector *c, const struct source *source,
                              const struct source_sample *sample)
{
    struct seen *seen = c ? find_seen(c, source) : NULL;
    struct report_sourcestats stats;

    if (!seen)
        return;
    struct mono_time now = world_mono_now(c->env.world);
    if (seen->has_sample && instant_diff(now.i, seen->sampled.i) < SAMPLE_INTERVAL)
        return;
    seen->has_sample = true;
    seen->sampled = now;
    source_report_stats(source, &stats);
    const struct history_record record = {
        .kind = HISTORY_RECORD_SAMPLE,
        .u.sample =
            {
                .time = sample->time.i.sec,
                .state = source_status_letter(source_verdict(source)->status),
                .offset = sample->offset,
                .delay = sample->peer_delay,
                .jitter = stats.sd,
            },
    };
    history_writer_add(c->writer, &record, &seen->identity);
}

void history_collector_certificates(struct history_collector *c, bool ok)
{
    if (c)
        add_event_now(c, HISTORY_EVENT_CERTIFICATE, NULL, 0.0,
                      ok ? "read again" : "read again, not all can be used");
}

void history_collector_restart(struct history_collector *c, const char *service)
{
    if (c)
        add_event_now(c, HISTORY_EVENT_RESTART, NULL, 0.0, service);
}

bool history_collector_report(struct history_collector *c, struct history_writer_status *status)
{
    if (!c)
        return false;
    history_writer_flush(c->writer);
    history_writer_report(c->writer, status);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of how the clock is set and corrected, and of leap seconds; and values that are accepted
 * and make no sense, one row each.
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"
#include "clock/leap_data.h"

#define DAY 86400
/* Offsets that are slewed below this take minutes, not hours. */
#define LARGE_THRESHOLD 60.0

/* ---- Steps ---- */

/* Why the clock may be wrong by hours when the daemon starts; NULL: it should not. */
static const char *reason_for_wrong_clock(const struct check *c)
{
    const struct world *w = c->around->world;
    const char *files[] = {c->conf->reference.drift_file.path, NULL};
    struct world_file_info info;

    if (c->around->built > 0 && c->around->now < c->around->built - DAY)
        return "the clock of this machine is behind the day on which this program was built";
    for (size_t i = 0; i < COUNT(files); i++) {
        const char *path = files[i] ? files[i] : c->files.count > 0 ? c->files.items[0] : NULL;

        if (path && w->ops->file_info(w->ctx, path, &info) && info.mtime > c->around->now + DAY)
            return "the clock of this machine is behind the time of its own files";
    }
    return c->around->has_rtc ? NULL : "this machine has no real-time clock";
}

static void describe_duration(double seconds, char *text, size_t size)
{
    if (seconds < 2.0 * 3600.0)
        snprintf(text, size, "%.0f minutes", ceil(seconds / 60.0));
    else if (seconds < 2.0 * DAY)
        snprintf(text, size, "%.0f hours", seconds / 3600.0);
    else
        snprintf(text, size, "%.0f days", seconds / DAY);
}

static void check_missing_step(struct check *c)
{
    const char *reason = reason_for_wrong_clock(c);
    double rate = c->conf->clock.max_slew_rate * 1e-6;
    char duration[64] = "for ever";

    if (!reason || !check_controls_clock(c) || c->options->mode != MODE_NORMAL ||
        c->options->set_from_rtc || c->conf->initstepslew.count > 0 || c->conf->manual ||
        (c->source_count == 0 && c->conf->refclocks.count == 0))
        return;
    if (rate > 0.0)
        describe_duration(DAY / rate, duration, sizeof(duration));
    check_warn(c, NULL, "makestep",
               "%s, and without makestep it takes %s to correct a clock that is wrong by a day",
               reason, duration);
    check_fix(c, "write makestep 1.0 3");
}

static void check_steps(struct check *c)
{
    const struct makestep_conf *step = &c->conf->reference.makestep;
    const struct check_line *line = check_find(c, "makestep");
    double rate = c->conf->clock.max_slew_rate * 1e-6;
    char duration[64];

    if (!line) {
        check_missing_step(c);
        return;
    }
    if (step->limit < 0) {
        check_warn(c, line, NULL,
                   "a negative limit steps the clock at any time, not only at the start, which "
                   "programs and an attacker's false time can make bad use of");
        check_fix(c, "write makestep 1.0 3, unless this machine wakes up with a wrong time");
    }
    if (step->limit != 0 && !(step->threshold > 0.0)) {
        check_warn(c, line, NULL, "with threshold %g each of these updates is a step",
                   step->threshold);
        check_fix(c, "write makestep 1.0 3");
    }
    if (step->limit != 0 && step->threshold > LARGE_THRESHOLD && rate > 0.0) {
        describe_duration(step->threshold / rate, duration, sizeof(duration));
        check_warn(
            c, line, NULL,
            "the threshold is in seconds: a clock that is wrong by %g s is corrected slowly, "
            "over %s",
            step->threshold, duration);
        check_fix(c, "write makestep 1.0 3");
    }
}

/* ---- Leap seconds ---- */

static void check_leap_source(struct check *c, const char *directive, const char *list,
                              const char *zone)
{
    const struct check_line *line = check_find(c, directive);
    struct check_log log;

    if (!line)
        return;
    check_log_begin(&log);
    struct leap_data *data = leap_data_new((struct world *)c->around->world, list, zone);
    leap_data_get(data, c->around->now);
    leap_data_free(data);
    check_log_end(&log);
    if (log.texts.count > 0) {
        bool is_old = strstr(log.texts.items[0], "needs update") != NULL;

        check_warn(c, line, NULL, "%s", log.texts.items[0]);
        if (zone)
            check_fix(c, "install the zones with leap seconds (Debian: package tzdata-legacy, or "
                         "tzdata before 13), or write leapseclist "
                         "/usr/share/zoneinfo/leap-seconds.list");
        else
            check_fix(c, is_old ? "install the update of tzdata, or get the file from IERS"
                                : "write leapseclist /usr/share/zoneinfo/leap-seconds.list");
    }
    check_log_free(&log);
}

static void check_leap_seconds(struct check *c)
{
    const struct leap_conf *leap = &c->conf->reference.leap;

    check_leap_source(c, "leapsectz", NULL, leap->tz);
    check_leap_source(c, "leapseclist", leap->list, NULL);
}

static void check_logs(struct check *c)
{
    if (c->conf->log.files != 0 && !c->conf->log.dir) {
        check_error(c, check_find(c, "log"), NULL, "there is no logdir, so nothing is logged");
        check_fix(c, "write logdir /var/log/chrony");
    }
}

static void check_drift_file(struct check *c)
{
    if (c->conf->reference.drift_file.path || !check_controls_clock(c) ||
        c->options->mode != MODE_NORMAL)
        return;
    check_warn(c, NULL, "driftfile",
               "the frequency of the clock is not saved, and is learnt again after each start");
    check_fix(c, "write driftfile /var/lib/chrony/drift");
}

static void check_filter(struct check *c)
{
    if (c->options->filter_level != 0 && c->conf->reference.mail_user) {
        check_error(c, check_find(c, "mailonchange"), NULL,
                    "this cannot be used with the option -F, so the daemon does not start");
        check_fix(c, "remove the line or the option");
    }
    if (c->options->filter_level != 0 && !c->around->has_filter) {
        check_error(c, NULL, "-F",
                    "this build has no system call filter, so the daemon does not "
                    "start");
        check_fix(c, "remove the option, or build with libseccomp");
    }
    if (c->knows_user && c->user.uid != 0 && !c->around->has_privdrop) {
        check_error(c, check_find(c, "user"), "user",
                    "this build cannot drop root privileges, so the daemon does not start");
        check_fix(c, "write user root, or build with libcap");
    }
}

void check_clock(struct check *c)
{
    check_steps(c);
    check_leap_seconds(c);
    check_logs(c);
    check_drift_file(c);
    check_filter(c);
}

/* ---- Values ---- */

static bool is_below(const struct check *c, double value, double limit)
{
    return !(value >= limit);
}

static bool bad_slew_rate(const struct check *c)
{
    return is_below(c, c->conf->clock.max_slew_rate, 1.0);
}

static bool bad_drift(const struct check *c)
{
    return is_below(c, c->conf->clock.max_drift, 1.0);
}

static bool bad_clock_error(const struct check *c)
{
    return !(c->conf->clock.max_error > 0.0);
}

static bool bad_skew(const struct check *c)
{
    return is_below(c, fabs(c->conf->reference.max_update_skew), 1e-3);
}

static bool bad_distance(const struct check *c)
{
    return is_below(c, c->conf->selection.max_distance, 1e-4);
}

static bool bad_jitter(const struct check *c)
{
    return !(c->conf->selection.max_jitter > 0.0);
}

static bool bad_strata(const struct check *c)
{
    return c->conf->selection.min_stratum > c->conf->selection.max_stratum ||
           c->conf->selection.min_stratum > 15;
}

static bool bad_max_stratum(const struct check *c)
{
    return c->conf->selection.max_stratum == 0 && c->source_count > 0;
}

static bool large_max_stratum(const struct check *c)
{
    return c->conf->selection.max_stratum > 15;
}

static bool bad_samples(const struct check *c)
{
    const struct selection_conf *s = &c->conf->selection;

    return s->max_samples > 0 && s->min_samples > s->max_samples && c->options->mode == MODE_NORMAL;
}

static bool few_samples(const struct check *c)
{
    const struct selection_conf *s = &c->conf->selection;

    return s->max_samples > 0 && s->max_samples < 4 && c->options->mode == MODE_NORMAL;
}

static bool bad_max_change(const struct check *c)
{
    const struct max_change_conf *m = &c->conf->reference.max_change;

    return m->start >= 0 && !(m->offset > 1e-6);
}

static bool bad_priority(const struct check *c)
{
    return c->conf->process.sched_priority > 99;
}

static bool bad_log_change(const struct check *c)
{
    return !(c->conf->reference.log_change > 0.0);
}

static bool bad_precision(const struct check *c)
{
    return c->conf->clock.precision > 0.1;
}

static bool bad_local_distance(const struct check *c)
{
    const struct local_conf *l = &c->conf->reference.local;

    return l->enabled && l->activate > 0.0 && l->distance > 0.0 && l->activate > l->distance;
}

static const struct value {
    const char *directive;
    bool (*is_bad)(const struct check *c);
    enum check_severity severity;
    const char *what, *fix;
} values[] = {
    {"maxslewrate", bad_slew_rate, CHECK_ERROR,
     "the value is in ppm: below 1 the clock is hardly corrected, with 0 never",
     "write maxslewrate 1000 or more, or remove the line"},
    {"maxdrift", bad_drift, CHECK_WARNING,
     "the value is in ppm: clocks of computers are wrong by up to 100 ppm, which this does not "
     "allow to correct",
     "write maxdrift 500, or remove the line"},
    {"maxclockerror", bad_clock_error, CHECK_WARNING,
     "0 claims that this clock runs right without being corrected",
     "write maxclockerror 1 (ppm), or 0.1 for a TCXO"},
    {"maxupdateskew", bad_skew, CHECK_WARNING,
     "the value is in ppm: so good an estimate never comes, and the frequency is not corrected",
     "write maxupdateskew 100"},
    {"maxdistance", bad_distance, CHECK_ERROR, "no source is that near, so none can be selected",
     "write maxdistance 3.0, or remove the line"},
    {"maxjitter", bad_jitter, CHECK_ERROR, "each source has more jitter, so none can be selected",
     "write maxjitter 1.0, or remove the line"},
    {"minstratum", bad_strata, CHECK_ERROR, "no stratum is left, so no source can be selected",
     "write minstratum of at most maxstratum and 15"},
    {"maxstratum", bad_max_stratum, CHECK_ERROR,
     "servers have stratum 1 to 15, so none can be selected", "write maxstratum 15, or remove it"},
    {"maxstratum", large_max_stratum, CHECK_WARNING,
     "stratum 16 and more mean that a server is not synchronised", "write maxstratum 15"},
    {"minsamples", bad_samples, CHECK_WARNING, "this is above maxsamples, which is used",
     "write minsamples of at most maxsamples"},
    {"maxsamples", few_samples, CHECK_WARNING,
     "with fewer than 4 samples the frequency cannot be estimated",
     "write maxsamples 4 or more, or remove the line"},
    {"maxchange", bad_max_change, CHECK_ERROR,
     "OFFSET is in seconds: the daemon ends as soon as any offset is measured",
     "write maxchange 1000 1 2"},
    {"sched_priority", bad_priority, CHECK_ERROR,
     "priorities are 1 to 99, so the daemon does not start", "write sched_priority 1"},
    {"logchange", bad_log_change, CHECK_WARNING, "each correction is logged",
     "write logchange 1.0"},
    {"clockprecision", bad_precision, CHECK_WARNING,
     "the value is in seconds: so coarse a clock is of no use",
     "remove the line, the precision is measured"},
    {"local", bad_local_distance, CHECK_WARNING,
     "activate is above distance, so the local reference becomes active at once",
     "write activate of less than distance"},
};

void check_values(struct check *c)
{
    for (size_t i = 0; i < COUNT(values); i++) {
        const struct value *v = &values[i];
        const struct check_line *line = check_find(c, v->directive);

        if (!line || !v->is_bad(c))
            continue;
        (v->severity == CHECK_ERROR ? check_error : check_warn)(c, line, NULL, "%s", v->what);
        check_fix(c, "%s", v->fix);
    }
}

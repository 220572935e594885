/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers of settings that have several values, options or a list of words (config.md 11 to 19).
 * Called by the parser through the table; they record values only.
 */
#include "conf/directive.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/nearest.h"
#include "base/text.h"
#include "conf/option_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct named_value {
    const char *name;
    int value;
};

static const struct named_value *find_value(const struct named_value *table, size_t count,
                                            const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_nocase(word, table[i].name))
            return &table[i];
    }
    return NULL;
}

/* Could not parse, with the word and the nearest of the table. */
static bool fail_choice(struct parser *p, const struct named_value *table, size_t count,
                        const char *word)
{
    struct nearest nearest = nearest_start(word);

    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, table[i].name);
    return parser_fail_word(p, word, nearest.best);
}

DIRECTIVE_HANDLER(authselectmode)
{
    static const struct named_value modes[] = {
        {"require", AUTHSELECT_REQUIRE},
        {"prefer", AUTHSELECT_PREFER},
        {"mix", AUTHSELECT_MIX},
        {"ignore", AUTHSELECT_IGNORE},
    };
    const struct named_value *mode = find_value(modes, COUNT(modes), args);

    if (!mode)
        return fail_choice(p, modes, COUNT(modes), args);
    p->conf->authselect_mode = (enum authselect_mode)mode->value;
    return true;
}

DIRECTIVE_HANDLER(leapsecmode)
{
    static const struct named_value modes[] = {
        {"system", LEAPSEC_SYSTEM},
        {"step", LEAPSEC_STEP},
        {"slew", LEAPSEC_SLEW},
        {"ignore", LEAPSEC_IGNORE},
    };
    const struct named_value *mode = find_value(modes, COUNT(modes), args);

    if (!mode)
        return fail_choice(p, modes, COUNT(modes), args);
    p->conf->leapsec_mode = (enum leapsec_mode)mode->value;
    return true;
}

/* scanf("%lu"): a sign is accepted, too much becomes the largest number. */
DIRECTIVE_HANDLER(clientloglimit)
{
    char *end;

    if (!parser_check_words(p, args, 1, 1))
        return false;
    unsigned long limit = strtoul(args, &end, 10);
    if (end == args)
        return parser_fail_parse(p);
    parser_warn_tail(p, args, (size_t)(end - args));
    p->conf->client_log_limit = limit;
    return true;
}

DIRECTIVE_HANDLER(driftfile)
{
    char *word = text_split(args), *value = text_split(word);
    int interval = p->conf->drift_file_interval;

    if (args[0] == '\0')
        return parser_fail_parse(p);
    if (word[0] != '\0') {
        if (!text_equal_nocase(word, "interval"))
            return parser_fail_word(p, word, NULL);
        if (value[strspn(value, "+-0123456789")] != '\0' ||
            !parser_next_int(p, &value, INT_MIN, INT_MAX, &interval))
            return parser_fail_parse(p);
    }
    conf_set_string(&p->conf->drift_file, args);
    p->conf->drift_file_interval = interval;
    return true;
}

DIRECTIVE_HANDLER(fallbackdrift)
{
    int min, max;

    if (!parser_check_words(p, args, 2, 2))
        return false;
    if (!parser_next_int(p, &args, INT_MIN, INT_MAX, &min) ||
        !parser_next_int(p, &args, INT_MIN, INT_MAX, &max))
        return parser_fail_parse(p);
    p->conf->fallback_drift_min = min;
    p->conf->fallback_drift_max = max;
    return true;
}

DIRECTIVE_HANDLER(makestep)
{
    double threshold;
    int limit;

    if (!parser_check_words(p, args, 2, 2))
        return false;
    if (!parser_next_double(p, &args, &threshold) ||
        !parser_next_int(p, &args, INT_MIN, INT_MAX, &limit))
        return parser_fail_parse(p);
    p->conf->makestep_threshold = threshold;
    p->conf->makestep_limit = p->env->restarted && limit > 0 ? 0 : limit;
    return true;
}

DIRECTIVE_HANDLER(maxchange)
{
    double offset;
    int start, ignore;

    if (!parser_check_words(p, args, 3, 3))
        return false;
    if (!parser_next_double(p, &args, &offset) ||
        !parser_next_int(p, &args, INT_MIN, INT_MAX, &start) ||
        !parser_next_int(p, &args, INT_MIN, INT_MAX, &ignore))
        return parser_fail_parse(p);
    p->conf->max_change_offset = offset;
    p->conf->max_change_start = start;
    p->conf->max_change_ignore = ignore;
    return true;
}

DIRECTIVE_HANDLER(mailonchange)
{
    double threshold;

    if (!parser_check_words(p, args, 2, 2))
        return false;
    char *number = text_split(args);
    if (!parser_next_double(p, &number, &threshold))
        return parser_fail_parse(p);
    conf_set_string(&p->conf->mail_user, args);
    p->conf->mail_change = threshold;
    return true;
}

DIRECTIVE_HANDLER(smoothtime)
{
    double freq, wander;

    if (!parser_check_words(p, args, 2, 3))
        return false;
    if (!parser_next_double(p, &args, &freq) || !parser_next_double(p, &args, &wander) ||
        (args[0] != '\0' && !text_equal_nocase(args, "leaponly")))
        return parser_fail_parse(p);
    p->conf->smooth_max_freq = freq;
    p->conf->smooth_max_wander = wander;
    p->conf->smooth_leap_only = args[0] != '\0';
    return true;
}

static bool read_tempcomp(struct parser *p, struct conf_tempcomp *t, char *numbers, bool points)
{
    if (points) {
        /* Two words, so that letters may follow the number */
        conf_set_string(&t->points_file, text_split(numbers));
        return parser_next_double(p, &numbers, &t->interval);
    }
    if (!parser_next_double(p, &numbers, &t->interval))
        return false;
    return parser_next_double(p, &numbers, &t->t0) && parser_next_double(p, &numbers, &t->k0) &&
           parser_next_double(p, &numbers, &t->k1) && parser_next_double(p, &numbers, &t->k2);
}

/* FILE INTERVAL POINTS-FILE or FILE INTERVAL T0 K0 K1 K2 */
DIRECTIVE_HANDLER(tempcomp)
{
    struct conf_tempcomp t = {0};
    int words = text_count_words(args);

    if (words != 3 && !parser_check_words(p, args, 6, 6))
        return false;
    char *numbers = text_split(args);
    if (!read_tempcomp(p, &t, numbers, words == 3)) {
        free(t.points_file);
        return parser_fail_parse(p);
    }
    if (!(t.interval > 0.0))
        t.interval = 1.0;
    t.file = text_dup(args);
    free(p->conf->tempcomp.file);
    free(p->conf->tempcomp.points_file);
    p->conf->tempcomp = t;
    return true;
}

static const struct option_row local_options[] = {
    {"activate", OPTION_DOUBLE, .offset = offsetof(struct conf_local, activate)},
    {"distance", OPTION_DOUBLE, .offset = offsetof(struct conf_local, distance)},
    {"orphan", OPTION_BOOL, .offset = offsetof(struct conf_local, orphan)},
    {"stratum", OPTION_INT, .offset = offsetof(struct conf_local, stratum), .min = 1, .max = 15,
     .checked = true},
    {"waitsynced", OPTION_DOUBLE, .offset = offsetof(struct conf_local, wait_synced)},
    {"waitunsynced", OPTION_DOUBLE, .offset = offsetof(struct conf_local, wait_unsynced)},
};

/* Each occurrence starts again from the defaults. */
DIRECTIVE_HANDLER(local)
{
    struct conf_local local = {
        .enabled = true, .stratum = 10, .distance = 1.0, .wait_unsynced = -1};

    if (!parser_options(p, local_options, COUNT(local_options), args, &local, true))
        return false;
    if (local.wait_unsynced < 0.0)
        local.wait_unsynced = local.orphan ? 300.0 : 0.0;
    p->conf->local = local;
    return true;
}

#define RATELIMIT(n, f)                                                                            \
    {                                                                                              \
        n, OPTION_INT, .offset = offsetof(struct conf_ratelimit, f), .min = -32, .max = 32         \
    }

/* The last one is for NTP only. */
static const struct option_row ratelimit_options[] = {
    RATELIMIT("interval", interval),
    RATELIMIT("burst", burst),
    RATELIMIT("leak", leak),
    RATELIMIT("kod", kod),
};

/* Options that are not named keep their values. */
static bool read_ratelimit(struct parser *p, const struct directive *d, char *args, size_t options)
{
    struct conf_ratelimit *limit = (struct conf_ratelimit *)((char *)p->conf + d->offset);

    if (!parser_options(p, ratelimit_options, options, args, limit, false))
        return false;
    limit->enabled = true;
    limit->interval = option_clamp(limit->interval, -19, 12);
    limit->burst = option_clamp(limit->burst, 1, 255);
    limit->leak = option_clamp(limit->leak, 1, 4);
    limit->kod = option_clamp(limit->kod, 0, 4);
    return true;
}

DIRECTIVE_HANDLER(ratelimit)
{
    return read_ratelimit(p, d, args, COUNT(ratelimit_options) - 1);
}

DIRECTIVE_HANDLER(ratelimit_kod)
{
    return read_ratelimit(p, d, args, COUNT(ratelimit_options));
}

static const struct named_value log_names[] = {
    {"measurements", LOGFILE_MEASUREMENTS},
    {"rawmeasurements", LOGFILE_RAWMEASUREMENTS | LOGFILE_MEASUREMENTS},
    {"refclocks", LOGFILE_REFCLOCKS},
    {"rtc", LOGFILE_RTC},
    {"selection", LOGFILE_SELECTION},
    {"statistics", LOGFILE_STATISTICS},
    {"tempcomp", LOGFILE_TEMPCOMP},
    {"tracking", LOGFILE_TRACKING},
};

static bool fail_log_name(struct parser *p, const char *name)
{
    struct nearest nearest = nearest_start(name);

    for (size_t i = 0; i < COUNT(log_names); i++)
        nearest_offer(&nearest, log_names[i].name);
    parser_fail(p, "Invalid log parameter");
    parser_explain(p, ": %s", name);
    return nearest.best ? parser_explain(p, " (did you mean %s?)", nearest.best) : false;
}

DIRECTIVE_HANDLER(log)
{
    while (args[0] != '\0') {
        char *name = args;

        args = text_split(args);
        const struct named_value *found = find_value(log_names, COUNT(log_names), name);
        if (!found || strcmp(name, found->name) != 0) /* exact case */
            return fail_log_name(p, name);
        p->conf->log_files |= (unsigned int)found->value;
    }
    return true;
}

/* The list is replaced; without words it is empty. */
DIRECTIVE_HANDLER(ntsaeads)
{
    int *aeads = NULL;
    size_t count = 0;

    while (args[0] != '\0') {
        char *word = args;
        long value;

        args = text_split(args);
        if (text_parse_long(word, LONG_MIN, LONG_MAX, &value) != TEXT_NUMBER_OK) {
            free(aeads);
            return parser_fail_parse(p);
        }
        if (value < d->min || value > d->max) {
            free(aeads);
            return parser_fail(p, "Invalid value %ld in %s directive (min %ld, max %ld)", value,
                               p->word, d->min, d->max);
        }
        aeads = mem_resize(aeads, count + 1, sizeof(*aeads));
        aeads[count++] = (int)value;
    }

    free(p->conf->nts_aeads);
    p->conf->nts_aeads = aeads;
    p->conf->nts_aead_count = count;
    return true;
}

/* [SET] PATH */
DIRECTIVE_HANDLER(ntstrustedcerts)
{
    struct conf *conf = p->conf;
    char *path = args;
    uint32_t set = 0;
    size_t used;

    if (!parser_check_words(p, args, 1, 2))
        return false;
    if (text_count_words(args) == 2) {
        path = text_split(args);
        if (!text_scan_uint(args, &set, &used))
            return parser_fail_parse(p);
        parser_warn_uint(p, args, used, set);
    }
    conf->trusted_certs =
        mem_resize(conf->trusted_certs, conf->trusted_cert_count + 1, sizeof(*conf->trusted_certs));
    conf->trusted_certs[conf->trusted_cert_count++] =
        (struct conf_trusted_certs){.set = set, .path = text_dup(path)};
    return true;
}

/* The list is replaced; without words nothing is open. */
DIRECTIVE_HANDLER(opencommands)
{
    static const struct named_value commands[] = {
        {"activity", OPEN_ACTIVITY},     {"authdata", OPEN_AUTHDATA},
        {"clients", OPEN_CLIENTS},       {"manual", OPEN_MANUAL},
        {"ntpdata", OPEN_NTPDATA},       {"rtcdata", OPEN_RTCDATA},
        {"selectdata", OPEN_SELECTDATA}, {"serverstats", OPEN_SERVERSTATS},
        {"smoothing", OPEN_SMOOTHING},   {"sourcename", OPEN_SOURCENAME},
        {"sources", OPEN_SOURCES},       {"sourcestats", OPEN_SOURCESTATS},
        {"tracking", OPEN_TRACKING},
    };
    unsigned int open = 0;

    while (args[0] != '\0') {
        char *word = args;

        args = text_split(args);
        const struct named_value *command = find_value(commands, COUNT(commands), word);
        if (!command)
            return fail_choice(p, commands, COUNT(commands), word);
        open |= (unsigned int)command->value;
    }
    p->conf->open_commands = open;
    return true;
}

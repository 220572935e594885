/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers of settings that have several values, options or a list of words (config.md 11 to 19).
 * Called by the parser through the table; they record values only.
 */
#include "conf/directive.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/nearest.h"
#include "base/number.h"
#include "base/text.h"

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

/* One word of the table. */
static bool read_choice(struct parser *p, const struct named_value *table, size_t count,
                        const char *word, int *value)
{
    const struct named_value *choice = find_value(table, count, word);

    if (!choice)
        return fail_choice(p, table, count, word);
    *value = choice->value;
    return true;
}

bool directive_authselectmode(struct parser *p, const struct directive *d, char *args)
{
    static const struct named_value modes[] = {
        {"require", AUTHSELECT_REQUIRE},
        {"prefer", AUTHSELECT_PREFER},
        {"mix", AUTHSELECT_MIX},
        {"ignore", AUTHSELECT_IGNORE},
    };
    int mode;

    if (!read_choice(p, modes, COUNT(modes), args, &mode))
        return false;
    p->conf->selection.authselect_mode = (enum authselect_mode)mode;
    return true;
}

bool directive_leapsecmode(struct parser *p, const struct directive *d, char *args)
{
    static const struct named_value modes[] = {
        {"system", LEAPSEC_SYSTEM},
        {"step", LEAPSEC_STEP},
        {"slew", LEAPSEC_SLEW},
        {"ignore", LEAPSEC_IGNORE},
    };
    int mode;

    if (!read_choice(p, modes, COUNT(modes), args, &mode))
        return false;
    p->conf->reference.leap.mode = (enum leapsec_mode)mode;
    return true;
}

bool directive_estimator(struct parser *p, const struct directive *d, char *args)
{
    static const struct named_value kinds[] = {
        {"regression", ESTIMATOR_REGRESSION},
        {"kalman", ESTIMATOR_KALMAN},
    };
    int kind;

    if (!read_choice(p, kinds, COUNT(kinds), args, &kind))
        return false;
    p->conf->selection.estimator = (enum estimator_kind)kind;
    return true;
}

/* default, or accuracy [RATIO] */
bool directive_pollpolicy(struct parser *p, const struct directive *d, char *args)
{
    enum { DEFAULT, ACCURACY };
    static const struct named_value policies[] = {{"default", DEFAULT}, {"accuracy", ACCURACY}};
    static const struct option_row number = {.kind = OPTION_REAL, .min = 1.0, .max = INFINITY};
    double ratio = POLL_POLICY_RATIO;
    int policy;

    if (!parser_check_words(p, args, 1, 2))
        return false;
    char *rest = text_split(args);
    if (!read_choice(p, policies, COUNT(policies), args, &policy))
        return false;
    if (rest[0] != '\0' && policy == DEFAULT)
        return parser_fail(p, "Too many arguments for %s directive", p->word);
    if (rest[0] != '\0' && (!parser_next_number(p, &rest, &number, &ratio) || isnan(ratio)))
        return parser_fail_parse(p);
    p->conf->client.poll_policy =
        (struct poll_policy_conf){.accuracy = policy == ACCURACY, .ratio = ratio};
    return true;
}

/* scanf("%lu"): a sign is accepted, too much becomes the largest number. */
bool directive_clientloglimit(struct parser *p, const struct directive *d, char *args)
{
    char *end;

    if (!parser_check_words(p, args, 1, 1))
        return false;
    unsigned long limit = strtoul(args, &end, 10);
    if (end == args)
        return parser_fail_parse(p);
    parser_warn_tail(p, args, (size_t)(end - args));
    p->conf->client_log.limit = limit;
    return true;
}

bool directive_driftfile(struct parser *p, const struct directive *d, char *args)
{
    char *word = text_split(args), *value = text_split(word);
    int interval = p->conf->reference.drift_file.interval;

    if (args[0] == '\0')
        return parser_fail_parse(p);
    if (word[0] != '\0') {
        if (!text_equal_nocase(word, "interval"))
            return parser_fail_word(p, word, NULL);
        if (value[strspn(value, "+-0123456789")] != '\0' ||
            !parser_next_int(p, &value, INT_MIN, INT_MAX, &interval))
            return parser_fail_parse(p);
    }
    conf_set_string(&p->conf->reference.drift_file.path, args);
    p->conf->reference.drift_file.interval = interval;
    return true;
}

#define OPTION_STRUCT      struct conf
#define ANY_INTEGER(field) OPTION_INTEGER(field, INT_MIN, INT_MAX, 0)

/* All numbers of a table, or none. A word that may follow them is left in *args. */
static bool read_numbers(struct parser *p, const struct option_row *table, size_t count,
                         char **args)
{
    const struct conf before = *p->conf;

    if (parser_next_numbers(p, args, table, count, p->conf))
        return true;
    *p->conf = before;
    return parser_fail_parse(p);
}

bool directive_fallbackdrift(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row numbers[] = {{ANY_INTEGER(reference.fallback_drift.min)},
                                                {ANY_INTEGER(reference.fallback_drift.max)}};

    return parser_check_words(p, args, 2, 2) && read_numbers(p, numbers, COUNT(numbers), &args);
}

bool directive_makestep(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row numbers[] = {
        {OPTION_ANY_REAL(reference.makestep.threshold, 0.0)},
        {ANY_INTEGER(reference.makestep.limit)},
    };
    int *limit = &p->conf->reference.makestep.limit;

    if (!parser_check_words(p, args, 2, 2) || !read_numbers(p, numbers, COUNT(numbers), &args))
        return false;
    if (p->env->restarted && *limit > 0)
        *limit = 0;
    return true;
}

bool directive_clockstep(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row numbers[] = {
        {OPTION_REAL_FROM_0(reference.clock_step.limit, INFINITY), .unit = "s"},
        {OPTION_INTEGER(reference.clock_step.per_hour, 0, CLOCK_STEP_MAX_PER_HOUR, 3)},
    };

    if (!parser_check_words(p, args, 2, 2) || !read_numbers(p, numbers, COUNT(numbers), &args))
        return false;
    return !isnan(p->conf->reference.clock_step.limit) || parser_fail_parse(p);
}

bool directive_yes_or_no(struct parser *p, const struct directive *d, char *args)
{
    static const struct named_value words[] = {{"no", CHOICE_NO}, {"yes", CHOICE_YES}};
    int choice;

    if (!read_choice(p, words, COUNT(words), args, &choice))
        return false;
    *(enum conf_choice *)directive_value(p, d) = (enum conf_choice)choice;
    return true;
}

bool directive_maxchange(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row numbers[] = {
        {OPTION_REAL_FROM_0(reference.max_change.offset, 0.0)},
        {ANY_INTEGER(reference.max_change.start)},
        {ANY_INTEGER(reference.max_change.ignore)},
    };

    return parser_check_words(p, args, 3, 3) && read_numbers(p, numbers, COUNT(numbers), &args);
}

bool directive_mailonchange(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row threshold = {OPTION_ANY_REAL(reference.mail_change, 0.0)};

    if (!parser_check_words(p, args, 2, 2))
        return false;
    char *number = text_split(args);
    if (!read_numbers(p, &threshold, 1, &number))
        return false;
    conf_set_string(&p->conf->reference.mail_user, args);
    return true;
}

bool directive_smoothtime(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row numbers[] = {
        {OPTION_ANY_REAL(smoothing.max_freq, 0.0)},
        {OPTION_ANY_REAL(smoothing.max_wander, 0.0)},
    };

    const struct smoothing_conf before = p->conf->smoothing;

    if (!parser_check_words(p, args, 2, 3) || !read_numbers(p, numbers, COUNT(numbers), &args))
        return false;
    if (args[0] != '\0' && !text_equal_nocase(args, "leaponly")) {
        p->conf->smoothing = before;
        return parser_fail_parse(p);
    }
    p->conf->smoothing.leap_only = args[0] != '\0';
    return true;
}

#undef OPTION_STRUCT
#define OPTION_STRUCT struct tempcomp_conf

static bool read_tempcomp(struct parser *p, struct tempcomp_conf *t, char *args, bool points)
{
    static const struct option_row numbers[] = {
        {OPTION_ANY_REAL(interval, 0.0)}, {OPTION_ANY_REAL(t0, 0.0)}, {OPTION_ANY_REAL(k0, 0.0)},
        {OPTION_ANY_REAL(k1, 0.0)},       {OPTION_ANY_REAL(k2, 0.0)},
    };

    /* Two words, so that letters may follow the number */
    if (points)
        conf_set_string(&t->points_file, text_split(args));
    return parser_next_numbers(p, &args, numbers, points ? 1 : COUNT(numbers), t);
}

/* FILE INTERVAL POINTS-FILE or FILE INTERVAL T0 K0 K1 K2 */
bool directive_tempcomp(struct parser *p, const struct directive *d, char *args)
{
    struct tempcomp_conf t = {0};
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

/* FILE INTERVAL */
bool directive_templearn(struct parser *p, const struct directive *d, char *args)
{
    static const struct option_row number = {
        .kind = OPTION_REAL, .min = 0.1, .max = 86400.0, .unit = "s"};
    struct templearn_conf *t = &p->conf->templearn;
    double interval;

    if (!parser_check_words(p, args, 2, 2))
        return false;
    char *rest = text_split(args);
    if (!parser_next_number(p, &rest, &number, &interval) || isnan(interval))
        return parser_fail_parse(p);
    t->interval = interval;
    conf_set_string(&t->file, args);
    return true;
}

/* A size as in 4194304, 4096K, 4M or 1G. False: it is none, or too large for anything. */
static bool parse_size(const char *text, uint64_t *size)
{
    static const char units[] = "KMG";
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (errno != 0 || number > UINT32_MAX || (*end != '\0' && (!unit || end[1] != '\0')))
        return false;
    *size = (uint64_t)number << (unit ? 10 * (unit - units + 1) : 0);
    return true;
}

/* FILE [SIZE] */
bool directive_historyfile(struct parser *p, const struct directive *d, char *args)
{
    struct history_conf *history = &p->conf->history;
    uint64_t size = HISTORY_CONF_DEFAULT_SIZE;

    if (!parser_check_words(p, args, 1, 2))
        return false;
    char *word = text_split(args);
    if (word[0] != '\0' && !parse_size(word, &size))
        return parser_fail_word(p, word, NULL);
    history->size = size < HISTORY_CONF_MIN_SIZE   ? HISTORY_CONF_MIN_SIZE
                    : size > HISTORY_CONF_MAX_SIZE ? HISTORY_CONF_MAX_SIZE
                                                   : size;
    if (history->size != size)
        parser_warn_value(p, NULL, word, strlen(word), " (min 64K, max 256M)",
                          size < history->size ? "64K" : "256M");
    conf_set_string(&history->file, args);
    return true;
}

#undef OPTION_STRUCT
#define OPTION_STRUCT struct local_conf

const struct option_row local_options[] = {
    {"activate", OPTION_ANY_REAL(activate, 0.0), .unit = "s"},
    {"distance", OPTION_ANY_REAL(distance, 1.0), .unit = "s"},
    {"orphan", OPTION_FLAG(orphan)},
    {"stratum", OPTION_INTEGER(stratum, 1, 15, 10), .checked = true},
    {"waitsynced", OPTION_ANY_REAL(wait_synced, 0.0), .unit = "s"},
    {"waitunsynced", OPTION_ANY_REAL(wait_unsynced, -1.0), .unit = "s"},
};
const size_t local_option_count = COUNT(local_options);

/* Each occurrence starts again from the defaults. */
bool directive_local(struct parser *p, const struct directive *d, char *args)
{
    struct local_conf local = {.enabled = true};

    options_reset(local_options, local_option_count, &local);
    if (!parser_options(p, local_options, local_option_count, args, &local, true))
        return false;
    p->conf->reference.local = local;
    return true;
}

#undef OPTION_STRUCT
#define OPTION_STRUCT struct ratelimit_conf

/* Of kod, which is last, only NTP has any. */
const struct option_row ratelimit_options[] = {
    {"interval", OPTION_INTEGER(interval, -32, 32, 0)},
    {"burst", OPTION_INTEGER(burst, -32, 32, 0)},
    {"leak", OPTION_INTEGER(leak, -32, 32, 0)},
    {"kod", OPTION_INTEGER(kod, -32, 32, 0)},
};
const size_t ratelimit_option_count = COUNT(ratelimit_options);

/* Options that are not named keep their values. */
bool directive_ratelimit(struct parser *p, const struct directive *d, char *args)
{
    struct ratelimit_conf *limit = directive_value(p, d);
    size_t options = ratelimit_option_count - (limit == &p->conf->client_log.ntp ? 0 : 1);

    if (!parser_options(p, ratelimit_options, options, args, limit, false))
        return false;
    limit->enabled = true;
    return true;
}

static const struct named_value log_names[] = {
    {"estimator", LOGFILE_ESTIMATOR},
    {"measurements", LOGFILE_MEASUREMENTS},
    {"rawmeasurements", LOGFILE_RAWMEASUREMENTS | LOGFILE_MEASUREMENTS},
    {"refclocks", LOGFILE_REFCLOCKS},
    {"rtc", LOGFILE_RTC},
    {"selection", LOGFILE_SELECTION},
    {"statistics", LOGFILE_STATISTICS},
    {"tempcomp", LOGFILE_TEMPCOMP},
    {"tracking", LOGFILE_TRACKING},
};

const char *directive_log_name(size_t index)
{
    return index < COUNT(log_names) ? log_names[index].name : NULL;
}

static bool fail_log_name(struct parser *p, const char *name)
{
    struct nearest nearest = nearest_start(name);

    for (size_t i = 0; i < COUNT(log_names); i++)
        nearest_offer(&nearest, log_names[i].name);
    parser_fail(p, "Invalid log parameter");
    parser_explain(p, ": %s", name);
    return nearest.best ? parser_explain(p, " (did you mean %s?)", nearest.best) : false;
}

bool directive_log(struct parser *p, const struct directive *d, char *args)
{
    while (args[0] != '\0') {
        char *name = args;

        args = text_split(args);
        const struct named_value *found = find_value(log_names, COUNT(log_names), name);
        if (!found || strcmp(name, found->name) != 0) /* exact case */
            return fail_log_name(p, name);
        p->conf->log.files |= (unsigned int)found->value;
    }
    return true;
}

/* The list is replaced; without words it is empty. */
bool directive_ntsaeads(struct parser *p, const struct directive *d, char *args)
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
        if (value < (long)d->row.min || value > (long)d->row.max) {
            free(aeads);
            return parser_fail(p, "Invalid value %ld in %s directive (min %ld, max %ld)", value,
                               p->word, (long)d->row.min, (long)d->row.max);
        }
        aeads = mem_resize(aeads, count + 1, sizeof(*aeads));
        aeads[count++] = (int)value;
    }

    free(p->conf->nts_aeads.ids);
    p->conf->nts_aeads.ids = aeads;
    p->conf->nts_aeads.count = count;
    return true;
}

/* [SET] PATH */
bool directive_ntstrustedcerts(struct parser *p, const struct directive *d, char *args)
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
    conf->nts_client.certs = mem_resize(conf->nts_client.certs, conf->nts_client.count + 1,
                                        sizeof(*conf->nts_client.certs));
    conf->nts_client.certs[conf->nts_client.count++] =
        (struct conf_trusted_certs){.set = set, .path = text_dup(path)};
    return true;
}

static const struct named_value open_commands[] = {
    {"activity", OPEN_ACTIVITY},       {"authdata", OPEN_AUTHDATA},
    {"clients", OPEN_CLIENTS},         {"estimator", OPEN_ESTIMATOR},
    {"manual", OPEN_MANUAL},           {"ntpdata", OPEN_NTPDATA},
    {"rtcdata", OPEN_RTCDATA},         {"selectdata", OPEN_SELECTDATA},
    {"serverstats", OPEN_SERVERSTATS}, {"smoothing", OPEN_SMOOTHING},
    {"sourcename", OPEN_SOURCENAME},   {"sources", OPEN_SOURCES},
    {"sourcestats", OPEN_SOURCESTATS}, {"temperature", OPEN_TEMPERATURE},
    {"tracking", OPEN_TRACKING},
};

const char *directive_open_command(size_t index)
{
    return index < COUNT(open_commands) ? open_commands[index].name : NULL;
}

/* The list is replaced; without words nothing is open. */
bool directive_opencommands(struct parser *p, const struct directive *d, char *args)
{
    unsigned int open = 0;

    while (args[0] != '\0') {
        char *word = args;

        args = text_split(args);
        int bit = 0;
        if (!read_choice(p, open_commands, COUNT(open_commands), word, &bit))
            return false;
        open |= (unsigned int)bit;
    }
    p->conf->command.open = open;
    return true;
}

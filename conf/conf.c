/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct conf: its defaults, its end, and checks of a complete configuration. Called by the
 * daemon at start. It must never act on the configuration.
 */
#include "conf/conf.h"

#include <stdarg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/nearest.h"
#include "base/number.h"
#include "base/text.h"
#include "conf/directive.h"
#include "config.h"

static void use_no_ports_and_files(struct conf *conf)
{
    conf->sockets.port = 0;
    conf->command.port = 0;
    conf_set_string(&conf->command.path, NULL);
    conf_set_string(&conf->process.pid_file, NULL);
}

struct conf *conf_new(const struct conf_env *env)
{
    struct conf *conf = mem_alloc(sizeof(*conf));

    for (size_t i = 0; i < directive_count; i++)
        option_reset(&directive_table[i].row, conf);

    /* What is not one value */
    conf->nts_aeads.ids = mem_array(2, sizeof(*conf->nts_aeads.ids));
    conf->nts_aeads.ids[0] = 30;
    conf->nts_aeads.ids[1] = 15;
    conf->nts_aeads.count = 2;
    conf->client_log.ntp = (struct ratelimit_conf){.interval = 3, .burst = 8, .leak = 2};
    conf->client_log.nts = (struct ratelimit_conf){.interval = 6, .burst = 8, .leak = 2};
    conf->client_log.cmd = (struct ratelimit_conf){.interval = -4, .burst = 8, .leak = 2};
    conf->selection.authselect_mode = AUTHSELECT_MIX;
    conf->selection.estimator = ESTIMATOR_REGRESSION;
    conf->client.poll_policy.ratio = POLL_POLICY_RATIO;
    conf->reference.leap.mode = LEAPSEC_SYSTEM;
    conf->reference.drift_file.interval = 3600;
    conf->reference.max_change.start = -1;
    conf->reference.clock_step = (struct clock_step_conf){.limit = INFINITY, .per_hour = 3};
    conf->client_log.limit = 524288;
    conf->reference.local = (struct local_conf){.stratum = 10, .distance = 1.0};
    conf->command.bind.v4 = ip_addr_loopback(IP_V4);
    conf->command.bind.v6 = ip_addr_loopback(IP_V6);
    conf->command.path = text_dup(DEFAULT_COMMAND_SOCKET);
    conf->command.open = OPEN_ACTIVITY | OPEN_MANUAL | OPEN_RTCDATA | OPEN_SMOOTHING |
                         OPEN_SOURCENAME | OPEN_SOURCES | OPEN_SOURCESTATS | OPEN_TRACKING;
    if (env->client_only)
        use_no_ports_and_files(conf);
    return conf;
}

static void free_access(struct conf_access_rules *access)
{
    for (size_t i = 0; i < access->name_count; i++)
        free(access->names[i].name);
    free(access->names);
    free(access->rules);
}

static void free_strings(struct conf_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
}

static void free_lists(struct conf *conf)
{
    source_conf_list_free(conf->client.sources, conf->client.source_count);
    for (size_t i = 0; i < conf->refclocks.count; i++) {
        free(conf->refclocks.items[i].driver);
        free(conf->refclocks.items[i].parameter);
    }
    for (size_t i = 0; i < conf->nts_client.count; i++)
        free(conf->nts_client.certs[i].path);
    for (size_t i = 0; i < conf->nic_clocks.count; i++)
        free(conf->nic_clocks.items[i].interface);
    for (size_t i = 0; i < conf->xdp.count; i++)
        free(conf->xdp.items[i].interface);

    free(conf->refclocks.items);
    free(conf->nts_client.certs);
    free(conf->nic_clocks.items);
    free(conf->xdp.items);
    free(conf->initstepslew.servers);
    free(conf->nts_aeads.ids);
    free(conf->broadcasts.items);
    free_access(&conf->server.access);
    free_access(&conf->command.access);
    free_strings(&conf->client.source_dirs);
    free_strings(&conf->nts_server.certs);
    free_strings(&conf->nts_server.keys);
    free_strings(&conf->unsupported);
}

void conf_free(struct conf *conf)
{
    if (!conf)
        return;

    for (size_t i = 0; i < directive_count; i++) {
        if (directive_table[i].row.kind == OPTION_STRING)
            conf_set_string((char **)((char *)conf + directive_table[i].row.offset), NULL);
    }
    free(conf->tempcomp.file);
    free(conf->tempcomp.points_file);
    free(conf->templearn.file);
    free(conf->history.file);
    free(conf->command.path);
    free_lists(conf);
    free(conf);
}

/* ---- Checks between directives ---- */

struct problems {
    conf_problem_handler *handler;
    void *arg;
};

/* A problem with the directive of this name and index. */
struct subject {
    const struct problems *problems;
    const char *directive;
    size_t index;
};

static void report(const struct problems *problems, const char *directive, const char *text)
{
    problems->handler(text, directive, 0, problems->arg);
}

static void report_item(const struct subject *subject, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void report_item(const struct subject *subject, const char *format, ...)
{
    struct conf_error error;
    va_list args;

    va_start(args, format);
    vsnprintf(error.message, sizeof(error.message), format, args);
    va_end(args);
    subject->problems->handler(error.message, subject->directive, subject->index,
                               subject->problems->arg);
}

static void check_driver(const struct subject *subject, const char *driver)
{
    static const char *const drivers[] = {"PPS", "SOCK", "SHM", "PHC", "RTC"};
    struct nearest nearest = nearest_start(driver);

    for (size_t i = 0; i < COUNT(drivers); i++) {
        if (strcmp(driver, drivers[i]) == 0)
            return;
        nearest_offer(&nearest, drivers[i]);
    }
    report_item(subject, "unknown refclock driver %s%s%s%s", driver,
                nearest.best ? " (did you mean " : "", nearest.best ? nearest.best : "",
                nearest.best ? "?)" : "");
}

static void check_refclocks(const struct conf *conf, const struct problems *problems)
{
    for (size_t i = 0; i < conf->refclocks.count; i++) {
        const struct refclock_conf *clock = &conf->refclocks.items[i];
        const struct subject subject = {problems, "refclock", i};

        check_driver(&subject, clock->driver);
        if (clock->tai && !conf->reference.leap.list && !conf->reference.leap.tz)
            report_item(&subject, "refclock tai option requires leapseclist or leapsectz");
        if (strcmp(clock->driver, "RTC") == 0 && (conf->rtc.sync || conf->rtc.file))
            report_item(&subject, "RTC refclock cannot be used together with rtcsync or rtcfile");
    }
}

static void check_access(const struct conf_access_rules *rules, const char *directive,
                         const struct problems *problems)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct subject subject = {problems, directive, i};
        const struct subnet *subnet = &rules->rules[i].subnet;
        char text[ADDR_TEXT_SIZE];

        if (subnet->addr.family == IP_UNSPEC ||
            subnet->bits <= (subnet->addr.family == IP_V6 ? 128 : 32))
            continue;
        report_item(&subject, "Bad subnet in %s/%d",
                    ip_addr_format(&subnet->addr, text, sizeof(text)), subnet->bits);
    }
}

void conf_check_all(const struct conf *conf, conf_problem_handler *handler, void *arg)
{
    const struct problems problems = {handler, arg};

    if (conf->nts_server.certs.count != conf->nts_server.keys.count)
        report(&problems, "ntsservercert", "Uneven number of NTS certs and keys");
    if (conf->rtc.file && conf->rtc.sync)
        report(&problems, "rtcfile", "rtcfile directive cannot be used with rtcsync");
    if (conf->templearn.file && conf->tempcomp.file)
        report(&problems, "templearn", "templearn directive cannot be used with tempcomp");
    if (conf->client.poll_policy.accuracy && conf->selection.estimator != ESTIMATOR_KALMAN)
        report(&problems, "pollpolicy", "pollpolicy accuracy requires estimator kalman");
    check_refclocks(conf, &problems);
    check_access(&conf->server.access, "allow", &problems);
    check_access(&conf->command.access, "cmdallow", &problems);
    if (conf->client_log.off && (conf->client_log.ntp.enabled || conf->client_log.nts.enabled ||
                                 conf->client_log.cmd.enabled))
        report(&problems, "noclientlog", "Rate limiting cannot be enabled with noclientlog");
}

struct first_problem {
    struct conf_error *error;
    bool found;
};

static void keep_first(const char *text, const char *directive, size_t index, void *arg)
{
    struct first_problem *first = arg;

    if (!first->found)
        text_copy(first->error->message, sizeof(first->error->message), text);
    first->found = true;
}

bool conf_check(const struct conf *conf, struct conf_error *error)
{
    struct first_problem first = {.error = error};

    conf_check_all(conf, keep_first, &first);
    return !first.found;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct conf: its defaults, its end, and checks of a complete configuration. Called by the
 * daemon at start. It must never act on the configuration.
 */
#include "conf/conf.h"

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

    free(conf->refclocks.items);
    free(conf->nts_client.certs);
    free(conf->nic_clocks.items);
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
    free(conf->command.path);
    free_lists(conf);
    free(conf);
}

static bool fail_driver(struct conf_error *error, const char *driver, const char *const *drivers,
                        size_t count)
{
    struct nearest nearest = nearest_start(driver);

    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, drivers[i]);
    if (!nearest.best)
        return conf_fail(error, "unknown refclock driver %s", driver);
    return conf_fail(error, "unknown refclock driver %s (did you mean %s?)", driver, nearest.best);
}

static bool check_refclocks(const struct conf *conf, struct conf_error *error)
{
    static const char *const drivers[] = {"PPS", "SOCK", "SHM", "PHC", "RTC"};

    for (size_t i = 0; i < conf->refclocks.count; i++) {
        const struct refclock_conf *clock = &conf->refclocks.items[i];
        bool known = false;

        for (size_t j = 0; j < COUNT(drivers); j++)
            known = known || strcmp(clock->driver, drivers[j]) == 0;
        if (!known)
            return fail_driver(error, clock->driver, drivers, COUNT(drivers));
        if (clock->tai && !conf->reference.leap.list && !conf->reference.leap.tz)
            return conf_fail(error, "refclock tai option requires leapseclist or leapsectz");
        if (strcmp(clock->driver, "RTC") == 0 && (conf->rtc.sync || conf->rtc.file)) {
            return conf_fail(error, "RTC refclock cannot be used together with rtcsync or rtcfile");
        }
    }
    return true;
}

static bool check_access(const struct conf_access_rules *rules, struct conf_error *error)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct subnet *subnet = &rules->rules[i].subnet;
        char text[ADDR_TEXT_SIZE];

        if (subnet->addr.family == IP_UNSPEC ||
            subnet->bits <= (subnet->addr.family == IP_V6 ? 128 : 32))
            continue;
        return conf_fail(error, "Bad subnet in %s/%d",
                         ip_addr_format(&subnet->addr, text, sizeof(text)), subnet->bits);
    }
    return true;
}

bool conf_check(const struct conf *conf, struct conf_error *error)
{
    if (conf->nts_server.certs.count != conf->nts_server.keys.count)
        return conf_fail(error, "Uneven number of NTS certs and keys");
    if (conf->rtc.file && conf->rtc.sync)
        return conf_fail(error, "rtcfile directive cannot be used with rtcsync");
    if (conf->templearn.file && conf->tempcomp.file)
        return conf_fail(error, "templearn directive cannot be used with tempcomp");
    if (conf->client.poll_policy.accuracy && conf->selection.estimator != ESTIMATOR_KALMAN)
        return conf_fail(error, "pollpolicy accuracy requires estimator kalman");
    if (!check_refclocks(conf, error) || !check_access(&conf->server.access, error) ||
        !check_access(&conf->command.access, error))
        return false;
    if (conf->client_log.off && (conf->client_log.ntp.enabled || conf->client_log.nts.enabled ||
                                 conf->client_log.cmd.enabled))
        return conf_fail(error, "Rate limiting cannot be enabled with noclientlog");
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct conf: its defaults, its end, and checks of a complete configuration. Called by the
 * daemon at start. It must never act on the configuration.
 */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>
#include "base/nearest.h"
#include "base/text.h"
#include "conf/directive.h"
#include "config.h"

static void use_no_ports_and_files(struct conf *conf)
{
    conf->port = 0;
    conf->cmd_port = 0;
    conf_set_string(&conf->bind_cmd_path, NULL);
    conf_set_string(&conf->pid_file, NULL);
}

struct conf *conf_new(const struct conf_env *env)
{
    struct conf *conf = mem_alloc(sizeof(*conf));

    for (size_t i = 0; i < directive_count; i++)
        option_reset(&directive_table[i].row, conf);

    /* What is not one value */
    conf->nts_aeads = mem_array(2, sizeof(*conf->nts_aeads));
    conf->nts_aeads[0] = 30;
    conf->nts_aeads[1] = 15;
    conf->nts_aead_count = 2;
    conf->ntp_ratelimit = (struct conf_ratelimit){.interval = 3, .burst = 8, .leak = 2};
    conf->nts_ratelimit = (struct conf_ratelimit){.interval = 6, .burst = 8, .leak = 2};
    conf->cmd_ratelimit = (struct conf_ratelimit){.interval = -4, .burst = 8, .leak = 2};
    conf->authselect_mode = AUTHSELECT_MIX;
    conf->leapsec_mode = LEAPSEC_SYSTEM;
    conf->drift_file_interval = 3600;
    conf->max_change.start = -1;
    conf->client_log_limit = 524288;
    conf->local = (struct conf_local){.stratum = 10, .distance = 1.0};
    conf->bind_cmd4 = ip_addr_loopback(IP_V4);
    conf->bind_cmd6 = ip_addr_loopback(IP_V6);
    conf->bind_cmd_path = text_dup(DEFAULT_COMMAND_SOCKET);
    conf->open_commands = OPEN_ACTIVITY | OPEN_MANUAL | OPEN_RTCDATA | OPEN_SMOOTHING |
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
    source_conf_list_free(conf->sources, conf->source_count);
    for (size_t i = 0; i < conf->refclock_count; i++) {
        free(conf->refclocks[i].driver);
        free(conf->refclocks[i].parameter);
    }
    for (size_t i = 0; i < conf->trusted_cert_count; i++)
        free(conf->trusted_certs[i].path);
    for (size_t i = 0; i < conf->hwtimestamp_count; i++)
        free(conf->hwtimestamps[i].interface);

    free(conf->refclocks);
    free(conf->trusted_certs);
    free(conf->hwtimestamps);
    free(conf->initstepslew_servers);
    free(conf->nts_aeads);
    free(conf->broadcasts);
    free_access(&conf->ntp_access);
    free_access(&conf->cmd_access);
    free_strings(&conf->source_dirs);
    free_strings(&conf->nts_server_certs);
    free_strings(&conf->nts_server_keys);
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
    free(conf->bind_cmd_path);
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

    for (size_t i = 0; i < conf->refclock_count; i++) {
        const struct conf_refclock *clock = &conf->refclocks[i];
        bool known = false;

        for (size_t j = 0; j < sizeof(drivers) / sizeof(drivers[0]); j++)
            known = known || strcmp(clock->driver, drivers[j]) == 0;
        if (!known)
            return fail_driver(error, clock->driver, drivers, sizeof(drivers) / sizeof(drivers[0]));
        if (clock->tai && !conf->leapsec_list && !conf->leapsec_tz)
            return conf_fail(error, "refclock tai option requires leapseclist or leapsectz");
        if (strcmp(clock->driver, "RTC") == 0 && (conf->rtc_sync || conf->rtc_file)) {
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
    if (conf->nts_server_certs.count != conf->nts_server_keys.count)
        return conf_fail(error, "Uneven number of NTS certs and keys");
    if (conf->rtc_file && conf->rtc_sync)
        return conf_fail(error, "rtcfile directive cannot be used with rtcsync");
    if (!check_refclocks(conf, error) || !check_access(&conf->ntp_access, error) ||
        !check_access(&conf->cmd_access, error))
        return false;
    if (conf->no_client_log &&
        (conf->ntp_ratelimit.enabled || conf->nts_ratelimit.enabled || conf->cmd_ratelimit.enabled))
        return conf_fail(error, "Rate limiting cannot be enabled with noclientlog");
    return true;
}

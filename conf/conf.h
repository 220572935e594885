/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: text in, one plain struct out. Parsing records values and has no other effect
 * (names in access rules and initstepslew are resolved through a callback).
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/addr.h"
#include "conf/source_options.h"

enum authselect_mode { AUTHSELECT_REQUIRE, AUTHSELECT_PREFER, AUTHSELECT_MIX, AUTHSELECT_IGNORE };
enum leapsec_mode { LEAPSEC_SYSTEM, LEAPSEC_STEP, LEAPSEC_SLEW, LEAPSEC_IGNORE };

/* log directive */
enum log_file_bit {
    LOGFILE_MEASUREMENTS = 1 << 0,
    LOGFILE_RAWMEASUREMENTS = 1 << 1, /* implies measurements */
    LOGFILE_SELECTION = 1 << 2,
    LOGFILE_STATISTICS = 1 << 3,
    LOGFILE_TRACKING = 1 << 4,
    LOGFILE_RTC = 1 << 5,
    LOGFILE_REFCLOCKS = 1 << 6,
    LOGFILE_TEMPCOMP = 1 << 7,
};

/* opencommands directive: the reports that are answered over UDP (cmdmon.md 3.1) */
enum open_command {
    OPEN_ACTIVITY = 1 << 0,
    OPEN_AUTHDATA = 1 << 1,
    OPEN_CLIENTS = 1 << 2,
    OPEN_MANUAL = 1 << 3,
    OPEN_NTPDATA = 1 << 4,
    OPEN_RTCDATA = 1 << 5,
    OPEN_SELECTDATA = 1 << 6,
    OPEN_SERVERSTATS = 1 << 7,
    OPEN_SMOOTHING = 1 << 8,
    OPEN_SOURCENAME = 1 << 9,
    OPEN_SOURCES = 1 << 10,
    OPEN_SOURCESTATS = 1 << 11,
    OPEN_TRACKING = 1 << 12,
};

struct conf_access_rule {
    struct subnet subnet;
    bool allow;
    bool all; /* removes more specific rules */
};

/* A rule for a host name without an address. It is kept apart from the other rules, so that it
   cannot be applied by mistake. */
struct conf_access_name {
    char *name;
    bool allow;
    bool all;
    size_t position; /* number of rules that come before it */
};

struct conf_access_rules {
    struct conf_access_rule *rules;
    size_t count;
    struct conf_access_name *names; /* in the order of the configuration */
    size_t name_count;
};

struct conf_strings {
    char **items;
    size_t count;
};

struct conf_ratelimit {
    bool enabled;
    int interval;
    int burst;
    int leak;
    int kod; /* NTP only */
};

struct conf_local {
    bool enabled;
    int stratum;
    bool orphan;
    double distance;
    double activate;
    double wait_synced;
    double wait_unsynced; /* the default is filled in */
};

struct conf_broadcast {
    struct ip_port dest;
    int interval;
};

struct conf_trusted_certs {
    uint32_t set;
    char *path;
};

struct conf_refclock {
    char *driver;
    char *parameter; /* with driver options, not split yet */
    int poll, dpoll, rate, max_lock_age, filter_length, stratum;
    int min_samples, max_samples, max_unreach;
    uint32_t refid, lock_refid; /* 0: default, none */
    bool pps, tai, local;
    bool wait_device; /* tried again when it cannot be opened */
    unsigned int select_options;
    double offset, delay, precision, max_dispersion, pulse_width;
};

enum hwts_rxfilter {
    HWTS_RXFILTER_ANY,
    HWTS_RXFILTER_NONE,
    HWTS_RXFILTER_NTP,
    HWTS_RXFILTER_PTP,
    HWTS_RXFILTER_ALL
};

struct conf_hwtimestamp {
    char *interface;
    int minpoll, maxpoll; /* maxpoll: minpoll + 1 unless given */
    int min_samples, max_samples;
    bool nocrossts;
    enum hwts_rxfilter rxfilter;
    double precision, tx_comp, rx_comp;
};

struct conf_tempcomp {
    char *file; /* NULL: off */
    char *points_file;
    double interval;
    double t0, k0, k1, k2;
};

struct makestep_conf {
    double threshold; /* s */
    int limit;        /* number of clock updates; negative: no limit */
};

/* After `start` clock updates (negative: off), `ignore` offsets (negative: all) larger than this are
   ignored. */
struct max_change_conf {
    double offset; /* s */
    int start, ignore;
};

/* log2 of seconds; off unless 0 < min <= max */
struct fallback_drift_conf {
    int min, max;
};

/* Off if one of them is 0 or less. */
struct smoothing_conf {
    double max_freq, max_wander; /* ppm, ppm/s */
    bool leap_only;
};

/* Every setting, with the defaults of config.md 8 and 26. Strings are NULL when not set. */
struct conf {
    /* sources and client */
    struct source_conf *sources;
    size_t source_count;
    struct conf_refclock *refclocks;
    size_t refclock_count;
    struct conf_strings source_dirs; /* one item per sourcedir directive, arguments as one string */
    bool manual;
    int acquisition_port;                /* -1: a random port for each request */
    struct ip_addr bind_acq4, bind_acq6; /* IP_UNSPEC: any */
    char *bind_acq_device;
    int dscp;
    char *dump_dir;
    int min_samples, max_samples;
    int refresh;
    double initstepslew_threshold;
    struct ip_addr *initstepslew_servers;
    size_t initstepslew_count;

    /* NTS */
    int *nts_aeads;
    size_t nts_aead_count;
    char *nts_dump_dir;
    int nts_refresh;
    int nts_rotate;
    struct conf_trusted_certs *trusted_certs;
    size_t trusted_cert_count;
    bool no_system_cert;
    int no_cert_time_check;
    struct conf_strings nts_server_certs, nts_server_keys;
    uint16_t nts_port;
    int nts_processes;
    int max_nts_connections;
    char *nts_ntp_server;
    struct conf_ratelimit nts_ratelimit;

    /* selection */
    enum authselect_mode authselect_mode;
    double combine_limit, max_distance, max_jitter, reselect_distance, stratum_weight;
    int min_stratum, max_stratum, min_sources;

    /* clock */
    double clock_precision;
    double corr_time_ratio;
    char *drift_file;
    int drift_file_interval;
    struct fallback_drift_conf fallback_drift;
    enum leapsec_mode leapsec_mode;
    char *leapsec_tz, *leapsec_list;
    struct makestep_conf makestep;
    struct max_change_conf max_change;
    double max_clock_error, max_drift, max_update_skew, max_slew_rate; /* ppm */
    struct conf_tempcomp tempcomp;

    /* server */
    int port;
    struct ip_addr bind_addr4, bind_addr6; /* IP_UNSPEC: any */
    char *bind_device;
    struct conf_broadcast *broadcasts;
    size_t broadcast_count;
    unsigned long client_log_limit;
    bool no_client_log;
    struct conf_local local;
    char *ntp_signd_socket;
    struct conf_ratelimit ntp_ratelimit;
    struct smoothing_conf smoothing;
    struct conf_access_rules ntp_access, cmd_access;

    /* command and monitoring */
    struct ip_addr bind_cmd4, bind_cmd6; /* default: loopback */
    char *bind_cmd_path;                 /* NULL: no Unix socket */
    char *bind_cmd_device;
    int cmd_port;
    struct conf_ratelimit cmd_ratelimit;
    unsigned int open_commands; /* enum open_command */

    /* RTC */
    char *rtc_file, *rtc_device, *hwclock_file;
    bool rtc_sync, rtc_on_utc;
    double rtc_autotrim;

    /* logging */
    unsigned int log_files; /* enum log_file_bit */
    char *log_dir;
    int log_banner;
    double log_change;
    char *mail_user; /* NULL: off */
    double mail_change;

    /* hardware timestamping, PTP transport */
    struct conf_hwtimestamp *hwtimestamps;
    size_t hwtimestamp_count;
    double hwts_timeout;
    int max_tx_buffers;
    int ptp_port, ptp_domain;

    /* configured features that this build does not have, each once */
    struct conf_strings unsupported;

    /* process */
    char *key_file;
    char *user;
    char *pid_file; /* NULL: none */
    bool lock_memory;
    int sched_priority;
};

/* Facts and services for the parser. */
struct conf_env {
    bool client_only; /* -Q: no default ports, Unix socket and PID file */
    bool restarted;   /* -R: initstepslew ignored, positive makestep limit becomes 0 */
    bool without_nts; /* a build without NTS: directives that need it are worth a warning */
    FILE *print;      /* -p: each line is written here before it is evaluated; NULL: not */
    /* Blocking resolution of a name, up to max addresses; number found. */
    int (*resolve)(const char *name, struct ip_addr *addrs, int max, void *arg);
    void *resolve_arg;
};

/* Why and where reading the configuration failed. */
struct conf_error {
    char message[4096]; /* complete text including " at line N in file F" */
};

/* With all defaults; freed by conf_free. */
struct conf *conf_new(const struct conf_env *env);
void conf_free(struct conf *conf);

/* Reads a file or evaluates one line (number counts from 1; file NULL for the command line).
   False: error is filled in, nothing logged. Warnings are logged. */
bool conf_read_file(struct conf *conf, const struct conf_env *env, const char *path,
                    struct conf_error *error);
bool conf_read_line(struct conf *conf, const struct conf_env *env, const char *line, int number,
                    struct conf_error *error);
/* Checks between directives that need nothing but the configuration, in the order of config.md 24:
   certificates and keys, rtcfile and rtcsync, refclock drivers, prefix lengths of access rules,
   rate limits without client log. User, priority, -F and what the system must be asked for are
   checked by the daemon. False: error is filled in. */
bool conf_check(const struct conf *conf, struct conf_error *error);

/*
 * The .sources files of all source directories, in reading order (config.md 7); bad lines are
 * ignored. Allocated array, freed by source_conf_list_free.
 */
struct world;
struct source_conf *conf_read_source_dirs(const struct conf *conf, const struct world *world,
                                          size_t *count);
void source_conf_list_free(struct source_conf *list, size_t count);

/* "[all] [SUBNET]" as in allow and chronyc (config.md 16); the line is changed. resolve may be
   NULL: no host names. */
bool conf_parse_access(char *line, const struct conf_env *env, struct conf_access_rule *rule);

#endif

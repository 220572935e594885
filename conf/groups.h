/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings, in groups of plain values: a module is created with its own group and knows no
 * other one. Modules copy their group; strings and lists in it belong to the configuration, which
 * lives as long as the program. NULL: not set. Defaults and ranges are in directive_table.c.
 * config.md 8
 */
#ifndef CONF_GROUPS_H
#define CONF_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "conf/source_options.h"

struct conf_strings {
    char **items;
    size_t count;
};

/* Something that is on in some circumstances unless it was set. */
enum conf_choice { CHOICE_AUTO, CHOICE_NO, CHOICE_YES };

/* ---- Clock ---- */

struct clock_conf {
    double precision;                           /* s; 0 or less: measured */
    double max_drift, max_error, max_slew_rate; /* ppm */
};

struct makestep_conf {
    double threshold; /* s */
    int limit;        /* number of clock updates; negative: no limit */
};

/* Steps by command that the guard of the clock allows. */
#define CLOCK_STEP_MAX_PER_HOUR 3600
struct clock_step_conf {
    double limit; /* s */
    int per_hour;
};

/* After `start` clock updates (negative: off), `ignore` offsets (negative: all) larger than this
   are ignored. */
struct max_change_conf {
    double offset; /* s */
    int start, ignore;
};

/* log2 of seconds; off unless 0 < min <= max */
struct fallback_drift_conf {
    int min, max;
};

struct drift_file_conf {
    char *path;
    int interval; /* s */
};

enum leapsec_mode { LEAPSEC_SYSTEM, LEAPSEC_STEP, LEAPSEC_SLEW, LEAPSEC_IGNORE };

struct leap_conf {
    enum leapsec_mode mode;
    char *tz, *list;
};

struct local_conf {
    bool enabled;
    int stratum;
    bool orphan;
    double distance;
    double activate;
    double wait_synced;
    double wait_unsynced; /* negative: the default */
};

struct reference_conf {
    struct makestep_conf makestep;
    struct clock_step_conf clock_step;
    struct max_change_conf max_change;
    struct fallback_drift_conf fallback_drift;
    struct drift_file_conf drift_file;
    struct leap_conf leap;
    struct local_conf local;
    double max_update_skew; /* ppm; its magnitude counts */
    double corr_time_ratio;
    double initstepslew_threshold; /* s */
    double log_change;             /* s */
    char *mail_user;               /* NULL: off */
    double mail_change;            /* s */
};

/* Off if one of them is 0 or less. */
struct smoothing_conf {
    double max_freq, max_wander; /* ppm, ppm/s */
    bool leap_only;
};

struct tempcomp_conf {
    char *file; /* NULL: off */
    char *points_file;
    double interval;
    double t0, k0, k1, k2;
};

/* The history file. */
struct history_conf {
    char *file;    /* NULL: none */
    uint64_t size; /* octets, HISTORY_CONF_MIN_SIZE to HISTORY_CONF_MAX_SIZE */
};

#define HISTORY_CONF_MIN_SIZE     ((uint64_t)64 << 10)
#define HISTORY_CONF_MAX_SIZE     ((uint64_t)256 << 20)
#define HISTORY_CONF_DEFAULT_SIZE ((uint64_t)1 << 20)

/* How the frequency depends on the temperature is learnt. */
struct templearn_conf {
    char *file;      /* of the sensor; NULL: off */
    double interval; /* s, above 0 */
};

enum hwts_rxfilter {
    HWTS_RXFILTER_ANY,
    HWTS_RXFILTER_NONE,
    HWTS_RXFILTER_NTP,
    HWTS_RXFILTER_PTP,
    HWTS_RXFILTER_ALL
};

struct hwtimestamp_conf {
    char *interface;
    int minpoll, maxpoll; /* maxpoll: minpoll + 1 unless given */
    int min_samples, max_samples;
    bool nocrossts;
    enum hwts_rxfilter rxfilter;
    double precision, tx_comp, rx_comp;
};

/* Interfaces on which requests are answered in the kernel. */
struct xdp_interface_conf {
    char *interface; /* "*": all */
    bool generic;    /* in the network stack instead of the driver */
};

struct xdp_conf {
    struct xdp_interface_conf *items;
    size_t count;
};

struct nic_clocks_conf {
    struct hwtimestamp_conf *items;
    size_t count;
    int max_tx_buffers;
};

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
    LOGFILE_ESTIMATOR = 1 << 8,
};

struct log_conf {
    unsigned int files; /* enum log_file_bit */
    char *dir;
    int banner;
};

/* ---- Sources ---- */

enum authselect_mode { AUTHSELECT_REQUIRE, AUTHSELECT_PREFER, AUTHSELECT_MIX, AUTHSELECT_IGNORE };

enum estimator_kind { ESTIMATOR_REGRESSION, ESTIMATOR_KALMAN };

/* The register of sources: samples, selection, combining, dump files. */
struct selection_conf {
    enum estimator_kind estimator;
    enum authselect_mode authselect_mode;
    double combine_limit;                                               /* 0 or less: off */
    double max_distance, max_jitter, reselect_distance, stratum_weight; /* s */
    int min_stratum, max_stratum, min_sources;
    int min_samples, max_samples; /* of sources with SOURCE_DEFAULT_SAMPLES */
    char *dump_dir;
};

struct refclock_conf {
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

struct refclocks_conf {
    struct refclock_conf *items;
    size_t count;
};

struct rtc_conf {
    char *file; /* NULL: no tracking */
    char *device, *hwclock_file;
    bool sync, on_utc;
    double autotrim; /* s; 0 or less: off */
};

/* ---- NTP ---- */

/* Local addresses (IP_UNSPEC: any) and interface of sockets. */
struct bind_conf {
    struct ip_addr v4, v6;
    char *device;
};

struct sockets_conf {
    struct bind_conf server, client; /* of NTS-KE, too */
    int port;
    int acquisition_port; /* -1: a random port for each request */
    int dscp;
    int ptp_port, ptp_domain;
};

/* Which polling interval a source gets within its limits. */
struct poll_policy_conf {
    bool accuracy; /* by the accuracy that the estimator predicts; off: by the number of samples */
    double ratio;  /* error that is allowed, in multiples of that at minpoll; 1 or more */
};

struct client_conf {
    struct poll_policy_conf poll_policy;
    struct source_conf *sources;
    size_t source_count;
    struct conf_strings source_dirs; /* one item per sourcedir directive, arguments as one string */
    int refresh;                     /* s; 0: never */
    double hwts_timeout;             /* s; 0 or less: no waiting */
};

struct initstepslew_conf {
    struct ip_addr *servers;
    size_t count;
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

struct ratelimit_conf {
    bool enabled;
    int interval;
    int burst;
    int leak;
    int kod; /* NTP only */
};

struct server_conf {
    struct conf_access_rules access;
    char *signd_socket;
};

struct client_log_conf {
    unsigned long limit; /* octets */
    bool off;
    struct ratelimit_conf ntp, nts, cmd;
};

struct broadcast_conf {
    struct ip_port dest;
    int interval;
};

struct broadcasts_conf {
    struct broadcast_conf *items;
    size_t count;
};

/* ---- NTS ---- */

struct conf_trusted_certs {
    uint32_t set;
    char *path;
};

struct nts_client_conf {
    struct conf_trusted_certs *certs;
    size_t count;
    bool no_system_cert;
    int no_cert_time_check; /* number of clock updates */
    char *dump_dir;         /* of cookies, and of the keys of the server */
    int refresh;            /* s */
};

struct nts_aeads_conf {
    int *ids;
    size_t count;
};

struct nts_server_conf {
    struct conf_strings certs, keys; /* files, in pairs */
    uint16_t port;
    int processes;
    int max_connections;
    char *ntp_server;
    int rotate; /* s */
};

/* ---- Command and monitoring ---- */

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
    OPEN_ESTIMATOR = 1 << 13,
    OPEN_TEMPERATURE = 1 << 14,
};

struct command_conf {
    struct bind_conf bind; /* default: loopback */
    int port;
    char *path; /* NULL: no Unix socket */
    struct conf_access_rules access;
    unsigned int open; /* enum open_command */
    /* Where the metrics are served over HTTP; IP_UNSPEC: nowhere. */
    struct ip_port metrics;
};

/* ---- Process ---- */

struct process_conf {
    char *user;
    char *pid_file;  /* NULL: none */
    char *time_page; /* file; NULL: none */
    bool lock_memory;
    int sched_priority;
    /* Automatic: on if the daemon changes its user. */
    enum conf_choice clock_guard;
    enum conf_choice nts_client_process;
    int server_workers; /* negative: automatic */
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of the monitoring reports, in the units and with the signs of cmdmon.md 13. They are
 * filled by the modules that own the values, encoded by cmdmon/ and printed by chronyc/.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/instant.h"

enum report_mode { REPORT_SERVER = 0, REPORT_PEER = 1, REPORT_REFCLOCK = 2 };

/* What selection has made of a source. */
enum report_state {
    REPORT_SELECTED = 0,
    REPORT_NOT_SELECTABLE = 1,
    REPORT_FALSETICKER = 2,
    REPORT_JITTERY = 3,
    REPORT_COMBINED = 4,
    REPORT_SELECTABLE = 5,
};

enum report_auth { REPORT_AUTH_NONE = 0, REPORT_AUTH_SYMMETRIC = 1, REPORT_AUTH_NTS = 2 };

struct report_source {
    struct ip_addr addr; /* reference clock: IPv4 with the reference ID */
    int poll;
    int stratum;
    int state; /* enum report_state */
    int mode;  /* enum report_mode */
    int reachability;
    uint32_t latest_age; /* 0xffffffff: no sample */
    double orig_offset;
    double offset;
    double error;
};

struct report_tracking {
    uint32_t refid;
    struct ip_addr addr;
    int stratum;
    int leap;
    struct instant ref_time;
    double correction;
    double last_offset;
    double rms_offset;
    double freq_ppm;
    double resid_freq_ppm;
    double skew_ppm;
    double root_delay;
    double root_dispersion;
    double last_update_interval;
};

struct report_sourcestats {
    uint32_t refid;
    struct ip_addr addr;
    uint32_t samples;
    uint32_t runs;
    uint32_t span_seconds;
    double sd;
    double resid_freq_ppm;
    double skew_ppm;
    double est_offset;
    double est_offset_err;
};

enum report_estimator_kind {
    REPORT_ESTIMATOR_NONE = 0, /* no estimate yet: only the number of samples is set */
    REPORT_ESTIMATOR_REGRESSION = 1,
    REPORT_ESTIMATOR_KALMAN = 2,
};

/* The estimate that a source's last sample led to. */
struct report_estimator {
    uint32_t refid;
    struct ip_addr addr;
    int kind; /* enum report_estimator_kind */
    uint32_t samples;
    double offset;
    double offset_sd;
    double freq_ppm;
    double freq_sd_ppm;
    double jitter; /* standard deviation of the error of a sample */
    /* What the filters have learnt; 0 with the regression. */
    double wander_ppm; /* change of the frequency in a second, standard deviation */
    double bound_percent;
    double gauss_percent;
    double up_percent; /* jitter on the way to the source */
    double down_percent;
    /* In the joint estimate of several sources; both 0: it has no part in one. */
    double joint_bias; /* s, how far its offset is above those of the others */
    double joint_percent;
};

enum report_temperature_state {
    REPORT_TEMPERATURE_LEARNING = 1,  /* no slope is beyond doubt */
    REPORT_TEMPERATURE_FOLLOWING = 2, /* the clock follows the temperature */
    REPORT_TEMPERATURE_FAILING = 3,   /* the sensor cannot be read */
};

/* What was learnt about the temperature. Signs as of tempcomp: positive makes the clock faster. */
struct report_temperature {
    char sensor[257];          /* file; one that is longer is cut off */
    int state;                 /* enum report_temperature_state */
    uint32_t last_reading_ago; /* s; 0xffffffff: never */
    double temperature;        /* last reading, in the unit of the sensor */
    uint32_t changes;          /* compared so far */
    double delay;              /* s, by which the oscillator follows the sensor */
    double slope_ppm;          /* per unit of the sensor */
    double slope_sd_ppm;
    double trust_percent; /* part of the slope that is applied */
    double compensation_ppm;
};

/* One thing that is known of a source or of the clock, see base/finding.h. */
#define REPORT_FINDING_VALUES 4
#define REPORT_FINDING_TEXT   120
struct report_finding {
    uint16_t code; /* enum finding_code */
    uint32_t ago;  /* s since it happened; 0xffffffff: it has no time */
    double value[REPORT_FINDING_VALUES];
    char text[REPORT_FINDING_TEXT + 1]; /* what belongs to it */
};

enum report_subject {
    REPORT_SUBJECT_CLOCK = 0,
    REPORT_SUBJECT_NTP = 1,
    REPORT_SUBJECT_REFCLOCK = 2,
};

#define REPORT_FINDINGS_MAX 2 /* in one reply */

/* Some of the findings on one subject. */
struct report_explanation {
    uint32_t generation; /* another one when sources, or what is selected, have changed */
    uint32_t sources;
    bool synchronised; /* the clock, to a source */
    int subject;       /* enum report_subject */
    struct ip_addr addr;
    uint32_t refid;
    char name[REPORT_FINDING_TEXT + 1]; /* of an NTP source, as configured */
    uint32_t signature; /* another one when the codes of this subject have changed */
    uint32_t total;     /* findings on this subject */
    uint32_t count;     /* of them in this reply */
    struct report_finding findings[REPORT_FINDINGS_MAX];
};

enum report_clock_state {
    REPORT_CLOCK_UNSYNCHRONISED = 0,
    REPORT_CLOCK_SYNCHRONISED = 1,
    REPORT_CLOCK_LOCAL = 2, /* the local reference is served */
};

/* The clock of this host: how wrong it may be, and what is done with it. */
struct report_clock {
    int state;                /* enum report_clock_state */
    uint32_t last_update_ago; /* s; 0xffffffff: there was none */
    double offset;            /* s, positive: fast; what is still to be corrected */
    double bound;             /* s: |offset| + root dispersion + root delay / 2; 0: not known */
    double bound_growth_ppm;  /* of the bound without further updates */
    double slew_rate_ppm;     /* limit of the correction; 0: there is none to make */
    double slew_left;         /* s until offset is corrected at that rate */
    uint32_t updates;         /* that corrected the clock */
    uint32_t refusals;        /* updates that were ignored */
    uint32_t steps;           /* made by this process */
    uint32_t last_step_ago;   /* s; 0xffffffff: none */
    double last_step;         /* s, what was added to the clock */
    bool controlled;          /* false: started with -x */
    uint32_t uptime_seconds;
};

#define REPORT_TEXT_SIZE 120 /* of short texts in own replies; they may fill it */

enum report_process_role {
    REPORT_PROCESS_MAIN = 0,
    REPORT_PROCESS_FORK_SERVER = 1,
    REPORT_PROCESS_NAMES = 2,         /* looks up names */
    REPORT_PROCESS_NTS_KE = 3,        /* key establishments of the NTS server */
    REPORT_PROCESS_METRICS = 4,       /* serves metrics over HTTP */
    REPORT_PROCESS_GUARD = 5,         /* sets the clock */
    REPORT_PROCESS_WORKER = 6,        /* answers NTP requests */
    REPORT_PROCESS_NTS_KE_CLIENT = 7, /* key establishments of the NTS client */
};

/* The processes of a role. */
struct report_process {
    uint16_t role;     /* enum report_process_role */
    uint16_t wanted;   /* that should run */
    uint16_t alive;    /* that do */
    uint32_t restarts; /* of processes that ended by themselves or did not answer */
};

#define REPORT_PROCESSES_MAX 14

/* The daemon itself. */
struct report_daemon {
    char version[REPORT_TEXT_SIZE + 1];
    char features[REPORT_TEXT_SIZE + 1]; /* that were built in */
    uint32_t clients;                    /* of the server that have a record */
    uint32_t clients_max;                /* records that there is room for; 0: noclientlog */
    uint32_t count;
    struct report_process processes[REPORT_PROCESSES_MAX];
};

enum report_process_state {
    REPORT_PROCESS_RUNS = 0,
    REPORT_PROCESS_ENDED = 1, /* and was not started again yet */
    REPORT_PROCESS_NOT_STARTED = 2,
    REPORT_PROCESS_NOT_READ = 3, /* it was started; the kernel does not tell more */
};

/* A process of the daemon. What is marked F is known in the state REPORT_PROCESS_RUNS; else all
   bits are ones, as those of other values that are not known. */
struct report_process_facts {
    uint32_t total;  /* processes */
    uint16_t role;   /* enum report_process_role */
    uint16_t number; /* of those of the role, from 1; 0: there is one only */
    uint16_t state;  /* enum report_process_state */
    uint32_t pid;
    uint32_t uid;               /* F, effective */
    uint64_t capabilities;      /* F, effective, bits as in capabilities(7) */
    uint64_t permitted;         /* F */
    uint16_t no_new_privileges; /* F, 0 or 1 */
    uint16_t filter;            /* F, 0 none, 1 strict, 2 system call filter */
    int filter_level;           /* of the daemon (-F) */
    uint16_t landlock_abi;      /* that its Landlock rules are made for; 0: it has none */
    uint16_t landlock_rules;
    uint32_t generation; /* of helpers, from 1; 0: it has none */
    uint32_t restarts;   /* processes before it in its place */
    uint64_t refusals;   /* calls that the filter denied to the role, requests that the guard did */
    uint64_t memory;     /* F, octets in RAM that no file backs */
    uint32_t error;      /* errno, why they were not read; 0: they were, or no file came */
};

/* A certificate that the NTS server uses. */
struct report_certificate {
    uint32_t total; /* certificates */
    char file[257]; /* a longer name is cut off */
    struct instant not_before;
    struct instant not_after;
    double seconds_left; /* negative: it has expired */
};

/* What report_counts can count. */
enum report_counts_group {
    REPORT_COUNTS_REQUESTS = 0,   /* to the NTP server, by what was done with them */
    REPORT_COUNTS_UPDATES = 1,    /* of the clock, by result */
    REPORT_COUNTS_SELECTIONS = 2, /* of sources, by result */
    REPORT_COUNTS_KE = 3,         /* NTS key establishments of the server, by how they ended */
};

/* How often each value of an enumeration has been the result since the start; which is which say
   the words of the protocol (cmdmon/message_words.h). */
#define REPORT_COUNTS_MAX 60
struct report_counts {
    uint32_t count; /* of values */
    uint64_t counts[REPORT_COUNTS_MAX];
};

/* The finding on a source that matters most, and what became of the packets from it. */
struct report_source_counts {
    uint16_t finding;  /* enum finding_code; 0: there is none */
    uint16_t severity; /* enum finding_severity */
    /* NTS key establishments since the start, and until when the certificate of the last that
       succeeded is valid; 0: not known. */
    uint32_t ke_succeeded;
    uint32_t ke_failed;
    struct instant certificate_end;
    uint32_t count; /* of values; 0 of a reference clock */
    uint32_t counts[REPORT_COUNTS_MAX];
};

/* What became of the requests that came to the program that answers in the kernel. */
struct report_xdp {
    uint32_t interfaces; /* that it is attached to */
    uint64_t answered;
    uint64_t kods;    /* answered with KoD RATE */
    uint64_t dropped; /* by the rate limit */
    /* Passed on to the sockets, by what the program did not like or know. */
    uint64_t form, mode, interleaved, no_time, address, access, busy;
};

enum report_history_state {
    REPORT_HISTORY_WORKS = 0,
    REPORT_HISTORY_FAILS = 1,   /* the file cannot be written at the moment */
    REPORT_HISTORY_FOREIGN = 2, /* it is no history file, or one of another version */
};

/* The history file of the daemon. */
struct report_history {
    char path[257];                       /* as configured; one that is longer is cut off */
    int state;                            /* enum report_history_state */
    uint64_t size;                        /* octets that it may have */
    struct instant first_time, last_time; /* of its records; zero: there are none */
    uint32_t pages;                       /* with records */
    uint32_t failures;                    /* to write, since the start */
    uint32_t lost_pages;                  /* whose records were not written, since the start */
    uint64_t written;                     /* octets since the start */
};

/* What a daemon uses a file or directory for. */
enum report_file {
    REPORT_FILE_NONE = 0,
    REPORT_FILE_CONF = 1,
    REPORT_FILE_PID = 2,
    REPORT_FILE_SOCKET = 3, /* of commands */
    REPORT_FILE_DRIFT = 4,
    REPORT_FILE_DUMP_DIR = 5,
    REPORT_FILE_NTS_DIR = 6, /* cookies, and keys of the server */
    REPORT_FILE_LOG_DIR = 7,
    REPORT_FILE_RTC = 8,
    REPORT_FILE_KEYS = 9,
    REPORT_FILE_CERTIFICATE = 10,
    REPORT_FILE_PRIVATE_KEY = 11,
    REPORT_FILE_HWCLOCK = 12, /* says whether the RTC keeps UTC */
    REPORT_FILE_HISTORY = 13,
};

enum report_surrounding {
    REPORT_CONTROLS_CLOCK = 1 << 0, /* not -x */
    REPORT_SERVES_TIME = 1 << 1,    /* clients of some address are answered */
    REPORT_RTC_IN_UTC = 1 << 2,     /* rtconutc */
    REPORT_RTC_SYNC = 1 << 3,       /* rtcsync: the kernel copies the system clock to the RTC */
};

/* What the daemon has around it, and one of its files. */
struct report_surroundings {
    uint32_t pid; /* as the daemon sees itself: in a container another one than outside */
    uint32_t uid;
    uint32_t flags; /* enum report_surrounding */
    int filter_level;
    uint16_t ntp_port;         /* of the server; 0: none */
    uint16_t ptp_port;         /* 0: none */
    uint16_t nts_port;         /* of key establishment, TCP; 0: there is no NTS server */
    uint16_t cmd_port;         /* 0: none */
    uint32_t certificates_ago; /* s since the server's were read; 0xffffffff: none is in use */
    uint32_t files;            /* how many there are */
    int file;                  /* enum report_file, of the file that was asked for */
    bool failing;              /* the last attempt to write it failed */
    char path[257];            /* one that is longer is cut off */
};

struct report_selectdata {
    uint32_t refid;
    struct ip_addr addr;
    char state;
    bool authenticated;
    int leap;
    uint16_t conf_options; /* 1 noselect, 2 prefer, 4 trust, 8 require */
    uint16_t eff_options;
    uint32_t last_sample_ago;
    double score;
    double low_limit;
    double high_limit;
};

struct report_rtc {
    struct instant ref_time;
    int samples;
    int runs;
    uint32_t span_seconds;
    double seconds_fast;
    double gain_ppm;
};

struct report_manual_sample {
    struct instant when;
    double slewed_offset;
    double orig_offset;
    double residual;
};

#define REPORT_MANUAL_MAX 16

struct report_manual_list {
    uint32_t count;
    struct report_manual_sample samples[REPORT_MANUAL_MAX];
};

struct report_activity {
    int online;
    int offline;
    int burst_online;
    int burst_offline;
    int unresolved;
};

struct report_smoothing {
    bool active;
    bool leap_only;
    double offset;
    double freq_ppm;
    double wander_ppm;
    double last_update_ago;
    double remaining_time;
};

struct report_ntpdata {
    struct ip_addr remote_addr;
    struct ip_addr local_addr;
    uint16_t remote_port;
    uint8_t leap;
    uint8_t version;
    uint8_t mode;
    uint8_t stratum;
    int8_t poll;
    int8_t precision;
    double root_delay;
    double root_dispersion;
    uint32_t refid;
    struct instant ref_time;
    double offset;
    double peer_delay;
    double peer_dispersion;
    double response_time;
    double jitter_asymmetry;
    uint16_t tests; /* 10 bits: 1 2 3 5 6 7 A B C D */
    bool interleaved;
    bool authenticated;
    char tx_source; /* 'D', 'K', 'H', 0 before the first valid packet */
    char rx_source;
    uint32_t total_tx;
    uint32_t total_rx;
    uint32_t total_valid;
    uint32_t total_good;
    uint32_t total_kernel_tx;
    uint32_t total_kernel_rx;
    uint32_t total_hw_tx;
    uint32_t total_hw_rx;
};

struct report_authdata {
    uint16_t mode; /* enum report_auth */
    uint16_t key_type;
    uint32_t key_id;
    uint16_t key_length; /* bits */
    uint16_t ke_attempts;
    uint32_t last_ke_ago; /* 0xffffffff: never */
    uint16_t cookies;
    uint16_t cookie_length;
    uint16_t nak;
};

struct report_serverstats {
    uint64_t ntp_hits;
    uint64_t nts_ke_hits;
    uint64_t cmd_hits;
    uint64_t ntp_drops;
    uint64_t nts_ke_drops;
    uint64_t cmd_drops;
    uint64_t log_drops;
    uint64_t ntp_auth_hits;
    uint64_t ntp_interleaved_hits;
    uint64_t ntp_timestamps;
    uint64_t ntp_span_seconds;
    uint64_t ntp_daemon_rx;
    uint64_t ntp_daemon_tx;
    uint64_t ntp_kernel_rx;
    uint64_t ntp_kernel_tx;
    uint64_t ntp_hw_rx;
    uint64_t ntp_hw_tx;
};

struct report_client {
    struct ip_addr addr;
    uint32_t ntp_hits;
    uint32_t nts_ke_hits;
    uint32_t cmd_hits;
    uint32_t ntp_drops;
    uint32_t nts_ke_drops;
    uint32_t cmd_drops;
    int8_t ntp_interval; /* log2 s, 127: unknown */
    int8_t nts_ke_interval;
    int8_t cmd_interval;
    int8_t ntp_timeout_interval;
    uint32_t last_ntp_ago; /* 0xffffffff: never */
    uint32_t last_nts_ke_ago;
    uint32_t last_cmd_ago;
};

#endif

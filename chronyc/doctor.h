/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command doctor: looks at the daemon and at what is around it, and says what is wrong, why,
 * and what helps (chronyc.md 12.3). doctor.c runs the checks and prints; doctor_facts.c finds out
 * what all of them need; each other doctor_*.c has the checks of one subject. A check judges facts
 * and changes nothing. It says what it could not look at, and is silent about what is not there.
 */
#ifndef CHRONYC_DOCTOR_H
#define CHRONYC_DOCTOR_H

#include "chronyc/client.h"
#include "chronyc/format.h"
#include "chronyc/machine.h"
#include "chronyc/machine_process.h"

struct conf;

bool run_doctor(struct client *c, char *args);

/* ---- Findings ---- */

/* In the order in which they are printed, the last one first. */
enum diagnosis_severity {
    DIAGNOSIS_OK,
    DIAGNOSIS_UNKNOWN, /* could not be looked at */
    DIAGNOSIS_NOTE,    /* worth knowing; nothing is wrong */
    DIAGNOSIS_WARNING,
    DIAGNOSIS_ERROR,
    DIAGNOSIS_SEVERITIES,
};

#define DIAGNOSIS_VALUES_MAX 4

/* For programs; a text that is not NULL, or a number. */
struct diagnosis_value {
    const char *key; /* of static storage */
    char *text;
    double number;
};

struct diagnosis {
    enum diagnosis_severity severity;
    const char *check;
    const char *code;
    char *text;
    char *fix; /* NULL: there is nothing to do */
    struct diagnosis_value values[DIAGNOSIS_VALUES_MAX];
    size_t value_count;
};

struct doctor;

/*
 * Adds a finding of the check in progress. code: a word for programs, of static storage. fix: what
 * to do about it, NULL for nothing. Characters of the text that a terminal must not see are
 * replaced.
 */
void doctor_add(struct doctor *d, enum diagnosis_severity severity, const char *code,
                const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Values of the last finding; those beyond DIAGNOSIS_VALUES_MAX are dropped. */
void doctor_value(struct doctor *d, const char *key, double number);
void doctor_value_text(struct doctor *d, const char *key, const char *text);
/* A length of time in words, "3 hours", for use at once. */
struct formatted doctor_span(double seconds);
/* Adds that all is well, unless the check in progress has found a warning or an error. */
void doctor_ok(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- Facts ---- */

struct doctor_file {
    enum report_file what;
    bool failing; /* as struct report_surroundings has it */
    char *path;
};

/* How far the daemon was reached. */
enum doctor_contact {
    CONTACT_NONE,
    CONTACT_OPEN, /* the open reports only: over UDP, or from a daemon that knows no surroundings */
    CONTACT_FULL,
};

struct doctor {
    struct client *client;
    const struct machine *machine;
    struct instant now;

    /* A client that says nothing, for questions to the daemon. */
    struct client asking;
    struct environment silence;
    char *said;
    size_t said_size;

    /* What the daemon says; the parts that it does not are zero. */
    enum doctor_contact contact;
    const struct endpoint *endpoint; /* where it answers */
    bool over_unix;
    struct report_surroundings around; /* without contact: ports and flags of the configuration */
    bool has_tracking;
    struct report_tracking tracking;

    /* The configuration file. */
    const char *wanted_conf; /* -f; NULL: not given */
    char *conf_path;
    struct conf *conf;     /* NULL: it cannot be read */
    char *conf_error;      /* why; NULL: it can */
    bool conf_is_readable; /* the error is in its lines */

    /* The files of the daemon, or of the configuration. */
    struct doctor_file *files;
    size_t file_count;

    /* /proc */
    struct processes processes;
    size_t daemons; /* main processes that may be meant, when none answers */
    bool has_daemon;
    struct process daemon; /* the main process, if it is known which one that is */
    double daemon_age;     /* s; negative: unknown */

    const char *check; /* in progress */
    struct diagnosis *diagnoses;
    size_t diagnosis_count;
};

/* Fills in all but the findings; client, machine, time and wanted_conf are there. */
void doctor_find_facts(struct doctor *d);
void doctor_free_facts(struct doctor *d);

/* Asks for a report without printing anything. False: there is no answer, or none that helps;
   status (may be NULL) has the daemon's, or CMD_STATUS_FAILED without an answer. */
bool doctor_ask(struct doctor *d, unsigned int command, int32_t index, union cmd_reply_body *body,
                unsigned int *status);

/* Whether this process sees the network of the daemon, and not that of another container; true also
   if there is no reason to doubt it. */
bool doctor_shares_network(const struct doctor *d);
/* Whether ports and files are known, from the daemon or the configuration. */
bool doctor_knows_settings(const struct doctor *d);
/* The Unix socket that is tried first, or that the configuration names. */
const char *doctor_socket(const struct doctor *d);
/* The file of this kind, the first if there are several; NULL: there is none. */
const struct doctor_file *doctor_file(const struct doctor *d, enum report_file what);
/* Where to look for a file that the daemon calls by this path: it may have other mounts, another
   root and another working directory. False: the path is too long. */
bool doctor_path(const struct doctor *d, const char *path, char *buf, size_t size);
/* machine_stat() of that. */
bool doctor_stat(const struct doctor *d, const char *path, struct stat *st);
/* Whether the daemon's clock is synchronised, as far as it says. */
bool doctor_is_synchronised(const struct doctor *d);
/* The systemd unit of the daemon: that in which it runs, or else one that is installed; an empty
   text: none is. */
const char *doctor_unit(const struct doctor *d, char *buf, size_t size);

/* ---- Checks ---- */

/* Reachability: no answer, and why (doctor_daemon.c). */
void doctor_check_contact(struct doctor *d);
/* Who the daemon is and what it may do; its filter; a second one. */
void doctor_check_process(struct doctor *d);
/* Whether the configuration can be read, and is the one in use (doctor_conf.c). */
void doctor_check_conf(struct doctor *d);
/* Ports that the configuration needs, and what holds them (doctor_ports.c). */
void doctor_check_ports(struct doctor *d);
/* Other programs that set the clock, and what systemd will start (doctor_rivals.c). */
void doctor_check_rivals(struct doctor *d);
void doctor_check_systemd(struct doctor *d);
/* The kernel's clock, what it counts, and the real-time clock (doctor_clock.c). */
void doctor_check_kernel_clock(struct doctor *d);
void doctor_check_clock_source(struct doctor *d);
void doctor_check_rtc(struct doctor *d);
/* Files and directories, disks, certificates (doctor_files.c). */
void doctor_check_files(struct doctor *d);
void doctor_check_certificates(struct doctor *d);
/* Whether sources answer and clients ask, and the firewall (doctor_network.c). */
void doctor_check_network(struct doctor *d);
void doctor_check_firewall(struct doctor *d);

#endif

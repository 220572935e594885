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
#include "conf/groups.h"

/* Every setting, with the defaults of the table of directives. Strings are NULL when not set. */
struct conf {
    struct clock_conf clock;
    struct reference_conf reference;
    struct smoothing_conf smoothing;
    struct tempcomp_conf tempcomp;
    struct templearn_conf templearn;
    struct nic_clocks_conf nic_clocks;
    struct xdp_conf xdp;
    struct log_conf log;
    struct history_conf history;

    struct selection_conf selection;
    struct refclocks_conf refclocks;
    struct rtc_conf rtc;
    bool manual;

    struct sockets_conf sockets;
    struct client_conf client;
    struct initstepslew_conf initstepslew;
    struct client_log_conf client_log;
    struct broadcasts_conf broadcasts;
    struct server_conf server;
    char *key_file;

    struct nts_client_conf nts_client;
    struct nts_aeads_conf nts_aeads;
    struct nts_server_conf nts_server;

    struct command_conf command;
    struct process_conf process;

    /* What this build cannot do and was asked for, each once. */
    struct conf_strings unsupported;
};

/* A line that is not empty, before it is evaluated. */
struct conf_line {
    const char *file; /* NULL: command line */
    int number;
    const char *word; /* the directive as typed; "": the line is too long to be read */
    const char *args; /* normalised */
    bool fragment;    /* of a file of confdir: the daemon leaves a bad line out and goes on */
};

/*
 * Watches a configuration being read, and goes on where the daemon would end. What is logged
 * between begin and end is about the line, unless it is about one that is included there: these
 * have their own begin and end.
 */
struct conf_watch {
    void (*begin)(const struct conf_line *line, void *arg);
    /* error: why the line has no effect, with its location; NULL: it has been evaluated. False:
       nothing more is read. */
    bool (*end)(const char *error, void *arg);
    /* Opens a file in place of the parser. named: by the operator, not found in a directory. NULL
       with errno set. */
    FILE *(*open)(const char *path, bool named, void *arg);
    void *arg;
};

/* Facts and services for the parser. */
struct conf_env {
    bool client_only;     /* -Q: no default ports, Unix socket and PID file */
    bool restarted;       /* -R: initstepslew ignored, positive makestep limit becomes 0 */
    bool without_nts;     /* a build without NTS: directives that need it are worth a warning */
    bool without_metrics; /* ... without the metrics server: its directive is an error */
    bool without_xdp;     /* ... without answers in the kernel: the same */
    FILE *print;          /* -p: each line is written here before it is evaluated; NULL: not */
    /* Blocking resolution of a name, up to max addresses; number found. */
    int (*resolve)(const char *name, struct ip_addr *addrs, int max, void *arg);
    void *resolve_arg;
    const struct conf_watch *watch; /* NULL: reading ends at the first error */
};

/* Why and where reading the configuration failed. */
struct conf_error {
    char message[4096]; /* complete text including " at line N in file F" */
};

/* With all defaults; freed by conf_free. */
struct conf *conf_new(const struct conf_env *env);
void conf_free(struct conf *conf);

/* Reads a file or evaluates one line (number counts from 1; file NULL for the command line).
   False: error is filled in, nothing logged. Warnings are logged. With a watch false means that the
   file itself cannot be read, or that the watch has ended the reading. */
bool conf_read_file(struct conf *conf, const struct conf_env *env, const char *path,
                    struct conf_error *error);
bool conf_read_line(struct conf *conf, const struct conf_env *env, const char *line, int number,
                    struct conf_error *error);
/* Checks between directives that need nothing but the configuration, in the order of config.md 24:
   certificates and keys, rtcfile and rtcsync, templearn and tempcomp, refclock drivers, prefix
   lengths of access rules, rate limits without client log. User, priority, -F and what the system
   must be asked for are checked by the daemon. False: error is filled in. */
bool conf_check(const struct conf *conf, struct conf_error *error);
/* The same for all problems. directive, index: the one it is about, and which of those of its kind
   that were accepted (from 0; server, pool and peer are of one kind, and so are allow and deny). */
typedef void conf_problem_handler(const char *text, const char *directive, size_t index, void *arg);
void conf_check_all(const struct conf *conf, conf_problem_handler *handler, void *arg);

/* "[all] [SUBNET]" as in allow and chronyc (config.md 16); the line is changed. resolve may be
   NULL: no host names. */
bool conf_parse_access(char *line, const struct conf_env *env, struct conf_access_rule *rule);

#endif

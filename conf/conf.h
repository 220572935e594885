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
    struct log_conf log;

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
   certificates and keys, rtcfile and rtcsync, templearn and tempcomp, refclock drivers, prefix
   lengths of access rules, rate limits without client log. User, priority, -F and what the system
   must be asked for are checked by the daemon. False: error is filled in. */
bool conf_check(const struct conf *conf, struct conf_error *error);

/* "[all] [SUBNET]" as in allow and chronyc (config.md 16); the line is changed. resolve may be
   NULL: no host names. */
bool conf_parse_access(char *line, const struct conf_env *env, struct conf_access_rule *rule);

#endif

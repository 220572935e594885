/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of chronyd (daemon.md 2 and 3): text in, one struct out. Options that only print
 * something are reported as an action; only a bad integer argument ends the program here.
 */
#ifndef CHRONYD_COMMAND_LINE_H
#define CHRONYD_COMMAND_LINE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include "base/addr.h"
#include "base/log.h"

enum daemon_mode { MODE_NORMAL, MODE_SET_ONCE, MODE_MEASURE_ONCE };

enum command_line_action {
    ACTION_RUN,
    ACTION_CHECK,
    ACTION_HELP,
    ACTION_VERSION,
    ACTION_USAGE_ERROR
};

struct options {
    const char *program;
    const char *conf_file;
    const char *log_file; /* NULL: syslog or standard error */
    const char *user;     /* NULL: from the configuration */
    char **directives;    /* inside argv */
    int directive_count;
    enum ip_family family; /* IP_UNSPEC: both */
    enum daemon_mode mode;
    enum log_severity min_severity;
    int filter_level;
    int notify_fd; /* 0: none */
    int priority;  /* 0: from the configuration */
    int timeout;   /* seconds, negative: none */
    bool foreground;
    bool syslog;
    bool print_conf;
    bool client_only;
    bool need_root;
    bool reload_dumps;
    bool restarted;
    bool set_from_rtc;
    bool lock_memory;
    bool control_clock;
    bool check;               /* the configuration only; the other options are as without it */
    pid_t foreground_process; /* that waits for the daemon; 0: none. Not from the command line */
};

/* Reads argv; options may follow directives. The strings of argv are kept, not copied. */
enum command_line_action command_line_parse(struct options *options, int argc, char **argv);

/* extras: with the options that chrony does not have; scripts may compare the text with that of
   chrony. */
void command_line_print_usage(const char *program, bool extras, FILE *out);
void command_line_print_version(FILE *out);

#endif

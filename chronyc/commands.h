/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all commands (chronyc.md 10 to 12), which dispatch, help, completion and the test of
 * the manual page walk.
 */
#ifndef CHRONYC_COMMANDS_H
#define CHRONYC_COMMANDS_H

#include "chronyc/client.h"

enum command_section {
    SECTION_CLOCK,
    SECTION_SOURCES,
    SECTION_NTP_SOURCES,
    SECTION_MANUAL,
    SECTION_NTP_ACCESS,
    SECTION_MONITORING_ACCESS,
    SECTION_RTC,
    SECTION_DAEMON,
    SECTION_CLIENT,
    SECTION_NONE, /* exists for old scripts or experts: neither in help nor completed */
};

struct command_help {
    const char *syntax;
    const char *text;
};

#define COMMAND_HELP_MAX  4
#define COMMAND_WORDS_MAX 6

struct command {
    const char *name;
    enum command_section section;

    /* One of these two is set. build makes the request of a command that is answered by a status
       line, printing what is wrong with the arguments; run does everything itself. */
    bool (*build)(struct client *c, char *args, struct cmd_request *request);
    bool (*run)(struct client *c, char *args);
    enum cmd_code code; /* of the request that build fills in */
    bool watchable;     /* a report that watch can repeat */
    bool offline;       /* works without a daemon that can be reached */
    bool keeps_user;    /* needs the rights of root, when started by root */
    bool extra; /* listed by help on a terminal only: scripts may compare that text with chrony's */

    struct command_help help[COMMAND_HELP_MAX]; /* ends with a NULL text */
    const char *completions[COMMAND_WORDS_MAX]; /* words after the name; ends with NULL */
};

/* In the order of the help text; ends with a NULL name. */
extern const struct command command_table[];

/* NULL: no such command. */
const struct command *command_find(const char *name);

/* Runs one command and prints its JSON document. The line is normalised and not empty. */
bool command_run(struct client *c, char *line);

/* The help command. */
bool command_help(struct client *c, char *args);

/*
 * Words that complete the one being typed. `line` is what stands before the cursor. Fills in up to
 * max words in the table's order, which begin with the last, unfinished word; returns their number.
 */
size_t command_complete(const char *line, const char **words, size_t max);

/* Builders of requests, for the table (commands_build.c). */
bool build_none(struct client *c, char *args, struct cmd_request *request);
bool build_where(struct client *c, char *args, struct cmd_request *request);
bool build_burst(struct client *c, char *args, struct cmd_request *request);
bool build_check(struct client *c, char *args, struct cmd_request *request);
bool build_subnet(struct client *c, char *args, struct cmd_request *request);
bool build_add(struct client *c, char *args, struct cmd_request *request);
bool build_delete(struct client *c, char *args, struct cmd_request *request);
bool build_number(struct client *c, char *args, struct cmd_request *request);
bool build_silent_number(struct client *c, char *args, struct cmd_request *request);
bool build_source_integer(struct client *c, char *args, struct cmd_request *request);
bool build_source_number(struct client *c, char *args, struct cmd_request *request);
bool build_local(struct client *c, char *args, struct cmd_request *request);
bool build_makestep(struct client *c, char *args, struct cmd_request *request);
bool build_offset(struct client *c, char *args, struct cmd_request *request);
bool build_selectopts(struct client *c, char *args, struct cmd_request *request);
bool build_reload(struct client *c, char *args, struct cmd_request *request);
bool build_reset(struct client *c, char *args, struct cmd_request *request);
bool build_smoothtime(struct client *c, char *args, struct cmd_request *request);
bool build_manual(struct client *c, char *args, struct cmd_request *request);

/* Commands of the client itself (commands_client.c). */
bool run_dns(struct client *c, char *args);
bool run_timeout(struct client *c, char *args);
bool run_retries(struct client *c, char *args);
bool run_keygen(struct client *c, char *args);
bool run_quit(struct client *c, char *args);
bool run_obsolete(struct client *c, char *args);
bool run_manual(struct client *c, char *args);

/* The command watch (watch.c). */
bool run_watch(struct client *c, char *args);

#endif

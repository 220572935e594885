/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chronyd --check: reads a configuration as the daemon would, without starting, and tells what is
 * wrong with it and what can be done (daemon.md 24). It writes nothing but its report, opens no
 * port, changes no clock and asks no name server.
 */
#ifndef CHRONYD_CHECK_CHECK_H
#define CHRONYD_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include "chronyd/check/finding.h"
#include "chronyd/check/surroundings.h"
#include "chronyd/command_line.h"
#include "conf/conf.h"

/* A line of the configuration. */
struct check_line {
    struct check_place place;
    const char *directive; /* in lower case, or as typed if it is unknown; "": a line too long */
    const char *args;
    bool accepted;
    bool fragment;
    size_t parent; /* index of the line that includes it, plus 1; 0: none */
};

/* A source of the configuration or of its source directories. */
struct check_source {
    const struct source_conf *conf;
    size_t line; /* index of its line, or of that of its sourcedir */
};

/* What check_find_nth() has found last. */
struct check_cursor {
    const char *directives; /* NULL: nothing */
    size_t nth, index, lines;
};

/* A check under way. The checks read everything and add findings. */
struct check {
    const struct options *options;
    const struct surroundings *around;
    struct conf *conf;
    struct check_findings findings;
    struct check_line *lines; /* in the order in which they were begun */
    size_t line_count;
    struct check_cursor *cursor;
    struct conf_strings files; /* that were read, without repetition */
    struct check_user user;    /* of the daemon */
    bool knows_user;
    struct check_source *sources;
    size_t source_count;
    struct source_conf *directory_sources;
    size_t directory_source_count;
    bool is_unread;     /* there is nothing to be judged */
    bool has_bad_lines; /* that were refused */
    size_t current;     /* index of the line being evaluated, plus 1; 0: none */
    bool has_ended;     /* nothing more is read */
};

/* Runs `--check` with these options; exit status: 0 nothing found, 1 warnings, 2 errors. */
int check_run(const struct options *options);

/* Reads and judges; for check_run and tests. The result is in check->findings. Freed by
   check_free. */
struct check *check_new(const struct options *options, const struct surroundings *around);
void check_free(struct check *c);

/* ---- For the checks ---- */

/* The last accepted line with this directive; NULL: there is none. */
const struct check_line *check_find(const struct check *c, const char *directive);
/* The accepted line with this index (from 0) of those whose directive is one of the words in a
   list with spaces, a literal; NULL: there is none. */
const struct check_line *check_find_nth(const struct check *c, const char *directives, size_t nth);
/* The word, in any case, is one of the line's arguments. */
bool check_has_word(const struct check_line *line, const char *word);

/* Adds a finding about a line (NULL: about the configuration as a whole), which is to be followed
   by check_fix(). directive NULL: that of the line. */
void check_error(struct check *c, const struct check_line *line, const char *directive,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
void check_warn(struct check *c, const struct check_line *line, const char *directive,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void check_note(struct check *c, const struct check_line *line, const char *directive,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What can be done about the finding that was added last. */
void check_fix(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Texts that were logged between begin and end, of severity warning and above. */
struct check_log {
    struct conf_strings texts;
};
void check_log_begin(struct check_log *log);
void check_log_end(struct check_log *log);
void check_log_free(struct check_log *log);
/* Adds a message of the log as a finding: its " at line N in file F" becomes the place. F is one of
   the files that were read, or `file`, which lives on (NULL: none), or else a name without
   spaces. */
void check_add_message(struct check *c, enum check_severity severity, const struct check_line *line,
                       const char *directive, const char *file, const char *text);

/* Whether the directives open a port to NTP clients, or the control port, for any address of the
   family (IP_UNSPEC: of any). */
bool check_allows(const struct conf_access_rules *rules, enum ip_family family);
/* A source or the server uses NTS. */
bool check_uses_nts_client(const struct check *c);
bool check_uses_nts_server(const struct check *c);
/* The daemon's clock is the system's. */
bool check_controls_clock(const struct check *c);

/* What the daemon's user may do with a path (R_OK | W_OK | X_OK). ANSWER_UNKNOWN with errno:
   this user cannot look at it; ANSWER_NO with errno ENOENT: it does not exist. */
enum check_answer check_may(const struct check *c, const char *path, int how);
/* Notes that a path could not be looked at, with the reason in errno. */
void check_note_unseen(struct check *c, const struct check_line *line, const char *directive,
                       const char *path);
/* The same by the permissions alone, for a user without supplementary groups. info: of the path;
   root may everything but execute a file that nobody may. */
bool check_may_by_mode(const struct check_user *user, const struct world_file_info *info, int how);

/* The checks, in the order in which they run. */
void check_reading(struct check *c); /* reads the configuration into it */
void check_effects(struct check *c); /* what has no effect here, or beside something else */
void check_sources(struct check *c);
void check_server(struct check *c);
void check_commands(struct check *c);
void check_clock(struct check *c);
void check_values(struct check *c);
void check_network(struct check *c);
void check_files(struct check *c);
void check_directories(struct check *c);
void check_keys(struct check *c);
void check_renewal(struct check *c);
void check_certificates(struct check *c); /* gives up rights, so the last one */

/* Whether a file can be read by the daemon's user; a finding of this severity says if not. True
   also if that is not known, which is a note. */
bool check_readable(struct check *c, enum check_severity severity, const struct check_line *line,
                    const char *path, const char *consequence);

/* The equivalent of a directive, an option or an address of another time daemon; NULL: not known.
   *whose is what it belongs to. A `*` in it stands for the arguments. */
const char *check_foreign_directive(const char *word, const char *args, const char **whose);
const char *check_foreign_option(const char *word);
const char *check_foreign_address(const char *name);

#endif

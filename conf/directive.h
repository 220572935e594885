/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the parser: the arguments of a directive's handler, and the functions that it may
 * use. Included by conf/ only. A handler records values in struct conf and has no other effect.
 */
#ifndef CONF_DIRECTIVE_H
#define CONF_DIRECTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include "conf/conf.h"
#include "conf/option_table.h"

/* Where the parser is. */
struct parser {
    struct conf *conf;
    const struct conf_env *env;
    struct conf_error *error;
    const char *file; /* NULL: command line */
    int line;
    int level;        /* of nested files, 0 on the command line */
    const char *word; /* the directive as typed */
    bool fragment;    /* in a file of confdir: a bad line is left out with a warning */
    bool bad_line;    /* the error is one of the line, not of a file that it names */
};

struct directive {
    /* Name, place in struct conf, default, range and unit. */
    struct option_row row;
    /* Evaluates the arguments, a normalised text that may be changed. False: error is set.
       NULL: the one value that the row describes. */
    bool (*evaluate)(struct parser *p, const struct directive *d, char *args);
    bool nts; /* has no effect in a build without NTS */
};

/* Tables of options that the tests of the documents walk. */
extern const struct option_row local_options[], refclock_options[], hwtimestamp_options[];
extern const struct option_row ratelimit_options[]; /* the last one is for ratelimit only */
extern const size_t local_option_count, refclock_option_count, hwtimestamp_option_count;
extern const size_t ratelimit_option_count;
/* Words of log and opencommands, for these tests; NULL behind the last one. */
const char *directive_log_name(size_t index);
const char *directive_open_command(size_t index);

/* The table, sorted by name. */
extern const struct directive directive_table[];
extern const size_t directive_count;
const struct directive *directive_find(const char *word);

/* What the row describes, within struct conf. */
static inline void *directive_value(const struct parser *p, const struct directive *d)
{
    return (char *)p->conf + d->row.offset;
}

/* Evaluates one line (which is changed) that may still have to be normalised. */
bool parser_evaluate(struct parser *p, char *line);
/* The end of a line that does not fit into the buffer. */
bool parser_refuse_long_line(struct parser *p);

/* Each sets the error and returns false. With location: */
bool parser_fail(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool parser_fail_parse(struct parser *p); /* Could not parse WORD directive */
/* Could not parse, and behind the location the word and the nearest possible one (or NULL) */
bool parser_fail_word(struct parser *p, const char *word, const char *nearest);
/* Invalid directive WORD, with the nearest one */
bool parser_fail_unknown(struct parser *p);
/* A warning with the location. */
void parser_warn(const struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Warns that this build has no NTS, once for each feature that needs it. */
void parser_warn_without_nts(const struct parser *p, const char *what);
/* Adds to the error, behind the location. */
bool parser_explain(struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Without location: */
bool conf_fail(struct conf_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a word of the normalised arguments begins like a comment; and the hint about it. */
bool parser_has_comment(const char *args);
bool parser_explain_comment(struct parser *p);

/* An address, which may have an interface ("fe80::1%eth0"), but no name. False: use
   parser_fail_address. */
bool parser_address(const struct parser *p, const char *text, struct ip_addr *addr);
/* Could not parse, and behind the location the missing interface. */
bool parser_fail_address(struct parser *p, const char *text);

/* Checks the number of words: `Missing arguments ...`, `Too many arguments ...`. */
bool parser_check_words(struct parser *p, const char *args, int min, int max);

/*
 * Positional numbers: read one into the struct at base, or all of a table, and move to the next
 * word. A number that is not the last must be followed by white space; what follows the last one is
 * ignored with a warning. A number out of range becomes the nearest limit, with a warning. False:
 * no number; the error is not set.
 */
bool parser_next_number(struct parser *p, char **args, const struct option_row *row, void *base);
bool parser_next_numbers(struct parser *p, char **args, const struct option_row *table,
                         size_t count, void *base);
/* The same for an integer alone. */
bool parser_next_int(struct parser *p, char **args, int min, int max, int *value);

/* Options of a directive by a table, into the struct at base. False: error is set, `Invalid option`
   and `Invalid value` if exact, else `Could not parse`. */
bool parser_options(struct parser *p, const struct option_row *table, size_t count, char *line,
                    void *base, bool exact);
/* The value of a directive without a handler. */
bool parser_value(struct parser *p, const struct directive *d, char *args);

/* Warns that another value is used in place of this one (`length` characters). The option and the
   range (a text in parentheses) may be NULL. */
void parser_warn_value(const struct parser *p, const char *option, const char *value, size_t length,
                       const char *range, const char *used);
/* Warns if the word is an unsigned number that was read as another one. */
void parser_warn_uint(const struct parser *p, const char *word, size_t number_length,
                      uint32_t value);
/* Warns of ignored characters behind a number, if there are any. */
void parser_warn_tail(const struct parser *p, const char *word, size_t number_length);

/* Replaces an owned string. */
void conf_set_string(char **string, const char *value);
void conf_add_string(struct conf_strings *strings, const char *value);

/* NAME [option]..., as in server, pool and peer; the name of the entry is allocated. False: error
   is set. */
bool parser_source(struct parser *p, char *args, struct source_conf *source);

/* RATIO of `pollpolicy accuracy` if none is given */
#define POLL_POLICY_RATIO 2.5

typedef bool directive_handler(struct parser *p, const struct directive *d, char *args);

/* directive_values.c: what is one value, or none, with a syntax of its own */
directive_handler directive_path_or_none, directive_strings, directive_bind, directive_bind_command;
directive_handler directive_ignored, directive_metricsaddress, directive_unsupported;

/* directive_settings.c: settings with several values or words */
directive_handler directive_authselectmode, directive_clientloglimit, directive_driftfile;
directive_handler directive_estimator, directive_fallbackdrift, directive_leapsecmode;
directive_handler directive_local, directive_log;
directive_handler directive_mailonchange, directive_makestep, directive_maxchange;
directive_handler directive_clockstep, directive_yes_or_no;
directive_handler directive_ntsaeads, directive_ntstrustedcerts, directive_opencommands;
directive_handler directive_pollpolicy, directive_ratelimit, directive_smoothtime;
directive_handler directive_tempcomp, directive_templearn, directive_historyfile;

/* directive_lists.c: time sources and other things that accumulate */
directive_handler directive_broadcast, directive_hwtimestamp, directive_initstepslew;
directive_handler directive_peer, directive_pool, directive_refclock, directive_server;
directive_handler directive_sourcedir, directive_xdp;

/* access_rule.c */
directive_handler directive_allow, directive_deny;

/* directories.c */
directive_handler directive_include, directive_confdir;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words after the command report (chronyc.md 10.22). Pure.
 */
#ifndef CHRONYC_PAST_OPTIONS_H
#define CHRONYC_PAST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAST_DEFAULT_LIMIT 1e-3 /* s */

struct past_options {
    int64_t since, until; /* seconds since 1970; 0: not given */
    const char *html;     /* path, or NULL; these lie in the line */
    const char *file;
    double limit; /* s, above 0 */
    bool limit_given;
};

/*
 * Parses the rest of the line, which is changed and has to stay while the options are in use. A
 * value may have spaces: it ends where the next word begins with two dashes. Times without a date
 * count back from now (s since 1970). False: error (size > 0) says what is wrong.
 */
bool past_options_parse(struct past_options *options, char *line, int64_t now, char *error,
                        size_t size);

/* "30d", "24h", "90min", "45s", "2w" before now; "2026-11-30", also with " 12:34" or "T12:34:56Z",
   in UTC. False: it is none of them, or before 1970. */
bool past_time_parse(const char *text, int64_t now, int64_t *time);

/* "0.001", "1ms", "100us", "50 ns", "1s": seconds, above 0 and finite. */
bool past_limit_parse(const char *text, double *limit);

#endif

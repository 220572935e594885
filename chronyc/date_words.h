/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words and numbers that dates are made of: the lexical part of chronyc.md 10.16.
 */
#ifndef CHRONYC_DATE_WORDS_H
#define CHRONYC_DATE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum date_token_type {
    DATE_END,
    DATE_NUMBER,   /* without sign, or a word like third */
    DATE_SIGNED,   /* with a sign */
    DATE_SYMBOL,   /* value is the character */
    DATE_MERIDIAN, /* 0 am, 12 pm */
    DATE_MONTH,    /* 1..12 */
    DATE_DAY,      /* 0 Sunday .. 6 */
    DATE_ZONE,     /* hours east of UTC, standard time */
    DATE_SUMMER_ZONE,
    DATE_DST,
    DATE_YEARS, /* units; value is the number in one of it */
    DATE_MONTHS,
    DATE_DAYS,
    DATE_SECONDS,
    DATE_AGO,
};

struct date_token {
    enum date_token_type type;
    int value;
};

#define DATE_TOKENS_MAX 64

/* Splits the text into tokens, the last of which is DATE_END. False: an unknown word, a number
   that is too large, an unclosed parenthesis, or too many tokens. */
bool date_split(const char *text, struct date_token tokens[DATE_TOKENS_MAX]);

#endif

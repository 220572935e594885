/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Splits a date into tokens. The tables hold every word that the syntax knows; case is ignored.
 */
#include "chronyc/date_words.h"

#include <ctype.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"

#define NUMBER_MAX 999999999
#define WORD_SIZE  24

struct word {
    const char *name;
    enum date_token_type type;
    int value;
};

/* Abbreviated to three letters as well, with an optional dot. */
static const struct word calendar_words[] = {
    {"january", DATE_MONTH, 1},  {"february", DATE_MONTH, 2},  {"march", DATE_MONTH, 3},
    {"april", DATE_MONTH, 4},    {"may", DATE_MONTH, 5},       {"june", DATE_MONTH, 6},
    {"july", DATE_MONTH, 7},     {"august", DATE_MONTH, 8},    {"september", DATE_MONTH, 9},
    {"october", DATE_MONTH, 10}, {"november", DATE_MONTH, 11}, {"december", DATE_MONTH, 12},
    {"sunday", DATE_DAY, 0},     {"monday", DATE_DAY, 1},      {"tuesday", DATE_DAY, 2},
    {"wednesday", DATE_DAY, 3},  {"thursday", DATE_DAY, 4},    {"friday", DATE_DAY, 5},
    {"saturday", DATE_DAY, 6},
};

static const struct word other_words[] = {
    {"sept", DATE_MONTH, 9},       {"tues", DATE_DAY, 2},        {"wednes", DATE_DAY, 3},
    {"thur", DATE_DAY, 4},         {"thurs", DATE_DAY, 4},       {"am", DATE_MERIDIAN, 0},
    {"a.m.", DATE_MERIDIAN, 0},    {"pm", DATE_MERIDIAN, 12},    {"p.m.", DATE_MERIDIAN, 12},
    {"dst", DATE_DST, 0},          {"ago", DATE_AGO, 0},         {"tomorrow", DATE_DAYS, 1},
    {"yesterday", DATE_DAYS, -1},  {"today", DATE_SECONDS, 0},   {"now", DATE_SECONDS, 0},
    {"this", DATE_SECONDS, 0},     {"last", DATE_NUMBER, -1},    {"next", DATE_NUMBER, 1},
    {"first", DATE_NUMBER, 1},     {"third", DATE_NUMBER, 3},    {"fourth", DATE_NUMBER, 4},
    {"fifth", DATE_NUMBER, 5},     {"sixth", DATE_NUMBER, 6},    {"seventh", DATE_NUMBER, 7},
    {"eighth", DATE_NUMBER, 8},    {"ninth", DATE_NUMBER, 9},    {"tenth", DATE_NUMBER, 10},
    {"eleventh", DATE_NUMBER, 11}, {"twelfth", DATE_NUMBER, 12},
};

/* An optional s may follow. */
static const struct word unit_words[] = {
    {"year", DATE_YEARS, 1},      {"month", DATE_MONTHS, 1}, {"fortnight", DATE_DAYS, 14},
    {"week", DATE_DAYS, 7},       {"day", DATE_DAYS, 1},     {"hour", DATE_SECONDS, 3600},
    {"minute", DATE_SECONDS, 60}, {"min", DATE_SECONDS, 60}, {"second", DATE_SECONDS, 1},
    {"sec", DATE_SECONDS, 1},
};

#define ZONE(name, hours)                                                                          \
    {                                                                                              \
        name, DATE_ZONE, hours                                                                     \
    }
#define SUMMER(name, hours)                                                                        \
    {                                                                                              \
        name, DATE_SUMMER_ZONE, hours                                                              \
    }

static const struct word zone_words[] = {
    ZONE("gmt", 0),    ZONE("ut", 0),     ZONE("utc", 0),    ZONE("wet", 0),     ZONE("z", 0),
    SUMMER("bst", 1),  ZONE("cet", 1),    ZONE("met", 1),    ZONE("mewt", 1),    ZONE("swt", 1),
    ZONE("fwt", 1),    ZONE("n", 1),      SUMMER("mest", 2), SUMMER("mesz", 2),  SUMMER("sst", 2),
    SUMMER("fst", 2),  ZONE("eet", 2),    ZONE("o", 2),      ZONE("bt", 3),      ZONE("p", 3),
    ZONE("q", 4),      ZONE("r", 5),      ZONE("s", 6),      ZONE("wast", 7),    ZONE("t", 7),
    SUMMER("wadt", 8), ZONE("cct", 8),    ZONE("u", 8),      ZONE("jst", 9),     ZONE("v", 9),
    ZONE("east", 10),  ZONE("gst", 10),   ZONE("w", 10),     SUMMER("eadt", 11), ZONE("x", 11),
    ZONE("nzt", 12),   ZONE("nzst", 12),  ZONE("idle", 12),  ZONE("y", 12),      SUMMER("nzdt", 13),
    ZONE("wat", -1),   ZONE("a", -1),     ZONE("at", -2),    ZONE("b", -2),      SUMMER("adt", -3),
    ZONE("c", -3),     ZONE("ast", -4),   SUMMER("edt", -4), ZONE("d", -4),      ZONE("est", -5),
    SUMMER("cdt", -5), ZONE("e", -5),     ZONE("cst", -6),   SUMMER("mdt", -6),  ZONE("f", -6),
    ZONE("mst", -7),   SUMMER("pdt", -7), ZONE("g", -7),     ZONE("pst", -8),    SUMMER("ydt", -8),
    ZONE("h", -8),     ZONE("yst", -9),   SUMMER("hdt", -9), ZONE("i", -9),      ZONE("hst", -10),
    ZONE("cat", -10),  ZONE("ahst", -10), ZONE("k", -10),    ZONE("nt", -11),    ZONE("l", -11),
    ZONE("idlw", -12), ZONE("m", -12),
};

static bool find(const struct word *words, size_t count, const char *text, struct date_token *token)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, text) == 0) {
            *token = (struct date_token){words[i].type, words[i].value};
            return true;
        }
    }
    return false;
}

static bool find_calendar(const char *text, struct date_token *token)
{
    size_t length = strlen(text);
    bool short_form = length == 3 || (length == 4 && text[3] == '.');

    for (size_t i = 0; i < COUNT(calendar_words); i++) {
        const struct word *word = &calendar_words[i];

        if (strcmp(word->name, text) == 0 || (short_form && strncmp(word->name, text, 3) == 0)) {
            *token = (struct date_token){word->type, word->value};
            return true;
        }
    }
    return false;
}

static bool find_unit(const char *text, struct date_token *token)
{
    size_t length = strlen(text);
    char singular[WORD_SIZE];

    if (find(unit_words, COUNT(unit_words), text, token))
        return true;
    if (length < 2 || text[length - 1] != 's')
        return false;
    text_copy(singular, sizeof(singular), text);
    singular[length - 1] = '\0';
    return find(unit_words, COUNT(unit_words), singular, token);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_word(const char **text, struct date_token *token)
{
    char word[WORD_SIZE];
    size_t length = 0;

    while (is_letter(**text) || **text == '.') {
        if (length + 1 >= sizeof(word))
            return false;
        word[length++] = (char)(is_letter(**text) ? **text | 0x20 : **text);
        (*text)++;
    }
    word[length] = '\0';
    return find_calendar(word, token) || find(other_words, COUNT(other_words), word, token) ||
           find_unit(word, token) || find(zone_words, COUNT(zone_words), word, token);
}

static bool read_number(const char **text, int sign, struct date_token *token)
{
    int value = 0;

    while (is_digit(**text)) {
        if (value > NUMBER_MAX / 10)
            return false;
        value = value * 10 + (**text - '0');
        (*text)++;
    }
    token->type = sign != 0 ? DATE_SIGNED : DATE_NUMBER;
    token->value = sign < 0 ? -value : value;
    return true;
}

/* The text behind the parenthesis that closes the one at the start; NULL if there is none. */
static const char *skip_comment(const char *text)
{
    int depth = 0;

    for (; *text != '\0'; text++) {
        if (*text == '(')
            depth++;
        else if (*text == ')' && --depth == 0)
            return text + 1;
    }
    return NULL;
}

static bool is_sign(char c)
{
    return c == '+' || c == '-';
}

static bool read_token(const char **text, struct date_token *token)
{
    for (;;) {
        const char *t = *text;

        if (*t == '\0') {
            *token = (struct date_token){DATE_END, 0};
            return true;
        }
        if (isspace((unsigned char)*t) || (is_sign(*t) && !is_digit(t[1]))) {
            (*text)++;
        } else if (*t == '(') {
            *text = skip_comment(t);
            if (!*text)
                return false;
        } else {
            break;
        }
    }
    if (is_sign(**text)) {
        int sign = *(*text)++ == '-' ? -1 : 1;

        return read_number(text, sign, token);
    }
    if (is_digit(**text))
        return read_number(text, 0, token);
    if (is_letter(**text) || **text == '.')
        return read_word(text, token);
    *token = (struct date_token){DATE_SYMBOL, *(*text)++};
    return true;
}

bool date_split(const char *text, struct date_token tokens[DATE_TOKENS_MAX])
{
    for (size_t i = 0; i < DATE_TOKENS_MAX; i++) {
        if (!read_token(&text, &tokens[i]))
            return false;
        if (tokens[i].type == DATE_END)
            return true;
    }
    return false;
}

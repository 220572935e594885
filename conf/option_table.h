/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of options: words behind a directive, some with a value (config.md 3, classes i, u and
 * d). Shared by source options, refclock, local, hwtimestamp and the rate limits, and by
 * chronyc's commands that have such options.
 */
#ifndef CONF_OPTION_TABLE_H
#define CONF_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_BOOL,   /* sets a bool */
    OPTION_BITS,   /* sets bits of an unsigned int */
    OPTION_SET,    /* sets an int or enum to a constant */
    OPTION_INT,    /* int in a range */
    OPTION_PORT,   /* uint16_t */
    OPTION_UINT,   /* uint32_t of at least min */
    OPTION_DOUBLE, /* any number */
    OPTION_OTHER,  /* int, unsigned int or uint32_t read by a function */
};

struct option_row {
    const char *name; /* matched without regard to case */
    enum option_kind kind;
    size_t offset; /* of the value in the struct that the table is for */
    int min, max;
    int constant; /* OPTION_BITS, OPTION_SET */
    /* OPTION_INT: all releases of chrony refuse a number out of range (modulo 2^32). */
    bool checked;
    /* OPTION_OTHER: reads a prefix of the text; *used is its length. False: bad value. */
    bool (*read)(const char *text, void *value, size_t *used);
};

enum options_result { OPTIONS_OK, OPTIONS_UNKNOWN, OPTIONS_VALUE };

/* Details about a line of options. Its words are parts of the line. */
struct options_report {
    const char *word;    /* that could not be used, as typed */
    const char *value;   /* OPTIONS_VALUE: begins with what the option was given; "" if nothing */
    const char *nearest; /* OPTIONS_UNKNOWN: the option that was probably meant, or NULL */
    /* Called for each integer that is replaced: one out of range by the nearest limit, an
       unsigned one by its value modulo 2^32. NULL: an integer out of range is OPTIONS_VALUE. */
    void (*replaced)(const char *option, const char *number, size_t length, long long value,
                     void *arg);
    void *arg;
};

/* Parses a normalised line of options in place into the struct at base; the report may be NULL. */
enum options_result options_parse(const struct option_row *table, size_t count, char *line,
                                  void *base, struct options_report *report);

/* Zero if the option's value is the same in both structs; else a total order. */
int option_compare(const struct option_row *row, const void *a, const void *b);

int option_clamp(int value, int min, int max);

#endif

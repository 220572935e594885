/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of options: words behind a directive, some with a value (config.md 3, classes i, u and
 * d). Shared by source options, refclock, local, hwtimestamp and the rate limits, and by
 * chronyc's commands that have such options.
 */
#ifndef CONF_OPTION_TABLE_H
#define CONF_OPTION_TABLE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_NONE,   /* no value of its own */
    OPTION_BOOL,   /* sets a bool */
    OPTION_BITS,   /* sets bits of an unsigned int */
    OPTION_SET,    /* sets an int or enum to a constant */
    OPTION_INT,    /* int in a range */
    OPTION_PORT,   /* uint16_t in a range */
    OPTION_UINT,   /* uint32_t of at least min */
    OPTION_REAL,   /* double in a range; a NaN is in every range */
    OPTION_STRING, /* owned string, NULL: none */
    OPTION_OTHER,  /* int, unsigned int or uint32_t read by a function */
};

/* A value: how it is called, where it is stored, and what it may be. */
struct option_row {
    const char *name; /* matched without regard to case */
    enum option_kind kind;
    size_t offset;    /* of the value in the struct that the table is for */
    double min, max;  /* of a number */
    double initial;   /* default of a number */
    const char *text; /* default of a string; NULL or empty: none */
    const char *unit; /* of a number, as in the manual; NULL: none */
    int constant;     /* OPTION_BITS, OPTION_SET */
    /* OPTION_INT: every release of chrony refuses a number out of range (modulo 2^32). */
    bool checked;
    /* OPTION_OTHER: reads a prefix of the text; *used is its length. False: bad value. */
    bool (*read)(const char *text, void *value, size_t *used);
};

/*
 * Parts of a row. The table's file defines OPTION_STRUCT, the struct that the table is for; a field
 * of another type does not compile.
 */
#define OPTION_AT(type, field)                                                                     \
    .offset = _Generic(&((OPTION_STRUCT *)0)->field, type * : offsetof(OPTION_STRUCT, field))
#define OPTION_FLAG(field) .kind = OPTION_BOOL, OPTION_AT(bool, field)
#define OPTION_FLAG_BITS(field, bits)                                                              \
    .kind = OPTION_BITS, OPTION_AT(unsigned int, field), .constant = (bits)
#define OPTION_INTEGER(field, lowest, highest, value)                                              \
    .kind = OPTION_INT, OPTION_AT(int, field), .min = (lowest), .max = (highest), .initial = (value)
#define OPTION_PORT_NUMBER(field, value)                                                           \
    .kind = OPTION_PORT, OPTION_AT(uint16_t, field), .max = UINT16_MAX, .initial = (value)
#define OPTION_ANY_REAL(field, value)                                                              \
    .kind = OPTION_REAL, OPTION_AT(double, field), .min = -INFINITY, .max = INFINITY,              \
    .initial = (value)
/* For a quantity whose negative values have no meaning. */
#define OPTION_REAL_FROM_0(field, value)                                                           \
    .kind = OPTION_REAL, OPTION_AT(double, field), .max = INFINITY, .initial = (value)

enum options_result { OPTIONS_OK, OPTIONS_UNKNOWN, OPTIONS_VALUE };

/* Details about a line of options. Its words are parts of the line. */
struct options_report {
    const char *word;    /* that could not be used, as typed */
    const char *value;   /* OPTIONS_VALUE: begins with what the option was given; "" if nothing */
    const char *nearest; /* OPTIONS_UNKNOWN: the option that was probably meant, or NULL */
    /* Called for each number that is replaced: one out of range by the nearest limit, an unsigned
       one by what is left of it modulo 2^32. NULL: an integer out of range is OPTIONS_VALUE, a real
       is taken as it is. */
    void (*replaced)(const struct option_row *row, const char *number, size_t length, double value,
                     void *arg);
    void *arg;
};

/* Parses a normalised line of options in place into the struct at base; the report may be NULL. */
enum options_result options_parse(const struct option_row *table, size_t count, char *line,
                                  void *base, struct options_report *report);

/* Zero if the option's value is the same in both structs; else a total order. */
int option_compare(const struct option_row *row, const void *a, const void *b);

/* Stores the default of one row, or of a table; of kinds without one, nothing. */
void option_reset(const struct option_row *row, void *base);
void options_reset(const struct option_row *table, size_t count, void *base);

/* Reads one number of kind OPTION_INT, OPTION_PORT or OPTION_REAL, as options_parse does. *used
   characters of the text belong to it. False: no number. */
bool option_read_number(const struct option_row *row, const char *text, void *base, size_t *used,
                        const struct options_report *report);

#endif

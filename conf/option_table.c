/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads option words and their values by a table and stores them at the offsets that it names.
 * Called by the directives that take options and by source_options.c. Pure: no logging, no names
 * resolved.
 */
#include "conf/option_table.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include "base/nearest.h"
#include "base/text.h"

static_assert(sizeof(int) == 4 && sizeof(unsigned int) == 4, "options are stored as 32-bit words");

/* An integer of the row's range, or the nearest limit if a report of replaced values is wanted. */
static bool read_int(const struct option_row *row, const char *text, int *value, size_t *used,
                     const struct options_report *report)
{
    const int min = (int)row->min, max = (int)row->max;
    uint32_t wrapped;
    bool clamped;

    if (!text_scan_clamped(text, min, max, value, &clamped, used) || (clamped && !report->replaced))
        return false;
    if (clamped && row->checked && text_scan_uint(text, &wrapped, used) &&
        ((int)wrapped < min || (int)wrapped > max))
        return false;
    if (clamped)
        report->replaced(row, text, *used, *value, report->arg);
    return true;
}

static bool read_uint(const struct option_row *row, const char *text, uint32_t *value, size_t *used,
                      const struct options_report *report)
{
    if (!text_scan_uint(text, value, used) || *value < (uint32_t)row->min)
        return false;
    if (report->replaced && text_uint_wraps(text))
        report->replaced(row, text, *used, *value, report->arg);
    return true;
}

static bool read_real(const struct option_row *row, const char *text, double *value, size_t *used,
                      const struct options_report *report)
{
    if (!text_scan_double(text, value, used))
        return false;
    if (report->replaced && (*value < row->min || *value > row->max)) {
        *value = *value < row->min ? row->min : row->max;
        report->replaced(row, text, *used, *value, report->arg);
    }
    return true;
}

bool option_read_number(const struct option_row *row, const char *text, void *base, size_t *used,
                        const struct options_report *report)
{
    void *value = (char *)base + row->offset;
    int i;

    if (row->kind == OPTION_REAL)
        return read_real(row, text, value, used, report);
    if (!read_int(row, text, &i, used, report))
        return false;
    if (row->kind == OPTION_PORT)
        *(uint16_t *)value = (uint16_t)i;
    else
        *(int *)value = i;
    return true;
}

/* Stores an option from the text behind its word; *used characters of it belong to the value. */
static bool set_option(const struct option_row *row, void *base, const char *text, size_t *used,
                       const struct options_report *report)
{
    void *value = (char *)base + row->offset;

    *used = 0;

    switch (row->kind) {
    case OPTION_BOOL:
        *(bool *)value = true;
        return true;
    case OPTION_BITS:
        *(unsigned int *)value |= (unsigned int)row->constant;
        return true;
    case OPTION_SET:
        memcpy(value, &row->constant, sizeof(row->constant));
        return true;
    case OPTION_INT:
    case OPTION_PORT:
    case OPTION_REAL:
        return option_read_number(row, text, base, used, report);
    case OPTION_UINT:
        return read_uint(row, text, value, used, report);
    case OPTION_OTHER:
        return row->read(text, value, used);
    case OPTION_NONE:
    case OPTION_STRING:
        break;
    }

    return false;
}

void option_reset(const struct option_row *row, void *base)
{
    void *value = (char *)base + row->offset;

    if (row->kind == OPTION_INT)
        *(int *)value = (int)row->initial;
    else if (row->kind == OPTION_PORT)
        *(uint16_t *)value = (uint16_t)row->initial;
    else if (row->kind == OPTION_REAL)
        *(double *)value = row->initial;
    else if (row->kind == OPTION_STRING && row->text && row->text[0] != '\0')
        *(char **)value = text_dup(row->text);
}

void options_reset(const struct option_row *table, size_t count, void *base)
{
    for (size_t i = 0; i < count; i++)
        option_reset(&table[i], base);
}

static const struct option_row *find_option(const struct option_row *table, size_t count,
                                            const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_nocase(word, table[i].name))
            return &table[i];
    }
    return NULL;
}

static const char *nearest_option(const struct option_row *table, size_t count, const char *word)
{
    struct nearest nearest = nearest_start(word);

    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, table[i].name);
    return nearest.best;
}

enum options_result options_parse(const struct option_row *table, size_t count, char *line,
                                  void *base, struct options_report *report)
{
    struct options_report none = {0};

    report = report ? report : &none;
    while (*line != '\0') {
        size_t used;

        report->word = line;
        line = text_split(line);
        report->value = line;
        const struct option_row *row = find_option(table, count, report->word);
        if (!row) {
            report->nearest = nearest_option(table, count, report->word);
            return OPTIONS_UNKNOWN;
        }
        if (!set_option(row, base, line, &used, report))
            return OPTIONS_VALUE;
        /* What follows a value directly is the next option word (config.md 3) */
        line += used;
        while (*line == ' ')
            line++;
    }

    return OPTIONS_OK;
}

static size_t value_size(enum option_kind kind)
{
    return kind == OPTION_BOOL   ? sizeof(bool)
           : kind == OPTION_PORT ? sizeof(uint16_t)
           : kind == OPTION_REAL ? sizeof(double)
                                 : sizeof(uint32_t);
}

int option_compare(const struct option_row *row, const void *a, const void *b)
{
    const char *value_a = (const char *)a + row->offset, *value_b = (const char *)b + row->offset;

    if (row->kind == OPTION_BITS) {
        unsigned int bits_a, bits_b, mask = (unsigned int)row->constant;

        memcpy(&bits_a, value_a, sizeof(bits_a));
        memcpy(&bits_b, value_b, sizeof(bits_b));
        return ((bits_a & mask) > (bits_b & mask)) - ((bits_a & mask) < (bits_b & mask));
    }
    return memcmp(value_a, value_b, value_size(row->kind));
}

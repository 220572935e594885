/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of reports in JSON and CSV, see report_rows.h. How a kind of value is shown in either is
 * known here only.
 */
#include "chronyc/report_rows.h"

#include <inttypes.h>
#include <stdio.h>

#include "chronyc/capability.h"
#include "chronyc/format.h"

#define AGE_UNKNOWN UINT32_MAX
#define TESTS       10 /* bits of the NTP tests */
#define KEY_SIZE    64

struct row {
    const void *values;
    const struct row_given *given;
    struct document *json;
    FILE *csv;
    bool csv_started; /* the next field needs a comma */
};

/* Of values that are the same text in JSON and CSV. */
static const char *text_of(const struct row *row, const struct cmd_field *field, char *buf,
                           size_t size)
{
    const void *value = field_value(field, row->values);

    switch (field->show) {
    case SHOW_REFID:
        snprintf(buf, size, "%08" PRIX32, (uint32_t)field_integer(field, row->values));
        return buf;
    case SHOW_ADDRESS_REFID:
        snprintf(buf, size, "%08" PRIX32, ip_addr_refid(value));
        return buf;
    case SHOW_ADDRESS:
        return ip_addr_format(value, buf, size);
    case SHOW_GIVEN_NAME:
        return row->given->name;
    default: /* SHOW_TEXT */
        return value;
    }
}

const char *known_word(int64_t value)
{
    return value == 0 ? "no" : value == 1 ? "yes" : "-";
}

/* ---- JSON ---- */

/* A double would lose the nanoseconds. */
static void json_time(struct document *d, const char *prefix, const struct instant *t)
{
    char key[KEY_SIZE];

    snprintf(key, sizeof(key), "%s_unix_seconds", prefix);
    document_integer(d, key, t->sec);
    snprintf(key, sizeof(key), "%s_nanoseconds", prefix);
    document_integer(d, key, t->nsec);
}

static void json_address(struct document *d, const char *key, const struct ip_addr *addr)
{
    char text[ADDR_TEXT_SIZE];

    document_text(d, key, ip_addr_is_real(addr) ? ip_addr_format(addr, text, sizeof(text)) : NULL);
}

static void json_word(struct document *d, const struct cmd_field *field, int64_t value)
{
    if (field->member == MEMBER_BOOL)
        document_bool(d, field->key, value != 0);
    else
        document_text(d, field->key, field_word(field->words, value)->json);
}

static void json_letter(struct document *d, const char *key, char letter)
{
    char text[2] = {letter >= ' ' && letter <= '~' ? letter : '?', '\0'};

    document_text(d, key, text);
}

static void json_options(struct document *d, const struct cmd_field *field, int64_t options)
{
    document_begin_words(d, field->key);
    for (const struct field_word *word = field->words; word->value != FIELD_OTHER; word++)
        if (options & word->value)
            document_word(d, word->json);
}

static void json_failed_tests(struct document *d, const char *key, int64_t tests)
{
    static const char *const words[TESTS] = {"1", "2", "3", "5", "6", "7", "A", "B", "C", "D"};

    document_begin_words(d, key);
    for (int i = 0; i < TESTS; i++)
        if (!(tests >> (TESTS - 1 - i) & 1)) /* the first test is the highest bit */
            document_word(d, words[i]);
}

static void json_number(struct document *d, const char *key, int64_t value, int64_t unknown)
{
    if (value >= unknown)
        document_null(d, key);
    else
        document_integer(d, key, value);
}

static void json_capabilities(struct document *d, const char *key, uint64_t set)
{
    document_begin_words(d, key);
    for (unsigned int i = 0; i < 64; i++)
        if (set >> i & 1)
            document_word(d, capability_name(i).s);
}

/* A value that may be unknown. */
static void json_fact(struct document *d, const struct cmd_field *field, uint64_t value)
{
    if (value == UINT64_MAX || (field->show == SHOW_KNOWN && value > 1))
        document_null(d, field->key);
    else if (field->show == SHOW_KNOWN)
        document_bool(d, field->key, value != 0);
    else if (field->show == SHOW_CAPABILITIES)
        json_capabilities(d, field->key, value);
    else
        document_count(d, field->key, value);
}

static void json_real(struct document *d, const struct cmd_field *field, double value)
{
    if (field->show == SHOW_BOUND && !(value > 0.0))
        document_null(d, field->key);
    else
        document_real(d, field->key, value);
}

static void json_field(const struct row *row, const struct cmd_field *field)
{
    const void *value = field_value(field, row->values);
    int64_t number = field_integer(field, row->values);
    struct document *d = row->json;
    char buf[ADDR_TEXT_SIZE];

    switch (field->show) {
    case SHOW_INTEGER:
    case SHOW_UNSIGNED:
    case SHOW_OCTAL:
        document_integer(d, field->key, number);
        break;
    case SHOW_COUNTER:
        document_count(d, field->key, (uint64_t)number);
        break;
    case SHOW_SIZE:
    case SHOW_KNOWN:
    case SHOW_CAPABILITIES:
        json_fact(d, field, (uint64_t)number);
        break;
    case SHOW_REAL:
    case SHOW_BOUND:
        json_real(d, field, *(const double *)value);
        break;
    case SHOW_AGE:
    case SHOW_ID:
    case SHOW_LOG2:
        json_number(d, field->key, number,
                    field->show == SHOW_LOG2 ? LOG2_INTERVAL_UNKNOWN : AGE_UNKNOWN);
        break;
    case SHOW_LOG2_SECONDS:
        document_real(d, field->key, log2_to_seconds((int)number));
        break;
    case SHOW_TIME:
    case SHOW_DATE:
        json_time(d, field->key, value);
        break;
    case SHOW_ADDRESS:
    case SHOW_GIVEN_ADDRESS:
        json_address(d, field->key, field->show == SHOW_GIVEN_ADDRESS ? row->given->addr : value);
        break;
    case SHOW_GIVEN_INDEX:
        document_integer(d, field->key, row->given->index);
        break;
    case SHOW_WORD:
        json_word(d, field, number);
        break;
    case SHOW_LETTER:
        json_letter(d, field->key, (char)number);
        break;
    case SHOW_OPTIONS:
        json_options(d, field, number);
        break;
    case SHOW_TESTS:
        json_failed_tests(d, field->key, number);
        break;
    default:
        document_text(d, field->key, text_of(row, field, buf, sizeof(buf)));
        break;
    }
}

/* ---- CSV ---- */

static FILE *csv_next(struct row *row)
{
    if (row->csv_started)
        fputc(',', row->csv);
    row->csv_started = true;
    return row->csv;
}

static void csv_options(struct row *row, const struct cmd_field *field, int64_t options)
{
    for (const struct field_word *word = field->words; word->value != FIELD_OTHER; word++)
        fputs(options & word->value ? word->plain : "-", csv_next(row));
    fputs("-", csv_next(row)); /* of an option that was, once */
}

static void csv_tests(struct row *row, unsigned int tests)
{
    fputs(format_bits(3, tests >> 7).s, csv_next(row));
    fputs(format_bits(3, tests >> 4).s, csv_next(row));
    fputs(format_bits(4, tests).s, csv_next(row));
}

static void csv_time(FILE *out, const struct instant *t)
{
    fprintf(out, "%" PRId64 ".%09" PRId32, t->sec, t->nsec);
}

static void csv_date(FILE *out, const struct instant *t)
{
    char text[32];

    instant_format_utc(*t, text, sizeof(text));
    fputs(text, out);
}

static void csv_real(FILE *out, const struct cmd_field *field, double value)
{
    if (field->show == SHOW_BOUND && !(value > 0.0))
        fputc('-', out);
    else
        fprintf(out, "%.*f", field->decimals, value);
}

static void csv_fact(FILE *out, const struct cmd_field *field, uint64_t value)
{
    if (field->show == SHOW_KNOWN)
        fputs(known_word((int64_t)value), out);
    else if (field->show == SHOW_CAPABILITIES)
        print_capabilities(out, value, '+');
    else if (value == UINT64_MAX)
        fputc('-', out);
    else
        fprintf(out, "%" PRIu64, value);
}

static void csv_field(struct row *row, const struct cmd_field *field)
{
    const void *value = field_value(field, row->values);
    int64_t number = field_integer(field, row->values);
    char buf[ADDR_TEXT_SIZE];

    switch (field->show) {
    case SHOW_INTEGER:
    case SHOW_LOG2:
        fprintf(csv_next(row), "%" PRId64, number);
        break;
    case SHOW_UNSIGNED:
    case SHOW_AGE:
        fprintf(csv_next(row), "%" PRIu32, (uint32_t)number);
        break;
    case SHOW_ID:
        fprintf(csv_next(row), (uint32_t)number == AGE_UNKNOWN ? "-" : "%" PRIu32,
                (uint32_t)number);
        break;
    case SHOW_GIVEN_INDEX:
        fprintf(csv_next(row), "%" PRIu32, row->given->index);
        break;
    case SHOW_OCTAL:
        fprintf(csv_next(row), "%o", (unsigned int)number);
        break;
    case SHOW_COUNTER:
        fprintf(csv_next(row), "%" PRIu64, (uint64_t)number);
        break;
    case SHOW_SIZE:
    case SHOW_KNOWN:
    case SHOW_CAPABILITIES:
        csv_fact(csv_next(row), field, (uint64_t)number);
        break;
    case SHOW_REAL:
    case SHOW_BOUND:
        csv_real(csv_next(row), field, *(const double *)value);
        break;
    case SHOW_LOG2_SECONDS:
        fprintf(csv_next(row), "%.*f", field->decimals, log2_to_seconds((int)number));
        break;
    case SHOW_TIME:
        csv_time(csv_next(row), value);
        break;
    case SHOW_DATE:
        csv_date(csv_next(row), value);
        break;
    case SHOW_WORD:
        fputs(field_word(field->words, number)->plain, csv_next(row));
        break;
    case SHOW_LETTER:
        fputc((int)number, csv_next(row));
        break;
    case SHOW_OPTIONS:
        csv_options(row, field, number);
        break;
    case SHOW_TESTS:
        csv_tests(row, (unsigned int)number);
        break;
    default:
        fputs(text_of(row, field, buf, sizeof(buf)), csv_next(row));
        break;
    }
}

/* ---- Rows ---- */

bool rows_begin(const struct client *c)
{
    if (c->json)
        document_begin_rows(c->json);
    return !c->json && !c->csv;
}

static bool show(const struct client *c, const struct cmd_field *fields, size_t count,
                 const void *values, const struct row_given *given)
{
    struct row row = {.values = values, .given = given, .json = c->json, .csv = c->env->out};

    if (!c->json && !c->csv)
        return false;
    if (c->json)
        document_begin_row(c->json);
    for (size_t i = 0; i < count; i++) {
        if (c->json && fields[i].key)
            json_field(&row, &fields[i]);
        else if (!c->json && fields[i].key && fields[i].decimals != JSON_ONLY)
            csv_field(&row, &fields[i]);
    }
    if (!c->json)
        fputc('\n', c->env->out);
    return true;
}

bool row_show(const struct client *c, enum reply_code reply, const void *body,
              const struct row_given *given)
{
    const struct cmd_layout *layout = cmd_reply_layout(reply);

    return show(c, layout->fields, layout->field_count, body, given);
}

bool row_show_record(const struct client *c, enum reply_code reply, const void *record,
                     const struct row_given *given)
{
    const struct cmd_records *records = cmd_reply_layout(reply)->records;

    return show(c, records->fields, records->field_count, record, given);
}

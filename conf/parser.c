/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evaluates one line: finds the directive, prints the line for -p, calls the handler. Also what all
 * handlers need: errors with their location, numbers, owned strings and arrays.
 */
#include "conf/directive.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/nearest.h"
#include "base/text.h"

static void fail(struct conf_error *error, const char *location, const char *format, va_list args)
{
    int length = vsnprintf(error->message, sizeof(error->message), format, args);
    size_t used = length < 0 ? 0 : (size_t)length;

    if (used < sizeof(error->message))
        text_copy(error->message + used, sizeof(error->message) - used, location);
}

bool conf_fail(struct conf_error *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(error, "", format, args);
    va_end(args);
    return false;
}

/* " at line N in file F" */
static void format_location(const struct parser *p, char *text, size_t size)
{
    if (p->file)
        snprintf(text, size, " at line %d in file %s", p->line, p->file);
    else
        snprintf(text, size, " at line %d", p->line);
}

bool parser_fail(struct parser *p, const char *format, ...)
{
    char location[sizeof(p->error->message)];
    va_list args;

    format_location(p, location, sizeof(location));
    p->bad_line = true;

    va_start(args, format);
    fail(p->error, location, format, args);
    va_end(args);
    return false;
}

bool parser_fail_parse(struct parser *p)
{
    return parser_fail(p, "Could not parse %s directive", p->word);
}

bool parser_explain(struct parser *p, const char *format, ...)
{
    char *message = p->error->message;
    size_t used = strlen(message);
    va_list args;

    va_start(args, format);
    vsnprintf(message + used, sizeof(p->error->message) - used, format, args);
    va_end(args);
    return false;
}

static bool suggest(struct parser *p, const char *nearest)
{
    return nearest ? parser_explain(p, " (did you mean %s?)", nearest) : false;
}

bool parser_fail_word(struct parser *p, const char *word, const char *nearest)
{
    parser_fail_parse(p);
    if (word[0] != '\0')
        parser_explain(p, ": %s", word);
    return suggest(p, nearest);
}

static bool fail_option(struct parser *p, const struct options_report *report, bool exact)
{
    if (!exact)
        return parser_fail_word(p, report->word, report->nearest);
    parser_fail(p, "Invalid option in %s directive", p->word);
    parser_explain(p, ": %s", report->word);
    return suggest(p, report->nearest);
}

static bool fail_value(struct parser *p, const struct options_report *report, bool exact)
{
    if (exact)
        parser_fail(p, "Invalid value in %s directive", p->word);
    else
        parser_fail_parse(p);
    if (report->value[0] == '\0')
        return parser_explain(p, ": %s without a value", report->word);
    return parser_explain(p, ": %s %.*s", report->word, (int)strcspn(report->value, " "),
                          report->value);
}

bool parser_address(const struct parser *p, const char *text, struct ip_addr *addr)
{
    const char *interface;

    return ip_addr_parse_scoped(text, addr, &interface) &&
           (!interface || addr->scope != 0 ||
            (p->env->resolve && p->env->resolve(text, addr, 1, p->env->resolve_arg) == 1));
}

bool parser_fail_address(struct parser *p, const char *text)
{
    const char *interface;
    struct ip_addr addr;

    parser_fail_parse(p);
    if (ip_addr_parse_scoped(text, &addr, &interface))
        return parser_explain(p, ": no interface %s", interface);
    return text[0] != '\0' && parser_explain(p, ": %s is not an address", text);
}

void parser_warn(const struct parser *p, const char *format, ...)
{
    struct conf_error text;
    char location[sizeof(text.message)];
    va_list args;

    format_location(p, location, sizeof(location));
    va_start(args, format);
    fail(&text, location, format, args);
    va_end(args);
    LOG_WARN("%s", text.message);
}

void parser_warn_value(const struct parser *p, const char *option, const char *value, size_t length,
                       const char *range, const char *used)
{
    char location[sizeof(p->error->message)];

    format_location(p, location, sizeof(location));
    LOG_WARN("Invalid value %.*s %s%s%sin %s directive%s%s, using %s", (int)length, value,
             option ? "of " : "", option ? option : "", option ? " " : "", p->word,
             range ? range : "", location, used);
}

void parser_warn_tail(const struct parser *p, const char *word, size_t number_length)
{
    size_t length = strcspn(word, " ");
    char number[64];

    if (number_length >= length)
        return;
    snprintf(number, sizeof(number), "%.*s", (int)number_length, word);
    parser_warn_value(p, NULL, word, length, NULL, number);
}

/* " (min A, max B)" or " (min A)" */
static const char *format_range(const struct option_row *row, char *text, size_t size)
{
    int used = snprintf(text, size, " (min %.15g", row->min);

    if (isfinite(row->max))
        used += snprintf(text + used, size - (size_t)used, ", max %.15g", row->max);
    snprintf(text + used, size - (size_t)used, ")");
    return text;
}

/* A number in place of which another one is used. The range of integers is told if they are all
   that the directive has. */
static void warn_number(const struct parser *p, const char *option, const struct option_row *row,
                        const char *number, size_t length, double value)
{
    char used[32], range[64];
    bool has_range = row->kind == OPTION_REAL || (!option && row->name);

    snprintf(used, sizeof(used), "%.15g", value);
    parser_warn_value(p, option, number, length,
                      has_range ? format_range(row, range, sizeof(range)) : NULL, used);
}

static void warn_option(const struct option_row *row, const char *number, size_t length,
                        double value, void *arg)
{
    warn_number(arg, row->name, row, number, length, value);
}

void parser_warn_uint(const struct parser *p, const char *word, size_t number_length,
                      uint32_t value)
{
    char used[16];

    parser_warn_tail(p, word, number_length);
    if (!text_uint_wraps(word))
        return;
    snprintf(used, sizeof(used), "%u", value);
    parser_warn_value(p, NULL, word, number_length, NULL, used);
}

bool parser_options(struct parser *p, const struct option_row *table, size_t count, char *line,
                    void *base, bool exact)
{
    struct options_report report = {.replaced = warn_option, .arg = p};

    switch (options_parse(table, count, line, base, &report)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_UNKNOWN:
        return fail_option(p, &report, exact);
    case OPTIONS_VALUE:
        return fail_value(p, &report, exact);
    }
    return true;
}

bool parser_source(struct parser *p, char *args, struct source_conf *source)
{
    struct options_report report = {.replaced = warn_option, .arg = p};
    char *name;

    switch (source_options_parse(args, &name, &source->options, &report)) {
    case SOURCE_PARSE_OK:
        break;
    case SOURCE_PARSE_SYNTAX:
        return parser_fail(p, "Invalid syntax for %s directive", p->word);
    case SOURCE_PARSE_OPTION:
        return fail_option(p, &report, true);
    case SOURCE_PARSE_VALUE:
        return fail_value(p, &report, true);
    }
    source->name = text_dup(name);
    return true;
}

bool parser_check_words(struct parser *p, const char *args, int min, int max)
{
    int words = text_count_words(args);

    if (words < min)
        return parser_fail(p, "Missing arguments for %s directive", p->word);
    if (words > max)
        return parser_fail(p, "Too many arguments for %s directive", p->word);
    return true;
}

/* Moves behind a number; false if characters follow it although it is not the last word. */
static bool skip_number(const struct parser *p, char **args, size_t used)
{
    char *end = *args + used;

    if (*end == ' ') {
        *args = end + 1;
        return true;
    }
    if (strchr(end, ' '))
        return false;
    parser_warn_tail(p, *args, used);
    *args = end + strlen(end);
    return true;
}

struct replacement {
    bool made;
    double value;
};

static void note_replacement(const struct option_row *row, const char *number, size_t length,
                             double value, void *arg)
{
    *(struct replacement *)arg = (struct replacement){.made = true, .value = value};
}

bool parser_next_number(struct parser *p, char **args, const struct option_row *row, void *base)
{
    struct replacement replaced = {.made = false};
    const struct options_report report = {.replaced = note_replacement, .arg = &replaced};
    const char *word = *args;
    size_t used;

    if (!option_read_number(row, word, base, &used, &report) || !skip_number(p, args, used))
        return false;
    if (replaced.made)
        warn_number(p, NULL, row, word, used, replaced.value);
    return true;
}

bool parser_next_numbers(struct parser *p, char **args, const struct option_row *table,
                         size_t count, void *base)
{
    for (size_t i = 0; i < count; i++) {
        if (!parser_next_number(p, args, &table[i], base))
            return false;
    }
    return true;
}

bool parser_next_int(struct parser *p, char **args, int min, int max, int *value)
{
    const struct option_row row = {.kind = OPTION_INT, .min = min, .max = max};

    return parser_next_number(p, args, &row, value);
}

void conf_set_string(char **string, const char *value)
{
    free(*string);
    *string = value ? text_dup(value) : NULL;
}

void conf_add_string(struct conf_strings *strings, const char *value)
{
    strings->items = mem_resize(strings->items, strings->count + 1, sizeof(*strings->items));
    strings->items[strings->count] = text_dup(value);
    strings->count++;
}

/* -p: lines that only read other files are left out, as the lines of those files follow. */
static void print_line(const struct parser *p, const struct directive *d, const char *args)
{
    if (!p->env->print ||
        (d && (d->evaluate == directive_include || d->evaluate == directive_confdir)))
        return;
    fprintf(p->env->print, "%s%s%s\n", p->word, args[0] != '\0' ? " " : "", args);
    fflush(p->env->print);
}

/* The text of the specification, with a suggestion behind it when a directive has a similar
   name. */
bool parser_fail_unknown(struct parser *p)
{
    struct nearest nearest = nearest_start(p->word);

    parser_fail(p, "Invalid directive %s", p->word);
    for (size_t i = 0; i < directive_count; i++)
        nearest_offer(&nearest, directive_table[i].row.name);
    return suggest(p, nearest.best);
}

bool parser_has_comment(const char *args)
{
    for (const char *word = args; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (*word != '\0' && strchr("#;!%", *word))
            return true;
    }
    return false;
}

bool parser_explain_comment(struct parser *p)
{
    return parser_explain(p, " (a comment needs a line of its own)");
}

void parser_warn_without_nts(const struct parser *p, const char *what)
{
    struct conf_strings *known = &p->conf->unsupported;

    for (size_t i = 0; i < known->count; i++) {
        if (strcmp(known->items[i], what) == 0)
            return;
    }
    conf_add_string(known, what);
    parser_warn(p, "This build has no support for NTS, which %s needs", what);
}

static bool evaluate(struct parser *p, char *args)
{
    const struct directive *d = directive_find(p->word);

    print_line(p, d, args);
    if (!d)
        return parser_fail_unknown(p);
    bool comment = parser_has_comment(args);
    if (d->nts && p->env->without_nts)
        parser_warn_without_nts(p, d->row.name);
    if (d->evaluate ? d->evaluate(p, d, args) : parser_value(p, d, args))
        return true;
    return comment && p->bad_line ? parser_explain_comment(p) : false;
}

static void watch_begin(const struct parser *p, const char *args)
{
    const struct conf_watch *watch = p->env->watch;
    const struct conf_line line = {
        .file = p->file,
        .number = p->line,
        .word = p->word,
        .args = args,
        .fragment = p->fragment,
    };

    if (watch)
        watch->begin(&line, watch->arg);
}

/* Whether the reading goes on. */
static bool watch_end(const struct parser *p, bool ok)
{
    const struct conf_watch *watch = p->env->watch;

    return watch ? watch->end(ok ? NULL : p->error->message, watch->arg) : ok;
}

bool parser_evaluate(struct parser *p, char *line)
{
    p->bad_line = false;
    text_normalise(line);
    if (line[0] == '\0')
        return true;

    char *args = text_split(line);
    p->word = line;
    watch_begin(p, args);
    return watch_end(p, evaluate(p, args));
}

bool parser_refuse_long_line(struct parser *p)
{
    p->word = "";
    watch_begin(p, "");
    return watch_end(p, parser_fail(p, "String too long"));
}

bool conf_read_line(struct conf *conf, const struct conf_env *env, const char *line, int number,
                    struct conf_error *error)
{
    struct parser p = {.conf = conf, .env = env, .error = error, .line = number};
    char *copy = text_dup(line);
    bool ok = parser_evaluate(&p, copy);

    free(copy);
    return ok;
}

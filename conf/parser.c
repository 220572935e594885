/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evaluates one line: finds the directive, prints the line for -p, calls the handler. Also what all
 * handlers need: errors with their location, numbers, owned strings and arrays.
 */
#include "conf/directive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

bool parser_fail(struct parser *p, const char *format, ...)
{
    char location[sizeof(p->error->message)];
    va_list args;

    if (p->file)
        snprintf(location, sizeof(location), " at line %d in file %s", p->line, p->file);
    else
        snprintf(location, sizeof(location), " at line %d", p->line);

    va_start(args, format);
    fail(p->error, location, format, args);
    va_end(args);
    return false;
}

bool parser_fail_parse(struct parser *p)
{
    return parser_fail(p, "Could not parse %s directive", p->word);
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
static bool skip_number(char **args, size_t used)
{
    char *end = *args + used;

    if (*end == ' ') {
        *args = end + 1;
        return true;
    }
    if (strchr(end, ' '))
        return false;
    *args = end + strlen(end);
    return true;
}

bool parser_next_double(char **args, double *value)
{
    size_t used;

    return text_scan_double(*args, value, &used) && skip_number(args, used);
}

bool parser_next_int(char **args, int *value)
{
    size_t used;

    return text_scan_int(*args, value, &used) && skip_number(args, used);
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

/* The text of the specification, with a suggestion behind it when a directive has a similar name. */
static bool fail_unknown(struct parser *p)
{
    struct nearest nearest = nearest_start(p->word);

    parser_fail(p, "Invalid directive %s", p->word);
    for (size_t i = 0; i < directive_count; i++)
        nearest_offer(&nearest, directive_table[i].name);
    if (nearest.best) {
        char *message = p->error->message;
        size_t used = strlen(message);

        snprintf(message + used, sizeof(p->error->message) - used, " (did you mean %s?)",
                 nearest.best);
    }
    return false;
}

bool parser_evaluate(struct parser *p, char *line)
{
    const struct directive *d;
    char *args;

    text_normalise(line);
    if (line[0] == '\0')
        return true;

    args = text_split(line);
    p->word = line;
    d = directive_find(line);
    print_line(p, d, args);
    if (!d)
        return fail_unknown(p);
    return d->evaluate(p, d, args);
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

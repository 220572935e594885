/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers of the value classes I, D, S and flag (config.md 3), of addresses, and of directives
 * that are accepted without effect. They store at the offset that the table names.
 */
#include "conf/directive.h"

#include <limits.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

static void *value_at(struct parser *p, const struct directive *d)
{
    return (char *)p->conf + d->offset;
}

/* Class I: exactly one integer in the range of the directive. */
static bool read_integer(struct parser *p, const struct directive *d, const char *args, long *value)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (text_parse_long(args, LONG_MIN, LONG_MAX, value) != TEXT_NUMBER_OK)
        return parser_fail_parse(p);
    if (*value < d->min || *value > d->max) {
        return parser_fail(p, "Invalid value %ld in %s directive (min %ld, max %ld)", *value,
                           p->word, d->min, d->max);
    }
    return true;
}

DIRECTIVE_HANDLER(int)
{
    long value;

    if (!read_integer(p, d, args, &value))
        return false;
    *(int *)value_at(p, d) = (int)value;
    return true;
}

DIRECTIVE_HANDLER(port16)
{
    long value;

    if (!read_integer(p, d, args, &value))
        return false;
    *(uint16_t *)value_at(p, d) = (uint16_t)value;
    return true;
}

DIRECTIVE_HANDLER(double)
{
    double value;

    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (!parser_next_double(&args, &value))
        return parser_fail_parse(p);
    *(double *)value_at(p, d) = value;
    return true;
}

DIRECTIVE_HANDLER(string)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    conf_set_string(value_at(p, d), args);
    return true;
}

/* "/" means none. */
DIRECTIVE_HANDLER(path_or_none)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    conf_set_string(value_at(p, d), strcmp(args, "/") == 0 ? NULL : args);
    return true;
}

DIRECTIVE_HANDLER(flag)
{
    if (!parser_check_words(p, args, 0, 0))
        return false;
    *(bool *)value_at(p, d) = true;
    return true;
}

DIRECTIVE_HANDLER(strings)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    conf_add_string(value_at(p, d), args);
    return true;
}

static bool set_bind_address(struct parser *p, const struct directive *d, const char *text)
{
    struct ip_addr addr;
    size_t offset;

    if (!ip_addr_parse(text, &addr))
        return false;
    offset = addr.family == IP_V6 ? d->offset6 : d->offset;
    *(struct ip_addr *)((char *)p->conf + offset) = addr;
    return true;
}

DIRECTIVE_HANDLER(bind)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    return set_bind_address(p, d, args) || parser_fail_parse(p);
}

DIRECTIVE_HANDLER(bind_command)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (args[0] == '/') {
        conf_set_string(&p->conf->bind_cmd_path, args[1] == '\0' ? NULL : args);
        return true;
    }
    return set_bind_address(p, d, args) || parser_fail_parse(p);
}

DIRECTIVE_HANDLER(ignored)
{
    (void)p;
    (void)d;
    (void)args;
    return true;
}

DIRECTIVE_HANDLER(unsupported)
{
    (void)d;
    (void)args;
    LOG_WARN("%s directive is no longer supported", p->word);
    return true;
}

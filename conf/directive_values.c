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

/* Class I: exactly one integer. A configuration that works with some release of chrony must not
   leave a machine without time, so an integer out of range becomes the nearest limit. */
static bool read_integer(struct parser *p, const struct directive *d, const char *args, int *value)
{
    bool clamped;
    size_t used;

    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (!text_scan_clamped(args, (int)d->min, (int)d->max, value, &clamped, &used))
        return parser_fail_parse(p);
    parser_warn_tail(p, args, used);
    if (clamped) {
        char range[64], limit[16];

        snprintf(range, sizeof(range), " (min %ld, max %ld)", d->min, d->max);
        snprintf(limit, sizeof(limit), "%d", *value);
        parser_warn_value(p, NULL, args, used, range, limit);
    }
    return true;
}

DIRECTIVE_HANDLER(int)
{
    return read_integer(p, d, args, value_at(p, d));
}

DIRECTIVE_HANDLER(port16)
{
    int value;

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
    if (!parser_next_double(p, &args, &value))
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

    if (!parser_address(p, text, &addr))
        return parser_fail_address(p, text);
    size_t offset = addr.family == IP_V6 ? d->offset6 : d->offset;
    *(struct ip_addr *)((char *)p->conf + offset) = addr;
    return true;
}

DIRECTIVE_HANDLER(bind)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    return set_bind_address(p, d, args);
}

DIRECTIVE_HANDLER(bind_command)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (args[0] == '/') {
        conf_set_string(&p->conf->bind_cmd_path, args[1] == '\0' ? NULL : args);
        return true;
    }
    return set_bind_address(p, d, args);
}

DIRECTIVE_HANDLER(ignored)
{
    return true;
}

DIRECTIVE_HANDLER(unsupported)
{
    LOG_WARN("%s directive is no longer supported", p->word);
    return true;
}

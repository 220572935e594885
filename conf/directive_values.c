/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directives with one value of the classes I, D, S and flag (config.md 3) or an address, and those
 * that are accepted without effect. The value goes where the table says. Nothing else changes.
 */
#include "conf/directive.h"

#include <string.h>
#include "base/log.h"
#include "base/text.h"

/* Exactly one number. One out of the range of the directive, which chrony refuses, wraps or
   misbehaves with, must not keep a machine without time: the nearest limit is used. */
static bool read_number(struct parser *p, const struct directive *d, char *args)
{
    return parser_check_words(p, args, 1, 1) &&
           (parser_next_number(p, &args, &d->row, p->conf) || parser_fail_parse(p));
}

static bool read_string(struct parser *p, const struct directive *d, const char *args)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    conf_set_string(directive_value(p, d), args);
    return true;
}

static bool read_flag(struct parser *p, const struct directive *d, const char *args)
{
    if (!parser_check_words(p, args, 0, 0))
        return false;
    *(bool *)directive_value(p, d) = true;
    return true;
}

bool parser_value(struct parser *p, const struct directive *d, char *args)
{
    if (d->row.kind == OPTION_BOOL)
        return read_flag(p, d, args);
    if (d->row.kind == OPTION_STRING)
        return read_string(p, d, args);
    return read_number(p, d, args);
}

/* "/" means none. */
bool directive_path_or_none(struct parser *p, const struct directive *d, char *args)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    conf_set_string(directive_value(p, d), strcmp(args, "/") == 0 ? NULL : args);
    return true;
}

bool directive_strings(struct parser *p, const struct directive *d, char *args)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    conf_add_string(directive_value(p, d), args);
    return true;
}

static bool set_bind_address(struct parser *p, const struct directive *d, const char *text)
{
    struct bind_conf *bind = directive_value(p, d);
    struct ip_addr addr;

    if (!parser_address(p, text, &addr))
        return parser_fail_address(p, text);
    *(addr.family == IP_V6 ? &bind->v6 : &bind->v4) = addr;
    return true;
}

bool directive_bind(struct parser *p, const struct directive *d, char *args)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    return set_bind_address(p, d, args);
}

bool directive_bind_command(struct parser *p, const struct directive *d, char *args)
{
    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (args[0] == '/') {
        conf_set_string(&p->conf->command.path, args[1] == '\0' ? NULL : args);
        return true;
    }
    return set_bind_address(p, d, args);
}

/* Cuts "ADDRESS:PORT" or "[ADDRESS]:PORT" in two, without the brackets, which IPv6 needs. NULL: it
   is neither. */
static char *cut_port(char **address)
{
    char *port = strrchr(*address, ':');

    if (!port)
        return NULL;
    *port++ = '\0';
    size_t length = strlen(*address);
    if ((*address)[0] != '[')
        return strchr(*address, ':') ? NULL : port;
    if (length < 2 || (*address)[length - 1] != ']')
        return NULL;
    (*address)[length - 1] = '\0';
    ++*address;
    return port;
}

bool directive_metricsaddress(struct parser *p, const struct directive *d, char *args)
{
    struct ip_port address;
    long number;

    if (!parser_check_words(p, args, 1, 1))
        return false;
    if (p->env->without_metrics)
        return parser_fail_parse(p) ||
               parser_explain(p, ": this build has no metrics server (libmicrohttpd)");
    char *port = cut_port(&args);
    if (!port || args[0] == '\0' || text_parse_long(port, 1, 65535, &number) != TEXT_NUMBER_OK)
        return parser_fail_parse(p) ||
               parser_explain(p, ": ADDRESS:PORT or [ADDRESS]:PORT with a port from 1 to 65535 is "
                                 "expected");
    if (!parser_address(p, args, &address.addr))
        return parser_fail_address(p, args);
    address.port = (uint16_t)number;
    *(struct ip_port *)directive_value(p, d) = address;
    return true;
}

bool directive_ignored(struct parser *p, const struct directive *d, char *args)
{
    return true;
}

bool directive_unsupported(struct parser *p, const struct directive *d, char *args)
{
    LOG_WARN("%s directive is no longer supported", p->word);
    return true;
}

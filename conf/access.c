/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access rules: "[all] [SUBNET]" as text (config.md 16). The rules are applied by ntp/access.h;
 * here they are only read, in order. Shared with chronyc.
 */
#include "conf/directive.h"

#include <limits.h>
#include <string.h>
#include "base/text.h"

enum network { NETWORK_OTHER, NETWORK_OK, NETWORK_BAD };

/* One to three decimal numbers separated by periods: an IPv4 network, 8 bits per number. */
static enum network parse_short_network(const char *text, struct subnet *subnet)
{
    struct ip_addr addr = ip_addr_v4(0, 0, 0, 0);
    bool too_large = false;
    int numbers = 0;

    for (;; text++) {
        unsigned int value = 0;
        size_t digits = strspn(text, "0123456789");

        if (digits == 0 || numbers == 3)
            return NETWORK_OTHER;
        for (size_t i = 0; i < digits; i++)
            value = value > 255 ? value : value * 10 + (unsigned int)(text[i] - '0');
        too_large = too_large || value > 255;
        addr.u.v4[numbers++] = (uint8_t)value;
        text += digits;
        if (*text == '\0')
            break;
        if (*text != '.')
            return NETWORK_OTHER;
    }

    subnet->addr = addr;
    subnet->bits = 8 * numbers;
    return too_large ? NETWORK_BAD : NETWORK_OK;
}

/* An address, a short IPv4 network, or (if allowed) a host name. */
static bool parse_network(const char *text, bool names, const struct conf_env *env,
                          struct subnet *subnet)
{
    if (ip_addr_parse(text, &subnet->addr)) {
        subnet->bits = subnet->addr.family == IP_V6 ? 128 : 32;
        return true;
    }

    switch (parse_short_network(text, subnet)) {
    case NETWORK_OK:
        return true;
    case NETWORK_BAD:
        return false;
    case NETWORK_OTHER:
        break;
    }

    if (!names || !env || !env->resolve ||
        env->resolve(text, &subnet->addr, 1, env->resolve_arg) < 1)
        return false;
    subnet->bits = subnet->addr.family == IP_V6 ? 128 : 32;
    return true;
}

bool conf_parse_access(char *line, const struct conf_env *env, struct conf_access_rule *rule)
{
    char *next = text_split(line), *slash;
    long bits = 0;

    rule->all = strcmp(line, "all") == 0;
    if (rule->all) {
        line = next;
        next = text_split(line);
    }
    if (next[0] != '\0')
        return false;

    if (line[0] == '\0') {
        memset(&rule->subnet, 0, sizeof(rule->subnet));
        rule->subnet.addr.family = IP_UNSPEC;
        return true;
    }

    slash = strchr(line, '/');
    if (slash) {
        *slash = '\0';
        if (text_parse_long(slash + 1, 0, INT_MAX, &bits) != TEXT_NUMBER_OK)
            return false;
    }
    if (!parse_network(line, !slash, env, &rule->subnet))
        return false;
    if (slash)
        rule->subnet.bits = (int)bits;
    return true;
}

static bool add_rule(struct parser *p, const struct directive *d, char *args, bool allow)
{
    struct conf_access_rules *rules = (struct conf_access_rules *)((char *)p->conf + d->offset);
    struct conf_access_rule rule = {.allow = allow};

    if (!conf_parse_access(args, p->env, &rule))
        return parser_fail_parse(p);
    rules->rules = mem_resize(rules->rules, rules->count + 1, sizeof(rule));
    rules->rules[rules->count++] = rule;
    return true;
}

DIRECTIVE_HANDLER(allow)
{
    return add_rule(p, d, args, true);
}

DIRECTIVE_HANDLER(deny)
{
    return add_rule(p, d, args, false);
}

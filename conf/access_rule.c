/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access rules: "[all] [SUBNET]" as text (config.md 16). The rules are applied by ntp/access.h;
 * here they are only read, in order. Shared with chronyc.
 */
#include "conf/directive.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum network { NETWORK_OTHER, NETWORK_OK, NETWORK_BAD };

/* One to three decimal numbers separated by periods: an IPv4 network, 8 bits per number. The
   numbers are of class u (config.md 3); *replaced tells that one is not what is written. */
static enum network parse_short_network(const char *text, struct subnet *subnet, bool *replaced)
{
    struct ip_addr addr = ip_addr_v4(0, 0, 0, 0);
    bool too_large = false;
    int numbers = 0;

    for (;; text++) {
        uint32_t value;
        size_t used;

        if (numbers == 3 || !strchr("+0123456789", *text) || !text_scan_uint(text, &value, &used))
            return NETWORK_OTHER;
        too_large = too_large || value > 255;
        *replaced = *replaced || text_uint_wraps(text);
        addr.u.v4[numbers++] = (uint8_t)value;
        text += used;
        if (*text == '\0')
            break;
        if (*text != '.')
            return NETWORK_OTHER;
    }

    subnet->addr = addr;
    subnet->bits = 8 * numbers;
    return too_large ? NETWORK_BAD : NETWORK_OK;
}

/* Findings of the parser beside the rule. */
struct notes {
    bool replaced;    /* a number is not used as it is written */
    const char *name; /* a host name that has no address (yet), within the line; NULL: none */
    bool has_scope;   /* an address with %INTERFACE */
};

/* False for a mistyped address, which a lookup would never resolve. */
static bool is_host_name(const char *text)
{
    return text_is_graphic(text) && !strpbrk(text, ":%/[]") &&
           text[strspn(text, "+0123456789.")] != '\0';
}

/* An address, a short IPv4 network, or (if allowed) a host name. */
static bool parse_network(const char *text, bool names, const struct conf_env *env,
                          struct subnet *subnet, struct notes *notes)
{
    if (ip_addr_parse(text, &subnet->addr)) {
        subnet->bits = subnet->addr.family == IP_V6 ? 128 : 32;
        return true;
    }

    notes->has_scope = strchr(text, '%') != NULL;
    if (notes->has_scope)
        return false;
    switch (parse_short_network(text, subnet, &notes->replaced)) {
    case NETWORK_OK:
        return true;
    case NETWORK_BAD:
        return false;
    case NETWORK_OTHER:
        break;
    }

    if (!names || !env || !env->resolve)
        return false;
    if (env->resolve(text, &subnet->addr, 1, env->resolve_arg) < 1) {
        notes->name = is_host_name(text) ? text : NULL;
        return false;
    }
    subnet->bits = subnet->addr.family == IP_V6 ? 128 : 32;
    return true;
}

/* A number that does not fit in an int, and is a valid length modulo 2^32, becomes the whole
   address (config.md 16). Its range is checked later. */
static bool parse_bits(const char *text, enum ip_family family, int *bits, bool *replaced)
{
    const int whole = family == IP_V6 ? 128 : 32;
    long value;

    if (text_parse_long(text, LONG_MIN, LONG_MAX, &value) != TEXT_NUMBER_OK)
        return false;
    *bits = (int)(uint32_t)value;
    if (value != *bits && *bits >= 0 && *bits <= whole) {
        *replaced = true;
        *bits = whole;
    }
    return *bits >= 0;
}

/* The same as conf_parse_access. */
static bool parse_rule(char *line, const struct conf_env *env, struct conf_access_rule *rule,
                       struct notes *notes)
{
    char *next = text_split(line), *slash;

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
    if (slash)
        *slash = '\0';
    return parse_network(line, !slash, env, &rule->subnet, notes) &&
           (!slash ||
            parse_bits(slash + 1, rule->subnet.addr.family, &rule->subnet.bits, &notes->replaced));
}

bool conf_parse_access(char *line, const struct conf_env *env, struct conf_access_rule *rule)
{
    struct notes notes = {0};

    return parse_rule(line, env, rule, &notes);
}

static void warn_replaced(const struct parser *p, const char *args, const struct subnet *subnet)
{
    char address[ADDR_TEXT_SIZE], used[ADDR_TEXT_SIZE + 16];

    ip_addr_format(&subnet->addr, address, sizeof(address));
    snprintf(used, sizeof(used), "%s/%d", address, subnet->bits);
    parser_warn_value(p, NULL, args, strlen(args), NULL, used);
}

/* The name is looked up again by ntp/access_names.h. */
static void add_name(const struct parser *p, struct conf_access_rules *rules,
                     const struct conf_access_rule *rule, const char *name)
{
    parser_warn(p, "Could not resolve %s, which is not %s until that succeeds, in %s directive",
                name, rule->allow ? "allowed" : "denied", p->word);
    rules->names = mem_resize(rules->names, rules->name_count + 1, sizeof(*rules->names));
    rules->names[rules->name_count++] = (struct conf_access_name){
        .name = text_dup(name),
        .allow = rule->allow,
        .all = rule->all,
        .position = rules->count,
    };
}

static bool add_rule(struct parser *p, const struct directive *d, char *args, bool allow)
{
    struct conf_access_rules *rules = directive_value(p, d);
    struct conf_access_rule rule = {.allow = allow};
    char *copy = text_dup(args);
    struct notes notes = {0};
    bool ok = parse_rule(args, p->env, &rule, &notes);

    if (ok && notes.replaced)
        warn_replaced(p, copy, &rule.subnet);
    free(copy);
    if (notes.name) {
        add_name(p, rules, &rule, notes.name);
        return true;
    }
    if (!ok) {
        parser_fail_parse(p);
        return !notes.has_scope ? false : parser_explain(p, " (a subnet has no interface)");
    }
    rules->rules = mem_resize(rules->rules, rules->count + 1, sizeof(rule));
    rules->rules[rules->count++] = rule;
    return true;
}

bool directive_allow(struct parser *p, const struct directive *d, char *args)
{
    return add_rule(p, d, args, true);
}

bool directive_deny(struct parser *p, const struct directive *d, char *args)
{
    return add_rule(p, d, args, false);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, subnets and flags given to commands (chronyc.md 9). Names are resolved through the
 * client; nothing is sent to the daemon from here.
 */
#include "chronyc/arguments.h"

#include <string.h>
#include "base/text.h"
#include "conf/conf.h"

bool argument_host(struct client *c, const char *text, struct ip_addr *addr)
{
    return client_resolve(c, text, addr, 1) > 0;
}

bool argument_source(struct client *c, const char *text, struct ip_addr *addr)
{
    return ip_addr_parse_id(text, addr) || argument_host(c, text, addr);
}

bool argument_source_or_refid(struct client *c, const char *text, struct ip_addr *addr,
                              uint32_t *refid)
{
    size_t length = strlen(text);
    const char *interface;

    *refid = 0;
    if (ip_addr_parse_id(text, addr))
        return true;
    if (ip_addr_parse_scoped(text, addr, &interface))
        return !interface || addr->scope != 0 || client_resolve(c, text, addr, 1) == 1;
    if (length < 1 || length > 4)
        return false;
    *addr = (struct ip_addr){.family = IP_UNSPEC};
    for (size_t i = 0; i < 4; i++)
        *refid = *refid << 8 | (i < length ? (uint8_t)text[i] : 0);
    return true;
}

/* "A/B": mask and address, or address and number of bits. */
static bool parse_masked(const char *a, const char *b, struct cmd_mask_addr *where)
{
    uint32_t bits;
    size_t used;

    if (!ip_addr_parse(a, &where->addr))
        return false;
    if (ip_addr_parse(b, &where->mask)) {
        struct ip_addr mask = where->addr;

        where->addr = where->mask;
        where->mask = mask;
        return where->addr.family == where->mask.family;
    }
    if (!text_scan_uint(b, &bits, &used))
        return false;
    /* -1 is more than enough bits in any family */
    where->mask = ip_addr_mask(where->addr.family, bits > 128 ? -1 : (int)bits);
    return true;
}

bool argument_where(struct client *c, char *text, struct cmd_mask_addr *where)
{
    char *slash = strchr(text, '/');

    memset(where, 0, sizeof(*where));
    if (text[0] == '\0')
        return true;
    if (slash) {
        *slash = '\0';
        if (parse_masked(text, slash + 1, where))
            return true;
        fprintf(c->env->err, "Invalid syntax for mask/address\n");
        return false;
    }
    if (!argument_source(c, text, &where->addr)) {
        fprintf(c->env->err, "Could not get address for hostname\n");
        return false;
    }
    if (ip_addr_is_real(&where->addr))
        where->mask = ip_addr_mask(where->addr.family, -1);
    return true;
}

static int resolve_for_conf(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    return client_resolve(arg, name, addrs, max);
}

bool argument_subnet(struct client *c, char *text, struct cmd_subnet *subnet, bool *all)
{
    struct conf_env env = {.resolve = resolve_for_conf, .resolve_arg = c};
    struct conf_access_rule rule;

    if (!conf_parse_access(text, &env, &rule))
        return false;
    subnet->addr = rule.subnet.addr;
    subnet->bits = rule.subnet.bits;
    *all = rule.all;
    return true;
}

struct source_flags argument_source_flags(char *text)
{
    struct source_flags flags = {0};

    while (text[0] != '\0') {
        char *word = text;

        text = text_split(text);
        if (strcmp(word, "-a") == 0)
            flags.all = true;
        else if (strcmp(word, "-v") == 0)
            flags.legend = true;
    }
    return flags;
}

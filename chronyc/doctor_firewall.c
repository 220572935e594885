/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listings of nftables and iptables, line by line; see doctor_firewall.h. Two kinds of lines
 * matter:
 *
 *     udp dport { 123, 4460-4461 } accept              -A INPUT -p udp --dport 123 -j ACCEPT
 *     type filter hook input priority 0; policy drop;  :INPUT DROP [0:0]
 */
#include "chronyc/doctor_firewall.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

#define PORT_MAX 65535

/* ---- One rule ---- */

/* The text of a rule ends with its line, and a word with a space or the like. */
static const char *find_word(const char *line, const char *word)
{
    size_t length = strlen(word);

    for (const char *p = line; (p = strstr(p, word)); p += length)
        if ((p == line || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[length]) &&
            p[length] != '_')
            return p;
    return NULL;
}

static unsigned int protocols_of(const char *line)
{
    unsigned int protocols =
        (find_word(line, "tcp") ? FIREWALL_TCP : 0) | (find_word(line, "udp") ? FIREWALL_UDP : 0);

    return protocols != 0 ? protocols : FIREWALL_TCP | FIREWALL_UDP; /* th dport */
}

static void add_range(struct firewall *f, unsigned int protocols, unsigned int first,
                      unsigned int last)
{
    f->ranges = mem_resize(f->ranges, f->count + 1, sizeof(*f->ranges));
    f->ranges[f->count++] = (struct firewall_range){protocols, first, last};
}

/* A number, or the name of a service that we look for. False: something else. */
static bool parse_port(const char **text, unsigned int *port)
{
    static const struct {
        const char *name;
        unsigned int port;
    } services[] = {{"ntske", 4460}, {"ntp", 123}};
    size_t used;

    for (size_t i = 0; i < COUNT(services); i++) {
        size_t length = strlen(services[i].name);

        if (strncmp(*text, services[i].name, length) != 0 ||
            isalnum((unsigned char)(*text)[length]))
            continue;
        *text += length;
        *port = services[i].port;
        return true;
    }
    if (!isdigit((unsigned char)**text) || !text_scan_uint(*text, port, &used))
        return false;
    *text += used;
    return *port <= PORT_MAX;
}

/* Ports behind dport or --dports: `123`, `{ 123, 500-600 }`, `123,500:600`. */
static void parse_ports(const char *text, unsigned int protocols, struct firewall *f)
{
    for (;;) {
        unsigned int first, last;

        text += strspn(text, " {,");
        if (!parse_port(&text, &first)) {
            /* The name of a set, or of a service that is none of ours. */
            if (*text == '@' || *text == '$')
                f->opaque = true;
            return;
        }
        last = first;
        if ((*text == '-' || *text == ':') && isdigit((unsigned char)text[1])) {
            text++;
            if (!parse_port(&text, &last))
                return;
        }
        add_range(f, protocols, first, last);
        if (text[strspn(text, " ")] != ',')
            return;
    }
}

/* The verdict of a rule, in either language. */
static bool accepts(const char *line)
{
    return find_word(line, "accept") || find_word(line, "ACCEPT");
}

/* A rule that lets in everything from a network or a card, which may be that of the clients. */
static bool accepts_some(const char *line)
{
    static const char *const conditions[] = {"saddr", "-s", "iif", "iifname", "-i"};

    if (!accepts(line) || find_word(line, "lo") || find_word(line, "state") ||
        find_word(line, "icmp") || find_word(line, "icmpv6") || find_word(line, "ctstate"))
        return false;
    for (size_t i = 0; i < COUNT(conditions); i++)
        if (find_word(line, conditions[i]))
            return true;
    return false;
}

static void parse_line(const char *line, struct firewall *f)
{
    const char *dport = find_word(line, "dport");

    if (!dport)
        dport = find_word(line, "dports");
    if (strstr(line, "hook input") && strstr(line, "policy drop"))
        f->drops = true;
    else if (strncmp(line, ":INPUT DROP", 11) == 0)
        f->drops = true;
    else if (strncmp(line, "-A INPUT -j REJECT", 18) == 0 ||
             strncmp(line, "-A INPUT -j DROP", 16) == 0)
        f->drops = true;
    if ((dport && find_word(line, "vmap")) || (!dport && accepts_some(line)))
        f->opaque = true;
    else if (dport && accepts(line))
        parse_ports(dport + strcspn(dport, " "), protocols_of(line), f);
}

void firewall_parse(const char *text, struct firewall *firewall)
{
    char line[1024];

    while (*text != '\0') {
        text += strspn(text, " \t");
        size_t length = strcspn(text, "\n");
        size_t copied = length < sizeof(line) - 1 ? length : sizeof(line) - 1;

        memcpy(line, text, copied);
        line[copied] = '\0';
        /* firewalld and others end their chains with a rule in place of a policy. */
        if (strncmp(line, "reject with icmpx", 17) == 0 || strcmp(line, "drop") == 0)
            firewall->drops = true;
        if (copied < length)
            firewall->opaque = true; /* longer than any that is written by hand */
        parse_line(line, firewall);
        text += length + (text[length] == '\n');
    }
}

/* ---- All rules ---- */

enum firewall_result firewall_read(const struct machine *machine, struct firewall *firewall)
{
    static const char *const listings[][4] = {
        {"nft", "list", "ruleset", NULL},
        {"iptables-save", NULL},
        {"ip6tables-save", NULL},
    };
    enum firewall_result result = FIREWALL_NONE;

    *firewall = (struct firewall){0};
    for (size_t i = 0; i < COUNT(listings); i++) {
        int status = 0;
        char *text = machine_run(machine, listings[i], &status);

        if (text && status != 0 && result == FIREWALL_NONE)
            result = FIREWALL_HIDDEN;
        if (text && status == 0 && text[0] != '\0') {
            firewall_parse(text, firewall);
            result = FIREWALL_READ;
        }
        free(text);
        /* With nft the others list the same rules again. */
        if (i == 0 && result == FIREWALL_READ)
            break;
    }
    return result;
}

void firewall_free(struct firewall *firewall)
{
    free(firewall->ranges);
    *firewall = (struct firewall){0};
}

bool firewall_mentions(const struct firewall *firewall, enum firewall_protocol protocol,
                       unsigned int port)
{
    for (size_t i = 0; i < firewall->count; i++) {
        const struct firewall_range *r = &firewall->ranges[i];

        if ((r->protocols & protocol) && r->first <= port && port <= r->last)
            return true;
    }
    return false;
}

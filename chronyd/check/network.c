/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of addresses and interfaces against those of this machine.
 */
#include <string.h>
#include "base/number.h"
#include "chronyd/check/check.h"

static const struct check_interface *find_interface(const struct check *c, const char *name)
{
    for (size_t i = 0; i < c->around->interface_count; i++) {
        if (strcmp(c->around->interfaces[i].name, name) == 0)
            return &c->around->interfaces[i];
    }
    return NULL;
}

static bool is_own_address(const struct check *c, const struct ip_addr *addr)
{
    const struct ip_addr *own = c->around->addresses;

    for (size_t i = 0; i < c->around->address_count; i++) {
        struct ip_addr plain = own[i];

        plain.scope = addr->scope;
        if (ip_addr_equal(&plain, addr))
            return true;
    }
    return addr->family == IP_V4 && addr->u.v4[0] == 127;
}

/* The line that has set the address. */
static const struct check_line *find_bind(const struct check *c, const char *directive,
                                          const struct ip_addr *addr)
{
    const struct check_line *line = NULL, *next;

    for (size_t i = 0; (next = check_find_nth(c, directive, i)); i++) {
        const char *interface;
        struct ip_addr one;

        if (ip_addr_parse_scoped(next->args, &one, &interface) && one.family == addr->family)
            line = next;
    }
    return line;
}

static void check_bound_address(struct check *c, const char *directive, const struct ip_addr *addr,
                                const char *consequence)
{
    char text[ADDR_TEXT_SIZE];

    if (addr->family == IP_UNSPEC || ip_addr_is_any(addr) || ip_addr_is_loopback(addr) ||
        is_own_address(c, addr))
        return;
    check_warn(c, find_bind(c, directive, addr), directive,
               "%s is not an address of this machine now: %s",
               ip_addr_format(addr, text, sizeof(text)), consequence);
    check_fix(c, "write one of its addresses (ip address), or remove the line");
}

/* A source whose requests would come back to the socket of this daemon's own server. */
static void check_self(struct check *c, const struct check_source *source)
{
    const struct sockets_conf *sockets = &c->conf->sockets;
    struct ip_addr addr;

    if (c->line_count == 0 || source->conf->options.port != sockets->port ||
        !ip_addr_parse(source->conf->name, &addr) ||
        (!ip_addr_is_loopback(&addr) && !is_own_address(c, &addr)) ||
        !check_allows(&c->conf->server.access, addr.family))
        return;
    const struct ip_addr *bound = addr.family == IP_V4 ? &sockets->server.v4 : &sockets->server.v6;
    if (bound->family != IP_UNSPEC && !ip_addr_is_any(bound) && !ip_addr_equal(bound, &addr))
        return;
    check_error(c, &c->lines[source->line], NULL,
                "%s with port %u is this daemon itself, which cannot follow its own time",
                source->conf->name, sockets->port);
    check_fix(c, "remove the line; to serve the time of this clock write local stratum 10");
}

static void check_device(struct check *c, const char *directive, const char *name)
{
    if (!name || find_interface(c, name))
        return;
    check_error(c, check_find(c, directive), NULL, "there is no interface %s", name);
    check_fix(c, "write the name of an interface (ip link), or remove the line");
}

static void check_hwtimestamp(struct check *c, const struct hwtimestamp_conf *hw, size_t index)
{
    const struct check_line *line = check_find_nth(c, "hwtimestamp", index);
    const struct check_interface *interface = find_interface(c, hw->interface);

    if (!interface) {
        check_error(c, line, NULL, "there is no interface %s, so the daemon does not start",
                    hw->interface);
        check_fix(c, "write the name of an interface (ip link), or hwtimestamp *");
    } else if (interface->timestamps == TIMESTAMPS_NONE) {
        check_error(c, line, NULL,
                    "interface %s cannot timestamp in hardware, so the daemon does not start",
                    hw->interface);
        check_fix(c, "remove the line (ethtool -T %s tells what it can)", hw->interface);
    } else if (interface->timestamps == TIMESTAMPS_UNKNOWN) {
        check_note(c, line, NULL, "interface %s could not be asked for its timestamps",
                   hw->interface);
        check_fix(c, "look at ethtool -T %s as root", hw->interface);
    }
}

static void check_all_interfaces(struct check *c, size_t index)
{
    for (size_t i = 0; i < c->around->interface_count; i++) {
        if (c->around->interfaces[i].timestamps != TIMESTAMPS_NONE)
            return;
    }
    check_warn(c, check_find_nth(c, "hwtimestamp", index), NULL,
               "no interface of this machine can timestamp in hardware");
    check_fix(c, "remove the line (ethtool -T INTERFACE tells what one can)");
}

/* The metrics are served without access rules, over TCP as NTS-KE is. */
static void check_metrics(struct check *c)
{
    const struct ip_port *metrics = &c->conf->command.metrics;
    const struct check_line *line = check_find(c, "metricsaddress");
    char text[ADDR_TEXT_SIZE];

    if (!line || metrics->addr.family == IP_UNSPEC)
        return;
    ip_addr_format(&metrics->addr, text, sizeof(text));
    if (!ip_addr_is_any(&metrics->addr) && !is_own_address(c, &metrics->addr) &&
        !ip_addr_is_loopback(&metrics->addr)) {
        check_warn(c, line, NULL,
                   "%s is not an address of this machine now: the metrics cannot be served", text);
        check_fix(c, "write metricsaddress 127.0.0.1:9123, or one of its addresses (ip address)");
    } else if (!ip_addr_is_loopback(&metrics->addr)) {
        check_warn(c, line, NULL,
                   "everybody who can reach %s may read the metrics, as access rules do not apply",
                   ip_addr_is_any(&metrics->addr) ? "this machine" : text);
        check_fix(c,
                  "write metricsaddress 127.0.0.1:9123, or let the firewall allow port %u for "
                  "the collector only",
                  metrics->port);
    }
    if (check_uses_nts_server(c) && metrics->port == c->conf->nts_server.port) {
        check_error(c, line, NULL, "NTS-KE has port %u already", metrics->port);
        check_fix(c, "write metricsaddress 127.0.0.1:9123");
    }
}

void check_network(struct check *c)
{
    const struct sockets_conf *sockets = &c->conf->sockets;
    const struct command_conf *command = &c->conf->command;

    if (!c->around->knows_interfaces)
        return;
    const struct {
        const char *directive;
        const struct bind_conf *bind;
        const char *consequence;
    } bound[] = {
        {"bindaddress", &sockets->server, "no client is answered until it is"},
        {"bindacqaddress", &sockets->client, "no server can be asked until it is"},
        {"bindcmdaddress", &command->bind, "the control port cannot be opened"},
    };
    for (size_t i = 0; i < COUNT(bound); i++) {
        check_bound_address(c, bound[i].directive, &bound[i].bind->v4, bound[i].consequence);
        check_bound_address(c, bound[i].directive, &bound[i].bind->v6, bound[i].consequence);
    }
    for (size_t i = 0; i < c->source_count; i++)
        check_self(c, &c->sources[i]);
    check_metrics(c);
    check_device(c, "binddevice", sockets->server.device);
    check_device(c, "bindacqdevice", sockets->client.device);
    check_device(c, "bindcmddevice", command->bind.device);
    for (size_t i = 0; i < c->conf->nic_clocks.count; i++) {
        const struct hwtimestamp_conf *hw = &c->conf->nic_clocks.items[i];

        if (strcmp(hw->interface, "*") == 0)
            check_all_interfaces(c, i);
        else
            check_hwtimestamp(c, hw, i);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the NTP and NTS server, and of the control protocol: who can reach what.
 */
#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

#define AEAD_AES_SIV 15
#define AEAD_GCM_SIV 30

static bool serves(const struct check *c)
{
    return check_allows(&c->conf->server.access, IP_UNSPEC);
}

/* ---- NTS ---- */

static void check_nts_directory(struct check *c)
{
    const struct check_line *line = check_find(c, "ntsservercert");
    bool server = check_uses_nts_server(c);

    if (c->conf->nts_client.dump_dir || (!server && !check_uses_nts_client(c)) ||
        c->options->mode != MODE_NORMAL)
        return;
    for (size_t i = 0; !server && !line && i < c->source_count; i++) {
        if (c->sources[i].conf->options.nts)
            line = &c->lines[c->sources[i].line];
    }
    check_warn(c, line, NULL, "there is no ntsdumpdir: %s",
               server ? "after a restart no cookie is valid, and all clients need a new key "
                        "establishment"
                      : "each start needs new key establishments, and a server that is down then "
                        "cannot be used");
    check_fix(c, "write ntsdumpdir /var/lib/chrony");
}

static void check_aeads(struct check *c)
{
    const struct check_line *line = check_find(c, "ntsaeads");
    bool usable = false, has_siv = false;

    if (!line || (!check_uses_nts_server(c) && !check_uses_nts_client(c)))
        return;
    for (size_t i = 0; i < c->conf->nts_aeads.count; i++) {
        int id = c->conf->nts_aeads.ids[i];

        usable = usable || id == AEAD_AES_SIV || id == AEAD_GCM_SIV;
        has_siv = has_siv || id == AEAD_AES_SIV;
    }
    if (!usable) {
        check_error(c, line, NULL, "none of these algorithms is known, so NTS cannot work");
        check_fix(c, "write ntsaeads 30 15");
    } else if (!has_siv) {
        check_warn(
            c, line, NULL,
            "15 (AES-SIV-CMAC-256) is missing, the one that every other side has (RFC 8915)");
        check_fix(c, "write ntsaeads 30 15");
    }
}

static void check_nts_server(struct check *c)
{
    const struct nts_server_conf *nts = &c->conf->nts_server;
    const struct check_line *line = check_find(c, "ntsservercert");

    if (!check_uses_nts_server(c) || !line)
        return;
    if (!serves(c)) {
        check_warn(c, line, NULL, "no client is allowed, neither for NTS-KE nor for NTP");
        check_fix(c, "write allow, or allow NETWORK");
    }
    if (c->conf->sockets.port == 0 && !nts->ntp_server) {
        check_warn(c, line, NULL, "port is 0, so clients get keys and no time");
        check_fix(c, "remove port 0, or name the server of the time with ntsntpserver");
    }
    if (nts->port == 0) {
        check_error(c, check_find(c, "ntsport"), NULL, "clients cannot find port 0");
        check_fix(c, "remove the line, the port is 4460");
    }
    if (check_find(c, "ntsrotate") && nts->rotate > 0 && nts->rotate < 3600) {
        check_warn(c, check_find(c, "ntsrotate"), NULL,
                   "a cookie is good for two to three rotations only, here for less than %d s, "
                   "which is less than clients wait between requests",
                   3 * nts->rotate);
        check_fix(c, "write ntsrotate 604800 (a week), or remove the line");
    }
}

/* ---- NTP ---- */

static bool has_peers(const struct check *c)
{
    for (size_t i = 0; i < c->source_count; i++) {
        if (c->sources[i].conf->kind == SOURCE_PEER)
            return true;
    }
    return false;
}

static void check_local(struct check *c)
{
    const struct local_conf *local = &c->conf->reference.local;
    const struct check_line *line = check_find(c, "local");
    bool has_sources = c->source_count > 0 || c->conf->refclocks.count > 0;

    if (!local->enabled || !line)
        return;
    if (has_sources && !serves(c) && !has_peers(c) && c->conf->broadcasts.count == 0) {
        check_warn(c, line, NULL, "no client is allowed, so nobody gets the local time");
        check_fix(c, "write allow NETWORK, or remove the line");
    }
    if (has_sources && local->stratum < 5) {
        check_warn(c, line, NULL,
                   "with stratum %d clients take a clock that nobody corrects for a good one",
                   local->stratum);
        check_fix(c, "write local stratum 10, above the strata of real servers");
    }
    if (local->orphan && c->source_count == 0 && c->conf->client.source_dirs.count == 0) {
        check_warn(c, line, NULL, "orphan needs the other servers of the group as sources");
        check_fix(c, "write server NAME for each of them, or remove orphan");
    }
}

static void check_listening(struct check *c)
{
    const struct bind_conf *bind = &c->conf->sockets.server;
    const struct check_line *line = check_find(c, "bindaddress");

    if (c->conf->sockets.port == 323) {
        check_error(c, check_find(c, "port"), NULL,
                    "323 is the port of chronyc; clients send NTP requests to 123");
        check_fix(c, "remove the line");
    }
    if (!line || !serves(c) || c->conf->sockets.port == 0)
        return;
    bool v4 = check_allows(&c->conf->server.access, IP_V4);
    bool v6 = check_allows(&c->conf->server.access, IP_V6);
    if ((!v4 || ip_addr_is_loopback(&bind->v4)) && (!v6 || ip_addr_is_loopback(&bind->v6))) {
        check_warn(c, line, NULL, "requests are received from this machine only");
        check_fix(c, "remove the line, or write an address that clients can reach");
    }
}

void check_server(struct check *c)
{
    check_nts_directory(c);
    check_aeads(c);
    check_nts_server(c);
    check_local(c);
    check_listening(c);
}

/* ---- Control protocol ---- */

static bool listens_outside(const struct ip_addr *addr)
{
    return addr->family != IP_UNSPEC && !ip_addr_is_loopback(addr);
}

/* The configuration looks like that of a server: somebody expects clients. */
static bool looks_like_server(const struct check *c)
{
    static const char *const signs[] = {"local",         "ntsservercert", "ratelimit",
                                        "smoothtime",    "bindaddress",   "binddevice",
                                        "clientloglimit"};
    const struct conf_access_rules *access = &c->conf->command.access;

    for (size_t i = 0; i < COUNT(signs); i++) {
        if (check_find(c, signs[i]))
            return true;
    }
    for (size_t i = 0; i < access->count; i++) {
        const struct subnet *subnet = &access->rules[i].subnet;

        if (access->rules[i].allow && subnet->bits < (subnet->addr.family == IP_V6 ? 128 : 32))
            return true;
    }
    return false;
}

#define NTP_FIX                                                                                    \
    "for NTP write allow NETWORK, and open 123/udp (NTS: and 4460/tcp) in the firewall, not 323; "

static void check_command_reach(struct check *c)
{
    const struct command_conf *command = &c->conf->command;
    const struct check_line *allow = check_find(c, "cmdallow"),
                            *bind = check_find(c, "bindcmdaddress");
    bool outside = listens_outside(&command->bind.v4) || listens_outside(&command->bind.v6);
    bool allows = check_allows(&command->access, IP_UNSPEC);

    if (allows && !outside) {
        check_warn(c, allow, NULL,
                   "the control port listens on the loopback addresses only, so nobody else can "
                   "reach it");
        check_fix(c, "%sfor chronyc on other machines write bindcmdaddress ADDRESS",
                  serves(c) ? "" : NTP_FIX);
    } else if (outside && !allows) {
        check_warn(c, bind, NULL, "nobody but this machine may use the control port");
        check_fix(c, "write cmdallow ADDRESS, or remove bindcmdaddress");
    } else if (outside && !serves(c) && looks_like_server(c)) {
        check_warn(c, bind, NULL,
                   "this opens the control port %d, which chronyc uses, and no NTP client is "
                   "allowed",
                   command->port);
        check_fix(c, NTP_FIX "for chronyc alone it is right");
    }
    if (outside && allow && allow->args[strspn(allow->args, "al ")] == '\0') {
        check_warn(c, allow, NULL, "everybody may ask for reports, which help an attacker");
        check_fix(c, "write cmdallow NETWORK");
    }
}

static bool may_overlap(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->family == IP_UNSPEC || b->family == IP_UNSPEC || ip_addr_is_any(a) ||
           ip_addr_is_any(b) || ip_addr_equal(a, b);
}

void check_commands(struct check *c)
{
    const struct command_conf *command = &c->conf->command;
    const struct sockets_conf *sockets = &c->conf->sockets;
    const struct check_line *line = check_find(c, "cmdport");

    if (!c->around->has_cmdmon)
        return;
    if (command->port != 0)
        check_command_reach(c);
    if (!line || command->port == 0)
        return;
    if (command->port == sockets->port && serves(c) &&
        (may_overlap(&command->bind.v4, &sockets->server.v4) ||
         may_overlap(&command->bind.v6, &sockets->server.v6))) {
        check_error(c, line, NULL, "NTP has this port already");
        check_fix(c, "remove the line, the control port is 323");
    } else if (command->port == sockets->acquisition_port) {
        check_error(c, line, NULL, "acquisitionport is the same port");
        check_fix(c, "remove one of the lines");
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the way to the sources and from the clients, and of the packet filter. What is the
 * matter with each source is said by explain. See doctor.h.
 */
#include "chronyc/doctor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "chronyc/doctor_firewall.h"

#define SOURCES_MAX      10000
#define TIME_FOR_ANSWERS 60.0 /* s from the start of the daemon, after which one should be there */
#define NTP_PORT         123
#define ROUTE_REJECTS    0x200U /* flag of a route, see route(8) */
#define TIME_FOR_CLIENTS 3600.0 /* s, after which one should have asked */

/* ---- Sources ---- */

struct source_counts {
    uint32_t ntp;       /* servers and peers */
    uint32_t answering; /* of them, within the last eight polls */
};

static bool count_sources(struct doctor *d, struct source_counts *counts)
{
    union cmd_reply_body body;

    *counts = (struct source_counts){0};
    if (!doctor_ask(d, CMD_SOURCE_COUNT, 0, &body, NULL))
        return false;
    uint32_t sources = body.source_count < SOURCES_MAX ? body.source_count : SOURCES_MAX;
    for (uint32_t i = 0; i < sources; i++) {
        if (!doctor_ask(d, CMD_SOURCE_DATA, (int32_t)i, &body, NULL))
            return false;
        if (body.source.mode == REPORT_REFCLOCK)
            continue;
        counts->ntp++;
        counts->answering += body.source.reachability != 0;
    }
    return true;
}

/* "Iface Destination Gateway Flags ...", numbers in hexadecimal. */
static bool is_default_v4(const char *line)
{
    unsigned int destination;

    return sscanf(line, " %*s %x", &destination) == 1 && destination == 0;
}

/* "Destination Length Source Length Gateway Metric References Uses Flags Iface"; the kernel has one
   of its own, which rejects. */
static bool is_default_v6(const char *line)
{
    char destination[33];
    unsigned int length, flags;

    return sscanf(line, " %32[0-9a-f] %x %*s %*s %*s %*s %*s %*s %x", destination, &length,
                  &flags) == 3 &&
           length == 0 && strspn(destination, "0") == 32 && !(flags & ROUTE_REJECTS);
}

/* Whether a line of a table says so; true also if there is no such table. */
static bool any_line(const struct doctor *d, const char *path, bool (*is_default)(const char *line))
{
    char *text = machine_text(d->machine, path, NULL);
    bool found = !text;

    for (const char *line = text; line && !found;) {
        found = is_default(line);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    free(text);
    return found;
}

static bool has_default_route(const struct doctor *d)
{
    return any_line(d, "/proc/net/route", is_default_v4) ||
           (machine_exists(d->machine, "/proc/net/ipv6_route") &&
            any_line(d, "/proc/net/ipv6_route", is_default_v6));
}

static void check_answers(struct doctor *d, const struct source_counts *counts)
{
    if (counts->ntp == 0 || counts->answering > 0)
        return;
    if (d->daemon_age >= 0.0 && d->daemon_age < TIME_FOR_ANSWERS)
        doctor_add(d, DIAGNOSIS_NOTE, "no_answer_yet", "try again after a minute",
                   "No NTP source has answered so far (%" PRIu32
                   " configured); chronyd was started "
                   "%s ago",
                   counts->ntp, doctor_span(d->daemon_age).s);
    else if (doctor_shares_network(d) && !has_default_route(d))
        doctor_add(d, DIAGNOSIS_ERROR, "no_route",
                   "ip route shows the routes; the network may not be up yet",
                   "No NTP source answers (%" PRIu32
                   " configured), and this machine has no default "
                   "route",
                   counts->ntp);
    else
        doctor_add(d, DIAGNOSIS_ERROR, "no_source_answers",
                   "let UDP packets to port 123 out and their answers in, on this machine and on "
                   "the way; chronyc explain says what is tried for each source",
                   "No NTP source answers (%" PRIu32 " configured): probably a firewall, or the "
                   "network is down",
                   counts->ntp);
    doctor_value(d, "sources", counts->ntp);
}

/* False: no source is asked, so none can answer. */
static bool check_activity(struct doctor *d)
{
    union cmd_reply_body body;

    if (!doctor_ask(d, CMD_ACTIVITY, 0, &body, NULL))
        return true;
    if (body.activity.unresolved > 0) {
        doctor_add(d, DIAGNOSIS_WARNING, "unresolved",
                   "chronyc explain names them; getent hosts NAME asks the same resolver",
                   "%d names of sources have no address so far", body.activity.unresolved);
        doctor_value(d, "names", body.activity.unresolved);
    }
    if (body.activity.online > 0 || body.activity.burst_online > 0 ||
        body.activity.burst_offline > 0)
        return true;
    if (body.activity.offline > 0)
        doctor_add(
            d, DIAGNOSIS_WARNING, "all_offline",
            "chronyc online, or chronyc onoffline after the network came up",
            "All sources are offline, so none is asked: by command, by the option offline, or "
            "because the network was away");
    return false;
}

void doctor_check_network(struct doctor *d)
{
    struct source_counts counts;

    if (d->contact == CONTACT_NONE)
        return;
    if (!check_activity(d) || !count_sources(d, &counts))
        return;
    check_answers(d, &counts);
    if (counts.answering > 0 && d->has_tracking && !doctor_is_synchronised(d))
        doctor_add(d, DIAGNOSIS_NOTE, "not_synchronised", "chronyc explain says why",
                   "The clock is not synchronised, although sources answer");
    if (counts.answering > 0)
        doctor_ok(d, "%" PRIu32 " of %" PRIu32 " NTP sources answer", counts.answering, counts.ntp);
}

/* ---- Clients and the packet filter ---- */

/* The guides of some systems open the port of chronyc's commands in place of that of NTP. */
static void check_port_open(struct doctor *d, const struct firewall *f)
{
    uint16_t port = d->around.ntp_port;
    char fix[256];

    if (firewall_mentions(f, FIREWALL_UDP, port) || f->opaque)
        return;
    if (port == NTP_PORT)
        snprintf(fix, sizeof(fix),
                 "firewall-cmd --permanent --add-service=ntp; firewall-cmd --reload; or the like");
    else
        snprintf(fix, sizeof(fix), "let UDP port %u in", port);
    if (d->around.cmd_port > 0 && firewall_mentions(f, FIREWALL_UDP, d->around.cmd_port))
        doctor_add(
            d, DIAGNOSIS_WARNING, "command_port_open", fix,
            "The firewall lets in UDP port %u, which is for commands of chronyc and not needed "
            "by clients, but not port %u, where chronyd serves NTP",
            d->around.cmd_port, port);
    else if (f->drops)
        doctor_add(d, DIAGNOSIS_WARNING, "ntp_port_closed", fix,
                   "chronyd serves NTP on UDP port %u, but the firewall seems not to let it in",
                   port);
    else
        return;
    doctor_value(d, "port", port);
}

static void check_nts_port_open(struct doctor *d, const struct firewall *f)
{
    char fix[256];

    if (d->around.nts_port == 0 || f->opaque || !f->drops ||
        firewall_mentions(f, FIREWALL_TCP, d->around.nts_port))
        return;
    snprintf(fix, sizeof(fix),
             "firewall-cmd --permanent --add-port=%u/tcp; firewall-cmd --reload; or the like",
             d->around.nts_port);
    doctor_add(d, DIAGNOSIS_WARNING, "nts_port_closed", fix,
               "chronyd is an NTS server, but the firewall seems not to let in TCP port %u, where "
               "clients get their keys",
               d->around.nts_port);
    doctor_value(d, "port", d->around.nts_port);
}

static void check_requests(struct doctor *d)
{
    union cmd_reply_body body;

    if (d->daemon_age < TIME_FOR_CLIENTS || !doctor_ask(d, CMD_SERVERSTATS, 0, &body, NULL) ||
        body.serverstats.ntp_hits > 0)
        return;
    doctor_add(
        d, DIAGNOSIS_NOTE, "no_requests",
        "ask it from a client: chronyd -Q 'server NAME iburst'; look at firewalls on the way",
        "chronyd serves NTP, but no client has asked since it was started %s ago",
        doctor_span(d->daemon_age).s);
}

void doctor_check_firewall(struct doctor *d)
{
    struct firewall firewall;

    if (!doctor_knows_settings(d) || !(d->around.flags & REPORT_SERVES_TIME))
        return;
    check_requests(d);
    if (!doctor_shares_network(d))
        return;
    switch (firewall_read(d->machine, &firewall)) {
    case FIREWALL_NONE:
        return;
    case FIREWALL_HIDDEN:
        doctor_add(d, DIAGNOSIS_UNKNOWN, "hidden", "sudo chronyc doctor",
                   "Only root can see the rules of the firewall");
        return;
    case FIREWALL_READ:
        break;
    }
    check_port_open(d, &firewall);
    check_nts_port_open(d, &firewall);
    doctor_ok(d, "no rule that is known keeps clients away");
    firewall_free(&firewall);
}

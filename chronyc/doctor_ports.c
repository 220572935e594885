/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check of the ports that the configuration needs: each is to be held by the daemon if that runs,
 * and free if it does not. See doctor.h.
 */
#include "chronyc/doctor.h"

#include <string.h>

#include "base/number.h"

#define FIX_SIZE 512

struct needed_port {
    const char *what;      /* for people */
    const char *directive; /* that another port can be given with */
    uint16_t port;         /* 0: not needed */
    bool tcp;
    enum diagnosis_severity severity; /* when it is not there */
};

static const struct process *find(const struct doctor *d, int pid)
{
    for (size_t i = 0; i < d->processes.count; i++)
        if (d->processes.items[i].pid == pid)
            return &d->processes.items[i];
    return NULL;
}

static bool is_ours(const struct doctor *d, const struct machine_socket *socket)
{
    const struct process *p = find(d, socket->pid);

    return d->has_daemon && p && (p->pid == d->daemon.pid || p->parent == d->daemon.pid);
}

static const char *protocol(const struct needed_port *need)
{
    return need->tcp ? "TCP" : "UDP";
}

static void tell_held(struct doctor *d, const struct needed_port *need,
                      enum diagnosis_severity severity, const struct machine_socket *socket)
{
    const struct process *p = find(d, socket->pid);
    char fix[FIX_SIZE], holder[64] = "another process";

    if (p)
        snprintf(holder, sizeof(holder), "%s (process %d)", p->name, p->pid);
    snprintf(fix, sizeof(fix),
             "stop %s, give chronyd another port (%s), or each an address of its own "
             "(bind directives)%s",
             p ? p->name : "it", need->directive, p ? "" : "; as root doctor says which one it is");
    doctor_add(d, severity, "port_taken", fix, "%s port %u (%s) is held by %s", protocol(need),
               need->port, need->what, holder);
    doctor_value(d, "port", need->port);
    if (p)
        doctor_value(d, "pid", p->pid);
}

static void tell_missing(struct doctor *d, const struct needed_port *need)
{
    char fix[FIX_SIZE];

    snprintf(
        fix, sizeof(fix),
        "look for `Could not` in the log of chronyd; a bind directive may name an address that "
        "this machine does not have, or the port needs a right");
    doctor_add(d, need->severity, "port_closed", fix,
               "chronyd should listen on %s port %u (%s), but nothing does", protocol(need),
               need->port, need->what);
    doctor_value(d, "port", need->port);
}

/* Who holds a port is judged only where it can be seen. */
static void check_port(struct doctor *d, const struct needed_port *need,
                       const struct machine_sockets *sockets)
{
    const struct machine_socket *other = NULL, *unknown = NULL;
    bool ours = false;

    for (size_t i = 0; i < sockets->count; i++) {
        const struct machine_socket *s = &sockets->items[i];

        if (s->port != need->port || s->tcp != need->tcp)
            continue;
        if (is_ours(d, s))
            ours = true;
        else if (s->pid > 0)
            other = s;
        else
            unknown = s;
    }
    bool running = d->has_daemon || d->contact != CONTACT_NONE;
    if (other) /* on one of several addresses if it is ours, too */
        tell_held(d, need, ours ? DIAGNOSIS_WARNING : need->severity, other);
    else if (unknown && !running)
        tell_held(d, need, need->severity, unknown);
    else if (unknown && !ours && sockets->hidden)
        doctor_add(d, DIAGNOSIS_UNKNOWN, "holder_hidden", "sudo chronyc doctor",
                   "%s port %u (%s) is in use, but only root can see by whom", protocol(need),
                   need->port, need->what);
    else if (!ours && !unknown && running)
        tell_missing(d, need);
}

void doctor_check_ports(struct doctor *d)
{
    bool serves = (d->around.flags & REPORT_SERVES_TIME) != 0;
    const struct needed_port needs[] = {
        {"NTP server", "port", serves ? d->around.ntp_port : 0, false, DIAGNOSIS_ERROR},
        {"NTS key establishment", "ntsport", d->around.nts_port, true, DIAGNOSIS_ERROR},
        {"commands", "cmdport", d->around.cmd_port, false, DIAGNOSIS_WARNING},
    };
    uint16_t ports[COUNT(needs)];
    size_t count = 0;

    if (!doctor_knows_settings(d))
        return;
    for (size_t i = 0; i < COUNT(needs); i++)
        if (needs[i].port > 0)
            ports[count++] = needs[i].port;
    if (count == 0) {
        doctor_ok(d, "the configuration needs none");
        return;
    }
    if (d->contact != CONTACT_NONE && !d->has_daemon)
        return; /* its network may be another one */
    struct machine_sockets sockets =
        sockets_read(d->machine, d->daemon.pid, ports, count, &d->processes);
    if (sockets.unknown)
        doctor_add(d, DIAGNOSIS_UNKNOWN, "no_proc_net", NULL,
                   "The sockets of the machine cannot be seen: /proc/net cannot be read");
    for (size_t i = 0; i < COUNT(needs) && !sockets.unknown; i++)
        if (needs[i].port > 0)
            check_port(d, &needs[i], &sockets);
    if (!sockets.unknown)
        doctor_ok(d, "%zu needed, %s", count,
                  d->has_daemon ? "none is in other hands" : "none is taken");
    sockets_free(&sockets);
}

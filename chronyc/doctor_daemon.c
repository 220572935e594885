/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the daemon itself: does it answer, and if not, why; what may it do; is it alone. See
 * doctor.h.
 */
#include "chronyc/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define FIX_SIZE  512
#define UNIT_SIZE 128

/* ---- Contact ---- */

/* Who may use the socket: the owner of its directory, and its group if that may write there. */
static void tell_who_may(struct doctor *d, enum diagnosis_severity severity, const char *path)
{
    char *directory = file_directory(path), fix[FIX_SIZE];
    struct stat st;
    bool known = machine_stat(d->machine, directory, &st);

    if (known && (st.st_mode & 0030) == 0030)
        snprintf(fix, sizeof(fix),
                 "sudo chronyc doctor, or make the user a member of the group that %s belongs to",
                 directory);
    else
        snprintf(fix, sizeof(fix), "sudo chronyc doctor");
    doctor_add(d, severity, "socket_permission", fix,
               "This user is not allowed to use the command socket %s, so the daemon can be asked "
               "for less, or for nothing",
               path);
    doctor_value_text(d, "path", path);
    free(directory);
}

/* A daemon that answers, but not all of the questions. */
static void tell_of_open_contact(struct doctor *d)
{
    const char *path = doctor_socket(d);
    int error = machine_try_socket(d->machine, path);

    if (d->over_unix)
        doctor_add(d, DIAGNOSIS_UNKNOWN, "old_daemon",
                   "install chronyd and chronyc of the same version",
                   "The daemon does not know the question for its surroundings: it is of another "
                   "version than this chronyc. What it needs is taken from its configuration file");
    else if (error == ENOENT || error == ECONNREFUSED)
        doctor_add(
            d, DIAGNOSIS_WARNING, "no_socket",
            "see the log of chronyd, which makes no socket in a directory of another owner or "
            "mode; or bindcmdaddress names another path (give it to chronyc with -h), or / for "
            "none",
            "The daemon answers over UDP only: nothing listens on the command socket %s", path);
    else
        tell_who_may(d, DIAGNOSIS_UNKNOWN, path);
}

/* Whether this user may use the socket, as far as that can be seen. */
static bool may_use(const struct doctor *d, const char *path)
{
    int error = machine_try_socket(d->machine, path);
    char *directory = file_directory(path);
    bool may = error != EACCES && error != EPERM &&
               (error != 0 || machine_may_write(d->machine, directory));

    free(directory);
    return may;
}

static void tell_start(struct doctor *d, const char *code, const char *text)
{
    char unit[UNIT_SIZE], fix[FIX_SIZE];

    if (doctor_unit(d, unit, sizeof(unit))[0] != '\0')
        snprintf(fix, sizeof(fix),
                 "systemctl start %s; if it does not stay up, journalctl -u %s says why", unit,
                 unit);
    else
        snprintf(fix, sizeof(fix),
                 "start chronyd as root; if it does not stay up, chronyd -d says why");
    doctor_add(d, DIAGNOSIS_ERROR, code, fix, "%s", text);
}

static void tell_not_running(struct doctor *d)
{
    const char *path = doctor_socket(d);

    if (!may_use(d, path))
        tell_who_may(d, DIAGNOSIS_WARNING, path);
    else if (d->processes.unknown)
        tell_start(d, "no_answer",
                   "chronyd does not answer, and whether it runs cannot be seen without /proc");
    else if (machine_try_socket(d->machine, path) == 0)
        doctor_add(d, DIAGNOSIS_ERROR, "hangs", "see what it does, as root: chronyc doctor",
                   "Something listens on %s but does not answer", path);
    else if (d->daemons > 0)
        doctor_add(
            d, DIAGNOSIS_ERROR, "other_socket",
            "find bindcmdaddress in their configurations and give the path to chronyc with -h",
            "%zu processes of chronyd run, but none of them listens on the command socket %s",
            d->daemons, path);
    else if (machine_try_socket(d->machine, path) == ECONNREFUSED)
        tell_start(d, "not_running",
                   "chronyd does not run. It has left its command socket behind, so it was killed "
                   "or has crashed");
    else
        tell_start(d, "not_running", "chronyd does not run");
}

static void tell_hanging(struct doctor *d, const char *path)
{
    const struct process *p = &d->daemon;
    char fix[FIX_SIZE];

    if (p->state == 'T' || p->state == 't') {
        snprintf(fix, sizeof(fix), "kill -CONT %d", p->pid);
        doctor_add(d, DIAGNOSIS_ERROR, "stopped", fix,
                   "chronyd (process %d) is stopped, by a signal or a debugger, so it does not "
                   "keep the time",
                   p->pid);
    } else if (p->state == 'D') {
        doctor_add(d, DIAGNOSIS_ERROR, "waits_for_disk",
                   "look at the disks and network file systems that its files are on (dmesg)",
                   "chronyd (process %d) does not answer on %s: it waits for a disk", p->pid, path);
    } else {
        snprintf(fix, sizeof(fix),
                 "try again; if it stays so, restart chronyd and report what it did before");
        doctor_add(d, DIAGNOSIS_ERROR, "hangs", fix,
                   "chronyd (process %d) runs but does not answer on %s", p->pid, path);
    }
    doctor_value(d, "pid", p->pid);
}

/* A process is there, and there is no answer. */
static void tell_no_answer(struct doctor *d)
{
    const char *path = doctor_socket(d);
    int error = machine_try_socket(d->machine, path);

    if (d->daemon.state == 'T' || d->daemon.state == 't') {
        tell_hanging(d, path);
    } else if (!may_use(d, path)) {
        tell_who_may(d, DIAGNOSIS_WARNING, path);
    } else if (error == 0) {
        tell_hanging(d, path);
    } else {
        doctor_add(
            d, DIAGNOSIS_ERROR, "other_socket",
            "find bindcmdaddress in its configuration and give the path to chronyc with -h; if "
            "it was started a moment ago, wait for it",
            "chronyd (process %d) runs, but nothing listens on the command socket %s (%s)",
            d->daemon.pid, path, text_errno(error));
        doctor_value_text(d, "path", path);
    }
}

void doctor_check_contact(struct doctor *d)
{
    if (d->contact == CONTACT_OPEN)
        tell_of_open_contact(d);
    else if (d->contact == CONTACT_NONE && d->has_daemon)
        tell_no_answer(d);
    else if (d->contact == CONTACT_NONE)
        tell_not_running(d);
    if (d->contact == CONTACT_NONE)
        return;
    if (d->over_unix)
        doctor_ok(d, "it answers on %s", d->endpoint->path);
    else
        doctor_ok(d, "it answers on UDP port %u", d->endpoint->addr.port);
}

/* ---- Process ---- */

static bool in_container(const struct doctor *d)
{
    char text[256];

    if (machine_exists(d->machine, "/.dockerenv") ||
        machine_exists(d->machine, "/run/.containerenv"))
        return true;
    return machine_read(d->machine, "/run/systemd/container", text, sizeof(text)) &&
           text[0] != '\0';
}

static void tell_no_right(struct doctor *d, enum diagnosis_severity severity, const char *begin)
{
    if (in_container(d))
        doctor_add(d, severity, "no_cap_sys_time",
                   "run chronyd on the host, whose clock all containers share, or start the "
                   "container with --cap-add SYS_TIME",
                   "%s: this container does not have the capability CAP_SYS_TIME", begin);
    else
        doctor_add(d, severity, "no_cap_sys_time",
                   "start chronyd as root, in a unit whose CapabilityBoundingSet has CAP_SYS_TIME "
                   "and with ProtectClock off",
                   "%s: its process does not have the capability CAP_SYS_TIME", begin);
}

static bool controls_clock(const struct doctor *d)
{
    return d->contact == CONTACT_FULL ? (d->around.flags & REPORT_CONTROLS_CLOCK) != 0
                                      : !process_has_word(d->machine, d->daemon.pid, "-x");
}

/* The guard of the clock is a child of the fork server, which is one of the daemon. */
static bool is_guard_of(const struct doctor *d, const struct process *guard, int pid)
{
    if (strcmp(guard->name, "chronyd-guard") != 0 || !(guard->capabilities & PROCESS_MAY_SET_CLOCK))
        return false;
    for (size_t i = 0; i < d->processes.count; i++)
        if (d->processes.items[i].pid == guard->parent)
            return d->processes.items[i].parent == pid;
    return false;
}

/* By itself, or by its guard. */
static bool may_set_clock(const struct doctor *d, const struct process *daemon)
{
    if (daemon->capabilities & PROCESS_MAY_SET_CLOCK)
        return true;
    for (size_t i = 0; i < d->processes.count; i++)
        if (is_guard_of(d, &d->processes.items[i], daemon->pid))
            return true;
    return false;
}

/* Whether the daemon could get the right where it runs. It may have emptied its set itself; that of
   the first process is the container's then. */
static bool could_set_clock(const struct doctor *d)
{
    uint64_t bounding = d->daemon.bounding;
    struct process first;

    if (bounding == 0 && process_read(d->machine, 1, &first))
        bounding = first.bounding;
    return (bounding & PROCESS_MAY_SET_CLOCK) != 0;
}

/* -x, and whether it was for want of the right. */
static void check_right(struct doctor *d)
{
    bool controls = controls_clock(d);
    bool may = may_set_clock(d, &d->daemon);

    if (controls && !may)
        tell_no_right(d, DIAGNOSIS_ERROR, "chronyd cannot set the clock");
    else if (!controls && !could_set_clock(d))
        tell_no_right(d, DIAGNOSIS_NOTE,
                      "chronyd was started with -x and leaves the clock alone, which is right");
    else if (!controls)
        doctor_add(d, DIAGNOSIS_NOTE, "clock_not_controlled",
                   "if it should control the clock, start it without -x",
                   "chronyd was started with -x: it measures, but it does not correct the clock");
}

/* Helpers are children, and some have their parent's name. */
static bool is_own_helper(const struct doctor *d, const struct process *p)
{
    return d->has_daemon && (p->pid == d->daemon.pid || p->parent == d->daemon.pid);
}

static void check_second(struct doctor *d)
{
    char fix[FIX_SIZE];

    for (size_t i = 0; i < d->processes.count; i++) {
        const struct process *p = &d->processes.items[i];

        if (strcmp(p->name, "chronyd") != 0 || is_own_helper(d, p) || !may_set_clock(d, p) ||
            process_has_word(d->machine, p->pid, "-x"))
            continue;
        snprintf(
            fix, sizeof(fix),
            "find out who has started it (ps -o pid,ppid,args -p %d), perhaps a container, and "
            "stop one of them or start it with -x",
            p->pid);
        if (controls_clock(d))
            doctor_add(d, DIAGNOSIS_ERROR, "second_daemon", fix,
                       "A second chronyd runs (process %d) that may set the clock: they work "
                       "against each other",
                       p->pid);
        else
            doctor_add(d, DIAGNOSIS_NOTE, "second_daemon", NULL,
                       "A second chronyd runs (process %d), which may set the clock", p->pid);
        doctor_value(d, "pid", p->pid);
    }
}

static void check_filter(struct doctor *d)
{
    if (d->contact != CONTACT_FULL || d->daemon.seccomp < 0)
        return;
    if (d->around.filter_level != 0 && d->daemon.seccomp == 0)
        doctor_add(d, DIAGNOSIS_WARNING, "filter_missing", "restart chronyd",
                   "chronyd was started with -F %d, but no system call filter is active",
                   d->around.filter_level);
    else if (d->around.filter_level == 0 && d->daemon.seccomp == 0)
        doctor_add(d, DIAGNOSIS_NOTE, "no_filter",
                   "start chronyd with -F 1, unless mailonchange is used",
                   "chronyd has no system call filter, which would limit what an attacker can do "
                   "with it");
}

static void tell_no_process(struct doctor *d)
{
    if (d->contact == CONTACT_NONE)
        return;
    if (d->daemons > 1)
        doctor_add(d, DIAGNOSIS_UNKNOWN, "no_process", "sudo chronyc doctor",
                   "%zu daemons run, and which of them answers cannot be seen, nor its rights and "
                   "ports",
                   d->daemons);
    else
        doctor_add(d, DIAGNOSIS_UNKNOWN, "no_process", NULL,
                   "The process of the daemon is not in /proc: it runs in a container, or other "
                   "users' processes are hidden. Its rights and ports cannot be seen");
}

void doctor_check_process(struct doctor *d)
{
    if (!d->has_daemon) {
        tell_no_process(d);
        return;
    }
    check_right(d);
    check_second(d);
    check_filter(d);
    doctor_ok(d, "process %d, user ID %u%s%s", d->daemon.pid, d->daemon.uid,
              may_set_clock(d, &d->daemon) ? ", may set the clock" : "",
              d->daemon.seccomp > 0 ? ", with a system call filter" : "");
}

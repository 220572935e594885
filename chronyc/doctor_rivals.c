/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks for other programs that set the clock, and for what systemd will start at the next boot.
 * See doctor.h.
 */
#include "chronyc/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define FIX_SIZE  512
#define UNIT_SIZE 128
#define PATH_SIZE 512

enum rival_kind {
    RIVAL_CLOCK, /* sets the clock whenever it has the right */
    RIVAL_MAYBE, /* sets it if it is told to */
};

/* Names as the kernel cuts them. */
static const struct rival {
    const char *name;
    enum rival_kind kind;
    const char *what;
    const char *fix; /* what ends it, or how to see whether it sets the clock */
} rivals[] = {
    {"ntpd", RIVAL_CLOCK, "ntpd (of NTPsec, ntp.org, OpenNTPD or busybox)",
     "systemctl disable --now ntpd ntpsec ntp openntpd (the one that exists)"},
    {"systemd-timesyn", RIVAL_CLOCK, "systemd-timesyncd",
     "systemctl disable --now systemd-timesyncd"},
    {"ntp-daemon", RIVAL_CLOCK, "ntp-daemon (of ntpd-rs)", "systemctl disable --now ntpd-rs"},
    {"ntpdate", RIVAL_CLOCK, "ntpdate", "remove it from cron and start scripts"},
    {"htpdate", RIVAL_CLOCK, "htpdate", "systemctl disable --now htpdate"},
    {"tlsdated", RIVAL_CLOCK, "tlsdated", "systemctl disable --now tlsdated"},
    {"clockspeed", RIVAL_CLOCK, "clockspeed", "stop it"},
    {"phc2sys", RIVAL_MAYBE, "phc2sys (of linuxptp)",
     "see its option -c: with CLOCK_REALTIME, the default, it sets the clock. Let chronyd do that, "
     "with refclock PHC, and stop phc2sys"},
    {"ptp4l", RIVAL_MAYBE, "ptp4l (of linuxptp)",
     "see its configuration: with software time stamping it sets the clock itself. With "
     "free_running or hardware time stamping it does not"},
    {"connmand", RIVAL_MAYBE, "connmand",
     "see TimeUpdates in its settings: manual leaves the clock alone"},
    {"VBoxService", RIVAL_MAYBE, "VBoxService (of VirtualBox)",
     "start it with --disable-timesync, so that only chronyd sets the clock"},
    {"vmtoolsd", RIVAL_MAYBE, "vmtoolsd (of VMware)",
     "vmware-toolbox-cmd timesync status; if that says Enabled: vmware-toolbox-cmd timesync "
     "disable"},
};

/* ---- Running programs ---- */

/* The clock of a time synchronisation that VMware's tools do is switched by a program of theirs. */
static bool leaves_clock_alone(const struct doctor *d, const struct rival *rival)
{
    static const char *const status[] = {"vmware-toolbox-cmd", "timesync", "status", NULL};

    if (strcmp(rival->name, "vmtoolsd") != 0)
        return false;
    char *text = machine_run(d->machine, status, NULL);
    bool disabled = text && strncmp(text, "Disabled", 8) == 0;
    free(text);
    return disabled;
}

/* Daemons have children of their own name, some of which have given up their rights. */
static bool is_child_of_same(const struct doctor *d, const struct process *p)
{
    for (size_t i = 0; i < d->processes.count; i++)
        if (d->processes.items[i].pid == p->parent)
            return strcmp(d->processes.items[i].name, p->name) == 0;
    return false;
}

/* Returns whether it may set the clock. */
static bool tell_rival(struct doctor *d, const struct process *p, const struct rival *rival)
{
    enum diagnosis_severity severity = DIAGNOSIS_NOTE;

    if (!(p->capabilities & PROCESS_MAY_SET_CLOCK)) {
        /* It answers clients at most. */
        doctor_add(d, DIAGNOSIS_NOTE, "harmless_daemon", NULL,
                   "%s runs (process %d), but it has no right to set the clock", rival->what,
                   p->pid);
        return false;
    }
    if (rival->kind == RIVAL_CLOCK)
        severity = d->contact != CONTACT_NONE && !(d->around.flags & REPORT_CONTROLS_CLOCK)
                       ? DIAGNOSIS_NOTE
                       : DIAGNOSIS_ERROR;
    else if (strcmp(rival->name, "phc2sys") == 0)
        severity = DIAGNOSIS_WARNING;
    doctor_add(d, severity, rival->kind == RIVAL_CLOCK ? "other_daemon" : "possible_other",
               rival->fix,
               rival->kind == RIVAL_CLOCK
                   ? "%s runs (process %d) and may set the clock: two programs work against each "
                     "other"
                   : "%s runs (process %d): depending on its settings it sets the clock, too",
               rival->what, p->pid);
    doctor_value_text(d, "name", p->name);
    doctor_value(d, "pid", p->pid);
    return true;
}

void doctor_check_rivals(struct doctor *d)
{
    bool found = false;

    if (d->processes.unknown) {
        doctor_add(d, DIAGNOSIS_UNKNOWN, "no_proc", NULL,
                   "Other programs cannot be seen: /proc cannot be read");
        return;
    }
    for (size_t i = 0; i < d->processes.count; i++)
        for (size_t j = 0; j < COUNT(rivals); j++)
            if (strcmp(d->processes.items[i].name, rivals[j].name) == 0 &&
                !is_child_of_same(d, &d->processes.items[i]) && !leaves_clock_alone(d, &rivals[j]))
                found = tell_rival(d, &d->processes.items[i], &rivals[j]) || found;
    if (machine_exists(d->machine, "/sys/bus/vmbus/drivers/hv_utils") && d->contact == CONTACT_FULL)
        doctor_add(d, DIAGNOSIS_NOTE, "hyperv",
                   "switch time synchronisation off in the integration services of this machine, "
                   "or use its clock: refclock PHC /dev/ptp_hyperv",
                   "Hyper-V can set the clock of this virtual machine after it was paused");
    if (!found)
        doctor_ok(d, "none of those that are known to set the clock is in the way");
}

/* ---- systemd ---- */

/* Whether a unit is started with the system, by the links that systemctl enable makes. */
static bool is_enabled(const struct doctor *d, const char *unit)
{
    static const char *const targets[] = {"multi-user.target.wants", "sysinit.target.wants",
                                          "basic.target.wants",      "time-sync.target.wants",
                                          "graphical.target.wants",  "default.target.wants"};
    static const char *const directories[] = {"/etc/systemd/system", "/usr/lib/systemd/system",
                                              "/lib/systemd/system"};
    char path[PATH_SIZE], target[PATH_SIZE];

    for (size_t i = 0; i < COUNT(directories); i++)
        for (size_t j = 0; j < COUNT(targets); j++) {
            snprintf(path, sizeof(path), "%s/%s/%s", directories[i], targets[j], unit);
            /* A link counts also if what it names is not below the root of a test. */
            if (machine_link(d->machine, path, target, sizeof(target)) ||
                machine_exists(d->machine, path))
                return true;
        }
    return false;
}

static void check_enabled(struct doctor *d, const char *unit)
{
    char fix[FIX_SIZE];

    snprintf(fix, sizeof(fix), "systemctl enable %s", unit);
    if (!is_enabled(d, unit))
        doctor_add(d, DIAGNOSIS_NOTE, "not_enabled", fix,
                   "%s is not enabled, so chronyd may not be started with the system", unit);
}

static void check_timesyncd(struct doctor *d, const char *unit)
{
    char fix[FIX_SIZE];

    if (!is_enabled(d, "systemd-timesyncd.service"))
        return;
    snprintf(fix, sizeof(fix), "systemctl disable systemd-timesyncd; systemctl enable %s",
             unit[0] != '\0' ? unit : "the unit of chronyd");
    doctor_add(d, DIAGNOSIS_WARNING, "timesyncd_enabled", fix,
               "systemd-timesyncd is enabled as well: after the next start of the system it may "
               "run in place of chronyd");
}

/* The value of "KEY=" in a line of timedatectl. */
static bool says(const char *text, const char *line)
{
    const char *found = strstr(text, line);

    return found && (found == text || found[-1] == '\n') &&
           (found[strlen(line)] == '\n' || found[strlen(line)] == '\0');
}

static void check_timedatectl(struct doctor *d)
{
    static const char *const show[] = {"timedatectl", "show", NULL};
    int status = 0;
    char *text = machine_run(d->machine, show, &status);

    if (!text || status != 0) {
        free(text);
        return; /* not installed, or without its bus */
    }
    if (says(text, "NTP=no") && d->has_daemon)
        doctor_add(
            d, DIAGNOSIS_NOTE, "timedatectl_no_ntp",
            "timedatectl set-ntp true enables the first unit of "
            "/usr/lib/systemd/ntp-units.d; see that it is that of chronyd",
            "timedatectl says that no NTP service is enabled, although chronyd runs: desktop "
            "settings show the same");
    if (says(text, "NTPSynchronized=no") && doctor_is_synchronised(d) &&
        (d->around.flags & REPORT_CONTROLS_CLOCK) && !(d->around.flags & REPORT_RTC_SYNC))
        doctor_add(
            d, DIAGNOSIS_NOTE, "timedatectl_not_synchronised",
            "add rtcsync to the configuration and restart chronyd",
            "timedatectl says that the clock is not synchronised: the kernel is told that it is "
            "with the directive rtcsync only");
    free(text);
}

void doctor_check_systemd(struct doctor *d)
{
    char unit[UNIT_SIZE];

    if (!machine_exists(d->machine, "/run/systemd/system"))
        return;
    doctor_unit(d, unit, sizeof(unit));
    if (unit[0] != '\0')
        check_enabled(d, unit);
    check_timesyncd(d, unit);
    check_timedatectl(d);
    if (unit[0] != '\0' && is_enabled(d, unit))
        doctor_ok(d, "%s is started with the system", unit);
}

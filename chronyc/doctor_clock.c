/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the kernel's clock (does somebody else set it), of what it counts, and of the
 * real-time clock. See doctor.h.
 */
#include "chronyc/doctor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "base/number.h"
#include "base/text.h"
#include "chronyc/format.h"

/* ---- The kernel's clock ---- */

/* While the daemon makes a correction, the frequency of the clock is another one. */
#define CORRECTION_SMALL                                                                           \
    10e-6                   /* s; one of this size changes the frequency by less than the limit */
#define FREQ_LIMIT_PPM 20.0 /* room for a correction in progress and a compensation */
#define TRIES          3
#define TRY_INTERVAL   0.2

static bool controls_clock(const struct doctor *d)
{
    return d->contact != CONTACT_NONE && doctor_knows_settings(d) &&
           (d->around.flags & REPORT_CONTROLS_CLOCK) != 0;
}

/* The kernel has loops of its own, which chronyd does not use. */
static void check_status(struct doctor *d, const struct machine_clock *clock)
{
    static const struct {
        unsigned int bit;
        const char *name;
    } loops[] = {
        {STA_PLL, "PLL"}, {STA_FLL, "FLL"}, {STA_PPSFREQ, "PPSFREQ"}, {STA_PPSTIME, "PPSTIME"}};

    for (size_t i = 0; i < COUNT(loops); i++) {
        if (!(clock->status & loops[i].bit))
            continue;
        doctor_add(d, DIAGNOSIS_WARNING, "kernel_loop",
                   "find the program that does it (ntpd, systemd-timesyncd, adjtimex in a start "
                   "script) and stop it; then restart chronyd",
                   "The kernel's own control loop %s is on. chronyd does not use it: somebody else "
                   "controls the clock",
                   loops[i].name);
        doctor_value(d, "status", clock->status);
        return;
    }
}

/* What the kernel counts as not synchronised, it does not copy to the RTC. */
static void check_flag(struct doctor *d, const struct machine_clock *clock)
{
    if (!(d->around.flags & REPORT_RTC_SYNC) || !doctor_is_synchronised(d) ||
        !(clock->status & STA_UNSYNC))
        return;
    doctor_add(
        d, DIAGNOSIS_NOTE, "kernel_unsynchronised",
        "wait for the next update of the clock; if it stays so, look for a program that sets "
        "the clock (date, hwclock, adjtimex)",
        "The kernel takes the clock for not synchronised, although chronyd has rtcsync and "
        "is: somebody has set the clock, or its error is too large");
}

/* The frequency of the clock with the daemon's corrections, as it says now. False: it cannot be
   compared now. */
static bool read_difference(struct doctor *d, double *kernel_ppm, double *difference_ppm)
{
    union cmd_reply_body body;
    struct machine_clock clock;

    if (!doctor_ask(d, CMD_TRACKING, 0, &body, NULL) ||
        !(fabs(body.tracking.correction) < CORRECTION_SMALL) ||
        !d->machine->read_clock(d->machine, &clock))
        return false;
    *kernel_ppm = clock.freq_ppm;
    /* A clock that is fast is made slower. */
    *difference_ppm = clock.freq_ppm + body.tracking.freq_ppm;
    return true;
}

static void check_frequency(struct doctor *d)
{
    double kernel_ppm, difference_ppm, largest_ppm = 0.0;
    const struct environment *env = d->client->env;

    for (int i = 0; i < TRIES; i++) {
        if (i > 0 && !env->pause(env->ctx, TRY_INTERVAL))
            return;
        if (!read_difference(d, &kernel_ppm, &difference_ppm) ||
            fabs(difference_ppm) < FREQ_LIMIT_PPM)
            return;
        largest_ppm = difference_ppm;
    }
    doctor_add(d, DIAGNOSIS_WARNING, "kernel_frequency",
               "find the program that does it (another time daemon, adjtimex, a container with "
               "CAP_SYS_TIME) and stop it",
               "The kernel's frequency is %.3f ppm, which is %.3f ppm from what chronyd has set: "
               "somebody else changes it",
               kernel_ppm, largest_ppm);
    doctor_value(d, "kernel_ppm", kernel_ppm);
    doctor_value(d, "difference_ppm", largest_ppm);
}

void doctor_check_kernel_clock(struct doctor *d)
{
    struct machine_clock clock;

    if (!controls_clock(d))
        return; /* it is for others to set */
    if (!d->machine->read_clock(d->machine, &clock)) {
        doctor_add(d, DIAGNOSIS_UNKNOWN, "no_adjtimex", NULL,
                   "The kernel's clock cannot be read: a filter forbids adjtimex()");
        return;
    }
    check_status(d, &clock);
    check_flag(d, &clock);
    check_frequency(d);
    doctor_ok(d, "frequency %.3f ppm, nobody else seems to set it", clock.freq_ppm);
}

/* ---- What it counts ---- */

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"

/* A file of one line, as in /sys. */
static bool read_line(const struct doctor *d, const char *path, char *buf, size_t size)
{
    bool ok = machine_read(d->machine, path, buf, size);

    buf[strcspn(buf, "\n")] = '\0';
    return ok;
}

struct virtual_ptp {
    const struct doctor *doctor;
    char device[32]; /* "ptp0"; empty: there is none */
};

static bool look_at_ptp(const char *name, void *arg)
{
    struct virtual_ptp *ptp = arg;
    char path[128], text[64];

    snprintf(path, sizeof(path), "/sys/class/ptp/%.24s/clock_name", name);
    if (!read_line(ptp->doctor, path, text, sizeof(text)) ||
        (strcmp(text, "KVM virtual PTP") != 0 && strcmp(text, "hyperv") != 0))
        return true;
    text_copy(ptp->device, sizeof(ptp->device), name);
    return false;
}

/* Whether a reference clock is among the sources; true also if that is not known. */
static bool has_refclock(struct doctor *d)
{
    union cmd_reply_body body;

    if (!doctor_ask(d, CMD_SOURCE_COUNT, 0, &body, NULL))
        return true;
    uint32_t count = body.source_count;
    for (uint32_t i = 0; i < count && i < 1000; i++)
        if (!doctor_ask(d, CMD_SOURCE_DATA, (int32_t)i, &body, NULL) ||
            body.source.mode == REPORT_REFCLOCK)
            return true;
    return false;
}

/* The host's clock can be read within a microsecond, without the network. */
static void check_virtual_ptp(struct doctor *d)
{
    struct virtual_ptp ptp = {.doctor = d};
    char fix[256];

    machine_list(d->machine, "/sys/class/ptp", look_at_ptp, &ptp);
    if (ptp.device[0] == '\0' || has_refclock(d))
        return;
    snprintf(
        fix, sizeof(fix),
        "if the host's clock is synchronised: refclock PHC /dev/%s poll 2 in the configuration",
        ptp.device);
    doctor_add(d, DIAGNOSIS_NOTE, "host_clock_unused", fix,
               "This virtual machine can read the clock of its host (/dev/%s), and no reference "
               "clock is configured",
               ptp.device);
    doctor_value_text(d, "device", ptp.device);
}

static void tell_slow_source(struct doctor *d, const char *name, const char *available)
{
    bool has_tsc = strstr(available, "tsc") != NULL;

    if (strcmp(name, "jiffies") == 0 || strcmp(name, "refined-jiffies") == 0)
        doctor_add(d, DIAGNOSIS_WARNING, "coarse_clock_source",
                   "see dmesg | grep -i clocksource for what is wrong with the others",
                   "The kernel's clock counts timer interrupts (%s): its readings are coarse, some "
                   "milliseconds",
                   name);
    else if (strcmp(name, "hpet") == 0 || strcmp(name, "acpi_pm") == 0)
        doctor_add(
            d, DIAGNOSIS_NOTE, "slow_clock_source",
            has_tsc ? "if the TSC of this machine is good: write tsc to " CLOCKSOURCE
                      "current_clocksource"
                    : "dmesg | grep -i tsc says why the kernel does not trust the TSC",
            "The kernel's clock counts with %s, which takes about a microsecond to read, and "
            "is less exact than the TSC",
            name);
    else
        return;
    doctor_value_text(d, "name", name);
}

void doctor_check_clock_source(struct doctor *d)
{
    char name[64], available[256];

    if (!read_line(d, CLOCKSOURCE "current_clocksource", name, sizeof(name)) || name[0] == '\0')
        return;
    read_line(d, CLOCKSOURCE "available_clocksource", available, sizeof(available));
    tell_slow_source(d, name, available);
    if (d->contact != CONTACT_NONE)
        check_virtual_ptp(d);
    doctor_ok(d, "%s", name);
}

/* ---- The real-time clock ---- */

#define RTC             "/sys/class/rtc/rtc0/"
#define RTC_TOLERANCE   5.0   /* s; it counts whole seconds */
#define RTC_FAR         60.0  /* s; more than it drifts in a month */
#define ZONE_UNIT       900.0 /* s; zones differ by multiples of it */
#define ZONE_MAX        (14 * 3600.0)
#define HWCLOCK_DEFAULT "/etc/adjtime"

/* The third line of the file of hwclock: UTC, or LOCAL. */
static bool adjtime_says_local(const struct doctor *d)
{
    const struct doctor_file *file = doctor_file(d, REPORT_FILE_HWCLOCK);
    char text[256];

    return machine_read(d->machine, file ? file->path : HWCLOCK_DEFAULT, text, sizeof(text)) &&
           strstr(text, "\nLOCAL");
}

static bool is_zone(double difference)
{
    double rest = fabs(difference - ZONE_UNIT * round(difference / ZONE_UNIT));

    return fabs(difference) >= ZONE_UNIT && fabs(difference) <= ZONE_MAX && rest < RTC_TOLERANCE;
}

/* At the next start of the system the clock begins with the RTC. */
static void check_difference(struct doctor *d, double difference, bool local)
{
    bool synced = (d->around.flags & REPORT_RTC_SYNC) && controls_clock(d);

    if (local || fabs(difference) < RTC_FAR)
        return;
    if (is_zone(difference))
        doctor_add(
            d, DIAGNOSIS_WARNING, "rtc_local",
            "timedatectl set-local-rtc 0, or hwclock --systohc --utc; if another system on "
            "this machine needs local time, say so: timedatectl set-local-rtc 1",
            "The real-time clock differs from the system clock by %.2f hours, a time zone: it "
            "seems to keep local time, and /etc/adjtime does not say so",
            difference / 3600.0);
    else
        doctor_add(d, doctor_is_synchronised(d) ? DIAGNOSIS_WARNING : DIAGNOSIS_NOTE, "rtc_far",
                   synced ? "hwclock --systohc; if it is off again after a day, its battery may be "
                            "empty"
                          : "add rtcsync to the configuration, and run hwclock --systohc once",
                   "The real-time clock differs from the system clock by %.0f s: after the next "
                   "start of the system the time is wrong until chronyd has corrected it",
                   difference);
    doctor_value(d, "difference_seconds", difference);
}

/* The daemon assumes local time unless it is told otherwise; only rtcfile and -s read the RTC. */
static void check_convention(struct doctor *d, bool local)
{
    bool utc = (d->around.flags & REPORT_RTC_IN_UTC) != 0;
    const struct doctor_file *told = doctor_file(d, REPORT_FILE_HWCLOCK);

    if (local)
        doctor_add(
            d, DIAGNOSIS_NOTE, "rtc_local_time", "timedatectl set-local-rtc 0",
            "The real-time clock keeps local time, which is ambiguous when summer time ends");
    if (!doctor_knows_settings(d) || !doctor_file(d, REPORT_FILE_RTC) || told)
        return;
    if (local && utc)
        doctor_add(d, DIAGNOSIS_WARNING, "rtc_convention", "remove rtconutc from the configuration",
                   "The configuration says that the real-time clock keeps UTC (rtconutc), but "
                   "/etc/adjtime says that it keeps local time");
    else if (!local && !utc)
        doctor_add(d, DIAGNOSIS_WARNING, "rtc_convention",
                   "add rtconutc, or hwclockfile /etc/adjtime, to the configuration",
                   "chronyd takes the real-time clock for one in local time, because rtconutc is "
                   "not in the configuration, but /etc/adjtime does not say so");
}

void doctor_check_rtc(struct doctor *d)
{
    char text[64];
    double epoch;
    size_t used;
    bool local = adjtime_says_local(d);

    if (!machine_exists(d->machine, "/sys/class/rtc"))
        return; /* not Linux as we know it, or hidden */
    if (!read_line(d, RTC "since_epoch", text, sizeof(text)) ||
        !text_scan_double(text, &epoch, &used)) {
        doctor_add(d, DIAGNOSIS_NOTE, "no_rtc",
                   "makestep 1 3 and driftfile in the configuration, and option -s, which sets the "
                   "clock to the time of the last run at the start",
                   "There is no real-time clock that can be read, as in many virtual machines and "
                   "containers. Without one, the time after a start of the system may be far off");
        return;
    }
    double difference = epoch - (double)d->now.sec;
    check_difference(d, difference, local);
    check_convention(d, local);
    if (local)
        doctor_ok(d, "it keeps local time");
    else
        doctor_ok(d, "%.0f s from the system clock", difference);
}

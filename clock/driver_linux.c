/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux kernel clock through adjtimex (discipline.md 6.1 to 6.6, system.md 7). Called by the
 * slew engine. The only code that builds a struct timex. Failing calls end the program, but for
 * steps and the synchronisation status.
 */
#include "clock/driver_linux.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include "base/log.h"
#include "base/text.h"

/* The kernel's scale of frequency: ppm with 16 bits of fraction. */
#define FREQ_SCALE     65536.0
#define MAX_SYNC_ERROR 16.0

struct linux_clock {
    struct world *world;
    bool rtc_sync;
    int hz; /* also ppm per tick */
    int nominal_tick;
    int status; /* STA bits that we want */
    int tai_offset;

    /* Result of the previous call, to notice that another program changed the clock. */
    bool called;
    int last_status;
    long last_constant, last_freq;
};

static void check_interference(struct linux_clock *l, unsigned int modes, const struct timex *t)
{
    if (l->called && ((((t->status ^ l->last_status) & STA_PLL) != 0 && !(modes & ADJ_STATUS)) ||
                      (t->constant != l->last_constant && !(modes & ADJ_TIMECONST)) ||
                      (t->freq != l->last_freq && !(modes & ADJ_FREQUENCY))))
        LOG_WARN("System clock interference detected (another NTP client?)");
    l->called = true;
    l->last_status = t->status;
    l->last_constant = t->constant;
    l->last_freq = t->freq;
}

/* State of the kernel clock, or -1. */
static int adjust(struct linux_clock *l, struct timex *t)
{
    unsigned int modes = t->modes;
    int state = l->world->ops->adjtimex(l->world->ctx, t);

    if (state >= 0)
        check_interference(l, modes, t);
    return state;
}

static int adjust_or_die(struct linux_clock *l, struct timex *t)
{
    unsigned int modes = t->modes;
    int state = adjust(l, t);

    if (state < 0) {
        int error = errno;
        LOG_FATAL("adjtimex(0x%x) failed : %s%s", modes, text_errno(error),
                  error == EPERM
                      ? "; give the process CAP_SYS_TIME, which that of a user namespace (rootless "
                        "container) is not, or leave the clock to others with -x"
                      : "");
    }
    return state;
}

static double freq_of(const struct linux_clock *l, long tick, long freq)
{
    return (double)(l->hz * (l->nominal_tick - tick)) - (double)freq / FREQ_SCALE;
}

static double linux_read_frequency(void *ctx)
{
    struct linux_clock *l = ctx;
    struct timex t = {.modes = 0};

    adjust_or_die(l, &t);
    return freq_of(l, t.tick, t.freq);
}

static double linux_set_frequency(void *ctx, double freq_ppm)
{
    struct linux_clock *l = ctx;
    long tick = l->nominal_tick - lround(freq_ppm / l->hz);
    double rest = freq_ppm - (double)(l->hz * (l->nominal_tick - tick));
    struct timex t = {
        .modes = ADJ_TICK | ADJ_FREQUENCY,
        .tick = tick,
        .freq = (long)(-rest * FREQ_SCALE),
    };

    adjust_or_die(l, &t);
    return freq_of(l, tick, t.freq);
}

static bool linux_step(void *ctx, double offset, enum step_reason reason)
{
    struct linux_clock *l = ctx;
    double seconds = trunc(-offset);
    double nanoseconds = (-offset - seconds) * 1.0e9;
    struct timex t = {.modes = ADJ_SETOFFSET | ADJ_NANO};

    t.time.tv_sec = (time_t)seconds;
    t.time.tv_usec = (suseconds_t)nanoseconds;
    if (t.time.tv_usec < 0) {
        t.time.tv_sec--;
        t.time.tv_usec += 1000000000;
    }
    if (adjust(l, &t) < 0) {
        LOG_DEBUG("adjtimex(0x%x) failed : %s", (unsigned int)(ADJ_SETOFFSET | ADJ_NANO),
                  text_errno(errno));
        return false;
    }
    return true;
}

static void linux_set_sync_status(void *ctx, bool synchronised, double est_error, double max_error)
{
    struct linux_clock *l = ctx;

    if (synchronised) {
        est_error = fmin(est_error, MAX_SYNC_ERROR);
        if (!(max_error < MAX_SYNC_ERROR)) {
            max_error = MAX_SYNC_ERROR;
            synchronised = false;
        }
    } else {
        est_error = max_error = MAX_SYNC_ERROR;
    }
    /* A clock that is called synchronised makes the kernel write the RTC every 11 minutes. */
    if (!l->rtc_sync)
        synchronised = false;

    if (synchronised)
        l->status &= ~STA_UNSYNC;
    else
        l->status |= STA_UNSYNC;

    struct timex t = {
        .modes = ADJ_STATUS | ADJ_ESTERROR | ADJ_MAXERROR,
        .status = l->status,
        .esterror = (long)(est_error * 1.0e6),
        .maxerror = (long)(max_error * 1.0e6),
    };
    if (adjust(l, &t) < 0)
        LOG_DEBUG("adjtimex(0x%x) failed : %s",
                  (unsigned int)(ADJ_STATUS | ADJ_ESTERROR | ADJ_MAXERROR), text_errno(errno));
}

static void log_leap_status(int leap, bool applied)
{
    const char *change = leap > 0   ? "set to insert"
                         : leap < 0 ? "set to delete"
                         : applied  ? "reset after"
                                    : "set to not insert/delete";

    LOG_INFO("System clock status %s leap second", change);
}

static void linux_set_leap(void *ctx, int leap, int tai_offset)
{
    struct linux_clock *l = ctx;
    struct timex query = {.modes = 0};
    bool applied = adjust_or_die(l, &query) == TIME_WAIT;
    int old_status = l->status;
    int leap_bits = leap > 0 ? STA_INS : leap < 0 ? STA_DEL : 0;

    l->status = (old_status & ~(STA_INS | STA_DEL)) | leap_bits;

    struct timex t = {.modes = ADJ_STATUS, .status = l->status};
    if (tai_offset != 0) {
        t.modes |= ADJ_TAI;
        t.constant = tai_offset;
        /* The kernel has changed its TAI offset with the leap second already. */
        if (applied && leap_bits == 0)
            l->tai_offset += (old_status & STA_INS) ? 1 : -1;
        if (l->tai_offset != tai_offset) {
            l->tai_offset = tai_offset;
            LOG_INFO("System clock TAI offset set to %d seconds", tai_offset);
        }
    }
    adjust_or_die(l, &t);
    if (l->status != old_status)
        log_leap_status(leap, applied);
}

static void linux_free(void *ctx)
{
    free(ctx);
}

static const struct kernel_clock_ops linux_ops = {
    .read_frequency = linux_read_frequency,
    .set_frequency = linux_set_frequency,
    .step = linux_step,
    .set_sync_status = linux_set_sync_status,
    .set_leap = linux_set_leap,
    .free = linux_free,
};

static int guess_hz(struct linux_clock *l)
{
    struct timex t = {.modes = 0};

    adjust_or_die(l, &t);
    if (t.tick >= 9000 && t.tick <= 11000)
        return 100;
    for (int i = 4; i < 16; i++) {
        double tick = 1.0e6 / (1 << i);
        if ((long)(0.5 + 2.0 / 3.0 * tick) < t.tick && t.tick <= (long)(0.5 + 4.0 / 3.0 * tick))
            return 1 << i;
    }
    LOG_FATAL("Can't determine hz from tick %d", (int)t.tick);
}

struct kernel_version {
    int major, minor, patch;
};

static bool older_than(const struct kernel_version *v, int major, int minor, int patch)
{
    if (v->major != major)
        return v->major < major;
    if (v->minor != minor)
        return v->minor < minor;
    return v->patch < patch;
}

static struct kernel_version kernel_version(struct world *world)
{
    struct kernel_version v = {0};
    char release[128];

    if (!world->ops->kernel_release(world->ctx, release, sizeof(release)))
        LOG_FATAL("uname() failed");
    if (sscanf(release, "%d.%d.%d", &v.major, &v.minor, &v.patch) < 2)
        LOG_FATAL("Could not parse kernel version");
    return v;
}

static void reset_kernel(struct linux_clock *l)
{
    struct timex singleshot = {.modes = ADJ_OFFSET_SINGLESHOT, .offset = 0};
    adjust_or_die(l, &singleshot);

    /* The PLL has to be on while its offset is cleared. */
    struct timex clear = {
        .modes = ADJ_OFFSET | ADJ_STATUS, .status = STA_PLL | STA_UNSYNC, .offset = 0};
    adjust_or_die(l, &clear);

    struct timex off = {.modes = ADJ_STATUS, .status = STA_UNSYNC};
    adjust_or_die(l, &off);
}

/* The kernel's state is that of this daemon: another process has set it before. */
void driver_linux_continue(const struct kernel_clock *kernel)
{
    struct linux_clock *l = kernel->ctx;
    struct timex t = {.modes = 0};

    l->called = false;
    adjust_or_die(l, &t);
    l->status = t.status & (STA_UNSYNC | STA_INS | STA_DEL);
    l->tai_offset = t.tai;
}

struct kernel_clock driver_linux_new(struct world *world, bool rtc_sync)
{
    struct linux_clock *l = mem_alloc(sizeof(*l));
    long ticks = world->ops->clock_ticks(world->ctx);

    l->world = world;
    l->rtc_sync = rtc_sync;
    l->status = STA_UNSYNC;
    l->hz = ticks >= 1 && ticks <= 1000000 ? (int)ticks : guess_hz(l);
    l->nominal_tick = (1000000 + l->hz / 2) / l->hz;

    int max_tick_bias = l->nominal_tick / 10;
    double max_freq_ppm = 1.0e6 * max_tick_bias / l->nominal_tick;

    struct kernel_version version = kernel_version(world);
    if (older_than(&version, 2, 6, 39))
        LOG_FATAL("Kernel version not supported, sorry.");
    /* Old kernels apply a new frequency only with the next tick. */
    double update_rate = older_than(&version, 4, 19, 0) ? 100.0 : 100000.0;

    if (world->ops->may_set_clock && !world->ops->may_set_clock(world->ctx))
        LOG_WARN("CAP_SYS_TIME not present");
    reset_kernel(l);
    return (struct kernel_clock){
        .ops = &linux_ops,
        .ctx = l,
        .max_freq_ppm = max_freq_ppm,
        .max_set_delay = 1.0 / update_rate * (1.0 + max_freq_ppm / 1.0e6),
    };
}

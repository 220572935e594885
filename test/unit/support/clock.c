/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world in virtual time of clock.h.
 */
#include "test/unit/support/clock.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "base/file.h"
#include "base/text.h"

#define NS 1000000000

static struct instant instant_ns(int64_t seconds, int64_t ns)
{
    return instant_make(seconds + ns / NS, ns % NS);
}

/* The kernel repeats the last second of the day, or leaves it out. */
static void apply_leap(struct clock_world *w)
{
    int64_t raw_ns = w->start * NS + w->elapsed_ns + w->stepped_ns + w->jumped_ns;

    if (w->leap_midnight == 0)
        return;
    if ((w->kernel.status & STA_INS) && raw_ns >= w->leap_midnight * NS) {
        w->stepped_ns -= NS;
        w->kernel.tai++;
    } else if ((w->kernel.status & STA_DEL) && raw_ns >= (w->leap_midnight - 1) * NS) {
        w->stepped_ns += NS;
        w->kernel.tai--;
    } else {
        return;
    }
    w->leap_midnight = 0;
    w->kernel_state = TIME_WAIT;
}

static struct raw_time fake_raw_now(void *ctx)
{
    struct clock_world *w = ctx;

    w->elapsed_ns += w->precision_step_ns;
    apply_leap(w);
    return (struct raw_time){instant_ns(w->start, w->elapsed_ns + w->stepped_ns + w->jumped_ns)};
}

static struct mono_time fake_mono_now(void *ctx)
{
    const struct clock_world *w = ctx;

    return (struct mono_time){instant_ns(1000, w->elapsed_ns)};
}

static struct mono_time fake_boot_now(void *ctx)
{
    const struct clock_world *w = ctx;

    return (struct mono_time){instant_ns(1000, w->elapsed_ns + w->slept_ns)};
}

static struct mono_time fake_mono_raw_now(void *ctx)
{
    struct clock_world *w = ctx;

    w->elapsed_ns += w->precision_step_ns;
    return fake_mono_now(ctx);
}

static int fake_adjtimex(void *ctx, struct timex *t)
{
    struct clock_world *w = ctx;
    unsigned int modes = t->modes;

    assert(w->call_count < CLOCK_WORLD_MAX_CALLS);
    w->calls[w->call_count++] = *t;
    if (modes != 0 && modes == w->fail_modes) {
        errno = EPERM;
        return -1;
    }
    if (modes == ADJ_OFFSET_SINGLESHOT)
        modes = 0;
    if (modes & ADJ_FREQUENCY)
        w->kernel.freq = t->freq;
    if (modes & ADJ_TICK)
        w->kernel.tick = t->tick;
    if (modes & ADJ_STATUS) {
        int leap = t->status & (STA_INS | STA_DEL);

        if (leap == 0) {
            w->leap_midnight = 0;
            w->kernel_state = TIME_OK;
        } else if (leap != (w->kernel.status & (STA_INS | STA_DEL))) {
            w->leap_midnight = (fake_raw_now(w).i.sec / 86400 + 1) * 86400;
        }
        w->kernel.status = t->status;
    }
    if (modes & ADJ_TAI)
        w->kernel.tai = (int)t->constant;
    if (modes & ADJ_SETOFFSET)
        w->stepped_ns += t->time.tv_sec * NS + t->time.tv_usec;
    if (modes & ADJ_MAXERROR)
        w->kernel.maxerror = t->maxerror;
    if (modes & ADJ_ESTERROR)
        w->kernel.esterror = t->esterror;
    *t = w->kernel;
    return w->kernel_state;
}

static long fake_clock_ticks(void *ctx)
{
    return ((struct clock_world *)ctx)->hz;
}

static bool fake_kernel_release(void *ctx, char *buf, size_t size)
{
    const char *release = ((struct clock_world *)ctx)->release;

    return release && text_copy(buf, size, release);
}

static int fake_wait(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct clock_world *w = ctx;

    if (timeout > 0.0)
        w->elapsed_ns += llround(timeout * 1e9);
    w->jumped_ns += w->jump_in_wait_ns;
    w->jump_in_wait_ns = 0;
    return 0;
}

static bool fake_no_request(void *ctx)
{
    return false;
}

static void fake_dispatch(void *ctx)
{
}

static int fake_pending(void *ctx)
{
    return 0;
}

static void fake_random(void *ctx, void *out, size_t length)
{
    const struct clock_world *w = ctx;

    for (size_t i = 0; i < length; i++)
        ((uint8_t *)out)[i] = ((const uint8_t *)&w->random)[i % sizeof(w->random)];
}

static FILE *fake_file_read(void *ctx, const char *path)
{
    return file_open_read(path);
}

static FILE *fake_file_append(void *ctx, const char *path, mode_t mode)
{
    return file_open_append(path, mode);
}

static FILE *fake_file_new(void *ctx, const char *path, mode_t mode)
{
    return file_open_new(path, mode);
}

static FILE *fake_file_update(void *ctx, const char *path)
{
    return file_open_update(path);
}

static bool fake_file_rename(void *ctx, const char *from, const char *to)
{
    return rename(from, to) == 0;
}

static bool fake_file_remove(void *ctx, const char *path)
{
    return file_remove(path);
}

static bool fake_file_info(void *ctx, const char *path, struct world_file_info *info)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return false;
    *info = (struct world_file_info){
        .size = (uint64_t)st.st_size,
        .device = st.st_dev,
        .inode = st.st_ino,
        .is_regular = S_ISREG(st.st_mode),
    };
    return true;
}

static char **fake_list_files(void *ctx, const char *directory, const char *suffix)
{
    DIR *dir = opendir(directory);
    char **names = mem_array(64, sizeof(*names));
    size_t count = 0;
    struct dirent *entry;

    assert(dir);
    while ((entry = readdir(dir)) && count < 63) {
        size_t length = strlen(entry->d_name);
        if (length > strlen(suffix) && strcmp(entry->d_name + length - strlen(suffix), suffix) == 0)
            names[count++] = text_dup(entry->d_name);
    }
    closedir(dir);
    return names;
}

static FILE *fake_mail_open(void *ctx, const char *program)
{
    struct clock_world *w = ctx;

    free(w->mail);
    return open_memstream(&w->mail, &w->mail_length);
}

static void fake_mail_close(void *ctx, FILE *stream)
{
    fclose(stream);
}

static bool fake_host_name(void *ctx, char *buf, size_t size)
{
    return text_copy(buf, size, "host.test");
}

/* Leap seconds of the zone: the midnights after them, as seconds since 1970 without leap
   seconds. */
static const int64_t zone_leaps[] = {1136073600, 1230768000, 1341100800};
#define ZONE_LEAPS         (sizeof(zone_leaps) / sizeof(zone_leaps[0]))
#define LEAPS_BEFORE_TABLE 22

static bool fake_zone_time(void *ctx, const char *zone, struct tm *fields, int64_t *seconds)
{
    struct clock_world *w = ctx;
    bool counts = w->zone && strcmp(w->zone, zone) == 0, sixty = fields->tm_sec == 60;
    int64_t utc = timegm(fields); /* 23:59:60 becomes midnight */
    int leaps = LEAPS_BEFORE_TABLE;

    w->zone_calls++;
    for (size_t i = 0; counts && i < ZONE_LEAPS; i++) {
        if (sixty && utc == zone_leaps[i])
            fields->tm_sec = 60;
        else if (utc >= zone_leaps[i])
            leaps++;
    }
    *seconds = utc + (counts ? leaps : 0);
    return true;
}

static bool fake_may_set_clock(void *ctx)
{
    return !((const struct clock_world *)ctx)->may_not_set_clock;
}

static const struct world_ops fake_ops = {
    .raw_now = fake_raw_now,
    .mono_now = fake_mono_now,
    .mono_raw_now = fake_mono_raw_now,
    .boot_now = fake_boot_now,
    .adjtimex = fake_adjtimex,
    .clock_ticks = fake_clock_ticks,
    .kernel_release = fake_kernel_release,
    .wait = fake_wait,
    .quit_requested = fake_no_request,
    .reload_requested = fake_no_request,
    .dispatch = fake_dispatch,
    .pending = fake_pending,
    .random_bytes = fake_random,
    .file_read = fake_file_read,
    .file_append = fake_file_append,
    .file_new = fake_file_new,
    .file_update = fake_file_update,
    .file_rename = fake_file_rename,
    .file_remove = fake_file_remove,
    .file_info = fake_file_info,
    .list_files = fake_list_files,
    .mail_open = fake_mail_open,
    .mail_close = fake_mail_close,
    .host_name = fake_host_name,
    .zone_time = fake_zone_time,
    .may_set_clock = fake_may_set_clock,
};

struct clock_world *clock_world_new(int64_t start)
{
    struct clock_world *w = mem_alloc(sizeof(*w));

    w->world = (struct world){&fake_ops, w};
    w->start = start;
    w->hz = 100;
    w->release = "6.1.0-13-amd64";
    w->kernel.tick = 10000;
    w->kernel.constant = 2;
    w->loop = loop_new(&w->world);
    return w;
}

void clock_world_free(struct clock_world *w)
{
    loop_free(w->loop);
    free(w->mail);
    free(w);
}

/* As the specification turns real numbers into timestamps (1.2). */
static int64_t to_ns(double t)
{
    double seconds = trunc(t);

    return (int64_t)seconds * NS + (int64_t)(1e9 * (t - seconds));
}

struct raw_time clock_world_raw(const struct clock_world *w, double t)
{
    return (struct raw_time){instant_ns(w->start, to_ns(t) + w->stepped_ns + w->jumped_ns)};
}

static void do_nothing(void *arg)
{
}

void clock_world_wake_at(struct clock_world *w, double t)
{
    w->elapsed_ns = to_ns(t);
    loop_timer_add(w->loop, 0.0, do_nothing, NULL); /* so that the wait does not advance the time */
    loop_run_once(w->loop);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

void clock_world_run_until(struct clock_world *w, double t)
{
    bool reached = false;

    loop_timer_add(w->loop, fmax(0.0, t - (double)w->elapsed_ns * 1e-9), set_flag, &reached);
    while (!reached)
        loop_run_once(w->loop);
}

struct local_clock_params clock_world_params(void)
{
    return (struct local_clock_params){
        .conf = {.precision = 1e-6,
                 .max_drift = 100000.0,
                 .max_error = 1.0,
                 .max_slew_rate = 1e6 / 12.0},
        .control = true,
    };
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into chronyd: the kernel's clock is a file, which all its processes share (FAKE_CLOCK
 * in the environment). They read the time that its steps and frequencies make. Nothing gets to the
 * real clock. Who has no CAP_SYS_TIME may only read, as with the real one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "test/system/fake_clock.h"

static struct fake_clock *fake;
static bool open_to_all;

static int64_t real_clock(clockid_t id)
{
    struct timespec t;

    syscall(SYS_clock_gettime, id, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

__attribute__((constructor)) static void open_clock(void)
{
    const char *path = getenv("FAKE_CLOCK");
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd < 0 || ftruncate(fd, sizeof(*fake)) < 0)
        abort();
    fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fake == MAP_FAILED)
        abort();
    close(fd);
    open_to_all = getenv("FAKE_CLOCK_OPEN") != NULL;
    if (fake->tick == 0) {
        fake->tick = 10000;
        fake->status = STA_UNSYNC;
    }
    if (fake->anchor == 0) {
        fake->anchor = real_clock(CLOCK_MONOTONIC_RAW);
        fake->real_start = real_clock(CLOCK_REALTIME);
        fake->mono_start = real_clock(CLOCK_MONOTONIC);
    }
}

/* By the effective set, as the kernel checks it. A system call filter forbids to ask for that: with
   FAKE_CLOCK_OPEN in the environment it is not asked. */
static bool may_set(void)
{
    if (open_to_all)
        return true;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_TIME));
}

static int64_t step_of(const struct timex *t)
{
    return t->time.tv_sec * INT64_C(1000000000) +
           t->time.tv_usec * ((t->modes & ADJ_NANO) ? 1 : 1000);
}

/* Nanoseconds since the start, as the clock counts them. */
static int64_t elapsed(void)
{
    double rate = 100e-6 * (double)(fake->tick - 10000) + 1e-6 * (double)fake->freq / 65536.0;
    int64_t raw = real_clock(CLOCK_MONOTONIC_RAW) - fake->anchor;

    return fake->elapsed + raw + (int64_t)(rate * (double)raw);
}

static void set_rate(const struct timex *t)
{
    fake->changes++;
    fake->elapsed = elapsed();
    fake->anchor = real_clock(CLOCK_MONOTONIC_RAW);
    if (t->modes & ADJ_TICK)
        fake->tick = t->tick;
    if (t->modes & ADJ_FREQUENCY)
        fake->freq = t->freq;
    fake->changes++;
}

int adjtimex(struct timex *t)
{
    if (t->modes != 0 && !may_set()) {
        fake->denied++;
        errno = EPERM;
        return -1;
    }
    if (t->modes != 0)
        fake->calls++;
    if (t->modes & ADJ_SETOFFSET) {
        fake->stepped += step_of(t);
        fake->steps++;
    }
    if (t->modes & (ADJ_TICK | ADJ_FREQUENCY))
        set_rate(t);
    if (t->modes & ADJ_STATUS)
        fake->status = t->status;
    if (t->modes & ADJ_TAI)
        fake->tai = (int32_t)t->constant;
    *t = (struct timex){.tick = fake->tick,
                        .freq = fake->freq,
                        .status = fake->status,
                        .tai = fake->tai,
                        .constant = 2};
    return 0;
}

int ntp_adjtime(struct timex *t)
{
    return adjtimex(t);
}

int clock_adjtime(clockid_t id, struct timex *t)
{
    return adjtimex(t);
}

int clock_settime(clockid_t id, const struct timespec *t)
{
    errno = EPERM;
    return -1;
}

int settimeofday(const struct timeval *t, const struct timezone *zone)
{
    errno = EPERM;
    return -1;
}

/* A process that is killed while it makes a change must not stop the others. */
static int64_t elapsed_now(void)
{
    for (int i = 0; i < 1000; i++) {
        uint32_t before = fake->changes;
        int64_t ns = elapsed();

        if (before % 2 == 0 && fake->changes == before)
            return ns;
    }
    return elapsed();
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    int64_t ns;

    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        ns = fake->real_start + elapsed_now() + fake->stepped;
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
        ns = fake->mono_start + elapsed_now();
        break;
    default:
        return (int)syscall(SYS_clock_gettime, id, t);
    }
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
    return 0;
}

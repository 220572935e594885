/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time is it, for certain? Two instants between which true time (UTC) is, from the time page
 * of chronyd (directive timepage, chrony.conf(5)), in some tens of nanoseconds and without a system
 * call where the C library reads clocks without one. C99 and C++, GCC and Clang, no dependencies;
 * with -std=c99 define _POSIX_C_SOURCE as 200809L before the first #include. Threads may share a
 * page. chrony.conf(5), TIME PAGE, says what is promised.
 */
#ifndef CLOCK_NOW_H
#define CLOCK_NOW_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum clock_now_state {
    CLOCK_NOW_SYNCHRONISED,   /* true time is between earliest and latest */
    CLOCK_NOW_UNSYNCHRONISED, /* chronyd runs and does not know the time: any time is possible */
    CLOCK_NOW_STALE,          /* chronyd has ended, or is stuck: close the page, and open it anew */
};

struct clock_now_result {
    int64_t earliest, latest; /* nanoseconds since 1970, UTC */
    enum clock_now_state state;
};

#define CLOCK_NOW_PAGE_SIZE 4096
#define CLOCK_NOW_TRIES     100

/* Maps the page. NULL: there is no such file (errno), or it is none that this header can read. */
static inline const void *clock_now_open(const char *path)
{
    struct stat st;
    void *page = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && st.st_size == CLOCK_NOW_PAGE_SIZE)
        page = mmap(NULL, CLOCK_NOW_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED)
        return NULL;
    if (((const uint32_t *)page)[0] == 0x4d495448 && ((const uint32_t *)page)[1] == 1)
        return page;
    munmap(page, CLOCK_NOW_PAGE_SIZE);
    return NULL;
}

static inline void clock_now_close(const void *page)
{
    munmap((void *)(uintptr_t)page, CLOCK_NOW_PAGE_SIZE);
}

static inline int64_t clock_now_read(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A field of 64 bits of one of the two places. That both halves belong together shows the sequence
   number, which is counted on when a place is complete; its lowest bit names the place. */
static inline int64_t clock_now_field(const void *page, uint32_t sequence, int i)
{
    const uint64_t *field = (const uint64_t *)page + 128 + 128 * (sequence % 2) + i;

#if UINTPTR_MAX > 0xffffffffu
    return (int64_t)__atomic_load_n(field, __ATOMIC_ACQUIRE);
#else
    const uint32_t *half = (const uint32_t *)field;
    uint32_t part[2];
    uint64_t value;

    part[0] = __atomic_load_n(half, __ATOMIC_ACQUIRE);
    part[1] = __atomic_load_n(half + 1, __ATOMIC_ACQUIRE);
    __builtin_memcpy(&value, part, sizeof(value));
    return (int64_t)value;
#endif
}

/* A page may hold anything: differences wrap around. */
static inline int64_t clock_now_minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* Somebody else has set the clock, the machine has slept, or we were stopped between the readings of
   CLOCK_MONOTONIC and CLOCK_REALTIME. While the clock is being stepped this says nothing. */
static inline int clock_now_jumped(const int64_t *f, int64_t mono, int64_t real)
{
    int64_t jump = clock_now_minus(clock_now_minus(real, mono), f[2]);

    return !(f[4] & 2) && (jump > 1000000 || jump < -1000000);
}

/* What the fields 0 to 8 say at a reading of CLOCK_MONOTONIC (doc/spec/ntp.md 28.1). */
static inline enum clock_now_state clock_now_at(const int64_t *f, int64_t mono,
                                                struct clock_now_result *now)
{
    int64_t e = clock_now_minus(mono, f[0]);
    int64_t changing = f[3] != 0 ? clock_now_minus(mono, f[3]) : 0;

    if (mono > f[1] || e < -1000000 || e > 0xffffffff || changing > 0xffffffff)
        return CLOCK_NOW_STALE;
    if (e < 0) /* this processor reads the clock a little earlier than that of chronyd */
        e = 0;
    if (changing < 0)
        changing = 0;
    if (!(f[4] & 1) || f[5] < 0 || f[5] > INT64_MAX / 2 || f[6] < -0x40000000 ||
        f[6] > 0x40000000 || f[7] < 0 || f[7] > INT64_MAX / 4 || f[8] < 0 || f[8] > 0x40000000)
        return CLOCK_NOW_UNSYNCHRONISED;
    int64_t utc = f[5] + e + e * f[6] / 4294967296;
    int64_t bound = f[7] + e * f[8] / 4294967296 + changing / 4 + 1;

    now->earliest = utc - bound;
    now->latest = utc + bound;
    return CLOCK_NOW_SYNCHRONISED;
}

/* True time at a moment within the call. Returns the state. If it is not CLOCK_NOW_SYNCHRONISED,
   earliest is INT64_MIN and latest INT64_MAX: nothing is known, which is true, too. */
static inline enum clock_now_state clock_now(const void *page, struct clock_now_result *now)
{
    const uint32_t *sequence = (const uint32_t *)page + 2;

    now->earliest = INT64_MIN;
    now->latest = INT64_MAX;
    now->state = CLOCK_NOW_STALE;
    for (int tries = 0; tries < CLOCK_NOW_TRIES; tries++) {
        uint32_t before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);
        int64_t f[9];

        for (int i = 0; i < 9; i++)
            f[i] = clock_now_field(page, before, i);
        int64_t mono = clock_now_read(CLOCK_MONOTONIC);
        int64_t real = clock_now_read(CLOCK_REALTIME);
        if (__atomic_load_n(sequence, __ATOMIC_ACQUIRE) != before ||
            clock_now_jumped(f, mono, real))
            continue;
        now->state = clock_now_at(f, mono, now);
        break;
    }
    return now->state;
}

#endif

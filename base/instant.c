/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic of instants and NTP timestamps (discipline.md 1.2, ntp.md 2). Everybody who handles
 * time calls it, also with values from the network, so no input may overflow: results that cannot
 * be expressed saturate or leave the instant as it was. Pure; reads no clock.
 */
#include "base/instant.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"

#define NSEC_PER_SEC 1000000000
#define ERA_LENGTH   INT64_C(4294967296)
/* Seconds from 1900 to 1970. */
#define NTP_EPOCH 0x83aa7e80u

struct instant instant_make(int64_t sec, int64_t nsec)
{
    int64_t carry = nsec / NSEC_PER_SEC, sum;

    nsec %= NSEC_PER_SEC;
    if (nsec < 0) {
        nsec += NSEC_PER_SEC;
        carry--;
    }
    if (__builtin_add_overflow(sec, carry, &sum))
        sum = carry < 0 ? INT64_MIN : INT64_MAX;
    return (struct instant){sum, (int32_t)nsec};
}

double instant_diff(struct instant a, struct instant b)
{
    return (double)a.sec - (double)b.sec + 1e-9 * (double)((int64_t)a.nsec - b.nsec);
}

struct instant instant_add(struct instant t, double d)
{
    int64_t sec;

    /* This form of the condition refuses a NaN, too. */
    if (!(d > -9.2e18 && d < 9.2e18))
        return t;
    int64_t whole = (int64_t)d;
    double nsec = (double)t.nsec + 1e9 * (d - (double)whole);
    /* A margin for the carry below. */
    if (__builtin_add_overflow(t.sec, whole, &sec) || sec > INT64_MAX - 2 || sec < INT64_MIN + 2)
        return t;
    return instant_make(sec, (int64_t)nsec);
}

int instant_compare(struct instant a, struct instant b)
{
    if (a.sec != b.sec)
        return a.sec < b.sec ? -1 : 1;
    return (a.nsec > b.nsec) - (a.nsec < b.nsec);
}

double local_adjust(struct local_time *t, struct local_time when, double dfreq, double doffset)
{
    double delta = local_diff(when, *t) * dfreq - doffset;

    *t = local_add(*t, delta);
    return delta;
}

double log2_to_seconds(int l)
{
    if (l < -31)
        l = -31;
    if (l > 31)
        l = 31;
    return ldexp(1.0, l);
}

int64_t build_time(void)
{
#ifdef BUILD_TIME
    return BUILD_TIME;
#else
    return 0;
#endif
}

int64_t ntp_era_split(void)
{
#ifdef NTP_ERA_SPLIT
    return NTP_ERA_SPLIT;
#else
    return INT32_MIN; /* a 32-bit time_t has exactly this era */
#endif
}

/* The last instant that passes the sanity check of discipline.md 1.2. */
static struct instant last_sane_instant(void)
{
    if (sizeof(time_t) <= 4)
        return (struct instant){INT32_MAX - 365 * 24 * 3600, 0};
    return (struct instant){ntp_era_split() + ERA_LENGTH, 0};
}

bool time_offset_is_sane(struct instant t, double offset)
{
    if (!(offset > -4294967296.0 && offset < 4294967296.0))
        return false;
    t = instant_add(t, -offset);
    return t.sec >= 0 && t.sec >= ntp_era_split() && instant_compare(t, last_sane_instant()) <= 0;
}

struct ntp_time ntp_time_from_instant(struct instant t, struct ntp_time fuzz)
{
    struct ntp_time r = {(uint32_t)t.sec, 0};

    if (r.hi == 0 && t.nsec == 0)
        return r;
    r.hi += NTP_EPOCH;
    r.lo = (uint32_t)(4.294967296 * t.nsec);
    if (!ntp_time_is_zero(r)) {
        r.hi ^= fuzz.hi;
        r.lo ^= fuzz.lo;
    }
    return r;
}

struct instant ntp_time_to_instant(struct ntp_time t)
{
    int64_t split = ntp_era_split();
    uint32_t since_split = t.hi - ((uint32_t)split + NTP_EPOCH);

    if (ntp_time_is_zero(t))
        return (struct instant){0, 0};
    return (struct instant){split + (int64_t)since_split, (int32_t)(t.lo / 4.294967296)};
}

/* Difference modulo 2^32 as a signed number, so it is right across the boundary of an NTP era. */
static int32_t seconds_between(struct ntp_time a, struct ntp_time b)
{
    uint32_t d = a.hi - b.hi;

    return d <= INT32_MAX ? (int32_t)d : (int32_t)((int64_t)d - ERA_LENGTH);
}

int ntp_time_compare(struct ntp_time a, struct ntp_time b)
{
    int32_t d = seconds_between(a, b);

    if (d != 0)
        return d < 0 ? -1 : 1;
    return (a.lo > b.lo) - (a.lo < b.lo);
}

double ntp_time_diff(struct ntp_time a, struct ntp_time b)
{
    return seconds_between(a, b) + ((double)a.lo - (double)b.lo) / 4294967296.0;
}

bool instant_format_utc(struct instant t, char *buf, unsigned int size)
{
    time_t sec = (time_t)t.sec;
    struct tm tm;

    if (sec == t.sec && gmtime_r(&sec, &tm) && strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm) > 0)
        return true;
    snprintf(buf, size, "INVALID    INVALID ");
    return false;
}

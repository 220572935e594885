/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time, with one type for each clock, so that the compiler refuses to mix them.
 *
 * An instant is a whole number of seconds and nanoseconds, which covers the years 1850 to 2300 and
 * far beyond. A length of time is a double in seconds. The arithmetic is that of
 * doc/spec/discipline.md 1.2. The all-zero instant means "unset".
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
    int64_t sec;
    int32_t nsec; /* 0..999999999 */
};

/* Reading of the system clock. */
struct raw_time {
    struct instant i;
};

/* Raw time plus the correction that is still being slewed out ("cooked" time). */
struct local_time {
    struct instant i;
};

/* Clock that is not affected by steps; the origin is arbitrary. */
struct mono_time {
    struct instant i;
};

/* Reading of a PTP hardware clock. */
struct hardware_time {
    struct instant i;
};

/* NTP 64-bit timestamp as on the wire: seconds since 1900 modulo 2^32, and fraction. */
struct ntp_time {
    uint32_t hi;
    uint32_t lo;
};

/* Makes 0 <= nsec < 10^9, borrowing from or carrying to the seconds. */
struct instant instant_make(int64_t sec, int64_t nsec);

/* Seconds from b to a, in double precision. */
double instant_diff(struct instant a, struct instant b);

/* t + d seconds; d is truncated to nanoseconds. A NaN or a result out of range changes nothing. */
struct instant instant_add(struct instant t, double d);

/* Negative, zero or positive, as a is before, equal to, or after b. */
int instant_compare(struct instant a, struct instant b);

static inline bool instant_is_zero(struct instant t)
{
    return t.sec == 0 && t.nsec == 0;
}

static inline double raw_diff(struct raw_time a, struct raw_time b)
{
    return instant_diff(a.i, b.i);
}

static inline struct raw_time raw_add(struct raw_time t, double d)
{
    return (struct raw_time){instant_add(t.i, d)};
}

static inline bool raw_is_zero(struct raw_time t)
{
    return instant_is_zero(t.i);
}

static inline double local_diff(struct local_time a, struct local_time b)
{
    return instant_diff(a.i, b.i);
}

static inline struct local_time local_add(struct local_time t, double d)
{
    return (struct local_time){instant_add(t.i, d)};
}

static inline bool local_is_zero(struct local_time t)
{
    return instant_is_zero(t.i);
}

static inline double mono_diff(struct mono_time a, struct mono_time b)
{
    return instant_diff(a.i, b.i);
}

static inline struct mono_time mono_add(struct mono_time t, double d)
{
    return (struct mono_time){instant_add(t.i, d)};
}

/*
 * Moves a stored local time to the scale of a clock that was changed at `when` by dfreq (gain,
 * dimensionless) and doffset (seconds), by the formula of discipline.md 1.2:
 * t += (when - t) * dfreq - doffset. Returns the amount added.
 */
double local_adjust(struct local_time *t, struct local_time when, double dfreq, double doffset);

/* 2^l seconds, with l limited to -31..31. */
double log2_to_seconds(int l);

/* Whether t - offset can be a present time, where t is what a clock shows that is fast by offset
   (seconds; discipline.md 1.2, ntp.md 2.2). */
bool time_offset_is_sane(struct instant t, double offset);

/* Earliest second (since 1970) of the NTP era window that this build maps NTP time to. */
int64_t ntp_era_split(void);
/* When this program was made (seconds since 1970): a clock that is before it is wrong. 0: not
   known. */
int64_t build_time(void);

/*
 * Conversion to and from 64-bit timestamps (ntp.md 2.1 to 2.3). The zero instant (modulo 2^32
 * seconds) and the zero timestamp correspond ("unknown"). `fuzz` is combined by exclusive or
 * unless the result is zero.
 */
struct ntp_time ntp_time_from_instant(struct instant t, struct ntp_time fuzz);
struct instant ntp_time_to_instant(struct ntp_time t);
/* Negative, zero, positive; works across an era boundary. */
int ntp_time_compare(struct ntp_time a, struct ntp_time b);
/* a - b in seconds. */
double ntp_time_diff(struct ntp_time a, struct ntp_time b);

static inline bool ntp_time_is_zero(struct ntp_time t)
{
    return t.hi == 0 && t.lo == 0;
}

static inline bool ntp_time_equal(struct ntp_time a, struct ntp_time b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/*
 * Text of a UTC date and time, "YYYY-MM-DD HH:MM:SS", into buf (at least 24 bytes). Returns false
 * and writes "INVALID    INVALID " when the year cannot be expressed.
 */
bool instant_format_utc(struct instant t, char *buf, unsigned int size);

#endif

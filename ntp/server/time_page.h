/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time page: one page of memory in which the main process tells other processes of this machine
 * the time (ntp.md 28). It holds how to turn readings of the clock into served time, and how long
 * that is good for. There is one writer; any number of readers read without asking it. Nothing in
 * the page is a pointer, and a reader takes it for hostile: it may not crash or loop because of it.
 *
 * There are two places for the contents, which take turns. The writer fills the one that is not in
 * use, and then counts the sequence number on, whose lowest bit names the place. A reader tries
 * again when the number has changed while it read: then its place may have been written to. So
 * nobody waits for a writer that was stopped within a write. Each word is stored with release and
 * loaded with acquire, so no fences are needed: who has loaded a word of a later write then sees
 * the number that was stored before it.
 */
#ifndef NTP_SERVER_TIME_PAGE_H
#define NTP_SERVER_TIME_PAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "clock/reference_view.h"
#include "clock/scale.h"
#include "clock/smoothing_curve.h"
#include "ntp/transmit.h"

#define TIME_PAGE_SIZE    4096
#define TIME_PAGE_MAGIC   0x4d495448u /* "HTIM" on a little-endian machine */
#define TIME_PAGE_VERSION 1u

/* What one load or store moves: on machines with words of 32 bits a field is two of them. */
typedef uintptr_t time_page_word;

#define TIME_PAGE_PLACE_SIZE 1024 /* octets */
#define TIME_PAGE_WORDS      (TIME_PAGE_PLACE_SIZE / sizeof(time_page_word))

struct time_page {
    _Atomic uint32_t magic;
    _Atomic uint32_t version;
    _Atomic uint32_t sequence;
    _Atomic uint32_t unused[TIME_PAGE_PLACE_SIZE / 4 - 3];
    _Atomic time_page_word words[2][TIME_PAGE_WORDS];
    _Atomic uint32_t reserved[TIME_PAGE_PLACE_SIZE / 4];
};

_Static_assert(sizeof(struct time_page) == TIME_PAGE_SIZE, "one page");

#define TIME_PAGE_SYNCHRONISED 1u /* UTC is known, within the bound */
#define TIME_PAGE_STEPPING     2u /* the clock is being stepped: its readings have no meaning */

/*
 * What needs no floating point: straight lines over CLOCK_MONOTONIC, which nobody steps. For a
 * reading m of it, with e = m - mono_ns (0 or more, to valid_until_ns):
 *
 *   UTC   = utc_ns + e + e * utc_rate / 2^32        (ns since 1970)
 *   bound = bound_ns + e * bound_growth / 2^32      (ns, of the error of UTC)
 *   served time: the same with served_ntp and served_rate, smoothing included
 *
 * While changing_since_ns is not 0 the frequency of the clock may be another one since then: a
 * quarter of m - changing_since_ns is to be added to the bound.
 */
struct time_page_lines {
    int64_t mono_ns;
    int64_t valid_until_ns;     /* by CLOCK_MONOTONIC; 0: not valid at all */
    int64_t real_minus_mono_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
    int64_t changing_since_ns;  /* by CLOCK_MONOTONIC; 0: no */
    uint32_t flags;
    int64_t utc_ns;
    int64_t utc_rate;
    int64_t bound_ns;
    int64_t bound_growth;
    struct ntp_time served_ntp;
    int64_t served_rate;
    /* What a server says beside it, as in the header of NTP. The root dispersion is that at
       mono_ns; it grows no faster than the bound. */
    uint8_t leap, stratum;
    int8_t precision;
    uint32_t refid, root_delay, root_dispersion;
    struct ntp_time reference;
};

struct time_page_content {
    struct time_page_lines lines;
    struct raw_time raw; /* at mono_ns */
    /* Readings of the clock that were made before this one by CLOCK_MONOTONIC are from before a
       step. */
    int64_t stepped_ns;
    struct clock_scale scale;
    struct reference_view reference;
    struct smoothing_view smoothing;
    int precision_log;
    double quantum;
    bool leap_is_slewed;
    bool add_net_correction;
    struct ntp_mono_scale mono;
};

/* Nanoseconds of an instant; of one that is out of range the limit. */
int64_t time_page_ns(struct instant t);

/* A page without contents; readers find it out of date. */
void time_page_init(struct time_page *page);
/* Replaces the contents. Only one thread of one process may write. What it does next, as a step of
   the clock, no reader sees without the new contents. */
void time_page_write(struct time_page *page, const struct time_page_content *content);
/* The contents are out of date from now on, for good. */
void time_page_close(struct time_page *page);

/* False: there are none, or they make no sense. The number of tries is bounded. */
bool time_page_read_content(const struct time_page *page, struct time_page_content *content);

/*
 * Time and reference data for packets at a raw time, the same as the main process would use. mono
 * is a reading of CLOCK_MONOTONIC that was made just before the raw time was read. False: the page
 * is of no use at this time, and *time is that of a clock that is not synchronised.
 */
bool time_page_read(const struct time_page *page, struct mono_time mono, struct raw_time raw,
                    struct transmit_time *time);
/* The same from contents that hold at this time. */
struct transmit_time time_page_time_at(const struct time_page_content *content,
                                       struct raw_time raw);

/* Whether the clock is being stepped, or was since this reading of CLOCK_MONOTONIC. Who has used
   raw times since then asks before they are sent to others. */
bool time_page_stepped_since(const struct time_page *page, struct mono_time mono);

#endif

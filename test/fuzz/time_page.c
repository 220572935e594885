/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A time page that somebody else has written, as a server worker and as a program read it. Input:
 * an octet, whose lowest bit makes the header a valid one, readings of both clocks in nanoseconds
 * (16 octets), and the page.
 */
#include <string.h>
#include "examples/clock_now.h"
#include "ntp/server/time_page.h"
#include "test/fuzz/support.h"

#define NS    1000000000
#define START 17 /* of the page in the input */

static struct instant reading(const uint8_t *data)
{
    int64_t ns;

    memcpy(&ns, data, sizeof(ns));
    return instant_make(ns / NS, ns % NS);
}

static void read_as_worker(const struct time_page *page, const uint8_t *data)
{
    struct raw_time raw = {reading(data + 9)};
    struct mono_time mono = {reading(data + 1)};
    struct ntp_header header = {0};
    struct transmit_time time;

    bool valid = time_page_read(page, mono, raw, &time);
    assert(valid || (!time.reference.synchronised && time.reference.leap == LEAP_UNSYNC));
    assert(time.reference.leap >= LEAP_NORMAL && time.reference.leap <= LEAP_UNSYNC);
    assert(time.precision_log >= -30 && time.precision_log <= 0);
    assert(time.event_time.i.nsec >= 0 && time.event_time.i.nsec < NS);
    transmit_reference(&time, NTP_MODE_SERVER, true, &header);
    assert(header.leap <= LEAP_UNSYNC);
}

static void read_as_program(const struct time_page *page, const uint8_t *data)
{
    struct clock_now_result now;
    int64_t fields[9], mono;

    memcpy(&mono, data + 1, sizeof(mono));
    for (int i = 0; i < 9; i++)
        fields[i] = clock_now_field(page, page->sequence, i);
    if (clock_now_at(fields, mono, &now) == CLOCK_NOW_SYNCHRONISED)
        assert(now.earliest <= now.latest);
    if (clock_now(page, &now) == CLOCK_NOW_SYNCHRONISED)
        assert(now.earliest <= now.latest);
    else
        assert(now.earliest == INT64_MIN && now.latest == INT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct time_page page;

    if (size < START)
        return 0;
    size_t length = size - START < sizeof(page) ? size - START : sizeof(page);
    memset(&page, 0, sizeof(page));
    memcpy(&page, data + START, length);
    if (data[0] & 1) {
        atomic_store(&page.magic, TIME_PAGE_MAGIC);
        atomic_store(&page.version, TIME_PAGE_VERSION);
    }
    read_as_worker(&page, data);
    read_as_program(&page, data);
    return 0;
}

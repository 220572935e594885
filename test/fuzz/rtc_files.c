/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of the real-time clock: coefficients (rtcfile), and what hwclock writes.
 */
#include <math.h>
#include "chronyd/rtc/rtc_device.h"
#include "chronyd/rtc/rtc_file.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[] = "/etc/adjtime";
    struct rtc_conf conf = {.hwclock_file = name};
    struct fuzz_world fuzz;

    fuzz_world_init(&fuzz, data, size);
    struct rtc_coefficients c = rtc_file_read(&fuzz.world, "/rtc");
    assert(isfinite(c.offset) && isfinite(c.rate));
    (void)rtc_is_on_utc(&fuzz.world, &conf);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that stands for the kernel's clock (fake_clock.c), as tests read it.
 */
#ifndef TEST_SYSTEM_FAKE_CLOCK_H
#define TEST_SYSTEM_FAKE_CLOCK_H

#include <stdint.h>

struct fake_clock {
    int64_t stepped; /* ns, by all steps */
    int64_t steps;
    int64_t tick, freq; /* as in struct timex */
    int64_t calls;      /* that changed something */
    int64_t denied;     /* that a process without the capability made */
    int32_t status, tai;

    /* How it goes on, for its processes: since the raw monotonic time `anchor` at the rate of tick
       and freq. All in ns. */
    _Atomic uint32_t changes; /* odd: one is being made */
    int64_t anchor, elapsed;
    int64_t real_start, mono_start;
};

#endif

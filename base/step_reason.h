/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why the clock is stepped. The guard of the clock has other limits for each.
 */
#ifndef BASE_STEP_REASON_H
#define BASE_STEP_REASON_H

enum step_reason {
    STEP_UPDATE,  /* makestep of the configuration asks for it at this update */
    STEP_COMMAND, /* a command: makestep, or an update at which only that command allows steps */
    STEP_RTC,     /* option -s: to the time of the RTC or of the drift file */
    STEP_INITIAL, /* initstepslew, or option -q */
    STEP_LEAP,    /* a leap second, with leapsecmode step */
};
#define STEP_REASONS (STEP_LEAP + 1)

#endif

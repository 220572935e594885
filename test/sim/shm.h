/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulated receiver in shared memory, for the simulator and for virtual_time.c.
 */
#ifndef TEST_SIM_SHM_H
#define TEST_SIM_SHM_H

#include <stdint.h>
#include <time.h>

/* When it writes in each second, in ns: not long before the polls of a daemon that was started at
   0. */
#define SIM_SAMPLE_PHASE INT64_C(990000000)

/* As the daemon and gpsd have it (system.md 3.2). */
struct sim_shm_segment {
    int mode, count;
    time_t clock_sec;
    int clock_usec;
    time_t receive_sec;
    int receive_usec, leap, precision, nsamples, valid;
    unsigned int clock_nsec, receive_nsec;
    int unused[8];
};

/* A sample: time of the system when the receiver showed a time, both as seconds and nanoseconds. */
static inline void sim_shm_write(struct sim_shm_segment *shm, int64_t system_sec,
                                 int32_t system_nsec, int64_t shown_sec, int32_t shown_nsec)
{
    *shm = (struct sim_shm_segment){
        .mode = 1,
        .count = shm->count + 2,
        .clock_sec = shown_sec,
        .clock_usec = shown_nsec / 1000,
        .clock_nsec = (unsigned int)shown_nsec,
        .receive_sec = system_sec,
        .receive_usec = system_nsec / 1000,
        .receive_nsec = (unsigned int)system_nsec,
        .valid = 1,
    };
}

#endif

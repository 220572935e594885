/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated clock devices for the world of clock.h: a shared memory segment, a PPS device,
 * PTP clocks, a real-time clock, and one Unix socket. Tests set what they show and make them fail.
 */
#ifndef TEST_UNIT_SUPPORT_DEVICES_H
#define TEST_UNIT_SUPPORT_DEVICES_H

#include "base/device.h"
#include "test/unit/support/clock.h"

#define DEVICE_EVENTS 8

struct fake_devices {
    struct world_ops ops; /* those of the clock world, with devices */
    struct clock_world *w;
    int opened, closed;

    uint8_t shm[96];
    volatile void *shm_place; /* another place for it, or NULL */
    const char *shm_failure;  /* name of the call */
    uint32_t shm_owner;
    int shm_key, shm_mode;
    size_t shm_size;
    bool shm_attached;

    bool open_failing;          /* no device can be opened */
    bool opened_writable;       /* the last one */
    enum pps_result pps_result; /* of the start */
    bool pps_clear, pps_failing;
    uint32_t pps_sequence;
    struct raw_time pps_time;

    double phc_offset; /* to the raw clock, seconds */
    double phc_delay;  /* of a reading */
    bool phc_failing;
    int phc_reads;
    struct phc_event phc_events[DEVICE_EVENTS]; /* each is read once */
    int phc_event_count;
    int phc_event_fd; /* readable while there are events */
    int phc_enabled;  /* external timestamps on minus off */
    bool phc_no_cross, phc_no_index;
    struct phc_extts phc_extts; /* the last one */

    double rtc_offset; /* to the elapsed time since the start of the world; and what it gains */
    double rtc_rate;
    int64_t rtc_start; /* its seconds at the start */
    bool rtc_no_interrupts, rtc_failing, rtc_interrupts, rtc_event_failing;
    bool rtc_stopped; /* no interrupts come, even if they are on */
    bool rtc_utc;
    int rtc_sets;
    int rtc_ticks_between; /* so many readings are followed by the next second at once */
    int rtc_fd;
    uint32_t noise;

    int64_t drift_file_time; /* modification of every file; 0: there is none */

    char socket_path[256]; /* of the last one */
    int sockets, sockets_closed;
    int datagram_socket; /* number of the one that the datagram is for */
    uint8_t datagram[64];
    size_t datagram_length; /* 0: none is waiting */
};

/* Gives the world the devices; the struct must live as long. */
void fake_devices_install(struct fake_devices *devices, struct clock_world *w);

/* The RTC's time now, seconds since 1970. */
double fake_rtc_time(const struct fake_devices *devices);

#endif

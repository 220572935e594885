/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock devices: shared memory, PPS, PTP hardware clocks and real-time clocks, as the daemon sees
 * them. One table of functions that belongs to a world: chronyd/os/ implements it on Linux, a
 * simulator and tests give devices of their own. Reference clocks, the RTC and packet timestamping
 * reach devices in no other way.
 *
 * Functions return false, -1 or NULL on failure and leave the reason in errno. Descriptors are
 * those of the world: the event loop can wait for them.
 */
#ifndef BASE_DEVICE_H
#define BASE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/instant.h"

/* A reading of a PTP hardware clock between two readings of the system clock. */
struct phc_reading {
    struct raw_time before;
    struct hardware_time time;
    struct raw_time after;
};

#define PHC_MAX_READINGS 25

/* How a clock is read: the first method that works is kept (system.md 4.2). */
enum phc_method { PHC_UNKNOWN, PHC_BASIC, PHC_PRECISE, PHC_EXTENDED };

struct phc_event {
    struct hardware_time time;
    int channel;
};

/* External timestamps; pin < 0: it has a fixed function. */
struct phc_extts {
    int pin;
    int channel;
    bool falling; /* edge */
};

enum pps_result {
    PPS_OK,
    PPS_CREATE_FAILED,
    PPS_GETCAP_FAILED,
    PPS_GETPARAMS_FAILED,
    PPS_NO_EDGE,
    PPS_SETPARAMS_FAILED,
};

enum rtc_event { RTC_EVENT_FAILED, RTC_EVENT_OTHER, RTC_EVENT_UPDATE };

#define DEVICE_OWN_USER UINT32_MAX

struct device_ops {
    /* System V shared memory, created with these permissions if it does not exist. *call: name of
       the function that failed. *owner: user ID of its creator, DEVICE_OWN_USER if that is this
       process. */
    volatile void *(*shm_attach)(void *ctx, int key, size_t size, int mode, const char **call,
                                 uint32_t *owner);
    void (*shm_detach)(void *ctx, volatile void *segment);

    /* Any device by its path, close-on-exec. */
    int (*open)(void *ctx, const char *path, bool writable);
    void (*close)(void *ctx, int fd);

    /* PPS: switches the capture of one edge on; reads the last pulse, whose sequence number is 0
       before the first one. */
    enum pps_result (*pps_start)(void *ctx, int fd, bool clear);
    bool (*pps_fetch)(void *ctx, int fd, bool clear, uint32_t *sequence, struct raw_time *time);

    /* PTP clock: opens it by path or name of an interface (-1 with errno); tells its index; reads
       it (number of readings, 0: none). method starts as PHC_UNKNOWN and belongs to the
       descriptor. */
    int (*phc_open)(void *ctx, const char *name, bool writable);
    bool (*phc_index)(void *ctx, int fd, int *index);
    int (*phc_read)(void *ctx, int fd, bool no_cross, enum phc_method *method,
                    struct phc_reading *readings, int max);
    bool (*phc_extts_enable)(void *ctx, int fd, const struct phc_extts *extts, bool enable);
    /* One event, without waiting. */
    bool (*phc_extts_read)(void *ctx, int fd, struct phc_event *event);

    /* RTC: switches update interrupts on or off; tells which interrupt made the descriptor
       readable; reads and sets the time in seconds since 1970 (utc: it keeps UTC, else local
       time). */
    bool (*rtc_interrupts)(void *ctx, int fd, bool on);
    enum rtc_event (*rtc_event)(void *ctx, int fd);
    bool (*rtc_get)(void *ctx, int fd, bool utc, int64_t *seconds);
    bool (*rtc_set)(void *ctx, int fd, bool utc, int64_t seconds);
};

#endif

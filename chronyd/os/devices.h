/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock devices of the Linux world: the functions of its struct device_ops, for the files that make
 * the table up. Nothing outside chronyd/os/ and its tests includes this.
 */
#ifndef CHRONYD_OS_DEVICES_H
#define CHRONYD_OS_DEVICES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "base/device.h"

extern const struct device_ops linux_devices;

/* devices.c */
int linux_device_open(void *ctx, const char *path, bool writable);

/* phc_linux.c */
int linux_phc_open(void *ctx, const char *name, bool writable);
bool linux_phc_index(void *ctx, int fd, int *index);
int linux_phc_read(void *ctx, int fd, bool no_cross, enum phc_method *method,
                   struct phc_reading *readings, int max);
bool linux_phc_extts_enable(void *ctx, int fd, const struct phc_extts *extts, bool enable);
bool linux_phc_extts_read(void *ctx, int fd, struct phc_event *event);

/* rtc_linux.c */
bool linux_rtc_interrupts(void *ctx, int fd, bool on);
enum rtc_event linux_rtc_event(void *ctx, int fd);
bool linux_rtc_get(void *ctx, int fd, bool utc, int64_t *seconds);
bool linux_rtc_set(void *ctx, int fd, bool utc, int64_t seconds);
/* Broken-down RTC time to seconds, independent of the time zone and of daylight saving rules. */
int64_t rtc_linux_seconds(const struct tm *rtc, bool utc);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTP hardware clocks of Linux (system.md 4): opening by path or through an interface, readings by
 * the best method that works, external timestamps. Part of the table of devices.
 */
#include "config.h"

#if defined(FEAT_PHC) || defined(HAVE_LINUX_TIMESTAMPING)

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/devices.h"
#include "chronyd/os/linux_internal.h"

_Static_assert(PTP_MAX_SAMPLES >= PHC_MAX_READINGS, "structures hold the readings");

/* Checks that the descriptor is a PTP clock. If not, closes it and returns -1 with errno. */
static int check_clock(int fd)
{
    struct ptp_clock_caps capabilities;

    if (fd < 0)
        return -1;
    if (ioctl(fd, PTP_CLOCK_GETCAPS, &capabilities) == 0)
        return fd;
    int error = errno;
    LOG_DEBUG("ioctl(%s) failed : %s", "PTP_CLOCK_GETCAPS", text_errno(error));
    close(fd);
    errno = error;
    return -1;
}

/* Index of the clock of a network interface, or -1 with errno. */
static int interface_index(struct linux_world *w, const char *interface)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
    struct ifreq request = {0};

    errno = ENODEV;
    if (!text_copy(request.ifr_name, sizeof(request.ifr_name), interface))
        return -1;
    int fd = sockets_create_probe(w);
    if (fd < 0)
        return -1;
    request.ifr_data = (char *)&info;
    int result = ioctl(fd, SIOCETHTOOL, &request);
    int error = errno;
    close(fd);
    errno = error;
    if (result < 0) {
        LOG_DEBUG("ioctl(%s) failed : %s", "SIOCETHTOOL", text_errno(errno));
        return -1;
    }
    errno = EOPNOTSUPP;
    if (info.phc_index < 0)
        LOG_DEBUG("PHC missing on %s", interface);
    return info.phc_index;
#else
    errno = EOPNOTSUPP;
    return -1;
#endif
}

static int open_of_interface(struct linux_world *w, const char *interface, bool writable)
{
    int index = interface_index(w, interface);
    char path[64];

    if (index < 0)
        return -1;
    snprintf(path, sizeof(path), "/dev/ptp%d", index);
    return check_clock(linux_device_open(w, path, writable));
}

/* If the path is no clock, it is tried as the name of an interface, which may contain a slash. If
   both fail and it looks like a path, errno is that of opening the path. */
int linux_phc_open(void *ctx, const char *name, bool writable)
{
    int fd = -1, error = 0;

    if (name[0] == '/') {
        fd = check_clock(linux_device_open(ctx, name, writable));
        error = errno;
    }
    if (fd < 0)
        fd = open_of_interface(ctx, name, writable);
    if (fd < 0 && error != 0)
        errno = error;
    return fd;
}

bool linux_phc_index(void *ctx, int fd, int *index)
{
    struct stat st;

    errno = ENODEV;
    if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode))
        return false;
    *index = (int)minor(st.st_rdev);
    return true;
}

/* ---- Readings ---- */

static struct instant to_instant(const struct ptp_clock_time *t)
{
    return instant_make(t->sec, t->nsec);
}

static bool request(int fd, unsigned long number, const char *name, void *data)
{
    if (ioctl(fd, number, data) == 0)
        return true;
    LOG_DEBUG("ioctl(%s) failed : %s", name, text_errno(errno));
    return false;
}

static int read_precise(int fd, struct phc_reading *readings)
{
#ifdef PTP_SYS_OFFSET_PRECISE
    struct ptp_sys_offset_precise offset;

    memset(&offset, 0, sizeof(offset));
    if (!request(fd, PTP_SYS_OFFSET_PRECISE, "PTP_SYS_OFFSET_PRECISE", &offset))
        return 0;
    readings[0].before.i = readings[0].after.i = to_instant(&offset.sys_realtime);
    readings[0].time.i = to_instant(&offset.device);
    return 1;
#else
    return 0;
#endif
}

static int read_extended(int fd, struct phc_reading *readings, int count)
{
#ifdef PTP_SYS_OFFSET_EXTENDED
    struct ptp_sys_offset_extended offset;

    memset(&offset, 0, sizeof(offset));
    offset.n_samples = (unsigned int)count;
    if (!request(fd, PTP_SYS_OFFSET_EXTENDED, "PTP_SYS_OFFSET_EXTENDED", &offset))
        return 0;
    for (int i = 0; i < count; i++) {
        readings[i].before.i = to_instant(&offset.ts[i][0]);
        readings[i].time.i = to_instant(&offset.ts[i][1]);
        readings[i].after.i = to_instant(&offset.ts[i][2]);
    }
    return count;
#else
    return 0;
#endif
}

static int read_basic(int fd, struct phc_reading *readings, int count)
{
    struct ptp_sys_offset offset;

    memset(&offset, 0, sizeof(offset));
    offset.n_samples = (unsigned int)count;
    if (!request(fd, PTP_SYS_OFFSET, "PTP_SYS_OFFSET", &offset))
        return 0;
    for (int i = 0; i < count; i++) {
        readings[i].before.i = to_instant(&offset.ts[2 * i]);
        readings[i].time.i = to_instant(&offset.ts[2 * i + 1]);
        readings[i].after.i = to_instant(&offset.ts[2 * i + 2]);
    }
    return count;
}

int linux_phc_read(void *ctx, int fd, bool no_cross, enum phc_method *method,
                   struct phc_reading *readings, int max)
{
    int count = max < PHC_MAX_READINGS ? max : PHC_MAX_READINGS, read = 0;
    bool any = *method == PHC_UNKNOWN;

    if ((any && !no_cross) || *method == PHC_PRECISE) {
        read = read_precise(fd, readings);
        if (read > 0)
            *method = PHC_PRECISE;
    }
    if (read == 0 && (any || *method == PHC_EXTENDED)) {
        read = read_extended(fd, readings, count);
        if (read > 0)
            *method = PHC_EXTENDED;
    }
    if (read == 0 && (any || *method == PHC_BASIC)) {
        read = read_basic(fd, readings, count);
        if (read > 0)
            *method = PHC_BASIC;
    }
    return read;
}

/* ---- External timestamps ---- */

static bool set_pin(int fd, const struct phc_extts *extts, bool enable)
{
#ifdef PTP_PIN_SETFUNC
    struct ptp_pin_desc pin;

    memset(&pin, 0, sizeof(pin));
    pin.index = (unsigned int)extts->pin;
    pin.func = enable ? PTP_PF_EXTTS : PTP_PF_NONE;
    pin.chan = (unsigned int)extts->channel;
    return request(fd, PTP_PIN_SETFUNC, "PTP_PIN_SETFUNC", &pin);
#else
    return false;
#endif
}

/* Limits the events of this descriptor to its channel. Older kernels do not support it. */
static void set_mask(int fd, int channel)
{
#ifdef PTP_MASK_EN_SINGLE
    if (ioctl(fd, PTP_MASK_CLEAR_ALL) == 0)
        (void)!ioctl(fd, PTP_MASK_EN_SINGLE, &channel);
#else
#endif
}

bool linux_phc_extts_enable(void *ctx, int fd, const struct phc_extts *extts, bool enable)
{
    struct ptp_extts_request r;

    if (extts->pin >= 0 && !set_pin(fd, extts, enable))
        return false;
    memset(&r, 0, sizeof(r));
    r.index = (unsigned int)extts->channel;
    if (enable)
        r.flags = PTP_ENABLE_FEATURE | (extts->falling ? PTP_FALLING_EDGE : PTP_RISING_EDGE);
    if (!request(fd, PTP_EXTTS_REQUEST, "PTP_EXTTS_REQUEST", &r))
        return false;
    if (enable)
        set_mask(fd, extts->channel);
    return true;
}

bool linux_phc_extts_read(void *ctx, int fd, struct phc_event *event)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    struct ptp_extts_event data;

    /* These devices have no non-blocking mode. */
    if (poll(&pollfd, 1, 0) != 1 || pollfd.revents != POLLIN) {
        LOG_DEBUG("Missing PHC extts event");
        return false;
    }
    if (read(fd, &data, sizeof(data)) != (ssize_t)sizeof(data)) {
        LOG_DEBUG("Could not read PHC extts event");
        return false;
    }
    event->time.i = to_instant(&data.t);
    event->channel = (int)data.index;
    return true;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock devices of the Linux world: opening and closing, shared memory, PPS (system.md 3.1, 3.2).
 * PTP clocks are in phc_linux.c, real-time clocks in rtc_linux.c. Reached only through the table.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>
#include "chronyd/os/devices.h"
#ifdef FEAT_PPS
#include <linux/pps.h>
#endif

int linux_device_open(void *ctx, const char *path, bool writable)
{
    /* O_NONBLOCK: a file that is not the expected device must not block the caller. */
    return open(path, (writable ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void linux_device_close(void *ctx, int fd)
{
    close(fd);
}

/* Reads the kernel's list, because shmctl() is not in the libc surface (system.md 20). */
static uint32_t segment_owner(int key)
{
    FILE *file = fopen("/proc/sysvipc/shm", "re");
    uint32_t owner = DEVICE_OWN_USER;
    char line[512];

    if (!file)
        return owner;
    while (fgets(line, sizeof(line), file)) {
        unsigned int uid;
        int found;

        /* key shmid perms size cpid lpid nattch uid */
        if (sscanf(line, "%d %*s %*s %*s %*s %*s %*s %u", &found, &uid) == 2 && found == key &&
            uid != geteuid())
            owner = uid;
    }
    fclose(file);
    return owner;
}

static volatile void *linux_shm_attach(void *ctx, int key, size_t size, int mode, const char **call,
                                       uint32_t *owner)
{
    int id = shmget((key_t)key, size, IPC_CREAT | mode);

    *call = "shmget";
    if (id < 0)
        return NULL;
    *owner = segment_owner(key);
    *call = "shmat";
    void *segment = shmat(id, NULL, 0);
    /* shmat() gives (void *)-1 when it fails. */
    return (intptr_t)segment == -1 ? NULL : segment;
}

static void linux_shm_detach(void *ctx, volatile void *segment)
{
    shmdt((const void *)segment);
}

#ifdef FEAT_PPS

static enum pps_result linux_pps_start(void *ctx, int fd, bool clear)
{
    const int edges = PPS_CAPTUREASSERT | PPS_CAPTURECLEAR;
    const int edge = clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT;
    struct pps_kparams params;
    int capabilities;

    /* Checks that it is a PPS device, with the error of time_pps_create() in <timepps.h>. */
    if (ioctl(fd, PPS_GETPARAMS, &params) < 0) {
        errno = EOPNOTSUPP;
        return PPS_CREATE_FAILED;
    }
    if (ioctl(fd, PPS_GETCAP, &capabilities) < 0)
        return PPS_GETCAP_FAILED;
    if (ioctl(fd, PPS_GETPARAMS, &params) < 0)
        return PPS_GETPARAMS_FAILED;
    if ((capabilities & edge) == 0)
        return PPS_NO_EDGE;
    params.mode = (params.mode & ~edges) | edge;
    if (ioctl(fd, PPS_SETPARAMS, &params) < 0)
        return PPS_SETPARAMS_FAILED;
    return PPS_OK;
}

static bool linux_pps_fetch(void *ctx, int fd, bool clear, uint32_t *sequence,
                            struct raw_time *time)
{
    struct pps_fdata data;

    memset(&data, 0, sizeof(data));
    /* A timeout of 0 means not to wait. (The flag "invalid" would mean to wait without limit.) */
    if (ioctl(fd, PPS_FETCH, &data) < 0)
        return false;
    const struct pps_ktime *t = clear ? &data.info.clear_tu : &data.info.assert_tu;
    *sequence = clear ? data.info.clear_sequence : data.info.assert_sequence;
    time->i = instant_make(t->sec, t->nsec);
    return true;
}

#endif

const struct device_ops linux_devices = {
    .shm_attach = linux_shm_attach,
    .shm_detach = linux_shm_detach,
    .open = linux_device_open,
    .close = linux_device_close,
#ifdef FEAT_PPS
    .pps_start = linux_pps_start,
    .pps_fetch = linux_pps_fetch,
#endif
#if defined(FEAT_PHC) || defined(HAVE_LINUX_TIMESTAMPING)
    .phc_open = linux_phc_open,
    .phc_index = linux_phc_index,
    .phc_read = linux_phc_read,
    .phc_extts_enable = linux_phc_extts_enable,
    .phc_extts_read = linux_phc_extts_read,
#endif
#ifdef FEAT_RTC
    .rtc_interrupts = linux_rtc_interrupts,
    .rtc_event = linux_rtc_event,
    .rtc_get = linux_rtc_get,
    .rtc_set = linux_rtc_set,
#endif
};

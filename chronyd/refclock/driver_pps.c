/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PPS driver (system.md 3.1): asks the kernel for the last pulse at each poll.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"

struct pps {
    int fd;
    bool clear; /* falling edges */
    bool failing;
    uint32_t sequence; /* of the last pulse */
};

/* False after refclock_open_failed(). */
static bool start_capture(struct refclock *clock, const struct pps *pps)
{
    const char *path = clock->parameter, *call = "time_pps_create";

    switch (refclock_devices(clock)->pps_start(refclock_world(clock)->ctx, pps->fd, pps->clear)) {
    case PPS_OK:
        return true;
    case PPS_NO_EDGE:
        refclock_open_failed(clock, "%s not supported on %s",
                             pps->clear ? "CAPTURECLEAR" : "CAPTUREASSERT", path);
        return false;
    case PPS_CREATE_FAILED:
        break;
    case PPS_GETCAP_FAILED:
        call = "time_pps_getcap";
        break;
    case PPS_GETPARAMS_FAILED:
        call = "time_pps_getparams";
        break;
    case PPS_SETPARAMS_FAILED:
        call = "time_pps_setparams";
        break;
    }
    refclock_open_failed(clock, "%s() failed on %s : %s", call, path, text_errno(errno));
    return false;
}

static bool pps_open(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);

    if (!devices || !devices->pps_start)
        return false;
    struct pps *pps = mem_alloc(sizeof(*pps));
    pps->clear = refclock_option(clock, "clear") != NULL;
    pps->fd = devices->open(world->ctx, clock->parameter, true);
    if (pps->fd < 0) {
        refclock_open_failed(clock, "Could not open %s : %s", clock->parameter, text_errno(errno));
        free(pps);
        return false;
    }
    if (!start_capture(clock, pps)) {
        devices->close(world->ctx, pps->fd);
        free(pps);
        return false;
    }
    clock->data = pps;
    return true;
}

/* A device that was unplugged and came back has to be opened again. */
static void reopen(const struct refclock *clock, struct pps *pps)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);
    int fd = devices->open(world->ctx, clock->parameter, true);

    if (fd < 0)
        return;
    if (devices->pps_start(world->ctx, fd, pps->clear) != PPS_OK) {
        devices->close(world->ctx, fd);
        return;
    }
    devices->close(world->ctx, pps->fd);
    pps->fd = fd;
}

static void pps_poll(struct refclock *clock)
{
    const struct device_ops *devices = refclock_devices(clock);
    struct pps *pps = clock->data;
    struct raw_time time;
    uint32_t sequence;

    if (!devices->pps_fetch(refclock_world(clock)->ctx, pps->fd, pps->clear, &sequence, &time)) {
        if (!pps->failing)
            LOG_ERROR("time_pps_fetch() failed : %s", text_errno(errno));
        pps->failing = true;
        reopen(clock, pps);
        return;
    }
    pps->failing = false;
    if (sequence == pps->sequence || raw_is_zero(time)) {
        LOG_DEBUG("PPS sample ignored seq=%lu ts=%lld.%09d", (unsigned long)sequence,
                  (long long)time.i.sec, time.i.nsec);
        return;
    }
    pps->sequence = sequence;
    refclock_add_pulse(clock, time, 1e-9 * time.i.nsec, 1);
}

static void pps_close(struct refclock *clock)
{
    struct pps *pps = clock->data;

    refclock_devices(clock)->close(refclock_world(clock)->ctx, pps->fd);
    free(pps);
}

static const char *const options[] = {"clear", NULL};

const struct refclock_driver refclock_pps_driver = {
    .name = "PPS",
    .options = options,
    .open = pps_open,
    .poll = pps_poll,
    .close = pps_close,
};

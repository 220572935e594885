/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PHC driver (system.md 3.4): readings of a PTP hardware clock, or the pulses that it timestamps on
 * one of its pins (extpps), converted by the mapping that the readings give.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"
#include "clock/hardware_clock.h"
#include "base/sync_status.h"

#define MAX_SAMPLES 16

struct phc {
    int fd;
    int index; /* of the clock in the system */
    bool no_cross;
    enum phc_method method;
    struct hardware_clock *mapping;

    bool external; /* pulses, not readings */
    struct phc_extts extts;
    struct hardware_time last_pulse;
};

/* ---- Pulses ---- */

static void add_pulse(struct refclock *clock, struct phc *phc, struct hardware_time time)
{
    struct cooked_pulse pulse = {.quality = 1};

    if (instant_compare(time.i, phc->last_pulse.i) == 0) {
        LOG_DEBUG("Ignoring duplicated PHC timestamp");
        return;
    }
    phc->last_pulse = time;
    if (!hardware_clock_cook(phc->mapping, time, &pulse.time, &pulse.dispersion))
        return;
    pulse.second = 1e-9 * pulse.time.i.nsec;
    pulse.raw_correction = instant_diff(time.i, pulse.time.i);
    refclock_add_cooked_pulse(clock, &pulse);
}

/* Older kernels give an event to one descriptor only, so it is passed to each clock of the
   channel. */
static void on_event(int fd, unsigned int events, void *arg)
{
    struct refclock *clock = arg;
    const struct phc *phc = clock->data;
    struct phc_event event;

    if (!refclock_devices(clock)->phc_extts_read(refclock_world(clock)->ctx, fd, &event))
        return;
    for (int i = 0; i < clock->set->count; i++) {
        struct refclock *other = clock->set->clocks[i];
        struct phc *other_phc = other->data;

        if (other->driver == clock->driver && other_phc && other_phc->external &&
            other_phc->index == phc->index && other_phc->extts.channel == event.channel)
            add_pulse(other, other_phc, event.time);
    }
}

/* False with errno. */
static bool start_external(struct refclock *clock, struct phc *phc)
{
    phc->external = true;
    phc->extts.pin = refclock_int_option(clock, "pin", 0);
    phc->extts.channel = refclock_int_option(clock, "channel", 0);
    phc->extts.falling = refclock_option(clock, "clear") != NULL;
    if (!refclock_devices(clock)->phc_extts_enable(refclock_world(clock)->ctx, phc->fd, &phc->extts,
                                                   true))
        return false;
    loop_fd_add(clock->set->env.loop, phc->fd, WORLD_READ, on_event, clock);
    return true;
}

/* ---- The driver ---- */

static bool phc_open_clock(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);
    bool external = refclock_option(clock, "extpps") != NULL;
    struct hardware_clock_params params = {
        .max_samples = MAX_SAMPLES,
        .min_separation = log2_to_seconds(clock->driver_poll),
        .precision = clock->precision,
    };

    if (!devices || !devices->phc_open)
        return false;
    struct phc *phc = mem_alloc(sizeof(*phc));
    phc->no_cross = refclock_option(clock, "nocrossts") != NULL;
    phc->fd = devices->phc_open(world->ctx, clock->parameter, external);
    if (phc->fd < 0)
        refclock_open_failed(clock, "Could not open PHC (of) %s : %s", clock->parameter,
                             text_errno(errno));
    else if (!devices->phc_index(world->ctx, phc->fd, &phc->index))
        refclock_open_failed(clock, "Could not get PHC index of %s : %s", clock->parameter,
                             text_errno(errno));
    else if (external && !start_external(clock, phc))
        refclock_open_failed(clock, "Could not enable external PHC timestamping on %s : %s",
                             clock->parameter, text_errno(errno));
    if (clock->failure) {
        if (phc->fd >= 0)
            devices->close(world->ctx, phc->fd);
        free(phc);
        return false;
    }
    phc->mapping = hardware_clock_new(world, clock->set->env.clock, &params);
    clock->data = phc;
    return true;
}

/* A device that was unplugged and came back has to be opened again. One of an interface is opened
   by the interface's name, since its number may have changed. A device with external timestamps
   stays open. */
static void reopen(const struct refclock *clock, struct phc *phc)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);

    if (phc->external)
        return;
    int fd = clock->parameter[0] == '/' ? devices->open(world->ctx, clock->parameter, false)
                                        : devices->phc_open(world->ctx, clock->parameter, false);
    if (fd < 0)
        return;
    devices->close(world->ctx, phc->fd);
    phc->fd = fd;
    phc->method = PHC_UNKNOWN;
}

static void phc_poll(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    struct phc_reading readings[PHC_MAX_READINGS];
    struct hardware_sample sample;
    struct phc *phc = clock->data;
    int count = refclock_devices(clock)->phc_read(world->ctx, phc->fd, phc->no_cross, &phc->method,
                                                  readings, PHC_MAX_READINGS);
    double error;

    if (count < 1) {
        refclock_bad_input(clock, "the PHC cannot be read");
        reopen(clock, phc);
        return;
    }
    if (!hardware_clock_process(phc->mapping, readings, count, &sample))
        return;
    struct local_time local = local_clock_cook(clock->set->env.clock, sample.system, &error);
    if (sample.quality > 0)
        hardware_clock_add(phc->mapping, sample.hardware, local, sample.error + error);
    if (phc->external)
        return;
    LOG_DEBUG("PHC offset: %+.9f err: %.9f", instant_diff(sample.hardware.i, sample.system.i),
              sample.error);
    refclock_add_sample(clock, sample.system, sample.hardware.i, LEAP_NORMAL, sample.quality);
}

static void phc_clock_change(struct refclock *clock, const struct clock_change *change)
{
    struct phc *phc = clock->data;

    hardware_clock_change(phc->mapping, change);
}

static void phc_close(struct refclock *clock)
{
    const struct world *world = refclock_world(clock);
    const struct device_ops *devices = refclock_devices(clock);
    struct phc *phc = clock->data;

    if (phc->external) {
        loop_fd_remove(clock->set->env.loop, phc->fd);
        devices->phc_extts_enable(world->ctx, phc->fd, &phc->extts, false);
    }
    hardware_clock_free(phc->mapping);
    devices->close(world->ctx, phc->fd);
    free(phc);
}

static const char *const options[] = {"nocrossts", "extpps", "pin", "channel", "clear", NULL};

const struct refclock_driver refclock_phc_driver = {
    .name = "PHC",
    .options = options,
    .open = phc_open_clock,
    .poll = phc_poll,
    .clock_change = phc_clock_change,
    .close = phc_close,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks of network interfaces, see nic_clocks.h. A clock is read when a packet comes with its
 * timestamp and the last reading is old, and by a timer from then on.
 */
#include "clock/nic_clocks.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/device.h"
#include "base/log.h"
#include "base/nic.h"
#include "base/text.h"
#include "clock/hardware_clock.h"

#define MAX_TIMESTAMP_ERROR  1.0 /* seconds from the daemon's own timestamp */
#define DEFAULT_SPEED        1000
#define UDP_START_V4         42 /* octets of a frame before the data of UDP */
#define UDP_START_V6         62
#define FRAME_CHECK_SEQUENCE 4
#define POLL_RANDOMNESS      0.1
#define POLL_SEPARATION      0.25
#define MAX_FAILED_READINGS  4 /* in a row, until the mapping is too old to be trusted */

struct nic_clock {
    struct nic_clocks *set;
    char *name;
    int if_index;
    int fd; /* of the PTP clock */
    enum phc_method method;
    bool no_cross;
    int maxpoll;
    double tx_comp, rx_comp;
    struct hardware_clock *mapping;
    timer_id timer;
    int failed_readings;
    int speed; /* Mb/s, 0: unknown */
    size_t udp_start_v4, udp_start_v6;
};

struct nic_clocks {
    struct nic_clocks_env env;
    struct nic_clock **clocks;
    size_t count;
};

/* ---- Setting up ---- */

static enum nic_filter get_filter(enum hwts_rxfilter filter)
{
    switch (filter) {
    case HWTS_RXFILTER_ANY:
        break;
    case HWTS_RXFILTER_NONE:
        return NIC_FILTER_NONE;
    case HWTS_RXFILTER_NTP:
        return NIC_FILTER_NTP;
    case HWTS_RXFILTER_PTP:
        return NIC_FILTER_PTP;
    case HWTS_RXFILTER_ALL:
        return NIC_FILTER_ALL;
    }
    return NIC_FILTER_AUTO;
}

static bool is_added(const struct nic_clocks *nics, const char *name)
{
    for (size_t i = 0; i < nics->count; i++)
        if (strcmp(nics->clocks[i]->name, name) == 0)
            return true;
    return false;
}

static bool add_interface(struct nic_clocks *nics, const char *name,
                          const struct hwtimestamp_conf *conf)
{
    const struct world *world = nics->env.world;
    struct nic nic;

    if (is_added(nics, name))
        return true;
    if (!world->ops->nics->enable(world->ctx, name, get_filter(conf->rxfilter), &nic))
        return false;
    int fd = world->ops->devices->phc_open(world->ctx, name, false);
    if (fd < 0) {
        LOG_ERROR("Could not open PHC (of) %s : %s", name, text_errno(errno));
        return false;
    }

    struct nic_clock *clock = mem_alloc(sizeof(*clock));
    *clock = (struct nic_clock){
        .set = nics,
        .name = text_dup(name),
        .if_index = nic.if_index,
        .fd = fd,
        .no_cross = conf->nocrossts,
        .maxpoll = conf->maxpoll,
        .tx_comp = conf->tx_comp,
        .rx_comp = conf->rx_comp,
        .speed = DEFAULT_SPEED,
        .udp_start_v4 = UDP_START_V4,
        .udp_start_v6 = UDP_START_V6,
    };
    clock->mapping = hardware_clock_new(world, nics->env.clock,
                                        &(struct hardware_clock_params){
                                            .min_samples = conf->min_samples,
                                            .max_samples = conf->max_samples,
                                            .min_separation = log2_to_seconds(conf->minpoll),
                                            .precision = conf->precision,
                                        });
    nics->clocks = mem_resize(nics->clocks, nics->count + 1, sizeof(struct nic_clock *));
    nics->clocks[nics->count++] = clock;
    LOG_INFO("Enabled HW timestamping %son %s", nic.tx_only ? "(TX only) " : "", name);
    return true;
}

/* Adds the interfaces that support it. None is no error. */
static void add_all_interfaces(struct nic_clocks *nics, const struct hwtimestamp_conf *conf)
{
    const struct world *world = nics->env.world;
    char **names = world->ops->nics->list(world->ctx);

    for (size_t i = 0; names && names[i]; i++) {
        add_interface(nics, names[i], conf);
        free(names[i]);
    }
    free(names);
}

static bool is_wildcard(const struct hwtimestamp_conf *conf)
{
    return strcmp(conf->interface, "*") == 0;
}

static void set_up(struct nic_clocks *nics, const struct nic_clocks_conf *conf)
{
    const struct world_ops *ops = nics->env.world->ops;
    const struct hwtimestamp_conf *all = NULL;

    if (conf->count > 0 && (!ops->nics || !ops->devices || !ops->devices->phc_open))
        LOG_FATAL("HW timestamping not supported");

    for (size_t i = 0; i < conf->count; i++) {
        const struct hwtimestamp_conf *item = &conf->items[i];

        if (!is_wildcard(item) && !add_interface(nics, item->interface, item))
            LOG_FATAL("Could not enable HW timestamping on %s : %s", item->interface,
                      text_errno(errno));
        if (is_wildcard(item) && !all)
            all = item;
    }
    if (all)
        add_all_interfaces(nics, all);

    if (conf->max_tx_buffers > 0 &&
        (!ops->nics || !ops->nics->keep_sent(nics->env.world->ctx, conf->max_tx_buffers)))
        LOG_WARN("Transmit ID not supported");
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct nic_clocks *nics = arg;

    for (size_t i = 0; i < nics->count; i++)
        hardware_clock_change(nics->clocks[i]->mapping, change);
}

struct nic_clocks *nic_clocks_new(const struct nic_clocks_env *env,
                                  const struct nic_clocks_conf *conf)
{
    struct nic_clocks *nics = mem_alloc(sizeof(*nics));

    nics->env = *env;
    set_up(nics, conf);
    local_clock_add_handler(env->clock, CLOCK_HOLDER_INTERFACES, on_clock_change, nics);
    return nics;
}

void nic_clocks_free(struct nic_clocks *nics)
{
    if (!nics)
        return;
    local_clock_remove_handler(nics->env.clock, on_clock_change, nics);
    for (size_t i = 0; i < nics->count; i++) {
        struct nic_clock *clock = nics->clocks[i];

        loop_timer_cancel(nics->env.loop, clock->timer);
        nics->env.world->ops->devices->close(nics->env.world->ctx, clock->fd);
        hardware_clock_free(clock->mapping);
        free(clock->name);
        free(clock);
    }
    free(nics->clocks);
    free(nics);
}

bool nic_clocks_any(const struct nic_clocks *nics)
{
    return nics->count > 0;
}

/* ---- Following the clocks ---- */

static void update_speed(struct nic_clock *clock)
{
    const struct world *world = clock->set->env.world;
    int speed;

    if (!world->ops->nics->speed(world->ctx, clock->name, &speed) || speed == clock->speed)
        return;
    LOG_DEBUG("Updated speed of %s to %d Mb/s", clock->name, speed);
    clock->speed = speed;
}

static void use_readings(struct nic_clock *clock, const struct phc_reading *readings, int count)
{
    struct hardware_sample sample;
    double error;

    if (!hardware_clock_process(clock->mapping, readings, count, &sample))
        return;
    struct local_time local = local_clock_cook(clock->set->env.clock, sample.system, &error);
    if (sample.quality > 0)
        hardware_clock_add(clock->mapping, sample.hardware, local, sample.error + error);
    update_speed(clock);
}

static void count_failure(struct nic_clock *clock)
{
    if (clock->failed_readings < MAX_FAILED_READINGS &&
        ++clock->failed_readings == MAX_FAILED_READINGS)
        LOG_WARN("Could not read PHC of %s, its timestamps are not used", clock->name);
}

static void on_timer(void *arg);

/* Reads the clock if a sample is due, and restarts the timer: so a clock without traffic is
   followed, too, and those of several interfaces are read at different times. */
static void poll_clock(struct nic_clock *clock, struct local_time now)
{
    const struct nic_clocks_env *env = &clock->set->env;
    struct phc_reading readings[PHC_MAX_READINGS];
    double interval = log2_to_seconds(clock->maxpoll);

    if (!hardware_clock_needs_sample(clock->mapping, now))
        return;
    LOG_DEBUG("Polling PHC on %s%s", clock->name, clock->timer != 0 ? " before timeout" : "");
    int count = env->world->ops->devices->phc_read(env->world->ctx, clock->fd, clock->no_cross,
                                                   &clock->method, readings, PHC_MAX_READINGS);
    loop_timer_cancel(env->loop, clock->timer);
    clock->timer = loop_timer_add_class(env->loop, interval,
                                        interval * POLL_SEPARATION / (double)clock->set->count,
                                        POLL_RANDOMNESS, TIMER_CLASS_PHC_POLL, on_timer, clock);
    if (count < 1) {
        count_failure(clock);
        return;
    }
    clock->failed_readings = 0;
    use_readings(clock, readings, count);
}

static void on_timer(void *arg)
{
    struct nic_clock *clock = arg;

    clock->timer = 0;
    poll_clock(clock, local_clock_event_time(clock->set->env.clock, NULL));
}

/* ---- Timestamps ---- */

static struct nic_clock *find_clock(struct nic_clocks *nics, int if_index)
{
    for (size_t i = 0; i < nics->count; i++)
        if (nics->clocks[i]->if_index == if_index)
            return nics->clocks[i];
    return NULL;
}

/* Sent frames show where the UDP data begins in received frames. */
static void learn_udp_start(struct nic_clock *clock, const struct hardware_packet *packet)
{
    size_t frame = packet->frame_length > 0 ? (size_t)packet->frame_length : 0;

    if (!packet->sent || packet->length == 0 || frame < packet->length)
        return;
    if (packet->family == IP_V6)
        clock->udp_start_v6 = frame - packet->length;
    else
        clock->udp_start_v4 = frame - packet->length;
}

/* Seconds that a received packet took on the wire: a card takes the time at the start of the frame,
   NTP needs that of its end. */
static double wire_time(const struct nic_clock *clock, const struct hardware_packet *packet)
{
    double length;

    if (packet->sent || clock->speed <= 0)
        return 0.0;
    if (packet->frame_length > 0)
        length = packet->frame_length;
    else
        length = (double)(packet->length +
                          (packet->family == IP_V6 ? clock->udp_start_v6 : clock->udp_start_v4));
    return (length + FRAME_CHECK_SEQUENCE) / (clock->speed * 1e6 / 8.0);
}

bool nic_clocks_timestamp(struct nic_clocks *nics, const struct hardware_packet *packet,
                          struct local_timestamp *timestamp)
{
    struct nic_clock *clock = find_clock(nics, packet->if_index);
    struct hardware_time hardware = packet->time;
    struct local_time local;
    double error;

    if (!clock) {
        LOG_DEBUG("HW clock not found for interface %d", packet->if_index);
        return false;
    }
    poll_clock(clock, packet->known);
    learn_udp_start(clock, packet);
    double correction = wire_time(clock, packet);
    hardware.i = instant_add(hardware.i, correction);
    if (clock->failed_readings == MAX_FAILED_READINGS ||
        !hardware_clock_cook(clock->mapping, hardware, &local, &error))
        return false;
    local = local_add(local, packet->sent ? clock->tx_comp : -clock->rx_comp);
    if (!(fabs(local_diff(packet->known, local)) <= MAX_TIMESTAMP_ERROR)) {
        LOG_DEBUG("Unacceptable timestamp delay %.9f", local_diff(packet->known, local));
        return false;
    }
    *timestamp = (struct local_timestamp){
        .time = local,
        .error = error,
        .source = TIMESTAMP_HARDWARE,
        .wire_time = correction,
        .net_correction = correction,
    };
    return true;
}

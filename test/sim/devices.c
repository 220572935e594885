/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of devices.h. Their descriptors are places in the node's table of sockets, in whose
 * queue an empty datagram stands for an interrupt. What is timed by true time is an event of the
 * simulation.
 */
#include "test/sim/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include "base/device.h"
#include "base/text.h"
#include "test/sim/shm.h"

#define RTC_SET_PHASE 0.5

/* As the daemon and gpsd have it (system.md 3.3). */
struct sock_sample {
    struct timeval tv;
    double offset;
    int pulse, leap, pad, magic;
};

struct sim_devices {
    struct sim_node *node;
    struct sim_random random;
    struct sim_device state[SIM_DEVICES];
    bool off[SIM_DEVICES];
    int fd[SIM_DEVICES]; /* -1: not open */

    struct sim_shm_segment shm;
    uint32_t pps_sequence;
    struct raw_time pps_time;
    bool phc_pulses;                /* external timestamps are on */
    struct hardware_time phc_pulse; /* the last one */
    uint64_t rtc_serial;            /* of the interrupts that are on */
};

static bool is_there(const struct sim_devices *d, enum sim_device_kind kind)
{
    return d && d->state[kind].present && !d->off[kind];
}

/* What a device shows now, seconds since 1970. */
static struct instant shown_time(struct sim_devices *d, enum sim_device_kind kind)
{
    const struct sim_device *s = &d->state[kind];
    struct instant t = instant_make(d->node->sim->start, d->node->sim->now);

    return instant_add(t, s->offset + s->rate * 1e-9 * (double)d->node->sim->now +
                              s->jitter * sim_random_normal(&d->random) +
                              sim_device_sawtooth(s, d->node->sim->now));
}

static struct sim_devices *devices_of(void *ctx)
{
    return ((struct sim_node *)ctx)->devices;
}

static int open_place(struct sim_devices *d, enum sim_device_kind kind)
{
    if (!is_there(d, kind)) {
        errno = ENOENT;
        return -1;
    }
    return d->fd[kind] = sim_socket_allocate(d->node);
}

static int device_open(void *ctx, const char *path, bool writable)
{
    if (strcmp(path, "/dev/pps0") == 0)
        return open_place(devices_of(ctx), SIM_PPS);
    if (strcmp(path, "/dev/rtc") == 0)
        return open_place(devices_of(ctx), SIM_RTC);
    errno = ENOENT;
    return -1;
}

static void device_close(void *ctx, int fd)
{
    struct sim_devices *d = devices_of(ctx);

    for (int i = 0; i < SIM_DEVICES; i++)
        if (d->fd[i] == fd)
            d->fd[i] = -1;
    sim_socket_close(ctx, fd);
}

/* ---- Receivers ---- */

static volatile void *shm_attach(void *ctx, int key, size_t size, int mode, const char **call,
                                 uint32_t *owner)
{
    struct sim_devices *d = devices_of(ctx);

    *call = "shmget";
    *owner = DEVICE_OWN_USER;
    errno = ENOENT;
    return d && d->state[SIM_SHM].present && size == sizeof(d->shm) ? &d->shm : NULL;
}

static void shm_detach(void *ctx, volatile void *segment)
{
}

int sim_device_unix_open(void *ctx, const char *path)
{
    return open_place(devices_of(ctx), SIM_SOCK);
}

static void write_shm(struct sim_devices *d, struct raw_time raw, struct instant true_time)
{
    sim_shm_write(&d->shm, raw.i.sec, raw.i.nsec, true_time.sec, true_time.nsec);
    switch (d->state[SIM_SHM].fault) {
    case SIM_BAD_MODE:
        d->shm.mode = 7;
        break;
    case SIM_TORN:
        d->shm.count--;
        d->shm.valid = 0;
        break;
    case SIM_HUGE:
        d->shm.clock_sec = INT64_MAX;
        break;
    case SIM_NO_FIX:
        d->shm.leap = 3;
        break;
    default:
        break;
    }
}

/* A datagram for a descriptor, and the daemon's turn. */
static void deliver(struct sim_devices *d, int fd, const void *data, size_t length)
{
    struct ip_port nobody = {.port = 0};

    if (fd < 0 || !d->node->running)
        return;
    sim_queue_put(&d->node->sockets[fd].received, sim_datagram_new(&nobody, &nobody, data, length));
    sim_node_run(d->node);
}

static void send_sock(struct sim_devices *d, struct raw_time raw, struct instant true_time)
{
    struct sock_sample s = {.magic = 0x534f434b};
    size_t length = sizeof(s);

    s.tv.tv_sec = raw.i.sec;
    s.tv.tv_usec = raw.i.nsec / 1000;
    s.offset = instant_diff(true_time, instant_make(s.tv.tv_sec, s.tv.tv_usec * INT64_C(1000)));
    switch (d->state[SIM_SOCK].fault) {
    case SIM_BAD_MAGIC:
        s.magic++;
        break;
    case SIM_BAD_SIZE:
        length -= sizeof(s.magic);
        break;
    case SIM_NAN:
        s.offset = NAN;
        break;
    case SIM_HUGE:
        s.offset = 1e20;
        break;
    case SIM_NO_FIX:
        s.leap = 3;
        break;
    default:
        break;
    }
    deliver(d, d->fd[SIM_SOCK], &s, length);
}

static void on_sample(struct sim *sim, uint64_t value, void *arg)
{
    struct sim_devices *d = arg;
    struct raw_time raw = sim_node_raw(d->node);

    sim_event_add(sim, sim->now + SIM_NS, &(struct sim_event){.handler = on_sample, .arg = arg});
    if (is_there(d, SIM_SHM))
        write_shm(d, raw, shown_time(d, SIM_SHM));
    if (is_there(d, SIM_SOCK))
        send_sock(d, raw, shown_time(d, SIM_SOCK));
}

/* ---- PPS ---- */

static enum pps_result pps_start(void *ctx, int fd, bool clear)
{
    return PPS_OK;
}

static bool pps_fetch(void *ctx, int fd, bool clear, uint32_t *sequence, struct raw_time *time)
{
    const struct sim_devices *d = devices_of(ctx);

    *sequence = d->pps_sequence;
    *time = d->pps_time;
    errno = ENODEV;
    return is_there(d, SIM_PPS);
}

/* Its timestamp is off by the jitter. */
static void on_pulse(struct sim *sim, uint64_t value, void *arg)
{
    struct sim_devices *d = arg;
    const struct sim_device *s = &d->state[SIM_PPS];

    sim_event_add(sim, sim->now + SIM_NS / (s->pulses > 0 ? s->pulses : 1),
                  &(struct sim_event){.handler = on_pulse, .arg = arg});
    d->pps_sequence++;
    double error = s->jitter * sim_random_normal(&d->random) - sim_device_sawtooth(s, sim->now);
    d->pps_time = raw_add(sim_node_raw(d->node), error);
}

/* ---- PHC ---- */

struct hardware_time sim_device_phc_time(struct sim_node *node, double from_now)
{
    struct sim_devices *d = node->devices;
    double jitter = d->state[SIM_PHC].jitter;

    d->state[SIM_PHC].jitter = 0.0;
    struct instant shown = shown_time(d, SIM_PHC);
    d->state[SIM_PHC].jitter = jitter;
    return (struct hardware_time){instant_add(shown, from_now)};
}

/* By its path, or as that of the network card. */
static int phc_open(void *ctx, const char *name, bool writable)
{
    if (strcmp(name, "/dev/ptp0") != 0 && strcmp(name, SIM_NIC_NAME) != 0)
        return -1;
    return open_place(devices_of(ctx), SIM_PHC);
}

static bool phc_index(void *ctx, int fd, int *index)
{
    *index = 0;
    return true;
}

static int phc_read(void *ctx, int fd, bool no_cross, enum phc_method *method,
                    struct phc_reading *readings, int max)
{
    struct sim_devices *d = devices_of(ctx);
    const struct sim_device *s = &d->state[SIM_PHC];

    if (!is_there(d, SIM_PHC))
        return 0;
    *method = PHC_EXTENDED;
    struct raw_time raw = sim_node_raw(d->node);
    struct hardware_time shown = sim_device_phc_time(d->node, 0.0);
    for (int i = 0; i < max; i++) {
        double extra = fabs(s->jitter * sim_random_normal(&d->random));
        double at = SIM_READING_INTERVAL * (i - max);

        readings[i].before = raw_add(raw, at);
        readings[i].time.i =
            instant_add(shown.i, at + 0.5 * s->delay + (0.5 + s->asymmetry) * extra);
        readings[i].after = raw_add(raw, at + s->delay + extra);
    }
    return max;
}

static bool phc_extts_enable(void *ctx, int fd, const struct phc_extts *extts, bool enable)
{
    devices_of(ctx)->phc_pulses = enable;
    return true;
}

static bool phc_extts_read(void *ctx, int fd, struct phc_event *event)
{
    struct sim_devices *d = devices_of(ctx);
    struct sim_datagram *pulse = sim_queue_take(&d->node->sockets[fd].received);

    if (!pulse)
        return false;
    free(pulse);
    *event = (struct phc_event){.time = d->phc_pulse};
    return true;
}

static void on_phc_pulse(struct sim *sim, uint64_t value, void *arg)
{
    struct sim_devices *d = arg;

    sim_event_add(sim, sim->now + SIM_NS, &(struct sim_event){.handler = on_phc_pulse, .arg = arg});
    if (!d->phc_pulses || !is_there(d, SIM_PHC))
        return;
    d->phc_pulse = sim_device_phc_time(d->node, 0.0);
    deliver(d, d->fd[SIM_PHC], "", 0);
}

/* ---- RTC ---- */

static double seconds_to_tick(struct sim_devices *d)
{
    struct instant t = shown_time(d, SIM_RTC);

    return (1.0 - 1e-9 * t.nsec) / (1.0 + d->state[SIM_RTC].rate);
}

static void on_tick(struct sim *sim, uint64_t serial, void *arg);

static void schedule_tick(struct sim_devices *d)
{
    int64_t wait = (int64_t)ceil(seconds_to_tick(d) * 1e9) + 1;

    sim_event_add(d->node->sim, d->node->sim->now + wait,
                  &(struct sim_event){.handler = on_tick, .arg = d, .value = d->rtc_serial});
}

static void on_tick(struct sim *sim, uint64_t serial, void *arg)
{
    struct sim_devices *d = arg;

    if (d->rtc_serial != serial || !is_there(d, SIM_RTC))
        return;
    schedule_tick(d);
    deliver(d, d->fd[SIM_RTC], "", 0);
}

static bool rtc_interrupts(void *ctx, int fd, bool on)
{
    struct sim_devices *d = devices_of(ctx);

    d->rtc_serial++;
    if (on)
        schedule_tick(d);
    return true;
}

static enum rtc_event rtc_event(void *ctx, int fd)
{
    struct sim_devices *d = devices_of(ctx);
    struct sim_datagram *tick = sim_queue_take(&d->node->sockets[fd].received);

    free(tick);
    return is_there(d, SIM_RTC) && tick ? RTC_EVENT_UPDATE : RTC_EVENT_FAILED;
}

static bool rtc_get(void *ctx, int fd, bool utc, int64_t *seconds)
{
    struct sim_devices *d = devices_of(ctx);

    *seconds = shown_time(d, SIM_RTC).sec;
    errno = EIO;
    return is_there(d, SIM_RTC);
}

static bool rtc_set(void *ctx, int fd, bool utc, int64_t seconds)
{
    struct sim_devices *d = devices_of(ctx);
    struct instant t = shown_time(d, SIM_RTC);

    d->state[SIM_RTC].offset += (double)(seconds - t.sec) - 1e-9 * t.nsec + RTC_SET_PHASE;
    errno = EIO;
    return is_there(d, SIM_RTC);
}

/* ---- The node's devices ---- */

const struct device_ops sim_device_table = {
    .shm_attach = shm_attach,
    .shm_detach = shm_detach,
    .open = device_open,
    .close = device_close,
    .pps_start = pps_start,
    .pps_fetch = pps_fetch,
    .phc_open = phc_open,
    .phc_index = phc_index,
    .phc_read = phc_read,
    .phc_extts_enable = phc_extts_enable,
    .phc_extts_read = phc_extts_read,
    .rtc_interrupts = rtc_interrupts,
    .rtc_event = rtc_event,
    .rtc_get = rtc_get,
    .rtc_set = rtc_set,
};

struct sim_devices *sim_devices_new(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct sim_devices *d = mem_alloc(sizeof(*d));

    d->node = node;
    memcpy(d->state, node->spec.devices, sizeof(d->state));
    sim_random_seed(&d->random, sim->seed, SIM_DEVICE_STREAM(node->id));
    for (int i = 0; i < SIM_DEVICES; i++)
        d->fd[i] = -1;
    if (d->state[SIM_PPS].present)
        sim_event_add(sim, SIM_NS + (int64_t)(1e9 * d->state[SIM_PPS].offset),
                      &(struct sim_event){.handler = on_pulse, .arg = d});
    if (d->state[SIM_PHC].present)
        sim_event_add(sim, SIM_NS, &(struct sim_event){.handler = on_phc_pulse, .arg = d});
    if (d->state[SIM_SHM].present || d->state[SIM_SOCK].present)
        sim_event_add(sim, SIM_NS + SIM_SAMPLE_PHASE,
                      &(struct sim_event){.handler = on_sample, .arg = d});
    return d;
}

void sim_node_switch_device(struct sim *sim, int node, enum sim_device_kind kind, bool on)
{
    sim->nodes[node]->devices->off[kind] = !on;
}

void sim_node_move_device(struct sim *sim, int node, enum sim_device_kind kind, double seconds)
{
    sim->nodes[node]->devices->state[kind].offset += seconds;
}

void sim_node_break_device(struct sim *sim, int node, enum sim_device_kind kind,
                           enum sim_fault fault)
{
    sim->nodes[node]->devices->state[kind].fault = fault;
}

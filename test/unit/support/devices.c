/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of devices.h.
 */
#include "test/unit/support/devices.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define PPS_FD    100
#define RTC_FD    110
#define SOCKET_FD 120
#define PHC_FD    130 /* and more */

static struct fake_devices *devices_of(void *ctx)
{
    return ((struct clock_world *)ctx)->devices;
}

static int fake_open(void *ctx, const char *path, bool writable)
{
    struct fake_devices *d = devices_of(ctx);

    d->opened_writable = writable;
    d->opened++;
    if (d->open_failing)
        path = "";
    if (strncmp(path, "/dev/pps", 8) == 0)
        return PPS_FD;
    if (strncmp(path, "/dev/ptp", 8) == 0)
        return PHC_FD + 10 * d->opened + (path[8] - '0');
    if (strcmp(path, "/dev/rtc") == 0)
        return d->rtc_fd = RTC_FD;
    d->opened--;
    errno = ENOENT;
    return -1;
}

static void fake_close(void *ctx, int fd)
{
    devices_of(ctx)->closed++;
}

/* ---- Shared memory ---- */

static volatile void *fake_shm_attach(void *ctx, int key, size_t size, int mode, const char **call,
                                      uint32_t *owner)
{
    struct fake_devices *d = devices_of(ctx);

    d->shm_key = key;
    d->shm_size = size;
    d->shm_mode = mode;
    *call = d->shm_failure;
    *owner = d->shm_owner;
    errno = EACCES;
    d->shm_attached = !d->shm_failure;
    if (!d->shm_attached)
        return NULL;
    return d->shm_place ? d->shm_place : d->shm;
}

static void fake_shm_detach(void *ctx, volatile void *segment)
{
    devices_of(ctx)->shm_attached = false;
}

/* ---- PPS ---- */

static enum pps_result fake_pps_start(void *ctx, int fd, bool clear)
{
    devices_of(ctx)->pps_clear = clear;
    errno = ENOTTY;
    return devices_of(ctx)->pps_result;
}

static bool fake_pps_fetch(void *ctx, int fd, bool clear, uint32_t *sequence, struct raw_time *time)
{
    const struct fake_devices *d = devices_of(ctx);

    errno = ENODEV;
    *sequence = d->pps_sequence;
    *time = d->pps_time;
    return !d->pps_failing;
}

/* ---- PTP clocks: /dev/ptp0 to /dev/ptp9 ---- */

static int fake_phc_open(void *ctx, const char *name, bool writable)
{
    struct fake_devices *d = devices_of(ctx);

    d->opened_writable = writable;
    if (d->open_failing || (strncmp(name, "/dev/ptp", 8) != 0 && strncmp(name, "eth", 3) != 0)) {
        errno = ENOENT;
        return -1;
    }
    /* Each time another descriptor of the same clock. */
    return PHC_FD + 10 * d->opened++ + (name[strlen(name) - 1] - '0');
}

static bool fake_phc_index(void *ctx, int fd, int *index)
{
    *index = (fd - PHC_FD) % 10;
    errno = ENODEV;
    return !devices_of(ctx)->phc_no_index;
}

static int fake_phc_read(void *ctx, int fd, bool no_cross, enum phc_method *method,
                         struct phc_reading *readings, int max)
{
    struct fake_devices *d = devices_of(ctx);
    struct raw_time now = d->w->world.ops->raw_now(ctx);

    d->phc_no_cross = no_cross;
    d->phc_reads++;
    if (d->phc_failing)
        return 0;
    *method = PHC_EXTENDED;
    for (int i = 0; i < 3; i++) {
        struct raw_time before = raw_add(now, -1e-3 + 1e-4 * i);
        readings[i].before = before;
        readings[i].time.i = instant_add(before.i, d->phc_offset + d->phc_delay / 2.0);
        readings[i].after = raw_add(before, d->phc_delay);
    }
    return 3;
}

static bool fake_phc_extts_enable(void *ctx, int fd, const struct phc_extts *extts, bool enable)
{
    devices_of(ctx)->phc_enabled += enable ? 1 : -1;
    devices_of(ctx)->phc_extts = *extts;
    errno = EBUSY;
    return extts->channel < 4;
}

static bool fake_phc_extts_read(void *ctx, int fd, struct phc_event *event)
{
    struct fake_devices *d = devices_of(ctx);

    if (d->phc_event_count == 0)
        return false;
    *event = d->phc_events[0];
    memmove(d->phc_events, d->phc_events + 1, sizeof(d->phc_events) - sizeof(d->phc_events[0]));
    d->phc_event_count--;
    return true;
}

/* ---- RTC ---- */

double fake_rtc_time(const struct fake_devices *d)
{
    double elapsed = 1e-9 * (double)d->w->elapsed_ns;

    return (double)d->rtc_start + d->rtc_offset + elapsed * (1.0 + d->rtc_rate);
}

static bool fake_rtc_interrupts(void *ctx, int fd, bool on)
{
    struct fake_devices *d = devices_of(ctx);

    errno = EINVAL;
    d->rtc_interrupts = on && !d->rtc_no_interrupts;
    return !d->rtc_no_interrupts;
}

static enum rtc_event fake_rtc_event(void *ctx, int fd)
{
    errno = EIO;
    return devices_of(ctx)->rtc_event_failing ? RTC_EVENT_FAILED : RTC_EVENT_UPDATE;
}

static bool fake_rtc_get(void *ctx, int fd, bool utc, int64_t *seconds)
{
    struct fake_devices *d = devices_of(ctx);

    errno = EIO;
    d->rtc_utc = utc;
    *seconds = (int64_t)floor(fake_rtc_time(d));
    if (d->rtc_ticks_between > 0) {
        d->rtc_ticks_between--;
        d->w->elapsed_ns += 1000000000;
    }
    return !d->rtc_failing;
}

/* It shows the next second half a second after it was set. */
static bool fake_rtc_set(void *ctx, int fd, bool utc, int64_t seconds)
{
    struct fake_devices *d = devices_of(ctx);

    d->rtc_offset += (double)seconds + 0.5 - fake_rtc_time(d);
    d->rtc_sets++;
    return !d->rtc_failing;
}

static const struct device_ops fake_device_ops = {
    .shm_attach = fake_shm_attach,
    .shm_detach = fake_shm_detach,
    .open = fake_open,
    .close = fake_close,
    .pps_start = fake_pps_start,
    .pps_fetch = fake_pps_fetch,
    .phc_open = fake_phc_open,
    .phc_index = fake_phc_index,
    .phc_read = fake_phc_read,
    .phc_extts_enable = fake_phc_extts_enable,
    .phc_extts_read = fake_phc_extts_read,
    .rtc_interrupts = fake_rtc_interrupts,
    .rtc_event = fake_rtc_event,
    .rtc_get = fake_rtc_get,
    .rtc_set = fake_rtc_set,
};

/* ---- The socket, and waiting ---- */

static int fake_unix_open(void *ctx, const char *path)
{
    struct fake_devices *d = devices_of(ctx);

    snprintf(d->socket_path, sizeof(d->socket_path), "%s", path);
    if (d->open_failing) {
        errno = ENOENT;
        return -1;
    }
    return SOCKET_FD + d->sockets++;
}

static void fake_socket_close(void *ctx, int fd)
{
    devices_of(ctx)->sockets_closed++;
}

static int fake_receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue)
{
    struct fake_devices *d = devices_of(ctx);

    if (d->datagram_length == 0)
        return 0;
    msgs->length = d->datagram_length < msgs->size ? d->datagram_length : msgs->size;
    memcpy(msgs->data, d->datagram, msgs->length);
    d->datagram_length = 0;
    return 1;
}

static bool is_ready(const struct fake_devices *d, int fd)
{
    return (fd == SOCKET_FD + d->datagram_socket && d->datagram_length > 0) ||
           (fd == d->phc_event_fd && d->phc_event_count > 0);
}

/* 0 to 20 us. */
static int64_t interrupt_latency(struct fake_devices *d)
{
    d->noise = d->noise * 1664525U + 1013904223U;
    return (d->noise >> 16) % 20000;
}

static int devices_wait(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct fake_devices *d = devices_of(ctx);
    double until_tick = (floor(fake_rtc_time(d)) + 1.0 - fake_rtc_time(d)) / (1.0 + d->rtc_rate);
    int ready = 0;

    for (size_t i = 0; i < count; i++) {
        bool tick =
            fds[i].fd == d->rtc_fd && d->rtc_interrupts && !d->rtc_stopped && until_tick <= timeout;

        if (tick)
            d->w->elapsed_ns += llround(until_tick * 1e9) + 1000 + interrupt_latency(d);
        fds[i].revents = tick || is_ready(d, fds[i].fd) ? WORLD_READ : 0;
        ready += fds[i].revents != 0;
    }
    if (ready == 0 && timeout > 0.0)
        d->w->elapsed_ns += llround(timeout * 1e9);
    return ready;
}

static bool fake_file_info(void *ctx, const char *path, struct world_file_info *info)
{
    *info = (struct world_file_info){.mtime = devices_of(ctx)->drift_file_time};
    return info->mtime != 0;
}

void fake_devices_install(struct fake_devices *d, struct clock_world *w)
{
    memset(d, 0, sizeof(*d));
    d->ops = *w->world.ops;
    d->ops.devices = &fake_device_ops;
    d->ops.unix_open = fake_unix_open;
    d->ops.socket_close = fake_socket_close;
    d->ops.receive = fake_receive;
    d->ops.file_info = fake_file_info;
    d->ops.wait = devices_wait;
    d->w = w;
    d->rtc_start = w->start;
    d->shm_owner = DEVICE_OWN_USER;
    d->phc_delay = 1e-6;
    w->devices = d;
    w->world.ops = &d->ops;
}

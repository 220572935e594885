/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct world of a simulated node. The daemon's context is its struct sim_node; time stands still
 * while the daemon works. Mail is not simulated, of Unix sockets only that of a reference clock.
 */
#include "test/sim/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define LOOKUP_DELAY 0.01

/* Clocks. */

struct raw_time sim_node_raw(struct sim_node *node)
{
    sim_clock_advance(&node->clock, node->sim->now);
    return (struct raw_time){instant_make(0, node->clock.raw)};
}

struct mono_time sim_node_mono(struct sim_node *node)
{
    sim_clock_advance(&node->clock, node->sim->now);
    return (struct mono_time){instant_make(0, node->clock.mono)};
}

static struct raw_time raw_now(void *ctx)
{
    struct sim_node *node = ctx;

    return node->frozen ? node->frozen_raw : sim_node_raw(node);
}

static struct mono_time mono_now(void *ctx)
{
    struct sim_node *node = ctx;

    return node->frozen ? node->frozen_mono : sim_node_mono(node);
}

static void keep_call(struct sim_node *node, const struct timex *t)
{
    if (node->call_count == node->call_capacity) {
        node->call_capacity = 2 * node->call_capacity + 64;
        node->calls = mem_resize(node->calls, node->call_capacity, sizeof(*node->calls));
    }
    node->calls[node->call_count++] = (struct sim_kernel_call){sim_time(node->sim), *t};
}

static int adjust(void *ctx, struct timex *t)
{
    struct sim_node *node = ctx;

    if (node->keep_calls)
        keep_call(node, t);
    sim_clock_advance(&node->clock, node->sim->now);
    return sim_clock_adjtimex(&node->clock, t);
}

static long clock_ticks(void *ctx)
{
    return 100;
}

static bool kernel_release(void *ctx, char *buf, size_t size)
{
    return text_copy(buf, size, "6.1.0");
}

/* Waiting. */

static int check_descriptors(const struct sim_node *node, struct world_fd *fds, size_t count)
{
    int ready = node->lookups && node->lookups->due <= node->sim->now;

    for (size_t i = 0; i < count; i++) {
        const struct sim_socket *socket = &node->sockets[fds[i].fd];

        fds[i].revents = 0;
        if (socket->received.first || sim_stream_is_readable(socket))
            fds[i].revents |= WORLD_READ;
        if (sim_stream_is_writable(socket))
            fds[i].revents |= WORLD_WRITE;
        if (socket->transmitted.first)
            fds[i].revents |= WORLD_EXCEPT;
        fds[i].revents &= fds[i].events;
        if (fds[i].revents != 0)
            ready++;
    }
    return ready;
}

static void wake(struct sim *sim, uint64_t serial, void *arg)
{
    struct sim_node *node = arg;

    if (node->running && node->wake_serial == serial)
        sim_node_run(node);
}

/* The time-out is kept by the clock of the node, which the wander may make a little late: then the
   daemon waits again. */
static void set_wake(struct sim_node *node, double timeout)
{
    double frequency = sim_clock_frequency(&node->clock);
    int64_t wait = (int64_t)ceil(timeout * 1e9 / (1.0 + frequency));

    sim_event_add(node->sim, node->sim->now + (wait > 0 ? wait : 1),
                  &(struct sim_event){.handler = wake, .arg = node, .value = ++node->wake_serial});
}

/* The first wait of a turn began at the end of the last one and ends now. Another one, if nothing
   is left to do, ends the turn. */
static int wait_for_events(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct sim_node *node = ctx;
    bool waited = node->frozen;

    node->frozen = false;
    int ready = check_descriptors(node, fds, count);
    if (ready > 0 || waited || timeout == 0.0)
        return ready;
    if (timeout > 0.0)
        set_wake(node, timeout);
    node->blocked = true;
    return 0;
}

static bool not_requested(void *ctx)
{
    return false;
}

static bool family_enabled(void *ctx, enum ip_family family)
{
    return family == IP_V4;
}

/* Name resolution. */

static void answer(struct sim *sim, uint64_t value, void *arg)
{
    sim_node_run(arg);
}

static bool resolve(void *ctx, const char *name, enum ip_family family, bool reload,
                    resolve_handler handler, void *arg)
{
    struct sim_node *node = ctx;
    struct sim_lookup *lookup = mem_alloc(sizeof(*lookup)), **link = &node->lookups;

    *lookup = (struct sim_lookup){
        .due = node->sim->now + (int64_t)(LOOKUP_DELAY * 1e9),
        .name = text_dup(name),
        .family = family,
        .handler = handler,
        .arg = arg,
    };
    while (*link)
        link = &(*link)->next;
    *link = lookup;
    sim_event_add(node->sim, lookup->due, &(struct sim_event){.handler = answer, .arg = node});
    return true;
}

static void dispatch(void *ctx)
{
    struct sim_node *node = ctx;

    while (node->lookups && node->lookups->due <= node->sim->now) {
        struct sim_lookup *lookup = node->lookups;
        struct ip_addr addrs[ADDR_MAX_PER_NAME];
        int count = sim_resolve(node->sim, lookup->name, lookup->family, addrs, ADDR_MAX_PER_NAME);

        node->lookups = lookup->next;
        lookup->handler(count > 0 ? RESOLVE_SUCCESS : RESOLVE_TRY_AGAIN, addrs, count, lookup->arg);
        free(lookup->name);
        free(lookup);
    }
}

static int pending(void *ctx)
{
    return ((struct sim_node *)ctx)->lookups != NULL;
}

/* The rest. */

static void random_bytes(void *ctx, void *out, size_t length)
{
    sim_random_bytes(&((struct sim_node *)ctx)->random, out, length);
}

static FILE *file_read(void *ctx, const char *path)
{
    struct sim_node *node = ctx;
    const struct sim_sensor *sensor = &node->spec.sensor;
    char text[32];

    if (sensor->path && strcmp(path, sensor->path) == 0) {
        bool works = sim_sensor_read(sensor, &node->spec.oscillator, &node->sensor_random,
                                     sim_time(node->sim), text, sizeof(text));
        sim_files_set(node->files, path, works ? text : "");
    }
    return sim_files_read(node->files, path);
}

static FILE *file_append(void *ctx, const char *path, mode_t mode)
{
    return sim_files_append(((struct sim_node *)ctx)->files, path);
}

static FILE *file_new(void *ctx, const char *path, mode_t mode)
{
    return sim_files_create(((struct sim_node *)ctx)->files, path);
}

static FILE *file_update(void *ctx, const char *path)
{
    return sim_files_update(((struct sim_node *)ctx)->files, path);
}

static bool file_rename(void *ctx, const char *from, const char *to)
{
    return sim_files_rename(((struct sim_node *)ctx)->files, from, to);
}

static bool file_sync(void *ctx, FILE *stream)
{
    return sim_files_sync(((struct sim_node *)ctx)->files, stream);
}

static bool file_remove(void *ctx, const char *path)
{
    return sim_files_remove(((struct sim_node *)ctx)->files, path);
}

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    size_t size;

    if (!sim_files_data(((struct sim_node *)ctx)->files, path, &size)) {
        errno = ENOENT;
        return false;
    }
    *info = (struct world_file_info){.mode = 0600, .size = size, .is_regular = true};
    return true;
}

static char **list_files(void *ctx, const char *directory, const char *suffix)
{
    return sim_files_list(((struct sim_node *)ctx)->files, directory, suffix);
}

static bool host_name(void *ctx, char *buf, size_t size)
{
    return text_copy(buf, size, ((struct sim_node *)ctx)->spec.name);
}

void sim_world_close(struct sim_node *node)
{
    for (int i = 0; i < SIM_MAX_SOCKETS; i++)
        if (node->sockets[i].open)
            sim_socket_close(node, i);
    while (node->lookups) {
        struct sim_lookup *lookup = node->lookups;

        node->lookups = lookup->next;
        free(lookup->name);
        free(lookup);
    }
}

static const struct world_ops ops = {
    .raw_now = raw_now,
    .mono_now = mono_now,
    .mono_raw_now = mono_now,
    .adjtimex = adjust,
    .clock_ticks = clock_ticks,
    .kernel_release = kernel_release,
    .wait = wait_for_events,
    .quit_requested = not_requested,
    .reload_requested = not_requested,
    .family_enabled = family_enabled,
    .socket_open = sim_socket_open,
    .socket_close = sim_socket_close,
    .receive = sim_socket_receive,
    .send = sim_socket_send,
    .stream_read = sim_stream_read,
    .stream_write = sim_stream_write,
    .stream_shutdown = sim_stream_shutdown,
    .accept = sim_stream_accept,
    .socket_error = sim_stream_error,
    .random_bytes = random_bytes,
    .resolve = resolve,
    .dispatch = dispatch,
    .pending = pending,
    .file_read = file_read,
    .file_append = file_append,
    .file_new = file_new,
    .file_update = file_update,
    .file_rename = file_rename,
    .file_sync = file_sync,
    .file_remove = file_remove,
    .file_info = file_info,
    .list_files = list_files,
    .host_name = host_name,
    .unix_open = sim_device_unix_open,
    .devices = &sim_device_table,
    .nics = &sim_nic_table,
};

const struct world_ops *sim_world_ops(void)
{
    return &ops;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct world of a simulated node. The daemon's context is its struct sim_node; time stands still
 * while the daemon works. Unix sockets, streams, mail and the real-time clock are not simulated.
 */
#include "test/sim/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define FIRST_PORT   32768
#define LAST_PORT    60999
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

static int adjust(void *ctx, struct timex *t)
{
    struct sim_node *node = ctx;

    sim_clock_advance(&node->clock, node->sim->now);
    return sim_clock_adjtimex(&node->clock, t);
}

static long clock_ticks(void *ctx)
{
    (void)ctx;
    return 100;
}

static bool kernel_release(void *ctx, char *buf, size_t size)
{
    (void)ctx;
    return text_copy(buf, size, "6.1.0");
}

/* Waiting. */

static int check_descriptors(const struct sim_node *node, struct world_fd *fds, size_t count)
{
    int ready = node->lookups != NULL && node->lookups->due <= node->sim->now;

    for (size_t i = 0; i < count; i++) {
        const struct sim_socket *socket = &node->sockets[fds[i].fd];

        fds[i].revents = 0;
        if (socket->received.first != NULL)
            fds[i].revents |= WORLD_READ;
        if (socket->transmitted.first != NULL)
            fds[i].revents |= WORLD_EXCEPT;
        fds[i].revents &= fds[i].events;
        if (fds[i].revents != 0)
            ready++;
    }
    return ready;
}

static void wake(struct sim *sim, void *arg, uint64_t serial)
{
    struct sim_node *node = arg;

    (void)sim;
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

/* The first wait of a turn began at the end of the last one and ends now. Another one, if nothing is
   left to do, ends the turn. */
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
    (void)ctx;
    return false;
}

/* Datagrams. */

static bool family_enabled(void *ctx, enum ip_family family)
{
    (void)ctx;
    return family == IP_V4;
}

static bool port_is_used(const struct sim_node *node, uint16_t port)
{
    for (int i = 0; i < SIM_MAX_SOCKETS; i++)
        if (node->sockets[i].open && node->sockets[i].local.port == port)
            return true;
    return false;
}

static uint16_t choose_port(struct sim_node *node)
{
    do {
        node->last_port = node->last_port < FIRST_PORT || node->last_port >= LAST_PORT
                              ? FIRST_PORT
                              : (uint16_t)(node->last_port + 1);
    } while (port_is_used(node, node->last_port));
    return node->last_port;
}

static int socket_open(void *ctx, const struct world_socket *spec)
{
    struct sim_node *node = ctx;
    int fd = 0;

    if (spec->type != WORLD_UDP || spec->family != IP_V4) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    while (fd < SIM_MAX_SOCKETS && node->sockets[fd].open)
        fd++;
    if (fd == SIM_MAX_SOCKETS) {
        errno = EMFILE;
        return -1;
    }
    struct sim_socket *socket = &node->sockets[fd];
    *socket = (struct sim_socket){
        .local = {.addr = sim_address(node->id)},
        .timestamps_rx = spec->timestamps_rx,
        .timestamps_tx = spec->timestamps_tx,
    };
    if (spec->local != NULL)
        socket->local.port = spec->local->port;
    if (socket->local.port == 0)
        socket->local.port = choose_port(node);
    if (spec->remote != NULL)
        socket->remote = *spec->remote;
    sim_queue_init(&socket->received);
    sim_queue_init(&socket->transmitted);
    socket->open = true;
    return fd;
}

static void socket_close(void *ctx, int fd)
{
    struct sim_node *node = ctx;

    node->sockets[fd].open = false;
    sim_queue_clear(&node->sockets[fd].received);
    sim_queue_clear(&node->sockets[fd].transmitted);
}

struct sim_socket *sim_world_find_socket(struct sim_node *node, const struct ip_port *from,
                                         const struct ip_port *to)
{
    struct sim_socket *found = NULL;

    for (int i = 0; i < SIM_MAX_SOCKETS; i++) {
        struct sim_socket *socket = &node->sockets[i];

        if (!socket->open || socket->local.port != to->port)
            continue;
        if (ip_port_equal(&socket->remote, from))
            return socket;
        if (socket->remote.addr.family == IP_UNSPEC)
            found = socket;
    }
    return found;
}

static int receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue)
{
    struct sim_node *node = ctx;
    struct sim_socket *socket = &node->sockets[fd];
    struct sim_queue *queue = errqueue ? &socket->transmitted : &socket->received;
    struct sim_datagram *datagram;
    int n = 0;

    for (; n < count && (datagram = sim_queue_take(queue)) != NULL; n++) {
        struct world_datagram *msg = &msgs[n];

        msg->truncated = datagram->length > msg->size;
        msg->length = msg->truncated ? msg->size : datagram->length;
        memcpy(msg->data, datagram->data, msg->length);
        msg->remote = errqueue ? datagram->to : datagram->from;
        msg->local = errqueue ? datagram->from.addr : datagram->to.addr;
        msg->if_index = 2;
        if (socket->timestamps_rx || errqueue)
            msg->kernel_time = datagram->raw;
        free(datagram);
    }
    return n;
}

static int send_datagrams(void *ctx, int fd, const struct world_datagram *msgs, int count)
{
    struct sim_node *node = ctx;
    struct sim_socket *socket = &node->sockets[fd];

    for (int i = 0; i < count; i++) {
        const struct ip_port *to =
            socket->remote.addr.family != IP_UNSPEC ? &socket->remote : &msgs[i].remote;

        if (to->port == 0) {
            errno = EINVAL;
            return i > 0 ? i : -1;
        }
        if (socket->timestamps_tx && msgs[i].want_tx_timestamp) {
            struct sim_datagram *copy =
                sim_datagram_new(&socket->local, to, msgs[i].data, msgs[i].length);

            copy->raw = sim_node_raw(node);
            sim_queue_put(&socket->transmitted, copy);
        }
        sim_network_send(node, &socket->local, to, msgs[i].data, msgs[i].length);
    }
    return count;
}

static int socket_error(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return 0;
}

/* Name resolution. */

static void answer(struct sim *sim, void *arg, uint64_t value)
{
    (void)sim;
    (void)value;
    sim_node_run(arg);
}

static bool resolve(void *ctx, const char *name, enum ip_family family, bool reload,
                    resolve_handler handler, void *arg)
{
    struct sim_node *node = ctx;
    struct sim_lookup *lookup = mem_alloc(sizeof(*lookup)), **link = &node->lookups;

    (void)reload;
    *lookup = (struct sim_lookup){
        .due = node->sim->now + (int64_t)(LOOKUP_DELAY * 1e9),
        .name = text_dup(name),
        .family = family,
        .handler = handler,
        .arg = arg,
    };
    while (*link != NULL)
        link = &(*link)->next;
    *link = lookup;
    sim_event_add(node->sim, lookup->due, &(struct sim_event){.handler = answer, .arg = node});
    return true;
}

static void dispatch(void *ctx)
{
    struct sim_node *node = ctx;

    while (node->lookups != NULL && node->lookups->due <= node->sim->now) {
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
    return sim_files_read(((struct sim_node *)ctx)->files, path);
}

static FILE *file_append(void *ctx, const char *path, mode_t mode)
{
    (void)mode;
    return sim_files_append(((struct sim_node *)ctx)->files, path);
}

static FILE *file_new(void *ctx, const char *path, mode_t mode)
{
    (void)mode;
    return sim_files_create(((struct sim_node *)ctx)->files, path);
}

static bool file_rename(void *ctx, const char *from, const char *to)
{
    return sim_files_rename(((struct sim_node *)ctx)->files, from, to);
}

static bool file_remove(void *ctx, const char *path)
{
    return sim_files_remove(((struct sim_node *)ctx)->files, path);
}

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    if (!sim_files_exists(((struct sim_node *)ctx)->files, path)) {
        errno = ENOENT;
        return false;
    }
    *info = (struct world_file_info){.mode = 0600, .is_regular = true};
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
            socket_close(node, i);
    while (node->lookups != NULL) {
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
    .socket_open = socket_open,
    .socket_close = socket_close,
    .receive = receive,
    .send = send_datagrams,
    .socket_error = socket_error,
    .random_bytes = random_bytes,
    .resolve = resolve,
    .dispatch = dispatch,
    .pending = pending,
    .file_read = file_read,
    .file_append = file_append,
    .file_new = file_new,
    .file_rename = file_rename,
    .file_remove = file_remove,
    .file_info = file_info,
    .list_files = list_files,
    .host_name = host_name,
};

const struct world_ops *sim_world_ops(void)
{
    return &ops;
}

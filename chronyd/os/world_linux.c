/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux world: its table of functions, clocks, and the one place where the process waits
 * (ppoll). Signals are blocked except during the wait, so a signal that comes just before the
 * wait ends it. Descriptors of the world itself (the resolver's pipe) are added to those of the
 * loop.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/devices.h"
#include "chronyd/os/linux_internal.h"
#include "chronyd/os/resolver.h"
#include "process/privileges.h"
#include "process/signals.h"

/* ---- Clocks and kernel facts ---- */

static struct instant read_clock(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) < 0)
        LOG_FATAL("clock_gettime() failed : %s", text_errno(errno));
    return (struct instant){.sec = ts.tv_sec, .nsec = (int32_t)ts.tv_nsec};
}

static struct raw_time linux_raw_now(void *ctx)
{
    return (struct raw_time){read_clock(CLOCK_REALTIME)};
}

static struct mono_time linux_mono_now(void *ctx)
{
    return (struct mono_time){read_clock(CLOCK_MONOTONIC)};
}

static struct mono_time linux_mono_raw_now(void *ctx)
{
    return (struct mono_time){read_clock(CLOCK_MONOTONIC_RAW)};
}

static struct mono_time linux_boot_now(void *ctx)
{
    return (struct mono_time){read_clock(CLOCK_BOOTTIME)};
}

static int linux_adjtimex(void *ctx, struct timex *t)
{
    return adjtimex(t);
}

static long linux_clock_ticks(void *ctx)
{
    return sysconf(_SC_CLK_TCK);
}

static bool linux_kernel_release(void *ctx, char *buf, size_t size)
{
    struct utsname name;

    return uname(&name) == 0 && text_copy(buf, size, name.release);
}

static bool linux_may_set_clock(void *ctx)
{
    return privileges_may_set_clock();
}

/* ---- Waiting ---- */

static short to_poll_events(unsigned int events)
{
    return (short)((events & WORLD_READ ? POLLIN : 0) | (events & WORLD_WRITE ? POLLOUT : 0) |
                   (events & WORLD_EXCEPT ? POLLPRI : 0));
}

/* An error is reported as an event that was asked for, so that the handler gets it from its next
   call. A pending error queue is reported as the exceptional condition only. */
static unsigned int from_poll_events(short revents, unsigned int wanted)
{
    unsigned int events = 0;

    if (revents & (POLLIN | POLLHUP))
        events |= WORLD_READ;
    if (revents & POLLOUT)
        events |= WORLD_WRITE;
    if (revents & POLLPRI)
        events |= WORLD_EXCEPT;
    events &= wanted;
    if (events == 0 && (revents & (POLLERR | POLLHUP | POLLNVAL)))
        events = wanted & WORLD_READ    ? WORLD_READ
                 : wanted & WORLD_WRITE ? WORLD_WRITE
                                        : WORLD_EXCEPT;
    return events;
}

/* The kernel keeps that many on its stack. */
#define POLL_PART 16U

/* ppoll() in parts, for a kernel without memory for the whole set, or with a limit of descriptors
   below the number of open ones. The parts need no memory and do not wait; a short wait follows.
   So the daemon goes on. */
static int poll_in_parts(struct pollfd *fds, size_t count, const struct timespec *timeout,
                         const sigset_t *mask)
{
    const struct timespec moment = {.tv_nsec = 10000000}, none = {0, 0};
    bool is_short = timeout && timeout->tv_sec == 0 && timeout->tv_nsec < moment.tv_nsec;
    int ready = 0;

    for (size_t i = 0; i < count; i += POLL_PART) {
        size_t part = count - i < POLL_PART ? count - i : POLL_PART;
        int result = ppoll(fds + i, part, &none, NULL);

        if (result > 0)
            ready += result;
        for (size_t j = i; result < 0 && j < i + part; j++)
            fds[j].revents = 0;
    }
    return ready > 0 ? ready : ppoll(NULL, 0, is_short ? timeout : &moment, mask);
}

static int poll_all(struct pollfd *fds, size_t count, const struct timespec *timeout,
                    const sigset_t *mask)
{
    int result = ppoll(fds, count, timeout, mask);

    return result < 0 && (errno == ENOMEM || errno == EINVAL)
               ? poll_in_parts(fds, count, timeout, mask)
               : result;
}

/* ppoll() with signals let through. EINTR, too, if a signal came just before. */
static int poll_with_signals(struct pollfd *fds, size_t count, const struct timespec *timeout)
{
    sigset_t mask;
    int result, error;

    signals_block(&mask);
    if (signals_pending()) {
        result = -1;
        error = EINTR;
    } else {
        result = poll_all(fds, count, timeout, &mask);
        error = errno;
    }
    /* A signal that was raised but not let through is delivered here. */
    signals_restore(&mask);
    if (signals_pending()) {
        result = -1;
        error = EINTR;
    }
    errno = error;
    return result;
}

static struct timespec make_timeout(double timeout)
{
    /* A longer wait ends early, which does no harm. */
    const double longest = 1e8;
    struct timespec ts;

    if (timeout > longest)
        timeout = longest;
    ts.tv_sec = (time_t)timeout;
    ts.tv_nsec = (long)((timeout - (double)ts.tv_sec) * 1e9 + 0.5);
    if (ts.tv_nsec > 999999999)
        ts.tv_nsec = 999999999;
    return ts;
}

static int linux_wait(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct linux_world *w = ctx;
    size_t poll_count = count;
    int ready = 0;

    if (w->poll_size < count + 1) {
        w->poll_size = 2 * (count + 1);
        w->poll_fds = mem_resize(w->poll_fds, w->poll_size, sizeof(*w->poll_fds));
    }
    for (size_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        w->poll_fds[i] = (struct pollfd){.fd = fds[i].events ? fds[i].fd : -1,
                                         .events = to_poll_events(fds[i].events)};
    }
    int resolver = resolver_fd(w->resolver);
    if (resolver >= 0)
        w->poll_fds[poll_count++] = (struct pollfd){.fd = resolver, .events = POLLIN};
    double left = resolver_is_due(w->resolver) ? 0.0 : resolver_time_left(w->resolver);
    if (left >= 0.0 && (timeout < 0.0 || left < timeout))
        timeout = left;
    struct timespec ts = make_timeout(timeout > 0.0 ? timeout : 0.0);

    int result = poll_with_signals(w->poll_fds, poll_count, timeout < 0.0 ? NULL : &ts);
    if (result < 0)
        return -1;
    resolver_check(w->resolver, resolver >= 0 && w->poll_fds[count].revents);
    if (resolver_is_due(w->resolver))
        ready++;
    for (size_t i = 0; i < count; i++) {
        if (fds[i].events)
            fds[i].revents = from_poll_events(w->poll_fds[i].revents, fds[i].events);
        ready += fds[i].revents != 0;
    }
    return ready;
}

static bool linux_quit_requested(void *ctx)
{
    return signals_take_quit();
}

static bool linux_reload_requested(void *ctx)
{
    return signals_take_reload();
}

/* ---- Resolution ---- */

static bool linux_resolve(void *ctx, const char *name, enum ip_family family, bool reload,
                          resolve_handler handler, void *arg)
{
    return resolver_add(((struct linux_world *)ctx)->resolver, name, family, reload, handler, arg);
}

static void linux_dispatch(void *ctx)
{
    resolver_dispatch(((struct linux_world *)ctx)->resolver);
}

static int linux_pending(void *ctx)
{
    return resolver_pending(((struct linux_world *)ctx)->resolver);
}

/* ---- The world ---- */

static const struct world_ops linux_ops = {
    .raw_now = linux_raw_now,
    .mono_now = linux_mono_now,
    .mono_raw_now = linux_mono_raw_now,
    .boot_now = linux_boot_now,
    .adjtimex = linux_adjtimex,
    .clock_ticks = linux_clock_ticks,
    .kernel_release = linux_kernel_release,
    .wait = linux_wait,
    .quit_requested = linux_quit_requested,
    .reload_requested = linux_reload_requested,
    .family_enabled = linux_family_enabled,
    .socket_open = linux_socket_open,
    .unix_open = linux_unix_open,
    .unix_stream_connect = linux_unix_stream_connect,
    .socket_close = linux_socket_close,
    .unix_remove = linux_unix_remove,
    .receive = linux_receive,
    .send = linux_send,
    .stream_read = linux_stream_read,
    .stream_write = linux_stream_write,
    .stream_shutdown = linux_stream_shutdown,
    .stream_quick_ack = linux_stream_quick_ack,
    .accept = linux_accept,
    .socket_error = linux_socket_error,
    .random_bytes = linux_random_bytes,
    .resolve = linux_resolve,
    .dispatch = linux_dispatch,
    .pending = linux_pending,
    .file_read = linux_file_read,
    .file_append = linux_file_append,
    .file_update = linux_file_update,
    .file_new = linux_file_new,
    .file_rename = linux_file_rename,
    .file_sync = linux_file_sync,
    .file_sync_name = linux_file_sync_name,
    .file_remove = linux_file_remove,
    .file_info = linux_file_info,
    .list_files = linux_list_files,
    .mail_open = linux_mail_open,
    .mail_close = linux_mail_close,
    .host_name = linux_host_name,
    .zone_time = linux_zone_time,
    .may_set_clock = linux_may_set_clock,
    .devices = &linux_devices,
#ifdef HAVE_LINUX_TIMESTAMPING
    .nics = &linux_nics,
#endif
};

struct world *world_linux_new(const struct world_linux_options *options)
{
    struct linux_world *w = mem_alloc(sizeof(*w));

    w->world = (struct world){.ops = &linux_ops, .ctx = w};
    w->options = *options;
    sockets_probe(w);
    timestamps_probe(w);
    random_init(&w->random);
    w->resolver =
        resolver_new(&w->world, linux_family_enabled(w, IP_V4), linux_family_enabled(w, IP_V6));
    return &w->world;
}

void world_linux_free(struct world *world)
{
    if (!world)
        return;
    struct linux_world *w = world->ctx;
    resolver_free(w->resolver);
    if (w->timestamp_keeper >= 0)
        linux_socket_close(w, w->timestamp_keeper);
    sent_ring_free(w->sent);
    random_free(&w->random);
    free(w->sockets);
    free(w->poll_fds);
    zone_free(w);
    free(w);
}

void world_linux_use_resolver_helper(struct world *world, void (*replace)(pid_t pid, void *arg),
                                     void (*see_off)(pid_t pid, void *arg), void *arg)
{
    resolver_use_helper(((struct linux_world *)world->ctx)->resolver, replace, see_off, arg);
}

void world_linux_set_resolver_helper(struct world *world, int channel, pid_t pid)
{
    resolver_set_helper(((struct linux_world *)world->ctx)->resolver, channel, pid);
}

bool world_linux_has_resolver_helper(const struct world *world, uint32_t *restarts)
{
    const struct resolver *resolver = ((struct linux_world *)world->ctx)->resolver;

    *restarts = resolver_helper_restarts(resolver);
    return resolver_has_helper(resolver);
}

void world_linux_set_lookup_limit(struct world *world, double seconds)
{
    resolver_set_limit(((struct linux_world *)world->ctx)->resolver, seconds);
}

void world_linux_set_binder(struct world *world,
                            bool (*bind_elsewhere)(int fd, const struct ip_port *local, void *arg),
                            void *arg)
{
    struct linux_world *w = world->ctx;

    w->bind_elsewhere = bind_elsewhere;
    w->bind_arg = arg;
}

void world_linux_read_also_as(struct world *world, uid_t uid, gid_t gid)
{
    struct linux_world *w = world->ctx;

    w->reader_uid = uid;
    w->reader_gid = gid;
}

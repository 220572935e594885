/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of lookups. The first one is in progress, in a thread or in the helper process.
 *
 * The thread looks the name up, writes one octet into a pipe and ends. The pipe is in the wait
 * set only while an answer is due. A readable pipe does not prove that the thread is done, so the
 * thread is always joined (system.md 12.2, 20). The thread reads no clock and uses no socket of
 * the world. It owns its job until it is joined, or for good if it takes too long or the resolver
 * is freed.
 *
 * The fork server starts the helper, and starts it again if it ends. Meanwhile a lookup waits, up
 * to its time limit.
 */
#include "config.h"

#include "chronyd/os/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"
#include "process/channel.h"
#include "process/resolver_helper.h"

struct request {
    struct request *next;
    struct ipc_lookup query;
    resolve_handler handler;
    void *arg;
};

/* Shared by thread and resolver. The second one to set `left` frees it. */
struct job {
    struct ipc_lookup query;
    struct ipc_addresses answer;
    int pipe_fd; /* write end, closed by the thread */
    atomic_bool left;
};

/* Threads that took too long and still run. Nothing can end them. With so many, lookups fail
   until one ends. */
#define MAX_STUCK 4

struct resolver {
    const struct world *world;
    bool ipv4, ipv6;
    double limit;          /* seconds */
    struct request *first; /* the one under way */
    struct request **end;
    int count;
    bool under_way;            /* the first request is with the thread or the helper */
    struct mono_time deadline; /* of the present half of its time */
    bool is_second_half;
    struct job *job; /* NULL: no thread */
    pthread_t thread;
    int pipe_fd; /* read end, -1: no thread */
    struct job *stuck[MAX_STUCK];
    bool by_helper;
    struct channel channel; /* to the helper; closed: there is none now */
    pid_t helper;
    uint32_t helpers; /* that were started */
    uint32_t last_id; /* of questions to it */
    void (*replace)(pid_t pid, void *arg);
    void (*see_off)(pid_t pid, void *arg);
    void *replace_arg;
    bool due;                    /* the answer of the first request is there */
    struct ipc_addresses answer; /* ... unless the thread has it */
    bool error_logged;           /* since the last lookup that worked */
};

/* ---- Thread ---- */

static void leave_job(struct job *job)
{
    if (atomic_exchange(&job->left, true))
        free(job);
}

static void *run_job(void *arg)
{
    struct job *job = arg;

    resolver_lookup(&job->query, &job->answer);
    /* It fails if the resolver was freed in the meantime. */
    if (write(job->pipe_fd, "", 1) < 0)
        errno = 0;
    close(job->pipe_fd);
    leave_job(job);
    return NULL;
}

/* The lookup fails for now, which is logged once. The daemon goes on: running sources have
   addresses. */
static void fail(struct resolver *resolver, enum resolve_status status, const char *what)
{
    if (!resolver->error_logged)
        LOG_ERROR("%s; names cannot be looked up now", what);
    resolver->error_logged = true;
    resolver->answer = (struct ipc_addresses){.status = status};
    resolver->under_way = false;
    resolver->due = true;
}

static void note_success(struct resolver *resolver)
{
    if (resolver->error_logged)
        LOG_INFO("Names can be looked up again");
    resolver->error_logged = false;
}

static void fail_call(struct resolver *resolver, const char *call, int error)
{
    char text[128];

    snprintf(text, sizeof(text), "%s failed : %s", call, text_errno(error));
    fail(resolver, RESOLVE_UNAVAILABLE, text);
}

static void start_clock(struct resolver *resolver)
{
    resolver->under_way = true;
    resolver->is_second_half = false;
    resolver->deadline = mono_add(world_mono_now(resolver->world), resolver->limit / 2.0);
}

/* The limit is waited for in two halves. If all processes were stopped during one half, the helper
   still has the other half to answer. */
static bool has_taken_too_long(struct resolver *resolver)
{
    if (mono_diff(resolver->deadline, world_mono_now(resolver->world)) > 0.0)
        return false;
    if (resolver->is_second_half)
        return true;
    start_clock(resolver);
    resolver->is_second_half = true;
    return false;
}

/* Whether another thread may be left alone, if it takes too long. */
static bool has_room_for_stuck(struct resolver *resolver)
{
    bool found = false;

    for (int i = 0; i < MAX_STUCK; i++) {
        struct job *job = resolver->stuck[i];

        if (job && atomic_load(&job->left)) {
            leave_job(job);
            resolver->stuck[i] = job = NULL;
        }
        found = found || !job;
    }
    return found;
}

static void start_thread(struct resolver *resolver)
{
    sigset_t all, old;
    int fds[2];

    if (!has_room_for_stuck(resolver)) {
        fail(resolver, RESOLVE_UNAVAILABLE, "Earlier lookups do not end");
        return;
    }
    if (pipe(fds) < 0) {
        fail_call(resolver, "pipe()", errno);
        return;
    }
    struct job *job = mem_alloc(sizeof(*job));
    job->query = resolver->first->query;
    atomic_init(&job->left, false);
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    job->pipe_fd = fds[1];

    /* Only the main thread handles signals. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&resolver->thread, NULL, run_job, job);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        close(fds[0]);
        close(fds[1]);
        free(job);
        fail_call(resolver, "pthread_create()", error);
        return;
    }
    resolver->pipe_fd = fds[0];
    resolver->job = job;
    start_clock(resolver);
}

static void join_thread(struct resolver *resolver)
{
    struct job *job = resolver->job;

    if (pthread_join(resolver->thread, NULL))
        LOG_FATAL("pthread_join() failed");
    close(resolver->pipe_fd);
    resolver->pipe_fd = -1;
    resolver->job = NULL;
    resolver->answer = job->answer;
    leave_job(job);
    note_success(resolver);
}

static void abandon_thread(struct resolver *resolver)
{
    pthread_detach(resolver->thread);
    close(resolver->pipe_fd);
    resolver->pipe_fd = -1;
    for (int i = 0; i < MAX_STUCK; i++) {
        if (!resolver->stuck[i]) {
            resolver->stuck[i] = resolver->job;
            break;
        }
    }
    resolver->job = NULL;
}

/* ---- Helper ---- */

/* Sends the first request. Without a helper it waits for the next helper. */
static void ask_helper(struct resolver *resolver)
{
    struct ipc_message message = {.type = IPC_LOOKUP, .u.lookup = resolver->first->query};

    if (resolver->channel.fd < 0)
        return;
    message.u.lookup.id = ++resolver->last_id;
    if (channel_send(&resolver->channel, &message, -1) != CHANNEL_OK)
        channel_close(&resolver->channel);
}

/* A helper that breaks the rules may not end when its channel does, so it is killed. */
static void dismiss_helper(struct resolver *resolver)
{
    if (resolver->channel.fd >= 0 && resolver->replace)
        resolver->replace(resolver->helper, resolver->replace_arg);
    channel_close(&resolver->channel);
}

static void read_helper(struct resolver *resolver)
{
    struct ipc_message message;
    int fd;

    switch (channel_receive(&resolver->channel, &message, &fd)) {
    case CHANNEL_OK:
        if (message.u.addresses.id != resolver->last_id) {
            dismiss_helper(resolver);
            fail(resolver, RESOLVE_UNAVAILABLE, "Answer of name resolving helper to no question");
            return;
        }
        resolver->answer = message.u.addresses;
        resolver->under_way = false;
        resolver->due = true;
        note_success(resolver);
        return;
    case CHANNEL_AGAIN:
        return;
    case CHANNEL_CLOSED:
        channel_close(&resolver->channel);
        if (resolver->see_off)
            resolver->see_off(resolver->helper, resolver->replace_arg);
        fail(resolver, RESOLVE_UNAVAILABLE, "Name resolving helper ended");
        return;
    default:
        dismiss_helper(resolver);
        fail(resolver, RESOLVE_UNAVAILABLE, "Invalid message from name resolving helper");
        return;
    }
}

/* ---- Time limit ---- */

static void give_up(struct resolver *resolver)
{
    char text[IPC_NAME_SIZE + 64];

    snprintf(text, sizeof(text), "Lookup of %s took more than %.0f seconds",
             resolver->first->query.name, resolver->limit);
    if (resolver->by_helper)
        dismiss_helper(resolver);
    else
        abandon_thread(resolver);
    fail(resolver, RESOLVE_TIMED_OUT, text);
}

double resolver_time_left(const struct resolver *resolver)
{
    if (!resolver->under_way)
        return -1.0;
    double left = mono_diff(resolver->deadline, world_mono_now(resolver->world));
    return left > 0.0 ? left : 0.0;
}

void resolver_check(struct resolver *resolver, bool readable)
{
    if (!resolver->under_way)
        return;
    if (readable && resolver->by_helper) {
        read_helper(resolver);
    } else if (readable) {
        resolver->under_way = false;
        resolver->due = true;
    }
    if (resolver->under_way && has_taken_too_long(resolver))
        give_up(resolver);
}

/* ---- Queue ---- */

/* Resolves an address with an interface, without any name service. If the interface does not
   exist, the caller tries again, as for a name without an address. */
static void find_scoped(const struct resolver *resolver, struct ipc_lookup *query,
                        struct ipc_addresses *answer)
{
    const char *interface;
    struct ip_addr addr;
    int index;

    if (!ip_addr_parse_scoped(query->name, &addr, &interface))
        return;
    answer->status = RESOLVE_FAMILY_OFF;
    if (query->family == IP_V4)
        return;
    answer->status = RESOLVE_NO_INTERFACE;
    if (addr.scope == 0) {
        if (!linux_interface_index(resolver->world->ctx, interface, &index))
            return;
        addr.scope = (uint32_t)index;
    }
    answer->status = RESOLVE_SUCCESS;
    answer->addrs[0] = addr;
    answer->count = 1;
}

/* Addresses need no lookup, and neither do names if their family is off. */
static bool answer_at_once(const struct resolver *resolver, struct ipc_lookup *query,
                           struct ipc_addresses *answer)
{
    struct ip_addr addr;

    answer->count = 0;
    answer->status = RESOLVE_FAILURE;
    if (query->family == IP_UNSPEC && resolver->ipv4 != resolver->ipv6)
        query->family = resolver->ipv4 ? IP_V4 : IP_V6;
    if ((!resolver->ipv4 && !resolver->ipv6) || (query->family == IP_V4 && !resolver->ipv4) ||
        (query->family == IP_V6 && !resolver->ipv6)) {
        answer->status = RESOLVE_FAMILY_OFF;
        return true;
    }
    if (strchr(query->name, '%')) {
        find_scoped(resolver, query, answer);
        return true;
    }
    if (!ip_addr_parse(query->name, &addr))
        return false;
    if (query->family == IP_UNSPEC || query->family == addr.family) {
        answer->status = RESOLVE_SUCCESS;
        answer->addrs[0] = addr;
        answer->count = 1;
    }
    return true;
}

/* Starts the first request, unless it is under way. */
static void start_first(struct resolver *resolver)
{
    if (!resolver->first || resolver->under_way || resolver->due)
        return;
    if (answer_at_once(resolver, &resolver->first->query, &resolver->answer)) {
        resolver->due = true;
    } else if (resolver->by_helper) {
        start_clock(resolver);
        ask_helper(resolver);
    } else {
        start_thread(resolver);
    }
}

struct resolver *resolver_new(const struct world *world, bool ipv4, bool ipv6)
{
    struct resolver *resolver = mem_alloc(sizeof(*resolver));

    resolver->world = world;
    resolver->limit = RESOLVER_LIMIT;
    resolver->ipv4 = ipv4;
    resolver->ipv6 = ipv6;
    resolver->channel = channel_make(-1, IPC_RESOLVER, 0);
    resolver->pipe_fd = -1;
    resolver->end = &resolver->first;
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver->job) {
        pthread_detach(resolver->thread);
        close(resolver->pipe_fd);
        leave_job(resolver->job);
    }
    while (resolver->first) {
        struct request *request = resolver->first;
        resolver->first = request->next;
        free(request);
    }
    for (int i = 0; i < MAX_STUCK; i++)
        if (resolver->stuck[i])
            leave_job(resolver->stuck[i]);
    channel_close(&resolver->channel);
    free(resolver);
}

bool resolver_add(struct resolver *resolver, const char *name, enum ip_family family, bool reload,
                  resolve_handler handler, void *arg)
{
    struct request *request = mem_alloc(sizeof(*request));

    if (!text_copy(request->query.name, sizeof(request->query.name), name)) {
        free(request);
        errno = ENAMETOOLONG;
        return false;
    }
    request->query.family = family;
    request->query.reload = reload;
    request->handler = handler;
    request->arg = arg;
    *resolver->end = request;
    resolver->end = &request->next;
    resolver->count++;
    start_first(resolver);
    return true;
}

int resolver_pending(const struct resolver *resolver)
{
    return resolver->count;
}

int resolver_fd(const struct resolver *resolver)
{
    if (!resolver->under_way)
        return -1;
    return resolver->by_helper ? resolver->channel.fd : resolver->pipe_fd;
}

bool resolver_is_due(const struct resolver *resolver)
{
    return resolver->due;
}

void resolver_dispatch(struct resolver *resolver)
{
    if (!resolver->due)
        return;
    if (resolver->job)
        join_thread(resolver);
    struct ipc_addresses answer = resolver->answer;

    struct request *request = resolver->first;
    resolver->first = request->next;
    if (!resolver->first)
        resolver->end = &resolver->first;
    resolver->count--;
    resolver->due = false;
    start_first(resolver);
    request->handler(answer.status, answer.addrs, answer.count, request->arg);
    free(request);
}

void resolver_use_helper(struct resolver *resolver, void (*replace)(pid_t pid, void *arg),
                         void (*see_off)(pid_t pid, void *arg), void *arg)
{
    resolver->by_helper = true;
    resolver->replace = replace;
    resolver->see_off = see_off;
    resolver->replace_arg = arg;
}

void resolver_set_helper(struct resolver *resolver, int channel, pid_t pid)
{
    channel_close(&resolver->channel);
    resolver->channel = channel_make(channel, IPC_RESOLVER, 0);
    resolver->helper = pid;
    resolver->helpers++;
    if (resolver->under_way)
        ask_helper(resolver);
}

bool resolver_has_helper(const struct resolver *resolver)
{
    return resolver->by_helper && resolver->channel.fd >= 0;
}

uint32_t resolver_helper_restarts(const struct resolver *resolver)
{
    return resolver->helpers > 0 ? resolver->helpers - 1 : 0;
}

void resolver_set_limit(struct resolver *resolver, double seconds)
{
    resolver->limit = seconds;
}

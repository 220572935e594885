/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of resolutions and the thread of the one that is under way.
 *
 * The thread looks the name up, writes one octet into a pipe and ends. The pipe is in the wait set
 * only while an answer is due, and its being readable proves nothing: the thread is always joined
 * (system.md 12.2, 20). The thread reads no clock and uses no socket of the world; it owns its job
 * until it is joined, or for good when the resolver is freed in the meantime.
 */
#include "config.h"

#include "chronyd/os/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

struct request {
    struct request *next;
    struct resolver_query query;
    resolve_handler handler;
    void *arg;
};

/* What the thread works on. Whoever is second to set `left`, thread or resolver, frees it. */
struct job {
    struct resolver_query query;
    struct resolver_answer answer;
    struct resolver_helper helper;
    const char *error; /* of the helper, NULL: none */
    int error_number;
    int pipe_fd; /* write end, closed by the thread */
    atomic_bool left;
};

struct resolver {
    bool ipv4, ipv6;
    struct resolver_helper helper;
    struct request *first; /* the one under way */
    struct request **end;
    int count;
    struct job *job; /* NULL: no thread */
    pthread_t thread;
    int pipe_fd; /* read end, -1: no thread */
    bool due;    /* the answer of the first request is there */
    bool failed; /* ... and is that it has to be tried again: there is no thread */
    bool helper_is_gone;
    bool error_logged; /* since the last lookup that worked */
};

/* ---- Lookup ---- */

static enum resolve_status status_of_error(int error)
{
#ifdef FORCE_DNSRETRY
    (void)error;
    return RESOLVE_TRY_AGAIN;
#else
    return error == EAI_AGAIN ? RESOLVE_TRY_AGAIN : RESOLVE_FAILURE;
#endif
}

static bool take_address(const struct addrinfo *info, enum ip_family family, struct ip_addr *addr)
{
    struct ip_port address;

    if (!ip_port_from_sockaddr(info->ai_addr, info->ai_addrlen, &address))
        return false;
    /* A scope cannot be kept in an address. */
    if (info->ai_family == AF_INET6 &&
        ((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_scope_id != 0)
        return false;
    if (family != IP_UNSPEC && family != address.addr.family)
        return false;
    *addr = address.addr;
    return true;
}

void resolver_lookup(const struct resolver_query *query, struct resolver_answer *answer)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list, *info;

    hints.ai_family = query->family == IP_V4   ? AF_INET
                      : query->family == IP_V6 ? AF_INET6
                                               : AF_UNSPEC;
    answer->count = 0;
    if (query->reload)
        res_init();
    int error = getaddrinfo(query->name, NULL, &hints, &list);
    if (error) {
        answer->status = status_of_error(error);
        return;
    }
    for (info = list; info && answer->count < ADDR_MAX_PER_NAME; info = info->ai_next) {
        if (take_address(info, query->family, &answer->addrs[answer->count]))
            answer->count++;
    }
    freeaddrinfo(list);
    answer->status = answer->count > 0 ? RESOLVE_SUCCESS : status_of_error(EAI_NONAME);
}

/* ---- Thread ---- */

static void leave_job(struct job *job)
{
    if (atomic_exchange(&job->left, true))
        free(job);
}

static void *run_job(void *arg)
{
    struct job *job = arg;

    if (job->helper.fd < 0) {
        resolver_lookup(&job->query, &job->answer);
    } else if (!resolver_helper_ask(&job->helper, &job->query, &job->answer, &job->error)) {
        job->error_number = errno;
    }
    /* Nobody reads it any more when the resolver was freed. */
    if (write(job->pipe_fd, "", 1) < 0)
        errno = 0;
    close(job->pipe_fd);
    leave_job(job);
    return NULL;
}

/* No lookup now; reported once. A clock that runs goes on without: its sources have addresses. */
static bool fail(struct resolver *resolver, const char *what, int error)
{
    if (!resolver->error_logged)
        LOG_ERROR("%s : %s; names cannot be looked up%s", what, text_errno(error),
                  resolver->helper_is_gone ? " until the daemon is restarted" : " now");
    resolver->error_logged = true;
    return false;
}

static bool start_thread(struct resolver *resolver)
{
    sigset_t all, old;
    int fds[2];

    if (resolver->helper_is_gone)
        return false;
    if (pipe(fds) < 0)
        return fail(resolver, "pipe() failed", errno);
    struct job *job = mem_alloc(sizeof(*job));
    job->query = resolver->first->query;
    job->helper = resolver->helper;
    atomic_init(&job->left, false);
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    job->pipe_fd = fds[1];

    /* Signals are the main thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&resolver->thread, NULL, run_job, job);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        close(fds[0]);
        close(fds[1]);
        free(job);
        return fail(resolver, "pthread_create() failed", error);
    }
    resolver->pipe_fd = fds[0];
    resolver->job = job;
    return true;
}

static void join_thread(struct resolver *resolver, struct resolver_answer *answer)
{
    struct job *job = resolver->job;

    if (pthread_join(resolver->thread, NULL))
        LOG_FATAL("pthread_join() failed");
    close(resolver->pipe_fd);
    resolver->pipe_fd = -1;
    resolver->job = NULL;
    *answer = job->answer;
    if (job->error) {
        /* It cannot be replaced: a new one would have the filter that this one is there to avoid. */
        *answer = (struct resolver_answer){.status = RESOLVE_TRY_AGAIN};
        resolver->helper_is_gone = true;
        resolver_helper_stop(&resolver->helper);
        fail(resolver, job->error, job->error_number);
    } else {
        resolver->error_logged = false;
    }
    leave_job(job);
}

/* ---- Queue ---- */

/* Addresses need no lookup, and names none when their family is switched off. */
static bool answer_at_once(const struct resolver *resolver, struct resolver_query *query,
                           struct resolver_answer *answer)
{
    struct ip_addr addr;

    answer->count = 0;
    answer->status = RESOLVE_FAILURE;
    if (query->family == IP_UNSPEC && resolver->ipv4 != resolver->ipv6)
        query->family = resolver->ipv4 ? IP_V4 : IP_V6;
    if ((!resolver->ipv4 && !resolver->ipv6) || (query->family == IP_V4 && !resolver->ipv4) ||
        (query->family == IP_V6 && !resolver->ipv6))
        return true;
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
    struct resolver_answer answer;

    if (!resolver->first || resolver->job || resolver->due)
        return;
    if (answer_at_once(resolver, &resolver->first->query, &answer))
        resolver->due = true;
    else if (!start_thread(resolver))
        resolver->due = resolver->failed = true;
}

struct resolver *resolver_new(bool ipv4, bool ipv6)
{
    struct resolver *resolver = mem_alloc(sizeof(*resolver));

    resolver->ipv4 = ipv4;
    resolver->ipv6 = ipv6;
    resolver->helper.fd = -1;
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
    resolver_helper_stop(&resolver->helper);
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
    return resolver->due ? -1 : resolver->pipe_fd;
}

bool resolver_is_due(const struct resolver *resolver)
{
    return resolver->due;
}

void resolver_set_due(struct resolver *resolver)
{
    resolver->due = true;
}

void resolver_dispatch(struct resolver *resolver)
{
    struct resolver_answer answer;

    if (!resolver->due)
        return;
    struct request *request = resolver->first;
    if (resolver->job)
        join_thread(resolver, &answer);
    else if (resolver->failed)
        answer = (struct resolver_answer){.status = RESOLVE_TRY_AGAIN};
    else
        answer_at_once(resolver, &request->query, &answer);

    resolver->first = request->next;
    if (!resolver->first)
        resolver->end = &resolver->first;
    resolver->count--;
    resolver->due = resolver->failed = false;
    start_first(resolver);
    request->handler(answer.status, answer.addrs, answer.count, request->arg);
    free(request);
}

void resolver_start_helper(struct resolver *resolver, uid_t uid, gid_t gid)
{
    resolver_helper_start(&resolver->helper, uid, gid);
}

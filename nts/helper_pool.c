/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels, generations and sessions of the helpers, in the main process; see helper_pool.h. A
 * generation takes over when all its helpers are ready; the old one is told to drain. Nothing that
 * arrives here may end the process.
 */
#include "nts/helper_pool.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/fork_server.h"
#include "nts/ipc.h"
#include "nts/ipc_queue.h"

#define START_TIMEOUT 30.0 /* seconds, for the files to be read */
#define BURST         64   /* messages of one helper for each event */
/* Seconds without the end of any of its sessions, each of which lasts 2 s at most, until a helper
   counts as stuck; and for the last sessions of an old generation. */
#define STUCK_TIME  30.0
#define QUEUE_PAUSE 0.02 /* seconds until they are sent again */
#define RENEW_PAUSE 2.0  /* seconds after a generation that was refused */
#define RETRY_PAUSE 60.0 /* seconds after one that did not start, with files that can be used */

enum helper_state { STARTING, READY, DRAINING };

struct helper {
    struct helper_pool *pool;
    int channel;
    uint32_t generation;
    uint16_t number;
    pid_t pid;
    enum helper_state state;
    uint32_t *sessions; /* max_sessions of them, and what is on the way */
    int session_count;
    struct ipc_queue queue;
    timer_id stuck_timer; /* 0: it has no sessions, and was not told to end */
};

struct helper_pool {
    struct fork_server *fork_server;
    bool lost; /* the fork server is */
    int wanted;
    int max_sessions;
    struct loop *loop; /* NULL: not attached yet */
    struct helper_pool_events events;
    struct helper **helpers;
    size_t count;
    uint32_t current; /* generation that serves, 0: none yet */
    uint32_t pending; /* generation that starts, 0: none */
    uint32_t last;
    bool renew_again;
    bool bad_files; /* some of the pending generation, or all; both were logged */
    bool no_files;
    timer_id start_timer;
    timer_id renew_timer;
    timer_id queue_timer;
    bool was_ready;
    bool lacking;                     /* descriptors, which was logged */
    char failure[IPC_TEXT_SIZE];      /* of the pending generation; empty: none */
    char last_failure[IPC_TEXT_SIZE]; /* of a start, logged once */
};

static void on_helper(int fd, unsigned int event, void *arg);

struct helper_pool *helper_pool_new(struct fork_server *fork_server, int helpers, int max_sessions)
{
    struct helper_pool *pool = mem_alloc(sizeof(*pool));

    pool->fork_server = fork_server;
    pool->wanted = helpers;
    pool->max_sessions = max_sessions;
    return pool;
}

static void close_channel(struct helper_pool *pool, int fd)
{
    if (pool->loop != NULL)
        loop_fd_remove(pool->loop, fd);
    close(fd);
}

/* ---- helpers ---- */

static size_t max_passed(const struct helper_pool *pool)
{
    return (size_t)pool->max_sessions + HELPER_POOL_ON_THE_WAY;
}

static bool has_room(const struct helper *h)
{
    return (size_t)h->session_count < max_passed(h->pool) && h->queue.count < IPC_QUEUE_SIZE;
}

static bool serves(const struct helper *h)
{
    return h->state == READY && h->generation == h->pool->current;
}

static bool any_ready(const struct helper_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        if (serves(pool->helpers[i]) && has_room(pool->helpers[i]))
            return true;
    return false;
}

static bool any_full(const struct helper_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        if (serves(pool->helpers[i]) && !has_room(pool->helpers[i]))
            return true;
    return false;
}

/* Without a fork server nothing will get better, and connections are not to wait for it. */
bool helper_pool_is_ready(const struct helper_pool *pool)
{
    return pool->lost || any_ready(pool);
}

static void check_ready(struct helper_pool *pool)
{
    bool ready = helper_pool_is_ready(pool);

    if (ready == pool->was_ready)
        return;
    pool->was_ready = ready;
    if (pool->events.changed != NULL)
        pool->events.changed(pool->events.arg);
}

/* A socket that had to wait is not needed any more. */
static void release(int fd, void *arg)
{
    const struct helper_pool *pool = arg;

    if (pool->events.release != NULL)
        pool->events.release(fd, pool->events.arg);
}

/* The helper sees the end of its channel and ends. One of the generation that serves is started again,
   one of the generation that starts is not. */
static void lack_descriptor(struct helper_pool *pool, uint32_t generation)
{
    if (!pool->lacking)
        LOG_ERROR("Could not receive channel of NTS-KE helper : %s", text_errno(EMFILE));
    pool->lacking = true;
    if (generation == pool->pending && pool->failure[0] == '\0')
        snprintf(pool->failure, sizeof(pool->failure), "Could not start NTS-KE helpers : %s",
                 text_errno(EMFILE));
}

static void add_helper(struct helper_pool *pool, const struct ipc_message *message, int channel)
{
    struct helper *h;

    if (channel < 0) {
        lack_descriptor(pool, message->u.helper.generation);
        return;
    }
    pool->lacking = false;
    if ((message->u.helper.generation != pool->current &&
         message->u.helper.generation != pool->pending) ||
        message->u.helper.number > pool->wanted) {
        close(channel);
        return;
    }
    h = mem_alloc(sizeof(*h));
    h->pool = pool;
    h->channel = channel;
    h->queue.release = release;
    h->queue.arg = pool;
    h->generation = message->u.helper.generation;
    h->number = message->u.helper.number;
    h->pid = message->u.helper.pid;
    h->sessions = mem_array(max_passed(pool), sizeof(*h->sessions));
    pool->helpers = mem_resize(pool->helpers, pool->count + 1, sizeof(struct helper *));
    pool->helpers[pool->count++] = h;
    if (pool->loop != NULL)
        loop_fd_add(pool->loop, channel, WORLD_READ, on_helper, h);
}

static void stop_timer(struct helper *h)
{
    if (h->pool->loop != NULL)
        loop_timer_cancel(h->pool->loop, h->stuck_timer);
    h->stuck_timer = 0;
}

static void free_helper(struct helper *h)
{
    stop_timer(h);
    ipc_queue_clear(&h->queue);
    free(h->sessions);
    free(h);
}

/* The helper is gone or not to be trusted; its sessions are over. */
static void remove_helper(struct helper *h)
{
    struct helper_pool *pool = h->pool;

    for (size_t i = 0; i < pool->count; i++) {
        if (pool->helpers[i] == h) {
            pool->helpers[i] = pool->helpers[--pool->count];
            break;
        }
    }
    close_channel(pool, h->channel);
    stop_timer(h);
    for (int i = 0; i < h->session_count; i++)
        if (pool->events.ended != NULL)
            pool->events.ended(h->sessions[i], IPC_SESSION_FAILED, pool->events.arg);
    if (h->generation == pool->pending && pool->failure[0] == '\0')
        text_copy(pool->failure, sizeof(pool->failure), "NTS-KE helpers failed");
    free_helper(h);
}

/* It would end by itself when its channel is closed, but may not be what it was. */
static void kill_helper(struct helper *h)
{
    fork_server_kill(h->pool->fork_server, h->pid);
    remove_helper(h);
}

/* ---- sending ---- */

static void on_queue_timer(void *arg);

static void await_room(struct helper_pool *pool)
{
    if (pool->queue_timer == 0 && pool->loop != NULL)
        pool->queue_timer = loop_timer_add(pool->loop, QUEUE_PAUSE, on_queue_timer, pool);
}

/* IPC_OK: sent, IPC_AGAIN: it waits for room, else it is lost. */
static enum ipc_result send_or_queue(struct helper *h, const struct ipc_message *message, int fd)
{
    enum ipc_result result = ipc_queue_send(&h->queue, h->channel, message, fd);

    if (result == IPC_AGAIN)
        await_room(h->pool);
    return result;
}

/* ---- generations ---- */

static void on_start_timeout(void *arg);
static void check_generation(struct helper_pool *pool);

static void on_stuck(void *arg)
{
    struct helper *h = arg;
    struct helper_pool *pool = h->pool;

    h->stuck_timer = 0;
    LOG_ERROR("NTS-KE helper #%d (process %d) does not answer", h->number, (int)h->pid);
    kill_helper(h);
    check_generation(pool);
    check_ready(pool);
}

static void start_timer(struct helper *h)
{
    stop_timer(h);
    if (h->pool->loop != NULL)
        h->stuck_timer = loop_timer_add(h->pool->loop, STUCK_TIME, on_stuck, h);
}

static void start_generation(struct helper_pool *pool)
{
    pool->pending = ++pool->last;
    pool->failure[0] = '\0';
    pool->bad_files = pool->no_files = false;
    fork_server_order(pool->fork_server, IPC_ORDER_NEW);
    if (pool->loop != NULL)
        pool->start_timer = loop_timer_add(pool->loop, START_TIMEOUT, on_start_timeout, pool);
}

static void drain_others(struct helper_pool *pool)
{
    const struct ipc_message drain = {.type = IPC_DRAIN};

    for (size_t i = 0; i < pool->count; i++) {
        struct helper *h = pool->helpers[i];
        if (h->generation == pool->current || h->state == DRAINING)
            continue;
        h->state = DRAINING;
        start_timer(h);
        /* With a full queue: what is in it is lost with the channel, and nothing else helps. */
        enum ipc_result result = send_or_queue(h, &drain, -1);
        if (result != IPC_OK && result != IPC_AGAIN)
            shutdown(h->channel, SHUT_RDWR);
    }
}

static void end_start(struct helper_pool *pool, bool ok)
{
    pool->pending = 0;
    if (pool->loop != NULL)
        loop_timer_cancel(pool->loop, pool->start_timer);
    pool->start_timer = 0;
    if (pool->renew_again) {
        pool->renew_again = false;
        start_generation(pool);
    } else if (pool->events.renewed != NULL) {
        pool->events.renewed(ok, pool->events.arg);
    }
}

static void adopt(struct helper_pool *pool)
{
    if (pool->current != 0)
        LOG_INFO("NTS-KE helpers read certificates and keys again");
    pool->current = pool->pending;
    pool->last_failure[0] = '\0';
    fork_server_order(pool->fork_server, IPC_ORDER_ADOPT);
    drain_others(pool);
    end_start(pool, !pool->bad_files);
}

static void on_renew_timer(void *arg)
{
    struct helper_pool *pool = arg;

    pool->renew_timer = 0;
    if (!pool->lost && pool->pending == 0)
        start_generation(pool);
}

static void renew_later(struct helper_pool *pool, double pause)
{
    if (pool->loop != NULL && !pool->lost && pool->pending == 0 && pool->renew_timer == 0)
        pool->renew_timer = loop_timer_add(pool->loop, pause, on_renew_timer, pool);
}

static void report_failure(struct helper_pool *pool, const char *text, const char *consequence)
{
    const bool is_news = strcmp(pool->last_failure, text) != 0;

    text_copy(pool->last_failure, sizeof(pool->last_failure), text);
    LOG(is_news ? LOG_SEV_ERROR : LOG_SEV_DEBUG, "%s%s", text, consequence);
}

/* Bad files are tried again when they change; nothing tells when helpers can be started again. */
static void abandon(struct helper_pool *pool)
{
    const uint32_t generation = pool->pending;
    const bool retry = !pool->no_files;

    if (!pool->no_files && pool->loop != NULL)
        report_failure(pool, pool->failure,
                       pool->current != 0 ? "; old NTS-KE helpers stay" : "; there is no NTS-KE");
    fork_server_order(pool->fork_server, IPC_ORDER_ABANDON);
    for (size_t i = 0; i < pool->count;) {
        if (pool->helpers[i]->generation == generation)
            remove_helper(pool->helpers[i]);
        else
            i++;
    }
    end_start(pool, false);
    if (retry)
        renew_later(pool, RETRY_PAUSE);
}

/* Decides about the pending generation after each event. */
static void check_generation(struct helper_pool *pool)
{
    int ready = 0;

    if (pool->pending == 0)
        return;
    for (size_t i = 0; i < pool->count; i++)
        if (pool->helpers[i]->generation == pool->pending && pool->helpers[i]->state == READY)
            ready++;
    if (pool->failure[0] != '\0')
        abandon(pool);
    else if (ready >= pool->wanted)
        adopt(pool);
}

static void on_start_timeout(void *arg)
{
    struct helper_pool *pool = arg;

    pool->start_timer = 0;
    text_copy(pool->failure, sizeof(pool->failure), "NTS-KE helpers did not start in time");
    check_generation(pool);
    check_ready(pool);
}

bool helper_pool_renew(struct helper_pool *pool)
{
    if (pool->lost)
        return false;
    pool->last_failure[0] = '\0';
    if (pool->loop != NULL)
        loop_timer_cancel(pool->loop, pool->renew_timer);
    pool->renew_timer = 0;
    if (pool->pending != 0)
        pool->renew_again = true;
    else
        start_generation(pool);
    return true;
}

void helper_pool_files(struct helper_pool *pool, const struct ipc_message *message)
{
    if (message->u.files.generation != pool->pending)
        return;
    pool->bad_files = message->u.files.text[0] != '\0';
    pool->no_files = !message->u.files.usable;
    if (pool->no_files)
        text_copy(pool->failure, sizeof(pool->failure), message->u.files.text);
    check_generation(pool);
    check_ready(pool);
}

/* Too many orders in a short time, or old generations that still drain: once more in a while. */
void helper_pool_refused(struct helper_pool *pool, uint32_t generation)
{
    if (generation != pool->pending || pool->loop == NULL)
        return;
    LOG_DEBUG("Fork server refused to start generation %u of NTS-KE helpers now",
              (unsigned int)generation);
    pool->pending = 0;
    pool->renew_again = false;
    loop_timer_cancel(pool->loop, pool->start_timer);
    pool->start_timer = 0;
    renew_later(pool, RENEW_PAUSE);
}

/* ---- messages ---- */

static bool end_session(struct helper *h, uint32_t session, enum ipc_outcome outcome)
{
    for (int i = 0; i < h->session_count; i++) {
        if (h->sessions[i] != session)
            continue;
        h->sessions[i] = h->sessions[--h->session_count];
        if (h->session_count > 0)
            start_timer(h);
        else if (h->state != DRAINING)
            stop_timer(h);
        if (h->pool->events.ended != NULL)
            h->pool->events.ended(session, outcome, h->pool->events.arg);
        return true;
    }
    return false;
}

static void take_failure(struct helper *h, const char *text)
{
    struct helper_pool *pool = h->pool;

    if (h->generation == pool->pending) {
        if (pool->failure[0] == '\0')
            text_copy(pool->failure, sizeof(pool->failure), text);
    } else {
        report_failure(pool, text, "");
    }
}

/* False: not a thing that this helper may say now. */
static bool take_message(struct helper *h, const struct ipc_message *message)
{
    switch (message->type) {
    case IPC_READY:
        if (h->state != STARTING)
            return false;
        h->state = READY;
        if (h->generation == h->pool->current)
            h->pool->last_failure[0] = '\0';
        return true;
    case IPC_FAILED:
        if (h->state != STARTING)
            return false;
        take_failure(h, message->u.failed.text);
        return true;
    case IPC_OUTCOME:
        return end_session(h, message->u.outcome.session, message->u.outcome.outcome);
    default:
        return false;
    }
}

/* Reads what a helper has sent; it may be freed in here. */
static void read_helper(struct helper *h)
{
    struct ipc_message message;
    int fd;

    for (int i = 0; i < BURST; i++) {
        enum ipc_result result = ipc_receive(h->channel, IPC_HELPER, &message, &fd);
        if (result == IPC_OK && !take_message(h, &message))
            result = IPC_BAD;
        if (result == IPC_OK)
            continue;
        if (result == IPC_BAD) {
            LOG_ERROR("Invalid message from NTS-KE helper #%d (process %d)", h->number,
                      (int)h->pid);
            kill_helper(h);
        } else if (result != IPC_AGAIN) {
            remove_helper(h);
        }
        return;
    }
}

static void on_helper(int fd, unsigned int event, void *arg)
{
    struct helper *h = arg;
    struct helper_pool *pool = h->pool;

    (void)fd;
    (void)event;
    read_helper(h);
    check_generation(pool);
    check_ready(pool);
}

void helper_pool_add(struct helper_pool *pool, const struct ipc_message *message, int channel)
{
    add_helper(pool, message, channel);
    check_generation(pool);
    check_ready(pool);
}

void helper_pool_fork_server_lost(struct helper_pool *pool)
{
    pool->lost = true;
    pool->renew_again = false;
    if (pool->pending != 0 && pool->failure[0] == '\0')
        text_copy(pool->failure, sizeof(pool->failure), "NTS-KE helpers failed");
    check_generation(pool);
    check_ready(pool);
}

/* A queue of one helper that breaks does not concern the others. */
static void on_queue_timer(void *arg)
{
    struct helper_pool *pool = arg;

    pool->queue_timer = 0;
    for (size_t i = pool->count; i-- > 0;) {
        enum ipc_result result =
            ipc_queue_flush(&pool->helpers[i]->queue, pool->helpers[i]->channel);
        if (result == IPC_AGAIN)
            await_room(pool);
        else if (result != IPC_OK)
            remove_helper(pool->helpers[i]);
    }
    check_generation(pool);
    check_ready(pool);
}

void helper_pool_poll(struct helper_pool *pool)
{
    /* A helper that is removed is replaced by the last one, which was read before. */
    for (size_t i = pool->count; i-- > 0;)
        if (i < pool->count)
            read_helper(pool->helpers[i]);
    check_generation(pool);
    check_ready(pool);
}

/* ---- start and end ---- */

/* One wait of the blocking start. False: nothing came for too long. */
static bool await_event(struct helper_pool *pool)
{
    size_t count = pool->count + 1;
    struct pollfd *fds = mem_array(count, sizeof(*fds));
    int r;

    fds[0] = (struct pollfd){.fd = fork_server_channel(pool->fork_server), .events = POLLIN};
    for (size_t i = 0; i < pool->count; i++)
        fds[i + 1] = (struct pollfd){.fd = pool->helpers[i]->channel, .events = POLLIN};
    r = poll(fds, count, (int)(START_TIMEOUT * 1000.0));
    if (r > 0) {
        for (size_t i = count - 1; i > 0; i--)
            if (fds[i].revents != 0)
                read_helper(pool->helpers[i - 1]);
        if (fds[0].revents != 0)
            fork_server_read(pool->fork_server);
    }
    free(fds);
    return r > 0 || (r < 0 && errno == EINTR);
}

bool helper_pool_await_first(struct helper_pool *pool, char *error, size_t size)
{
    start_generation(pool);
    while (pool->pending != 0) {
        if (!await_event(pool) && pool->failure[0] == '\0')
            text_copy(pool->failure, sizeof(pool->failure), "NTS-KE helpers did not start in time");
        check_generation(pool);
    }
    pool->was_ready = pool->current != 0;
    text_copy(error, size, pool->failure);
    return pool->current != 0 || pool->no_files;
}

void helper_pool_attach(struct helper_pool *pool, struct loop *loop,
                        const struct helper_pool_events *events)
{
    pool->loop = loop;
    pool->events = *events;
    for (size_t i = 0; i < pool->count; i++)
        loop_fd_add(loop, pool->helpers[i]->channel, WORLD_READ, on_helper, pool->helpers[i]);
}

void helper_pool_detach(struct helper_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        ipc_queue_clear(&pool->helpers[i]->queue);
    pool->events = (struct helper_pool_events){0};
}

void helper_pool_free(struct helper_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->count; i++) {
        close_channel(pool, pool->helpers[i]->channel);
        free_helper(pool->helpers[i]);
    }
    if (pool->loop != NULL) {
        loop_timer_cancel(pool->loop, pool->start_timer);
        loop_timer_cancel(pool->loop, pool->renew_timer);
        loop_timer_cancel(pool->loop, pool->queue_timer);
    }
    free(pool->helpers);
    free(pool);
}

/* ---- connections ---- */

/* Of those that have room. */
static struct helper *least_busy(const struct helper_pool *pool)
{
    struct helper *best = NULL;

    for (size_t i = 0; i < pool->count; i++) {
        struct helper *h = pool->helpers[i];
        if (serves(h) && has_room(h) &&
            (best == NULL || h->queue.count < best->queue.count ||
             (h->queue.count == best->queue.count && h->session_count < best->session_count)))
            best = h;
    }
    return best;
}

enum helper_pool_result helper_pool_pass(struct helper_pool *pool, uint32_t session, int fd,
                                         const struct ip_port *peer,
                                         const struct nts_server_key *key)
{
    struct ipc_message message = {.type = IPC_CONNECTION};
    enum helper_pool_result passed = HELPER_POOL_NONE;
    struct helper *h;

    message.u.connection.session = session;
    message.u.connection.peer = *peer;
    message.u.connection.key = *key;
    while ((h = least_busy(pool)) != NULL) {
        enum ipc_result result = send_or_queue(h, &message, fd);
        if (result == IPC_OK || result == IPC_AGAIN) {
            if (h->session_count == 0)
                start_timer(h);
            h->sessions[h->session_count++] = session;
            passed = result == IPC_OK ? HELPER_POOL_OK : HELPER_POOL_KEPT;
            break;
        }
        remove_helper(h);
    }
    if (passed == HELPER_POOL_NONE && any_full(pool))
        passed = HELPER_POOL_FULL;
    secret_wipe(&message.u.connection.key.key);
    check_ready(pool);
    return passed;
}

uint32_t helper_pool_generation(const struct helper_pool *pool)
{
    return pool->current;
}

int helper_pool_pids(const struct helper_pool *pool, pid_t *pids, int max)
{
    int n = 0;

    for (size_t i = 0; i < pool->count && n < max; i++)
        if (pool->helpers[i]->generation == pool->current && pool->helpers[i]->state == READY)
            pids[n++] = pool->helpers[i]->pid;
    return n;
}

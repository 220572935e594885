/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels and sessions of the helpers, in the main process; see helper_pool.h. Nothing that
 * arrives here may end the process.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "process/fork_server.h"
#include "process/helper_pool_internal.h"

#define BURST 64 /* messages of one helper for each event */
/* Seconds without the end of any of its sessions, each of which lasts 2 s at most, until a helper
   counts as stuck; and for the last sessions of an old generation. */
#define STUCK_TIME  30.0
#define QUEUE_SIZE  16   /* messages that wait for a helper */
#define QUEUE_PAUSE 0.02 /* seconds until they are sent again */

static void on_helper(int fd, unsigned int event, void *arg);

struct helper_pool *helper_pool_new(struct fork_server *fork_server, const struct helper_role *role)
{
    struct helper_pool *pool = mem_alloc(sizeof(*pool));

    pool->fork_server = fork_server;
    pool->role = role;
    return pool;
}

static void close_channel(struct helper *h)
{
    if (h->pool->loop && h->channel.fd >= 0)
        loop_fd_remove(h->pool->loop, h->channel.fd);
    channel_close(&h->channel);
}

void helper_pool_fail_start(struct helper_pool *pool, const char *text)
{
    if (pool->failure[0] == '\0')
        text_copy(pool->failure, sizeof(pool->failure), text);
}

static void fail_helpers(struct helper_pool *pool)
{
    char text[IPC_TEXT_SIZE];

    snprintf(text, sizeof(text), "%s helpers failed", pool->role->service);
    helper_pool_fail_start(pool, text);
}

/* ---- Helpers ---- */

static size_t max_passed(const struct helper_pool *pool)
{
    return (size_t)pool->role->max_sessions + HELPER_POOL_ON_THE_WAY;
}

static bool has_room(const struct helper *h)
{
    return (size_t)h->session_count < max_passed(h->pool) && h->channel.waiting_count < QUEUE_SIZE;
}

static bool serves(const struct helper *h)
{
    return h->state == HELPER_READY && h->generation == h->pool->current;
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

/* Without a fork server no helper will come, so connections must not wait. */
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
    if (pool->events.changed)
        pool->events.changed(pool->events.arg);
}

void helper_pool_check(struct helper_pool *pool)
{
    generation_check(pool);
    check_ready(pool);
}

/* Releases a socket that had to wait. */
static void release(int fd, void *arg)
{
    const struct helper_pool *pool = arg;

    if (pool->events.release)
        pool->events.release(fd, pool->events.arg);
}

/* The helper finds its channel closed and ends. A helper of the serving generation is started
   again, one of the pending generation is not. */
static void lack_descriptor(struct helper_pool *pool, uint32_t generation)
{
    const char *service = pool->role->service;
    char text[IPC_TEXT_SIZE];

    if (!pool->lacking)
        LOG_ERROR("Could not receive channel of %s helper : %s", service, text_errno(EMFILE));
    pool->lacking = true;
    snprintf(text, sizeof(text), "Could not start %s helpers : %s", service, text_errno(EMFILE));
    if (generation == pool->pending)
        helper_pool_fail_start(pool, text);
}

static void add_helper(struct helper_pool *pool, const struct ipc_message *message, int channel)
{
    if (channel < 0) {
        lack_descriptor(pool, message->u.helper.generation);
        return;
    }
    pool->lacking = false;
    if ((message->u.helper.generation != pool->current &&
         message->u.helper.generation != pool->pending) ||
        message->u.helper.number > pool->role->count) {
        close(channel);
        return;
    }
    struct helper *h = mem_alloc(sizeof(*h));
    h->pool = pool;
    h->channel = channel_make(channel, IPC_HELPER, QUEUE_SIZE);
    h->channel.release = release;
    h->channel.arg = pool;
    h->generation = message->u.helper.generation;
    h->number = message->u.helper.number;
    h->pid = message->u.helper.pid;
    h->sessions = mem_array(max_passed(pool), sizeof(*h->sessions));
    pool->helpers = mem_resize(pool->helpers, pool->count + 1, sizeof(struct helper *));
    pool->helpers[pool->count++] = h;
    if (pool->loop)
        loop_fd_add(pool->loop, channel, WORLD_READ, on_helper, h);
}

static void stop_timer(struct helper *h)
{
    if (h->pool->loop)
        loop_timer_cancel(h->pool->loop, h->stuck_timer);
    h->stuck_timer = 0;
}

static void free_helper(struct helper *h)
{
    stop_timer(h);
    close_channel(h);
    helper_drop_certificates(h);
    free(h->sessions);
    free(h);
}

void helper_remove(struct helper *h)
{
    struct helper_pool *pool = h->pool;

    for (size_t i = 0; i < pool->count; i++) {
        if (pool->helpers[i] == h) {
            pool->helpers[i] = pool->helpers[--pool->count];
            break;
        }
    }
    close_channel(h);
    stop_timer(h);
    for (int i = 0; i < h->session_count; i++)
        if (pool->events.ended)
            pool->events.ended(h->sessions[i], KE_END_HELPER_LOST, pool->events.arg);
    if (h->generation == pool->pending)
        fail_helpers(pool);
    else if (h->generation == pool->current)
        pool->lost_helpers++;
    free_helper(h);
}

/* A helper ends when its channel is closed, but not if it was taken over. */
static void kill_helper(struct helper *h)
{
    fork_server_kill(h->pool->fork_server, h->pid);
    helper_remove(h);
}

/* ---- Sending ---- */

static void on_queue_timer(void *arg);

static void await_room(struct helper_pool *pool)
{
    if (pool->queue_timer == 0 && pool->loop)
        pool->queue_timer = loop_timer_add(pool->loop, QUEUE_PAUSE, on_queue_timer, pool);
}

enum channel_result helper_send(struct helper *h, const struct ipc_message *message, int fd)
{
    enum channel_result result = channel_send(&h->channel, message, fd);

    if (result == CHANNEL_AGAIN)
        await_room(h->pool);
    return result;
}

/* ---- Helpers that do not answer ---- */

static void on_stuck(void *arg)
{
    struct helper *h = arg;
    struct helper_pool *pool = h->pool;

    h->stuck_timer = 0;
    h->silence += HELPER_POOL_ROUND;
    if (h->silence < STUCK_TIME) {
        h->stuck_timer = loop_timer_add(pool->loop, HELPER_POOL_ROUND, on_stuck, h);
        return;
    }
    LOG_ERROR("%s helper #%d (process %d) does not answer", pool->role->service, h->number,
              (int)h->pid);
    kill_helper(h);
    helper_pool_check(pool);
}

void helper_start_timer(struct helper *h)
{
    stop_timer(h);
    h->silence = 0.0;
    if (h->pool->loop)
        h->stuck_timer = loop_timer_add(h->pool->loop, HELPER_POOL_ROUND, on_stuck, h);
}

/* ---- Messages ---- */

static bool end_session(struct helper *h, uint32_t session, enum ke_end end)
{
    for (int i = 0; i < h->session_count; i++) {
        if (h->sessions[i] != session)
            continue;
        h->sessions[i] = h->sessions[--h->session_count];
        if (h->session_count > 0)
            helper_start_timer(h);
        else if (h->state != HELPER_DRAINING)
            stop_timer(h);
        if (h->pool->events.ended)
            h->pool->events.ended(session, end, h->pool->events.arg);
        return true;
    }
    return false;
}

static void take_failure(struct helper *h, const char *text)
{
    if (h->generation == h->pool->pending)
        helper_pool_fail_start(h->pool, text);
    else
        generation_report(h->pool, text, "");
}

/* False: the end of a session that this helper does not have. The channel refuses all other
   invalid messages. */
static bool take_message(struct helper *h, const struct ipc_message *message)
{
    switch (message->type) {
    case IPC_READY:
        /* It may have been told to end before it was ready. */
        if (h->state == HELPER_STARTING)
            h->state = HELPER_READY;
        if (h->generation == h->pool->current)
            h->pool->last_failure[0] = '\0';
        return true;
    case IPC_CERTIFICATE:
        helper_add_certificate(h, &message->u.certificate);
        return true;
    case IPC_FAILED:
        take_failure(h, message->u.failed.text);
        return true;
    default:
        return end_session(h, message->u.outcome.session, message->u.outcome.end);
    }
}

/* Reads what a helper has sent; it may be freed in here. */
static void read_helper(struct helper *h)
{
    struct ipc_message message;
    int fd;

    for (int i = 0; i < BURST; i++) {
        enum channel_result result = channel_receive(&h->channel, &message, &fd);
        if (result == CHANNEL_OK && !take_message(h, &message))
            result = CHANNEL_BAD;
        if (result == CHANNEL_OK)
            continue;
        if (result == CHANNEL_BAD) {
            LOG_ERROR("Invalid message from %s helper #%d (process %d)", h->pool->role->service,
                      h->number, (int)h->pid);
            kill_helper(h);
        } else if (result != CHANNEL_AGAIN) {
            fork_server_see_off(h->pool->fork_server, h->pid);
            helper_remove(h);
        }
        return;
    }
}

static void on_helper(int fd, unsigned int event, void *arg)
{
    struct helper *h = arg;
    struct helper_pool *pool = h->pool;

    read_helper(h);
    helper_pool_check(pool);
}

void helper_pool_add(struct helper_pool *pool, const struct ipc_message *message, int channel)
{
    add_helper(pool, message, channel);
    helper_pool_check(pool);
}

void helper_pool_fork_server_lost(struct helper_pool *pool)
{
    pool->lost = true;
    pool->renew_again = false;
    if (pool->pending != 0)
        fail_helpers(pool);
    helper_pool_check(pool);
}

/* The queue of each helper is flushed, also if that of another one fails. */
static void on_queue_timer(void *arg)
{
    struct helper_pool *pool = arg;

    pool->queue_timer = 0;
    for (size_t i = pool->count; i-- > 0;) {
        enum channel_result result = channel_flush(&pool->helpers[i]->channel);
        if (result == CHANNEL_AGAIN)
            await_room(pool);
        else if (result != CHANNEL_OK)
            helper_remove(pool->helpers[i]);
    }
    helper_pool_check(pool);
}

void helper_pool_poll(struct helper_pool *pool)
{
    /* A helper that is removed is replaced by the last one, which was read before. */
    for (size_t i = pool->count; i-- > 0;)
        if (i < pool->count)
            read_helper(pool->helpers[i]);
    helper_pool_check(pool);
}

/* ---- Start and end ---- */

/* Waits once, in the blocking start. False: nothing came within the limit. */
static bool await_event(struct helper_pool *pool)
{
    size_t count = pool->count + 1;
    struct pollfd *fds = mem_array(count, sizeof(*fds));

    fds[0] = (struct pollfd){.fd = fork_server_channel(pool->fork_server), .events = POLLIN};
    for (size_t i = 0; i < pool->count; i++)
        fds[i + 1] = (struct pollfd){.fd = pool->helpers[i]->channel.fd, .events = POLLIN};
    int r = poll(fds, count, (int)(GENERATION_START_TIMEOUT * 1000.0));
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
    generation_start(pool);
    while (pool->pending != 0) {
        if (!await_event(pool))
            generation_time_out(pool);
        generation_check(pool);
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
        loop_fd_add(loop, pool->helpers[i]->channel.fd, WORLD_READ, on_helper, pool->helpers[i]);
}

void helper_pool_detach(struct helper_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        channel_drop_waiting(&pool->helpers[i]->channel);
    pool->events = (struct helper_pool_events){0};
}

void helper_pool_free(struct helper_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->count; i++)
        free_helper(pool->helpers[i]);
    if (pool->loop) {
        loop_timer_cancel(pool->loop, pool->start_timer);
        loop_timer_cancel(pool->loop, pool->renew_timer);
        loop_timer_cancel(pool->loop, pool->queue_timer);
    }
    free(pool->kept_certificates);
    free(pool->helpers);
    free(pool);
}

/* ---- Connections ---- */

/* The helper with the fewest sessions among those with room. */
static struct helper *least_busy(const struct helper_pool *pool)
{
    struct helper *best = NULL;

    for (size_t i = 0; i < pool->count; i++) {
        struct helper *h = pool->helpers[i];
        if (serves(h) && has_room(h) &&
            (!best || h->channel.waiting_count < best->channel.waiting_count ||
             (h->channel.waiting_count == best->channel.waiting_count &&
              h->session_count < best->session_count)))
            best = h;
    }
    return best;
}

enum helper_pool_result helper_pool_pass(struct helper_pool *pool,
                                         const struct ipc_message *connection, int fd)
{
    enum helper_pool_result passed = HELPER_POOL_NONE;
    struct helper *h;

    while ((h = least_busy(pool))) {
        enum channel_result result = helper_send(h, connection, fd);
        if (result == CHANNEL_OK || result == CHANNEL_AGAIN) {
            if (h->session_count == 0)
                helper_start_timer(h);
            h->sessions[h->session_count++] = connection->u.connection.session;
            passed = result == CHANNEL_OK ? HELPER_POOL_OK : HELPER_POOL_KEPT;
            break;
        }
        helper_remove(h);
    }
    if (passed == HELPER_POOL_NONE && any_full(pool))
        passed = HELPER_POOL_FULL;
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
        if (pool->helpers[i]->generation == pool->current &&
            pool->helpers[i]->state == HELPER_READY)
            pids[n++] = pool->helpers[i]->pid;
    return n;
}

struct helper_pool_state helper_pool_state(const struct helper_pool *pool)
{
    struct helper_pool_state state = {.wanted = pool->role->count, .lost = pool->lost_helpers};

    for (size_t i = 0; i < pool->count; i++)
        state.ready += serves(pool->helpers[i]);
    return state;
}

const char *helper_pool_problem(const struct helper_pool *pool)
{
    if (pool->problem[0] != '\0')
        return pool->problem;
    return pool->last_failure[0] != '\0' ? pool->last_failure : NULL;
}

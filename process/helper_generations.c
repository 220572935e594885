/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations of helpers in the main process; see helper_pool.h. A generation takes over when all
 * its helpers are ready; the old one is told to drain. This file orders generations and decides
 * about them; helper_pool.c has the helpers.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "base/log.h"
#include "base/text.h"
#include "process/fork_server.h"
#include "process/helper_pool_internal.h"

#define RENEW_PAUSE 2.0  /* seconds after a generation that was refused */
#define RETRY_PAUSE 60.0 /* seconds after one that did not start, with files that can be used */

static void on_start_timeout(void *arg);

void generation_start(struct helper_pool *pool)
{
    pool->pending = ++pool->last;
    pool->failure[0] = '\0';
    pool->bad_files = pool->no_files = false;
    fork_server_order(pool->fork_server, IPC_START);
    pool->start_time = 0.0;
    if (pool->loop)
        pool->start_timer = loop_timer_add(pool->loop, HELPER_POOL_ROUND, on_start_timeout, pool);
}

static void drain_others(struct helper_pool *pool)
{
    const struct ipc_message drain = {.type = IPC_DRAIN};

    for (size_t i = 0; i < pool->count; i++) {
        struct helper *h = pool->helpers[i];
        if (h->generation == pool->current || h->state == HELPER_DRAINING)
            continue;
        h->state = HELPER_DRAINING;
        helper_start_timer(h);
        /* With a full queue only closing the channel is left. Its messages are lost. */
        enum channel_result result = helper_send(h, &drain, -1);
        if (result != CHANNEL_OK && result != CHANNEL_AGAIN)
            shutdown(h->channel.fd, SHUT_RDWR);
    }
}

static void end_start(struct helper_pool *pool, bool ok)
{
    pool->pending = 0;
    if (pool->loop)
        loop_timer_cancel(pool->loop, pool->start_timer);
    pool->start_timer = 0;
    if (pool->renew_again) {
        pool->renew_again = false;
        generation_start(pool);
    } else if (pool->events.renewed) {
        pool->events.renewed(ok, pool->events.arg);
    }
}

static void adopt(struct helper_pool *pool)
{
    if (pool->current != 0)
        LOG_INFO("%s helpers read %s again", pool->role->service, pool->role->files);
    pool->current = pool->pending;
    pool->last_failure[0] = '\0';
    fork_server_order(pool->fork_server, IPC_ADOPT);
    drain_others(pool);
    end_start(pool, !pool->bad_files);
}

static void on_renew_timer(void *arg)
{
    struct helper_pool *pool = arg;

    pool->renew_timer = 0;
    if (!pool->lost && pool->pending == 0)
        generation_start(pool);
}

static void renew_later(struct helper_pool *pool, double pause)
{
    if (pool->loop && !pool->lost && pool->pending == 0 && pool->renew_timer == 0)
        pool->renew_timer = loop_timer_add(pool->loop, pause, on_renew_timer, pool);
}

void generation_report(struct helper_pool *pool, const char *text, const char *consequence)
{
    const bool is_news = strcmp(pool->last_failure, text) != 0;

    text_copy(pool->last_failure, sizeof(pool->last_failure), text);
    LOG(is_news ? LOG_SEV_ERROR : LOG_SEV_DEBUG, "%s%s", text, consequence);
}

/* Bad files are tried again when they change. For other failures there is no such sign, so a
   timer tries again. */
static void abandon(struct helper_pool *pool)
{
    const uint32_t generation = pool->pending;
    const bool retry = !pool->no_files;
    char consequence[64];

    snprintf(consequence, sizeof(consequence),
             pool->current != 0 ? "; old %s helpers stay" : "; there is no %s",
             pool->role->service);
    if (!pool->no_files && pool->loop)
        generation_report(pool, pool->failure, consequence);
    fork_server_order(pool->fork_server, IPC_ABANDON);
    for (size_t i = 0; i < pool->count;) {
        if (pool->helpers[i]->generation == generation)
            helper_remove(pool->helpers[i]);
        else
            i++;
    }
    end_start(pool, false);
    if (retry)
        renew_later(pool, RETRY_PAUSE);
}

void generation_check(struct helper_pool *pool)
{
    int ready = 0;

    if (pool->pending == 0)
        return;
    for (size_t i = 0; i < pool->count; i++)
        if (pool->helpers[i]->generation == pool->pending &&
            pool->helpers[i]->state == HELPER_READY)
            ready++;
    if (pool->failure[0] != '\0')
        abandon(pool);
    else if (ready >= pool->role->count)
        adopt(pool);
}

void generation_time_out(struct helper_pool *pool)
{
    char text[IPC_TEXT_SIZE];

    snprintf(text, sizeof(text), "%s helpers did not start in time", pool->role->service);
    helper_pool_fail_start(pool, text);
}

static void on_start_timeout(void *arg)
{
    struct helper_pool *pool = arg;

    pool->start_timer = 0;
    pool->start_time += HELPER_POOL_ROUND;
    if (pool->start_time < GENERATION_START_TIMEOUT) {
        pool->start_timer = loop_timer_add(pool->loop, HELPER_POOL_ROUND, on_start_timeout, pool);
        return;
    }
    generation_time_out(pool);
    helper_pool_check(pool);
}

bool helper_pool_renew(struct helper_pool *pool)
{
    if (pool->lost)
        return false;
    pool->last_failure[0] = '\0';
    if (pool->loop)
        loop_timer_cancel(pool->loop, pool->renew_timer);
    pool->renew_timer = 0;
    if (pool->pending != 0)
        pool->renew_again = true;
    else
        generation_start(pool);
    return true;
}

void helper_pool_files(struct helper_pool *pool, const struct ipc_message *message)
{
    if (message->u.files.generation != pool->pending)
        return;
    pool->bad_files = message->u.files.text[0] != '\0';
    pool->no_files = !message->u.files.usable;
    text_copy(pool->problem, sizeof(pool->problem), message->u.files.text);
    if (pool->no_files)
        text_copy(pool->failure, sizeof(pool->failure), message->u.files.text);
    helper_pool_check(pool);
}

/* Too many orders in a short time, or old generations that still drain: orders again later. */
void helper_pool_refused(struct helper_pool *pool, uint32_t generation)
{
    if (generation != pool->pending || !pool->loop)
        return;
    LOG_DEBUG("Fork server refused to start generation %u of %s helpers now",
              (unsigned int)generation, pool->role->service);
    pool->pending = 0;
    pool->renew_again = false;
    loop_timer_cancel(pool->loop, pool->start_timer);
    pool->start_timer = 0;
    renew_later(pool, RENEW_PAUSE);
}

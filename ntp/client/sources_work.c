/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on many sources in slices; see sources_work.h. Sources may be removed between two slices.
 */
#include "ntp/client/sources_work.h"
#include <stdlib.h>
#include "base/text.h"

/* Seconds, above 0: otherwise the loop would do all slices in one round. */
#define SLICE_PAUSE 0.001

bool sources_work_is_large(size_t count)
{
    return count > SOURCES_SLICE;
}

static void work_free(struct source_work *work)
{
    if (work->free)
        work->free(work);
    else
        free(work);
}

static void on_timer(void *arg);

static void continue_later(struct ntp_sources *s)
{
    if (s->work && s->work_timer == 0)
        s->work_timer = loop_timer_add(s->env->loop, SLICE_PAUSE, on_timer, s);
}

/* Does a slice of the first work in the queue. */
static void run_first(struct ntp_sources *s)
{
    struct source_work *work = s->work;

    if (work->run(s, work)) {
        s->work = work->next;
        work_free(work);
    }
    continue_later(s);
}

static void on_timer(void *arg)
{
    struct ntp_sources *s = arg;

    s->work_timer = 0;
    if (s->work)
        run_first(s);
    if (!s->work && s->work_handler)
        s->work_handler(s->work_arg);
}

void sources_work_add(struct ntp_sources *s, struct source_work *work)
{
    struct source_work **link = &s->work;

    while (*link)
        link = &(*link)->next;
    *link = work;
    if (s->work == work)
        run_first(s);
}

void sources_work_do(struct ntp_sources *s, struct source_work *work)
{
    while (!work->run(s, work))
        continue;
    work_free(work);
}

void sources_work_forget(struct ntp_sources *s, const struct record *r)
{
    for (struct source_work *work = s->work; work; work = work->next) {
        if (work->at == r)
            work->at = TAILQ_NEXT(r, others);
        if (work->selected == r)
            work->selected = NULL;
    }
}

void sources_work_free(struct ntp_sources *s)
{
    loop_timer_cancel(s->env->loop, s->work_timer);
    while (s->work) {
        struct source_work *work = s->work;
        s->work = work->next;
        work_free(work);
    }
}

bool ntp_sources_is_busy(const struct ntp_sources *s)
{
    return s->work != NULL;
}

void ntp_sources_set_work_handler(struct ntp_sources *s, void (*handler)(void *arg), void *arg)
{
    s->work_handler = handler;
    s->work_arg = arg;
}

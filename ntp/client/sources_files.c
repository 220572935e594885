/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of the configuration and of .sources files: adding them at start, and finding out at a
 * reload what vanished, what is new and what stays as it is (ntp.md 18.11, config.md 7).
 */
#include "ntp/client/sources_work.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

static bool is_added(enum ntp_sources_status status)
{
    return status == NTP_SOURCES_SUCCESS || status == NTP_SOURCES_UNRESOLVED;
}

static int compare(const void *a, const void *b)
{
    return source_conf_compare(a, b);
}

/* Compares the two sorted lists: keeps the outcome of entries in both, removes sources that are
   only in the old one. `known` tells for each new entry whether it was in the old list. Does one
   slice. False: more are left. */
static bool match_lists(struct ntp_sources *s, struct source_work *w)
{
    int removed = 0;

    for (; w->old_at < s->file_count && removed < SOURCES_SLICE; w->old_at++) {
        const struct loaded *old = &s->file_loaded[w->old_at];
        int d = -1;

        while (w->new_at < w->count &&
               (d = source_conf_compare(&s->file_sources[w->old_at], &w->list[w->new_at])) > 0)
            w->new_at++;
        if (w->new_at < w->count && d == 0) {
            w->loaded[w->new_at] = *old;
            w->known[w->new_at++] = true;
        } else if (is_added(old->status)) {
            ntp_sources_remove_by_conf_id(s, old->conf_id);
            removed++;
        }
    }
    return w->old_at == s->file_count;
}

static void add_new(struct ntp_sources *s, struct source_work *w)
{
    size_t i = w->add_at;
    struct loaded *loaded = &w->loaded[i];
    enum ntp_sources_status previous = loaded->status;

    loaded->status = ntp_sources_add(s, &w->list[i], &loaded->conf_id);
    if (loaded->status == NTP_SOURCES_UNRESOLVED)
        w->unresolved = true;
    else if (loaded->status != NTP_SOURCES_SUCCESS && !(w->known[i] && loaded->status == previous))
        LOG_ERROR("Could not add source %s : %s", w->list[i].name,
                  ntp_sources_status_text(loaded->status));
}

/* Adds one slice. False: more are left. */
static bool add_some(struct ntp_sources *s, struct source_work *w)
{
    for (int added = 0; w->add_at < w->count && added < SOURCES_SLICE; w->add_at++) {
        if (w->known[w->add_at] && is_added(w->loaded[w->add_at].status))
            continue;
        add_new(s, w);
        added++;
    }
    return w->add_at == w->count;
}

static void begin_reload(struct ntp_sources *s, struct source_work *w)
{
    w->begun = true;
    w->list = conf_read_source_dirs(&s->conf.source_dirs, s->env->world, &w->count);
    w->loaded = mem_array(w->count + 1, sizeof(*w->loaded));
    w->known = mem_array(w->count + 1, sizeof(*w->known));
    if (w->count > 1)
        qsort(w->list, w->count, sizeof(*w->list), compare);
}

static void end_reload(struct ntp_sources *s, struct source_work *w)
{
    sources_free_files(s);
    s->file_sources = w->list;
    s->file_loaded = w->loaded;
    s->file_count = w->count;
    w->list = NULL;
    w->loaded = NULL;
    w->count = 0;
    if (w->unresolved)
        ntp_sources_resolve_now(s);
}

/* Does one slice: first sources that vanished, then new ones. */
static bool reload(struct ntp_sources *s, struct source_work *w)
{
    const struct ntp_env *env = s->env;
    bool was_info = log_context_severity() == LOG_SEV_INFO, done = false;
    bool hold = sources_work_is_large(s->count);

    log_set_context_info(true);
    if (!w->begun)
        begin_reload(s, w);
    if (hold)
        source_register_hold(env->sources);
    if (match_lists(s, w))
        done = add_some(s, w);
    if (hold)
        source_register_release(env->sources);
    if (done)
        end_reload(s, w);
    log_set_context_info(was_info);
    return done;
}

static void free_reload(struct source_work *w)
{
    source_conf_list_free(w->list, w->count);
    free(w->loaded);
    free(w->known);
    free(w);
}

static struct source_work *new_reload(void)
{
    struct source_work *work = mem_alloc(sizeof(*work));

    work->run = reload;
    work->free = free_reload;
    return work;
}

void sources_free_files(struct ntp_sources *s)
{
    source_conf_list_free(s->file_sources, s->file_count);
    free(s->file_loaded);
    s->file_sources = NULL;
    s->file_loaded = NULL;
    s->file_count = 0;
}

/* A reload that waits already will read the present files. */
static bool reload_waits(const struct ntp_sources *s)
{
    for (const struct source_work *w = s->work; w; w = w->next)
        if (w->run == reload && !w->begun)
            return true;
    return false;
}

void ntp_sources_reload(struct ntp_sources *s)
{
    if (s->configured && !reload_waits(s))
        sources_work_add(s, new_reload());
}

void ntp_sources_add_configured(struct ntp_sources *s)
{
    for (size_t i = 0; i < s->conf.source_count; i++) {
        const struct source_conf *conf = &s->conf.sources[i];
        enum ntp_sources_status status = ntp_sources_add(s, conf, NULL);

        if (!is_added(status))
            LOG_ERROR("Could not add source %s : %s", conf->name, ntp_sources_status_text(status));
    }
    s->configured = true;
    sources_work_do(s, new_reload());
}

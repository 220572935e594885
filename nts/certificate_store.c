/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The octets of certificates and keys; see certificate_store.h. It must never parse them, and never
 * drop a pair in use before there is a better one.
 */
#include "nts/certificate_store.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/certificate_check.h"

struct certificate_store {
    struct certificate_store_spec spec;
    size_t count;                  /* of pairs in the configuration */
    struct server_files *latest;   /* the last read; the octets of bad pairs are wiped */
    struct server_files *starting; /* made of the latest and the adopted; NULL: none */
    struct server_files *adopted;  /* NULL: none */
    struct pair_verdict *verdicts; /* of the latest */
    struct pair_verdict *reported; /* the last that were logged */
    bool is_bad;                   /* a pair of the latest is bad */
    bool was_bad;                  /* a pair of an earlier read was bad, since the last adoption */
    bool is_undone;                /* the latest could not be checked */
    bool was_changed;              /* found by the last check of the files */
    struct mono_time look_at;      /* while something is bad */
    struct mono_time report_at;
};

struct certificate_store *certificate_store_new(const struct certificate_store_spec *spec)
{
    struct certificate_store *store = mem_alloc(sizeof(*store));
    const struct nts_server_conf *conf = spec->conf;

    store->spec = *spec;
    store->count = conf->certs.count;
    store->verdicts = mem_array(store->count, sizeof(*store->verdicts));
    store->reported = mem_array(store->count, sizeof(*store->reported));
    return store;
}

static void replace(struct server_files **place, struct server_files *files)
{
    server_files_free(*place);
    *place = files;
}

void certificate_store_free(struct certificate_store *store)
{
    if (!store)
        return;
    replace(&store->latest, NULL);
    replace(&store->starting, NULL);
    replace(&store->adopted, NULL);
    free(store->verdicts);
    free(store->reported);
    free(store);
}

/* ---- Reports ---- */

static const char *consequence(const struct certificate_store *store, size_t pair)
{
    const struct server_files *files = store->starting ? store->starting : store->adopted;

    if (!files)
        return "there is no NTS-KE until this is mended";
    return files->pairs[pair] ? "old certificate and key stay in use"
                              : "the other certificates are served";
}

/* Logs bad pairs. all: also those that were logged before. */
static void report(struct certificate_store *store, bool all)
{
    for (size_t i = 0; i < store->count; i++) {
        const struct pair_verdict *v = &store->verdicts[i];

        if (!v->usable && (all || strcmp(v->problem, store->reported[i].problem) != 0))
            LOG_ERROR("%s; %s", v->problem, consequence(store, i));
        store->reported[i] = *v;
    }
    if (all)
        store->report_at = mono_add(world_mono_now(store->spec.world), CERTIFICATE_REPORT_INTERVAL);
}

/* ---- Reading ---- */

/* Combines the usable pairs of the latest with those in use, for the other pairs. NULL: no pair
   of the latest can be used. */
static struct server_files *compose(const struct certificate_store *store)
{
    struct server_files *files = server_files_share(store->latest);
    size_t usable = 0;

    for (size_t i = 0; i < store->count; i++) {
        if (store->verdicts[i].usable)
            usable++;
        else
            server_files_take_pair(files, i, store->adopted);
    }
    if (usable > 0)
        return files;
    server_files_free(files);
    return NULL;
}

const struct server_files *certificate_store_read(struct certificate_store *store)
{
    const struct certificate_store_spec *spec = &store->spec;
    const bool was_changed = store->was_changed;

    replace(&store->starting, NULL);
    replace(&store->latest, server_files_read(spec->world, spec->conf));
    store->is_undone = !spec->check(store->latest, store->adopted, store->verdicts, spec->arg);
    store->starting = compose(store);
    store->was_bad = store->was_bad || store->is_bad;
    store->is_bad = store->was_changed = false;
    for (size_t i = 0; i < store->count; i++) {
        if (store->verdicts[i].usable)
            continue;
        store->is_bad = true;
        server_files_wipe_pair(store->latest, i);
    }
    report(store, !was_changed);
    store->look_at = mono_add(world_mono_now(spec->world), CERTIFICATE_LOOK_INTERVAL);
    return store->starting;
}

void certificate_store_adopt(struct certificate_store *store)
{
    if (!store->starting)
        return;
    replace(&store->adopted, store->starting);
    store->starting = NULL;
    if (store->was_bad && !store->is_bad)
        LOG_INFO("NTS server certificates and keys can be used now");
    store->was_bad = store->is_bad;
}

void certificate_store_abandon(struct certificate_store *store)
{
    replace(&store->starting, NULL);
}

/* ---- Facts ---- */

const struct server_files *certificate_store_starting(const struct certificate_store *store)
{
    return store->starting;
}

const struct server_files *certificate_store_adopted(const struct certificate_store *store)
{
    return store->adopted;
}

const char *certificate_store_problem(const struct certificate_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        if (!store->verdicts[i].usable && store->verdicts[i].problem[0] != '\0')
            return store->verdicts[i].problem;
    return NULL;
}

/* ---- While something is bad ---- */

double certificate_store_wait(const struct certificate_store *store, struct mono_time now)
{
    if (!store->is_bad)
        return -1.0;
    return fmax(fmin(mono_diff(store->look_at, now), mono_diff(store->report_at, now)), 0.0);
}

bool certificate_store_poll(struct certificate_store *store, struct mono_time now)
{
    if (!store->is_bad)
        return false;
    if (mono_diff(store->report_at, now) <= 0.0)
        report(store, true);
    if (mono_diff(store->look_at, now) > 0.0)
        return false;
    store->look_at = mono_add(now, CERTIFICATE_LOOK_INTERVAL);
    store->was_changed = store->is_undone || server_files_changed(store->latest, store->spec.world);
    return store->was_changed;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials of NTS-KE sessions in the main process; see ke_credentials.h. Files are read and
 * parsed in a timer or an order, which takes about a millisecond for each pair.
 */
#include "nts/ke_credentials.h"
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/certificate_check.h"
#include "nts/certificate_store.h"
#include "nts/certificate_watch.h"

struct ke_credentials {
    struct ke_credentials_spec spec;
    struct certificate_store *store;
    struct certificate_watch *watch; /* NULL: nothing is in use yet */
    timer_id watch_timer;
    timer_id store_timer;
};

static int64_t time_of_day(const struct ke_credentials *c)
{
    return world_raw_now(c->spec.world).i.sec;
}

static bool check_here(const struct server_files *files, const struct server_files *kept,
                       struct pair_verdict *verdicts, void *arg)
{
    certificate_check(files, kept, time_of_day(arg), verdicts);
    return true;
}

static void on_watch_timer(void *arg)
{
    struct ke_credentials *c = arg;

    certificate_watch_check(c->watch, time_of_day(c));
    c->watch_timer = loop_timer_add(c->spec.loop, CERTIFICATE_WATCH_INTERVAL, on_watch_timer, c);
}

static void use(struct ke_credentials *c, struct tls_credentials *credentials)
{
    c->spec.use(credentials, c->spec.arg);
    certificate_watch_free(c->watch);
    c->watch = certificate_watch_new(credentials, false);
    loop_timer_cancel(c->spec.loop, c->watch_timer);
    on_watch_timer(c);
}

static void on_store_timer(void *arg);

static void plan_look(struct ke_credentials *c)
{
    double wait = certificate_store_wait(c->store, world_mono_now(c->spec.world));

    loop_timer_cancel(c->spec.loop, c->store_timer);
    c->store_timer = wait < 0.0 ? 0 : loop_timer_add(c->spec.loop, wait, on_store_timer, c);
}

/* False: some of them are bad. */
static bool load(struct ke_credentials *c)
{
    const struct server_files *files = certificate_store_read(c->store);
    struct tls_credentials *credentials = NULL;
    char error[TLS_ERROR_SIZE];
    bool ok = !certificate_store_problem(c->store);

    if (files) {
        credentials = tls_credentials_new_server(files, error, sizeof(error));
        if (!credentials) {
            LOG_ERROR("%s", error);
            certificate_store_abandon(c->store);
            ok = false;
        } else {
            use(c, credentials);
            certificate_store_adopt(c->store);
            tls_credentials_unref(credentials);
        }
    }
    plan_look(c);
    return ok;
}

static void on_store_timer(void *arg)
{
    struct ke_credentials *c = arg;

    c->store_timer = 0;
    if (certificate_store_poll(c->store, world_mono_now(c->spec.world)))
        ke_credentials_reload(c);
    else
        plan_look(c);
}

struct ke_credentials *ke_credentials_new(const struct ke_credentials_spec *spec)
{
    struct ke_credentials *c = mem_alloc(sizeof(*c));
    const struct certificate_store_spec store = {
        .world = spec->world, .conf = spec->conf, .check = check_here, .arg = c};

    c->spec = *spec;
    c->store = certificate_store_new(&store);
    server_files_warn_permissions(spec->conf);
    load(c);
    return c;
}

void ke_credentials_free(struct ke_credentials *credentials)
{
    if (!credentials)
        return;
    loop_timer_cancel(credentials->spec.loop, credentials->watch_timer);
    loop_timer_cancel(credentials->spec.loop, credentials->store_timer);
    certificate_watch_free(credentials->watch);
    certificate_store_free(credentials->store);
    free(credentials);
}

bool ke_credentials_reload(struct ke_credentials *credentials)
{
    const bool was_in_use = credentials->watch != NULL;
    const bool ok = load(credentials);

    if (ok && was_in_use)
        LOG_INFO("Read NTS server certificates and keys again");
    return ok;
}

bool ke_credentials_dates(const struct ke_credentials *credentials, size_t pair,
                          struct tls_certificate_dates *dates)
{
    return credentials->watch && certificate_watch_dates(credentials->watch, pair, dates);
}

const char *ke_credentials_problem(const struct ke_credentials *credentials)
{
    return certificate_store_problem(credentials->store);
}

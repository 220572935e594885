/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE helpers as the fork server sees them (process/helper_role.h): a generation is made of the
 * certificates and keys of a certificate store, which lives in the fork server. Nothing here parses
 * them: that is done by the certificate checker's process and by helpers.
 */
#include <stdlib.h>
#include "base/text.h"
#include "nts/certificate_checker.h"
#include "nts/certificate_store.h"
#include "nts/ke_helper.h"

struct ke_helper_role {
    struct helper_role role;
    struct ke_helper_spec spec;
    struct certificate_store *store; /* NULL: nothing was read yet */
};

static bool read_files(void *ctx, char *problem, size_t size)
{
    struct ke_helper_role *r = ctx;
    const struct certificate_store_spec spec = {.world = r->spec.world,
                                                .conf = r->spec.conf,
                                                .check = certificate_checker,
                                                .arg = &r->spec};

    if (!r->store)
        r->store = certificate_store_new(&spec);
    bool usable = certificate_store_read(r->store) != NULL;
    const char *reason = certificate_store_problem(r->store);
    text_copy(problem, size, reason ? reason : "");
    server_files_warn_permissions(r->spec.conf);
    return usable;
}

static void adopt(void *ctx)
{
    certificate_store_adopt(((struct ke_helper_role *)ctx)->store);
}

static void abandon(void *ctx)
{
    struct ke_helper_role *r = ctx;

    if (r->store)
        certificate_store_abandon(r->store);
}

static double look_wait(void *ctx, struct mono_time now)
{
    const struct ke_helper_role *r = ctx;

    return r->store ? certificate_store_wait(r->store, now) : -1.0;
}

static bool look(void *ctx, struct mono_time now)
{
    struct ke_helper_role *r = ctx;

    return r->store && certificate_store_poll(r->store, now);
}

static void forget(void *ctx)
{
    struct ke_helper_role *r = ctx;

    certificate_store_free(r->store);
    r->store = NULL;
}

static int run(void *ctx, const struct helper_identity *identity, int channel)
{
    struct ke_helper_role *r = ctx;
    struct server_files *files =
        server_files_share(identity->starting ? certificate_store_starting(r->store)
                                              : certificate_store_adopted(r->store));

    forget(r);
    return ke_helper_run(&r->spec, identity, files, channel);
}

struct helper_role *ke_helper_role_new(const struct ke_helper_spec *spec)
{
    struct ke_helper_role *r = mem_alloc(sizeof(*r));

    r->spec = *spec;
    r->role = (struct helper_role){
        .service = "NTS-KE",
        .process_name = "chronyd-ntske",
        .files = "certificates and keys",
        .bad_files = "certificate or key is bad",
        .count = spec->conf->processes,
        .max_sessions = spec->conf->max_connections,
        .ctx = r,
        .read = read_files,
        .adopt = adopt,
        .abandon = abandon,
        .look_wait = look_wait,
        .look = look,
        .forget = forget,
        .run = run,
    };
    return &r->role;
}

void ke_helper_role_free(struct helper_role *role)
{
    if (!role)
        return;
    forget(role->ctx);
    free(role->ctx);
}

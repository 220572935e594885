/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of the daemon, see nts_part.h. Owns the NTS objects and their callbacks.
 */
#include "chronyd/nts_part.h"

#include <stdlib.h>

#include "base/text.h"
#include "chronyd/chronyd.h"
#include "nts/client_auth.h"
#include "nts/context.h"
#include "nts/ke_client_link.h"
#include "nts/ke_client_process.h"
#include "nts/ke_helper.h"
#include "nts/ke_listener.h"
#include "nts/server_auth.h"
#include "nts/server_explain.h"
#include "nts/server_keys.h"
#include "nts/tls_library.h"
#include "process/fork_server.h"
#include "process/process_table.h"

struct nts_part {
    struct chronyd *daemon;
    struct nts_client_auth *client;
    struct ke_client_process_spec client_spec; /* of the process that runs its sessions */
    struct ke_client_link *client_link;        /* NULL: they run in this process */
    struct nts_server_keys *server_keys;
    struct ke_listener *ke_listener;
    struct helper_role *helper_role; /* NULL: no helpers */
    bool keys_loaded;                /* by the last rekey */
};

struct nts_part *nts_part_new(struct chronyd *daemon)
{
    struct nts_part *part = mem_alloc(sizeof(*part));

    part->daemon = daemon;
    return part;
}

static bool has_server(const struct nts_part *part)
{
    return part->daemon->conf->nts_server.certs.count > 0;
}

static struct nts_aeads enabled_aeads(const struct nts_part *part)
{
    const struct conf *conf = part->daemon->conf;
    struct nts_aeads aeads;

    nts_aeads_init(&aeads, conf->nts_aeads.ids, conf->nts_aeads.count);
    return aeads;
}

static bool has_helpers(const struct nts_part *part)
{
    return has_server(part) && part->daemon->conf->nts_server.processes > 0;
}

const struct helper_role *nts_part_helper_role(struct nts_part *part)
{
    struct chronyd *d = part->daemon;
    const struct ke_helper_spec spec = {.world = d->world,
                                        .sandbox = &d->sandbox,
                                        .conf = &d->conf->nts_server,
                                        .ntp_port = (uint16_t)d->conf->sockets.port,
                                        .aeads = enabled_aeads(part)};

    if (has_helpers(part) && !part->helper_role)
        part->helper_role = ke_helper_role_new(&spec);
    return part->helper_role;
}

bool nts_part_client_role(struct nts_part *part, struct lone_role *role)
{
    struct chronyd *d = part->daemon;

    if (!d->sandbox.has_ke_client)
        return false;
    part->client_spec = (struct ke_client_process_spec){
        .world = d->world, .conf = &d->conf->nts_client, .aeads = enabled_aeads(part)};
    *role = ke_client_process_role(&part->client_spec);
    return true;
}

void nts_part_start_tls(struct nts_part *part)
{
    if (!part->daemon->sandbox.has_ke_client || nts_part_reads_keys(part))
        tls_library_start();
}

bool nts_part_take_client(struct nts_part *part, int channel, pid_t pid)
{
    return ke_client_link_take(part->client_link, channel, pid);
}

bool nts_part_reads_keys(const struct nts_part *part)
{
    return has_server(part) && !has_helpers(part);
}

/* ---- Callbacks of the NTS modules ---- */

static int64_t corrected_now(void *arg)
{
    const struct nts_part *part = arg;

    return local_clock_now(part->daemon->clock, NULL).i.sec;
}

static int clock_updates(void *arg)
{
    const struct nts_part *part = arg;
    uint64_t updates = local_clock_updates(part->daemon->clock);

    return updates > INT32_MAX ? INT32_MAX : (int)updates;
}

static bool is_allowed(const struct ip_addr *addr, void *arg)
{
    const struct nts_part *part = arg;

    return ntp_server_is_allowed(part->daemon->ntp_server, addr);
}

static bool count_connection(const struct ip_addr *addr, void *arg)
{
    const struct chronyd *d = ((struct nts_part *)arg)->daemon;
    int record = client_log_access(d->client_log, &d->client_limits, CLIENT_NTS_KE, addr,
                                   local_clock_event_time(d->clock, NULL));

    return client_log_limit(d->client_log, &d->client_limits, CLIENT_NTS_KE, record) == LIMIT_PASS;
}

const struct ntp_nts_server_ops *nts_part_server_ops(const struct nts_part *part)
{
    return nts_server_auth_ops();
}

static const struct nts_server_key *current_cookie_key(void *arg)
{
    return server_keys_current(((struct nts_part *)arg)->server_keys);
}

static void on_rekeyed(bool ok, void *arg)
{
    const struct nts_part *part = arg;

    chronyd_rekeyed(part->daemon, ok && part->keys_loaded);
}

static void want_client(void *arg)
{
    const struct nts_part *part = arg;

    fork_server_want(part->daemon->fork_server, PROCESS_KE_CLIENT, 1);
}

static void end_client(pid_t pid, void *arg)
{
    static const struct process_place place = {.role = PROCESS_KE_CLIENT, .number = 1};
    const struct nts_part *part = arg;

    fork_server_kill(part->daemon->fork_server, pid);
    process_table_rest(part->daemon->processes, &place);
}

static bool has_nts_source(const struct conf *conf)
{
    for (size_t i = 0; i < conf->client.source_count; i++)
        if (conf->client.sources[i].options.nts)
            return true;
    return false;
}

/* With sources that need it, the process is ordered now, to be there at their first poll. */
static void make_client_link(struct nts_part *part)
{
    struct chronyd *d = part->daemon;
    const struct ke_client_link_env env = {
        .world = d->world,
        .loop = d->loop,
        .aeads = enabled_aeads(part),
        .want = want_client,
        .end = end_client,
        .arg = part,
    };

    part->client_link = ke_client_link_new(&env);
    if (has_nts_source(d->conf))
        ke_client_link_prepare(part->client_link);
}

void nts_part_start_client(struct nts_part *part)
{
    struct chronyd *d = part->daemon;

    if (d->sandbox.has_ke_client)
        make_client_link(part);
    struct ke_client_env env = {
        .link = part->client_link,
        .world = d->world,
        .loop = d->loop,
        .conf = &d->conf->nts_client,
        .bind = &d->conf->sockets.client,
        .aeads = enabled_aeads(part),
        .now = corrected_now,
        .clock_updates = clock_updates,
        .arg = part,
    };

    part->client = nts_client_auth_new(&env);
    d->nts.client = nts_client_auth_ops();
    d->nts.client_ctx = part->client;
}

static void on_rotated(void *arg)
{
    ntp_server_wipe_old_keys(((struct nts_part *)arg)->daemon->ntp_server);
}

static struct plain_value server_keys_of(const void *ctx)
{
    return server_keys_value(ctx);
}

/* Without certificates there is no key establishment, and clients that have cookies are served. */
void nts_part_start_server(struct nts_part *part)
{
    struct chronyd *d = part->daemon;
    struct ke_listener_env env = {
        .world = d->world,
        .loop = d->loop,
        .conf = &d->conf->nts_server,
        .ntp_port = (uint16_t)d->conf->sockets.port,
        .bind = &d->conf->sockets.server,
        .aeads = enabled_aeads(part),
        .is_allowed = is_allowed,
        .count = count_connection,
        .current_key = current_cookie_key,
        .rekeyed = on_rekeyed,
        .arg = part,
    };

    if (!has_server(part))
        return;
    part->ke_listener =
        ke_listener_new(&env, d->fork_server ? fork_server_pool(d->fork_server) : NULL);
    part->server_keys = server_keys_new(d->world, d->loop, d->conf->nts_client.dump_dir,
                                        d->conf->nts_server.rotate);
    server_keys_set_handler(part->server_keys, on_rotated, part);
    d->nts.server = nts_server_auth_ops();
    d->nts.server_keys = server_keys_of;
    d->nts.server_ctx = part->server_keys;
    ntp_server_set_nts(d->ntp_server, &d->nts);
}

void nts_part_stop_server(struct nts_part *part)
{
    ntp_server_set_nts(part->daemon->ntp_server, NULL);
    ke_listener_free(part->ke_listener);
    server_keys_free(part->server_keys);
    part->ke_listener = NULL;
    part->server_keys = NULL;
}

void nts_part_free(struct nts_part *part)
{
    if (!part)
        return;
    nts_client_auth_free(part->client);
    ke_client_link_free(part->client_link);
    ke_helper_role_free(part->helper_role);
    free(part);
}

enum nts_rekey nts_part_rekey(struct nts_part *part)
{
    enum ke_rekey certificates = KE_REKEY_DONE;

    part->keys_loaded = !part->server_keys || server_keys_reload(part->server_keys);
    if (part->ke_listener)
        certificates = ke_listener_rekey(part->ke_listener);
    if (certificates == KE_REKEY_LATER)
        return NTS_REKEY_LATER;
    return certificates == KE_REKEY_DONE && part->keys_loaded ? NTS_REKEY_DONE : NTS_REKEY_FAILED;
}

void nts_part_save(struct nts_part *part)
{
    if (part->server_keys)
        server_keys_save(part->server_keys);
}

bool nts_part_count_ends(const struct nts_part *part, struct report_counts *report)
{
    _Static_assert(KE_ENDS == 16, "the words in cmdmon/message_words.c are those of enum ke_end");

    if (!part->ke_listener)
        return false;
    for (report->count = 0; report->count < KE_ENDS; report->count++)
        report->counts[report->count] =
            ke_listener_ends(part->ke_listener, (enum ke_end)report->count);
    return true;
}

bool nts_part_report_certificate(const struct nts_part *part, int32_t index,
                                 struct report_certificate *report)
{
    struct report_certificate unused;

    while (part->ke_listener &&
           ke_listener_report_certificate(part->ke_listener, report->total, &unused))
        report->total++;
    return index >= 0 && (uint32_t)index < report->total &&
           ke_listener_report_certificate(part->ke_listener, (size_t)index, report);
}

double nts_part_certificates_age(const struct nts_part *part)
{
    return part->ke_listener ? ke_listener_certificates_age(part->ke_listener) : -1.0;
}

void nts_part_explain(const struct nts_part *part, struct findings *findings)
{
    if (part->ke_listener)
        nts_server_explain(part->ke_listener, part->server_keys,
                           world_raw_now(part->daemon->world).i.sec, findings);
}

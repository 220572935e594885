/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server in the main loop: takes batches of requests from the server sockets, publishes the
 * snapshot that they are answered from, and sends the replies in one call. It owns the access
 * table, the shard and the snapshots, and holds the server sockets as long as any address is
 * allowed.
 */
#include "config.h"

#include "ntp/server/server.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "ntp/server/batch.h"
#include "ntp/server/signd.h"
#include "ntp/server/workers.h"
#include "ntp/transmit_time.h"

/* They take turns: a published snapshot is not changed before the wake-up after the next. */
#define SNAPSHOTS 2

struct ntp_server {
    const struct ntp_env *env;
    bool add_net_correction; /* to responses, for NTP over PTP */
    const struct ntp_keys *keys;
    struct ntp_nts nts;
    struct ntp_sockets *sockets;
    struct access_table *access;
    struct client_limits limits;
    struct server_shard shard;
    struct fast_path *fast_path; /* NULL: nothing is answered in the kernel */
    bool fast_path_is_full;      /* was said */
    struct signd *signd;         /* NULL: MS-SNTP requests are not answered */
    bool holds_v4;
    bool holds_v6;
    struct ntp_mono_scale mono;
    struct server_tables tables;       /* as they are in the snapshots */
    struct server_tables passed;       /* as the workers have them */
    struct server_snapshot *snapshots; /* NULL: none yet */
    size_t turn;
    struct server_batch batch;
};

/* ---- Snapshots ---- */

static struct server_tables current_tables(const struct ntp_server *server)
{
    struct server_tables tables = {
        .access = access_table_value(server->access),
        .keys = ntp_keys_value(server->keys),
    };

    if (server->nts.server)
        tables.nts_keys = server->nts.server_keys(server->nts.server_ctx);
    return tables;
}

/* Makes snapshots with new tables, in place of the old ones. */
static void take_tables(struct ntp_server *server, const struct server_tables *tables)
{
    server_snapshots_free(server->snapshots);
    server->snapshots = server_snapshots_new(tables, SNAPSHOTS);
    server->tables = *tables;
    for (size_t i = 0; i < SNAPSHOTS; i++) {
        server->snapshots[i].limits = server->limits;
        server->snapshots[i].signing = server->signd;
    }
}

/* After a change of the tables, which the answers of workers show when this returns. */
static void pass_tables(struct ntp_server *server)
{
    const struct server_tables tables = current_tables(server);

    if (!server->env->workers || server_tables_equal(&tables, &server->passed))
        return;
    server_workers_set_tables(server->env->workers, &tables, &server->limits, server->signd);
    server->passed = tables;
}

/* The snapshot of this wake-up. A change of the tables (allow, rekey, rotation) shows in their
   generations; else only the time is new. */
static const struct server_snapshot *publish(struct ntp_server *server)
{
    const struct server_tables tables = current_tables(server);

    if (!server->snapshots || !server_tables_equal(&tables, &server->tables))
        take_tables(server, &tables);
    server->turn = (server->turn + 1) % SNAPSHOTS;
    struct server_snapshot *snapshot = &server->snapshots[server->turn];
    snapshot->time = transmit_time_make(server->env);
    snapshot->time.add_net_correction = server->add_net_correction;
    snapshot->time.mono = server->mono;
    return snapshot;
}

/* ---- Requests and replies ---- */

static void send_replies(void *ctx, int fd, struct world_datagram *msgs, int count, bool *sent)
{
    ntp_sockets_send_batch(((struct ntp_server *)ctx)->sockets, fd, msgs, count, sent);
}

static void sign_reply(void *ctx, const struct ntp_arrival *request, const uint8_t *reply)
{
    signd_sign(((struct ntp_server *)ctx)->signd, request, reply);
}

/* A request that a worker has read. */
static void sign_for_worker(const struct ipc_packet *packet, void *arg)
{
    struct ntp_server *server = arg;
    const struct ntp_arrival request = {
        .fd = ntp_sockets_server(server->sockets, packet->family),
        .on_server_socket = true,
        .packet = packet->data,
        .length = packet->length,
        .remote = packet->remote,
        .local = packet->local,
        .if_index = packet->if_index,
    };
    struct ntp_info info;

    /* The key is named by the request. */
    if (server->signd && request.fd >= 0 &&
        ntp_packet_parse(request.packet, request.length, &info) && info.auth == NTP_AUTH_MSSNTP)
        signd_sign(server->signd, &request, packet->reply);
}

static const struct server_batch_ops batch_ops = {.send = send_replies, .sign = sign_reply};

void ntp_server_receive(struct ntp_server *server, const struct ntp_arrival *arrivals, int count)
{
    const struct server_snapshot *snapshot = publish(server);

    server_batch_answer(&server->batch, snapshot, &server->shard, arrivals, count);
}

void ntp_server_transmitted(struct ntp_server *server, const struct ntp_arrival *arrival)
{
    double smoothing = 0.0;

    if (!smoothing_offset(server->env->smoothing, arrival->time.time, &smoothing))
        smoothing = 0.0;
    server_batch_sent(&server->shard, arrival, smoothing);
}

static void new_epoch(struct ntp_server *server)
{
    server->mono = (struct ntp_mono_scale){.epoch = random_pool_u32(&server->shard.random)};
}

/* ---- Access ---- */

/* Holds the family's socket while any address is allowed (ntp.md 19.4). */
static void update_socket(struct ntp_server *server, enum ip_family family, bool *holds)
{
    bool wanted = access_table_any_allowed(server->access, family);

    if (wanted && !*holds)
        ntp_sockets_hold_server(server->sockets, family);
    else if (!wanted && *holds)
        ntp_sockets_release_server(server->sockets, family);
    *holds = wanted;
}

static void update_sockets(struct ntp_server *server)
{
    update_socket(server, IP_V4, &server->holds_v4);
    update_socket(server, IP_V6, &server->holds_v6);
}

static bool set_rule(struct ntp_server *server, const struct conf_access_rule *rule)
{
    if (!access_table_set(server->access, &rule->subnet, rule->allow, rule->all))
        return false;
    access_log_rule("NTP", rule);
    return true;
}

static void tell_fast_path(struct ntp_server *server)
{
    const struct plain_value access = access_table_value(server->access);

    if (!server->fast_path)
        return;
    bool full = !fast_path_set_access(server->fast_path, &access);
    if (full && !server->fast_path_is_full)
        LOG_WARN("xdp: there is no room for the access rules, so the sockets answer as long as "
                 "they are so many");
    server->fast_path_is_full = full;
}

struct plain_value ntp_server_access(const struct ntp_server *server)
{
    return access_table_value(server->access);
}

void ntp_server_set_fast_path(struct ntp_server *server, struct fast_path *path)
{
    server->fast_path = path;
    tell_fast_path(server);
}

bool ntp_server_set_access(struct ntp_server *server, const struct conf_access_rule *rule)
{
    if (!set_rule(server, rule))
        return false;
    pass_tables(server);
    tell_fast_path(server);
    update_sockets(server);
    return true;
}

bool ntp_server_is_allowed(const struct ntp_server *server, const struct ip_addr *addr)
{
    return access_table_is_allowed(server->access, addr);
}

/* ---- Start and stop ---- */

static void start_signing(struct ntp_server *server, const char *directory)
{
    if (!directory || directory[0] == '\0')
        return;
#ifdef FEAT_SIGND
    server->signd = signd_new(server->env, server->sockets, directory);
#else
    LOG_WARN("This build has no support for MS-SNTP signing (ntpsigndsocket)");
#endif
}

static void on_clock_change(const struct clock_change *change, void *arg)
{
    struct ntp_server *server = arg;

    if (server->shard.map)
        timestamp_map_clock_change(server->shard.map, change);
    if (server->env->workers)
        server_workers_change_clock(server->env->workers, change);
    if (change->type == CLOCK_ADJUST)
        server->mono.shift += change->doffset;
    else
        new_epoch(server);
}

struct ntp_server *ntp_server_new(const struct ntp_server_params *params)
{
    struct ntp_server *server = mem_alloc(sizeof(*server));
    const struct conf_access_rules *rules = &params->conf.access;

    server->env = params->env;
    server->add_net_correction = params->ptp_port != 0;
    server->limits = params->limits;
    server->keys = params->keys;
    server->sockets = params->sockets;
    server->batch.ops = &batch_ops;
    server->batch.ctx = server;
    server_shard_init(&server->shard, params->env->world, params->log);
    server->access = access_table_new();
    new_epoch(server);

    ntp_sockets_set_server(server->sockets, server);

    for (size_t i = 0; i < rules->count; i++)
        set_rule(server, &rules->rules[i]);
    update_sockets(server);
    start_signing(server, params->conf.signd_socket);
    if (server->env->workers)
        server_workers_set_signer(server->env->workers, sign_for_worker, server);
    pass_tables(server);
    local_clock_add_handler(server->env->clock, CLOCK_HOLDER_SERVER, on_clock_change, server);
    return server;
}

void ntp_server_free(struct ntp_server *server)
{
    if (!server)
        return;
    local_clock_remove_handler(server->env->clock, on_clock_change, server);
    ntp_sockets_set_server(server->sockets, NULL);
    if (server->env->workers)
        server_workers_set_signer(server->env->workers, NULL, NULL);
    if (server->holds_v4)
        ntp_sockets_release_server(server->sockets, IP_V4);
    if (server->holds_v6)
        ntp_sockets_release_server(server->sockets, IP_V6);
    signd_free(server->signd);
    access_table_free(server->access);
    server_snapshots_free(server->snapshots);
    server_room_free(server->batch.room);
    server_shard_clear(&server->shard);
    free(server);
}

static void drop_snapshots(struct ntp_server *server)
{
    server_snapshots_free(server->snapshots);
    server->snapshots = NULL;
}

void ntp_server_set_nts(struct ntp_server *server, const struct ntp_nts *nts)
{
    server->nts = nts ? *nts : (struct ntp_nts){0};
    server->shard.nts = server->nts.server;
    server_room_free(server->batch.room);
    /* Workers have their own. */
    server->batch.room = nts && !server->env->workers ? server_room_load() : NULL;
    /* The caller may free the keys from now on. */
    drop_snapshots(server);
    pass_tables(server);
}

void ntp_server_wipe_old_keys(struct ntp_server *server)
{
    const struct server_tables tables = current_tables(server);

    if (!server_tables_equal(&tables, &server->tables))
        drop_snapshots(server);
    pass_tables(server);
}

const struct ntp_mono_scale *ntp_server_mono_scale(const struct ntp_server *server)
{
    return &server->mono;
}

struct server_shards ntp_server_shards(const struct ntp_server *server)
{
    return (struct server_shards){.own = &server->shard,
                                  .workers = server->env->workers,
                                  .kernel = server->fast_path ? fast_path_shard(server->fast_path)
                                                              : NULL};
}

const struct server_shard *ntp_server_shard(const struct ntp_server *server)
{
    return &server->shard;
}

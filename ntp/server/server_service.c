/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server in the main loop: takes batches of requests from the server sockets, makes the view
 * for them, and sends the replies in one call. It owns the access table and holds the server
 * sockets as long as somebody is allowed.
 */
#include "config.h"

#include "ntp/server/server.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "ntp/server/signd.h"
#include "ntp/server/timestamp_map.h"

struct ntp_server {
    const struct ntp_env *env;
    const struct conf *conf;
    struct client_log *log;
    struct ntp_keys *keys;
    struct ntp_nts nts;
    struct ntp_sockets *sockets;
    struct access_table *access;
    struct timestamp_map *map; /* NULL: interleaved replies are not served */
    struct signd *signd;       /* NULL: MS-SNTP requests are not answered */
    struct random_pool random;
    bool holds_v4;
    bool holds_v6;
    struct ntp_mono_scale mono;
    struct server_reply replies[WORLD_BATCH];
    struct world_datagram msgs[WORLD_BATCH]; /* with the replies */
};

static struct server_view make_view(struct ntp_server *server)
{
    struct server_view view = {
        .transmit = transmit_context_make(&server->random, server->env),
        .access = server->access,
        .keys = server->keys,
        .nts = server->nts.server,
        .nts_ctx = server->nts.server_ctx,
        .signing = server->signd,
    };

    view.transmit.add_net_correction = server->conf->ptp_port != 0;
    view.transmit.mono = server->mono;
    return view;
}

static void save_timestamp(struct ntp_server *server, const struct server_view *view,
                           const struct server_reply *reply, struct local_time sent)
{
    if (reply->smoothed)
        sent = local_add(sent, view->transmit.smoothing_offset);
    timestamp_map_save(server->map, reply->receive, sent, TIMESTAMP_DAEMON);
}

static void sign(struct ntp_server *server, const struct ntp_arrival *a,
                 const struct server_reply *reply)
{
    struct signd_reply signd_reply = {
        .key_id = reply->sign_key,
        .fd = a->fd,
        .remote = a->remote,
        .local = a->local,
        .if_index = ip_addr_is_link_local(&a->remote.addr) ? a->if_index : -1,
    };

    memcpy(signd_reply.packet, reply->data, sizeof(signd_reply.packet));
    signd_sign(server->signd, &signd_reply);
}

static void receive(const struct ntp_arrival *arrivals, int count, void *arg)
{
    struct ntp_server *server = arg;
    struct server_view view = make_view(server);
    bool sent[WORLD_BATCH];
    struct local_time before = {0};
    int replies = 0;
    bool any_eligible = false;

    for (int i = 0; i < count && replies < WORLD_BATCH; i++) {
        const struct ntp_arrival *a = &arrivals[i];
        struct server_request request = {
            .packet = a->packet, .length = a->length, .remote = a->remote, .rx = a->time};
        struct server_reply *reply = &server->replies[replies];

        if (!server_answer(&view, server->log, server->map, &request, reply))
            continue;
        if (reply->sign_key != 0) {
            sign(server, a, reply);
            continue;
        }
        struct world_datagram *msg = &server->msgs[replies++];
        world_datagram_init(msg, reply->data, sizeof(reply->data));
        msg->length = reply->length;
        msg->remote = a->remote;
        msg->local = a->local;
        if (ip_addr_is_link_local(&a->remote.addr))
            msg->if_index = a->if_index;
        msg->want_tx_timestamp = reply->eligible;
        any_eligible |= reply->eligible;
    }
    if (replies == 0)
        return;

    if (any_eligible)
        before = local_clock_now(server->env->clock, NULL);
    ntp_sockets_send_batch(server->sockets, arrivals[0].fd, server->msgs, replies, sent);
    for (int i = 0; i < replies; i++)
        if (sent[i] && server->replies[i].eligible)
            save_timestamp(server, &view, &server->replies[i], before);
}

static void transmitted(const struct ntp_arrival *arrival, void *arg)
{
    struct ntp_server *server = arg;
    struct local_time time = arrival->time.time;
    struct ntp_header header;
    struct ntp_info info;
    double offset;

    if (!server->map || !ntp_packet_parse(arrival->packet, arrival->length, &info) ||
        info.mode == NTP_MODE_BROADCAST)
        return;
    ntp_header_read(arrival->packet, &header);
    if (info.mode == NTP_MODE_SERVER && smoothing_offset(server->env->smoothing, time, &offset))
        time = local_add(time, offset);
    timestamp_map_improve(server->map, header.receive, time, arrival->time.source);
}

static void new_epoch(struct ntp_server *server)
{
    server->mono = (struct ntp_mono_scale){.epoch = random_pool_u32(&server->random)};
}

/* One use of the family's socket while some address is allowed, 19.4. */
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

bool ntp_server_set_access(struct ntp_server *server, const struct conf_access_rule *rule)
{
    if (!set_rule(server, rule))
        return false;
    update_sockets(server);
    return true;
}

bool ntp_server_is_allowed(const struct ntp_server *server, const struct ip_addr *addr)
{
    return access_table_is_allowed(server->access, addr);
}

static void start_signing(struct ntp_server *server)
{
    const char *directory = server->conf->ntp_signd_socket;

    if (!directory || directory[0] == '\0')
        return;
#ifdef FEAT_SIGND
    server->signd = signd_new(server->env, server->sockets, directory);
#else
    LOG_WARN("This build has no support for MS-SNTP signing (ntpsigndsocket)");
#endif
}

struct ntp_server *ntp_server_new(const struct ntp_server_params *params)
{
    struct ntp_server *server = mem_alloc(sizeof(*server));
    const struct conf_access_rules *rules = &params->conf->ntp_access;
    size_t capacity = client_log_capacity(params->log);

    server->env = params->env;
    server->conf = params->conf;
    server->log = params->log;
    server->keys = params->keys;
    server->sockets = params->sockets;
    server->random = random_pool_make(params->env->world);
    server->access = access_table_new();
    ntp_server_set_nts(server, params->nts);
    new_epoch(server);
    if (capacity > 0)
        server->map = timestamp_map_new(capacity);

    ntp_sockets_set_server_handlers(server->sockets, &(struct ntp_socket_handlers){
                                                         .server_receive = receive,
                                                         .server_transmitted = transmitted,
                                                         .server_arg = server,
                                                     });

    for (size_t i = 0; i < rules->count; i++) {
        char text[ADDR_TEXT_SIZE];
        const struct subnet *subnet = &rules->rules[i].subnet;
        if (!set_rule(server, &rules->rules[i]))
            LOG_FATAL("Bad subnet in %s/%d", ip_addr_format(&subnet->addr, text, sizeof(text)),
                      subnet->bits);
    }
    update_sockets(server);
    start_signing(server);
    return server;
}

void ntp_server_free(struct ntp_server *server)
{
    if (!server)
        return;
    ntp_sockets_set_server_handlers(server->sockets, &(struct ntp_socket_handlers){0});
    if (server->holds_v4)
        ntp_sockets_release_server(server->sockets, IP_V4);
    if (server->holds_v6)
        ntp_sockets_release_server(server->sockets, IP_V6);
    signd_free(server->signd);
    access_table_free(server->access);
    timestamp_map_free(server->map);
    free(server);
}

void ntp_server_set_nts(struct ntp_server *server, const struct ntp_nts *nts)
{
    server->nts = nts ? *nts : (struct ntp_nts){0};
}

void ntp_server_clock_change(struct ntp_server *server, const struct clock_change *change)
{
    if (server->map)
        timestamp_map_clock_change(server->map, change);
    if (change->type == CLOCK_ADJUST)
        server->mono.shift += change->doffset;
    else
        new_epoch(server);
}

const struct ntp_mono_scale *ntp_server_mono_scale(const struct ntp_server *server)
{
    return &server->mono;
}

void ntp_server_report_stats(const struct ntp_server *server, struct report_serverstats *report)
{
    *report = (struct report_serverstats){0};
    client_log_report_stats(server->log, report);
    if (server->map)
        timestamp_map_stats(server->map, &report->ntp_timestamps, &report->ntp_span_seconds);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets for NTP: which are open, and sending. What comes in is read in sockets_receive.c. All
 * input and output goes through the world.
 */
#include "ntp/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "ntp/datagrams.h"
#include "ntp/sockets_state.h"

static bool uses_ptp(const struct ntp_sockets *s, const struct ip_port *remote)
{
    return s->conf.ptp_port > 0 && remote->port == s->conf.ptp_port;
}

/* PTP sockets count as server sockets. */
bool ntp_sockets_is_server(const struct ntp_sockets *sockets, int fd)
{
    return fd >= 0 && (fd == sockets->v4.server || fd == sockets->v6.server ||
                       ntp_sockets_is_ptp(sockets, fd));
}

static bool is_shared(const struct ntp_sockets *s, int fd)
{
    return ntp_sockets_is_server(s, fd) || fd == s->v4.client || fd == s->v6.client;
}

/* serving: requests come on it, which workers take if there are any. */
static int open_socket(struct ntp_sockets *s, const struct world_socket *spec, bool serving)
{
    const struct world *w = s->env->world;

    if (!w->ops->family_enabled(w->ctx, spec->family)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = w->ops->socket_open(w->ctx, spec);
    if (fd >= 0 && !(serving && s->env->workers))
        loop_fd_add(s->env->loop, fd, WORLD_READ | WORLD_EXCEPT, ntp_sockets_handle_event, s);
    return fd;
}

static void close_socket(struct ntp_sockets *s, int *fd)
{
    const struct world *w = s->env->world;

    if (*fd < 0)
        return;
    remote_table_set(&s->remotes, *fd, NULL);
    loop_fd_remove(s->env->loop, *fd);
    w->ops->socket_close(w->ctx, *fd);
    *fd = -1;
}

/* During the start a port in use ends the program: half a service would be worse than none. Other
   errors (no IPv6, an address that does not exist) may be intended. */
static void check_port_in_use(const struct ntp_sockets *s, const struct ip_port *local, int error)
{
    char text[ADDR_TEXT_SIZE];

    if (s->starting && error == EADDRINUSE)
        LOG_FATAL("Could not open NTP socket on %s : %s", ip_port_format(local, text, sizeof(text)),
                  text_errno(error));
}

/* Returns the socket, or -1 after logging the reason. */
static int open_serving(struct ntp_sockets *s, enum ip_family family, int port, bool for_workers)
{
    const int group = for_workers && s->env->workers ? server_workers_count(s->env->workers) : 0;
    const struct world *w = s->env->world;
    const struct ip_addr *bind = family == IP_V6 ? &s->conf.server.v6 : &s->conf.server.v4;
    struct ip_port local = {.addr = *bind, .port = (uint16_t)port};
    char text[ADDR_TEXT_SIZE];

    if (!w->ops->family_enabled(w->ctx, family))
        return -1;
    if (local.addr.family == IP_UNSPEC)
        local.addr = ip_addr_any(family);
    int fd = open_socket(s,
                         &(struct world_socket){
                             .type = WORLD_UDP,
                             .family = family,
                             .local = &local,
                             .device = s->conf.server.device,
                             .broadcast = true,
                             .packet_info = true,
                             .timestamps_rx = true,
                             .group = group,
                             .dscp = s->conf.dscp,
                         },
                         for_workers);
    if (fd < 0) {
        int error = errno;
        check_port_in_use(s, &local, error);
        LOG_ERROR("Could not open NTP socket on %s : %s%s",
                  ip_port_format(&local, text, sizeof(text)), text_errno(error),
                  ip_port_bind_hint(&local, error));
    }
    return fd;
}

static void close_others(struct ntp_sockets *s, struct family_sockets *f)
{
    const struct world *w = s->env->world;

    for (int i = 1; i < server_workers_count(s->env->workers); i++) {
        if (f->others[i] >= 0)
            w->ops->socket_close(w->ctx, f->others[i]);
        f->others[i] = -1;
    }
}

/* A socket for each worker. Without all of them the first worker has the only one, since clients
   would move between workers. */
static void open_workers(struct ntp_sockets *s, enum ip_family family)
{
    struct family_sockets *f = ntp_sockets_of_family(s, family);
    const int count = server_workers_count(s->env->workers);
    bool complete = true;

    f->others[0] = f->server;
    for (int i = 1; i < count; i++) {
        f->others[i] = complete ? open_serving(s, family, s->conf.port, true) : -1;
        complete = f->others[i] >= 0;
    }
    if (!complete) {
        LOG_WARN("One server worker answers all requests over IPv%d", family == IP_V6 ? 6 : 4);
        close_others(s, f);
    }
    server_workers_open(s->env->workers, family, f->others);
}

static void open_server(struct ntp_sockets *s, enum ip_family family)
{
    struct family_sockets *f = ntp_sockets_of_family(s, family);

    if (s->conf.port == 0 || f->server >= 0)
        return;
    f->server = open_serving(s, family, s->conf.port, true);
    if (f->server >= 0 && s->env->workers)
        open_workers(s, family);
}

static void close_server(struct ntp_sockets *s, enum ip_family family)
{
    struct family_sockets *f = ntp_sockets_of_family(s, family);

    if (f->server < 0)
        return;
    if (!s->env->workers) {
        close_socket(s, &f->server);
        return;
    }
    server_workers_close(s->env->workers, family);
    close_others(s, f);
    s->env->world->ops->socket_close(s->env->world->ctx, f->server);
    f->server = -1;
}

static int open_client(struct ntp_sockets *s, enum ip_family family, const struct ip_port *remote)
{
    const struct ip_addr *bind = family == IP_V6 ? &s->conf.client.v6 : &s->conf.client.v4;
    struct ip_port local = {.addr = *bind};

    if (!s->per_request && s->conf.acquisition_port > 0)
        local.port = (uint16_t)s->conf.acquisition_port;
    bool bound = local.addr.family != IP_UNSPEC || local.port != 0;
    if (local.addr.family == IP_UNSPEC)
        local.addr = ip_addr_any(family);
    int fd = open_socket(s,
                         &(struct world_socket){
                             .type = WORLD_UDP,
                             .family = family,
                             .local = bound ? &local : NULL,
                             .remote = remote,
                             .device = s->conf.client.device,
                             .packet_info = true,
                             .timestamps_rx = true,
                             .timestamps_tx = true,
                             .dscp = s->conf.dscp,
                         },
                         false);
    if (fd >= 0 && remote)
        remote_table_set(&s->remotes, fd, remote);
    if (fd < 0 && local.port != 0)
        check_port_in_use(s, &local, errno);
    return fd;
}

/* Opens the sockets of ntp.md 4.1, "Rules at start". */
static void open_initial(struct ntp_sockets *s)
{
    const struct sockets_conf *conf = &s->conf;

    s->per_request = conf->acquisition_port < 0;
    s->always_open = conf->port == 0 || (!s->per_request && conf->acquisition_port == conf->port);
    s->same_socket = !s->per_request && conf->port != 0 && conf->acquisition_port == conf->port;

    if (s->always_open && conf->port != 0) {
        open_server(s, IP_V4);
        open_server(s, IP_V6);
        if (s->v4.server < 0 && s->v6.server < 0)
            LOG_FATAL("Could not open NTP sockets");
    }
    if (!s->per_request && !s->same_socket) {
        s->v4.client = open_client(s, IP_V4, NULL);
        s->v6.client = open_client(s, IP_V6, NULL);
        if (s->v4.client < 0 && s->v6.client < 0)
            LOG_FATAL("Could not open NTP sockets");
    }
    if (conf->ptp_port > 0) {
        s->v4.ptp = open_serving(s, IP_V4, conf->ptp_port, false);
        s->v6.ptp = open_serving(s, IP_V6, conf->ptp_port, false);
    }
}

/* Peers and broadcast destinations open their socket when they are added, which is after the
   start. If their address is known, the socket is opened now, so that an error ends the start. */
static void hold_for_configured(struct ntp_sockets *s, bool hold)
{
    const char *interface;
    struct ip_port remote;

    for (size_t i = 0; i < s->client.source_count + s->broadcasts.count; i++) {
        if (i >= s->client.source_count) {
            remote = s->broadcasts.items[i - s->client.source_count].dest;
        } else {
            remote.port = s->client.sources[i].options.port;
            if (s->client.sources[i].kind != SOURCE_PEER ||
                !ip_addr_parse_scoped(s->client.sources[i].name, &remote.addr, &interface))
                continue;
        }
        if (hold)
            ntp_sockets_hold_for(s, &remote);
        else
            ntp_sockets_release_for(s, &remote);
    }
}

struct ntp_sockets *ntp_sockets_new(const struct ntp_env *env, const struct sockets_conf *conf,
                                    const struct client_conf *client,
                                    const struct broadcasts_conf *broadcasts)
{
    struct ntp_sockets *s = mem_alloc(sizeof(*s));

    s->env = env;
    s->conf = *conf;
    s->client = *client;
    s->broadcasts = *broadcasts;
    s->v4 = s->v6 = (struct family_sockets){.server = -1, .client = -1, .ptp = -1};
    s->starting = true;
    s->batch = WORLD_BATCH;
    for (int i = 0; i < WORLD_BATCH; i++)
        world_datagram_init(&s->msgs[i], s->buffers[i], sizeof(s->buffers[i]));
    if (env->workers)
        server_workers_set_handler(env->workers, &(struct server_workers_handler){
                                                     .received = ntp_sockets_take_packet,
                                                     .transmitted = ntp_sockets_take_timestamp,
                                                     .ctx = s,
                                                 });
    open_initial(s);
    hold_for_configured(s, true);
    return s;
}

void ntp_sockets_end_start(struct ntp_sockets *s)
{
    if (!s->starting)
        return;
    s->starting = false;
    hold_for_configured(s, false);
}

void ntp_sockets_free(struct ntp_sockets *s)
{
    if (!s)
        return;
    close_server(s, IP_V4);
    close_server(s, IP_V6);
    if (s->env->workers)
        server_workers_set_handler(s->env->workers, &(struct server_workers_handler){0});
    close_socket(s, &s->v4.client);
    close_socket(s, &s->v6.client);
    close_socket(s, &s->v4.ptp);
    close_socket(s, &s->v6.ptp);
    remote_table_free(&s->remotes);
    free(s);
}

void ntp_sockets_set_sources(struct ntp_sockets *s, struct ntp_sources *sources)
{
    s->sources = sources;
}

void ntp_sockets_set_server(struct ntp_sockets *s, struct ntp_server *server)
{
    s->server = server;
}

int ntp_sockets_hold_server(struct ntp_sockets *s, enum ip_family family)
{
    struct family_sockets *f = ntp_sockets_of_family(s, family);

    if (f->uses++ == 0 && !s->always_open)
        open_server(s, family);
    return f->server;
}

void ntp_sockets_release_server(struct ntp_sockets *s, enum ip_family family)
{
    struct family_sockets *f = ntp_sockets_of_family(s, family);

    if (--f->uses == 0 && !s->always_open)
        close_server(s, family);
}

int ntp_sockets_hold_for(struct ntp_sockets *s, const struct ip_port *remote)
{
    if (uses_ptp(s, remote))
        return ntp_sockets_of_family(s, remote->addr.family)->ptp;
    return ntp_sockets_hold_server(s, remote->addr.family);
}

void ntp_sockets_release_for(struct ntp_sockets *s, const struct ip_port *remote)
{
    if (!uses_ptp(s, remote))
        ntp_sockets_release_server(s, remote->addr.family);
}

bool ntp_sockets_is_serving(const struct ntp_sockets *s)
{
    return s->v4.server >= 0 || s->v6.server >= 0 || s->v4.ptp >= 0 || s->v6.ptp >= 0;
}

int ntp_sockets_server(const struct ntp_sockets *s, enum ip_family family)
{
    return family == IP_V6 ? s->v6.server : s->v4.server;
}

int ntp_sockets_open_client(struct ntp_sockets *s, const struct ip_port *remote)
{
    struct family_sockets *f = ntp_sockets_of_family(s, remote->addr.family);

    if (uses_ptp(s, remote))
        return f->ptp;
    if (s->same_socket)
        return f->server;
    if (!s->per_request)
        return f->client;
    return open_client(s, remote->addr.family, remote);
}

void ntp_sockets_close_client(struct ntp_sockets *s, int fd)
{
    if (!is_shared(s, fd))
        close_socket(s, &fd);
}

bool ntp_sockets_is_connectable(struct ntp_sockets *s, const struct ip_port *remote)
{
    bool per_request = s->per_request;

    /* Not on the shared port, which is in use. */
    s->per_request = true;
    int fd = open_client(s, remote->addr.family, remote);
    s->per_request = per_request;
    if (fd < 0)
        return false;
    close_socket(s, &fd);
    return true;
}

/* Wraps the message in a PTP message. */
static bool wrap(struct ntp_sockets *s, struct world_datagram *msg, uint8_t *buffer, size_t size)
{
    size_t length = ptp_wrap(buffer, size, (uint8_t)s->conf.ptp_domain, s->ptp_sequence, msg->data,
                             msg->length);

    if (length == 0)
        return false;
    s->ptp_sequence++;
    msg->data = buffer;
    msg->size = msg->length = length;
    return true;
}

bool ntp_sockets_send(struct ntp_sockets *s, int fd, const struct ip_port *remote,
                      const uint8_t *packet, size_t length, bool want_timestamp)
{
    const struct world *w = s->env->world;

    if (fd < 0)
        return false;
    struct world_datagram msg = {
        .data = (uint8_t *)(uintptr_t)packet,
        .size = length,
        .length = length,
        .if_index = -1,
        .hardware_if_index = -1,
        .hardware_length = -1,
        .want_tx_timestamp = want_timestamp,
    };
    if (ntp_sockets_is_ptp(s, fd) && !wrap(s, &msg, s->ptp_buffers[0], sizeof(s->ptp_buffers[0])))
        return false;
    /* Connected sockets need no destination. */
    if (is_shared(s, fd))
        msg.remote = *remote;
    return w->ops->send(w->ctx, fd, &msg, 1) == 1;
}

void ntp_sockets_send_batch(struct ntp_sockets *s, int fd, struct world_datagram *msgs, int count,
                            bool *sent)
{
    for (int i = 0; i < count && ntp_sockets_is_ptp(s, fd); i++)
        wrap(s, &msgs[i], s->ptp_buffers[i], sizeof(s->ptp_buffers[i]));
    datagrams_send(s->env->world, fd, msgs, count, sent);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's half of the metrics server, see metrics_server.h. The listening socket is only
 * kept here: nothing is accepted, and no octet of a client is read.
 */
#include "chronyd/metrics_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "metrics/metrics.h"
#include "process/channel.h"

#define BACKLOG 64
#define BURST   32 /* queries for each event, between which the loop does other work */

struct metrics_server {
    struct metrics_server_env env;
    struct ip_port address;
    int fd; /* -1: not open */
    timer_id retry_timer;
    bool reported; /* that it could not be opened */
    struct channel channel;
    pid_t pid; /* 0: none was started */
    uint32_t restarts;
    int left; /* queries of this interval */
    timer_id interval_timer;
};

/* ---- The process ---- */

static void drop_process(struct metrics_server *server)
{
    if (server->channel.fd >= 0)
        loop_fd_remove(server->env.loop, server->channel.fd);
    channel_close(&server->channel);
}

/* It has said what it may not say, or does not take what it is given. */
static void end_process(struct metrics_server *server, const char *reason)
{
    LOG_WARN("Metrics server (process %d) %s, ending it", (int)server->pid, reason);
    drop_process(server);
    server->env.kill(server->env.ctx, server->pid);
}

/* It has ended, or says nothing any more. */
static void lose_process(struct metrics_server *server)
{
    drop_process(server);
    server->env.see_off(server->env.ctx, server->pid);
}

static void send_to_process(struct metrics_server *server, const struct ipc_message *message,
                            int fd, const char *what)
{
    char reason[64];

    switch (channel_send(&server->channel, message, fd)) {
    case CHANNEL_OK:
        break;
    case CHANNEL_CLOSED:
        lose_process(server);
        break;
    default:
        snprintf(reason, sizeof(reason), "does not take its %s", what);
        end_process(server, reason);
        break;
    }
}

/* Hands over the listening socket, once there are both. */
static void pass_socket(struct metrics_server *server)
{
    const struct ipc_message listen = {.type = IPC_LISTEN};

    if (server->fd >= 0 && server->channel.fd >= 0)
        send_to_process(server, &listen, server->fd, "socket");
}

/* ---- Queries ---- */

bool metrics_server_decode(const struct ipc_octets *query, struct cmd_request *request)
{
    struct cmd_request_header header;

    return cmd_request_header_decode(query->data, query->length, &header) &&
           header.version == CMD_VERSION_NO_PADDING && header.type == CMD_TYPE_REQUEST &&
           header.reserved == 0 &&
           query->length == cmd_request_length(header.command, CMD_VERSION_NO_PADDING) &&
           cmd_request_decode(query->data, query->length, header.command, request) &&
           metrics_may_ask(request);
}

/* The body of the reply; its header has nothing that the process does not know. */
static void encode_report(const struct cmd_request *request, enum cmd_status status,
                          const union cmd_reply_body *body, struct ipc_octets *report)
{
    const struct cmd_reply_header header = {
        .version = CMD_VERSION,
        .command = request->command,
        .reply = cmd_command_find(request->command)->reply,
    };
    uint8_t reply[CMD_REPLY_MAX];

    report->status = (uint16_t)status;
    report->length = 0;
    if (status != CMD_STATUS_SUCCESS)
        return;
    size_t length = cmd_reply_encode(&header, body, reply, sizeof(reply));
    if (length < CMD_REPLY_HEADER || length - CMD_REPLY_HEADER > sizeof(report->data)) {
        report->status = CMD_STATUS_FAILED;
        return;
    }
    report->length = length - CMD_REPLY_HEADER;
    memcpy(report->data, reply + CMD_REPLY_HEADER, report->length);
}

static void answer_query(struct metrics_server *server, const struct ipc_octets *query)
{
    struct ipc_message message = {.type = IPC_REPORT, .u.octets.id = query->id};
    struct cmd_request request;
    union cmd_reply_body body;

    if (!metrics_server_decode(query, &request)) {
        end_process(server, "has asked for what is not its business");
        return;
    }
    memset(&body, 0, sizeof(body));
    enum cmd_status status = server->env.execute(server->env.ctx, &request, &body);
    encode_report(&request, status, &body, &message.u.octets);
    send_to_process(server, &message, -1, "reports");
}

/* False: nothing more is to be read now. */
static bool take_query(struct metrics_server *server)
{
    struct ipc_message message;
    int fd;

    if (server->channel.fd < 0 || server->left == 0)
        return false;
    switch (channel_receive(&server->channel, &message, &fd)) {
    case CHANNEL_OK:
        server->left--;
        answer_query(server, &message.u.octets);
        return true;
    case CHANNEL_AGAIN:
        return false;
    case CHANNEL_CLOSED:
        lose_process(server);
        return false;
    default:
        end_process(server, "has sent an invalid message");
        return false;
    }
}

static void on_interval_timer(void *arg)
{
    struct metrics_server *server = arg;

    server->interval_timer = 0;
    server->left = METRICS_SERVER_QUERIES;
    if (server->channel.fd >= 0)
        loop_fd_set_events(server->env.loop, server->channel.fd, WORLD_READ);
}

static void on_channel(int fd, unsigned int event, void *arg)
{
    struct metrics_server *server = arg;

    if (server->interval_timer == 0)
        server->interval_timer =
            loop_timer_add(server->env.loop, METRICS_SERVER_INTERVAL, on_interval_timer, server);
    for (int i = 0; i < BURST && take_query(server); i++)
        ;
    if (server->left == 0 && server->channel.fd >= 0)
        loop_fd_set_events(server->env.loop, server->channel.fd, 0);
}

bool metrics_server_take(struct metrics_server *server, int channel, pid_t pid)
{
    bool is_another = server->pid != 0;

    server->restarts += is_another;
    drop_process(server);
    server->channel = channel_make(channel, IPC_METRICS, 0);
    server->pid = pid;
    loop_fd_add(server->env.loop, channel, server->left > 0 ? WORLD_READ : 0, on_channel, server);
    pass_socket(server);
    return is_another;
}

bool metrics_server_has_process(const struct metrics_server *server, uint32_t *restarts)
{
    *restarts = server->restarts;
    return server->channel.fd >= 0;
}

/* ---- The socket ---- */

static void open_socket(struct metrics_server *server);

static void on_retry_timer(void *arg)
{
    struct metrics_server *server = arg;

    server->retry_timer = 0;
    open_socket(server);
}

/* Not fatal: the clock is more important than what is told about it. */
static void open_socket(struct metrics_server *server)
{
    struct world *world = server->env.world;
    const struct ip_port *address = &server->address;
    const struct world_socket spec = {
        .type = WORLD_TCP,
        .family = address->addr.family,
        .local = address,
        .backlog = BACKLOG,
    };
    char text[ADDR_TEXT_SIZE];

    ip_port_format(address, text, sizeof(text));
    errno = EAFNOSUPPORT;
    if (world->ops->family_enabled(world->ctx, address->addr.family))
        server->fd = world->ops->socket_open(world->ctx, &spec);
    if (server->fd >= 0) {
        LOG_INFO("Serving metrics on http://%s/metrics", text);
        pass_socket(server);
        return;
    }
    int error = errno;
    LOG(server->reported ? LOG_SEV_DEBUG : LOG_SEV_ERROR,
        "Could not open metrics socket on %s : %s%s", text, text_errno(error),
        ip_port_bind_hint(address, error));
    server->reported = true;
    server->retry_timer =
        loop_timer_add(server->env.loop, METRICS_SERVER_RETRY, on_retry_timer, server);
}

/* ---- Life ---- */

struct metrics_server *metrics_server_new(const struct metrics_server_env *env,
                                          const struct ip_port *address)
{
    struct metrics_server *server = mem_alloc(sizeof(*server));

    *server = (struct metrics_server){
        .env = *env,
        .address = *address,
        .fd = -1,
        .channel = channel_make(-1, IPC_METRICS, 0),
        .left = METRICS_SERVER_QUERIES,
    };
    open_socket(server);
    return server;
}

void metrics_server_free(struct metrics_server *server)
{
    if (!server)
        return;
    drop_process(server);
    loop_timer_cancel(server->env.loop, server->retry_timer);
    loop_timer_cancel(server->env.loop, server->interval_timer);
    if (server->fd >= 0)
        server->env.world->ops->socket_close(server->env.world->ctx, server->fd);
    free(server);
}

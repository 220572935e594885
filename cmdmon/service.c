/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemon side of the control protocol, see server.h. One datagram is read for each report of
 * readiness; of a request nothing is remembered but that its reply has to come later.
 */
#include "cmdmon/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

/* A request whose reply comes later: to whom and with which header. */
struct waiting {
    struct cmd_reply_header header;
    char path[112];
};

struct cmd_server {
    struct world *world;
    struct loop *loop;
    const struct conf *conf;
    struct cmd_policy policy;
    int udp_fds[2]; /* -1: not open */
    int unix_fd;
    struct waiting waiting[CMD_SERVER_MAX_WAITING];
    int waiting_count;
};

/* Step 11: whether the transport may run this command. */
static bool is_authorised(const struct cmd_policy *policy, const struct ip_addr *addr,
                          unsigned int command)
{
    if (!addr)
        return true;
    return cmd_access(command) == CMD_ACCESS_READ_ONLY &&
           (cmd_open_commands(command) & policy->open_commands) != 0;
}

/* A report that changes something on the way is for the Unix socket only (cmdmon.md 13.13). */
static bool changes_something(const struct cmd_request *request)
{
    return cmd_access(request->command) != CMD_ACCESS_READ_ONLY ||
           (request->command == CMD_CLIENTS && request->u.clients.reset);
}

static enum cmd_status run_request(const struct cmd_policy *policy, const struct ip_addr *addr,
                                   const uint8_t *data, size_t length, unsigned int command,
                                   enum reply_code *reply, union cmd_reply_body *body)
{
    struct cmd_request request;

    if (!cmd_request_decode(data, length, command, &request))
        return CMD_STATUS_INVALID;
    if (addr && changes_something(&request))
        return CMD_STATUS_UNAUTHORISED;
    log_set_context_info(true);
    enum cmd_status status = policy->ops->execute(policy->ctx, &request, reply, body);
    log_set_context_info(false);
    return status;
}

size_t cmd_answer(const struct cmd_policy *policy, const struct ip_addr *addr,
                  const uint8_t *request, size_t length, uint8_t *reply, size_t size)
{
    struct cmd_request_header header;
    enum reply_code code = REPLY_NULL;
    union cmd_reply_body body;
    enum cmd_status status;

    if (length < CMD_REQUEST_MIN || length > CMD_REQUEST_MAX ||
        !cmd_request_header_decode(request, length, &header) || header.type != CMD_TYPE_REQUEST ||
        header.reserved != 0) {
        LOG_DEBUG("Command packet dropped");
        return 0;
    }
    if (!policy->ops->admit(policy->ctx, addr)) {
        LOG_DEBUG("Command packet discarded to limit response rate");
        return 0;
    }

    memset(&body, 0, sizeof(body));
    if (header.version != CMD_VERSION) {
        LOG_DEBUG("Command packet has invalid version (%d != %d)", header.version, CMD_VERSION);
        if (header.version < CMD_VERSION_NO_PADDING)
            return 0;
        status = CMD_STATUS_BAD_VERSION;
    } else if (cmd_request_length(header.command, CMD_VERSION) == 0) {
        LOG_DEBUG("Command packet has invalid command %d", header.command);
        status = CMD_STATUS_INVALID;
    } else if (length < cmd_request_length(header.command, CMD_VERSION)) {
        LOG_DEBUG("Command packet is too short (%zu < %zu)", length,
                  cmd_request_length(header.command, CMD_VERSION));
        status = CMD_STATUS_BAD_LENGTH;
    } else if (!is_authorised(policy, addr, header.command)) {
        status = CMD_STATUS_UNAUTHORISED;
    } else {
        status = run_request(policy, addr, request, length, header.command, &code, &body);
    }
    if (status != CMD_STATUS_SUCCESS)
        code = REPLY_NULL;

    struct cmd_reply_header reply_header = (struct cmd_reply_header){
        .version = CMD_VERSION,
        .command = header.command,
        .reply = (uint16_t)code,
        .status = (uint16_t)status,
        .sequence = header.sequence,
    };
    size_t reply_length =
        cmd_reply_encode(&reply_header, code == REPLY_NULL ? NULL : &body, reply, size);
    if (reply_length > length) {
        LOG_DEBUG("Response longer than request req_len=%zu res_len=%zu", length, reply_length);
        return 0;
    }
    return reply_length;
}

static bool is_known_host(const struct cmd_server *server, const struct world_datagram *msg)
{
    return ip_addr_is_loopback(&msg->remote.addr) ||
           server->policy.ops->is_allowed(server->policy.ctx, &msg->remote.addr);
}

/* ---- Replies that come later ---- */

static struct waiting *find_waiting(struct cmd_server *server, const char *path,
                                    unsigned int command)
{
    for (int i = 0; i < server->waiting_count; i++)
        if (server->waiting[i].header.command == command &&
            strcmp(server->waiting[i].path, path) == 0)
            return &server->waiting[i];
    return NULL;
}

/* A client whose request waits has sent it again: its reply is to have the new number. */
static bool is_repeated(struct cmd_server *server, const struct world_datagram *msg)
{
    struct cmd_request_header header;

    if (msg->length < CMD_REQUEST_MIN ||
        !cmd_request_header_decode(msg->data, msg->length, &header) ||
        header.type != CMD_TYPE_REQUEST || header.attempt == 0)
        return false;
    struct waiting *waiting = find_waiting(server, msg->path, header.command);
    if (waiting)
        waiting->header.sequence = header.sequence;
    return waiting != NULL;
}

/* True: this reply has to wait. */
static bool put_off(struct cmd_server *server, const char *path, const uint8_t *reply,
                    size_t length)
{
    struct cmd_reply_header header;

    if (!cmd_reply_header_decode(reply, length, &header) || header.status != CMD_STATUS_LATER)
        return false;
    struct waiting *waiting = find_waiting(server, path, header.command);
    if (!waiting && cmd_server_has_room(server))
        waiting = &server->waiting[server->waiting_count++];
    /* One too many is not answered: nothing has failed, and its client asks again. */
    if (waiting) {
        waiting->header = header;
        text_copy(waiting->path, sizeof(waiting->path), path);
    }
    return true;
}

void cmd_server_answer(struct cmd_server *server, unsigned int command, enum cmd_status status)
{
    uint8_t reply[CMD_REPLY_MAX];
    int left = 0;

    for (int i = 0; i < server->waiting_count; i++) {
        struct waiting *waiting = &server->waiting[i];
        struct world_datagram msg;

        if (waiting->header.command != command) {
            server->waiting[left++] = *waiting;
            continue;
        }
        waiting->header.status = (uint16_t)status;
        world_datagram_init(&msg, reply, sizeof(reply));
        msg.length = cmd_reply_encode(&waiting->header, NULL, reply, sizeof(reply));
        msg.path = waiting->path;
        if (server->unix_fd >= 0)
            server->world->ops->send(server->world->ctx, server->unix_fd, &msg, 1);
    }
    server->waiting_count = left;
}

bool cmd_server_has_room(const struct cmd_server *server)
{
    return server->waiting_count < CMD_SERVER_MAX_WAITING;
}

/* ---- Sockets ---- */

static void handle_readable(int fd, unsigned int event, void *arg)
{
    struct cmd_server *server = arg;
    bool is_unix = fd == server->unix_fd;
    uint8_t request[WORLD_DATAGRAM_SIZE];
    uint8_t reply[CMD_REPLY_MAX];
    struct world_datagram msg = {.data = request, .size = sizeof(request)};
    size_t length;

    if (server->world->ops->receive(server->world->ctx, fd, &msg, 1, false) != 1 || msg.truncated)
        return;

    if (is_unix ? !msg.path || msg.path[0] != '/' : !is_known_host(server, &msg)) {
        char text[ADDR_TEXT_SIZE];

        LOG_DEBUG("Unauthorised host %s",
                  is_unix ? "(unnamed socket)" : ip_port_format(&msg.remote, text, sizeof(text)));
        return;
    }

    if (is_unix && is_repeated(server, &msg))
        return;
    length = cmd_answer(&server->policy, is_unix ? NULL : &msg.remote.addr, msg.data, msg.length,
                        reply, sizeof(reply));
    if (length == 0 || (is_unix && put_off(server, msg.path, reply, length)))
        return;
    msg.data = reply;
    msg.length = length;
    msg.want_tx_timestamp = false;
    server->world->ops->send(server->world->ctx, fd, &msg, 1);
}

static int open_udp(struct cmd_server *server, const struct ip_addr *addr)
{
    struct ip_port local = {*addr, (uint16_t)server->conf->cmd_port};
    struct world_socket spec = {
        .type = WORLD_UDP,
        .family = addr->family,
        .local = &local,
        .device = server->conf->bind_cmd_device,
        .packet_info = true,
    };
    char text[ADDR_TEXT_SIZE];

    if (server->conf->cmd_port == 0 ||
        !server->world->ops->family_enabled(server->world->ctx, addr->family))
        return -1;
    int fd = server->world->ops->socket_open(server->world->ctx, &spec);
    if (fd < 0) {
        int error = errno;
        LOG_ERROR("Could not open command socket on %s : %s%s",
                  ip_port_format(&local, text, sizeof(text)), text_errno(error),
                  ip_port_bind_hint(&local, error));
        return -1;
    }
    loop_fd_add(server->loop, fd, WORLD_READ, handle_readable, server);
    return fd;
}

struct cmd_server *cmd_server_new(struct world *world, struct loop *loop, const struct conf *conf,
                                  const struct cmd_policy *policy)
{
    struct cmd_server *server = mem_alloc(sizeof(*server));

    *server = (struct cmd_server){
        .world = world, .loop = loop, .conf = conf, .policy = *policy, .unix_fd = -1};
    server->udp_fds[0] = open_udp(server, &conf->bind_cmd4);
    server->udp_fds[1] = open_udp(server, &conf->bind_cmd6);
    return server;
}

void cmd_server_open_unix(struct cmd_server *server)
{
    const char *path = server->conf->bind_cmd_path;

    if (!path)
        return;
    server->unix_fd = server->world->ops->unix_open(server->world->ctx, path);
    if (server->unix_fd < 0) {
        LOG_ERROR("Could not open command socket on %s : %s", path, text_errno(errno));
        return;
    }
    loop_fd_add(server->loop, server->unix_fd, WORLD_READ, handle_readable, server);
}

static void close_socket(struct cmd_server *server, int fd)
{
    if (fd < 0)
        return;
    loop_fd_remove(server->loop, fd);
    server->world->ops->socket_close(server->world->ctx, fd);
}

void cmd_server_remove_unix(struct cmd_server *server)
{
    if (server->unix_fd >= 0)
        server->world->ops->unix_remove(server->world->ctx, server->conf->bind_cmd_path);
}

void cmd_server_free(struct cmd_server *server)
{
    if (!server)
        return;
    cmd_server_remove_unix(server);
    close_socket(server, server->unix_fd);
    close_socket(server, server->udp_fds[0]);
    close_socket(server, server->udp_fds[1]);
    free(server);
}

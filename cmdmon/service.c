/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemon side of the control protocol, see service.h. One datagram is read for each report of
 * readiness; no request is remembered, except those whose reply comes later.
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

struct cmd_service {
    struct world *world;
    struct loop *loop;
    struct command_conf conf;
    struct cmd_policy policy;
    int udp_fds[2]; /* -1: not open */
    int unix_fd;
    struct waiting waiting[CMD_SERVICE_MAX_WAITING];
    int waiting_count;
};

/* Whether the transport may run this command (cmdmon.md 10, step 11). */
static bool is_authorised(const struct cmd_policy *policy, const struct ip_addr *addr,
                          const struct cmd_command *command)
{
    return !addr || (command->access == CMD_RO && (command->open & policy->open_commands) != 0);
}

/* A report that also changes something is for the Unix socket only (cmdmon.md 13.13). */
static bool changes_something(const struct cmd_request *request)
{
    return request->command == CMD_CLIENTS && request->u.clients.reset;
}

/* Decodes, authorises and executes a request (cmdmon.md 10, steps 9 to 11). */
static enum cmd_status run_request(const struct cmd_policy *policy, const struct ip_addr *addr,
                                   const uint8_t *data, size_t length, unsigned int code,
                                   union cmd_reply_body *body)
{
    const struct cmd_command *command = cmd_command_find(code);
    size_t required = cmd_request_length(code, CMD_VERSION);
    struct cmd_request request;

    if (!command) {
        LOG_DEBUG("Command packet has invalid command %u", code);
        return CMD_STATUS_INVALID;
    }
    if (length < required) {
        LOG_DEBUG("Command packet is too short (%zu < %zu)", length, required);
        return CMD_STATUS_BAD_LENGTH;
    }
    if (!is_authorised(policy, addr, command))
        return CMD_STATUS_UNAUTHORISED;
    if (!cmd_request_decode(data, length, code, &request))
        return CMD_STATUS_INVALID;
    if (addr && changes_something(&request))
        return CMD_STATUS_UNAUTHORISED;
    log_set_context_info(true);
    enum cmd_status status = policy->ops->execute(policy->ctx, &request, body);
    log_set_context_info(false);
    return status;
}

size_t cmd_answer(const struct cmd_policy *policy, const struct ip_addr *addr,
                  const uint8_t *request, size_t length, uint8_t *reply, size_t size)
{
    struct cmd_request_header header;
    union cmd_reply_body body;
    enum cmd_status status = CMD_STATUS_BAD_VERSION;

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
    if (header.version == CMD_VERSION)
        status = run_request(policy, addr, request, length, header.command, &body);
    else
        LOG_DEBUG("Command packet has invalid version (%d != %d)", header.version, CMD_VERSION);
    if (header.version < CMD_VERSION_NO_PADDING)
        return 0;

    bool success = status == CMD_STATUS_SUCCESS;
    struct cmd_reply_header reply_header = {
        .version = CMD_VERSION,
        .command = header.command,
        .reply = success ? cmd_command_find(header.command)->reply : REPLY_NULL,
        .status = (uint16_t)status,
        .features = policy->features,
        .sequence = header.sequence,
    };
    size_t reply_length = cmd_reply_encode(&reply_header, &body, reply, size);
    if (reply_length > length) {
        LOG_DEBUG("Response longer than request req_len=%zu res_len=%zu", length, reply_length);
        return 0;
    }
    return reply_length;
}

static bool is_known_host(const struct cmd_service *service, const struct world_datagram *msg)
{
    return ip_addr_is_loopback(&msg->remote.addr) ||
           service->policy.ops->is_allowed(service->policy.ctx, &msg->remote.addr);
}

/* ---- Replies that come later ---- */

static struct waiting *find_waiting(struct cmd_service *service, const char *path,
                                    unsigned int command)
{
    for (int i = 0; i < service->waiting_count; i++)
        if (service->waiting[i].header.command == command &&
            strcmp(service->waiting[i].path, path) == 0)
            return &service->waiting[i];
    return NULL;
}

/* A waiting client has sent its request again: the reply must have the new sequence number. */
static bool is_repeated(struct cmd_service *service, const struct world_datagram *msg)
{
    struct cmd_request_header header;

    if (msg->length < CMD_REQUEST_MIN ||
        !cmd_request_header_decode(msg->data, msg->length, &header) ||
        header.type != CMD_TYPE_REQUEST || header.attempt == 0)
        return false;
    struct waiting *waiting = find_waiting(service, msg->path, header.command);
    if (waiting)
        waiting->header.sequence = header.sequence;
    return waiting != NULL;
}

/* Puts a reply off. True: it waits. */
static bool put_off(struct cmd_service *service, const char *path, const uint8_t *reply,
                    size_t length)
{
    struct cmd_reply_header header;

    if (!cmd_reply_header_decode(reply, length, &header) || header.status != CMD_STATUS_LATER)
        return false;
    struct waiting *waiting = find_waiting(service, path, header.command);
    if (!waiting && cmd_service_has_room(service))
        waiting = &service->waiting[service->waiting_count++];
    /* Without room there is no answer: nothing has failed, and the client asks again. */
    if (waiting) {
        waiting->header = header;
        text_copy(waiting->path, sizeof(waiting->path), path);
    }
    return true;
}

void cmd_service_answer(struct cmd_service *service, unsigned int command, enum cmd_status status)
{
    uint8_t reply[CMD_REPLY_MAX];
    int left = 0;

    for (int i = 0; i < service->waiting_count; i++) {
        struct waiting *waiting = &service->waiting[i];
        struct world_datagram msg;

        if (waiting->header.command != command) {
            service->waiting[left++] = *waiting;
            continue;
        }
        waiting->header.status = (uint16_t)status;
        world_datagram_init(&msg, reply, sizeof(reply));
        msg.length = cmd_reply_encode(&waiting->header, NULL, reply, sizeof(reply));
        msg.path = waiting->path;
        if (service->unix_fd >= 0)
            service->world->ops->send(service->world->ctx, service->unix_fd, &msg, 1);
    }
    service->waiting_count = left;
}

bool cmd_service_has_room(const struct cmd_service *service)
{
    return service->waiting_count < CMD_SERVICE_MAX_WAITING;
}

/* ---- Sockets ---- */

static void handle_readable(int fd, unsigned int event, void *arg)
{
    struct cmd_service *service = arg;
    bool is_unix = fd == service->unix_fd;
    uint8_t request[WORLD_DATAGRAM_SIZE];
    uint8_t reply[CMD_REPLY_MAX];
    struct world_datagram msg = {.data = request, .size = sizeof(request)};

    if (service->world->ops->receive(service->world->ctx, fd, &msg, 1, false) != 1 || msg.truncated)
        return;

    if (is_unix ? !msg.path || msg.path[0] != '/' : !is_known_host(service, &msg)) {
        char text[ADDR_TEXT_SIZE];

        LOG_DEBUG("Unauthorised host %s",
                  is_unix ? "(unnamed socket)" : ip_port_format(&msg.remote, text, sizeof(text)));
        return;
    }

    if (is_unix && is_repeated(service, &msg))
        return;
    size_t length = cmd_answer(&service->policy, is_unix ? NULL : &msg.remote.addr, msg.data,
                               msg.length, reply, sizeof(reply));
    if (length == 0 || (is_unix && put_off(service, msg.path, reply, length)))
        return;
    msg.data = reply;
    msg.length = length;
    msg.want_tx_timestamp = false;
    service->world->ops->send(service->world->ctx, fd, &msg, 1);
}

static int open_udp(struct cmd_service *service, const struct ip_addr *addr)
{
    struct ip_port local = {*addr, (uint16_t)service->conf.port};
    struct world_socket spec = {
        .type = WORLD_UDP,
        .family = addr->family,
        .local = &local,
        .device = service->conf.bind.device,
        .packet_info = true,
    };
    char text[ADDR_TEXT_SIZE];

    if (service->conf.port == 0 ||
        !service->world->ops->family_enabled(service->world->ctx, addr->family))
        return -1;
    int fd = service->world->ops->socket_open(service->world->ctx, &spec);
    if (fd < 0) {
        int error = errno;
        LOG_ERROR("Could not open command socket on %s : %s%s",
                  ip_port_format(&local, text, sizeof(text)), text_errno(error),
                  ip_port_bind_hint(&local, error));
        return -1;
    }
    loop_fd_add(service->loop, fd, WORLD_READ, handle_readable, service);
    return fd;
}

struct cmd_service *cmd_service_new(struct world *world, struct loop *loop,
                                    const struct command_conf *conf,
                                    const struct cmd_policy *policy)
{
    struct cmd_service *service = mem_alloc(sizeof(*service));

    *service = (struct cmd_service){
        .world = world, .loop = loop, .conf = *conf, .policy = *policy, .unix_fd = -1};
    service->udp_fds[0] = open_udp(service, &conf->bind.v4);
    service->udp_fds[1] = open_udp(service, &conf->bind.v6);
    return service;
}

void cmd_service_open_unix(struct cmd_service *service)
{
    const char *path = service->conf.path;

    if (!path)
        return;
    service->unix_fd = service->world->ops->unix_open(service->world->ctx, path);
    if (service->unix_fd < 0) {
        LOG_ERROR("Could not open command socket on %s : %s", path, text_errno(errno));
        return;
    }
    loop_fd_add(service->loop, service->unix_fd, WORLD_READ, handle_readable, service);
}

static void close_socket(struct cmd_service *service, int fd)
{
    if (fd < 0)
        return;
    loop_fd_remove(service->loop, fd);
    service->world->ops->socket_close(service->world->ctx, fd);
}

void cmd_service_remove_unix(struct cmd_service *service)
{
    if (service->unix_fd >= 0)
        service->world->ops->unix_remove(service->world->ctx, service->conf.path);
}

void cmd_service_free(struct cmd_service *service)
{
    if (!service)
        return;
    cmd_service_remove_unix(service);
    close_socket(service, service->unix_fd);
    close_socket(service, service->udp_fds[0]);
    close_socket(service, service->udp_fds[1]);
    free(service);
}

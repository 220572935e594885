/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of the control protocol: sockets, source checks, header checks, authorisation
 * and padding rule (cmdmon.md 2, 3, 9, 10). The daemon gives a table of functions that execute
 * commands.
 */
#ifndef CMDMON_SERVICE_H
#define CMDMON_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/world.h"
#include "cmdmon/message.h"
#include "conf/groups.h"

struct cmd_service_ops {
    /* Whether the command access table allows a UDP source (loopback is always allowed). */
    bool (*is_allowed)(void *ctx, const struct ip_addr *addr);
    /* Counts an access (addr NULL: Unix socket); false: the rate limit says drop. Loopback
       addresses are never limited. */
    bool (*admit)(void *ctx, const struct ip_addr *addr);
    /* Executes a decoded request of a command in the list. For status 0 it fills in the body of
       the command's reply, which comes as zeros. CMD_STATUS_LATER, for commands that only the
       Unix socket has and that have no body in the reply: cmd_service_answer will be called. */
    enum cmd_status (*execute)(void *ctx, const struct cmd_request *request,
                               union cmd_reply_body *body);
};

struct cmd_policy {
    const struct cmd_service_ops *ops;
    void *ctx;
    unsigned int open_commands; /* enum open_command */
    uint16_t features;          /* enum cmd_feature, in every reply */
};

/* Replies that wait for the end of their command. */
#define CMD_SERVICE_MAX_WAITING 8

/*
 * The answer to one datagram that passed the source check, written to reply (CMD_REPLY_MAX octets
 * are enough). addr is the UDP source, NULL for the Unix socket. 0: no answer. Never longer than
 * the request (cmdmon.md 10, steps 3 to 12). A reply with CMD_STATUS_LATER is not to be sent; the
 * later reply has its header.
 */
size_t cmd_answer(const struct cmd_policy *policy, const struct ip_addr *addr,
                  const uint8_t *request, size_t length, uint8_t *reply, size_t size);

struct cmd_service;

/* Sends the status to all clients whose request for the command had CMD_STATUS_LATER. A client
   that repeats its request in the meantime is answered once, and its command is not executed
   again. */
void cmd_service_answer(struct cmd_service *service, unsigned int command, enum cmd_status status);
/* Whether one more client can wait. Without room, CMD_STATUS_LATER sends nothing, and the client
   asks again. */
bool cmd_service_has_room(const struct cmd_service *service);

/* Opens the UDP sockets (as root, before the privilege drop); failures are logged and not fatal.
   The strings of conf and everything behind policy must outlive the service. */
struct cmd_service *cmd_service_new(struct world *world, struct loop *loop,
                                    const struct command_conf *conf,
                                    const struct cmd_policy *policy);
/* Opens the Unix socket (as the daemon's user, just before the main loop). */
void cmd_service_open_unix(struct cmd_service *service);
/* Removes the Unix socket's file, when it was opened. */
void cmd_service_remove_unix(struct cmd_service *service);
/* The same, and closes the sockets. NULL is allowed. */
void cmd_service_free(struct cmd_service *service);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports below 1024 for a main process without CAP_NET_BIND_SERVICE: the fork server, which keeps
 * it, binds sockets that the main process has opened and passes, and only to the ports of its own
 * copy of the configuration. It has a channel of its own for that, so that a question and its
 * answer follow each other.
 */
#ifndef PROCESS_BINDER_H
#define PROCESS_BINDER_H

#include <stdbool.h>
#include "base/addr.h"
#include "process/channel.h"
#include "process/fork_server.h"

/* In the main process. */
struct binder;
/* Gives the fork server its end; binder_free() takes NULL. NULL: no descriptors are left, with
   errno. */
struct binder *binder_new(struct fork_server *fork_server);
void binder_free(struct binder *binder);
/* False with errno: EACCES if the port is not one of the configuration, or the fork server does not
   answer within a second. Blocks for so long. */
bool binder_bind(struct binder *binder, int fd, const struct ip_port *local);

/* In the fork server: answers one request. False: the end of the channel, or an invalid message. */
bool binder_serve(struct channel *channel, const struct sandbox *sandbox);

#endif

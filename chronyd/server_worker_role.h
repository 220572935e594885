/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process of a server worker (ntp/server/worker.h), a child of the fork server. Its promise is
 * in process/promise_server_worker.c: it owns its channel, the log, the sockets of the NTP server
 * and shared memory that the main process has passed; it opens nothing, and has no right. Started
 * as root it runs as the user of the name resolving helper, who may neither use the command socket
 * nor read the state of the daemon.
 */
#ifndef CHRONYD_SERVER_WORKER_ROLE_H
#define CHRONYD_SERVER_WORKER_ROLE_H

#include "ntp/server/worker.h"
#include "process/lone_role.h"

/* The role for the fork server. number: from 1. env outlives the fork server's start. */
struct lone_role server_worker_role_make(struct server_worker_env *env, int number);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server workers as a part of the daemon: whether there are any with this configuration, their
 * roles for the fork server, and the way from processes to ntp/server/workers.h.
 */
#ifndef CHRONYD_WORKERS_PART_H
#define CHRONYD_WORKERS_PART_H

#include "process/fork_server.h"

struct chronyd;

/* Decides how many there are, after the users were found: none where the main process has to answer
   itself, for which a message says why. passed_fds: sockets from the service manager. */
void workers_part_choose(struct chronyd *daemon, int passed_fds);
/* Before the fork server is started: adds the roles to a list, and returns their number. */
size_t workers_part_roles(struct chronyd *daemon, struct lone_role *roles);
/* Before the sockets are opened. */
void workers_part_start(struct chronyd *daemon);
/* A process was started. */
void workers_part_take(struct chronyd *daemon, const struct lone_process *process);
void workers_part_free(struct chronyd *daemon);

#endif

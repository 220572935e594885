/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that serves metrics over HTTP (daemon.md 25), a child of the fork server. It asks the
 * main process for reports, writes them as text (metrics/metrics.h), and gives that to clients.
 *
 * Promise: descriptors: the channel, the listening socket that comes over it, its connections.
 * Files: none, not even the log. Capabilities: none; started as root it runs as the user of the
 * name resolving helper, who owns nothing of the daemon's. System calls: the filter of its role
 * (process/filter.c), without open() and socket(). It holds no secret, and can change nothing.
 */
#ifndef CHRONYD_METRICS_ROLE_H
#define CHRONYD_METRICS_ROLE_H

#include "base/world.h"
#include "process/lone_role.h"

/* The role for the fork server. The world, of which the clock is used, outlives it. */
struct lone_role metrics_role_make(struct world *world);

#endif

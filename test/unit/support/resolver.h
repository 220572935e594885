/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper, started as the fork server does, for tests that have no fork server.
 */
#ifndef TEST_UNIT_SUPPORT_RESOLVER_H
#define TEST_UNIT_SUPPORT_RESOLVER_H

#include <sys/types.h>
#include "base/world.h"

/* Forks a helper with the user of the test and gives its channel to the world. The caller waits for
   the process, which ends with the channel. */
pid_t support_start_resolver(struct world *world);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server of NTS-KE helpers (architecture.md "Processes") and the main process's handle of
 * it. It is forked while the main process holds no secret, starts generations of helpers when told
 * to, reaps them and starts them again (with a back-off) when they die.
 *
 * which it reads for each generation, keeps in memory for the adopted one, and never parses.
 * Capabilities: those to read files and to change user, for the helpers that it forks, as far as they
 * are permitted. It takes single octets only from others. When its channel ends, it kills its helpers
 * and ends.
 *
 * Who calls what when (numbers are the steps of daemon.md 4):
 *   13  fork_server_start: forks, and waits until the first generation is ready (it has read its
 *       files) or has failed, which is for the caller to report as fatal.
 *   21  ke_server_new (nts/ke_server.h) takes the handle over into the event loop.
 *   run ke_server_rekey (chronyc rekey, SIGHUP): a new generation.
 *   end ke_server_free closes everything; nobody waits for the processes.
 */
#ifndef NTS_FORK_SERVER_H
#define NTS_FORK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "nts/helper.h"

struct fork_server;
struct helper_pool;

/*
 * Forks the fork server and waits for conf->nts_processes (at least 1) helpers. NULL: error has one
 * line that says what is wrong, with the file, for LOG_FATAL: `Could not open socket pair`,
 * `fork() failed : ERRNO`, `Could not set credentials : ...`, `NTS-KE helpers failed`; nothing is
 * left running then. To be called without threads, before GnuTLS was used in this process.
 */
struct fork_server *fork_server_start(const struct helper_spec *spec, char *error, size_t size);
/* Closes all channels: the fork server and its helpers end by themselves. NULL is allowed. */
void fork_server_free(struct fork_server *fork_server);

/* For tests: the process. */
pid_t fork_server_pid(const struct fork_server *fork_server);
/* For nts/ke_server.c. */
struct helper_pool *fork_server_pool(struct fork_server *fork_server);

#endif

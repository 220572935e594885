/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE helper process (nts.md 16, architecture.md "Processes"). It is forked by the fork
 * server with the octets of certificates and private keys, gives up all rights, parses them, and
 * then runs NTS-KE sessions on the sockets that the main process passes.
 *
 * Promise: descriptors: the channel, the log, its connections. Files: none. Capabilities: none.
 * System calls: the filter of its role (process/filter.c), without open(). It holds the private key
 * and, during a session, the current cookie key.
 */
#ifndef NTS_KE_HELPER_H
#define NTS_KE_HELPER_H

#include "base/world.h"
#include "conf/groups.h"
#include "nts/context.h"
#include "nts/server_files.h"
#include "process/helper_role.h"
#include "process/sandbox.h"

/* What helpers are made of; outlives them. */
struct ke_helper_spec {
    struct world *world; /* clocks, streams, random octets, wait; files in the fork server only */
    const struct sandbox *sandbox;
    const struct nts_server_conf *conf;
    uint16_t ntp_port;
    struct nts_aeads aeads;
};

/* The role for the fork server and the pool (ke_helper_role.c). */
struct helper_role *ke_helper_role_new(const struct ke_helper_spec *spec);
/* NULL is allowed. */
void ke_helper_role_free(struct helper_role *role);

/* Body of the process: returns the exit status when it is told to drain or the main process is
   gone. files: octets of the generation, freed here as soon as they are parsed; the caller has
   freed all others that it has. */
int ke_helper_run(const struct ke_helper_spec *spec, const struct helper_identity *identity,
                  struct server_files *files, int channel);

#endif

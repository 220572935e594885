/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that runs the NTS-KE sessions of the client (nts.md 7.3, architecture.md
 * "Processes"): everything that servers send before they are known, and the certificates of
 * strangers. The main process passes connected or connecting sockets, and gets keys, cookies and
 * what was negotiated, or why there is nothing (nts/ke_client_link.h). It is started for a group of
 * sessions, reads the trusted certificates, gives up the rest of its rights, and is ended after the
 * last session: so renewed files need no restart, and who takes it over has it for these sessions.
 *
 * Promise: descriptors: the channel, the log, the sockets of its sessions. Files: those with
 * trusted certificates, read as the daemon's user at the start; none after that. Capabilities:
 * none. System calls: those of NTS-KE helpers (process/promise_ke_client.c): memory, clocks,
 * waiting, reading and writing what is open; no file, no socket, no process, no signal to others.
 * It holds the keys of a session from their making to the message to the main process, and no other
 * secret.
 */
#ifndef NTS_KE_CLIENT_PROCESS_H
#define NTS_KE_CLIENT_PROCESS_H

#include "base/loop.h"
#include "base/world.h"
#include "conf/groups.h"
#include "nts/context.h"
#include "process/channel.h"
#include "process/lone_role.h"

/* What it is made of; outlives it. */
struct ke_client_process_spec {
    struct world *world; /* clocks, streams, random octets, wait; files at the start only */
    const struct nts_client_conf *conf;
    struct nts_aeads aeads;
};

/* The role for the fork server. spec must outlive it. */
struct lone_role ke_client_process_role(const struct ke_client_process_spec *spec);

/* What the process does, without its rights; for the role and for tests. */
struct ke_client_process;

/* Reads all sets of trusted certificates. */
struct ke_client_process *ke_client_process_new(const struct ke_client_process_spec *spec,
                                                struct loop *loop);
/* Takes sessions from the channel from now on, which it owns; done is called when nothing more can
   come, with why: CHANNEL_CLOSED or CHANNEL_BAD. */
void ke_client_process_serve(struct ke_client_process *process, int channel,
                             void (*done)(enum channel_result why, void *arg), void *arg);
/* Ends all sessions. NULL is allowed. */
void ke_client_process_free(struct ke_client_process *process);

#endif

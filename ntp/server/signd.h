/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MS-SNTP signing (ntp.md 22, system.md 19): replies to clients of an Active Directory domain are
 * signed by Samba over a Unix stream socket, one at a time, and sent when they come back. It never
 * waits; when the signer is slow or away, clients get no reply.
 */
#ifndef NTP_SERVER_SIGND_H
#define NTP_SERVER_SIGND_H

#include <stdint.h>
#include "ntp/env.h"
#include "ntp/sockets.h"
#include "ntp/wire/packet.h"

struct signd;

/* directory is that of Samba's socket. Nothing is connected yet. env and sockets must outlive
   it. */
struct signd *signd_new(const struct ntp_env *env, struct ntp_sockets *sockets,
                        const char *directory);
/* NULL is allowed. Replies that are not signed yet are dropped. */
void signd_free(struct signd *signd);

/* Queues the reply (NTP_HEADER_LENGTH octets) to a request that names a key of a client, or drops
   it. */
void signd_sign(struct signd *signd, const struct ntp_arrival *request, const uint8_t *reply);

#endif

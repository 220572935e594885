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

/* A reply that is to be signed and sent. */
struct signd_reply {
    uint32_t key_id; /* of the request */
    int fd;          /* where the request arrived */
    struct ip_port remote;
    struct ip_addr local;
    int if_index; /* -1: any */
    uint8_t packet[NTP_HEADER_LENGTH];
};

/* directory is that of Samba's socket. Nothing is connected yet. env and sockets must outlive it. */
struct signd *signd_new(const struct ntp_env *env, struct ntp_sockets *sockets,
                        const char *directory);
/* NULL is allowed. Replies that are not signed yet are dropped. */
void signd_free(struct signd *signd);

/* Queues a reply, or drops it. */
void signd_sign(struct signd *signd, const struct signd_reply *reply);

#endif

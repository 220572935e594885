/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where authentication mechanisms plug into the NTP code. ntp/ implements symmetric keys itself;
 * NTS is given in as two tables, implemented in nts/ (which ntp/ must not include): that of the
 * server below, and that of the client in ntp/client/nts_client.h.
 */
#ifndef NTP_AUTH_H
#define NTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/plain.h"
#include "base/wire.h"
#include "ntp/random_pool.h"
#include "ntp/wire/packet.h"

struct ntp_nts_client_ops; /* ntp/client/nts_client.h */

/* State of one request between its check and its response. */
struct ntp_nts_request {
    _Alignas(8) uint8_t opaque[1792];
};

enum ntp_nts_check {
    NTP_NTS_PASS,
    NTP_NTS_NAK,  /* fails; the client is told so */
    NTP_NTS_DROP, /* fails */
};

/* A request on its way through the server, and its response. */
struct ntp_nts_item {
    const uint8_t *packet;
    const struct ntp_info *info;
    struct ntp_nts_request *request;
    enum ntp_nts_check check; /* result of the check */
    /* Of the response: kod as given to it (0: none), and the packet that it is appended to, which
       fails if it cannot be added. */
    uint32_t kod;
    struct writer *w;
};

struct aead_batch; /* base/aead_batch.h */

/* NTS server. Pure: what it knows is in the keys, a plain value that the snapshot of the NTP server
   holds. batch: several requests are encrypted and decrypted together in it; NULL: one after
   another. */
struct ntp_nts_server_ops {
    /* Checks requests (nts.md 11.2). */
    void (*check_requests)(const void *keys, struct random_pool *random, struct aead_batch *batch,
                           struct ntp_nts_item *items, size_t count);
    /* Appends to responses (nts.md 11.3). */
    void (*add_responses)(struct aead_batch *batch, const struct ntp_nts_item *items, size_t count);
};

/* NULL ops: NTS is not available. */
struct ntp_nts {
    const struct ntp_nts_client_ops *client;
    void *client_ctx;
    const struct ntp_nts_server_ops *server;
    /* The keys of the server as they are now. */
    struct plain_value (*server_keys)(const void *ctx);
    const void *server_ctx;
};

#endif

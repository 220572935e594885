/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where authentication mechanisms plug into the NTP code. ntp/ implements symmetric keys itself;
 * NTS is given in as the two tables below, implemented in nts/ (which ntp/ must not include).
 */
#ifndef NTP_AUTH_H
#define NTP_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/plain.h"
#include "base/report.h"
#include "base/wire.h"
#include "ntp/random_pool.h"
#include "ntp/wire/packet.h"

/* NTS client of one association. */
struct ntp_nts_client_params {
    struct ip_port nts_addr; /* NTS-KE address: the source's address with ntsport */
    struct ip_port ntp_addr; /* the source's address with its configured port */
    const char *name;        /* as configured; copied */
    uint32_t cert_set;
    /* Moves the source to the negotiated address (nts.md 8.5); nothing happens if it is there
       already. False: another source has it (the message is logged by the caller of this). Called
       by prepare, and by create and change_nts_address when a cookie file names another NTP
       address. Then the move may be put off (true is returned) until the source is complete;
       whoever makes it logs that it failed, and the next prepare asks again to know. */
    bool (*change_address)(const struct ip_port *addr, void *arg);
    void *arg;
};

struct ntp_nts_client; /* defined in nts/ */

struct ntp_nts_client_ops {
    /* ctx is the context of the whole NTS client (credentials, configuration). NULL is never
       returned. A saved cookie file is loaded (nts.md 14.3), which may call change_address. */
    struct ntp_nts_client *(*create)(void *ctx, const struct ntp_nts_client_params *params);
    /* Saves the cookies. */
    void (*destroy)(struct ntp_nts_client *client);
    /* nts.md 8.2 steps 1 to 3, at each poll. False: no cookies, nothing can be sent now. */
    bool (*prepare)(struct ntp_nts_client *client);
    /* Appends the fields of a request to the packet, which has w->pos octets so far (nts.md
       10.1). */
    bool (*add_request)(struct ntp_nts_client *client, const struct ntp_info *info,
                        struct writer *w);
    /* nts.md 10.2; the packet was parsed as NTS. */
    bool (*check_response)(struct ntp_nts_client *client, const uint8_t *packet,
                           const struct ntp_info *info);
    /* The source got another address (not by negotiation): nts.md 8.6. */
    void (*change_nts_address)(struct ntp_nts_client *client, const struct ip_port *nts_addr);
    void (*save)(struct ntp_nts_client *client); /* dump command */
    void (*report)(const struct ntp_nts_client *client, struct report_authdata *report);
};

/* State of one request between its check and its response. */
struct ntp_nts_request {
    _Alignas(8) uint8_t opaque[4096];
};

enum ntp_nts_check {
    NTP_NTS_PASS,
    NTP_NTS_NAK,  /* fails; the client is told so */
    NTP_NTS_DROP, /* fails */
};

/* NTS server. Pure: what it knows is in the keys, a plain value that the snapshot of the NTP server
   holds. */
struct ntp_nts_server_ops {
    /* nts.md 11.2 */
    enum ntp_nts_check (*check_request)(const void *keys, struct random_pool *random,
                                        const uint8_t *packet, const struct ntp_info *info,
                                        struct ntp_nts_request *request);
    /* nts.md 11.3: appends to the response; kod as given to the response (0: none). */
    bool (*add_response)(const uint8_t *packet, const struct ntp_info *info,
                         struct ntp_nts_request *request, uint32_t kod, struct writer *w);
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

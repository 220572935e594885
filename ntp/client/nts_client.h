/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of functions with which associations use NTS. nts/client_auth.c implements it, and
 * chronyd/nts_missing.c in a build without NTS; ntp/auth.h says which one there is.
 */
#ifndef NTP_CLIENT_NTS_CLIENT_H
#define NTP_CLIENT_NTS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/finding.h"
#include "base/report.h"
#include "base/wire.h"
#include "ntp/client/verdict.h"
#include "ntp/wire/packet.h"

/* For the NTS client of one association. */
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
    /* nts.md 10.2; the packet was parsed as NTS. RESPONSE_GOOD, or why it is not authentic. */
    enum response_reason (*check_response)(struct ntp_nts_client *client, const uint8_t *packet,
                                           const struct ntp_info *info);
    /* The source got another address (not by negotiation): nts.md 8.6. */
    void (*change_nts_address)(struct ntp_nts_client *client, const struct ip_port *nts_addr);
    void (*save)(struct ntp_nts_client *client); /* dump command */
    void (*report)(const struct ntp_nts_client *client, struct report_authdata *report);
    /* Adds what there is to say of keys, cookies and authentication; nothing as long as the address
       is not known. */
    void (*explain)(const struct ntp_nts_client *client, struct findings *findings);
    /* Fills in what is of NTS. */
    void (*count)(const struct ntp_nts_client *client, struct report_source_counts *report);
};

#endif

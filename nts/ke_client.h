/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE session of a client: TCP, TLS, one request, one response, resolution of a negotiated name
 * (nts.md 5.7, 6, 7). It runs in the event loop; the owner collects the result at a poll. TLS is
 * spoken here, or in the process for it (nts/ke_client_link.h).
 */
#ifndef NTS_KE_CLIENT_H
#define NTS_KE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/world.h"
#include "conf/groups.h"
#include "nts/context.h"
#include "nts/ke_failure.h"
#include "nts/ke_trust.h"

struct ke_client_link;

/* Facts and services that all sessions share; owned by the NTS client, outlives them. */
struct ke_client_env {
    struct world *world;
    struct loop *loop;
    const struct nts_client_conf *conf;
    const struct bind_conf *bind;
    struct nts_aeads aeads;
    /* Corrected time as seconds since 1970, for certificate checks. */
    int64_t (*now)(void *arg);
    /* Clock updates since start, for nocerttimecheck. */
    int (*clock_updates)(void *arg);
    void *arg;
    /* To the process that runs the sessions; NULL: they run in this one. */
    struct ke_client_link *link;
    /* Private to ke_client.c, zero at the start: what sessions with set 0 share (nts.md 6.2), and
       which warnings were logged. Without a process only. */
    struct ke_trust *set0;
    struct ke_trust_warnings warnings;
};

struct ke_result {
    struct nts_context context;
    struct nts_context alt_context; /* aead 0: none (nts.md 5.6) */
    struct nts_cookie cookies[NTS_MAX_COOKIES];
    int cookie_count;
    struct ip_addr ntp_addr; /* IP_UNSPEC: not negotiated */
    uint16_t ntp_port;       /* 0: not negotiated */
    /* The end of the server's certificate, seconds since 1970; and its dates were checked. */
    int64_t valid_until;
    bool dates_checked;
};

struct ke_client;

/* Starts a session; NULL is a failed start (nts.md 8.3), the reason was logged and is in *failure.
   name is copied. */
struct ke_client *ke_client_start(struct ke_client_env *env, const struct ip_port *addr,
                                  const char *name, uint32_t cert_set, struct ke_failure *failure);
/* Stops the session or resolution, if it runs, and wipes the keys. */
void ke_client_free(struct ke_client *client);
/* The session, or the resolution of the negotiated name, still runs. */
bool ke_client_is_active(const struct ke_client *client);
/* After the end: nothing was sent, as if ke_client_start had failed (nts.md 8.3). */
bool ke_client_start_failed(const struct ke_client *client);
/* After the end: false if it failed. Keys are handed over and wiped here. */
bool ke_client_take_result(struct ke_client *client, struct ke_result *result);
/* After the end: why it failed; code 0: it has not. */
const struct ke_failure *ke_client_failure(const struct ke_client *client);
/* Factor of the retry interval (nts.md 7.2). */
int ke_client_retry_factor(const struct ke_client *client);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE listener in the main process (nts.md 15): listening sockets, access, counting, limits,
 * and the way of a connection to a helper, or to a session in this process with ntsprocesses 0. It
 * never sees a TLS private key when there are helpers.
 *
 * Who calls what when (numbers are the steps of daemon.md 4); all of it only if a certificate pair
 * is configured:
 *   13  with ntsprocesses > 0: fork_server_start (process/fork_server.h)
 *   21  ke_listener_new, after the privilege drop. The first call of current_key comes from the
 *   loop. run ke_listener_rekey for chronyc rekey and SIGHUP end ke_listener_free (before the
 *   server keys are freed)
 */
#ifndef NTS_KE_LISTENER_H
#define NTS_KE_LISTENER_H

#include <stdbool.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/report.h"
#include "base/world.h"
#include "conf/groups.h"
#include "nts/context.h"
#include "process/fork_server.h"

struct ke_listener_env {
    struct world *world;
    struct loop *loop;
    const struct nts_server_conf *conf;
    uint16_t ntp_port;
    const struct bind_conf *bind;
    struct nts_aeads aeads;
    /* The address is allowed for NTP. */
    bool (*is_allowed)(const struct ip_addr *addr, void *arg);
    /* Counts the connection in statistics and client log. False: ntsratelimit drops it (and that is
       counted too). */
    bool (*count)(const struct ip_addr *addr, void *arg);
    /* The key that encrypts cookies now. */
    const struct nts_server_key *(*current_key)(void *arg);
    /* The end of what ke_listener_rekey has put off, and of later ones; ok: all files are good. May
       be NULL. */
    void (*rekeyed)(bool ok, void *arg);
    void *arg;
};

struct ke_listener;

/*
 * Opens the sockets, as soon as there is a certificate that can be served (nts.md 6.4): now or
 * later. pool: that of the fork server of step 13, which outlives the server; NULL with
 * ntsprocesses 0: certificates and keys are loaded here. A socket that cannot be opened is logged
 * and not fatal, except that another program has the address at the start. Never NULL.
 */
struct ke_listener *ke_listener_new(const struct ke_listener_env *env, struct helper_pool *pool);
/* Ends the sessions of this process; helpers go on until the fork server ends. NULL is allowed. */
void ke_listener_free(struct ke_listener *listener);

/* Reads certificates and keys again, in new helpers (KE_REKEY_LATER: env->rekeyed will tell) or in
   this process. Bad files are logged, and the old ones stay in use. Running sessions go on. */
enum ke_rekey { KE_REKEY_DONE, KE_REKEY_FAILED, KE_REKEY_LATER };
enum ke_rekey ke_listener_rekey(struct ke_listener *listener);

/* Sessions of one client address (IPv6: one /64) that may run at a time: a quarter of
   maxntsconnections, at least 1. */
int ke_listener_address_limit(int max_connections);

/* Sessions that ended in this way since the start, wherever they ran. */
unsigned int ke_listener_ends(const struct ke_listener *listener, enum ke_end end);

/* A certificate in use, from number 0, as far as is known; everything but total and seconds_left is
   filled in. False beyond the last one. */
bool ke_listener_report_certificate(const struct ke_listener *listener, size_t number,
                                    struct report_certificate *report);

/* Seconds since the certificates in use were read; negative: none is in use. */
double ke_listener_certificates_age(const struct ke_listener *listener);
/* How the server is, for explain. */
struct ke_listener_state {
    bool is_closed; /* the port could not be opened, for one of the families at least */
    uint16_t port;
    int wanted, ready; /* processes; 0 with ntsprocesses 0 */
    /* Why a certificate or key of the last read cannot be used; NULL: all can. Valid until the next
       event. */
    const char *problem;
};
struct ke_listener_state ke_listener_state(const struct ke_listener *listener);

/* For tests: the helpers, NULL without. */
struct helper_pool *ke_listener_pool(struct ke_listener *listener);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTP server. server_answer is pure: it takes a request, the view (all that it may read) and a
 * client log shard (all that it may write), and makes a reply. struct ntp_server around it owns the
 * access table and the use of the server sockets (ntp.md 19, 20).
 */
#ifndef NTP_SERVER_SERVER_H
#define NTP_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/clock_change.h"
#include "conf/conf.h"
#include "ntp/access.h"
#include "ntp/auth.h"
#include "ntp/env.h"
#include "ntp/keys.h"
#include "ntp/server/client_log.h"
#include "ntp/sockets.h"
#include "ntp/transmit.h"

struct timestamp_map;

/* Snapshot that answers are made from. */
struct server_view {
    struct transmit_context transmit; /* reference data at the time of the wake-up */
    const struct access_table *access;
    const struct ntp_keys *keys;
    const struct ntp_nts_server_ops *nts; /* NULL: NTS is not served */
    void *nts_ctx;
    bool signing; /* MS-SNTP */
};

struct server_request {
    const uint8_t *packet;
    size_t length;
    struct ip_port remote;
    struct local_timestamp rx;
};

struct server_reply {
    uint8_t data[NTP_MAX_LENGTH];
    size_t length;
    bool eligible; /* for the interleaved mode: save receive and transmit time (20.1, step 11) */
    bool smoothed;
    struct ntp_time receive;
    uint32_t sign_key; /* not 0: the reply is to be signed by Samba with this key, not to be sent */
};

/* Steps 2 to 11 of ntp.md 20.1. False: no reply. The reply is never longer than the request. map is
   NULL when interleaved replies are not served. */
bool server_answer(const struct server_view *view, struct client_log *log,
                   struct timestamp_map *map, const struct server_request *request,
                   struct server_reply *reply);

struct ntp_server;

struct ntp_server_params {
    const struct ntp_env *env;
    const struct conf *conf;
    struct client_log *log;
    struct ntp_keys *keys;
    const struct ntp_nts *nts; /* may be changed later by ntp_server_set_nts */
    struct ntp_sockets *sockets;
};

/* Applies the access rules of the configuration and opens the sockets that they need. A bad subnet
   is fatal. Everything given must outlive the server, except params itself. */
struct ntp_server *ntp_server_new(const struct ntp_server_params *params);
void ntp_server_free(struct ntp_server *server);

/* Starts or stops serving NTS. */
void ntp_server_set_nts(struct ntp_server *server, const struct ntp_nts *nts);

/* allow, deny: changes the table, logs, opens and closes sockets. False: bad subnet. 19.4 */
bool ntp_server_set_access(struct ntp_server *server, const struct conf_access_rule *rule);
/* Whether a client may use NTP and NTS-KE. */
bool ntp_server_is_allowed(const struct ntp_server *server, const struct ip_addr *addr);

/* The monotonic time scale of the daemon, for the packets of its peers; lives as long as the
   server. */
const struct ntp_mono_scale *ntp_server_mono_scale(const struct ntp_server *server);

/* To be called on each clock change. */
void ntp_server_clock_change(struct ntp_server *server, const struct clock_change *change);

/* The complete serverstats report. */
void ntp_server_report_stats(const struct ntp_server *server, struct report_serverstats *report);

#endif

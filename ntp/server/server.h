/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTP server as a service of the daemon (ntp.md 19, 20): access table, use of the server
 * sockets, and the snapshots from which ntp/server/answer.h makes the replies.
 */
#ifndef NTP_SERVER_SERVER_H
#define NTP_SERVER_SERVER_H

#include <stdbool.h>
#include "base/addr.h"
#include "base/clock_change.h"
#include "conf/groups.h"
#include "ntp/access.h"
#include "ntp/auth.h"
#include "ntp/env.h"
#include "ntp/keys.h"
#include "ntp/server/fast_path.h"
#include "ntp/server/shards.h"
#include "ntp/sockets.h"
#include "ntp/transmit.h"

struct ntp_server;

struct ntp_server_params {
    const struct ntp_env *env;
    struct server_conf conf;
    int ptp_port; /* 0: none */
    struct client_log *log;
    struct client_limits limits;
    const struct ntp_keys *keys;
    struct ntp_sockets *sockets;
};

/* Applies the access rules and opens the sockets that they need. Everything given must outlive the
   server, except params itself. */
struct ntp_server *ntp_server_new(const struct ntp_server_params *params);
void ntp_server_free(struct ntp_server *server);

/* Answers the packets of one batch, 1 to WORLD_BATCH, all from one server socket. ntp.md 20.1 */
void ntp_server_receive(struct ntp_server *server, const struct ntp_arrival *arrivals, int count);
/* The transmit timestamp of a reply. ntp.md 20.1, step 11 */
void ntp_server_transmitted(struct ntp_server *server, const struct ntp_arrival *arrival);

/* Starts, or with NULL stops, serving NTS. What nts names must outlive that. This
   comes before the system call filter (server_room_load). */
void ntp_server_set_nts(struct ntp_server *server, const struct ntp_nts *nts);

/* After keys were replaced: wipes the server's copy of the old ones, which would otherwise stay in
   memory until the next request. */
void ntp_server_wipe_old_keys(struct ntp_server *server);

/* The commands allow and deny (ntp.md 19.4): changes the table, logs, opens and closes sockets.
   False: bad subnet. */
bool ntp_server_set_access(struct ntp_server *server, const struct conf_access_rule *rule);
/* The access rules (access_table_value()), and who is told each change of them beside those who
   answer here; NULL: nobody. The fast path must outlive the server or be replaced by NULL. */
struct plain_value ntp_server_access(const struct ntp_server *server);
void ntp_server_set_fast_path(struct ntp_server *server, struct fast_path *path);

/* Whether a client may use NTP and NTS-KE. */
bool ntp_server_is_allowed(const struct ntp_server *server, const struct ip_addr *addr);

/* The monotonic time scale of the daemon, for the packets of its peers; lives as long as the
   server. */
const struct ntp_mono_scale *ntp_server_mono_scale(const struct ntp_server *server);

/* The shard of the main process, and all shards, for the reports. */
const struct server_shard *ntp_server_shard(const struct ntp_server *server);
struct server_shards ntp_server_shards(const struct ntp_server *server);

#endif

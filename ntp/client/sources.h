/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of NTP sources: table by address, names and their resolution, pools, replacement,
 * .sources files, and everything that control commands do with NTP sources (ntp.md 7, 14.4, 18;
 * cmdmon.md 13, 14). It owns the associations; statistics and selection of a source are behind
 * struct ntp_env.
 */
#ifndef NTP_CLIENT_SOURCES_H
#define NTP_CLIENT_SOURCES_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/finding.h"
#include "base/report.h"
#include "conf/groups.h"
#include "ntp/auth.h"
#include "ntp/client/verdict.h"
#include "ntp/env.h"
#include "ntp/keys.h"
#include "ntp/sockets.h"
#include "ntp/transmit.h"

/* Sources in all, and of one pool before it is resolved. */
#define NTP_SOURCES_MAX      65536
#define NTP_SOURCES_MAX_POOL 16

struct ntp_sources;

struct ntp_sources_params {
    const struct ntp_env *env;
    struct client_conf conf;
    int ptp_port; /* 0: none */
    struct ntp_keys *keys;
    const struct ntp_nts *nts; /* copied; NULL: none */
    struct ntp_sockets *sockets;
    const struct ntp_mono_scale *mono; /* of the server */
};

/* Everything given must outlive the set, except params itself. */
struct ntp_sources *ntp_sources_new(const struct ntp_sources_params *params);
/* Removes all sources (NTS cookies are saved). The world may not be dispatched afterwards: a
   resolution may be under way. */
void ntp_sources_free(struct ntp_sources *sources);

/* A packet whose mode is not 3. True: a source has its address and port, and it is no request. */
bool ntp_sources_receive(struct ntp_sources *sources, const struct ntp_arrival *arrival);
/* The network has reported an error (errno) of a request to this address and port. */
void ntp_sources_failed(struct ntp_sources *sources, const struct ip_port *remote, int error);
/* The transmit timestamp of a packet whose mode is not 4. True: a source has sent it. */
bool ntp_sources_transmitted(struct ntp_sources *sources, const struct ntp_arrival *arrival);

enum ntp_sources_status {
    NTP_SOURCES_SUCCESS,
    NTP_SOURCES_NONE,
    NTP_SOURCES_IN_USE,
    NTP_SOURCES_TOO_MANY,
    NTP_SOURCES_BAD_ADDRESS,
    NTP_SOURCES_BAD_NAME,
    NTP_SOURCES_UNRESOLVED, /* a success: the name is in the queue, call ntp_sources_resolve_now */
};
/* "Already in use" and the other texts of ntp.md 18.2. */
const char *ntp_sources_status_text(enum ntp_sources_status status);

/* ---- Adding ---- */

/* server, peer or pool by name or address. conf_id (may be NULL) identifies all sources made. */
enum ntp_sources_status ntp_sources_add(struct ntp_sources *sources, const struct source_conf *conf,
                                        uint32_t *conf_id);
/* The sources of the configuration in order, then those of the source directories; from now on
   ntp_sources_reload works. Failures are logged. */
void ntp_sources_add_configured(struct ntp_sources *sources);
/* Reads the .sources files again (ntp.md 18.11). Does nothing before ntp_sources_add_configured. */
void ntp_sources_reload(struct ntp_sources *sources);

/* Removing. Messages are by log_set_context_info. */

enum ntp_sources_status ntp_sources_remove(struct ntp_sources *sources, const struct ip_addr *addr);
void ntp_sources_remove_by_conf_id(struct ntp_sources *sources, uint32_t conf_id);
void ntp_sources_remove_all(struct ntp_sources *sources);

/* ---- Start-up and resolution (ntp.md 18.3, 18.4) ---- */

/* Sets the handler that is called at the end of each round of resolving; NULL: none. */
void ntp_sources_set_round_handler(struct ntp_sources *sources, void (*handler)(void *arg),
                                   void *arg);
void ntp_sources_resolve_now(struct ntp_sources *sources);
/* Starts all sources that have an address. */
void ntp_sources_start_all(struct ntp_sources *sources);
/* From now on sources are started when they are added or get their address. */
void ntp_sources_set_auto_start(struct ntp_sources *sources);

/* ---- Replacement (ntp.md 18.7) ---- */

/* For reachability updates that leave a full register at 0, and for bad results of selection. Only
   queues work, so it may be called from inside of any callback of struct ntp_env. */
void ntp_sources_replace_bad(struct ntp_sources *sources, const struct ip_addr *addr);
/* chronyc refresh. */
void ntp_sources_refresh(struct ntp_sources *sources);

/* Commands. addr IP_UNSPEC: all; matching as in 18.10. False: no match. */

bool ntp_sources_set_connectivity(struct ntp_sources *sources, const struct ip_addr *mask,
                                  const struct ip_addr *addr,
                                  enum source_connectivity connectivity);
bool ntp_sources_burst(struct ntp_sources *sources, int good, int total, const struct ip_addr *mask,
                       const struct ip_addr *addr);

/* Work on many sources is done in slices between rounds of the loop, in the order of the requests
   (ntp.md 18.10). True: some of it is left. */
bool ntp_sources_is_busy(const struct ntp_sources *sources);
/* Sets the handler that is called when all work that was not done at once has ended; NULL: none. */
void ntp_sources_set_work_handler(struct ntp_sources *sources, void (*handler)(void *arg),
                                  void *arg);

/* One source, whose options and reports are in ntp/client/association.h; NULL: no such source. */
struct association *ntp_sources_find(const struct ntp_sources *sources, const struct ip_addr *addr);
/* The name as configured; NULL: no such source. */
const char *ntp_sources_name(const struct ntp_sources *sources, const struct ip_addr *addr);
/* Adds what is known of one source, its name and its responses, most important first; and what is
   known of all together (cmdmon.md 13.18). */
void ntp_sources_explain_source(const struct ntp_sources *sources, const struct ip_addr *addr,
                                struct findings *findings);
void ntp_sources_explain(const struct ntp_sources *sources, struct findings *findings);
void ntp_sources_report_activity(const struct ntp_sources *sources, struct report_activity *report);

/* Saves the NTS cookies of all sources. */
void ntp_sources_dump_nts(struct ntp_sources *sources);

#endif

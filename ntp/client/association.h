/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Association with one NTP server or symmetric peer: when and what to send, and the use of what
 * comes back (ntp.md 6 to 9, 12 to 15). Created and freed by the set of sources
 * (ntp/client/sources.h), which finds it by address for each packet.
 */
#ifndef NTP_CLIENT_ASSOCIATION_H
#define NTP_CLIENT_ASSOCIATION_H

#include <stdbool.h>
#include "base/addr.h"
#include "base/clock_change.h"
#include "base/finding.h"
#include "base/report.h"
#include "conf/groups.h"
#include "conf/source_options.h"
#include "ntp/auth.h"
#include "ntp/client/nts_client.h"
#include "ntp/client/verdict.h"
#include "ntp/env.h"
#include "ntp/keys.h"
#include "ntp/random_pool.h"
#include "ntp/sockets.h"
#include "ntp/transmit.h"

struct association;

/* What all associations share. */
struct association_env {
    const struct ntp_env *env;
    struct ntp_sockets *sockets;
    const struct ntp_keys *keys;
    struct ntp_nts nts;
    struct random_pool random;
    double
        hwts_timeout; /* seconds that a response waits for a transmit timestamp; 0 or less: none */
    struct poll_policy_conf poll_policy;
    bool add_net_correction;           /* the extension field is sent at all: ptpport is used */
    const struct ntp_mono_scale *mono; /* sent to peers */
};

struct association_params {
    enum source_kind kind;
    struct ip_port addr; /* may be an ID address */
    const char *name;    /* kept by the owner as long as the association lives */
    const struct source_options *options;
    /* NTS-KE negotiated another NTP address; see struct ntp_nts_client_params. */
    bool (*change_address)(const struct ip_port *addr, void *arg);
    void *arg;
};

/* A new association is suspended until it is started (ntp.md 7.1). env must outlive it. */
struct association *association_new(struct association_env *env,
                                    const struct association_params *params);
void association_free(struct association *a);

/* Ends the suspension; needs a real address. */
void association_start(struct association *a);

/* A new address, by NTS-KE (ntp_only) or by name (ntp.md 6.3, end). */
void association_change_address(struct association *a, const struct ip_port *addr, bool ntp_only);

/* Online, offline or automatic (ntp.md 7.2). by_request: logs the change. */
void association_set_connectivity(struct association *a, enum source_connectivity connectivity,
                                  bool by_request);
/* Starts a burst (ntp.md 7.3). Does nothing for a peer or during a burst. */
void association_start_burst(struct association *a, int good, int total);

/* A packet from its address and port (ntp.md 11.2). RESPONSE_FOR_SERVER: the server has to handle
   it. */
enum response_reason association_receive(struct association *a, const struct ntp_arrival *arrival);
/* The network has reported an error (errno) of the last request. */
void association_failed(struct association *a, int error);
/* Transmit timestamp of a packet to its address and port (ntp.md 5.5). False: the server has to
   handle it. */
bool association_transmitted(struct association *a, const struct ntp_arrival *arrival);

void association_clock_change(struct association *a, const struct clock_change *change);

struct source *association_source(const struct association *a);
/* Where the last valid response arrived; IP_UNSPEC before. */
const struct ip_addr *association_local_addr(const struct association *a);

/* Reports (ntp.md 25.1, cmdmon.md 13). */
void association_report_source(const struct association *a, struct report_source *report);
void association_report_ntpdata(const struct association *a, struct report_ntpdata *report);
void association_report_authdata(const struct association *a, struct report_authdata *report);
/* Adds what NTS has to say of its source; nothing without NTS. */
void association_explain_nts(const struct association *a, struct findings *findings);
/* Everything but the finding. */
void association_report_counts(const struct association *a, struct report_source_counts *report);
/* Counts of what was done with the packets from its address; valid as long as the association. */
const struct response_tally *association_responses(const struct association *a);
void association_count_activity(const struct association *a, struct report_activity *report);
void association_save_nts(const struct association *a);

/* Adds what is known of requests and responses, most important first (cmdmon.md 13.18). */
void association_explain(const struct association *a, struct findings *findings);
/* Whether its requests have never got any answer. */
bool association_is_silent(const struct association *a);

/* Changes of options at run time (ntp.md 14.4). */
void association_modify_minpoll(struct association *a, int v);
void association_modify_maxpoll(struct association *a, int v);
void association_modify_max_delay(struct association *a, double v);
void association_modify_max_delay_ratio(struct association *a, double v);
void association_modify_max_delay_dev_ratio(struct association *a, double v);
void association_modify_min_stratum(struct association *a, int v);
void association_modify_poll_target(struct association *a, int v);
void association_modify_offset(struct association *a, double v);

#endif

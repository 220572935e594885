/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of an association, shared by the files that implement it (association.c: creation and
 * activity, association_send.c: requests, association_receive.c: responses, association_report.c:
 * reports and options, association_explain.c: findings). Nobody else includes this.
 */
#ifndef NTP_CLIENT_ASSOCIATION_STATE_H
#define NTP_CLIENT_ASSOCIATION_STATE_H

#include "base/quantile.h"
#include "ntp/client/association.h"
#include "ntp/client/association_facts.h"
#include "ntp/client/poll_policy.h"
#include "ntp/client/response.h"
#include "source/sample_filter.h"

/* A response that waits for the hardware transmit timestamp of its request (ntp.md 12.4). */
struct waiting_response {
    bool exists;
    timer_id timer;
    struct ntp_arrival arrival; /* its packet is data */
    uint8_t data[NTP_MAX_LENGTH];
};

struct association {
    struct association_env *shared;
    bool (*change_address)(const struct ip_port *addr, void *arg);
    void *arg;

    /* Configuration, with the limits of ntp.md 6.1 applied. */
    bool is_peer;
    struct ip_port addr;
    uint16_t configured_port;
    const char *name;
    enum ntp_auth_type auth;
    uint32_t key_id;
    uint16_t nts_port;
    int version;
    bool iburst, burst, auto_offline, copy;
    int presend;
    int min_stratum;
    int poll_target;
    int quantile_k; /* 0: off */
    struct response_limits limits;

    struct source *source;
    struct ntp_nts_client *nts; /* NULL without NTS */
    struct sample_filter *filter;
    int filter_polls;
    struct quantile *quantile;

    /* State (ntp.md 6.3). */
    /* The activity of ntp.md 7: it is OFFLINE with neither of them. */
    bool online;
    bool in_burst; /* which ends online or offline */
    bool suspended;
    int fd;            /* -1: none */
    bool holds_server; /* peers: a use of the server socket of their family */
    timer_id tx_timer, rx_timer;
    struct poll_state poll;
    struct poll_policy poll_policy;
    struct exchange ex;
    struct waiting_response waiting;
    int burst_good, burst_total;
    struct ip_addr local_addr;
    struct report_ntpdata report;
    struct response_tally responses;
    struct association_facts facts;
};

/* Scheduling class and interval (ntp.md 8.1, 8.2). */
int association_effective_poll(const struct association *a);
double association_delay(const struct association *a, bool on_transmit);
void association_set_timer(struct association *a, double delay);
void association_set_initial_timer(struct association *a);

static inline bool association_is_active(const struct association *a)
{
    return a->online || a->in_burst;
}

/* association.c */
void association_go_offline(struct association *a);
void association_end_burst(struct association *a);
void association_close_client(struct association *a);
void association_adjust_poll(struct association *a, double adjustment);
/* Passes a sample to filter and source (ntp.md 13.4); NULL: a missing sample. */
void association_process_sample(struct association *a, const struct source_sample *sample);

/* association_receive.c: uses the waiting response, if there is one, or drops it. */
void association_use_waiting(struct association *a);
void association_drop_waiting(struct association *a);

/* association_report.c */
void association_reset_report(struct association *a);
void association_update_report(struct association *a, const struct response *r);
void association_log_measurement(struct association *a, const struct response *r);

#endif

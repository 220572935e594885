/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to the last requests of an association, kept only to be explained
 * (ntp/client/association_explain.c): errors of the network, what became of the last packets, when
 * something is due. A plain value; times are those of loop_uptime() in seconds.
 */
#ifndef NTP_CLIENT_ASSOCIATION_FACTS_H
#define NTP_CLIENT_ASSOCIATION_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include "ntp/client/verdict.h"

#define FACTS_RECENT 8      /* packets */
#define FACTS_NEVER  (-1.0) /* as a time */

/* Why a source is offline. */
enum offline_reason {
    OFFLINE_CONFIGURED,
    OFFLINE_COMMAND,
    OFFLINE_NO_ROUTE,    /* onoffline */
    OFFLINE_SEND_FAILED, /* the option auto_offline */
};

struct association_facts {
    /* Requests. */
    double next_request;
    double last_request;
    uint32_t unheard; /* requests sent since the last packet of the source */

    /* Errors since the last packet of the source; 0: none. */
    uint32_t errors;
    int error;          /* errno of the last one */
    bool error_is_here; /* this host could not send; else the network has reported it */
    double error_time;

    /* Packets of the source. */
    double last_packet;
    double last_valid; /* passed tests 1 to 5 */
    double good_delay; /* of the last measurement that was used, s */
    struct response_verdict recent[FACTS_RECENT];
    uint32_t packets;       /* the last one is recent[(packets - 1) % FACTS_RECENT] */
    uint32_t answer_key_id; /* of the last one with a symmetric key */

    enum offline_reason offline;
    double offline_since;
};

/* Of a new association, or one whose address has changed. */
struct association_facts association_facts_make(double now);

/* A request was sent; or the sending has failed with this errno. */
void association_facts_sent(struct association_facts *facts, double now);
void association_facts_failed(struct association_facts *facts, int error, bool here, double now);
/* A packet came from the source, and was judged. Requests, and responses that wait for a timestamp,
   do not count. */
void association_facts_packet(struct association_facts *facts,
                              const struct response_verdict *verdict, double now);

/* Why packets of late were not used: the most frequent reason of the last ones; among those the one
   of the last packet. count: of how many. False: all were good, or there are none. */
bool association_facts_trouble(const struct association_facts *facts,
                               struct response_verdict *verdict, unsigned int *count);
/* Verdicts that are kept: FACTS_RECENT at most. */
unsigned int association_facts_recent(const struct association_facts *facts);

#endif

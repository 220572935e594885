/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of the NTS client of a source, shared by the files that implement it (client_auth.c, and
 * client_explain.c, which only reads it). Nobody else includes this.
 */
#ifndef NTS_CLIENT_STATE_H
#define NTS_CLIENT_STATE_H

#include "base/file_trouble.h"
#include "nts/client_auth.h"

struct nts_client_auth {
    struct ke_client_env env;
    struct file_trouble file_trouble; /* of all cookie files: they are in one directory */
};

/* What is kept for explain alone; nothing else may depend on it. Times are those of
   loop_uptime(). */
struct nts_client_facts {
    struct ke_failure failure; /* of the last key establishment; code 0: it has not failed */
    double session_start;
    bool established;    /* by this process, since the source has this address */
    int64_t valid_until; /* of the server's certificate, seconds since 1970; 0: not known */
    bool dates_unchecked;
    bool has_answer; /* an authenticated one, since the source has this address */
    double last_answer;
    size_t request_length; /* octets */
    /* Since the last authenticated response: requests, NAKs, and responses that were refused. */
    uint32_t unanswered;
    uint32_t naks;
    double last_nak;
    uint32_t refused;
    double last_refused;
    enum response_reason refused_reason; /* of the last of them */
};

struct ntp_nts_client {
    struct nts_client_auth *owner;
    char *name;
    uint32_t cert_set;
    uint16_t default_port;
    bool (*change_address)(const struct ip_port *addr, void *arg);
    void *change_arg;

    struct ip_port nts_addr;
    struct ip_port ntp_addr;
    struct ip_port addr_before_load; /* ntp_addr, if a cookie file names another one */
    bool move_unconfirmed; /* ... and the next poll has to check whether the move was made */

    struct ke_client *session;
    int attempts;
    double next_attempt; /* loop_uptime(), as the next */
    double last_success;

    struct nts_context context;
    struct nts_context alt_context;
    uint32_t context_id;
    struct nts_cookie cookies[NTS_MAX_COOKIES]; /* ring */
    int first_cookie;
    int cookie_count;

    bool nak;
    bool ok;   /* a valid response to the last request was accepted */
    bool sent; /* the request of this poll is complete */
    uint8_t uid[NTS_UID_LENGTH];
    uint8_t nonce[NTS_NONCE_LENGTH];

    struct nts_client_facts facts;
    uint32_t ke_succeeded, ke_failed; /* since the start, with all addresses */
};

/* client_auth.c: seconds from a poll to the next attempt, by the session that there is. */
double nts_client_retry_delay(const struct ntp_nts_client *client);

/* client_explain.c: for struct ntp_nts_client_ops. */
void nts_client_explain(const struct ntp_nts_client *client, struct findings *findings);

#endif

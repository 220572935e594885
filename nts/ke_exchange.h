/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's part of an NTS-KE session, from the connected socket to the keys: TLS, one request,
 * the judgement of one response (nts.md 5.7, 6, 7). It runs in the main process, or in the process
 * for that (nts/ke_client_process.h), which then tells the main process the same two things.
 */
#ifndef NTS_KE_EXCHANGE_H
#define NTS_KE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/loop.h"
#include "base/world.h"
#include "nts/context.h"
#include "nts/ke_failure.h"
#include "nts/ke_response.h"
#include "nts/ke_trust.h"

/* What a server has answered, and the keys for it. */
struct ke_answer {
    struct nts_context context;
    struct nts_context alt_context; /* aead 0: none (nts.md 5.6) */
    struct nts_cookie cookies[NTS_MAX_COOKIES];
    int cookie_count;                     /* at least 1 */
    char ntp_server[KE_SERVER_NAME_SIZE]; /* empty: not negotiated; an address or a name */
    uint16_t ntp_port;                    /* 0: not negotiated */
    int64_t valid_until; /* of the server's certificate, seconds since 1970; 0: not known */
};

/* How it ended. */
struct ke_ending {
    bool failed_start; /* nothing was sent, so that another try costs nothing (nts.md 8.3) */
    int retry_factor;  /* nts.md 7.2 */
    /* Code 0: it has not failed. An empty text stands for the server's address, `when` is not
       set. */
    struct ke_failure failure;
};

/* Both are called from the loop. After an answer the end follows, when the connection is closed. */
struct ke_exchange_events {
    /* The callee copies what it keeps. */
    void (*answered)(const struct ke_answer *answer, void *arg);
    /* Called once, as the last thing; the exchange may be freed here. */
    void (*ended)(const struct ke_ending *ending, void *arg);
    void *arg;
};

struct ke_exchange_spec {
    struct world *world;
    struct loop *loop;
    int fd;                        /* connecting, non-blocking; owned by the exchange */
    struct ke_trust *trust;        /* the exchange takes its own reference */
    const struct nts_aeads *aeads; /* copied */
    const struct ip_port *server;  /* for messages */
    const char *name;              /* copied */
    int64_t (*now)(void *arg);     /* corrected time; NULL: dates are not checked */
    void *now_arg;
    struct ke_exchange_events events;
};

struct ke_exchange;

/* NULL: the start has failed, the reason was logged and is in *failure, whose text may be empty.
   The socket is closed then, too. */
struct ke_exchange *ke_exchange_new(const struct ke_exchange_spec *spec,
                                    struct ke_failure *failure);
/* Ends it without calling back. NULL is allowed. */
void ke_exchange_free(struct ke_exchange *exchange);
/* As it is now. */
int ke_exchange_retry_factor(const struct ke_exchange *exchange);

/* `ADDRESS:PORT (NAME)`, in messages. Returns buf. */
#define KE_LABEL_SIZE (ADDR_TEXT_SIZE + 300)
const char *ke_exchange_label(const struct ip_port *server, const char *name, char *buf,
                              size_t size);

void ke_answer_wipe(struct ke_answer *answer);

#endif

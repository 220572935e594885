/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's processing of an NTS-KE response (nts.md 5.7). Pure; the session logs, exports the
 * keys and resolves the server's name.
 */
#ifndef NTS_KE_RESPONSE_H
#define NTS_KE_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nts/context.h"

#define KE_SERVER_NAME_SIZE 257 /* with terminator */

/* What is wrong with a response that cannot be used. */
enum ke_response_problem {
    KE_RESPONSE_MALFORMED, /* a record that is not as it has to be, or is not allowed */
    KE_RESPONSE_ERROR,     /* an error record, with its code in number */
    KE_RESPONSE_WARNING,
    KE_RESPONSE_NO_PROTOCOL, /* NTPv4 is not offered */
    KE_RESPONSE_NO_AEAD,     /* no algorithm that is enabled here */
    KE_RESPONSE_NO_COOKIES,
};

struct ke_response {
    enum ke_response_problem problem; /* if it cannot be used */
    int number;                       /* -1: there is none in the record */
    int aead;
    bool compliant; /* record 1024 was present; matters for AEAD 30 only */
    struct nts_cookie cookies[NTS_MAX_COOKIES];
    int cookie_count;
    char ntp_server[KE_SERVER_NAME_SIZE]; /* empty: not negotiated; an address or a name */
    uint16_t ntp_port;                    /* 0: not negotiated */
};

/* False: `Received invalid NTS-KE response`; the response is then not to be used. */
bool ke_response_process(const uint8_t *message, size_t length, const struct nts_aeads *aeads,
                         struct ke_response *response);

/* A name as it is given to the resolver: with a final dot, so that no search domain applies. */
void ke_response_resolver_name(const char *server, char name[KE_SERVER_NAME_SIZE + 1]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE requests: the client's message, its processing by a server, and the server's response
 * (nts.md 5.3 to 5.6). Pure but for random nonces of cookies: values in, octets out. The TLS
 * session calls these; nothing here logs.
 */
#ifndef NTS_KE_REQUEST_H
#define NTS_KE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/wire.h"
#include "base/world.h"
#include "nts/context.h"

/* Builds the client's request (nts.md 5.3). False: it does not fit. */
bool ke_request_build(const struct nts_aeads *aeads, struct writer *w);

enum ke_outcome_kind {
    KE_OUTCOME_ERROR,
    KE_OUTCOME_NO_PROTOCOL,
    KE_OUTCOME_NO_AEAD,
    KE_OUTCOME_SUCCESS, /* keys are to be exported */
};

struct ke_outcome {
    enum ke_outcome_kind kind;
    uint16_t error; /* enum ke_error, with KE_OUTCOME_ERROR */
    int aead;       /* with KE_OUTCOME_SUCCESS */
    bool compliant; /* export in the compliant form and say so; true only with AEAD 30 */
};

/* The server's processing of a complete message (nts.md 5.4). */
void ke_request_process(const uint8_t *message, size_t length, const struct nts_aeads *aeads,
                        struct ke_outcome *outcome);

/* Data of a success response beside the cookies. */
struct ke_server_info {
    uint16_t ntp_port;      /* port directive; not announced if it is 123 */
    const char *ntp_server; /* ntsntpserver; NULL: not announced */
};

/*
 * Builds the server's response (nts.md 5.5). context (exported keys) and key (for the cookies)
 * are used with KE_OUTCOME_SUCCESS only; otherwise they may be NULL. Random nonces come from the
 * world. False if it does not fit into w or a cookie cannot be made: the connection is then
 * closed without a response.
 */
bool ke_response_build(const struct ke_outcome *outcome, const struct ke_server_info *info,
                       const struct nts_context *context, const struct nts_server_key *key,
                       const struct world *world, struct writer *w);

/* Key export (nts.md 5.6). The length to be exported is aead_key_length(aead). */
#define KE_EXPORTER_LABEL          "EXPORTER-network-time-security"
#define KE_EXPORTER_CONTEXT_LENGTH 5
/* `compliant` matters for AEAD 30 only. */
void ke_exporter_context(int aead, bool compliant, bool s2c,
                         uint8_t context[KE_EXPORTER_CONTEXT_LENGTH]);

#endif

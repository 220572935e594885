/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of trusted certificates of the NTS client, as it was read, and what an operator has to be
 * told about it (nts.md 6.2). Files are looked at when the set is loaded, and never later.
 */
#ifndef NTS_KE_TRUST_H
#define NTS_KE_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/world.h"
#include "conf/groups.h"
#include "nts/tls_credentials.h"

/* Sets without trusted certificates that a warning was logged about. */
#define KE_TRUST_MAX_WARNINGS 8

struct ke_trust {
    unsigned int references;
    uint32_t cert_set;
    struct tls_credentials *credentials;
    /* What the set lacks, for the log; empty: nothing. */
    char lacking[2 * TLS_ERROR_SIZE];
    /* If there is no trusted certificate at all: where they should be, and why not; else empty. */
    char nothing[2 * TLS_ERROR_SIZE];
};

/* NULL: error has the message for the log (nts/tls_credentials.h). */
struct ke_trust *ke_trust_load(const struct world *world, const struct nts_client_conf *conf,
                               uint32_t cert_set, char *error, size_t size);
struct ke_trust *ke_trust_ref(struct ke_trust *trust);
/* NULL is allowed. */
void ke_trust_unref(struct ke_trust *trust);

/* The reason in an error of ke_trust_load, for explain. */
const char *ke_trust_reason(const char *error);

struct ke_trust_warnings {
    uint32_t sets[KE_TRUST_MAX_WARNINGS];
    size_t count;
};
/* Logs what a set lacks, once until it lacks nothing (an empty text). */
void ke_trust_warn(struct ke_trust_warnings *warnings, uint32_t cert_set, const char *lacking);

#endif

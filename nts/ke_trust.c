/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of trusted certificates, see ke_trust.h. Used by the process that runs the sessions; the
 * warnings are those of the main process in any case.
 */
#include "nts/ke_trust.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

struct ke_trust *ke_trust_load(const struct world *world, const struct nts_client_conf *conf,
                               uint32_t cert_set, char *error, size_t size)
{
    struct tls_credentials *credentials =
        tls_credentials_new_client(world, conf, cert_set, error, size);

    if (!credentials)
        return NULL;
    struct ke_trust *trust = mem_alloc(sizeof(*trust));
    trust->references = 1;
    trust->cert_set = cert_set;
    trust->credentials = credentials;
    tls_credentials_lack_trust(credentials, world, cert_set, trust->lacking,
                               sizeof(trust->lacking));
    tls_credentials_trust_nothing(credentials, world, trust->nothing, sizeof(trust->nothing));
    return trust;
}

struct ke_trust *ke_trust_ref(struct ke_trust *trust)
{
    trust->references++;
    return trust;
}

void ke_trust_unref(struct ke_trust *trust)
{
    if (!trust || --trust->references > 0)
        return;
    tls_credentials_unref(trust->credentials);
    free(trust);
}

const char *ke_trust_reason(const char *error)
{
    const char *reason = strstr(error, " : ");

    return reason ? reason + 3 : error;
}

void ke_trust_warn(struct ke_trust_warnings *warnings, uint32_t cert_set, const char *lacking)
{
    size_t i = 0;

    while (i < warnings->count && warnings->sets[i] != cert_set)
        i++;
    if (lacking[0] == '\0') {
        if (i < warnings->count)
            warnings->sets[i] = warnings->sets[--warnings->count];
    } else if (i == warnings->count && i < KE_TRUST_MAX_WARNINGS) {
        LOG_WARN("%s", lacking);
        warnings->sets[warnings->count++] = cert_set;
    }
}

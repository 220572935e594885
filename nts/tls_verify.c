/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dates of a server's certificates against the daemon's own clock; see tls_verify.h. Called by the
 * TLS session of a client from GnuTLS's verification callback. It must never accept a path that it
 * has not followed link by link.
 */
#include "nts/tls_verify.h"
#include <stdbool.h>
#include "nts/certificate_check.h"

#define NO_TIME_CHECKS                                                                             \
    (GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS)

struct chain {
    gnutls_x509_crt_t certs[TLS_MAX_CHAIN];
    bool used[TLS_MAX_CHAIN];
    unsigned int count;
};

static bool chain_import(struct chain *chain, const gnutls_datum_t *peers, unsigned int count)
{
    if (count == 0 || count > TLS_MAX_CHAIN)
        return false;
    for (unsigned int i = 0; i < count; i++) {
        if (gnutls_x509_crt_init(&chain->certs[i]) < 0)
            return false;
        chain->count++;
        if (gnutls_x509_crt_import(chain->certs[i], &peers[i], GNUTLS_X509_FMT_DER) < 0)
            return false;
    }
    return true;
}

static void chain_free(struct chain *chain)
{
    for (unsigned int i = 0; i < chain->count; i++)
        gnutls_x509_crt_deinit(chain->certs[i]);
}

static unsigned int dates_status(gnutls_x509_crt_t cert, int64_t now)
{
    int64_t from = gnutls_x509_crt_get_activation_time(cert);
    int64_t to = gnutls_x509_crt_get_expiration_time(cert);

    if (from == -1 || now < from)
        return GNUTLS_CERT_INVALID | GNUTLS_CERT_NOT_ACTIVATED;
    if (to == -1 || now > to)
        return GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED;
    return 0;
}

/* cert was really issued (signed) by issuer. */
static bool is_issued_by(gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer)
{
    unsigned int status = 0;

    if (gnutls_x509_crt_check_issuer(cert, issuer) != 1)
        return false;
    return gnutls_x509_crt_verify(cert, &issuer, 1, NO_TIME_CHECKS, &status) >= 0 && status == 0;
}

/* A trusted certificate that is cert itself or has issued it. *status: of its dates; a good one
   wins when there are several. */
static bool find_trusted(gnutls_x509_trust_list_t trusted, gnutls_x509_crt_t cert, int64_t now,
                         unsigned int *status, struct tls_certificate_dates *dates)
{
    gnutls_x509_trust_list_iter_t iter = NULL;
    gnutls_x509_crt_t ca = NULL;
    bool found = false;

    while (gnutls_x509_trust_list_iter_get_ca(trusted, &iter, &ca) == 0) {
        if ((!found || *status != 0) &&
            (gnutls_x509_crt_equals(ca, cert) != 0 || is_issued_by(cert, ca))) {
            *status = dates_status(ca, now);
            certificate_dates(ca, NULL, dates);
            found = true;
        }
        gnutls_x509_crt_deinit(ca);
    }
    return found;
}

/* The next certificate of the chain on the way up, or -1. */
static int find_issuer(struct chain *chain, gnutls_x509_crt_t cert)
{
    for (unsigned int i = 0; i < chain->count; i++) {
        if (!chain->used[i] && is_issued_by(cert, chain->certs[i])) {
            chain->used[i] = true;
            return (int)i;
        }
    }
    return -1;
}

unsigned int tls_verify_dates(gnutls_x509_trust_list_t trusted, const gnutls_datum_t *peers,
                              unsigned int count, int64_t now, struct tls_certificate_dates *bad)
{
    struct chain chain = {.count = 0};
    struct tls_certificate_dates at_end;
    unsigned int status = GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND;

    if (chain_import(&chain, peers, count)) {
        unsigned int path = 0, end = 0;
        int at = 0;

        chain.used[0] = true;
        for (; at >= 0; at = find_issuer(&chain, chain.certs[at])) {
            unsigned int here = dates_status(chain.certs[at], now);

            if (path == 0 && here != 0)
                certificate_dates(chain.certs[at], NULL, bad);
            path |= here;
            if (find_trusted(trusted, chain.certs[at], now, &end, &at_end)) {
                if (path == 0 && end != 0)
                    *bad = at_end;
                status = path | end;
                break;
            }
        }
    }
    chain_free(&chain);
    return status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dates of a server's certificates against the daemon's own clock (nts.md 6.1, 6.3). GnuTLS can
 * only be given a clock for the whole process, so its own checks of dates are off and are made
 * here, along the path from the server's certificate to a trusted one. It says nothing about trust:
 * the caller has had the chain verified by the library. Pure.
 */
#ifndef NTS_TLS_VERIFY_H
#define NTS_TLS_VERIFY_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdint.h>
#include "nts/tls_credentials.h"

#define TLS_MAX_CHAIN 16

/*
 * Bits of gnutls_certificate_status_t to be added to the result of the verification: EXPIRED or
 * NOT_ACTIVATED (with INVALID) for a certificate of the path or the trusted one at its end. Every
 * step of the path is checked by signature, so that a certificate that only looks like the issuer
 * cannot hide an expired one; if no such path is found: INVALID and SIGNER_NOT_FOUND. bad: of the
 * first certificate on the path that is out of its dates; not changed if there is none.
 */
unsigned int tls_verify_dates(gnutls_x509_trust_list_t trusted, const gnutls_datum_t *peers,
                              unsigned int count, int64_t now, struct tls_certificate_dates *bad);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went wrong in the TLS handshake of a client, in the terms of explain: alerts, versions, and
 * what is the matter with a certificate that was refused. It decides nothing: nts/tls.c has refused
 * the certificate before. Names and dates in certificates are of somebody else, so texts are cut
 * off and made printable. Pure.
 */
#ifndef NTS_TLS_FAULT_H
#define NTS_TLS_FAULT_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "nts/ke_failure.h"
#include "nts/tls_credentials.h"

/* code: GnuTLS's, of a handshake that failed for another reason than the certificate. An empty text
   is left for the owner of the address. */
void tls_fault_of_handshake(gnutls_session_t handle, int code, struct ke_failure *failure);

/*
 * A certificate was refused. peers: count certificates in DER, as the server has sent them; status:
 * bits of gnutls_certificate_status_t; dates: of the certificate whose dates are wrong, if status
 * says so.
 */
void tls_fault_of_certificate(const gnutls_datum_t *peers, unsigned int count, unsigned int status,
                              const struct tls_certificate_dates *dates,
                              struct ke_failure *failure);

#endif

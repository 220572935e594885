/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses the octets of a certificate file and a key file of the server, and judges whether the
 * pair can be used, and why not. Called by processes without rights: a child of the fork server
 * that does nothing else, helpers, and the main process with ntsprocesses 0.
 */
#ifndef NTS_CERTIFICATE_CHECK_H
#define NTS_CERTIFICATE_CHECK_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "nts/server_files.h"
#include "nts/tls_credentials.h"

struct parsed_pair {
    gnutls_x509_crt_t *certificates; /* the server's first */
    unsigned int count;
    gnutls_x509_privkey_t key;
};

/*
 * Parses both files and checks that the key is the first certificate's. False: problem has the
 * line for the log, `Could not set credentials : REASON (FILE)`, of printable ASCII. On success
 * the caller frees the result with parsed_pair_free (which wipes the key).
 */
bool parsed_pair_load(struct parsed_pair *parsed, const struct server_pair *pair, char *problem,
                      size_t size);
void parsed_pair_free(struct parsed_pair *parsed);

/* Dates and subject of the server's own certificate: its distinguished name, or if that is empty
   its first DNS name. Issuers in the file do not count: a client may use others. */
void parsed_pair_dates(const struct parsed_pair *parsed, const char *path,
                       struct tls_certificate_dates *dates);

/* Dates and subject of one certificate, in the same way. */
void certificate_dates(gnutls_x509_crt_t certificate, const char *path,
                       struct tls_certificate_dates *dates);

struct pair_verdict {
    bool usable;
    char problem[TLS_ERROR_SIZE]; /* why not; empty if usable */
};

/*
 * Judges all pairs. kept: pairs in use now (NULL: none). A certificate that is expired or not
 * valid yet is refused if the pair in use is valid. Without a pair in use it is accepted, since
 * the clock may be wrong. Logs a warning about everything in a new pair that clients will refuse
 * or miss. now: seconds since 1970.
 */
void certificate_check(const struct server_files *files, const struct server_files *kept,
                       int64_t now, struct pair_verdict *verdicts);

#endif

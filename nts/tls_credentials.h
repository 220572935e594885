/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS credentials: sets of trusted certificates of a client (nts.md 6.2), certificate chains with
 * private keys of a server (6.4). A client's files are read through the world, completely, when the
 * object is made; no file stays open or is read again later. A server's are octets that were read
 * before (nts/server_files.h). The process that runs the sessions owns them: with helper processes
 * private keys never get into the main process.
 */
#ifndef NTS_TLS_CREDENTIALS_H
#define NTS_TLS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/world.h"
#include "conf/groups.h"
#include "nts/server_files.h"

#define TLS_ERROR_SIZE 400

struct tls_credentials;

/*
 * The functions that make credentials return NULL with the message for the log in error:
 * `Could not set credentials : REASON`, followed by the file (or files) in parentheses, and by the
 * system's reason where there is one. The text fits into TLS_ERROR_SIZE octets.
 */

/* Trusted certificates of a set: ntstrustedcerts, and the system's in set 0 unless nosystemcert. */
struct tls_credentials *tls_credentials_new_client(const struct world *world,
                                                   const struct nts_client_conf *conf,
                                                   uint32_t cert_set, char *error, size_t size);
/* Octets of one file of trusted certificates. */
#define TLS_TRUSTED_MAX_SIZE (64U * 1024U * 1024U)
/* Whether nothing came from the system's trust store that was asked, or from anywhere: then text
   says from where and why, for the log. */
bool tls_credentials_lack_trust(const struct tls_credentials *credentials,
                                const struct world *world, uint32_t cert_set, char *text,
                                size_t size);
/* Whether there is no trusted certificate at all; text: where they should be, and why not. */
bool tls_credentials_trust_nothing(const struct tls_credentials *credentials,
                                   const struct world *world, char *text, size_t size);
/* All pairs, in order. Checks that each pair belongs together and that the chain parses; dates are
   left to nts/certificate_watch.h. The files may be freed afterwards. */
struct tls_credentials *tls_credentials_new_server(const struct server_files *files, char *error,
                                                   size_t size);
/* Sessions hold references. tls_credentials_unref wipes and frees with the last one; NULL
   allowed. */
struct tls_credentials *tls_credentials_ref(struct tls_credentials *credentials);
void tls_credentials_unref(struct tls_credentials *credentials);

/* Dates of a server's own certificate, the first of its file, seconds since 1970. False beyond the
   last pair. file points into the configuration. */
struct tls_certificate_dates {
    const char *file;
    char subject[128]; /* printable ASCII, cut if it is longer */
    int64_t not_before;
    int64_t not_after;
};
bool tls_credentials_dates(const struct tls_credentials *credentials, size_t pair,
                           struct tls_certificate_dates *dates);

/* For nts/tls.c: the GnuTLS objects (gnutls_certificate_credentials_t, gnutls_priority_t). */
void *tls_credentials_handle(const struct tls_credentials *credentials);
void *tls_credentials_priority(const struct tls_credentials *credentials);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's certificates and keys as octets: the pairs in use, the pairs of the last read, and
 * which of these can be used. It belongs to the fork server, or to the main process with
 * ntsprocesses 0. In place of a bad pair the old one stays in use; if there is none, the others
 * are served without it. While a pair is bad, the files are checked for changes, and the reason
 * is logged each hour.
 */
#ifndef NTS_CERTIFICATE_STORE_H
#define NTS_CERTIFICATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/instant.h"
#include "base/world.h"
#include "conf/groups.h"
#include "nts/server_files.h"

/* Seconds between looks at the files and between lines in the log, while a pair is bad. */
#define CERTIFICATE_LOOK_INTERVAL   10.0
#define CERTIFICATE_REPORT_INTERVAL 3600.0

struct pair_verdict; /* nts/certificate_check.h, which needs GnuTLS */

struct certificate_store_spec {
    struct world *world;
    const struct nts_server_conf *conf;
    /* certificate_check in a process that may parse: gives a verdict for each pair. False: the
       check failed; the verdicts say why, and it is tried again. */
    bool (*check)(const struct server_files *files, const struct server_files *kept,
                  struct pair_verdict *verdicts, void *arg);
    void *arg;
};

struct certificate_store;

struct certificate_store *certificate_store_new(const struct certificate_store_spec *spec);
/* Wipes all octets. NULL is allowed. */
void certificate_store_free(struct certificate_store *store);

/*
 * Reads and checks all pairs. Logs each bad pair (error) and what is served instead; after
 * certificate_store_poll only if the reason is another one than before. Returns the pairs to
 * start with, which belong to the store and are valid until the next call of a function of this
 * group. NULL: no pair that was read can be used, and those in use stay.
 */
const struct server_files *certificate_store_read(struct certificate_store *store);
/* Adopt: the pairs of the last read are in use from now on. Abandon: they are dropped, because
   another step failed. */
void certificate_store_adopt(struct certificate_store *store);
void certificate_store_abandon(struct certificate_store *store);
/* Pairs of the last read (NULL: none, or adopted), and pairs in use (NULL: none yet). */
const struct server_files *certificate_store_starting(const struct certificate_store *store);
const struct server_files *certificate_store_adopted(const struct certificate_store *store);
/* Reason of the first bad pair of the last read; NULL: there is none. */
const char *certificate_store_problem(const struct certificate_store *store);

/* Seconds until certificate_store_poll has something to do; negative: nothing. */
double certificate_store_wait(const struct certificate_store *store, struct mono_time now);
/* Logs bad pairs again each hour. True: a pair is bad, and the files have changed or could not be
   checked, so they should be read again. */
bool certificate_store_poll(struct certificate_store *store, struct mono_time now);

#endif

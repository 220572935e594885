/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's certificates and keys as octets: what is in use, what was read last, and which pairs of
 * that can be used. One process has it: the fork server, or the main process with ntsprocesses 0. A
 * pair that is bad is replaced by the one of it that is in use; if there is none, the others are
 * served without it. It looks at the files again while something is bad, and says so again each hour.
 */
#ifndef NTS_CERTIFICATE_STORE_H
#define NTS_CERTIFICATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/instant.h"
#include "base/world.h"
#include "conf/conf.h"
#include "nts/server_files.h"

/* Seconds between looks at the files and between lines in the log, while a pair is bad. */
#define CERTIFICATE_LOOK_INTERVAL   10.0
#define CERTIFICATE_REPORT_INTERVAL 3600.0

struct pair_verdict; /* nts/certificate_check.h, which needs GnuTLS */

struct certificate_store_spec {
    struct world *world;
    const struct conf *conf;
    /* certificate_check, in a process that may parse: gives a verdict for each pair. False: it could
       not be done; the verdicts say why, and it is tried again. */
    bool (*check)(const struct server_files *files, const struct server_files *kept,
                  struct pair_verdict *verdicts, void *arg);
    void *arg;
};

struct certificate_store;

struct certificate_store *certificate_store_new(const struct certificate_store_spec *spec);
/* Wipes all octets. NULL is allowed. */
void certificate_store_free(struct certificate_store *store);

/*
 * Reads and checks all pairs. What is bad is logged (error), with what is served instead; if this is
 * because certificate_store_poll has said so, only what is not what was logged last. Returns the pairs
 * to start with, the store's own until the next call of a function of this group; NULL: none of those
 * that were read can be used, and what is in use stays so.
 */
const struct server_files *certificate_store_read(struct certificate_store *store);
/* What the last read gave is in use from now on; or it is forgotten, because something else failed. */
void certificate_store_adopt(struct certificate_store *store);
void certificate_store_abandon(struct certificate_store *store);
/* What the last read gave, NULL: nothing, or it is adopted; what is in use, NULL: nothing yet. */
const struct server_files *certificate_store_starting(const struct certificate_store *store);
const struct server_files *certificate_store_adopted(const struct certificate_store *store);
/* Why a pair of the last read is bad, the first one; NULL: none is. */
const char *certificate_store_problem(const struct certificate_store *store);

/* Seconds until certificate_store_poll has something to do; negative: nothing. */
double certificate_store_wait(const struct certificate_store *store, struct mono_time now);
/* Logs again what is bad, each hour. True: the files have changed since they were read, or could not be
   checked, and something is bad: to be read again. */
bool certificate_store_poll(struct certificate_store *store, struct mono_time now);

#endif

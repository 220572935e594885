/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's credentials when its NTS-KE sessions run in this process (ntsprocesses 0): loads
 * them, loads them again on request or when bad files were mended, and watches their dates. With
 * helper processes, the main process has no such credentials.
 */
#ifndef NTS_KE_CREDENTIALS_H
#define NTS_KE_CREDENTIALS_H

#include <stdbool.h>
#include "base/loop.h"
#include "base/world.h"
#include "conf/groups.h"
#include "nts/tls_credentials.h"

struct ke_credentials_spec {
    struct world *world;
    struct loop *loop;
    const struct nts_server_conf *conf;
    /* New sessions are to use these from now on; the callee takes a reference of its own. */
    void (*use)(struct tls_credentials *credentials, void *arg);
    void *arg;
};

struct ke_credentials;

/* Loads the files, which calls `use` unless all of them are bad; bad ones are logged. */
struct ke_credentials *ke_credentials_new(const struct ke_credentials_spec *spec);
void ke_credentials_free(struct ke_credentials *credentials);
/* Loads the files again. False: a pair is bad, which was logged, and the old one stays in use. */
bool ke_credentials_reload(struct ke_credentials *credentials);
/* Why a pair of the last read cannot be used; NULL: all can. */
const char *ke_credentials_problem(const struct ke_credentials *credentials);
/* The dates of a certificate in use, from 0. False beyond the last one. */
bool ke_credentials_dates(const struct ke_credentials *credentials, size_t pair,
                          struct tls_certificate_dates *dates);

#endif

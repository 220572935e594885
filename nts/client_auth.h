/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of a client's sources: cookies, key establishment at polls, requests and responses (nts.md 8,
 * 10, 14, 18.1). One context for the daemon, one struct ntp_nts_client for each source.
 */
#ifndef NTS_CLIENT_AUTH_H
#define NTS_CLIENT_AUTH_H

#include "ntp/auth.h"
#include "nts/context.h"
#include "nts/ke_client.h"

struct nts_client;

/* The functions of key establishment; tests pass their own. */
struct nts_ke_ops {
    struct ke_client *(*start)(struct ke_client_env *env, const struct ip_port *addr,
                               const char *name, uint32_t cert_set);
    void (*free)(struct ke_client *client);
    bool (*is_active)(const struct ke_client *client);
    bool (*take_result)(struct ke_client *client, struct ke_result *result);
    int (*retry_factor)(const struct ke_client *client);
};

/* env is copied (what it points to is not); ntsdumpdir and ntsrefresh are read from its conf.
   ke NULL: the functions of nts/ke_client.h. */
struct nts_client *nts_client_new(const struct ke_client_env *env, const struct nts_ke_ops *ke);
/* To be called after all its sources were destroyed. NULL is allowed. */
void nts_client_free(struct nts_client *client);

/* client_ctx is the struct nts_client. */
const struct ntp_nts_client_ops *nts_client_ops(void);

#endif

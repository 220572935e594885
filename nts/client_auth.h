/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of a client's sources: cookies, key establishment at polls, requests and responses (nts.md 8,
 * 10, 14, 18.1). One context for the daemon, one struct ntp_nts_client for each source.
 */
#ifndef NTS_CLIENT_AUTH_H
#define NTS_CLIENT_AUTH_H

#include "ntp/auth.h"
#include "ntp/client/nts_client.h"
#include "nts/context.h"
#include "nts/ke_client.h"

struct nts_client_auth;

/* env is copied (what it points to is not); ntsdumpdir and ntsrefresh are read from its conf. */
struct nts_client_auth *nts_client_auth_new(const struct ke_client_env *env);
/* To be called after all its sources were destroyed. NULL is allowed. */
void nts_client_auth_free(struct nts_client_auth *client);

/* client_ctx is the struct nts_client_auth. */
const struct ntp_nts_client_ops *nts_client_auth_ops(void);

#endif

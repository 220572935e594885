/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of the NTP server: checks of requests and authentication of responses (nts.md 11). It keeps
 * no state about clients and only reads the key set.
 */
#ifndef NTS_SERVER_AUTH_H
#define NTS_SERVER_AUTH_H

#include "base/world.h"
#include "ntp/auth.h"
#include "nts/server_keys.h"

struct nts_server;

/* The context of the operations below. keys NULL: no cookie can be decoded, every complete request
   gets a NAK (nts.md 6.4). World and keys must outlive it. */
struct nts_server *nts_server_new(const struct world *world, const struct nts_server_keys *keys);
void nts_server_free(struct nts_server *server);

const struct ntp_nts_server_ops *nts_server_ops(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of the NTP server: checks of requests and authentication of responses (nts.md 11). It keeps
 * no state: keys, random octets and the state of a request are the caller's.
 */
#ifndef NTS_SERVER_AUTH_H
#define NTS_SERVER_AUTH_H

#include "ntp/auth.h"

/* The keys that they are given are a struct nts_key_set: server_keys_value() of
   nts/server_keys.h. */
const struct ntp_nts_server_ops *nts_server_auth_ops(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTS server says to explain (cmdmon.md 13.18), as findings on the clock: its
 * certificates, its port and processes, its keys, and how key establishments end. It changes
 * nothing.
 */
#ifndef NTS_SERVER_EXPLAIN_H
#define NTS_SERVER_EXPLAIN_H

#include <stdint.h>
#include "base/finding.h"
#include "nts/ke_listener.h"
#include "nts/server_keys.h"

/* now: seconds since 1970, of the system clock, by which clients are told what is valid. */
void nts_server_explain(const struct ke_listener *listener, const struct nts_server_keys *keys,
                        int64_t now, struct findings *findings);

#endif

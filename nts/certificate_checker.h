/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * certificate_check (nts/certificate_check.h) in a process of its own, for the fork server, which
 * reads the files with rights that a parser must not have. The process lives for one check; it
 * never sees an octet of a client.
 *
 * Promise: descriptors: its channel and the log. Files, capabilities: none. System calls: those of
 * an NTS-KE helper (process/filter.c).
 */
#ifndef NTS_CERTIFICATE_CHECKER_H
#define NTS_CERTIFICATE_CHECKER_H

#include <stdbool.h>
#include "nts/server_files.h"

struct pair_verdict; /* nts/certificate_check.h, which needs GnuTLS */

/* Seconds for a check, then the process is ended. */
#define CERTIFICATE_CHECKER_TIME 10.0

/* For struct certificate_store_spec; arg: const struct ke_helper_spec *. Blocks until the verdicts
   are there. False: the process failed or took too long; then nothing is usable, and the verdicts
   say so. */
bool certificate_checker(const struct server_files *files, const struct server_files *kept,
                         struct pair_verdict *verdicts, void *arg);

#endif

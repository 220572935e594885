/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS modules of one daemon: client, server with its helper processes, server keys, and how
 * they hang together. nts_part.c is built with NTS, nts_missing.c without: then nothing is
 * served, and sources with the nts option cannot form requests (nts.md 2).
 */
#ifndef CHRONYD_NTS_PART_H
#define CHRONYD_NTS_PART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct chronyd;
struct findings;
struct helper_role;
struct lone_role;
struct ntp_nts_server_ops;
struct nts_part;
struct report_certificate;
struct report_counts;

/* The daemon's modules need not exist yet. */
struct nts_part *nts_part_new(struct chronyd *daemon);
/* To be called after the sources were freed. NULL is allowed. */
void nts_part_free(struct nts_part *part);

/* The role of the NTS-KE helpers, for step 13 of daemon.md 4. Owned by the part. NULL: there are no
   helpers. */
const struct helper_role *nts_part_helper_role(struct nts_part *part);
/* The process that runs the key establishment of the client, for the same step, if there is one. */
bool nts_part_client_role(struct nts_part *part, struct lone_role *role);
/* Starts the TLS library, if this process uses it: after helpers were forked, before rights are
   dropped. */
void nts_part_start_tls(struct nts_part *part);
/* That process was started; the channel is owned by the part. True: in place of one that ended. */
bool nts_part_take_client(struct nts_part *part, int channel, pid_t pid);
/* Whether this process itself has to read the server's private keys. */
bool nts_part_reads_keys(const struct nts_part *part);

/* How an NTP server answers requests with NTS. NULL: this build cannot. */
const struct ntp_nts_server_ops *nts_part_server_ops(const struct nts_part *part);

/* Step 21 of daemon.md 4: fills in daemon->nts for the sources; starts the server, if one is
   configured. */
void nts_part_start_client(struct nts_part *part);
void nts_part_start_server(struct nts_part *part);
/* Saves the server's keys and stops serving. */
void nts_part_stop_server(struct nts_part *part);

/* The commands rekey and dump. A rekey of NTS_REKEY_LATER ends with chronyd_rekeyed. */
enum nts_rekey { NTS_REKEY_DONE, NTS_REKEY_FAILED, NTS_REKEY_LATER };
enum nts_rekey nts_part_rekey(struct nts_part *part);
void nts_part_save(struct nts_part *part);

/* Adds what there is to say of the NTS server to the findings on the clock; nothing without one. */
void nts_part_explain(const struct nts_part *part, struct findings *findings);
/* How the key establishments of the server ended. False: there is no server. */
bool nts_part_count_ends(const struct nts_part *part, struct report_counts *report);
/* The certificates that the server uses: their number, and one of them, from index 0, without
   seconds_left. False: there is none of that index. */
bool nts_part_report_certificate(const struct nts_part *part, int32_t index,
                                 struct report_certificate *report);

/* Seconds since the server's certificates in use were read; negative: none is in use. */
double nts_part_certificates_age(const struct nts_part *part);

#endif

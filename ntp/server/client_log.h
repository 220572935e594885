/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client access log: one record per client address in a hash table of bounded memory, rate limits,
 * and the counters of accesses (ntp.md 23, 25.2; cmdmon.md 15). It is shared by NTP, NTS-KE and
 * the control protocol, and is part of the shard that answering a request writes.
 */
#ifndef NTP_SERVER_CLIENT_LOG_H
#define NTP_SERVER_CLIENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/instant.h"
#include "base/report.h"
#include "base/world.h"
#include "ntp/server/client_limits.h"
#include "ntp/server/client_record.h"

struct client_log_conf;

struct client_log;

/*
 * The world gives random bits and must outlive the log. A rate limit together with noclientlog is
 * refused by conf_check.
 */
struct client_log *client_log_new(const struct world *world, const struct client_log_conf *conf);
void client_log_free(struct client_log *log);

/*
 * A log in memory that processes share: as many octets as client_log_memory() says, zeroed before
 * the first use, aligned as by mem_alloc(). The one that adopts it writes; bad: what was there made
 * no sense, and was cleared. A view only reads, without trust in what it reads, and nothing but the
 * functions that take a const log may be called with it.
 */
size_t client_log_memory(const struct client_log_conf *conf);
struct client_log *client_log_adopt(const struct world *world, const struct client_log_conf *conf,
                                    void *memory, bool *bad);
struct client_log *client_log_view(const struct client_log_conf *conf, const void *memory);

/*
 * A log whose records another program writes, the one that answers in the kernel
 * (ntp/server/xdp/program.c). The table has all its slots at once. What lies before the first
 * record is client_log_head() octets long, and this process's; the memory is zeroed. The other
 * program needs the seed of the hash and the phase of the clock of the log (nanoseconds).
 */
size_t client_log_head(void);
uint32_t client_log_slots(const struct client_log_conf *conf);
struct client_log *client_log_new_foreign(const struct world *world,
                                          const struct client_log_conf *conf, void *memory);
uint32_t client_log_seed(const struct client_log *log);
uint32_t client_log_phase(const struct client_log *log);
/* What that program has counted: accesses by NTP and drops, records dropped and in use. */
struct client_log_totals {
    uint64_t hits, drops;
    uint64_t record_drops;
    uint32_t used;
};
void client_log_set_totals(struct client_log *log, const struct client_log_totals *totals);

/*
 * Counts an access and updates the record of the client. Returns the record for client_log_limit,
 * valid until the next call, or -1 without a record (log inactive, other address family).
 */
int client_log_access(struct client_log *log, const struct client_limits *limits,
                      enum client_service service, const struct ip_addr *addr,
                      struct local_time now);

/* Decides about the access just recorded, and counts drops (ntp.md 23.6). Record -1 passes. KoD
   only for NTP. */
enum limit_result client_log_limit(struct client_log *log, const struct client_limits *limits,
                                   enum client_service service, int record);

/* Largest number of records (ntp.md 23.3), a power of two: also the number of timestamps that the
   server may keep for the interleaved mode. 0 without records. */
size_t client_log_capacity(const struct client_log *log);

/* Hits and drops of the services and dropped records; other fields are left as they are. */
void client_log_report_stats(const struct client_log *log, struct report_serverstats *report);

/* Clients that have a record now; 0 without records. */
uint32_t client_log_used(const struct client_log *log);

/* Number of indices of the table (empty records included); -1: the log is not active. */
int client_log_size(const struct client_log *log);

/*
 * Record of an index at time `now`. False if it is empty or no service has min_hits. With
 * `reset`, hits and drops are cleared afterwards, whether it is reported or not (ntp.md 23.7).
 */
bool client_log_report(struct client_log *log, int index, bool reset, uint32_t min_hits,
                       struct local_time now, struct report_client *report);

/* For those who put several logs together: whether there is a record of an address, the address of
   the record of an index (false: it is empty), and the report on an address (false: no record). */
bool client_log_knows(const struct client_log *log, const struct ip_addr *addr);
bool client_log_address(const struct client_log *log, int index, struct ip_addr *addr);
bool client_log_report_client(const struct client_log *log, const struct ip_addr *addr,
                              struct local_time now, struct report_client *report);
/* Clears hits and drops of `count` records from an index on, or of an address. */
void client_log_reset(struct client_log *log, int first, int count);
void client_log_reset_client(struct client_log *log, const struct ip_addr *addr);

#endif

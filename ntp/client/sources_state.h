/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of the set of sources, shared by the files that implement it (sources.c: table, adding,
 * removing, packets; sources_resolve.c: names, replacement, refresh; sources_files.c: .sources
 * files; sources_control.c: commands and reports). Nobody else includes this.
 */
#ifndef NTP_CLIENT_SOURCES_STATE_H
#define NTP_CLIENT_SOURCES_STATE_H

#include <stddef.h>
#include <sys/queue.h>
#include "ntp/client/association.h"
#include "ntp/client/sources.h"

#define MAX_POOL_QUOTA 16
#define NO_POOL        (-1)

/* How the lookups of a name have ended. */
struct name_facts {
    bool failure_logged;
    uint32_t tries;             /* since the last success */
    enum resolve_status status; /* of the last one, if there was one: tries > 0, or addresses > 0 */
    double time;                /* of the last one, loop_uptime() */
    /* Addresses that the last success gave, and those of them that could not be used. */
    unsigned int addresses, in_use, no_route, other_family;
};

struct record {
    TAILQ_ENTRY(record) others;
    struct record *next_of_conf; /* in its bucket of by_conf_id */
    struct ntp_sources *set;
    struct association *association;
    struct ip_port addr; /* as the association has it; ID address: not resolved yet */
    char *name;
    struct ip_addr resolved_addr; /* what the name resolved to */
    enum ip_family family;
    int pool; /* NO_POOL or index */
    bool tentative;
    bool listed; /* used by one pass over all, ntp_sources_refresh */
    uint32_t conf_id;
    double last_resolved;      /* loop_uptime(), as below */
    struct name_facts lookups; /* of the name; not used in a pool */
};

TAILQ_HEAD(record_list, record);

struct pool {
    int sources;
    int unresolved;
    int confirmed;
    int quota;
    struct name_facts lookups; /* of the name */
};

/* A name to be resolved (ntp.md 18.3). */
struct queue_entry {
    TAILQ_ENTRY(queue_entry) others;
    struct ip_port addr; /* IP_UNSPEC: for the pool */
    int pool;
    char *name;
    enum ip_family family;
    bool random_order;
    bool refresh;
};

/* Outcome of a source of the .sources files. */
struct loaded {
    enum ntp_sources_status status;
    uint32_t conf_id;
};

struct ntp_sources {
    const struct ntp_env *env;
    struct client_conf conf;
    struct association_env shared;
    struct ntp_sockets *sockets;

    struct record_list records; /* in order of creation, which is that of their conf_id */
    size_t count;
    struct record **hash; /* by address; open addressing */
    size_t hash_size;     /* a power of two, at most half full */
    uint32_t hash_seed;
    struct record **by_conf_id; /* as many buckets */
    struct pool *pools;
    int pool_count;
    uint32_t last_id;
    uint32_t last_conf_id;
    bool auto_start;

    /* A saved change of address by NTS-KE: it came while its source was being added or changed. */
    bool changing;
    struct record *saved_record;
    struct ip_port saved_addr;

    TAILQ_HEAD(, queue_entry) queue;
    struct queue_entry *resolving; /* NULL: no round is running */
    bool restart_round;
    int interval; /* log2 of the interval between rounds in units of 7 s */
    timer_id round_timer;
    double next_round; /* loop_uptime(), while round_timer is set */
    void (*round_handler)(void *arg);
    void *round_arg;
    double replace_after;
    double last_refresh;

    struct source_work *work; /* in order; only the first one is in progress (sources_work.h) */
    timer_id work_timer;
    void (*work_handler)(void *arg);
    void *work_arg;

    bool configured; /* ntp_sources_add_configured was called */
    struct source_conf *file_sources;
    struct loaded *file_loaded;
    size_t file_count;
};

struct record *sources_find(const struct ntp_sources *s, const struct ip_addr *addr);
bool sources_name_is_address(const char *name, struct ip_addr *addr);
/* Changes key, association and pool counts, and does a saved change, if there is one. */
void sources_give_address(struct record *r, const struct ip_addr *addr);

/* sources_resolve.c */
void sources_queue_name(struct ntp_sources *s, const struct ip_port *addr, int pool,
                        const char *name, enum ip_family family, bool random_order, bool refresh);
bool sources_pool_is_queued(const struct ntp_sources *s, int pool);
void sources_consider_refresh(struct ntp_sources *s);
void sources_free_queue(struct ntp_sources *s);

/* sources_files.c */
void sources_free_files(struct ntp_sources *s);

/* sources_work.c */
void sources_work_forget(struct ntp_sources *s, const struct record *r);
void sources_work_free(struct ntp_sources *s);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshot that answers are made from: everything that an answer depends on. It is made by the
 * service (ntp/server/server.h), is replaced as a whole and never changed while somebody may read
 * it. It is a plain value (base/plain.h): the tables lie behind it in the same block, and it names
 * them by their distance, so that it may as well lie in memory that processes share.
 */
#ifndef NTP_SERVER_SNAPSHOT_H
#define NTP_SERVER_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/plain.h"
#include "ntp/access.h"
#include "ntp/key_table.h"
#include "ntp/server/client_log.h"
#include "ntp/transmit.h"

struct server_snapshot {
    _Alignas(PLAIN_ALIGNMENT) struct transmit_time time;
    struct client_limits limits;
    bool signing; /* MS-SNTP */

    /* Where the tables begin and the last one ends, octets from the start of this struct. */
    size_t access;
    size_t keys;
    size_t nts_keys; /* 0: NTS is not served */
    size_t end;
};

/* What the tables of a snapshot are copied from. */
struct server_tables {
    struct plain_value access;   /* access_table_value() */
    struct plain_value keys;     /* ntp_keys_value() */
    struct plain_value nts_keys; /* of struct ntp_nts_server_ops; no data: NTS is not served */
};

bool server_tables_equal(const struct server_tables *a, const struct server_tables *b);

/*
 * Makes a block of `count` snapshots and one copy of the tables. Only the places of the tables are
 * filled in; the rest is zeros, and the caller's to set before a snapshot is used. Freeing wipes
 * it, and allows NULL.
 */
struct server_snapshot *server_snapshots_new(const struct server_tables *tables, size_t count);
void server_snapshots_free(struct server_snapshot *snapshots);
/* The size of such a block, and the same in memory of the caller, which is zeroed and aligned as by
   mem_alloc(). */
size_t server_snapshots_size(const struct server_tables *tables, size_t count);
void server_snapshots_fill(struct server_snapshot *snapshots, const struct server_tables *tables,
                           size_t count);

static inline const void *server_snapshot_at(const struct server_snapshot *snapshot, size_t place)
{
    return (const char *)snapshot + place;
}

static inline const struct access_node *server_snapshot_access(const struct server_snapshot *s)
{
    return server_snapshot_at(s, s->access);
}

static inline const struct key_table *server_snapshot_keys(const struct server_snapshot *s)
{
    return server_snapshot_at(s, s->keys);
}

#endif

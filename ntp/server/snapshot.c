/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of snapshots: some snapshots in a row, then one copy of the tables, which all of them
 * name. So what changes with each wake-up (the time) is written without a copy of the tables, and a
 * change of a table (allow, rekey, rotation of the NTS keys) makes a new block.
 */
#include "ntp/server/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/text.h"

static bool is_same(const struct plain_value *a, const struct plain_value *b)
{
    return a->data == b->data && a->size == b->size && a->generation == b->generation;
}

bool server_tables_equal(const struct server_tables *a, const struct server_tables *b)
{
    return is_same(&a->access, &b->access) && is_same(&a->keys, &b->keys) &&
           is_same(&a->nts_keys, &b->nts_keys);
}

static void put(void *block, size_t place, const struct plain_value *value)
{
    if (value->data)
        memcpy((char *)block + place, value->data, value->size);
}

/* Octets from the start of the block. */
struct places {
    size_t access, keys, nts_keys, end;
};

static struct places find_places(const struct server_tables *tables, size_t count)
{
    struct places p = {.access = count * sizeof(struct server_snapshot)};

    p.keys = p.access + plain_align(tables->access.size);
    p.nts_keys = p.keys + plain_align(tables->keys.size);
    p.end = p.nts_keys + tables->nts_keys.size;
    return p;
}

size_t server_snapshots_size(const struct server_tables *tables, size_t count)
{
    return find_places(tables, count).end;
}

void server_snapshots_fill(struct server_snapshot *snapshots, const struct server_tables *tables,
                           size_t count)
{
    const struct places p = find_places(tables, count);

    put(snapshots, p.access, &tables->access);
    put(snapshots, p.keys, &tables->keys);
    put(snapshots, p.nts_keys, &tables->nts_keys);
    for (size_t i = 0; i < count; i++) {
        const size_t start = i * sizeof(*snapshots);

        snapshots[i].access = p.access - start;
        snapshots[i].keys = p.keys - start;
        snapshots[i].nts_keys = tables->nts_keys.data ? p.nts_keys - start : 0;
        snapshots[i].end = p.end - start;
    }
}

struct server_snapshot *server_snapshots_new(const struct server_tables *tables, size_t count)
{
    struct server_snapshot *snapshots = mem_alloc(server_snapshots_size(tables, count));

    server_snapshots_fill(snapshots, tables, count);
    return snapshots;
}

void server_snapshots_free(struct server_snapshot *snapshots)
{
    if (!snapshots)
        return;
    crypto_wipe(snapshots, snapshots->end);
    free(snapshots);
}

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

struct server_snapshot *server_snapshots_new(const struct server_tables *tables, size_t count)
{
    const size_t access = count * sizeof(struct server_snapshot);
    const size_t keys = access + plain_align(tables->access.size);
    const size_t nts_keys = keys + plain_align(tables->keys.size);
    const size_t end = nts_keys + tables->nts_keys.size;
    struct server_snapshot *snapshots = mem_alloc(end);

    put(snapshots, access, &tables->access);
    put(snapshots, keys, &tables->keys);
    put(snapshots, nts_keys, &tables->nts_keys);
    for (size_t i = 0; i < count; i++) {
        const size_t start = i * sizeof(*snapshots);

        snapshots[i].access = access - start;
        snapshots[i].keys = keys - start;
        snapshots[i].nts_keys = tables->nts_keys.data ? nts_keys - start : 0;
        snapshots[i].end = end - start;
    }
    return snapshots;
}

void server_snapshots_free(struct server_snapshot *snapshots)
{
    if (!snapshots)
        return;
    crypto_wipe(snapshots, snapshots->end);
    free(snapshots);
}

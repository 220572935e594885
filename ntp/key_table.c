/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of symmetric keys: entries sorted by ID, then the values that they name by their place
 * in the table. Those of ciphers are kept expanded. The server asks it for each authenticated
 * request, so nothing here allocates but its making. Digests are compared in constant time.
 */
#include "ntp/key_table.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define KEY_ID_LENGTH     4
#define MIN_DIGEST_LENGTH 16
#define MAX_V4_DIGEST     (NTP_MAX_V4_MAC_LENGTH - KEY_ID_LENGTH)
#define MAX_DIGEST_LENGTH (NTP_MAX_MAC_LENGTH - KEY_ID_LENGTH)

struct entry {
    uint32_t id;
    enum key_type type;
    size_t length; /* octets of the key */
    size_t value;  /* place of its octets, or of a struct cmac_key, from the start of the table */
};

struct key_table {
    size_t size;
    size_t count;
    struct entry entries[];
};

static size_t value_size(const struct ntp_key *key)
{
    return plain_align(key_type_is_cipher(key->type) ? sizeof(struct cmac_key) : key->length);
}

struct key_table *key_table_new(const struct ntp_key *keys, size_t count)
{
    size_t place = plain_align(sizeof(struct key_table) + count * sizeof(struct entry));
    size_t size = place;

    for (size_t i = 0; i < count; i++)
        size += value_size(&keys[i]);
    struct key_table *table = mem_alloc(size);
    table->size = size;
    table->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct ntp_key *key = &keys[i];
        uint8_t *value = (uint8_t *)table + place;

        table->entries[i] = (struct entry){key->id, key->type, key->length, place};
        if (key_type_is_cipher(key->type))
            cmac_key_init((struct cmac_key *)(void *)value, key->type, key->value, key->length);
        else
            memcpy(value, key->value, key->length);
        place += value_size(key);
    }
    return table;
}

void key_table_free(struct key_table *table)
{
    if (!table)
        return;
    crypto_wipe(table, table->size);
    free(table);
}

size_t key_table_size(const struct key_table *table)
{
    return table->size;
}

size_t key_table_count(const struct key_table *table)
{
    return table->count;
}

static int compare_id(const void *id, const void *entry)
{
    uint32_t x = *(const uint32_t *)id, y = ((const struct entry *)entry)->id;

    return x < y ? -1 : x > y;
}

static const struct entry *find_key(const struct key_table *table, uint32_t id)
{
    if (id == 0 || table->count == 0)
        return NULL;
    return bsearch(&id, table->entries, table->count, sizeof(*table->entries), compare_id);
}

bool key_table_find(const struct key_table *table, uint32_t id, enum key_type *type, int *bits)
{
    const struct entry *key = find_key(table, id);

    if (!key)
        return false;
    if (type)
        *type = key->type;
    if (bits)
        *bits = (int)(8 * key->length);
    return true;
}

/* Digest over the start of a packet, cut to `size` octets. The length, or 0 on failure. */
static size_t key_digest(const struct key_table *table, const struct entry *key,
                         const uint8_t *packet, size_t length, uint8_t *out, size_t size)
{
    const void *value = (const uint8_t *)table + key->value;
    const size_t mac_length = 16;

    if (!key_type_is_cipher(key->type))
        return hash_compute(key->type, value, key->length, packet, length, out, size);
    if (size < mac_length)
        return 0;
    cmac_key_compute(value, packet, length, out);
    return mac_length;
}

bool key_table_add_mac(const struct key_table *table, uint32_t id, int version, struct writer *w)
{
    const struct entry *key = find_key(table, id);
    size_t room = w->size - w->pos, limit = version == 4 ? MAX_V4_DIGEST : MAX_DIGEST_LENGTH;
    uint8_t digest[MAX_DIGEST_LENGTH];

    if (w->failed || !key || room < NTP_MIN_MAC_LENGTH)
        return false;
    if (limit > room - KEY_ID_LENGTH)
        limit = room - KEY_ID_LENGTH;
    size_t length = key_digest(table, key, w->data, w->pos, digest, limit);
    if (length < MIN_DIGEST_LENGTH)
        return false;
    writer_u32(w, id);
    writer_bytes(w, digest, length);
    return !w->failed;
}

bool key_table_check_mac(const struct key_table *table, const uint8_t *packet,
                         const struct ntp_info *info)
{
    const struct entry *key = find_key(table, info->mac_key_id);
    uint8_t digest[MAX_DIGEST_LENGTH];
    size_t limit = MAX_DIGEST_LENGTH;

    if (!key || info->mac_length < NTP_MIN_MAC_LENGTH)
        return false;
    if (info->version == 4 && info->mac_length <= NTP_MAX_V4_MAC_LENGTH)
        limit = MAX_V4_DIGEST;
    size_t length = key_digest(table, key, packet, info->mac_start, digest, limit);
    return length >= MIN_DIGEST_LENGTH && info->mac_length == KEY_ID_LENGTH + length &&
           crypto_equal(packet + info->mac_start + KEY_ID_LENGTH, digest, length);
}

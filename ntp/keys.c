/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symmetric keys: reads the key file, makes and checks MACs. Key values are wiped when they are
 * dropped, never logged, and digests are compared in constant time.
 */
#include "ntp/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/line_reader.h"
#include "base/log.h"
#include "base/text.h"

#define KEY_ID_LENGTH      4
#define MIN_DIGEST_LENGTH  16
#define MAX_V4_DIGEST      (NTP_MAX_V4_MAC_LENGTH - KEY_ID_LENGTH)
#define MAX_DIGEST_LENGTH  (NTP_MAX_MAC_LENGTH - KEY_ID_LENGTH)
#define UNSAFE_MODE_BITS   0006
#define WORLD_READABLE_BIT 0004

struct key {
    uint32_t id;
    enum key_type type;
    uint8_t *value;
    size_t length;
    struct cmac_key *cmac; /* of a cipher: the value, expanded; else NULL */
};

struct ntp_keys {
    struct key *keys; /* sorted by ID */
    size_t count;
};

struct ntp_keys *ntp_keys_new(void)
{
    return mem_alloc(sizeof(struct ntp_keys));
}

static void key_clear(struct key *key)
{
    if (!key->value)
        return;
    cmac_key_free(key->cmac);
    key->cmac = NULL;
    crypto_wipe(key->value, key->length);
    free(key->value);
    key->value = NULL;
}

static void drop_keys(struct ntp_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        key_clear(&keys->keys[i]);
    free(keys->keys);
    keys->keys = NULL;
    keys->count = 0;
}

void ntp_keys_free(struct ntp_keys *keys)
{
    if (!keys)
        return;
    drop_keys(keys);
    free(keys);
}

/* The value of a key word: "ASCII:...", "HEX:..." or plain characters. NULL: cannot be decoded. */
static uint8_t *decode_value(const char *word, size_t *length)
{
    bool hex = strncmp(word, "HEX:", 4) == 0;
    const char *text = hex ? word + 4 : strncmp(word, "ASCII:", 6) == 0 ? word + 6 : word;
    size_t size = strlen(text);

    if (size == 0)
        return NULL;
    uint8_t *value = mem_alloc(size);
    if (hex) {
        *length = text_from_hex(text, value, size);
    } else {
        memcpy(value, text, size);
        *length = size;
    }
    if (*length == 0) {
        free(value);
        return NULL;
    }
    return value;
}

/* Where in a key file: for messages. */
struct place {
    const char *path;
    int line;
};

/* Checks a key with its type; false after a warning. */
static bool key_is_usable(const struct key *key, const char *type_name, struct place at)
{
    size_t expected = key_type_key_length(key->type);

    if (key->type == KEY_INVALID) {
        LOG_WARN("Invalid type in key %u at line %d in file %s", key->id, at.line, at.path);
        return false;
    }
    if (!key_type_supported(key->type)) {
        LOG_WARN("Unsupported %s in key %u at line %d in file %s",
                 key_type_is_cipher(key->type) ? "cipher" : "hash function", key->id, at.line,
                 at.path);
        return false;
    }
    if (expected > 0 && key->length != expected) {
        LOG_WARN("Invalid length of %s key %u (expected %zu bits) at line %d in file %s", type_name,
                 key->id, 8 * expected, at.line, at.path);
        return false;
    }
    return true;
}

/* The ID is read as the key option of a source is, so that both mean the same key. */
static bool parse_id(const char *word, uint32_t *id, struct place at)
{
    size_t used;

    if (!text_scan_uint(word, id, &used))
        return false;
    if (word[used] != '\0' || text_uint_wraps(word))
        LOG_WARN("Invalid key ID %s at line %d in file %s, using %u", word, at.line, at.path, *id);
    return true;
}

/* One line that is not empty. False: nothing was added, and the reason logged. */
static bool parse_line(char *line, struct key *key, struct place at)
{
    int words = text_count_words(line);
    const char *type_name = "MD5", *value;
    char *id = line, *rest = text_split(line);

    if (words < 2 || words > 3 || !parse_id(id, &key->id, at)) {
        LOG_WARN("Could not parse key at line %d in file %s", at.line, at.path);
        return false;
    }
    if (words == 3) {
        type_name = rest;
        rest = text_split(rest);
    }
    value = rest;
    key->type = key_type_parse(type_name);
    key->value = decode_value(value, &key->length);
    if (!key->value) {
        LOG_WARN("Could not decode key %u at line %d in file %s", key->id, at.line, at.path);
        return false;
    }
    if (!key_is_usable(key, type_name, at)) {
        key_clear(key);
        return false;
    }
    if (key_type_is_cipher(key->type))
        key->cmac = cmac_key_new(key->type, key->value, key->length);
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    uint32_t x = ((const struct key *)a)->id, y = ((const struct key *)b)->id;

    return x < y ? -1 : x > y;
}

static void read_keys(struct ntp_keys *keys, FILE *file, const char *path)
{
    struct line_reader reader = line_reader_start(file, path);
    enum line_result result;
    size_t capacity = 0;

    while ((result = line_reader_next(&reader)) != LINE_END) {
        const struct place at = {.path = path, .line = reader.number};
        struct key key = {0};

        if (result == LINE_TOO_LONG) {
            LOG_WARN("String too long at line %d in file %s; line ignored", at.line, path);
            continue;
        }
        text_normalise(reader.line);
        if (reader.line[0] == '\0' || !parse_line(reader.line, &key, at))
            continue;
        if (keys->count == capacity) {
            /* Not realloc: the old copy of the pointers is harmless, the values stay in place. */
            capacity = capacity > 0 ? 2 * capacity : 16;
            keys->keys = mem_resize(keys->keys, capacity, sizeof(*keys->keys));
        }
        keys->keys[keys->count++] = key;
    }
    crypto_wipe(&reader, sizeof(reader));
}

static void warn_permissions(const struct world *world, const char *path)
{
    struct world_file_info info;

    if (!world->ops->file_info(world->ctx, path, &info) || !info.is_regular ||
        !(info.mode & UNSAFE_MODE_BITS))
        return;
    LOG_WARN("World-%s permissions on %s", info.mode & WORLD_READABLE_BIT ? "readable" : "writable",
             path);
}

bool ntp_keys_load(struct ntp_keys *keys, const struct world *world, const char *path)
{
    FILE *file = NULL;

    if (path) {
        warn_permissions(world, path);
        errno = ENOENT;
        file = world->ops->file_read(world->ctx, path);
    }
    /* Keys that were taken away are gone; a file that cannot be read now takes nothing away. */
    if (path && !file && keys->count > 0 && errno != ENOENT) {
        LOG_WARN("Could not open keyfile %s : %s; old keys stay in use", path, text_errno(errno));
        return false;
    }
    drop_keys(keys);
    if (!path)
        return true;
    if (!file) {
        LOG_WARN("Could not open keyfile %s : %s", path, text_errno(errno));
        return true;
    }
    /* Without a buffer in the C library there is no copy of the keys that is not wiped. */
    setvbuf(file, NULL, _IONBF, 0);
    read_keys(keys, file, path);
    fclose(file);

    LOG_INFO("Loaded %zu symmetric keys", keys->count);
    if (keys->count > 1)
        qsort(keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
    for (size_t i = 1; i < keys->count; i++)
        if (keys->keys[i].id == keys->keys[i - 1].id)
            LOG_WARN("Detected duplicate key %u", keys->keys[i].id);
    return true;
}

static const struct key *find_key(const struct ntp_keys *keys, uint32_t id)
{
    struct key wanted = {.id = id};

    if (id == 0 || keys->count == 0)
        return NULL;
    return bsearch(&wanted, keys->keys, keys->count, sizeof(*keys->keys), compare_keys);
}

bool ntp_keys_find(const struct ntp_keys *keys, uint32_t id, enum key_type *type, int *bits)
{
    const struct key *key = find_key(keys, id);

    if (!key)
        return false;
    if (type)
        *type = key->type;
    if (bits)
        *bits = (int)(8 * key->length);
    return true;
}

/* Digest over the start of a packet, cut to `size` octets. The length, or 0 on failure. */
static size_t key_digest(const struct key *key, const uint8_t *packet, size_t length, uint8_t *out,
                         size_t size)
{
    const size_t mac_length = 16;

    if (!key->cmac)
        return hash_compute(key->type, key->value, key->length, packet, length, out, size);
    if (size < mac_length)
        return 0;
    cmac_key_compute(key->cmac, packet, length, out);
    return mac_length;
}

bool ntp_keys_add_mac(const struct ntp_keys *keys, uint32_t id, int version, struct writer *w)
{
    const struct key *key = find_key(keys, id);
    size_t room = w->size - w->pos, limit = version == 4 ? MAX_V4_DIGEST : MAX_DIGEST_LENGTH;
    uint8_t digest[MAX_DIGEST_LENGTH];

    if (w->failed || !key || room < NTP_MIN_MAC_LENGTH)
        return false;
    if (limit > room - KEY_ID_LENGTH)
        limit = room - KEY_ID_LENGTH;
    size_t length = key_digest(key, w->data, w->pos, digest, limit);
    if (length < MIN_DIGEST_LENGTH)
        return false;
    writer_u32(w, id);
    writer_bytes(w, digest, length);
    return !w->failed;
}

bool ntp_keys_check_mac(const struct ntp_keys *keys, const uint8_t *packet,
                        const struct ntp_info *info)
{
    const struct key *key = find_key(keys, info->mac_key_id);
    uint8_t digest[MAX_DIGEST_LENGTH];
    size_t limit = MAX_DIGEST_LENGTH;

    if (!key || info->mac_length < NTP_MIN_MAC_LENGTH)
        return false;
    if (info->version == 4 && info->mac_length <= NTP_MAX_V4_MAC_LENGTH)
        limit = MAX_V4_DIGEST;
    size_t length = key_digest(key, packet, info->mac_start, digest, limit);
    return length >= MIN_DIGEST_LENGTH && info->mac_length == KEY_ID_LENGTH + length &&
           crypto_equal(packet + info->mac_start + KEY_ID_LENGTH, digest, length);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reader of the key file, and owner of the table of keys in use. Called at the start and by the
 * rekey command. Key values are wiped when they are dropped, and never logged.
 */
#include "ntp/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/line_reader.h"
#include "base/log.h"
#include "base/text.h"

#define UNSAFE_MODE_BITS   0006
#define WORLD_READABLE_BIT 0004

struct ntp_keys {
    struct key_table *table; /* never NULL */
    uint64_t generation;
    struct ntp_key_file file;
};

/* The keys that are read, before the table is made. */
struct key_list {
    struct ntp_key *keys;
    size_t count;
    uint32_t bad_lines;
    int first_bad_line;
};

struct ntp_keys *ntp_keys_new(void)
{
    struct ntp_keys *keys = mem_alloc(sizeof(*keys));

    keys->table = key_table_new(NULL, 0);
    return keys;
}

void ntp_keys_free(struct ntp_keys *keys)
{
    if (!keys)
        return;
    key_table_free(keys->table);
    free(keys);
}

const struct key_table *ntp_keys_table(const struct ntp_keys *keys)
{
    return keys->table;
}

const struct ntp_key_file *ntp_keys_file(const struct ntp_keys *keys)
{
    return &keys->file;
}

struct plain_value ntp_keys_value(const struct ntp_keys *keys)
{
    return (struct plain_value){keys->table, key_table_size(keys->table), keys->generation};
}

static void key_clear(struct ntp_key *key)
{
    if (!key->value)
        return;
    crypto_wipe(key->value, key->length);
    free(key->value);
    key->value = NULL;
}

/* Replaces the table by one made of the list, and frees the list. */
static void use_list(struct ntp_keys *keys, struct key_list *list)
{
    key_table_free(keys->table);
    keys->table = key_table_new(list->keys, list->count);
    keys->generation++;
    for (size_t i = 0; i < list->count; i++)
        key_clear(&list->keys[i]);
    free(list->keys);
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
static bool key_is_usable(const struct ntp_key *key, const char *type_name, struct place at)
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
static bool parse_line(char *line, struct ntp_key *key, struct place at)
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
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    uint32_t x = ((const struct ntp_key *)a)->id, y = ((const struct ntp_key *)b)->id;

    return x < y ? -1 : x > y;
}

static void count_bad_line(struct key_list *list, int line)
{
    if (list->bad_lines++ == 0)
        list->first_bad_line = line;
}

static void read_keys(struct key_list *list, FILE *file, const char *path)
{
    struct line_reader reader = line_reader_start(file, path);
    enum line_result result;
    size_t capacity = 0;

    while ((result = line_reader_next(&reader)) != LINE_END) {
        const struct place at = {.path = path, .line = reader.number};
        struct ntp_key key = {0};

        if (result == LINE_TOO_LONG) {
            LOG_WARN("String too long at line %d in file %s; line ignored", at.line, path);
            count_bad_line(list, at.line);
            continue;
        }
        text_normalise(reader.line);
        if (reader.line[0] == '\0')
            continue;
        if (!parse_line(reader.line, &key, at)) {
            count_bad_line(list, at.line);
            continue;
        }
        if (list->count == capacity) {
            /* A move by realloc() is harmless: the list has pointers to the values, which stay in
               place. */
            capacity = capacity > 0 ? 2 * capacity : 16;
            list->keys = mem_resize(list->keys, capacity, sizeof(*list->keys));
        }
        list->keys[list->count++] = key;
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

/* The whole file, sorted by ID. */
static void read_file(struct key_list *list, FILE *file, const char *path)
{
    /* A buffer of the C library would keep a copy of keys that is not wiped. */
    setvbuf(file, NULL, _IONBF, 0);
    read_keys(list, file, path);
    fclose(file);

    LOG_INFO("Loaded %zu symmetric keys", list->count);
    if (list->count > 1)
        qsort(list->keys, list->count, sizeof(*list->keys), compare_keys);
    for (size_t i = 1; i < list->count; i++)
        if (list->keys[i].id == list->keys[i - 1].id)
            LOG_WARN("Detected duplicate key %u", list->keys[i].id);
}

/* errno is kept. */
static void note_file(struct ntp_keys *keys, const struct world *world, const char *path, int error)
{
    keys->file = (struct ntp_key_file){.time = world_mono_now(world), .error = error};
    text_copy_marked(keys->file.path, sizeof(keys->file.path), path ? path : "");
    errno = error;
}

bool ntp_keys_load(struct ntp_keys *keys, const struct world *world, const char *path)
{
    FILE *file = NULL;

    if (path) {
        warn_permissions(world, path);
        errno = ENOENT;
        file = world->ops->file_read(world->ctx, path);
    }
    note_file(keys, world, path, path && !file ? errno : 0);
    /* A file that is not there has no keys. If it cannot be read, the old keys stay. */
    if (path && !file && key_table_count(keys->table) > 0 && errno != ENOENT) {
        LOG_WARN("Could not open keyfile %s : %s; old keys stay in use", path, text_errno(errno));
        return false;
    }
    struct key_list list = {0};
    if (file)
        read_file(&list, file, path);
    else if (path)
        LOG_WARN("Could not open keyfile %s : %s", path, text_errno(errno));
    keys->file.bad_lines = list.bad_lines;
    keys->file.first_bad_line = list.first_bad_line;
    use_list(keys, &list);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS server's keys (nts.md 12.1, 12.2, 13). Owns the set, its rotation timer and the file
 * ntskeys; lives in the main process. A set in use is replaced as a whole or not at all, and key
 * octets leave this file only through the file and the two getters.
 */
#include "nts/server_keys.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/state_file.h"
#include "base/text.h"
#include "nts/file_line.h"

#define FILE_NAME     "ntskeys"
#define FORMAT_NOW    "NKS1"
#define FORMAT_OLD    "NKS0" /* one algorithm for all keys, on the second line */
#define FUTURE_OFFSET 1      /* from the current slot to the one that is current next */

struct nts_server_keys {
    struct world *world;
    struct loop *loop;
    char *path; /* NULL: keys are not kept */
    struct state_file *file;
    bool file_stays; /* it could not be read for lack of resources, so its keys may be good */
    int rotate;
    timer_id timer;
    void (*rotated)(void *arg); /* NULL: nobody */
    void *arg;
    struct nts_key_set set;
    uint64_t generation;    /* of the set */
    double last_generation; /* loop_uptime() */
};

static int preferred_aead(void)
{
    return aead_supported(AEAD_AES_128_GCM_SIV) ? AEAD_AES_128_GCM_SIV : AEAD_AES_SIV_CMAC_256;
}

static void expand_key(struct nts_server_keys *keys, unsigned int slot)
{
    const struct nts_server_key *key = &keys->set.keys[slot];

    crypto_wipe(&keys->set.ciphers[slot], sizeof(keys->set.ciphers[slot]));
    aead_cipher_init(&keys->set.ciphers[slot], key->aead, &key->key);
    keys->generation++;
}

static void generate_key(struct nts_server_keys *keys, unsigned int slot)
{
    struct nts_server_key *key = &keys->set.keys[slot];

    secret_wipe(&key->key);
    world_random(keys->world, &key->id, sizeof(key->id));
    key->id = (key->id & ~(uint32_t)(NTS_SERVER_KEYS - 1)) | slot;
    key->aead = preferred_aead();
    key->key.length = aead_key_length(key->aead);
    world_random(keys->world, key->key.data, key->key.length);
    expand_key(keys, slot);
    keys->last_generation = loop_uptime(keys->loop);
}

/* Saving */

static void write_file(FILE *stream, const void *arg)
{
    const struct nts_server_keys *keys = arg;
    char hex[2 * AEAD_MAX_KEY + 1];

    fprintf(stream, "%s\n%.1f\n", FORMAT_NOW, loop_uptime(keys->loop) - keys->last_generation);
    for (unsigned int i = 0; i < NTS_SERVER_KEYS; i++) {
        /* The oldest one follows the future one in the ring of slots. */
        unsigned int slot = (keys->set.current + FUTURE_OFFSET + 1 + i) % NTS_SERVER_KEYS;
        const struct nts_server_key *key = &keys->set.keys[slot];

        text_to_hex(key->key.data, key->key.length, hex);
        fprintf(stream, "%08X %s %d\n", (unsigned int)key->id, hex, key->aead);
    }
    crypto_wipe(hex, sizeof(hex));
}

void server_keys_save(struct nts_server_keys *keys)
{
    if (keys->file && keys->rotate > 0 && !keys->file_stays)
        state_file_write(keys->file, write_file, keys);
}

/* Loading */

struct loaded_keys {
    struct nts_server_key keys[NTS_SERVER_KEYS]; /* in the order of the file */
    double age;
    int common_aead; /* old format; 0: each line has its own */
};

static bool read_head(FILE *stream, struct file_line *line, struct loaded_keys *loaded)
{
    uint32_t aead;

    if (!file_line_read(stream, line) || line->word_count != 1)
        return false;
    if (strcmp(line->words[0], FORMAT_NOW) == 0)
        return file_line_read(stream, line) && line->word_count == 1 &&
               file_word_number(line->words[0], &loaded->age);
    if (strcmp(line->words[0], FORMAT_OLD) != 0 || !file_line_read(stream, line) ||
        line->word_count != 2 || !file_word_u32(line->words[0], &aead) || aead > UINT16_MAX ||
        !file_word_number(line->words[1], &loaded->age))
        return false;
    loaded->common_aead = (int)aead;
    return aead_supported(loaded->common_aead);
}

static bool read_key(FILE *stream, struct file_line *line, const struct loaded_keys *loaded,
                     struct nts_server_key *key)
{
    const bool has_aead = loaded->common_aead == 0;
    uint32_t aead;

    if (!file_line_read(stream, line) || line->word_count != (has_aead ? 3 : 2) ||
        !file_word_hex_u32(line->words[0], &key->id))
        return false;
    key->aead = loaded->common_aead;
    if (has_aead) {
        if (!file_word_u32(line->words[2], &aead) || aead > UINT16_MAX)
            return false;
        key->aead = (int)aead;
    }
    return file_word_key(line->words[1], key->aead, &key->key);
}

static bool read_file(FILE *stream, struct loaded_keys *loaded)
{
    struct file_line line;
    bool ok = read_head(stream, &line, loaded);

    for (unsigned int i = 0; ok && i < NTS_SERVER_KEYS; i++) {
        ok = read_key(stream, &line, loaded, &loaded->keys[i]);
        if (ok && i > 0)
            ok = loaded->keys[i].id % NTS_SERVER_KEYS ==
                 (loaded->keys[i - 1].id + 1) % NTS_SERVER_KEYS;
    }
    file_line_wipe(&line);
    return ok;
}

static void apply_loaded(struct nts_server_keys *keys, const struct loaded_keys *loaded)
{
    const unsigned int future = loaded->keys[NTS_SERVER_KEYS - 1].id % NTS_SERVER_KEYS;

    for (unsigned int i = 0; i < NTS_SERVER_KEYS; i++)
        keys->set.keys[loaded->keys[i].id % NTS_SERVER_KEYS] = loaded->keys[i];
    for (unsigned int slot = 0; slot < NTS_SERVER_KEYS; slot++)
        expand_key(keys, slot);
    keys->set.current = (future + NTS_SERVER_KEYS - FUTURE_OFFSET) % NTS_SERVER_KEYS;
    keys->last_generation = loop_uptime(keys->loop) - fmax(0.0, loaded->age);
}

/* True if the keys are now those of the file. */
static bool load(struct nts_server_keys *keys)
{
    struct loaded_keys loaded = {.common_aead = 0};
    struct file_buffer buffer;

    if (!keys->path)
        return false;
    FILE *stream = keys->world->ops->file_read(keys->world->ctx, keys->path);
    if (!stream) {
        int error = errno;

        keys->file_stays = error == EMFILE || error == ENFILE || error == ENOMEM;
        LOG(error == ENOENT ? LOG_SEV_DEBUG : LOG_SEV_WARN, "Could not open %s : %s%s", keys->path,
            text_errno(error), keys->file_stays ? "; it is not replaced until a rotation" : "");
        return false;
    }
    keys->file_stays = false;
    file_buffer_use(&buffer, stream);
    bool ok = read_file(stream, &loaded);
    fclose(stream);
    file_buffer_wipe(&buffer);
    if (ok) {
        apply_loaded(keys, &loaded);
        LOG_INFO("Loaded server NTS keys");
    } else {
        LOG_ERROR("Could not load server NTS keys");
    }
    crypto_wipe(&loaded, sizeof(loaded));
    return ok;
}

bool server_keys_reload(struct nts_server_keys *keys)
{
    /* With rotation it would delay the next one. */
    return keys->rotate != 0 || !keys->path || load(keys);
}

/* Rotation */

static void rotate(void *arg)
{
    struct nts_server_keys *keys = arg;

    keys->set.current = (keys->set.current + 1) % NTS_SERVER_KEYS;
    generate_key(keys, (keys->set.current + FUTURE_OFFSET) % NTS_SERVER_KEYS);
    keys->file_stays = false;
    /* The file as it was before has the key that is current now, as the future one. */
    if (keys->file)
        state_file_write_later(keys->file, keys->rotate, write_file, keys);
    keys->timer = loop_timer_add(keys->loop, keys->rotate, rotate, keys);
    if (keys->rotated)
        keys->rotated(keys->arg);
}

static void start_rotation(struct nts_server_keys *keys)
{
    double age = loop_uptime(keys->loop) - keys->last_generation;

    if (keys->rotate > 0)
        keys->timer = loop_timer_add(keys->loop, fmax(0.0, keys->rotate - age), rotate, keys);
}

/* New keys of which nothing is on the disk would be lost by a power cut, and all cookies with
   them. */
static void open_file(struct nts_server_keys *keys, const char *dump_dir)
{
    struct state_file_spec spec = {
        .mode = 0600, .failure = "Could not save server NTS keys", .sync_name = true};

    keys->path = file_path_join(dump_dir, FILE_NAME);
    spec.path = keys->path;
    keys->file = state_file_new(keys->world, keys->loop, &spec);
}

struct nts_server_keys *server_keys_new(struct world *world, struct loop *loop,
                                        const char *dump_dir, int rotate_interval)
{
    if (!aead_supported(AEAD_AES_SIV_CMAC_256))
        LOG_FATAL("Missing AES-SIV-CMAC-256");
    struct nts_server_keys *keys = mem_alloc(sizeof(*keys));
    keys->world = world;
    keys->loop = loop;
    keys->rotate = rotate_interval;
    for (unsigned int slot = 0; slot < NTS_SERVER_KEYS; slot++)
        generate_key(keys, slot);
    keys->set.current = NTS_SERVER_KEYS - 1;
    if (dump_dir)
        open_file(keys, dump_dir);
    else
        LOG_WARN("No ntsdumpdir to save server keys");
    if (!load(keys))
        server_keys_save(keys);
    start_rotation(keys);
    return keys;
}

void server_keys_free(struct nts_server_keys *keys)
{
    if (!keys)
        return;
    server_keys_save(keys);
    loop_timer_cancel(keys->loop, keys->timer);
    state_file_free(keys->file);
    free(keys->path);
    crypto_wipe(keys, sizeof(*keys));
    free(keys);
}

void server_keys_set_handler(struct nts_server_keys *keys, void (*rotated)(void *arg), void *arg)
{
    keys->rotated = rotated;
    keys->arg = arg;
}

const struct nts_server_key *server_keys_current(const struct nts_server_keys *keys)
{
    return &keys->set.keys[keys->set.current];
}

struct plain_value server_keys_value(const struct nts_server_keys *keys)
{
    return (struct plain_value){&keys->set, sizeof(keys->set), keys->generation};
}

enum server_keys_kept server_keys_kept(const struct nts_server_keys *keys, const char **path)
{
    *path = keys->path;
    if (!keys->file)
        return SERVER_KEYS_NOWHERE;
    return state_file_is_failing(keys->file) ? SERVER_KEYS_FAILING : SERVER_KEYS_KEPT;
}

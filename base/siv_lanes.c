/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AES-SIV-CMAC-256 (RFC 5297) of several messages at a time with libipsec-mb, which does the CMAC
 * of up to sixteen messages in parallel lanes of the processor. The library brings AES, its key
 * expansion, CMAC and counter mode as jobs; what is here is how RFC 5297 puts them together. It
 * uses memory and the processor only, no system calls. Keys are expanded for one run and wiped
 * after it.
 */
#include "config.h"

#include "base/siv_lanes.h"

#ifdef HAVE_IPSECMB

#include <dlfcn.h>
#include <endian.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define BLOCK 16u
#define HALF  16u /* of a key: K1 is for the MAC, K2 for the key stream */

/* Another release may have other structures. The header makes the version of the library in
   memory comparable; the last of its three numbers does not count. */
#define RELEASE(version) ((version) >> 8)
#if IMB_VERSION_NUM >= IMB_VERSION(2, 0, 0)
#define LIBRARY_NAME "libIPSec_MB.so.2"
#else
#define LIBRARY_NAME "libIPSec_MB.so.1"
#endif

struct round_keys {
    _Alignas(16) uint32_t words[11 * BLOCK / sizeof(uint32_t)];
};

struct expanded {
    struct round_keys mac;
    struct round_keys stream;
    _Alignas(16) uint8_t whole[BLOCK]; /* is added to a last block of 16 octets in CMAC */
    _Alignas(16) uint8_t part[BLOCK];  /* to a padded one */
    bool has_stream;
};

/* A block as a number, of which the first octet is the highest. */
struct number {
    uint64_t high;
    uint64_t low;
};

/* The strings before the text whose MACs go into the result, in their order (RFC 5297, 2.4). */
enum { OF_ZERO, OF_AD, OF_NONCE, MACS };

struct message {
    struct expanded *key;
    _Alignas(16) uint8_t single[MACS][BLOCK]; /* MACs of strings of one block */
    uint8_t macs[MACS][BLOCK];                /* of the longer ones */
    uint8_t result[BLOCK];                    /* V */
    uint8_t counter[BLOCK];
    struct number digest; /* D of RFC 5297 */
    uint8_t *text;        /* where the plaintext is worked on: the place of the output */
    size_t text_length;
};

struct siv_lanes {
    void *library;
    IMB_MGR *manager;
    __typeof__(free_mb_mgr) *free_manager;
    struct round_keys unused; /* those for decryption, which come with the others */
    struct expanded keys[AEAD_BATCH_SIZE];
    struct message messages[AEAD_BATCH_SIZE];
};

/* ---- Jobs ---- */

static void drop_completed(IMB_MGR *manager, const IMB_JOB *job)
{
    while (job)
        job = IMB_GET_COMPLETED_JOB(manager);
}

static void finish_jobs(IMB_MGR *manager)
{
    while (IMB_FLUSH_JOB(manager))
        ;
}

static void add_mac(IMB_MGR *manager, const struct expanded *key, const uint8_t *data,
                    size_t length, uint8_t *mac)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(manager);

    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
    job->hash_alg = IMB_AUTH_AES_CMAC;
    job->src = data;
    job->hash_start_src_offset_in_bytes = 0;
    job->msg_len_to_hash_in_bytes = length;
    job->auth_tag_output = mac;
    job->auth_tag_output_len_in_bytes = BLOCK;
    job->u.CMAC._key_expanded = key->mac.words;
    job->u.CMAC._skey1 = key->whole;
    job->u.CMAC._skey2 = key->part;
    drop_completed(manager, IMB_SUBMIT_JOB_NOCHECK(manager));
}

static void add_cipher(struct siv_lanes *lanes, IMB_CIPHER_MODE mode, const struct round_keys *key,
                       const uint8_t *counter, const uint8_t *in, size_t length, uint8_t *out)
{
    IMB_JOB *job = IMB_GET_NEXT_JOB(lanes->manager);

    job->cipher_mode = mode;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_CIPHER_HASH;
    job->hash_alg = IMB_AUTH_NULL;
    job->src = in;
    job->dst = out;
    job->cipher_start_src_offset_in_bytes = 0;
    job->msg_len_to_cipher_in_bytes = length;
    job->iv = counter;
    job->iv_len_in_bytes = counter ? BLOCK : 0;
    job->enc_keys = key->words;
    job->dec_keys = lanes->unused.words;
    job->key_len_in_bytes = HALF;
    drop_completed(lanes->manager, IMB_SUBMIT_JOB_NOCHECK(lanes->manager));
}

/* ---- Blocks ---- */

static struct number number_of(const uint8_t *block)
{
    struct number n;

    memcpy(&n, block, sizeof(n));
    return (struct number){be64toh(n.high), be64toh(n.low)};
}

static void put_number(uint8_t *block, struct number n)
{
    n = (struct number){htobe64(n.high), htobe64(n.low)};
    memcpy(block, &n, sizeof(n));
}

static struct number sum(struct number a, struct number b)
{
    return (struct number){a.high ^ b.high, a.low ^ b.low};
}

/* RFC 5297, 2.3: doubles in GF(2^128), without a branch that depends on the value. */
static struct number doubled(struct number n)
{
    return (struct number){n.high << 1 | n.low >> 63, n.low << 1 ^ (0x87 & -(n.high >> 63))};
}

/* A string of at most a block; a shorter one has 10...0 behind it. */
static struct number padded(const uint8_t *data, size_t length)
{
    uint8_t block[BLOCK] = {0};

    if (length == BLOCK)
        return number_of(data);
    if (length == 0)
        return (struct number){(uint64_t)1 << 63, 0};
    memcpy(block, data, length);
    block[length] = 0x80;
    return number_of(block);
}

/* What AES makes the MAC of a string of at most one block from. */
static void put_single(const struct expanded *key, uint8_t *block, const uint8_t *data,
                       size_t length)
{
    put_number(block,
               sum(padded(data, length), number_of(length == BLOCK ? key->whole : key->part)));
}

static void add_to_end(const struct message *m)
{
    uint8_t *end = m->text + m->text_length - BLOCK;

    put_number(end, sum(number_of(end), m->digest));
}

/* The initial counter: V without the bits that a carry would cross (RFC 5297, 2.6). */
static void set_counter(struct message *m, const uint8_t *v)
{
    struct number n = number_of(v);

    n.low &= ~((uint64_t)1 << 63 | (uint64_t)1 << 31);
    put_number(m->counter, n);
}

/* ---- Steps of all messages ---- */

static void expand(struct siv_lanes *lanes, struct expanded *key, const struct secret *secret)
{
    IMB_AES_KEYEXP_128(lanes->manager, secret->data, key->mac.words, lanes->unused.words);
    IMB_AES_CMAC_SUBKEY_GEN_128(lanes->manager, key->mac.words, key->whole, key->part);
    key->has_stream = false;
}

/* A message without text needs no key stream. */
static void expand_stream(struct siv_lanes *lanes, struct expanded *key,
                          const struct secret *secret)
{
    if (key->has_stream)
        return;
    IMB_AES_KEYEXP_128(lanes->manager, secret->data + HALF, key->stream.words, lanes->unused.words);
    key->has_stream = true;
}

static void prepare(struct siv_lanes *lanes, struct message *m, const struct aead_work *w)
{
    m->text_length = w->seal ? w->in_length : w->in_length - AEAD_TAG_LENGTH;
    m->text = w->seal ? w->out + AEAD_TAG_LENGTH : w->out;
    if (m->text_length > 0)
        expand_stream(lanes, m->key, w->key);
    memcpy(m->single[OF_ZERO], m->key->whole, BLOCK); /* the MAC of a block of zeros */
    if (w->ad_length <= BLOCK)
        put_single(m->key, m->single[OF_AD], w->ad, w->ad_length);
    if (w->nonce_length <= BLOCK)
        put_single(m->key, m->single[OF_NONCE], w->nonce, w->nonce_length);
}

/* Plaintexts, and the MACs of everything before them. */
static void start_message(struct siv_lanes *lanes, struct message *m, const struct aead_work *w)
{
    add_cipher(lanes, IMB_CIPHER_ECB, &m->key->mac, NULL, m->single[0], sizeof(m->single),
               m->single[0]);
    if (w->ad_length > BLOCK)
        add_mac(lanes->manager, m->key, w->ad, w->ad_length, m->macs[OF_AD]);
    if (w->nonce_length > BLOCK)
        add_mac(lanes->manager, m->key, w->nonce, w->nonce_length, m->macs[OF_NONCE]);
    if (m->text_length == 0)
        return;
    if (w->seal) {
        memcpy(m->text, w->in, m->text_length);
        return;
    }
    set_counter(m, w->in);
    add_cipher(lanes, IMB_CIPHER_CNTR, &m->key->stream, m->counter, w->in + AEAD_TAG_LENGTH,
               m->text_length, m->text);
}

static void add_text(struct siv_lanes *lanes, struct message *m, const struct aead_work *w)
{
    const uint8_t *ad = w->ad_length > BLOCK ? m->macs[OF_AD] : m->single[OF_AD];
    const uint8_t *nonce = w->nonce_length > BLOCK ? m->macs[OF_NONCE] : m->single[OF_NONCE];

    m->digest = sum(doubled(number_of(m->single[OF_ZERO])), number_of(ad));
    m->digest = sum(doubled(m->digest), number_of(nonce));
    if (m->text_length > BLOCK) {
        add_to_end(m);
        add_mac(lanes->manager, m->key, m->text, m->text_length, m->result);
        return;
    }
    struct number d = m->text_length < BLOCK ? doubled(m->digest) : m->digest;
    put_number(m->result, sum(sum(padded(m->text, m->text_length), d), number_of(m->key->whole)));
    add_cipher(lanes, IMB_CIPHER_ECB, &m->key->mac, NULL, m->result, BLOCK, m->result);
}

static void end_message(struct siv_lanes *lanes, struct message *m, const struct aead_work *w)
{
    if (m->text_length > BLOCK)
        add_to_end(m);
    if (w->seal) {
        memcpy(w->out, m->result, BLOCK);
        set_counter(m, m->result);
        if (m->text_length > 0)
            add_cipher(lanes, IMB_CIPHER_CNTR, &m->key->stream, m->counter, m->text, m->text_length,
                       m->text);
    } else if (!crypto_equal(m->result, w->in, BLOCK)) {
        crypto_wipe(m->text, m->text_length);
        *w->failed = true;
    }
}

void siv_lanes_run(struct siv_lanes *lanes, const struct aead_work *works, size_t count)
{
    size_t keys = 0;

    for (size_t i = 0; i < count; i++) {
        /* Cookies of a batch have the same key as a rule. */
        if (i == 0 || works[i].key != works[i - 1].key)
            expand(lanes, &lanes->keys[keys++], works[i].key);
        lanes->messages[i].key = &lanes->keys[keys - 1];
        prepare(lanes, &lanes->messages[i], &works[i]);
    }
    for (size_t i = 0; i < count; i++)
        start_message(lanes, &lanes->messages[i], &works[i]);
    finish_jobs(lanes->manager);
    for (size_t i = 0; i < count; i++)
        add_text(lanes, &lanes->messages[i], &works[i]);
    finish_jobs(lanes->manager);
    for (size_t i = 0; i < count; i++)
        end_message(lanes, &lanes->messages[i], &works[i]);
    finish_jobs(lanes->manager);
    crypto_wipe(&lanes->unused, sizeof(lanes->unused));
    crypto_wipe(lanes->keys, keys * sizeof(lanes->keys[0]));
    crypto_wipe(lanes->messages, count * sizeof(lanes->messages[0]));
}

/* ---- Start and stop ---- */

static bool start_manager(struct siv_lanes *lanes)
{
    __typeof__(imb_get_version) *version;
    __typeof__(alloc_mb_mgr) *new_manager;
    __typeof__(init_mb_mgr_auto) *init_manager;

    lanes->library = dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!lanes->library)
        return false;
    *(void **)&version = dlsym(lanes->library, "imb_get_version");
    *(void **)&new_manager = dlsym(lanes->library, "alloc_mb_mgr");
    *(void **)&init_manager = dlsym(lanes->library, "init_mb_mgr_auto");
    *(void **)&lanes->free_manager = dlsym(lanes->library, "free_mb_mgr");
    if (!version || !new_manager || !init_manager || !lanes->free_manager ||
        RELEASE(version()) != RELEASE(IMB_VERSION_NUM))
        return false;
    lanes->manager = new_manager(0);
    /* Without AES instructions the library is slower than Nettle; built without the other feature,
       it keeps copies of keys. */
    const uint64_t needed = IMB_FEATURE_AESNI | IMB_FEATURE_SAFE_DATA;
    if (!lanes->manager || (lanes->manager->features & needed) != needed)
        return false;
    init_manager(lanes->manager, NULL);
    return lanes->manager->imb_errno == 0;
}

struct siv_lanes *siv_lanes_new(void)
{
    struct siv_lanes *lanes = mem_alloc(sizeof(*lanes));

    if (start_manager(lanes))
        return lanes;
    siv_lanes_free(lanes);
    return NULL;
}

void siv_lanes_free(struct siv_lanes *lanes)
{
    if (!lanes)
        return;
    if (lanes->manager)
        lanes->free_manager(lanes->manager);
    if (lanes->library)
        dlclose(lanes->library);
    free(lanes);
}

#else

struct siv_lanes *siv_lanes_new(void)
{
    return NULL;
}

void siv_lanes_free(struct siv_lanes *lanes)
{
}

void siv_lanes_run(struct siv_lanes *lanes, const struct aead_work *works, size_t count)
{
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of AEAD operations: the recorded vectors, and random operations beside those of
 * base/crypto.h, which does one at a time. By hand with more of them: aead_batch BATCHES [SEED]
 */
#include "test/unit/support/unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/aead_batch.h"
#include "base/number.h"
#include "base/text.h"

#define MAX_TEXT  1200
#define MAX_BATCH (2 * AEAD_BATCH_SIZE + 3)
#define BATCHES   400

struct operation {
    struct secret key;
    struct aead_cipher cipher;
    uint8_t nonce[MAX_TEXT];
    uint8_t ad[MAX_TEXT];
    uint8_t in[MAX_TEXT + AEAD_TAG_LENGTH];
    uint8_t out[MAX_TEXT + AEAD_TAG_LENGTH + 1];
    uint8_t expected[MAX_TEXT + AEAD_TAG_LENGTH + 1];
    struct aead_work work;
    bool failed;
    bool must_fail;
};

struct fixture {
    struct aead_batch *batches[2]; /* one after another; parallel, or NULL */
    uint64_t random;
    long count;
    struct operation operations[MAX_BATCH];
};

static struct fixture fixture = {.random = 1, .count = BATCHES};

static uint32_t draw(struct fixture *f, uint32_t below)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((f->random >> 32) * below >> 32);
}

static void draw_bytes(struct fixture *f, uint8_t *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        out[i] = (uint8_t)draw(f, 256);
}

/* Often those around the ends of blocks, and those that packets have. */
static size_t draw_length(struct fixture *f, size_t max)
{
    static const size_t usual[] = {0,  1,  15, 16,  17,  31,  32,  33,
                                   48, 64, 84, 104, 188, 255, 256, 832};
    size_t length = draw(f, 3) > 0 ? usual[draw(f, COUNT(usual))] : draw(f, (uint32_t)max + 1);

    return length > max ? max : length;
}

static bool do_singly(const struct aead_work *w, uint8_t *out)
{
    return w->seal ? aead_seal(w->id, w->key, w->nonce, w->nonce_length, w->ad, w->ad_length, w->in,
                               w->in_length, out)
                   : aead_open(w->id, w->key, w->nonce, w->nonce_length, w->ad, w->ad_length, w->in,
                               w->in_length, out);
}

/* Makes what is to be opened, and perhaps changes something in it. */
static void seal_input(struct fixture *f, struct operation *o, size_t length)
{
    struct aead_work w = o->work;

    w.seal = true;
    w.in_length = length;
    assert_true(do_singly(&w, o->expected));
    memcpy(o->in, o->expected, length + AEAD_TAG_LENGTH);
    o->work.in_length = length + AEAD_TAG_LENGTH;
    switch (draw(f, 8)) {
    case 0:
        o->in[draw(f, (uint32_t)o->work.in_length)] ^= (uint8_t)(1u << draw(f, 8));
        break;
    case 1:
        o->nonce[draw(f, (uint32_t)w.nonce_length)] ^= 0x80;
        break;
    case 2:
        if (w.ad_length == 0)
            return;
        o->ad[draw(f, (uint32_t)w.ad_length)] ^= 1;
        break;
    case 3:
        o->work.in_length = draw(f, AEAD_TAG_LENGTH);
        break;
    default:
        return;
    }
    o->must_fail = true;
}

/* With the key of the one before as often as cookies have it. */
static void make_operation(struct fixture *f, struct operation *o, const struct operation *before)
{
    const bool shares = before && draw(f, 3) > 0;
    struct aead_work *w = &o->work;
    size_t length = draw_length(f, MAX_TEXT);

    o->failed = o->must_fail = false;
    if (!shares) {
        o->key.length = aead_key_length(AEAD_AES_SIV_CMAC_256);
        draw_bytes(f, o->key.data, o->key.length);
        assert_true(aead_cipher_init(&o->cipher, AEAD_AES_SIV_CMAC_256, &o->key));
    }
    *w = (struct aead_work){
        .id = AEAD_AES_SIV_CMAC_256,
        .key = shares ? before->work.key : &o->key,
        .cipher = NULL,
        .seal = draw(f, 2) == 0,
        .nonce = o->nonce,
        .nonce_length = draw(f, 4) > 0 ? 16 : 1 + draw_length(f, 40),
        .ad = o->ad,
        .ad_length = draw_length(f, MAX_TEXT),
        .in = o->in,
        .in_length = length,
        .out = o->out,
        .failed = &o->failed,
    };
    if (draw(f, 2) == 0)
        w->cipher = shares ? before->work.cipher : &o->cipher;
    draw_bytes(f, o->nonce, w->nonce_length);
    draw_bytes(f, o->ad, w->ad_length);
    draw_bytes(f, o->in, length);
    if (!w->seal)
        seal_input(f, o, length);
}

static size_t output_length(const struct aead_work *w)
{
    return w->seal ? w->in_length + AEAD_TAG_LENGTH : w->in_length - AEAD_TAG_LENGTH;
}

static void check_operation(struct operation *o)
{
    const bool ok = do_singly(&o->work, o->expected);

    assert_int_equal(ok, !o->must_fail);
    assert_int_equal(o->failed, o->must_fail);
    if (!ok)
        return;
    assert_memory_equal(o->out, o->expected, output_length(&o->work));
    assert_int_equal(o->out[output_length(&o->work)], 0xee);
}

static void run_batch(struct fixture *f, struct aead_batch *batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct operation *o = &f->operations[i];

        o->failed = false;
        memset(o->out, 0xee, sizeof(o->out));
        aead_batch_add(batch, &o->work);
    }
    aead_batch_run(batch);
    for (size_t i = 0; i < count; i++)
        check_operation(&f->operations[i]);
}

static void results_are_those_of_single_operations(void **state)
{
    struct fixture *f = &fixture;
    long operations = 0, forged = 0;

    if (!aead_supported(AEAD_AES_SIV_CMAC_256))
        skip();
    for (long i = 0; i < f->count; i++) {
        const size_t count = 1 + draw(f, MAX_BATCH);

        for (size_t j = 0; j < count; j++) {
            make_operation(f, &f->operations[j], j > 0 ? &f->operations[j - 1] : NULL);
            forged += f->operations[j].must_fail;
        }
        run_batch(f, f->batches[i % 2] ? f->batches[i % 2] : f->batches[0], count);
        operations += (long)count;
    }
    run_batch(f, NULL, 1);
    assert_true(forged > operations / 10);
    print_message("%ld operations, %ld of them forged\n", operations, forged);
}

static size_t hex(const json_t *value, uint8_t *out, size_t size)
{
    const char *text = json_string_value(value);

    return text && text[0] != '\0' ? text_from_hex(text, out, size) : 0;
}

/* Those of the vectors with a nonce and one string of associated data, which NTS can have. */
static size_t load_vectors(struct fixture *f, const json_t *list)
{
    size_t index, count = 0;
    json_t *entry;

    json_array_foreach(list, index, entry)
    {
        struct operation *o = &f->operations[count];
        const json_t *ad = json_object_get(entry, "associated_data");

        if (!json_string_value(json_object_get(entry, "nonce")) ||
            (json_is_array(ad) && json_array_size(ad) != 1))
            continue;
        o->key.length = hex(json_object_get(entry, "key"), o->key.data, sizeof(o->key.data));
        o->work = (struct aead_work){
            .id = AEAD_AES_SIV_CMAC_256,
            .key = &o->key,
            .seal = true,
            .nonce = o->nonce,
            .nonce_length = hex(json_object_get(entry, "nonce"), o->nonce, MAX_TEXT),
            .ad = o->ad,
            .ad_length = hex(json_is_array(ad) ? json_array_get(ad, 0) : ad, o->ad, MAX_TEXT),
            .in = o->in,
            .in_length = hex(json_object_get(entry, "plaintext"), o->in, MAX_TEXT),
            .out = o->out,
            .failed = &o->failed,
        };
        o->failed = o->must_fail = false;
        hex(json_object_get(entry, "ciphertext_tag_first"), o->expected, sizeof(o->expected));
        count++;
    }
    return count;
}

static void recorded_vectors(void **state)
{
    struct fixture *f = &fixture;
    json_t *root = json_load_file(TEST_DATA_DIR "/nts/aead.json", 0, NULL);

    if (!aead_supported(AEAD_AES_SIV_CMAC_256))
        skip();
    assert_non_null(root);
    for (size_t i = 0; i < COUNT(f->batches); i++) {
        const size_t count = load_vectors(f, json_object_get(root, "aes_siv"));

        assert_int_equal(count, 6);
        for (size_t j = 0; j < count; j++)
            aead_batch_add(f->batches[i], &f->operations[j].work);
        aead_batch_run(f->batches[i]);
        for (size_t j = 0; j < count; j++) {
            struct operation *o = &f->operations[j];

            assert_false(o->failed);
            assert_memory_equal(o->out, o->expected, output_length(&o->work));
        }
        run_batch(f, f->batches[i], count);
    }
    json_decref(root);
}

static void other_algorithms_and_wrong_lengths_fail_as_they_do_singly(void **state)
{
    struct fixture *f = &fixture;

    if (!aead_supported(AEAD_AES_SIV_CMAC_256))
        skip();
    for (size_t b = 0; b < COUNT(f->batches); b++) {
        for (size_t i = 0; i < 8; i++) {
            struct operation *o = &f->operations[i];

            make_operation(f, o, NULL);
            o->work.cipher = NULL;
            if (i % 4 == 0)
                o->work.id = 14;
            else if (i % 4 == 1)
                o->key.length--;
            else if (i % 4 == 2)
                o->work.nonce_length = 0;
            o->must_fail |= i % 4 < 3;
        }
        run_batch(f, f->batches[b], 8);
    }
}

/* RFC 5297 by hand: the MAC of zero, associated data of 40 octets in 3 blocks, the nonce, the text
   of 33 octets in 3, and 3 of the key stream. */
static void work_is_counted(void **state)
{
    struct fixture *f = &fixture;
    struct operation *o = &f->operations[0];

    if (!aead_supported(AEAD_AES_SIV_CMAC_256))
        skip();
    for (size_t b = 0; b < COUNT(f->batches) && f->batches[b]; b++) {
        const struct aead_counts before = *aead_batch_counts(f->batches[b]);
        const struct aead_counts *after = aead_batch_counts(f->batches[b]);

        make_operation(f, o, NULL);
        o->work.cipher = NULL;
        o->work.seal = true;
        o->work.nonce_length = 16;
        o->work.ad_length = 40;
        o->work.in_length = 33;
        o->must_fail = false;
        run_batch(f, f->batches[b], 1);
        assert_int_equal(after->operations - before.operations, 1);
        assert_int_equal(after->expansions - before.expansions, 2);
        assert_int_equal(after->blocks - before.blocks, 1 + 3 + 1 + 3 + 3);
        o->work.cipher = &o->cipher;
        run_batch(f, f->batches[b], 1);
        assert_int_equal(after->operations - before.operations, 2);
        assert_int_equal(after->expansions - before.expansions, 2);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_vectors),
        cmocka_unit_test(results_are_those_of_single_operations),
        cmocka_unit_test(other_algorithms_and_wrong_lengths_fail_as_they_do_singly),
        cmocka_unit_test(work_is_counted),
    };

    if (argc > 1)
        fixture.count = strtol(argv[1], NULL, 10);
    if (argc > 2)
        fixture.random = strtoull(argv[2], NULL, 10);
    fixture.batches[0] = aead_batch_new(false);
    fixture.batches[1] = aead_batch_new(true);
    print_message("%s\n", fixture.batches[1] ? "with libipsec-mb" : "without libipsec-mb");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aead_batch_free(fixture.batches[0]);
    aead_batch_free(fixture.batches[1]);
    return failed;
}

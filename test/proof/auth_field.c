/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authenticator of NTS packets.
 *
 * Proved: with every content and length of the field no octet outside of it is read, the AEAD
 * gets only what is inside of the field and of the packet before it, its plaintext fits into the
 * buffer, and a length of plaintext is given only if it accepted. A field that is added is within
 * the room of the packet and the longest packet, has the length that was asked for at least,
 * starts where the packet ended, and authenticates all before it; no octet outside is written.
 * Assumed: a field anywhere in a packet of up to 1140 octets, as the walk over the fields gives it
 * (proved for that in packet.c). For adding: a writer with room for up to 1204 octets, so that the
 * limit of a packet counts, at any place in it, failed or not; a plaintext of up to 1140 octets,
 * and any greater length of it, which must be refused.
 * Stubs: the AEAD below aead_work_run(), which accepts or refuses as it likes and asserts what it
 * may read and write.
 *
 * sources: nts/auth_field.c base/aead_batch.c base/wire.c
 * options: --unwind 5
 */
#include "nts/auth_field.h"
#include "test/proof/proof.h"

#define MAX_ROOM (NTP_MAX_LENGTH + 64)

static bool accepted;
static const uint8_t *expected_packet;
static size_t expected_start, sealed_end;

size_t aead_max_nonce(int id)
{
    if (id == AEAD_AES_SIV_CMAC_256)
        return AEAD_MAX_NONCE;
    return id == AEAD_AES_128_GCM_SIV ? 12 : 0;
}

bool aead_open(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const uint8_t *sealed, size_t sealed_length,
               uint8_t *out)
{
    proof_assert(nonce_length > 0 && sealed_length >= AEAD_TAG_LENGTH);
    proof_assert(ad == expected_packet && ad_length == expected_start);
    proof_assert_readable(ad, ad_length);
    proof_assert_readable(nonce, nonce_length);
    proof_assert_readable(sealed, sealed_length);
    proof_assert_writable(out, sealed_length - AEAD_TAG_LENGTH);
    accepted = nondet_bool();
    return accepted;
}

bool aead_seal(int id, const struct secret *key, const uint8_t *nonce, size_t nonce_length,
               const void *ad, size_t ad_length, const void *in, size_t length, uint8_t *out)
{
    const size_t start = expected_start + 8;

    proof_assert(nonce_length > 0 && nonce == expected_packet + start);
    proof_assert(ad == expected_packet && ad_length == expected_start);
    proof_assert(out >= nonce + nonce_length && out < nonce + nonce_length + 4);
    proof_assert_readable(ad, ad_length);
    proof_assert_readable(nonce, nonce_length);
    proof_assert_readable(in, length);
    proof_assert_writable(out, length + AEAD_TAG_LENGTH);
    sealed_end = (size_t)(out - expected_packet) + length + AEAD_TAG_LENGTH;
    accepted = nondet_bool();
    return accepted;
}

void prove_open(void)
{
    size_t length = size_within(NTP_HEADER_LENGTH, NTP_MAX_LENGTH), plain_length;
    uint8_t *packet = any_octets(length);
    uint8_t plain[NTP_MAX_LENGTH];
    struct secret key;
    struct ntp_ext_field field = {.start = size_within(NTP_HEADER_LENGTH, length),
                                  .type = nondet_u16()};

    field.length = size_within(NTP_MIN_EXT_LENGTH, NTP_MAX_LENGTH);
    proof_assume(field.length % 4 == 0 && field.length <= length - field.start);
    field.body = packet + field.start + 4;
    field.body_length = field.length - 4;
    expected_packet = packet;
    expected_start = field.start;
    if (!auth_field_open(packet, &field, nondet_int(), &key, plain, &plain_length)) {
        proof_assert(plain_length == 0);
        proof_reached("refused");
        return;
    }
    proof_reached("opened");
    proof_assert(accepted && field.type == NTP_EXT_NTS_AUTH);
    proof_assert(plain_length <= sizeof(plain) && plain_length < field.length);
}

void prove_add(void)
{
    size_t size = size_within(0, MAX_ROOM), plain_length = nondet_size();
    size_t min_length = nondet_size();
    uint8_t *packet = any_octets(size), *plain = any_octets(size_within(0, NTP_MAX_LENGTH));
    uint8_t nonce[NTS_NONCE_LENGTH];
    struct secret key;
    struct writer w = {.data = packet, .size = size, .failed = nondet_bool()};

    w.pos = size_within(0, size);
    proof_assume(plain_length > NTP_MAX_LENGTH || __CPROVER_r_ok(plain, plain_length));
    expected_packet = packet;
    expected_start = w.pos;
    if (!auth_field_add(&w, nondet_int(), &key, nonce, plain, plain_length, min_length)) {
        proof_assert(w.failed);
        proof_reached("not added");
        return;
    }
    proof_reached("added");
    const size_t length = w.pos - expected_start;
    proof_assert(accepted && !w.failed && w.pos > expected_start);
    proof_assert(w.pos <= size && w.pos <= NTP_MAX_LENGTH);
    proof_assert(length % 4 == 0 && length >= min_length && sealed_end <= w.pos);
    const uint8_t *field = packet + expected_start;
    proof_assert((field[0] << 8 | field[1]) == NTP_EXT_NTS_AUTH);
    proof_assert((size_t)(field[2] << 8 | field[3]) == length);
    proof_assert((size_t)(field[6] << 8 | field[7]) == plain_length + AEAD_TAG_LENGTH);
}

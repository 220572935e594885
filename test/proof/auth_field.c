/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authenticator of NTS packets.
 *
 * Proved: with every content and length of the field no octet outside of it is read, the AEAD
 * gets only what is inside of the field and of the packet before it, its plaintext fits into the
 * buffer, and a length of plaintext is given only if it accepted.
 * Assumed: a field anywhere in a packet of up to 1140 octets, as the walk over the fields gives it
 * (proved for that in packet.c).
 * Stubs: the AEAD below aead_work_run(), which accepts or refuses as it likes and asserts what it
 * may read and write.
 *
 * sources: nts/auth_field.c base/aead_batch.c base/wire.c
 * options: --unwind 5
 */
#include "nts/auth_field.h"
#include "test/proof/proof.h"

static bool accepted;
static const uint8_t *expected_packet;

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
    proof_assert(ad == expected_packet);
    proof_assert_readable(ad, ad_length);
    proof_assert_readable(nonce, nonce_length);
    proof_assert_readable(sealed, sealed_length);
    proof_assert_writable(out, sealed_length - AEAD_TAG_LENGTH);
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
    if (!auth_field_open(packet, &field, nondet_int(), &key, plain, &plain_length)) {
        proof_assert(plain_length == 0);
        proof_reached("refused");
        return;
    }
    proof_reached("opened");
    proof_assert(accepted && field.type == NTP_EXT_NTS_AUTH);
    proof_assert(plain_length <= sizeof(plain) && plain_length < field.length);
}

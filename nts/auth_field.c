/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS authenticator field (nts.md 9.2). Called for every NTS packet that is sent or received,
 * with lengths that come from outside: all of them are checked against the body before an octet is
 * read. It must never give out plaintext that was not authenticated.
 */
#include "nts/auth_field.h"

#include <string.h>

#define HEADER_LENGTH  4u /* type, length */
#define LENGTHS_LENGTH 4u /* of nonce and ciphertext */

/* Rounded up to a multiple of 4; only for values that are far from the end of the type. */
static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

static size_t own_nonce_length(int aead)
{
    size_t max = aead_max_nonce(aead);

    return max < NTS_NONCE_LENGTH ? max : NTS_NONCE_LENGTH;
}

static int packet_version(const uint8_t *packet)
{
    return (packet[0] >> 3) & 7;
}

static bool can_add(const struct writer *w, size_t nonce_length, size_t plain_length,
                    size_t min_length)
{
    return !w->failed && nonce_length > 0 && w->pos >= NTP_HEADER_LENGTH && w->pos % 4 == 0 &&
           packet_version(w->data) == NTP_VERSION && plain_length <= NTP_MAX_LENGTH &&
           min_length <= NTP_MAX_LENGTH;
}

bool auth_field_prepare(struct writer *w, int aead, const struct secret *key,
                        const uint8_t nonce[NTS_NONCE_LENGTH], const uint8_t *plain,
                        size_t plain_length, size_t min_length, struct aead_work *work)
{
    const size_t n = own_nonce_length(aead), start = w->pos;

    if (!can_add(w, n, plain_length, min_length)) {
        w->failed = true;
        return false;
    }
    size_t sealed_length = plain_length + AEAD_TAG_LENGTH;
    size_t field_length = HEADER_LENGTH + LENGTHS_LENGTH + padded(n) + padded(sealed_length);
    if (field_length < padded(min_length))
        field_length = padded(min_length);
    if (start > NTP_MAX_LENGTH || field_length > NTP_MAX_LENGTH - start) {
        w->failed = true;
        return false;
    }
    writer_u16(w, NTP_EXT_NTS_AUTH);
    writer_u16(w, (uint16_t)field_length);
    writer_u16(w, (uint16_t)n);
    writer_u16(w, (uint16_t)sealed_length);
    const size_t nonce_start = w->pos;
    writer_bytes(w, nonce, n);
    writer_zeros(w, padded(n) - n);
    const size_t sealed_start = w->pos;
    writer_zeros(w, field_length - (w->pos - start));
    if (w->failed)
        return false;
    *work = (struct aead_work){
        .id = aead,
        .key = key,
        .seal = true,
        .nonce = w->data + nonce_start,
        .nonce_length = n,
        .ad = w->data,
        .ad_length = start,
        .in = plain,
        .in_length = plain_length,
        .out = w->data + sealed_start,
    };
    return true;
}

bool auth_field_add(struct writer *w, int aead, const struct secret *key,
                    const uint8_t nonce[NTS_NONCE_LENGTH], const uint8_t *plain,
                    size_t plain_length, size_t min_length)
{
    struct aead_work work;

    if (!auth_field_prepare(w, aead, key, nonce, plain, plain_length, min_length, &work))
        return false;
    work.failed = &w->failed;
    aead_work_run(&work);
    return !w->failed;
}

bool auth_field_find(const uint8_t *packet, const struct ntp_ext_field *field, int aead,
                     const struct secret *key, uint8_t plain[NTP_MAX_LENGTH],
                     struct aead_work *work)
{
    struct reader r = reader_make(field->body, field->body_length);
    const size_t nonce_length = reader_u16(&r), sealed_length = reader_u16(&r);

    if (r.failed || field->type != NTP_EXT_NTS_AUTH || nonce_length < 1 ||
        sealed_length < AEAD_TAG_LENGTH || sealed_length - AEAD_TAG_LENGTH > NTP_MAX_LENGTH)
        return false;
    const uint8_t *nonce = reader_view(&r, nonce_length);
    reader_skip(&r, padded(nonce_length) - nonce_length);
    const uint8_t *sealed = reader_view(&r, sealed_length);
    reader_skip(&r, padded(sealed_length) - sealed_length);
    /* Even with a short nonce, there must be room for a full one. */
    if (r.failed ||
        LENGTHS_LENGTH + own_nonce_length(aead) + padded(sealed_length) > field->body_length)
        return false;
    *work = (struct aead_work){
        .id = aead,
        .key = key,
        .nonce = nonce,
        .nonce_length = nonce_length,
        .ad = packet,
        .ad_length = field->start,
        .in = sealed,
        .in_length = sealed_length,
        .out = plain,
    };
    return true;
}

bool auth_field_open(const uint8_t *packet, const struct ntp_ext_field *field, int aead,
                     const struct secret *key, uint8_t plain[NTP_MAX_LENGTH], size_t *plain_length)
{
    struct aead_work work;
    bool failed = false;

    *plain_length = 0;
    if (!auth_field_find(packet, field, aead, key, plain, &work))
        return false;
    work.failed = &failed;
    aead_work_run(&work);
    if (!failed)
        *plain_length = work.in_length - AEAD_TAG_LENGTH;
    return !failed;
}

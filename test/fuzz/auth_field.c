/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authenticator of NTS packets: nonce, ciphertext and the fields within. The first octet
 * chooses the algorithm, and whether the rest is what was encrypted.
 */
#include <string.h>
#include "nts/auth_field.h"
#include "test/fuzz/support.h"

/* Everything but the last field is authenticated. */
static void open_fields(const uint8_t *packet, size_t length, int aead, const struct secret *key)
{
    uint8_t plain[NTP_MAX_LENGTH];
    struct ntp_ext_field field;
    struct ntp_info info;
    size_t pos = NTP_HEADER_LENGTH, plain_length, inner = 0;

    if (!ntp_packet_parse(packet, length, &info))
        return;
    while (ntp_ext_next(packet, &info, &pos, &field)) {
        if (!auth_field_open(packet, &field, aead, key, plain, &plain_length))
            continue;
        assert(plain_length <= sizeof(plain));
        while (ntp_ext_next_inner(plain, plain_length, &inner, &field))
            assert(inner <= plain_length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[NTS_NONCE_LENGTH];
    uint8_t packet[NTP_MAX_LENGTH] = {0x23};
    struct secret key = {.data = {1, 2, 3}};

    if (size < 1 || size > sizeof(packet))
        return 0;
    int aead = (data[0] & 1) != 0 ? AEAD_AES_128_GCM_SIV : AEAD_AES_SIV_CMAC_256;
    if (!aead_supported(aead))
        return 0;
    key.length = aead_key_length(aead);
    if ((data[0] & 2) == 0) {
        open_fields(data + 1, size - 1, aead, &key);
        return 0;
    }
    struct writer w = writer_make(packet, sizeof(packet));
    writer_u8(&w, 0x23);
    writer_zeros(&w, NTP_HEADER_LENGTH - 1);
    if (auth_field_add(&w, aead, &key, nonce, data + 1, size - 1, (size_t)data[0] >> 2))
        open_fields(packet, w.pos, aead, &key);
    return 0;
}

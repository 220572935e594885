/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of symmetric keys.
 */
#include "ntp/keys.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ntp_keys *keys = ntp_keys_new();
    uint8_t packet[NTP_MAX_LENGTH] = {0x23};
    struct fuzz_world fuzz;
    enum key_type type;
    int bits;

    fuzz_world_init(&fuzz, data, size);
    ntp_keys_load(keys, &fuzz.world, "/keys");
    for (uint32_t id = 0; id < 20; id++) {
        struct writer w = writer_make(packet, sizeof(packet));

        writer_zeros(&w, NTP_HEADER_LENGTH);
        bool found = key_table_find(ntp_keys_table(keys), id, &type, &bits);
        assert(found || !key_table_add_mac(ntp_keys_table(keys), id, 4, &w));
        if (found && key_table_add_mac(ntp_keys_table(keys), id, 4, &w))
            assert(w.pos >= NTP_HEADER_LENGTH + 20 && w.pos <= NTP_HEADER_LENGTH + 24);
    }
    ntp_keys_free(keys);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the keys of an NTS server (ntskeys).
 */
#include "base/loop.h"
#include "nts/server_keys.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_world fuzz;

    fuzz_world_init(&fuzz, data, size);
    struct loop *loop = loop_new(&fuzz.world);
    struct nts_server_keys *keys = server_keys_new(&fuzz.world, loop, "/dump", 0);
    const struct nts_server_key *key = server_keys_current(keys);
    const struct nts_key_set *set = server_keys_value(keys).data;
    assert(key->key.length == aead_key_length(key->aead));
    server_keys_reload(keys);
    for (unsigned int i = 0; i < NTS_SERVER_KEYS; i++)
        assert(set->keys[i].key.length <= AEAD_MAX_KEY);
    server_keys_free(keys);
    loop_free(loop);
    return 0;
}

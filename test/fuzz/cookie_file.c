/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of saved cookies.
 */
#include "nts/cookie_file.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    struct cookie_file file;
    struct fuzz_world fuzz;

    fuzz_world_init(&fuzz, data, size);
    if (!cookie_file_load(&fuzz.world, "/dump", &addr, "ntp.example", &file))
        return 0;
    assert(file.cookie_count >= 0 && file.cookie_count <= NTS_MAX_COOKIES);
    assert(file.context.c2s.length == aead_key_length(file.context.aead));
    for (int i = 0; i < file.cookie_count; i++)
        assert(file.cookies[i].length <= NTS_MAX_COOKIE_LENGTH);
    nts_context_wipe(&file.context);
    return 0;
}

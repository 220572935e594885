/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Responses of NTS key establishment at the client.
 */
#include <string.h>
#include "nts/ke_response.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nts_aeads aeads = {.ids = {AEAD_AES_128_GCM_SIV, AEAD_AES_SIV_CMAC_256},
                                    .count = 2};
    char name[KE_SERVER_NAME_SIZE + 1];
    struct ke_response response;

    if (!ke_response_process(data, size, &aeads, &response))
        return 0;
    assert(response.cookie_count > 0 && response.cookie_count <= NTS_MAX_COOKIES);
    for (int i = 0; i < response.cookie_count; i++)
        assert(response.cookies[i].length <= NTS_MAX_COOKIE_LENGTH);
    assert(memchr(response.ntp_server, 0, sizeof(response.ntp_server)));
    ke_response_resolver_name(response.ntp_server, name);
    return 0;
}

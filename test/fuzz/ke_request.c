/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of NTS key establishment, and the response to each.
 */
#include <string.h>
#include "nts/ke_request.h"
#include "nts/ke_response.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nts_aeads aeads = {.ids = {AEAD_AES_128_GCM_SIV, AEAD_AES_SIV_CMAC_256},
                                    .count = 2};
    const struct ke_server_info info = {.ntp_port = 1123, .ntp_server = "ntp.example.net"};
    struct nts_server_key key = {.id = 4, .aead = AEAD_AES_SIV_CMAC_256};
    struct nts_context context = {0};
    uint8_t message[NTS_KE_MAX_MESSAGE];
    struct writer w = writer_make(message, sizeof(message));
    struct ke_response response;
    struct ke_outcome outcome;
    struct fuzz_world fuzz;

    fuzz_world_init(&fuzz, NULL, 0);
    ke_request_process(data, size, &aeads, &outcome);
    key.key.length = aead_key_length(key.aead);
    if (outcome.kind == KE_OUTCOME_SUCCESS) {
        assert(outcome.aead == aeads.ids[0] || outcome.aead == aeads.ids[1]);
        context.aead = outcome.aead;
        context.c2s.length = context.s2c.length = aead_key_length(outcome.aead);
    }
    bool built = ke_response_build(&outcome, &info, &context, &key, &fuzz.world, &w);
    assert(built);
    /* Our own client understands every success. */
    bool taken = ke_response_process(message, w.pos, &aeads, &response);
    assert(taken == (outcome.kind == KE_OUTCOME_SUCCESS));
    return 0;
}

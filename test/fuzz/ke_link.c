/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTS-KE client process says of a session, as the main process takes it: from the octets
 * of a message to keys or a failure.
 */
#include <string.h>
#include "base/finding.h"
#include "nts/ke_client_link.h"
#include "nts/ke_session.h"
#include "test/fuzz/support.h"

static void check_answer(const struct ipc_ke_answer *message)
{
    const struct nts_aeads aeads = {.ids = {AEAD_AES_128_GCM_SIV, AEAD_AES_SIV_CMAC_256},
                                    .count = 2};
    struct ke_answer answer;

    if (!ke_link_take_answer(message, &aeads, &answer))
        return;
    assert(nts_aead_enabled(&aeads, answer.context.aead));
    assert(answer.context.c2s.length == aead_key_length(answer.context.aead));
    assert(answer.context.s2c.length == answer.context.c2s.length);
    if (answer.alt_context.aead != 0) {
        assert(answer.alt_context.aead == AEAD_AES_128_GCM_SIV);
        assert(answer.alt_context.c2s.length == answer.context.c2s.length);
        assert(answer.alt_context.s2c.length == answer.context.c2s.length);
    }
    assert(answer.cookie_count > 0 && answer.cookie_count <= NTS_MAX_COOKIES);
    for (int i = 0; i < answer.cookie_count; i++)
        assert(answer.cookies[i].length > 0 && answer.cookies[i].length <= NTS_MAX_COOKIE_LENGTH);
    assert(memchr(answer.ntp_server, 0, sizeof(answer.ntp_server)));
}

static void check_ending(const struct ipc_ke_ended *message)
{
    struct ke_ending ending;

    if (!ke_link_take_ending(message, &ending))
        return;
    assert(ending.retry_factor == KE_RETRY_CONNECT || ending.retry_factor == KE_RETRY_TLS);
    assert(!ending.failed_start || ending.failure.code != 0);
    assert(ending.failure.code == 0 || finding_word(ending.failure.code));
    assert(memchr(ending.failure.text, 0, sizeof(ending.failure.text)));
    for (const char *p = ending.failure.text; *p != '\0'; p++)
        assert(*p >= 0x20 && *p <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum ipc_state state = IPC_FRESH;
    struct ipc_message message;

    if (!ipc_decode(data, size, 0, IPC_KE_CLIENT, &state, &message))
        return 0;
    if (message.type == IPC_KE_ANSWER)
        check_answer(&message.u.ke_answer);
    else if (message.type == IPC_KE_ENDED)
        check_ending(&message.u.ke_ended);
    return 0;
}

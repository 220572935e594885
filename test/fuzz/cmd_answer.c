/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control requests: the whole way from a datagram to the answer. The first octet says where it came
 * from and what is open. No answer may be longer than its request.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cmdmon/service.h"
#include "test/fuzz/support.h"

static bool is_allowed(void *ctx, const struct ip_addr *addr)
{
    return true;
}

static enum cmd_status execute(void *ctx, const struct cmd_request *request,
                               union cmd_reply_body *body)
{
    return CMD_STATUS_SUCCESS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cmd_service_ops ops = {
        .is_allowed = is_allowed, .admit = is_allowed, .execute = execute};
    const struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);
    uint8_t reply[CMD_REPLY_MAX];

    if (size < 1)
        return 0;
    const struct cmd_policy policy = {&ops, NULL, (data[0] & 2) != 0 ? ~0u : 0u, 0};
    uint8_t *request = mem_alloc(size);
    memcpy(request, data + 1, size - 1);
    size_t length = cmd_answer(&policy, (data[0] & 1) != 0 ? &addr : NULL, request, size - 1, reply,
                               sizeof(reply));
    assert(length <= size - 1);
    free(request);
    return 0;
}

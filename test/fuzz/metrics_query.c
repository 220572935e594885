/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the metrics server may ask the main process for: whatever it sends, only reports without
 * effect get through, and exactly one request.
 */
#include <string.h>
#include "chronyd/metrics_server.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cmd_request_header header = {.version = CMD_VERSION_NO_PADDING};
    struct ipc_octets query = {.length = size};
    uint8_t again[CMD_REQUEST_MAX];
    struct cmd_request request;

    if (size > sizeof(query.data))
        return 0;
    memcpy(query.data, data, size);
    if (!metrics_server_decode(&query, &request))
        return 0;
    assert(cmd_command_find(request.command)->access == CMD_RO);
    assert(request.command != CMD_CLIENTS || !request.u.clients.reset);
    assert(cmd_request_encode(&header, &request, again, sizeof(again)) == size);
    return 0;
}

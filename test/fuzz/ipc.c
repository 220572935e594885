/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the processes of the daemon, from each side and with each number of descriptors.
 */
#include <string.h>
#include "process/ipc.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t again[IPC_LONG_SIZE];
    struct ipc_message message;

    if (size < 1)
        return 0;
    for (int i = 0; i < 3 * IPC_ROLES; i++) {
        enum ipc_state state = (enum ipc_state)(i % 3);

        if (!ipc_decode(data + 1, size - 1, data[0] & 3, (enum ipc_role)(i / 3), &state, &message))
            continue;
        /* What is accepted is exactly what we would have sent. */
        assert(ipc_encode(&message, again) == size - 1);
        assert(memcmp(again, data + 1, size - 1) == 0);
    }
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message of ipc.h.
 */
#include "test/unit/support/ipc.h"
#include <string.h>

struct ipc_message connection_message(enum ip_family family)
{
    struct ipc_message m = {.type = IPC_CONNECTION};

    m.u.connection.session = 4711;
    m.u.connection.key_id = 0x89abcdef;
    m.u.connection.aead = AEAD_AES_SIV_CMAC_256;
    m.u.connection.key.length = 32;
    memset(m.u.connection.key.data, 0x5a, 32);
    m.u.connection.peer.addr = family == IP_V4 ? ip_addr_v4(192, 0, 2, 7) : ip_addr_loopback(IP_V6);
    m.u.connection.peer.port = 40000;
    return m;
}

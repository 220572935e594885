/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control replies at the client: every type of reply is decoded from the same octets.
 */
#include "cmdmon/message.h"
#include "test/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cmd_reply_header header;
    union cmd_reply_body body;

    cmd_reply_header_decode(data, size, &header);
    for (unsigned int reply = 0; reply < 40; reply++) /* chrony's, and some unknown ones */
        cmd_reply_decode(data, size, reply, &body);
    for (size_t i = 0; i < cmd_command_count; i++)
        cmd_reply_decode(data, size, cmd_commands[i].reply, &body);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers and lengths of the control protocol (cmdmon.md 5, 6, 9), and whole messages from header
 * and rows of fields.
 */
#include "cmdmon/message.h"

#include <string.h>
#include "base/wire.h"

size_t cmd_reply_length(unsigned int reply)
{
    const struct cmd_layout *layout = cmd_reply_layout(reply);

    return layout ? layout->length : 0;
}

size_t cmd_request_length(unsigned int code, unsigned int version)
{
    const struct cmd_command *command = cmd_command_find(code);

    if (!command)
        return 0;
    size_t reply = cmd_reply_length(command->reply);
    return version >= CMD_VERSION && reply > command->request->length ? reply
                                                                      : command->request->length;
}

bool cmd_request_header_decode(const void *data, size_t length, struct cmd_request_header *header)
{
    struct reader r = reader_make(data, length);

    header->version = reader_u8(&r);
    header->type = reader_u8(&r);
    header->reserved = reader_u16(&r);
    header->command = reader_u16(&r);
    header->attempt = reader_u16(&r);
    header->sequence = reader_u32(&r);
    reader_skip(&r, 8);
    return !r.failed;
}

bool cmd_reply_header_decode(const void *data, size_t length, struct cmd_reply_header *header)
{
    struct reader r = reader_make(data, length);

    header->version = reader_u8(&r);
    header->type = reader_u8(&r);
    header->reserved = reader_u16(&r);
    header->command = reader_u16(&r);
    header->reply = reader_u16(&r);
    header->status = reader_u16(&r);
    header->features = reader_u16(&r);
    reader_skip(&r, 4);
    header->sequence = reader_u32(&r);
    reader_skip(&r, 8);
    return !r.failed;
}

bool cmd_request_decode(const void *data, size_t length, unsigned int code,
                        struct cmd_request *request)
{
    const struct cmd_command *command = cmd_command_find(code);

    memset(request, 0, sizeof(*request));
    request->command = (uint16_t)code;
    return command && layout_decode(command->request, data, length, request);
}

size_t cmd_request_encode(const struct cmd_request_header *header,
                          const struct cmd_request *request, void *buf, size_t size)
{
    size_t length = cmd_request_length(request->command, header->version);
    struct writer w = writer_make(buf, size);

    if (length == 0 || length > size)
        return 0;
    writer_u8(&w, header->version);
    writer_u8(&w, CMD_TYPE_REQUEST);
    writer_u16(&w, 0);
    writer_u16(&w, request->command);
    writer_u16(&w, header->attempt);
    writer_u32(&w, header->sequence);
    writer_zeros(&w, length - w.pos);
    layout_encode(cmd_command_find(request->command)->request, request, buf);
    return length;
}

size_t cmd_reply_encode(const struct cmd_reply_header *header, const union cmd_reply_body *body,
                        void *buf, size_t size)
{
    size_t length = cmd_reply_length(header->reply);
    struct writer w = writer_make(buf, size);

    if (length == 0 || length > size)
        return 0;
    writer_u8(&w, header->version);
    writer_u8(&w, CMD_TYPE_REPLY);
    writer_u16(&w, 0);
    writer_u16(&w, header->command);
    writer_u16(&w, header->reply);
    writer_u16(&w, header->status);
    writer_u16(&w, header->features);
    writer_zeros(&w, 4);
    writer_u32(&w, header->sequence);
    writer_zeros(&w, length - w.pos);
    layout_encode(cmd_reply_layout(header->reply), body, buf);
    return length;
}

bool cmd_reply_decode(const void *data, size_t length, unsigned int reply,
                      union cmd_reply_body *body)
{
    const struct cmd_layout *layout = cmd_reply_layout(reply);

    memset(body, 0, sizeof(*body));
    return layout && layout_decode(layout, data, length, body);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codes, lengths and headers of the control protocol (cmdmon.md 5, 6, 9, 11, 12). The two tables
 * here are the only place where a length, an access class or a reply code is written down.
 */
#include "cmdmon/message.h"

#include "base/wire.h"
#include "conf/conf.h"

struct request_spec {
    uint16_t base; /* length without padding; 0: obsolete or not assigned */
    uint8_t access;
    uint8_t reply;
    uint16_t open; /* enum open_command */
};

#define REQUEST(code, number, length, access, reply, open, execute)                                \
    [code] = {length, access, reply, open},
static const struct request_spec requests[CMD_CODES] = {CMD_COMMANDS(REQUEST)};

static const uint16_t reply_lengths[REPLY_CODES] = {
    [REPLY_NULL] = 28,         [REPLY_SOURCE_COUNT] = 32, [REPLY_SOURCE_DATA] = 76,
    [REPLY_TRACKING] = 104,    [REPLY_SOURCESTATS] = 84,  [REPLY_RTC] = 56,
    [REPLY_ACTIVITY] = 48,     [REPLY_SMOOTHING] = 52,    [REPLY_SETTIME] = 40,
    [REPLY_MANUAL_LIST] = 416, [REPLY_SOURCENAME] = 284,  [REPLY_AUTHDATA] = 52,
    [REPLY_CLIENTS] = 520,     [REPLY_SELECTDATA] = 76,   [REPLY_SERVERSTATS] = 196,
    [REPLY_NTPDATA] = 172,
};

static const struct request_spec *find(unsigned int code)
{
    return code < CMD_CODES && requests[code].base > 0 ? &requests[code] : NULL;
}

enum cmd_access cmd_access(unsigned int code)
{
    const struct request_spec *spec = find(code);

    return spec ? (enum cmd_access)spec->access : CMD_ACCESS_NONE;
}

unsigned int cmd_open_commands(unsigned int code)
{
    const struct request_spec *spec = find(code);

    return spec ? spec->open : 0;
}

enum reply_code cmd_expected_reply(unsigned int code)
{
    const struct request_spec *spec = find(code);

    return spec ? (enum reply_code)spec->reply : REPLY_NULL;
}

size_t cmd_reply_length(unsigned int reply)
{
    return reply < REPLY_CODES ? reply_lengths[reply] : 0;
}

size_t cmd_request_length(unsigned int code, unsigned int version)
{
    const struct request_spec *spec = find(code);

    if (!spec)
        return 0;
    size_t reply = cmd_reply_length(spec->reply);
    return version >= CMD_VERSION && reply > spec->base ? reply : spec->base;
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
    reader_skip(&r, 6);
    header->sequence = reader_u32(&r);
    reader_skip(&r, 8);
    return !r.failed;
}

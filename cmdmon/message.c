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

#define RW(length)                                                                                 \
    {                                                                                              \
        length, CMD_ACCESS_READ_WRITE, REPLY_NULL, 0                                               \
    }
#define RW_REPLY(length, reply)                                                                    \
    {                                                                                              \
        length, CMD_ACCESS_READ_WRITE, reply, 0                                                    \
    }
#define RO(length, reply, open)                                                                    \
    {                                                                                              \
        length, CMD_ACCESS_READ_ONLY, reply, open                                                  \
    }

static const struct request_spec requests[CMD_CODES] = {
    [CMD_ONLINE] = RW(60),
    [CMD_OFFLINE] = RW(60),
    [CMD_BURST] = RW(68),
    [CMD_MINPOLL] = RW(44),
    [CMD_MAXPOLL] = RW(44),
    [CMD_DUMP] = RW(24),
    [CMD_MAXDELAY] = RW(44),
    [CMD_MAXDELAYRATIO] = RW(44),
    [CMD_MAXUPDATESKEW] = RW(24),
    [CMD_SETTIME] = RW_REPLY(32, REPLY_SETTIME),
    [CMD_MANUAL] = RW(24),
    [CMD_SOURCE_COUNT] =
        RO(20, REPLY_SOURCE_COUNT,
           OPEN_AUTHDATA | OPEN_NTPDATA | OPEN_SELECTDATA | OPEN_SOURCES | OPEN_SOURCESTATS),
    [CMD_SOURCE_DATA] = RO(24, REPLY_SOURCE_DATA, OPEN_SOURCES),
    [CMD_REKEY] = RW(20),
    [CMD_ALLOW] = RW(44),
    [CMD_ALLOW_ALL] = RW(44),
    [CMD_DENY] = RW(44),
    [CMD_DENY_ALL] = RW(44),
    [CMD_CMDALLOW] = RW(44),
    [CMD_CMDALLOW_ALL] = RW(44),
    [CMD_CMDDENY] = RW(44),
    [CMD_CMDDENY_ALL] = RW(44),
    [CMD_ACCHECK] = RO(40, REPLY_NULL, 0),
    [CMD_CMDACCHECK] = RO(40, REPLY_NULL, 0),
    [CMD_DELETE_SOURCE] = RW(40),
    [CMD_WRITERTC] = RW(20),
    [CMD_DFREQ] = RW(24),
    [CMD_TRACKING] = RO(20, REPLY_TRACKING, OPEN_TRACKING),
    [CMD_SOURCESTATS] = RO(24, REPLY_SOURCESTATS, OPEN_SOURCESTATS),
    [CMD_RTC] = RO(20, REPLY_RTC, OPEN_RTCDATA),
    [CMD_TRIMRTC] = RW(20),
    [CMD_CYCLELOGS] = RW(20),
    [CMD_MANUAL_LIST] = RO(20, REPLY_MANUAL_LIST, OPEN_MANUAL),
    [CMD_MANUAL_DELETE] = RW(24),
    [CMD_MAKESTEP] = RW(20),
    [CMD_ACTIVITY] = RO(20, REPLY_ACTIVITY, OPEN_ACTIVITY),
    [CMD_MINSTRATUM] = RW(44),
    [CMD_POLLTARGET] = RW(44),
    [CMD_MAXDELAYDEVRATIO] = RW(44),
    [CMD_RESELECT] = RW(20),
    [CMD_RESELECTDIST] = RW(24),
    [CMD_MODIFY_MAKESTEP] = RW(28),
    [CMD_SMOOTHING] = RO(20, REPLY_SMOOTHING, OPEN_SMOOTHING),
    [CMD_SMOOTHTIME] = RW(24),
    [CMD_REFRESH] = RW(20),
    [CMD_SERVERSTATS] = RO(20, REPLY_SERVERSTATS, OPEN_SERVERSTATS),
    [CMD_NTPDATA] = RO(40, REPLY_NTPDATA, OPEN_NTPDATA),
    [CMD_SHUTDOWN] = RW(20),
    [CMD_ONOFFLINE] = RW(20),
    [CMD_ADD_SOURCE] = RW(372),
    [CMD_SOURCENAME] = RO(40, REPLY_SOURCENAME, OPEN_SOURCENAME),
    [CMD_RESET_SOURCES] = RW(20),
    [CMD_AUTHDATA] = RO(40, REPLY_AUTHDATA, OPEN_AUTHDATA),
    [CMD_CLIENTS] = RO(36, REPLY_CLIENTS, OPEN_CLIENTS),
    [CMD_SELECTDATA] = RO(24, REPLY_SELECTDATA, OPEN_SELECTDATA),
    [CMD_RELOAD_SOURCES] = RW(20),
    [CMD_DOFFSET] = RW(24),
    [CMD_SELECTOPTS] = RW(52),
    [CMD_OFFSET] = RW(48),
    [CMD_LOCAL] = RW(48),
};

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
    size_t reply;

    if (!spec)
        return 0;
    reply = cmd_reply_length(spec->reply);
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

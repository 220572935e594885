/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of each reply and how they are compared. Offsets are those of cmdmon.md 13 and 14, and
 * each table covers its reply to the last octet, so that unused octets are compared too.
 */
#include "test/tools/reply_layout.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "base/wire.h"
#include "cmdmon/message.h"

enum kind {
    EQUAL,   /* octets */
    ZERO,    /* an unsigned number: zero or not zero */
    AGE,     /* u32: unknown, or a few minutes at most */
    TIME,    /* timestamp: zero, or as far from now as it was then */
    SECONDS, /* float: within SECONDS_TOLERANCE */
    SPEED,   /* float: seconds, how fast the machine is: not negative, less than one */
    PPM,     /* float: within PPM_TOLERANCE, and equal when it is a start value */
    NUMBER,  /* float: within NUMBER_TOLERANCE */
    ANY,     /* depends on the machine or on ports */
    FLAGS,   /* of ntpdata: without the tests A to D, which a single measurement can fail */
    TSTAMP,  /* source of a timestamp: none, or one of the letters */
    COOKIES, /* u16: 7 or 8, or equal */
    CLIENTS, /* the rest: eight records of 60 octets */
    MANUAL,  /* the rest: sixteen records of 24 octets */
};

struct field {
    const char *name;
    size_t length;
    enum kind kind;
};

#define HEADER_LENGTH     28
#define SEQUENCE_BACK     16
#define SECONDS_TOLERANCE 0.02
#define RESOLUTION        1e-7 /* of a float */
#define PPM_TOLERANCE     100.0
#define PPM_START         1000.0
#define AGE_UNKNOWN       0xffffffffU
#define AGE_MAX           600U
#define TIME_OF_RECORDING 1795322493.0
#define NUMBER_TOLERANCE  1000.0
#define TIME_TOLERANCE    3600.0
#define TESTS_A_TO_D      0x000fU
#define CLIENT_LENGTH     60
#define ADDRESS_LENGTH    20
#define FIELDS_MAX        40

struct layout {
    enum reply_code code;
    struct field fields[FIELDS_MAX]; /* ends with the length 0 */
};

static const struct layout layouts[] = {
    {REPLY_NULL, {{NULL, 0, EQUAL}}},
    {REPLY_SOURCE_COUNT, {{"count", 4, EQUAL}}},
    {REPLY_SOURCE_DATA,
     {{"address", 20, EQUAL},
      {"poll", 2, EQUAL},
      {"stratum", 2, EQUAL},
      {"state", 2, EQUAL},
      {"mode", 2, EQUAL},
      {"flags", 2, EQUAL},
      {"reachability", 2, ZERO},
      {"age", 4, AGE},
      {"original offset", 4, SECONDS},
      {"offset", 4, SECONDS},
      {"error", 4, SECONDS}}},
    {REPLY_TRACKING,
     {{"reference ID", 4, EQUAL},
      {"address", 20, EQUAL},
      {"stratum", 2, EQUAL},
      {"leap", 2, EQUAL},
      {"reference time", 12, TIME},
      {"correction", 4, SECONDS},
      {"last offset", 4, SECONDS},
      {"RMS offset", 4, SECONDS},
      {"frequency", 4, PPM},
      {"residual frequency", 4, PPM},
      {"skew", 4, PPM},
      {"root delay", 4, SECONDS},
      {"root dispersion", 4, SECONDS},
      {"update interval", 4, NUMBER}}},
    {REPLY_SOURCESTATS,
     {{"reference ID", 4, EQUAL},
      {"address", 20, EQUAL},
      {"samples", 4, ZERO},
      {"runs", 4, ZERO},
      {"span", 4, ANY},
      {"standard deviation", 4, SECONDS},
      {"frequency", 4, PPM},
      {"skew", 4, PPM},
      {"offset", 4, SECONDS},
      {"error", 4, SECONDS}}},
    {REPLY_RTC,
     {{"reference time", 12, TIME},
      {"samples", 2, ZERO},
      {"runs", 2, ZERO},
      {"span", 4, ANY},
      {"fast by", 4, NUMBER},
      {"gain", 4, PPM}}},
    {REPLY_ACTIVITY,
     {{"online", 4, EQUAL},
      {"offline", 4, EQUAL},
      {"burst, online", 4, EQUAL},
      {"burst, offline", 4, EQUAL},
      {"unresolved", 4, EQUAL}}},
    {REPLY_SMOOTHING,
     {{"flags", 4, EQUAL},
      {"offset", 4, NUMBER},
      {"frequency", 4, NUMBER},
      {"wander", 4, NUMBER},
      {"last update", 4, NUMBER},
      {"remaining", 4, ANY}}},
    {REPLY_SETTIME, {{"offset", 4, SECONDS}, {"change", 4, ANY}, {"frequency", 4, ANY}}},
    {REPLY_MANUAL_LIST, {{"count", 4, EQUAL}, {"samples", 384, MANUAL}}},
    {REPLY_SOURCENAME, {{"name", 256, EQUAL}}},
    {REPLY_AUTHDATA,
     {{"mode", 2, EQUAL},
      {"key type", 2, EQUAL},
      {"key ID", 4, EQUAL},
      {"key length", 2, EQUAL},
      {"attempts", 2, EQUAL},
      {"last", 4, AGE},
      {"cookies", 2, COOKIES},
      {"cookie length", 2, EQUAL},
      {"NAK", 2, EQUAL},
      {"unused", 2, EQUAL}}},
    {REPLY_CLIENTS,
     {{"indices", 4, ZERO}, {"next index", 4, ZERO}, {"count", 4, EQUAL}, {"", 480, CLIENTS}}},
    {REPLY_SELECTDATA,
     {{"reference ID", 4, EQUAL},
      {"address", 20, EQUAL},
      {"state", 1, EQUAL},
      {"authentication", 1, EQUAL},
      {"leap", 1, EQUAL},
      {"unused", 1, EQUAL},
      {"configured options", 2, EQUAL},
      {"effective options", 2, EQUAL},
      {"age", 4, AGE},
      {"score", 4, NUMBER},
      {"low limit", 4, SECONDS},
      {"high limit", 4, SECONDS}}},
    {REPLY_SERVERSTATS,
     {{"NTP hits", 8, ZERO},
      {"NTS-KE hits", 8, ZERO},
      {"command hits", 8, ZERO},
      {"NTP drops", 8, ZERO},
      {"NTS-KE drops", 8, ZERO},
      {"command drops", 8, ZERO},
      {"log drops", 8, ZERO},
      {"authenticated hits", 8, ZERO},
      {"interleaved hits", 8, ZERO},
      {"timestamps", 8, ANY},
      {"span", 8, ANY},
      {"daemon RX", 8, ANY},
      {"daemon TX", 8, ANY},
      {"kernel RX", 8, ANY},
      {"kernel TX", 8, ANY},
      {"hardware RX", 8, ZERO},
      {"hardware TX", 8, ZERO},
      {"reserved", 32, EQUAL}}},
    {REPLY_NTPDATA,
     {{"remote address", 20, EQUAL},
      {"local address", 20, EQUAL},
      {"port", 2, ZERO},
      {"leap", 1, EQUAL},
      {"version", 1, EQUAL},
      {"mode", 1, EQUAL},
      {"stratum", 1, EQUAL},
      {"poll", 1, EQUAL},
      {"precision", 1, ZERO},
      {"root delay", 4, SECONDS},
      {"root dispersion", 4, SECONDS},
      {"reference ID", 4, EQUAL},
      {"reference time", 12, TIME},
      {"offset", 4, SECONDS},
      {"peer delay", 4, SECONDS},
      {"peer dispersion", 4, SECONDS},
      {"response time", 4, SPEED},
      {"jitter asymmetry", 4, NUMBER},
      {"flags", 2, FLAGS},
      {"TX timestamping", 1, TSTAMP},
      {"RX timestamping", 1, TSTAMP},
      {"total TX", 4, ZERO},
      {"total RX", 4, ZERO},
      {"total valid", 4, ZERO},
      {"total good", 4, ZERO},
      {"kernel TX", 4, ANY},
      {"kernel RX", 4, ANY},
      {"hardware TX", 4, ZERO},
      {"hardware RX", 4, ZERO},
      {"unused", 16, EQUAL}}},
};

static const struct field client_fields[] = {
    {"address", 20, EQUAL},       {"NTP hits", 4, ZERO},        {"NTS-KE hits", 4, ZERO},
    {"command hits", 4, ZERO},    {"NTP drops", 4, ZERO},       {"NTS-KE drops", 4, ZERO},
    {"command drops", 4, ZERO},   {"NTP interval", 1, ANY},     {"NTS-KE interval", 1, ANY},
    {"command interval", 1, ANY}, {"timeout interval", 1, ANY}, {"last NTP", 4, AGE},
    {"last NTS-KE", 4, AGE},      {"last command", 4, AGE},     {NULL, 0, EQUAL}};

static const struct field manual_fields[] = {{"time", 12, TIME},
                                             {"slewed offset", 4, NUMBER},
                                             {"original offset", 4, NUMBER},
                                             {"residual", 4, NUMBER},
                                             {NULL, 0, EQUAL}};

struct comparison {
    struct reader recorded;
    struct reader reply;
    double now;
    double elapsed;
    char *text;
    size_t size;
};

static bool compare_fields(struct comparison *c, const struct field *fields);

static uint64_t get_unsigned(struct reader *r, size_t length)
{
    uint64_t value = 0;

    while (length-- > 0)
        value = value << 8 | reader_u8(r);
    return value;
}

static bool same_octets(struct comparison *c, size_t length)
{
    bool result = true;

    while (length-- > 0)
        result &= reader_u8(&c->recorded) == reader_u8(&c->reply);
    return result;
}

static bool same_age(struct comparison *c)
{
    uint32_t recorded = reader_u32(&c->recorded), age = reader_u32(&c->reply);

    return recorded == AGE_UNKNOWN ? age == AGE_UNKNOWN : age <= AGE_MAX;
}

static double get_time(struct reader *r)
{
    uint64_t seconds = get_unsigned(r, 8);
    uint32_t nanoseconds = reader_u32(r);

    return nanoseconds < 1000000000U ? (double)seconds + nanoseconds / 1e9 : NAN;
}

static bool same_time(struct comparison *c)
{
    double recorded = get_time(&c->recorded), time = get_time(&c->reply);

    if (recorded == 0.0)
        return time == 0.0;
    return fabs((time - c->now) - (recorded - TIME_OF_RECORDING)) < TIME_TOLERANCE;
}

static bool same_float(struct comparison *c, enum kind kind)
{
    double recorded = cmd_float_decode(reader_u32(&c->recorded));
    double value = cmd_float_decode(reader_u32(&c->reply));

    if (kind == SPEED)
        return value >= 0.0 && value < 1.0;
    if (kind == SECONDS)
        return fabs(value - recorded) <=
               SECONDS_TOLERANCE + c->elapsed + fabs(recorded) * RESOLUTION;
    if (kind == PPM)
        return fabs(value - recorded) <= PPM_TOLERANCE &&
               (fabs(recorded) < PPM_START || value == recorded);
    return fabs(value - recorded) <= NUMBER_TOLERANCE;
}

static bool same_cookies(struct comparison *c)
{
    unsigned int recorded = reader_u16(&c->recorded), value = reader_u16(&c->reply);

    return recorded == value || (recorded >= 7 && value >= 7 && value <= 8);
}

static bool same_timestamping(struct comparison *c)
{
    char recorded = (char)reader_u8(&c->recorded), value = (char)reader_u8(&c->reply);

    return recorded == '\0' ? value == '\0' : value == 'D' || value == 'K' || value == 'H';
}

static bool same_records(struct comparison *c, const struct field *fields, int count)
{
    for (int i = 0; i < count; i++)
        if (!compare_fields(c, fields))
            return false;
    return true;
}

/* The order of clients is that of the table, which the daemon may choose. */
static bool same_clients(struct comparison *c)
{
    struct reader all = c->reply;
    bool result = true;

    for (int i = 0; i < CMD_CLIENTS_MAX && result; i++) {
        const uint8_t *address = c->recorded.data + c->recorded.pos;

        c->reply = all;
        while (reader_left(&c->reply) >= CLIENT_LENGTH &&
               memcmp(c->reply.data + c->reply.pos, address, ADDRESS_LENGTH) != 0)
            reader_skip(&c->reply, CLIENT_LENGTH);
        result = compare_fields(c, client_fields);
    }
    c->reply = all;
    reader_skip(&c->reply, CMD_CLIENTS_MAX * CLIENT_LENGTH);
    return result;
}

static bool same_field(struct comparison *c, const struct field *field)
{
    uint64_t recorded, value;

    switch (field->kind) {
    case EQUAL:
        return same_octets(c, field->length);
    case ZERO:
        recorded = get_unsigned(&c->recorded, field->length);
        value = get_unsigned(&c->reply, field->length);
        return (recorded == 0) == (value == 0);
    case AGE:
        return same_age(c);
    case TIME:
        return same_time(c);
    case SECONDS:
    case SPEED:
    case PPM:
    case NUMBER:
        return same_float(c, field->kind);
    case FLAGS:
        return ((get_unsigned(&c->recorded, 2) ^ get_unsigned(&c->reply, 2)) & ~TESTS_A_TO_D) == 0;
    case TSTAMP:
        return same_timestamping(c);
    case COOKIES:
        return same_cookies(c);
    case CLIENTS:
        return same_clients(c);
    case MANUAL:
        return same_records(c, manual_fields, 16);
    case ANY:
        get_unsigned(&c->recorded, field->length);
        get_unsigned(&c->reply, field->length);
        return true;
    }
    return false;
}

static bool compare_fields(struct comparison *c, const struct field *fields)
{
    for (const struct field *field = fields; field->length > 0; field++) {
        struct reader recorded = c->recorded, reply = c->reply;
        char hex[2][65];

        if (same_field(c, field))
            continue;
        if (c->text[0] != '\0' || field->length > 32)
            return false; /* an inner record has said it */
        text_to_hex(recorded.data + recorded.pos, field->length, hex[0]);
        text_to_hex(reply.data + reply.pos, field->length, hex[1]);
        snprintf(c->text, c->size, "%s %s instead of %s", field->name, hex[1], hex[0]);
        return false;
    }
    return true;
}

static const struct field *find_layout(unsigned int code)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (layouts[i].code == code)
            return layouts[i].fields;
    return NULL;
}

static bool same_header(const uint8_t *recorded, size_t recorded_length, const uint8_t *reply,
                        size_t length, char *text, size_t size)
{
    struct cmd_reply_header a, b;

    if (!cmd_reply_header_decode(recorded, recorded_length, &a) ||
        !cmd_reply_header_decode(reply, length, &b)) {
        snprintf(text, size, "no reply");
        return false;
    }
    if (a.status != b.status || a.reply != b.reply || length != recorded_length) {
        snprintf(text, size, "code %u, status %u, length %zu instead of %u, %u, %zu", b.reply,
                 b.status, length, a.reply, a.status, recorded_length);
        return false;
    }
    if (memcmp(recorded, reply, SEQUENCE_BACK) != 0 ||
        memcmp(recorded + SEQUENCE_BACK, reply + SEQUENCE_BACK, HEADER_LENGTH - SEQUENCE_BACK) !=
            0) {
        snprintf(text, size, "other header");
        return false;
    }
    return true;
}

bool reply_layout_compare(const uint8_t *recorded, size_t recorded_length, const uint8_t *reply,
                          size_t length, bool header_only, double now, double elapsed, char *text,
                          size_t size)
{
    struct comparison c = {.recorded = reader_make(recorded, recorded_length),
                           .reply = reader_make(reply, length),
                           .now = now,
                           .elapsed = elapsed,
                           .text = text,
                           .size = size};

    text[0] = '\0';
    if (!same_header(recorded, recorded_length, reply, length, text, size))
        return false;
    if (header_only)
        return true;
    const struct field *fields = find_layout((unsigned int)(reply[6] << 8 | reply[7]));
    if (!fields) {
        snprintf(text, size, "unknown reply code");
        return false;
    }
    reader_skip(&c.recorded, HEADER_LENGTH);
    reader_skip(&c.reply, HEADER_LENGTH);
    if (!compare_fields(&c, fields))
        return false;
    if (reader_left(&c.reply) > 0 || c.reply.failed) {
        snprintf(text, size, "the table of fields does not end with the reply");
        return false;
    }
    return true;
}

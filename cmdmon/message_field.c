/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk over the rows of a message, in both directions: from the types of the wire (cmdmon.md,
 * "Common wire types") to members and back. Whatever can be received decodes to a value; nothing
 * here fails except by the reader's and writer's bounds.
 */
#include "cmdmon/message_field.h"

#include <string.h>
#include "base/wire.h"
#include "cmdmon/message.h"

#define SECONDS_32BIT 0x7fffffffU /* high word of a sender with 32-bit seconds */
#define NSEC_MAX      999999999U

static struct instant get_time(struct reader *r)
{
    uint32_t high = reader_u32(r);
    uint32_t low = reader_u32(r);
    uint32_t nsec = reader_u32(r);

    if (high == SECONDS_32BIT)
        high = 0;
    if (nsec > NSEC_MAX)
        nsec = NSEC_MAX;
    return (struct instant){.sec = (int64_t)((uint64_t)high << 32 | low), .nsec = (int32_t)nsec};
}

static struct ip_addr get_addr(struct reader *r)
{
    struct ip_addr addr = {.family = IP_UNSPEC};
    uint8_t octets[16];
    struct reader id;

    reader_bytes(r, octets, sizeof(octets));
    uint16_t family = reader_u16(r);
    uint16_t scope = reader_u16(r);

    switch (family) {
    case IP_V4:
        addr.family = IP_V4;
        memcpy(addr.u.v4, octets, sizeof(addr.u.v4));
        break;
    case IP_V6:
        addr.family = IP_V6;
        memcpy(addr.u.v6, octets, sizeof(addr.u.v6));
        /* The interface is padding to other programs. Here it tells two sources with one address
           apart. */
        if (ip_addr_is_link_local(&addr))
            addr.scope = scope;
        break;
    case IP_ID:
        id = reader_make(octets, sizeof(octets));
        addr.family = IP_ID;
        addr.u.id = reader_u32(&id);
        break;
    default:
        break;
    }
    return addr;
}

static void put_addr(struct writer *w, const struct ip_addr *addr)
{
    switch (addr->family) {
    case IP_V4:
        writer_bytes(w, addr->u.v4, sizeof(addr->u.v4));
        writer_zeros(w, 12);
        break;
    case IP_V6:
        writer_bytes(w, addr->u.v6, sizeof(addr->u.v6));
        break;
    case IP_ID:
        writer_u32(w, addr->u.id);
        writer_zeros(w, 12);
        break;
    case IP_UNSPEC:
        writer_zeros(w, 16);
        break;
    }
    writer_u16(w, (uint16_t)addr->family);
    writer_u16(w, ip_addr_is_link_local(addr) && addr->scope <= UINT16_MAX ? (uint16_t)addr->scope
                                                                           : 0);
}

size_t field_wire_size(enum field_wire wire)
{
    static const uint16_t sizes[] = {
        [WIRE_U8] = 1,
        [WIRE_U16] = 2,
        [WIRE_U32] = 4,
        [WIRE_U64] = 8,
        [WIRE_I8] = 1,
        [WIRE_I16] = 2,
        [WIRE_I32] = 4,
        [WIRE_FLOAT] = 4,
        [WIRE_TIME] = 12,
        [WIRE_ADDR] = 20,
        [WIRE_NAME] = CMD_NAME_SIZE,
        [WIRE_TEXT] = REPORT_FINDING_TEXT,
        [WIRE_ONES] = 8,
    };

    return sizes[wire];
}

const struct field_word *field_word(const struct field_word *words, int64_t value)
{
    while (words->value != value && words->value != FIELD_OTHER)
        words++;
    return words;
}

/* ---- Members ---- */

const void *field_value(const struct cmd_field *field, const void *values)
{
    return (const char *)values + field->offset;
}

int64_t field_integer(const struct cmd_field *field, const void *values)
{
    const void *p = field_value(field, values);

    switch (field->member) {
    case MEMBER_BOOL:
        return *(const bool *)p;
    case MEMBER_CHAR:
        return *(const char *)p;
    case MEMBER_I8:
        return *(const int8_t *)p;
    case MEMBER_U8:
        return *(const uint8_t *)p;
    case MEMBER_U16:
        return *(const uint16_t *)p;
    case MEMBER_I32:
        return *(const int32_t *)p;
    case MEMBER_U32:
        return *(const uint32_t *)p;
    case MEMBER_U64:
        return (int64_t) * (const uint64_t *)p;
    default:
        return 0;
    }
}

/* A number that is too large for the member becomes the largest one. */
static void set_integer(const struct cmd_field *field, void *p, int64_t v)
{
    switch (field->member) {
    case MEMBER_BOOL:
        *(bool *)p = v != 0;
        break;
    case MEMBER_CHAR:
        *(char *)p = (char)v;
        break;
    case MEMBER_I8:
        *(int8_t *)p = (int8_t)v;
        break;
    case MEMBER_U8:
        *(uint8_t *)p = (uint8_t)v;
        break;
    case MEMBER_U16:
        *(uint16_t *)p = v > UINT16_MAX ? UINT16_MAX : (uint16_t)v;
        break;
    case MEMBER_I32:
        *(int32_t *)p = v > INT32_MAX ? INT32_MAX : (int32_t)v;
        break;
    case MEMBER_U32:
        *(uint32_t *)p = (uint32_t)v;
        break;
    case MEMBER_U64:
        *(uint64_t *)p = (uint64_t)v;
        break;
    default:
        break;
    }
}

/* ---- One field ---- */

static int64_t get_integer(struct reader *r, enum field_wire wire)
{
    switch (wire) {
    case WIRE_U8:
        return reader_u8(r);
    case WIRE_I8:
        return (int8_t)reader_u8(r);
    case WIRE_U16:
        return reader_u16(r);
    case WIRE_I16:
        return (int16_t)reader_u16(r);
    case WIRE_U32:
        return reader_u32(r);
    case WIRE_I32:
        return (int32_t)reader_u32(r);
    case WIRE_U64:
        return (int64_t)reader_u64(r);
    default:
        return 0;
    }
}

static void put_integer(struct writer *w, size_t size, int64_t v)
{
    while (size-- > 0)
        writer_u8(w, (uint8_t)((uint64_t)v >> 8 * size));
}

static void get_field(const struct cmd_field *field, struct reader *r, void *values)
{
    void *p = (char *)values + field->offset;
    size_t size = field_wire_size((enum field_wire)field->wire);
    int64_t v;

    switch (field->wire) {
    case WIRE_NONE:
    case WIRE_ONES:
        break;
    case WIRE_FLOAT:
        *(double *)p = cmd_float_decode(reader_u32(r));
        break;
    case WIRE_TIME:
        *(struct instant *)p = get_time(r);
        break;
    case WIRE_ADDR:
        *(struct ip_addr *)p = get_addr(r);
        break;
    case WIRE_NAME:
    case WIRE_TEXT:
        reader_bytes(r, p, size);
        ((char *)p)[size] = '\0';
        break;
    default:
        v = get_integer(r, (enum field_wire)field->wire);
        if (field->mask == 0)
            set_integer(field, p, v);
        else if (field->match == 0)
            set_integer(field, p, v & field->mask);
        else if ((v & field->mask) == field->match)
            set_integer(field, p, field_integer(field, values) | field->bits);
        break;
    }
}

/* The bits of the field in its word. */
static int64_t part_of_word(const struct cmd_field *field, int64_t v)
{
    if (field->match == 0)
        return v & field->mask;
    return (v & field->bits) == field->bits ? field->match : 0;
}

static void put_field(const struct cmd_field *field, const void *values, uint8_t *data)
{
    const void *p = field_value(field, values);
    size_t size = field_wire_size((enum field_wire)field->wire);
    struct writer w = writer_make(data, size);
    struct reader r = reader_make(data, size);
    int64_t v;

    switch (field->wire) {
    case WIRE_NONE:
        break;
    case WIRE_ONES:
        writer_u64(&w, UINT64_MAX);
        break;
    case WIRE_FLOAT:
        writer_u32(&w, cmd_float_encode(*(const double *)p));
        break;
    case WIRE_TIME:
        writer_u64(&w, (uint64_t)((const struct instant *)p)->sec);
        writer_u32(&w, (uint32_t)((const struct instant *)p)->nsec);
        break;
    case WIRE_ADDR:
        put_addr(&w, p);
        break;
    case WIRE_NAME:
    case WIRE_TEXT:
        writer_bytes(&w, p, strnlen(p, size));
        break;
    default:
        v = field_integer(field, values);
        if (field->mask != 0)
            v = get_integer(&r, (enum field_wire)field->wire) | part_of_word(field, v);
        put_integer(&w, size, v);
        break;
    }
}

/* ---- Whole messages ---- */

static void get_fields(const struct cmd_field *fields, size_t count, const void *data,
                       size_t length, void *values)
{
    for (size_t i = 0; i < count; i++) {
        struct reader r = reader_make(data, length);

        reader_skip(&r, fields[i].at);
        get_field(&fields[i], &r, values);
    }
}

bool layout_decode(const struct cmd_layout *layout, const void *data, size_t length, void *values)
{
    const struct cmd_records *records = layout->records;

    if (length < layout->length)
        return false;
    get_fields(layout->fields, layout->field_count, data, length, values);
    if (!records)
        return true;
    uint32_t *count = (void *)((char *)values + records->count_offset);
    if (records->limited && *count > records->max)
        *count = records->max;
    for (size_t i = 0; i < records->max; i++)
        get_fields(records->fields, records->field_count,
                   (const char *)data + records->at + i * records->length, records->length,
                   (char *)values + records->offset + i * records->size);
    return true;
}

static void put_fields(const struct cmd_field *fields, size_t count, const void *values,
                       uint8_t *data)
{
    for (size_t i = 0; i < count; i++)
        put_field(&fields[i], values, data + fields[i].at);
}

void layout_encode(const struct cmd_layout *layout, const void *values, void *data)
{
    const struct cmd_records *records = layout->records;

    put_fields(layout->fields, layout->field_count, values, data);
    if (!records)
        return;
    uint32_t count =
        *(const uint32_t *)((const void *)((const char *)values + records->count_offset));
    for (size_t i = 0; i < records->max && i < count; i++)
        put_fields(records->fields, records->field_count,
                   (const char *)values + records->offset + i * records->size,
                   (uint8_t *)data + records->at + i * records->length);
}

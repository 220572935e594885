/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values in messages; see codec.h. What is read is from a process that may be hostile.
 */
#include "process/codec.h"
#include <string.h>

void codec_check(struct codec *c, bool condition)
{
    c->bad = c->bad || !condition;
}

uint8_t codec_u8(struct codec *c, unsigned int value)
{
    if (!c->writes)
        return reader_u8(&c->r);
    writer_u8(&c->w, (uint8_t)value);
    return (uint8_t)value;
}

uint16_t codec_u16(struct codec *c, size_t value)
{
    if (!c->writes)
        return reader_u16(&c->r);
    writer_u16(&c->w, (uint16_t)value);
    return (uint16_t)value;
}

uint32_t codec_u32(struct codec *c, uint32_t value)
{
    if (!c->writes)
        return reader_u32(&c->r);
    writer_u32(&c->w, value);
    return value;
}

int64_t codec_i64(struct codec *c, int64_t value)
{
    if (!c->writes)
        return (int64_t)reader_u64(&c->r);
    writer_u64(&c->w, (uint64_t)value);
    return value;
}

double codec_double(struct codec *c, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    bits = (uint64_t)codec_i64(c, (int64_t)bits);
    memcpy(&value, &bits, sizeof(value));
    return value;
}

bool codec_bool(struct codec *c, bool value)
{
    uint8_t octet = codec_u8(c, value);

    codec_check(c, octet <= 1);
    return octet != 0;
}

void codec_octets(struct codec *c, void *octets, size_t count)
{
    if (c->writes)
        writer_bytes(&c->w, octets, count);
    else
        reader_bytes(&c->r, octets, count);
}

void codec_zeros(struct codec *c, size_t count)
{
    while (count-- > 0)
        codec_check(c, codec_u8(c, 0) == 0);
}

void codec_string(struct codec *c, char *text, size_t size)
{
    size_t length = codec_u16(c, strnlen(text, size - 1));

    codec_check(c, length < size);
    if (c->bad)
        return;
    codec_octets(c, text, length);
    text[length] = '\0';
    codec_check(c, strlen(text) == length);
}

void codec_characters(struct codec *c, char *text, size_t size, char first)
{
    codec_string(c, text, size);
    for (const char *p = text; !c->bad && *p != '\0'; p++)
        codec_check(c, *p >= first && *p <= 0x7e);
}

void codec_text(struct codec *c, char text[IPC_TEXT_SIZE])
{
    codec_characters(c, text, IPC_TEXT_SIZE, 0x20);
}

int32_t codec_pid(struct codec *c, int32_t pid)
{
    uint32_t value = codec_u32(c, (uint32_t)pid);

    codec_check(c, value > 1 && value <= INT32_MAX);
    return (int32_t)value;
}

enum ip_family codec_family(struct codec *c, enum ip_family family)
{
    uint8_t octet = codec_u8(c, family == IP_V4 ? 4 : family == IP_V6 ? 6 : 0);

    codec_check(c, octet == 0 || octet == 4 || octet == 6);
    return octet == 4 ? IP_V4 : octet == 6 ? IP_V6 : IP_UNSPEC;
}

void codec_address(struct codec *c, struct ip_addr *addr)
{
    addr->family = codec_family(c, addr->family);
    codec_check(c, addr->family != IP_UNSPEC);
    if (addr->family == IP_V6) {
        codec_octets(c, addr->u.v6, 16);
    } else {
        codec_octets(c, addr->u.v4, 4);
        codec_zeros(c, 12);
    }
}

void codec_secret(struct codec *c, struct secret *key)
{
    size_t length = codec_u16(c, key->length);

    codec_check(c, length > 0 && length <= AEAD_MAX_KEY);
    if (c->bad)
        return;
    key->length = length;
    codec_octets(c, key->data, length);
    codec_zeros(c, AEAD_MAX_KEY - length);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reading and writing of wire formats, used for all bytes that come from or go to another
 * process. An access outside of the buffer sets `failed` for good and touches nothing; reads then
 * give zeros. Integers are in network order.
 */
#include "base/wire.h"

#include <string.h>

struct reader reader_make(const void *data, size_t size)
{
    return (struct reader){.data = data, .size = size};
}

size_t reader_left(const struct reader *r)
{
    return r->failed ? 0 : r->size - r->pos;
}

const uint8_t *reader_view(struct reader *r, size_t length)
{
    const uint8_t *p;

    if (r->failed || length > r->size - r->pos) {
        r->failed = true;
        return NULL;
    }
    p = length > 0 || r->data != NULL ? r->data + r->pos : (const uint8_t *)"";
    r->pos += length;
    return p;
}

static uint64_t read_integer(struct reader *r, size_t length)
{
    const uint8_t *p = reader_view(r, length);
    uint64_t v = 0;

    for (size_t i = 0; p != NULL && i < length; i++)
        v = v << 8 | p[i];
    return v;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)read_integer(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_integer(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_integer(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_integer(r, 8);
}

struct ntp_time reader_ntp_time(struct reader *r)
{
    uint64_t v = read_integer(r, 8);

    return (struct ntp_time){(uint32_t)(v >> 32), (uint32_t)v};
}

void reader_bytes(struct reader *r, void *out, size_t length)
{
    const uint8_t *p = reader_view(r, length);

    if (length == 0)
        return;
    if (p != NULL)
        memcpy(out, p, length);
    else
        memset(out, 0, length);
}

void reader_skip(struct reader *r, size_t length)
{
    (void)reader_view(r, length);
}

struct writer writer_make(void *data, size_t size)
{
    return (struct writer){.data = data, .size = size};
}

/* Room for length octets, which count as written; NULL (and failed) without room. */
static uint8_t *writer_room(struct writer *w, size_t length)
{
    uint8_t *p;

    if (w->failed || length > w->size - w->pos) {
        w->failed = true;
        return NULL;
    }
    if (length == 0)
        return NULL;
    p = w->data + w->pos;
    w->pos += length;
    return p;
}

static void put_integer(uint8_t *p, uint64_t v, size_t length)
{
    for (size_t i = length; i > 0; i--, v >>= 8)
        p[i - 1] = (uint8_t)v;
}

static void write_integer(struct writer *w, uint64_t v, size_t length)
{
    uint8_t *p = writer_room(w, length);

    if (p != NULL)
        put_integer(p, v, length);
}

void writer_u8(struct writer *w, uint8_t v)
{
    write_integer(w, v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
    write_integer(w, v, 2);
}

void writer_u32(struct writer *w, uint32_t v)
{
    write_integer(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
    write_integer(w, v, 8);
}

void writer_ntp_time(struct writer *w, struct ntp_time t)
{
    write_integer(w, (uint64_t)t.hi << 32 | t.lo, 8);
}

void writer_bytes(struct writer *w, const void *data, size_t length)
{
    uint8_t *p = writer_room(w, length);

    if (p != NULL)
        memcpy(p, data, length);
}

void writer_zeros(struct writer *w, size_t length)
{
    uint8_t *p = writer_room(w, length);

    if (p != NULL)
        memset(p, 0, length);
}

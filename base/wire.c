/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reading and writing of wire formats, used for all bytes that come from or go to another
 * process. An access outside of the buffer sets `failed` for good and touches nothing; reads then
 * give zeros. Integers are in network order.
 */
#include "base/wire.h"

#include <endian.h>
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
    if (r->failed || length > r->size - r->pos) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = length > 0 || r->data ? r->data + r->pos : (const uint8_t *)"";
    r->pos += length;
    return p;
}

static inline uint16_t get_u16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return be16toh(v);
}

static inline uint32_t get_u32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return be32toh(v);
}

static inline uint64_t get_u64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return be64toh(v);
}

static inline void put_u16(uint8_t *p, uint16_t v)
{
    v = htobe16(v);
    memcpy(p, &v, sizeof(v));
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof(v));
}

static inline void put_u64(uint8_t *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof(v));
}

uint8_t reader_u8(struct reader *r)
{
    const uint8_t *p = reader_view(r, 1);

    return p ? p[0] : 0;
}

uint16_t reader_u16(struct reader *r)
{
    const uint8_t *p = reader_view(r, 2);

    return p ? get_u16(p) : 0;
}

uint32_t reader_u32(struct reader *r)
{
    const uint8_t *p = reader_view(r, 4);

    return p ? get_u32(p) : 0;
}

uint64_t reader_u64(struct reader *r)
{
    const uint8_t *p = reader_view(r, 8);

    return p ? get_u64(p) : 0;
}

struct ntp_time reader_ntp_time(struct reader *r)
{
    uint64_t v = reader_u64(r);

    return (struct ntp_time){(uint32_t)(v >> 32), (uint32_t)v};
}

void reader_bytes(struct reader *r, void *out, size_t length)
{
    const uint8_t *p = reader_view(r, length);

    if (length == 0)
        return;
    if (p)
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
    if (w->failed || length > w->size - w->pos) {
        w->failed = true;
        return NULL;
    }
    if (length == 0)
        return NULL;
    uint8_t *p = w->data + w->pos;
    w->pos += length;
    return p;
}

void writer_u8(struct writer *w, uint8_t v)
{
    uint8_t *p = writer_room(w, 1);

    if (p)
        p[0] = v;
}

void writer_u16(struct writer *w, uint16_t v)
{
    uint8_t *p = writer_room(w, 2);

    if (p)
        put_u16(p, v);
}

void writer_u32(struct writer *w, uint32_t v)
{
    uint8_t *p = writer_room(w, 4);

    if (p)
        put_u32(p, v);
}

void writer_u64(struct writer *w, uint64_t v)
{
    uint8_t *p = writer_room(w, 8);

    if (p)
        put_u64(p, v);
}

void writer_ntp_time(struct writer *w, struct ntp_time t)
{
    writer_u64(w, (uint64_t)t.hi << 32 | t.lo);
}

void writer_bytes(struct writer *w, const void *data, size_t length)
{
    uint8_t *p = writer_room(w, length);

    if (p)
        memcpy(p, data, length);
}

void writer_zeros(struct writer *w, size_t length)
{
    uint8_t *p = writer_room(w, length);

    if (p)
        memset(p, 0, length);
}

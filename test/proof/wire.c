/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded reader and writer, through which all bytes from outside go.
 *
 * Proved: from every state that they can be in, each operation stays inside of the buffer,
 * leaves such a state, gives zeros or writes nothing after a failure, and moves by exactly its
 * length otherwise; what the writer wrote, the reader reads. Since the state before is
 * arbitrary, this holds for sequences of any length.
 * Assumed: views and skips are in buffers of up to 64 KiB, more than any message has. Where the
 * octets themselves are followed, buffers have at most 20 and copies at most 12: only the
 * relation between size, position and length decides, and all relations occur.
 * Stubs: none.
 *
 * sources: base/wire.c
 * options: --unwind 13
 */
#include "base/wire.h"
#include "test/proof/proof.h"

#define MAX_VIEW   65536
#define MAX_BUFFER 20
#define MAX_COPY   12

static struct reader any_reader(size_t max)
{
    size_t size = size_within(0, max);
    struct reader r = reader_make(any_octets(size), size);

    r.pos = size_within(0, size);
    r.failed = nondet_bool();
    return r;
}

static struct writer any_writer(void)
{
    size_t size = size_within(0, MAX_BUFFER);
    struct writer w = writer_make(any_octets(size), size);

    w.pos = size_within(0, size);
    w.failed = nondet_bool();
    return w;
}

static void check_reader(const struct reader *before, const struct reader *r, size_t length)
{
    bool fits = !before->failed && length <= before->size - before->pos;

    proof_assert(r->data == before->data && r->size == before->size);
    proof_assert(r->failed == !fits);
    proof_assert(r->pos == before->pos + (fits ? length : 0));
    proof_assert(r->pos <= r->size);
    if (fits)
        proof_reached("read");
    else
        proof_reached("not read");
}

void prove_read_integers(void)
{
    struct reader before = any_reader(MAX_BUFFER), r = before;
    uint64_t value = 0;
    struct ntp_time t;
    size_t length = 0;

    switch (nondet_u8()) {
    case 0:
        value = reader_u8(&r);
        length = 1;
        break;
    case 1:
        value = reader_u16(&r);
        length = 2;
        break;
    case 2:
        value = reader_u32(&r);
        length = 4;
        break;
    case 3:
        value = reader_u64(&r);
        length = 8;
        break;
    default:
        t = reader_ntp_time(&r);
        value = (uint64_t)t.hi << 32 | t.lo;
        length = 8;
        break;
    }
    check_reader(&before, &r, length);
    if (r.failed)
        proof_assert(value == 0);
    for (size_t i = 0; i < length && !r.failed; i++)
        proof_assert((uint8_t)(value >> 8 * (length - 1 - i)) == before.data[before.pos + i]);
}

void prove_view_octets(void)
{
    struct reader before = any_reader(MAX_VIEW), r = before;
    size_t length = nondet_size();

    const uint8_t *p = reader_view(&r, length);
    check_reader(&before, &r, length);
    proof_assert(!p == r.failed);
    if (p)
        proof_assert_readable(p, length);
    proof_assert(reader_left(&r) == (r.failed ? 0 : r.size - r.pos));

    r = before;
    reader_skip(&r, length);
    check_reader(&before, &r, length);
}

void prove_read_octets(void)
{
    struct reader before = any_reader(MAX_BUFFER), r = before;
    size_t length = size_within(0, MAX_COPY);
    uint8_t *out = any_octets(length);

    reader_bytes(&r, out, length);
    check_reader(&before, &r, length);
    for (size_t i = 0; i < length; i++)
        proof_assert(out[i] == (r.failed ? 0 : before.data[before.pos + i]));
}

static void check_writer(const struct writer *before, const struct writer *w, size_t length)
{
    bool fits = !before->failed && length <= before->size - before->pos;

    proof_assert(w->data == before->data && w->size == before->size);
    proof_assert(w->failed == !fits);
    proof_assert(w->pos == before->pos + (fits ? length : 0));
    if (fits)
        proof_reached("written");
    else
        proof_reached("not written");
}

void prove_write_and_read(void)
{
    struct writer before = any_writer(), w = before;
    const uint64_t v = nondet_u64();
    uint64_t again;
    size_t length;

    struct reader r = reader_make(w.data, w.size);
    r.pos = w.pos;
    switch (nondet_u8()) {
    case 0:
        writer_u8(&w, (uint8_t)v);
        again = reader_u8(&r) | (v & ~(uint64_t)UINT8_MAX);
        length = 1;
        break;
    case 1:
        writer_u16(&w, (uint16_t)v);
        again = reader_u16(&r) | (v & ~(uint64_t)UINT16_MAX);
        length = 2;
        break;
    case 2:
        writer_u32(&w, (uint32_t)v);
        again = reader_u32(&r) | (v & ~(uint64_t)UINT32_MAX);
        length = 4;
        break;
    case 3:
        writer_u64(&w, v);
        again = reader_u64(&r);
        length = 8;
        break;
    default:
        writer_ntp_time(&w, (struct ntp_time){(uint32_t)(v >> 32), (uint32_t)v});
        again = reader_u64(&r);
        length = 8;
        break;
    }
    check_writer(&before, &w, length);
    if (!w.failed)
        proof_assert(again == v);
}

void prove_write_octets(void)
{
    struct writer before = any_writer(), w = before;
    size_t length = size_within(0, MAX_COPY);
    uint8_t *octets = any_octets(length);

    writer_bytes(&w, octets, length);
    check_writer(&before, &w, length);
    for (size_t i = 0; i < length && !w.failed; i++)
        proof_assert(w.data[before.pos + i] == octets[i]);

    w = before;
    writer_zeros(&w, length);
    check_writer(&before, &w, length);
    for (size_t i = 0; i < length && !w.failed; i++)
        proof_assert(w.data[before.pos + i] == 0);
}

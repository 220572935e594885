/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reader and writer for wire formats. Errors are sticky: after the first access outside of
 * the buffer `failed` is set, reads give zeros and writes do nothing, so that a sequence needs one
 * check at its end. All integers are in network order.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/instant.h"

struct reader {
    const uint8_t *data;
    size_t size;
    size_t pos;
    bool failed;
};

struct writer {
    uint8_t *data;
    size_t size; /* capacity */
    size_t pos;  /* octets written */
    bool failed;
};

struct reader reader_make(const void *data, size_t size);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct ntp_time reader_ntp_time(struct reader *r);
/* Copies length octets; zeros on failure. */
void reader_bytes(struct reader *r, void *out, size_t length);
/* Pointer into the buffer to the next length octets, or NULL on failure. */
const uint8_t *reader_view(struct reader *r, size_t length);
void reader_skip(struct reader *r, size_t length);

struct writer writer_make(void *data, size_t size);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);
void writer_ntp_time(struct writer *w, struct ntp_time t);
void writer_bytes(struct writer *w, const void *data, size_t length);
void writer_zeros(struct writer *w, size_t length);

#endif

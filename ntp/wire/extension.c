/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTPv4 extension fields: walking over them, adding them, and the bodies of the two fields that are
 * not NTS (ntp.md 3.4, 16; nts.md 9.1). Pure; no byte is read before the length of its field was
 * checked.
 */
#include "ntp/wire/packet.h"

#include <string.h>

#include "ntp/wire/extension.h"

#define EXT_HEADER_LENGTH 4
#define MONO_ROOT_MAGIC   0xf5bedd9au

/* The field that starts at `start` of `size` octets, with at least min_length octets. */
static bool read_field(const uint8_t *data, size_t size, size_t start, size_t min_length,
                       struct ntp_ext_field *field)
{
    struct reader r = reader_make(data + start, size - start);
    uint16_t type = reader_u16(&r), length = reader_u16(&r);

    if (r.failed || length < min_length || length % 4 != 0 || length > size - start)
        return false;
    *field = (struct ntp_ext_field){
        .start = start,
        .length = length,
        .type = type,
        .body = data + start + EXT_HEADER_LENGTH,
        .body_length = length - EXT_HEADER_LENGTH,
    };
    return true;
}

bool ntp_ext_read(const uint8_t *packet, size_t length, size_t start, struct ntp_ext_field *field)
{
    /* RFC 7822: data no longer than the longest MAC of version 4 is a MAC, not a field. */
    if (start < NTP_HEADER_LENGTH || start % 4 != 0 || length % 4 != 0 || start > length ||
        length - start <= NTP_MAX_V4_MAC_LENGTH || (packet[0] >> 3 & 7) != 4)
        return false;
    return read_field(packet, length, start, NTP_MIN_EXT_LENGTH, field);
}

bool ntp_ext_next(const uint8_t *packet, const struct ntp_info *info, size_t *pos,
                  struct ntp_ext_field *field)
{
    size_t end = info->mac_length > 0 ? info->mac_start : info->length;

    if (info->ext_fields == 0 || *pos >= end || !ntp_ext_read(packet, info->length, *pos, field) ||
        field->length > end - *pos)
        return false;
    *pos += field->length;
    return true;
}

bool ntp_ext_next_inner(const uint8_t *data, size_t size, size_t *pos, struct ntp_ext_field *field)
{
    if (*pos >= size || !read_field(data, size, *pos, EXT_HEADER_LENGTH, field))
        return false;
    *pos += field->length;
    return true;
}

static bool add_field(struct writer *w, uint16_t type, const void *body, size_t body_length,
                      size_t limit)
{
    if (w->failed || body_length % 4 != 0 || w->pos > limit ||
        body_length > UINT16_MAX - EXT_HEADER_LENGTH ||
        body_length + EXT_HEADER_LENGTH > limit - w->pos) {
        w->failed = true;
        return false;
    }
    writer_u16(w, type);
    writer_u16(w, (uint16_t)(body_length + EXT_HEADER_LENGTH));
    if (body)
        writer_bytes(w, body, body_length);
    else
        writer_zeros(w, body_length);
    return !w->failed;
}

bool ntp_ext_add(struct writer *w, uint16_t type, const void *body, size_t body_length)
{
    size_t limit = w->size < NTP_MAX_LENGTH ? w->size : NTP_MAX_LENGTH;

    if (w->failed || w->pos < NTP_HEADER_LENGTH || w->pos % 4 != 0 || (w->data[0] >> 3 & 7) != 4 ||
        body_length < NTP_MIN_EXT_LENGTH - EXT_HEADER_LENGTH) {
        w->failed = true;
        return false;
    }
    return add_field(w, type, body, body_length, limit);
}

bool ntp_ext_add_inner(struct writer *w, uint16_t type, const void *body, size_t body_length)
{
    return add_field(w, type, body, body_length, w->size);
}

bool ntp_mono_root_read(const uint8_t *body, size_t length, struct ntp_mono_root *out)
{
    struct reader r = reader_make(body, length);

    if (length != NTP_EXT_BODY_LENGTH || reader_u32(&r) != MONO_ROOT_MAGIC)
        return false;
    out->root_delay = ntp_fine_to_double(reader_u32(&r));
    out->root_dispersion = ntp_fine_to_double(reader_u32(&r));
    out->mono_receive = reader_ntp_time(&r);
    out->epoch = reader_u32(&r);
    return true;
}

void ntp_mono_root_write(uint8_t body[NTP_EXT_BODY_LENGTH], const struct ntp_mono_root *in)
{
    struct writer w = writer_make(body, NTP_EXT_BODY_LENGTH);

    writer_u32(&w, MONO_ROOT_MAGIC);
    writer_u32(&w, ntp_fine_from_double(in->root_delay));
    writer_u32(&w, ntp_fine_from_double(in->root_dispersion));
    writer_ntp_time(&w, in->mono_receive);
    writer_u32(&w, in->epoch);
}

bool ntp_net_correction_read(const uint8_t *body, size_t length, double *correction)
{
    struct reader r = reader_make(body, length);

    if (length != NTP_EXT_BODY_LENGTH)
        return false;
    *correction = ntp_signed_to_double(reader_ntp_time(&r));
    return true;
}

void ntp_net_correction_write(uint8_t body[NTP_EXT_BODY_LENGTH], double correction)
{
    struct writer w = writer_make(body, NTP_EXT_BODY_LENGTH);

    writer_ntp_time(&w, ntp_signed_from_double(correction));
    writer_zeros(&w, NTP_EXT_BODY_LENGTH - w.pos);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PTP message around an NTP packet (ntp.md 17). Everything that differs from it is refused: the
 * port also receives the traffic of real PTP clocks.
 */
#include "ntp/ptp.h"

#include "base/wire.h"

#define TYPE_SYNC          0x00
#define TYPE_DELAY_REQ     0x01
#define VERSION            0x02
#define VERSION_2_1        0x12
#define FLAG_UNICAST       0x0400
#define TLV_ORGANISATION   0x0003
#define TLV_EXPERIMENTAL   0x8000
#define TLV_HEADER         8 /* organisation, subtype and two zero octets */
#define ORGANISATION       0x00005e00
#define SUBTYPE            0x0001
#define CORRECTIONS_PER_NS 65536.0

size_t ptp_wrap(uint8_t *out, size_t size, uint8_t domain, uint16_t sequence, const uint8_t *ntp,
                size_t length)
{
    struct writer w = writer_make(out, size);

    if (length > UINT16_MAX - PTP_OVERHEAD)
        return 0;
    writer_u8(&w, TYPE_DELAY_REQ);
    writer_u8(&w, VERSION);
    writer_u16(&w, (uint16_t)(PTP_OVERHEAD + length));
    writer_u8(&w, domain);
    writer_u8(&w, 0);
    writer_u16(&w, FLAG_UNICAST);
    writer_zeros(&w, 22); /* correction, type-specific, port identity */
    writer_u16(&w, sequence);
    writer_zeros(&w, 12); /* control, interval, origin timestamp */
    writer_u16(&w, TLV_ORGANISATION);
    writer_u16(&w, (uint16_t)(TLV_HEADER + length));
    writer_u32(&w, ORGANISATION);
    writer_u16(&w, SUBTYPE);
    writer_zeros(&w, 2);
    writer_bytes(&w, ntp, length);
    return w.failed ? 0 : w.pos;
}

static bool read_header(struct reader *r, size_t length, uint8_t domain, double *correction)
{
    uint8_t type = reader_u8(r), version = reader_u8(r);
    uint16_t message_length = reader_u16(r);
    uint8_t its_domain = reader_u8(r), minor_sdo = reader_u8(r);
    uint16_t flags = reader_u16(r);

    *correction = (double)(int64_t)reader_u64(r) / (CORRECTIONS_PER_NS * 1e9);
    reader_skip(r, 28);
    return (type == TYPE_DELAY_REQ || type == TYPE_SYNC) &&
           (version == VERSION || (version == VERSION_2_1 && minor_sdo == 0)) &&
           message_length == length && its_domain == domain && flags == FLAG_UNICAST;
}

static bool read_tlv(struct reader *r, size_t length)
{
    uint16_t type = reader_u16(r), tlv_length = reader_u16(r);
    uint32_t organisation = reader_u32(r);
    uint16_t subtype = reader_u16(r);

    reader_skip(r, 2);
    return (type == TLV_ORGANISATION || type == TLV_EXPERIMENTAL) &&
           tlv_length == TLV_HEADER + length - PTP_OVERHEAD && organisation == ORGANISATION &&
           subtype == SUBTYPE;
}

bool ptp_unwrap(const uint8_t *message, size_t length, uint8_t domain, struct ptp_payload *payload)
{
    struct reader r = reader_make(message, length);

    if (length <= PTP_OVERHEAD || !read_header(&r, length, domain, &payload->correction) ||
        !read_tlv(&r, length) || r.failed)
        return false;
    payload->ntp = message + PTP_OVERHEAD;
    payload->length = length - PTP_OVERHEAD;
    return true;
}

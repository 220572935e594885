/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of NTP packets and the structure of what follows it (ntp.md 3). Every received packet
 * and every own packet that comes back with a timestamp goes through here first. Pure. The
 * octets are not trusted, and nothing outside of them is read.
 */
#include "ntp/wire/packet.h"

#include <string.h>

#include "conf/source_options.h"
#include "ntp/wire/extension.h"

/* Lengths of what follows the header of a version 3 packet that asks for a signed response. */
#define MSSNTP_LENGTH     20
#define MSSNTP_EXT_LENGTH 72
#define CRYPTO_NAK_LENGTH 4

void ntp_header_read(const uint8_t *packet, struct ntp_header *header)
{
    struct reader r = reader_make(packet, NTP_HEADER_LENGTH);
    uint8_t first = reader_u8(&r);

    header->leap = first >> 6;
    header->version = first >> 3 & 7;
    header->mode = first & 7;
    header->stratum = reader_u8(&r);
    header->poll = (int8_t)reader_u8(&r);
    header->precision = (int8_t)reader_u8(&r);
    header->root_delay = reader_u32(&r);
    header->root_dispersion = reader_u32(&r);
    header->refid = reader_u32(&r);
    header->reference = reader_ntp_time(&r);
    header->origin = reader_ntp_time(&r);
    header->receive = reader_ntp_time(&r);
    header->transmit = reader_ntp_time(&r);
}

void ntp_header_write(uint8_t *packet, const struct ntp_header *header)
{
    struct writer w = writer_make(packet, NTP_HEADER_LENGTH);

    writer_u8(&w,
              (uint8_t)((header->leap & 3) << 6 | (header->version & 7) << 3 | (header->mode & 7)));
    writer_u8(&w, header->stratum);
    writer_u8(&w, (uint8_t)header->poll);
    writer_u8(&w, (uint8_t)header->precision);
    writer_u32(&w, header->root_delay);
    writer_u32(&w, header->root_dispersion);
    writer_u32(&w, header->refid);
    writer_ntp_time(&w, header->reference);
    writer_ntp_time(&w, header->origin);
    writer_ntp_time(&w, header->receive);
    writer_ntp_time(&w, header->transmit);
}

static bool all_zero(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] != 0)
            return false;
    }
    return true;
}

/* The rest of the packet from `start` on, at least 4 octets, is a MAC. */
static void set_mac(const uint8_t *packet, size_t start, struct ntp_info *info)
{
    struct reader r = reader_make(packet + start, info->length - start);

    info->auth = NTP_AUTH_SYMMETRIC;
    info->mac_start = start;
    info->mac_length = info->length - start;
    info->mac_key_id = reader_u32(&r);
}

/* Versions below 4 (ntp.md 3.3, step 4). */
static void parse_before_v4(const uint8_t *packet, struct ntp_info *info)
{
    const uint8_t *rest = packet + NTP_HEADER_LENGTH;

    set_mac(packet, NTP_HEADER_LENGTH, info);
    if (info->version != 3 || info->mac_key_id == 0)
        return;
    if (info->mac_length == MSSNTP_LENGTH && all_zero(rest + 4, MSSNTP_LENGTH - 4))
        info->auth = NTP_AUTH_MSSNTP;
    else if (info->mac_length == MSSNTP_EXT_LENGTH && all_zero(rest + 8, MSSNTP_EXT_LENGTH - 8))
        info->auth = NTP_AUTH_MSSNTP_EXT;
}

static void note_field(const struct ntp_ext_field *field, struct ntp_info *info)
{
    struct ntp_mono_root mono_root;
    double correction;

    switch (field->type) {
    case NTP_EXT_NTS_UID:
    case NTP_EXT_NTS_COOKIE:
    case NTP_EXT_NTS_PLACEHOLDER:
    case NTP_EXT_NTS_AUTH:
        info->auth = NTP_AUTH_NTS;
        break;
    case NTP_EXT_NET_CORRECTION:
        if (ntp_net_correction_read(field->body, field->body_length, &correction))
            info->ext_flags |= EXT_FLAG_NET_CORRECTION;
        break;
    case NTP_EXT_MONO_ROOT:
        if (ntp_mono_root_read(field->body, field->body_length, &mono_root))
            info->ext_flags |= EXT_FLAG_MONO_ROOT;
        break;
    default:
        break;
    }
}

/* Version 4: fields and MAC (ntp.md 3.3, steps 5 to 7). */
static bool parse_v4(const uint8_t *packet, struct ntp_info *info)
{
    size_t pos = NTP_HEADER_LENGTH;

    if (info->length - pos == CRYPTO_NAK_LENGTH && all_zero(packet + pos, CRYPTO_NAK_LENGTH)) {
        set_mac(packet, pos, info);
        return true;
    }
    while (pos < info->length) {
        size_t left = info->length - pos;
        struct ntp_ext_field field;

        if (left >= NTP_MIN_MAC_LENGTH && left <= NTP_MAX_V4_MAC_LENGTH) {
            set_mac(packet, pos, info);
            return true;
        }
        if (!ntp_ext_read(packet, info->length, pos, &field))
            return false;
        note_field(&field, info);
        info->ext_fields++;
        pos += field.length;
    }
    return true;
}

bool ntp_packet_parse(const uint8_t *packet, size_t length, struct ntp_info *info)
{
    memset(info, 0, sizeof(*info));
    if (length < NTP_HEADER_LENGTH || length > NTP_MAX_LENGTH || length % 4 != 0)
        return false;
    info->length = length;
    info->version = packet[0] >> 3 & 7;
    info->mode = packet[0] & 7;
    if (info->version == 0 || info->version > NTP_VERSION)
        return false;
    if (length == NTP_HEADER_LENGTH)
        return true;
    if (info->version == NTP_VERSION)
        return parse_v4(packet, info);
    parse_before_v4(packet, info);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP packets: the header, the parser, and the walk over extension fields.
 *
 * Proved: no octet outside of the packet is read, whatever its content and length; what the
 * parser and the walk give (MAC, fields, bodies) is inside of the packet; each step of the walk
 * moves by at least the smallest field, so that it ends; a header that is decoded and encoded
 * again is the same.
 * Assumed: the walk (ntp_ext_next, ntp_ext_next_inner) is one step from an arbitrary position of
 * a packet of 48 to 1140 octets, the longest that is accepted, with an arbitrary result of the
 * parser about it: with the progress of each step this covers all walks. The parser itself takes
 * packets of version 1 to 3 of all lengths, and of version 4 up to 100 octets, which is two
 * fields and a MAC; its loop has no state but the position, of which the step proves all.
 * Stubs: none.
 *
 * sources: ntp/wire/packet.c ntp/wire/extension.c ntp/wire/formats.c base/wire.c base/instant.c
 * options: --unwind 6 --unwindset all_zero.0:70
 */
#include "ntp/wire/packet.h"
#include "test/proof/proof.h"

#define MAX_V4 100

struct ntp_info nondet_info(void);

void prove_parse(void)
{
    size_t length = nondet_size();
    uint8_t *packet = any_octets(length);
    struct ntp_info info;

    if (length > 0 && (packet[0] >> 3 & 7) == NTP_VERSION)
        proof_assume(length <= MAX_V4);
    if (!ntp_packet_parse(packet, length, &info)) {
        proof_reached("refused");
        return;
    }
    proof_assert(info.length == length && length >= NTP_HEADER_LENGTH);
    proof_assert(length <= NTP_MAX_LENGTH);
    proof_assert(info.version >= 1 && info.version <= NTP_VERSION);
    proof_assert(info.ext_fields == 0 || info.version == NTP_VERSION);
    if (info.mac_length == 0) {
        proof_reached("no MAC");
        return;
    }
    proof_assert(info.mac_start >= NTP_HEADER_LENGTH && info.mac_length >= 4);
    proof_assert(info.mac_start + info.mac_length == length);
    if (info.version < NTP_VERSION)
        proof_reached("MAC before version 4");
    else if (info.ext_fields > 0)
        proof_reached("MAC behind fields");
}

static void check_field(const uint8_t *data, size_t before, size_t pos,
                        const struct ntp_ext_field *field)
{
    proof_assert(field->start == before && field->length == pos - before);
    proof_assert(field->body == data + before + 4 && field->body_length == field->length - 4);
    proof_assert_readable(field->body, field->body_length);
}

void prove_walk(void)
{
    size_t length = size_within(NTP_HEADER_LENGTH, NTP_MAX_LENGTH);
    uint8_t *packet = any_octets(length);
    struct ntp_info info = nondet_info();
    size_t pos = nondet_size(), before = pos;
    struct ntp_ext_field field;

    info.length = length;
    proof_assume(info.mac_start <= length && info.mac_length <= length - info.mac_start);
    if (!ntp_ext_next(packet, &info, &pos, &field)) {
        proof_assert(pos == before);
        return;
    }
    proof_reached("field");
    proof_assert(before >= NTP_HEADER_LENGTH && pos >= before + NTP_MIN_EXT_LENGTH);
    proof_assert(pos <= (info.mac_length > 0 ? info.mac_start : length));
    check_field(packet, before, pos, &field);
}

void prove_walk_inner(void)
{
    size_t size = size_within(0, NTP_MAX_LENGTH);
    uint8_t *data = any_octets(size);
    size_t pos = nondet_size(), before = pos;
    struct ntp_ext_field field;

    if (!ntp_ext_next_inner(data, size, &pos, &field)) {
        proof_assert(pos == before);
        return;
    }
    proof_reached("inner field");
    proof_assert(pos >= before + 4 && pos <= size);
    check_field(data, before, pos, &field);
}

void prove_header(void)
{
    uint8_t *packet = any_octets(NTP_HEADER_LENGTH), *again = any_octets(NTP_HEADER_LENGTH);
    size_t i = size_within(0, NTP_HEADER_LENGTH - 1);
    struct ntp_header values;

    ntp_header_read(packet, &values);
    ntp_header_write(again, &values);
    proof_assert(again[i] == packet[i]);
    proof_reached("header");
}

void prove_bodies(void)
{
    size_t length = size_within(0, 2 * NTP_EXT_BODY_LENGTH);
    uint8_t *body = any_octets(length);
    struct ntp_mono_root root;
    double correction;

    if (ntp_mono_root_read(body, length, &root))
        proof_reached("mono-root");
    if (ntp_net_correction_read(body, length, &correction))
        proof_reached("net correction");
}

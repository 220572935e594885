/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP packets: parsing (ntp.md 3.3, 27.11), header and extension fields with the octets of 27.9,
 * number formats of 27.2.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "conf/source_options.h"
#include "ntp/wire/extension.h"
#include "ntp/wire/packet.h"

/* Octets of a hexadecimal text, in which spaces count for nothing. */
static size_t from_hex(const char *text, uint8_t *out, size_t size)
{
    char digits[2 * NTP_MAX_LENGTH + 1];
    size_t n = 0;

    for (; *text != '\0'; text++) {
        if (*text != ' ')
            digits[n++] = *text;
    }
    digits[n] = '\0';
    assert_int_equal(text_from_hex(digits, out, size), n / 2);
    return n / 2;
}

/* A packet of the given version in client mode, followed by `rest` octets of zero. */
static size_t make_packet(uint8_t packet[NTP_MAX_LENGTH], int version, size_t rest)
{
    memset(packet, 0, NTP_MAX_LENGTH);
    packet[0] = (uint8_t)(version << 3 | NTP_MODE_CLIENT);
    return NTP_HEADER_LENGTH + rest;
}

/* Writes the header of an extension field; returns the offset behind the field. */
static size_t put_field(uint8_t *packet, size_t pos, unsigned int type, size_t length)
{
    packet[pos] = (uint8_t)(type >> 8);
    packet[pos + 1] = (uint8_t)type;
    packet[pos + 2] = (uint8_t)(length >> 8);
    packet[pos + 3] = (uint8_t)length;
    return pos + length;
}

static void put_key_id(uint8_t *packet, size_t pos, uint8_t id)
{
    packet[pos + 3] = id;
}

static void versions_one_to_four_are_parsed(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    for (int version = 0; version < 8; version++) {
        size_t length = make_packet(packet, version, 0);

        assert_int_equal(ntp_packet_parse(packet, length, &info), version >= 1 && version <= 4);
        if (version >= 1 && version <= 4) {
            assert_int_equal(info.version, version);
            assert_int_equal(info.mode, NTP_MODE_CLIENT);
            assert_int_equal(info.auth, NTP_AUTH_NONE);
            assert_int_equal(info.length, 48);
            assert_int_equal(info.mac_length, 0);
        }
    }
}

static void odd_lengths_are_dropped(void **state)
{
    static const size_t lengths[] = {0, 4, 44, 47, 49, 50, 51, 69, 1144};
    uint8_t packet[NTP_MAX_LENGTH + 4];
    struct ntp_info info;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(packet, 0, sizeof(packet));
        make_packet(packet, 3, 0);
        assert_false(ntp_packet_parse(packet, lengths[i], &info));
    }
}

static void macs_of_version_four(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    for (size_t rest = 4; rest <= 72; rest += 4) {
        size_t length = make_packet(packet, 4, rest);
        bool is_mac = rest == 20 || rest == 24;

        put_key_id(packet, NTP_HEADER_LENGTH, 3);
        assert_int_equal(ntp_packet_parse(packet, length, &info), is_mac);
        if (is_mac) {
            assert_int_equal(info.auth, NTP_AUTH_SYMMETRIC);
            assert_int_equal(info.mac_start, 48);
            assert_int_equal(info.mac_length, rest);
            assert_int_equal(info.mac_key_id, 3);
        }
    }
}

static void everything_is_a_mac_before_version_four(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    for (size_t rest = 4; rest <= 100; rest += 4) {
        size_t length = make_packet(packet, 3, rest);

        put_key_id(packet, NTP_HEADER_LENGTH, 3);
        packet[length - 1] |= 1;
        assert_true(ntp_packet_parse(packet, length, &info));
        assert_int_equal(info.auth, NTP_AUTH_SYMMETRIC);
        assert_int_equal(info.mac_length, rest);
        assert_int_equal(info.mac_key_id, 3);
        assert_int_equal(info.ext_fields, 0);
    }
}

static void a_crypto_nak_is_symmetric_with_key_zero(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;
    size_t length = make_packet(packet, 4, 4);

    assert_true(ntp_packet_parse(packet, length, &info));
    assert_int_equal(info.auth, NTP_AUTH_SYMMETRIC);
    assert_int_equal(info.mac_length, 4);
    assert_int_equal(info.mac_key_id, 0);
    packet[51] = 1;
    assert_false(ntp_packet_parse(packet, length, &info));
}

static void mssntp_requests_have_an_empty_digest(void **state)
{
    static const struct {
        int version;
        size_t rest;
        size_t nonzero; /* offset in the rest, 0: none */
        uint8_t key_id;
        enum ntp_auth_type auth;
    } cases[] = {
        {3, 20, 0, 1, NTP_AUTH_MSSNTP},     {3, 72, 0, 1, NTP_AUTH_MSSNTP_EXT},
        {3, 72, 4, 1, NTP_AUTH_MSSNTP_EXT}, {3, 72, 7, 1, NTP_AUTH_MSSNTP_EXT},
        {3, 20, 4, 1, NTP_AUTH_SYMMETRIC},  {3, 20, 19, 1, NTP_AUTH_SYMMETRIC},
        {3, 72, 8, 1, NTP_AUTH_SYMMETRIC},  {3, 72, 71, 1, NTP_AUTH_SYMMETRIC},
        {3, 20, 0, 0, NTP_AUTH_SYMMETRIC},  {3, 72, 0, 0, NTP_AUTH_SYMMETRIC},
        {2, 20, 0, 1, NTP_AUTH_SYMMETRIC},  {4, 20, 0, 1, NTP_AUTH_SYMMETRIC},
        {3, 24, 0, 1, NTP_AUTH_SYMMETRIC},
    };
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = make_packet(packet, cases[i].version, cases[i].rest);

        put_key_id(packet, NTP_HEADER_LENGTH, cases[i].key_id);
        if (cases[i].nonzero > 0)
            packet[NTP_HEADER_LENGTH + cases[i].nonzero] = 1;
        assert_true(ntp_packet_parse(packet, length, &info));
        assert_int_equal(info.auth, cases[i].auth);
        assert_int_equal(info.mac_key_id, cases[i].key_id);
    }
}

static void unknown_fields_are_skipped(void **state)
{
    static const struct {
        size_t first, second;
        bool ok;
    } cases[] = {{28, 0, true}, {16, 28, true}, {28, 28, true}, {12, 28, false}, {28, 16, false}};
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = make_packet(packet, 4, cases[i].first + cases[i].second);
        size_t pos = put_field(packet, NTP_HEADER_LENGTH, 0xff00, cases[i].first);

        if (cases[i].second > 0)
            put_field(packet, pos, 0xff00, cases[i].second);
        assert_int_equal(ntp_packet_parse(packet, length, &info), cases[i].ok);
        if (cases[i].ok) {
            assert_int_equal(info.ext_fields, cases[i].second > 0 ? 2 : 1);
            assert_int_equal(info.auth, NTP_AUTH_NONE);
        }
    }
}

static void bad_lengths_of_fields_drop_the_packet(void **state)
{
    static const size_t lengths[] = {0, 4, 12, 15, 17, 18, 44, 0xfffc, 0xffff};
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        size_t length = make_packet(packet, 4, 40);

        put_field(packet, NTP_HEADER_LENGTH, 0xff00, lengths[i]);
        assert_false(ntp_packet_parse(packet, length, &info));
    }
}

static void nts_fields_and_a_mac(void **state)
{
    static const unsigned int types[] = {NTP_EXT_NTS_UID, NTP_EXT_NTS_COOKIE,
                                         NTP_EXT_NTS_PLACEHOLDER, NTP_EXT_NTS_AUTH};
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_ext_field field;
    struct ntp_info info;
    size_t pos;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t length = make_packet(packet, 4, 36);

        put_field(packet, NTP_HEADER_LENGTH, types[i], 36);
        assert_true(ntp_packet_parse(packet, length, &info));
        assert_int_equal(info.auth, NTP_AUTH_NTS);

        length = make_packet(packet, 4, 36 + 20);
        pos = put_field(packet, NTP_HEADER_LENGTH, types[i], 36);
        put_key_id(packet, pos, 9);
        assert_true(ntp_packet_parse(packet, length, &info));
        assert_int_equal(info.auth, NTP_AUTH_SYMMETRIC);
        assert_int_equal(info.mac_start, 84);
        assert_int_equal(info.mac_key_id, 9);
        assert_int_equal(info.ext_fields, 1);

        /* The walk ends before the MAC. */
        pos = NTP_HEADER_LENGTH;
        assert_true(ntp_ext_next(packet, &info, &pos, &field));
        assert_int_equal(field.type, types[i]);
        assert_int_equal(field.start, 48);
        assert_int_equal(field.body_length, 32);
        assert_ptr_equal(field.body, packet + 52);
        assert_false(ntp_ext_next(packet, &info, &pos, &field));
        assert_int_equal(pos, 84);
    }
}

static void every_truncation_is_survived(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    size_t length = make_packet(packet, 4, 1000), pos = NTP_HEADER_LENGTH;

    while (pos < length)
        pos = put_field(packet, pos, NTP_EXT_NTS_COOKIE, 40);
    for (size_t n = 0; n <= length; n++) {
        uint8_t copy[NTP_MAX_LENGTH];
        struct ntp_ext_field field;
        struct ntp_info info;
        int fields = 0;

        memset(copy, 0xff, sizeof(copy));
        memcpy(copy, packet, n);
        if (!ntp_packet_parse(copy, n, &info))
            continue;
        pos = NTP_HEADER_LENGTH;
        while (ntp_ext_next(copy, &info, &pos, &field))
            fields++;
        assert_int_equal(fields, info.ext_fields);
        assert_int_equal(pos, info.mac_length > 0 ? info.mac_start : n);
    }
}

static void request_with_both_fields(void **state)
{
    static const char text[] =
        "23000020 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 "
        "b7305f69e98f3f2c 010a001c 0000000000000000 00000000000000000000000000000000 "
        "f323001c f5bedd9a 00000000 00000000 0000000000000000 00000000";
    const struct ntp_header header = {
        .version = 4, .mode = 3, .precision = 32, .transmit = {0xb7305f69, 0xe98f3f2c}};
    const struct ntp_mono_root empty = {.root_delay = 0.0};
    uint8_t expected[NTP_MAX_LENGTH], packet[NTP_MAX_LENGTH], body[NTP_EXT_BODY_LENGTH];
    struct writer w = writer_make(packet, sizeof(packet));
    struct ntp_info info;

    assert_int_equal(from_hex(text, expected, sizeof(expected)), 104);
    assert_true(ntp_packet_parse(expected, 104, &info));
    assert_int_equal(info.ext_fields, 2);
    assert_int_equal(info.ext_flags, EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION);
    assert_int_equal(info.auth, NTP_AUTH_NONE);

    ntp_header_write(packet, &header);
    w.pos = NTP_HEADER_LENGTH;
    ntp_net_correction_write(body, 0.0);
    assert_true(ntp_ext_add(&w, NTP_EXT_NET_CORRECTION, body, sizeof(body)));
    ntp_mono_root_write(body, &empty);
    assert_true(ntp_ext_add(&w, NTP_EXT_MONO_ROOT, body, sizeof(body)));
    assert_int_equal(w.pos, 104);
    assert_memory_equal(packet, expected, 104);
}

static void header_of_a_reply(void **state)
{
    uint8_t packet[48], again[48];
    struct ntp_header h;

    from_hex("240306e5 00000000 00000000 7f7f0101 eeacf5d096cb45d7 6befacd8ebc2c663 "
             "eeacf5d28aaf5699 eeacf5d28ab06170",
             packet, sizeof(packet));
    ntp_header_read(packet, &h);
    assert_int_equal(h.leap, 0);
    assert_int_equal(h.version, 4);
    assert_int_equal(h.mode, NTP_MODE_SERVER);
    assert_int_equal(h.stratum, 3);
    assert_int_equal(h.poll, 6);
    assert_int_equal(h.precision, -27);
    assert_int_equal(h.refid, REFID_LOCAL);
    assert_true(ntp_time_equal(h.receive, (struct ntp_time){0xeeacf5d2, 0x8aaf5699}));
    assert_true(ntp_time_equal(h.transmit, (struct ntp_time){0xeeacf5d2, 0x8ab06170}));
    ntp_header_write(again, &h);
    assert_memory_equal(again, packet, sizeof(packet));

    from_hex("e40006e8 00010000 00010000 00000000 0000000000000000 0000000000000001 "
             "0000000000000002 0000000000000003",
             packet, sizeof(packet));
    ntp_header_read(packet, &h);
    assert_int_equal(h.leap, LEAP_UNSYNC);
    assert_int_equal(h.root_delay, 0x10000);
    assert_int_equal(h.precision, -24);
    ntp_header_write(again, &h);
    assert_memory_equal(again, packet, sizeof(packet));
}

static void mono_root_of_a_reply(void **state)
{
    uint8_t body[NTP_EXT_BODY_LENGTH], again[NTP_EXT_BODY_LENGTH];
    struct ntp_mono_root root;

    from_hex("f5bedd9a 00000000 00041894 eeacf5d8006149fc d0e9b7ce", body, sizeof(body));
    assert_true(ntp_mono_root_read(body, sizeof(body), &root));
    assert_true(root.root_delay == 0.0);
    assert_close(root.root_dispersion, 0.0010000020265579224, 1e-15);
    assert_true(ntp_time_equal(root.mono_receive, (struct ntp_time){0xeeacf5d8, 0x006149fc}));
    assert_int_equal(root.epoch, 0xd0e9b7ce);
    ntp_mono_root_write(again, &root);
    assert_memory_equal(again, body, sizeof(body));
    assert_false(ntp_mono_root_read(body, sizeof(body) - 4, &root));
    body[0] ^= 1;
    assert_false(ntp_mono_root_read(body, sizeof(body), &root));
}

static void only_well_formed_fields_are_noted(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;
    size_t length = make_packet(packet, 4, 28);

    put_field(packet, NTP_HEADER_LENGTH, NTP_EXT_MONO_ROOT, 28);
    assert_true(ntp_packet_parse(packet, length, &info));
    assert_int_equal(info.ext_flags, 0);
    length = make_packet(packet, 4, 32);
    put_field(packet, NTP_HEADER_LENGTH, NTP_EXT_NET_CORRECTION, 32);
    assert_true(ntp_packet_parse(packet, length, &info));
    assert_int_equal(info.ext_flags, 0);
    assert_int_equal(info.ext_fields, 1);
}

static void fields_that_do_not_fit_are_not_added(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH + 100], body[NTP_MAX_LENGTH] = {0};
    static const size_t bad[] = {0, 8, 13, 14, NTP_MAX_LENGTH - 48, 0xfffc};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct writer w = writer_make(packet, sizeof(packet));

        make_packet(packet, 4, 0);
        w.pos = 48;
        assert_false(ntp_ext_add(&w, 0x0104, bad[i] <= sizeof(body) ? body : NULL, bad[i]));
        assert_true(w.failed);
        assert_int_equal(w.pos, 48);
    }
    for (int version = 3; version <= 4; version++) {
        struct writer w = writer_make(packet, sizeof(packet));

        make_packet(packet, version, 0);
        w.pos = 48;
        assert_int_equal(ntp_ext_add(&w, 0x0304, NULL, NTP_MAX_LENGTH - 48 - 4), version == 4);
        assert_int_equal(w.pos, version == 4 ? NTP_MAX_LENGTH : 48);
    }
}

/* Each of the conditions of 3.4, at the offsets where a field could begin. */
static void field_is_read_only_where_one_can_be(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_ext_field field;

    make_packet(packet, 4, 200);
    for (size_t length = 72; length <= 112; length++)
        for (size_t start = 44; start <= 116; start++) {
            bool possible = start >= 48 && start % 4 == 0 && length % 4 == 0 && length > start + 24;
            memset(packet + 44, 0, 120);
            if (start + 4 <= sizeof(packet))
                put_field(packet, start, 0x8123, 16);
            assert_int_equal(ntp_ext_read(packet, length, start, &field), possible);
            if (possible)
                assert_true(field.start == start && field.length == 16 && field.body_length == 12);
        }
    put_field(packet, 48, 0x8123, 28);
    for (int version = 0; version < 8; version++) {
        packet[0] = (uint8_t)(version << 3 | 3);
        assert_int_equal(ntp_ext_read(packet, 76, 48, &field), version == 4);
    }
}

/* The walk ends where the MAC begins, though a field could be read there. */
static void fields_are_not_looked_for_in_the_mac(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_ext_field field;
    struct ntp_info info = {.version = 4, .length = 48 + 28 + 36, .ext_fields = 1};
    size_t pos = 48;

    make_packet(packet, 4, 64);
    put_field(packet, 48, 0x8123, 28);
    put_field(packet, 76, 0x8124, 28);
    info.mac_start = 76;
    info.mac_length = 36;
    assert_true(ntp_ext_next(packet, &info, &pos, &field));
    assert_int_equal(pos, 76);
    assert_false(ntp_ext_next(packet, &info, &pos, &field));
    /* Nor does a field reach into it, nor is anything read of a packet without fields. */
    put_field(packet, 48, 0x8123, 32);
    pos = 48;
    assert_false(ntp_ext_next(packet, &info, &pos, &field));
    put_field(packet, 48, 0x8123, 28);
    info.ext_fields = 0;
    pos = 48;
    assert_false(ntp_ext_next(packet, &info, &pos, &field));
}

static void fields_are_added_to_whole_headers_only(void **state)
{
    uint8_t packet[NTP_MAX_LENGTH + 100];

    for (size_t pos = 0; pos <= 56; pos++) {
        struct writer w = writer_make(packet, sizeof(packet));
        make_packet(packet, 4, 0);
        w.pos = pos;
        assert_int_equal(ntp_ext_add(&w, 0x0104, NULL, 12), pos >= 48 && pos % 4 == 0);
    }
    /* A writer with a smaller buffer has its own end. */
    struct writer w = writer_make(packet, 80);
    make_packet(packet, 4, 0);
    w.pos = 48;
    assert_true(ntp_ext_add(&w, 0x0104, NULL, 28));
    w = writer_make(packet, 79);
    w.pos = 48;
    assert_false(ntp_ext_add(&w, 0x0104, NULL, 28));
}

static void header_has_all_modes_and_leaps(void **state)
{
    struct ntp_header in = {.version = 4}, out;
    uint8_t packet[NTP_HEADER_LENGTH];

    for (in.mode = 0; in.mode < 8; in.mode++)
        for (in.leap = 0; in.leap < 4; in.leap++) {
            ntp_header_write(packet, &in);
            ntp_header_read(packet, &out);
            assert_true(out.mode == in.mode && out.leap == in.leap && out.version == 4);
        }
}

static void longest_packet_has_1140_octets(void **state)
{
    static uint8_t packet[NTP_MAX_LENGTH + 4];
    struct ntp_info info;

    make_packet(packet, 4, 0);
    put_field(packet, 48, 0x8123, 1140 - 48);
    assert_true(ntp_packet_parse(packet, 1140, &info));
    put_field(packet, 48, 0x8123, 1144 - 48);
    assert_false(ntp_packet_parse(packet, 1144, &info));
}

static void inner_fields_may_be_short(void **state)
{
    uint8_t data[16];
    struct writer w = writer_make(data, sizeof(data));
    struct ntp_ext_field field;
    size_t pos = 0;

    assert_true(ntp_ext_add_inner(&w, 0x0204, NULL, 0));
    assert_true(ntp_ext_add_inner(&w, 0x0304, "abcdefgh", 8));
    assert_false(ntp_ext_add_inner(&w, 0x0304, NULL, 0));
    assert_true(ntp_ext_next_inner(data, sizeof(data), &pos, &field));
    assert_int_equal(field.type, 0x0204);
    assert_int_equal(field.body_length, 0);
    assert_true(ntp_ext_next_inner(data, sizeof(data), &pos, &field));
    assert_memory_equal(field.body, "abcdefgh", 8);
    assert_int_equal(pos, sizeof(data));
    assert_false(ntp_ext_next_inner(data, sizeof(data), &pos, &field));
    for (uint8_t length = 0; length < 20; length++) {
        data[3] = length;
        pos = 0;
        assert_int_equal(ntp_ext_next_inner(data, 16, &pos, &field),
                         length >= 4 && length <= 16 && length % 4 == 0);
        pos = 0;
        assert_false(ntp_ext_next_inner(data, 3, &pos, &field));
    }
}

static void short_formats_of_the_worked_example(void **state)
{
    static const struct {
        double x;
        uint32_t encoded;
        double decoded;
        uint32_t fine;
        double fine_decoded;
    } cases[] = {
        {-1, 0, 0, 0, 0},
        {1e-9, 0x00000001, 1.52587890625e-05, 0x00000001, 3.725290298461914e-09},
        {1.6e-5, 0x00000002, 3.0517578125e-05, 0x000010c7, 1.600012183189392e-05},
        {0.001, 0x00000042, 0.001007080078125, 0x00041894, 0.0010000020265579224},
        {0.1, 0x0000199a, 0.100006103515625, 0x0199999a, 0.10000000149011612},
        {1.0, 0x00010000, 1.0, 0x10000000, 1.0},
        {15.9, 0x000fe667, 15.900009155273438, 0xfe666667, 15.900000002235174},
        {16.0, 0x00100000, 16.0, 0xffffffff, 65535.99998474121},
        {70000, 0xffffffff, 65535.99998474121, 0xffffffff, 65535.99998474121},
        {INFINITY, 0xffffffff, 65535.99998474121, 0xffffffff, 65535.99998474121},
        {NAN, 0xffffffff, 65535.99998474121, 0xffffffff, 65535.99998474121},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ntp_short_from_double(cases[i].x), cases[i].encoded);
        assert_close(ntp_short_to_double(cases[i].encoded), cases[i].decoded, 1e-9);
        assert_int_equal(ntp_fine_from_double(cases[i].x), cases[i].fine);
        assert_close(ntp_fine_to_double(cases[i].fine), cases[i].fine_decoded, 1e-9);
    }
}

static void signed_format_of_the_worked_example(void **state)
{
    static const struct {
        double x;
        struct ntp_time encoded;
    } cases[] = {
        {1.5e-6, {0x00000000, 0x0000192a}},
        {-1.5e-6, {0xffffffff, 0xffffe6d5}},
        {1.25, {0x00000001, 0x40000000}},
        {-0.75, {0xffffffff, 0x40000000}},
        {1e300, {0x7fffffff, 0}},
        {-INFINITY, {0x80000000, 0}},
        {NAN, {0, 0}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(ntp_time_equal(ntp_signed_from_double(cases[i].x), cases[i].encoded));
        if (fabs(cases[i].x) < 100.0)
            assert_close(ntp_signed_to_double(cases[i].encoded), cases[i].x, 3e-10);
    }
}

static void fuzz_masks_of_the_worked_example(void **state)
{
    assert_true(ntp_time_equal(ntp_fuzz_mask(-32), (struct ntp_time){0, 0}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(-30), (struct ntp_time){0, 3}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(-20), (struct ntp_time){0, 0xfff}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(0), (struct ntp_time){0, 0xffffffff}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(1), (struct ntp_time){1, 0xffffffff}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(31), (struct ntp_time){0x7fffffff, 0xffffffff}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(32), (struct ntp_time){0xffffffff, 0xffffffff}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(-128), (struct ntp_time){0, 0}));
    assert_true(ntp_time_equal(ntp_fuzz_mask(127), (struct ntp_time){0xffffffff, 0xffffffff}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_one_to_four_are_parsed),
        cmocka_unit_test(odd_lengths_are_dropped),
        cmocka_unit_test(macs_of_version_four),
        cmocka_unit_test(everything_is_a_mac_before_version_four),
        cmocka_unit_test(a_crypto_nak_is_symmetric_with_key_zero),
        cmocka_unit_test(mssntp_requests_have_an_empty_digest),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(bad_lengths_of_fields_drop_the_packet),
        cmocka_unit_test(nts_fields_and_a_mac),
        cmocka_unit_test(every_truncation_is_survived),
        cmocka_unit_test(request_with_both_fields),
        cmocka_unit_test(header_of_a_reply),
        cmocka_unit_test(mono_root_of_a_reply),
        cmocka_unit_test(only_well_formed_fields_are_noted),
        cmocka_unit_test(fields_that_do_not_fit_are_not_added),
        cmocka_unit_test(field_is_read_only_where_one_can_be),
        cmocka_unit_test(fields_are_not_looked_for_in_the_mac),
        cmocka_unit_test(fields_are_added_to_whole_headers_only),
        cmocka_unit_test(header_has_all_modes_and_leaps),
        cmocka_unit_test(longest_packet_has_1140_octets),
        cmocka_unit_test(inner_fields_may_be_short),
        cmocka_unit_test(short_formats_of_the_worked_example),
        cmocka_unit_test(signed_format_of_the_worked_example),
        cmocka_unit_test(fuzz_masks_of_the_worked_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

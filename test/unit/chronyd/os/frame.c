/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looped-back frames: payload and destination are found, and nothing is read beyond the end
 * (system.md 5.8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "chronyd/os/frame.h"

struct frame {
    uint8_t data[256];
    size_t length;
};

static void put(struct frame *f, const void *data, size_t length)
{
    assert_true(f->length + length <= sizeof(f->data));
    memcpy(f->data + f->length, data, length);
    f->length += length;
}

static void put_ethernet(struct frame *f, int vlan_tags, uint16_t type)
{
    static const uint8_t addresses[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const uint8_t tag[4] = {0x81, 0x00, 0x00, 0x05};
    const uint8_t type_octets[2] = {(uint8_t)(type >> 8), (uint8_t)type};

    put(f, addresses, sizeof(addresses));
    for (int i = 0; i < vlan_tags; i++)
        put(f, tag, sizeof(tag));
    put(f, type_octets, sizeof(type_octets));
}

/* UDP to port 123 with the payload "payload!". */
static void put_udp(struct frame *f)
{
    static const uint8_t udp[8] = {0x30, 0x39, 0, 123, 0, 16, 0, 0};

    put(f, udp, sizeof(udp));
    put(f, "payload!", 8);
}

static void put_ipv4(struct frame *f, uint8_t protocol, size_t option_words)
{
    uint8_t header[20] = {0};
    static const uint8_t option[4] = {1, 1, 1, 1};

    header[0] = (uint8_t)(0x45 + option_words);
    header[9] = protocol;
    memcpy(header + 16, (const uint8_t[]){192, 0, 2, 9}, 4);
    put(f, header, sizeof(header));
    for (size_t i = 0; i < option_words; i++)
        put(f, option, sizeof(option));
}

static void put_ipv6(struct frame *f, uint8_t next)
{
    uint8_t header[40] = {0x60};

    header[6] = next;
    header[24] = 0x20;
    header[25] = 0x01;
    header[39] = 0x42;
    put(f, header, sizeof(header));
}

/* The frame is parsed from memory of exactly its size, so that sanitizers see any other access. */
static bool parse(const struct frame *f, size_t length, struct ip_port *to, size_t *offset)
{
    uint8_t *copy = malloc(length ? length : 1);

    assert_non_null(copy);
    memcpy(copy, f->data, length);
    bool valid = frame_parse(copy, length, to, offset);
    free(copy);
    return valid;
}

static void expect_payload(const struct frame *f, const char *destination)
{
    struct ip_port to;
    size_t offset;
    char text[ADDR_TEXT_SIZE];

    assert_true(parse(f, f->length, &to, &offset));
    assert_string_equal(ip_port_format(&to, text, sizeof(text)), destination);
    assert_int_equal(f->length - offset, 8);
    assert_memory_equal(f->data + offset, "payload!", 8);
    /* Cut anywhere before the payload it is refused. */
    for (size_t length = 0; length < offset; length++)
        assert_false(parse(f, length, &to, &offset) && offset > length);
}

static void ipv4_packet_is_found(void **state)
{
    struct frame f = {.length = 0};

    put_ethernet(&f, 0, 0x0800);
    put_ipv4(&f, 17, 0);
    put_udp(&f);
    expect_payload(&f, "192.0.2.9:123");
}

static void vlan_tags_and_ip_options_are_skipped(void **state)
{
    struct frame f = {.length = 0};

    put_ethernet(&f, 2, 0x0800);
    put_ipv4(&f, 17, 3);
    put_udp(&f);
    expect_payload(&f, "192.0.2.9:123");
}

static void ipv6_extension_headers_are_skipped(void **state)
{
    static const uint8_t hop_by_hop[8] = {43, 0};
    static const uint8_t routing[16] = {60, 1, 4, 1};
    static const uint8_t destination[8] = {44, 0};
    static const uint8_t fragment[8] = {51, 0, 0, 7}; /* bits that are no offset */
    static const uint8_t authentication[12] = {135, 1};
    static const uint8_t mobility[8] = {17, 0};
    struct frame f = {.length = 0};

    put_ethernet(&f, 0, 0x86dd);
    put_ipv6(&f, 0);
    put(&f, hop_by_hop, sizeof(hop_by_hop));
    put(&f, routing, sizeof(routing));
    put(&f, destination, sizeof(destination));
    put(&f, fragment, sizeof(fragment));
    put(&f, authentication, sizeof(authentication));
    put(&f, mobility, sizeof(mobility));
    put_udp(&f);
    expect_payload(&f, "[2001::42]:123");
}

static void the_version_decides_and_not_the_ethernet_type(void **state)
{
    struct frame f = {.length = 0};

    put_ethernet(&f, 0, 0x0800);
    put_ipv6(&f, 17);
    put_udp(&f);
    expect_payload(&f, "[2001::42]:123");
}

static void other_packets_are_refused(void **state)
{
    static const uint8_t later_fragment[8] = {17, 0, 0, 8};
    struct frame tcp = {.length = 0}, arp = {.length = 0}, fragment = {.length = 0};
    struct ip_port to;
    size_t offset;

    put_ethernet(&tcp, 0, 0x0800);
    put_ipv4(&tcp, 6, 0);
    put_udp(&tcp);
    assert_false(parse(&tcp, tcp.length, &to, &offset));

    put_ethernet(&arp, 0, 0x0806);
    put_ipv4(&arp, 17, 0);
    put_udp(&arp);
    assert_false(parse(&arp, arp.length, &to, &offset));

    put_ethernet(&fragment, 0, 0x86dd);
    put_ipv6(&fragment, 44);
    put(&fragment, later_fragment, sizeof(later_fragment));
    put_udp(&fragment);
    assert_false(parse(&fragment, fragment.length, &to, &offset));

    put_ethernet(&fragment, 0, 0x0800);
    assert_false(parse(&fragment, 0, &to, &offset));
}

static void headers_that_are_not_known_are_refused(void **state)
{
    static const uint8_t far_fragment[8] = {17, 0, 1, 0}, security[8] = {17, 0};
    static const struct {
        uint8_t next;
        const uint8_t *header;
    } cases[] = {{44, far_fragment}, {50, security}, {59, security}};
    struct ip_port to;
    size_t offset;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct frame f = {.length = 0};

        put_ethernet(&f, 0, 0x86dd);
        put_ipv6(&f, cases[i].next);
        put(&f, cases[i].header, 8);
        put_udp(&f);
        assert_false(parse(&f, f.length, &to, &offset));
    }
    for (uint8_t version = 0; version < 16; version++) {
        struct frame f = {.length = 0};

        put_ethernet(&f, 0, 0x0800);
        put_ipv4(&f, 17, 0);
        put_udp(&f);
        f.data[14] = (uint8_t)(version << 4 | 5);
        assert_int_equal(parse(&f, f.length, &to, &offset), version == 4);
    }
}

static void a_header_length_below_the_minimum_is_refused(void **state)
{
    struct frame f = {.length = 0};
    struct ip_port to;
    size_t offset;

    put_ethernet(&f, 0, 0x0800);
    put_ipv4(&f, 17, 0);
    put_udp(&f);
    f.data[14] = 0x44;
    assert_false(parse(&f, f.length, &to, &offset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_packet_is_found),
        cmocka_unit_test(vlan_tags_and_ip_options_are_skipped),
        cmocka_unit_test(ipv6_extension_headers_are_skipped),
        cmocka_unit_test(the_version_decides_and_not_the_ethernet_type),
        cmocka_unit_test(other_packets_are_refused),
        cmocka_unit_test(headers_that_are_not_known_are_refused),
        cmocka_unit_test(a_header_length_below_the_minimum_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP addresses: texts, order, masks, reference IDs (ntp.md 27.2), socket addresses.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"

static struct ip_addr parsed(const char *text)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(text, &addr));
    return addr;
}

static void addresses_are_read_and_written(void **state)
{
    static const char *const texts[] = {"192.0.2.1", "0.0.0.0",     "255.255.255.255",
                                        "::1",       "2001:db8::1", "2001:db8:0:1::123"};
    char buf[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct ip_addr addr = parsed(texts[i]);

        assert_string_equal(ip_addr_format(&addr, buf, sizeof(buf)), texts[i]);
    }
}

static void other_texts_are_no_addresses(void **state)
{
    static const char *const texts[] = {"",           "1.2.3",         "1.2.3.4.5",
                                        "1.2.3.256",  "192.0.2.1 ",    "[2001:db8::1]",
                                        "fe80::1%lo", "ID#0000000001", "localhost"};
    struct ip_addr addr = ip_addr_v4(9, 9, 9, 9);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(ip_addr_parse(texts[i], &addr));
    assert_int_equal(addr.u.v4[3], 9);
}

static void ids_are_read_and_written(void **state)
{
    char buf[ADDR_TEXT_SIZE];
    struct ip_addr addr;

    assert_true(ip_addr_parse_id("ID#0000000001", &addr));
    assert_int_equal(addr.family, IP_ID);
    assert_int_equal(addr.u.id, 1);
    assert_string_equal(ip_addr_format(&addr, buf, sizeof(buf)), "ID#0000000001");
    assert_true(ip_addr_parse_id("ID#4294967295", &addr));
    assert_string_equal(ip_addr_format(&addr, buf, sizeof(buf)), "ID#4294967295");
    assert_false(ip_addr_parse_id("ID#4294967296", &addr));
    assert_false(ip_addr_parse_id("ID#", &addr));
    assert_false(ip_addr_parse_id("ID#1x", &addr));
    assert_false(ip_addr_parse_id("id#1", &addr));
}

static void texts_of_ports_and_subnets(void **state)
{
    struct ip_port v4 = {ip_addr_v4(192, 0, 2, 1), 123}, v6 = {parsed("2001:db8::1"), 4460};
    struct ip_addr unspec = ip_addr_any(IP_UNSPEC);
    struct subnet subnet = {unspec, 0};
    char buf[ADDR_TEXT_SIZE];

    assert_string_equal(ip_port_format(&v4, buf, sizeof(buf)), "192.0.2.1:123");
    assert_string_equal(ip_port_format(&v6, buf, sizeof(buf)), "[2001:db8::1]:4460");
    assert_string_equal(ip_addr_format(&unspec, buf, sizeof(buf)), "[UNSPEC]");
    assert_string_equal(subnet_format(&subnet, buf, sizeof(buf)), "any address");
    subnet = (struct subnet){v4.addr, 32};
    assert_string_equal(subnet_format(&subnet, buf, sizeof(buf)), "192.0.2.1");
    subnet.bits = 21;
    assert_string_equal(subnet_format(&subnet, buf, sizeof(buf)), "192.0.2.1/21");
    subnet = (struct subnet){v6.addr, 32};
    assert_string_equal(subnet_format(&subnet, buf, sizeof(buf)), "2001:db8::1/32");
    subnet.bits = 128;
    assert_string_equal(subnet_format(&subnet, buf, sizeof(buf)), "2001:db8::1");
}

static void the_longest_text_fits(void **state)
{
    struct ip_port longest = {parsed("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), 65535};
    char buf[ADDR_TEXT_SIZE];

    assert_string_equal(ip_port_format(&longest, buf, sizeof(buf)),
                        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void equality_depends_on_the_family(void **state)
{
    struct ip_addr v4 = ip_addr_any(IP_V4), v6 = ip_addr_any(IP_V6);
    struct ip_addr id1 = ip_addr_from_id(1), id2 = ip_addr_from_id(2);
    struct ip_addr low = parsed("10.0.0.1"), high = parsed("10.0.1.0");

    assert_false(ip_addr_equal(&v4, &v6));
    assert_false(ip_addr_equal(&id1, &id2));
    assert_true(ip_addr_equal(&id1, &id1));
    assert_false(ip_addr_equal(&low, &high));
    assert_true(ip_addr_equal(&low, &low));
}

static void masks_of_all_lengths(void **state)
{
    for (int bits = 0; bits <= 128; bits++) {
        struct ip_addr mask = ip_addr_mask(IP_V6, bits);
        struct ip_addr inside = ip_addr_any(IP_V6), zero = ip_addr_any(IP_V6);

        for (int i = 0; i < 128; i++)
            assert_int_equal(mask.u.v6[i / 8] >> (7 - i % 8) & 1, i < bits);
        if (bits < 128) {
            inside.u.v6[bits / 8] |= (uint8_t)(0x80 >> bits % 8);
            assert_true(ip_addr_equal_masked(&inside, &zero, &mask));
        }
        if (bits > 0) {
            struct ip_addr outside = zero;

            outside.u.v6[(bits - 1) / 8] |= (uint8_t)(0x80 >> (bits - 1) % 8);
            assert_false(ip_addr_equal_masked(&outside, &zero, &mask));
        }
    }
    assert_int_equal(ip_addr_mask(IP_V4, 33).u.v4[3], 0xff);
    assert_int_equal(ip_addr_mask(IP_V4, -1).u.v4[3], 0xff);
    assert_int_equal(ip_addr_mask(IP_V4, 20).u.v4[2], 0xf0);
}

static void a_mask_of_another_family_is_not_applied(void **state)
{
    struct ip_addr a = parsed("10.0.0.1"), b = parsed("10.0.0.2");
    struct ip_addr mask = ip_addr_mask(IP_V6, 0), v4_mask = ip_addr_mask(IP_V4, 24);

    assert_false(ip_addr_equal_masked(&a, &b, &mask));
    assert_true(ip_addr_equal_masked(&a, &b, &v4_mask));
}

static void kinds_of_addresses(void **state)
{
    struct ip_addr addr = parsed("127.0.0.1");

    assert_true(ip_addr_is_loopback(&addr));
    addr = parsed("127.0.0.2");
    assert_false(ip_addr_is_loopback(&addr));
    addr = parsed("::1");
    assert_true(ip_addr_is_loopback(&addr));
    addr = parsed("169.254.1.1");
    assert_true(ip_addr_is_link_local(&addr));
    addr = parsed("febf::1");
    assert_true(ip_addr_is_link_local(&addr));
    addr = parsed("fec0::1");
    assert_false(ip_addr_is_link_local(&addr));
    addr = parsed("::");
    assert_true(ip_addr_is_any(&addr));
    addr = ip_addr_from_id(0);
    assert_false(ip_addr_is_any(&addr));
    assert_false(ip_addr_is_real(&addr));
    assert_false(ip_addr_is_loopback(&addr));
}

static void reference_ids_of_the_worked_example(void **state)
{
    static const struct {
        const char *text;
        uint32_t refid;
    } cases[] = {
        {"192.0.2.1", 0xc0000201},         {"::1", 0xcf404dc8},
        {"fe80::1", 0x89e5301f},           {"2001:db8::1", 0x39ab9b37},
        {"2001:db8:0:1::123", 0xb489a205},
    };
    struct ip_addr addr;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        addr = parsed(cases[i].text);
        assert_int_equal(ip_addr_refid(&addr), cases[i].refid);
    }
    addr = ip_addr_from_id(5);
    assert_int_equal(ip_addr_refid(&addr), 0);
}

static void only_printable_characters_of_a_reference_id(void **state)
{
    char buf[5];

    assert_string_equal(refid_format(0x50505300, buf, sizeof(buf)), "PPS");
    assert_string_equal(refid_format(0x7f7f0101, buf, sizeof(buf)), "");
    assert_string_equal(refid_format(0x41ff2042, buf, sizeof(buf)), "A B");
    assert_string_equal(refid_format(0x47505331, buf, sizeof(buf)), "GPS1");
}

static void socket_addresses_round_trip(void **state)
{
    const struct ip_port cases[] = {{ip_addr_v4(192, 0, 2, 1), 123}, {parsed("2001:db8::1"), 4460}};
    struct sockaddr_storage sa;
    struct ip_port back, id = {ip_addr_from_id(1), 123};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned int length = ip_port_to_sockaddr(&cases[i], &sa);

        assert_true(length > 0);
        assert_true(ip_port_from_sockaddr(&sa, length, &back));
        assert_true(ip_port_equal(&back, &cases[i]));
        assert_false(ip_port_from_sockaddr(&sa, length - 1, &back));
    }
    assert_int_equal(ip_port_to_sockaddr(&id, &sa), 0);
    sa.ss_family = AF_UNIX;
    assert_false(ip_port_from_sockaddr(&sa, sizeof(sa), &back));
    assert_false(ip_port_from_sockaddr(&sa, 0, &back));
}

static void scopes_of_link_local_addresses(void **state)
{
    static const struct {
        const char *text, *interface;
        uint32_t scope;
    } good[] = {
        {"fe80::1%eth0", "eth0", 0},
        {"fe80::1%2", "2", 2},
        {"febf::%1x", "1x", 0},
        {"ff02::101%br-lan", "br-lan", 0},
        {"fe80::1%eth0.100", "eth0.100", 0},
        {"fe80::1", NULL, 0},
        {"192.0.2.1", NULL, 0},
        {"2001:db8::1", NULL, 0},
    };
    static const char *const bad[] = {"fe80::1%",
                                      "2001:db8::1%eth0",
                                      "192.0.2.1%eth0",
                                      "169.254.0.1%eth0",
                                      "ff05::1%eth0",
                                      "name.test%eth0",
                                      "fe80::1%eth0/64",
                                      "fe80::1/64%eth0",
                                      "[fe80::1%lo]",
                                      "fe80::1%a%b",
                                      "fe80::1%sixteen-letters-",
                                      "fe80::1% lo",
                                      "fe80::1%eth0 ",
                                      "%eth0",
                                      "name.test",
                                      ""};
    const char *interface;
    struct ip_addr addr, other;
    char buf[ADDR_TEXT_SIZE];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!ip_addr_parse_scoped(good[i].text, &addr, &interface))
            fail_msg("refused: %s", good[i].text);
        assert_int_equal(addr.scope, good[i].scope);
        assert_true(!interface == !good[i].interface);
        if (interface)
            assert_string_equal(interface, good[i].interface);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (ip_addr_parse_scoped(bad[i], &addr, &interface))
            fail_msg("accepted: %s", bad[i]);
    /* The plain form stays plain: it reads what others send, too. */
    assert_false(ip_addr_parse("fe80::1%2", &addr));

    assert_true(ip_addr_parse_scoped("fe80::1%2", &addr, &interface));
    assert_true(ip_addr_parse_scoped("fe80::1%3", &other, &interface));
    assert_false(ip_addr_equal(&addr, &other));
    assert_false(ip_addr_matches(&addr, &other));
    assert_int_equal(ip_addr_refid(&addr), ip_addr_refid(&other));
    assert_string_equal(ip_addr_format(&addr, buf, sizeof(buf)), "fe80::1%2");
    other.scope = 0;
    assert_true(ip_addr_matches(&addr, &other));
    assert_false(ip_addr_matches(&other, &addr));
    assert_false(ip_addr_equal(&other, &addr));

    /* What is longest still fits. */
    memset(&addr.u, 0xbb, sizeof(addr.u));
    addr.u.v6[0] = 0xfe;
    addr.scope = UINT32_MAX;
    struct ip_port port = {addr, UINT16_MAX};
    assert_string_equal(ip_port_format(&port, buf, sizeof(buf)),
                        "[febb:bbbb:bbbb:bbbb:bbbb:bbbb:bbbb:bbbb%4294967295]:65535");

    struct sockaddr_storage sa;
    unsigned int length = ip_port_to_sockaddr(&port, &sa);
    assert_int_equal(ip_scope_from_sockaddr(&sa, length), UINT32_MAX);
    assert_true(ip_port_from_sockaddr(&sa, length, &port));
    assert_int_equal(port.addr.scope, 0);
    port.addr = parsed("2001:db8::1");
    assert_int_equal(ip_scope_from_sockaddr(&sa, ip_port_to_sockaddr(&port, &sa)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(other_texts_are_no_addresses),
        cmocka_unit_test(ids_are_read_and_written),
        cmocka_unit_test(texts_of_ports_and_subnets),
        cmocka_unit_test(the_longest_text_fits),
        cmocka_unit_test(equality_depends_on_the_family),
        cmocka_unit_test(masks_of_all_lengths),
        cmocka_unit_test(a_mask_of_another_family_is_not_applied),
        cmocka_unit_test(kinds_of_addresses),
        cmocka_unit_test(reference_ids_of_the_worked_example),
        cmocka_unit_test(only_printable_characters_of_a_reference_id),
        cmocka_unit_test(socket_addresses_round_trip),
        cmocka_unit_test(scopes_of_link_local_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

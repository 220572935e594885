/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address filter (ntp.md 19, cmdmon.md 16).
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "conf/conf.h"
#include "ntp/access.h"
#include "test/unit/support/log.h"

static struct subnet subnet(const char *text, int bits)
{
    struct subnet s = {.bits = bits};

    if (text)
        assert_true(ip_addr_parse(text, &s.addr));
    return s;
}

static void rule(struct access_table *t, bool allow, bool all, const char *text, int bits)
{
    struct subnet s = subnet(text, bits);

    assert_true(access_table_set(t, &s, allow, all));
}

static bool allowed(const struct access_table *t, const char *text)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(text, &addr));
    return access_table_is_allowed(t, &addr);
}

static int setup(void **state)
{
    *state = access_table_new();
    return 0;
}

static int teardown(void **state)
{
    access_table_free(*state);
    return 0;
}

static void everything_is_denied_at_first(void **state)
{
    assert_false(allowed(*state, "127.0.0.1"));
    assert_false(allowed(*state, "::1"));
    assert_false(access_table_any_allowed(*state, IP_V4));
    assert_false(access_table_any_allowed(*state, IP_V6));
}

static void example_of_the_specification(void **state)
{
    rule(*state, true, false, "1.2.3.4", 32);
    rule(*state, true, false, "1.2.3.0", 28);
    rule(*state, false, false, "1.2.3.0", 27);
    rule(*state, true, false, "1.2.4.5", 32);
    rule(*state, false, true, "1.2.4.0", 27);
    assert_true(allowed(*state, "1.2.3.4"));
    assert_false(allowed(*state, "1.2.3.5"));
    assert_false(allowed(*state, "1.2.4.5"));
    assert_true(access_table_any_allowed(*state, IP_V4));
    assert_false(access_table_any_allowed(*state, IP_V6));
}

static void rule_without_address_is_for_both_families(void **state)
{
    rule(*state, true, false, NULL, 0);
    assert_true(allowed(*state, "192.0.2.1"));
    assert_true(allowed(*state, "2001:db8::1"));
    rule(*state, false, false, "0.0.0.0", 0);
    assert_false(allowed(*state, "192.0.2.1"));
    assert_true(allowed(*state, "2001:db8::1"));
}

static void order_matters_only_within_a_level_of_four_bits(void **state)
{
    /* /25 and /28 are one level: the later wins. */
    rule(*state, false, false, "10.0.0.0", 28);
    rule(*state, true, false, "10.0.0.0", 25);
    assert_true(allowed(*state, "10.0.0.1"));
    /* /28 and /29 are not: the longer wins. */
    rule(*state, false, false, "10.0.0.0", 29);
    rule(*state, true, false, "10.0.0.0", 28);
    assert_false(allowed(*state, "10.0.0.1"));
    assert_true(allowed(*state, "10.0.0.8"));
}

static void bad_subnets_are_refused(void **state)
{
    struct subnet bad[] = {
        subnet("10.0.0.0", 33), subnet("10.0.0.0", -1), subnet("::", 129),
        subnet("::", -1),       subnet(NULL, 1),        {.addr = ip_addr_from_id(1), .bits = 0},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(access_table_set(*state, &bad[i], true, true));
    assert_false(access_table_any_allowed(*state, IP_V4));
    assert_false(access_table_any_allowed(*state, IP_V6));
}

static void addresses_without_a_family_are_denied(void **state)
{
    struct ip_addr id = ip_addr_from_id(7), none = {0};

    rule(*state, true, false, NULL, 0);
    assert_false(access_table_is_allowed(*state, &id));
    assert_false(access_table_is_allowed(*state, &none));
}

static void flip_bit(struct ip_addr *addr, int bit)
{
    uint8_t *octets = addr->family == IP_V4 ? addr->u.v4 : addr->u.v6;

    octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
}

/* Exactly the addresses whose first bits agree, for each length: 33 and 129 of them. */
static void check_length(const char *text, int bits, int width)
{
    struct access_table *t = access_table_new();
    struct subnet s = subnet(text, bits);

    assert_true(access_table_set(t, &s, true, false));
    for (int bit = 0; bit < width; bit++) {
        struct ip_addr addr = s.addr;
        flip_bit(&addr, bit);
        if (access_table_is_allowed(t, &addr) != (bit >= bits))
            fail_msg("%s/%d: wrong with bit %d changed", text, bits, bit);
    }
    assert_true(access_table_is_allowed(t, &s.addr));
    assert_true(access_table_any_allowed(t, s.addr.family));
    assert_true(access_table_set(t, &s, false, true));
    assert_false(access_table_any_allowed(t, s.addr.family));
    access_table_free(t);
}

static void all_prefix_lengths(void **state)
{
    for (int bits = 0; bits <= 32; bits++)
        check_length("203.0.113.171", bits, 32);
    for (int bits = 0; bits <= 128; bits++)
        check_length("2001:db8:a5c3:96e1:7f08:1234:fedc:ba98", bits, 128);
}

/* 19.4: some address is allowed if some part of the tree is, whatever is denied beside it. */
static void families_with_an_allowed_address(void **state)
{
    struct access_table *t = *state;

    assert_false(access_table_any_allowed(t, IP_V4));
    rule(t, true, false, "2001:db8::", 32);
    assert_false(access_table_any_allowed(t, IP_V4));
    assert_true(access_table_any_allowed(t, IP_V6));
    assert_false(access_table_any_allowed(t, IP_UNSPEC));
    rule(t, true, false, "10.0.0.0", 8);
    rule(t, false, false, "10.1.0.0", 16);
    assert_true(access_table_any_allowed(t, IP_V4));
    /* Each part that was inherited is denied one by one. */
    for (unsigned int i = 0; i < 256; i++) {
        char text[32];
        snprintf(text, sizeof(text), "10.%u.0.0", i);
        assert_true(access_table_any_allowed(t, IP_V4));
        rule(t, i != 1 ? false : true, false, text, 16);
        if (i == 1)
            rule(t, false, true, text, 16);
    }
    assert_false(access_table_any_allowed(t, IP_V4));
    rule(t, false, true, NULL, 0);
    assert_false(access_table_any_allowed(t, IP_V6));
}

/* A copy of the nodes decides as the table did when it was made; and rules that are removed leave
   room for others. */
static void copy_of_the_nodes_is_a_filter_and_pruned_nodes_are_used_again(void **state)
{
    struct access_table *t = *state;
    const struct ip_addr addr = ip_addr_v4(10, 1, 2, 3);
    size_t most = 0;

    for (int i = 0; i < 1000; i++) {
        rule(t, true, false, i % 2 == 0 ? "10.1.2.3" : "2001:db8::1", i % 2 == 0 ? 32 : 128);
        rule(t, true, false, "10.1.2.3", 32);
        struct plain_value value = access_table_value(t);
        struct access_node *copy = test_malloc(value.size);
        memcpy(copy, value.data, value.size);
        rule(t, false, true, NULL, 0);
        assert_false(access_table_is_allowed(t, &addr));
        assert_true(access_nodes_allow(copy, &addr));
        assert_int_not_equal(access_table_value(t).generation, value.generation);
        test_free(copy);
        if (i == 3)
            most = value.size;
        assert_true(i <= 3 || value.size <= most);
    }
}

static void log_rule(bool allow, bool all, const char *text, int bits)
{
    struct conf_access_rule r = {.subnet = subnet(text, bits), .allow = allow, .all = all};

    access_log_rule("NTP", &r);
}

static void rules_of_commands_are_logged(void **state)
{
    capture_log();
    log_rule(true, false, "192.0.2.0", 24);
    assert_int_equal(logged("access"), 0); /* of the configuration */
    log_set_context_info(true);
    log_rule(true, false, "192.0.2.0", 24);
    log_rule(true, true, NULL, 0);
    log_rule(false, false, "2001:db8::1", 128);
    log_rule(false, true, "192.0.2.1", 32);
    assert_int_equal(logged("Allowed NTP access from 192.0.2.0/24\n"), 1);
    assert_int_equal(logged("Allowed all NTP access from any address\n"), 1);
    assert_int_equal(logged("Denied NTP access from 2001:db8::1\n"), 1);
    assert_int_equal(logged("Denied all NTP access from 192.0.2.1\n"), 1);
    end_log_capture();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_is_denied_at_first, setup, teardown),
        cmocka_unit_test_setup_teardown(example_of_the_specification, setup, teardown),
        cmocka_unit_test_setup_teardown(rule_without_address_is_for_both_families, setup, teardown),
        cmocka_unit_test_setup_teardown(order_matters_only_within_a_level_of_four_bits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bad_subnets_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_without_a_family_are_denied, setup, teardown),
        cmocka_unit_test_setup_teardown(families_with_an_allowed_address, setup, teardown),
        cmocka_unit_test_setup_teardown(
            copy_of_the_nodes_is_a_filter_and_pruned_nodes_are_used_again, setup, teardown),
        cmocka_unit_test(rules_of_commands_are_logged),
        cmocka_unit_test(all_prefix_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

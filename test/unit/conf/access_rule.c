/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The syntax of access rules (config.md 16): what is read, in which of the two lists it is put.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/number.h"
#include "test/unit/support/conf.h"

static bool parse(const char *text, const struct conf_env *env, struct conf_access_rule *rule)
{
    char line[128];

    snprintf(line, sizeof(line), "%s", text);
    return conf_parse_access(line, env, rule);
}

static void rules_have_the_subnet_that_was_written(void **state)
{
    static const struct {
        const char *text, *addr;
        int bits;
        bool all;
    } rows[] = {
        {"1.2.3.4", "1.2.3.4", 32, false},
        {"3.4.5.0/24", "3.4.5.0", 24, false},
        {"3.4.5", "3.4.5.0", 24, false},
        {"192.168", "192.168.0.0", 16, false},
        {"10", "10.0.0.0", 8, false},
        {"010.1", "10.1.0.0", 16, false},
        {"10/8", "10.0.0.0", 8, false},
        {"0/0", "0.0.0.0", 0, false},
        {"10/0", "10.0.0.0", 0, false},
        {"1.2.3.4/0", "1.2.3.4", 0, false},
        {"192.168/16", "192.168.0.0", 16, false},
        {"255.255.255", "255.255.255.0", 24, false},
        {"::/0", "::", 0, false},
        {"2001:db8::1", "2001:db8::1", 128, false},
        {"2001:db8::/37", "2001:db8::", 37, false},
        {"all 1.2/16", "1.2.0.0", 16, true},
        {"all 1.2.3.4", "1.2.3.4", 32, true},
        {"10/33", "10.0.0.0", 33, false},
        {"::1/129", "::1", 129, false},
        {"1.2.3.4/2147483647", "1.2.3.4", 2147483647, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct conf_access_rule rule;
        char text[ADDR_TEXT_SIZE];

        if (!parse(rows[i].text, NULL, &rule))
            fail_msg("refused: %s", rows[i].text);
        assert_string_equal(ip_addr_format(&rule.subnet.addr, text, sizeof(text)), rows[i].addr);
        assert_int_equal(rule.subnet.bits, rows[i].bits);
        assert_int_equal(rule.all, rows[i].all);
    }
}

static void every_prefix_length_is_read(void **state)
{
    struct conf_access_rule rule;
    char text[64];

    for (int bits = 0; bits <= 128; bits++) {
        snprintf(text, sizeof(text), "2001:db8::/%d", bits);
        assert_true(parse(text, NULL, &rule));
        assert_int_equal(rule.subnet.bits, bits);
    }
}

static void no_subnet_means_every_address(void **state)
{
    struct conf_access_rule rule;

    assert_true(parse("", NULL, &rule));
    assert_int_equal(rule.subnet.addr.family, IP_UNSPEC);
    assert_int_equal(rule.subnet.bits, 0);
    assert_false(rule.all);
    assert_true(parse("all", NULL, &rule));
    assert_int_equal(rule.subnet.addr.family, IP_UNSPEC);
    assert_true(rule.all);
}

static void host_names_stand_for_their_first_address(void **state)
{
    struct test_resolver resolver = {0};
    struct conf_env env = test_env(&resolver);
    struct conf_access_rule rule;

    assert_true(parse("known.test", &env, &rule));
    assert_int_equal(rule.subnet.addr.family, IP_V4);
    assert_int_equal(rule.subnet.bits, 32);
    assert_true(parse("all known6.test", &env, &rule));
    assert_int_equal(rule.subnet.addr.family, IP_V6);
    assert_int_equal(rule.subnet.bits, 128);
    assert_false(parse("missing.test", &env, &rule));
    assert_int_equal(resolver.calls, 3);
    /* Not with a prefix length, and not what has the form of a network */
    assert_false(parse("known.test/24", &env, &rule));
    resolver.anything = true;
    assert_false(parse("256", &env, &rule));
    assert_false(parse("1.300", &env, &rule));
    assert_false(parse("99999999999999999999", &env, &rule));
    assert_int_equal(resolver.calls, 3);
    /* These have not */
    assert_true(parse("1.2.3.4.5", &env, &rule));
    assert_true(parse("1.", &env, &rule));
    assert_true(parse("ALL", &env, &rule));
    assert_false(rule.all);
    assert_int_equal(resolver.calls, 6);
    assert_false(parse("known.test", NULL, &rule));
}

static void malformed_rules_are_refused(void **state)
{
    static const char *const bad[] = {
        "1.2.3.4/",   "1.2.3.4/x", "1.2.3.4/8x",  "1.2.3.4/8/8",        "1.2.3.4/-1", "/8",
        "1.2.3./24",  "all all",   "1.2.3.4 all", "1.2.3.4 5",          "all 1 2",    "::1%lo",
        "[::1]",      "256/8",     "1.2.3.256",   "1.2.3.4/2147483648", "1..2",       "all all 1",
        "1.2.3.4.5/8"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct conf_access_rule rule;

        if (parse(bad[i], NULL, &rule))
            fail_msg("accepted: %s", bad[i]);
    }
}

static void rules_keep_their_order_in_two_lists(void **state)
{
    static const char *const names[] = {"allow", "deny", "cmdallow", "cmddeny"};
    struct conf *conf = test_conf("allow 10/8\ncmdallow ::/0\ndeny all\nALLOW 1.2.3.4\n"
                                  "cmddeny all 10");

    assert_int_equal(conf->server.access.count, 3);
    assert_true(conf->server.access.rules[0].allow);
    assert_false(conf->server.access.rules[1].allow);
    assert_true(conf->server.access.rules[1].all);
    assert_true(conf->server.access.rules[2].allow);
    assert_int_equal(conf->command.access.count, 2);
    assert_true(conf->command.access.rules[0].allow);
    assert_false(conf->command.access.rules[1].allow);
    assert_int_equal(conf->command.access.rules[1].subnet.bits, 8);
    conf_free(conf);

    for (size_t i = 0; i < COUNT(names); i++) {
        char line[64], error[128];

        snprintf(line, sizeof(line), "%s 1.2.3.4/x", names[i]);
        snprintf(error, sizeof(error), "Could not parse %s directive at line 1", names[i]);
        assert_error(line, error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_have_the_subnet_that_was_written),
        cmocka_unit_test(every_prefix_length_is_read),
        cmocka_unit_test(no_subnet_means_every_address),
        cmocka_unit_test(host_names_stand_for_their_first_address),
        cmocka_unit_test(malformed_rules_are_refused),
        cmocka_unit_test(rules_keep_their_order_in_two_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access rules whose names get their addresses later (config.md 16): what is in force meanwhile,
 * and that the order of the rules counts as if the names had been known.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <string.h>
#include "ntp/access.h"
#include "ntp/access_names.h"
#include "test/unit/support/conf.h"
#include "test/unit/support/log.h"
#include "test/unit/support/world.h"

struct fixture {
    struct sim_world *sim;
    struct loop *loop;
    struct conf *conf;
    struct access_table *table;
    struct access_names *names;
};

static struct fixture fixture_of_test;

static void apply(const struct conf_access_rule *rule, void *arg)
{
    struct fixture *f = arg;

    assert_true(ip_addr_is_real(&rule->subnet.addr));
    assert_true(access_table_set(f->table, &rule->subnet, rule->allow, rule->all));
    access_log_rule("NTP", rule);
}

static int nothing_is_known(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    return 0;
}

/* The daemon after its start with these lines, while no name can be resolved. */
static void start(struct fixture *f, const char *lines)
{
    const struct conf_env env = {.resolve = nothing_is_known};
    char line[64];
    int used;

    f->conf = conf_new(&env);
    for (int number = 1; sscanf(lines, "%63[^\n]%n", line, &used) == 1; number++) {
        struct conf_error error;

        assert_true(conf_read_line(f->conf, &env, line, number, &error));
        lines += used;
        lines += *lines == '\n';
    }
    f->table = access_table_new();
    for (size_t i = 0; i < f->conf->server.access.count; i++) {
        const struct conf_access_rule *rule = &f->conf->server.access.rules[i];
        assert_true(access_table_set(f->table, &rule->subnet, rule->allow, rule->all));
    }
    f->names = access_names_new(&(struct access_names_params){.world = sim_world_interface(f->sim),
                                                              .loop = f->loop,
                                                              .rules = &f->conf->server.access,
                                                              .apply = apply,
                                                              .arg = f});
}

static int setup(void **state)
{
    struct fixture *f = &fixture_of_test;

    capture_log();
    *f = (struct fixture){.sim = sim_world_new()};
    f->loop = loop_new(sim_world_interface(f->sim));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    access_names_free(f->names);
    access_table_free(f->table);
    conf_free(f->conf);
    loop_free(f->loop);
    sim_world_free(f->sim);
    end_log_capture();
    return 0;
}

static bool allowed(const struct fixture *f, const char *text)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(text, &addr));
    return access_table_is_allowed(f->table, &addr);
}

static void set_name(struct fixture *f, const char *name, const char *text)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(text, &addr));
    sim_set_name(f->sim, name, RESOLVE_SUCCESS, &addr, 1);
}

static void nobody_is_allowed_by_a_name_without_address(void **state)
{
    struct fixture *f = *state;

    start(f, "allow late.test\nallow all other.test");
    assert_int_equal(logged("Could not resolve late.test, which is not allowed until that succeeds,"
                            " in allow directive at line 1"),
                     1);
    sim_run(f->sim, f->loop, 100.0);
    assert_false(access_table_any_allowed(f->table, IP_V4));
    assert_false(access_table_any_allowed(f->table, IP_V6));

    set_name(f, "late.test", "192.0.2.1");
    set_name(f, "other.test", "2001:db8::1");
    sim_run(f->sim, f->loop, 200.0);
    assert_true(allowed(f, "192.0.2.1"));
    assert_false(allowed(f, "192.0.2.2"));
    assert_true(allowed(f, "2001:db8::1"));
    assert_false(allowed(f, "2001:db8::2"));
    assert_int_equal(logged("Resolved late.test"), 1);
    assert_int_equal(logged("Allowed NTP access from 192.0.2.1"), 1);
    assert_int_equal(logged("Allowed all NTP access from 2001:db8::1"), 1);
    assert_int_equal(logged("Could not resolve"), 2);
}

static void name_is_denied_when_it_is_known(void **state)
{
    struct fixture *f = *state;
    double last;

    start(f, "allow\ndeny late.test");
    assert_int_equal(logged("Could not resolve late.test, which is not denied until that succeeds,"
                            " in deny directive at line 2"),
                     1);
    sim_run(f->sim, f->loop, 20000.0);
    assert_true(allowed(f, "192.0.2.1"));
    /* After 7, 14, ... 3584 s, and then each 3584 s. */
    assert_int_equal(sim_lookups(f->sim, "late.test", &last), 10 + 3);
    set_name(f, "late.test", "192.0.2.1");
    sim_run(f->sim, f->loop, 3600.0);
    assert_false(allowed(f, "192.0.2.1"));
    assert_true(allowed(f, "192.0.2.2"));
    int lookups = sim_lookups(f->sim, "late.test", &last);
    sim_run(f->sim, f->loop, 20000.0);
    assert_int_equal(sim_lookups(f->sim, "late.test", &last), lookups);
}

/* What comes later in the configuration, or from a command, is not undone by a name. */
static void order_of_the_rules_counts(void **state)
{
    static const struct {
        const char *lines;
        bool allowed; /* 192.0.2.1, which late.test is */
    } cases[] = {
        {"deny 192.0.2/24\nallow late.test", true},
        {"allow late.test\ndeny 192.0.2/24", true},
        {"allow late.test\ndeny all 192.0.2/24", false},
        {"allow late.test\ndeny all", false},
        {"allow late.test\ndeny", true},
        {"allow late.test\ndeny 192.0.2.1", false},
        {"allow late.test\ndeny 192.0.2.0/30", false},
        {"allow late.test\ndeny 192.0.2.0/28", true},
        {"deny 192.0.2.1\nallow late.test", true},
        {"allow late.test\ndeny same.test", false},
        {"deny same.test\nallow late.test", true},
    };

    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (i > 0) {
            teardown(state);
            setup(state);
        }
        start(f, cases[i].lines);
        set_name(f, "same.test", "192.0.2.1");
        sim_run(f->sim, f->loop, 10.0);
        set_name(f, "late.test", "192.0.2.1");
        sim_run(f->sim, f->loop, 100.0);
        if (allowed(f, "192.0.2.1") != cases[i].allowed)
            fail_msg("case %zu: %s", i, cases[i].lines);
    }
}

static void command_is_later_than_a_name(void **state)
{
    struct fixture *f = *state;
    const struct conf_access_rule deny_all = {.all = true};

    start(f, "allow late.test");
    assert_true(access_table_set(f->table, &deny_all.subnet, false, true));
    access_names_add_rule(f->names, &deny_all);
    set_name(f, "late.test", "192.0.2.1");
    sim_run(f->sim, f->loop, 100.0);
    assert_int_equal(logged("Resolved late.test"), 1);
    assert_false(allowed(f, "192.0.2.1"));
}

static void permanent_failure_ends_the_lookups(void **state)
{
    struct fixture *f = *state;
    double last;

    start(f, "allow bad.test");
    sim_set_name(f->sim, "bad.test", RESOLVE_FAILURE, NULL, 0);
    sim_run(f->sim, f->loop, 1000.0);
    assert_int_equal(sim_lookups(f->sim, "bad.test", &last), 1);
    assert_int_equal(logged("Invalid host bad.test"), 1);
    assert_false(access_table_any_allowed(f->table, IP_V4));
}

/* A mistake in an address is no name: it stays an error. */
static void mistakes_are_no_names(void **state)
{
    static const char *const bad[] = {"allow 192.0.2.300",  "deny 1.2.3.4.5",   "allow 2001:db8::x",
                                      "allow name.test/24", "allow fe80::1%lo", "deny [::1]",
                                      "allow fe80::%lo/64"};
    struct fixture *f = *state;
    const struct conf_env env = {.resolve = nothing_is_known};

    start(f, "");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct conf_error error;

        assert_false(conf_read_line(f->conf, &env, bad[i], 1, &error));
        assert_int_equal(!strstr(error.message, "(a subnet has no interface)"),
                         !strchr(bad[i], '%'));
    }
    assert_int_equal(f->conf->server.access.name_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_allowed_by_a_name_without_address),
        TEST(name_is_denied_when_it_is_known),
        TEST(order_of_the_rules_counts),
        TEST(command_is_later_than_a_name),
        TEST(permanent_failure_ends_the_lookups),
        TEST(mistakes_are_no_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

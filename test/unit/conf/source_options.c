/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server, pool and peer with their options (config.md 9), the order of entries (config.md 7), and
 * the other directives that accumulate: refclock, hwtimestamp, broadcast, initstepslew (10 to 20).
 */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/number.h"
#include "base/text.h"
#include "conf/option_table.h"
#include "test/unit/support/conf.h"

static enum source_parse parse(const char *text, struct source_options *options)
{
    char line[512], *name = NULL;

    snprintf(line, sizeof(line), "ntp.test%s%s", text[0] != '\0' ? " " : "", text);
    enum source_parse result = source_options_parse(line, &name, options, NULL);
    assert_string_equal(name, "ntp.test");
    return result;
}

static struct source_options parsed(const char *text)
{
    struct source_options options;

    if (parse(text, &options) != SOURCE_PARSE_OK)
        fail_msg("refused: %s", text);
    return options;
}

static void assert_refused(const char *text, enum source_parse result)
{
    struct source_options options;

    if (parse(text, &options) != result)
        fail_msg("not refused as expected: %s", text);
}

static void defaults_are_those_of_the_specification(void **state)
{
    struct source_options o = parsed("");

    assert_int_equal(o.minpoll, 6);
    assert_int_equal(o.maxpoll, 10);
    assert_int_equal(o.presend, 100);
    assert_int_equal(o.min_stratum, 0);
    assert_int_equal(o.poll_target, 8);
    assert_int_equal(o.version, 0);
    assert_int_equal(o.max_sources, 4);
    assert_int_equal(o.min_samples, SOURCE_DEFAULT_SAMPLES);
    assert_int_equal(o.max_samples, SOURCE_DEFAULT_SAMPLES);
    assert_int_equal(o.max_unreach, 100000);
    assert_int_equal(o.filter_length, 0);
    assert_int_equal(o.port, 123);
    assert_int_equal(o.nts_port, 4460);
    assert_false(o.iburst || o.burst || o.auto_offline || o.copy || o.interleaved || o.nts);
    assert_int_equal(o.connectivity, SOURCE_ONLINE);
    assert_int_equal(o.family, IP_UNSPEC);
    assert_int_equal(o.select_options, 0);
    assert_int_equal(o.ext_flags, 0);
    assert_int_equal(o.key_id, 0);
    assert_int_equal(o.cert_set, 0);
    assert_true(o.max_delay == 3.0);
    assert_true(o.max_delay_ratio == 0.0);
    assert_true(o.max_delay_dev_ratio == 10.0);
    assert_true(o.max_delay_quant == 0.0);
    assert_true(o.min_delay == 0.0);
    assert_true(o.asymmetry == 1.0);
    assert_true(o.offset == 0.0);
}

#define OF(f) offsetof(struct source_options, f)

static void integers_are_accepted_in_their_range_only(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
        int min, max;
    } rows[] = {
        {"maxpoll", OF(maxpoll), -32, 32},           {"minpoll", OF(minpoll), INT_MIN, INT_MAX},
        {"minsamples", OF(min_samples), 0, INT_MAX}, {"maxsamples", OF(max_samples), 0, INT_MAX},
        {"maxunreach", OF(max_unreach), 0, INT_MAX}, {"filter", OF(filter_length), 0, INT_MAX},
        {"polltarget", OF(poll_target), 1, INT_MAX}, {"presend", OF(presend), -32, 32},
        {"minstratum", OF(min_stratum), 0, 16},      {"version", OF(version), 1, 4},
        {"maxsources", OF(max_sources), 1, INT_MAX},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int limits[2] = {rows[i].min, rows[i].max};
        char text[64];

        for (size_t j = 0; j < 2; j++) {
            snprintf(text, sizeof(text), "%s %d", rows[i].name, limits[j]);
            struct source_options o = parsed(text);
            assert_int_equal(*(int *)((char *)&o + rows[i].offset), limits[j]);
        }
        if (rows[i].min != INT_MIN) {
            snprintf(text, sizeof(text), "%s %d", rows[i].name, rows[i].min - 1);
            assert_refused(text, SOURCE_PARSE_VALUE);
        }
        if (rows[i].max != INT_MAX) {
            snprintf(text, sizeof(text), "%s %d", rows[i].name, rows[i].max + 1);
            assert_refused(text, SOURCE_PARSE_VALUE);
        }
        assert_refused(rows[i].name, SOURCE_PARSE_VALUE);
        snprintf(text, sizeof(text), "%s x", rows[i].name);
        assert_refused(text, SOURCE_PARSE_VALUE);
        snprintf(text, sizeof(text), "%s 3x", rows[i].name);
        assert_refused(text, SOURCE_PARSE_OPTION);
    }
}

static void ports_are_accepted_in_their_range_only(void **state)
{
    assert_int_equal(parsed("port 65535").port, 65535);
    assert_int_equal(parsed("port 0").port, 0);
    assert_int_equal(parsed("ntsport 65535 ntsport 1").nts_port, 1);
    assert_refused("port 65536", SOURCE_PARSE_VALUE);
    assert_refused("port -1", SOURCE_PARSE_VALUE);
    assert_refused("ntsport 65536", SOURCE_PARSE_VALUE);
    assert_refused("ntsport", SOURCE_PARSE_VALUE);
}

static void unsigned_numbers_wrap_as_scanf_reads_them(void **state)
{
    assert_int_equal(parsed("key 7").key_id, 7);
    assert_true(parsed("key -1").key_id == 4294967295U);
    assert_true(parsed("certset 4294967295").cert_set == 4294967295U);
    assert_int_equal(parsed("certset 4294967297").cert_set, 1);
    assert_refused("key 0", SOURCE_PARSE_VALUE);
    assert_refused("key 4294967296", SOURCE_PARSE_VALUE);
    assert_refused("key", SOURCE_PARSE_VALUE);
    assert_refused("key x", SOURCE_PARSE_VALUE);
}

static void reals_are_any_number(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
        {"maxdelay", OF(max_delay)},
        {"maxdelayratio", OF(max_delay_ratio)},
        {"maxdelaydevratio", OF(max_delay_dev_ratio)},
        {"maxdelayquant", OF(max_delay_quant)},
        {"mindelay", OF(min_delay)},
        {"asymmetry", OF(asymmetry)},
        {"offset", OF(offset)},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[64];

        snprintf(text, sizeof(text), "%s -5e-5", rows[i].name);
        struct source_options o = parsed(text);
        assert_true(*(double *)((char *)&o + rows[i].offset) == -5e-5);
        snprintf(text, sizeof(text), "%s 0.5nts", rows[i].name);
        o = parsed(text);
        assert_true(*(double *)((char *)&o + rows[i].offset) == 0.5);
        assert_true(o.nts);
        assert_refused(rows[i].name, SOURCE_PARSE_VALUE);
        snprintf(text, sizeof(text), "%s x", rows[i].name);
        assert_refused(text, SOURCE_PARSE_VALUE);
    }
}

static void flags_are_set_without_regard_to_case_and_order(void **state)
{
    struct source_options o = parsed("XLEAVE nts iBurst burst copy auto_offline offline prefer "
                                     "noselect trust require ipv4 ipv6");

    assert_true(o.interleaved && o.nts && o.iburst && o.burst && o.copy && o.auto_offline);
    assert_int_equal(o.connectivity, SOURCE_OFFLINE);
    assert_int_equal(o.family, IP_V6);
    assert_int_equal(o.select_options,
                     SELECT_NOSELECT | SELECT_PREFER | SELECT_TRUST | SELECT_REQUIRE);
    assert_int_equal(parsed("ipv6 ipv4").family, IP_V4);
    assert_int_equal(parsed("trust").select_options, SELECT_TRUST);
    assert_refused("iburst=1", SOURCE_PARSE_OPTION);
    assert_refused("# comment", SOURCE_PARSE_OPTION);
}

static void extension_fields_are_hexadecimal_and_add_up(void **state)
{
    assert_int_equal(parsed("extfield F323").ext_flags, EXT_FLAG_MONO_ROOT);
    assert_int_equal(parsed("extfield 0xf324").ext_flags, EXT_FLAG_NET_CORRECTION);
    assert_int_equal(parsed("extfield F323 extfield 10a").ext_flags,
                     EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION);
    assert_refused("extfield 1", SOURCE_PARSE_VALUE);
    assert_refused("extfield", SOURCE_PARSE_VALUE);
}

static void characters_after_a_number_are_the_next_option(void **state)
{
    struct source_options o = parsed("minpoll 3maxpoll 5key 4iburst");

    assert_int_equal(o.minpoll, 3);
    assert_int_equal(o.maxpoll, 5);
    assert_int_equal(o.key_id, 4);
    assert_true(o.iburst);
}

static void errors_of_sources_have_their_texts(void **state)
{
    static const char *const words[] = {"server", "pool", "peer"};

    for (size_t i = 0; i < COUNT(words); i++) {
        char line[64], error[128];

        snprintf(error, sizeof(error), "Invalid syntax for %s directive at line 1", words[i]);
        assert_error(words[i], error);
        snprintf(line, sizeof(line), "%s a foo", words[i]);
        snprintf(error, sizeof(error), "Invalid option in %s directive at line 1", words[i]);
        assert_error_begins(line, error);
        snprintf(line, sizeof(line), "%s a minpoll", words[i]);
        snprintf(error, sizeof(error), "Invalid value in %s directive at line 1", words[i]);
        assert_error_begins(line, error);
    }
}

static void sources_accumulate_in_order(void **state)
{
    struct conf *conf = test_conf("server a\npool b iburst\npeer c port 5\nserver a");

    assert_int_equal(conf->client.source_count, 4);
    assert_string_equal(conf->client.sources[0].name, "a");
    assert_int_equal(conf->client.sources[0].kind, SOURCE_SERVER);
    assert_false(conf->client.sources[0].pool);
    assert_true(conf->client.sources[1].pool);
    assert_true(conf->client.sources[1].options.iburst);
    assert_int_equal(conf->client.sources[2].kind, SOURCE_PEER);
    assert_int_equal(conf->client.sources[2].options.port, 5);
    assert_string_equal(conf->client.sources[3].name, "a");
    conf_free(conf);
}

static int compare(const char *a, const char *b)
{
    struct conf *x = test_conf(a), *y = test_conf(b);
    int r = source_conf_compare(&x->client.sources[0], &y->client.sources[0]);

    assert_int_equal(source_conf_compare(&y->client.sources[0], &x->client.sources[0]) > 0, r < 0);
    conf_free(x);
    conf_free(y);
    return r;
}

static void order_of_sources_is_total(void **state)
{
    static const char *const options[] = {
        "asymmetry 0.1",
        "auto_offline",
        "burst",
        "certset 1",
        "copy",
        "extfield F323",
        "filter 3",
        "iburst",
        "key 1",
        "maxdelay 1",
        "maxdelayratio 2",
        "maxdelaydevratio 2",
        "maxdelayquant 0.2",
        "maxpoll 5",
        "maxsamples 4",
        "maxsources 3",
        "maxunreach 3",
        "mindelay 0.1",
        "minpoll 4",
        "minsamples 4",
        "minstratum 3",
        "noselect",
        "nts",
        "ntsport 1",
        "offline",
        "offset 0.1",
        "polltarget 3",
        "prefer",
        "presend 3",
        "require",
        "trust",
        "version 3",
        "xleave",
        "ipv4",
        "port 5",
    };

    assert_int_equal(compare("server a", "server a"), 0);
    assert_int_equal(compare("server a iburst minpoll 3", "server a minpoll 3 iburst"), 0);
    assert_true(compare("peer a port 9", "server b") < 0);
    assert_true(compare("pool a port 9", "peer a") < 0);
    assert_true(compare("server a ipv6 port 9", "pool a") < 0);
    assert_true(compare("server a port 9 ipv4", "server a ipv6 port 8") < 0);
    assert_true(compare("server a port 8 iburst", "server a port 9") < 0);

    for (size_t i = 0; i < COUNT(options); i++) {
        char line[64];

        snprintf(line, sizeof(line), "server a %s", options[i]);
        assert_int_not_equal(compare(line, "server a"), 0);
        assert_int_equal(compare(line, line), 0);
    }
    /* No option was forgotten: the two families are one value */
    for (size_t i = 0; source_option(i); i++) {
        const char *name = source_option(i)->name;
        bool found = strcmp(name, "ipv6") == 0;

        for (size_t j = 0; j < COUNT(options); j++)
            found = found || (strcspn(options[j], " ") == strlen(name) &&
                              strncmp(options[j], name, strlen(name)) == 0);
        if (!found)
            fail_msg("%s is not tested", name);
    }
}

static void refclocks_have_their_defaults(void **state)
{
    struct conf *conf = test_conf("refclock PHC /dev/ptp2:extpps:pin=1");
    const struct refclock_conf *c = &conf->refclocks.items[0];

    assert_int_equal(conf->refclocks.count, 1);
    assert_string_equal(c->driver, "PHC");
    assert_string_equal(c->parameter, "/dev/ptp2:extpps:pin=1");
    assert_int_equal(c->poll, 4);
    assert_int_equal(c->dpoll, 0);
    assert_int_equal(c->rate, 1);
    assert_int_equal(c->max_lock_age, 2);
    assert_int_equal(c->filter_length, 64);
    assert_int_equal(c->stratum, 0);
    assert_int_equal(c->max_unreach, 100000);
    assert_int_equal(c->refid, 0);
    assert_int_equal(c->lock_refid, 0);
    assert_false(c->pps || c->tai || c->local);
    assert_true(c->delay == 1e-9);
    assert_true(c->precision == 0.0);
    conf_free(conf);
}

static void refclocks_have_all_options(void **state)
{
    struct conf *conf = test_conf(
        "refclock SHM 0\nrefclock PPS /dev/pps0 poll -32 dpoll 32 refid GPS1 lock N rate 5 "
        "maxlockage 0 width 0.1 PPS offset -0.5 delay 0.2 precision 1e-7 maxdispersion 2 "
        "filter 1000 stratum 15 minsamples 3 maxsamples 9 maxunreach 7 prefer noselect trust "
        "require tai local");
    const struct refclock_conf *c = &conf->refclocks.items[1];

    assert_int_equal(conf->refclocks.count, 2);
    assert_int_equal(c->poll, -32);
    assert_int_equal(c->dpoll, 32);
    assert_int_equal(c->refid, 0x47505331);
    assert_int_equal(c->lock_refid, 0x4e000000);
    assert_int_equal(c->rate, 5);
    assert_int_equal(c->max_lock_age, 0);
    assert_true(c->pulse_width == 0.1);
    assert_true(c->pps && c->tai && c->local);
    assert_true(c->offset == -0.5);
    assert_true(c->delay == 0.2);
    assert_true(c->precision == 1e-7);
    assert_true(c->max_dispersion == 2.0);
    assert_int_equal(c->filter_length, 256);
    assert_int_equal(c->stratum, 15);
    assert_int_equal(c->min_samples, 3);
    assert_int_equal(c->max_samples, 9);
    assert_int_equal(c->max_unreach, 7);
    assert_int_equal(c->select_options, 15);
    conf_free(conf);
}

static void refclocks_have_their_errors(void **state)
{
    static const char *const bad[] = {"poll x",     "refid",      "refid ABCDE",
                                      "lock ABCDE", "stratum 16", "stratum -1",
                                      "width x",    "offset",     "delay"};

    assert_error("refclock", "Could not parse refclock directive at line 1");
    assert_error("refclock PPS", "Could not parse refclock directive at line 1");
    assert_error_begins("refclock PPS a iburst", "Invalid option in refclock directive at line 1");
    for (size_t i = 0; i < COUNT(bad); i++) {
        char line[64];

        snprintf(line, sizeof(line), "refclock PPS a %s", bad[i]);
        assert_error_begins(line, "Invalid value in refclock directive at line 1");
    }
}

static void hwtimestamp_limits_its_values(void **state)
{
    static const char *const bad[] = {"",
                                      "eth0 foo",
                                      "eth0 minpoll x",
                                      "eth0 rxfilter",
                                      "eth0 rxfilter allx",
                                      "eth0 rxfilter some",
                                      "eth0 txcomp x"};
    struct conf *conf = test_conf(
        "hwtimestamp eth0\nhwtimestamp * minpoll -10 maxpoll 32 minsamples 1 maxsamples 100 "
        "precision 1e-6 txcomp 300e-9 rxcomp 645e-9 rxfilter NONEnocrossts\n"
        "hwtimestamp eth1 minpoll 3\nhwtimestamp eth2 minpoll 20 rxfilter ptp\n"
        "hwtimestamp eth3 minpoll -10");
    const struct hwtimestamp_conf *hw = conf->nic_clocks.items;

    assert_int_equal(conf->nic_clocks.count, 5);
    assert_string_equal(hw[0].interface, "eth0");
    assert_int_equal(hw[0].minpoll, 0);
    assert_int_equal(hw[0].maxpoll, 1);
    assert_int_equal(hw[0].min_samples, 2);
    assert_int_equal(hw[0].max_samples, 16);
    assert_int_equal(hw[0].rxfilter, HWTS_RXFILTER_ANY);
    assert_true(hw[0].precision == 100e-9);
    assert_string_equal(hw[1].interface, "*");
    assert_int_equal(hw[1].minpoll, -6);
    assert_int_equal(hw[1].maxpoll, 20);
    assert_int_equal(hw[1].min_samples, 2);
    assert_int_equal(hw[1].max_samples, 64);
    assert_int_equal(hw[1].rxfilter, HWTS_RXFILTER_NONE);
    assert_true(hw[1].nocrossts);
    assert_true(hw[1].tx_comp == 300e-9);
    assert_true(hw[1].rx_comp == 645e-9);
    assert_int_equal(hw[2].maxpoll, 4);
    assert_int_equal(hw[3].maxpoll, 20);
    assert_int_equal(hw[3].rxfilter, HWTS_RXFILTER_PTP);
    /* The default follows the minimum as it was given. */
    assert_int_equal(hw[4].minpoll, -6);
    assert_int_equal(hw[4].maxpoll, -6);
    conf_free(conf);

    for (size_t i = 0; i < COUNT(bad); i++) {
        char line[64];

        snprintf(line, sizeof(line), "hwtimestamp %s", bad[i]);
        assert_error_begins(line, "Could not parse hwtimestamp directive at line 1");
    }
}

static void broadcast_has_a_literal_destination(void **state)
{
    static const char *const bad[] = {
        "", "64", "x 192.0.2.255", "64 known.test", "64 192.0.2.255 x", "64 192.0.2.255 123 4"};
    struct conf *conf = test_conf("broadcast 64 ff02::101\nbroadcast 0 192.0.2.255 5");

    assert_int_equal(conf->broadcasts.count, 2);
    assert_int_equal(conf->broadcasts.items[0].interval, 64);
    assert_int_equal(conf->broadcasts.items[0].dest.port, 123);
    assert_int_equal(conf->broadcasts.items[0].dest.addr.family, IP_V6);
    assert_int_equal(conf->broadcasts.items[1].interval, 1);
    assert_int_equal(conf->broadcasts.items[1].dest.port, 5);
    conf_free(conf);
    for (size_t i = 0; i < COUNT(bad); i++) {
        char line[64];

        snprintf(line, sizeof(line), "broadcast %s", bad[i]);
        assert_error_begins(line, "Could not parse broadcast directive at line 1");
    }
}

static void initstepslew_resolves_hosts_and_leaves_out_the_others(void **state)
{
    char directory[TEST_PATH_SIZE], *log;

    test_directory_make(directory);
    test_log_begin(directory);
    struct conf *conf =
        test_conf("initstepslew 5 192.0.2.1\ninitstepslew 1.5x known.test missing.test ::1");
    log = test_log_end(directory);
    assert_string_equal(log, "Invalid value 1.5x in initstepslew directive at line 2, using 1.5\n"
                             "Could not resolve address of initstepslew server missing.test\n");
    free(log);
    test_directory_remove(directory);

    assert_true(conf->reference.initstepslew_threshold == 1.5);
    assert_int_equal(conf->initstepslew.count, 2);
    assert_int_equal(conf->initstepslew.servers[0].family, IP_V4);
    assert_int_equal(conf->initstepslew.servers[1].family, IP_V6);
    conf_free(conf);

    conf = test_conf("initstepslew 5 192.0.2.1\ninitstepslew 1");
    assert_int_equal(conf->initstepslew.count, 0);
    conf_free(conf);

    assert_error("initstepslew", "Could not parse initstepslew directive at line 1");
    assert_error("initstepslew x", "Could not parse initstepslew directive at line 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_specification),
        cmocka_unit_test(integers_are_accepted_in_their_range_only),
        cmocka_unit_test(ports_are_accepted_in_their_range_only),
        cmocka_unit_test(unsigned_numbers_wrap_as_scanf_reads_them),
        cmocka_unit_test(reals_are_any_number),
        cmocka_unit_test(flags_are_set_without_regard_to_case_and_order),
        cmocka_unit_test(extension_fields_are_hexadecimal_and_add_up),
        cmocka_unit_test(characters_after_a_number_are_the_next_option),
        cmocka_unit_test(errors_of_sources_have_their_texts),
        cmocka_unit_test(sources_accumulate_in_order),
        cmocka_unit_test(order_of_sources_is_total),
        cmocka_unit_test(refclocks_have_their_defaults),
        cmocka_unit_test(refclocks_have_all_options),
        cmocka_unit_test(refclocks_have_their_errors),
        cmocka_unit_test(hwtimestamp_limits_its_values),
        cmocka_unit_test(broadcast_has_a_literal_destination),
        cmocka_unit_test(initstepslew_resolves_hosts_and_leaves_out_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set of sources (ntp.md 18; cmdmon.md 13.7, 13.14, 14.1, 14.20, 14.21): adding and removing,
 * names and their resolution, pools, replacement, refresh, addresses negotiated by NTS, .sources
 * files.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "test/unit/support/log.h"
#include "test/unit/support/rig.h"

static struct rig rig_of_test;

static int setup(void **state)
{
    capture_log();
    rig_init(&rig_of_test, NULL, NULL);
    *state = &rig_of_test;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    end_log_capture();
    return 0;
}

static bool exists(struct rig *rig, const char *text)
{
    struct ip_addr addr = rig_addr(text);

    return ntp_sources_find(rig->sources, &addr);
}

static enum ntp_sources_status add(struct rig *rig, const char *line)
{
    return rig_add(rig, SOURCE_SERVER, false, line);
}

static void set_name(struct rig *rig, const char *name, int first, int count)
{
    struct ip_addr addrs[16];

    for (int i = 0; i < count; i++)
        addrs[i] = ip_addr_v4(198, 51, 100, (uint8_t)(first + i));
    sim_set_name(rig->sim, name, RESOLVE_SUCCESS, addrs, count);
}

/* As the daemon: the sources are started when the first round has ended. */
static void start_up(struct rig *rig)
{
    ntp_sources_resolve_now(rig->sources);
    while (rig->rounds == 0)
        rig_run(rig, 0.1);
    rig_start(rig);
}

/* Adding and removing. */

static void an_address_is_used_once(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(add(rig, "192.0.2.1"), NTP_SOURCES_SUCCESS);
    assert_int_equal(add(rig, "192.0.2.1 port 1234"), NTP_SOURCES_IN_USE);
    assert_int_equal(rig_add(rig, SOURCE_PEER, false, "192.0.2.1"), NTP_SOURCES_IN_USE);
    assert_int_equal(add(rig, "2001:db8::1"), NTP_SOURCES_SUCCESS);
    assert_string_equal(ntp_sources_status_text(NTP_SOURCES_IN_USE), "Already in use");
}

static void family_option_must_match_an_address(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(add(rig, "192.0.2.1 ipv6"), NTP_SOURCES_BAD_ADDRESS);
    assert_int_equal(add(rig, "2001:db8::1 ipv4"), NTP_SOURCES_BAD_ADDRESS);
    assert_int_equal(add(rig, "192.0.2.1 ipv4"), NTP_SOURCES_SUCCESS);
}

static void names_are_checked(void **state)
{
    struct rig *rig = *state;
    struct source_conf conf = {.kind = SOURCE_SERVER};
    char bad[] = "ntp\001.test", good[] = "";

    source_options_default(&conf.options);
    conf.name = bad;
    assert_int_equal(ntp_sources_add(rig->sources, &conf, NULL), NTP_SOURCES_BAD_NAME);
    conf.name = good;
    assert_int_equal(ntp_sources_add(rig->sources, &conf, NULL), NTP_SOURCES_UNRESOLVED);
}

static void unresolved_sources_have_ids(void **state)
{
    struct rig *rig = *state;
    struct ip_addr id = rig_addr("ID#0000000001");

    log_set_context_info(true);
    assert_int_equal(add(rig, "ntp.test"), NTP_SOURCES_UNRESOLVED);
    assert_true(exists(rig, "ID#0000000001"));
    assert_string_equal(ntp_sources_name(rig->sources, &id), "ntp.test");
    assert_int_equal(rig_activity(rig).unresolved, 1);
    assert_int_equal(logged("Added source ID#0000000001 (ntp.test)"), 1);
    assert_int_equal(ntp_sources_remove(rig->sources, &id), NTP_SOURCES_SUCCESS);
    assert_int_equal(ntp_sources_remove(rig->sources, &id), NTP_SOURCES_NONE);
    assert_int_equal(logged("Removed source ID#0000000001 (ntp.test)"), 1);
    assert_int_equal(rig_activity(rig).unresolved, 0);
}

static void many_sources_are_found_and_removed(void **state)
{
    struct rig *rig = *state;
    char text[64];

    /* In several orders, so that those that share a place in the table go in each order. */
    for (int step = 1; step < 300; step += 7) {
        for (int i = 0; i < 300; i++) {
            snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
            assert_int_equal(add(rig, text), NTP_SOURCES_SUCCESS);
        }
        for (int n = 0; n < 150; n++) {
            int i = n * step % 300;
            snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
            struct ip_addr addr = rig_addr(text);
            ntp_sources_remove(rig->sources, &addr);
            assert_false(exists(rig, text));
        }
        for (int i = 0; i < 300; i++) {
            bool removed = false;
            for (int n = 0; n < 150; n++)
                removed = removed || n * step % 300 == i;
            snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
            assert_int_equal(exists(rig, text), !removed);
        }
        ntp_sources_remove_all(rig->sources);
    }
}

static void sources_have_a_limit(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr("10.0.0.7");
    char text[64];

    for (int i = 0; i < 65536; i++) {
        snprintf(text, sizeof(text), "10.0.%d.%d offline", i / 256, i % 256);
        assert_int_equal(add(rig, text), NTP_SOURCES_SUCCESS);
    }
    assert_int_equal(add(rig, "10.1.0.0 offline"), NTP_SOURCES_TOO_MANY);
    assert_int_equal(add(rig, "name.test offline"), NTP_SOURCES_TOO_MANY);
    assert_false(exists(rig, "10.1.0.0"));
    assert_int_equal(add(rig, "10.0.0.7 offline"), NTP_SOURCES_IN_USE);
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    assert_int_equal(add(rig, "10.1.0.0 offline"), NTP_SOURCES_SUCCESS);
}

/* Each gets its address in the table while the others have theirs there. */
static void members_of_many_pools_are_found_by_their_addresses(void **state)
{
    struct rig *rig = *state;
    char text[64];

    for (int i = 0; i < 8; i++) {
        snprintf(text, sizeof(text), "pool%d.test", i);
        set_name(rig, text, 16 * i, 16);
        strcat(text, " maxsources 8");
        assert_int_equal(rig_add(rig, SOURCE_SERVER, true, text), NTP_SOURCES_UNRESOLVED);
    }
    start_up(rig);
    assert_int_equal(rig_activity(rig).unresolved, 0);
    for (int i = 0; i < 8 * 16; i++) {
        snprintf(text, sizeof(text), "198.51.100.%d", i);
        assert_true(exists(rig, text));
        snprintf(text, sizeof(text), "ID#%010d", i + 1);
        assert_false(exists(rig, text));
    }
}

static void pool_by_address_is_one_server(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_add(rig, SOURCE_SERVER, true, "192.0.2.1"), NTP_SOURCES_SUCCESS);
    assert_int_equal(rig_activity(rig).online, 1);
}

/* Resolution. */

static void rounds_come_at_growing_intervals(void **state)
{
    static const double intervals[] = {28, 56, 112, 224, 448, 896, 1792, 3584, 3584};
    struct rig *rig = *state;
    double last, previous = 0.0;

    add(rig, "never.test");
    start_up(rig);
    assert_int_equal(sim_lookups(rig->sim, "never.test", &previous), 1);
    for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
        while (sim_lookups(rig->sim, "never.test", &last) == (int)i + 1)
            rig_run(rig, 1);
        double interval = last - previous;
        if (!(interval >= intervals[i] && interval <= intervals[i] + 0.1))
            fail_msg("interval %zu is %f", i, interval);
        previous = last;
    }
    assert_int_equal(rig->rounds, 10);
}

static void request_to_resolve_starts_a_round_at_once(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    add(rig, "ntp.test");
    start_up(rig);
    rig_run(rig, 1);
    set_name(rig, "ntp.test", 1, 1);
    assert_true(ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE));
    rig_run(rig, 1);
    assert_true(exists(rig, "198.51.100.1"));
    assert_false(exists(rig, "ID#0000000001"));
    assert_int_equal(rig_activity(rig).online, 1);
    assert_int_equal(rig_source(rig, "198.51.100.1")->samples, 1);
}

static void failed_names_are_given_up_with_a_warning(void **state)
{
    struct rig *rig = *state;

    sim_set_name(rig->sim, "bad.test", RESOLVE_FAILURE, NULL, 0);
    add(rig, "bad.test");
    start_up(rig);
    rig_run(rig, 500);
    assert_int_equal(sim_lookups(rig->sim, "bad.test", NULL), 1);
    assert_int_equal(logged("Invalid host bad.test"), 1);
}

/* Once for a server and once for a pool, whatever the rounds, replacements and refreshes; then once
   when it is over. */
static void failed_lookups_are_logged_once(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr("198.51.100.1");

    add(rig, "late.test");
    assert_int_equal(rig_add(rig, SOURCE_SERVER, true, "pool.test maxsources 2"),
                     NTP_SOURCES_UNRESOLVED);
    add(rig, "good.test");
    set_name(rig, "good.test", 9, 1);
    start_up(rig);
    rig_run(rig, 1000);
    assert_int_equal(logged("Could not resolve late.test, trying again"), 1);
    assert_int_equal(logged("Could not resolve pool.test, trying again"), 1);
    assert_int_equal(logged("good.test"), 0);
    assert_int_equal(logged("Resolved"), 0);

    set_name(rig, "late.test", 1, 1);
    set_name(rig, "pool.test", 2, 4);
    rig_run(rig, 2000);
    assert_true(exists(rig, "198.51.100.1"));
    assert_int_equal(logged("Resolved late.test"), 1);
    assert_int_equal(logged("Resolved pool.test"), 1);

    /* The address stays, its replacement is not found. */
    sim_set_name(rig->sim, "late.test", RESOLVE_TRY_AGAIN, NULL, 0);
    for (int i = 0; i < 3; i++) {
        ntp_sources_replace_bad(rig->sources, &addr);
        rig_run(rig, 5000);
    }
    assert_int_equal(logged("Could not resolve late.test, trying again"), 2);
    set_name(rig, "late.test", 1, 1);
    ntp_sources_refresh(rig->sources);
    rig_run(rig, 10);
    assert_int_equal(logged("Resolved late.test"), 2);
    assert_int_equal(logged("Resolved"), 3);
    assert_int_equal(logged("Could not resolve"), 3);
}

static void first_usable_address_is_taken(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addrs[3] = {rig_addr("2001:db8::1"), rig_addr("192.0.2.1"),
                               rig_addr("192.0.2.2")};

    add(rig, "192.0.2.1");
    sim_set_name(rig->sim, "four.test", RESOLVE_SUCCESS, addrs, 3);
    sim_set_name(rig->sim, "any.test", RESOLVE_SUCCESS, addrs, 3);
    add(rig, "four.test ipv4");
    start_up(rig);
    assert_true(exists(rig, "192.0.2.2"));
    sim_set_no_route(rig->sim, &addrs[0]);
    add(rig, "any.test");
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 1);
    /* Not connectable, in use, in use: it stays unresolved. */
    assert_int_equal(rig_activity(rig).unresolved, 1);
    assert_false(exists(rig, "2001:db8::1"));
}

static void names_without_sources_left_are_not_looked_up(void **state)
{
    struct rig *rig = *state;
    struct ip_addr id = rig_addr("ID#0000000001");

    add(rig, "gone.test");
    start_up(rig);
    assert_int_equal(ntp_sources_remove(rig->sources, &id), NTP_SOURCES_SUCCESS);
    rig_run(rig, 500);
    assert_int_equal(sim_lookups(rig->sim, "gone.test", NULL), 1);
}

static void empty_round_ends_at_once(void **state)
{
    struct rig *rig = *state;

    add(rig, "192.0.2.1");
    ntp_sources_resolve_now(rig->sources);
    assert_int_equal(rig->rounds, 1);
}

static void set_scoped_name(struct rig *rig, const char *name, const char *text, uint32_t scope)
{
    struct ip_addr addr = rig_addr(text);

    addr.scope = scope;
    sim_set_name(rig->sim, name, RESOLVE_SUCCESS, &addr, 1);
}

/* The same address on two interfaces is two sources, and each gets its own packets. */
static void sources_on_different_interfaces(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr("fe80::1");

    set_scoped_name(rig, "fe80::1%eth0", "fe80::1", 5);
    set_scoped_name(rig, "fe80::1%eth1", "fe80::1", 6);
    add(rig, "fe80::1%eth0 minpoll 4 maxpoll 4");
    /* One server, although it is called a pool. */
    assert_int_equal(rig_add(rig, SOURCE_SERVER, true, "fe80::1%eth1 minpoll 4 maxpoll 4"),
                     NTP_SOURCES_UNRESOLVED);
    assert_int_equal(rig_activity(rig).unresolved, 2);
    add(rig, "fe80::1%eth2");
    /* By the index of an interface: an address. */
    assert_int_equal(rig_add(rig, SOURCE_SERVER, false, "fe80::1%7 minpoll 4 maxpoll 4"),
                     NTP_SOURCES_SUCCESS);
    assert_int_equal(rig_add(rig, SOURCE_SERVER, false, "fe80::1%7"), NTP_SOURCES_IN_USE);
    start_up(rig);
    rig_run(rig, 40);
    for (uint32_t scope = 5; scope <= 7; scope++) {
        addr.scope = scope;
        const struct association *a = ntp_sources_find(rig->sources, &addr);
        assert_non_null(a);
        const struct source *source = association_source(a);
        assert_int_equal(source->addr.scope, scope);
        assert_int_equal(source->samples, 3);
        assert_string_equal(ntp_sources_name(rig->sources, &addr), scope == 5   ? "fe80::1%eth0"
                                                                   : scope == 6 ? "fe80::1%eth1"
                                                                                : "fe80::1%7");
    }
    assert_int_equal(logged("Invalid host fe80::1%eth2 : no interface eth2, trying again"), 1);

    /* Without an interface any of them is meant, with another one none. */
    addr.scope = 8;
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_NONE);
    addr.scope = 6;
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    assert_null(ntp_sources_find(rig->sources, &addr));
    addr.scope = 0;
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_NONE);
}

/* bindacqdevice tells the interface of an address that has none itself. */
static void link_local_source_without_interface(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr("fe80::1");

    rig_add_server(rig, "fe80::1 minpoll 4 maxpoll 4");
    rig_run(rig, 40);
    assert_int_equal(association_source(ntp_sources_find(rig->sources, &addr))->samples, 3);
}

/* Pools. */

static void pool_keeps_the_first_that_answer(void **state)
{
    struct rig *rig = *state;

    log_set_context_info(true);
    set_name(rig, "pool.test", 1, 6);
    assert_int_equal(rig_add(rig, SOURCE_SERVER, true, "pool.test maxsources 3 iburst"),
                     NTP_SOURCES_UNRESOLVED);
    assert_int_equal(rig_activity(rig).unresolved, 6);
    assert_int_equal(logged("Added pool pool.test"), 1);
    assert_int_equal(logged("Added source"), 0);
    rig->silent = rig_addr("198.51.100.1");
    start_up(rig);
    rig_run(rig, 5);
    assert_int_equal(rig_activity(rig).unresolved, 0);
    assert_int_equal(rig_activity(rig).burst_online + rig_activity(rig).online, 3);
    assert_false(exists(rig, "198.51.100.1"));
    assert_int_equal(logged("Removed"), 0);
}

static void unresolved_members_are_removed_with_the_quota(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "pool.test", 1, 2);
    rig_add(rig, SOURCE_SERVER, true, "pool.test maxsources 2 iburst");
    start_up(rig);
    assert_int_equal(rig_activity(rig).unresolved, 2);
    rig_run(rig, 5);
    assert_int_equal(rig_activity(rig).unresolved, 0);
    assert_true(exists(rig, "198.51.100.1"));
    assert_true(exists(rig, "198.51.100.2"));
    rig_run(rig, 100);
    assert_int_equal(sim_lookups(rig->sim, "pool.test", NULL), 1);
}

static void pool_has_limits(void **state)
{
    struct rig *rig = *state;

    rig_add(rig, SOURCE_SERVER, true, "pool.test maxsources 100");
    assert_int_equal(rig_activity(rig).unresolved, 16);
    rig_add(rig, SOURCE_SERVER, true, "small.test maxsources 1");
    assert_int_equal(rig_activity(rig).unresolved, 18);
}

static void pool_directive_is_removed_as_one(void **state)
{
    struct rig *rig = *state;
    struct source_conf conf = {.kind = SOURCE_SERVER, .pool = true};
    char name[] = "pool.test";
    uint32_t conf_id;

    log_set_context_info(true);
    source_options_default(&conf.options);
    conf.name = name;
    add(rig, "192.0.2.1");
    assert_int_equal(ntp_sources_add(rig->sources, &conf, &conf_id), NTP_SOURCES_UNRESOLVED);
    ntp_sources_remove_by_conf_id(rig->sources, conf_id);
    assert_int_equal(rig_activity(rig).unresolved, 0);
    assert_true(exists(rig, "192.0.2.1"));
    assert_int_equal(logged("Removed pool pool.test"), 1);
    assert_int_equal(logged("Removed source"), 0);
}

/* Replacement and refresh. */

static void unreachable_source_is_replaced(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "ntp.test", 1, 2);
    add(rig, "ntp.test iburst");
    rig->silent = rig_addr("198.51.100.1");
    start_up(rig);
    assert_true(exists(rig, "198.51.100.1"));
    rig_run(rig, 1000);
    assert_true(exists(rig, "198.51.100.2"));
    assert_false(exists(rig, "198.51.100.1"));
    assert_int_equal(logged("Source 198.51.100.1 replaced with 198.51.100.2 (ntp.test)"), 1);
    assert_true(rig_source(rig, "198.51.100.2")->samples > 0);
    assert_int_equal(rig_source(rig, "198.51.100.2")->refid, 0xc6336402);
}

static void source_given_by_address_is_not_replaced(void **state)
{
    struct rig *rig = *state;

    rig->answer = false;
    add(rig, "192.0.2.1 iburst");
    start_up(rig);
    rig_run(rig, 5000);
    assert_true(exists(rig, "192.0.2.1"));
    assert_int_equal(sim_lookups(rig->sim, "192.0.2.1", NULL), 0);
}

static void replacements_are_spread(void **state)
{
    struct rig *rig = *state;
    struct ip_addr a = rig_addr("198.51.100.1"), b = rig_addr("198.51.100.11");

    set_name(rig, "a.test", 1, 2);
    set_name(rig, "b.test", 11, 2);
    add(rig, "a.test");
    add(rig, "b.test");
    start_up(rig);
    ntp_sources_replace_bad(rig->sources, &a);
    ntp_sources_replace_bad(rig->sources, &b);
    rig_run(rig, 1);
    assert_true(exists(rig, "198.51.100.2"));
    assert_true(exists(rig, "198.51.100.11"));
}

static void refresh_keeps_addresses_that_are_still_given(void **state)
{
    struct rig *rig = *state;

    set_name(rig, "ntp.test", 1, 3);
    add(rig, "ntp.test");
    add(rig, "192.0.2.1");
    start_up(rig);
    ntp_sources_refresh(rig->sources);
    rig_run(rig, 1);
    assert_true(exists(rig, "198.51.100.1"));
    assert_true(exists(rig, "192.0.2.1"));
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 2);
    assert_int_equal(sim_lookups(rig->sim, "192.0.2.1", NULL), 1);

    set_name(rig, "ntp.test", 7, 1);
    ntp_sources_refresh(rig->sources);
    rig_run(rig, 1);
    assert_true(exists(rig, "198.51.100.7"));
    assert_false(exists(rig, "198.51.100.1"));
}

static void periodic_refresh_takes_one_name_for_each_interval(void **state)
{
    struct rig *rig = *state;

    rig->conf->client.refresh = 10000;
    rig_restart(rig, NULL);
    set_name(rig, "a.test", 1, 1);
    set_name(rig, "b.test", 2, 1);
    add(rig, "a.test maxpoll 6");
    add(rig, "b.test maxpoll 6");
    start_up(rig);
    rig_run(rig, 9900);
    assert_int_equal(sim_lookups(rig->sim, "a.test", NULL), 1);
    rig_run(rig, 300);
    assert_int_equal(sim_lookups(rig->sim, "a.test", NULL), 2);
    assert_int_equal(sim_lookups(rig->sim, "b.test", NULL), 1);
    rig_run(rig, 10000);
    assert_int_equal(sim_lookups(rig->sim, "a.test", NULL), 2);
    assert_int_equal(sim_lookups(rig->sim, "b.test", NULL), 2);
}

/* Commands. */

static void connectivity_is_set_by_mask(void **state)
{
    struct rig *rig = *state;
    struct ip_addr net = rig_addr("192.0.2.0"), mask = ip_addr_mask(IP_V4, 24), none = {0};
    struct ip_addr other = rig_addr("203.0.113.1"), all = {0};

    add(rig, "192.0.2.1");
    add(rig, "192.0.2.2");
    add(rig, "198.51.100.1");
    add(rig, "name.test");
    assert_true(ntp_sources_set_connectivity(rig->sources, &mask, &net, SOURCE_OFFLINE));
    assert_int_equal(rig_activity(rig).offline, 2);
    assert_int_equal(rig_activity(rig).online, 1);
    assert_int_equal(logged("Source 192.0.2.1 offline"), 1);
    assert_false(ntp_sources_set_connectivity(rig->sources, &none, &other, SOURCE_OFFLINE));
    /* onoffline: by the routing, names that are not resolved are left alone. */
    sim_set_no_route(rig->sim, &(struct ip_addr){.family = IP_V4, .u.v4 = {198, 51, 100, 1}});
    ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_MAYBE_ONLINE);
    assert_int_equal(rig_activity(rig).online, 2);
    assert_int_equal(rig_activity(rig).offline, 1);
    assert_int_equal(rig_activity(rig).unresolved, 1);
}

/* Whatever comes first in the table. */
static void unresolved_sources_are_skipped_by_the_routing_only(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0}, net = rig_addr("192.0.2.0"), mask = ip_addr_mask(IP_V4, 24);

    add(rig, "name.test offline");
    add(rig, "198.51.100.9 offline");
    add(rig, "192.0.2.1 offline");
    start_up(rig);
    assert_true(ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_MAYBE_ONLINE));
    assert_int_equal(rig_activity(rig).online, 2);
    assert_true(ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE));
    assert_true(ntp_sources_set_connectivity(rig->sources, &mask, &net, SOURCE_ONLINE));
    assert_int_equal(rig_activity(rig).online, 1);
    assert_true(ntp_sources_burst(rig->sources, 1, 2, &mask, &net));
    assert_int_equal(rig_activity(rig).burst_online, 1);
    assert_int_equal(rig_activity(rig).burst_offline, 0);

    /* It was not switched on with the others. */
    set_name(rig, "name.test", 1, 1);
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 100);
    assert_true(exists(rig, "198.51.100.1"));
    assert_int_equal(rig_activity(rig).online, 1);
    assert_int_equal(rig_activity(rig).offline, 2);

    add(rig, "other.test offline");
    assert_true(ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_ONLINE));
    set_name(rig, "other.test", 2, 1);
    ntp_sources_resolve_now(rig->sources);
    rig_run(rig, 100);
    assert_int_equal(rig_activity(rig).online, 4);
}

/* Addresses negotiated by NTS. */

struct ntp_nts_client {
    struct ntp_nts_client_params params;
};

static struct {
    struct ip_port at_creation; /* IP_UNSPEC: none */
    bool creation_result;
    struct ip_port at_poll;
    bool poll_result;
    struct ip_port nts_addr;
    bool ready;
    int saves;
} nts;

static struct ntp_nts_client *nts_create(void *ctx, const struct ntp_nts_client_params *params)
{
    struct ntp_nts_client *c = calloc(1, sizeof(*c));

    c->params = *params;
    nts.nts_addr = params->nts_addr;
    if (nts.at_creation.addr.family != IP_UNSPEC)
        nts.creation_result = params->change_address(&nts.at_creation, params->arg);
    return c;
}

static void nts_destroy(struct ntp_nts_client *c)
{
    free(c);
}

static bool nts_prepare(struct ntp_nts_client *c)
{
    if (nts.at_poll.addr.family != IP_UNSPEC) {
        nts.poll_result = c->params.change_address(&nts.at_poll, c->params.arg);
        return nts.poll_result;
    }
    return nts.ready;
}

static bool nts_add(struct ntp_nts_client *c, const struct ntp_info *info, struct writer *w)
{
    assert_int_equal(info->length, 48);
    return ntp_ext_add(w, 0x0104, "0123456789abcdef0123456789abcdef", 32);
}

static enum response_reason nts_check(struct ntp_nts_client *c, const uint8_t *packet,
                                      const struct ntp_info *info)
{
    return RESPONSE_GOOD;
}

static void nts_address(struct ntp_nts_client *c, const struct ip_port *addr)
{
    nts.nts_addr = *addr;
}

static void nts_save(struct ntp_nts_client *c)
{
    nts.saves++;
}

static void nts_report(const struct ntp_nts_client *c, struct report_authdata *report)
{
    report->cookies = 8;
}

static void nts_explain(const struct ntp_nts_client *c, struct findings *findings)
{
    findings_add(findings, FINDING_NTS_READY);
}

static const struct ntp_nts_client_ops nts_ops = {
    .create = nts_create,
    .destroy = nts_destroy,
    .prepare = nts_prepare,
    .add_request = nts_add,
    .check_response = nts_check,
    .change_nts_address = nts_address,
    .save = nts_save,
    .report = nts_report,
    .explain = nts_explain,
};

static void use_nts(struct rig *rig)
{
    memset(&nts, 0, sizeof(nts));
    nts.ready = true;
    rig_restart(rig, &(struct ntp_nts){.client = &nts_ops});
}

static bool echo_nts(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                     size_t *length)
{
    memcpy(response + 48, request->data + 48, request->length - 48);
    *length = request->length;
    return true;
}

static void nts_source_sends_when_it_is_ready(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr("192.0.2.1");
    struct report_authdata auth;

    use_nts(rig);
    nts.ready = false;
    rig->tamper = echo_nts;
    add(rig, "192.0.2.1 nts iburst");
    start_up(rig);
    assert_int_equal(nts.nts_addr.port, 4460);
    rig_run(rig, 9);
    assert_int_equal(sim_sent_count(rig->sim), 0);
    assert_int_equal(rig_source(rig, "192.0.2.1")->reach_size, 5);
    nts.ready = true;
    rig_run(rig, 9);
    assert_int_equal(rig_source(rig, "192.0.2.1")->samples, 4);
    association_report_authdata(ntp_sources_find(rig->sources, &addr), &auth);
    assert_int_equal(auth.mode, 2);
    assert_int_equal(auth.cookies, 8);
    ntp_sources_dump_nts(rig->sources);
    assert_int_equal(nts.saves, 1);
}

static void negotiated_address_is_taken_at_the_poll(void **state)
{
    struct rig *rig = *state;

    use_nts(rig);
    rig->tamper = echo_nts;
    nts.at_poll = (struct ip_port){rig_addr("192.0.2.7"), 1234};
    add(rig, "192.0.2.1 nts iburst");
    start_up(rig);
    rig_run(rig, 10);
    assert_true(exists(rig, "192.0.2.7"));
    assert_false(exists(rig, "192.0.2.1"));
    assert_int_equal(sim_sent(rig->sim, 0)->to.port, 1234);
    assert_int_equal(logged("Source 192.0.2.1 changed to 192.0.2.7 (192.0.2.1)"), 1);
    assert_int_equal(rig_source(rig, "192.0.2.7")->samples, 4);
    /* The NTS-KE address stays. */
    assert_int_equal(nts.nts_addr.addr.u.v4[3], 1);
}

static void negotiated_port_is_a_change_of_its_own(void **state)
{
    struct rig *rig = *state;

    use_nts(rig);
    nts.at_poll = (struct ip_port){rig_addr("192.0.2.1"), 1234};
    add(rig, "192.0.2.1 nts");
    start_up(rig);
    rig_run(rig, 1);
    assert_int_equal(logged("Source 192.0.2.1 (192.0.2.1) changed port to 1234"), 1);
    assert_int_equal(sim_sent(rig->sim, 0)->to.port, 1234);
}

static void negotiated_address_of_another_source_is_refused(void **state)
{
    struct rig *rig = *state;

    use_nts(rig);
    nts.at_poll = (struct ip_port){rig_addr("192.0.2.2"), 123};
    add(rig, "192.0.2.2 offline");
    add(rig, "192.0.2.1 nts");
    start_up(rig);
    rig_run(rig, 1);
    assert_false(nts.poll_result);
    assert_true(exists(rig, "192.0.2.1"));
    assert_int_equal(sim_sent_count(rig->sim), 0);
}

static void address_of_loaded_cookies_is_taken_after_the_addition(void **state)
{
    struct rig *rig = *state;

    use_nts(rig);
    nts.at_creation = (struct ip_port){rig_addr("192.0.2.7"), 123};
    add(rig, "192.0.2.1 nts");
    assert_true(nts.creation_result);
    assert_true(exists(rig, "192.0.2.7"));
    assert_int_equal(logged("Source 192.0.2.1 changed to 192.0.2.7 (192.0.2.1)"), 1);

    add(rig, "192.0.2.2 nts");
    assert_true(exists(rig, "192.0.2.2"));
    assert_int_equal(logged("Could not change 192.0.2.2:123 to 192.0.2.7:123"), 1);
}

static void nts_source_by_address_returns_to_it(void **state)
{
    struct rig *rig = *state;
    struct ip_addr moved = rig_addr("192.0.2.7");

    use_nts(rig);
    nts.at_poll = (struct ip_port){moved, 123};
    add(rig, "192.0.2.1 nts");
    start_up(rig);
    rig_run(rig, 1);
    nts.at_poll = (struct ip_port){0};
    ntp_sources_replace_bad(rig->sources, &moved);
    rig_run(rig, 1);
    assert_true(exists(rig, "192.0.2.1"));
    assert_int_equal(logged("Source 192.0.2.7 replaced with 192.0.2.1 (192.0.2.1)"), 1);
}

/* .sources files. */

static void files_are_compared_with_the_last_load(void **state)
{
    struct rig *rig = *state;
    struct conf_error error;
    struct conf_env env = {0};

    assert_true(conf_read_line(rig->conf, &env, "server 192.0.2.9", 1, &error));
    assert_true(conf_read_line(rig->conf, &env, "sourcedir /etc/dir", 1, &error));
    rig_restart(rig, NULL);
    sim_set_file(rig->sim, "/etc/dir/a.sources",
                 "server 192.0.2.1\nserver 192.0.2.2 iburst\nserver 192.0.2.9\n", 0644);
    ntp_sources_reload(rig->sources);
    assert_false(exists(rig, "192.0.2.1"));
    ntp_sources_add_configured(rig->sources);
    start_up(rig);
    assert_true(exists(rig, "192.0.2.1"));
    assert_true(exists(rig, "192.0.2.2"));
    assert_int_equal(logged("Could not add source 192.0.2.9 : Already in use"), 1);
    rig_run(rig, 20);
    struct source *kept = rig_source(rig, "192.0.2.2");

    sim_set_file(rig->sim, "/etc/dir/a.sources",
                 "server 192.0.2.3\nserver 192.0.2.2 iburst\nserver 192.0.2.9\nserver x", 0644);
    ntp_sources_reload(rig->sources);
    assert_false(exists(rig, "192.0.2.1"));
    assert_true(exists(rig, "192.0.2.3"));
    assert_ptr_equal(rig_source(rig, "192.0.2.2"), kept);
    assert_int_equal(kept->samples, 4);
    assert_true(exists(rig, "192.0.2.9"));
    assert_int_equal(logged("Could not add source 192.0.2.9 : Already in use"), 1);
    assert_int_equal(logged("Removed source 192.0.2.1"), 1);
    assert_int_equal(logged("Added source 192.0.2.3"), 1);

    /* A changed option is another source. */
    sim_set_file(rig->sim, "/etc/dir/a.sources", "server 192.0.2.2\n", 0644);
    ntp_sources_reload(rig->sources);
    assert_int_equal(rig_source(rig, "192.0.2.2")->samples, 0);
    assert_false(exists(rig, "192.0.2.3"));
}

static void names_in_files_are_looked_up_at_once(void **state)
{
    struct rig *rig = *state;
    struct conf_error error;
    struct conf_env env = {0};

    set_name(rig, "ntp.test", 1, 1);
    assert_true(conf_read_line(rig->conf, &env, "sourcedir /etc/dir", 1, &error));
    rig_restart(rig, NULL);
    ntp_sources_add_configured(rig->sources);
    start_up(rig);
    rig_run(rig, 100);
    sim_set_file(rig->sim, "/etc/dir/a.sources", "server ntp.test\n", 0644);
    ntp_sources_reload(rig->sources);
    rig_run(rig, 1);
    assert_true(exists(rig, "198.51.100.1"));
    assert_int_equal(logged("Could not add source"), 0);
    /* Unchanged entries stay as they are, and nothing is asked again. */
    ntp_sources_reload(rig->sources);
    rig_run(rig, 100);
    assert_true(exists(rig, "198.51.100.1"));
    assert_int_equal(sim_lookups(rig->sim, "ntp.test", NULL), 1);
}

static void failures_in_files_are_told_once_each(void **state)
{
    struct rig *rig = *state;
    struct conf_error error;
    struct conf_env env = {0};
    struct ip_addr addr = rig_addr("192.0.2.9");

    assert_true(conf_read_line(rig->conf, &env, "server 192.0.2.9", 1, &error));
    assert_true(conf_read_line(rig->conf, &env, "sourcedir /etc/dir", 1, &error));
    rig_restart(rig, NULL);
    sim_set_file(rig->sim, "/etc/dir/a.sources", "server 192.0.2.9 iburst\n", 0644);
    ntp_sources_add_configured(rig->sources);
    start_up(rig);
    assert_int_equal(logged("Could not add source 192.0.2.9\n"), 0);
    assert_int_equal(logged("Could not add source 192.0.2.9 : Already in use\n"), 1);
    assert_true(log_context_severity() != LOG_SEV_INFO);

    /* Another entry with the same failure is another failure. */
    sim_set_file(rig->sim, "/etc/dir/a.sources",
                 "server 192.0.2.9 iburst\nserver 192.0.2.9 prefer\n", 0644);
    ntp_sources_reload(rig->sources);
    assert_int_equal(logged("Could not add source 192.0.2.9 : Already in use\n"), 2);
    /* What could not be added before is tried again; the other is then in its way. */
    assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    ntp_sources_reload(rig->sources);
    assert_true(exists(rig, "192.0.2.9"));
    assert_int_equal(logged("Could not add source 192.0.2.9 : Already in use\n"), 2);
    /* And is removed with its entry, though it failed once. */
    sim_set_file(rig->sim, "/etc/dir/a.sources", "", 0644);
    ntp_sources_reload(rig->sources);
    assert_false(exists(rig, "192.0.2.9"));
}

static void configured_sources_that_fail_are_logged(void **state)
{
    struct rig *rig = *state;
    struct conf_error error;
    struct conf_env env = {0};

    assert_true(conf_read_line(rig->conf, &env, "server 192.0.2.9", 1, &error));
    assert_true(conf_read_line(rig->conf, &env, "server 192.0.2.9", 2, &error));
    rig_restart(rig, NULL);
    ntp_sources_add_configured(rig->sources);
    assert_int_equal(logged("Could not add source 192.0.2.9"), 1);
}

/* Work on many sources. */

#define MANY  1000
#define SLICE 250

static void set_many(struct rig *rig, int count)
{
    char *text = mem_alloc(64 * MANY + 1), *at = text;

    for (int i = 0; i < count; i++)
        at += sprintf(at, "server 10.0.%d.%d offline\n", i / 250, i % 250);
    sim_set_file(rig->sim, "/etc/dir/a.sources", text, 0644);
    free(text);
}

static int count_sources(struct rig *rig)
{
    struct report_activity a = rig_activity(rig);

    return a.online + a.offline + a.burst_online + a.burst_offline + a.unresolved;
}

/* Goes on until the work is done; no round of the loop may change more than so many sources. */
static void finish_work(struct rig *rig, int most)
{
    int last = count_sources(rig), last_online = rig_activity(rig).online;

    for (int rounds = 0; ntp_sources_is_busy(rig->sources); rounds++) {
        assert_in_range(rounds, 0, 10 * MANY);
        loop_run_once(rig->loop);
        int now = count_sources(rig), online = rig_activity(rig).online;
        assert_in_range(abs(now - last), 0, most);
        assert_in_range(abs(online - last_online), 0, most);
        last = now;
        last_online = online;
    }
}

static void count_end(void *arg)
{
    (*(int *)arg)++;
}

static void many_sources_are_worked_on_in_slices(void **state)
{
    struct rig *rig = *state;
    int ends = 0;
    struct ip_addr any = {.family = IP_UNSPEC}, other = rig_addr("192.0.2.1");
    struct conf_error error;
    struct conf_env env = {0};

    assert_true(conf_read_line(rig->conf, &env, "sourcedir /etc/dir", 1, &error));
    rig_restart(rig, NULL);
    ntp_sources_add_configured(rig->sources);
    start_up(rig);

    /* Adding. What is asked for meanwhile comes after it; sources that come later are not meant.
       The end is told once. */
    ntp_sources_set_work_handler(rig->sources, count_end, &ends);
    set_many(rig, MANY);
    ntp_sources_reload(rig->sources);
    assert_in_range(count_sources(rig), 1, SLICE);
    assert_true(ntp_sources_set_connectivity(rig->sources, &any, &any, SOURCE_ONLINE));
    assert_int_equal(ends, 0);
    finish_work(rig, SLICE);
    assert_int_equal(ends, 1);
    assert_int_equal(count_sources(rig), MANY);
    assert_in_range(rig_activity(rig).online, 1, SLICE);

    assert_true(ntp_sources_set_connectivity(rig->sources, &any, &any, SOURCE_ONLINE));
    assert_in_range(rig_activity(rig).online, SLICE, 2 * SLICE);
    assert_int_equal(add(rig, "192.0.2.1 offline"), NTP_SOURCES_SUCCESS);
    finish_work(rig, SLICE);
    assert_int_equal(rig_activity(rig).online, MANY);
    assert_int_equal(rig_activity(rig).offline, 1);

    /* Sources may go meanwhile, also the one that would be next. */
    assert_true(ntp_sources_set_connectivity(rig->sources, &any, &any, SOURCE_OFFLINE));
    for (int i = SLICE - 10; i < SLICE + 10; i++) {
        char text[32];
        snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
        struct ip_addr addr = rig_addr(text);
        assert_int_equal(ntp_sources_remove(rig->sources, &addr), NTP_SOURCES_SUCCESS);
    }
    finish_work(rig, SLICE);
    assert_int_equal(rig_activity(rig).online, 0);

    /* Removing: with the selection held. Two reloads that wait are one. */
    set_many(rig, 10);
    rig->stub.released = 0;
    ntp_sources_reload(rig->sources);
    ntp_sources_reload(rig->sources);
    ntp_sources_reload(rig->sources);
    assert_in_range(count_sources(rig), MANY - 2 * SLICE, MANY - SLICE);
    finish_work(rig, SLICE);
    assert_int_equal(count_sources(rig), 11);
    assert_in_range(rig->stub.released, 3, 5);
    assert_true(exists(rig, "10.0.0.9"));
    assert_false(exists(rig, "10.0.0.10"));
    assert_int_equal(ntp_sources_remove(rig->sources, &other), NTP_SOURCES_SUCCESS);

    /* A set that ends in the middle of it frees everything. */
    set_many(rig, MANY);
    ntp_sources_reload(rig->sources);
    assert_true(ntp_sources_is_busy(rig->sources));
}

/* Without the one that was selected at first another one may be selected before the work is
   done. */
static void every_selected_source_goes_offline(void **state)
{
    struct rig *rig = *state;
    struct ip_addr any = {.family = IP_UNSPEC};
    struct conf_error error;
    struct conf_env env = {0};

    assert_true(conf_read_line(rig->conf, &env, "sourcedir /etc/dir", 1, &error));
    rig_restart(rig, NULL);
    set_many(rig, MANY);
    ntp_sources_add_configured(rig->sources);
    start_up(rig);
    assert_true(ntp_sources_set_connectivity(rig->sources, &any, &any, SOURCE_ONLINE));
    finish_work(rig, SLICE);
    assert_int_equal(rig_activity(rig).online, MANY);
    rig->stub.selected = rig_source(rig, "10.0.0.5");
    assert_true(ntp_sources_set_connectivity(rig->sources, &any, &any, SOURCE_OFFLINE));
    rig->stub.selected = rig_source(rig, "10.0.3.5");
    finish_work(rig, SLICE + 1);
    assert_int_equal(rig_activity(rig).online, 0);
}

static void few_sources_are_worked_on_at_once(void **state)
{
    struct rig *rig = *state;
    struct ip_addr any = {.family = IP_UNSPEC};
    struct conf_error error;
    struct conf_env env = {0};
    int ends = 0;

    assert_true(conf_read_line(rig->conf, &env, "sourcedir /etc/dir", 1, &error));
    rig_restart(rig, NULL);
    set_many(rig, 200);
    ntp_sources_add_configured(rig->sources);
    start_up(rig);
    ntp_sources_set_work_handler(rig->sources, count_end, &ends);
    assert_true(ntp_sources_set_connectivity(rig->sources, &any, &any, SOURCE_ONLINE));
    assert_int_equal(rig_activity(rig).online, 200);
    set_many(rig, 0);
    ntp_sources_reload(rig->sources);
    assert_int_equal(count_sources(rig), 0);
    assert_false(ntp_sources_is_busy(rig->sources));
    assert_int_equal(ends, 0); /* nobody had to wait */
    /* As chrony: the selection runs for each of them. */
    assert_int_equal(rig->stub.released, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_is_used_once),
        TEST(family_option_must_match_an_address),
        TEST(names_are_checked),
        TEST(unresolved_sources_have_ids),
        TEST(many_sources_are_found_and_removed),
        TEST(many_sources_are_worked_on_in_slices),
        TEST(every_selected_source_goes_offline),
        TEST(few_sources_are_worked_on_at_once),
        TEST(sources_have_a_limit),
        TEST(members_of_many_pools_are_found_by_their_addresses),
        TEST(pool_by_address_is_one_server),
        TEST(rounds_come_at_growing_intervals),
        TEST(request_to_resolve_starts_a_round_at_once),
        TEST(failed_names_are_given_up_with_a_warning),
        TEST(failed_lookups_are_logged_once),
        TEST(sources_on_different_interfaces),
        TEST(link_local_source_without_interface),
        TEST(first_usable_address_is_taken),
        TEST(names_without_sources_left_are_not_looked_up),
        TEST(empty_round_ends_at_once),
        TEST(pool_keeps_the_first_that_answer),
        TEST(unresolved_members_are_removed_with_the_quota),
        TEST(pool_has_limits),
        TEST(pool_directive_is_removed_as_one),
        TEST(unreachable_source_is_replaced),
        TEST(source_given_by_address_is_not_replaced),
        TEST(replacements_are_spread),
        TEST(refresh_keeps_addresses_that_are_still_given),
        TEST(periodic_refresh_takes_one_name_for_each_interval),
        TEST(connectivity_is_set_by_mask),
        TEST(unresolved_sources_are_skipped_by_the_routing_only),
        TEST(nts_source_sends_when_it_is_ready),
        TEST(negotiated_address_is_taken_at_the_poll),
        TEST(negotiated_port_is_a_change_of_its_own),
        TEST(negotiated_address_of_another_source_is_refused),
        TEST(address_of_loaded_cookies_is_taken_after_the_addition),
        TEST(nts_source_by_address_returns_to_it),
        TEST(files_are_compared_with_the_last_load),
        TEST(names_in_files_are_looked_up_at_once),
        TEST(failures_in_files_are_told_once_each),
        TEST(configured_sources_that_fail_are_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that chrony takes although a value cannot be used as it is written: numbers out of range
 * and letters behind numbers (config.md 3). And what errors say about a word that is wrong
 * (config.md 4).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "base/number.h"
#include "base/text.h"
#include "test/unit/support/conf.h"

static void options_out_of_range_take_the_nearest_limit(void **state)
{
    static const struct {
        const char *line, *value, *option, *directive, *used;
    } cases[] = {
        {"server a maxpoll 33", "33", "maxpoll", "server", "32"},
        {"Pool a minsamples -1", "-1", "minsamples", "Pool", "0"},
        {"peer a version 5", "5", "version", "peer", "4"},
        {"server a port 65536 iburst", "65536", "port", "server", "65535"},
        {"server a ntsport -1", "-1", "ntsport", "server", "0"},
        {"server a minstratum 4294967301", "4294967301", "minstratum", "server", "16"},
        {"server a maxsamples 99999999999999999999", "99999999999999999999", "maxsamples", "server",
         "2147483647"},
        {"server a minpoll -99999999999", "-99999999999", "minpoll", "server", "-2147483648"},
        {"server a key 4294967301", "4294967301", "key", "server", "5"},
        {"server a certset -1", "-1", "certset", "server", "4294967295"},
        {"refclock SHM 0 rate 0", "0", "rate", "refclock", "1"},
        {"refclock SHM 0 poll 4294967301", "4294967301", "poll", "refclock", "32"},
        {"refclock SHM 0 stratum 4294967301", "4294967301", "stratum", "refclock", "15"},
        {"local stratum 4294967301", "4294967301", "stratum", "local", "15"},
        {"hwtimestamp eth0 minpoll 99", "99", "minpoll", "hwtimestamp", "32"},
        {"ratelimit interval -33", "-33", "interval", "ratelimit", "-32"},
        {"cmdratelimit leak 2147483648", "2147483648", "leak", "cmdratelimit", "32"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char log[256];

        snprintf(log, sizeof(log), "Invalid value %s of %s in %s directive at line 1, using %s\n",
                 cases[i].value, cases[i].option, cases[i].directive, cases[i].used);
        assert_accepted_with(cases[i].line, log);
    }
}

static void limits_are_what_is_stored(void **state)
{
    struct conf *conf =
        test_conf("server a maxpoll 33 port 70000 maxsources 0\nmakestep 1 99999999999\n"
                  "maxchange 1 99999999999 -99999999999\nfallbackdrift 16 99999999999\n"
                  "broadcast 99999999999 192.0.2.255 65536\nport 123x\nallow 10.0.0.0/4294967304");
    assert_int_equal(conf->client.sources[0].options.maxpoll, 32);
    assert_int_equal(conf->client.sources[0].options.port, 65535);
    assert_int_equal(conf->client.sources[0].options.max_sources, 1);
    assert_int_equal(conf->reference.makestep.limit, 2147483647);
    assert_int_equal(conf->reference.max_change.start, 2147483647);
    assert_int_equal(conf->reference.max_change.ignore, -2147483647 - 1);
    assert_int_equal(conf->broadcasts.items[0].dest.port, 65535);
    assert_int_equal(conf->broadcasts.items[0].interval, 1 << 24);
    assert_int_equal(conf->sockets.port, 123);
    assert_int_equal(conf->server.access.rules[0].subnet.bits, 32);
    conf_free(conf);
}

static void reals_without_a_meaning_below_0_become_0(void **state)
{
    static const char *const directives[] = {"corrtimeratio", "maxclockerror", "maxdistance",
                                             "maxdrift",      "maxjitter",     "maxslewrate",
                                             "reselectdist",  "stratumweight"};
    static const struct {
        const char *line, *option, *directive;
    } options[] = {
        {"server a maxdelay -1e-3", "maxdelay", "server"},
        {"pool a maxdelaydevratio -1e-3", "maxdelaydevratio", "pool"},
        {"refclock SHM 0 delay -1e-3", "delay", "refclock"},
        {"hwtimestamp eth0 precision -1e-3", "precision", "hwtimestamp"},
    };
    char line[128], log[256];

    for (size_t i = 0; i < COUNT(directives); i++) {
        snprintf(line, sizeof(line), "%s -5", directives[i]);
        snprintf(log, sizeof(log), "Invalid value -5 in %s directive (min 0) at line 1, using 0\n",
                 directives[i]);
        assert_accepted_with(line, log);
        snprintf(line, sizeof(line), "%s 0", directives[i]);
        assert_accepted_with(line, "");
    }
    for (size_t i = 0; i < COUNT(options); i++) {
        snprintf(log, sizeof(log),
                 "Invalid value -1e-3 of %s in %s directive (min 0) at line 1, using 0\n",
                 options[i].option, options[i].directive);
        assert_accepted_with(options[i].line, log);
    }
    assert_accepted_with("maxchange -1 0 -1",
                         "Invalid value -1 in maxchange directive (min 0) at line 1, using 0\n");

    struct conf *conf =
        test_conf("server a maxdelay -1\nrefclock SHM 0 delay -1\nmaxslewrate -inf\n"
                  "hwtimestamp eth0 precision -1\nmaxchange -1 1 2");
    assert_true(conf->client.sources[0].options.max_delay == 0.0);
    assert_true(conf->refclocks.items[0].delay == 0.0);
    assert_true(conf->clock.max_slew_rate == 0.0);
    assert_true(conf->nic_clocks.items[0].precision == 0.0);
    assert_true(conf->reference.max_change.offset == 0.0);
    assert_int_equal(conf->reference.max_change.start, 1);
    conf_free(conf);
}

/* Off, measured, estimated, any offset, the default, a correction to the other side, or the
   magnitude: chrony and we take these at their word. NaN and infinity are taken, too. */
static void reals_with_a_meaning_below_0_are_taken_as_they_are(void **state)
{
    static const char *const lines[] = {
        "makestep -1 -1",
        "makestep 1 -1",
        "clockprecision -1",
        "combinelimit -1",
        "hwtstimeout -1",
        "logchange -1",
        "mailonchange a -1",
        "maxupdateskew -1",
        "rtcautotrim -1",
        "smoothtime -1 -1",
        "tempcomp /t -1 -1 -1 -1 -1",
        "initstepslew -1",
        "local activate -1 distance -1 waitsynced -1 waitunsynced -1",
        "server a maxdelayratio -1 maxdelayquant -1 mindelay -1 asymmetry -1 offset -1",
        "refclock SHM 0 offset -1 precision -1 maxdispersion -1 width -1",
        "hwtimestamp eth0 txcomp -1 rxcomp -1",
        "maxslewrate nan",
        "maxslewrate inf",
        "server a maxdelay nan maxdelaydevratio inf",
    };

    for (size_t i = 0; i < COUNT(lines); i++)
        assert_accepted_with(lines[i], "");
}

/* makestep has two values: a line that is left out sets neither. */
static void a_line_that_cannot_be_used_sets_nothing(void **state)
{
    static const char *const bad[] = {"makestep 5 x", "maxchange 5 6 x", "fallbackdrift 5 x",
                                      "smoothtime 5 x", "smoothtime 5 6 x"};
    struct test_resolver resolver = {0};
    struct conf_env env = test_env(&resolver);
    struct conf *conf = conf_new(&env);
    struct conf_error error;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(conf_read_line(conf, &env, bad[i], 1, &error));
    assert_true(conf->reference.makestep.threshold == 0.0);
    assert_true(conf->reference.max_change.offset == 0.0);
    assert_int_equal(conf->reference.max_change.start, -1);
    assert_int_equal(conf->reference.fallback_drift.min, 0);
    assert_true(conf->smoothing.max_freq == 0.0);
    conf_free(conf);
}

static void letters_behind_numbers_are_left_out_with_a_warning(void **state)
{
    static const struct {
        const char *line, *log;
    } cases[] = {
        {"port 123x", "Invalid value 123x in port directive at line 1, using 123\n"},
        {"dscp 0x10", "Invalid value 0x10 in dscp directive at line 1, using 0\n"},
        {"logbanner 1e3", "Invalid value 1e3 in logbanner directive at line 1, using 1\n"},
        {"maxdistance 1,5", "Invalid value 1,5 in maxdistance directive at line 1, using 1\n"},
        {"makestep 1.0 3.5", "Invalid value 3.5 in makestep directive at line 1, using 3\n"},
        {"tempcomp /t 30s /p", "Invalid value 30s in tempcomp directive at line 1, using 30\n"},
        {"clientloglimit 1M", "Invalid value 1M in clientloglimit directive at line 1, using 1\n"},
        {"mailonchange a 1s", "Invalid value 1s in mailonchange directive at line 1, using 1\n"},
        {"broadcast 30s 192.0.2.255",
         "Invalid value 30s in broadcast directive at line 1, using 30\n"},
        {"ntstrustedcerts 5x /a",
         "Invalid value 5x in ntstrustedcerts directive at line 1, using 5\n"},
        {"makestep 1 99999999999",
         "Invalid value 99999999999 in makestep directive at line 1, using 2147483647\n"},
        {"allow 10.0.0.0/4294967304",
         "Invalid value 10.0.0.0/4294967304 in allow directive at line 1, using 10.0.0.0/32\n"},
        {"deny 4294967301",
         "Invalid value 4294967301 in deny directive at line 1, using 5.0.0.0/8\n"},
        {"sourcedir",
         "Nothing is read for sourcedir with 0 directories (min 1, max 10) at line 1\n"},
        {"sourcedir 1 2 3 4 5 6 7 8 9 10 11",
         "Nothing is read for sourcedir with 11 directories (min 1, max 10) at line 1\n"},
        {"sourcedir 1 2 3 4 5 6 7 8 9 10", ""},
        {"confdir /dev/null /nonexistent",
         "Could not read directory /dev/null : Not a directory\n"},
        {"allow +10", ""},
        {"maxdistance 1e-1", ""},
        {"maxdistance 0x1p3", ""},
        {"port +123", ""},
        {"server a minpoll 3maxpoll 5", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_accepted_with(cases[i].line, cases[i].log);
}

static void what_every_chrony_refuses_stays_refused(void **state)
{
    static const char *const bad[] = {"server a key 0",
                                      "server a key 4294967296",
                                      "local stratum 0",
                                      "local stratum 16",
                                      "local stratum 99999999999",
                                      "refclock SHM 0 stratum 16",
                                      "refclock SHM 0 stratum -1",
                                      "port x",
                                      "port",
                                      "makestep 1x 3",
                                      "tempcomp /t 1x 1 2 3 4",
                                      "allow 10.0.0.0/8x",
                                      "allow 256",
                                      "allow 10.0.0.0/-1",
                                      "allow 10.0.0.0/9223372036854775808",
                                      "smoothtime 400x 0.01",
                                      "server a minpoll 3x",
                                      "server a minpoll x",
                                      "driftfile /a interval 5x",
                                      "server a version"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        if (!test_error(bad[i]))
            fail_msg("accepted: %s", bad[i]);
    }
}

static void errors_name_the_wrong_word_and_the_nearest_one(void **state)
{
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"server a ibrust",
         "Invalid option in server directive at line 1: ibrust (did you mean iburst?)"},
        {"pool a iburst -6", "Invalid option in pool directive at line 1: -6"},
        {"server a iburst # comment", "Invalid option in server directive at line 1: # (a comment "
                                      "needs a line of its own)"},
        {"peer a minpoll", "Invalid value in peer directive at line 1: minpoll without a value"},
        {"peer a minpoll x iburst", "Invalid value in peer directive at line 1: minpoll x"},
        {"refclock SHM 0 refids GPS",
         "Invalid option in refclock directive at line 1: refids (did you mean refid?)"},
        {"local stratum 16", "Invalid value in local directive at line 1: stratum 16"},
        {"local orphaned", "Invalid option in local directive at line 1: orphaned (did you mean "
                           "orphan?)"},
        {"hwtimestamp eth0 rxfliter all",
         "Could not parse hwtimestamp directive at line 1: rxfliter (did you mean rxfilter?)"},
        {"hwtimestamp eth0 rxfilter some",
         "Could not parse hwtimestamp directive at line 1: rxfilter some"},
        {"ratelimit intreval 1",
         "Could not parse ratelimit directive at line 1: intreval (did you mean interval?)"},
        {"log measurments", "Invalid log parameter at line 1: measurments (did you mean "
                            "measurements?)"},
        {"authselectmode requires",
         "Could not parse authselectmode directive at line 1: requires (did you mean require?)"},
        {"leapsecmode slow", "Could not parse leapsecmode directive at line 1: slow (did you mean "
                             "slew?)"},
        {"opencommands source",
         "Could not parse opencommands directive at line 1: source (did you mean sources?)"},
        {"driftfile /a every 5", "Could not parse driftfile directive at line 1: every"},
        {"rtcsync # comment", "Too many arguments for rtcsync directive at line 1 (a comment needs "
                              "a line of its own)"},
        {"allow 10.0.0.0/8 # us", "Could not parse allow directive at line 1 (a comment needs a "
                                  "line of its own)"},
        {"port 123 ;x",
         "Too many arguments for port directive at line 1 (a comment needs a line of "
         "its own)"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_error(cases[i].line, cases[i].error);
}

static void what_a_build_without_nts_cannot_do_is_said_once(void **state)
{
    static const char *const lines[] = {
        "ntsservercert /a", "ntsserverkey /b",       "ntsservercert /c", "ntsserverkey /d",
        "port 5",           "server a iburst nts",   "pool b nts",       "NTSDumpDir /e",
        "server c",         "ntpsigndsocket /signd",
    };
    struct test_resolver resolver = {0};
    struct conf_env env = test_env(&resolver);
    char directory[TEST_PATH_SIZE], *log;
    struct conf *conf = conf_new(&env);
    struct conf_error error;

    env.without_nts = true;
    test_directory_make(directory);
    test_log_begin(directory);
    for (size_t i = 0; i < COUNT(lines); i++)
        assert_true(conf_read_line(conf, &env, lines[i], (int)i + 1, &error));
    log = test_log_end(directory);
    test_directory_remove(directory);
    assert_string_equal(log,
                        "This build has no support for NTS, which ntsservercert needs at line 1\n"
                        "This build has no support for NTS, which ntsserverkey needs at line 2\n"
                        "This build has no support for NTS, which the nts option needs at line 6\n"
                        "This build has no support for NTS, which ntsdumpdir needs at line 8\n");
    free(log);
    conf_free(conf);
    assert_accepted_with("ntsservercert /a\nserver a nts", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_out_of_range_take_the_nearest_limit),
        cmocka_unit_test(limits_are_what_is_stored),
        cmocka_unit_test(reals_without_a_meaning_below_0_become_0),
        cmocka_unit_test(reals_with_a_meaning_below_0_are_taken_as_they_are),
        cmocka_unit_test(a_line_that_cannot_be_used_sets_nothing),
        cmocka_unit_test(letters_behind_numbers_are_left_out_with_a_warning),
        cmocka_unit_test(what_every_chrony_refuses_stays_refused),
        cmocka_unit_test(what_a_build_without_nts_cannot_do_is_said_once),
        cmocka_unit_test(errors_name_the_wrong_word_and_the_nearest_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every directive of config.md 8 with its default, its range and its error texts; repeated
 * directives; checks between directives; directives without effect.
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
#include "base/log.h"
#include "base/number.h"
#include "conf/directive.h"
#include "test/unit/support/conf.h"
#include "config.h"

#define OF(f) offsetof(struct conf, f)

static const struct {
    const char *name;
    size_t offset;
    long min, max, value;
} integers[] = {
    {"acquisitionport", OF(sockets.acquisition_port), 0, 65535, -1},
    {"cmdport", OF(command.port), 0, 65535, 323},
    {"dscp", OF(sockets.dscp), 0, 63, 0},
    {"logbanner", OF(log.banner), 0, INT_MAX, 32},
    {"maxntsconnections", OF(nts_server.max_connections), 1, INT_MAX, 100},
    {"maxsamples", OF(selection.max_samples), 0, INT_MAX, 0},
    {"maxstratum", OF(selection.max_stratum), 0, INT_MAX, 15},
    {"maxtxbuffers", OF(nic_clocks.max_tx_buffers), 0, 1048576, 0},
    {"minsamples", OF(selection.min_samples), 0, INT_MAX, 6},
    {"minsources", OF(selection.min_sources), 1, INT_MAX, 1},
    {"minstratum", OF(selection.min_stratum), 0, INT_MAX, 0},
    {"nocerttimecheck", OF(nts_client.no_cert_time_check), 0, INT_MAX, 0},
    {"ntsprocesses", OF(nts_server.processes), 0, 1000, 1},
    {"serverworkers", OF(process.server_workers), 0, 64, -1},
    {"ntsrefresh", OF(nts_client.refresh), 0, INT_MAX, 2419200},
    {"ntsrotate", OF(nts_server.rotate), 0, INT_MAX, 604800},
    {"port", OF(sockets.port), 0, 65535, 123},
    {"ptpdomain", OF(sockets.ptp_domain), 0, 255, 123},
    {"ptpport", OF(sockets.ptp_port), 0, 65535, 0},
    {"refresh", OF(client.refresh), 0, INT_MAX, 1209600},
    {"sched_priority", OF(process.sched_priority), 0, 100, 0},
};

static const struct {
    const char *name;
    size_t offset;
    double value;
    bool from_0; /* negative values have no meaning */
} reals[] = {
    {"clockprecision", OF(clock.precision), 0.0, false},
    {"combinelimit", OF(selection.combine_limit), 3.0, false},
    {"corrtimeratio", OF(reference.corr_time_ratio), 3.0, true},
    {"hwtstimeout", OF(client.hwts_timeout), 0.001, false},
    {"logchange", OF(reference.log_change), 1.0, false},
    {"maxclockerror", OF(clock.max_error), 1.0, true},
    {"maxdistance", OF(selection.max_distance), 3.0, true},
    {"maxdrift", OF(clock.max_drift), 100000.0, true},
    {"maxjitter", OF(selection.max_jitter), 1.0, true},
    {"maxslewrate", OF(clock.max_slew_rate), 1e6 / 12, true},
    {"maxupdateskew", OF(reference.max_update_skew), 1000.0, false},
    {"reselectdist", OF(selection.reselect_distance), 1e-4, true},
    {"rtcautotrim", OF(rtc.autotrim), 0.0, false},
    {"stratumweight", OF(selection.stratum_weight), 1e-3, true},
};

static const struct {
    const char *name;
    size_t offset;
    const char *value;
} strings[] = {
    {"bindacqdevice", OF(sockets.client.device), NULL},
    {"bindcmddevice", OF(command.bind.device), NULL},
    {"binddevice", OF(sockets.server.device), NULL},
    {"dumpdir", OF(selection.dump_dir), NULL},
    {"hwclockfile", OF(rtc.hwclock_file), DEFAULT_HWCLOCK_FILE},
    {"keyfile", OF(key_file), NULL},
    {"leapseclist", OF(reference.leap.list), NULL},
    {"leapsectz", OF(reference.leap.tz), NULL},
    {"logdir", OF(log.dir), NULL},
    {"ntpsigndsocket", OF(server.signd_socket), NULL},
    {"ntscachedir", OF(nts_client.dump_dir), NULL},
    {"ntsdumpdir", OF(nts_client.dump_dir), NULL},
    {"ntsntpserver", OF(nts_server.ntp_server), NULL},
    {"pidfile", OF(process.pid_file), DEFAULT_PID_FILE},
    {"rtcdevice", OF(rtc.device), DEFAULT_RTC_DEVICE},
    {"rtcfile", OF(rtc.file), NULL},
    {"timepage", OF(process.time_page), NULL},
    {"user", OF(process.user), DEFAULT_USER},
};

static const struct {
    const char *name;
    size_t offset;
} flags[] = {
    {"lock_all", OF(process.lock_memory)}, {"manual", OF(manual)},
    {"noclientlog", OF(client_log.off)},   {"nosystemcert", OF(nts_client.no_system_cert)},
    {"rtconutc", OF(rtc.on_utc)},          {"rtcsync", OF(rtc.sync)},
};

static const struct {
    const char *name;
    size_t offset;
} lists[] = {
    {"ntsservercert", OF(nts_server.certs)},
    {"ntsserverkey", OF(nts_server.keys)},
};

/* Formats a line; valid until the next call. */
static const char *line_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *line_of(const char *format, ...)
{
    static char line[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    return line;
}

static void assert_word_count_errors(const char *name)
{
    char error[256];

    snprintf(error, sizeof(error), "Missing arguments for %s directive at line 1", name);
    assert_error(name, error);
    snprintf(error, sizeof(error), "Too many arguments for %s directive at line 1", name);
    assert_error(line_of("%s 1 2", name), error);
}

static long stored_int(const char *line, size_t offset)
{
    struct conf *conf = test_conf(line);
    long value = *(int *)((char *)conf + offset);

    conf_free(conf);
    return value;
}

static double stored_real(const char *line, size_t offset)
{
    struct conf *conf = test_conf(line);
    double value = *(double *)((char *)conf + offset);

    conf_free(conf);
    return value;
}

/* The directive takes a value out of its range, uses another one, and says so. */
static void assert_nearest(const char *name, size_t offset, long value, long used, long min,
                           long max)
{
    char line[128], log[256];

    snprintf(line, sizeof(line), "%s %ld", name, value);
    snprintf(log, sizeof(log),
             "Invalid value %ld in %s directive (min %ld, max %ld) at line 1, using %ld\n", value,
             name, min, max, used);
    assert_accepted_with(line, log);
    log_set_threshold(LOG_SEV_FATAL);
    assert_int_equal(stored_int(line, offset), used);
    log_set_threshold(LOG_SEV_INFO);
}

static void integers_have_their_default_and_range(void **state)
{
    for (size_t i = 0; i < COUNT(integers); i++) {
        const char *name = integers[i].name;
        long min = integers[i].min, max = integers[i].max;
        char error[256];

        assert_int_equal(stored_int("", integers[i].offset), integers[i].value);
        assert_int_equal(stored_int(line_of("%s %ld", name, min), integers[i].offset), min);
        assert_int_equal(stored_int(line_of("%s %ld", name, max), integers[i].offset), max);
        assert_int_equal(stored_int(line_of("%s +00%ld", name, max), integers[i].offset), max);
        assert_word_count_errors(name);

        assert_nearest(name, integers[i].offset, min - 1, min, min, max);
        assert_nearest(name, integers[i].offset, max + 1, max, min, max);
        assert_nearest(name, integers[i].offset, LONG_MIN, min, min, max);
        assert_nearest(name, integers[i].offset, LONG_MAX, max, min, max);

        snprintf(error, sizeof(error), "Could not parse %s directive at line 1", name);
        assert_error(line_of("%s x", name), error);
        assert_error(line_of("%s -", name), error);
    }
}

static void nts_port_has_its_default_and_range(void **state)
{
    struct conf *conf = test_conf("");

    assert_int_equal(conf->nts_server.port, 4460);
    conf_free(conf);
    conf = test_conf("ntsport 65535");
    assert_int_equal(conf->nts_server.port, 65535);
    conf_free(conf);
    conf = test_conf("ntsport 0");
    assert_int_equal(conf->nts_server.port, 0);
    conf_free(conf);
    assert_word_count_errors("ntsport");
    assert_accepted_with("ntsport 65536", "Invalid value 65536 in ntsport directive (min 0, "
                                          "max 65535) at line 1, using 65535\n");
    assert_accepted_with("ntsport 1x",
                         "Invalid value 1x in ntsport directive at line 1, using 1\n");
    assert_error("ntsport x", "Could not parse ntsport directive at line 1");
}

static void reals_have_their_default_and_ignore_what_follows_the_number(void **state)
{
    for (size_t i = 0; i < COUNT(reals); i++) {
        const char *name = reals[i].name;
        size_t offset = reals[i].offset;
        char error[256];

        assert_true(stored_real("", offset) == reals[i].value);
        assert_true(stored_real(line_of("%s 1.5", name), offset) == 1.5);
        assert_true(stored_real(line_of("%s 1abc", name), offset) == 1.0);
        assert_true(stored_real(line_of("%s -2e3", name), offset) ==
                    (reals[i].from_0 ? 0.0 : -2000.0));
        assert_true(stored_real(line_of("%s 0", name), offset) == 0.0);
        assert_true(stored_real(line_of("%s 0x1p3", name), offset) == 8.0);
        assert_true(isinf(stored_real(line_of("%s inf", name), offset)));
        assert_true(isnan(stored_real(line_of("%s nan", name), offset)));
        assert_word_count_errors(name);
        snprintf(error, sizeof(error), "Could not parse %s directive at line 1", name);
        assert_error(line_of("%s x1", name), error);
    }
}

static void strings_have_their_default_and_the_last_one_wins(void **state)
{
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct conf *conf = test_conf("");
        const char *value = *(char **)((char *)conf + strings[i].offset);

        if (!strings[i].value || strings[i].value[0] == '\0')
            assert_null(value);
        else
            assert_string_equal(value, strings[i].value);
        conf_free(conf);

        conf = test_conf(line_of("%s /first\n%s /Second=x", strings[i].name, strings[i].name));
        assert_string_equal(*(char **)((char *)conf + strings[i].offset), "/Second=x");
        conf_free(conf);
        assert_word_count_errors(strings[i].name);
    }
}

static void flags_are_off_and_take_no_argument(void **state)
{
    for (size_t i = 0; i < COUNT(flags); i++) {
        struct conf *conf = test_conf("");
        char error[256];

        assert_false(*(bool *)((char *)conf + flags[i].offset));
        conf_free(conf);
        conf = test_conf(flags[i].name);
        assert_true(*(bool *)((char *)conf + flags[i].offset));
        conf_free(conf);
        snprintf(error, sizeof(error), "Too many arguments for %s directive at line 1",
                 flags[i].name);
        assert_error(line_of("%s 1", flags[i].name), error);
    }
}

static void lists_of_files_accumulate(void **state)
{
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct conf *conf = test_conf(line_of("%s a\n%s b", lists[i].name, lists[i].name));
        struct conf_strings *list = (struct conf_strings *)((char *)conf + lists[i].offset);

        assert_int_equal(list->count, 2);
        assert_string_equal(list->items[0], "a");
        assert_string_equal(list->items[1], "b");
        conf_free(conf);
        assert_word_count_errors(lists[i].name);
    }
}

static void client_mode_has_no_server_port_command_socket_and_pidfile(void **state)
{
    struct conf_env env = {.client_only = true};
    struct conf *conf = conf_new(&env);

    assert_int_equal(conf->sockets.port, 0);
    assert_int_equal(conf->command.port, 0);
    assert_null(conf->command.path);
    assert_null(conf->process.pid_file);
    conf_free(conf);
}

static void a_slash_switches_pidfile_and_command_socket_off(void **state)
{
    struct conf *conf = test_conf("pidfile /\nbindcmdaddress /");

    assert_null(conf->process.pid_file);
    assert_null(conf->command.path);
    assert_true(ip_addr_is_loopback(&conf->command.bind.v4));
    conf_free(conf);
}

static void assert_address(const struct ip_addr *addr, const char *text)
{
    char buf[ADDR_TEXT_SIZE];

    assert_string_equal(ip_addr_format(addr, buf, sizeof(buf)), text);
}

static void metrics_have_an_address_and_a_port(void **state)
{
    static const struct {
        const char *line, *result;
    } cases[] = {
        {"", NULL},
        {"metricsaddress 127.0.0.1:9123", "127.0.0.1:9123"},
        {"metricsaddress [::1]:1", "[::1]:1"},
        {"metricsaddress [2001:db8::1]:65535", "[2001:db8::1]:65535"},
        {"metricsaddress [127.0.0.1]:80", "127.0.0.1:80"},
        {"metricsaddress 0.0.0.0:1\nmetricsaddress [::]:2", "[::]:2"},
    };
    static const char *const wrong[] = {
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",  "127.0.0.1:65536", "127.0.0.1:9x",
        "::1:9123",  "[::1]",      "[::1:9123",    "::1]:9123",       "[]:9123",
        ":9123",     "9123",       "127.0.0.1:-1", "[::1]9123",       "[:9123",
    };
    static const char expected[] = "Could not parse metricsaddress directive at line 1: "
                                   "ADDRESS:PORT or [ADDRESS]:PORT with a port from 1 to 65535 is "
                                   "expected";
    char buf[ADDR_TEXT_SIZE], line[64];

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf *conf = test_conf(cases[i].line);

        if (!cases[i].result)
            assert_int_equal(conf->command.metrics.addr.family, IP_UNSPEC);
        else
            assert_string_equal(ip_port_format(&conf->command.metrics, buf, sizeof(buf)),
                                cases[i].result);
        conf_free(conf);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        snprintf(line, sizeof(line), "metricsaddress %s", wrong[i]);
        assert_error_begins(line, expected);
    }
    assert_error_begins("metricsaddress localhost:9123",
                        "Could not parse metricsaddress directive at line 1: localhost is not an "
                        "address");
    assert_error_begins("metricsaddress",
                        "Missing arguments for metricsaddress directive at line 1");
    assert_error_begins("metricsaddress 127.0.0.1 9123",
                        "Too many arguments for metricsaddress directive at line 1");
}

static void addresses_are_kept_per_family(void **state)
{
    static const char *const names[] = {"bindacqaddress", "bindaddress", "bindcmdaddress"};
    struct conf *conf = test_conf("bindaddress 192.0.2.1\nbindaddress 2001:db8::1\n"
                                  "bindaddress 192.0.2.2\nbindacqaddress ::\n"
                                  "bindcmdaddress 0.0.0.0\nbindcmdaddress /run/x.sock");

    assert_address(&conf->sockets.server.v4, "192.0.2.2");
    assert_address(&conf->sockets.server.v6, "2001:db8::1");
    assert_int_equal(conf->sockets.client.v4.family, IP_UNSPEC);
    assert_address(&conf->sockets.client.v6, "::");
    assert_address(&conf->command.bind.v4, "0.0.0.0");
    assert_address(&conf->command.bind.v6, "::1");
    assert_string_equal(conf->command.path, "/run/x.sock");
    conf_free(conf);

    for (size_t i = 0; i < COUNT(names); i++) {
        char error[256];

        assert_word_count_errors(names[i]);
        snprintf(error, sizeof(error),
                 "Could not parse %s directive at line 1: known.test is not an address", names[i]);
        assert_error(line_of("%s known.test", names[i]), error);
        snprintf(error, sizeof(error), "Could not parse %s directive at line 1: no interface nope",
                 names[i]);
        assert_error(line_of("%s fe80::1%%nope", names[i]), error);
    }
}

/* With a number no interface has to be found, which is done as for names. */
static void addresses_may_have_an_interface(void **state)
{
    struct conf *conf = test_conf("bindaddress fe80::1%2\nbindacqaddress fe80::2%3\n"
                                  "bindcmdaddress fe80::3%4\nbroadcast 60 ff02::101%5\n"
                                  "initstepslew 1 fe80::5%6 fe80::6%nope");

    assert_int_equal(conf->sockets.server.v6.scope, 2);
    assert_address(&conf->sockets.server.v6, "fe80::1%2");
    assert_int_equal(conf->sockets.client.v6.scope, 3);
    assert_int_equal(conf->command.bind.v6.scope, 4);
    assert_int_equal(conf->broadcasts.items[0].dest.addr.scope, 5);
    assert_int_equal(conf->initstepslew.count, 1);
    assert_int_equal(conf->initstepslew.servers[0].scope, 6);
    conf_free(conf);
    assert_error("broadcast 60 fe80::1%nope",
                 "Could not parse broadcast directive at line 1: no interface nope");
}

static void words_select_modes_without_regard_to_case(void **state)
{
    static const char *const bad[] = {"authselectmode",         "authselectmode x",
                                      "authselectmode mix mix", "leapsecmode",
                                      "leapsecmode x",          "leapsecmode slew slew"};
    struct conf *conf = test_conf("");

    assert_int_equal(conf->selection.authselect_mode, AUTHSELECT_MIX);
    assert_int_equal(conf->reference.leap.mode, LEAPSEC_SYSTEM);
    conf_free(conf);
    conf = test_conf("authselectmode require\nAuthSelectMode PREFER\nleapsecmode Slew");
    assert_int_equal(conf->selection.authselect_mode, AUTHSELECT_PREFER);
    assert_int_equal(conf->reference.leap.mode, LEAPSEC_SLEW);
    conf_free(conf);
    conf = test_conf("authselectmode ignore\nleapsecmode ignore");
    assert_int_equal(conf->selection.authselect_mode, AUTHSELECT_IGNORE);
    assert_int_equal(conf->reference.leap.mode, LEAPSEC_IGNORE);
    conf_free(conf);

    for (size_t i = 0; i < COUNT(bad); i++) {
        char error[256];

        snprintf(error, sizeof(error), "Could not parse %.*s directive at line 1",
                 (int)strcspn(bad[i], " "), bad[i]);
        assert_error_begins(bad[i], error);
    }
}

static void processes_can_be_chosen(void **state)
{
    struct conf *conf = test_conf("");

    assert_int_equal(conf->process.clock_guard, CHOICE_AUTO);
    assert_int_equal(conf->process.nts_client_process, CHOICE_AUTO);
    assert_true(isinf(conf->reference.clock_step.limit));
    assert_int_equal(conf->reference.clock_step.per_hour, 3);
    conf_free(conf);
    conf = test_conf("clockguard yes\nntsclientprocess yes\nclockguard no\nclockstep 0.5 10");
    assert_int_equal(conf->process.clock_guard, CHOICE_NO);
    assert_int_equal(conf->process.nts_client_process, CHOICE_YES);
    assert_float_equal(conf->reference.clock_step.limit, 0.5, 0.0);
    assert_int_equal(conf->reference.clock_step.per_hour, 10);
    conf_free(conf);

    assert_error_begins("clockguard maybe",
                        "Could not parse clockguard directive at line 1: maybe");
    assert_error_begins("clockstep 1", "Missing arguments for clockstep directive at line 1");
    assert_error_begins("clockstep 1 x", "Could not parse clockstep directive at line 1");
    /* No step is larger than this, so it would be no limit. */
    assert_error_begins("clockstep nan 3", "Could not parse clockstep directive at line 1");
}

static void the_estimator_is_one_of_two_words(void **state)
{
    struct conf *conf = test_conf("");

    assert_int_equal(conf->selection.estimator, ESTIMATOR_REGRESSION);
    conf_free(conf);
    conf = test_conf("Estimator Kalman");
    assert_int_equal(conf->selection.estimator, ESTIMATOR_KALMAN);
    conf_free(conf);
    conf = test_conf("estimator kalman\nestimator regression");
    assert_int_equal(conf->selection.estimator, ESTIMATOR_REGRESSION);
    conf_free(conf);
    assert_error_begins("estimator", "Could not parse estimator directive at line 1");
    assert_error_begins("estimator kalman kalman", "Could not parse estimator directive at line 1");
    assert_error("estimator kalmann", "Could not parse estimator directive at line 1: kalmann (did "
                                      "you mean kalman?)");
}

static void assert_poll_policy(const char *lines, bool accuracy, double ratio)
{
    struct conf *conf = test_conf(lines);

    assert_int_equal(conf->client.poll_policy.accuracy, accuracy);
    assert_true(conf->client.poll_policy.ratio == ratio);
    conf_free(conf);
}

static void a_poll_policy_by_accuracy_has_a_ratio(void **state)
{
    assert_poll_policy("", false, 2.5);
    assert_poll_policy("pollpolicy accuracy", true, 2.5);
    assert_poll_policy("PollPolicy Accuracy 1.25", true, 1.25);
    assert_poll_policy("pollpolicy accuracy inf", true, INFINITY);
    assert_poll_policy("pollpolicy accuracy 4\npollpolicy accuracy", true, 2.5);
    assert_poll_policy("pollpolicy accuracy 4\npollpolicy default", false, 2.5);
    assert_poll_policy("pollpolicy accuracy 1", true, 1.0);
    assert_accepted_with("pollpolicy accuracy 0.9",
                         "Invalid value 0.9 in pollpolicy directive (min 1) at line 1, using 1\n");
    assert_accepted_with("pollpolicy accuracy 2x",
                         "Invalid value 2x in pollpolicy directive at line 1, using 2\n");

    assert_error("pollpolicy", "Missing arguments for pollpolicy directive at line 1");
    assert_error("pollpolicy default 2", "Too many arguments for pollpolicy directive at line 1");
    assert_error("pollpolicy accuracy 2 3",
                 "Too many arguments for pollpolicy directive at line 1");
    assert_error("pollpolicy acuracy", "Could not parse pollpolicy directive at line 1: acuracy "
                                       "(did you mean accuracy?)");
    assert_error("pollpolicy accuracy x", "Could not parse pollpolicy directive at line 1");
    assert_error("pollpolicy accuracy nan", "Could not parse pollpolicy directive at line 1");
}

static void positional_numbers_are_read_in_sequence(void **state)
{
    struct conf *conf = test_conf("makestep 1.0 3.5\nmaxchange 1e3 1 -1x\nfallbackdrift 16 19\n"
                                  "mailonchange root 0.5s\nsmoothtime 400 0.01 LeapOnly");

    assert_true(conf->reference.makestep.threshold == 1.0);
    assert_int_equal(conf->reference.makestep.limit, 3);
    assert_true(conf->reference.max_change.offset == 1000.0);
    assert_int_equal(conf->reference.max_change.start, 1);
    assert_int_equal(conf->reference.max_change.ignore, -1);
    assert_int_equal(conf->reference.fallback_drift.min, 16);
    assert_int_equal(conf->reference.fallback_drift.max, 19);
    assert_string_equal(conf->reference.mail_user, "root");
    assert_true(conf->reference.mail_change == 0.5);
    assert_true(conf->smoothing.max_freq == 400.0);
    assert_true(conf->smoothing.max_wander == 0.01);
    assert_true(conf->smoothing.leap_only);
    conf_free(conf);

    conf = test_conf("smoothtime 400 0.01 leaponly\nsmoothtime 1 2x");
    assert_false(conf->smoothing.leap_only);
    assert_true(conf->smoothing.max_wander == 2.0);
    conf_free(conf);

    conf = test_conf("");
    assert_int_equal(conf->reference.makestep.limit, 0);
    assert_int_equal(conf->reference.max_change.start, -1);
    assert_null(conf->reference.mail_user);
    conf_free(conf);
}

static void positional_numbers_have_their_errors(void **state)
{
    static const char *const bad[] = {
        "makestep 1x 1",      "makestep 1 x",     "makestep x 1",
        "makestep 1-1 5",     "maxchange 1 1x 1", "maxchange 1 1.0 1",
        "maxchange x 1 1",    "maxchange 1 1 x",  "fallbackdrift a 1",
        "fallbackdrift 1x 2", "mailonchange a b", "smoothtime 1 2 x",
        "smoothtime 1 x",     "smoothtime 1x 2",  "smoothtime 1 2x leaponly",
    };
    static const struct {
        const char *name;
        int words;
    } counted[] = {{"makestep", 2}, {"maxchange", 3}, {"fallbackdrift", 2}, {"mailonchange", 2}};

    for (size_t i = 0; i < COUNT(bad); i++) {
        char error[256];

        snprintf(error, sizeof(error), "Could not parse %.*s directive at line 1",
                 (int)strcspn(bad[i], " "), bad[i]);
        assert_error(bad[i], error);
    }
    for (size_t i = 0; i < COUNT(counted); i++) {
        char line[256], error[256];

        snprintf(error, sizeof(error), "Missing arguments for %s directive at line 1",
                 counted[i].name);
        snprintf(line, sizeof(line), "%s", counted[i].name);
        for (int n = 1; n < counted[i].words; n++)
            strcat(line, " 1");
        assert_error(line, error);
        snprintf(error, sizeof(error), "Too many arguments for %s directive at line 1",
                 counted[i].name);
        strcat(line, " 1 1");
        assert_error(line, error);
    }
    assert_error("smoothtime 1", "Missing arguments for smoothtime directive at line 1");
    assert_error("smoothtime 1 2 3 4", "Too many arguments for smoothtime directive at line 1");
}

static void restart_mode_switches_steps_at_start_off(void **state)
{
    struct conf_env env = {.restarted = true};
    struct conf *conf = conf_new(&env);
    struct conf_error error;

    assert_true(conf_read_line(conf, &env, "makestep 0.5 3", 1, &error));
    assert_int_equal(conf->reference.makestep.limit, 0);
    assert_true(conf_read_line(conf, &env, "makestep 0.5 -1", 1, &error));
    assert_int_equal(conf->reference.makestep.limit, -1);
    /* Not even parsed */
    assert_true(conf_read_line(conf, &env, "initstepslew nonsense", 1, &error));
    assert_int_equal(conf->initstepslew.count, 0);
    conf_free(conf);
}

static void clientloglimit_is_one_unsigned_long(void **state)
{
    struct conf *conf = test_conf("");

    assert_true(conf->client_log.limit == 524288);
    conf_free(conf);
    conf = test_conf("clientloglimit 100000000x");
    assert_true(conf->client_log.limit == 100000000);
    conf_free(conf);
    conf = test_conf("clientloglimit 99999999999999999999999");
    assert_true(conf->client_log.limit == ULONG_MAX);
    conf_free(conf);
    assert_word_count_errors("clientloglimit");
    assert_error("clientloglimit x", "Could not parse clientloglimit directive at line 1");
}

static void driftfile_keeps_an_earlier_interval(void **state)
{
    static const char *const bad[] = {"driftfile",
                                      "driftfile a b",
                                      "driftfile a interval",
                                      "driftfile a interval x",
                                      "driftfile a interval 3x",
                                      "driftfile a interval 3 4",
                                      "driftfile a every 3"};
    struct conf *conf = test_conf("");

    assert_null(conf->reference.drift_file.path);
    assert_int_equal(conf->reference.drift_file.interval, 3600);
    conf_free(conf);
    conf = test_conf("driftfile a INTERVAL -7\ndriftfile b");
    assert_string_equal(conf->reference.drift_file.path, "b");
    assert_int_equal(conf->reference.drift_file.interval, -7);
    conf_free(conf);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_error_begins(bad[i], "Could not parse driftfile directive at line 1");
}

static void tempcomp_has_two_forms(void **state)
{
    struct conf *conf = test_conf("tempcomp /t 0 26000 0.0 0.000183 0.5x");

    assert_string_equal(conf->tempcomp.file, "/t");
    assert_null(conf->tempcomp.points_file);
    assert_true(conf->tempcomp.interval == 1.0);
    assert_true(conf->tempcomp.t0 == 26000.0);
    assert_true(conf->tempcomp.k0 == 0.0);
    assert_true(conf->tempcomp.k1 == 0.000183);
    assert_true(conf->tempcomp.k2 == 0.5);
    conf_free(conf);

    conf = test_conf("tempcomp /t 30 1 2 3 4\ntempcomp /u 0.1 /points");
    assert_string_equal(conf->tempcomp.file, "/u");
    assert_string_equal(conf->tempcomp.points_file, "/points");
    assert_true(conf->tempcomp.interval == 0.1);
    assert_true(conf->tempcomp.k2 == 0.0);
    conf_free(conf);

    assert_error("tempcomp", "Missing arguments for tempcomp directive at line 1");
    assert_error("tempcomp a 1", "Missing arguments for tempcomp directive at line 1");
    assert_error("tempcomp a 1 2 3", "Missing arguments for tempcomp directive at line 1");
    assert_error("tempcomp a 1 2 3 4 5 6", "Too many arguments for tempcomp directive at line 1");
    assert_error("tempcomp a x points", "Could not parse tempcomp directive at line 1");
    assert_accepted_with("tempcomp a 1x points",
                         "Invalid value 1x in tempcomp directive at line 1, using 1\n");
    assert_error("tempcomp a 1 2 3 x 5", "Could not parse tempcomp directive at line 1");
}

static void templearn_has_a_file_and_an_interval(void **state)
{
    struct conf *conf = test_conf("");

    assert_null(conf->templearn.file);
    conf_free(conf);
    conf = test_conf("templearn /a 30\nTempLearn /b 0.5");
    assert_string_equal(conf->templearn.file, "/b");
    assert_true(conf->templearn.interval == 0.5);
    conf_free(conf);
    conf = test_conf("templearn /a 1e300");
    assert_true(conf->templearn.interval == 86400.0);
    conf_free(conf);
    conf = test_conf("templearn /a 1e-9");
    assert_true(conf->templearn.interval == 0.1);
    conf_free(conf);

    assert_error("templearn /a nan", "Could not parse templearn directive at line 1");
    assert_error("templearn /a", "Missing arguments for templearn directive at line 1");
    assert_error("templearn /a 1 2", "Too many arguments for templearn directive at line 1");
    assert_error("templearn /a x", "Could not parse templearn directive at line 1");
    assert_accepted_with("templearn /a 10s",
                         "Invalid value 10s in templearn directive at line 1, using 10\n");
}

static void historyfile_has_a_file_and_a_size(void **state)
{
    static const struct {
        const char *line;
        uint64_t size;
    } cases[] = {
        {"historyfile /a", 1 << 20},
        {"HistoryFile /a 4M", 4 << 20},
        {"historyfile /a 100k", 100 << 10},
        {"historyfile /a 70000", 70000},
        {"historyfile /a 256M", 256 << 20},
        {"historyfile /a 64K", 64 << 10},
        {"historyfile /b 1M\nhistoryfile /a", 1 << 20},
    };
    struct conf *conf = test_conf("");

    assert_null(conf->history.file);
    conf_free(conf);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        conf = test_conf(cases[i].line);
        assert_string_equal(conf->history.file, "/a");
        assert_true(conf->history.size == cases[i].size);
        conf_free(conf);
    }
    assert_accepted_with("historyfile /a 1G",
                         "Invalid value 1G in historyfile directive (min 64K, max 256M) at "
                         "line 1, using 256M\n");
    assert_accepted_with("historyfile /a 1",
                         "Invalid value 1 in historyfile directive (min 64K, max 256M) at "
                         "line 1, using 64K\n");
    assert_error("historyfile", "Missing arguments for historyfile directive at line 1");
    assert_error("historyfile /a 1M 2", "Too many arguments for historyfile directive at line 1");
    assert_error("historyfile /a x", "Could not parse historyfile directive at line 1: x");
    assert_error("historyfile /a -1M", "Could not parse historyfile directive at line 1: -1M");
    assert_error("historyfile /a 1MB", "Could not parse historyfile directive at line 1: 1MB");
    assert_error("historyfile /a 1T", "Could not parse historyfile directive at line 1: 1T");
    assert_error("historyfile /a 99999999999999999999999",
                 "Could not parse historyfile directive at line 1: 99999999999999999999999");
}

static void local_starts_again_from_the_defaults(void **state)
{
    struct conf *conf = test_conf("");

    assert_false(conf->reference.local.enabled);
    conf_free(conf);

    conf = test_conf("local stratum 15 orphan distance 0.5 activate 0.1 waitsynced 10\nlocal");
    assert_true(conf->reference.local.enabled);
    assert_int_equal(conf->reference.local.stratum, 10);
    assert_false(conf->reference.local.orphan);
    assert_true(conf->reference.local.distance == 1.0);
    assert_true(conf->reference.local.activate == 0.0);
    assert_true(conf->reference.local.wait_synced == 0.0);
    assert_true(conf->reference.local.wait_unsynced == -1.0);
    conf_free(conf);

    conf = test_conf("local Stratum 1 ORPHAN distance 0.0 waitsynced 7200 waitunsynced 20");
    assert_int_equal(conf->reference.local.stratum, 1);
    assert_true(conf->reference.local.orphan);
    assert_true(conf->reference.local.distance == 0.0);
    assert_true(conf->reference.local.wait_synced == 7200.0);
    assert_true(conf->reference.local.wait_unsynced == 20.0);
    conf_free(conf);

    conf = test_conf("local orphan waitunsynced -1");
    assert_true(conf->reference.local.wait_unsynced == -1.0);
    conf_free(conf);

    assert_error_begins("local foo", "Invalid option in local directive at line 1");
    assert_error_begins("local stratum", "Invalid value in local directive at line 1");
    assert_error_begins("local stratum 0", "Invalid value in local directive at line 1");
    assert_error_begins("local stratum 16", "Invalid value in local directive at line 1");
    assert_error_begins("local distance x", "Invalid value in local directive at line 1");
}

static void assert_ratelimit(const struct ratelimit_conf *l, bool on, int interval, int burst,
                             int leak, int kod)
{
    assert_int_equal(l->enabled, on);
    assert_int_equal(l->interval, interval);
    assert_int_equal(l->burst, burst);
    assert_int_equal(l->leak, leak);
    assert_int_equal(l->kod, kod);
}

static void rate_limits_keep_options_that_are_not_named(void **state)
{
    static const char *const bad[] = {"foo 1", "interval", "interval x", "leak 1 2", "1"};
    static const char *const names[] = {"ratelimit", "ntsratelimit", "cmdratelimit"};
    struct conf *conf = test_conf("");

    assert_ratelimit(&conf->client_log.ntp, false, 3, 8, 2, 0);
    assert_ratelimit(&conf->client_log.nts, false, 6, 8, 2, 0);
    assert_ratelimit(&conf->client_log.cmd, false, -4, 8, 2, 0);
    conf_free(conf);

    conf = test_conf("ratelimit interval 1 burst 16\nratelimit leak 3 KOD 4\nntsratelimit\n"
                     "cmdratelimit interval 3burst 4");
    assert_ratelimit(&conf->client_log.ntp, true, 1, 16, 3, 4);
    assert_ratelimit(&conf->client_log.nts, true, 6, 8, 2, 0);
    assert_ratelimit(&conf->client_log.cmd, true, 3, 4, 2, 0);
    conf_free(conf);

    conf = test_conf("ratelimit interval -32 burst -1 leak 0 kod -3\n"
                     "ntsratelimit interval 32 burst 32 leak 32\ncmdratelimit interval 12");
    assert_ratelimit(&conf->client_log.ntp, true, -32, -1, 0, -3);
    assert_ratelimit(&conf->client_log.nts, true, 32, 32, 32, 0);
    assert_ratelimit(&conf->client_log.cmd, true, 12, 8, 2, 0);
    conf_free(conf);

    for (size_t i = 0; i < COUNT(names); i++) {
        char error[256];

        snprintf(error, sizeof(error), "Could not parse %s directive at line 1", names[i]);
        for (size_t j = 0; j < COUNT(bad); j++)
            assert_error_begins(line_of("%s %s", names[i], bad[j]), error);
    }
    assert_error_begins("ntsratelimit kod 1", "Could not parse ntsratelimit directive at line 1");
    assert_error_begins("cmdratelimit kod 1", "Could not parse cmdratelimit directive at line 1");
}

static void log_names_add_up_and_have_exact_case(void **state)
{
    struct conf *conf = test_conf("log\nlog tracking rawmeasurements\nlog selection");

    assert_int_equal(conf->log.files, LOGFILE_TRACKING | LOGFILE_RAWMEASUREMENTS |
                                          LOGFILE_MEASUREMENTS | LOGFILE_SELECTION);
    conf_free(conf);
    conf = test_conf("log estimator");
    assert_int_equal(conf->log.files, LOGFILE_ESTIMATOR);
    conf_free(conf);
    conf = test_conf("log measurements statistics rtc refclocks tempcomp");
    assert_int_equal(conf->log.files, LOGFILE_MEASUREMENTS | LOGFILE_STATISTICS | LOGFILE_RTC |
                                          LOGFILE_REFCLOCKS | LOGFILE_TEMPCOMP);
    conf_free(conf);
    assert_error_begins("log tracking Tracking", "Invalid log parameter at line 1");
}

static void ntsaeads_and_opencommands_replace_their_list(void **state)
{
    const unsigned int usual = OPEN_ACTIVITY | OPEN_MANUAL | OPEN_RTCDATA | OPEN_SMOOTHING |
                               OPEN_SOURCENAME | OPEN_SOURCES | OPEN_SOURCESTATS | OPEN_TRACKING;
    struct conf *conf = test_conf("");

    assert_int_equal(conf->nts_aeads.count, 2);
    assert_int_equal(conf->nts_aeads.ids[0], 30);
    assert_int_equal(conf->nts_aeads.ids[1], 15);
    assert_int_equal(conf->command.open, usual);
    conf_free(conf);

    conf = test_conf("ntsaeads 15 30 2147483647\nntsaeads 15\nopencommands tracking\n"
                     "opencommands Clients authdata estimator ntpdata selectdata "
                     "serverstats temperature");
    assert_int_equal(conf->nts_aeads.count, 1);
    assert_int_equal(conf->nts_aeads.ids[0], 15);
    assert_int_equal(conf->command.open, OPEN_CLIENTS | OPEN_AUTHDATA | OPEN_ESTIMATOR |
                                             OPEN_NTPDATA | OPEN_SELECTDATA | OPEN_SERVERSTATS |
                                             OPEN_TEMPERATURE);
    conf_free(conf);

    conf = test_conf("ntsaeads\nopencommands");
    assert_int_equal(conf->nts_aeads.count, 0);
    assert_int_equal(conf->command.open, 0);
    conf_free(conf);

    assert_error("ntsaeads 15 1x", "Could not parse ntsaeads directive at line 1");
    assert_error("ntsaeads 15 -1",
                 "Invalid value -1 in ntsaeads directive (min 0, max 2147483647) at line 1");
    assert_error_begins("opencommands tracking foo",
                        "Could not parse opencommands directive at line 1");
}

static void trusted_certificates_belong_to_a_set(void **state)
{
    struct conf *conf = test_conf("ntstrustedcerts /a\nntstrustedcerts 7x /b");

    assert_int_equal(conf->nts_client.count, 2);
    assert_int_equal(conf->nts_client.certs[0].set, 0);
    assert_string_equal(conf->nts_client.certs[0].path, "/a");
    assert_int_equal(conf->nts_client.certs[1].set, 7);
    assert_string_equal(conf->nts_client.certs[1].path, "/b");
    conf_free(conf);
    assert_error("ntstrustedcerts", "Missing arguments for ntstrustedcerts directive at line 1");
    assert_error("ntstrustedcerts 1 2 3",
                 "Too many arguments for ntstrustedcerts directive at line 1");
    assert_error("ntstrustedcerts x /b", "Could not parse ntstrustedcerts directive at line 1");
}

static void errors_name_the_word_as_typed(void **state)
{
    assert_error("Foo bar", "Invalid directive Foo at line 1");
    assert_error("SERVER", "Invalid syntax for SERVER directive at line 1");
    assert_error_begins("Pool a b", "Invalid option in Pool directive at line 1");
    assert_error("PORT 1 2", "Too many arguments for PORT directive at line 1");
    assert_error_begins(" \t server a # x ", "Invalid option in server directive at line 1");
    assert_error("serv a", "Invalid directive serv at line 1 (did you mean server?)");
    assert_null(test_error("  ; server"));
    assert_null(test_error("%"));
    assert_null(test_error("!x"));
    assert_null(test_error("# x"));
    assert_null(test_error(""));
}

static void assert_check(const char *lines, const char *message)
{
    struct conf *conf = test_conf(lines);
    struct conf_error error = {""};
    bool ok = conf_check(conf, &error);

    conf_free(conf);
    assert_int_equal(ok, !message);
    if (message)
        assert_string_equal(error.message, message);
}

static void directives_that_contradict_each_other_are_refused(void **state)
{
    assert_check("", NULL);
    assert_check("ntsservercert a\nntsserverkey b", NULL);
    assert_check("ntsservercert a\nrtcsync\nrtcfile x", "Uneven number of NTS certs and keys");
    assert_check("rtcfile a\nrtcsync", "rtcfile directive cannot be used with rtcsync");
    assert_check("tempcomp /a 1 0 0 0 0", NULL);
    assert_check("templearn /a 1", NULL);
    assert_check("templearn /a 1\ntempcomp /a 1 0 0 0 0",
                 "templearn directive cannot be used with tempcomp");
    assert_check("pollpolicy accuracy", "pollpolicy accuracy requires estimator kalman");
    assert_check("pollpolicy accuracy\nestimator kalman", NULL);
    assert_check("pollpolicy accuracy\nestimator kalman\npollpolicy default\nestimator regression",
                 NULL);
    assert_check("refclock PPP a", "unknown refclock driver PPP (did you mean PPS?)");
    assert_check("refclock pps a", "unknown refclock driver pps (did you mean PPS?)");
    assert_check("refclock PPS a tai", "refclock tai option requires leapseclist or leapsectz");
    assert_check("refclock PPS a tai\nleapsectz right/UTC", NULL);
    assert_check("refclock RTC /dev/rtc\nrtcsync",
                 "RTC refclock cannot be used together with rtcsync or rtcfile");
    assert_check("refclock RTC /dev/rtc\nrtcfile x",
                 "RTC refclock cannot be used together with rtcsync or rtcfile");
    assert_check("allow 1.2.3.4/33", "Bad subnet in 1.2.3.4/33");
    assert_check("cmddeny all 2001:db8::/129", "Bad subnet in 2001:db8::/129");
    assert_check("allow 1.2.3.4/32\ndeny ::/128\nallow", NULL);
    assert_check("noclientlog", NULL);
    assert_check("noclientlog\nratelimit", "Rate limiting cannot be enabled with noclientlog");
    assert_check("noclientlog\nntsratelimit", "Rate limiting cannot be enabled with noclientlog");
    assert_check("noclientlog\ncmdratelimit", "Rate limiting cannot be enabled with noclientlog");
}

static void directives_of_the_past_are_accepted(void **state)
{
    char directory[TEST_PATH_SIZE], *log;

    test_directory_make(directory);
    test_log_begin(directory);
    conf_free(test_conf("dumponexit a b\ncommandkey 3\nGenerateCommandKey\nlinux_hz 100\n"
                        "linux_freq_scale 1.0 x"));
    log = test_log_end(directory);
    assert_string_equal(log, "commandkey directive is no longer supported\n"
                             "GenerateCommandKey directive is no longer supported\n"
                             "linux_hz directive is no longer supported\n"
                             "linux_freq_scale directive is no longer supported\n");
    free(log);
    test_directory_remove(directory);
}

static void the_table_is_sorted_and_knows_the_whole_index(void **state)
{
    char *spec = test_read_file(TEST_DATA_DIR "/../../doc/spec/config.md");
    char *row = strstr(spec, "## 8. Index of all directives");
    char *end = strstr(row, "\n---\n");
    size_t rows = 0, names = 0;

    for (; (row = strstr(row, "\n| `")) && row < end; row++) {
        const char *name = row + 4;
        size_t length = strcspn(name, "`");
        bool found = false;

        for (size_t i = 0; i < directive_count; i++) {
            found = found || (strlen(directive_table[i].row.name) == length &&
                              strncmp(directive_table[i].row.name, name, length) == 0);
        }
        if (!found)
            fail_msg("%.*s is not in the table", (int)length, name);
        rows++;
    }
    for (size_t i = 0; i < directive_count; i++) {
        if (i > 0)
            assert_true(strcmp(directive_table[i - 1].row.name, directive_table[i].row.name) < 0);
        names++;
    }
    assert_true(rows >= 100);
    assert_int_equal(rows, names);
    free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_have_their_default_and_range),
        cmocka_unit_test(nts_port_has_its_default_and_range),
        cmocka_unit_test(reals_have_their_default_and_ignore_what_follows_the_number),
        cmocka_unit_test(strings_have_their_default_and_the_last_one_wins),
        cmocka_unit_test(flags_are_off_and_take_no_argument),
        cmocka_unit_test(lists_of_files_accumulate),
        cmocka_unit_test(client_mode_has_no_server_port_command_socket_and_pidfile),
        cmocka_unit_test(a_slash_switches_pidfile_and_command_socket_off),
        cmocka_unit_test(addresses_are_kept_per_family),
        cmocka_unit_test(addresses_may_have_an_interface),
        cmocka_unit_test(metrics_have_an_address_and_a_port),
        cmocka_unit_test(words_select_modes_without_regard_to_case),
        cmocka_unit_test(processes_can_be_chosen),
        cmocka_unit_test(the_estimator_is_one_of_two_words),
        cmocka_unit_test(a_poll_policy_by_accuracy_has_a_ratio),
        cmocka_unit_test(positional_numbers_are_read_in_sequence),
        cmocka_unit_test(positional_numbers_have_their_errors),
        cmocka_unit_test(restart_mode_switches_steps_at_start_off),
        cmocka_unit_test(clientloglimit_is_one_unsigned_long),
        cmocka_unit_test(driftfile_keeps_an_earlier_interval),
        cmocka_unit_test(tempcomp_has_two_forms),
        cmocka_unit_test(templearn_has_a_file_and_an_interval),
        cmocka_unit_test(historyfile_has_a_file_and_a_size),
        cmocka_unit_test(local_starts_again_from_the_defaults),
        cmocka_unit_test(rate_limits_keep_options_that_are_not_named),
        cmocka_unit_test(log_names_add_up_and_have_exact_case),
        cmocka_unit_test(ntsaeads_and_opencommands_replace_their_list),
        cmocka_unit_test(trusted_certificates_belong_to_a_set),
        cmocka_unit_test(errors_name_the_word_as_typed),
        cmocka_unit_test(directives_that_contradict_each_other_are_refused),
        cmocka_unit_test(directives_of_the_past_are_accepted),
        cmocka_unit_test(the_table_is_sorted_and_knows_the_whole_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

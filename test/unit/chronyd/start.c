/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start and end of a whole daemon without sockets, on the world of support/clock.h: what it says
 * about the time that it takes for the present (ntp.md 2.2, daemon.md 4).
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/instant.h"
#include "chronyd/chronyd.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

/* The log of a daemon that starts at this time. */
static char *log_of_start(int64_t now)
{
    static const struct options options = {.program = "chronyd", .timeout = -1, .foreground = true};
    struct clock_world *w = clock_world_new(now);
    char directory[TEST_PATH_SIZE], *log;
    struct chronyd d;

    w->random = 0x12345678;
    test_directory_make(directory);
    test_log_begin(directory);
    chronyd_init(&d, &options);
    d.world = &w->world;
    d.conf = test_conf("port 0\ncmdport 0\nclockprecision 1e-6\n");
    chronyd_open(&d);
    chronyd_start(&d);
    chronyd_stop(&d);
    conf_free(d.conf);
    log = test_log_end(directory);
    /* Its loop has gone with the daemon. */
    clock_world_free(w);
    test_directory_remove(directory);
    return log;
}

static void end_of_the_era_is_near_for_ten_years(void **state)
{
    static const int64_t ten_years = 3600LL * 24 * 365 * 10;
    const struct instant end = {.sec = ntp_era_split() + 0xffffffff};
    char date[32], expected[128], *log;

    instant_format_utc(end, date, sizeof(date));
    snprintf(expected, sizeof(expected),
             "Disabled control of system clock\nAssumed NTP time ends at %s!\n", date);

    log = log_of_start(end.sec - ten_years);
    assert_string_equal(log, "Disabled control of system clock\n");
    free(log);
    log = log_of_start(end.sec - ten_years + 1);
    assert_string_equal(log, expected);
    free(log);
    log = log_of_start(end.sec);
    assert_string_equal(log, expected);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_of_the_era_is_near_for_ten_years),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dates that settime understands (chronyc.md 10.16), relative to Tue 2026-11-24 06:30:15 UTC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/number.h"
#include "chronyc/date.h"

static const struct instant now = {.sec = 1795501815};

static void check(const char *text, const char *expected)
{
    struct instant t;
    char got[64];
    struct tm tm;

    if (!date_parse(text, now, &t)) {
        if (expected)
            fail_msg("'%s' was not understood", text);
        return;
    }
    time_t seconds = (time_t)t.sec;
    strftime(got, sizeof(got), "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &tm));
    if (!expected)
        fail_msg("'%s' was taken as %s", text, got);
    if (t.nsec != 0 || strcmp(got, expected) != 0)
        fail_msg("'%s' is %s instead of %s", text, got, expected);
}

static void use_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void dates_without_time_are_midnight(void **state)
{
    use_zone("UTC");
    check("", "2026-11-24 00:00:00");
    check("12/25", "2026-12-25 00:00:00");
    check("12/25/68", "2068-12-25 00:00:00");
    check("12/25/69", "1969-12-25 00:00:00");
    check("2025/02/03", "2025-02-03 00:00:00");
    check("2025-02-03", "2025-02-03 00:00:00");
    check("3-Feb-2025", "2025-02-03 00:00:00");
    check("Feb 3", "2026-02-03 00:00:00");
    check("Sept. 3", NULL);
    check("sept 3", "2026-09-03 00:00:00");
    check("sep. 3", "2026-09-03 00:00:00");
    check("February 3, 2025", "2025-02-03 00:00:00");
    check("3 feb", "2026-02-03 00:00:00");
    check("3 feb 2025", "2025-02-03 00:00:00");
    check("20250203", "2025-02-03 00:00:00");
}

static void times_are_today(void **state)
{
    use_zone("UTC");
    check("16:30", "2026-11-24 16:30:00");
    check("16:30:05", "2026-11-24 16:30:05");
    check("4:30 pm", "2026-11-24 16:30:00");
    check("12 a.m.", "2026-11-24 00:00:00");
    check("12 PM", "2026-11-24 12:00:00");
    check("7", "2026-11-24 07:00:00");
    check("1630", "2026-11-24 16:30:00");
    check("Sep 25, 2015 16:30:05", "2015-09-25 16:30:05");
    check("Sep 25 16:30:05 2015", "2015-09-25 16:30:05");
    check("16:30 (a comment (in another)) 1/2", "2026-01-02 16:30:00");
}

static void zones_replace_the_local_one(void **state)
{
    use_zone("UTC");
    check("16:30:05 +0200", "2026-11-24 14:30:05");
    check("16:30 -0130", "2026-11-24 18:00:15"); /* keeps the second of the clock */
    check("16:30 cet", "2026-11-24 15:30:00");
    check("16:30 cet dst", "2026-11-24 14:30:00");
    check("16:30 edt", "2026-11-24 20:30:00");
    check("16:30 z", "2026-11-24 16:30:00");
    use_zone("CET-1");
    check("16:30", "2026-11-24 15:30:00");
    check("16:30 utc", "2026-11-24 16:30:00");
}

static void relative_items_are_added(void **state)
{
    use_zone("UTC");
    check("now", "2026-11-24 06:30:15");
    check("tomorrow", "2026-11-25 06:30:15");
    check("yesterday 12:00", "2026-11-23 12:00:00");
    check("+3 days", "2026-11-27 06:30:15");
    check("2 weeks ago", "2026-11-10 06:30:15");
    check("-1 fortnight", "2026-11-10 06:30:15");
    check("next month", "2026-12-24 06:30:15");
    check("last year", "2025-11-24 06:30:15");
    check("14 months", "2028-01-24 06:30:15");
    check("90 min 5 secs", "2026-11-24 08:00:20");
    check("Jan 31 2025 1 month", "2026-03-03 20:25:00"); /* the number is a time */
    check("1/31/2025 1 month", "2025-03-03 00:00:00");
}

static void weekdays_are_the_next_such_day(void **state)
{
    use_zone("UTC");
    check("tuesday", "2026-11-24 00:00:00");
    check("Wed, 10:00", "2026-11-25 10:00:00");
    check("monday", "2026-11-30 00:00:00");
    check("third thurs", "2026-12-10 00:00:00");
    check("last friday", "2026-11-20 00:00:00");
    check("Sunday Jan 4", "2026-01-04 00:00:00");
}

static void daylight_saving_is_that_of_the_result(void **state)
{
    use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    check("7/1 12:00", "2026-07-01 10:00:00");
    check("12/1 12:00", "2026-12-01 11:00:00");
    check("-5 months", "2026-06-24 05:30:15");
    check("-4000 hours", "2026-06-10 14:30:15");
}

static void nonsense_is_refused(void **state)
{
    static const char *const texts[] = {
        "notadate",  "1.5.2020",    "24:00",       "13 pm",   "0 am",        "16:",
        "1/",        "10:00 11:00", "utc gmt",     "1/2 3/4", "mon tue",     "(open",
        "16:30 foo", "5;",          "99999999999", "+5",      "16:30 , 1/2", "12:00 +99999",
    };

    use_zone("UTC");
    for (size_t i = 0; i < COUNT(texts); i++)
        check(texts[i], NULL);
}

/* Must end with an answer of either kind, whatever the text. */
static void long_texts_are_survived(void **state)
{
    char text[2000];
    struct instant t;

    use_zone("UTC");
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = "1 +9d(y.)/:,999999999fortnights"[i * 7 % 31];
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < sizeof(text); i++)
        date_parse(text + i, now, &t);
    assert_false(date_parse("999999999 years", now, &t) && t.sec < now.sec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_without_time_are_midnight),
        cmocka_unit_test(times_are_today),
        cmocka_unit_test(zones_replace_the_local_one),
        cmocka_unit_test(relative_items_are_added),
        cmocka_unit_test(weekdays_are_the_next_such_day),
        cmocka_unit_test(daylight_saving_is_that_of_the_result),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(long_texts_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

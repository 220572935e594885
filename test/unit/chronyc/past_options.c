/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the command report: times, limits, values with spaces, and what is refused.
 */
#include "test/unit/support/unit.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "chronyc/past_options.h"

#define NOW 1800000000

static struct past_options options;
static char line[256], error[200];

static bool parse(const char *text)
{
    text_copy(line, sizeof(line), text);
    text_normalise(line);
    error[0] = '\0';
    return past_options_parse(&options, line, NOW, error, sizeof(error));
}

static void no_options_are_the_defaults(void **state)
{
    assert_true(parse(""));
    assert_int_equal(options.since, 0);
    assert_int_equal(options.until, 0);
    assert_null(options.html);
    assert_null(options.file);
    assert_close(options.limit, 1e-3, 0.0);
    assert_false(options.limit_given);
}

static void values_may_have_spaces(void **state)
{
    assert_true(parse("--since 2026-11-30 12:34:56 --html /tmp/my report.html --file=/a=b "
                      "--limit 100 us --until now"));
    assert_int_equal(options.since, 1796042096);
    assert_int_equal(options.until, NOW);
    assert_string_equal(options.html, "/tmp/my report.html");
    assert_string_equal(options.file, "/a=b");
    assert_close(options.limit, 1e-4, 1e-12);
    assert_true(options.limit_given);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } cases[] = {
        {"30d", "Unknown option of report: 30d"},
        {"--sinc 30d", "Unknown option of report: --sinc"},
        {"--since", "A value is missing after --since"},
        {"--bogus", "Unknown option of report: --bogus"},
        {"--since --until now", "A value is missing after --since"},
        {"--html=", "A value is missing after --html"},
        {"--since yesterday", "Invalid time (30d, 24h or 2026-11-30 12:00): yesterday"},
        {"--until 1d 2h", "Invalid time (30d, 24h or 2026-11-30 12:00): 1d 2h"},
        {"--limit 0", "Invalid limit (0.001, 1ms or 100us): 0"},
        {"--since 1h --until 2h", "The period is empty: --until is not after --since"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(parse(cases[i].text));
        assert_string_equal(error, cases[i].error);
    }
}

static void times_are_relative_or_dates_in_utc(void **state)
{
    static const struct {
        const char *text;
        int64_t time; /* 0: refused */
    } cases[] = {
        {"now", NOW},
        {"0s", NOW},
        {"45s", NOW - 45},
        {"90m", NOW - 5400},
        {"90min", NOW - 5400},
        {"24h", NOW - 86400},
        {"1.5 d", NOW - 129600},
        {"2w", NOW - 1209600},
        {"1970-01-02", 86400},
        {"2026-11-30", 1795996800},
        {"2026-11-30 12:34", 1796042040},
        {"2026-11-30T12:34:56Z", 1796042096},
        {"2024-02-29", 1709164800},
        {"", 0},
        {"30", 0},
        {"-1d", 0},
        {"1e9d", 0},
        {"1e400d", 0},
        {"nan d", 0},
        {"infd", 0},
        {"30000d", 0}, /* before 1970 */
        {"2026-02-30", 0},
        {"2026-13-01", 0},
        {"2026-11-30 24:00", 0},
        {"2026-11-30 12:60", 0},
        {"2026-11-30 12", 0},
        {"2026-11-30x12:34", 0},
        {"2026-11-30 12:34 x", 0},
        {"1970-01-01", 0},
        {"1969-12-31", 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t time = 0;
        bool accepted = past_time_parse(cases[i].text, NOW, &time);

        if (accepted != (cases[i].time != 0) || (accepted && time != cases[i].time))
            fail_msg("'%s' is %lld", cases[i].text, (long long)time);
    }
}

static void limits_have_units(void **state)
{
    static const struct {
        const char *text;
        double limit; /* 0: refused */
    } cases[] = {{"0.001", 1e-3}, {"1ms", 1e-3},  {"100us", 1e-4}, {"50 ns", 5e-8}, {"2s", 2.0},
                 {"", 0.0},       {"-1ms", 0.0},  {"0", 0.0},      {"ms", 0.0},     {"1 m", 0.0},
                 {"inf", 0.0},    {"1e999", 0.0}, {"nan", 0.0},    {"1ms x", 0.0}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        double limit = 0.0;
        bool accepted = past_limit_parse(cases[i].text, &limit);

        if (accepted != (cases[i].limit > 0.0))
            fail_msg("'%s' is %g", cases[i].text, limit);
        if (accepted)
            assert_close(limit, cases[i].limit, 1e-9 * limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_options_are_the_defaults),
        cmocka_unit_test(values_may_have_spaces),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(times_are_relative_or_dates_in_utc),
        cmocka_unit_test(limits_have_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command report with history files: which period it is about, and what it says when there is
 * none. What is printed then is tested in past_report.c, and with the real program in report.test.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyc/reports.h"
#include "test/unit/support/history.h"

#define T0  1793491200 /* 2026-11-01 00:00:00 */
#define DAY 86400

static struct instant fixed_now(void *ctx)
{
    return (struct instant){.sec = T0 + 40 * DAY};
}

static char path[] = "/tmp/chronyc-report.XXXXXX";

static void write_image(struct history_image *image)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(image->data, 1, image->size, f), image->size);
    fclose(f);
    history_image_free(image);
}

/* What report prints on both streams, for the caller to free. */
static char *run(const char *options, bool expected)
{
    struct environment env = {.now = fixed_now, .host_name = "host"};
    struct client c = {.env = &env};
    char line[512], *text;
    size_t size;

    env.out = open_memstream(&text, &size);
    assert_non_null(env.out);
    env.err = env.out;
    snprintf(line, sizeof(line), "--file %s %s", path, options);
    text_normalise(line);
    assert_int_equal(show_report(&c, line), expected);
    fclose(env.out);
    return text;
}

static void assert_period(const char *options, const char *expected)
{
    char *text = run(options, true), line[128];

    snprintf(line, sizeof(line), "\nPeriod                  : %s\n", expected);
    if (!strstr(text, line))
        fail_msg("not %s in\n%s", expected, text);
    free(text);
}

static void assert_error(const char *options, const char *expected)
{
    char *text = run(options, false), line[256];

    snprintf(line, sizeof(line), "%s%s", path, expected);
    assert_string_equal(text, line);
    free(text);
}

static void the_period_is_that_of_the_records(void **state)
{
    struct history_image image;

    history_image_init(&image, 1000);
    history_image_fill(&image, T0 + 60, 1440);
    write_image(&image);
    assert_period("", "2026-11-01 00:00:00 to 2026-11-02 00:00:00 UTC (1 d)");
    assert_period("--since 2026-11-01 12:00",
                  "2026-11-01 12:00:00 to 2026-11-02 00:00:00 UTC (12 h)");
    assert_period("--until 2026-11-01 12:00",
                  "2026-11-01 00:00:00 to 2026-11-01 12:00:00 UTC (12 h)");
    assert_period("--since 40d --until 38d",
                  "2026-11-01 00:00:00 to 2026-11-03 00:00:00 UTC (2 d)");
    assert_period("--since 2026-10-01", "2026-10-01 00:00:00 to 2026-11-02 00:00:00 UTC (32 d)");
    assert_error("--since 1h", " has no records of this time\n");
    assert_error("--until 2026-10-01", " has no records of this time\n");
}

static void the_start_before_the_first_record_is_part_of_it(void **state)
{
    struct history_image image;

    history_image_init(&image, 10);
    history_image_event(&image, T0 - 60, HISTORY_EVENT_START, 0.0, "1.0");
    history_image_fill(&image, T0 + 60, 2);
    write_image(&image);
    assert_period("", "2026-10-31 23:59:00 to 2026-11-01 00:02:00 UTC (3 min)");

    /* This one was followed by a gap. */
    history_image_init(&image, 10);
    history_image_event(&image, T0 - 100, HISTORY_EVENT_START, 0.0, "1.0");
    history_image_fill(&image, T0 + 60, 2);
    write_image(&image);
    assert_period("", "2026-11-01 00:00:00 to 2026-11-01 00:02:00 UTC (2 min)");
}

static void minutes_of_another_year_do_not_begin_it(void **state)
{
    struct history_image image;

    history_image_init(&image, 1000);
    history_image_fill(&image, 60, 3);
    history_image_fill(&image, T0 + 60, 1440);
    write_image(&image);
    assert_period("", "2026-11-01 00:00:00 to 2026-11-02 00:00:00 UTC (1 d)");
}

static void a_long_history_is_cut_to_a_month(void **state)
{
    struct history_image image;

    history_image_init(&image, 10000);
    history_image_fill(&image, T0 + 60, 40 * 1440);
    write_image(&image);
    assert_period("", "2026-11-10 00:00:00 to 2026-12-11 00:00:00 UTC (31 d)");
    assert_period("--since 2026-11-01", "2026-11-01 00:00:00 to 2026-12-11 00:00:00 UTC (40 d)");
}

static void a_file_without_minutes_has_no_report(void **state)
{
    struct history_image image;

    history_image_init(&image, 10);
    history_image_event(&image, T0, HISTORY_EVENT_START, 0.0, "1.0");
    write_image(&image);
    assert_error("", " has no records yet\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_period_is_that_of_the_records),
        cmocka_unit_test(the_start_before_the_first_record_is_part_of_it),
        cmocka_unit_test(minutes_of_another_year_do_not_begin_it),
        cmocka_unit_test(a_long_history_is_cut_to_a_month),
        cmocka_unit_test(a_file_without_minutes_has_no_report),
    };
    int fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    remove(path);
    return result;
}

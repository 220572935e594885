/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leap second data (discipline.md 17.1): the example list, broken lists, time zones, what is kept.
 */
#include "test/unit/support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "base/file.h"
#include "chronyd/os/world_linux.h"
#include "clock/leap_data.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

#define LIST                                                                                       \
    "# a comment\n"                                                                                \
    "#$ 3676924800\n"                                                                              \
    "#@ 3928521600\n"                                                                              \
    "  \t\n"                                                                                       \
    "3345062400 33 # 1 Jan 2006\n"                                                                 \
    "3439756800 34\n"                                                                              \
    "3550089600\t35\n"                                                                             \
    "#h 1 2 3\n"

struct fixture {
    char directory[TEST_PATH_SIZE], path[TEST_PATH_SIZE + 16];
    struct clock_world *w;
};

static void open_fixture(struct fixture *f, const char *list)
{
    test_directory_make(f->directory);
    snprintf(f->path, sizeof(f->path), "%s/list", f->directory);
    if (list)
        test_write_file(f->directory, "list", list);
    f->w = clock_world_new(1700000000);
    test_log_begin(f->directory);
}

static void close_fixture(struct fixture *f)
{
    clock_world_free(f->w);
    test_directory_remove(f->directory);
}

/* Messages, with PATH in place of the path of the list. */
static void check_log(struct fixture *f, const char *expected)
{
    char *log = test_log_end(f->directory), *p;
    size_t length = strlen(f->path);

    while ((p = strstr(log, f->path))) {
        memcpy(p, "PATH", 4);
        memmove(p + 4, p + length, strlen(p + length) + 1);
    }
    assert_string_equal(log, expected);
    free(log);
}

static void check_day(struct leap_data *data, int64_t time, int leap, int tai_offset)
{
    struct leap_day day = leap_data_get(data, time);

    assert_int_equal(day.leap, leap);
    assert_int_equal(day.tai_offset, tai_offset);
}

static void check_2008(struct leap_data *data)
{
    check_day(data, 1230724800, LEAP_INSERT, 33); /* 2008-12-31 12:00 */
    check_day(data, 1230681600, LEAP_INSERT, 33); /* 2008-12-31 00:00 */
    check_day(data, 1230767999, LEAP_INSERT, 33); /* 2008-12-31 23:59:59 */
    check_day(data, 1230681599, LEAP_NORMAL, 33); /* 2008-12-30 23:59:59 */
    check_day(data, 1230768000, LEAP_NORMAL, 34); /* 2009-01-01 00:00 */
    check_day(data, 1404172800, LEAP_NORMAL, 35);
}

static void example_list_knows_the_leap_second_of_2008(void **state)
{
    struct fixture f;

    open_fixture(&f, LIST);
    struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
    check_2008(data);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\n");
    close_fixture(&f);
}

static void deleted_second_is_a_smaller_offset(void **state)
{
    struct fixture f;

    open_fixture(&f, LIST "3644697600 34\n"); /* 2015-07-01 */
    struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
    check_day(data, 1435665600, LEAP_DELETE, 35);
    check_day(data, 1435708800 + 43200, LEAP_NORMAL, 34);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\n");
    close_fixture(&f);
}

static void first_entry_is_compared_with_ten(void **state)
{
    struct fixture f;

    open_fixture(&f, "2272060800 10\n2287785600 11\n" LIST);
    struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
    check_day(data, 63072000 - 86400, LEAP_NORMAL, 10);
    check_day(data, 78796800 - 86400, LEAP_INSERT, 10);
    check_day(data, 63072000 - 2 * 86400, LEAP_NORMAL, 0);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\n");
    close_fixture(&f);
}

static void broken_lists_are_refused(void **state)
{
    static const char *const broken[] = {
        "",
        "#$ 1\n3439756800 34\n3550089600 35\n",                /* no expiry */
        "#@ 3928521600\n3439756800 34\n3550089600 35\n",       /* no update */
        "#$\n#@ 3928521600\n3439756800 34\n3550089600 35\n",   /* no number */
        "#$ x\n#@ 3928521600\n3439756800 34\n3550089600 35\n", /* no number */
        LIST "3700000000\n",                                   /* one number */
        LIST "3700000000 x\n",
        LIST " # comment after white space\n",
        LIST "word\n",
        LIST "3700000000 99999999999\n",
    };

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct fixture f;

        open_fixture(&f, broken[i]);
        struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
        check_day(data, 1230724800, LEAP_NORMAL, 0);
        leap_data_free(data);
        check_log(&f, "Failed to parse leap seconds list PATH\n"
                      "Leap second list PATH failed check, ignoring\n");
        close_fixture(&f);
    }
}

static void missing_and_wrong_lists_are_refused(void **state)
{
    struct fixture f;

    open_fixture(&f, NULL);
    leap_data_free(leap_data_new(&f.w->world, f.path, NULL));
    check_log(&f, "Failed to open leap seconds list PATH\n"
                  "Leap second list PATH failed check, ignoring\n");
    close_fixture(&f);

    /* Right at the end of 2012 only. */
    open_fixture(&f, "#$ 3676924800\n#@ 3928521600\n3439756800 35\n");
    leap_data_free(leap_data_new(&f.w->world, f.path, NULL));
    check_log(&f, "Leap second list PATH failed check, ignoring\n");
    close_fixture(&f);

    open_fixture(&f, "#$ 3676924800\n#@ 3928521600\n3345062400 33\n3439756800 34\n");
    leap_data_free(leap_data_new(&f.w->world, f.path, NULL));
    check_log(&f, "Leap second list PATH failed check, ignoring\n");
    close_fixture(&f);
}

static void expired_list_is_used_with_a_warning(void **state)
{
    struct fixture f;

    open_fixture(&f, LIST);
    struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
    check_day(data, 1719532800 - 43201, LEAP_NORMAL, 35); /* 2024-06-27, expiry 28 June */
    check_day(data, 1719532800 - 43200, LEAP_NORMAL, 35);
    check_day(data, 1719532800 - 1, LEAP_NORMAL, 35);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\n"
                  "Leap second list PATH needs update\n"
                  "Leap second list PATH needs update\n");
    close_fixture(&f);
}

/* So the second and third lookup above read the file once. Here a new file is noticed. */
static void file_is_read_again_in_the_next_half_day(void **state)
{
    struct fixture f;

    open_fixture(&f, LIST);
    struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
    check_day(data, 1435622400, LEAP_NORMAL, 35);
    test_write_file(f.directory, "list", LIST "3644697600 36\n");
    check_day(data, 1435622400 + 43199, LEAP_NORMAL, 35);
    check_day(data, 1435622400 + 43200, LEAP_INSERT, 35);
    file_remove(f.path);
    check_day(data, 1435622400 + 43200 + 5, LEAP_INSERT, 35);
    check_day(data, 1435708800, LEAP_NORMAL, 0);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\nFailed to open leap seconds list PATH\n");
    close_fixture(&f);
}

static void list_that_is_lost_is_told_once_and_when_it_is_back(void **state)
{
    struct fixture f;

    open_fixture(&f, LIST);
    struct leap_data *data = leap_data_new(&f.w->world, f.path, NULL);
    assert_int_equal(remove(f.path), 0);
    for (int i = 1; i <= 4; i++)
        check_day(data, 1230681600 + i * 43200, LEAP_NORMAL, 0);
    test_write_file(f.directory, "list", "nonsense\n");
    check_day(data, 1230681600 + 5 * 43200, LEAP_NORMAL, 0);
    test_write_file(f.directory, "list", LIST);
    check_day(data, 1230681600, LEAP_INSERT, 33);
    assert_int_equal(remove(f.path), 0);
    assert_int_equal(mkfifo(f.path, 0644), 0);
    check_day(data, 1230681600 + 43200, LEAP_NORMAL, 0);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\n"
                  "Failed to open leap seconds list PATH\n"
                  "Leap second list PATH works again\n"
                  "Failed to open leap seconds list PATH : Not a regular file\n");
    close_fixture(&f);
}

static void zone_gives_the_same_answers(void **state)
{
    struct fixture f;

    open_fixture(&f, NULL);
    f.w->zone = "right/UTC";
    struct leap_data *data = leap_data_new(&f.w->world, NULL, "right/UTC");
    check_2008(data);
    int calls = f.w->zone_calls;
    check_day(data, 1404172800 + 100, LEAP_NORMAL, 35);
    assert_int_equal(f.w->zone_calls, calls);
    leap_data_free(data);

    data = leap_data_new(&f.w->world, NULL, "Europe/Prague");
    check_day(data, 1230724800, LEAP_NORMAL, 0);
    leap_data_free(data);
    check_log(&f, "Using right/UTC timezone to obtain leap second data\n"
                  "Timezone Europe/Prague failed leap second check, ignoring\n");
    close_fixture(&f);
}

static void list_has_priority_over_the_zone(void **state)
{
    struct fixture f;

    open_fixture(&f, LIST "3644697600 36\n");
    f.w->zone = "right/UTC";
    struct leap_data *data = leap_data_new(&f.w->world, f.path, "right/UTC");
    check_day(data, 1435665600, LEAP_INSERT, 35); /* the zone doesn't know it */
    leap_data_free(data);

    file_remove(f.path);
    data = leap_data_new(&f.w->world, f.path, "right/UTC");
    check_2008(data);
    leap_data_free(data);
    check_log(&f, "Using leap second list PATH\n"
                  "Failed to open leap seconds list PATH\n"
                  "Leap second list PATH failed check, ignoring\n"
                  "Using right/UTC timezone to obtain leap second data\n");
    close_fixture(&f);
}

/* The real thing: a file of a zone with leap seconds, as the C library reads it. */

static void put32(FILE *f, int64_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(value >> shift & 0xff), f);
}

static void write_zone(const char *path)
{
    /* Midnights (UTC) after the leap seconds of 1972 to 2012. */
    static const int64_t leaps[] = {78796800,  94694400,  126230400,  157766400,  189302400,
                                    220924800, 252460800, 283996800,  315532800,  362793600,
                                    394329600, 425865600, 489024000,  567993600,  631152000,
                                    662688000, 709948800, 741484800,  773020800,  820454400,
                                    867715200, 915148800, 1136073600, 1230768000, 1341100800};
    const int count = sizeof(leaps) / sizeof(leaps[0]);
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    fwrite("TZif", 1, 4, f);
    for (int i = 0; i < 16; i++)
        fputc(0, f);
    put32(f, 0);     /* UT indicators */
    put32(f, 0);     /* standard indicators */
    put32(f, count); /* leap seconds */
    put32(f, 0);     /* transitions */
    put32(f, 1);     /* types */
    put32(f, 4);     /* characters */
    put32(f, 0);     /* the type: offset, no daylight saving, name */
    fputc(0, f);
    fputc(0, f);
    fwrite("UTC", 1, 4, f);
    for (int i = 0; i < count; i++) {
        put32(f, leaps[i] + i);
        put32(f, i + 1);
    }
    assert_int_equal(fclose(f), 0);
}

static void linux_reads_zone_files_and_keeps_its_own_zone(void **state)
{
    static const struct world_linux_options options = {.ipv4 = true};
    static const char *const zones[] = {"Asia/Tokyo", NULL, "<+03>-3"};
    char directory[TEST_PATH_SIZE], path[TEST_PATH_SIZE + 16];

    test_directory_make(directory);
    snprintf(path, sizeof(path), "%s/zone", directory);
    write_zone(path);
    test_log_begin(directory);
    struct world *world = world_linux_new(&options);
    struct leap_data *data = leap_data_new(world, NULL, path);
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        time_t now = 1230724800;
        struct tm before, after;

        if (zones[i])
            setenv("TZ", zones[i], 1);
        else
            unsetenv("TZ");
        tzset();
        localtime_r(&now, &before);
        check_2008(data);
        localtime_r(&now, &after);
        assert_int_equal(before.tm_hour, after.tm_hour);
        assert_int_equal(before.tm_min, after.tm_min);
        if (zones[i])
            assert_string_equal(getenv("TZ"), zones[i]);
        else
            assert_null(getenv("TZ"));
    }
    leap_data_free(data);
    leap_data_free(leap_data_new(world, NULL, "UTC"));
    world_linux_free(world);
    char *log = test_log_end(directory);
    assert_non_null(strstr(log, "/zone timezone to obtain leap second data\n"
                                "Timezone UTC failed leap second check, ignoring\n"));
    free(log);
    test_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_list_knows_the_leap_second_of_2008),
        cmocka_unit_test(deleted_second_is_a_smaller_offset),
        cmocka_unit_test(first_entry_is_compared_with_ten),
        cmocka_unit_test(broken_lists_are_refused),
        cmocka_unit_test(missing_and_wrong_lists_are_refused),
        cmocka_unit_test(expired_list_is_used_with_a_warning),
        cmocka_unit_test(file_is_read_again_in_the_next_half_day),
        cmocka_unit_test(list_that_is_lost_is_told_once_and_when_it_is_back),
        cmocka_unit_test(zone_gives_the_same_answers),
        cmocka_unit_test(list_has_priority_over_the_zone),
        cmocka_unit_test(linux_reads_zone_files_and_keeps_its_own_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

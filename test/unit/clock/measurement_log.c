/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurement log files: daemon.md 18.
 */
#include "test/unit/support/unit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock/measurement_log.h"
#include "conf/conf.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

#define HEADING "   Date (UTC) Time        Temp.       Comp.\n"
#define RULE    "===========================================\n"
#define BANNER  RULE HEADING RULE

struct fixture {
    char directory[TEST_PATH_SIZE];
    char path[TEST_PATH_SIZE + 32];
    struct clock_world *w;
};

static void set_up(struct fixture *f)
{
    test_directory_make(f->directory);
    snprintf(f->path, sizeof(f->path), "%s/tempcomp.log", f->directory);
    f->w = clock_world_new(1700000000);
    test_log_begin(f->directory);
}

static void tear_down(struct fixture *f, const char *expected)
{
    char *log = test_log_end(f->directory);

    assert_string_equal(log, expected);
    free(log);
    clock_world_free(f->w);
    test_directory_remove(f->directory);
}

/* The directory may be NULL. */
static struct measurement_log *new_log(const struct fixture *f, const char *directory, int banner,
                                       unsigned int files)
{
    struct log_conf conf = {.files = files, .dir = (char *)directory, .banner = banner};

    return measurement_log_new(&f->w->world, &conf);
}

static void assert_file(const struct fixture *f, const char *expected)
{
    char *text = test_read_file(f->path);

    assert_string_equal(text, expected);
    free(text);
}

static void banner_comes_first_and_then_every_n_entries(void **state)
{
    struct fixture f;

    set_up(&f);
    struct measurement_log *log = new_log(&f, f.directory, 2, LOGFILE_TEMPCOMP);
    assert_int_not_equal(access(f.path, F_OK), 0); /* opened at the first entry */
    for (int i = 1; i <= 3; i++)
        measurement_log_write(log, MLOG_TEMPCOMP, "entry %d", i);
    assert_file(&f, BANNER "entry 1\nentry 2\n" BANNER "entry 3\n");
    measurement_log_free(log);
    tear_down(&f, "");
}

static void cycling_opens_a_new_file_with_a_banner(void **state)
{
    struct fixture f;

    set_up(&f);
    struct measurement_log *log = new_log(&f, f.directory, 32, LOGFILE_TEMPCOMP);
    measurement_log_write(log, MLOG_TEMPCOMP, "a");
    assert_int_equal(remove(f.path), 0);
    measurement_log_write(log, MLOG_TEMPCOMP, "lost");
    measurement_log_cycle(log);
    measurement_log_write(log, MLOG_TEMPCOMP, "b");
    assert_file(&f, BANNER "b\n");
    measurement_log_free(log);
    tear_down(&f, "");
}

static void without_banner_there_are_only_entries(void **state)
{
    struct fixture f;

    set_up(&f);
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_TEMPCOMP);
    measurement_log_write(log, MLOG_TEMPCOMP, "a");
    measurement_log_write(log, MLOG_RTC, "not enabled");
    assert_file(&f, "a\n");
    assert_false(measurement_log_enabled(log, MLOG_RTC));
    assert_false(measurement_log_enabled(NULL, MLOG_RTC));
    measurement_log_free(log);
    tear_down(&f, "");
}

static void the_estimator_has_a_file(void **state)
{
    struct fixture f;

    set_up(&f);
    snprintf(f.path, sizeof(f.path), "%s/estimator.log", f.directory);
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_ESTIMATOR);
    assert_false(measurement_log_enabled(log, MLOG_STATISTICS));
    measurement_log_write(log, MLOG_ESTIMATOR, "a");
    assert_file(&f, "a\n");
    measurement_log_free(log);
    tear_down(&f, "");
}

static void rawmeasurements_enables_the_measurements_file(void **state)
{
    struct fixture f;

    set_up(&f);
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_RAWMEASUREMENTS);
    assert_true(measurement_log_enabled(log, MLOG_MEASUREMENTS));
    measurement_log_free(log);
    tear_down(&f, "");
}

static void file_that_cannot_be_opened_is_reported_once(void **state)
{
    struct fixture f;

    set_up(&f);
    assert_int_equal(symlink("/nonexistent/target", f.path), 0); /* links are not followed */
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_TEMPCOMP);
    measurement_log_write(log, MLOG_TEMPCOMP, "a");
    measurement_log_write(log, MLOG_TEMPCOMP, "b");
    assert_false(measurement_log_enabled(log, MLOG_TEMPCOMP));
    measurement_log_free(log);

    char expected[TEST_PATH_SIZE + 128];
    snprintf(expected, sizeof(expected), "Could not open %s : Too many levels of symbolic links\n",
             f.path);
    tear_down(&f, expected);
}

static void cycling_tries_again_what_could_not_be_opened(void **state)
{
    struct fixture f;

    set_up(&f);
    assert_int_equal(symlink("/nonexistent/target", f.path), 0);
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_TEMPCOMP);
    measurement_log_write(log, MLOG_TEMPCOMP, "a");
    assert_false(measurement_log_enabled(log, MLOG_TEMPCOMP));
    assert_int_equal(unlink(f.path), 0);
    measurement_log_cycle(log);
    measurement_log_write(log, MLOG_TEMPCOMP, "b");
    assert_true(measurement_log_enabled(log, MLOG_TEMPCOMP));
    assert_int_equal(access(f.path, F_OK), 0);
    measurement_log_free(log);

    char expected[TEST_PATH_SIZE + 128];
    snprintf(expected, sizeof(expected), "Could not open %s : Too many levels of symbolic links\n",
             f.path);
    tear_down(&f, expected);
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_is_told_once_and_lines_stay_whole(void **state)
{
    struct fixture f;

    set_up(&f);
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_TEMPCOMP);
    /* The message log, which the limit is for too, stays shorter. */
    measurement_log_write(log, MLOG_TEMPCOMP, "%4000d", 1);
    limit_file_size(4001 + 5);
    for (int i = 0; i < 50; i++) {
        clock_world_wake_at(f.w, 1.0 + i);
        measurement_log_write(log, MLOG_TEMPCOMP, "entry two");
    }
    limit_file_size(RLIM_INFINITY);
    clock_world_wake_at(f.w, 61.0);
    measurement_log_write(log, MLOG_TEMPCOMP, "entry three");
    measurement_log_write(log, MLOG_TEMPCOMP, "entry four");
    char *text = test_read_file(f.path);
    assert_string_equal(text + 4001, "entry\nentry three\nentry four\n");
    free(text);
    measurement_log_free(log);

    char expected[2 * TEST_PATH_SIZE + 256];
    snprintf(expected, sizeof(expected),
             "Could not write %s : File too large\nWriting of %s works again\n", f.path, f.path);
    tear_down(&f, expected);
}

static void file_that_could_not_be_opened_is_tried_again(void **state)
{
    struct fixture f;

    set_up(&f);
    assert_int_equal(mkdir(f.path, 0755), 0);
    struct measurement_log *log = new_log(&f, f.directory, 0, LOGFILE_TEMPCOMP);
    for (int i = 0; i < 50; i++) {
        clock_world_wake_at(f.w, 1.0 + i);
        measurement_log_write(log, MLOG_TEMPCOMP, "lost");
    }
    assert_int_equal(rmdir(f.path), 0);
    clock_world_wake_at(f.w, 70.0);
    measurement_log_write(log, MLOG_TEMPCOMP, "entry");
    assert_file(&f, "entry\n");
    measurement_log_free(log);

    char expected[2 * TEST_PATH_SIZE + 256];
    snprintf(expected, sizeof(expected),
             "Could not open %s : Is a directory\nWriting of %s works again\n", f.path, f.path);
    tear_down(&f, expected);
}

static void missing_logdir_is_reported(void **state)
{
    struct fixture f;

    set_up(&f);
    struct measurement_log *log = new_log(&f, NULL, 0, LOGFILE_TEMPCOMP);
    measurement_log_write(log, MLOG_TEMPCOMP, "a");
    measurement_log_write(log, MLOG_TEMPCOMP, "b");
    measurement_log_free(log);
    tear_down(&f, "logdir not specified\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(banner_comes_first_and_then_every_n_entries),
        cmocka_unit_test(cycling_opens_a_new_file_with_a_banner),
        cmocka_unit_test(without_banner_there_are_only_entries),
        cmocka_unit_test(the_estimator_has_a_file),
        cmocka_unit_test(rawmeasurements_enables_the_measurements_file),
        cmocka_unit_test(file_that_cannot_be_opened_is_reported_once),
        cmocka_unit_test(cycling_tries_again_what_could_not_be_opened),
        cmocka_unit_test(full_disk_is_told_once_and_lines_stay_whole),
        cmocka_unit_test(file_that_could_not_be_opened_is_tried_again),
        cmocka_unit_test(missing_logdir_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

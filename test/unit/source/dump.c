/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dump files of sources: discipline.md 12.6.
 */
#include "test/unit/support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ntp/wire/packet.h"
#include "source/record.h"
#include "test/unit/support/sources.h"

/* In one file of a private directory that outlives the fixture. */
struct dump {
    char directory[TEST_PATH_SIZE];
    char line[TEST_PATH_SIZE + 32];
    char path[TEST_PATH_SIZE + 32];
};

static void dump_open(struct dump *d)
{
    test_directory_make(d->directory);
    snprintf(d->line, sizeof(d->line), "dumpdir %s", d->directory);
    snprintf(d->path, sizeof(d->path), "%s/192.0.2.5.dat", d->directory);
}

static void add_samples_from(struct source_fixture *f, struct source *s, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        clock_world_wake_at(f->w, 16.0 * i);
        struct source_sample sample = {
            .time = local_clock_event_time(f->clock, NULL),
            .offset = -1.05e-3,
            .peer_delay = 1.1e-3,
            .peer_dispersion = 2e-5,
            .root_delay = 6.1e-3,
            .root_dispersion = 1.02e-3,
        };
        source_update_reachability(s, true);
        source_update_status(s, 2, LEAP_NORMAL);
        samples_add(s->samples, &sample);
        source_update_statistics(s);
    }
}

static void add_samples(struct source_fixture *f, struct source *s, int count)
{
    add_samples_from(f, s, 0, count);
}

#define SAMPLE(time)                                                                               \
    time " -1.050000e-03 -1.050000e-03 1.100000e-03 2.000000e-05 6.100000e-03 1.020000e-03\n"
#define GOOD_FILE                                                                                  \
    "SRC0\nntp.test\n0 7 3 2 0\n3 0\n" SAMPLE("1700000000.000000000")                              \
        SAMPLE("1700000016.000000000") SAMPLE("1700000032.000000000")

static void registers_survive_a_restart(void **state)
{
    struct dump d;
    struct source_fixture f;

    dump_open(&d);
    source_fixture_open(&f, d.line, false);
    struct source *s = source_fixture_add(&f, 5, 0, 0);
    source_fixture_add(&f, 1, 0, 0); /* no samples, no file */
    add_samples(&f, s, 3);
    source_register_dump(f.set);
    char *text = test_read_file(d.path);
    assert_string_equal(text, GOOD_FILE);
    free(text);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);

    source_fixture_open(&f, d.line, false);
    s = source_fixture_add(&f, 5, 0, 0);
    clock_world_wake_at(f.w, 100.0);
    source_register_reload(f.set);
    assert_int_equal(source_samples(s), 3);
    assert_int_equal(s->reach, 7);
    assert_int_equal(s->reach_size, 3);
    assert_int_equal(s->stratum, 2);
    assert_true(source_is_selected(s)); /* the reference is set at once */
    assert_int_equal(reference_our_stratum(f.reference), 3);
    source_fixture_check_log(&f, "Disabled control of system clock\n"
                                 "Loaded dump file for 192.0.2.5\n"
                                 "Selected source 192.0.2.5 (ntp.test)\n");

    source_reset(s);
    source_register_dump(f.set); /* nothing stored any more */
    assert_int_not_equal(access(d.path, F_OK), 0);
    source_fixture_close(&f);
    test_directory_remove(d.directory);
}

static void file_that_cannot_be_replaced_stays_and_is_told_once(void **state)
{
    struct dump d;
    struct source_fixture f;
    char blocked[2][TEST_PATH_SIZE + 32];

    dump_open(&d);
    source_fixture_open(&f, d.line, false);
    for (int i = 0; i < 2; i++) {
        add_samples_from(&f, source_fixture_add(&f, 5 - i, 0, 0), 3 * i, 3);
        snprintf(blocked[i], sizeof(blocked[i]), "%s/192.0.2.%d.dat.tmp", d.directory, 5 - i);
        assert_int_equal(mkdir(blocked[i], 0755), 0);
    }
    test_write_file(d.directory, "192.0.2.5.dat", "old");
    for (int i = 0; i < 3; i++)
        source_register_dump(f.set);
    char *text = test_read_file(d.path);
    assert_string_equal(text, "old");
    free(text);
    /* It is not over before both can be written. */
    assert_int_equal(rmdir(blocked[0]), 0);
    source_register_dump(f.set);
    assert_int_equal(rmdir(blocked[1]), 0);
    for (int i = 0; i < 3; i++)
        source_register_dump(f.set);
    text = test_read_file(d.path);
    assert_string_equal(text, GOOD_FILE);
    free(text);
    char expected[3 * TEST_PATH_SIZE + 256];
    snprintf(expected, sizeof(expected),
             "Disabled control of system clock\nCould not open %s : Is a directory\n"
             "Writing of %s works again\n",
             blocked[0], d.directory);
    source_fixture_check_log(&f, expected);
    source_fixture_close(&f);
    test_directory_remove(d.directory);
}

static void bad_files_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "SRC1\nntp.test\n0 7 3 2 0\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nother.test\n0 7 3 2 0\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test x\n0 7 3 2 0\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 8 3 2 0\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 16 0\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 2 3\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 2\n1 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 2 0\n0 0\n",
        "SRC0\nntp.test\n0 7 3 2 0\n65 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 2 0\n2 0\n" SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n" SAMPLE("1700000101.000000000"), /* in the future */
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n" SAMPLE("1700000000.5x"),
        "SRC0\nntp.test\n0 7 3 2 0\n2 0\n" SAMPLE("1700000000.000000000")
            SAMPLE("1700000000.000000000"),
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n1700000000.000000000 0 0 0 0 0\n",
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n1700000000.000000000 0 0 0 0 0 0 0\n",
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n1700000000.000000000 0 0 1e6 0 0 0\n",
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n1700000000.000000000 nan 0 0 0 0 0\n",
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n1700000000.000000000 1e11 0 0 0 0 0\n",
        "SRC0\nntp.test\n0 7 3 2 0\n1 0\n99999999999999999999.000000000 0 0 0 0 0 0\n",
    };
    struct dump d;

    dump_open(&d);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct source_fixture f;
        source_fixture_open(&f, d.line, false);
        struct source *s = source_fixture_add(&f, 5, 0, 0);
        clock_world_wake_at(f.w, 100.0);
        test_write_file(d.directory, "192.0.2.5.dat", bad[i]);
        source_register_reload(f.set);
        assert_int_equal(source_samples(s), 0);
        assert_int_equal(s->reach, 0);
        source_fixture_check_log(&f, "Disabled control of system clock\n"
                                     "Could not load dump file for 192.0.2.5\n");
        source_fixture_close(&f);
    }
    test_directory_remove(d.directory);
}

static void unauthenticated_history_is_not_for_an_authenticated_source(void **state)
{
    struct dump d;
    struct source_fixture f;

    dump_open(&d);
    test_write_file(d.directory, "192.0.2.5.dat", GOOD_FILE);
    source_fixture_open(&f, d.line, false);
    struct source *s = source_fixture_add(&f, 5, 0, 0);
    s->authenticated = true;
    clock_world_wake_at(f.w, 100.0);
    source_register_reload(f.set);
    assert_int_equal(source_samples(s), 0);
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
    test_directory_remove(d.directory);
}

static void only_dump_files_are_removed_after_the_start(void **state)
{
    static const char *const names[] = {"192.0.2.5.dat",
                                        "2001:db8::1.dat",
                                        "refid:50505300.dat",
                                        "192.0.2.6.dat.tmp",
                                        "192.0.2.5.conf",
                                        "notes.dat",
                                        ".dat",
                                        "notes.dat.tmp",
                                        "192.0.2.5.tmp"};
    const int count = 9, dumps = 4;
    struct dump d;
    struct source_fixture f;

    dump_open(&d);
    for (int i = 0; i < count; i++)
        test_write_file(d.directory, names[i], "x");
    source_fixture_open(&f, d.line, false);
    source_register_remove_dump_files(f.set);
    for (int i = 0; i < count; i++) {
        char path[TEST_PATH_SIZE + 32];
        snprintf(path, sizeof(path), "%s/%s", d.directory, names[i]);
        assert_int_equal(access(path, F_OK) == 0, i >= dumps);
    }
    source_fixture_check_log(&f, NULL);
    source_fixture_close(&f);
    test_directory_remove(d.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_survive_a_restart),
        cmocka_unit_test(file_that_cannot_be_replaced_stays_and_is_told_once),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(unauthenticated_history_is_not_for_an_authenticated_source),
        cmocka_unit_test(only_dump_files_are_removed_after_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

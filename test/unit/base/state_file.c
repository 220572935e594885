/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of state that are replaced again and again (base/state_file.h, daemon.md 22): when the new
 * contents take the old ones' place, and what is said about a disk that is full.
 */
#include "test/unit/support/unit.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/file_trouble.h"
#include "base/state_file.h"
#include "test/unit/support/nts.h"

#define PATH "/state/drift"

struct fixture {
    struct test_world test;
    struct loop *loop;
    struct state_file *file;
    char log[2048];
};

static void take_message(enum log_severity severity, const char *text, void *arg)
{
    struct fixture *f = arg;
    size_t used = strlen(f->log);

    snprintf(f->log + used, sizeof(f->log) - used, "%s\n", text);
}

static void set_up(struct fixture *f, const struct state_file_spec *spec)
{
    memset(f, 0, sizeof(*f));
    test_world_init(&f->test);
    f->loop = loop_new(&f->test.world);
    f->file = state_file_new(&f->test.world, f->loop, spec);
    log_open_function(take_message, f);
}

static void tear_down(struct fixture *f, const char *log)
{
    state_file_free(f->file);
    assert_null(test_world_file(&f->test, PATH ".tmp"));
    log_open_stderr();
    assert_string_equal(f->log, log);
    loop_free(f->loop);
    test_world_free(&f->test);
}

static void print(FILE *stream, const void *text)
{
    fputs(text, stream);
}

static void assert_contents(const struct fixture *f, const char *text)
{
    const struct test_file *file = test_world_file(&f->test, PATH);

    assert_non_null(file);
    assert_int_equal(file->size, strlen(text));
    assert_memory_equal(file->data, text, file->size);
}

static const struct state_file_spec plain = {.path = PATH, .mode = 0640};

static void it_is_replaced_at_once(void **state)
{
    struct fixture f;

    set_up(&f, &plain);
    assert_true(state_file_write(f.file, print, "one"));
    assert_contents(&f, "one");
    assert_int_equal(test_world_file(&f.test, PATH)->mode, 0640);
    assert_true(state_file_write(f.file, print, "two"));
    assert_contents(&f, "two");
    tear_down(&f, "");
}

static void later_means_after_a_minute_or_half_of_the_interval(void **state)
{
    static const struct {
        double interval, after;
    } cases[] = {{3600.0, 60.0}, {604800.0, 60.0}, {120.0, 60.0}, {10.0, 5.0}, {1.0, 0.5}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        set_up(&f, &plain);
        assert_true(state_file_write(f.file, print, "old"));
        state_file_write_later(f.file, cases[i].interval, print, "new");
        test_world_advance(f.loop, cases[i].after - 0.1);
        assert_contents(&f, "old");
        test_world_advance(f.loop, 0.2);
        assert_contents(&f, "new");
        tear_down(&f, "");
    }
}

static void without_an_interval_later_is_now(void **state)
{
    struct fixture f;

    set_up(&f, &plain);
    state_file_write_later(f.file, 0.0, print, "new");
    assert_contents(&f, "new");
    tear_down(&f, "");
}

static void the_newest_contents_win(void **state)
{
    struct fixture f;

    set_up(&f, &plain);
    state_file_write_later(f.file, 100.0, print, "first");
    test_world_advance(f.loop, 30.0);
    assert_true(state_file_write(f.file, print, "last"));
    test_world_advance(f.loop, 1000.0);
    assert_contents(&f, "last");
    state_file_write_later(f.file, 100.0, print, "second");
    test_world_advance(f.loop, 30.0);
    state_file_write_later(f.file, 100.0, print, "third");
    test_world_advance(f.loop, 30.0);
    assert_contents(&f, "last");
    test_world_advance(f.loop, 30.0);
    assert_contents(&f, "third");
    state_file_write_later(f.file, 100.0, print, "given up at the end");
    tear_down(&f, "");
}

static void a_full_disk_is_told_once_and_its_end_too(void **state)
{
    struct fixture f;

    set_up(&f, &plain);
    assert_true(state_file_write(f.file, print, "old"));
    f.test.disk_full = true;
    for (int i = 0; i < 10; i++) {
        assert_false(state_file_write(f.file, print, "new"));
        state_file_write_later(f.file, 10.0, print, "new");
        test_world_advance(f.loop, 10.0);
    }
    assert_contents(&f, "old");
    f.test.disk_full = false;
    for (int i = 0; i < 3; i++)
        assert_true(state_file_write(f.file, print, "new"));
    f.test.disk_full = true;
    assert_false(state_file_write(f.file, print, "newer"));
    assert_contents(&f, "new");
    tear_down(&f, "Could not write " PATH " : No space left on device\n"
                  "Writing of " PATH " works again\n"
                  "Could not write " PATH " : No space left on device\n");
}

static void the_message_can_be_another_one(void **state)
{
    const struct state_file_spec spec = {.path = PATH, .failure = "Could not save server NTS keys"};
    struct fixture f;

    set_up(&f, &spec);
    f.test.disk_full = true;
    assert_false(state_file_write(f.file, print, "new"));
    tear_down(&f, "Could not save server NTS keys : No space left on device\n");
}

static void several_files_have_one_trouble(void **state)
{
    struct file_trouble trouble = {.failed = false};
    struct fixture f;

    set_up(&f, &plain);
    for (int i = 0; i < 3; i++) {
        trouble.in_round = true;
        LOG_TROUBLE(&trouble, "%s fails", "one");
        file_trouble_end(&trouble, "two");
        LOG_TROUBLE(&trouble, "%s fails", "three");
        trouble.in_round = false;
    }
    file_trouble_end(&trouble, "all");
    file_trouble_end(&trouble, "all");
    file_trouble_end(NULL, "none");
    LOG_TROUBLE(NULL, "always");
    LOG_TROUBLE(NULL, "always");
    tear_down(&f, "one fails\nWriting of all works again\nalways\nalways\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_replaced_at_once),
        cmocka_unit_test(later_means_after_a_minute_or_half_of_the_interval),
        cmocka_unit_test(without_an_interval_later_is_now),
        cmocka_unit_test(the_newest_contents_win),
        cmocka_unit_test(a_full_disk_is_told_once_and_its_end_too),
        cmocka_unit_test(the_message_can_be_another_one),
        cmocka_unit_test(several_files_have_one_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic replacement of a file through the world (daemon.md 22), in a world that keeps its files in
 * memory: what is called, in which order, and what a failure leaves behind.
 */
#include "test/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/world.h"

struct stub {
    struct world world;
    char trace[256];
    char *text; /* what was written to the last stream */
    size_t text_size;
    bool fail_new, fail_rename, full;
};

static void trace(struct stub *s, const char *what, const char *path)
{
    size_t used = strlen(s->trace);

    snprintf(s->trace + used, sizeof(s->trace) - used, "%s %s;", what, path);
}

static FILE *stub_new(void *ctx, const char *path, mode_t mode)
{
    struct stub *s = ctx;

    assert_int_equal(mode, 0600);
    trace(s, "new", path);
    if (s->fail_new) {
        errno = EACCES;
        return NULL;
    }
    if (s->full)
        return fopen("/dev/full", "w");
    return open_memstream(&s->text, &s->text_size);
}

static bool stub_rename(void *ctx, const char *from, const char *to)
{
    struct stub *s = ctx;

    trace(s, "rename", from);
    trace(s, "to", to);
    errno = EISDIR;
    return !s->fail_rename;
}

static bool stub_remove(void *ctx, const char *path)
{
    trace(ctx, "remove", path);
    return true;
}

static const struct world_ops stub_ops = {
    .file_new = stub_new,
    .file_rename = stub_rename,
    .file_remove = stub_remove,
};

static void start(struct stub *s)
{
    memset(s, 0, sizeof(*s));
    s->world = (struct world){&stub_ops, s};
}

static int be_quiet(void **state)
{
    (void)state;
    return log_open_file("/dev/null") ? 0 : -1;
}

static void a_complete_file_takes_the_place_of_the_old_one(void **state)
{
    struct world_replace r;
    bool write_failed = true;
    struct stub s;

    (void)state;
    start(&s);
    assert_true(world_replace_begin(&s.world, &r, "/d/keys", NULL, 0600));
    fputs("text", r.stream);
    assert_string_equal(s.trace, "new /d/keys.tmp;");
    assert_true(world_replace_commit(&s.world, &r, &write_failed));
    assert_false(write_failed);
    assert_string_equal(s.trace, "new /d/keys.tmp;rename /d/keys.tmp;to /d/keys;");
    assert_string_equal(s.text, "text");
    free(s.text);
}

static void the_temporary_name_can_be_given(void **state)
{
    struct world_replace r;
    struct stub s;

    (void)state;
    start(&s);
    assert_true(world_replace_begin(&s.world, &r, "/d/192.0.2.1.nts", "/d/192.0.2.1.tmp", 0600));
    assert_true(world_replace_commit(&s.world, &r, NULL));
    assert_string_equal(s.trace,
                        "new /d/192.0.2.1.tmp;rename /d/192.0.2.1.tmp;to /d/192.0.2.1.nts;");
    free(s.text);
}

static void a_failed_write_never_replaces(void **state)
{
    struct world_replace r;
    bool write_failed = false;
    struct stub s;

    (void)state;
    start(&s);
    s.full = true;
    assert_true(world_replace_begin(&s.world, &r, "/d/keys", NULL, 0600));
    fputs("text", r.stream);
    assert_false(world_replace_commit(&s.world, &r, &write_failed));
    assert_true(write_failed);
    assert_string_equal(s.trace, "new /d/keys.tmp;remove /d/keys.tmp;");
}

static void a_failed_rename_removes_the_temporary_file(void **state)
{
    struct world_replace r;
    bool write_failed = true;
    struct stub s;

    (void)state;
    start(&s);
    s.fail_rename = true;
    assert_true(world_replace_begin(&s.world, &r, "/d/keys", NULL, 0600));
    assert_false(world_replace_commit(&s.world, &r, &write_failed));
    assert_false(write_failed);
    assert_string_equal(s.trace,
                        "new /d/keys.tmp;rename /d/keys.tmp;to /d/keys;remove /d/keys.tmp;");
    free(s.text);
}

static void without_a_temporary_file_nothing_begins(void **state)
{
    struct world_replace r;
    struct stub s;

    (void)state;
    start(&s);
    s.fail_new = true;
    assert_false(world_replace_begin(&s.world, &r, "/d/keys", NULL, 0600));
    assert_string_equal(s.trace, "new /d/keys.tmp;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_file_takes_the_place_of_the_old_one),
        cmocka_unit_test(the_temporary_name_can_be_given),
        cmocka_unit_test(a_failed_write_never_replaces),
        cmocka_unit_test(a_failed_rename_removes_the_temporary_file),
        cmocka_unit_test(without_a_temporary_file_nothing_begins),
    };

    return cmocka_run_group_tests(tests, be_quiet, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic replacement of a file through the world (daemon.md 22), in a world that keeps its files in
 * memory: what is called, in which order, and what a failure leaves behind.
 */
#include "test/unit/support/unit.h"

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
    bool fail_new, fail_rename, fail_sync, full;
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

static bool stub_sync(void *ctx, FILE *stream)
{
    struct stub *s = ctx;

    /* What has been written is in the file by now. */
    trace(s, "sync", s->text ? s->text : "");
    errno = EIO;
    return !s->fail_sync;
}

static bool stub_sync_name(void *ctx, const char *path)
{
    trace(ctx, "sync name", path);
    errno = EIO;
    return true;
}

static const struct world_ops stub_ops = {
    .file_new = stub_new,
    .file_rename = stub_rename,
    .file_sync = stub_sync,
    .file_sync_name = stub_sync_name,
    .file_remove = stub_remove,
};

static void start(struct stub *s)
{
    memset(s, 0, sizeof(*s));
    s->world = (struct world){&stub_ops, s};
}

static int be_quiet(void **state)
{
    return log_open_file("/dev/null") ? 0 : -1;
}

static const struct world_replace_spec keys = {.path = "/d/keys", .mode = 0600};

static void a_complete_file_takes_the_place_of_the_old_one(void **state)
{
    struct world_replace r;
    struct stub s;

    start(&s);
    assert_true(world_replace_begin(&s.world, &r, &keys));
    fputs("text", r.stream);
    assert_string_equal(s.trace, "new /d/keys.tmp;");
    assert_true(world_replace_commit(&s.world, &r));
    assert_string_equal(s.trace, "new /d/keys.tmp;rename /d/keys.tmp;to /d/keys;");
    assert_string_equal(s.text, "text");
    free(s.text);
}

static void the_temporary_name_can_be_given(void **state)
{
    const struct world_replace_spec spec = {
        .path = "/d/192.0.2.1.nts", .tmp_path = "/d/192.0.2.1.tmp", .mode = 0600};
    struct world_replace r;
    struct stub s;

    start(&s);
    assert_true(world_replace_begin(&s.world, &r, &spec));
    assert_true(world_replace_commit(&s.world, &r));
    assert_string_equal(s.trace,
                        "new /d/192.0.2.1.tmp;rename /d/192.0.2.1.tmp;to /d/192.0.2.1.nts;");
    free(s.text);
}

static void the_contents_are_on_the_disk_before_they_take_the_old_ones_place(void **state)
{
    const struct world_replace_spec spec = {
        .path = "/d/keys", .mode = 0600, .sync = true, .sync_name = true};
    struct world_replace r;
    struct stub s;

    start(&s);
    assert_true(world_replace_begin(&s.world, &r, &spec));
    fputs("text", r.stream);
    assert_true(world_replace_commit(&s.world, &r));
    assert_string_equal(
        s.trace, "new /d/keys.tmp;sync text;rename /d/keys.tmp;to /d/keys;sync name /d/keys;");
    free(s.text);
}

static void what_did_not_get_to_the_disk_never_replaces(void **state)
{
    const struct world_replace_spec spec = {.path = "/d/keys", .mode = 0600, .sync = true};
    struct world_replace r;
    struct stub s;

    start(&s);
    s.fail_sync = true;
    assert_true(world_replace_begin(&s.world, &r, &spec));
    fputs("text", r.stream);
    assert_false(world_replace_commit(&s.world, &r));
    assert_string_equal(s.trace, "new /d/keys.tmp;sync text;remove /d/keys.tmp;");
    free(s.text);
}

static void an_abandoned_replacement_leaves_the_old_file(void **state)
{
    struct world_replace r;
    struct stub s;

    start(&s);
    assert_true(world_replace_begin(&s.world, &r, &keys));
    fputs("text", r.stream);
    world_replace_abandon(&s.world, &r);
    assert_string_equal(s.trace, "new /d/keys.tmp;remove /d/keys.tmp;");
    free(s.text);
}

static void a_failed_write_never_replaces(void **state)
{
    struct world_replace r;
    struct stub s;

    start(&s);
    s.full = true;
    assert_true(world_replace_begin(&s.world, &r, &keys));
    fputs("text", r.stream);
    assert_false(world_replace_commit(&s.world, &r));
    assert_string_equal(s.trace, "new /d/keys.tmp;remove /d/keys.tmp;");
}

static void a_failed_rename_removes_the_temporary_file(void **state)
{
    struct world_replace r;
    struct stub s;

    start(&s);
    s.fail_rename = true;
    assert_true(world_replace_begin(&s.world, &r, &keys));
    assert_false(world_replace_commit(&s.world, &r));
    assert_string_equal(s.trace,
                        "new /d/keys.tmp;rename /d/keys.tmp;to /d/keys;remove /d/keys.tmp;");
    free(s.text);
}

static void without_a_temporary_file_nothing_begins(void **state)
{
    struct world_replace r;
    struct stub s;

    start(&s);
    s.fail_new = true;
    assert_false(world_replace_begin(&s.world, &r, &keys));
    assert_string_equal(s.trace, "new /d/keys.tmp;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_file_takes_the_place_of_the_old_one),
        cmocka_unit_test(the_temporary_name_can_be_given),
        cmocka_unit_test(the_contents_are_on_the_disk_before_they_take_the_old_ones_place),
        cmocka_unit_test(what_did_not_get_to_the_disk_never_replaces),
        cmocka_unit_test(an_abandoned_replacement_leaves_the_old_file),
        cmocka_unit_test(a_failed_write_never_replaces),
        cmocka_unit_test(a_failed_rename_removes_the_temporary_file),
        cmocka_unit_test(without_a_temporary_file_nothing_begins),
    };

    return cmocka_run_group_tests(tests, be_quiet, NULL);
}

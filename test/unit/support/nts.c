/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of nts/ share. The world below has only the functions that nts/ and the event loop
 * use; anything else would be a NULL call and so a loud failure.
 */
#include "test/unit/support/nts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"

static struct raw_time raw_now(void *ctx)
{
    struct test_world *test = ctx;

    return (struct raw_time){test->now};
}

static struct mono_time mono_now(void *ctx)
{
    struct test_world *test = ctx;

    return (struct mono_time){test->now};
}

static int wait_fds(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct test_world *test = ctx;

    if (timeout > 0.0)
        test->now = instant_add(test->now, timeout);
    return 0;
}

static bool no_signal(void *ctx)
{
    return false;
}

static void dispatch(void *ctx)
{
}

static int pending(void *ctx)
{
    return 0;
}

static void random_bytes(void *ctx, void *out, size_t length)
{
    struct test_world *test = ctx;
    uint8_t *octets = out;

    for (size_t i = 0; i < length; i++) {
        test->random_state = test->random_state * 6364136223846793005u + 1442695040888963407u;
        octets[i] = (uint8_t)(test->random_state >> 56);
    }
}

static struct test_file *find(struct test_world *test, const char *path)
{
    for (int i = 0; i < test->file_count; i++)
        if (!test->files[i].removed && strcmp(test->files[i].path, path) == 0)
            return &test->files[i];
    return NULL;
}

static struct test_file *new_file(struct test_world *test, const char *path)
{
    struct test_file *old = find(test, path), *file;

    if (old)
        old->removed = true;
    assert_in_range(test->file_count, 0, TEST_MAX_FILES - 1);
    file = &test->files[test->file_count++];
    *file = (struct test_file){.path = text_dup(path)};
    return file;
}

static FILE *file_read(void *ctx, const char *path)
{
    struct test_file *file = find(ctx, path);

    errno = ENOENT;
    return file ? fmemopen(file->data, file->size, "r") : NULL;
}

/* Not open_memstream, which has no buffer that a caller could set. */
static ssize_t append(void *cookie, const char *data, size_t length)
{
    struct test_file *file = cookie;

    file->data = mem_resize(file->data, file->size + length, 1);
    memcpy(file->data + file->size, data, length);
    file->size += length;
    return (ssize_t)length;
}

static FILE *file_new(void *ctx, const char *path, mode_t mode)
{
    struct test_world *test = ctx;
    struct test_file *file = new_file(test, path);

    file->mode = mode;
    return test->disk_full ? fopen("/dev/full", "w")
                           : fopencookie(file, "w", (cookie_io_functions_t){.write = append});
}

static bool file_rename(void *ctx, const char *from, const char *to)
{
    struct test_file *source = find(ctx, from), *old = find(ctx, to);

    if (!source)
        return false;
    if (old)
        old->removed = true;
    free(source->path);
    source->path = text_dup(to);
    return true;
}

static bool file_remove(void *ctx, const char *path)
{
    struct test_file *file = find(ctx, path);

    if (file)
        file->removed = true;
    return file != NULL;
}

void test_world_init(struct test_world *test)
{
    *test = (struct test_world){
        .ops =
            {
                .raw_now = raw_now,
                .mono_now = mono_now,
                .wait = wait_fds,
                .quit_requested = no_signal,
                .reload_requested = no_signal,
                .dispatch = dispatch,
                .pending = pending,
                .random_bytes = random_bytes,
                .file_read = file_read,
                .file_new = file_new,
                .file_rename = file_rename,
                .file_remove = file_remove,
            },
        .now = {1000000, 0},
        .random_state = 1,
    };
    test->world = (struct world){&test->ops, test};
}

void test_world_free(struct test_world *test)
{
    for (int i = 0; i < test->file_count; i++) {
        free(test->files[i].path);
        free(test->files[i].data);
    }
}

static void on_timeout(void *arg)
{
    bool *stopped = arg;

    *stopped = true;
}

void test_world_advance(struct loop *loop, double seconds)
{
    bool stopped = false;

    loop_timer_add(loop, seconds, on_timeout, &stopped);
    while (!stopped)
        loop_run_once(loop);
}

void test_world_put(struct test_world *test, const char *path, const char *content)
{
    struct test_file *file = new_file(test, path);

    file->data = text_dup(content);
    file->size = strlen(content);
}

const struct test_file *test_world_file(const struct test_world *test, const char *path)
{
    for (int i = 0; i < test->file_count; i++)
        if (!test->files[i].removed && strcmp(test->files[i].path, path) == 0)
            return &test->files[i];
    return NULL;
}

json_t *test_json(const char *name)
{
    char path[1024];
    json_error_t error;

    snprintf(path, sizeof(path), "%s/nts/%s", TEST_DATA_DIR, name);
    json_t *json = json_load_file(path, 0, &error);
    if (!json)
        fail_msg("%s: %s", path, error.text);
    return json;
}

const char *test_string(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    if (!value)
        fail_msg("no string %s", key);
    return value;
}

size_t test_hex(const json_t *object, const char *key, uint8_t *out, size_t size)
{
    const char *text = test_string(object, key);
    size_t length = text_from_hex(text, out, size);

    if (length * 2 != strlen(text))
        fail_msg("%s is not hexadecimal or too long", key);
    return length;
}

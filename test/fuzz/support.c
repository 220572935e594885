/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of the fuzz targets. Nothing outside of the process is touched.
 */
#include "test/fuzz/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"

static struct raw_time raw_now(void *ctx)
{
    return (struct raw_time){{FUZZ_TIME, 0}};
}

static struct mono_time mono_now(void *ctx)
{
    return (struct mono_time){{1000, 0}};
}

static void random_bytes(void *ctx, void *out, size_t length)
{
    struct fuzz_world *fuzz = ctx;
    uint8_t *p = out;

    for (size_t i = 0; i < length; i++) {
        fuzz->random = fuzz->random * 6364136223846793005u + 1442695040888963407u;
        p[i] = (uint8_t)(fuzz->random >> 56);
    }
}

static FILE *file_read(void *ctx, const char *path)
{
    struct fuzz_world *fuzz = ctx;

    if (fuzz->size == 0) {
        errno = ENOENT;
        return NULL;
    }
    return fmemopen((void *)(uintptr_t)fuzz->data, fuzz->size, "r");
}

static FILE *file_new(void *ctx, const char *path, mode_t mode)
{
    errno = EROFS;
    return NULL;
}

static bool file_remove(void *ctx, const char *path)
{
    return true;
}

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    *info = (struct world_file_info){.mode = 0600, .is_regular = true};
    return true;
}

static char **list_files(void *ctx, const char *directory, const char *suffix)
{
    char **names = mem_array(2, sizeof(*names));
    char name[64] = "a";

    strncat(name, suffix, sizeof(name) - 2);
    names[0] = text_dup(name);
    return names;
}

static bool family_enabled(void *ctx, enum ip_family family)
{
    return family == IP_V4 || family == IP_V6;
}

void fuzz_world_init(struct fuzz_world *fuzz, const uint8_t *data, size_t size)
{
    *fuzz = (struct fuzz_world){
        .ops = {.raw_now = raw_now,
                .mono_now = mono_now,
                .random_bytes = random_bytes,
                .file_read = file_read,
                .file_new = file_new,
                .file_remove = file_remove,
                .file_info = file_info,
                .list_files = list_files,
                .family_enabled = family_enabled},
        .data = data,
        .size = size,
        .random = 1,
    };
    fuzz->world = (struct world){.ops = &fuzz->ops, .ctx = fuzz};
    log_set_threshold(LOG_SEV_FATAL);
}

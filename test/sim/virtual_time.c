/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files in which the simulator hands its numbers to virtual_time.so, and the figures that come
 * back. Linked into both; it calls nothing of either.
 */
#include "test/interop/virtual_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_LENGTH 512

struct outcome {
    struct sim_result result;
    size_t count; /* of offsets, which follow */
};

bool virtual_time_can(const struct action *action)
{
    switch (action->kind) {
    case ACTION_NONE:
    case STEP_CLOCK:
    case LINKS_DOWN:
    case LINKS_UP:
    case CHANGE_FREQUENCY:
    case CHANGE_WANDER:
    case CHANGE_DELAY:
        return true;
    default:
        return false;
    }
}

static FILE *open_in(const char *directory, const char *name, const char *mode)
{
    char path[PATH_LENGTH];

    if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return fopen(path, mode);
}

static void remove_in(const char *directory, const char *name)
{
    char path[PATH_LENGTH];

    if (snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path))
        unlink(path);
}

static bool write_and_close(FILE *file, const void *data, size_t size, const void *more,
                            size_t more_size)
{
    bool good =
        fwrite(data, 1, size, file) == size && fwrite(more, 1, more_size, file) == more_size;

    return fclose(file) == 0 && good;
}

bool virtual_time_write(const char *directory, const struct virtual_time_params *params)
{
    FILE *file = open_in(directory, "params", "w");

    return file && write_and_close(file, params, sizeof(*params), "", 0);
}

bool virtual_time_read(const char *directory, struct virtual_time_params *params)
{
    FILE *file = open_in(directory, "params", "r");

    if (!file)
        return false;
    bool good = fread(params, 1, sizeof(*params), file) == sizeof(*params) && fgetc(file) == EOF;
    fclose(file);
    return good;
}

bool virtual_time_write_result(const char *directory, const struct sim_result *result,
                               const float *offsets, size_t count)
{
    struct outcome outcome = {*result, count};
    FILE *file = open_in(directory, "result", "w");

    return file &&
           write_and_close(file, &outcome, sizeof(outcome), offsets, count * sizeof(*offsets));
}

static bool read_offsets(FILE *file, size_t count, float **offsets)
{
    *offsets = calloc(count + 1, sizeof(**offsets));
    if (*offsets && fread(*offsets, sizeof(**offsets), count, file) == count)
        return true;
    free(*offsets);
    *offsets = NULL;
    return false;
}

bool virtual_time_read_result(const char *directory, struct sim_result *result, float **offsets,
                              size_t *count)
{
    FILE *file = open_in(directory, "result", "r");
    struct outcome outcome = {.count = 0};
    bool good = file && fread(&outcome, 1, sizeof(outcome), file) == sizeof(outcome);

    if (good && offsets)
        good = read_offsets(file, outcome.count, offsets);
    if (file)
        fclose(file);
    *result = outcome.result;
    if (count)
        *count = outcome.count;
    remove_in(directory, "params");
    remove_in(directory, "result");
    return good;
}

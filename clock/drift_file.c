/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing of the drift file (discipline.md 16.4). Called by the reference. A failing
 * write leaves the old file as it is.
 */
#include "clock/drift_file.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include "base/log.h"
#include "base/text.h"

#define DRIFT_FILE_MODE 0644

enum drift_file_status drift_file_read(const struct world *world, const char *path,
                                       double *freq_ppm, double *skew_ppm)
{
    char text[512];
    FILE *file = world->ops->file_read(world->ctx, path);

    if (!file) {
        if (errno != ENOENT)
            LOG_WARN("Could not open %s : %s", path, text_errno(errno));
        return DRIFT_FILE_MISSING;
    }
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';

    size_t used;
    if (!text_scan_double(text, freq_ppm, &used) ||
        !text_scan_double(text + used, skew_ppm, &used) || !isfinite(*freq_ppm) ||
        !isfinite(*skew_ppm))
        return DRIFT_FILE_INVALID;
    return DRIFT_FILE_OK;
}

struct state_file *drift_file_new(struct world *world, struct loop *loop, const char *path)
{
    const struct state_file_spec spec = {.path = path, .mode = DRIFT_FILE_MODE};

    return state_file_new(world, loop, &spec);
}

void drift_file_print(FILE *stream, const void *values)
{
    const struct drift_file_values *v = values;

    fprintf(stream, "%20.6f %20.6f\n", v->freq_ppm, v->skew_ppm);
}

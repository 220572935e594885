/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing of the drift file (discipline.md 16.4). Called by the reference. A failing
 * write leaves the old file as it is.
 */
#include "chronyd/clock/drift_file.h"
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

    if (!file)
        return DRIFT_FILE_MISSING;
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

void drift_file_write(const struct world *world, const char *path, double freq_ppm, double skew_ppm)
{
    struct world_replace replace;
    bool write_failed = false;

    if (!world_replace_begin(world, &replace, path, NULL, DRIFT_FILE_MODE))
        return;
    fprintf(replace.stream, "%20.6f %20.6f\n", freq_ppm, skew_ppm);
    if (!world_replace_commit(world, &replace, &write_failed) && write_failed)
        LOG_ERROR("Could not write %s", path);
}

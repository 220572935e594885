/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing of the rtcfile, see rtc_file.h. A failing write leaves the old file as it is.
 */
#include "chronyd/rtc/rtc_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include "base/log.h"
#include "base/text.h"

#define RTC_FILE_MODE 0644
/* Values beyond these are no coefficients of a clock. */
#define MAX_REF_TIME 1e15
#define MAX_OFFSET   1e12
#define MAX_RATE_PPM 1e6

static bool read_line(const struct world *world, const char *path, struct rtc_coefficients *c,
                      bool *readable)
{
    FILE *file = world->ops->file_read(world->ctx, path);
    double ref, offset, rate;
    char line[256];
    int valid;

    *readable = file != NULL;
    if (!file) {
        if (errno != ENOENT)
            LOG_WARN("Could not open %s : %s", path, text_errno(errno));
        return false;
    }
    bool ok = fgets(line, sizeof(line), file) &&
              sscanf(line, "%d %lf %lf %lf", &valid, &ref, &offset, &rate) == 4 &&
              fabs(ref) <= MAX_REF_TIME && fabs(offset) <= MAX_OFFSET && fabs(rate) <= MAX_RATE_PPM;
    fclose(file);
    if (ok)
        *c = (struct rtc_coefficients){valid != 0, (int64_t)ref, offset, 1e-6 * rate};
    return ok;
}

struct rtc_coefficients rtc_file_read(const struct world *world, const char *path)
{
    struct rtc_coefficients c = {.valid = false};
    bool readable;

    if (!read_line(world, path, &c, &readable) && readable)
        LOG_WARN("Could not read coefficients from %s", path);
    return c;
}

struct state_file *rtc_file_new(struct world *world, struct loop *loop, const char *path)
{
    const struct state_file_spec spec = {.path = path, .mode = RTC_FILE_MODE};

    return state_file_new(world, loop, &spec);
}

static void print(FILE *stream, const void *coefficients)
{
    const struct rtc_coefficients *c = coefficients;

    fprintf(stream, "%1d %.0f %.6f %.3f\n", c->valid, (double)c->ref, c->offset, 1e6 * c->rate);
}

bool rtc_file_write(struct state_file *file, const struct rtc_coefficients *c)
{
    return state_file_write(file, print, c);
}

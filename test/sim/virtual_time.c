/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/interop/virtual_time.h"

#include <inttypes.h>
#include <stdio.h>

void virtual_time_format(char text[static VIRTUAL_TIME_TEXT_SIZE],
                         const struct virtual_time_params *p)
{
    snprintf(text, VIRTUAL_TIME_TEXT_SIZE,
             "%" PRIu64 " %" PRId64 " %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g "
             "%.17g %.17g %.17g %d %.17g",
             p->seed, p->start, p->duration, p->oscillator.offset, p->oscillator.frequency,
             p->oscillator.wander, p->there.delay, p->there.jitter, p->there.loss, p->back.delay,
             p->back.jitter, p->back.loss, p->bounds.from, p->bounds.offset, p->bounds.frequency,
             p->node, p->shm_jitter);
}

bool virtual_time_parse(const char *text, struct virtual_time_params *p)
{
    return sscanf(
               text,
               "%" SCNu64 " %" SCNd64 " %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %d %lf",
               &p->seed, &p->start, &p->duration, &p->oscillator.offset, &p->oscillator.frequency,
               &p->oscillator.wander, &p->there.delay, &p->there.jitter, &p->there.loss,
               &p->back.delay, &p->back.jitter, &p->back.loss, &p->bounds.from, &p->bounds.offset,
               &p->bounds.frequency, &p->node, &p->shm_jitter) == 17;
}

void virtual_time_format_result(char text[static VIRTUAL_TIME_TEXT_SIZE],
                                const struct sim_result *r)
{
    snprintf(text, VIRTUAL_TIME_TEXT_SIZE,
             "virtual time: %.17g %.17g %.17g %.17g %.17g %.17g %.17g %" PRIu64 " %.17g",
             r->sync_time, r->max_offset, r->rms_offset, r->max_frequency, r->rms_frequency,
             r->min_raw_step, r->max_raw_step, r->packets, r->final_offset);
}

bool virtual_time_parse_result(const char *text, struct sim_result *r)
{
    return sscanf(text, "virtual time: %lf %lf %lf %lf %lf %lf %lf %" SCNu64 " %lf", &r->sync_time,
                  &r->max_offset, &r->rms_offset, &r->max_frequency, &r->rms_frequency,
                  &r->min_raw_step, &r->max_raw_step, &r->packets, &r->final_offset) == 9;
}

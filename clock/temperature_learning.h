/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learns how the frequency of this host's oscillator depends on the temperature of a sensor, and
 * makes the clock follow each change of the temperature at once (discipline.md 30.8, directive
 * templearn). It sees the corrections of the clock as a holder of local times, whoever made them,
 * and changes nothing but the frequency.
 */
#ifndef CLOCK_TEMPERATURE_LEARNING_H
#define CLOCK_TEMPERATURE_LEARNING_H

#include "base/report.h"
#include "clock/temperature.h"
#include "conf/groups.h"

struct temperature_learning;

/* Reads the sensor for the first time and then at the interval of conf, which must outlive it, as
   must all of env. A sensor that fails is reported once, when it begins and when it is over. NULL:
   no templearn directive. */
struct temperature_learning *temperature_learning_new(const struct temperature_env *env,
                                                      const struct templearn_conf *conf);
/* The clock keeps its frequency. NULL is allowed. */
void temperature_learning_free(struct temperature_learning *learning);

/* The values of chronyc's report. False: learning is NULL. */
bool temperature_learning_report(const struct temperature_learning *learning,
                                 struct report_temperature *report);

#endif

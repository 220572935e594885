/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock, reference and a set of sources on the world of clock.h, with a configuration from
 * lines and the log messages as text.
 */
#ifndef TEST_UNIT_SUPPORT_SOURCES_H
#define TEST_UNIT_SUPPORT_SOURCES_H

#include "clock/measurement_log.h"
#include "clock/reference.h"
#include "clock/slew.h"
#include "source/source.h"
#include "test/unit/support/clock.h"
#include "test/unit/support/conf.h"

struct source_fixture {
    char directory[TEST_PATH_SIZE];
    struct clock_world *w;
    struct conf *conf;
    struct measurement_log *mlog;
    struct slew *slew; /* NULL: null driver */
    struct local_clock *clock;
    struct reference *reference;
    struct source_register *set;

    int ended; /* calls of the end handler, and what it was told */
    enum reference_mode ended_mode;
    bool ended_success;
    int bad; /* calls for a bad source */
    uint32_t local_refid;
};

/* `lines` may contain %s for the private directory. control: Linux driver, else the null driver.
   The log is being recorded afterwards. */
void source_fixture_open(struct source_fixture *f, const char *lines, bool control);
/* At another raw time than 1700000000. */
void source_fixture_open_at(struct source_fixture *f, const char *lines, bool control,
                            int64_t start);
/* Ends the recording and checks it, if expected_log is not NULL. */
void source_fixture_check_log(struct source_fixture *f, const char *expected_log);
void source_fixture_close(struct source_fixture *f);

/* Adds 192.0.2.NUMBER with these selection options. */
struct source *source_fixture_add(struct source_fixture *f, int number, unsigned int options,
                                  int max_samples);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixture of sources.h.
 */
#include "test/unit/support/sources.h"
#include "test/unit/support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock/driver_linux.h"
#include "clock/driver_null.h"

static void on_end(enum reference_mode mode, bool success, void *arg)
{
    struct source_fixture *f = arg;

    f->ended++;
    f->ended_mode = mode;
    f->ended_success = success;
}

static void on_bad(struct source *source, void *arg)
{
    ((struct source_fixture *)arg)->bad++;
}

static uint32_t local_refid(const struct source *source, void *arg)
{
    return ((struct source_fixture *)arg)->local_refid;
}

static void open_clock(struct source_fixture *f, bool control)
{
    struct local_clock_params params = clock_world_params();
    struct clock_driver driver;

    if (control) {
        f->slew = slew_new(&f->w->world, f->w->loop, driver_linux_new(&f->w->world, true),
                           params.conf.max_slew_rate);
        driver = slew_driver(f->slew);
    } else {
        driver = driver_null_new(&f->w->world);
    }
    f->clock = local_clock_new_with_driver(&f->w->world, f->w->loop, &params, driver);
    if (f->slew)
        local_clock_follow_slew(f->clock, f->slew);
}

void source_fixture_open(struct source_fixture *f, const char *lines, bool control)
{
    source_fixture_open_at(f, lines, control, 1700000000);
}

void source_fixture_open_at(struct source_fixture *f, const char *lines, bool control,
                            int64_t start)
{
    char text[2048], *directory;

    memset(f, 0, sizeof(*f));
    test_directory_make(f->directory);
    /* %s may occur more than once. */
    size_t used = 0;
    for (const char *p = lines; *p && used < sizeof(text) - TEST_PATH_SIZE; p++) {
        if (p[0] == '%' && p[1] == 's') {
            for (directory = f->directory; *directory; directory++)
                text[used++] = *directory;
            p++;
        } else {
            text[used++] = *p;
        }
    }
    text[used] = '\0';

    f->w = clock_world_new(start);
    f->conf = test_conf(text);
    test_log_begin(f->directory);
    f->mlog = measurement_log_new(&f->w->world, &f->conf->log);
    open_clock(f, control);

    struct reference_env reference_env = {&f->w->world, f->w->loop, f->clock, f->mlog, on_end, f};
    f->reference = reference_new(&reference_env, &f->conf->reference);
    struct source_register_env register_env = {.world = &f->w->world,
                                               .clock = f->clock,
                                               .reference = f->reference,
                                               .log = f->mlog,
                                               .on_bad = on_bad,
                                               .local_refid = local_refid,
                                               .arg = f};
    f->set = source_register_new(&register_env, &f->conf->selection);
}

void source_fixture_check_log(struct source_fixture *f, const char *expected_log)
{
    char *log = test_log_end(f->directory);

    if (expected_log)
        assert_string_equal(log, expected_log);
    free(log);
}

void source_fixture_close(struct source_fixture *f)
{
    source_register_free(f->set);
    reference_free(f->reference);
    local_clock_free(f->clock);
    measurement_log_free(f->mlog);
    conf_free(f->conf);
    clock_world_free(f->w);
    test_directory_remove(f->directory);
}

struct source *source_fixture_add(struct source_fixture *f, int number, unsigned int options,
                                  int max_samples)
{
    static const char *const names[] = {"192.0.2.0", "192.0.2.1", "192.0.2.2",
                                        "192.0.2.3", "192.0.2.4", "ntp.test"};
    struct source_params params = {
        .addr = ip_addr_v4(192, 0, 2, (uint8_t)number),
        .name = names[number],
        .select_options = options,
        .min_samples = SOURCE_DEFAULT_SAMPLES,
        .max_samples = max_samples,
        .asymmetry = 1.0,
        .max_unreach = 100000,
    };

    return source_new(f->set, &params);
}

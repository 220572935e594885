/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of time pages: what a reader makes of the page is, bit for bit, what the main process
 * would use at that time, whatever happens to the clock; its straight lines keep to the clock and
 * to its bound; and no reader mixes readings from before and after a step.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/refid.h"
#include "chronyd/os/time_page_memory.h"
#include "chronyd/time_page_writer.h"
#include "clock/smoothing.h"
#include "ntp/transmit_time.h"
#include "test/unit/support/sources.h"

#define MIDNIGHT 1719792000 /* the first second of July 2024 */

struct fixture {
    struct source_fixture f;
    struct ntp_env env;
    struct ntp_mono_scale mono;
    struct time_page_memory memory;
    const struct time_page *reader;
    struct time_page_writer *writer;
    double t;
    uint64_t random;
};

static double random_unit(struct fixture *x)
{
    x->random = x->random * 6364136223846793005u + 1442695040888963407u;
    return (double)(x->random >> 11) / 9007199254740992.0;
}

static void open_fixture(struct fixture *x, const char *lines, bool control)
{
    memset(x, 0, sizeof(*x));
    source_fixture_open_at(&x->f, lines, control, MIDNIGHT - 3600);
    x->env = (struct ntp_env){
        .world = &x->f.w->world,
        .loop = x->f.w->loop,
        .clock = x->f.clock,
        .reference = x->f.reference,
        .smoothing = smoothing_new(x->f.clock, x->f.reference, &x->f.conf->smoothing),
        .leap_is_slewed = x->f.conf->reference.leap.mode == LEAPSEC_SLEW,
    };
    x->mono = (struct ntp_mono_scale){.shift = 0.25, .epoch = 77};
    assert_true(time_page_memory_new(&x->memory));
    x->reader = time_page_map(x->memory.fd);
    assert_non_null(x->reader);
    const struct time_page_source source = {&x->env, &x->mono, true};
    x->writer = time_page_writer_new(&source, &x->memory.page, 1);
}

static void close_fixture(struct fixture *x)
{
    time_page_writer_free(x->writer);
    time_page_unmap(x->reader);
    time_page_memory_free(&x->memory);
    smoothing_free(x->env.smoothing);
    source_fixture_check_log(&x->f, NULL);
    source_fixture_close(&x->f);
}

static void run_until(struct fixture *x, double t)
{
    clock_world_run_until(x->f.w, t);
    x->t = t;
}

static void update(struct fixture *x, double offset, double frequency, double wander, int leap)
{
    const struct reference_update u = {
        .stratum = 2,
        .leap = leap,
        .combined_sources = 1,
        .refid = 0xc0000201,
        .ref_time = local_clock_event_time(x->f.clock, NULL),
        .offset = offset,
        .offset_sd = 1e-5,
        .frequency = frequency,
        .frequency_sd = 1e-8,
        .skew = 1e-7,
        .root_delay = 0.01,
        .root_dispersion = 0.002,
        .filtered = wander > 0.0,
        .wander = wander,
        .noise_sd = 1e-5,
    };

    reference_update(x->f.reference, &u);
}

static bool read_page(const struct fixture *x, struct transmit_time *time)
{
    struct mono_time mono = world_mono_now(&x->f.w->world);

    return time_page_read(x->reader, mono, loop_event_raw(x->f.w->loop), time);
}

#define assert_same(member) assert_memory_equal(&a.member, &b.member, sizeof(a.member))

static void assert_equal_times(const struct transmit_time *page, const struct transmit_time *main)
{
    const struct transmit_time a = *page, b = *main;

    assert_same(scale.start.i.sec);
    assert_same(scale.start.i.nsec);
    assert_same(scale.freq);
    assert_same(scale.offset);
    assert_same(scale.error);
    assert_same(scale.error_length);
    assert_same(event_time.i.sec);
    assert_same(event_time.i.nsec);
    assert_same(reference.synchronised);
    assert_same(reference.leap);
    assert_same(reference.stratum);
    assert_same(reference.refid);
    assert_same(reference.root_delay);
    assert_same(reference.root_dispersion);
    assert_same(precision_log);
    assert_same(quantum);
    assert_same(smoothing);
    assert_same(smoothing_offset);
    assert_same(leap_is_slewed);
    assert_same(add_net_correction);
    assert_same(mono.shift);
    assert_same(mono.epoch);
    /* That of the local reference is made anew from time to time. */
    if (a.reference.refid == REFID_LOCAL) {
        assert_between(local_diff(a.event_time, a.reference.ref_time), 1.0, 70.0);
        return;
    }
    assert_same(reference.ref_time.i.sec);
    assert_same(reference.ref_time.i.nsec);
}

static void check(struct fixture *x, bool expected)
{
    struct transmit_time page, main = transmit_time_make(&x->env);

    main.mono = x->mono;
    main.add_net_correction = true;
    assert_int_equal(read_page(x, &page), expected);
    if (expected)
        assert_equal_times(&page, &main);
}

static int64_t along(int64_t elapsed, int64_t rate)
{
    return elapsed + (int64_t)floor((double)elapsed * (double)rate / 4294967296.0);
}

/* The straight lines at the present time, beside the clock itself. */
static void check_lines(const struct fixture *x)
{
    struct time_page_content c;
    struct raw_time raw = loop_event_raw(x->f.w->loop);
    struct local_time cooked = local_clock_cook(x->f.clock, raw, NULL);
    struct transmit_time time;
    struct reference_data data;

    assert_true(time_page_read_content(x->reader, &c));
    int64_t elapsed = time_page_ns(world_mono_now(&x->f.w->world).i) - c.lines.mono_ns;
    assert_int_equal(c.lines.changing_since_ns, 0);
    assert_between((double)elapsed, 0.0, 4e9);
    assert_close(
        (double)(c.lines.utc_ns + along(elapsed, c.lines.utc_rate) - time_page_ns(cooked.i)), 0.0,
        3.0);
    assert_true(read_page(x, &time));
    double served = transmit_smoothing(&time, NTP_MODE_SERVER);
    struct ntp_time expected =
        ntp_time_from_instant(local_add(cooked, served).i, (struct ntp_time){0});
    double passed = 1e-9 * (double)along(elapsed, c.lines.served_rate);
    /* Smoothing is a curve, and it ends at the precision of the clock. */
    double limit = time.smoothing ? 1.1e-6 + 2e-6 * x->f.conf->smoothing.max_wander : 5e-9;
    assert_close(ntp_time_diff(expected, c.lines.served_ntp) - passed, 0.0, limit);

    reference_get(x->f.reference, cooked, &data);
    assert_int_equal(c.lines.flags, data.synchronised && data.leap != LEAP_UNSYNC);
    if (!data.synchronised)
        return;
    double bound = (double)(c.lines.bound_ns + along(elapsed, c.lines.bound_growth) - elapsed);
    double distance = 0.5 * data.root_delay + data.root_dispersion;
    assert_true(bound >= 1e9 * distance);
    assert_true(bound <= 1e9 * distance + 2000.0);
}

static void change_something(struct fixture *x)
{
    double offset = (random_unit(x) - 0.5) * pow(10.0, -6.0 * random_unit(x));
    int action = (int)(random_unit(x) * 20.0);

    x->f.w->call_count = 0;
    switch (action) {
    case 0:
        reference_set_unsynchronised(x->f.reference);
        break;
    case 1:
        local_clock_step(x->f.clock, offset, STEP_COMMAND);
        break;
    case 2:
        local_clock_accumulate_offset(x->f.clock, offset, 0.0);
        break;
    case 3:
        smoothing_reset(x->env.smoothing);
        break;
    case 4:
        local_clock_set_temperature_compensation(x->f.clock, 10.0 * offset);
        break;
    case 5:
        local_clock_make_step(x->f.clock);
        break;
    case 6:
        /* Less is noticed later. */
        x->f.w->jump_in_wait_ns = (offset > 0.0 ? 1 : -1) * (int64_t)(15e9 + 20e9 * random_unit(x));
        break;
    case 7:
        local_clock_follow_oscillator(x->f.clock, 10.0 * offset);
        break;
    default:
        if (action < 16)
            update(x, offset, 1e-6 * (random_unit(x) - 0.5), action % 2 ? 0.0 : 1e-10, LEAP_NORMAL);
        break;
    }
}

static void readers_say_the_same_as_the_main_process(void **state)
{
    static const struct {
        const char *lines;
        bool control;
    } rows[] = {
        {"makestep 0.1 -1", true},
        {"smoothtime 400 0.001\nmakestep 0.3 10", true},
        {"smoothtime 50000 1\nleapsecmode slew", true},
        {"local stratum 7 distance 0.003\nmakestep 1 -1", true},
        {"local stratum 9 orphan waitunsynced 0 waitsynced 3 activate 0.1", true},
        {"smoothtime 4000 0.01", false},
    };
    int synchronised = 0, local = 0, smoothed = 0, stepped = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture x;

        open_fixture(&x, rows[i].lines, rows[i].control);
        x.random = i + 1;
        for (int k = 0; k < 1500; k++) {
            struct transmit_time time;

            run_until(&x, x.t + 1.9 * random_unit(&x));
            check(&x, true);
            check_lines(&x);
            assert_true(read_page(&x, &time));
            synchronised += time.reference.synchronised;
            local += time.reference.refid == REFID_LOCAL;
            smoothed += time.smoothing_offset != 0.0;
            change_something(&x);
        }
        stepped += (int)local_clock_steps(x.f.clock).count;
        close_fixture(&x);
    }
    assert_true(synchronised > 1000 && local > 500 && smoothed > 1000 && stepped > 100);
}

static void leap_seconds_make_the_page_invalid_until_it_is_known_what_happens(void **state)
{
    static const char *const modes[] = {"system", "step", "slew", "ignore"};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct fixture x;
        struct time_page_content c;
        char line[64];

        snprintf(line, sizeof(line), "leapsecmode %s", modes[i]);
        open_fixture(&x, line, true);
        run_until(&x, 3590.0);
        update(&x, 0.0, 0.0, 0.0, LEAP_INSERT);
        run_until(&x, 3596.0);
        check(&x, true);
        check_lines(&x);
        /* The last page before does not reach beyond the beginning. */
        double begin = strcmp(modes[i], "system") == 0 ? 3599.5 : 3600.0;
        run_until(&x, begin - 0.01);
        check(&x, true);
        assert_true(time_page_read_content(x.reader, &c));
        int64_t left = c.lines.valid_until_ns - time_page_ns(world_mono_now(&x.f.w->world).i);
        assert_close(1e-9 * (double)left, 0.01, 1e-6);
        run_until(&x, begin + 0.1);
        struct transmit_time time;
        assert_true(read_page(&x, &time));
        assert_int_equal(time.reference.leap, LEAP_UNSYNC);
        assert_true(time_page_read_content(x.reader, &c));
        assert_int_equal(c.lines.flags, 0);
        assert_int_equal(c.lines.leap, LEAP_UNSYNC);
        run_until(&x, 3606.0);
        check(&x, true);
        check_lines(&x);
        assert_true(read_page(&x, &time));
        assert_int_equal(time.reference.leap, LEAP_NORMAL);
        assert_true(time.reference.synchronised);
        close_fixture(&x);
    }
}

static void pages_go_out_of_date(void **state)
{
    struct fixture x;
    struct transmit_time time;

    open_fixture(&x, "", true);
    update(&x, 0.001, 0.0, 0.0, LEAP_NORMAL);
    run_until(&x, 10.0);
    check(&x, true);
    /* The main process does not run any more. */
    x.f.w->elapsed_ns += 2900000000;
    struct raw_time raw = world_raw_now(&x.f.w->world);
    assert_true(time_page_read(x.reader, world_mono_now(&x.f.w->world), raw, &time));
    assert_true(time.reference.synchronised);
    x.f.w->elapsed_ns += 1200000000;
    raw = world_raw_now(&x.f.w->world);
    assert_false(time_page_read(x.reader, world_mono_now(&x.f.w->world), raw, &time));
    assert_false(time.reference.synchronised);
    assert_int_equal(time.reference.leap, LEAP_UNSYNC);
    assert_int_equal(time.reference.stratum, NTP_MAX_STRATUM);
    assert_float_equal(time.reference.root_dispersion, 1.0, 0.0);
    assert_int_equal(time.event_time.i.sec, raw.i.sec);

    /* Somebody else has set the clock, and the main process has not noticed yet. */
    run_until(&x, 20.0);
    check(&x, true);
    x.f.w->jumped_ns += 3000000000;
    assert_false(time_page_read(x.reader, world_mono_now(&x.f.w->world),
                                world_raw_now(&x.f.w->world), &time));
    x.f.w->jumped_ns -= 3000000000;
    check(&x, true);

    time_page_writer_free(x.writer);
    x.writer = NULL;
    assert_false(read_page(&x, &time));
    assert_false(time.reference.synchronised);
    close_fixture(&x);
}

/* Looks at the page during a change of the clock, as another process may. */
struct during {
    struct fixture *x;
    int calls;
    bool step;
};

static void look(const struct clock_change *change, void *arg)
{
    struct during *d = arg;
    struct transmit_time time;
    struct time_page_content c;

    d->calls++;
    assert_true(time_page_read_content(d->x->reader, &c));
    assert_int_not_equal(c.lines.changing_since_ns, 0);
    assert_int_equal(c.lines.flags, d->step ? TIME_PAGE_STEPPING | TIME_PAGE_SYNCHRONISED
                                            : TIME_PAGE_SYNCHRONISED);
    assert_int_equal(read_page(d->x, &time), !d->step);
    assert_int_equal(time_page_stepped_since(d->x->reader, world_mono_now(&d->x->f.w->world)),
                     d->step);
}

static void a_step_is_never_mixed_with_readings_from_before(void **state)
{
    struct fixture x;
    struct during during = {.x = &x};
    struct transmit_time time;

    open_fixture(&x, "makestep 1 -1", true);
    update(&x, 0.0, 0.0, 0.0, LEAP_NORMAL);
    run_until(&x, 10.0);
    local_clock_add_handler(x.f.clock, CLOCK_HOLDER_SERVER, look, &during);
    local_clock_accumulate_offset(x.f.clock, 0.01, 0.0);
    assert_int_equal(during.calls, 1);
    run_until(&x, 20.0);

    struct mono_time mono = world_mono_now(&x.f.w->world);
    struct raw_time raw = world_raw_now(&x.f.w->world);
    x.f.w->elapsed_ns += 1000;
    during.step = true;
    local_clock_step(x.f.clock, 0.5, STEP_COMMAND);
    assert_int_equal(during.calls, 2);
    local_clock_remove_handler(x.f.clock, look, &during);
    assert_false(time_page_read(x.reader, mono, raw, &time));
    assert_true(time_page_stepped_since(x.reader, mono));
    assert_false(time_page_stepped_since(x.reader, world_mono_now(&x.f.w->world)));
    run_until(&x, 20.1);
    check(&x, true);
    check_lines(&x);
    close_fixture(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_say_the_same_as_the_main_process),
        cmocka_unit_test(leap_seconds_make_the_page_invalid_until_it_is_known_what_happens),
        cmocka_unit_test(pages_go_out_of_date),
        cmocka_unit_test(a_step_is_never_mixed_with_readings_from_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

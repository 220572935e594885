/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end-to-end vector of discipline.md 29: from samples of two sources to the kernel's frequency.
 */
#include "test/unit/support/unit.h"
#include <math.h>
#include "ntp/wire/packet.h"
#include "source/record.h"
#include "test/unit/support/sources.h"

struct row {
    double t;
    int source;
    double offset, delay;
    const char *states;
    double last_offset, freq_ppm, resid_ppm, skew_ppm, correction, interval, kernel_ppm;
};

static const struct row rows[] = {
    {63, 1, -0.02, 0.001, "MM", 0, 0, 0, 0, 0, 0, 0},
    {64, 2, -0.0206, 0.003, "MM", 0, 0, 0, 0, 0, 0, 0},
    {127, 1, -0.0201, 0.0011, "MM", 0, 0, 0, 0, 0, 0, 0},
    {128, 2, -0.0204, 0.0034, "MM", 0, 0, 0, 0, 0, 0, 0},
    {191, 1, -0.0199, 0.001, "wM", 0, 0, 0, 0, 0, 0, 0},
    {192, 2, -0.0207, 0.0031, "*+", 0.0201808731, -0.7795717744, -1.15539e-10, 21.0863,
     -0.0201808731, 0, 20180.1093},
    {255, 1, 0.0001, 0.0013, "*D", -0.000255176686, -0.7049388338, 0.0148005, 17.09551,
     0.000255176701, 63, -10.2169037},
    {256, 2, -0.0004, 0.003, "*D", -0.000255176686, -0.7049388338, 0.0148005, 17.09551,
     0.000245664833, 63, -10.2169037},
    {319, 1, -0.0002, 0.0012, "*+", 0.000186803877, -0.7303049129, -0.00109979, 6.625019,
     -0.000186803383, 64, 1.23733521},
    {320, 2, -0.0007, 0.0033, "*+", 0.000186803877, -0.7303049129, -0.00109979, 6.625019,
     -0.00018483574, 64, 1.23733521},
    {383, 1, 5e-05, 0.001, "*+", 4.30559872e-05, -0.2832694579, 0.00861584, 1.750247,
     -0.000103930246, 64, 0.223587036},
    {384, 2, -0.0003, 0.0032, "*+", 4.30559872e-05, -0.2832694579, 0.00861584, 1.750247,
     -0.00010342339, 64, 0.223587036},
    {447, 1, -5e-05, 0.0011, "*+", 5.42303092e-05, -0.1860977967, 0.0208352, 1.509921,
     -0.000125721733, 64, 0.58152771},
    {448, 2, -0.0006, 0.0031, "*+", 5.42303092e-05, -0.1860977967, 0.0208352, 1.509921,
     -0.000124954107, 64, 0.58152771},
};

static void assert_near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > fabs(expected) * tolerance) {
        print_error("%.12g is not %.12g\n", value, expected);
        fail();
    }
}

/* Wakes the loop at each end of a slew, to the nanosecond, and at t. Returns when the slew in
   progress began. */
static double run_until(struct source_fixture *f, double slew_start, double t)
{
    for (;;) {
        struct slew_state s;
        slew_get_state(f->slew, &s);
        double end = slew_start + s.duration + 1e-9;
        if (s.duration == 0.0 || end > t)
            break;
        clock_world_wake_at(f->w, end);
        slew_start = end;
    }
    clock_world_wake_at(f->w, t);
    return slew_start;
}

static void check(const struct source_fixture *f, const struct row *row)
{
    struct report_tracking r;
    struct slew_state s;

    for (int i = 0; i < 2; i++)
        assert_int_equal(
            source_status_letter(source_verdict(source_register_get(f->set, i))->status),
            row->states[i]);
    reference_report_tracking(f->reference, &r);
    slew_get_state(f->slew, &s);
    assert_near(r.last_offset, row->last_offset, 1e-8);
    assert_near(r.freq_ppm, row->freq_ppm, 1e-9);
    assert_near(r.resid_freq_ppm, row->resid_ppm, 1e-5);
    assert_near(r.skew_ppm, row->skew_ppm, 1e-6);
    assert_near(r.correction, row->correction, 2e-8);
    assert_near(r.last_update_interval, row->interval, 1e-9);
    assert_near(s.kernel_freq_ppm, row->kernel_ppm, 1e-8);
}

static void two_sources_discipline_the_clock(void **state)
{
    struct source_fixture f;
    struct source *sources[2];
    double slew_start = 0.0;

    source_fixture_open(&f, "", true);
    for (int i = 0; i < 2; i++)
        sources[i] = source_fixture_add(&f, i + 1, 0, SOURCE_DEFAULT_SAMPLES);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct source *s = sources[row->source - 1];
        struct report_tracking before, after;

        slew_start = run_until(&f, slew_start, row->t);
        struct source_sample sample = {
            .time = local_clock_event_time(f.clock, NULL),
            .offset = -row->offset,
            .peer_delay = row->delay,
            .peer_dispersion = 2e-6,
            .root_delay = row->delay + 1e-3 * row->source,
            .root_dispersion = 1.002e-3,
        };
        reference_report_tracking(f.reference, &before);
        source_update_reachability(s, true);
        source_update_status(s, 2, LEAP_NORMAL);
        source_accumulate(s, &sample);
        reference_report_tracking(f.reference, &after);
        if (after.last_offset != before.last_offset)
            slew_start = row->t;
        check(&f, row);
    }
    source_fixture_check_log(&f, "Selected source 192.0.2.1\n");
    source_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sources_discipline_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

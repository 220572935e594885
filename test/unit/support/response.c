/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exchange of the worked examples.
 */
#include "test/unit/support/response.h"

#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>

#define BASE 1700000000

struct local_time local(double t)
{
    return local_add((struct local_time){{BASE, 0}}, t + 1e-10);
}

struct ntp_time remote(double t)
{
    struct ntp_time time = ntp_time_from_instant(local(t).i, (struct ntp_time){0});

    time.lo += 2; /* decoding truncates */
    return time;
}

void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%.12g is not %.12g", a, b);
}

int response_fixture_setup(void **state)
{
    struct response_fixture *f = calloc(1, sizeof(*f));

    f->length = NTP_HEADER_LENGTH;
    f->header = (struct ntp_header){
        .version = 4,
        .mode = 4,
        .stratum = 1,
        .poll = 6,
        .precision = -24,
        .root_delay = ntp_short_from_double(0.01),
        .root_dispersion = ntp_short_from_double(0.002),
        .refid = 0x47505300,
        .reference = remote(900),
        .origin = {1, 2},
        .receive = remote(1000.0125),
        .transmit = remote(1000.0126),
    };
    f->ex.sent_tx = f->header.origin;
    f->ex.near_tx.time = local(1000.0);
    f->rx.time = local(1000.0051);
    f->local = ip_addr_v4(192, 0, 2, 100);
    f->limits = (struct response_limits){
        .max_delay = 3.0, .max_delay_dev_ratio = 10.0, .quantum = 1e-9, .max_clock_error = 1e-6};
    f->own = (struct reference_data){.leap = 3, .stratum = 16};
    *state = f;
    return 0;
}

int response_fixture_teardown(void **state)
{
    free(*state);
    return 0;
}

void response_fixture_check(struct response_fixture *f, bool authentic)
{
    ntp_header_write(f->packet, &f->header);
    assert_true(ntp_packet_parse(f->packet, f->length, &f->info));
    response_read(&f->r, &f->limits, f->packet, &f->info, &f->rx, &f->local);
    response_check(&f->r, &f->ex, &f->limits, authentic ? RESPONSE_GOOD : RESPONSE_WRONG_MAC);
}

void response_fixture_judge_with(struct response_fixture *f,
                                 const struct response_test_input *input)
{
    response_fixture_check(f, true);
    response_measure(&f->r, &f->ex, &f->limits, 1e-6);
    response_test(&f->r, &f->ex, &f->limits, input);
}

void response_fixture_judge(struct response_fixture *f)
{
    struct response_test_input input = {
        .max_quantile_delay = -1.0, .loop_possible = true, .own = &f->own};

    response_fixture_judge_with(f, &input);
}

void response_fixture_interleave(struct response_fixture *f)
{
    f->limits.interleaved = true;
    f->ex.ts_usable = true;
    f->ex.far_rx = remote(1000.0125);
    f->ex.far_tx = remote(1000.0126);
    f->ex.near_rx.time = local(1000.0051);
    f->ex.near_tx.time = local(1064.0);
    f->ex.sent_rx = (struct ntp_time){7, 8};
    f->ex.sent_tx = (struct ntp_time){9, 10};
    f->header.origin = f->ex.sent_rx;
    f->header.receive = remote(1064.0126);
    f->header.transmit = remote(1000.01262);
    f->rx.time = local(1064.0051);
}

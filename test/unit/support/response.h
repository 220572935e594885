/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One exchange with a server as in the worked examples (ntp.md 27.3, 27.4), for tests of the
 * functions that judge a response: a request that was sent, its response, and the limits.
 */
#ifndef TEST_UNIT_SUPPORT_RESPONSE_H
#define TEST_UNIT_SUPPORT_RESPONSE_H

#include "conf/source_options.h"
#include "ntp/client/response.h"

struct response_fixture {
    uint8_t packet[NTP_MAX_LENGTH];
    size_t length; /* header and the fields that a test has added */
    struct ntp_info info;
    struct ntp_header header;
    struct exchange ex;
    struct response_limits limits;
    struct local_timestamp rx;
    struct ip_addr local;
    struct response r;
    struct reference_data own;
};

/* Times of the examples are seconds after a base; the ones on the wire get their nearest
   timestamp. */
struct local_time local(double t);
struct ntp_time remote(double t);
void assert_near(double a, double b, double tolerance);

/* For cmocka; *state is a struct response_fixture. */
int response_fixture_setup(void **state);
int response_fixture_teardown(void **state);

/* The header is written, and the response read and checked. */
void response_fixture_check(struct response_fixture *f, bool authentic);
/* Checked as authentic, measured with a skew of 1 ppm, and tested. */
void response_fixture_judge_with(struct response_fixture *f,
                                 const struct response_test_input *input);
/* The same without data of a source, when a loop is possible. */
void response_fixture_judge(struct response_fixture *f);
/* Makes the response the interleaved one of the examples. */
void response_fixture_interleave(struct response_fixture *f);

#endif

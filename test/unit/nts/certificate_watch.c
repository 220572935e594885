/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings about certificates that end: each limit, once.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include "nts/certificate_watch.h"
static void states_of_a_certificate(void **state)
{
    const struct tls_certificate_dates dates = {.file = "a.crt",
                                                .subject = "CN=a",
                                                .not_before = 1000000000,
                                                .not_after = 1000000000 + 30 * TEST_DAY};
    const int64_t end = dates.not_after;
    char text[256];

    assert_int_equal(certificate_state(&dates, 999999999), CERTIFICATE_NOT_YET);
    assert_int_equal(certificate_state(&dates, 1000000000), CERTIFICATE_VALID);
    assert_int_equal(certificate_state(&dates, end - 21 * TEST_DAY - 1), CERTIFICATE_VALID);
    assert_int_equal(certificate_state(&dates, end - 21 * TEST_DAY), CERTIFICATE_21_DAYS);
    assert_int_equal(certificate_state(&dates, end - 7 * TEST_DAY), CERTIFICATE_7_DAYS);
    assert_int_equal(certificate_state(&dates, end - TEST_DAY), CERTIFICATE_1_DAY);
    assert_int_equal(certificate_state(&dates, end), CERTIFICATE_1_DAY);
    assert_int_equal(certificate_state(&dates, end + 1), CERTIFICATE_EXPIRED);
    assert_false(certificate_describe(&dates, CERTIFICATE_VALID, text, sizeof(text)));
    assert_true(certificate_describe(&dates, CERTIFICATE_1_DAY, text, sizeof(text)));
    assert_string_equal(text, "Certificate in a.crt (CN=a) expires within 1 day "
                              "(at 2001-10-09 01:46:40 UTC)");
    assert_true(certificate_describe(&dates, CERTIFICATE_EXPIRED, text, sizeof(text)));
    assert_string_equal(text, "Certificate in a.crt (CN=a) has expired "
                              "(from 2001-09-09 01:46:40 to 2001-10-09 01:46:40 UTC)");
}

static void each_limit_is_reported_once(void **state)
{
    struct ke_fixture *f = *state;
    char error[TLS_ERROR_SIZE];
    struct tls_credentials *credentials = tls_fixture_credentials(&f->tls, error);
    struct tls_certificate_dates dates;

    assert_non_null(credentials);
    assert_true(tls_credentials_dates(credentials, 0, &dates));
    assert_string_equal(dates.file, f->tls.cert_files[0]);
    assert_false(tls_credentials_dates(credentials, 1, &dates));
    struct certificate_watch *watch = certificate_watch_new(credentials, false);
    for (int64_t t = dates.not_after - 30 * TEST_DAY; t < dates.not_after + 3 * TEST_DAY; t += 3600)
        certificate_watch_check(watch, t);
    assert_int_equal(ke_fixture_log_count(f, "expires within 21 days"), 1);
    assert_int_equal(ke_fixture_log_count(f, "expires within 7 days"), 1);
    assert_int_equal(ke_fixture_log_count(f, "expires within 1 day "), 1);
    assert_int_equal(ke_fixture_log_count(f, "has expired"), 1);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 4);
    certificate_watch_free(watch);
    tls_credentials_unref(credentials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_of_a_certificate),
        KE_TEST(each_limit_is_reported_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

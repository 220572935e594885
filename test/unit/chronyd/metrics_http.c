/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which format a client of the metrics server gets. What clients may cost is in metrics-http.test.
 */
#include "test/unit/support/unit.h"

#include "base/number.h"
#include "chronyd/metrics_http.h"

static void format_is_the_one_that_is_asked_for(void **state)
{
    static const struct {
        const char *accept;
        enum metrics_format format;
    } cases[] = {
        {NULL, METRICS_PLAIN},
        {"", METRICS_PLAIN},
        {"*/*", METRICS_PLAIN},
        {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", METRICS_PLAIN},
        {"application/openmetrics-text", METRICS_OPENMETRICS},
        {"Application/OpenMetrics-Text; version=1.0.0", METRICS_OPENMETRICS},
        /* Prometheus 2 and 3 */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         METRICS_OPENMETRICS},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/"
         "openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
         "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         METRICS_OPENMETRICS},
        {"text/plain,application/openmetrics-text;q=0.5", METRICS_PLAIN},
        {"application/openmetrics-text;q=0", METRICS_PLAIN},
        {"application/openmetrics-text; q=0.0, text/plain; q=0.1", METRICS_PLAIN},
        {"application/openmetrics-texts", METRICS_PLAIN},
        {"x-application/openmetrics-text", METRICS_PLAIN},
        /* rubbish */
        {",,, ;q=;;,application/openmetrics-text;;q=x", METRICS_PLAIN},
        {"application/openmetrics-text;q=1e999", METRICS_OPENMETRICS},
        {"application/openmetrics-text;q=-1", METRICS_PLAIN},
        {"application/openmetrics-text;q=nan", METRICS_PLAIN},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        if (metrics_http_format(cases[i].accept) != cases[i].format)
            fail_msg("wrong format for %s", cases[i].accept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_is_the_one_that_is_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

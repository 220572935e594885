/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Includes that every cmocka program needs, in the order that cmocka asks for, and the comparison
 * of doubles that it lacks: assert_float_equal() rounds to float.
 */
#ifndef TEST_UNIT_SUPPORT_UNIT_H
#define TEST_UNIT_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_close(a, b, tolerance)                                                              \
    do {                                                                                           \
        double close_a = (a), close_b = (b);                                                       \
        if (!(close_a - close_b <= (tolerance) && close_b - close_a <= (tolerance)))               \
            fail_msg("%s = %.17g is not close to %.17g", #a, close_a, close_b);                    \
    } while (0)

/* Limits included. */
#define assert_between(value, low, high)                                                           \
    do {                                                                                           \
        double between = (value);                                                                  \
        if (!(between >= (low) && between <= (high)))                                              \
            fail_msg("%s = %.17g is not in its range", #value, between);                           \
    } while (0)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sparklines: heights, what is missing, what does not fit.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <string.h>

#include "chronyc/sparkline.h"

static void each_eighth_has_its_height(void **state)
{
    const double values[] = {0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0};
    char text[SPARKLINE_SIZE(9)];

    sparkline(values, 9, 0.0, 8.0, true, text, sizeof(text));
    assert_string_equal(text, "▁▂▃▄▅▆▇██");
    sparkline(values, 9, 0.0, 8.0, false, text, sizeof(text));
    assert_string_equal(text, ".:-=+*#@@");
}

static void values_outside_are_at_the_edge_and_missing_ones_are_spaces(void **state)
{
    const double values[] = {-INFINITY, -5.0, NAN, 5.0, INFINITY};
    char text[SPARKLINE_SIZE(5)];

    sparkline(values, 5, 0.0, 1.0, false, text, sizeof(text));
    assert_string_equal(text, ".. @@");
    sparkline(values, 5, 0.0, 1.0, true, text, sizeof(text));
    assert_string_equal(text, "▁▁ ██");
}

static void a_constant_value_is_a_low_line(void **state)
{
    const double values[] = {3.0, 3.0};
    char text[SPARKLINE_SIZE(2)];

    sparkline(values, 2, 3.0, 3.0, false, text, sizeof(text));
    assert_string_equal(text, "..");
    sparkline(values, 0, 3.0, 3.0, false, text, sizeof(text));
    assert_string_equal(text, "");
}

static void no_character_is_cut(void **state)
{
    const double values[] = {1.0, 1.0, 1.0};
    char text[8];

    sparkline(values, 3, 0.0, 1.0, true, text, sizeof(text));
    assert_string_equal(text, "██");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_eighth_has_its_height),
        cmocka_unit_test(values_outside_are_at_the_edge_and_missing_ones_are_spaces),
        cmocka_unit_test(a_constant_value_is_a_low_line),
        cmocka_unit_test(no_character_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

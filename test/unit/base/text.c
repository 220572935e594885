/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line and value syntax of config.md 2 and 3.
 */
#include "test/unit/support/unit.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void assert_normalised(const char *line, const char *expected)
{
    char buf[128];

    assert_true(text_copy(buf, sizeof(buf), line));
    text_normalise(buf);
    assert_string_equal(buf, expected);
}

static void lines_are_normalised(void **state)
{
    assert_normalised(" \t server\v a\f\r\n", "server a");
    assert_normalised("server a # x", "server a # x");
    assert_normalised("x", "x");
    assert_normalised(" \n", "");
    assert_normalised("", "");
}

static void comments_become_empty(void **state)
{
    assert_normalised("! a", "");
    assert_normalised("  ; a", "");
    assert_normalised("\t# a", "");
    assert_normalised("%a", "");
}

static void lines_are_split_into_words(void **state)
{
    char line[] = "server  a.example\tiburst ";
    char *second = text_split(line), *third = text_split(second), *end = text_split(third);

    assert_string_equal(line, "server");
    assert_string_equal(second, "a.example");
    assert_string_equal(third, "iburst");
    assert_string_equal(end, "");
    assert_ptr_equal(text_split(end), end);
    assert_int_equal(text_count_words("  a b\tc "), 3);
    assert_int_equal(text_count_words(" "), 0);
}

static void case_is_ignored_for_ascii(void **state)
{
    assert_true(text_equal_nocase("MaxDistance", "mAXdISTANCE"));
    assert_false(text_equal_nocase("max", "maxi"));
    assert_false(text_equal_nocase("maxi", "max"));
    assert_false(text_equal_nocase("a[", "a{"));
    assert_true(text_equal_nocase("", ""));
}

static void integers_take_the_whole_word(void **state)
{
    long v = 77;

    assert_int_equal(text_parse_long("-0012", -20, 20, &v), TEXT_NUMBER_OK);
    assert_int_equal(v, -12);
    assert_int_equal(text_parse_long("+5", 0, 5, &v), TEXT_NUMBER_OK);
    assert_int_equal(v, 5);
    assert_int_equal(text_parse_long("6", 0, 5, &v), TEXT_NUMBER_RANGE);
    assert_int_equal(text_parse_long("-1", 0, 5, &v), TEXT_NUMBER_RANGE);
    assert_int_equal(text_parse_long("5x", 0, 5, &v), TEXT_NUMBER_INVALID);
    assert_int_equal(text_parse_long("0x5", 0, 5, &v), TEXT_NUMBER_INVALID);
    assert_int_equal(text_parse_long("", 0, 5, &v), TEXT_NUMBER_INVALID);
    assert_int_equal(text_parse_long("99999999999999999999", 0, LONG_MAX, &v), TEXT_NUMBER_INVALID);
    assert_int_equal(v, 5);
}

static void scanned_integers_are_prefixes(void **state)
{
    size_t used;
    int v;

    assert_true(text_scan_int("3maxpoll", &v, &used));
    assert_int_equal(v, 3);
    assert_int_equal(used, 1);
    assert_true(text_scan_int("  -7 x", &v, &used));
    assert_int_equal(v, -7);
    assert_int_equal(used, 4);
    assert_true(text_scan_int("2147483647", &v, &used));
    assert_int_equal(v, INT_MAX);
    assert_false(text_scan_int("2147483648", &v, &used));
    assert_false(text_scan_int("-2147483649", &v, &used));
    assert_false(text_scan_int("x", &v, &used));
    assert_false(text_scan_int("", &v, &used));
}

static void clamped_integers_take_the_nearest_limit(void **state)
{
    static const struct {
        const char *text;
        int value;
        bool clamped;
        size_t used;
    } cases[] = {
        {"5x", 5, false, 1},
        {"-20", -20, false, 3},
        {"-21", -20, true, 3},
        {"101", 100, true, 3},
        {"2147483648", 100, true, 10},
        {"99999999999999999999", 100, true, 20},
        {"-99999999999999999999 1", -20, true, 21},
    };
    bool clamped;
    size_t used;
    int v;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_scan_clamped(cases[i].text, -20, 100, &v, &clamped, &used));
        assert_int_equal(v, cases[i].value);
        assert_int_equal(clamped, cases[i].clamped);
        assert_int_equal(used, cases[i].used);
    }
    assert_false(text_scan_clamped("x", 0, 1, &v, &clamped, &used));
    assert_false(text_scan_clamped("", 0, 1, &v, &clamped, &used));

    assert_false(text_uint_wraps("4294967295"));
    assert_false(text_uint_wraps("-0"));
    assert_false(text_uint_wraps("5x"));
    assert_true(text_uint_wraps("4294967296"));
    assert_true(text_uint_wraps("-1"));
    assert_true(text_uint_wraps("99999999999999999999999"));
}

static void unsigned_integers_wrap(void **state)
{
    static const struct {
        const char *text;
        uint32_t value;
    } cases[] = {
        {"5", 5},
        {"-1", 4294967295u},
        {"4294967295", 4294967295u},
        {"4294967296", 0},
        {"99999999999999999999999", 4294967295u},
    };
    size_t used;
    uint32_t v;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(text_scan_uint(cases[i].text, &v, &used));
        assert_int_equal(v, cases[i].value);
        assert_int_equal(used, strlen(cases[i].text));
    }
    assert_false(text_scan_uint("a", &v, &used));
    assert_true(text_scan_hex("F323 1", &v, &used));
    assert_int_equal(v, 0xf323);
    assert_int_equal(used, 4);
    assert_true(text_scan_hex("0x10a", &v, &used));
    assert_int_equal(v, 0x10a);
    assert_false(text_scan_hex("g", &v, &used));
}

static void doubles_as_scanf_reads_them(void **state)
{
    size_t used;
    double v;

    assert_true(text_scan_double("1abc", &v, &used));
    assert_true(v == 1.0);
    assert_int_equal(used, 1);
    assert_true(text_scan_double(" -2.5e-3 4", &v, &used));
    assert_true(v == -2.5e-3);
    assert_int_equal(used, 8);
    assert_true(text_scan_double("0x1p-3", &v, &used));
    assert_true(v == 0.125);
    assert_true(text_scan_double("inf", &v, &used));
    assert_true(isinf(v));
    assert_true(text_scan_double("nan", &v, &used));
    assert_true(isnan(v));
    /* The same with each release of libc (chronyc: "offset 10.0.0.1 1e" was recorded). */
    assert_true(text_scan_double("1e", &v, &used));
    assert_true(v == 1.0 && used == 2);
    assert_true(text_scan_double("-2.5E+x", &v, &used));
    assert_true(v == -2.5 && used == 6);
    assert_true(text_scan_double("0x1p", &v, &used));
    assert_true(v == 1.0 && used == 4);
    assert_false(text_scan_double("0x", &v, &used));
    assert_false(text_scan_double("0xp", &v, &used));
    assert_false(text_scan_double("e1", &v, &used));
    assert_false(text_scan_double("infin", &v, &used));
    assert_false(text_scan_double("abc", &v, &used));
    assert_false(text_scan_double("", &v, &used));
}

static void graphic_characters(void **state)
{
    assert_true(text_is_graphic("a.b-~!"));
    assert_true(text_is_graphic(""));
    assert_false(text_is_graphic("a b"));
    assert_false(text_is_graphic("a\x7f"));
    assert_false(text_is_graphic("\xc3\xa4"));
}

static void hexadecimal(void **state)
{
    const uint8_t data[] = {0x00, 0x9f, 0xAB};
    uint8_t out[3];
    char text[7];

    text_to_hex(data, sizeof(data), text);
    assert_string_equal(text, "009FAB");
    assert_int_equal(text_from_hex("009faB", out, sizeof(out)), 3);
    assert_memory_equal(out, data, sizeof(data));
    assert_int_equal(text_from_hex("009faB00", out, sizeof(out)), 0);
    assert_int_equal(text_from_hex("009", out, sizeof(out)), 0);
    assert_int_equal(text_from_hex("0g", out, sizeof(out)), 0);
    assert_int_equal(text_from_hex("", out, sizeof(out)), 0);
}

static void copies_are_terminated(void **state)
{
    char buf[4];

    assert_true(text_copy(buf, sizeof(buf), "abc"));
    assert_string_equal(buf, "abc");
    assert_false(text_copy(buf, sizeof(buf), "abcd"));
    assert_string_equal(buf, "abc");
    assert_false(text_copy(buf, 1, "a"));
    assert_string_equal(buf, "");
    assert_true(text_copy_marked(buf, sizeof(buf), "abc"));
    assert_string_equal(buf, "abc");
    assert_false(text_copy_marked(buf, sizeof(buf), "abcd"));
    assert_string_equal(buf, "...");
    assert_null(text_dup(NULL));
    char *dup = text_dup("xy");
    assert_string_equal(dup, "xy");
    free(dup);
}

static void memory_is_zeroed(void **state)
{
    uint32_t *p = mem_array(4, sizeof(*p));

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(p[i], 0);
    p[3] = 7;
    p = mem_resize(p, 100, sizeof(*p));
    assert_int_equal(p[3], 7);
    free(p);
    free(mem_alloc(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_normalised),
        cmocka_unit_test(comments_become_empty),
        cmocka_unit_test(lines_are_split_into_words),
        cmocka_unit_test(case_is_ignored_for_ascii),
        cmocka_unit_test(integers_take_the_whole_word),
        cmocka_unit_test(scanned_integers_are_prefixes),
        cmocka_unit_test(clamped_integers_take_the_nearest_limit),
        cmocka_unit_test(unsigned_integers_wrap),
        cmocka_unit_test(doubles_as_scanf_reads_them),
        cmocka_unit_test(graphic_characters),
        cmocka_unit_test(hexadecimal),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(memory_is_zeroed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

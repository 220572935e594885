/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grid of watch: what is written for a report, for changes in it, and for one that is larger
 * than the screen. Control characters never pass.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chronyc/grid.h"

static char *draw(const char *before, const char *text, int rows, int columns, int *hidden)
{
    struct grid *previous = grid_new(rows, columns), *f = grid_new(rows, columns);
    char *drawn = NULL;
    size_t size;
    FILE *out = open_memstream(&drawn, &size);

    grid_set_text(previous, before);
    *hidden = grid_set_text(f, text);
    grid_mark_changes(f, previous);
    grid_draw(f, 3, out);
    fclose(out);
    grid_free(previous);
    grid_free(f);
    return drawn;
}

static void check(const char *before, const char *text, int rows, int columns, int expected_hidden,
                  const char *expected)
{
    int hidden;
    char *drawn = draw(before, text, rows, columns, &hidden);

    assert_string_equal(drawn, expected);
    assert_int_equal(hidden, expected_hidden);
    free(drawn);
}

static void what_has_not_changed_is_written_plainly(void **state)
{
    check("ab cd\n", "ab cd\n", 2, 8, 0, "\033[3;1Hab cd\033[0m\033[K\033[4;1H\033[0m\033[K");
}

static void a_word_that_changed_is_reversed_as_a_whole(void **state)
{
    check("ab 123 x\n", "ab 124 x\n", 1, 9, 0,
          "\033[3;1Hab \033[0m\033[7m124\033[0m x\033[0m\033[K");
    /* Shorter and longer ones too. */
    check("12\n", "1\n", 1, 9, 0, "\033[3;1H\033[0m\033[7m1\033[0m\033[K");
    check("1\n", "12\n", 1, 9, 0, "\033[3;1H\033[0m\033[7m12\033[0m\033[K");
}

static void colours_are_kept(void **state)
{
    check("", "\033[0;32m^+\033[0m 1", 1, 9, 0,
          "\033[3;1H\033[0;32m\033[7m^+\033[0m \033[0m\033[7m1\033[0m\033[K");
    check("^+", "\033[0;32m^+\033[0m", 1, 9, 0, "\033[3;1H\033[0;32m^+\033[0m\033[K");
}

static void what_does_not_fit_is_cut_and_counted(void **state)
{
    check("abc\n", "abcdef\nb\nc\n", 1, 3, 2, "\033[3;1Habc\033[0m");
    check("abc\n", "abc\nb\nc", 2, 3, 1,
          "\033[3;1Habc\033[0m\033[4;1H\033[0m\033[7mb\033[0m\033[K");
}

static void control_characters_do_not_pass(void **state)
{
    check("?[2J?a?\n", "\033[2J\ra\200\n", 1, 9, 0, "\033[3;1H?[2J?a?\033[0m\033[K");
}

static void block_characters_are_one_column_each(void **state)
{
    check("a\n", "\u2581\u2588b\n", 1, 2, 0, "\033[3;1H\033[0m\033[7m\u2581\u2588\033[0m");
    check("\u2581 \u2582\n", "\u2581 \u2583\n", 1, 9, 0,
          "\033[3;1H\u2581 \033[0m\033[7m\u2583\033[0m\033[K");
    /* Others are not passed on. */
    check("???\n", "\u2580\n", 1, 9, 0, "\033[3;1H???\033[0m\033[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_not_changed_is_written_plainly),
        cmocka_unit_test(a_word_that_changed_is_reversed_as_a_whole),
        cmocka_unit_test(colours_are_kept),
        cmocka_unit_test(what_does_not_fit_is_cut_and_counted),
        cmocka_unit_test(control_characters_do_not_pass),
        cmocka_unit_test(block_characters_are_one_column_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

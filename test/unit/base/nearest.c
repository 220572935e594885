/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is suggested for a misspelt command or directive, and when nothing is.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include "base/nearest.h"
#include "chronyc/commands.h"
#include "conf/directive.h"

static const char *nearest_command(const char *word)
{
    struct nearest n = nearest_start(word);

    for (const struct command *cmd = command_table; cmd->name; cmd++)
        nearest_offer(&n, cmd->name);
    return n.best;
}

static const char *nearest_directive(const char *word)
{
    struct nearest n = nearest_start(word);

    for (size_t i = 0; i < directive_count; i++)
        nearest_offer(&n, directive_table[i].row.name);
    return n.best;
}

static void one_wrong_letter_is_corrected(void **state)
{
    assert_string_equal(nearest_command("trackin"), "tracking");  /* missing */
    assert_string_equal(nearest_command("ssources"), "sources");  /* too many */
    assert_string_equal(nearest_command("dumb"), "dump");         /* wrong */
    assert_string_equal(nearest_command("trakcing"), "tracking"); /* exchanged */
    assert_string_equal(nearest_directive("sevrer"), "server");
    assert_string_equal(nearest_directive("drfitfile"), "driftfile");
}

static void case_does_not_matter(void **state)
{
    assert_string_equal(nearest_command("Tracking"), "tracking");
    assert_string_equal(nearest_directive("MAKSTEP"), "makestep");
}

static void the_beginning_of_a_word_is_completed_to_the_shortest(void **state)
{
    assert_string_equal(nearest_command("source"), "sources");
    assert_string_equal(nearest_command("track"), "tracking");
    assert_string_equal(nearest_directive("nts"), "ntsport");
    assert_null(nearest_command("t"));
}

static void several_wrong_letters_are_corrected_in_long_words_only(void **state)
{
    assert_string_equal(nearest_command("maxdelaydevartion"), "maxdelaydevratio");
    assert_string_equal(nearest_directive("makstpe"), "makestep");
    assert_null(nearest_command("dxyp"));
    assert_null(nearest_directive("foo"));
}

static void nothing_is_suggested_for_other_words(void **state)
{
    char long_word[4096];

    assert_null(nearest_command(""));
    assert_null(nearest_command("nonsense"));
    assert_null(nearest_directive("nonsense"));
    memset(long_word, 'a', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    assert_null(nearest_command(long_word));
    memcpy(long_word, "tracking", 8);
    assert_null(nearest_command(long_word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_wrong_letter_is_corrected),
        cmocka_unit_test(case_does_not_matter),
        cmocka_unit_test(the_beginning_of_a_word_is_completed_to_the_shortest),
        cmocka_unit_test(several_wrong_letters_are_corrected_in_long_words_only),
        cmocka_unit_test(nothing_is_suggested_for_other_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

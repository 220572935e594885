/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentences of findings: each code has one, all of its words in braces are known, and it stands
 * in the manual page; each unit.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/finding.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyc/finding_text.h"

#define MANUAL TEST_DATA_DIR "/../../doc/chronyc.adoc"

static const struct {
    unsigned int code;
    const char *word;
} codes[] = {
#define CODE(code, number, word, severity) {code, word},
    FINDINGS(CODE)
#undef CODE
};

static const struct instant now = {.sec = 1764547200}; /* 2025-12-01 00:00:00 UTC */

static void check_template(const struct finding_text *row, const char *template)
{
    struct report_finding finding = {.code = (uint16_t)row->code, .text = "x"};
    char text[FINDING_SENTENCE_SIZE];

    finding_text_format(row, template, &finding, now, text, sizeof(text));
    if (strpbrk(text, "{}"))
        fail_msg("%s: a word in braces is not known: %s", finding_word(row->code), text);
    if (template[strlen(template) - 1] != '.' && template[strlen(template) - 1] != '}')
        fail_msg("%s: no sentence: %s", finding_word(row->code), text);
}

/* A text without a key would be missing in JSON. */
static void check_keys(const struct finding_text *row)
{
    bool has_text =
        strstr(row->sentence, "{text}") || (row->advice && strstr(row->advice, "{text}"));

    if (has_text && !row->text_key)
        fail_msg("%s: the text has no key", finding_word(row->code));
    for (size_t i = 0; i < REPORT_FINDING_VALUES; i++)
        for (size_t k = 0; row->values[i].key && k < i; k++)
            if (row->values[k].key)
                assert_string_not_equal(row->values[i].key, row->values[k].key);
}

static void each_code_has_a_sentence(void **state)
{
    for (size_t i = 0; i < COUNT(codes); i++) {
        const struct finding_text *row = finding_text_find(codes[i].code);

        if (!row)
            fail_msg("no sentence for %s", codes[i].word);
        check_template(row, row->sentence);
        if (row->advice)
            check_template(row, row->advice);
        check_keys(row);
    }
    assert_null(finding_text_find(UINT16_MAX));
}

static void each_code_is_in_the_manual(void **state)
{
    static char manual[1 << 20];
    FILE *f = fopen(MANUAL, "r");

    assert_non_null(f);
    manual[fread(manual, 1, sizeof(manual) - 1, f)] = '\0';
    fclose(f);
    for (size_t i = 0; i < COUNT(codes); i++) {
        char entry[80];

        snprintf(entry, sizeof(entry), "\n`%s`::\n", codes[i].word);
        if (!strstr(manual, entry))
            fail_msg("%s is not in the manual page", codes[i].word);
    }
}

static void check_unit(enum finding_unit unit, double value, const char *expected)
{
    const struct finding_text row = {.values = {{"a", UNIT_NUMBER}, {"value", unit}}};
    const struct report_finding finding = {.value = {0.0, value}};
    char text[FINDING_SENTENCE_SIZE];

    assert_string_equal(finding_text_format(&row, "{value}", &finding, now, text, sizeof(text)),
                        expected);
}

static void values_have_the_unit_that_fits(void **state)
{
    check_unit(UNIT_NUMBER, 12.0, "12");
    check_unit(UNIT_NUMBER, 0.12345, "0.123");
    check_unit(UNIT_TIME, 0.0012, "1.2 ms");
    check_unit(UNIT_TIME, -0.9996, "1 s");
    check_unit(UNIT_TIME, 3600.0, "3600 s");
    check_unit(UNIT_TIME, 0.0, "0 ns");
    check_unit(UNIT_SIGNED, 0.0000123, "+12.3 us");
    check_unit(UNIT_SIGNED, -2.5e-9, "-2.5 ns");
    check_unit(UNIT_PPM, 1.5, "1.500 ppm");
    check_unit(UNIT_DURATION, 1.0, "1 second");
    check_unit(UNIT_DURATION, 119.0, "119 seconds");
    check_unit(UNIT_DURATION, 120.0, "2 minutes");
    check_unit(UNIT_DURATION, -7200.0, "2 hours");
    check_unit(UNIT_DURATION, 172800.0, "2 days");
    check_unit(UNIT_CLOCK, 65.0, "00:01:05");
    check_unit(UNIT_CLOCK, -1.0, "2025-11-30 23:59:59");
    check_unit(UNIT_DATE, 20423.0, "2025-12-01");
    check_unit(UNIT_DATE, 1e15, "an unknown day");
    check_unit(UNIT_DATE, -1e15, "an unknown day");
    check_unit(UNIT_CLOCK, 9e18, "an unknown time");
    check_unit(UNIT_CLOCK, -9e18, "an unknown time");
    check_unit(UNIT_CLOCK, (double)NAN, "an unknown time");
    check_unit(UNIT_PERCENT, 12.4, "12 %");
}

static void nouns_have_the_number_of_their_value(void **state)
{
    const struct finding_text row = {.values = {{"polls", UNIT_NUMBER}, {"a", UNIT_NUMBER}}};
    const struct report_finding finding = {.value = {1.0, 0.0}};
    char text[FINDING_SENTENCE_SIZE];

    finding_text_format(&row, "{polls more poll}, {a source}", &finding, now, text, sizeof(text));
    assert_string_equal(text, "1 more poll, 0 sources");
    finding_text_format(&row, "{polls poll}", &finding, now, text, 4);
    assert_string_equal(text, "1 p");
    finding_text_format(&row, "{poll poll}", &finding, now, text, sizeof(text));
    assert_string_equal(text, "{poll poll}");
}

static void texts_are_cut_off(void **state)
{
    const struct finding_text row = {.text_key = "name"};
    struct report_finding finding = {.ago = UINT32_MAX, .text = "abcdef"};
    char text[5];

    finding_text_format(&row, "x{text}y", &finding, now, text, sizeof(text));
    assert_string_equal(text, "xabc");
    text_copy(finding.text, sizeof(finding.text), "\033[\377");
    finding_text_format(&row, "{text}", &finding, now, text, sizeof(text));
    assert_string_equal(text, "?[?");
    finding_text_format(&row, "{a} {", &finding, now, text, sizeof(text));
    assert_string_equal(text, "{a} ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_a_sentence),
        cmocka_unit_test(each_code_is_in_the_manual),
        cmocka_unit_test(values_have_the_unit_that_fits),
        cmocka_unit_test(nouns_have_the_number_of_their_value),
        cmocka_unit_test(texts_are_cut_off),
    };

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings: codes and words are unique, and a full list keeps its length.
 */
#include "test/unit/support/unit.h"

#include <string.h>

#include "base/finding.h"
#include "base/number.h"

static const struct {
    unsigned int code;
    const char *word;
} rows[] = {
#define ROW(code, number, word, severity) {number, word},
    FINDINGS(ROW)
#undef ROW
};

static void codes_and_words_are_unique(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_in_range(rows[i].code, 1, UINT16_MAX);
        assert_string_equal(finding_word(rows[i].code), rows[i].word);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(rows[i].code, rows[k].code);
            assert_string_not_equal(rows[i].word, rows[k].word);
        }
    }
    assert_null(finding_word(0));
    assert_null(finding_word(UINT16_MAX));
    assert_int_equal(finding_severity(FINDING_NOT_SYNCHRONISED), FINDING_ERROR);
    assert_int_equal(finding_severity(UINT16_MAX), FINDING_NOTE);
}

static void a_full_list_keeps_its_length(void **state)
{
    struct findings findings = {.count = 0};

    for (int i = 0; i < FINDINGS_MAX + 3; i++) {
        struct report_finding *f = findings_add(&findings, FINDING_SELECTED);

        assert_int_equal(f->code, FINDING_SELECTED);
        assert_int_equal(f->ago, UINT32_MAX);
        assert_string_equal(f->text, "");
        f->value[0] = i;
    }
    assert_int_equal(findings.count, FINDINGS_MAX);
    assert_true(findings.list[FINDINGS_MAX - 2].value[0] == FINDINGS_MAX - 2);
}

static void a_text_that_is_cut_ends_with_dots(void **state)
{
    struct report_finding finding;
    char text[REPORT_FINDING_TEXT + 2];

    memset(text, 'a', sizeof(text));
    text[REPORT_FINDING_TEXT] = '\0';
    finding_set_text(&finding, text);
    assert_string_equal(finding.text, text);
    text[REPORT_FINDING_TEXT] = 'a';
    text[REPORT_FINDING_TEXT + 1] = '\0';
    finding_set_text(&finding, text);
    assert_int_equal(strlen(finding.text), REPORT_FINDING_TEXT);
    assert_string_equal(finding.text + REPORT_FINDING_TEXT - 4, "a...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_words_are_unique),
        cmocka_unit_test(a_full_list_keeps_its_length),
        cmocka_unit_test(a_text_that_is_cut_ends_with_dots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

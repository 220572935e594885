/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of metric families: names by the rules of OpenMetrics, and the table of chronyc(1),
 * which has the same names, types and meanings in the same order.
 */
#include "test/unit/support/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "metrics/facts.h"
#include "metrics/family.h"

#define PAGE      TEST_DATA_DIR "/../../doc/chronyc.adoc"
#define LINE_SIZE 1024

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static void names_keep_the_rules(void **state)
{
    static const char *const reserved[] = {"_total", "_info", "_created", "_bucket", "_count"};

    for (size_t i = 0; metric_family_get(i); i++) {
        const struct metric_family *f = metric_family_get(i);
        char unit[64];

        assert_int_equal(strncmp(f->name, "chrony_", 7), 0);
        assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(f->name));
        for (size_t j = 0; j < COUNT(reserved); j++)
            if (ends_with(f->name, reserved[j]))
                fail_msg("%s ends with %s", f->name, reserved[j]);
        snprintf(unit, sizeof(unit), "_%s", f->unit ? f->unit : "");
        if (f->unit && !ends_with(f->name, unit))
            fail_msg("%s does not end with %s", f->name, unit);
        if (!f->unit && (ends_with(f->name, "_seconds") || ends_with(f->name, "_ratio")))
            fail_msg("%s has no unit", f->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(metric_family_get(j)->name, f->name) == 0)
                fail_msg("%s is there twice", f->name);
    }
}

static void texts_are_one_sentence(void **state)
{
    for (size_t i = 0; metric_family_get(i); i++) {
        const char *help = metric_family_get(i)->help;

        if (!ends_with(help, ".") || strpbrk(help, "\n\\\"") ||
            !(isupper((unsigned char)help[0]) || isdigit((unsigned char)help[0])))
            fail_msg("%s: %s", metric_family_get(i)->name, help);
    }
}

static void each_row_has_one_value(void **state)
{
    for (size_t i = 0; metric_family_get(i); i++) {
        const struct metric_family *f = metric_family_get(i);
        bool has_field = f->value.member != MEMBER_NONE;

        assert_true(f->report < FACTS_REPORTS);
        bool is_derived = f->derive != NULL;

        if (f->type == METRIC_INFO ? has_field || is_derived || f->label_count == 0
                                   : has_field == is_derived)
            fail_msg("%s: no value, or two", f->name);
        bool has_words = f->value.words != NULL;
        assert_int_equal(has_words, f->type == METRIC_STATESET || f->by);
        if (f->by)
            assert_int_equal(f->type, METRIC_COUNTER);
    }
}

/* ---- The manual ---- */

struct entry {
    char term[LINE_SIZE];
    char text[2 * LINE_SIZE]; /* in one line */
};

/* "`NAME` (TYPE, E)::" and the paragraph below it. False: the end of the page. */
static bool next_entry(FILE *page, struct entry *e)
{
    char line[LINE_SIZE];
    bool found = false;

    e->text[0] = '\0';
    while (fgets(line, sizeof(line), page)) {
        line[strcspn(line, "\n")] = '\0';
        if (found && line[0] == '\0')
            break;
        if (found) {
            assert_true(strlen(e->text) + strlen(line) + 2 < sizeof(e->text));
            if (e->text[0] != '\0')
                strcat(e->text, " ");
            strcat(e->text, line);
        } else if (strncmp(line, "`chrony_", 8) == 0 && ends_with(line, "::")) {
            strcpy(e->term, line);
            found = true;
        }
    }
    return found;
}

static void append(char *buf, size_t size, const char *text)
{
    assert_true(strlen(buf) + strlen(text) < size);
    strcat(buf, text);
}

static void append_list(struct entry *e, const char *before, const char *word)
{
    append(e->text, sizeof(e->text), before);
    append(e->text, sizeof(e->text), "`");
    append(e->text, sizeof(e->text), word);
    append(e->text, sizeof(e->text), "`");
}

/* What the manual has to say of a row. */
static void describe(const struct metric_family *f, struct entry *e)
{
    static const char *const types[] = {"gauge", "counter", "info", "stateset"};
    static const char *const ends[] = {"", "_total", "_info", ""};

    snprintf(e->term, sizeof(e->term), "`%s%s` (%s%s)::", f->name, ends[f->type], types[f->type],
             f->known ? ", E" : "");
    snprintf(e->text, sizeof(e->text), "%s", f->help);
    for (size_t i = 0; i < f->label_count; i++)
        append_list(e, i == 0 ? " Labels: " : ", ", f->labels[i].key);
    if (f->by)
        append_list(e, " By ", f->by);
    for (const struct field_word *word = f->value.words; word && word->json; word++) {
        const char *before = f->by ? ": " : " States: ";

        append_list(e, word == f->value.words ? before : ", ", word->json);
        if (word->value == FIELD_OTHER)
            break;
    }
    if (f->label_count > 0 || f->value.words)
        append(e->text, sizeof(e->text), ".");
}

static void the_manual_has_the_rows(void **state)
{
    FILE *page = fopen(PAGE, "r");
    struct entry found, expected;

    if (!page)
        fail_msg("cannot open %s", PAGE);
    assert_true(next_entry(page, &found)); /* chrony_up, which has no row */
    assert_string_equal(found.term, "`chrony_up` (gauge, E)::");
    for (size_t i = 0; metric_family_get(i); i++) {
        describe(metric_family_get(i), &expected);
        if (!next_entry(page, &found) || strcmp(found.term, expected.term) != 0 ||
            strcmp(found.text, expected.text) != 0)
            fail_msg("the manual needs an entry:\n%s\n%s\nthere is:\n%s\n%s", expected.term,
                     expected.text, found.term, found.text);
    }
    if (next_entry(page, &found))
        fail_msg("there is no row for %s", found.term);
    fclose(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_keep_the_rules),
        cmocka_unit_test(texts_are_one_sentence),
        cmocka_unit_test(each_row_has_one_value),
        cmocka_unit_test(the_manual_has_the_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of findings of --check: its order, its form with and without colours, the exit status.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <string.h>
#include "chronyd/check/finding.h"

static void add(struct check_findings *f, enum check_severity severity, struct check_place place,
                const char *directive, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    check_findings_add(f, severity, &place, directive, format, args);
    va_end(args);
}

static void set_fix(struct check_findings *f, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    check_findings_set_fix(f, format, args);
    va_end(args);
}

static const char *print(struct check_findings *f, bool colour)
{
    static char text[2048];

    memset(text, 0, sizeof(text));
    FILE *out = fmemopen(text, sizeof(text), "w");
    check_findings_print(f, "a.conf", colour, out);
    fclose(out);
    return text;
}

static void status_is_that_of_the_worst(void **state)
{
    struct check_findings f = {NULL, 0};

    assert_int_equal(check_findings_status(&f), 0);
    assert_string_equal(print(&f, false), "a.conf: 0 errors, 0 warnings\n");
    add(&f, CHECK_NOTE, (struct check_place){.line = 0}, NULL, "x");
    assert_int_equal(check_findings_status(&f), 0);
    add(&f, CHECK_ERROR, (struct check_place){.line = 0}, NULL, "x");
    assert_int_equal(check_findings_status(&f), 2);
    add(&f, CHECK_WARNING, (struct check_place){.line = 0}, NULL, "x");
    assert_int_equal(check_findings_status(&f), 2);
    check_findings_clear(&f);
    add(&f, CHECK_WARNING, (struct check_place){.line = 0}, NULL, "x");
    assert_int_equal(check_findings_status(&f), 1);
    check_findings_clear(&f);
    assert_int_equal(f.count, 0);
}

static void order_is_that_of_the_lines(void **state)
{
    struct check_findings f = {NULL, 0};

    add(&f, CHECK_WARNING, (struct check_place){NULL, 0, SIZE_MAX}, "makestep", "is missing");
    set_fix(&f, "write %s", "it");
    add(&f, CHECK_ERROR, (struct check_place){"b.conf", 7, 5}, "port", "first %d", 1);
    add(&f, CHECK_NOTE, (struct check_place){"b.conf", 7, 5}, NULL, "second");
    set_fix(&f, "a");
    set_fix(&f, "b");
    add(&f, CHECK_ERROR, (struct check_place){"a.conf", 3, 2}, "allow", "x");
    add(&f, CHECK_WARNING, (struct check_place){NULL, 2, 1}, "allow", "y");
    assert_string_equal(print(&f, false), "directive 2: warning: allow: y\n"
                                          "a.conf:3: error: allow: x\n"
                                          "b.conf:7: error: port: first 1\n"
                                          "b.conf:7: note: second\n"
                                          "    fix: b\n"
                                          "a.conf: warning: makestep: is missing\n"
                                          "    fix: write it\n"
                                          "a.conf: 2 errors, 2 warnings, 1 note\n");
    check_findings_clear(&f);
}

static void colours_mark_the_severity(void **state)
{
    struct check_findings f = {NULL, 0};

    add(&f, CHECK_ERROR, (struct check_place){"b.conf", 7, 5}, "port", "x");
    add(&f, CHECK_WARNING, (struct check_place){"b.conf", 8, 6}, "port", "x");
    assert_string_equal(print(&f, true), "b.conf:7: \033[31merror:\033[0m port: x\n"
                                         "b.conf:8: \033[33mwarning:\033[0m port: x\n"
                                         "a.conf: 1 error, 1 warning\n");
    check_findings_clear(&f);
}

static void terminals_get_no_foreign_sequences(void **state)
{
    struct check_findings f = {NULL, 0};

    add(&f, CHECK_ERROR, (struct check_place){"b\033[31m", 7, 5}, "p\007t", "x\n%s", "\033[2J");
    set_fix(&f, "%s", "\200");
    assert_string_equal(print(&f, false), "b?[31m:7: error: p?t: x??[2J\n"
                                          "    fix: ?\n"
                                          "a.conf: 1 error, 0 warnings\n");
    check_findings_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_that_of_the_worst),
        cmocka_unit_test(order_is_that_of_the_lines),
        cmocka_unit_test(colours_mark_the_severity),
        cmocka_unit_test(terminals_get_no_foreign_sequences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text in pages: markup, control characters and broken UTF-8 have no effect.
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>

#include "base/number.h"
#include "chronyc/html.h"

static void text_is_escaped(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", ""},
        {"ntp.example.net", "ntp.example.net"},
        {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
        {"\"&amp;", "&quot;&amp;amp;"},
        {"a\033[2Jb\r\n\t\177", "a?[2Jb????"},
        {"\u00e4 \u20ac \U0001f552", "\u00e4 \u20ac \U0001f552"},
        /* C1, surrogate, overlong, beyond the last, not a character, cut off, alone */
        {"\xc2\x85", "??"},
        {"\xed\xa0\x80", "???"},
        {"\xc0\xbc", "??"},
        {"\xf4\x90\x80\x80", "????"},
        {"\xef\xbf\xbf", "???"},
        {"x\xe2\x82", "x??"},
        {"\xff\x80<", "??&lt;"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        html_text(f, cases[i].text);
        fclose(f);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

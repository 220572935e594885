/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of text files (config.md 2): the longest one, ends of files with and without a newline, and
 * NUL octets.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <string.h>
#include "base/line_reader.h"
#include "test/unit/support/log.h"

#define LONGEST 2046 /* without the newline */

struct file {
    FILE *stream;
    struct line_reader reader;
};

static struct file open_text(char *text, size_t length)
{
    FILE *stream = fmemopen(text, length, "r");

    assert_non_null(stream);
    return (struct file){.stream = stream, .reader = line_reader_start(stream, "the file")};
}

static void expect_line(struct file *f, const char *line, bool complete)
{
    assert_int_equal(line_reader_next(&f->reader), LINE_OK);
    assert_string_equal(f->reader.line, line);
    assert_int_equal(f->reader.complete, complete);
}

static void expect_end(struct file *f)
{
    assert_int_equal(line_reader_next(&f->reader), LINE_END);
    assert_string_equal(f->reader.line, "");
    fclose(f->stream);
}

static void lines_are_counted_and_lose_their_newline(void **state)
{
    char text[] = "one\n\n  two \r\nlast";
    struct file f = open_text(text, strlen(text));

    expect_line(&f, "one", true);
    assert_int_equal(f.reader.number, 1);
    expect_line(&f, "", true);
    expect_line(&f, "  two \r", true);
    assert_int_equal(f.reader.number, 3);
    expect_line(&f, "last", false);
    expect_end(&f);
}

/* With its newline a line has 2047 octets at most; the one behind it is read as if nothing had
   been. */
static void longest_line(void **state)
{
    for (size_t length = LONGEST - 2; length < LONGEST + 4; length++) {
        char text[LONGEST + 16];
        memset(text, 'x', length);
        strcpy(text + length, "\nnext\n");
        struct file f = open_text(text, strlen(text));

        if (length <= LONGEST) {
            assert_int_equal(line_reader_next(&f.reader), LINE_OK);
            assert_int_equal(strlen(f.reader.line), length);
        } else {
            assert_int_equal(line_reader_next(&f.reader), LINE_TOO_LONG);
        }
        assert_int_equal(f.reader.number, 1);
        expect_line(&f, "next", true);
        assert_int_equal(f.reader.number, 2);
        expect_end(&f);
    }
}

/* At the end of a file an octet of the text may have the place of the newline. */
static void longest_line_at_the_end(void **state)
{
    char text[LONGEST + 2];
    memset(text, 'x', sizeof(text));
    struct file f = open_text(text, LONGEST + 1);
    assert_int_equal(line_reader_next(&f.reader), LINE_OK);
    assert_int_equal(strlen(f.reader.line), LONGEST + 1);
    expect_end(&f);

    f = open_text(text, LONGEST + 2);
    assert_int_equal(line_reader_next(&f.reader), LINE_TOO_LONG);
    expect_end(&f);
}

/* The rest of such a line is skipped, however long it is; one warning for a file. */
static void nul_octet_ends_a_line(void **state)
{
    char text[3 * LONGEST];
    memset(text, 'x', sizeof(text));
    memcpy(text, "one\0", 4);
    memcpy(text + 2 * LONGEST, "\ntwo\0rest\nthree\n", 16);
    struct file f = open_text(text, 2 * LONGEST + 16);

    capture_log();
    expect_line(&f, "one", true);
    expect_line(&f, "two", true);
    expect_line(&f, "three", true);
    assert_int_equal(logged("NUL character"), 1);
    assert_int_equal(
        logged("NUL character at line 1 in file the file, ignoring the rest of the line"), 1);
    end_log_capture();
    expect_end(&f);
}

/* No warning about an octet of a line that is not used anyway. */
static void nul_octet_of_a_line_that_is_too_long(void **state)
{
    char text[LONGEST + 8];
    memset(text, 'x', sizeof(text));
    memcpy(text + LONGEST + 2, "\0y\nok\n", 6);
    struct file f = open_text(text, sizeof(text));

    capture_log();
    assert_int_equal(line_reader_next(&f.reader), LINE_TOO_LONG);
    expect_line(&f, "ok", true);
    assert_int_equal(logged("NUL character"), 0);
    end_log_capture();
    expect_end(&f);
}

static void empty_file_and_errors_are_the_end(void **state)
{
    FILE *stream = fopen("/dev/null", "r");
    struct line_reader reader = line_reader_start(stream, "/dev/null");
    assert_int_equal(line_reader_next(&reader), LINE_END);
    assert_int_equal(ferror(stream), 0);
    fclose(stream);

    stream = fopen("/", "r");
    assert_non_null(stream);
    reader = line_reader_start(stream, "/");
    errno = 0;
    assert_int_equal(line_reader_next(&reader), LINE_END);
    assert_int_equal(errno, EISDIR);
    assert_true(ferror(stream) != 0);
    fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_counted_and_lose_their_newline),
        cmocka_unit_test(longest_line),
        cmocka_unit_test(longest_line_at_the_end),
        cmocka_unit_test(nul_octet_ends_a_line),
        cmocka_unit_test(nul_octet_of_a_line_that_is_too_long),
        cmocka_unit_test(empty_file_and_errors_are_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines and words of ntskeys and ADDRESS.nts (nts.md 13, 14): what somebody may have written into
 * these files by hand is taken as a whole or not at all.
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "nts/file_line.h"

static FILE *open_text(char *text)
{
    FILE *stream = fmemopen(text, strlen(text), "r");

    assert_non_null(stream);
    return stream;
}

static void lines_are_split_at_white_space(void **state)
{
    struct file_line line;
    FILE *stream = open_text((char[]){"one  two\tthree\r\n\n \v\f \na b c d e f\nlast"});

    assert_true(file_line_read(stream, &line));
    assert_int_equal(line.word_count, 3);
    assert_string_equal(line.words[0], "one");
    assert_string_equal(line.words[1], "two");
    assert_string_equal(line.words[2], "three");
    for (int i = 0; i < 2; i++) {
        assert_true(file_line_read(stream, &line));
        assert_int_equal(line.word_count, 0);
    }
    /* More than any line has. */
    assert_true(file_line_read(stream, &line));
    assert_int_equal(line.word_count, FILE_LINE_WORDS);
    assert_true(file_line_read(stream, &line));
    assert_int_equal(line.word_count, 1);
    assert_string_equal(line.words[0], "last");
    assert_false(file_line_read(stream, &line));
    assert_int_equal(line.word_count, 0);
    fclose(stream);
}

/* One that is longer than the buffer comes in pieces, none of them longer than it. */
static void long_lines_stay_in_the_buffer(void **state)
{
    char text[3 * FILE_LINE_SIZE];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    FILE *stream = open_text(text);
    struct file_line line;
    size_t total = 0;

    while (file_line_read(stream, &line)) {
        assert_int_equal(line.word_count, 1);
        assert_true(strlen(line.words[0]) < FILE_LINE_SIZE);
        total += strlen(line.words[0]);
    }
    assert_int_equal(total, sizeof(text) - 1);
    fclose(stream);
}

static void nothing_stays_behind(void **state)
{
    const struct file_line no_line = {0};
    const struct file_buffer no_buffer = {0};
    struct file_line line;
    struct file_buffer *buffer = calloc(1, sizeof(*buffer));
    FILE *stream = tmpfile();

    fputs("secret 00112233\n", stream);
    fflush(stream);
    rewind(stream);
    /* The stream is a new one for its descriptor: a buffer is given before the first access. */
    FILE *again = fdopen(fileno(stream), "r");
    file_buffer_use(buffer, again);
    assert_true(file_line_read(again, &line));
    assert_non_null(memmem(buffer, sizeof(*buffer), "00112233", 8));
    file_line_wipe(&line);
    assert_memory_equal(&line, &no_line, sizeof(line));
    file_buffer_wipe(buffer);
    assert_memory_equal(buffer, &no_buffer, sizeof(*buffer));
    fclose(again);
    free(buffer);
}

static void decimal_words(void **state)
{
    static const char *const bad[] = {"",    " 1",  "+1",         "-1",
                                      "1 ",  "1x",  "0x1",        "x",
                                      "1.0", "--1", "4294967296", "99999999999999999999"};
    uint32_t value;

    assert_true(file_word_u32("0", &value));
    assert_int_equal(value, 0);
    assert_true(file_word_u32("0017", &value));
    assert_int_equal(value, 17);
    assert_true(file_word_u32("4294967295", &value));
    assert_int_equal(value, UINT32_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (file_word_u32(bad[i], &value))
            fail_msg("'%s' was taken as %u", bad[i], value);
}

static void hexadecimal_words(void **state)
{
    static const char *const bad[] = {"",  "123456789", "000000000", "0x1",
                                      "g", "1 ",        "-1",        "12 34"};
    uint32_t value;

    assert_true(file_word_hex_u32("0", &value));
    assert_int_equal(value, 0);
    assert_true(file_word_hex_u32("e35574d4", &value));
    assert_int_equal(value, 0xe35574d4);
    assert_true(file_word_hex_u32("ABC", &value));
    assert_int_equal(value, 0xabc);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (file_word_hex_u32(bad[i], &value))
            fail_msg("'%s' was taken as %x", bad[i], value);
}

static void real_words(void **state)
{
    static const char *const bad[] = {"", "x", "1x", "inf", "nan", "-inf", "1e999", "1.0 "};
    double value;

    assert_true(file_word_number("34.5", &value));
    assert_true(value == 34.5);
    assert_true(file_word_number("-1e3", &value));
    assert_true(value == -1000.0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (file_word_number(bad[i], &value))
            fail_msg("'%s' was taken as %g", bad[i], value);
}

/* A key has exactly the length of its algorithm; what is refused leaves nothing in the key. */
static void keys_have_the_length_of_their_algorithm(void **state)
{
    char word[2 * 64 + 1];
    struct secret key;
    const struct secret none = {0};

    for (size_t octets = 0; octets <= 64; octets++) {
        for (size_t i = 0; i < 2 * octets; i++)
            word[i] = "0123456789abcdef"[i % 16];
        word[2 * octets] = '\0';
        memset(&key, 0xff, sizeof(key));
        const bool taken = file_word_key(word, AEAD_AES_SIV_CMAC_256, &key);
        assert_int_equal(taken, octets == 32);
        if (taken)
            assert_memory_equal(key.data, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
        else
            assert_memory_equal(&key, &none, sizeof(key));
    }
    memset(word, 'a', 64);
    word[64] = '\0';
    assert_true(file_word_key(word, AEAD_AES_SIV_CMAC_256, &key));
    assert_false(file_word_key(word, 0, &key));
    assert_false(file_word_key(word, -1, &key));
    word[10] = 'g';
    assert_false(file_word_key(word, AEAD_AES_SIV_CMAC_256, &key));
}

static void paths(void **state)
{
    char *path = file_path_join("/var/lib/chrony", "ntskeys");

    assert_string_equal(path, "/var/lib/chrony/ntskeys");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_split_at_white_space),
        cmocka_unit_test(long_lines_stay_in_the_buffer),
        cmocka_unit_test(nothing_stays_behind),
        cmocka_unit_test(decimal_words),
        cmocka_unit_test(hexadecimal_words),
        cmocka_unit_test(real_words),
        cmocka_unit_test(keys_have_the_length_of_their_algorithm),
        cmocka_unit_test(paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

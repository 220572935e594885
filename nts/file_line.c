/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of ntskeys and ADDRESS.nts (nts.md 13, 14), called while these are loaded. They may
 * have been edited, so each word is checked as a whole.
 */
#include "nts/file_line.h"

#include <math.h>
#include <string.h>
#include "base/text.h"

void file_buffer_use(struct file_buffer *buffer, FILE *stream)
{
    setvbuf(stream, buffer->octets, _IOFBF, sizeof(buffer->octets));
}

void file_buffer_wipe(struct file_buffer *buffer)
{
    crypto_wipe(buffer, sizeof(*buffer));
}

bool file_line_read(FILE *stream, struct file_line *line)
{
    char *save = NULL;

    line->word_count = 0;
    if (!fgets(line->text, sizeof(line->text), stream))
        return false;
    for (char *word = strtok_r(line->text, " \t\r\n\v\f", &save);
         word && line->word_count < FILE_LINE_WORDS; word = strtok_r(NULL, " \t\r\n\v\f", &save))
        line->words[line->word_count++] = word;
    return true;
}

void file_line_wipe(struct file_line *line)
{
    crypto_wipe(line, sizeof(*line));
}

bool file_word_u32(const char *word, uint32_t *value)
{
    size_t used;

    return word[0] >= '0' && word[0] <= '9' && !text_uint_wraps(word) &&
           text_scan_uint(word, value, &used) && word[used] == '\0';
}

bool file_word_hex_u32(const char *word, uint32_t *value)
{
    uint8_t octets[4];
    const size_t digits = strlen(word);
    char full[9];

    if (digits == 0 || digits > 8)
        return false;
    memset(full, '0', 8 - digits);
    memcpy(full + 8 - digits, word, digits + 1);
    if (text_from_hex(full, octets, sizeof(octets)) != sizeof(octets))
        return false;
    *value = (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 |
             octets[3];
    return true;
}

bool file_word_number(const char *word, double *value)
{
    size_t used;

    return text_scan_double(word, value, &used) && word[used] == '\0' && isfinite(*value);
}

bool file_word_key(const char *word, int aead, struct secret *key)
{
    const size_t length = aead_key_length(aead);

    key->length = text_from_hex(word, key->data, sizeof(key->data));
    if (length > 0 && key->length == length)
        return true;
    secret_wipe(key);
    return false;
}

char *file_path_join(const char *directory, const char *name)
{
    const size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = mem_alloc(size);

    snprintf(path, size, "%s/%s", directory, name);
    return path;
}

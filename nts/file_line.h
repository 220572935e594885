/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the two text files of NTS, ntskeys and ADDRESS.nts (nts.md 13, 14). They hold secrets,
 * so the line is wiped by its owner and nothing of it is ever logged.
 */
#ifndef NTS_FILE_LINE_H
#define NTS_FILE_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/crypto.h"

#define FILE_LINE_SIZE  1024 /* at most 1023 characters are read */
#define FILE_LINE_WORDS 5    /* one more than any line has */

/* Serves stdio as its buffer, so that it can be wiped. */
struct file_buffer {
    char octets[4096];
};

/* To be called before the first access; the buffer must outlive the stream. */
void file_buffer_use(struct file_buffer *buffer, FILE *stream);
void file_buffer_wipe(struct file_buffer *buffer);

struct file_line {
    char text[FILE_LINE_SIZE];
    char *words[FILE_LINE_WORDS]; /* into text */
    int word_count;               /* FILE_LINE_WORDS: that many or more */
};

/* Reads a line and splits it at white space. False at the end of the file. */
bool file_line_read(FILE *stream, struct file_line *line);
void file_line_wipe(struct file_line *line);

/* Whole words as values; false if they are anything else. */
bool file_word_u32(const char *word, uint32_t *value);
bool file_word_hex_u32(const char *word, uint32_t *value);
bool file_word_number(const char *word, double *value); /* finite */
/* Hexadecimal of exactly the key length of a supported algorithm. */
bool file_word_key(const char *word, int aead, struct secret *key);

/* DIRECTORY/NAME, allocated. */
char *file_path_join(const char *directory, const char *name);

#endif

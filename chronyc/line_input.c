/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of input lines. The line editing library is confined to this file; what completes a word
 * is decided in commands.c.
 */
#include "chronyc/line_input.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/commands.h"
#include "config.h"

#define LINE_SIZE 2048

static char *read_plain(FILE *in)
{
    char line[LINE_SIZE];

    if (!fgets(line, sizeof(line), in))
        return NULL;
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\n')
        line[length - 1] = '\0';
    return text_dup(line);
}

#ifdef FEAT_READLINE

#include <editline/readline.h>

#define WORDS_MAX 128

/* Part that all words have in common; the library inserts it and lists the words. */
static char *common_prefix(const char **words, size_t count)
{
    size_t length = strlen(words[0]);
    char *prefix = mem_alloc(length + 1);

    for (size_t i = 1; i < count; i++) {
        size_t same = 0;

        while (same < length && words[0][same] == words[i][same])
            same++;
        length = same;
    }
    memcpy(prefix, words[0], length);
    return prefix;
}

/* The library frees the list and its strings. */
static char **complete(const char *text, int start, int end)
{
    const char *words[WORDS_MAX];
    char *line = mem_alloc((size_t)end + 1), **list = NULL;

    memcpy(line, rl_line_buffer, (size_t)end);
    size_t count = command_complete(line, words, WORDS_MAX);
    if (count > 0) {
        list = mem_array(count + 2, sizeof(*list));
        list[0] = common_prefix(words, count);
        for (size_t i = 0; i < count; i++)
            list[i + 1] = text_dup(words[i]);
    }
    free(line);
    rl_attempted_completion_over = 1; /* never names of files */
    return list;
}

static char *read_edited(const char *prompt)
{
    rl_basic_word_break_characters = " \t\n\r";
    rl_attempted_completion_function = complete;
    char *line = readline(prompt);
    if (line && line[0] != '\0')
        add_history(line);
    return line;
}

char *line_input_read(FILE *in, FILE *out, const char *prompt)
{
    return prompt ? read_edited(prompt) : read_plain(in);
}

#else

char *line_input_read(FILE *in, FILE *out, const char *prompt)
{
    if (prompt) {
        fputs(prompt, out);
        fflush(out);
    }
    return read_plain(in);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding fragments in directories: the search of confdir and sourcedir (config.md 6 and 7).
 * Internal to conf/.
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONF_MAX_DIRECTORIES 10

/* Names of the files in a directory that end in the suffix, in any order: as list_files of struct
   world. NULL: cannot be read. */
typedef char **(*list_files_function)(void *arg, const char *directory, const char *suffix);

/*
 * Paths of the files to be read, in reading order: of 1 to 10 directories in a normalised list
 * (which is changed), ordered by name, the first directory's file of each name. An allocated array
 * that ends in NULL, freed by path_list_free. NULL: no directory, or more than 10.
 */
char **fragment_search(char *directories, const char *suffix, list_files_function list, void *arg);
void path_list_free(char **list);

enum line_result { LINE_OK, LINE_END, LINE_TOO_LONG };

/* Reads a line without its newline; *complete tells if it had one. LINE_END: nothing is left, or a
   read error. Longer than size - 2 with the newline: LINE_TOO_LONG (config.md 2). */
enum line_result read_text_line(FILE *stream, char *line, size_t size, bool *complete);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding fragments in directories: the search of confdir and sourcedir (config.md 6 and 7).
 * Internal to conf/.
 */
#ifndef CONF_DIRECTORIES_H
#define CONF_DIRECTORIES_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_MAX_DIRECTORIES 10

/* Names of the files in a directory that end in the suffix, in any order: as list_files of struct
   world. NULL: cannot be read. */
typedef char **(*list_files_function)(void *ctx, const char *directory, const char *suffix);

/*
 * Paths of the files to be read, in reading order: of 1 to 10 directories in a normalised list
 * (which is changed), ordered by name, the first directory's file of each name. An allocated array
 * that ends in NULL, freed by path_list_free. NULL: no directory, or more than 10.
 */
char **fragment_search(char *directories, const char *suffix, list_files_function list, void *arg);
void path_list_free(char **list);

#endif

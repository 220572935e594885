/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file system of a simulated node: files in memory, which survive restarts of its daemon.
 * Called by the node's world; scenarios look into it. Directories are not modelled: a path is a
 * name.
 */
#ifndef TEST_SIM_FILES_H
#define TEST_SIM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct sim_files;

struct sim_files *sim_files_new(void);
void sim_files_free(struct sim_files *files);

/* As in struct world_ops: NULL or false with errno set. */
FILE *sim_files_read(struct sim_files *files, const char *path);
FILE *sim_files_append(struct sim_files *files, const char *path);
FILE *sim_files_update(struct sim_files *files, const char *path);
FILE *sim_files_create(struct sim_files *files, const char *path);
bool sim_files_rename(struct sim_files *files, const char *from, const char *to);
bool sim_files_remove(struct sim_files *files, const char *path);
char **sim_files_list(struct sim_files *files, const char *directory, const char *suffix);
bool sim_files_sync(struct sim_files *files, FILE *stream);

/* The text of a file, which is valid until it changes; NULL: there is none. */
const char *sim_files_text(const struct sim_files *files, const char *path);
/* The same for octets of any kind. */
const void *sim_files_data(const struct sim_files *files, const char *path, size_t *size);
void sim_files_set(struct sim_files *files, const char *path, const char *text);
/* From now on a file takes only so many octets in all (a power cut, a full disk); negative: any. */
void sim_files_limit_writes(struct sim_files *files, long octets);

/* The worst that a power cut can do: names are what they were, but files of which something was not
   synced are empty. */
void sim_files_lose_power(struct sim_files *files);

#endif

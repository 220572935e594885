/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files by the rules of daemon.md 22: writing never goes through an existing file or link, data
 * files are replaced atomically, descriptors are close-on-exec. Used by the world's implementation
 * and by code that runs before the daemon is up.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Reading is plain. NULL with errno set. */
FILE *file_open_read(const char *path);
/* O_APPEND|O_CREAT|O_NOFOLLOW. NULL with errno set. */
FILE *file_open_append(const char *path, mode_t mode);
/* Exclusive creation; an existing file is removed and creation repeated (warning `Failing to
   replace PATH (N attempts)` after 100, 1000, ... tries). NULL with errno set. */
FILE *file_open_new(const char *path, mode_t mode);

/*
 * Replacing a file: write to the stream, then commit. What was at PATH
 * before stays until the new contents are complete.
 */
struct file_replace {
    FILE *stream;
    char *path;
    char *tmp_path;
};

/* tmp_path NULL: PATH.tmp. False after logging `Could not open PATH : ERRNO` (error). */
bool file_replace_begin(struct file_replace *r, const char *path, const char *tmp_path,
                        mode_t mode);
/* Flushes, closes and renames. False: a write failed (nothing logged, old file kept) or the rename
   failed (logged `Could not replace NEW with OLD : ERRNO`). The temporary file is removed then.
   *write_failed tells which, if not NULL. Frees everything. */
bool file_replace_commit(struct file_replace *r, bool *write_failed);
void file_replace_abort(struct file_replace *r);

/* Pieces of the above: PATH.tmp (allocated), and closing a stream whose earlier writes count too.
   file_finish: false if anything could not be written. */
char *file_temporary_path(const char *path);
bool file_finish(FILE *stream);

/* Removes; false with errno set. */
bool file_remove(const char *path);

/* Creates a directory and its missing parents (daemon.md 7). Errors are logged. */
bool file_make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid);
/* Checks permissions and owner of the command socket's directory; logs the error. */
bool file_check_directory(const char *path, mode_t perm, uid_t uid, gid_t gid);

/* Warning `World-readable permissions on FILE` / `World-writable ...` for a regular file with mode
   bits for others, as config.md 23 (bits = 0006) and nts.md 6.4 say. */
void file_warn_permissions(const char *path);

/* Directory part of a path: text before the last '/', "." without one, "/" for the root. Allocated. */
char *file_directory(const char *path);

#endif

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

/* For reading a regular file, or what a character device has at the moment (/dev/null: nothing).
   Never waits. Refuses a FIFO, a directory, an endless device and everything else with
   ERRNO_NOT_A_FILE (base/text.h). NULL with errno set. */
FILE *file_open_read(const char *path);
/* For reading a file of any kind that ends. It may wait, so it is only for what an operator has
   named, like a pipe with the configuration (-f /dev/stdin). NULL with errno set. */
FILE *file_open_input(const char *path);
/* For appending, O_CREAT|O_NOFOLLOW: a regular file, a character device, or a FIFO that has a
   reader (ENXIO without). Writing never waits. NULL with errno set. */
FILE *file_open_append(const char *path, mode_t mode);
/* For reading and writing anywhere in a regular file that is there, O_NOFOLLOW, which the process
   has for itself until it closes a descriptor of this file: others that open it in this way fail
   with ERRNO_IN_USE. NULL with errno set (ERRNO_NOT_A_FILE: it is of another kind). */
FILE *file_open_update(const char *path);
/* Exclusive creation. Removes an existing file and tries again (warning `Failing to replace PATH (N
   attempts)` after 100, 1000, ... tries), but no device (ERRNO_NOT_A_FILE). NULL with errno set. */
FILE *file_open_new(const char *path, mode_t mode);

/* For replacing a file (base/world.h): PATH.tmp, allocated. */
char *file_temporary_path(const char *path);

/* Renames, over an existing file but not over a device (ERRNO_NOT_A_FILE). False with errno set. */
bool file_replace(const char *from, const char *to);

/* Removes; false with errno set. */
bool file_remove(const char *path);

/* Creates a directory and its missing parents (daemon.md 7). Errors are logged. */
bool file_make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid);
/* Checks permissions and owner of the command socket's directory; logs the error. */
bool file_check_directory(const char *path, mode_t perm, uid_t uid, gid_t gid);

/* Warning `World-readable permissions on FILE` / `World-writable ...` for a regular file that
   others may read or write: the key file (config.md 23) and private keys of TLS (nts.md 6.4). */
void file_warn_permissions(const char *path);

/* Directory part of a path: text before the last '/', "." without one, "/" for the root.
   Allocated. */
char *file_directory(const char *path);

#endif

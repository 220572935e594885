/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The octets of the server's certificate and key files (`ntsservercert`, `ntsserverkey`), read
 * and not parsed. Reading needs the rights to open the files; a process that parses them must
 * have given up those rights. The memory is left out of core dumps, kept out of swap space if the
 * system allows that, and wiped when it is freed.
 */
#ifndef NTS_SERVER_FILES_H
#define NTS_SERVER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/world.h"
#include "conf/groups.h"

/* Octets of a file. Chains of certificates with all their comments are a thousand times smaller. */
#define SERVER_FILE_MAX_SIZE (16U * 1024U * 1024U)

/* One file as it was when it was read. */
struct server_file {
    const char *path;    /* of the configuration */
    int error;           /* errno of stat() or reading, 0: none; otherwise the rest is not set */
    bool is_other;       /* no regular file: a directory, a FIFO, a device */
    bool is_too_large;   /* more than SERVER_FILE_MAX_SIZE octets */
    unsigned char *data; /* NULL: nothing was read */
    size_t size;         /* octets of data */
    size_t mapped;       /* octets of the mapping */
    bool was_found;      /* stat() has found it and filled in info */
    struct world_file_info info;
};

/* A certificate and its key; shared by the sets of files that hold it. */
struct server_pair {
    unsigned int references;
    struct server_file certificate;
    struct server_file key;
};

/* All pairs of the configuration, in its order. */
struct server_files {
    struct server_pair **pairs; /* NULL: it has none in this place */
    size_t count;
};

/* Reads all files. The members of struct server_file tell which cannot be read. Does not fail,
   log or wait (a FIFO is not opened). Freed by server_files_free. */
struct server_files *server_files_read(const struct world *world,
                                       const struct nts_server_conf *conf);
/* The same pairs in another set, without a copy of the octets. */
struct server_files *server_files_share(const struct server_files *files);
/* Puts pair `index` of `from`, or nothing (from is NULL, or has none), in the place of the same
   pair of `files`. */
void server_files_take_pair(struct server_files *files, size_t index,
                            const struct server_files *from);
/* Number of pairs in it, at most `count`. */
size_t server_files_pairs(const struct server_files *files);
/* Wipes the octets of a pair in all sets that hold it; the result of stat() is kept. */
void server_files_wipe_pair(struct server_files *files, size_t index);
/* Wipes and unmaps pairs that no other set holds. In a forked process this affects its own copy
   only. NULL is allowed. */
void server_files_free(struct server_files *files);

/* Why the file has no octets to parse, `PATH: REASON`; false (and an empty text) if it has. */
bool server_file_problem(const struct server_file *file, char *text, size_t size);
/* Whether a file on disk was replaced or changed since it was read, or has become readable or
   unreadable. Compares results of stat(). */
bool server_files_changed(const struct server_files *files, const struct world *world);

/* `World-readable permissions on FILE` and the like for each private key of the configuration
   (nts.md 6.4). */
void server_files_warn_permissions(const struct nts_server_conf *conf);

#endif

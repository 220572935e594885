/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The octets of the server's certificate and key files (`ntsservercert`, `ntsserverkey`), read
 * and not looked into: reading takes the rights to open the files, and whoever parses them has to
 * have given up those rights before. The memory is left out of core dumps, kept out of swap space
 * if the system allows that, and wiped when it is freed.
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
    int error;           /* errno of looking or reading, 0: none; then the rest tells nothing */
    bool is_other;       /* no regular file: a directory, a FIFO, a device */
    bool is_too_large;   /* more than SERVER_FILE_MAX_SIZE octets */
    unsigned char *data; /* NULL: nothing was read */
    size_t size;         /* octets of data */
    size_t mapped;       /* octets of the mapping */
    bool was_found;      /* by a look at it before it was opened, which gave info */
    struct world_file_info info;
};

/* What belongs together; shared by the sets of files that hold it. */
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

/* Reads all of them. What cannot be read is told by the members of struct server_file: this does
   not fail, does not log, and does not wait (a FIFO is not opened). Freed by server_files_free. */
struct server_files *server_files_read(const struct world *world,
                                       const struct nts_server_conf *conf);
/* The same pairs in another set, without a copy of the octets. */
struct server_files *server_files_share(const struct server_files *files);
/* Puts pair `index` of `from`, or nothing (from is NULL, or has none), in the place of the same
   pair of `files`. */
void server_files_take_pair(struct server_files *files, size_t index,
                            const struct server_files *from);
/* Pairs that it has, at most `count`. */
size_t server_files_pairs(const struct server_files *files);
/* Wipes the octets of a pair in all sets that hold it; what stat() said is kept. */
void server_files_wipe_pair(struct server_files *files, size_t index);
/* Wipes and unmaps what no other set holds. In a process that was forked this is its own copy only.
   NULL is allowed. */
void server_files_free(struct server_files *files);

/* Why the file has no octets to parse, `PATH: REASON`; false (and an empty text) if it has. */
bool server_file_problem(const struct server_file *file, char *text, size_t size);
/* Whether a file on disk is another one than was read, or changed, or its way is open now that was
   closed, or the other way round. Compares what stat() says. */
bool server_files_changed(const struct server_files *files, const struct world *world);

/* `World-readable permissions on FILE` and the like for each private key of the configuration
   (nts.md 6.4). */
void server_files_warn_permissions(const struct nts_server_conf *conf);

#endif

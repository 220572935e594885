/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that one process writes and others read, passed by its descriptor. Its size is fixed for
 * good, so no side can make the other one fail by cutting it, and seals keep the readers from
 * writing. Who reads has to take the contents for hostile as long as the writer may be.
 */
#ifndef PROCESS_SHARED_MEMORY_H
#define PROCESS_SHARED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* The command of fcntl() that seals; older C libraries have no name for it. */
#define SHARED_MEMORY_SEAL 1033

struct shared_memory {
    int fd; /* -1: there is none */
    void *data;
    size_t size;
};

enum shared_writer {
    SHARED_WRITER_MAKER,  /* who makes it writes, those to whom it is passed cannot */
    SHARED_WRITER_HOLDER, /* who makes it only reads */
};

/* Zeroed memory; what is never touched takes no room. name: for listings. False with errno set:
   also where the kernel cannot keep its promise (before Linux 5.1). */
bool shared_memory_make(struct shared_memory *memory, const char *name, size_t size,
                        enum shared_writer writer);
/* Unmaps and closes; what the others have mapped stays. wipe: writes zeros before, which all see
   (SHARED_WRITER_MAKER only). */
void shared_memory_free(struct shared_memory *memory, bool wipe);

enum shared_access {
    SHARED_READ,
    SHARED_WRITE, /* of SHARED_WRITER_HOLDER only */
    SHARED_COPY,  /* what is written here is seen by nobody else */
};

/* Maps memory that was passed; the descriptor may be closed then. NULL with errno set: also when it
   is smaller than size. */
void *shared_memory_map(int fd, size_t size, enum shared_access access);
void shared_memory_unmap(void *data, size_t size);

#endif

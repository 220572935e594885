/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared memory by memfd_create(2) and its seals; see shared_memory.h.
 */
#include "process/shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/crypto.h"

/* The kernel's names and numbers, for older C libraries. */
#define FLAG_CLOEXEC      1U
#define FLAG_MAY_SEAL     2U
#define SEAL_SEALS        1
#define SEAL_SHRINK       2
#define SEAL_GROW         4
#define SEAL_FUTURE_WRITE 16

static int make_file(const char *name)
{
#ifdef SYS_memfd_create
    return (int)syscall(SYS_memfd_create, name, FLAG_CLOEXEC | FLAG_MAY_SEAL);
#else
    errno = ENOSYS;
    return -1;
#endif
}

static bool seal(int fd, enum shared_writer writer)
{
    return fcntl(fd, SHARED_MEMORY_SEAL,
                 SEAL_SEALS | SEAL_SHRINK | SEAL_GROW |
                     (writer == SHARED_WRITER_MAKER ? SEAL_FUTURE_WRITE : 0)) == 0;
}

bool shared_memory_make(struct shared_memory *memory, const char *name, size_t size,
                        enum shared_writer writer)
{
    const int protection = writer == SHARED_WRITER_MAKER ? PROT_READ | PROT_WRITE : PROT_READ;
    void *data = MAP_FAILED;

    *memory = (struct shared_memory){.fd = -1};
    int fd = make_file(name);
    if (fd < 0)
        return false;
    if (ftruncate(fd, (off_t)size) == 0)
        data = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    if (data != MAP_FAILED && seal(fd, writer)) {
        *memory = (struct shared_memory){.fd = fd, .data = data, .size = size};
        return true;
    }
    int error = errno;
    if (data != MAP_FAILED)
        munmap(data, size);
    close(fd);
    errno = error;
    return false;
}

void shared_memory_free(struct shared_memory *memory, bool wipe)
{
    if (memory->fd < 0)
        return;
    if (wipe)
        crypto_wipe(memory->data, memory->size);
    munmap(memory->data, memory->size);
    close(memory->fd);
    *memory = (struct shared_memory){.fd = -1};
}

void *shared_memory_map(int fd, size_t size, enum shared_access access)
{
    const int protection = access == SHARED_READ ? PROT_READ : PROT_READ | PROT_WRITE;
    const int flags = access == SHARED_COPY ? MAP_PRIVATE : MAP_SHARED;
    /* Some C libraries make a call by name of fstat(), which processes without files may not. */
    const off_t end = lseek(fd, 0, SEEK_END);

    if (end < 0)
        return NULL;
    if ((uint64_t)end < size) {
        errno = EINVAL;
        return NULL;
    }
    void *data = mmap(NULL, size, protection, flags, fd, 0);
    return data == MAP_FAILED ? NULL : data;
}

void shared_memory_unmap(void *data, size_t size)
{
    if (data)
        munmap(data, size);
}

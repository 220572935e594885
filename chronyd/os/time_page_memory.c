/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where time pages lie. Memory for processes of the daemon is a file without a name, sealed so that
 * nobody can shorten it under a reader, nor map it for writing once this process has. The file for
 * programs is written in full before it has its name, so that writing to its mapping needs no room
 * on the disk later.
 */
#include "chronyd/os/time_page_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"

#ifndef F_SEAL_FUTURE_WRITE /* since Linux 5.1 */
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* Maps the page of a new file for writing, and makes it one without contents. */
static struct time_page *map_new(int fd)
{
    void *page = mmap(NULL, TIME_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (page == MAP_FAILED)
        return NULL;
    time_page_init(page);
    return page;
}

static bool make_sealed(struct time_page_memory *m, int fd)
{
    if (ftruncate(fd, TIME_PAGE_SIZE) < 0)
        return false;
    m->page = map_new(fd);
    return m->page && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0;
}

/* The descriptor that readers get: the same one, if the seal keeps them from writing, else one that
   was opened for reading. */
static int descriptor_for_readers(int fd)
{
    char path[64];

    if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0)
        return fd;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int reader = open(path, O_RDONLY | O_CLOEXEC);
    int error = errno;
    close(fd);
    errno = error;
    return reader;
}

static bool fail(struct time_page_memory *m, int fd)
{
    int error = errno;

    if (m->page)
        munmap(m->page, TIME_PAGE_SIZE);
    if (fd >= 0)
        close(fd);
    free(m->path);
    *m = (struct time_page_memory){.fd = -1};
    errno = error;
    return false;
}

bool time_page_memory_new(struct time_page_memory *m)
{
    *m = (struct time_page_memory){.fd = -1};
    int fd = memfd_create("timepage", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || !make_sealed(m, fd))
        return fail(m, fd);
    m->fd = descriptor_for_readers(fd);
    return m->fd >= 0 || fail(m, -1);
}

/* Fills the file, whatever the umask is. */
static bool make_file(struct time_page_memory *m, int fd)
{
    static const char zeros[TIME_PAGE_SIZE];
    struct stat st;
    ssize_t written = write(fd, zeros, sizeof(zeros));

    if (written != (ssize_t)sizeof(zeros)) {
        if (written >= 0)
            errno = ENOSPC;
        return false;
    }
    if (fchmod(fd, 0644) < 0 || fstat(fd, &st) < 0)
        return false;
    m->device = st.st_dev;
    m->inode = st.st_ino;
    m->page = map_new(fd);
    return m->page != NULL;
}

bool time_page_memory_new_file(struct time_page_memory *m, const char *path)
{
    char *temporary = file_temporary_path(path);
    int fd;

    *m = (struct time_page_memory){.fd = -1, .path = text_dup(path)};
    unlink(temporary);
    fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool made = fd >= 0 && make_file(m, fd) && file_replace(temporary, path);
    if (made) {
        close(fd);
    } else {
        int error = errno;

        if (fd >= 0)
            unlink(temporary);
        errno = error;
        fail(m, fd);
    }
    free(temporary);
    return made;
}

void time_page_memory_free(struct time_page_memory *m)
{
    struct stat st;

    if (m->page)
        munmap(m->page, TIME_PAGE_SIZE);
    if (m->page && m->fd >= 0)
        close(m->fd);
    if (m->path && lstat(m->path, &st) == 0 && st.st_dev == m->device && st.st_ino == m->inode)
        unlink(m->path);
    free(m->path);
    *m = (struct time_page_memory){.fd = -1};
}

const struct time_page *time_page_map(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return NULL;
    if (st.st_size != TIME_PAGE_SIZE) {
        errno = EINVAL;
        return NULL;
    }
    void *page = mmap(NULL, TIME_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

void time_page_unmap(const struct time_page *page)
{
    if (page)
        munmap((void *)(uintptr_t)page, TIME_PAGE_SIZE);
}

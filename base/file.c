/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories by the rules of daemon.md 7 and 22. Called by the world's implementation
 * and by code that runs before the daemon is up, some of it as root: so nothing is ever written
 * through a file or link that was there before.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

static FILE *make_stream(int fd, const char *stdio_mode)
{
    FILE *stream = fdopen(fd, stdio_mode);

    if (!stream) {
        int error = errno;

        close(fd);
        errno = error;
    }
    return stream;
}

static FILE *open_stream(const char *path, int flags, mode_t mode, const char *stdio_mode)
{
    int fd = open(path, flags | O_CLOEXEC, mode);

    return fd < 0 ? NULL : make_stream(fd, stdio_mode);
}

/* Memory, zeros, random octets and the like never end. */
static bool is_endless(const struct stat *st)
{
    const unsigned int memory_devices = 1, null_device = 3;

    return major(st->st_rdev) == memory_devices && minor(st->st_rdev) != null_device;
}

static int check_readable(const struct stat *st)
{
    if (S_ISREG(st->st_mode) || (S_ISCHR(st->st_mode) && !is_endless(st)))
        return 0;
    return S_ISDIR(st->st_mode) ? EISDIR : ERRNO_NOT_A_FILE;
}

static int check_appendable(const struct stat *st)
{
    return S_ISREG(st->st_mode) || S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode) ? 0
                                                                                 : ERRNO_NOT_A_FILE;
}

/* Where a file system has no locks it is done without. */
static int lock_whole(int fd)
{
    const struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_SETLK, &all) == 0 || (errno != EAGAIN && errno != EACCES))
        return 0;
    return ERRNO_IN_USE;
}

static int check_regular(const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return 0;
    return S_ISDIR(st->st_mode) ? EISDIR : ERRNO_NOT_A_FILE;
}

/* An operator has named the file: reading may have to wait, but the file has to end. */
static int check_input(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && is_endless(st) ? ERRNO_NOT_A_FILE : 0;
}

/* Opens a file of a kind that the check accepts. */
static FILE *open_checked(const char *path, int flags, mode_t mode, const char *stdio_mode,
                          int (*check)(const struct stat *st))
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    struct stat st;

    if (fd < 0)
        return NULL;
    int error = fstat(fd, &st) < 0 ? errno : check(&st);
    if (error == 0)
        return make_stream(fd, stdio_mode);
    close(fd);
    errno = error;
    return NULL;
}

FILE *file_open_read(const char *path)
{
    return open_checked(path, O_RDONLY | O_NONBLOCK, 0, "r", check_readable);
}

FILE *file_open_input(const char *path)
{
    return open_checked(path, O_RDONLY, 0, "r", check_input);
}

FILE *file_open_append(const char *path, mode_t mode)
{
    return open_checked(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode, "a",
                        check_appendable);
}

FILE *file_open_update(const char *path)
{
    FILE *stream = open_checked(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0, "r+", check_regular);
    int error = stream ? lock_whole(fileno(stream)) : 0;

    if (error == 0)
        return stream;
    fclose(stream);
    errno = error;
    return NULL;
}

/* The daemon must not remove a device, such as /dev/null in the place of an unwanted file. */
static bool is_device(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

FILE *file_open_new(const char *path, mode_t mode)
{
    /* An attacker may create the file again and again. That must not flood the log. */
    int attempts = 0, next_warning = 100;

    for (;;) {
        FILE *stream = open_stream(path, O_WRONLY | O_CREAT | O_EXCL, mode, "w");

        if (stream || errno != EEXIST)
            return stream;
        if (is_device(path)) {
            errno = ERRNO_NOT_A_FILE;
            return NULL;
        }
        if (unlink(path) < 0 && errno != ENOENT)
            return NULL;
        if (++attempts == next_warning) {
            LOG_WARN("Failing to replace %s (%d attempts)", path, attempts);
            if (next_warning >= 1000000) {
                errno = EEXIST;
                return NULL;
            }
            next_warning *= 10;
        }
    }
}

bool file_replace(const char *from, const char *to)
{
    if (is_device(to)) {
        errno = ERRNO_NOT_A_FILE;
        return false;
    }
    return rename(from, to) == 0;
}

bool file_remove(const char *path)
{
    return unlink(path) == 0;
}

char *file_temporary_path(const char *path)
{
    size_t size = strlen(path) + sizeof(".tmp");
    char *tmp_path = mem_alloc(size);

    snprintf(tmp_path, size, "%s.tmp", path);
    return tmp_path;
}

void file_warn_permissions(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    if ((st.st_mode & S_IROTH) != 0)
        LOG_WARN("World-readable permissions on %s", path);
    else if ((st.st_mode & S_IWOTH) != 0)
        LOG_WARN("World-writable permissions on %s", path);
}

char *file_directory(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return text_dup(".");
    while (slash > path && slash[-1] == '/')
        slash--;
    if (slash == path)
        return text_dup("/");
    char *directory = text_dup(path);
    directory[slash - path] = '\0';
    return directory;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories by the rules of daemon.md 7 and 22. Called by the world's implementation and
 * by code that runs before the daemon is up, some of it as root: so nothing is ever written through a
 * file or link that was there before.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

static FILE *open_stream(const char *path, int flags, mode_t mode, const char *stdio_mode)
{
    int fd = open(path, flags | O_CLOEXEC, mode);
    FILE *stream;

    if (fd < 0)
        return NULL;
    stream = fdopen(fd, stdio_mode);
    if (stream == NULL) {
        int error = errno;

        close(fd);
        errno = error;
    }
    return stream;
}

FILE *file_open_read(const char *path)
{
    return open_stream(path, O_RDONLY, 0, "r");
}

FILE *file_open_append(const char *path, mode_t mode)
{
    return open_stream(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, mode, "a");
}

FILE *file_open_new(const char *path, mode_t mode)
{
    /* Somebody may put a file there again and again; the log must not fill up with that. */
    int attempts = 0, next_warning = 100;

    for (;;) {
        FILE *stream = open_stream(path, O_WRONLY | O_CREAT | O_EXCL, mode, "w");

        if (stream != NULL || errno != EEXIST)
            return stream;
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

bool file_finish(FILE *stream)
{
    bool failed = ferror(stream) != 0;

    return fclose(stream) == 0 && !failed;
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
    char *directory;

    if (slash == NULL)
        return text_dup(".");
    while (slash > path && slash[-1] == '/')
        slash--;
    if (slash == path)
        return text_dup("/");
    directory = text_dup(path);
    directory[slash - path] = '\0';
    return directory;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the Linux world: base/file.h has the rules for opening, the rest is here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"
#include "process/privileges.h"

/* After a failed call: whether to try again as the second reader. If so, the process has the
   rights of that user until privileges_resume(). */
static bool become_reader(const struct linux_world *w, unsigned int *reserved)
{
    if (errno != EACCES || w->reader_uid == 0)
        return false;
    if (privileges_assume(w->reader_uid, w->reader_gid, reserved))
        return true;
    errno = EACCES;
    return false;
}

FILE *linux_file_read(void *ctx, const char *path)
{
    FILE *f = file_open_read(path);
    unsigned int reserved;

    if (!f && become_reader(ctx, &reserved)) {
        f = file_open_read(path);
        privileges_resume(reserved);
    }
    return f;
}

FILE *linux_file_append(void *ctx, const char *path, mode_t mode)
{
    return file_open_append(path, mode);
}

FILE *linux_file_update(void *ctx, const char *path)
{
    return file_open_update(path);
}

FILE *linux_file_new(void *ctx, const char *path, mode_t mode)
{
    return file_open_new(path, mode);
}

bool linux_file_rename(void *ctx, const char *from, const char *to)
{
    return file_replace(from, to);
}

/* Some file systems and kinds of files do not support it. */
static bool sync_result(int result)
{
    return result == 0 || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
}

bool linux_file_sync(void *ctx, FILE *stream)
{
    return sync_result(fdatasync(fileno(stream)));
}

bool linux_file_sync_name(void *ctx, const char *path)
{
    char *directory = file_directory(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

    free(directory);
    if (fd < 0)
        return false;
    bool synced = sync_result(fsync(fd));
    error = errno;
    close(fd);
    errno = error;
    return synced;
}

bool linux_file_remove(void *ctx, const char *path)
{
    return file_remove(path);
}

bool linux_file_info(void *ctx, const char *path, struct world_file_info *info)
{
    struct stat st;
    int result = stat(path, &st);
    unsigned int reserved;

    if (result < 0 && become_reader(ctx, &reserved)) {
        result = stat(path, &st);
        privileges_resume(reserved);
    }
    if (result < 0)
        return false;
    *info = (struct world_file_info){
        .mtime = st.st_mtime,
        .changed = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
        .size = (uint64_t)st.st_size,
        .device = st.st_dev,
        .inode = st.st_ino,
        .mode = st.st_mode & 07777,
        .uid = st.st_uid,
        .gid = st.st_gid,
        .is_regular = S_ISREG(st.st_mode),
        .is_directory = S_ISDIR(st.st_mode),
    };
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), suffix_length = strlen(suffix);

    return length >= suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

char **linux_list_files(void *ctx, const char *directory, const char *suffix)
{
    size_t count = 0, size = 16;
    struct dirent *entry;
    DIR *dir = opendir(directory);

    if (!dir)
        return NULL;

    char **names = mem_array(size, sizeof(*names));
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || !has_suffix(entry->d_name, suffix))
            continue;
        if (count + 1 == size) {
            size *= 2;
            names = mem_resize(names, size, sizeof(*names));
        }
        names[count++] = text_dup(entry->d_name);
    }
    closedir(dir);
    qsort(names, count, sizeof(*names), compare_names);
    names[count] = NULL;
    return names;
}

FILE *linux_mail_open(void *ctx, const char *program)
{
    char command[512];
    int length = snprintf(command, sizeof(command), "%s -t", program);

    if (length < 0 || (size_t)length >= sizeof(command)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    return popen(command, "w");
}

void linux_mail_close(void *ctx, FILE *stream)
{
    pclose(stream);
}

bool linux_host_name(void *ctx, char *buf, size_t size)
{
    if (size == 0 || gethostname(buf, size) < 0)
        return false;
    buf[size - 1] = '\0';
    return true;
}

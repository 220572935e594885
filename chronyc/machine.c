/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the machine and the kernel's clock, see machine.h. Programs are in machine_run.c.
 */
#include "chronyc/machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

#define PATH_SIZE 4096

/* Clock ticks of user space in a second, which `tick` belongs to (adjtimex(2)). */
#define USER_HZ 100.0

static bool read_system_clock(const struct machine *machine, struct machine_clock *clock)
{
    struct timex t = {.modes = 0};

    if (adjtimex(&t) < 0)
        return false;
    clock->status = (unsigned int)t.status;
    clock->freq_ppm = (double)t.freq / 65536.0 + ((double)t.tick - 1e6 / USER_HZ) * USER_HZ;
    return true;
}

const struct machine machine_system = {.root = "", .read_clock = read_system_clock};

bool machine_path(const struct machine *machine, const char *path, char *buf, size_t size)
{
    int length = snprintf(buf, size, "%s%s", machine->root, path);

    if (length >= 0 && (size_t)length < size)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* A FIFO or a device would make the reader wait, or do something when it is opened. */
static int open_regular(const struct machine *machine, const char *path)
{
    char full[PATH_SIZE];
    struct stat st;

    if (!machine_path(machine, path, full, sizeof(full)) || stat(full, &st) < 0)
        return -1;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Up to size octets; false with errno. */
static bool read_all(int fd, char *buf, size_t size, size_t *length)
{
    *length = 0;
    while (*length < size) {
        ssize_t n = read(fd, buf + *length, size - *length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        *length += (size_t)n;
    }
    return true;
}

bool machine_read(const struct machine *machine, const char *path, char *buf, size_t size)
{
    int fd = open_regular(machine, path);
    size_t length = 0;

    buf[0] = '\0';
    if (fd < 0)
        return false;
    bool ok = read_all(fd, buf, size - 1, &length);
    int error = errno;
    close(fd);
    buf[length] = '\0';
    errno = error;
    return ok;
}

char *machine_text(const struct machine *machine, const char *path, size_t *length)
{
    int fd = open_regular(machine, path);
    size_t size = 0, used = 0, more = 0;
    char *text = NULL;
    bool ok = true;

    if (fd < 0)
        return NULL;
    /* Files of /proc have no size before they are read. */
    do {
        size = size == 0 ? 16384 : 2 * size;
        text = mem_resize(text, size, 1);
        ok = read_all(fd, text + used, size - 1 - used, &more);
        used += more;
    } while (ok && used == size - 1 && size < MACHINE_TEXT_MAX);
    text[used] = '\0';
    int error = errno;
    close(fd);
    if (length)
        *length = used;
    if (ok)
        return text;
    free(text);
    errno = error;
    return NULL;
}

bool machine_stat(const struct machine *machine, const char *path, struct stat *st)
{
    char full[PATH_SIZE];

    return machine_path(machine, path, full, sizeof(full)) && stat(full, st) == 0;
}

bool machine_exists(const struct machine *machine, const char *path)
{
    struct stat st;

    return machine_stat(machine, path, &st);
}

bool machine_may_write(const struct machine *machine, const char *path)
{
    char full[PATH_SIZE];

    return machine_path(machine, path, full, sizeof(full)) &&
           faccessat(AT_FDCWD, full, W_OK | X_OK, AT_EACCESS) == 0;
}

bool machine_link(const struct machine *machine, const char *path, char *buf, size_t size)
{
    char full[PATH_SIZE];

    buf[0] = '\0';
    if (!machine_path(machine, path, full, sizeof(full)))
        return false;
    ssize_t length = readlink(full, buf, size - 1);
    buf[length > 0 ? length : 0] = '\0';
    return length > 0;
}

bool machine_list(const struct machine *machine, const char *path,
                  bool (*visit)(const char *name, void *arg), void *arg)
{
    char full[PATH_SIZE];
    const struct dirent *entry;

    DIR *dir = machine_path(machine, path, full, sizeof(full)) ? opendir(full) : NULL;
    if (!dir)
        return false;
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !visit(entry->d_name, arg))
            break;
    closedir(dir);
    return true;
}

bool machine_space(const struct machine *machine, const char *path, struct machine_space *space)
{
    char full[PATH_SIZE];
    struct statvfs fs;

    if (!machine_path(machine, path, full, sizeof(full)) || statvfs(full, &fs) < 0)
        return false;
    *space = (struct machine_space){
        .read_only = (fs.f_flag & ST_RDONLY) != 0,
        .free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize,
        .no_inodes = fs.f_files > 0 && fs.f_favail == 0,
    };
    return true;
}

int machine_try_socket(const struct machine *machine, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char full[PATH_SIZE];

    if (!machine_path(machine, path, full, sizeof(full)) ||
        !text_copy(address.sun_path, sizeof(address.sun_path), full))
        return ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int error = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    close(fd);
    return error;
}

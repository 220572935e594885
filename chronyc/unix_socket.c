/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a Unix socket that the daemon, which may run under another user, can answer to. The socket
 * lies in a directory with a random name inside a directory that only its owner can change, so that
 * a compromised daemon cannot make a privileged client change permissions of anything else.
 */
#include "chronyc/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"

#define RANDOM_NAME_LENGTH 16
#define DIRECTORY_MODE     0711
#define SOCKET_MODE        0666

int socket_prepare(int fd)
{
    if (fd < 0)
        return -1;
    int flags = fcntl(fd, F_GETFL);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool make_address(const char *path, struct sockaddr_un *address, socklen_t *length)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (!text_copy(address->sun_path, sizeof(address->sun_path), path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return true;
}

static bool connect_to(int fd, const char *path)
{
    struct sockaddr_un address;
    socklen_t length;

    return make_address(path, &address, &length) &&
           connect(fd, (const struct sockaddr *)&address, length) == 0;
}

static bool bind_to(int fd, const char *path)
{
    struct sockaddr_un address;
    socklen_t length;

    unlink(path);
    return make_address(path, &address, &length) &&
           bind(fd, (const struct sockaddr *)&address, length) == 0;
}

static bool is_accessible(const char *path, FILE *err)
{
    int fd = socket_prepare(socket(AF_UNIX, SOCK_DGRAM, 0));

    if (fd < 0) {
        fprintf(err, "Could not open socket : %s\n", text_errno(errno));
        return false;
    }
    bool result = connect_to(fd, path);
    close(fd);
    return result;
}

/* Random octets that are not letters or digits are rejected, so that all characters are equally
   likely. */
static bool make_random_name(char *name, size_t length,
                             bool (*random)(void *ctx, void *data, size_t length), void *arg)
{
    for (size_t i = 0; i < length;) {
        char c;

        if (!random(arg, &c, 1))
            return false;
        if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            name[i++] = c;
    }
    name[length] = '\0';
    return true;
}

/* Joins into an allocated path which fits in a socket address; NULL after printing that it does
   not. */
static char *join(const char *directory, const char *name, FILE *err)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = mem_alloc(size);
    struct sockaddr_un address;

    snprintf(path, size, "%s/%s", directory, name);
    if (size > sizeof(address.sun_path)) {
        fprintf(err, "Server socket path %s is too long\n", path);
        free(path);
        return NULL;
    }
    return path;
}

static bool make_paths(struct unix_socket *s, const char *daemon_path, const char *random_name,
                       FILE *err)
{
    char *directory = file_directory(daemon_path);
    char pid_name[32];

    snprintf(pid_name, sizeof(pid_name), "chronyc.%d", (int)getpid());
    s->outer = join(directory, pid_name, err);
    if (s->outer)
        s->inner = join(s->outer, random_name, err);
    if (s->inner)
        s->path = join(s->inner, "sock", err);
    free(directory);
    return s->path != NULL;
}

static bool fail(const char *what, FILE *err)
{
    fprintf(err, "%s : %s\n", what, text_errno(errno));
    return false;
}

static bool open_outer(const char *path, int *fd, FILE *err)
{
    struct stat st;

    if (mkdir(path, DIRECTORY_MODE) < 0 && errno != EEXIST)
        return fail("Could not create dir1", err);
    *fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (*fd < 0 || fstat(*fd, &st) < 0)
        return fail("Could not open/stat dir1", err);
    if (!S_ISDIR(st.st_mode) || (st.st_mode & 07777 & ~(mode_t)DIRECTORY_MODE) != 0 ||
        st.st_uid != geteuid()) {
        fprintf(err, "Unexpected mode/owner of dir1\n");
        return false;
    }
    return true;
}

/* Steps 6 to 8, with dir1 open. */
static bool make_socket(struct unix_socket *s, const char *daemon_path, const char *random_name,
                        int outer_fd, FILE *err)
{
    if (mkdirat(outer_fd, random_name, DIRECTORY_MODE) < 0)
        return fail("Could not create dir2", err);
    s->fd = socket_prepare(socket(AF_UNIX, SOCK_DGRAM, 0));
    if (s->fd < 0 || !bind_to(s->fd, s->path) || !connect_to(s->fd, daemon_path))
        return fail("Could not bind/connect client Unix socket", err);
    /* What the umask took away is given back. */
    if (chmod(s->path, SOCKET_MODE) < 0 || chmod(s->inner, DIRECTORY_MODE) < 0 ||
        fchmod(outer_fd, DIRECTORY_MODE) < 0)
        return fail("Could not change socket or directory permissions", err);
    return true;
}

bool unix_socket_open(struct unix_socket *s, const char *daemon_path,
                      bool (*random)(void *ctx, void *data, size_t length), void *arg, FILE *err)
{
    char random_name[RANDOM_NAME_LENGTH + 1];
    int outer_fd = -1;

    *s = (struct unix_socket){.fd = -1};
    if (!is_accessible(daemon_path, err) ||
        !make_random_name(random_name, RANDOM_NAME_LENGTH, random, arg))
        return false;
    if (!make_paths(s, daemon_path, random_name, err)) {
        free(s->outer);
        free(s->inner);
        return false;
    }
    bool result = open_outer(s->outer, &outer_fd, err) &&
                  make_socket(s, daemon_path, random_name, outer_fd, err);
    if (outer_fd >= 0)
        close(outer_fd);
    if (!result)
        unix_socket_close(s);
    return result;
}

void unix_socket_close(struct unix_socket *s)
{
    if (s->fd >= 0)
        close(s->fd);
    unlink(s->path);
    rmdir(s->inner);
    rmdir(s->outer);
    free(s->path);
    free(s->inner);
    free(s->outer);
    *s = (struct unix_socket){.fd = -1};
}

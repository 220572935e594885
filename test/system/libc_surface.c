/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded library that refuses the calls outside of the libc surface of doc/spec/system.md 20:
 * the programs have to work where these are not available. A refused call says so on standard error
 * and aborts, but socket() with type flags, which fails with EINVAL as it may there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 1024

enum fd_kind { FD_OTHER, FD_SOCKET, FD_PRIVATE };

static unsigned char kinds[MAX_FD];

static void refuse(const char *what)
{
    static const char prefix[] = "outside of the libc surface: ";

    if (syscall(SYS_write, 2, prefix, sizeof(prefix) - 1) < 0 ||
        syscall(SYS_write, 2, what, strlen(what)) < 0 || syscall(SYS_write, 2, "\n", 1) < 0)
        _exit(3);
    abort();
}

/* By assembler name, since the real prototypes do not matter. */
#define REFUSE(name)                                                                               \
    int refused_##name(void) __asm__(#name);                                                       \
    int refused_##name(void)                                                                       \
    {                                                                                              \
        refuse(#name);                                                                             \
        return -1;                                                                                 \
    }

REFUSE(epoll_create)
REFUSE(epoll_create1)
REFUSE(eventfd)
REFUSE(signalfd)
REFUSE(timerfd_create)
REFUSE(timer_create)
REFUSE(inotify_init)
REFUSE(inotify_init1)
REFUSE(io_setup)
REFUSE(fork)
REFUSE(vfork)
REFUSE(posix_spawn)
REFUSE(pthread_create)
REFUSE(accept4)
REFUSE(getpeername)
REFUSE(statx)
REFUSE(open64)
REFUSE(stat64)
REFUSE(fstat64)
REFUSE(nanosleep)
REFUSE(clock_nanosleep)
REFUSE(usleep)
REFUSE(sleep)
REFUSE(__recvfrom_chk)
REFUSE(__recv_chk)

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void set_kind(int fd, enum fd_kind kind)
{
    if (fd >= 0 && fd < MAX_FD)
        kinds[fd] = (unsigned char)kind;
}

static enum fd_kind kind_of(int fd)
{
    return fd >= 0 && fd < MAX_FD ? (enum fd_kind)kinds[fd] : FD_OTHER;
}

int socket(int domain, int type, int protocol)
{
    if (type & (SOCK_CLOEXEC | SOCK_NONBLOCK)) {
        errno = EINVAL;
        return -1;
    }
    int fd = NEXT(socket)(domain, type, protocol);
    set_kind(fd, FD_SOCKET);
    return fd;
}

int accept(int fd, struct sockaddr *addr, socklen_t *length)
{
    int new_fd = NEXT(accept)(fd, addr, length);

    set_kind(new_fd, FD_SOCKET);
    return new_fd;
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
    int r = NEXT(socketpair)(domain, type, protocol, fds);

    if (r == 0) {
        set_kind(fds[0], FD_PRIVATE);
        set_kind(fds[1], FD_PRIVATE);
    }
    return r;
}

int pipe(int fds[2])
{
    int r = NEXT(pipe)(fds);

    if (r == 0) {
        set_kind(fds[0], FD_PRIVATE);
        set_kind(fds[1], FD_PRIVATE);
    }
    return r;
}

int pipe2(int fds[2], int flags)
{
    int r = NEXT(pipe2)(fds, flags);

    if (r == 0) {
        set_kind(fds[0], FD_PRIVATE);
        set_kind(fds[1], FD_PRIVATE);
    }
    return r;
}

int close(int fd)
{
    set_kind(fd, FD_OTHER);
    return NEXT(close)(fd);
}

static void check_waiting(const struct pollfd *fds, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++)
        if (kind_of(fds[i].fd) == FD_PRIVATE)
            refuse("waiting for a pipe or socket pair");
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    check_waiting(fds, count);
    return NEXT(ppoll)(fds, count, timeout, mask);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    check_waiting(fds, count);
    return NEXT(poll)(fds, count, timeout);
}

#define REFUSE_ON_SOCKET(fd, name)                                                                 \
    do {                                                                                           \
        if (kind_of(fd) == FD_SOCKET)                                                              \
            refuse(name " on a socket");                                                           \
    } while (0)

ssize_t read(int fd, void *data, size_t size)
{
    REFUSE_ON_SOCKET(fd, "read");
    return NEXT(read)(fd, data, size);
}

ssize_t write(int fd, const void *data, size_t size)
{
    REFUSE_ON_SOCKET(fd, "write");
    return NEXT(write)(fd, data, size);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
    REFUSE_ON_SOCKET(fd, "readv");
    return NEXT(readv)(fd, iov, count);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    REFUSE_ON_SOCKET(fd, "writev");
    return NEXT(writev)(fd, iov, count);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    if (level != SOL_SOCKET || option != SO_ERROR) {
        errno = EINVAL;
        return -1;
    }
    return NEXT(getsockopt)(fd, level, option, value, length);
}

long syscall(long number, ...)
{
    long args[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        args[i] = va_arg(list, long);
    va_end(list);
    switch (number) {
    case SYS_clock_adjtime:
    case SYS_getrandom:
    case SYS_futex:
    case SYS_gettid:
    case SYS_write: /* of this library itself */
        return NEXT(syscall)(number, args[0], args[1], args[2], args[3], args[4], args[5]);
    default:
        refuse("a raw system call");
        return -1;
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into gpsd: a pseudo-terminal looks like a serial port whose DCD line has a pulse in
 * each second, as a receiver with PPS output has it: up at the beginning of the receiver's second,
 * down PULSE_SECONDS later. The receiver is ahead of the system by PULSE_OFFSET seconds
 * (environment). The kernel's own PPS support is refused, so that nothing outside of the process is
 * touched.
 *
 * Preloaded into gpsfake as well, it gives the terminal the name SERIAL_NAME (environment), which
 * is made a link to it: gpsd ignores the time of what is named /dev/pts/N.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PULSE_SECONDS   0.1
#define FIRST_PTY_MAJOR 136
#define LAST_PTY_MAJOR  143
#define SERIAL_MAJOR    4
#define SERIAL_MINOR    64 /* ttyS0 */

/* Past the beginning of the receiver's second. */
static double phase(void)
{
    const char *offset = getenv("PULSE_OFFSET");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    double t = 1e-9 * (double)now.tv_nsec + (offset ? atof(offset) : 0.0);
    return t - floor(t);
}

static int wait_for_edge(void)
{
    double now = phase();
    double wait = (now < PULSE_SECONDS ? PULSE_SECONDS : 1.0) - now;
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)ceil(wait * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    /* gpsd's monitor of the line ends with an error, even that of a signal. */
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    switch (request) {
    case TIOCMIWAIT:
        return wait_for_edge();
    case TIOCMGET:
        *(int *)argument = phase() < PULSE_SECONDS ? TIOCM_CAR : 0;
        return 0;
    case TIOCSETD:
        errno = EINVAL;
        return -1;
    default:
        return real(fd, request, argument);
    }
}

int stat(const char *path, struct stat *info)
{
    int (*real)(const char *, struct stat *) =
        (int (*)(const char *, struct stat *))dlsym(RTLD_NEXT, "stat");
    int result = real(path, info);

    if (result == 0 && S_ISCHR(info->st_mode) && major(info->st_rdev) >= FIRST_PTY_MAJOR &&
        major(info->st_rdev) <= LAST_PTY_MAJOR)
        info->st_rdev = makedev(SERIAL_MAJOR, SERIAL_MINOR);
    return result;
}

int ttyname_r(int fd, char *name, size_t size)
{
    int (*real)(int, char *, size_t) = (int (*)(int, char *, size_t))dlsym(RTLD_NEXT, "ttyname_r");
    const char *serial_name = getenv("SERIAL_NAME");
    int error = real(fd, name, size);

    if (error || !serial_name)
        return error;
    if (strlen(serial_name) >= size)
        return ERANGE;
    unlink(serial_name);
    if (symlink(name, serial_name) < 0)
        return errno;
    strcpy(name, serial_name);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A preloaded library that spoils a sandbox, by the word in FAKE_SANDBOX: no-filter and no-landlock
 * leave out what they say they do; refused is a kernel that has Landlock and does not let it be
 * used; visitor and intruder make a forbidden and a dangerous system call in the main process when
 * a dump file is removed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define LANDLOCK_RESTRICT_SELF 446

static int has_word(const char *word)
{
    const char *text = getenv("FAKE_SANDBOX");

    return text && strcmp(text, word) == 0;
}

int seccomp_load(const void *ctx)
{
    int (*real)(const void *) = (int (*)(const void *))dlsym(RTLD_NEXT, "seccomp_load");

    return has_word("no-filter") ? 0 : real(ctx);
}

long syscall(long number, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list ap;

    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (number == LANDLOCK_RESTRICT_SELF && has_word("no-landlock"))
        return 0;
    if (number == LANDLOCK_RESTRICT_SELF && has_word("refused")) {
        errno = EPERM;
        return -1;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");

    if (has_word("intruder") && strstr(path, ".dat"))
        syscall(SYS_acct, "/nothing/is/here");
    if (has_word("visitor") && strstr(path, ".dat"))
        syscall(SYS_mkdirat, -100, "/nothing/is/here", 0700);
    return real(path);
}

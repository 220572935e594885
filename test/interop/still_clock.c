/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD: every attempt to set or steer the clock succeeds and does nothing, so
 * that a daemon that insists on it runs without the right to.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int adjtimex(struct timex *t)
{
    t->modes = 0;
    return (int)syscall(SYS_adjtimex, t);
}

int ntp_adjtime(struct timex *t)
{
    return adjtimex(t);
}

int clock_adjtime(clockid_t id, struct timex *t)
{
    return adjtimex(t);
}

int clock_settime(clockid_t id, const struct timespec *t)
{
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that the self-test of several roles makes. A descriptor of -1 is refused after the filter
 * has let the call pass.
 */
#include "process/promise.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <time.h>

const struct probe probes_of_all[] = {
    PROBE("clock_gettime", CLOCK_MONOTONIC, PROBE_BUFFER),
    PROBE("getrandom", PROBE_BUFFER, 16, 1),
    PROBE("getpid", 0),
    PROBE("read", -1, PROBE_BUFFER, 1),
    PROBE("write", -1, PROBE_BUFFER, 1),
    PROBE("close", -1),
    PROBE("lseek", -1),
    PROBE("fstat", -1, PROBE_BUFFER),
    PROBE("recvmsg", -1, PROBE_BUFFER),
    PROBE("recvfrom", -1, PROBE_BUFFER, 1),
    PROBE("sendto", -1, PROBE_BUFFER, 1),
    PROBE("poll", PROBE_BUFFER),
    PROBE("ppoll", 0, 0, PROBE_BUFFER),
    PROBE("futex", PROBE_BUFFER, FUTEX_WAKE),
    PROBE("mmap", 0),
    PROBE("munmap", 0),
    PROBE("mprotect", 0),
    PROBE("brk", 0),
    PROBE("rt_sigprocmask", 0, 0, PROBE_BUFFER, 8),
    {.call = NULL},
};

const struct probe probes_no_programs[] = {
    PROBE("execve", 0),
    {.call = NULL},
};

const struct probe probes_no_names[] = {
    PROBE("openat", AT_FDCWD, PROBE_BUFFER, O_RDONLY),
    PROBE("connect", -1, PROBE_BUFFER),
    PROBE("bind", -1, PROBE_BUFFER),
    PROBE("execve", 0),
    {.call = NULL},
};

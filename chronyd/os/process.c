/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Priority, memory locking and descriptors of a process. Called once at start, before privileges are
 * dropped.
 */
#include "config.h"

#include "chronyd/os/process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

#define DESCRIPTOR_LIMIT 1024

void process_set_priority(int priority)
{
    if (priority == 0)
        return;
    if (priority < 1 || priority > 99)
        LOG_FATAL("Bad scheduler priority: %d", priority);
#ifdef HAVE_PTHREAD_SETSCHEDPARAM
    int min = sched_get_priority_min(SCHED_FIFO), max = sched_get_priority_max(SCHED_FIFO);
    struct sched_param param = {0};

    param.sched_priority = priority < min ? min : priority > max ? max : priority;
    if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) != 0)
        LOG_ERROR("pthread_setschedparam() failed");
    else
        LOG_DEBUG("Enabled SCHED_FIFO with priority %d", param.sched_priority);
#else
    LOG_FATAL("scheduler priority setting not supported");
#endif
}

void process_lock_memory(void)
{
#ifdef HAVE_MLOCKALL
    const struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0) {
        LOG_ERROR("setrlimit() failed");
        return;
    }
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        LOG_ERROR("mlockall() failed");
    else
        LOG_DEBUG("Successfully locked into RAM");
#else
    LOG_FATAL("memory locking not supported");
#endif
}

void process_raise_descriptor_limit(uint64_t needed, uint64_t wanted)
{
    struct rlimit limit, raised;
    int error = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    raised = limit;
    if (raised.rlim_max < needed)
        raised.rlim_max = needed;
    raised.rlim_cur = wanted < raised.rlim_max ? wanted : raised.rlim_max;
    if (raised.rlim_cur <= limit.rlim_cur)
        return;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return;
    error = errno;
    raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
        raised = limit;
    LOG_WARN(
        "Could not raise the limit of open files from %llu to the %llu that the configured sources"
        " and maxntsconnections may need (LimitNOFILE of the service, ulimit -n) : %s",
        (unsigned long long)raised.rlim_cur, (unsigned long long)needed, text_errno(error));
}

void process_close_descriptors(int keep1, int keep2)
{
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTOR_LIMIT; fd++) {
        if (fd != keep1 && fd != keep2)
            close(fd);
    }
}

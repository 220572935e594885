/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Priority, memory locking and descriptors of a process. Called once at the start of each, before
 * privileges are dropped.
 */
#include "config.h"

#include "process/process.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"

#define DESCRIPTOR_LIMIT 1024
#define MAX_DESCRIPTOR   (1 << 20) /* what the kernel allows unless it was told otherwise */

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
    int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
    if (error != 0)
        LOG_ERROR("pthread_setschedparam() failed : %s%s", text_errno(error),
                  error == EPERM ? "; give the process CAP_SYS_NICE, or raise RLIMIT_RTPRIO" : "");
    else
        LOG_DEBUG("Enabled SCHED_FIFO with priority %d", param.sched_priority);
#else
    LOG_FATAL("scheduler priority setting not supported");
#endif
}

void process_leave_priority(void)
{
    const struct sched_param none = {0};

    if (sched_setscheduler(0, SCHED_OTHER, &none) < 0)
        LOG_ERROR("sched_setscheduler() failed : %s", text_errno(errno));
}

bool process_raise_lock_limit(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        return true;
    int error = errno;
    /* Raising it up to the hard limit needs no right. */
    bool raised = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_max == RLIM_INFINITY;
    if (raised) {
        limit.rlim_cur = RLIM_INFINITY;
        raised = setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
    }
    errno = error;
    return raised;
}

void process_lock_memory(void)
{
#ifdef HAVE_MLOCKALL
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        LOG_ERROR("mlockall() failed : %s", text_errno(errno));
    else
        LOG_DEBUG("Successfully locked into RAM");
#else
    LOG_FATAL("memory locking not supported");
#endif
}

void process_raise_descriptor_limit(uint64_t needed, uint64_t wanted)
{
    struct rlimit limit;
    int error = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    struct rlimit raised = limit;
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

/* Closes descriptors from first to last with one call, since Linux 5.9. */
static bool close_range_at_once(unsigned int first, unsigned int last)
{
#ifdef SYS_close_range
    return first > last || syscall(SYS_close_range, first, last, 0U) == 0;
#else
    return false;
#endif
}

/* Closes the descriptors that /proc lists. The list is in ascending order, so closing while
   reading skips none. */
static bool close_listed(int keep1, int keep2)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    if (!directory)
        return false;
    while ((entry = readdir(directory))) {
        size_t used;
        int fd;

        if (text_scan_int(entry->d_name, &fd, &used) && fd > STDERR_FILENO && fd != keep1 &&
            fd != keep2 && fd != dirfd(directory))
            close(fd);
    }
    closedir(directory);
    return true;
}

/* The last resort. It misses descriptors above a limit that was lowered after they were opened. */
static void close_up_to_limit(int keep1, int keep2)
{
    struct rlimit limit;
    int end = DESCRIPTOR_LIMIT;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY &&
        limit.rlim_max > DESCRIPTOR_LIMIT)
        end = limit.rlim_max < MAX_DESCRIPTOR ? (int)limit.rlim_max : MAX_DESCRIPTOR;
    for (int fd = STDERR_FILENO + 1; fd < end; fd++) {
        if (fd != keep1 && fd != keep2)
            close(fd);
    }
}

void process_close_descriptors(int keep1, int keep2)
{
    const int first = STDERR_FILENO + 1;
    int low = keep1 < keep2 ? keep1 : keep2, high = keep1 < keep2 ? keep2 : keep1;

    /* Those that need not be kept stand before the first. */
    low = low < first ? first - 1 : low;
    high = high < first ? first - 1 : high;
    if (close_range_at_once((unsigned int)first, (unsigned int)low - 1U) &&
        close_range_at_once((unsigned int)low + 1U, (unsigned int)high - 1U) &&
        close_range_at_once((unsigned int)high + 1U, ~0U))
        return;
    if (!close_listed(keep1, keep2))
        close_up_to_limit(keep1, keep2);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tries what a promise says; see self_test.h. What the filter catches does not end the process,
 * since the handler of violations knows of the trial.
 */
#include "config.h"

#include "process/self_test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/number.h"
#include "base/text.h"
#include "process/filter.h"
#include "process/violation.h"

static bool works(const char *call, char *problem, size_t size)
{
    snprintf(problem, size, "%s works, which should be denied", call);
    return false;
}

/* ---- Landlock ---- */

/* Whether the root directory can be read, because a rule is about it. */
static bool reads_all(const struct landlock_wish *wish)
{
    for (size_t i = 0; i < wish->path_count; i++)
        if (strcmp(wish->paths[i].path, "/") == 0)
            return true;
    return false;
}

/* Whether it is EACCES, or cannot be tried here. */
static bool is_denied(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd < 0 && (errno == EACCES || errno == ENOENT);
}

static bool files_are_denied(const struct landlock_wish *wish)
{
    /* Its name, which any process may change. No promise writes below /proc. */
    return is_denied("/proc/self/comm", O_WRONLY) &&
           (reads_all(wish) || is_denied("/", O_RDONLY | O_DIRECTORY));
}

static uint16_t other_port(const struct landlock_wish *wish)
{
    uint16_t port = 65535;

    for (size_t i = 0; i < wish->bind_port_count;)
        if (wish->bind_ports[i] == port) {
            port--;
            i = 0;
        } else {
            i++;
        }
    return port;
}

static bool port_is_denied(bool connects, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return true; /* a machine without IPv4 */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int result = connects ? connect(fd, (const struct sockaddr *)&address, sizeof(address))
                          : bind(fd, (const struct sockaddr *)&address, sizeof(address));
    bool denied = result < 0 && errno == EACCES;
    close(fd);
    return denied;
}

static bool signals_are_denied(void)
{
    const pid_t parent = getppid();

    /* 0: it is in another namespace */
    return parent == 0 || (kill(parent, 0) < 0 && errno == EPERM);
}

/* In a child, which would be that program if it worked. */
static bool program_is_denied(void)
{
    char name[] = "/bin/true";
    char *arguments[] = {name, NULL};
    int status;
    pid_t child = fork();

    if (child == 0) {
        execv(name, arguments);
        _exit(errno == EACCES || errno == ENOENT || errno == EPERM ? 1 : 0);
    }
    /* Without memory for a child there is nothing to prove it with. */
    return child < 0 || (waitpid(child, &status, 0) == child && status != 0);
}

bool self_test_landlock(const struct landlock_wish *wish, const struct landlock_result *landlock,
                        bool forks, char *problem, size_t size)
{
    const unsigned int kinds = landlock->kinds;

    if (kinds & LANDLOCK_FILES && !files_are_denied(wish))
        return works("open", problem, size);
    if (kinds & LANDLOCK_BIND && !port_is_denied(false, other_port(wish)))
        return works("bind", problem, size);
    if (kinds & LANDLOCK_CONNECT && !port_is_denied(true, 1))
        return works("connect", problem, size);
    if (kinds & LANDLOCK_SIGNALS && !signals_are_denied())
        return works("kill", problem, size);
    if (kinds & LANDLOCK_FILES && forks && !program_is_denied())
        return works("execve", problem, size);
    return true;
}

/* ---- The filter ---- */

#ifdef FEAT_SCFILTER

/* Room for whatever a call writes; all zero at first, so also an empty text. */
union scratch {
    char octets[512];
    long align;
};

static long try_call(int number, const struct probe *probe, union scratch *scratch, bool *caught)
{
    long arguments[COUNT(probe->arguments)];

    memset(scratch, 0, sizeof(*scratch));
    for (size_t i = 0; i < COUNT(arguments); i++)
        arguments[i] =
            probe->arguments[i] == PROBE_BUFFER ? (long)scratch->octets : probe->arguments[i];
    return violation_try(number, arguments, caught);
}

static bool is_tried(const struct probe *probe, enum call_levels levels, unsigned int work,
                     int *number)
{
    *number = filter_call_number(probe->call);
    return *number >= 0 && (probe->levels == 0 || probe->levels & levels) && !(probe->work & ~work);
}

static bool denied_fail(const struct probe *probes, enum call_levels levels, char *problem,
                        size_t size)
{
    union scratch scratch;
    int number;

    for (const struct probe *p = probes; p && p->call; p++) {
        bool caught;

        if (!is_tried(p, levels, 0, &number))
            continue;
        long result = try_call(number, p, &scratch, &caught);
        if (!caught && (result >= 0 || errno != EPERM))
            return works(p->call, problem, size);
    }
    return true;
}

static bool daily_work_succeeds(const struct probe *probes, enum call_levels levels,
                                unsigned int work, char *problem, size_t size)
{
    union scratch scratch;
    int number;

    for (const struct probe *p = probes; p && p->call; p++) {
        bool caught;

        if (!is_tried(p, levels, work, &number))
            continue;
        long result = try_call(number, p, &scratch, &caught);
        if (!caught && (result >= 0 || (errno != EPERM && errno != ENOSYS)))
            continue;
        snprintf(problem, size, "%s, which it needs, does not work : %s", p->call,
                 caught ? "forbidden by the filter" : text_errno(errno));
        return false;
    }
    return true;
}

bool self_test_filter(int level, enum process_role role, unsigned int work, char *problem,
                      size_t size)
{
    const struct promise *promise = promise_of(role);
    const enum call_levels levels = filter_levels(level, role);

    return level == 0 || (denied_fail(promise->denied, levels, problem, size) &&
                          daily_work_succeeds(probes_of_all, levels, work, problem, size) &&
                          daily_work_succeeds(promise->daily, levels, work, problem, size));
}

#else

bool self_test_filter(int level, enum process_role role, unsigned int work, char *problem,
                      size_t size)
{
    return true;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that tell something about the machine (machine_run in machine.h). They get no terminal,
 * no input and no settings of the caller's environment but a fixed one, and are killed, with what
 * they have started, when they do not end in time or say too much.
 */
#include "chronyc/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define PATH_SIZE  1024
#define OUTPUT_MAX (1024U * 1024U)

/* Where the program is; false: in none of the usual directories. Root runs it, so it is never one
   that the files of a process or the environment name. */
static bool find_program(const struct machine *machine, const char *name, char *buf, size_t size)
{
    static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                              "/usr/bin",        "/sbin",          "/bin"};
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directories[i], name);
        if (machine_path(machine, path, buf, size) && access(buf, X_OK) == 0)
            return true;
    }
    return false;
}

_Noreturn static void become(const char *program, const char *const argv[], int output)
{
    static char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                                        "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=", NULL};
    int null = open("/dev/null", O_RDWR);

    setpgid(0, 0);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0)
        _exit(127);
    execve(program, (char *const *)argv, environment);
    _exit(127);
}

static double now(void)
{
    struct timespec ts = {0};

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* Reads until the end of the output. False: the time is over, or it is too much. */
static bool collect(int fd, double end, char *text, size_t size)
{
    size_t used = 0;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        double left = end - now();

        if (left <= 0.0 || used == size - 1)
            return false;
        if (poll(&p, 1, (int)(1000.0 * left) + 1) <= 0)
            continue;
        ssize_t n = read(fd, text + used, size - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        used += (size_t)n;
        text[used] = '\0';
    }
}

/* A program may close its output and go on. */
static bool wait_for_end(pid_t pid, double end, int *status)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    pid_t done;

    while ((done = waitpid(pid, status, WNOHANG)) == 0 || (done < 0 && errno == EINTR)) {
        if (now() > end)
            return false;
        nanosleep(&pause, NULL);
    }
    return done == pid;
}

/* The pipe's other end is in the child only. */
static pid_t start(const char *program, const char *const argv[], int *output)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become(program, argv, fds[1]);
    close(fds[1]);
    *output = fds[0];
    if (pid < 0)
        close(fds[0]);
    return pid;
}

char *machine_run(const struct machine *machine, const char *const argv[], int *status)
{
    double end = now() + MACHINE_PATIENCE;
    char program[PATH_SIZE];
    int output, result = 0;

    pid_t pid = find_program(machine, argv[0], program, sizeof(program))
                    ? start(program, argv, &output)
                    : -1;
    if (pid < 0)
        return NULL;
    char *text = mem_alloc(OUTPUT_MAX);
    bool ok = collect(output, end, text, OUTPUT_MAX) && wait_for_end(pid, end, &result);
    close(output);
    if (!ok) {
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL); /* it may not have its own group yet */
        waitpid(pid, &result, 0);
    }
    if (ok && status)
        *status = WIFEXITED(result) ? WEXITSTATUS(result) : 255;
    if (ok && !(WIFEXITED(result) && WEXITSTATUS(result) == 127))
        return text;
    free(text);
    return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own_users PROGRAM ARGUMENT...: runs it as root of a user namespace that has the first 65536 users
 * and groups of this system. It has all capabilities there and can change its user, but none of
 * them counts for what belongs to the system, such as its clock. Started by root.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_map(pid_t pid, const char *file)
{
    static const char map[] = "0 0 65536\n";
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, map, strlen(map));
    if (fd >= 0)
        close(fd);
    return n == (ssize_t)strlen(map) ? 0 : -1;
}

/* The maps of this process, by a child outside of the namespace. */
static int enter(void)
{
    int ready[2], status;
    char octet = 0;

    if (pipe(ready) < 0)
        return -1;
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        close(ready[1]);
        _exit(read(ready[0], &octet, 1) == 1 && write_map(self, "uid_map") == 0 &&
                      write_map(self, "gid_map") == 0
                  ? 0
                  : 1);
    }
    close(ready[0]);
    if (child < 0 || unshare(CLONE_NEWUSER) < 0 || write(ready[1], &octet, 1) != 1)
        return -1;
    close(ready[1]);
    return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc < 2 || enter() < 0) {
        perror("own_users");
        return 1;
    }
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PID file: checked and written at start as root, removed as the last step of the shutdown. It
 * is never written through an existing file or link (base/file.h).
 */
#include "chronyd/os/pidfile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

/* Longest name of a program in /proc, with its terminator (TASK_COMM_LEN). */
#define NAME_SIZE 16

/* Name and state of a process, from /proc/ID/stat: `ID (NAME) STATE ...`. False: they cannot be
   read. */
static bool read_process(const char *id, char *name, char *state)
{
    char path[64], line[256];

    snprintf(path, sizeof(path), "/proc/%s/stat", id);
    FILE *f = file_open_read(path);
    if (!f)
        return false;
    bool found = fgets(line, sizeof(line), f) != NULL;
    fclose(f);
    const char *start = found ? strchr(line, '(') : NULL;
    char *end = found ? strrchr(line, ')') : NULL; /* a name may have parentheses */
    if (!start || !end || end < start || sscanf(end + 1, " %c", state) != 1)
        return false;
    *end = '\0';
    text_copy(name, NAME_SIZE, start + 1);
    return true;
}

/* Whether an existing process may be the daemon that wrote the file: its name is that of this
   process or the usual one, or its name is not known. */
static bool is_daemon(pid_t pid, pid_t foreground, char *name)
{
    char id[16], own_name[NAME_SIZE], state;

    text_copy(name, NAME_SIZE, "");
    /* After a restart in a container this start may have the same numbers. */
    if (pid == getpid() || (foreground > 0 && (pid == foreground || pid == getsid(0)))) {
        text_copy(name, NAME_SIZE, "this start");
        return false;
    }
    snprintf(id, sizeof(id), "%d", (int)pid);
    if (!read_process(id, name, &state))
        return true;
    if (state == 'Z' || state == 'X') {
        text_copy(name, NAME_SIZE, "not running");
        return false;
    }
    return strcmp(name, "chronyd") == 0 ||
           (read_process("self", own_name, &state) && strcmp(name, own_name) == 0);
}

void pidfile_check(const char *path, pid_t foreground)
{
    FILE *f = file_open_read(path);
    char name[NAME_SIZE];
    int pid;

    if (!f)
        return;
    int parsed = fscanf(f, "%d", &pid);
    fclose(f);
    /* 0 would be this process itself. */
    if (parsed != 1 || pid <= 0 || getsid(pid) < 0)
        return;
    if (is_daemon(pid, foreground, name))
        LOG_FATAL("Another chronyd may already be running (pid=%d), check %s", pid, path);
    text_make_printable(name);
    LOG_WARN("Replacing stale %s (pid=%d is %s)", path, pid, name);
}

bool pidfile_write(const char *path)
{
    FILE *f = file_open_new(path, 0644);

    if (!f && errno == ERRNO_NOT_A_FILE) {
        LOG_WARN("There is no PID file, %s is a device", path);
        return false;
    }
    if (!f)
        LOG_FATAL("Could not open %s : %s", path, text_errno(errno));
    bool written = fprintf(f, "%d\n", (int)getpid()) > 0;
    if (fclose(f) != 0 || !written)
        LOG_FATAL("Could not write %s : %s", path, text_errno(errno));
    return true;
}

void pidfile_remove(const char *path)
{
    if (!file_remove(path) && errno != ENOENT)
        LOG_ERROR("Could not remove %s : %s", path, text_errno(errno));
}

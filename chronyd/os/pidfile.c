/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PID file: checked and written at start as root, removed as the last step of the shutdown. It
 * is never written through an existing file or link (base/file.h).
 */
#include "chronyd/os/pidfile.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

void pidfile_check(const char *path)
{
    FILE *f = file_open_read(path);
    int pid, parsed;

    if (!f)
        return;
    parsed = fscanf(f, "%d", &pid);
    fclose(f);
    /* 0 would be this process itself. */
    if (parsed == 1 && pid > 0 && getsid(pid) >= 0)
        LOG_FATAL("Another chronyd may already be running (pid=%d), check %s", pid, path);
}

void pidfile_write(const char *path)
{
    FILE *f = file_open_new(path, 0644);

    if (!f)
        LOG_FATAL("Could not open %s : %s", path, text_errno(errno));
    bool written = fprintf(f, "%d\n", (int)getpid()) > 0;
    if (fclose(f) != 0 || !written)
        LOG_FATAL("Could not write %s : %s", path, text_errno(errno));
}

void pidfile_remove(const char *path)
{
    if (!file_remove(path) && errno != ENOENT)
        LOG_ERROR("Could not remove %s : %s", path, text_errno(errno));
}

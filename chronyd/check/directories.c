/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the directories in which the daemon writes: those that it makes when it starts
 * (daemon.md 7), and those that have to be there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

/* What is written into a directory. */
struct use {
    const struct check_line *line;
    const char *directive; /* of a finding without a line */
    const char *directory;
    const char *consequence;
    bool is_made; /* by the daemon, if it is not there */
    bool by_root; /* before the daemon changes its user */
};

static bool look(const struct check *c, const char *path, struct world_file_info *info)
{
    const struct world *w = c->around->world;

    errno = 0;
    return w->ops->file_info(w->ctx, path, info);
}

static bool same_directory(const char *a, const char *b)
{
    size_t x = strlen(a), y = strlen(b);

    while (x > 1 && a[x - 1] == '/')
        x--;
    while (y > 1 && b[y - 1] == '/')
        y--;
    return x == y && strncmp(a, b, x) == 0;
}

/* Directories that the daemon makes, with the user as their owner. */
static bool is_made(const struct check *c, const char *directory)
{
    const char *const made[] = {c->conf->log.dir, c->conf->selection.dump_dir,
                                c->conf->nts_client.dump_dir};
    bool found = false;

    if (c->conf->command.path) {
        char *socket = file_directory(c->conf->command.path);

        found = same_directory(socket, directory);
        free(socket);
    }
    for (size_t i = 0; i < COUNT(made); i++)
        found = found || (made[i] && same_directory(made[i], directory));
    return found;
}

static void check_owner(struct check *c, const struct use *use, const struct world_file_info *info)
{
    unsigned int mode = info->mode & 07777;

    if ((mode & 0002) && !(mode & S_ISVTX)) {
        check_warn(c, use->line, use->directive, "everybody may write into %s (mode %04o)",
                   use->directory, mode);
        check_fix(c, "chmod 750 %s", use->directory);
    } else if (info->uid != 0 && c->knows_user && info->uid != c->user.uid) {
        check_warn(c, use->line, use->directive,
                   "%s belongs to another user (UID %u), who can replace its files", use->directory,
                   (unsigned int)info->uid);
        check_fix(c, "chown %s %s", c->user.name, use->directory);
    }
}

static void check_missing(struct check *c, const struct use *use)
{
    const char *owner = use->by_root || !c->knows_user ? "root" : c->user.name;

    if (use->is_made)
        return;
    (use->by_root ? check_error : check_warn)(c, use->line, use->directive,
                                              "the directory %s does not exist: %s", use->directory,
                                              use->consequence);
    check_fix(c, "mkdir -p %s && chown %s %s", use->directory, owner, use->directory);
}

static void check_use(struct check *c, const struct use *use)
{
    struct world_file_info info;

    if (!look(c, use->directory, &info)) {
        if (errno == ENOENT)
            check_missing(c, use);
        else
            check_note_unseen(c, use->line, use->directive, use->directory);
        return;
    }
    if (!info.is_directory) {
        check_error(c, use->line, use->directive, "%s is no directory: %s", use->directory,
                    use->consequence);
        check_fix(c, "move it away, or name another directory");
        return;
    }
    /* The directory of the command socket has a check of its own. */
    if (!use->by_root || !use->is_made)
        check_owner(c, use, &info);
    if (use->by_root)
        return;
    switch (check_may(c, use->directory, W_OK | X_OK)) {
    case ANSWER_YES:
        break;
    case ANSWER_UNKNOWN:
        check_note_unseen(c, use->line, use->directive, use->directory);
        break;
    case ANSWER_NO:
        check_error(c, use->line, use->directive, "user %s may not write into %s: %s", c->user.name,
                    use->directory, use->consequence);
        check_fix(c, "chown %s %s && chmod 750 %s", c->user.name, use->directory, use->directory);
        break;
    }
}

/* ---- Command socket ---- */

/* The permissions of a socket do not count on every system, so those of its directory have to be
   narrow. */
static void check_socket_directory(struct check *c)
{
    char *directory = c->conf->command.path ? file_directory(c->conf->command.path) : NULL;
    const struct check_line *line = NULL;
    struct world_file_info info;

    for (size_t i = 0; check_find_nth(c, "bindcmdaddress", i); i++) {
        if (check_find_nth(c, "bindcmdaddress", i)->args[0] == '/')
            line = check_find_nth(c, "bindcmdaddress", i);
    }
    if (directory && c->knows_user && c->around->has_cmdmon && look(c, directory, &info) &&
        info.is_directory) {
        unsigned int mode = info.mode & 0777;

        if ((mode & ~0770U) != 0) {
            check_error(c, line, "bindcmdaddress",
                        "others may pass %s (mode %04o), so the command socket is not opened",
                        directory, mode);
            check_fix(c, "chmod 750 %s", directory);
        }
        if (info.uid != c->user.uid || info.gid != c->user.gid) {
            check_error(c, line, "bindcmdaddress",
                        "%s does not belong to user %s and the group of that user (it has %u:%u, "
                        "not %u:%u), so the command socket is not opened",
                        directory, c->user.name, (unsigned int)info.uid, (unsigned int)info.gid,
                        (unsigned int)c->user.uid, (unsigned int)c->user.gid);
            check_fix(c, "chown %s: %s", c->user.name, directory);
        }
    } else if (directory && look(c, directory, &info) && !info.is_directory) {
        check_error(c, line, "bindcmdaddress", "%s is no directory", directory);
        check_fix(c, "move it away, or write bindcmdaddress with another path");
    }
    free(directory);
}

/* ---- The directories ---- */

/* Of a file that is written with the daemon's rights, or with root's. */
static void check_file_directory(struct check *c, const char *directive, const char *path,
                                 const char *consequence, bool by_root)
{
    struct world_file_info info;

    /* A device stays what it is. */
    if (!path || (look(c, path, &info) && !info.is_regular && !info.is_directory))
        return;
    char *directory = file_directory(path);
    const struct check_line *line = check_find(c, directive);
    const struct use use = {
        .line = line,
        .directive = line ? NULL : directive,
        .directory = directory,
        .consequence = consequence,
        .is_made = is_made(c, directory),
        .by_root = by_root,
    };
    check_use(c, &use);
    free(directory);
}

static void check_named_directory(struct check *c, const char *directive, const char *directory,
                                  const char *consequence)
{
    const struct check_line *line = check_find(c, directive);
    const struct use use = {
        .line = line ? line : check_find(c, "ntscachedir"), /* the older name of ntsdumpdir */
        .directory = directory,
        .consequence = consequence,
        .is_made = true,
    };

    if (directory)
        check_use(c, &use);
}

static void check_sockets_of_refclocks(struct check *c)
{
    for (size_t i = 0; i < c->conf->refclocks.count; i++) {
        const struct refclock_conf *clock = &c->conf->refclocks.items[i];

        if (strcmp(clock->driver, "SOCK") != 0)
            continue;
        char *directory = file_directory(clock->parameter);
        const struct use use = {
            .line = check_find_nth(c, "refclock", i),
            .directory = directory,
            .consequence = "the socket cannot be made, so the daemon does not start",
            .is_made = is_made(c, directory),
            .by_root = true,
        };
        check_use(c, &use);
        free(directory);
    }
}

/* It is written in place, unlike other files. */
static void check_history_file(struct check *c)
{
    const char *path = c->conf->history.file;
    const struct check_line *line = check_find(c, "historyfile");
    struct world_file_info info;

    if (!path || !look(c, path, &info))
        return;
    if (!info.is_regular) {
        check_error(c, line, NULL, "%s is no regular file, so no history is written", path);
        check_fix(c, "move it away, or name another file");
    } else if (check_may(c, path, R_OK | W_OK) == ANSWER_NO) {
        check_error(c, line, NULL, "user %s may not read and write %s, so no history is written",
                    c->user.name, path);
        check_fix(c, "chown %s %s && chmod 644 %s", c->user.name, path, path);
    }
}

void check_directories(struct check *c)
{
    check_socket_directory(c);
    check_named_directory(c, "logdir", c->conf->log.dir, "no log can be written");
    check_named_directory(c, "dumpdir", c->conf->selection.dump_dir,
                          "sample histories cannot be saved");
    check_named_directory(c, "ntsdumpdir", c->conf->nts_client.dump_dir,
                          "cookies and keys of NTS cannot be saved");
    check_file_directory(c, "driftfile", c->conf->reference.drift_file.path,
                         "the frequency of the clock cannot be saved", false);
    check_file_directory(c, "rtcfile", c->conf->rtc.file,
                         "the error of the real-time clock cannot be saved", false);
    check_file_directory(c, "historyfile", c->conf->history.file, "no history can be written",
                         false);
    check_history_file(c);
    check_file_directory(c, "pidfile", c->conf->process.pid_file,
                         "the PID file cannot be written, so the daemon does not start", true);
    check_sockets_of_refclocks(c);
    if (c->conf->server.signd_socket && c->around->has_signd)
        check_readable(c, CHECK_WARNING, check_find(c, "ntpsigndsocket"),
                       c->conf->server.signd_socket, "Samba cannot be asked to sign");
}

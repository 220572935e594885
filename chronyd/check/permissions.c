/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon's user may do with files and directories. The kernel is asked where that is
 * possible, since access control lists and mounts count, too; otherwise the permission bits of the
 * path and of all directories above it decide.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/check/check.h"

bool check_may_by_mode(const struct check_user *user, const struct world_file_info *info, int how)
{
    unsigned int shift = info->uid == user->uid ? 6 : info->gid == user->gid ? 3 : 0;
    unsigned int bits = (info->mode >> shift) & 7;

    if (user->uid == 0)
        return !(how & X_OK) || info->is_directory || (info->mode & 0111) != 0;
    return (!(how & R_OK) || (bits & 4)) && (!(how & W_OK) || (bits & 2)) &&
           (!(how & X_OK) || (bits & 1));
}

static bool look(const struct check *c, const char *path, struct world_file_info *info)
{
    const struct world *w = c->around->world;

    return w->ops->file_info(w->ctx, path, info);
}

/* All directories above the path can be passed. */
static enum check_answer may_pass(const struct check *c, const char *path)
{
    char *parent = text_dup(path);
    enum check_answer answer = ANSWER_YES;

    for (char *p = strchr(parent + 1, '/'); p && answer == ANSWER_YES; p = strchr(p + 1, '/')) {
        struct world_file_info info;

        *p = '\0';
        if (!look(c, parent, &info))
            answer = ANSWER_UNKNOWN;
        else if (!check_may_by_mode(&c->user, &info, X_OK))
            answer = ANSWER_NO;
        *p = '/';
    }
    free(parent);
    return answer;
}

enum check_answer check_may(const struct check *c, const char *path, int how)
{
    struct world_file_info info;

    errno = 0;
    if (!look(c, path, &info))
        return errno == ENOENT || errno == ENOTDIR ? ANSWER_NO : ANSWER_UNKNOWN;
    if (!c->knows_user) {
        errno = ESRCH;
        return ANSWER_UNKNOWN;
    }
    enum check_answer answer =
        c->around->ask_kernel ? c->around->ask_kernel(&c->user, path, how) : ANSWER_UNKNOWN;
    if (answer == ANSWER_UNKNOWN) {
        answer = may_pass(c, path);
        if (answer == ANSWER_YES && !check_may_by_mode(&c->user, &info, how))
            answer = ANSWER_NO;
    }
    errno = EACCES;
    return answer;
}

void check_note_unseen(struct check *c, const struct check_line *line, const char *directive,
                       const char *path)
{
    int error = errno;

    if (error == ESRCH) /* the user is not known, which has been said */
        return;
    if (error != EACCES && error != EPERM) {
        check_note(c, line, directive, "%s was not looked at: %s", path, text_errno(error));
        check_fix(c, "look at it, and run the check again");
        return;
    }
    check_note(c, line, directive, "not allowed to look at %s as user %s", path,
               c->around->self.name);
    check_fix(c, "run the check as root");
}

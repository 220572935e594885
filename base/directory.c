/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creating and checking the daemon's directories (daemon.md 7). Called at start, mostly as root.
 * Failures are logged and returned; what exists already is never changed.
 */
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define PARENT_MODE 0755
#define PARENT_UID  0
#define PARENT_GID  0

enum presence { DIRECTORY_PRESENT, DIRECTORY_MISSING, DIRECTORY_BAD };

static enum presence look_for(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        if (errno == ENOENT)
            return DIRECTORY_MISSING;
        LOG_ERROR("Could not access %s : %s", path, text_errno(errno));
        return DIRECTORY_BAD;
    }
    if (!S_ISDIR(st.st_mode)) {
        LOG_ERROR("%s is not directory", path);
        return DIRECTORY_BAD;
    }
    return DIRECTORY_PRESENT;
}

static bool create(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    struct stat st;

    if (mkdir(path, mode) < 0) {
        LOG_ERROR("Could not create directory %s : %s", path, text_errno(errno));
        return false;
    }
    /* Only root can change the owner, and a right owner needs no change. */
    if (stat(path, &st) == 0 && st.st_uid == uid && st.st_gid == gid)
        return true;
    if (lchown(path, uid, gid) < 0) {
        LOG_ERROR("Could not change ownership of %s : %s", path, text_errno(errno));
        if (rmdir(path) < 0)
            LOG_ERROR("Could not remove %s : %s", path, text_errno(errno));
        return false;
    }
    return true;
}

static bool make_parents(const char *path)
{
    char *parent = text_dup(path);
    bool ok = true;

    for (char *p = strchr(parent + (parent[0] == '/'), '/'); ok && p; p = strchr(p + 1, '/')) {
        *p = '\0';
        enum presence presence = look_for(parent);
        ok = presence == DIRECTORY_PRESENT ||
             (presence == DIRECTORY_MISSING && create(parent, PARENT_MODE, PARENT_UID, PARENT_GID));
        *p = '/';
    }
    free(parent);
    return ok;
}

bool file_make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
    size_t length = strlen(path);

    if (strcmp(path, ".") == 0)
        return true;
    enum presence presence = look_for(path);
    if (presence != DIRECTORY_MISSING)
        return presence == DIRECTORY_PRESENT;
    /* A slash at the end would make the directory its own parent. */
    char *plain = text_dup(path);
    while (length > 1 && plain[length - 1] == '/')
        plain[--length] = '\0';
    bool ok = make_parents(plain) && create(plain, mode, uid, gid);
    free(plain);
    return ok;
}

bool file_check_directory(const char *path, mode_t perm, uid_t uid, gid_t gid)
{
    struct stat st;

    if (stat(path, &st) < 0) {
        LOG_ERROR("Could not access %s : %s", path, text_errno(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        LOG_ERROR("%s is not directory", path);
        return false;
    }
    if ((st.st_mode & 0777 & ~perm) != 0) {
        LOG_ERROR("Wrong permissions on %s", path);
        return false;
    }
    if (st.st_uid != uid) {
        LOG_ERROR("Wrong owner of %s (UID != %u)", path, uid);
        return false;
    }
    if (st.st_gid != gid) {
        LOG_ERROR("Wrong owner of %s (GID != %u)", path, gid);
        return false;
    }
    return true;
}

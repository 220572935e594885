/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic replacement of data files through the world (daemon.md 22), for everybody who writes state
 * on the daemon's run path. A reader sees the old file or the complete new one, never a part.
 */
#include "base/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

static void release(struct world_replace *r)
{
    free(r->path);
    free(r->tmp_path);
    memset(r, 0, sizeof(*r));
}

static void remove_temporary(const struct world *w, const char *path)
{
    if (!w->ops->file_remove(w->ctx, path) && errno != ENOENT)
        LOG_ERROR("Could not remove %s : %s", path, text_errno(errno));
}

bool world_replace_begin(const struct world *w, struct world_replace *r, const char *path,
                         const char *tmp_path, mode_t mode)
{
    r->path = text_dup(path);
    r->tmp_path = tmp_path != NULL ? text_dup(tmp_path) : file_temporary_path(path);
    r->stream = w->ops->file_new(w->ctx, r->tmp_path, mode);
    if (r->stream == NULL) {
        LOG_ERROR("Could not open %s : %s", r->tmp_path, text_errno(errno));
        release(r);
        return false;
    }
    return true;
}

bool world_replace_commit(const struct world *w, struct world_replace *r, bool *write_failed)
{
    bool written = file_finish(r->stream), replaced = false;

    r->stream = NULL;
    if (write_failed != NULL)
        *write_failed = !written;
    if (written) {
        replaced = w->ops->file_rename(w->ctx, r->tmp_path, r->path);
        if (!replaced)
            LOG_ERROR("Could not replace %s with %s : %s", r->path, r->tmp_path, text_errno(errno));
    }
    if (!replaced)
        remove_temporary(w, r->tmp_path);
    release(r);
    return replaced;
}

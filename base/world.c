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
#include "base/file_trouble.h"
#include "base/log.h"
#include "base/text.h"

static void release(struct world_replace *r)
{
    free(r->path);
    free(r->tmp_path);
    memset(r, 0, sizeof(*r));
}

/* Where a failure is reported once, the message about the file itself is enough. */
static void remove_temporary(const struct world *w, const struct world_replace *r)
{
    if (!w->ops->file_remove(w->ctx, r->tmp_path) && errno != ENOENT)
        LOG(r->spec.trouble ? LOG_SEV_DEBUG : LOG_SEV_ERROR, "Could not remove %s : %s",
            r->tmp_path, text_errno(errno));
}

bool world_replace_begin(const struct world *w, struct world_replace *r,
                         const struct world_replace_spec *spec)
{
    r->spec = *spec;
    r->error = 0;
    r->path = text_dup(spec->path);
    r->tmp_path = spec->tmp_path ? text_dup(spec->tmp_path) : file_temporary_path(spec->path);
    r->stream = w->ops->file_new(w->ctx, r->tmp_path, spec->mode);
    if (!r->stream) {
        LOG_TROUBLE(spec->trouble, "Could not open %s : %s", r->tmp_path, text_errno(errno));
        release(r);
        return false;
    }
    return true;
}

static void note_error(struct world_replace *r, int error)
{
    if (r->error == 0)
        r->error = error;
}

bool world_replace_flush(struct world_replace *r)
{
    if (fflush(r->stream) != 0)
        note_error(r, errno);
    else if (ferror(r->stream))
        note_error(r, EIO); /* what the reason was then is not known */
    return r->error == 0;
}

/* Flushes the stream, to the disk if that is wanted, and closes it. */
static bool finish(const struct world *w, struct world_replace *r)
{
    if (world_replace_flush(r) && r->spec.sync && w->ops->file_sync &&
        !w->ops->file_sync(w->ctx, r->stream))
        note_error(r, errno);
    if (fclose(r->stream) != 0)
        note_error(r, errno);
    return r->error == 0;
}

static bool replace(const struct world *w, struct world_replace *r)
{
    const struct world_replace_spec *spec = &r->spec;

    if (!finish(w, r)) {
        const char *reason = text_errno(r->error);

        if (spec->failure)
            LOG_TROUBLE(spec->trouble, "%s : %s", spec->failure, reason);
        else
            LOG_TROUBLE(spec->trouble, "Could not write %s : %s", r->path, reason);
        return false;
    }
    if (!w->ops->file_rename(w->ctx, r->tmp_path, r->path)) {
        LOG_TROUBLE(spec->trouble, "Could not replace %s with %s : %s", r->path, r->tmp_path,
                    text_errno(errno));
        return false;
    }
    if (spec->sync_name && w->ops->file_sync_name && !w->ops->file_sync_name(w->ctx, r->path))
        LOG_DEBUG("Could not sync the directory of %s : %s", r->path, text_errno(errno));
    return true;
}

bool world_replace_commit(const struct world *w, struct world_replace *r)
{
    bool replaced = replace(w, r);

    if (replaced)
        file_trouble_end(r->spec.trouble, r->path);
    else
        remove_temporary(w, r);
    release(r);
    return replaced;
}

void world_replace_abandon(const struct world *w, struct world_replace *r)
{
    fclose(r->stream);
    remove_temporary(w, r);
    release(r);
}

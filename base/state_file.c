/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See state_file.h. Owns the temporary file that is to replace the old one later (at most one),
 * and its timer.
 */
#include "base/state_file.h"

#include <stdlib.h>
#include "base/crypto.h"
#include "base/file_trouble.h"
#include "base/text.h"

/* The kernel writes back by itself what is older than 30 s, and looks every 5 s (Linux,
   vm.dirty_*). */
#define SETTLING_TIME 60.0

struct state_file {
    struct world *world;
    struct loop *loop;
    struct state_file_spec spec;
    char *path;
    struct file_trouble trouble;
    struct world_replace replace; /* valid while there is a timer */
    timer_id timer;
    char buffer[4096]; /* of the stream: its contents may be secret */
};

struct state_file *state_file_new(struct world *world, struct loop *loop,
                                  const struct state_file_spec *spec)
{
    struct state_file *file = mem_alloc(sizeof(*file));

    file->world = world;
    file->loop = loop;
    file->spec = *spec;
    file->path = text_dup(spec->path);
    return file;
}

static void give_up(struct state_file *file)
{
    if (file->timer == 0)
        return;
    loop_timer_cancel(file->loop, file->timer);
    file->timer = 0;
    world_replace_abandon(file->world, &file->replace);
    crypto_wipe(file->buffer, sizeof(file->buffer));
}

void state_file_free(struct state_file *file)
{
    if (!file)
        return;
    give_up(file);
    free(file->path);
    free(file);
}

static bool begin(struct state_file *file, bool now, state_file_writer writer, const void *arg)
{
    const struct world_replace_spec spec = {
        .path = file->path,
        .mode = file->spec.mode,
        .failure = file->spec.failure,
        .trouble = &file->trouble,
        .sync = true,
        .sync_name = now && file->spec.sync_name,
    };

    give_up(file);
    if (!world_replace_begin(file->world, &file->replace, &spec))
        return false;
    setvbuf(file->replace.stream, file->buffer, _IOFBF, sizeof(file->buffer));
    writer(file->replace.stream, arg);
    return true;
}

static bool commit(struct state_file *file)
{
    bool ok = world_replace_commit(file->world, &file->replace);

    crypto_wipe(file->buffer, sizeof(file->buffer));
    return ok;
}

bool state_file_write(struct state_file *file, state_file_writer writer, const void *arg)
{
    return begin(file, true, writer, arg) && commit(file);
}

static void on_settled(void *arg)
{
    struct state_file *file = arg;

    file->timer = 0;
    commit(file);
}

void state_file_write_later(struct state_file *file, double interval, state_file_writer writer,
                            const void *arg)
{
    double settling_time = interval / 2.0 < SETTLING_TIME ? interval / 2.0 : SETTLING_TIME;

    if (!begin(file, false, writer, arg))
        return;
    /* A full disk shows here. */
    if (!world_replace_flush(&file->replace) || !(settling_time > 0.0))
        commit(file);
    else
        file->timer = loop_timer_add(file->loop, settling_time, on_settled, file);
}

bool state_file_is_failing(const struct state_file *file)
{
    return file && file->trouble.failed;
}

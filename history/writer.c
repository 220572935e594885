/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See writer.h. Owns the file and the page that is being filled. Records are added behind what is
 * in the page on the disk already, so a write that is cut off costs only what it should have added.
 * What is found in a file when it is opened, and how one is made, is in writer_open.c.
 */
#include "history/writer.h"

#include <errno.h>
#include <stdlib.h>
#include "base/text.h"
#include "history/file.h"
#include "history/writer_internal.h"

/* Places that are looked at to find the oldest page that is good. */
#define OLDEST_TRIES 16

struct history_writer *history_writer_new(struct world *world, const char *path, uint32_t pages)
{
    struct history_writer *w = mem_alloc(sizeof(*w));

    w->world = world;
    w->path = text_dup(path);
    w->pages = pages;
    w->starting = true;
    if (!history_writer_open(w))
        w->failures++;
    w->starting = false;
    return w;
}

void history_writer_free(struct history_writer *w)
{
    if (!w)
        return;
    if (history_writer_flush(w) && w->stream && w->world->ops->file_sync &&
        !w->world->ops->file_sync(w->world->ctx, w->stream))
        LOG_TROUBLE(&w->trouble, "Could not write %s : %s", w->path, text_errno(errno));
    history_writer_close(w);
    free(w->path);
    free(w);
}

/* ---- Records ---- */

/* The page is full. If it could not be written, its records are lost. */
static void next_page(struct history_writer *w, int64_t time)
{
    uint64_t sequence = 0;

    if (w->has_page) {
        if (!history_writer_flush(w))
            w->lost_pages++;
        sequence = w->page.sequence < HISTORY_MAX_SEQUENCE ? w->page.sequence + 1 : 0;
    }
    history_page_begin(&w->page, sequence, time);
    w->has_page = true;
    w->in_file = false;
    w->flushed = 0;
}

void history_writer_add(struct history_writer *w, const struct history_record *record,
                        const struct history_source *source)
{
    /* Each kind of record begins with its time. */
    int64_t time = record->u.event.time;

    if (!w->has_page)
        next_page(w, time);
    if (history_page_add(&w->page, record, source))
        return;
    next_page(w, time);
    history_page_add(&w->page, record, source);
}

/* ---- Writing ---- */

static size_t page_position(const struct history_writer *w)
{
    return (size_t)history_file_place(w->page.sequence, w->pages) * HISTORY_PAGE_SIZE;
}

/* Whether the open file is still the one of its name, and has what was written to it. */
static bool is_in_place(const struct history_writer *w)
{
    size_t least = w->flushed > 0 ? page_position(w) + w->flushed : HISTORY_PAGE_SIZE;
    struct world_file_info info;

    return w->world->ops->file_info(w->world->ctx, w->path, &info) &&
           info.device == w->info.device && info.inode == w->info.inode && info.size >= least;
}

static bool is_ready(struct history_writer *w)
{
    if (w->stream && (w->resuming || is_in_place(w)))
        return true;
    history_writer_close(w);
    return history_writer_open(w);
}

static bool write_page(struct history_writer *w)
{
    struct history_page *page = &w->page;

    history_page_check(page);
    /* The first time all of it: zeros take the place of what was there. */
    size_t length = w->flushed > 0 ? page->length - w->flushed : HISTORY_PAGE_SIZE;

    errno = 0;
    if (fseek(w->stream, (long)(page_position(w) + w->flushed), SEEK_SET) != 0 ||
        fwrite(page->octets + w->flushed, 1, length, w->stream) != length ||
        fflush(w->stream) != 0) {
        LOG_TROUBLE(&w->trouble, "Could not write %s : %s", w->path,
                    text_errno(errno != 0 ? errno : EIO));
        clearerr(w->stream);
        w->state = REPORT_HISTORY_FAILS;
        return false;
    }
    w->written += length;
    w->flushed = page->length;
    w->in_file = true;
    return true;
}

bool history_writer_flush(struct history_writer *w)
{
    if (w->has_page)
        history_page_check(&w->page);
    if (!is_ready(w) || (w->has_page && w->flushed != w->page.length && !write_page(w))) {
        w->failures++;
        return false;
    }
    w->state = REPORT_HISTORY_WORKS;
    file_trouble_end(&w->trouble, w->path);
    return true;
}

/* ---- Report ---- */

/* Base time of the oldest page that is good. */
static int64_t oldest_time(struct history_writer *w)
{
    uint8_t octets[HISTORY_PAGE_SIZE];
    uint64_t sequence = w->page.sequence < w->pages ? 0 : w->page.sequence + 1 - w->pages;

    for (int i = 0; w->stream && i < OLDEST_TRIES && sequence < w->page.sequence; i++, sequence++) {
        uint64_t found;
        int64_t time;

        if (history_writer_read(w, history_file_place(sequence, w->pages), octets) &&
            history_page_identify(octets, &found, &time) && found == sequence)
            return time;
    }
    return history_page_base_time(&w->page);
}

void history_writer_report(struct history_writer *w, struct history_writer_status *status)
{
    *status = (struct history_writer_status){
        .state = w->state,
        .size = (uint64_t)(w->pages + 1) * HISTORY_PAGE_SIZE,
        .written = w->written,
        .failures = w->failures,
        .lost_pages = w->lost_pages,
    };
    if (!w->has_page)
        return;
    status->first = oldest_time(w);
    status->last = w->page.context.time;
    status->pages = w->page.sequence < w->pages ? (uint32_t)w->page.sequence + 1 : w->pages;
}

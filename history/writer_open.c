/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening the history file: judges what is there, finds the newest page, and makes a new file where
 * there is none, where the size is another one, or where the first page is damaged. A new file
 * takes the place of the old one when it is complete.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "history/file.h"
#include "history/writer_internal.h"

#define HEADER_SIZE 24 /* octets of a page that tell what it is */

struct page_place {
    uint64_t sequence;
    uint32_t place;
};

/* What was found in the file. */
struct scan {
    enum history_file_kind kind;
    bool is_empty;            /* nothing in it, or only zeros */
    uint32_t pages;           /* that it may have, if the first page is good */
    struct page_place *found; /* pages that begin as such, in their places */
    uint32_t count;
    uint32_t bad; /* pages that begin otherwise */
    struct page_place newest;
};

void history_writer_close(struct history_writer *w)
{
    if (w->stream)
        fclose(w->stream);
    w->stream = NULL;
}

static bool read_at(FILE *stream, uint32_t place, uint8_t *octets, size_t length)
{
    memset(octets, 0, length);
    return fseek(stream, (long)((size_t)place * HISTORY_PAGE_SIZE), SEEK_SET) == 0 &&
           fread(octets, 1, length, stream) > 0;
}

bool history_writer_read(struct history_writer *w, uint32_t place,
                         uint8_t octets[HISTORY_PAGE_SIZE])
{
    return w->stream && read_at(w->stream, place, octets, HISTORY_PAGE_SIZE);
}

/* ---- Looking at a file ---- */

static bool is_zero(const uint8_t *octets, size_t length)
{
    return octets[0] == 0 && memcmp(octets, octets + 1, length - 1) == 0;
}

/* The first page, and the beginning of each other one. */
static void scan_file(struct history_writer *w, struct scan *scan)
{
    uint8_t octets[HISTORY_PAGE_SIZE];

    *scan = (struct scan){.kind = HISTORY_FILE_DAMAGED};
    scan->is_empty = !history_writer_read(w, 0, octets);
    if (scan->is_empty)
        return;
    bool has_no_header = is_zero(octets, sizeof(octets));
    scan->kind = history_file_check(octets, &scan->pages);
    if (scan->kind == HISTORY_FILE_OTHER_VERSION)
        return;
    scan->found = mem_array(HISTORY_MAX_PAGES, sizeof(*scan->found));
    for (uint32_t place = 1; place <= HISTORY_MAX_PAGES; place++) {
        struct page_place page = {.place = place};
        int64_t time;

        memset(octets, 0, sizeof(octets));
        if (!read_at(w->stream, place, octets, HEADER_SIZE))
            break;
        if (history_page_identify(octets, &page.sequence, &time) &&
            (scan->pages == 0 || history_file_place(page.sequence, scan->pages) == place)) {
            scan->found[scan->count++] = page;
            if (scan->count == 1 || page.sequence > scan->newest.sequence)
                scan->newest = page;
        } else if (!is_zero(octets, HEADER_SIZE)) {
            scan->bad++;
        }
    }
    scan->is_empty = has_no_header && scan->count == 0 && scan->bad == 0;
}

/* ---- Making a file ---- */

static int compare_newest_first(const void *a, const void *b)
{
    uint64_t x = ((const struct page_place *)a)->sequence;
    uint64_t y = ((const struct page_place *)b)->sequence;

    return (x < y) - (x > y);
}

static void write_at(FILE *to, uint32_t place, const uint8_t octets[HISTORY_PAGE_SIZE])
{
    if (fseek(to, (long)((size_t)place * HISTORY_PAGE_SIZE), SEEK_SET) == 0)
        fwrite(octets, HISTORY_PAGE_SIZE, 1, to);
}

static bool fail_to_read(struct history_writer *w)
{
    LOG_TROUBLE(&w->trouble, "Could not read %s : %s", w->path,
                text_errno(errno != 0 ? errno : EIO));
    return false;
}

/* The newest pages of the old file, as many as the new one has room for. False: they cannot be
   read. */
static bool copy_pages(struct history_writer *w, struct scan *scan, FILE *to)
{
    uint8_t octets[HISTORY_PAGE_SIZE];

    if (scan->count == 0)
        return true;
    errno = 0;
    qsort(scan->found, scan->count, sizeof(*scan->found), compare_newest_first);
    for (uint32_t i = 0; i < scan->count; i++) {
        const struct page_place *page = &scan->found[i];

        if (page->sequence + w->pages <= scan->newest.sequence)
            break;
        if (!history_writer_read(w, page->place, octets) || ferror(w->stream))
            return false;
        write_at(to, history_file_place(page->sequence, w->pages), octets);
    }
    return true;
}

/* A file of the right size, with the pages that were found in the old one (NULL: none). */
static bool make_file(struct history_writer *w, struct scan *scan)
{
    const struct world_replace_spec spec = {
        .path = w->path,
        .mode = 0640,
        .trouble = &w->trouble,
        .sync = w->starting,
    };
    uint8_t header[HISTORY_PAGE_SIZE];
    struct world_replace replace;

    if (!world_replace_begin(w->world, &replace, &spec))
        return false;
    history_file_header(header, w->pages);
    write_at(replace.stream, 0, header);
    if (scan && !copy_pages(w, scan, replace.stream)) {
        world_replace_abandon(w->world, &replace);
        return fail_to_read(w);
    }
    /* The trouble is not over before a record has been written. */
    w->trouble.in_round = true;
    bool made = world_replace_commit(w->world, &replace);
    w->trouble.in_round = false;
    return made;
}

/* ---- Opening ---- */

static bool open_stream(struct history_writer *w)
{
    const struct world_ops *ops = w->world->ops;

    errno = ENOSYS;
    w->stream = ops->file_update ? ops->file_update(w->world->ctx, w->path) : NULL;
    if (!w->stream)
        return false;
    /* What is written goes to the file at once, and no more than that. */
    setvbuf(w->stream, NULL, _IONBF, 0);
    if (ops->file_info(w->world->ctx, w->path, &w->info))
        return true;
    history_writer_close(w);
    return false;
}

static bool fail_to_open(struct history_writer *w)
{
    LOG_TROUBLE(&w->trouble, "Could not open %s : %s", w->path, text_errno(errno));
    return false;
}

/* The file belongs to somebody else. It is looked at again when it has changed. */
static bool leave_alone(struct history_writer *w, const struct scan *scan)
{
    if (scan->kind == HISTORY_FILE_OTHER_VERSION)
        LOG_TROUBLE(&w->trouble, "%s is a history file of another version, no history is written",
                    w->path);
    else
        LOG_TROUBLE(&w->trouble, "%s is not a history file, no history is written", w->path);
    w->state = REPORT_HISTORY_FOREIGN;
    w->foreign = w->info;
    history_writer_close(w);
    return false;
}

static bool is_known_as_foreign(const struct history_writer *w)
{
    struct world_file_info info;

    return w->state == REPORT_HISTORY_FOREIGN &&
           w->world->ops->file_info(w->world->ctx, w->path, &info) &&
           info.device == w->foreign.device && info.inode == w->foreign.inode &&
           info.changed == w->foreign.changed && info.size == w->foreign.size;
}

/* Puts a file of the right form in the place of the one that is open. */
static bool remake(struct history_writer *w, struct scan *scan)
{
    if (!make_file(w, scan))
        return false;
    if (!scan->is_empty && scan->kind == HISTORY_FILE_DAMAGED)
        LOG_WARN("%s was damaged, it was made again with %u good pages", w->path,
                 (unsigned int)scan->count);
    history_writer_close(w);
    if (!open_stream(w))
        return fail_to_open(w);
    free(scan->found);
    scan_file(w, scan);
    return true;
}

/* Whether the page that is filled is the newest one of the file. */
static bool is_own_page(const struct history_writer *w, const struct scan *scan)
{
    return w->has_page && w->in_file && scan->count > 0 &&
           scan->newest.sequence == w->page.sequence;
}

/* Goes on with the newest page of the file, and adds to it what was not written yet. */
static void resume(struct history_writer *w, const struct scan *scan)
{
    uint8_t octets[HISTORY_PAGE_SIZE];
    struct history_page_walk walk;
    struct history_record record;
    bool had_page = w->has_page;

    if (is_own_page(w, scan)) {
        w->flushed = 0;
        return;
    }
    w->kept = w->page;
    w->has_page = w->in_file = scan->count > 0 &&
                               history_writer_read(w, scan->newest.place, octets) &&
                               history_page_load(&w->page, octets);
    w->flushed = 0;
    if (!had_page || !history_page_walk_begin(&walk, w->kept.octets))
        return;
    while (history_page_walk_next(&walk, &record)) {
        const int index = record.kind == HISTORY_RECORD_MINUTE   ? record.u.minute.selected
                          : record.kind == HISTORY_RECORD_SAMPLE ? record.u.sample.source
                                                                 : record.u.event.source;
        if (record.kind != HISTORY_RECORD_SOURCE)
            history_writer_add(w, &record, index < 0 ? NULL : &w->kept.sources[index]);
    }
}

static bool use_file(struct history_writer *w, struct scan *scan)
{
    errno = 0;
    scan_file(w, scan);
    /* What cannot be read is not known to be free. */
    if (ferror(w->stream))
        return fail_to_read(w);
    if (!scan->is_empty && (scan->kind == HISTORY_FILE_OTHER_VERSION ||
                            (scan->kind == HISTORY_FILE_DAMAGED && scan->count == 0)))
        return leave_alone(w, scan);
    if (scan->bad > 0)
        LOG_WARN("Damaged pages of %s : %u", w->path, (unsigned int)scan->bad);
    return scan->pages == w->pages || remake(w, scan);
}

bool history_writer_open(struct history_writer *w)
{
    struct scan scan = {.count = 0};

    if (is_known_as_foreign(w))
        return false;
    w->state = REPORT_HISTORY_FAILS;
    if (!open_stream(w)) {
        if (errno != ENOENT)
            return fail_to_open(w);
        if (!make_file(w, NULL))
            return false;
        if (!open_stream(w))
            return fail_to_open(w);
    }
    bool ok = use_file(w, &scan);
    if (ok) {
        w->resuming = true;
        resume(w, &scan);
        w->resuming = false;
        w->state = REPORT_HISTORY_WORKS;
    } else {
        history_writer_close(w);
    }
    free(scan.found);
    return ok;
}

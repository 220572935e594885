/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files in memory. An open stream keeps its contents alive when the name is removed or given to
 * another file, as on Unix.
 */
#include "test/sim/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

struct contents {
    int references; /* names and streams */
    bool synced;    /* all of it is on the disk */
    char *data;     /* with a terminator behind the length */
    size_t length;
    size_t capacity;
};

struct entry {
    char *path;
    struct contents *contents;
};

struct stream;

struct sim_files {
    struct entry *entries;
    size_t count;
    size_t capacity;
    struct stream *streams; /* that are open */
    long write_limit;       /* octets that may still be written; negative: any number */
};

struct stream {
    struct sim_files *files;
    struct contents *contents;
    size_t position;
    bool appends;
    FILE *file;
    struct stream *next;
};

struct sim_files *sim_files_new(void)
{
    struct sim_files *files = mem_alloc(sizeof(*files));

    files->write_limit = -1;
    return files;
}

static void release(struct contents *contents)
{
    if (--contents->references > 0)
        return;
    free(contents->data);
    free(contents);
}

void sim_files_free(struct sim_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->entries[i].path);
        release(files->entries[i].contents);
    }
    free(files->entries);
    free(files);
}

static struct entry *find(const struct sim_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->entries[i].path, path) == 0)
            return &files->entries[i];
    return NULL;
}

/* Puts octets in the place of those that are there, or behind the end; what lies between is
   zeros. */
static void write_at(struct contents *contents, size_t position, const char *data, size_t length)
{
    size_t end = position + length;

    if (end + 1 > contents->capacity) {
        contents->capacity = 2 * (end + 1);
        contents->data = mem_resize(contents->data, contents->capacity, 1);
    }
    if (position > contents->length)
        memset(contents->data + contents->length, 0, position - contents->length);
    memcpy(contents->data + position, data, length);
    contents->synced = false;
    if (end > contents->length || end == 0) {
        contents->length = end;
        contents->data[end] = '\0';
    }
}

static void append(struct contents *contents, const char *data, size_t length)
{
    write_at(contents, contents->length, data, length);
}

static struct entry *create(struct sim_files *files, const char *path)
{
    struct contents *contents = mem_alloc(sizeof(*contents));

    if (files->count == files->capacity) {
        files->capacity = 2 * files->capacity + 8;
        files->entries = mem_resize(files->entries, files->capacity, sizeof(*files->entries));
    }
    contents->references = 1;
    append(contents, "", 0);
    files->entries[files->count] = (struct entry){text_dup(path), contents};
    return &files->entries[files->count++];
}

bool sim_files_remove(struct sim_files *files, const char *path)
{
    struct entry *entry = find(files, path);

    if (!entry) {
        errno = ENOENT;
        return false;
    }
    free(entry->path);
    release(entry->contents);
    *entry = files->entries[--files->count];
    return true;
}

bool sim_files_rename(struct sim_files *files, const char *from, const char *to)
{
    if (!find(files, from)) {
        errno = ENOENT;
        return false;
    }
    if (find(files, to))
        sim_files_remove(files, to);
    struct entry *entry = find(files, from);
    free(entry->path);
    entry->path = text_dup(to);
    return true;
}

static ssize_t stream_read(void *cookie, char *data, size_t size)
{
    struct stream *stream = cookie;
    size_t length = stream->contents->length,
           at = stream->position < length ? stream->position : length;
    size_t n = size < length - at ? size : length - at;

    memcpy(data, stream->contents->data + stream->position, n);
    stream->position += n;
    return (ssize_t)n;
}

static void stream_put(struct stream *stream, const char *data, size_t length)
{
    if (stream->appends)
        stream->position = stream->contents->length;
    write_at(stream->contents, stream->position, data, length);
    stream->position += length;
}

static ssize_t stream_write(void *cookie, const char *data, size_t length)
{
    struct stream *stream = cookie;
    long *limit = &stream->files->write_limit;

    if (*limit >= 0 && (size_t)*limit < length) {
        stream_put(stream, data, (size_t)*limit);
        *limit = 0;
        errno = ENOSPC;
        return 0;
    }
    if (*limit >= 0)
        *limit -= (long)length;
    stream_put(stream, data, length);
    return (ssize_t)length;
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    struct stream *stream = cookie;
    off64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? (off64_t)stream->position
                                        : (off64_t)stream->contents->length;

    if (base + *offset < 0) {
        errno = EINVAL;
        return -1;
    }
    *offset += base;
    stream->position = (size_t)*offset;
    return 0;
}

static int stream_close(void *cookie)
{
    struct stream *stream = cookie, **place = &stream->files->streams;

    while (*place != stream)
        place = &(*place)->next;
    *place = stream->next;
    release(stream->contents);
    free(stream);
    return 0;
}

static FILE *open_stream(struct sim_files *files, struct contents *contents, const char *mode)
{
    static const cookie_io_functions_t functions = {
        .read = stream_read, .write = stream_write, .seek = stream_seek, .close = stream_close};
    struct stream *stream = mem_alloc(sizeof(*stream));
    FILE *file = fopencookie(stream, mode, functions);

    if (!file) {
        free(stream);
        return NULL;
    }
    *stream = (struct stream){.files = files,
                              .contents = contents,
                              .appends = mode[0] == 'a',
                              .file = file,
                              .next = files->streams};
    files->streams = stream;
    contents->references++;
    return file;
}

FILE *sim_files_read(struct sim_files *files, const char *path)
{
    struct entry *entry = find(files, path);

    if (!entry) {
        errno = ENOENT;
        return NULL;
    }
    return open_stream(files, entry->contents, "r");
}

FILE *sim_files_append(struct sim_files *files, const char *path)
{
    struct entry *entry = find(files, path);

    if (!entry)
        entry = create(files, path);
    return open_stream(files, entry->contents, "a");
}

FILE *sim_files_update(struct sim_files *files, const char *path)
{
    struct entry *entry = find(files, path);

    if (!entry) {
        errno = ENOENT;
        return NULL;
    }
    return open_stream(files, entry->contents, "r+");
}

FILE *sim_files_create(struct sim_files *files, const char *path)
{
    if (find(files, path))
        sim_files_remove(files, path);
    return open_stream(files, create(files, path)->contents, "w");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_listed(const char *path, const char *directory, const char *suffix)
{
    size_t length = strlen(directory);

    if (strncmp(path, directory, length) != 0 || path[length] != '/')
        return false;
    const char *name = path + length + 1;
    size_t end = strlen(name), tail = strlen(suffix);
    return name[0] != '.' && !strchr(name, '/') && end >= tail &&
           strcmp(name + end - tail, suffix) == 0;
}

char **sim_files_list(struct sim_files *files, const char *directory, const char *suffix)
{
    char **names = mem_array(files->count + 1, sizeof(*names));
    size_t count = 0;

    for (size_t i = 0; i < files->count; i++)
        if (is_listed(files->entries[i].path, directory, suffix))
            names[count++] = text_dup(files->entries[i].path + strlen(directory) + 1);
    qsort(names, count, sizeof(*names), compare_names);
    return names;
}

const void *sim_files_data(const struct sim_files *files, const char *path, size_t *size)
{
    const struct entry *entry = find(files, path);

    *size = entry ? entry->contents->length : 0;
    return entry ? entry->contents->data : NULL;
}

const char *sim_files_text(const struct sim_files *files, const char *path)
{
    const struct entry *entry = find(files, path);

    return entry ? entry->contents->data : NULL;
}

void sim_files_set(struct sim_files *files, const char *path, const char *text)
{
    if (find(files, path))
        sim_files_remove(files, path);
    struct entry *entry = create(files, path);
    append(entry->contents, text, strlen(text));
    entry->contents->synced = true;
}

bool sim_files_sync(struct sim_files *files, FILE *file)
{
    for (struct stream *stream = files->streams; stream; stream = stream->next)
        if (stream->file == file)
            stream->contents->synced = true;
    return true;
}

void sim_files_lose_power(struct sim_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        struct contents *contents = files->entries[i].contents;

        if (contents->synced)
            continue;
        contents->length = 0;
        contents->data[0] = '\0';
    }
}

void sim_files_limit_writes(struct sim_files *files, long octets)
{
    files->write_limit = octets;
}

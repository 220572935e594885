/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the server's certificate and key files; see server_files.h. Used by the fork server,
 * and by the main process with ntsprocesses 0. It must never parse what it reads, and never keep
 * a copy of it outside the mappings that it makes.
 */
#include "nts/server_files.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"

#define FIRST_SIZE (64U * 1024U)

/* ---- Memory ---- */

/* NULL with errno set. */
static unsigned char *map_memory(size_t size)
{
    void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (data == MAP_FAILED)
        return NULL;
    /* Not every system supports these, and it works without them. */
    madvise(data, size, MADV_DONTDUMP);
    mlock(data, size);
    return data;
}

static void unmap_memory(unsigned char *data, size_t size)
{
    if (!data)
        return;
    crypto_wipe(data, size);
    munmap(data, size);
}

static void file_free(struct server_file *file)
{
    unmap_memory(file->data, file->mapped);
    file->data = NULL;
    file->size = file->mapped = 0;
}

/* False with errno set. */
static bool file_grow(struct server_file *file)
{
    size_t size = file->mapped > 0 ? 2 * file->mapped : FIRST_SIZE;
    unsigned char *data = map_memory(size);

    if (!data)
        return false;
    if (file->size > 0)
        memcpy(data, file->data, file->size);
    unmap_memory(file->data, file->mapped);
    file->data = data;
    file->mapped = size;
    return true;
}

/* ---- Reading ---- */

/* False with errno set. */
static bool read_stream(struct server_file *file, FILE *stream)
{
    /* Without a buffer stdio reads directly into the mapping. */
    setvbuf(stream, NULL, _IONBF, 0);
    while (!file->is_too_large) {
        if (file->size == file->mapped && !file_grow(file))
            return false;
        errno = 0;
        size_t n = fread(file->data + file->size, 1, file->mapped - file->size, stream);
        if (n == 0 && ferror(stream)) {
            if (errno == 0)
                errno = EIO;
            return false;
        }
        if (n == 0)
            break;
        file->size += n;
        file->is_too_large = file->size > SERVER_FILE_MAX_SIZE;
    }
    return true;
}

static void read_file(struct server_file *file, const struct world *world)
{
    file->was_found = world->ops->file_info(world->ctx, file->path, &file->info);
    if (!file->was_found) {
        file->error = errno;
        return;
    }
    file->is_other = !file->info.is_regular;
    if (file->is_other)
        return;
    FILE *stream = world->ops->file_read(world->ctx, file->path);
    if (!stream || !read_stream(file, stream))
        file->error = errno != 0 ? errno : EIO;
    if (stream)
        fclose(stream);
    if (file->error != 0 || file->is_too_large)
        file_free(file);
}

struct server_files *server_files_read(const struct world *world,
                                       const struct nts_server_conf *conf)
{
    struct server_files *files = mem_alloc(sizeof(*files));

    files->count = conf->certs.count;
    files->pairs = mem_array(files->count, sizeof(struct server_pair *));
    for (size_t i = 0; i < files->count; i++) {
        struct server_pair *pair = mem_alloc(sizeof(*pair));

        pair->references = 1;
        pair->certificate.path = conf->certs.items[i];
        pair->key.path = conf->keys.items[i];
        read_file(&pair->certificate, world);
        read_file(&pair->key, world);
        files->pairs[i] = pair;
    }
    return files;
}

/* ---- Sharing ---- */

static void pair_unref(struct server_pair *pair)
{
    if (!pair || --pair->references > 0)
        return;
    file_free(&pair->certificate);
    file_free(&pair->key);
    free(pair);
}

struct server_files *server_files_share(const struct server_files *files)
{
    struct server_files *shared = mem_alloc(sizeof(*shared));

    shared->count = files->count;
    shared->pairs = mem_array(files->count, sizeof(struct server_pair *));
    for (size_t i = 0; i < files->count; i++) {
        shared->pairs[i] = files->pairs[i];
        if (shared->pairs[i])
            shared->pairs[i]->references++;
    }
    return shared;
}

void server_files_take_pair(struct server_files *files, size_t index,
                            const struct server_files *from)
{
    struct server_pair *old = files->pairs[index];

    files->pairs[index] = from ? from->pairs[index] : NULL;
    if (files->pairs[index])
        files->pairs[index]->references++;
    pair_unref(old);
}

size_t server_files_pairs(const struct server_files *files)
{
    size_t n = 0;

    for (size_t i = 0; i < files->count; i++)
        n += files->pairs[i] != NULL;
    return n;
}

void server_files_wipe_pair(struct server_files *files, size_t index)
{
    file_free(&files->pairs[index]->certificate);
    file_free(&files->pairs[index]->key);
}

void server_files_free(struct server_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->count; i++)
        pair_unref(files->pairs[i]);
    free(files->pairs);
    free(files);
}

/* ---- Facts ---- */

bool server_file_problem(const struct server_file *file, char *text, size_t size)
{
    text[0] = '\0';
    if (file->error != 0)
        snprintf(text, size, "%s: %s", file->path, text_errno(file->error));
    else if (file->is_other)
        snprintf(text, size, "%s: not a regular file", file->path);
    else if (file->is_too_large)
        snprintf(text, size, "%s: larger than %u octets", file->path, SERVER_FILE_MAX_SIZE);
    else if (file->size == 0)
        snprintf(text, size, "%s: the file is empty", file->path);
    return text[0] != '\0';
}

static bool file_changed(const struct server_file *file, const struct world *world)
{
    struct world_file_info now;
    bool found = world->ops->file_info(world->ctx, file->path, &now);
    int error = found ? 0 : errno;
    const struct world_file_info *then = &file->info;

    /* A file that was found but could not be opened has its own error, and is unchanged
       otherwise. */
    if (!found || !file->was_found)
        return found != file->was_found || error != file->error;
    return now.device != then->device || now.inode != then->inode || now.size != then->size ||
           now.changed != then->changed || now.mtime != then->mtime;
}

bool server_files_changed(const struct server_files *files, const struct world *world)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->pairs[i] && (file_changed(&files->pairs[i]->certificate, world) ||
                                file_changed(&files->pairs[i]->key, world)))
            return true;
    return false;
}

void server_files_warn_permissions(const struct nts_server_conf *conf)
{
    for (size_t i = 0; i < conf->keys.count; i++)
        file_warn_permissions(conf->keys.items[i]);
}

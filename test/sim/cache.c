/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of cache.h: a line for each result, in the order in which they came.
 */
#include "test/sim/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/text.h"

#define LINE_SIZE 512

struct entry {
    uint64_t key;
    struct sim_result result;
};

struct cache {
    const char *path;
    struct entry *entries; /* sorted */
    size_t count, capacity;
};

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct entry *)a)->key, y = ((const struct entry *)b)->key;

    return (x > y) - (x < y);
}

static void read_line(struct cache *cache, const char *line)
{
    struct entry e = {.key = 0};
    struct sim_result *r = &e.result;

    if (sscanf(line, "%" SCNx64 " %lf %lf %lf %lf %lf %lf %lf %" SCNu64 " %lf", &e.key,
               &r->sync_time, &r->max_offset, &r->rms_offset, &r->max_frequency, &r->rms_frequency,
               &r->min_raw_step, &r->max_raw_step, &r->packets, &r->final_offset) != 10)
        return;
    if (cache->count == cache->capacity) {
        cache->capacity = 2 * cache->capacity + 1024;
        cache->entries = mem_resize(cache->entries, cache->capacity, sizeof(*cache->entries));
    }
    cache->entries[cache->count++] = e;
}

struct cache *cache_new(const char *path)
{
    char line[LINE_SIZE];

    if (!path)
        return NULL;
    struct cache *cache = mem_alloc(sizeof(*cache));
    cache->path = path;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        read_line(cache, line);
    if (file)
        fclose(file);
    if (cache->count > 0)
        qsort(cache->entries, cache->count, sizeof(*cache->entries), compare);
    return cache;
}

void cache_free(struct cache *cache)
{
    if (cache)
        free(cache->entries);
    free(cache);
}

bool cache_find(const struct cache *cache, uint64_t key, struct sim_result *result)
{
    struct entry wanted = {.key = key};

    if (!cache || cache->count == 0)
        return false;
    const struct entry *found =
        bsearch(&wanted, cache->entries, cache->count, sizeof(*cache->entries), compare);
    if (found)
        *result = found->result;
    return found != NULL;
}

/* One write, so that lines of several processes do not mix. */
void cache_add(const struct cache *cache, uint64_t key, const struct sim_result *r)
{
    char line[LINE_SIZE];

    if (!cache)
        return;
    int length = snprintf(
        line, sizeof(line), "%016" PRIx64 " %.9g %.9g %.9g %.9g %.9g %.9g %.9g %" PRIu64 " %.9g\n",
        key, r->sync_time, r->max_offset, r->rms_offset, r->max_frequency, r->rms_frequency,
        r->min_raw_step, r->max_raw_step, r->packets, r->final_offset);
    int fd = open(cache->path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0 || write(fd, line, (size_t)length) != length)
        fprintf(stderr, "Could not write %s : %s\n", cache->path, text_errno(errno));
    if (fd >= 0)
        close(fd);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receive and transmit times of replies that the server may need for the interleaved mode: a ring
 * sorted by receive timestamp, bounded by clientloglimit (ntp.md 24). The server looks up, saves
 * and disables; transmit times may be improved later.
 */
#ifndef NTP_SERVER_TIMESTAMP_MAP_H
#define NTP_SERVER_TIMESTAMP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock_change.h"
#include "base/instant.h"
#include "base/world.h"

struct timestamp_map;

/* capacity: a power of two, at least 1. Memory is allocated with the first entry. */
struct timestamp_map *timestamp_map_new(size_t capacity);
void timestamp_map_free(struct timestamp_map *map);

/*
 * A map in memory that processes share: as many octets as timestamp_map_memory() says, zeroed
 * before the first use, aligned as by mem_alloc(). The one that adopts it writes; bad: what was
 * there made no sense, and was cleared. A view is for timestamp_map_stats(), which does not trust
 * what it reads.
 */
size_t timestamp_map_memory(size_t capacity);
struct timestamp_map *timestamp_map_adopt(size_t capacity, void *memory, bool *bad);
struct timestamp_map *timestamp_map_view(size_t capacity, const void *memory);

/* False: absent or disabled. *transmit is zero if it is not valid. */
bool timestamp_map_find(struct timestamp_map *map, struct ntp_time receive,
                        struct local_time *transmit, enum timestamp_source *source);
/* One interleaved reply per entry. */
void timestamp_map_disable(struct timestamp_map *map, struct ntp_time receive);
/* Saves the times of a reply (ntp.md 24.3). */
void timestamp_map_save(struct timestamp_map *map, struct ntp_time receive,
                        struct local_time transmit, enum timestamp_source source);
/* A better transmit time (ntp.md 5.5): undoes one clock change, and is stored if it is 0 to 1 s
   after the stored one. */
void timestamp_map_improve(struct timestamp_map *map, struct ntp_time receive,
                           struct local_time transmit, enum timestamp_source source);

void timestamp_map_clock_change(struct timestamp_map *map, const struct clock_change *change);

/* Number of entries and whole seconds between the first and the last. */
void timestamp_map_stats(const struct timestamp_map *map, uint64_t *entries, uint64_t *span);

#endif

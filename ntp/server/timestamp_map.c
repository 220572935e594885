/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ring of timestamps for interleaved replies. Entries are sorted by receive timestamp, in the order
 * of NTP eras; nothing is allocated after the first entry.
 */
#include "ntp/server/timestamp_map.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

#define INSERT_LIMIT  64
#define FUTURE_LIMIT  (1LL << 32) /* 1 s in units of 2^-32 s */
#define MAX_TX_OFFSET 2.0
#define MAX_TX_DELAY  1.0

enum { FLAG_DISABLED = 1, FLAG_VALID_TX = 2 };

struct entry {
    uint64_t receive;
    uint8_t flags;
    uint8_t source;
    uint16_t slew;
    int32_t tx_offset; /* ns after the receive timestamp */
};

struct timestamp_map {
    struct entry *ring;
    size_t capacity;
    size_t first;
    size_t size;
    size_t cached; /* position of the last entry found */
    uint16_t slew;
    double slew_offset;
};

struct timestamp_map *timestamp_map_new(size_t capacity)
{
    struct timestamp_map *map = mem_alloc(sizeof(*map));

    map->capacity = capacity;
    return map;
}

void timestamp_map_free(struct timestamp_map *map)
{
    if (!map)
        return;
    free(map->ring);
    free(map);
}

static struct entry *at(const struct timestamp_map *map, size_t position)
{
    return &map->ring[(map->first + position) & (map->capacity - 1)];
}

static uint64_t to_u64(struct ntp_time t)
{
    return (uint64_t)t.hi << 32 | t.lo;
}

/* Signed difference, so that the order holds across the end of an era. */
static int64_t since(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b);
}

/* True with the position of the entry, else false with the position where it would be. */
static bool find(struct timestamp_map *map, uint64_t receive, size_t *position)
{
    size_t low = 0, high = map->size;

    /* The same entry is often asked for again, or the next one for its transmit timestamp. A new
       one mostly belongs at the end. */
    for (size_t i = map->cached; i < map->size && i < map->cached + 2; i++) {
        if (at(map, i)->receive == receive) {
            *position = map->cached = i;
            return true;
        }
    }
    if (high > 0 && since(receive, at(map, high - 1)->receive) > 0) {
        *position = high;
        return false;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int64_t d = since(receive, at(map, middle)->receive);
        if (d == 0) {
            *position = map->cached = middle;
            return true;
        }
        if (d > 0)
            low = middle + 1;
        else
            high = middle;
    }
    *position = low;
    return false;
}

static struct local_time receive_time(const struct entry *e)
{
    struct ntp_time t = {(uint32_t)(e->receive >> 32), (uint32_t)e->receive};

    return (struct local_time){ntp_time_to_instant(t)};
}

static struct local_time entry_transmit(const struct entry *e)
{
    if (!(e->flags & FLAG_VALID_TX))
        return (struct local_time){0};
    return local_add(receive_time(e), e->tx_offset / 1e9);
}

static void set_transmit(struct entry *e, struct local_time transmit, enum timestamp_source source)
{
    double offset = local_diff(transmit, receive_time(e));

    e->flags &= (uint8_t)~FLAG_VALID_TX;
    if (local_is_zero(transmit) || !(offset >= -MAX_TX_OFFSET && offset < MAX_TX_OFFSET))
        return;
    e->flags |= FLAG_VALID_TX;
    e->tx_offset = (int32_t)(offset * 1e9);
    e->source = (uint8_t)source;
}

bool timestamp_map_find(struct timestamp_map *map, struct ntp_time receive,
                        struct local_time *transmit, enum timestamp_source *source)
{
    size_t position;

    if (!find(map, to_u64(receive), &position))
        return false;
    const struct entry *e = at(map, position);
    if (e->flags & FLAG_DISABLED)
        return false;
    *transmit = entry_transmit(e);
    *source = (enum timestamp_source)e->source;
    return true;
}

void timestamp_map_disable(struct timestamp_map *map, struct ntp_time receive)
{
    size_t position;

    if (find(map, to_u64(receive), &position))
        at(map, position)->flags |= FLAG_DISABLED;
}

static void drop_oldest(struct timestamp_map *map)
{
    map->first = (map->first + 1) & (map->capacity - 1);
    map->size--;
}

/* Makes a place for a timestamp that is not the newest; NULL: none. */
static struct entry *place_older(struct timestamp_map *map, uint64_t receive, size_t position)
{
    while (map->size > position && since(at(map, map->size - 1)->receive, receive) > FUTURE_LIMIT)
        map->size--;

    if (position + INSERT_LIMIT < map->size)
        return at(map, position > 0 ? position - 1 : 0);

    if (map->size == map->capacity) {
        /* Without an older entry the new one is the oldest, and is dropped. */
        if (position == 0)
            return NULL;
        drop_oldest(map);
        position--;
    }
    for (size_t i = map->size; i > position; i--)
        *at(map, i) = *at(map, i - 1);
    map->size++;
    return at(map, position);
}

void timestamp_map_save(struct timestamp_map *map, struct ntp_time receive,
                        struct local_time transmit, enum timestamp_source source)
{
    uint64_t value = to_u64(receive);
    struct entry *e;
    size_t position;

    if (value == 0)
        return;
    if (!map->ring)
        map->ring = mem_array(map->capacity, sizeof(*map->ring));

    if (find(map, value, &position)) {
        at(map, position)->flags |= FLAG_DISABLED;
        return;
    }
    if (position == map->size) {
        if (map->size == map->capacity)
            drop_oldest(map);
        e = at(map, map->size++);
    } else {
        e = place_older(map, value, position);
        if (!e)
            return;
    }
    *e = (struct entry){.receive = value, .slew = map->slew};
    set_transmit(e, transmit, source);
}

static void update_tx_timestamp(struct entry *e, struct local_time transmit,
                                enum timestamp_source source)
{
    double delay = local_diff(transmit, entry_transmit(e));

    if (!(delay >= 0.0 && delay <= MAX_TX_DELAY)) {
        LOG_DEBUG("Unacceptable TX delay %.9f", delay);
        return;
    }
    set_transmit(e, transmit, source);
    LOG_DEBUG("Updated TX timestamp delay=%.9f", delay);
}

void timestamp_map_improve(struct timestamp_map *map, struct ntp_time receive,
                           struct local_time transmit, enum timestamp_source source)
{
    size_t position;

    if (!find(map, to_u64(receive), &position))
        return;
    struct entry *e = at(map, position);
    if (e->flags & FLAG_DISABLED || !(e->flags & FLAG_VALID_TX))
        return;
    /* Both times must be on the scale before the change. Otherwise the offset of the change is an
       error of the delay. */
    if ((uint16_t)(e->slew + 1) == map->slew)
        transmit = local_add(transmit, map->slew_offset);
    update_tx_timestamp(e, transmit, source);
}

void timestamp_map_clock_change(struct timestamp_map *map, const struct clock_change *change)
{
    map->slew++;
    map->slew_offset = change->doffset;
    if (change->type == CLOCK_UNKNOWN_STEP) {
        map->size = 0;
        map->first = 0;
        map->slew_offset = 0.0;
    }
}

void timestamp_map_stats(const struct timestamp_map *map, uint64_t *entries, uint64_t *span)
{
    *entries = map->size;
    *span = map->size < 2 ? 0 : (at(map, map->size - 1)->receive - at(map, 0)->receive) >> 32;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ring of timestamps for interleaved replies. Entries are sorted by receive timestamp, in the order
 * of NTP eras; nothing is allocated after the first entry.
 */
#include "ntp/server/timestamp_map.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/plain.h"
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

/* What the map knows besides the entries. */
struct head {
    uint64_t first;
    uint64_t size;
    uint64_t cached; /* position of the last entry found */
    double slew_offset;
    uint16_t slew;
};

struct timestamp_map {
    size_t capacity;    /* a power of two */
    struct head *head;  /* its own, or in shared memory */
    struct entry *ring; /* NULL: nothing was saved yet */
    bool is_shared;
    struct head own;
};

struct timestamp_map *timestamp_map_new(size_t capacity)
{
    struct timestamp_map *map = mem_alloc(sizeof(*map));

    map->capacity = capacity;
    map->head = &map->own;
    return map;
}

size_t timestamp_map_memory(size_t capacity)
{
    return plain_align(sizeof(struct head)) + capacity * sizeof(struct entry);
}

struct timestamp_map *timestamp_map_view(size_t capacity, const void *memory)
{
    struct timestamp_map *map = timestamp_map_new(capacity);
    char *octets = (char *)(uintptr_t)memory;

    map->head = (struct head *)(void *)octets;
    map->ring = (struct entry *)(void *)(octets + plain_align(sizeof(struct head)));
    map->is_shared = true;
    return map;
}

void timestamp_map_free(struct timestamp_map *map)
{
    if (!map)
        return;
    if (!map->is_shared)
        free(map->ring);
    free(map);
}

static struct entry *at(const struct timestamp_map *map, size_t position)
{
    return &map->ring[(map->head->first + position) & (map->capacity - 1)];
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
    size_t low = 0, high = map->head->size;

    /* The same entry is often asked for again, or the next one for its transmit timestamp. A new
       one mostly belongs at the end. */
    for (size_t i = map->head->cached; i < map->head->size && i < map->head->cached + 2; i++) {
        if (at(map, i)->receive == receive) {
            *position = map->head->cached = i;
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
            *position = map->head->cached = middle;
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
    map->head->first = (map->head->first + 1) & (map->capacity - 1);
    map->head->size--;
}

/* Makes a place for a timestamp that is not the newest; NULL: none. */
static struct entry *place_older(struct timestamp_map *map, uint64_t receive, size_t position)
{
    while (map->head->size > position &&
           since(at(map, map->head->size - 1)->receive, receive) > FUTURE_LIMIT)
        map->head->size--;

    if (position + INSERT_LIMIT < map->head->size)
        return at(map, position > 0 ? position - 1 : 0);

    if (map->head->size == map->capacity) {
        /* Without an older entry the new one is the oldest, and is dropped. */
        if (position == 0)
            return NULL;
        drop_oldest(map);
        position--;
    }
    for (size_t i = map->head->size; i > position; i--)
        *at(map, i) = *at(map, i - 1);
    map->head->size++;
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
    if (position == map->head->size) {
        if (map->head->size == map->capacity)
            drop_oldest(map);
        e = at(map, map->head->size++);
    } else {
        e = place_older(map, value, position);
        if (!e)
            return;
    }
    *e = (struct entry){.receive = value, .slew = map->head->slew};
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
    if ((uint16_t)(e->slew + 1) == map->head->slew)
        transmit = local_add(transmit, map->head->slew_offset);
    update_tx_timestamp(e, transmit, source);
}

void timestamp_map_clock_change(struct timestamp_map *map, const struct clock_change *change)
{
    map->head->slew++;
    map->head->slew_offset = change->doffset;
    if (change->type == CLOCK_UNKNOWN_STEP) {
        map->head->size = 0;
        map->head->first = 0;
        map->head->slew_offset = 0.0;
    }
}

void timestamp_map_stats(const struct timestamp_map *map, uint64_t *entries, uint64_t *span)
{
    /* Read once, since another process may write it. at() keeps to the ring by itself. */
    const uint64_t size = *(const volatile uint64_t *)&map->head->size;

    *entries = size < map->capacity ? size : map->capacity;
    *span = *entries < 2 ? 0 : (at(map, *entries - 1)->receive - at(map, 0)->receive) >> 32;
}

static bool is_sound(const struct timestamp_map *map)
{
    const struct head *head = map->head;

    if (head->first >= map->capacity || head->size > map->capacity || head->cached > map->capacity)
        return false;
    for (size_t i = 1; i < head->size; i++)
        if (since(at(map, i)->receive, at(map, i - 1)->receive) <= 0)
            return false;
    return true;
}

struct timestamp_map *timestamp_map_adopt(size_t capacity, void *memory, bool *bad)
{
    struct timestamp_map *map = timestamp_map_view(capacity, memory);

    *bad = !is_sound(map);
    if (*bad)
        *map->head = (struct head){0};
    return map;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accepted NTS-KE connections; see ke_connections.h. Entries are numbered by their place in an
 * array; those in use hang in buckets by client, the others in a list of free ones.
 */
#include "nts/ke_connections.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define IPV6_BITS     64 /* one client has at least that many addresses */
#define FIRST_ENTRIES 64
#define NONE          UINT32_MAX

struct entry {
    bool used;
    struct ip_addr addr;
    uint32_t next; /* in its bucket, or free one */
};

struct ke_connections {
    size_t max;
    uint32_t seed;
    struct entry *entries;
    uint32_t *buckets; /* as many as entries, a power of two */
    size_t size;
    uint32_t first_free;
};

bool ke_connections_same_client(const struct ip_addr *a, const struct ip_addr *b)
{
    struct ip_addr mask = ip_addr_mask(a->family, a->family == IP_V6 ? IPV6_BITS : 32);

    return a->family == b->family && ip_addr_equal_masked(a, b, &mask);
}

static uint32_t *bucket_of(const struct ke_connections *c, const struct ip_addr *addr)
{
    const uint8_t *octets = NULL;
    size_t length = ip_addr_octets(addr, &octets);
    uint32_t h = c->seed ^ (uint32_t)addr->family;

    if (addr->family == IP_V6)
        length = IPV6_BITS / 8;
    for (size_t i = 0; i < length; i++)
        h = (h ^ octets[i]) * 16777619U;
    return &c->buckets[(h ^ h >> 16) & (c->size - 1)];
}

static void hang(struct ke_connections *c, uint32_t number)
{
    uint32_t *bucket = bucket_of(c, &c->entries[number].addr);

    c->entries[number].next = *bucket;
    *bucket = number;
}

static void grow(struct ke_connections *c)
{
    size_t old = c->size;

    c->size = old > 0 ? 2 * old : FIRST_ENTRIES;
    c->entries = mem_resize(c->entries, c->size, sizeof(*c->entries));
    c->buckets = mem_resize(c->buckets, c->size, sizeof(*c->buckets));
    for (size_t i = 0; i < c->size; i++)
        c->buckets[i] = NONE;
    /* All old entries are in use. */
    for (size_t i = 0; i < old; i++)
        hang(c, (uint32_t)i);
    for (size_t i = c->size; i-- > old;) {
        c->entries[i] = (struct entry){.next = c->first_free};
        c->first_free = (uint32_t)i;
    }
}

struct ke_connections *ke_connections_new(size_t max, uint32_t seed)
{
    struct ke_connections *c = mem_alloc(sizeof(*c));

    c->max = max < NONE ? max : NONE - 1;
    c->seed = seed;
    c->first_free = NONE;
    grow(c);
    return c;
}

void ke_connections_free(struct ke_connections *connections)
{
    if (!connections)
        return;
    free(connections->entries);
    free(connections->buckets);
    free(connections);
}

bool ke_connections_add(struct ke_connections *connections, const struct ip_addr *addr,
                        uint32_t *number)
{
    struct ke_connections *c = connections;

    if (c->first_free == NONE && c->size < c->max)
        grow(c);
    /* Free entries come in order of their numbers at first, so numbers from max on come last. */
    if (c->first_free == NONE || c->first_free >= c->max)
        return false;
    *number = c->first_free;
    c->first_free = c->entries[*number].next;
    c->entries[*number] = (struct entry){.used = true, .addr = *addr};
    hang(c, *number);
    return true;
}

void ke_connections_remove(struct ke_connections *connections, uint32_t number)
{
    struct ke_connections *c = connections;

    if (number >= c->size || !c->entries[number].used)
        return;
    uint32_t *link = bucket_of(c, &c->entries[number].addr);
    while (*link != number)
        link = &c->entries[*link].next;
    *link = c->entries[number].next;
    c->entries[number] = (struct entry){.next = c->first_free};
    c->first_free = number;
}

int ke_connections_of_client(const struct ke_connections *connections, const struct ip_addr *addr)
{
    int n = 0;

    for (uint32_t i = *bucket_of(connections, addr); i != NONE; i = connections->entries[i].next)
        n += ke_connections_same_client(&connections->entries[i].addr, addr);
    return n;
}

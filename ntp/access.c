/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address filter: two trees of 4-bit digits, one for each family. A node says allow, deny, or leaves
 * it to its parent. The server and the control protocol ask it for every packet; it never allocates
 * when it is asked, only when a rule is set.
 */
#include "ntp/access.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"

#define DIGIT_BITS 4
#define CHILDREN   16

enum node_state { STATE_AS_PARENT, STATE_ALLOW, STATE_DENY };

struct node {
    enum node_state state;
    struct node *children; /* NULL or CHILDREN nodes */
};

struct access_table {
    struct node v4;
    struct node v6;
};

struct access_table *access_table_new(void)
{
    struct access_table *table = mem_alloc(sizeof(*table));

    table->v4.state = STATE_DENY;
    table->v6.state = STATE_DENY;
    return table;
}

/* The depth is limited by the number of digits of an address. */
static void node_prune(struct node *node)
{
    if (!node->children)
        return;
    for (int i = 0; i < CHILDREN; i++)
        node_prune(&node->children[i]);
    free(node->children);
    node->children = NULL;
}

void access_table_free(struct access_table *table)
{
    if (!table)
        return;
    node_prune(&table->v4);
    node_prune(&table->v6);
    free(table);
}

static unsigned int digit(const uint8_t *octets, size_t index)
{
    return index % 2 == 0 ? octets[index / 2] >> 4 : octets[index / 2] & 0xfU;
}

static void node_open(struct node *node)
{
    if (!node->children)
        node->children = mem_array(CHILDREN, sizeof(*node->children));
}

static void node_set(struct node *node, enum node_state state, bool all)
{
    if (all)
        node_prune(node);
    node->state = state;
}

static void tree_set(struct node *node, const uint8_t *octets, size_t bits, enum node_state state,
                     bool all)
{
    size_t depth = bits / DIGIT_BITS, rest = bits % DIGIT_BITS;

    for (size_t i = 0; i < depth; i++) {
        node_open(node);
        node = &node->children[digit(octets, i)];
    }

    if (rest == 0) {
        node_set(node, state, all);
        return;
    }

    node_open(node);
    unsigned int count = 1U << (DIGIT_BITS - rest);
    unsigned int first = digit(octets, depth) & ~(count - 1);
    for (unsigned int i = first; i < first + count; i++)
        node_set(&node->children[i], state, all);
}

bool access_table_set(struct access_table *table, const struct subnet *subnet, bool allow, bool all)
{
    enum node_state state = allow ? STATE_ALLOW : STATE_DENY;
    const struct ip_addr *addr = &subnet->addr;

    switch (addr->family) {
    case IP_UNSPEC:
        if (subnet->bits != 0)
            return false;
        node_set(&table->v4, state, all);
        node_set(&table->v6, state, all);
        return true;
    case IP_V4:
        if (subnet->bits < 0 || subnet->bits > 32)
            return false;
        tree_set(&table->v4, addr->u.v4, (size_t)subnet->bits, state, all);
        return true;
    case IP_V6:
        if (subnet->bits < 0 || subnet->bits > 128)
            return false;
        tree_set(&table->v6, addr->u.v6, (size_t)subnet->bits, state, all);
        return true;
    case IP_ID:
        break;
    }
    return false;
}

bool access_table_is_allowed(const struct access_table *table, const struct ip_addr *addr)
{
    const uint8_t *octets;
    size_t digits = 2 * ip_addr_octets(addr, &octets);
    enum node_state state = STATE_DENY;

    if (!ip_addr_is_real(addr))
        return false;
    const struct node *node = addr->family == IP_V4 ? &table->v4 : &table->v6;

    for (size_t i = 0;; i++) {
        if (node->state != STATE_AS_PARENT)
            state = node->state;
        if (!node->children || i >= digits)
            break;
        node = &node->children[digit(octets, i)];
    }
    return state == STATE_ALLOW;
}

static bool node_any_allowed(const struct node *node, enum node_state inherited)
{
    enum node_state state = node->state != STATE_AS_PARENT ? node->state : inherited;

    if (!node->children)
        return state == STATE_ALLOW;
    for (int i = 0; i < CHILDREN; i++)
        if (node_any_allowed(&node->children[i], state))
            return true;
    return false;
}

bool access_table_any_allowed(const struct access_table *table, enum ip_family family)
{
    if (family == IP_V4)
        return node_any_allowed(&table->v4, STATE_DENY);
    if (family == IP_V6)
        return node_any_allowed(&table->v6, STATE_DENY);
    return false;
}

void access_log_rule(const char *service, const struct conf_access_rule *rule)
{
    char text[ADDR_TEXT_SIZE + 8];

    LOG_CONTEXT("%s%s %s access from %s", rule->allow ? "Allowed" : "Denied",
                rule->all ? " all" : "", service, subnet_format(&rule->subnet, text, sizeof(text)));
}

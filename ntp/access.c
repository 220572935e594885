/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address filter: making, changing and asking the trees of ntp/access_node.h. A copy of the array
 * of nodes is a filter, too. It never allocates when it is asked, only when a rule is set.
 */
#include "ntp/access.h"

#include <stdlib.h>
#include "base/log.h"
#include "base/text.h"
#include "conf/groups.h"
#include "ntp/access_node.h"

struct access_table {
    struct access_node *nodes; /* the roots, then children in groups */
    size_t count;
    uint32_t unused; /* first group that was pruned, which names the next one; 0: none */
    uint64_t generation;
};

struct access_table *access_table_new(void)
{
    struct access_table *table = mem_alloc(sizeof(*table));

    table->nodes = mem_array(ACCESS_ROOTS, sizeof(*table->nodes));
    table->count = ACCESS_ROOTS;
    table->nodes[ACCESS_V4_ROOT].state = ACCESS_DENY;
    table->nodes[ACCESS_V6_ROOT].state = ACCESS_DENY;
    return table;
}

void access_table_free(struct access_table *table)
{
    if (!table)
        return;
    free(table->nodes);
    free(table);
}

struct plain_value access_table_value(const struct access_table *table)
{
    return (struct plain_value){table->nodes, table->count * sizeof(*table->nodes),
                                table->generation};
}

/* The recursion is as deep as an address has digits, at most. */
static void node_prune(struct access_table *table, uint32_t node)
{
    uint32_t children = table->nodes[node].children;

    if (children == 0)
        return;
    for (uint32_t i = 0; i < ACCESS_CHILDREN; i++)
        node_prune(table, children + i);
    table->nodes[node].children = 0;
    table->nodes[children].children = table->unused;
    table->unused = children;
}

static unsigned int digit(const uint8_t *octets, size_t index)
{
    return index % 2 == 0 ? octets[index / 2] >> 4 : octets[index / 2] & 0xfU;
}

/* Makes sure that a node has children, and returns the first of them. */
static uint32_t node_open(struct access_table *table, uint32_t node)
{
    uint32_t children = table->nodes[node].children;

    if (children != 0)
        return children;
    children = table->unused;
    if (children != 0) {
        table->unused = table->nodes[children].children;
    } else {
        children = (uint32_t)table->count;
        table->count += ACCESS_CHILDREN;
        table->nodes = mem_resize(table->nodes, table->count, sizeof(*table->nodes));
    }
    for (uint32_t i = 0; i < ACCESS_CHILDREN; i++)
        table->nodes[children + i] = (struct access_node){.state = ACCESS_AS_PARENT};
    table->nodes[node].children = children;
    return children;
}

static void node_set(struct access_table *table, uint32_t node, enum access_node_state state,
                     bool all)
{
    if (all)
        node_prune(table, node);
    table->nodes[node].state = state;
}

static void tree_set(struct access_table *table, uint32_t node, const uint8_t *octets, size_t bits,
                     enum access_node_state state, bool all)
{
    size_t depth = bits / ACCESS_DIGIT_BITS, rest = bits % ACCESS_DIGIT_BITS;

    for (size_t i = 0; i < depth; i++)
        node = node_open(table, node) + digit(octets, i);

    if (rest == 0) {
        node_set(table, node, state, all);
        return;
    }

    uint32_t children = node_open(table, node);
    unsigned int count = 1U << (ACCESS_DIGIT_BITS - rest);
    unsigned int first = digit(octets, depth) & ~(count - 1);
    for (unsigned int i = first; i < first + count; i++)
        node_set(table, children + i, state, all);
}

bool access_table_set(struct access_table *table, const struct subnet *subnet, bool allow, bool all)
{
    enum access_node_state state = allow ? ACCESS_ALLOW : ACCESS_DENY;
    const struct ip_addr *addr = &subnet->addr;
    int max_bits = addr->family == IP_V4 ? 32 : addr->family == IP_V6 ? 128 : 0;

    if (addr->family == IP_ID || subnet->bits < 0 || subnet->bits > max_bits)
        return false;
    table->generation++;
    if (addr->family == IP_V4) {
        tree_set(table, ACCESS_V4_ROOT, addr->u.v4, (size_t)subnet->bits, state, all);
    } else if (addr->family == IP_V6) {
        tree_set(table, ACCESS_V6_ROOT, addr->u.v6, (size_t)subnet->bits, state, all);
    } else {
        node_set(table, ACCESS_V4_ROOT, state, all);
        node_set(table, ACCESS_V6_ROOT, state, all);
    }
    return true;
}

bool access_nodes_allow(const struct access_node *nodes, const struct ip_addr *addr)
{
    const uint8_t *octets;
    size_t digits = 2 * ip_addr_octets(addr, &octets);
    uint32_t state = ACCESS_DENY;

    if (!ip_addr_is_real(addr))
        return false;
    const struct access_node *node =
        &nodes[addr->family == IP_V4 ? ACCESS_V4_ROOT : ACCESS_V6_ROOT];

    for (size_t i = 0;; i++) {
        if (node->state != ACCESS_AS_PARENT)
            state = node->state;
        if (node->children == 0 || i >= digits)
            break;
        node = &nodes[node->children + digit(octets, i)];
    }
    return state == ACCESS_ALLOW;
}

bool access_table_is_allowed(const struct access_table *table, const struct ip_addr *addr)
{
    return access_nodes_allow(table->nodes, addr);
}

static bool node_any_allowed(const struct access_node *nodes, uint32_t node, uint32_t inherited)
{
    uint32_t children = nodes[node].children;
    uint32_t state = nodes[node].state != ACCESS_AS_PARENT ? nodes[node].state : inherited;

    if (children == 0)
        return state == ACCESS_ALLOW;
    for (uint32_t i = 0; i < ACCESS_CHILDREN; i++)
        if (node_any_allowed(nodes, children + i, state))
            return true;
    return false;
}

bool access_table_any_allowed(const struct access_table *table, enum ip_family family)
{
    return (family == IP_V4 || family == IP_V6) &&
           node_any_allowed(table->nodes, family == IP_V4 ? ACCESS_V4_ROOT : ACCESS_V6_ROOT,
                            ACCESS_DENY);
}

void access_log_rule(const char *service, const struct conf_access_rule *rule)
{
    char text[ADDR_TEXT_SIZE + 8];

    LOG_CONTEXT("%s%s %s access from %s", rule->allow ? "Allowed" : "Denied",
                rule->all ? " all" : "", service, subnet_format(&rule->subnet, text, sizeof(text)));
}

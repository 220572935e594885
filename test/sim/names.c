/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name resolution from a table, and of the nodes' own names.
 */
#include "test/sim/internal.h"

#include <string.h>

void sim_set_name(struct sim *sim, const char *name, const struct ip_addr *addrs, int count)
{
    struct sim_name *entry = NULL;

    for (int i = 0; i < sim->name_count && !entry; i++)
        if (strcmp(sim->names[i].name, name) == 0)
            entry = &sim->names[i];
    if (!entry && sim->name_count < SIM_MAX_NAMES)
        entry = &sim->names[sim->name_count++];
    if (!entry || count > ADDR_MAX_PER_NAME)
        LOG_FATAL("Too many names in the simulation");
    entry->name = name;
    entry->count = count;
    memcpy(entry->addrs, addrs, (size_t)count * sizeof(*addrs));
}

static int filter(const struct ip_addr *found, int count, enum ip_family family,
                  struct ip_addr *addrs, int max)
{
    int kept = 0;

    for (int i = 0; i < count && kept < max; i++)
        if (family == IP_UNSPEC || found[i].family == family)
            addrs[kept++] = found[i];
    return kept;
}

int sim_resolve(const struct sim *sim, const char *name, enum ip_family family,
                struct ip_addr *addrs, int max)
{
    struct ip_addr addr;

    if (ip_addr_parse(name, &addr))
        return filter(&addr, 1, family, addrs, max);
    for (int i = 0; i < sim->name_count; i++)
        if (strcmp(sim->names[i].name, name) == 0)
            return filter(sim->names[i].addrs, sim->names[i].count, family, addrs, max);
    for (int i = 0; i < sim->node_count; i++)
        if (strcmp(sim->nodes[i]->spec.name, name) == 0) {
            addr = sim_address(i);
            return filter(&addr, 1, family, addrs, max);
        }
    return 0;
}

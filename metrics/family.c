/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of metric families, one behind the other.
 */
#include "metrics/family.h"

#include "base/number.h"

const struct metric_family *metric_family_get(size_t index)
{
    const struct metric_table *const tables[] = {&metric_table_clock, &metric_table_daemon,
                                                 &metric_table_sources};

    for (size_t i = 0; i < COUNT(tables); i++) {
        if (index < tables[i]->count)
            return &tables[i]->families[index];
        index -= tables[i]->count;
    }
    return NULL;
}

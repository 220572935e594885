/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array that grows up to the highest descriptor; see remote_table.h.
 */
#include "ntp/remote_table.h"

#include <stdlib.h>
#include "base/text.h"

void remote_table_set(struct remote_table *table, int fd, const struct ip_port *remote)
{
    const struct ip_port none = {.addr = {.family = IP_UNSPEC}};
    size_t index = (size_t)fd;

    if (index >= table->count) {
        if (!remote)
            return;
        table->list = mem_resize(table->list, index + 1, sizeof(*table->list));
        while (table->count <= index)
            table->list[table->count++] = none;
    }
    table->list[index] = remote ? *remote : none;
}

const struct ip_port *remote_table_get(const struct remote_table *table, int fd)
{
    if (fd < 0 || (size_t)fd >= table->count || table->list[fd].addr.family == IP_UNSPEC)
        return NULL;
    return &table->list[fd];
}

void remote_table_free(struct remote_table *table)
{
    free(table->list);
    *table = (struct remote_table){.list = NULL};
}

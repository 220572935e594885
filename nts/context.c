/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of enabled AEAD algorithms (nts.md 3.2, 4). Called once when the daemon starts; keeps
 * nothing.
 */
#include "nts/context.h"
#include "base/number.h"

void nts_aeads_init(struct nts_aeads *aeads, const int *ids, size_t count)
{
    const size_t room = COUNT(aeads->ids);

    *aeads = (struct nts_aeads){.count = 0};
    for (size_t i = 0; i < count && aeads->count < room; i++)
        if (aead_supported(ids[i]))
            aeads->ids[aeads->count++] = ids[i];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the selection says of sources, as findings (cmdmon.md 13.18). Nothing here changes state.
 */
#include "source/record.h"

void source_explain(const struct source *source, struct findings *findings)
{
    switch (source->verdict.status) {
    case STATUS_SELECTED:
        findings_add(findings, FINDING_SELECTED);
        break;
    case STATUS_COMBINED:
        findings_add(findings, FINDING_COMBINED);
        break;
    default:
        break;
    }
}

void source_register_explain(const struct source_register *reg, struct findings *findings)
{
    if (reg->count == 0)
        findings_add(findings, FINDING_NO_SOURCES);
}

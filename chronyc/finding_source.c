/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings of the selection on a source, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

const struct finding_text finding_texts_source[] = {
    {FINDING_SELECTED, "The clock is synchronised to this source.", NULL, {{NULL, 0}}, NULL},
    {FINDING_COMBINED,
     "It agrees with the selected source, and both are combined.",
     NULL,
     {{NULL, 0}},
     NULL},
    {0},
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on what was sent to an NTP source and what came back, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

const struct finding_text finding_texts_ntp[] = {
    {0},
};

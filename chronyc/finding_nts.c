/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on NTS: key establishment and the authentication of responses, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

const struct finding_text finding_texts_nts[] = {
    {0},
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on the clock itself, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

const struct finding_text finding_texts_clock[] = {
    {FINDING_SYNCHRONISED,
     "The clock is synchronised, at stratum {stratum}. It was corrected {age} ago. Its error is at "
     "most {error_bound_seconds} and grows by {error_bound_growth_ppm} without further "
     "corrections.",
     NULL,
     {{"error_bound_seconds", UNIT_TIME},
      {"error_bound_growth_ppm", UNIT_PPM},
      {"stratum", UNIT_NUMBER}},
     NULL},
    {FINDING_NOT_SYNCHRONISED, "The clock is not synchronised.", NULL, {{NULL, 0}}, NULL},
    {FINDING_NO_SOURCES,
     "There are no sources.",
     "Add server or pool directives to the configuration, or use the command add server.",
     {{NULL, 0}},
     NULL},
    {FINDING_LOCAL_REFERENCE,
     "The local reference is active: this host serves its own time at stratum {stratum}.",
     NULL,
     {{"stratum", UNIT_NUMBER}},
     NULL},
    {0},
};

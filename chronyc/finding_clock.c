/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings on the clock itself, see finding_text.h.
 */
#include "base/finding.h"
#include "chronyc/finding_text.h"

const struct finding_text finding_texts_clock[] = {
    {FINDING_SYNCHRONISED,
     "The clock is synchronised to {text}, at stratum {stratum}. It was corrected {age} ago. Its "
     "error is at most {error_bound_seconds} and grows by {error_bound_growth_ppm} without further "
     "corrections.",
     NULL,
     {{"error_bound_seconds", UNIT_TIME},
      {"error_bound_growth_ppm", UNIT_PPM},
      {"stratum", UNIT_NUMBER}},
     "source"},
    {FINDING_HOLDING,
     "The clock was synchronised to {text} and keeps its frequency, but no source is selected now. "
     "It was corrected {age} ago. Its error is at most {error_bound_seconds} and grows by "
     "{error_bound_growth_ppm}.",
     NULL,
     {{"error_bound_seconds", UNIT_TIME},
      {"error_bound_growth_ppm", UNIT_PPM},
      {"stratum", UNIT_NUMBER}},
     "source"},
    {FINDING_NOT_SYNCHRONISED,
     "The clock has not been synchronised to a source for {age}.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NO_SOURCES,
     "There are no sources.",
     "Add server or pool directives to the configuration, or use the command add server.",
     {{NULL, 0}},
     NULL},
    {FINDING_LOCAL_REFERENCE,
     "The local reference has been active for {age}: this host serves its own time at stratum "
     "{stratum}, because its clock is not synchronised to a source (directive local).",
     NULL,
     {{"stratum", UNIT_NUMBER}},
     NULL},
    {FINDING_LOCAL_ORPHAN,
     "The local reference of the orphan mode has been active for {age}: this host serves its own "
     "time at stratum {stratum} unless another member of the group does (directive local).",
     NULL,
     {{"stratum", UNIT_NUMBER}},
     NULL},
    {FINDING_BOUND_DELAY,
     "The largest part of the error bound, {part_seconds}, is half of the round trip time to the "
     "clock at the root (root delay): what it would be if all of the delay were on one way.",
     "A server that is nearer has a smaller delay.",
     {{"part_seconds", UNIT_TIME}},
     "source"},
    {FINDING_BOUND_DISPERSION,
     "The largest part of the error bound, {part_seconds}, is the root dispersion: the error that "
     "{text} states of itself, and what the measurements vary by.",
     NULL,
     {{"part_seconds", UNIT_TIME}},
     "source"},
    {FINDING_BOUND_AGE,
     "The largest part of the error bound, {part_seconds}, has been added since the last "
     "correction, {age} ago.",
     "Shorter polling intervals (options minpoll and maxpoll) or more sources keep it small.",
     {{"part_seconds", UNIT_TIME}},
     "source"},
    {FINDING_FREQUENCY_UNKNOWN,
     "The frequency of the clock is not known yet, so its error bound allows for any and grows "
     "fast: by {part_seconds} since the last correction, {age} ago. It becomes small when the "
     "measurements tell the frequency.",
     "Nothing at first: it takes some more measurements. With a drift file (directive driftfile) "
     "the frequency is known at the start already.",
     {{"part_seconds", UNIT_TIME}},
     "source"},
    {FINDING_BOUND_OFFSET,
     "The largest part of the error bound, {part_seconds}, is an offset that is being corrected.",
     NULL,
     {{"part_seconds", UNIT_TIME}},
     "source"},
    {FINDING_FIRST_LOOKUP,
     "The names of the sources are being looked up. Measurements begin when all answers are there, "
     "or have failed once.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NONE_USABLE,
     "No source can be used ({unreachable} of {sources} gave no good answer lately). The reason of "
     "each stands below.",
     NULL,
     {{"unreachable", UNIT_NUMBER}, {NULL, 0}, {"sources", UNIT_NUMBER}},
     NULL},
    {FINDING_WAITING_FOR_SAMPLES,
     "The first measurements are being made. A source is selected when there are enough of them.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NO_AGREEMENT,
     "The {voters} usable sources disagree about the time, each with each other, so none can be "
     "believed.",
     "With four sources or more one that is wrong can be found. See below by how much they differ.",
     {{"voters", UNIT_NUMBER}},
     NULL},
    {FINDING_TOO_FEW_AGREE,
     "Only {agreeing} of {voters} usable sources agree about the time, and that is no majority, so "
     "none can be believed.",
     "With four sources or more one that is wrong can be found. See below by how much they differ.",
     {{"agreeing", UNIT_NUMBER}, {"voters", UNIT_NUMBER}},
     NULL},
    {FINDING_NO_TRUSTED_AGREEMENT,
     "The {voters} usable sources with the option trust disagree about the time, each with each "
     "other.",
     "See below by how much they differ.",
     {{"voters", UNIT_NUMBER}},
     NULL},
    {FINDING_TOO_FEW_TRUSTED_AGREE,
     "Only {agreeing} of {voters} usable sources with the option trust agree about the time, and "
     "that is no majority.",
     "See below by how much they differ.",
     {{"agreeing", UNIT_NUMBER}, {"voters", UNIT_NUMBER}},
     NULL},
    {FINDING_NONE_AGREES,
     "No source agrees with the time that most of the trusted sources have.",
     "See below by how much they differ.",
     {{NULL, 0}},
     NULL},
    {FINDING_NO_REQUIRED,
     "There are sources that agree, but none of them has the option require, and at least one that "
     "has it must.",
     "Find out below why the required sources cannot be used. authselectmode mix requires "
     "authenticated sources.",
     {{NULL, 0}},
     NULL},
    {FINDING_NOT_ENOUGH,
     "{agreeing} of the sources can be used and agree, but the directive minsources asks for "
     "{minsources}.",
     "Add sources, or reduce minsources.",
     {{"agreeing", UNIT_NUMBER}, {"minsources", UNIT_NUMBER}},
     NULL},
    {FINDING_WAITING_FOR_UPDATE,
     "The best source has changed. It is selected with its next measurement.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_NOT_CONTROLLED,
     "The daemon measures the clock, but does not correct it: it was started with the option -x. "
     "What "
     "is said of errors and corrections is true of the time that it keeps for itself.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_UPDATE_REFUSED,
     "The last measurement says that the clock is wrong by {offset_seconds}. The directive "
     "maxchange allows a correction of {limit_seconds}, so it was ignored, as {refused} so far.",
     "If the sources are right, restart the daemon, or step the clock by hand; if not, find the "
     "one that is wrong.",
     {{"offset_seconds", UNIT_TIME}, {"limit_seconds", UNIT_TIME}, {"refused", UNIT_NUMBER}},
     NULL},
    {FINDING_UPDATE_REFUSED_ENDS,
     "The last measurement says that the clock is wrong by {offset_seconds}. The directive "
     "maxchange allows a correction of {limit_seconds}, and the daemon ends after {refused} that "
     "were ignored.",
     NULL,
     {{"offset_seconds", UNIT_TIME}, {"limit_seconds", UNIT_TIME}, {"refused", UNIT_NUMBER}},
     NULL},
    {FINDING_STEP_FAILED,
     "The clock was to be stepped by {offset_seconds}, but the system did not allow it. It is "
     "slewed in place of that.",
     "Look whether the daemon has the right to set the clock (CAP_SYS_TIME), also in its "
     "container.",
     {{"offset_seconds", UNIT_TIME}},
     NULL},
    {FINDING_LARGE_SLEW,
     "The clock is still wrong by {offset_seconds} (positive: fast). It is corrected by "
     "{slew_rate_ppm}, until {slew_left_seconds}.",
     NULL,
     {{"offset_seconds", UNIT_SIGNED},
      {"slew_rate_ppm", UNIT_PPM},
      {"slew_left_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_SLEW_NO_STEP,
     "The clock is not stepped, because makestep is not set, or has been used up: it holds for the "
     "first corrections after the start only.",
     "chronyc makestep corrects the clock at once, unless clockstep forbids it.",
     {{NULL, 0}},
     NULL},
    {FINDING_SLEW_BELOW_STEP,
     "The clock is not stepped, because that is done from {threshold_seconds} on only (directive "
     "makestep).",
     "chronyc makestep corrects the clock at once, unless clockstep forbids it.",
     {{"threshold_seconds", UNIT_TIME}},
     NULL},
    {FINDING_FREQUENCY_KEPT,
     "The frequency of the clock was not corrected with the last measurement: its skew is "
     "{skew_ppm}, more than maxupdateskew allows ({limit_ppm}).",
     "Measurements vary too much, or are too few so far.",
     {{"skew_ppm", UNIT_PPM}, {"limit_ppm", UNIT_PPM}},
     NULL},
    {FINDING_LEAP_SECOND,
     "A leap second of {seconds} s comes at the end of this day (UTC), {when_seconds} local time.",
     NULL,
     {{"seconds", UNIT_NUMBER}, {"when_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_LEAP_IN_PROGRESS,
     "A leap second is being applied. Meanwhile this host says that it is not synchronised.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_SERVED_TIME_SMOOTHED,
     "The time that clients get differs by {offset_seconds} from the clock (directive smoothtime), "
     "until {remaining_seconds}.",
     NULL,
     {{"offset_seconds", UNIT_SIGNED}, {"remaining_seconds", UNIT_CLOCK}},
     NULL},
    {FINDING_STEPPED_BY_OTHERS,
     "The clock jumped by about {step_seconds}, {age} ago, which this daemon did not do: something "
     "else changed the clock, or the machine or the daemon was stopped meanwhile. All measurements "
     "were dropped.",
     "After a suspend or a pause nothing has to be done. Else look for another program that sets "
     "the "
     "clock: another time daemon, a virtual machine's guest tools, an administrator.",
     {{"step_seconds", UNIT_SIGNED}, {"steps", UNIT_NUMBER}},
     NULL},
    {FINDING_INITIAL_OFFSET,
     "The initial offset is being measured (directive initstepslew). Until then there are no other "
     "sources.",
     NULL,
     {{NULL, 0}},
     NULL},
    {FINDING_STEPPED,
     "The clock was stepped by {step_seconds}, {age} ago.",
     NULL,
     {{"step_seconds", UNIT_SIGNED}, {"steps", UNIT_NUMBER}},
     NULL},
    {0},
};

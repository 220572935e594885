/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Colours of source states on a terminal (--color). Nothing else in reports is coloured.
 */
#ifndef CHRONYC_STYLE_H
#define CHRONYC_STYLE_H

#include <stddef.h>

enum style {
    STYLE_PLAIN,
    STYLE_SELECTED,
    STYLE_COMBINED,
    STYLE_SELECTABLE,
    STYLE_JITTERY,
    STYLE_UNUSABLE,
    STYLE_FALSETICKER,
    STYLE_COUNT,
};

/* Of an enum report_state. */
enum style style_of_state(int state);
/* Of a letter of the selectdata report (cmdmon.md 13.9). */
enum style style_of_letter(char letter);

/* Escape sequence that switches to the style, from any other. */
const char *style_sequence(enum style style);
/* The style whose sequence the text begins with; STYLE_COUNT: none. */
enum style style_find(const char *text, size_t *length);

#endif

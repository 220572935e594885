/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of colours. They are of the basic eight, which every terminal shows so that they
 * can be read on its background; the letters of the states say the same without colours.
 */
#include "chronyc/style.h"

#include <string.h>
#include "base/number.h"
#include "base/report.h"

static const char *const sequences[STYLE_COUNT] = {
    [STYLE_PLAIN] = "\033[0m",           [STYLE_SELECTED] = "\033[0;1;32m",
    [STYLE_COMBINED] = "\033[0;32m",     [STYLE_SELECTABLE] = "\033[0;36m",
    [STYLE_JITTERY] = "\033[0;35m",      [STYLE_UNUSABLE] = "\033[0;33m",
    [STYLE_FALSETICKER] = "\033[0;1;31m"};

enum style style_of_state(int state)
{
    static const enum style styles[] = {
        [REPORT_SELECTED] = STYLE_SELECTED,       [REPORT_NOT_SELECTABLE] = STYLE_UNUSABLE,
        [REPORT_FALSETICKER] = STYLE_FALSETICKER, [REPORT_JITTERY] = STYLE_JITTERY,
        [REPORT_COMBINED] = STYLE_COMBINED,       [REPORT_SELECTABLE] = STYLE_SELECTABLE};

    return state >= 0 && (size_t)state < COUNT(styles) ? styles[state] : STYLE_PLAIN;
}

enum style style_of_letter(char letter)
{
    switch (letter) {
    case '*':
        return STYLE_SELECTED;
    case '+':
        return STYLE_COMBINED;
    case 'x':
        return STYLE_FALSETICKER;
    case '~':
        return STYLE_JITTERY;
    case 'W':
    case 'P':
    case 'U':
    case 'D':
    case 'L':
        return STYLE_SELECTABLE;
    default:
        return STYLE_UNUSABLE;
    }
}

const char *style_sequence(enum style style)
{
    return sequences[style];
}

enum style style_find(const char *text, size_t *length)
{
    for (size_t i = 0; i < STYLE_COUNT; i++) {
        *length = strlen(sequences[i]);
        if (strncmp(text, sequences[i], *length) == 0)
            return (enum style)i;
    }
    *length = 0;
    return STYLE_COUNT;
}

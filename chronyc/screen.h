/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal as a source of single keys, for watch.
 */
#ifndef CHRONYC_SCREEN_H
#define CHRONYC_SCREEN_H

#include <stdbool.h>
#include <termios.h>

struct screen {
    struct termios saved; /* settings to return to */
};

/* False: standard input or output is no terminal, and nothing was changed. */
bool screen_enter(struct screen *s);
void screen_leave(const struct screen *s);

/* Of the terminal now; 24 rows of 80 columns when it does not know. */
void screen_size(int *rows, int *columns);

/* Next key (a character); 0 when the time (seconds) has passed or a signal came, -1 when there will
   be no more. */
int screen_key(double timeout);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report again and again: on a terminal it fills the screen and what has changed is marked,
 * elsewhere it is plain repeated output. For watch and top.
 */
#ifndef CHRONYC_WATCH_H
#define CHRONYC_WATCH_H

#include "chronyc/client.h"

struct watched {
    const char *title;
    double interval;    /* s */
    bool marks_changes; /* on a terminal */
    /* Prints the report to the streams of the client's environment; false: it failed, after
       printing why. */
    bool (*print)(struct client *client, void *arg);
    void *arg;
};

/* Until the user or a signal ends it. False: what is watched failed the first time, or the last
   one was not complete. */
bool watch_show(struct client *client, const struct watched *watched);

#endif

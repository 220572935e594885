/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flag that terminating signals set.
 */
#ifndef CHRONYC_QUIT_SIGNAL_H
#define CHRONYC_QUIT_SIGNAL_H

#include <stdbool.h>

/* Installs the handlers of SIGINT, SIGTERM, SIGQUIT, SIGHUP and SIGPIPE (chronyc.md 2, step 5). */
void quit_signal_install(void);
bool quit_signal_came(void);
/* Takes back SIGINT if no other came. */
void quit_signal_forget_interrupt(void);

#endif

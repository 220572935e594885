/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mail about a large adjustment of the clock (mailonchange; discipline.md 15.6, daemon.md 21).
 */
#ifndef CLOCK_CHANGE_MAIL_H
#define CLOCK_CHANGE_MAIL_H

#include "base/instant.h"
#include "base/world.h"

/* correction: change of the clock in seconds, positive forward. Waits for the mail program. */
void change_mail_send(const struct world *world, const char *user, struct local_time when,
                      double correction, double threshold);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's end of the channel to the guard of the clock: one request at a time, and its
 * answer is waited for. Tens of microseconds in practice; a guard that is silent for a second, or
 * says what makes no sense, is ended, and the fork server starts another one. Owned by the daemon.
 */
#ifndef CLOCK_GUARD_CHANNEL_H
#define CLOCK_GUARD_CHANNEL_H

#include <stdbool.h>
#include <sys/types.h>
#include "clock/guarded_clock.h"

#define GUARD_CHANNEL_WAIT 1000 /* ms */

struct guard_channel;

/* Without a process. kill: ends one, of which the fork server starts another one. see_off: the
   channel of one has ended (fork_server_see_off()). */
struct guard_channel *guard_channel_new(void (*kill)(pid_t pid, void *arg),
                                        void (*see_off)(pid_t pid, void *arg), void *arg);
/* NULL is allowed. */
void guard_channel_free(struct guard_channel *channel);
/* A process was started: fd is owned by the channel from now on. True: it is not the first one. */
bool guard_channel_take(struct guard_channel *channel, int fd, pid_t pid);
/* For guarded_clock_new(). */
struct guard_link guard_channel_link(struct guard_channel *channel);

#endif

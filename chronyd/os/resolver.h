/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name resolution that does not block: one lookup at a time, in a thread that is joined when its
 * answer is due, or by a helper process with a filter of its own kind (system.md 12.2).
 */
#ifndef CHRONYD_OS_RESOLVER_H
#define CHRONYD_OS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/world.h"

struct resolver;

/* The world is asked for the monotonic time only. */
struct resolver *resolver_new(const struct world *world, bool ipv4, bool ipv6);
void resolver_free(struct resolver *resolver);
/* False if the name is too long. */
bool resolver_add(struct resolver *resolver, const char *name, enum ip_family family, bool reload,
                  resolve_handler handler, void *arg);
int resolver_pending(const struct resolver *resolver);

/* For the wait function: the descriptor that becomes readable with the answer, or -1; seconds until
   the limit of the lookup in progress (negative: none); whether an answer is there already. */
int resolver_fd(const struct resolver *resolver);
double resolver_time_left(const struct resolver *resolver);
bool resolver_is_due(const struct resolver *resolver);
/* After the wait: takes the answer if the descriptor was reported; gives up a lookup whose time is
   over. */
void resolver_check(struct resolver *resolver, bool readable);
/* Takes the answer that is due, starts what is queued, calls the handler. */
void resolver_dispatch(struct resolver *resolver);

/* From now on a helper process looks names up. replace: ends a helper that does not answer.
   see_off: the channel of one has ended. */
void resolver_use_helper(struct resolver *resolver, void (*replace)(pid_t pid, void *arg),
                         void (*see_off)(pid_t pid, void *arg), void *arg);
/* A helper was started: the channel to it, which is owned by the resolver. */
void resolver_set_helper(struct resolver *resolver, int channel, pid_t pid);
/* Whether there is one now, as far as is known, and how many were started after the first. */
bool resolver_has_helper(const struct resolver *resolver);
uint32_t resolver_helper_restarts(const struct resolver *resolver);
/* For tests: another limit than RESOLVER_LIMIT. */
void resolver_set_limit(struct resolver *resolver, double seconds);

#endif

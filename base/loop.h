/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: descriptors and a timer queue over world.wait (discipline.md 3). It lives here
 * because protocol modules and the daemon all register with it. Timers are kept on the monotonic
 * clock, so they keep their remaining delay when the system clock is stepped.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/instant.h"
#include "base/world.h"

struct loop;
typedef uint32_t timer_id; /* 0: none */

enum timer_class {
    TIMER_CLASS_NONE,
    TIMER_CLASS_NTP_CLIENT,
    TIMER_CLASS_NTP_PEER,
    TIMER_CLASS_NTP_BROADCAST,
    TIMER_CLASS_PHC_POLL,
    TIMER_CLASS_COUNT,
};

typedef void (*timer_handler)(void *arg);
/* `event` is one of enum world_event. */
typedef void (*fd_handler)(int fd, unsigned int event, void *arg);

/* The world must outlive the loop. */
struct loop *loop_new(struct world *world);
void loop_free(struct loop *loop);

/* One-shot timers; the delay is in seconds, 0 or more. Equal expiries keep the order of insertion.
   Cancelling 0 or an expired timer does nothing. */
timer_id loop_timer_add(struct loop *loop, double delay, timer_handler handler, void *arg);
/* A timer of a class keeps a separation from the other timers of that class (discipline.md 3.2). */
timer_id loop_timer_add_class(struct loop *loop, double min_delay, double separation,
                              double randomness, enum timer_class class, timer_handler handler,
                              void *arg);
void loop_timer_cancel(struct loop *loop, timer_id id);

/* events: bits of enum world_event that are wanted now. A handler may remove any descriptor. */
void loop_fd_add(struct loop *loop, int fd, unsigned int events, fd_handler handler, void *arg);
void loop_fd_set_events(struct loop *loop, int fd, unsigned int events);
void loop_fd_remove(struct loop *loop, int fd);

/* Runs until loop_quit. A fatal condition of daemon.md 12 ends the program. */
void loop_run(struct loop *loop);
/* One round: waits once, dispatches descriptors, then timers that are due. For simulations and
   tests, which stop between rounds. */
void loop_run_once(struct loop *loop);
void loop_quit(struct loop *loop);
bool loop_is_quitting(const struct loop *loop);

/* Raw time of the last wake-up, and the seconds since the loop was made, by the raw clock: steps of
   the daemon do not count, those of others count as time that has passed (10 ms resolution or
   better; discipline.md 3.5). */
struct raw_time loop_event_raw(const struct loop *loop);
double loop_uptime(const struct loop *loop);

/* Called after each wake-up, before any handler, with the raw time (to cook it). */
void loop_set_wake_handler(struct loop *loop, void (*handler)(struct raw_time raw, void *arg),
                           void *arg);
/* Called when somebody else stepped the clock (discipline.md 3.4), with the raw time now and the
   estimated step (seconds, positive: the clock was fast and went back). */
void loop_set_jump_handler(struct loop *loop,
                           void (*handler)(struct raw_time raw, double step, void *arg), void *arg);
/* The daemon itself stepped the clock by -offset: keeps the jump detection quiet. */
void loop_clock_stepped(struct loop *loop, double offset);
/* Called once for each signal that asks for a reload (SIGHUP). */
void loop_set_reload_handler(struct loop *loop, void (*handler)(void *arg), void *arg);

#endif

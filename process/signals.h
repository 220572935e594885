/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals of the daemon: termination and reload requests become flags that the event loop asks for
 * (daemon.md 13). SIGHUP never ends the daemon: it asks for a reload of certificates.
 */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* Installs the handlers: SIGINT, SIGTERM and SIGQUIT ask to quit, SIGHUP to reload, SIGPIPE is
   ignored. Before this call the signals have their default action. */
void signals_install(void);
/* Restores the default actions and forgets requests: for a forked child that installs its own
   handlers. */
void signals_reset(void);

/* Forgets requests: for a forked child with handlers of its own. A signal for its parent is not
   for it. */
void signals_forget(void);

/* In a child of the fork server: nothing is blocked, a reload is the main process's to arrange, and
   what stops a service ends it or not. */
void signals_set_child(bool stop_ends);

/* In the fork server: signals that stop the service are for the main process, whose end ends this
   one. SIGCHLD is blocked, and only interrupts a wait with this mask. */
void signals_set_server(sigset_t *wait_mask);

/* True: the request came since the last call. */
bool signals_take_quit(void);
bool signals_take_reload(void);
/* True when a request is waiting to be taken. */
bool signals_pending(void);

/* Blocks the signals above; *old is the mask to go back to. */
void signals_block(sigset_t *old);
void signals_restore(const sigset_t *old);

#endif

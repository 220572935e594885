/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminating signals. A handler can reach only static objects, so the flag below is the one
 * variable of file scope in the client; nothing but this file touches it.
 */
#include "chronyc/quit_signal.h"

#include <signal.h>
#include <stddef.h>
#include "base/number.h"

static volatile sig_atomic_t quit_requested; /* number of the signal, 0: none */

static void request_quit(int signal_number)
{
    /* SIGINT, which can be forgotten, does not hide another one. */
    if (signal_number != SIGINT || quit_requested == 0)
        quit_requested = signal_number;
}

void quit_signal_install(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE};
    struct sigaction action = {.sa_handler = request_quit, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &action, NULL);
}

void quit_signal_forget_interrupt(void)
{
    if (quit_requested == SIGINT)
        quit_requested = 0;
}

bool quit_signal_came(void)
{
    return quit_requested != 0;
}

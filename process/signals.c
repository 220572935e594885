/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place with state that signal handlers can reach: a handler has no argument, so the two
 * flags are the only mutable file-scope variables outside main and the log. The handlers do nothing
 * but set them.
 */
#include "process/signals.h"

#include <stddef.h>
#include "base/log.h"
#include "base/number.h"

static volatile sig_atomic_t quit_flag;
static volatile sig_atomic_t reload_flag;

static const int handled[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE};
#define HANDLED_COUNT COUNT(handled)

static void on_quit(int number)
{
    quit_flag = 1;
}

static void on_reload(int number)
{
    reload_flag = 1;
}

static void set_action(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_flags = SA_RESTART};

    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, &action, NULL) < 0)
        LOG_FATAL("sigaction() failed");
}

void signals_install(void)
{
    set_action(SIGINT, on_quit);
    set_action(SIGTERM, on_quit);
    set_action(SIGQUIT, on_quit);
    set_action(SIGHUP, on_reload);
    set_action(SIGPIPE, SIG_IGN);
}

void signals_forget(void)
{
    quit_flag = 0;
    reload_flag = 0;
}

void signals_reset(void)
{
    for (size_t i = 0; i < HANDLED_COUNT; i++)
        set_action(handled[i], SIG_DFL);
    signals_forget();
}

void signals_set_child(bool stop_ends)
{
    sigset_t none;

    signals_reset();
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    if (!stop_ends) {
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void do_nothing(int number)
{
}

void signals_set_server(sigset_t *wait_mask)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    struct sigaction action = {.sa_handler = do_nothing};
    sigset_t blocked;

    for (size_t i = 0; i < COUNT(ignored); i++)
        signal(ignored[i], SIG_IGN);
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(wait_mask);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

bool signals_take_quit(void)
{
    if (!quit_flag)
        return false;
    quit_flag = 0;
    return true;
}

bool signals_take_reload(void)
{
    if (!reload_flag)
        return false;
    reload_flag = 0;
    return true;
}

bool signals_pending(void)
{
    return quit_flag || reload_flag;
}

void signals_block(sigset_t *old)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < HANDLED_COUNT; i++)
        sigaddset(&set, handled[i]);
    sigprocmask(SIG_BLOCK, &set, old);
}

void signals_restore(const sigset_t *old)
{
    sigprocmask(SIG_SETMASK, old, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything outside of the client: streams, the channel to the daemon, names, time and randomness.
 * environment.c implements it on the operating system; tests play recorded replies through it.
 */
#ifndef CHRONYC_ENVIRONMENT_H
#define CHRONYC_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/addr.h"
#include "base/instant.h"

struct machine;

/* Where a daemon listens: a Unix socket if the path is not NULL, else UDP. */
struct endpoint {
    char *path;
    struct ip_port addr;
};

enum wait_result { WAIT_READY, WAIT_TIMEOUT, WAIT_FAILED };

struct environment {
    FILE *out;
    FILE *err;
    bool terminal; /* these and standard input are terminals */
    bool out_terminal;
    bool colors; /* standard output is a terminal on which they are welcome */
    bool err_terminal;
    bool utf8;           /* standard output is a terminal that shows UTF-8 */
    char host_name[256]; /* of this machine */

    /* The channel; there is at most one at a time. open prints its own errors. */
    bool (*open)(void *ctx, const struct endpoint *endpoint);
    void (*close)(void *ctx);
    bool (*send)(void *ctx, const void *data, size_t length);
    /* Until a datagram is there, the time has passed (seconds) or a signal came (WAIT_FAILED). */
    enum wait_result (*wait)(void *ctx, double timeout);
    /* False: nothing could be received, for example because the port is closed. */
    bool (*receive)(void *ctx, void *data, size_t size, size_t *length);

    /* Addresses of a host name, no more than max; the number found. */
    int (*resolve)(void *ctx, const char *name, enum ip_family family, struct ip_addr *addrs,
                   int max);
    /* Host name of an address. */
    bool (*reverse)(void *ctx, const struct ip_addr *addr, char *name, size_t size);

    /* Name of a user; false: none has this number. */
    bool (*user_name)(void *ctx, uint32_t uid, char *name, size_t size);

    struct instant (*now)(void *ctx);         /* system clock */
    bool (*pause)(void *ctx, double seconds); /* false: interrupted by a signal */
    bool (*random)(void *ctx, void *data, size_t length);
    bool (*quit)(void *ctx); /* a terminating signal came */
    /* Changes the user; false after printing the reason. */
    bool (*change_user)(void *ctx, const char *user);
    /* A line without its newline, allocated; NULL at the end of input. */
    char *(*read_line)(void *ctx, const char *prompt);

    /* The terminal as a screen with single keys, for watch (screen.h). Not used unless terminal. */
    bool (*screen_enter)(void *ctx);
    void (*screen_leave)(void *ctx);
    void (*screen_size)(void *ctx, int *rows, int *columns);
    int (*screen_key)(void *ctx, double timeout);
    /* The machine that doctor looks at. */
    const struct machine *machine;
    /* A Ctrl-C that was meant for the command only does not end the program. */
    void (*forget_interrupt)(void *ctx);

    void *ctx;
};

/* The operating system's. Installs the handlers of terminating signals. */
struct os_environment;
struct os_environment *os_environment_new(struct environment *env);
void os_environment_free(struct os_environment *os);

#endif

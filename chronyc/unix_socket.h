/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's end of the Unix domain socket (chronyc.md 4.4).
 */
#ifndef CHRONYC_UNIX_SOCKET_H
#define CHRONYC_UNIX_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Files that have to be removed; NULL when they do not exist. */
struct unix_socket {
    int fd;
    char *outer; /* directory with a known name that only its owner can change */
    char *inner; /* directory with a random name in it */
    char *path;  /* of the socket */
};

/* Connects to the daemon's socket. False when that cannot be used; errors in making our own end
   are printed to err. Nothing is left behind then. */
bool unix_socket_open(struct unix_socket *s, const char *daemon_path,
                      bool (*random)(void *ctx, void *data, size_t length), void *arg, FILE *err);
void unix_socket_close(struct unix_socket *s);

/* Sets close-on-exec and non-blocking mode; closes the descriptor on failure. */
int socket_prepare(int fd);

#endif

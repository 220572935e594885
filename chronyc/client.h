/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one context of the client: settings, the list of daemons to try and the state of the
 * exchange with the one in use. Made by session.c and handed to every command.
 */
#ifndef CHRONYC_CLIENT_H
#define CHRONYC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/addr.h"
#include "chronyc/document.h"
#include "chronyc/environment.h"
#include "cmdmon/message.h"

struct client {
    const struct environment *env;

    /* settings */
    enum ip_family family; /* of resolved names; IP_UNSPEC: any */
    bool numeric;          /* no reverse lookups */
    bool original_names;   /* names of sources as given to the daemon */
    bool csv;
    struct document *json; /* what the command in progress has to print with -j, else NULL */
    bool color;            /* of source states */
    bool wide;
    bool dots;  /* a dot after each command */
    bool debug; /* tell on stderr what is sent and received */

    /* daemons in the order in which they are tried */
    struct endpoint *endpoints;
    size_t endpoint_count;
    size_t next_endpoint;
    bool connected;

    /* exchange (chronyc.md 5) */
    int timeout_ms;
    int max_retries;
    uint8_t version;
    uint16_t features; /* enum cmd_feature, of the last reply */
    uint16_t status;   /* enum cmd_status, of the last reply; CMD_STATUS_LATER: there was none */

    /* the command in progress */
    bool status_printed; /* its result is a status of the daemon */
    bool finished;       /* quit was given */
    int exit_status;     /* of the program if it is the last one and has failed */
};

/* Additional columns of names with -w. */
static inline int client_extra_width(const struct client *c)
{
    return c->wide ? 14 : 0;
}

/* Defaults, no daemon known. */
void client_init(struct client *c, const struct environment *env);
void client_free(struct client *c);

/* Adds the daemons of a comma-separated list of hosts (chronyc.md 4.1). */
void client_add_hosts(struct client *c, const char *hosts, int port);
/* Opens the next usable daemon of the list; false at its end, then the list starts again. */
bool client_connect(struct client *c);
void client_disconnect(struct client *c);

/* Runs one line of input; false if the command failed. The line is changed. */
bool client_run_line(struct client *c, char *line);

/* Addresses of a host name or numeric address that agree with the family in use; their number. */
int client_resolve(struct client *c, const char *name, struct ip_addr *addrs, int max);

/*
 * Runs the program with the arguments of main (chronyc.md 1 and 2) and returns its exit status.
 */
int chronyc_run(int argc, char **argv, const struct environment *env);

#endif

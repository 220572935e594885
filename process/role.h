/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of processes of the daemon (architecture.md "Processes"). What each may do is decided
 * by its kind alone (process/sandbox.h).
 */
#ifndef PROCESS_ROLE_H
#define PROCESS_ROLE_H

#include <stdbool.h>

enum process_role {
    PROCESS_MAIN,
    PROCESS_FORK_SERVER,
    PROCESS_GUARD,         /* sets the clock */
    PROCESS_SERVER_WORKER, /* answers NTP requests */
    PROCESS_KE_HELPER,     /* key establishment of the NTS server; judges certificates, too */
    PROCESS_KE_CLIENT,     /* key establishment of the NTS client */
    PROCESS_RESOLVER,      /* looks up names */
    PROCESS_METRICS,
};
#define PROCESS_ROLES (PROCESS_METRICS + 1)

/* Whether there may be several of the role, which have numbers. Of the others there is one. */
static inline bool process_role_is_numbered(enum process_role role)
{
    return role == PROCESS_SERVER_WORKER || role == PROCESS_KE_HELPER;
}

#endif

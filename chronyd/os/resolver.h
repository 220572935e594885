/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name resolution that does not block: one lookup at a time, in a thread that is joined when its
 * answer is due, directly or through an unfiltered helper process (system.md 12.2).
 */
#ifndef CHRONYD_OS_RESOLVER_H
#define CHRONYD_OS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/world.h"

#define RESOLVER_NAME_SIZE 256

struct resolver_query {
    char name[RESOLVER_NAME_SIZE];
    enum ip_family family; /* IP_UNSPEC: both */
    bool reload;           /* read the configuration of the resolver again */
};

struct resolver_answer {
    enum resolve_status status;
    int count;
    struct ip_addr addrs[ADDR_MAX_PER_NAME];
};

/* Blocking lookup; uses nothing but its arguments, so it runs in threads and in the helper. */
void resolver_lookup(const struct resolver_query *query, struct resolver_answer *answer);

struct resolver;

struct resolver *resolver_new(bool ipv4, bool ipv6);
void resolver_free(struct resolver *resolver);
/* False if the name is too long or there is no memory for it. */
bool resolver_add(struct resolver *resolver, const char *name, enum ip_family family, bool reload,
                  resolve_handler handler, void *arg);
int resolver_pending(const struct resolver *resolver);

/* For the wait function: the descriptor that becomes readable with the answer, or -1; and if an
   answer is there already. */
int resolver_fd(const struct resolver *resolver);
bool resolver_is_due(const struct resolver *resolver);
/* The descriptor was reported. */
void resolver_set_due(struct resolver *resolver);
/* Takes the answers that are due, starts what is queued, calls the handlers. */
void resolver_dispatch(struct resolver *resolver);

/* Forks the helper, which runs as this user. Failure is fatal. */
void resolver_start_helper(struct resolver *resolver, uid_t uid, gid_t gid);

/* resolver_helper.c: the process at the other end of a blocking socket pair. */
struct resolver_helper {
    int fd; /* -1: not running */
    pid_t pid;
};
void resolver_helper_start(struct resolver_helper *helper, uid_t uid, gid_t gid);
/* One request and its answer. False with a message in *error and errno: the helper is of no use any
   more. */
bool resolver_helper_ask(const struct resolver_helper *helper, const struct resolver_query *query,
                         struct resolver_answer *answer, const char **error);
void resolver_helper_stop(struct resolver_helper *helper);

#endif

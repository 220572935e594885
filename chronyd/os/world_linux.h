/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux implementation of struct world: clocks, waiting, sockets with kernel timestamps, name
 * resolution in a thread, random octets and files. The daemon makes one for each process; nothing
 * else on its run path makes these system calls. It keeps to the libc surface of
 * doc/spec/system.md 20.
 */
#ifndef CHRONYD_OS_WORLD_LINUX_H
#define CHRONYD_OS_WORLD_LINUX_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/world.h"

struct world_linux_options {
    bool ipv4; /* families that are enabled (-4, -6) */
    bool ipv6;
    int passed_fds; /* descriptors 3 to 3+N-1 are sockets of the service manager, daemon.md 9 */
};

/* The world of this process. Never NULL: out of memory is fatal. Signal handlers are not installed
   here but by signals_install (process/signals.h). */
struct world *world_linux_new(const struct world_linux_options *options);

/* Closes what the world opened for itself; a resolution that is under way is abandoned, without
   waiting for it. Sockets that are still open are the callers'. */
void world_linux_free(struct world *world);

/* From now on a helper process looks names up, for a system call filter of level 1 or -1. While
   there is none, lookups wait (system.md 12.2). replace is called for a helper that has to be
   killed. */
void world_linux_use_resolver_helper(struct world *world, void (*replace)(pid_t pid, void *arg),
                                     void (*see_off)(pid_t pid, void *arg), void *arg);
/* A helper was started (chronyd/os/resolver.h). The world owns the channel from now on. */
void world_linux_set_resolver_helper(struct world *world, int channel, pid_t pid);
/* Whether there is one now, and how many were started after the first. */
bool world_linux_has_resolver_helper(const struct world *world, uint32_t *restarts);
/* For tests: the longest time of a lookup in seconds, instead of 30. */
void world_linux_set_lookup_limit(struct world *world, double seconds);

/* Takes over a datagram socket that another process has opened as a server socket, with the options
   that it has. False: it was closed. */
bool world_linux_adopt_socket(struct world *world, int fd, enum ip_family family);

/* Sockets that this process may not bind are bound by this function, which returns false with
   errno. */
void world_linux_set_binder(struct world *world,
                            bool (*bind_elsewhere)(int fd, const struct ip_port *local, void *arg),
                            void *arg);

/* From now on files that root is not permitted to read are read as this user. For the fork server
   without CAP_DAC_READ_SEARCH. */
void world_linux_read_also_as(struct world *world, uid_t uid, gid_t gid);

#endif

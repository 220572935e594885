/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users and capabilities (daemon.md 8, system.md 10.3). Every failure is fatal: a process never goes
 * on with more rights than it was meant to have.
 */
#ifndef CHRONYD_OS_PRIVILEGES_H
#define CHRONYD_OS_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

/* Capabilities that a process of the daemon may keep. */
enum privilege {
    PRIVILEGE_SYS_TIME = 1,         /* main, unless the clock is not controlled */
    PRIVILEGE_NET_BIND_SERVICE = 2, /* main, with a port of 1..1023 */
    PRIVILEGE_NET_RAW = 4,          /* main, with bound devices on kernels before 5.7 */
    PRIVILEGE_DAC_READ_SEARCH = 8,  /* fork server: to read certificates and keys */
    PRIVILEGE_SETUID = 16,          /* fork server: to change the user of helpers */
    PRIVILEGE_SETGID = 32,
    PRIVILEGE_KILL = 64, /* fork server: to end helpers */
};

/* IDs of a user; an unknown name is fatal. */
void privileges_find_user(const char *name, uid_t *uid, gid_t *gid);

/* Clears the supplementary groups, changes group and user, and reduces effective and permitted
   capabilities to `keep` (bits of enum privilege; 0: none at all). */
void privileges_drop(uid_t uid, gid_t gid, unsigned int keep);

/* Reduces the capabilities to `keep` without a change of user, for the fork server. Does nothing in
   builds without libcap. */
void privileges_limit(unsigned int keep);

/* No program that this process starts can get more rights (no-new-privs). */
void privileges_forbid_new(void);

/* Whether CAP_SYS_TIME is in the bounding set, so that the clock could be set as root at least. */
bool privileges_may_set_clock(void);

#endif

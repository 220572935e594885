/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users and capabilities (daemon.md 8, system.md 10.3). A process never goes on with more rights
 * than intended: a failure to drop one is fatal. It goes on with fewer: a capability that a
 * service manager or container has taken away is not kept.
 */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

/* Capabilities that a process of the daemon may keep. */
enum privilege {
    PRIVILEGE_SYS_TIME = 1,         /* main, unless the clock is not controlled */
    PRIVILEGE_NET_BIND_SERVICE = 2, /* main, with a port of 1..1023 */
    PRIVILEGE_NET_RAW = 4,          /* main, with bound devices on kernels before 5.7 */
    PRIVILEGE_DAC_READ_SEARCH = 8,  /* fork server: to read certificates and keys */
    PRIVILEGE_SETUID = 16, /* fork server: to change the user of helpers, and to end them */
    PRIVILEGE_SETGID = 32,
    PRIVILEGE_IPC_LOCK = 64, /* both, to lock memory where the limit cannot be raised */
};

/* IDs of a user; false if the name is unknown. */
bool privileges_look_up_user(const char *name, uid_t *uid, gid_t *gid);
/* The same; an unknown name is fatal. */
void privileges_find_user(const char *name, uid_t *uid, gid_t *gid);

/* Those of the wanted capabilities (bits of enum privilege) that are not permitted to this process.
   0 in builds without libcap. */
unsigned int privileges_missing(unsigned int wanted);

/* Ends the program with a message that names the capability, or the user namespace that does not
   have this user, unless privileges_drop() could change to it. For the start, before other
   processes depend on it. */
void privileges_check_change(uid_t uid, gid_t gid);

/* Clears the supplementary groups, changes group and user, and reduces effective and permitted
   capabilities to those of `keep` that are permitted (bits of enum privilege; 0: none at all). */
void privileges_drop(uid_t uid, gid_t gid, unsigned int keep);

/* Reduces the capabilities to those of `keep` that are permitted, without a change of user, for the
   fork server. Does nothing in builds without libcap. */
void privileges_limit(unsigned int keep);

/* Takes capabilities away: out of the effective ones, so that only a child can use them, which
   raises them with privileges_limit() or privileges_drop(); or altogether. Does nothing in builds
   without libcap. */
void privileges_reserve(unsigned int privileges);
void privileges_give_up(unsigned int privileges);

/* For the fork server: does something with the effective user and group IDs of another user, and
   with the rights of that user only, until privileges_resume(), which leaves errno alone and
   whose failure is fatal. *reserved: capabilities that were not effective, and shall not be then.
   False with errno: nothing has changed. */
bool privileges_assume(uid_t uid, gid_t gid, unsigned int *reserved);
void privileges_resume(unsigned int reserved);

/* Whether this process, root, can become this user: in a user namespace not every one exists. */
bool privileges_may_become(uid_t uid, gid_t gid);

/* Kills a child that has become another user. This takes no CAP_KILL: where it is not allowed as
   it is, it is done with the effective user ID of the child, for which CAP_SETUID is enough.
   False with errno. */
bool privileges_kill(pid_t pid, uid_t uid);

/* Whether the kernel wants CAP_NET_BIND_SERVICE for this port now (ip_unprivileged_port_start). */
bool privileges_port_needs_bind_service(int port);

/* No program that this process starts can get more rights (no-new-privs). */
void privileges_forbid_new(void);
/* Empties the bounding set, for this process and its children: no program that they run, and no
   user that they become, brings a capability back. Without the right to do so it stays as it is.
   Before privileges_limit() and privileges_drop(). */
void privileges_empty_bounding_set(void);

/* Whether CAP_SYS_TIME is in the bounding set, so that the clock could be set as root at least. */
bool privileges_may_set_clock(void);

#endif

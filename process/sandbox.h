/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users, rights and filters of the processes besides the main one: what each gives up when it
 * starts (architecture.md "Processes"). A process never goes on with more rights than intended: a
 * failure is fatal for it. Each file of a process begins with its promise, which is kept here.
 */
#ifndef PROCESS_SANDBOX_H
#define PROCESS_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>
#include "conf/groups.h"
#include "process/filter.h"
#include "process/violation.h"

/* TCP ports that can be named. */
#define SANDBOX_PORTS 8

struct sandbox {
    uid_t uid; /* of the daemon and its helpers */
    gid_t gid;
    uid_t resolve_uid; /* of the name resolving helper, the metrics server and server workers; the
                          same if there is no other */
    gid_t resolve_gid;
    int filter_level;
    bool serves_metrics; /* there is a metrics server */
    /* The other processes that there are; sandbox_choose_processes(). */
    bool guards_clock;
    bool has_ke_client;
    int server_workers;
    /* Landlock: on where the daemon changes its user. */
    bool confines;
    int landlock_abi;        /* 0: none, or off */
    struct path_rule *paths; /* that the configuration names, path_count of them */
    size_t path_count;
    uint16_t bind_ports[SANDBOX_PORTS];
    size_t bind_port_count;
    /* The fork server binds sockets to these on order (binder.h). */
    uint16_t ordered_ports[SANDBOX_PORTS];
    size_t ordered_port_count;
    bool uses_abstract_sockets;
    bool runs_programs;              /* the main process does; they would be confined, too */
    struct landlock_result landlock; /* of the main process */
    struct violations *violations;   /* of the filter; NULL: there is none, or no memory for it */
    int priority; /* SCHED_FIFO of the main process, and of guard and fork server; 0: none */
    bool locks_memory;
    bool lock_needs_capability; /* memory is to be locked, and its limit could not be raised */
};

/* Finds the users; a user that cannot be used is a warning or fatal. The filter level and whether
   there is a metrics server are set already. A process that was not started as root keeps its user;
   directories are expected to belong to it, unless another user than the default is named. */
void sandbox_find_users(struct sandbox *sandbox, const char *name);
bool sandbox_started_as_root(void);
/* The daemon and its helpers become another user than root. */
bool sandbox_changes_user(const struct sandbox *sandbox);
/* Decides which of the optional processes there are. controls_clock: not -x or -Q. After the users
   were found. */
void sandbox_choose_processes(struct sandbox *sandbox, const struct process_conf *conf,
                              bool controls_clock);
/* Finds the user of processes that have no business with the daemon's; without one that can be used
   there is a warning. After it was decided which processes there are. */
void sandbox_find_strangers(struct sandbox *sandbox);
/* At this filter level another process looks up names. */
bool sandbox_wants_resolver(const struct sandbox *sandbox);

/* With a filter: makes what all processes count violations of it in. Before they are forked. */
void sandbox_share_violations(struct sandbox *sandbox);

/* What the main process may open and bind besides what its promise says; before it is entered. The
   text is copied. Where nothing is at the path yet, it is about the directory in which it could
   come to be, unless that is the root directory: then nothing is allowed. */
void sandbox_allow_path(struct sandbox *sandbox, const char *path, enum path_use use);
/* Frees them, when no process is to be confined any more. */
void sandbox_forget_paths(struct sandbox *sandbox);
void sandbox_allow_port(struct sandbox *sandbox, uint16_t port);
/* A port, of TCP or UDP, that the fork server is to bind for the main process. 0 is ignored. Before
   it is forked. */
void sandbox_order_port(struct sandbox *sandbox, int port);
bool sandbox_orders_port(const struct sandbox *sandbox, int port);
/* What Landlock does to a process of this role, in the main process: what it has done to it, and
   for others what this kernel does by their promise. Nothing (abi 0) where it is off. */
struct landlock_result sandbox_landlock(const struct sandbox *sandbox, enum process_role role);

/* If memory is to be locked: raises its limit, which children inherit, or warns. Before rights are
   dropped. */
void sandbox_raise_lock_limit(struct sandbox *sandbox);
/* Locks the memory of this process, unless it could not grow then. */
void sandbox_lock_memory(const struct sandbox *sandbox);

/* In the fork server: closes all but the channel and the log, sets no-new-privs and, when started
   as root, stays root with nothing but CAP_DAC_READ_SEARCH if it reads files, CAP_SETUID and
   CAP_SETGID if children change user, CAP_NET_BIND_SERVICE if it binds low ports, and CAP_IPC_LOCK
   if locked memory needs it, as far as they are permitted. CAP_SYS_TIME is permitted for the guard
   of the clock, but not effective. */
void sandbox_enter_fork_server(const struct sandbox *sandbox, bool reads_files, int channel);
/* In a child of the fork server: closes all but the channel and the log, changes to the user of its
   role, drops every capability but that of its role, sets no-new-privs, and loads the system call
   filter of its role. It cannot be traced, leaves no core dump, and, unless it is the guard, ends
   with the fork server where the users of both permit it. */
void sandbox_enter(const struct sandbox *sandbox, enum process_role role, int channel);
/* The same in two steps, for a process that reads files as the user of its role: all but Landlock
   and the filter, and then these. Nothing from outside is read between them. */
void sandbox_enter_to_read(const struct sandbox *sandbox, enum process_role role, int channel);
void sandbox_close(const struct sandbox *sandbox, enum process_role role);
/* In the main process, at the end of its start: Landlock and the filter. */
void sandbox_enter_main(struct sandbox *sandbox);
/* In the fork server: kills a child, also one that has changed its user. */
void sandbox_kill(const struct sandbox *sandbox, pid_t pid);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each kind of process promises, as data: users, system calls, files. Filter (filter.h) and
 * Landlock (landlock.h) are made from it, and nothing else says what a process may do. Each role
 * has a file that begins with the promise in words (promise_main.c, ...); lists that several roles
 * share are in promise_calls.c.
 *
 * At filter levels 1 and -1 a process that lists its calls can make these only; at levels 2 and -2,
 * and where no list can be made, it can make all calls but those that are denied.
 */
#ifndef PROCESS_PROMISE_H
#define PROCESS_PROMISE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "process/landlock.h"
#include "process/role.h"

/* What becomes of a call. The first group of a promise that names a call without conditions decides
   about it. */
enum call_action {
    CALL_WORKS,
    CALL_FAILS,   /* EPERM: a library may try it, and can do without */
    CALL_MISSING, /* ENOSYS: libc takes an older call then */
    CALL_ENDS,    /* ends the process after a line in the log */
    CALL_KILLS,   /* ... at once: too dangerous for a handler */
};

enum argument_test {
    ARGUMENT_ANY,
    ARGUMENT_IS,       /* the value, of the 32 bits that the kernel looks at */
    ARGUMENT_IS_NOT,   /* ... of all 64 bits */
    ARGUMENT_ABOVE,    /* ... of all 64 bits */
    ARGUMENT_IS_OTHER, /* is not the ID of this process */
    ARGUMENT_HAS,      /* the bits of the mask are those of the value */
};

struct argument {
    enum argument_test test;
    unsigned int index; /* 0..5 */
    uint64_t value;
    uint64_t mask;
};

/* Tests of the argument with this index. */
#define ARG_IS(index, value)                                                                       \
    {                                                                                              \
        ARGUMENT_IS, (index), (value), 0                                                           \
    }
#define ARG_IS_NOT(index, value)                                                                   \
    {                                                                                              \
        ARGUMENT_IS_NOT, (index), (value), 0                                                       \
    }
#define ARG_ABOVE(index, value)                                                                    \
    {                                                                                              \
        ARGUMENT_ABOVE, (index), (value), 0                                                        \
    }
#define ARG_IS_OTHER(index)                                                                        \
    {                                                                                              \
        ARGUMENT_IS_OTHER, (index), 0, 0                                                           \
    }
#define ARG_HAS(index, value, mask)                                                                \
    {                                                                                              \
        ARGUMENT_HAS, (index), (value), (mask)                                                     \
    }

/* A call with conditions, all of which have to be met. */
struct call_rule {
    const char *name;
    struct argument arguments[2];
};

/* When a group is in use: bits. */
enum call_levels {
    LEVELS_LISTED = 1, /* only what is listed works */
    LEVELS_DENIED = 2, /* all works but what is denied */
    LEVELS_ALL = 3,
};

/* Work that a main process has only while no other process does it: bits. */
enum promise_work {
    WORK_CLOCK = 1, /* sets the clock and the RTC */
};

struct call_group {
    enum call_action action;
    enum call_levels levels;
    unsigned int work;        /* bits of enum promise_work that it is for; 0: it is always in use */
    const char *const *names; /* of calls without conditions, with NULL at the end; may be NULL */
    const struct call_rule *rules; /* until one without a name; may be NULL */
};

/* A call that the self-test (self_test.h) makes, with arguments without an effect, mostly a
   descriptor that is none. */
struct probe {
    const char *call;
    long arguments[6];
    enum call_levels levels; /* 0: all */
    unsigned int work;       /* bits of enum promise_work that it is part of */
};
/* With the arguments that are not 0. */
#define PROBE(name, ...)                                                                           \
    {                                                                                              \
        .call = (name), .arguments = { __VA_ARGS__ }                                               \
    }
#define PROBE_BUFFER LONG_MIN /* argument: the address of zeros */

struct promise {
    const char *name; /* in messages for people */
    bool is_stranger; /* has no business with the user of the daemon: has one of its own */
    bool closes_log;  /* when it has entered its sandbox */
    bool lists_calls;
    const struct call_group *const *groups; /* with NULL at the end */
    /* For Landlock. Files that it may open, until one without a path; NULL: none. */
    const struct path_rule *paths;
    bool named_paths; /* and those that the configuration names */
    bool
        named_ports; /* it binds TCP sockets to the ports that the configuration names, else none */
    bool connects;   /* TCP connections */
    /* What the self-test tries, until one without a call: what is denied, and what it needs each
       day besides probes_of_all (NULL: nothing). */
    const struct probe *denied, *daily;
};

/* One for each role. */
const struct promise *promise_of(enum process_role role);

/* Each in a file of its own. */
extern const struct promise promise_main, promise_fork_server, promise_guard, promise_server_worker,
    promise_ke_helper, promise_ke_client, promise_resolver, promise_metrics;

/* What is tried in each process; in those that run no program, and in those that open no file
   and use no network besides: promise_probes.c. */
extern const struct probe probes_of_all[], probes_no_programs[], probes_no_names[];

/* What name services read, whatever they are: promise_paths.c. */
extern const struct path_rule paths_of_name_services[];

/* ---- Groups that several roles share: promise_calls.c ---- */

/* clock to read, memory, open descriptors, the end */
extern const struct call_group calls_of_all;
/* The handler of SIGSYS cannot be exchanged. */
extern const struct call_group calls_no_handler;
/* Newer calls that libc, or a library, tries before older ones. At the levels of lists the same
   becomes of all calls that are newer than PROMISE_FIRST_NEW and that no group names. */
extern const struct call_group calls_missing, calls_maybe_missing;
#define PROMISE_FIRST_NEW 403
#define PROMISE_LAST_NEW  511
/* What nothing of ours and no library in use calls: code for the kernel, other processes, mounts.
   Without fork() and vfork(), which the fork server needs. */
extern const struct call_group calls_dangerous;
/* Running programs. */
extern const struct call_group calls_no_programs;
/* fork() and vfork() */
extern const struct call_group calls_of_children;
/* What a library may try. */
extern const struct call_group calls_refused;
/* fcntl() and ioctl() requests with which the kernel signals others; limits of others */
extern const struct call_group calls_refused_requests;
extern const struct call_group calls_refused_ioctls;
/* Signals to others than itself end the process, or fail: modules of the name services may test
   with signal 0 whether a process exists. */
extern const struct call_group calls_signals_end, calls_signals_fail;
/* clone() makes threads of this process only: listed, and denied. */
extern const struct call_group calls_threads, calls_no_children;
/* Reading and setting the flags of descriptors. */
extern const struct call_group calls_flags;
/* Messages to the peer of a socket only, not to an address. */
extern const struct call_group calls_unaddressed;

/* Denied to every process that lists its calls, in this order; for struct promise. */
#define CALL_GROUPS_DENIED                                                                         \
    &calls_missing, &calls_maybe_missing, &calls_no_handler, &calls_dangerous, &calls_no_programs, \
        &calls_of_children, &calls_refused, &calls_refused_requests

/* ---- Of processes that have descriptors and no names: NTS-KE helpers, metrics server, ... ---- */

/* Opening files, and a socket like that of syslog(), fail. */
extern const struct call_group calls_no_opening, calls_no_log_socket;
extern const struct call_group calls_no_sockets;
/* ioctl(), children, bind(), connect() */
extern const struct call_group calls_no_network;
/* Changes of files by name, objects that processes share by name or number. */
extern const struct call_group calls_no_names;
extern const struct call_group calls_no_addressed;
/* The socket of the system log could send to another address, which a filter cannot see. */
extern const struct call_group calls_no_sendmsg;

#endif

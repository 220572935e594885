/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of system calls that several roles share (system.md 11, extended). A name that the
 * kernel headers of the build or the architecture do not know has no effect.
 */
#include "process/promise.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* ---- All processes: listed ---- */

static const char *const of_all[] = {
    /* clock */
    "clock_gettime", "clock_gettime64", "gettimeofday", "time",
    /* process */
    "exit", "exit_group", "getpid", "getrlimit", "getuid", "getuid32", "membarrier", "rseq",
    "rt_sigreturn", "rt_sigprocmask", "set_tid_address", "sigreturn",
    /* by which the C library sizes its memory pools when a thread allocates */
    "sched_getaffinity",
    /* by which the kernel goes on with a wait after a stop of the process or of the machine */
    "restart_syscall",
    /* memory */
    "brk", "madvise", "mmap", "mmap2", "mprotect", "mremap", "munmap",
    /* files that are open already, such as the log */
    "_llseek", "fstat", "fstat64", "lseek",
    /* sockets */
    "getsockname", "getsockopt", "recv", "recvfrom", "recvmsg", "send", "shutdown",
    /* I/O */
    "_newselect", "close", "poll", "ppoll", "ppoll_time64", "pread64", "pselect6",
    "pselect6_time64", "read", "futex", "futex_time64", "select", "set_robust_list", "write",
    "writev",
    /* other */
    "getrandom", "sysinfo", "uname", NULL};
/* Handlers of all signals but SIGSYS, whose number is the 31 that all these bits are set in. The
   kernel looks at 32 bits, and refuses signals beyond 64. */
#define SIGNAL_WITHOUT(bit)                                                                        \
    {                                                                                              \
        "rt_sigaction",                                                                            \
        {                                                                                          \
            ARG_HAS(0, 0, bit)                                                                     \
        }                                                                                          \
    }
static const struct call_rule handlers[] = {
    SIGNAL_WITHOUT(1), SIGNAL_WITHOUT(2),  SIGNAL_WITHOUT(4),
    SIGNAL_WITHOUT(8), SIGNAL_WITHOUT(16), {"rt_sigaction", {ARG_HAS(0, 32, 32)}},
    {.name = NULL},
};
_Static_assert(SIGSYS == 31, "calls_of_all");
const struct call_group calls_of_all = {CALL_WORKS, LEVELS_LISTED, .names = of_all,
                                        .rules = handlers};

static const struct call_rule no_handler[] = {
    {"rt_sigaction", {ARG_IS(0, SIGSYS)}},
    {"sigaction", {ARG_IS(0, SIGSYS)}},
    {"signal", {ARG_IS(0, SIGSYS)}},
    {.name = NULL},
};
const struct call_group calls_no_handler = {CALL_ENDS, LEVELS_DENIED, .rules = no_handler};

/* clone3(), whose flags a filter cannot see, is missing at every level, upon which libc takes
   clone(). */
static const char *const missing[] = {"clone3", NULL};
const struct call_group calls_missing = {CALL_MISSING, LEVELS_ALL, .names = missing};
/* Older than the range of PROMISE_FIRST_NEW. */
static const char *const maybe_missing[] = {
    "statx", "rseq", "preadv2", "pwritev2", "copy_file_range", "renameat2", "membarrier", NULL};
const struct call_group calls_maybe_missing = {CALL_MISSING, LEVELS_LISTED, .names = maybe_missing};

static const struct call_rule flags[] = {{"fcntl", {ARG_IS(1, F_GETFD)}},
                                         {"fcntl", {ARG_IS(1, F_SETFD)}},
                                         {"fcntl", {ARG_IS(1, F_GETFL)}},
                                         {"fcntl", {ARG_IS(1, F_SETFL)}},
                                         {"fcntl64", {ARG_IS(1, F_GETFD)}},
                                         {"fcntl64", {ARG_IS(1, F_SETFD)}},
                                         {"fcntl64", {ARG_IS(1, F_GETFL)}},
                                         {"fcntl64", {ARG_IS(1, F_SETFL)}},
                                         {.name = NULL}};
const struct call_group calls_flags = {CALL_WORKS, LEVELS_LISTED, .rules = flags};

static const struct call_rule unaddressed[] = {
    {"sendto", {ARG_HAS(4, 0, UINT64_MAX)}},
    {.name = NULL},
};
const struct call_group calls_unaddressed = {CALL_WORKS, LEVELS_LISTED, .rules = unaddressed};

/* ---- All processes: denied ---- */

static const char *const dangerous[] = {
    /* other processes: their memory, descriptors and signals, with a queued value or without */
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
    "pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    /* calls that a filter does not see */
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    /* the kernel */
    "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
    "kexec_file_load", "bpf", "perf_event_open", "userfaultfd", "iopl", "ioperm", "modify_ldt",
    /* mounts, roots, namespaces */
    "mount", "umount", "umount2", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot", "unshare", "setns",
    "open_by_handle_at",
    /* the system */
    "reboot", "swapon", "swapoff", "acct", "nfsservctl", "uselib", NULL};
const struct call_group calls_dangerous = {CALL_KILLS, LEVELS_ALL, .names = dangerous};

static const char *const programs[] = {"execve", "execveat", NULL};
const struct call_group calls_no_programs = {CALL_ENDS, LEVELS_DENIED, .names = programs};

static const char *const of_children[] = {"fork", "vfork", NULL};
const struct call_group calls_of_children = {CALL_KILLS, LEVELS_ALL, .names = of_children};

/* Modules of the name services and libraries of theirs ask for keys, handles and process
   descriptors. */
static const char *const refused[] = {
    "add_key", "request_key", "keyctl", "name_to_handle_at", "pidfd_open", "kcmp", "syslog",
    "quotactl", "quotactl_fd", "lookup_dcookie", "sethostname", "setdomainname", "vhangup",
    /* scheduling, memory and devices of other processes */
    "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "setpriority",
    "ioprio_set", "migrate_pages", "move_pages", "fanotify_init", "personality", NULL};
const struct call_group calls_refused = {CALL_FAILS, LEVELS_DENIED, .names = refused};

/* Limits of other processes; a signal to another process when input arrives. */
static const struct call_rule refused_requests[] = {
    {"prlimit64", {ARG_IS_NOT(0, 0)}},     {"fcntl", {ARG_IS(1, F_SETOWN)}},
    {"fcntl", {ARG_IS(1, F_SETSIG)}},      {"fcntl", {ARG_IS(1, F_SETOWN_EX)}},
    {"fcntl64", {ARG_IS(1, F_SETOWN)}},    {"fcntl64", {ARG_IS(1, F_SETSIG)}},
    {"fcntl64", {ARG_IS(1, F_SETOWN_EX)}}, {.name = NULL},
};
const struct call_group calls_refused_requests = {CALL_FAILS, LEVELS_DENIED,
                                                  .rules = refused_requests};

/* The same; fake input of a terminal. */
static const struct call_rule refused_ioctls[] = {
    {"ioctl", {ARG_IS(1, FIOSETOWN)}},
    {"ioctl", {ARG_IS(1, SIOCSPGRP)}},
    {"ioctl", {ARG_IS(1, TIOCSTI)}},
    {.name = NULL},
};
const struct call_group calls_refused_ioctls = {CALL_FAILS, LEVELS_DENIED, .rules = refused_ioctls};

/* A process may signal only itself, as abort() does. */
static const struct call_rule signals[] = {
    {"kill", {ARG_IS_OTHER(0)}},
    {"tkill", {ARG_IS_OTHER(0)}},
    {"tgkill", {ARG_IS_OTHER(0)}},
    {.name = NULL},
};
const struct call_group calls_signals_end = {CALL_ENDS, LEVELS_DENIED, .rules = signals};
const struct call_group calls_signals_fail = {CALL_FAILS, LEVELS_DENIED, .rules = signals};

/* ---- Threads and children ---- */

#if defined(__s390__) || defined(__s390x__) || defined(__CRIS__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

#define THREAD_FLAGS ((uint64_t)(CLONE_THREAD | CLONE_VM | CLONE_SIGHAND))
/* CLONE_NEWNS, NEWCGROUP, ..., NEWNET, and a new time */
#define NAMESPACE_FLAGS UINT64_C(0x7e020080)

static const struct call_rule threads[] = {
    {"clone", {ARG_HAS(CLONE_FLAGS, THREAD_FLAGS, THREAD_FLAGS | NAMESPACE_FLAGS)}},
    {.name = NULL},
};
const struct call_group calls_threads = {CALL_WORKS, LEVELS_LISTED, .rules = threads};

/* There is no test for "any bit is set": one rule for each. */
#define WITHOUT(bit)                                                                               \
    {                                                                                              \
        "clone",                                                                                   \
        {                                                                                          \
            ARG_HAS(CLONE_FLAGS, 0, bit)                                                           \
        }                                                                                          \
    }
#define WITH(bit)                                                                                  \
    {                                                                                              \
        "clone",                                                                                   \
        {                                                                                          \
            ARG_HAS(CLONE_FLAGS, bit, bit)                                                         \
        }                                                                                          \
    }

static const struct call_rule no_children[] = {
    WITHOUT(CLONE_THREAD), WITHOUT(CLONE_VM),  WITHOUT(CLONE_SIGHAND), WITH(CLONE_NEWNS),
    WITH(CLONE_NEWCGROUP), WITH(CLONE_NEWUTS), WITH(CLONE_NEWIPC),     WITH(CLONE_NEWUSER),
    WITH(CLONE_NEWPID),    WITH(CLONE_NEWNET), WITH(UINT64_C(0x80)), /* a new time namespace */
    {.name = NULL},
};
const struct call_group calls_no_children = {CALL_FAILS, LEVELS_DENIED, .rules = no_children};

/* ---- Processes with descriptors and without names ---- */

/* The calls fail and do not end the process, since a library may look for an optional file at any
   time. */
static const char *const opening[] = {"open",  "openat", "openat2", "open_by_handle_at",
                                      "creat", NULL};
const struct call_group calls_no_opening = {CALL_FAILS, LEVELS_ALL, .names = opening};

/* syslog() tries a socket after a restart of the log's service. */
static const struct call_rule log_socket[] = {
    {"socket", {ARG_HAS(0, AF_UNIX, UINT64_MAX)}},
    {.name = NULL},
};
const struct call_group calls_no_log_socket = {CALL_FAILS, LEVELS_ALL, .rules = log_socket};

static const struct call_rule sockets[] = {{"socket", {ARG_IS_NOT(0, AF_UNIX)}}, {.name = NULL}};
const struct call_group calls_no_sockets = {CALL_ENDS, LEVELS_DENIED, .rules = sockets};

static const char *const network[] = {"ioctl", "clone", "bind", "connect", NULL};
const struct call_group calls_no_network = {CALL_ENDS, LEVELS_DENIED, .names = network};

static const char *const names[] = {
    /* of files */
    "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chmod", "fchmodat", "fchmodat2",
    "chown", "chown32", "lchown", "lchown32", "fchownat", "truncate", "truncate64", "utime",
    "utimes", "futimesat", "utimensat", "utimensat_time64", "setxattr", "lsetxattr", "setxattrat",
    "removexattr", "lremovexattr", "removexattrat", "file_setattr", "chdir", "inotify_add_watch",
    /* IPC */
    "mq_open", "mq_unlink", "shmget", "shmat", "shmctl", "semget", "semctl", "semop", "msgget",
    "msgctl", "msgsnd", "msgrcv", NULL};
const struct call_group calls_no_names = {CALL_FAILS, LEVELS_DENIED, .names = names};

static const char *const addressed[] = {"sendmmsg", NULL};
static const struct call_rule addressed_sendto[] = {{"sendto", {ARG_IS_NOT(4, 0)}}, {.name = NULL}};
const struct call_group calls_no_addressed = {CALL_FAILS, LEVELS_DENIED, .names = addressed,
                                              .rules = addressed_sendto};

static const char *const sendmsg_only[] = {"sendmsg", NULL};
const struct call_group calls_no_sendmsg = {CALL_FAILS, LEVELS_DENIED, .names = sendmsg_only};

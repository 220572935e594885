/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What level 2 of the system call filter denies, and what is denied to the name resolving helper
 * at every level (system.md 11.2, extended): loading code into the kernel, mounting, looking into
 * other processes, signals to them, and the ways around the rules of this list, such as io_uring.
 * A call that neither this program nor its libraries make ends the process; a call that a library
 * may try, and can do without, fails with EPERM.
 */
#include "config.h"

#include "base/number.h"
#include "process/filter.h"

#ifdef FEAT_SCFILTER

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process/filter_internal.h"

/* ---- All processes ---- */

/* Ends the process. */
static const char *const dangerous[] = {
    "execve", "execveat", "fork", "vfork",
    /* other processes: their memory, descriptors and signals, with a queued value or without */
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease",
    "pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    /* calls that a filter does not see */
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    /* the kernel */
    "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
    "kexec_file_load", "bpf", "perf_event_open", "userfaultfd", "iopl", "ioperm", "modify_ldt",
    /* mounts, roots, namespaces */
    "mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "pivot_root", "chroot", "unshare", "setns", "open_by_handle_at",
    /* the system */
    "reboot", "swapon", "swapoff", "acct", "nfsservctl", "uselib"};

/* Fails. Modules of the name services and libraries of theirs ask for keys, handles and process
   descriptors. */
static const char *const refused[] = {
    "add_key", "request_key", "keyctl", "name_to_handle_at", "pidfd_open", "kcmp", "syslog",
    "quotactl", "quotactl_fd", "lookup_dcookie", "sethostname", "setdomainname", "vhangup",
    /* scheduling, memory and devices of other processes */
    "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "setpriority",
    "ioprio_set", "migrate_pages", "move_pages", "fanotify_init", "personality"};

/* New calls, which have the same number on every architecture but Alpha, where libseccomp may not
   know the names yet. */
enum { NUMBER_FCHMODAT2 = 452, NUMBER_SETXATTRAT = 463, NUMBER_REMOVEXATTRAT = 466 };
enum { NUMBER_OPEN_TREE_ATTR = 467, NUMBER_FILE_SETATTR = 469 };

struct argument_rule {
    const char *name;
    unsigned int argument;
    enum scmp_compare compare;
    scmp_datum_t value; /* a mask for SCMP_CMP_MASKED_EQ */
    scmp_datum_t masked;
};

/* Fails: limits of other processes; a signal to another process when input arrives; fake input of
   a terminal. */
static const struct argument_rule refused_arguments[] = {
    {"prlimit64", 0, SCMP_CMP_NE, 0, 0},
    {"fcntl", 1, SCMP_CMP_MASKED_EQ, INT_MASK, F_SETOWN},
    {"fcntl", 1, SCMP_CMP_MASKED_EQ, INT_MASK, F_SETSIG},
    {"fcntl", 1, SCMP_CMP_MASKED_EQ, INT_MASK, F_SETOWN_EX},
    {"fcntl64", 1, SCMP_CMP_MASKED_EQ, INT_MASK, F_SETOWN},
    {"fcntl64", 1, SCMP_CMP_MASKED_EQ, INT_MASK, F_SETSIG},
    {"fcntl64", 1, SCMP_CMP_MASKED_EQ, INT_MASK, F_SETOWN_EX},
    {"ioctl", 1, SCMP_CMP_MASKED_EQ, INT_MASK, FIOSETOWN},
    {"ioctl", 1, SCMP_CMP_MASKED_EQ, INT_MASK, SIOCSPGRP},
    {"ioctl", 1, SCMP_CMP_MASKED_EQ, INT_MASK, TIOCSTI},
};

/* A process may signal only itself, as abort() does. A signal to another process ends a helper.
   In a process that uses name services it fails, because their modules may test with signal 0
   whether a process exists. */
static const char *const signal_calls[] = {"kill", "tkill", "tgkill"};

/* ---- NTS-KE helpers and the metrics server ---- */

/* Ends the process: children, other sockets. */
static const char *const dangerous_helper[] = {"ioctl", "clone", "clone3", "bind", "connect"};

/* Fails: changes of files by name, objects that processes share by name or number, messages to an
   address. */
static const char *const refused_helper[] = {
    /* names of files */
    "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
    "symlinkat", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat", "chmod", "fchmodat", "chown",
    "chown32", "lchown", "lchown32", "fchownat", "truncate", "truncate64", "utime", "utimes",
    "futimesat", "utimensat", "utimensat_time64", "setxattr", "lsetxattr", "removexattr",
    "lremovexattr", "chdir", "inotify_add_watch",
    /* IPC */
    "mq_open", "mq_unlink", "shmget", "shmat", "shmctl", "semget", "semctl", "semop", "msgget",
    "msgctl", "msgsnd", "msgrcv",
    /* addressed messages */
    "sendmmsg"};

/* ... and this one in NTS-KE helpers: their socket of the system log could send to another address,
   which a filter cannot see. The metrics server has no such socket. */
static const char *const refused_nts_helper[] = {"sendmsg"};

/* ---- Rules ---- */

bool filter_add_names(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        /* A call that the library or architecture does not have cannot be made. */
        if (number == __NR_SCMP_ERROR)
            continue;
        if (seccomp_rule_add(ctx, action, number, 0) < 0)
            return false;
    }
    return true;
}

static bool add_numbers(scmp_filter_ctx ctx, uint32_t action, const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (seccomp_rule_add(ctx, action, numbers[i], 0) < 0)
            return false;
    }
    return true;
}

static bool add_argument_rule(scmp_filter_ctx ctx, uint32_t action,
                              const struct argument_rule *rule)
{
    int number = seccomp_syscall_resolve_name(rule->name);

    return number == __NR_SCMP_ERROR || seccomp_rule_add(ctx, action, number, 1,
                                                         SCMP_CMP(rule->argument, rule->compare,
                                                                  rule->value, rule->masked)) >= 0;
}

#define THREAD_FLAGS    (CLONE_THREAD | CLONE_VM | CLONE_SIGHAND)
#define NAMESPACE_FLAGS 0x7e020080U /* CLONE_NEWNS, NEWCGROUP, ..., NEWNET, and NEWTIME */

bool filter_add_threads_only(scmp_filter_ctx ctx, uint32_t action, bool allowed)
{
    const scmp_datum_t mask = THREAD_FLAGS | NAMESPACE_FLAGS;

    if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) < 0)
        return false;
#if defined(__s390__) || defined(__s390x__) || defined(__CRIS__)
    const unsigned int argument = 1;
#else
    const unsigned int argument = 0;
#endif
    if (allowed)
        return seccomp_rule_add(
                   ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                   SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, (scmp_datum_t)THREAD_FLAGS)) >= 0;
    /* There is no comparison for "any bit is set": one rule for each. */
    for (unsigned int bit = 1; bit != 0; bit <<= 1) {
        scmp_datum_t wanted = THREAD_FLAGS & bit ? 0 : bit;

        if (mask & bit && seccomp_rule_add(ctx, action, SCMP_SYS(clone), 1,
                                           SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bit, wanted)) < 0)
            return false;
    }
    return true;
}

static bool add_signal_rules(scmp_filter_ctx ctx, uint32_t action)
{
    for (size_t i = 0; i < COUNT(signal_calls); i++) {
        const struct argument_rule rule = {signal_calls[i], 0, SCMP_CMP_NE, (scmp_datum_t)getpid(),
                                           0};

        if (!add_argument_rule(ctx, action, &rule))
            return false;
    }
    return true;
}

/* An NTS-KE helper sets one option on its connections; the metrics server TCP_NODELAY and TCP_CORK,
   which are below the others but for the maximum size of a segment. */
static bool deny_other_options(scmp_filter_ctx ctx, enum process_role role, uint32_t violation)
{
    const struct scmp_arg_cmp other = role == PROCESS_KE_HELPER
                                          ? SCMP_A2(SCMP_CMP_NE, TCP_QUICKACK, 0)
                                          : SCMP_A2(SCMP_CMP_GT, TCP_CORK, 0);

    return seccomp_rule_add(ctx, violation, SCMP_SYS(setsockopt), 1,
                            SCMP_A1(SCMP_CMP_NE, IPPROTO_TCP, 0)) >= 0 &&
           seccomp_rule_add(ctx, violation, SCMP_SYS(setsockopt), 2,
                            SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP, 0), other) >= 0;
}

static bool add_helper_rules(scmp_filter_ctx ctx, enum process_role role, uint32_t violation)
{
    static const int numbers[] = {NUMBER_FCHMODAT2, NUMBER_SETXATTRAT, NUMBER_REMOVEXATTRAT,
                                  NUMBER_FILE_SETATTR};
    static const struct argument_rule addressed = {"sendto", 4, SCMP_CMP_NE, 0, 0};
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);

    return filter_add_names(ctx, violation, dangerous_helper, COUNT(dangerous_helper)) &&
           add_signal_rules(ctx, violation) &&
           filter_add_names(ctx, refuse, refused_helper, COUNT(refused_helper)) &&
           (role != PROCESS_KE_HELPER ||
            filter_add_names(ctx, refuse, refused_nts_helper, COUNT(refused_nts_helper))) &&
           add_numbers(ctx, refuse, numbers, COUNT(numbers)) &&
           add_argument_rule(ctx, refuse, &addressed) && deny_other_options(ctx, role, violation);
}

bool filter_add_denied(scmp_filter_ctx ctx, enum process_role role, uint32_t violation)
{
    static const int numbers[] = {NUMBER_OPEN_TREE_ATTR};
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);

    if (!filter_add_names(ctx, violation, dangerous, COUNT(dangerous)) ||
        !add_numbers(ctx, violation, numbers, COUNT(numbers)) ||
        !filter_add_names(ctx, refuse, refused, COUNT(refused)))
        return false;
    const bool is_helper = role == PROCESS_KE_HELPER || role == PROCESS_METRICS;

    for (size_t i = 0; i < COUNT(refused_arguments); i++) {
        if (is_helper && refused_arguments[i].name[0] == 'i')
            continue; /* no ioctl() at all */
        if (!add_argument_rule(ctx, refuse, &refused_arguments[i]))
            return false;
    }
    if (is_helper)
        return add_helper_rules(ctx, role, violation);
    return add_signal_rules(ctx, refuse) && filter_add_threads_only(ctx, refuse, false);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of the system call filter, as in system.md 11, extended by what this implementation
 * calls besides: TCP_NODELAY and TCP_QUICKACK on connections, what opening a PPS device or PTP
 * clock again takes, and sched_getaffinity(), by which the C library sizes its memory pools when
 * a thread allocates. Helpers get less than the list there: no files, no clock. Level 1 allows
 * what is listed; level 2 denies what is listed. Names that the kernel headers of the build do
 * not know are resolved by libseccomp and skipped when it does not know them either.
 */
#include "config.h"

#include "process/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/number.h"

#ifdef FEAT_SCFILTER

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pps.h>
#include <linux/ptp_clock.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "process/filter_internal.h"

/* A helper, or the metrics server, opens no file after its start, at any level. The calls fail and
   do not end the process, since a library may look for an optional file at any time. */
static const char *const failing_helper[] = {"open", "openat", "openat2", "open_by_handle_at",
                                             "creat"};

/* Level 1: allowed without conditions, in all processes. */
static const char *const allowed_all[] = {
    /* clock */
    "clock_gettime", "clock_gettime64", "gettimeofday", "time",
    /* process */
    "exit", "exit_group", "getpid", "getrlimit", "getuid", "getuid32", "membarrier", "rseq",
    "rt_sigaction", "rt_sigreturn", "rt_sigprocmask", "set_tid_address", "sigreturn",
    "sched_getaffinity",
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
    "getrandom", "sysinfo", "uname"};

/* Level 1, main process only: the clock, other files, threads, more sockets. */
static const char *const allowed_main[] = {
    "adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime",
    /* process */
    "geteuid", "geteuid32", "wait4", "waitpid",
    /* memory; a reference clock may get its segment late (waitdevice) */
    "mlock", "shmat", "shmdt", "shmget",
    /* files */
    "access", "chmod", "chown", "chown32", "faccessat", "fchmodat", "fchownat", "fdatasync",
    "fstatat64", "fsync", "getdents", "getdents64", "lstat", "lstat64", "newfstatat", "open",
    "openat", "pipe", "pipe2", "readlink", "readlinkat", "rename", "renameat", "renameat2", "stat",
    "stat64", "statfs", "statfs64", "statx", "unlink", "unlinkat",
    /* sockets */
    "accept", "bind", "connect", "listen", "recvmmsg", "recvmmsg_time64", "sendmmsg", "sendmsg",
    "sendto", "socketcall"};

/* Level 1, metrics server only: it accepts connections, with the HTTP library's kind of wait, and
   has an alarm for a round without end. It has no socket that sendmsg() could address: the log is
   closed. */
static const char *const allowed_metrics[] = {"accept4",   "alarm",       "epoll_create1",
                                              "epoll_ctl", "epoll_pwait", "epoll_wait",
                                              "sendmsg",   "setitimer"};

/* Level 1, main process only: allowed with these arguments. */
static const unsigned int socket_domains[] = {AF_NETLINK, AF_UNIX, AF_INET, AF_INET6};

static const struct {
    int level;
    int option;
} socket_options[] = {
    {IPPROTO_IP, IP_PKTINFO},          {IPPROTO_IP, IP_FREEBIND},
    {IPPROTO_IP, IP_RECVERR},          {IPPROTO_IP, IP_TOS},
    {IPPROTO_IPV6, IPV6_V6ONLY},       {IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {IPPROTO_IPV6, IPV6_RECVERR},      {IPPROTO_IPV6, IPV6_TCLASS},
    {IPPROTO_TCP, TCP_NODELAY},        {IPPROTO_TCP, TCP_QUICKACK},
    {SOL_SOCKET, SO_BINDTODEVICE},     {SOL_SOCKET, SO_BROADCAST},
    {SOL_SOCKET, SO_REUSEADDR},        {SOL_SOCKET, SO_REUSEPORT},
    {SOL_SOCKET, SO_TIMESTAMP},        {SOL_SOCKET, SO_TIMESTAMPNS},
    {SOL_SOCKET, SO_SELECT_ERR_QUEUE}, {SOL_SOCKET, SO_TIMESTAMPING},
};

/* Flags of descriptors. */
static const unsigned int flag_commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL};

static const unsigned long ioctl_requests[] = {
    FIONREAD,
    TCGETS,
#ifdef TCGETS2
    TCGETS2,
#endif
    TIOCGWINSZ,
    PTP_EXTTS_REQUEST,
    PTP_SYS_OFFSET,
#ifdef PTP_PIN_SETFUNC
    PTP_PIN_SETFUNC,
#endif
#ifdef PTP_SYS_OFFSET_EXTENDED
    PTP_SYS_OFFSET_EXTENDED,
#endif
#ifdef PTP_SYS_OFFSET_PRECISE
    PTP_SYS_OFFSET_PRECISE,
#endif
    /* The settings of PPS and the check of PTP clocks: for a device that came back. */
    PPS_FETCH,
    PPS_GETCAP,
    PPS_GETPARAMS,
    PPS_SETPARAMS,
    PTP_CLOCK_GETCAPS,
    RTC_RD_TIME,
    RTC_SET_TIME,
    RTC_UIE_ON,
    RTC_UIE_OFF,
    SIOCETHTOOL,
    SIOCGIFINDEX,
};

static bool allow_argument(scmp_filter_ctx ctx, const char *name, unsigned int argument,
                           uint64_t mask, uint64_t value)
{
    int number = seccomp_syscall_resolve_name(name);

    return number == __NR_SCMP_ERROR ||
           seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 1,
                            SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value)) >= 0;
}

static bool allow_option(scmp_filter_ctx ctx, int level, int option)
{
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                            SCMP_CMP(1, SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t)level),
                            SCMP_CMP(2, SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t)option)) >= 0;
}

/* Sending to the peer of the socket only, not to another address. */
static bool allow_unaddressed(scmp_filter_ctx ctx)
{
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_EQ, 0, 0)) >=
           0;
}

static bool allow_fcntl(scmp_filter_ctx ctx, unsigned int command)
{
    return allow_argument(ctx, "fcntl", 1, INT_MASK, command) &&
           allow_argument(ctx, "fcntl64", 1, INT_MASK, command);
}

/* Reading and setting the flags of descriptors. */
static bool allow_flags(scmp_filter_ctx ctx)
{
    for (size_t i = 0; i < COUNT(flag_commands); i++) {
        if (!allow_fcntl(ctx, flag_commands[i]))
            return false;
    }
    return true;
}

static bool add_main_rules(scmp_filter_ctx ctx)
{
    if (!filter_add_threads_only(ctx, 0, true))
        return false;
    for (size_t i = 0; i < COUNT(socket_domains); i++) {
        if (!allow_argument(ctx, "socket", 0, INT_MASK, socket_domains[i]))
            return false;
    }
    for (size_t i = 0; i < COUNT(socket_options); i++) {
        if (!allow_option(ctx, socket_options[i].level, socket_options[i].option))
            return false;
    }
    /* The lock of the history file. */
    if (!allow_flags(ctx) || !allow_fcntl(ctx, F_SETLK))
        return false;
    for (size_t i = 0; i < COUNT(ioctl_requests); i++) {
        if (!allow_argument(ctx, "ioctl", 1, INT_MASK, ioctl_requests[i] & INT_MASK))
            return false;
    }
    return true;
}

/* A helper opens no socket. syslog() tries it after a restart of the log's service: that fails,
   and does not end the process. */
static bool add_helper_rules(scmp_filter_ctx ctx, int level, uint32_t violation)
{
    return filter_add_names(ctx, SCMP_ACT_ERRNO(EPERM), failing_helper, COUNT(failing_helper)) &&
           seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
                            SCMP_CMP(0, SCMP_CMP_EQ, AF_UNIX, 0)) >= 0 &&
           (level == 1 || seccomp_rule_add(ctx, violation, SCMP_SYS(socket), 1,
                                           SCMP_CMP(0, SCMP_CMP_NE, AF_UNIX, 0)) >= 0);
}

/* Level 1: what a role has besides what all have. */
static bool add_allowed(scmp_filter_ctx ctx, enum process_role role)
{
    switch (role) {
    case PROCESS_KE_HELPER:
        return allow_option(ctx, IPPROTO_TCP, TCP_QUICKACK) && allow_unaddressed(ctx);
    case PROCESS_METRICS:
        return filter_add_names(ctx, SCMP_ACT_ALLOW, allowed_metrics, COUNT(allowed_metrics)) &&
               allow_option(ctx, IPPROTO_TCP, TCP_NODELAY) &&
               allow_option(ctx, IPPROTO_TCP, TCP_CORK) && allow_flags(ctx) &&
               allow_unaddressed(ctx);
    default:
        return filter_add_names(ctx, SCMP_ACT_ALLOW, allowed_main, COUNT(allowed_main)) &&
               add_main_rules(ctx);
    }
}

static bool add_rules(scmp_filter_ctx ctx, int level, enum process_role role, uint32_t violation)
{
    if ((role == PROCESS_KE_HELPER || role == PROCESS_METRICS) &&
        !add_helper_rules(ctx, level, violation))
        return false;
    if (level == 1 && role != PROCESS_RESOLVER)
        return filter_add_names(ctx, SCMP_ACT_ALLOW, allowed_all, COUNT(allowed_all)) &&
               add_allowed(ctx, role);
    return filter_add_denied(ctx, role, violation);
}

#endif

void filter_check_level(int level)
{
    if (level < -2 || level > 2)
        LOG_FATAL("Unsupported filter level");
#ifndef FEAT_SCFILTER
    if (level != 0)
        LOG_FATAL("system call filter not supported");
#endif
}

#ifdef FEAT_SCFILTER
/* Ends the whole process. Kernels before 4.14 can only end the thread that made the call. */
static uint32_t kill_action(void)
{
    return seccomp_api_get() >= 3 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL;
}
#endif

void filter_load(int level, enum process_role role)
{
    filter_check_level(level);
    if (level == 0)
        return;
#ifdef FEAT_SCFILTER
    uint32_t violation = level > 0 ? kill_action() : SCMP_ACT_TRAP;
    int kind = role == PROCESS_RESOLVER ? 2 : abs(level);
    scmp_filter_ctx ctx = seccomp_init(kind == 1 ? violation : SCMP_ACT_ALLOW);

    if (!ctx)
        LOG_FATAL("Failed to initialize seccomp");
    /* Calls by the numbers of another architecture. */
    if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, violation) < 0)
        LOG_FATAL("Failed to initialize seccomp");
    if (!add_rules(ctx, kind, role, violation))
        LOG_FATAL("Failed to add seccomp rules");
    if (seccomp_load(ctx) < 0)
        LOG_FATAL("Failed to load seccomp rules");
    seccomp_release(ctx);
    LOG(role == PROCESS_MAIN ? LOG_SEV_INFO : LOG_SEV_DEBUG, "Loaded seccomp filter (level %d)",
        kind);
#else
#endif
}

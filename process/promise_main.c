/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process. Descriptors: its sockets, logs, devices, channels. Files: the state of the
 * daemon. Capabilities: see system.md 10.3. System calls: besides what all have the clock (unless a
 * guard sets it), files by name, threads that look up names, datagrams and connections, and the
 * requests of devices that are listed here.
 */
#include "process/promise.h"
#include "process/shared_memory.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/pps.h>
#include <linux/ptp_clock.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const char *const clock_calls[] = {"adjtimex", "clock_adjtime", "clock_adjtime64",
                                          "clock_settime", NULL};
static const struct call_group of_clock = {CALL_WORKS, LEVELS_LISTED, WORK_CLOCK,
                                           .names = clock_calls};

static const char *const calls[] = {
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
    "sendto", "socketcall",
    /* memory that processes share */
    "memfd_create", "ftruncate", "ftruncate64", NULL};

#define SOCKET(domain)                                                                             \
    {                                                                                              \
        "socket",                                                                                  \
        {                                                                                          \
            ARG_IS(0, domain)                                                                      \
        }                                                                                          \
    }
#define OPTION(level, option)                                                                      \
    {                                                                                              \
        "setsockopt",                                                                              \
        {                                                                                          \
            ARG_IS(1, level), ARG_IS(2, option)                                                    \
        }                                                                                          \
    }
#define REQUEST(request)                                                                           \
    {                                                                                              \
        "ioctl",                                                                                   \
        {                                                                                          \
            ARG_IS(1, request)                                                                     \
        }                                                                                          \
    }

static const struct call_rule rules[] = {
    SOCKET(AF_NETLINK),
    SOCKET(AF_UNIX),
    SOCKET(AF_INET),
    SOCKET(AF_INET6),
    OPTION(IPPROTO_IP, IP_PKTINFO),
    OPTION(IPPROTO_IP, IP_FREEBIND),
    OPTION(IPPROTO_IP, IP_RECVERR),
    OPTION(IPPROTO_IP, IP_TOS),
    OPTION(IPPROTO_IPV6, IPV6_V6ONLY),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    OPTION(IPPROTO_IPV6, IPV6_RECVERR),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS),
    OPTION(IPPROTO_TCP, TCP_NODELAY),
    OPTION(IPPROTO_TCP, TCP_QUICKACK),
    OPTION(SOL_SOCKET, SO_BINDTODEVICE),
    OPTION(SOL_SOCKET, SO_BROADCAST),
    OPTION(SOL_SOCKET, SO_REUSEADDR),
    OPTION(SOL_SOCKET, SO_REUSEPORT),
    OPTION(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF),
    OPTION(SOL_SOCKET, SO_TIMESTAMP),
    OPTION(SOL_SOCKET, SO_TIMESTAMPNS),
    OPTION(SOL_SOCKET, SO_SELECT_ERR_QUEUE),
    OPTION(SOL_SOCKET, SO_TIMESTAMPING),
    /* the lock of the history file */
    {"fcntl", {ARG_IS(1, F_SETLK)}},
    {"fcntl64", {ARG_IS(1, F_SETLK)}},
    {"fcntl", {ARG_IS(1, SHARED_MEMORY_SEAL)}},
    {"fcntl64", {ARG_IS(1, SHARED_MEMORY_SEAL)}},
    REQUEST(FIONREAD),
    REQUEST(TCGETS),
#ifdef TCGETS2
    REQUEST(TCGETS2),
#endif
    REQUEST(TIOCGWINSZ),
    REQUEST(PTP_EXTTS_REQUEST),
    REQUEST(PTP_SYS_OFFSET),
#ifdef PTP_PIN_SETFUNC
    REQUEST(PTP_PIN_SETFUNC),
#endif
#ifdef PTP_SYS_OFFSET_EXTENDED
    REQUEST(PTP_SYS_OFFSET_EXTENDED),
#endif
#ifdef PTP_SYS_OFFSET_PRECISE
    REQUEST(PTP_SYS_OFFSET_PRECISE),
#endif
    /* the settings of PPS and the check of PTP clocks: for a device that came back */
    REQUEST(PPS_FETCH),
    REQUEST(PPS_GETCAP),
    REQUEST(PPS_GETPARAMS),
    REQUEST(PPS_SETPARAMS),
    REQUEST(PTP_CLOCK_GETCAPS),
    REQUEST(RTC_RD_TIME),
    REQUEST(RTC_UIE_ON),
    REQUEST(RTC_UIE_OFF),
    REQUEST(SIOCETHTOOL),
    REQUEST(SIOCGIFINDEX),
    {.name = NULL},
};
static const struct call_group listed = {CALL_WORKS, LEVELS_LISTED, .names = calls, .rules = rules};

static const struct call_rule rtc_rules[] = {REQUEST(RTC_SET_TIME), {.name = NULL}};
static const struct call_group of_rtc = {CALL_WORKS, LEVELS_LISTED, WORK_CLOCK, .rules = rtc_rules};

static const struct call_group *const groups[] = {&calls_of_all,
                                                  &of_clock,
                                                  &of_rtc,
                                                  &listed,
                                                  &calls_flags,
                                                  &calls_threads,
                                                  CALL_GROUPS_DENIED,
                                                  &calls_refused_ioctls,
                                                  &calls_signals_fail,
                                                  &calls_no_children,
                                                  NULL};

static const struct path_rule paths[] = {
    /* leap seconds */
    {"/usr/share/zoneinfo", PATH_READ},
    {"/etc/zoneinfo", PATH_READ},
    {"/etc/localtime", PATH_READ},
    /* the processes of the daemon, and who owns a segment of shared memory */
    {"/proc", PATH_READ},
    {"/sys/devices/system/cpu", PATH_READ},
    {"/dev/null", PATH_DEVICE},
    {"/dev/urandom", PATH_READ},
    {.path = NULL},
};

static const struct probe daily[] = {
    PROBE("openat", AT_FDCWD, PROBE_BUFFER, O_RDONLY),
    PROBE("newfstatat", AT_FDCWD, PROBE_BUFFER, PROBE_BUFFER),
    PROBE("rename", PROBE_BUFFER, PROBE_BUFFER),
    PROBE("renameat", AT_FDCWD, PROBE_BUFFER, AT_FDCWD, PROBE_BUFFER),
    PROBE("unlink", PROBE_BUFFER),
    PROBE("unlinkat", AT_FDCWD, PROBE_BUFFER),
    PROBE("fsync", -1),
    PROBE("getdents64", -1, PROBE_BUFFER),
    PROBE("socket", AF_INET),
    PROBE("socket", AF_INET6),
    PROBE("socket", AF_UNIX),
    PROBE("bind", -1, PROBE_BUFFER),
    PROBE("connect", -1, PROBE_BUFFER),
    PROBE("listen", -1),
    PROBE("accept", -1),
    PROBE("recvmmsg", -1, PROBE_BUFFER),
    PROBE("sendmmsg", -1, PROBE_BUFFER),
    PROBE("sendmsg", -1, PROBE_BUFFER),
    PROBE("sendto", -1, PROBE_BUFFER, 1, 0, PROBE_BUFFER, 16),
    PROBE("setsockopt", -1, SOL_SOCKET, SO_REUSEADDR, PROBE_BUFFER, 4),
    PROBE("fcntl", -1, F_SETFL),
    PROBE("fcntl", -1, F_SETLK, PROBE_BUFFER),
    PROBE("ioctl", -1, SIOCGIFINDEX, PROBE_BUFFER),
    PROBE("ioctl", -1, PPS_FETCH, PROBE_BUFFER),
    PROBE("ioctl", -1, PTP_SYS_OFFSET, PROBE_BUFFER),
    {.call = "adjtimex", .work = WORK_CLOCK},
    {.call = "clock_settime", .arguments = {-1, PROBE_BUFFER}, .work = WORK_CLOCK},
    {.call = NULL},
};

const struct promise promise_main = {
    .name = "main process",
    .lists_calls = true,
    .groups = groups,
    .denied = probes_no_programs,
    .daily = daily,
    .paths = paths,
    .named_paths = true,
    .named_ports = true,
    .connects = true,
};

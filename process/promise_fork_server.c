/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fork server. Descriptors: its channel, that of the binder, and the log. Files: those that its
 * helpers are made of. Capabilities: see sandbox_enter_fork_server(). System calls: its children
 * have its filter besides their own, so it denies at every level only what none of them may call.
 * It makes processes, ends them, and lets them change their user. The same holds for Landlock: its
 * children look up names, and certificates are anywhere, so it can read all files, and write none.
 */
#include "process/promise.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WITH(bit)                                                                                  \
    {                                                                                              \
        "clone",                                                                                   \
        {                                                                                          \
            ARG_HAS(0, bit, bit)                                                                   \
        }                                                                                          \
    }

static const struct call_rule namespaces[] = {
    WITH(CLONE_NEWNS),   WITH(CLONE_NEWCGROUP), WITH(CLONE_NEWUTS), WITH(CLONE_NEWIPC),
    WITH(CLONE_NEWUSER), WITH(CLONE_NEWPID),    WITH(CLONE_NEWNET), {.name = NULL},
};
static const struct call_group no_namespaces = {CALL_FAILS, LEVELS_DENIED, .rules = namespaces};

static const struct call_group *const groups[] = {
    &calls_missing,          &calls_dangerous,      &calls_no_programs, &calls_refused,
    &calls_refused_requests, &calls_refused_ioctls, &no_namespaces,     NULL};

static const struct path_rule paths[] = {
    {"/", PATH_READ},
    {"/dev/null", PATH_DEVICE},
    {.path = NULL},
};

static const struct probe daily[] = {
    PROBE("wait4", -1, 0, WNOHANG),
    PROBE("setresuid", -1, -1, -1),
    PROBE("setresgid", -1, -1, -1),
    PROBE("capset", 0),
    PROBE("openat", AT_FDCWD, PROBE_BUFFER, O_RDONLY),
    PROBE("sendmsg", -1, PROBE_BUFFER),
    PROBE("socketpair", -1),
    PROBE("socket", AF_UNIX),
    {.call = NULL},
};

const struct promise promise_fork_server = {
    .name = "fork server",
    .groups = groups,
    .denied = probes_no_programs,
    .daily = daily,
    .paths = paths,
    .named_ports = true,
    .connects = true,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users, rights and filters by role; see sandbox.h. privileges.h, process.h and filter.h have the
 * means; only this file decides which of them a process uses.
 */
#include "config.h"

#include "process/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "process/privileges.h"
#include "process/process.h"
#include "process/signals.h"
#include "process/violation.h"

/* ---- Users ---- */

bool sandbox_started_as_root(void)
{
    return geteuid() == 0;
}

bool sandbox_changes_user(const struct sandbox *s)
{
    return sandbox_started_as_root() && (s->uid != 0 || s->gid != 0);
}

static bool is_chosen(const struct sandbox *s, enum conf_choice choice)
{
    return choice == CHOICE_YES || (choice == CHOICE_AUTO && sandbox_changes_user(s));
}

void sandbox_choose_processes(struct sandbox *s, const struct process_conf *conf,
                              bool controls_clock)
{
    s->guards_clock = controls_clock && is_chosen(s, conf->clock_guard);
    s->has_ke_client = is_chosen(s, conf->nts_client_process);
    s->server_workers = conf->server_workers >= 0   ? conf->server_workers
                        : is_chosen(s, CHOICE_AUTO) ? 1
                                                    : 0;
}

/* The calls that getaddrinfo() makes depend on the system's name services, so no list can name
   them. */
bool sandbox_wants_resolver(const struct sandbox *s)
{
    return s->filter_level == 1 || s->filter_level == -1;
}

/* Whether a user has no rights on the daemon's files and sockets. */
static bool is_apart(const struct sandbox *s, uid_t uid, gid_t gid)
{
    return uid != 0 && gid != 0 && uid != s->uid && gid != s->gid;
}

/* Whether there is a process that has no business with the daemon's user. */
static bool has_strangers(const struct sandbox *s)
{
    return sandbox_wants_resolver(s) || s->serves_metrics;
}

static const char *strangers_run(const struct sandbox *s)
{
    return !s->serves_metrics          ? "the name resolving helper runs"
           : sandbox_wants_resolver(s) ? "the name resolving helper and the metrics server run"
                                       : "the metrics server runs";
}

/* The name resolving helper and the metrics server parse data of the network, so they get a user of
   their own, who may neither use the command socket nor read the state of the daemon. */
static void find_resolve_user(struct sandbox *s)
{
    static const char *const names[] = {RESOLVE_USER, "nobody"};
    uid_t uid;
    gid_t gid;

    s->resolve_uid = s->uid;
    s->resolve_gid = s->gid;
    if (!has_strangers(s) || !sandbox_started_as_root())
        return;
    if (privileges_missing(PRIVILEGE_SETUID | PRIVILEGE_SETGID)) {
        LOG_WARN("CAP_SETUID or CAP_SETGID is not permitted : %s as the user of the daemon",
                 strangers_run(s));
        return;
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!privileges_look_up_user(names[i], &uid, &gid) || !is_apart(s, uid, gid) ||
            !privileges_may_become(uid, gid))
            continue;
        s->resolve_uid = uid;
        s->resolve_gid = gid;
        return;
    }
    LOG_WARN(
        "Neither %s nor nobody is a user with a group apart from the daemon's : %s as the user "
        "of the daemon",
        RESOLVE_USER, strangers_run(s));
}

void sandbox_find_users(struct sandbox *s, const char *name)
{
    privileges_find_user(name, &s->uid, &s->gid);
    if (sandbox_started_as_root()) {
        if (s->uid != 0 || s->gid != 0)
            privileges_check_change(s->uid, s->gid);
    } else if (strcmp(name, DEFAULT_USER) == 0) {
        s->uid = geteuid();
        s->gid = getegid();
    } else if (s->uid != geteuid()) {
        LOG_WARN("Running as user ID %u and not as %s : only root can change user",
                 (unsigned int)geteuid(), name);
    }
    find_resolve_user(s);
}

/* ---- Violations of the filter ---- */

void sandbox_share_violations(struct sandbox *s)
{
    if (s->filter_level != 0)
        s->violations = violations_new();
}

/* ---- Memory ---- */

void sandbox_raise_lock_limit(struct sandbox *s)
{
    if (!s->locks_memory || process_raise_lock_limit())
        return;
    s->lock_needs_capability = true;
    LOG_WARN("setrlimit() failed : %s; %s", text_errno(errno),
             privileges_missing(PRIVILEGE_IPC_LOCK)
                 ? "without CAP_IPC_LOCK, which is not permitted either, no memory is locked"
                 : "the memory of processes without CAP_IPC_LOCK is not locked");
}

/* If locked memory grew beyond the limit, the process would end. */
void sandbox_lock_memory(const struct sandbox *s)
{
    if (s->locks_memory && !(s->lock_needs_capability && privileges_missing(PRIVILEGE_IPC_LOCK)))
        process_lock_memory();
}

/* ---- Roles ---- */

/* Other processes must not remove or report on files of the main process. */
static void leave_main_process(int channel)
{
    signals_forget();
    log_set_parent_fd(-1);
    log_set_fatal_hook(NULL, NULL);
    process_close_descriptors(channel, log_file_descriptor());
    log_reconnect();
}

/* No core dumps, no tracing by others of this user: there are private keys in the fork server and
   in helpers. A change of user switches it on again. */
static void forbid_dumps(void)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void load_filter(const struct sandbox *s, enum process_role role, unsigned int work)
{
    if (s->filter_level == 0)
        return;
    violation_catch(s->violations, role, s->filter_level < 0, !promise_of(role)->is_stranger);
    filter_load(s->filter_level, role, work);
}

void sandbox_enter_fork_server(const struct sandbox *s, bool reads_files, int channel)
{
    const unsigned int guards = s->guards_clock ? PRIVILEGE_SYS_TIME : 0;
    unsigned int keep = reads_files ? PRIVILEGE_DAC_READ_SEARCH : 0;

    forbid_dumps();
    leave_main_process(channel);
    privileges_forbid_new();
    sandbox_lock_memory(s);
    if (sandbox_started_as_root()) {
        if (sandbox_changes_user(s))
            privileges_empty_bounding_set();
        if (s->lock_needs_capability)
            keep |= PRIVILEGE_IPC_LOCK;
        if (sandbox_changes_user(s) || (has_strangers(s) && s->resolve_uid != s->uid))
            keep |= PRIVILEGE_SETUID | PRIVILEGE_SETGID;
        privileges_limit(keep | guards);
    }
    privileges_reserve(guards);
    load_filter(s, PROCESS_FORK_SERVER, 0);
}

void sandbox_enter_to_read(const struct sandbox *s, enum process_role role, int channel)
{
    const bool is_stranger = promise_of(role)->is_stranger;
    const uid_t uid = is_stranger ? s->resolve_uid : s->uid;
    const gid_t gid = is_stranger ? s->resolve_gid : s->gid;
    const unsigned int keep = role == PROCESS_GUARD ? PRIVILEGE_SYS_TIME : 0;

    leave_main_process(channel);
    if (sandbox_started_as_root() && (uid != 0 || gid != 0))
        privileges_drop(uid, gid, keep);
    else
        privileges_limit(keep);
    privileges_forbid_new();
    sandbox_lock_memory(s);
    forbid_dumps();
    /* The guard is needed until the main process has set the last frequency. */
    if (role != PROCESS_GUARD)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

void sandbox_close(const struct sandbox *s, enum process_role role)
{
    load_filter(s, role, 0);
}

void sandbox_enter(const struct sandbox *s, enum process_role role, int channel)
{
    sandbox_enter_to_read(s, role, channel);
    sandbox_close(s, role);
}

void sandbox_enter_main(const struct sandbox *s)
{
    load_filter(s, PROCESS_MAIN, s->guards_clock ? 0 : WORK_CLOCK);
}

void sandbox_kill(const struct sandbox *s, pid_t pid)
{
    if (!privileges_kill(pid, s->uid) && !privileges_kill(pid, s->resolve_uid) && errno != ESRCH)
        LOG_ERROR("Could not end process %ld : %s", (long)pid, text_errno(errno));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users, rights and filters by role; see sandbox.h. privileges.h, process.h and filter.h have the
 * means; only this file decides which of them a process uses.
 */
#include "config.h"

#include "process/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "process/privileges.h"
#include "process/process.h"
#include "process/self_test.h"
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
    s->confines = sandbox_changes_user(s);
    s->landlock_abi = s->confines ? landlock_abi() : 0;
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
    return sandbox_wants_resolver(s) || s->serves_metrics || s->server_workers > 0;
}

static const char *strangers_run(const struct sandbox *s)
{
    /* By bits: name resolving helper, metrics server, server workers. */
    static const char *const texts[] = {
        "",
        "the name resolving helper runs",
        "the metrics server runs",
        "the name resolving helper and the metrics server run",
        "server workers run",
        "the name resolving helper and server workers run",
        "the metrics server and server workers run",
        "the name resolving helper, the metrics server and server workers run",
    };

    return texts[(sandbox_wants_resolver(s) ? 1 : 0) + (s->serves_metrics ? 2 : 0) +
                 (s->server_workers > 0 ? 4 : 0)];
}

/* These processes parse data of the network, so they get a user of their own, who may neither use
   the command socket nor read the state of the daemon. */
void sandbox_find_strangers(struct sandbox *s)
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

/* A sandbox that does not hold is worse than none, and one that holds too much ends the process
   some day. */
static _Noreturn void fail_self_test(enum process_role role, const char *problem)
{
    LOG_FATAL("Self-test of the %s failed : %s", promise_of(role)->name, problem);
}

/* ---- Landlock ---- */

static char *existing_ancestor(const char *path)
{
    char *ancestor = text_dup(path);
    struct stat st;

    while (stat(ancestor, &st) < 0 && strcmp(ancestor, "/") != 0 && strcmp(ancestor, ".") != 0) {
        char *parent = file_directory(ancestor);

        free(ancestor);
        ancestor = parent;
    }
    return ancestor;
}

void sandbox_allow_path(struct sandbox *s, const char *path, enum path_use use)
{
    if (!s->confines)
        return;
    char *ancestor = existing_ancestor(path);

    /* The root directory stands for all files, which nobody has named. */
    if (strcmp(ancestor, "/") == 0 && strcmp(path, "/") != 0) {
        free(ancestor);
        return;
    }
    s->paths = mem_resize(s->paths, s->path_count + 1, sizeof(*s->paths));
    s->paths[s->path_count++] = (struct path_rule){ancestor, use};
}

void sandbox_forget_paths(struct sandbox *s)
{
    for (size_t i = 0; i < s->path_count; i++)
        free((void *)(uintptr_t)s->paths[i].path);
    free(s->paths);
    s->paths = NULL;
    s->path_count = 0;
}

void sandbox_allow_port(struct sandbox *s, uint16_t port)
{
    if (s->bind_port_count < COUNT(s->bind_ports))
        s->bind_ports[s->bind_port_count++] = port;
}

void sandbox_order_port(struct sandbox *s, int port)
{
    if (port > 0 && s->ordered_port_count < COUNT(s->ordered_ports))
        s->ordered_ports[s->ordered_port_count++] = (uint16_t)port;
}

bool sandbox_orders_port(const struct sandbox *s, int port)
{
    for (size_t i = 0; i < s->ordered_port_count; i++)
        if (s->ordered_ports[i] == port)
            return true;
    return false;
}

/* The paths of the promise, and those that are named. */
static struct path_rule *join_paths(const struct sandbox *s, const struct promise *promise,
                                    size_t *count)
{
    const size_t named = promise->named_paths ? s->path_count : 0;

    *count = 0;
    while (promise->paths && promise->paths[*count].path)
        ++*count;
    struct path_rule *paths = mem_array(*count + named, sizeof(*paths));
    for (size_t i = 0; i < *count; i++)
        paths[i] = promise->paths[i];
    for (size_t i = 0; i < named; i++)
        paths[(*count)++] = s->paths[i];
    return paths;
}

static struct landlock_wish make_wish(const struct sandbox *s, enum process_role role,
                                      struct path_rule **paths)
{
    const struct promise *promise = promise_of(role);
    struct landlock_wish wish = {
        .connects_any = promise->connects,
        .bind_ports = s->bind_ports,
        .bind_port_count = promise->named_ports ? s->bind_port_count : 0,
        .abstract_sockets = role == PROCESS_MAIN && s->uses_abstract_sockets,
    };

    *paths = join_paths(s, promise, &wish.path_count);
    wish.paths = *paths;
    return wish;
}

static struct landlock_result confine(const struct sandbox *s, enum process_role role)
{
    struct landlock_result result = {.abi = 0};
    char problem[160];

    if (s->confines) {
        struct path_rule *paths;
        const struct landlock_wish wish = make_wish(s, role, &paths);

        result = landlock_restrict(&wish);
        /* Under a filter it is the filter that denies programs, and nothing has to be forked. */
        if (!self_test_landlock(&wish, &result, s->filter_level == 0, problem, sizeof(problem)))
            fail_self_test(role, problem);
        free(paths);
    }
    return result;
}

struct landlock_result sandbox_landlock(const struct sandbox *s, enum process_role role)
{
    struct landlock_result result = {.abi = s->landlock_abi};

    /* What the kernel has refused to the main process it has refused to all. */
    if (!s->confines || result.abi == 0 || s->landlock.error != 0)
        return (struct landlock_result){.abi = 0};
    if (role == PROCESS_MAIN)
        return s->landlock;
    struct path_rule *paths;
    const struct landlock_wish wish = make_wish(s, role, &paths);
    result.kinds = landlock_kinds(result.abi, &wish);

    for (size_t i = 0; i < wish.path_count; i++)
        result.rules += access(wish.paths[i].path, F_OK) == 0;
    if (result.kinds & LANDLOCK_BIND)
        result.rules += (unsigned int)wish.bind_port_count;
    free(paths);
    return result;
}

/* ---- Filter ---- */

static void load_filter(const struct sandbox *s, enum process_role role, unsigned int work)
{
    char problem[160];

    if (s->filter_level == 0)
        return;
    violation_catch(s->violations, role, s->filter_level < 0, !promise_of(role)->closes_log);
    filter_load(s->filter_level, role, work);
    if (s->confines && !self_test_filter(s->filter_level, role, work, problem, sizeof(problem)))
        fail_self_test(role, problem);
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
        if (s->ordered_port_count > 0)
            keep |= PRIVILEGE_NET_BIND_SERVICE;
        privileges_limit(keep | guards);
    }
    privileges_reserve(guards);
    confine(s, PROCESS_FORK_SERVER);
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
    /* The main process waits for the guard, which must not wait for others. */
    if (role != PROCESS_GUARD && s->guards_clock && s->priority > 0)
        process_leave_priority();
    /* The guard is needed until the main process has set the last frequency. */
    if (role != PROCESS_GUARD)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

void sandbox_close(const struct sandbox *s, enum process_role role)
{
    confine(s, role);
    load_filter(s, role, 0);
}

void sandbox_enter(const struct sandbox *s, enum process_role role, int channel)
{
    sandbox_enter_to_read(s, role, channel);
    sandbox_close(s, role);
}

/* What could not be had is said once, here, for all processes: they have the same kernel. */
static void log_landlock(const struct sandbox *s, const struct landlock_result *landlock)
{
    char text[128];

    if (s->runs_programs)
        LOG_INFO("Landlock is off in the main process: mailonchange runs a program");
    else if (landlock->error != 0)
        LOG_WARN("Could not enable Landlock : %s; file permissions alone protect files",
                 text_errno(landlock->error));
    else if (landlock->abi == 0)
        LOG_INFO("Landlock is not available in this kernel; file permissions alone protect files");
    else
        LOG_INFO("Enabled Landlock (version %d, %u rules): %s", landlock->abi, landlock->rules,
                 landlock_describe(landlock->kinds, text, sizeof(text)));
}

void sandbox_enter_main(struct sandbox *s)
{
    if (s->confines) {
        if (!s->runs_programs)
            s->landlock = confine(s, PROCESS_MAIN);
        log_landlock(s, &s->landlock);
    }
    load_filter(s, PROCESS_MAIN, s->guards_clock ? 0 : WORK_CLOCK);
}

void sandbox_kill(const struct sandbox *s, pid_t pid)
{
    if (!privileges_kill(pid, s->uid) && !privileges_kill(pid, s->resolve_uid) && errno != ESRCH)
        LOG_ERROR("Could not end process %ld : %s", (long)pid, text_errno(errno));
}

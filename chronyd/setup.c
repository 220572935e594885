/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The start-up steps that concern the process rather than time: configuration, PID file,
 * directories, helper processes, limits, privileges (daemon.md 4 to 8). Each step is called once,
 * by chronyd_run, which has their order. Errors are fatal with one message; what was made is then
 * removed.
 */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/chronyd.h"
#include "chronyd/metrics_role.h"
#include "chronyd/os/pidfile.h"
#include "chronyd/os/world_linux.h"
#include "config.h"
#include "ntp/server/workers.h"
#include "process/binder.h"
#include "process/filter.h"
#include "process/fork_server.h"
#include "process/privileges.h"
#include "process/process.h"
#include "process/process_facts.h"
#include "process/resolver_helper.h"
#include "process/sandbox.h"

/* Standard streams, sockets of the server and of the control protocol, logs, devices, and files
   that are open for a short time. */
#define OTHER_DESCRIPTORS 64
/* Lone processes at most: one of each role, and server workers. */
#define LONE_ROLES (PROCESS_ROLES + SERVER_WORKERS_MAX)

/* Names in access rules and initstepslew are resolved while the configuration is read. */
static int resolve_blocking(const char *name, struct ip_addr *addrs, int max, void *arg)
{
    const struct options *options = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *list, *item;
    int count = 0;

    hints.ai_family = options->family == IP_V4   ? AF_INET
                      : options->family == IP_V6 ? AF_INET6
                                                 : AF_UNSPEC;
    /* An address with an interface is no name. */
    if (strchr(name, '%'))
        hints.ai_flags = AI_NUMERICHOST;
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return 0;
    for (item = list; item && count < max; item = item->ai_next) {
        struct ip_port addr;

        if (!ip_port_from_sockaddr(item->ai_addr, item->ai_addrlen, &addr))
            continue;
        if (hints.ai_flags & AI_NUMERICHOST)
            addr.addr.scope = ip_scope_from_sockaddr(item->ai_addr, item->ai_addrlen);
        addrs[count++] = addr.addr;
    }
    freeaddrinfo(list);
    return count;
}

static void read_lines(struct conf *conf, const struct conf_env *env, const struct options *options,
                       struct conf_error *error)
{
    if (options->directive_count == 0) {
        if (!conf_read_file(conf, env, options->conf_file, error))
            LOG_FATAL("%s", error->message);
        return;
    }
    for (int i = 0; i < options->directive_count; i++)
        if (!conf_read_line(conf, env, options->directives[i], i + 1, error))
            LOG_FATAL("%s", error->message);
}

void setup_read_conf(struct chronyd *d, int passed_fds)
{
    const struct options *options = d->options;
    struct conf_env env = {
        .client_only = options->client_only,
        .restarted = options->restarted,
#ifndef FEAT_NTS
        .without_nts = true,
#endif
#ifndef FEAT_METRICS
        .without_metrics = true,
#endif
#ifndef FEAT_XDP
        .without_xdp = true,
#endif
        .print = options->print_conf ? stdout : NULL,
        .resolve = resolve_blocking,
        .resolve_arg = (void *)options,
    };
    struct conf_error error;

    d->conf = conf_new(&env);
    read_lines(d->conf, &env, options, &error);
    if (options->print_conf)
        return;

#ifndef FEAT_CMDMON
    d->conf->command.port = 0;
    free(d->conf->command.path);
    d->conf->command.path = NULL;
#endif
    if (d->conf->process.pid_file)
        pidfile_check(d->conf->process.pid_file, options->foreground_process);
    d->sandbox.filter_level = options->filter_level;
    d->sandbox.serves_metrics = chronyd_serves_metrics(d);
    d->sandbox.priority =
        d->options->priority != 0 ? d->options->priority : d->conf->process.sched_priority;
    d->sandbox.locks_memory = options->lock_memory || d->conf->process.lock_memory;
    sandbox_find_users(&d->sandbox, options->user ? options->user : d->conf->process.user);
    sandbox_choose_processes(&d->sandbox, &d->conf->process, options->control_clock);
    workers_part_choose(d, passed_fds);
    sandbox_find_strangers(&d->sandbox);
    filter_check_level(options->filter_level);
    if (options->filter_level != 0 && d->conf->reference.mail_user)
        LOG_FATAL("mailonchange directive cannot be used with -F enabled");
    if (!conf_check(d->conf, &error))
        LOG_FATAL("%s", error.message);
}

/* Fatal errors skip the shutdown sequence; PID file and command socket must not stay behind. Helper
   processes end by themselves with this process. */
static void clean_up_after_fatal(void *arg)
{
    struct chronyd *d = arg;

    if (d->pidfile_written)
        pidfile_remove(d->conf->process.pid_file);
    d->pidfile_written = false;
    if (d->cmd_service)
        cmd_service_remove_unix(d->cmd_service);
    if (d->refclocks)
        refclock_set_clean_up(d->refclocks);
    time_page_memory_free(&d->program_page);
}

static void make_socket_directory(struct chronyd *d)
{
    if (!d->conf->command.path)
        return;
    char *directory = file_directory(d->conf->command.path);
    if (!file_make_directory(directory, 0770, d->sandbox.uid, d->sandbox.gid) ||
        !file_check_directory(directory, 0770, d->sandbox.uid, d->sandbox.gid)) {
        LOG_WARN("Disabled command socket %s", d->conf->command.path);
        free(d->conf->command.path);
        d->conf->command.path = NULL;
    }
    free(directory);
}

void setup_files(struct chronyd *d)
{
    const struct conf *conf = d->conf;
    const char *const directories[] = {conf->log.dir, conf->selection.dump_dir,
                                       conf->nts_client.dump_dir};

    make_socket_directory(d);
    for (size_t i = 0; i < COUNT(directories); i++)
        if (directories[i])
            file_make_directory(directories[i], 0750, d->sandbox.uid, d->sandbox.gid);

    log_set_fatal_hook(clean_up_after_fatal, d);
    d->pidfile_written = conf->process.pid_file && pidfile_write(conf->process.pid_file);
}

/* In the one-shot modes the file may be that of a daemon that runs. */
void setup_time_pages(struct chronyd *d)
{
    const char *path = d->conf->process.time_page;

    if (!path || d->main_mode != REFERENCE_NORMAL)
        return;
    char *directory = file_directory(path);
    if (file_make_directory(directory, 0755, d->sandbox.uid, d->sandbox.gid) &&
        !time_page_memory_new_file(&d->program_page, path))
        LOG_ERROR("Could not create time page %s : %s", path, text_errno(errno));
    free(directory);
}

/* ---- Processes ---- */

static void warn_of_unreadable(const struct chronyd *d, const struct conf_strings *files)
{
    struct world_file_info info;

    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->items[i];

        errno = 0;
        bool found = d->world->ops->file_info(d->world->ctx, path, &info);
        FILE *f = found && info.is_regular ? d->world->ops->file_read(d->world->ctx, path) : NULL;

        if (f)
            fclose(f);
        else if (errno == EACCES)
            LOG_WARN(
                "CAP_DAC_READ_SEARCH is not permitted : neither root nor the user of the daemon "
                "can read %s",
                path);
    }
}

/* Called in the fork server. Root without CAP_DAC_READ_SEARCH reads files of root, and, as the
   daemon's user, files that this user may read. It was checked before that the fork server may
   change user. */
static void on_fork_server_limited(void *arg)
{
    const struct chronyd *d = arg;

    if (!sandbox_started_as_root() || !nts_part_helper_role(d->nts_part) ||
        !privileges_missing(PRIVILEGE_DAC_READ_SEARCH))
        return;
    if (sandbox_changes_user(&d->sandbox))
        world_linux_read_also_as(d->world, d->sandbox.uid, d->sandbox.gid);
    warn_of_unreadable(d, &d->conf->nts_server.certs);
    warn_of_unreadable(d, &d->conf->nts_server.keys);
}

/* The main process's own file, as that of the others, is opened while that is possible for sure. */
static void begin_process_table(struct chronyd *d, bool has_others)
{
    const struct process_place place = {.role = PROCESS_MAIN};
    const bool is_needed = has_others || sandbox_changes_user(&d->sandbox);

    d->processes = process_table_new();
    process_table_facts(d->processes, &place, getpid(), is_needed ? process_facts_open() : -1);
}

static bool has_low_port(const struct conf *conf)
{
    return (conf->sockets.port > 0 && conf->sockets.port < 1024) ||
           (conf->nts_server.certs.count > 0 && conf->nts_server.port < 1024);
}

/* Where there is a fork server anyway, it keeps the right to bind low ports, and not this process,
   which reads from the network. */
static void order_ports(struct chronyd *d)
{
    const struct conf *conf = d->conf;

    if (!sandbox_changes_user(&d->sandbox) || !has_low_port(conf))
        return;
    sandbox_order_port(&d->sandbox, conf->sockets.port);
    sandbox_order_port(&d->sandbox, conf->sockets.acquisition_port);
    sandbox_order_port(&d->sandbox, conf->sockets.ptp_port);
    if (conf->nts_server.certs.count > 0)
        sandbox_order_port(&d->sandbox, conf->nts_server.port);
}

static bool bind_by_order(int fd, const struct ip_port *local, void *arg)
{
    return binder_bind(arg, fd, local);
}

static void start_binder(struct chronyd *d)
{
    if (d->sandbox.ordered_port_count == 0)
        return;
    d->binder = binder_new(d->fork_server);
    if (!d->binder)
        LOG_FATAL("Could not open socket pair");
    world_linux_set_binder(d->world, bind_by_order, d->binder);
}

void setup_helpers(struct chronyd *d)
{
    struct lone_role lone[LONE_ROLES];
    struct fork_server_spec spec = {
        .world = d->world,
        .sandbox = &d->sandbox,
        .helpers = nts_part_helper_role(d->nts_part),
        .lone = lone,
        .limited = on_fork_server_limited,
        .arg = d,
    };
    char error[1024];

    if (d->sandbox.confines)
        setup_confinement(d);
    sandbox_share_violations(&d->sandbox);
    if (d->sandbox.guards_clock) {
        lone[spec.lone_count++] = guard_part_prepare(d);
        /* Inherited by the guard, for which this process waits. */
        process_set_priority(d->sandbox.priority);
    }
    if (sandbox_wants_resolver(&d->sandbox))
        lone[spec.lone_count++] = resolver_helper_role;
#ifdef FEAT_METRICS
    if (d->sandbox.serves_metrics)
        lone[spec.lone_count++] = metrics_role_make(d->world);
#endif
    spec.lone_count += workers_part_roles(d, &lone[spec.lone_count]);
    if (nts_part_client_role(d->nts_part, &lone[spec.lone_count]))
        spec.lone_count++;
    const bool has_others = spec.helpers || spec.lone_count > 0;
    begin_process_table(d, has_others);
    spec.processes = d->processes;
    if (has_others) {
        order_ports(d);
        d->fork_server = fork_server_start(&spec, error, sizeof(error));
        if (!d->fork_server)
            LOG_FATAL("%s", error);
        start_binder(d);
    }
    if (d->sandbox.guards_clock)
        guard_part_connect(d);
    nts_part_start_tls(d->nts_part);
}

/* Half a service would go on for a year unseen. What this process knows is saved, as at each end,
   and the service manager starts everything again. */
static void on_fork_server_lost(void *arg)
{
    struct chronyd *d = arg;

    LOG_ERROR("Ending, to be started again");
    d->exit_status = 1;
    loop_quit(d->loop);
}

static void take_resolver(struct chronyd *d, const struct lone_process *process)
{
    uint32_t restarts;

    world_linux_set_resolver_helper(d->world, process->channel, process->pid);
    if (world_linux_has_resolver_helper(d->world, &restarts) && restarts > 0)
        history_collector_restart(d->history, "name resolution");
}

static void on_helper_restarted(void *arg)
{
    struct chronyd *d = arg;

    history_collector_restart(d->history, nts_part_helper_role(d->nts_part)->service);
}

static void on_lone_process(const struct lone_process *process, void *arg)
{
    struct chronyd *d = arg;

    switch (process->role) {
    case PROCESS_RESOLVER:
        take_resolver(d, process);
        break;
    case PROCESS_GUARD:
        guard_part_take(d, process);
        break;
    case PROCESS_SERVER_WORKER:
        workers_part_take(d, process);
        break;
    case PROCESS_METRICS:
        if (metrics_server_take(d->metrics_server, process->channel, process->pid))
            history_collector_restart(d->history, "metrics");
        break;
    case PROCESS_KE_CLIENT:
        if (nts_part_take_client(d->nts_part, process->channel, process->pid))
            history_collector_restart(d->history, "NTS key establishment as a client");
        break;
    default:
        close(process->channel);
        break;
    }
}

static void replace_resolver(pid_t pid, void *arg)
{
    fork_server_kill(((struct chronyd *)arg)->fork_server, pid);
}

static void see_off_resolver(pid_t pid, void *arg)
{
    fork_server_see_off(((struct chronyd *)arg)->fork_server, pid);
}

void setup_attach_helpers(struct chronyd *d)
{
    const struct fork_server_events events = {
        .lost = on_fork_server_lost,
        .lone = on_lone_process,
        .helper_restarted = on_helper_restarted,
        .arg = d,
    };

    if (!d->fork_server)
        return;
    if (sandbox_wants_resolver(&d->sandbox))
        world_linux_use_resolver_helper(d->world, replace_resolver, see_off_resolver, d);
    fork_server_attach(d->fork_server, d->loop, &events);
}

/* Descriptors that the largest of the processes may have open with this configuration. */
static uint64_t needed_descriptors(const struct conf *conf)
{
    uint64_t own = OTHER_DESCRIPTORS + 4 * conf->refclocks.count, sessions = 0;

    /* Two sockets, a channel and memory for each server worker. */
    if (conf->process.server_workers > 1)
        own += 4 * (uint64_t)conf->process.server_workers;
    /* A socket for the request, and one for the key establishment. */
    for (size_t i = 0; i < conf->client.source_count; i++)
        own += 2 * (uint64_t)(conf->client.sources[i].pool ? NTP_SOURCES_MAX_POOL : 1);
    /* As many sessions that have answered may wait for their client to close. */
    if (conf->nts_server.certs.count > 0)
        sessions = 2 * (uint64_t)conf->nts_server.max_connections;
    if (conf->nts_server.processes < 1)
        return own + sessions;
    /* Helpers of two generations, each with its channel and its file of facts. */
    own += conf->nts_server.certs.count > 0 ? 4 * (uint64_t)conf->nts_server.processes : 0;
    sessions += OTHER_DESCRIPTORS;
    return own > sessions ? own : sessions;
}

void setup_fast_path(struct chronyd *d, bool passed_sockets)
{
    d->xdp_part = xdp_part_new(d, passed_sockets);
}

void setup_limits(struct chronyd *d)
{
    uint64_t needed = needed_descriptors(d->conf);

    sandbox_raise_lock_limit(&d->sandbox);
    /* Sources can be added later. */
    process_raise_descriptor_limit(needed, needed + 2 * NTP_SOURCES_MAX);
}

static void check_secret_file(const char *path, bool must_read)
{
    if (!path)
        return;
    if (must_read && access(path, R_OK) != 0 && errno != ENOENT)
        LOG_WARN("Missing read access to %s : %s", path, text_errno(errno));
    if (access(path, W_OK) == 0)
        LOG_WARN("Having write access to %s", path);
}

/* CAP_NET_RAW was needed for SO_BINDTODEVICE until Linux 5.7. */
static bool needs_net_raw(const struct chronyd *d)
{
    char release[128];
    int major, minor;

    if (!d->conf->sockets.server.device && !d->conf->sockets.client.device)
        return false;
    if (!d->world->ops->kernel_release(d->world->ctx, release, sizeof(release)) ||
        sscanf(release, "%d.%d", &major, &minor) != 2)
        return true;
    return major < 5 || (major == 5 && minor < 7);
}

static unsigned int kept_privileges(const struct chronyd *d)
{
    unsigned int keep = 0;

    if (d->options->control_clock && !d->sandbox.guards_clock)
        keep |= PRIVILEGE_SYS_TIME;
    /* The NTS-KE socket is opened after this, those of NTP again and again. */
    if (!d->binder && has_low_port(d->conf))
        keep |= PRIVILEGE_NET_BIND_SERVICE;
    if (needs_net_raw(d))
        keep |= PRIVILEGE_NET_RAW;
    if (d->sandbox.lock_needs_capability)
        keep |= PRIVILEGE_IPC_LOCK;
    return keep;
}

static void warn_of_low_port(const char *what, int port)
{
    if (privileges_port_needs_bind_service(port))
        LOG_WARN(
            "CAP_NET_BIND_SERVICE is not permitted : the %s port %d cannot be opened from now on",
            what, port);
}

/* Warns of features that will not work, if they are configured. A missing CAP_SYS_TIME has ended
   the start before. */
static void warn_of_missing_privileges(const struct chronyd *d)
{
    const unsigned int of_binder = d->binder ? PRIVILEGE_NET_BIND_SERVICE : 0;
    unsigned int missing = privileges_missing(kept_privileges(d) | of_binder);

    if (missing & PRIVILEGE_NET_BIND_SERVICE) {
        warn_of_low_port("NTP", d->conf->sockets.port);
        if (d->conf->nts_server.certs.count > 0)
            warn_of_low_port("NTS-KE", d->conf->nts_server.port);
    }
    if (missing & PRIVILEGE_NET_RAW)
        LOG_WARN("CAP_NET_RAW is not permitted : sockets cannot be bound to a device from now on");
}

void setup_privileges(struct chronyd *d)
{
    const struct conf_strings *server_keys = &d->conf->nts_server.keys;

    if (!d->sandbox.guards_clock)
        process_set_priority(d->sandbox.priority);
    sandbox_lock_memory(&d->sandbox);

    if (sandbox_changes_user(&d->sandbox)) {
        warn_of_missing_privileges(d);
        /* A mail program may be one that changes user. */
        if (!d->conf->reference.mail_user)
            privileges_empty_bounding_set();
        privileges_drop(d->sandbox.uid, d->sandbox.gid, kept_privileges(d));
        check_secret_file(d->conf->key_file, true);
        /* This process reads the private keys only if there are no helpers. */
        for (size_t i = 0; i < server_keys->count; i++)
            check_secret_file(server_keys->items[i], nts_part_reads_keys(d->nts_part));
    } else if (d->sandbox.guards_clock) {
        privileges_give_up(PRIVILEGE_SYS_TIME);
    }
    if (!d->conf->reference.mail_user)
        privileges_forbid_new();
    if (sandbox_started_as_root())
        LOG_WARN("Running with root privileges");
}

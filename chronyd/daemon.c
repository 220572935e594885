/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One daemon as a Linux process: the steps of the start and of the end that concern the process
 * stand between those of the modules, in the order of daemon.md 4 and 14. Called once by main().
 */
#include "chronyd/chronyd.h"
#include "chronyd/os/notify.h"
#include "chronyd/os/pidfile.h"
#include "chronyd/os/world_linux.h"
#include "process/signals.h"

/* False: the foreground process that waited for this one is gone. */
static bool tell_ready(struct chronyd *d)
{
    notify_ready(d->options->notify_fd);
    return log_release_parent();
}

static void begin_process(struct chronyd *d, int passed_fds)
{
    const struct options *options = d->options;
    struct world_linux_options world_options = {
        .ipv4 = options->family != IP_V6,
        .ipv6 = options->family != IP_V4,
        .passed_fds = passed_fds,
    };

    /* Signals come first: from here on SIGTERM leaves no file behind, and SIGHUP does not end the
       process. */
    signals_install();
    setup_files(d);
    setup_limits(d);
    d->world = world_linux_new(&world_options);
    setup_helpers(d);
    setup_time_pages(d);
    chronyd_open(d);
    setup_fast_path(d, passed_fds > 0);
    setup_privileges(d);
    chronyd_start(d);
    setup_attach_helpers(d);

    cmd_service_open_unix(d->cmd_service);
    sandbox_enter_main(&d->sandbox);
}

static void end_process(struct chronyd *d)
{
    LOG_INFO("chronyd exiting");
    notify_stopping();
    chronyd_stop(d);
    log_set_fatal_hook(NULL, NULL);
    time_page_memory_free(&d->worker_page);
    time_page_memory_free(&d->program_page);
    if (d->pidfile_written)
        pidfile_remove(d->conf->process.pid_file);
    world_linux_free(d->world);
    sandbox_forget_paths(&d->sandbox);
    conf_free(d->conf);
}

int chronyd_run(const struct options *options, int passed_fds)
{
    struct chronyd daemon;

    chronyd_init(&daemon, options);
    setup_read_conf(&daemon, passed_fds);
    if (options->print_conf) {
        nts_part_free(daemon.nts_part);
        conf_free(daemon.conf);
        return 0;
    }
    daemon.on_ready = tell_ready;
    begin_process(&daemon, passed_fds);
    chronyd_begin(&daemon);
    loop_run(daemon.loop);
    end_process(&daemon);
    return daemon.exit_status;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of chronyd: command line, becoming a daemon, message log. Everything else is in chronyd.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "chronyd/check/check.h"
#include "chronyd/chronyd.h"
#include "chronyd/os/daemonise.h"
#include "chronyd/os/notify.h"
#include "config.h"

/* GnuTLS is loaded with the program, but only processes that use it start it (nts/tls_library.h).
   Where it does an algorithm that NTP packets need, it starts with the program. */
#if defined(FEAT_NTS) && (defined(HAVE_NETTLE_SIV_GCM) || !defined(HAVE_GNUTLS_SIV_GCM))
#include <gnutls/gnutls.h>

GNUTLS_SKIP_GLOBAL_INIT
#endif

static void open_log(const struct options *options)
{
    if (options->log_file) {
        if (!log_open_file(options->log_file))
            LOG_FATAL("Could not open %s : %s", options->log_file, text_errno(errno));
    } else if (options->syslog) {
        log_open_syslog();
        log_set_fatal_to_stderr(options->foreground);
    }
    log_set_threshold(options->min_severity);
}

int main(int argc, char **argv)
{
    struct options options;

    switch (command_line_parse(&options, argc, argv)) {
    case ACTION_HELP:
        command_line_print_usage(options.program, isatty(STDOUT_FILENO), stdout);
        return 0;
    case ACTION_VERSION:
        command_line_print_version(stdout);
        return 0;
    case ACTION_USAGE_ERROR:
        command_line_print_usage(options.program, isatty(STDOUT_FILENO), stdout);
        return options.check ? 2 : 1;
    case ACTION_CHECK:
        return check_run(&options);
    case ACTION_RUN:
        break;
    }
    if (options.need_root && getuid() != 0)
        LOG_FATAL("Not superuser");

    int passed_fds = notify_passed_fds();
    if (!options.foreground)
        log_set_parent_fd(daemonise(passed_fds, &options.foreground_process));
    open_log(&options);

    LOG_INFO("chronyd version %s starting (%s)", CHRONY_VERSION, CHRONYD_FEATURES);
    return chronyd_run(&options, passed_fds);
}

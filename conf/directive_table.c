/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all directives (config.md 8). The parser, the defaults, the end of the configuration
 * and the tests of the documents walk it.
 */
#include "conf/directive.h"

#include <limits.h>
#include <stddef.h>
#include "base/number.h"
#include "base/text.h"
#include "config.h"

#define OPTION_STRUCT struct conf

#define OTHER(word)             .row = {.name = (word)}
#define PART(name, type, field) .row = {(name), OPTION_AT(type, field)}
#define FLAG(name, field)       .row = {(name), OPTION_FLAG(field)}
#define INTEGER(name, field, low, high, value)                                                     \
    .row = {(name), OPTION_INTEGER(field, low, high, value)}
#define SECONDS(name, field, value)                                                                \
    .row = {(name), OPTION_INTEGER(field, 0, INT_MAX, value), .unit = "s"}
#define REAL(name, field, value, u) .row = {(name), OPTION_ANY_REAL(field, value), .unit = (u)}
#define REAL_FROM_0(name, field, value, u)                                                         \
    .row = {(name), OPTION_REAL_FROM_0(field, value), .unit = (u)}
#define STRING(name, field, value)                                                                 \
    .row = {(name), .kind = OPTION_STRING, OPTION_AT(char *, field), .text = (value)}

const struct directive directive_table[] = {
    {INTEGER("acquisitionport", sockets.acquisition_port, 0, 65535, -1)},
    {PART("allow", struct conf_access_rules, server.access), directive_allow},
    {OTHER("authselectmode"), directive_authselectmode},
    {PART("bindacqaddress", struct bind_conf, sockets.client), directive_bind},
    {STRING("bindacqdevice", sockets.client.device, NULL)},
    {PART("bindaddress", struct bind_conf, sockets.server), directive_bind},
    {PART("bindcmdaddress", struct bind_conf, command.bind), directive_bind_command},
    {STRING("bindcmddevice", command.bind.device, NULL)},
    {STRING("binddevice", sockets.server.device, NULL)},
    {OTHER("broadcast"), directive_broadcast},
    {OTHER("clientloglimit"), directive_clientloglimit},
    {PART("clockguard", enum conf_choice, process.clock_guard), directive_yes_or_no},
    {REAL("clockprecision", clock.precision, 0.0, "s")},
    {OTHER("clockstep"), directive_clockstep},
    {PART("cmdallow", struct conf_access_rules, command.access), directive_allow},
    {PART("cmddeny", struct conf_access_rules, command.access), directive_deny},
    {INTEGER("cmdport", command.port, 0, 65535, 323)},
    {PART("cmdratelimit", struct ratelimit_conf, client_log.cmd), directive_ratelimit},
    {REAL("combinelimit", selection.combine_limit, 3.0, NULL)},
    {OTHER("commandkey"), directive_unsupported},
    {OTHER("confdir"), directive_confdir},
    {REAL_FROM_0("corrtimeratio", reference.corr_time_ratio, 3.0, NULL)},
    {PART("deny", struct conf_access_rules, server.access), directive_deny},
    {STRING("driftfile", reference.drift_file.path, NULL), directive_driftfile},
    {INTEGER("dscp", sockets.dscp, 0, 63, 0)},
    {STRING("dumpdir", selection.dump_dir, NULL)},
    {OTHER("dumponexit"), directive_ignored},
    {OTHER("estimator"), directive_estimator},
    {OTHER("fallbackdrift"), directive_fallbackdrift},
    {OTHER("generatecommandkey"), directive_unsupported},
    {OTHER("historyfile"), directive_historyfile},
    {STRING("hwclockfile", rtc.hwclock_file, DEFAULT_HWCLOCK_FILE)},
    {OTHER("hwtimestamp"), directive_hwtimestamp},
    {REAL("hwtstimeout", client.hwts_timeout, 0.001, "s")},
    {OTHER("include"), directive_include},
    {OTHER("initstepslew"), directive_initstepslew},
    {STRING("keyfile", key_file, NULL)},
    {STRING("leapseclist", reference.leap.list, NULL)},
    {OTHER("leapsecmode"), directive_leapsecmode},
    {STRING("leapsectz", reference.leap.tz, NULL)},
    {OTHER("linux_freq_scale"), directive_unsupported},
    {OTHER("linux_hz"), directive_unsupported},
    {OTHER("local"), directive_local},
    {FLAG("lock_all", process.lock_memory)},
    {OTHER("log"), directive_log},
    {INTEGER("logbanner", log.banner, 0, INT_MAX, 32)},
    {REAL("logchange", reference.log_change, 1.0, "s")},
    {STRING("logdir", log.dir, NULL)},
    {STRING("mailonchange", reference.mail_user, NULL), directive_mailonchange},
    {OTHER("makestep"), directive_makestep},
    {FLAG("manual", manual)},
    {OTHER("maxchange"), directive_maxchange},
    {REAL_FROM_0("maxclockerror", clock.max_error, 1.0, "ppm")},
    {REAL_FROM_0("maxdistance", selection.max_distance, 3.0, "s")},
    {REAL_FROM_0("maxdrift", clock.max_drift, 100000.0, "ppm")},
    {REAL_FROM_0("maxjitter", selection.max_jitter, 1.0, "s")},
    {INTEGER("maxntsconnections", nts_server.max_connections, 1, INT_MAX, 100), .nts = true},
    {INTEGER("maxsamples", selection.max_samples, 0, INT_MAX, 0)},
    {REAL_FROM_0("maxslewrate", clock.max_slew_rate, 1e6 / 12.0, "ppm")},
    {INTEGER("maxstratum", selection.max_stratum, 0, INT_MAX, 15)},
    {INTEGER("maxtxbuffers", nic_clocks.max_tx_buffers, 0, 1048576, 0)},
    {REAL("maxupdateskew", reference.max_update_skew, 1000.0, "ppm")},
    {PART("metricsaddress", struct ip_port, command.metrics), directive_metricsaddress},
    {INTEGER("minsamples", selection.min_samples, 0, INT_MAX, 6)},
    {INTEGER("minsources", selection.min_sources, 1, INT_MAX, 1)},
    {INTEGER("minstratum", selection.min_stratum, 0, INT_MAX, 0)},
    {INTEGER("nocerttimecheck", nts_client.no_cert_time_check, 0, INT_MAX, 0), .nts = true},
    {FLAG("noclientlog", client_log.off)},
    {FLAG("nosystemcert", nts_client.no_system_cert), .nts = true},
    {STRING("ntpsigndsocket", server.signd_socket, NULL)},
    {.row = {.name = "ntsaeads", .max = INT_MAX}, directive_ntsaeads, .nts = true},
    {STRING("ntscachedir", nts_client.dump_dir, NULL), .nts = true},
    {PART("ntsclientprocess", enum conf_choice, process.nts_client_process), directive_yes_or_no,
     .nts = true},
    {STRING("ntsdumpdir", nts_client.dump_dir, NULL), .nts = true},
    {STRING("ntsntpserver", nts_server.ntp_server, NULL), .nts = true},
    {.row = {"ntsport", OPTION_PORT_NUMBER(nts_server.port, 4460)}, .nts = true},
    {INTEGER("ntsprocesses", nts_server.processes, 0, 1000, 1), .nts = true},
    {PART("ntsratelimit", struct ratelimit_conf, client_log.nts), directive_ratelimit, .nts = true},
    {SECONDS("ntsrefresh", nts_client.refresh, 2419200), .nts = true},
    {SECONDS("ntsrotate", nts_server.rotate, 604800), .nts = true},
    {PART("ntsservercert", struct conf_strings, nts_server.certs), directive_strings, .nts = true},
    {PART("ntsserverkey", struct conf_strings, nts_server.keys), directive_strings, .nts = true},
    {OTHER("ntstrustedcerts"), directive_ntstrustedcerts, .nts = true},
    {OTHER("opencommands"), directive_opencommands},
    {OTHER("peer"), directive_peer},
    {STRING("pidfile", process.pid_file, DEFAULT_PID_FILE), directive_path_or_none},
    {OTHER("pollpolicy"), directive_pollpolicy},
    {OTHER("pool"), directive_pool},
    {INTEGER("port", sockets.port, 0, 65535, 123)},
    {INTEGER("ptpdomain", sockets.ptp_domain, 0, 255, 123)},
    {INTEGER("ptpport", sockets.ptp_port, 0, 65535, 0)},
    {PART("ratelimit", struct ratelimit_conf, client_log.ntp), directive_ratelimit},
    {OTHER("refclock"), directive_refclock},
    {SECONDS("refresh", client.refresh, 1209600)},
    {REAL_FROM_0("reselectdist", selection.reselect_distance, 1e-4, "s")},
    {REAL("rtcautotrim", rtc.autotrim, 0.0, "s")},
    {STRING("rtcdevice", rtc.device, DEFAULT_RTC_DEVICE)},
    {STRING("rtcfile", rtc.file, NULL)},
    {FLAG("rtconutc", rtc.on_utc)},
    {FLAG("rtcsync", rtc.sync)},
    {INTEGER("sched_priority", process.sched_priority, 0, 100, 0)},
    {OTHER("server"), directive_server},
    {INTEGER("serverworkers", process.server_workers, 0, 64, -1)},
    {OTHER("smoothtime"), directive_smoothtime},
    {OTHER("sourcedir"), directive_sourcedir},
    {REAL_FROM_0("stratumweight", selection.stratum_weight, 1e-3, "s")},
    {OTHER("tempcomp"), directive_tempcomp},
    {OTHER("templearn"), directive_templearn},
    {STRING("timepage", process.time_page, NULL)},
    {STRING("user", process.user, DEFAULT_USER)},
    {OTHER("xdp"), directive_xdp},
};

const size_t directive_count = COUNT(directive_table);

const struct directive *directive_find(const char *word)
{
    for (size_t i = 0; i < directive_count; i++) {
        if (text_equal_nocase(word, directive_table[i].row.name))
            return &directive_table[i];
    }
    return NULL;
}

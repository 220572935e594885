/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all directives (config.md 8). The parser and the list of names walk it. Defaults are
 * in conf.c.
 */
#include "conf/directive.h"

#include <limits.h>
#include <stddef.h>
#include "base/text.h"

#define AT(f)              .offset = offsetof(struct conf, f)
#define INTEGER(f, lo, hi) .evaluate = directive_int, AT(f), .min = (lo), .max = (hi)
#define REAL(f)            .evaluate = directive_double, AT(f)
#define STRING(f)          .evaluate = directive_string, AT(f)
#define STRINGS(f)         .evaluate = directive_strings, AT(f)
#define FLAG(f)            .evaluate = directive_flag, AT(f)
#define BIND(f4, f6)       .evaluate = directive_bind, AT(f4), .offset6 = offsetof(struct conf, f6)
#define OTHER(name)        .evaluate = directive_##name
#define OTHER_AT(name, f)  directive_##name, AT(f)

const struct directive directive_table[] = {
    {"acquisitionport", INTEGER(acquisition_port, 0, 65535)},
    {"allow", OTHER_AT(allow, ntp_access)},
    {"authselectmode", OTHER(authselectmode)},
    {"bindacqaddress", BIND(bind_acq4, bind_acq6)},
    {"bindacqdevice", STRING(bind_acq_device)},
    {"bindaddress", BIND(bind_addr4, bind_addr6)},
    {"bindcmdaddress", OTHER_AT(bind_command, bind_cmd4),
     .offset6 = offsetof(struct conf, bind_cmd6)},
    {"bindcmddevice", STRING(bind_cmd_device)},
    {"binddevice", STRING(bind_device)},
    {"broadcast", OTHER(broadcast)},
    {"clientloglimit", OTHER(clientloglimit)},
    {"clockprecision", REAL(clock_precision)},
    {"cmdallow", OTHER_AT(allow, cmd_access)},
    {"cmddeny", OTHER_AT(deny, cmd_access)},
    {"cmdport", INTEGER(cmd_port, 0, 65535)},
    {"cmdratelimit", OTHER_AT(ratelimit, cmd_ratelimit)},
    {"combinelimit", REAL(combine_limit)},
    {"commandkey", OTHER(unsupported)},
    {"confdir", OTHER(confdir)},
    {"corrtimeratio", REAL(corr_time_ratio)},
    {"deny", OTHER_AT(deny, ntp_access)},
    {"driftfile", OTHER(driftfile)},
    {"dscp", INTEGER(dscp, 0, 63)},
    {"dumpdir", STRING(dump_dir)},
    {"dumponexit", OTHER(ignored)},
    {"fallbackdrift", OTHER(fallbackdrift)},
    {"generatecommandkey", OTHER(unsupported)},
    {"hwclockfile", STRING(hwclock_file)},
    {"hwtimestamp", OTHER(hwtimestamp)},
    {"hwtstimeout", REAL(hwts_timeout)},
    {"include", OTHER(include)},
    {"initstepslew", OTHER(initstepslew)},
    {"keyfile", STRING(key_file)},
    {"leapseclist", STRING(leapsec_list)},
    {"leapsecmode", OTHER(leapsecmode)},
    {"leapsectz", STRING(leapsec_tz)},
    {"linux_freq_scale", OTHER(unsupported)},
    {"linux_hz", OTHER(unsupported)},
    {"local", OTHER(local)},
    {"lock_all", FLAG(lock_memory)},
    {"log", OTHER(log)},
    {"logbanner", INTEGER(log_banner, 0, INT_MAX)},
    {"logchange", REAL(log_change)},
    {"logdir", STRING(log_dir)},
    {"mailonchange", OTHER(mailonchange)},
    {"makestep", OTHER(makestep)},
    {"manual", FLAG(manual)},
    {"maxchange", OTHER(maxchange)},
    {"maxclockerror", REAL(max_clock_error)},
    {"maxdistance", REAL(max_distance)},
    {"maxdrift", REAL(max_drift)},
    {"maxjitter", REAL(max_jitter)},
    {"maxntsconnections", INTEGER(max_nts_connections, 1, INT_MAX), .nts = true},
    {"maxsamples", INTEGER(max_samples, 0, INT_MAX)},
    {"maxslewrate", REAL(max_slew_rate)},
    {"maxstratum", INTEGER(max_stratum, 0, INT_MAX)},
    {"maxtxbuffers", INTEGER(max_tx_buffers, 0, 1048576)},
    {"maxupdateskew", REAL(max_update_skew)},
    {"minsamples", INTEGER(min_samples, 0, INT_MAX)},
    {"minsources", INTEGER(min_sources, 1, INT_MAX)},
    {"minstratum", INTEGER(min_stratum, 0, INT_MAX)},
    {"nocerttimecheck", INTEGER(no_cert_time_check, 0, INT_MAX), .nts = true},
    {"noclientlog", FLAG(no_client_log)},
    {"nosystemcert", FLAG(no_system_cert), .nts = true},
    {"ntpsigndsocket", STRING(ntp_signd_socket)},
    {"ntsaeads", OTHER(ntsaeads), .min = 0, .max = INT_MAX, .nts = true},
    {"ntscachedir", STRING(nts_dump_dir), .nts = true},
    {"ntsdumpdir", STRING(nts_dump_dir), .nts = true},
    {"ntsntpserver", STRING(nts_ntp_server), .nts = true},
    {"ntsport", OTHER_AT(port16, nts_port), .min = 0, .max = 65535, .nts = true},
    {"ntsprocesses", INTEGER(nts_processes, 0, 1000), .nts = true},
    {"ntsratelimit", OTHER_AT(ratelimit, nts_ratelimit), .nts = true},
    {"ntsrefresh", INTEGER(nts_refresh, 0, INT_MAX), .nts = true},
    {"ntsrotate", INTEGER(nts_rotate, 0, INT_MAX), .nts = true},
    {"ntsservercert", STRINGS(nts_server_certs), .nts = true},
    {"ntsserverkey", STRINGS(nts_server_keys), .nts = true},
    {"ntstrustedcerts", OTHER(ntstrustedcerts), .nts = true},
    {"opencommands", OTHER(opencommands)},
    {"peer", OTHER(peer)},
    {"pidfile", OTHER_AT(path_or_none, pid_file)},
    {"pool", OTHER(pool)},
    {"port", INTEGER(port, 0, 65535)},
    {"ptpdomain", INTEGER(ptp_domain, 0, 255)},
    {"ptpport", INTEGER(ptp_port, 0, 65535)},
    {"ratelimit", OTHER_AT(ratelimit_kod, ntp_ratelimit)},
    {"refclock", OTHER(refclock)},
    {"refresh", INTEGER(refresh, 0, INT_MAX)},
    {"reselectdist", REAL(reselect_distance)},
    {"rtcautotrim", REAL(rtc_autotrim)},
    {"rtcdevice", STRING(rtc_device)},
    {"rtcfile", STRING(rtc_file)},
    {"rtconutc", FLAG(rtc_on_utc)},
    {"rtcsync", FLAG(rtc_sync)},
    {"sched_priority", INTEGER(sched_priority, 0, 100)},
    {"server", OTHER(server)},
    {"smoothtime", OTHER(smoothtime)},
    {"sourcedir", OTHER(sourcedir)},
    {"stratumweight", REAL(stratum_weight)},
    {"tempcomp", OTHER(tempcomp)},
    {"user", STRING(user)},
};

const size_t directive_count = sizeof(directive_table) / sizeof(directive_table[0]);

const struct directive *directive_find(const char *word)
{
    for (size_t i = 0; i < directive_count; i++) {
        if (text_equal_nocase(word, directive_table[i].name))
            return &directive_table[i];
    }
    return NULL;
}

const char *conf_directive_name(size_t index)
{
    return index < directive_count ? directive_table[index].name : NULL;
}

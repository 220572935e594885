/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directives without effect: in this build, or because another directive that they need is missing
 * or stands against them. One row each.
 */
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

/* ---- Conditions ---- */

static bool nobody_is_served(const struct check *c)
{
    return c->conf->server.access.count == 0 || !check_allows(&c->conf->server.access, IP_UNSPEC);
}

static bool no_nts_server(const struct check *c)
{
    return !check_uses_nts_server(c);
}

static bool no_nts_client(const struct check *c)
{
    return !check_uses_nts_client(c) && c->conf->client.source_dirs.count == 0;
}

static bool no_nts(const struct check *c)
{
    return no_nts_server(c) && no_nts_client(c);
}

static bool no_rtc_file(const struct check *c)
{
    return !c->conf->rtc.file;
}

/* Nothing reads the real-time clock. */
static bool rtc_is_not_read(const struct check *c)
{
    return !c->conf->rtc.file && !c->options->set_from_rtc;
}

static bool no_command_port(const struct check *c)
{
    return c->conf->command.port == 0;
}

static bool no_client_log(const struct check *c)
{
    return c->conf->client_log.off;
}

static bool no_timestamping(const struct check *c)
{
    return c->conf->nic_clocks.count == 0;
}

static bool no_ptp(const struct check *c)
{
    return c->conf->sockets.ptp_port == 0;
}

static bool no_ntp_port(const struct check *c)
{
    return c->conf->sockets.port == 0;
}

static bool no_fallback_drift(const struct check *c)
{
    const struct fallback_drift_conf *f = &c->conf->reference.fallback_drift;

    return !(f->min > 0 && f->min <= f->max);
}

static bool no_smoothing(const struct check *c)
{
    return !(c->conf->smoothing.max_freq > 0.0 && c->conf->smoothing.max_wander > 0.0);
}

static bool no_log_files(const struct check *c)
{
    return c->conf->log.files == 0;
}

static bool max_change_is_off(const struct check *c)
{
    return c->conf->reference.max_change.start < 0;
}

static bool makestep_is_off(const struct check *c)
{
    return c->conf->reference.makestep.limit == 0 && !c->options->restarted;
}

static bool is_not_controlled(const struct check *c)
{
    return !check_controls_clock(c);
}

static bool no_leap_slew(const struct check *c)
{
    return c->conf->smoothing.leap_only && c->conf->reference.leap.mode != LEAPSEC_SLEW;
}

static bool no_signing(const struct check *c)
{
    return !c->around->has_signd;
}

static bool no_refclocks(const struct check *c)
{
    return !c->around->has_refclocks;
}

static bool no_rtc_support(const struct check *c)
{
    return !c->around->has_rtc_support;
}

static bool no_control(const struct check *c)
{
    return !c->around->has_cmdmon;
}

static bool no_estimator_log(const struct check *c)
{
    return c->conf->log.files & LOGFILE_ESTIMATOR &&
           c->conf->selection.estimator != ESTIMATOR_KALMAN;
}

static bool nobody_was_allowed(const struct check *c)
{
    const struct conf_access_rules *access = &c->conf->server.access;

    for (size_t i = 0; i < access->count; i++) {
        if (access->rules[i].allow)
            return false;
    }
    return true;
}

/* ---- Rows ---- */

#define ALLOW_FIX  "write allow NETWORK, or remove the line"
#define REMOVE_FIX "remove the line"
#define SERVER_FIX "write ntsservercert and ntsserverkey, or remove the line"
#define CLIENT_FIX "write nts behind a source, or remove the line"
#define BUILD_FIX  "install a build with it (chronyd --version), or remove the line"

static const struct effect {
    const char *directive;
    bool (*is_without)(const struct check *c);
    const char *why, *fix;
} effects[] = {
    {"smoothtime", nobody_is_served, "no client is allowed", ALLOW_FIX},
    {"ratelimit", nobody_is_served, "no client is allowed", ALLOW_FIX},
    {"ntpsigndsocket", nobody_is_served, "no client is allowed", ALLOW_FIX},
    {"deny", nobody_was_allowed, "nobody is allowed anyway", REMOVE_FIX},
    {"allow", no_ntp_port, "port is 0, so no request is received", "remove port 0, or the line"},
    {"broadcast", no_ntp_port, "port is 0", "remove port 0, or the line"},
    {"ntsport", no_nts_server, "there is no ntsservercert", SERVER_FIX},
    {"ntsprocesses", no_nts_server, "there is no ntsservercert", SERVER_FIX},
    {"maxntsconnections", no_nts_server, "there is no ntsservercert", SERVER_FIX},
    {"ntsratelimit", no_nts_server, "there is no ntsservercert", SERVER_FIX},
    {"ntsrotate", no_nts_server, "there is no ntsservercert", SERVER_FIX},
    {"ntsntpserver", no_nts_server, "there is no ntsservercert", SERVER_FIX},
    {"ntsserverkey", no_nts_server, "there is no ntsservercert", "write ntsservercert FILE"},
    {"ntsrefresh", no_nts_client, "no source has nts", CLIENT_FIX},
    {"ntstrustedcerts", no_nts, "no source has nts", CLIENT_FIX},
    {"nosystemcert", no_nts_client, "no source has nts", CLIENT_FIX},
    {"nocerttimecheck", no_nts_client, "no source has nts", CLIENT_FIX},
    {"ntsaeads", no_nts, "NTS is not used", "use NTS, or remove the line"},
    {"rtcautotrim", no_rtc_file, "there is no rtcfile", "write rtcfile FILE, or remove the line"},
    {"rtconutc", rtc_is_not_read, "only rtcfile and the option -s read the real-time clock",
     REMOVE_FIX},
    {"hwclockfile", rtc_is_not_read, "only rtcfile and the option -s read the real-time clock",
     REMOVE_FIX},
    {"rtcdevice", rtc_is_not_read, "only rtcfile and the option -s read the real-time clock",
     REMOVE_FIX},
    {"cmdallow", no_command_port, "cmdport is 0", "remove cmdport 0, or the line"},
    {"cmdratelimit", no_command_port, "cmdport is 0", "remove cmdport 0, or the line"},
    {"opencommands", no_command_port, "cmdport is 0", "remove cmdport 0, or the line"},
    {"bindcmddevice", no_command_port, "cmdport is 0", "remove cmdport 0, or the line"},
    {"clientloglimit", no_client_log, "noclientlog switches the log off", REMOVE_FIX},
    {"hwtstimeout", no_timestamping, "there is no hwtimestamp",
     "write hwtimestamp *, or remove the line"},
    {"ptpdomain", no_ptp, "there is no ptpport", "write ptpport 319, or remove the line"},
    {"fallbackdrift", no_fallback_drift, "it needs 0 < MIN <= MAX", "write fallbackdrift MIN MAX"},
    {"smoothtime", no_smoothing, "0 switches it off", "write smoothtime 400 0.01, or remove it"},
    {"smoothtime", no_leap_slew, "leaponly needs leapsecmode slew", "write leapsecmode slew"},
    {"log", no_log_files, "no log is named", "write log measurements statistics tracking"},
    {"log", no_estimator_log, "the log estimator needs estimator kalman",
     "write estimator kalman, or remove estimator"},
    {"maxchange", max_change_is_off, "a negative START switches it off",
     "write maxchange OFFSET START IGNORE with START of 0 or more"},
    {"makestep", makestep_is_off, "the limit is 0", "write makestep 1.0 3"},
    {"makestep", is_not_controlled, "the clock is not controlled (-x)", REMOVE_FIX},
    {"rtcsync", is_not_controlled, "the clock is not controlled (-x)", REMOVE_FIX},
    {"dumponexit", NULL, "dumpdir alone decides", REMOVE_FIX},
    {"ntpsigndsocket", no_signing, "this build cannot sign", BUILD_FIX},
    {"refclock", no_refclocks, "this build has no reference clocks", BUILD_FIX},
    {"rtcfile", no_rtc_support, "this build cannot track a real-time clock", BUILD_FIX},
    {"cmdallow", no_control, "this build has no control protocol", BUILD_FIX},
    {"bindcmdaddress", no_control, "this build has no control protocol", BUILD_FIX},
};

/* A build without NTS has said so for the directives that need it. */
static bool was_said(const struct check *c, const char *directive)
{
    for (size_t i = 0; i < c->conf->unsupported.count; i++) {
        if (strcmp(c->conf->unsupported.items[i], directive) == 0)
            return true;
    }
    return false;
}

/* ---- Repetitions ---- */

/* Directives that add up, or set one of several values. The last of the others wins. */
static bool adds_up(const char *directive)
{
    static const char *const words[] = {
        "allow",        "bindacqaddress",  "bindaddress",  "bindcmdaddress", "broadcast",
        "cmdallow",     "cmddeny",         "cmdratelimit", "confdir",        "deny",
        "hwtimestamp",  "include",         "log",          "ntsratelimit",   "ntsservercert",
        "ntsserverkey", "ntstrustedcerts", "peer",         "pool",           "ratelimit",
        "refclock",     "server",          "sourcedir",
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (strcmp(directive, words[i]) == 0)
            return true;
    }
    return false;
}

/* A fragment may replace what another file says. */
static void check_repetition(struct check *c, const struct check_line *line,
                             const struct check_line *last)
{
    if (last->place.file != line->place.file || strcmp(last->args, line->args) == 0)
        return;
    check_warn(c, line, NULL, "this has no effect: line %d says something else", last->place.line);
    check_fix(c, "remove one of the lines");
}

static void check_repeated(struct check *c)
{
    const struct check_line **last = NULL; /* of each directive, which are few */
    size_t count = 0, k;

    for (size_t i = c->line_count; i > 0; i--) {
        const struct check_line *line = &c->lines[i - 1];

        if (!line->accepted || adds_up(line->directive))
            continue;
        for (k = 0; k < count && strcmp(last[k]->directive, line->directive) != 0; k++)
            continue;
        if (k < count) {
            check_repetition(c, line, last[k]);
            continue;
        }
        last = mem_resize(last, count + 1, sizeof(*last));
        last[count++] = line;
    }
    free(last);
}

void check_effects(struct check *c)
{
    check_repeated(c);

    for (size_t i = 0; i < COUNT(effects); i++) {
        const struct effect *e = &effects[i];
        const struct check_line *line = check_find(c, e->directive);

        if (!line || was_said(c, e->directive) || (e->is_without && !e->is_without(c)))
            continue;
        check_warn(c, line, NULL, "this has no effect: %s", e->why);
        check_fix(c, "%s", e->fix);
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table and what walks it: dispatch, help and completion. A new command is one entry
 * here, an entry in doc/chronyc.adoc and its handler.
 */
#include "chronyc/commands.h"

#include <stdlib.h>
#include <string.h>
#include "base/nearest.h"
#include "base/text.h"
#include "chronyc/doctor.h"
#include "chronyc/exchange.h"
#include "chronyc/reports.h"

const struct command command_table[] = {
    {"tracking", SECTION_CLOCK, .run = show_tracking, .watchable = true,
     .help = {{"tracking", "Display system time information"}}},
    {"clock", SECTION_CLOCK, .run = show_clock, .watchable = true, .extra = true,
     .help = {{"clock", "Display how wrong the clock may be, and what is done with it"}}},
    {"explain", SECTION_CLOCK, .run = show_explain, .watchable = true, .extra = true,
     .help = {{"explain [<source>]", "Explain why the clock is, or is not, synchronised"}}},
    {"top", SECTION_CLOCK, .run = show_top, .extra = true,
     .help = {{"top [<interval>]", "Display everything on one screen, repeatedly"}}},
    {"makestep", SECTION_CLOCK, .build = build_makestep, .code = CMD_MAKESTEP,
     .help = {{"makestep", "Correct clock by stepping immediately"},
              {"makestep <threshold> <updates>", "Configure automatic clock stepping"}}},
    {"maxupdateskew", SECTION_CLOCK, .build = build_silent_number, .code = CMD_MAXUPDATESKEW,
     .help = {{"maxupdateskew <skew>", "Modify maximum valid skew to update frequency"}}},
    {"waitsync", SECTION_CLOCK, .run = show_waitsync,
     .help = {{"waitsync [<max-tries> [<max-correction> [<max-skew> [<interval>]]]]",
               "Wait until synchronised in specified limits"}}},
    {"temperature", SECTION_CLOCK, .run = show_temperature, .watchable = true, .extra = true,
     .help = {{"temperature", "Display what was learnt about the temperature"}}},
    {"report", SECTION_CLOCK, .run = show_report, .extra = true,
     .help = {{"report [--since <time>] [--until <time>] [--limit <error>]",
               "Report on the past from the history file"},
              {"report --html <file> [...]", "Write such a report as a page"}},
     .completions = {"--since", "--until", "--limit", "--html", "--file"}},

    {"sources", SECTION_SOURCES, .run = show_sources, .watchable = true,
     .help = {{"sources [-a] [-v]", "Display information about current sources"}},
     .completions = {"-a", "-v"}},
    {"sourcestats", SECTION_SOURCES, .run = show_sourcestats, .watchable = true,
     .help = {{"sourcestats [-a] [-v]", "Display statistics about collected measurements"}},
     .completions = {"-a", "-v"}},
    {"estimator", SECTION_SOURCES, .run = show_estimator, .watchable = true, .extra = true,
     .help = {{"estimator [-a] [-v]", "Display estimates, and what was learnt for them"}},
     .completions = {"-a", "-v"}},
    {"selectdata", SECTION_SOURCES, .run = show_selectdata, .watchable = true,
     .help = {{"selectdata [-a] [-v]", "Display information about source selection"}},
     .completions = {"-a", "-v"}},
    {"selectopts", SECTION_SOURCES, .build = build_selectopts, .code = CMD_SELECTOPTS,
     .help = {{"selectopts <address|refid> <+|-options>", "Modify selection options"}}},
    {"reselect", SECTION_SOURCES, .build = build_none, .code = CMD_RESELECT,
     .help = {{"reselect", "Force reselecting synchronisation source"}}},
    {"reselectdist", SECTION_SOURCES, .build = build_silent_number, .code = CMD_RESELECTDIST,
     .help = {{"reselectdist <dist>", "Modify reselection distance"}}},
    {"offset", SECTION_SOURCES, .build = build_offset, .code = CMD_OFFSET,
     .help = {{"offset <address|refid> <offset>", "Modify offset correction"}}},

    {"activity", SECTION_NTP_SOURCES, .run = show_activity, .watchable = true,
     .help = {{"activity", "Check how many NTP sources are online/offline"}}},
    {"authdata", SECTION_NTP_SOURCES, .run = show_authdata, .watchable = true,
     .help = {{"authdata [-a] [-v]", "Display information about authentication"}},
     .completions = {"-a", "-v"}},
    {"ntpdata", SECTION_NTP_SOURCES, .run = show_ntpdata, .watchable = true,
     .help = {{"ntpdata [<address>]", "Display information about last valid measurement"}}},
    {"add", SECTION_NTP_SOURCES, .build = build_add, .code = CMD_ADD_SOURCE,
     .help = {{"add server <name> [options]", "Add new NTP server"},
              {"add pool <name> [options]", "Add new pool of NTP servers"},
              {"add peer <name> [options]", "Add new NTP peer"}},
     .completions = {"peer", "pool", "server"}},
    {"delete", SECTION_NTP_SOURCES, .build = build_delete, .code = CMD_DELETE_SOURCE,
     .help = {{"delete <address>", "Remove server or peer"}}},
    {"burst", SECTION_NTP_SOURCES, .build = build_burst, .code = CMD_BURST,
     .help = {{"burst <n-good>/<n-max> [[<mask>/]<address>]", "Start rapid set of measurements"}}},
    {"maxdelay", SECTION_NTP_SOURCES, .build = build_source_number, .code = CMD_MAXDELAY,
     .help = {{"maxdelay <address> <delay>", "Modify maximum valid sample delay"}}},
    {"maxdelayratio", SECTION_NTP_SOURCES, .build = build_source_number, .code = CMD_MAXDELAYRATIO,
     .help = {{"maxdelayratio <address> <ratio>", "Modify maximum valid delay/minimum ratio"}}},
    {"maxdelaydevratio", SECTION_NTP_SOURCES, .build = build_source_number,
     .code = CMD_MAXDELAYDEVRATIO,
     .help = {{"maxdelaydevratio <address> <ratio>",
               "Modify maximum valid delay/deviation ratio"}}},
    {"minpoll", SECTION_NTP_SOURCES, .build = build_source_integer, .code = CMD_MINPOLL,
     .help = {{"minpoll <address> <poll>", "Modify minimum polling interval"}}},
    {"maxpoll", SECTION_NTP_SOURCES, .build = build_source_integer, .code = CMD_MAXPOLL,
     .help = {{"maxpoll <address> <poll>", "Modify maximum polling interval"}}},
    {"minstratum", SECTION_NTP_SOURCES, .build = build_source_integer, .code = CMD_MINSTRATUM,
     .help = {{"minstratum <address> <stratum>", "Modify minimum stratum"}}},
    {"offline", SECTION_NTP_SOURCES, .build = build_where, .code = CMD_OFFLINE,
     .help = {{"offline [[<mask>/]<address>]", "Set sources in subnet to offline status"}}},
    {"online", SECTION_NTP_SOURCES, .build = build_where, .code = CMD_ONLINE,
     .help = {{"online [[<mask>/]<address>]", "Set sources in subnet to online status"}}},
    {"onoffline", SECTION_NTP_SOURCES, .build = build_none, .code = CMD_ONOFFLINE,
     .help = {{"onoffline", "Set all sources to online or offline status"},
              {"", "according to network configuration"}}},
    {"polltarget", SECTION_NTP_SOURCES, .build = build_source_integer, .code = CMD_POLLTARGET,
     .help = {{"polltarget <address> <target>", "Modify poll target"}}},
    {"refresh", SECTION_NTP_SOURCES, .build = build_none, .code = CMD_REFRESH,
     .help = {{"refresh", "Refresh IP addresses"}}},
    {"reload", SECTION_NTP_SOURCES, .build = build_reload, .code = CMD_RELOAD_SOURCES,
     .help = {{"reload sources", "Re-read *.sources files"}}, .completions = {"sources"}},
    {"sourcename", SECTION_NTP_SOURCES, .run = show_sourcename, .watchable = true,
     .help = {{"sourcename <address>", "Display original name"}}},

    {"manual", SECTION_MANUAL, .run = run_manual, .watchable = true,
     .help = {{"manual off|on|reset", "Disable/enable/reset settime command"},
              {"manual list", "Show previous settime entries"},
              {"manual delete <index>", "Delete previous settime entry"}},
     .completions = {"on", "off", "delete", "list", "reset"}},
    {"settime", SECTION_MANUAL, .run = show_settime,
     .help = {{"settime <time>", "Set daemon time"},
              {"", "(e.g. Sep 25, 2015 16:30:05 or 16:30:05)"}}},

    {"accheck", SECTION_NTP_ACCESS, .build = build_check, .code = CMD_ACCHECK,
     .help = {{"accheck <address>", "Check whether address is allowed"}}},
    {"clients", SECTION_NTP_ACCESS, .run = show_clients, .watchable = true,
     .help = {{"clients [-p <packets>] [-k] [-r]", "Report on clients that accessed the server"}}},
    {"serverstats", SECTION_NTP_ACCESS, .run = show_serverstats, .watchable = true,
     .help = {{"serverstats", "Display statistics of the server"}}},
    {"allow", SECTION_NTP_ACCESS, .build = build_subnet, .code = CMD_ALLOW,
     .help = {{"allow [<subnet>]", "Allow access to subnet as a default"},
              {"allow all [<subnet>]", "Allow access to subnet and all children"}}},
    {"deny", SECTION_NTP_ACCESS, .build = build_subnet, .code = CMD_DENY,
     .help = {{"deny [<subnet>]", "Deny access to subnet as a default"},
              {"deny all [<subnet>]", "Deny access to subnet and all children"}}},
    {"local", SECTION_NTP_ACCESS, .build = build_local, .code = CMD_LOCAL,
     .help = {{"local [options]", "Serve time even when not synchronised"},
              {"local off", "Don't serve time when not synchronised"}}},
    {"smoothtime", SECTION_NTP_ACCESS, .build = build_smoothtime, .code = CMD_SMOOTHTIME,
     .help = {{"smoothtime reset|activate", "Reset/activate time smoothing"}}},
    {"smoothing", SECTION_NTP_ACCESS, .run = show_smoothing, .watchable = true,
     .help = {{"smoothing", "Display current time smoothing state"}}},

    {"cmdaccheck", SECTION_MONITORING_ACCESS, .build = build_check, .code = CMD_CMDACCHECK,
     .help = {{"cmdaccheck <address>", "Check whether address is allowed"}}},
    {"cmdallow", SECTION_MONITORING_ACCESS, .build = build_subnet, .code = CMD_CMDALLOW,
     .help = {{"cmdallow [<subnet>]", "Allow access to subnet as a default"},
              {"cmdallow all [<subnet>]", "Allow access to subnet and all children"}}},
    {"cmddeny", SECTION_MONITORING_ACCESS, .build = build_subnet, .code = CMD_CMDDENY,
     .help = {{"cmddeny [<subnet>]", "Deny access to subnet as a default"},
              {"cmddeny all [<subnet>]", "Deny access to subnet and all children"}}},

    {"rtcdata", SECTION_RTC, .run = show_rtcdata, .watchable = true,
     .help = {{"rtcdata", "Print current RTC performance parameters"}}},
    {"trimrtc", SECTION_RTC, .build = build_none, .code = CMD_TRIMRTC,
     .help = {{"trimrtc", "Correct RTC relative to system clock"}}},
    {"writertc", SECTION_RTC, .build = build_none, .code = CMD_WRITERTC,
     .help = {{"writertc", "Save RTC performance parameters to file"}}},

    {"cyclelogs", SECTION_DAEMON, .build = build_none, .code = CMD_CYCLELOGS,
     .help = {{"cyclelogs", "Close and re-open log files"}}},
    {"dump", SECTION_DAEMON, .build = build_none, .code = CMD_DUMP,
     .help = {{"dump", "Dump measurements and NTS keys/cookies"}}},
    {"metrics", SECTION_DAEMON, .run = show_metrics, .offline = true, .extra = true,
     .help = {{"metrics [-p]", "Print metrics for Prometheus"}}, .completions = {"-p"}},
    {"processes", SECTION_DAEMON, .run = show_processes, .watchable = true, .extra = true,
     .help = {{"processes", "Display processes of the daemon and their rights"}}},
    {"xdp", SECTION_DAEMON, .run = show_xdp, .watchable = true, .extra = true,
     .help = {{"xdp", "Display what was answered in the kernel"}}},
    {"rekey", SECTION_DAEMON, .build = build_none, .code = CMD_REKEY,
     .help = {{"rekey", "Re-read keys"}}},
    {"reset", SECTION_DAEMON, .build = build_reset, .code = CMD_RESET_SOURCES,
     .help = {{"reset sources", "Drop all measurements"}}, .completions = {"sources"}},
    {"shutdown", SECTION_DAEMON, .build = build_none, .code = CMD_SHUTDOWN,
     .help = {{"shutdown", "Stop daemon"}}},

    {"dns", SECTION_CLIENT, .run = run_dns,
     .help = {{"dns -n|+n", "Disable/enable resolving IP addresses to hostnames"},
              {"dns -4|-6|-46", "Resolve hostnames only to IPv4/IPv6/both addresses"}}},
    {"timeout", SECTION_CLIENT, .run = run_timeout,
     .help = {{"timeout <milliseconds>", "Set initial response timeout"}}},
    {"retries", SECTION_CLIENT, .run = run_retries,
     .help = {{"retries <retries>", "Set maximum number of retries"}}},
    {"keygen", SECTION_CLIENT, .run = run_keygen,
     .help = {{"keygen [<id> [<type> [<bits>]]]", "Generate key for key file"}}},
    {"watch", SECTION_CLIENT, .run = run_watch, .extra = true,
     .help = {{"watch <report> [<interval>]", "Show report repeatedly"}}},
    {"doctor", SECTION_CLIENT, .run = run_doctor, .offline = true, .keeps_user = true,
     .extra = true,
     .help = {{"doctor [-f <file>]", "Find what is wrong with the daemon or around it"}},
     .completions = {"-f"}},
    {"exit", SECTION_CLIENT, .run = run_quit, .help = {{"exit|quit", "Leave the program"}}},
    {"quit", SECTION_CLIENT, .run = run_quit},
    {"help", SECTION_CLIENT, .run = command_help, .help = {{"help", "Generate this help"}}},

    {"dfreq", SECTION_NONE, .build = build_number, .code = CMD_DFREQ},
    {"doffset", SECTION_NONE, .build = build_number, .code = CMD_DOFFSET},
    {"authhash", SECTION_NONE, .run = run_obsolete},
    {"password", SECTION_NONE, .run = run_obsolete},
    {.name = NULL, .section = SECTION_NONE},
};

const struct command *command_find(const char *name)
{
    for (const struct command *cmd = command_table; cmd->name; cmd++)
        if (strcmp(cmd->name, name) == 0)
            return cmd;
    return NULL;
}

/* Scripts may compare the first line; the second one is for people. */
static void print_unknown(const struct client *c, const char *word)
{
    struct nearest nearest = nearest_start(word);

    fprintf(c->env->err, "Unrecognized command\n");
    if (!c->env->err_terminal)
        return;
    for (const struct command *cmd = command_table; cmd->section != SECTION_NONE; cmd++)
        nearest_offer(&nearest, cmd->name);
    if (nearest.best)
        fprintf(c->env->err, "Did you mean %s?\n", nearest.best);
}

static bool dispatch(struct client *c, char *line)
{
    struct cmd_request request;
    char *args = text_split(line);

    const struct command *cmd = command_find(line);
    if (!cmd) {
        print_unknown(c, line);
        return false;
    }
    if (cmd->run)
        return cmd->run(c, args);
    memset(&request, 0, sizeof(request));
    request.command = (uint16_t)cmd->code;
    return cmd->build(c, args, &request) && exchange_command(c, &request);
}

bool command_run(struct client *c, char *line)
{
    c->status_printed = false;
    c->exit_status = EXIT_FAILURE;
    bool result = dispatch(c, line);
    if (c->json) {
        document_write(c->json, c->env->out);
        document_clear(c->json);
    }
    return result;
}

bool client_run_line(struct client *c, char *line)
{
    const struct environment *env = c->env;

    text_normalise(line);
    if (line[0] == '\0')
        return true;
    bool result = command_run(c, line);
    if (c->dots)
        fprintf(env->out, ".\n");
    fflush(env->err);
    if (fflush(env->out) != 0 || ferror(env->out)) {
        fprintf(env->err, "Could not write to stdout\n");
        clearerr(env->out);
        /* A command that the daemon has carried out did not fail. */
        if (!c->status_printed)
            return false;
    }
    return result;
}

#define HELP_COLUMN 28

static void print_help(FILE *out, const char *syntax, const char *text)
{
    if (strlen(syntax) >= HELP_COLUMN) {
        fprintf(out, "%s\n", syntax);
        syntax = "";
    }
    fprintf(out, "%-*s%s\n", HELP_COLUMN, syntax, text);
}

bool command_help(struct client *c, char *args)
{
    static const char *const titles[] = {
        [SECTION_CLOCK] = "System clock:",      [SECTION_SOURCES] = "Time sources:",
        [SECTION_NTP_SOURCES] = "NTP sources:", [SECTION_MANUAL] = "Manual time input:",
        [SECTION_NTP_ACCESS] = "NTP access:",   [SECTION_MONITORING_ACCESS] = "Monitoring access:",
        [SECTION_RTC] = "Real-time clock:",     [SECTION_DAEMON] = "Other daemon commands:",
        [SECTION_CLIENT] = "Client commands:",
    };
    enum command_section section = SECTION_NONE;
    FILE *out = c->env->out;

    for (const struct command *cmd = command_table; cmd->section != SECTION_NONE; cmd++) {
        if (cmd->section != section) {
            if (section != SECTION_NONE)
                print_help(out, "", "");
            section = cmd->section;
            print_help(out, titles[section], "");
        }
        if (cmd->extra && !c->env->out_terminal)
            continue;
        for (size_t i = 0; i < COMMAND_HELP_MAX && cmd->help[i].text; i++)
            print_help(out, cmd->help[i].syntax, cmd->help[i].text);
    }
    print_help(out, "", "");
    return true;
}

static bool begins_with(const char *word, const char *prefix)
{
    return strncmp(word, prefix, strlen(prefix)) == 0;
}

#define WORD_SEPARATORS " \t\n\r"

/* Words after the name of a command. */
static size_t complete_arguments(const struct command *cmd, const char *line, const char **words,
                                 size_t max)
{
    size_t count = 0;

    line += strspn(line, WORD_SEPARATORS);
    for (size_t i = 0; i < COMMAND_WORDS_MAX && cmd->completions[i]; i++)
        if (begins_with(cmd->completions[i], line) && count < max)
            words[count++] = cmd->completions[i];
    return count;
}

static size_t complete(const char *line, bool reports_only, const char **words, size_t max)
{
    size_t count = 0, length;

    line += strspn(line, WORD_SEPARATORS);
    length = strcspn(line, WORD_SEPARATORS);
    for (const struct command *cmd = command_table; cmd->section != SECTION_NONE; cmd++) {
        if (reports_only && !cmd->watchable)
            continue;
        if (line[length] == '\0') {
            if (begins_with(cmd->name, line) && count < max)
                words[count++] = cmd->name;
        } else if (strlen(cmd->name) == length && strncmp(cmd->name, line, length) == 0) {
            return cmd->run == run_watch ? complete(line + length, true, words, max)
                                         : complete_arguments(cmd, line + length, words, max);
        }
    }
    return count;
}

size_t command_complete(const char *line, const char **words, size_t max)
{
    return complete(line, false, words, max);
}

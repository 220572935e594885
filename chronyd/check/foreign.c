/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of other time daemons with what does the same here. People copy configurations; the message
 * about an unknown directive tells them what to write. doc/migration.md has the whole story.
 */
#include <stdlib.h>
#include <string.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"

#define NTPD     "ntpd (ntp.org, NTPsec)"
#define NTPSEC   "NTPsec"
#define OPENNTPD "OpenNTPD"
#define SYSTEMD  "systemd-timesyncd"

static const struct foreign {
    const char *word;
    const char *first; /* argument that the row is for; NULL: any */
    const char *whose, *equivalent;
} directives[] = {
    {"restrict", "default", NTPD,
     "remove the line: nobody is served, and nobody can query or "
     "change anything over the network, without allow"},
    {"restrict", "-4", NTPD, "remove the line: nobody is served without allow"},
    {"restrict", "-6", NTPD, "remove the line: nobody is served without allow"},
    {"restrict", "127.0.0.1", NTPD, "remove the line: chronyc on this machine may always ask"},
    {"restrict", "::1", NTPD, "remove the line: chronyc on this machine may always ask"},
    {"restrict", "source", NTPD, "remove the line: sources need no permission"},
    {"restrict", NULL, NTPD,
     "write allow ADDRESS or allow NETWORK/BITS for those who may ask, "
     "and ratelimit for limited kod"},
    {"nts", "cert", NTPSEC, "write ntsservercert FILE"},
    {"nts", "key", NTPSEC, "write ntsserverkey FILE"},
    {"nts", "ca", NTPSEC, "write ntstrustedcerts LOCATION and nosystemcert"},
    {"nts", "cookie", NTPSEC, "write ntsdumpdir DIRECTORY"},
    {"nts", "enable", NTPSEC,
     "remove the line: ntsservercert and ntsserverkey switch the server "
     "on"},
    {"nts", "disable", NTPSEC, "remove the line: without ntsservercert the server is off"},
    {"nts", "aead", NTPSEC, "write ntsaeads 30 15"},
    {"nts", NULL, NTPSEC, "remove the line: TLS 1.3 is always used, with the system's policy"},
    {"extra", NULL, NTPSEC, "write port PORT"},
    {"keys", NULL, NTPD, "write keyfile *"},
    {"trustedkey", NULL, NTPD, "remove the line: a key is trusted for the sources that name it"},
    {"controlkey", NULL, NTPD, "remove the line: chronyc uses a Unix socket"},
    {"requestkey", NULL, NTPD, "remove the line: chronyc uses a Unix socket"},
    {"keysdir", NULL, NTPD, "write keyfile FILE"},
    {"crypto", NULL, NTPD, "remove the line and use NTS: server NAME nts (autokey is not safe)"},
    {"tinker", "panic", NTPD,
     "write makestep 1.0 3 to set a wrong clock at the start, and "
     "maxchange OFFSET START IGNORE for a limit"},
    {"tinker", "step", NTPD, "write makestep THRESHOLD LIMIT"},
    {"tinker", NULL, NTPD, "remove the line, or see makestep and maxchange"},
    {"tos", "minsane", NTPD, "write minsources N"},
    {"tos", "minclock", NTPD, "remove the line, or write maxsources N behind the pool"},
    {"tos", "maxclock", NTPD, "remove the line, or write maxsources N behind the pool"},
    {"tos", "maxdist", NTPD, "write maxdistance SECONDS"},
    {"tos", "mindist", NTPD, "write the option delay of a refclock"},
    {"tos", "orphan", NTPD, "write local stratum N orphan"},
    {"tos", "orphanwait", NTPD, "write local orphan waitunsynced SECONDS"},
    {"tos", NULL, NTPD, "remove the line, or see minsources, maxdistance and local"},
    {"disable", "monitor", NTPD, "write noclientlog"},
    {"disable", "ntp", NTPD, "start chronyd with -x"},
    {"disable", "kernel", NTPD, "remove the line"},
    {"disable", NULL, NTPD, "remove the line: what is not wanted is not configured"},
    {"enable", NULL, NTPD, "remove the line: what is wanted has a directive of its own"},
    {"mru", NULL, NTPD, "write clientloglimit BYTES"},
    {"discard", NULL, NTPD, "write ratelimit interval N burst N"},
    {"fudge", NULL, NTPD,
     "write the options (offset, refid, stratum) behind refclock, or local "
     "stratum N in place of 127.127.1.0"},
    {"statsdir", NULL, NTPD, "write logdir *"},
    {"statistics", NULL, NTPD, "write log measurements statistics tracking"},
    {"filegen", NULL, NTPD,
     "write log measurements statistics tracking; logrotate and chronyc "
     "cyclelogs make new files"},
    {"logfile", NULL, NTPD, "start chronyd with -l *"},
    {"logconfig", NULL, NTPD, "start chronyd with -L LEVEL"},
    {"leapfile", NULL, NTPD, "write leapseclist *"},
    {"leapsmearinterval", NULL, NTPD,
     "write leapsecmode slew, maxslewrate 1000 and smoothtime "
     "400 0.001024 leaponly"},
    {"interface", NULL, NTPD, "write bindaddress ADDRESS, or binddevice INTERFACE"},
    {"nic", NULL, NTPD, "write bindaddress ADDRESS, or binddevice INTERFACE"},
    {"broadcastclient", NULL, NTPD,
     "write server ADDRESS: there is no broadcast client, which "
     "cannot be made safe"},
    {"multicastclient", NULL, NTPD, "write server ADDRESS for each server"},
    {"manycastclient", NULL, NTPD, "write pool NAME"},
    {"manycastserver", NULL, NTPD, "write allow NETWORK"},
    {"ttl", NULL, NTPD, "remove the line"},
    {"setvar", NULL, NTPD, "remove the line"},
    {"saveconfigdir", NULL, NTPD, "remove the line"},
    {"rlimit", NULL, NTPD, "write lock_all to lock the memory; limits are those of the service"},
    {"phone", NULL, NTPD, "remove the line: there is no modem driver"},
    {"includefile", NULL, NTPD, "write include *"},
    {"unpeer", NULL, NTPD, "remove the line with the source"},
    {"pollskewlist", NULL, NTPD, "remove the line"},
    {"servers", NULL, OPENNTPD, "write pool *"},
    {"listen", NULL, OPENNTPD, "write bindaddress ADDRESS and allow NETWORK"},
    {"constraint", NULL, OPENNTPD, "write server NAME nts: NTS authenticates the time itself"},
    {"constraints", NULL, OPENNTPD, "write server NAME nts: NTS authenticates the time itself"},
    {"sensor", NULL, OPENNTPD, "write refclock"},
    {"[time]", NULL, SYSTEMD, "remove the line"},
};

static const struct {
    const char *word, *equivalent;
} options[] = {
    {"ca", "write ntstrustedcerts 1 LOCATION, and certset 1 behind the source"},
    {"noval", "remove the option: for a private authority ntstrustedcerts, for a machine without "
              "a clock nocerttimecheck 1"},
    {"aead", "write ntsaeads for all sources"},
    {"ask", "remove the option"},
    {"cert", "remove the option"},
    {"expire", "write ntsrefresh SECONDS for all sources"},
    {"autokey", "write nts in place of it, if the server has NTS"},
    {"preempt", "remove the option"},
    {"true", "write trust"},
    {"mode", "remove the option: see refclock for local clocks"},
    {"ttl", "remove the option"},
    {"bias", "write offset SECONDS, with the same sign"},
    {"dynamic", "remove the option: names need not resolve when the daemon starts"},
    {"limited", "write ratelimit"},
    {"kod", "write ratelimit kod N"},
};

/* Local clocks of ntpd: 127.127.TYPE.UNIT. */
static const struct {
    int type;
    const char *equivalent;
} clocks[] = {
    {1, "write local stratum 10"},
    {18, "remove the line: there is no modem driver"},
    {20, "run gpsd for the receiver, and write refclock SHM 0 or refclock SOCK PATH"},
    {22, "write refclock PPS /dev/pps0"},
    {28, "write refclock SHM N, with the last number of the address"},
    {46, "write refclock SOCK PATH for gpsd"},
};

/* The words of a file of systemd-timesyncd have no space before the sign. */
static const char *timesyncd(const char *word, const char **whose)
{
    *whose = SYSTEMD;
    if (strncmp(word, "ntp=", 4) == 0 || strncmp(word, "fallbackntp=", 12) == 0)
        return "write server NAME iburst, or pool NAME iburst";
    if (strncmp(word, "pollinterval", 12) == 0 || strncmp(word, "rootdistancemaxsec", 18) == 0)
        return "write minpoll, maxpoll behind the source, or maxdistance";
    return NULL;
}

const char *check_foreign_directive(const char *word, const char *args, const char **whose)
{
    for (size_t i = 0; i < COUNT(directives); i++) {
        const struct foreign *row = &directives[i];
        size_t length = row->first ? strlen(row->first) : 0;

        if (strcmp(word, row->word) != 0)
            continue;
        if (row->first && (strncmp(args, row->first, length) != 0 ||
                           (args[length] != ' ' && args[length] != '\0')))
            continue;
        *whose = row->whose;
        return row->equivalent;
    }
    return timesyncd(word, whose);
}

const char *check_foreign_option(const char *word)
{
    for (size_t i = 0; i < COUNT(options); i++) {
        if (text_equal_nocase(word, options[i].word))
            return options[i].equivalent;
    }
    return NULL;
}

const char *check_foreign_address(const char *name)
{
    struct ip_addr addr;

    if (!ip_addr_parse(name, &addr) || addr.family != IP_V4 || addr.u.v4[0] != 127 ||
        addr.u.v4[1] != 127)
        return NULL;
    for (size_t i = 0; i < COUNT(clocks); i++) {
        if (clocks[i].type == addr.u.v4[2])
            return clocks[i].equivalent;
    }
    return "write refclock, for a clock that one of its drivers or gpsd knows";
}

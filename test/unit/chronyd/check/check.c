/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chronyd --check on a made-up machine: each case adds lines to a configuration without findings,
 * and tells all findings that they cause. Certificates, real files and hostile ones are those of
 * check.test.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"
#include "config.h"

#define NOW          1796100000
#define DAEMON_UID   101
#define OTHER_UID    1000
#define MAX_LINES    32
#define MAX_FINDINGS 8

/* ---- The machine ---- */

struct made_up_file {
    const char *path;
    unsigned int mode; /* with S_IFDIR, S_IFREG, S_IFCHR */
    uid_t uid;
    gid_t gid;
    const char *text;
};

#define FILE_OF(path, mode, uid, text)                                                             \
    {                                                                                              \
        (path), S_IFREG | (mode), (uid), (uid), (text)                                             \
    }
#define DIRECTORY(path, mode, uid)                                                                 \
    {                                                                                              \
        (path), S_IFDIR | (mode), (uid), (uid), NULL                                               \
    }

#define LEAP_LIST                                                                                  \
    "#$ 3913697179\n#@ %s\n2272060800 10\n3439756800 34\n3550089600 35\n3692217600 37\n"

static const char keys[] = "# keys\n"
                           "1 AES128 HEX:000102030405060708090A0B0C0D0E0F\n"
                           "2 MD5 ASCII:secret\n"
                           "3 SHA256 ASCII:twelve-chars\n"
                           "4 MD5 HEX:000102030405060708090A0B0C0D0E0F\n"
                           "5 NONE HEX:00\n";

static const struct made_up_file files[] = {
    DIRECTORY("/", 0755, 0),
    DIRECTORY("/etc", 0755, 0),
    DIRECTORY("/var", 0755, 0),
    DIRECTORY("/var/lib", 0755, 0),
    DIRECTORY("/var/lib/chrony", 0750, DAEMON_UID),
    DIRECTORY("/var/lib/open", 0777, DAEMON_UID),
    DIRECTORY("/var/lib/other", 0770, OTHER_UID),
    DIRECTORY("/var/lib/root", 0755, 0),
    DIRECTORY("/var/run", 0755, 0),
    DIRECTORY("/var/run/chrony", 0770, DAEMON_UID),
    DIRECTORY("/var/run/open", 0755, DAEMON_UID),
    DIRECTORY("/var/run/root", 0750, 0),
    FILE_OF("/etc/file", 0644, 0, "x"),
    FILE_OF("/etc/root.keys", 0600, 0, "1 AES128 HEX:000102030405060708090A0B0C0D0E0F\n"),
    {"/etc/good.keys", S_IFREG | 0640, 0, DAEMON_UID,
     "1 AES128 HEX:000102030405060708090A0B0C0D0E0F\n"},
    FILE_OF("/etc/open.keys", 0644, 0, "1 AES128 HEX:000102030405060708090A0B0C0D0E0F\n"),
    FILE_OF("/etc/own.keys", 0600, DAEMON_UID, "1 AES128 HEX:000102030405060708090A0B0C0D0E0F\n"),
    {"/etc/weak.keys", S_IFREG | 0640, 0, DAEMON_UID, keys},
    FILE_OF("/etc/open.key", 0644, 0, "private"),
    FILE_OF("/etc/good.key", 0600, 0, "private"),
    FILE_OF("/etc/chain.crt", 0644, 0, "chain"),
    FILE_OF("/etc/secret.crt", 0600, 0, "chain"),
    FILE_OF("/etc/leap", 0644, 0,
            "#$ 3913697179\n#@ 4291747200\n2272060800 10\n3439756800 34\n3550089600 35\n"
            "3692217600 37\n"),
    FILE_OF("/etc/oldleap", 0644, 0,
            "#$ 3676924800\n#@ 3707596800\n2272060800 10\n3439756800 34\n3550089600 35\n"),
    {"/dev/null", S_IFCHR | 0666, 0, 0, NULL},
    {"/dev/pps0", S_IFCHR | 0600, 0, 0, NULL},
    DIRECTORY("/etc/letsencrypt", 0755, 0),
    FILE_OF("/etc/letsencrypt/live/a/fullchain.pem", 0644, 0, "chain"),
    FILE_OF("/etc/letsencrypt/live/a/privkey.pem", 0600, 0, "private"),
    DIRECTORY("/etc/letsencrypt/renewal-hooks/deploy", 0755, 0),
    DIRECTORY("/etc/sources.d", 0755, 0),
    FILE_OF("/etc/sources.d/a.sources", 0644, 0, "server a.example\nsever b.example\n"),
};

/* Text of the one hook of certbot; NULL: there is none. */
struct machine {
    struct world_ops ops;
    struct world world;
    struct surroundings around;
    const char *hook;
};

static const struct made_up_file *find_file(const char *path)
{
    for (size_t i = 0; i < COUNT(files); i++) {
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    }
    errno = ENOENT;
    return NULL;
}

static struct mono_time mono_now(void *ctx)
{
    return (struct mono_time){{NOW, 0}};
}

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    const struct made_up_file *file = find_file(path);

    if (!file && strncmp(path, "/locked", 7) == 0)
        errno = EACCES;
    if (!file)
        return false;
    *info = (struct world_file_info){
        .mode = file->mode,
        .uid = file->uid,
        .gid = file->gid,
        .is_regular = S_ISREG(file->mode),
        .is_directory = S_ISDIR(file->mode),
        .mtime = NOW - 1000,
    };
    return true;
}

static FILE *file_read(void *ctx, const char *path)
{
    const struct machine *m = ctx;
    const struct made_up_file *file = find_file(path);
    const char *text = file ? file->text : NULL;

    if (strncmp(path, "/locked", 7) == 0)
        errno = EACCES;

    if (m->hook && strstr(path, "/renewal-hooks/deploy/hook"))
        text = m->hook;
    return text ? fmemopen((void *)text, strlen(text), "r") : NULL;
}

static char **list_files(void *ctx, const char *directory, const char *suffix)
{
    const struct machine *m = ctx;
    const char *name = strcmp(directory, "/etc/sources.d") == 0               ? "a.sources"
                       : m->hook && strstr(directory, "renewal-hooks/deploy") ? "hook"
                                                                              : NULL;
    char **names = mem_array(2, sizeof(*names));

    names[0] = name ? text_dup(name) : NULL;
    return names;
}

/* right/UTC with the leap second of June 2012, and UTC. */
static bool zone_time(void *ctx, const char *zone, struct tm *fields, int64_t *seconds)
{
    const int64_t leap = 1341100800; /* the second behind it */
    bool right = strcmp(zone, "right/UTC") == 0, inserted = right && fields->tm_sec == 60;
    struct tm copy = *fields;

    *seconds = timegm(&copy);
    inserted = inserted && *seconds == leap;
    if (!inserted)
        *fields = copy;
    if (right)
        *seconds += *seconds >= leap ? 25 : 24;
    return true;
}

static bool find_user(const char *name, uid_t *uid, gid_t *gid)
{
    *uid = *gid = strcmp(name, "_chrony") == 0 ? DAEMON_UID : 0;
    return strcmp(name, "_chrony") == 0 || strcmp(name, "root") == 0;
}

static struct check_interface interfaces[] = {
    {"lo", TIMESTAMPS_NONE}, {"eth0", TIMESTAMPS_HARDWARE}, {"eth1", TIMESTAMPS_UNKNOWN}};

static struct machine *make_machine(void)
{
    struct machine *m = mem_alloc(sizeof(*m));
    struct ip_addr *addresses = mem_array(2, sizeof(*addresses));

    addresses[0] = ip_addr_v4(192, 0, 2, 10);
    assert_true(ip_addr_parse("2001:db8::10", &addresses[1]));
    m->ops = (struct world_ops){.mono_now = mono_now,
                                .file_info = file_info,
                                .file_read = file_read,
                                .list_files = list_files,
                                .zone_time = zone_time};
    m->world = (struct world){&m->ops, m};
    m->hook = "#!/bin/sh\nchronyc rekey\n";
    m->around = (struct surroundings){
        .world = &m->world,
        .now = NOW,
        .built = NOW - 1000000,
        .has_rtc = true,
        .has_nts = true,
        .has_refclocks = true,
        .has_pps = true,
        .has_phc = true,
        .has_rtc_support = true,
        .has_privdrop = true,
        .has_signd = true,
        .has_filter = true,
        .has_cmdmon = true,
        .has_metrics = true,
        .has_xdp = true,
        .self = {"root", 0, 0},
        .interfaces = interfaces,
        .interface_count = COUNT(interfaces),
        .knows_interfaces = true,
        .addresses = addresses,
        .address_count = 2,
        .find_user = find_user,
    };
    return m;
}

static void free_machine(struct machine *m)
{
    free(m->around.addresses);
    free(m);
}

/* ---- Running a check ---- */

static const char base[] = "pool pool.ntp.org iburst\n"
                           "driftfile /var/lib/chrony/drift\n"
                           "makestep 1.0 3\n"
                           "rtcsync\n"
                           "bindcmdaddress /var/run/chrony/chronyd.sock\n"
                           "pidfile /var/run/chrony/chronyd.pid";
#define BASE_LINES 6

static struct options make_options(char *text, char **directives)
{
    struct options o = {
        .conf_file = "/etc/chrony.conf",
        .user = "_chrony",
        .mode = MODE_NORMAL,
        .need_root = true,
        .control_clock = true,
        .check = true,
        .directives = directives,
    };
    char *line, *rest = text;

    while ((line = strsep(&rest, "\n"))) {
        assert_true(o.directive_count < MAX_LINES);
        directives[o.directive_count++] = line;
    }
    return o;
}

/* "LINE severity: directive: text", where lines count behind the base, and 0 is the configuration
   as a whole. */
static void format_finding(const struct check_finding *f, int first, char *text, size_t size)
{
    static const char *const names[] = {"note", "warning", "error"};

    snprintf(text, size, "%d %s: %s%s%s", f->place.line > first ? f->place.line - first : 0,
             names[f->severity], f->directive ? f->directive : "", f->directive ? ": " : "",
             f->text);
}

static void assert_findings(const struct check *c, int first, const char *lines,
                            const char *const *expected)
{
    size_t count = 0;
    char found[4096];

    for (size_t i = 0; i < c->findings.count; i++) {
        const struct check_finding *f = &c->findings.items[i];
        bool known = false;

        format_finding(f, first, found, sizeof(found));
        for (size_t j = 0; j < MAX_FINDINGS && expected[j]; j++)
            known = known || strncmp(found, expected[j], strlen(expected[j])) == 0;
        if (!known)
            fail_msg("for\n%s\nnot expected: %s", lines, found);
        if (!f->fix || f->fix[0] == '\0')
            fail_msg("no fix: %s", found);
    }
    while (count < MAX_FINDINGS && expected[count])
        count++;
    if (c->findings.count != count)
        fail_msg("for\n%s\n%zu findings in place of %zu", lines, c->findings.count, count);
}

/* A text of which the options are made; the caller changes them before the check. */
struct run {
    char *text;
    char *directives[MAX_LINES];
    struct options options;
    struct machine *machine;
};

/* A line of the base that a case has, too, becomes a comment. */
static void leave_out_repeated(struct run *r, const char *lines)
{
    static const char *const words[] = {"driftfile", "makestep", "pidfile"};

    for (size_t i = 0; i < COUNT(words); i++) {
        size_t length = strlen(words[i]);
        char *own = strstr(r->text, words[i]);
        bool again = strncmp(lines, words[i], length) == 0;

        for (const char *p = lines; (p = strchr(p, '\n')); p++)
            again = again || strncmp(p + 1, words[i], length) == 0;
        if (again)
            *own = '#';
    }
}

static struct run *run_new(const char *lines, bool with_base)
{
    struct run *r = mem_alloc(sizeof(*r));
    size_t size = sizeof(base) + strlen(lines) + 2;

    r->text = mem_alloc(size);
    snprintf(r->text, size, "%s%s%s", with_base ? base : "", with_base && lines[0] ? "\n" : "",
             lines);
    if (with_base)
        leave_out_repeated(r, lines);
    r->options = make_options(r->text, r->directives);
    r->machine = make_machine();
    return r;
}

static void run_free(struct run *r)
{
    free_machine(r->machine);
    free(r->text);
    free(r);
}

static void run_expect(struct run *r, const char *lines, int first, const char *const *expected)
{
    struct check *c = check_new(&r->options, &r->machine->around);

    assert_findings(c, first, lines, expected);
    check_free(c);
    run_free(r);
}

struct test_case {
    const char *lines;
    const char *expected[MAX_FINDINGS];
};

static void run_cases(const struct test_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run_expect(run_new(cases[i].lines, true), cases[i].lines, BASE_LINES, cases[i].expected);
}

/* ---- Nothing wrong ---- */

static void good_configurations_have_no_findings(void **state)
{
    static const struct test_case cases[] = {
        {"", {NULL}},
        {"server a.example nts\nntsdumpdir /var/lib/chrony\nauthselectmode mix", {NULL}},
        {"allow 192.0.2.0/24\ndumpdir /var/lib/new\nlogdir /var/log/new", {NULL}},
        {"leapsectz right/UTC\nmaxupdateskew 100.0\nlogdir /var/log/chrony", {NULL}},
        {"leapseclist /etc/leap", {NULL}},
        {"keyfile /etc/good.keys\nserver a.example key 1\nauthselectmode mix", {NULL}},
        {"hwtimestamp eth0\nhwtimestamp *\nhwtstimeout 0.01", {NULL}},
        {"bindaddress 192.0.2.10\nallow\nbindacqaddress 2001:db8::10\nbinddevice eth0", {NULL}},
        {"refclock PPS /dev/pps0 refid PPS\nrefclock SHM 0 noselect\nrefclock PHC eth0", {NULL}},
        {"refclock SOCK /var/run/chrony/gps.sock", {NULL}},
        {"local stratum 10\nallow\nsmoothtime 400 0.01\nratelimit", {NULL}},
        {"bindcmdaddress 0.0.0.0\ncmdallow 192.0.2.5", {NULL}},
        {"maxchange 100 0 0\nmaxdrift 100\nmaxslewrate 100\nminsources 2", {NULL}},
        {"sourcedir /etc/none.d", {NULL}},
        {"driftfile /dev/null", {NULL}},
        {"leapsecmode slew\nmaxslewrate 1000\nsmoothtime 400 0.001024 leaponly\nallow", {NULL}},
    };

    run_cases(cases, COUNT(cases));
}

#define PLACES "\nbindcmdaddress /var/run/chrony/chronyd.sock\npidfile /var/run/chrony/chronyd.pid"

/* Those of config.md 28, and what distributions and clouds install. */
static void configurations_in_common_use_have_few_findings(void **state)
{
    static const struct test_case cases[] = {
        {"server ntp1.example.net iburst nts maxdelay 0.1\n"
         "server ntp2.example.net iburst nts maxdelay 0.2\n"
         "server ntp3.example.net iburst nts maxdelay 0.05\n"
         "minsources 2\nmaxchange 100 0 0\nmakestep 0.001 1\nmaxdrift 100\nmaxslewrate 100\n"
         "driftfile /var/lib/chrony/drift\nntsdumpdir /var/lib/chrony\nrtcsync" PLACES,
         {NULL}},
        {"initstepslew 1 client1 client3 client6\ndriftfile /var/lib/chrony/drift\n"
         "local stratum 8\nmanual\nallow 192.168.165.0/24\nsmoothtime 400 0.01\nrtcsync" PLACES,
         {NULL}},
        {"server ntp2.local\nserver ntp3.local\ndriftfile /var/lib/chrony/drift\n"
         "local stratum 8 orphan\nallow 192.168.165.0/24\nrtcsync" PLACES,
         {NULL}},
        {"server ntp1.example.net iburst\nserver ntp2.example.net iburst\n"
         "server ntp3.example.net iburst\nserver ntp4.example.net iburst\nmakestep 1.0 3\nrtcsync\n"
         "allow\nclientloglimit 100000000\nleapsectz right/UTC\n"
         "driftfile /var/lib/chrony/drift\ndumpdir /var/run/chrony" PLACES,
         {NULL}},
        {"sourcedir /etc/none.d\npool 2.debian.pool.ntp.org iburst\nkeyfile /etc/good.keys\n"
         "driftfile /var/lib/chrony/chrony.drift\nntsdumpdir /var/lib/chrony\n"
         "logdir /var/log/chrony\nmaxupdateskew 100.0\nrtcsync\nmakestep 1 3\n"
         "leapsectz right/UTC" PLACES,
         {NULL}},
        {"pool 2.fedora.pool.ntp.org iburst\nsourcedir /etc/none.d\n"
         "driftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\nkeyfile /etc/good.keys\n"
         "ntsdumpdir /var/lib/chrony\nleapseclist /etc/leap\nlogdir /var/log/chrony" PLACES,
         {NULL}},
        {"pool a.example\nminsamples 32\nmaxslewrate 500\ncorrtimeratio 100\nmaxdrift 500\n"
         "makestep 0.128 -1\nmaxchange 1000 1 1\nmaxclockerror 15\n"
         "driftfile /var/lib/chrony/drift" PLACES,
         {"6 warning: makestep: a negative limit"}},
        {"server 127.0.0.1 port 11123 minpoll 0 maxpoll 0 copy\nallow\ncmdport 11323\n"
         "driftfile /var/lib/chrony/drift-server1" PLACES,
         {NULL}},
        {"server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4\npool time.aws.com iburst\n"
         "driftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\nlogdir /var/log/chrony" PLACES,
         {NULL}},
        {"server metadata.google.internal prefer iburst\ndriftfile /var/lib/chrony/drift\n"
         "makestep 1.0 3\nrtcsync" PLACES,
         {"1 warning: server: this is the only source"}},
        {"pool a.example\nrefclock PHC /dev/pps0 poll 3 dpoll -2 offset 0 stratum 2\n"
         "driftfile /var/lib/chrony/drift\nmakestep 1.0 -1\nrtcsync" PLACES,
         {"4 warning: makestep: a negative limit"}},
        {"pool a.example\nrefclock PPS /dev/pps0 lock NMEA refid GPS1\n"
         "refclock SOCK /var/run/chrony.clk.ttyS0.sock offset 0.5 delay 0.2 refid NMEA noselect\n"
         "refclock SHM 1:perm=0644 refid GPS2\nrefclock PHC eth0:nocrossts poll 3 pps\n"
         "fallbackdrift 16 19\nallow 192.168/16\ndeny 192.168.100/24\nbroadcast 64 ff02::101\n"
         "cmdratelimit interval -4 burst 16\nratelimit interval 3 burst 8\n"
         "local stratum 10 orphan distance 0.0 waitsynced 7200 waitunsynced 300\n"
         "hwtimestamp eth0 txcomp 300e-9 rxcomp 645e-9\nhwtimestamp * rxfilter ptp\n"
         "driftfile /var/lib/chrony/drift" PLACES,
         {NULL}},
        {"server ntp.local minpoll 2 maxpoll 4 polltarget 30 maxdelaydevratio 2\n"
         "server ntp2.local minpoll -6 maxpoll -6 filter 15 xleave\n"
         "server ntp3.local minpoll -7 maxpoll -7 filter 31 maxdelayquant 0.3 xleave\n"
         "server ntp4.local minpoll -4 maxpoll -4 xleave extfield F323 extfield 10A port 319\n"
         "ptpport 319\nhwtimestamp eth0\ndriftfile /var/lib/chrony/drift" PLACES,
         {NULL}},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        run_expect(run_new(cases[i].lines, false), cases[i].lines, 0, cases[i].expected);
}

/* ---- Reading ---- */

static void each_bad_line_is_an_error(void **state)
{
    static const struct test_case cases[] = {
        {"sevrer a.example\nport\nserver a.example ibrust\nmaxdistance x",
         {"1 error: Invalid directive sevrer (did you mean server?)",
          "2 error: Missing arguments for port directive",
          "3 error: Invalid option in server directive: ibrust (did you mean iburst?)",
          "4 error: Could not parse maxdistance directive"}},
        {"SEVRER a", {"1 error: Invalid directive SEVRER (did you mean server?)"}},
        {"server a.example # the first",
         {"1 error: Invalid option in server directive: # (a comment needs a line of its own)"}},
        {"dscp 99\nlogbanner 5x\nlinux_hz 100",
         {"1 warning: Invalid value 99 in dscp directive (min 0, max 63), using 63",
          "2 warning: Invalid value 5x in logbanner directive, using 5",
          "3 warning: linux_hz directive is no longer supported"}},
        {"include /none/such.conf", {"1 error: include: Could not open /none/such.conf : No such"}},
        {"sourcedir", {"1 warning: Nothing is read for sourcedir with 0 directories"}},
        {"sourcedir /etc/sources.d",
         {"0 warning: Invalid directive sever (did you mean server?); line ignored"}},
        {"\x1b[31m", {"1 error: Invalid directive ?[31m"}},
    };

    run_cases(cases, COUNT(cases));
}

static void contradictions_that_end_the_start_are_all_told(void **state)
{
    static const struct test_case cases[] = {
        {"rtcfile /var/lib/chrony/rtc\nnoclientlog\nratelimit\nallow\npollpolicy accuracy\n"
         "allow 192.0.2.0/40\nrefclock SHMM 0",
         {"1 error: rtcfile directive cannot be used with rtcsync",
          "1 error: rtcfile: there is no device " DEFAULT_RTC_DEVICE,
          "2 error: Rate limiting cannot be enabled with noclientlog",
          "5 error: pollpolicy accuracy requires estimator kalman",
          "6 error: allow: Bad subnet in 192.0.2.0/40",
          "7 error: unknown refclock driver SHMM (did you mean SHM?)"}},
        {"refclock SHM 0 tai\nrefclock RTC /dev/null",
         {"1 error: refclock tai option requires leapseclist",
          "2 error: RTC refclock cannot be used together"}},
        {"templearn /etc/file 1\ntempcomp /etc/file 1 0 0 0 0",
         {"1 error: templearn directive cannot be used with tempcomp"}},
        {"sched_priority 100", {"1 error: sched_priority: priorities are 1 to 99"}},
    };

    run_cases(cases, COUNT(cases));
}

static void directives_of_other_daemons_have_an_equivalent(void **state)
{
    static const struct {
        const char *line, *finding, *fix;
    } cases[] = {
        {"restrict default kod", "1 error: restrict: this is a directive of ntpd", "remove the"},
        {"restrict 192.0.2.0 mask 255.255.255.0", "1 error: restrict: this", "write allow "},
        {"keys /etc/ntp.keys", "1 error: keys: this is", "write keyfile /etc/ntp.keys"},
        {"nts cert /etc/x", "1 error: nts: this is a directive of NTPsec", "write ntsservercert"},
        {"nts mintls TLS1.3", "1 error: nts: this is a directive of NTPsec", "remove the line"},
        {"tos minsane 2", "1 error: tos: this is a directive of ntpd", "write minsources N"},
        {"tos beacon 1", "1 error: tos: this is a directive of ntpd", "remove the line, or"},
        {"statsdir /var/log/ntp", "1 error: statsdir: this", "write logdir /var/log/ntp"},
        {"disable monitor", "1 error: disable: this is a directive", "write noclientlog"},
        {"leapfile", "1 error: leapfile: this is a directive", "write leapseclist "},
        {"fudge 127.127.1.0 stratum 10", "1 error: fudge: this is a directive", "write the opt"},
        {"constraints from \"x\"", "1 error: constraints: this is a directive of OpenNTPD",
         "write"},
        {"[Time]", "1 error: [time]: this is a directive of systemd-timesyncd", "remove the line"},
        {"NTP=a.example", "1 error: ntp=a.example: this is a directive of systemd", "write server"},
        {"PollIntervalMinSec=32", "1 error: pollintervalminsec=32: this is a dir", "write minpoll"},
        {"server a.example bias 1", "1 error: server: bias is an option of ntpd", "write offset"},
        {"server a.example nts noval", "1 error: server: noval is an option", "remove the option"},
        {"server 127.127.1.0", "1 error: server: 127.127.1.0 is a local clock of ntpd",
         "write local stratum 10"},
        {"server 127.127.8.0", "1 error: server: 127.127.8.0 is a local clock", "write refclock,"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct run *r = run_new(cases[i].line, true);
        struct check *c = check_new(&r->options, &r->machine->around);
        const char *const expected[MAX_FINDINGS] = {cases[i].finding};

        assert_findings(c, BASE_LINES, cases[i].line, expected);
        if (strncmp(c->findings.items[0].fix, cases[i].fix, strlen(cases[i].fix)) != 0)
            fail_msg("%s: %s", cases[i].line, c->findings.items[0].fix);
        check_free(c);
        run_free(r);
    }
}

/* ---- Sources ---- */

#define OTHERS                                                                                     \
    "\ndriftfile /var/lib/chrony/drift\nmakestep 1.0 3\n"                                          \
    "bindcmdaddress /var/run/chrony/chronyd.sock\npidfile /var/run/chrony/chronyd.pid"

static void too_few_sources_are_told(void **state)
{
    static const struct test_case cases[] = {
        {"manual" OTHERS, {NULL}},
        {"rtcsync" OTHERS, {"0 warning: server: there is no source of time"}},
        {"server a.example" OTHERS, {"1 warning: server: this is the only source"}},
        {"pool a.example maxsources 1" OTHERS, {"1 warning: pool: this is the only source"}},
        {"refclock SHM 0 noselect\nrefclock PPS /dev/pps0" OTHERS,
         {"2 warning: refclock: this is the only source"}},
        {"server a.example\npeer b.example" OTHERS, {"2 warning: peer: there are only two"}},
        {"server a.example\nserver b.example\nserver c.example noselect" OTHERS,
         {"3 warning: server: there are only two sources"}},
        {"server a.example\nserver b.example\nserver c.example" OTHERS, {NULL}},
        {"server a.example noselect" OTHERS, {"1 error: server: all sources have noselect"}},
        {"server a.example\nserver b.example\nserver c.example\nminsources 4" OTHERS,
         {"4 error: minsources: minsources is 4 and there are only 3"}},
        {"server a.example\nserver b.example\nserver c.example\nminsources 3" OTHERS, {NULL}},
        {"server a.example\nsourcedir /etc/none.d" OTHERS, {NULL}},
        {"server 127.0.0.1 port 11123 copy" OTHERS, {NULL}},
        {"server a.example\nserver b.example\nlocal stratum 8 orphan\nallow" OTHERS, {NULL}},
        {"server a.example\nsever b.example" OTHERS, {"2 error: Invalid directive sever"}},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        run_expect(run_new(cases[i].lines, false), cases[i].lines, 0, cases[i].expected);
}

static void mixed_authentication_is_told(void **state)
{
#define NTS_AND_KEY "server n.example nts\nntsdumpdir /var/lib/chrony\n"
    static const struct test_case cases[] = {
        {NTS_AND_KEY "port 123", {"0 warning: pool: 1 source without authentication beside 1"}},
        {NTS_AND_KEY "authselectmode mix", {NULL}},
        {NTS_AND_KEY "authselectmode require",
         {"0 warning: pool: with authselectmode require 1 source without authentication is never"}},
        {NTS_AND_KEY "authselectmode prefer", {"0 warning: pool: with authselectmode prefer 1"}},
        {NTS_AND_KEY "authselectmode ignore", {"0 warning: pool: with authselectmode ignore 1"}},
        {"authselectmode require", {"0 error: pool: with authselectmode require 1 source"}},
        {"authselectmode prefer", {NULL}},
        {"authselectmode ignore", {NULL}},
    };

    run_cases(cases, COUNT(cases));
}

static void options_of_sources_are_judged_together(void **state)
{
    static const struct test_case cases[] = {
        {"server a.example maxpoll 4", {"1 warning: server: maxpoll 4 is below minpoll 6 (the"}},
        {"server a.example minpoll 8 maxpoll 4",
         {"1 warning: server: maxpoll 4 is below minpoll 8"}},
        {"server a.example minpoll 12", {NULL}},
        {"server a.example minpoll -8", {"1 warning: server: minpoll -8 is out of range, 6"}},
        {"server a.example maxpoll 25", {"1 warning: server: maxpoll 25 is out of range, 24"}},
        {"pool 2.debian.pool.ntp.org minpoll 4", {"1 warning: pool: minpoll 4 is faster than"}},
        {"pool ppool.ntp.org minpoll 4", {NULL}},
        {"server a.example minsamples 9 maxsamples 8",
         {"1 warning: server: minsamples 9 is above"}},
        {"server a.example maxdelay 0", {"1 error: server: maxdelay 0 refuses every"}},
        {"server a.example maxsources 2", {"1 warning: server: maxsources has no effect on a ser"}},
        {"peer a.example iburst", {"1 warning: peer: iburst has no effect on a peer"}},
        {"server \"a.example\"", {"1 error: server: \"a.example\" is neither a name nor an"}},
        {"server a.example,b.example", {"1 error: server: a.example,b.example is neither"}},
        {"server 192.0.2.300", {"1 error: server: 192.0.2.300 is neither a name nor an address"}},
        {"server a.example port 323", {"1 error: server: port 323 is that of chronyc"}},
        {"server a.example port 4460", {"1 error: server: port 4460 is that of NTS-KE"}},
        {"server 192.0.2.1 ipv6", {"1 error: server: 192.0.2.1 is not an IPv6 address"}},
        {"pool a.example maxsources 17", {"1 warning: pool: maxsources 17 is out of range, 16"}},
        {"pool 192.0.2.1", {"1 warning: pool: a pool with an address is one server"}},
        {"server a.example:123", {"1 error: server: a.example:123 is neither a name"}},
        {"server [2001:db8::1]", {"1 error: server: [2001:db8::1] is neither a name"}},
        {"server fe80::1%eth0", {NULL}},
        {"server a.example\nserver a.example", {"2 warning: server: a.example is named before"}},
        {"server a.example certset 1", {"1 warning: server: certset has no effect without nts"}},
        {"server a.example ntsport 4461", {"1 warning: server: ntsport has no effect without nts"}},
        {"server a.example nts key 1\nntsdumpdir /var/lib/chrony\nauthselectmode mix",
         {"1 warning: server: key has no effect beside nts"}},
        {"peer a.example nts\nntsdumpdir /var/lib/chrony\nauthselectmode mix",
         {"1 error: peer: nts does not work with peers"}},
        {"server a.example nts certset 7\nntsdumpdir /var/lib/chrony\nauthselectmode mix",
         {"1 error: server: no certificate is trusted for this source, as set 7 is empty"}},
        {"server a.example nts\nnosystemcert\nntsdumpdir /var/lib/chrony\nauthselectmode mix",
         {"1 error: server: no certificate is trusted for this source, as set 0 is empty (nosys"}},
        {"server time.google.com", {"1 warning: server: time.google.com smears leap seconds and"}},
        {"server time.google.com\nleapsectz right/UTC",
         {"1 warning: server: time.google.com smears leap seconds and",
          "2 warning: leapsectz: leap seconds would be corrected twice"}},
    };

    run_cases(cases, COUNT(cases));
}

/* ---- Server ---- */

static void servers_that_nobody_reaches_are_told(void **state)
{
    static const struct test_case cases[] = {
        {"ntsservercert /etc/none\nntsserverkey /etc/none\nntsdumpdir /var/lib/chrony",
         {"1 warning: ntsservercert: no client is allowed", "1 error: ntsservercert: /etc/none: No",
          "2 error: ntsserverkey: /etc/none: No"}},
        {"allow\ndeny all\nratelimit", {"3 warning: ratelimit: this has no effect: no client"}},
        {"allow\nport 0", {"1 warning: allow: this has no effect: port is 0"}},
        {"port 323\nallow", {"1 error: port: 323 is the port of chronyc"}},
        {"allow\nbindaddress 127.0.0.1\nbindaddress ::1",
         {"3 warning: bindaddress: requests are received from this machine only"}},
        {"local stratum 10", {"1 warning: local: no client is allowed"}},
        {"local stratum 1\nallow", {"1 warning: local: with stratum 1 clients take"}},
        {"ntsservercert /etc/none\nntsserverkey /etc/none\nntsdumpdir /var/lib/chrony\nallow\n"
         "ntsrotate 60\nntsport 0\nport 0",
         {"1 error: ntsservercert: /etc/none",
          "1 warning: ntsservercert: port is 0, so clients get", "2 error: ntsserverkey: /etc/none",
          "4 warning: allow: this has no effect: port is 0",
          "5 warning: ntsrotate: a cookie is good",
          "6 error: ntsport: clients cannot find port 0"}},
    };

    run_cases(cases, COUNT(cases));
}

static void nts_without_a_directory_is_told(void **state)
{
    static const struct test_case cases[] = {
        {"server a.example nts\nauthselectmode mix",
         {"1 warning: server: there is no ntsdumpdir: each start"}},
        {"ntsservercert /etc/none\nntsserverkey /etc/none\nallow",
         {"1 error: ntsservercert: /etc/none: No", "2 error: ntsserverkey: /etc/none: No",
          "1 warning: ntsservercert: there is no ntsdumpdir: after a restart"}},
        {"server a.example nts\nauthselectmode mix\nntsdumpdir /var/lib/chrony\nntsaeads 99",
         {"4 error: ntsaeads: none of these algorithms is known"}},
        {"server a.example nts\nauthselectmode mix\nntsdumpdir /var/lib/chrony\nntsaeads 30",
         {"4 warning: ntsaeads: 15 (AES-SIV-CMAC-256) is missing"}},
        {"server a.example nts\nauthselectmode mix\nntscachedir /etc/file",
         {"3 error: ntscachedir: /etc/file is no directory"}},
    };

    run_cases(cases, COUNT(cases));
}

/* The mistake of guides that open port 323 for NTP. */
static void control_port_that_is_open_is_told(void **state)
{
    static const struct test_case cases[] = {
        {"cmdallow 192.0.2.0/24",
         {"1 warning: cmdallow: the control port listens on the loopback"}},
        {"bindcmdaddress 0.0.0.0", {"1 warning: bindcmdaddress: nobody but this machine may use"}},
        {"bindcmdaddress 0.0.0.0\ncmdallow 192.0.2.0/24",
         {"1 warning: bindcmdaddress: this opens the control port 323, which chronyc uses, and "
          "no"}},
        {"bindcmdaddress 0.0.0.0\ncmdallow all\nallow", {"2 warning: cmdallow: everybody may ask"}},
        {"cmdport 123\nallow\nbindcmdaddress 0.0.0.0\ncmdallow 192.0.2.1",
         {"1 error: cmdport: NTP has this port already"}},
        {"cmdport 500\nacquisitionport 500", {"1 error: cmdport: acquisitionport is the same"}},
    };

    run_cases(cases, COUNT(cases));
}

/* ---- Effects and values ---- */

static void directives_without_effect_are_told(void **state)
{
    static const char *const lines[] = {
        "smoothtime 400 0.01",
        "ratelimit",
        "ntpsigndsocket /var/run/chrony",
        "deny 192.0.2.1",
        "ntsport 4461",
        "ntsprocesses 2",
        "maxntsconnections 5",
        "ntsratelimit",
        "ntsrotate 604800",
        "ntsntpserver a.example",
        "ntsrefresh 100000",
        "ntstrustedcerts /etc/file",
        "nosystemcert",
        "nocerttimecheck 1",
        "ntsaeads 15",
        "rtcautotrim 30",
        "rtconutc",
        "hwclockfile /etc/file",
        "rtcdevice /dev/null",
        "hwtstimeout 0.1",
        "ptpdomain 5",
        "fallbackdrift 20 16",
        "log",
        "maxchange 100 -1 0",
        "dumponexit",
    };

    for (size_t i = 0; i < COUNT(lines); i++) {
        struct run *r = run_new(lines[i], true);
        char text[256];
        const char *const expected[MAX_FINDINGS] = {text};

        snprintf(text, sizeof(text),
                 "1 warning: %.*s: this has no effect: ", (int)strcspn(lines[i], " "), lines[i]);
        run_expect(r, lines[i], BASE_LINES, expected);
    }
}

static void directives_that_others_switch_off_are_told(void **state)
{
    static const struct test_case cases[] = {
        {"port 0\nbroadcast 10 192.0.2.255", {"2 warning: broadcast: this has no effect: port"}},
        {"cmdport 0\ncmdratelimit\nopencommands tracking\nbindcmddevice eth0\ncmdallow 192.0.2.1",
         {"2 warning: cmdratelimit: this has no", "3 warning: opencommands: this has no",
          "4 warning: bindcmddevice: this has no", "5 warning: cmdallow: this has no effect"}},
        {"noclientlog\nclientloglimit 1000", {"2 warning: clientloglimit: this has no effect"}},
        {"smoothtime 0 0\nallow", {"1 warning: smoothtime: this has no effect: 0 switches"}},
        {"smoothtime 400 0.01 leaponly\nallow",
         {"1 warning: smoothtime: this has no effect: leap"}},
        {"log estimator\nlogdir /var/log/x", {"1 warning: log: this has no effect: the log est"}},
        {"makestep 1.0 0", {"1 warning: makestep: this has no effect: the limit is 0"}},
        {"dscp 46\ndscp 0\ndscp 0", {"1 warning: dscp: this has no effect: line 9 says"}},
        {"bindaddress 127.0.0.1\nbindaddress ::1\nratelimit burst 9\nratelimit leak 2\nallow\n"
         "bindaddress 192.0.2.10",
         {NULL}},
        {"ntsserverkey /etc/good.key",
         {"1 warning: ntsserverkey: this has no effect", "1 error: ntsservercert: Uneven number"}},
    };

    run_cases(cases, COUNT(cases));
}

static void values_without_sense_are_told(void **state)
{
    static const struct test_case cases[] = {
        {"maxslewrate 0", {"1 error: maxslewrate: the value is in ppm"}},
        {"maxdrift 0.1", {"1 warning: maxdrift: the value is in ppm"}},
        {"maxclockerror 0", {"1 warning: maxclockerror: 0 claims"}},
        {"maxupdateskew 0", {"1 warning: maxupdateskew: the value is in ppm"}},
        {"maxdistance 0", {"1 error: maxdistance: no source is that near"}},
        {"maxjitter 0", {"1 error: maxjitter: each source has more"}},
        {"minstratum 5\nmaxstratum 4", {"1 error: minstratum: no stratum is left"}},
        {"maxstratum 0", {"1 error: maxstratum: servers have stratum 1 to 15"}},
        {"maxstratum 16", {"1 warning: maxstratum: stratum 16"}},
        {"minsamples 8\nmaxsamples 7", {"1 warning: minsamples: this is above maxsamples"}},
        {"maxsamples 1\nminsamples 1", {"1 warning: maxsamples: with fewer than 4"}},
        {"maxchange 0 1 1", {"1 error: maxchange: OFFSET is in seconds"}},
        {"logchange 0", {"1 warning: logchange: each correction"}},
        {"clockprecision 1", {"1 warning: clockprecision: the value is in seconds"}},
        {"local activate 2 distance 1\nallow", {"1 warning: local: activate is above distance"}},
        {"makestep 0 3", {"1 warning: makestep: with threshold 0 each"}},
        {"makestep 1000 3",
         {"1 warning: makestep: the threshold is in seconds: a clock that is "
          "wrong by 1000 s is corrected slowly, over 3 hours"}},
        {"makestep 1 -1", {"1 warning: makestep: a negative limit steps the clock at any time"}},
        {"log tracking", {"1 error: log: there is no logdir"}},
        {"leapsectz Nowhere", {"1 warning: leapsectz: Timezone Nowhere failed leap second check"}},
        {"leapseclist /etc/file", {"1 warning: leapseclist: Failed to parse leap seconds list"}},
        {"leapseclist /etc/oldleap",
         {"1 warning: leapseclist: Leap second list /etc/oldleap needs"}},
    };

    run_cases(cases, COUNT(cases));
}

static void missing_directives_are_told(void **state)
{
    static const char pool[] = "pool pool.ntp.org\nbindcmdaddress /var/run/chrony/chronyd.sock\n"
                               "pidfile /var/run/chrony/chronyd.pid";
    static const char *const no_drift[MAX_FINDINGS] = {"0 warning: driftfile: the frequency"};
    static const char *const no_rtc[MAX_FINDINGS] = {
        "0 warning: driftfile: the frequency",
        "0 warning: makestep: this machine has no real-time clock"};
    static const char *const too_early[MAX_FINDINGS] = {
        "0 warning: driftfile: the frequency",
        "0 warning: makestep: the clock of this machine is behind the day on which"};
    static const char *const nothing[MAX_FINDINGS] = {NULL};

    run_expect(run_new(pool, false), pool, 0, no_drift);
    struct run *r = run_new(pool, false);
    r->machine->around.has_rtc = false;
    run_expect(r, pool, 0, no_rtc);
    r = run_new(pool, false);
    r->machine->around.now = r->machine->around.built - 200000;
    run_expect(r, pool, 0, too_early);
    r = run_new(pool, false);
    r->machine->around.has_rtc = false;
    r->options.control_clock = false;
    run_expect(r, pool, 0, nothing);
}

/* ---- Network ---- */

static void addresses_and_interfaces_are_compared_with_the_machine(void **state)
{
    static const struct test_case cases[] = {
        {"hwtimestamp eth7", {"1 error: hwtimestamp: there is no interface eth7"}},
        {"hwtimestamp lo", {"1 error: hwtimestamp: interface lo cannot timestamp in hardware"}},
        {"hwtimestamp eth1", {"1 note: hwtimestamp: interface eth1 could not be asked"}},
        {"server 127.0.0.1\nallow",
         {"1 error: server: 127.0.0.1 with port 123 is this daemon itself"}},
        {"server 192.0.2.10\nallow", {"1 error: server: 192.0.2.10 with port 123 is this daemon"}},
        {"server ::1 port 11123\nport 11123\nallow ::/0", {"1 error: server: ::1 with port 11123"}},
        {"server 127.0.0.1", {NULL}}, /* another daemon: this one does not listen */
        {"server 127.0.0.1 port 11123\nallow", {NULL}},
        {"server 127.0.0.1\nport 0", {NULL}},
        {"server 127.0.0.1\nallow\nbindaddress 192.0.2.10", {NULL}},
        {"bindaddress 192.0.2.99\nallow", {"1 warning: bindaddress: 192.0.2.99 is not an address"}},
        {"bindacqaddress 2001:db8::99", {"1 warning: bindacqaddress: 2001:db8::99 is not an"}},
        {"bindcmdaddress 192.0.2.99\ncmdallow 192.0.2.1",
         {"1 warning: bindcmdaddress: 192.0.2.99 is not an address"}},
        {"binddevice eth7\nbindacqdevice eth8\nbindcmddevice eth9",
         {"1 error: binddevice: there is no interface eth7",
          "2 error: bindacqdevice: there is no interface eth8",
          "3 error: bindcmddevice: there is no interface eth9"}},
    };
#ifdef FEAT_METRICS
    static const struct test_case metrics[] = {
        {"metricsaddress 127.0.0.1:9123", {NULL}},
        {"metricsaddress [::1]:9123", {NULL}},
        {"metricsaddress 192.0.2.10:9123",
         {"1 warning: metricsaddress: everybody who can reach 192.0.2.10 may read"}},
        {"metricsaddress 0.0.0.0:9123",
         {"1 warning: metricsaddress: everybody who can reach this machine may read"}},
        {"metricsaddress 192.0.2.99:9123", {"1 warning: metricsaddress: 192.0.2.99 is not an"}},
        {"ntsservercert /etc/none\nntsserverkey /etc/none\nntsdumpdir /var/lib/chrony\nallow\n"
         "metricsaddress 127.0.0.1:4460",
         {"1 error: ntsservercert: /etc/none", "2 error: ntsserverkey: /etc/none",
          "5 error: metricsaddress: NTS-KE has port 4460 already"}},
    };

    run_cases(metrics, COUNT(metrics));
#endif
    static const char *const none[MAX_FINDINGS] = {"1 warning: hwtimestamp: no interface of this"};

    run_cases(cases, COUNT(cases));
    struct run *r = run_new("hwtimestamp *", true);
    r->machine->around.interface_count = 1;
    run_expect(r, "hwtimestamp *", BASE_LINES, none);
}

/* ---- Files ---- */

static void files_and_their_permissions_are_judged(void **state)
{
    static const struct test_case cases[] = {
        {"driftfile /var/lib/none/drift",
         {"1 warning: driftfile: the directory /var/lib/none does"}},
        {"driftfile /var/lib/root/drift",
         {"1 error: driftfile: user _chrony may not write into /v"}},
        {"driftfile /var/lib/open/drift",
         {"1 warning: driftfile: everybody may write into /var/l"}},
        {"driftfile /var/lib/other/drift",
         {"1 warning: driftfile: /var/lib/other belongs to another user (UID 1000)",
          "1 error: driftfile: user _chrony may not write into /var/lib/other"}},
        {"historyfile /var/lib/none/history 2M",
         {"1 warning: historyfile: the directory /var/lib/none does not exist: no history can"}},
        {"historyfile /var/lib/root/history",
         {"1 error: historyfile: user _chrony may not write into /var/lib/root"}},
        {"driftfile /locked/drift", {"1 note: driftfile: not allowed to look at /locked as"}},
        {"driftfile /var/lib/new/drift\ndumpdir /var/lib/new/", {NULL}},
        {"driftfile drift",
         {"1 warning: driftfile: a daemon looks for drift in /",
          "1 warning: driftfile: the directory . does not exist"}},
        {"historyfile /var/lib/chrony/history 1M", {NULL}},
        {"historyfile /etc/file",
         {"1 error: historyfile: user _chrony may not write into /etc",
          "1 error: historyfile: user _chrony may not read and write /etc/file"}},
        {"historyfile /var/lib/chrony",
         {"1 error: historyfile: user _chrony may not write into /var/l",
          "1 error: historyfile: /var/lib/chrony is no regular"}},
        {"historyfile h",
         {"1 warning: historyfile: a daemon looks for h in /",
          "1 warning: historyfile: the directory . does not exist"}},
        {"logdir /etc/file", {"1 error: logdir: /etc/file is no directory"}},
        {"dumpdir /var/lib/root", {"1 error: dumpdir: user _chrony may not write into"}},
        {"pidfile /none/pid", {"1 error: pidfile: the directory /none does not exist"}},
        {"bindcmdaddress /var/run/open/sock\npidfile /var/run/open/pid",
         {"1 error: bindcmdaddress: others may pass /var/run/open (mode 0755)"}},
        {"bindcmdaddress /var/run/root/sock\npidfile /var/run/root/pid",
         {"1 error: bindcmdaddress: /var/run/root does not belong to user _chrony"}},
        {"refclock PPS /dev/pps9", {"1 error: refclock: there is no device /dev/pps9 now, so"}},
        {"refclock PPS /dev/pps9 waitdevice", {"1 warning: refclock: there is no device"}},
        {"refclock PHC eth9:nocrossts", {"1 error: refclock: there is no device eth9 now"}},
        {"refclock SOCK /none/sock", {"1 error: refclock: the directory /none does not exist"}},
        {"tempcomp /etc/none 1 /etc/none2",
         {"1 warning: tempcomp: /etc/none does not exist", "1 error: tempcomp: /etc/none2 does"}},
        {"leapseclist /etc/secret.crt",
         {"1 warning: leapseclist: user _chrony may not read /etc/secret.crt",
          "1 warning: leapseclist: Failed to parse"}},
        {"server a.example nts\nauthselectmode mix\nntsdumpdir /var/lib/chrony\n"
         "ntstrustedcerts /etc/secret.crt\nntstrustedcerts /etc/none",
         {"4 error: ntstrustedcerts: user _chrony may not read /etc/secret.crt",
          "5 error: ntstrustedcerts: /etc/none does not exist"}},
    };

    run_cases(cases, COUNT(cases));
}

static void keys_are_judged(void **state)
{
    static const struct test_case cases[] = {
        {"keyfile /etc/none", {"1 warning: keyfile: /etc/none does not exist"}},
        {"keyfile /etc/open.keys",
         {"1 warning: keyfile: others may read /etc/open.keys (mode 0644)"}},
        {"keyfile /etc/own.keys",
         {"1 warning: keyfile: user _chrony, as which the daemon runs, may"}},
        {"keyfile /etc/root.keys",
         {"1 warning: keyfile: user _chrony may not read /etc/root.keys"}},
        {"server a.example key 1\nauthselectmode mix",
         {"1 error: server: there is no keyfile with"}},
        {"keyfile /etc/good.keys\nserver a.example key 9\nauthselectmode mix",
         {"2 error: server: there is no key 9 in /etc/good.keys"}},
    };

    static const char *const unseen[MAX_FINDINGS] = {
        "1 note: keyfile: not allowed to look at /locked/keys as user guest"};

    run_cases(cases, COUNT(cases));
    struct run *r = run_new("keyfile /locked/keys", true);
    r->machine->around.self = (struct check_user){"guest", OTHER_UID, OTHER_UID};
    run_expect(r, "keyfile /locked/keys", BASE_LINES, unseen);
}

static void weak_keys_are_told_with_their_line(void **state)
{
    struct run *r = run_new("keyfile /etc/weak.keys", true);
    struct check *c = check_new(&r->options, &r->machine->around);
    static const struct {
        int line;
        const char *text;
    } expected[] = {
        {3, "key 2 has 48 bits: it can be guessed"},
        {4, "key 3 has 96 bits: 128 are recommended"},
        {5, "key 4 is of type MD5"},
        {6, "Invalid type in key 5"},
    };

    assert_int_equal(c->findings.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct check_finding *f = &c->findings.items[i];

        assert_int_equal(f->severity, CHECK_WARNING);
        assert_string_equal(f->place.file, "/etc/weak.keys");
        assert_int_equal(f->place.line, expected[i].line);
        assert_int_equal(strncmp(f->text, expected[i].text, strlen(expected[i].text)), 0);
    }
    check_free(c);
    run_free(r);
}

/* The RHEL guide's chmod 644. */
static void private_key_that_others_read_is_told(void **state)
{
    static const struct test_case cases[] = {
        {"ntsservercert /etc/none\nntsserverkey /etc/open.key\nntsdumpdir /var/lib/chrony\nallow",
         {"1 error: ntsservercert: /etc/none",
          "2 warning: ntsserverkey: others may read /etc/open.key (mode 0644)"}},
        {"ntsservercert /etc/none\nntsserverkey /etc/good.key\nntsdumpdir /var/lib/chrony\nallow\n"
         "ntsprocesses 0",
         {"1 error: ntsservercert: /etc/none",
          "2 error: ntsserverkey: user _chrony may not read /etc/good.key: with ntsprocesses 0"}},
    };

    run_cases(cases, COUNT(cases));
}

static void renewal_by_certbot_is_judged(void **state)
{
    static const char lines[] = "ntsservercert /etc/letsencrypt/live/a/fullchain.pem\n"
                                "ntsserverkey /etc/letsencrypt/live/a/privkey.pem\n"
                                "ntsdumpdir /var/lib/chrony\nallow";
#define NO_CERTIFICATE "1 error: ntsservercert: There is no certificate in PEM format"
    static const struct {
        const char *hook;
        const char *expected[MAX_FINDINGS];
    } cases[] = {
        {"#!/bin/sh\nchronyc rekey\n", {NO_CERTIFICATE}},
        {NULL, {NO_CERTIFICATE, "1 warning: ntsservercert: no hook of certbot tells"}},
        {"systemctl reload nginx\n",
         {NO_CERTIFICATE, "1 warning: ntsservercert: no hook of certbot tells"}},
        {"systemctl restart chronyd\n",
         {NO_CERTIFICATE, "1 warning: ntsservercert: a hook of certbot restarts the daemon"}},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct run *r = run_new(lines, true);

        r->machine->hook = cases[i].hook;
        run_expect(r, lines, BASE_LINES, cases[i].expected);
    }
}

/* ---- Build and options ---- */

static void what_this_build_lacks_is_told(void **state)
{
    static const char lines[] = "server a.example nts\nntsdumpdir /var/lib/chrony\n"
                                "ntpsigndsocket /var/run/chrony\nallow\nrefclock PPS /dev/pps0\n"
                                "metricsaddress 127.0.0.1:9123\nauthselectmode mix";
    static const char *const expected[MAX_FINDINGS] = {
        "1 warning: server: This build has no support for NTS, which the nts option needs",
        "2 warning: This build has no support for NTS, which ntsdumpdir needs",
        "3 warning: ntpsigndsocket: this has no effect: this build cannot sign",
        "5 error: refclock: this build has no driver PPS",
        "6 error: Could not parse metricsaddress directive",
        "0 error: -F: this build has no system call filter",
        "0 error: user: this build cannot drop root privileges",
    };
    struct run *r = run_new(lines, true);

    r->machine->around.has_nts = r->machine->around.has_signd = false;
    r->machine->around.has_pps = r->machine->around.has_filter = false;
    r->machine->around.has_privdrop = r->machine->around.has_metrics = false;
    r->options.filter_level = 1;
    run_expect(r, lines, BASE_LINES, expected);
}

static void options_of_the_command_line_count(void **state)
{
    static const char *const no_user[MAX_FINDINGS] = {"0 error: user: there is no user ntp"};
    static const char *const null_clock[MAX_FINDINGS] = {"0 warning: makestep: this has no effect",
                                                         "0 warning: rtcsync: this has no effect"};
    static const char *const nothing[MAX_FINDINGS] = {NULL};
    static const char *const family[MAX_FINDINGS] = {"1 error: server: 192.0.2.1 is not an IPv6"};
    struct run *r = run_new("", true);

    r->options.user = "ntp";
    run_expect(r, "-u ntp", BASE_LINES, no_user);
    r = run_new("mailonchange root 1", true);
    r->options.filter_level = 2;
    struct check *c = check_new(&r->options, &r->machine->around);
    assert_string_equal(c->findings.items[0].directive, "mailonchange");
    assert_int_equal(c->findings.items[0].severity, CHECK_ERROR);
    check_free(c);
    run_free(r);
    r = run_new("", true);
    r->options.control_clock = false;
    run_expect(r, "-x", BASE_LINES, null_clock);
    r = run_new("server a.example nts maxsamples 1", false);
    r->options.mode = MODE_MEASURE_ONCE;
    r->options.control_clock = false;
    r->options.client_only = true;
    run_expect(r, "-Q", 0, nothing);
    r = run_new("server 192.0.2.1", true);
    r->options.family = IP_V6;
    run_expect(r, "-6", BASE_LINES, family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_configurations_have_no_findings),
        cmocka_unit_test(configurations_in_common_use_have_few_findings),
        cmocka_unit_test(each_bad_line_is_an_error),
        cmocka_unit_test(contradictions_that_end_the_start_are_all_told),
        cmocka_unit_test(directives_of_other_daemons_have_an_equivalent),
        cmocka_unit_test(too_few_sources_are_told),
        cmocka_unit_test(mixed_authentication_is_told),
        cmocka_unit_test(options_of_sources_are_judged_together),
        cmocka_unit_test(servers_that_nobody_reaches_are_told),
        cmocka_unit_test(nts_without_a_directory_is_told),
        cmocka_unit_test(control_port_that_is_open_is_told),
        cmocka_unit_test(directives_without_effect_are_told),
        cmocka_unit_test(directives_that_others_switch_off_are_told),
        cmocka_unit_test(values_without_sense_are_told),
        cmocka_unit_test(missing_directives_are_told),
        cmocka_unit_test(addresses_and_interfaces_are_compared_with_the_machine),
        cmocka_unit_test(files_and_their_permissions_are_judged),
        cmocka_unit_test(keys_are_judged),
        cmocka_unit_test(weak_keys_are_told_with_their_line),
        cmocka_unit_test(private_key_that_others_read_is_told),
        cmocka_unit_test(renewal_by_certbot_is_judged),
        cmocka_unit_test(what_this_build_lacks_is_told),
        cmocka_unit_test(options_of_the_command_line_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

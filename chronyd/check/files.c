/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the files and devices that the configuration names: whether they are there, whether the
 * daemon's user can read them, and whether others can who must not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/number.h"
#include "base/text.h"
#include "chronyd/check/check.h"
#include "config.h"

static bool look(const struct check *c, const char *path, struct world_file_info *info)
{
    const struct world *w = c->around->world;

    errno = 0;
    return w->ops->file_info(w->ctx, path, info);
}

static bool is_missing(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

static void add(struct check *c, enum check_severity severity, const struct check_line *line,
                const char *text)
{
    (severity == CHECK_ERROR ? check_error : check_warn)(c, line, NULL, "%s", text);
}

bool check_readable(struct check *c, enum check_severity severity, const struct check_line *line,
                    const char *path, const char *consequence)
{
    enum check_answer answer = check_may(c, path, R_OK);
    char text[1024];

    if (answer == ANSWER_YES)
        return true;
    if (answer == ANSWER_UNKNOWN) {
        check_note_unseen(c, line, NULL, path);
        return true;
    }
    if (is_missing(errno)) {
        snprintf(text, sizeof(text), "%s does not exist: %s", path, consequence);
        add(c, severity, line, text);
        check_fix(c, "create it, or correct the path");
    } else {
        snprintf(text, sizeof(text), "user %s may not read %s: %s", c->user.name, path,
                 consequence);
        add(c, severity, line, text);
        check_fix(c,
                  "chown root:%s %s && chmod 640 %s, and let this user pass the directories "
                  "above it",
                  c->user.name, path, path);
    }
    return false;
}

/* ---- Secrets ---- */

/* Others may read a secret, or change it. for_root: root alone has to read it. What cannot be
   looked at is noted where it is read. */
static void check_secret(struct check *c, const struct check_line *line, const char *path,
                         bool for_root)
{
    const char *group = for_root || !c->knows_user ? "root" : c->user.name;
    struct world_file_info info;

    if (!look(c, path, &info) || !info.is_regular)
        return;
    unsigned int mode = info.mode & 07777;
    if (mode & 0006) {
        check_warn(c, line, NULL, "others may %s %s (mode %04o)", mode & 0004 ? "read" : "write",
                   path, mode);
        check_fix(c, "chown root:%s %s && chmod %s %s", group, path, for_root ? "600" : "640",
                  path);
    }
    if (!(mode & 0002) && c->knows_user && c->user.uid != 0 &&
        check_may(c, path, W_OK) == ANSWER_YES) {
        check_warn(c, line, NULL, "user %s, as which the daemon runs, may change %s", c->user.name,
                   path);
        check_fix(c, "chown root:%s %s && chmod %s %s", group, path, for_root ? "600" : "640",
                  path);
    }
}

static void check_server_files(struct check *c)
{
    const struct nts_server_conf *nts = &c->conf->nts_server;

    for (size_t i = 0; c->around->has_nts && i < nts->keys.count; i++) {
        const struct check_line *line = check_find_nth(c, "ntsserverkey", i);

        check_secret(c, line, nts->keys.items[i], nts->processes > 0 && c->options->need_root);
        if (nts->processes == 0)
            check_readable(c, CHECK_ERROR, line, nts->keys.items[i],
                           "with ntsprocesses 0 it reads the key itself");
    }
}

static void check_trusted(struct check *c)
{
    for (size_t i = 0; c->around->has_nts && i < c->conf->nts_client.count; i++)
        check_readable(c, check_uses_nts_client(c) ? CHECK_ERROR : CHECK_WARNING,
                       check_find_nth(c, "ntstrustedcerts", i), c->conf->nts_client.certs[i].path,
                       "no server can be verified with it");
}

static void check_configuration(struct check *c)
{
    for (size_t i = 0; i < c->files.count; i++) {
        const char *path = c->files.items[i];
        const struct check_line where = {.place = {.file = path, .order = 0}};
        struct world_file_info info;

        if (!look(c, path, &info) || !info.is_regular)
            continue;
        bool is_own = c->knows_user && info.uid == c->user.uid && info.uid != 0 &&
                      c->user.uid != c->around->self.uid;
        if (!(info.mode & 0002) && !is_own)
            continue;
        check_warn(c, &where, NULL, "%s may change the configuration, which root reads (mode %04o)",
                   is_own ? "the daemon's user" : "everybody", (unsigned int)info.mode & 07777);
        check_fix(c, "chown root:root %s && chmod 644 %s", path, path);
    }
}

/* ---- Other files ---- */

static void check_read_files(struct check *c)
{
    const struct conf *conf = c->conf;
    const struct {
        const char *directive, *path, *consequence;
    } files[] = {
        {"leapseclist", conf->reference.leap.list, "there is no leap second data"},
        {"tempcomp", conf->tempcomp.file, "the temperature is not known"},
        {"templearn", conf->templearn.file, "the temperature is not known"},
    };

    for (size_t i = 0; i < COUNT(files); i++) {
        if (files[i].path)
            check_readable(c, CHECK_WARNING, check_find(c, files[i].directive), files[i].path,
                           files[i].consequence);
    }
    if (conf->tempcomp.points_file)
        check_readable(c, CHECK_ERROR, check_find(c, "tempcomp"), conf->tempcomp.points_file,
                       "the daemon does not start");
}

/* In a daemon relative paths begin at the root directory. */
static void check_relative(struct check *c)
{
    const struct conf *conf = c->conf;
    const struct {
        const char *directive, *path;
    } paths[] = {
        {"historyfile", conf->history.file},
        {"driftfile", conf->reference.drift_file.path},
        {"dumpdir", conf->selection.dump_dir},
        {"keyfile", conf->key_file},
        {"logdir", conf->log.dir},
        {"ntsdumpdir", conf->nts_client.dump_dir},
        {"pidfile", conf->process.pid_file},
        {"timepage", conf->process.time_page},
        {"rtcfile", conf->rtc.file},
        {"leapseclist", conf->reference.leap.list},
    };

    for (size_t i = 0; i < COUNT(paths); i++) {
        const struct check_line *line = check_find(c, paths[i].directive);

        if (!line || !paths[i].path || paths[i].path[0] == '/' || c->options->foreground)
            continue;
        check_warn(c, line, NULL, "a daemon looks for %s in /", paths[i].path);
        check_fix(c, "write the path from / on");
    }
}

static void check_mail(struct check *c)
{
    struct world_file_info info;

    if (!c->conf->reference.mail_user || look(c, MAIL_PROGRAM, &info))
        return;
    check_warn(c, check_find(c, "mailonchange"), NULL, "there is no %s, so no mail is sent",
               MAIL_PROGRAM);
    check_fix(c, "install a mail transfer agent, or remove the line");
}

/* ---- Devices ---- */

static bool is_built(const struct check *c, const char *driver)
{
    return strcmp(driver, "PPS") == 0   ? c->around->has_pps
           : strcmp(driver, "PHC") == 0 ? c->around->has_phc
           : strcmp(driver, "RTC") == 0 ? c->around->has_rtc_support
                                        : true;
}

/* Its parameter is the path of a device. */
static bool is_device_driver(const char *driver)
{
    return strcmp(driver, "PPS") == 0 || strcmp(driver, "PHC") == 0 || strcmp(driver, "RTC") == 0;
}

static bool is_interface(const struct check *c, const char *name)
{
    for (size_t i = 0; i < c->around->interface_count; i++) {
        if (strcmp(c->around->interfaces[i].name, name) == 0)
            return true;
    }
    return false;
}

static void check_refclock(struct check *c, const struct refclock_conf *clock,
                           const struct check_line *line)
{
    char *path = text_dup(clock->parameter);
    struct world_file_info info;

    path[strcspn(path, ":")] = '\0';
    if (!is_built(c, clock->driver)) {
        check_error(c, line, NULL, "this build has no driver %s, so the daemon does not start",
                    clock->driver);
        check_fix(c, "install a build with it, or remove the line");
    } else if (is_device_driver(clock->driver) && !look(c, path, &info) && is_missing(errno) &&
               !(strcmp(clock->driver, "PHC") == 0 && is_interface(c, path))) {
        (clock->wait_device ? check_warn : check_error)(
            c, line, NULL, "there is no device %s now%s", path,
            clock->wait_device ? ", it is waited for" : ", so the daemon does not start");
        check_fix(c, clock->wait_device ? "connect it, or correct the path"
                                        : "correct the path, or add the option waitdevice");
    }
    free(path);
}

static void check_refclocks(struct check *c)
{
    for (size_t i = 0; c->around->has_refclocks && i < c->conf->refclocks.count; i++)
        check_refclock(c, &c->conf->refclocks.items[i], check_find_nth(c, "refclock", i));
}

static void check_rtc_device(struct check *c)
{
    struct world_file_info info;

    if (!c->conf->rtc.file || !c->around->has_rtc_support || look(c, c->conf->rtc.device, &info) ||
        !is_missing(errno))
        return;
    check_error(c, check_find(c, "rtcfile"), NULL, "there is no device %s to track",
                c->conf->rtc.device);
    check_fix(c, "write rtcdevice PATH, or remove rtcfile");
}

void check_files(struct check *c)
{
    check_configuration(c);
    check_relative(c);
    check_server_files(c);
    check_trusted(c);
    if (c->conf->key_file)
        check_secret(c, check_find(c, "keyfile"), c->conf->key_file, false);
    check_read_files(c);
    check_mail(c);
    check_refclocks(c);
    check_rtc_device(c);
}

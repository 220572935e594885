/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the files that the daemon writes, of the disks that they are on, and of the server's
 * certificates. See doctor.h.
 */
#include "chronyc/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

#define FIX_SIZE   1024
#define PATH_SIZE  1024
#define LOW_SPACE  (1024U * 1024U) /* octets */
#define DRIFT_LATE (25.0 * 3600.0) /* s; it is written each hour, or as its interval says */

/* ---- What is written ---- */

static const struct writing {
    enum report_file what;
    const char *directive;
    const char *contents;
    bool is_directory;
} writings[] = {
    {REPORT_FILE_DRIFT, "driftfile", "the frequency of the clock", false},
    {REPORT_FILE_DUMP_DIR, "dumpdir", "measurements", true},
    {REPORT_FILE_NTS_DIR, "ntsdumpdir", "keys and cookies of NTS", true},
    {REPORT_FILE_LOG_DIR, "logdir", "logs", true},
    {REPORT_FILE_RTC, "rtcfile", "the drift of the real-time clock", false},
    {REPORT_FILE_HISTORY, "historyfile", "the history", false},
};

/* Who the daemon is; false: it is not known. */
static bool daemon_ids(const struct doctor *d, uint32_t *uid, uint32_t *gid)
{
    *uid = d->has_daemon ? d->daemon.uid : d->around.uid;
    *gid = d->has_daemon ? d->daemon.gid : UINT32_MAX;
    return d->has_daemon || d->contact == CONTACT_FULL;
}

/* By owner, group and mode; access control lists can allow more. Root may do all. */
static bool may_write(const struct stat *st, uint32_t uid, uint32_t gid)
{
    mode_t needed = 0003; /* to make files in the directory */

    if (uid == 0)
        return true;
    if (st->st_uid == uid)
        return (st->st_mode & (needed << 6)) == needed << 6;
    if (gid == UINT32_MAX || st->st_gid == gid)
        return (st->st_mode & (needed << 3)) == needed << 3;
    return (st->st_mode & needed) == needed;
}

static void tell_missing(struct doctor *d, const struct writing *w, const char *directory)
{
    char fix[FIX_SIZE];
    uint32_t uid, gid;

    if (errno == EACCES) {
        doctor_add(d, DIAGNOSIS_UNKNOWN, "hidden", "sudo chronyc doctor",
                   "%s (%s) cannot be looked at by this user", directory, w->directive);
        return;
    }
    if (daemon_ids(d, &uid, &gid) && gid != UINT32_MAX)
        snprintf(fix, sizeof(fix), "mkdir -m 750 -p %s; chown %" PRIu32 ":%" PRIu32 " %s",
                 directory, uid, gid, directory);
    else
        snprintf(fix, sizeof(fix), "make the directory, for the user that chronyd runs as");
    doctor_add(d, DIAGNOSIS_ERROR, "no_directory", fix,
               "The directory %s does not exist, so chronyd cannot save %s (%s)", directory,
               w->contents, w->directive);
}

/* The disk. False: nothing can be written to it. */
static bool check_space(struct doctor *d, const struct writing *w, const char *directory)
{
    char path[PATH_SIZE], fix[FIX_SIZE];
    struct machine_space space;

    if (!doctor_path(d, directory, path, sizeof(path)) || !machine_space(d->machine, path, &space))
        return true;
    if (space.read_only) {
        snprintf(fix, sizeof(fix),
                 "mount it read-write, or let %s name a directory on another file system; a unit "
                 "with ProtectSystem needs it in ReadWritePaths",
                 w->directive);
        doctor_add(d, DIAGNOSIS_ERROR, "read_only", fix,
                   "The file system of %s is mounted read-only, so chronyd cannot save %s",
                   directory, w->contents);
    } else if (space.free_bytes == 0 || space.no_inodes) {
        doctor_add(d, DIAGNOSIS_ERROR, "disk_full", "make room: df -h and df -i show what is full",
                   "The disk of %s is full (%s), so chronyd cannot save %s", directory,
                   space.no_inodes ? "no file can be made" : "no octet is left", w->contents);
    } else if (space.free_bytes < LOW_SPACE) {
        doctor_add(d, DIAGNOSIS_WARNING, "disk_nearly_full", "make room: df -h shows what is full",
                   "The disk of %s is nearly full: %" PRIu64 " kB are left", directory,
                   space.free_bytes / 1024);
        return true;
    } else {
        return true;
    }
    doctor_value_text(d, "path", directory);
    return false;
}

static void check_rights(struct doctor *d, const struct writing *w, const char *directory,
                         const struct stat *st)
{
    char fix[FIX_SIZE];
    uint32_t uid, gid;

    if (!daemon_ids(d, &uid, &gid) || may_write(st, uid, gid))
        return;
    if (gid == UINT32_MAX)
        snprintf(fix, sizeof(fix), "chown %" PRIu32 " %s", uid, directory);
    else
        snprintf(fix, sizeof(fix), "chown %" PRIu32 ":%" PRIu32 " %s; chmod 750 %s", uid, gid,
                 directory, directory);
    doctor_add(d, DIAGNOSIS_ERROR, "not_writable", fix,
               "chronyd (user ID %" PRIu32
               ") may not make files in %s (owner %u:%u, mode %03o), so "
               "it cannot save %s",
               uid, directory, (unsigned int)st->st_uid, (unsigned int)st->st_gid,
               (unsigned int)st->st_mode & 0777, w->contents);
    doctor_value_text(d, "path", directory);
}

/* What the daemon itself met. The reason is found above, or is in its log. */
static void check_failure(struct doctor *d, const struct doctor_file *file)
{
    if (!file->failing)
        return;
    doctor_add(d, DIAGNOSIS_ERROR, "write_failed",
               "the log of chronyd has the reason (look for `Could not`); when it is removed, the "
               "next attempt succeeds by itself",
               "The last attempt of chronyd to write to %s has failed", file->path);
    doctor_value_text(d, "path", file->path);
}

static void check_drift_age(struct doctor *d, const struct doctor_file *file)
{
    struct stat st;

    if (d->daemon_age < DRIFT_LATE || !doctor_is_synchronised(d))
        return;
    if (!doctor_stat(d, file->path, &st)) {
        if (errno == ENOENT)
            doctor_add(d, DIAGNOSIS_WARNING, "no_drift_file",
                       "see the log of chronyd for the reason",
                       "%s was not written, although chronyd has run for %s", file->path,
                       doctor_span(d->daemon_age).s);
        return;
    }
    double age = (double)(d->now.sec - st.st_mtim.tv_sec);
    if (age < DRIFT_LATE)
        return;
    doctor_add(d, DIAGNOSIS_WARNING, "old_drift_file",
               "see the log of chronyd for the reason; an interval in the directive driftfile may "
               "be meant to be that long",
               "%s was not written for %s, although chronyd has run longer", file->path,
               doctor_span(age).s);
    doctor_value(d, "age_seconds", age);
}

static void check_writing(struct doctor *d, const struct writing *w, const struct doctor_file *file)
{
    char *directory = w->is_directory ? text_dup(file->path) : file_directory(file->path);
    struct stat st;

    if (!doctor_stat(d, directory, &st)) {
        tell_missing(d, w, directory);
    } else if (!S_ISDIR(st.st_mode)) {
        doctor_add(d, DIAGNOSIS_ERROR, "no_directory", "move it away", "%s (%s) is not a directory",
                   directory, w->directive);
    } else if (check_space(d, w, directory)) {
        check_rights(d, w, directory, &st);
    }
    check_failure(d, file);
    if (w->what == REPORT_FILE_DRIFT)
        check_drift_age(d, file);
    free(directory);
}

void doctor_check_files(struct doctor *d)
{
    size_t count = 0;

    if (!doctor_knows_settings(d))
        return;
    /* Paths of a daemon in a container are not those of this machine. */
    if (d->contact == CONTACT_FULL && !d->has_daemon)
        return;
    for (size_t i = 0; i < COUNT(writings); i++) {
        const struct doctor_file *file = doctor_file(d, writings[i].what);

        if (!file)
            continue;
        check_writing(d, &writings[i], file);
        count++;
    }
    if (count > 0)
        doctor_ok(d, "nothing seems to keep chronyd from writing what it has to (%zu place%s)",
                  count, count == 1 ? "" : "s");
}

/* ---- Certificates ---- */

/* A file that changes while it is read, and clocks that are not the same to the second. */
#define CERTIFICATE_SLACK 5.0

#define CERTIFICATE_LATE (21.0 * 86400.0) /* s; renewed in time they have more left */
#define CERTIFICATES_MAX 100

static void check_replaced(struct doctor *d, const struct doctor_file *file)
{
    struct stat st;

    if (!doctor_stat(d, file->path, &st)) {
        if (errno == EACCES)
            doctor_add(d, DIAGNOSIS_UNKNOWN, "hidden", "sudo chronyc doctor",
                       "%s cannot be looked at by this user", file->path);
        else
            doctor_add(d, DIAGNOSIS_WARNING, "no_file", "put it back, or correct the configuration",
                       "%s: %s; chronyd goes on with what it has read until it is restarted",
                       file->path, text_errno(errno));
        return;
    }
    double changed = (double)(d->now.sec - st.st_mtim.tv_sec);
    if (changed + CERTIFICATE_SLACK >= (double)d->around.certificates_ago)
        return;
    doctor_add(d, DIAGNOSIS_WARNING, "certificate_replaced",
               "chronyc rekey, now and each time that it is renewed: certbot runs it with "
               "--deploy-hook 'chronyc rekey'",
               "%s was replaced %s ago, after chronyd had read it, so the old one is still served",
               file->path, doctor_span(changed).s);
    doctor_value_text(d, "path", file->path);
    doctor_value(d, "age_seconds", changed);
}

/* The daemon's certificates, which are those of new sessions. Returns the seconds that are left
   until the first one expires; infinite: that is not known. */
static double check_dates(struct doctor *d)
{
    union cmd_reply_body body;
    double least = HUGE_VAL;
    uint32_t total = 1;

    for (uint32_t i = 0; i < total && i < CERTIFICATES_MAX; i++) {
        if (!doctor_ask(d, CMD_CERTIFICATE, (int32_t)i, &body, NULL))
            return least;
        const struct report_certificate *c = &body.certificate;
        total = c->total;
        least = fmin(least, c->seconds_left);
        if (instant_compare(c->not_before, d->now) > 0)
            doctor_add(d, DIAGNOSIS_ERROR, "certificate_not_yet",
                       "look at the clock of this machine first (date); then at the certificate",
                       "The certificate %s is not valid yet: clients refuse it", c->file);
        else if (c->seconds_left < 0.0)
            doctor_add(d, DIAGNOSIS_ERROR, "certificate_expired", "renew it, and run chronyc rekey",
                       "The certificate %s has expired %s ago: clients refuse it", c->file,
                       doctor_span(-c->seconds_left).s);
        else if (c->seconds_left < CERTIFICATE_LATE)
            doctor_add(d, DIAGNOSIS_WARNING, "certificate_expires",
                       "renew it, and run chronyc rekey; see why it was not renewed by itself",
                       "The certificate %s expires in %s", c->file, doctor_span(c->seconds_left).s);
        else
            continue;
        doctor_value_text(d, "path", c->file);
        doctor_value(d, "seconds_left", c->seconds_left);
    }
    return least;
}

void doctor_check_certificates(struct doctor *d)
{
    if (d->contact != CONTACT_FULL || d->around.nts_port == 0)
        return;
    if (d->around.certificates_ago == UINT32_MAX) {
        doctor_add(d, DIAGNOSIS_ERROR, "no_certificate",
                   "the log of chronyd has the reason; chronyd --check looks at the files",
                   "The NTS server has no certificate that it can use, so it serves nobody");
        return;
    }
    for (size_t i = 0; i < d->file_count && d->has_daemon; i++)
        if (d->files[i].what == REPORT_FILE_CERTIFICATE ||
            d->files[i].what == REPORT_FILE_PRIVATE_KEY)
            check_replaced(d, &d->files[i]);
    double left = check_dates(d);
    if (isfinite(left))
        doctor_ok(d, "the server has read them %s ago, the first one expires in %s",
                  doctor_span(d->around.certificates_ago).s, doctor_span(left).s);
}

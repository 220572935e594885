/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurement log files (daemon.md 18): the only place that knows their names, headings and banner
 * rules. Called by whoever has an entry. A full disk or a missing directory never stops the daemon.
 */
#include "clock/measurement_log.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file_trouble.h"
#include "base/log.h"
#include "base/text.h"

#define MAX_BANNER  255
#define LOG_MODE    0644
#define RETRY_DELAY 10.0 /* seconds */

static const struct log_kind {
    const char *name;
    unsigned int enabled_by; /* enum log_file_bit */
    const char *heading;
} kinds[MLOG_KINDS] = {
    [MLOG_MEASUREMENTS] = {"measurements", LOGFILE_MEASUREMENTS | LOGFILE_RAWMEASUREMENTS,
                           "   Date (UTC) Time     IP Address   L St 123 567 ABCD  LP RP Score  "
                           "  Offset  Peer del. Peer disp.  Root del. Root disp. Refid     MTxRx"},
    [MLOG_SELECTION] = {"selection", LOGFILE_SELECTION,
                        "   Date (UTC) Time     IP Address   S EOpts Reach Score Last sample  "
                        "Low end   High end"},
    [MLOG_STATISTICS] = {"statistics", LOGFILE_STATISTICS,
                         "   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  "
                         "Diff freq   Est skew  Stress  Ns  Bs  Nr  Asym"},
    [MLOG_TRACKING] = {"tracking", LOGFILE_TRACKING,
                       "   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L "
                       "Co  Offset sd Rem. corr. Root delay Root disp. Max. error"},
    [MLOG_RTC] =
        {"rtc", LOGFILE_RTC,
         "   Date (UTC) Time   RTC fast (s) Val   Est fast (s)   Slope (ppm)  Ns  Nr Meas"},
    [MLOG_REFCLOCKS] = {"refclocks", LOGFILE_REFCLOCKS,
                        "   Date (UTC) Time         Refid  DP L P  Raw offset   Cooked offset      "
                        "Disp."},
    [MLOG_TEMPCOMP] = {"tempcomp", LOGFILE_TEMPCOMP, "   Date (UTC) Time        Temp.       Comp."},
    [MLOG_ESTIMATOR] = {"estimator", LOGFILE_ESTIMATOR,
                        "   Date (UTC) Time     IP Address   Est offset  Offset sd   Freq ppm    "
                        "Freq sd     Wander     Jitter Bnd Gau  Up  Dn"},
};

struct log_file {
    bool enabled;
    FILE *stream; /* NULL: not open */
    unsigned int entries;
    long size; /* with the last complete entry, where that can be known */
    bool failed;
    struct mono_time failure; /* the last one; tried again after RETRY_DELAY */
    struct file_trouble trouble;
};

struct measurement_log {
    struct world *world;
    struct log_conf conf;
    struct log_file files[MLOG_KINDS];
};

struct measurement_log *measurement_log_new(struct world *world, const struct log_conf *conf)
{
    struct measurement_log *log = mem_alloc(sizeof(*log));

    log->world = world;
    log->conf = *conf;
    for (int i = 0; i < MLOG_KINDS; i++)
        log->files[i].enabled = (conf->files & kinds[i].enabled_by) != 0;
    return log;
}

void measurement_log_free(struct measurement_log *log)
{
    if (!log)
        return;
    measurement_log_cycle(log);
    free(log);
}

bool measurement_log_enabled(const struct measurement_log *log, enum measurement_log_kind kind)
{
    if (!log)
        return false;
    const struct log_file *file = &log->files[kind];
    if (!file->enabled || !file->failed)
        return file->enabled;
    return log->conf.dir && mono_diff(world_mono_now(log->world), file->failure) >= RETRY_DELAY;
}

static void note_failure(struct measurement_log *log, struct log_file *file)
{
    file->failed = true;
    file->failure = world_mono_now(log->world);
    if (file->stream)
        fclose(file->stream);
    file->stream = NULL;
}

static bool get_path(const struct measurement_log *log, enum measurement_log_kind kind, char *path,
                     size_t size)
{
    int length = snprintf(path, size, "%s/%s.log", log->conf.dir, kinds[kind].name);

    return length > 0 && (size_t)length < size;
}

/* The rest of an entry that a full disk has cut off must not become the start of the next one. */
static void end_cut_line(const struct log_file *file)
{
    if (!file->failed || fseek(file->stream, 0, SEEK_END) != 0)
        return;
    long size = ftell(file->stream);
    if (size > 0 && size != file->size)
        fputc('\n', file->stream);
}

static bool open_file(struct measurement_log *log, enum measurement_log_kind kind, const char *path)
{
    struct log_file *file = &log->files[kind];

    file->stream = log->world->ops->file_append(log->world->ctx, path, LOG_MODE);
    if (!file->stream) {
        LOG_TROUBLE(&file->trouble, "Could not open %s : %s", path, text_errno(errno));
        return false;
    }
    end_cut_line(file);
    return true;
}

static void write_banner(FILE *stream, const char *heading)
{
    char line[MAX_BANNER + 1];
    size_t length = strlen(heading);

    if (length > MAX_BANNER)
        length = MAX_BANNER;
    memset(line, '=', length);
    line[length] = '\0';
    fprintf(stream, "%s\n%s\n%s\n", line, heading, line);
}

static void write_entry(struct log_file *file, int banner, const char *heading, const char *format,
                        va_list args)
{
    if (banner > 0 && file->entries % (unsigned int)banner == 0)
        write_banner(file->stream, heading);
    file->entries++;
    vfprintf(file->stream, format, args);
    fputc('\n', file->stream);
}

void measurement_log_write(struct measurement_log *log, enum measurement_log_kind kind,
                           const char *format, ...)
{
    char path[PATH_MAX];

    if (!measurement_log_enabled(log, kind))
        return;
    struct log_file *file = &log->files[kind];
    if (!log->conf.dir) {
        LOG_WARN("logdir not specified");
        note_failure(log, file);
        return;
    }
    if (!get_path(log, kind, path, sizeof(path))) {
        LOG_TROUBLE(&file->trouble, "Could not open %s : %s", log->conf.dir,
                    text_errno(ENAMETOOLONG));
        note_failure(log, file);
        return;
    }
    if (!file->stream && !open_file(log, kind, path)) {
        note_failure(log, file);
        return;
    }

    va_list args;
    va_start(args, format);
    write_entry(file, log->conf.banner, kinds[kind].heading, format, args);
    va_end(args);
    if (fflush(file->stream) != 0) {
        LOG_TROUBLE(&file->trouble, "Could not write %s : %s", path, text_errno(errno));
        note_failure(log, file);
        return;
    }
    file->size = ftell(file->stream);
    file->failed = false;
    file_trouble_end(&file->trouble, path);
}

void measurement_log_cycle(struct measurement_log *log)
{
    for (int i = 0; i < MLOG_KINDS; i++) {
        if (log->files[i].stream)
            fclose(log->files[i].stream);
        log->files[i].stream = NULL;
        log->files[i].entries = 0;
        log->files[i].failed = false;
        log->files[i].trouble.failed = false;
    }
}

bool measurement_log_is_failing(const struct measurement_log *log)
{
    for (int i = 0; i < MLOG_KINDS; i++)
        if (log->files[i].trouble.failed)
            return true;
    return false;
}

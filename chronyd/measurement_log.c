/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measurement log files (daemon.md 18): the only place that knows their names, headings and banner
 * rules. Called by whoever has an entry. A full disk or a missing directory never stops the daemon.
 */
#include "chronyd/measurement_log.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "conf/conf.h"

#define MAX_BANNER 255
#define LOG_MODE   0644

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
};

struct log_file {
    bool enabled;
    bool failed;  /* to open, since the start or the last cycle */
    FILE *stream; /* NULL: not opened yet */
    unsigned int entries;
};

struct measurement_log {
    struct world *world;
    char *directory; /* NULL: not set */
    unsigned int banner;
    struct log_file files[MLOG_KINDS];
};

struct measurement_log *measurement_log_new(struct world *world, const char *directory, int banner,
                                            unsigned int files)
{
    struct measurement_log *log = mem_alloc(sizeof(*log));

    log->world = world;
    log->directory = directory && directory[0] ? text_dup(directory) : NULL;
    log->banner = banner > 0 ? (unsigned int)banner : 0;
    for (int i = 0; i < MLOG_KINDS; i++)
        log->files[i].enabled = (files & kinds[i].enabled_by) != 0;
    return log;
}

void measurement_log_free(struct measurement_log *log)
{
    if (!log)
        return;
    measurement_log_cycle(log);
    free(log->directory);
    free(log);
}

bool measurement_log_enabled(const struct measurement_log *log, enum measurement_log_kind kind)
{
    return log && log->files[kind].enabled && !log->files[kind].failed;
}

static bool open_file(struct measurement_log *log, enum measurement_log_kind kind)
{
    struct log_file *file = &log->files[kind];
    char path[PATH_MAX];

    if (!log->directory) {
        LOG_WARN("logdir not specified");
        return false;
    }
    int length = snprintf(path, sizeof(path), "%s/%s.log", log->directory, kinds[kind].name);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        LOG_ERROR("Could not open %s : %s", log->directory, text_errno(ENAMETOOLONG));
        return false;
    }
    file->stream = log->world->ops->file_append(log->world->ctx, path, LOG_MODE);
    if (!file->stream) {
        LOG_ERROR("Could not open %s : %s", path, text_errno(errno));
        return false;
    }
    file->entries = 0;
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

void measurement_log_write(struct measurement_log *log, enum measurement_log_kind kind,
                           const char *format, ...)
{
    if (!measurement_log_enabled(log, kind))
        return;

    struct log_file *file = &log->files[kind];
    if (!file->stream && !open_file(log, kind)) {
        file->failed = true;
        return;
    }
    if (log->banner > 0 && file->entries % log->banner == 0)
        write_banner(file->stream, kinds[kind].heading);
    file->entries++;

    va_list args;
    va_start(args, format);
    vfprintf(file->stream, format, args);
    va_end(args);
    fputc('\n', file->stream);
    fflush(file->stream);
}

void measurement_log_cycle(struct measurement_log *log)
{
    for (int i = 0; i < MLOG_KINDS; i++) {
        if (log->files[i].stream)
            fclose(log->files[i].stream);
        log->files[i].stream = NULL;
        log->files[i].failed = false;
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon has around it: process, ports, files (cmdmon.md 13.26). It tells what it was
 * asked for in the configuration and what became of it; whether that is good is judged by those who
 * ask (chronyc/doctor.h).
 */
#include <unistd.h>

#include "base/text.h"
#include "chronyd/execute.h"
#include "conf/files.h"

static uint32_t flags_of(const struct chronyd *d)
{
    const struct rtc_conf *rtc = &d->conf->rtc;

    return (d->options->control_clock ? REPORT_CONTROLS_CLOCK : 0) |
           (d->conf->sockets.port > 0 && ntp_sockets_is_serving(d->ntp_sockets) ? REPORT_SERVES_TIME
                                                                                : 0) |
           (rtc->on_utc ? REPORT_RTC_IN_UTC : 0) | (rtc->sync ? REPORT_RTC_SYNC : 0);
}

static uint16_t port_of(int port)
{
    return (uint16_t)(port > 0 ? port : 0);
}

/* The file with this index; the one that the configuration was read from is the first. */
static bool find_file(const struct chronyd *d, size_t index, struct conf_file *file)
{
    size_t first = d->options->directive_count == 0;

    if (index >= first)
        return conf_file(d->conf, index - first, file);
    *file = (struct conf_file){REPORT_FILE_CONF, d->options->conf_file};
    return true;
}

static uint32_t count_files(const struct chronyd *d)
{
    struct conf_file file;
    uint32_t count = 0;

    while (find_file(d, count, &file))
        count++;
    return count;
}

static bool is_failing(const struct chronyd *d, enum report_file what)
{
    struct history_writer_status history;

    switch (what) {
    case REPORT_FILE_DRIFT:
        return reference_drift_file_is_failing(d->reference);
    case REPORT_FILE_DUMP_DIR:
        return source_register_dump_is_failing(d->sources);
    case REPORT_FILE_LOG_DIR:
        return measurement_log_is_failing(d->mlog);
    case REPORT_FILE_HISTORY:
        return history_collector_report(d->history, &history) &&
               history.state != REPORT_HISTORY_WORKS;
    default:
        return false;
    }
}

enum cmd_status execute_surroundings(struct chronyd *d, request_p request, body_p body)
{
    struct report_surroundings *report = &body->surroundings;
    double age = nts_part_certificates_age(d->nts_part);
    struct conf_file file;

    *report = (struct report_surroundings){
        .pid = (uint32_t)getpid(),
        .uid = (uint32_t)geteuid(),
        .flags = flags_of(d),
        .filter_level = d->options->filter_level,
        .ntp_port = port_of(d->conf->sockets.port),
        .ptp_port = port_of(d->conf->sockets.ptp_port),
        .nts_port = d->conf->nts_server.certs.count > 0 ? d->conf->nts_server.port : 0,
        .cmd_port = port_of(d->conf->command.port),
        .certificates_ago = age >= 0.0 && age < UINT32_MAX ? (uint32_t)age : UINT32_MAX,
        .files = count_files(d),
    };
    if (request->u.index < 0 || !find_file(d, (size_t)request->u.index, &file))
        return CMD_STATUS_SUCCESS;
    report->file = (int)file.what;
    report->failing = is_failing(d, file.what);
    text_copy(report->path, sizeof(report->path), file.path);
    return CMD_STATUS_SUCCESS;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands on the clock: steps and corrections, the local reference, smoothing, manual input and
 * the real-time clock (cmdmon.md 14).
 */
#include "chronyd/execute.h"

enum cmd_status execute_makestep(struct chronyd *d, request_p request, body_p body)
{
    return status_of(local_clock_make_step(d->clock), CMD_STATUS_FAILED);
}

enum cmd_status execute_modify_makestep(struct chronyd *d, request_p request, body_p body)
{
    reference_modify_makestep(d->reference, request->u.makestep.limit,
                              request->u.makestep.threshold);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_maxupdateskew(struct chronyd *d, request_p request, body_p body)
{
    reference_modify_max_update_skew(d->reference, request->u.number);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_dfreq(struct chronyd *d, request_p request, body_p body)
{
    local_clock_command_dfreq(d->clock, request->u.number);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_doffset(struct chronyd *d, request_p request, body_p body)
{
    return status_of(local_clock_command_doffset(d->clock, request->u.number), CMD_STATUS_FAILED);
}

enum cmd_status execute_local(struct chronyd *d, request_p request, body_p body)
{
    const struct cmd_local *arg = &request->u.local;
    struct local_conf local = {
        .enabled = true,
        .stratum = arg->stratum,
        .orphan = arg->orphan,
        .distance = arg->distance,
        .activate = arg->activate,
        .wait_synced = arg->wait_synced,
        .wait_unsynced = arg->wait_unsynced,
    };

    if (arg->enabled)
        reference_enable_local(d->reference, &local);
    else
        reference_disable_local(d->reference);
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_smoothtime(struct chronyd *d, request_p request, body_p body)
{
    if (!d->smoothing)
        return CMD_STATUS_NOT_ENABLED;
    switch (request->u.option) {
    case 0:
        return status_of(smoothing_reset(d->smoothing), CMD_STATUS_NOT_ENABLED);
    case 1:
        return status_of(smoothing_activate(d->smoothing), CMD_STATUS_NOT_ENABLED);
    default:
        return CMD_STATUS_INVALID;
    }
}

enum cmd_status execute_settime(struct chronyd *d, request_p request, body_p body)
{
    struct manual_estimate estimate;

    if (!manual_is_enabled(d->manual))
        return CMD_STATUS_NOT_ENABLED;
    if (!manual_accept(d->manual, request->u.time, &estimate))
        return CMD_STATUS_FAILED;
    body->settime = (struct cmd_settime_reply){
        .offset = estimate.offset,
        .freq_change_ppm = estimate.freq_change_ppm,
        .new_freq_ppm = estimate.new_freq_ppm,
    };
    return CMD_STATUS_SUCCESS;
}

enum cmd_status execute_manual(struct chronyd *d, request_p request, body_p body)
{
    switch (request->u.option) {
    case 0:
    case 1:
        manual_enable(d->manual, request->u.option == 1);
        return CMD_STATUS_SUCCESS;
    case 2:
        manual_reset(d->manual);
        return CMD_STATUS_SUCCESS;
    default:
        return CMD_STATUS_INVALID;
    }
}

enum cmd_status execute_manual_delete(struct chronyd *d, request_p request, body_p body)
{
    return status_of(manual_delete(d->manual, request->u.index), CMD_STATUS_BAD_SAMPLE);
}

static enum cmd_status rtc_result(enum rtc_status status, enum cmd_status failure)
{
    switch (status) {
    case RTC_STATUS_OK:
        return CMD_STATUS_SUCCESS;
    case RTC_STATUS_NOT_RUNNING:
        return CMD_STATUS_NO_RTC;
    case RTC_STATUS_FAILED:
        break;
    }
    return failure;
}

enum cmd_status execute_rtc(struct chronyd *d, request_p request, body_p body)
{
    return rtc_result(rtc_report(d->rtc, &body->rtc), CMD_STATUS_FAILED);
}

enum cmd_status execute_writertc(struct chronyd *d, request_p request, body_p body)
{
    return rtc_result(rtc_write_file(d->rtc), CMD_STATUS_BAD_RTC_FILE);
}

enum cmd_status execute_trimrtc(struct chronyd *d, request_p request, body_p body)
{
    return rtc_result(rtc_trim(d->rtc), CMD_STATUS_FAILED);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports on the daemon as a whole: activity, serverstats, rtcdata, smoothing, manual list, and
 * the result of settime (chronyc.md 10.7, 10.8, 10.10 to 10.12, 10.15).
 */
#include "chronyc/reports.h"

#include "chronyc/date.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/report_json.h"

struct counter {
    const char *label;
    uint64_t value;
    const char *unit;
};

/* A line for each counter; one line in CSV mode. */
static void print_counters(struct client *c, const struct counter *counters, size_t count)
{
    struct printer p = printer_make(c->env->out, c->csv);

    for (size_t i = 0; i < count; i++) {
        put_text(&p, counters[i].label);
        put_uint(&p, 0, counters[i].value);
        put_text(&p, counters[i].unit);
        if (i + 1 < count)
            put_text(&p, "\n");
    }
    put_end(&p);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool show_activity(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_ACTIVITY};
    const struct report_activity *a;
    union cmd_reply_body body;

    (void)args;
    if (!exchange_report(c, &request, &body))
        return false;
    a = &body.activity;
    if (c->json != NULL) {
        json_activity(c->json, a);
    } else {
        const struct counter counters[] = {
            {"", (uint32_t)a->online, " sources online"},
            {"", (uint32_t)a->offline, " sources offline"},
            {"", (uint32_t)a->burst_online, " sources doing burst (return to online)"},
            {"", (uint32_t)a->burst_offline, " sources doing burst (return to offline)"},
            {"", (uint32_t)a->unresolved, " sources with unknown address"},
        };

        if (!c->csv)
            fprintf(c->env->out, "%s\n", status_line(CMD_STATUS_SUCCESS));
        print_counters(c, counters, COUNT(counters));
    }
    return true;
}

bool show_serverstats(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_SERVERSTATS};
    const struct report_serverstats *s;
    union cmd_reply_body body;

    (void)args;
    if (!exchange_report(c, &request, &body))
        return false;
    s = &body.serverstats;
    if (c->json != NULL) {
        json_serverstats(c->json, s);
    } else {
        const struct counter counters[] = {
            {"NTP packets received       : ", s->ntp_hits, ""},
            {"NTP packets dropped        : ", s->ntp_drops, ""},
            {"Command packets received   : ", s->cmd_hits, ""},
            {"Command packets dropped    : ", s->cmd_drops, ""},
            {"Client log records dropped : ", s->log_drops, ""},
            {"NTS-KE connections accepted: ", s->nts_ke_hits, ""},
            {"NTS-KE connections dropped : ", s->nts_ke_drops, ""},
            {"Authenticated NTP packets  : ", s->ntp_auth_hits, ""},
            {"Interleaved NTP packets    : ", s->ntp_interleaved_hits, ""},
            {"NTP timestamps held        : ", s->ntp_timestamps, ""},
            {"NTP timestamp span         : ", s->ntp_span_seconds, ""},
            {"NTP daemon RX timestamps   : ", s->ntp_daemon_rx, ""},
            {"NTP daemon TX timestamps   : ", s->ntp_daemon_tx, ""},
            {"NTP kernel RX timestamps   : ", s->ntp_kernel_rx, ""},
            {"NTP kernel TX timestamps   : ", s->ntp_kernel_tx, ""},
            {"NTP hardware RX timestamps : ", s->ntp_hw_rx, ""},
            {"NTP hardware TX timestamps : ", s->ntp_hw_tx, ""},
        };

        print_counters(c, counters, COUNT(counters));
    }
    return true;
}

bool show_rtcdata(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_RTC};
    struct printer p = printer_make(c->env->out, c->csv);
    union cmd_reply_body body;

    (void)args;
    if (!exchange_report(c, &request, &body))
        return false;
    if (c->json != NULL) {
        json_rtcdata(c->json, &body.rtc);
        return true;
    }
    put_text(&p, "RTC ref time (UTC) : ");
    put_date(&p, body.rtc.ref_time);
    put_text(&p, "\nNumber of samples  : ");
    put_int(&p, 0, body.rtc.samples);
    put_text(&p, "\nNumber of runs     : ");
    put_int(&p, 0, body.rtc.runs);
    put_text(&p, "\nSample span period : ");
    put_interval(&p, body.rtc.span_seconds);
    put_text(&p, "\nRTC is fast by     : ");
    put_number(&p, 12, 6, false, body.rtc.seconds_fast);
    put_text(&p, " seconds\nRTC gains time at  : ");
    put_number(&p, 9, 3, false, body.rtc.gain_ppm);
    put_text(&p, " ppm");
    put_end(&p);
    return true;
}

bool show_smoothing(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_SMOOTHING};
    struct printer p = printer_make(c->env->out, c->csv);
    union cmd_reply_body body;

    (void)args;
    if (!exchange_report(c, &request, &body))
        return false;
    if (c->json != NULL) {
        json_smoothing(c->json, &body.smoothing);
        return true;
    }
    put_text(&p, "Active         : ");
    put_yes_no(&p, body.smoothing.active);
    put_text(&p, " ");
    put_word(&p, 0, body.smoothing.leap_only ? "(leap second only)" : "");
    put_text(&p, "\nOffset         : ");
    put_number(&p, 0, 9, true, body.smoothing.offset);
    put_text(&p, " seconds\nFrequency      : ");
    put_number(&p, 0, 6, true, body.smoothing.freq_ppm);
    put_text(&p, " ppm\nWander         : ");
    put_number(&p, 0, 6, true, body.smoothing.wander_ppm);
    put_text(&p, " ppm per second\nLast update    : ");
    put_number(&p, 0, 1, false, body.smoothing.last_update_ago);
    put_text(&p, " seconds ago\nRemaining time : ");
    put_number(&p, 0, 1, false, body.smoothing.remaining_time);
    put_text(&p, " seconds");
    put_end(&p);
    return true;
}

bool show_manual_list(struct client *c)
{
    struct cmd_request request = {.command = CMD_MANUAL_LIST};
    struct printer p = printer_make(c->env->out, c->csv);
    union cmd_reply_body body;
    char when[32];

    if (!exchange_report(c, &request, &body))
        return false;
    if (c->json != NULL) {
        document_begin_rows(c->json);
        for (uint32_t i = 0; i < body.manual_list.count && i < REPORT_MANUAL_MAX; i++) {
            document_begin_row(c->json);
            json_manual_sample(c->json, i, &body.manual_list.samples[i]);
        }
        return true;
    }
    if (!c->csv)
        fprintf(c->env->out, "210 n_samples = %u\n", body.manual_list.count);
    put_header(&p, "#    Date     Time(UTC)    Slewed   Original   Residual", 0, "");
    for (uint32_t i = 0; i < body.manual_list.count && i < REPORT_MANUAL_MAX; i++) {
        const struct report_manual_sample *s = &body.manual_list.samples[i];

        put_uint(&p, 2, i);
        put_text(&p, " ");
        instant_format_utc(s->when, when, sizeof when);
        put_word(&p, 0, when);
        put_text(&p, " ");
        put_number(&p, 10, 2, false, s->slewed_offset);
        put_text(&p, " ");
        put_number(&p, 10, 2, false, s->orig_offset);
        put_text(&p, " ");
        put_number(&p, 10, 2, false, s->residual);
        put_end(&p);
    }
    return true;
}

bool show_settime(struct client *c, char *args)
{
    const struct environment *env = c->env;
    struct cmd_request request = {.command = CMD_SETTIME};
    union cmd_reply_body body;

    if (!date_parse(args, env->now(env->arg), &request.u.time)) {
        exchange_print_status(c, "510 - Could not parse date string", true);
        return false;
    }
    if (!exchange_verbose(c, &request, &body))
        return false;
    if (c->json != NULL) {
        json_settime(c->json, &body.settime);
        return true;
    }
    fprintf(env->out,
            "Clock was %.2f seconds fast.  Frequency change = %.2fppm, new frequency = %.2fppm\n",
            body.settime.offset, body.settime.freq_change_ppm, body.settime.new_freq_ppm);
    return true;
}

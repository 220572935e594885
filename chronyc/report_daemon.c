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
static void print_counters(struct printer *p, const struct counter *counters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_text(p, counters[i].label);
        put_uint(p, 0, counters[i].value);
        put_text(p, counters[i].unit);
        if (i + 1 < count)
            put_text(p, "\n");
    }
    put_end(p);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Asks for a report that is one object and shows the reply's body. */
static bool show_object(struct client *c, enum cmd_code command,
                        void (*json)(struct document *d, const union cmd_reply_body *body),
                        void (*print)(struct printer *p, const union cmd_reply_body *body))
{
    struct cmd_request request = {.command = (uint16_t)command};
    struct printer p = printer_make(c->env->out, c->csv);
    union cmd_reply_body body;

    if (!exchange_report(c, &request, &body))
        return false;
    if (c->json)
        json(c->json, &body);
    else
        print(&p, &body);
    return true;
}

static void print_activity(struct printer *p, const union cmd_reply_body *body)
{
    const struct report_activity *a = &body->activity;
    const struct counter counters[] = {
        {"", (uint32_t)a->online, " sources online"},
        {"", (uint32_t)a->offline, " sources offline"},
        {"", (uint32_t)a->burst_online, " sources doing burst (return to online)"},
        {"", (uint32_t)a->burst_offline, " sources doing burst (return to offline)"},
        {"", (uint32_t)a->unresolved, " sources with unknown address"},
    };

    put_text(p, status_line(CMD_STATUS_SUCCESS));
    put_text(p, "\n");
    print_counters(p, counters, COUNT(counters));
}

bool show_activity(struct client *c, char *args)
{
    return show_object(c, CMD_ACTIVITY, json_activity, print_activity);
}

static void print_serverstats(struct printer *p, const union cmd_reply_body *body)
{
    const struct report_serverstats *s = &body->serverstats;
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

    print_counters(p, counters, COUNT(counters));
}

bool show_serverstats(struct client *c, char *args)
{
    return show_object(c, CMD_SERVERSTATS, json_serverstats, print_serverstats);
}

static void print_rtcdata(struct printer *p, const union cmd_reply_body *body)
{
    const struct report_rtc *r = &body->rtc;

    put_text(p, "RTC ref time (UTC) : ");
    put_date(p, r->ref_time);
    put_text(p, "\nNumber of samples  : ");
    put_int(p, 0, r->samples);
    put_text(p, "\nNumber of runs     : ");
    put_int(p, 0, r->runs);
    put_text(p, "\nSample span period : ");
    put_interval(p, r->span_seconds);
    put_text(p, "\nRTC is fast by     : ");
    put_number(p, 12, 6, false, r->seconds_fast);
    put_text(p, " seconds\nRTC gains time at  : ");
    put_number(p, 9, 3, false, r->gain_ppm);
    put_text(p, " ppm");
    put_end(p);
}

bool show_rtcdata(struct client *c, char *args)
{
    return show_object(c, CMD_RTC, json_rtcdata, print_rtcdata);
}

static void print_smoothing(struct printer *p, const union cmd_reply_body *body)
{
    const struct report_smoothing *s = &body->smoothing;

    put_text(p, "Active         : ");
    put_yes_no(p, s->active);
    put_text(p, " ");
    put_word(p, 0, s->leap_only ? "(leap second only)" : "");
    put_text(p, "\nOffset         : ");
    put_number(p, 0, 9, true, s->offset);
    put_text(p, " seconds\nFrequency      : ");
    put_number(p, 0, 6, true, s->freq_ppm);
    put_text(p, " ppm\nWander         : ");
    put_number(p, 0, 6, true, s->wander_ppm);
    put_text(p, " ppm per second\nLast update    : ");
    put_number(p, 0, 1, false, s->last_update_ago);
    put_text(p, " seconds ago\nRemaining time : ");
    put_number(p, 0, 1, false, s->remaining_time);
    put_text(p, " seconds");
    put_end(p);
}

bool show_smoothing(struct client *c, char *args)
{
    return show_object(c, CMD_SMOOTHING, json_smoothing, print_smoothing);
}

bool show_manual_list(struct client *c)
{
    struct cmd_request request = {.command = CMD_MANUAL_LIST};
    struct printer p = printer_make(c->env->out, c->csv);
    union cmd_reply_body body;
    char when[32];

    if (!exchange_report(c, &request, &body))
        return false;
    if (c->json) {
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
        instant_format_utc(s->when, when, sizeof(when));
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

    if (!date_parse(args, env->now(env->ctx), &request.u.time)) {
        exchange_print_status(c, "510 - Could not parse date string", true);
        return false;
    }
    if (!exchange_verbose(c, &request, &body))
        return false;
    if (c->json) {
        json_settime(c->json, &body.settime);
        return true;
    }
    fprintf(env->out,
            "Clock was %.2f seconds fast.  Frequency change = %.2fppm, new frequency = %.2fppm\n",
            body.settime.offset, body.settime.freq_change_ppm, body.settime.new_freq_ppm);
    return true;
}

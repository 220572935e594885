/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports on the daemon as a whole: activity, serverstats, rtcdata, smoothing, temperature,
 * manual list, and the result of settime (chronyc.md 10.7, 10.8, 10.10 to 10.12, 10.15, 10.18).
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include "chronyc/date.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/report_rows.h"
#include "cmdmon/message_words.h"

/* Asks for a report that is one object and shows the reply's body. */
static bool show_object(struct client *c, enum cmd_code command,
                        void (*print)(FILE *out, const union cmd_reply_body *body))
{
    struct cmd_request request = {.command = (uint16_t)command};
    enum reply_code reply = (enum reply_code)cmd_command_find(command)->reply;
    union cmd_reply_body body;

    if (!exchange_report(c, &request, &body))
        return false;
    if (!row_show(c, reply, &body, NULL))
        print(c->env->out, &body);
    return true;
}

/* "1 second", "2 seconds", for the reports that chrony does not have. */
static struct formatted seconds_text(uint32_t seconds)
{
    struct formatted f;

    snprintf(f.s, sizeof(f.s), "%" PRIu32 " second%s", seconds, seconds == 1 ? "" : "s");
    return f;
}

/* Of a clock that is not synchronised nobody knows how wrong it is: that is not 0. */
static void print_bound(FILE *out, const struct report_clock *r)
{
    if (r->state != REPORT_CLOCK_SYNCHRONISED) {
        fprintf(out, "Error bound     : unknown\n");
        fprintf(out, "Bound growth    : unknown\n");
        return;
    }
    fprintf(out, "Error bound     : %.9f seconds\n", r->bound);
    fprintf(out, "Bound growth    : %.3f ppm\n", r->bound_growth_ppm);
}

static void print_clock(FILE *out, const union cmd_reply_body *body)
{
    const struct report_clock *r = &body->clock;

    fprintf(out, "State           : %s\n", field_word(words_clock_state, r->state)->plain);
    if (r->last_update_ago == UINT32_MAX)
        fprintf(out, "Last update     : none\n");
    else
        fprintf(out, "Last update     : %s ago\n", seconds_text(r->last_update_ago).s);
    fprintf(out, "Offset          : %+.9f seconds\n", r->offset);
    print_bound(out, r);
    fprintf(out, "Slew            : %.3f ppm, %.1f seconds left\n", r->slew_rate_ppm, r->slew_left);
    fprintf(out, "Updates         : %" PRIu32 "\n", r->updates);
    fprintf(out, "Refused updates : %" PRIu32 "\n", r->refusals);
    fprintf(out, "Steps           : %" PRIu32 "\n", r->steps);
    if (r->steps > 0)
        fprintf(out, "Last step       : %+.9f seconds, %s ago\n", r->last_step,
                seconds_text(r->last_step_ago).s);
    fprintf(out, "Controlled      : %s\n", r->controlled ? "Yes" : "No");
    fprintf(out, "Uptime          : %s\n", seconds_text(r->uptime_seconds).s);
}

bool show_clock(struct client *c, char *args)
{
    return show_object(c, CMD_CLOCK, print_clock);
}

static void print_activity(FILE *out, const union cmd_reply_body *body)
{
    const struct report_activity *a = &body->activity;

    fprintf(out, "%s\n", status_line(CMD_STATUS_SUCCESS));
    fprintf(out, "%u sources online\n", (uint32_t)a->online);
    fprintf(out, "%u sources offline\n", (uint32_t)a->offline);
    fprintf(out, "%u sources doing burst (return to online)\n", (uint32_t)a->burst_online);
    fprintf(out, "%u sources doing burst (return to offline)\n", (uint32_t)a->burst_offline);
    fprintf(out, "%u sources with unknown address\n", (uint32_t)a->unresolved);
}

bool show_activity(struct client *c, char *args)
{
    return show_object(c, CMD_ACTIVITY, print_activity);
}

static void print_serverstats(FILE *out, const union cmd_reply_body *body)
{
    const struct report_serverstats *s = &body->serverstats;

    fprintf(out, "NTP packets received       : %" PRIu64 "\n", s->ntp_hits);
    fprintf(out, "NTP packets dropped        : %" PRIu64 "\n", s->ntp_drops);
    fprintf(out, "Command packets received   : %" PRIu64 "\n", s->cmd_hits);
    fprintf(out, "Command packets dropped    : %" PRIu64 "\n", s->cmd_drops);
    fprintf(out, "Client log records dropped : %" PRIu64 "\n", s->log_drops);
    fprintf(out, "NTS-KE connections accepted: %" PRIu64 "\n", s->nts_ke_hits);
    fprintf(out, "NTS-KE connections dropped : %" PRIu64 "\n", s->nts_ke_drops);
    fprintf(out, "Authenticated NTP packets  : %" PRIu64 "\n", s->ntp_auth_hits);
    fprintf(out, "Interleaved NTP packets    : %" PRIu64 "\n", s->ntp_interleaved_hits);
    fprintf(out, "NTP timestamps held        : %" PRIu64 "\n", s->ntp_timestamps);
    fprintf(out, "NTP timestamp span         : %" PRIu64 "\n", s->ntp_span_seconds);
    fprintf(out, "NTP daemon RX timestamps   : %" PRIu64 "\n", s->ntp_daemon_rx);
    fprintf(out, "NTP daemon TX timestamps   : %" PRIu64 "\n", s->ntp_daemon_tx);
    fprintf(out, "NTP kernel RX timestamps   : %" PRIu64 "\n", s->ntp_kernel_rx);
    fprintf(out, "NTP kernel TX timestamps   : %" PRIu64 "\n", s->ntp_kernel_tx);
    fprintf(out, "NTP hardware RX timestamps : %" PRIu64 "\n", s->ntp_hw_rx);
    fprintf(out, "NTP hardware TX timestamps : %" PRIu64 "\n", s->ntp_hw_tx);
}

bool show_serverstats(struct client *c, char *args)
{
    return show_object(c, CMD_SERVERSTATS, print_serverstats);
}

static void print_xdp(FILE *out, const union cmd_reply_body *body)
{
    const struct report_xdp *x = &body->xdp;

    fprintf(out, "Interfaces                 : %" PRIu32 "\n", x->interfaces);
    fprintf(out, "Answered                   : %" PRIu64 "\n", x->answered);
    fprintf(out, "Answered with KoD RATE     : %" PRIu64 "\n", x->kods);
    fprintf(out, "Dropped by rate limit      : %" PRIu64 "\n", x->dropped);
    fprintf(out, "Passed on: form            : %" PRIu64 "\n", x->form);
    fprintf(out, "Passed on: mode or version : %" PRIu64 "\n", x->mode);
    fprintf(out, "Passed on: interleaved     : %" PRIu64 "\n", x->interleaved);
    fprintf(out, "Passed on: time            : %" PRIu64 "\n", x->no_time);
    fprintf(out, "Passed on: address         : %" PRIu64 "\n", x->address);
    fprintf(out, "Passed on: access          : %" PRIu64 "\n", x->access);
    fprintf(out, "Passed on: busy            : %" PRIu64 "\n", x->busy);
}

bool show_xdp(struct client *c, char *args)
{
    return show_object(c, CMD_XDP, print_xdp);
}

static void print_rtcdata(FILE *out, const union cmd_reply_body *body)
{
    const struct report_rtc *r = &body->rtc;

    fprintf(out, "RTC ref time (UTC) : %s\n", format_date(r->ref_time).s);
    fprintf(out, "Number of samples  : %d\n", r->samples);
    fprintf(out, "Number of runs     : %d\n", r->runs);
    fprintf(out, "Sample span period : %s\n", format_interval(r->span_seconds).s);
    fprintf(out, "RTC is fast by     : %12.6f seconds\n", r->seconds_fast);
    fprintf(out, "RTC gains time at  : %9.3f ppm\n", r->gain_ppm);
}

bool show_rtcdata(struct client *c, char *args)
{
    return show_object(c, CMD_RTC, print_rtcdata);
}

static void print_smoothing(FILE *out, const union cmd_reply_body *body)
{
    const struct report_smoothing *s = &body->smoothing;

    fprintf(out, "Active         : %s %s\n", field_word(words_yes_no, s->active)->plain,
            field_word(words_leap_only, s->leap_only)->plain);
    fprintf(out, "Offset         : %+.9f seconds\n", s->offset);
    fprintf(out, "Frequency      : %+.6f ppm\n", s->freq_ppm);
    fprintf(out, "Wander         : %+.6f ppm per second\n", s->wander_ppm);
    fprintf(out, "Last update    : %.1f seconds ago\n", s->last_update_ago);
    fprintf(out, "Remaining time : %.1f seconds\n", s->remaining_time);
}

bool show_smoothing(struct client *c, char *args)
{
    return show_object(c, CMD_SMOOTHING, print_smoothing);
}

static void print_temperature(FILE *out, const union cmd_reply_body *body)
{
    const struct report_temperature *t = &body->temperature;

    fprintf(out, "Sensor       : %s\n", t->sensor);
    fprintf(out, "State        : %s\n", field_word(words_temperature, t->state)->plain);
    fprintf(out, "Temperature  : %.3f\n", t->temperature);
    if (t->last_reading_ago == UINT32_MAX)
        fprintf(out, "Last reading : none\n");
    else
        fprintf(out, "Last reading : %s ago\n", seconds_text(t->last_reading_ago).s);
    fprintf(out, "Changes      : %" PRIu32 "\n", t->changes);
    fprintf(out, "Delay        : %.0f seconds\n", t->delay);
    fprintf(out, "Slope        : %+.3e +/- %.1e ppm per unit\n", t->slope_ppm, t->slope_sd_ppm);
    fprintf(out, "Trust        : %.1f %%\n", t->trust_percent);
    fprintf(out, "Compensation : %+.6f ppm\n", t->compensation_ppm);
}

bool show_temperature(struct client *c, char *args)
{
    return show_object(c, CMD_TEMPERATURE, print_temperature);
}

static void show_sample(const struct client *c, uint32_t index,
                        const struct report_manual_sample *s)
{
    struct row_given given = {.index = index};
    char when[32];

    if (row_show_record(c, REPLY_MANUAL_LIST, s, &given))
        return;
    instant_format_utc(s->when, when, sizeof(when));
    fprintf(c->env->out, "%2" PRIu32 " %s %10.2f %10.2f %10.2f\n", index, when, s->slewed_offset,
            s->orig_offset, s->residual);
}

bool show_manual_list(struct client *c)
{
    struct cmd_request request = {.command = CMD_MANUAL_LIST};
    FILE *out = c->env->out;
    union cmd_reply_body body;

    if (!exchange_report(c, &request, &body))
        return false;
    if (rows_begin(c)) {
        fprintf(out, "210 n_samples = %" PRIu32 "\n", body.manual_list.count);
        print_header(out, "#    Date     Time(UTC)    Slewed   Original   Residual", 0, "");
    }
    for (uint32_t i = 0; i < body.manual_list.count && i < REPORT_MANUAL_MAX; i++)
        show_sample(c, i, &body.manual_list.samples[i]);
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
    if (c->json)
        return row_show(c, REPLY_SETTIME, &body, NULL);
    fprintf(env->out,
            "Clock was %.2f seconds fast.  Frequency change = %.2fppm, new frequency = %.2fppm\n",
            body.settime.offset, body.settime.freq_change_ppm, body.settime.new_freq_ppm);
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of synchronisation: tracking, and waitsync which repeats it (chronyc.md 10.1, 10.14).
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include <math.h>
#include "base/refid.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/names.h"
#include "chronyc/report_json.h"

static void put_seconds(struct printer *p, const char *label, int decimals, bool plus, double value)
{
    put_text(p, label);
    put_number(p, 0, decimals, plus, value);
    put_text(p, " seconds\n");
}

static void put_ppm(struct printer *p, const char *label, bool plus, double value)
{
    put_text(p, label);
    put_number(p, 0, 3, plus, value);
    put_text(p, " ppm\n");
}

static void print_tracking(struct printer *p, const struct report_tracking *t, const char *name)
{
    put_text(p, "Reference ID    : ");
    put_refid(p, t->refid);
    put_text(p, " (");
    put_word(p, 0, name);
    put_text(p, ")\nStratum         : ");
    put_int(p, 0, t->stratum);
    put_text(p, "\nRef time (UTC)  : ");
    put_date(p, t->ref_time);
    put_text(p, "\nSystem time     : ");
    put_slow_fast_offset(p, t->correction);
    put_text(p, " of NTP time\n");
    put_seconds(p, "Last offset     : ", 9, true, t->last_offset);
    put_seconds(p, "RMS offset      : ", 9, false, t->rms_offset);
    put_text(p, "Frequency       : ");
    put_slow_fast_freq(p, t->freq_ppm);
    put_text(p, "\n");
    put_ppm(p, "Residual freq   : ", true, t->resid_freq_ppm);
    put_ppm(p, "Skew            : ", false, t->skew_ppm);
    put_seconds(p, "Root delay      : ", 9, false, t->root_delay);
    put_seconds(p, "Root dispersion : ", 9, false, t->root_dispersion);
    put_seconds(p, "Update interval : ", 1, false, t->last_update_interval);
    put_text(p, "Leap status     : ");
    put_leap(p, (unsigned int)t->leap);
    put_end(p);
}

bool show_tracking(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_TRACKING};
    struct printer p = printer_make(c->env->out, c->csv);
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];

    if (!exchange_report(c, &request, &body))
        return false;
    name_of_source(c, &body.tracking.addr, body.tracking.refid,
                   body.tracking.addr.family == IP_UNSPEC, 0, name, sizeof(name));
    if (c->json)
        json_tracking(c->json, &body.tracking, name);
    else
        print_tracking(&p, &body.tracking, name);
    return true;
}

struct wait_limits {
    int max_tries;         /* 0: no limit */
    double max_correction; /* 0: any */
    double max_skew;       /* 0: any */
    double interval;
};

#define WAIT_DEFAULT_INTERVAL 10.0
#define WAIT_MIN_INTERVAL     0.1

/* Parsing stops at the first argument that is not a number. */
static struct wait_limits parse_limits(const char *args)
{
    struct wait_limits limits = {.interval = WAIT_DEFAULT_INTERVAL};
    double *const numbers[] = {&limits.max_correction, &limits.max_skew, &limits.interval};
    size_t used;

    if (text_scan_int(args, &limits.max_tries, &used)) {
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            args += used;
            if (!text_scan_double(args, numbers[i], &used))
                break;
        }
    }
    if (!(limits.interval >= WAIT_MIN_INTERVAL))
        limits.interval = WAIT_MIN_INTERVAL;
    return limits;
}

static bool is_synchronised(const struct report_tracking *t, const struct wait_limits *limits)
{
    if (t->addr.family == IP_UNSPEC && (t->refid == 0 || t->refid == REFID_LOCAL))
        return false;
    if (limits->max_correction != 0.0 && !(fabs(t->correction) <= limits->max_correction))
        return false;
    return limits->max_skew == 0.0 || t->skew_ppm <= limits->max_skew;
}

static void print_try(struct client *c, int number, const struct report_tracking *t)
{
    struct printer p = printer_make(c->env->out, c->csv);

    if (c->json)
        return; /* one document, at the end */
    put_text(&p, "try: ");
    put_int(&p, 0, number);
    put_text(&p, ", refid: ");
    put_refid(&p, t->refid);
    put_text(&p, ", correction: ");
    put_number(&p, 0, 9, false, fabs(t->correction));
    put_text(&p, ", skew: ");
    put_number(&p, 0, 3, false, t->skew_ppm);
    put_end(&p);
    fflush(c->env->out);
}

bool show_waitsync(struct client *c, char *args)
{
    struct wait_limits limits = parse_limits(args);
    struct cmd_request request = {.command = CMD_TRACKING};
    const struct environment *env = c->env;
    union cmd_reply_body body;

    for (int i = 1;; i++) {
        if (c->json)
            document_clear(c->json); /* what counts is the last try */
        if (exchange_report(c, &request, &body)) {
            bool synchronised = is_synchronised(&body.tracking, &limits);

            print_try(c, i, &body.tracking);
            if (c->json)
                json_waitsync(c->json, i, synchronised, &body.tracking);
            if (synchronised)
                return true;
        }
        if ((limits.max_tries != 0 && i >= limits.max_tries) || env->quit(env->ctx))
            return false;
        if (!env->pause(env->ctx, limits.interval))
            return false;
        if (i == INT32_MAX)
            i = 0; /* without a limit the count starts again */
    }
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of synchronisation: tracking, and waitsync which repeats it (chronyc.md 10.1, 10.14).
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include <math.h>
#include "base/number.h"
#include "base/refid.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/names.h"
#include "chronyc/report_rows.h"
#include "cmdmon/message_words.h"

static void print_tracking(FILE *out, const struct report_tracking *t, const char *name)
{
    fprintf(out, "Reference ID    : %08" PRIX32 " (%s)\n", t->refid, name);
    fprintf(out, "Stratum         : %d\n", t->stratum);
    fprintf(out, "Ref time (UTC)  : %s\n", format_date(t->ref_time).s);
    fprintf(out, "System time     : %.9f seconds %s of NTP time\n", fabs(t->correction),
            t->correction > 0.0 ? "slow" : "fast");
    fprintf(out, "Last offset     : %+.9f seconds\n", t->last_offset);
    fprintf(out, "RMS offset      : %.9f seconds\n", t->rms_offset);
    fprintf(out, "Frequency       : %.3f ppm %s\n", fabs(t->freq_ppm),
            t->freq_ppm > 0.0 ? "fast" : "slow");
    fprintf(out, "Residual freq   : %+.3f ppm\n", t->resid_freq_ppm);
    fprintf(out, "Skew            : %.3f ppm\n", t->skew_ppm);
    fprintf(out, "Root delay      : %.9f seconds\n", t->root_delay);
    fprintf(out, "Root dispersion : %.9f seconds\n", t->root_dispersion);
    fprintf(out, "Update interval : %.1f seconds\n", t->last_update_interval);
    fprintf(out, "Leap status     : %s\n", field_word(words_leap, t->leap)->plain);
}

bool show_tracking(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_TRACKING};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name};

    if (!exchange_report(c, &request, &body))
        return false;
    name_of_source(c, &body.tracking.addr, body.tracking.refid,
                   body.tracking.addr.family == IP_UNSPEC, 0, name, sizeof(name));
    if (!row_show(c, REPLY_TRACKING, &body, &given))
        print_tracking(c->env->out, &body.tracking, name);
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
        for (size_t i = 0; i < COUNT(numbers); i++) {
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
    FILE *out = c->env->out;

    if (c->csv)
        fprintf(out, "%d,%08" PRIX32 ",%.9f,%.3f\n", number, t->refid, fabs(t->correction),
                t->skew_ppm);
    else
        fprintf(out, "try: %d, refid: %08" PRIX32 ", correction: %.9f, skew: %.3f\n", number,
                t->refid, fabs(t->correction), t->skew_ppm);
    fflush(out);
}

static void put_try(struct document *d, int number, bool synchronised,
                    const struct report_tracking *t)
{
    char refid[9];

    snprintf(refid, sizeof(refid), "%08" PRIX32, t->refid);
    document_integer(d, "tries", number);
    document_bool(d, "synchronised", synchronised);
    document_text(d, "reference_id", refid);
    document_real(d, "correction_seconds", t->correction);
    document_real(d, "skew_ppm", t->skew_ppm);
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

            if (c->json)
                put_try(c->json, i, synchronised, &body.tracking); /* printed at the end */
            else
                print_try(c, i, &body.tracking);
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

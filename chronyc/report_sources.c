/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables with one row for each source: sources, sourcestats, estimator, selectdata, authdata
 * (chronyc.md 8.2, 10.2 to 10.5, 10.17). A row is printed as soon as its data came, so a long table
 * starts at once.
 */
#include "chronyc/reports.h"

#include <inttypes.h>
#include "base/sync_status.h"
#include "chronyc/arguments.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/legend.h"
#include "chronyc/names.h"
#include "chronyc/report_rows.h"
#include "chronyc/style.h"
#include "cmdmon/message_words.h"

#define NAME_WIDTH    25 /* longest name from a reverse lookup, without -w */
#define NAME_WIDTH_MS 27 /* column of sources and authdata */

/* What distinguishes the reports. */
struct source_report {
    enum legend legend;
    const char *header_before; /* extra spaces of -w come between the two parts */
    const char *header_after;
    /* Asks for one source and shows its row. */
    bool (*row)(struct client *c, int32_t index, bool all);
};

static bool count_sources(struct client *c, uint32_t *count)
{
    struct cmd_request request = {.command = CMD_SOURCE_COUNT};
    union cmd_reply_body body;

    if (!exchange_report(c, &request, &body))
        return false;
    *count = body.source_count;
    return true;
}

static bool run_report(struct client *c, const struct source_report *report, char *args)
{
    struct source_flags flags = argument_source_flags(args);
    int extra = client_extra_width(c);
    FILE *out = c->env->out;
    uint32_t count;

    if (!count_sources(c, &count))
        return false;
    if (rows_begin(c)) {
        if (flags.legend)
            legend_print(out, report->legend, extra, (c->features & CMD_FEATURE_KALMAN) != 0);
        print_header(out, report->header_before, extra, report->header_after);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!report->row(c, (int32_t)i, flags.all))
            return false;
    return true;
}

static void find_name(struct client *c, const struct ip_addr *addr, uint32_t refid,
                      bool reference_clock, char *name)
{
    size_t max = c->json ? 0 : (size_t)(NAME_WIDTH + client_extra_width(c));

    name_of_source(c, addr, refid, reference_clock, max, name, NAME_TEXT_SIZE);
}

static bool is_hidden(const struct ip_addr *addr, bool all)
{
    return addr->family == IP_ID && !all;
}

static const char *style_text(const struct client *c, enum style style)
{
    return c->color ? style_sequence(style) : "";
}

static bool sources_row(struct client *c, int32_t index, bool all)
{
    static const struct ip_addr none = {.family = IP_UNSPEC};
    struct cmd_request request = {.command = CMD_SOURCE_DATA, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name};

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_source *s = &body.source;
    if (is_hidden(&s->addr, all))
        return true;
    find_name(c, &s->addr, ip_addr_refid(&s->addr),
              s->mode == REPORT_REFCLOCK && s->addr.family == IP_V4, name);

    given.addr = s->mode == REPORT_REFCLOCK ? &none : &s->addr;
    if (row_show(c, REPLY_SOURCE_DATA, s, &given))
        return true;
    fprintf(c->env->out, "%s%s%s %-*s%s  %2d  %2d   %3o  %s  %s[%s] +/- %s\n",
            style_text(c, style_of_state(s->state)), field_word(words_source_mode, s->mode)->plain,
            field_word(words_source_state, s->state)->plain, NAME_WIDTH_MS + client_extra_width(c),
            name, style_text(c, STYLE_PLAIN), s->stratum, s->poll, (unsigned int)s->reachability,
            format_interval(s->latest_age).s, format_signed_time(s->offset).s,
            format_signed_time(s->orig_offset).s, format_time(s->error).s);
    return true;
}

bool show_sources(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_SOURCES, "MS Name/IP address",
        "         Stratum Poll Reach LastRx Last sample               ", sources_row};

    return run_report(c, &report, args);
}

static bool sourcestats_row(struct client *c, int32_t index, bool all)
{
    struct cmd_request request = {.command = CMD_SOURCESTATS, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name};

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_sourcestats *s = &body.sourcestats;
    if (is_hidden(&s->addr, all))
        return true;
    find_name(c, &s->addr, s->refid, s->addr.family == IP_UNSPEC, name);

    if (row_show(c, REPLY_SOURCESTATS, s, &given))
        return true;
    fprintf(c->env->out, "%-*s %3" PRIu32 " %3" PRIu32 "  %s %s %s  %s  %s\n",
            NAME_WIDTH + client_extra_width(c), name, s->samples, s->runs,
            format_interval(s->span_seconds).s, format_signed_freq(s->resid_freq_ppm).s,
            format_freq(s->skew_ppm).s, format_signed_time(s->est_offset).s, format_time(s->sd).s);
    return true;
}

bool show_sourcestats(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_SOURCESTATS, "Name/IP Address",
        "            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev", sourcestats_row};

    return run_report(c, &report, args);
}

static void print_estimate(FILE *out, const struct report_estimator *e)
{
    if (e->kind == REPORT_ESTIMATOR_NONE) {
        fprintf(out, "%8s%7s%11s%8s%8s%7s%4s%4s%4s%4s", "-", "-", "-", "-", "-", "-", "-", "-", "-",
                "-");
        return;
    }
    fprintf(out, " %s %s %s %7.1e", format_signed_time(e->offset).s, format_time(e->offset_sd).s,
            format_signed_freq(e->freq_ppm).s, e->freq_sd_ppm);
    if (e->kind == REPORT_ESTIMATOR_REGRESSION)
        fprintf(out, "%8s %s%4s%4s%4s%4s", "-", format_time(e->jitter).s, "-", "-", "-", "-");
    else
        fprintf(out, " %7.1e %s %3.0f %3.0f %3.0f %3.0f", e->wander_ppm, format_time(e->jitter).s,
                e->bound_percent, e->gauss_percent, e->up_percent, e->down_percent);
}

static bool estimator_row(struct client *c, int32_t index, bool all)
{
    struct cmd_request request = {.command = CMD_ESTIMATOR, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name};
    FILE *out = c->env->out;

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_estimator *e = &body.estimator;
    if (is_hidden(&e->addr, all))
        return true;
    find_name(c, &e->addr, e->refid, e->addr.family == IP_UNSPEC, name);

    if (row_show(c, REPLY_ESTIMATOR, e, &given))
        return true;
    fprintf(out, "%s %-*s %3" PRIu32, field_word(words_estimator, e->kind)->plain,
            NAME_WIDTH + client_extra_width(c), name, e->samples);
    print_estimate(out, e);
    if (e->joint_percent > 0.0)
        fprintf(out, " %s %3.0f\n", format_signed_time(e->joint_bias).s, e->joint_percent);
    else
        fprintf(out, "%8s%4s\n", "-", "-");
    return true;
}

bool show_estimator(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_ESTIMATOR, "E Name/IP Address",
        "            NP  Offset     Sd  Frequency      Sd  Wander Jitter Bnd Gau  Up  Dn"
        "    Bias Wgt",
        estimator_row};

    return run_report(c, &report, args);
}

/* Four letters and a fifth column which is always empty. */
static struct formatted format_select_options(unsigned int options)
{
    struct formatted f = {"-----"};

    for (int i = 0; words_select_options[i].value != FIELD_OTHER; i++)
        if (options & (unsigned int)words_select_options[i].value)
            f.s[i] = words_select_options[i].plain[0];
    return f;
}

static bool selectdata_row(struct client *c, int32_t index, bool all)
{
    struct cmd_request request = {.command = CMD_SELECTDATA, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name};

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_selectdata *s = &body.selectdata;
    if (is_hidden(&s->addr, all))
        return true;
    find_name(c, &s->addr, s->refid, s->addr.family == IP_UNSPEC, name);

    if (row_show(c, REPLY_SELECTDATA, s, &given))
        return true;
    fprintf(c->env->out, "%s%c %-*s%s %s %s %s %s %5.1f %s %s  %c\n",
            style_text(c, style_of_letter(s->state)), s->state, NAME_WIDTH + client_extra_width(c),
            name, style_text(c, STYLE_PLAIN), field_word(words_y_n, s->authenticated)->plain,
            format_select_options(s->conf_options).s, format_select_options(s->eff_options).s,
            format_interval(s->last_sample_ago).s, s->score, format_signed_time(s->low_limit).s,
            format_signed_time(s->high_limit).s, leap_letter(s->leap));
    return true;
}

bool show_selectdata(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_SELECTDATA, "S Name/IP Address",
        "        Auth COpts EOpts Last Score     Interval  Leap", selectdata_row};

    return run_report(c, &report, args);
}

static bool authdata_row(struct client *c, int32_t index, bool all)
{
    struct cmd_request source = {.command = CMD_SOURCE_DATA, .u.index = index};
    struct cmd_request request = {.command = CMD_AUTHDATA};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];
    struct row_given given = {.name = name, .addr = &request.u.addr};

    if (!exchange_report(c, &source, &body))
        return false;
    if (is_hidden(&body.source.addr, all) ||
        (body.source.mode != REPORT_SERVER && body.source.mode != REPORT_PEER))
        return true;
    request.u.addr = body.source.addr;
    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_authdata *a = &body.authdata;
    find_name(c, &request.u.addr, 0, false, name);

    if (row_show(c, REPLY_AUTHDATA, a, &given))
        return true;
    fprintf(c->env->out, "%-*s %4s %5" PRIu32 " %4u %4u %s %4u %4u %4u %4u\n",
            NAME_WIDTH_MS + client_extra_width(c), name,
            field_word(words_auth_mode, a->mode)->plain, a->key_id, a->key_type, a->key_length,
            format_interval(a->last_ke_ago).s, a->ke_attempts, a->nak, a->cookies,
            a->cookie_length);
    return true;
}

bool show_authdata(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_AUTHDATA, "Name/IP address",
        "             Mode KeyID Type KLen Last Atmp  NAK Cook CLen", authdata_row};

    return run_report(c, &report, args);
}

bool show_sourcename(struct client *c, char *args)
{
    struct cmd_request request = {.command = CMD_SOURCENAME};
    union cmd_reply_body body;

    if (!argument_source(c, args, &request.u.addr)) {
        fprintf(c->env->err, "Could not read address\n");
        return false;
    }
    if (!exchange_report(c, &request, &body) || !name_is_printable(body.name))
        return false;
    if (!row_show(c, REPLY_SOURCENAME, &body, NULL))
        fprintf(c->env->out, "%s\n", body.name);
    return true;
}

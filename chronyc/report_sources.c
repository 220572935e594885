/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables with one row for each source: sources, sourcestats, selectdata, authdata (chronyc.md 8.2,
 * 10.2 to 10.5). A row is printed as soon as its data came, so a long table starts at once.
 */
#include "chronyc/reports.h"

#include "chronyc/arguments.h"
#include "chronyc/exchange.h"
#include "chronyc/format.h"
#include "chronyc/legend.h"
#include "chronyc/names.h"
#include "chronyc/report_json.h"

#define NAME_WIDTH    25 /* longest name from a reverse lookup, without -w */
#define NAME_WIDTH_MS 27 /* column of sources and authdata */

enum source_mode { MODE_CLIENT = 0, MODE_PEER = 1, MODE_REFCLOCK = 2 };

/* What distinguishes the four reports. */
struct source_report {
    enum legend legend;
    const char *header_before; /* extra spaces of -w come between the two parts */
    const char *header_after;
    /* Asks for one source and prints its row. */
    bool (*row)(struct client *c, struct printer *p, int32_t index, bool all);
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
    struct printer p = printer_make(c->env->out, c->csv);
    struct source_flags flags = argument_source_flags(args);
    uint32_t count;

    p.color = c->color;
    if (!count_sources(c, &count))
        return false;
    if (c->json) {
        document_begin_rows(c->json);
    } else {
        if (flags.legend)
            legend_print(&p, report->legend, client_extra_width(c));
        put_header(&p, report->header_before, client_extra_width(c), report->header_after);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!report->row(c, &p, (int32_t)i, flags.all))
            return false;
    return true;
}

/* Prints the name column; the name may have to be asked from the daemon. */
static void put_name(struct client *c, struct printer *p, int width, const char *name)
{
    put_word(p, -(width + client_extra_width(c)), name);
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

static char letter(const char *letters, size_t count, int index)
{
    return index >= 0 && (size_t)index < count ? letters[index] : ' ';
}

static bool sources_row(struct client *c, struct printer *p, int32_t index, bool all)
{
    struct cmd_request request = {.command = CMD_SOURCE_DATA, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_source *s = &body.source;
    if (is_hidden(&s->addr, all))
        return true;
    find_name(c, &s->addr, ip_addr_refid(&s->addr),
              s->mode == MODE_REFCLOCK && s->addr.family == IP_V4, name);

    if (c->json) {
        document_begin_row(c->json);
        json_source(c->json, s, name);
        return true;
    }
    put_style(p, style_of_state(s->state));
    put_char(p, letter("^=#", 3, s->mode));
    put_char(p, letter("*?x~+-", 6, s->state));
    put_text(p, " ");
    put_name(c, p, NAME_WIDTH_MS, name);
    put_style(p, STYLE_PLAIN);
    put_text(p, "  ");
    put_int(p, 2, s->stratum);
    put_text(p, "  ");
    put_int(p, 2, s->poll);
    put_text(p, "   ");
    put_octal(p, 3, (unsigned int)s->reachability);
    put_text(p, "  ");
    put_interval(p, s->latest_age);
    put_text(p, "  ");
    put_signed_time(p, s->offset);
    put_text(p, "[");
    put_signed_time(p, s->orig_offset);
    put_text(p, "] +/- ");
    put_time(p, s->error);
    put_end(p);
    return true;
}

bool show_sources(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_SOURCES, "MS Name/IP address",
        "         Stratum Poll Reach LastRx Last sample               ", sources_row};

    return run_report(c, &report, args);
}

static bool sourcestats_row(struct client *c, struct printer *p, int32_t index, bool all)
{
    struct cmd_request request = {.command = CMD_SOURCESTATS, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_sourcestats *s = &body.sourcestats;
    if (is_hidden(&s->addr, all))
        return true;
    find_name(c, &s->addr, s->refid, s->addr.family == IP_UNSPEC, name);

    if (c->json) {
        document_begin_row(c->json);
        json_sourcestats(c->json, s, name);
        return true;
    }
    put_name(c, p, NAME_WIDTH, name);
    put_text(p, " ");
    put_uint(p, 3, s->samples);
    put_text(p, " ");
    put_uint(p, 3, s->runs);
    put_text(p, "  ");
    put_interval(p, s->span_seconds);
    put_text(p, " ");
    put_signed_freq(p, s->resid_freq_ppm);
    put_text(p, " ");
    put_freq(p, s->skew_ppm);
    put_text(p, "  ");
    put_signed_time(p, s->est_offset);
    put_text(p, "  ");
    put_time(p, s->sd);
    put_end(p);
    return true;
}

bool show_sourcestats(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_SOURCESTATS, "Name/IP Address",
        "            NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev", sourcestats_row};

    return run_report(c, &report, args);
}

/* Four letters and a fifth column which is always empty. */
static void put_select_options(struct printer *p, unsigned int options)
{
    static const struct {
        unsigned int option;
        char letter;
    } letters[] = {
        {SELECT_NOSELECT, 'N'}, {SELECT_PREFER, 'P'}, {SELECT_TRUST, 'T'}, {SELECT_REQUIRE, 'R'}};

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        put_char(p, options & letters[i].option ? letters[i].letter : '-');
    put_char(p, '-');
}

static bool selectdata_row(struct client *c, struct printer *p, int32_t index, bool all)
{
    struct cmd_request request = {.command = CMD_SELECTDATA, .u.index = index};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];

    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_selectdata *s = &body.selectdata;
    if (is_hidden(&s->addr, all))
        return true;
    find_name(c, &s->addr, s->refid, s->addr.family == IP_UNSPEC, name);

    if (c->json) {
        document_begin_row(c->json);
        json_selectdata(c->json, s, name);
        return true;
    }
    put_style(p, style_of_letter(s->state));
    put_char(p, s->state);
    put_text(p, " ");
    put_name(c, p, NAME_WIDTH, name);
    put_style(p, STYLE_PLAIN);
    put_text(p, " ");
    put_char(p, s->authenticated ? 'Y' : 'N');
    put_text(p, " ");
    put_select_options(p, s->conf_options);
    put_text(p, " ");
    put_select_options(p, s->eff_options);
    put_text(p, " ");
    put_interval(p, s->last_sample_ago);
    put_text(p, " ");
    put_number(p, 5, 1, false, s->score);
    put_text(p, " ");
    put_signed_time(p, s->low_limit);
    put_text(p, " ");
    put_signed_time(p, s->high_limit);
    put_text(p, "  ");
    put_short_leap(p, (unsigned int)s->leap);
    put_end(p);
    return true;
}

bool show_selectdata(struct client *c, char *args)
{
    static const struct source_report report = {
        LEGEND_SELECTDATA, "S Name/IP Address",
        "        Auth COpts EOpts Last Score     Interval  Leap", selectdata_row};

    return run_report(c, &report, args);
}

static const char *auth_mode_name(unsigned int mode)
{
    static const char *const names[] = {"-", "SK", "NTS"};

    return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "?";
}

static bool authdata_row(struct client *c, struct printer *p, int32_t index, bool all)
{
    struct cmd_request source = {.command = CMD_SOURCE_DATA, .u.index = index};
    struct cmd_request request = {.command = CMD_AUTHDATA};
    union cmd_reply_body body;
    char name[NAME_TEXT_SIZE];

    if (!exchange_report(c, &source, &body))
        return false;
    if (is_hidden(&body.source.addr, all) ||
        (body.source.mode != MODE_CLIENT && body.source.mode != MODE_PEER))
        return true;
    request.u.addr = body.source.addr;
    if (!exchange_report(c, &request, &body))
        return false;
    const struct report_authdata *a = &body.authdata;
    find_name(c, &request.u.addr, 0, false, name);

    if (c->json) {
        document_begin_row(c->json);
        json_authdata(c->json, a, &request.u.addr, name);
        return true;
    }
    put_name(c, p, NAME_WIDTH_MS, name);
    put_text(p, " ");
    put_word(p, 4, auth_mode_name(a->mode));
    put_text(p, " ");
    put_uint(p, 5, a->key_id);
    put_text(p, " ");
    put_uint(p, 4, a->key_type);
    put_text(p, " ");
    put_uint(p, 4, a->key_length);
    put_text(p, " ");
    put_interval(p, a->last_ke_ago);
    put_text(p, " ");
    put_uint(p, 4, a->ke_attempts);
    put_text(p, " ");
    put_uint(p, 4, a->nak);
    put_text(p, " ");
    put_uint(p, 4, a->cookies);
    put_text(p, " ");
    put_uint(p, 4, a->cookie_length);
    put_end(p);
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
    if (c->json)
        json_sourcename(c->json, body.name);
    else
        fprintf(c->env->out, "%s\n", body.name);
    return true;
}

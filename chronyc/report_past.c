/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command report: what a history file says of the past (chronyc.md 10.22). It finds and reads
 * the file, chooses the period, and has the report printed or written. The page is written beside
 * its place first, so that nobody sees half of one.
 */
#include "chronyc/reports.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "chronyc/exchange.h"
#include "chronyc/past_options.h"
#include "chronyc/past_report.h"
#include "chronyc/past_units.h"
#include "config.h"
#include "history/reader.h"

#define DEFAULT_PERIOD (31 * 86400)
#define PAGE_MODE      0644

/* Whether a terminal takes it as text. */
static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* The file of the daemon. False: the reason was printed. */
static bool ask_path(struct client *c, struct report_history *h)
{
    const struct cmd_request request = {.command = CMD_HISTORY};
    union cmd_reply_body body;
    enum cmd_status status;
    FILE *err = c->env->err;

    if (!exchange_quiet(c, &request, &status, &body)) {
        exchange_print_status(c, "506 Cannot talk to daemon", true);
        return false;
    }
    if (status != CMD_STATUS_SUCCESS) {
        exchange_print_status(c, status_line(status), true);
        if (status == CMD_STATUS_NOT_ENABLED)
            fprintf(err, "The daemon keeps no history: the directive historyfile is not set\n");
        else if (status == CMD_STATUS_INVALID)
            fprintf(err, "This command is not known to the daemon that answers\n");
        else if (status == CMD_STATUS_UNAUTHORISED)
            fprintf(err, "Only root and the user of the daemon may ask where the history is; give "
                         "the file with --file\n");
        return false;
    }
    *h = body.history;
    if (!is_printable(h->path)) {
        fprintf(err, "The path of the history has control characters; give the file with --file\n");
        return false;
    }
    if (h->state == REPORT_HISTORY_FAILS)
        fprintf(err, "The daemon cannot write %s at the moment; its log says why\n", h->path);
    return true;
}

static bool load(struct client *c, const char *path, const struct past_options *options,
                 struct history *h)
{
    const struct history_limits limits = {options->since > 0 ? options->since : INT64_MIN,
                                          options->until > 0 ? options->until : INT64_MAX};
    FILE *err = c->env->err;

    switch (history_load(path, &limits, h)) {
    case HISTORY_READ:
        return true;
    case HISTORY_UNREADABLE:
        fprintf(err, "Could not read %s : %s\n", path, text_errno(errno));
        break;
    case HISTORY_NOT_A_HISTORY:
        fprintf(err, "%s is not a history file, or nothing of it can be read\n", path);
        break;
    case HISTORY_OTHER_VERSION:
        fprintf(err, "%s is a history file of another version of chronyd\n", path);
        break;
    }
    return false;
}

/* ---- Period ---- */

/* By default the period begins with the first minute of the last month, or with the start of the
   daemon shortly before. (A machine without a battery may have minutes of 1970, too.) */
static int64_t default_begin(const struct history *h, int64_t end)
{
    size_t first = 0;

    while (h->minutes[first].time <= end - DEFAULT_PERIOD && h->minutes[first].time < end)
        first++;
    int64_t begin = h->minutes[first].time - PAST_MINUTE;
    for (size_t i = 0; i < h->event_count; i++) {
        const struct history_event *e = &h->events[i];

        if (e->kind == HISTORY_EVENT_START && e->time < begin &&
            e->time > h->minutes[first].time - PAST_GAP_MIN)
            return e->time;
    }
    return begin;
}

/* Without records in the period there is nothing to report; what there is instead is printed. */
static bool choose_period(struct client *c, const char *path, const struct past_options *options,
                          const struct history *h, struct past_period *period)
{
    if (h->minute_count == 0) {
        bool limited = options->since > 0 || options->until > 0;

        fprintf(c->env->err, "%s has no records%s\n", path, limited ? " of this time" : " yet");
        return false;
    }
    *period = (struct past_period){options->since, options->until};
    if (options->until == 0)
        period->to = h->minutes[h->minute_count - 1].time;
    if (options->since == 0)
        period->from = default_begin(h, h->minutes[h->minute_count - 1].time);
    return true;
}

/* ---- Page ---- */

static bool write_failed(struct client *c, const char *path, int error)
{
    fprintf(c->env->err, "Could not write %s : %s\n", path, text_errno(error));
    return false;
}

/* /dev/stdout leads there, also when it is a regular file. */
static bool is_standard_output(const char *path)
{
    struct stat named, output;

    return stat(path, &named) == 0 && fstat(STDOUT_FILENO, &output) == 0 &&
           named.st_dev == output.st_dev && named.st_ino == output.st_ino;
}

/* A pipe or a device, or a link to one: the page would take the place of the link. */
static bool is_no_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static bool write_page(struct client *c, const struct past_report *report, const char *path)
{
    if (is_standard_output(path)) {
        past_print_page(report, c->env->out);
        return true;
    }
    if (is_no_file(path))
        return write_failed(c, path, ERRNO_NOT_A_FILE);
    char *temporary = file_temporary_path(path);
    FILE *f = file_open_new(temporary, PAGE_MODE);
    bool written = f != NULL;

    if (f) {
        past_print_page(report, f);
        written = ferror(f) == 0;
        written = fclose(f) == 0 && written && file_replace(temporary, path);
    }
    int error = errno;
    if (f && !written)
        file_remove(temporary);
    free(temporary);
    if (!written)
        return write_failed(c, path, error);
    if (!c->json && !c->csv)
        fprintf(c->env->out, "The report was written to %s\n", path);
    return true;
}

static bool show(struct client *c, const struct past_report *report, const char *html)
{
    if (html && !write_page(c, report, html))
        return false;
    if (c->json)
        past_put_document(report, c->json);
    else if (c->csv)
        past_print_csv(report, c->env->out);
    else if (!html)
        past_print_text(report, c->env->utf8, c->env->out);
    return true;
}

bool show_report(struct client *c, char *args)
{
    const struct environment *env = c->env;
    struct past_options options;
    struct past_period period;
    struct history history = {0};
    int64_t now = env->now(env->ctx).sec;
    char error[160];

    if (!past_options_parse(&options, args, now, error, sizeof(error))) {
        fprintf(env->err, "%s\n", error);
        return false;
    }
    struct report_history daemons_file;
    const char *path = options.file;
    if (!path) {
        if (!ask_path(c, &daemons_file))
            return false;
        path = daemons_file.path;
    }
    bool result =
        load(c, path, &options, &history) && choose_period(c, path, &options, &history, &period);
    if (result) {
        struct past_figures figures = past_figures_make(&history, period, options.limit);
        const struct past_report report = {.history = &history,
                                           .figures = &figures,
                                           .host = env->host_name,
                                           .path = path,
                                           .version = CHRONY_VERSION,
                                           .made = now,
                                           .limit_given = options.limit_given};

        result = show(c, &report, options.html);
        past_figures_free(&figures);
    }
    history_free(&history);
    return result;
}

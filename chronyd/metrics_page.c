/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of the metrics server, see metrics_page.h. Here is the other half of metrics_server.c: a
 * request goes over the channel, and the body of the reply comes back.
 */
#include "chronyd/metrics_page.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "process/channel.h"

#define FORMATS (METRICS_PLAIN + 1)

/* The last page in a format, or that there was none. */
struct latest {
    struct metrics_page *page; /* NULL: it could not be made */
    struct mono_time made;
    bool valid;
};

struct metrics_pages {
    struct world *world;
    struct channel *channel;
    uint32_t last_id;
    bool closed;
    struct mono_time deadline; /* of the page that is made */
    struct latest latest[FORMATS];
    bool failed; /* the last attempt, of any format, and when it ended */
    struct mono_time failed_at;
    int count; /* pages in memory */
};

/* ---- Queries ---- */

static double time_left(const struct metrics_pages *pages, struct mono_time until)
{
    return mono_diff(until, world_mono_now(pages->world));
}

/* One message, if it comes in time. False: nothing came, or the channel is of no use any more. */
static bool await_report(struct metrics_pages *pages, struct mono_time until,
                         struct ipc_message *message)
{
    struct pollfd p = {.fd = pages->channel->fd, .events = POLLIN};
    double left = time_left(pages, until);
    int none;

    if (left <= 0.0)
        return false;
    if (poll(&p, 1, (int)ceil(left * 1000.0)) < 0 && errno != EINTR)
        return false;
    enum channel_result result = channel_receive(pages->channel, message, &none);
    pages->closed = pages->closed || (result != CHANNEL_OK && result != CHANNEL_AGAIN);
    message->type = result == CHANNEL_OK ? message->type : 0;
    return !pages->closed;
}

static bool decode_report(const struct ipc_octets *report, unsigned int command,
                          union cmd_reply_body *body)
{
    uint8_t reply[CMD_REPLY_HEADER + IPC_OCTETS_SIZE] = {0};

    memcpy(reply + CMD_REPLY_HEADER, report->data, report->length);
    return cmd_reply_decode(reply, CMD_REPLY_HEADER + report->length,
                            cmd_command_find(command)->reply, body);
}

static bool send_query(struct metrics_pages *pages, const struct cmd_request *request)
{
    const struct cmd_request_header header = {.version = CMD_VERSION_NO_PADDING};
    struct ipc_message query = {.type = IPC_QUERY, .u.octets.id = ++pages->last_id};
    struct ipc_octets *octets = &query.u.octets;

    octets->length = cmd_request_encode(&header, request, octets->data, sizeof(octets->data));
    return octets->length > 0 && channel_send(pages->channel, &query, -1) == CHANNEL_OK;
}

/* For metrics_write(). */
static enum metrics_answer ask(const struct cmd_request *request, union cmd_reply_body *body,
                               void *arg)
{
    struct metrics_pages *pages = arg;
    struct mono_time until = mono_add(world_mono_now(pages->world), METRICS_PAGE_WAIT_REPORT);
    struct ipc_message report;

    if (mono_diff(pages->deadline, until) < 0.0)
        until = pages->deadline;
    if (pages->closed || time_left(pages, until) <= 0.0 || !send_query(pages, request))
        return METRICS_SILENT;
    do {
        if (!await_report(pages, until, &report))
            return METRICS_SILENT;
        /* A report that comes too late is for a page that was given up. */
    } while (report.type != IPC_REPORT || report.u.octets.id != pages->last_id);
    enum metrics_answer answer = metrics_answer_of(report.u.octets.status);
    if (answer == METRICS_ANSWERED && !decode_report(&report.u.octets, request->command, body))
        return METRICS_NOTHING;
    return answer;
}

bool metrics_pages_read(struct metrics_pages *pages)
{
    struct ipc_message message;
    enum channel_result result;
    int none;

    while ((result = channel_receive(pages->channel, &message, &none)) == CHANNEL_OK)
        ;
    return result == CHANNEL_AGAIN && !pages->closed;
}

/* ---- Pages ---- */

/* NULL: the main process does not answer. */
static struct metrics_page *make_page(struct metrics_pages *pages, enum metrics_format format)
{
    struct metrics_page *page = mem_alloc(sizeof(*page));

    *page = (struct metrics_page){.users = 1, .owner = pages};
    pages->count++;
    pages->deadline = mono_add(world_mono_now(pages->world), METRICS_PAGE_WAIT_ALL);
    FILE *out = open_memstream(&page->text, &page->length);
    bool written = out && metrics_write(out, format, ask, pages);
    written = written && !ferror(out);
    if (out && fclose(out) == 0 && written)
        return page;
    metrics_page_release(page);
    return NULL;
}

void metrics_page_release(struct metrics_page *page)
{
    if (!page || --page->users > 0)
        return;
    page->owner->count--;
    free(page->text);
    free(page);
}

static bool is_fresh(const struct metrics_pages *pages, struct mono_time made)
{
    return time_left(pages, mono_add(made, METRICS_PAGE_AGE)) > 0.0;
}

struct metrics_page *metrics_pages_get(struct metrics_pages *pages, enum metrics_format format)
{
    struct latest *latest = &pages->latest[format];

    if (!latest->valid || !is_fresh(pages, latest->made)) {
        /* Those who want the other format do not wait for what does not come. */
        if (pages->failed && is_fresh(pages, pages->failed_at))
            return NULL;
        metrics_page_release(latest->page);
        latest->page = pages->count < METRICS_PAGES_MAX ? make_page(pages, format) : NULL;
        latest->made = world_mono_now(pages->world);
        latest->valid = true;
        pages->failed = !latest->page;
        pages->failed_at = latest->made;
    }
    if (latest->page)
        latest->page->users++;
    return latest->page;
}

struct metrics_pages *metrics_pages_new(struct world *world, struct channel *channel)
{
    struct metrics_pages *pages = mem_alloc(sizeof(*pages));

    pages->world = world;
    pages->channel = channel;
    return pages;
}

void metrics_pages_free(struct metrics_pages *pages)
{
    if (!pages)
        return;
    for (int i = 0; i < FORMATS; i++)
        metrics_page_release(pages->latest[i].page);
    free(pages);
}

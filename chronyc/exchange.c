/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request and its reply: retransmission with doubled timeouts, checks of what was received,
 * fall-back to version 5 and to the next daemon of the list (chronyc.md 4.2, 5 and 6).
 */
#include "chronyc/exchange.h"

#include <math.h>
#include "base/number.h"

#define RECEIVE_SIZE 2048

struct reply {
    struct cmd_reply_header header;
    uint8_t data[RECEIVE_SIZE];
    size_t length;
};

static const char *const status_lines[] = {
    [CMD_STATUS_SUCCESS] = "200 OK",
    [CMD_STATUS_FAILED] = "500 Failure",
    [CMD_STATUS_UNAUTHORISED] = "501 Not authorised",
    [CMD_STATUS_INVALID] = "502 Invalid command",
    [CMD_STATUS_NO_SOURCE] = "503 No such source",
    [CMD_STATUS_DUPLICATE_LOGON] = "504 Duplicate or stale logon detected",
    [CMD_STATUS_NOT_ENABLED] = "505 Facility not enabled in daemon",
    [CMD_STATUS_BAD_SUBNET] = "507 Bad subnet",
    [CMD_STATUS_ACCESS_ALLOWED] = "208 Access allowed",
    [CMD_STATUS_ACCESS_DENIED] = "209 Access denied",
    [CMD_STATUS_NO_HOST_ACCESS] = "510 No command access from this host",
    [CMD_STATUS_SOURCE_EXISTS] = "511 Source already present",
    [CMD_STATUS_TOO_MANY_SOURCES] = "512 Too many sources present",
    [CMD_STATUS_NO_RTC] = "513 RTC driver not running",
    [CMD_STATUS_BAD_RTC_FILE] = "514 Can't write RTC parameters",
    [CMD_STATUS_INACTIVE] = "519 Client logging is not active in the daemon",
    [CMD_STATUS_BAD_SAMPLE] = "516 Sample index out of range",
    [CMD_STATUS_INVALID_FAMILY] = "515 Invalid address family",
    [CMD_STATUS_BAD_VERSION] = "517 Protocol version mismatch",
    [CMD_STATUS_BAD_LENGTH] = "518 Packet length mismatch",
    [CMD_STATUS_INVALID_NAME] = "521 Invalid name",
};

const char *status_line(unsigned int status)
{
    const char *line = NULL;

    if (status < COUNT(status_lines))
        line = status_lines[status];
    return line ? line : "520 Got unexpected error from daemon";
}

enum verdict {
    VERDICT_ACCEPT,
    VERDICT_IGNORE,    /* go on waiting */
    VERDICT_RETRY,     /* transmit again at once */
    VERDICT_OLD_DAEMON /* transmit again without padding */
};

/* Steps 7 to 9: is this the answer to the last transmission? */
static enum verdict judge(const struct client *c, const struct cmd_request *request,
                          uint32_t sequence, struct reply *reply)
{
    struct cmd_reply_header *h = &reply->header;

    if (!cmd_reply_header_decode(reply->data, reply->length, h))
        return VERDICT_IGNORE;
    if (h->version != c->version &&
        !(h->version >= CMD_VERSION_OLDEST && h->status == CMD_STATUS_BAD_VERSION))
        return VERDICT_IGNORE;
    if (h->type != CMD_TYPE_REPLY || h->reserved != 0 || h->command != request->command ||
        h->sequence != sequence)
        return VERDICT_IGNORE;
    if (c->version == CMD_VERSION && h->version == CMD_VERSION_NO_PADDING)
        return VERDICT_OLD_DAEMON;
    if (reply->length < cmd_reply_length(h->reply))
        return VERDICT_RETRY;
    return VERDICT_ACCEPT;
}

static bool transmit(struct client *c, const struct cmd_request *request, int attempt,
                     uint32_t *sequence)
{
    const struct environment *env = c->env;
    struct cmd_request_header header = {.version = c->version, .attempt = (uint16_t)attempt};
    uint8_t data[CMD_REQUEST_MAX];

    if (!env->random(env->ctx, sequence, sizeof(*sequence)))
        return false;
    header.sequence = *sequence;
    size_t length = cmd_request_encode(&header, request, data, sizeof(data));
    if (c->debug)
        fprintf(env->err, "Sending request %u, attempt %d, %zu octets\n", request->command, attempt,
                length);
    return length > 0 && env->send(env->ctx, data, length);
}

/* Waits for the answer to one transmission: ACCEPT, RETRY (also when the time is over) or
   OLD_DAEMON; IGNORE means to give up. */
static enum verdict await(struct client *c, const struct cmd_request *request, uint32_t sequence,
                          double timeout, struct reply *reply)
{
    const struct environment *env = c->env;
    struct instant start = env->now(env->ctx);

    for (;;) {
        struct instant now = env->now(env->ctx);

        if (instant_compare(now, start) < 0)
            start = now; /* the clock was set back */
        double left = timeout - instant_diff(now, start);
        if (left <= 0.0)
            return VERDICT_RETRY;
        if (env->quit(env->ctx))
            return VERDICT_IGNORE;
        switch (env->wait(env->ctx, left)) {
        case WAIT_READY:
            break;
        case WAIT_TIMEOUT:
            return VERDICT_RETRY;
        case WAIT_FAILED:
            return VERDICT_IGNORE;
        }
        if (!env->receive(env->ctx, reply->data, sizeof(reply->data), &reply->length))
            return VERDICT_RETRY;
        enum verdict verdict = judge(c, request, sequence, reply);
        if (c->debug)
            fprintf(env->err, "Received %zu octets%s\n", reply->length,
                    verdict == VERDICT_ACCEPT ? "" : ", not accepted");
        if (verdict != VERDICT_IGNORE)
            return verdict;
    }
}

/* All transmissions to the daemon that is connected. */
static bool submit(struct client *c, const struct cmd_request *request, struct reply *reply)
{
    int attempts = 0;

    while (attempts <= c->max_retries) {
        uint32_t sequence;

        if (!transmit(c, request, attempts, &sequence))
            return false;
        attempts++;
        switch (await(c, request, sequence, ldexp(c->timeout_ms / 1000.0, attempts - 1), reply)) {
        case VERDICT_ACCEPT:
            return true;
        case VERDICT_RETRY:
            break;
        case VERDICT_IGNORE:
            return false;
        case VERDICT_OLD_DAEMON:
            c->version = CMD_VERSION_NO_PADDING;
            attempts--;
            break;
        }
    }
    return false;
}

static bool exchange(struct client *c, const struct cmd_request *request, struct reply *reply)
{
    while (c->connected || client_connect(c)) {
        if (submit(c, request, reply))
            return true;
        client_disconnect(c);
    }
    return false;
}

void exchange_print_status(struct client *c, const char *line, bool is_result)
{
    if (!c->json)
        fprintf(c->env->out, "%s\n", line);
    else if (is_result || c->status_printed)
        document_status(c->json, line);
}

/* Whether the reply is one to that command, and complete. */
static bool decode(const struct cmd_request *request, const struct reply *reply,
                   union cmd_reply_body *body)
{
    return reply->header.reply == cmd_command_find(request->command)->reply &&
           cmd_reply_decode(reply->data, reply->length, reply->header.reply, body);
}

/* What people want to know about a report that chrony does not have. */
static void print_reason(const struct client *c, const struct cmd_request *request,
                         unsigned int status)
{
    if (request->command < CMD_FIRST_OWN)
        return;
    if (status == CMD_STATUS_INVALID)
        fprintf(c->env->err, "This command is not known to the daemon that answers\n");
    if (status == CMD_STATUS_UNAUTHORISED && cmd_command_find(request->command)->open == 0)
        fprintf(c->env->err, "The daemon answers this over its Unix socket only: run chronyc as "
                             "root, or as the user of the daemon\n");
}

static bool evaluate(struct client *c, const struct cmd_request *request, bool verbose,
                     union cmd_reply_body *body)
{
    struct reply reply;

    c->status = CMD_STATUS_LATER;
    if (!exchange(c, request, &reply)) {
        exchange_print_status(c, "506 Cannot talk to daemon", true);
        return false;
    }
    c->features = reply.header.features;
    unsigned int status = reply.header.status;
    c->status = reply.header.status;
    if (verbose || status != CMD_STATUS_SUCCESS)
        exchange_print_status(c, status_line(status), status != CMD_STATUS_SUCCESS);
    print_reason(c, request, status);
    if (status != CMD_STATUS_SUCCESS && status != CMD_STATUS_ACCESS_ALLOWED &&
        status != CMD_STATUS_ACCESS_DENIED)
        return false;
    if (!decode(request, &reply, body)) {
        exchange_print_status(c, "508 Bad reply from daemon", true);
        return false;
    }
    return true;
}

bool exchange_report(struct client *c, const struct cmd_request *request,
                     union cmd_reply_body *body)
{
    return evaluate(c, request, false, body);
}

bool exchange_verbose(struct client *c, const struct cmd_request *request,
                      union cmd_reply_body *body)
{
    return evaluate(c, request, true, body);
}

bool exchange_quiet(struct client *c, const struct cmd_request *request, enum cmd_status *status,
                    union cmd_reply_body *body)
{
    struct reply reply;

    if (!exchange(c, request, &reply))
        return false;
    c->features = reply.header.features;
    *status = (enum cmd_status)reply.header.status;
    if (*status == CMD_STATUS_SUCCESS && !decode(request, &reply, body))
        *status = CMD_STATUS_FAILED;
    return true;
}

enum metrics_answer exchange_metrics(const struct cmd_request *request, union cmd_reply_body *body,
                                     void *client)
{
    enum cmd_status status;

    if (!exchange_quiet(client, request, &status, body))
        return METRICS_SILENT;
    return metrics_answer_of(status);
}

bool exchange_command(struct client *c, const struct cmd_request *request)
{
    union cmd_reply_body body;

    c->status_printed = true;
    return evaluate(c, request, true, &body);
}

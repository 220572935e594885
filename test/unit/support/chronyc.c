/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine on which the daemon is a recording: each request of the client is compared with the
 * recorded one, sequence numbers aside, and answered by the recorded reply.
 */
#include "test/unit/support/chronyc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "chronyc/client.h"

#define PATH_SIZE     4096
#define MESSAGE_SIZE  1024
#define ARGS_MAX      96
#define SEQUENCE_SIZE 4

enum { REQUEST_SEQUENCE = 8, REPLY_SEQUENCE = 16 };

struct replay {
    json_t *requests;
    json_t *replies;
    size_t sent;
    size_t received;
    bool wrong_request;
    uint8_t sequence[SEQUENCE_SIZE]; /* of the last request of our client */
    struct instant now;
    uint32_t random;
    const char *input;
    FILE *out;
    FILE *err;
};

static size_t get_message(json_t *list, size_t index, uint8_t *buf)
{
    const char *hex = json_string_value(json_array_get(list, index));

    return hex ? text_from_hex(hex, buf, MESSAGE_SIZE) : 0;
}

static bool replay_open(void *ctx, const struct endpoint *endpoint)
{
    return !endpoint->path;
}

static void replay_close(void *ctx)
{
}

static bool replay_send(void *ctx, const void *data, size_t length)
{
    struct replay *r = ctx;
    uint8_t expected[MESSAGE_SIZE], sent[MESSAGE_SIZE];
    size_t expected_length = get_message(r->requests, r->sent, expected);

    assert_true(length > REQUEST_SEQUENCE + SEQUENCE_SIZE && length <= sizeof(sent));
    memcpy(sent, data, length);
    memcpy(r->sequence, sent + REQUEST_SEQUENCE, SEQUENCE_SIZE);
    memcpy(sent + REQUEST_SEQUENCE, expected + REQUEST_SEQUENCE, SEQUENCE_SIZE);
    if (length != expected_length || memcmp(sent, expected, length) != 0)
        r->wrong_request = true;
    r->sent++;
    return true;
}

/* Index of the recorded request that a recorded reply answers; the number of requests if none. */
static size_t answered_request(const struct replay *r, const uint8_t *reply)
{
    size_t count = json_array_size(r->requests);

    for (size_t i = 0; i < count; i++) {
        uint8_t request[MESSAGE_SIZE];

        get_message(r->requests, i, request);
        if (memcmp(request + REQUEST_SEQUENCE, reply + REPLY_SEQUENCE, SEQUENCE_SIZE) == 0)
            return i;
    }
    return count;
}

static enum wait_result replay_wait(void *ctx, double timeout)
{
    struct replay *r = ctx;
    uint8_t reply[MESSAGE_SIZE];
    size_t request;

    if (get_message(r->replies, r->received, reply) > 0) {
        request = answered_request(r, reply);
        if (request + 1 == r->sent || request == json_array_size(r->requests))
            return WAIT_READY;
    }
    r->now = instant_add(r->now, timeout);
    return WAIT_TIMEOUT;
}

static bool replay_receive(void *ctx, void *data, size_t size, size_t *length)
{
    struct replay *r = ctx;
    uint8_t reply[MESSAGE_SIZE];

    *length = get_message(r->replies, r->received++, reply);
    if (answered_request(r, reply) < json_array_size(r->requests))
        memcpy(reply + REPLY_SEQUENCE, r->sequence, SEQUENCE_SIZE);
    assert_true(*length <= size);
    memcpy(data, reply, *length);
    return true;
}

/* The machine of the recordings knew one name. */
static int replay_resolve(void *ctx, const char *name, enum ip_family family, struct ip_addr *addrs,
                          int max)
{
    if (strcmp(name, "localhost") != 0 || max < 1)
        return 0;
    addrs[0] = ip_addr_loopback(family == IP_V6 ? IP_V6 : IP_V4);
    return 1;
}

static bool replay_reverse(void *ctx, const struct ip_addr *addr, char *name, size_t size)
{
    struct ip_addr loopback = ip_addr_loopback(IP_V4);

    return ip_addr_equal(addr, &loopback) && text_copy(name, size, "localhost");
}

static bool replay_user_name(void *ctx, uint32_t uid, char *name, size_t size)
{
    snprintf(name, size, "user%u", (unsigned int)uid % 1000);
    return uid != 0;
}

static struct instant replay_now(void *ctx)
{
    return ((struct replay *)ctx)->now;
}

static bool replay_pause(void *ctx, double seconds)
{
    return seconds > 0.0;
}

static bool replay_random(void *ctx, void *data, size_t length)
{
    struct replay *r = ctx;

    for (size_t i = 0; i < length; i++) {
        r->random = r->random * 1103515245U + 12345U;
        ((uint8_t *)data)[i] = (uint8_t)(r->random >> 16);
    }
    return true;
}

static bool replay_quit(void *ctx)
{
    return false;
}

static bool replay_change_user(void *ctx, const char *user)
{
    return true;
}

static char *replay_read_line(void *ctx, const char *prompt)
{
    struct replay *r = ctx;
    size_t length = strcspn(r->input, "\n");

    if (r->input[0] == '\0')
        return NULL;
    char *line = mem_alloc(length + 1);
    memcpy(line, r->input, length);
    r->input += length + (r->input[length] != '\0');
    return line;
}

static struct environment make_environment(struct replay *r)
{
    return (struct environment){
        .out = r->out,
        .err = r->err,
        .open = replay_open,
        .close = replay_close,
        .send = replay_send,
        .wait = replay_wait,
        .receive = replay_receive,
        .resolve = replay_resolve,
        .reverse = replay_reverse,
        .user_name = replay_user_name,
        .now = replay_now,
        .pause = replay_pause,
        .random = replay_random,
        .quit = replay_quit,
        .change_user = replay_change_user,
        .read_line = replay_read_line,
        .ctx = r,
    };
}

struct arguments {
    char *argv[ARGS_MAX];
    int argc;
};

static void add_argument(struct arguments *a, const char *text, size_t length)
{
    char *copy = mem_alloc(length + 1);

    assert_true(a->argc + 1 < ARGS_MAX);
    memcpy(copy, text, length);
    a->argv[a->argc++] = copy;
    a->argv[a->argc] = NULL;
}

static void add_words(struct arguments *a, const char *text)
{
    while (text[0] != '\0') {
        size_t length = strcspn(text, " ");

        add_argument(a, text, length);
        text += length + (text[length] == ' ');
    }
}

static void make_arguments(struct arguments *a, json_t *record, const char *option)
{
    json_t *command = json_object_get(record, "command"), *item;
    size_t i;

    add_words(a, "chronyc -h 127.0.0.1");
    if (option)
        add_words(a, option);
    json_array_foreach(json_object_get(record, "options"), i, item)
        add_words(a, json_string_value(item));
    if (json_is_string(command))
        add_words(a, json_string_value(command));
    json_array_foreach(command, i, item)
        add_argument(a, json_string_value(item), json_string_length(item));
}

static void free_arguments(struct arguments *a)
{
    while (a->argc > 0)
        free(a->argv[--a->argc]);
}

/* The client's clock at the time of the recording, which settime sent. */
static struct instant recorded_time(json_t *requests)
{
    uint8_t data[MESSAGE_SIZE];
    size_t length = get_message(requests, 0, data);
    struct cmd_request request;

    if (length > 5 && data[5] == CMD_SETTIME &&
        cmd_request_decode(data, length, CMD_SETTIME, &request))
        return request.u.time;
    return (struct instant){.sec = 1795322493};
}

struct played replay_run(json_t *record, const char *option)
{
    const char *input = json_string_value(json_object_get(record, "stdin"));
    struct replay r = {
        .requests = json_object_get(record, "request_hex"),
        .replies = json_object_get(record, "reply_hex"),
        .now = recorded_time(json_object_get(record, "request_hex")),
        .random = 1,
        .input = input ? input : "",
    };
    struct arguments a = {0};
    struct played played = {0};
    size_t out_size, err_size;

    r.out = open_memstream(&played.out, &out_size);
    r.err = open_memstream(&played.err, &err_size);
    struct environment env = make_environment(&r);
    make_arguments(&a, record, option);
    played.status = chronyc_run(a.argc, a.argv, &env);
    fclose(r.out);
    fclose(r.err);
    played.same_requests = !r.wrong_request && r.sent == json_array_size(r.requests) &&
                           r.received == json_array_size(r.replies);
    free_arguments(&a);
    return played;
}

void played_free(struct played *played)
{
    free(played->out);
    free(played->err);
}

json_t *replay_load(const char *name)
{
    char path[PATH_SIZE];
    json_error_t error;

    snprintf(path, sizeof(path), "%s/cmdmon/%s", TEST_DATA_DIR, name);
    json_t *root = json_load_file(path, 0, &error);
    if (!root)
        fail_msg("%s: %s", path, error.text);
    return root;
}

const char *const replay_files[] = {
    "client-of-loopback-server.json",
    "client-side-errors.json",
    "estimator.json",
    "explain.json",
    "hostile.json",
    "float-encoding.json",
    "local-reference-access.json",
    "manual-time.json",
    "many-clients.json",
    "many-sources.json",
    "processes.json",
    "noclientlog-2.json",
    "noclientlog.json",
    "nts-client-and-server.json",
    "opencommands-2.json",
    "opencommands.json",
    "refclocks.json",
    "reply-status-and-validation.json",
    "request-encoding.json",
    "symmetric-keys.json",
    "synthetic-replies.json",
    "temperature.json",
    "time-smoothing-leaponly-2.json",
    "time-smoothing-leaponly.json",
    "time-smoothing-smooth.json",
    "unsynchronised-2.json",
    "unsynchronised.json",
};
const size_t replay_file_count = sizeof(replay_files) / sizeof(replay_files[0]);

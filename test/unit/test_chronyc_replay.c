/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays the recorded replies of test/data/cmdmon to the client and compares what it prints, its
 * exit status and the requests that it sends (sequence numbers aside), byte for byte.
 *
 * Every record of every file is run, except those of raw-requests.json, which were made without a
 * client and have no output to compare with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
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

    return hex != NULL ? text_from_hex(hex, buf, MESSAGE_SIZE) : 0;
}

static bool replay_open(void *arg, const struct endpoint *endpoint)
{
    (void)arg;
    return endpoint->path == NULL;
}

static void replay_close(void *arg)
{
    (void)arg;
}

static bool replay_send(void *arg, const void *data, size_t length)
{
    struct replay *r = arg;
    uint8_t expected[MESSAGE_SIZE], sent[MESSAGE_SIZE];
    size_t expected_length = get_message(r->requests, r->sent, expected);

    assert_true(length > REQUEST_SEQUENCE + SEQUENCE_SIZE && length <= sizeof sent);
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

static enum wait_result replay_wait(void *arg, double timeout)
{
    struct replay *r = arg;
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

static bool replay_receive(void *arg, void *data, size_t size, size_t *length)
{
    struct replay *r = arg;
    uint8_t reply[MESSAGE_SIZE];

    *length = get_message(r->replies, r->received++, reply);
    if (answered_request(r, reply) < json_array_size(r->requests))
        memcpy(reply + REPLY_SEQUENCE, r->sequence, SEQUENCE_SIZE);
    assert_true(*length <= size);
    memcpy(data, reply, *length);
    return true;
}

/* The machine of the recordings knew one name. */
static int replay_resolve(void *arg, const char *name, enum ip_family family, struct ip_addr *addrs,
                          int max)
{
    (void)arg;
    if (strcmp(name, "localhost") != 0 || max < 1)
        return 0;
    addrs[0] = ip_addr_loopback(family == IP_V6 ? IP_V6 : IP_V4);
    return 1;
}

static bool replay_reverse(void *arg, const struct ip_addr *addr, char *name, size_t size)
{
    struct ip_addr loopback = ip_addr_loopback(IP_V4);

    (void)arg;
    return ip_addr_equal(addr, &loopback) && text_copy(name, size, "localhost");
}

static struct instant replay_now(void *arg)
{
    return ((struct replay *)arg)->now;
}

static bool replay_pause(void *arg, double seconds)
{
    (void)arg;
    return seconds > 0.0;
}

static bool replay_random(void *arg, void *data, size_t length)
{
    struct replay *r = arg;

    for (size_t i = 0; i < length; i++) {
        r->random = r->random * 1103515245U + 12345U;
        ((uint8_t *)data)[i] = (uint8_t)(r->random >> 16);
    }
    return true;
}

static bool replay_quit(void *arg)
{
    (void)arg;
    return false;
}

static bool replay_change_user(void *arg, const char *user)
{
    (void)arg;
    (void)user;
    return true;
}

static char *replay_read_line(void *arg, const char *prompt)
{
    struct replay *r = arg;
    size_t length = strcspn(r->input, "\n");
    char *line;

    (void)prompt;
    if (r->input[0] == '\0')
        return NULL;
    line = mem_alloc(length + 1);
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
        .now = replay_now,
        .pause = replay_pause,
        .random = replay_random,
        .quit = replay_quit,
        .change_user = replay_change_user,
        .read_line = replay_read_line,
        .arg = r,
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

static void make_arguments(struct arguments *a, json_t *record)
{
    json_t *command = json_object_get(record, "command"), *item;
    size_t i;

    add_words(a, "chronyc -h 127.0.0.1");
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

static bool same_text(json_t *record, const char *field, const char *text)
{
    const char *expected = json_string_value(json_object_get(record, field));

    if (strcmp(expected, text) == 0)
        return true;
    print_message("%s expected:\n%s\ngot:\n%s\n", field, expected, text);
    return false;
}

static bool play(json_t *record)
{
    const char *input = json_string_value(json_object_get(record, "stdin"));
    struct replay r = {
        .requests = json_object_get(record, "request_hex"),
        .replies = json_object_get(record, "reply_hex"),
        .now = recorded_time(json_object_get(record, "request_hex")),
        .random = 1,
        .input = input != NULL ? input : "",
    };
    struct environment env;
    struct arguments a = {0};
    char *out = NULL, *err = NULL;
    size_t out_size, err_size;
    bool result = true;
    int status;

    r.out = open_memstream(&out, &out_size);
    r.err = open_memstream(&err, &err_size);
    env = make_environment(&r);
    make_arguments(&a, record);
    status = chronyc_run(a.argc, a.argv, &env);
    fclose(r.out);
    fclose(r.err);

    result &= same_text(record, "stdout", out);
    result &= same_text(record, "stderr", err);
    result &= status == json_integer_value(json_object_get(record, "exit_status"));
    result &= !r.wrong_request && r.sent == json_array_size(r.requests) &&
              r.received == json_array_size(r.replies);
    if (!result) {
        char *text = json_dumps(json_object_get(record, "command"), JSON_ENCODE_ANY);

        print_message("failed: %s (status %d, %zu requests, %s)\n", text, status, r.sent,
                      r.wrong_request ? "a wrong request" : "no wrong request");
        free(text);
    }
    free_arguments(&a);
    free(out);
    free(err);
    return result;
}

static void play_file(void **state)
{
    const char *name = *state;
    char path[PATH_SIZE];
    json_error_t error;
    json_t *root, *record;
    size_t i, failed = 0, played = 0;

    snprintf(path, sizeof path, "%s/cmdmon/%s", TEST_DATA_DIR, name);
    root = json_load_file(path, 0, &error);
    if (root == NULL)
        fail_msg("%s: %s", path, error.text);
    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        played++;
        if (!play(record))
            failed++;
    }
    json_decref(root);
    assert_true(played > 0);
    if (failed > 0)
        fail_msg("%zu of %zu records of %s differ", failed, played, name);
}

#define FILE_TEST(name)                                                                            \
    {                                                                                              \
        name, play_file, NULL, NULL, (void *)name                                                  \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FILE_TEST("client-of-loopback-server.json"),
        FILE_TEST("client-side-errors.json"),
        FILE_TEST("float-encoding.json"),
        FILE_TEST("local-reference-access.json"),
        FILE_TEST("manual-time.json"),
        FILE_TEST("many-clients.json"),
        FILE_TEST("many-sources.json"),
        FILE_TEST("noclientlog-2.json"),
        FILE_TEST("noclientlog.json"),
        FILE_TEST("nts-client-and-server.json"),
        FILE_TEST("opencommands-2.json"),
        FILE_TEST("opencommands.json"),
        FILE_TEST("refclocks.json"),
        FILE_TEST("reply-status-and-validation.json"),
        FILE_TEST("request-encoding.json"),
        FILE_TEST("symmetric-keys.json"),
        FILE_TEST("synthetic-replies.json"),
        FILE_TEST("time-smoothing-leaponly-2.json"),
        FILE_TEST("time-smoothing-leaponly.json"),
        FILE_TEST("time-smoothing-smooth.json"),
        FILE_TEST("unsynchronised-2.json"),
        FILE_TEST("unsynchronised.json"),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

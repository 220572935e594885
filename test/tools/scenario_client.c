/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repeats the requests of a recorded scenario (test/data/cmdmon) and compares the replies with the
 * recorded ones:
 *
 *   scenario_client config FILE                prints the configuration of the scenario's daemon
 *   scenario_client words FILE                 prints the arguments of opencommands in it ("none":
 *                                              records without the directive), a line for each
 *   scenario_client OPTION... replay FILE      sends the requests, prints a line for each
 *                                              difference ("NUMBER COMMAND: what"), then
 *                                              "requests NUMBER"
 *
 * Options: -u SOCKET and -d DIRECTORY (Unix: the daemon's, and where to make the own one), -p PORT
 * (UDP, for the records of this transport), -f FIRST, -l LAST (numbers of records, from 0), -o
 * WORDS (only records with these arguments of opencommands, "none" for those without), -H (compare
 * the headers only), -x NUMBER,NUMBER... (only the headers of these records), -w MILLISECONDS (wait
 * before a record with another command than the one before), -r SECONDS (send a request whose reply
 * differs again, for so long: names are resolved in the meantime. Only a report, or a request that
 * was refused: a command that was executed counts as it is).
 *
 * A settime request is for the time that gives the recorded offset now.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base/text.h"
#include "cmdmon/message.h"
#include "test/tools/reply_layout.h"
#include "test/tools/tool.h"

#define DATAGRAM_SIZE 4096
#define TIMEOUT       10.0
#define SETTIME_TIME  20 /* offset of the timestamp */

struct scenario {
    const char *unix_path;
    const char *directory;
    int port;
    long first, last;
    const char *opencommands; /* NULL: all records */
    bool header_only;
    const char *header_records; /* numbers with commas; NULL: none */
    double wait;
    double patience;
    int unix_fd, udp_fd; /* -1: not used */
    char own_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    long requests;
};

static void open_unix(struct scenario *s)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX}, remote = {.sun_family = AF_UNIX};

    snprintf(s->own_path, sizeof(s->own_path), "%s/scenario.%ld", s->directory, (long)getpid());
    s->unix_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (s->unix_fd < 0 || !text_copy(own.sun_path, sizeof(own.sun_path), s->own_path) ||
        bind(s->unix_fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
        chmod(s->own_path, 0666) < 0 ||
        !text_copy(remote.sun_path, sizeof(remote.sun_path), s->unix_path) ||
        connect(s->unix_fd, (struct sockaddr *)&remote, sizeof(remote)) < 0)
        tool_fail("Could not connect to %s : %s", s->unix_path, strerror(errno));
}

static void open_udp(struct scenario *s)
{
    s->udp_fd = tool_socket(SOCK_DGRAM, NULL);
    if (tool_connect(s->udp_fd, s->port) < 0)
        tool_fail("Could not connect : %s", strerror(errno));
}

static double get_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t get_hex(json_t *list, size_t index, uint8_t *data)
{
    return tool_hex(json_string_value(json_array_get(list, index)), data, DATAGRAM_SIZE);
}

static unsigned int get_u16(const uint8_t *data)
{
    return (unsigned int)(data[0] << 8 | data[1]);
}

static size_t exchange(struct scenario *s, int fd, const uint8_t *request, size_t length,
                       uint8_t *reply)
{
    s->requests++;
    if (send(fd, request, length, 0) != (ssize_t)length)
        tool_fail("Could not send : %s", strerror(errno));
    if (!tool_wait_readable(fd, TIMEOUT))
        return 0;
    ssize_t n = recv(fd, reply, DATAGRAM_SIZE, 0);
    return n > 0 ? (size_t)n : 0;
}

/* What the daemon adds to the system time: the reply to tracking. */
static double get_correction(struct scenario *s, int fd)
{
    struct cmd_request_header header = {.version = CMD_VERSION};
    struct cmd_request request = {.command = CMD_TRACKING};
    uint8_t data[DATAGRAM_SIZE], reply[DATAGRAM_SIZE];
    size_t length = cmd_request_encode(&header, &request, data, sizeof(data));
    union cmd_reply_body body;

    if (!cmd_reply_decode(reply, exchange(s, fd, data, length, reply), REPLY_TRACKING, &body))
        tool_fail("No reply to tracking");
    s->requests--;
    return body.tracking.correction;
}

/* The recorded offset is how much the clock was fast. */
static void adjust_settime(struct scenario *s, int fd, uint8_t *request, size_t length,
                           const uint8_t *recorded, size_t recorded_length)
{
    union cmd_reply_body body;

    if (length < SETTIME_TIME + 12 || get_u16(request + 4) != CMD_SETTIME ||
        get_u16(recorded + 6) != REPLY_SETTIME ||
        !cmd_reply_decode(recorded, recorded_length, REPLY_SETTIME, &body))
        return;
    double target = get_correction(s, fd) + get_now() - body.settime.offset;
    uint64_t seconds = (uint64_t)target;
    uint32_t nanoseconds = (uint32_t)((target - (double)seconds) * 1e9);
    for (int i = 0; i < 8; i++)
        request[SETTIME_TIME + i] = (uint8_t)(seconds >> (56 - 8 * i));
    for (int i = 0; i < 4; i++)
        request[SETTIME_TIME + 8 + i] = (uint8_t)(nanoseconds >> (24 - 8 * i));
}

static void print_difference(json_t *record, size_t number, size_t index, const char *what)
{
    json_t *command = json_object_get(record, "command");
    char *text = json_is_string(command) ? text_dup(json_string_value(command))
                                         : json_dumps(command, JSON_ENCODE_ANY);

    printf("%zu %s: request %zu: %s\n", number, text, index, what);
    free(text);
}

static bool is_listed(const char *list, size_t number)
{
    char text[24];
    size_t length = (size_t)snprintf(text, sizeof(text), "%zu", number);

    while (list &&
           (strncmp(list, text, length) != 0 || (list[length] != ',' && list[length] != '\0'))) {
        list = strchr(list, ',');
        if (list)
            list++;
    }
    return list != NULL;
}

/* Whether a request has changed nothing, so that it may be sent again. */
static bool changed_nothing(const uint8_t *reply, size_t length)
{
    struct cmd_reply_header header;

    if (!cmd_reply_header_decode(reply, length, &header))
        return false;
    const struct cmd_command *command = cmd_command_find(header.command);
    return header.status != CMD_STATUS_SUCCESS || (command && command->access == CMD_RO);
}

/* Whether the reply to the request is the recorded one; text says what is different, and final
   whether that may not be asked again. */
static bool is_repeated(struct scenario *s, int fd, json_t *record, size_t number, size_t index,
                        char *text, size_t size, bool *final)
{
    uint8_t request[DATAGRAM_SIZE], reply[DATAGRAM_SIZE], recorded[DATAGRAM_SIZE];
    size_t length = get_hex(json_object_get(record, "request_hex"), index, request);
    size_t recorded_length = get_hex(json_object_get(record, "reply_hex"), index, recorded);

    double start = tool_seconds();
    adjust_settime(s, fd, request, length, recorded, recorded_length);
    size_t reply_length = exchange(s, fd, request, length, reply);
    *final = !changed_nothing(reply, reply_length);
    return reply_layout_compare(recorded, recorded_length, reply, reply_length,
                                s->header_only || is_listed(s->header_records, number), get_now(),
                                tool_seconds() - start, text, size);
}

static void replay_record(struct scenario *s, json_t *record, size_t number)
{
    const char *transport = json_string_value(json_object_get(record, "transport"));
    int fd = strcmp(transport, "udp") == 0 ? s->udp_fd : s->unix_fd;

    if (fd < 0)
        tool_fail("A record needs transport %s", transport);
    for (size_t i = 0; i < json_array_size(json_object_get(record, "request_hex")); i++) {
        double end = tool_seconds() + s->patience;
        char text[256];
        bool final;

        while (!is_repeated(s, fd, record, number, i, text, sizeof(text), &final)) {
            if (final || tool_seconds() >= end) {
                print_difference(record, number, i, text);
                break;
            }
            s->requests--;
            tool_sleep(0.05);
        }
    }
}

/* Of the directive opencommands that a record is for. */
static const char *words_of(json_t *record)
{
    json_t *words = json_object_get(record, "opencommands");

    return json_is_string(words) ? json_string_value(words) : "none";
}

static bool is_wanted(const struct scenario *s, json_t *record, long number)
{
    if (number < s->first || number > s->last)
        return false;
    return !s->opencommands || strcmp(s->opencommands, words_of(record)) == 0;
}

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);

    if (!root)
        tool_fail("Could not read %s : %s", path, error.text);
    return root;
}

static void replay(struct scenario *s, const char *path)
{
    json_t *root = load(path), *record, *last_command = NULL;
    size_t i;

    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        json_t *command = json_object_get(record, "command");

        if (!is_wanted(s, record, (long)i))
            continue;
        if (last_command && !json_equal(command, last_command))
            tool_sleep(s->wait);
        last_command = command;
        replay_record(s, record, i);
    }
    printf("requests %ld\n", s->requests);
    json_decref(root);
}

static void print_config(const char *path)
{
    json_t *root = load(path);
    const char *config = json_string_value(json_object_get(root, "config"));

    fputs(config ? config : "", stdout);
    json_decref(root);
}

static void print_words(const char *path)
{
    json_t *root = load(path), *record;
    const char *last = NULL;
    size_t i;

    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        if (!last || strcmp(last, words_of(record)) != 0)
            puts(words_of(record));
        last = words_of(record);
    }
    json_decref(root);
}

static void parse_option(struct scenario *s, int option)
{
    switch (option) {
    case 'u':
        s->unix_path = optarg;
        break;
    case 'd':
        s->directory = optarg;
        break;
    case 'p':
        s->port = (int)tool_number(optarg, 1, 65535);
        break;
    case 'f':
        s->first = tool_number(optarg, 0, INT32_MAX);
        break;
    case 'l':
        s->last = tool_number(optarg, 0, INT32_MAX);
        break;
    case 'o':
        s->opencommands = optarg;
        break;
    case 'x':
        s->header_records = optarg;
        break;
    case 'H':
        s->header_only = true;
        break;
    case 'r':
        s->patience = (double)tool_number(optarg, 0, 60);
        break;
    case 'w':
        s->wait = (double)tool_number(optarg, 0, 60000) / 1000.0;
        break;
    default:
        tool_fail("See the head of scenario_client.c");
    }
}

int main(int argc, char **argv)
{
    struct scenario s = {.directory = "/tmp", .last = INT32_MAX, .unix_fd = -1, .udp_fd = -1};
    int option;

    while ((option = getopt(argc, argv, "u:d:p:f:l:o:Hx:r:w:")) != -1)
        parse_option(&s, option);
    if (argc - optind != 2)
        tool_fail("See the head of scenario_client.c");
    if (strcmp(argv[optind], "config") == 0) {
        print_config(argv[optind + 1]);
        return 0;
    }
    if (strcmp(argv[optind], "words") == 0) {
        print_words(argv[optind + 1]);
        return 0;
    }
    if (strcmp(argv[optind], "replay") != 0)
        tool_fail("See the head of scenario_client.c");
    if (s.unix_path)
        open_unix(&s);
    if (s.port != 0)
        open_udp(&s);
    replay(&s, argv[optind + 1]);
    if (s.unix_path)
        unlink(s.own_path);
    return 0;
}

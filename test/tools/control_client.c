/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of the control protocol for requests that chronyc never makes:
 *
 *   control_client OPTION... send HEX...          these datagrams; prints the replies
 *   control_client OPTION... replay FILE          the recorded ones (test/data/cmdmon) of this
 *                                                 transport; prints replies with another header
 *   control_client OPTION... lengths COMMAND      a request of each length from 0 to 2000
 *   control_client OPTION... random NUMBER SEED   random datagrams, most with a good header
 *   control_client OPTION... flood NUMBER         requests whose replies are not read
 *
 * Options: -p PORT (UDP, 127.0.0.1), -s ADDRESS (source), -u SOCKET (Unix), -d DIRECTORY (for the
 * client's own socket), -n (do not bind the client's socket).
 *
 * After each datagram another socket, which the daemon answers, sends a good request: its reply
 * shows that nothing more is to be expected. A daemon that does not answer it, and a reply longer
 * than its request, end the program with status 1.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/text.h"
#include "base/wire.h"
#include "cmdmon/message.h"
#include "test/tools/tool.h"

#define DATAGRAM_SIZE 4096
#define CHRONY_CODES                                                                               \
    80 /* from which random ones are taken, and with OWN_CODES from CMD_FIRST_OWN */
#define OWN_CODES      32
#define MAX_LENGTH     2000
#define PROBE_TIMEOUT  10.0
#define PROBE_INTERVAL 1.0
#define PROBE_COMMAND  44 /* activity: open to all */
#define PROBE_LENGTH   48
#define HEADER_LENGTH  28
#define SEQUENCE       8 /* offset in requests */
#define SEQUENCE_BACK  16

struct client {
    const char *unix_path; /* NULL: UDP */
    const char *directory;
    const struct sockaddr_in *source;
    int port;
    bool unbound;
    int fd, probe_fd;
    char paths[2][sizeof(((struct sockaddr_un *)0)->sun_path)];
    uint32_t probes;
    uint64_t random;
};

_Noreturn static void daemon_failed(const struct client *client, const char *text)
{
    printf("%s\n", text);
    unlink(client->paths[0]);
    unlink(client->paths[1]);
    exit(1);
}

/* ---- Sockets ---- */

static int open_unix(struct client *client, bool bound, char *path, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    if (fd < 0)
        tool_fail("Could not open socket : %s", strerror(errno));
    if (bound) {
        snprintf(path, sizeof(client->paths[0]), "%s/%s.%ld", client->directory, name,
                 (long)getpid());
        if (!text_copy(address.sun_path, sizeof(address.sun_path), path) ||
            bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0)
            tool_fail("Could not bind socket to %s : %s", path, strerror(errno));
    }
    if (!text_copy(address.sun_path, sizeof(address.sun_path), client->unix_path) ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        tool_fail("Could not connect to %s : %s", client->unix_path, strerror(errno));
    return fd;
}

static int open_udp(const struct client *client, const struct sockaddr_in *source)
{
    int fd = tool_socket(SOCK_DGRAM, source);

    if (tool_connect(fd, client->port) < 0)
        tool_fail("Could not connect : %s", strerror(errno));
    return fd;
}

static void open_sockets(struct client *client)
{
    if (client->unix_path) {
        client->fd = open_unix(client, !client->unbound, client->paths[0], "client");
        client->probe_fd = open_unix(client, true, client->paths[1], "probe");
    } else {
        client->fd = open_udp(client, client->source);
        client->probe_fd = open_udp(client, NULL);
    }
}

/* ---- Exchanges ---- */

static size_t make_request(uint8_t *request, uint16_t command, uint32_t sequence, size_t length)
{
    struct writer w = writer_make(request, length);

    writer_u8(&w, 6); /* version */
    writer_u8(&w, 1); /* request */
    writer_u16(&w, 0);
    writer_u16(&w, command);
    writer_u16(&w, 0); /* attempt */
    writer_u32(&w, sequence);
    writer_zeros(&w, length - w.pos);
    return length;
}

static bool is_probe_reply(const struct client *client, const uint8_t *reply, size_t length)
{
    struct reader r = reader_make(reply, length);

    reader_skip(&r, SEQUENCE_BACK);
    return reader_u32(&r) == client->probes && !r.failed;
}

/* The daemon has read everything that was sent before. Repeated, because the datagram before may
   have been one too much for the daemon's socket. */
static void probe(struct client *client)
{
    uint8_t request[PROBE_LENGTH], reply[DATAGRAM_SIZE];
    double start = tool_seconds();

    make_request(request, PROBE_COMMAND, ++client->probes, sizeof(request));
    while (tool_seconds() - start < PROBE_TIMEOUT) {
        if (send(client->probe_fd, request, sizeof(request), 0) < 0)
            daemon_failed(client, "the daemon's socket is closed");
        while (tool_wait_readable(client->probe_fd, PROBE_INTERVAL)) {
            ssize_t n = recv(client->probe_fd, reply, sizeof(reply), 0);
            if (n > 0 && is_probe_reply(client, reply, (size_t)n))
                return;
        }
    }
    daemon_failed(client, "the daemon does not answer any more");
}

/* The length of the reply, 0: none. */
static size_t exchange(struct client *client, const uint8_t *request, size_t length,
                       uint8_t reply[DATAGRAM_SIZE])
{
    size_t reply_length = 0;

    if (send(client->fd, request, length, 0) < 0)
        daemon_failed(client, "the daemon's socket is closed");
    probe(client);
    while (tool_wait_readable(client->fd, 0.0)) {
        ssize_t n = recv(client->fd, reply, DATAGRAM_SIZE, 0);
        if (n <= 0)
            break;
        if (reply_length > 0)
            daemon_failed(client, "two replies to one request");
        if ((size_t)n > length)
            daemon_failed(client, "a reply is longer than its request");
        reply_length = (size_t)n;
    }
    return reply_length;
}

static void send_hex(struct client *client, char **arguments)
{
    uint8_t request[DATAGRAM_SIZE], reply[DATAGRAM_SIZE];

    for (; *arguments; arguments++) {
        size_t n = exchange(client, request, tool_hex(*arguments, request, sizeof(request)), reply);
        if (n > 0)
            tool_print_hex(reply, n);
        else
            printf("none");
        putchar('\n');
    }
}

/* Status of a reply, -1 if it is not one to this request. */
static int status_of(const uint8_t *request, const uint8_t *reply, size_t length)
{
    struct reader r = reader_make(reply, length);

    if (length < HEADER_LENGTH || reply[0] != 6 || reply[1] != 2 ||
        memcmp(reply + 4, request + 4, 2) != 0 ||
        memcmp(reply + SEQUENCE_BACK, request + SEQUENCE, 4) != 0)
        return -1;
    reader_skip(&r, 8);
    return reader_u16(&r);
}

static void lengths(struct client *client, uint16_t command)
{
    uint8_t request[DATAGRAM_SIZE] = {0}, reply[DATAGRAM_SIZE];
    int last = -2;

    make_request(request, command, 0x12345678, MAX_LENGTH);
    /* A line for each length from which on the status is another one; -1: no reply. */
    for (size_t length = 0; length <= MAX_LENGTH; length++) {
        size_t n = exchange(client, request, length, reply);
        int status = status_of(request, reply, n);
        if (n > 0 && status < 0)
            daemon_failed(client, "a reply to another request");
        if (status != last)
            printf("%zu status %d\n", length, status);
        last = status;
    }
}

static uint64_t next_random(struct client *client)
{
    /* xorshift64*; the seed is an argument, so that a run can be repeated. */
    client->random ^= client->random >> 12;
    client->random ^= client->random << 25;
    client->random ^= client->random >> 27;
    return client->random * 0x2545f4914f6cdd1du;
}

static void random_requests(struct client *client, long number)
{
    uint8_t request[DATAGRAM_SIZE], reply[DATAGRAM_SIZE];
    long answered = 0;

    for (long i = 0; i < number; i++) {
        size_t length = next_random(client) % 900;
        uint16_t command = (uint16_t)(next_random(client) % (CHRONY_CODES + OWN_CODES));

        if (command >= CHRONY_CODES)
            command = (uint16_t)(CMD_FIRST_OWN + command - CHRONY_CODES);
        for (size_t k = 0; k < sizeof(request); k++)
            request[k] = (uint8_t)next_random(client);
        if (command == CMD_SHUTDOWN)
            continue;
        if (i % 8 != 0)
            make_request(request, command, (uint32_t)i, 12);
        else if (request[4] == 0 && request[5] == CMD_SHUTDOWN)
            continue;
        answered += exchange(client, request, length, reply) > 0;
    }
    printf("answered %ld of %ld\n", answered, number);
}

/* The replies fill the client's buffer and are lost; the daemon must not wait for the client. Over
   the Unix socket they also use up the daemon's own buffer, until the client's socket is closed. */
static void flood(struct client *client, long number)
{
    uint8_t request[PROBE_LENGTH];
    double progress = tool_seconds();

    for (long i = 0; i < number;) {
        make_request(request, PROBE_COMMAND, (uint32_t)i, sizeof(request));
        if (send(client->fd, request, sizeof(request), MSG_DONTWAIT) >= 0) {
            i++;
            progress = tool_seconds();
        } else if ((errno != EAGAIN && errno != ENOBUFS) ||
                   tool_seconds() - progress > PROBE_TIMEOUT) {
            daemon_failed(client, "the daemon does not read any more");
        }
    }
    close(client->fd);
    probe(client);
}

/* ---- Recorded requests ---- */

static const char *first_text(json_t *record, const char *name)
{
    return json_string_value(json_array_get(json_object_get(record, name), 0));
}

static void replay_record(struct client *client, json_t *record)
{
    uint8_t request[DATAGRAM_SIZE], reply[DATAGRAM_SIZE], expected[DATAGRAM_SIZE];
    const char *note = json_string_value(json_object_get(record, "note"));
    const char *reply_hex = first_text(record, "reply_hex");
    size_t length = tool_hex(first_text(record, "request_hex"), request, sizeof(request));
    size_t expected_length = reply_hex ? tool_hex(reply_hex, expected, sizeof(expected)) : 0;
    size_t n = exchange(client, request, length, reply);

    if (n == expected_length && (n == 0 || memcmp(reply, expected, HEADER_LENGTH) == 0))
        return;
    printf("%s: ", note);
    if (n == 0)
        puts("no reply");
    else
        printf("%zu octets, status %d\n", n, status_of(request, reply, n));
}

/* Those of another source, of an unbound socket and for the end of the daemon are the test's. */
static void replay(struct client *client, const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error), *record;
    const char *transport = client->unix_path ? "unix" : "udp";
    size_t i;
    long count = 0;

    if (!root)
        tool_fail("Could not read %s : %s", path, error.text);
    json_array_foreach(json_object_get(root, "records"), i, record)
    {
        const char *note = json_string_value(json_object_get(record, "note"));
        const char *of = json_string_value(json_object_get(record, "transport"));
        if (!note || !of || strcmp(of, transport) != 0 || !first_text(record, "request_hex") ||
            strstr(note, "unbound") || strstr(note, "not in cmdallow") ||
            strcmp(note, "shutdown") == 0)
            continue;
        replay_record(client, record);
        count++;
    }
    printf("requests %ld\n", count);
    json_decref(root);
}

/* ---- Arguments ---- */

static void run_mode(struct client *client, const char *mode, int count, char **arguments)
{
    if (strcmp(mode, "send") == 0) {
        send_hex(client, arguments);
    } else if (strcmp(mode, "replay") == 0 && count == 1) {
        replay(client, arguments[0]);
    } else if (strcmp(mode, "lengths") == 0 && count == 1) {
        lengths(client, (uint16_t)tool_number(arguments[0], 0, UINT16_MAX));
    } else if (strcmp(mode, "random") == 0 && count == 2) {
        client->random = (uint64_t)tool_number(arguments[1], 1, INT32_MAX);
        random_requests(client, tool_number(arguments[0], 1, INT32_MAX));
    } else if (strcmp(mode, "flood") == 0 && count == 1) {
        flood(client, tool_number(arguments[0], 1, INT32_MAX));
    } else {
        tool_fail("Unknown mode : %s", mode);
    }
}

int main(int argc, char **argv)
{
    struct client client = {.directory = "/tmp"};
    struct sockaddr_in source;
    int option;

    while ((option = getopt(argc, argv, "p:s:u:d:n")) != -1) {
        switch (option) {
        case 'p':
            client.port = (int)tool_number(optarg, 1, 65535);
            break;
        case 's':
            source = tool_address(optarg, 0);
            client.source = &source;
            break;
        case 'u':
            client.unix_path = optarg;
            break;
        case 'd':
            client.directory = optarg;
            break;
        case 'n':
            client.unbound = true;
            break;
        default:
            tool_fail("See the head of control_client.c");
        }
    }
    if ((client.port == 0 && !client.unix_path) || optind >= argc)
        tool_fail("See the head of control_client.c");
    open_sockets(&client);
    run_mode(&client, argv[optind], argc - optind - 1, argv + optind + 1);
    unlink(client.paths[0]);
    unlink(client.paths[1]);
    return 0;
}

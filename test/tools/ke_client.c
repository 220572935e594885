/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE client for load and abuse, always of 127.0.0.1:
 *
 *   ke_client [OPTION]... run            key establishments, and how long they took
 *   ke_client [OPTION]... request HEX    one session with these octets as the message
 *   ke_client [OPTION]... plain HEX      octets over TCP without TLS; none: an idle connection
 *   ke_client [OPTION]... hold [tls]     connections that do nothing, side by side
 *   ke_client [OPTION]... flood KIND     connections one after another: close, reset, garbage
 *   ke_client [OPTION]... session        one key establishment; keys and cookies for ntp_client
 *
 * Options: -p PORT, -n NUMBER (of connections), -j JOBS (processes side by side), -s ADDRESS
 * (source), -S NUMBER (of source addresses, from that one on), -a NAME,... (ALPN), -P PRIORITY
 * (GnuTLS), -d MS (sends octet by octet with that delay), -t SECONDS (limit of each wait), -c FILE
 * (trusted certificates; without it they are not checked).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/text.h"
#include "nts/ke_record.h"
#include "nts/ke_request.h"
#include "nts/ke_response.h"
#include "test/tools/ke_tls.h"
#include "test/tools/tool.h"

#define MAX_CONNECTIONS 100000
#define MAX_HELD        1000
#define MAX_JOBS        32
#define INPUT_SIZE      32768 /* of a response, more than allowed */

struct options {
    struct ke_tls_options tls;
    int count;
    int jobs;
    struct sockaddr_in source;
    uint32_t sources; /* number of addresses; 0: any */
};

static const struct nts_aeads default_aeads = {.ids = {AEAD_AES_SIV_CMAC_256}, .count = 1};

/* The source address of the n-th connection, for the options of its session. */
static struct sockaddr_in source_of(const struct options *options, int n)
{
    struct sockaddr_in source = options->source;

    if (options->sources > 1)
        source.sin_addr.s_addr =
            htonl(ntohl(source.sin_addr.s_addr) + (uint32_t)n % options->sources);
    return source;
}

/* ---- Key establishments ---- */

/* A complete session; false if any of it fails. context may be NULL. */
static bool establish(const struct ke_tls_options *options,
                      gnutls_certificate_credentials_t credentials, struct ke_response *response,
                      struct nts_context *context)
{
    uint8_t request[64], input[INPUT_SIZE];
    struct writer w = writer_make(request, sizeof(request));
    struct ke_tls *tls = ke_tls_connect(options, credentials);
    size_t length;

    bool ok = tls && !ke_tls_handshake(tls) && ke_request_build(&default_aeads, &w) &&
              ke_tls_send(tls, request, w.pos) &&
              ke_tls_read_all(tls, input, sizeof(input), &length) == KE_TLS_CLOSED &&
              ke_response_process(input, length, &default_aeads, response) &&
              response->cookie_count == NTS_MAX_COOKIES;
    for (int s2c = 0; ok && context && s2c < 2; s2c++) {
        struct secret *key = s2c ? &context->s2c : &context->c2s;
        uint8_t exporter[KE_EXPORTER_CONTEXT_LENGTH];

        context->aead = response->aead;
        key->length = aead_key_length(response->aead);
        ke_exporter_context(response->aead, true, s2c, exporter);
        ok = gnutls_prf_rfc5705(ke_tls_session(tls), strlen(KE_EXPORTER_LABEL), KE_EXPORTER_LABEL,
                                sizeof(exporter), (const char *)exporter, key->length,
                                (char *)key->data) >= 0;
    }
    ke_tls_free(tls, true);
    return ok;
}

struct run_result {
    int complete;
    int failed;
    float times[]; /* of the complete ones, seconds */
};

static void run_share(const struct options *options, int share, struct run_result *result)
{
    gnutls_certificate_credentials_t credentials = ke_tls_credentials(&options->tls);
    struct ke_response response;

    for (int i = 0; i < share; i++) {
        struct ke_tls_options tls = options->tls;
        struct sockaddr_in source = source_of(options, i);
        double start = tool_seconds();

        if (options->sources > 0)
            tls.source = &source;
        if (establish(&tls, credentials, &response, NULL))
            result->times[result->complete++] = (float)(tool_seconds() - start);
        else
            result->failed++;
    }
    gnutls_certificate_free_credentials(credentials);
}

static bool transfer(int fd, void *data, size_t length, bool out)
{
    for (size_t done = 0; done < length;) {
        uint8_t *p = (uint8_t *)data + done;
        ssize_t n = out ? write(fd, p, length - done) : read(fd, p, length - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static int run(const struct options *options)
{
    int share = options->count / options->jobs, pipes[MAX_JOBS], total = share * options->jobs;
    size_t size = sizeof(struct run_result) + (size_t)share * sizeof(float);
    struct run_result *result = mem_alloc(size);
    float *times = mem_array((size_t)total, sizeof(*times));
    double start = tool_seconds();
    int complete = 0, failed = 0;

    for (int i = 0; i < options->jobs; i++) {
        int ends[2];
        if (pipe(ends) < 0)
            tool_fail("Could not open pipe : %s", strerror(errno));
        pid_t pid = fork();
        if (pid < 0)
            tool_fail("Could not fork : %s", strerror(errno));
        if (pid == 0) {
            run_share(options, share, result);
            _exit(transfer(ends[1], result, size, true) ? 0 : 1);
        }
        close(ends[1]);
        pipes[i] = ends[0];
    }
    for (int i = 0; i < options->jobs; i++) {
        if (!transfer(pipes[i], result, size, false))
            tool_fail("A process has ended early");
        close(pipes[i]);
        memcpy(times + complete, result->times, (size_t)result->complete * sizeof(*times));
        complete += result->complete;
        failed += result->failed;
    }
    double elapsed = tool_seconds() - start;
    while (wait(NULL) > 0)
        continue;
    qsort(times, (size_t)complete, sizeof(*times), compare_floats);
    printf("complete %d failed %d seconds %.3f median_ms %.2f max_ms %.2f\n", complete, failed,
           elapsed, complete > 0 ? (double)times[complete / 2] * 1e3 : 0.0,
           complete > 0 ? (double)times[complete - 1] * 1e3 : 0.0);
    free(times);
    free(result);
    return 0;
}

static void print_secret(const char *name, const struct secret *secret)
{
    printf("%s ", name);
    tool_print_hex(secret->data, secret->length);
    putchar('\n');
}

static int session(const struct options *options)
{
    struct ke_response response;
    struct nts_context context = {.aead = 0};
    gnutls_certificate_credentials_t credentials = ke_tls_credentials(&options->tls);

    if (!establish(&options->tls, credentials, &response, &context))
        tool_fail("No key establishment");
    gnutls_certificate_free_credentials(credentials);
    printf("aead %d\n", context.aead);
    print_secret("c2s", &context.c2s);
    print_secret("s2c", &context.s2c);
    for (int i = 0; i < response.cookie_count; i++) {
        printf("cookie ");
        tool_print_hex(response.cookies[i].data, response.cookies[i].length);
        putchar('\n');
    }
    nts_context_wipe(&context);
    return 0;
}

/* ---- One session, judged by the test ---- */

/* Records in one line: type, "!" if critical, body; of a cookie its length only. */
static void print_records(const uint8_t *data, size_t length)
{
    struct reader r = reader_make(data, length);

    printf("response");
    while (reader_left(&r) > 0 && !r.failed) {
        unsigned int type = reader_u16(&r);
        size_t body_length = reader_u16(&r);
        const uint8_t *body = reader_view(&r, body_length);

        if (!body)
            break;
        printf(" %u%s", type & 0x7fff, (type & 0x8000) != 0 ? "!" : "");
        if ((type & 0x7fff) == KE_RECORD_COOKIE) {
            printf(":[%zu]", body_length);
        } else if (body_length > 0) {
            putchar(':');
            tool_print_hex(body, body_length);
        }
    }
    printf("%s\n", r.failed ? " incomplete" : length == 0 ? " none" : "");
}

static void print_end(enum ke_tls_end end, double start)
{
    if (end == KE_TLS_OPEN)
        puts("open");
    else
        printf("closed %.1f\n", tool_seconds() - start);
}

static int request(const struct options *options, const char *hex)
{
    gnutls_certificate_credentials_t credentials = ke_tls_credentials(&options->tls);
    uint8_t message[INPUT_SIZE], input[INPUT_SIZE];
    size_t length = tool_hex(hex, message, sizeof(message)), input_length = 0;
    double start = tool_seconds();
    struct ke_tls *tls = ke_tls_connect(&options->tls, credentials);
    enum ke_tls_end end = KE_TLS_CLOSED;

    if (!tls)
        tool_fail("Could not connect : %s", strerror(errno));
    const char *error = ke_tls_handshake(tls);
    if (error) {
        printf("handshake failed : %s\n", error);
    } else {
        /* That the server has closed already is found when reading. */
        if (length > 0)
            ke_tls_send(tls, message, length);
        end = ke_tls_read_all(tls, input, sizeof(input), &input_length);
        print_records(input, input_length);
    }
    print_end(end, start);
    ke_tls_free(tls, false);
    gnutls_certificate_free_credentials(credentials);
    return 0;
}

static bool wait_closed(int fd, double timeout)
{
    uint8_t buffer[1024];

    while (tool_wait_readable(fd, timeout))
        if (recv(fd, buffer, sizeof(buffer), 0) <= 0)
            return true;
    return false;
}

static int plain(const struct options *options, const char *hex)
{
    uint8_t data[INPUT_SIZE];
    size_t length = tool_hex(hex, data, sizeof(data));
    double start = tool_seconds();
    int fd = tool_socket(SOCK_STREAM, options->tls.source);

    if (tool_connect(fd, options->tls.port) < 0)
        tool_fail("Could not connect : %s", strerror(errno));
    if (length > 0)
        send(fd, data, length, MSG_NOSIGNAL);
    print_end(wait_closed(fd, options->tls.timeout) ? KE_TLS_CLOSED : KE_TLS_OPEN, start);
    close(fd);
    return 0;
}

/* ---- Many connections ---- */

/* Until the server has closed all: how many it closed at once (within half a second) and later. */
static void watch_held(struct pollfd *held, int count, double start, double timeout)
{
    int at_once = 0, later = 0;
    double last = 0.0;

    while (at_once + later < count && tool_seconds() - start < timeout) {
        if (poll(held, (nfds_t)count, 50) <= 0)
            continue;
        for (int i = 0; i < count; i++) {
            uint8_t buffer[1024];
            if (held[i].fd < 0 || held[i].revents == 0 ||
                recv(held[i].fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
                continue;
            last = tool_seconds() - start;
            *(last < 0.5 ? &at_once : &later) += 1;
            close(held[i].fd);
            held[i].fd = -1;
        }
    }
    printf("closed at once %d later %d last %.1f\n", at_once, later, last);
}

static int hold(const struct options *options, const char *what)
{
    bool tls = what && strcmp(what, "tls") == 0;
    gnutls_certificate_credentials_t credentials = ke_tls_credentials(&options->tls);
    struct pollfd held[MAX_HELD];
    struct ke_tls_options tls_options = options->tls;
    double start = tool_seconds();

    if (options->count > MAX_HELD)
        tool_fail("Too many connections");
    for (int i = 0; i < options->count; i++) {
        struct sockaddr_in source = source_of(options, i);
        const struct sockaddr_in *bound = options->sources > 0 ? &source : NULL;

        held[i] = (struct pollfd){.events = POLLIN};
        tls_options.source = bound;
        if (tls) {
            struct ke_tls *connection = ke_tls_connect(&tls_options, credentials);
            if (!connection)
                tool_fail("Could not connect : %s", strerror(errno));
            ke_tls_handshake(connection);
            held[i].fd = dup(ke_tls_fd(connection));
            ke_tls_free(connection, false);
        } else {
            held[i].fd = tool_socket(SOCK_STREAM, bound);
            if (tool_connect(held[i].fd, options->tls.port) < 0)
                tool_fail("Could not connect : %s", strerror(errno));
        }
    }
    puts("connected");
    fflush(stdout);
    watch_held(held, options->count, start, options->tls.timeout);
    gnutls_certificate_free_credentials(credentials);
    return 0;
}

/* Connections that nobody waits for would fill the queue of the listening socket, and the kernel
   let the next one wait for a second: of so many, one waits for the server. */
#define SYNC_INTERVAL 32

static int flood(const struct options *options, const char *kind)
{
    static const uint8_t garbage[] = "GET / HTTP/1.0\r\n\r\n";
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    bool with_reset = kind && strcmp(kind, "reset") == 0;
    bool with_garbage = kind && strcmp(kind, "garbage") == 0;
    int refused = 0, open = 0;
    double start = tool_seconds();

    if (!with_reset && !with_garbage && (!kind || strcmp(kind, "close") != 0))
        tool_fail("Unknown kind of flood");
    for (int i = 0; i < options->count; i++) {
        struct sockaddr_in source = source_of(options, i);
        int fd = tool_socket(SOCK_STREAM, options->sources > 0 ? &source : NULL);

        if (tool_connect(fd, options->tls.port) < 0) {
            refused++;
        } else if (with_garbage || i % SYNC_INTERVAL == SYNC_INTERVAL - 1) {
            send(fd, garbage, sizeof(garbage) - 1, MSG_NOSIGNAL);
            open += !wait_closed(fd, options->tls.timeout);
        } else if (with_reset) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        }
        close(fd);
    }
    printf("connections %d refused %d open %d seconds %.1f\n", options->count - refused, refused,
           open, tool_seconds() - start);
    return 0;
}

/* ---- Arguments ---- */

static void take_option(struct options *options, int option, const char *value)
{
    switch (option) {
    case 'p':
        options->tls.port = (int)tool_number(value, 1, 65535);
        break;
    case 'n':
        options->count = (int)tool_number(value, 1, MAX_CONNECTIONS);
        break;
    case 'j':
        options->jobs = (int)tool_number(value, 1, MAX_JOBS);
        break;
    case 's':
        options->source = tool_address(value, 0);
        options->tls.source = &options->source;
        if (options->sources == 0)
            options->sources = 1;
        break;
    case 'S':
        options->sources = (uint32_t)tool_number(value, 1, 1 << 20);
        break;
    case 'a':
        options->tls.alpn = value;
        break;
    case 'P':
        options->tls.priority = value;
        break;
    case 'd':
        options->tls.octet_delay = (double)tool_number(value, 0, 10000) / 1e3;
        break;
    case 't':
        options->tls.timeout = (double)tool_number(value, 1, 600);
        break;
    case 'c':
        options->tls.trusted = value;
        break;
    default:
        tool_fail("See the head of ke_client.c");
    }
}

int main(int argc, char **argv)
{
    struct options options = {
        .tls = {.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3", .alpn = "ntske/1", .timeout = 10.0},
        .count = 1,
        .jobs = 1,
    };
    int option;

    while ((option = getopt(argc, argv, "p:n:j:s:S:a:P:d:t:c:")) != -1)
        take_option(&options, option, optarg);
    const char *mode = optind < argc ? argv[optind] : "";
    const char *argument = optind + 1 < argc ? argv[optind + 1] : NULL;
    if (options.tls.port == 0)
        tool_fail("The port is missing");
    if (strcmp(mode, "run") == 0)
        return run(&options);
    if (strcmp(mode, "session") == 0)
        return session(&options);
    if (strcmp(mode, "request") == 0)
        return request(&options, argument);
    if (strcmp(mode, "plain") == 0)
        return plain(&options, argument ? argument : "");
    if (strcmp(mode, "hold") == 0)
        return hold(&options, argument);
    if (strcmp(mode, "flood") == 0)
        return flood(&options, argument);
    tool_fail("Unknown mode : %s", mode);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crowd of NTS-KE clients that want to take up room, always at 127.0.0.1:
 *
 *   crowd_client -p PORT [OPTION]... idle | octet | hello
 *
 * New connections at a steady rate, each of which sends nothing (idle), one octet (octet) or a
 * whole ClientHello (hello) and then stays until the server closes it. Options: -r RATE (a second),
 * -t SECONDS (how long), -s ADDRESS (source), -S NUMBER (of source addresses, from that one on).
 *
 * Prints: connected N refused N closed N open N seconds S
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/text.h"
#include "test/tools/ke_tls.h"
#include "test/tools/tool.h"

#define MAX_RATE 100000
#define EVENTS   256
#define TICK_MS  1
#define HELLO    2048
#define SPARE    16 /* descriptors for other things */

struct crowd {
    int port;
    double rate, seconds;
    struct sockaddr_in source;
    uint32_t sources;
    uint8_t data[HELLO];
    size_t length;
    int epoll;
    bool *connected; /* by descriptor */
    int descriptors;
    int open;
    long started, connects, refused, closed;
};

static ssize_t collect(gnutls_transport_ptr_t ptr, const void *data, size_t length)
{
    struct crowd *c = ptr;

    if (length > sizeof(c->data) - c->length)
        tool_fail("The ClientHello is too long");
    memcpy(c->data + c->length, data, length);
    c->length += length;
    return (ssize_t)length;
}

static ssize_t nothing(gnutls_transport_ptr_t ptr, void *data, size_t size)
{
    errno = EAGAIN;
    return -1;
}

/* The octets with which a handshake begins. */
static void make_hello(struct crowd *c)
{
    const struct ke_tls_options options = {.timeout = 1.0};
    const gnutls_datum_t alpn = {(unsigned char *)"ntske/1", 7};
    gnutls_certificate_credentials_t credentials = ke_tls_credentials(&options);
    gnutls_session_t session;

    if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS) < 0 ||
        gnutls_priority_set_direct(session, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL) < 0 ||
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) < 0)
        tool_fail("Could not create TLS session");
    gnutls_alpn_set_protocols(session, &alpn, 1, 0);
    gnutls_transport_set_ptr(session, c);
    gnutls_transport_set_push_function(session, collect);
    gnutls_transport_set_pull_function(session, nothing);
    gnutls_handshake(session);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
}

static void set_descriptors(struct crowd *c)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    c->descriptors = limit.rlim_cur < (1 << 20) ? (int)limit.rlim_cur : 1 << 20;
    c->connected = mem_array((size_t)c->descriptors, sizeof(*c->connected));
}

static void start_connection(struct crowd *c)
{
    const struct sockaddr_in server = tool_address("127.0.0.1", c->port);
    struct sockaddr_in source = c->source;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP};

    source.sin_addr.s_addr =
        htonl(ntohl(source.sin_addr.s_addr) + (uint32_t)(c->started % (long)c->sources));
    c->started++;
    if (c->open >= c->descriptors - SPARE) {
        c->refused++;
        return;
    }
    int fd = tool_socket(SOCK_STREAM, &source);
    if (fd >= c->descriptors || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        tool_fail("Too many connections");
    if (connect(fd, (const struct sockaddr *)&server, sizeof(server)) < 0 && errno != EINPROGRESS) {
        c->refused++;
        close(fd);
        return;
    }
    c->connected[fd] = false;
    c->open++;
    event.data.fd = fd;
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        tool_fail("Could not watch a connection : %s", strerror(errno));
}

static void end_connection(struct crowd *c, int fd)
{
    if (c->connected[fd])
        c->closed++;
    else
        c->refused++;
    c->open--;
    close(fd);
}

static void take_event(struct crowd *c, const struct epoll_event *event)
{
    struct epoll_event reading = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = event->data.fd};
    int fd = event->data.fd;
    uint8_t buffer[4096];

    if (!c->connected[fd] && (event->events & EPOLLOUT) != 0 &&
        (event->events & (EPOLLERR | EPOLLHUP)) == 0) {
        c->connected[fd] = true;
        c->connects++;
        if (c->length > 0)
            send(fd, c->data, c->length, MSG_NOSIGNAL);
        epoll_ctl(c->epoll, EPOLL_CTL_MOD, fd, &reading);
    }
    if ((event->events & (EPOLLERR | EPOLLHUP)) != 0)
        end_connection(c, fd);
    else if ((event->events & (EPOLLIN | EPOLLRDHUP)) != 0 &&
             recv(fd, buffer, sizeof(buffer), 0) <= 0)
        end_connection(c, fd);
}

static void run(struct crowd *c)
{
    struct epoll_event events[EVENTS];
    double start = tool_seconds(), now = start;

    while ((now = tool_seconds()) - start < c->seconds) {
        long due = (long)((now - start) * c->rate) + 1;

        for (int i = 0; c->started < due && i < EVENTS; i++)
            start_connection(c);
        int n = epoll_wait(c->epoll, events, EVENTS, c->started < due ? 0 : TICK_MS);
        for (int i = 0; i < n; i++)
            take_event(c, &events[i]);
    }
    printf("connected %ld refused %ld closed %ld open %ld seconds %.1f\n", c->connects, c->refused,
           c->closed, c->connects - c->closed, now - start);
}

int main(int argc, char **argv)
{
    struct crowd c = {.rate = 100.0,
                      .seconds = 5.0,
                      .source = tool_address("127.0.1.1", 0),
                      .sources = 64,
                      .epoll = epoll_create1(0)};
    int option;

    while ((option = getopt(argc, argv, "p:r:t:s:S:")) != -1) {
        switch (option) {
        case 'p':
            c.port = (int)tool_number(optarg, 1, 65535);
            break;
        case 'r':
            c.rate = (double)tool_number(optarg, 1, MAX_RATE);
            break;
        case 't':
            c.seconds = (double)tool_number(optarg, 1, 600);
            break;
        case 's':
            c.source = tool_address(optarg, 0);
            break;
        case 'S':
            c.sources = (uint32_t)tool_number(optarg, 1, 1 << 20);
            break;
        default:
            tool_fail("See the head of crowd_client.c");
        }
    }
    const char *kind = optind < argc ? argv[optind] : "";
    if (c.port == 0)
        tool_fail("The port is missing");
    if (strcmp(kind, "octet") == 0)
        c.data[c.length++] = 0x16;
    else if (strcmp(kind, "hello") == 0)
        make_hello(&c);
    else if (strcmp(kind, "idle") != 0)
        tool_fail("Unknown kind : %s", kind);
    set_descriptors(&c);
    run(&c);
    free(c.connected);
    return 0;
}

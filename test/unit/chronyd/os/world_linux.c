/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux world on the loopback interface: datagrams with packet info and kernel timestamps,
 * streams, Unix sockets, waiting with signals, name resolution, random octets, files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/log.h"
#include "base/nic.h"
#include "base/text.h"
#include "chronyd/os/world_linux.h"
#include "config.h"
#include "process/signals.h"

#define LIMIT 10.0 /* seconds that nothing here takes */

struct fixture {
    struct world *world;
    char directory[64];
};

static int set_up(void **state)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};
    struct fixture *f = calloc(1, sizeof(*f));

    strcpy(f->directory, "/tmp/test_world_linux.XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    f->world = world_linux_new(&options);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    world_linux_free(f->world);
    rmdir(f->directory);
    free(f);
    return 0;
}

/* Some port that is free now. */
static uint16_t free_port(int type)
{
    struct sockaddr_storage sa;
    socklen_t length = sizeof(sa);
    struct ip_port any = {ip_addr_loopback(IP_V4), 0};
    int fd = socket(AF_INET, type, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, ip_port_to_sockaddr(&any, &sa)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &length), 0);
    close(fd);
    assert_true(ip_port_from_sockaddr(&sa, length, &any));
    return any.port;
}

static unsigned int wait_for(const struct world *w, int fd, unsigned int events)
{
    struct world_fd set = {.fd = fd, .events = events};
    int ready = w->ops->wait(w->ctx, &set, 1, LIMIT);

    assert_int_equal(ready, 1);
    return set.revents;
}

static struct world_datagram to_receive(uint8_t *buf)
{
    return (struct world_datagram){.data = buf, .size = WORLD_DATAGRAM_SIZE};
}

/* A server socket with all that NTP asks for, and a connected client. */
static void open_udp_pair(const struct world *w, struct ip_addr address, int *server, int *client,
                          struct ip_port *server_address)
{
    *server_address = (struct ip_port){address, free_port(SOCK_DGRAM)};
    const struct world_socket server_spec = {.type = WORLD_UDP,
                                             .family = address.family,
                                             .local = server_address,
                                             .packet_info = true,
                                             .broadcast = true,
                                             .dscp = 46,
                                             .timestamps_rx = true};
    const struct world_socket client_spec = {.type = WORLD_UDP,
                                             .family = address.family,
                                             .remote = server_address,
                                             .packet_info = true,
                                             .timestamps_rx = true,
                                             .timestamps_tx = true};

    *server = w->ops->socket_open(w->ctx, &server_spec);
    assert_true(*server >= 0);
    *client = w->ops->socket_open(w->ctx, &client_spec);
    assert_true(*client >= 0);
    assert_true(fcntl(*server, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(*server, F_GETFD) & FD_CLOEXEC);
}

static void exchange(const struct world *w, struct ip_addr address)
{
    uint8_t buf[WORLD_DATAGRAM_SIZE];
    struct ip_port server_address;
    int server, client;

    open_udp_pair(w, address, &server, &client, &server_address);
    struct world_datagram request = {.data = (uint8_t *)"request", .length = 7, .if_index = -1};
    assert_int_equal(w->ops->send(w->ctx, client, &request, 1), 1);

    assert_int_equal(wait_for(w, server, WORLD_READ), WORLD_READ);
    struct world_datagram received = to_receive(buf);
    struct raw_time now = world_raw_now(w);
    assert_int_equal(w->ops->receive(w->ctx, server, &received, 1, false), 1);
    assert_int_equal(received.length, 7);
    assert_memory_equal(buf, "request", 7);
    assert_true(ip_addr_equal(&received.local, &address));
    assert_true(ip_addr_equal(&received.remote.addr, &address));
    assert_true(received.if_index > 0);
    /* The very first packet may come before the kernel has switched time stamping on. */
    if (!raw_is_zero(received.kernel_time))
        assert_true(raw_diff(now, received.kernel_time) > -1.0 &&
                    raw_diff(now, received.kernel_time) < LIMIT);

    struct world_datagram reply = {.data = (uint8_t *)"reply",
                                   .length = 5,
                                   .remote = received.remote,
                                   .local = received.local,
                                   .if_index = received.if_index,
                                   .want_tx_timestamp = true};
    assert_int_equal(w->ops->send(w->ctx, server, &reply, 1), 1);
    assert_true(wait_for(w, client, WORLD_READ) & WORLD_READ);
    received = to_receive(buf);
    assert_int_equal(w->ops->receive(w->ctx, client, &received, 1, false), 1);
    assert_memory_equal(buf, "reply", 5);
    assert_true(ip_port_equal(&received.remote, &server_address));

#ifdef HAVE_LINUX_TIMESTAMPING
    /* Transmit timestamps: of the client's every packet, and of the one reply that asked. */
    assert_true(wait_for(w, client, WORLD_EXCEPT) & WORLD_EXCEPT);
    received = to_receive(buf);
    assert_int_equal(w->ops->receive(w->ctx, client, &received, 1, true), 1);
    assert_int_equal(received.length, 7);
    assert_memory_equal(buf, "request", 7);
    assert_true(ip_port_equal(&received.remote, &server_address));
    assert_false(raw_is_zero(received.kernel_time));

    assert_true(wait_for(w, server, WORLD_EXCEPT) & WORLD_EXCEPT);
    received = to_receive(buf);
    assert_int_equal(w->ops->receive(w->ctx, server, &received, 1, true), 1);
    assert_memory_equal(buf, "reply", 5);
    assert_true(ip_port_equal(&received.remote, &reply.remote));

#endif

    /* Nothing is left: an error queue that is read in vain is no event for ever. */
    assert_int_equal(w->ops->receive(w->ctx, server, &received, 1, true), 0);
    w->ops->socket_close(w->ctx, server);
    w->ops->socket_close(w->ctx, client);
}

static void udp_exchange_over_ipv4(void **state)
{
    struct fixture *f = *state;

    exchange(f->world, ip_addr_loopback(IP_V4));
}

static void udp_exchange_over_ipv6(void **state)
{
    struct fixture *f = *state;
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    struct ip_port local = {ip_addr_loopback(IP_V6), 0};
    struct sockaddr_storage sa;

    bool available =
        fd >= 0 && bind(fd, (struct sockaddr *)&sa, ip_port_to_sockaddr(&local, &sa)) == 0;
    if (fd >= 0)
        close(fd);
    if (!available)
        skip();
    exchange(f->world, ip_addr_loopback(IP_V6));
}

/* Each packet is found by its ID, also while there is room for one only. */
static void transmit_timestamps_by_id(void **state)
{
    struct fixture *f = *state;

    if (!f->world->ops->nics || !f->world->ops->nics->keep_sent(f->world->ctx, 1))
        skip();
    exchange(f->world, ip_addr_loopback(IP_V4));
}

/* Names that are no interface with hardware timestamps, and the list of those that there are. */
static void interfaces_without_hardware_timestamps(void **state)
{
    struct fixture *f = *state;
    const struct nic_ops *nics = f->world->ops->nics;
    bool has_loopback = false;
    struct nic nic;
    int speed;

    if (!nics)
        skip();
    assert_false(nics->enable(f->world->ctx, "lo", NIC_FILTER_AUTO, &nic));
    assert_false(nics->enable(f->world->ctx, "nosuchdevice", NIC_FILTER_AUTO, &nic));
    assert_false(nics->enable(f->world->ctx, "longer than any name of a device", 0, &nic));
    assert_false(nics->speed(f->world->ctx, "nosuchdevice", &speed));
    char **names = nics->list(f->world->ctx);
    assert_non_null(names);
    for (int i = 0; names[i]; i++) {
        has_loopback = has_loopback || strcmp(names[i], "lo") == 0;
        free(names[i]);
    }
    free(names);
    assert_true(has_loopback);
}

static void batch_is_sent_and_received_in_order(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    static uint8_t bufs[WORLD_BATCH][WORLD_DATAGRAM_SIZE];
    struct world_datagram msgs[WORLD_BATCH];
    uint8_t data[WORLD_BATCH];
    struct ip_port address;
    int server, client;

    open_udp_pair(w, ip_addr_loopback(IP_V4), &server, &client, &address);
    for (uint8_t i = 0; i < WORLD_BATCH; i++) {
        data[i] = i;
        msgs[i] = (struct world_datagram){.data = &data[i], .length = 1, .if_index = -1};
    }
    assert_int_equal(w->ops->send(w->ctx, client, msgs, WORLD_BATCH), WORLD_BATCH);
    for (int received = 0; received < WORLD_BATCH;) {
        wait_for(w, server, WORLD_READ);
        for (int i = 0; i < WORLD_BATCH; i++)
            msgs[i] = to_receive(bufs[i]);
        int count = w->ops->receive(w->ctx, server, msgs, WORLD_BATCH, false);
        assert_true(count > 0);
        for (int i = 0; i < count; i++)
            assert_int_equal(msgs[i].data[0], received + i);
        received += count;
    }
    w->ops->socket_close(w->ctx, server);
    w->ops->socket_close(w->ctx, client);
}

static void truncated_datagram_is_dropped_alone(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    uint8_t bufs[2][4];
    struct ip_port address;
    int server, client, count = 0;

    open_udp_pair(w, ip_addr_loopback(IP_V4), &server, &client, &address);
    struct world_datagram sent[2] = {{.data = (uint8_t *)"too long", .length = 8, .if_index = -1},
                                     {.data = (uint8_t *)"fits", .length = 4, .if_index = -1}};
    assert_int_equal(w->ops->send(w->ctx, client, sent, 2), 2);
    while (count == 0) {
        struct world_datagram msgs[2] = {{.data = bufs[0], .size = 4},
                                         {.data = bufs[1], .size = 4}};
        wait_for(w, server, WORLD_READ);
        count = w->ops->receive(w->ctx, server, msgs, 2, false);
        if (count == 1) {
            assert_int_equal(msgs[0].length, 4);
            assert_memory_equal(msgs[0].data, "fits", 4);
        }
    }
    assert_int_equal(count, 1);
    w->ops->socket_close(w->ctx, server);
    w->ops->socket_close(w->ctx, client);
}

static void refused_request_does_not_report_for_ever(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    uint8_t buf[WORLD_DATAGRAM_SIZE];
    struct ip_port address = {ip_addr_loopback(IP_V4), free_port(SOCK_DGRAM)};
    const struct world_socket spec = {
        .type = WORLD_UDP, .family = IP_V4, .remote = &address, .timestamps_tx = true};
    struct world_datagram request = {.data = (uint8_t *)"x", .length = 1, .if_index = -1};
    int fd = w->ops->socket_open(w->ctx, &spec), rounds = 0, ready;

    assert_true(fd >= 0);
    assert_int_equal(w->ops->send(w->ctx, fd, &request, 1), 1);
    do {
        struct world_fd set = {.fd = fd, .events = WORLD_READ | WORLD_EXCEPT};
        struct world_datagram msg = to_receive(buf);
        ready = w->ops->wait(w->ctx, &set, 1, 0.05);
        if (ready > 0)
            w->ops->receive(w->ctx, fd, &msg, 1, (set.revents & WORLD_EXCEPT) != 0);
        rounds++;
    } while (ready > 0 && rounds < 100);
    assert_true(rounds > 1);
    assert_true(rounds < 100);
    w->ops->socket_close(w->ctx, fd);
}

static void disabled_family_cannot_be_opened(void **state)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = false};
    struct world *w = world_linux_new(&options);
    struct ip_port any = {ip_addr_any(IP_V6), 0};
    const struct world_socket spec = {.type = WORLD_UDP, .family = IP_V6, .local = &any};

    assert_true(w->ops->family_enabled(w->ctx, IP_V4));
    assert_false(w->ops->family_enabled(w->ctx, IP_V6));
    assert_int_equal(w->ops->socket_open(w->ctx, &spec), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
    world_linux_free(w);
}

static void tcp_connection_carries_data_both_ways(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    struct ip_port address = {ip_addr_loopback(IP_V4), free_port(SOCK_STREAM)}, remote;
    const struct world_socket server_spec = {
        .type = WORLD_TCP, .family = IP_V4, .local = &address, .backlog = 5};
    const struct world_socket client_spec = {
        .type = WORLD_TCP, .family = IP_V4, .remote = &address};
    char buf[16];

    int listening = w->ops->socket_open(w->ctx, &server_spec);
    assert_true(listening >= 0);
    int client = w->ops->socket_open(w->ctx, &client_spec);
    assert_true(client >= 0);
    assert_int_equal(wait_for(w, listening, WORLD_READ), WORLD_READ);
    int server = w->ops->accept(w->ctx, listening, &remote);
    assert_true(server >= 0);
    assert_true(ip_addr_is_loopback(&remote.addr));
    assert_true(fcntl(server, F_GETFL) & O_NONBLOCK);
    assert_int_equal(wait_for(w, client, WORLD_WRITE), WORLD_WRITE);
    assert_int_equal(w->ops->socket_error(w->ctx, client), 0);

    assert_int_equal(w->ops->stream_read(w->ctx, server, buf, sizeof(buf)), -1);
    assert_true(errno == EAGAIN);
    assert_int_equal(w->ops->stream_write(w->ctx, client, "hello", 5), 5);
    wait_for(w, server, WORLD_READ);
    assert_int_equal(w->ops->stream_read(w->ctx, server, buf, sizeof(buf)), 5);
    assert_memory_equal(buf, "hello", 5);
    w->ops->stream_shutdown(w->ctx, server);
    wait_for(w, client, WORLD_READ);
    assert_int_equal(w->ops->stream_read(w->ctx, client, buf, sizeof(buf)), 0);
    w->ops->socket_close(w->ctx, server);
    w->ops->socket_close(w->ctx, client);
    w->ops->socket_close(w->ctx, listening);
}

static void refused_tcp_connection_is_an_error_of_the_socket(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    struct ip_port address = {ip_addr_loopback(IP_V4), free_port(SOCK_STREAM)};
    const struct world_socket spec = {.type = WORLD_TCP, .family = IP_V4, .remote = &address};
    int fd = w->ops->socket_open(w->ctx, &spec);

    if (fd < 0) {
        assert_int_equal(errno, ECONNREFUSED);
        return;
    }
    assert_int_equal(wait_for(w, fd, WORLD_WRITE), WORLD_WRITE);
    assert_int_equal(w->ops->socket_error(w->ctx, fd), ECONNREFUSED);
    w->ops->socket_close(w->ctx, fd);
}

static void unix_socket_answers_to_the_sender(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    char server_path[96], client_path[96];
    uint8_t buf[WORLD_DATAGRAM_SIZE];

    snprintf(server_path, sizeof(server_path), "%s/server", f->directory);
    snprintf(client_path, sizeof(client_path), "%s/client", f->directory);
    /* A file that an earlier process left behind is replaced. */
    close(open(server_path, O_CREAT | O_WRONLY, 0600));
    int server = w->ops->unix_open(w->ctx, server_path);
    int client = w->ops->unix_open(w->ctx, client_path);
    assert_true(server >= 0 && client >= 0);

    struct world_datagram request = {
        .data = (uint8_t *)"ask", .length = 3, .path = server_path, .if_index = -1};
    assert_int_equal(w->ops->send(w->ctx, client, &request, 1), 1);
    wait_for(w, server, WORLD_READ);
    struct world_datagram received = to_receive(buf);
    assert_int_equal(w->ops->receive(w->ctx, server, &received, 1, false), 1);
    assert_string_equal(received.path, client_path);
    received.length = 3;
    assert_int_equal(w->ops->send(w->ctx, server, &received, 1), 1);
    wait_for(w, client, WORLD_READ);
    received = to_receive(buf);
    assert_int_equal(w->ops->receive(w->ctx, client, &received, 1, false), 1);
    assert_memory_equal(buf, "ask", 3);

    w->ops->socket_close(w->ctx, server);
    w->ops->socket_close(w->ctx, client);
    w->ops->unix_remove(w->ctx, server_path);
    w->ops->unix_remove(w->ctx, client_path);
    assert_int_equal(access(server_path, F_OK), -1);
}

static void descriptors_sent_over_a_unix_socket_are_closed(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    char path[96], octet = 'x';
    uint8_t buf[WORLD_DATAGRAM_SIZE];
    int pipe_fds[2];

    snprintf(path, sizeof(path), "%s/server", f->directory);
    int server = w->ops->unix_open(w->ctx, path);
    assert_true(server >= 0);
    int client = w->ops->unix_stream_connect(w->ctx, path);
    assert_int_equal(client, -1); /* a datagram socket is no stream */
    assert_int_equal(pipe(pipe_fds), 0);

    struct {
        sa_family_t family;
        char path[108];
    } sa = {AF_UNIX, ""};
    strcpy(sa.path, path);
    union {
        struct cmsghdr align;
        char octets[CMSG_SPACE(sizeof(int))];
    } control = {.octets = {0}};
    struct iovec iov = {&octet, 1};
    struct msghdr hdr = {.msg_name = &sa,
                         .msg_namelen = sizeof(sa),
                         .msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &pipe_fds[1], sizeof(int));
    int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(sendmsg(sender, &hdr, 0), 1);
    close(pipe_fds[1]);

    wait_for(w, server, WORLD_READ);
    struct world_datagram received = to_receive(buf);
    assert_int_equal(w->ops->receive(w->ctx, server, &received, 1, false), 0);
    /* No writer is left. */
    assert_int_equal(read(pipe_fds[0], &octet, 1), 0);
    close(pipe_fds[0]);
    close(sender);
    w->ops->socket_close(w->ctx, server);
    w->ops->unix_remove(w->ctx, path);
}

/* ---- Signals ---- */

static void signal_before_the_wait_ends_it(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;

    signals_install();
    raise(SIGTERM);
    assert_int_equal(w->ops->wait(w->ctx, NULL, 0, LIMIT), -1);
    assert_int_equal(errno, EINTR);
    assert_true(w->ops->quit_requested(w->ctx));
    assert_false(w->ops->quit_requested(w->ctx));
    signals_reset();
}

static void hangup_asks_for_reload_and_not_for_the_end(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;

    signals_install();
    raise(SIGHUP);
    raise(SIGPIPE);
    assert_int_equal(w->ops->wait(w->ctx, NULL, 0, LIMIT), -1);
    assert_false(w->ops->quit_requested(w->ctx));
    assert_true(w->ops->reload_requested(w->ctx));
    assert_false(w->ops->reload_requested(w->ctx));
    signals_reset();
}

static void signal_during_the_wait_ends_it(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    pid_t parent = getpid(), child;

    signals_install();
    child = fork();
    if (child == 0) {
        usleep(20000);
        kill(parent, SIGINT);
        _exit(0);
    }
    assert_int_equal(w->ops->wait(w->ctx, NULL, 0, LIMIT), -1);
    assert_true(w->ops->quit_requested(w->ctx));
    waitpid(child, NULL, 0);
    signals_reset();
}

/* ---- Resolution ---- */

struct answers {
    int count;
    enum resolve_status status;
    struct ip_addr first;
    char order[16];
};

struct answer_arg {
    struct answers *answers;
    char tag;
};

static void on_answer(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg)
{
    struct answer_arg *a = arg;

    a->answers->order[a->answers->count++] = a->tag;
    a->answers->status = status;
    if (count > 0)
        a->answers->first = addrs[0];
}

static void run_resolver(const struct world *w, struct answers *answers, int expected)
{
    for (int rounds = 0; answers->count < expected && rounds < 20; rounds++) {
        int before = answers->count;
        assert_true(w->ops->pending(w->ctx) > 0);
        assert_true(w->ops->wait(w->ctx, NULL, 0, LIMIT) > 0);
        assert_int_equal(answers->count, before); /* never called inside the wait */
        w->ops->dispatch(w->ctx);
    }
    assert_int_equal(answers->count, expected);
    assert_int_equal(w->ops->pending(w->ctx), 0);
}

static void names_are_resolved_one_after_another(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    struct answers answers = {0};
    struct answer_arg a = {&answers, 'a'}, b = {&answers, 'b'}, c = {&answers, 'c'};

    assert_true(w->ops->resolve(w->ctx, "localhost", IP_V4, true, on_answer, &a));
    assert_true(w->ops->resolve(w->ctx, "192.0.2.7", IP_UNSPEC, false, on_answer, &b));
    assert_true(w->ops->resolve(w->ctx, "localhost", IP_V4, false, on_answer, &c));
    run_resolver(w, &answers, 3);
    assert_string_equal(answers.order, "abc");
    assert_int_equal(answers.status, RESOLVE_SUCCESS);
    struct ip_addr loopback = ip_addr_loopback(IP_V4);
    assert_true(ip_addr_equal(&answers.first, &loopback));
}

static void address_is_answered_without_a_lookup(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    struct answers answers = {0};
    struct answer_arg a = {&answers, 'a'};
    struct ip_addr expected;

    assert_true(w->ops->resolve(w->ctx, "2001:db8::1", IP_UNSPEC, false, on_answer, &a));
    run_resolver(w, &answers, 1);
    assert_int_equal(answers.status, RESOLVE_SUCCESS);
    assert_true(ip_addr_parse("2001:db8::1", &expected));
    assert_true(ip_addr_equal(&answers.first, &expected));

    answers.count = 0;
    assert_true(w->ops->resolve(w->ctx, "2001:db8::1", IP_V4, false, on_answer, &a));
    run_resolver(w, &answers, 1);
    assert_int_equal(answers.status, RESOLVE_FAILURE);
}

static void name_that_is_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    char name[300];

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(w->ops->resolve(w->ctx, name, IP_UNSPEC, false, on_answer, NULL));
}

/* Without descriptors there is no lookup, and later there is one again. */
static void resolution_fails_without_descriptors(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    struct answers answers = {0};
    struct answer_arg a = {&answers, 'a'}, b = {&answers, 'b'};
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_true(w->ops->resolve(w->ctx, "localhost", IP_V4, true, on_answer, &a));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    run_resolver(w, &answers, 1);
    assert_int_equal(answers.status, RESOLVE_UNAVAILABLE);
    assert_true(w->ops->resolve(w->ctx, "localhost", IP_V4, true, on_answer, &b));
    run_resolver(w, &answers, 2);
    assert_int_equal(answers.status, RESOLVE_SUCCESS);
}

static void world_is_freed_while_a_resolution_is_under_way(void **state)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};
    struct world *w = world_linux_new(&options);
    struct answers answers = {0};
    struct answer_arg a = {&answers, 'a'};

    assert_true(w->ops->resolve(w->ctx, "localhost", IP_V4, false, on_answer, &a));
    assert_true(w->ops->resolve(w->ctx, "localhost", IP_V4, false, on_answer, &a));
    world_linux_free(w);
    assert_int_equal(answers.count, 0);
    usleep(100000); /* lets the thread end, so that it is not taken for a leak */
}

/* ---- Random octets, files ---- */

static void child_does_not_repeat_random_octets(void **state)
{
    struct fixture *f = *state;
    uint8_t ours[16], theirs[16];
    int fds[2];

    world_random(f->world, ours, sizeof(ours)); /* fills the buffer */
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        world_random(f->world, theirs, sizeof(theirs));
        _exit(write(fds[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs) ? 0 : 1);
    }
    waitpid(child, NULL, 0);
    world_random(f->world, ours, sizeof(ours));
    assert_int_equal(read(fds[0], theirs, sizeof(theirs)), sizeof(theirs));
    assert_memory_not_equal(ours, theirs, sizeof(ours));
    close(fds[0]);
    close(fds[1]);
}

static void many_random_octets_are_not_constant(void **state)
{
    struct fixture *f = *state;
    uint8_t octets[1000] = {0};
    int zeros = 0;

    world_random(f->world, octets, sizeof(octets));
    for (size_t i = 0; i < sizeof(octets); i++)
        zeros += octets[i] == 0;
    assert_true(zeros < 100);
}

static void files_are_listed_sorted_by_suffix(void **state)
{
    struct fixture *f = *state;
    const struct world *w = f->world;
    static const char *const names[] = {"b.sources", "a.sources", ".c.sources", "a.conf"};
    char path[96];

    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->directory, names[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
    char **list = w->ops->list_files(w->ctx, f->directory, ".sources");
    assert_non_null(list);
    assert_string_equal(list[0], "a.sources");
    assert_string_equal(list[1], "b.sources");
    assert_null(list[2]);
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
    free(list);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->directory, names[i]);
        assert_true(w->ops->file_remove(w->ctx, path));
    }
    assert_null(w->ops->list_files(w->ctx, "/nonexistent", ".sources"));
}

static void passed_socket_is_used_again_and_never_closed(void **state)
{
    struct ip_port address = {ip_addr_loopback(IP_V4), free_port(SOCK_DGRAM)};
    pid_t child = fork();

    if (child == 0) {
        /* In a child, because the descriptors have to be 3 and 4. */
        const struct world_linux_options options = {.ipv4 = true, .passed_fds = 1};
        const struct world_socket spec = {.type = WORLD_UDP, .family = IP_V4, .local = &address};
        struct sockaddr_storage sa;
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        int passed = socket(AF_INET, SOCK_DGRAM, 0);
        if (passed != 3 ||
            bind(passed, (struct sockaddr *)&sa, ip_port_to_sockaddr(&address, &sa)) < 0)
            _exit(2);
        struct world *w = world_linux_new(&options);
        if (w->ops->socket_open(w->ctx, &spec) != 3)
            _exit(3);
        w->ops->socket_close(w->ctx, 3);
        if (fcntl(3, F_GETFD) < 0 || w->ops->socket_open(w->ctx, &spec) != 3)
            _exit(4);
        struct ip_port other = {address.addr, 0};
        const struct world_socket other_spec = {
            .type = WORLD_UDP, .family = IP_V4, .local = &other};
        if (w->ops->socket_open(w->ctx, &other_spec) == 3)
            _exit(5);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(udp_exchange_over_ipv4),
        WORLD_TEST(udp_exchange_over_ipv6),
        WORLD_TEST(transmit_timestamps_by_id),
        WORLD_TEST(interfaces_without_hardware_timestamps),
        WORLD_TEST(batch_is_sent_and_received_in_order),
        WORLD_TEST(truncated_datagram_is_dropped_alone),
        WORLD_TEST(refused_request_does_not_report_for_ever),
        WORLD_TEST(disabled_family_cannot_be_opened),
        WORLD_TEST(tcp_connection_carries_data_both_ways),
        WORLD_TEST(refused_tcp_connection_is_an_error_of_the_socket),
        WORLD_TEST(unix_socket_answers_to_the_sender),
        WORLD_TEST(descriptors_sent_over_a_unix_socket_are_closed),
        WORLD_TEST(signal_before_the_wait_ends_it),
        WORLD_TEST(hangup_asks_for_reload_and_not_for_the_end),
        WORLD_TEST(signal_during_the_wait_ends_it),
        WORLD_TEST(names_are_resolved_one_after_another),
        WORLD_TEST(address_is_answered_without_a_lookup),
        WORLD_TEST(name_that_is_too_long_is_refused),
        WORLD_TEST(resolution_fails_without_descriptors),
        WORLD_TEST(world_is_freed_while_a_resolution_is_under_way),
        WORLD_TEST(child_does_not_repeat_random_octets),
        WORLD_TEST(many_random_octets_are_not_constant),
        WORLD_TEST(files_are_listed_sorted_by_suffix),
        WORLD_TEST(passed_socket_is_used_again_and_never_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that are bound by order: to the ports of the configuration only, whatever is asked for.
 * A child stands for the fork server.
 */
#include "test/unit/support/unit.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <poll.h>
#include "process/binder.h"

struct fixture {
    struct fork_server *fork_server;
    struct binder *binder;
    struct sandbox sandbox;
    pid_t child;
    int port;
};

/* A port of UDP and TCP that is free now. */
static int free_port(void)
{
    bool is_free = false;
    int port = 0;

    for (int i = 0; i < 100 && !is_free; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t length = sizeof(address);
        int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_int_equal(bind(udp, (struct sockaddr *)&address, length), 0);
        assert_int_equal(getsockname(udp, (struct sockaddr *)&address, &length), 0);
        is_free = bind(tcp, (struct sockaddr *)&address, length) == 0;
        port = ntohs(address.sin_port);
        close(udp);
        close(tcp);
    }
    assert_true(is_free);
    return port;
}

static void serve(const struct sandbox *sandbox, int fd)
{
    struct channel orders = channel_make(fd, IPC_SUPERVISOR, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct ipc_message order;
    int end;

    poll(&p, 1, -1);
    if (channel_receive(&orders, &order, &end) != CHANNEL_OK || order.type != IPC_BINDER)
        _exit(1);
    struct channel channel = channel_make(end, IPC_SUPERVISOR, 0);

    p.fd = end;
    do
        poll(&p, 1, -1);
    while (binder_serve(&channel, sandbox));
    _exit(0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    int ends[2];

    f->port = free_port();
    sandbox_order_port(&f->sandbox, f->port);
    sandbox_order_port(&f->sandbox, 0);
    sandbox_order_port(&f->sandbox, -1);
    assert_true(channel_pair(ends));
    f->child = fork();
    if (f->child == 0) {
        close(ends[0]);
        serve(&f->sandbox, ends[1]);
    }
    close(ends[1]);
    f->fork_server = fork_server_connect(ends[0], 0);
    f->binder = binder_new(f->fork_server);
    assert_non_null(f->binder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int status;

    binder_free(f->binder);
    fork_server_free(f->fork_server);
    assert_int_equal(waitpid(f->child, &status, 0), f->child);
    free(f);
    return 0;
}

static int port_of(int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static void port_of_the_configuration_is_bound(void **state)
{
    const struct fixture *f = *state;
    const struct ip_port local = {ip_addr_loopback(IP_V4), (uint16_t)f->port};
    const int types[] = {SOCK_DGRAM, SOCK_STREAM};

    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, types[i], 0);

        assert_true(binder_bind(f->binder, fd, &local));
        assert_int_equal(port_of(fd), f->port);
        close(fd);
    }
}

static void other_port_is_not(void **state)
{
    const struct fixture *f = *state;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    for (int port = 1; port < 65536; port += 111) {
        const struct ip_port local = {ip_addr_loopback(IP_V4), (uint16_t)port};

        if (port == f->port)
            continue;
        errno = 0;
        assert_false(binder_bind(f->binder, fd, &local));
        assert_int_equal(errno, EACCES);
    }
    assert_int_equal(port_of(fd), 0);
    close(fd);
}

static void error_of_the_kernel_comes_back(void **state)
{
    const struct fixture *f = *state;
    struct ip_port local = {ip_addr_v4(192, 0, 2, 1), (uint16_t)f->port};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_false(binder_bind(f->binder, fd, &local));
    assert_int_equal(errno, EADDRNOTAVAIL);
    local.addr = ip_addr_loopback(IP_V4);
    assert_true(binder_bind(f->binder, fd, &local));
    assert_false(binder_bind(f->binder, fd, &local));
    assert_int_equal(errno, EINVAL);
    close(fd);
}

static void silence_is_bounded_and_final(void **state)
{
    const struct fixture *f = *state;
    const struct ip_port local = {ip_addr_loopback(IP_V4), (uint16_t)f->port};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    kill(f->child, SIGSTOP);
    assert_false(binder_bind(f->binder, fd, &local));
    assert_int_equal(errno, EACCES);
    kill(f->child, SIGCONT);
    assert_false(binder_bind(f->binder, fd, &local));
    assert_int_equal(errno, EACCES);
    close(fd);
}

static void message_of_another_kind_ends_it(void **state)
{
    const struct sandbox sandbox = {.filter_level = 0};
    const struct ipc_message ping = {.type = IPC_BOUND};
    int ends[2];

    assert_true(channel_pair(ends));
    struct channel a = channel_make(ends[0], IPC_FORK_SERVER, 0);
    struct channel b = channel_make(ends[1], IPC_SUPERVISOR, 0);
    assert_int_equal(channel_send(&a, &ping, -1), CHANNEL_OK);
    assert_false(binder_serve(&b, &sandbox));
    channel_close(&a);
    assert_false(binder_serve(&b, &sandbox));
    channel_close(&b);
}

/* What the main process says to the fork server on its other channel. */
static void order_ends_it(void **state)
{
    const struct sandbox sandbox = {.filter_level = 0};
    const struct ipc_message order = {.type = IPC_PING};
    int ends[2];

    assert_true(channel_pair(ends));
    struct channel a = channel_make(ends[0], IPC_FORK_SERVER, 0);
    struct channel b = channel_make(ends[1], IPC_SUPERVISOR, 0);
    assert_int_equal(channel_send(&a, &order, -1), CHANNEL_OK);
    assert_false(binder_serve(&b, &sandbox));
    channel_close(&a);
    channel_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(port_of_the_configuration_is_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_port_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(error_of_the_kernel_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_is_bounded_and_final, set_up, tear_down),
        cmocka_unit_test(message_of_another_kind_ends_it),
        cmocka_unit_test(order_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NTS-KE client process, where the test is the main process: sets of trusted certificates that
 * can and cannot be read, limits, sessions that are stopped, and what it does with a main process
 * that breaks the rules. How sessions go: nts/ke_session.
 */
#include "nts/ke_client_process.h"

#include "test/unit/support/tls.h"
#include "test/unit/support/unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "nts/ke_client_link.h"

struct fixture {
    struct tls_fixture tls;
    struct ke_client_process_spec spec;
    struct ke_client_process *process;
    struct channel channel; /* the main process's end */
    int done;
    enum channel_result why;
};

static void on_done(enum channel_result why, void *arg)
{
    struct fixture *f = arg;

    f->done++;
    f->why = why;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    tls_fixture_init(&f->tls);
    f->spec = (struct ke_client_process_spec){
        .world = &f->tls.world, .conf = &f->tls.conf.nts_client, .aeads = tls_fixture_aeads()};
    f->channel = channel_make(-1, IPC_KE_CLIENT, 0);
    *state = f;
    return 0;
}

static void start(struct fixture *f)
{
    int ends[2];

    assert_true(channel_pair(ends));
    f->channel.fd = ends[0];
    f->process = ke_client_process_new(&f->spec, f->tls.loop);
    ke_client_process_serve(f->process, ends[1], on_done, f);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ke_client_process_free(f->process);
    channel_close(&f->channel);
    tls_fixture_free(&f->tls);
    free(f);
    return 0;
}

static void on_timer(void *arg)
{
}

/* Rounds of the loop, in each of which everything that is there is dealt with: no time is waited
   for. */
static void run(struct fixture *f)
{
    for (int i = 0; i < 8; i++) {
        loop_timer_add(f->tls.loop, 0.001, on_timer, NULL);
        loop_run_once(f->tls.loop);
    }
}

/* Our end of the connection over which the process has its session. */
static int establish(struct fixture *f, uint32_t session, uint32_t cert_set)
{
    struct ipc_message m = {.type = IPC_KE_ESTABLISH};
    int ends[2];

    m.u.establish = (struct ipc_ke_establish){.session = session,
                                              .server = tls_fixture_address(&f->tls),
                                              .cert_set = cert_set,
                                              .name = "ntp.test.example"};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(channel_send(&f->channel, &m, ends[1]), CHANNEL_OK);
    close(ends[1]);
    run(f);
    return ends[0];
}

static struct ipc_message receive(struct fixture *f, enum ipc_type type)
{
    struct ipc_message m;
    int fd;

    assert_int_equal(channel_receive(&f->channel, &m, &fd), CHANNEL_OK);
    assert_int_equal(m.type, type);
    return m;
}

static bool is_silent(struct fixture *f)
{
    struct ipc_message m;
    int fd;

    return channel_receive(&f->channel, &m, &fd) == CHANNEL_AGAIN;
}

/* A ClientHello has come. */
static bool is_asked(int fd)
{
    uint8_t octets[8];

    return recv(fd, octets, sizeof(octets), MSG_PEEK) > 5 && octets[0] == 22;
}

static bool is_closed(int fd)
{
    uint8_t octets[4096];
    ssize_t n;

    do
        n = recv(fd, octets, sizeof(octets), 0);
    while (n > 0);
    return n == 0 || errno == ECONNRESET;
}

static void set_that_cannot_be_read_fails_alone(void **state)
{
    struct fixture *f = *state;
    char missing[] = "/nonexistent/ca.pem";

    f->tls.trusted[1] = (struct conf_trusted_certs){.set = 3, .path = missing};
    f->tls.conf.nts_client.count = 2;
    start(f);
    int bad = establish(f, 11, 3), good = establish(f, 12, 0), empty = establish(f, 13, 5);

    struct ipc_message m = receive(f, IPC_KE_ENDED);
    assert_int_equal(m.u.ke_ended.session, 11);
    assert_true(m.u.ke_ended.failed_start);
    assert_int_equal(m.u.ke_ended.code, FINDING_NTS_TRUST_UNREADABLE);
    assert_string_equal(
        m.u.ke_ended.text,
        "Error while reading file. (/nonexistent/ca.pem: No such file or directory)");
    assert_true(tls_fixture_log_has(&f->tls, "Could not set credentials : Error while reading"));
    assert_true(is_closed(bad));
    m = receive(f, IPC_KE_TRUST);
    assert_int_equal(m.u.trust.cert_set, 0);
    assert_string_equal(m.u.trust.text, "");
    m = receive(f, IPC_KE_TRUST);
    assert_int_equal(m.u.trust.cert_set, 5);
    assert_non_null(strstr(m.u.trust.text, "There is no trusted certificate in set 5"));
    assert_true(is_asked(good) && is_asked(empty));
    /* It is told once. */
    int again = establish(f, 14, 5);
    assert_true(is_asked(again));
    assert_true(is_silent(f));
    close(bad);
    close(good);
    close(empty);
    close(again);
    run(f);
    for (uint32_t i = 0; i < 3; i++) {
        m = receive(f, IPC_KE_ENDED);
        assert_int_equal(m.u.ke_ended.code, FINDING_NTS_HANDSHAKE_CLOSED);
        assert_int_equal(m.u.ke_ended.retry_factor, 4);
        assert_false(m.u.ke_ended.failed_start);
    }
    assert_int_equal(f->done, 0);
}

static void stopped_session_is_over_without_a_word(void **state)
{
    struct fixture *f = *state;
    struct ipc_message stop = {.type = IPC_KE_STOP, .u.stop.session = 99};

    start(f);
    int fd = establish(f, 1, 0);
    receive(f, IPC_KE_TRUST);
    assert_int_equal(channel_send(&f->channel, &stop, -1), CHANNEL_OK); /* no such session */
    run(f);
    assert_true(is_asked(fd));
    stop.u.stop.session = 1;
    assert_int_equal(channel_send(&f->channel, &stop, -1), CHANNEL_OK);
    run(f);
    assert_true(is_closed(fd));
    assert_true(is_silent(f));
    assert_int_equal(f->done, 0);
    close(fd);
}

/* A main process that was taken over cannot fill the memory. */
static void there_is_a_limit(void **state)
{
    struct fixture *f = *state;
    static int fds[KE_CLIENT_MAX_SESSIONS];

    start(f);
    for (uint32_t i = 0; i < KE_CLIENT_MAX_SESSIONS; i++) {
        fds[i] = establish(f, i, 0);
        if (i == 0)
            receive(f, IPC_KE_TRUST);
        assert_true(is_asked(fds[i]));
    }
    int one_more = establish(f, 1000, 0);
    struct ipc_message m = receive(f, IPC_KE_ENDED);
    assert_int_equal(m.u.ke_ended.session, 1000);
    assert_true(m.u.ke_ended.failed_start);
    assert_int_equal(m.u.ke_ended.code, FINDING_NTS_NOT_CONNECTED);
    assert_true(is_closed(one_more));
    close(one_more);
    for (int i = 0; i < KE_CLIENT_MAX_SESSIONS; i++)
        close(fds[i]);
}

static void wrong_request_ends_it(void **state)
{
    struct fixture *f = *state;

    start(f);
    int fd = establish(f, 1, 0);
    assert_true(send(f->channel.fd, "garbage", 7, 0) == 7);
    run(f);
    assert_int_equal(f->done, 1);
    assert_int_equal(f->why, CHANNEL_BAD);
    close(fd);
}

static void end_of_the_main_process_ends_it(void **state)
{
    struct fixture *f = *state;

    start(f);
    int fd = establish(f, 1, 0);
    channel_close(&f->channel);
    run(f);
    assert_int_equal(f->done, 1);
    assert_int_equal(f->why, CHANNEL_CLOSED);
    close(fd);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(set_that_cannot_be_read_fails_alone),
        TEST(stopped_session_is_over_without_a_word),
        TEST(there_is_a_limit),
        TEST(wrong_request_ends_it),
        TEST(end_of_the_main_process_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

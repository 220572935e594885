/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main process's end of the channel to the NTS-KE client process, where the test is the
 * process: what it may not say, what becomes of sessions when it ends or does not answer, and when
 * it is wanted. How good ones go: nts/ke_session.
 */
#include "test/unit/support/ke_process.h"
#include "test/unit/support/tls.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "nts/ke_client.h"

#define SESSIONS 3

struct fixture {
    struct tls_fixture tls;
    struct ke_client_env env;
    struct ke_process_fixture process;
    struct ke_client *clients[SESSIONS];
};

static int64_t client_now(void *arg)
{
    return 1234567890;
}

static int client_updates(void *arg)
{
    return 0;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    tls_fixture_init(&f->tls);
    f->env = (struct ke_client_env){
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf.nts_client,
        .bind = &f->tls.conf.sockets.client,
        .aeads = {.ids = {AEAD_AES_SIV_CMAC_256}, .count = 1},
        .now = client_now,
        .clock_updates = client_updates,
        .arg = f,
    };
    ke_process_fixture_start(&f->process, &f->tls.world, f->tls.loop, &f->tls.conf.nts_client,
                             &f->env.aeads);
    f->process.by_hand = true;
    f->env.link = f->process.link;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < SESSIONS; i++)
        ke_client_free(f->clients[i]);
    ke_process_fixture_end(&f->process);
    tls_fixture_free(&f->tls);
    free(f);
    return 0;
}

static struct ke_client *start_client(struct fixture *f, int index)
{
    struct ip_port address = tls_fixture_address(&f->tls);
    struct ke_failure failure;

    f->clients[index] = ke_client_start(&f->env, &address, "ntp.test.example", 5, &failure);
    assert_non_null(f->clients[index]);
    return f->clients[index];
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

/* What the process receives next, and the ID of the session in it. */
static uint32_t receive(struct fixture *f, enum ipc_type type)
{
    struct ipc_message message;
    int fd;

    assert_int_equal(channel_receive(&f->process.other, &message, &fd), CHANNEL_OK);
    assert_int_equal(message.type, type);
    if (type == IPC_KE_STOP)
        return message.u.stop.session;
    assert_string_equal(message.u.establish.name, "ntp.test.example");
    assert_int_equal(message.u.establish.cert_set, 5);
    assert_int_equal(message.u.establish.now, 1234567890);
    assert_true(fd >= 0);
    close(fd);
    return message.u.establish.session;
}

static void say(struct fixture *f, const struct ipc_message *message)
{
    assert_int_equal(channel_send(&f->process.other, message, -1), CHANNEL_OK);
    run(f);
}

static struct ipc_message answer_to(uint32_t session)
{
    struct ipc_message m = {.type = IPC_KE_ANSWER};

    m.u.ke_answer.session = session;
    m.u.ke_answer.aead = AEAD_AES_SIV_CMAC_256;
    m.u.ke_answer.c2s.length = m.u.ke_answer.s2c.length = 32;
    memset(m.u.ke_answer.c2s.data, 0x11, 32);
    memset(m.u.ke_answer.s2c.data, 0x22, 32);
    m.u.ke_answer.cookie_count = 1;
    m.u.ke_answer.cookies[0].length = 100;
    m.u.ke_answer.ntp_port = 123;
    return m;
}

static struct ipc_message end_of(uint32_t session, unsigned int code)
{
    return (struct ipc_message){
        .type = IPC_KE_ENDED,
        .u.ke_ended = {.session = session, .retry_factor = 10, .code = (uint16_t)code}};
}

static void assert_lost(struct ke_client *client)
{
    struct ke_result result;

    assert_false(ke_client_is_active(client));
    assert_false(ke_client_take_result(client, &result));
    assert_int_equal(ke_client_failure(client)->code, FINDING_NTS_PROCESS_LOST);
    /* The address. */
    assert_non_null(strstr(ke_client_failure(client)->text, "127.0.0.1:"));
    assert_int_equal(ke_client_retry_factor(client), KE_RETRY_LOST);
    assert_false(ke_client_start_failed(client));
}

/* ---- Life ---- */

static void process_is_there_while_there_are_sessions(void **state)
{
    struct fixture *f = *state;
    uint32_t ids[2], restarts;
    struct ke_result result;

    assert_int_equal(f->process.wanted, 0);
    start_client(f, 0);
    start_client(f, 1);
    assert_int_equal(f->process.wanted, 1);
    ke_process_fixture_be_process(&f->process);
    for (int i = 0; i < 2; i++)
        ids[i] = receive(f, IPC_KE_ESTABLISH);
    assert_int_not_equal(ids[0], ids[1]);
    assert_true(ke_client_link_has_process(f->process.link, &restarts));

    struct ipc_message m = answer_to(ids[1]);
    say(f, &m);
    assert_true(ke_client_is_active(f->clients[1]));
    m = end_of(ids[1], 0);
    say(f, &m);
    assert_false(ke_client_is_active(f->clients[1]));
    assert_true(ke_client_take_result(f->clients[1], &result));
    assert_int_equal(result.context.s2c.data[31], 0x22);
    assert_int_equal(result.cookie_count, 1);
    assert_int_equal(result.cookies[0].length, 100);
    assert_int_equal(f->process.ended, 0);
    /* Nobody wants the other one any more. */
    ke_client_free(f->clients[0]);
    f->clients[0] = NULL;
    assert_int_equal(f->process.ended, 1);
    assert_false(ke_client_link_has_process(f->process.link, &restarts));
    assert_int_equal(restarts, 0);
    start_client(f, 2);
    assert_int_equal(f->process.wanted, 2);
}

static void session_that_is_not_wanted_is_stopped(void **state)
{
    struct fixture *f = *state;

    start_client(f, 0);
    start_client(f, 1);
    ke_process_fixture_be_process(&f->process);
    uint32_t first = receive(f, IPC_KE_ESTABLISH), second = receive(f, IPC_KE_ESTABLISH);
    ke_client_free(f->clients[0]);
    f->clients[0] = NULL;
    assert_int_equal(receive(f, IPC_KE_STOP), first);
    /* What was on its way is no lie. */
    struct ipc_message m = answer_to(first);
    say(f, &m);
    m = end_of(first, 0);
    say(f, &m);
    assert_int_equal(f->process.ended, 0);
    m = end_of(second, FINDING_NTS_ALERT);
    say(f, &m);
    assert_int_equal(ke_client_failure(f->clients[1])->code, FINDING_NTS_ALERT);
    assert_int_equal(ke_client_retry_factor(f->clients[1]), 10);
    assert_int_equal(f->process.ended, 1);
}

static void process_without_a_session_is_ended(void **state)
{
    struct fixture *f = *state;

    ke_client_link_prepare(f->process.link);
    ke_client_link_prepare(f->process.link);
    assert_int_equal(f->process.wanted, 1);
    ke_process_fixture_be_process(&f->process);
    f->tls.clock_offset = KE_LINK_IDLE - 1.0;
    run(f);
    assert_int_equal(f->process.ended, 0);
    f->tls.clock_offset = KE_LINK_IDLE + 0.5;
    run(f);
    assert_int_equal(f->process.ended, 1);
    assert_int_equal(f->process.wanted, 1);
}

/* ---- Failures ---- */

static void sessions_of_a_process_that_ended_fail_and_are_tried_soon(void **state)
{
    struct fixture *f = *state;
    struct ke_result result;
    uint32_t restarts;

    start_client(f, 0);
    start_client(f, 1);
    ke_process_fixture_be_process(&f->process);
    struct ipc_message m = answer_to(receive(f, IPC_KE_ESTABLISH));
    say(f, &m);
    ke_process_fixture_crash(&f->process);
    run(f);
    /* What was told before counts. */
    assert_true(ke_client_take_result(f->clients[0], &result));
    assert_lost(f->clients[1]);
    assert_true(tls_fixture_log_has(
        &f->tls, "(ntp.test.example) failed : the process that had it has ended"));
    /* It is started again without an order; a session that begins in the meantime waits for it. */
    start_client(f, 2);
    assert_int_equal(f->process.wanted, 1);
    run(f);
    assert_true(ke_client_is_active(f->clients[2]));
    ke_process_fixture_be_process(&f->process);
    receive(f, IPC_KE_ESTABLISH);
    ke_client_link_has_process(f->process.link, &restarts);
    assert_int_equal(restarts, 1);
    assert_int_equal(f->process.ended, 0);
}

/* Its channel has ended, and none comes in its place: it may be there still. */
static void process_without_a_channel_is_replaced(void **state)
{
    struct fixture *f = *state;

    start_client(f, 0);
    ke_process_fixture_be_process(&f->process);
    receive(f, IPC_KE_ESTABLISH);
    ke_process_fixture_crash(&f->process);
    run(f);
    assert_lost(f->clients[0]);
    start_client(f, 1);
    assert_int_equal(f->process.wanted, 1);
    f->tls.clock_offset += 2.5;
    run(f);
    assert_int_equal(f->process.ended, 1);
    assert_int_equal(f->process.wanted, 2);
    assert_true(ke_client_is_active(f->clients[1]));
    ke_process_fixture_be_process(&f->process);
    receive(f, IPC_KE_ESTABLISH);
    f->tls.clock_offset += 2.5;
    run(f);
    assert_int_equal(f->process.ended, 1);
}

static void process_that_does_not_answer_is_replaced(void **state)
{
    struct fixture *f = *state;

    start_client(f, 0);
    f->tls.clock_offset = 10.0;
    ke_process_fixture_be_process(&f->process);
    start_client(f, 1);
    /* The time of a session is counted from the moment when a process has it. */
    f->tls.clock_offset = 10.0 + 19.0;
    run(f);
    assert_true(ke_client_is_active(f->clients[0]));
    f->tls.clock_offset = 10.0 + 20.5;
    run(f);
    assert_int_equal(ke_client_failure(f->clients[0])->code, FINDING_NTS_HANDSHAKE_TIMEOUT);
    assert_int_equal(ke_client_retry_factor(f->clients[0]), 4);
    assert_lost(f->clients[1]);
    assert_true(tls_fixture_log_has(&f->tls, "(ntp.test.example) timed out"));
    assert_true(tls_fixture_log_has(&f->tls, "does not answer, ending it"));
    assert_int_equal(f->process.ended, 1);
    start_client(f, 2);
    assert_int_equal(f->process.wanted, 2);
}

static void without_a_process_sessions_do_not_wait_for_ever(void **state)
{
    struct fixture *f = *state;

    start_client(f, 0);
    f->tls.clock_offset = 19.0;
    run(f);
    assert_true(ke_client_is_active(f->clients[0]));
    f->tls.clock_offset = 20.5;
    run(f);
    assert_lost(f->clients[0]);
    assert_true(tls_fixture_log_has(&f->tls, "failed : there is no process for it"));
}

static void there_is_a_limit(void **state)
{
    struct fixture *f = *state;
    struct ke_link_session *sessions[KE_CLIENT_MAX_SESSIONS];
    struct ke_link_request request = {.name = "ntp.test.example"};
    struct ip_port address = tls_fixture_address(&f->tls);
    struct ke_failure failure;
    char name[IPC_NAME_SIZE + 1];

    for (int i = 0; i < KE_CLIENT_MAX_SESSIONS; i++) {
        request.fd = socket(AF_INET, SOCK_STREAM, 0);
        sessions[i] = ke_client_link_start(f->process.link, &request);
        assert_non_null(sessions[i]);
    }
    assert_null(ke_client_start(&f->env, &address, "ntp.test.example", 0, &failure));
    assert_int_equal(failure.code, FINDING_NTS_NOT_CONNECTED);
    assert_string_equal(failure.text, "too many key establishments at a time");
    for (int i = 0; i < KE_CLIENT_MAX_SESSIONS; i++)
        ke_link_session_free(sessions[i]);
    start_client(f, 0);
    /* A name that fits into no message. */
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_null(ke_client_start(&f->env, &address, name, 0, &failure));
}

/* ---- Lies ---- */

/* The process with one session says it: that is its end, and the session's. */
static void assert_refused(struct fixture *f, const struct ipc_message *message)
{
    const int ended = f->process.ended;

    assert_true(ke_client_is_active(f->clients[0]));
    say(f, message);
    assert_int_equal(f->process.ended, ended + 1);
    assert_true(tls_fixture_log_has(&f->tls, "has sent"));
    tls_fixture_clear_log(&f->tls);
    assert_lost(f->clients[0]);
    ke_client_free(f->clients[0]);
    f->clients[0] = NULL;
}

static uint32_t start_process(struct fixture *f)
{
    start_client(f, 0);
    ke_process_fixture_be_process(&f->process);
    return receive(f, IPC_KE_ESTABLISH);
}

static void answers_that_nobody_asked_for_end_the_process(void **state)
{
    struct fixture *f = *state;
    struct ipc_message m = answer_to(start_process(f));

    m.u.ke_answer.aead = AEAD_AES_128_GCM_SIV; /* which was not offered */
    m.u.ke_answer.c2s.length = m.u.ke_answer.s2c.length = 16;
    assert_refused(f, &m);
    /* A second form of keys, which the algorithm does not have. */
    m = answer_to(start_process(f));
    m.u.ke_answer.has_alternate = true;
    m.u.ke_answer.alternate_c2s = m.u.ke_answer.c2s;
    m.u.ke_answer.alternate_s2c = m.u.ke_answer.s2c;
    assert_refused(f, &m);
    m = answer_to(start_process(f));
    m.u.ke_answer.cookies[0].length = 99;
    assert_refused(f, &m);
    m = answer_to(start_process(f));
    strcpy(m.u.ke_answer.ntp_server, "two words");
    assert_refused(f, &m);
    /* Somebody else's message. */
    const struct ipc_message ready = {.type = IPC_READY};
    start_process(f);
    assert_refused(f, &ready);
}

static void ends_that_cannot_be_end_the_process(void **state)
{
    struct fixture *f = *state;
    struct ipc_message m = end_of(start_process(f), FINDING_NTS_NAK);

    assert_refused(f, &m);
    m = end_of(start_process(f), FINDING_SYNCHRONISED);
    assert_refused(f, &m);
    m = end_of(start_process(f), 65535);
    assert_refused(f, &m);
    m = end_of(start_process(f), FINDING_NTS_PROCESS_LOST);
    assert_refused(f, &m);
    for (int factor = 0; factor < 256; factor++) {
        if (factor == 4 || factor == 10)
            continue;
        m = end_of(start_process(f), FINDING_NTS_ALERT);
        m.u.ke_ended.retry_factor = (uint8_t)factor;
        assert_refused(f, &m);
    }
}

static void a_second_answer_ends_the_process(void **state)
{
    struct fixture *f = *state;
    struct ipc_message m = answer_to(start_process(f));
    struct ke_result result;

    say(f, &m);
    m.u.ke_answer.c2s.data[0] = 0xff;
    say(f, &m);
    assert_int_equal(f->process.ended, 1);
    assert_true(ke_client_take_result(f->clients[0], &result));
    assert_int_equal(result.context.c2s.data[0], 0x11);
    ke_client_free(f->clients[0]);
    /* ... and a failure after a success. */
    m = answer_to(start_process(f));
    say(f, &m);
    m = end_of(m.u.ke_answer.session, FINDING_NTS_ALERT);
    say(f, &m);
    assert_int_equal(f->process.ended, 2);
    assert_false(ke_client_is_active(f->clients[0]));
}

static void end_without_an_answer_is_a_failure(void **state)
{
    struct fixture *f = *state;
    struct ipc_message m = end_of(start_process(f), 0);
    struct ke_result result;

    say(f, &m);
    assert_false(ke_client_take_result(f->clients[0], &result));
    assert_int_equal(ke_client_failure(f->clients[0])->code, FINDING_NTS_NO_RESPONSE);
}

static void words_on_trust_are_counted(void **state)
{
    struct fixture *f = *state;
    struct ipc_message m = {.type = IPC_KE_TRUST, .u.trust = {5, "Nothing is trusted"}};

    start_process(f);
    say(f, &m);
    assert_true(tls_fixture_log_has(&f->tls, "Nothing is trusted"));
    assert_int_equal(f->process.ended, 0);
    assert_refused(f, &m);
    /* It is said once, until it is over. */
    start_process(f);
    say(f, &m);
    assert_false(tls_fixture_log_has(&f->tls, "Nothing is trusted"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(process_is_there_while_there_are_sessions),
        TEST(session_that_is_not_wanted_is_stopped),
        TEST(process_without_a_session_is_ended),
        TEST(sessions_of_a_process_that_ended_fail_and_are_tried_soon),
        TEST(process_without_a_channel_is_replaced),
        TEST(process_that_does_not_answer_is_replaced),
        TEST(without_a_process_sessions_do_not_wait_for_ever),
        TEST(there_is_a_limit),
        TEST(answers_that_nobody_asked_for_end_the_process),
        TEST(ends_that_cannot_be_end_the_process),
        TEST(a_second_answer_ends_the_process),
        TEST(end_without_an_answer_is_a_failure),
        TEST(words_on_trust_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

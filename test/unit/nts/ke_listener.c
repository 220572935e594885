/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accepting NTS-KE connections: access, limits, what waits for a helper, sessions in the main
 * process, and how sessions end.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "base/log.h"
static void helpers_serve_with_the_current_key(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 2);
    for (int i = 0; i < 6; i++) {
        f->key.id++;
        f->key.key.data[0]++;
        assert_true(ke_fixture_establish(f));
    }
    assert_int_equal(f->counted, 6);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 0);
}

static void sessions_in_the_main_process(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 0);
    assert_true(ke_fixture_establish(f));
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_fixture_log_count(f, "\n"), 0);
    assert_int_equal(ke_listener_ends(f->listener, KE_END_COMPLETE), 2);
}

static void access_and_rate_limit_come_first(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    f->denied = true;
    assert_false(ke_fixture_establish(f));
    assert_int_equal(f->counted, 0);
    f->denied = false;
    f->limited = true;
    assert_false(ke_fixture_establish(f));
    assert_int_equal(f->counted, 1);
    f->limited = false;
    assert_true(ke_fixture_establish(f));
}

static void one_address_gets_a_quarter(void **state)
{
    struct ke_fixture *f = *state;
    int fds[5];

    assert_int_equal(ke_listener_address_limit(100), 25);
    assert_int_equal(ke_listener_address_limit(1), 1);
    f->tls.conf.nts_server.max_connections = 16;
    ke_fixture_start(f, 2);
    for (int i = 0; i < 5; i++)
        fds[i] = ke_fixture_connect(f);
    ke_fixture_run_for(f, 0.3);
    for (int i = 0; i < 4; i++)
        assert_false(ke_fixture_is_closed(fds[i]));
    assert_true(ke_fixture_is_closed(fds[4]));
    /* Another address is served, and this one as soon as one of its sessions is over. */
    close(f->idle[0]);
    f->idle[0] = socket(AF_INET, SOCK_STREAM, 0);
    ke_fixture_run_for(f, 0.3);
    for (int i = 0; i < 2; i++) {
        assert_true(ke_fixture_establish(f));
        /* Until its outcome is known, the session counts. */
        ke_fixture_run_for(f, 0.3);
    }
}

struct counted {
    struct ke_fixture *f;
    int wanted;
};

static bool is_counted(void *arg)
{
    const struct counted *c = arg;

    return c->f->counted >= c->wanted;
}

/* What a helper cannot take at once is not closed: it waits in the backlog until there is room. */
static void connections_wait_for_a_busy_helper(void **state)
{
    struct ke_fixture *f = *state;
    struct counted c = {f, 0};

    f->tls.conf.nts_server.max_connections = 4;
    ke_fixture_start(f, 1);
    pid_t helper = ke_fixture_only_helper(f);
    kill(helper, SIGSTOP);
    while (c.wanted < 4 + HELPER_POOL_ON_THE_WAY) {
        ke_fixture_connect_from(f, c.wanted++);
        assert_true(tls_fixture_run(&f->tls, is_counted, &c, 5.0));
    }
    for (int i = 0; i < 3; i++)
        ke_fixture_connect_from(f, c.wanted + i);
    ke_fixture_run_for(f, 0.2);
    assert_int_equal(f->counted, c.wanted);
    for (int i = 0; i < f->idle_count; i++)
        assert_false(ke_fixture_is_closed(f->idle[i]));
    kill(helper, SIGCONT);
    c.wanted += 3;
    assert_true(tls_fixture_run(&f->tls, is_counted, &c, 10.0));
    assert_true(ke_fixture_establish(f));
}

static void sessions_of_a_dead_helper_do_not_count(void **state)
{
    struct ke_fixture *f = *state;

    f->tls.conf.nts_server.max_connections = 8;
    ke_fixture_start(f, 1);
    ke_fixture_connect(f);
    ke_fixture_connect(f);
    ke_fixture_run_for(f, 0.2);
    assert_false(ke_fixture_establish(f));
    struct ke_generation old = {f, (uint32_t)ke_fixture_only_helper(f)};
    kill((pid_t)old.wanted, SIGKILL);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_has_new_helper, &old, 10.0));
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_listener_ends(f->listener, KE_END_HELPER_LOST), 2);
}

static void failed_handshakes_are_counted(void **state)
{
    struct ke_fixture *f = *state;
    const struct tls_peer bad_name = {.alpn = "ntske/1", .server_name = "not_a_host"};
    const struct tls_peer old = {.alpn = "ntske/1", .priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2"};

    if (log_lowest() != LOG_SEV_DEBUG)
        skip();
    log_set_threshold(LOG_SEV_DEBUG);
    for (int processes = 0; processes < 2; processes++) {
        tls_fixture_clear_log(&f->tls);
        ke_fixture_start(f, processes);
        pid_t pid = tls_peer_client(&f->tls, &bad_name);
        ke_fixture_await_log(
            f, "failed so far: 1 (server name refused), 0 (nothing in common), 0 (refused");
        waitpid(pid, NULL, 0);
        pid = tls_peer_client(&f->tls, &old);
        ke_fixture_await_log(
            f, "failed so far: 1 (server name refused), 1 (nothing in common), 0 (refused");
        waitpid(pid, NULL, 0);
        assert_int_equal(ke_listener_ends(f->listener, KE_END_BAD_NAME), 1);
        assert_int_equal(ke_listener_ends(f->listener, KE_END_NO_MATCH), 1);
        ke_fixture_end(f);
    }
    log_set_threshold(LOG_SEV_INFO);
}

static void certificates_in_use_can_be_renewed_in_the_main_process(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 0);
    unlink(f->tls.cert_files[0]);
    ke_listener_rekey(f->listener);
    assert_true(tls_fixture_log_has(&f->tls, "old certificate and key stay in use"));
    assert_true(ke_fixture_establish(f));
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    ke_listener_rekey(f->listener);
    assert_true(tls_fixture_log_has(&f->tls, "Read NTS server certificates and keys again"));
    assert_true(ke_fixture_establish(f));
}

static void main_process_serves_as_soon_as_files_are_mended(void **state)
{
    struct ke_fixture *f = *state;

    unlink(f->tls.cert_files[0]);
    ke_fixture_start(f, 0);
    assert_false(ke_fixture_port_is_open(f));
    assert_int_equal(ke_fixture_log_count(f, "; there is no NTS-KE until this is mended"), 1);
    ke_fixture_run_for(f, 0.1);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    ke_fixture_run_for(f, 0.1);
    assert_false(ke_fixture_port_is_open(f));
    f->tls.clock_offset += 10.0;
    assert_true(tls_fixture_run(&f->tls, ke_fixture_port_opens, f, 5.0));
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_fixture_log_count(f, "can be used now"), 1);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KE_TEST(helpers_serve_with_the_current_key),
        KE_TEST(sessions_in_the_main_process),
        KE_TEST(access_and_rate_limit_come_first),
        KE_TEST(one_address_gets_a_quarter),
        KE_TEST(connections_wait_for_a_busy_helper),
        KE_TEST(sessions_of_a_dead_helper_do_not_count),
        KE_TEST(failed_handshakes_are_counted),
        KE_TEST(certificates_in_use_can_be_renewed_in_the_main_process),
        KE_TEST(main_process_serves_as_soon_as_files_are_mended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

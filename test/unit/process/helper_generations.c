/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations of helpers, with NTS-KE helpers as an example: new ones with good and bad files,
 * orders in a row, starts that fail.
 */
#include "test/unit/support/ke_server.h"
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
static void new_generation_serves_the_new_certificate(void **state)
{
    struct ke_fixture *f = *state;
    struct ke_generation second = {f, 2};
    struct test_cert old_ca = f->tls.ca;
    const int64_t now = ke_fixture_now(f);
    const struct test_cert_spec ca = {
        .cn = "New CA", .from = now - TEST_DAY, .to = now + 50 * TEST_DAY, .ca = true};
    const struct test_cert_spec leaf = {
        .cn = "new", .dns = "ntp.test.example", .from = now - 60, .to = now + 40 * TEST_DAY};
    const struct test_cert *list[] = {&f->tls.ca};

    ke_fixture_start(f, 2);
    assert_true(ke_fixture_establish(f));
    int idle = ke_fixture_connect(f);
    ke_fixture_run_for(f, 0.1);
    f->tls.ca = test_cert_make(&ca);
    tls_fixture_new_leaf(&f->tls, &leaf);
    /* Files alone change nothing. */
    assert_true(ke_fixture_establish(f));
    ke_listener_rekey(f->listener);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_has_generation, &second, 10.0));
    /* The old generation keeps its connection until its own end. */
    assert_false(ke_fixture_is_closed(idle));
    assert_false(ke_fixture_establish(f));
    test_cert_write(f->tls.trusted[0].path, list, 1);
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_fixture_log_count(f, "read certificates and keys again"), 1);
    test_cert_free(&old_ca);
}

static void bad_files_keep_the_old_generation(void **state)
{
    struct ke_fixture *f = *state;
    const struct test_cert_spec spec = {.cn = "other"};
    const int64_t now = ke_fixture_now(f);
    const struct test_cert_spec expired = {.cn = "expired",
                                           .dns = "ntp.test.example",
                                           .from = now - 3 * TEST_DAY,
                                           .to = now - TEST_DAY};
    struct test_cert other = test_cert_make(&spec);

    ke_fixture_start(f, 1);
    pid_t before = ke_fixture_only_helper(f);
    test_key_write(f->tls.key_files[0], &other);
    ke_listener_rekey(f->listener);
    ke_fixture_await_log(f, "The certificate and the given key do not match. (");
    ke_fixture_await_log(f, "server.key); old certificate and key stay in use");
    unlink(f->tls.key_files[0]);
    ke_listener_rekey(f->listener);
    ke_fixture_await_log(
        f, "server.key: No such file or directory); old certificate and key stay in use");
    tls_fixture_new_leaf(&f->tls, &expired);
    ke_listener_rekey(f->listener);
    ke_fixture_await_log(f, "has expired (from ");
    assert_int_equal(ke_fixture_only_helper(f), before);
    assert_int_equal(helper_pool_generation(ke_listener_pool(f->listener)), 1);
    assert_true(ke_fixture_establish(f));
    test_cert_free(&other);
}

static void orders_during_a_start_are_remembered(void **state)
{
    struct ke_fixture *f = *state;
    struct ke_generation third = {f, 3};

    ke_fixture_start(f, 1);
    for (int i = 0; i < 5; i++)
        ke_listener_rekey(f->listener);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_has_generation, &third, 10.0));
    ke_fixture_run_for(f, 0.2);
    assert_int_equal(helper_pool_generation(ke_listener_pool(f->listener)), 3);
    assert_true(ke_fixture_establish(f));
}

/* Its replacement uses what the generation was started with, and not the files of today. */
static void helper_is_replaced_while_files_are_bad(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    for (int i = 0; i < 2; i++) {
        struct ke_generation old = {f, (uint32_t)ke_fixture_only_helper(f)};

        unlink(i == 0 ? f->tls.key_files[0] : f->tls.cert_files[0]);
        ke_listener_rekey(f->listener);
        ke_fixture_await_log(
            f, i == 0
                   ? "server.key: No such file or directory); old certificate and key stay in use"
                   : "server.crt: No such file or directory); old certificate and key stay in use");
        kill((pid_t)old.wanted, SIGKILL);
        assert_true(tls_fixture_run(&f->tls, ke_fixture_has_new_helper, &old, 10.0));
        assert_true(ke_fixture_establish(f));
    }
    assert_int_equal(ke_fixture_log_count(f, "No such file or directory"), 2);
}

/* What was refused is done later, without a word. */
static void renewals_in_a_row_are_all_done(void **state)
{
    struct ke_fixture *f = *state;
    struct ke_generation g = {f, 0};

    ke_fixture_start(f, 1);
    for (int i = 0; i < 12; i++) {
        g.wanted = helper_pool_generation(ke_listener_pool(f->listener)) + 1;
        ke_listener_rekey(f->listener);
        f->tls.clock_offset += 3.0;
        assert_true(tls_fixture_run(&f->tls, ke_fixture_has_generation, &g, 20.0));
    }
    assert_true(ke_fixture_establish(f));
    assert_int_equal(ke_fixture_log_count(f, "read certificates and keys again"), 12);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 12);
}

static void helpers_start_as_soon_as_files_are_mended(void **state)
{
    struct ke_fixture *f = *state;
    struct ke_generation second = {f, 2};

    unlink(f->tls.cert_files[0]);
    ke_fixture_start(f, 2);
    assert_int_equal(
        ke_fixture_log_count(f, "/server.crt: No such file or directory); there is no NTS-KE until "
                                "this is mended\n"),
        1);
    assert_int_equal(ke_fixture_log_count(f, "\n"), 1);
    assert_false(ke_fixture_port_is_open(f));
    assert_int_equal(helper_pool_generation(ke_listener_pool(f->listener)), 0);
    ke_fixture_run_for(f, 0.1);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    ke_fixture_run_for(f, 0.1);
    assert_false(ke_fixture_port_is_open(f));
    assert_int_equal(f->rekeyed, 0);
    assert_int_equal(ke_listener_rekey(f->listener), KE_REKEY_LATER);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_has_generation, &second, 10.0));
    assert_int_equal(f->rekeyed, 1);
    assert_true(f->rekeyed_ok);
    assert_true(ke_fixture_establish(f));
    /* The fork server says so when it is told of the adoption, which nobody waits for. */
    ke_fixture_await_log(f, "can be used now");
    assert_int_equal(ke_fixture_log_count(f, "\n"), 2);
}

static int (*real_run)(void *ctx, const struct helper_identity *identity, int channel);
static const char *key_file;

static int fail_to_run(void *ctx, const struct helper_identity *identity, int channel)
{
    return access(key_file, X_OK) == 0 ? HELPER_EXIT_FATAL : real_run(ctx, identity, channel);
}

/* With good files nothing but time can mend it: it is tried again, and an order is an order. */
static void helpers_that_cannot_start_are_tried_again(void **state)
{
    struct ke_fixture *f = *state;
    struct ke_generation fourth = {f, 4};

    ke_fixture_make_role(f, 1);
    key_file = f->tls.key_files[0];
    real_run = f->role->run;
    f->role->run = fail_to_run;
    unlink(f->tls.cert_files[0]);
    ke_fixture_start(f, 1);
    chmod(f->tls.key_files[0], 0700);
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    assert_int_equal(ke_listener_rekey(f->listener), KE_REKEY_LATER);
    ke_fixture_await_log(f, "NTS-KE helpers failed; there is no NTS-KE\n");
    assert_false(f->rekeyed_ok);
    assert_int_equal(ke_listener_rekey(f->listener), KE_REKEY_LATER);
    while (f->rekeyed < 2)
        ke_fixture_run_for(f, 0.05);
    assert_int_equal(ke_fixture_log_count(f, "NTS-KE helpers failed; there is no NTS-KE\n"), 2);
    chmod(f->tls.key_files[0], 0600);
    ke_fixture_run_for(f, 0.1);
    assert_int_equal(helper_pool_generation(ke_listener_pool(f->listener)), 0);
    f->tls.clock_offset += 60.0;
    assert_true(tls_fixture_run(&f->tls, ke_fixture_has_generation, &fourth, 10.0));
    assert_true(ke_fixture_establish(f));
}

static bool was_rekeyed(void *arg)
{
    return ((struct ke_fixture *)arg)->rekeyed > 0;
}

static void end_of_a_renewal_is_reported(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    for (int bad = 0; bad < 2; bad++) {
        if (bad)
            unlink(f->tls.key_files[0]);
        f->rekeyed = 0;
        assert_int_equal(ke_listener_rekey(f->listener), KE_REKEY_LATER);
        assert_int_equal(f->rekeyed, 0);
        assert_true(tls_fixture_run(&f->tls, was_rekeyed, f, 10.0));
        assert_int_equal(f->rekeyed_ok, !bad);
        ke_fixture_run_for(f, 0.1);
        assert_int_equal(f->rekeyed, 1);
    }
    /* Two in a row end once. */
    f->rekeyed = 0;
    ke_listener_rekey(f->listener);
    ke_listener_rekey(f->listener);
    assert_true(tls_fixture_run(&f->tls, was_rekeyed, f, 10.0));
    ke_fixture_run_for(f, 0.2);
    assert_int_equal(f->rekeyed, 1);
}

static void old_helper_that_does_not_end_is_killed(void **state)
{
    struct ke_fixture *f = *state;

    ke_fixture_start(f, 1);
    pid_t pid = ke_fixture_only_helper(f);
    kill(pid, SIGSTOP);
    ke_listener_rekey(f->listener);
    ke_fixture_await_log(f, "NTS-KE helpers read certificates and keys again");
    assert_true(ke_fixture_establish(f));
    assert_false(ke_fixture_process_is_gone(&pid));
    ke_fixture_let_time_pass(f, 30.0);
    assert_true(tls_fixture_run(&f->tls, ke_fixture_process_is_gone, &pid, 10.0));
    assert_true(ke_fixture_establish(f));
}

static void expired_certificate_is_reported_at_the_start_and_served(void **state)
{
    struct ke_fixture *f = *state;
    const int64_t now = ke_fixture_now(f);
    const struct test_cert_spec expired = {.cn = "expired",
                                           .dns = "ntp.test.example",
                                           .from = now - 3 * TEST_DAY,
                                           .to = now - TEST_DAY};

    tls_fixture_new_leaf(&f->tls, &expired);
    f->tls.conf.nts_client.no_cert_time_check = 2;
    ke_fixture_start(f, 2);
    assert_int_equal(ke_fixture_log_count(f, "has expired (from "), 1);
    assert_true(ke_fixture_establish(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KE_TEST(new_generation_serves_the_new_certificate),
        KE_TEST(bad_files_keep_the_old_generation),
        KE_TEST(orders_during_a_start_are_remembered),
        KE_TEST(helper_is_replaced_while_files_are_bad),
        KE_TEST(renewals_in_a_row_are_all_done),
        KE_TEST(helpers_start_as_soon_as_files_are_mended),
        KE_TEST(helpers_that_cannot_start_are_tried_again),
        KE_TEST(end_of_a_renewal_is_reported),
        KE_TEST(old_helper_that_does_not_end_is_killed),
        KE_TEST(expired_certificate_is_reported_at_the_start_and_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

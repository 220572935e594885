/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE sessions of both roles over loopback TCP, those of clients in both ways, here and in the
 * process for them: against each other, and against peers that break
 * the rules; messages, verification, limits of time and size, segments (nts.md 6, 7).
 */
#include "test/unit/support/ke_process.h"
#include "test/unit/support/tls.h"
#include "test/unit/support/unit.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/cookie.h"
#include "nts/ke_client.h"
#include "nts/ke_record.h"
#include "nts/ke_sessions.h"
#include "nts/tls_credentials.h"
#include "nts/tls_verify.h"

struct fixture {
    struct tls_fixture tls;
    struct ke_client_env env;
    struct ke_process_fixture process; /* with env.link */
    struct ke_client *client;
    struct ke_failure failure; /* of the start */
    struct ke_sessions *sessions;
    struct nts_server_key key;
    int64_t now;
    int clock_updates;
    int ended; /* server sessions */
    enum ke_end end;
    pid_t peer;
};

static const uint8_t request15[] = {0x80, 1, 0, 2, 0, 0, 0x80, 4, 0, 2, 0, 15, 0x80, 0, 0, 0};

/* ---- Fixture ---- */

static int64_t client_now(void *arg)
{
    return ((struct fixture *)arg)->now;
}

static int client_updates(void *arg)
{
    return ((struct fixture *)arg)->clock_updates;
}

static void on_server_ended(uint32_t id, enum ke_end end, void *arg)
{
    struct fixture *f = arg;

    assert_int_equal(id, 7);
    f->ended++;
    f->end = end;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    tls_fixture_init(&f->tls);
    f->now = world_raw_now(f->tls.linux).i.sec;
    f->env = (struct ke_client_env){
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf.nts_client,
        .bind = &f->tls.conf.sockets.client,
        .aeads = tls_fixture_aeads(),
        .now = client_now,
        .clock_updates = client_updates,
        .arg = f,
    };
    f->key = (struct nts_server_key){.id = 5, .aead = AEAD_AES_SIV_CMAC_256, .key.length = 32};
    memset(f->key.key.data, 0x77, 32);
    *state = f;
    return 0;
}

static int set_up_process(void **state)
{
    set_up(state);
    struct fixture *f = *state;

    ke_process_fixture_start(&f->process, &f->tls.world, f->tls.loop, &f->tls.conf.nts_client,
                             &f->env.aeads);
    f->env.link = f->process.link;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->peer > 0)
        waitpid(f->peer, NULL, 0);
    ke_client_free(f->client);
    if (f->env.link)
        ke_process_fixture_end(&f->process);
    if (f->sessions)
        loop_fd_remove(f->tls.loop, f->tls.listener);
    ke_sessions_free(f->sessions);
    assert_null(f->env.set0);
    tls_fixture_free(&f->tls);
    free(f);
    return 0;
}

static void on_accept(int fd, unsigned int event, void *arg)
{
    struct fixture *f = arg;
    struct ip_port peer;
    int connection = f->tls.world.ops->accept(f->tls.world.ctx, fd, &peer);

    assert_true(connection >= 0);
    ke_sessions_start(f->sessions, 7, connection, &peer, &f->key);
}

static void start_server(struct fixture *f)
{
    const struct ke_sessions_env env = {
        .world = &f->tls.world,
        .loop = f->tls.loop,
        .conf = &f->tls.conf.nts_server,
        .ntp_port = (uint16_t)f->tls.conf.sockets.port,
        .aeads = tls_fixture_aeads(),
        .ended = on_server_ended,
        .arg = f,
    };
    char error[TLS_ERROR_SIZE];
    struct tls_credentials *credentials = tls_fixture_credentials(&f->tls, error);

    if (!credentials)
        fail_msg("%s", error);
    f->sessions = ke_sessions_new(&env);
    ke_sessions_set_credentials(f->sessions, credentials);
    tls_credentials_unref(credentials);
    loop_fd_add(f->tls.loop, f->tls.listener, WORLD_READ, on_accept, f);
}

/* New sessions use the files as they are now. */
static void renew_server(struct fixture *f)
{
    char error[TLS_ERROR_SIZE];
    struct tls_credentials *credentials = tls_fixture_credentials(&f->tls, error);

    assert_non_null(credentials);
    ke_sessions_set_credentials(f->sessions, credentials);
    tls_credentials_unref(credentials);
}

static void start_client(struct fixture *f, const char *name)
{
    struct ip_port address = tls_fixture_address(&f->tls);

    f->client = ke_client_start(&f->env, &address, name, 0, &f->failure);
    assert_non_null(f->client);
    assert_true(ke_client_is_active(f->client));
    assert_int_equal(ke_client_retry_factor(f->client), 4);
}

static bool client_is_done(void *arg)
{
    struct fixture *f = arg;

    return !ke_client_is_active(f->client);
}

static bool both_are_done(void *arg)
{
    struct fixture *f = arg;

    return client_is_done(f) && f->ended > 0;
}

static bool server_is_done(void *arg)
{
    return ((struct fixture *)arg)->ended > 0;
}

static bool client_gets_result(struct fixture *f, struct ke_result *result)
{
    memset(result, 0, sizeof(*result));
    assert_true(tls_fixture_run(&f->tls, client_is_done, f, 10.0));
    return ke_client_take_result(f->client, result);
}

/* The session fails, and the log has `text` with the label in front of which %s stands. */
static void client_fails(struct fixture *f, const char *name, const char *format, int factor)
{
    struct ke_result result;
    char label[128], expected[512];

    start_client(f, name);
    assert_false(client_gets_result(f, &result));
    snprintf(label, sizeof(label), "127.0.0.1:%u (%s)", f->tls.port, name);
    snprintf(expected, sizeof(expected), format, label);
    assert_true(tls_fixture_log_has(&f->tls, expected));
    assert_int_equal(ke_client_retry_factor(f->client), factor);
}

/* ... with this reason for explain; text NULL: the address. */
static void failure_is(struct fixture *f, enum finding_code code, const char *text)
{
    const struct ke_failure *failure = ke_client_failure(f->client);
    char address[ADDR_TEXT_SIZE];
    struct ip_port server = tls_fixture_address(&f->tls);

    assert_string_equal(finding_word(failure->code), finding_word(code));
    assert_string_equal(failure->text,
                        text ? text : ip_port_format(&server, address, sizeof(address)));
    assert_true(loop_uptime(f->tls.loop) - failure->when < 5.0);
}

static int peer_status(struct fixture *f)
{
    int status = -1;

    assert_int_equal(waitpid(f->peer, &status, 0), f->peer);
    f->peer = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- Success ---- */

static void client_and_server_agree_on_keys(void **state)
{
    struct fixture *f = *state;
    struct nts_server_key keys[NTS_SERVER_KEYS] = {{0}};
    struct nts_context context;
    struct ke_result result;

    start_server(f);
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    assert_int_equal(result.context.aead, f->env.aeads.ids[0]);
    assert_int_equal(result.alt_context.aead, 0);
    assert_int_equal(result.cookie_count, NTS_MAX_COOKIES);
    assert_int_equal(result.ntp_port, 0);
    assert_int_equal(result.ntp_addr.family, IP_UNSPEC);
    assert_true(result.valid_until > f->now + 80 * TEST_DAY);
    assert_true(result.dates_checked);
    assert_int_equal(ke_client_failure(f->client)->code, 0);
    keys[f->key.id % NTS_SERVER_KEYS] = f->key;
    for (int i = 0; i < result.cookie_count; i++) {
        assert_true(nts_cookie_decode(keys, NULL, result.cookies[i].data, result.cookies[i].length,
                                      &context));
        assert_true(
            crypto_equal(context.c2s.data, result.context.c2s.data, result.context.c2s.length));
        assert_true(
            crypto_equal(context.s2c.data, result.context.s2c.data, result.context.s2c.length));
        assert_int_equal(context.aead, result.context.aead);
    }
    assert_int_equal(ke_client_retry_factor(f->client), 10);
    assert_true(tls_fixture_run(&f->tls, both_are_done, f, 5.0));
    assert_int_equal(f->end, KE_END_COMPLETE);
    /* The result is handed over once, and nothing was logged. */
    assert_false(ke_client_take_result(f->client, &result));
    char *log = tls_fixture_log(&f->tls);
    assert_string_equal(log, "");
    free(log);
}

static void client_makes_seven_transmissions_and_server_two_writes(void **state)
{
    struct fixture *f = *state;
    struct ke_result result;
    int client_writes[8], client = 0, server = 0, client_fd;

    start_server(f);
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    assert_true(tls_fixture_run(&f->tls, both_are_done, f, 5.0));
    client_fd = f->tls.write_fds[0]; /* ClientHello */
    for (int i = 0; i < f->tls.write_count; i++) {
        if (f->tls.write_fds[i] == client_fd && client < 8)
            client_writes[client++] = f->tls.writes[i];
        else
            server++;
    }
    /* With connect and close: ClientHello, ChangeCipherSpec, Finished, request, close_notify. */
    assert_int_equal(client, 5);
    assert_int_equal(client_writes[1], 6);
    assert_int_equal(server, 2);
    /* For the client's Finished, after which it may wait with the request. */
    assert_int_equal(f->tls.quick_acks, 1);
}

static void client_sends_four_transmissions_when_it_refuses_the_certificate(void **state)
{
    struct fixture *f = *state;
    struct ke_result result;
    int client = 0;

    start_server(f);
    start_client(f, "other.test.example");
    assert_false(client_gets_result(f, &result));
    for (int i = 0; i < f->tls.write_count; i++)
        if (f->tls.write_fds[i] == f->tls.write_fds[0])
            client++;
    assert_int_equal(client, 2);
    assert_int_equal(f->tls.writes[f->tls.write_count - 1], 6);
}

static void negotiated_port_and_address_are_taken(void **state)
{
    struct fixture *f = *state;
    struct ke_result result;
    char server[] = "192.0.2.99";

    f->tls.conf.sockets.port = 11123;
    f->tls.conf.nts_server.ntp_server = server;
    start_server(f);
    start_client(f, "127.0.0.1");
    assert_true(client_gets_result(f, &result));
    assert_int_equal(result.ntp_port, 11123);
    struct ip_addr expected = ip_addr_v4(192, 0, 2, 99);
    assert_true(ip_addr_equal(&result.ntp_addr, &expected));
}

static void negotiated_name_is_resolved(void **state)
{
    struct fixture *f = *state;
    struct ke_result result;
    char server[] = "time.example";
    struct ip_addr expected = ip_addr_v4(192, 0, 2, 50);

    f->tls.conf.nts_server.ntp_server = server;
    start_server(f);
    start_client(f, "ntp.test.example.");
    assert_true(client_gets_result(f, &result));
    assert_string_equal(f->tls.resolved_name, "time.example.");
    /* The first one of the family of the NTS-KE server. */
    assert_true(ip_addr_equal(&result.ntp_addr, &expected));

    ke_client_free(f->client);
    f->tls.resolve_status = RESOLVE_TRY_AGAIN;
    start_client(f, "ntp.test.example");
    assert_false(client_gets_result(f, &result));
    assert_true(tls_fixture_log_has(
        &f->tls, "Could not resolve NTP server time.example. from ntp.test.example"));
    failure_is(f, FINDING_NTS_NAME_UNRESOLVED, "time.example");
}

static bool resolution_is_done(void *arg)
{
    return ((struct fixture *)arg)->tls.resolve_timer == 0;
}

static void freeing_a_client_during_anything_is_safe(void **state)
{
    struct fixture *f = *state;
    char server[] = "localhost";

    f->tls.conf.nts_server.ntp_server = server;
    start_server(f);
    for (int rounds = 0; rounds < 12; rounds++) {
        start_client(f, "ntp.test.example");
        for (int i = 0; i < rounds; i++)
            loop_run_once(f->tls.loop);
        ke_client_free(f->client);
        f->client = NULL;
        if (f->tls.resolve_timer != 0)
            tls_fixture_run(&f->tls, resolution_is_done, f, 1.0);
    }
}

/* ---- Verification (6.3) ---- */

#define REFUSED                                                                                    \
    "TLS handshake with %s failed : Error in the certificate verification. "                       \
    "The certificate is NOT trusted. "

static void wrong_name_is_refused(void **state)
{
    struct fixture *f = *state;

    start_server(f);
    client_fails(f, "other.test.example",
                 REFUSED "The name in the certificate does not match the expected. ", 10);
    failure_is(f, FINDING_NTS_CERTIFICATE_OTHER_NAME, "ntp.test.example, 127.0.0.1");
}

static void address_must_be_in_the_certificate(void **state)
{
    struct fixture *f = *state;
    const struct test_cert_spec no_ip = {
        .cn = "127.0.0.1", .dns = "127.0.0.1", .from = f->now - TEST_DAY, .to = f->now + TEST_DAY};

    tls_fixture_new_leaf(&f->tls, &no_ip);
    start_server(f);
    client_fails(f, "127.0.0.1",
                 REFUSED "The name in the certificate does not match the expected. ", 10);
    failure_is(f, FINDING_NTS_CERTIFICATE_OTHER_NAME, "127.0.0.1");
}

static void certificate_of_a_client_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *purpose;
        bool ok;
    } cases[] = {{GNUTLS_KP_TLS_WWW_CLIENT, false},
                 {GNUTLS_KP_TIME_STAMPING, false},
                 {GNUTLS_KP_TLS_WWW_SERVER, true},
                 {GNUTLS_KP_ANY, true}};
    struct test_cert_spec spec = {.cn = "purpose",
                                  .dns = "ntp.test.example",
                                  .from = f->now - TEST_DAY,
                                  .to = f->now + TEST_DAY};

    start_server(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        spec.purpose = cases[i].purpose;
        tls_fixture_new_leaf(&f->tls, &spec);
        renew_server(f);
        if (cases[i].ok) {
            struct ke_result result;
            start_client(f, "ntp.test.example");
            assert_true(client_gets_result(f, &result));
        } else {
            client_fails(f, "ntp.test.example",
                         REFUSED "The certificate chain does not match the intended purpose. ", 10);
            failure_is(f, FINDING_NTS_CERTIFICATE_REFUSED,
                       "The certificate is NOT trusted. The certificate chain does not match the "
                       "intended purpose.");
        }
        ke_client_free(f->client);
        f->client = NULL;
        tls_fixture_clear_log(&f->tls);
    }
}

static void expired_certificate_is_refused(void **state)
{
    struct fixture *f = *state;

    f->now += 95 * TEST_DAY; /* beyond the certificate, not beyond its CA */
    start_server(f);
    client_fails(f, "ntp.test.example", REFUSED "The certificate chain uses expired certificate. ",
                 10);
    failure_is(f, FINDING_NTS_CERTIFICATE_EXPIRED, "CN=server");
    assert_true(ke_client_failure(f->client)->valid_until < f->now);
    assert_true(ke_client_failure(f->client)->valid_from < f->now - 95 * TEST_DAY);
}

static void not_yet_valid_certificate_is_refused(void **state)
{
    struct fixture *f = *state;

    f->now -= 2 * TEST_DAY;
    start_server(f);
    client_fails(f, "ntp.test.example",
                 REFUSED "The certificate chain uses not yet valid certificate. ", 10);
    failure_is(f, FINDING_NTS_CERTIFICATE_NOT_YET_VALID, "CN=server");
    assert_true(ke_client_failure(f->client)->valid_from > f->now);
}

static void untrusted_certificate_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct test_cert_spec self_signed = {.cn = "ntp.test.example",
                                               .dns = "ntp.test.example",
                                               .from = f->now - TEST_DAY,
                                               .to = f->now + TEST_DAY};
    struct test_cert own = test_cert_make(&self_signed);
    const struct test_cert *list[] = {&own};

    test_cert_write(f->tls.cert_files[0], list, 1);
    test_key_write(f->tls.key_files[0], &own);
    start_server(f);
    client_fails(f, "ntp.test.example", REFUSED "The certificate issuer is unknown. ", 10);
    failure_is(f, FINDING_NTS_CERTIFICATE_SELF_SIGNED, "ntp.test.example");
    /* The same one is accepted when it is in the set itself. */
    ke_client_free(f->client);
    test_cert_write(f->tls.trusted[0].path, list, 1);
    start_client(f, "ntp.test.example");
    struct ke_result result;
    assert_true(client_gets_result(f, &result));
    /* ... and its dates count. */
    ke_client_free(f->client);
    f->now += 2 * TEST_DAY;
    client_fails(f, "ntp.test.example", REFUSED "The certificate chain uses expired certificate. ",
                 10);
    test_cert_free(&own);
}

static void nocerttimecheck_counts_clock_updates(void **state)
{
    struct fixture *f = *state;
    struct ke_result result;

    f->now += 1000 * TEST_DAY;
    f->tls.conf.nts_client.no_cert_time_check = 2;
    f->clock_updates = 1;
    start_server(f);
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    ke_client_free(f->client);
    f->clock_updates = 2;
    client_fails(f, "ntp.test.example", REFUSED "The certificate chain uses expired certificate. ",
                 10);
}

/* A certificate that only has the name of the issuer must not stand in for an expired one. */
static void decoy_does_not_hide_an_expired_intermediate(void **state)
{
    struct fixture *f = *state;
    const int64_t now = f->now;
    const struct test_cert_spec expired = {.cn = "Intermediate",
                                           .from = now - 3 * TEST_DAY,
                                           .to = now - TEST_DAY,
                                           .ca = true,
                                           .issuer = &f->tls.ca};
    const struct test_cert_spec fake = {
        .cn = "Intermediate", .from = now - TEST_DAY, .to = now + TEST_DAY, .ca = true};
    struct test_cert intermediate = test_cert_make(&expired), decoy = test_cert_make(&fake);
    const struct test_cert_spec leaf_spec = {.cn = "leaf",
                                             .dns = "ntp.test.example",
                                             .from = now - TEST_DAY,
                                             .to = now + TEST_DAY,
                                             .issuer = &intermediate};
    struct test_cert leaf = test_cert_make(&leaf_spec);
    const struct test_cert *chain[] = {&leaf, &decoy, &intermediate, &f->tls.ca};
    gnutls_x509_trust_list_t trusted;
    gnutls_datum_t der[4];
    struct tls_certificate_dates bad;
    unsigned int status;

    gnutls_x509_trust_list_init(&trusted, 0);
    gnutls_x509_trust_list_add_cas(trusted, &f->tls.ca.crt, 1, 0);
    for (int i = 0; i < 4; i++)
        assert_true(gnutls_x509_crt_export2(chain[i]->crt, GNUTLS_X509_FMT_DER, &der[i]) >= 0);
    for (unsigned int count = 3; count <= 4; count++) {
        status = tls_verify_dates(trusted, der, count, now, &bad);
        assert_int_equal(status, GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED);
        assert_string_equal(bad.subject, "CN=Intermediate");
        assert_int_equal(bad.not_after, expired.to);
        assert_int_equal(tls_verify_dates(trusted, der, count, now - 2 * TEST_DAY, &bad),
                         GNUTLS_CERT_INVALID | GNUTLS_CERT_NOT_ACTIVATED);
    }
    /* Without the real issuer there is no path at all. */
    assert_int_equal(tls_verify_dates(trusted, der, 2, now, &bad),
                     GNUTLS_CERT_INVALID | GNUTLS_CERT_SIGNER_NOT_FOUND);
    for (int i = 0; i < 4; i++)
        gnutls_free(der[i].data);
    gnutls_x509_trust_list_deinit(trusted, 0);
    test_cert_free(&leaf);
    test_cert_free(&decoy);
    test_cert_free(&intermediate);
}

/* A server that makes its clients verify more than they should, whether or not dates are
   checked. */
static void endless_chain_is_refused(void **state)
{
    enum { LENGTH = 40 };
    struct fixture *f = *state;
    const struct tls_peer peer = {.alpn = "ntske/1"};
    struct test_cert certs[LENGTH];
    const struct test_cert *chain[LENGTH];

    for (int i = LENGTH - 1; i >= 0; i--) {
        const struct test_cert_spec spec = {.cn = i > 0 ? "Intermediate" : "leaf",
                                            .dns = i > 0 ? NULL : "ntp.test.example",
                                            .from = f->now - TEST_DAY,
                                            .to = f->now + TEST_DAY,
                                            .ca = i > 0,
                                            .issuer = i < LENGTH - 1 ? &certs[i + 1] : &f->tls.ca};
        certs[i] = test_cert_make(&spec);
        chain[i] = &certs[i];
    }
    test_cert_write(f->tls.cert_files[0], chain, LENGTH);
    test_key_write(f->tls.key_files[0], &certs[0]);
    for (int updates = 0; updates < 2; updates++) {
        f->tls.conf.nts_client.no_cert_time_check = updates;
        f->peer = tls_peer_server(&f->tls, &peer);
        client_fails(f, "ntp.test.example", "TLS handshake with %s failed : ", 10);
        assert_int_not_equal(peer_status(f), 0);
        ke_client_free(f->client);
        f->client = NULL;
    }
    for (int i = 0; i < LENGTH; i++)
        test_cert_free(&certs[i]);
}

/* ---- Clients and bad servers ---- */

static void refused_connection_keeps_the_short_retry(void **state)
{
    struct fixture *f = *state;

    close(f->tls.listener);
    client_fails(f, "ntp.test.example", "Could not connect to %s : Connection refused", 4);
    failure_is(f, FINDING_NTS_CONNECTION_REFUSED, NULL);
    f->tls.listener = socket(AF_INET, SOCK_STREAM, 0);
}

static void server_that_hangs_up_keeps_the_short_retry(void **state)
{
    struct fixture *f = *state;
    const struct tls_peer peer = {.close_tcp = true};

    f->peer = tls_peer_server(&f->tls, &peer);
    client_fails(f, "ntp.test.example", "TLS handshake with %s failed : ", 4);
    failure_is(f, FINDING_NTS_HANDSHAKE_CLOSED, NULL);
}

static void server_without_alpn_is_not_nts(void **state)
{
    struct fixture *f = *state;
    const struct tls_peer peer = {.alpn = NULL};

    f->peer = tls_peer_server(&f->tls, &peer);
    client_fails(f, "ntp.test.example", "NTS-KE not supported by %s", 10);
    failure_is(f, FINDING_NTS_NO_SERVICE, NULL);
    assert_int_equal(peer_status(f), 1);
}

static void tls12_server_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct tls_peer peer = {.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2", .alpn = "ntske/1"};

    f->peer = tls_peer_server(&f->tls, &peer);
    client_fails(f, "ntp.test.example", "TLS handshake with %s failed : ", 4);
    failure_is(f, FINDING_NTS_HANDSHAKE_CLOSED, NULL); /* without an alert */
}

static void invalid_responses_are_refused(void **state)
{
    struct fixture *f = *state;
    static const uint8_t error_record[] = {0x80, 2, 0, 2, 0, 1, 0x80, 0, 0, 0};
    static const uint8_t bad_end[] = {0x00, 0, 0, 0};
    const struct tls_peer invalid_response = {
        .alpn = "ntske/1", .data = error_record, .length = sizeof(error_record)};
    const struct tls_peer invalid_message = {
        .alpn = "ntske/1", .data = bad_end, .length = sizeof(bad_end)};

    f->peer = tls_peer_server(&f->tls, &invalid_response);
    client_fails(f, "ntp.test.example", "Received invalid NTS-KE response from ntp.test.example",
                 10);
    failure_is(f, FINDING_NTS_ERROR_RECORD, "it takes the request for malformed");
    assert_int_equal(ke_client_failure(f->client)->number, KE_ERROR_BAD_REQUEST);
    peer_status(f);
    ke_client_free(f->client);
    f->peer = tls_peer_server(&f->tls, &invalid_message);
    client_fails(f, "ntp.test.example", "Received invalid NTS-KE message from %s", 10);
    failure_is(f, FINDING_NTS_INVALID_RESPONSE, "its records are malformed");
    peer_status(f);
    /* Nothing before the end. */
    ke_client_free(f->client);
    const struct tls_peer nothing = {.alpn = "ntske/1"};
    f->peer = tls_peer_server(&f->tls, &nothing);
    client_fails(f, "ntp.test.example", "Received invalid NTS-KE message from %s", 10);
    failure_is(f, FINDING_NTS_NO_RESPONSE, "it ended the connection");
}

static void client_gives_up_after_16_seconds(void **state)
{
    struct fixture *f = *state;

    start_client(f, "ntp.test.example"); /* nobody accepts */
    for (int i = 0; i < 3; i++)
        loop_run_once(f->tls.loop);
    f->tls.clock_offset = 15.0; /* the test itself takes a while */
    tls_fixture_run(&f->tls, client_is_done, f, 0.1);
    assert_true(ke_client_is_active(f->client));
    f->tls.clock_offset = 16.5;
    assert_true(tls_fixture_run(&f->tls, client_is_done, f, 10.0));
    assert_true(tls_fixture_log_has(&f->tls, "timed out"));
    failure_is(f, FINDING_NTS_HANDSHAKE_TIMEOUT, NULL);
    assert_int_equal(ke_client_retry_factor(f->client), 4);
}

/* ---- Servers and bad clients ---- */

/* Status of the peer; the server's session has ended. */
static int serve_peer(struct fixture *f, const struct tls_peer *peer)
{
    f->ended = 0;
    f->peer = tls_peer_client(&f->tls, peer);
    assert_true(tls_fixture_run(&f->tls, server_is_done, f, 10.0));
    assert_int_equal(ke_sessions_active(f->sessions), 0);
    return peer_status(f);
}

static void split_requests_are_answered(void **state)
{
    struct fixture *f = *state;
    struct tls_peer peer = {.alpn = "ntske/1", .data = request15, .length = sizeof(request15)};

    start_server(f);
    for (size_t piece = 0; piece < sizeof(request15); piece += 3) {
        peer.piece = piece;
        assert_int_equal(serve_peer(f, &peer), 0);
        assert_int_equal(f->end, KE_END_COMPLETE);
    }
}

static void clients_without_ntske_or_tls13_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct tls_peer peer = {.data = request15, .length = sizeof(request15)};

    start_server(f);
    assert_int_equal(serve_peer(f, &peer), 1);
    assert_int_equal(f->end, KE_END_NO_ALPN);
    peer.alpn = "http/1.1";
    assert_int_not_equal(serve_peer(f, &peer), 0);
    peer.alpn = "ntske/1";
    peer.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    assert_int_equal(serve_peer(f, &peer), TLS_PEER_ALERT + GNUTLS_A_HANDSHAKE_FAILURE);
    assert_int_equal(f->end, KE_END_NO_MATCH);
    /* ... and the server goes on. */
    peer.priority = NULL;
    assert_int_equal(serve_peer(f, &peer), 0);
}

static void failed_handshakes_end_with_an_alert_and_a_reason(void **state)
{
    struct fixture *f = *state;
    const struct test_cert_spec no_signature = {.cn = "encipherment",
                                                .dns = "ntp.test.example",
                                                .from = f->now - TEST_DAY,
                                                .to = f->now + TEST_DAY,
                                                .usage = GNUTLS_KEY_KEY_ENCIPHERMENT};
    struct tls_peer peer = {.alpn = "ntske/1",
                            .data = request15,
                            .length = sizeof(request15),
                            .server_name = "not_a_host"};

    start_server(f);
    assert_int_equal(serve_peer(f, &peer), TLS_PEER_ALERT + GNUTLS_A_ILLEGAL_PARAMETER);
    assert_int_equal(f->end, KE_END_BAD_NAME);
    peer.server_name = "other.example";
    assert_int_equal(serve_peer(f, &peer), 0);
    assert_int_equal(f->end, KE_END_COMPLETE);
    /* A certificate that TLS 1.3 cannot use. */
    tls_fixture_new_leaf(&f->tls, &no_signature);
    renew_server(f);
    assert_int_equal(serve_peer(f, &peer), TLS_PEER_ALERT + GNUTLS_A_HANDSHAKE_FAILURE);
    assert_int_equal(f->end, KE_END_NO_MATCH);
    char *log = tls_fixture_log(&f->tls);
    assert_string_equal(log, "");
    free(log);
}

/* Fills up to the size with records that are not critical, before End of Message. */
static void fill_message(uint8_t *message, size_t size)
{
    struct writer w = writer_make(message, size);
    static const uint8_t zeros[16384];

    writer_bytes(&w, request15, sizeof(request15) - 4);
    ke_record_add(&w, false, 0x4000, zeros, size - w.pos - 8);
    ke_record_add(&w, true, KE_RECORD_END, NULL, 0);
    assert_false(w.failed);
    assert_int_equal(w.pos, size);
}

static void messages_up_to_16384_octets_are_answered(void **state)
{
    struct fixture *f = *state;
    static uint8_t message[NTS_KE_MAX_MESSAGE + 4];
    struct tls_peer peer = {.alpn = "ntske/1", .data = message, .length = NTS_KE_MAX_MESSAGE};

    start_server(f);
    fill_message(message, NTS_KE_MAX_MESSAGE);
    assert_int_equal(serve_peer(f, &peer), 0);
    fill_message(message, NTS_KE_MAX_MESSAGE + 4);
    peer.length = NTS_KE_MAX_MESSAGE + 4;
    peer.piece = 5000;
    assert_int_equal(serve_peer(f, &peer), 1);
    assert_int_equal(f->end, KE_END_BAD_MESSAGE);
}

static void idle_clients_are_dropped_after_2_seconds(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->tls.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char octet;

    start_server(f);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    loop_run_once(f->tls.loop);
    assert_int_equal(ke_sessions_active(f->sessions), 1);
    f->tls.clock_offset = 1.2; /* the test itself takes a while */
    assert_false(tls_fixture_run(&f->tls, server_is_done, f, 0.05));
    f->tls.clock_offset = 2.2;
    assert_true(tls_fixture_run(&f->tls, server_is_done, f, 10.0));
    assert_int_equal(f->end, KE_END_TIMED_OUT);
    assert_int_equal(recv(fd, &octet, 1, 0), 0);
    close(fd);
    /* Nothing that a client does is logged above debug. */
    char *log = tls_fixture_log(&f->tls);
    assert_string_equal(log, "");
    free(log);
}

static void garbage_instead_of_tls_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->tls.port)};
    static const char garbage[] = "GET / HTTP/1.0\r\n\r\n";
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    start_server(f);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(send(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
    assert_true(tls_fixture_run(&f->tls, server_is_done, f, 10.0));
    assert_int_equal(f->end, KE_END_HANDSHAKE);
    close(fd);
}

static int connect_idle(const struct fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->tls.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    return fd;
}

static bool is_open(int fd)
{
    char octet;

    return recv(fd, &octet, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void oldest_unfinished_connection_gives_way(void **state)
{
    struct fixture *f = *state;
    int fds[5];

    f->tls.conf.nts_server.max_connections = 3;
    start_server(f);
    for (int i = 0; i < 5; i++) {
        f->tls.clock_offset = 0.001 * i;
        fds[i] = connect_idle(f);
        loop_run_once(f->tls.loop);
        assert_int_equal(f->ended, i < 3 ? 0 : i - 2);
        for (int j = 0; j <= i; j++)
            assert_int_equal(is_open(fds[j]), j >= i - 2);
    }
    assert_int_equal(f->end, KE_END_GAVE_WAY);
    assert_int_equal(ke_sessions_active(f->sessions), 3);
    /* A client that comes now and does its part is served. */
    start_client(f, "ntp.test.example");
    struct ke_result result;
    assert_true(client_gets_result(f, &result));
    for (int i = 0; i < 5; i++)
        close(fds[i]);
}

/* A client that goes on only when it is told. */
struct slow_client {
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    int fd;
};

static struct slow_client connect_slow(const struct fixture *f)
{
    const gnutls_datum_t alpn = {(unsigned char *)"ntske/1", 7};
    struct slow_client c = {.fd = connect_idle(f)};

    assert_int_equal(fcntl(c.fd, F_SETFL, O_NONBLOCK), 0);
    gnutls_certificate_allocate_credentials(&c.credentials);
    gnutls_init(&c.session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(c.session, "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
    gnutls_credentials_set(c.session, GNUTLS_CRD_CERTIFICATE, c.credentials);
    gnutls_alpn_set_protocols(c.session, &alpn, 1, 0);
    gnutls_transport_set_int(c.session, c.fd);
    return c;
}

static void close_slow(const struct slow_client *c)
{
    gnutls_deinit(c->session);
    gnutls_certificate_free_credentials(c->credentials);
    close(c->fd);
}

static bool server_has_written(void *arg)
{
    return ((struct fixture *)arg)->tls.write_count > 0;
}

static bool slow_client_is_done(void *arg)
{
    return gnutls_handshake(((struct slow_client *)arg)->session) == 0;
}

/* Handshakes on their way and clients about to ask outlast younger connections that have sent
   nothing. */
static void who_has_sent_nothing_gives_way_first(void **state)
{
    struct fixture *f = *state;
    struct slow_client slow[2];
    int idle[3];

    f->tls.conf.nts_server.max_connections = 3;
    start_server(f);
    for (int i = 0; i < 2; i++) {
        slow[i] = connect_slow(f);
        f->tls.write_count = 0;
        assert_int_equal(gnutls_handshake(slow[i].session), GNUTLS_E_AGAIN);
        assert_true(tls_fixture_run(&f->tls, server_has_written, f, 5.0));
    }
    assert_true(tls_fixture_run(&f->tls, slow_client_is_done, &slow[1], 5.0));
    for (int i = 0; i < 3; i++) {
        f->tls.clock_offset += 0.2;
        idle[i] = connect_idle(f);
        loop_run_once(f->tls.loop);
        assert_int_equal(f->ended, i);
        for (int j = 0; j <= i; j++)
            assert_int_equal(is_open(idle[j]), j == i);
    }
    assert_int_equal(ke_sessions_active(f->sessions), 3);
    assert_true(tls_fixture_run(&f->tls, slow_client_is_done, &slow[0], 5.0));
    for (int i = 0; i < 2; i++)
        close_slow(&slow[i]);
    for (int i = 0; i < 3; i++)
        close(idle[i]);
}

/* Even the last one of those that have their place. */
static void handshake_gives_way_when_there_is_no_other(void **state)
{
    struct fixture *f = *state;

    f->tls.conf.nts_server.max_connections = 1;
    start_server(f);
    struct slow_client slow = connect_slow(f);
    assert_int_equal(gnutls_handshake(slow.session), GNUTLS_E_AGAIN);
    assert_true(tls_fixture_run(&f->tls, server_has_written, f, 5.0));
    int idle = connect_idle(f);
    loop_run_once(f->tls.loop);
    assert_int_equal(f->ended, 1);
    assert_true(is_open(idle));
    close_slow(&slow);
    close(idle);
}

static bool server_is_empty(void *arg)
{
    return ke_sessions_is_empty(((struct fixture *)arg)->sessions);
}

/* Who has his response holds no place, and still gets an orderly end. */
static void answered_client_that_stays_holds_no_place(void **state)
{
    struct fixture *f = *state;
    const struct tls_peer peer = {
        .alpn = "ntske/1", .data = request15, .length = sizeof(request15), .stay = true};
    struct ke_result result;

    f->tls.conf.nts_server.max_connections = 1;
    start_server(f);
    f->peer = tls_peer_client(&f->tls, &peer);
    assert_true(tls_fixture_run(&f->tls, server_is_done, f, 10.0));
    assert_int_equal(f->end, KE_END_COMPLETE);
    assert_int_equal(ke_sessions_active(f->sessions), 0);
    assert_false(ke_sessions_is_empty(f->sessions));
    /* The next one is served at once. No more than maxntsconnections may stay: the first makes
       way. */
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    assert_int_equal(peer_status(f), 0);
    /* When its time is over, one that stays ends without being counted again. */
    f->ended = 0;
    f->peer = tls_peer_client(&f->tls, &peer);
    assert_true(tls_fixture_run(&f->tls, server_is_done, f, 10.0));
    assert_false(server_is_empty(f));
    f->tls.clock_offset = 2.5;
    assert_true(tls_fixture_run(&f->tls, server_is_empty, f, 5.0));
    assert_int_equal(f->ended, 1);
    assert_int_equal(f->end, KE_END_COMPLETE);
    assert_int_equal(peer_status(f), 0);
}

/* ---- Credentials ---- */

static void missing_trusted_file_is_a_failed_start(void **state)
{
    struct fixture *f = *state;
    struct ip_port address = tls_fixture_address(&f->tls);
    char *good = f->tls.trusted[0].path, bad[] = "/nonexistent/ca.pem";

    f->tls.trusted[0].path = bad;
    if (f->env.link) {
        /* It turns out a moment later. */
        start_client(f, "ntp.test.example");
        assert_true(tls_fixture_run(&f->tls, client_is_done, f, 10.0));
        assert_true(ke_client_start_failed(f->client));
        f->failure = *ke_client_failure(f->client);
    } else {
        assert_null(ke_client_start(&f->env, &address, "ntp.test.example", 0, &f->failure));
    }
    assert_true(tls_fixture_log_has(
        &f->tls, "Could not set credentials : Error while reading file. (/nonexistent/ca.pem"));
    assert_int_equal(f->failure.code, FINDING_NTS_TRUST_UNREADABLE);
    assert_string_equal(
        f->failure.text,
        "Error while reading file. (/nonexistent/ca.pem: No such file or directory)");
    f->tls.trusted[0].path = good;
}

/* The sum of the authorities of a company can be large, and comments make it larger. */
static void trusted_bundle_of_megabytes_is_read(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen(f->tls.trusted[0].path, "a");
    char error[TLS_ERROR_SIZE];
    struct ke_result result;

    for (int i = 0; i < 100000; i++)
        fputs("# a company with very much to say about its certificates\n", file);
    for (int i = 0; i < 50; i++) {
        gnutls_datum_t pem;
        assert_true(gnutls_x509_crt_export2(f->tls.leaf.crt, GNUTLS_X509_FMT_PEM, &pem) >= 0);
        fwrite(pem.data, 1, pem.size, file);
        gnutls_free(pem.data);
    }
    fclose(file);
    start_server(f);
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    /* There is a limit, and it is named. */
    assert_int_equal(truncate(f->tls.trusted[0].path, TLS_TRUSTED_MAX_SIZE + 1), 0);
    assert_null(tls_credentials_new_client(&f->tls.world, &f->tls.conf.nts_client, 0, error,
                                           sizeof(error)));
    assert_non_null(strstr(error, "/ca.pem: larger than 67108864 octets)"));
}

/* Each attempt would say `issuer is unknown` and no more. */
static void empty_set_of_trusted_certificates_is_said_once(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "There is no trusted certificate in set 0 (ntstrustedcerts); "
                               "no NTS server can be verified with it\n";
    char *good = f->tls.trusted[0].path, null[] = "/dev/null";
    struct ke_result result;

    start_server(f);
    for (int round = 0; round < 2; round++) {
        f->tls.trusted[0].path = null;
        for (int i = 0; i < 3; i++) {
            start_client(f, "ntp.test.example");
            assert_true(tls_fixture_run(&f->tls, client_is_done, f, 10.0));
            ke_client_free(f->client);
            f->client = NULL;
        }
        char *log = tls_fixture_log(&f->tls), *found = strstr(log, text);
        assert_non_null(found);
        assert_null(strstr(found + 1, text));
        free(log);
        tls_fixture_clear_log(&f->tls);
        f->tls.trusted[0].path = good;
        start_client(f, "ntp.test.example");
        assert_true(client_gets_result(f, &result));
        ke_client_free(f->client);
        f->client = NULL;
    }
}

static void sets_and_directories_of_trusted_certificates(void **state)
{
    struct fixture *f = *state;
    char error[TLS_ERROR_SIZE], null[] = "/dev/null";
    struct ke_result result;

    f->tls.trusted[1] = (struct conf_trusted_certs){.set = 0, .path = null};
    f->tls.conf.nts_client.count = 2;
    start_server(f);
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    /* Another set is empty, and a file that only it needs does no harm to set 0. */
    char missing[] = "/nonexistent/ca.pem";
    f->tls.trusted[1] = (struct conf_trusted_certs){.set = 3, .path = missing};
    struct tls_credentials *c =
        tls_credentials_new_client(&f->tls.world, &f->tls.conf.nts_client, 0, error, sizeof(error));
    assert_non_null(c);
    tls_credentials_unref(c);
    assert_null(tls_credentials_new_client(&f->tls.world, &f->tls.conf.nts_client, 3, error,
                                           sizeof(error)));
    /* A directory: all PEM files in it; keys and logs there are passed over. */
    char *file = f->tls.trusted[0].path;
    f->tls.conf.nts_client.count = 1;
    f->tls.trusted[0].path = f->tls.directory;
    ke_client_free(f->client);
    start_client(f, "ntp.test.example");
    assert_true(client_gets_result(f, &result));
    f->tls.trusted[0].path = file;
}

static void bad_server_files_are_named(void **state)
{
    struct fixture *f = *state;
    const struct test_cert_spec spec = {.cn = "other"};
    struct test_cert other = test_cert_make(&spec);
    char error[TLS_ERROR_SIZE], expected[TLS_ERROR_SIZE];

    test_key_write(f->tls.key_files[0], &other);
    assert_null(tls_fixture_credentials(&f->tls, error));
    snprintf(expected, sizeof(expected),
             "Could not set credentials : The certificate and the given key do not match. (%s, %s)",
             f->tls.cert_files[0], f->tls.key_files[0]);
    assert_string_equal(error, expected);
    unlink(f->tls.key_files[0]);
    assert_null(tls_fixture_credentials(&f->tls, error));
    snprintf(expected, sizeof(expected),
             "Could not set credentials : Error while reading file. "
             "(%s: No such file or directory)",
             f->tls.key_files[0]);
    assert_string_equal(error, expected);
    FILE *file = fopen(f->tls.cert_files[0], "w");
    fputs("no certificate\n", file);
    fclose(file);
    test_key_write(f->tls.key_files[0], &f->tls.leaf);
    assert_null(tls_fixture_credentials(&f->tls, error));
    assert_non_null(strstr(error, f->tls.cert_files[0]));
    assert_null(strstr(error, f->tls.key_files[0]));
    test_cert_free(&other);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
/* Here, and in the process. */
#define BOTH(function)                                                                             \
    TEST(function),                                                                                \
    {                                                                                              \
#function " (process)", function, set_up_process, tear_down, NULL                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(client_and_server_agree_on_keys),
        BOTH(client_makes_seven_transmissions_and_server_two_writes),
        BOTH(client_sends_four_transmissions_when_it_refuses_the_certificate),
        BOTH(negotiated_port_and_address_are_taken),
        BOTH(negotiated_name_is_resolved),
        BOTH(freeing_a_client_during_anything_is_safe),
        BOTH(wrong_name_is_refused),
        BOTH(address_must_be_in_the_certificate),
        BOTH(certificate_of_a_client_is_refused),
        BOTH(expired_certificate_is_refused),
        BOTH(not_yet_valid_certificate_is_refused),
        BOTH(untrusted_certificate_is_refused),
        BOTH(nocerttimecheck_counts_clock_updates),
        TEST(decoy_does_not_hide_an_expired_intermediate),
        BOTH(endless_chain_is_refused),
        BOTH(refused_connection_keeps_the_short_retry),
        BOTH(server_that_hangs_up_keeps_the_short_retry),
        BOTH(server_without_alpn_is_not_nts),
        BOTH(tls12_server_is_refused),
        BOTH(invalid_responses_are_refused),
        BOTH(client_gives_up_after_16_seconds),
        TEST(split_requests_are_answered),
        TEST(clients_without_ntske_or_tls13_are_dropped),
        TEST(failed_handshakes_end_with_an_alert_and_a_reason),
        TEST(messages_up_to_16384_octets_are_answered),
        TEST(idle_clients_are_dropped_after_2_seconds),
        TEST(garbage_instead_of_tls_is_dropped),
        TEST(oldest_unfinished_connection_gives_way),
        TEST(who_has_sent_nothing_gives_way_first),
        TEST(handshake_gives_way_when_there_is_no_other),
        TEST(answered_client_that_stays_holds_no_place),
        BOTH(missing_trusted_file_is_a_failed_start),
        BOTH(trusted_bundle_of_megabytes_is_read),
        BOTH(empty_set_of_trusted_certificates_is_said_once),
        BOTH(sets_and_directories_of_trusted_certificates),
        TEST(bad_server_files_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

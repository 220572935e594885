/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of TLS sessions and helper processes share; see tls.h.
 */
#include "test/unit/support/tls.h"
#include "test/unit/support/unit.h"
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/crypto.h"
#include "base/log.h"
#include "chronyd/os/world_linux.h"
#include "nts/tls_credentials.h"

/* ---- Certificates ---- */

static void ok(int code)
{
    if (code < 0)
        fail_msg("GnuTLS: %s", gnutls_strerror(code));
}

struct test_cert test_cert_make(const struct test_cert_spec *spec)
{
    struct test_cert c;
    char dn[128];
    unsigned char serial[8];

    ok(gnutls_x509_privkey_init(&c.key));
    ok(gnutls_x509_privkey_generate(c.key, GNUTLS_PK_ECDSA,
                                    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    ok(gnutls_x509_crt_init(&c.crt));
    ok(gnutls_x509_crt_set_version(c.crt, 3));
    ok(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)));
    serial[0] &= 0x7f;
    ok(gnutls_x509_crt_set_serial(c.crt, serial, sizeof(serial)));
    snprintf(dn, sizeof(dn), "CN=%s", spec->cn);
    ok(gnutls_x509_crt_set_dn(c.crt, dn, NULL));
    ok(gnutls_x509_crt_set_activation_time(c.crt, (time_t)spec->from));
    ok(gnutls_x509_crt_set_expiration_time(c.crt, (time_t)spec->to));
    ok(gnutls_x509_crt_set_basic_constraints(c.crt, spec->ca, -1));
    ok(gnutls_x509_crt_set_key_usage(c.crt, spec->usage != 0 ? spec->usage
                                            : spec->ca       ? GNUTLS_KEY_KEY_CERT_SIGN
                                                             : GNUTLS_KEY_DIGITAL_SIGNATURE));
    if (spec->purpose)
        ok(gnutls_x509_crt_set_key_purpose_oid(c.crt, spec->purpose, 0));
    if (spec->dns)
        ok(gnutls_x509_crt_set_subject_alt_name(c.crt, GNUTLS_SAN_DNSNAME, spec->dns,
                                                (unsigned int)strlen(spec->dns),
                                                GNUTLS_FSAN_APPEND));
    if (spec->ip) {
        struct in_addr addr;
        inet_pton(AF_INET, spec->ip, &addr);
        ok(gnutls_x509_crt_set_subject_alt_name(c.crt, GNUTLS_SAN_IPADDRESS, &addr, sizeof(addr),
                                                GNUTLS_FSAN_APPEND));
    }
    ok(gnutls_x509_crt_set_key(c.crt, c.key));
    ok(gnutls_x509_crt_sign2(c.crt, spec->issuer ? spec->issuer->crt : c.crt,
                             spec->issuer ? spec->issuer->key : c.key, GNUTLS_DIG_SHA256, 0));
    return c;
}

void test_cert_free(struct test_cert *cert)
{
    gnutls_x509_crt_deinit(cert->crt);
    gnutls_x509_privkey_deinit(cert->key);
}

void test_cert_write(const char *path, const struct test_cert *const *certs, size_t count)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (size_t i = 0; i < count; i++) {
        gnutls_datum_t pem;
        ok(gnutls_x509_crt_export2(certs[i]->crt, GNUTLS_X509_FMT_PEM, &pem));
        assert_int_equal(fwrite(pem.data, 1, pem.size, f), pem.size);
        gnutls_free(pem.data);
    }
    fclose(f);
}

void test_key_write(const char *path, const struct test_cert *cert)
{
    gnutls_datum_t pem;

    unlink(path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fchmod(fileno(f), 0600);
    ok(gnutls_x509_privkey_export2(cert->key, GNUTLS_X509_FMT_PEM, &pem));
    assert_int_equal(fwrite(pem.data, 1, pem.size, f), pem.size);
    gnutls_free(pem.data);
    fclose(f);
}

/* ---- The world ---- */

static struct tls_fixture *fixture_of(void *ctx)
{
    return ctx;
}

static struct mono_time mono_now(void *ctx)
{
    struct tls_fixture *f = fixture_of(ctx);

    return mono_add(world_mono_now(f->linux), f->clock_offset);
}

static struct raw_time raw_now(void *ctx)
{
    struct tls_fixture *f = fixture_of(ctx);

    return raw_add(world_raw_now(f->linux), f->clock_offset);
}

static ssize_t stream_write(void *ctx, int fd, const void *data, size_t length)
{
    struct tls_fixture *f = fixture_of(ctx);

    if (f->write_count < 64) {
        f->writes[f->write_count] = (int)length;
        f->write_fds[f->write_count++] = fd;
    }
    return f->linux->ops->stream_write(f->linux->ctx, fd, data, length);
}

static void stream_quick_ack(void *ctx, int fd)
{
    struct tls_fixture *f = fixture_of(ctx);

    f->quick_acks++;
    f->linux->ops->stream_quick_ack(f->linux->ctx, fd);
}

/* The rest goes to the Linux world as it is. */
static int wait_fds(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct world *w = fixture_of(ctx)->linux;

    /* Ends soon in any case, so that tests see that nothing happens. */
    if (timeout < 0.0 || timeout > 0.02)
        timeout = 0.02;
    return w->ops->wait(w->ctx, fds, count, timeout);
}

static bool quit_requested(void *ctx)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->quit_requested(w->ctx);
}

static bool reload_requested(void *ctx)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->reload_requested(w->ctx);
}

static bool family_enabled(void *ctx, enum ip_family family)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->family_enabled(w->ctx, family);
}

static int socket_open(void *ctx, const struct world_socket *spec)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->socket_open(w->ctx, spec);
}

static void socket_close(void *ctx, int fd)
{
    struct world *w = fixture_of(ctx)->linux;

    w->ops->socket_close(w->ctx, fd);
}

static ssize_t stream_read(void *ctx, int fd, void *data, size_t size)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->stream_read(w->ctx, fd, data, size);
}

static void stream_shutdown(void *ctx, int fd)
{
    struct world *w = fixture_of(ctx)->linux;

    w->ops->stream_shutdown(w->ctx, fd);
}

static int accept_stream(void *ctx, int fd, struct ip_port *remote)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->accept(w->ctx, fd, remote);
}

static int socket_error(void *ctx, int fd)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->socket_error(w->ctx, fd);
}

static void random_bytes(void *ctx, void *out, size_t length)
{
    world_random(fixture_of(ctx)->linux, out, length);
}

static FILE *file_read(void *ctx, const char *path)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->file_read(w->ctx, path);
}

static bool file_info(void *ctx, const char *path, struct world_file_info *info)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->file_info(w->ctx, path, info);
}

static char **list_files(void *ctx, const char *directory, const char *suffix)
{
    struct world *w = fixture_of(ctx)->linux;

    return w->ops->list_files(w->ctx, directory, suffix);
}

/* No real resolver: whatever name it is, the answer is the one of the test. */
static void answer_resolution(void *arg)
{
    struct tls_fixture *f = arg;
    const struct ip_addr addrs[] = {ip_addr_loopback(IP_V6), ip_addr_v4(192, 0, 2, 50)};

    f->resolve_timer = 0;
    f->resolve_handler(f->resolve_status, addrs, f->resolve_status == RESOLVE_SUCCESS ? 2 : 0,
                       f->resolve_arg);
}

static bool resolve(void *ctx, const char *name, enum ip_family family, bool reload,
                    resolve_handler handler, void *arg)
{
    struct tls_fixture *f = fixture_of(ctx);

    assert_int_equal(family, IP_UNSPEC);
    assert_true(reload);
    snprintf(f->resolved_name, sizeof(f->resolved_name), "%s", name);
    f->resolve_handler = handler;
    f->resolve_arg = arg;
    f->resolve_timer = loop_timer_add(f->loop, 0.01, answer_resolution, f);
    return true;
}

static void dispatch(void *ctx)
{
}

static int pending(void *ctx)
{
    return fixture_of(ctx)->resolve_timer != 0 ? 1 : 0;
}

/* ---- Fixture ---- */

char *tls_fixture_path(const struct tls_fixture *f, const char *name)
{
    char *path = malloc(strlen(f->directory) + strlen(name) + 2);

    sprintf(path, "%s/%s", f->directory, name);
    return path;
}

static void open_listener(struct tls_fixture *f)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(sa);

    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(f->listener, 100), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&sa, &length), 0);
    f->port = ntohs(sa.sin_port);
}

static void set_conf(struct tls_fixture *f)
{
    f->cert_files[0] = tls_fixture_path(f, "server.crt");
    f->key_files[0] = tls_fixture_path(f, "server.key");
    f->trusted[0] = (struct conf_trusted_certs){.set = 0, .path = tls_fixture_path(f, "ca.pem")};
    f->conf = (struct conf){
        .sockets.port = 123,
        .nts_client = {.certs = f->trusted, .count = 1, .no_system_cert = true},
        .nts_server = {.certs = {.items = f->cert_files, .count = 1},
                       .keys = {.items = f->key_files, .count = 1},
                       .port = NTS_KE_PORT,
                       .processes = 1,
                       .max_connections = 100},
    };
}

static void do_nothing(void *arg)
{
}

void tls_fixture_init(struct tls_fixture *f)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};
    const int64_t now = time(NULL);
    const struct test_cert_spec ca = {
        .cn = "Test CA", .from = now - TEST_DAY, .to = now + 100 * TEST_DAY, .ca = true};
    const struct test_cert_spec leaf = {.cn = "server",
                                        .dns = "ntp.test.example",
                                        .ip = "127.0.0.1",
                                        .from = now - TEST_DAY,
                                        .to = now + 90 * TEST_DAY};
    const struct test_cert *ca_list[] = {&f->ca};

    memset(f, 0, sizeof(*f));
    strcpy(f->directory, "/tmp/nts-test-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->log_path, sizeof(f->log_path), "%s/log", f->directory);
    assert_true(log_open_file(f->log_path));
    f->linux = world_linux_new(&options);
    f->ops = *f->linux->ops;
    f->ops.mono_now = mono_now;
    f->ops.raw_now = raw_now;
    f->ops.wait = wait_fds;
    f->ops.quit_requested = quit_requested;
    f->ops.reload_requested = reload_requested;
    f->ops.family_enabled = family_enabled;
    f->ops.socket_open = socket_open;
    f->ops.socket_close = socket_close;
    f->ops.stream_read = stream_read;
    f->ops.stream_write = stream_write;
    f->ops.stream_quick_ack = stream_quick_ack;
    f->ops.stream_shutdown = stream_shutdown;
    f->ops.accept = accept_stream;
    f->ops.socket_error = socket_error;
    f->ops.random_bytes = random_bytes;
    f->ops.file_read = file_read;
    f->ops.file_info = file_info;
    f->ops.list_files = list_files;
    f->ops.resolve = resolve;
    f->ops.dispatch = dispatch;
    f->ops.pending = pending;
    f->world = (struct world){.ops = &f->ops, .ctx = f};
    f->loop = loop_new(&f->world);
    loop_timer_add(f->loop, 1e6, do_nothing, NULL); /* there is always something to wait for */
    set_conf(f);
    f->ca = test_cert_make(&ca);
    test_cert_write(f->trusted[0].path, ca_list, 1);
    tls_fixture_new_leaf(f, &leaf);
    open_listener(f);
}

void tls_fixture_new_leaf(struct tls_fixture *f, const struct test_cert_spec *spec)
{
    struct test_cert_spec with_issuer = *spec;
    const struct test_cert *list[] = {&f->leaf};

    if (f->leaf.crt)
        test_cert_free(&f->leaf);
    if (!with_issuer.issuer)
        with_issuer.issuer = &f->ca;
    f->leaf = test_cert_make(&with_issuer);
    test_cert_write(f->cert_files[0], list, 1);
    test_key_write(f->key_files[0], &f->leaf);
}

void tls_fixture_free(struct tls_fixture *f)
{
    char command[128];

    close(f->listener);
    loop_free(f->loop);
    world_linux_free(f->linux);
    test_cert_free(&f->ca);
    test_cert_free(&f->leaf);
    free(f->cert_files[0]);
    free(f->key_files[0]);
    free(f->trusted[0].path);
    log_open_stderr();
    snprintf(command, sizeof(command), "rm -r %s", f->directory);
    assert_int_equal(system(command), 0);
}

char *tls_fixture_log(const struct tls_fixture *f)
{
    FILE *file = fopen(f->log_path, "r");
    char *text = calloc(1, 65536);

    assert_non_null(file);
    (void)!fread(text, 1, 65535, file);
    fclose(file);
    return text;
}

void tls_fixture_clear_log(const struct tls_fixture *f)
{
    assert_int_equal(truncate(f->log_path, 0), 0);
}

bool tls_fixture_log_has(const struct tls_fixture *f, const char *text)
{
    char *log = tls_fixture_log(f);
    bool found = strstr(log, text) != NULL;

    if (!found)
        print_message("not in the log: %s\nlog:\n%s", text, log);
    free(log);
    return found;
}

bool tls_fixture_run(struct tls_fixture *f, bool (*done)(void *arg), void *arg, double seconds)
{
    struct mono_time start = world_mono_now(f->linux);

    while (!done(arg)) {
        if (mono_diff(world_mono_now(f->linux), start) > seconds)
            return false;
        loop_run_once(f->loop);
    }
    return true;
}

struct ip_port tls_fixture_address(const struct tls_fixture *f)
{
    return (struct ip_port){.addr = ip_addr_loopback(IP_V4), .port = f->port};
}

struct tls_credentials *tls_fixture_credentials(struct tls_fixture *f, char *error)
{
    struct server_files *files = server_files_read(&f->world, &f->conf.nts_server);
    struct tls_credentials *credentials = tls_credentials_new_server(files, error, TLS_ERROR_SIZE);

    server_files_free(files);
    return credentials;
}

struct nts_aeads tls_fixture_aeads(void)
{
    struct nts_aeads aeads = {.count = 0};

    if (aead_supported(AEAD_AES_128_GCM_SIV))
        aeads.ids[aeads.count++] = AEAD_AES_128_GCM_SIV;
    aeads.ids[aeads.count++] = AEAD_AES_SIV_CMAC_256;
    return aeads;
}

/* ---- Peers ---- */

static bool peer_send(gnutls_session_t session, const struct tls_peer *peer)
{
    size_t piece = peer->piece > 0 ? peer->piece : peer->length;

    for (size_t done = 0; done < peer->length;) {
        size_t n = peer->length - done < piece ? peer->length - done : piece;
        ssize_t sent = gnutls_record_send(session, peer->data + done, n);
        if (sent <= 0)
            return false;
        done += (size_t)sent;
    }
    return true;
}

static gnutls_session_t peer_session(const struct tls_peer *peer, unsigned int role, int fd,
                                     gnutls_certificate_credentials_t credentials)
{
    gnutls_session_t session;
    const gnutls_datum_t alpn = {(unsigned char *)peer->alpn,
                                 peer->alpn ? (unsigned int)strlen(peer->alpn) : 0};

    gnutls_init(&session, role | GNUTLS_NO_TICKETS);
    gnutls_priority_set_direct(
        session, peer->priority ? peer->priority : "NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    if (peer->alpn)
        gnutls_alpn_set_protocols(session, &alpn, 1, 0);
    if (peer->server_name)
        ok(gnutls_server_name_set(session, GNUTLS_NAME_DNS, peer->server_name,
                                  strlen(peer->server_name)));
    gnutls_transport_set_int(session, fd);
    gnutls_record_set_timeout(session, 10000);
    return session;
}

static int handshake(gnutls_session_t session)
{
    int r;

    do
        r = gnutls_handshake(session);
    while (r < 0 && gnutls_error_is_fatal(r) == 0);
    return r;
}

/* A close_notify, and then the end of the connection. */
static bool await_end(gnutls_session_t session)
{
    char octet;

    return gnutls_record_recv(session, &octet, 1) == 0 &&
           recv(gnutls_transport_get_int(session), &octet, 1, 0) == 0;
}

static int talk_as_client(gnutls_session_t session, const struct tls_peer *peer)
{
    uint8_t response[16384];

    int r = handshake(session);

    if (r < 0)
        return r == GNUTLS_E_FATAL_ALERT_RECEIVED ? TLS_PEER_ALERT + (int)gnutls_alert_get(session)
                                                  : 2;
    if (!peer_send(session, peer) || gnutls_record_recv(session, response, sizeof(response)) < 4)
        return 1;
    if (peer->stay)
        return await_end(session) ? 0 : 4;
    gnutls_bye(session, GNUTLS_SHUT_WR);
    return 0;
}

static int talk_as_server(gnutls_session_t session, const struct tls_peer *peer)
{
    uint8_t request[16384];

    if (handshake(session) < 0)
        return 2;
    if (gnutls_record_recv(session, request, sizeof(request)) <= 0 || !peer_send(session, peer))
        return 1;
    gnutls_bye(session, GNUTLS_SHUT_RDWR);
    return 0;
}

static int run_client(const struct tls_fixture *f, const struct tls_peer *peer)
{
    struct sockaddr_in sa = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(f->port)};
    gnutls_certificate_credentials_t credentials;
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, status;

    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return 3;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (peer->close_tcp)
        return 1;
    gnutls_certificate_allocate_credentials(&credentials);
    gnutls_session_t session = peer_session(peer, GNUTLS_CLIENT, fd, credentials);
    status = talk_as_client(session, peer);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
    return status;
}

static int run_server(const struct tls_fixture *f, const struct tls_peer *peer)
{
    gnutls_certificate_credentials_t credentials;
    int fd = accept(f->listener, NULL, NULL), status;

    if (fd < 0)
        return 3;
    if (peer->close_tcp)
        return 1;
    gnutls_certificate_allocate_credentials(&credentials);
    if (gnutls_certificate_set_x509_key_file(credentials, f->cert_files[0], f->key_files[0],
                                             GNUTLS_X509_FMT_PEM) < 0)
        return 3;
    gnutls_session_t session = peer_session(peer, GNUTLS_SERVER, fd, credentials);
    status = talk_as_server(session, peer);
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
    return status;
}

pid_t tls_peer_client(const struct tls_fixture *f, const struct tls_peer *peer)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(run_client(f, peer));
    return pid;
}

pid_t tls_peer_server(const struct tls_fixture *f, const struct tls_peer *peer)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(run_server(f, peer));
    return pid;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of TLS sessions and helper processes share: certificates made on the fly, a log
 * that can be read, the Linux world with a clock that can be put forward, and blocking TLS peers in
 * child processes that do what our own code never would.
 */
#ifndef TEST_UNIT_SUPPORT_TLS_H
#define TEST_UNIT_SUPPORT_TLS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/loop.h"
#include "base/world.h"
#include "conf/conf.h"
#include "nts/context.h"
#include "nts/tls_credentials.h"

#define TEST_DAY 86400

struct test_cert {
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t key;
};

struct test_cert_spec {
    const char *cn;
    const char *dns; /* NULL: none */
    const char *ip;  /* NULL: none */
    int64_t from, to;
    bool ca;
    unsigned int usage;             /* keyUsage of GnuTLS; 0: the right one */
    const char *purpose;            /* of extendedKeyUsage; NULL: none */
    const struct test_cert *issuer; /* NULL: self-signed */
};

struct test_cert test_cert_make(const struct test_cert_spec *spec);
void test_cert_free(struct test_cert *cert);
/* PEM of up to `count` certificates into a file; the key into another. */
void test_cert_write(const char *path, const struct test_cert *const *certs, size_t count);
void test_key_write(const char *path, const struct test_cert *cert);

struct tls_fixture {
    char directory[64];
    char log_path[96];
    struct world *linux;
    struct world_ops ops;
    struct world world; /* counts the writes of streams, clock can be moved */
    double clock_offset;
    int writes[64]; /* lengths of stream writes by client and server, in order */
    int write_fds[64];
    int write_count;
    int quick_acks;                     /* how often a server asked for them */
    enum resolve_status resolve_status; /* what the resolver will say */
    char resolved_name[300];            /* what it was asked for */
    resolve_handler resolve_handler;
    void *resolve_arg;
    timer_id resolve_timer;
    struct loop *loop;
    struct conf conf;
    struct conf_trusted_certs trusted[2];
    char *cert_files[2], *key_files[2];
    struct test_cert ca, leaf;
    int listener;
    uint16_t port;
};

/* A CA, ca.pem; a certificate for "ntp.test.example" and 127.0.0.1 of it, server.crt, server.key;
   conf: both sides with them, AEAD list left to the test. */
void tls_fixture_init(struct tls_fixture *f);
void tls_fixture_free(struct tls_fixture *f);
/* DIRECTORY/NAME, allocated by malloc. */
char *tls_fixture_path(const struct tls_fixture *f, const char *name);
/* Makes a new leaf and writes server.crt and server.key. */
void tls_fixture_new_leaf(struct tls_fixture *f, const struct test_cert_spec *spec);
/* The whole log so far, allocated by malloc. */
char *tls_fixture_log(const struct tls_fixture *f);
void tls_fixture_clear_log(const struct tls_fixture *f);
bool tls_fixture_log_has(const struct tls_fixture *f, const char *text);
/* Runs the loop until done(arg), or for at most `seconds` of real time. True: done. */
bool tls_fixture_run(struct tls_fixture *f, bool (*done)(void *arg), void *arg, double seconds);
struct ip_port tls_fixture_address(const struct tls_fixture *f);
struct nts_aeads tls_fixture_aeads(void);
/* The server's, from its files as they are now; error: of TLS_ERROR_SIZE octets. */
struct tls_credentials *tls_fixture_credentials(struct tls_fixture *f, char *error);

/* A blocking TLS client or server in a child process. */
struct tls_peer {
    const char *priority;    /* NULL: NORMAL with TLS 1.3 only */
    const char *alpn;        /* NULL: none */
    const char *server_name; /* client: NULL: none */
    const uint8_t *data;     /* sent after the handshake (client), after a first read (server) */
    size_t length;
    size_t piece;   /* octets in each TLS record; 0: all in one */
    bool close_tcp; /* end right after the TCP connection was made */
    bool stay;      /* client: wait for the server's end of file, without a close_notify */
};
/* Exit status of a client: 0: a response of at least 4 octets came, 1: the connection ended without
   one, 2: no handshake, 4: the response came, but no orderly end after it (stay), TLS_PEER_ALERT
   and the number of the alert: the server ended the handshake with it. */
#define TLS_PEER_ALERT 100
pid_t tls_peer_client(const struct tls_fixture *f, const struct tls_peer *peer);
/* Accepts one connection of the fixture's listener. */
pid_t tls_peer_server(const struct tls_fixture *f, const struct tls_peer *peer);

#endif

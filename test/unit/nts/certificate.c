/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates and keys of the server that can be used or not: each reason with its file, dates of
 * the server's own certificate, warnings, and the store that keeps what is in use, looks again and
 * repeats itself each hour.
 */
#include "test/unit/support/tls.h"
#include "test/unit/support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "nts/certificate_check.h"
#include "nts/certificate_store.h"

struct fixture {
    struct tls_fixture tls;
    struct test_cert second; /* of the second pair, when there is one */
    struct certificate_store *store;
    int checks;
    bool undone; /* they fail */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    tls_fixture_init(&f->tls);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    certificate_store_free(f->store);
    if (f->second.crt) {
        test_cert_free(&f->second);
        free(f->tls.cert_files[1]);
        free(f->tls.key_files[1]);
    }
    tls_fixture_free(&f->tls);
    free(f);
    return 0;
}

static int64_t now_of(struct fixture *f)
{
    return world_raw_now(&f->tls.world).i.sec;
}

static int log_count(const struct fixture *f, const char *text)
{
    char *log = tls_fixture_log(&f->tls);
    int n = 0;

    for (const char *p = log; (p = strstr(p, text)); p++)
        n++;
    free(log);
    return n;
}

/* ---- Files ---- */

static void write_octets(const char *path, const void *data, size_t size)
{
    unlink(path);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void copy_file(const char *from, const char *to)
{
    char data[65536];
    FILE *file = fopen(from, "r");

    assert_non_null(file);
    size_t n = fread(data, 1, sizeof(data), file);
    fclose(file);
    write_octets(to, data, n);
}

static struct test_cert make_cert(const struct fixture *f, const char *cn, int from_day, int to_day,
                                  const struct test_cert *issuer)
{
    const int64_t now = world_raw_now(f->tls.linux).i.sec;
    const struct test_cert_spec spec = {.cn = cn,
                                        .dns = "ntp.test.example",
                                        .from = now + (int64_t)from_day * TEST_DAY,
                                        .to = now + (int64_t)to_day * TEST_DAY,
                                        .ca = !issuer,
                                        .issuer = issuer};

    return test_cert_make(&spec);
}

static void add_second_pair(struct fixture *f)
{
    struct conf *conf = &f->tls.conf;

    f->second = make_cert(f, "second", -1, 50, &f->tls.ca);
    f->tls.cert_files[1] = tls_fixture_path(&f->tls, "second.crt");
    f->tls.key_files[1] = tls_fixture_path(&f->tls, "second.key");
    test_cert_write(f->tls.cert_files[1], (const struct test_cert *[]){&f->second}, 1);
    test_key_write(f->tls.key_files[1], &f->second);
    conf->nts_server.certs.count = conf->nts_server.keys.count = 2;
}

/* ---- One pair ---- */

static bool check_against(struct fixture *f, const struct server_files *kept,
                          struct pair_verdict *verdicts)
{
    struct server_files *files = server_files_read(&f->tls.world, &f->tls.conf.nts_server);
    bool ok = true;

    certificate_check(files, kept, now_of(f), verdicts);
    for (size_t i = 0; i < files->count; i++) {
        assert_true(verdicts[i].usable == (verdicts[i].problem[0] == '\0'));
        ok = ok && verdicts[i].usable;
    }
    server_files_free(files);
    return ok;
}

/* The pair is bad, and the text is REASON with the file (and both files if it is about both). */
static void assert_bad(struct fixture *f, const char *reason, const char *file, const char *file2)
{
    struct pair_verdict verdict;
    char expected[TLS_ERROR_SIZE];

    assert_false(check_against(f, NULL, &verdict));
    snprintf(expected, sizeof(expected), "Could not set credentials : %s (%s%s%s)", reason, file,
             file2 ? ", " : "", file2 ? file2 : "");
    assert_string_equal(verdict.problem, expected);
}

static void export_der(const struct fixture *f, const char *cert, const char *key)
{
    gnutls_datum_t der;

    assert_true(gnutls_x509_crt_export2(f->tls.leaf.crt, GNUTLS_X509_FMT_DER, &der) >= 0);
    write_octets(cert, der.data, der.size);
    gnutls_free(der.data);
    assert_true(gnutls_x509_privkey_export2(f->tls.leaf.key, GNUTLS_X509_FMT_DER, &der) >= 0);
    write_octets(key, der.data, der.size);
    gnutls_free(der.data);
}

static void export_encrypted(const struct fixture *f, const char *path, unsigned int flags)
{
    gnutls_datum_t pem;

    assert_true(gnutls_x509_privkey_export2_pkcs8(f->tls.leaf.key, GNUTLS_X509_FMT_PEM, "secret",
                                                  flags, &pem) >= 0);
    write_octets(path, pem.data, pem.size);
    gnutls_free(pem.data);
}

static void each_bad_certificate_file_has_its_reason(void **state)
{
    struct fixture *f = *state;
    const char *cert = f->tls.cert_files[0], *key = f->tls.key_files[0];
    char text[TLS_ERROR_SIZE];

    unlink(cert);
    snprintf(text, sizeof(text), "%s: No such file or directory", cert);
    assert_bad(f, "Error while reading file.", text, NULL);
    write_octets(cert, "", 0);
    snprintf(text, sizeof(text), "%s: the file is empty", cert);
    assert_bad(f, "Error while reading file.", text, NULL);
    unlink(cert);
    assert_int_equal(mkfifo(cert, 0600), 0);
    snprintf(text, sizeof(text), "%s: not a regular file", cert);
    assert_bad(f, "Error while reading file.", text, NULL);
    write_octets(cert, "hello\n", 6);
    assert_bad(f, "There is no certificate in PEM format in the file.", cert, NULL);
    copy_file(key, cert);
    assert_bad(f, "There is a private key in the file, and no certificate.", cert, NULL);
    static const char request[] = "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n"
                                  "-----END CERTIFICATE REQUEST-----\n";
    write_octets(cert, request, strlen(request));
    assert_bad(f, "There is a certificate request in the file, and no certificate.", cert, NULL);
    export_der(f, cert, f->tls.log_path);
    assert_bad(f, "The certificate is in DER format, PEM is needed.", cert, NULL);
    static const char cut[] = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    write_octets(cert, cut, strlen(cut));
    struct pair_verdict verdict;
    assert_false(check_against(f, NULL, &verdict));
    assert_non_null(strstr(verdict.problem, cert));
    const struct test_cert *many[17];
    for (size_t i = 0; i < 17; i++)
        many[i] = &f->tls.leaf;
    test_cert_write(cert, many, 17);
    assert_bad(f, "The file has 17 certificates, more than 16.", cert, NULL);
}

static void each_bad_key_file_has_its_reason(void **state)
{
    struct fixture *f = *state;
    const char *cert = f->tls.cert_files[0], *key = f->tls.key_files[0];
    struct test_cert other = make_cert(f, "other", -1, 1, NULL);
    char text[TLS_ERROR_SIZE];

    unlink(key);
    snprintf(text, sizeof(text), "%s: No such file or directory", key);
    assert_bad(f, "Error while reading file.", text, NULL);
    if (geteuid() != 0) {
        test_key_write(key, &f->tls.leaf);
        chmod(key, 0);
        snprintf(text, sizeof(text), "%s: Permission denied", key);
        assert_bad(f, "Error while reading file.", text, NULL);
    }
    export_encrypted(f, key, GNUTLS_PKCS_PBES2_AES_256);
    assert_bad(f, "The private key is encrypted, one without passphrase is needed.", key, NULL);
    static const char legacy[] = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                                 "DEK-Info: AES-256-CBC,00\n\nMIIB\n-----END EC PRIVATE KEY-----\n";
    write_octets(key, legacy, strlen(legacy));
    assert_bad(f, "The private key is encrypted, one without passphrase is needed.", key, NULL);
    char *unused = tls_fixture_path(&f->tls, "unused");
    export_der(f, unused, key);
    assert_bad(f, "The private key is in DER format, PEM is needed.", key, NULL);
    free(unused);
    copy_file(cert, key);
    assert_bad(f, "There is a certificate in the file, and no private key.", key, NULL);
    write_octets(key, "hello\n", 6);
    assert_bad(f, "There is no private key in PEM format in the file.", key, NULL);
    test_key_write(key, &other);
    assert_bad(f, "The certificate and the given key do not match.", cert, key);
    const struct test_cert *reversed[] = {&f->tls.ca, &f->tls.leaf};
    test_cert_write(cert, reversed, 2);
    test_key_write(key, &f->tls.leaf);
    assert_bad(f, "The chain is in the wrong order, the server's certificate has to be the first.",
               cert, NULL);
    test_cert_free(&other);
}

static void good_pairs_are_taken_in_silence(void **state)
{
    struct fixture *f = *state;
    const struct test_cert *chain[] = {&f->tls.leaf, &f->tls.ca};
    struct pair_verdict verdict;
    gnutls_datum_t pem;

    assert_true(check_against(f, NULL, &verdict));
    test_cert_write(f->tls.cert_files[0], chain, 2);
    assert_true(check_against(f, NULL, &verdict));
    assert_true(gnutls_x509_privkey_export2_pkcs8(f->tls.leaf.key, GNUTLS_X509_FMT_PEM, NULL,
                                                  GNUTLS_PKCS_PLAIN, &pem) >= 0);
    write_octets(f->tls.key_files[0], pem.data, pem.size);
    gnutls_free(pem.data);
    assert_true(check_against(f, NULL, &verdict));
    /* One file with both, as some tools write it. */
    FILE *file = fopen(f->tls.key_files[0], "a");
    assert_true(gnutls_x509_crt_export2(f->tls.leaf.crt, GNUTLS_X509_FMT_PEM, &pem) >= 0);
    assert_int_equal(fwrite(pem.data, 1, pem.size, file), pem.size);
    gnutls_free(pem.data);
    fclose(file);
    copy_file(f->tls.key_files[0], f->tls.cert_files[0]);
    assert_true(check_against(f, NULL, &verdict));
    assert_int_equal(log_count(f, "\n"), 0);
}

/* ---- Dates ---- */

static void own_certificate_is_judged_and_not_its_issuers(void **state)
{
    struct fixture *f = *state;
    struct test_cert ca = make_cert(f, "Issuer", -100, -1, NULL);
    struct test_cert leaf = make_cert(f, "renewed", -1, 60, &ca);
    const struct test_cert *chain[] = {&leaf, &ca};
    struct server_files *kept = server_files_read(&f->tls.world, &f->tls.conf.nts_server);
    struct pair_verdict verdict;

    test_cert_write(f->tls.cert_files[0], chain, 2);
    test_key_write(f->tls.key_files[0], &leaf);
    assert_true(check_against(f, kept, &verdict));
    assert_int_equal(log_count(f, "Certificate 2 in "), 1);
    assert_int_equal(log_count(f, "(CN=Issuer), after the server's own, is over (from "), 1);
    assert_int_equal(log_count(f, "\n"), 1);

    struct server_files *new = server_files_read(&f->tls.world, &f->tls.conf.nts_server);
    char error[TLS_ERROR_SIZE];
    struct tls_certificate_dates dates;
    struct tls_credentials *credentials = tls_credentials_new_server(new, error, sizeof(error));
    assert_non_null(credentials);
    assert_true(tls_credentials_dates(credentials, 0, &dates));
    assert_string_equal(dates.subject, "CN=renewed");
    assert_int_equal(dates.not_after, gnutls_x509_crt_get_expiration_time(leaf.crt));
    tls_credentials_unref(credentials);
    server_files_free(new);
    server_files_free(kept);
    test_cert_free(&leaf);
    test_cert_free(&ca);
}

static void certificate_out_of_dates_does_not_replace_a_good_one(void **state)
{
    struct fixture *f = *state;
    struct server_files *kept = server_files_read(&f->tls.world, &f->tls.conf.nts_server);
    struct test_cert old = make_cert(f, "old", -9, -1, &f->tls.ca);
    struct pair_verdict verdict;

    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&old}, 1);
    test_key_write(f->tls.key_files[0], &old);
    assert_false(check_against(f, kept, &verdict));
    assert_non_null(strstr(verdict.problem, " (CN=old) has expired (from "));
    /* It is better than nothing, and no worse than another one of its kind. */
    assert_true(check_against(f, NULL, &verdict));
    server_files_free(kept);
    kept = server_files_read(&f->tls.world, &f->tls.conf.nts_server);
    assert_true(check_against(f, kept, &verdict));
    server_files_free(kept);
    test_cert_free(&old);
}

/* ---- Warnings ---- */

static void what_clients_will_refuse_is_warned_about_once(void **state)
{
    struct fixture *f = *state;
    const int64_t now = now_of(f);
    struct test_cert_spec spec = {.cn = "odd", .from = now - 60, .to = now + 40 * TEST_DAY};
    struct pair_verdict verdict;

    spec.usage = GNUTLS_KEY_KEY_ENCIPHERMENT;
    tls_fixture_new_leaf(&f->tls, &spec);
    assert_true(check_against(f, NULL, &verdict));
    assert_int_equal(log_count(f, "(CN=odd) cannot be used with TLS 1.3"), 1);
    assert_int_equal(log_count(f, "\n"), 1);
    struct server_files *kept = server_files_read(&f->tls.world, &f->tls.conf.nts_server);
    assert_true(check_against(f, kept, &verdict));
    assert_int_equal(log_count(f, "\n"), 1);
    server_files_free(kept);

    spec.usage = 0;
    spec.purpose = GNUTLS_KP_TLS_WWW_CLIENT;
    tls_fixture_new_leaf(&f->tls, &spec);
    assert_true(check_against(f, NULL, &verdict));
    assert_int_equal(log_count(f, "(CN=odd) is not for servers"), 1);
    assert_int_equal(log_count(f, "\n"), 2);
    spec.purpose = GNUTLS_KP_ANY;
    tls_fixture_new_leaf(&f->tls, &spec);
    assert_true(check_against(f, NULL, &verdict));
    spec.purpose = GNUTLS_KP_TLS_WWW_SERVER;
    tls_fixture_new_leaf(&f->tls, &spec);
    assert_true(check_against(f, NULL, &verdict));
    assert_int_equal(log_count(f, "\n"), 2);
}

static void issuers_in_disorder_are_a_warning(void **state)
{
    struct fixture *f = *state;
    struct test_cert middle = make_cert(f, "middle", -1, 60, &f->tls.ca);
    struct test_cert leaf = make_cert(f, "leaf", -1, 60, &middle);
    const struct test_cert *chain[] = {&leaf, &f->tls.ca, &middle};
    struct pair_verdict verdict;

    test_cert_write(f->tls.cert_files[0], chain, 3);
    test_key_write(f->tls.key_files[0], &leaf);
    assert_true(check_against(f, NULL, &verdict));
    assert_int_equal(log_count(f, "is not the issuer of the one before it"), 1);
    assert_int_equal(log_count(f, "\n"), 1);
    test_cert_free(&leaf);
    test_cert_free(&middle);
}

/* ---- The store ---- */

static bool check_here(const struct server_files *files, const struct server_files *kept,
                       struct pair_verdict *verdicts, void *arg)
{
    struct fixture *f = arg;

    f->checks++;
    certificate_check(files, kept, now_of(f), verdicts);
    for (size_t i = 0; f->undone && i < files->count; i++)
        verdicts[i] = (struct pair_verdict){.usable = false, .problem = "No time"};
    return !f->undone;
}

static void new_store(struct fixture *f)
{
    const struct certificate_store_spec spec = {
        .world = &f->tls.world, .conf = &f->tls.conf.nts_server, .check = check_here, .arg = f};

    f->store = certificate_store_new(&spec);
}

static bool poll_after(struct fixture *f, double seconds)
{
    f->tls.clock_offset += seconds;
    return certificate_store_poll(f->store, world_mono_now(&f->tls.world));
}

static double wait_of(const struct fixture *f)
{
    return certificate_store_wait(f->store, world_mono_now(&f->tls.world));
}

static void good_pairs_are_served_without_bad_ones(void **state)
{
    struct fixture *f = *state;

    add_second_pair(f);
    unlink(f->tls.key_files[0]);
    new_store(f);
    const struct server_files *files = certificate_store_read(f->store);
    assert_non_null(files);
    assert_null(files->pairs[0]);
    assert_non_null(files->pairs[1]);
    assert_int_equal(server_files_pairs(files), 1);
    assert_non_null(strstr(certificate_store_problem(f->store), f->tls.key_files[0]));
    assert_int_equal(log_count(f, "; the other certificates are served\n"), 1);
    certificate_store_adopt(f->store);
    assert_int_equal(server_files_pairs(certificate_store_adopted(f->store)), 1);

    /* Each hour, and looks in between that open nothing. */
    assert_between(wait_of(f), 5.0, 10.0);
    for (int i = 0; i < 3 * 360 + 6; i++)
        assert_false(poll_after(f, 10.0));
    assert_int_equal(log_count(f, "; the other certificates are served\n"), 4);
    assert_int_equal(f->checks, 1);
    test_key_write(f->tls.key_files[0], &f->tls.leaf);
    assert_true(poll_after(f, 10.0));
    files = certificate_store_read(f->store);
    assert_int_equal(server_files_pairs(files), 2);
    assert_null(certificate_store_problem(f->store));
    certificate_store_adopt(f->store);
    assert_int_equal(log_count(f, "can be used now"), 1);
    assert_true(wait_of(f) < 0.0);
    assert_false(poll_after(f, 7200.0));
    assert_int_equal(log_count(f, "\n"), 5);
}

static void bad_renewal_of_one_pair_keeps_its_old_one(void **state)
{
    struct fixture *f = *state;
    struct test_cert renewed = make_cert(f, "renewed", -1, 99, &f->tls.ca);

    add_second_pair(f);
    new_store(f);
    assert_non_null(certificate_store_read(f->store));
    certificate_store_adopt(f->store);
    const struct server_pair *old = certificate_store_adopted(f->store)->pairs[0];
    assert_int_equal(log_count(f, "\n"), 0);

    /* The second is renewed, of the first one only half. */
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&renewed}, 1);
    test_cert_write(f->tls.cert_files[1], (const struct test_cert *[]){&renewed}, 1);
    test_key_write(f->tls.key_files[1], &renewed);
    const struct server_files *files = certificate_store_read(f->store);
    assert_ptr_equal(files->pairs[0], old);
    assert_ptr_not_equal(files->pairs[1], certificate_store_adopted(f->store)->pairs[1]);
    assert_int_equal(log_count(f, "do not match"), 1);
    assert_int_equal(log_count(f, "; old certificate and key stay in use\n"), 1);
    certificate_store_adopt(f->store);

    /* Another state that is bad, too: said at once; the same again: not before an hour. */
    unlink(f->tls.key_files[0]);
    assert_true(poll_after(f, 10.0));
    assert_ptr_equal(certificate_store_read(f->store)->pairs[0], old);
    certificate_store_adopt(f->store);
    assert_int_equal(log_count(f, "No such file or directory"), 1);
    assert_false(poll_after(f, 10.0));
    write_octets(f->tls.key_files[0], "", 0);
    assert_true(poll_after(f, 10.0));
    unlink(f->tls.key_files[0]);
    certificate_store_read(f->store);
    assert_int_equal(log_count(f, "No such file or directory"), 1);
    /* The octets of what is in use are there all the time. */
    certificate_store_abandon(f->store);
    assert_non_null(certificate_store_adopted(f->store)->pairs[0]->key.data);
    /* An order is always answered. */
    certificate_store_read(f->store);
    assert_int_equal(log_count(f, "No such file or directory"), 2);
    test_cert_free(&renewed);
}

static void nothing_usable_starts_nothing(void **state)
{
    struct fixture *f = *state;

    unlink(f->tls.cert_files[0]);
    new_store(f);
    assert_null(certificate_store_read(f->store));
    assert_null(certificate_store_adopted(f->store));
    assert_int_equal(log_count(f, "; there is no NTS-KE until this is mended\n"), 1);
    certificate_store_adopt(f->store);
    assert_null(certificate_store_adopted(f->store));
    test_cert_write(f->tls.cert_files[0], (const struct test_cert *[]){&f->tls.leaf}, 1);
    assert_true(poll_after(f, 10.0));
    assert_non_null(certificate_store_read(f->store));
    certificate_store_adopt(f->store);

    /* With something in use, it stays. */
    unlink(f->tls.cert_files[0]);
    assert_null(certificate_store_read(f->store));
    assert_non_null(certificate_store_adopted(f->store));
    assert_int_equal(log_count(f, "; old certificate and key stay in use\n"), 1);
}

static void check_that_could_not_be_done_is_repeated(void **state)
{
    struct fixture *f = *state;

    f->undone = true;
    new_store(f);
    assert_null(certificate_store_read(f->store));
    for (int i = 0; i < 3; i++) {
        assert_true(poll_after(f, 10.0));
        assert_null(certificate_store_read(f->store));
    }
    assert_int_equal(log_count(f, "No time"), 1);
    f->undone = false;
    assert_true(poll_after(f, 10.0));
    assert_non_null(certificate_store_read(f->store));
    assert_false(poll_after(f, 10.0));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_bad_certificate_file_has_its_reason),
        TEST(each_bad_key_file_has_its_reason),
        TEST(good_pairs_are_taken_in_silence),
        TEST(own_certificate_is_judged_and_not_its_issuers),
        TEST(certificate_out_of_dates_does_not_replace_a_good_one),
        TEST(what_clients_will_refuse_is_warned_about_once),
        TEST(issuers_in_disorder_are_a_warning),
        TEST(good_pairs_are_served_without_bad_ones),
        TEST(bad_renewal_of_one_pair_keeps_its_old_one),
        TEST(nothing_usable_starts_nothing),
        TEST(check_that_could_not_be_done_is_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing and judgement of the server's certificates and keys; see certificate_check.h. Each
 * reason names the file, and says what to do where the library's text does not. It must never log
 * a part of a private key.
 */
#include "nts/certificate_check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crypto.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/text.h"
#include "nts/certificate_watch.h"
#include "nts/tls_verify.h"

#define KEY_ID_SIZE 64
#define OID_SIZE    128

static void set_problem(char *problem, size_t size, const char *reason, const char *where)
{
    snprintf(problem, size, "Could not set credentials : %s (%s)", reason, where);
    text_make_printable(problem);
}

static gnutls_datum_t file_datum(const struct server_file *file)
{
    return (gnutls_datum_t){.data = file->data, .size = (unsigned int)file->size};
}

static bool file_contains(const struct server_file *file, const char *text)
{
    return memmem(file->data, file->size, text, strlen(text)) != NULL;
}

/* ---- Parsing ---- */

static bool is_der_certificate(const struct server_file *file)
{
    const gnutls_datum_t datum = file_datum(file);
    gnutls_x509_crt_t certificate;

    if (gnutls_x509_crt_init(&certificate) < 0)
        return false;
    bool ok = gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_DER) >= 0;
    gnutls_x509_crt_deinit(certificate);
    return ok;
}

static const char *certificate_reason(const struct server_file *file, int code)
{
    if (is_der_certificate(file))
        return "The certificate is in DER format, PEM is needed.";
    if (file_contains(file, "-----BEGIN CERTIFICATE-----") ||
        file_contains(file, "-----BEGIN X509 CERTIFICATE-----"))
        return gnutls_strerror(code);
    if (file_contains(file, "PRIVATE KEY-----"))
        return "There is a private key in the file, and no certificate.";
    if (file_contains(file, "-----BEGIN CERTIFICATE REQUEST-----") ||
        file_contains(file, "-----BEGIN NEW CERTIFICATE REQUEST-----"))
        return "There is a certificate request in the file, and no certificate.";
    return "There is no certificate in PEM format in the file.";
}

static bool load_certificates(struct parsed_pair *parsed, const struct server_file *file,
                              char *problem, size_t size)
{
    const gnutls_datum_t datum = file_datum(file);
    char reason[96];
    int r = gnutls_x509_crt_list_import2(&parsed->certificates, &parsed->count, &datum,
                                         GNUTLS_X509_FMT_PEM, 0);

    if (r < 0 || parsed->count == 0) {
        parsed->count = 0;
        set_problem(problem, size, certificate_reason(file, r), file->path);
        return false;
    }
    if (parsed->count > TLS_MAX_CHAIN) {
        snprintf(reason, sizeof(reason), "The file has %u certificates, more than %d.",
                 parsed->count, TLS_MAX_CHAIN);
        set_problem(problem, size, reason, file->path);
        return false;
    }
    return true;
}

static bool is_der_key(const struct server_file *file)
{
    const gnutls_datum_t datum = file_datum(file);
    gnutls_x509_privkey_t key;

    /* DER can be recognised by its structure only. PEM never begins with this octet. */
    if (file->data[0] != 0x30 || gnutls_x509_privkey_init(&key) < 0)
        return false;
    bool ok = gnutls_x509_privkey_import(key, &datum, GNUTLS_X509_FMT_DER) >= 0 ||
              gnutls_x509_privkey_import_pkcs8(key, &datum, GNUTLS_X509_FMT_DER, NULL,
                                               GNUTLS_PKCS_PLAIN) >= 0;
    gnutls_x509_privkey_deinit(key);
    return ok;
}

static const char *key_reason(const struct server_file *file, int code)
{
    if (file_contains(file, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
        file_contains(file, "Proc-Type: 4,ENCRYPTED"))
        return "The private key is encrypted, one without passphrase is needed.";
    if (is_der_key(file))
        return "The private key is in DER format, PEM is needed.";
    if (file_contains(file, "PRIVATE KEY-----"))
        return gnutls_strerror(code);
    if (file_contains(file, "-----BEGIN CERTIFICATE-----"))
        return "There is a certificate in the file, and no private key.";
    return "There is no private key in PEM format in the file.";
}

static bool load_key(struct parsed_pair *parsed, const struct server_file *file, char *problem,
                     size_t size)
{
    const gnutls_datum_t datum = file_datum(file);
    int r = gnutls_x509_privkey_init(&parsed->key);

    if (r < 0)
        parsed->key = NULL;
    else
        r = gnutls_x509_privkey_import2(parsed->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (r < 0)
        set_problem(problem, size, key_reason(file, r), file->path);
    return r >= 0;
}

static bool key_is_of(gnutls_x509_privkey_t key, gnutls_x509_crt_t certificate)
{
    unsigned char a[KEY_ID_SIZE], b[KEY_ID_SIZE];
    size_t a_size = sizeof(a), b_size = sizeof(b);

    return gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, a, &a_size) >= 0 &&
           gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, b, &b_size) >= 0 &&
           a_size == b_size && crypto_equal(a, b, a_size);
}

static bool check_match(const struct parsed_pair *parsed, const struct server_pair *pair,
                        char *problem, size_t size)
{
    char both[TLS_ERROR_SIZE];

    if (key_is_of(parsed->key, parsed->certificates[0]))
        return true;
    for (unsigned int i = 1; i < parsed->count; i++) {
        if (key_is_of(parsed->key, parsed->certificates[i])) {
            set_problem(problem, size,
                        "The chain is in the wrong order, the server's certificate has to be the "
                        "first.",
                        pair->certificate.path);
            return false;
        }
    }
    snprintf(both, sizeof(both), "%s, %s", pair->certificate.path, pair->key.path);
    set_problem(problem, size, gnutls_strerror(GNUTLS_E_CERTIFICATE_KEY_MISMATCH), both);
    return false;
}

bool parsed_pair_load(struct parsed_pair *parsed, const struct server_pair *pair, char *problem,
                      size_t size)
{
    char detail[TLS_ERROR_SIZE];

    *parsed = (struct parsed_pair){.certificates = NULL};
    problem[0] = '\0';
    if (server_file_problem(&pair->certificate, detail, sizeof(detail)) ||
        server_file_problem(&pair->key, detail, sizeof(detail))) {
        set_problem(problem, size, gnutls_strerror(GNUTLS_E_FILE_ERROR), detail);
        return false;
    }
    if (load_certificates(parsed, &pair->certificate, problem, size) &&
        load_key(parsed, &pair->key, problem, size) && check_match(parsed, pair, problem, size))
        return true;
    parsed_pair_free(parsed);
    return false;
}

void parsed_pair_free(struct parsed_pair *parsed)
{
    if (parsed->key)
        gnutls_x509_privkey_deinit(parsed->key);
    for (unsigned int i = 0; i < parsed->count; i++)
        gnutls_x509_crt_deinit(parsed->certificates[i]);
    gnutls_free(parsed->certificates);
    *parsed = (struct parsed_pair){.certificates = NULL};
}

/* ---- What is in it ---- */

static void certificate_subject(gnutls_x509_crt_t certificate, char *text, size_t size)
{
    size_t length = size;

    text[0] = '\0';
    if (gnutls_x509_crt_get_dn(certificate, text, &length) < 0 || text[0] == '\0') {
        length = size;
        if (gnutls_x509_crt_get_subject_alt_name(certificate, 0, text, &length, NULL) !=
            GNUTLS_SAN_DNSNAME)
            text_copy(text, size, "no name");
    }
    text[size - 1] = '\0';
    text_make_printable(text);
}

void certificate_dates(gnutls_x509_crt_t certificate, const char *path,
                       struct tls_certificate_dates *dates)
{
    dates->file = path;
    certificate_subject(certificate, dates->subject, sizeof(dates->subject));
    dates->not_before = gnutls_x509_crt_get_activation_time(certificate);
    dates->not_after = gnutls_x509_crt_get_expiration_time(certificate);
}

void parsed_pair_dates(const struct parsed_pair *parsed, const char *path,
                       struct tls_certificate_dates *dates)
{
    certificate_dates(parsed->certificates[0], path, dates);
}

static bool is_out_of_dates(const struct parsed_pair *parsed, const char *path, int64_t now,
                            char *problem, size_t size)
{
    struct tls_certificate_dates dates;

    parsed_pair_dates(parsed, path, &dates);
    enum certificate_state state = certificate_state(&dates, now);
    return state >= CERTIFICATE_EXPIRED && certificate_describe(&dates, state, problem, size);
}

static bool kept_is_in_its_dates(const struct server_pair *kept, int64_t now)
{
    struct parsed_pair parsed;
    char text[TLS_ERROR_SIZE];

    if (!parsed_pair_load(&parsed, kept, text, sizeof(text)))
        return false;
    bool ok = !is_out_of_dates(&parsed, kept->certificate.path, now, text, sizeof(text));
    parsed_pair_free(&parsed);
    return ok;
}

/* ---- Warnings ---- */

/* Without the extension there is no restriction. */
static bool is_for_servers(gnutls_x509_crt_t certificate)
{
    char oid[OID_SIZE];
    size_t size = sizeof(oid);
    unsigned int i = 0;
    int r;

    while ((r = gnutls_x509_crt_get_key_purpose_oid(certificate, i, oid, &size, NULL)) >= 0) {
        if (strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) == 0 || strcmp(oid, GNUTLS_KP_ANY) == 0)
            return true;
        size = sizeof(oid);
        i++;
    }
    return i == 0 && r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

static bool can_sign(gnutls_x509_crt_t certificate)
{
    unsigned int usage = 0;

    return gnutls_x509_crt_get_key_usage(certificate, &usage, NULL) < 0 ||
           (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) != 0;
}

static void warn_about_server_certificate(const struct parsed_pair *parsed, const char *path)
{
    struct tls_certificate_dates dates;

    parsed_pair_dates(parsed, path, &dates);
    if (!can_sign(parsed->certificates[0]))
        LOG_WARN("Certificate in %s (%s) cannot be used with TLS 1.3, every key establishment will "
                 "fail : keyUsage without digitalSignature",
                 path, dates.subject);
    if (!is_for_servers(parsed->certificates[0]))
        LOG_WARN("Certificate in %s (%s) is not for servers, clients will refuse it : "
                 "extendedKeyUsage without serverAuth",
                 path, dates.subject);
}

/* At most one line about the certificates after the first. */
static void warn_about_issuers(const struct parsed_pair *parsed, const char *path, int64_t now)
{
    struct tls_certificate_dates dates;
    char from[32], to[32];

    for (unsigned int i = 1; i < parsed->count; i++) {
        certificate_dates(parsed->certificates[i], path, &dates);
        if (now >= dates.not_before && now <= dates.not_after)
            continue;
        instant_format_utc(instant_make(dates.not_before, 0), from, sizeof(from));
        instant_format_utc(instant_make(dates.not_after, 0), to, sizeof(to));
        LOG_WARN("Certificate %u in %s (%s), after the server's own, is %s (from %s to %s UTC)",
                 i + 1, path, dates.subject, now < dates.not_before ? "not valid yet" : "over",
                 from, to);
        return;
    }
    for (unsigned int i = 0; i + 1 < parsed->count; i++) {
        if (gnutls_x509_crt_check_issuer(parsed->certificates[i], parsed->certificates[i + 1]) == 1)
            continue;
        LOG_WARN("Certificate %u in %s is not the issuer of the one before it", i + 2, path);
        return;
    }
}

static bool same_octets(const struct server_file *a, const struct server_file *b)
{
    return a->size == b->size && crypto_equal(a->data, b->data, a->size);
}

/* ---- Judgement ---- */

static void check_pair(const struct server_pair *pair, const struct server_pair *kept, int64_t now,
                       struct pair_verdict *verdict)
{
    const char *path = pair->certificate.path;
    struct parsed_pair parsed;

    verdict->usable = parsed_pair_load(&parsed, pair, verdict->problem, sizeof(verdict->problem));
    if (!verdict->usable)
        return;
    if (kept && is_out_of_dates(&parsed, path, now, verdict->problem, sizeof(verdict->problem)) &&
        kept_is_in_its_dates(kept, now)) {
        verdict->usable = false;
    } else {
        verdict->problem[0] = '\0';
        if (!kept || !same_octets(&pair->certificate, &kept->certificate)) {
            warn_about_server_certificate(&parsed, path);
            warn_about_issuers(&parsed, path, now);
        }
    }
    parsed_pair_free(&parsed);
}

void certificate_check(const struct server_files *files, const struct server_files *kept,
                       int64_t now, struct pair_verdict *verdicts)
{
    for (size_t i = 0; i < files->count; i++)
        check_pair(files->pairs[i], kept ? kept->pairs[i] : NULL, now, &verdicts[i]);
}

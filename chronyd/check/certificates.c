/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the server's certificates with what serves them, and of what clients want of them:
 * dates, names, kind of key, trust. The octets are read with all rights; then these are given up,
 * before anything is parsed.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/check/check.h"
#include "nts/certificate_check.h"
#include "nts/certificate_watch.h"

#define PROBLEM_PREFIX "Could not set credentials : "
#define MIN_RSA_BITS   2048

/* One pair of files, with the lines that name them. */
struct pair_check {
    struct check *check;
    const struct check_line *line, *key_line;
    const struct server_pair *pair;
    struct parsed_pair parsed;
};

/* ---- Files ---- */

static bool is_unseen(const struct check *c, const struct server_file *file)
{
    return file->error == EACCES && c->around->self.uid != 0;
}

/* A file without octets; a finding or a note says why. */
static bool has_no_octets(struct pair_check *p, const struct check_line *line,
                          const struct server_file *file)
{
    struct check *c = p->check;
    char problem[TLS_ERROR_SIZE];

    if (!server_file_problem(file, problem, sizeof(problem)))
        return false;
    if (is_unseen(c, file)) {
        errno = EACCES;
        check_note_unseen(c, line, NULL, file->path);
        return true;
    }
    check_error(c, line, NULL, "%s, so this pair is not served", problem);
    check_fix(c, "correct the path, or get the certificate (certbot certonly)");
    return true;
}

/* False: nothing can be said of this pair. */
static bool load_pair(struct pair_check *p)
{
    struct check *c = p->check;
    char problem[TLS_ERROR_SIZE];
    bool lacks_certificate = has_no_octets(p, p->line, &p->pair->certificate);
    bool lacks_key = has_no_octets(p, p->key_line, &p->pair->key);

    if (lacks_certificate || lacks_key)
        return false;
    if (parsed_pair_load(&p->parsed, p->pair, problem, sizeof(problem)))
        return true;
    const char *reason = strncmp(problem, PROBLEM_PREFIX, strlen(PROBLEM_PREFIX)) == 0
                             ? problem + strlen(PROBLEM_PREFIX)
                             : problem;
    const struct check_line *line = strstr(problem, p->pair->key.path) ? p->key_line : p->line;
    check_error(c, line, NULL, "%s; this pair is not served", reason);
    check_fix(c, "name the chain (server's certificate first) in ntsservercert and its key in "
                 "ntsserverkey, both PEM");
    return false;
}

/* ---- Dates and use ---- */

static void check_dates(struct pair_check *p)
{
    struct check *c = p->check;
    struct tls_certificate_dates dates;
    char text[TLS_ERROR_SIZE];

    parsed_pair_dates(&p->parsed, p->pair->certificate.path, &dates);
    enum certificate_state state = certificate_state(&dates, c->around->now);
    if (!certificate_describe(&dates, state, text, sizeof(text)))
        return;
    (state >= CERTIFICATE_EXPIRED ? check_error : check_warn)(c, p->line, NULL, "%s", text);
    check_fix(c, state == CERTIFICATE_NOT_YET
                     ? "look at the clock of this machine (date), which may be wrong"
                     : "renew it (certbot renew), then chronyc rekey");
}

/* Warnings of the code that serves the pair, about what clients refuse. */
static void check_use(struct pair_check *p)
{
    struct server_pair *pair = (struct server_pair *)p->pair;
    const struct server_files files = {.pairs = &pair, .count = 1};
    struct pair_verdict verdict;
    struct check_log log;

    check_log_begin(&log);
    certificate_check(&files, NULL, p->check->around->now, &verdict);
    check_log_end(&log);
    for (size_t i = 0; i < log.texts.count; i++) {
        check_warn(p->check, p->line, NULL, "%s", log.texts.items[i]);
        check_fix(p->check, "get a certificate for a TLS server, with all its intermediate "
                            "certificates in their order");
    }
    check_log_free(&log);
}

/* ---- Names ---- */

static void check_names(struct pair_check *p)
{
    gnutls_x509_crt_t certificate = p->parsed.certificates[0];
    char name[512];

    for (unsigned int i = 0;; i++) {
        size_t size = sizeof(name);
        int r = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);

        if (r == GNUTLS_SAN_DNSNAME || r == GNUTLS_SAN_IPADDRESS ||
            r == GNUTLS_E_SHORT_MEMORY_BUFFER)
            return;
        if (r < 0)
            break;
    }
    check_warn(p->check, p->line, NULL,
               "%s has no subjectAltName with a DNS name or address, so many clients refuse it",
               p->pair->certificate.path);
    check_fix(p->check, "get a certificate with the name that clients write behind server as its "
                        "subjectAltName (openssl req -addext subjectAltName=DNS:NAME)");
}

/* ---- Kind of key ---- */

/* Why some clients refuse a key; NULL: they take it. */
static const char *reason_against_key(gnutls_x509_crt_t certificate)
{
    unsigned int bits = 0;
    gnutls_ecc_curve_t curve;
    int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);

    switch (algorithm) {
    case GNUTLS_PK_RSA:
        return bits < MIN_RSA_BITS ? "has an RSA key of fewer than 2048 bits" : NULL;
    case GNUTLS_PK_RSA_PSS:
        return "has an RSA-PSS key";
    case GNUTLS_PK_EDDSA_ED25519:
        return "has an Ed25519 key, which older systems and those in FIPS mode do not know";
    case GNUTLS_PK_EDDSA_ED448:
        return "has an Ed448 key";
    case GNUTLS_PK_ECDSA:
        if (gnutls_x509_crt_get_pk_ecc_raw(certificate, &curve, NULL, NULL) >= 0 &&
            curve != GNUTLS_ECC_CURVE_SECP256R1 && curve != GNUTLS_ECC_CURVE_SECP384R1)
            return "has a key on a curve that is neither P-256 nor P-384";
        return NULL;
    default:
        return "has a key that TLS 1.3 does not know";
    }
}

static bool has_weak_signature(gnutls_x509_crt_t certificate)
{
    int algorithm = gnutls_x509_crt_get_signature_algorithm(certificate);

    return algorithm >= 0 && gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
                                                    GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0;
}

static void check_kind(struct pair_check *p)
{
    gnutls_x509_crt_t certificate = p->parsed.certificates[0];
    const char *reason = reason_against_key(certificate);

    if (reason) {
        check_warn(p->check, p->line, NULL, "%s %s: some clients refuse it",
                   p->pair->certificate.path, reason);
        check_fix(p->check, "get a certificate for an ECDSA key on P-256 (certbot's default), or "
                            "RSA of 2048 bits or more; several pairs can be named");
    }
    if (has_weak_signature(certificate)) {
        check_warn(p->check, p->line, NULL, "%s is signed with a broken hash (such as SHA-1)",
                   p->pair->certificate.path);
        check_fix(p->check, "have it issued again, with SHA-256");
    }
}

/* ---- Trust ---- */

static bool is_self_signed(gnutls_x509_crt_t certificate)
{
    return gnutls_x509_crt_check_issuer(certificate, certificate) == 1;
}

/* Trusted certificates of this configuration, set 0. */
static void add_configured(gnutls_x509_trust_list_t trusted, const struct check *c)
{
    for (size_t i = 0; i < c->conf->nts_client.count; i++) {
        const struct conf_trusted_certs *certs = &c->conf->nts_client.certs[i];
        struct world_file_info info;

        if (certs->set != 0 ||
            !c->around->world->ops->file_info(c->around->world->ctx, certs->path, &info))
            continue;
        if (info.is_directory)
            gnutls_x509_trust_list_add_trust_dir(trusted, certs->path, NULL, GNUTLS_X509_FMT_PEM, 0,
                                                 0);
        else if (info.is_regular)
            gnutls_x509_trust_list_add_trust_file(trusted, certs->path, NULL, GNUTLS_X509_FMT_PEM,
                                                  0, 0);
    }
}

static void check_trust(struct pair_check *p)
{
    struct check *c = p->check;
    const char *path = p->pair->certificate.path;
    gnutls_x509_trust_list_t trusted;
    unsigned int status = 0;

    if (gnutls_x509_trust_list_init(&trusted, 0) < 0)
        return;
    int system = gnutls_x509_trust_list_add_system_trust(trusted, 0, 0);
    add_configured(trusted, c);
    int r = gnutls_x509_trust_list_verify_crt(trusted, p->parsed.certificates, p->parsed.count,
                                              GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                                  GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS,
                                              &status, NULL);
    gnutls_x509_trust_list_deinit(trusted, 1);
    if (r < 0 || !(status & GNUTLS_CERT_SIGNER_NOT_FOUND))
        return;
    if (is_self_signed(p->parsed.certificates[0])) {
        check_warn(c, p->line, NULL, "%s is signed by itself, so no client trusts it", path);
        check_fix(c, "give clients a copy for ntstrustedcerts (here, too), or get a certificate "
                     "of an authority");
    } else if (system <= 0) {
        check_note(c, p->line, NULL,
                   "this system trusts no authority, so it is not known whether clients do");
        check_fix(c, "install ca-certificates");
    } else {
        check_warn(c, p->line, NULL,
                   "this system does not trust the issuer of %s: an intermediate certificate is "
                   "missing in the file, or the authority is private",
                   path);
        check_fix(c, "name the file with the whole chain (certbot: fullchain.pem); for a private "
                     "authority write ntstrustedcerts FILE here and on the clients");
    }
}

/* ---- All pairs ---- */

static void check_pair(struct check *c, const struct server_files *files, size_t index)
{
    struct pair_check p = {
        .check = c,
        .line = check_find_nth(c, "ntsservercert", index),
        .key_line = check_find_nth(c, "ntsserverkey", index),
        .pair = files->pairs[index],
    };

    if (!load_pair(&p))
        return;
    check_dates(&p);
    check_use(&p);
    check_names(&p);
    check_kind(&p);
    check_trust(&p);
    parsed_pair_free(&p.parsed);
}

void check_certificates(struct check *c)
{
    const struct nts_server_conf *nts = &c->conf->nts_server;

    if (nts->certs.count == 0 || nts->certs.count != nts->keys.count || gnutls_global_init() < 0)
        return;
    struct server_files *files = server_files_read(c->around->world, nts);
    if (c->around->give_up_rights && c->knows_user)
        c->around->give_up_rights(&c->user);
    for (size_t i = 0; i < files->count; i++)
        check_pair(c, files, i);
    server_files_free(files);
    gnutls_global_deinit();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS credentials over GnuTLS; see tls_credentials.h. The library is given memory and no paths, so
 * that every error can name its file. Private keys come as octets that somebody else has read and
 * wipes.
 */
#include "nts/tls_credentials.h"
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "nts/certificate_check.h"

#define FIRST_PEM_SIZE   (256U * 1024U)
#define PRIORITY_CHANGES "-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-TLS1.2:-VERS-DTLS-ALL"

struct tls_credentials {
    unsigned int references;
    gnutls_certificate_credentials_t handle;
    gnutls_priority_t priority;
    struct tls_certificate_dates *dates;
    size_t pairs;
    int system_certificates; /* client: of the system's trust store; -1: it was not asked */
    size_t certificates;     /* client: all trusted ones */
};

/* The octets of a file with trusted certificates. */
struct pem {
    unsigned char *data;
    size_t size;
};

static void pem_free(struct pem *pem)
{
    free(pem->data);
    pem->data = NULL;
}

static gnutls_datum_t pem_datum(const struct pem *pem)
{
    return (gnutls_datum_t){.data = pem->data, .size = (unsigned int)pem->size};
}

/* False with errno set. */
static bool pem_read(const struct world *world, const char *path, struct pem *pem)
{
    FILE *f = world->ops->file_read(world->ctx, path);
    size_t room = 0, n = 1;
    int error = 0;

    *pem = (struct pem){NULL, 0};
    if (!f)
        return false;
    while (n > 0 && error == 0) {
        if (pem->size == room) {
            room = room > 0 ? 2 * room : FIRST_PEM_SIZE;
            pem->data = mem_resize(pem->data, room, 1);
        }
        errno = 0;
        n = fread(pem->data + pem->size, 1, room - pem->size, f);
        pem->size += n;
        if (ferror(f))
            error = errno != 0 ? errno : EIO;
        else if (pem->size > TLS_TRUSTED_MAX_SIZE)
            error = EFBIG;
    }
    fclose(f);
    if (error != 0)
        pem_free(pem);
    errno = error;
    return error == 0;
}

static void set_error(char *error, size_t size, int code, const char *detail)
{
    snprintf(error, size, "Could not set credentials : %s (%s)", gnutls_strerror(code), detail);
}

static void set_file_error(char *error, size_t size, const char *path)
{
    char detail[TLS_ERROR_SIZE];

    if (errno == EFBIG)
        snprintf(detail, sizeof(detail), "%s: larger than %u octets", path, TLS_TRUSTED_MAX_SIZE);
    else
        snprintf(detail, sizeof(detail), "%s: %s", path, text_errno(errno));
    set_error(error, size, GNUTLS_E_FILE_ERROR, detail);
}

static struct tls_credentials *credentials_new(char *error, size_t size)
{
    struct tls_credentials *c = mem_alloc(sizeof(*c));
    int r = gnutls_global_init();

    if (r < 0)
        LOG_FATAL("Could not initialise gnutls : %s", gnutls_strerror(r));
    c->references = 1;
    r = gnutls_certificate_allocate_credentials(&c->handle);
    if (r < 0) {
        snprintf(error, size, "Could not set credentials : %s", gnutls_strerror(r));
    } else {
        r = gnutls_priority_init2(&c->priority, PRIORITY_CHANGES, NULL,
                                  GNUTLS_PRIORITY_INIT_DEF_APPEND);
        if (r < 0)
            snprintf(error, size, "Could not initialise priority cache for TLS : %s",
                     gnutls_strerror(r));
    }
    if (r < 0) {
        tls_credentials_unref(c);
        return NULL;
    }
    return c;
}

struct tls_credentials *tls_credentials_ref(struct tls_credentials *credentials)
{
    credentials->references++;
    return credentials;
}

void tls_credentials_unref(struct tls_credentials *credentials)
{
    if (!credentials || --credentials->references > 0)
        return;
    if (credentials->handle)
        gnutls_certificate_free_credentials(credentials->handle);
    if (credentials->priority)
        gnutls_priority_deinit(credentials->priority);
    free(credentials->dates);
    free(credentials);
    gnutls_global_deinit();
}

/* ---- Client ---- */

/* Negative: a GnuTLS error. A file without certificates adds nothing (nts.md 6.2). */
static int trust_pem(struct tls_credentials *c, const struct pem *pem)
{
    gnutls_datum_t datum = pem_datum(pem);
    int r = gnutls_certificate_set_x509_trust_mem(c->handle, &datum, GNUTLS_X509_FMT_PEM);

    if (r > 0)
        c->certificates += (size_t)r;
    return r == GNUTLS_E_NO_CERTIFICATE_FOUND ? 0 : r;
}

static bool trust_file(struct tls_credentials *c, const struct world *world, const char *path,
                       char *error, size_t size)
{
    struct pem pem;

    if (!pem_read(world, path, &pem)) {
        set_file_error(error, size, path);
        return false;
    }
    int r = pem.size > 0 ? trust_pem(c, &pem) : 0;
    pem_free(&pem);
    if (r < 0)
        set_error(error, size, r, path);
    return r >= 0;
}

/* All PEM files in a directory; what is none is passed over. */
static bool trust_directory(struct tls_credentials *c, const struct world *world, const char *path,
                            char *error, size_t size)
{
    char **names = world->ops->list_files(world->ctx, path, "");

    if (!names) {
        set_file_error(error, size, path);
        return false;
    }
    for (char **name = names; *name; name++) {
        size_t length = strlen(path) + strlen(*name) + 2;
        char *file = mem_alloc(length);
        struct world_file_info info;
        struct pem pem;

        snprintf(file, length, "%s/%s", path, *name);
        if (world->ops->file_info(world->ctx, file, &info) && info.is_regular &&
            pem_read(world, file, &pem)) {
            if (pem.size > 0)
                trust_pem(c, &pem);
            pem_free(&pem);
        }
        free(file);
        free(*name);
    }
    free(names);
    return true;
}

static bool trust_path(struct tls_credentials *c, const struct world *world, const char *path,
                       char *error, size_t size)
{
    struct world_file_info info;

    if (world->ops->file_info(world->ctx, path, &info) && info.is_directory)
        return trust_directory(c, world, path, error, size);
    return trust_file(c, world, path, error, size);
}

struct tls_credentials *tls_credentials_new_client(const struct world *world,
                                                   const struct nts_client_conf *conf,
                                                   uint32_t cert_set, char *error, size_t size)
{
    struct tls_credentials *c = credentials_new(error, size);
    bool ok = c != NULL;

    if (ok)
        c->system_certificates = -1;
    if (ok && cert_set == 0 && !conf->no_system_cert) {
        int r = gnutls_certificate_set_x509_system_trust(c->handle);
        ok = r >= 0;
        if (ok) {
            c->system_certificates = r;
            c->certificates = (size_t)r;
        } else {
            set_error(error, size, r, "trusted certificates of the system");
        }
    }
    for (size_t i = 0; ok && i < conf->count; i++)
        if (conf->certs[i].set == cert_set)
            ok = trust_path(c, world, conf->certs[i].path, error, size);
    if (!ok) {
        tls_credentials_unref(c);
        return NULL;
    }
    /* Dates are checked against the daemon's clock, see nts/tls_verify.h. */
    gnutls_certificate_set_verify_flags(c->handle, gnutls_certificate_get_verify_flags(c->handle) |
                                                       GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                                       GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS);
    return c;
}

/* Where the distributions keep their trusted certificates; which one the library was built for it
   does not tell. */
static const char *const system_stores[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine, Gentoo */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, Red Hat */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* the same, newer */
    "/var/lib/ca-certificates/ca-bundle.pem",            /* SUSE */
};
#define SYSTEM_STORES COUNT(system_stores)

/* What is wrong with the store that is there, or that none is there. */
static void describe_system_store(const struct world *world, char *text, size_t size)
{
    for (size_t i = 0; i < SYSTEM_STORES; i++) {
        FILE *f = world->ops->file_read(world->ctx, system_stores[i]);
        int error = !f ? errno : 0;

        if (f)
            fclose(f);
        if (error == ENOENT || error == ENOTDIR)
            continue;
        snprintf(text, size, "%s: %s", system_stores[i],
                 error != 0 ? text_errno(error) : "there is none in the file");
        return;
    }
    snprintf(text, size, "%s: %s, nor is there another store", system_stores[0],
             text_errno(ENOENT));
}

bool tls_credentials_lack_trust(const struct tls_credentials *credentials,
                                const struct world *world, uint32_t cert_set, char *text,
                                size_t size)
{
    char store[TLS_ERROR_SIZE];

    text[0] = '\0';
    if (credentials->system_certificates == 0) {
        describe_system_store(world, store, sizeof(store));
        snprintf(text, size,
                 "No certificate could be loaded from the system's trust store (%s); %s", store,
                 credentials->certificates > 0 ? "only those of ntstrustedcerts are trusted"
                                               : "no NTS server can be verified");
    } else if (credentials->certificates == 0) {
        snprintf(text, size,
                 "There is no trusted certificate in set %" PRIu32
                 " (ntstrustedcerts); no NTS server can be verified with it",
                 cert_set);
    }
    return text[0] != '\0';
}

bool tls_credentials_trust_nothing(const struct tls_credentials *credentials,
                                   const struct world *world, char *text, size_t size)
{
    if (credentials->certificates > 0)
        return false;
    if (credentials->system_certificates == 0)
        describe_system_store(world, text, size);
    else
        text_copy(text, size, "no file of ntstrustedcerts has one");
    return true;
}

/* ---- Server ---- */

static bool load_pair(struct tls_credentials *c, const struct server_pair *pair, char *error,
                      size_t size)
{
    struct parsed_pair parsed;

    if (!parsed_pair_load(&parsed, pair, error, size))
        return false;
    int r = gnutls_certificate_set_x509_key(c->handle, parsed.certificates, (int)parsed.count,
                                            parsed.key);
    if (r >= 0)
        parsed_pair_dates(&parsed, pair->certificate.path, &c->dates[c->pairs++]);
    else
        set_error(error, size, r, pair->certificate.path);
    parsed_pair_free(&parsed);
    return r >= 0;
}

struct tls_credentials *tls_credentials_new_server(const struct server_files *files, char *error,
                                                   size_t size)
{
    struct tls_credentials *c = credentials_new(error, size);

    if (!c)
        return NULL;
    c->dates = mem_array(files->count, sizeof(*c->dates));
    for (size_t i = 0; i < files->count; i++) {
        if (files->pairs[i] && !load_pair(c, files->pairs[i], error, size)) {
            tls_credentials_unref(c);
            return NULL;
        }
    }
    return c;
}

bool tls_credentials_dates(const struct tls_credentials *credentials, size_t pair,
                           struct tls_certificate_dates *dates)
{
    if (pair >= credentials->pairs)
        return false;
    *dates = credentials->dates[pair];
    return true;
}

void *tls_credentials_handle(const struct tls_credentials *credentials)
{
    return credentials->handle;
}

void *tls_credentials_priority(const struct tls_credentials *credentials)
{
    return credentials->priority;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of TLS handshakes for explain, see tls_fault.h. A certificate has one fault: the first in
 * the order in which an operator would mend them.
 */
#include "nts/tls_fault.h"

#include <stdio.h>
#include <string.h>
#include "base/addr.h"
#include "base/text.h"

#define NAME_SIZE 256
#define MAX_NAMES 8

/* ---- Handshakes ---- */

static void set_alert(gnutls_session_t handle, struct ke_failure *failure)
{
    gnutls_alert_description_t alert = gnutls_alert_get(handle);
    const char *name = gnutls_alert_get_name(alert);

    failure->number = (int)alert;
    if (alert == GNUTLS_A_PROTOCOL_VERSION)
        ke_failure_set(failure, FINDING_NTS_NO_TLS13, "%s", "");
    else if (alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
        ke_failure_set(failure, FINDING_NTS_NO_SERVICE, "%s", "");
    else
        ke_failure_set(failure, FINDING_NTS_ALERT, "%s", name ? name : "Unknown alert");
}

void tls_fault_of_handshake(gnutls_session_t handle, int code, struct ke_failure *failure)
{
    switch (code) {
    case GNUTLS_E_PREMATURE_TERMINATION:
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
        ke_failure_set(failure, FINDING_NTS_HANDSHAKE_CLOSED, "%s", "");
        break;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
    case GNUTLS_E_WARNING_ALERT_RECEIVED:
        set_alert(handle, failure);
        break;
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
    case GNUTLS_E_RECORD_OVERFLOW:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
        /* The version of a record is wrong in what is no TLS; that of a handshake message, in what
           is an older TLS. */
        ke_failure_set(failure,
                       gnutls_handshake_get_last_in(handle) == GNUTLS_HANDSHAKE_SERVER_HELLO
                           ? FINDING_NTS_NO_TLS13
                           : FINDING_NTS_NOT_TLS,
                       "%s", "");
        break;
    default:
        ke_failure_set(failure, FINDING_NTS_HANDSHAKE_FAILED, "%s", gnutls_strerror(code));
        break;
    }
}

/* ---- Certificates ---- */

/* The name that is meant for people: the common name, or else the whole distinguished name. */
static void issuer_name(gnutls_x509_crt_t cert, char *name, size_t size)
{
    size_t length = size;

    name[0] = '\0';
    if (gnutls_x509_crt_get_issuer_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                             &length) < 0 ||
        name[0] == '\0') {
        length = size;
        if (gnutls_x509_crt_get_issuer_dn(cert, name, &length) < 0 || name[0] == '\0')
            text_copy(name, size, "an issuer without a name");
    }
    name[size - 1] = '\0';
}

static void set_untrusted(const gnutls_datum_t *peers, gnutls_x509_crt_t leaf, unsigned int count,
                          struct ke_failure *failure)
{
    char name[NAME_SIZE];
    gnutls_x509_crt_t last = NULL;

    issuer_name(leaf, name, sizeof(name));
    if (gnutls_x509_crt_check_issuer(leaf, leaf) == 1) {
        ke_failure_set(failure, FINDING_NTS_CERTIFICATE_SELF_SIGNED, "%s", name);
        return;
    }
    /* Of a chain, the end is what has to be trusted. */
    if (count > 1 && gnutls_x509_crt_init(&last) >= 0 &&
        gnutls_x509_crt_import(last, &peers[count - 1], GNUTLS_X509_FMT_DER) >= 0)
        issuer_name(last, name, sizeof(name));
    if (last)
        gnutls_x509_crt_deinit(last);
    ke_failure_set(failure, FINDING_NTS_CERTIFICATE_UNTRUSTED, "%s", name);
}

/* One of the names of a certificate as text; false: there is no further one. Other kinds of names
   are empty. */
static bool get_name(gnutls_x509_crt_t cert, unsigned int i, char *name, size_t size)
{
    size_t length = size - 1;
    int type = gnutls_x509_crt_get_subject_alt_name(cert, i, name, &length, NULL);

    if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return false;
    if (type == GNUTLS_SAN_IPADDRESS && (length == 4 || length == 16)) {
        struct ip_addr addr = {.family = length == 4 ? IP_V4 : IP_V6};

        memcpy(&addr.u, name, length);
        ip_addr_format(&addr, name, size);
    } else if (type == GNUTLS_SAN_DNSNAME) {
        name[length] = '\0';
    } else {
        name[0] = '\0';
    }
    return true;
}

/* The names that the certificate is for: "a.example, b.example, 192.0.2.1". */
static void set_other_name(gnutls_x509_crt_t leaf, struct ke_failure *failure)
{
    char name[NAME_SIZE], names[2 * NAME_SIZE] = "";
    size_t used = 0;

    for (unsigned int i = 0; i < MAX_NAMES && get_name(leaf, i, name, sizeof(name)); i++) {
        if (name[0] == '\0' || used + strlen(name) + 3 > sizeof(names))
            continue;
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? ", " : "",
                                 name);
    }
    ke_failure_set(failure, FINDING_NTS_CERTIFICATE_OTHER_NAME, "%s",
                   used > 0 ? names : "no host at all");
}

static void set_dates(const struct tls_certificate_dates *dates, enum finding_code code,
                      struct ke_failure *failure)
{
    failure->valid_from = dates->not_before;
    failure->valid_until = dates->not_after;
    ke_failure_set(failure, code, "%s", dates->subject);
}

/* The library's sentences. */
static void set_other(unsigned int status, struct ke_failure *failure)
{
    gnutls_datum_t text = {NULL, 0};

    if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
        text.data = NULL;
    while (text.data && text.size > 0 && text.data[text.size - 1] == ' ')
        text.data[--text.size] = '\0';
    ke_failure_set(failure, FINDING_NTS_CERTIFICATE_REFUSED, "%s",
                   text.data ? (const char *)text.data : "unknown reason");
    gnutls_free(text.data);
}

void tls_fault_of_certificate(const gnutls_datum_t *peers, unsigned int count, unsigned int status,
                              const struct tls_certificate_dates *dates, struct ke_failure *failure)
{
    const unsigned int untrusted = GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA;
    gnutls_x509_crt_t leaf = NULL;
    bool parsed = count > 0 && gnutls_x509_crt_init(&leaf) >= 0 &&
                  gnutls_x509_crt_import(leaf, &peers[0], GNUTLS_X509_FMT_DER) >= 0;

    if (parsed && (status & untrusted) != 0)
        set_untrusted(peers, leaf, count, failure);
    else if ((status & GNUTLS_CERT_INSECURE_ALGORITHM) != 0)
        ke_failure_set(failure, FINDING_NTS_CERTIFICATE_WEAK, "%s", "");
    else if (parsed && (status & GNUTLS_CERT_UNEXPECTED_OWNER) != 0)
        set_other_name(leaf, failure);
    else if ((status & GNUTLS_CERT_EXPIRED) != 0)
        set_dates(dates, FINDING_NTS_CERTIFICATE_EXPIRED, failure);
    else if ((status & GNUTLS_CERT_NOT_ACTIVATED) != 0)
        set_dates(dates, FINDING_NTS_CERTIFICATE_NOT_YET_VALID, failure);
    else
        set_other(status, failure);
    if (leaf)
        gnutls_x509_crt_deinit(leaf);
}

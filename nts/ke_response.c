/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's processing of an NTS-KE response (nts.md 5.7). Called by the TLS session with a
 * complete message of an authenticated server, which may still be wrong. It changes nothing but its
 * result.
 */
#include "nts/ke_response.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "base/wire.h"
#include "nts/ke_record.h"

/* Longer bodies are ignored (nts.md 5.1). */
#define MAX_BODY 256

static bool read_value(const struct ke_record *record, uint16_t *value)
{
    struct reader r = reader_make(record->body, record->length);

    *value = reader_u16(&r);
    return !r.failed && reader_left(&r) == 0;
}

static void take_cookie(struct ke_response *response, const struct ke_record *record)
{
    if (record->length == 0 || record->length % 4 != 0 || response->cookie_count >= NTS_MAX_COOKIES)
        return;
    struct nts_cookie *cookie = &response->cookies[response->cookie_count++];
    memcpy(cookie->data, record->body, record->length);
    cookie->length = record->length;
}

static bool take_server(struct ke_response *response, const struct ke_record *record)
{
    if (record->length == 0)
        return false;
    for (size_t i = 0; i < record->length; i++)
        if (record->body[i] < 0x21 || record->body[i] > 0x7e)
            return false;
    memcpy(response->ntp_server, record->body, record->length);
    response->ntp_server[record->length] = '\0';
    return true;
}

/* False: the response is in error. */
static bool take_record(struct ke_response *response, const struct nts_aeads *aeads,
                        const struct ke_record *record, bool *ntpv4)
{
    uint16_t value;

    response->problem = KE_RESPONSE_MALFORMED;
    if (record->length > MAX_BODY)
        return !record->critical;

    switch (record->type) {
    case KE_RECORD_NEXT_PROTOCOL:
        *ntpv4 = true;
        response->problem = KE_RESPONSE_NO_PROTOCOL;
        return record->critical && read_value(record, &value) && value == KE_PROTOCOL_NTPV4;
    case KE_RECORD_AEAD:
        response->problem = KE_RESPONSE_NO_AEAD;
        if (!read_value(record, &value))
            return false;
        /* After one usable value, others are no error. */
        if (!nts_aead_enabled(aeads, value))
            return response->aead != 0;
        response->aead = value;
        return true;
    case KE_RECORD_COMPLIANT_GCM_EXPORT:
        response->compliant = true;
        return record->length == 0;
    case KE_RECORD_ERROR:
    case KE_RECORD_WARNING:
        response->problem =
            record->type == KE_RECORD_ERROR ? KE_RESPONSE_ERROR : KE_RESPONSE_WARNING;
        response->number = read_value(record, &value) ? value : -1;
        return false;
    case KE_RECORD_COOKIE:
        take_cookie(response, record);
        return true;
    case KE_RECORD_NTP_SERVER:
        return take_server(response, record);
    case KE_RECORD_NTP_PORT:
        return read_value(record, &response->ntp_port);
    default:
        return !record->critical;
    }
}

bool ke_response_process(const uint8_t *message, size_t length, const struct nts_aeads *aeads,
                         struct ke_response *response)
{
    struct reader r = reader_make(message, length);
    struct ke_record record;
    bool ntpv4 = false;

    memset(response, 0, sizeof(*response));
    while (ke_record_next(&r, &record))
        if (!take_record(response, aeads, &record, &ntpv4))
            return false;
    if (!ntpv4)
        response->problem = KE_RESPONSE_NO_PROTOCOL;
    else if (response->aead == 0)
        response->problem = KE_RESPONSE_NO_AEAD;
    else if (response->cookie_count == 0)
        response->problem = KE_RESPONSE_NO_COOKIES;
    return ntpv4 && response->aead != 0 && response->cookie_count > 0;
}

void ke_response_resolver_name(const char *server, char name[KE_SERVER_NAME_SIZE + 1])
{
    size_t length = strlen(server);
    bool has_dot = length > 0 && server[length - 1] == '.';

    snprintf(name, KE_SERVER_NAME_SIZE + 1, "%.*s%s", KE_SERVER_NAME_SIZE - 1, server,
             has_dot ? "" : ".");
}

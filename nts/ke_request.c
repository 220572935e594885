/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE requests: the client's message, its processing by a server, and the server's response
 * (nts.md 5.3 to 5.6). The processing of a request is the first thing that octets of an unknown
 * client reach after TLS: it reads complete records only, counts, and changes nothing but its
 * result.
 */
#include "nts/ke_request.h"

#include <string.h>
#include "base/crypto.h"
#include "ntp/wire/packet.h"
#include "nts/cookie.h"
#include "nts/ke_record.h"

/* Only the values in the first 256 octets of a body count (nts.md 5.1). */
#define MAX_LIST_VALUES 128

bool ke_request_build(const struct nts_aeads *aeads, struct writer *w)
{
    uint8_t list[2 * NTS_MAX_AEADS];
    struct writer list_writer = writer_make(list, sizeof(list));
    bool gcm_siv = false;

    for (size_t i = 0, sent = 0; i < aeads->count && sent < NTS_MAX_AEADS; i++) {
        if (!aead_supported(aeads->ids[i]))
            continue;
        writer_u16(&list_writer, (uint16_t)aeads->ids[i]);
        gcm_siv = gcm_siv || aeads->ids[i] == AEAD_AES_128_GCM_SIV;
        sent++;
    }
    ke_record_add_u16(w, true, KE_RECORD_NEXT_PROTOCOL, KE_PROTOCOL_NTPV4);
    ke_record_add(w, true, KE_RECORD_AEAD, list, list_writer.pos);
    if (gcm_siv)
        ke_record_add(w, false, KE_RECORD_COMPLIANT_GCM_EXPORT, NULL, 0);
    ke_record_add(w, true, KE_RECORD_END, NULL, 0);
    return !w->failed;
}

/* The records of a request so far. */
struct request_state {
    const struct nts_aeads *aeads;
    int protocol_records;
    int aead_records;
    bool ntpv4;
    bool compliant;
    int aead;  /* 0: none chosen */
    int error; /* -1: none */
};

static void take_protocols(struct request_state *state, const struct ke_record *record)
{
    struct reader r = reader_make(record->body, record->length);

    if (!record->critical || record->length < 2 || record->length % 2 != 0) {
        state->error = KE_ERROR_BAD_REQUEST;
        return;
    }
    state->protocol_records++;
    for (int i = 0; i < MAX_LIST_VALUES && reader_left(&r) >= 2; i++)
        if (reader_u16(&r) == KE_PROTOCOL_NTPV4)
            state->ntpv4 = true;
}

static void take_aeads(struct request_state *state, const struct ke_record *record)
{
    struct reader r = reader_make(record->body, record->length);

    if (record->length < 2 || record->length % 2 != 0) {
        state->error = KE_ERROR_BAD_REQUEST;
        return;
    }
    state->aead_records++;
    for (int i = 0; i < MAX_LIST_VALUES && reader_left(&r) >= 2 && state->aead == 0; i++) {
        int id = reader_u16(&r);
        if (nts_aead_enabled(state->aeads, id))
            state->aead = id;
    }
}

static void take_record(struct request_state *state, const struct ke_record *record)
{
    switch (record->type) {
    case KE_RECORD_NEXT_PROTOCOL:
        take_protocols(state, record);
        break;
    case KE_RECORD_AEAD:
        take_aeads(state, record);
        break;
    case KE_RECORD_COMPLIANT_GCM_EXPORT:
        if (record->length != 0)
            state->error = KE_ERROR_BAD_REQUEST;
        state->compliant = true;
        break;
    case KE_RECORD_ERROR:
    case KE_RECORD_WARNING:
    case KE_RECORD_COOKIE:
        state->error = KE_ERROR_BAD_REQUEST;
        break;
    default:
        if (record->critical)
            state->error = KE_ERROR_UNKNOWN_CRITICAL;
        break;
    }
}

void ke_request_process(const uint8_t *message, size_t length, const struct nts_aeads *aeads,
                        struct ke_outcome *outcome)
{
    struct request_state state = {.aeads = aeads, .error = -1};
    struct reader r = reader_make(message, length);
    struct ke_record record;

    while (state.error < 0 && ke_record_next(&r, &record))
        take_record(&state, &record);

    if (state.error < 0 &&
        (state.protocol_records != 1 || (state.ntpv4 && state.aead_records != 1)))
        state.error = KE_ERROR_BAD_REQUEST;

    *outcome = (struct ke_outcome){.kind = KE_OUTCOME_SUCCESS};
    if (state.error >= 0) {
        outcome->kind = KE_OUTCOME_ERROR;
        outcome->error = (uint16_t)state.error;
    } else if (!state.ntpv4) {
        outcome->kind = KE_OUTCOME_NO_PROTOCOL;
    } else if (state.aead == 0) {
        outcome->kind = KE_OUTCOME_NO_AEAD;
    } else {
        outcome->aead = state.aead;
        outcome->compliant = state.compliant && state.aead == AEAD_AES_128_GCM_SIV;
    }
}

static bool add_cookies(const struct nts_context *context, const struct nts_server_key *key,
                        const struct world *world, struct writer *w)
{
    struct aead_cipher cipher;
    bool ok = aead_cipher_init(&cipher, key->aead, &key->key);

    for (int i = 0; ok && i < NTS_MAX_COOKIES; i++) {
        uint8_t nonce[NTS_NONCE_LENGTH];
        struct nts_cookie cookie;

        world_random(world, nonce, sizeof(nonce));
        ok = nts_cookie_make(key, &cipher, context, nonce, &cookie);
        if (ok)
            ke_record_add(w, false, KE_RECORD_COOKIE, cookie.data, cookie.length);
    }
    crypto_wipe(&cipher, sizeof(cipher));
    return ok;
}

static bool add_success(const struct ke_outcome *outcome, const struct ke_server_info *info,
                        const struct nts_context *context, const struct nts_server_key *key,
                        const struct world *world, struct writer *w)
{
    if (context->aead != outcome->aead)
        return false;
    ke_record_add_u16(w, true, KE_RECORD_NEXT_PROTOCOL, KE_PROTOCOL_NTPV4);
    ke_record_add_u16(w, true, KE_RECORD_AEAD, (uint16_t)outcome->aead);
    if (outcome->compliant)
        ke_record_add(w, false, KE_RECORD_COMPLIANT_GCM_EXPORT, NULL, 0);
    if (info->ntp_port != NTP_PORT)
        ke_record_add_u16(w, true, KE_RECORD_NTP_PORT, info->ntp_port);
    if (info->ntp_server)
        ke_record_add(w, true, KE_RECORD_NTP_SERVER, info->ntp_server, strlen(info->ntp_server));
    return add_cookies(context, key, world, w);
}

bool ke_response_build(const struct ke_outcome *outcome, const struct ke_server_info *info,
                       const struct nts_context *context, const struct nts_server_key *key,
                       const struct world *world, struct writer *w)
{
    switch (outcome->kind) {
    case KE_OUTCOME_ERROR:
        ke_record_add_u16(w, true, KE_RECORD_ERROR, outcome->error);
        break;
    case KE_OUTCOME_NO_PROTOCOL:
        ke_record_add(w, true, KE_RECORD_NEXT_PROTOCOL, NULL, 0);
        break;
    case KE_OUTCOME_NO_AEAD:
        ke_record_add_u16(w, true, KE_RECORD_NEXT_PROTOCOL, KE_PROTOCOL_NTPV4);
        ke_record_add(w, true, KE_RECORD_AEAD, NULL, 0);
        break;
    case KE_OUTCOME_SUCCESS:
        if (!add_success(outcome, info, context, key, world, w))
            return false;
        break;
    }
    ke_record_add(w, true, KE_RECORD_END, NULL, 0);
    return !w->failed;
}

void ke_exporter_context(int aead, bool compliant, bool s2c,
                         uint8_t context[KE_EXPORTER_CONTEXT_LENGTH])
{
    struct writer w = writer_make(context, KE_EXPORTER_CONTEXT_LENGTH);
    int named = aead;

    /* Old releases of chrony name the wrong algorithm for AES-128-GCM-SIV (nts.md 5.6). */
    if (aead == AEAD_AES_128_GCM_SIV && !compliant)
        named = AEAD_AES_SIV_CMAC_256;
    writer_u16(&w, KE_PROTOCOL_NTPV4);
    writer_u16(&w, (uint16_t)named);
    writer_u8(&w, s2c ? 1 : 0);
}

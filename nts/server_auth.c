/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of the NTP server (nts.md 11). Called for each request that passed the access list and the
 * rate limit, with octets of anybody; everything about a request is in the caller's struct
 * ntp_nts_request. It only reads the key set, which is in the server's snapshot, allocates
 * nothing and logs nothing.
 */
#include "nts/server_auth.h"

#include <assert.h>
#include <string.h>
#include "nts/auth_field.h"
#include "nts/cookie.h"

#define FIELD_HEADER 4

/* Kept between the check of a request and its response. */
struct request_state {
    int aead;
    struct secret s2c;
    uint8_t nonce[NTS_NONCE_LENGTH];
    size_t plain_length; /* new cookies, as fields */
    uint8_t plain[NTS_MAX_COOKIES * (FIELD_HEADER + NTS_OWN_COOKIE_MAX)];
};

static_assert(sizeof(struct request_state) <= sizeof(struct ntp_nts_request),
              "room for the state of a request");
static_assert(_Alignof(struct request_state) <= _Alignof(struct ntp_nts_request),
              "alignment of the state of a request");

/* The fields of a request that count. */
struct request_fields {
    bool has_uid;
    bool has_cookie;
    bool has_auth;
    int requested;        /* cookies: the one that was sent and the placeholders */
    size_t cookie_length; /* of the first cookie or placeholder */
    struct ntp_ext_field cookie;
    struct ntp_ext_field auth;
};

/* Counts a cookie or placeholder; false if its length is not that of the others. */
static bool count_requested(struct request_fields *fields, const struct ntp_ext_field *field)
{
    if (fields->requested == 0)
        fields->cookie_length = field->body_length;
    fields->requested++;
    return field->body_length == fields->cookie_length;
}

static bool take_field(struct request_fields *fields, const struct ntp_ext_field *field,
                       size_t packet_length)
{
    switch (field->type) {
    case NTP_EXT_NTS_UID:
        fields->has_uid = true;
        return true;
    case NTP_EXT_NTS_COOKIE:
        if (fields->has_cookie || field->body_length > NTS_MAX_COOKIE_LENGTH)
            return false;
        fields->has_cookie = true;
        fields->cookie = *field;
        return count_requested(fields, field);
    case NTP_EXT_NTS_PLACEHOLDER:
        return count_requested(fields, field);
    case NTP_EXT_NTS_AUTH:
        fields->has_auth = true;
        fields->auth = *field;
        return field->start + field->length == packet_length;
    default:
        return true;
    }
}

static bool collect_fields(const uint8_t *packet, const struct ntp_info *info,
                           struct request_fields *fields)
{
    struct ntp_ext_field field;
    size_t pos = NTP_HEADER_LENGTH;
    int walked = 0;

    while (ntp_ext_next(packet, info, &pos, &field)) {
        if (!take_field(fields, &field, info->length))
            return false;
        walked++;
    }
    return walked == info->ext_fields && fields->has_uid && fields->has_cookie && fields->has_auth;
}

/* Placeholders may also come encrypted. */
static bool count_encrypted(const uint8_t *plain, size_t length, struct request_fields *fields)
{
    struct ntp_ext_field field;
    size_t pos = 0;

    while (ntp_ext_next_inner(plain, length, &pos, &field))
        if (field.type == NTP_EXT_NTS_PLACEHOLDER && !count_requested(fields, &field))
            return false;
    return pos == length;
}

static bool prepare_cookies(const struct nts_key_set *keys, struct random_pool *random,
                            const struct nts_context *context, int count,
                            struct request_state *state)
{
    struct writer w = writer_make(state->plain, sizeof(state->plain));

    for (int i = 0; i < count; i++) {
        uint8_t nonce[NTS_NONCE_LENGTH];
        struct nts_cookie cookie;

        random_pool_bytes(random, nonce, sizeof(nonce));
        if (!nts_cookie_make(&keys->keys[keys->current], &keys->ciphers[keys->current], context,
                             nonce, &cookie) ||
            !ntp_ext_add_inner(&w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length))
            return false;
    }
    state->plain_length = w.pos;
    return !w.failed;
}

/* The part of the check that needs the client's keys. */
static enum ntp_nts_check check_authenticated(const struct nts_key_set *keys,
                                              struct random_pool *random, const uint8_t *packet,
                                              struct request_fields *fields,
                                              const struct nts_context *context,
                                              struct request_state *state)
{
    uint8_t plain[NTP_MAX_LENGTH];
    size_t plain_length;

    if (!aead_supported(context->aead))
        return NTP_NTS_DROP;
    if (!auth_field_open(packet, &fields->auth, context->aead, &context->c2s, plain, &plain_length))
        return NTP_NTS_NAK;
    if (!count_encrypted(plain, plain_length, fields))
        return NTP_NTS_DROP;
    state->aead = context->aead;
    state->s2c = context->s2c;
    random_pool_bytes(random, state->nonce, sizeof(state->nonce));
    int count = fields->requested < NTS_MAX_COOKIES ? fields->requested : NTS_MAX_COOKIES;
    return prepare_cookies(keys, random, context, count, state) ? NTP_NTS_PASS : NTP_NTS_DROP;
}

static enum ntp_nts_check check_request(const void *keys, struct random_pool *random,
                                        const uint8_t *packet, const struct ntp_info *info,
                                        struct ntp_nts_request *request)
{
    const struct nts_key_set *set = keys;
    struct request_state *state = (struct request_state *)(void *)request->opaque;
    struct request_fields fields = {.has_uid = false};
    struct nts_context context = {.aead = 0};

    state->aead = 0;
    state->s2c.length = 0;
    if (info->mode != NTP_MODE_CLIENT || info->ext_fields == 0 ||
        !collect_fields(packet, info, &fields))
        return NTP_NTS_DROP;
    if (!nts_cookie_decode(set->keys, set->ciphers, fields.cookie.body, fields.cookie.body_length,
                           &context))
        return NTP_NTS_NAK;
    enum ntp_nts_check result = check_authenticated(set, random, packet, &fields, &context, state);
    nts_context_wipe(&context);
    if (result != NTP_NTS_PASS)
        secret_wipe(&state->s2c);
    return result;
}

static bool copy_uids(const uint8_t *packet, const struct ntp_info *info, struct writer *w)
{
    struct ntp_ext_field field;
    size_t pos = NTP_HEADER_LENGTH;

    while (ntp_ext_next(packet, info, &pos, &field))
        if (field.type == NTP_EXT_NTS_UID &&
            !ntp_ext_add(w, field.type, field.body, field.body_length))
            return false;
    return !w->failed;
}

static bool add_response(const uint8_t *packet, const struct ntp_info *info,
                         struct ntp_nts_request *request, uint32_t kod, struct writer *w)
{
    struct request_state *state = (struct request_state *)(void *)request->opaque;
    bool ok = copy_uids(packet, info, w);

    if (ok && kod != NTP_KOD_NTSN) {
        /* The response is as long as the request: nothing is amplified, and each placeholder is
           paid back. */
        size_t missing = info->length > w->pos ? info->length - w->pos : 0;

        ok = auth_field_add(w, state->aead, &state->s2c, state->nonce, state->plain,
                            state->plain_length, missing);
    }
    secret_wipe(&state->s2c);
    return ok && w->pos <= info->length;
}

const struct ntp_nts_server_ops *nts_server_auth_ops(void)
{
    static const struct ntp_nts_server_ops ops = {
        .check_request = check_request,
        .add_response = add_response,
    };

    return &ops;
}

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

/* Kept between the check of a request and its response. */
struct request_state {
    struct request_fields fields;
    struct nts_context context;
    uint8_t nonce[NTS_NONCE_LENGTH];
    bool failed; /* the work on it that was given to the batch last */
    size_t cookie_length;
    uint8_t cookie[NTS_COOKIE_PLAIN_MAX]; /* what is in the client's cookie, and in new ones */
    /* What the client has encrypted, and then the new cookies as fields. */
    size_t plain_length;
    uint8_t plain[NTP_MAX_LENGTH];
};

static_assert(NTS_MAX_COOKIES * (FIELD_HEADER + NTS_OWN_COOKIE_MAX) <= NTP_MAX_LENGTH,
              "room for new cookies");
static_assert(sizeof(struct request_state) <= sizeof(struct ntp_nts_request),
              "room for the state of a request");
static_assert(_Alignof(struct request_state) <= _Alignof(struct ntp_nts_request),
              "alignment of the state of a request");

static struct request_state *state_of(const struct ntp_nts_item *item)
{
    return (struct request_state *)(void *)item->request->opaque;
}

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

/* Its result is in the state when the batch has run. */
static void add_work(struct aead_batch *batch, struct request_state *state, struct aead_work *work)
{
    work->failed = &state->failed;
    aead_batch_add(batch, work);
}

static void wipe_keys(struct request_state *state)
{
    nts_context_wipe(&state->context);
    crypto_wipe(state->cookie, sizeof(state->cookie));
}

/* ---- Steps of the check. What a step gives to the batch is there for the next one. ---- */

static enum ntp_nts_check open_cookie(const struct nts_key_set *set, struct aead_batch *batch,
                                      const struct ntp_nts_item *item)
{
    struct request_state *state = state_of(item);
    struct aead_work work;

    if (item->info->mode != NTP_MODE_CLIENT || item->info->ext_fields == 0 ||
        !collect_fields(item->packet, item->info, &state->fields))
        return NTP_NTS_DROP;
    if (!nts_cookie_find(set->keys, set->ciphers, state->fields.cookie.body,
                         state->fields.cookie.body_length, state->cookie, &work))
        return NTP_NTS_NAK;
    state->cookie_length = work.in_length - AEAD_TAG_LENGTH;
    add_work(batch, state, &work);
    return NTP_NTS_PASS;
}

static enum ntp_nts_check open_auth(struct aead_batch *batch, const struct ntp_nts_item *item)
{
    struct request_state *state = state_of(item);
    struct nts_context *context = &state->context;
    struct aead_work work;

    if (state->failed || !nts_cookie_context(state->cookie, state->cookie_length, context))
        return NTP_NTS_NAK;
    if (!aead_supported(context->aead))
        return NTP_NTS_DROP;
    if (!auth_field_find(item->packet, &state->fields.auth, context->aead, &context->c2s,
                         state->plain, &work))
        return NTP_NTS_NAK;
    state->plain_length = work.in_length - AEAD_TAG_LENGTH;
    add_work(batch, state, &work);
    return NTP_NTS_PASS;
}

static bool make_cookie(const struct nts_key_set *set, struct random_pool *random,
                        struct aead_batch *batch, struct request_state *state, struct writer *w)
{
    const struct nts_server_key *key = &set->keys[set->current];
    const size_t length = nts_cookie_length(key, &state->context);
    uint8_t nonce[NTS_NONCE_LENGTH];
    struct aead_work work;

    random_pool_bytes(random, nonce, sizeof(nonce));
    if (length == 0 || !ntp_ext_add_inner(w, NTP_EXT_NTS_COOKIE, NULL, length))
        return false;
    nts_cookie_prepare(key, &set->ciphers[set->current], &state->context, nonce, state->cookie,
                       w->data + w->pos - length, &work);
    add_work(batch, state, &work);
    return true;
}

static enum ntp_nts_check make_cookies(const struct nts_key_set *set, struct random_pool *random,
                                       struct aead_batch *batch, const struct ntp_nts_item *item)
{
    struct request_state *state = state_of(item);
    struct writer w = writer_make(state->plain, sizeof(state->plain));

    if (state->failed)
        return NTP_NTS_NAK;
    if (!count_encrypted(state->plain, state->plain_length, &state->fields))
        return NTP_NTS_DROP;
    random_pool_bytes(random, state->nonce, sizeof(state->nonce));
    const int requested = state->fields.requested;
    for (int i = 0; i < requested && i < NTS_MAX_COOKIES; i++)
        if (!make_cookie(set, random, batch, state, &w))
            return NTP_NTS_DROP;
    state->plain_length = w.pos;
    return NTP_NTS_PASS;
}

static void check_requests(const void *keys, struct random_pool *random, struct aead_batch *batch,
                           struct ntp_nts_item *items, size_t count)
{
    const struct nts_key_set *set = keys;

    for (size_t i = 0; i < count; i++) {
        struct request_state *state = state_of(&items[i]);

        state->fields = (struct request_fields){.has_uid = false};
        state->context = (struct nts_context){.aead = 0};
        state->failed = false;
        items[i].check = open_cookie(set, batch, &items[i]);
    }
    aead_batch_run(batch);
    for (size_t i = 0; i < count; i++)
        if (items[i].check == NTP_NTS_PASS)
            items[i].check = open_auth(batch, &items[i]);
    aead_batch_run(batch);
    for (size_t i = 0; i < count; i++)
        if (items[i].check == NTP_NTS_PASS)
            items[i].check = make_cookies(set, random, batch, &items[i]);
    aead_batch_run(batch);
    for (size_t i = 0; i < count; i++) {
        struct request_state *state = state_of(&items[i]);

        if (items[i].check == NTP_NTS_PASS && state->failed)
            items[i].check = NTP_NTS_DROP;
        if (items[i].check != NTP_NTS_PASS)
            wipe_keys(state);
    }
}

/* ---- Responses ---- */

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

static void start_response(struct aead_batch *batch, const struct ntp_nts_item *item)
{
    struct request_state *state = state_of(item);
    struct writer *w = item->w;
    struct aead_work work;

    if (!copy_uids(item->packet, item->info, w)) {
        w->failed = true;
        return;
    }
    if (item->kod == NTP_KOD_NTSN)
        return;
    /* The response is as long as the request: nothing is amplified, and each placeholder is
       paid back. */
    size_t missing = item->info->length > w->pos ? item->info->length - w->pos : 0;

    if (auth_field_prepare(w, state->context.aead, &state->context.s2c, state->nonce, state->plain,
                           state->plain_length, missing, &work)) {
        work.failed = &w->failed;
        aead_batch_add(batch, &work);
    }
}

static void add_responses(struct aead_batch *batch, const struct ntp_nts_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        start_response(batch, &items[i]);
    aead_batch_run(batch);
    for (size_t i = 0; i < count; i++) {
        wipe_keys(state_of(&items[i]));
        if (items[i].w->pos > items[i].info->length)
            items[i].w->failed = true;
    }
}

const struct ntp_nts_server_ops *nts_server_auth_ops(void)
{
    static const struct ntp_nts_server_ops ops = {
        .check_requests = check_requests,
        .add_responses = add_responses,
    };

    return &ops;
}

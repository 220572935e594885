/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS of a client's sources (nts.md 8, 10, 14, 18.1). The association drives it: at each poll, for
 * each request and response. Owns keys, cookies and the running key establishment of a source. A
 * packet changes nothing here before it was authenticated; the one exception is an NTS NAK with the
 * right UID, which is only noted for the next poll.
 */
#include "nts/client_auth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/auth_field.h"
#include "nts/client_state.h"
#include "nts/cookie_file.h"

#define FAILED_START_DELAY 2.0
#define MAX_RETRY_LOG2     19
#define MAX_COOKIE_FIELDS  864 /* octets of cookie and placeholder fields in a request */
#define MIN_REQUEST_AUTH   28
#define EXT_HEADER_LENGTH  4
#define REPORT_NEVER       0xffffffffu
#define REPORT_MODE_NTS    2

static double uptime(const struct ntp_nts_client *client)
{
    return loop_uptime(client->owner->env.loop);
}

/* ---- Cookies ---- */

static void add_cookie(struct ntp_nts_client *client, const void *data, size_t length)
{
    int i = (client->first_cookie + client->cookie_count) % NTS_MAX_COOKIES;

    memcpy(client->cookies[i].data, data, length);
    client->cookies[i].length = length;
    client->cookie_count++;
}

static void drop_cookies(struct ntp_nts_client *client)
{
    crypto_wipe(client->cookies, sizeof(client->cookies));
    client->first_cookie = 0;
    client->cookie_count = 0;
}

static void take_cookie(struct ntp_nts_client *client, struct nts_cookie *cookie)
{
    *cookie = client->cookies[client->first_cookie];
    client->first_cookie = (client->first_cookie + 1) % NTS_MAX_COOKIES;
    client->cookie_count--;
}

/* ---- State of an address (nts.md 8.1, 14) ---- */

static void stop_session(struct ntp_nts_client *client)
{
    if (client->session)
        ke_client_free(client->session);
    client->session = NULL;
}

static void reset(struct ntp_nts_client *client)
{
    stop_session(client);
    client->move_unconfirmed = false;
    client->attempts = 0;
    client->next_attempt = 0.0;
    client->last_success = 0.0;
    nts_context_wipe(&client->context);
    nts_context_wipe(&client->alt_context);
    client->context_id = 0;
    drop_cookies(client);
    client->nak = false;
    client->ok = true;
    client->sent = false;
    memset(client->uid, 0, sizeof(client->uid));
    memset(client->nonce, 0, sizeof(client->nonce));
    client->facts = (struct nts_client_facts){.unanswered = 0};
}

static const char *dump_directory(const struct ntp_nts_client *client)
{
    return client->owner->env.conf->dump_dir;
}

static double real_now(const struct ntp_nts_client *client)
{
    const struct ke_client_env *env = &client->owner->env;

    return (double)env->now(env->arg);
}

/* Moves the source. If that fails, its cookies cannot be used. */
static bool move_source(struct ntp_nts_client *client, const struct ip_port *addr)
{
    if (ip_port_equal(addr, &client->ntp_addr))
        return true;
    if (!client->change_address(addr, client->change_arg)) {
        drop_cookies(client);
        return false;
    }
    client->ntp_addr = *addr;
    return true;
}

static void apply_saved_address(struct ntp_nts_client *client, const struct ip_port *addr)
{
    const struct ip_port old = client->ntp_addr;
    char old_text[ADDR_TEXT_SIZE], new_text[ADDR_TEXT_SIZE];

    if (!move_source(client, addr))
        LOG_ERROR("Could not change %s to %s", ip_port_format(&old, old_text, sizeof(old_text)),
                  ip_port_format(addr, new_text, sizeof(new_text)));
    client->addr_before_load = old;
    client->move_unconfirmed = !ip_port_equal(&old, &client->ntp_addr);
}

/* A move during the creation of a source is postponed, and may have failed since. */
static void confirm_saved_address(struct ntp_nts_client *client)
{
    if (!client->move_unconfirmed)
        return;
    client->move_unconfirmed = false;
    if (client->change_address(&client->ntp_addr, client->change_arg))
        return;
    client->ntp_addr = client->addr_before_load;
    drop_cookies(client);
}

static void load(struct ntp_nts_client *client)
{
    struct cookie_file file;

    if (!dump_directory(client) || !ip_addr_is_real(&client->nts_addr.addr) ||
        !cookie_file_load(client->owner->env.world, dump_directory(client), &client->nts_addr.addr,
                          client->name, &file))
        return;
    client->context = file.context;
    client->context_id = file.context_id;
    for (int i = 0; i < file.cookie_count; i++)
        add_cookie(client, file.cookies[i].data, file.cookies[i].length);
    client->last_success = uptime(client) - fmax(0.0, real_now(client) - file.time);
    apply_saved_address(client, &file.ntp_addr);
    crypto_wipe(&file, sizeof(file));
}

static void save(struct ntp_nts_client *client)
{
    struct cookie_file file;

    if (!dump_directory(client) || client->cookie_count == 0 ||
        !ip_addr_is_real(&client->nts_addr.addr))
        return;
    memset(&file, 0, sizeof(file));
    file.time = real_now(client) - (uptime(client) - client->last_success);
    file.ntp_addr = client->ntp_addr;
    file.context_id = client->context_id;
    file.context = client->context;
    for (; file.cookie_count < client->cookie_count; file.cookie_count++)
        file.cookies[file.cookie_count] =
            client->cookies[(client->first_cookie + file.cookie_count) % NTS_MAX_COOKIES];
    cookie_file_save(client->owner->env.world, &client->owner->file_trouble, dump_directory(client),
                     &client->nts_addr.addr, client->name, &file);
    crypto_wipe(&file, sizeof(file));
}

static struct ntp_nts_client *client_create(void *ctx, const struct ntp_nts_client_params *params)
{
    struct ntp_nts_client *client = mem_alloc(sizeof(*client));

    client->owner = ctx;
    client->name = text_dup(params->name);
    client->cert_set = params->cert_set;
    client->default_port = params->ntp_addr.port;
    client->change_address = params->change_address;
    client->change_arg = params->arg;
    client->nts_addr = params->nts_addr;
    client->ntp_addr = params->ntp_addr;
    reset(client);
    load(client);
    return client;
}

static void client_destroy(struct ntp_nts_client *client)
{
    save(client);
    stop_session(client);
    free(client->name);
    crypto_wipe(client, sizeof(*client));
    free(client);
}

static void client_change_nts_address(struct ntp_nts_client *client, const struct ip_port *nts_addr)
{
    save(client);
    client->nts_addr = *nts_addr;
    client->ntp_addr.addr = nts_addr->addr; /* the port does not change (nts.md 8.6) */
    reset(client);
    load(client);
}

/* ---- Polls (nts.md 8.2 to 8.5) ---- */

static bool apply_negotiated_address(struct ntp_nts_client *client, const struct ke_result *result)
{
    const struct ip_port old = client->ntp_addr;
    struct ip_port new = {client->nts_addr.addr, client->default_port};
    char old_text[ADDR_TEXT_SIZE], new_text[ADDR_TEXT_SIZE];

    if (result->ntp_addr.family != IP_UNSPEC)
        new.addr = result->ntp_addr;
    if (result->ntp_port != 0)
        new.port = result->ntp_port;
    if (move_source(client, &new))
        return true;
    LOG_ERROR("Could not change %s to negotiated address %s",
              ip_addr_format(&old.addr, old_text, sizeof(old_text)),
              ip_addr_format(&new.addr, new_text, sizeof(new_text)));
    client->facts.failure.when = uptime(client);
    ke_failure_set(&client->facts.failure, FINDING_NTS_ADDRESS_TAKEN, "%s", new_text);
    return false;
}

static bool only_nak(const struct ntp_nts_client *client)
{
    return client->nak && !client->ok;
}

/* Drops cookies that cannot be used any more, or tries them with the alternate keys. */
static void check_cookies(struct ntp_nts_client *client)
{
    double age = uptime(client) - client->last_success;

    if (client->cookie_count == 0 || (!only_nak(client) && age <= client->owner->env.conf->refresh))
        return;
    if (client->alt_context.aead != 0 && client->alt_context.aead == client->context.aead &&
        client->attempts > 0 && only_nak(client)) {
        client->context = client->alt_context;
        nts_context_wipe(&client->alt_context);
        LOG_DEBUG("Switched to compliant keys for %s", client->name);
        return;
    }
    LOG_DEBUG("Dropped cookies for %s", client->name);
    drop_cookies(client);
}

static void take_context(struct ntp_nts_client *client, const struct ke_result *result)
{
    client->context = result->context;
    client->alt_context = result->alt_context;
    client->context_id++;
    drop_cookies(client);
    for (int i = 0; i < result->cookie_count && i < NTS_MAX_COOKIES; i++)
        add_cookie(client, result->cookies[i].data, result->cookies[i].length);
}

/* Takes the result of a session that is over. */
static bool finish_session(struct ntp_nts_client *client)
{
    struct ke_result result;

    memset(&result, 0, sizeof(result));
    bool ok = ke_client_take_result(client->session, &result);
    client->facts.failure = *ke_client_failure(client->session);
    stop_session(client);
    if (ok) {
        take_context(client, &result);
        ok = apply_negotiated_address(client, &result);
        client->facts.established = true;
        client->facts.valid_until = result.valid_until;
        client->facts.dates_unchecked = !result.dates_checked;
    }
    if (ok)
        client->last_success = uptime(client);
    client->ke_succeeded += ok;
    client->ke_failed += !ok;
    crypto_wipe(&result, sizeof(result));
    return ok && client->cookie_count > 0;
}

double nts_client_retry_delay(const struct ntp_nts_client *client)
{
    if (ke_client_start_failed(client->session))
        return fmax(client->facts.session_start + FAILED_START_DELAY - uptime(client), 0.0);
    int log2_delay = ke_client_retry_factor(client->session) + client->attempts - 1;

    return log2_to_seconds(log2_delay < MAX_RETRY_LOG2 ? log2_delay : MAX_RETRY_LOG2);
}

/* `since`: when it was tried. */
static void note_failed_start(struct ntp_nts_client *client, const struct ke_failure *failure,
                              double since)
{
    client->facts.failure = *failure;
    client->ke_failed++;
    client->next_attempt = since + FAILED_START_DELAY;
}

static bool get_cookies(struct ntp_nts_client *client)
{
    const double now = uptime(client);
    struct ke_failure failure;

    /* The process for it says later that the start has failed. */
    if (client->session && ke_client_start_failed(client->session)) {
        note_failed_start(client, ke_client_failure(client->session), client->facts.session_start);
        stop_session(client);
    }
    if (!client->session) {
        if (now < client->next_attempt) {
            LOG_DEBUG("Limiting NTS-KE request rate (%f seconds)", client->next_attempt - now);
            return false;
        }
        client->attempts++;
        client->facts.session_start = now;
        client->session = ke_client_start(&client->owner->env, &client->nts_addr, client->name,
                                          client->cert_set, &failure);
        if (!client->session) {
            note_failed_start(client, &failure, now);
            return false;
        }
    }
    client->next_attempt = now + nts_client_retry_delay(client);
    if (ke_client_is_active(client->session))
        return false;
    return finish_session(client);
}

static bool client_prepare(struct ntp_nts_client *client)
{
    const struct world *world = client->owner->env.world;

    if (!ip_addr_is_real(&client->nts_addr.addr))
        return false;
    world_random(world, client->uid, sizeof(client->uid));
    world_random(world, client->nonce, sizeof(client->nonce));
    client->sent = false;

    confirm_saved_address(client);
    check_cookies(client);
    if (client->cookie_count == 0 && !get_cookies(client))
        return false;
    client->nak = false;
    return true;
}

/* ---- Packets (nts.md 10) ---- */

static int placeholder_count(const struct ntp_nts_client *client, size_t cookie_length)
{
    int wanted = NTS_MAX_COOKIES - client->cookie_count;
    int fitting = MAX_COOKIE_FIELDS / (int)(cookie_length + EXT_HEADER_LENGTH);

    return (wanted < fitting ? wanted : fitting) - 1;
}

static bool client_add_request(struct ntp_nts_client *client, const struct ntp_info *info,
                               struct writer *w)
{
    static const uint8_t zeros[NTS_MAX_COOKIE_LENGTH];
    struct nts_cookie cookie;

    if (info->version != NTP_VERSION || info->mode != NTP_MODE_CLIENT || client->cookie_count == 0)
        return false;
    take_cookie(client, &cookie);
    if (cookie.length < NTS_MIN_COOKIE_BODY ||
        !ntp_ext_add(w, NTP_EXT_NTS_UID, client->uid, sizeof(client->uid)) ||
        !ntp_ext_add(w, NTP_EXT_NTS_COOKIE, cookie.data, cookie.length))
        return false;
    int placeholders = placeholder_count(client, cookie.length);
    for (int i = 0; i < placeholders; i++)
        if (!ntp_ext_add(w, NTP_EXT_NTS_PLACEHOLDER, zeros, cookie.length))
            return false;
    if (!auth_field_add(w, client->context.aead, &client->context.c2s, client->nonce, NULL, 0,
                        MIN_REQUEST_AUTH))
        return false;
    client->ok = false;
    client->sent = true;
    client->facts.unanswered++;
    client->facts.request_length = w->pos;
    return true;
}

/* The fields of a response. */
struct response_fields {
    bool uid;
    bool auth;
    size_t plain_length;
    uint8_t plain[NTP_MAX_LENGTH];
};

/* Only well-formed fields until the end. */
static bool is_field_sequence(const uint8_t *data, size_t length)
{
    struct ntp_ext_field field;
    size_t pos = 0;

    while (ntp_ext_next_inner(data, length, &pos, &field))
        ;
    return pos == length;
}

static bool take_field(const struct ntp_nts_client *client, const uint8_t *packet,
                       const struct ntp_info *info, const struct ntp_ext_field *field,
                       struct response_fields *fields)
{
    switch (field->type) {
    case NTP_EXT_NTS_UID:
        fields->uid = field->body_length == sizeof(client->uid) &&
                      crypto_equal(field->body, client->uid, sizeof(client->uid));
        return fields->uid;
    case NTP_EXT_NTS_AUTH:
        fields->auth = field->start + field->length == info->length &&
                       auth_field_open(packet, field, client->context.aead, &client->context.s2c,
                                       fields->plain, &fields->plain_length) &&
                       is_field_sequence(fields->plain, fields->plain_length);
        return fields->auth;
    default:
        return true; /* a cookie outside of the encrypted part is ignored, too */
    }
}

static bool read_fields(const struct ntp_nts_client *client, const uint8_t *packet,
                        const struct ntp_info *info, struct response_fields *fields)
{
    struct ntp_ext_field field;
    size_t pos = NTP_HEADER_LENGTH;
    int walked = 0;

    while (ntp_ext_next(packet, info, &pos, &field)) {
        if (!take_field(client, packet, info, &field, fields))
            return false;
        walked++;
    }
    return walked == info->ext_fields;
}

static bool is_nak(const uint8_t *packet)
{
    struct ntp_header header;

    ntp_header_read(packet, &header);
    return header.stratum == NTP_INVALID_STRATUM && header.refid == NTP_KOD_NTSN;
}

/* The fields were checked before. Returns the number of usable cookies. */
static int take_new_cookies(struct ntp_nts_client *client, const struct response_fields *fields)
{
    struct ntp_ext_field field;
    size_t pos = 0;
    int acceptable = 0;

    while (ntp_ext_next_inner(fields->plain, fields->plain_length, &pos, &field)) {
        if (field.type != NTP_EXT_NTS_COOKIE || field.body_length < NTS_MIN_COOKIE_BODY ||
            field.body_length > NTS_MAX_COOKIE_LENGTH)
            continue;
        acceptable++;
        if (client->cookie_count < NTS_MAX_COOKIES)
            add_cookie(client, field.body, field.body_length);
    }
    return acceptable;
}

/* Reads the fields; what is wrong with them, or GOOD. */
static enum response_reason judge_fields(struct ntp_nts_client *client, const uint8_t *packet,
                                         const struct ntp_info *info,
                                         struct response_fields *fields)
{
    bool complete = read_fields(client, packet, info, fields);

    if (!fields->uid)
        return RESPONSE_NTS_UID;
    if (complete && !fields->auth && is_nak(packet)) {
        client->nak = true;
        return RESPONSE_NTS_NAK;
    }
    if (!complete || !fields->auth)
        return RESPONSE_NTS_AUTH;
    return take_new_cookies(client, fields) > 0 ? RESPONSE_GOOD : RESPONSE_NTS_COOKIES;
}

static void note_refused(struct ntp_nts_client *client, enum response_reason reason)
{
    struct nts_client_facts *facts = &client->facts;

    if (reason == RESPONSE_NTS_NAK) {
        facts->naks++;
        facts->last_nak = uptime(client);
    } else {
        facts->refused++;
        facts->last_refused = uptime(client);
        facts->refused_reason = reason;
    }
}

static void note_answer(struct ntp_nts_client *client)
{
    struct nts_client_facts *facts = &client->facts;

    facts->has_answer = true;
    facts->last_answer = uptime(client);
    facts->unanswered = facts->naks = facts->refused = 0;
}

static enum response_reason client_check_response(struct ntp_nts_client *client,
                                                  const uint8_t *packet,
                                                  const struct ntp_info *info)
{
    struct response_fields fields = {.uid = false};

    if (info->ext_fields == 0 || info->mode != NTP_MODE_SERVER || client->ok || !client->sent)
        return RESPONSE_NTS_UNASKED;
    enum response_reason reason = judge_fields(client, packet, info, &fields);
    crypto_wipe(fields.plain, fields.plain_length);
    if (reason != RESPONSE_GOOD) {
        note_refused(client, reason);
        return reason;
    }
    note_answer(client);
    client->ok = true;
    client->attempts = 0;
    client->next_attempt = 0.0;
    nts_context_wipe(&client->alt_context);
    return RESPONSE_GOOD;
}

/* ---- Report (nts.md 18.1) ---- */

static uint32_t last_success_ago(const struct ntp_nts_client *client)
{
    double ago = uptime(client) - client->last_success;

    if (client->context.aead == 0)
        return REPORT_NEVER;
    if (!(ago > 0.0))
        return 0;
    return ago < (double)(REPORT_NEVER - 1) ? (uint32_t)ago : REPORT_NEVER - 1;
}

static void client_count(const struct ntp_nts_client *client, struct report_source_counts *report)
{
    report->ke_succeeded = client->ke_succeeded;
    report->ke_failed = client->ke_failed;
    report->certificate_end = instant_make(client->facts.valid_until, 0);
}

static void client_report(const struct ntp_nts_client *client, struct report_authdata *report)
{
    *report = (struct report_authdata){
        .mode = REPORT_MODE_NTS,
        .key_type = (uint16_t)client->context.aead,
        .key_id = client->context_id,
        .key_length = (uint16_t)(8 * client->context.s2c.length),
        .ke_attempts = (uint16_t)(client->attempts < UINT16_MAX ? client->attempts : UINT16_MAX),
        .last_ke_ago = last_success_ago(client),
        .cookies = (uint16_t)client->cookie_count,
        .nak = client->nak,
    };
    if (client->cookie_count > 0)
        report->cookie_length = (uint16_t)client->cookies[client->first_cookie].length;
}

/* ---- The context of all sources ---- */

struct nts_client_auth *nts_client_auth_new(const struct ke_client_env *env)
{
    struct nts_client_auth *owner = mem_alloc(sizeof(*owner));

    owner->env = *env;
    return owner;
}

void nts_client_auth_free(struct nts_client_auth *client)
{
    free(client);
}

const struct ntp_nts_client_ops *nts_client_auth_ops(void)
{
    static const struct ntp_nts_client_ops ops = {
        .create = client_create,
        .destroy = client_destroy,
        .prepare = client_prepare,
        .add_request = client_add_request,
        .check_response = client_check_response,
        .change_nts_address = client_change_nts_address,
        .save = save,
        .report = client_report,
        .explain = nts_client_explain,
        .count = client_count,
    };

    return &ops;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering requests: bytes in, bytes out. It reads the snapshot and writes the shard; it owns no
 * socket. Nothing here allocates, and no request, however malformed, gets an answer that is
 * longer than itself.
 */
#include "ntp/server/answer.h"

#include <stdlib.h>
#include "base/aead_batch.h"
#include "base/text.h"
#include "conf/source_options.h"

#define MONO_ROOT_AND_CORRECTION (EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION)

/* A request on its way through the steps. */
struct request {
    const struct server_snapshot *snapshot;
    struct server_shard *shard;
    const struct ntp_arrival *arrival;
    struct writer *w;                    /* the reply */
    struct ntp_nts_request *nts_request; /* its state */
    struct ntp_info info;
    struct ntp_header header;
    int mode;                /* of the reply */
    uint32_t kod;            /* 0: none */
    enum limit_result limit; /* of its rate */
    bool logged;             /* in the client log */
    bool eligible;           /* for an interleaved reply */
    bool interleaved;
    enum server_result result; /* SERVER_ANSWERED while no step has decided otherwise */
};

/* Why the parser refused a packet, by the fields of info that it has set. */
static enum server_result parse_failure(const struct ntp_info *info)
{
    if (info->length == 0)
        return SERVER_DROPPED_LENGTH;
    return info->version == 0 || info->version > NTP_VERSION ? SERVER_DROPPED_VERSION
                                                             : SERVER_DROPPED_FIELDS;
}

/* Mode of the reply (ntp.md 20.1, step 4); NTP_MODE_UNDEFINED: no reply. */
static int reply_mode(const struct ntp_info *info, uint16_t remote_port)
{
    switch (info->mode) {
    case NTP_MODE_ACTIVE:
        return NTP_MODE_PASSIVE;
    case NTP_MODE_CLIENT:
        return NTP_MODE_SERVER;
    case NTP_MODE_UNDEFINED:
        /* NTPv1 had no mode field. */
        return info->version == 1 && remote_port != NTP_PORT ? NTP_MODE_SERVER : NTP_MODE_UNDEFINED;
    default:
        return NTP_MODE_UNDEFINED;
    }
}

static struct ntp_nts_item nts_item(struct request *r)
{
    return (struct ntp_nts_item){
        .packet = r->arrival->packet,
        .info = &r->info,
        .request = r->nts_request,
        .kod = r->kod,
        .w = r->w,
    };
}

static bool serves_nts(const struct request *r)
{
    return r->shard->nts && r->snapshot->nts_keys != 0;
}

static void check_nts_items(const struct server_snapshot *snapshot, struct server_shard *shard,
                            struct aead_batch *batch, struct ntp_nts_item *items, size_t count)
{
    shard->nts->check_requests(server_snapshot_at(snapshot, snapshot->nts_keys), &shard->random,
                               batch, items, count);
}

static enum server_result nts_result(enum ntp_nts_check check)
{
    switch (check) {
    case NTP_NTS_PASS:
        return SERVER_ANSWERED;
    case NTP_NTS_NAK:
        return SERVER_ANSWERED_KOD_NTSN;
    case NTP_NTS_DROP:
        break;
    }
    return SERVER_DROPPED_NTS;
}

static enum server_result check_nts(struct request *r)
{
    struct ntp_nts_item item = nts_item(r);

    if (!serves_nts(r))
        return SERVER_DROPPED_NTS;
    check_nts_items(r->snapshot, r->shard, NULL, &item, 1);
    return nts_result(item.check);
}

/* Checks authentication (ntp.md 15.6): SERVER_ANSWERED, SERVER_ANSWERED_KOD_NTSN, or why there is
   no answer. */
static enum server_result check_auth(struct request *r)
{
    switch (r->info.auth) {
    case NTP_AUTH_NONE:
        return SERVER_ANSWERED;
    case NTP_AUTH_SYMMETRIC:
        return key_table_check_mac(server_snapshot_keys(r->snapshot), r->arrival->packet, &r->info)
                   ? SERVER_ANSWERED
                   : SERVER_DROPPED_KEY;
    case NTP_AUTH_NTS:
        return check_nts(r);
    case NTP_AUTH_MSSNTP:
        return r->snapshot->signing ? SERVER_ANSWERED : SERVER_DROPPED_SIGNING;
    case NTP_AUTH_MSSNTP_EXT:
        break;
    }
    return SERVER_DROPPED_SIGNING;
}

static bool add_auth(struct request *r)
{
    struct ntp_nts_item item;

    switch (r->info.auth) {
    case NTP_AUTH_NONE:
    case NTP_AUTH_MSSNTP: /* signed later */
        return true;
    case NTP_AUTH_SYMMETRIC:
        return key_table_add_mac(server_snapshot_keys(r->snapshot), r->info.mac_key_id,
                                 r->info.version, r->w);
    case NTP_AUTH_NTS:
        item = nts_item(r);
        r->shard->nts->add_responses(NULL, &item, 1);
        return !r->w->failed;
    case NTP_AUTH_MSSNTP_EXT:
        break;
    }
    return false;
}

/* Whether the client may get an interleaved reply, now or next time (ntp.md 20.4). */
static bool is_eligible(const struct request *r)
{
    return r->kod == 0 && r->info.version == 4 && (r->header.origin.lo & 1) != 0 &&
           !ntp_time_equal(r->header.receive, r->header.transmit);
}

/* ---- Steps, in the order of ntp.md 20.1. SERVER_ANSWERED: the next one follows. ---- */

/* Up to the rate limit. */
static enum server_result take(struct request *r)
{
    const struct server_snapshot *snapshot = r->snapshot;
    const struct ntp_arrival *arrival = r->arrival;
    struct client_log *log = r->shard->log;

    if (!ntp_packet_parse(arrival->packet, arrival->length, &r->info))
        return parse_failure(&r->info);
    if (!access_nodes_allow(server_snapshot_access(snapshot), &arrival->remote.addr))
        return SERVER_DROPPED_ACCESS;
    r->mode = reply_mode(&r->info, arrival->remote.port);
    if (r->mode == NTP_MODE_UNDEFINED)
        return SERVER_DROPPED_MODE;

    int record = client_log_access(log, &snapshot->limits, CLIENT_NTP, &arrival->remote.addr,
                                   arrival->time.time);
    r->limit = client_log_limit(log, &snapshot->limits, CLIENT_NTP, record);
    r->logged = record >= 0;
    return r->limit == LIMIT_DROP ? SERVER_DROPPED_RATE : SERVER_ANSWERED;
}

/* What the check of authentication means for the reply. */
static enum server_result choose_kod(struct request *r, enum server_result auth)
{
    if (!server_result_has_reply(auth))
        return auth;
    if (auth == SERVER_ANSWERED_KOD_NTSN && r->limit == LIMIT_KOD)
        return SERVER_DROPPED_KODS;
    r->kod = auth == SERVER_ANSWERED_KOD_NTSN ? NTP_KOD_NTSN
             : r->limit == LIMIT_KOD          ? NTP_KOD_RATE
                                              : 0;
    return SERVER_ANSWERED;
}

/* The reply without its authentication. */
static enum server_result fill_reply(struct request *r)
{
    struct server_shard *shard = r->shard;
    const struct ntp_header *header = &r->header;
    const struct local_timestamp *rx = &r->arrival->time;
    struct local_time previous = {0};
    enum timestamp_source tx_source = TIMESTAMP_DAEMON;

    ntp_header_read(r->arrival->packet, &r->header);
    r->eligible = shard->map && r->logged && is_eligible(r);
    bool interleaved =
        r->eligible && timestamp_map_find(shard->map, header->origin, &previous, &tx_source);

    if (interleaved)
        timestamp_map_disable(shard->map, header->origin);
    if (local_is_zero(previous))
        tx_source = TIMESTAMP_DAEMON;

    shard->counts->auth_hits +=
        r->kod == 0 && (r->info.auth == NTP_AUTH_SYMMETRIC || r->info.auth == NTP_AUTH_NTS);
    shard->counts->interleaved_hits += interleaved;
    shard->counts->rx_timestamps[rx->source]++;
    shard->counts->tx_timestamps[tx_source]++;

    int interval = client_limits_interval(&r->snapshot->limits, CLIENT_NTP);
    const struct transmit_input input = {
        .mode = r->mode,
        .version = r->info.version,
        .poll = header->poll > interval ? header->poll : interval,
        .interleaved = interleaved,
        .kod = r->kod,
        .ext_flags = r->info.ext_flags & MONO_ROOT_AND_CORRECTION,
        .has_their_receive = true,
        .their_receive = header->receive,
        .their_transmit = header->transmit,
        .local_receive = rx,
        .previous_transmit = previous,
        .previous_own_receive = r->eligible ? header->origin : (struct ntp_time){0},
    };
    const struct transmit_context context = {&r->snapshot->time, shard->world, &shard->random};
    struct transmit_output output;
    if (!transmit_fill(&context, &input, r->w, &output))
        return SERVER_DROPPED_REPLY;
    r->interleaved = output.interleaved;
    return SERVER_ANSWERED;
}

/* Authentication is in the reply, or has failed. */
static enum server_result end_reply(const struct request *r, bool authenticated)
{
    if (!authenticated || r->w->failed || r->w->pos > r->arrival->length)
        return SERVER_DROPPED_REPLY;
    if (r->kod != 0)
        return r->kod == NTP_KOD_RATE ? SERVER_ANSWERED_KOD_RATE : SERVER_ANSWERED_KOD_NTSN;
    if (r->info.auth == NTP_AUTH_MSSNTP)
        return SERVER_ANSWERED_TO_SIGN;
    if (r->interleaved)
        return SERVER_ANSWERED_INTERLEAVED;
    return r->eligible ? SERVER_ANSWERED_TIMES_KEPT : SERVER_ANSWERED;
}

static enum server_result answer(struct request *r)
{
    enum server_result result = take(r);

    if (result == SERVER_ANSWERED)
        result = choose_kod(r, check_auth(r));
    if (result == SERVER_ANSWERED)
        result = fill_reply(r);
    return result == SERVER_ANSWERED ? end_reply(r, add_auth(r)) : result;
}

enum server_result server_answer(const struct server_snapshot *snapshot, struct server_shard *shard,
                                 const struct ntp_arrival *arrival, struct writer *w)
{
    struct request request = {
        .snapshot = snapshot,
        .shard = shard,
        .arrival = arrival,
        .w = w,
        .nts_request = &shard->nts_request,
    };
    enum server_result result = answer(&request);

    shard->counts->results[result]++;
    return result;
}

/* ---- Several requests: a step for all, and then the next one ---- */

struct server_room {
    struct aead_batch *batch;
    struct request requests[WORLD_BATCH];
    struct ntp_nts_item items[WORLD_BATCH];
    struct request *of_items[WORLD_BATCH];
    struct ntp_nts_request nts_requests[WORLD_BATCH];
};

struct server_room *server_room_new(struct aead_batch *batch)
{
    struct server_room *room = mem_alloc(sizeof(*room));

    room->batch = batch;
    return room;
}

struct server_room *server_room_load(void)
{
    struct aead_batch *batch = aead_batch_new(true);

    return batch ? server_room_new(batch) : NULL;
}

void server_room_free(struct server_room *room)
{
    if (!room)
        return;
    aead_batch_free(room->batch);
    crypto_wipe(room, sizeof(*room));
    free(room);
}

/* The requests that are authenticated by NTS and have not ended. */
static size_t collect_items(struct server_room *room, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        struct request *r = &room->requests[i];

        if (r->result != SERVER_ANSWERED || r->info.auth != NTP_AUTH_NTS || !serves_nts(r))
            continue;
        room->items[n] = nts_item(r);
        room->of_items[n++] = r;
    }
    return n;
}

/* Checks the authentication of all that have not ended, that of NTS together. */
static void check_all(const struct server_snapshot *snapshot, struct server_shard *shard,
                      struct server_room *room, size_t count)
{
    const size_t n = collect_items(room, count);

    for (size_t i = 0; i < count; i++) {
        struct request *r = &room->requests[i];

        if (r->result == SERVER_ANSWERED && !(r->info.auth == NTP_AUTH_NTS && serves_nts(r)))
            r->result = choose_kod(r, check_auth(r));
    }
    if (n > 0)
        check_nts_items(snapshot, shard, room->batch, room->items, n);
    for (size_t i = 0; i < n; i++)
        room->of_items[i]->result = choose_kod(room->of_items[i], nts_result(room->items[i].check));
}

static void end_all(struct server_shard *shard, struct server_room *room, size_t count)
{
    const size_t n = collect_items(room, count);

    if (n > 0)
        shard->nts->add_responses(room->batch, room->items, n);
    for (size_t i = 0; i < count; i++) {
        struct request *r = &room->requests[i];

        if (r->result == SERVER_ANSWERED)
            r->result = end_reply(r, r->info.auth == NTP_AUTH_NTS || add_auth(r));
        shard->counts->results[r->result]++;
    }
}

void server_answer_all(const struct server_snapshot *snapshot, struct server_shard *shard,
                       struct server_room *room, const struct ntp_arrival *arrivals, size_t count,
                       struct writer *writers, enum server_result *results)
{
    for (size_t i = 0; i < count; i++) {
        struct request *r = &room->requests[i];

        *r = (struct request){
            .snapshot = snapshot,
            .shard = shard,
            .arrival = &arrivals[i],
            .w = &writers[i],
            .nts_request = &room->nts_requests[i],
        };
        r->result = take(r);
    }
    check_all(snapshot, shard, room, count);
    for (size_t i = 0; i < count; i++)
        if (room->requests[i].result == SERVER_ANSWERED)
            room->requests[i].result = fill_reply(&room->requests[i]);
    end_all(shard, room, count);
    for (size_t i = 0; i < count; i++)
        results[i] = room->requests[i].result;
}

void server_keep_times(const struct server_snapshot *snapshot, struct server_shard *shard,
                       const uint8_t *reply, struct local_time sent)
{
    struct ntp_header header;

    ntp_header_read(reply, &header);
    timestamp_map_save(shard->map, header.receive,
                       local_add(sent, transmit_smoothing(&snapshot->time, header.mode)),
                       TIMESTAMP_DAEMON);
}

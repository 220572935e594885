/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering requests: bytes in, bytes out. It reads the snapshot and writes the shard; it owns no
 * socket. Nothing here allocates, and no request, however malformed, gets an answer that is
 * longer than itself.
 */
#include "ntp/server/answer.h"

#include "conf/source_options.h"

#define MONO_ROOT_AND_CORRECTION (EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION)

/* A request on its way through the steps. */
struct request {
    const struct server_snapshot *snapshot;
    struct server_shard *shard;
    const struct ntp_arrival *arrival;
    struct ntp_info info;
    struct ntp_header header;
    int mode;     /* of the reply */
    uint32_t kod; /* 0: none */
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

static enum server_result check_nts(const struct request *r)
{
    const struct server_snapshot *s = r->snapshot;

    if (!r->shard->nts || s->nts_keys == 0)
        return SERVER_DROPPED_NTS;
    switch (r->shard->nts->check_request(server_snapshot_at(s, s->nts_keys), &r->shard->random,
                                         r->arrival->packet, &r->info, &r->shard->nts_request)) {
    case NTP_NTS_PASS:
        return SERVER_ANSWERED;
    case NTP_NTS_NAK:
        return SERVER_ANSWERED_KOD_NTSN;
    case NTP_NTS_DROP:
        break;
    }
    return SERVER_DROPPED_NTS;
}

/* Checks authentication (ntp.md 15.6): SERVER_ANSWERED, SERVER_ANSWERED_KOD_NTSN, or why there is
   no answer. */
static enum server_result check_auth(const struct request *r)
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

static bool add_auth(const struct request *r, struct writer *w)
{
    switch (r->info.auth) {
    case NTP_AUTH_NONE:
    case NTP_AUTH_MSSNTP: /* signed later */
        return true;
    case NTP_AUTH_SYMMETRIC:
        return key_table_add_mac(server_snapshot_keys(r->snapshot), r->info.mac_key_id,
                                 r->info.version, w);
    case NTP_AUTH_NTS:
        return r->shard->nts->add_response(r->arrival->packet, &r->info, &r->shard->nts_request,
                                           r->kod, w);
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

/* Makes the reply (ntp.md 20.1, steps 9 and 10). */
static enum server_result write_reply(const struct request *r, bool eligible, struct writer *w)
{
    struct server_shard *shard = r->shard;
    const struct ntp_header *header = &r->header;
    const struct local_timestamp *rx = &r->arrival->time;
    struct local_time previous = {0};
    enum timestamp_source tx_source = TIMESTAMP_DAEMON;
    bool interleaved =
        eligible && timestamp_map_find(shard->map, header->origin, &previous, &tx_source);

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
        .previous_own_receive = eligible ? header->origin : (struct ntp_time){0},
    };
    const struct transmit_context context = {&r->snapshot->time, shard->world, &shard->random};
    struct transmit_output output;
    if (!transmit_fill(&context, &input, w, &output) || !add_auth(r, w) || w->failed ||
        w->pos > r->arrival->length)
        return SERVER_DROPPED_REPLY;

    if (r->kod != 0)
        return r->kod == NTP_KOD_RATE ? SERVER_ANSWERED_KOD_RATE : SERVER_ANSWERED_KOD_NTSN;
    if (r->info.auth == NTP_AUTH_MSSNTP)
        return SERVER_ANSWERED_TO_SIGN;
    if (output.interleaved)
        return SERVER_ANSWERED_INTERLEAVED;
    return eligible ? SERVER_ANSWERED_TIMES_KEPT : SERVER_ANSWERED;
}

static enum server_result answer(struct request *r, struct writer *w)
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
    enum limit_result limit = client_log_limit(log, &snapshot->limits, CLIENT_NTP, record);
    if (limit == LIMIT_DROP)
        return SERVER_DROPPED_RATE;
    enum server_result auth = check_auth(r);
    if (!server_result_has_reply(auth))
        return auth;
    if (auth == SERVER_ANSWERED_KOD_NTSN && limit == LIMIT_KOD)
        return SERVER_DROPPED_KODS;
    r->kod = auth == SERVER_ANSWERED_KOD_NTSN ? NTP_KOD_NTSN
             : limit == LIMIT_KOD             ? NTP_KOD_RATE
                                              : 0;

    ntp_header_read(arrival->packet, &r->header);
    return write_reply(r, r->shard->map && record >= 0 && is_eligible(r), w);
}

enum server_result server_answer(const struct server_snapshot *snapshot, struct server_shard *shard,
                                 const struct ntp_arrival *arrival, struct writer *w)
{
    struct request request = {.snapshot = snapshot, .shard = shard, .arrival = arrival};
    enum server_result result = answer(&request, w);

    shard->counts->results[result]++;
    return result;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answering requests: bytes in, bytes out. It reads the view and writes the client log shard (and
 * the timestamp map); it owns no socket. Nothing here allocates, and no request, however malformed,
 * gets an answer that is longer than itself.
 */
#include "ntp/server/server.h"

#include "ntp/server/timestamp_map.h"

#define MONO_ROOT_AND_CORRECTION (EXT_FLAG_MONO_ROOT | EXT_FLAG_NET_CORRECTION)

/* Mode of the reply; NTP_MODE_UNDEFINED: none. ntp.md 20.1, step 4 */
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

/* ntp.md 15.6. False: failed, with the kiss code to be sent or 0. */
static bool check_auth(const struct server_view *view, const struct server_request *request,
                       const struct ntp_info *info, struct ntp_nts_request *nts, uint32_t *kod)
{
    *kod = 0;
    switch (info->auth) {
    case NTP_AUTH_NONE:
        return true;
    case NTP_AUTH_SYMMETRIC:
        return key_table_check_mac(ntp_keys_table(view->keys), request->packet, info);
    case NTP_AUTH_NTS:
        return view->nts &&
               view->nts->check_request(view->nts_ctx, request->packet, info, nts, kod);
    case NTP_AUTH_MSSNTP:
        return view->signing;
    case NTP_AUTH_MSSNTP_EXT:
        break;
    }
    return false;
}

static bool add_auth(const struct server_view *view, const struct server_request *request,
                     const struct ntp_info *info, struct ntp_nts_request *nts, uint32_t kod,
                     struct writer *w)
{
    switch (info->auth) {
    case NTP_AUTH_NONE:
        return true;
    case NTP_AUTH_SYMMETRIC:
        return key_table_add_mac(ntp_keys_table(view->keys), info->mac_key_id, info->version, w);
    case NTP_AUTH_NTS:
        return view->nts->add_response(view->nts_ctx, request->packet, info, nts, kod, w);
    case NTP_AUTH_MSSNTP:
        return true; /* signed later */
    case NTP_AUTH_MSSNTP_EXT:
        break;
    }
    return false;
}

/* Whether the request may get an interleaved reply, now or next time. ntp.md 20.4 */
static bool is_eligible(const struct ntp_info *info, const struct ntp_header *header, uint32_t kod)
{
    return kod == 0 && info->version == 4 && (header->origin.lo & 1) != 0 &&
           !ntp_time_equal(header->receive, header->transmit);
}

bool server_answer(const struct server_view *view, struct client_log *log,
                   struct timestamp_map *map, const struct server_request *request,
                   struct server_reply *reply)
{
    struct ntp_nts_request nts;
    struct ntp_info info;
    struct ntp_header header;
    uint32_t kod;

    if (!ntp_packet_parse(request->packet, request->length, &info))
        return false;
    if (!access_table_is_allowed(view->access, &request->remote.addr))
        return false;
    int mode = reply_mode(&info, request->remote.port);
    if (mode == NTP_MODE_UNDEFINED)
        return false;

    int record = client_log_access(log, CLIENT_NTP, &request->remote.addr, request->rx.time);
    enum limit_result limit = client_log_limit(log, CLIENT_NTP, record);
    if (limit == LIMIT_DROP)
        return false;
    if (!check_auth(view, request, &info, &nts, &kod) && kod == 0)
        return false;
    if (limit == LIMIT_KOD) {
        if (kod != 0)
            return false;
        kod = NTP_KOD_RATE;
    }

    ntp_header_read(request->packet, &header);
    struct local_time previous = {0};
    enum timestamp_source tx_source = TIMESTAMP_DAEMON;
    bool interleaved = false;
    reply->eligible = map && record >= 0 && is_eligible(&info, &header, kod);
    if (reply->eligible && timestamp_map_find(map, header.origin, &previous, &tx_source)) {
        interleaved = true;
        timestamp_map_disable(map, header.origin);
    }
    if (local_is_zero(previous))
        tx_source = TIMESTAMP_DAEMON;

    client_log_count_answer(
        log, kod == 0 && (info.auth == NTP_AUTH_SYMMETRIC || info.auth == NTP_AUTH_NTS),
        interleaved, request->rx.source, tx_source);

    int interval = client_log_interval(log, CLIENT_NTP);
    struct transmit_input input = {
        .mode = mode,
        .version = info.version,
        .poll = header.poll > interval ? header.poll : interval,
        .interleaved = interleaved,
        .kod = kod,
        .ext_flags = info.ext_flags & MONO_ROOT_AND_CORRECTION,
        .has_their_receive = true,
        .their_receive = header.receive,
        .their_transmit = header.transmit,
        .local_receive = &request->rx,
        .previous_transmit = previous,
        .previous_own_receive = reply->eligible ? header.origin : (struct ntp_time){0},
    };
    struct writer w = writer_make(reply->data, sizeof(reply->data));
    struct transmit_output output;
    if (!transmit_fill(&view->transmit, &input, &w, &output) ||
        !add_auth(view, request, &info, &nts, kod, &w) || w.failed || w.pos > request->length)
        return false;

    reply->length = w.pos;
    reply->smoothed = output.smoothed;
    reply->receive = output.receive;
    reply->sign_key = info.auth == NTP_AUTH_MSSNTP ? info.mac_key_id : 0;
    return true;
}

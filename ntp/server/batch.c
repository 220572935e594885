/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of requests: all are answered, the replies go out in one call, and the times of those
 * that were sent are kept for interleaved replies. Where many requests have NTS, they are answered
 * together.
 */
#include "ntp/server/batch.h"

#include "base/log.h"
#include "clock/scale.h"

#define FEWEST_WITH_NTS 4

static void log_result(const struct ntp_arrival *a, enum server_result result)
{
    char text[ADDR_TEXT_SIZE];

    LOG_DEBUG("NTP request from %s %s", ip_port_format(&a->remote, text, sizeof(text)),
              server_result_text(result));
}

static void prepare_message(struct world_datagram *msg, struct server_reply *reply,
                            const struct ntp_arrival *a)
{
    world_datagram_init(msg, reply->data, sizeof(reply->data));
    msg->length = reply->length;
    msg->remote = a->remote;
    msg->local = a->local;
    if (ip_addr_is_link_local(&a->remote.addr))
        msg->if_index = a->if_index;
    msg->want_tx_timestamp = server_result_keeps_times(reply->result);
}

/* Whether so many of the requests are longer than one without NTS can be that it pays to make each
   step for all of them. */
static bool has_many_with_nts(const struct ntp_arrival *arrivals, int count)
{
    int longer = 0;

    for (int i = 0; i < count; i++)
        longer += arrivals[i].length > NTP_HEADER_LENGTH + NTP_MAX_MAC_LENGTH;
    return longer >= FEWEST_WITH_NTS;
}

static void answer_requests(struct server_batch *batch, const struct server_snapshot *snapshot,
                            struct server_shard *shard, const struct ntp_arrival *arrivals,
                            int count)
{
    struct writer writers[WORLD_BATCH];
    enum server_result results[WORLD_BATCH];
    const bool together = batch->room && has_many_with_nts(arrivals, count);

    for (int i = 0; i < count; i++)
        writers[i] = writer_make(batch->replies[i].data, sizeof(batch->replies[i].data));
    if (together)
        server_answer_all(snapshot, shard, batch->room, arrivals, (size_t)count, writers, results);
    for (int i = 0; i < count; i++) {
        batch->replies[i].result =
            together ? results[i] : server_answer(snapshot, shard, &arrivals[i], &writers[i]);
        batch->replies[i].length = writers[i].pos;
    }
}

void server_batch_answer(struct server_batch *batch, const struct server_snapshot *snapshot,
                         struct server_shard *shard, const struct ntp_arrival *arrivals, int count)
{
    const struct server_reply *of_message[WORLD_BATCH];
    bool sent[WORLD_BATCH];
    struct local_time before = {0};
    int messages = 0;
    bool keep = false;

    answer_requests(batch, snapshot, shard, arrivals, count);
    for (int i = 0; i < count; i++) {
        struct server_reply *reply = &batch->replies[i];

        log_result(&arrivals[i], reply->result);
        keep |= server_result_keeps_times(reply->result);
        if (reply->result == SERVER_ANSWERED_TO_SIGN) {
            batch->ops->sign(batch->ctx, &arrivals[i], reply->data);
        } else if (server_result_has_reply(reply->result)) {
            of_message[messages] = reply;
            prepare_message(&batch->msgs[messages++], reply, &arrivals[i]);
        }
    }
    if (messages == 0)
        return;

    if (keep)
        before = clock_scale_cook(&snapshot->time.scale, world_raw_now(shard->world), NULL);
    batch->ops->send(batch->ctx, arrivals[0].fd, batch->msgs, messages, sent);
    for (int i = 0; i < messages; i++)
        if (sent[i] && server_result_keeps_times(of_message[i]->result))
            server_keep_times(snapshot, shard, of_message[i]->data, before);
}

void server_batch_sent(struct server_shard *shard, const struct ntp_arrival *arrival,
                       double smoothing)
{
    struct local_time time = arrival->time.time;
    struct ntp_header header;
    struct ntp_info info;

    if (!shard->map || !ntp_packet_parse(arrival->packet, arrival->length, &info) ||
        info.mode == NTP_MODE_BROADCAST)
        return;
    ntp_header_read(arrival->packet, &header);
    if (info.mode == NTP_MODE_SERVER)
        time = local_add(time, smoothing);
    timestamp_map_improve(shard->map, header.receive, time, arrival->time.source);
}

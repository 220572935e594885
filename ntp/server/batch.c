/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of requests: each is answered, the replies go out in one call, and the times of those
 * that were sent are kept for interleaved replies.
 */
#include "ntp/server/batch.h"

#include "base/log.h"
#include "clock/scale.h"

static void log_result(const struct ntp_arrival *a, enum server_result result)
{
    char text[ADDR_TEXT_SIZE];

    LOG_DEBUG("NTP request from %s %s", ip_port_format(&a->remote, text, sizeof(text)),
              server_result_text(result));
}

static void prepare_message(struct world_datagram *msg, struct server_reply *reply, size_t length,
                            const struct ntp_arrival *a)
{
    world_datagram_init(msg, reply->data, sizeof(reply->data));
    msg->length = length;
    msg->remote = a->remote;
    msg->local = a->local;
    if (ip_addr_is_link_local(&a->remote.addr))
        msg->if_index = a->if_index;
    msg->want_tx_timestamp = server_result_keeps_times(reply->result);
}

void server_batch_answer(struct server_batch *batch, const struct server_snapshot *snapshot,
                         struct server_shard *shard, const struct ntp_arrival *arrivals, int count)
{
    bool sent[WORLD_BATCH];
    struct local_time before = {0};
    int replies = 0;
    bool keep = false;

    for (int i = 0; i < count && replies < WORLD_BATCH; i++) {
        struct server_reply *reply = &batch->replies[replies];
        struct writer w = writer_make(reply->data, sizeof(reply->data));

        reply->result = server_answer(snapshot, shard, &arrivals[i], &w);
        log_result(&arrivals[i], reply->result);
        if (reply->result == SERVER_ANSWERED_TO_SIGN)
            batch->ops->sign(batch->ctx, &arrivals[i], reply->data);
        else if (server_result_has_reply(reply->result))
            prepare_message(&batch->msgs[replies++], reply, w.pos, &arrivals[i]);
        keep |= server_result_keeps_times(reply->result);
    }
    if (replies == 0)
        return;

    if (keep)
        before = clock_scale_cook(&snapshot->time.scale, world_raw_now(shard->world), NULL);
    batch->ops->send(batch->ctx, arrivals[0].fd, batch->msgs, replies, sent);
    for (int i = 0; i < replies; i++)
        if (sent[i] && server_result_keeps_times(batch->replies[i].result))
            server_keep_times(snapshot, shard, batch->replies[i].data, before);
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Association: packets from its address, transmit timestamps of its own (ntp.md 5.5, 11.2, 12).
 * The judgement itself is in response.c; here are its effects on polling, the statistics of the
 * source and the report, and the waiting for a transmit timestamp.
 */
#include "ntp/client/association_state.h"

#include <string.h>
#include "base/log.h"

#define MAX_TX_DELAY 1.0
/* A worker that was taken over could hold a response and say that the request was late as well, and
   the delay would look the same: so much it can be wrong by. */
#define MAX_WORKER_TX_DELAY 0.001
#define KOD_RATE_FACTOR     4.0
#define BAD_ADJUSTMENT      0.02
#define LOOP_ADJUSTMENT     0.1

static void count_received(struct association *a, const struct ntp_arrival *arrival)
{
    a->report.total_rx++;
    if (arrival->time.source == TIMESTAMP_KERNEL)
        a->report.total_kernel_rx++;
    else if (arrival->time.source == TIMESTAMP_HARDWARE)
        a->report.total_hw_rx++;
}

/* Judges the mode (ntp.md 11.2, step 3). GOOD: the packet goes on to the tests. */
static enum response_reason classify(const struct association *a, int mode)
{
    switch (mode) {
    case NTP_MODE_ACTIVE:
        return a->is_peer ? RESPONSE_GOOD : RESPONSE_FOR_SERVER;
    case NTP_MODE_PASSIVE:
        return a->is_peer ? RESPONSE_GOOD : RESPONSE_WRONG_MODE;
    case NTP_MODE_CLIENT:
        return RESPONSE_FOR_SERVER;
    case NTP_MODE_SERVER:
        return a->is_peer ? RESPONSE_WRONG_MODE : RESPONSE_GOOD;
    default:
        return RESPONSE_WRONG_MODE;
    }
}

/* Checks authentication (ntp.md 15.5). GOOD: the packet is authentic, or need not be. */
static enum response_reason check_auth(struct association *a, const uint8_t *packet,
                                       const struct ntp_info *info)
{
    if (info->auth != a->auth)
        return RESPONSE_WRONG_AUTH;
    switch (a->auth) {
    case NTP_AUTH_NONE:
        return RESPONSE_GOOD;
    case NTP_AUTH_SYMMETRIC:
        a->facts.answer_key_id = info->mac_key_id;
        if (info->mac_key_id != a->key_id)
            return RESPONSE_WRONG_KEY;
        return key_table_check_mac(ntp_keys_table(a->shared->keys), packet, info)
                   ? RESPONSE_GOOD
                   : RESPONSE_WRONG_MAC;
    case NTP_AUTH_NTS:
        return a->nts ? a->shared->nts.client->check_response(a->nts, packet, info)
                      : RESPONSE_NTS_UNASKED;
    case NTP_AUTH_MSSNTP:
    case NTP_AUTH_MSSNTP_EXT:
        break;
    }
    return RESPONSE_WRONG_AUTH;
}

static void measure(struct association *a, struct response *r)
{
    const struct ntp_env *env = a->shared->env;
    struct response_test_input input = {.max_quantile_delay = -1.0};
    struct source_test_data data;
    struct reference_data own = {0};

    if (!response_measure(r, &a->ex, &a->limits, source_skew(a->source)))
        return;
    if (source_test_data(a->source, r->sample.time, &data))
        input.data = &data;
    if (a->quantile)
        input.max_quantile_delay =
            quantile_get(a->quantile, a->quantile_k) + quantile_min_step(a->quantile) / 2.0;
    input.loop_possible =
        ntp_sockets_is_serving(a->shared->sockets) && !reference_is_one_shot(env->reference);
    if (input.loop_possible)
        reference_get(env->reference, local_clock_event_time(env->clock, NULL), &own);
    input.own = &own;
    response_test(r, &a->ex, &a->limits, &input);
}

/* Passes the server's status to the source (ntp.md 12.9, steps 3 and 4). */
static void update_source(struct association *a, const struct response *r)
{
    bool synced = response_is_synced(r);

    if (a->copy) {
        if (synced && a->ex.far_stratum > 0) {
            a->ex.far_stratum--;
            source_set_refid(a->source, r->header.refid);
        } else {
            source_reset(a->source);
        }
    }
    if (!synced)
        return;
    source_update_status(a->source,
                         a->ex.far_stratum > a->min_stratum ? a->ex.far_stratum : a->min_stratum,
                         r->header.leap);
    if (a->quantile)
        quantile_add(a->quantile, r->sample.peer_delay);
}

static void use_sample(struct association *a, const struct response *r)
{
    if (!response_is_good(r)) {
        association_adjust_poll(a, r->tests & NTP_TEST_D ? BAD_ADJUSTMENT : LOOP_ADJUSTMENT);
        association_process_sample(a, NULL);
        return;
    }
    association_process_sample(a, &r->sample);
    if (a->in_burst && --a->burst_good <= 0)
        association_end_burst(a);
}

static void schedule_next(struct association *a, const struct response *r)
{
    char text[ADDR_TEXT_SIZE];

    if (!association_is_active(a))
        return;
    double delay = association_delay(a, false);
    if (r->verdict.reason == RESPONSE_RATE_KISS) {
        LOG_WARN("Received KoD RATE from %s", ip_addr_format(&a->addr.addr, text, sizeof(text)));
        delay += KOD_RATE_FACTOR * log2_to_seconds(a->poll.current);
        if (a->in_burst)
            a->burst_good = 0;
    }
    association_set_timer(a, delay);
}

/* Uses a valid response (ntp.md 12.9). */
static void accept_response(struct association *a, const struct response *r)
{
    a->report.total_valid++;
    a->facts.last_valid = loop_uptime(a->shared->env->loop);
    if (response_is_good(r)) {
        a->report.total_good++;
        a->facts.good_delay = r->sample.peer_delay;
    }

    response_accept(r, &a->ex, a->poll.current);
    source_update_reachability(a->source, response_is_synced(r));
    update_source(a, r);
    use_sample(a, r);
    association_close_client(a);
    a->local_addr = r->local;
    schedule_next(a, r);
    association_update_report(a, r);
}

void association_drop_waiting(struct association *a)
{
    loop_timer_cancel(a->shared->env->loop, a->waiting.timer);
    a->waiting.timer = 0;
    a->waiting.exists = false;
}

static void waiting_timeout(void *arg)
{
    struct association *a = arg;

    a->waiting.timer = 0;
    association_use_waiting(a);
}

/* A response of a close server can come before the transmit timestamp of the request (ntp.md
   12.4). */
static bool has_to_wait(const struct association *a, const struct response *r)
{
    return response_is_synced(r) && !a->ex.answered && a->report.total_good > 0 &&
           a->shared->hwts_timeout > 0.0 && a->ex.near_tx.source != TIMESTAMP_HARDWARE &&
           nic_clocks_any(a->shared->env->nic_clocks);
}

static void let_wait(struct association *a, const struct ntp_arrival *arrival)
{
    struct waiting_response *w = &a->waiting;

    LOG_DEBUG("Saved valid response for later processing");
    memcpy(w->data, arrival->packet, arrival->length);
    w->arrival = *arrival;
    w->arrival.packet = w->data;
    w->exists = true;
    w->timer = loop_timer_add(a->shared->env->loop, a->shared->hwts_timeout, waiting_timeout, a);
}

/* has_waited: its authentication was checked on arrival, and it does not wait again. */
static struct response_verdict judge(struct association *a, const struct ntp_arrival *arrival,
                                     const struct ntp_info *info, bool has_waited)
{
    struct response r;

    response_read(&r, &a->limits, arrival->packet, info, &arrival->time, &arrival->local);
    response_check(&r, &a->ex, &a->limits,
                   has_waited ? RESPONSE_GOOD : check_auth(a, arrival->packet, info));
    if (!has_waited && has_to_wait(a, &r)) {
        if (!a->waiting.exists) {
            let_wait(a, arrival);
            return (struct response_verdict){.reason = RESPONSE_WAITS};
        }
        association_use_waiting(a);
    }
    measure(a, &r);
    response_update(&r, &a->ex, &a->limits);
    if (response_is_valid(&r))
        accept_response(a, &r);
    association_log_measurement(a, &r);
    return r.verdict;
}

static enum response_reason count(struct association *a, struct response_verdict verdict)
{
    char addr[ADDR_TEXT_SIZE], text[RESPONSE_VERDICT_SIZE];

    response_tally_add(&a->responses, &verdict);
    association_facts_packet(&a->facts, &verdict, loop_uptime(a->shared->env->loop));
    LOG_DEBUG("Packet from %s: %s", ip_addr_format(&a->addr.addr, addr, sizeof(addr)),
              response_verdict_format(&verdict, text, sizeof(text)));
    return verdict.reason;
}

void association_use_waiting(struct association *a)
{
    const struct ntp_arrival arrival = a->waiting.arrival;
    struct ntp_info info;
    char text[ADDR_TEXT_SIZE];

    if (!a->waiting.exists)
        return;
    association_drop_waiting(a);
    LOG_DEBUG("Processing saved response from %s",
              ip_addr_format(&arrival.remote.addr, text, sizeof(text)));
    if (ntp_packet_parse(arrival.packet, arrival.length, &info))
        count(a, judge(a, &arrival, &info, true));
}

enum response_reason association_receive(struct association *a, const struct ntp_arrival *arrival)
{
    struct response_verdict verdict = {.reason = RESPONSE_MALFORMED};
    struct ntp_info info;

    count_received(a, arrival);
    if (ntp_packet_parse(arrival->packet, arrival->length, &info))
        verdict.reason = classify(a, info.mode);
    if (verdict.reason == RESPONSE_GOOD) {
        if (arrival->fd != a->fd || !association_is_active(a) || a->suspended)
            verdict.reason = RESPONSE_NOT_AWAITED;
        else
            verdict = judge(a, arrival, &info, false);
    }
    return count(a, verdict);
}

/* Each later timestamp of the same packet is a better one (ntp.md 5.5). */
static void update_tx_timestamp(struct association *a, const struct ntp_arrival *arrival)
{
    struct local_timestamp *t = &a->ex.near_tx;
    struct ntp_header header;

    ntp_header_read(arrival->packet, &header);
    if (local_is_zero(t->time)) {
        LOG_DEBUG("Unexpected TX update");
        return;
    }
    if (!ntp_time_equal(header.receive, a->ex.sent_rx) ||
        !ntp_time_equal(header.transmit, a->ex.sent_tx)) {
        LOG_DEBUG("RX/TX timestamp mismatch");
        return;
    }
    double delay = local_diff(arrival->time.time, t->time);
    if (delay < 0.0 || delay > (arrival->by_worker ? MAX_WORKER_TX_DELAY : MAX_TX_DELAY)) {
        LOG_DEBUG("Unacceptable TX delay %.9f", delay);
        return;
    }
    LOG_DEBUG("Updated TX timestamp delay=%.9f", delay);
    *t = arrival->time;
}

bool association_transmitted(struct association *a, const struct ntp_arrival *arrival)
{
    struct ntp_info info;

    if (!ntp_packet_parse(arrival->packet, arrival->length, &info))
        return true;
    if (info.mode != NTP_MODE_CLIENT && info.mode != NTP_MODE_ACTIVE)
        return false;

    update_tx_timestamp(a, arrival);
    if (arrival->time.source == TIMESTAMP_HARDWARE) {
        a->report.total_hw_tx++;
        association_use_waiting(a);
    } else if (arrival->time.source == TIMESTAMP_KERNEL) {
        a->report.total_kernel_tx++;
    }
    return true;
}

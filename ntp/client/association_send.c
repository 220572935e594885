/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Association: when the next request is due, and sending it (ntp.md 8, 9). Driven by the timers of
 * the event loop. Every request of a client goes from a socket of its own unless acquisitionport
 * says otherwise.
 */
#include "ntp/client/association_state.h"

#include <errno.h>
#include <math.h>
#include "base/log.h"
#include "ntp/transmit_time.h"

#define INITIAL_DELAY              0.2
#define BURST_INTERVAL             2.0
#define BURST_INTERVAL_RATIO       0.25
#define WARMUP_DELAY               2.0
#define RANDOMNESS                 0.02
#define PEER_INTERVAL_RATIO        1.1
#define PEER_EQUAL_RATIO           0.6
#define MAX_SERVER_RESPONSE_TIME   4.0
#define MAX_CLIENT_INTERLEAVED     4
#define MAX_BURST_TOTAL            4
#define MISSED_ADJUSTMENT          0.25
#define MISSED_SELECTED_ADJUSTMENT 0.1

int association_effective_poll(const struct association *a)
{
    int poll = a->poll.current;

    if (a->is_peer && poll > a->ex.far_poll && source_is_reachable(a->source))
        poll = a->ex.far_poll > a->poll.min ? a->ex.far_poll : a->poll.min;
    return poll;
}

/* A peer of a worse stratum gets more time for its packet; with one of the same stratum, packets
   are sent in the middle of its interval. */
static double peer_delay(const struct association *a, double delay, double last, bool on_transmit)
{
    const struct ntp_env *env = a->shared->env;
    struct reference_data own;

    reference_get(env->reference, local_clock_event_time(env->clock, NULL), &own);
    int diff = a->ex.far_stratum - own.stratum;
    if ((diff > 0 && PEER_INTERVAL_RATIO * last < delay) ||
        (!on_transmit && diff == 0 && last / delay > PEER_EQUAL_RATIO))
        return PEER_INTERVAL_RATIO * delay;
    return delay;
}

double association_delay(const struct association *a, bool on_transmit)
{
    double delay = log2_to_seconds(association_effective_poll(a)), last = 0.0;

    if (!on_transmit && !local_is_zero(a->ex.near_tx.time))
        last = local_diff(local_clock_event_time(a->shared->env->clock, NULL), a->ex.near_tx.time);

    if (a->in_burst)
        delay = fmin(BURST_INTERVAL, BURST_INTERVAL_RATIO * delay);
    else if (a->is_peer)
        delay = peer_delay(a, delay, last, on_transmit);
    else if (a->ex.warmup_left > 0)
        delay = WARMUP_DELAY;
    if (last > 0.0)
        delay -= last;
    return fmax(delay, 0.0);
}

static void transmit(void *arg);

void association_set_timer(struct association *a, double delay)
{
    struct loop *loop = a->shared->env->loop;

    if (a->suspended)
        return;
    loop_timer_cancel(loop, a->rx_timer);
    a->rx_timer = 0;
    loop_timer_cancel(loop, a->tx_timer);
    a->facts.next_request = loop_uptime(loop) + delay;
    a->tx_timer = loop_timer_add_class(loop, delay, poll_separation(a->poll.current), RANDOMNESS,
                                       a->is_peer ? TIMER_CLASS_NTP_PEER : TIMER_CLASS_NTP_CLIENT,
                                       transmit, a);
}

void association_set_initial_timer(struct association *a)
{
    double delay = 0.0;

    if (a->tx_timer != 0)
        return;
    source_set_active(a->source, true);
    if (!local_is_zero(a->ex.near_tx.time))
        delay = association_delay(a, false);
    association_set_timer(a, fmax(delay, INITIAL_DELAY));
}

/* A response that comes now could not pass test A, so the socket is closed. */
static void receive_timeout(void *arg)
{
    struct association *a = arg;

    a->rx_timer = 0;
    association_close_client(a);
}

static struct transmit_time make_time(const struct association *a)
{
    const struct ntp_env *env = a->shared->env;
    struct transmit_time time;

    /* Only packets of peers carry reference data. Requests of clients reveal nothing. */
    if (a->is_peer) {
        time = transmit_time_make(env);
        time.mono = *a->shared->mono;
    } else {
        time = (struct transmit_time){.event_time = local_clock_event_time(env->clock, NULL)};
    }
    time.add_net_correction = a->shared->add_net_correction;
    return time;
}

static bool add_auth(struct association *a, const struct ntp_info *info, struct writer *w)
{
    switch (a->auth) {
    case NTP_AUTH_NONE:
        return true;
    case NTP_AUTH_SYMMETRIC:
        return key_table_add_mac(ntp_keys_table(a->shared->keys), a->key_id, info->version, w);
    case NTP_AUTH_NTS:
        return a->nts && a->shared->nts.client->add_request(a->nts, info, w);
    case NTP_AUTH_MSSNTP:
    case NTP_AUTH_MSSNTP_EXT:
        break;
    }
    return false;
}

/* Builds the packet (ntp.md 10). Returns its length; 0: it cannot be built. */
static size_t build(struct association *a, bool interleaved, bool restart, uint8_t *data,
                    size_t size, struct transmit_output *output)
{
    const struct exchange *ex = &a->ex;
    const struct transmit_time time = make_time(a);
    const struct transmit_context context = {&time, a->shared->env->world, &a->shared->random};
    struct transmit_input input = {
        .mode = a->is_peer ? NTP_MODE_ACTIVE : NTP_MODE_CLIENT,
        .version = a->version,
        .poll = a->poll.current,
        .interleaved = interleaved,
        .ext_flags = a->limits.ext_flags,
        .has_their_receive = !restart && !ntp_time_is_zero(ex->far_rx),
        .their_receive = restart ? (struct ntp_time){0} : ex->far_rx,
        .their_transmit = restart ? ex->boot_far_tx : ex->far_tx,
        .local_receive = restart ? &ex->boot_near_rx : &ex->near_rx,
        .previous_transmit = ex->near_tx.time,
        .previous_own_receive = ex->sent_rx,
        .previous_own_transmit = ex->sent_tx,
    };
    struct writer w = writer_make(data, size);

    if (!transmit_fill(&context, &input, &w, output))
        return 0;
    struct ntp_info info = {.length = w.pos, .version = a->version, .mode = input.mode};
    if (w.pos > NTP_HEADER_LENGTH) {
        info.ext_fields = (int)((w.pos - NTP_HEADER_LENGTH) / (NTP_EXT_BODY_LENGTH + 4));
        info.ext_flags = a->limits.ext_flags;
    }
    return add_auth(a, &info, &w) && !w.failed ? w.pos : 0;
}

/* error: set to the errno of a failed sending. */
static bool send_request(struct association *a, bool interleaved, bool restart, int *error)
{
    uint8_t data[NTP_MAX_LENGTH];
    struct transmit_output output;
    size_t length = build(a, interleaved, restart, data, sizeof(data), &output);

    if (length == 0)
        return false;
    a->ex.sent_rx = output.receive;
    a->ex.sent_tx = output.transmit;
    a->ex.near_tx = (struct local_timestamp){.source = TIMESTAMP_DAEMON};
    a->ex.near_tx.time = local_clock_now(a->shared->env->clock, &a->ex.near_tx.error);
    if (ntp_sockets_send(a->shared->sockets, a->fd, &a->addr, data, length, true))
        return true;
    if (a->fd >= 0)
        *error = errno;
    return false;
}

/* Updates activity and bursts (ntp.md 9.1, step 2). False: nothing is sent. */
static bool update_activity(struct association *a)
{
    if (a->in_burst && a->burst_total <= (a->online ? 1 : 0)) {
        association_end_burst(a);
    } else if (a->online && a->burst && a->poll.current > a->poll.min) {
        int steps = a->poll.current - a->poll.min;
        association_start_burst(a, 1, steps >= 2 ? MAX_BURST_TOTAL : 1 << steps);
    }
    return association_is_active(a);
}

static bool wants_interleaved(const struct association *a)
{
    if (!a->limits.interleaved)
        return false;
    if (!a->is_peer)
        return a->ex.unanswered < MAX_CLIENT_INTERLEAVED;
    return a->ex.unanswered_at_rx == 1 && a->ex.unanswered == 0;
}

/* Requests before a measurement (presend, ntp.md 9.2). */
static void update_warmup(struct association *a, bool interleaved)
{
    if (a->presend <= a->poll.current && a->ex.warmup_left == 0 && a->burst_total == 0)
        a->ex.warmup_left = interleaved ? 2 : 1;
    else if (a->ex.warmup_left > 0)
        a->ex.warmup_left--;
}

/* A response counts as missed when the next request is sent (ntp.md 9.1, step 12). */
static void count_missed(struct association *a, bool sent)
{
    if (sent)
        association_adjust_poll(a, source_is_selected(a->source) ? MISSED_SELECTED_ADJUSTMENT
                                                                 : MISSED_ADJUSTMENT);
    source_update_reachability(a->source, false);
    association_process_sample(a, NULL);
}

static bool prepare_auth(struct association *a)
{
    if (a->auth != NTP_AUTH_NTS || !a->nts)
        return true;
    if (a->shared->nts.client->prepare(a->nts))
        return true;
    source_update_reachability(a->source, false);
    association_set_timer(a, association_delay(a, true));
    association_process_sample(a, NULL);
    return false;
}

static void count_burst(struct association *a, bool sent)
{
    if (a->in_burst && (sent || !a->online || source_is_reachable(a->source)))
        a->burst_total--;
}

static void note_request(struct association *a, bool sent, int error)
{
    double now = loop_uptime(a->shared->env->loop);

    if (sent)
        association_facts_sent(&a->facts, now);
    else if (error != 0)
        association_facts_failed(&a->facts, error, true, now);
}

static void transmit(void *arg)
{
    struct association *a = arg;
    int error = 0;

    a->tx_timer = 0;
    /* The response may change when the next request is due. */
    association_use_waiting(a);
    if (a->tx_timer != 0)
        return;
    if (!update_activity(a) || !prepare_auth(a))
        return;

    if (!a->is_peer) {
        association_close_client(a);
        a->fd = ntp_sockets_open_client(a->shared->sockets, &a->addr);
        error = a->fd < 0 ? errno : 0;
    }
    bool interleaved = wants_interleaved(a);
    bool restart = a->is_peer && !a->ex.answered && !ntp_time_is_zero(a->ex.boot_far_tx);
    a->ex.answered = false;
    a->ex.boot_new = false;
    if (restart)
        a->ex.ts_usable = false;
    update_warmup(a, interleaved);

    bool sent = send_request(a, interleaved, restart, &error);
    note_request(a, sent, error);
    a->ex.unanswered++;
    if (sent)
        a->report.total_tx++;
    if (a->ex.unanswered >= 2)
        count_missed(a, sent);
    if (!sent && a->auto_offline) {
        association_set_connectivity(a, SOURCE_OFFLINE, true);
        a->facts.offline = OFFLINE_SEND_FAILED;
    }
    count_burst(a, sent);
    if (!association_is_active(a))
        return;

    association_set_timer(a, association_delay(a, true));
    if (!a->is_peer)
        a->rx_timer =
            loop_timer_add(a->shared->env->loop, a->limits.max_delay + MAX_SERVER_RESPONSE_TIME,
                           receive_timeout, a);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a response: is it ours, is it usable, what does it say about the clock. Pure functions
 * over the state of one exchange; nothing in the state changes before authentication has passed.
 */
#include "ntp/client/response.h"

#include <math.h>
#include "base/clock_change.h"
#include "base/log.h"
#include "conf/source_options.h"

#define MAX_DISTANCE            16.0
#define MAX_SERVER_INTERVAL     4.0
#define MAX_MONO_CORRECTION     16.0
#define MAX_NET_CORRECTION_FREQ 100e-6
#define MAX_PEER_DELAY_RATIO    0.5
#define MAX_PEER_TX_RATIO       1.5
#define PREVIOUS_TX_RATIO       0.1

void exchange_reset(struct exchange *exchange)
{
    *exchange = (struct exchange){.near_tx = exchange->near_tx};
}

static void adjust(struct local_timestamp *t, const struct clock_change *change)
{
    if (!local_is_zero(t->time))
        local_adjust(&t->time, change->cooked, change->dfreq, change->doffset);
}

void exchange_clock_change(struct exchange *exchange, const struct clock_change *change)
{
    adjust(&exchange->near_rx, change);
    adjust(&exchange->near_tx, change);
    adjust(&exchange->older_tx, change);
    adjust(&exchange->boot_near_rx, change);
}

/* Reads requested fields that are present and well-formed (ntp.md 12.1); the last of a kind
   counts. */
static void read_fields(struct response *r, unsigned int wanted)
{
    struct ntp_ext_field field;
    size_t pos = NTP_HEADER_LENGTH;

    if (!(r->info->ext_flags & wanted))
        return;
    while (ntp_ext_next(r->packet, r->info, &pos, &field)) {
        struct ntp_mono_root root;
        double correction;

        if (field.type == NTP_EXT_MONO_ROOT && (wanted & EXT_FLAG_MONO_ROOT) &&
            ntp_mono_root_read(field.body, field.body_length, &root)) {
            r->has_mono_root = true;
            r->mono_root = root;
        } else if (field.type == NTP_EXT_NET_CORRECTION && (wanted & EXT_FLAG_NET_CORRECTION) &&
                   ntp_net_correction_read(field.body, field.body_length, &correction)) {
            r->net_correction = correction;
        }
    }
}

void response_read(struct response *r, const struct response_limits *limits, const uint8_t *packet,
                   const struct ntp_info *info, const struct local_timestamp *rx,
                   const struct ip_addr *local)
{
    *r = (struct response){.packet = packet, .info = info, .rx = *rx, .local = *local};
    ntp_header_read(packet, &r->header);
    read_fields(r, limits->ext_flags);
    r->root_delay =
        r->has_mono_root ? r->mono_root.root_delay : ntp_short_to_double(r->header.root_delay);
    r->root_dispersion = r->has_mono_root ? r->mono_root.root_dispersion
                                          : ntp_short_to_double(r->header.root_dispersion);
    r->sample.time = rx->time;
}

/* The reason that comes first in the enum counts. */
static void fail(struct response *r, enum response_reason reason, double value, double limit)
{
    r->tests &= ~response_reason_tests(reason);
    if (reason < r->verdict.reason)
        r->verdict = (struct response_verdict){reason, value, limit};
}

static void require(struct response *r, enum response_reason reason, bool holds)
{
    if (!holds)
        fail(r, reason, 0.0, 0.0);
}

/* A NaN fails, too. */
static void require_at_most(struct response *r, enum response_reason reason, double value,
                            double limit)
{
    if (!(value <= limit))
        fail(r, reason, value, limit);
}

void response_check(struct response *r, const struct exchange *ex,
                    const struct response_limits *limits, enum response_reason auth)
{
    const struct ntp_header *h = &r->header;
    bool basic = ntp_time_equal(h->origin, ex->sent_tx);
    bool interleaved = limits->interleaved && ntp_time_equal(h->origin, ex->sent_rx);
    bool has_zero = ntp_time_is_zero(h->origin) || ntp_time_is_zero(h->receive) ||
                    ntp_time_is_zero(h->transmit);
    bool rate_kiss =
        h->leap == LEAP_UNSYNC && h->stratum == NTP_INVALID_STRATUM && h->refid == NTP_KOD_RATE;
    double distance = r->root_delay / 2.0 + r->root_dispersion;

    r->interleaved = !basic && interleaved;
    r->tests = NTP_TESTS_SYNCED;
    r->verdict = (struct response_verdict){.reason = RESPONSE_GOOD};
    require(r, RESPONSE_REPEATED,
            !ntp_time_equal(h->receive, ex->far_rx) || !ntp_time_equal(h->transmit, ex->far_tx));
    require(r, RESPONSE_WRONG_ORIGIN, basic || interleaved);
    require(r, RESPONSE_ZERO_TIMESTAMP, !has_zero);
    require(r, auth, auth == RESPONSE_GOOD);
    require(r, RESPONSE_RATE_KISS, !rate_kiss);
    require(r, RESPONSE_LEAP_UNSYNC, h->leap != LEAP_UNSYNC);
    if (h->stratum >= NTP_MAX_STRATUM || h->stratum == NTP_INVALID_STRATUM)
        fail(r, RESPONSE_STRATUM, h->stratum, NTP_MAX_STRATUM - 1);
    if (!(distance < MAX_DISTANCE))
        fail(r, RESPONSE_ROOT_DISTANCE, distance, MAX_DISTANCE);
}

static void set_mono_correction(struct response *r, const struct exchange *ex)
{
    const struct ntp_mono_root *root = &r->mono_root;

    if (!r->has_mono_root || root->epoch != ex->far_epoch || ntp_time_is_zero(ex->far_mono) ||
        ntp_time_is_zero(root->mono_receive))
        return;
    double m = ntp_time_diff(root->mono_receive, ex->far_mono) -
               ntp_time_diff(r->header.receive, ex->far_rx);
    if (fabs(m) <= MAX_MONO_CORRECTION)
        r->mono_correction = m;
}

/* The four timestamps of a measurement (ntp.md 12.5). */
struct timestamps {
    struct local_timestamp t1, t4;
    struct instant t2, t3, answered_rx;
};

static struct instant remote(struct ntp_time t)
{
    return ntp_time_to_instant(t);
}

static void choose_basic(struct response *r, const struct exchange *ex, struct timestamps *t)
{
    t->t1 = ex->near_tx;
    t->t1.net_correction = r->net_correction;
    t->t2 = remote(r->header.receive);
    t->t3 = remote(r->header.transmit);
    t->t4 = r->rx;
    t->answered_rx = t->t2;
    r->tx_is_current = true;
    r->sample.root_delay = r->root_delay;
    r->sample.root_dispersion = r->root_dispersion;
}

/* Interleaved mode (RFC 9769). In the basic mode the server has to write T3, the time at which it
   sends a response, into the packet before the packet leaves, so T3 is too early by what the
   kernel and the network card need. The exact time is known only when the packet has gone. In the
   interleaved mode the server sends it with its next response: the transmit timestamp in this
   packet is that of the response before, which arrived at near_rx. So T3 and T4 belong to the
   exchange before. The client asks for this with the server's last receive timestamp as the
   origin of its request, and the server answers with the receive timestamp of that request as
   origin, instead of the transmit timestamp: thus the two modes are told apart. T1 and T2 may be
   those of the present request, sent after T4: both intervals are negative, and their middles are
   right all the same. If the request before is known and the interval becomes much shorter, T1
   and T2 are taken from it: a short interval gives the clock less time to drift. What the remote
   side timed before its last correction is moved to the time scale of now. A server gives the
   transmit timestamp as it was then, an active peer has moved it itself. */
static void choose_interleaved(struct response *r, const struct exchange *ex, struct timestamps *t)
{
    double shift = -r->mono_correction;
    bool moved = r->header.mode == NTP_MODE_ACTIVE;
    bool previous = !local_is_zero(ex->older_tx.time) &&
                    PREVIOUS_TX_RATIO * local_diff(ex->near_tx.time, ex->near_rx.time) >
                        local_diff(ex->near_rx.time, ex->older_tx.time);

    t->t3 = instant_add(remote(r->header.transmit), moved ? 0.0 : shift);
    t->t4 = ex->near_rx;
    r->prev_remote_tx = remote(ex->far_tx);
    if (previous) {
        t->t1 = ex->older_tx;
        t->t2 = instant_add(remote(ex->far_rx), shift);
        t->answered_rx = t->t2;
        r->sample.root_delay = ex->far_root_delay;
        r->sample.root_dispersion = ex->far_root_disp;
        return;
    }
    t->t1 = ex->near_tx;
    t->t1.net_correction = r->net_correction;
    t->t2 = remote(r->header.receive);
    t->answered_rx = remote(ex->far_rx);
    r->tx_is_current = true;
    r->sample.root_delay = fmax(r->root_delay, ex->far_root_delay);
    r->sample.root_dispersion = fmax(r->root_dispersion, ex->far_root_disp);
}

/* Applies corrections of transparent clocks. They are not authenticated, so they are limited. */
static void apply_net_correction(struct response *r, const struct timestamps *t)
{
    double rx = t->t4.net_correction - t->t4.wire_time;
    double tx = t->t1.net_correction - t->t4.wire_time;
    double low = (rx + tx) * (1.0 - MAX_NET_CORRECTION_FREQ);

    if (!(t->t4.net_correction > t->t4.wire_time) || !(t->t1.net_correction > 0.0))
        return;
    if (low < 0.0 || low > r->sample.peer_delay) {
        LOG_DEBUG("Invalid correction %.9f peer_delay=%.9f", low, r->sample.peer_delay);
        return;
    }
    r->sample.offset -= (rx - tx) / 2.0;
    r->sample.peer_delay = fmax(r->sample.peer_delay - low, r->precision);
    LOG_DEBUG("Applied correction rx=%.9f tx=%.9f dur=%.9f", rx, tx, t->t4.wire_time);
}

/*
 *   server       t2 .... t3            delay  = (t4 - t1) - (t3 - t2)
 *               /          \            offset = (t1 + t4) / 2 - (t2 + t3) / 2
 *   client    t1 .......... t4
 *
 * The offset is right if the packet took as long in one direction as in the other. NTP gives it the
 * other sign, and so does the offset that the user adds: it is turned here, once. Everywhere else
 * an offset is positive when the local clock is fast.
 */
bool response_measure(struct response *r, const struct exchange *ex,
                      const struct response_limits *limits, double skew)
{
    struct source_sample *s = &r->sample;
    struct timestamps t;

    r->tx_source = ex->near_tx.source;
    if (!response_is_synced(r))
        return false;
    if (r->interleaved && !ex->ts_usable) {
        fail(r, RESPONSE_NO_TIMESTAMPS, 0.0, 0.0);
        return false;
    }

    set_mono_correction(r, ex);
    if (r->interleaved)
        choose_interleaved(r, ex, &t);
    else
        choose_basic(r, ex, &t);

    double remote_interval = instant_diff(t.t3, t.t2);
    double local_interval = local_diff(t.t4.time, t.t1.time);
    struct instant remote_average = instant_add(t.t2, remote_interval / 2.0);

    s->time = local_add(t.t1.time, local_interval / 2.0);
    r->response_time = fabs(instant_diff(t.t3, t.answered_rx));
    r->precision = limits->quantum + log2_to_seconds(r->header.precision);
    s->peer_delay = fmax(fabs(local_interval - remote_interval), r->precision);
    s->offset = -(instant_diff(remote_average, s->time.i) + limits->offset);
    s->peer_dispersion =
        fmax(r->precision, fmax(t.t1.error, t.t4.error)) + skew * fabs(local_interval);
    s->root_delay += s->peer_delay;
    s->root_dispersion += s->peer_dispersion;
    apply_net_correction(r, &t);

    r->remote_tx = t.t3;
    r->tx_source = t.t1.source;
    r->has_sample = true;
    return true;
}

/* Tests A to D: is this sample worth using? T1 to T4 give the sum of the times on both ways, not
   each of them, so the offset may be wrong by half of the delay: a long delay makes a bad sample.
     A  The delay is below a fixed limit, the timestamps are sane and belong to one exchange.
     B  The delay is not much longer than the shortest one in the register of the source.
     C  The increase of the delay is within the jitter of the source, or the delay below a
        quantile of all delays. A sample whose offset moved by more than the increase explains
        passes all the same: then it was a clock that moved, and that has to be seen.
     D  The source does not get its time from us. If it did, it would confirm any error of ours.
   Limits grow with the age of the last sample, because the clock may have drifted since. A sample
   that fails is dropped; the source still counts as reachable. */

/* Otherwise a packet was missed and the timestamps do not belong together. */
static void test_interleaved_peer(struct response *r, const struct exchange *ex)
{
    int poll = ex->far_poll < ex->poll_at_rx ? ex->far_poll : ex->poll_at_rx;
    double interval = log2_to_seconds(poll);

    require_at_most(r, RESPONSE_PEER_DELAY, r->sample.peer_delay, MAX_PEER_DELAY_RATIO * interval);
    require(r, RESPONSE_PEER_ORDER, ntp_time_compare(r->header.receive, r->header.transmit) > 0);
    if (ex->far_poll <= ex->poll_at_rx && !instant_is_zero(r->prev_remote_tx))
        require_at_most(r, RESPONSE_PEER_INTERVAL, instant_diff(r->remote_tx, r->prev_remote_tx),
                        MAX_PEER_TX_RATIO * interval);
}

static void test_a(struct response *r, const struct exchange *ex,
                   const struct response_limits *limits)
{
    const struct source_sample *s = &r->sample;

    require_at_most(r, RESPONSE_DELAY, s->peer_delay - s->peer_dispersion, limits->max_delay);
    require_at_most(r, RESPONSE_PRECISION, r->precision, limits->max_delay);
    require_at_most(r, RESPONSE_WARMUP, ex->warmup_left, 0.0);
    require(r, RESPONSE_TIME_RANGE, time_offset_is_sane(s->time.i, s->offset));
    if (!limits->is_peer) {
        require_at_most(r, RESPONSE_SERVER_INTERVAL, r->response_time, MAX_SERVER_INTERVAL);
        /* The first interleaved response after a good basic one repeats its timestamps. */
        require(r, RESPONSE_SAME_TIMESTAMPS,
                !(r->interleaved && local_is_zero(ex->older_tx.time) && r->tx_is_current));
    } else if (r->interleaved) {
        test_interleaved_peer(r, ex);
    }
}

static double growth(const struct source_test_data *d, const struct response_limits *limits)
{
    return d->last_sample_ago * (d->skew + limits->max_clock_error);
}

static void test_b(struct response *r, const struct response_limits *limits,
                   const struct source_test_data *d)
{
    if (limits->max_delay_ratio >= 1.0 && d)
        require_at_most(r, RESPONSE_DELAY_RATIO, r->sample.peer_delay,
                        d->min_delay * limits->max_delay_ratio + growth(d, limits));
}

static void test_c(struct response *r, const struct response_limits *limits,
                   const struct response_test_input *input)
{
    const struct source_test_data *d = input->data;

    if (input->max_quantile_delay >= 0.0) {
        require_at_most(r, RESPONSE_DELAY_QUANTILE, r->sample.peer_delay,
                        input->max_quantile_delay);
    } else if (d) {
        double max = d->sd * limits->max_delay_dev_ratio + growth(d, limits);
        double delta = (r->sample.peer_delay - d->min_delay) / 2.0;
        /* An offset that the longer delay cannot explain is news, not noise. */
        if (!(fabs(r->sample.offset - d->predicted_offset) - delta > max))
            require_at_most(r, RESPONSE_DELAY_DEVIATION, delta, max);
    }
}

static void test_d(struct response *r, const struct response_test_input *input)
{
    const struct ntp_header *h = &r->header;
    const struct reference_data *own = input->own;

    if (!input->loop_possible)
        return;
    require(
        r, RESPONSE_LOOP_ADDRESS,
        !(h->stratum > 1 && ip_addr_is_real(&r->local) && h->refid == ip_addr_refid(&r->local)));
    require(r, RESPONSE_LOOP_SELF,
            !(h->stratum == own->stratum && h->refid == own->refid &&
              h->root_delay == ntp_short_from_double(own->root_delay) &&
              !ntp_time_is_zero(h->reference) &&
              ntp_time_equal(h->reference,
                             ntp_time_from_instant(own->ref_time.i, (struct ntp_time){0}))));
}

void response_test(struct response *r, const struct exchange *ex,
                   const struct response_limits *limits, const struct response_test_input *input)
{
    if (!r->has_sample)
        return;
    r->tests |= NTP_TESTS_SAMPLE;
    test_a(r, ex, limits);
    test_b(r, limits, input->data);
    test_c(r, limits, input);
    test_d(r, input);
}

static void take_timestamps(const struct response *r, struct exchange *ex)
{
    ex->far_rx = r->header.receive;
    ex->far_tx = r->header.transmit;
    ex->near_rx = r->rx;
    ex->ts_usable = response_is_synced(r);
    ex->boot_far_tx = (struct ntp_time){0};
    ex->boot_near_rx = (struct local_timestamp){0};
    ex->boot_new = false;

    if (r->has_mono_root && !ntp_time_is_zero(r->mono_root.mono_receive)) {
        ex->far_epoch = r->mono_root.epoch;
        ex->far_mono = r->mono_root.mono_receive;
        ex->mono_shift += r->mono_correction;
    } else {
        ex->far_epoch = 0;
        ex->far_mono = (struct ntp_time){0};
        ex->mono_shift = 0.0;
    }

    ex->near_tx.net_correction = r->net_correction;
    ex->older_tx =
        r->interleaved || !response_is_good(r) ? ex->near_tx : (struct local_timestamp){0};
}

void response_update(struct response *r, struct exchange *ex, const struct response_limits *limits)
{
    const struct ntp_time transmit = r->header.transmit;
    unsigned int boot_tests = NTP_TEST_1 | NTP_TEST_5;
    bool first = !ex->answered || (limits->is_peer && ntp_time_compare(ex->far_tx, transmit) < 0);

    if (response_is_valid(r) && first) {
        take_timestamps(r, ex);
    } else if (limits->is_peer && (r->tests & boot_tests) == boot_tests &&
               !ntp_time_is_zero(transmit) &&
               (!ex->boot_new || ntp_time_compare(ex->boot_far_tx, transmit) < 0)) {
        ex->boot_far_tx = transmit;
        ex->boot_near_rx = r->rx;
        ex->boot_new = true;
    }

    if (ex->answered)
        fail(r, RESPONSE_ANSWERED, 0.0, 0.0);
    else if (response_is_valid(r))
        ex->answered = true;
}

void response_accept(const struct response *r, struct exchange *ex, int poll)
{
    int stratum = r->header.stratum;

    ex->far_poll = r->header.poll;
    ex->far_stratum =
        stratum == NTP_INVALID_STRATUM || stratum > NTP_MAX_STRATUM ? NTP_MAX_STRATUM : stratum;
    ex->far_root_delay = r->root_delay;
    ex->far_root_disp = r->root_dispersion;
    ex->poll_at_rx = poll;
    ex->unanswered_at_rx = ex->unanswered;
    ex->unanswered = 0;
}

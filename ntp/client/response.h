/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging a response of a server or a packet of a peer: tests, offset and delay, and what it
 * changes in the state of the exchange (ntp.md 12). Pure: called by associations in the order of
 * the functions below; nothing but response_update and response_accept changes the exchange.
 */
#ifndef NTP_CLIENT_RESPONSE_H
#define NTP_CLIENT_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/instant.h"
#include "ntp/client/verdict.h"
#include "ntp/env.h"
#include "ntp/wire/packet.h"

/* State of an exchange with one server or peer; names of ntp.md 6.3. All zero after a reset, but
   near_tx is kept. */
struct exchange {
    int far_poll;
    int far_stratum;
    double far_root_delay;
    double far_root_disp;
    int unanswered;
    int unanswered_at_rx;
    int poll_at_rx;
    int warmup_left;
    bool answered;
    bool ts_usable;
    struct ntp_time far_rx, far_tx;
    struct ntp_time far_mono;
    uint32_t far_epoch;
    double mono_shift;
    struct local_timestamp near_rx, near_tx, older_tx;
    struct ntp_time sent_rx, sent_tx;
    struct ntp_time boot_far_tx;
    struct local_timestamp boot_near_rx;
    bool boot_new;
};

void exchange_reset(struct exchange *exchange);
void exchange_clock_change(struct exchange *exchange, const struct clock_change *change);

/* What a response is measured and tested with. */
struct response_limits {
    bool is_peer;
    bool interleaved;       /* xleave */
    unsigned int ext_flags; /* requested fields */
    double offset;          /* correction of the source's time: positive, it is behind */
    double max_delay;
    double max_delay_ratio;
    double max_delay_dev_ratio;
    double quantum;
    double max_clock_error;
};

struct response {
    const uint8_t *packet;
    const struct ntp_info *info;
    struct ntp_header header;
    struct local_timestamp rx;
    struct ip_addr local;
    bool has_mono_root;
    struct ntp_mono_root mono_root;
    double net_correction; /* of the field, 0 without */
    double root_delay;
    double root_dispersion;

    unsigned int tests; /* those that it passed; the ones that a reason fails are cleared */
    struct response_verdict verdict;
    bool interleaved;

    bool has_sample;
    struct source_sample sample;
    double mono_correction;
    double response_time;
    double precision;
    bool tx_is_current;            /* T1 is near_tx */
    struct instant remote_tx;      /* T3 */
    struct instant prev_remote_tx; /* V; zero: none */
    enum timestamp_source tx_source;
};

static inline bool response_is_valid(const struct response *r)
{
    return (r->tests & NTP_TESTS_VALID) == NTP_TESTS_VALID;
}

static inline bool response_is_synced(const struct response *r)
{
    return (r->tests & NTP_TESTS_SYNCED) == NTP_TESTS_SYNCED;
}

static inline bool response_is_good(const struct response *r)
{
    return response_is_synced(r) && (r->tests & NTP_TESTS_SAMPLE) == NTP_TESTS_SAMPLE;
}

/* 1. Reads a parsed packet. packet and info must stay valid while r is used. */
void response_read(struct response *r, const struct response_limits *limits, const uint8_t *packet,
                   const struct ntp_info *info, const struct local_timestamp *rx,
                   const struct ip_addr *local);
/* 2. Tests 1 to 7 (ntp.md 12.2, 12.3). auth: why it is not authentic, or RESPONSE_GOOD. */
void response_check(struct response *r, const struct exchange *ex,
                    const struct response_limits *limits, enum response_reason auth);
/* 3. Measures the sample of a synchronised response (ntp.md 12.5); skew: a fraction. False: there
   is none. */
bool response_measure(struct response *r, const struct exchange *ex,
                      const struct response_limits *limits, double skew);

struct response_test_input {
    const struct source_test_data *data; /* NULL: not available */
    double max_quantile_delay;           /* limit of ntp.md 13.2; negative: that of 13.3 is used */
    bool loop_possible;                  /* a source could be synchronised to this host (test D) */
    const struct reference_data *own;    /* what this daemon sends now */
};

/* 4. Tests A to D of a sample (ntp.md 12.6). */
void response_test(struct response *r, const struct exchange *ex,
                   const struct response_limits *limits, const struct response_test_input *input);
/* 5. Updates the timestamps of the exchange (ntp.md 12.7); one response counts for each request
   (12.8). */
void response_update(struct response *r, struct exchange *ex, const struct response_limits *limits);
/* 6. Keeps values of a valid response (ntp.md 12.9, step 1). */
void response_accept(const struct response *r, struct exchange *ex, int poll);

#endif

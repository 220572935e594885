/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filling in a packet: the contents of header and extension fields of everything that is sent. Bits
 * of timestamps below the precision are random, which makes them unpredictable and unique; requests
 * of clients carry no information at all about the local clock. It sends nothing.
 */
#include "ntp/transmit.h"

#include <math.h>
#include "conf/source_options.h"

#define CLIENT_PRECISION 32 /* all bits of timestamps are random */

struct fill {
    const struct transmit_context *context;
    const struct transmit_time *time;
    const struct transmit_input *input;
    struct ntp_header header;
    int precision;
    bool interleaved;
    double root_delay;
    double root_dispersion;
    double smooth; /* offset that is applied, 0 when smoothing is not active for this packet */
};

/* Takes only as many random octets as the mask needs, since each reply of a batch needs two. */
static struct ntp_time make_fuzz(struct random_pool *random, int precision)
{
    const struct ntp_time mask = ntp_fuzz_mask(precision);
    const int bits = precision < -32 ? 0 : precision > 32 ? 64 : precision + 32;
    uint8_t octets[8];
    uint64_t fuzz = 0;
    size_t needed = ((size_t)bits + 7) / 8;

    random_pool_bytes(random, octets, needed);
    for (size_t i = 0; i < needed; i++)
        fuzz = fuzz << 8 | octets[i];
    return (struct ntp_time){(uint32_t)(fuzz >> 32) & mask.hi, (uint32_t)fuzz & mask.lo};
}

static struct ntp_time fuzzed(const struct fill *f, struct local_time t)
{
    return ntp_time_from_instant(t.i, make_fuzz(f->context->random, f->precision));
}

static bool has_local_receive(const struct fill *f)
{
    return f->input->local_receive && !local_is_zero(f->input->local_receive->time);
}

static bool is_smoothed_mode(int mode)
{
    return mode == NTP_MODE_SERVER || mode == NTP_MODE_BROADCAST;
}

double transmit_smoothing(const struct transmit_time *time, int mode)
{
    bool active =
        time->smoothing && is_smoothed_mode(mode) && fabs(time->smoothing_offset) > time->quantum;

    return active ? time->smoothing_offset : 0.0;
}

void transmit_reference(const struct transmit_time *t, int mode, bool has_receive,
                        struct ntp_header *h)
{
    double smooth = transmit_smoothing(t, mode);
    struct local_time ref_time = t->reference.ref_time;
    int leap = t->reference.leap;

    h->refid = t->reference.refid;
    if (t->smoothing && is_smoothed_mode(mode) && t->leap_is_slewed &&
        (leap == LEAP_INSERT || leap == LEAP_DELETE))
        leap = LEAP_NORMAL;
    if (smooth != 0.0 && has_receive) {
        h->refid = REFID_SMOOTH;
        ref_time = local_add(ref_time, smooth);
    }

    h->leap = (uint8_t)leap;
    h->stratum = (uint8_t)(t->reference.stratum < NTP_MAX_STRATUM ? t->reference.stratum
                                                                  : NTP_INVALID_STRATUM);
    h->precision = (int8_t)t->precision_log;
    h->root_delay = ntp_short_from_double(t->reference.root_delay);
    h->root_dispersion = ntp_short_from_double(t->reference.root_dispersion);
    h->reference = ntp_time_from_instant(ref_time.i, (struct ntp_time){0});
}

static void fill_reference(struct fill *f)
{
    const struct transmit_time *t = f->time;
    struct ntp_header *h = &f->header;

    f->precision = t->precision_log;
    f->root_delay = t->reference.root_delay;
    f->root_dispersion = t->reference.root_dispersion;
    f->smooth = transmit_smoothing(t, f->input->mode);
    transmit_reference(t, f->input->mode, has_local_receive(f), h);

    if (f->input->kod != 0) {
        h->leap = LEAP_UNSYNC;
        h->stratum = NTP_INVALID_STRATUM;
        h->refid = f->input->kod;
    }
}

static void fill_header(struct fill *f)
{
    const struct transmit_input *in = f->input;
    struct ntp_header *h = &f->header;

    h->version = (uint8_t)(in->version > NTP_VERSION ? NTP_VERSION : in->version);
    h->mode = (uint8_t)in->mode;
    h->poll = (int8_t)in->poll;
    f->interleaved =
        in->interleaved && in->has_their_receive && !local_is_zero(in->previous_transmit);

    if (in->mode == NTP_MODE_CLIENT) {
        f->precision = CLIENT_PRECISION;
        h->precision = CLIENT_PRECISION;
    } else {
        fill_reference(f);
    }
}

static void fill_origin_and_receive(struct fill *f)
{
    const struct transmit_input *in = f->input;
    struct ntp_header *h = &f->header;
    struct local_time receive = {0};

    if (in->mode == NTP_MODE_CLIENT && !f->interleaved)
        return;

    h->origin = f->interleaved ? in->their_receive : in->their_transmit;
    if (has_local_receive(f))
        receive = local_add(in->local_receive->time, f->smooth);
    do
        h->receive = fuzzed(f, receive);
    while (!ntp_time_is_zero(h->receive) && (ntp_time_equal(h->receive, h->origin) ||
                                             ntp_time_equal(h->receive, in->previous_own_receive)));
}

static struct local_time transmit_timestamp(const struct fill *f)
{
    if (f->interleaved)
        return f->input->previous_transmit;
    if (f->input->mode == NTP_MODE_CLIENT)
        return f->time->event_time;
    return local_add(clock_scale_cook(&f->time->scale, world_raw_now(f->context->world), NULL),
                     f->smooth);
}

static void fill_transmit(struct fill *f)
{
    const struct transmit_input *in = f->input;
    struct ntp_header *h = &f->header;

    do
        h->transmit = fuzzed(f, transmit_timestamp(f));
    while (!ntp_time_is_zero(h->transmit) &&
           (ntp_time_equal(h->transmit, h->receive) || ntp_time_equal(h->transmit, h->origin) ||
            ntp_time_equal(h->transmit, in->previous_own_transmit)));

    /* So that a later origin timestamp tells the interleaved mode from the basic mode (ntp.md
       20.4). */
    if (in->mode == NTP_MODE_SERVER || in->mode == NTP_MODE_PASSIVE) {
        h->receive.lo |= 1;
        h->transmit.lo &= ~(uint32_t)1;
    }
}

static bool add_net_correction(const struct fill *f, struct writer *w)
{
    const struct local_timestamp *rx = f->input->local_receive;
    uint8_t body[NTP_EXT_BODY_LENGTH];
    double correction = 0.0;

    if (f->input->mode != NTP_MODE_CLIENT && rx && rx->net_correction > rx->wire_time)
        correction = rx->net_correction;
    ntp_net_correction_write(body, correction);
    return ntp_ext_add(w, NTP_EXT_NET_CORRECTION, body, sizeof(body));
}

static bool add_mono_root(const struct fill *f, struct writer *w)
{
    uint8_t body[NTP_EXT_BODY_LENGTH];
    struct ntp_mono_root root = {0};

    if (f->input->mode != NTP_MODE_CLIENT) {
        root.root_delay = f->root_delay;
        root.root_dispersion = f->root_dispersion;
        root.epoch = f->time->mono.epoch;
        if (f->smooth == 0.0 && has_local_receive(f))
            root.mono_receive =
                fuzzed(f, local_add(f->input->local_receive->time, f->time->mono.shift));
    }
    ntp_mono_root_write(body, &root);
    return ntp_ext_add(w, NTP_EXT_MONO_ROOT, body, sizeof(body));
}

bool transmit_fill(const struct transmit_context *context, const struct transmit_input *input,
                   struct writer *w, struct transmit_output *output)
{
    struct fill f = {.context = context, .time = context->time, .input = input};

    fill_header(&f);
    fill_origin_and_receive(&f);

    writer_zeros(w, NTP_HEADER_LENGTH);
    if (w->failed)
        return false;
    /* The version must be there before fields are added. */
    if (input->ext_flags != 0)
        ntp_header_write(w->data, &f.header);
    if (input->ext_flags & EXT_FLAG_NET_CORRECTION && context->time->add_net_correction &&
        !add_net_correction(&f, w))
        return false;
    if (input->ext_flags & EXT_FLAG_MONO_ROOT && !add_mono_root(&f, w))
        return false;

    /* The transmit timestamp is taken as late as possible. */
    fill_transmit(&f);
    ntp_header_write(w->data, &f.header);

    *output = (struct transmit_output){
        .interleaved = f.interleaved,
        .receive = f.header.receive,
        .transmit = f.header.transmit,
    };
    return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Broadcast server. One timer for each destination, in a scheduling class of their own. A packet
 * that cannot be sent is not repeated: the next one follows anyway.
 */
#include "ntp/broadcast.h"

#include <math.h>
#include <stdlib.h>
#include "base/text.h"
#include "ntp/client/poll.h"
#include "ntp/transmit_time.h"
#include "ntp/wire/packet.h"

#define FIRST_SEPARATION 0.2
#define RANDOMNESS       0.02

struct destination {
    struct ntp_broadcast *broadcast;
    struct ip_port addr;
    int interval; /* seconds */
    int poll;
    int fd; /* -1: the socket could not be opened */
    timer_id timer;
};

struct ntp_broadcast {
    const struct ntp_env *env;
    struct ntp_sockets *sockets;
    struct random_pool random;
    struct destination *destinations;
    size_t count;
};

static void on_timer(void *arg);

static void set_timer(struct destination *d, double separation)
{
    d->timer = loop_timer_add_class(d->broadcast->env->loop, d->interval, separation, RANDOMNESS,
                                    TIMER_CLASS_NTP_BROADCAST, on_timer, d);
}

static void send_packet(const struct destination *d)
{
    struct ntp_broadcast *b = d->broadcast;
    const struct transmit_time time = transmit_time_make(b->env);
    const struct transmit_context context = {&time, b->env->world, &b->random};
    const struct transmit_input input = {
        .mode = NTP_MODE_BROADCAST, .version = NTP_VERSION, .poll = d->poll};
    struct transmit_output output;
    uint8_t data[NTP_HEADER_LENGTH];
    struct writer w = writer_make(data, sizeof(data));

    if (transmit_fill(&context, &input, &w, &output))
        ntp_sockets_send(b->sockets, d->fd, &d->addr, data, w.pos, false);
}

static void on_timer(void *arg)
{
    struct destination *d = arg;

    send_packet(d);
    set_timer(d, poll_separation(d->poll));
}

struct ntp_broadcast *ntp_broadcast_new(const struct ntp_env *env,
                                        const struct broadcasts_conf *conf,
                                        struct ntp_sockets *sockets)
{
    struct ntp_broadcast *b = mem_alloc(sizeof(*b));

    b->env = env;
    b->sockets = sockets;
    b->random = random_pool_make(env->world);
    b->count = conf->count;
    b->destinations = mem_array(b->count, sizeof(*b->destinations));
    for (size_t i = 0; i < b->count; i++) {
        struct destination *d = &b->destinations[i];

        d->broadcast = b;
        d->addr = conf->items[i].dest;
        d->interval = conf->items[i].interval;
        d->poll = (int)lround(log2(d->interval));
        d->fd = ntp_sockets_hold_for(sockets, &d->addr);
        set_timer(d, FIRST_SEPARATION);
    }
    return b;
}

void ntp_broadcast_free(struct ntp_broadcast *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++) {
        loop_timer_cancel(b->env->loop, b->destinations[i].timer);
        ntp_sockets_release_for(b->sockets, &b->destinations[i].addr);
    }
    free(b->destinations);
    free(b);
}

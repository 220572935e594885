/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network card of nic.h. A frame leaves the node some time after the daemon has sent it, is
 * timestamped at its start, and has come when its end has: at 1 Gb/s, behind an Ethernet header and
 * a UDP header over IPv4.
 */
#include "test/sim/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/nic.h"
#include "base/text.h"

#define NIC_INDEX      2
#define NIC_SPEED      1000 /* Mb/s */
#define HEADERS        42
#define CHECK_SEQUENCE 4
#define NTP_PORT       123
#define PTP_EVENT_PORT 319

void sim_nic_init(struct sim_node *node)
{
    sim_random_seed(&node->nic_random, node->sim->seed, SIM_NIC_STREAM(node->id));
}

static char **nic_list(void *ctx)
{
    const struct sim_node *node = ctx;
    char **names = mem_array(2, sizeof(*names));

    if (node->spec.nic.present)
        names[0] = text_dup(SIM_NIC_NAME);
    return names;
}

static bool nic_enable(void *ctx, const char *name, enum nic_filter filter, struct nic *nic)
{
    struct sim_node *node = ctx;

    if (!node->spec.nic.present || strcmp(name, SIM_NIC_NAME) != 0) {
        errno = ENODEV;
        return false;
    }
    node->nic_enabled = true;
    node->nic_filter = filter;
    *nic = (struct nic){.if_index = NIC_INDEX, .tx_only = filter == NIC_FILTER_NONE};
    return true;
}

static bool nic_speed(void *ctx, const char *name, int *speed)
{
    *speed = NIC_SPEED;
    return true;
}

static bool nic_keep_sent(void *ctx, int count)
{
    return false;
}

const struct nic_ops sim_nic_table = {
    .list = nic_list,
    .enable = nic_enable,
    .speed = nic_speed,
    .keep_sent = nic_keep_sent,
};

/* The card's reading some seconds from now; zero if it misses the packet. */
static struct hardware_time stamp(struct sim_node *node, double from_now)
{
    const struct sim_nic *nic = &node->spec.nic;
    double jitter = nic->jitter * sim_random_normal(&node->nic_random);
    bool missed = sim_random_unit(&node->nic_random) < nic->missed;

    return missed ? (struct hardware_time){{0, 0}} : sim_device_phc_time(node, from_now + jitter);
}

/* Of received packets. */
static bool passes_filter(const struct sim_node *node, const struct sim_datagram *datagram)
{
    switch (node->nic_filter) {
    case NIC_FILTER_NONE:
        return false;
    case NIC_FILTER_NTP:
        return datagram->to.port == NTP_PORT || datagram->from.port == NTP_PORT;
    case NIC_FILTER_PTP:
        return datagram->to.port == PTP_EVENT_PORT;
    case NIC_FILTER_AUTO:
    case NIC_FILTER_ALL:
        break;
    }
    return true;
}

void sim_nic_received(struct sim_node *node, struct sim_datagram *datagram)
{
    const struct sim_nic *nic = &node->spec.nic;
    double duration =
        8.0 * (HEADERS + (double)datagram->length + CHECK_SEQUENCE) / (NIC_SPEED * 1e6);

    if (!nic->present)
        return;
    datagram->raw =
        raw_add(datagram->raw, nic->kernel_latency * sim_random_exponential(&node->nic_random));
    datagram->frame_length = HEADERS + (int)datagram->length;
    if (node->nic_enabled && passes_filter(node, datagram))
        datagram->hardware = stamp(node, nic->rx_error - duration);
}

/* A timestamp of hardware for the error queue of a socket that may be closed by then. */
struct report {
    struct sim_node *node;
    int fd;
    uint64_t serial;
    struct sim_datagram *datagram;
};

static void free_report(void *arg)
{
    struct report *report = arg;

    free(report->datagram);
    free(report);
}

static void deliver_report(struct sim *sim, uint64_t value, void *arg)
{
    struct report *report = arg;
    struct sim_node *node = report->node;
    struct sim_socket *socket = &node->sockets[report->fd];

    if (socket->open && socket->serial == report->serial) {
        sim_queue_put(&socket->transmitted, report->datagram);
        report->datagram = NULL;
        sim_node_run(node);
    }
    free_report(report);
}

double sim_nic_send(struct sim_node *node, int fd, const struct sim_datagram *sent)
{
    const struct sim_nic *nic = &node->spec.nic;

    if (!nic->present)
        return 0.0;
    double latency = SIM_NIC_MIN_LATENCY + nic->latency * sim_random_exponential(&node->nic_random);
    if (!sent || !node->nic_enabled)
        return latency;
    struct report *report = mem_alloc(sizeof(*report));
    *report = (struct report){node, fd, node->sockets[fd].serial, NULL};
    report->datagram = sim_datagram_new(&sent->from, &sent->to, sent->data, sent->length);
    report->datagram->hardware = stamp(node, latency + nic->tx_error);
    report->datagram->frame_length = HEADERS + (int)sent->length;
    if (instant_is_zero(report->datagram->hardware.i)) {
        free_report(report);
        return latency;
    }
    sim_event_add(
        node->sim, node->sim->now + (int64_t)llround((latency + nic->tx_delay) * 1e9),
        &(struct sim_event){.handler = deliver_report, .arg = report, .discard = free_report});
    return latency;
}

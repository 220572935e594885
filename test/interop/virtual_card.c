/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card's answers to the driver's requests, and its timestamps as messages; see virtual_card.h.
 * Called by virtual_time.c only. What it keeps is in the struct that it is given.
 */
#include "test/interop/virtual_card.h"

#include <errno.h>
#include <time.h> /* for the next one */

#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <math.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>

#define NS             1000000000
#define INDEX          2
#define SPEED          1000 /* Mb/s */
#define CHECK_SEQUENCE 4
#define ABILITIES                                                                                  \
    (SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE | \
     SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE)

/* ---- Requests ---- */

static int ethtool(struct ifreq *request)
{
    uint32_t command;

    memcpy(&command, request->ifr_data, sizeof(command));
    if (command == ETHTOOL_GET_TS_INFO) {
        struct ethtool_ts_info info = {
            .cmd = command,
            .so_timestamping = ABILITIES,
            .tx_types = 1 << HWTSTAMP_TX_OFF | 1 << HWTSTAMP_TX_ON,
            .rx_filters = 1 << HWTSTAMP_FILTER_NONE | 1 << HWTSTAMP_FILTER_ALL,
        };

        memcpy(request->ifr_data, &info, sizeof(info));
        return 0;
    }
    if (command == ETHTOOL_GSET) {
        struct ethtool_cmd settings = {.cmd = command, .speed = SPEED};

        memcpy(request->ifr_data, &settings, sizeof(settings));
        return 0;
    }
    return EOPNOTSUPP;
}

int virtual_card_request(struct virtual_card *card, unsigned long request, void *data)
{
    struct ifreq *interface = data;

    if (strcmp(interface->ifr_name, VIRTUAL_CARD_NAME) != 0)
        return ENODEV;
    switch (request) {
    case SIOCGIFINDEX:
        interface->ifr_ifindex = INDEX;
        return 0;
    case SIOCETHTOOL:
        return ethtool(interface);
    case SIOCSHWTSTAMP:
        card->enabled = true;
        return 0;
    default:
        return EOPNOTSUPP;
    }
}

/* ---- Timestamps ---- */

static int64_t stamp(struct virtual_card *card, int64_t now, double from_now)
{
    double jitter = card->nic.jitter * sim_random_normal(&card->random);
    bool missed = sim_random_unit(&card->random) < card->nic.missed;

    return missed ? 0 : virtual_phc_shown(&card->clock, now, from_now + jitter);
}

double virtual_card_latency(struct virtual_card *card)
{
    return SIM_NIC_MIN_LATENCY + card->nic.latency * sim_random_exponential(&card->random);
}

int64_t virtual_card_sent(struct virtual_card *card, int64_t now, double latency)
{
    return stamp(card, now, latency + card->nic.tx_error);
}

struct virtual_stamps virtual_card_received(struct virtual_card *card, size_t length, int64_t now,
                                            int64_t raw)
{
    double late = card->nic.kernel_latency * sim_random_exponential(&card->random);
    double octets = (double)(VIRTUAL_CARD_HEADERS + length + CHECK_SEQUENCE);
    struct virtual_stamps stamps = {.kernel = raw + llround(late * 1e9)};

    if (card->enabled)
        stamps.hardware = stamp(card, now, card->nic.rx_error - 8.0 * octets / (SPEED * 1e6));
    return stamps;
}

/* ---- Messages ---- */

size_t virtual_card_frame(uint8_t *frame, const uint8_t address[4], uint16_t port,
                          const uint8_t *data, size_t length)
{
    memset(frame, 0, VIRTUAL_CARD_HEADERS);
    frame[12] = 0x08;
    frame[14] = 0x45;
    frame[17] = (uint8_t)(length + VIRTUAL_CARD_HEADERS - ETH_HLEN);
    frame[22] = IPDEFTTL;
    frame[23] = IPPROTO_UDP;
    memcpy(frame + 30, address, 4);
    frame[36] = (uint8_t)(port >> 8);
    frame[37] = (uint8_t)port;
    frame[39] = (uint8_t)(length + 8);
    memcpy(frame + VIRTUAL_CARD_HEADERS, data, length);
    return VIRTUAL_CARD_HEADERS + length;
}

/* The next control message, which has to fit. */
static void add_control(struct msghdr *message, size_t *used, int level, int type, const void *data,
                        size_t length)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    uint8_t *place = (uint8_t *)message->msg_control + *used;

    if (*used + CMSG_SPACE(length) > message->msg_controllen) {
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    memset(place, 0, CMSG_SPACE(length));
    memcpy(place, &header, sizeof(header));
    memcpy(place + CMSG_LEN(0), data, length);
    *used += CMSG_SPACE(length);
}

static struct timespec to_timespec(int64_t time)
{
    return (struct timespec){time / NS, time % NS};
}

void virtual_card_control(struct msghdr *message, const struct virtual_stamps *stamps,
                          size_t frame_length, bool error_queue)
{
    struct timespec times[3] = {to_timespec(stamps->kernel), {0, 0}, to_timespec(stamps->hardware)};
    /* As the kernel has it, with the address of who complains, which is nobody here. */
    struct {
        struct sock_extended_err e;
        struct sockaddr_in offender;
    } error = {
        .e = {.ee_errno = ENOMSG,
              .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
              .ee_info = SCM_TSTAMP_SND},
    };
    struct scm_ts_pktinfo info = {.if_index = INDEX, .pkt_length = (uint32_t)frame_length};
    struct in_pktinfo destination = {.ipi_ifindex = INDEX};
    size_t used = 0;

    message->msg_flags = error_queue ? MSG_ERRQUEUE : 0;
    add_control(message, &used, SOL_SOCKET, SCM_TIMESTAMPING, times, sizeof(times));
    if (stamps->hardware != 0)
        add_control(message, &used, SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, &info, sizeof(info));
    add_control(message, &used, SOL_IP, IP_PKTINFO, &destination, sizeof(destination));
    if (error_queue)
        add_control(message, &used, SOL_IP, IP_RECVERR, &error, sizeof(error));
    message->msg_controllen = used;
}

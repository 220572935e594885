/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timestamping network card of virtual_time.c: the requests to its driver, its timestamps, and
 * the messages in which the kernel gives them to a program. It makes the errors of the simulator's
 * card (test/sim/nic.c, devices.c) from the same random numbers.
 */
#ifndef TEST_INTEROP_VIRTUAL_CARD_H
#define TEST_INTEROP_VIRTUAL_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "test/interop/virtual_devices.h"
#include "test/sim/nic.h"
#include "test/sim/random.h"

struct msghdr;

#define VIRTUAL_CARD_NAME "eth0"
/* Of the Ethernet, IPv4 and UDP headers. */
#define VIRTUAL_CARD_HEADERS 42

struct virtual_card {
    struct sim_nic nic;
    struct virtual_phc clock;
    struct sim_random random;
    bool enabled;
};

/* What the kernel says of a packet: readings of the system's clock and of the card's, ns since
   1970, zero: there is none. */
struct virtual_stamps {
    int64_t kernel, hardware;
};

/* A request by ioctl() to the network. 0, or an errno. */
int virtual_card_request(struct virtual_card *card, unsigned long request, void *data);

/* Seconds that a packet waits in the computer before it leaves. */
double virtual_card_latency(struct virtual_card *card);
/* The timestamp of a packet that leaves some seconds from now. */
int64_t virtual_card_sent(struct virtual_card *card, int64_t now, double latency);
/* Those of a packet with `length` octets of UDP data that comes now. */
struct virtual_stamps virtual_card_received(struct virtual_card *card, size_t length, int64_t now,
                                            int64_t raw);

/* The frame of a packet to an address, as the error queue has it. Its length. */
size_t virtual_card_frame(uint8_t *frame, const uint8_t address[4], uint16_t port,
                          const uint8_t *data, size_t length);
/* The control messages of a received packet, or of one in the error queue. */
void virtual_card_control(struct msghdr *message, const struct virtual_stamps *stamps,
                          size_t frame_length, bool error_queue);

#endif

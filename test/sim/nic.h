/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network card of a simulated node that timestamps packets with its own clock (SIM_PHC), with
 * jitter, asymmetry, late and missed timestamps. It is called eth0. Part of the node's world;
 * scenarios describe it.
 */
#ifndef TEST_SIM_NIC_H
#define TEST_SIM_NIC_H

#include <stdbool.h>

/* Of packets in the computer before they are sent, seconds. */
#define SIM_NIC_MIN_LATENCY 2e-6

struct sim_nic {
    bool present;
    double jitter;   /* of timestamps, standard deviation in seconds */
    double rx_error; /* constant error of timestamps, positive: late */
    double tx_error;
    double missed;   /* probability that a packet is not timestamped */
    double tx_delay; /* until the timestamp of a sent packet is reported */
    double latency;  /* of packets in the computer before they are sent, mean of the random part */
    double kernel_latency; /* the same, of the kernel's timestamps of received packets */
};

#endif

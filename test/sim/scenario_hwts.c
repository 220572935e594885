/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios with network cards that timestamp packets: what is reached with them, and what happens
 * when timestamps are off, late or missing, or the card's clock fails. The kernel's own timestamps
 * are worse by tens of microseconds, so that it shows when they are used.
 */
#include "test/sim/scenario.h"

#include <stdio.h>
#include "chronyd/chronyd.h"
#include "ntp/client/association.h"

/* Readings and timestamps of all cards. */
#define PHC_CLOCK                                                                                  \
    .present = true, .offset = 37.0, .rate = 3e-6, .delay = 1e-6, .jitter = 1e-7, .asymmetry = 0.4
#define SERVER_CONF "local stratum 1\nallow\n"
#define COMMA       ,
#define CARD        .present = true, .jitter = 1e-9, .latency = 1e-6, .kernel_latency = 2e-5

#define NODE(title, card, lines, ...)                                                              \
    {                                                                                              \
        .name = (title), .conf = (lines), .devices = {[SIM_PHC] = {PHC_CLOCK}}, .nic = {card},     \
        __VA_ARGS__                                                                                \
    }
#define SERVER NODE("server", CARD, SERVER_CONF "hwtimestamp eth0 minpoll -2\n")
#define EXACT(lines)                                                                               \
    {                                                                                              \
        .name = "server", .conf = SERVER_CONF lines                                                \
    }
#define OSCILLATOR(error) .oscillator = {.offset = 0.1, .frequency = (error), .wander = 1e-9}
#define XLEAVE            "server server xleave minpoll 0 maxpoll 0\nhwtimestamp eth0 minpoll -2"
#define BASIC             "server server minpoll 0 maxpoll 0\nhwtimestamp eth0"
#define LINK                                                                                       \
    {                                                                                              \
        .delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-8                                     \
    }
#define COMPARED COMMON, .compared = true
#define COMMON                                                                                     \
    .duration = 2000.0, .from = 400.0, .sync_offset = 1e-3, .sync_frequency = 5e-4, .link = LINK,  \
    .subject = 1

static struct report_ntpdata get_report(struct sim *sim)
{
    struct ip_addr server = sim_address(0);
    struct report_ntpdata report = {.tx_source = '?', .rx_source = '?'};

    const struct association *a = ntp_sources_find(sim_node_daemon(sim, 1)->ntp_sources, &server);

    if (a)
        association_report_ntpdata(a, &report);
    return report;
}

static bool check_sources(struct sim *sim, char tx, char rx)
{
    struct report_ntpdata report = get_report(sim);

    if (report.tx_source == tx && report.rx_source == rx)
        return true;
    printf("the last timestamps are %c and %c\n", report.tx_source, report.rx_source);
    return false;
}

static bool check_hardware(struct sim *sim)
{
    return check_sources(sim, 'H', 'H');
}

static bool check_late(struct sim *sim)
{
    return check_sources(sim, 'K', 'H');
}

static bool check_tx_only(struct sim *sim)
{
    return check_sources(sim, 'H', 'K');
}

/* Some of each kind, for packets in both directions. */
static bool check_missed(struct sim *sim)
{
    struct report_ntpdata r = get_report(sim);
    struct report_serverstats stats;

    server_shard_report_stats(ntp_server_shard(sim_node_daemon(sim, 0)->ntp_server), &stats);
    if (r.total_hw_rx > 1000 && r.total_kernel_rx > 300 && r.total_hw_tx > 1000 &&
        stats.ntp_hw_rx > 1000 && stats.ntp_kernel_rx > 300 && stats.ntp_hw_tx > 1000 &&
        stats.ntp_kernel_tx > 300)
        return true;
    printf("too few timestamps of some kind\n");
    return false;
}

static const struct scenario scenarios[] = {
    {
        .name = "hwts",
        .about = "interleaved, hardware timestamps",
        .figures = true,
        .duration = 20000.0,
        .from = 400.0,
        .sync_offset = 1e-3,
        .sync_frequency = 5e-4,
        .link = LINK,
        .nodes = {SERVER, NODE("client", CARD, XLEAVE "\n", OSCILLATOR(1e-5))},
        .subject = 1,
        /* With the simulator's precision, 10 ns. With 101 ns (system.md 20) the server's timestamps
           are random below 119 ns, and the medians are 3.1e-8 and 1.2e-8. That is the network, not
           the client: in hwts-coarse Debian's chronyd comes to 1.2e-8 too. */
        .limits = {.sync_time = 6.0, .rms_offset = 5.4e-8, .rms_frequency = 8e-9},
    },
    /* These run with another chronyd too (sim --against). The server has no errors, so that those
       of the client's card show. */
    {
        COMPARED,
        .name = "hwts-client",
        .about = "interleaved, hardware timestamps, an exact server",
        .nodes = {EXACT(""), NODE("client", CARD, XLEAVE "\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 1e-7},
        .check = check_hardware,
    },
    {
        COMPARED,
        .name = "hwts-coarse",
        .about = "the same with the precision of 101 ns that system.md 20 has",
        .nodes = {EXACT("clockprecision 1.01e-7\n"),
                  NODE("client", CARD, XLEAVE "\nclockprecision 1.01e-7\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 3e-7},
        .check = check_hardware,
    },
    {
        COMPARED,
        .name = "hwts-16s",
        .about = "an interval of 16 s, the card's clock is read by the timer as well",
        .nodes = {EXACT(""),
                  NODE("client", CARD, "server server xleave minpoll 4 maxpoll 4\nhwtimestamp *\n",
                       OSCILLATOR(1e-5))},
        .limits = {.max_offset = 1e-6},
        .check = check_hardware,
    },
    {
        COMPARED,
        .name = "hwts-gaps",
        .about = "a tenth of the hardware timestamps is missing",
        .nodes = {EXACT(""),
                  NODE("client", CARD COMMA.missed = 0.1, XLEAVE "\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 1e-5},
    },
    {
        COMMON,
        .name = "hwts-basic",
        .about = "hardware timestamps without the interleaved mode: those of replies are lost",
        .nodes = {SERVER, NODE("client", CARD, BASIC "\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 5e-6, .rms_offset = 3e-6},
        .check = check_hardware,
    },
    {
        COMMON,
        .name = "hwts-missed",
        .about = "a third of the hardware timestamps is missing",
        .nodes = {NODE("server", CARD COMMA.missed = 0.33, SERVER_CONF "hwtimestamp *\n"),
                  NODE("client", CARD COMMA.missed = 0.33, XLEAVE "\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 2e-5},
        .check = check_missed,
    },
    {
        COMMON,
        .name = "hwts-error",
        .about = "constant errors of a card that are compensated",
        .nodes = {SERVER, NODE("client", CARD COMMA.rx_error = 6e-6 COMMA.tx_error = -2e-6,
                               XLEAVE " rxcomp 6e-6 txcomp 2e-6\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 5e-7, .rms_offset = 1e-7},
        .check = check_hardware,
    },
    {
        COMMON,
        .name = "hwts-late",
        .about = "responses that wait for the transmit timestamps of their requests",
        .nodes = {SERVER, NODE("client", CARD COMMA.tx_delay = 6e-4, BASIC "\n", OSCILLATOR(1e-5))},
        .limits = {.max_offset = 5e-6, .rms_offset = 3e-6},
        .check = check_hardware,
    },
    {
        COMMON,
        .name = "hwts-too-late",
        .about = "transmit timestamps that come later than hwtstimeout",
        .nodes = {SERVER, NODE("client", CARD COMMA.tx_delay = 6e-4, BASIC "\nhwtstimeout 0.0002\n",
                               OSCILLATOR(1e-5))},
        .limits = {.max_offset = 1e-5, .rms_offset = 5e-6},
        .check = check_late,
    },
    {
        COMMON,
        .name = "hwts-tx-only",
        .about = "a card that timestamps only what it sends, found by the wildcard",
        .nodes = {SERVER, NODE("client", CARD,
                               "server server xleave minpoll 0 maxpoll 0\n"
                               "hwtimestamp * rxfilter none\n",
                               OSCILLATOR(1e-5))},
        .limits = {.max_offset = 5e-5},
        .messages = {{1, "Enabled HW timestamping (TX only) on eth0", 1, 1}},
        .check = check_tx_only,
    },
    {
        COMMON,
        .name = "hwts-ptp",
        .about = "cards that timestamp only PTP: NTP in PTP messages",
        .nodes = {NODE("server", CARD,
                       SERVER_CONF "ptpport 319\nhwtimestamp eth0 minpoll -2 rxfilter ptp\n"),
                  NODE("client", CARD,
                       "server server port 319 xleave extfield F324 minpoll 0 maxpoll 0\n"
                       "ptpport 319\nhwtimestamp eth0 minpoll -2 rxfilter ptp\n",
                       OSCILLATOR(1e-5))},
        .limits = {.max_offset = 5e-7, .rms_offset = 1e-7},
        .check = check_hardware,
    },
    {
        COMMON,
        .name = "hwts-lost-clock",
        .about =
            "the clock of the card cannot be read for a while: the kernel's timestamps are used",
        .nodes = {SERVER, NODE("client", CARD, XLEAVE "\n", OSCILLATOR(1e-5))},
        .actions = {{600.0, STOP_DEVICE, 1, SIM_PHC, 0.0}, {900.0, START_DEVICE, 1, SIM_PHC, 0.0}},
        .limits = {.max_offset = 5e-5, .change = 5e-5, .final_offset = 3e-7},
        .messages = {{1, "Could not read PHC of eth0, its timestamps are not used", 1, 1}},
        .check = check_hardware,
    },
    {
        COMMON,
        .name = "hwts-jump",
        .about = "the clock of the card jumps",
        .nodes = {SERVER, NODE("client", CARD, XLEAVE "\n", OSCILLATOR(1e-5))},
        .actions = {{600.5, MOVE_DEVICE, 1, SIM_PHC, 0.3},
                    {1200.5, MOVE_DEVICE, 1, SIM_PHC, -50.0}},
        .limits = {.max_offset = 5e-5, .final_offset = 3e-7},
        .check = check_hardware,
    },
};

const struct scenario *scenario_hwts(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}

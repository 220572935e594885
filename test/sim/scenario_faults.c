/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios of faults: what must come of them, and what the log must say. The limit of the
 * change within a second is that of the configuration: a slew moves a clock by 1/11 s at most
 * (maxslewrate), and only makestep, or somebody else, may step it.
 */
#include "test/sim/scenario.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LAN                                                                                        \
    {                                                                                              \
        .delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4                                     \
    }
/* A true server, and one with a wrong clock. */
#define SERVER(title)                                                                              \
    {                                                                                              \
        .name = (title), .conf = "local stratum 1\nallow\n"                                        \
    }
#define FALSETICKER(title, error)                                                                  \
    {                                                                                              \
        .name = (title), .conf = "local stratum 1\nallow\n", .oscillator = {.offset = (error) }    \
    }
#define CLIENT_OF(start, lines)                                                                    \
    {                                                                                              \
        .name = "client", .conf = (lines), .oscillator = {                                         \
            .offset = (start),                                                                     \
            .frequency = 1e-4,                                                                     \
            .wander = 1e-9                                                                         \
        }                                                                                          \
    }
#define CLIENT(lines) CLIENT_OF(0.1, lines)
#define FROM(length, start)                                                                        \
    .duration = (length), .from = (start), .sync_offset = 1e-3, .sync_frequency = 5e-4, .link = LAN

#define COMMON(length) FROM(length, 400.0)

/* A chain of symmetric peers with monotonic timestamps. The first is a server 0.1 s fast, which is
   told so at 2,000 s. */
#define MONO(kind, other, options) kind " " other " " options " minsamples 16 extfield F323\n"
#define CHAIN_NODE(title, lines, start, freq)                                                      \
    {                                                                                              \
        .name = (title), .conf = (lines "allow\n"), .oscillator = {                                \
            .offset = (start),                                                                     \
            .frequency = (freq),                                                                   \
            .wander = 1e-9                                                                         \
        }                                                                                          \
    }
#define CHAIN_END(up, down)                                                                        \
    CHAIN_NODE("node3", MONO("peer", "node2", up) MONO("peer", "node4", down), 0.0, -2e-5),        \
        CHAIN_NODE("node4", MONO("peer", "node3", up) MONO("peer", "node5", down), 0.3, 3e-5),     \
        CHAIN_NODE("node5", MONO("peer", "node4", up), -0.1, -1e-5)
#define PEERS(up, down)                                                                            \
    {                                                                                              \
        CHAIN_NODE("node1", "local stratum 1\n" MONO("peer", "node2", down), 0.1, 0.0),            \
            CHAIN_NODE("node2", MONO("peer", "node1", up) MONO("peer", "node3", down), 0.2, 1e-5), \
            CHAIN_END(up, down)                                                                    \
    }
#define PEERS_BEHIND_SERVER(up, down)                                                              \
    {                                                                                              \
        CHAIN_NODE("node1", "local stratum 1\n", 0.1, 0.0),                                        \
            CHAIN_NODE("node2", MONO("server", "node1", up " xleave") MONO("peer", "node3", down), \
                       0.2, 1e-5),                                                                 \
            CHAIN_END(up, down)                                                                    \
    }
#define CHAIN(length)                                                                              \
    .duration = (length), .from = 1900.0, .sync_offset = 1e-3, .sync_frequency = 5e-4,             \
    .link = LAN, .actions = {{2000.0, ORDER, 0, ORDER_DOFFSET, 0.1}}, .subject = 4, .seeds = 4,    \
    .check = all_follow

#define FIVE_SERVERS                                                                               \
    "server server1\nserver server2\nserver server3\nserver server4\nserver server5\n"
#define MAX_SLEW 0.0910

/* The drift file is whole, and the daemon that came after the power cut has read it. */
static bool check_drift_file(struct sim *sim)
{
    const char *text = sim_files_text(sim_node_files(sim, 1), "/drift");
    double frequency, skew;

    if (!text || sscanf(text, "%lf %lf", &frequency, &skew) != 2 || frequency < 99.0 ||
        frequency > 101.0) {
        printf("drift file: %s\n", text ? text : "none");
        return false;
    }
    return true;
}

static bool check_daemon_ended(struct sim *sim)
{
    if (!sim_node_is_running(sim, 1))
        return true;
    printf("the daemon still runs\n");
    return false;
}

/* Neither of two servers that have only each other may claim to be synchronised. */
static bool check_unsynchronised(struct sim *sim)
{
    for (int i = 0; i < 2; i++)
        if (sim_count_messages(sim, i, "Selected source") > 0) {
            printf("node %d was synchronised\n", i);
            return false;
        }
    return true;
}

/* Most good measurements of the second peer come from interleaved packets. */
static bool peers_are_interleaved(struct sim *sim)
{
    const char *line = sim_files_text(sim_node_files(sim, 2), "/log/measurements.log");
    int good = 0, interleaved = 0;

    for (; line; line = strchr(line, '\n')) {
        char mode = '\0';
        line += *line == '\n';
        if (strncmp(line + 41, "111 111 1111", 12) != 0 ||
            sscanf(line + 53, "%*d %*d %*f %*f %*f %*f %*f %*f %*x %*1d%c", &mode) != 1)
            continue;
        good++;
        interleaved += mode == 'I';
    }
    if (good >= 100 && interleaved >= good * 2 / 3)
        return true;
    printf("%d of %d good measurements are interleaved\n", interleaved, good);
    return false;
}

/* The client takes the loss for a fact only after eight polls of 16 s. */
static bool message_after_eight_polls(struct sim *sim)
{
    const double time = sim_message_time(sim, 1, "Can't synchronise");

    if (time > 8 * 16.0)
        return true;
    printf("the message came at %.0f s\n", time);
    return false;
}

/* Four nodes behind a server that was 0.1 s wrong until 2,000 s: all of them are right in good time
   and stay so; no correction comes back to a node that had it already. */
static bool all_follow(struct sim *sim)
{
    bool good = true;

    for (int i = 1; i < 5; i++) {
        struct sim_result r;

        sim_get_result(sim, i, &r);
        if (r.sync_time > 2000.0 && r.sync_time <= 2500.0 && fabs(r.final_offset) <= 1e-3)
            continue;
        printf("node %d is right after %.0f s, off by %.6f s at the end\n", i + 1, r.sync_time,
               r.final_offset);
        good = false;
    }
    return good;
}

static const struct scenario scenarios[] = {
    {
        COMMON(20000.0),
        .name = "five",
        .about = "five servers, the usual configuration",
        .nodes = {SERVER("server1"), SERVER("server2"), SERVER("server3"), SERVER("server4"),
                  SERVER("server5"), CLIENT(FIVE_SERVERS)},
        .subject = 5,
        .limits = {.sync_time = 140.0, .max_offset = 5e-4, .rms_offset = 2e-4, .change = 1e-4},
    },
    {
        COMMON(20000.0),
        .name = "falseticker1",
        .about = "one of five servers is wrong from the start",
        .nodes = {SERVER("server1"), SERVER("server2"), FALSETICKER("server3", 0.1),
                  SERVER("server4"), SERVER("server5"), CLIENT(FIVE_SERVERS)},
        .subject = 5,
        .limits = {.sync_time = 140.0, .max_offset = 5e-4, .change = 1e-4},
        .messages = {{5, "Detected falseticker 192.168.123.3 (server3)", 1, 0},
                     {5, "Selected source 192.168.123.3 ", 0, -1},
                     {5, "no majority", 0, -1}},
    },
    {
        COMMON(20000.0),
        .name = "falseticker2",
        .about = "two of five servers are wrong, in the same way",
        .nodes = {FALSETICKER("server1", -0.1), SERVER("server2"), FALSETICKER("server3", -0.1),
                  SERVER("server4"), SERVER("server5"), CLIENT(FIVE_SERVERS)},
        .subject = 5,
        .limits = {.sync_time = 140.0, .max_offset = 5e-4, .change = 1e-4},
        .messages = {{5, "Detected falseticker 192.168.123.1 (server1)", 1, 0},
                     {5, "Detected falseticker 192.168.123.3 (server3)", 1, 0},
                     {5, "Selected source 192.168.123.1 ", 0, -1},
                     {5, "Selected source 192.168.123.3 ", 0, -1}},
    },
    {
        COMMON(30000.0),
        .name = "falseticker-later",
        .about = "two of five servers become wrong for two hours and then come back",
        .nodes = {SERVER("server1"), SERVER("server2"), SERVER("server3"), SERVER("server4"),
                  SERVER("server5"), CLIENT(FIVE_SERVERS)},
        .actions = {{5000.0, STEP_CLOCK, 0, 0, 0.05},
                    {5500.0, STEP_CLOCK, 1, 0, -0.2},
                    {12200.0, STEP_CLOCK, 0, 0, -0.05},
                    {12700.0, STEP_CLOCK, 1, 0, 0.2}},
        .subject = 5,
        .limits = {.max_offset = 1e-3, .change = 1e-3},
        .messages = {{5, "Detected falseticker 192.168.123.1 (server1)", 1, 0},
                     {5, "Detected falseticker 192.168.123.2 (server2)", 1, 0}},
    },
    {
        COMMON(10000.0),
        .name = "no-majority",
        .about = "two servers that do not agree: nobody is believed",
        .nodes = {SERVER("server1"), FALSETICKER("server2", 0.5),
                  CLIENT_OF(0.0, "server server1\nserver server2\n")},
        .subject = 2,
        .limits = {.change = 1.1e-4},
        .messages = {{2, "Can't synchronise: no majority (no agreement among 2 sources)", 1, 0},
                     {2, "Selected source", 0, -1}},
    },
    {
        COMMON(20000.0),
        .name = "outage",
        .about = "an hour without network",
        .nodes = {SERVER("server"), CLIENT("server server\n")},
        .actions = {{3600.0, LINKS_DOWN, 1, 0, 0.0}, {7200.0, LINKS_UP, 1, 0, 0.0}},
        .subject = 1,
        .limits = {.sync_time = 7200.0, .max_offset = 5e-3, .final_offset = 5e-4, .change = 1e-3},
        .messages = {{1, "Selected source", 1, 2}},
    },
    {
        COMMON(20000.0),
        .name = "lost-servers",
        .about = "four of five servers go away for good, one after another",
        .nodes = {SERVER("server1"), SERVER("server2"), SERVER("server3"), SERVER("server4"),
                  SERVER("server5"), CLIENT(FIVE_SERVERS)},
        .actions = {{4000.0, STOP_DAEMON, 0, 0, 0.0},
                    {5000.0, STOP_DAEMON, 1, 0, 0.0},
                    {6000.0, STOP_DAEMON, 3, 0, 0.0},
                    {7000.0, STOP_DAEMON, 4, 0, 0.0}},
        .subject = 5,
        .limits = {.max_offset = 2e-3, .final_offset = 2e-3, .change = 1e-4},
    },
    {
        COMMON(20000.0),
        .name = "flapping",
        .about = "the network goes away and comes back all the time",
        .nodes = {SERVER("server"), CLIENT("server server\n")},
        .actions = {{2000.0, FLAP_LINKS, 1, 0, 170.0}},
        .subject = 1,
        .limits = {.max_offset = 2e-3, .change = 1e-3},
    },
    {
        COMMON(20000.0),
        .name = "server-step",
        .about = "the server's clock is stepped by a second, the client follows by slewing",
        .nodes = {SERVER("server"), CLIENT("server server\nlogchange 0.1\n")},
        .actions = {{8000.0, STEP_CLOCK, 0, 0, 1.0}},
        .subject = 1,
        .limits = {.final_offset = 1e-3, .max_offset = 1.4, .change = MAX_SLEW},
        .messages = {{1, "System clock wrong by ", 1, 0}, {1, "stepped", 0, -1}},
    },
    {
        COMMON(20000.0),
        .name = "client-step",
        .about = "the client's clock is stepped by others, by 100 s forward and 3 h back",
        .nodes = {SERVER("server"), CLIENT("server server\nmakestep 1 -1\n")},
        .actions = {{5000.0, STEP_CLOCK, 1, 0, 100.0}, {9000.0, STEP_CLOCK, 1, 0, -10800.0}},
        .subject = 1,
        .limits = {.sync_time = 11000.0, .final_offset = 5e-4},
        .messages = {{1, "Forward time jump detected!", 1, 1},
                     {1, "Backward time jump detected!", 1, 1},
                     {1, "System clock was stepped by -", 1, 1},
                     {1, "System clock was stepped by 1", 1, 1}},
    },
    {
        COMMON(20000.0),
        .name = "client-step-small",
        .about = "the client's clock is stepped by half a second, which is slewed away",
        .nodes = {SERVER("server"), CLIENT("server server\n")},
        .actions = {{5000.0, STEP_CLOCK, 1, 0, 0.5}},
        .subject = 1,
        .limits = {.sync_time = 7000.0, .final_offset = 5e-4, .max_offset = 0.51},
        .messages = {{1, "stepped", 0, -1}, {1, "jump", 0, -1}},
    },
    {
        COMMON(20000.0),
        .name = "suspend",
        .about = "the process stands still for ten minutes, several times",
        .nodes = {SERVER("server"), CLIENT("server server\n")},
        .actions = {{1000.0, SUSPEND, 1, 0, 0.0},
                    {1600.0, RESUME, 1, 0, 0.0},
                    {5000.0, SUSPEND, 1, 0, 0.0},
                    {5600.0, RESUME, 1, 0, 0.0},
                    {9000.0, SUSPEND, 1, 0, 0.0},
                    {9600.0, RESUME, 1, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 1e-2, .final_offset = 5e-4, .change = 1e-2},
        .messages = {{1, "Forward time jump detected!", 1, 3}},
    },
    {
        FROM(20000.0, 3000.0),
        .name = "asymmetric",
        .about = "jitter on the way back only: its asymmetry is found and corrected",
        .nodes = {SERVER("server"), CLIENT("server server maxpoll 6\n")},
        .links = {{true, 0, 1, {.delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-3}},
                  {true, 1, 0, {.delay = 1e-4, .kind = SIM_NORMAL, .jitter = 1e-6}}},
        .subject = 1,
        .limits = {.rms_offset = 7e-5},
    },
    {
        COMMON(20000.0),
        .name = "loss",
        .about = "30 % of the packets are lost each way, others doubled or late",
        .links = {{true,
                   ALL_NODES,
                   ALL_NODES,
                   {.delay = 1e-4,
                    .kind = SIM_EXPONENTIAL,
                    .jitter = 1e-4,
                    .loss = 0.3,
                    .duplicate = 0.1,
                    .reorder = 0.1,
                    .reorder_delay = 0.5}}},
        .nodes = {SERVER("server"), CLIENT("server server iburst\n")},
        .subject = 1,
        .limits = {.max_offset = 2e-3, .change = 1e-3},
    },
    {
        COMMON(20000.0),
        .name = "era",
        .about = "the NTP era ends in February 2036",
        .start = 2085978496 - 10000,
        .nodes = {SERVER("server"), CLIENT("server server\n")},
        .subject = 1,
        .limits = {.sync_time = 140.0, .max_offset = 1e-3, .change = 1e-4},
        .messages = {{1, "jump", 0, -1}, {1, "Out of order", 0, -1}},
    },
    {
        COMMON(10000.0),
        .name = "frequency400",
        .about = "a frequency error of 400 ppm",
        .nodes = {SERVER("server"),
                  {.name = "client",
                   .conf = "server server\n",
                   .oscillator = {.offset = -0.1, .frequency = -4e-4, .wander = 1e-9}}},
        .subject = 1,
        .limits = {.sync_time = 250.0, .max_offset = 5e-4, .change = 1e-3},
    },
    {
        COMMON(5000.0),
        .name = "offset-large",
        .about = "an initial offset of 10^8 s, and makestep",
        .nodes = {SERVER("server"), CLIENT_OF(1e8, "server server iburst\nmakestep 1 3\n")},
        .subject = 1,
        .limits = {.sync_time = 140.0, .max_offset = 1e-3},
        .messages = {{1, "System clock was stepped by -100000000.0", 1, 1}},
    },
    {
        COMMON(5000.0),
        .name = "offset-large-slow",
        .about = "a clock 10^8 s slow, and makestep",
        .nodes = {SERVER("server"), CLIENT_OF(-1e8, "server server iburst\nmakestep 1 3\n")},
        .subject = 1,
        .limits = {.sync_time = 140.0, .max_offset = 1e-3},
        .messages = {{1, "System clock was stepped by 99999999.99", 1, 1}},
    },
    {
        COMMON(3000.0),
        .name = "maxchange",
        .about = "changes beyond maxchange are ignored twice and then end the daemon",
        .nodes = {SERVER("server"),
                  CLIENT("server server maxpoll 6\nmaxchange 1 1 2\nmakestep 0.1 -1\n")},
        .actions = {{1000.0, STEP_CLOCK, 0, 0, 5.0}},
        .subject = 1,
        .limits = {.max_offset = 1.0},
        .messages = {{1, "exceeds the allowed maximum of 1.000 seconds (ignored)", 2, 2},
                     {1, "exceeds the allowed maximum of 1.000 seconds (exiting)", 1, 1},
                     {1, "was stepped by 5", 0, -1}},
        .check = check_daemon_ended,
    },
    {
        COMMON(14000.0),
        .name = "power-cut",
        .about = "the power goes while the drift file is written; it is whole afterwards",
        .nodes = {SERVER("server"), CLIENT("server server\ndriftfile /drift\n")},
        .actions = {{9000.0, POWER_CUT, 1, 0, 10.0}, {9100.0, START_DAEMON, 1, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 3e-2, .final_offset = 5e-4},
        .messages = {{1, "ppm read from /drift", 1, 1}, {1, "Could not read valid", 0, -1}},
        .check = check_drift_file,
    },
    {
        COMMON(14000.0),
        .name = "power-cut-later",
        .about = "the power goes between two writings of the drift file, and nothing of the last "
                 "one is written",
        .nodes = {SERVER("server"), CLIENT("server server\ndriftfile /drift interval 200\n")},
        .actions = {{9000.0, POWER_CUT, 1, 0, 0.0}, {9100.0, START_DAEMON, 1, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 3e-2, .final_offset = 5e-4},
        .messages = {{1, "ppm read from /drift", 1, 1}, {1, "Could not read valid", 0, -1}},
        .check = check_drift_file,
    },
    {
        COMMON(10000.0),
        .name = "restart",
        .about = "a restart with -r goes on where the last run ended",
        .nodes = {SERVER("server"), CLIENT("server server\ndriftfile /drift\ndumpdir /dump\n")},
        .actions = {{5000.0, STOP_DAEMON, 1, 0, 0.0}, {5010.0, START_RELOAD, 1, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 5e-4, .change = 1e-4},
        .messages = {{1, "Loaded dump file for 192.168.123.1", 1, 1}},
    },
    {
        COMMON(10000.0),
        .name = "loop",
        .about = "two servers that have only each other",
        .nodes = {{.name = "a", .conf = "server b\nallow\n"},
                  {.name = "b", .conf = "server a\nallow\n"}},
        .subject = 1,
        .check = check_unsynchronised,
    },
    {
        COMMON(20000.0),
        .name = "loop-later",
        .about = "a server loses its own and must not follow one that follows it",
        .nodes = {SERVER("server"),
                  {.name = "a",
                   .conf = "server server\nserver b\nallow\n",
                   .oscillator = {.frequency = 1e-5, .wander = 1e-9}},
                  {.name = "b", .conf = "server a\nallow\n", .oscillator = {.frequency = -1e-5}}},
        .actions = {{5000.0, STOP_DAEMON, 0, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 2e-2},
        .messages = {{1, "Selected source 192.168.123.3", 0, -1}},
    },
    {
        FROM(20000.0, 2000.0),
        .name = "chain",
        .about = "a client behind servers of stratum 1, 2 and 3",
        .nodes = {SERVER("one"),
                  {.name = "two",
                   .conf = "server one\nallow\n",
                   .oscillator = {.offset = -0.05, .frequency = 2e-5, .wander = 1e-9}},
                  {.name = "three",
                   .conf = "server two\nallow\n",
                   .oscillator = {.offset = 0.02, .frequency = -5e-5, .wander = 1e-9}},
                  CLIENT("server three\n")},
        .subject = 3,
        .limits = {.max_offset = 2e-3, .rms_offset = 5e-4, .change = 1e-4},
    },
    {
        COMMON(20000.0),
        .name = "virtual",
        .about = "a server that must not touch its clock (-x) serves true time all the same",
        .nodes = {SERVER("server"),
                  {.name = "relay",
                   .conf = "server server\nallow\n",
                   .no_control = true,
                   .oscillator = {.offset = 0.3, .frequency = 5e-5, .wander = 1e-9}},
                  CLIENT("server relay\n")},
        .subject = 2,
        .limits = {.sync_time = 600.0, .max_offset = 2e-3},
        .messages = {{1, "Disabled control of system clock", 1, 1}, {1, "stepped", 0, -1}},
    },
    {
        FROM(20000.0, 2000.0),
        .name = "orphan",
        .about = "three servers without a reference agree on one of them, and stay together",
        .nodes = {{.name = "a", .conf = "server b\nserver c\nallow\nlocal stratum 10 orphan\n"},
                  {.name = "b",
                   .conf = "server a\nserver c\nallow\nlocal stratum 10 orphan\n",
                   .oscillator = {.offset = 0.01, .frequency = 1e-5, .wander = 1e-9}},
                  {.name = "c",
                   .conf = "server a\nserver b\nallow\nlocal stratum 10 orphan\n",
                   .oscillator = {.offset = -0.01, .frequency = -1e-5, .wander = 1e-9}}},
        .subject = 1,
        .limits = {.final_offset = 1e-3, .max_offset = 2e-3},
        .messages = {{0, "Selected source", 0, -1},
                     {1, "Selected source 192.168.123.1", 1, 0},
                     {2, "Selected source 192.168.123.1", 1, 0}},
    },
    {
        COMMON(20000.0),
        .name = "peers",
        .about = "two peers, of which one has a server",
        .nodes = {SERVER("server"),
                  {.name = "a",
                   .conf = "server server\npeer b\nallow\n",
                   .oscillator = {.offset = 0.01, .frequency = 1e-5, .wander = 1e-9}},
                  {.name = "b",
                   .conf = "peer a\nallow\n",
                   .oscillator = {.offset = -0.01, .frequency = -1e-5, .wander = 1e-9}}},
        .subject = 2,
        .limits = {.sync_time = 400.0, .max_offset = 2e-3, .change = 1e-3},
        .messages = {{1, "Selected source 192.168.123.3", 0, -1},
                     {2, "Selected source 192.168.123.2", 1, 0}},
    },
    {
        FROM(20000.0, 1000.0),
        .name = "peers-interleaved",
        .about = "the same in the interleaved mode, and one packet of ten is lost",
        .nodes = {SERVER("server"),
                  {.name = "a",
                   .conf = "server server\npeer b xleave\nallow\n",
                   .oscillator = {.offset = 0.01, .frequency = 1e-5, .wander = 1e-9}},
                  {.name = "b",
                   .conf = "peer a xleave maxpoll 6\nallow\nlogdir /log\nlog measurements\n",
                   .oscillator = {.offset = -0.01, .frequency = -1e-5, .wander = 1e-9}}},
        .links =
            {{true, 1, 2, {.delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-4, .loss = 0.1}}},
        .subject = 2,
        .limits = {.sync_time = 600.0, .max_offset = 2e-3, .change = 1e-3},
        .messages = {{2, "Selected source 192.168.123.2", 1, 0}},
        .check = peers_are_interleaved,
    },
    {
        CHAIN(8000.0),
        .name = "peers-mono-root",
        .about = "a chain of peers follows a correction of the server by its monotonic timestamps",
        .nodes = PEERS("minpoll 5 maxpoll 5", "minpoll 6 maxpoll 6"),
        .limits = {.sync_time = 2250.0},
    },
    {
        CHAIN(8000.0),
        .name = "peers-mono-root-xleave",
        .about = "the same in the interleaved mode",
        .nodes = PEERS("minpoll 5 maxpoll 5 xleave", "minpoll 6 maxpoll 6 xleave"),
        .limits = {.sync_time = 2250.0},
    },
    {
        CHAIN(8000.0),
        .name = "peers-mono-root-poll5",
        .about = "the same with equal polls",
        .nodes = PEERS("minpoll 5 maxpoll 5", "minpoll 5 maxpoll 5"),
        .limits = {.sync_time = 2250.0},
    },
    {
        CHAIN(8000.0),
        .name = "peers-mono-root-poll7",
        .about = "the same with longer polls",
        .nodes = PEERS("minpoll 7 maxpoll 7", "minpoll 7 maxpoll 7"),
        .limits = {.sync_time = 2500.0},
    },
    {
        CHAIN(8000.0),
        .name = "peers-mono-root-poll7-xleave",
        .about = "the same with longer polls in the interleaved mode",
        .nodes = PEERS("minpoll 7 maxpoll 7 xleave", "minpoll 6 maxpoll 6 xleave"),
        .limits = {.sync_time = 2500.0},
    },
    {
        CHAIN(8000.0),
        .name = "peers-mono-root-server",
        .about = "the same with a client of the server at the head of the chain",
        .nodes = PEERS_BEHIND_SERVER("minpoll 5 maxpoll 5", "minpoll 6 maxpoll 6"),
        .limits = {.sync_time = 2250.0},
    },
    {
        COMMON(20000.0),
        .name = "initstepslew",
        .about = "the clock is stepped before the start",
        .nodes = {SERVER("server"),
                  CLIENT_OF(1000.0, "initstepslew 1 192.168.123.1\nserver server iburst\n")},
        .subject = 1,
        .limits = {.sync_time = 100.0, .max_offset = 5e-4},
        .messages = {{1, "System's initial offset : 1000.0", 1, 1},
                     {1, "Can't synchronise", 0, -1}},
    },
    {
        COMMON(1000.0),
        .name = "initstepslew-unreachable",
        .about = "the same, but then no source answers: that is said after 8 polls, and once",
        .nodes = {SERVER("server"),
                  CLIENT_OF(1000.0, "initstepslew 1 192.168.123.1\n"
                                    "server gone minpoll 4 maxpoll 4\n"),
                  {.name = "gone", .conf = "allow\n", .not_started = true}},
        .subject = 1,
        .messages = {{1, "System's initial offset : 1000.0", 1, 1},
                     {1, "Can't synchronise", 1, 1},
                     {1, "Can't synchronise: no selectable sources (1 unreachable sources)", 1, 1}},
        .check = message_after_eight_polls,
    },
    {
        COMMON(40000.0),
        .name = "pool",
        .about = "servers of a pool that are wrong, or gone, are replaced by others",
        .nodes = {FALSETICKER("server1", 0.1), SERVER("server2"), SERVER("server3"),
                  SERVER("server4"), SERVER("server5"), SERVER("server6"), SERVER("server7"),
                  SERVER("server8"), CLIENT("pool pool iburst maxsources 4 maxpoll 7\n")},
        .pools = {{"pool", 0, 8}},
        .actions = {{5000.0, STOP_DAEMON, 1, 0, 0.0}, {6000.0, STOP_DAEMON, 2, 0, 0.0}},
        .subject = 8,
        .limits = {.sync_time = 100.0, .max_offset = 5e-4, .change = 1e-4},
        .messages = {{8, "Source 192.168.123.1 replaced with ", 0, 0},
                     {8, " replaced with 192.168.123.", 1, 0}},
    },
    {
        COMMON(10000.0),
        .name = "satellite",
        .about = "a quarter of a second each way, much jitter and loss",
        .nodes = {SERVER("server"), CLIENT("server server iburst\n")},
        .links = {{true,
                   ALL_NODES,
                   ALL_NODES,
                   {.delay = 0.25, .kind = SIM_NORMAL, .jitter = 0.02, .loss = 0.1}}},
        .subject = 1,
        .limits = {.max_offset = 5e-2, .change = 1e-2},
    },
    {
        FROM(5000.0, 1000.0),
        .name = "interleaved",
        .about = "interleaved mode, sample filter and delay quantile at a high rate",
        .nodes = {SERVER("server"),
                  CLIENT("server server xleave minpoll -2 maxpoll 0 filter 5 maxdelayquant 0.3\n")},
        .subject = 1,
        .limits = {.sync_time = 600.0, .rms_offset = 4e-5, .change = 1e-4},
    },
    {
        COMMON(40000.0),
        .name = "fallback-drift",
        .about = "a lost server, and the average drift of the hours before",
        .nodes = {SERVER("server"), CLIENT("server server maxpoll 6\nfallbackdrift 8 12\n")},
        .actions = {{25000.0, STOP_DAEMON, 0, 0, 0.0}},
        .subject = 1,
        .limits = {.max_offset = 2e-2},
        .messages = {{1, "Selected source", 1, 1}},
    },
};

const struct scenario *scenario_faults(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios with clock devices: each driver of reference clocks, the options that change what comes
 * out of them, devices that vanish, jump and come back, and the tracking of the real-time clock.
 */
#include "test/sim/scenario.h"

#include <stdio.h>
#include <string.h>

#define HOST(start, lines, ...)                                                                    \
    {                                                                                              \
        .name = "host", .oscillator = {.offset = (start), .frequency = 1e-4, .wander = 1e-9},      \
        .conf = (lines), .devices = {                                                              \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define DEVICE(...)                                                                                \
    {                                                                                              \
        .present = true, __VA_ARGS__                                                               \
    }
#define SERVER(server)                                                                             \
    {                                                                                              \
        .name = (server), .conf = "local stratum 1\nallow\n"                                       \
    }
#define LAN                                                                                        \
    {                                                                                              \
        .delay = 1e-4, .kind = SIM_EXPONENTIAL, .jitter = 1e-5                                     \
    }
#define COMMON(seconds)                                                                            \
    .duration = (seconds), .from = 0.5 * (seconds), .sync_offset = 1e-3, .sync_frequency = 5e-4

#define NMEA_AND_PPS                                                                               \
    "refclock SHM 0 refid NMEA delay 0.2 noselect\n"                                               \
    "refclock PPS /dev/pps0 refid PPS lock NMEA poll 3\nmakestep 1 3\n"

/* The RTC was set, and what it gains is in the file. */
static bool check_rtc_file(struct sim *sim)
{
    char line[128] = "";
    FILE *file;
    long ref;
    int valid;
    double offset, rate;

    sim_node_stop(sim, 0);
    file = sim_files_read(sim_node_files(sim, 0), "/rtc");
    if (file != NULL) {
        if (fgets(line, sizeof(line), file) == NULL)
            line[0] = '\0';
        fclose(file);
    }
    if (sscanf(line, "%d %ld %lf %lf", &valid, &ref, &offset, &rate) == 4 && valid == 1 &&
        offset > -1.0 && offset < 1.0 && rate > 29.0 && rate < 31.0)
        return true;
    printf("the RTC's file says \"%s\"\n", line);
    return false;
}

static const struct scenario scenarios[] = {
    {
        .name = "shm",
        .about = "a receiver in shared memory",
        .figures = true,
        .duration = 20000.0,
        .from = 400.0,
        .sync_offset = 1e-3,
        .sync_frequency = 5e-4,
        .nodes = {HOST(0.1, "refclock SHM 0 poll 2\n", [SIM_SHM] = DEVICE(.jitter = 1e-6))},
        .limits = {.rms_offset = 3.4e-7},
    },
    {
        COMMON(2000.0),
        .name = "pps",
        .about = "pulses locked to a receiver that is 50 ms off: the second is never wrong",
        .seeds = 100,
        .nodes = {HOST(2.7, NMEA_AND_PPS, [SIM_SHM] = DEVICE(.offset = 0.05, .jitter = 1e-3),
                       [SIM_PPS] = DEVICE(.jitter = 1e-7))},
        .limits = {.max_offset = 1e-5, .rms_offset = 1e-6},
    },
    {
        COMMON(2000.0),
        .name = "pps-late",
        .about = "pulses that are complete with the time of a server, and 1 ms late",
        .link = LAN,
        .nodes = {HOST(0.1,
                       "server server iburst minpoll 2 maxpoll 2 noselect\nlocal stratum 3\n"
                       "refclock PPS /dev/pps0 poll 3 offset 1e-3\n",
                       [SIM_PPS] = DEVICE(.offset = 1e-3, .jitter = 1e-7)),
                  SERVER("server")},
        .limits = {.max_offset = 0.11, .final_offset = 0.11},
        .messages = {{0, "Selected source PPS1", 0, -1}, {0, "Selected source PPS0", 1, 0}},
    },
    {
        COMMON(2000.0),
        .name = "sock",
        .about = "a receiver at a socket",
        .nodes = {HOST(0.1, "refclock SOCK /gps poll 2\n", [SIM_SOCK] = DEVICE(.jitter = 1e-6))},
        .limits = {.max_offset = 5e-6, .rms_offset = 1e-6},
    },
    {
        COMMON(2000.0),
        .name = "sock-filter",
        .about = "few samples of a bad receiver in each poll",
        .nodes = {HOST(0.1, "refclock SOCK /gps poll 4 filter 4 maxdispersion 1e-3 offset -0.5\n",
                       [SIM_SOCK] = DEVICE(.jitter = 1e-4, .offset = 0.5))},
        .limits = {.max_offset = 5e-4, .rms_offset = 1e-4},
    },
    {
        COMMON(2000.0),
        .name = "phc",
        .about = "a PTP clock that keeps TAI",
        .nodes = {HOST(0.1, "refclock PHC /dev/ptp0 poll 0 dpoll -2 offset -34\n",
                       [SIM_PHC] = DEVICE(.offset = 34.0, .delay = 1e-6, .jitter = 1e-7))},
        .limits = {.max_offset = 1e-6, .rms_offset = 3e-7},
    },
    {
        COMMON(2000.0),
        .name = "rtc-refclock",
        .about = "a real-time clock as the only source",
        .nodes = {HOST(0.1,
                       "refclock RTC /dev/rtc:utc poll 3\n", [SIM_RTC] = DEVICE(.offset = 0.25))},
        .limits = {.max_offset = 0.2501, .rms_offset = 0.2501},
        .messages = {{0, "Selected source RTC0", 1, 1}},
        .sync_check = 1.0,
    },
    {
        COMMON(4000.0),
        .name = "receiver-gone",
        .about = "a receiver vanishes for ten minutes",
        .nodes = {HOST(0.1, "refclock SHM 0 poll 2\n", [SIM_SHM] = DEVICE(.jitter = 1e-6))},
        .actions = {{1000.0, STOP_DEVICE, 0, SIM_SHM, 0.0},
                    {1600.0, START_DEVICE, 0, SIM_SHM, 0.0}},
        .limits = {.max_offset = 5e-6, .rms_offset = 1e-6},
        .messages = {{0, "Selected source SHM0", 2, 2},
                     {0, "Can't synchronise: no selectable sources (1 unreachable sources)", 1, 1}},
    },
    {
        COMMON(4000.0),
        .name = "pps-gone",
        .about = "the pulses stop and come back; the receiver alone is no source",
        .nodes = {HOST(0.1, NMEA_AND_PPS, [SIM_SHM] = DEVICE(.offset = 0.05, .jitter = 1e-3),
                       [SIM_PPS] = DEVICE(.jitter = 1e-7))},
        .actions = {{1000.0, STOP_DEVICE, 0, SIM_PPS, 0.0},
                    {1300.0, START_DEVICE, 0, SIM_PPS, 0.0}},
        .limits = {.max_offset = 1e-5},
        .messages = {{0, "time_pps_fetch() failed : No such device", 1, 1},
                     {0, "Selected source PPS", 2, 2},
                     {0, "Selected source NMEA", 0, -1}},
    },
    {
        COMMON(4000.0),
        .name = "phc-jump",
        .about = "a PTP clock jumps by ten seconds beside three servers",
        .link = LAN,
        .nodes = {HOST(0.1,
                       "server server1\nserver server2\nserver server3\n"
                       "refclock PHC /dev/ptp0 poll 2 delay 1e-3\n",
                       [SIM_PHC] = DEVICE(.delay = 1e-6, .jitter = 1e-7)),
                  SERVER("server1"), SERVER("server2"), SERVER("server3")},
        .actions = {{1500.0, MOVE_DEVICE, 0, SIM_PHC, 10.0}},
        .limits = {.max_offset = 1e-3},
        .messages = {{0, "Detected falseticker PHC0", 1, 0}, {0, "no majority", 0, -1}},
    },
    {
        COMMON(6000.0),
        .name = "rtc-track",
        .about = "the real-time clock is measured and set",
        .link = LAN,
        .nodes = {HOST(0.1,
                       "server server iburst\nrtcfile /rtc\nrtcdevice /dev/rtc\nrtconutc\n"
                       "rtcautotrim 5\n",
                       [SIM_RTC] = DEVICE(.offset = 7.5, .rate = 3e-5)),
                  SERVER("server")},
        .limits = {.max_offset = 1e-3},
        .messages = {{0, "RTC wrong by 7.5", 1, 1}, {0, "RTC wrong by", 1, 1}},
        .check = check_rtc_file,
    },
    {
        COMMON(4000.0),
        .name = "rtc-stops",
        .about = "the real-time clock stops: it is said once, and the system clock goes on",
        .link = LAN,
        .nodes = {HOST(0.1, "server server iburst\nrtcfile /rtc\nrtcdevice /dev/rtc\nrtconutc\n",
                       [SIM_RTC] = DEVICE(.offset = 7.5, .rate = 3e-5)),
                  SERVER("server")},
        .actions = {{1000.0, STOP_DEVICE, 0, SIM_RTC, 0.0}},
        .limits = {.max_offset = 1e-3},
        .messages = {{0, "No interrupts from /dev/rtc", 1, 1}},
    },
};

const struct scenario *scenario_refclock(size_t *count)
{
    *count = sizeof(scenarios) / sizeof(scenarios[0]);
    return scenarios;
}

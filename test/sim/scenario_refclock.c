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

#define UNREACHABLE "Can't synchronise: no selectable sources (1 unreachable sources)"
#define BREAK(time, kind, fault)                                                                   \
    {                                                                                              \
        (time), BREAK_DEVICE, 0, (kind), (fault)                                                   \
    }
#define SERVERS "server server1 iburst\nserver server2 iburst\nserver server3 iburst\n"

/* The RTC was set, and what it gains is in the file. */
static bool check_rtc_file(struct sim *sim)
{
    char line[128] = "";
    long ref;
    int valid;
    double offset, rate;

    sim_node_stop(sim, 0);
    FILE *file = sim_files_read(sim_node_files(sim, 0), "/rtc");
    if (file) {
        if (!fgets(line, sizeof(line), file))
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
        /* The weights of samples depend on the precision of the clock. That of the figure is 101
           ns, as in system.md 20; with the simulator's 10 ns it would be 3.6e-7, also for another
           chronyd (sim --against). */
        .nodes = {HOST(
            0.1,
            "refclock SHM 0 poll 2\nclockprecision 1.01e-7\n", [SIM_SHM] = DEVICE(.jitter = 1e-6))},
        .limits = {.rms_offset = 3.4e-7},
        .best = 2.11e-7, /* of a Kalman filter with known noise */
    },
    {
        COMMON(2000.0),
        .name = "pps",
        .compared = true,
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
        .name = "phc-4s",
        .compared = true,
        .about = "the same with sixteen readings in each sample",
        .nodes = {HOST(0.1, "refclock PHC /dev/ptp0 poll 2 dpoll -2 offset -34\n",
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
        .messages = {{0, "Selected source SHM0", 2, 2}, {0, UNREACHABLE, 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "sock-faults",
        .about = "datagrams of each wrong kind: said once, unreachable, and good again afterwards",
        .nodes = {HOST(0.1, "refclock SOCK /gps poll 2\n", [SIM_SOCK] = DEVICE(.jitter = 1e-6))},
        .actions = {BREAK(400.0, SIM_SOCK, SIM_BAD_MAGIC), BREAK(500.0, SIM_SOCK, SIM_NO_FAULT),
                    BREAK(600.0, SIM_SOCK, SIM_BAD_SIZE), BREAK(700.0, SIM_SOCK, SIM_NO_FAULT),
                    BREAK(800.0, SIM_SOCK, SIM_NAN), BREAK(900.0, SIM_SOCK, SIM_NO_FAULT),
                    BREAK(1000.0, SIM_SOCK, SIM_HUGE), BREAK(1100.0, SIM_SOCK, SIM_NO_FAULT),
                    BREAK(1200.0, SIM_SOCK, SIM_NO_FIX), BREAK(1300.0, SIM_SOCK, SIM_NO_FAULT)},
        .limits = {.max_offset = 1e-5, .rms_offset = 1e-6},
        .messages = {{0, "Refclock SOC0 ignores samples : magic number", 1, 1},
                     {0, "Refclock SOC0 ignores samples : message of 36 bytes", 1, 1},
                     {0, "Refclock SOC0 ignores samples : impossible time or offset", 2, 2},
                     {0, "Refclock SOC0 ignores samples", 4, 4},
                     {0, UNREACHABLE, 5, 5},
                     {0, "Selected source SOC0", 6, 6}},
    },
    {
        COMMON(2000.0),
        .name = "shm-faults",
        .about = "shared memory of each wrong kind: unreachable, and good again afterwards",
        .nodes = {HOST(0.1, "refclock SHM 0 poll 2\n", [SIM_SHM] = DEVICE(.jitter = 1e-6))},
        .actions = {BREAK(400.0, SIM_SHM, SIM_BAD_MODE), BREAK(500.0, SIM_SHM, SIM_NO_FAULT),
                    BREAK(600.0, SIM_SHM, SIM_TORN), BREAK(700.0, SIM_SHM, SIM_NO_FAULT),
                    BREAK(800.0, SIM_SHM, SIM_HUGE), BREAK(900.0, SIM_SHM, SIM_NO_FAULT),
                    BREAK(1000.0, SIM_SHM, SIM_NO_FIX), BREAK(1100.0, SIM_SHM, SIM_NO_FAULT)},
        .limits = {.max_offset = 1e-5, .rms_offset = 1e-6},
        .messages = {{0, "Refclock SHM0 ignores samples : unknown mode 7", 1, 1},
                     {0, "Refclock SHM0 ignores samples : impossible time", 1, 1},
                     {0, "Refclock SHM0 ignores samples", 2, 2},
                     {0, UNREACHABLE, 4, 4},
                     {0, "Selected source SHM0", 5, 5}},
    },
    {
        COMMON(2000.0),
        .name = "receiver-of-pps-gone",
        .about = "the receiver that completes the pulses vanishes: without it they are of no use",
        .nodes = {HOST(0.1, NMEA_AND_PPS, [SIM_SHM] = DEVICE(.offset = 0.05, .jitter = 1e-3),
                       [SIM_PPS] = DEVICE(.jitter = 1e-7))},
        .actions = {{600.0, STOP_DEVICE, 0, SIM_SHM, 0.0}, {900.0, START_DEVICE, 0, SIM_SHM, 0.0}},
        .limits = {.max_offset = 1e-5},
        .messages = {{0, "Can't synchronise: no selectable sources", 1, 1},
                     {0, "Selected source PPS", 2, 2},
                     {0, "Selected source NMEA", 0, -1}},
    },
    {
        COMMON(2000.0),
        .name = "pps-maxlockage",
        .compared = true,
        .about =
            "a receiver that is asked each 16 s completes pulses with maxlockage, and its width",
        .nodes = {HOST(0.1,
                       "refclock SHM 0 refid NMEA delay 0.2 noselect poll 4 dpoll 4\n"
                       "refclock PPS /dev/pps0 refid PPS lock NMEA poll 3 maxlockage 18 width 0.2\n"
                       "makestep 1 3\n",
                       [SIM_SHM] = DEVICE(.offset = 0.05, .jitter = 1e-3),
                       [SIM_PPS] = DEVICE(.jitter = 1e-7))},
        .limits = {.max_offset = 1e-5, .rms_offset = 1e-6},
        .messages = {{0, "maxlockage too small", 0, -1}, {0, "Selected source PPS", 1, 1}},
    },
    {
        COMMON(1000.0),
        .name = "pps-of-nmea",
        .about =
            "pulses locked to sentences that come 50 ms early or late are right within minutes",
        .seeds = 20,
        .nodes = {HOST(2.7,
                       "estimator kalman\n"
                       "refclock SHM 0 refid NMEA delay 0.5 noselect\n"
                       "refclock PPS /dev/pps0 refid PPS lock NMEA poll 3\nmakestep 1 3\n",
                       [SIM_SHM] = DEVICE(.jitter = 0.05), [SIM_PPS] = DEVICE(.jitter = 1e-7))},
        .limits = {.max_offset = 5e-7, .rms_offset = 2e-7, .max_frequency = 1e-7},
    },
    {
        COMMON(20000.0),
        .name = "receiver-claims",
        .about = "what is claimed of the error of a receiver's time",
        .seeds = 5,
        .nodes = {HOST(0.1, "estimator kalman\nrefclock SHM 0 poll 4 dpoll 0\n",
                       [SIM_SHM] = DEVICE(.jitter = 1e-6))},
        .limits = {.rms_offset = 5e-7, .calibration = 1.5, .exceeded = 0.001},
    },
    {
        COMMON(10000.0),
        .name = "receiver-short-memory",
        .about = "smoothed time of a server whose receiver counts for four samples only",
        .link = LAN,
        .seeds = 5,
        .nodes = {{.name = "host",
                   .oscillator = {.frequency = 1e-4, .wander = 1e-9},
                   .conf = "estimator kalman\nserver server1 minpoll 6 maxpoll 6\n"},
                  {.name = "server1",
                   .oscillator = {.offset = 0.01, .frequency = 1e-4, .wander = 1e-9},
                   .conf = "estimator kalman\nsmoothtime 400 0.01\nallow\n"
                           "refclock SHM 0 poll 4 minsamples 4 maxsamples 4\n",
                   .devices = {[SIM_SHM] = DEVICE(.jitter = 1e-6)}}},
        .limits = {.rms_offset = 5e-6, .rms_frequency = 1e-7},
    },
    {
        COMMON(2000.0),
        .name = "pps-wrong-edge",
        .about = "the ends of pulses are not taken for their beginnings",
        .nodes = {HOST(0.1,
                       "refclock SHM 0 refid NMEA delay 0.2\n"
                       "refclock PPS /dev/pps0 refid PPS lock NMEA poll 3 prefer width 0.2\n",
                       [SIM_SHM] = DEVICE(.offset = 0.01, .jitter = 1e-4),
                       [SIM_PPS] = DEVICE(.offset = 0.2, .jitter = 1e-7))},
        .limits = {.max_offset = 0.011},
        .messages = {{0, "Selected source PPS", 0, -1}, {0, "Selected source NMEA", 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "pps-rate",
        .compared = true,
        .about = "five pulses in a second",
        .nodes = {HOST(0.1,
                       "refclock SHM 0 refid NMEA delay 0.02 noselect\nmakestep 1 3\n"
                       "refclock PPS /dev/pps0 refid PPS lock NMEA poll 2 dpoll -3 rate 5 "
                       "maxlockage 10\n",
                       [SIM_SHM] = DEVICE(.offset = 0.05, .jitter = 1e-3),
                       [SIM_PPS] = DEVICE(.jitter = 1e-7, .pulses = 5))},
        .limits = {.max_offset = 1e-5, .rms_offset = 1e-6},
        .messages = {{0, "maxlockage too small", 0, -1}, {0, "Selected source PPS", 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "pps-local",
        .about = "an oscillator that steadies a clock which wanders, beside a server",
        .link = LAN,
        .nodes = {{.name = "host",
                   .oscillator = {.offset = 0.1, .frequency = 1e-4, .wander = 1e-7},
                   .conf = "server server iburst minpoll 6 maxpoll 6\n"
                           "refclock PPS /dev/pps0 local poll 2\n",
                   .devices = {[SIM_PPS] = DEVICE(.jitter = 1e-8, .offset = 0.25)}},
                  SERVER("server")},
        .limits = {.max_offset = 3e-5, .rms_offset = 1e-5},
        .messages = {{0, "Selected source PPS", 0, -1}, {0, "Selected source 192", 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "phc-tai",
        .about = "a PTP clock that keeps TAI, and the list of leap seconds",
        .nodes = {HOST(0.1, "leapseclist /list\nrefclock PHC /dev/ptp0 poll 0 dpoll -2 tai\n",
                       [SIM_PHC] = DEVICE(.offset = 34.0, .delay = 1e-6, .jitter = 1e-7))},
        .files = {{0, "/list",
                   "#$ 3676924800\n#@ 4000000000\n2272060800 10\n3439756800 34\n3550089600 35\n"}},
        .limits = {.max_offset = 1e-6, .rms_offset = 3e-7},
        .messages = {{0, "Using leap second list /list", 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "phc-pps",
        .about = "a PTP clock of which only the fraction of a second is used",
        .link = LAN,
        .nodes = {HOST(0.1,
                       "server server iburst minpoll 2 maxpoll 2\n"
                       "refclock PHC /dev/ptp0 poll 2 dpoll -1 pps prefer\n",
                       [SIM_PHC] = DEVICE(.offset = 37.0, .delay = 1e-6, .jitter = 1e-7)),
                  SERVER("server")},
        .limits = {.max_offset = 1e-6, .rms_offset = 3e-7},
        .messages = {{0, "Selected source PHC0", 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "phc-extpps",
        .about = "a PTP clock with any time timestamps pulses",
        .link = LAN,
        .nodes = {HOST(0.1,
                       "server server iburst minpoll 2 maxpoll 2\n"
                       "refclock PHC /dev/ptp0:extpps:pin=1 poll 2 prefer\n",
                       [SIM_PHC] =
                           DEVICE(.offset = 1234.567, .rate = 2e-5, .delay = 1e-6, .jitter = 1e-7)),
                  SERVER("server")},
        .actions = {{1000.0, MOVE_DEVICE, 0, SIM_PHC, 0.123}},
        .limits = {.max_offset = 3e-6, .rms_offset = 5e-7},
        .messages = {{0, "Selected source PHC0", 1, 1}},
    },
    {
        COMMON(2000.0),
        .name = "rtc-wrong-year",
        .about = "a real-time clock with the wrong year beside three servers",
        .link = LAN,
        .nodes = {HOST(0.1, SERVERS "refclock RTC /dev/rtc:utc poll 3\n",
                       [SIM_RTC] = DEVICE(.offset = -366.0 * 86400.0)),
                  SERVER("server1"), SERVER("server2"), SERVER("server3")},
        .limits = {.max_offset = 1e-3},
        .messages = {{0, "Detected falseticker RTC0", 1, 0}, {0, "Selected source RTC0", 0, -1}},
    },
    {
        COMMON(2000.0),
        .name = "rtc-refclock-stops",
        .about = "a real-time clock that is the only source stops",
        .nodes = {HOST(0.1,
                       "refclock RTC /dev/rtc:utc poll 3\n", [SIM_RTC] = DEVICE(.offset = 0.25))},
        .actions = {{1000.0, STOP_DEVICE, 0, SIM_RTC, 0.0}},
        .limits = {.max_offset = 0.2501},
        .messages = {{0, "Selected source RTC0", 1, 1}, {0, UNREACHABLE, 1, 1}},
        .sync_check = 1.0,
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
        .nodes = {HOST(0.1, SERVERS "refclock PHC /dev/ptp0 poll 2 delay 1e-3\n",
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

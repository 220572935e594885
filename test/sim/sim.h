/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of daemons in virtual time: nodes with clocks and files of their own, links between
 * them, and one timeline. Everything follows from the description and one seed. Scenarios and the
 * runner call it; nothing here reads the real time or touches the real system.
 *
 * True time is counted in seconds since the start. Nodes are numbered from 0 in order of creation;
 * node N has the address 192.168.123.(N+1) and is found under its name.
 */
#ifndef TEST_SIM_SIM_H
#define TEST_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/timex.h>
#include "base/addr.h"
#include "base/log.h"
#include "test/sim/action.h"
#include "test/sim/clock.h"
#include "test/sim/devices.h"
#include "test/sim/files.h"
#include "test/sim/link.h"
#include "test/sim/nic.h"
#include "test/sim/sensor.h"
#include "test/sim/tally.h"

#define SIM_MAX_NODES 64
/* Of the clock of a node, in seconds, if its lines do not say otherwise. */
#define SIM_PRECISION 1e-8

struct sim;

struct sim_node_spec {
    const char *name;
    struct sim_oscillator oscillator;
    const char *conf; /* lines of configuration, each with a newline */
    struct sim_device devices[SIM_DEVICES];
    struct sim_nic nic;
    struct sim_sensor sensor;
    bool no_control; /* -x */
    bool not_started;
};

struct sim *sim_new(uint64_t seed, int64_t start);
void sim_free(struct sim *sim);

/* Lines for all nodes, each with a newline, before those of their own. The string is kept; daemons
   that start later read it. */
void sim_set_conf(struct sim *sim, const char *lines);

int sim_add_node(struct sim *sim, const struct sim_node_spec *spec);
/* From one node to another, or the pattern of all links that are not set yet. */
struct sim_link *sim_link(struct sim *sim, int from, int to);
void sim_set_links(struct sim *sim, const struct sim_link *link);
/* A name that the resolver knows beside those of the nodes; the string is kept. */
void sim_set_name(struct sim *sim, const char *name, const struct ip_addr *addrs, int count);
struct ip_addr sim_address(int node);

/* Calls a function at a time. */
void sim_at(struct sim *sim, double time, void (*function)(struct sim *sim, void *arg), void *arg);
/* Runs up to a time. */
void sim_run(struct sim *sim, double until);
double sim_time(const struct sim *sim);

/* For all nodes; without it nothing is out of step and statistics begin at once. */
void sim_record(struct sim *sim, const struct sim_bounds *bounds);
void sim_get_result(const struct sim *sim, int node, struct sim_result *result);

/* What a daemon says of its errors, and what they are; while it is synchronised, from the same
   second on as other statistics. The error is that of the time that it serves. */
struct sim_honesty {
    uint64_t updates;
    double square_ratio; /* sum over updates: the error over the offset's standard deviation */
    uint64_t seconds;
    uint64_t exceeded; /* in how many of them half the root delay and the root dispersion were */
};

void sim_measure_honesty(struct sim *sim, int node);
void sim_get_honesty(const struct sim *sim, int node, struct sim_honesty *honesty);
/* The mean of the squared error over the variance; NAN: no update. */
double sim_calibration(const struct sim_honesty *honesty);
/* NAN: it was not synchronised. */
double sim_part_exceeded(const struct sim_honesty *honesty);

/* What programs of a node's machine are told by its time page (examples/clock_now.h), several times
   a second at random, and at what wakes the daemon. */
struct sim_page_readings {
    uint64_t count;
    uint64_t synchronised, unsynchronised, stale;
    uint64_t honest; /* of the synchronised ones: the error is within the root distance */
    uint64_t wrong;  /* of those: true time is not in the interval */
    uint64_t untrue; /* of the synchronised ones: true time is not in the interval */
    /* Of the honest ones: the interval is wider than the root distance by more than 2 us. */
    uint64_t wide;
};

/* Before the node's daemon starts. */
void sim_read_time_page(struct sim *sim, int node);
void sim_get_page_readings(const struct sim *sim, int node, struct sim_page_readings *readings);

/* Keeps the offset of each second of a node. */
void sim_keep_offsets(struct sim *sim, int node);
const float *sim_offsets(const struct sim *sim, int node, size_t *count);
double sim_offset(struct sim *sim, int node);

/* Events in the life of a node. */
void sim_node_step(struct sim *sim, int node, double seconds);
/* A command of chronyc, with its argument. */
void sim_node_order(struct sim *sim, int node, enum sim_order kind, double value);
void sim_node_suspend(struct sim *sim, int node);
void sim_node_resume(struct sim *sim, int node);
void sim_node_start(struct sim *sim, int node, bool reload_dumps);
void sim_node_stop(struct sim *sim, int node);
/* A device vanishes or comes back, what it shows makes a jump, or it begins or ends to do wrong. */
void sim_node_switch_device(struct sim *sim, int node, enum sim_device_kind kind, bool on);
void sim_node_move_device(struct sim *sim, int node, enum sim_device_kind kind, double seconds);
void sim_node_break_device(struct sim *sim, int node, enum sim_device_kind kind,
                           enum sim_fault fault);
bool sim_node_is_running(const struct sim *sim, int node);
struct sim_files *sim_node_files(struct sim *sim, int node);
/* True time makes a jump against which nothing moves: UTC inserts (+1) or leaves out (-1) a second
   at a time since 1970, which clocks have to follow. */
void sim_set_leap(struct sim *sim, int64_t utc, int leap);
struct sim_clock *sim_node_clock(struct sim *sim, int node);
struct chronyd *sim_node_daemon(struct sim *sim, int node);

/* Every call of adjtimex by a node's daemon, as it was asked, with its time. */
struct sim_kernel_call {
    double time;
    struct timex call;
};
void sim_keep_kernel_calls(struct sim *sim, int node);
const struct sim_kernel_call *sim_kernel_calls(const struct sim *sim, int node, size_t *count);

/* Number of messages of a node that contain a text. */
int sim_count_messages(const struct sim *sim, int node, const char *text);
/* When the first of them came; negative: never. */
double sim_message_time(const struct sim *sim, int node, const char *text);
/* Messages are printed as they come. */
void sim_print_messages(struct sim *sim, bool on);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces with hardware timestamps (system.md 5.2, 5.6, 5.7; ntp.md 5.4, 27.5): which are set
 * up, what their timestamps mean, and when their clocks are read. The cards and their clock are
 * simulated.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/nic.h"
#include "base/text.h"
#include "clock/nic_clocks.h"
#include "test/unit/support/conf.h"
#include "test/unit/support/devices.h"
#include "test/unit/support/log.h"

#define START     1700000000
#define DELAY     1e-6 /* of a reading */
#define HW_OFFSET 37.0

/* What the cards were asked, and what they are. Interface ethN has the index N + 2. */
struct fake_nics {
    char enabled[8][16];
    enum nic_filter filters[8];
    int count;
    bool tx_only;
    int speed; /* negative: not known */
    int kept;
};

static struct fake_nics nics_of_test;

static char **fake_list(void *ctx)
{
    static const char *const names[] = {"lo", "eth0", "eth1", "eth0", "eth1"};
    char **list = mem_array(6, sizeof(*list));

    for (int i = 0; i < 5; i++)
        list[i] = text_dup(names[i]);
    return list;
}

static bool fake_enable(void *ctx, const char *name, enum nic_filter filter, struct nic *nic)
{
    struct fake_nics *n = &nics_of_test;

    if (strncmp(name, "eth", 3) != 0)
        return false;
    strcpy(n->enabled[n->count], name);
    n->filters[n->count++] = filter;
    *nic = (struct nic){.if_index = name[3] - '0' + 2, .tx_only = n->tx_only};
    return true;
}

static bool fake_speed(void *ctx, const char *name, int *speed)
{
    *speed = nics_of_test.speed;
    return *speed >= 0;
}

static bool fake_keep_sent(void *ctx, int count)
{
    nics_of_test.kept = count;
    return count <= 100;
}

static const struct nic_ops fake_nic_ops = {fake_list, fake_enable, fake_speed, fake_keep_sent};

struct fixture {
    struct clock_world *w;
    struct fake_devices devices;
    struct local_clock *clock;
    struct nic_clocks *nics;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct local_clock_params params = clock_world_params();

    nics_of_test = (struct fake_nics){.speed = 1000};
    f->w = clock_world_new(START);
    fake_devices_install(&f->devices, f->w);
    f->devices.ops.nics = &fake_nic_ops;
    f->devices.phc_offset = HW_OFFSET;
    f->devices.phc_delay = DELAY;
    f->clock = local_clock_new(&f->w->world, f->w->loop, &params);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    nic_clocks_free(f->nics);
    assert_int_equal(f->devices.opened, f->devices.closed);
    local_clock_free(f->clock);
    clock_world_free(f->w);
    free(f);
    return 0;
}

static void start(struct fixture *f, const char *lines)
{
    const struct nic_clocks_env env = {&f->w->world, f->w->loop, f->clock};
    struct conf *conf = test_conf(lines);

    f->nics = nic_clocks_new(&env, &conf->nic_clocks);
    conf_free(conf);
}

/* A packet that eth0 has stamped t seconds after the start, which is now. */
static struct hardware_packet packet(const struct fixture *f, double t)
{
    return (struct hardware_packet){
        .time.i = instant_add(clock_world_raw(f->w, t).i, HW_OFFSET),
        .if_index = 2,
        .family = IP_V4,
        .length = 48,
        .frame_length = -1,
        .known = {clock_world_raw(f->w, t).i},
    };
}

/* Seconds by which its timestamp is later than t. */
static double stamp(struct fixture *f, const struct hardware_packet *p, double t,
                    struct local_timestamp *out)
{
    struct local_timestamp local;

    if (!nic_clocks_timestamp(f->nics, p, &local))
        fail_msg("no timestamp");
    assert_int_equal(local.source, TIMESTAMP_HARDWARE);
    if (out)
        *out = local;
    return instant_diff(local.time.i, clock_world_raw(f->w, t).i);
}

/* Packets until the clock is known, which takes two readings. Returns the time of the last. */
static double follow(struct fixture *f)
{
    struct local_timestamp local;

    for (int t = 1; t < 10; t++) {
        struct hardware_packet p = packet(f, t);

        clock_world_run_until(f->w, t);
        if (nic_clocks_timestamp(f->nics, &p, &local))
            return t;
    }
    fail_msg("the clock is not followed");
    return 0.0;
}

static void named_interfaces_win_over_the_wildcard(void **state)
{
    struct fixture *f = *state;

    start(f, "hwtimestamp * rxfilter ptp\nhwtimestamp * rxfilter none\n"
             "hwtimestamp eth1 rxfilter all\nhwtimestamp eth1 rxfilter ntp\n");
    assert_int_equal(nics_of_test.count, 2);
    assert_string_equal(nics_of_test.enabled[0], "eth1");
    assert_int_equal(nics_of_test.filters[0], NIC_FILTER_ALL);
    assert_string_equal(nics_of_test.enabled[1], "eth0");
    assert_int_equal(nics_of_test.filters[1], NIC_FILTER_PTP);
    assert_true(nic_clocks_any(f->nics));
    assert_int_equal(nics_of_test.kept, 0);
}

static void nothing_is_enabled_unasked(void **state)
{
    struct fixture *f = *state;
    struct hardware_packet p = packet(f, 0.0);
    struct local_timestamp local;

    start(f, "maxtxbuffers 17\n");
    assert_false(nic_clocks_any(f->nics));
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    assert_int_equal(nics_of_test.kept, 17);
    capture_log();
    nic_clocks_free(f->nics);
    start(f, "maxtxbuffers 1\n");
    assert_int_equal(nics_of_test.kept, 1);
    assert_int_equal(logged("Transmit ID not supported"), 0);
    nic_clocks_free(f->nics);
    start(f, "maxtxbuffers 101\n"); /* refused here */
    assert_int_equal(logged("Transmit ID not supported\n"), 1);
    end_log_capture();
    assert_int_equal(f->devices.phc_reads, 0);
}

/* Exit status of a start in a child. */
static int start_in_child(struct fixture *f, const char *lines)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        start(f, lines);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void interfaces_that_cannot_are_fatal_if_named(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(start_in_child(f, "hwtimestamp eth0\n"), 0);
    assert_int_equal(start_in_child(f, "hwtimestamp eth0\nhwtimestamp lo\n"), 1);
    f->devices.open_failing = true;
    assert_int_equal(start_in_child(f, "hwtimestamp eth0\n"), 1);
    f->devices.open_failing = false;
    f->devices.ops.nics = NULL;
    assert_int_equal(start_in_child(f, "hwtimestamp *\n"), 1);
    assert_int_equal(start_in_child(f, "maxtxbuffers 5\n"), 0);
}

static void timestamps_count_from_the_second_reading(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0\n");
    assert_int_equal(f->devices.phc_reads, 0);
    struct hardware_packet p = packet(f, 1.0);
    clock_world_run_until(f->w, 1.0);
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    /* No earlier than minpoll. */
    p = packet(f, 1.9);
    clock_world_run_until(f->w, 1.9);
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    assert_int_equal(f->devices.phc_reads, 1);
    p = packet(f, 2.1);
    clock_world_run_until(f->w, 2.1);
    assert_true(nic_clocks_timestamp(f->nics, &p, &local));
    assert_int_equal(f->devices.phc_reads, 2);
    p.if_index = 3;
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
}

static void received_packets_are_moved_to_the_end_of_the_frame(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0 minpoll 4\n");
    nics_of_test.speed = -1;
    /* Two readings are needed first. */
    struct hardware_packet p = packet(f, 1.0);
    nic_clocks_timestamp(f->nics, &p, &local);
    clock_world_run_until(f->w, 40.0);
    p = packet(f, 40.0);

    /* The worked example: 8 (42 + 48 + 4) / 10^9. */
    assert_close(stamp(f, &p, 40.0, &local), 752e-9, 2e-9);
    assert_close(local.wire_time, 752e-9, 1e-15);
    assert_close(local.net_correction, 752e-9, 1e-15);
    assert_between(local.error, 1e-7, 1e-5);
    p.family = IP_V6;
    assert_close(stamp(f, &p, 40.0, &local), 912e-9, 2e-9);
    /* The length that the kernel gives is better. */
    p.frame_length = 121;
    assert_close(stamp(f, &p, 40.0, &local), 1000e-9, 2e-9);

    /* What was sent shows where the data begins, in its family only. */
    p.sent = true;
    p.frame_length = 48 + 66;
    assert_close(stamp(f, &p, 40.0, &local), 0.0, 2e-9);
    assert_true(local.wire_time == 0.0 && local.net_correction == 0.0);
    p.sent = false;
    p.frame_length = -1;
    assert_close(stamp(f, &p, 40.0, NULL), 8e-9 * (66 + 48 + 4), 2e-9);
    p.family = IP_V4;
    assert_close(stamp(f, &p, 40.0, NULL), 752e-9, 2e-9);
    /* Impossible lengths teach nothing. */
    p.sent = true;
    p.frame_length = 47;
    stamp(f, &p, 40.0, NULL);
    p.length = 0;
    p.frame_length = 100;
    stamp(f, &p, 40.0, NULL);
    p.length = 48;
    p.sent = false;
    p.frame_length = -1;
    assert_close(stamp(f, &p, 40.0, NULL), 752e-9, 2e-9);
    /* A tag more, in frames of IPv4. */
    p.sent = true;
    p.frame_length = 48 + 46;
    stamp(f, &p, 40.0, NULL);
    p.sent = false;
    p.frame_length = -1;
    assert_close(stamp(f, &p, 40.0, NULL), 8e-9 * (46 + 48 + 4), 2e-9);
}

static void speed_of_the_link_is_that_of_the_last_reading(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0\n");
    nics_of_test.speed = 100;
    double t = follow(f);
    struct hardware_packet p = packet(f, t);
    /* The worked example: wrapped in PTP, 8 (42 + 104 + 4) / 10^8. */
    p.length = 104;
    assert_close(stamp(f, &p, t, &local), 12e-6, 2e-9);
    assert_close(local.wire_time, 12e-6, 1e-15);

    nics_of_test.speed = 0;
    clock_world_run_until(f->w, t + 5.0);
    p = packet(f, t + 5.0);
    assert_close(stamp(f, &p, t + 5.0, &local), 0.0, 2e-9);
    assert_true(local.wire_time == 0.0);
}

static void compensations_have_their_signs(void **state)
{
    struct fixture *f = *state;

    start(f, "hwtimestamp eth0 txcomp 300e-9 rxcomp 645e-9\n");
    double t = follow(f);
    struct hardware_packet p = packet(f, t);
    assert_close(stamp(f, &p, t, NULL), 752e-9 - 645e-9, 2e-9);
    p.sent = true;
    assert_close(stamp(f, &p, t, NULL), 300e-9, 2e-9);
}

/* Each second reading is late by a microsecond. Seconds by which the timestamp of a packet, half a
   second behind the last reading, is later than what the readings say in the mean. */
static double stamp_after_noise(struct fixture *f, const char *lines)
{
    struct local_timestamp local;
    struct hardware_packet p;
    double t = 0.0;

    nic_clocks_free(f->nics);
    start(f, lines);
    for (int i = 1; i <= 12; i++) {
        t = 1e-9 * (double)f->w->elapsed_ns + 1.0;
        f->devices.phc_offset = HW_OFFSET + (i % 2 == 0 ? 1e-6 : 0.0);
        clock_world_wake_at(f->w, t);
        p = packet(f, t);
        p.sent = true;
        nic_clocks_timestamp(f->nics, &p, &local);
    }
    clock_world_wake_at(f->w, t + 0.5);
    p = packet(f, t + 0.5);
    p.sent = true;
    return stamp(f, &p, t + 0.5, &local) + 0.5e-6;
}

static void options_of_the_interface_are_those_of_its_clock(void **state)
{
    static const char precise[] = "hwtimestamp eth0 minpoll 0 maxpoll 10 precision 1e-4\n";
    static const char two[] = "hwtimestamp eth0 minpoll 0 maxpoll 10 precision 1e-4 maxsamples 2\n";
    static const char all[] = "hwtimestamp eth0 nocrossts minpoll 0 maxpoll 10 precision 1e-3 "
                              "minsamples 3 maxsamples 16\n";
    struct fixture *f = *state;
    struct local_timestamp local;

    /* The line through the last two only. */
    assert_between(stamp_after_noise(f, two), -1.1e-6, -0.9e-6);
    assert_between(stamp_after_noise(f, precise), -0.8e-6, 0.3e-6);
    assert_false(f->devices.phc_no_cross);
    struct hardware_packet p = packet(f, 1e-9 * (double)f->w->elapsed_ns);
    stamp(f, &p, 1e-9 * (double)f->w->elapsed_ns, &local);
    assert_between(local.error, 1e-4, 1.1e-4);

    assert_between(stamp_after_noise(f, all), -0.8e-6, 0.3e-6);
    assert_true(f->devices.phc_no_cross);
    stamp(f, &p, 1e-9 * (double)f->w->elapsed_ns, &local);
    assert_between(local.error, 1e-3, 1.1e-3);
}

/* After a bend the regression needs few of the samples; what it uses is in its debug messages. */
static void least_number_of_samples_is_that_of_the_option(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;
    struct hardware_packet p;

    if (log_lowest() > LOG_SEV_DEBUG)
        skip();
    log_set_threshold(LOG_SEV_DEBUG);
    for (int with = 0; with < 2; with++) {
        double start_time = 1e-9 * (double)f->w->elapsed_ns;
        int repeated = 0;

        capture_log();
        nic_clocks_free(f->nics);
        start(f, with ? "hwtimestamp eth0 maxpoll 10 precision 1e-2 minsamples 12\n"
                      : "hwtimestamp eth0 maxpoll 10 precision 1e-2\n");
        for (int i = 1; i <= 20; i++) {
            f->devices.phc_offset = HW_OFFSET + (i > 8 ? 1e-4 * (i - 8) : 0.0);
            clock_world_wake_at(f->w, start_time + i);
            p = packet(f, start_time + i);
            nic_clocks_timestamp(f->nics, &p, &local);
        }
        for (int n = 2; n < 12; n++) {
            char text[32];

            snprintf(text, sizeof(text), "HW clock samples=%d ", n);
            repeated += logged(text) != 1;
        }
        assert_int_equal(repeated > 0, !with);
        end_log_capture();
    }
    log_set_threshold(LOG_SEV_INFO);
}

static void timestamps_far_from_the_daemon_are_not_believed(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0\n");
    double t = follow(f);
    struct hardware_packet p = packet(f, t);
    p.time.i = instant_add(p.time.i, -0.99);
    assert_close(stamp(f, &p, t, NULL), -0.99, 1e-6);
    p.time.i = instant_add(p.time.i, -0.02);
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    p.time.i = instant_add(p.time.i, 2.02);
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
}

static void debug_messages_tell_why_a_timestamp_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    if (log_lowest() > LOG_SEV_DEBUG)
        skip();
    log_set_threshold(LOG_SEV_DEBUG);
    capture_log();
    start(f, "hwtimestamp eth0 maxpoll 10\n");
    clock_world_wake_at(f->w, 1.0);
    struct hardware_packet p = packet(f, 1.0);
    nic_clocks_timestamp(f->nics, &p, &local);
    assert_int_equal(logged("Polling PHC on eth0\n"), 1);
    nics_of_test.speed = 100;
    clock_world_wake_at(f->w, 2.0);
    p = packet(f, 2.0);
    assert_true(nic_clocks_timestamp(f->nics, &p, &local));
    assert_int_equal(logged("Polling PHC on eth0 before timeout\n"), 1);
    assert_int_equal(logged("Updated speed of eth0 to 100 Mb/s\n"), 1);
    p.sent = true;
    p.time.i = instant_add(p.time.i, -1.5);
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    assert_int_equal(logged("Unacceptable timestamp delay 1.500000000\n"), 1);
    p.if_index = 9;
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    assert_int_equal(logged("HW clock not found for interface 9\n"), 1);
    end_log_capture();
    log_set_threshold(LOG_SEV_INFO);
}

static void clock_is_read_without_traffic(void **state)
{
    struct fixture *f = *state;
    struct hardware_packet p = packet(f, 0.0);
    struct local_timestamp local;

    start(f, "hwtimestamp eth0 minpoll 0 maxpoll 2\n");
    clock_world_run_until(f->w, 100.0);
    assert_int_equal(f->devices.phc_reads, 0);
    p = packet(f, 100.0);
    nic_clocks_timestamp(f->nics, &p, &local);
    clock_world_run_until(f->w, 200.0);
    int reads = f->devices.phc_reads;
    /* 4 s and a random part of a tenth. */
    assert_between(reads, 1 + 100.0 / 4.4 - 1, 1 + 100.0 / 4.0);
    /* A packet that comes in time has nothing to wait for. */
    p = packet(f, 200.0);
    assert_close(stamp(f, &p, 200.0, NULL), 752e-9, 5e-9);
}

/* With random numbers of zero: 2^2 s, and a quarter of it for both clocks together. */
static void clocks_are_read_at_different_times(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;
    struct hardware_packet p;

    start(f, "hwtimestamp eth0 maxpoll 2\nhwtimestamp eth1 maxpoll 2\n");
    for (int round = 0; round < 2; round++) {
        double randomness = round == 0 ? 0.0 : 0.1;
        double t = 100.0 * (round + 1);

        f->w->random = round == 0 ? 0 : UINT32_MAX;
        /* Both are read by packets now, whatever was in progress. */
        clock_world_run_until(f->w, t);
        for (int i = 0; i < 2; i++) {
            p = packet(f, t);
            p.if_index = 2 + i;
            p.known = local_add(p.known, 3.0);
            nic_clocks_timestamp(f->nics, &p, &local);
        }
        f->devices.phc_reads = 0;
        clock_world_run_until(f->w, t + 4.0 * (1.0 + randomness) - 0.01);
        assert_int_equal(f->devices.phc_reads, 0);
        clock_world_run_until(f->w, t + 4.0 * (1.0 + randomness) + 0.01);
        assert_int_equal(f->devices.phc_reads, 1);
        clock_world_run_until(f->w, t + 4.5 * (1.0 + randomness) - 0.01);
        assert_int_equal(f->devices.phc_reads, 1);
        clock_world_run_until(f->w, t + 4.5 * (1.0 + randomness) + 0.01);
        assert_int_equal(f->devices.phc_reads, 2);
    }
}

/* A slow reading that says nothing new is no sample: the next packet reads again. */
static void readings_of_no_quality_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;
    struct hardware_packet p;

    start(f, "hwtimestamp eth0 maxpoll 10\n");
    assert_true(nic_clocks_any(f->nics));
    for (int t = 1; t < 10; t++) {
        clock_world_wake_at(f->w, t);
        p = packet(f, t);
        nic_clocks_timestamp(f->nics, &p, &local);
    }
    int reads = f->devices.phc_reads;
    f->devices.phc_delay = 1e-3;
    for (int i = 0; i < 3; i++) {
        clock_world_wake_at(f->w, 12.0 + 0.1 * i);
        p = packet(f, 12.0 + 0.1 * i);
        assert_true(nic_clocks_timestamp(f->nics, &p, &local));
        assert_true(local.error < 1e-5);
    }
    assert_int_equal(f->devices.phc_reads, reads + 3);
    /* The clock is behind the mapping by more than half of the delay: that is news. */
    f->devices.phc_offset -= 0.6e-3;
    for (int i = 0; i < 3; i++) {
        clock_world_wake_at(f->w, 13.0 + 0.1 * i);
        p = packet(f, 13.0 + 0.1 * i);
        nic_clocks_timestamp(f->nics, &p, &local);
    }
    assert_true(f->devices.phc_reads < reads + 6); /* not each time */
}

static void clock_that_cannot_be_read_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0\n");
    double t = follow(f);
    f->devices.phc_failing = true;
    /* Now and then is no reason. */
    clock_world_run_until(f->w, t + 3.0);
    struct hardware_packet p = packet(f, t + 3.0);
    assert_true(nic_clocks_timestamp(f->nics, &p, &local));
    clock_world_run_until(f->w, t + 20.0);
    p = packet(f, t + 20.0);
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    f->devices.phc_failing = false;
    clock_world_run_until(f->w, t + 25.0);
    p = packet(f, t + 25.0);
    assert_close(stamp(f, &p, t + 25.0, NULL), 752e-9, 5e-9);
}

static void mapping_follows_changes_of_the_clock(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0\n");
    double t = follow(f);
    struct local_time before = local_clock_now(f->clock, NULL);
    struct hardware_packet p = packet(f, t);
    assert_true(local_clock_step(f->clock, 0.25, STEP_COMMAND));
    p.sent = true;
    p.known = local_clock_now(f->clock, NULL);
    assert_true(nic_clocks_timestamp(f->nics, &p, &local));
    assert_close(local_diff(local.time, before), -0.25, 1e-8);
}

static void jump_of_the_clock_of_a_card_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct local_timestamp local;

    start(f, "hwtimestamp eth0\n");
    double t = follow(f) + 30.0;
    clock_world_run_until(f->w, t);
    f->devices.phc_offset += 0.1;
    clock_world_run_until(f->w, t + 1.5);
    struct hardware_packet p = packet(f, t + 1.5);
    p.time.i = instant_add(p.time.i, 0.1);
    /* The reading that comes with it does not fit: all is forgotten. */
    assert_false(nic_clocks_timestamp(f->nics, &p, &local));
    clock_world_run_until(f->w, t + 6.0);
    p = packet(f, t + 6.0);
    p.time.i = instant_add(p.time.i, 0.1);
    assert_close(stamp(f, &p, t + 6.0, NULL), 752e-9, 5e-9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(named_interfaces_win_over_the_wildcard),
        TEST(nothing_is_enabled_unasked),
        TEST(interfaces_that_cannot_are_fatal_if_named),
        TEST(timestamps_count_from_the_second_reading),
        TEST(received_packets_are_moved_to_the_end_of_the_frame),
        TEST(speed_of_the_link_is_that_of_the_last_reading),
        TEST(compensations_have_their_signs),
        TEST(options_of_the_interface_are_those_of_its_clock),
        TEST(least_number_of_samples_is_that_of_the_option),
        TEST(timestamps_far_from_the_daemon_are_not_believed),
        TEST(debug_messages_tell_why_a_timestamp_is_not_used),
        TEST(clock_is_read_without_traffic),
        TEST(clocks_are_read_at_different_times),
        TEST(readings_of_no_quality_are_dropped),
        TEST(clock_that_cannot_be_read_is_not_trusted),
        TEST(mapping_follows_changes_of_the_clock),
        TEST(jump_of_the_clock_of_a_card_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

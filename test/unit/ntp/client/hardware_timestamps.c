/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client whose network card timestamps packets: which timestamps are used (ntp.md 5.2, 5.5), and
 * responses that wait for the late one of their request (12.4). The network is virtual: a response
 * comes 210 us after its request, and hwtstimeout is 1 ms by default.
 */
#include "test/unit/support/unit.h"

#include "test/unit/support/rig.h"

#define SERVER  "192.0.2.1"
#define BEFORE  50e-6  /* delay of a transmit timestamp: before the response, */
#define IN_TIME 600e-6 /* while it waits, */
#define LATE    2e-3   /* afterwards, */
#define NEVER   (-1.0)

static struct rig rig_of_test;

static int setup(void **state)
{
    struct rig *rig = &rig_of_test;

    rig_init(rig, NULL, NULL);
    rig->delay = 100e-6;
    sim_set_timestamps(rig->sim, true);
    rig->stub.hardware_timestamps = true;
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

/* Polls each 4 s; runs until some time behind the second request. */
static void run_to_second_request(struct rig *rig, double hardware_delay, double behind)
{
    sim_set_hardware(rig->sim, true, hardware_delay);
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2");
    while (sim_sent_count(rig->sim) < 2)
        rig_run(rig, 1e-5);
    rig_run(rig, sim_sent(rig->sim, 1)->time + behind - sim_time(rig->sim));
}

static void timestamps_of_hardware_replace_those_of_the_kernel(void **state)
{
    struct rig *rig = *state;

    run_to_second_request(rig, BEFORE, 300e-6);
    struct report_ntpdata report = rig_ntpdata(rig, SERVER);
    assert_int_equal(report.tx_source, 'H');
    assert_int_equal(report.rx_source, 'H');
    assert_int_equal(report.total_good, 2);
    assert_int_equal(report.total_hw_tx, 2);
    assert_int_equal(report.total_hw_rx, 2);
    assert_int_equal(report.total_kernel_tx, 2);
    assert_int_equal(report.total_kernel_rx, 0);
    /* Sent 1.5 us after the request was made. */
    assert_close(report.peer_delay, 200e-6 - 1.5e-6, 2e-9);
}

static void without_an_interface_those_of_the_kernel_are_used(void **state)
{
    struct rig *rig = *state;

    rig->stub.hardware_timestamps = false;
    run_to_second_request(rig, BEFORE, 300e-6);
    struct report_ntpdata report = rig_ntpdata(rig, SERVER);
    assert_int_equal(report.tx_source, 'K');
    assert_int_equal(report.rx_source, 'K');
    assert_int_equal(report.total_hw_tx + report.total_hw_rx, 0);
    assert_int_equal(report.total_kernel_tx, 2);
}

static void response_waits_for_the_timestamp_of_its_request(void **state)
{
    struct rig *rig = *state;

    /* The first cannot: whether there will be one is not known yet. */
    run_to_second_request(rig, IN_TIME, 500e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).tx_source, 'K');
    assert_int_equal(rig_ntpdata(rig, SERVER).total_rx, 2);
    rig_run(rig, 200e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 2);
    assert_int_equal(rig_ntpdata(rig, SERVER).tx_source, 'H');
    /* It has the time at which it came. */
    assert_close(rig_ntpdata(rig, SERVER).peer_delay, 200e-6 - 1.5e-6, 2e-9);
    rig_run(rig, 1.0);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 2);
}

static void it_does_not_wait_for_ever(void **state)
{
    struct rig *rig = *state;

    run_to_second_request(rig, LATE, 1190e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 1);
    rig_run(rig, 40e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 2);
    assert_int_equal(rig_ntpdata(rig, SERVER).tx_source, 'K');
    assert_int_equal(rig_ntpdata(rig, SERVER).rx_source, 'H');
}

static void without_a_timeout_nothing_waits(void **state)
{
    struct rig *rig = *state;

    rig->conf->client.hwts_timeout = 0.0;
    rig_restart(rig, NULL);
    run_to_second_request(rig, IN_TIME, 300e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 2);
    assert_int_equal(rig_ntpdata(rig, SERVER).tx_source, 'K');
}

/* Sends the response of the second request twice. */
static bool send_twice(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                       size_t *length)
{
    if (sim_sent_count(rig->sim) == 2)
        sim_deliver(rig->sim, &request->to, &request->from, response, *length, 300e-6);
    return true;
}

static void a_second_response_ends_the_waiting(void **state)
{
    struct rig *rig = *state;

    rig->tamper = send_twice;
    run_to_second_request(rig, NEVER, 290e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 1);
    rig_run(rig, 20e-6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_rx, 3);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 2);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 2);
    rig_run(rig, 1.0);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 2);
}

static void waiting_ends_before_the_next_request(void **state)
{
    struct rig *rig = *state;

    rig->conf->client.hwts_timeout = 100.0;
    rig_restart(rig, NULL);
    run_to_second_request(rig, NEVER, 3.99);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 1);
    rig_run(rig, 4.5);
    /* The third request may have been put off by what the response said, but not given up. */
    assert_true(rig_ntpdata(rig, SERVER).total_good >= 2);
    assert_true(sim_sent_count(rig->sim) >= 3);
    double next = sim_sent(rig->sim, 2)->time - sim_sent(rig->sim, 1)->time;
    assert_between(next, 4.0, 4.4);
    assert_int_equal(rig_source(rig, SERVER)->reach & 3, 3);
}

static void waiting_ends_with_the_socket(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig->conf->client.hwts_timeout = 1.0;
    rig_restart(rig, NULL);
    run_to_second_request(rig, NEVER, 0.5);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 1);
    assert_true(ntp_sources_set_connectivity(rig->sources, &all, &all, SOURCE_OFFLINE));
    assert_int_equal(sim_open_sockets(rig->sim), 0);
    rig_run(rig, 10.0);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 1);
}

static void waiting_response_follows_changes_of_the_clock(void **state)
{
    struct rig *rig = *state;
    struct clock_change change = {.type = CLOCK_STEP, .doffset = 0.5};

    rig->conf->client.hwts_timeout = 1.0;
    rig_restart(rig, NULL);
    run_to_second_request(rig, NEVER, 0.25);
    change.raw = sim_raw(rig->sim);
    change.cooked.i = change.raw.i;
    rig->stub.clock_offset = -0.5;
    stub_env_change_clock(&rig->stub, &change);
    rig_run(rig, 1.0);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 2);
    assert_close(rig_ntpdata(rig, SERVER).offset, 0.5, 2e-6);
    assert_close(rig_ntpdata(rig, SERVER).peer_delay, 200e-6, 2e-6);
}

static void unknown_step_ends_the_waiting(void **state)
{
    struct rig *rig = *state;

    rig->conf->client.hwts_timeout = 1.0;
    rig_restart(rig, NULL);
    run_to_second_request(rig, NEVER, 0.25);
    stub_env_change_clock(&rig->stub, &(struct clock_change){.type = CLOCK_UNKNOWN_STEP});
    rig_run(rig, 1.5);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 1);
}

static bool break_mac_of_second(struct rig *rig, const struct sim_packet *request,
                                uint8_t *response, size_t *length)
{
    if (sim_sent_count(rig->sim) == 2)
        response[*length - 1] ^= 1;
    return true;
}

static void forged_response_does_not_wait(void **state)
{
    struct rig *rig = *state;

    rig->key = 2;
    rig->tamper = break_mac_of_second;
    sim_set_hardware(rig->sim, true, IN_TIME);
    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 key 2");
    rig_run(rig, 6.0);
    assert_int_equal(sim_sent_count(rig->sim), 2);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_rx, 2);
    /* The socket of the first was closed before its timestamp came. */
    assert_int_equal(rig_ntpdata(rig, SERVER).total_hw_tx, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 1);
}

/* The timestamp of the first request, as a server worker or the kernel tells it: so much later than
   the one that the daemon took. Which one the response was judged with. */
static char used_timestamp(struct rig *rig, double later, bool by_worker)
{
    sim_set_timestamps(rig->sim, false);
    rig->delay = 5e-3;
    rig_add_server(rig, SERVER);
    while (sim_sent_count(rig->sim) < 1)
        rig_run(rig, 1e-5);
    const struct sim_packet *request = sim_sent(rig->sim, 0);
    const struct ntp_arrival arrival = {
        .packet = request->data,
        .length = request->length,
        .remote = request->to,
        .by_worker = by_worker,
        .time = {.time = local_add(local_clock_now(rig->stub.env.clock, NULL), later),
                 .source = TIMESTAMP_KERNEL},
    };

    assert_true(ntp_sources_transmitted(rig->sources, &arrival));
    rig_run(rig, 0.1);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 1);
    return rig_ntpdata(rig, SERVER).tx_source;
}

static void time_that_a_worker_tells_is_near(void **state)
{
    assert_int_equal(used_timestamp(*state, 0.9e-3, true), 'K');
}

static void time_that_a_worker_tells_is_not_late(void **state)
{
    assert_int_equal(used_timestamp(*state, 1.2e-3, true), 'D');
}

static void time_of_the_own_kernel_may_be_late(void **state)
{
    assert_int_equal(used_timestamp(*state, 1.2e-3, false), 'K');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timestamps_of_hardware_replace_those_of_the_kernel),
        TEST(without_an_interface_those_of_the_kernel_are_used),
        TEST(response_waits_for_the_timestamp_of_its_request),
        TEST(it_does_not_wait_for_ever),
        TEST(without_a_timeout_nothing_waits),
        TEST(a_second_response_ends_the_waiting),
        TEST(waiting_ends_before_the_next_request),
        TEST(waiting_ends_with_the_socket),
        TEST(waiting_response_follows_changes_of_the_clock),
        TEST(unknown_step_ends_the_waiting),
        TEST(forged_response_does_not_wait),
        TEST(time_that_a_worker_tells_is_near),
        TEST(time_that_a_worker_tells_is_not_late),
        TEST(time_of_the_own_kernel_may_be_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

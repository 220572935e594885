/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The broadcast server (ntp.md 21): intervals, content of the packets, use of the sockets.
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "ntp/broadcast.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/rig.h"

struct fixture {
    struct rig rig;
    struct ntp_broadcast *broadcast;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    rig_init(&f->rig, NULL, NULL);
    f->rig.stub.reference = (struct reference_data){.synchronised = true,
                                                    .stratum = 3,
                                                    .refid = 0xc0000201,
                                                    .ref_time = {{SIM_START - 10, 5}},
                                                    .root_delay = 0.01,
                                                    .root_dispersion = 0.002};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ntp_broadcast_free(f->broadcast);
    rig_free(&f->rig);
    free(f);
    return 0;
}

static void start(struct fixture *f, int interval, const char *addr)
{
    struct conf *conf = f->rig.conf;

    conf->broadcasts.items = mem_resize(conf->broadcasts.items, conf->broadcasts.count + 1,
                                        sizeof(*conf->broadcasts.items));
    conf->broadcasts.items[conf->broadcasts.count++] =
        (struct broadcast_conf){.dest = {rig_addr(addr), 123}, .interval = interval};
    ntp_broadcast_free(f->broadcast);
    f->broadcast = ntp_broadcast_new(&f->rig.stub.env, &conf->broadcasts, f->rig.sockets);
}

static void first_packet_comes_after_one_interval(void **state)
{
    struct fixture *f = *state;
    double last = 0.0;

    start(f, 60, "192.0.2.255");
    rig_run(&f->rig, 59.9);
    assert_int_equal(sim_sent_count(f->rig.sim), 0);
    rig_run(&f->rig, 600.0);
    assert_in_range(sim_sent_count(f->rig.sim), 10, 11);
    for (size_t i = 0; i < sim_sent_count(f->rig.sim); i++) {
        double time = sim_sent(f->rig.sim, i)->time;
        assert_between(time - last, 60.0, 60.0 * 1.021);
        last = time;
    }
}

static void packet_has_the_reference_and_no_origin(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h;

    start(f, 60, "192.0.2.255");
    rig_run(&f->rig, 62.0);
    const struct sim_packet *p = sim_sent(f->rig.sim, 0);
    assert_int_equal(p->length, NTP_HEADER_LENGTH);
    assert_int_equal(p->from.port, 123);
    assert_int_equal(p->to.port, 123);
    assert_false(p->tx_timestamp); /* of no use to anybody */
    ntp_header_read(p->data, &h);
    assert_int_equal(h.mode, NTP_MODE_BROADCAST);
    assert_int_equal(h.version, 4);
    assert_int_equal(h.poll, 6); /* round(log2(60)) */
    assert_int_equal(h.stratum, 3);
    assert_int_equal(h.refid, 0xc0000201);
    assert_true(ntp_time_is_zero(h.origin));
    assert_true(ntp_time_is_zero(h.receive));
    struct instant sent = ntp_time_to_instant(h.transmit);
    assert_between((double)(sent.sec - SIM_START) + 1e-9 * sent.nsec, p->time - 1e-6,
                   p->time + 1e-6);
}

static void destinations_are_independent(void **state)
{
    struct fixture *f = *state;
    int v4 = 0, v6 = 0;

    start(f, 16, "192.0.2.255");
    start(f, 64, "ff02::101");
    assert_int_equal(sim_open_sockets(f->rig.sim), 2);
    rig_run(&f->rig, 640.0);
    for (size_t i = 0; i < sim_sent_count(f->rig.sim); i++) {
        if (sim_sent(f->rig.sim, i)->to.addr.family == IP_V6)
            v6++;
        else
            v4++;
    }
    assert_in_range(v4, 38, 40);
    assert_in_range(v6, 9, 10);
    ntp_broadcast_free(f->broadcast);
    f->broadcast = NULL;
    assert_false(ntp_sockets_is_serving(f->rig.sockets));
}

/* Those of the same interval are not sent together, from the first on. */
static void destinations_are_separated(void **state)
{
    struct fixture *f = *state;

    start(f, 64, "192.0.2.255");
    start(f, 64, "198.51.100.255");
    rig_run(&f->rig, 70.0);
    assert_int_equal(sim_sent_count(f->rig.sim), 2);
    assert_between(sim_sent(f->rig.sim, 1)->time - sim_sent(f->rig.sim, 0)->time, 0.2,
                   0.02 * 64.0 + 0.205);
    rig_run(&f->rig, 64.0);
    assert_int_equal(sim_sent_count(f->rig.sim), 4);
    assert_true(sim_sent(f->rig.sim, 3)->time - sim_sent(f->rig.sim, 2)->time >= 0.2);
}

static void unsent_packet_does_not_stop_the_next(void **state)
{
    struct fixture *f = *state;

    start(f, 16, "192.0.2.255");
    sim_set_send_failure(f->rig.sim, true);
    rig_run(&f->rig, 40.0);
    sim_set_send_failure(f->rig.sim, false);
    rig_run(&f->rig, 40.0);
    assert_in_range(sim_sent_count(f->rig.sim), 2, 3);
}

static void unsynchronised_server_says_so(void **state)
{
    struct fixture *f = *state;
    struct ntp_header h;

    f->rig.stub.reference = (struct reference_data){
        .leap = 3, .stratum = 16, .root_delay = 1.0, .root_dispersion = 1.0};
    start(f, 1, "192.0.2.255");
    rig_run(&f->rig, 2.0);
    ntp_header_read(sim_sent(f->rig.sim, 0)->data, &h);
    assert_int_equal(h.leap, 3);
    assert_int_equal(h.stratum, 0);
    assert_int_equal(h.poll, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_packet_comes_after_one_interval), TEST(packet_has_the_reference_and_no_origin),
        TEST(destinations_are_independent),          TEST(unsent_packet_does_not_stop_the_next),
        TEST(unsynchronised_server_says_so),         TEST(destinations_are_separated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

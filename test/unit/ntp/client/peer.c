/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symmetric associations with a scripted peer (ntp.md 8.1, 9.1, 11.2, 12.7, 27.10): when packets
 * are sent, what is in them, how the protocol starts again, and which packets count.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "test/unit/support/rig.h"

#define PEER "192.0.2.1"
#define WAY  0.005 /* s, one way */

struct fixture {
    struct rig rig;
    /* The peer answers each packet after some seconds; negative: not at all. */
    double answer_after;
    int mode;
    int stratum;
    int poll;
    bool interleaved; /* refers to the receive timestamp of the packet */
    struct ntp_time last_transmit;
    int answers;
};

static struct ntp_time wire_time(const struct fixture *f, double offset)
{
    struct ntp_time fuzz = {0, 1};

    return ntp_time_from_instant(instant_add(sim_raw(f->rig.sim).i, offset), fuzz);
}

static struct ip_port peer_address(void)
{
    return (struct ip_port){rig_addr(PEER), 123};
}

/* A packet of the peer with a delay, which it sends then. */
static void send_packet(struct fixture *f, const struct ip_port *to, struct ntp_time origin,
                        struct ntp_time receive, double delay)
{
    struct ip_port from = peer_address();
    uint8_t data[NTP_HEADER_LENGTH];
    struct ntp_header h = {
        .version = 4,
        .mode = (uint8_t)f->mode,
        .stratum = (uint8_t)f->stratum,
        .poll = (int8_t)f->poll,
        .precision = -25,
        .refid = 0x0a0b0c0d,
        .reference = wire_time(f, -20.0),
        .origin = origin,
        .receive = receive,
        .transmit = wire_time(f, delay),
    };

    if (f->interleaved && !ntp_time_is_zero(f->last_transmit))
        h.transmit = f->last_transmit;
    f->last_transmit = wire_time(f, delay);
    ntp_header_write(data, &h);
    sim_deliver(f->rig.sim, &from, to, data, sizeof(data), delay + WAY);
    f->answers++;
}

static void answer(const struct sim_packet *p, void *arg)
{
    struct fixture *f = arg;
    struct ntp_header h;

    if (f->answer_after < 0)
        return;
    ntp_header_read(p->data, &h);
    send_packet(f, &p->from, f->interleaved ? h.receive : h.transmit, wire_time(f, WAY),
                WAY + f->answer_after);
}

static struct fixture fixture_of_test;

static int setup(void **state)
{
    struct fixture *f = &fixture_of_test;

    *f = (struct fixture){.mode = 1, .stratum = 2, .poll = 4};
    rig_init(&f->rig, NULL, NULL);
    /* Packets to the peer must not find our own socket. */
    f->rig.conf->sockets.server.v4 = rig_addr("192.0.2.100");
    f->rig.conf->sockets.server.v6 = rig_addr("2001:db8::64");
    rig_restart(&f->rig, NULL);
    sim_set_host(f->rig.sim, answer, f);
    f->rig.stub.reference =
        (struct reference_data){.synchronised = true, .stratum = 2, .refid = 0x01020304};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    rig_free(&((struct fixture *)*state)->rig);
    return 0;
}

static void add_peer(struct fixture *f, const char *line)
{
    assert_int_equal(rig_add(&f->rig, SOURCE_PEER, false, line), NTP_SOURCES_SUCCESS);
    rig_start(&f->rig);
}

static double interval(struct fixture *f, size_t i)
{
    if (i >= sim_sent_count(f->rig.sim))
        fail_msg("packet %zu was not sent", i);
    return sim_sent(f->rig.sim, i)->time - sim_sent(f->rig.sim, i - 1)->time;
}

static struct ntp_header sent(struct fixture *f, size_t i)
{
    struct ntp_header h;

    if (i >= sim_sent_count(f->rig.sim))
        fail_msg("packet %zu was not sent", i);
    ntp_header_read(sim_sent(f->rig.sim, i)->data, &h);
    return h;
}

static struct report_ntpdata ntpdata(struct fixture *f)
{
    struct ip_addr addr = rig_addr(PEER);
    struct report_ntpdata report;

    association_report_ntpdata(ntp_sources_find(f->rig.sources, &addr), &report);
    return report;
}

/* Interval after the second packet, when it is answered so many seconds later. */
static double answered_interval(struct fixture *f, int stratum, double after)
{
    f->stratum = stratum;
    f->answer_after = after - 2.0 * WAY;
    sim_clear_sent(f->rig.sim);
    add_peer(f, PEER " minpoll 4 maxpoll 4");
    rig_run(&f->rig, 60);
    double result = interval(f, 2);
    assert_int_equal(sim_sent(f->rig.sim, 1)->from.port, 123);

    struct ip_addr addr = rig_addr(PEER);
    assert_int_equal(ntp_sources_remove(f->rig.sources, &addr), NTP_SOURCES_SUCCESS);
    return result;
}

static void packets_are_timed_by_the_strata(void **state)
{
    struct fixture *f = *state;

    /* A worse one gets a tenth more, unless its packet came so late that this is used up. */
    assert_between(answered_interval(f, 3, 0.02), 17.59, 17.96);
    assert_between(answered_interval(f, 3, 14.5), 17.59, 17.70);
    assert_between(answered_interval(f, 3, 14.6), 15.99, 16.06);
    /* Of equals each sends in the middle of the other's interval. */
    assert_between(answered_interval(f, 2, 0.02), 15.99, 16.33);
    assert_between(answered_interval(f, 2, 9.5), 15.99, 16.14);
    assert_between(answered_interval(f, 2, 9.7), 17.59, 17.76);
    /* A better one decides for itself. */
    assert_between(answered_interval(f, 1, 0.02), 15.99, 16.33);
    assert_between(answered_interval(f, 1, 12.0), 15.99, 16.09);
}

static void unsynchronised_strata_are_compared_as_16(void **state)
{
    struct fixture *f = *state;

    f->rig.stub.reference = (struct reference_data){.leap = 3, .stratum = 16};
    assert_between(answered_interval(f, 0, 9.7), 17.59, 17.76);
    f->rig.stub.reference.stratum = 15;
    assert_between(answered_interval(f, 0, 0.02), 17.59, 17.96);
}

static void unanswered_packets_are_timed_by_the_last_stratum(void **state)
{
    struct fixture *f = *state;

    f->stratum = 3;
    add_peer(f, PEER " minpoll 4 maxpoll 4");
    rig_run(&f->rig, 10);
    f->answer_after = -1;
    rig_run(&f->rig, 60);
    assert_between(interval(f, 2), 17.59, 17.96);
    assert_between(interval(f, 3), 17.59, 17.96);
}

static int poll_of(struct fixture *f)
{
    struct ip_addr addr = rig_addr(PEER);
    struct report_source report = {0};

    association_report_source(ntp_sources_find(f->rig.sources, &addr), &report);
    return report.poll;
}

/* A reachable peer that asks more often is answered as often, but not below minpoll. */
static void shorter_interval_of_the_peer_is_taken(void **state)
{
    struct fixture *f = *state;

    f->answer_after = -1;
    f->poll = 5;
    f->stratum = 1;
    add_peer(f, PEER " minpoll 4 maxpoll 8");
    rig_run(&f->rig, 4000);
    assert_int_equal(poll_of(f), 8);
    f->answer_after = 0;
    rig_run(&f->rig, 262);
    assert_int_equal(poll_of(f), 5);
    size_t last = sim_sent_count(f->rig.sim) - 1;
    rig_run(&f->rig, 40);
    assert_between(interval(f, last + 1), 31.9, 33);

    struct ip_addr addr = rig_addr(PEER);
    association_modify_minpoll(ntp_sources_find(f->rig.sources, &addr), 7);
    assert_int_equal(poll_of(f), 7);
    association_modify_minpoll(ntp_sources_find(f->rig.sources, &addr), 4);
    f->answer_after = -1;
    rig_run(&f->rig, 3000);
    assert_int_equal(rig_source(&f->rig, PEER)->reach, 0);
    assert_int_equal(poll_of(f), 8);
}

/* A client takes its own interval, whatever the server says. */
static void interval_of_a_server_does_not_count(void **state)
{
    struct fixture *f = *state;

    f->answer_after = -1;
    f->mode = 4;
    f->poll = 4;
    assert_int_equal(rig_add(&f->rig, SOURCE_SERVER, false, PEER " minpoll 4 maxpoll 8"), 0);
    rig_start(&f->rig);
    rig_run(&f->rig, 4000);
    f->answer_after = 0;
    rig_run(&f->rig, 300);
    assert_true(rig_source(&f->rig, PEER)->reach != 0);
    assert_true(poll_of(f) >= 7);
}

static void bursts_and_presend_are_for_servers(void **state)
{
    struct fixture *f = *state;
    struct ip_addr all = {0};

    add_peer(f, PEER " minpoll 6 maxpoll 6 iburst presend 6");
    rig_run(&f->rig, 10);
    ntp_sources_burst(f->rig.sources, 2, 4, &all, &all);
    rig_run(&f->rig, 50);
    assert_int_equal(sim_sent_count(f->rig.sim), 1);
    assert_int_equal(rig_source(&f->rig, PEER)->samples, 1);
}

/* Rows 1 and 2 of the example: the first packet of the other side is answered. */
static void first_packet_of_the_peer_is_answered(void **state)
{
    struct fixture *f = *state;
    struct ip_port to = {rig_addr("192.0.2.100"), 123};

    f->answer_after = -1;
    add_peer(f, PEER " minpoll 4 maxpoll 4");
    send_packet(f, &to, (struct ntp_time){0}, (struct ntp_time){0}, 0.1);
    struct ntp_time transmit = f->last_transmit;
    f->answer_after = 0;
    rig_run(&f->rig, 10);

    struct ntp_header h = sent(f, 0);
    assert_true(ntp_time_equal(h.origin, transmit));
    assert_close(ntp_time_diff(h.receive, transmit), WAY, 1e-6);
    assert_int_equal(ntpdata(f).total_rx, 2);
    assert_int_equal(ntpdata(f).total_valid, 1);
    assert_int_equal(rig_source(&f->rig, PEER)->samples, 1);

    /* From now on packets refer to the last valid one. */
    transmit = f->last_transmit;
    rig_run(&f->rig, 10);
    assert_true(ntp_time_equal(sent(f, 1).origin, transmit));
    assert_int_equal(rig_source(&f->rig, PEER)->samples, 2);
}

/* Rows 5 to 7: our packet is lost, the peer repeats itself, and we answer that. */
static void protocol_starts_again_after_a_loss(void **state)
{
    struct fixture *f = *state;

    add_peer(f, PEER " minpoll 4 maxpoll 4");
    rig_run(&f->rig, 1);
    struct ntp_header first = sent(f, 0);
    f->answer_after = -1;
    rig_run(&f->rig, 18);
    assert_int_equal(sim_sent_count(f->rig.sim), 2);
    send_packet(f, &sim_sent(f->rig.sim, 1)->from, first.transmit, wire_time(f, -17), 1);
    struct ntp_time repeated = f->last_transmit;
    struct ntp_time received = wire_time(f, 1 + WAY);
    f->answer_after = 0;
    rig_run(&f->rig, 18);
    assert_true(ntp_time_equal(sent(f, 2).origin, repeated));
    assert_close(ntp_time_diff(sent(f, 2).receive, received), 0.0, 1e-6);
    assert_int_equal(ntpdata(f).total_valid, 2);

    /* Without another packet the last valid one is referred to. */
    repeated = f->last_transmit;
    f->answer_after = -1;
    rig_run(&f->rig, 34);
    assert_true(ntp_time_equal(sent(f, 3).origin, repeated));
    assert_true(ntp_time_equal(sent(f, 4).origin, repeated));
}

/* 9.1, step 6. */
static void first_packet_after_a_valid_one_is_interleaved(void **state)
{
    struct fixture *f = *state;
    double sent_times[5];

    f->answer_after = 0.001;
    add_peer(f, PEER " minpoll 4 maxpoll 4 xleave");
    rig_run(&f->rig, 1);
    assert_true(ntp_time_is_zero(sent(f, 0).origin));
    struct ntp_time first_transmit = f->last_transmit;
    rig_run(&f->rig, 17);
    f->answer_after = -1; /* to the second */
    for (size_t i = 0; i < 2; i++)
        sent_times[i] = sim_sent(f->rig.sim, i)->time;

    /* Its origin is the receive timestamp of the answer, its transmit time that of the first. */
    struct ntp_header h = sent(f, 1);
    assert_false(ntp_time_equal(h.origin, first_transmit));
    assert_close(ntp_time_diff(first_transmit, h.origin), 0.001, 1e-6);
    assert_close(ntp_time_diff(wire_time(f, 0), h.transmit), sim_time(f->rig.sim) - sent_times[0],
                 1e-6);

    /* The second was answered; the third, fourth are not: after two without an answer basic. */
    struct ntp_time second_transmit = f->last_transmit;
    rig_run(&f->rig, 32);
    assert_false(ntp_time_equal(sent(f, 2).origin, second_transmit));
    assert_true(ntp_time_equal(sent(f, 3).origin, second_transmit));
    f->answer_after = 0.001;
    rig_run(&f->rig, 16);
    assert_true(ntp_time_equal(sent(f, 4).origin, second_transmit));
    /* Answered after three packets: they could not be told apart. */
    struct ntp_time fifth_transmit = f->last_transmit;
    rig_run(&f->rig, 16);
    assert_true(ntp_time_equal(sent(f, 5).origin, fifth_transmit));
    rig_run(&f->rig, 16);
    assert_false(ntp_time_equal(sent(f, 6).origin, f->last_transmit));
    assert_close(ntp_time_diff(sent(f, 5).transmit, sent(f, 6).transmit), 0.0, 1e-6);
}

/* After a restart the timestamps from before cannot be combined with an interleaved packet. */
static void restart_makes_timestamps_unusable(void **state)
{
    struct fixture *f = *state;

    add_peer(f, PEER " minpoll 4 maxpoll 4 xleave");
    rig_run(&f->rig, 1);
    struct ntp_header first = sent(f, 0);
    f->answer_after = -1;
    rig_run(&f->rig, 18);
    send_packet(f, &sim_sent(f->rig.sim, 1)->from, first.transmit, wire_time(f, -17), 1);
    f->answer_after = 0;
    f->interleaved = true;
    rig_run(&f->rig, 18);
    struct report_ntpdata report = ntpdata(f);
    assert_int_equal(report.total_valid, 2);
    assert_true(report.interleaved);
    assert_int_equal(report.tests, 0x3f0);
    assert_int_equal(report.total_good, 1);
}

static void packets_of_other_modes_are_dropped(void **state)
{
    struct fixture *f = *state;

    add_peer(f, PEER " minpoll 2 maxpoll 2");
    for (f->mode = 0; f->mode < 8; f->mode++) {
        uint32_t before = ntpdata(f).total_valid, received = ntpdata(f).total_rx;
        rig_run(&f->rig, 20);
        uint32_t valid = ntpdata(f).total_valid - before;
        if (f->mode == 1 || f->mode == 2)
            assert_true(valid >= 3);
        else
            assert_int_equal(valid, 0);
        assert_int_equal(ntpdata(f).total_rx - received >= 3, f->mode != 3);
    }
}

/* 11.2: nor does one that is offline, or has not been started, take what comes on the open
   socket. */
static void silent_peer_takes_nothing(void **state)
{
    struct fixture *f = *state;
    struct ip_port to = {rig_addr("192.0.2.100"), 123};
    struct ip_addr all = {0};

    assert_int_equal(rig_add(&f->rig, SOURCE_PEER, false, PEER " minpoll 4"), NTP_SOURCES_SUCCESS);
    for (int i = 1; i <= 2; i++) {
        send_packet(f, &to, (struct ntp_time){0}, wire_time(f, 0), 0.01);
        rig_run(&f->rig, 0.1);
        assert_int_equal(ntpdata(f).total_rx, i);
        assert_int_equal(f->rig.stub.lines, 0); /* of the measurements log: it was not looked at */
        ntp_sources_set_connectivity(f->rig.sources, &all, &all, SOURCE_OFFLINE);
        rig_start(&f->rig);
    }
    ntp_sources_set_connectivity(f->rig.sources, &all, &all, SOURCE_ONLINE);
    send_packet(f, &to, (struct ntp_time){0}, wire_time(f, 0), 0.01);
    rig_run(&f->rig, 0.1);
    assert_int_equal(f->rig.stub.lines, 1);
}

/* 4.1: each peer holds the server socket of its family, and its packets come from there. */
/* 16.2: the receive timestamp on the scale without the corrections of our clock, and its epoch. */
static void packets_have_the_monotonic_scale(void **state)
{
    struct fixture *f = *state;
    struct ntp_mono_root root;

    for (int i = 0; i < 2; i++) {
        f->interleaved = i > 0;
        f->rig.mono = (struct ntp_mono_scale){.shift = 0.75 * i, .epoch = 0x11223344};
        f->answer_after = 0.5;
        sim_clear_sent(f->rig.sim);
        if (i == 0)
            add_peer(f, PEER " extfield F323 minpoll 4 xleave");
        rig_run(&f->rig, 60);
        const struct sim_packet *p = sim_sent(f->rig.sim, sim_sent_count(f->rig.sim) - 1);
        assert_int_equal(p->length, NTP_HEADER_LENGTH + 28);
        assert_int_equal(p->data[0] & 7, NTP_MODE_ACTIVE);
        assert_true(ntp_mono_root_read(p->data + 52, NTP_EXT_BODY_LENGTH, &root));
        assert_int_equal(root.epoch, 0x11223344);
        struct ntp_header h = sent(f, sim_sent_count(f->rig.sim) - 1);
        assert_false(ntp_time_is_zero(root.mono_receive));
        assert_true(fabs(ntp_time_diff(root.mono_receive, h.receive) - 0.75 * i) < 1e-6);
    }
}

static void peers_hold_the_server_socket(void **state)
{
    struct fixture *f = *state;
    struct ip_addr first = rig_addr(PEER), second = rig_addr("192.0.2.2");

    assert_int_equal(sim_open_sockets(f->rig.sim), 0);
    add_peer(f, PEER " offline");
    assert_int_equal(sim_open_sockets(f->rig.sim), 1);
    add_peer(f, "192.0.2.2 offline");
    assert_int_equal(sim_open_sockets(f->rig.sim), 1);
    ntp_sources_remove(f->rig.sources, &first);
    assert_int_equal(sim_open_sockets(f->rig.sim), 1);
    ntp_sources_remove(f->rig.sources, &second);
    assert_int_equal(sim_open_sockets(f->rig.sim), 0);
}

/* When its name gets another address, a peer moves to the socket of that family. */
static void socket_follows_the_address(void **state)
{
    struct fixture *f = *state;
    struct ip_addr v4 = rig_addr(PEER), v6 = rig_addr("2001:db8::1");
    struct ip_addr unknown = {0};

    sim_set_name(f->rig.sim, "peer.test", RESOLVE_SUCCESS, &v4, 1);
    assert_int_equal(rig_add(&f->rig, SOURCE_PEER, false, "peer.test minpoll 2 maxpoll 2"),
                     NTP_SOURCES_UNRESOLVED);
    rig_start(&f->rig);
    assert_int_equal(sim_open_sockets(f->rig.sim), 0);
    ntp_sources_resolve_now(f->rig.sources);
    rig_run(&f->rig, 2);
    assert_int_equal(sim_open_sockets(f->rig.sim), 1);
    const struct association *a = ntp_sources_find(f->rig.sources, &v4);
    assert_int_equal(association_local_addr(a)->family, IP_V4);
    assert_int_equal(rig_source(&f->rig, PEER)->samples, 1);

    sim_set_name(f->rig.sim, "peer.test", RESOLVE_SUCCESS, &v6, 1);
    sim_clear_sent(f->rig.sim);
    f->answer_after = -1;
    ntp_sources_refresh(f->rig.sources);
    rig_run(&f->rig, 10);
    assert_int_equal(sim_open_sockets(f->rig.sim), 1);
    assert_int_equal(sim_sent(f->rig.sim, sim_sent_count(f->rig.sim) - 1)->to.addr.family, IP_V6);
    a = ntp_sources_find(f->rig.sources, &v6);
    assert_int_equal(association_local_addr(a)->family, unknown.family);
    struct report_ntpdata report;
    association_report_ntpdata(a, &report);
    assert_true(report.total_rx == 0 && report.total_valid == 0 && report.stratum == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_are_timed_by_the_strata),
        TEST(unsynchronised_strata_are_compared_as_16),
        TEST(unanswered_packets_are_timed_by_the_last_stratum),
        TEST(shorter_interval_of_the_peer_is_taken),
        TEST(interval_of_a_server_does_not_count),
        TEST(bursts_and_presend_are_for_servers),
        TEST(first_packet_of_the_peer_is_answered),
        TEST(protocol_starts_again_after_a_loss),
        TEST(first_packet_after_a_valid_one_is_interleaved),
        TEST(restart_makes_timestamps_unusable),
        TEST(packets_of_other_modes_are_dropped),
        TEST(silent_peer_takes_nothing),
        TEST(packets_have_the_monotonic_scale),
        TEST(peers_hold_the_server_socket),
        TEST(socket_follows_the_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Associations in a virtual network (ntp.md 6 to 9, 12 to 15, 25): timing of requests, what is done
 * with responses, and what is not done with packets that only look like responses.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "ntp/client/association.h"
#include "ntp/server/server.h"
#include "test/unit/support/rig.h"

#define SERVER "192.0.2.1"

static struct rig rig_of_test;

static int setup(void **state)
{
    rig_init(&rig_of_test, NULL, NULL);
    *state = &rig_of_test;
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static double sent_at(const struct rig *rig, size_t i)
{
    if (i >= sim_sent_count(rig->sim))
        fail_msg("request %zu was not sent", i);
    return sim_sent(rig->sim, i)->time;
}

static void assert_interval(const struct rig *rig, size_t i, double interval)
{
    assert_between(sent_at(rig, i) - sent_at(rig, i - 1), interval - 1e-6, 1.021 * interval);
}

static bool set_connectivity(struct rig *rig, enum source_connectivity connectivity)
{
    struct ip_addr all = {0};

    return ntp_sources_set_connectivity(rig->sources, &all, &all, connectivity);
}

/* Timing. */

static void nothing_is_sent_before_the_start(void **state)
{
    struct rig *rig = *state;

    rig_add(rig, SOURCE_SERVER, false, SERVER " iburst");
    rig_run(rig, 10);
    assert_int_equal(sim_sent_count(rig->sim), 0);
    assert_true(rig_source(rig, SERVER)->active);
}

static void unanswered_iburst_has_the_intervals_of_the_specification(void **state)
{
    struct rig *rig = *state;

    rig->answer = false;
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 3000);
    assert_between(sent_at(rig, 0), 0.2, 0.2041);
    for (size_t i = 1; i < 8; i++)
        assert_interval(rig, i, 2.0);
    assert_interval(rig, 8, 128);
    assert_interval(rig, 9, 256);
    assert_int_equal(rig_source(rig, SERVER)->reach, 0);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_tx, sim_sent_count(rig->sim));
    /* One request in flight at most: its socket is closed after maxdelay + 4 s. */
    assert_int_equal(sim_open_sockets(rig->sim), 0);
}

static void answered_iburst_ends_with_the_fourth_response(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 7.0);
    assert_int_equal(sim_sent_count(rig->sim), 4);
    for (size_t i = 1; i < 4; i++)
        assert_interval(rig, i, 2.0);
    assert_int_equal(rig_activity(rig).online, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_int_equal(rig_source(rig, SERVER)->reach, 0x0f);
    rig_run(rig, 70);
    assert_interval(rig, 4, 64);
}

static void missed_samples_lengthen_the_interval_up_to_maxpoll(void **state)
{
    struct rig *rig = *state;

    rig->answer = false;
    rig_add_server(rig, SERVER " minpoll 4 maxpoll 6");
    rig_run(rig, 2000);
    assert_int_equal(rig_poll(rig, SERVER), 6);
    assert_interval(rig, sim_sent_count(rig->sim) - 1, 64);
}

static void poll_without_burst_is_the_minimum_at_first(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 5");
    rig_run(rig, 40);
    assert_between(sent_at(rig, 0), 0.2, 0.2041);
    assert_interval(rig, 1, 32);
}

static void good_prediction_lengthens_the_interval(void **state)
{
    struct rig *rig = *state;

    rig->stub.predicted = 0.0;
    rig_add_server(rig, SERVER " minpoll 3 maxpoll 8 polltarget 4");
    rig_run(rig, 20000);
    assert_int_equal(rig_poll(rig, SERVER), 8);
    /* The prediction becomes much worse than the measurement. */
    rig->stub.predicted = 10.0;
    rig_run(rig, 600);
    assert_int_equal(rig_poll(rig, SERVER), 3);
}

static void subsecond_polling_needs_a_near_server(void **state)
{
    struct rig *rig = *state;

    rig->delay = 0.0002;
    rig_add_server(rig, SERVER " minpoll -2 maxpoll -2");
    rig_run(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), -2);
    assert_interval(rig, sim_sent_count(rig->sim) - 1, 0.25);
    rig->delay = 0.02;
    rig_run(rig, 20);
    assert_int_equal(rig_poll(rig, SERVER), 0);
}

static void presend_precedes_each_measurement(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " presend 6 maxpoll 6");
    rig_run(rig, 200);
    assert_int_equal(sim_sent_count(rig->sim), 6);
    assert_interval(rig, 1, 2.0);
    assert_interval(rig, 2, 64);
    assert_interval(rig, 3, 2.0);
    assert_int_equal(rig_source(rig, SERVER)->samples, 3);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 6);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 3);
}

/* Requests. */

static void request_reveals_nothing(void **state)
{
    static const uint8_t start[40] = {0x23, 0, 6, 0x20};
    struct rig *rig = *state;

    rig->stub.reference = (struct reference_data){.stratum = 3, .refid = 1, .root_delay = 0.1};
    rig_add_server(rig, SERVER);
    rig_run(rig, 100);
    for (size_t i = 0; i < 2; i++) {
        const struct sim_packet *p = sim_sent(rig->sim, i);
        assert_int_equal(p->length, 48);
        assert_memory_equal(p->data, start, sizeof(start));
    }
    assert_memory_not_equal(sim_sent(rig->sim, 0)->data + 40, sim_sent(rig->sim, 1)->data + 40, 8);
}

static void each_request_has_its_own_port(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    for (size_t i = 1; i < sim_sent_count(rig->sim); i++)
        assert_int_not_equal(sim_sent(rig->sim, i)->from.port,
                             sim_sent(rig->sim, i - 1)->from.port);
    assert_int_equal(sim_open_sockets(rig->sim), 0);
}

static void acquisition_port_is_shared(void **state)
{
    struct rig *rig = *state;

    rig->conf->sockets.acquisition_port = 1123;
    rig_restart(rig, NULL);
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    assert_int_equal(sim_sent_count(rig->sim), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sim_sent(rig->sim, i)->from.port, 1123);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
}

/* The server sockets are the client sockets, and stay open. */
static void acquisition_port_can_be_the_server_port(void **state)
{
    struct rig *rig = *state;

    rig->conf->sockets.acquisition_port = rig->conf->sockets.port = 1123;
    rig_restart(rig, NULL);
    assert_int_equal(sim_open_sockets(rig->sim), 2);
    assert_true(ntp_sockets_is_serving(rig->sockets));
    sim_set_timestamps(rig->sim, true);
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    assert_int_equal(sim_sent(rig->sim, 3)->from.port, 1123);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_kernel_tx, 4);
    assert_int_equal(sim_open_sockets(rig->sim), 2);
}

static void version_is_chosen_by_key_and_option(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, "192.0.2.1 key 1");
    rig_add_server(rig, "192.0.2.2 key 2");
    rig_add_server(rig, "192.0.2.3 version 3");
    rig_run(rig, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct sim_packet *p = sim_sent(rig->sim, i);
        int version = p->data[0] >> 3 & 7;
        uint8_t last = p->to.addr.u.v4[3];
        assert_int_equal(version, last == 1 ? 4 : 3);
        assert_int_equal(p->length, last == 1 ? 68 : last == 2 ? 84 : 48);
    }
}

/* 27.9, first packet: network correction comes first, and only when ptpport is set. */
static void requests_carry_empty_fields(void **state)
{
    static const uint8_t correction[28] = {0x01, 0x0a, 0x00, 0x1c};
    static const uint8_t mono_root[28] = {0xf3, 0x23, 0x00, 0x1c, 0xf5, 0xbe, 0xdd, 0x9a};
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " extfield F323 extfield 10A");
    rig_run(rig, 1);
    assert_int_equal(sim_sent(rig->sim, 0)->length, 76);
    assert_memory_equal(sim_sent(rig->sim, 0)->data + 48, mono_root, 28);

    rig->conf->sockets.ptp_port = 319;
    rig_restart(rig, NULL);
    sim_clear_sent(rig->sim);
    rig_add_server(rig, SERVER " extfield F323 extfield 10A minpoll 0");
    rig_run(rig, 1);
    assert_int_equal(sim_sent(rig->sim, 0)->length, 104);
    assert_int_equal(sim_sent(rig->sim, 0)->data[2], 0);
    assert_memory_equal(sim_sent(rig->sim, 0)->data + 48, correction, 28);
    assert_memory_equal(sim_sent(rig->sim, 0)->data + 76, mono_root, 28);
}

static void missing_key_sends_nothing(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " key 99");
    rig_run(rig, 100);
    assert_int_equal(sim_sent_count(rig->sim), 0);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_tx, 0);
    assert_false(rig_ntpdata(rig, SERVER).authenticated); /* no flag before the first response */
}

/* Responses. */

static void sample_has_offset_and_delay_of_the_exchange(void **state)
{
    struct rig *rig = *state;

    rig->offset = 0.25;
    rig->delay = 0.03;
    rig_add_server(rig, SERVER " offset 0.5");
    rig_run(rig, 1);
    const struct source *s = rig_source(rig, SERVER);
    assert_int_equal(s->samples, 1);
    assert_between(s->last.offset, -0.75 - 1e-6, -0.75 + 1e-6);
    assert_between(s->last.peer_delay, 0.06 - 1e-6, 0.06 + 1e-6);
    assert_between(s->last.root_delay, 0.061 - 2e-5, 0.061 + 2e-5);
    assert_int_equal(s->stratum, 1);

    struct report_ntpdata r = rig_ntpdata(rig, SERVER);
    assert_int_equal(r.tests, 0x3ff);
    assert_int_equal(r.tx_source, 'D');
    assert_int_equal(r.rx_source, 'D');
    assert_int_equal(r.mode, 4);
    assert_int_equal(r.refid, 0x47505300);
    assert_int_equal(r.total_rx, 1);
    assert_true(r.offset == -s->last.offset);
    assert_int_equal(r.local_addr.u.v4[3], 100);
}

static void kernel_timestamps_are_used(void **state)
{
    struct rig *rig = *state;

    sim_set_timestamps(rig->sim, true);
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    struct report_ntpdata r = rig_ntpdata(rig, SERVER);
    assert_int_equal(r.tx_source, 'K');
    assert_int_equal(r.rx_source, 'K');
    assert_int_equal(r.total_kernel_tx, 4);
    assert_int_equal(r.total_kernel_rx, 4);
}

static void measurement_is_logged(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER);
    rig_run(rig, 1);
    assert_int_equal(rig->stub.lines, 1);
    const char *line = rig->stub.last_line;
    assert_memory_equal(line, "2023-11-14 22:13:20 192.0.2.1       N  1 111 111 1111   6  6 ", 61);
    assert_string_equal(line + strlen(line) - 16, " 47505300 4B D D");
    rig->stub.env.log_raw_measurements = false;
    rig->stub.logging = false;
    rig_run(rig, 70);
    assert_int_equal(rig->stub.lines, 1);
    rig->stub.logging = true;
    rig_run(rig, 70);
    assert_int_equal(rig->stub.lines, 2);
}

static void unsynchronised_server_is_valid_but_gives_no_sample(void **state)
{
    struct rig *rig = *state;

    rig->leap = 3;
    rig_add_server(rig, SERVER);
    rig_run(rig, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 1);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 0);
    assert_int_equal(rig_source(rig, SERVER)->reach, 0);
    assert_int_equal(rig_source(rig, SERVER)->samples, 0);
}

static bool rate_kiss(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                      size_t *length)
{
    struct ntp_header h;

    ntp_header_read(response, &h);
    h.leap = 3;
    h.stratum = 0;
    h.refid = NTP_KOD_RATE;
    ntp_header_write(response, &h);
    return true;
}

static void rate_kiss_adds_four_intervals(void **state)
{
    struct rig *rig = *state;

    rig->tamper = rate_kiss;
    rig_add_server(rig, SERVER);
    rig_run(rig, 400);
    assert_int_equal(sim_sent_count(rig->sim), 2);
    assert_interval(rig, 1, 5 * 64);
}

static bool forged_kiss(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                        size_t *length)
{
    uint8_t kiss[NTP_MAX_LENGTH];

    memcpy(kiss, response, *length);
    rate_kiss(rig, request, kiss, length);
    kiss[30] ^= 1; /* origin */
    sim_deliver(rig->sim, &request->to, &request->from, kiss, *length, 0.0);
    return true;
}

static void forged_kiss_does_not_silence_a_client(void **state)
{
    struct rig *rig = *state;

    rig->tamper = forged_kiss;
    rig_add_server(rig, SERVER);
    rig_run(rig, 66);
    assert_int_equal(sim_sent_count(rig->sim), 2);
    assert_interval(rig, 1, 64);
    assert_int_equal(rig_source(rig, SERVER)->samples, 2);
}

/* A wrong origin, a wrong port of the sender, other modes, rubbish; then the response, twice. */
static bool attack(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                   size_t *length)
{
    struct ip_port other = {request->to.addr, 124};
    uint8_t bad[NTP_MAX_LENGTH];

    memcpy(bad, response, *length);
    bad[24] ^= 1;
    sim_deliver(rig->sim, &request->to, &request->from, bad, *length, 0.001);
    memcpy(bad, response, *length);
    sim_deliver(rig->sim, &other, &request->from, bad, *length, 0.001);
    for (int mode = 0; mode < 8; mode++) {
        bad[0] = (uint8_t)(0x20 | mode);
        if (mode != 4)
            sim_deliver(rig->sim, &request->to, &request->from, bad, *length, 0.001);
    }
    sim_deliver(rig->sim, &request->to, &request->from, response, 47, 0.001);
    sim_deliver(rig->sim, &request->to, &request->from, response, *length, 2 * rig->delay + 1e-5);
    return true;
}

static void forged_and_replayed_packets_are_ignored(void **state)
{
    struct rig *rig = *state;

    rig->tamper = attack;
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, 4);
    const struct response_tally *responses = rig_responses(rig, SERVER);
    assert_int_equal(responses->counts[RESPONSE_GOOD], 4);
    assert_int_equal(responses->counts[RESPONSE_WRONG_ORIGIN], 4);
    assert_int_equal(responses->counts[RESPONSE_FOR_SERVER], 4);
    assert_int_equal(responses->counts[RESPONSE_WRONG_MODE], 5 * 4);
    assert_int_equal(responses->counts[RESPONSE_NOT_AWAITED], 4);
    uint32_t total = 0;
    for (int i = 0; i < RESPONSE_REASONS; i++)
        total += responses->counts[i];
    assert_int_equal(total, rig_ntpdata(rig, SERVER).total_rx);
}

/* A crypto-NAK before each response, of a server that has lost its keys or of somebody else. */
static bool crypto_nak(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                       size_t *length)
{
    uint8_t nak[NTP_HEADER_LENGTH + 4] = {0};

    memcpy(nak, response, NTP_HEADER_LENGTH);
    sim_deliver(rig->sim, &request->to, &request->from, nak, sizeof(nak), 0.001);
    return true;
}

static void crypto_nak_changes_nothing(void **state)
{
    struct rig *rig = *state;

    rig->key = 1;
    rig->tamper = crypto_nak;
    rig_add_server(rig, SERVER " key 1 iburst");
    rig_run(rig, 10);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_rx, 8);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 4);
}

/* Good responses from other addresses: of a reference clock, of this machine, of anybody. */
static bool strangers(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                      size_t *length)
{
    static const char *const addresses[] = {"127.127.1.0", "127.127.28.0", "127.0.0.1",
                                            "192.0.2.99"};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct ip_port from = {rig_addr(addresses[i]), request->to.port};
        sim_deliver(rig->sim, &from, &request->from, response, *length, 0.001);
    }
    return true;
}

static void packets_of_strangers_belong_to_no_source(void **state)
{
    struct rig *rig = *state;

    /* Unconnected sockets, which take packets from everywhere. */
    rig->conf->sockets.acquisition_port = 1123;
    rig_restart(rig, NULL);
    rig->tamper = strangers;
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_rx, 4);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
}

static bool late(struct rig *rig, const struct sim_packet *request, uint8_t *response,
                 size_t *length)
{
    sim_deliver(rig->sim, &request->to, &request->from, response, *length, 7.5);
    return false;
}

static void late_response_finds_no_socket(void **state)
{
    struct rig *rig = *state;

    rig->tamper = late;
    rig_add_server(rig, SERVER);
    rig_run(rig, 30);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_rx, 0);
}

static void authenticated_source_takes_only_its_own_key(void **state)
{
    struct rig *rig = *state;

    rig->key = 1;
    rig_add_server(rig, SERVER " key 1 iburst");
    rig_run(rig, 10);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_true(rig_ntpdata(rig, SERVER).authenticated);
    rig->key = 2;
    rig_run(rig, 100);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_true(rig_responses(rig, SERVER)->counts[RESPONSE_WRONG_KEY] > 0);
    rig->key = 0;
    rig_run(rig, 300);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
    assert_int_equal(rig_responses(rig, SERVER)->last.reason, RESPONSE_WRONG_AUTH);
    assert_int_equal(rig_responses(rig, SERVER)->counts[RESPONSE_GOOD], 4);

    struct ip_addr addr = rig_addr(SERVER);
    struct report_authdata report;
    association_report_authdata(ntp_sources_find(rig->sources, &addr), &report);
    assert_int_equal(report.mode, 1);
    assert_int_equal(report.key_id, 1);
    assert_int_equal(report.key_type, 1);
    assert_int_equal(report.key_length, 80);
    assert_int_equal(report.last_ke_ago, UINT32_MAX);
}

static void unexpected_mac_fails_for_an_unauthenticated_source(void **state)
{
    struct rig *rig = *state;

    rig->key = 1;
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 10);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_valid, 0);
}

static void minstratum_and_copy(void **state)
{
    struct rig *rig = *state;

    rig->stratum = 3;
    rig->refid = 0x0a0b0c0d;
    rig_add_server(rig, "192.0.2.1 minstratum 5");
    rig_add_server(rig, "192.0.2.2 copy");
    rig_run(rig, 3);
    assert_int_equal(rig_source(rig, "192.0.2.1")->stratum, 5);
    assert_int_equal(rig_source(rig, "192.0.2.2")->stratum, 2);
    assert_int_equal(rig_source(rig, "192.0.2.2")->refid, 0x0a0b0c0d);
}

static void filter_gives_one_sample_for_several_polls(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 2 maxpoll 2 filter 4");
    rig_run(rig, 100);
    int polls = (int)rig_ntpdata(rig, SERVER).total_good;
    assert_true(polls > 20);
    assert_int_equal(rig_source(rig, SERVER)->samples, polls / 4);
}

static void xleave_requests_refer_to_the_last_response(void **state)
{
    struct rig *rig = *state;
    struct ntp_header second;

    rig_add_server(rig, SERVER " xleave");
    rig_run(rig, 100);
    ntp_header_read(sim_sent(rig->sim, 1)->data, &second);
    assert_int_equal(second.origin.lo & 1, 1);
    assert_false(ntp_time_is_zero(second.origin));
    assert_false(ntp_time_is_zero(second.receive));
    assert_false(ntp_time_equal(second.receive, second.transmit));
    assert_int_equal(rig_source(rig, SERVER)->samples, 2);
}

/* Activity. */

static void offline_source_is_silent_and_comes_back(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " offline iburst");
    rig_run(rig, 100);
    assert_int_equal(sim_sent_count(rig->sim), 0);
    assert_int_equal(rig_activity(rig).offline, 1);

    assert_true(set_connectivity(rig, SOURCE_ONLINE));
    rig_run(rig, 20);
    assert_int_equal(sim_sent_count(rig->sim), 4);
    assert_int_equal(rig_source(rig, SERVER)->reach, 0x0f);
    assert_true(set_connectivity(rig, SOURCE_OFFLINE));
    assert_int_equal(rig_source(rig, SERVER)->reach, 0);
    assert_false(rig_source(rig, SERVER)->active);
    double last = sent_at(rig, 3);

    /* The interval since the last request is kept. */
    rig_run(rig, 1);
    set_connectivity(rig, SOURCE_ONLINE);
    rig_run(rig, 100);
    assert_between(sent_at(rig, 4) - last, 63.9, 66);
}

static void offline_in_a_burst_waits_for_its_end(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 1);
    assert_int_equal(rig_activity(rig).burst_online, 1);
    set_connectivity(rig, SOURCE_OFFLINE);
    assert_int_equal(rig_activity(rig).burst_offline, 1);
    rig_run(rig, 20);
    assert_int_equal(rig_activity(rig).offline, 1);
    assert_int_equal(sim_sent_count(rig->sim), 4);
}

static void burst_of_an_offline_source(void **state)
{
    struct rig *rig = *state;
    struct ip_addr all = {0};

    rig_add_server(rig, SERVER " offline");
    assert_true(ntp_sources_burst(rig->sources, 2, 5, &all, &all));
    rig_run(rig, 20);
    assert_int_equal(sim_sent_count(rig->sim), 2);
    assert_int_equal(rig_activity(rig).offline, 1);

    rig->answer = false;
    sim_clear_sent(rig->sim);
    rig_run(rig, 100);
    assert_true(ntp_sources_burst(rig->sources, 2, 5, &all, &all));
    rig_run(rig, 100);
    assert_int_equal(sim_sent_count(rig->sim), 5);
    assert_int_equal(rig_activity(rig).offline, 1);
}

/* At a longer interval than minpoll: one good response ends the burst, four requests are the
   most. */
static void burst_option_repeats_requests_without_response(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " minpoll 5 maxpoll 10 burst");
    rig->answer = false;
    rig_run(rig, 3000);
    assert_true(rig_poll(rig, SERVER) > 7);
    sim_clear_sent(rig->sim);
    rig_run(rig, 3000);
    int close = 0;
    for (size_t i = 1; i < sim_sent_count(rig->sim); i++)
        close += sent_at(rig, i) - sent_at(rig, i - 1) < 2.1;
    assert_true(close >= 3);

    rig->answer = true;
    rig_run(rig, 3000);
    sim_clear_sent(rig->sim);
    rig_run(rig, 3000);
    for (size_t i = 1; i < sim_sent_count(rig->sim); i++)
        assert_true(sent_at(rig, i) - sent_at(rig, i - 1) >= 32);
}

static void auto_offline_after_a_failed_send(void **state)
{
    struct rig *rig = *state;

    rig_add_server(rig, SERVER " auto_offline");
    rig_run(rig, 1);
    sim_set_send_failure(rig->sim, true);
    rig_run(rig, 70);
    assert_int_equal(rig_activity(rig).offline, 1);
}

static void unreachable_network_does_not_end_the_burst(void **state)
{
    struct rig *rig = *state;

    sim_set_unreachable(rig->sim, true);
    rig_add_server(rig, SERVER " iburst");
    rig_run(rig, 60);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_tx, 0);
    assert_int_equal(rig_activity(rig).burst_online, 1);
    sim_set_unreachable(rig->sim, false);
    rig_run(rig, 20);
    assert_int_equal(rig_activity(rig).online, 1);
    assert_int_equal(rig_source(rig, SERVER)->samples, 4);
}

static void unknown_step_resets_the_association(void **state)
{
    struct rig *rig = *state;
    struct clock_change change = {.type = CLOCK_UNKNOWN_STEP};

    rig->answer = false;
    rig_add_server(rig, SERVER " minpoll 4 maxpoll 10");
    rig_run(rig, 4000);
    assert_true(rig_poll(rig, SERVER) > 4);
    stub_env_change_clock(&rig->stub, &change);
    assert_int_equal(rig_poll(rig, SERVER), 4);
    sim_clear_sent(rig->sim);
    rig_run(rig, 20);
    assert_true(sim_sent_count(rig->sim) >= 1);
}

static void options_change_at_run_time(void **state)
{
    struct rig *rig = *state;
    struct ip_addr addr = rig_addr(SERVER), other = rig_addr("192.0.2.9");

    rig_add_server(rig, SERVER);
    assert_null(ntp_sources_find(rig->sources, &other));
    association_modify_maxpoll(ntp_sources_find(rig->sources, &addr), 3);
    rig_run(rig, 200);
    assert_int_equal(rig_poll(rig, SERVER), 3);
    association_modify_minpoll(ntp_sources_find(rig->sources, &addr), 99);
    rig_run(rig, 100);
    assert_int_equal(rig_poll(rig, SERVER), 3);
    association_modify_max_delay(ntp_sources_find(rig->sources, &addr), 0.001);
    int good = (int)rig_ntpdata(rig, SERVER).total_good;
    rig_run(rig, 100);
    assert_int_equal(rig_ntpdata(rig, SERVER).total_good, good);
}

/* Two daemons in one world. */

/* The loops take turns on the one clock. */
static void run_both(struct rig *a, struct rig *b, double seconds)
{
    double end = sim_time(a->sim) + seconds;

    while (sim_time(a->sim) < end) {
        rig_run(a, 0.005);
        rig_run(b, 0.005);
    }
}

static void peers_synchronise_and_recover(void **state)
{
    struct rig *a = *state, b;
    struct ip_addr addr_a = rig_addr("192.0.2.11"), addr_b = rig_addr("192.0.2.12");

    rig_init(&b, a->sim, NULL);
    sim_set_delay(a->sim, 0.01);
    a->conf->sockets.server.v4 = addr_a;
    b.conf->sockets.server.v4 = addr_b;
    rig_restart(a, NULL);
    rig_restart(&b, NULL);
    a->stub.reference = b.stub.reference =
        (struct reference_data){.synchronised = true, .stratum = 2, .refid = 0x01020304};
    b.stub.reference.refid = 0x04030201;
    assert_int_equal(rig_add(a, SOURCE_PEER, false, "192.0.2.12 minpoll 4 maxpoll 4"), 0);
    assert_int_equal(rig_add(&b, SOURCE_PEER, false, "192.0.2.11 minpoll 4 maxpoll 4"), 0);
    rig_start(a);
    rig_start(&b);

    run_both(a, &b, 200);
    struct source *sa = association_source(ntp_sources_find(a->sources, &addr_b));
    struct source *sb = association_source(ntp_sources_find(b.sources, &addr_a));
    assert_true(sa->samples >= 8);
    assert_true(sb->samples >= 8);
    assert_between(fabs(sa->last.offset), 0.0, 0.011);

    /* After a lost packet, and when one side has forgotten everything. */
    int before_a = sa->samples, before_b = sb->samples;
    sim_set_loss(a->sim, 1);
    run_both(a, &b, 200);
    assert_true(sa->samples >= before_a + 8);
    assert_true(sb->samples >= before_b + 8);
    stub_env_change_clock(&b.stub, &(struct clock_change){.type = CLOCK_UNKNOWN_STEP});
    before_a = sa->samples;
    before_b = sb->samples;
    run_both(a, &b, 200);
    assert_true(sa->samples >= before_a + 8);
    assert_true(sb->samples >= before_b + 8);

    struct report_source report = {0};
    association_report_source(ntp_sources_find(a->sources, &addr_b), &report);
    assert_int_equal(report.mode, 1);
    rig_free(&b);
}

/* Our client with xleave and our server, with kernel timestamps: all but the first replies are
   interleaved, and the measured delay is that of the network. */
static void client_and_server_exchange_interleaved(void **state)
{
    struct rig *client = *state, server;
    struct conf_access_rule rule = {.allow = true};
    struct ip_addr addr = rig_addr("192.0.2.12");

    rig_init(&server, client->sim, NULL);
    sim_set_delay(client->sim, 0.02);
    sim_set_timestamps(client->sim, true);
    server.conf->sockets.server.v4 = addr;
    rig_restart(&server, NULL);
    server.stub.reference =
        (struct reference_data){.synchronised = true, .stratum = 2, .refid = 0x01020304};
    struct client_log *log =
        client_log_new(sim_world_interface(client->sim), &server.conf->client_log);
    struct ntp_server *ntp = ntp_server_new(
        &(struct ntp_server_params){.env = &server.stub.env,
                                    .conf = server.conf->server,
                                    .log = log,
                                    .limits = client_limits_make(&server.conf->client_log),
                                    .keys = server.keys,
                                    .sockets = server.sockets});
    assert_true(ntp_server_set_access(ntp, &rule));
    rig_add_server(client, "192.0.2.12 xleave minpoll 2 maxpoll 2");
    run_both(client, &server, 60);

    struct report_ntpdata report;
    struct report_serverstats stats;
    association_report_ntpdata(ntp_sources_find(client->sources, &addr), &report);
    assert_true(report.interleaved);
    assert_int_equal(report.tests, 0x3ff);
    assert_between(report.peer_delay, 0.04 - 1e-5, 0.04 + 1e-5);
    assert_between(report.offset, -1e-5, 1e-5);
    server_shard_report_stats(ntp_server_shard(ntp), &stats);
    assert_int_equal(stats.ntp_interleaved_hits, stats.ntp_hits - 2);
    assert_true(stats.ntp_kernel_tx >= stats.ntp_interleaved_hits - 1);
    ntp_server_free(ntp);
    client_log_free(log);
    rig_free(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_sent_before_the_start),
        TEST(unanswered_iburst_has_the_intervals_of_the_specification),
        TEST(answered_iburst_ends_with_the_fourth_response),
        TEST(missed_samples_lengthen_the_interval_up_to_maxpoll),
        TEST(poll_without_burst_is_the_minimum_at_first),
        TEST(good_prediction_lengthens_the_interval),
        TEST(subsecond_polling_needs_a_near_server),
        TEST(presend_precedes_each_measurement),
        TEST(request_reveals_nothing),
        TEST(each_request_has_its_own_port),
        TEST(acquisition_port_is_shared),
        TEST(acquisition_port_can_be_the_server_port),
        TEST(version_is_chosen_by_key_and_option),
        TEST(requests_carry_empty_fields),
        TEST(missing_key_sends_nothing),
        TEST(sample_has_offset_and_delay_of_the_exchange),
        TEST(kernel_timestamps_are_used),
        TEST(measurement_is_logged),
        TEST(unsynchronised_server_is_valid_but_gives_no_sample),
        TEST(rate_kiss_adds_four_intervals),
        TEST(forged_kiss_does_not_silence_a_client),
        TEST(forged_and_replayed_packets_are_ignored),
        TEST(crypto_nak_changes_nothing),
        TEST(packets_of_strangers_belong_to_no_source),
        TEST(late_response_finds_no_socket),
        TEST(authenticated_source_takes_only_its_own_key),
        TEST(unexpected_mac_fails_for_an_unauthenticated_source),
        TEST(minstratum_and_copy),
        TEST(filter_gives_one_sample_for_several_polls),
        TEST(xleave_requests_refer_to_the_last_response),
        TEST(offline_source_is_silent_and_comes_back),
        TEST(offline_in_a_burst_waits_for_its_end),
        TEST(burst_of_an_offline_source),
        TEST(burst_option_repeats_requests_without_response),
        TEST(auto_offline_after_a_failed_send),
        TEST(unreachable_network_does_not_end_the_burst),
        TEST(unknown_step_resets_the_association),
        TEST(options_change_at_run_time),
        TEST(peers_synchronise_and_recover),
        TEST(client_and_server_exchange_interleaved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTP over PTP (ntp.md 17): the message octet by octet, every check of a received one, and a client
 * and a server that talk in this way.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include "ntp/ptp.h"
#include "ntp/server/server.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/rig.h"

#define MESSAGE_LENGTH (PTP_OVERHEAD + NTP_HEADER_LENGTH)

static size_t make_message(uint8_t *message)
{
    uint8_t ntp[NTP_HEADER_LENGTH];

    for (size_t i = 0; i < sizeof(ntp); i++)
        ntp[i] = (uint8_t)(i + 1);
    return ptp_wrap(message, MESSAGE_LENGTH, 123, 5, ntp, sizeof(ntp));
}

/* 27.9 */
static void message_is_that_of_the_specification(void **state)
{
    static const uint8_t expected[PTP_OVERHEAD] = {
        0x01, 0x02,        0x00,        0x68,        0x7b,        0x00,
        0x04, [31] = 0x05, [45] = 0x03, [47] = 0x38, [50] = 0x5e, [53] = 0x01};
    uint8_t message[MESSAGE_LENGTH], ntp[NTP_HEADER_LENGTH] = {0};
    struct ptp_payload payload;

    assert_int_equal(make_message(message), 104);
    assert_memory_equal(message, expected, sizeof(expected));
    assert_true(ptp_unwrap(message, sizeof(message), 123, &payload));
    assert_ptr_equal(payload.ntp, message + PTP_OVERHEAD);
    assert_int_equal(payload.length, NTP_HEADER_LENGTH);
    assert_true(payload.correction == 0.0);
    assert_int_equal(ptp_wrap(message, MESSAGE_LENGTH - 1, 123, 5, ntp, sizeof(ntp)), 0);
}

static void every_checked_octet_matters(void **state)
{
    uint8_t message[MESSAGE_LENGTH];
    struct ptp_payload payload;
    /* Type and version have a second value each, the TLV type too. */
    static const uint8_t unchecked[] = {5,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
                                        20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
                                        33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 54, 55};

    for (size_t i = 0; i < PTP_OVERHEAD; i++) {
        bool ignored = memchr(unchecked, (int)i, sizeof(unchecked)) != NULL;
        make_message(message);
        message[i] ^= 0x44;
        assert_int_equal(ptp_unwrap(message, sizeof(message), 123, &payload), ignored);
    }
    for (size_t length = 0; length < sizeof(message); length++) {
        make_message(message);
        assert_false(ptp_unwrap(message, length, 123, &payload));
    }
    make_message(message);
    assert_false(ptp_unwrap(message, sizeof(message), 0, &payload));
    message[2] = message[46] = 0;
    message[3] = PTP_OVERHEAD;
    message[47] = 8;
    assert_false(ptp_unwrap(message, PTP_OVERHEAD, 123, &payload));
}

static void other_forms_of_type_and_version_are_accepted(void **state)
{
    uint8_t message[MESSAGE_LENGTH];
    struct ptp_payload payload;

    make_message(message);
    message[0] = 0; /* Sync */
    message[1] = 0x12;
    message[44] = 0x80;
    message[45] = 0x00;
    assert_true(ptp_unwrap(message, sizeof(message), 123, &payload));
    message[5] = 1; /* minor SdoId */
    assert_false(ptp_unwrap(message, sizeof(message), 123, &payload));
    message[1] = 0x02;
    assert_true(ptp_unwrap(message, sizeof(message), 123, &payload));
}

static void correction_is_in_units_of_2_to_the_minus_16_ns(void **state)
{
    uint8_t message[MESSAGE_LENGTH];
    struct ptp_payload payload;

    make_message(message);
    message[13] = 1; /* 65536 units: 1 ns */
    assert_true(ptp_unwrap(message, sizeof(message), 123, &payload));
    assert_between(payload.correction, 1e-9 - 1e-15, 1e-9 + 1e-15);
    memset(message + 8, 0xff, 8);
    assert_true(ptp_unwrap(message, sizeof(message), 123, &payload));
    assert_between(payload.correction, -1.6e-14, -1.5e-14);
}

/* In the network. */

static void run_both(struct rig *a, struct rig *b, double seconds)
{
    double end = sim_time(a->sim) + seconds;

    while (sim_time(a->sim) < end) {
        rig_run(a, 0.005);
        rig_run(b, 0.005);
    }
}

struct pair {
    struct rig client, server;
    struct client_log *log;
    struct ntp_server *ntp;
};

static void pair_start(struct pair *p, int client_domain)
{
    struct conf_access_rule rule = {.allow = true};

    rig_init(&p->client, NULL, NULL);
    rig_init(&p->server, p->client.sim, NULL);
    p->client.conf->sockets.ptp_port = p->server.conf->sockets.ptp_port = 319;
    p->client.conf->sockets.ptp_domain = client_domain;
    p->client.conf->sockets.server.v4 = rig_addr("192.0.2.11");
    p->server.conf->sockets.server.v4 = rig_addr("192.0.2.12");
    sim_set_timestamps(p->client.sim, true);
    sim_set_delay(p->client.sim, 0.01);
    rig_restart(&p->client, NULL);
    rig_restart(&p->server, NULL);
    p->server.stub.reference =
        (struct reference_data){.synchronised = true, .stratum = 2, .refid = 0x01020304};
    p->log = client_log_new(sim_world_interface(p->client.sim), &p->server.conf->client_log);
    p->ntp = ntp_server_new(
        &(struct ntp_server_params){.env = &p->server.stub.env,
                                    .conf = p->server.conf->server,
                                    .ptp_port = p->server.conf->sockets.ptp_port,
                                    .log = p->log,
                                    .limits = client_limits_make(&p->server.conf->client_log),
                                    .keys = p->server.keys,
                                    .sockets = p->server.sockets});
    assert_true(ntp_server_set_access(p->ntp, &rule));
}

static void pair_end(struct pair *p)
{
    ntp_server_free(p->ntp);
    client_log_free(p->log);
    rig_free(&p->server);
    rig_free(&p->client);
}

static void client_and_server_talk_over_ptp(void **state)
{
    struct ip_addr addr = rig_addr("192.0.2.12");
    struct report_ntpdata report;
    struct pair p;

    pair_start(&p, 123);
    rig_add_server(&p.client, "192.0.2.12 port 319 iburst xleave extfield 10a");
    run_both(&p.client, &p.server, 10);

    assert_int_equal(rig_source(&p.client, "192.0.2.12")->samples, 4);
    for (size_t i = 0; i < sim_sent_count(p.client.sim); i++) {
        const struct sim_packet *packet = sim_sent(p.client.sim, i);
        assert_int_equal(packet->length, PTP_OVERHEAD + NTP_HEADER_LENGTH + 28);
        assert_int_equal(packet->from.port, 319);
        assert_int_equal(packet->to.port, 319);
        assert_int_equal(packet->data[0], 1);
        /* Each side counts for itself. */
        assert_int_equal(packet->data[31], i / 2);
    }
    /* Transmit timestamps come back with the wrapped message. */
    association_report_ntpdata(ntp_sources_find(p.client.sources, &addr), &report);
    assert_true(report.total_kernel_tx >= 4);
    assert_true(report.interleaved);
    pair_end(&p);
}

static void other_domains_and_plain_packets_are_ignored(void **state)
{
    struct ip_port to = {rig_addr("192.0.2.12"), 319}, from = {rig_addr("192.0.2.50"), 319};
    uint8_t plain[NTP_HEADER_LENGTH] = {0x23};
    struct pair p;

    pair_start(&p, 0);
    rig_add_server(&p.client, "192.0.2.12 port 319 iburst");
    sim_deliver(p.client.sim, &from, &to, plain, sizeof(plain), 0.1);
    run_both(&p.client, &p.server, 5);
    assert_int_equal(rig_source(&p.client, "192.0.2.12")->samples, 0);
    for (size_t i = 0; i < sim_sent_count(p.client.sim); i++)
        assert_true(ip_addr_equal(&sim_sent(p.client.sim, i)->to.addr, &to.addr));
    pair_end(&p);
}

static void ptp_sockets_count_as_serving_and_stay_open(void **state)
{
    struct rig rig;

    rig_init(&rig, NULL, NULL);
    assert_false(ntp_sockets_is_serving(rig.sockets));
    rig.conf->sockets.ptp_port = 319;
    rig_restart(&rig, NULL);
    assert_true(ntp_sockets_is_serving(rig.sockets));
    assert_int_equal(sim_open_sockets(rig.sim), 2);
    /* A peer with this port does not open the server socket. */
    assert_int_equal(rig_add(&rig, SOURCE_PEER, false, "192.0.2.5 port 319"), 0);
    assert_int_equal(sim_open_sockets(rig.sim), 2);
    assert_int_equal(rig_add(&rig, SOURCE_PEER, false, "192.0.2.6"), 0);
    assert_int_equal(sim_open_sockets(rig.sim), 3);
    ntp_sources_remove_all(rig.sources);
    assert_int_equal(sim_open_sockets(rig.sim), 2);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_that_of_the_specification),
        cmocka_unit_test(every_checked_octet_matters),
        cmocka_unit_test(other_forms_of_type_and_version_are_accepted),
        cmocka_unit_test(correction_is_in_units_of_2_to_the_minus_16_ns),
        cmocka_unit_test(client_and_server_talk_over_ptp),
        cmocka_unit_test(other_domains_and_plain_packets_are_ignored),
        cmocka_unit_test(ptp_sockets_count_as_serving_and_stay_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server as a whole in a virtual network (ntp.md 19, 20, 27.11): sockets, batches, snapshots
 * that follow rules, keys and the clock, and the times of replies.
 */
#include "test/unit/support/unit.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "conf/conf.h"
#include "ntp/server/server.h"
#include "test/unit/support/env.h"
#include "test/unit/support/request.h"

#define KEYS "1 MD5 first\n"

struct fixture {
    struct sim_world *sim;
    struct loop *loop;
    struct stub_env stub;
    struct conf conf;
    struct client_log *log;
    struct ntp_keys *keys;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->sim = sim_world_new();
    f->loop = loop_new(sim_world_interface(f->sim));
    stub_env_init(&f->stub, f->sim, f->loop);
    f->conf.client_log.limit = 524288;
    f->conf.sockets.port = 123;
    f->conf.sockets.acquisition_port = -1;
    f->log = client_log_new(sim_world_interface(f->sim), &f->conf.client_log);
    f->keys = ntp_keys_new();
    sim_set_file(f->sim, "/keys", KEYS, 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), "/keys");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    ntp_keys_free(f->keys);
    client_log_free(f->log);
    loop_free(f->loop);
    sim_world_free(f->sim);
    free(f);
    return 0;
}

struct service {
    struct ntp_sockets *sockets;
    struct ntp_server *server;
};

static struct service start(struct fixture *f)
{
    struct service s = {.sockets = ntp_sockets_new(&f->stub.env, &f->conf.sockets, &f->conf.client,
                                                   &f->conf.broadcasts)};

    s.server = ntp_server_new(&(struct ntp_server_params){
        .env = &f->stub.env,
        .conf = f->conf.server,
        .ptp_port = f->conf.sockets.ptp_port,
        .log = f->log,
        .limits = client_limits_make(&f->conf.client_log),
        .keys = f->keys,
        .sockets = s.sockets,
    });
    return s;
}

static void shut_down(struct service *s)
{
    ntp_server_free(s->server);
    ntp_sockets_free(s->sockets);
}

static struct report_serverstats stats_of(const struct service *s)
{
    struct report_serverstats stats;

    server_shard_report_stats(ntp_server_shard(s->server), &stats);
    return stats;
}

/* How many requests had a result. */
static uint64_t counted(const struct service *s, enum server_result result)
{
    return ntp_server_shard(s->server)->counts->results[result];
}

static void sockets_follow_the_access_rules(void **state)
{
    struct fixture *f = *state;
    struct service s = start(f);
    struct conf_access_rule rule = {.subnet = {ip_addr_v4(192, 0, 2, 0), 24}, .allow = true};
    struct ip_addr addr = ip_addr_v4(192, 0, 2, 1);

    assert_false(ntp_sockets_is_serving(s.sockets));
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 1);
    assert_true(ntp_server_is_allowed(s.server, &addr));
    rule.subnet = (struct subnet){.bits = 0};
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 2);
    rule = (struct conf_access_rule){.allow = false, .all = true};
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 0);
    rule.subnet = (struct subnet){ip_addr_v4(1, 2, 3, 4), 33};
    assert_false(ntp_server_set_access(s.server, &rule));
    shut_down(&s);
}

static void port_0_serves_nobody(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};

    f->conf.sockets.port = 0;
    struct service s = start(f);
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_int_equal(sim_open_sockets(f->sim), 0);
    shut_down(&s);
}

static void batch_is_answered_with_one_send(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    for (uint16_t i = 0; i < 16; i++) {
        struct ip_port from = {ip_addr_v4(192, 0, 2, 7), (uint16_t)(5000 + i)};
        sim_deliver(f->sim, &from, &to, p, i == 3 ? 44 : 48, 1.0);
    }
    sim_run(f->sim, f->loop, 2.0);
    assert_int_equal(sim_sent_count(f->sim), 15);
    assert_int_equal(sim_send_calls(f->sim), 1);
    assert_int_equal(sim_sent(f->sim, 0)->to.port, 5000);
    assert_int_equal(sim_sent(f->sim, 0)->from.port, 123);
    assert_true(ip_addr_equal(&sim_sent(f->sim, 0)->from.addr, &to.addr));
    shut_down(&s);
}

/* After a quiet time less is asked for, and more again as it comes. */
static void burst_after_single_requests_takes_few_sends(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    for (uint16_t i = 0; i < 104; i++) {
        struct ip_port from = {ip_addr_v4(192, 0, 2, 7), (uint16_t)(5000 + i)};
        sim_deliver(f->sim, &from, &to, p, 48, i < 4 ? 1.0 + i : 5.0);
    }
    sim_run(f->sim, f->loop, 6.0);
    assert_int_equal(sim_sent_count(f->sim), 104);
    assert_int_equal(sim_sent(f->sim, 103)->to.port, 5103);
    assert_int_equal(sim_send_calls(f->sim), 4 + 3); /* 8, 32, 60 */
    shut_down(&s);
}

static void reply_that_cannot_be_sent_does_not_hold_up_others(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    for (uint16_t i = 0; i < 4; i++) {
        struct ip_port from = {ip_addr_v4(192, 0, 2, 7), i % 2 == 0 ? 0 : (uint16_t)(5000 + i)};
        sim_deliver(f->sim, &from, &to, p, 48, 1.0);
    }
    sim_run(f->sim, f->loop, 2.0);
    assert_int_equal(sim_sent_count(f->sim), 2);
    assert_int_equal(sim_sent(f->sim, 1)->to.port, 5003);
    shut_down(&s);
}

/* Request of the interleaved mode, and its reply over the network. */
static struct ntp_header exchange(struct fixture *f, struct ntp_header *request)
{
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    struct ntp_header reply;
    uint8_t p[NTP_MAX_LENGTH];

    request->version = 4;
    request->mode = 3;
    request->receive.hi++;
    request->transmit.lo += 3;
    ntp_header_write(p, request);
    sim_clear_sent(f->sim);
    sim_deliver(f->sim, &from, &to, p, 48, 0.0);
    sim_run(f->sim, f->loop, 1.0);
    assert_int_equal(sim_sent_count(f->sim), 1);
    ntp_header_read(sim_sent(f->sim, 0)->data, &reply);
    request->origin = reply.receive;
    return reply;
}

/* With time smoothing also the transmit times that are told later are those of the smoothed clock,
   whoever has taken them. */
static void interleaved_replies_have_the_time_of_sending(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};

    for (int i = 0; i < 4; i++) {
        struct ntp_header request = {.receive = {1, 1}, .transmit = {2, 2}}, reply;
        struct service s = start(f);

        assert_true(ntp_server_set_access(s.server, &rule));
        f->stub.smoothing = i % 2 == 1 ? 0.125 : 0.0;
        sim_set_timestamps(f->sim, i >= 2);
        exchange(f, &request);
        exchange(f, &request);
        struct instant sent =
            instant_add(sim_raw(f->sim).i, sim_sent(f->sim, 0)->time - sim_time(f->sim));
        reply = exchange(f, &request);
        assert_true(ntp_time_equal(reply.origin, request.receive));
        double late = instant_diff(ntp_time_to_instant(reply.transmit), sent);
        assert_between(late, f->stub.smoothing - 1e-8, f->stub.smoothing + 2e-6);
        assert_int_equal(reply.refid == REFID_SMOOTH, i % 2);
        assert_int_equal(stats_of(&s).ntp_timestamps, 2);
        shut_down(&s);
    }
}

static struct ntp_mono_root ask_mono_root(struct fixture *f, double *shift)
{
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    struct ntp_mono_root root = {0};
    struct ntp_header reply;
    uint8_t p[NTP_MAX_LENGTH];
    size_t length = put_field(p, put_header(p, 4, 3), NTP_EXT_MONO_ROOT, 28);

    ntp_mono_root_write(p + 52, &root);
    sim_clear_sent(f->sim);
    sim_deliver(f->sim, &from, &to, p, length, 0.0);
    sim_run(f->sim, f->loop, 1.0);
    assert_int_equal(sim_sent(f->sim, 0)->length, 76);
    assert_true(ntp_mono_root_read(sim_sent(f->sim, 0)->data + 52, 24, &root));
    ntp_header_read(sim_sent(f->sim, 0)->data, &reply);
    *shift = ntp_time_diff(root.mono_receive, reply.receive);
    return root;
}

/* 16.2: corrections of the clock add up on the monotonic scale until it begins anew. */
static void monotonic_scale_follows_the_clock(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct clock_change change = {.type = CLOCK_ADJUST, .doffset = 0.5};
    struct service s = start(f);
    double shift;

    assert_true(ntp_server_set_access(s.server, &rule));
    uint32_t epoch = ask_mono_root(f, &shift).epoch;
    assert_between(shift, -1e-8, 1e-8);
    stub_env_change_clock(&f->stub, &change);
    change.doffset = -0.125;
    stub_env_change_clock(&f->stub, &change);
    assert_int_equal(ask_mono_root(f, &shift).epoch, epoch);
    assert_between(shift, 0.375 - 1e-8, 0.375 + 1e-8);
    assert_true(ntp_server_mono_scale(s.server)->shift == 0.375);
    for (change.type = CLOCK_STEP; change.type <= CLOCK_UNKNOWN_STEP; change.type++) {
        stub_env_change_clock(&f->stub, &change);
        uint32_t next = ask_mono_root(f, &shift).epoch;
        assert_int_not_equal(next, epoch);
        assert_between(shift, -1e-8, 1e-8);
        /* Packets to peers have the same scale. */
        assert_int_equal(ntp_server_mono_scale(s.server)->epoch, next);
        assert_true(ntp_server_mono_scale(s.server)->shift == 0.0);
        epoch = next;
    }
    shut_down(&s);
}

static void kernel_timestamps_are_used_when_credible(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    sim_deliver(f->sim, &from, &to, p, 48, 1.0);
    sim_run(f->sim, f->loop, 2.0);
    sim_set_timestamps(f->sim, true);
    sim_deliver(f->sim, &from, &to, p, 48, 1.0);
    sim_run(f->sim, f->loop, 2.0);
    struct report_serverstats stats = stats_of(&s);
    assert_int_equal(stats.ntp_hits, 2);
    assert_int_equal(stats.ntp_daemon_rx, 1);
    assert_int_equal(stats.ntp_kernel_rx, 1);
    shut_down(&s);
}

/* Whether a request with a MAC of the key file is answered. */
static bool ask_with_mac(struct fixture *f, const struct key_table *table)
{
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    uint8_t p[NTP_MAX_LENGTH];
    struct writer w = writer_make(p, sizeof(p));

    w.pos = put_header(p, 4, 3);
    assert_true(key_table_add_mac(table, 1, 4, &w));
    sim_clear_sent(f->sim);
    sim_deliver(f->sim, &from, &to, p, w.pos, 0.0);
    sim_run(f->sim, f->loop, 1.0);
    return sim_sent_count(f->sim) == 1;
}

static void rules_and_keys_are_in_effect_with_the_next_request(void **state)
{
    static const struct ntp_key other = {1, KEY_MD5, (uint8_t *)(uintptr_t) "other", 5};
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct key_table *others = key_table_new(&other, 1);
    struct service s = start(f);

    assert_true(ntp_server_set_access(s.server, &rule));
    assert_true(ask_with_mac(f, ntp_keys_table(f->keys)));
    assert_false(ask_with_mac(f, others));
    assert_int_equal(counted(&s, SERVER_DROPPED_KEY), 1);
    sim_set_file(f->sim, "/keys", "1 MD5 other\n", 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), "/keys");
    assert_true(ask_with_mac(f, others));
    rule = (struct conf_access_rule){.subnet = {ip_addr_v4(192, 0, 2, 7), 32}};
    assert_true(ntp_server_set_access(s.server, &rule));
    assert_false(ask_with_mac(f, others));
    assert_int_equal(counted(&s, SERVER_DROPPED_ACCESS), 1);
    assert_int_equal(counted(&s, SERVER_ANSWERED), 2);
    key_table_free(others);
    shut_down(&s);
}

/* A secret of the test, which is nowhere in memory unless the program has a copy. */
#define SECRET_SIZE 24
static uint8_t secret_octet(size_t i)
{
    return (uint8_t)(0x91 + 37 * i * i);
}

/* By way of /proc/self/mem, since sanitizers and valgrind object to reads of memory that is not in
   use, which counts, too. */
static bool is_in_range(int mem, uint64_t start, uint64_t end)
{
    static uint8_t data[65536];
    bool found = false;

    for (uint64_t at = start; at < end && !found; at += sizeof(data) - SECRET_SIZE) {
        ssize_t n = pread(mem, data, sizeof(data), (off_t)at);

        for (ssize_t i = 0; i + SECRET_SIZE <= n && !found; i++) {
            size_t same = 0;

            while (same < SECRET_SIZE && data[i + (ssize_t)same] == secret_octet(same))
                same++;
            found = same == SECRET_SIZE;
        }
        memset(data, 0, sizeof(data));
    }
    return found;
}

static bool is_secret_in_memory(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY);
    bool found = false;
    uint64_t start, end;
    char line[512];

    assert_non_null(maps);
    assert_true(mem >= 0);
    while (!found && fgets(line, sizeof(line), maps))
        /* The largest ranges are the notes of sanitizers. */
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " rw", &start, &end) == 2 && strstr(line, " rw") &&
            end - start < 1U << 28)
            found = is_in_range(mem, start, end);
    close(mem);
    fclose(maps);
    return found;
}

static void old_keys_are_wiped_without_a_request(void **state)
{
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    char file[64] = "1 MD5 HEX:";
    uint8_t p[NTP_MAX_LENGTH];
    struct service s = start(f);

    for (size_t i = 0; i < SECRET_SIZE; i++)
        snprintf(file + 10 + 2 * i, 3, "%02X", secret_octet(i));
    sim_set_file(f->sim, "/keys", file, 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), "/keys");
    assert_true(ntp_server_set_access(s.server, &rule));
    put_header(p, 4, 3);
    sim_deliver(f->sim, &from, &to, p, 48, 0.0);
    sim_run(f->sim, f->loop, 1.0);
    assert_int_equal(counted(&s, SERVER_ANSWERED), 1);
    assert_true(is_secret_in_memory());
    ntp_server_wipe_old_keys(s.server);
    assert_true(is_secret_in_memory());

    sim_set_file(f->sim, "/keys", KEYS, 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), "/keys");
    ntp_server_wipe_old_keys(s.server);
    assert_false(is_secret_in_memory());
    shut_down(&s);
}

/* Keys of NTS that say what the check of a request has to be. */
struct nts_keys {
    enum ntp_nts_check check;
    uint64_t generation;
};

static struct plain_value nts_keys_of(const void *ctx)
{
    const struct nts_keys *keys = ctx;

    return (struct plain_value){&keys->check, sizeof(keys->check), keys->generation};
}

static void nts_check(const void *keys, struct random_pool *random, struct aead_batch *batch,
                      struct ntp_nts_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i].check = *(const enum ntp_nts_check *)keys;
}

static void nts_add(struct aead_batch *batch, const struct ntp_nts_item *items, size_t count)
{
}

static void ask_with_nts(struct fixture *f)
{
    struct ip_port to = {ip_addr_v4(192, 0, 2, 100), 123}, from = {ip_addr_v4(192, 0, 2, 7), 5000};
    uint8_t p[NTP_MAX_LENGTH];

    size_t length = put_field(p, put_field(p, put_header(p, 4, 3), 0x0104, 36), 0x0404, 40);
    sim_deliver(f->sim, &from, &to, p, length, 0.0);
    sim_run(f->sim, f->loop, 1.0);
}

static void nts_keys_are_in_effect_with_the_next_request(void **state)
{
    static const struct ntp_nts_server_ops ops = {nts_check, nts_add};
    struct fixture *f = *state;
    struct conf_access_rule rule = {.allow = true};
    struct service s = start(f);
    struct nts_keys keys = {NTP_NTS_PASS, 1};
    const struct ntp_nts nts = {.server = &ops, .server_keys = nts_keys_of, .server_ctx = &keys};

    assert_true(ntp_server_set_access(s.server, &rule));
    ask_with_nts(f);
    assert_int_equal(counted(&s, SERVER_DROPPED_NTS), 1);
    ntp_server_set_nts(s.server, &nts);
    ask_with_nts(f);
    assert_int_equal(counted(&s, SERVER_ANSWERED), 1);
    keys = (struct nts_keys){NTP_NTS_NAK, 2};
    ask_with_nts(f);
    assert_int_equal(counted(&s, SERVER_ANSWERED_KOD_NTSN), 1);
    ntp_server_set_nts(s.server, NULL);
    ask_with_nts(f);
    assert_int_equal(counted(&s, SERVER_DROPPED_NTS), 2);
    shut_down(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sockets_follow_the_access_rules),
        TEST(port_0_serves_nobody),
        TEST(batch_is_answered_with_one_send),
        TEST(burst_after_single_requests_takes_few_sends),
        TEST(reply_that_cannot_be_sent_does_not_hold_up_others),
        TEST(interleaved_replies_have_the_time_of_sending),
        TEST(monotonic_scale_follows_the_clock),
        TEST(kernel_timestamps_are_used_when_credible),
        TEST(rules_and_keys_are_in_effect_with_the_next_request),
        TEST(old_keys_are_wiped_without_a_request),
        TEST(nts_keys_are_in_effect_with_the_next_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

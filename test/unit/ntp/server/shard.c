/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shards in shared memory: what one process has written another one reads, what a process that was
 * killed has left is gone on with if it makes sense, and nobody trusts the contents.
 */
#include "test/unit/support/unit.h"

#include <stdlib.h>
#include <string.h>
#include "conf/conf.h"
#include "ntp/server/shard.h"
#include "test/unit/support/world.h"

#define START   1700000000
#define CLIENTS 300

struct fixture {
    struct sim_world *sim;
    struct conf conf;
    struct client_limits limits;
    size_t size;
    uint8_t *memory; /* an allocation of exactly this size, so that the sanitizer sees its end */
    struct server_shard shard;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    bool bad;

    f->sim = sim_world_new();
    f->conf.client_log.limit = 524288;
    f->conf.client_log.ntp = (struct ratelimit_conf){true, 3, 8, 2, 0};
    f->limits = client_limits_make(&f->conf.client_log);
    f->size = server_shard_memory(&f->conf.client_log);
    f->memory = calloc(1, f->size);
    server_shard_adopt(&f->shard, sim_world_interface(f->sim), &f->conf.client_log, f->memory,
                       &bad);
    assert_false(bad);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    server_shard_clear(&f->shard);
    sim_world_free(f->sim);
    free(f->memory);
    free(f);
    return 0;
}

static struct local_time at(int seconds)
{
    return (struct local_time){{START + seconds, 0}};
}

static struct ip_addr client(int number)
{
    return ip_addr_v4(10, 0, (uint8_t)(number >> 8), (uint8_t)number);
}

static void serve_clients(struct fixture *f)
{
    for (int i = 0; i < CLIENTS; i++) {
        struct ip_addr addr = client(i);
        int record = client_log_access(f->shard.log, &f->limits, CLIENT_NTP, &addr, at(i));

        assert_true(record >= 0);
        timestamp_map_save(f->shard.map, (struct ntp_time){(uint32_t)i + 1, 1},
                           (struct local_time){0}, TIMESTAMP_DAEMON);
        f->shard.counts->results[SERVER_ANSWERED]++;
    }
}

static struct report_serverstats stats_of(const struct fixture *f)
{
    struct report_serverstats stats;
    struct server_shard view;

    server_shard_view(&view, &f->conf.client_log, f->memory);
    server_shard_report_stats(&view, &stats);
    server_shard_clear(&view);
    return stats;
}

/* Whether the shard is gone on with. */
static bool adopt_again(struct fixture *f)
{
    bool bad;

    server_shard_clear(&f->shard);
    server_shard_adopt(&f->shard, sim_world_interface(f->sim), &f->conf.client_log, f->memory,
                       &bad);
    return !bad;
}

static void view_shows_what_was_written(void **state)
{
    struct fixture *f = *state;
    struct server_shard view;
    struct ip_addr addr = client(7), stranger = client(CLIENTS);
    struct report_client report;
    int found = 0;

    serve_clients(f);
    server_shard_view(&view, &f->conf.client_log, f->memory);
    assert_int_equal(client_log_used(view.log), CLIENTS);
    assert_int_equal(client_log_size(view.log), client_log_size(f->shard.log));
    assert_true(client_log_size(view.log) >= CLIENTS);
    assert_true(client_log_knows(view.log, &addr));
    assert_false(client_log_knows(view.log, &stranger));
    assert_true(client_log_report_client(view.log, &addr, at(10), &report));
    assert_int_equal(report.ntp_hits, 1);
    assert_int_equal(report.last_ntp_ago, 3);
    for (int i = 0; i < client_log_size(view.log); i++)
        found += client_log_address(view.log, i, &addr);
    assert_int_equal(found, CLIENTS);
    server_shard_clear(&view);

    assert_int_equal(stats_of(f).ntp_hits, CLIENTS);
    assert_int_equal(stats_of(f).ntp_timestamps, CLIENTS);
    assert_int_equal(stats_of(f).ntp_span_seconds, CLIENTS - 1);
    client_log_reset(f->shard.log, 0, client_log_size(f->shard.log));
    addr = client(7);
    assert_true(client_log_report_client(f->shard.log, &addr, at(10), &report));
    assert_int_equal(report.ntp_hits, 0);
}

static void shard_is_gone_on_with(void **state)
{
    struct fixture *f = *state;
    struct local_time transmit;
    enum timestamp_source source;

    serve_clients(f);
    assert_true(adopt_again(f));
    assert_int_equal(client_log_used(f->shard.log), CLIENTS);
    assert_int_equal(f->shard.counts->results[SERVER_ANSWERED], CLIENTS);
    assert_true(timestamp_map_find(f->shard.map, (struct ntp_time){5, 1}, &transmit, &source));
    serve_clients(f);
    assert_int_equal(stats_of(f).ntp_hits, 2 * CLIENTS);
    assert_int_equal(client_log_used(f->shard.log), CLIENTS);
}

/* A process may have been killed while the table doubled: the number of slots is still the old one,
   and records that were moved are lost. */
static void unfinished_growth_is_sound(void **state)
{
    struct fixture *f = *state;
    const int size = client_log_size(f->shard.log);

    serve_clients(f);
    assert_true(client_log_size(f->shard.log) >= 2 * size);
    /* The first word of the table is its number of slots: the last doubling is undone. */
    uint32_t *slots =
        (uint32_t *)(void *)(f->memory + f->size - client_log_memory(&f->conf.client_log));
    *slots /= 2;
    assert_true(adopt_again(f));
    serve_clients(f);
    assert_int_equal(client_log_used(f->shard.log), CLIENTS);
}

static uint32_t random_bits(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 32);
}

/* Reads all that the main process reads. */
static void read_everything(struct fixture *f)
{
    struct report_serverstats stats = stats_of(f);
    struct report_client report;
    struct server_shard view;
    struct ip_addr addr;

    assert_true(stats.ntp_timestamps <= client_log_capacity(f->shard.log));
    server_shard_view(&view, &f->conf.client_log, f->memory);
    assert_true(client_log_used(view.log) <= client_log_capacity(view.log));
    assert_in_range(client_log_size(view.log), 1, client_log_capacity(view.log));
    for (int i = -1; i <= client_log_size(view.log); i++) {
        client_log_report(view.log, i, false, 0, at(1000), &report);
        if (client_log_address(view.log, i, &addr))
            client_log_report_client(view.log, &addr, at(1000), &report);
    }
    server_shard_clear(&view);
}

static void hostile_contents_do_no_harm(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 1;

    for (int round = 0; round < 200; round++) {
        /* Some octets, or many, are anything. */
        const size_t changes = round % 2 == 0 ? 20 : f->size / 4;

        for (size_t i = 0; i < changes; i++)
            f->memory[random_bits(&random) % f->size] = (uint8_t)random_bits(&random);
        /* Heads of the map and of the table are hit in each round. */
        for (size_t i = 0; i < 400; i += 7)
            f->memory[i] = (uint8_t)random_bits(&random);
        uint8_t *table = f->memory + f->size - client_log_memory(&f->conf.client_log);
        for (size_t i = 0; i < 64; i++)
            if (random_bits(&random) % 4 == 0)
                table[i] = (uint8_t)random_bits(&random);
        read_everything(f);
        adopt_again(f);
        serve_clients(f);
        read_everything(f);
        assert_true(client_log_used(f->shard.log) >= CLIENTS);
    }
}

static void nonsense_is_cleared(void **state)
{
    struct fixture *f = *state;

    serve_clients(f);
    /* A record in a slot that is not its own. */
    uint8_t *table = f->memory + f->size - client_log_memory(&f->conf.client_log);
    table[4] ^= 0x5a; /* in the seed */
    assert_false(adopt_again(f));
    assert_int_equal(client_log_used(f->shard.log), 0);
    serve_clients(f);
    assert_int_equal(client_log_used(f->shard.log), CLIENTS);
    assert_true(adopt_again(f));
}

static void without_log(void **state)
{
    struct fixture *f = *state;
    struct report_serverstats stats;
    struct server_shard shard;
    bool bad;

    f->conf.client_log.off = true;
    assert_true(server_shard_memory(&f->conf.client_log) < 1024);
    memset(f->memory, 0, f->size);
    server_shard_adopt(&shard, sim_world_interface(f->sim), &f->conf.client_log, f->memory, &bad);
    assert_false(bad);
    assert_null(shard.map);
    struct ip_addr addr = client(1);
    assert_int_equal(client_log_access(shard.log, &f->limits, CLIENT_NTP, &addr, at(1)), -1);
    server_shard_report_stats(&shard, &stats);
    assert_int_equal(stats.ntp_hits, 1);
    assert_int_equal(client_log_size(shard.log), -1);
    server_shard_clear(&shard);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(view_shows_what_was_written), TEST(shard_is_gone_on_with),
        TEST(unfinished_growth_is_sound),  TEST(hostile_contents_do_no_harm),
        TEST(nonsense_is_cleared),         TEST(without_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of accepted NTS-KE connections: numbers, counts of clients, the limit; against a plain
 * model.
 */
#include "test/unit/support/unit.h"
#include <stdlib.h>
#include <string.h>
#include "nts/ke_connections.h"

static struct ip_addr address(const char *text)
{
    struct ip_addr a;

    assert_true(ip_addr_parse(text, &a));
    return a;
}

static void numbers_are_given_up_to_the_limit_and_again(void **state)
{
    struct ke_connections *c = ke_connections_new(100, 1);
    struct ip_addr a = address("192.0.2.1"), b = address("192.0.2.2");
    bool seen[100] = {false};
    uint32_t number;

    for (int i = 0; i < 100; i++) {
        assert_true(ke_connections_add(c, i % 4 == 0 ? &a : &b, &number));
        assert_in_range(number, 0, 99);
        assert_false(seen[number]);
        seen[number] = true;
    }
    assert_false(ke_connections_add(c, &a, &number));
    assert_int_equal(ke_connections_of_client(c, &a), 25);
    ke_connections_remove(c, 17);
    ke_connections_remove(c, 17);
    ke_connections_remove(c, 100);
    ke_connections_remove(c, UINT32_MAX);
    assert_int_equal(ke_connections_of_client(c, &a) + ke_connections_of_client(c, &b), 99);
    assert_true(ke_connections_add(c, &a, &number));
    assert_int_equal(number, 17);
    assert_false(ke_connections_add(c, &a, &number));
    ke_connections_free(c);
}

static void addresses_of_one_network_are_counted_together(void **state)
{
    static const char *const texts[] = {"2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1",
                                        "192.0.2.1"};
    struct ke_connections *c = ke_connections_new(10, 2);
    struct ip_addr any = address("2001:db8::42"), v4 = address("192.0.2.1");
    uint32_t number;

    for (size_t i = 0; i < 4; i++) {
        struct ip_addr a = address(texts[i]);
        assert_true(ke_connections_add(c, &a, &number));
    }
    assert_int_equal(ke_connections_of_client(c, &any), 2);
    assert_int_equal(ke_connections_of_client(c, &v4), 1);
    ke_connections_free(c);
}

#define CLIENTS 50
#define ROUNDS  20000

static void counts_are_those_of_a_plain_list(void **state)
{
    struct ke_connections *c = ke_connections_new(1000, 3);
    int client_of[1000], counts[CLIENTS] = {0};
    unsigned int seed = 5;

    memset(client_of, -1, sizeof(client_of));
    for (int i = 0; i < ROUNDS; i++) {
        int client = rand_r(&seed) % CLIENTS;
        struct ip_addr a = address("192.0.2.0");
        uint32_t number = (uint32_t)rand_r(&seed) % 1000;

        a.u.v4[3] = (uint8_t)client;
        if (rand_r(&seed) % 5 < 3) {
            if (ke_connections_add(c, &a, &number)) {
                assert_int_equal(client_of[number], -1);
                client_of[number] = client;
                counts[client]++;
            }
        } else {
            if (client_of[number] >= 0)
                counts[client_of[number]]--;
            client_of[number] = -1;
            ke_connections_remove(c, number);
        }
        assert_int_equal(ke_connections_of_client(c, &a), counts[client]);
    }
    ke_connections_free(c);
}

static bool same_client(const char *a, const char *b)
{
    struct ip_addr addr_a, addr_b;

    assert_true(ip_addr_parse(a, &addr_a) && ip_addr_parse(b, &addr_b));
    return ke_connections_same_client(&addr_a, &addr_b);
}

static void an_ipv6_network_is_one_client(void **state)
{
    assert_true(same_client("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_false(same_client("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_true(same_client("192.0.2.1", "192.0.2.1"));
    assert_false(same_client("192.0.2.1", "192.0.2.2"));
    assert_false(same_client("0.0.0.1", "::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_given_up_to_the_limit_and_again),
        cmocka_unit_test(addresses_of_one_network_are_counted_together),
        cmocka_unit_test(counts_are_those_of_a_plain_list),
        cmocka_unit_test(an_ipv6_network_is_one_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cookie files of a client, nts.md 14. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "nts/cookie_file.h"
#include "test/unit/support/nts.h"

#define PATH "/dump/127.0.0.2.nts"
#define S2C  "18F8A85C7D52669B1BE3DD54ECA9301ECB7FB993F671FC5C15424698D4F87998"
#define C2S  "C649C7FD6393F006A78AB3D68006B33F1678E088358DF78FBB3A8D432ECF9D67"
#define HEAD "NNC0\nntp.example\n1795322425.9\n127.0.0.3 11123\n"
#define KEYS "1 15 " S2C " " C2S "\n"

static bool load(struct test_world *test, const char *content, struct cookie_file *file)
{
    struct ip_addr addr = ip_addr_v4(127, 0, 0, 2);

    test_world_put(test, PATH, content);
    return cookie_file_load(&test->world, "/dump", &addr, "ntp.example", file);
}

static void recorded_file_is_loaded_removed_and_written_identically(void **state)
{
    static const char *const recordings[] = {
        "nts-nak.json", "exchange-aead15.json", "exchange-aead15-cookie30.json",
        "exchange-aead30-compliant.json", "exchange-aead30-noncompliant.json"};
    const struct ip_addr addr = ip_addr_v4(127, 0, 0, 2);

    for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
        json_t *json = test_json(recordings[i]);
        const char *content = test_string(json, "client_dump_file");
        struct test_world test;
        struct cookie_file file;

        test_world_init(&test);
        test_world_put(&test, PATH, content);
        bool loaded = cookie_file_load(&test.world, "/dump", &addr, "127.0.0.2", &file);
        assert_null(test_world_file(&test, PATH));
        if (strstr(recordings[i], "exchange-aead30") && !aead_supported(30)) {
            assert_false(loaded);
        } else {
            assert_true(loaded);
            assert_int_equal(file.ntp_addr.port, 11123);
            assert_in_range(file.cookie_count, 1, 8);
            assert_true(cookie_file_save(&test.world, NULL, "/dump", &addr, "127.0.0.2", &file));
            const struct test_file *written = test_world_file(&test, PATH);
            assert_non_null(written);
            assert_int_equal(written->size, strlen(content));
            assert_memory_equal(written->data, content, written->size);
            assert_int_equal(written->mode, 0600);
            assert_null(test_world_file(&test, "/dump/127.0.0.2.tmp"));
        }
        test_world_free(&test);
        json_decref(json);
    }
}

static void values_are_where_they_belong(void **state)
{
    struct test_world test;
    struct cookie_file file;
    uint8_t key[32];

    test_world_init(&test);
    assert_true(load(&test, HEAD "7 15 " S2C " " C2S "\n00ff\nABCDEF01\n", &file));
    assert_true(file.time == 1795322425.9);
    assert_int_equal(file.context_id, 7);
    assert_int_equal(file.context.aead, 15);
    text_from_hex(S2C, key, sizeof(key));
    assert_memory_equal(file.context.s2c.data, key, 32);
    text_from_hex(C2S, key, sizeof(key));
    assert_memory_equal(file.context.c2s.data, key, 32);
    assert_int_equal(file.cookie_count, 2);
    assert_int_equal(file.cookies[0].length, 2);
    assert_memory_equal(file.cookies[0].data, "\x00\xff", 2);
    assert_int_equal(file.cookies[1].length, 4);
    test_world_free(&test);
}

static void ipv6_address_is_in_the_name(void **state)
{
    struct test_world test;
    struct cookie_file file;
    struct ip_addr addr;

    test_world_init(&test);
    assert_true(ip_addr_parse("2001:db8::1", &addr));
    assert_true(load(&test, HEAD KEYS "00ff\n", &file));
    assert_true(cookie_file_save(&test.world, NULL, "/dump", &addr, "ntp.example", &file));
    assert_non_null(test_world_file(&test, "/dump/2001:db8::1.nts"));
    assert_true(cookie_file_load(&test.world, "/dump", &addr, "ntp.example", &file));
    test_world_free(&test);
}

static void zero_cookies_are_possible_and_at_most_eight_are_read(void **state)
{
    struct test_world test;
    struct cookie_file file;

    test_world_init(&test);
    assert_true(load(&test, HEAD KEYS, &file));
    assert_int_equal(file.cookie_count, 0);
    assert_true(load(&test, HEAD KEYS "01\n02\n03\n04\n05\n06\n07\n08\n09\nrubbish\n", &file));
    assert_int_equal(file.cookie_count, 8);
    assert_int_equal(file.cookies[7].data[0], 8);
    test_world_free(&test);
}

static void bad_files_are_removed_and_not_used(void **state)
{
    static const char *const bad[] = {
        "",
        "NNC1\nntp.example\n1795322425.9\n127.0.0.3 11123\n" KEYS "00ff\n",
        "NNC0\nother.example\n1795322425.9\n127.0.0.3 11123\n" KEYS "00ff\n",
        "NNC0\nntp.example x\n1795322425.9\n127.0.0.3 11123\n" KEYS "00ff\n",
        "NNC0\nntp.example\nlong ago\n127.0.0.3 11123\n" KEYS "00ff\n",
        "NNC0\nntp.example\ninf\n127.0.0.3 11123\n" KEYS "00ff\n",
        "NNC0\nntp.example\n1795322425.9\n127.0.0.300 11123\n" KEYS "00ff\n",
        "NNC0\nntp.example\n1795322425.9\nntp.example 11123\n" KEYS "00ff\n",
        "NNC0\nntp.example\n1795322425.9\n127.0.0.3 65536\n" KEYS "00ff\n",
        "NNC0\nntp.example\n1795322425.9\n127.0.0.3 -1\n" KEYS "00ff\n",
        "NNC0\nntp.example\n1795322425.9\n127.0.0.3\n" KEYS "00ff\n",
        HEAD "1 15 " S2C "\n00ff\n",
        HEAD "x 15 " S2C " " C2S "\n00ff\n",
        HEAD "1 16 " S2C " " C2S "\n00ff\n",
        HEAD "1 15 " S2C " 00\n00ff\n",
        HEAD "1 15 " S2C " Z" C2S "\n00ff\n",
        HEAD "1 15 " S2C " " C2S " 1\n00ff\n",
        HEAD KEYS "00ff 00ff\n",
        HEAD KEYS "00f\n",
        HEAD KEYS "00ff\n\n",
        HEAD KEYS "00ff\nxx\n",
        HEAD,
    };
    struct test_world test;
    struct cookie_file file;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_world_init(&test);
        if (load(&test, bad[i], &file))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(file.cookie_count, 0);
        assert_int_equal(file.context.aead, 0);
        assert_null(test_world_file(&test, PATH));
        test_world_free(&test);
    }
}

static void cookies_of_1_to_256_octets_are_read(void **state)
{
    char content[2000];
    struct test_world test;
    struct cookie_file file;
    size_t head = strlen(HEAD KEYS);

    test_world_init(&test);
    memset(content, 0, sizeof(content));
    memcpy(content, HEAD KEYS, head);
    memset(content + head, 'A', 512);
    assert_true(load(&test, content, &file));
    assert_int_equal(file.cookies[0].length, 256);
    memset(content + head, 'A', 514);
    assert_false(load(&test, content, &file));
    memset(content + head, 'A', 1400); /* longer than a line is read */
    assert_false(load(&test, content, &file));
    test_world_free(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_file_is_loaded_removed_and_written_identically),
        cmocka_unit_test(values_are_where_they_belong),
        cmocka_unit_test(ipv6_address_is_in_the_name),
        cmocka_unit_test(zero_cookies_are_possible_and_at_most_eight_are_read),
        cmocka_unit_test(bad_files_are_removed_and_not_used),
        cmocka_unit_test(cookies_of_1_to_256_octets_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key file and MACs (config.md 23, ntp.md 15, 27.8).
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "ntp/keys.h"
#include "test/unit/support/world.h"

#define PATH "/etc/test.keys"
#define KEY  "HEX:6b5d3c6a2e4a7477"

static const char packet_hex[] = "23000620000000000000000000000000000000000000000000000000000000000"
                                 "0000000000000000102030405060708";

struct fixture {
    struct sim_world *sim;
    struct ntp_keys *keys;
    char log[64];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->sim = sim_world_new();
    f->keys = ntp_keys_new();
    strcpy(f->log, "/tmp/test_keys_XXXXXX");
    int fd = mkstemp(f->log);
    assert_true(fd >= 0);
    close(fd);
    assert_true(log_open_file(f->log));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    log_open_stderr();
    unlink(f->log);
    ntp_keys_free(f->keys);
    sim_world_free(f->sim);
    free(f);
    return 0;
}

static void load(struct fixture *f, const char *text)
{
    sim_set_file(f->sim, PATH, text, 0640);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), PATH);
}

static bool logged(const struct fixture *f, const char *message)
{
    char text[8192] = {0};
    FILE *file = fopen(f->log, "r");

    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return strstr(text, message) != NULL;
}

static size_t make_mac(struct fixture *f, uint32_t id, int version, uint8_t *packet)
{
    struct writer w = writer_make(packet, NTP_MAX_LENGTH);
    uint8_t start[48];

    assert_int_equal(text_from_hex(packet_hex, start, sizeof(start)), 48);
    writer_bytes(&w, start, sizeof(start));
    return key_table_add_mac(ntp_keys_table(f->keys), id, version, &w) ? w.pos - 48 : 0;
}

/* Makes the MAC in the given version and compares it; the parsed packet must pass the check. */
static void check_mac(struct fixture *f, uint32_t id, int version, const char *expected)
{
    uint8_t packet[NTP_MAX_LENGTH], digest[64];
    size_t length = text_from_hex(expected, digest, sizeof(digest));
    struct ntp_info info;

    if (version == 4 && length > 20)
        length = 20;
    assert_int_equal(make_mac(f, id, version, packet), 4 + length);
    assert_int_equal(packet[51], id);
    assert_memory_equal(packet + 52, digest, length);

    if (version != 4)
        return; /* the version in the packet is 4: only made, as the spec's example is */
    assert_true(ntp_packet_parse(packet, 52 + length, &info));
    assert_int_equal(info.auth, NTP_AUTH_SYMMETRIC);
    assert_true(key_table_check_mac(ntp_keys_table(f->keys), packet, &info));
    packet[52 + length - 1] ^= 1;
    assert_false(key_table_check_mac(ntp_keys_table(f->keys), packet, &info));
    packet[52 + length - 1] ^= 1;
    packet[47] ^= 1;
    assert_false(key_table_check_mac(ntp_keys_table(f->keys), packet, &info));
}

static void macs_are_those_of_the_specification(void **state)
{
    static const char file[] =
        "1 MD5 " KEY "\n2 SHA1 " KEY "\n3 SHA256 " KEY "\n4 SHA384 " KEY "\n5 SHA512 " KEY
        "\n6 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"
        "7 AES256 HEX:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "8 SHA3-256 " KEY "\n";
    static const char *const digests[] = {
        "49b5df5879c449a856236287c79f8a68",
        "87ccc4bad3e0f81c0d9bfda813a256a1fa024bb3",
        "b02bcbfbb71d84b9fc96cb97d0d3aaeb7d924835776bdfcf0ed70bd2934ea802",
        "6b31e457204d21baffcfe1d974b3ec65d6ac2d543cebdb39f7d07438c3fb78a433292888e6a2b4d6399e50e98"
        "068acae",
        "b6982e97827be0b0d70bfbd79c7bd1b5ae360a63a99a2f0d001eaca416665e4a4a3258dbca7698edb787c1045"
        "e1ba25eb32c6c8994fc9029a46770b71f8e470d",
        "3ae11d5c4b72086a51c56b1cec95fd9a",
        "2c6045bfbdeea53b3742250f8e49809e",
        "0994947e32d6bee661a6447934c17b9ed4d8a3a3e83ade63c5d2099a274a3614",
    };
    struct fixture *f = *state;

    load(f, file);
    assert_true(logged(f, "Loaded 8 symmetric keys"));
    for (uint32_t id = 1; id <= 8; id++) {
        check_mac(f, id, 4, digests[id - 1]);
        check_mac(f, id, 3, digests[id - 1]);
    }
}

static void unknown_keys_make_and_pass_nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[NTP_MAX_LENGTH];
    struct ntp_info info;

    load(f, "1 MD5 abc\n0 MD5 zero\n");
    assert_int_equal(make_mac(f, 9, 4, packet), 0);
    assert_int_equal(make_mac(f, 0, 4, packet), 0);
    assert_int_equal(make_mac(f, 1, 4, packet), 20);
    assert_true(ntp_packet_parse(packet, 68, &info));
    load(f, "2 MD5 abc\n");
    assert_false(key_table_check_mac(ntp_keys_table(f->keys), packet, &info));
}

static void mac_needs_room(void **state)
{
    struct fixture *f = *state;
    uint8_t packet[67] = {0};
    struct writer w = writer_make(packet, sizeof(packet));

    load(f, "1 MD5 abc\n");
    writer_zeros(&w, 48);
    assert_false(key_table_add_mac(ntp_keys_table(f->keys), 1, 4, &w));
}

static void file_is_read_with_all_its_forms(void **state)
{
    struct fixture *f = *state;
    enum key_type type;
    int bits;

    load(f, "# comment\n\n 10   abcdef \n11 SHA1 ASCII:0123456789\n12 SHA1 HEX:0123456789abcdef\n");
    assert_true(key_table_find(ntp_keys_table(f->keys), 10, &type, &bits));
    assert_int_equal(type, KEY_MD5);
    assert_int_equal(bits, 48);
    assert_true(key_table_find(ntp_keys_table(f->keys), 11, &type, &bits));
    assert_int_equal(type, KEY_SHA1);
    assert_int_equal(bits, 80);
    assert_true(key_table_find(ntp_keys_table(f->keys), 12, &type, &bits));
    assert_int_equal(bits, 64);
    assert_true(logged(f, "Loaded 3 symmetric keys"));
}

static void faulty_lines_are_reported_and_skipped(void **state)
{
    struct fixture *f = *state;

    load(f, "1\n2 MD5 a b\nx MD5 abc\n3 MD5 HEX:0\n4 FOO abc\n5 AES128 HEX:00\n6 MD5 HEX:\n"
            "7 MD5 good\n7 MD5 again\n");
    assert_true(logged(f, "Could not parse key at line 1 in file " PATH));
    assert_true(logged(f, "Could not parse key at line 2 in file " PATH));
    assert_true(logged(f, "Could not parse key at line 3 in file " PATH));
    assert_true(logged(f, "Could not decode key 3 at line 4 in file " PATH));
    assert_true(logged(f, "Invalid type in key 4 at line 5 in file " PATH));
    assert_true(logged(f, "Invalid length of AES128 key 5 (expected 128 bits) at line 6 in file "));
    assert_true(logged(f, "Could not decode key 6 at line 7 in file " PATH));
    assert_true(logged(f, "Loaded 2 symmetric keys"));
    assert_true(logged(f, "Detected duplicate key 7"));
    assert_true(key_table_find(ntp_keys_table(f->keys), 7, NULL, NULL));
    assert_false(key_table_find(ntp_keys_table(f->keys), 1, NULL, NULL));
    assert_false(logged(f, "permissions"));
}

static void missing_and_open_files_are_reported(void **state)
{
    struct fixture *f = *state;

    load(f, "1 MD5 abc\n");
    assert_true(ntp_keys_load(f->keys, sim_world_interface(f->sim), "/nowhere"));
    assert_true(logged(f, "Could not open keyfile /nowhere"));
    assert_false(key_table_find(ntp_keys_table(f->keys), 1, NULL, NULL));

    sim_set_file(f->sim, PATH, "1 MD5 abc\n", 0644);
    ntp_keys_load(f->keys, sim_world_interface(f->sim), PATH);
    assert_true(logged(f, "World-readable permissions on " PATH));
    assert_true(key_table_find(ntp_keys_table(f->keys), 1, NULL, NULL));
    ntp_keys_load(f->keys, sim_world_interface(f->sim), NULL);
    assert_false(key_table_find(ntp_keys_table(f->keys), 1, NULL, NULL));
}

static FILE *refuse_read(void *ctx, const char *path)
{
    errno = EACCES;
    return NULL;
}

static void keys_stay_when_their_file_cannot_be_read(void **state)
{
    struct fixture *f = *state;
    const struct world *sim = sim_world_interface(f->sim);
    struct world_ops ops = *sim->ops;
    const struct world refusing = {.ops = &ops, .ctx = sim->ctx};

    load(f, "1 MD5 abc\n");
    ops.file_read = refuse_read;
    assert_false(ntp_keys_load(f->keys, &refusing, PATH));
    assert_true(
        logged(f, "Could not open keyfile " PATH " : Permission denied; old keys stay in use"));
    assert_true(key_table_find(ntp_keys_table(f->keys), 1, NULL, NULL));
}

/* As chrony reads them: an ID that wraps is the one that the key option of a source wraps to. */
static void ids_that_are_not_used_as_written_are_reported(void **state)
{
    struct fixture *f = *state;

    load(f, "4294967301 MD5 abc\n6x MD5 abc\n");
    assert_true(logged(f, "Invalid key ID 4294967301 at line 1 in file " PATH ", using 5"));
    assert_true(logged(f, "Invalid key ID 6x at line 2 in file " PATH ", using 6"));
    assert_true(key_table_find(ntp_keys_table(f->keys), 5, NULL, NULL));
    assert_true(key_table_find(ntp_keys_table(f->keys), 6, NULL, NULL));
}

static FILE *read_nul(void *ctx, const char *path)
{
    static char text[9000] = "1 MD5 abcd\0ef\n2 MD5 abc\n";

    return fmemopen(text, sizeof(text), "r");
}

static void a_nul_octet_ends_a_line(void **state)
{
    struct fixture *f = *state;
    struct world_ops ops = *sim_world_interface(f->sim)->ops;
    struct world nul = {.ops = &ops, .ctx = sim_world_interface(f->sim)->ctx};
    int bits;

    ops.file_read = read_nul;
    ntp_keys_load(f->keys, &nul, PATH);
    assert_true(
        logged(f, "NUL character at line 1 in file " PATH ", ignoring the rest of the line\n"));
    assert_false(logged(f, "line 3"));
    assert_true(logged(f, "Loaded 2 symmetric keys"));
    assert_true(key_table_find(ntp_keys_table(f->keys), 1, NULL, &bits));
    assert_int_equal(bits, 32);
}

static void a_line_that_is_too_long_is_skipped_as_a_whole(void **state)
{
    struct fixture *f = *state;
    char text[3000];

    memset(text, '#', sizeof(text));
    strcpy(text + 2047, " 1 MD5 abc\n2 MD5 abc\n");
    load(f, text);
    assert_true(logged(f, "String too long at line 1 in file " PATH "; line ignored"));
    assert_false(key_table_find(ntp_keys_table(f->keys), 1, NULL, NULL));
    assert_true(key_table_find(ntp_keys_table(f->keys), 2, NULL, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(macs_are_those_of_the_specification),
        TEST(unknown_keys_make_and_pass_nothing),
        TEST(mac_needs_room),
        TEST(file_is_read_with_all_its_forms),
        TEST(faulty_lines_are_reported_and_skipped),
        TEST(ids_that_are_not_used_as_written_are_reported),
        TEST(a_nul_octet_ends_a_line),
        TEST(a_line_that_is_too_long_is_skipped_as_a_whole),
        TEST(missing_and_open_files_are_reported),
        TEST(keys_stay_when_their_file_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

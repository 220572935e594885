/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's key set: rotation and the file ntskeys, nts.md 12.1, 12.2 and 13. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "nts/server_keys.h"
#include "test/unit/support/nts.h"

#define PATH "/keys/ntskeys"

/* The example of nts.md 13.1, line by line. */
#define KEY1    "A49FE6EC563EEE41DBB89BE23FA7D031274CDC2D9D422A4077B125803B55E113"
#define KEY2    "44BFF76B7240402CDEB97DDCBE8709C76B96E905412C5F06E8A65E8B1A329557"
#define KEY3    "905005101327480319E9FED86AB398E32F205EB6FEB287C2D5779F0356E59EDE"
#define KEY4    "C3B97ABBF1C7DD85D1F4E0C6971F651FB0116B92EC175BBA00C473AF51E482CD"
#define LINE1   "E35574D4 " KEY1 " 15\n"
#define LINE2   "CCF87E21 " KEY2 " 15\n"
#define LINE3   "A4A99F2E " KEY3 " 15\n"
#define LINE4   "42303AF3 " KEY4 " 15\n"
#define EXAMPLE "NKS1\n34.0\n" LINE1 LINE2 LINE3 LINE4

struct fixture {
    struct test_world test;
    struct loop *loop;
    struct nts_server_keys *keys;
};

static void start(struct fixture *f, const char *content, int rotate)
{
    test_world_init(&f->test);
    if (content)
        test_world_put(&f->test, PATH, content);
    f->loop = loop_new(&f->test.world);
    f->keys = server_keys_new(&f->test.world, f->loop, "/keys", rotate);
}

static void shut_down(struct fixture *f)
{
    server_keys_free(f->keys);
    loop_free(f->loop);
    test_world_free(&f->test);
}

static bool file_is(const struct fixture *f, const char *content)
{
    const struct test_file *file = test_world_file(&f->test, PATH);

    return file && file->size == strlen(content) && memcmp(file->data, content, file->size) == 0;
}

static void new_keys_are_saved_with_slot_3_current(void **state)
{
    struct fixture f;
    const int preferred = aead_supported(30) ? 30 : 15;

    start(&f, NULL, 100);
    const struct nts_server_key *keys = test_server_keys(f.keys);
    assert_ptr_equal(server_keys_current(f.keys), &keys[3]);
    for (unsigned int i = 0; i < NTS_SERVER_KEYS; i++) {
        assert_int_equal(keys[i].id % 4, i);
        assert_int_equal(keys[i].aead, preferred);
        assert_int_equal(keys[i].key.length, aead_key_length(preferred));
        for (unsigned int j = 0; j < i; j++)
            assert_memory_not_equal(keys[i].key.data, keys[j].key.data, 16);
    }
    const struct test_file *file = test_world_file(&f.test, PATH);
    assert_non_null(file);
    assert_int_equal(file->mode, 0600);
    assert_null(test_world_file(&f.test, PATH ".tmp"));
    shut_down(&f);
}

static void file_of_the_specification_is_loaded_and_written_back(void **state)
{
    struct fixture f;
    uint8_t octets[32];

    start(&f, EXAMPLE, 1000);
    const struct nts_server_key *keys = test_server_keys(f.keys);
    assert_int_equal(keys[0].id, 0xE35574D4);
    assert_int_equal(keys[1].id, 0xCCF87E21);
    assert_int_equal(keys[2].id, 0xA4A99F2E);
    assert_int_equal(keys[3].id, 0x42303AF3);
    assert_ptr_equal(server_keys_current(f.keys), &keys[2]);
    text_from_hex(KEY3, octets, sizeof(octets));
    assert_memory_equal(keys[2].key.data, octets, sizeof(octets));
    test_world_advance(f.loop, 2.5);
    server_keys_save(f.keys);
    assert_true(file_is(&f, "NKS1\n36.5\n" LINE1 LINE2 LINE3 LINE4));
    shut_down(&f);
}

static void saved_file_is_loaded_identically(void **state)
{
    struct fixture f, g;
    char content[1024];

    start(&f, NULL, 100);
    test_world_advance(f.loop, 230.0);
    server_keys_save(f.keys);
    const struct test_file *file = test_world_file(&f.test, PATH);
    assert_in_range(file->size, 100, sizeof(content) - 1);
    memcpy(content, file->data, file->size);
    content[file->size] = '\0';
    start(&g, content, 100);
    assert_int_equal(server_keys_current(g.keys)->id, server_keys_current(f.keys)->id);
    assert_memory_equal(test_server_keys(g.keys), test_server_keys(f.keys),
                        NTS_SERVER_KEYS * sizeof(struct nts_server_key));
    assert_true(file_is(&g, content));
    shut_down(&g);
    shut_down(&f);
}

static void old_format_and_lower_case_are_loaded(void **state)
{
    struct fixture f;

    start(&f,
          "NKS0\n15 -5.5\ne35574d4 " KEY1 "\nccf87e21 " KEY2 "\na4a99f2e " KEY3 "\n42303af3 " KEY4
          "\nmore\n",
          1000);
    assert_int_equal(server_keys_current(f.keys)->id, 0xA4A99F2E);
    assert_int_equal(server_keys_current(f.keys)->aead, 15);
    server_keys_save(f.keys); /* in the present format; a negative age counts as 0 */
    assert_true(file_is(&f, "NKS1\n0.0\n" LINE1 LINE2 LINE3 LINE4));
    shut_down(&f);
}

static void bad_files_change_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "NKS2\n34.0\n" LINE1 LINE2 LINE3 LINE4,
        "NKS1 x\n34.0\n" LINE1 LINE2 LINE3 LINE4,
        "NKS1\n" LINE1 LINE2 LINE3 LINE4,
        "NKS1\n34.0 15\n" LINE1 LINE2 LINE3 LINE4,
        "NKS1\nyoung\n" LINE1 LINE2 LINE3 LINE4,
        "NKS1\nnan\n" LINE1 LINE2 LINE3 LINE4,
        "NKS1\n34.0x\n" LINE1 LINE2 LINE3 LINE4,
        "NKS0\n34.0\n" LINE1 LINE2 LINE3 LINE4,
        "NKS0\n15 34.0\n" LINE1 LINE2 LINE3 LINE4,
        "NKS0\n16 34.0\nE35574D4 " KEY1 "\nCCF87E21 " KEY2 "\nA4A99F2E " KEY3 "\n42303AF3 " KEY4,
        "NKS1\n34.0\n" LINE1 LINE2 LINE3,
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 " KEY4 "\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 " KEY4 " 15 15\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AG3 " KEY4 " 15\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "142303AF3 " KEY4 " 15\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 " KEY4 " x\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 " KEY4 " 16\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 " KEY4 " 0\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 " KEY4 "00 15\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 C3B97ABB 15\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF3 X" KEY4 " 15\n",
        "NKS1\n34.0\n" LINE1 LINE2 LINE3 "42303AF0 " KEY4 " 15\n",
        "NKS1\n34.0\n" LINE2 LINE1 LINE3 LINE4,
        "NKS1\n34.0\n" LINE1 "\n" LINE2 LINE3 LINE4,
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture f;
        struct nts_server_key before[NTS_SERVER_KEYS];

        start(&f, EXAMPLE, 0);
        memcpy(before, test_server_keys(f.keys), sizeof(before));
        test_world_put(&f.test, PATH, bad[i]);
        server_keys_reload(f.keys);
        assert_memory_equal(before, test_server_keys(f.keys), sizeof(before));
        assert_int_equal(server_keys_current(f.keys)->id, 0xA4A99F2E);
        assert_true(file_is(&f, bad[i])); /* never written with ntsrotate 0 */
        shut_down(&f);
    }
}

static void bad_file_at_start_is_replaced_by_random_keys(void **state)
{
    struct fixture f;

    start(&f, "rubbish\n", 100);
    assert_int_equal(server_keys_current(f.keys)->id % 4, 3);
    assert_false(file_is(&f, "rubbish\n"));
    shut_down(&f);
}

static void count_rotation(void *arg)
{
    ++*(int *)arg;
}

static void rotation_makes_the_future_key_current(void **state)
{
    struct fixture f;
    int rotations = 0;

    start(&f, EXAMPLE, 100); /* the newest key is 34 s old */
    server_keys_set_handler(f.keys, count_rotation, &rotations);
    struct nts_server_key future = test_server_keys(f.keys)[3];
    struct nts_server_key current = *server_keys_current(f.keys);
    test_world_advance(f.loop, 65.9);
    assert_int_equal(server_keys_current(f.keys)->id, current.id);
    assert_int_equal(rotations, 0);
    test_world_advance(f.loop, 0.2);
    assert_int_equal(rotations, 1);
    assert_int_equal(server_keys_current(f.keys)->id, future.id);
    assert_memory_equal(server_keys_current(f.keys)->key.data, future.key.data, 32);
    assert_int_equal(test_server_keys(f.keys)[2].id, current.id);
    assert_int_not_equal(test_server_keys(f.keys)[0].id, 0xE35574D4);
    assert_int_equal(test_server_keys(f.keys)[0].id % 4, 0);
    /* The file follows when the disk has had time; until then the old one has the current key
       too. */
    test_world_advance(f.loop, 49.0);
    assert_true(file_is(&f, EXAMPLE));
    test_world_advance(f.loop, 1.0);
    assert_memory_equal(test_world_file(&f.test, PATH)->data, "NKS1\n0.0\nCCF87E21 " KEY2, 82);
    test_world_advance(f.loop, 49.0);
    assert_int_equal(server_keys_current(f.keys)->id, future.id);
    test_world_advance(f.loop, 1.0);
    assert_int_not_equal(server_keys_current(f.keys)->id, future.id);
    shut_down(&f);
}

static void overdue_keys_rotate_at_once(void **state)
{
    struct fixture f;

    start(&f, EXAMPLE, 10);
    test_world_advance(f.loop, 0.0);
    assert_int_equal(server_keys_current(f.keys)->id, 0x42303AF3);
    shut_down(&f);
}

static void without_rotation_rekey_loads_and_nothing_is_saved(void **state)
{
    struct fixture f;

    start(&f, NULL, 0);
    assert_null(test_world_file(&f.test, PATH));
    test_world_put(&f.test, PATH, EXAMPLE);
    test_world_advance(f.loop, 1e7);
    server_keys_reload(f.keys);
    assert_int_equal(server_keys_current(f.keys)->id, 0xA4A99F2E);
    server_keys_save(f.keys);
    assert_true(file_is(&f, EXAMPLE));
    shut_down(&f);
}

static void with_rotation_rekey_does_nothing(void **state)
{
    struct fixture f;

    start(&f, NULL, 100);
    uint32_t id = server_keys_current(f.keys)->id;
    test_world_put(&f.test, PATH, EXAMPLE);
    server_keys_reload(f.keys);
    assert_int_equal(server_keys_current(f.keys)->id, id);
    shut_down(&f);
}

static void full_disk_keeps_the_old_file_and_leaves_no_other(void **state)
{
    struct fixture f;

    start(&f, EXAMPLE, 100);
    f.test.disk_full = true;
    test_world_advance(f.loop, 70.0);
    assert_true(file_is(&f, EXAMPLE));
    assert_null(test_world_file(&f.test, PATH ".tmp"));
    shut_down(&f);
}

static FILE *lack_descriptors(void *ctx, const char *path)
{
    errno = EMFILE;
    return NULL;
}

/* The keys in it may be good: all clients would have to come for new cookies. */
static void file_that_was_not_read_for_lack_of_descriptors_stays(void **state)
{
    struct fixture f;

    test_world_init(&f.test);
    test_world_put(&f.test, PATH, EXAMPLE);
    struct world_ops ops = *f.test.world.ops;
    ops.file_read = lack_descriptors;
    f.test.world.ops = &ops;
    f.loop = loop_new(&f.test.world);
    f.keys = server_keys_new(&f.test.world, f.loop, "/keys", 1000);
    server_keys_save(f.keys);
    assert_true(file_is(&f, EXAMPLE));
    /* With the rotation the ones that are used now are worth more. */
    test_world_advance(f.loop, 1000.0 + 61.0);
    assert_false(file_is(&f, EXAMPLE));
    shut_down(&f);
}

static void keys_are_saved_when_they_are_freed(void **state)
{
    struct fixture f;

    start(&f, EXAMPLE, 100);
    test_world_advance(f.loop, 6.0);
    server_keys_free(f.keys);
    assert_true(file_is(&f, "NKS1\n40.0\n" LINE1 LINE2 LINE3 LINE4));
    f.keys = NULL;
    shut_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_keys_are_saved_with_slot_3_current),
        cmocka_unit_test(file_of_the_specification_is_loaded_and_written_back),
        cmocka_unit_test(saved_file_is_loaded_identically),
        cmocka_unit_test(old_format_and_lower_case_are_loaded),
        cmocka_unit_test(bad_files_change_nothing),
        cmocka_unit_test(bad_file_at_start_is_replaced_by_random_keys),
        cmocka_unit_test(rotation_makes_the_future_key_current),
        cmocka_unit_test(overdue_keys_rotate_at_once),
        cmocka_unit_test(without_rotation_rekey_loads_and_nothing_is_saved),
        cmocka_unit_test(with_rotation_rekey_does_nothing),
        cmocka_unit_test(full_disk_keeps_the_old_file_and_leaves_no_other),
        cmocka_unit_test(file_that_was_not_read_for_lack_of_descriptors_stays),
        cmocka_unit_test(keys_are_saved_when_they_are_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

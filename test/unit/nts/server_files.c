/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the server's certificate and key files: octets, reasons why there are none, memory that
 * is not dumped, what counts as a change on disk.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chronyd/os/world_linux.h"
#include "conf/conf.h"
#include "nts/server_files.h"

struct fixture {
    char directory[64];
    char paths[4][96]; /* two certificates, two keys */
    char *certs[2], *keys[2];
    struct conf conf;
    struct world *world;
};

static void write_octets(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    static const char *const names[] = {"a.crt", "b.crt", "a.key", "b.key"};
    const struct world_linux_options options = {0};
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->directory, sizeof(f->directory), "/tmp/test_server_files.XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    for (int i = 0; i < 4; i++) {
        snprintf(f->paths[i], sizeof(f->paths[i]), "%s/%s", f->directory, names[i]);
        write_octets(f->paths[i], names[i], 5);
    }
    for (int i = 0; i < 2; i++) {
        f->certs[i] = f->paths[i];
        f->keys[i] = f->paths[2 + i];
    }
    f->conf.nts_server.certs = (struct conf_strings){.items = f->certs, .count = 2};
    f->conf.nts_server.keys = (struct conf_strings){.items = f->keys, .count = 2};
    f->world = world_linux_new(&options);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 4; i++)
        if (unlink(f->paths[i]) < 0)
            rmdir(f->paths[i]);
    rmdir(f->directory);
    world_linux_free(f->world);
    free(f);
    return 0;
}

static void assert_problem(const struct server_file *file, const char *reason)
{
    char text[256], expected[256];

    assert_true(server_file_problem(file, text, sizeof(text)));
    snprintf(expected, sizeof(expected), "%s: %s", file->path, reason);
    assert_string_equal(text, expected);
    assert_null(file->data);
}

/* ---- Tests ---- */

static void octets_come_in_the_order_of_the_configuration(void **state)
{
    struct fixture *f = *state;
    struct server_files *files = server_files_read(f->world, &f->conf.nts_server);
    char text[256];

    assert_int_equal(files->count, 2);
    for (int i = 0; i < 2; i++) {
        const struct server_pair *pair = files->pairs[i];
        assert_string_equal(pair->certificate.path, f->certs[i]);
        assert_int_equal(pair->certificate.size, 5);
        assert_memory_equal(pair->certificate.data, i == 0 ? "a.crt" : "b.crt", 5);
        assert_memory_equal(pair->key.data, i == 0 ? "a.key" : "b.key", 5);
        assert_false(server_file_problem(&pair->key, text, sizeof(text)));
        assert_string_equal(text, "");
    }
    server_files_free(files);
}

static void files_that_cannot_be_used_are_described(void **state)
{
    struct fixture *f = *state;

    unlink(f->paths[0]);
    assert_int_equal(truncate(f->paths[1], 0), 0);
    unlink(f->paths[2]);
    assert_int_equal(mkfifo(f->paths[2], 0600), 0);
    unlink(f->paths[3]);
    assert_int_equal(mkdir(f->paths[3], 0700), 0);
    struct server_files *files = server_files_read(f->world, &f->conf.nts_server);
    assert_problem(&files->pairs[0]->certificate, "No such file or directory");
    assert_problem(&files->pairs[0]->key, "not a regular file");
    assert_problem(&files->pairs[1]->key, "not a regular file");
    char text[256];
    assert_true(server_file_problem(&files->pairs[1]->certificate, text, sizeof(text)));
    assert_non_null(strstr(text, "b.crt: the file is empty"));
    server_files_free(files);
    if (geteuid() != 0) {
        unlink(f->paths[0]);
        write_octets(f->paths[0], "x", 1);
        chmod(f->paths[0], 0);
        files = server_files_read(f->world, &f->conf.nts_server);
        assert_problem(&files->pairs[0]->certificate, "Permission denied");
        server_files_free(files);
    }
}

static void size_has_a_limit(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(truncate(f->paths[0], SERVER_FILE_MAX_SIZE), 0);
    assert_int_equal(truncate(f->paths[1], SERVER_FILE_MAX_SIZE + 1), 0);
    struct server_files *files = server_files_read(f->world, &f->conf.nts_server);
    assert_int_equal(files->pairs[0]->certificate.size, SERVER_FILE_MAX_SIZE);
    assert_memory_equal(files->pairs[0]->certificate.data, "a.crt\0", 6);
    assert_problem(&files->pairs[1]->certificate, "larger than 16777216 octets");
    server_files_free(files);
}

/* The flags of the mapping with an address, from /proc/self/smaps. */
static bool mapping_has_flag(const void *address, const char *flag)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    unsigned long from, to;
    char line[512];
    bool inside = false, found = false;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (unsigned long)address >= from && (unsigned long)address < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = found || strstr(line, flag);
    }
    fclose(maps);
    return found;
}

static void octets_are_not_dumped(void **state)
{
    struct fixture *f = *state;
    struct server_files *files = server_files_read(f->world, &f->conf.nts_server);

    assert_true(mapping_has_flag(files->pairs[0]->key.data, " dd"));
    assert_false(mapping_has_flag(files, " dd"));
    server_files_free(files);
}

static void pairs_are_shared_and_taken(void **state)
{
    struct fixture *f = *state;
    struct server_files *old = server_files_read(f->world, &f->conf.nts_server);

    write_octets(f->paths[0], "A.crt", 5);
    write_octets(f->paths[1], "B.crt", 5);
    struct server_files *new = server_files_read(f->world, &f->conf.nts_server);
    server_files_take_pair(new, 1, old);
    struct server_files *shared = server_files_share(new);
    assert_ptr_equal(shared->pairs[1], old->pairs[1]);
    server_files_free(old);
    server_files_free(new);
    assert_memory_equal(shared->pairs[0]->certificate.data, "A.crt", 5);
    assert_memory_equal(shared->pairs[1]->certificate.data, "b.crt", 5);
    assert_memory_equal(shared->pairs[1]->key.data, "b.key", 5);
    server_files_free(shared);
    server_files_free(NULL);
}

static void changes_on_disk_are_seen(void **state)
{
    struct fixture *f = *state;
    struct server_files *files = server_files_read(f->world, &f->conf.nts_server);

    assert_false(server_files_changed(files, f->world));
    /* Same size, same inode. */
    usleep(20000);
    write_octets(f->paths[3], "B.key", 5);
    assert_true(server_files_changed(files, f->world));
    server_files_free(files);

    files = server_files_read(f->world, &f->conf.nts_server);
    assert_false(server_files_changed(files, f->world));
    /* Its contents stay, but it can be read now. */
    usleep(20000);
    chmod(f->paths[1], 0640);
    assert_true(server_files_changed(files, f->world));
    server_files_free(files);

    unlink(f->paths[0]);
    files = server_files_read(f->world, &f->conf.nts_server);
    assert_false(server_files_changed(files, f->world));
    write_octets(f->paths[0], "a.crt", 5);
    assert_true(server_files_changed(files, f->world));
    server_files_free(files);

    files = server_files_read(f->world, &f->conf.nts_server);
    unlink(f->paths[0]);
    assert_true(server_files_changed(files, f->world));
    server_files_free(files);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(octets_come_in_the_order_of_the_configuration),
        TEST(files_that_cannot_be_used_are_described),
        TEST(size_has_a_limit),
        TEST(octets_are_not_dumped),
        TEST(pairs_are_shared_and_taken),
        TEST(changes_on_disk_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

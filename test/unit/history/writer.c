/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer of the history file (history.md 5): it goes on where it stopped, also after a power
 * cut; what it says and does about files that cannot be written, and about files of others.
 */
#include "test/unit/support/unit.h"
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "history/file.h"
#include "history/number.h"
#include "history/reader.h"
#include "history/writer.h"
#include "test/unit/support/history.h"
#include "test/unit/support/log.h"

#define START 1800000000
#define PAGES 15

static char directory[] = "/tmp/history.XXXXXX", path[64];
static struct history h;

/* ---- World: real files ---- */

static FILE *open_read(void *ctx, const char *name)
{
    return file_open_read(name);
}

static FILE *open_new(void *ctx, const char *name, mode_t mode)
{
    return file_open_new(name, mode);
}

/* A disk from which nothing can be read any more. */
static bool reads_fail;

static ssize_t fail_to_read(void *cookie, char *data, size_t size)
{
    errno = EIO;
    return -1;
}

static int seek_anywhere(void *cookie, off64_t *offset, int whence)
{
    return 0;
}

static FILE *open_update(void *ctx, const char *name)
{
    const cookie_io_functions_t functions = {.read = fail_to_read, .seek = seek_anywhere};

    return reads_fail ? fopencookie(NULL, "r+", functions) : file_open_update(name);
}

static bool rename_file(void *ctx, const char *from, const char *to)
{
    return file_replace(from, to);
}

static bool remove_file(void *ctx, const char *name)
{
    return file_remove(name);
}

static bool get_info(void *ctx, const char *name, struct world_file_info *info)
{
    struct stat st;

    if (stat(name, &st) < 0)
        return false;
    *info = (struct world_file_info){
        .changed = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
        .size = (uint64_t)st.st_size,
        .device = st.st_dev,
        .inode = st.st_ino,
    };
    return true;
}

static const struct world_ops ops = {
    .file_read = open_read,
    .file_new = open_new,
    .file_update = open_update,
    .file_rename = rename_file,
    .file_remove = remove_file,
    .file_info = get_info,
};
static struct world world = {&ops, NULL};

static int make_directory(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/history", directory);
    return 0;
}

static int remove_directory(void **state)
{
    return rmdir(directory);
}

static int set_up(void **state)
{
    capture_log();
    return 0;
}

static int tear_down(void **state)
{
    end_log_capture();
    history_free(&h);
    h = (struct history){0};
    remove(path);
    return 0;
}

/* ---- Helpers ---- */

static struct history_writer *open_writer(void)
{
    return history_writer_new(&world, path, PAGES);
}

static void add_minute(struct history_writer *w, int64_t time)
{
    const struct history_source source = history_image_source(0);
    const struct history_record record = {
        .kind = HISTORY_RECORD_MINUTE,
        .u.minute = {.time = time, .freq_ppm = (double)(time % 7919), .temperature = NAN},
    };

    history_writer_add(w, &record, &source);
}

/* Minutes from START + 60 * from, each flushed. */
static void add_minutes(struct history_writer *w, int from, int count)
{
    for (int i = 0; i < count; i++) {
        add_minute(w, START + 60 * (from + i));
        assert_true(history_writer_flush(w));
    }
}

static void load(void)
{
    history_free(&h);
    assert_int_equal(history_load(path, NULL, &h), HISTORY_READ);
}

static void assert_minutes(int from, size_t count)
{
    load();
    assert_int_equal(h.minute_count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(h.minutes[i].time == START + 60 * (from + (int64_t)i));
}

static void write_file(const void *data, size_t size)
{
    FILE *f = fopen(path, "w");

    assert_true(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

static uint8_t *read_file(size_t *size)
{
    FILE *f = fopen(path, "r");
    uint8_t *data = mem_alloc(1 << 20);

    *size = fread(data, 1, 1 << 20, f);
    fclose(f);
    return data;
}

static void limit_file_size(rlim_t size)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* ---- Tests ---- */

static void new_file_is_not_for_everybody(void **state)
{
    struct history_writer *w = open_writer();
    struct stat st;

    assert_true(stat(path, &st) == 0);
    assert_int_equal(st.st_mode & 07137, 0);
    load();
    assert_int_equal(h.pages, 0);
    history_writer_free(w);
}

static void records_are_in_the_file_after_a_flush(void **state)
{
    struct history_writer *w = open_writer();
    struct history_writer_status status;

    history_writer_report(w, &status);
    assert_true(status.first == 0 && status.last == 0 && status.pages == 0);
    add_minute(w, START);
    load();
    assert_int_equal(h.minute_count, 0);
    assert_true(history_writer_flush(w));
    assert_minutes(0, 1);
    add_minutes(w, 1, 9);
    assert_minutes(0, 10);
    history_writer_report(w, &status);
    assert_true(status.state == REPORT_HISTORY_WORKS && status.size == 65536 &&
                status.first == START && status.last == START + 540 && status.pages == 1 &&
                status.failures == 0 && status.lost_pages == 0);
    /* The first page and one that is new are written whole, and then a few octets each minute. */
    assert_between((double)status.written, HISTORY_PAGE_SIZE, HISTORY_PAGE_SIZE + 9 * 30);
    history_writer_free(w);
}

static void restart_goes_on_in_the_same_page(void **state)
{
    for (int i = 0; i < 20; i++) {
        struct history_writer *w = open_writer();

        add_minutes(w, 10 * i, 9);
        add_minute(w, START + 60 * (10 * i + 9));
        history_writer_free(w);
    }
    assert_minutes(0, 200);
    assert_int_equal(h.pages, 1);
    assert_int_equal(h.source_count, 1);
}

static void ring_goes_round(void **state)
{
    struct history_writer *w = open_writer();
    struct history_writer_status status;

    add_minutes(w, 0, 6000);
    load();
    assert_true(h.pages == PAGES && h.bad_pages == 0);
    assert_minutes(6000 - (int)h.minute_count, h.minute_count);
    assert_between((double)h.minute_count, 2000, 5000);
    history_writer_report(w, &status);
    assert_true(status.pages == PAGES && status.first == h.minutes[0].time &&
                status.last == START + 60 * 5999);
    history_writer_free(w);
    w = open_writer();
    add_minutes(w, 6000, 10);
    history_writer_free(w);
    load();
    assert_true(h.minutes[h.minute_count - 1].time == START + 60 * 6009 && h.bad_pages == 0);
}

/* The last write before a power cut is cut off at each octet of two pages. */
static void power_cut_costs_what_was_not_written(void **state)
{
    struct history_writer *w = open_writer();
    size_t size, last = 0;

    add_minutes(w, 0, 500);
    history_writer_free(w);
    uint8_t *data = read_file(&size);
    for (size_t cut = size - 2 * HISTORY_PAGE_SIZE - 10; cut < size; cut += 3) {
        write_file(data, cut);
        load();
        size_t before = h.minute_count;
        assert_true(before >= last);
        w = open_writer();
        add_minutes(w, (int)before, 2);
        history_writer_free(w);
        assert_minutes(0, before + 2);
        assert_int_equal(h.bad_pages, 0);
        last = before;
    }
    assert_int_equal(last, 500);
    free(data);
}

/* The tail of the page holds what was there a round before. */
static void torn_page_is_continued(void **state)
{
    struct history_writer *w = open_writer();
    size_t size;

    add_minutes(w, 0, 400);
    history_writer_free(w);
    uint8_t *data = read_file(&size);
    size_t page = size - HISTORY_PAGE_SIZE;
    for (size_t torn = 0; torn < 300; torn++) {
        for (size_t i = torn; i < HISTORY_PAGE_SIZE; i++)
            data[page + i] = (uint8_t)(i * 7 + torn);
        write_file(data, size);
        load();
        size_t before = h.minute_count;
        w = open_writer();
        add_minutes(w, (int)before, 2);
        history_writer_free(w);
        assert_minutes(0, before + 2);
        assert_int_equal(h.bad_pages, 0);
    }
    assert_true(logged("Damaged pages of") > 0);
    free(data);
}

static void disk_that_is_full(void **state)
{
    struct history_writer *w = open_writer();
    struct history_writer_status status;

    add_minutes(w, 0, 100);
    limit_file_size(2 * HISTORY_PAGE_SIZE);
    int i = 100;
    for (; logged("Could not write") == 0 && i < 1000; i++) {
        add_minute(w, START + 60 * i);
        history_writer_flush(w);
    }
    for (int k = 0; k < 20; k++, i++) {
        add_minute(w, START + 60 * i);
        assert_false(history_writer_flush(w));
    }
    history_writer_report(w, &status);
    assert_true(status.state == REPORT_HISTORY_FAILS && status.failures >= 20);
    assert_int_equal(logged("Could not write"), 1);
    assert_int_equal(logged("works again"), 0);
    limit_file_size(RLIM_INFINITY);
    add_minutes(w, i, 3);
    assert_int_equal(logged("works again"), 1);
    assert_minutes(0, (size_t)i + 3);
    history_writer_report(w, &status);
    assert_true(status.state == REPORT_HISTORY_WORKS && status.lost_pages == 0);
    history_writer_free(w);
}

static void disk_that_is_full_for_long_costs_the_oldest(void **state)
{
    struct history_writer *w = open_writer();
    struct history_writer_status status;

    add_minutes(w, 0, 10);
    limit_file_size(2 * HISTORY_PAGE_SIZE);
    for (int i = 10; i < 2000; i++) {
        add_minute(w, START + 60 * i);
        history_writer_flush(w);
    }
    limit_file_size(RLIM_INFINITY);
    add_minutes(w, 2000, 3);
    history_writer_report(w, &status);
    assert_true(status.lost_pages > 3);
    load();
    assert_true(h.minutes[h.minute_count - 1].time == START + 60 * 2002);
    assert_between((double)h.minute_count, 200, 600);
    assert_int_equal(h.event_count, 1);
    assert_true(h.events[0].kind == HISTORY_EVENT_GAP);
    assert_int_equal(logged("Could not write"), 1);
    history_writer_free(w);
}

static void directory_that_is_missing(void **state)
{
    char parent[80], file[96];

    snprintf(parent, sizeof(parent), "%s/later", directory);
    snprintf(file, sizeof(file), "%s/history", parent);
    struct history_writer *w = history_writer_new(&world, file, PAGES);
    for (int i = 0; i < 5; i++) {
        add_minute(w, START + 60 * i);
        assert_false(history_writer_flush(w));
    }
    assert_int_equal(logged("Could not open"), 1);
    assert_int_equal(mkdir(parent, 0700), 0);
    add_minutes(w, 5, 1);
    assert_int_equal(logged("works again"), 1);
    history_writer_free(w);
    assert_int_equal(history_load(file, NULL, &h), HISTORY_READ);
    assert_int_equal(h.minute_count, 6);
    remove(file);
    rmdir(parent);
}

/* Records from before the file could be opened go behind those that it has. */
static void records_wait_for_the_file(void **state)
{
    char away[80];

    snprintf(away, sizeof(away), "%s/away", directory);
    struct history_writer *w = open_writer();
    add_minutes(w, 0, 10);
    history_writer_free(w);
    assert_int_equal(rename(path, away), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    w = open_writer();
    add_minute(w, START + 600);
    assert_false(history_writer_flush(w));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(away, path), 0);
    add_minutes(w, 11, 5);
    history_writer_free(w);
    assert_minutes(0, 16);
    assert_int_equal(logged("Is a directory"), 1);
}

static void file_that_cannot_be_read_is_not_taken_for_empty(void **state)
{
    struct history_writer *w = open_writer();

    add_minutes(w, 0, 10);
    history_writer_free(w);
    reads_fail = true;
    w = open_writer();
    add_minute(w, START + 600);
    assert_false(history_writer_flush(w));
    reads_fail = false;
    add_minutes(w, 11, 1);
    history_writer_free(w);
    assert_minutes(0, 12);
    assert_int_equal(logged("Could not read"), 1);
    assert_int_equal(logged("works again"), 1);
}

static void file_that_is_removed_is_made_again(void **state)
{
    struct history_writer *w = open_writer();

    add_minutes(w, 0, 10);
    remove(path);
    add_minutes(w, 10, 5);
    assert_minutes(0, 15);
    history_writer_free(w);
}

/* By somebody else, while it is open. */
static void file_that_is_cut_off_is_written_again(void **state)
{
    struct history_writer *w = open_writer();

    add_minutes(w, 0, 200);
    for (int size = 0; size < 3 * HISTORY_PAGE_SIZE; size += 500) {
        int from = 200 + size / 500;

        assert_int_equal(truncate(path, size), 0);
        add_minutes(w, from, 1);
        assert_minutes(0, (size_t)from + 1);
        assert_true(h.bad_pages == 0);
    }
    history_writer_free(w);
    assert_int_equal(logged(path), 0);
}

/* After a power cut a file that was just made may consist of zeros. */
static void file_of_zeros_counts_as_empty(void **state)
{
    static const uint8_t zeros[3 * HISTORY_PAGE_SIZE];

    write_file(zeros, sizeof(zeros));
    struct history_writer *w = open_writer();
    add_minutes(w, 0, 3);
    history_writer_free(w);
    assert_minutes(0, 3);
    assert_int_equal(logged(path), 0);
}

static void foreign_file_is_left_alone(void **state)
{
    const char text[] = "The accounts of the year, in a file that is longer than a header.\n";
    struct history_writer_status status;

    write_file(text, sizeof(text) - 1);
    struct history_writer *w = open_writer();
    for (int i = 0; i < 5; i++) {
        add_minute(w, START + 60 * i);
        assert_false(history_writer_flush(w));
    }
    history_writer_report(w, &status);
    assert_int_equal(status.state, REPORT_HISTORY_FOREIGN);
    assert_int_equal(logged("is not a history file, no history is written"), 1);
    size_t size;
    uint8_t *data = read_file(&size);
    assert_true(size == sizeof(text) - 1 && memcmp(data, text, size) == 0);
    free(data);
    remove(path);
    add_minutes(w, 5, 1);
    assert_int_equal(logged("works again"), 1);
    history_writer_free(w);
    assert_minutes(0, 6);
}

static void other_version_is_left_alone(void **state)
{
    uint8_t header[HISTORY_PAGE_SIZE];
    struct writer out = writer_make(header, 32);
    size_t size;

    history_file_header(header, PAGES);
    out.pos = 16;
    writer_u32(&out, 2);
    out.pos = 28;
    writer_u32(&out, history_crc(0, header, 28));
    write_file(header, sizeof(header));
    struct history_writer *w = open_writer();
    add_minute(w, START);
    history_writer_free(w);
    assert_int_equal(logged("is a history file of another version"), 1);
    uint8_t *data = read_file(&size);
    assert_true(size == sizeof(header) && memcmp(data, header, size) == 0);
    free(data);
}

static void link_and_device_are_left_alone(void **state)
{
    assert_int_equal(symlink("/dev/null", path), 0);
    struct history_writer *w = open_writer();
    add_minute(w, START);
    assert_false(history_writer_flush(w));
    history_writer_free(w);
    assert_int_equal(logged("Could not open"), 1);
    w = history_writer_new(&world, "/dev/null", PAGES);
    history_writer_free(w);
    assert_int_equal(logged("Could not open /dev/null : Not a regular file"), 1);
}

static void damaged_first_page_is_made_again(void **state)
{
    struct history_writer *w = open_writer();
    size_t size;

    add_minutes(w, 0, 400);
    history_writer_free(w);
    uint8_t *data = read_file(&size);
    memset(data, 'x', HISTORY_PAGE_SIZE);
    write_file(data, size);
    free(data);
    w = open_writer();
    add_minutes(w, 400, 5);
    history_writer_free(w);
    assert_minutes(0, 405);
    assert_int_equal(h.bad_pages, 0);
    assert_int_equal(logged("was damaged, it was made again"), 1);
}

static void another_size_keeps_what_fits(void **state)
{
    struct history_writer *w = open_writer();

    add_minutes(w, 0, 6000);
    history_writer_free(w);
    load();
    size_t all = h.minute_count;
    assert_int_equal(h.pages, PAGES);

    w = history_writer_new(&world, path, 8);
    add_minutes(w, 6000, 10);
    history_writer_free(w);
    load();
    size_t fewer = h.minute_count;
    assert_true(h.pages == 8 && h.bad_pages == 0 && fewer < all && fewer > all / 3);
    assert_minutes(6010 - (int)fewer, fewer);

    w = history_writer_new(&world, path, 60);
    add_minutes(w, 6010, 10);
    history_writer_free(w);
    assert_minutes(6010 - (int)fewer, fewer + 10);
    assert_int_equal(h.bad_pages, 0);
    assert_int_equal(logged(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_file_is_not_for_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records_are_in_the_file_after_a_flush, set_up, tear_down),
        cmocka_unit_test_setup_teardown(restart_goes_on_in_the_same_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ring_goes_round, set_up, tear_down),
        cmocka_unit_test_setup_teardown(power_cut_costs_what_was_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(torn_page_is_continued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(disk_that_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(disk_that_is_full_for_long_costs_the_oldest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(directory_that_is_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records_wait_for_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_that_cannot_be_read_is_not_taken_for_empty, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(file_that_is_removed_is_made_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_that_is_cut_off_is_written_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_of_zeros_counts_as_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_file_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_version_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_and_device_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_first_page_is_made_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_size_keeps_what_fits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

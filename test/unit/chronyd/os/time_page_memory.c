/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of time pages: who has the descriptor can read it, and nothing else; the file for programs
 * is complete when it has its name, is not made through links, and is taken away only by its maker.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chronyd/os/time_page_memory.h"
#include "test/unit/support/conf.h"

static struct time_page_content some_content(void)
{
    return (struct time_page_content){.lines = {.mono_ns = 5, .valid_until_ns = 1000}};
}

static void readers_of_shared_memory_can_only_read(void **state)
{
    struct time_page_content c = some_content(), read;
    struct time_page_memory m;
    char path[64];

    assert_true(time_page_memory_new(&m));
    const struct time_page *page = time_page_map(m.fd);
    assert_non_null(page);
    assert_false(time_page_read_content(page, &read));
    time_page_write(m.page, &c);
    assert_true(time_page_read_content(page, &read));
    assert_int_equal(read.lines.mono_ns, 5);

    assert_ptr_equal(mmap(NULL, TIME_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0),
                     MAP_FAILED);
    assert_int_not_equal(mprotect((void *)(uintptr_t)page, TIME_PAGE_SIZE, PROT_READ | PROT_WRITE),
                         0);
    assert_int_equal(pwrite(m.fd, "x", 1, 0), -1);
    assert_int_not_equal(ftruncate(m.fd, 0), 0);
    assert_int_not_equal(ftruncate(m.fd, 2 * TIME_PAGE_SIZE), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", m.fd);
    int again = open(path, O_RDWR | O_CLOEXEC);
    assert_true(again < 0 || mmap(NULL, TIME_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, again,
                                  0) == MAP_FAILED);
    if (again >= 0)
        close(again);
    assert_true(fcntl(m.fd, F_GETFD) & FD_CLOEXEC);

    /* Another process, at another address, sees what is written. */
    pid_t child = fork();
    if (child == 0) {
        const struct time_page *other = time_page_map(m.fd);
        _exit(other && time_page_read_content(other, &read) ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    time_page_unmap(page);
    time_page_memory_free(&m);
    assert_null(m.page);
    time_page_memory_free(&m);
}

static void what_is_no_page_is_not_mapped(void **state)
{
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    assert_null(time_page_map(pipes[0]));
    close(pipes[0]);
    close(pipes[1]);
    int fd = open("/dev/null", O_RDONLY);
    assert_null(time_page_map(fd));
    close(fd);
    assert_null(time_page_map(fd));
}

static void the_file_is_complete_and_not_made_through_links(void **state)
{
    struct time_page_content c = some_content(), read;
    char directory[TEST_PATH_SIZE], path[PATH_MAX], temporary[PATH_MAX], victim[PATH_MAX];
    struct time_page_memory m, other;
    struct stat st;

    test_directory_make(directory);
    snprintf(path, sizeof(path), "%s/page", directory);
    snprintf(temporary, sizeof(temporary), "%s/page.tmp", directory);
    snprintf(victim, sizeof(victim), "%s/victim", directory);
    test_write_file(directory, "victim", "precious");
    assert_int_equal(symlink(victim, temporary), 0);
    assert_int_equal(symlink(victim, path), 0);
    mode_t mask = umask(0077);
    assert_true(time_page_memory_new_file(&m, path));
    umask(mask);
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 8);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(st.st_size, TIME_PAGE_SIZE);
    assert_true(st.st_blocks * 512 >= TIME_PAGE_SIZE);
    assert_int_not_equal(lstat(temporary, &st), 0);

    int fd = open(path, O_RDONLY);
    const struct time_page *page = time_page_map(fd);
    close(fd);
    assert_non_null(page);
    time_page_write(m.page, &c);
    assert_true(time_page_read_content(page, &read));

    /* Another daemon has made a new one: that one stays. */
    assert_true(time_page_memory_new_file(&other, path));
    time_page_memory_free(&m);
    assert_int_equal(lstat(path, &st), 0);
    time_page_memory_free(&other);
    assert_int_not_equal(lstat(path, &st), 0);
    time_page_unmap(page);
    unlink(victim);

    snprintf(path, sizeof(path), "%s/missing/page", directory);
    assert_false(time_page_memory_new_file(&m, path));
    assert_int_equal(errno, ENOENT);
    assert_null(m.page);
    test_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_of_shared_memory_can_only_read),
        cmocka_unit_test(what_is_no_page_is_not_mapped),
        cmocka_unit_test(the_file_is_complete_and_not_made_through_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

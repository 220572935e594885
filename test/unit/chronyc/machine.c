/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that doctor looks at: files that are none, programs that do not end, texts of /proc.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "chronyc/machine_process.h"
#include "test/unit/support/machine.h"

static int set_up(void **state)
{
    *state = fake_machine_new();
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

static char *run(struct fake_machine *m, int *status)
{
    static const char *const argv[] = {"prog", "a b", NULL};

    return machine_run(&m->machine, argv, status);
}

static void what_is_no_file_is_not_opened(void **state)
{
    struct fake_machine *m = *state;
    char path[128], buf[16];

    snprintf(path, sizeof(path), "%s/fifo", m->root);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(machine_read(&m->machine, "/fifo", buf, sizeof(buf)));
    assert_null(machine_text(&m->machine, "/fifo", NULL));
    assert_false(machine_read(&m->machine, "/proc", buf, sizeof(buf)));
    assert_false(machine_read(&m->machine, "/none", buf, sizeof(buf)));
    assert_int_equal(errno, ENOENT);
    fake_machine_file(m, "/long", "%s", "0123456789abcdefghi");
    assert_true(machine_read(&m->machine, "/long", buf, sizeof(buf)));
    assert_string_equal(buf, "0123456789abcde");
}

static void long_text_is_read_whole(void **state)
{
    struct fake_machine *m = *state;
    size_t length;

    fake_machine_file(m, "/long", "%070000d", 1);
    char *text = machine_text(&m->machine, "/long", &length);
    assert_int_equal(length, 70000);
    assert_int_equal(strlen(text), 70000);
    free(text);
}

static void output_and_status_of_a_program_are_returned(void **state)
{
    struct fake_machine *m = *state;
    int status = -1;

    assert_null(run(m, &status));
    fake_machine_program(m, "prog", "cat; echo \"<$1>\"; echo hidden >&2; exit 3");
    char *text = run(m, &status);
    assert_string_equal(text, "<a b>\n");
    assert_int_equal(status, 3);
    free(text);
    fake_machine_program(m, "prog", "kill -9 $$");
    text = run(m, &status);
    assert_string_equal(text, "");
    assert_int_equal(status, 255);
    free(text);
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* With a child of its own that keeps the output open. */
static void program_that_does_not_end_is_killed(void **state)
{
    struct fake_machine *m = *state;
    double start = now();

    fake_machine_program(m, "prog", "echo $$ > ${0%/usr/bin/prog}/pid; sleep 1000 & wait");
    assert_null(run(m, NULL));
    assert_true(now() - start < 30.0);
    char text[32], path[64];
    assert_true(machine_read(&m->machine, "/pid", text, sizeof(text)));
    snprintf(path, sizeof(path), "/proc/%d", atoi(text));
    assert_false(machine_exists(&machine_system, path));
}

static void program_that_says_too_much_is_killed(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_program(m, "prog",
                         "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
    assert_null(run(m, NULL));
}

static void texts_of_processes_are_read(void **state)
{
    struct fake_machine *m = *state;
    struct process p;
    char value[64];

    assert_false(process_read(&m->machine, 55, &p));
    fake_machine_file(m, "/proc/55/status",
                      "Name:\ta) b\nUmask:\t0022\nState:\tT (stopped)\nPPid:\t7\n"
                      "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nCapEff:\t0000000002000400\n");
    assert_true(process_read(&m->machine, 55, &p));
    assert_string_equal(p.name, "a) b");
    assert_int_equal(p.state, 'T');
    assert_int_equal(p.parent, 7);
    assert_int_equal(p.uid, 2);
    assert_int_equal(p.gid, 6);
    assert_true(p.capabilities & PROCESS_MAY_SET_CLOCK);
    assert_int_equal(p.seccomp, -1);
    fake_machine_file(m, "/proc/55/status", "%s", "garbage\n\n:\nName:");
    assert_true(process_read(&m->machine, 55, &p));
    assert_string_equal(p.name, "");

    fake_machine_file(m, "/proc/55/cmdline", "chronyd%c-f%c/a b%c-x", 0, 0, 0);
    assert_true(process_option(&m->machine, 55, "-f", value, sizeof(value)));
    assert_string_equal(value, "/a b");
    assert_true(process_has_word(&m->machine, 55, "-x"));
    assert_false(process_has_word(&m->machine, 55, "-d"));
    assert_false(process_option(&m->machine, 55, "-x", value, sizeof(value)));
    fake_machine_file(m, "/proc/55/cmdline", "chronyd%c-f/c%c", 0, 0);
    assert_true(process_option(&m->machine, 55, "-f", value, sizeof(value)));
    assert_string_equal(value, "/c");
}

static void start_of_a_process_is_known(void **state)
{
    struct fake_machine *m = *state;

    assert_true(process_started(&m->machine, 55) < 0.0);
    fake_machine_file(m, "/proc/55/stat",
                      "55 (a (b) c) S 1 55 55 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 1\n");
    assert_true(process_started(&m->machine, 55) < 0.0);
    fake_machine_file(m, "/proc/stat", "cpu 1 2 3\nbtime 1000\nprocesses 5\n");
    assert_close(process_started(&m->machine, 55), 1123.45, 1e-6);
    /* The real one: this process has started within the last day. */
    assert_between((double)time(NULL) - process_started(&machine_system, (int)getpid()), -5.0,
                   86400.0);
}

static void garbage_in_tables_of_sockets_is_skipped(void **state)
{
    struct fake_machine *m = *state;
    const uint16_t ports[] = {123};
    struct processes none = {0};

    fake_machine_file(m, "/proc/net/udp",
                      "  sl  local\n\n  x\n 1: ZZ:1\n 1: 00000000:007B\n"
                      " 1: 00000000:007B 00000000:0000 07 0:0 0:0 0 42 0 4711 2 0 0\n");
    struct machine_sockets sockets = sockets_read(&m->machine, 0, ports, 1, &none);
    assert_int_equal(sockets.count, 1);
    assert_int_equal(sockets.items[0].uid, 42);
    assert_int_equal(sockets.items[0].inode, 4711);
    assert_false(sockets.items[0].loopback);
    assert_int_equal(sockets.items[0].pid, 0);
    sockets_free(&sockets);
}

static void real_clock_can_be_read(void **state)
{
    struct machine_clock clock;

    if (!machine_system.read_clock(&machine_system, &clock))
        skip();
    assert_between(clock.freq_ppm, -200000.0, 200000.0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_file_is_not_opened),
        TEST(long_text_is_read_whole),
        TEST(output_and_status_of_a_program_are_returned),
        TEST(program_that_does_not_end_is_killed),
        TEST(program_that_says_too_much_is_killed),
        TEST(texts_of_processes_are_read),
        TEST(start_of_a_process_is_known),
        TEST(garbage_in_tables_of_sockets_is_skipped),
        TEST(real_clock_can_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of the daemon's processes: order, restarts, both messages about a start in either
 * order, generations, and whose the files are.
 */
#include "test/unit/support/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>
#include "process/process_table.h"

static const struct process_place resolver = {.role = PROCESS_RESOLVER, .number = 1};

static struct process_place helper(uint32_t generation, uint16_t number)
{
    return (struct process_place){
        .role = PROCESS_KE_HELPER, .number = number, .generation = generation};
}

static int new_file(void)
{
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(file >= 0);
    return file;
}

static bool is_open(int file)
{
    return fcntl(file, F_GETFD) >= 0;
}

static void assert_row(const struct process_table *table, size_t index, enum process_role role,
                       pid_t pid, uint32_t restarts)
{
    const struct process_row *row = process_table_row(table, index);

    assert_non_null(row);
    assert_int_equal(row->place.role, role);
    assert_int_equal(row->pid, pid);
    assert_int_equal(row->restarts, restarts);
}

static void rows_are_sorted_and_wait_for_their_process(void **state)
{
    const struct process_place guard = {.role = PROCESS_GUARD, .number = 1};
    const struct process_place fork_server = {.role = PROCESS_FORK_SERVER};
    const struct process_place worker2 = {.role = PROCESS_SERVER_WORKER, .number = 2};
    const struct process_place worker1 = {.role = PROCESS_SERVER_WORKER, .number = 1};
    struct process_table *table = process_table_new();

    assert_null(process_table_row(table, 0));
    process_table_expect(table, &resolver);
    process_table_started(table, &fork_server, 10);
    process_table_expect(table, &worker2);
    process_table_expect(table, &guard);
    process_table_expect(table, &worker1);
    process_table_expect(table, &guard);
    assert_int_equal(process_table_count(table), 5);
    assert_row(table, 0, PROCESS_FORK_SERVER, 10, 0);
    assert_row(table, 1, PROCESS_GUARD, 0, 0);
    assert_row(table, 2, PROCESS_SERVER_WORKER, 0, 0);
    assert_int_equal(process_table_row(table, 2)->place.number, 1);
    assert_int_equal(process_table_row(table, 3)->place.number, 2);
    assert_row(table, 4, PROCESS_RESOLVER, 0, 0);
    assert_int_equal(process_table_row(table, 4)->status_file, -1);
    process_table_free(table);
}

static void start_is_told_twice_in_either_order(void **state)
{
    struct process_table *table = process_table_new();
    int first = new_file(), second = new_file();

    process_table_started(table, &resolver, 20);
    process_table_facts(table, &resolver, 20, first);
    assert_row(table, 0, PROCESS_RESOLVER, 20, 0);
    assert_int_equal(process_table_row(table, 0)->status_file, first);
    process_table_facts(table, &resolver, 21, second);
    process_table_started(table, &resolver, 21);
    assert_row(table, 0, PROCESS_RESOLVER, 21, 1);
    assert_int_equal(process_table_row(table, 0)->status_file, second);
    assert_false(is_open(first));
    /* The file of a process that has none is not that of the one before it. */
    process_table_started(table, &resolver, 22);
    assert_row(table, 0, PROCESS_RESOLVER, 22, 2);
    assert_int_equal(process_table_row(table, 0)->status_file, -1);
    assert_false(is_open(second));
    process_table_facts(table, &resolver, 22, -1);
    assert_row(table, 0, PROCESS_RESOLVER, 22, 2);
    process_table_free(table);
}

static void new_generation_goes_on_with_the_restarts(void **state)
{
    struct process_table *table = process_table_new();
    struct process_place place = helper(1, 1), other = helper(1, 2);

    process_table_started(table, &place, 30);
    process_table_started(table, &other, 31);
    process_table_started(table, &place, 32);
    place = helper(2, 1);
    process_table_started(table, &place, 33);
    other = helper(2, 2);
    process_table_started(table, &other, 34);
    assert_int_equal(process_table_count(table), 4);
    assert_row(table, 0, PROCESS_KE_HELPER, 32, 1);
    assert_row(table, 1, PROCESS_KE_HELPER, 33, 1);
    assert_row(table, 2, PROCESS_KE_HELPER, 31, 0);
    assert_row(table, 3, PROCESS_KE_HELPER, 34, 0);
    process_table_free(table);
}

/* The oldest ones are gone, whatever is ordered. */
static void generations_without_end_are_forgotten(void **state)
{
    struct process_table *table = process_table_new();
    int last = -1;

    for (uint32_t generation = 1; generation <= 100; generation++) {
        const struct process_place place = helper(generation, 1);

        last = new_file();
        process_table_facts(table, &place, (pid_t)(100 + generation), last);
    }
    assert_in_range(process_table_count(table), 4, 8);
    for (size_t i = 1; i < process_table_count(table); i++)
        assert_int_equal(process_table_row(table, i)->pid,
                         process_table_row(table, i - 1)->pid + 1);
    assert_int_equal(process_table_row(table, process_table_count(table) - 1)->pid, 200);
    assert_true(is_open(last));
    process_table_free(table);
    assert_false(is_open(last));
    process_table_free(NULL);
}

static void one_that_was_ended_by_order_is_not_missed(void **state)
{
    const struct process_place client = {.role = PROCESS_KE_CLIENT, .number = 1};
    struct process_table *table = process_table_new();
    int file = new_file();

    process_table_facts(table, &client, 20, file);
    process_table_rest(table, &client);
    assert_false(is_open(file));
    assert_row(table, 0, PROCESS_KE_CLIENT, 0, 0);
    assert_true(process_table_row(table, 0)->rests);
    /* The next one is no restart, and one after it, without an order, is. */
    process_table_started(table, &client, 21);
    assert_row(table, 0, PROCESS_KE_CLIENT, 21, 0);
    assert_false(process_table_row(table, 0)->rests);
    process_table_started(table, &client, 22);
    assert_row(table, 0, PROCESS_KE_CLIENT, 22, 1);
    process_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_and_wait_for_their_process),
        cmocka_unit_test(start_is_told_twice_in_either_order),
        cmocka_unit_test(new_generation_goes_on_with_the_restarts),
        cmocka_unit_test(generations_without_end_are_forgotten),
        cmocka_unit_test(one_that_was_ended_by_order_is_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

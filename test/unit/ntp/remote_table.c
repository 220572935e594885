/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of where sockets are connected to.
 */
#include "test/unit/support/unit.h"

#include "ntp/remote_table.h"

static void descriptors_have_the_last_remote_until_they_are_closed(void **state)
{
    const struct ip_port a = {ip_addr_v4(192, 0, 2, 1), 123}, b = {ip_addr_v4(192, 0, 2, 2), 456};
    struct remote_table table = {0};

    assert_null(remote_table_get(&table, 0));
    remote_table_set(&table, 3, NULL);
    assert_null(remote_table_get(&table, 3));
    remote_table_set(&table, 7, &a);
    remote_table_set(&table, 3, &b);
    for (int fd = -1; fd < 10; fd++) {
        const struct ip_port *remote = remote_table_get(&table, fd);

        assert_true(fd == 7   ? ip_port_equal(remote, &a)
                    : fd == 3 ? ip_port_equal(remote, &b)
                              : !remote);
    }
    remote_table_set(&table, 7, &b);
    assert_true(ip_port_equal(remote_table_get(&table, 7), &b));
    remote_table_set(&table, 7, NULL);
    assert_null(remote_table_get(&table, 7));
    remote_table_free(&table);
    assert_null(remote_table_get(&table, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_have_the_last_remote_until_they_are_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of interfaces and addresses, in a network namespace of its own, where there is only the
 * loopback interface, which is down at first. Skipped without the right to have one.
 */
#include "test/unit/support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/os/links.h"

#define ADDRESS "192.0.2.5"

static void request(unsigned long number, struct ifreq *r)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    text_copy(r->ifr_name, sizeof(r->ifr_name), "lo");
    if (ioctl(fd, number, r) != 0)
        fail_msg("%s", text_errno(errno));
    close(fd);
}

static void add_address(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    struct ifreq r = {0};

    assert_int_equal(inet_pton(AF_INET, ADDRESS, &addr.sin_addr), 1);
    memcpy(&r.ifr_addr, &addr, sizeof(addr));
    request(SIOCSIFADDR, &r);
}

static void set_up(bool up)
{
    struct ifreq r = {0};

    request(SIOCGIFFLAGS, &r);
    r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
    request(SIOCSIFFLAGS, &r);
}

static bool has_address(const struct link_list *list)
{
    struct ip_addr addr;

    assert_true(ip_addr_parse(ADDRESS, &addr));
    for (size_t i = 0; i < list->address_count; i++)
        if (ip_addr_equal(&list->addresses[i], &addr))
            return true;
    return false;
}

static bool has_news(const struct links *links)
{
    struct pollfd p = {.fd = links_news(links), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void check_list(struct links *links, bool up)
{
    struct link_list list;

    assert_true(links_read(links, &list));
    assert_int_equal(list.link_count, 1);
    assert_string_equal(list.links[0].name, "lo");
    assert_int_equal(list.links[0].is_up, up);
    assert_false(list.links[0].is_ethernet);
    assert_int_equal(has_address(&list), up);
    link_list_clear(&list);
}

/* The kernel takes no packet for the address of an interface that is down. */
static void addresses_are_those_of_interfaces_that_are_up(void **state)
{
    if (unshare(CLONE_NEWNET) != 0) {
        print_message("SKIP no network namespace : %s\n", text_errno(errno));
        skip();
    }
    struct links *links = links_open();
    assert_non_null(links);
    add_address();
    links_take_news(links);
    check_list(links, false);
    for (int i = 0; i < 3; i++) {
        set_up(i % 2 == 0);
        assert_true(has_news(links));
        links_take_news(links);
        check_list(links, i % 2 == 0);
    }
    links_close(links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_those_of_interfaces_that_are_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

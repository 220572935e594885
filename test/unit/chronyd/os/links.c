/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of interfaces and addresses, in a network namespace of its own, where there is only the
 * loopback interface, which is down at first. Skipped without the right to have one.
 */
#include "test/unit/support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/os/links.h"

#define ADDRESS "192.0.2.5"

/* ---- The kernel's answers, or others in their place ---- */

static int forged; /* datagrams so far; -1: the kernel answers */

/* A message of this length. Returns where the next one begins. */
static char *put_message(char *place, uint16_t type, uint32_t sequence, uint32_t length)
{
    const struct nlmsghdr header = {.nlmsg_len = length, .nlmsg_type = type, .nlmsg_seq = sequence};

    memcpy(place, &header, sizeof(header));
    return place + NLMSG_ALIGN(length);
}

/* An interface by name, without anything else. */
static void put_link(char *place, uint32_t sequence, const char *name)
{
    const struct ifinfomsg body = {.ifi_index = 7};
    const size_t size = strlen(name) + 1;
    const struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(size),
                                     .rta_type = IFLA_IFNAME};

    put_message(place, RTM_NEWLINK, sequence,
                (uint32_t)(NLMSG_LENGTH(sizeof(body)) + RTA_LENGTH(size)));
    memcpy(place + NLMSG_LENGTH(0), &body, sizeof(body));
    memcpy(place + NLMSG_LENGTH(sizeof(body)), &attribute, sizeof(attribute));
    memcpy(place + NLMSG_LENGTH(sizeof(body)) + RTA_LENGTH(0), name, size);
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    if (forged < 0)
        return syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
    memset(buffer, 0, size);
    if (forged++ > 0) {
        put_message(buffer, NLMSG_DONE, (uint32_t)forged - 1, NLMSG_LENGTH(4));
        return NLMSG_LENGTH(4);
    }
    /* The datagram ends within the padding of its message; behind it is what was there before. */
    put_link(put_message(buffer, NLMSG_NOOP, 1, NLMSG_LENGTH(1)), 1, "ghost0");
    return NLMSG_LENGTH(1);
}

/* ---- Changes ---- */

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
    forged = -1;
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

static void nothing_is_read_behind_the_end(void **state)
{
    struct links *links = links_open();
    struct link_list list;

    assert_non_null(links);
    forged = 0;
    assert_true(links_read(links, &list));
    assert_int_equal(forged, 3);
    assert_int_equal(list.link_count, 0);
    link_list_clear(&list);
    links_close(links);
    forged = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_behind_the_end),
        cmocka_unit_test(addresses_are_those_of_interfaces_that_are_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

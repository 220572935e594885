/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of interfaces and addresses: from datagrams that are made here, and from the kernel in a
 * network namespace of its own, where there is only the loopback interface, which is down at first.
 * The latter is skipped without the right to have one.
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

static int forged;                    /* datagrams so far; -1: the kernel answers */
static size_t (*forge)(char *buffer); /* puts the first datagram there, and returns its length */

static char *put(char *place, const void *octets, size_t length)
{
    memcpy(place, octets, length);
    return place + NLMSG_ALIGN(length);
}

/* A message of this length. */
static char *put_header(char *place, uint16_t type, uint32_t sequence, size_t length)
{
    const struct nlmsghdr header = {
        .nlmsg_len = (uint32_t)length, .nlmsg_type = type, .nlmsg_seq = sequence};

    return put(place, &header, sizeof(header));
}

static char *put_attribute(char *place, unsigned short type, const void *octets, size_t length)
{
    const struct rtattr attribute = {.rta_len = (unsigned short)RTA_LENGTH(length),
                                     .rta_type = type};

    return put(put(place, &attribute, sizeof(attribute)), octets, length);
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    if (forged < 0)
        return syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
    memset(buffer, 0, size);
    if (forged++ == 0)
        return (ssize_t)forge(buffer);
    /* The end of both lists. */
    put_header(buffer, NLMSG_DONE, (uint32_t)forged - 1, NLMSG_LENGTH(4));
    return NLMSG_LENGTH(4);
}

static void read_forged(size_t (*datagram)(char *buffer), struct link_list *list)
{
    struct links *links = links_open();

    assert_non_null(links);
    forged = 0;
    forge = datagram;
    assert_true(links_read(links, list));
    assert_int_equal(forged, 3);
    links_close(links);
    forged = -1;
}

/* An interface that is up; attributes: behind its name. */
static size_t put_link(char *place, const char *name, const char *attributes, size_t length)
{
    const struct ifinfomsg body = {.ifi_index = 7, .ifi_flags = IFF_UP};
    char *end = put(place + NLMSG_LENGTH(0), &body, sizeof(body));

    end = put_attribute(end, IFLA_IFNAME, name, strlen(name) + 1);
    end = put(end, attributes, length);
    put_header(place, RTM_NEWLINK, 1, (size_t)(end - place));
    return (size_t)(end - place);
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
    assert_true(has_address(&list));
    link_list_clear(&list);
}

/* Addresses of an interface that is down are still in use. */
static void interfaces_are_up_or_down(void **state)
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

/* The datagram ends within the padding of its message; behind it is what was there before. */
static size_t forge_short(char *buffer)
{
    put_header(buffer, NLMSG_NOOP, 1, NLMSG_LENGTH(1));
    put_link(buffer + NLMSG_SPACE(1), "ghost0", "", 0);
    return NLMSG_LENGTH(1);
}

static void nothing_is_read_behind_the_end(void **state)
{
    struct link_list list;

    read_forged(forge_short, &list);
    assert_int_equal(list.link_count, 0);
    link_list_clear(&list);
}

static uint16_t tag_protocol; /* 0: the kernel does not say it */
static bool in_other_namespace;

static size_t forge_vlan(char *buffer)
{
    const uint16_t id = 5, protocol = htons(tag_protocol);
    const uint32_t parent = 3, namespace = 0;
    char data[64], info[128], attributes[256];
    char *end = put_attribute(data, IFLA_VLAN_ID, &id, sizeof(id));

    if (tag_protocol != 0)
        end = put_attribute(end, IFLA_VLAN_PROTOCOL, &protocol, sizeof(protocol));
    size_t length = (size_t)(end - data);
    end = put_attribute(info, IFLA_INFO_KIND, "vlan", 5);
    end = put_attribute(end, IFLA_INFO_DATA, data, length);
    length = (size_t)(end - info);
    end = put_attribute(attributes, IFLA_LINKINFO, info, length);
    end = put_attribute(end, IFLA_LINK, &parent, sizeof(parent));
    if (in_other_namespace)
        end = put_attribute(end, IFLA_LINK_NETNSID, &namespace, sizeof(namespace));
    return put_link(buffer, "vlan5", attributes, (size_t)(end - attributes));
}

/* Index and tag of what packets of a VLAN come in by. */
static void vlans_are_on_an_interface_of_this_namespace(void **state)
{
    static const uint16_t protocols[] = {0, 0x8100, 0x88a8};
    struct link_list list;

    for (int i = 0; i < 6; i++) {
        tag_protocol = protocols[i / 2];
        in_other_namespace = i % 2 != 0;
        read_forged(forge_vlan, &list);
        assert_int_equal(list.link_count, 1);
        assert_string_equal(list.links[0].name, "vlan5");
        assert_true(list.links[0].is_up);
        assert_int_equal(list.links[0].vlan, i < 4 ? 5 : LINK_OTHER_TAG);
        assert_int_equal(list.links[0].parent, in_other_namespace ? 0 : 3);
        link_list_clear(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_behind_the_end),
        cmocka_unit_test(vlans_are_on_an_interface_of_this_namespace),
        cmocka_unit_test(interfaces_are_up_or_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

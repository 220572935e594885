/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and addresses by rtnetlink. The kernel answers a question at once, so that nothing
 * here waits. What it sends is read with a bound all the same.
 */
#include "chronyd/os/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/text.h"

#define NEWS (RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR)
/* The kernel makes messages of a list as large as the buffers of its reader, up to this. */
#define BUFFER_SIZE 32768

struct links {
    int news;
    int questions;
    uint32_t sequence;
    _Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

static int open_socket(uint32_t groups)
{
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = groups};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

struct links *links_open(void)
{
    struct links *links = mem_alloc(sizeof(*links));

    links->news = open_socket(NEWS);
    links->questions = links->news < 0 ? -1 : open_socket(0);
    if (links->questions >= 0)
        return links;
    int error = errno;
    links_close(links);
    errno = error;
    return NULL;
}

void links_close(struct links *links)
{
    if (!links)
        return;
    if (links->news >= 0)
        close(links->news);
    if (links->questions >= 0)
        close(links->questions);
    free(links);
}

int links_news(const struct links *links)
{
    return links->news;
}

void links_take_news(struct links *links)
{
    /* An overflow is news, too; it ends with the next read. */
    for (int i = 0; i < 1000; i++)
        if (recv(links->news, links->buffer, sizeof(links->buffer), 0) < 0 && errno != ENOBUFS)
            return;
}

/* ---- Attributes ---- */

static const void *attribute(const struct rtattr *first, size_t length, unsigned short type,
                             size_t min_size, size_t *size)
{
    const char *octets = (const char *)first;

    while (length >= sizeof(struct rtattr)) {
        const struct rtattr *a = (const struct rtattr *)octets;
        const size_t step = RTA_ALIGN((size_t)a->rta_len);

        if (a->rta_len < sizeof(*a) || a->rta_len > length)
            return NULL;
        if ((a->rta_type & NLA_TYPE_MASK) == type) {
            *size = a->rta_len - RTA_LENGTH(0);
            return *size >= min_size ? octets + RTA_LENGTH(0) : NULL;
        }
        if (step >= length)
            return NULL;
        octets += step;
        length -= step;
    }
    return NULL;
}

/* The ID of a VLAN, or LINK_OTHER_TAG; 0: the interface is none. */
static uint16_t vlan_of(const struct rtattr *first, size_t length)
{
    size_t size, kind_size, data_size;
    const struct rtattr *info = attribute(first, length, IFLA_LINKINFO, sizeof(*info), &size);
    const char *kind = info ? attribute(info, size, IFLA_INFO_KIND, 5, &kind_size) : NULL;
    uint16_t id, kind_of_tag;

    if (!kind || memcmp(kind, "vlan", 5) != 0)
        return 0;
    const struct rtattr *data = attribute(info, size, IFLA_INFO_DATA, sizeof(*data), &data_size);
    const void *value = data ? attribute(data, data_size, IFLA_VLAN_ID, sizeof(id), &size) : NULL;
    if (!value)
        return 0;
    memcpy(&id, value, sizeof(id));
    value = attribute(data, data_size, IFLA_VLAN_PROTOCOL, sizeof(kind_of_tag), &size);
    if (!value)
        return id;
    memcpy(&kind_of_tag, value, sizeof(kind_of_tag));
    return kind_of_tag == htons(ETH_P_8021Q) ? id : LINK_OTHER_TAG;
}

static void add_link(struct link_list *list, const struct nlmsghdr *message)
{
    const struct ifinfomsg *body = NLMSG_DATA(message);
    struct link_info link = {0};
    size_t size;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*body)))
        return;
    const struct rtattr *first = IFLA_RTA(body);
    const size_t length = IFLA_PAYLOAD(message);
    const char *name = attribute(first, length, IFLA_IFNAME, 1, &size);
    if (!name || size > sizeof(link.name) || name[size - 1] != '\0' || body->ifi_index <= 0)
        return;
    memcpy(link.name, name, size);
    link.index = (uint32_t)body->ifi_index;
    link.is_up = (body->ifi_flags & IFF_UP) != 0;
    const void *mac = attribute(first, length, IFLA_ADDRESS, sizeof(link.mac), &size);
    link.is_ethernet = body->ifi_type == ARPHRD_ETHER && mac;
    if (link.is_ethernet)
        memcpy(link.mac, mac, sizeof(link.mac));
    link.vlan = vlan_of(first, length);
    const void *parent = attribute(first, length, IFLA_LINK, sizeof(link.parent), &size);
    if (parent && !attribute(first, length, IFLA_LINK_NETNSID, 0, &size))
        memcpy(&link.parent, parent, sizeof(link.parent));
    list->links = mem_resize(list->links, list->link_count + 1, sizeof(link));
    list->links[list->link_count++] = link;
}

/* The address of this end: IFA_LOCAL, where there is one, and not IFA_ADDRESS, which may be the
   other end's. Addresses that are not known to be unique yet are not in use. */
static void add_address(struct link_list *list, const struct nlmsghdr *message)
{
    const struct ifaddrmsg *body = NLMSG_DATA(message);
    struct ip_addr addr = {0};

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*body)) ||
        (body->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
        return;
    addr.family = body->ifa_family == AF_INET    ? IP_V4
                  : body->ifa_family == AF_INET6 ? IP_V6
                                                 : IP_UNSPEC;
    size_t wanted = addr.family == IP_V4 ? 4 : 16, size;
    const void *octets = attribute(IFA_RTA(body), IFA_PAYLOAD(message), IFA_LOCAL, wanted, &size);
    if (!octets)
        octets = attribute(IFA_RTA(body), IFA_PAYLOAD(message), IFA_ADDRESS, wanted, &size);
    if (!octets || addr.family == IP_UNSPEC)
        return;
    memcpy(&addr.u, octets, wanted);
    list->addresses = mem_resize(list->addresses, list->address_count + 1, sizeof(addr));
    list->addresses[list->address_count++] = addr;
}

/* ---- Lists ---- */

static bool ask(struct links *links, uint16_t type)
{
    struct {
        struct nlmsghdr header;
        struct rtgenmsg body;
    } question = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(question.body)),
                   .nlmsg_type = type,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = ++links->sequence},
    };
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    return sendto(links->questions, &question, question.header.nlmsg_len, 0,
                  (const struct sockaddr *)&kernel, sizeof(kernel)) >= 0;
}

/* One datagram of an answer. False: it is the last one, or there is an error, and *ok is false. */
static bool take(struct links *links, struct link_list *list, size_t length, bool *ok)
{
    /* Each message takes up a multiple of this, which is then never more than is left. */
    size_t left = length / NLMSG_ALIGNTO * NLMSG_ALIGNTO;

    for (const struct nlmsghdr *m = (const void *)links->buffer; NLMSG_OK(m, left);
         m = NLMSG_NEXT(m, left)) {
        if (m->nlmsg_seq != links->sequence)
            continue;
        if (m->nlmsg_type == NLMSG_DONE)
            return false;
        if (m->nlmsg_type == NLMSG_ERROR || (m->nlmsg_flags & NLM_F_DUMP_INTR)) {
            *ok = false;
            return false;
        }
        if (m->nlmsg_type == RTM_NEWLINK)
            add_link(list, m);
        else if (m->nlmsg_type == RTM_NEWADDR)
            add_address(list, m);
    }
    return true;
}

static bool read_list(struct links *links, struct link_list *list, uint16_t type)
{
    bool ok = ask(links, type);
    ssize_t length;

    while (ok) {
        length = recv(links->questions, links->buffer, sizeof(links->buffer), MSG_TRUNC);
        if (length <= 0 || (size_t)length > sizeof(links->buffer))
            return false;
        if (!take(links, list, (size_t)length, &ok))
            break;
    }
    return ok;
}

bool links_read(struct links *links, struct link_list *list)
{
    memset(list, 0, sizeof(*list));
    if (read_list(links, list, RTM_GETLINK) && read_list(links, list, RTM_GETADDR))
        return true;
    link_list_clear(list);
    return false;
}

void link_list_clear(struct link_list *list)
{
    free(list->links);
    free(list->addresses);
    memset(list, 0, sizeof(*list));
}

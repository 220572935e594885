/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control messages of received packets and of the error queue: the table of system.md 5.4.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "config.h"
#ifdef HAVE_LINUX_TIMESTAMPING
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#endif
#include "chronyd/os/linux_internal.h"

static union {
    struct cmsghdr align;
    uint8_t octets[CONTROL_SIZE];
} control;
static struct msghdr hdr;

/* Starts without messages. */
static void clear(void)
{
    memset(&control, 0, sizeof(control));
    hdr = (struct msghdr){.msg_control = &control};
}

static void put(int level, int type, const void *data, size_t length)
{
    struct cmsghdr *cmsg = (struct cmsghdr *)(void *)(control.octets + hdr.msg_controllen);

    hdr.msg_controllen += CMSG_SPACE(length);
    assert_true(hdr.msg_controllen <= sizeof(control));
    cmsg->cmsg_level = level;
    cmsg->cmsg_type = type;
    cmsg->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(cmsg), data, length);
}

/* One message, which may be longer or shorter by some octets. Whether the packet is good. */
static bool parse_one_of(int level, int type, const void *data, size_t size, int more,
                         struct world_datagram *msg, struct control_info *info)
{
    uint8_t copy[128] = {0};

    assert_true(size < sizeof(copy));
    memcpy(copy, data, size);
    clear();
    put(level, type, copy, size + (size_t)more);
    *msg = (struct world_datagram){.if_index = -1, .hardware_if_index = -1};
    return control_parse(&hdr, msg, info);
}

static bool parse_one(int level, int type, const void *data, size_t size,
                      struct world_datagram *msg, struct control_info *info)
{
    return parse_one_of(level, type, data, size, 0, msg, info);
}

static void packet_info_is_the_local_address(void **state)
{
    const struct in_pktinfo v4 = {
        .ipi_ifindex = 5, .ipi_spec_dst = {htonl(0x7f000001)}, .ipi_addr = {htonl(0xc0000207)}};
    const struct ip_addr expected = ip_addr_v4(192, 0, 2, 7);
    struct world_datagram msg;
    struct control_info info;

    assert_true(parse_one(IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4), &msg, &info));
    assert_true(ip_addr_equal(&msg.local, &expected)); /* the header's destination */
    assert_int_equal(msg.if_index, 5);
    assert_false(info.has_tx_error);
    for (int more = -1; more < 2; more += 2) {
        assert_true(parse_one_of(IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4), more, &msg, &info));
        assert_int_equal(msg.local.family, IP_UNSPEC);
        assert_int_equal(msg.if_index, -1);
    }
    assert_true(parse_one(IPPROTO_IP, IP_TTL, &v4, sizeof(v4), &msg, &info));
    assert_int_equal(msg.if_index, -1);
#ifdef FEAT_IPV6
    const struct in6_pktinfo v6 = {.ipi6_ifindex = 6, .ipi6_addr.s6_addr = {0x20, 1, [15] = 9}};

    assert_true(parse_one(IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6), &msg, &info));
    assert_int_equal(msg.local.family, IP_V6);
    assert_memory_equal(msg.local.u.v6, v6.ipi6_addr.s6_addr, 16);
    assert_int_equal(msg.if_index, 6);
    for (int more = -1; more < 2; more += 2) {
        assert_true(parse_one_of(IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6), more, &msg, &info));
        assert_int_equal(msg.if_index, -1);
    }
#endif
}

static void timestamps_of_the_kernel_have_three_forms(void **state)
{
    const struct timeval tv = {.tv_sec = 1700000000, .tv_usec = 123456};
    const struct timespec ts = {.tv_sec = 1700000001, .tv_nsec = 123456789};
    struct world_datagram msg;
    struct control_info info;

    assert_true(parse_one(SOL_SOCKET, SO_TIMESTAMP, &tv, sizeof(tv), &msg, &info));
    assert_int_equal(msg.kernel_time.i.sec, 1700000000);
    assert_int_equal(msg.kernel_time.i.nsec, 123456000);
    assert_true(parse_one(SOL_SOCKET, SO_TIMESTAMPNS, &ts, sizeof(ts), &msg, &info));
    assert_int_equal(msg.kernel_time.i.sec, 1700000001);
    assert_int_equal(msg.kernel_time.i.nsec, 123456789);
    for (int more = -1; more < 2; more += 2) {
        assert_true(parse_one_of(SOL_SOCKET, SO_TIMESTAMP, &tv, sizeof(tv), more, &msg, &info));
        assert_int_equal(msg.kernel_time.i.sec, 0);
        assert_true(parse_one_of(SOL_SOCKET, SO_TIMESTAMPNS, &ts, sizeof(ts), more, &msg, &info));
        assert_int_equal(msg.kernel_time.i.sec, 0);
    }
#ifdef HAVE_LINUX_TIMESTAMPING
    struct scm_timestamping all = {.ts = {{1700000002, 5}, {7, 7}, {1234, 999999999}}};

    assert_true(parse_one(SOL_SOCKET, SO_TIMESTAMPING, &all, sizeof(all), &msg, &info));
    assert_int_equal(msg.kernel_time.i.sec, 1700000002);
    assert_int_equal(msg.kernel_time.i.nsec, 5);
    assert_int_equal(msg.hardware_time.i.sec, 1234);
    assert_int_equal(msg.hardware_time.i.nsec, 999999999);
    for (int more = -1; more < 2; more += 2) {
        assert_true(
            parse_one_of(SOL_SOCKET, SO_TIMESTAMPING, &all, sizeof(all), more, &msg, &info));
        assert_int_equal(msg.kernel_time.i.sec, 0);
    }
    /* What is no time is none. */
    all.ts[0].tv_nsec = 1000000000;
    all.ts[2].tv_nsec = -1;
    assert_true(parse_one(SOL_SOCKET, SO_TIMESTAMPING, &all, sizeof(all), &msg, &info));
    assert_true(msg.kernel_time.i.sec == 0 && msg.kernel_time.i.nsec == 0);
    assert_true(msg.hardware_time.i.sec == 0 && msg.hardware_time.i.nsec == 0);
#endif
}

static void timestamp_has_the_real_interface(void **state)
{
#ifdef HAVE_LINUX_TIMESTAMPING_OPT_PKTINFO
    const struct scm_ts_pktinfo real = {.if_index = 3, .pkt_length = 94};
    struct world_datagram msg;
    struct control_info info;

    assert_true(parse_one(SOL_SOCKET, 58, &real, sizeof(real), &msg, &info));
    assert_int_equal(msg.hardware_if_index, 3);
    assert_int_equal(msg.hardware_length, 94);
    for (int more = -1; more < 2; more += 2) {
        assert_true(parse_one_of(SOL_SOCKET, 58, &real, sizeof(real), more, &msg, &info));
        assert_int_equal(msg.hardware_if_index, -1);
    }
#endif
}

static void errors_are_those_of_transmit_timestamps(void **state)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    const struct sock_extended_err good = {
        .ee_errno = ENOMSG, .ee_origin = 4, .ee_info = 0, .ee_data = 0x12345};
    const struct {
        int level, type;
    } kinds[] = {{IPPROTO_IP, IP_RECVERR}, {IPPROTO_IPV6, IPV6_RECVERR}};
    struct world_datagram msg;
    struct control_info info;

    for (int i = 0; i < 2; i++) {
        const int level = kinds[i].level, type = kinds[i].type;
        struct sock_extended_err bad = good;

        /* At least the structure: an address follows. */
        for (int more = 0; more < 32; more += 16) {
            assert_true(parse_one_of(level, type, &good, sizeof(good), more, &msg, &info));
            assert_true(info.has_tx_error);
            assert_int_equal(info.tx_id, 0x12345);
        }
        assert_false(parse_one_of(level, type, &good, sizeof(good), -1, &msg, &info));
        bad.ee_errno = ECONNREFUSED;
        assert_false(parse_one(level, type, &bad, sizeof(bad), &msg, &info));
        bad = good;
        bad.ee_info = 1;
        assert_false(parse_one(level, type, &bad, sizeof(bad), &msg, &info));
        bad = good;
        bad.ee_origin = 2;
        assert_false(parse_one(level, type, &bad, sizeof(bad), &msg, &info));
        assert_false(info.has_tx_error);
    }
#endif
}

static void passed_descriptors_are_closed_and_others_ignored(void **state)
{
    const struct timespec ts = {.tv_sec = 1700000001, .tv_nsec = 5};
    struct world_datagram msg = {.if_index = -1};
    struct control_info info;
    int fds[4];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(pipe(fds + 2), 0);
    clear();
    put(SOL_SOCKET, 9999, fds, 4);
    put(SOL_SOCKET, SCM_RIGHTS, fds, sizeof(fds));
    put(SOL_SOCKET, SO_TIMESTAMPNS, &ts, sizeof(ts));
    assert_false(control_parse(&hdr, &msg, &info));
    assert_int_equal(msg.kernel_time.i.sec, 1700000001);
    for (int i = 0; i < 4; i++)
        assert_int_equal(close(fds[i]), -1);
    clear();
    put(SOL_SOCKET, 9999, fds, 4);
    assert_true(control_parse(&hdr, &msg, &info));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_info_is_the_local_address),
        cmocka_unit_test(timestamps_of_the_kernel_have_three_forms),
        cmocka_unit_test(timestamp_has_the_real_interface),
        cmocka_unit_test(errors_are_those_of_transmit_timestamps),
        cmocka_unit_test(passed_descriptors_are_closed_and_others_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

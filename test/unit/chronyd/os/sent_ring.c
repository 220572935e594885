/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sent messages by their ID (system.md 5.8, maxtxbuffers), and the receive filters that cards are
 * asked for (5.2).
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include "chronyd/os/sent_ring.h"
#include "config.h"
#ifdef HAVE_LINUX_TIMESTAMPING
#include <linux/net_tstamp.h>
#include "chronyd/os/linux_internal.h"
#endif

static const struct ip_port destination = {.addr = {.family = IP_V4, .u.v4 = {192, 0, 2, 1}},
                                           .port = 123};

static void messages_are_found_until_they_are_replaced(void **state)
{
    struct sent_ring *ring = sent_ring_new(3);
    const struct sent_message *m;
    uint8_t data[48];
    uint32_t ids[4];

    for (int i = 0; i < 4; i++) {
        memset(data, i, sizeof(data));
        ids[i] = sent_ring_save(ring, data, sizeof(data) - (size_t)i, &destination);
        assert_int_equal(ids[i], 0x1000 + i);
    }
    assert_int_equal(sent_ring_find(ring, ids[0], &m), SENT_REPLACED);
    for (int i = 1; i < 4; i++) {
        assert_int_equal(sent_ring_find(ring, ids[i], &m), SENT_FOUND);
        assert_int_equal(m->length, 48 - i);
        assert_int_equal(m->data[0], i);
        assert_true(ip_port_equal(&m->destination, &destination));
    }
    /* One that was never given. */
    assert_int_equal(sent_ring_find(ring, 0x1004, &m), SENT_REPLACED);
    sent_ring_free(ring);
}

static void ids_of_the_kernel_are_recognised(void **state)
{
    struct sent_ring *ring = sent_ring_new(2);
    const struct sent_message *m;

    assert_int_equal(sent_ring_find(ring, 0, &m), SENT_NOT_AN_ID);
    assert_int_equal(sent_ring_find(ring, 0xfff, &m), SENT_NOT_AN_ID);
    assert_int_equal(sent_ring_find(ring, 0x1000, &m), SENT_REPLACED);
    sent_ring_free(ring);
}

static void what_is_too_long_has_no_id(void **state)
{
    struct sent_ring *ring = sent_ring_new(1);
    uint8_t data[SENT_MAX_LENGTH + 1] = {0};
    const struct sent_message *m;

    assert_int_equal(sent_ring_save(ring, data, sizeof(data), &destination), 0);
    assert_int_equal(sent_ring_save(ring, data, sizeof(data) - 1, &destination), 0x1000);
    assert_int_equal(sent_ring_find(ring, 0x1000, &m), SENT_FOUND);
    assert_int_equal(m->length, SENT_MAX_LENGTH);
    sent_ring_free(ring);
}

#ifdef HAVE_LINUX_TIMESTAMPING_RXFILTER_NTP

static void receive_filters_are_those_of_the_table(void **state)
{
#define BIT(f) (UINT32_C(1) << HWTSTAMP_FILTER_##f)
    const struct {
        enum nic_filter filter;
        uint32_t reported;
        int expected;
    } cases[] = {
        {NIC_FILTER_AUTO, BIT(NONE) | BIT(ALL) | BIT(NTP_ALL), HWTSTAMP_FILTER_NTP_ALL},
        {NIC_FILTER_AUTO, BIT(NONE) | BIT(ALL), HWTSTAMP_FILTER_ALL},
        {NIC_FILTER_AUTO, BIT(NONE) | BIT(PTP_V2_EVENT), HWTSTAMP_FILTER_NONE},
        {NIC_FILTER_AUTO, 0, HWTSTAMP_FILTER_NONE},
        {NIC_FILTER_NONE, BIT(ALL) | BIT(NTP_ALL), HWTSTAMP_FILTER_NONE},
        {NIC_FILTER_NTP, 0, HWTSTAMP_FILTER_NTP_ALL},
        {NIC_FILTER_PTP, BIT(PTP_V2_L4_EVENT) | BIT(PTP_V2_EVENT), HWTSTAMP_FILTER_PTP_V2_L4_EVENT},
        {NIC_FILTER_PTP, BIT(PTP_V2_EVENT) | BIT(ALL), HWTSTAMP_FILTER_PTP_V2_EVENT},
        {NIC_FILTER_PTP, BIT(ALL), HWTSTAMP_FILTER_NONE},
        {NIC_FILTER_ALL, 0, HWTSTAMP_FILTER_ALL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (nic_choose_filter(cases[i].filter, cases[i].reported) != cases[i].expected)
            fail_msg("case %zu", i);
#undef BIT
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_found_until_they_are_replaced),
        cmocka_unit_test(ids_of_the_kernel_are_recognised),
        cmocka_unit_test(what_is_too_long_has_no_id),
#ifdef HAVE_LINUX_TIMESTAMPING_RXFILTER_NTP
        cmocka_unit_test(receive_filters_are_those_of_the_table),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

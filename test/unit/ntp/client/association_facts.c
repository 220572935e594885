/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts that an association keeps to be explained: which reason stands for the last packets.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include "ntp/client/association_facts.h"

static void packet(struct association_facts *facts, enum response_reason reason, double value)
{
    association_facts_packet(facts, &(struct response_verdict){reason, value, 1.0}, value);
}

static void check(const struct association_facts *facts, enum response_reason reason, double value,
                  unsigned int count)
{
    struct response_verdict verdict;
    unsigned int n;

    assert_true(association_facts_trouble(facts, &verdict, &n));
    assert_int_equal(verdict.reason, reason);
    assert_true(verdict.value == value);
    assert_int_equal(n, count);
}

static void most_frequent_reason_of_the_last_packets_counts(void **state)
{
    struct association_facts facts = association_facts_make(0.0);
    struct response_verdict verdict;
    unsigned int count;

    assert_false(association_facts_trouble(&facts, &verdict, &count));
    assert_int_equal(association_facts_recent(&facts), 0);
    packet(&facts, RESPONSE_GOOD, 1.0);
    assert_false(association_facts_trouble(&facts, &verdict, &count));
    packet(&facts, RESPONSE_DELAY, 2.0);
    check(&facts, RESPONSE_DELAY, 2.0, 1);
    packet(&facts, RESPONSE_DELAY_RATIO, 3.0);
    /* Of two the last one. */
    check(&facts, RESPONSE_DELAY_RATIO, 3.0, 1);
    packet(&facts, RESPONSE_DELAY, 4.0);
    packet(&facts, RESPONSE_GOOD, 5.0);
    check(&facts, RESPONSE_DELAY, 4.0, 2);
    assert_int_equal(association_facts_recent(&facts), 5);
    for (int i = 0; i < FACTS_RECENT; i++)
        packet(&facts, RESPONSE_GOOD, 6.0 + i);
    assert_false(association_facts_trouble(&facts, &verdict, &count));
    assert_int_equal(association_facts_recent(&facts), FACTS_RECENT);
    assert_true(facts.last_packet == 5.0 + FACTS_RECENT);
}

/* They are no answers: a request of the source to us, and a response that is judged later. */
static void requests_and_waiting_responses_are_not_counted(void **state)
{
    struct association_facts facts = association_facts_make(0.0);

    association_facts_sent(&facts, 1.0);
    packet(&facts, RESPONSE_FOR_SERVER, 2.0);
    packet(&facts, RESPONSE_WAITS, 3.0);
    assert_int_equal(facts.packets, 0);
    assert_int_equal(facts.unheard, 1);
    assert_true(facts.last_packet == FACTS_NEVER);
}

static void packet_ends_silence_and_errors(void **state)
{
    struct association_facts facts = association_facts_make(0.0);

    association_facts_sent(&facts, 1.0);
    association_facts_sent(&facts, 2.0);
    association_facts_failed(&facts, ECONNREFUSED, false, 3.0);
    association_facts_failed(&facts, EPERM, true, 4.0);
    assert_int_equal(facts.unheard, 2);
    assert_int_equal(facts.errors, 2);
    assert_int_equal(facts.error, EPERM);
    assert_true(facts.error_is_here);
    assert_true(facts.error_time == 4.0 && facts.last_request == 2.0);
    packet(&facts, RESPONSE_WRONG_ORIGIN, 5.0);
    assert_int_equal(facts.unheard, 0);
    assert_int_equal(facts.errors, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_frequent_reason_of_the_last_packets_counts),
        cmocka_unit_test(requests_and_waiting_responses_are_not_counted),
        cmocka_unit_test(packet_ends_silence_and_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

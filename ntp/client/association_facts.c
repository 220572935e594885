/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about requests and packets, see association_facts.h. Pure.
 */
#include "ntp/client/association_facts.h"

struct association_facts association_facts_make(double now)
{
    return (struct association_facts){
        .next_request = FACTS_NEVER,
        .last_request = FACTS_NEVER,
        .error_time = FACTS_NEVER,
        .last_packet = FACTS_NEVER,
        .last_valid = FACTS_NEVER,
        .offline_since = now,
    };
}

void association_facts_sent(struct association_facts *facts, double now)
{
    facts->unheard++;
    facts->last_request = now;
}

void association_facts_failed(struct association_facts *facts, int error, bool here, double now)
{
    facts->errors++;
    facts->error = error;
    facts->error_is_here = here;
    facts->error_time = now;
}

void association_facts_packet(struct association_facts *facts,
                              const struct response_verdict *verdict, double now)
{
    if (verdict->reason == RESPONSE_FOR_SERVER || verdict->reason == RESPONSE_WAITS)
        return;
    facts->recent[facts->packets++ % FACTS_RECENT] = *verdict;
    facts->last_packet = now;
    facts->unheard = 0;
    facts->errors = 0;
    facts->error = 0;
}

unsigned int association_facts_recent(const struct association_facts *facts)
{
    return facts->packets < FACTS_RECENT ? facts->packets : FACTS_RECENT;
}

/* The verdict on the packet that came `age` packets before the last one. */
static const struct response_verdict *verdict_at(const struct association_facts *facts,
                                                 unsigned int age)
{
    return &facts->recent[(facts->packets - 1 - age) % FACTS_RECENT];
}

bool association_facts_trouble(const struct association_facts *facts,
                               struct response_verdict *verdict, unsigned int *count)
{
    unsigned int recent = association_facts_recent(facts);

    *count = 0;
    for (unsigned int i = 0; i < recent; i++) {
        const struct response_verdict *candidate = verdict_at(facts, i);
        unsigned int same = 0;

        for (unsigned int k = i; k < recent; k++)
            same += verdict_at(facts, k)->reason == candidate->reason;
        if (candidate->reason != RESPONSE_GOOD && same > *count) {
            *count = same;
            *verdict = *candidate;
        }
    }
    return *count > 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen of top: what is printed of given facts, and which changes become events.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "base/sync_status.h"
#include "base/text.h"
#include "chronyc/top.h"

#define BIT(report) (UINT32_C(1) << (report))

static struct facts_source make_source(const char *name, int state, uint32_t age)
{
    return (struct facts_source){
        .have = BIT(FACTS_SOURCE) | BIT(FACTS_SOURCESTATS) | BIT(FACTS_AUTHDATA) |
                BIT(FACTS_NTPDATA) | BIT(FACTS_SOURCE_COUNTS),
        .address = "192.0.2.1",
        .name = text_dup(name),
        .data = {.stratum = 2,
                 .state = state,
                 .mode = REPORT_SERVER,
                 .reachability = 0377,
                 .latest_age = age,
                 .offset = 1.5e-4},
        .stats = {.samples = 5, .sd = 2e-6},
        .auth = {.mode = REPORT_AUTH_NTS, .cookies = 8},
        .ntp = {.peer_delay = 1.2e-2},
        .counts = {.finding = FINDING_SELECTED, .severity = FINDING_GOOD},
    };
}

static struct facts make_facts(size_t sources)
{
    struct facts facts = {
        .have = BIT(FACTS_TRACKING) | BIT(FACTS_CLOCK) | BIT(FACTS_SERVERSTATS),
        .tracking = {.stratum = 3,
                     .correction = -1e-6,
                     .last_offset = 2e-6,
                     .rms_offset = 3e-6,
                     .freq_ppm = -5.25,
                     .skew_ppm = 0.125},
        .clock = {.state = REPORT_CLOCK_SYNCHRONISED,
                  .last_update_ago = 30,
                  .bound = 4e-3,
                  .bound_growth_ppm = 1.5,
                  .controlled = true,
                  .uptime_seconds = 90000},
        .server = {.ntp_hits = 1000, .ntp_auth_hits = 500, .nts_ke_hits = 10, .ntp_drops = 4},
        .sources = mem_array(sources, sizeof(struct facts_source)),
        .source_count = sources,
    };

    if (sources > 0)
        facts.sources[0] = make_source("ntp.example.net", REPORT_SELECTED, 30);
    return facts;
}

static char *print(const struct top *top, struct top_style style)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    top_print(top, &style, out);
    fclose(out);
    return text;
}

static const struct top_style plain = {.columns = 60};

static void a_synchronised_clock_fills_the_screen(void **state)
{
    struct facts facts = make_facts(1);
    struct top top = {.rounds = 0};

    top_update(&top, &facts, (struct instant){1000, 0});
    char *text = print(&top, plain);
    assert_string_equal(
        text,
        "Clock    Synchronised, follows ntp.example.net, stratum 3, last update 30 s ago\n"
        "Error    at most 4000us, growing by 1.500 ppm\n"
        "Now      offset +1000ns, last +2000ns, RMS 3000ns, frequency -5.250 ppm +/- 0.125\n"
        "Offset                                         @ +/- 1000ns\n"
        "Server   NTP 1000, with NTS 500, NTS-KE 10, dropped 4\n"
        "Daemon   running for 25 h\n"
        "\n"
        "MS Source                    St Reac Last  Offset  Delay Jitter Auth   What matters\n"
        "^* ntp.example.net            2  377   30  +150us   12ms 2000ns NTS 8  \n");
    free(text);
    top_free(&top);
}

static void sentences_of_a_problem_that_do_not_fit_are_left_out(void **state)
{
    struct facts facts = make_facts(0);
    struct top top = {.rounds = 0};

    facts.clock.state = REPORT_CLOCK_UNSYNCHRONISED;
    facts.tracking.correction = 0.0;
    top_update(&top, &facts, (struct instant){1000, 0});
    top.problem = (struct report_finding){.code = FINDING_NONE_USABLE, .value = {3.0, 0.0, 3.0}};
    char *text = print(&top, (struct top_style){.columns = 80});
    assert_non_null(strstr(text, "Problem  No source can be used ("));
    assert_non_null(strstr(text, ").\nNow      offset +0ns,"));
    free(text);
    top_free(&top);
}

static void rates_are_those_since_the_last_round(void **state)
{
    struct facts facts = make_facts(0);
    struct top top = {.rounds = 0};

    top_update(&top, &facts, (struct instant){1000, 0});
    facts = make_facts(0);
    facts.server.ntp_hits += 200;
    facts.server.ntp_drops += 6;
    facts.server.ntp_auth_hits = 3; /* reset */
    top_update(&top, &facts, (struct instant){1002, 0});
    char *text = print(&top, plain);
    assert_non_null(
        strstr(text, "Server   NTP 100/s, authenticated 0/s, NTS-KE 0/s, dropped 3/s\n"));
    assert_non_null(strstr(text, "   there are no sources\n"));
    free(text);
    top_free(&top);
}

static void changes_become_events(void **state)
{
    struct facts facts = make_facts(1);
    struct top top = {.rounds = 0};

    top_update(&top, &facts, (struct instant){1000, 0});
    assert_int_equal(top.event_count, 0);

    facts = make_facts(1);
    facts.sources[0].data.state = REPORT_FALSETICKER;
    facts.sources[0].counts =
        (struct report_source_counts){.finding = FINDING_FALSETICKER, .severity = FINDING_ERROR};
    facts.clock.state = REPORT_CLOCK_UNSYNCHRONISED;
    facts.clock.steps = 1;
    facts.clock.last_step = -0.5;
    facts.clock.refusals = 1;
    top_update(&top, &facts, (struct instant){1001, 0});
    top.problem = (struct report_finding){.code = FINDING_NO_AGREEMENT, .value = {2.0}};
    char *text = print(&top, plain);
    assert_non_null(strstr(text, "Problem  The 2 usable sources disagree about the time, each"));
    assert_non_null(strstr(text, "NTS 8  falseticker\n"));
    assert_non_null(strstr(text, "\nEvents\n"
                                 "   1970-01-01 00:16:41  ntp.example.net: falseticker\n"
                                 "   1970-01-01 00:16:41  an update of the clock was refused"));
    assert_non_null(strstr(text, "  the clock was stepped by -0.500000 s\n"));
    assert_non_null(strstr(text, "  the clock: Not synchronised\n"));
    assert_null(strstr(text, "Error"));
    free(text);

    facts = make_facts(0);
    facts.clock.uptime_seconds = 1;
    top_update(&top, &facts, (struct instant){1002, 0});
    text = print(&top, plain);
    assert_non_null(strstr(text, "  ntp.example.net was removed\n"));
    assert_non_null(strstr(text, "  the daemon was started again\n"));
    free(text);
    top_free(&top);
}

static void old_events_are_forgotten(void **state)
{
    struct top top = {.rounds = 0};

    for (int i = 0; i < 2 * TOP_EVENTS + 1; i++) {
        struct facts facts = make_facts((size_t)i % 2);

        top_update(&top, &facts, (struct instant){1000 + i, 0});
    }
    assert_int_equal(top.event_count, TOP_EVENTS);
    assert_int_equal(top.events[TOP_EVENTS - 1].time.sec, 1000 + 2 * TOP_EVENTS);
    top_free(&top);
}

static void a_daemon_of_another_kind_shows_what_it_knows(void **state)
{
    struct facts facts = make_facts(1);
    struct top top = {.rounds = 0};

    facts.have = BIT(FACTS_TRACKING);
    facts.sources[0].have = BIT(FACTS_SOURCE);
    facts.sources[0].data.latest_age = UINT32_MAX;
    top_update(&top, &facts, (struct instant){1000, 0});
    char *text = print(&top, plain);
    assert_non_null(strstr(text, "Clock    Unknown state, follows ntp.example.net, stratum 3\n"));
    assert_non_null(
        strstr(text, "^* ntp.example.net            2  377    -       -      -      - -      \n"));
    assert_null(strstr(text, "Server"));
    free(text);
    top_free(&top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_synchronised_clock_fills_the_screen),
        cmocka_unit_test(sentences_of_a_problem_that_do_not_fit_are_left_out),
        cmocka_unit_test(rates_are_those_since_the_last_round),
        cmocka_unit_test(changes_become_events),
        cmocka_unit_test(old_events_are_forgotten),
        cmocka_unit_test(a_daemon_of_another_kind_shows_what_it_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of metrics from a made-up daemon: everything, byte for byte, in both formats; what is
 * left out when reports are refused, sources vanish or nobody answers; hostile names and numbers.
 */
#include "test/unit/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/finding.h"
#include "base/number.h"
#include "base/text.h"
#include "metrics/metrics.h"

#define REQUESTS_MAX 128
#define SOURCES      4

struct fake {
    const char *names[SOURCES]; /* of the sources; NULL: it is not known */
    int count;                  /* sources that are claimed to be there */
    int moved;                  /* index of the source that is removed after its data; 0: none */
    int again;               /* index of the source that comes again after the last one; 0: none */
    int silent_after;        /* this number of requests; 0: never */
    unsigned int refused[8]; /* codes; ends with 0 */
    bool refuses_all;
    enum cmd_status with; /* status of these */
    double number;        /* in place of all numbers, unless 0 */

    struct cmd_request requests[REQUESTS_MAX];
    int asked;
};

/* A reference clock, a peer with IPv6, a server that never answered, one that has no address. */
static const struct report_source sources[SOURCES] = {
    {.addr = {IP_V4, 0, {{'P', 'P', 'S', 0}}},
     .poll = 4,
     .state = REPORT_SELECTED,
     .mode = REPORT_REFCLOCK,
     .reachability = 0377,
     .latest_age = 3,
     .orig_offset = -2.5e-7,
     .offset = 1.25e-8,
     .error = 1e-6},
    {.addr = {IP_V6, 0, {.v6 = {0x20, 1, 0xd, 0xb8, [15] = 1}}},
     .poll = -2,
     .stratum = 2,
     .state = REPORT_COMBINED,
     .mode = REPORT_PEER,
     .reachability = 0174,
     .latest_age = 0,
     .orig_offset = 0.001,
     .offset = 0.002,
     .error = 0.25},
    {.addr = {IP_V4, 0, {{192, 0, 2, 3}}},
     .poll = 6,
     .state = REPORT_NOT_SELECTABLE,
     .latest_age = UINT32_MAX},
    {.addr = {IP_ID, 0, {.id = 7}},
     .poll = 6,
     .state = REPORT_NOT_SELECTABLE,
     .latest_age = UINT32_MAX},
};

static const struct report_sourcestats statistics[SOURCES] = {
    {.samples = 12,
     .runs = 7,
     .span_seconds = 180,
     .sd = 1.5e-7,
     .resid_freq_ppm = -0.001,
     .skew_ppm = 0.002,
     .est_offset = 3e-9,
     .est_offset_err = 4e-9},
    {.samples = 1, .sd = 4.0, .skew_ppm = 2000.0, .est_offset = -0.002, .est_offset_err = 1.0},
    {.sd = 4.0, .skew_ppm = 2000.0},
    {.sd = 4.0, .skew_ppm = 2000.0},
};

static void answer_tracking(struct report_tracking *t)
{
    *t = (struct report_tracking){
        .refid = 0x50505300,
        .addr = {.family = IP_UNSPEC},
        .stratum = 1,
        .leap = 1,
        .ref_time = {.sec = 1796083200, .nsec = 123456789},
        .correction = -1.5e-6,
        .last_offset = 2e-9,
        .rms_offset = 3e-9,
        .freq_ppm = -12.345678,
        .resid_freq_ppm = 0.001,
        .skew_ppm = 0.01,
        .root_delay = 1e-9,
        .root_dispersion = 1.2e-5,
        .last_update_interval = 16.0,
    };
}

/* What is of the daemon as a whole; distinct numbers. */
static void answer_global(unsigned int command, int group, union cmd_reply_body *body)
{
    switch (command) {
    case CMD_TRACKING:
        answer_tracking(&body->tracking);
        break;
    case CMD_CLOCK:
        body->clock = (struct report_clock){
            .state = REPORT_CLOCK_SYNCHRONISED,
            .last_update_ago = 5,
            .offset = -1.5e-6,
            .bound = 1.35e-5,
            .bound_growth_ppm = 1.25,
            .slew_rate_ppm = 83333.333,
            .slew_left = 0.5,
            .updates = 4000000001,
            .refusals = 2,
            .steps = 1,
            .last_step_ago = 100,
            .last_step = -0.75,
            .controlled = true,
            .uptime_seconds = 86400,
        };
        break;
    case CMD_COUNTS: /* one less, and one more, than there are words for */
        body->counts.count = group == REPORT_COUNTS_KE        ? 17
                             : group == REPORT_COUNTS_UPDATES ? 11
                                                              : 12;
        for (uint32_t i = 0; i < body->counts.count; i++)
            body->counts.counts[i] = (uint64_t)group * 1000000000000 + i;
        break;
    case CMD_DAEMON:
        body->daemon = (struct report_daemon){
            .version = "5.0 \"\033",
            .features = "+CMDMON -NTS",
            .clients = 7,
            .clients_max = 4096,
            .count = 3,
            .processes = {{REPORT_PROCESS_MAIN, 1, 1, 0},
                          {REPORT_PROCESS_NTS_KE, 4, 3, 2},
                          {99, 1, 0, UINT32_MAX}},
        };
        break;
    case CMD_ACTIVITY:
        body->activity = (struct report_activity){1, 2, 3, 4, 5};
        break;
    case CMD_SERVERSTATS:
        body->serverstats = (struct report_serverstats){UINT64_MAX, 2,  3,  4,  5,  6,  7,  8, 9,
                                                        10,         11, 12, 13, 14, 15, 16, 17};
        break;
    case CMD_TEMPERATURE:
        body->temperature = (struct report_temperature){.sensor = "/sensor",
                                                        .state = REPORT_TEMPERATURE_FOLLOWING,
                                                        .last_reading_ago = 1,
                                                        .temperature = 41500.0,
                                                        .changes = 80,
                                                        .trust_percent = 97.5,
                                                        .compensation_ppm = 0.125};
        break;
    case CMD_RTC:
        body->rtc = (struct report_rtc){.samples = 9, .seconds_fast = -0.5, .gain_ppm = 2.5};
        break;
    case CMD_SMOOTHING:
        body->smoothing = (struct report_smoothing){
            .active = true, .offset = 0.0625, .freq_ppm = -3.0, .remaining_time = 123.5};
        break;
    }
}

static const struct report_selectdata selection[SOURCES] = {
    {.state = '*', .eff_options = 15, .score = 1.0, .low_limit = -2e-6, .high_limit = 2e-6},
    {.state = '+', .authenticated = true, .eff_options = 2, .score = 2.5, .high_limit = 0.5},
    {.state = 'M', .score = 1.0},
    {.state = 'M', .score = 1.0},
};

static const struct report_authdata authentication[SOURCES] = {
    {0},
    {.mode = REPORT_AUTH_NTS,
     .ke_attempts = 1,
     .last_ke_ago = 77,
     .cookies = 8,
     .cookie_length = 100},
    {.mode = REPORT_AUTH_NTS, .ke_attempts = 4, .last_ke_ago = UINT32_MAX, .nak = 1},
    {.mode = REPORT_AUTH_SYMMETRIC, .last_ke_ago = UINT32_MAX},
};

static const struct report_ntpdata ntp[SOURCES] = {
    [1] = {.root_delay = 0.001,
           .root_dispersion = 0.002,
           .peer_delay = 0.003,
           .peer_dispersion = 0.004,
           .response_time = 0.005,
           .jitter_asymmetry = -0.25,
           .interleaved = true,
           .total_tx = 10,
           .total_rx = 9,
           .total_valid = 8,
           .total_good = 7,
           .total_kernel_tx = 6,
           .total_kernel_rx = 5,
           .total_hw_tx = 4,
           .total_hw_rx = 3},
    [2] = {.total_tx = 20},
};

static const struct report_estimator estimates[SOURCES] = {
    {.kind = REPORT_ESTIMATOR_KALMAN,
     .offset = 1e-9,
     .offset_sd = 2e-9,
     .freq_ppm = -12.5,
     .freq_sd_ppm = 0.5,
     .jitter = 3e-9,
     .wander_ppm = 0.25,
     .joint_bias = -4e-9,
     .joint_percent = 75.0},
    {.kind = REPORT_ESTIMATOR_REGRESSION,
     .offset = 1e-6,
     .offset_sd = 2e-6,
     .freq_ppm = 7.5,
     .freq_sd_ppm = 1.5,
     .jitter = 3e-6},
};

static const struct report_source_counts counts[SOURCES] = {
    {.finding = FINDING_SELECTED, .severity = FINDING_GOOD},
    {.ke_succeeded = 3,
     .ke_failed = 1,
     .certificate_end = {1800000000, 0},
     .finding = FINDING_COMBINED,
     .severity = FINDING_GOOD,
     .count = 38,
     .counts = {[5] = 3, [36] = UINT32_MAX, [37] = 1}},
    {.finding = 65000, .severity = FINDING_ERROR, .count = 37, .counts = {[0] = 1}},
    {.finding = 0},
};

/* After the first question about the source. */
static bool has_moved(const struct fake *fake)
{
    for (int i = 0; i < fake->asked - 1; i++)
        if (fake->requests[i].command == CMD_SOURCE_DATA &&
            fake->requests[i].u.index >= fake->moved)
            return true;
    return false;
}

static enum cmd_status answer_of_source(struct fake *fake, const struct cmd_request *request,
                                        union cmd_reply_body *body)
{
    int index = request->u.index;

    if (request->command == CMD_SOURCENAME || request->command == CMD_AUTHDATA ||
        request->command == CMD_NTPDATA) {
        for (index = 0; index < SOURCES; index++)
            if (ip_addr_equal(&sources[index].addr, &request->u.addr))
                break;
    } else if (fake->moved > 0 && index >= fake->moved && has_moved(fake)) {
        index++;
    } else if (fake->again > 0 && index == SOURCES) {
        index = fake->again;
    }
    if (index < 0 || index >= SOURCES)
        return CMD_STATUS_NO_SOURCE;
    switch (request->command) {
    case CMD_SOURCE_DATA:
        body->source = sources[index];
        if (fake->number != 0.0)
            body->source.orig_offset = body->source.offset = body->source.error = fake->number;
        return CMD_STATUS_SUCCESS;
    case CMD_SOURCESTATS:
        body->sourcestats = statistics[index];
        return CMD_STATUS_SUCCESS;
    case CMD_SOURCENAME:
        if (!fake->names[index])
            return CMD_STATUS_NO_SOURCE;
        text_copy(body->name, sizeof(body->name), fake->names[index]);
        return CMD_STATUS_SUCCESS;
    case CMD_SELECTDATA:
        body->selectdata = selection[index];
        return CMD_STATUS_SUCCESS;
    case CMD_AUTHDATA:
        body->authdata = authentication[index];
        return CMD_STATUS_SUCCESS;
    case CMD_NTPDATA:
        body->ntpdata = ntp[index];
        return CMD_STATUS_SUCCESS;
    case CMD_ESTIMATOR:
        body->estimator = estimates[index];
        return CMD_STATUS_SUCCESS;
    case CMD_SOURCE_COUNTS:
        body->source_counts = counts[index];
        return CMD_STATUS_SUCCESS;
    default:
        return CMD_STATUS_INVALID;
    }
}

static const struct report_certificate certificates[] = {
    {.total = 2,
     .file = "/etc/a.crt",
     .not_before = {1790000000, 0},
     .not_after = {1800000000, 0},
     .seconds_left = 3916800.0},
    {.total = 2, .file = "/etc/b\\.crt", .not_after = {1796000000, 0}, .seconds_left = -83200.0},
};

static enum cmd_status answer(struct fake *fake, const struct cmd_request *request,
                              union cmd_reply_body *body)
{
    if (fake->refuses_all)
        return fake->with;
    for (size_t i = 0; i < COUNT(fake->refused) && fake->refused[i] != 0; i++)
        if (request->command == fake->refused[i])
            return fake->with;
    switch (request->command) {
    case CMD_TRACKING:
    case CMD_CLOCK:
    case CMD_COUNTS:
    case CMD_DAEMON:
    case CMD_ACTIVITY:
    case CMD_SERVERSTATS:
    case CMD_TEMPERATURE:
    case CMD_RTC:
    case CMD_SMOOTHING:
        answer_global(request->command, request->u.index, body);
        return CMD_STATUS_SUCCESS;
    case CMD_CERTIFICATE:
        if (request->u.index > (int)COUNT(certificates))
            return CMD_STATUS_NO_SOURCE;
        body->certificate = certificates[request->u.index % (int)COUNT(certificates)];
        return CMD_STATUS_SUCCESS;
    case CMD_SOURCE_COUNT:
        body->source_count = (uint32_t)fake->count;
        return CMD_STATUS_SUCCESS;
    default:
        return answer_of_source(fake, request, body);
    }
}

static enum metrics_answer ask(const struct cmd_request *request, union cmd_reply_body *body,
                               void *arg)
{
    struct fake *fake = arg;

    assert_true(fake->asked < REQUESTS_MAX);
    fake->requests[fake->asked++] = *request;
    assert_true(metrics_may_ask(request));
    if (fake->silent_after > 0 && fake->asked > fake->silent_after)
        return METRICS_SILENT;
    return metrics_answer_of(answer(fake, request, body));
}

static struct fake new_fake(void)
{
    return (struct fake){.names = {NULL, "ntp.example", "192.0.2.3", "not.resolved.example"},
                         .count = SOURCES};
}

/* The caller frees the text. */
static char *written(struct fake *fake, enum metrics_format format, bool up)
{
    char *text = NULL, *copy;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    assert_int_equal(metrics_write(out, format, ask, fake), up);
    fclose(out);
    copy = text_dup(text);
    free(text);
    return copy;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;

    for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
        count++;
    return count;
}

static int times_asked(const struct fake *fake, unsigned int command)
{
    int count = 0;

    for (int i = 0; i < fake->asked; i++)
        count += fake->requests[i].command == command;
    return count;
}

/* ---- Everything ---- */

/* The first line that differs is shown, and the text as it is, for who changed it on purpose. */
static void compare_with_file(const char *name, enum metrics_format format)
{
    struct fake fake = new_fake();
    char path[512], line[1024];
    char *text = written(&fake, format, true), *rest = text;

    snprintf(path, sizeof(path), TEST_DATA_DIR "/metrics/%s", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot open %s", path);
    while (fgets(line, sizeof(line), f)) {
        size_t length = strlen(line);

        if (strncmp(rest, line, length) != 0) {
            fputs(text, stdout);
            fail_msg("%s has: %s", name, line);
        }
        rest += length;
    }
    fclose(f);
    assert_string_equal(rest, "");
    free(text);
}

static void all_is_written_as_openmetrics(void **state)
{
    compare_with_file("openmetrics.txt", METRICS_OPENMETRICS);
}

static void all_is_written_as_plain_text(void **state)
{
    compare_with_file("plain.txt", METRICS_PLAIN);
}

/* ---- What cannot be had ---- */

#define UP(value)                                                                                  \
    "# TYPE chrony_up gauge\n# HELP chrony_up 1 when the daemon answers, else "                    \
    "0.\nchrony_up " value "\n"

static void a_silent_daemon_is_not_up(void **state)
{
    /* Also when it falls silent later: half of a text would be worse than none. */
    struct fake whole = new_fake();

    free(written(&whole, METRICS_OPENMETRICS, true));
    for (int i = 1; i < whole.asked; i++) {
        struct fake fake = new_fake();

        fake.silent_after = i;
        char *text = written(&fake, METRICS_OPENMETRICS, false);
        assert_string_equal(text, UP("0") "# EOF\n");
        assert_int_equal(fake.asked, i + 1);
        free(text);
    }
}

static void what_is_refused_is_left_out_and_not_asked_again(void **state)
{
    static const enum cmd_status refusals[] = {CMD_STATUS_UNAUTHORISED, CMD_STATUS_INVALID,
                                               CMD_STATUS_NO_HOST_ACCESS, CMD_STATUS_BAD_LENGTH};

    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct fake fake = new_fake();

        fake.refused[0] = CMD_SOURCESTATS;
        fake.refused[1] = CMD_SOURCENAME;
        fake.with = refusals[i];
        char *text = written(&fake, METRICS_PLAIN, true);
        assert_int_equal(times_asked(&fake, CMD_SOURCESTATS), 1);
        assert_int_equal(times_asked(&fake, CMD_SOURCENAME), 1);
        assert_int_equal(times_asked(&fake, CMD_SOURCE_DATA), 2 * SOURCES);
        assert_null(strstr(text, "sourcestats"));
        assert_non_null(
            strstr(text, "{source_address=\"2001:db8::1\",source_name=\"2001:db8::1\"}"));
        free(text);
    }
}

static void with_everything_refused_the_daemon_is_up(void **state)
{
    struct fake fake = new_fake();

    fake.refuses_all = true;
    fake.with = CMD_STATUS_UNAUTHORISED;
    char *text = written(&fake, METRICS_PLAIN, true);
    assert_string_equal(text, UP("1"));
    free(text);
}

static void sources_that_vanish_are_left_out(void **state)
{
    struct fake fake = new_fake();

    fake.count = 1000000;
    char *text = written(&fake, METRICS_PLAIN, true);
    assert_int_equal(count_of(text, "\nchrony_sources_state_info{"), SOURCES);
    assert_int_equal(times_asked(&fake, CMD_SOURCE_DATA), 2 * SOURCES + 1);
    free(text);
}

/* A series that is there twice would spoil all of the text. */
static void source_that_was_added_again_is_written_once(void **state)
{
    struct fake fake = new_fake();

    fake.count = SOURCES + 1;
    fake.again = 2;
    char *text = written(&fake, METRICS_PLAIN, true);
    assert_int_equal(count_of(text, "\nchrony_sources_state_info{"), SOURCES);
    assert_int_equal(count_of(text, "\nchrony_sources_stratum{source_address=\"192.0.2.3\""), 1);
    free(text);
}

/* A source was removed, and the next one has its index, before all was asked. */
static void reports_of_another_source_are_left_out(void **state)
{
    struct fake fake = new_fake();

    fake.moved = 2;
    char *text = written(&fake, METRICS_PLAIN, true);
    assert_non_null(strstr(text, "\nchrony_sources_stratum{source_address=\"192.0.2.3\""));
    assert_null(strstr(text, "\nchrony_sourcestats_samples{source_address=\"192.0.2.3\""));
    assert_non_null(strstr(text, "\nchrony_sourcestats_samples{source_address=\"2001:db8::1\""));
    free(text);
}

/* ---- Hostile values ---- */

static void names_that_are_no_words_are_not_printed(void **state)
{
    static const char *const bad[] = {"a b", "a\nb", "\033[31m", "\xc3\xa4", "\xff", ""};

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct fake fake = new_fake();

        fake.names[1] = bad[i];
        char *text = written(&fake, METRICS_OPENMETRICS, true);
        assert_non_null(strstr(text, ",source_name=\"2001:db8::1\"}"));
        free(text);
    }
}

static void quotes_and_backslashes_are_escaped(void **state)
{
    struct fake fake = new_fake();

    fake.names[1] = "a\"}\\n#b";
    char *text = written(&fake, METRICS_OPENMETRICS, true);
    assert_non_null(strstr(text, ",source_name=\"a\\\"}\\\\n#b\"} "));
    free(text);
}

static void numbers_that_are_none_have_their_words(void **state)
{
    static const struct {
        double number;
        const char *line;
    } cases[] = {{NAN, "source_name=\"PPS\"} NaN\n"},
                 {INFINITY, "source_name=\"PPS\"} +Inf\n"},
                 {-INFINITY, "source_name=\"PPS\"} -Inf\n"},
                 {-1e-300, "source_name=\"PPS\"} -1e-300\n"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake fake = new_fake();

        fake.number = cases[i].number;
        char *text = written(&fake, METRICS_OPENMETRICS, true);
        assert_int_equal(count_of(text, cases[i].line), 3);
        free(text);
    }
}

/* A comment, or a name, labels and a number. */
static void check_line(const char *line, size_t length)
{
    size_t at = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool quoted = false;

    for (size_t i = 0; i < length; i++)
        if (line[i] < ' ' || line[i] > '~')
            fail_msg("octet %d in a line", line[i]);
    if (line[0] == '#')
        return;
    assert_true(at > 7 && strncmp(line, "chrony_", 7) == 0);
    if (line[at] == '{') {
        while (line[++at] != '}' || quoted) {
            assert_true(at < length);
            if (line[at] == '\\')
                at++;
            else if (line[at] == '"')
                quoted = !quoted;
        }
        at++;
    }
    assert_int_equal(line[at], ' ');
    assert_true(strcspn(line + at + 1, " ") > 0);
    assert_int_equal(strspn(line + at + 1, "0123456789.eE+-InfNa"), length - at - 1);
}

/* Octets of any value, as they are decoded. */
static enum metrics_answer answer_at_random(const struct cmd_request *request,
                                            union cmd_reply_body *body, void *arg)
{
    unsigned int reply = cmd_command_find(request->command)->reply;
    uint8_t data[CMD_REPLY_MAX];
    uint64_t *random = arg;

    for (size_t i = 0; i < sizeof(data); i++) {
        *random = *random * 6364136223846793005 + 1442695040888963407;
        data[i] = (uint8_t)(*random >> 56);
    }
    assert_true(cmd_reply_decode(data, sizeof(data), reply, body));
    if (request->command == CMD_SOURCE_COUNT)
        body->source_count = 5;
    return METRICS_ANSWERED;
}

static void any_reply_gives_lines(void **state)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        enum metrics_format format = seed % 2 == 0 ? METRICS_OPENMETRICS : METRICS_PLAIN;
        uint64_t random = seed;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        assert_true(metrics_write(out, format, answer_at_random, &random));
        fclose(out);
        assert_int_equal(strlen(text), size);
        for (char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
            check_line(line, strcspn(line, "\n"));
        free(text);
    }
}

/* ---- What may be asked ---- */

static void nothing_that_changes_may_be_asked(void **state)
{
    size_t allowed = 0;

    for (size_t i = 0; i < cmd_command_count; i++) {
        struct cmd_request request = {.command = cmd_commands[i].code};

        if (!metrics_may_ask(&request))
            continue;
        assert_int_equal(cmd_commands[i].access, CMD_RO);
        assert_int_not_equal(cmd_commands[i].code, CMD_CLIENTS); /* can reset */
        allowed++;
    }
    assert_true(allowed >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_written_as_openmetrics),
        cmocka_unit_test(all_is_written_as_plain_text),
        cmocka_unit_test(a_silent_daemon_is_not_up),
        cmocka_unit_test(what_is_refused_is_left_out_and_not_asked_again),
        cmocka_unit_test(with_everything_refused_the_daemon_is_up),
        cmocka_unit_test(sources_that_vanish_are_left_out),
        cmocka_unit_test(reports_of_another_source_are_left_out),
        cmocka_unit_test(source_that_was_added_again_is_written_once),
        cmocka_unit_test(names_that_are_no_words_are_not_printed),
        cmocka_unit_test(quotes_and_backslashes_are_escaped),
        cmocka_unit_test(numbers_that_are_none_have_their_words),
        cmocka_unit_test(any_reply_gives_lines),
        cmocka_unit_test(nothing_that_changes_may_be_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

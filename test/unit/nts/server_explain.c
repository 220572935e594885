/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the NTS server says to explain, with stubs in place of listener and keys (cmdmon.md 13.18).
 */
#include "nts/server_explain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"

#define NOW 1895322425
#define DAY 86400

/* The listener is whatever these say. */
struct ke_listener {
    struct ke_listener_state state;
    size_t certificates;
    struct report_certificate certificate[2];
    unsigned int ends[KE_ENDS];
};

struct nts_server_keys {
    enum server_keys_kept kept;
};

struct ke_listener_state ke_listener_state(const struct ke_listener *listener)
{
    return listener->state;
}

unsigned int ke_listener_ends(const struct ke_listener *listener, enum ke_end end)
{
    return listener->ends[end];
}

bool ke_listener_report_certificate(const struct ke_listener *listener, size_t number,
                                    struct report_certificate *report)
{
    if (number >= listener->certificates)
        return false;
    *report = listener->certificate[number];
    return true;
}

enum server_keys_kept server_keys_kept(const struct nts_server_keys *keys, const char **path)
{
    *path = "/d/ntskeys";
    return keys->kept;
}

static struct report_certificate certificate(const char *file, int64_t from_days, int64_t to_days)
{
    struct report_certificate c = {.not_before = {.sec = NOW + from_days * DAY},
                                   .not_after = {.sec = NOW + to_days * DAY}};

    text_copy(c.file, sizeof(c.file), file);
    return c;
}

static struct ke_listener healthy(void)
{
    return (struct ke_listener){
        .state = {.port = 4460, .wanted = 2, .ready = 2},
        .certificates = 2,
        .certificate = {certificate("/a.crt", -10, 80), certificate("/b.crt", -10, 50)},
        .ends = {[KE_END_COMPLETE] = 1000,
                 [KE_END_CLOSED] = 7,
                 [KE_END_REFUSED] = 10,
                 [KE_END_TIMED_OUT] = 10}};
}

/* The words of all findings, separated by spaces; the first one is returned. */
static struct report_finding expect(const struct ke_listener *listener, enum server_keys_kept kept,
                                    const char *words)
{
    const struct nts_server_keys keys = {.kept = kept};
    struct findings findings = {.count = 0};
    char text[512] = "";

    nts_server_explain(listener, &keys, NOW, &findings);
    for (uint32_t i = 0; i < findings.count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, finding_word(findings.list[i].code));
    }
    assert_string_equal(text, words);
    return findings.list[0];
}

static void healthy_server_has_the_certificate_that_ends_first(void **state)
{
    struct ke_listener s = healthy();
    struct report_finding f = expect(&s, SERVER_KEYS_KEPT, "nts_server");

    assert_string_equal(f.text, "/b.crt");
    assert_true(f.value[0] == (double)(NOW / DAY + 50));
    assert_true(f.value[1] == 1000.0);
    assert_true(f.value[2] == 27.0);
}

static void dates_of_certificates_are_judged(void **state)
{
    struct ke_listener s = healthy();

    s.certificate[0] = certificate("/a.crt", -80, 14);
    expect(&s, SERVER_KEYS_KEPT, "nts_server");
    s.certificate[0].not_after.sec--;
    struct report_finding f = expect(&s, SERVER_KEYS_KEPT, "nts_server_certificate_ends");
    assert_string_equal(f.text, "/a.crt");
    assert_true(f.value[0] == 14.0 * DAY - 1.0);
    s.certificate[0] = certificate("/a.crt", -80, -1);
    expect(&s, SERVER_KEYS_KEPT, "nts_server_certificate_expired");
    s.certificate[0] = certificate("/a.crt", 3, 30);
    f = expect(&s, SERVER_KEYS_KEPT, "nts_server_certificate_early");
    assert_true(f.value[1] == (double)(NOW / DAY + 3));
}

static void bad_files_have_their_consequence(void **state)
{
    struct ke_listener s = healthy();

    s.state.problem = "broken (/b.crt)";
    struct report_finding f = expect(&s, SERVER_KEYS_KEPT, "nts_server_old_certificate nts_server");
    assert_string_equal(f.text, "broken (/b.crt)");
    s.certificates = 0;
    f = expect(&s, SERVER_KEYS_KEPT, "nts_server_no_certificate");
    assert_string_equal(f.text, "broken (/b.crt)");
}

static void port_and_processes_that_are_missing_are_said(void **state)
{
    struct ke_listener s = healthy();

    s.state.is_closed = true;
    expect(&s, SERVER_KEYS_KEPT, "nts_server nts_server_no_port");
    s.state.is_closed = false;
    s.state.ready = 1;
    expect(&s, SERVER_KEYS_KEPT, "nts_server nts_server_processes");
}

static void keys_that_do_not_outlive_the_daemon_are_said(void **state)
{
    struct ke_listener s = healthy();

    expect(&s, SERVER_KEYS_NOWHERE, "nts_server nts_server_keys_not_kept");
    expect(&s, SERVER_KEYS_FAILING, "nts_server nts_server_keys_unsaved");
}

static void handshakes_that_fail_are_said_when_they_are_many(void **state)
{
    struct ke_listener s = healthy();

    s.ends[KE_END_REFUSED] = 150;
    expect(&s, SERVER_KEYS_KEPT, "nts_server nts_server_handshakes");
    s.ends[KE_END_COMPLETE] = s.ends[KE_END_CLOSED] = 0;
    s.ends[KE_END_REFUSED] = 5;
    s.ends[KE_END_NO_MATCH] = 3;
    s.ends[KE_END_BAD_NAME] = 1;
    expect(&s, SERVER_KEYS_KEPT, "nts_server");
    s.ends[KE_END_HANDSHAKE] = 1;
    expect(&s, SERVER_KEYS_KEPT, "nts_server nts_server_handshakes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healthy_server_has_the_certificate_that_ends_first),
        cmocka_unit_test(dates_of_certificates_are_judged),
        cmocka_unit_test(bad_files_have_their_consequence),
        cmocka_unit_test(port_and_processes_that_are_missing_are_said),
        cmocka_unit_test(keys_that_do_not_outlive_the_daemon_are_said),
        cmocka_unit_test(handshakes_that_fail_are_said_when_they_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor on machines that are made up: the daemon and why it does not answer, its process, its
 * ports, other programs, what is printed, and the exit status. The clock and the files are in
 * doctor_checks.c.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "chronyc/document.h"
#include "test/unit/support/json_schema.h"
#include "test/unit/support/machine.h"

static int set_up(void **state)
{
    *state = fake_machine_new();
    return 0;
}

static int tear_down(void **state)
{
    fake_machine_free(*state);
    return 0;
}

/* ---- Output ---- */

static void machine_without_faults_is_said_to_be_well(void **state)
{
    struct fake_machine *m = *state;
    char *text = fake_machine_run(m, "doctor"), expected[1024];

    snprintf(expected, sizeof(expected),
             "ok: daemon: it answers on /run/d.sock\n"
             "ok: process: process 100, user ID %u, may set the clock, with a system call filter\n"
             "ok: configuration: the directives were given on the command line\n"
             "ok: ports: the configuration needs none\n"
             "ok: other programs: none of those that are known to set the clock is in the way\n"
             "ok: kernel clock: frequency 0.000 ppm, nobody else seems to set it\n"
             "0 errors, 0 warnings\n",
             m->daemon.around.uid);
    assert_string_equal(text, expected);
    free(text);
}

static void problems_come_first_with_what_to_do(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_process(m, 7, 1, "ntpd", FAKE_CAP_SYS_TIME, 0);
    char *text = fake_machine_run(m, "doctor");
    assert_int_equal(
        strncmp(text,
                "error: other programs: ntpd (of NTPsec, ntp.org, OpenNTPD or busybox) "
                "runs (process 7) and may set the clock: two programs work against "
                "each other\n    fix: systemctl disable --now ",
                160),
        0);
    assert_non_null(strstr(text, "\n1 error, 0 warnings\n"));
    assert_int_equal(m->status, 2);
    free(text);
}

static void exit_status_is_that_of_the_worst_finding(void **state)
{
    struct fake_machine *m = *state;

    free(fake_machine_run(m, "doctor"));
    assert_int_equal(m->status, 0);
    m->clock.status = 1; /* STA_PLL */
    free(fake_machine_run(m, "doctor"));
    assert_int_equal(m->status, 1);
    m->daemon.answers = false;
    free(fake_machine_run(m, "doctor"));
    assert_int_equal(m->status, 2);
    free(fake_machine_run(m, "doctor nonsense"));
    assert_int_equal(m->status, 1);
}

static void csv_has_severity_check_and_code(void **state)
{
    char *text = fake_machine_run(*state, "-c doctor");

    assert_non_null(strstr(text, "ok,daemon,ok\n"));
    assert_null(strstr(text, "warnings"));
    free(text);
}

static void document_fits_its_schema(void **state)
{
    struct fake_machine *m = *state;
    json_error_t json_error;
    char error[256];

    json_t *schema = json_load_file(TEST_DATA_DIR "/../../doc/schema/doctor.json", 0, &json_error);
    if (!schema)
        fail_msg("%s", json_error.text);
    fake_machine_process(m, 7, 1, "ntpd", FAKE_CAP_SYS_TIME, 0);
    json_t *document = fake_machine_doctor(m, "");
    if (!json_schema_validate(schema, document, error, sizeof(error)))
        fail_msg("%s", error);
    json_t *values =
        json_object_get(finding_of(document, "other programs", "other_daemon"), "values");
    assert_string_equal(json_string_value(json_object_get(values, "name")), "ntpd");
    assert_close(json_number_value(json_object_get(values, "pid")), 7.0, 0.0);
    json_decref(document);
    json_decref(schema);
}

static void names_of_processes_do_not_reach_the_terminal_as_they_are(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.flags |= REPORT_SERVES_TIME;
    m->daemon.around.ntp_port = 123;
    fake_machine_socket(m, "udp", "00000000", 123, 7, 77);
    fake_machine_process(m, 7, 1, "a\033[2Jb", 0, 77);
    char *text = fake_machine_run(m, "doctor");
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "a?[2Jb (process 7)"));
    free(text);
}

static void another_host_is_refused(void **state)
{
    struct fake_machine *m = *state;
    char *text = fake_machine_run(m, "-h 192.0.2.1 doctor");

    assert_string_equal(text, "doctor looks at the machine that it runs on, not at another host\n");
    assert_int_equal(m->status, 1);
    free(text);
}

/* ---- Contact ---- */

static void daemon_that_does_not_run_is_an_error(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_stop_daemon(m);
    assert_finding(m, "daemon", "not_running", "error");
    fake_machine_file(m, "/usr/lib/systemd/system/chrony.service", "[Unit]\n");
    json_t *document = fake_machine_doctor(m, "");
    json_t *row = finding_of(document, "daemon", "not_running");
    assert_non_null(strstr(json_string_value(json_object_get(row, "text")), "crashed"));
    assert_non_null(
        strstr(json_string_value(json_object_get(row, "fix")), "systemctl start chrony.service"));
    json_decref(document);
}

static void daemon_that_hangs_is_told_from_one_that_is_stopped(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.answers = false;
    assert_finding(m, "daemon", "hangs", "error");
    fake_machine_file(m, "/proc/100/status", "Name:\tchronyd\nState:\tT (stopped)\nPPid:\t1\n");
    assert_finding(m, "daemon", "stopped", "error");
    fake_machine_file(m, "/proc/100/status", "Name:\tchronyd\nState:\tD (disk sleep)\nPPid:\t1\n");
    assert_finding(m, "daemon", "waits_for_disk", "error");
}

static void daemon_with_another_socket_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.answers = false;
    char *text = fake_machine_run(m, "-h /run/other.sock doctor");
    assert_non_null(strstr(text, "chronyd (process 100) runs, but nothing listens on the command "
                                 "socket /run/other.sock"));
    free(text);
}

static void holder_of_the_socket_is_the_daemon(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.answers = false;
    fake_machine_process(m, 90, 1, "chronyd", FAKE_CAP_SYS_TIME, 900);
    assert_finding(m, "daemon", "hangs", "error"); /* which of them is not known */
    fake_machine_file(m, "/proc/net/unix",
                      "Num       RefCount Protocol Flags    Type St Inode Path\n"
                      "0000: 00000002 00000000 00000000 0002 01  1000 /other" FAKE_SOCKET "\n"
                      "0000: 00000002 00000000 00000000 0002 01   900 " FAKE_SOCKET "\n");
    json_t *document = fake_machine_doctor(m, "");
    json_t *values = json_object_get(finding_of(document, "daemon", "hangs"), "values");
    assert_int_equal(json_integer_value(json_object_get(values, "pid")), 90);
    json_decref(document);
    char *text = fake_machine_run(m, "-h /run/none.sock -c doctor");
    assert_non_null(strstr(text, "error,daemon,other_socket\n"));
    free(text);
}

static void daemon_of_another_version_is_asked_for_less(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.is_old = true;
    assert_finding(m, "daemon", "old_daemon", "unknown");
    assert_finding(m, "daemon", "ok", "ok");
}

static void over_udp_the_missing_socket_is_told(void **state)
{
    struct fake_machine *m = *state;

    char *text = fake_machine_run(m, "-h /run/none.sock,127.0.0.1 -c doctor");
    assert_non_null(strstr(text, "warning,daemon,no_socket\n"));
    free(text);
}

/* ---- Process ---- */

static void missing_right_is_an_error_unless_it_is_not_wanted(void **state)
{
    struct fake_machine *m = *state;

    assert_finding(m, "process", "no_cap_sys_time", NULL);
    fake_machine_process(m, FAKE_PID, 1, "chronyd", 0, 1000);
    assert_finding(m, "process", "no_cap_sys_time", "error");
    /* The right is that of its guard. */
    fake_machine_process(m, 201, FAKE_PID, "chronyd-fork", 0, 0);
    fake_machine_process(m, 202, 201, "chronyd-guard", 0, 0);
    assert_finding(m, "process", "no_cap_sys_time", "error");
    fake_machine_process(m, 202, 201, "chronyd-guard", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "process", "no_cap_sys_time", NULL);
    fake_machine_process(m, 202, 999, "chronyd-guard", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "process", "no_cap_sys_time", "error"); /* of another one */
    m->daemon.around.flags = 0;
    assert_finding(m, "process", "clock_not_controlled", "note");
    fake_machine_file(m, "/proc/100/status",
                      "Name:\tchronyd\nUid:\t0\t%u\t0\t0\nCapEff:\t0\nCapBnd:\t0\n",
                      m->daemon.around.uid);
    /* A set that is empty says nothing: the daemon empties it. */
    fake_machine_process(m, 1, 0, "init", 0, 0);
    assert_finding(m, "process", "clock_not_controlled", "note");
    fake_machine_file(m, "/proc/1/status", "Name:\tinit\nCapEff:\t0\nCapBnd:\t0\n%s", "");
    fake_machine_file(m, "/.dockerenv", "%s", "");
    json_t *document = fake_machine_doctor(m, "");
    json_t *row = finding_of(document, "process", "no_cap_sys_time");
    assert_string_equal(json_string_value(json_object_get(row, "severity")), "note");
    assert_non_null(strstr(json_string_value(json_object_get(row, "fix")), "--cap-add SYS_TIME"));
    json_decref(document);
}

static void second_daemon_is_an_error_but_helpers_are_not(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_process(m, 101, FAKE_PID, "chronyd", FAKE_CAP_SYS_TIME, 0);
    fake_machine_process(m, 102, 1, "chronyd", 0, 0);
    assert_finding(m, "process", "second_daemon", NULL);
    /* With a guard of its own. */
    fake_machine_process(m, 104, 102, "chronyd-fork", 0, 0);
    fake_machine_process(m, 105, 104, "chronyd-guard", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "process", "second_daemon", "error");
    fake_machine_process(m, 105, 104, "chronyd-guard", 0, 0);
    assert_finding(m, "process", "second_daemon", NULL);
    fake_machine_process(m, 103, 1, "chronyd", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "process", "second_daemon", "error");
    fake_machine_file(m, "/proc/103/cmdline", "chronyd%c-d%c-x", 0, 0);
    assert_finding(m, "process", "second_daemon", NULL);
    fake_machine_file(m, "/proc/103/cmdline", "chronyd%c-d", 0);
    m->daemon.around.flags = 0;
    assert_finding(m, "process", "second_daemon", "note");
}

static void process_that_is_not_there_is_in_a_container(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.pid = 1;
    assert_finding(m, "process", "no_process", "unknown");
}

static void filter_is_compared_with_what_was_asked_for(void **state)
{
    struct fake_machine *m = *state;

    assert_finding(m, "process", "no_filter", NULL);
    fake_machine_file(m, "/proc/100/status",
                      "Name:\tchronyd\nUid:\t0\t%u\t0\t0\nCapEff:\t2000000\nSeccomp:\t0\n",
                      m->daemon.around.uid);
    assert_finding(m, "process", "filter_missing", "warning");
    m->daemon.around.filter_level = 0;
    assert_finding(m, "process", "no_filter", "note");
}

/* ---- Configuration ---- */

static void configuration_that_was_changed_is_told(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, "/c.conf", "server 192.0.2.1\n");
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_CONF, "/c.conf", false};
    m->now.sec += 1000;
    m->daemon.uptime = 900;
    assert_finding(m, "configuration", "changed", NULL);
    m->daemon.uptime = 2000;
    assert_finding(m, "configuration", "changed", "note");
    fake_machine_file(m, "/c.conf", "servr 192.0.2.1\n");
    assert_finding(m, "configuration", "invalid", "error");
    m->daemon.files[0].path = "/none.conf";
    assert_finding(m, "configuration", "unreadable", "unknown");
}

static void check_of_the_configuration_is_summed_up(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, "/c.conf", "server 192.0.2.1\n");
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_CONF, "/c.conf", false};
    fake_machine_program(m, "chronyd", "echo \"Usage: chronyd [OPTION]... $*\"; exit 1");
    assert_finding(m, "configuration", "check", NULL);
    fake_machine_program(m, "chronyd",
                         "[ \"$*\" = '--check -f /c.conf' ] && printf '%s\\n' "
                         "'/c.conf:1: warning: server: only one' '    fix: more'; exit 1");
    assert_finding(m, "configuration", "check", "warning");
    fake_machine_program(m, "chronyd", "printf '%s\\n' 'a:1: warning: x' 'a:2: error: y'; exit 2");
    json_t *document = fake_machine_doctor(m, "");
    json_t *row = finding_of(document, "configuration", "check");
    assert_string_equal(json_string_value(json_object_get(row, "severity")), "error");
    assert_non_null(strstr(json_string_value(json_object_get(row, "text")),
                           "1 error and 1 warning; the first is: a:2: error: y"));
    json_decref(document);
}

/* Anybody can give a process the name of the daemon. */
static void program_of_a_process_is_never_run(void **state)
{
    struct fake_machine *m = *state;
    char path[256];

    fake_machine_file(m, "/c.conf", "server 192.0.2.1\n");
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_CONF, "/c.conf", false};
    fake_machine_file(m, "/tmp/chronyd", "#!/bin/sh\ntouch %s/ran\n", m->root);
    snprintf(path, sizeof(path), "%s/tmp/chronyd", m->root);
    assert_int_equal(chmod(path, 0755), 0);
    fake_machine_link(m, "/proc/100/exe", path);
    fake_machine_file(m, "/proc/100/cmdline", "%s%c-d", path, 0);
    assert_finding(m, "configuration", "ok", "ok");
    m->daemon.answers = false;
    assert_finding(m, "daemon", "hangs", "error");
    assert_false(machine_exists(&m->machine, "/ran"));
}

/* ---- Ports ---- */

static void serve(struct fake_machine *m, bool held)
{
    m->daemon.around.flags |= REPORT_SERVES_TIME;
    m->daemon.around.ntp_port = 123;
    if (held)
        fake_machine_socket(m, "udp", "00000000", 123, 7, 1000);
}

static void port_of_the_daemon_is_well(void **state)
{
    struct fake_machine *m = *state;

    serve(m, true);
    assert_finding(m, "ports", "ok", "ok");
}

static void port_that_a_service_manager_has_opened_is_well(void **state)
{
    struct fake_machine *m = *state;

    serve(m, true);
    fake_machine_process(m, 1, 0, "systemd", 0, 1000);
    assert_finding(m, "ports", "port_taken", NULL);
    assert_finding(m, "ports", "ok", "ok");
}

static void port_in_other_hands_is_an_error(void **state)
{
    struct fake_machine *m = *state;

    serve(m, false);
    assert_finding(m, "ports", "port_closed", "error");
    /* Another protocol, a connected socket, another port: none of these is in the way. */
    fake_machine_socket(m, "tcp", "00000000", 123, 10, 77);
    fake_machine_socket(m, "udp", "00000000", 123, 1, 77);
    fake_machine_socket(m, "udp", "00000000", 124, 7, 77);
    fake_machine_process(m, 7, 1, "ntpd", 0, 77);
    assert_finding(m, "ports", "port_closed", "error");
    fake_machine_socket(m, "udp6", "00000000000000000000000000000000", 123, 7, 77);
    assert_finding(m, "ports", "port_taken", "error");
    assert_finding(m, "ports", "port_closed", NULL);
    fake_machine_socket(m, "udp", "00000000", 123, 7, 1000);
    assert_finding(m, "ports", "port_taken", "warning");
}

static void ports_are_those_of_the_configuration_if_nothing_runs(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, "/c.conf", "port 1123\nallow\ncmdport 0\npidfile /\n");
    fake_machine_stop_daemon(m);
    json_t *document = fake_machine_doctor(m, "-f /c.conf");
    assert_non_null(finding_of(document, "ports", "ok"));
    json_decref(document);
    fake_machine_socket(m, "udp", "0100007F", 1123, 7, 77);
    fake_machine_process(m, 7, 1, "other", 0, 77);
    document = fake_machine_doctor(m, "-f /c.conf");
    json_t *row = finding_of(document, "ports", "port_taken");
    assert_non_null(strstr(json_string_value(json_object_get(row, "text")),
                           "UDP port 1123 (NTP server) is held by other (process 7)"));
    json_decref(document);
}

static void nts_and_command_ports_are_needed_too(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.nts_port = 4460;
    m->daemon.around.cmd_port = 323;
    fake_machine_socket(m, "tcp", "00000000", 4460, 10, 1000);
    fake_machine_socket(m, "udp", "0100007F", 323, 7, 1000);
    assert_finding(m, "ports", "ok", "ok");
    m->daemon.around.nts_port = 4461;
    assert_finding(m, "ports", "port_closed", "error");
    m->daemon.around.nts_port = 0;
    m->daemon.around.cmd_port = 324;
    assert_finding(m, "ports", "port_closed", "warning");
}

/* ---- Others ---- */

static void other_daemons_are_known_by_their_names(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_process(m, 7, 1, "systemd-timesyn", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "other programs", "other_daemon", "error");
    fake_machine_process(m, 7, 1, "systemd-timesyn", 0, 0);
    assert_finding(m, "other programs", "other_daemon", NULL);
    assert_finding(m, "other programs", "harmless_daemon", "note");
    fake_machine_process(m, 7, 1, "phc2sys", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "other programs", "possible_other", "warning");
    fake_machine_process(m, 7, 1, "vmtoolsd", FAKE_CAP_SYS_TIME, 0);
    assert_finding(m, "other programs", "possible_other", "note");
    fake_machine_program(m, "vmware-toolbox-cmd", "echo Disabled; exit 1");
    assert_finding(m, "other programs", "possible_other", NULL);
    /* With -x the clock is left to the other one. */
    fake_machine_process(m, 7, 1, "ntpd", FAKE_CAP_SYS_TIME, 0);
    m->daemon.around.flags = 0;
    assert_finding(m, "other programs", "other_daemon", "note");
    assert_finding(m, "other programs", "ok", NULL);
}

static void children_of_other_daemons_are_not_told(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_process(m, 7, 1, "ntpd", FAKE_CAP_SYS_TIME, 0);
    fake_machine_process(m, 8, 7, "ntpd", 0, 0);
    assert_finding(m, "other programs", "other_daemon", "error");
    assert_finding(m, "other programs", "harmless_daemon", NULL);
}

static void units_of_systemd_are_looked_at(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, "/proc/100/cgroup", "0::/system.slice/chrony.service\n");
    assert_finding(m, "systemd", "not_enabled", NULL); /* there is no systemd */
    fake_machine_directory(m, "/run/systemd/system");
    assert_finding(m, "systemd", "not_enabled", "note");
    fake_machine_link(m, "/etc/systemd/system/multi-user.target.wants/chrony.service", "/x");
    assert_finding(m, "systemd", "not_enabled", NULL);
    assert_finding(m, "systemd", "ok", "ok");
    fake_machine_link(m, "/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service",
                      "/x");
    assert_finding(m, "systemd", "timesyncd_enabled", "warning");
}

static void timedatectl_is_asked_and_not_waited_for(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_directory(m, "/run/systemd/system");
    fake_machine_program(m, "timedatectl", "printf 'NTP=no\\nNTPSynchronized=no\\n'");
    assert_finding(m, "systemd", "timedatectl_no_ntp", "note");
    assert_finding(m, "systemd", "timedatectl_not_synchronised", "note");
    m->daemon.around.flags |= REPORT_RTC_SYNC;
    assert_finding(m, "systemd", "timedatectl_not_synchronised", NULL);
    fake_machine_program(m, "timedatectl", "printf 'NTP=no\\n'; exit 1");
    assert_finding(m, "systemd", "timedatectl_no_ntp", NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(machine_without_faults_is_said_to_be_well),
        TEST(problems_come_first_with_what_to_do),
        TEST(exit_status_is_that_of_the_worst_finding),
        TEST(csv_has_severity_check_and_code),
        TEST(document_fits_its_schema),
        TEST(names_of_processes_do_not_reach_the_terminal_as_they_are),
        TEST(another_host_is_refused),
        TEST(daemon_that_does_not_run_is_an_error),
        TEST(daemon_that_hangs_is_told_from_one_that_is_stopped),
        TEST(daemon_with_another_socket_is_told),
        TEST(holder_of_the_socket_is_the_daemon),
        TEST(daemon_of_another_version_is_asked_for_less),
        TEST(over_udp_the_missing_socket_is_told),
        TEST(missing_right_is_an_error_unless_it_is_not_wanted),
        TEST(second_daemon_is_an_error_but_helpers_are_not),
        TEST(process_that_is_not_there_is_in_a_container),
        TEST(filter_is_compared_with_what_was_asked_for),
        TEST(configuration_that_was_changed_is_told),
        TEST(check_of_the_configuration_is_summed_up),
        TEST(program_of_a_process_is_never_run),
        TEST(port_of_the_daemon_is_well),
        TEST(port_that_a_service_manager_has_opened_is_well),
        TEST(port_in_other_hands_is_an_error),
        TEST(ports_are_those_of_the_configuration_if_nothing_runs),
        TEST(nts_and_command_ports_are_needed_too),
        TEST(other_daemons_are_known_by_their_names),
        TEST(children_of_other_daemons_are_not_told),
        TEST(units_of_systemd_are_looked_at),
        TEST(timedatectl_is_asked_and_not_waited_for),
    };
    struct document *d = document_new();

    if (!d) {
        print_message("built without JSON output\n");
        return 77;
    }
    document_free(d);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

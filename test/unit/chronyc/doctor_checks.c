/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor's checks of clocks, files, certificates, network and firewall, on machines that are made
 * up. The rest is in doctor.c.
 */
#include "test/unit/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/sync_status.h"
#include "chronyc/document.h"
#include "test/unit/support/machine.h"

#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"

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

static void assert_fix(struct fake_machine *m, const char *check, const char *code,
                       const char *text)
{
    json_t *document = fake_machine_doctor(m, "");
    const char *fix = json_string_value(json_object_get(finding_of(document, check, code), "fix"));

    if (!fix || !strstr(fix, text))
        fail_msg("%s, %s: %s", check, code, fix ? fix : "no fix");
    json_decref(document);
}

/* ---- Clocks ---- */

static void loop_of_the_kernel_is_of_somebody_else(void **state)
{
    struct fake_machine *m = *state;

    assert_finding(m, "kernel clock", "ok", "ok");
    m->clock.status = STA_PLL | STA_NANO;
    assert_finding(m, "kernel clock", "kernel_loop", "warning");
    m->clock.status = STA_PPSFREQ;
    assert_finding(m, "kernel clock", "kernel_loop", "warning");
    /* With -x the clock belongs to another program. */
    m->daemon.around.flags = 0;
    assert_finding(m, "kernel clock", "kernel_loop", NULL);
}

static void frequency_that_the_daemon_has_not_set_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.tracking.freq_ppm = 30.0; /* fast, so it is made slower */
    m->clock.freq_ppm = -30.01;
    assert_finding(m, "kernel clock", "kernel_frequency", NULL);
    m->clock.freq_ppm = 30.0;
    assert_finding(m, "kernel clock", "kernel_frequency", "warning");
    /* In the middle of a correction it cannot be judged. */
    m->daemon.tracking.correction = -0.001;
    assert_finding(m, "kernel clock", "kernel_frequency", NULL);
}

static void clock_that_cannot_be_read_is_said(void **state)
{
    struct fake_machine *m = *state;

    m->has_clock = false;
    assert_finding(m, "kernel clock", "no_adjtimex", "unknown");
}

static void kernel_that_counts_as_unsynchronised_is_told_with_rtcsync(void **state)
{
    struct fake_machine *m = *state;

    m->clock.status = STA_UNSYNC;
    assert_finding(m, "kernel clock", "kernel_unsynchronised", NULL);
    m->daemon.around.flags |= REPORT_RTC_SYNC;
    assert_finding(m, "kernel clock", "kernel_unsynchronised", "note");
    m->daemon.tracking.leap = LEAP_UNSYNC;
    assert_finding(m, "kernel clock", "kernel_unsynchronised", NULL);
}

static void slow_clock_sources_are_told(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, CLOCKSOURCE "available_clocksource", "tsc hpet acpi_pm\n");
    fake_machine_file(m, CLOCKSOURCE "current_clocksource", "tsc\n");
    assert_finding(m, "clock source", "slow_clock_source", NULL);
    assert_finding(m, "clock source", "ok", "ok");
    fake_machine_file(m, CLOCKSOURCE "current_clocksource", "hpet\n");
    assert_finding(m, "clock source", "slow_clock_source", "note");
    assert_fix(m, "clock source", "slow_clock_source", "write tsc to");
    fake_machine_file(m, CLOCKSOURCE "available_clocksource", "hpet acpi_pm\n");
    assert_fix(m, "clock source", "slow_clock_source", "dmesg");
    fake_machine_file(m, CLOCKSOURCE "current_clocksource", "jiffies\n");
    assert_finding(m, "clock source", "coarse_clock_source", "warning");
}

static void clock_of_the_host_is_offered_unless_it_is_used(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, CLOCKSOURCE "current_clocksource", "kvm-clock\n");
    fake_machine_file(m, "/sys/class/ptp/ptp0/clock_name", "ixgbe\n");
    assert_finding(m, "clock source", "host_clock_unused", NULL);
    fake_machine_file(m, "/sys/class/ptp/ptp1/clock_name", "KVM virtual PTP\n");
    assert_finding(m, "clock source", "host_clock_unused", "note");
    assert_fix(m, "clock source", "host_clock_unused", "refclock PHC /dev/ptp1");
    m->daemon.sources = 1;
    m->daemon.source.mode = REPORT_REFCLOCK;
    assert_finding(m, "clock source", "host_clock_unused", NULL);
}

static void set_rtc(struct fake_machine *m, double difference)
{
    fake_machine_file(m, "/sys/class/rtc/rtc0/since_epoch", "%.0f\n",
                      (double)m->now.sec + difference);
}

static void real_time_clock_is_compared_with_the_system_clock(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_directory(m, "/sys/class/rtc");
    assert_finding(m, "real-time clock", "no_rtc", "note");
    set_rtc(m, 30.0);
    assert_finding(m, "real-time clock", "rtc_far", NULL);
    assert_finding(m, "real-time clock", "ok", "ok");
    set_rtc(m, -100.0);
    assert_finding(m, "real-time clock", "rtc_far", "warning");
    assert_fix(m, "real-time clock", "rtc_far", "add rtcsync");
    m->daemon.around.flags |= REPORT_RTC_SYNC;
    assert_fix(m, "real-time clock", "rtc_far", "battery");
    m->daemon.tracking.leap = LEAP_UNSYNC; /* which of them is wrong is not known */
    assert_finding(m, "real-time clock", "rtc_far", "note");
}

static void real_time_clock_in_local_time_is_recognised(void **state)
{
    struct fake_machine *m = *state;

    set_rtc(m, 7200.0);
    assert_finding(m, "real-time clock", "rtc_local", "warning");
    set_rtc(m, -5.5 * 3600.0 + 2.0);
    assert_finding(m, "real-time clock", "rtc_local", "warning");
    fake_machine_file(m, "/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n");
    assert_finding(m, "real-time clock", "rtc_local", NULL);
    assert_finding(m, "real-time clock", "rtc_local_time", "note");
}

static void convention_of_the_real_time_clock_is_compared(void **state)
{
    struct fake_machine *m = *state;

    set_rtc(m, 0.0);
    assert_finding(m, "real-time clock", "rtc_convention", NULL); /* nobody reads it */
    fake_machine_directory(m, "/var");
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_RTC, "/var/rtc", false};
    assert_finding(m, "real-time clock", "rtc_convention", "warning");
    m->daemon.around.flags |= REPORT_RTC_IN_UTC;
    assert_finding(m, "real-time clock", "rtc_convention", NULL);
    fake_machine_file(m, "/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n");
    assert_finding(m, "real-time clock", "rtc_convention", "warning");
    m->daemon.files[1] = (struct fake_file){REPORT_FILE_HWCLOCK, "/etc/adjtime", false};
    assert_finding(m, "real-time clock", "rtc_convention", NULL);
}

/* ---- Files ---- */

static void directories_that_are_missing_are_errors(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.files[0] = (struct fake_file){REPORT_FILE_DRIFT, "/var/lib/drift", false};
    assert_finding(m, "files", "no_directory", "error");
    fake_machine_file(m, "/var/lib/drift", "1 1\n");
    assert_finding(m, "files", "no_directory", NULL);
    assert_finding(m, "files", "ok", "ok");
    m->daemon.files[1] = (struct fake_file){REPORT_FILE_LOG_DIR, "/var/lib/drift", false};
    assert_finding(m, "files", "no_directory", "error"); /* it is a file */
}

/* A tree of this user, and a daemon of another one. */
static void directories_of_others_are_errors(void **state)
{
    struct fake_machine *m = *state;
    unsigned int uid = geteuid() + 1;

    m->daemon.around.uid = uid;
    fake_machine_file(
        m, "/proc/100/status",
        "Name:\tchronyd\nUid:\t0\t%u\t0\t0\nGid:\t0\t4000000\t0\t0\nCapEff:\t2000000\n", uid);
    fake_machine_directory(m, "/var/lib/chrony");
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_NTS_DIR, "/var/lib/chrony", false};
    assert_finding(m, "files", "not_writable", "error");
    char path[128];
    snprintf(path, sizeof(path), "%s/var/lib/chrony", m->root);
    chmod(path, 0777);
    assert_finding(m, "files", "not_writable", NULL);
}

static void failure_of_the_daemon_is_told(void **state)
{
    struct fake_machine *m = *state;

    fake_machine_file(m, "/var/drift", "1 1\n");
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_DRIFT, "/var/drift", true};
    assert_finding(m, "files", "write_failed", "error");
}

static void drift_file_that_is_old_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.files[0] = (struct fake_file){REPORT_FILE_DRIFT, "/var/drift", false};
    fake_machine_directory(m, "/var");
    assert_finding(m, "files", "no_drift_file", "warning");
    fake_machine_file(m, "/var/drift", "1 1\n");
    assert_finding(m, "files", "old_drift_file", NULL);
    m->now.sec += 100000;
    assert_finding(m, "files", "old_drift_file", "warning");
    m->daemon.uptime = 3600;
    assert_finding(m, "files", "old_drift_file", NULL);
}

static void certificate_that_was_replaced_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.nts_port = 4460;
    fake_machine_socket(m, "tcp", "00000000", 4460, 10, 1000);
    assert_finding(m, "certificates", "no_certificate", "error");
    m->daemon.around.certificates_ago = 50;
    m->daemon.files[0] = (struct fake_file){REPORT_FILE_CERTIFICATE, "/x.pem", false};
    assert_finding(m, "certificates", "no_file", "warning");
    fake_machine_file(m, "/x.pem", "x");
    assert_finding(m, "certificates", "certificate_replaced", "warning");
    assert_fix(m, "certificates", "certificate_replaced", "chronyc rekey");
    m->now.sec += 60;
    assert_finding(m, "certificates", "certificate_replaced", NULL);
    assert_finding(m, "certificates", "ok", "ok");
}

static void certificate_that_expires_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.nts_port = 4460;
    m->daemon.around.certificates_ago = 50;
    fake_machine_socket(m, "tcp", "00000000", 4460, 10, 1000);
    assert_finding(m, "certificates", "ok", "ok");
    m->daemon.certificate_left = 20.0 * 86400.0;
    assert_finding(m, "certificates", "certificate_expires", "warning");
    m->daemon.certificate_left = -86400.0;
    assert_finding(m, "certificates", "certificate_expired", "error");
    m->daemon.certificate_begun = -3600.0;
    assert_finding(m, "certificates", "certificate_not_yet", "error");
}

/* ---- Network ---- */

static void silence_of_all_sources_is_an_error(void **state)
{
    struct fake_machine *m = *state;

    assert_finding(m, "network", "no_source_answers", NULL); /* none is configured */
    m->daemon.sources = 3;
    m->daemon.uptime = 10;
    assert_finding(m, "network", "no_answer_yet", "note");
    m->daemon.uptime = 1000;
    assert_finding(m, "network", "no_source_answers", "error");
    fake_machine_file(m, "/proc/net/route",
                      "Iface\tDestination\tGateway\nlo\t0000007F\t00000000\n");
    fake_machine_file(m, "/proc/net/ipv6_route", "%s", "");
    assert_finding(m, "network", "no_route", "error");
    fake_machine_file(m, "/proc/net/route",
                      "Iface\tDestination\tGateway\neth0\t00000000\t0100007F\n");
    assert_finding(m, "network", "no_source_answers", "error");
    m->daemon.source.reachability = 1;
    assert_finding(m, "network", "ok", "ok");
    assert_finding(m, "network", "not_synchronised", NULL);
    m->daemon.tracking.leap = LEAP_UNSYNC;
    assert_finding(m, "network", "not_synchronised", "note");
    m->daemon.source.reachability = 0;
    m->daemon.source.mode = REPORT_REFCLOCK;
    assert_finding(m, "network", "no_source_answers", NULL);
}

static void default_route_of_ipv6_counts(void **state)
{
    static const char route[] =
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
        "00000000000000000000000000000000 00000400 00000001 00000000 %s\n";
    struct fake_machine *m = *state;

    m->daemon.sources = 1;
    fake_machine_file(m, "/proc/net/route", "Iface\tDestination\tGateway\n");
    /* What rejects packets is the kernel's own. */
    fake_machine_file(m, "/proc/net/ipv6_route", route, "00200200       lo");
    assert_finding(m, "network", "no_route", "error");
    fake_machine_file(m, "/proc/net/ipv6_route", route, "00000003     eth0");
    assert_finding(m, "network", "no_source_answers", "error");
}

static void names_and_offline_sources_are_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.activity = (struct report_activity){.offline = 2, .unresolved = 1};
    assert_finding(m, "network", "unresolved", "warning");
    assert_finding(m, "network", "all_offline", "warning");
    m->daemon.activity.online = 1;
    assert_finding(m, "network", "all_offline", NULL);
}

static void daemon_of_another_network_has_another_firewall(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.flags |= REPORT_SERVES_TIME;
    m->daemon.around.ntp_port = 123;
    fake_machine_program(m, "nft", "echo 'type filter hook input priority 0; policy drop;'");
    fake_machine_link(m, "/proc/self/ns/net", "net:[1]");
    fake_machine_link(m, "/proc/100/ns/net", "net:[1]");
    assert_finding(m, "firewall", "ntp_port_closed", "warning");
    fake_machine_link(m, "/proc/100/ns/net", "net:[2]");
    assert_finding(m, "firewall", "ntp_port_closed", NULL);
}

static void server_without_requests_is_noted(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.flags |= REPORT_SERVES_TIME;
    m->daemon.around.ntp_port = 123;
    assert_finding(m, "firewall", "no_requests", "note");
    m->daemon.serverstats.ntp_hits = 1;
    assert_finding(m, "firewall", "no_requests", NULL);
}

static void command_port_opened_in_place_of_that_of_ntp_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.ntp_port = 123;
    m->daemon.around.cmd_port = 323;
    fake_machine_program(m, "nft", "echo '  udp dport 323 accept'");
    assert_finding(m, "firewall", "command_port_open", NULL); /* no server */
    m->daemon.around.flags |= REPORT_SERVES_TIME;
    assert_finding(m, "firewall", "command_port_open", "warning");
    fake_machine_program(m, "nft", "echo '  udp dport { 123, 323 } accept'");
    assert_finding(m, "firewall", "command_port_open", NULL);
    assert_finding(m, "firewall", "ok", "ok");
    fake_machine_program(m, "nft", "exit 1");
    assert_finding(m, "firewall", "hidden", "unknown");
}

static void firewall_without_the_ports_of_the_server_is_told(void **state)
{
    struct fake_machine *m = *state;

    m->daemon.around.flags |= REPORT_SERVES_TIME;
    m->daemon.around.ntp_port = 123;
    m->daemon.around.nts_port = 4460;
    fake_machine_program(m, "iptables-save",
                         "printf '%s\\n' ':INPUT DROP [0:0]' "
                         "'-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'");
    assert_finding(m, "firewall", "ntp_port_closed", "warning");
    assert_finding(m, "firewall", "nts_port_closed", "warning");
    assert_fix(m, "firewall", "ntp_port_closed", "--add-service=ntp");
    fake_machine_program(
        m, "iptables-save",
        "printf '%s\\n' ':INPUT DROP [0:0]' '-A INPUT -p udp --dport 123 -j ACCEPT' "
        "'-A INPUT -p tcp --dport 4460 -j ACCEPT'");
    assert_finding(m, "firewall", "ntp_port_closed", NULL);
    assert_finding(m, "firewall", "nts_port_closed", NULL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loop_of_the_kernel_is_of_somebody_else),
        TEST(frequency_that_the_daemon_has_not_set_is_told),
        TEST(clock_that_cannot_be_read_is_said),
        TEST(kernel_that_counts_as_unsynchronised_is_told_with_rtcsync),
        TEST(slow_clock_sources_are_told),
        TEST(clock_of_the_host_is_offered_unless_it_is_used),
        TEST(real_time_clock_is_compared_with_the_system_clock),
        TEST(real_time_clock_in_local_time_is_recognised),
        TEST(convention_of_the_real_time_clock_is_compared),
        TEST(directories_that_are_missing_are_errors),
        TEST(directories_of_others_are_errors),
        TEST(failure_of_the_daemon_is_told),
        TEST(drift_file_that_is_old_is_told),
        TEST(certificate_that_was_replaced_is_told),
        TEST(certificate_that_expires_is_told),
        TEST(silence_of_all_sources_is_an_error),
        TEST(default_route_of_ipv6_counts),
        TEST(names_and_offline_sources_are_told),
        TEST(daemon_of_another_network_has_another_firewall),
        TEST(server_without_requests_is_noted),
        TEST(command_port_opened_in_place_of_that_of_ntp_is_told),
        TEST(firewall_without_the_ports_of_the_server_is_told),
    };
    struct document *d = document_new();

    if (!d) {
        print_message("built without JSON output\n");
        return 77;
    }
    document_free(d);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers of reference clocks on simulated devices (system.md 3): layouts byte for byte, what each
 * takes as a sample, what it ignores, devices that fail, and how they are closed.
 */
#include "test/unit/support/unit.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/refclock/clock.h"
#include "chronyd/refclock/sock_message.h"
#include "ntp/wire/packet.h"
#include "test/unit/support/devices.h"
#include "test/unit/support/sources.h"

#define START 1700000000

struct fixture {
    struct source_fixture s;
    struct fake_devices devices;
    struct refclock_set *set;
};

static void open_clocks_with(struct fixture *f, const char *lines,
                             void (*prepare)(struct fake_devices *))
{
    source_fixture_open(&f->s, lines, false);
    fake_devices_install(&f->devices, f->s.w);
    if (prepare)
        prepare(&f->devices);
    struct refclock_env env = {&f->s.w->world, f->s.w->loop, f->s.clock, f->s.mlog};
    f->set = refclock_set_new(&env);
    refclock_set_open(f->set, &f->s.conf->refclocks);
    refclock_set_attach(f->set, f->s.set, f->s.reference);
    refclock_set_start(f->set);
}

static void open_clocks(struct fixture *f, const char *lines)
{
    open_clocks_with(f, lines, NULL);
}

static void close_clocks(struct fixture *f, const char *expected_log)
{
    char log[1024];

    refclock_set_free(f->set);
    assert_int_equal(f->devices.opened, f->devices.closed);
    assert_int_equal(f->devices.sockets, f->devices.sockets_closed);
    snprintf(log, sizeof(log), "Disabled control of system clock\n%s", expected_log);
    source_fixture_check_log(&f->s, log);
    source_fixture_close(&f->s);
}

static struct refclock *get(struct fixture *f, int index)
{
    return f->set->clocks[index];
}

/* Positive: the system clock is slow. */
static double last_offset(const struct refclock *c)
{
    const struct source_sample *last = sample_filter_last(c->filter);

    assert_non_null(last);
    return -last->offset;
}

/* ---- Devices that cannot be used ---- */

/* In a child, because they end the program; the last message has to be the expected one. */
static void expect_fatal(const char *line, void (*prepare)(struct fake_devices *),
                         const char *expected)
{
    struct fixture f;
    int status;

    source_fixture_open(&f.s, line, false);
    fake_devices_install(&f.devices, f.s.w);
    if (prepare)
        prepare(&f.devices);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct refclock_env env = {&f.s.w->world, f.s.w->loop, f.s.clock, f.s.mlog};
        f.set = refclock_set_new(&env);
        refclock_set_open(f.set, &f.s.conf->refclocks);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    char *log = test_log_end(f.s.directory);
    if (strcmp(strchr(log, '\n') + 1, expected) != 0)
        fail_msg("%s: %s", line, log);
    free(log);
    source_fixture_close(&f.s);
}

static void no_device(struct fake_devices *devices)
{
    devices->open_failing = true;
}

static void no_segment(struct fake_devices *devices)
{
    devices->shm_failure = "shmget";
}

static void no_place_for_the_segment(struct fake_devices *devices)
{
    devices->shm_failure = "shmat";
}

static void no_pps(struct fake_devices *devices)
{
    devices->pps_result = PPS_CREATE_FAILED;
}

static void no_capabilities(struct fake_devices *devices)
{
    devices->pps_result = PPS_GETCAP_FAILED;
}

static void no_parameters(struct fake_devices *devices)
{
    devices->pps_result = PPS_GETPARAMS_FAILED;
}

static void no_setting(struct fake_devices *devices)
{
    devices->pps_result = PPS_SETPARAMS_FAILED;
}

static void no_edge(struct fake_devices *devices)
{
    devices->pps_result = PPS_NO_EDGE;
}

static void no_index(struct fake_devices *devices)
{
    devices->phc_no_index = true;
}

static void devices_that_cannot_be_used_are_fatal(void **state)
{
    static const struct {
        const char *line;
        void (*prepare)(struct fake_devices *devices);
        const char *message;
    } cases[] = {
        {"refclock SHM 0", no_segment, "shmget() failed : Permission denied"},
        {"refclock SHM 0", no_place_for_the_segment, "shmat() failed : Permission denied"},
        {"refclock PPS /dev/pps0", no_device,
         "Could not open /dev/pps0 : No such file or directory"},
        {"refclock PPS /dev/pps0", no_pps,
         "time_pps_create() failed on /dev/pps0 : Inappropriate ioctl for device"},
        {"refclock PPS /dev/pps0", no_capabilities,
         "time_pps_getcap() failed on /dev/pps0 : Inappropriate ioctl for device"},
        {"refclock PPS /dev/pps0", no_parameters,
         "time_pps_getparams() failed on /dev/pps0 : Inappropriate ioctl for device"},
        {"refclock PPS /dev/pps0", no_setting,
         "time_pps_setparams() failed on /dev/pps0 : Inappropriate ioctl for device"},
        {"refclock PPS /dev/pps0", no_edge, "CAPTUREASSERT not supported on /dev/pps0"},
        {"refclock PPS /dev/pps0:clear", no_edge, "CAPTURECLEAR not supported on /dev/pps0"},
        {"refclock PHC /dev/ptp0", no_device,
         "Could not open PHC (of) /dev/ptp0 : No such file or directory"},
        {"refclock PHC eth0", no_index, "Could not get PHC index of eth0 : No such device"},
        {"refclock PHC /dev/ptp0:extpps:channel=4", NULL,
         "Could not enable external PHC timestamping on /dev/ptp0 : Device or resource busy"},
        {"refclock SOCK /run/gps.sock", no_device,
         "Could not open socket /run/gps.sock : No such file or directory"},
        {"refclock RTC /dev/rtc", no_device,
         "Could not open RTC device /dev/rtc : No such file or directory"},
        {"refclock NONE x", NULL, "unknown refclock driver NONE"},
        {"refclock PPS /dev/pps0:perm=1", NULL, "Invalid refclock driver option perm=1"},
        {"refclock PHC /dev/ptp0:extpsp", NULL,
         "Invalid refclock driver option extpsp (did you mean extpps?)"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[128], expected[160];

        snprintf(line, sizeof(line), "%s\n", cases[i].line);
        snprintf(expected, sizeof(expected), "Fatal error : %s\n", cases[i].message);
        expect_fatal(line, cases[i].prepare, expected);
    }
}

/* waitdevice: tried again after 10, 30, 70, 130, 190 s. */
static void device_that_comes_later_is_waited_for(void **state)
{
    static const struct {
        const char *line;
        void (*prepare)(struct fake_devices *devices);
        const char *message, *name, *device;
    } cases[] = {
        {"SHM 7", no_segment, "shmget() failed : Permission denied", "SHM0", "7"},
        {"SOCK /run/gps.sock", no_device,
         "Could not open socket /run/gps.sock : No such file or directory", "SOC0",
         "/run/gps.sock"},
        {"PPS /dev/pps0", no_device, "Could not open /dev/pps0 : No such file or directory", "PPS0",
         "/dev/pps0"},
        {"PPS /dev/pps0", no_pps,
         "time_pps_create() failed on /dev/pps0 : Inappropriate ioctl for device", "PPS0",
         "/dev/pps0"},
        {"PHC /dev/ptp0", no_device,
         "Could not open PHC (of) /dev/ptp0 : No such file or directory", "PHC0", "/dev/ptp0"},
        {"PHC eth0:extpps", no_index, "Could not get PHC index of eth0 : No such device", "PHC0",
         "eth0"},
        {"RTC /dev/rtc", no_device,
         "Could not open RTC device /dev/rtc : No such file or directory", "RTC0", "/dev/rtc"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        char line[128], log[512];

        snprintf(line, sizeof(line), "refclock %s poll 2 noselect waitdevice\n", cases[i].line);
        open_clocks_with(&f, line, cases[i].prepare);
        clock_world_run_until(f.s.w, 50.0);
        assert_null(get(&f, 0)->data);
        local_clock_accumulate_offset(f.s.clock, 1e-6, 0.0);
        assert_false(source_is_reachable(get(&f, 0)->source));
        f.devices.open_failing = f.devices.phc_no_index = false;
        f.devices.shm_failure = NULL;
        f.devices.pps_result = PPS_OK;
        clock_world_run_until(f.s.w, 69.5);
        assert_null(get(&f, 0)->data);
        clock_world_run_until(f.s.w, 70.5);
        assert_non_null(get(&f, 0)->data);
        snprintf(log, sizeof(log),
                 "%s; refclock %s waits for its device\nRefclock %s has its device %s now\n",
                 cases[i].message, cases[i].name, cases[i].name, cases[i].device);
        close_clocks(&f, log);

        /* The end comes before the device. */
        open_clocks_with(&f, line, cases[i].prepare);
        clock_world_run_until(f.s.w, 300.0);
        refclock_set_clean_up(f.set);
        snprintf(log, sizeof(log), "%s; refclock %s waits for its device\n", cases[i].message,
                 cases[i].name);
        close_clocks(&f, log);
    }
}

static void waiting_clock_tells_another_reason_and_works_in_the_end(void **state)
{
    struct fixture f;

    open_clocks_with(&f,
                     "refclock PHC /dev/ptp0 poll 0 dpoll 0 noselect waitdevice\n"
                     "refclock PHC /dev/ptp0:extpps refid EXT noselect waitdevice\n",
                     no_device);
    clock_world_run_until(f.s.w, 25.0);
    f.devices.open_failing = false;
    f.devices.phc_no_index = true;
    clock_world_run_until(f.s.w, 100.0);
    f.devices.phc_no_index = false;
    f.devices.phc_offset = 0.125;
    clock_world_run_until(f.s.w, 140.0);
    assert_close(last_offset(get(&f, 0)), 0.125, 1e-8);
    assert_true(source_is_reachable(get(&f, 0)->source));
    close_clocks(&f,
                 "Could not open PHC (of) /dev/ptp0 : No such file or directory; refclock PHC0 "
                 "waits for its device\n"
                 "Could not open PHC (of) /dev/ptp0 : No such file or directory; refclock EXT "
                 "waits for its device\n"
                 "Could not get PHC index of /dev/ptp0 : No such device; refclock PHC0 waits for "
                 "its device\n"
                 "Could not get PHC index of /dev/ptp0 : No such device; refclock EXT waits for "
                 "its device\n"
                 "Refclock PHC0 has its device /dev/ptp0 now\n"
                 "Refclock EXT has its device /dev/ptp0 now\n");
}

/* ---- SOCK ---- */

static void datagram_of_the_specification(void **state)
{
    static const char hex[] = "db71026b0000000074b7060000000000fca9f1d24d62603f"
                              "0000000000000000000000004b434f53";
    struct sock_message m;
    uint8_t data[48];

    assert_int_equal(text_from_hex(hex, data, sizeof(data)), SOCK_MESSAGE_SIZE);
    assert_int_equal(sock_message_parse(data, 40, &m), SOCK_MESSAGE_OK);
    assert_int_equal(m.time.i.sec, 1795322331);
    assert_int_equal(m.time.i.nsec, 440180000);
    assert_close(m.offset, 0.002, 1e-12);
    assert_false(m.pulse);
    assert_int_equal(m.leap, 0);

    for (size_t length = 0; length <= sizeof(data); length++)
        assert_int_equal(sock_message_parse(data, length, &m),
                         length == 40 ? SOCK_MESSAGE_OK : SOCK_MESSAGE_LENGTH);
    data[39] ^= 1;
    assert_int_equal(sock_message_parse(data, 40, &m), SOCK_MESSAGE_MAGIC);
    assert_int_equal(m.magic, 0x524f434b);
}

static void send_message(struct fixture *f, double t, double offset, int pulse, int leap)
{
    struct raw_time raw = clock_world_raw(f->s.w, t);
    struct {
        int64_t sec, usec;
        double offset;
        int32_t pulse, leap, pad;
        uint32_t magic;
    } m = {raw.i.sec, raw.i.nsec / 1000, offset, pulse, leap, 0, SOCK_MAGIC};

    memcpy(f->devices.datagram, &m, sizeof(m));
    f->devices.datagram_length = sizeof(m);
    loop_run_once(f->s.w->loop);
    assert_int_equal(f->devices.datagram_length, 0);
}

static void sock_takes_samples_and_pulses(void **state)
{
    struct fixture f;

    open_clocks(&f, "local\nrefclock SOCK /run/gps.sock poll 4\n");
    struct refclock *c = get(&f, 0);
    assert_string_equal(f.devices.socket_path, "/run/gps.sock");
    clock_world_run_until(f.s.w, 10.5);
    send_message(&f, 10.25, 0.002, 0, LEAP_DELETE);
    assert_close(last_offset(c), 0.002, 1e-9);
    assert_int_equal(c->leap, LEAP_DELETE);
    assert_false(c->pulse_driven);
    /* The sign of pulses is the other one. */
    send_message(&f, 10.4, 0.1, 1, 0);
    assert_close(last_offset(c), -0.1, 1e-9);
    assert_true(c->pulse_driven);
    assert_int_equal(c->driver_polls, 2);

    send_message(&f, 10.45, NAN, 0, 0);
    send_message(&f, 10.45, 1e20, 0, 0);
    send_message(&f, 5e9, 0.0, 0, 0);
    memset(f.devices.datagram, 0xff, sizeof(f.devices.datagram));
    f.devices.datagram_length = 56;
    loop_run_once(f.s.w->loop);
    assert_close(last_offset(c), -0.1, 1e-9);
    close_clocks(&f, "Refclock SOC0 ignores samples : impossible time or offset\n");
}

/* ---- SHM ---- */

/* The segment by the offsets of the specification. */
static void put_int(struct fixture *f, size_t offset, int32_t value)
{
    memcpy(f->devices.shm + offset, &value, sizeof(value));
}

static int get_int(const struct fixture *f, size_t offset)
{
    int32_t value;

    memcpy(&value, f->devices.shm + offset, sizeof(value));
    return value;
}

static void put_sample(struct fixture *f, int64_t clock_sec, int clock_nsec, int64_t receive_sec,
                       int receive_nsec)
{
    memcpy(f->devices.shm + 8, &clock_sec, sizeof(clock_sec));
    put_int(f, 16, clock_nsec / 1000);
    memcpy(f->devices.shm + 24, &receive_sec, sizeof(receive_sec));
    put_int(f, 32, receive_nsec / 1000);
    put_int(f, 36, LEAP_INSERT);
    put_int(f, 52, clock_nsec);
    put_int(f, 56, receive_nsec);
    put_int(f, 48, 1);
}

static void poll_clock(struct fixture *f, int index)
{
    struct refclock *c = get(f, index);

    c->driver->poll(c);
}

static void shm_is_read_by_its_layout(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 2:perm=0664 poll 4\n");
    struct refclock *c = get(&f, 0);
    assert_int_equal(f.devices.shm_key, 0x4e545032);
    assert_int_equal(f.devices.shm_mode, 0664);
    assert_int_equal(f.devices.shm_size, 96);
    clock_world_run_until(f.s.w, 10.5);

    poll_clock(&f, 0); /* not valid */
    assert_null(sample_filter_last(c->filter));
    put_sample(&f, START + 10, 200000123, START + 10, 100000023);
    poll_clock(&f, 0);
    assert_close(last_offset(c), 0.1000001, 1e-10);
    assert_int_equal(c->leap, LEAP_INSERT);
    assert_int_equal(get_int(&f, 48), 0); /* taken */

    /* Nanoseconds of one time that do not belong to the microseconds: an old writer. */
    put_sample(&f, START + 10, 300000123, START + 10, 200000023);
    put_int(&f, 56, 7);
    poll_clock(&f, 0);
    assert_close(last_offset(c), 0.1, 1e-10);
    /* Times that are not normal. */
    put_sample(&f, START + 9, 1300000000, START + 11, -700000000);
    poll_clock(&f, 0);
    assert_close(last_offset(c), 0.0, 1e-10);
    assert_true(f.devices.shm_attached);
    refclock_set_clean_up(f.set); /* leaves the segment */
    close_clocks(&f, "");
    assert_false(f.devices.shm_attached);
}

static void shm_ignores_what_it_does_not_understand(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock SHM 0 poll 4\n");
    struct refclock *c = get(&f, 0);
    assert_int_equal(f.devices.shm_mode, 0600);
    clock_world_run_until(f.s.w, 10.5);
    put_sample(&f, START + 10, 0, START + 10, 0);
    put_int(&f, 0, 2);
    poll_clock(&f, 0);
    put_int(&f, 0, 0);
    put_int(&f, 36, LEAP_UNSYNC); /* no fix yet */
    poll_clock(&f, 0);
    assert_null(sample_filter_last(c->filter));
    assert_int_equal(c->reached, 0);

    memset(f.devices.shm, 0xff, sizeof(f.devices.shm));
    poll_clock(&f, 0);
    put_int(&f, 0, 1);
    poll_clock(&f, 0);
    put_sample(&f, INT64_MAX, INT32_MAX, INT64_MIN, INT32_MIN);
    poll_clock(&f, 0);
    assert_null(sample_filter_last(c->filter));
    put_sample(&f, START + 10, 0, START + 10, 0);
    put_int(&f, 36, 0);
    poll_clock(&f, 0);
    assert_non_null(sample_filter_last(c->filter));
    close_clocks(&f, "Refclock SHM0 ignores samples : unknown mode 2\n");
}

/* A segment that ends in the page of its count, and goes on in one whose first reading is noticed:
   then the writer begins the next update, and the copy of the reader is torn. */
static struct {
    uint8_t *second_page;
    size_t page_size;
    uint8_t *segment;
    bool update;
} torn;

static void on_fault(int signal)
{
    int32_t count;

    mprotect(torn.second_page, torn.page_size, PROT_READ | PROT_WRITE);
    if (!torn.update)
        return;
    memcpy(&count, torn.segment + 4, sizeof(count));
    count++;
    memcpy(torn.segment + 4, &count, sizeof(count));
}

static void torn_place(struct fake_devices *devices)
{
    devices->shm_place = torn.segment;
}

static void update_during_the_reading_is_noticed(void **state)
{
    struct sigaction action = {.sa_handler = on_fault}, before;
    struct fixture f;

    torn.page_size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * torn.page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    torn.second_page = pages + torn.page_size;
    torn.segment = torn.second_page - 8;
    open_clocks_with(&f, "refclock SHM 0 poll 4\n", torn_place);
    struct refclock *c = get(&f, 0);
    clock_world_run_until(f.s.w, 10.5);
    sigaction(SIGSEGV, &action, &before);
    for (int i = 0; i < 3; i++) {
        put_sample(&f, START + 10, 1000 * i, START + 10, 100 + i);
        put_int(&f, 0, i < 2 ? 1 : 0);
        put_int(&f, 4, 7);
        memcpy(torn.segment, f.devices.shm, sizeof(f.devices.shm));
        torn.update = i > 0;
        mprotect(torn.second_page, torn.page_size, PROT_NONE);
        poll_clock(&f, 0);
        /* Whole, torn, and torn with a writer that does not count. */
        assert_int_equal(c->reached, i == 0 ? 1 : i);
        assert_int_equal(torn.segment[48], i == 1 ? 1 : 0); /* left for the next poll, or taken */
    }
    sigaction(SIGSEGV, &before, NULL);
    close_clocks(&f, "");
    munmap(pages, 2 * torn.page_size);
}

static void made_by_somebody(struct fake_devices *devices)
{
    devices->shm_owner = 1234;
}

static void made_by_root(struct fake_devices *devices)
{
    devices->shm_owner = 0;
}

/* As chrony reads them, who says nothing. */
static void units_that_are_not_used_as_written_are_reported(void **state)
{
    static const struct {
        const char *line, *log;
        int key;
    } cases[] = {
        {"refclock SHM 4294967298\n", "Invalid unit 4294967298 of refclock SHM, using 2\n", 2},
        {"refclock SHM 3x\n", "Invalid unit 3x of refclock SHM, using 3\n", 3},
        {"refclock SHM x\n", "Invalid unit x of refclock SHM, using 0\n", 0},
        {"refclock SHM 5:perm=0666\n", "", 5},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        open_clocks(&f, cases[i].line);
        assert_int_equal(f.devices.shm_key, 0x4e545030 + cases[i].key);
        close_clocks(&f, cases[i].log);
    }
}

static void segment_of_another_user_is_worth_a_warning(void **state)
{
    struct fixture f;

    open_clocks_with(&f, "refclock SHM 3\n", made_by_somebody);
    close_clocks(&f, "SHM segment of unit 3 was made by user 1234, who can set the clock\n");
    open_clocks_with(&f, "refclock SHM 3\n", made_by_root);
    close_clocks(&f, "");
}

/* ---- PPS ---- */

static void pps_takes_each_pulse_once(void **state)
{
    struct fixture f;

    open_clocks(&f, "local\nrefclock PPS /dev/pps0:clear poll 4\n");
    struct refclock *c = get(&f, 0);
    assert_true(f.devices.pps_clear);
    clock_world_run_until(f.s.w, 10.5);
    assert_null(sample_filter_last(c->filter)); /* no pulse so far */

    f.devices.pps_sequence = 7;
    poll_clock(&f, 0); /* a pulse without a time */
    assert_null(sample_filter_last(c->filter));
    f.devices.pps_time = clock_world_raw(f.s.w, 10.25);
    poll_clock(&f, 0);
    assert_close(last_offset(c), -0.25, 1e-9);
    assert_int_equal(c->reached, 1);
    poll_clock(&f, 0);
    assert_int_equal(c->reached, 1);
    f.devices.pps_sequence++;
    f.devices.pps_time = clock_world_raw(f.s.w, 10.375);
    poll_clock(&f, 0);
    assert_close(last_offset(c), -0.375, 1e-9);
    close_clocks(&f, "");
}

/* Five pulses in a second need a poll for each of them. */
static void pps_with_a_rate_is_polled_faster(void **state)
{
    struct fixture f;

    open_clocks(&f, "local\nrefclock PPS /dev/pps0 poll 4 dpoll -3 rate 5\n");
    struct refclock *c = get(&f, 0);
    for (int i = 0; i < 20; i++) {
        double t = 10.06 + 0.2 * i;

        clock_world_run_until(f.s.w, t);
        f.devices.pps_sequence++;
        f.devices.pps_time = clock_world_raw(f.s.w, t);
        clock_world_run_until(f.s.w, t + 0.13);
        assert_int_equal(c->reached, i + 1);
        assert_close(last_offset(c), -0.06, 1e-9);
    }
    close_clocks(&f, "");
}

static void pps_device_that_vanishes_is_reported_once(void **state)
{
    struct report_source report;
    struct fixture f;
    int i;

    open_clocks(&f, "local\nrefclock PPS /dev/pps0 poll 0\n");
    f.devices.pps_failing = true;
    clock_world_run_until(f.s.w, 10.5);
    /* It comes back, and was opened again. */
    assert_between(f.devices.opened, 10, 12);
    assert_int_equal(f.devices.closed, f.devices.opened - 1);
    f.devices.pps_failing = false;
    for (i = 11; i < 20; i++) {
        f.devices.pps_sequence++;
        f.devices.pps_time = clock_world_raw(f.s.w, i - 0.75);
        clock_world_run_until(f.s.w, i + 0.5);
    }
    source_report(get(&f, 0)->source, &report);
    assert_int_equal(report.reachability, 0377);
    f.devices.pps_failing = true;
    clock_world_run_until(f.s.w, 40.5);
    source_report(get(&f, 0)->source, &report);
    assert_int_equal(report.reachability, 0);
    refclock_set_free(f.set);
    char *log = test_log_end(f.s.directory);
    assert_non_null(strstr(log, "time_pps_fetch() failed : No such device\n"));
    assert_non_null(strstr(strstr(log, "time_pps") + 1, "time_pps_fetch() failed"));
    assert_null(strstr(strstr(strstr(log, "time_pps") + 1, "time_pps") + 1, "time_pps"));
    free(log);
    source_fixture_close(&f.s);
}

/* ---- PHC ---- */

static void check_phc_readings(const char *lines)
{
    struct fixture f;

    open_clocks(&f, lines);
    struct refclock *c = get(&f, 0);
    f.devices.phc_offset = 37.125;
    clock_world_run_until(f.s.w, 10.5);
    assert_close(last_offset(c), 0.125, 1e-8);
    assert_close(sample_filter_last(c->filter)->peer_dispersion, 1e-6, 1e-9);
    f.devices.phc_failing = true;
    clock_world_run_until(f.s.w, 100.0);
    assert_false(source_is_reachable(c->source));
    assert_true(f.devices.opened > 100);
    assert_int_equal(f.devices.closed, f.devices.opened - 1);
    /* It comes back with another time, as after a reset. */
    f.devices.phc_failing = false;
    f.devices.phc_offset = 36.5;
    clock_world_run_until(f.s.w, 110.0);
    assert_close(last_offset(c), -0.5, 1e-8);
    refclock_set_free(f.set);
    char *log = test_log_end(f.s.directory);
    assert_non_null(strstr(log, "Refclock PHC0 ignores samples : the PHC cannot be read\n"));
    assert_null(strstr(strstr(log, "cannot be read") + 1, "cannot be read"));
    free(log);
    source_fixture_close(&f.s);
}

static void phc_readings_are_samples(void **state)
{
    check_phc_readings("refclock PHC /dev/ptp0 poll 2 dpoll -2 offset -37 noselect\n");
    check_phc_readings("refclock PHC eth0 poll 2 dpoll -2 offset -37 noselect\n");
}

static void options_of_the_phc_reach_the_device(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock PHC eth0:nocrossts poll 0\n");
    assert_false(f.devices.opened_writable);
    clock_world_run_until(f.s.w, 1.5);
    assert_true(f.devices.phc_no_cross);
    close_clocks(&f, "");

    open_clocks(&f, "local\nrefclock PHC /dev/ptp0:extpps:pin=-1:channel=3:clear poll 0\n");
    assert_true(f.devices.opened_writable);
    assert_int_equal(f.devices.phc_extts.pin, -1);
    assert_int_equal(f.devices.phc_extts.channel, 3);
    assert_true(f.devices.phc_extts.falling);
    clock_world_run_until(f.s.w, 1.5);
    assert_false(f.devices.phc_no_cross);
    close_clocks(&f, "");

    open_clocks(&f, "local\nrefclock PHC /dev/ptp0:extpps:pin=99999999999:channel=3x poll 0\n");
    assert_int_equal(f.devices.phc_extts.pin, INT_MAX);
    assert_int_equal(f.devices.phc_extts.channel, 3);
    close_clocks(&f, "Invalid value 99999999999 of refclock driver option pin, using 2147483647\n"
                     "Invalid value 3x of refclock driver option channel, using 3\n");

    open_clocks(&f, "local\nrefclock PHC /dev/ptp0:extpps poll 0\n");
    assert_int_equal(f.devices.phc_extts.pin, 0);
    assert_int_equal(f.devices.phc_extts.channel, 0);
    assert_false(f.devices.phc_extts.falling);
    close_clocks(&f, "");
}

/* 0 and 16 samples, a separation of 2^dpoll, and the precision of the reference clock (system.md
   3.4). */
static void tracker_of_the_phc_has_the_options_of_the_clock(void **state)
{
    struct fixture f;

    if (log_lowest() > LOG_SEV_DEBUG)
        skip();
    log_set_threshold(LOG_SEV_DEBUG);
    open_clocks(&f, "refclock PHC /dev/ptp0 poll 4 dpoll 2 precision 1e-4\n");
    clock_world_run_until(f.s.w, 81.0);
    poll_clock(&f, 0); /* a second after the last one: less than half of 4 */
    refclock_set_free(f.set);
    char *log = test_log_end(f.s.directory);
    log_set_threshold(LOG_SEV_INFO);
    assert_non_null(strstr(log, "HW clock samples=16 "));
    assert_null(strstr(log, "HW clock samples=17 "));
    assert_null(strstr(strstr(log, "HW clock samples=2 ") + 1, "HW clock samples=2 "));
    assert_non_null(strstr(log, " err=1.000000e-04 "));
    assert_non_null(strstr(log, "HW clock reset interval=1.000000\n"));
    assert_null(strstr(strstr(log, "HW clock reset") + 1, "HW clock reset"));
    free(log);
    source_fixture_close(&f.s);
}

static void external_pulse(struct fixture *f, double t, int channel)
{
    f->devices.phc_events[f->devices.phc_event_count++] = (struct phc_event){
        .time = {instant_add(clock_world_raw(f->s.w, t).i, f->devices.phc_offset)},
        .channel = channel};
}

static void external_pulses_go_to_all_clocks_of_the_channel(void **state)
{
    char path[TEST_PATH_SIZE + 32], *log;
    struct fixture f;

    open_clocks(&f, "local\nlogdir %s\nlog refclocks\nlogbanner 0\n"
                    "refclock PHC /dev/ptp0:extpps:channel=1 poll 4\n"
                    "refclock PHC /dev/ptp0:extpps:pin=1:channel=1 poll 4\n"
                    "refclock PHC /dev/ptp0:extpps:channel=2 poll 4\n"
                    "refclock PHC /dev/ptp1:extpps:channel=1 poll 4\n"
                    "refclock PHC /dev/ptp0 poll 4\n");
    f.devices.phc_offset = 37.0;
    f.devices.phc_event_fd = 130; /* of the first */
    assert_int_equal(f.devices.phc_enabled, 4);

    external_pulse(&f, 0.0, 1); /* the mapping is not known yet */
    loop_run_once(f.s.w->loop);
    clock_world_run_until(f.s.w, 10.5);
    assert_null(sample_filter_last(get(&f, 0)->filter));

    external_pulse(&f, 10.125, 1);
    loop_run_once(f.s.w->loop);
    assert_close(last_offset(get(&f, 0)), -0.125, 1e-8);
    assert_close(last_offset(get(&f, 1)), -0.125, 1e-8);
    assert_null(sample_filter_last(get(&f, 2)->filter));
    assert_null(sample_filter_last(get(&f, 3)->filter));
    assert_true(get(&f, 0)->pulse_driven);
    assert_int_equal(get(&f, 0)->reached, 1);

    /* The raw offset is that of the PHC, which is 37 s ahead. */
    snprintf(path, sizeof(path), "%s/refclocks.log", f.s.directory);
    log = test_read_file(path);
    assert_non_null(strstr(log, " PHC0   11 N 1  3.687500e+01 -1.250000e-01 "));
    free(log);

    /* The same event again, from the queue of the other descriptor. */
    external_pulse(&f, 10.125, 1);
    loop_run_once(f.s.w->loop);
    assert_int_equal(get(&f, 0)->reached, 1);

    /* The mapping follows changes of the clock: 0.25 s are taken off at once. */
    assert_true(local_clock_accumulate_offset(f.s.clock, 0.25, 1e9));
    f.devices.phc_offset = 37.0;
    external_pulse(&f, 10.375, 1);
    loop_run_once(f.s.w->loop);
    assert_close(last_offset(get(&f, 0)), -0.125, 1e-6);
    refclock_set_free(f.set);
    assert_int_equal(f.devices.phc_enabled, 0);
    assert_int_equal(f.devices.closed, 5);
    source_fixture_check_log(&f.s, NULL);
    source_fixture_close(&f.s);
}

/* ---- RTC ---- */

static void rtc_is_read_at_its_interrupts(void **state)
{
    struct fixture f;

    open_clocks(&f, "refclock RTC /dev/rtc:utc poll 4\n");
    struct refclock *c = get(&f, 0);
    assert_true(f.devices.rtc_interrupts);
    f.devices.rtc_offset = 0.25;
    clock_world_run_until(f.s.w, 1.5);
    assert_null(sample_filter_last(c->filter)); /* the first interrupt may be a late one */
    clock_world_run_until(f.s.w, 2.5);
    assert_close(last_offset(c), 0.25, 3e-5);
    assert_true(f.devices.rtc_utc);

    /* The clock stays dead, and everything else goes on. */
    f.devices.rtc_event_failing = true;
    clock_world_run_until(f.s.w, 60.0);
    assert_int_equal(f.devices.closed, 1);
    assert_false(f.devices.rtc_interrupts);
    refclock_set_free(f.set);
    source_fixture_check_log(&f.s, "Disabled control of system clock\n"
                                   "Could not read flags /dev/rtc : Input/output error\n");
    source_fixture_close(&f.s);
}

static void no_interrupts(struct fake_devices *devices)
{
    devices->rtc_no_interrupts = true;
}

static void rtc_without_interrupts_is_polled(void **state)
{
    struct fixture f;

    open_clocks_with(&f, "refclock RTC /dev/rtc poll 4 dpoll 0\n", no_interrupts);
    struct refclock *c = get(&f, 0);
    f.devices.rtc_offset = 0.75;
    clock_world_run_until(f.s.w, 10.0);
    /* 10.75 shows 10, which means 10.5. */
    assert_close(last_offset(c), 0.5, 1e-5);
    assert_false(f.devices.rtc_utc);
    f.devices.rtc_failing = true;
    clock_world_run_until(f.s.w, 20.0);
    f.devices.opened = f.devices.closed + 1;
    close_clocks(&f, "Could not enable RTC interrupt : Invalid argument\n"
                     "Falling back to polling for /dev/rtc\n"
                     "Refclock RTC0 ignores samples : could not read time from /dev/rtc : "
                     "Input/output error\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_that_cannot_be_used_are_fatal),
        cmocka_unit_test(device_that_comes_later_is_waited_for),
        cmocka_unit_test(waiting_clock_tells_another_reason_and_works_in_the_end),
        cmocka_unit_test(datagram_of_the_specification),
        cmocka_unit_test(sock_takes_samples_and_pulses),
        cmocka_unit_test(shm_is_read_by_its_layout),
        cmocka_unit_test(shm_ignores_what_it_does_not_understand),
        cmocka_unit_test(update_during_the_reading_is_noticed),
        cmocka_unit_test(units_that_are_not_used_as_written_are_reported),
        cmocka_unit_test(segment_of_another_user_is_worth_a_warning),
        cmocka_unit_test(pps_takes_each_pulse_once),
        cmocka_unit_test(pps_with_a_rate_is_polled_faster),
        cmocka_unit_test(pps_device_that_vanishes_is_reported_once),
        cmocka_unit_test(phc_readings_are_samples),
        cmocka_unit_test(options_of_the_phc_reach_the_device),
        cmocka_unit_test(tracker_of_the_phc_has_the_options_of_the_clock),
        cmocka_unit_test(external_pulses_go_to_all_clocks_of_the_channel),
        cmocka_unit_test(rtc_is_read_at_its_interrupts),
        cmocka_unit_test(rtc_without_interrupts_is_polled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

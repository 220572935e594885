/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system call filter: what the daemon does works under it, what it must not do ends it. Each
 * case runs in a forked child, since a filter cannot be removed.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "test/unit/support/sanitized.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/device.h"
#include "base/log.h"
#include "chronyd/os/world_linux.h"
#include "process/filter.h"
#include "process/signals.h"
#include "test/unit/support/resolver.h"

#ifdef FEAT_SCFILTER

typedef void (*action)(struct world *w);

#define SHM_KEY 0x74657374

/* Status of a child that loads the filter and then acts; it exits with 0 if it gets that far. */
static int run_filtered(int level, enum process_role role, action act)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};
        struct world *w = world_linux_new(&options);
        log_set_threshold(LOG_SEV_WARN);
        signals_install();
        signal(SIGSYS, SIG_DFL); /* cmocka has a handler */
        if (abs(level) == 1 && role == PROCESS_MAIN) {
            world_linux_use_resolver_helper(w, NULL, NULL, NULL);
            support_start_resolver(w);
        }
        filter_load(level, role, WORK_CLOCK);
        act(w);
        world_linux_free(w);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void expect_allowed(int level, enum process_role role, action act)
{
    int status = run_filtered(level, role, act);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_killed(int level, enum process_role role, action act)
{
    int status = run_filtered(level, role, act);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* ---- Actions ---- */

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 200 + 1);                                                             \
    } while (0)

static void use_udp(struct world *w)
{
    struct ip_port any = {ip_addr_loopback(IP_V4), 0}, remote;
    const struct world_socket spec = {.type = WORLD_UDP,
                                      .family = IP_V4,
                                      .local = &any,
                                      .packet_info = true,
                                      .broadcast = true,
                                      .dscp = 46,
                                      .timestamps_rx = true};
    struct sockaddr_storage sa;
    socklen_t length = sizeof(sa);
    uint8_t buf[WORLD_DATAGRAM_SIZE];
    int fd = w->ops->socket_open(w->ctx, &spec);

    CHECK(fd >= 0 && getsockname(fd, (struct sockaddr *)&sa, &length) == 0);
    CHECK(ip_port_from_sockaddr(&sa, length, &remote));
    struct world_datagram msgs[2] = {
        {.data = (uint8_t *)"a", .length = 1, .remote = remote, .want_tx_timestamp = true},
        {.data = (uint8_t *)"b", .length = 1, .remote = remote}};
    CHECK(w->ops->send(w->ctx, fd, msgs, 2) == 2);
    struct world_fd set = {.fd = fd, .events = WORLD_READ};
    CHECK(w->ops->wait(w->ctx, &set, 1, 5.0) == 1);
    struct world_datagram received = {.data = buf, .size = sizeof(buf)};
    CHECK(w->ops->receive(w->ctx, fd, &received, 1, false) == 1);
    received = (struct world_datagram){.data = buf, .size = sizeof(buf)};
    CHECK(w->ops->receive(w->ctx, fd, &received, 1, true) == 1);
    w->ops->socket_close(w->ctx, fd);
}

static void use_tcp_client(struct world *w)
{
    struct ip_port remote = {ip_addr_loopback(IP_V4), 1};
    const struct world_socket spec = {.type = WORLD_TCP, .family = IP_V4, .remote = &remote};
    int fd = w->ops->socket_open(w->ctx, &spec);

    if (fd >= 0) {
        w->ops->socket_error(w->ctx, fd);
        w->ops->socket_close(w->ctx, fd);
    }
}

static void use_files(struct world *w)
{
    char path[64];
    struct world_file_info info;

    snprintf(path, sizeof(path), "/tmp/test_filter.%d", (int)getpid());
    FILE *f = w->ops->file_new(w->ctx, path, 0644);
    CHECK(f && fprintf(f, "text\n") > 0 && fflush(f) == 0 && w->ops->file_sync(w->ctx, f));
    CHECK(fclose(f) == 0 && w->ops->file_sync_name(w->ctx, path));
    f = w->ops->file_append(w->ctx, path, 0644);
    CHECK(f && fprintf(f, "more\n") > 0 && fclose(f) == 0);
    f = w->ops->file_read(w->ctx, path);
    CHECK(f && fgetc(f) == 't' && fclose(f) == 0);
    CHECK(w->ops->file_info(w->ctx, path, &info) && info.is_regular);
    CHECK(w->ops->file_rename(w->ctx, path, path));
    CHECK(w->ops->file_remove(w->ctx, path));
    char **names = w->ops->list_files(w->ctx, "/etc", ".conf");
    CHECK(names);
}

/* What a reference clock that waits for its device takes. */
static void use_devices(struct world *w)
{
    const struct device_ops *devices = w->ops->devices;
    const char *call;
    uint32_t owner;
    volatile void *segment = devices->shm_attach(w->ctx, SHM_KEY, 96, 0600, &call, &owner);

    CHECK(segment);
    devices->shm_detach(w->ctx, segment);
    int fd = devices->open(w->ctx, "/dev/null", true);
    CHECK(fd >= 0);
#ifdef FEAT_PPS
    CHECK(devices->pps_start(w->ctx, fd, false) == PPS_CREATE_FAILED);
#endif
#ifdef FEAT_PHC
    CHECK(devices->phc_open(w->ctx, "/dev/null", false) < 0);
    CHECK(devices->phc_open(w->ctx, "lo", true) < 0);
#endif
#ifdef FEAT_RTC
    CHECK(!devices->rtc_interrupts(w->ctx, fd, true));
#endif
    devices->close(w->ctx, fd);
}

static void on_answer(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg)
{
    *(bool *)arg = status == RESOLVE_SUCCESS && count > 0;
}

static void use_resolver(struct world *w)
{
    bool resolved = false;

    CHECK(w->ops->resolve(w->ctx, "localhost", IP_V4, true, on_answer, &resolved));
    CHECK(w->ops->wait(w->ctx, NULL, 0, 5.0) > 0);
    w->ops->dispatch(w->ctx);
    CHECK(resolved);
}

static void use_random_and_time(struct world *w)
{
    uint8_t octets[600];
    time_t now = time(NULL);
    struct tm tm;

    world_random(w, octets, sizeof(octets));
    world_raw_now(w);
    CHECK(localtime_r(&now, &tm));
}

static void use_random(struct world *w)
{
    uint8_t octets[600];

    world_random(w, octets, sizeof(octets));
}

static void execute(struct world *w)
{
    execl("/bin/true", "true", (char *)NULL);
}

static void open_packet_socket(struct world *w)
{
    socket(AF_PACKET, SOCK_DGRAM, 0);
}

static void open_udp_socket(struct world *w)
{
    socket(AF_INET, SOCK_DGRAM, 0);
}

static void set_other_option(struct world *w)
{
    int one = 1;

    setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

static void push_terminal_input(struct world *w)
{
    char c = 'x';

    ioctl(0, TIOCSTI, &c);
}

static void make_directory(struct world *w)
{
    (void)!mkdir("/tmp", 0700);
}

/* ---- Tests ---- */

/* Sanitizers and valgrind (a test wrapper) make system calls of their own. */
static void skip_if_sanitized(void)
{
    if (SANITIZED || getenv("TEST_WRAPPER"))
        skip();
}

static void main_process_works_at_every_level(void **state)
{
    static const action actions[] = {use_udp,      use_tcp_client,      use_files,
                                     use_resolver, use_random_and_time, use_devices};
    static const int levels[] = {-2, -1, 1, 2};

    skip_if_sanitized();
    int segment = shmget(SHM_KEY, 96, IPC_CREAT | 0600);
    assert_true(segment >= 0);
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        for (size_t j = 0; j < sizeof(actions) / sizeof(actions[0]); j++)
            expect_allowed(levels[i], PROCESS_MAIN, actions[j]);
    }
    shmctl(segment, IPC_RMID, NULL);
}

static void program_cannot_be_executed(void **state)
{
    skip_if_sanitized();
    expect_killed(1, PROCESS_MAIN, execute);
    expect_killed(-1, PROCESS_MAIN, execute);
    expect_killed(2, PROCESS_MAIN, execute);
    expect_killed(-2, PROCESS_MAIN, execute);
    expect_killed(1, PROCESS_KE_HELPER, execute);
    expect_killed(2, PROCESS_KE_HELPER, execute);
}

static void main_process_is_held_to_its_arguments_at_level_1(void **state)
{
    skip_if_sanitized();
    expect_killed(1, PROCESS_MAIN, open_packet_socket);
    expect_killed(1, PROCESS_MAIN, set_other_option);
    expect_killed(1, PROCESS_MAIN, push_terminal_input);
    expect_killed(1, PROCESS_MAIN, make_directory);
    expect_allowed(2, PROCESS_MAIN, set_other_option);
}

static void helper_has_no_new_sockets(void **state)
{
    skip_if_sanitized();
    expect_killed(1, PROCESS_KE_HELPER, open_udp_socket);
    expect_killed(2, PROCESS_KE_HELPER, open_udp_socket);
    expect_killed(2, PROCESS_KE_HELPER, set_other_option);
    expect_allowed(1, PROCESS_KE_HELPER, use_random);
    expect_allowed(2, PROCESS_KE_HELPER, use_random);
}

/* Files that any user may read and write, and which file permissions therefore do not protect. */
static void fail_to_open(struct world *w)
{
    CHECK(open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM);
    CHECK(openat(AT_FDCWD, "/etc/passwd", O_RDONLY) < 0 && errno == EPERM);
    CHECK(open("/tmp/test_filter.new", O_WRONLY | O_CREAT, 0600) < 0 && errno == EPERM);
    CHECK(!fopen("/dev/null", "r") && errno == EPERM);
    /* As syslog() does when the service of the log was restarted. */
    CHECK(socket(AF_UNIX, SOCK_DGRAM, 0) < 0 && errno == EPERM);
}

static void remove_file(struct world *w)
{
    unlink("/tmp/test_filter.none");
}

static void set_clock_frequency(struct world *w)
{
    struct timex t = {.modes = 0};

    adjtimex(&t);
}

static void set_quick_ack(struct world *w)
{
    /* No socket there: EBADF comes from the kernel, so the filter let it pass. */
    int one = 1;
    CHECK(setsockopt(-1, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one)) < 0 && errno == EBADF);
}

static void set_no_delay(struct world *w)
{
    int one = 1;
    setsockopt(-1, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void helper_sets_one_option_only(void **state)
{
    skip_if_sanitized();
    for (int level = 1; level <= 2; level++) {
        expect_allowed(level, PROCESS_KE_HELPER, set_quick_ack);
        expect_killed(level, PROCESS_KE_HELPER, set_no_delay);
    }
}

static void helper_has_no_files_and_no_clock(void **state)
{
    skip_if_sanitized();
    for (int level = -2; level <= 2; level++)
        if (level != 0)
            expect_allowed(level, PROCESS_KE_HELPER, fail_to_open);
    expect_killed(1, PROCESS_KE_HELPER, remove_file);
    expect_killed(1, PROCESS_KE_HELPER, set_clock_frequency);
    expect_allowed(1, PROCESS_MAIN, set_clock_frequency);
}

static void level_0_loads_nothing(void **state)
{
    expect_allowed(0, PROCESS_MAIN, open_udp_socket);
}

static void act_nothing(struct world *w)
{
}

static void unknown_level_is_fatal(void **state)
{
    int status = run_filtered(3, PROCESS_MAIN, act_nothing);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(main_process_works_at_every_level),
        cmocka_unit_test(program_cannot_be_executed),
        cmocka_unit_test(main_process_is_held_to_its_arguments_at_level_1),
        cmocka_unit_test(helper_has_no_new_sockets),
        cmocka_unit_test(helper_sets_one_option_only),
        cmocka_unit_test(helper_has_no_files_and_no_clock),
        cmocka_unit_test(level_0_loads_nothing),
        cmocka_unit_test(unknown_level_is_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void filter_is_refused_in_a_build_without_it(void **state)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        filter_check_level(1);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_is_refused_in_a_build_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

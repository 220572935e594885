/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the Linux world asks the kernel and the drivers of network cards, PTP clocks, PPS sources
 * and real-time clocks, and what it makes of the answers (system.md 3.1, 4.1, 4.2, 4.4, 5.2, 5.3,
 * 5.7, 8.2). The drivers are this program's own ioctl() and open(); its setsockopt() can refuse
 * options.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/fcntl.h> /* <fcntl.h> has a definition of open() */
#include <linux/net_tstamp.h>
#include <linux/pps.h>
#include <linux/ptp_clock.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/log.h"
#include "base/nic.h"
#include "base/text.h"
#include "chronyd/os/devices.h"
#include "chronyd/os/world_linux.h"
#include "config.h"
#include "test/unit/support/log.h"

#define MAX_REQUESTS 32
#define FD           1000 /* no descriptor of ours */
#define OPEN_FLAGS   (O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

struct request {
    unsigned long number;
    int fd;
    _Alignas(8) uint8_t data[2048]; /* as it was asked */
};

static struct {
    int (*answer)(unsigned long number, void *data); /* NULL: the kernel does */
    struct request requests[MAX_REQUESTS];
    int count;
    char opened[64]; /* last device; all are /dev/null */
    int open_flags;
    bool open_failing;

    const char *release;
    int refused_domain;                              /* of sockets; 0: none */
    int options[MAX_REQUESTS], values[MAX_REQUESTS]; /* of sockets, that timestamps need */
    int option_count;
    int refused_options[2], refused_flags; /* of SO_TIMESTAMPING */
} kernel;

/* ---- Functions of libc that are replaced ---- */

int ioctl(int fd, unsigned long number, ...);
int open(const char *path, int flags, ...);
int __open_2(const char *path, int flags);

/* Size of the data; ethtool's and those of interfaces lie behind a pointer, and the numbers of PPS
   have the size of one. */
static size_t size_of(unsigned long number)
{
    if (number == PPS_GETCAP)
        return sizeof(int);
    if (number == PPS_GETPARAMS || number == PPS_SETPARAMS)
        return sizeof(struct pps_kparams);
    if (number == PPS_FETCH)
        return sizeof(struct pps_fdata);
    if (number == SIOCETHTOOL || number == SIOCSHWTSTAMP || number == SIOCGHWTSTAMP ||
        number == SIOCGIFINDEX)
        return sizeof(struct ifreq);
    return number == RTC_UIE_ON || number == RTC_UIE_OFF ? 0 : _IOC_SIZE(number);
}

int ioctl(int fd, unsigned long number, ...)
{
    struct request *r = &kernel.requests[kernel.count];
    va_list args;

    va_start(args, number);
    void *data = va_arg(args, void *);
    va_end(args);
    if (!kernel.answer)
        return (int)syscall(SYS_ioctl, fd, number, data);
    assert_true(kernel.count < MAX_REQUESTS);
    kernel.count++;
    *r = (struct request){.number = number, .fd = fd};
    if (_IOC_DIR(number) != _IOC_NONE || size_of(number) == sizeof(struct ifreq))
        memcpy(r->data, data, size_of(number));
    return kernel.answer(number, data);
}

static int open_device(const char *path, int flags)
{
    if (!kernel.answer || strncmp(path, "/dev/", 5) != 0)
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
    assert_true(text_copy(kernel.opened, sizeof(kernel.opened), path));
    kernel.open_flags = flags;
    if (kernel.open_failing) {
        errno = ENOENT;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", flags, 0);
}

int open(const char *path, int flags, ...)
{
    return open_device(path, flags);
}

int __open_2(const char *path, int flags)
{
    return open_device(path, flags);
}

int uname(struct utsname *name)
{
    memset(name, 0, sizeof(*name));
    strcpy(name->release, kernel.release);
    return 0;
}

int socket(int domain, int type, int protocol)
{
    if (domain == kernel.refused_domain) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    if (level == SOL_SOCKET && (option == SO_TIMESTAMPING || option == SO_TIMESTAMPNS ||
                                option == SO_TIMESTAMP || option == SO_SELECT_ERR_QUEUE)) {
        int flags = *(const int *)value;

        assert_true(kernel.option_count < MAX_REQUESTS);
        kernel.options[kernel.option_count] = option;
        kernel.values[kernel.option_count++] = flags;
        if (option == kernel.refused_options[0] || option == kernel.refused_options[1] ||
            (option == SO_TIMESTAMPING && (flags & kernel.refused_flags) != 0)) {
            errno = ENOPROTOOPT;
            return -1;
        }
        return 0;
    }
    return (int)syscall(SYS_setsockopt, fd, level, option, value, length);
}

/* ---- Fixture ---- */

static int setup(void **state)
{
    const struct world_linux_options options = {.ipv4 = true};

    memset(&kernel, 0, sizeof(kernel));
    kernel.release = "6.1.0-13-amd64";
    log_set_threshold(log_lowest());
    capture_log();
    *state = world_linux_new(&options);
    return 0;
}

static int teardown(void **state)
{
    kernel.answer = NULL;
    world_linux_free(*state);
    end_log_capture();
    log_set_threshold(LOG_SEV_INFO);
    return 0;
}

static int fail_with(int error)
{
    errno = error;
    return -1;
}

/* The numbers of the requests so far, which are then forgotten. */
static void expect_requests(const unsigned long *numbers, int count)
{
    assert_int_equal(kernel.count, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(kernel.requests[i].number, numbers[i]);
    kernel.count = 0;
}
#define EXPECT_REQUESTS(...)                                                                       \
    do {                                                                                           \
        static const unsigned long expected_numbers[] = {__VA_ARGS__};                             \
        expect_requests(expected_numbers, sizeof(expected_numbers) / sizeof(expected_numbers[0])); \
    } while (0)

/* A message that only builds with debugging have. */
static void assert_debug_logged(const char *text)
{
    if (log_lowest() <= LOG_SEV_DEBUG && logged(text) == 0)
        fail_msg("not logged: %s", text);
}

/* ---- Network cards ---- */

#define ALL_FLAGS                                                                                  \
    (SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE)

static struct {
    uint32_t flags, filters;
    int phc_index;
    int set_error; /* of SIOCSHWTSTAMP; 0: works and gives set_filter */
    int set_filter;
    bool get_failing;
    int tx_type, rx_filter; /* that are set */
    uint32_t speed;
    struct hwtstamp_config asked;
    char name[IFNAMSIZ];
} card;

static int answer_of_card(unsigned long number, void *data)
{
    struct ifreq *r = data;
    struct hwtstamp_config *config = (struct hwtstamp_config *)(void *)r->ifr_data;

    if (number == PTP_CLOCK_GETCAPS)
        return 0;
    memcpy(card.name, r->ifr_name, sizeof(card.name));
    switch (number) {
    case SIOCGIFINDEX:
        r->ifr_ifindex = 7;
        return 0;
    case SIOCETHTOOL:
        if (*(const uint32_t *)(const void *)r->ifr_data == ETHTOOL_GET_TS_INFO) {
            struct ethtool_ts_info *info = (void *)r->ifr_data;

            info->so_timestamping = card.flags;
            info->phc_index = card.phc_index;
            info->rx_filters = card.filters;
            return 0;
        }
        assert_int_equal(*(const uint32_t *)(const void *)r->ifr_data, ETHTOOL_GSET);
        ethtool_cmd_speed_set((struct ethtool_cmd *)(void *)r->ifr_data, card.speed);
        return 0;
    case SIOCSHWTSTAMP:
        card.asked = *config;
        config->rx_filter = card.set_filter;
        return card.set_error ? fail_with(card.set_error) : 0;
    case SIOCGHWTSTAMP:
        config->tx_type = card.tx_type;
        config->rx_filter = card.rx_filter;
        return card.get_failing ? fail_with(EOPNOTSUPP) : 0;
    }
    return fail_with(ENOTTY);
}

static void reset_card(void)
{
    memset(&card, 0, sizeof(card));
    card.flags = ALL_FLAGS | SOF_TIMESTAMPING_SOFTWARE;
    card.phc_index = 3;
    card.filters = 1U << HWTSTAMP_FILTER_ALL;
    card.set_filter = HWTSTAMP_FILTER_ALL;
    kernel.answer = answer_of_card;
}

static bool enable(struct world *w, enum nic_filter filter, struct nic *nic)
{
    bool enabled = w->ops->nics->enable(w->ctx, "eth5", filter, nic);

    assert_string_equal(card.name, "eth5");
    return enabled;
}

static void card_is_asked_for_transmit_timestamps_and_the_filter(void **state)
{
    struct world *w = *state;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    reset_card();
    assert_true(enable(w, NIC_FILTER_AUTO, &nic));
    assert_int_equal(nic.if_index, 7);
    assert_false(nic.tx_only);
    assert_int_equal(card.asked.flags, 0);
    assert_int_equal(card.asked.tx_type, HWTSTAMP_TX_ON);
    assert_int_equal(card.asked.rx_filter, HWTSTAMP_FILTER_ALL);
    EXPECT_REQUESTS(SIOCGIFINDEX, SIOCETHTOOL, SIOCSHWTSTAMP);
    /* The card may take a broader one, or none. */
    card.set_filter = HWTSTAMP_FILTER_NONE;
    assert_true(enable(w, NIC_FILTER_NTP, &nic));
    assert_true(nic.tx_only);
}

/* The table of 5.2. */
static void filter_is_one_that_the_card_reports(void **state)
{
    enum { ALL = 1, L4 = 6, L2 = 12, NTP = 15 };
    static const struct {
        enum nic_filter filter;
        uint32_t reported;
        int expected;
    } cases[] = {
        {NIC_FILTER_AUTO, 1U << ALL | 1U << NTP | 1U << L4, NTP},
        {NIC_FILTER_AUTO, 1U << ALL | 1U << L4, ALL},
        {NIC_FILTER_AUTO, 1U << L4 | 1U << L2, 0},
        {NIC_FILTER_NONE, 1U << ALL | 1U << NTP, 0},
        {NIC_FILTER_NTP, 0, NTP},
        {NIC_FILTER_PTP, 1U << L4 | 1U << L2 | 1U << ALL, L4},
        {NIC_FILTER_PTP, 1U << L2 | 1U << ALL, L2},
        {NIC_FILTER_PTP, 1U << ALL | 1U << NTP, 0},
        {NIC_FILTER_ALL, 0, ALL},
    };
    struct world *w = *state;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reset_card();
        card.filters = cases[i].reported;
        card.set_filter = cases[i].expected;
        assert_true(enable(w, cases[i].filter, &nic));
        assert_int_equal(card.asked.rx_filter, cases[i].expected);
        assert_int_equal(nic.tx_only, cases[i].expected == 0);
        kernel.count = 0;
    }
}

static void card_without_what_is_needed_is_left_alone(void **state)
{
    static const uint32_t needed[] = {SOF_TIMESTAMPING_RX_HARDWARE, SOF_TIMESTAMPING_TX_HARDWARE,
                                      SOF_TIMESTAMPING_RAW_HARDWARE};
    struct world *w = *state;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        reset_card();
        card.flags = ~needed[i];
        assert_false(enable(w, NIC_FILTER_AUTO, &nic));
        EXPECT_REQUESTS(SIOCGIFINDEX, SIOCETHTOOL);
    }
    assert_debug_logged("HW timestamping not supported on eth5\n");
    reset_card();
    card.phc_index = -1;
    assert_false(enable(w, NIC_FILTER_AUTO, &nic));
    EXPECT_REQUESTS(SIOCGIFINDEX, SIOCETHTOOL);
    assert_debug_logged("PHC missing on eth5\n");
    card.phc_index = 0;
    assert_true(enable(w, NIC_FILTER_AUTO, &nic));
    kernel.count = 0;
    assert_false(w->ops->nics->enable(w->ctx, "longer than a name is", NIC_FILTER_AUTO, &nic));
    assert_int_equal(kernel.count, 0);
}

/* In a container the card can only be looked at. */
static void setting_of_somebody_else_will_do_if_it_is_the_same(void **state)
{
    static const struct {
        int tx_type, rx_filter, set_error;
        bool get_failing, expected;
    } cases[] = {
        {HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, EPERM, false, true},
        {HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, ERANGE, false, true},
        {HWTSTAMP_TX_ON, HWTSTAMP_FILTER_NTP_ALL, EPERM, false, false},
        {HWTSTAMP_TX_OFF, HWTSTAMP_FILTER_ALL, EPERM, false, false},
        {HWTSTAMP_TX_ON, HWTSTAMP_FILTER_ALL, EPERM, true, false},
    };
    struct world *w = *state;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reset_card();
        card.set_error = cases[i].set_error;
        card.set_filter = HWTSTAMP_FILTER_NONE; /* not looked at */
        card.tx_type = cases[i].tx_type;
        card.rx_filter = cases[i].rx_filter;
        card.get_failing = cases[i].get_failing;
        assert_int_equal(enable(w, NIC_FILTER_ALL, &nic), cases[i].expected);
        if (cases[i].expected)
            assert_false(nic.tx_only);
        EXPECT_REQUESTS(SIOCGIFINDEX, SIOCETHTOOL, SIOCSHWTSTAMP, SIOCGHWTSTAMP);
    }
    /* Only a missing right is an error. */
    log_set_threshold(LOG_SEV_INFO);
    end_log_capture();
    capture_log();
    card.set_error = ERANGE;
    enable(w, NIC_FILTER_ALL, &nic);
    assert_int_equal(logged("SIOCSHWTSTAMP"), 0);
    card.set_error = EPERM;
    enable(w, NIC_FILTER_ALL, &nic);
    assert_int_equal(logged("ioctl(SIOCSHWTSTAMP) failed : Operation not permitted\n"), 1);
}

static void speed_of_the_link_may_be_unknown(void **state)
{
    struct world *w = *state;
    int speed = -1;

    if (!w->ops->nics)
        skip();
    reset_card();
    card.speed = 100000;
    assert_true(w->ops->nics->speed(w->ctx, "eth5", &speed));
    assert_int_equal(speed, 100000);
    card.speed = UINT32_MAX;
    assert_true(w->ops->nics->speed(w->ctx, "eth5", &speed));
    assert_int_equal(speed, 0);
}

/* ---- Options of sockets ---- */

/* Opens and closes one; its options are then the recorded ones. */
static void open_socket(struct world *w, bool tx)
{
    const struct world_socket spec = {
        .type = WORLD_UDP, .family = IP_V4, .timestamps_rx = true, .timestamps_tx = tx};

    kernel.option_count = 0;
    int fd = w->ops->socket_open(w->ctx, &spec);
    assert_true(fd >= 0);
    w->ops->socket_close(w->ctx, fd);
}

static void expect_option(int index, int option, int value)
{
    assert_true(index < kernel.option_count);
    assert_int_equal(kernel.options[index], option);
    assert_int_equal(kernel.values[index], value);
}

static void expect_flags(struct world *w, int server_flags, int client_flags)
{
    for (int tx = 0; tx < 2; tx++) {
        open_socket(w, tx);
        assert_int_equal(kernel.option_count, 2);
        expect_option(0, SO_SELECT_ERR_QUEUE, 1);
        expect_option(1, SO_TIMESTAMPING, tx ? client_flags : server_flags);
    }
}

static void flags_of_sockets_depend_on_kernel_and_hardware(void **state)
{
    static const struct {
        const char *release;
        int server_flags;
    } cases[] = {
        {"6.1.0-13-amd64", 1048}, {"4.7.0", 1048}, {"4.6.99", 1050},
        {"3.10.0", 1050},         {"5.0", 1048},   {"10", 1048},
    };
    const struct world_linux_options options = {.ipv4 = true};
    struct world *w = *state;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kernel.release = cases[i].release;
        struct world *other = world_linux_new(&options);
        expect_flags(other, cases[i].server_flags, 1050);
        world_linux_free(other);
    }
    reset_card();
    assert_true(enable(w, NIC_FILTER_AUTO, &nic));
    expect_flags(w, 0x418 | 0x44 | 0x2000 | 0x4000, 0x41a | 0x45 | 0x2000 | 0x4000);
}

static void options_that_the_kernel_lacks_are_left_out(void **state)
{
    struct world *w = *state;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    reset_card();
    kernel.refused_flags = 0x2000;
    assert_true(enable(w, NIC_FILTER_AUTO, &nic));
    assert_int_equal(kernel.option_count, 2);
    expect_option(0, SO_TIMESTAMPING, 0x2000);
    expect_option(1, SO_TIMESTAMPING, 0x4000);
    expect_flags(w, 0x418 | 0x44 | 0x4000, 0x41a | 0x45 | 0x4000);
    /* It is not asked again for the next card. */
    kernel.option_count = 0;
    assert_true(enable(w, NIC_FILTER_AUTO, &nic));
    assert_int_equal(kernel.option_count, 0);
}

static void older_ways_are_used_for_good(void **state)
{
    const struct world_linux_options options = {.ipv4 = true};
    struct world *w = *state, *other;
    struct nic nic;

    if (!w->ops->nics)
        skip();
    kernel.refused_options[0] = SO_SELECT_ERR_QUEUE;
    open_socket(w, true);
    assert_int_equal(kernel.option_count, 2);
    expect_option(1, SO_TIMESTAMPNS, 1);
    kernel.refused_options[0] = 0;
    open_socket(w, true);
    assert_int_equal(kernel.option_count, 1);
    expect_option(0, SO_TIMESTAMPNS, 1);
    reset_card();
    assert_false(w->ops->nics->enable(w->ctx, "eth5", NIC_FILTER_AUTO, &nic));
    assert_false(w->ops->nics->keep_sent(w->ctx, 10));
    assert_int_equal(kernel.count, 0);

    other = world_linux_new(&options);
    kernel.refused_options[0] = SO_TIMESTAMPING;
    kernel.refused_options[1] = SO_TIMESTAMPNS;
    open_socket(other, false);
    assert_int_equal(kernel.option_count, 4);
    expect_option(2, SO_TIMESTAMPNS, 1);
    expect_option(3, SO_TIMESTAMP, 1);
    open_socket(other, false);
    assert_int_equal(kernel.option_count, 1);
    expect_option(0, SO_TIMESTAMP, 1);
    kernel.refused_options[0] = SO_TIMESTAMP;
    open_socket(other, false);
    open_socket(other, false);
    assert_int_equal(kernel.option_count, 0);
    world_linux_free(other);
}

/* ---- PTP clocks ---- */

static bool not_a_clock;

static int answer_to_opening(unsigned long number, void *data)
{
    if (number == PTP_CLOCK_GETCAPS && not_a_clock) {
        not_a_clock = false; /* the next one is */
        return fail_with(ENOTTY);
    }
    return answer_of_card(number, data);
}

static void clock_is_opened_by_path_or_interface(void **state)
{
    struct world *w = *state;

    reset_card();
    int fd = linux_phc_open(w->ctx, "/dev/ptp1", false);
    assert_true(fd >= 0);
    assert_string_equal(kernel.opened, "/dev/ptp1");
    assert_int_equal(kernel.open_flags, O_RDONLY | OPEN_FLAGS);
    close(fd);
    EXPECT_REQUESTS(PTP_CLOCK_GETCAPS);

    fd = linux_phc_open(w->ctx, "/dev/ptp1", true);
    assert_int_equal(kernel.open_flags, O_RDWR | OPEN_FLAGS);
    close(fd);
    kernel.count = 0;
#ifdef HAVE_LINUX_TIMESTAMPING
    fd = linux_phc_open(w->ctx, "eth5", true);
    assert_true(fd >= 0);
    assert_string_equal(card.name, "eth5");
    assert_string_equal(kernel.opened, "/dev/ptp3");
    assert_int_equal(kernel.open_flags, O_RDWR | OPEN_FLAGS);
    close(fd);
    EXPECT_REQUESTS(SIOCETHTOOL, PTP_CLOCK_GETCAPS);
#endif
}

static void what_is_no_clock_is_taken_as_an_interface(void **state)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    struct world *w = *state;

    reset_card();
    kernel.answer = answer_to_opening;
    not_a_clock = true;
    int fd = linux_phc_open(w->ctx, "/dev/x", false);
    assert_true(fd >= 0);
    assert_string_equal(kernel.opened, "/dev/ptp3");
    close(fd);
    EXPECT_REQUESTS(PTP_CLOCK_GETCAPS, SIOCETHTOOL, PTP_CLOCK_GETCAPS);

    /* Otherwise the reason is told by errno. */
    not_a_clock = true;
    assert_int_equal(linux_phc_open(w->ctx, "eth5", false), -1);
    assert_int_equal(errno, ENOTTY);
    kernel.open_failing = true;
    assert_int_equal(linux_phc_open(w->ctx, "eth5", false), -1);
    assert_int_equal(errno, ENOENT);
    kernel.open_failing = false;
    card.phc_index = -1;
    assert_int_equal(linux_phc_open(w->ctx, "eth5", false), -1);
    assert_int_equal(errno, EOPNOTSUPP);
    assert_debug_logged("PHC missing on eth5\n");
    kernel.open_failing = true;
    assert_int_equal(linux_phc_open(w->ctx, "/dev/ptp7", false), -1);
    assert_int_equal(errno, ENOENT);
    kernel.count = 0;
    assert_int_equal(linux_phc_open(w->ctx, "longer than a name is", false), -1);
    assert_int_equal(errno, ENODEV);
    assert_int_equal(kernel.count, 0);
#endif
}

/* The kernel, or a library that stands between, may have one family only; and a run may use one
   only. */
static void requests_go_through_a_socket_of_a_family_that_there_is(void **state)
{
#ifdef HAVE_LINUX_TIMESTAMPING
    static const struct {
        struct world_linux_options options;
        int refused;
    } cases[] = {
        {{.ipv4 = true, .ipv6 = true}, -1},
        {{.ipv4 = true, .ipv6 = true}, AF_INET},
        {{.ipv4 = true, .ipv6 = true}, AF_INET6},
        {{.ipv4 = true}, AF_INET6},
        {{.ipv6 = true}, AF_INET},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kernel.answer = NULL;
        kernel.refused_domain = cases[i].refused;
        struct world *w = world_linux_new(&cases[i].options);
        struct nic nic;
        int speed;

        reset_card();
        assert_true(w->ops->nics->enable(w->ctx, "eth5", NIC_FILTER_AUTO, &nic));
        assert_true(w->ops->nics->speed(w->ctx, "eth5", &speed));
        kernel.count = 0;
        int fd = w->ops->devices->phc_open(w->ctx, "eth5", false);
        assert_true(fd >= 0);
        close(fd);
        kernel.answer = NULL;
        kernel.refused_domain = 0;
        world_linux_free(w);
    }
#endif
}

static void index_of_a_clock_is_its_minor_number(void **state)
{
    struct world *w = *state;
    int index = -1, pipes[2], fd = w->ops->devices->open(w->ctx, "/dev/null", false);

    assert_true(linux_phc_index(NULL, fd, &index));
    assert_int_equal(index, 3); /* of /dev/null */
    assert_int_equal(pipe(pipes), 0);
    assert_false(linux_phc_index(NULL, pipes[0], &index));
    close(pipes[0]);
    close(pipes[1]);
    w->ops->devices->close(w->ctx, fd);
    assert_int_equal(close(fd), -1);
}

/* Methods that work, as bits of 1 << the enum. */
static unsigned int working_methods;

static int answer_to_readings(unsigned long number, void *data)
{
    if (number == 0xc0403d08 && working_methods & 1U << PHC_PRECISE) {
        struct ptp_sys_offset_precise *o = data;

        o->device = (struct ptp_clock_time){.sec = -5, .nsec = 1};
        o->sys_realtime = (struct ptp_clock_time){.sec = 1700000000, .nsec = 999999999};
        return 0;
    }
    if (number == 0xc4c03d09 && working_methods & 1U << PHC_EXTENDED) {
        struct ptp_sys_offset_extended *o = data;

        for (unsigned int i = 0; i < o->n_samples; i++)
            for (unsigned int j = 0; j < 3; j++)
                o->ts[i][j] = (struct ptp_clock_time){.sec = 100 * (int)j + 7, .nsec = i};
        return 0;
    }
    if (number == 0x43403d05 && working_methods & 1U << PHC_BASIC) {
        struct ptp_sys_offset *o = data;

        for (unsigned int i = 0; i < 2 * o->n_samples + 1; i++)
            o->ts[i] = (struct ptp_clock_time){.sec = 9, .nsec = i};
        return 0;
    }
    return fail_with(EOPNOTSUPP);
}

static void readings_are_taken_by_the_best_method(void **state)
{
    enum phc_method method = PHC_UNKNOWN;
    struct phc_reading r[PHC_MAX_READINGS];

    kernel.answer = answer_to_readings;
    working_methods = 1U << PHC_PRECISE | 1U << PHC_EXTENDED | 1U << PHC_BASIC;
    assert_int_equal(linux_phc_read(NULL, FD, false, &method, r, 25), 1);
    assert_int_equal(method, PHC_PRECISE);
    assert_int_equal(r[0].time.i.sec, -5);
    assert_int_equal(r[0].time.i.nsec, 1);
    assert_int_equal(r[0].before.i.sec, 1700000000);
    assert_int_equal(r[0].before.i.nsec, 999999999);
    assert_true(raw_diff(r[0].after, r[0].before) == 0.0);
    EXPECT_REQUESTS(0xc0403d08);
    /* The method stays, even if it does not work any more. */
    working_methods = 1U << PHC_EXTENDED | 1U << PHC_BASIC;
    assert_int_equal(linux_phc_read(NULL, FD, false, &method, r, 25), 0);
    EXPECT_REQUESTS(0xc0403d08);

    method = PHC_UNKNOWN;
    assert_int_equal(linux_phc_read(NULL, FD, false, &method, r, 25), 25);
    assert_int_equal(method, PHC_EXTENDED);
    for (int i = 0; i < 25; i++) {
        assert_int_equal(r[i].before.i.sec, 7);
        assert_int_equal(r[i].time.i.sec, 107);
        assert_int_equal(r[i].after.i.sec, 207);
        assert_int_equal(r[i].before.i.nsec, i);
        assert_int_equal(r[i].time.i.nsec, i);
        assert_int_equal(r[i].after.i.nsec, i);
    }
    assert_int_equal(((struct ptp_sys_offset_extended *)(void *)kernel.requests[1].data)->n_samples,
                     25);
    EXPECT_REQUESTS(0xc0403d08, 0xc4c03d09);
    assert_int_equal(linux_phc_read(NULL, FD, false, &method, r, 25), 25);
    EXPECT_REQUESTS(0xc4c03d09);
    working_methods = 1U << PHC_BASIC;
    assert_int_equal(linux_phc_read(NULL, FD, false, &method, r, 25), 0);
    EXPECT_REQUESTS(0xc4c03d09);

    method = PHC_UNKNOWN;
    assert_int_equal(linux_phc_read(NULL, FD, true, &method, r, 25), 25);
    assert_int_equal(method, PHC_BASIC);
    for (int i = 0; i < 25; i++) {
        assert_int_equal(r[i].before.i.sec, 9);
        assert_int_equal(r[i].before.i.nsec, 2 * i);
        assert_int_equal(r[i].time.i.nsec, 2 * i + 1);
        assert_int_equal(r[i].after.i.nsec, 2 * i + 2);
    }
    assert_int_equal(((struct ptp_sys_offset *)(void *)kernel.requests[1].data)->n_samples, 25);
    EXPECT_REQUESTS(0xc4c03d09, 0x43403d05);
    assert_int_equal(linux_phc_read(NULL, FD, true, &method, r, 25), 25);
    EXPECT_REQUESTS(0x43403d05);

    method = PHC_UNKNOWN;
    working_methods = 1U << PHC_PRECISE;
    assert_int_equal(linux_phc_read(NULL, FD, true, &method, r, 25), 0);
    assert_int_equal(method, PHC_UNKNOWN);
    EXPECT_REQUESTS(0xc4c03d09, 0x43403d05);
    assert_debug_logged("ioctl(PTP_SYS_OFFSET_EXTENDED) failed : ");
}

static unsigned long failing_request;

static int fail_one(unsigned long number, void *data)
{
    return number == failing_request ? fail_with(EBUSY) : 0;
}

static void external_timestamps_are_switched_on_and_off(void **state)
{
    struct phc_extts extts = {.pin = 2, .channel = 1};
    const struct ptp_pin_desc *pin = (void *)kernel.requests[0].data;
    const struct ptp_extts_request *request = (void *)kernel.requests[1].data;

    kernel.answer = fail_one;
    failing_request = 0;
    assert_true(linux_phc_extts_enable(NULL, FD, &extts, true));
    assert_int_equal(kernel.requests[0].number, 0x40603d07);
    assert_int_equal(pin->index, 2);
    assert_int_equal(pin->func, 1);
    assert_int_equal(pin->chan, 1);
    assert_int_equal(kernel.requests[1].number, 0x40103d02);
    assert_int_equal(request->index, 1);
    assert_int_equal(request->flags, 1 | 2);
#ifdef PTP_MASK_EN_SINGLE
    assert_int_equal(kernel.count, 4);
    assert_int_equal(kernel.requests[2].number, PTP_MASK_CLEAR_ALL);
    assert_int_equal(kernel.requests[3].number, PTP_MASK_EN_SINGLE);
    assert_int_equal(*(int *)(void *)kernel.requests[3].data, 1);
    /* Older kernels cannot do it. */
    kernel.count = 0;
    failing_request = PTP_MASK_CLEAR_ALL;
    assert_true(linux_phc_extts_enable(NULL, FD, &extts, true));
    assert_int_equal(kernel.count, 3);
#endif

    kernel.count = 0;
    extts.falling = true;
    assert_true(linux_phc_extts_enable(NULL, FD, &extts, true));
    assert_int_equal(request->flags, 1 | 4);

    kernel.count = 0;
    assert_true(linux_phc_extts_enable(NULL, FD, &extts, false));
    assert_int_equal(pin->func, 0);
    assert_int_equal(request->flags, 0);
    EXPECT_REQUESTS(0x40603d07, 0x40103d02);

    extts.pin = -1;
    assert_true(linux_phc_extts_enable(NULL, FD, &extts, false));
    EXPECT_REQUESTS(0x40103d02);
    extts.pin = 0;
    failing_request = 0x40603d07;
    assert_false(linux_phc_extts_enable(NULL, FD, &extts, true));
    EXPECT_REQUESTS(0x40603d07);
    failing_request = 0x40103d02;
    assert_false(linux_phc_extts_enable(NULL, FD, &extts, true));
}

static void external_timestamps_are_read_whole(void **state)
{
    struct ptp_extts_event data = {.t = {.sec = 1700000000, .nsec = 123456789}, .index = 5};
    struct phc_event event = {.channel = -1};
    int pipes[2];

    assert_int_equal(sizeof(data), 32);
    assert_int_equal(pipe(pipes), 0);
    assert_false(linux_phc_extts_read(NULL, pipes[0], &event)); /* does not wait */
    assert_debug_logged("Missing PHC extts event\n");
    assert_int_equal(write(pipes[1], &data, 31), 31);
    assert_false(linux_phc_extts_read(NULL, pipes[0], &event));
    assert_debug_logged("Could not read PHC extts event\n");
    assert_int_equal(write(pipes[1], &data, 32), 32);
    assert_true(linux_phc_extts_read(NULL, pipes[0], &event));
    assert_int_equal(event.time.i.sec, 1700000000);
    assert_int_equal(event.time.i.nsec, 123456789);
    assert_int_equal(event.channel, 5);
    /* Anything but "readable". */
    assert_int_equal(write(pipes[1], &data, 32), 32);
    close(pipes[1]);
    assert_false(linux_phc_extts_read(NULL, pipes[0], &event));
    close(pipes[0]);
}

/* ---- PPS ---- */

static struct {
    int failing; /* which request, from 1 */
    int capabilities;
    struct pps_kparams params;
    struct pps_fdata data;
} pps;

static int answer_of_pps(unsigned long number, void *data)
{
    if (kernel.count == pps.failing)
        return fail_with(ENOTTY);
    switch (number) {
    case 0x800870a3:
        *(int *)data = pps.capabilities;
        return 0;
    case 0x800870a1:
        *(struct pps_kparams *)data = pps.params;
        return 0;
    case 0x400870a2:
        pps.params = *(struct pps_kparams *)data;
        return 0;
    case 0xc00870a4:
        assert_int_equal(((struct pps_fdata *)data)->timeout.sec, 0);
        assert_int_equal(((struct pps_fdata *)data)->timeout.nsec, 0);
        /* A timeout that is not valid means to wait. */
        assert_int_equal(((struct pps_fdata *)data)->timeout.flags & PPS_TIME_INVALID, 0);
        *(struct pps_fdata *)data = pps.data;
        return 0;
    }
    return fail_with(ENOTTY);
}

static void pps_captures_one_edge_and_keeps_the_mode(void **state)
{
    const int both = PPS_CAPTUREASSERT | PPS_CAPTURECLEAR;
    struct world *w = *state;

    if (!w->ops->devices->pps_start)
        skip();
    memset(&pps, 0, sizeof(pps));
    kernel.answer = answer_of_pps;
    pps.capabilities = both;
    pps.params = (struct pps_kparams){.mode = PPS_CAPTURECLEAR | PPS_OFFSETASSERT | PPS_TSFMT_TSPEC,
                                      .assert_off_tu = {.nsec = 17}};
    assert_int_equal(w->ops->devices->pps_start(w->ctx, FD, false), PPS_OK);
    assert_int_equal(pps.params.mode, PPS_CAPTUREASSERT | PPS_OFFSETASSERT | PPS_TSFMT_TSPEC);
    assert_int_equal(pps.params.assert_off_tu.nsec, 17);
    assert_int_equal(w->ops->devices->pps_start(w->ctx, FD, true), PPS_OK);
    assert_int_equal(pps.params.mode, PPS_CAPTURECLEAR | PPS_OFFSETASSERT | PPS_TSFMT_TSPEC);

    pps.capabilities = PPS_CAPTURECLEAR;
    assert_int_equal(w->ops->devices->pps_start(w->ctx, FD, false), PPS_NO_EDGE);
    assert_int_equal(w->ops->devices->pps_start(w->ctx, FD, true), PPS_OK);
    pps.capabilities = PPS_CAPTUREASSERT;
    assert_int_equal(w->ops->devices->pps_start(w->ctx, FD, true), PPS_NO_EDGE);
}

static void pps_failures_are_told_apart(void **state)
{
    static const enum pps_result results[] = {PPS_CREATE_FAILED, PPS_GETCAP_FAILED,
                                              PPS_GETPARAMS_FAILED, PPS_SETPARAMS_FAILED};
    struct world *w = *state;

    if (!w->ops->devices->pps_start)
        skip();
    memset(&pps, 0, sizeof(pps));
    kernel.answer = answer_of_pps;
    pps.capabilities = PPS_CAPTUREASSERT;
    for (int i = 0; i < 4; i++) {
        pps.failing = i + 1;
        kernel.count = 0;
        assert_int_equal(w->ops->devices->pps_start(w->ctx, FD, false), results[i]);
        assert_int_equal(kernel.count, i + 1);
    }
}

static void pps_is_read_at_its_edge(void **state)
{
    struct world *w = *state;
    struct raw_time time;
    uint32_t sequence;

    if (!w->ops->devices->pps_start)
        skip();
    memset(&pps, 0, sizeof(pps));
    kernel.answer = answer_of_pps;
    pps.data.info = (struct pps_kinfo){.assert_sequence = 10,
                                       .clear_sequence = 20,
                                       .assert_tu = {.sec = 100, .nsec = 1},
                                       .clear_tu = {.sec = 200, .nsec = 2}};
    assert_true(w->ops->devices->pps_fetch(w->ctx, FD, false, &sequence, &time));
    assert_int_equal(sequence, 10);
    assert_int_equal(time.i.sec, 100);
    assert_int_equal(time.i.nsec, 1);
    assert_true(w->ops->devices->pps_fetch(w->ctx, FD, true, &sequence, &time));
    assert_int_equal(sequence, 20);
    assert_int_equal(time.i.sec, 200);
    assert_int_equal(time.i.nsec, 2);
    EXPECT_REQUESTS(0xc00870a4, 0xc00870a4);
    pps.failing = 1;
    assert_false(w->ops->devices->pps_fetch(w->ctx, FD, true, &sequence, &time));
}

/* ---- Real-time clocks ---- */

static struct rtc_time rtc;

static int answer_of_rtc(unsigned long number, void *data)
{
    switch (number) {
    case 0x7003:
    case 0x7004:
        return 0;
    case 0x80247009:
        *(struct rtc_time *)data = rtc;
        return 0;
    case 0x4024700a:
        rtc = *(struct rtc_time *)data;
        return 0;
    }
    return fail_with(ENOTTY);
}

static void real_time_clock_is_set_and_read(void **state)
{
    int64_t seconds = 0;

    kernel.answer = answer_of_rtc;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_true(linux_rtc_set(NULL, FD, true, 1689424445)); /* 2023-07-15 12:34:05 UTC, Saturday */
    assert_int_equal(rtc.tm_sec, 5);
    assert_int_equal(rtc.tm_min, 34);
    assert_int_equal(rtc.tm_hour, 12);
    assert_int_equal(rtc.tm_mday, 15);
    assert_int_equal(rtc.tm_mon, 6);
    assert_int_equal(rtc.tm_year, 123);
    assert_int_equal(rtc.tm_wday, 6);
    assert_int_equal(rtc.tm_yday, 195);
    assert_int_equal(rtc.tm_isdst, 0);
    assert_true(linux_rtc_get(NULL, FD, true, &seconds));
    assert_int_equal(seconds, 1689424445);

    assert_true(linux_rtc_set(NULL, FD, false, 1689424445));
    assert_int_equal(rtc.tm_hour, 14);
    assert_int_equal(rtc.tm_isdst, 1);
    assert_true(linux_rtc_get(NULL, FD, false, &seconds));
    assert_int_equal(seconds, 1689424445);
    EXPECT_REQUESTS(0x4024700a, 0x80247009, 0x4024700a, 0x80247009);
    unsetenv("TZ");
    tzset();

    assert_true(linux_rtc_interrupts(NULL, FD, true));
    assert_true(linux_rtc_interrupts(NULL, FD, false));
    EXPECT_REQUESTS(0x7003, 0x7004);
    kernel.answer = fail_one;
    failing_request = 0x7003;
    assert_false(linux_rtc_interrupts(NULL, FD, true));
    failing_request = 0x80247009;
    assert_false(linux_rtc_get(NULL, FD, true, &seconds));
    failing_request = 0x4024700a;
    assert_false(linux_rtc_set(NULL, FD, true, 0));
}

/* The update flag is 0x10; others say nothing. */
static void interrupts_count_only_with_the_update_flag(void **state)
{
    static const unsigned long flags[] = {0x190, 0x1e0};
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(write(pipes[1], &flags[i], sizeof(flags[i])), sizeof(flags[i]));
    assert_int_equal(write(pipes[1], flags, 4), 4);
    assert_int_equal(linux_rtc_event(NULL, pipes[0]), RTC_EVENT_UPDATE);
    assert_int_equal(linux_rtc_event(NULL, pipes[0]), RTC_EVENT_OTHER);
    assert_int_equal(linux_rtc_event(NULL, pipes[0]), RTC_EVENT_FAILED);
    close(pipes[0]);
    close(pipes[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(card_is_asked_for_transmit_timestamps_and_the_filter),
        TEST(filter_is_one_that_the_card_reports),
        TEST(card_without_what_is_needed_is_left_alone),
        TEST(setting_of_somebody_else_will_do_if_it_is_the_same),
        TEST(speed_of_the_link_may_be_unknown),
        TEST(flags_of_sockets_depend_on_kernel_and_hardware),
        TEST(options_that_the_kernel_lacks_are_left_out),
        TEST(older_ways_are_used_for_good),
        TEST(clock_is_opened_by_path_or_interface),
        TEST(what_is_no_clock_is_taken_as_an_interface),
        TEST(requests_go_through_a_socket_of_a_family_that_there_is),
        TEST(index_of_a_clock_is_its_minor_number),
        TEST(readings_are_taken_by_the_best_method),
        TEST(external_timestamps_are_switched_on_and_off),
        TEST(external_timestamps_are_read_whole),
        TEST(pps_captures_one_edge_and_keeps_the_mode),
        TEST(pps_failures_are_told_apart),
        TEST(pps_is_read_at_its_edge),
        TEST(real_time_clock_is_set_and_read),
        TEST(interrupts_count_only_with_the_update_flag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

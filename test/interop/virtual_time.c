/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD that runs a chronyd, that of another implementation or our own program,
 * in the virtual time of the simulator, as one client of one perfect server of stratum 1, or with
 * clock devices: system calls that read or steer the clock go to a simulated one, what is sent to
 * VIRTUAL_TIME_SERVER is answered over a simulated link, and waiting takes no time. A network card
 * may timestamp the packets (virtual_card.h). After the given duration the process prints what was
 * measured (virtual_time.h) and ends. All random numbers follow from the seed, and those of the
 * oscillator, the link and the card are the ones that the simulator draws for the same seed.
 *
 * There is no world to go through here: the calls come from a program that knows nothing of it.
 */
#include "test/interop/virtual_time.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/sockios.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "test/interop/virtual_card.h"
#include "test/interop/virtual_server.h"
#include "test/sim/clock.h"
#include "test/sim/random.h"
#include "test/sim/shm.h"

#define NS             1000000000
#define MAX_LENGTH     (VIRTUAL_CARD_HEADERS + VIRTUAL_SERVER_LENGTH)
#define READING_TIME   10 /* ns; a clock that stands still would be read for ever at the start */
#define MAX_PENDING    64
#define MAX_FD         256
#define ENTROPY_STREAM 2001

/* What a socket will have: a reply, or a packet sent with its timestamps. */
struct pending {
    int64_t time;
    int fd;
    bool error_queue;
    struct virtual_stamps stamps; /* of what was sent; those of a reply are made when it comes */
    size_t length;
    uint8_t data[MAX_LENGTH];
};

static struct {
    bool started;
    struct virtual_time_params params;
    struct sim_clock clock;
    struct sim_random entropy, device;
    struct sim_shm_segment shm;
    int64_t now; /* true time, ns since the start */
    int64_t next_second;
    int64_t next_sample, next_pulse; /* of the devices */
    struct sim_tally tally;
    uint64_t packets;
    struct pending pending[MAX_PENDING]; /* on their way */
    int pending_count;
    struct virtual_server server;
    struct virtual_card card;
    struct ifaddrs interface;
    struct virtual_pps pps;
    int phc_fd, pps_fd;     /* of opened devices, or -1 */
    bool is_client[MAX_FD]; /* connected to the server */
} state;

static void give_up(const char *problem)
{
    dprintf(STDERR_FILENO, "virtual_time: %s\n", problem);
    _exit(3);
}

/* In the first call of any kind; before that nothing has been asked for the time. */
static void start(void)
{
    const char *text = getenv(VIRTUAL_TIME_VARIABLE);

    if (state.started)
        return;
    state.started = true;
    if (!text || !virtual_time_parse(text, &state.params))
        give_up("no parameters in the environment");
    const struct virtual_time_params *p = &state.params;
    sim_clock_init(&state.clock, &p->oscillator, p->start, p->seed, SIM_CLOCK_STREAM(p->node));
    sim_random_seed(&state.entropy, p->seed, ENTROPY_STREAM);
    sim_random_seed(&state.device, p->seed, SIM_DEVICE_STREAM(p->node));
    virtual_server_init(&state.server, p);
    state.card = (struct virtual_card){
        .nic = p->nic,
        .clock = {p->devices[SIM_PHC], p->start},
    };
    sim_random_seed(&state.card.random, p->seed, SIM_NIC_STREAM(p->node));
    state.phc_fd = state.pps_fd = -1;
    state.next_sample = p->devices[SIM_SHM].present ? NS + SIM_SAMPLE_PHASE : INT64_MAX;
    state.next_pulse =
        p->devices[SIM_PPS].present ? NS + (int64_t)(1e9 * p->devices[SIM_PPS].offset) : INT64_MAX;
    state.tally.previous_offset = p->oscillator.offset;
}

static void finish(void)
{
    struct sim_result result;
    char text[VIRTUAL_TIME_TEXT_SIZE];

    sim_tally_result(&state.tally, &result);
    result.packets = state.packets;
    virtual_time_format_result(text, &result);
    dprintf(STDOUT_FILENO, "%s\n", text);
    _exit(0);
}

static void sample(void)
{
    int64_t difference = state.clock.raw - (state.params.start * NS + state.now);
    double offset = ((double)difference + state.clock.raw_rest) * 1e-9;

    sim_tally_add(&state.tally, &state.params.bounds, state.now / NS, offset,
                  sim_clock_frequency(&state.clock));
}

static void move(int64_t to)
{
    state.now = to;
    sim_clock_advance(&state.clock, to);
}

static void write_sample(void)
{
    const struct sim_device *shm = &state.params.devices[SIM_SHM];
    double error = shm->offset + shm->jitter * sim_random_normal(&state.device) +
                   sim_device_sawtooth(shm, state.now);
    int64_t shown = state.params.start * NS + state.now + llround(error * 1e9);

    sim_shm_write(&state.shm, state.clock.raw / NS, (int32_t)(state.clock.raw % NS), shown / NS,
                  (int32_t)(shown % NS));
    state.next_sample += NS;
}

static void make_pulse(void)
{
    const struct sim_device *pps = &state.params.devices[SIM_PPS];
    double error =
        pps->jitter * sim_random_normal(&state.device) - sim_device_sawtooth(pps, state.now);

    state.pps.sequence++;
    state.pps.time = state.clock.raw + llround(error * 1e9);
    state.next_pulse += NS / (pps->pulses > 0 ? pps->pulses : 1);
}

/* What devices do up to a time. */
static void run_devices(int64_t to)
{
    while (state.next_sample <= to || state.next_pulse <= to) {
        bool is_sample = state.next_sample < state.next_pulse;

        move(is_sample ? state.next_sample : state.next_pulse);
        if (is_sample)
            write_sample();
        else
            make_pulse();
    }
}

static void advance(int64_t to)
{
    while (state.next_second <= to) {
        run_devices(state.next_second);
        move(state.next_second);
        sample();
        if ((double)state.now >= state.params.duration * 1e9)
            finish();
        state.next_second += NS;
    }
    run_devices(to);
    move(to);
}

/* ---- Clock ---- */

int clock_gettime(clockid_t id, struct timespec *ts)
{
    start();
    advance(state.now + READING_TIME);
    bool is_raw = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    int64_t reading = is_raw ? state.clock.raw : state.clock.mono;

    *ts = (struct timespec){reading / NS, reading % NS};
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    start();
    *tv = (struct timeval){state.clock.raw / NS, state.clock.raw % NS / 1000};
    return 0;
}

time_t time(time_t *t)
{
    start();
    time_t now = state.clock.raw / NS;

    if (t)
        *t = now;
    return now;
}

int adjtimex(struct timex *t)
{
    start();
    return sim_clock_adjtimex(&state.clock, t);
}

int ntp_adjtime(struct timex *t)
{
    return adjtimex(t);
}

int clock_adjtime(clockid_t id, struct timex *t)
{
    if (id == CLOCK_REALTIME)
        return adjtimex(t);
    errno = EINVAL;
    return -1;
}

int settimeofday(const struct timeval *tv, const struct timezone *zone)
{
    start();
    int64_t wanted = (int64_t)tv->tv_sec * NS + tv->tv_usec * 1000;

    sim_clock_step(&state.clock, (double)(wanted - state.clock.raw) * 1e-9);
    return 0;
}

ssize_t getrandom(void *out, size_t length, unsigned int flags)
{
    start();
    sim_random_bytes(&state.entropy, out, length);
    return (ssize_t)length;
}

/* ---- Shared memory ---- */

int shmget(key_t key, size_t size, int flags)
{
    start();
    if (!state.params.devices[SIM_SHM].present || size != sizeof(state.shm)) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

void *shmat(int id, const void *address, int flags)
{
    return &state.shm;
}

int shmdt(const void *address)
{
    return 0;
}

/* ---- Network ---- */

static bool is_client(int fd)
{
    return fd >= 0 && fd < MAX_FD && state.is_client[fd];
}

static bool is_server(const struct sockaddr *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    char text[INET_ADDRSTRLEN];

    return address && address->sa_family == AF_INET &&
           inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)) &&
           strcmp(text, VIRTUAL_TIME_SERVER) == 0;
}

/* The next definition of a function, that of the C library. */
static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (!function)
        give_up(name);
    return function;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    int (*next)(int, const struct sockaddr *, socklen_t);

    if (is_server(address) && fd < MAX_FD) {
        state.is_client[fd] = true;
        return 0;
    }
    *(void **)&next = real("connect");
    return next(fd, address, length);
}

static void forget_pending(int fd)
{
    int kept = 0;

    for (int i = 0; i < state.pending_count; i++)
        if (state.pending[i].fd != fd)
            state.pending[kept++] = state.pending[i];
    state.pending_count = kept;
}

int close(int fd)
{
    int (*next)(int);

    if (is_client(fd)) {
        state.is_client[fd] = false;
        forget_pending(fd);
    }
    if (state.started && fd == state.phc_fd)
        state.phc_fd = -1;
    if (state.started && fd == state.pps_fd)
        state.pps_fd = -1;
    *(void **)&next = real("close");
    return next(fd);
}

/* Without a card there are no timestamps of the kernel either: the program takes its own, which are
   as good here. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    int (*next)(int, int, int, const void *, socklen_t);

    start();
    if (level == SOL_SOCKET && state.params.nic.present &&
        (name == SO_TIMESTAMPING || name == SO_SELECT_ERR_QUEUE))
        return 0;
    if (level == SOL_SOCKET &&
        (name == SO_TIMESTAMP || name == SO_TIMESTAMPNS || name == SO_TIMESTAMPING)) {
        errno = ENOPROTOOPT;
        return -1;
    }
    *(void **)&next = real("setsockopt");
    return next(fd, level, name, value, length);
}

static struct pending *add_pending(int fd, int64_t time)
{
    if (state.pending_count == MAX_PENDING)
        give_up("too many packets");
    struct pending *added = &state.pending[state.pending_count++];
    *added = (struct pending){.time = time, .fd = fd};
    return added;
}

static void answer(int fd, const uint8_t *request, double latency)
{
    uint8_t data[VIRTUAL_SERVER_LENGTH];
    int64_t time;

    if (!virtual_server_answer(&state.server, request, state.now + llround(latency * 1e9), data,
                               &time))
        return;
    struct pending *reply = add_pending(fd, time);
    reply->length = sizeof(data);
    memcpy(reply->data, data, sizeof(data));
}

/* The timestamp of the kernel is there at once, that of the card is reported after it. */
static void report_sent(int fd, const uint8_t *data, double latency)
{
    struct virtual_stamps kernel = {.kernel = state.clock.raw};
    struct virtual_stamps hardware = {
        .hardware = virtual_card_sent(&state.card, state.now, latency),
    };
    struct pending *report;
    struct in_addr server;

    inet_pton(AF_INET, VIRTUAL_TIME_SERVER, &server);
    for (int i = 0; i < 2; i++) {
        double wait = i == 0 ? 0.0 : latency + state.params.nic.tx_delay;

        if (i == 1 && hardware.hardware == 0)
            continue;
        report = add_pending(fd, state.now + llround(wait * 1e9));
        report->error_queue = true;
        report->stamps = i == 0 ? kernel : hardware;
        report->length = virtual_card_frame(report->data, (const uint8_t *)&server.s_addr,
                                            VIRTUAL_SERVER_PORT, data, VIRTUAL_SERVER_LENGTH);
    }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int);
    double latency = 0.0;

    start();
    if (is_client(fd) || is_server(message->msg_name)) {
        const uint8_t *data = message->msg_iov[0].iov_base;

        if (message->msg_iov[0].iov_len != VIRTUAL_SERVER_LENGTH)
            give_up("an unexpected request");
        state.packets++;
        if (state.params.nic.present) {
            latency = virtual_card_latency(&state.card);
            report_sent(fd, data, latency);
        }
        answer(fd, data, latency);
        return VIRTUAL_SERVER_LENGTH;
    }
    *(void **)&next = real("sendmsg");
    return next(fd, message, flags);
}

/* The next one of those that sets of descriptors wait for; -1 if there is none. */
static int first_pending(const fd_set *readers, const fd_set *exceptions)
{
    int first = -1;

    for (int i = 0; i < state.pending_count; i++) {
        const struct pending *pending = &state.pending[i];
        const fd_set *set = pending->error_queue ? exceptions : readers;

        if (set && FD_ISSET(pending->fd, set) &&
            (first < 0 || pending->time < state.pending[first].time))
            first = i;
    }
    return first;
}

static void take(struct pending *pending, struct msghdr *h)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(VIRTUAL_SERVER_PORT)};

    if (h->msg_iov[0].iov_len < pending->length)
        give_up("a small buffer");
    inet_pton(AF_INET, VIRTUAL_TIME_SERVER, &from.sin_addr);
    memcpy(h->msg_iov[0].iov_base, pending->data, pending->length);
    if (h->msg_name && !pending->error_queue) {
        memcpy(h->msg_name, &from, sizeof(from));
        h->msg_namelen = sizeof(from);
    } else {
        h->msg_namelen = 0;
    }
    h->msg_flags = 0;
    if (!state.params.nic.present) {
        h->msg_controllen = 0;
        return;
    }
    virtual_card_control(h, &pending->stamps, MAX_LENGTH, pending->error_queue);
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
             struct timespec *timeout)
{
    int (*next)(int, struct mmsghdr *, unsigned int, int, struct timespec *);

    if (!is_client(fd)) {
        *(void **)&next = real("recvmmsg");
        return next(fd, messages, count, flags, timeout);
    }
    bool error_queue = (flags & MSG_ERRQUEUE) != 0;
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    int i = first_pending(error_queue ? NULL : &set, error_queue ? &set : NULL);
    if (i < 0 || state.pending[i].time > state.now) {
        errno = EAGAIN;
        return -1;
    }
    take(&state.pending[i], &messages[0].msg_hdr);
    messages[0].msg_len = (unsigned int)state.pending[i].length;
    /* Equal times keep their order. */
    memmove(&state.pending[i], &state.pending[i + 1],
            (size_t)(--state.pending_count - i) * sizeof(state.pending[0]));
    return 1;
}

/* Time passes here alone. Other descriptors than those of the client never have anything. */
int select(int count, fd_set *readers, fd_set *writers, fd_set *exceptions, struct timeval *timeout)
{
    int64_t end = INT64_MAX;
    struct pending *pending = NULL;

    start();
    if (timeout) {
        double wanted = (double)timeout->tv_sec * 1e9 + (double)timeout->tv_usec * 1e3;

        end = state.now + (int64_t)ceil(wanted / (1.0 + sim_clock_frequency(&state.clock)));
    }
    int i = first_pending(readers, exceptions);
    if (i >= 0 && state.pending[i].time <= end) {
        pending = &state.pending[i];
        end = pending->time > state.now ? pending->time : state.now;
    }
    if (end == INT64_MAX)
        give_up("it waits for ever");
    advance(end);
    if (writers)
        FD_ZERO(writers);
    if (exceptions)
        FD_ZERO(exceptions);
    if (readers)
        FD_ZERO(readers);
    if (!pending)
        return 0;
    if (!pending->error_queue && state.params.nic.present)
        pending->stamps =
            virtual_card_received(&state.card, VIRTUAL_SERVER_LENGTH, state.now, state.clock.raw);
    FD_SET(pending->fd, pending->error_queue ? exceptions : readers);
    return 1;
}

/* ---- Devices ---- */

/* The card is the only interface. */
int getifaddrs(struct ifaddrs **first)
{
    start();
    state.interface.ifa_name = (char *)VIRTUAL_CARD_NAME;
    *first = state.params.nic.present ? &state.interface : NULL;
    return 0;
}

void freeifaddrs(struct ifaddrs *first)
{
}

/* Any descriptor will do for a device. */
static int open_file(const char *path, int flags, mode_t mode)
{
    int (*next)(const char *, int, ...);
    int *device = NULL;

    start();
    if (state.params.devices[SIM_PHC].present && strcmp(path, VIRTUAL_PHC_PATH) == 0)
        device = &state.phc_fd;
    if (state.params.devices[SIM_PPS].present && strcmp(path, VIRTUAL_PPS_PATH) == 0)
        device = &state.pps_fd;
    *(void **)&next = real("open");
    int fd = next(device ? "/dev/null" : path, flags, mode);
    if (device)
        *device = fd;
    return fd;
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;

    if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
        va_list args;

        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return open_file(path, flags, mode);
}

/* Of programs that were compiled with checks. */
int open_checked(const char *path, int flags) __asm__("__open_2");

int open_checked(const char *path, int flags)
{
    return open_file(path, flags, 0);
}

int ioctl(int fd, unsigned long request, ...)
{
    int (*next)(int, unsigned long, ...);
    int error;
    va_list args;

    va_start(args, request);
    void *data = va_arg(args, void *);
    va_end(args);
    start();
    if (state.params.nic.present &&
        (request == SIOCGIFINDEX || request == SIOCETHTOOL || request == SIOCSHWTSTAMP)) {
        error = virtual_card_request(&state.card, request, data);
    } else if (fd >= 0 && fd == state.phc_fd) {
        error = virtual_phc_request(&state.card.clock, &state.device, request, data, state.now,
                                    state.clock.raw);
    } else if (fd >= 0 && fd == state.pps_fd) {
        error = virtual_pps_request(&state.pps, request, data);
    } else {
        *(void **)&next = real("ioctl");
        return next(fd, request, data);
    }
    errno = error;
    return error == 0 ? 0 : -1;
}

/* ---- Other ways to wait and to send ---- */

/* Under another name, as the header says of ppoll() that it only writes to what it is given. */
int wait_for(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
             const sigset_t *mask) __asm__("ppoll");

int wait_for(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timeval tv = {0};
    fd_set readers, exceptions;
    int ready = 0;

    FD_ZERO(&readers);
    FD_ZERO(&exceptions);
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if ((fds[i].events & POLLIN) != 0)
            FD_SET(fds[i].fd, &readers);
        if ((fds[i].events & POLLPRI) != 0)
            FD_SET(fds[i].fd, &exceptions);
    }
    if (timeout)
        tv = (struct timeval){timeout->tv_sec, (timeout->tv_nsec + 999) / 1000};
    if (select(MAX_FD, &readers, NULL, &exceptions, timeout ? &tv : NULL) == 0)
        return 0;
    for (nfds_t i = 0; i < count; i++) {
        if (FD_ISSET(fds[i].fd, &readers))
            fds[i].revents = POLLIN;
        else if (FD_ISSET(fds[i].fd, &exceptions))
            fds[i].revents = POLLPRI;
        ready += fds[i].revents != 0;
    }
    return ready;
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
    for (unsigned int i = 0; i < count; i++) {
        ssize_t sent = sendmsg(fd, &messages[i].msg_hdr, flags);

        if (sent < 0)
            return i > 0 ? (int)i : -1;
        messages[i].msg_len = (unsigned int)sent;
    }
    return (int)count;
}

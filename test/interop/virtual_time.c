/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD that runs a chronyd, that of another implementation or our own program,
 * in the virtual time of the simulator, as a client of servers of stratum 1, or with clock devices:
 * system calls that read or steer the clock go to a simulated one, what is sent to a server is
 * answered over a simulated link (virtual_network.h), and waiting takes no time. A network card
 * may timestamp the packets (virtual_card.h). After the given duration the process writes what was
 * measured (virtual_time.h) and ends. All random numbers follow from the seed, and those of the
 * oscillator, the links and the card are the ones that the simulator draws for the same seed.
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
#include "test/interop/virtual_network.h"
#include "test/sim/clock.h"
#include "test/sim/random.h"
#include "test/sim/shm.h"

#define NS 1000000000
/* 192.168.123.1 is that of the first node. */
#define FIRST_ADDRESS  0xc0a87b01U
#define READING_TIME   10 /* ns; a clock that stands still would be read for ever at the start */
#define MAX_FD         256
#define ENTROPY_STREAM 2001

static struct {
    bool started;
    const char *directory; /* of the files of virtual_time.h */
    struct virtual_time_params params;
    struct sim_clock clock;
    struct sim_random entropy, device;
    struct sim_shm_segment shm;
    int64_t now; /* true time, ns since the start */
    int64_t next_second;
    int64_t next_sample, next_pulse; /* of the devices */
    struct sim_tally tally;
    uint64_t packets;
    float *offsets;
    size_t offset_count;
    struct virtual_network network;
    struct virtual_card card;
    struct ifaddrs interface;
    struct virtual_pps pps;
    int phc_fd, pps_fd; /* of opened devices, or -1 */
    int server[MAX_FD]; /* the node that a descriptor is connected to, plus 1 */
} state;

static void give_up(const char *problem)
{
    dprintf(STDERR_FILENO, "virtual_time: %s\n", problem);
    _exit(3);
}

/* In the first call of any kind; before that nothing has been asked for the time. */
static void start(void)
{
    if (state.started)
        return;
    state.started = true;
    state.directory = getenv(VIRTUAL_TIME_VARIABLE);
    if (!state.directory || !virtual_time_read(state.directory, &state.params))
        give_up("no parameters in the environment");
    const struct virtual_time_params *p = &state.params;
    const struct sim_oscillator *oscillator = &p->oscillators[p->node];
    sim_clock_init(&state.clock, oscillator, p->start, p->seed, SIM_CLOCK_STREAM(p->node));
    sim_random_seed(&state.entropy, p->seed, ENTROPY_STREAM);
    sim_random_seed(&state.device, p->seed, SIM_DEVICE_STREAM(p->node));
    virtual_network_init(&state.network, p, &state.clock);
    state.offsets = calloc((size_t)p->duration + 1, sizeof(*state.offsets));
    state.card = (struct virtual_card){
        .nic = p->nic,
        .clock = {p->devices[SIM_PHC], p->start},
    };
    sim_random_seed(&state.card.random, p->seed, SIM_NIC_STREAM(p->node));
    state.phc_fd = state.pps_fd = -1;
    state.next_sample = p->devices[SIM_SHM].present ? NS + SIM_SAMPLE_PHASE : INT64_MAX;
    state.next_pulse =
        p->devices[SIM_PPS].present ? NS + (int64_t)(1e9 * p->devices[SIM_PPS].offset) : INT64_MAX;
    state.tally.previous_offset = oscillator->offset;
}

static void finish(void)
{
    struct sim_result result;

    sim_tally_result(&state.tally, &result);
    result.packets = state.packets;
    if (!virtual_time_write_result(state.directory, &result, state.offsets, state.offset_count))
        give_up("the result cannot be written");
    _exit(0);
}

static void sample(void)
{
    int64_t difference = state.clock.raw - (state.params.start * NS + state.now);
    double offset = ((double)difference + state.clock.raw_rest) * 1e-9;

    if (state.offsets && state.offset_count < (size_t)state.params.duration)
        state.offsets[state.offset_count++] = (float)offset;
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

static void end_second(void)
{
    sample();
    if ((double)state.now >= state.params.duration * 1e9)
        finish();
    state.next_second += NS;
}

/* What servers, links and seconds do, in the order of the simulator. */
static void advance(int64_t to)
{
    int64_t next;

    while ((next = virtual_network_next(&state.network)) <= to || state.next_second <= to) {
        bool is_second = state.next_second <= next;

        if (is_second)
            next = state.next_second;
        run_devices(next);
        move(next);
        if (is_second)
            end_second();
        else
            virtual_network_run(&state.network, next);
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

/* The node whose address it is; negative: none. */
static int server_of(const struct sockaddr *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    uint32_t ip = address && address->sa_family == AF_INET ? ntohl(in->sin_addr.s_addr) : 0;
    int node = (int)(ip - FIRST_ADDRESS);

    return ip >= FIRST_ADDRESS && node < state.params.node_count ? node : -1;
}

static bool is_client(int fd)
{
    return fd >= 0 && fd < MAX_FD && state.server[fd] > 0;
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

    start();
    int server = server_of(address);
    if (server >= 0 && fd < MAX_FD) {
        state.server[fd] = server + 1;
        return 0;
    }
    *(void **)&next = real("connect");
    return next(fd, address, length);
}

int close(int fd)
{
    int (*next)(int);

    if (is_client(fd)) {
        state.server[fd] = 0;
        virtual_network_close(&state.network, fd);
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

/* The timestamp of the kernel is there at once, that of the card is reported after it. */
static void report_sent(int fd, int server, const uint8_t *data, double latency)
{
    struct virtual_stamps kernel = {.kernel = state.clock.raw};
    struct virtual_stamps hardware = {
        .hardware = virtual_card_sent(&state.card, state.now, latency),
    };
    uint32_t address = htonl(FIRST_ADDRESS + (uint32_t)server);

    for (int i = 0; i < 2; i++) {
        double wait = i == 0 ? 0.0 : latency + state.params.nic.tx_delay;

        if (i == 1 && hardware.hardware == 0)
            continue;
        struct virtual_packet *report = virtual_network_add(
            &state.network, VIRTUAL_REPORT, fd, server, state.now + llround(wait * 1e9));
        report->stamps = i == 0 ? kernel : hardware;
        report->length = virtual_card_frame(report->data, (const uint8_t *)&address,
                                            VIRTUAL_SERVER_PORT, data, VIRTUAL_SERVER_LENGTH);
    }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int);
    double latency = 0.0;

    start();
    int server = is_client(fd) ? state.server[fd] - 1 : server_of(message->msg_name);
    if (server >= 0) {
        const uint8_t *data = message->msg_iov[0].iov_base;

        if (message->msg_iov[0].iov_len != VIRTUAL_SERVER_LENGTH)
            give_up("an unexpected request");
        state.packets++;
        if (state.params.nic.present) {
            latency = virtual_card_latency(&state.card);
            report_sent(fd, server, data, latency);
        }
        virtual_network_send(&state.network, fd, server, state.now + llround(latency * 1e9), data);
        if (state.network.full)
            give_up("too many packets");
        return VIRTUAL_SERVER_LENGTH;
    }
    *(void **)&next = real("sendmsg");
    return next(fd, message, flags);
}

/* The next one of those that sets of descriptors wait for; -1 if there is none. */
static int first_pending(const fd_set *readers, const fd_set *exceptions)
{
    const struct virtual_network *network = &state.network;
    int first = -1;

    for (int i = 0; i < network->pending_count; i++) {
        const struct virtual_packet *packet = &network->pending[i];
        const fd_set *set = packet->kind == VIRTUAL_REPORT ? exceptions : readers;

        if (packet->kind != VIRTUAL_REQUEST && set && FD_ISSET(packet->fd, set) &&
            (first < 0 || packet->time < network->pending[first].time))
            first = i;
    }
    return first;
}

static void take(struct virtual_packet *packet, struct msghdr *h)
{
    bool is_report = packet->kind == VIRTUAL_REPORT;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(VIRTUAL_SERVER_PORT)};

    if (h->msg_iov[0].iov_len < packet->length)
        give_up("a small buffer");
    from.sin_addr.s_addr = htonl(FIRST_ADDRESS + (uint32_t)packet->server);
    memcpy(h->msg_iov[0].iov_base, packet->data, packet->length);
    if (h->msg_name && !is_report) {
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
    virtual_card_control(h, &packet->stamps, VIRTUAL_NETWORK_LENGTH, is_report);
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
    if (i < 0 || state.network.pending[i].time > state.now) {
        errno = EAGAIN;
        return -1;
    }
    take(&state.network.pending[i], &messages[0].msg_hdr);
    messages[0].msg_len = (unsigned int)state.network.pending[i].length;
    virtual_network_remove(&state.network, i);
    return 1;
}

/* Lets servers answer until there is something for these descriptors, or the end. Its place, which
   is valid until time passes; -1: nothing. */
static int await_packet(const fd_set *readers, const fd_set *exceptions, int64_t end)
{
    for (;;) {
        int i = first_pending(readers, exceptions);
        int64_t comes = i >= 0 ? state.network.pending[i].time : INT64_MAX;
        int64_t next = virtual_network_next(&state.network);

        if (next >= comes || next > end || comes <= state.now)
            return comes <= end ? i : -1;
        advance(next);
    }
}

/* Time passes here alone. Other descriptors than those of the client never have anything. */
int select(int count, fd_set *readers, fd_set *writers, fd_set *exceptions, struct timeval *timeout)
{
    int64_t end = INT64_MAX;

    start();
    if (timeout) {
        double wanted = (double)timeout->tv_sec * 1e9 + (double)timeout->tv_usec * 1e3;

        end = state.now + (int64_t)ceil(wanted / (1.0 + sim_clock_frequency(&state.clock)));
    }
    int i = await_packet(readers, exceptions, end);
    if (i >= 0)
        end = state.network.pending[i].time;
    if (end == INT64_MAX)
        give_up("it waits for ever");
    advance(end > state.now ? end : state.now);
    i = first_pending(readers, exceptions);
    if (i >= 0 && state.network.pending[i].time > state.now)
        i = -1;
    if (writers)
        FD_ZERO(writers);
    if (exceptions)
        FD_ZERO(exceptions);
    if (readers)
        FD_ZERO(readers);
    if (i < 0)
        return 0;
    struct virtual_packet *packet = &state.network.pending[i];
    if (packet->kind == VIRTUAL_REPLY && state.params.nic.present)
        packet->stamps =
            virtual_card_received(&state.card, VIRTUAL_SERVER_LENGTH, state.now, state.clock.raw);
    FD_SET(packet->fd, packet->kind == VIRTUAL_REPORT ? exceptions : readers);
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

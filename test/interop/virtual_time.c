/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library for LD_PRELOAD that runs a chronyd, that of another implementation or our own program, in
 * the virtual time of the simulator, as one client of one perfect server of stratum 1, or of a receiver in shared memory:
 * system calls that read or steer the clock go to a simulated one, what is sent to VIRTUAL_TIME_SERVER is
 * answered over a simulated link, and waiting takes no time. After the given duration the process prints what was measured
 * (virtual_time.h) and ends. All random numbers follow from the seed, and those of the oscillator
 * and the link are the ones that the simulator draws for the same seed.
 *
 * There is no world to go through here: the calls come from a program that knows nothing of it.
 */
#include "test/interop/virtual_time.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "test/sim/clock.h"
#include "test/sim/random.h"
#include "test/sim/shm.h"

#define NS             1000000000
#define NTP_OFFSET     2208988800
#define NTP_LENGTH     48
#define READING_TIME   10 /* ns; a clock that stands still would be read for ever at the start */
#define PRECISION_LOG  (-27)
#define MAX_REPLIES    64
#define MAX_FD         256
#define ENTROPY_STREAM 2001

/* The node of the simulator's scenarios. */
#define SERVER 0

struct reply {
    int64_t time;
    int fd;
    uint8_t data[NTP_LENGTH];
};

static struct {
    bool started;
    struct virtual_time_params params;
    struct sim_clock clock;
    struct sim_random there, back, entropy, device;
    struct sim_shm_segment shm;
    int64_t now; /* true time, ns since the start */
    int64_t next_second;
    int64_t next_shm; /* sample of the receiver */
    struct sim_tally tally;
    uint64_t packets;
    struct reply replies[MAX_REPLIES]; /* on their way */
    int reply_count;
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
    if (text == NULL || !virtual_time_parse(text, &state.params))
        give_up("no parameters in the environment");
    const struct virtual_time_params *p = &state.params;
    sim_clock_init(&state.clock, &p->oscillator, p->start, p->seed, SIM_CLOCK_STREAM(p->node));
    sim_random_seed(&state.there, p->seed, SIM_LINK_STREAM(p->node, SERVER));
    sim_random_seed(&state.back, p->seed, SIM_LINK_STREAM(SERVER, p->node));
    sim_random_seed(&state.entropy, p->seed, ENTROPY_STREAM);
    sim_random_seed(&state.device, p->seed, SIM_DEVICE_STREAM(p->node));
    state.next_shm = p->shm_jitter < 0.0 ? INT64_MAX : NS + SIM_SAMPLE_PHASE;
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

/* The receiver's samples up to a time. */
static void write_shm(int64_t to)
{
    while (state.next_shm <= to) {
        move(state.next_shm);
        double error = state.params.shm_jitter * sim_random_normal(&state.device);
        int64_t shown = state.params.start * NS + state.now + llround(error * 1e9);

        sim_shm_write(&state.shm, state.clock.raw / NS, (int32_t)(state.clock.raw % NS), shown / NS,
                      (int32_t)(shown % NS));
        state.next_shm += NS;
    }
}

static void advance(int64_t to)
{
    while (state.next_second <= to) {
        write_shm(state.next_second);
        move(state.next_second);
        sample();
        if ((double)state.now >= state.params.duration * 1e9)
            finish();
        state.next_second += NS;
    }
    write_shm(to);
    move(to);
}

/* ---- Clock --------------------------------------------------------------------------------------- */

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
    (void)zone;
    start();
    *tv = (struct timeval){state.clock.raw / NS, state.clock.raw % NS / 1000};
    return 0;
}

time_t time(time_t *t)
{
    start();
    time_t now = state.clock.raw / NS;

    if (t != NULL)
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
    (void)zone;
    start();
    int64_t wanted = (int64_t)tv->tv_sec * NS + tv->tv_usec * 1000;

    sim_clock_step(&state.clock, (double)(wanted - state.clock.raw) * 1e-9);
    return 0;
}

ssize_t getrandom(void *out, size_t length, unsigned int flags)
{
    (void)flags;
    start();
    sim_random_bytes(&state.entropy, out, length);
    return (ssize_t)length;
}

/* ---- Shared memory ------------------------------------------------------------------------------- */

int shmget(key_t key, size_t size, int flags)
{
    (void)key;
    (void)flags;
    start();
    if (state.params.shm_jitter < 0.0 || size != sizeof(state.shm)) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

void *shmat(int id, const void *address, int flags)
{
    (void)id;
    (void)address;
    (void)flags;
    return &state.shm;
}

int shmdt(const void *address)
{
    (void)address;
    return 0;
}

/* ---- Network ------------------------------------------------------------------------------------- */

static bool is_client(int fd)
{
    return fd >= 0 && fd < MAX_FD && state.is_client[fd];
}

static bool is_server(const struct sockaddr *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    char text[INET_ADDRSTRLEN];

    return address != NULL && address->sa_family == AF_INET &&
           inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)) != NULL &&
           strcmp(text, VIRTUAL_TIME_SERVER) == 0;
}

/* The next definition of a function, that of the C library. */
static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL)
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

static void forget_replies(int fd)
{
    int kept = 0;

    for (int i = 0; i < state.reply_count; i++)
        if (state.replies[i].fd != fd)
            state.replies[kept++] = state.replies[i];
    state.reply_count = kept;
}

int close(int fd)
{
    int (*next)(int);

    if (is_client(fd)) {
        state.is_client[fd] = false;
        forget_replies(fd);
    }
    *(void **)&next = real("close");
    return next(fd);
}

/* Without timestamps of the kernel the program takes its own, which are as good here. */
int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    int (*next)(int, int, int, const void *, socklen_t);

    if (level == SOL_SOCKET &&
        (name == SO_TIMESTAMP || name == SO_TIMESTAMPNS || name == SO_TIMESTAMPING)) {
        errno = ENOPROTOOPT;
        return -1;
    }
    *(void **)&next = real("setsockopt");
    return next(fd, level, name, value, length);
}

static void put_timestamp(uint8_t *out, int64_t time)
{
    uint32_t seconds = htonl((uint32_t)(time / NS + NTP_OFFSET));
    uint32_t fraction = htonl((uint32_t)(((uint64_t)(time % NS) << 32) / NS));

    memcpy(out, &seconds, 4);
    memcpy(out + 4, &fraction, 4);
}

/* ns; false if the packet is lost. What is drawn, and when, is as in the simulator. */
static bool draw_delay(struct sim_random *random, const struct virtual_link *link, int64_t *delay)
{
    bool lost = sim_random_unit(random) < link->loss;

    sim_random_unit(random); /* no copies here */
    if (!lost)
        *delay = llround((link->delay + link->jitter * sim_random_exponential(random)) * 1e9);
    return !lost;
}

/* ntp.md 1: the server received and sent it at once. */
static void answer(int fd, const uint8_t *request)
{
    int64_t there, back;

    if (!draw_delay(&state.there, &state.params.there, &there) ||
        !draw_delay(&state.back, &state.params.back, &back))
        return;
    struct reply *reply = &state.replies[state.reply_count++];
    int64_t time = state.params.start * NS + state.now + there;

    *reply = (struct reply){.time = state.now + there + back, .fd = fd};
    reply->data[0] = (uint8_t)((request[0] & 0x38) | 4);
    reply->data[1] = 1;
    reply->data[2] = request[2];
    reply->data[3] = (uint8_t)PRECISION_LOG;
    memcpy(reply->data + 12, "\x7f\x7f\x01\x01", 4);
    put_timestamp(reply->data + 16, time / NS * NS);
    memcpy(reply->data + 24, request + 40, 8);
    put_timestamp(reply->data + 32, time);
    put_timestamp(reply->data + 40, time);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int);

    start();
    if (is_client(fd) || is_server(message->msg_name)) {
        if (message->msg_iov[0].iov_len != NTP_LENGTH || state.reply_count == MAX_REPLIES)
            give_up("an unexpected request");
        state.packets++;
        answer(fd, message->msg_iov[0].iov_base);
        return NTP_LENGTH;
    }
    *(void **)&next = real("sendmsg");
    return next(fd, message, flags);
}

/* The next one for a set of descriptors; -1 if there is none. */
static int first_reply(const fd_set *readers)
{
    int first = -1;

    for (int i = 0; i < state.reply_count; i++)
        if (readers != NULL && FD_ISSET(state.replies[i].fd, readers) &&
            (first < 0 || state.replies[i].time < state.replies[first].time))
            first = i;
    return first;
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags,
             struct timespec *timeout)
{
    int (*next)(int, struct mmsghdr *, unsigned int, int, struct timespec *);

    if (!is_client(fd)) {
        *(void **)&next = real("recvmmsg");
        return next(fd, messages, count, flags, timeout);
    }
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    int i = first_reply(&set);
    if ((flags & MSG_ERRQUEUE) != 0 || i < 0 || state.replies[i].time > state.now) {
        errno = EAGAIN;
        return -1;
    }

    struct msghdr *h = &messages[0].msg_hdr;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(123)};
    inet_pton(AF_INET, VIRTUAL_TIME_SERVER, &from.sin_addr);
    memcpy(h->msg_iov[0].iov_base, state.replies[i].data, NTP_LENGTH);
    if (h->msg_name != NULL) {
        memcpy(h->msg_name, &from, sizeof(from));
        h->msg_namelen = sizeof(from);
    }
    h->msg_controllen = 0;
    h->msg_flags = 0;
    messages[0].msg_len = NTP_LENGTH;
    state.replies[i] = state.replies[--state.reply_count];
    return 1;
}

/* Time passes here alone. Other descriptors than those of the client never have anything. */
int select(int count, fd_set *readers, fd_set *writers, fd_set *exceptions, struct timeval *timeout)
{
    int64_t end = INT64_MAX;

    (void)count;
    start();
    if (timeout != NULL) {
        double wanted = (double)timeout->tv_sec * 1e9 + (double)timeout->tv_usec * 1e3;

        end = state.now + (int64_t)ceil(wanted / (1.0 + sim_clock_frequency(&state.clock)));
    }
    int i = first_reply(readers), fd = -1;
    if (i >= 0 && state.replies[i].time <= end) {
        end = state.replies[i].time;
        fd = state.replies[i].fd;
    }
    if (end == INT64_MAX)
        give_up("it waits for ever");
    advance(end);
    if (writers != NULL)
        FD_ZERO(writers);
    if (exceptions != NULL)
        FD_ZERO(exceptions);
    if (readers != NULL)
        FD_ZERO(readers);
    if (fd < 0)
        return 0;
    FD_SET(fd, readers);
    return 1;
}

/* Under another name, as the header says of ppoll() that it only writes to what it is given. */
int wait_for(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
             const sigset_t *mask) __asm__("ppoll");

int wait_for(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timeval tv = {0};
    fd_set readers;
    int ready = 0;

    (void)mask;
    FD_ZERO(&readers);
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if ((fds[i].events & POLLIN) != 0)
            FD_SET(fds[i].fd, &readers);
    }
    if (timeout != NULL)
        tv = (struct timeval){timeout->tv_sec, (timeout->tv_nsec + 999) / 1000};
    if (select(MAX_FD, &readers, NULL, NULL, timeout != NULL ? &tv : NULL) == 0)
        return 0;
    for (nfds_t i = 0; i < count; i++) {
        if (FD_ISSET(fds[i].fd, &readers)) {
            fds[i].revents = POLLIN;
            ready++;
        }
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds a reference clock of a running daemon with samples, as a GPS program does: over its socket
 * (SOCK) or in shared memory (SHM), in the layouts of system.md 3.2 and 3.3, which are written down
 * here a second time on purpose. It can also send what is wrong.
 *
 *     refclock_client sock PATH COUNT INTERVAL OFFSET [pulse|magic|short|long|nan|huge]
 *     refclock_client shm UNIT COUNT INTERVAL OFFSET [torn|mode|leap|huge|remove]
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct sock_sample {
    struct timeval tv;
    double offset;
    int pulse;
    int leap;
    int pad;
    int magic;
};

struct shm_time {
    int mode;
    volatile int count;
    time_t clock_sec;
    int clock_usec;
    time_t receive_sec;
    int receive_usec;
    int leap;
    int precision;
    int nsamples;
    volatile int valid;
    unsigned clock_nsec;
    unsigned receive_nsec;
    int dummy[8];
};

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void send_sock(int fd, double offset, const char *fault)
{
    unsigned char data[sizeof(struct sock_sample) + 8] = {0};
    struct sock_sample sample = {.offset = offset, .magic = 0x534f434b};
    size_t length = sizeof(sample);

    gettimeofday(&sample.tv, NULL);
    if (strcmp(fault, "pulse") == 0) {
        /* The last second of true time, in system time, and how far past a second that is. */
        double now = 1e-6 * (double)sample.tv.tv_usec;
        double pulse = floor(now + offset) - offset;
        double whole = floor(pulse);
        sample.pulse = 1;
        sample.tv.tv_sec += (time_t)whole;
        sample.tv.tv_usec = (suseconds_t)(1e6 * (pulse - whole));
        sample.offset = pulse - whole;
    } else if (strcmp(fault, "magic") == 0) {
        sample.magic++;
    } else if (strcmp(fault, "short") == 0) {
        length--;
    } else if (strcmp(fault, "long") == 0) {
        length += 8;
    } else if (strcmp(fault, "nan") == 0) {
        sample.offset = NAN;
    } else if (strcmp(fault, "huge") == 0) {
        sample.tv.tv_sec = INT64_MAX;
        sample.tv.tv_usec = INT64_MAX;
        sample.offset = -1e300;
    }
    memcpy(data, &sample, sizeof(sample));
    if (send(fd, data, length, 0) < 0)
        die("send");
}

static int open_sock(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        die(path);
    return fd;
}

static void write_shm(struct shm_time *shm, double offset, const char *fault)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    int64_t clock_ns = (int64_t)now.tv_nsec + llround(offset * 1e9);
    shm->valid = 0;
    shm->count++;
    shm->mode = strcmp(fault, "mode") == 0 ? 7 : 1;
    shm->leap = strcmp(fault, "leap") == 0 ? 3 : 0;
    shm->receive_sec = now.tv_sec;
    shm->receive_nsec = (unsigned)now.tv_nsec;
    shm->receive_usec = (int)(now.tv_nsec / 1000);
    /* The offset is below a second. */
    shm->clock_sec = now.tv_sec + (clock_ns < 0 ? -1 : clock_ns >= 1000000000);
    shm->clock_nsec = (unsigned)((clock_ns + 1000000000) % 1000000000);
    shm->clock_usec = (int)(shm->clock_nsec / 1000);
    if (strcmp(fault, "huge") == 0) {
        shm->clock_sec = INT64_MAX;
        shm->clock_usec = INT32_MIN;
        shm->receive_usec = INT32_MAX;
    }
    shm->count++;
    /* A writer that was interrupted leaves the sample as not valid. */
    shm->valid = strcmp(fault, "torn") == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *fault = argc > 6 ? argv[6] : "";
    bool sock = argc > 5 && strcmp(argv[1], "sock") == 0;
    struct shm_time *shm = NULL;
    int fd = -1;

    if (argc < 6 || (!sock && strcmp(argv[1], "shm") != 0)) {
        fprintf(stderr, "usage: %s sock|shm PATH|UNIT COUNT INTERVAL OFFSET [FAULT]\n", argv[0]);
        return 2;
    }
    if (sock) {
        fd = open_sock(argv[2]);
    } else {
        int id = shmget(0x4e545030 + atoi(argv[2]), sizeof(*shm), IPC_CREAT | 0600);
        shm = shmat(id, NULL, 0);
        if (id < 0 || (intptr_t)shm == -1)
            die("shmget, shmat");
        /* The segment is not of use to anybody after the test: it goes with its last user. */
        if (strcmp(fault, "remove") == 0)
            return shmctl(id, IPC_RMID, NULL) < 0;
    }
    for (int i = atoi(argv[3]); i > 0; i--) {
        if (sock)
            send_sock(fd, atof(argv[5]), fault);
        else
            write_shm(shm, atof(argv[5]), fault);
        usleep((useconds_t)(1e6 * atof(argv[4])));
    }
    return 0;
}

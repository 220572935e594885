/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other processes feed reference clocks with: datagrams of SOCK and the shared memory of SHM,
 * through drivers, filter, source and selection. Each record of the input begins with an octet: its
 * lowest bit says what it is, the others are the length of the datagram. There are two clocks of
 * each kind, which get the same: one as it comes, one whose pulses are completed by the shared
 * memory, and shared memory of which only the fraction of a second counts.
 */
#include <math.h>
#include <string.h>
#include "chronyd/refclock/clock.h"
#include "conf/conf.h"
#include "test/fuzz/support.h"

#define SHM_SIZE  96
#define SOCKET_FD 3 /* the first of two */
#define SOCKETS   2

/* In the order of their lines. */
enum { SHM_CLOCK = 1, FRACTION_CLOCK = 3 };

struct input {
    struct fuzz_world fuzz;
    uint8_t shm[SHM_SIZE] __attribute__((aligned(8)));
    const uint8_t *datagram;
    size_t length;         /* of the datagram */
    bool waiting[SOCKETS]; /* for this socket */
    int sockets;
};

static struct input *input_of(void *ctx)
{
    return (struct input *)ctx; /* its first member is the world's context */
}

static volatile void *shm_attach(void *ctx, int key, size_t size, int mode, const char **call,
                                 uint32_t *owner)
{
    *call = "";
    *owner = DEVICE_OWN_USER;
    assert(size == SHM_SIZE);
    return input_of(ctx)->shm;
}

static void shm_detach(void *ctx, volatile void *segment)
{
}

static int unix_open(void *ctx, const char *path)
{
    return SOCKET_FD + input_of(ctx)->sockets++;
}

static void socket_close(void *ctx, int fd)
{
}

static int receive(void *ctx, int fd, struct world_datagram *msgs, int count, bool errqueue)
{
    struct input *in = input_of(ctx);

    msgs->length = in->length < msgs->size ? in->length : msgs->size;
    memcpy(msgs->data, in->datagram, msgs->length);
    in->waiting[fd - SOCKET_FD] = false;
    return 1;
}

static int wait_for_input(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    const struct input *in = input_of(ctx);
    int ready = 0;

    for (size_t i = 0; i < count; i++) {
        bool waiting = in->waiting[fds[i].fd - SOCKET_FD];

        fds[i].revents = waiting ? WORLD_READ : 0;
        ready += waiting;
    }
    return ready;
}

static bool never(void *ctx)
{
    return false;
}

static int none(void *ctx)
{
    return 0;
}

static void nothing(void *ctx)
{
}

static const struct device_ops devices = {.shm_attach = shm_attach, .shm_detach = shm_detach};

static void init(struct input *in)
{
    memset(in, 0, sizeof(*in));
    fuzz_world_init(&in->fuzz, NULL, 0);
    in->fuzz.ops.devices = &devices;
    in->fuzz.ops.unix_open = unix_open;
    in->fuzz.ops.socket_close = socket_close;
    in->fuzz.ops.receive = receive;
    in->fuzz.ops.wait = wait_for_input;
    in->fuzz.ops.quit_requested = never;
    in->fuzz.ops.reload_requested = never;
    in->fuzz.ops.dispatch = nothing;
    in->fuzz.ops.pending = none;
}

static struct conf *read_conf(void)
{
    static const char *const lines[] = {
        "refclock SOCK /x poll 2 width 0.1", "refclock SHM 0 poll 2 refid SHM",
        "refclock SOCK /y poll 2 rate 5 lock SHM", "refclock SHM 1 poll 2 pps", "local stratum 3"};
    struct conf_env env = {.client_only = true};
    struct conf *conf = conf_new(&env);
    struct conf_error error;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert(conf_read_line(conf, &env, lines[i], 1, &error));
    return conf;
}

/* The records one after another, and the first poll of each clock. */
static void feed(struct input *in, struct refclock_set *set, struct loop *loop, const uint8_t *data,
                 size_t size)
{
    while (size > 0) {
        uint8_t head = *data++;
        size_t length = (head & 1) != 0 ? SHM_SIZE : head >> 1;

        size--;
        if (length > size)
            break;
        if ((head & 1) != 0) {
            memcpy(in->shm, data, SHM_SIZE);
            set->clocks[SHM_CLOCK]->driver->poll(set->clocks[SHM_CLOCK]);
            memcpy(in->shm, data, SHM_SIZE);
            set->clocks[FRACTION_CLOCK]->driver->poll(set->clocks[FRACTION_CLOCK]);
        } else {
            in->datagram = data;
            in->length = length;
            in->waiting[0] = in->waiting[1] = true;
            loop_run_once(loop);
        }
        data += length;
        size -= length;
    }
    loop_run_once(loop);
    for (int i = 0; i < set->count; i++) {
        const struct source_sample *last = sample_filter_last(set->clocks[i]->filter);

        if (last)
            assert(isfinite(last->offset) && isfinite(last->root_dispersion));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct local_clock_params params = {
        .conf = {.precision = 1e-6, .max_drift = 1e5, .max_error = 1.0}};
    struct input in;

    init(&in);
    struct conf *conf = read_conf();
    struct world *world = &in.fuzz.world;
    struct loop *loop = loop_new(world);
    struct local_clock *clock = local_clock_new(world, loop, &params);
    struct reference_env reference_env = {.world = world, .loop = loop, .clock = clock};
    struct reference *reference = reference_new(&reference_env, &conf->reference);
    struct source_register_env set_env = {.world = world, .clock = clock, .reference = reference};
    struct source_register *sources = source_register_new(&set_env, &conf->selection);
    struct refclock_env env = {world, loop, clock, NULL};
    struct refclock_set *set = refclock_set_new(&env);

    refclock_set_open(set, &conf->refclocks);
    refclock_set_attach(set, sources, reference);
    refclock_set_start(set);
    feed(&in, set, loop, data, size);
    refclock_set_free(set);
    source_register_free(sources);
    reference_set_mode(reference, REFERENCE_IGNORE);
    reference_free(reference);
    local_clock_free(clock);
    loop_free(loop);
    conf_free(conf);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard of the clock: whatever is asked for, in whatever order and however fast, and whatever
 * guard comes in the place of one that has ended, the clock of a world that records does not leave
 * the policy. That is judged from the record alone, by rules of its own.
 *
 * Input: the policy (2 octets), then requests of 12 octets: kind, reason or leap, time that passes
 * (2), number (8).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include "base/log.h"
#include "base/wire.h"
#include "clock/driver_linux.h"
#include "clock/guard.h"
#include "test/fuzz/support.h"

#define MAX_FREQ_PPM 500.0
#define THRESHOLD    0.5
#define LIMIT        3
#define MAX_CHANGE   20.0
#define COMMAND_STEP 100.0
#define PER_HOUR     2
#define MAX_STEPS    4096
/* A midnight at which a leap second may come, with FUZZ_TIME far from any. */
#define END_OF_JUNE INT64_C(1782864000)

/* What has happened to the clock. */
struct record {
    struct world world;
    struct world_ops ops;
    double elapsed; /* s, since the start */
    int64_t start;  /* raw seconds */
    double stepped; /* s */
    double steps[MAX_STEPS], step_times[MAX_STEPS];
    int step_count;
    uint64_t changes;
    struct timex kernel;
};

static struct raw_time raw_now(void *ctx)
{
    const struct record *r = ctx;

    return raw_add((struct raw_time){{.sec = r->start}}, r->elapsed + r->stepped);
}

static struct mono_time mono_now(void *ctx)
{
    return mono_add((struct mono_time){{.sec = 1000}}, ((const struct record *)ctx)->elapsed);
}

static long clock_ticks(void *ctx)
{
    return 100;
}

static bool kernel_release(void *ctx, char *buf, size_t size)
{
    memcpy(buf, "6.1.0", 6);
    return true;
}

static void record_step(struct record *r, const struct timex *t)
{
    double step = (double)t->time.tv_sec + 1e-9 * (double)t->time.tv_usec;

    assert((t->modes & ADJ_NANO) && t->time.tv_usec >= 0 && t->time.tv_usec < 1000000000);
    if (step == 0.0)
        return;
    assert(r->step_count < MAX_STEPS);
    r->steps[r->step_count] = step;
    r->step_times[r->step_count++] = r->elapsed;
    r->stepped += step;
}

static int adjust(void *ctx, struct timex *t)
{
    struct record *r = ctx;
    unsigned int modes = t->modes;

    if (modes & ADJ_SETOFFSET)
        record_step(r, t);
    if (modes & ADJ_TICK)
        r->kernel.tick = t->tick;
    if (modes & ADJ_FREQUENCY)
        r->kernel.freq = t->freq;
    if (modes & ADJ_STATUS)
        r->kernel.status = t->status;
    if (modes & ADJ_TAI)
        r->kernel.tai = (int)t->constant;
    if (modes & ADJ_MAXERROR)
        assert(t->maxerror >= 0 && t->maxerror <= 16000000);
    if (modes & ADJ_ESTERROR)
        assert(t->esterror >= 0 && t->esterror <= 16000000);
    r->changes += modes != 0;
    *t = r->kernel;
    return 0;
}

static void record_init(struct record *r, int64_t start)
{
    memset(r, 0, sizeof(*r));
    r->ops = (struct world_ops){.raw_now = raw_now,
                                .mono_now = mono_now,
                                .adjtimex = adjust,
                                .clock_ticks = clock_ticks,
                                .kernel_release = kernel_release};
    r->world = (struct world){&r->ops, r};
    r->start = start;
    r->kernel.tick = 10000;
}

/* ---- The rules ---- */

/* So many of the steps were made within an hour before this one, and with it. */
static int steps_in_hour(const struct record *r, int last)
{
    int count = 0;

    for (int i = 0; i <= last; i++)
        count += r->step_times[last] - r->step_times[i] < 3600.0 - 1e-6;
    return count;
}

static void check_frequency(const struct record *r)
{
    double ppm = 100.0 * (10000.0 - (double)r->kernel.tick) - (double)r->kernel.freq / 65536.0;

    assert(fabs(ppm) <= MAX_FREQ_PPM + 0.001);
}

/* The policy has at most: LIMIT steps at updates, one of an RTC and one initial in the life of the
   daemon; PER_HOUR by command in each hour; a leap second a day. */
static void check_steps(const struct record *r, bool unlimited)
{
    double largest = 0.0;

    for (int i = 0; i < r->step_count; i++)
        largest = fmax(largest, fabs(r->steps[i]));
    if (unlimited)
        return;
    for (int i = 0; i < r->step_count; i++)
        assert(steps_in_hour(r, i) <= LIMIT + 2 + PER_HOUR + 1);
    double hours = floor(r->elapsed / 3600.0) + 1.0;
    assert(r->step_count <= LIMIT + 2 + PER_HOUR * hours + floor(r->elapsed / 86400.0) + 1.0);
}

/* With no step by makestep and none at the start, what is left is small and rare. */
static void check_small_steps(const struct record *r)
{
    for (int i = 0; i < r->step_count; i++) {
        assert(fabs(r->steps[i]) <= COMMAND_STEP + 1e-6);
        assert(steps_in_hour(r, i) <= PER_HOUR + 1);
    }
}

static void check_status(const struct record *r)
{
    assert((r->kernel.status & ~(STA_UNSYNC | STA_INS | STA_DEL)) == 0);
    assert((r->kernel.status & (STA_INS | STA_DEL)) != (STA_INS | STA_DEL));
    assert(r->kernel.tai == 0 || (r->kernel.tai >= 10 && r->kernel.tai <= 255));
}

static void check(const struct record *r, const struct guard_policy *policy)
{
    check_frequency(r);
    check_steps(r, policy->makestep.limit < 0);
    if (policy->makestep.limit == 0 && !policy->steps_from_rtc && !policy->steps_initially)
        check_small_steps(r);
    check_status(r);
    assert((double)r->changes <= 5000.0 + GUARD_CHANGES * (r->elapsed + 2.0));
}

/* ---- The requests ---- */

static struct guard_policy make_policy(unsigned int bits)
{
    return (struct guard_policy){
        .max_freq_ppm = MAX_FREQ_PPM,
        .makestep = {.threshold = THRESHOLD,
                     .limit = (bits & 1)   ? LIMIT
                              : (bits & 2) ? -1
                                           : 0},
        .max_change = {.offset = MAX_CHANGE, .start = (bits & 4) ? 1 : -1},
        .clock_step = {.limit = COMMAND_STEP, .per_hour = PER_HOUR},
        .steps_from_rtc = (bits & 8) != 0,
        .steps_initially = (bits & 16) != 0,
        .leap_mode = (bits & 32) ? LEAPSEC_STEP : LEAPSEC_SYSTEM,
        .sets_rtc = true,
    };
}

static double read_double(struct reader *input)
{
    uint64_t bits = reader_u64(input);
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static struct ipc_message read_request(struct reader *input, double *wait)
{
    struct ipc_message m = {
        .type = (enum ipc_type)(IPC_GUARD_READ +
                                reader_u8(input) % (IPC_GUARD_REPLY - IPC_GUARD_READ))};
    struct ipc_guard_request *r = &m.u.guard_request;
    unsigned int choice = reader_u8(input);

    *wait = reader_u16(input);
    double number = read_double(input);
    /* Not all numbers are far out of range. */
    if (choice & 0x80)
        number = fmod(number, 2.0 * COMMAND_STEP);
    r->reason = (enum step_reason)((choice & 0x7f) % STEP_REASONS);
    r->freq_ppm = r->offset = r->est_error = r->max_error = number;
    r->base_ppm = (choice & 0x40) ? -0.5 * number : 1.0;
    r->leap = (int32_t)(choice & 0x7f) - 2;
    r->tai_offset = isfinite(number) && fabs(number) < 1e9 ? (int32_t)number : INT32_MIN;
    r->seconds = FUZZ_TIME;
    return m;
}

/* As by way of the channel. */
static void ask(struct guard *guard, const struct ipc_message *request)
{
    uint8_t octets[IPC_LONG_SIZE];
    struct ipc_message received, reply;
    enum ipc_state state = IPC_FRESH;
    int descriptors = request->type == IPC_GUARD_RTC;
    size_t size = ipc_encode(request, octets);

    assert(ipc_decode(octets, size, descriptors, IPC_CLOCK_USER, &state, &received));
    guard_answer(guard, &received, -1, &reply);
    size = ipc_encode(&reply, octets);
    assert(ipc_decode(octets, size, 0, IPC_GUARD, &state, &received));
    assert(received.u.guard_reply.verdict == GUARD_ALLOWED || !received.u.guard_reply.done);
}

/* One that comes in the place of another one. */
static struct guard *next_guard(struct record *r, struct guard *guard, struct guard_policy *policy)
{
    struct timex left = r->kernel;

    guard_free(guard);
    struct kernel_clock kernel = driver_linux_new(&r->world, true);
    r->kernel = left;
    driver_linux_continue(&kernel);
    policy->restarted = true;
    return guard_new(&r->world, &kernel, policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader input = reader_make(data, size);
    unsigned int bits = reader_u8(&input), restart_every = reader_u8(&input);
    struct guard_policy policy = make_policy(bits);
    static struct record r;
    int count = 0;

    log_set_threshold(LOG_SEV_FATAL);
    record_init(&r, (bits & 64) ? END_OF_JUNE - 10 : FUZZ_TIME);
    struct kernel_clock kernel = driver_linux_new(&r.world, true);
    struct guard *guard = guard_new(&r.world, &kernel, &policy);
    while (reader_left(&input) >= 12 && r.step_count < MAX_STEPS - 1) {
        double wait;
        struct ipc_message request = read_request(&input, &wait);

        r.elapsed += wait / 16.0;
        ask(guard, &request);
        check(&r, &policy);
        if (restart_every != 0 && ++count % (int)restart_every == 0)
            guard = next_guard(&r, guard, &policy);
    }
    guard_leave(guard);
    check(&r, &policy);
    guard_free(guard);
    return 0;
}

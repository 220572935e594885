/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard_client USER LEVEL CLOCK: a main process that was taken over. It starts the fork server and
 * the guard as the daemon does, with the user and the filter level, and asks the guard for all that
 * its policy does not allow. The kernel's clock is the file CLOCK (test/system/fake_clock.c is
 * preloaded), which must not move. The last line of the output is the time that a request takes.
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "chronyd/os/world_linux.h"
#include "clock/driver_linux.h"
#include "clock/guard_role.h"
#include "process/channel.h"
#include "process/fork_server.h"
#include "process/privileges.h"
#include "test/system/fake_clock.h"
#include "test/tools/tool.h"

#define PATIENCE 1000 /* ms */
#define FLOOD    20000
#define ROUNDS   5000

struct client {
    struct world *world;
    struct sandbox sandbox;
    struct guard_process process;
    struct fork_server *fork_server;
    struct channel channel;
    pid_t pid;
    const struct fake_clock *clock;
    uint32_t id;
};

static _Noreturn void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

/* ---- Start ---- */

static const struct guard_policy policy = {
    .max_freq_ppm = 600.0,
    .makestep = {.threshold = 0.5, .limit = 1},
    .max_change = {.offset = 10.0, .start = 0},
    .clock_step = {.limit = 100.0, .per_hour = 2},
};

static const struct fake_clock *open_clock(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *clock =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct fake_clock), PROT_READ, MAP_SHARED, fd, 0);

    if (clock == MAP_FAILED)
        fail("no clock %s", path);
    close(fd);
    return clock;
}

static void await_guard(struct client *c)
{
    struct lone_process process;

    channel_close(&c->channel);
    if (!fork_server_await_lone(c->fork_server, PROCESS_GUARD, 1, &process))
        fail("no guard was started");
    c->channel = channel_make(process.channel, IPC_GUARD, 0);
    c->pid = process.pid;
}

static void start(struct client *c, const char *user, int level)
{
    const struct world_linux_options options = {.ipv4 = true};
    struct fork_server_spec spec = {.sandbox = &c->sandbox, .lone_count = 1};
    char error[256];

    c->world = world_linux_new(&options);
    c->sandbox.filter_level = level;
    c->sandbox.guards_clock = true;
    sandbox_find_users(&c->sandbox, user);
    sandbox_share_violations(&c->sandbox);
    c->process = (struct guard_process){c->world, driver_linux_new(c->world, false), policy};
    const struct lone_role role = guard_role_make(&c->process);
    spec.world = c->world;
    spec.lone = &role;
    c->fork_server = fork_server_start(&spec, error, sizeof(error));
    if (!c->fork_server)
        fail("%s", error);
    c->channel = channel_make(-1, IPC_GUARD, 0);
    await_guard(c);
    privileges_drop(c->sandbox.uid, c->sandbox.gid, 0);
}

/* ---- Requests ---- */

static enum channel_result send_request(struct client *c, enum ipc_type type,
                                        const struct ipc_guard_request *request, int fd,
                                        struct ipc_message *reply)
{
    struct ipc_message message = {.type = type, .u.guard_request = *request};

    message.u.guard_request.id = ++c->id;
    return channel_ask(&c->channel, &message, fd, PATIENCE, reply);
}

static const struct ipc_guard_reply *ask(struct client *c, enum ipc_type type,
                                         const struct ipc_guard_request *request, int fd,
                                         struct ipc_message *reply)
{
    if (send_request(c, type, request, fd, reply) != CHANNEL_OK || reply->u.guard_reply.id != c->id)
        fail("request %d of type %d was not answered", (int)c->id, (int)type);
    return &reply->u.guard_reply;
}

static void expect(struct client *c, enum guard_verdict verdict, enum ipc_type type,
                   struct ipc_guard_request request, int fd)
{
    const struct fake_clock before = *c->clock;
    struct ipc_message message;
    const struct ipc_guard_reply *reply = ask(c, type, &request, fd, &message);

    if (reply->verdict != verdict)
        fail("type %d: %s, not %s", (int)type, guard_verdict_text(reply->verdict),
             guard_verdict_text(verdict));
    bool moved = memcmp(&before, (const void *)c->clock, sizeof(before)) != 0;
    if (reply->done != (verdict == GUARD_ALLOWED) || (moved && !reply->done))
        fail("type %d: %s, but the clock moved", (int)type, guard_verdict_text(reply->verdict));
}

static void refuse_step(struct client *c, enum guard_verdict verdict, enum step_reason reason,
                        double offset)
{
    expect(c, verdict, IPC_GUARD_STEP,
           (struct ipc_guard_request){.reason = reason, .offset = offset}, -1);
}

static void refuse_frequency(struct client *c, enum guard_verdict verdict, double freq_ppm)
{
    expect(c, verdict, IPC_GUARD_FREQUENCY, (struct ipc_guard_request){.freq_ppm = freq_ppm}, -1);
}

static void update(struct client *c)
{
    expect(c, GUARD_ALLOWED, IPC_GUARD_UPDATE, (struct ipc_guard_request){0}, -1);
}

/* ---- What is tried ---- */

static void try_numbers(struct client *c)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, 4.9e-324, -1e-310};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuse_frequency(c, GUARD_BAD_NUMBER, bad[i]);
        for (int reason = 0; reason < STEP_REASONS; reason++)
            refuse_step(c, GUARD_BAD_NUMBER, (enum step_reason)reason, bad[i]);
        expect(c, GUARD_BAD_NUMBER, IPC_GUARD_STATUS,
               (struct ipc_guard_request){.max_error = bad[i]}, -1);
    }
    refuse_frequency(c, GUARD_FREQUENCY, 600.001);
    refuse_frequency(c, GUARD_FREQUENCY, -1e300);
    expect(c, GUARD_STATUS, IPC_GUARD_STATUS, (struct ipc_guard_request){.est_error = 17.0}, -1);
    expect(c, GUARD_LEAP, IPC_GUARD_LEAP, (struct ipc_guard_request){.leap = 5}, -1);
    expect(c, GUARD_TAI, IPC_GUARD_LEAP, (struct ipc_guard_request){.tai_offset = -1}, -1);
}

static void try_steps(struct client *c)
{
    refuse_step(c, GUARD_STEP_NOT_NOW, STEP_UPDATE, 1.0);
    refuse_step(c, GUARD_STEP_START, STEP_RTC, 1.0);
    refuse_step(c, GUARD_STEP_START, STEP_INITIAL, 1.0);
    refuse_step(c, GUARD_STEP_LEAP, STEP_LEAP, 1.0);
    refuse_step(c, GUARD_STEP_TIME, STEP_COMMAND, 1e12);
    refuse_step(c, GUARD_STEP_LIMIT, STEP_COMMAND, 100.5);
    update(c);
    refuse_step(c, GUARD_STEP_SMALL, STEP_UPDATE, 0.5);
    refuse_step(c, GUARD_STEP_MAXCHANGE, STEP_UPDATE, -11.0);
}

/* Until nothing is left. */
static void use_up(struct client *c)
{
    refuse_step(c, GUARD_ALLOWED, STEP_UPDATE, 1.5);
    refuse_step(c, GUARD_ALLOWED, STEP_COMMAND, 2.0);
    refuse_step(c, GUARD_ALLOWED, STEP_COMMAND, -4.0);
    if (c->clock->steps != 3 || c->clock->stepped != 500000000)
        fail("steps that are allowed were not made: %lld", (long long)c->clock->stepped);
}

static void try_more(struct client *c)
{
    update(c);
    for (int i = 0; i < 100; i++) {
        refuse_step(c, GUARD_STEP_NOT_NOW, STEP_UPDATE, 1.0);
        refuse_step(c, GUARD_STEP_HOUR, STEP_COMMAND, 1.0);
        refuse_step(c, GUARD_STEP_START, STEP_INITIAL, 1.0);
    }
}

static void try_devices(struct client *c)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    expect(c, GUARD_RTC_DEVICE, IPC_GUARD_RTC,
           (struct ipc_guard_request){.seconds = (int64_t)time(NULL)}, fd);
    close(fd);
}

static void try_flood(struct client *c)
{
    struct ipc_message reply;
    int64_t before = c->clock->calls;
    double begin = tool_seconds();
    int done = 0;

    for (int i = 0; i < FLOOD; i++)
        done += ask(c, IPC_GUARD_FREQUENCY,
                    &(struct ipc_guard_request){.freq_ppm = i % 2 ? 500.0 : -500.0}, -1, &reply)
                    ->done;
    double most = GUARD_CHANGES * (tool_seconds() - begin + 1.0) + 1.0;
    if (done == 0 || done > most || c->clock->calls - before != done)
        fail("%d changes, at most %f were allowed", done, most);
}

/* Nothing is gained by the end of a guard, in whatever way. */
static void try_other_guards(struct client *c)
{
    const struct ipc_guard_request nothing = {0};
    struct ipc_message message;
    pid_t previous = c->pid;

    fork_server_kill(c->fork_server, c->pid);
    await_guard(c);
    if (c->pid == previous)
        fail("the same guard");
    try_more(c);
    if (send(c->channel.fd, "nonsense", 8, MSG_NOSIGNAL) != 8 ||
        send_request(c, IPC_GUARD_READ, &nothing, -1, &message) == CHANNEL_OK)
        fail("nonsense was answered");
    await_guard(c);
    try_more(c);
}

/* By itself. */
static void try_alone(const struct client *c)
{
    struct timex t = {.modes = ADJ_FREQUENCY, .freq = 65536};
    int64_t before = c->clock->freq;

    if (adjtimex(&t) == 0 || c->clock->freq != before)
        fail("the clock can be set without the guard");
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure(struct client *c)
{
    static double times[ROUNDS];
    struct ipc_message reply;

    for (int i = 0; i < ROUNDS; i++) {
        double begin = tool_seconds();

        ask(c, IPC_GUARD_READ, &(struct ipc_guard_request){0}, -1, &reply);
        times[i] = tool_seconds() - begin;
    }
    qsort(times, ROUNDS, sizeof(times[0]), compare);
    printf("a request takes %.1f us, one in a hundred %.1f us or more\n", 1e6 * times[ROUNDS / 2],
           1e6 * times[ROUNDS * 99 / 100]);
}

int main(int argc, char **argv)
{
    struct client c = {.id = 0};

    if (argc != 4)
        fail("guard_client USER LEVEL CLOCK");
    signal(SIGPIPE, SIG_IGN);
    log_open_stderr();
    c.clock = open_clock(argv[3]);
    start(&c, argv[1], atoi(argv[2]));
    if (!getenv("FAKE_CLOCK_OPEN"))
        try_alone(&c);
    try_numbers(&c);
    try_devices(&c);
    try_steps(&c);
    use_up(&c);
    try_more(&c);
    try_flood(&c);
    try_other_guards(&c);
    measure(&c);
    channel_close(&c.channel);
    fork_server_free(c.fork_server);
    return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel to the guard's process, whose other end the test holds: answers, silence, nonsense,
 * and the end.
 */
#include "test/unit/support/unit.h"
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "clock/guard_channel.h"
#include "process/channel.h"

#define PID 4711

enum behaviour { ANSWERS, IS_SILENT, ANSWERS_ANOTHER, TALKS_NONSENSE, ENDS };

struct fixture {
    struct guard_channel *channel;
    struct guard_link link;
    int end; /* the guard's, -1: closed */
    enum behaviour behaviour;
    int killed, seen_off;
};

static void on_kill(pid_t pid, void *arg)
{
    assert_int_equal(pid, PID);
    ((struct fixture *)arg)->killed++;
}

static void on_see_off(pid_t pid, void *arg)
{
    assert_int_equal(pid, PID);
    ((struct fixture *)arg)->seen_off++;
}

static void take_new(struct fixture *f, bool is_another)
{
    int ends[2];

    if (f->end >= 0)
        close(f->end);
    assert_true(channel_pair(ends));
    f->end = ends[1];
    assert_int_equal(guard_channel_take(f->channel, ends[0], PID), is_another);
}

static void begin(struct fixture *f)
{
    *f = (struct fixture){.end = -1};
    log_set_threshold(LOG_SEV_FATAL);
    f->channel = guard_channel_new(on_kill, on_see_off, f);
    f->link = guard_channel_link(f->channel);
}

static void end(struct fixture *f)
{
    guard_channel_free(f->channel);
    if (f->end >= 0)
        close(f->end);
    log_set_threshold(LOG_SEV_INFO);
}

static void *behave(void *arg)
{
    struct fixture *f = arg;
    struct channel channel = channel_make(f->end, IPC_CLOCK_USER, 0);
    struct ipc_message request, reply = {.type = IPC_GUARD_REPLY};
    const struct timespec pause = {.tv_nsec = 1000000};
    int fd;

    while (channel_receive(&channel, &request, &fd) == CHANNEL_AGAIN)
        nanosleep(&pause, NULL);
    reply.u.guard_reply =
        (struct ipc_guard_reply){.id = request.u.guard_request.id, .done = true, .freq_ppm = 5.0};
    switch (f->behaviour) {
    case ANSWERS_ANOTHER:
        reply.u.guard_reply.id++;
        channel_send(&channel, &reply, -1);
        break;
    case ANSWERS:
        channel_send(&channel, &reply, -1);
        break;
    case TALKS_NONSENSE:
        assert_int_equal(write(f->end, "x", 1), 1);
        break;
    case ENDS:
        close(f->end);
        f->end = -1;
        break;
    case IS_SILENT:
        break;
    }
    return NULL;
}

static bool ask(struct fixture *f, enum behaviour behaviour)
{
    const struct ipc_message request = {.type = IPC_GUARD_READ, .u.guard_request.id = 99};
    struct ipc_message reply;
    pthread_t thread;

    f->behaviour = behaviour;
    assert_int_equal(pthread_create(&thread, NULL, behave, f), 0);
    bool answered = f->link.ask(f->link.ctx, &request, -1, &reply);
    pthread_join(thread, NULL);
    if (answered)
        assert_true(reply.u.guard_reply.freq_ppm == 5.0);
    return answered;
}

static bool asks_nobody(struct fixture *f)
{
    const struct ipc_message request = {.type = IPC_GUARD_READ};
    struct ipc_message reply;

    return !f->link.ask(f->link.ctx, &request, -1, &reply);
}

static void requests_are_answered(void **state)
{
    struct fixture f;

    begin(&f);
    assert_true(asks_nobody(&f));
    take_new(&f, false);
    for (int i = 0; i < 3; i++)
        assert_true(ask(&f, ANSWERS));
    assert_int_equal(f.killed, 0);
    end(&f);
}

/* It costs its wait once, then nothing is asked until there is another one. */
static void process_that_is_silent_or_talks_nonsense_is_ended(void **state)
{
    static const enum behaviour bad[] = {IS_SILENT, ANSWERS_ANOTHER, TALKS_NONSENSE};
    struct fixture f;

    begin(&f);
    take_new(&f, false);
    for (int i = 0; i < 3; i++) {
        assert_false(ask(&f, bad[i]));
        assert_int_equal(f.killed, i + 1);
        assert_true(asks_nobody(&f));
        assert_int_equal(f.killed, i + 1);
        take_new(&f, true);
        assert_true(ask(&f, ANSWERS));
    }
    end(&f);
}

static void process_that_has_ended_needs_no_end(void **state)
{
    struct fixture f;

    begin(&f);
    take_new(&f, false);
    assert_false(ask(&f, ENDS));
    assert_true(asks_nobody(&f));
    assert_int_equal(f.killed, 0);
    assert_int_equal(f.seen_off, 1);
    take_new(&f, true);
    assert_true(ask(&f, ANSWERS));
    close(f.end); /* between requests */
    f.end = -1;
    assert_true(asks_nobody(&f));
    assert_int_equal(f.killed, 0);
    assert_int_equal(f.seen_off, 2);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(process_that_is_silent_or_talks_nonsense_is_ended),
        cmocka_unit_test(process_that_has_ended_needs_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop in a world of virtual time (discipline.md 3): order of events, spacing of timer
 * classes, detection of clock jumps, monotonic time, fatal conditions.
 */
#include "test/unit/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"

/* One world for each test. Time passes only in wait. */
struct stub {
    struct world world;
    struct loop *loop;
    struct raw_time raw;
    struct mono_time mono;
    /* What the next wait does; then these are cleared. */
    double raw_step;     /* somebody sets the clock during the wait */
    double late;         /* the process does not run for that long after the wait */
    double early;        /* the wait ends after so many seconds, 0: at its time-out */
    int fds[4];          /* ready descriptors, -1 at the end */
    unsigned int events; /* what is ready on them */
    int error;
    bool quit, reload;
    int pending;
    /* What happened. */
    int waits, dispatches, reloads;
    double last_timeout;
    unsigned int random;
    char trace[256];
};

static struct raw_time stub_raw_now(void *ctx)
{
    return ((struct stub *)ctx)->raw;
}

static struct mono_time stub_mono_now(void *ctx)
{
    return ((struct stub *)ctx)->mono;
}

static void pass_time(struct stub *s, double seconds)
{
    s->raw = raw_add(s->raw, seconds);
    s->mono = mono_add(s->mono, seconds);
}

static int stub_wait(void *ctx, struct world_fd *fds, size_t count, double timeout)
{
    struct stub *s = ctx;
    int ready = 0, error = s->error;

    assert_true(++s->waits < 1000);
    s->last_timeout = timeout;
    pass_time(s, (s->early > 0.0 ? s->early : fmax(timeout, 0.0)) + s->late);
    s->raw = raw_add(s->raw, s->raw_step);
    for (size_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        for (size_t j = 0; j < 4; j++) {
            if (s->fds[j] == fds[i].fd)
                fds[i].revents = s->events & fds[i].events;
        }
        ready += fds[i].revents != 0;
    }
    s->raw_step = s->late = s->early = 0.0;
    s->fds[0] = s->fds[1] = s->fds[2] = s->fds[3] = -1;
    s->error = 0;
    if (error == 0)
        return ready;
    errno = error;
    return -1;
}

static bool stub_quit_requested(void *ctx)
{
    struct stub *s = ctx;
    bool quit = s->quit;

    s->quit = false;
    return quit;
}

static bool stub_reload_requested(void *ctx)
{
    struct stub *s = ctx;
    bool reload = s->reload;

    s->reload = false;
    return reload;
}

static void stub_random_bytes(void *ctx, void *out, size_t length)
{
    struct stub *s = ctx;

    assert_int_equal(length, sizeof(s->random));
    memcpy(out, &s->random, length);
}

static void trace(struct stub *s, const char *what, int number)
{
    size_t used = strlen(s->trace);

    snprintf(s->trace + used, sizeof(s->trace) - used, "%s%d ", what, number);
}

static void stub_dispatch(void *ctx)
{
    struct stub *s = ctx;

    s->dispatches++;
    if (s->pending > 0) {
        s->pending = 0;
        trace(s, "answer", 0);
        loop_quit(s->loop);
    }
}

static int stub_pending(void *ctx)
{
    return ((struct stub *)ctx)->pending;
}

static const struct world_ops stub_ops = {
    .raw_now = stub_raw_now,
    .mono_now = stub_mono_now,
    .wait = stub_wait,
    .quit_requested = stub_quit_requested,
    .reload_requested = stub_reload_requested,
    .random_bytes = stub_random_bytes,
    .dispatch = stub_dispatch,
    .pending = stub_pending,
};

static void start(struct stub *s)
{
    *s = (struct stub){
        .raw = {{1700000000, 500000000}},
        .mono = {{5000, 0}},
        .fds = {-1, -1, -1, -1},
    };
    s->world = (struct world){&stub_ops, s};
    s->loop = loop_new(&s->world);
}

static double elapsed(const struct stub *s)
{
    return mono_diff(s->mono, (struct mono_time){{5000, 0}});
}

static void quit_loop(void *arg)
{
    loop_quit(((struct stub *)arg)->loop);
}

/* Timers with a number, which is how often they were to be told apart. */
struct numbered {
    struct stub *s;
    int number;
};

static void note_timer(void *arg)
{
    struct numbered *n = arg;

    trace(n->s, "t", n->number);
}

static void timers_run_in_order_of_expiry_then_of_insertion(void **state)
{
    struct stub s;
    struct numbered n[4];

    start(&s);
    for (int i = 0; i < 4; i++)
        n[i] = (struct numbered){&s, i};
    loop_timer_add(s.loop, 2.0, note_timer, &n[0]);
    loop_timer_add(s.loop, 1.0, note_timer, &n[1]);
    loop_timer_add(s.loop, 2.0, note_timer, &n[2]);
    timer_id id = loop_timer_add(s.loop, 1.5, note_timer, &n[3]);
    loop_timer_add(s.loop, 2.0, quit_loop, &s);
    assert_int_not_equal(id, 0);
    loop_timer_cancel(s.loop, id);
    loop_timer_cancel(s.loop, id);
    loop_timer_cancel(s.loop, 0);
    loop_run(s.loop);
    assert_string_equal(s.trace, "t1 t0 t2 ");
    assert_int_equal(s.waits, 2);
    assert_close(elapsed(&s), 2.0, 1e-6);
    assert_true(loop_is_quitting(s.loop));
    loop_free(s.loop);
}

static void note_delay(void *arg)
{
    struct stub *s = arg;

    trace(s, "ms", (int)lround(elapsed(s) * 1000.0));
}

static void a_class_keeps_its_separation(void **state)
{
    struct stub s;

    /* The example of discipline.md 3.2. */
    start(&s);
    loop_timer_add_class(s.loop, 0.05, 0.0, 0.0, TIMER_CLASS_NTP_CLIENT, note_delay, &s);
    loop_timer_add_class(s.loop, 0.30, 0.0, 0.0, TIMER_CLASS_NTP_CLIENT, note_delay, &s);
    loop_timer_add_class(s.loop, 1.00, 0.0, 0.0, TIMER_CLASS_NTP_CLIENT, note_delay, &s);
    loop_timer_add_class(s.loop, 0.1, 0.2, 0.0, TIMER_CLASS_NTP_CLIENT, note_delay, &s);
    /* Another class does not care. */
    loop_timer_add_class(s.loop, 0.31, 0.2, 0.0, TIMER_CLASS_NTP_PEER, note_delay, &s);
    loop_timer_add(s.loop, 2.0, quit_loop, &s);
    loop_run(s.loop);
    assert_string_equal(s.trace, "ms50 ms300 ms310 ms500 ms1000 ");
    loop_free(s.loop);
}

static void add_soon(void *arg)
{
    struct stub *s = arg;

    note_delay(s);
    loop_timer_add_class(s->loop, 0.0, 0.2, 0.0, TIMER_CLASS_NTP_CLIENT, note_delay, s);
    loop_timer_add_class(s->loop, 0.0, 0.2, 0.0, TIMER_CLASS_NTP_BROADCAST, note_delay, s);
}

static void a_class_keeps_away_from_its_last_dispatch(void **state)
{
    struct stub s;

    start(&s);
    loop_timer_add_class(s.loop, 0.1, 0.2, 0.0, TIMER_CLASS_NTP_CLIENT, add_soon, &s);
    loop_timer_add(s.loop, 2.0, quit_loop, &s);
    loop_run(s.loop);
    assert_string_equal(s.trace, "ms100 ms100 ms300 ");
    loop_free(s.loop);
}

static void randomness_stretches_the_delay(void **state)
{
    struct stub s;

    start(&s);
    s.random = UINT32_MAX;
    loop_timer_add_class(s.loop, 1.0, 0.2, 0.5, TIMER_CLASS_PHC_POLL, note_delay, &s);
    s.random = 0;
    loop_timer_add_class(s.loop, 1.0, 0.2, 0.5, TIMER_CLASS_NTP_PEER, note_delay, &s);
    loop_timer_add(s.loop, 2.0, quit_loop, &s);
    loop_run(s.loop);
    assert_string_equal(s.trace, "ms1000 ms1500 ");
    loop_free(s.loop);
}

static void note_fd(int fd, unsigned int event, void *arg)
{
    struct stub *s = arg;

    trace(s, event == WORLD_READ ? "r" : event == WORLD_WRITE ? "w" : "x", fd);
}

static void descriptors_are_served_in_ascending_order(void **state)
{
    struct stub s;

    start(&s);
    loop_fd_add(s.loop, 7, WORLD_READ | WORLD_WRITE, note_fd, &s);
    loop_fd_add(s.loop, 3, WORLD_READ, note_fd, &s);
    loop_fd_add(s.loop, 5, WORLD_READ | WORLD_EXCEPT | WORLD_WRITE, note_fd, &s);
    loop_fd_add(s.loop, 4, WORLD_READ, note_fd, &s);
    s.fds[0] = 7;
    s.fds[1] = 5;
    s.fds[2] = 3;
    s.events = WORLD_READ | WORLD_WRITE | WORLD_EXCEPT;
    loop_timer_add(s.loop, 1.0, quit_loop, &s);
    loop_run(s.loop);
    /* After an exception there is no reading in the same round. */
    assert_string_equal(s.trace, "r3 x5 w5 r7 w7 ");
    loop_free(s.loop);
}

static void remove_others(int fd, unsigned int event, void *arg)
{
    struct stub *s = arg;

    note_fd(fd, event, arg);
    loop_fd_remove(s->loop, 3);
    loop_fd_remove(s->loop, 4);
    loop_fd_remove(s->loop, 6);
    /* A new one with the number of one that was removed: its event is not the old one's. */
    loop_fd_add(s->loop, 4, WORLD_READ, note_fd, s);
    loop_fd_set_events(s->loop, 5, WORLD_WRITE);
    for (int i = 10; i < 60; i++)
        loop_fd_add(s->loop, i, WORLD_READ, note_fd, s);
}

static void handlers_may_remove_themselves_and_others(void **state)
{
    struct stub s;

    start(&s);
    loop_fd_add(s.loop, 3, WORLD_READ | WORLD_WRITE, remove_others, &s);
    loop_fd_add(s.loop, 4, WORLD_READ, note_fd, &s);
    loop_fd_add(s.loop, 5, WORLD_READ | WORLD_WRITE, note_fd, &s);
    loop_fd_add(s.loop, 6, WORLD_READ, note_fd, &s);
    s.fds[0] = 3;
    s.fds[1] = 4;
    s.fds[2] = 5;
    s.fds[3] = 6;
    s.events = WORLD_READ | WORLD_WRITE;
    loop_timer_add(s.loop, 1.0, quit_loop, &s);
    loop_run(s.loop);
    assert_string_equal(s.trace, "r3 w5 ");
    loop_free(s.loop);
}

static void note_wake(struct raw_time raw, void *arg)
{
    struct stub *s = arg;

    assert_int_equal(instant_compare(raw.i, s->raw.i), 0);
    assert_int_equal(instant_compare(loop_event_raw(s->loop).i, s->raw.i), 0);
    trace(s, "wake", s->waits);
}

static void note_jump(struct raw_time raw, double step, void *arg)
{
    struct stub *s = arg;

    assert_int_equal(instant_compare(raw.i, s->raw.i), 0);
    trace(s, "jump", (int)lround(step));
    /* As the clock announces the step to everybody, the loop included. */
    loop_clock_stepped(s->loop, step);
    assert_int_equal(instant_compare(loop_event_raw(s->loop).i, s->raw.i), 0);
}

static void answers_are_delivered_after_the_wake_up(void **state)
{
    struct stub s;

    start(&s);
    loop_set_wake_handler(s.loop, note_wake, &s);
    loop_fd_add(s.loop, 3, WORLD_READ, note_fd, &s);
    s.fds[0] = 3;
    s.events = WORLD_READ;
    s.pending = 1;
    s.early = 0.1;
    loop_run(s.loop);
    assert_string_equal(s.trace, "wake1 answer0 r3 ");
    assert_int_equal(s.dispatches, 1);
    loop_free(s.loop);
}

static void a_pending_answer_is_something_to_wait_for(void **state)
{
    struct stub s;

    start(&s);
    s.pending = 1;
    loop_run(s.loop);
    assert_string_equal(s.trace, "answer0 ");
    assert_true(s.last_timeout < 0.0);
    loop_free(s.loop);
}

/* Runs one wait of `timeout` seconds during which the clock is set by `step`. */
static void run_with_step(struct stub *s, double timeout, double early, double late, double step)
{
    start(s);
    loop_set_jump_handler(s->loop, note_jump, s);
    loop_timer_add(s->loop, timeout, quit_loop, s);
    s->raw_step = step;
    s->early = early;
    s->late = late;
    loop_run(s->loop);
}

static void steps_of_more_than_ten_seconds_are_jumps(void **state)
{
    static const struct {
        double timeout, early, late, step;
        const char *trace;
    } cases[] = {
        {1.0, 0.0, 0.0, 0.0, ""},
        {1.0, 0.0, 0.0, 10.0, ""},
        {1.0, 0.0, 0.0, 11.0, "jump-11 "},
        {1.0, 0.0, 0.0, -10.0, ""},
        {1.0, 0.0, 0.0, -11.0, "jump11 "},
        {1.0, 0.0, 0.0, 1e8, "jump-100000000 "},
        {1.0, 0.0, 0.0, -1e8, "jump100000000 "},
        {1024.0, 0.0, 0.0, -11.0, "jump11 "},
        {1024.0, 500.0, 0.0, 11.0, "jump-11 "},
        {1024.0, 500.0, 0.0, -11.0, "jump11 "},
        {1024.0, 500.0, 0.0, 9.0, ""},
        /* Only whole seconds count: from .5 to .4 of the eleventh. */
        {1.0, 0.0, 0.0, 10.4, ""},
        {1.0, 0.0, 0.0, 10.5, "jump-11 "},
        /* The process was stopped for longer than it wanted to wait. */
        {1.0, 0.0, 60.0, 0.0, "jump-60 "},
    };
    struct stub s;

    log_set_threshold(LOG_SEV_ERROR);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_with_step(&s, cases[i].timeout, cases[i].early, cases[i].late, cases[i].step);
        assert_string_equal(s.trace, cases[i].trace);
        /* Timers keep their delay whatever the clock shows. */
        assert_close(elapsed(&s), cases[i].timeout + cases[i].late, 1e-6);
        loop_free(s.loop);
    }
    log_set_threshold(LOG_SEV_INFO);
}

static void step_clock(void *arg)
{
    struct stub *s = arg;

    /* 1000 s backwards, by the daemon itself. */
    s->raw = raw_add(s->raw, -1000.0);
    loop_clock_stepped(s->loop, 1000.0);
}

static void own_steps_are_no_jumps(void **state)
{
    struct stub s;

    start(&s);
    loop_set_jump_handler(s.loop, note_jump, &s);
    loop_timer_add(s.loop, 5.0, step_clock, &s);
    loop_timer_add(s.loop, 20.0, quit_loop, &s);
    loop_run(s.loop);
    assert_string_equal(s.trace, "");
    assert_close(elapsed(&s), 20.0, 1e-6);
    assert_close(loop_uptime(s.loop), 20.0, 0.011);
    loop_free(s.loop);
}

static void monotonic_time_counts_external_steps_as_elapsed(void **state)
{
    struct stub s;

    log_set_threshold(LOG_SEV_ERROR);
    run_with_step(&s, 3.0, 0.0, 0.0, 0.0);
    assert_close(loop_uptime(s.loop), 3.0, 0.011);
    loop_free(s.loop);
    run_with_step(&s, 3.0, 0.0, 0.0, 7.0);
    assert_close(loop_uptime(s.loop), 10.0, 0.011);
    loop_free(s.loop);
    run_with_step(&s, 3.0, 0.0, 0.0, -103.0);
    assert_close(loop_uptime(s.loop), 100.0, 0.011);
    loop_free(s.loop);
    log_set_threshold(LOG_SEV_INFO);
}

static void short_waits_add_up(void **state)
{
    struct stub s;

    start(&s);
    for (int i = 1; i <= 100; i++)
        loop_timer_add(s.loop, 0.003 * i, note_delay, &s);
    loop_timer_add(s.loop, 0.3, quit_loop, &s);
    loop_run(s.loop);
    assert_close(loop_uptime(s.loop), 0.3, 0.011);
    loop_free(s.loop);
}

static void note_reload(void *arg)
{
    ((struct stub *)arg)->reloads++;
}

static void signals_are_looked_for_after_each_wait(void **state)
{
    struct stub s;

    start(&s);
    loop_set_reload_handler(s.loop, note_reload, &s);
    loop_timer_add(s.loop, 5.0, note_delay, &s);
    s.error = EINTR;
    s.early = 1.0;
    s.reload = true;
    loop_timer_add(s.loop, 7.0, quit_loop, &s);
    loop_run(s.loop);
    assert_int_equal(s.reloads, 1);
    assert_string_equal(s.trace, "ms5000 ");
    loop_free(s.loop);

    start(&s);
    loop_timer_add(s.loop, 5.0, note_delay, &s);
    s.error = EINTR;
    s.early = 1.0;
    s.quit = true;
    loop_run(s.loop);
    assert_string_equal(s.trace, "");
    loop_free(s.loop);
}

static void two_loops_do_not_disturb_each_other(void **state)
{
    struct stub a, b;

    start(&a);
    start(&b);
    loop_timer_add(a.loop, 1.0, quit_loop, &a);
    loop_timer_add(b.loop, 2.0, quit_loop, &b);
    loop_run(b.loop);
    assert_false(loop_is_quitting(a.loop));
    loop_run(a.loop);
    assert_close(elapsed(&a), 1.0, 1e-6);
    assert_close(elapsed(&b), 2.0, 1e-6);
    loop_free(a.loop);
    loop_free(b.loop);
}

/* Runs something in a child, which has to end with the given fatal message. */
static void assert_fatal(void (*run)(struct stub *s), const char *message)
{
    char text[128] = "";
    int parent[2], status;

    assert_int_equal(pipe(parent), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        struct stub s;

        dup2(null, STDERR_FILENO);
        close(parent[0]);
        log_set_parent_fd(parent[1]);
        start(&s);
        run(&s);
        _exit(7);
    }
    close(parent[1]);
    assert_true(read(parent[0], text, sizeof(text) - 1) >= 0);
    close(parent[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_string_equal(text, message);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void run_empty(struct stub *s)
{
    loop_fd_add(s->loop, 3, WORLD_EXCEPT, note_fd, s);
    loop_run(s->loop);
}

static void run_failing_wait(struct stub *s)
{
    loop_timer_add(s->loop, 1.0, quit_loop, s);
    s->error = EINVAL;
    loop_run(s->loop);
}

static void add_again(void *arg)
{
    struct stub *s = arg;

    loop_timer_add(s->loop, 0.0, add_again, s);
}

static void run_for_ever(struct stub *s)
{
    add_again(s);
    loop_run(s->loop);
}

static void add_too_far(struct stub *s)
{
    s->mono.i.sec = INT64_MAX - 100;
    loop_timer_add(s->loop, 1e6, quit_loop, s);
}

static void add_nan(struct stub *s)
{
    loop_timer_add(s->loop, NAN, quit_loop, s);
}

static void fatal_conditions(void **state)
{
    assert_fatal(run_empty, "Nothing to do");
    assert_fatal(run_failing_wait, "select() failed : Invalid argument");
    assert_fatal(run_for_ever, "Possible infinite loop in scheduling");
    assert_fatal(add_too_far, "Timeout overflow");
    assert_fatal(add_nan, "Timeout overflow");
}

static void many_timers_at_once_are_no_infinite_loop(void **state)
{
    struct stub s;

    start(&s);
    for (int i = 0; i < 1000; i++)
        loop_timer_add(s.loop, 1.0, note_delay, &s);
    loop_timer_add(s.loop, 1.0, quit_loop, &s);
    loop_run(s.loop);
    assert_int_equal(s.waits, 1);
    loop_free(s.loop);
}

static void a_wait_never_ends_in_smaller_and_smaller_waits(void **state)
{
    struct stub s;

    start(&s);
    loop_timer_add(s.loop, 1.0, quit_loop, &s);
    /* The first wait ends a nanosecond early. */
    s.early = 0.999999999;
    loop_run(s.loop);
    assert_int_equal(s.waits, 2);
    assert_true(s.last_timeout >= 1e-6);
    loop_free(s.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_run_in_order_of_expiry_then_of_insertion),
        cmocka_unit_test(a_class_keeps_its_separation),
        cmocka_unit_test(a_class_keeps_away_from_its_last_dispatch),
        cmocka_unit_test(randomness_stretches_the_delay),
        cmocka_unit_test(descriptors_are_served_in_ascending_order),
        cmocka_unit_test(handlers_may_remove_themselves_and_others),
        cmocka_unit_test(answers_are_delivered_after_the_wake_up),
        cmocka_unit_test(a_pending_answer_is_something_to_wait_for),
        cmocka_unit_test(steps_of_more_than_ten_seconds_are_jumps),
        cmocka_unit_test(own_steps_are_no_jumps),
        cmocka_unit_test(monotonic_time_counts_external_steps_as_elapsed),
        cmocka_unit_test(short_waits_add_up),
        cmocka_unit_test(signals_are_looked_for_after_each_wait),
        cmocka_unit_test(two_loops_do_not_disturb_each_other),
        cmocka_unit_test(fatal_conditions),
        cmocka_unit_test(many_timers_at_once_are_no_infinite_loop),
        cmocka_unit_test(a_wait_never_ends_in_smaller_and_smaller_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting when the kernel has no memory for a large set of descriptors: the daemon goes on. This
 * program has a ppoll() of its own, which fails like that.
 */
/* For the function below to be the one that is called. */
#undef _FORTIFY_SOURCE
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/world.h"
#include "chronyd/os/world_linux.h"

#define PIPES 40

static nfds_t most_that_fit = 16;
static int refusal = ENOMEM;
static int failures;

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec copy = {0, 0};

    if (count > most_that_fit) {
        failures++;
        errno = refusal;
        return -1;
    }
    if (timeout)
        copy = *timeout;
    return (int)syscall(SYS_ppoll, fds, count, timeout ? &copy : NULL, mask, 8);
}

struct fixture {
    struct world *world;
    int pipes[PIPES][2];
    struct world_fd fds[PIPES];
};

static int set_up(void **state)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};
    struct fixture *f = calloc(1, sizeof(*f));

    f->world = world_linux_new(&options);
    for (int i = 0; i < PIPES; i++) {
        assert_int_equal(pipe(f->pipes[i]), 0);
        f->fds[i] = (struct world_fd){.fd = f->pipes[i][0], .events = WORLD_READ};
    }
    failures = 0;
    refusal = ENOMEM;
    most_that_fit = 16;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < PIPES; i++) {
        close(f->pipes[i][0]);
        close(f->pipes[i][1]);
    }
    world_linux_free(f->world);
    free(f);
    return 0;
}

static int wait_for(struct fixture *f, double timeout)
{
    return f->world->ops->wait(f->world->ctx, f->fds, PIPES, timeout);
}

/* The limit of descriptors was lowered below those that are open. */
static void refused_set_is_polled_in_parts(void **state)
{
    struct fixture *f = *state;

    refusal = EINVAL;
    assert_int_equal(write(f->pipes[PIPES - 1][1], "x", 1), 1);
    assert_int_equal(wait_for(f, 5.0), 1);
    assert_int_equal(f->fds[PIPES - 1].revents, WORLD_READ);
    assert_true(failures > 0);
}

static void all_that_is_ready_is_found(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(write(f->pipes[0][1], "x", 1), 1);
    assert_int_equal(write(f->pipes[17][1], "x", 1), 1);
    assert_int_equal(write(f->pipes[PIPES - 1][1], "x", 1), 1);
    assert_int_equal(wait_for(f, 10.0), 3);
    assert_int_equal(failures, 1);
    for (int i = 0; i < PIPES; i++)
        assert_int_equal(f->fds[i].revents, i == 0 || i == 17 || i == PIPES - 1 ? WORLD_READ : 0);
}

static void nothing_ready_is_no_error(void **state)
{
    struct fixture *f = *state;

    /* Earlier than asked is allowed, not at all is not. */
    assert_int_equal(wait_for(f, 0.02), 0);
    assert_int_equal(wait_for(f, 0.0), 0);
    assert_int_equal(wait_for(f, -1.0), 0);
}

static void not_even_one_part_fits(void **state)
{
    struct fixture *f = *state;

    most_that_fit = 0;
    assert_int_equal(write(f->pipes[0][1], "x", 1), 1);
    assert_int_equal(wait_for(f, 0.02), 0);
    for (int i = 0; i < PIPES; i++)
        assert_int_equal(f->fds[i].revents, 0);
    most_that_fit = 1000;
    assert_int_equal(wait_for(f, 10.0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_set_is_polled_in_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_that_is_ready_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_ready_is_no_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_even_one_part_fits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name resolution when it goes wrong: helpers that end, hang or lie, threads that hang. The C
 * library's lookup is replaced by one that does what its name says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include "chronyd/os/resolver.h"
#include "chronyd/os/world_linux.h"
#include "process/channel.h"
#include "test/unit/support/resolver.h"

#define WAIT  20.0 /* seconds that nothing here takes */
#define LIMIT 0.3  /* of a lookup, where it is to be exceeded */

static atomic_bool stuck_may_end;

/* stuck.test: hangs until it is told not to; dies.test: ends the process; else an address. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *found = calloc(1, sizeof(*found));

    while (strcmp(node, "stuck.test") == 0 && !atomic_load(&stuck_may_end))
        usleep(1000);
    if (strcmp(node, "dies.test") == 0)
        _exit(7);
    found->address.sin_family = AF_INET;
    found->address.sin_addr.s_addr = htonl(0xc0000207); /* 192.0.2.7 */
    found->info.ai_family = AF_INET;
    found->info.ai_addr = (struct sockaddr *)&found->address;
    found->info.ai_addrlen = sizeof(found->address);
    *result = &found->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    free(list);
}

struct fixture {
    struct world *world;
    pid_t helpers[4];
    int helper_count;
    pid_t replaced;
    pid_t seen_off; /* that was asked for */
    int answers;
    enum resolve_status status; /* of the last one */
};

static int set_up(void **state)
{
    const struct world_linux_options options = {.ipv4 = true, .ipv6 = true};
    struct fixture *f = calloc(1, sizeof(*f));

    atomic_store(&stuck_may_end, false);
    f->world = world_linux_new(&options);
    world_linux_set_lookup_limit(f->world, WAIT);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    atomic_store(&stuck_may_end, true);
    world_linux_free(f->world);
    for (int i = 0; i < f->helper_count; i++) {
        kill(f->helpers[i], SIGKILL);
        waitpid(f->helpers[i], NULL, 0);
    }
    free(f);
    return 0;
}

static void on_answer(enum resolve_status status, const struct ip_addr *addrs, int count, void *arg)
{
    const struct ip_addr expected = ip_addr_v4(192, 0, 2, 7);
    struct fixture *f = arg;

    f->answers++;
    f->status = status;
    assert_int_equal(count, status == RESOLVE_SUCCESS ? 1 : 0);
    assert_true(count == 0 || ip_addr_equal(&addrs[0], &expected));
}

/* Threads do not read the configuration again: the lock that the C library has for that is unknown
   to the thread sanitizer. */
static void ask(struct fixture *f, const char *name)
{
    bool reload = f->helper_count > 0;

    assert_true(f->world->ops->resolve(f->world->ctx, name, IP_V4, reload, on_answer, f));
}

/* Waits for one more answer. */
static enum resolve_status take_answer(struct fixture *f)
{
    int before = f->answers;

    for (int i = 0; f->answers == before && i < 100; i++) {
        assert_true(f->world->ops->wait(f->world->ctx, NULL, 0, WAIT) >= 0);
        f->world->ops->dispatch(f->world->ctx);
    }
    assert_int_equal(f->answers, before + 1);
    return f->status;
}

static enum resolve_status look_up(struct fixture *f, const char *name)
{
    ask(f, name);
    return take_answer(f);
}

static void on_replace(pid_t pid, void *arg)
{
    ((struct fixture *)arg)->replaced = pid;
    kill(pid, SIGKILL);
}

static void on_see_off(pid_t pid, void *arg)
{
    ((struct fixture *)arg)->seen_off = pid;
}

static pid_t start_helper(struct fixture *f)
{
    world_linux_use_resolver_helper(f->world, on_replace, on_see_off, f);
    pid_t pid = support_start_resolver(f->world);
    f->helpers[f->helper_count++] = pid;
    return pid;
}

/* ---- Helper ---- */

static void helper_answers(void **state)
{
    struct fixture *f = *state;

    start_helper(f);
    assert_int_equal(look_up(f, "good.test"), RESOLVE_SUCCESS);
    assert_int_equal(look_up(f, "good.test"), RESOLVE_SUCCESS);
    assert_int_equal(f->replaced, 0);
}

static void lookup_waits_for_a_helper(void **state)
{
    struct fixture *f = *state;

    world_linux_use_resolver_helper(f->world, on_replace, on_see_off, f);
    ask(f, "good.test");
    assert_int_equal(f->world->ops->wait(f->world->ctx, NULL, 0, 0.05), 0);
    start_helper(f);
    assert_int_equal(take_answer(f), RESOLVE_SUCCESS);
}

static void lookup_without_a_helper_has_a_limit(void **state)
{
    struct fixture *f = *state;

    world_linux_use_resolver_helper(f->world, on_replace, on_see_off, f);
    world_linux_set_lookup_limit(f->world, LIMIT);
    assert_int_equal(look_up(f, "good.test"), RESOLVE_TIMED_OUT);
    assert_int_equal(f->replaced, 0);
    /* What needs no lookup is answered. */
    assert_int_equal(look_up(f, "192.0.2.7"), RESOLVE_SUCCESS);
}

static void death_of_the_helper_is_an_answer(void **state)
{
    struct fixture *f = *state;

    uint32_t restarts;

    pid_t first = start_helper(f);
    assert_true(world_linux_has_resolver_helper(f->world, &restarts));
    assert_int_equal(restarts, 0);
    ask(f, "dies.test");
    ask(f, "good.test");
    assert_int_equal(take_answer(f), RESOLVE_UNAVAILABLE);
    assert_int_equal(f->seen_off, first);
    assert_false(world_linux_has_resolver_helper(f->world, &restarts));
    /* The next one waits for another helper. */
    assert_int_equal(f->world->ops->wait(f->world->ctx, NULL, 0, 0.05), 0);
    start_helper(f);
    assert_int_equal(take_answer(f), RESOLVE_SUCCESS);
    assert_true(world_linux_has_resolver_helper(f->world, &restarts));
    assert_int_equal(restarts, 1);
}

static void killed_helper_is_noticed_with_the_next_lookup(void **state)
{
    struct fixture *f = *state;
    pid_t pid = start_helper(f);

    assert_int_equal(look_up(f, "good.test"), RESOLVE_SUCCESS);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    ask(f, "good.test");
    start_helper(f);
    assert_int_equal(take_answer(f), RESOLVE_SUCCESS);
}

static void helper_that_hangs_is_replaced(void **state)
{
    struct fixture *f = *state;
    pid_t pid = start_helper(f);

    world_linux_set_lookup_limit(f->world, LIMIT);
    assert_int_equal(look_up(f, "stuck.test"), RESOLVE_TIMED_OUT);
    assert_int_equal(f->replaced, pid);
    world_linux_set_lookup_limit(f->world, WAIT);
    start_helper(f);
    assert_int_equal(look_up(f, "good.test"), RESOLVE_SUCCESS);
}

static void stopped_helper_is_replaced(void **state)
{
    struct fixture *f = *state;
    pid_t pid = start_helper(f);

    world_linux_set_lookup_limit(f->world, LIMIT);
    kill(pid, SIGSTOP);
    assert_int_equal(look_up(f, "good.test"), RESOLVE_TIMED_OUT);
    assert_int_equal(f->replaced, pid);
}

/* All processes were stopped, or the machine slept: the helper gets time to answer. */
static void sleep_is_not_the_time_of_a_lookup(void **state)
{
    struct fixture *f = *state;
    pid_t pid = start_helper(f);

    world_linux_set_lookup_limit(f->world, LIMIT);
    kill(pid, SIGSTOP);
    ask(f, "good.test");
    usleep((useconds_t)(1.1e6 * LIMIT));
    world_linux_set_lookup_limit(f->world, WAIT);
    assert_int_equal(f->world->ops->wait(f->world->ctx, NULL, 0, 0.0), 0);
    kill(pid, SIGCONT);
    assert_int_equal(take_answer(f), RESOLVE_SUCCESS);
    assert_int_equal(f->replaced, 0);
}

/* The test is the helper: an answer to a question that nobody asked, and no message at all. */
static void lying_helper_is_dismissed(void **state)
{
    struct fixture *f = *state;
    struct ipc_message message = {.type = IPC_ADDRESSES, .u.addresses = {.id = 4711}};
    int ends[2];

    message.u.addresses.status = RESOLVE_FAILURE;
    world_linux_use_resolver_helper(f->world, on_replace, on_see_off, f);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        f->helpers[f->helper_count++] = pid;
        assert_true(channel_pair(ends));
        struct channel channel = channel_make(ends[1], IPC_ASKER, 0);
        world_linux_set_resolver_helper(f->world, ends[0], pid);
        ask(f, "good.test");
        if (i == 0)
            assert_int_equal(channel_send(&channel, &message, -1), CHANNEL_OK);
        else
            assert_int_equal(write(ends[1], "x", 1), 1);
        assert_int_equal(take_answer(f), RESOLVE_UNAVAILABLE);
        assert_int_equal(f->replaced, pid);
        close(ends[1]);
    }
}

/* ---- Thread ---- */

static void thread_that_hangs_holds_up_nobody(void **state)
{
    struct fixture *f = *state;

    world_linux_set_lookup_limit(f->world, LIMIT);
    ask(f, "stuck.test");
    ask(f, "good.test");
    assert_int_equal(take_answer(f), RESOLVE_TIMED_OUT);
    assert_int_equal(take_answer(f), RESOLVE_SUCCESS);
}

static void threads_that_hang_are_few(void **state)
{
    struct fixture *f = *state;

    world_linux_set_lookup_limit(f->world, LIMIT / 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(look_up(f, "stuck.test"), i < 4 ? RESOLVE_TIMED_OUT : RESOLVE_UNAVAILABLE);
    world_linux_set_lookup_limit(f->world, WAIT);
    assert_int_equal(look_up(f, "good.test"), RESOLVE_UNAVAILABLE);
    /* When they have ended, there are lookups again. */
    atomic_store(&stuck_may_end, true);
    for (int i = 0; i < 1000 && look_up(f, "good.test") != RESOLVE_SUCCESS; i++)
        usleep(10000);
    assert_int_equal(f->status, RESOLVE_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(helper_answers),
        TEST(lookup_waits_for_a_helper),
        TEST(lookup_without_a_helper_has_a_limit),
        TEST(death_of_the_helper_is_an_answer),
        TEST(killed_helper_is_noticed_with_the_next_lookup),
        TEST(helper_that_hangs_is_replaced),
        TEST(stopped_helper_is_replaced),
        TEST(sleep_is_not_the_time_of_a_lookup),
        TEST(lying_helper_is_dismissed),
        TEST(thread_that_hangs_holds_up_nobody),
        TEST(threads_that_hang_are_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

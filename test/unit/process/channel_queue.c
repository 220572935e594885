/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that wait for room in a channel: they arrive in their order, each once, and descriptors
 * are released once, whatever becomes of them.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process/channel.h"

#define QUEUE_SIZE 16
#define DESCRIPTOR 100 /* of the first message; the next ones have the next numbers */

struct fixture {
    int ends[2];
    struct channel from; /* over the first end */
    uint32_t filled;     /* messages that the channel has taken */
    int released[2 * QUEUE_SIZE];
};

static struct ipc_message message(uint32_t number)
{
    return (struct ipc_message){.type = IPC_OUTCOME,
                                .u.outcome = {.session = number, .end = KE_END_COMPLETE}};
}

static void note_release(int fd, void *arg)
{
    struct fixture *f = arg;

    assert_in_range(fd, DESCRIPTOR, DESCRIPTOR + 2 * QUEUE_SIZE - 1);
    f->released[fd - DESCRIPTOR]++;
}

static int count_released(const struct fixture *f)
{
    int n = 0;

    for (size_t i = 0; i < sizeof(f->released) / sizeof(f->released[0]); i++) {
        assert_in_range(f->released[i], 0, 1);
        n += f->released[i];
    }
    return n;
}

static void start(struct fixture *f)
{
    *f = (struct fixture){.filled = 0};
    assert_true(channel_pair(f->ends));
    f->from = channel_make(f->ends[0], IPC_DISPATCHER, QUEUE_SIZE);
    f->from.release = note_release;
    f->from.arg = f;
}

/* Until the channel takes no more; the last message waits. */
static void fill(struct fixture *f)
{
    for (;;) {
        struct ipc_message m = message(f->filled++);
        enum channel_result result = channel_send(&f->from, &m, -1);
        if (result == CHANNEL_AGAIN)
            break;
        assert_int_equal(result, CHANNEL_OK);
        assert_true(f->filled < 100000);
    }
    assert_int_equal(f->from.waiting_count, 1);
}

static void end(struct fixture *f)
{
    channel_close(&f->from);
    close(f->ends[1]);
}

/* The session number of the next message that arrived; -1: none. */
static long receive(struct fixture *f)
{
    uint8_t data[IPC_MESSAGE_SIZE];
    struct ipc_message m;
    ssize_t length = recv(f->ends[1], data, sizeof(data), 0);

    if (length < 0)
        return -1;
    enum ipc_state state = IPC_WORKING;
    assert_true(ipc_decode(data, (size_t)length, 0, IPC_HELPER, &state, &m));
    return (long)m.u.outcome.session;
}

static void nothing_waits_while_there_is_room(void **state)
{
    struct fixture f;
    start(&f);
    struct ipc_message m = message(7);

    assert_int_equal(channel_send(&f.from, &m, -1), CHANNEL_OK);
    assert_int_equal(f.from.waiting_count, 0);
    assert_null(f.from.waiting);
    assert_int_equal(receive(&f), 7);
    assert_int_equal(channel_flush(&f.from), CHANNEL_OK);
    end(&f);
}

static void order_is_kept(void **state)
{
    struct fixture f;
    start(&f);
    fill(&f);
    uint32_t sent = f.filled;
    while (f.from.waiting_count < QUEUE_SIZE / 2) {
        struct ipc_message m = message(sent++);
        assert_int_equal(channel_send(&f.from, &m, -1), CHANNEL_AGAIN);
    }

    /* Room for one, then for all: what is new stays behind what waits. */
    assert_int_equal(receive(&f), 0);
    struct ipc_message m = message(sent++);
    assert_int_equal(channel_send(&f.from, &m, -1), CHANNEL_AGAIN);
    for (uint32_t next = 1; next < sent; next++) {
        channel_flush(&f.from);
        assert_int_equal(receive(&f), next);
    }
    assert_int_equal(receive(&f), -1);
    assert_int_equal(f.from.waiting_count, 0);
    assert_int_equal(channel_flush(&f.from), CHANNEL_OK);
    end(&f);
}

/* A queue that is full takes nothing, and what it took stays. */
static void full_queue(void **state)
{
    struct fixture f;
    start(&f);
    fill(&f);
    struct ipc_message m = message(1);
    while (f.from.waiting_count < QUEUE_SIZE)
        assert_int_equal(channel_send(&f.from, &m, -1), CHANNEL_AGAIN);
    assert_int_equal(channel_send(&f.from, &m, -1), CHANNEL_BAD);
    assert_int_equal(f.from.waiting_count, QUEUE_SIZE);
    end(&f);
}

/* The descriptors here are numbers only: the channel is never given room for them. */
static void descriptors_of_dropped_messages_are_released_once(void **state)
{
    struct fixture f;
    start(&f);
    fill(&f);
    struct ipc_message m = message(1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(channel_send(&f.from, &m, DESCRIPTOR + i), CHANNEL_AGAIN);
    assert_int_equal(count_released(&f), 0);
    assert_int_equal(channel_flush(&f.from), CHANNEL_AGAIN);
    assert_int_equal(count_released(&f), 0);
    channel_drop_waiting(&f.from);
    assert_int_equal(count_released(&f), 5);
    assert_int_equal(f.from.waiting_count, 0);
    channel_drop_waiting(&f.from);
    assert_int_equal(count_released(&f), 5);
    end(&f);
}

/* The other side has ended: what waits still belongs to the queue. */
static void channel_that_has_ended(void **state)
{
    struct fixture f;
    start(&f);
    fill(&f);
    struct ipc_message m = message(1);
    assert_int_equal(channel_send(&f.from, &m, DESCRIPTOR), CHANNEL_AGAIN);
    close(f.ends[1]);
    f.ends[1] = -1;
    enum channel_result result = channel_flush(&f.from);
    assert_true(result != CHANNEL_OK && result != CHANNEL_AGAIN);
    assert_int_equal(f.from.waiting_count, 2);
    end(&f);
    assert_int_equal(count_released(&f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_while_there_is_room),
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(full_queue),
        cmocka_unit_test(descriptors_of_dropped_messages_are_released_once),
        cmocka_unit_test(channel_that_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

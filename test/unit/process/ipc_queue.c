/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that wait for room in a channel: they arrive in their order, each once, and descriptors are
 * released once, whatever becomes of them.
 */
#include "test/unit/support/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process/ipc_queue.h"

#define DESCRIPTOR 100 /* of the first message; the next ones have the next numbers */

struct fixture {
    int ends[2];
    struct ipc_queue queue;
    uint32_t filled; /* messages that the channel has taken */
    int released[2 * IPC_QUEUE_SIZE];
};

static struct ipc_message message(uint32_t number)
{
    return (struct ipc_message){.type = IPC_OUTCOME,
                                .u.outcome = {.session = number, .outcome = IPC_SESSION_COMPLETE}};
}

static void note_release(int fd, void *arg)
{
    struct fixture *f = arg;

    assert_in_range(fd, DESCRIPTOR, DESCRIPTOR + 2 * IPC_QUEUE_SIZE - 1);
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
    *f = (struct fixture){.queue = {.release = note_release, .arg = f}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, f->ends), 0);
}

/* Until the channel takes no more; the last message waits. */
static void fill(struct fixture *f)
{
    for (;;) {
        struct ipc_message m = message(f->filled++);
        enum ipc_result result = ipc_queue_send(&f->queue, f->ends[0], &m, -1);
        if (result == IPC_AGAIN)
            break;
        assert_int_equal(result, IPC_OK);
        assert_true(f->filled < 100000);
    }
    assert_int_equal(f->queue.count, 1);
}

static void end(struct fixture *f)
{
    ipc_queue_clear(&f->queue);
    close(f->ends[0]);
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
    assert_true(ipc_decode(data, (size_t)length, 0, IPC_HELPER, &m));
    return (long)m.u.outcome.session;
}

static void nothing_waits_while_there_is_room(void **state)
{
    struct fixture f;
    start(&f);
    struct ipc_message m = message(7);

    assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, -1), IPC_OK);
    assert_int_equal(f.queue.count, 0);
    assert_null(f.queue.items);
    assert_int_equal(receive(&f), 7);
    assert_int_equal(ipc_queue_flush(&f.queue, f.ends[0]), IPC_OK);
    end(&f);
}

static void order_is_kept(void **state)
{
    struct fixture f;
    start(&f);
    fill(&f);
    uint32_t sent = f.filled;
    while (f.queue.count < IPC_QUEUE_SIZE / 2) {
        struct ipc_message m = message(sent++);
        assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, -1), IPC_AGAIN);
    }

    /* Room for one, then for all: what is new stays behind what waits. */
    assert_int_equal(receive(&f), 0);
    struct ipc_message m = message(sent++);
    assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, -1), IPC_AGAIN);
    for (uint32_t next = 1; next < sent; next++) {
        ipc_queue_flush(&f.queue, f.ends[0]);
        assert_int_equal(receive(&f), next);
    }
    assert_int_equal(receive(&f), -1);
    assert_int_equal(f.queue.count, 0);
    assert_int_equal(ipc_queue_flush(&f.queue, f.ends[0]), IPC_OK);
    end(&f);
}

/* A queue that is full takes nothing, and what it took stays. */
static void full_queue(void **state)
{
    struct fixture f;
    start(&f);
    fill(&f);
    struct ipc_message m = message(1);
    while (f.queue.count < IPC_QUEUE_SIZE)
        assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, -1), IPC_AGAIN);
    assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, -1), IPC_BAD);
    assert_int_equal(f.queue.count, IPC_QUEUE_SIZE);
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
        assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, DESCRIPTOR + i), IPC_AGAIN);
    assert_int_equal(count_released(&f), 0);
    assert_int_equal(ipc_queue_flush(&f.queue, f.ends[0]), IPC_AGAIN);
    assert_int_equal(count_released(&f), 0);
    ipc_queue_clear(&f.queue);
    assert_int_equal(count_released(&f), 5);
    assert_int_equal(f.queue.count, 0);
    ipc_queue_clear(&f.queue);
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
    assert_int_equal(ipc_queue_send(&f.queue, f.ends[0], &m, DESCRIPTOR), IPC_AGAIN);
    close(f.ends[1]);
    f.ends[1] = -1;
    enum ipc_result result = ipc_queue_flush(&f.queue, f.ends[0]);
    assert_true(result != IPC_OK && result != IPC_AGAIN);
    assert_int_equal(f.queue.count, 2);
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

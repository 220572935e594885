/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Channels between processes: messages with descriptors and without, free descriptors that are
 * lacking, and what waits for room.
 */
#include "test/unit/support/unit.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process/channel.h"
#include "test/unit/support/ipc.h"

static enum channel_result send_from(int end, const struct ipc_message *message, int fd)
{
    struct channel channel = channel_make(end, IPC_HELPER, 0);

    return channel_send(&channel, message, fd);
}

/* From a sender that has begun to work. */
static enum channel_result receive(int end, enum ipc_role sender, struct ipc_message *message,
                                   int *fd)
{
    struct channel channel = channel_make(end, sender, 0);

    channel.state = IPC_WORKING;
    return channel_receive(&channel, message, fd);
}

static int open_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            n++;
    return n;
}

static void a_socket_is_passed_with_its_message(void **state)
{
    const struct ipc_message m = connection_message(IP_V6);
    struct ipc_message out;
    int ends[2], fd = -1, before = open_descriptors();

    assert_true(channel_pair(ends));
    assert_int_equal(receive(ends[1], IPC_DISPATCHER, &out, &fd), CHANNEL_AGAIN);
    assert_int_equal(send_from(ends[0], &m, ends[0]), CHANNEL_OK);
    assert_int_equal(receive(ends[1], IPC_DISPATCHER, &out, &fd), CHANNEL_OK);
    assert_true(fd > ends[1]);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    close(ends[0]);
    assert_int_equal(receive(ends[1], IPC_DISPATCHER, &out, &fd), CHANNEL_CLOSED);
    assert_int_equal(send_from(ends[1], &m, -1), CHANNEL_CLOSED);
    close(ends[1]);
    assert_int_equal(open_descriptors(), before);
}

static void descriptors_of_bad_messages_are_closed(void **state)
{
    const struct ipc_message outcome = {.type = IPC_OUTCOME,
                                        .u.outcome = {.session = 1, .end = KE_END_HANDSHAKE}};
    struct ipc_message out;
    int ends[2], fd = -1;

    assert_true(channel_pair(ends));
    int before = open_descriptors();
    assert_int_equal(send_from(ends[0], &outcome, ends[0]), CHANNEL_OK);
    assert_int_equal(receive(ends[1], IPC_HELPER, &out, &fd), CHANNEL_BAD);
    assert_int_equal(fd, -1);
    assert_int_equal(send(ends[0], "s", 1, 0), 1);
    assert_int_equal(receive(ends[1], IPC_HELPER, &out, &fd), CHANNEL_BAD);
    assert_int_equal(open_descriptors(), before);
    close(ends[0]);
    close(ends[1]);
}

/* The kernel cuts a descriptor off when the receiver has none free. The message is there. */
static void message_survives_without_a_free_descriptor(void **state)
{
    const struct ipc_message m = connection_message(IP_V4);
    const struct ipc_message outcome = {.type = IPC_OUTCOME,
                                        .u.outcome = {.session = 1, .end = KE_END_HANDSHAKE}};
    struct rlimit limit;
    struct ipc_message out;
    int ends[2], fd = 0;

    /* valgrind applies limits itself, and not to descriptors that come in messages. */
    if (getenv("TEST_WRAPPER"))
        skip();
    assert_true(channel_pair(ends));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit none = limit;
    none.rlim_cur = 0;
    assert_int_equal(send_from(ends[0], &m, ends[0]), CHANNEL_OK);
    assert_int_equal(send_from(ends[0], &m, ends[0]), CHANNEL_OK);
    assert_int_equal(send_from(ends[0], &outcome, ends[0]), CHANNEL_OK);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(receive(ends[1], IPC_DISPATCHER, &out, &fd), CHANNEL_NO_DESCRIPTOR);
    assert_int_equal(out.u.connection.session, 4711);
    assert_int_equal(fd, -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(receive(ends[1], IPC_DISPATCHER, &out, &fd), CHANNEL_OK);
    close(fd);
    /* One that may have none is bad with a descriptor, there or not. */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(receive(ends[1], IPC_HELPER, &out, &fd), CHANNEL_BAD);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(ends[0]);
    close(ends[1]);
}

/* More than there is room for: some are always there, so this is no lack of them. */
static void too_many_descriptors_are_bad_and_closed(void **state)
{
    const struct ipc_message m = connection_message(IP_V4);
    uint8_t data[IPC_MESSAGE_SIZE];
    union {
        char data[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.data,
                            .msg_controllen = sizeof(control.data)};
    struct ipc_message out;
    int ends[2], fd, fds[8];

    assert_true(channel_pair(ends));
    int before = open_descriptors();
    for (int i = 0; i < 8; i++)
        fds[i] = ends[0];
    ipc_encode(&m, data);
    struct cmsghdr *c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(c), fds, sizeof(fds));
    assert_int_equal(sendmsg(ends[0], &header, 0), sizeof(data));
    assert_int_equal(receive(ends[1], IPC_DISPATCHER, &out, &fd), CHANNEL_BAD);
    assert_int_equal(open_descriptors(), before);
    close(ends[0]);
    close(ends[1]);
}

static void note_release(int fd, void *arg)
{
    assert_true(fd >= 0);
    ++*(int *)arg;
}

/* In their order, with their descriptors, up to the limit; what is left is released at the end. */
static void messages_wait_for_room(void **state)
{
    struct ipc_message m = connection_message(IP_V4), out;
    enum channel_result result;
    int ends[2], fd, released = 0, size = 1;
    uint32_t sent = 0;

    assert_true(channel_pair(ends));
    int before = open_descriptors();
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
    struct channel from = channel_make(ends[0], IPC_HELPER, 3);
    struct channel to = channel_make(ends[1], IPC_DISPATCHER, 0);
    from.release = note_release;
    from.arg = &released;
    m.u.connection.session = 0;
    while ((result = channel_send(&from, &m, ends[0])) == CHANNEL_OK)
        m.u.connection.session = ++sent;
    assert_int_equal(result, CHANNEL_AGAIN);
    for (uint32_t i = 1; i < 3; i++) {
        m.u.connection.session = sent + i;
        assert_int_equal(channel_send(&from, &m, ends[0]), CHANNEL_AGAIN);
    }
    assert_int_equal(channel_send(&from, &m, ends[0]), CHANNEL_BAD);
    assert_int_equal(channel_flush(&from), CHANNEL_AGAIN);
    assert_int_equal(released, 0);
    for (uint32_t i = 0; i < sent + 2; i++) {
        assert_int_equal(channel_receive(&to, &out, &fd), CHANNEL_OK);
        assert_int_equal(out.u.connection.session, i);
        assert_memory_equal(out.u.connection.key.data, m.u.connection.key.data, 32);
        close(fd);
        if (i < 2)
            channel_flush(&from);
    }
    assert_int_equal(from.waiting_count, 3 - (size_t)released);
    channel_close(&from);
    assert_int_equal(released, 3);
    assert_int_equal(from.waiting_count, 0);
    channel_close(&to);
    assert_int_equal(open_descriptors(), before - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_passed_with_its_message),
        cmocka_unit_test(descriptors_of_bad_messages_are_closed),
        cmocka_unit_test(message_survives_without_a_free_descriptor),
        cmocka_unit_test(too_many_descriptors_are_bad_and_closed),
        cmocka_unit_test(messages_wait_for_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the main process and server workers: every kind survives the trip, and whatever
 * a worker that was taken over may write is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>
#include "process/ipc.h"

static bool decode(const struct ipc_message *message, int descriptors, enum ipc_role sender,
                   struct ipc_message *out)
{
    enum ipc_state state =
        sender == IPC_SERVER && message->type != IPC_SHARD ? IPC_WORKING : IPC_FRESH;
    uint8_t data[IPC_LONG_SIZE];
    size_t size = ipc_encode(message, data);

    return ipc_decode(data, size, descriptors, sender, &state, out);
}

static bool is_taken(const struct ipc_message *message)
{
    const bool from_worker = message->type == IPC_PACKET || message->type == IPC_DONE;
    const int descriptors = message->type == IPC_SHARD || message->type == IPC_TABLES ||
                            message->type == IPC_SERVER_SOCKET;
    struct ipc_message out;

    return decode(message, descriptors, from_worker ? IPC_WORKER : IPC_SERVER, &out);
}

static struct ipc_message packet_message(void)
{
    struct ipc_message m = {.type = IPC_PACKET};
    struct ipc_packet *p = &m.u.packet;

    p->kind = IPC_PACKET_TO_SIGN;
    p->family = IP_V6;
    p->remote = (struct ip_port){ip_addr_loopback(IP_V6), 65535};
    p->local = ip_addr_loopback(IP_V6);
    p->if_index = 7;
    p->kernel_time.i = (struct instant){-5, 999999999};
    p->time.i = (struct instant){1700000000, 1};
    p->length = IPC_PACKET_SIZE;
    memset(p->data, 0xa5, sizeof(p->data));
    memset(p->reply, 0x5a, sizeof(p->reply));
    return m;
}

static void packets_survive(void **state)
{
    struct ipc_message m = packet_message(), out;
    const struct ipc_packet *p = &out.u.packet;

    assert_true(decode(&m, 0, IPC_WORKER, &out));
    assert_int_equal(p->kind, IPC_PACKET_TO_SIGN);
    assert_int_equal(p->family, IP_V6);
    assert_true(ip_port_equal(&p->remote, &m.u.packet.remote));
    assert_true(ip_addr_equal(&p->local, &m.u.packet.local));
    assert_int_equal(p->if_index, 7);
    assert_true(p->kernel_time.i.sec == -5 && p->kernel_time.i.nsec == 999999999);
    assert_true(p->time.i.sec == 1700000000 && p->time.i.nsec == 1);
    assert_int_equal(p->length, IPC_PACKET_SIZE);
    assert_memory_equal(p->data, m.u.packet.data, IPC_PACKET_SIZE);
    assert_memory_equal(p->reply, m.u.packet.reply, IPC_REPLY_SIZE);

    m.type = IPC_PACKET_BACK;
    m.u.packet.kind = IPC_PACKET_RECEIVED;
    m.u.packet.local.family = IP_UNSPEC;
    m.u.packet.if_index = -1;
    assert_true(decode(&m, 0, IPC_SERVER, &out));
    assert_int_equal(p->local.family, IP_UNSPEC);
    assert_int_equal(p->if_index, -1);
    /* Without need nothing of a reply is sent. */
    assert_int_equal(p->reply[0], 0);
}

static void wrong_packets_are_refused(void **state)
{
    struct ipc_message m = packet_message();

    m.u.packet.length = 0;
    assert_false(is_taken(&m));
    m = packet_message();
    m.u.packet.family = IP_V4; /* with a sender of the other one */
    assert_false(is_taken(&m));
    m = packet_message();
    m.u.packet.local = ip_addr_v4(192, 0, 2, 1);
    assert_false(is_taken(&m));
    m = packet_message();
    m.u.packet.if_index = -2;
    assert_false(is_taken(&m));
    m = packet_message();
    m.u.packet.time.i.nsec = 1000000000;
    assert_false(is_taken(&m));
    m = packet_message();
    m.u.packet.kernel_time.i.nsec = -1;
    assert_false(is_taken(&m));
    m = packet_message();
    m.u.packet.kind = (enum ipc_packet_kind)3;
    assert_false(is_taken(&m));
    m = packet_message();
    m.type = IPC_PACKET_BACK; /* only what was received comes back */
    assert_false(is_taken(&m));
    m.u.packet.kind = IPC_PACKET_SENT;
    assert_false(is_taken(&m));
}

static void length_beyond_the_message_is_refused(void **state)
{
    struct ipc_message m = packet_message(), out;
    enum ipc_state now = IPC_FRESH;
    uint8_t data[IPC_LONG_SIZE];
    size_t size = ipc_encode(&m, data), place = 0;

    /* The length stands before the first octet of the packet. */
    for (size_t i = 2; i < size && place == 0; i++)
        if (data[i] == 0xa5)
            place = i - 2;
    assert_int_equal(data[place] << 8 | data[place + 1], IPC_PACKET_SIZE);
    data[place + 1]++;
    assert_false(ipc_decode(data, size, 0, IPC_WORKER, &now, &out));
    data[place] = 0xff;
    assert_false(ipc_decode(data, size, 0, IPC_WORKER, &now, &out));
}

static void orders_survive(void **state)
{
    struct ipc_message m = {.type = IPC_SHARD, .u.memory = {0, 123456789012}}, out;

    assert_true(decode(&m, 1, IPC_SERVER, &out));
    assert_true(out.u.memory.size == 123456789012);
    m = (struct ipc_message){.type = IPC_TABLES, .u.memory = {77, 4096}};
    assert_true(decode(&m, 1, IPC_SERVER, &out));
    assert_int_equal(out.u.memory.sequence, 77);
    m = (struct ipc_message){.type = IPC_TIME_PAGE};
    assert_true(decode(&m, 1, IPC_SERVER, &out));
    m = (struct ipc_message){.type = IPC_SERVER_SOCKET, .u.server_socket = {0, IP_V4}};
    assert_true(decode(&m, 1, IPC_SERVER, &out));
    assert_int_equal(out.u.server_socket.family, IP_V4);
    m = (struct ipc_message){.type = IPC_SERVER_CLOSE, .u.server_socket = {5, IP_V6}};
    assert_true(decode(&m, 0, IPC_SERVER, &out));
    assert_int_equal(out.u.server_socket.sequence, 5);
    m = (struct ipc_message){.type = IPC_CLOCK_CHANGE,
                             .u.clock_change = {9, CLOCK_UNKNOWN_STEP, -0.25}};
    assert_true(decode(&m, 0, IPC_SERVER, &out));
    assert_int_equal(out.u.clock_change.number, 9);
    assert_int_equal(out.u.clock_change.type, CLOCK_UNKNOWN_STEP);
    assert_true(out.u.clock_change.doffset == -0.25);
    m = (struct ipc_message){.type = IPC_CLIENTS_RESET, .u.reset = {3, true, 16, 8}};
    assert_true(decode(&m, 0, IPC_SERVER, &out));
    assert_true(out.u.reset.sequence == 3 && out.u.reset.hold && out.u.reset.first == 16 &&
                out.u.reset.count == 8);
    m = (struct ipc_message){.type = IPC_DONE, .u.done.sequence = 0xfffffffe};
    assert_true(decode(&m, 0, IPC_WORKER, &out));
    assert_true(out.u.done.sequence == 0xfffffffe);
}

static void wrong_orders_are_refused(void **state)
{
    struct ipc_message m = {.type = IPC_SHARD};

    assert_false(is_taken(&m)); /* without a size */
    m.u.memory.size = UINT64_MAX;
    assert_false(is_taken(&m));
    m = (struct ipc_message){.type = IPC_SERVER_SOCKET};
    assert_false(is_taken(&m)); /* without a family */
    m = (struct ipc_message){.type = IPC_CLOCK_CHANGE, .u.clock_change = {.doffset = NAN}};
    assert_false(is_taken(&m));
    m.u.clock_change.doffset = INFINITY;
    assert_false(is_taken(&m));
    m.u.clock_change = (struct ipc_clock_change){.type = (enum clock_change_type)3};
    assert_false(is_taken(&m));
    m = (struct ipc_message){.type = IPC_CLIENTS_RESET, .u.reset.first = 0x80000000};
    assert_false(is_taken(&m));
    m = (struct ipc_message){.type = IPC_CLIENTS_RESET, .u.reset.count = 0x80000000};
    assert_false(is_taken(&m));
}

/* Its memory comes first, and once. */
static void shard_is_the_first_message(void **state)
{
    const struct ipc_message shard = {.type = IPC_SHARD, .u.memory.size = 1};
    const struct ipc_message page = {.type = IPC_TIME_PAGE};
    enum ipc_state now = IPC_FRESH;
    uint8_t data[IPC_LONG_SIZE];
    struct ipc_message out;

    size_t size = ipc_encode(&page, data);
    assert_false(ipc_decode(data, size, 1, IPC_SERVER, &now, &out));
    size = ipc_encode(&shard, data);
    assert_true(ipc_decode(data, size, 1, IPC_SERVER, &now, &out));
    assert_false(ipc_decode(data, size, 1, IPC_SERVER, &now, &out));
    size = ipc_encode(&page, data);
    assert_true(ipc_decode(data, size, 1, IPC_SERVER, &now, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_survive),
        cmocka_unit_test(wrong_packets_are_refused),
        cmocka_unit_test(length_beyond_the_message_is_refused),
        cmocka_unit_test(orders_survive),
        cmocka_unit_test(wrong_orders_are_refused),
        cmocka_unit_test(shard_is_the_first_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

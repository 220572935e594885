/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codec of the messages between the processes of the daemon; see ipc.h, and ipc_bodies.c for what
 * is in each. The table here is the permission table: who may send what, when, and with a
 * descriptor or without.
 */
#include "process/ipc.h"
#include <assert.h>
#include <string.h>
#include "base/number.h"
#include "process/ipc_bodies.h"

#define MAGIC 0x4e4bU

/* ---- The permission table ---- */

#define IN(state) (1U << (state))
#define SHORT     IPC_MESSAGE_SIZE
#define LONG      IPC_LONG_SIZE
#define ANY       (IN(IPC_FRESH) | IN(IPC_WORKING) | IN(IPC_LEAVING))

static const struct kind {
    enum ipc_type type;
    enum ipc_role sender;
    unsigned int when;    /* states of the sender in which it may say it */
    enum ipc_state after; /* its state then */
    int descriptors;
    size_t size;
    void (*code)(struct codec *c, struct ipc_message *message);
} kinds[] = {
    {IPC_CONNECTION, IPC_DISPATCHER, IN(IPC_FRESH) | IN(IPC_WORKING), IPC_WORKING, 1, SHORT,
     ipc_body_connection},
    {IPC_DRAIN, IPC_DISPATCHER, IN(IPC_FRESH) | IN(IPC_WORKING), IPC_LEAVING, 0, SHORT,
     ipc_body_nothing},
    {IPC_CERTIFICATE, IPC_HELPER, IN(IPC_FRESH), IPC_FRESH, 0, SHORT, ipc_body_certificate},
    {IPC_READY, IPC_HELPER, IN(IPC_FRESH), IPC_WORKING, 0, SHORT, ipc_body_nothing},
    {IPC_FAILED, IPC_HELPER, IN(IPC_FRESH), IPC_LEAVING, 0, SHORT, ipc_body_failed},
    {IPC_OUTCOME, IPC_HELPER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, ipc_body_outcome},
    {IPC_START, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, ipc_body_nothing},
    {IPC_ADOPT, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, ipc_body_nothing},
    {IPC_ABANDON, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, ipc_body_nothing},
    {IPC_PING, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, ipc_body_nothing},
    {IPC_KILL, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, ipc_body_process},
    {IPC_HELPER_NEW, IPC_FORK_SERVER, ANY, IPC_FRESH, 1, SHORT, ipc_body_helper},
    {IPC_BINDER, IPC_SUPERVISOR, ANY, IPC_FRESH, 1, SHORT, ipc_body_nothing},
    {IPC_BIND, IPC_SUPERVISOR, ANY, IPC_FRESH, 1, SHORT, ipc_body_bind},
    {IPC_BOUND, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, ipc_body_bound},
    {IPC_WANTED, IPC_SUPERVISOR, ANY, IPC_FRESH, 0, SHORT, ipc_body_lone},
    {IPC_LONE_NEW, IPC_FORK_SERVER, ANY, IPC_FRESH, 1, SHORT, ipc_body_lone_new},
    {IPC_FACTS, IPC_FORK_SERVER, ANY, IPC_FRESH, 1, SHORT, ipc_body_facts},
    {IPC_REFUSED, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, ipc_body_refused},
    {IPC_ALIVE, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, ipc_body_nothing},
    {IPC_FILES, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, ipc_body_files},
    {IPC_CHANGED, IPC_FORK_SERVER, ANY, IPC_FRESH, 0, SHORT, ipc_body_nothing},
    {IPC_LOOKUP, IPC_ASKER, ANY, IPC_FRESH, 0, SHORT, ipc_body_lookup},
    {IPC_ADDRESSES, IPC_RESOLVER, ANY, IPC_FRESH, 0, SHORT, ipc_body_addresses},
    {IPC_VERDICT, IPC_CHECKER, ANY, IPC_FRESH, 0, SHORT, ipc_body_verdict},
    {IPC_LISTEN, IPC_REPORTER, IN(IPC_FRESH), IPC_WORKING, 1, SHORT, ipc_body_nothing},
    {IPC_QUERY, IPC_METRICS, ANY, IPC_FRESH, 0, SHORT, ipc_body_query},
    {IPC_REPORT, IPC_REPORTER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, ipc_body_report},
    {IPC_GUARD_READ, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_request},
    {IPC_GUARD_FREQUENCY, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_frequency},
    {IPC_GUARD_STEP, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_step},
    {IPC_GUARD_STATUS, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_status},
    {IPC_GUARD_LEAP, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_leap},
    {IPC_GUARD_UPDATE, IPC_CLOCK_USER, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_request},
    {IPC_GUARD_RTC, IPC_CLOCK_USER, ANY, IPC_FRESH, 1, SHORT, ipc_body_guard_rtc},
    {IPC_GUARD_REPLY, IPC_GUARD, ANY, IPC_FRESH, 0, SHORT, ipc_body_guard_reply},
    {IPC_KE_ESTABLISH, IPC_KE_ASKER, ANY, IPC_FRESH, 1, SHORT, ipc_body_ke_establish},
    {IPC_KE_STOP, IPC_KE_ASKER, ANY, IPC_FRESH, 0, SHORT, ipc_body_ke_stop},
    {IPC_KE_TRUST, IPC_KE_CLIENT, ANY, IPC_FRESH, 0, SHORT, ipc_body_ke_trust},
    {IPC_KE_ANSWER, IPC_KE_CLIENT, ANY, IPC_FRESH, 0, LONG, ipc_body_ke_answer},
    {IPC_KE_ENDED, IPC_KE_CLIENT, ANY, IPC_FRESH, 0, SHORT, ipc_body_ke_ended},
    {IPC_SHARD, IPC_SERVER, IN(IPC_FRESH), IPC_WORKING, 1, SHORT, ipc_body_memory},
    {IPC_TIME_PAGE, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 1, SHORT, ipc_body_nothing},
    {IPC_TABLES, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 1, SHORT, ipc_body_memory},
    {IPC_SERVER_SOCKET, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 1, SHORT, ipc_body_server_socket},
    {IPC_SERVER_CLOSE, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, ipc_body_server_socket},
    {IPC_CLOCK_CHANGE, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, ipc_body_clock_change},
    {IPC_CLIENTS_RESET, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, SHORT, ipc_body_reset},
    {IPC_PACKET_BACK, IPC_SERVER, IN(IPC_WORKING), IPC_WORKING, 0, LONG, ipc_body_packet_back},
    {IPC_PACKET, IPC_WORKER, ANY, IPC_FRESH, 0, LONG, ipc_body_packet},
    {IPC_DONE, IPC_WORKER, ANY, IPC_FRESH, 0, SHORT, ipc_body_done},
};

/* NULL: unknown type. Each type has one sender. */
static const struct kind *find_kind(unsigned int type)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

size_t ipc_encode(const struct ipc_message *message, uint8_t *out)
{
    const struct kind *kind = find_kind(message->type);
    struct ipc_message copy = *message;

    assert(kind);
    struct codec c = {.w = writer_make(out, kind->size), .writes = true};
    writer_u16(&c.w, MAGIC);
    writer_u8(&c.w, IPC_VERSION);
    writer_u8(&c.w, (uint8_t)message->type);
    kind->code(&c, &copy);
    writer_zeros(&c.w, kind->size - c.w.pos);
    assert(!c.w.failed);
    crypto_wipe(&copy, sizeof(copy));
    return kind->size;
}

bool ipc_decode(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender,
                enum ipc_state *state, struct ipc_message *message)
{
    struct codec c = {.r = reader_make(data, size)};

    memset(message, 0, sizeof(*message));
    if (reader_u16(&c.r) != MAGIC || reader_u8(&c.r) != IPC_VERSION)
        return false;
    const struct kind *kind = find_kind(reader_u8(&c.r));
    if (!kind || size != kind->size || kind->sender != sender || (kind->when & IN(*state)) == 0 ||
        kind->descriptors != descriptors)
        return false;
    message->type = kind->type;
    kind->code(&c, message);
    codec_check(&c, !c.r.failed);
    codec_zeros(&c, reader_left(&c.r));
    if (!c.bad)
        *state = kind->after;
    return !c.bad;
}

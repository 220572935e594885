/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codec and transport of the messages between the processes of the daemon; see ipc.h. The
 * table below is the permission table: who may send what, with or without a descriptor.
 */
#include "process/ipc.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/crypto.h"
#include "base/wire.h"

#define MAGIC        0x4e4bU
#define MAX_NUMBER   1000 /* of a helper */
#define MAX_RECEIVED 4    /* descriptors that are received, and closed if they are not wanted */

/* ---- Bodies ---- */

static void put_address(struct writer *w, const struct ip_addr *addr)
{
    const uint8_t *octets = NULL;
    size_t length = ip_addr_octets(addr, &octets);

    assert(length > 0);
    writer_u8(w, addr->family == IP_V6 ? 6 : 4);
    writer_bytes(w, octets, length);
    writer_zeros(w, 16 - length);
}

static bool get_zeros(struct reader *r, size_t count)
{
    while (count-- > 0)
        if (reader_u8(r) != 0)
            return false;
    return true;
}

static bool get_address(struct reader *r, struct ip_addr *addr)
{
    uint8_t family = reader_u8(r);

    memset(addr, 0, sizeof(*addr));
    if (family == 6) {
        addr->family = IP_V6;
        reader_bytes(r, addr->u.v6, 16);
    } else if (family == 4) {
        addr->family = IP_V4;
        reader_bytes(r, addr->u.v4, 4);
        return get_zeros(r, 12) && !r->failed;
    } else {
        return false;
    }
    return !r->failed;
}

static void put_connection(struct writer *w, const struct ipc_message *m)
{
    const struct secret *key = &m->u.connection.key;

    assert(key->length <= AEAD_MAX_KEY);
    writer_u32(w, m->u.connection.session);
    put_address(w, &m->u.connection.peer.addr);
    writer_u16(w, m->u.connection.peer.port);
    writer_u32(w, m->u.connection.key_id);
    writer_u16(w, (uint16_t)m->u.connection.aead);
    writer_u16(w, (uint16_t)key->length);
    writer_bytes(w, key->data, key->length);
    writer_zeros(w, AEAD_MAX_KEY - key->length);
}

static bool get_connection(struct reader *r, struct ipc_message *m)
{
    struct secret *key = &m->u.connection.key;

    m->u.connection.session = reader_u32(r);
    if (!get_address(r, &m->u.connection.peer.addr))
        return false;
    m->u.connection.peer.port = reader_u16(r);
    m->u.connection.key_id = reader_u32(r);
    m->u.connection.aead = reader_u16(r);
    key->length = reader_u16(r);
    if (key->length == 0 || key->length > AEAD_MAX_KEY ||
        key->length != aead_key_length(m->u.connection.aead))
        return false;
    reader_bytes(r, key->data, key->length);
    return get_zeros(r, AEAD_MAX_KEY - key->length);
}

static void put_nothing(struct writer *w, const struct ipc_message *m)
{
}

static bool get_nothing(struct reader *r, struct ipc_message *m)
{
    return true;
}

static void put_text(struct writer *w, const char *text)
{
    size_t length = strnlen(text, IPC_TEXT_SIZE - 1);

    writer_u16(w, (uint16_t)length);
    writer_bytes(w, text, length);
}

/* The text may go to the log, so it must be printable. */
static bool get_text(struct reader *r, char text[IPC_TEXT_SIZE])
{
    size_t length = reader_u16(r);

    if (length >= IPC_TEXT_SIZE)
        return false;
    reader_bytes(r, text, length);
    text[length] = '\0';
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

static void put_failed(struct writer *w, const struct ipc_message *m)
{
    put_text(w, m->u.failed.text);
}

static bool get_failed(struct reader *r, struct ipc_message *m)
{
    return get_text(r, m->u.failed.text) && m->u.failed.text[0] != '\0';
}

static void put_files(struct writer *w, const struct ipc_message *m)
{
    writer_u32(w, m->u.files.generation);
    writer_u8(w, m->u.files.usable);
    put_text(w, m->u.files.text);
}

/* Files that cannot be used need a reason. */
static bool get_files(struct reader *r, struct ipc_message *m)
{
    m->u.files.generation = reader_u32(r);
    uint8_t usable = reader_u8(r);
    m->u.files.usable = usable != 0;
    return get_text(r, m->u.files.text) && m->u.files.generation > 0 && usable <= 1 &&
           (usable == 1 || m->u.files.text[0] != '\0');
}

static void put_outcome(struct writer *w, const struct ipc_message *m)
{
    writer_u32(w, m->u.outcome.session);
    writer_u8(w, (uint8_t)m->u.outcome.outcome);
}

static bool get_outcome(struct reader *r, struct ipc_message *m)
{
    m->u.outcome.session = reader_u32(r);
    uint8_t outcome = reader_u8(r);
    if (outcome < IPC_SESSION_COMPLETE || outcome >= IPC_OUTCOMES)
        return false;
    m->u.outcome.outcome = (enum ipc_outcome)outcome;
    return true;
}

static bool get_pid(struct reader *r, int32_t *pid)
{
    uint32_t value = reader_u32(r);

    *pid = (int32_t)value;
    return value > 1 && value <= INT32_MAX;
}

static void put_helper(struct writer *w, const struct ipc_message *m)
{
    writer_u32(w, m->u.helper.generation);
    writer_u16(w, m->u.helper.number);
    writer_u32(w, (uint32_t)m->u.helper.pid);
}

static bool get_helper(struct reader *r, struct ipc_message *m)
{
    m->u.helper.generation = reader_u32(r);
    m->u.helper.number = reader_u16(r);
    return get_pid(r, &m->u.helper.pid) && m->u.helper.generation > 0 && m->u.helper.number > 0 &&
           m->u.helper.number <= MAX_NUMBER;
}

static void put_resolver(struct writer *w, const struct ipc_message *m)
{
    writer_u32(w, (uint32_t)m->u.resolver.pid);
}

static bool get_resolver(struct reader *r, struct ipc_message *m)
{
    return get_pid(r, &m->u.resolver.pid);
}

static void put_refused(struct writer *w, const struct ipc_message *m)
{
    writer_u32(w, m->u.refused.generation);
}

static bool get_refused(struct reader *r, struct ipc_message *m)
{
    m->u.refused.generation = reader_u32(r);
    return m->u.refused.generation > 0;
}

static void put_lookup(struct writer *w, const struct ipc_message *m)
{
    size_t length = strnlen(m->u.lookup.name, IPC_NAME_SIZE - 1);

    writer_u32(w, m->u.lookup.id);
    writer_u8(w, m->u.lookup.family == IP_V4 ? 4 : m->u.lookup.family == IP_V6 ? 6 : 0);
    writer_u8(w, m->u.lookup.reload);
    writer_u16(w, (uint16_t)length);
    writer_bytes(w, m->u.lookup.name, length);
}

static bool get_lookup(struct reader *r, struct ipc_message *m)
{
    m->u.lookup.id = reader_u32(r);
    uint8_t family = reader_u8(r), reload = reader_u8(r);
    size_t length = reader_u16(r);

    if ((family != 0 && family != 4 && family != 6) || reload > 1 || length == 0 ||
        length >= IPC_NAME_SIZE)
        return false;
    m->u.lookup.family = family == 4 ? IP_V4 : family == 6 ? IP_V6 : IP_UNSPEC;
    m->u.lookup.reload = reload == 1;
    reader_bytes(r, m->u.lookup.name, length);
    m->u.lookup.name[length] = '\0';
    return !memchr(m->u.lookup.name, '\0', length);
}

static void put_addresses(struct writer *w, const struct ipc_message *m)
{
    assert(m->u.addresses.count >= 0 && m->u.addresses.count <= ADDR_MAX_PER_NAME);
    writer_u32(w, m->u.addresses.id);
    writer_u8(w, (uint8_t)m->u.addresses.status);
    writer_u8(w, (uint8_t)m->u.addresses.count);
    for (int i = 0; i < m->u.addresses.count; i++)
        put_address(w, &m->u.addresses.addrs[i]);
}

static bool get_addresses(struct reader *r, struct ipc_message *m)
{
    m->u.addresses.id = reader_u32(r);
    uint8_t status = reader_u8(r), count = reader_u8(r);

    if (status > RESOLVE_FAILURE || count > ADDR_MAX_PER_NAME ||
        (count > 0) != (status == RESOLVE_SUCCESS))
        return false;
    m->u.addresses.status = (enum resolve_status)status;
    m->u.addresses.count = count;
    for (int i = 0; i < count; i++)
        if (!get_address(r, &m->u.addresses.addrs[i]))
            return false;
    return true;
}

/* ---- The permission table ---- */

static const struct {
    enum ipc_type type;
    enum ipc_role sender;
    int descriptors;
    void (*put)(struct writer *w, const struct ipc_message *message);
    bool (*get)(struct reader *r, struct ipc_message *message);
} kinds[] = {
    {IPC_CONNECTION, IPC_MAIN, 1, put_connection, get_connection},
    {IPC_DRAIN, IPC_MAIN, 0, put_nothing, get_nothing},
    {IPC_READY, IPC_HELPER, 0, put_nothing, get_nothing},
    {IPC_FAILED, IPC_HELPER, 0, put_failed, get_failed},
    {IPC_OUTCOME, IPC_HELPER, 0, put_outcome, get_outcome},
    {IPC_HELPER_NEW, IPC_FORK_SERVER, 1, put_helper, get_helper},
    {IPC_RESOLVER_NEW, IPC_FORK_SERVER, 1, put_resolver, get_resolver},
    {IPC_REFUSED, IPC_FORK_SERVER, 0, put_refused, get_refused},
    {IPC_ALIVE, IPC_FORK_SERVER, 0, put_nothing, get_nothing},
    {IPC_LOOKUP, IPC_ASKER, 0, put_lookup, get_lookup},
    {IPC_ADDRESSES, IPC_RESOLVER, 0, put_addresses, get_addresses},
    {IPC_FILES, IPC_FORK_SERVER, 0, put_files, get_files},
    {IPC_CHANGED, IPC_FORK_SERVER, 0, put_nothing, get_nothing},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

void ipc_encode(const struct ipc_message *message, uint8_t out[IPC_MESSAGE_SIZE])
{
    struct writer w = writer_make(out, IPC_MESSAGE_SIZE);
    size_t kind = 0;

    while (kind < KINDS && kinds[kind].type != message->type)
        kind++;
    assert(kind < KINDS);
    writer_u16(&w, MAGIC);
    writer_u8(&w, IPC_VERSION);
    writer_u8(&w, (uint8_t)message->type);
    kinds[kind].put(&w, message);
    writer_zeros(&w, IPC_MESSAGE_SIZE - w.pos);
    assert(!w.failed);
}

bool ipc_decode(const uint8_t *data, size_t size, int descriptors, enum ipc_role sender,
                struct ipc_message *message)
{
    struct reader r = reader_make(data, size);

    memset(message, 0, sizeof(*message));
    if (size != IPC_MESSAGE_SIZE || reader_u16(&r) != MAGIC || reader_u8(&r) != IPC_VERSION)
        return false;
    uint8_t type = reader_u8(&r);
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].type != type || kinds[i].sender != sender)
            continue;
        message->type = kinds[i].type;
        if (kinds[i].descriptors != descriptors || !kinds[i].get(&r, message) || r.failed)
            return false;
        return get_zeros(&r, reader_left(&r));
    }
    return false;
}

/* ---- Transport ---- */

static bool set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool ipc_pair(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        return false;
    if (set_flags(ends[0]) && set_flags(ends[1]))
        return true;
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return false;
}

static enum ipc_result error_result(void)
{
    /* ETOOMANYREFS: too many descriptors of this user are on the way. Their receivers will take
       them. */
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM ||
        errno == ETOOMANYREFS)
        return IPC_AGAIN;
    return errno == EPIPE || errno == ECONNRESET ? IPC_CLOSED : IPC_BAD;
}

union control {
    char data[CMSG_SPACE(MAX_RECEIVED * sizeof(int))];
    struct cmsghdr align;
};

enum ipc_result ipc_send(int channel, const struct ipc_message *message, int fd)
{
    uint8_t data[IPC_MESSAGE_SIZE];
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    ipc_encode(message, data);
    if (fd >= 0) {
        memset(&control, 0, sizeof(control));
        header.msg_control = control.data;
        header.msg_controllen = CMSG_SPACE(sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    /* The filter of a helper has no sendmsg(), and its messages have no descriptor. */
    do
        n = fd >= 0 ? sendmsg(channel, &header, MSG_NOSIGNAL)
                    : send(channel, data, sizeof(data), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    crypto_wipe(data, sizeof(data));
    if (n < 0)
        return error_result();
    return n == (ssize_t)sizeof(data) ? IPC_OK : IPC_BAD;
}

/* Takes the descriptors out of a message, so that none leaks. */
static int take_descriptors(struct msghdr *header, int fds[MAX_RECEIVED])
{
    int count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n && count < MAX_RECEIVED; i++)
            memcpy(&fds[count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
    return count;
}

/* Whether the message is complete, but this process had no descriptor free. The kernel sets the
   same flag for too many descriptors, but then some of them are there. */
static bool lacks_descriptor(int flags, int count)
{
    return (flags & (MSG_TRUNC | MSG_CTRUNC)) == MSG_CTRUNC && count == 0;
}

enum ipc_result ipc_receive(int channel, enum ipc_role sender, struct ipc_message *message, int *fd)
{
    uint8_t data[IPC_MESSAGE_SIZE + 1];
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.data,
                            .msg_controllen = sizeof(control.data)};
    int fds[MAX_RECEIVED], count;
    ssize_t n;

    *fd = -1;
    do
        n = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_result();
    count = take_descriptors(&header, fds);
    if (n == 0 && count == 0)
        return IPC_CLOSED;
    bool lacking = lacks_descriptor(header.msg_flags, count);
    /* Only a message that should have a descriptor can lack it. */
    bool ok = (lacking || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) &&
              ipc_decode(data, (size_t)n, lacking ? 1 : count, sender, message);
    crypto_wipe(data, sizeof(data));
    if (ok && count == 1)
        *fd = fds[0];
    else
        for (int i = 0; i < count; i++)
            close(fds[i]);
    if (!ok)
        return IPC_BAD;
    return lacking ? IPC_NO_DESCRIPTOR : IPC_OK;
}

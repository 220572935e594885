/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper; see resolver_helper.h for its promise. It is a child of the fork
 * server, so no secret of the main process is in it, and it is started again when it ends or does
 * not answer. It answers one lookup at a time, until the other side closes.
 */
#include "config.h"

#include "process/resolver_helper.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "process/channel.h"
#include "process/helper_role.h"
#include "process/process.h"
#include "process/signals.h"

/* ---- Lookup ---- */

static enum resolve_status status_of_error(int error)
{
#ifdef FORCE_DNSRETRY
    const enum resolve_status not_found = RESOLVE_NOT_FOUND, broken = RESOLVE_BROKEN;
#else
    const enum resolve_status not_found = RESOLVE_FAILURE, broken = RESOLVE_FINALLY_BROKEN;
#endif

    switch (error) {
    case EAI_AGAIN:
        return RESOLVE_TRY_AGAIN;
    case EAI_FAIL:
    case EAI_MEMORY:
    case EAI_SYSTEM:
        return broken;
    default:
        return not_found;
    }
}

static bool take_address(const struct addrinfo *info, enum ip_family family, struct ip_addr *addr)
{
    struct ip_port address;

    if (!ip_port_from_sockaddr(info->ai_addr, info->ai_addrlen, &address))
        return false;
    /* Addresses with an interface are not accepted from a name service: interfaces are local. */
    if (info->ai_family == AF_INET6 &&
        ((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_scope_id != 0)
        return false;
    if (family != IP_UNSPEC && family != address.addr.family)
        return false;
    *addr = address.addr;
    return true;
}

void resolver_lookup(const struct ipc_lookup *query, struct ipc_addresses *answer)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list, *info;

    hints.ai_family = query->family == IP_V4   ? AF_INET
                      : query->family == IP_V6 ? AF_INET6
                                               : AF_UNSPEC;
    answer->count = 0;
    if (query->reload)
        res_init();
    int error = getaddrinfo(query->name, NULL, &hints, &list);
    if (error) {
        answer->status = status_of_error(error);
        return;
    }
    for (info = list; info && answer->count < ADDR_MAX_PER_NAME; info = info->ai_next) {
        if (take_address(info, query->family, &answer->addrs[answer->count]))
            answer->count++;
    }
    freeaddrinfo(list);
    answer->status = answer->count > 0 ? RESOLVE_SUCCESS : status_of_error(EAI_NONAME);
}

/* ---- The process ---- */

static void answer_lookup(struct channel *channel, const struct ipc_lookup *query)
{
    struct ipc_message message = {.type = IPC_ADDRESSES};

    /* No lookup is waited for that long. The alarm ends a process that has lost its parents. */
    alarm((unsigned int)(2.0 * RESOLVER_LIMIT));
    resolver_lookup(query, &message.u.addresses);
    alarm(0);
    message.u.addresses.id = query->id;
    /* The main process waits for the answer, so there is room. If not, it asks again later. */
    channel_send(channel, &message, -1);
}

/* Waits without reading, since the channel does not block. */
static bool await_lookup(int channel)
{
    struct pollfd p = {.fd = channel, .events = POLLIN};

    return poll(&p, 1, -1) > 0 || errno == EINTR;
}

static int run(void *ctx, const struct sandbox *sandbox, int fd)
{
    struct channel channel = channel_make(fd, IPC_ASKER, 0);
    enum channel_result result = CHANNEL_AGAIN;
    struct ipc_message message;
    int none;

    signals_set_child(false);
    signal(SIGALRM, SIG_DFL);
    sandbox_enter(sandbox, PROCESS_RESOLVER, fd);
    process_close_descriptors(fd, -1);
    while ((result == CHANNEL_OK || result == CHANNEL_AGAIN) && await_lookup(fd)) {
        result = channel_receive(&channel, &message, &none);
        if (result == CHANNEL_OK)
            answer_lookup(&channel, &message.u.lookup);
    }
    return HELPER_EXIT_DONE;
}

const struct lone_role resolver_helper_role = {
    .role = PROCESS_RESOLVER,
    .number = 1,
    .name = "Name resolving helper",
    .process_name = "chronyd-names",
    .run = run,
};

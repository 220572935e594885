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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/log.h"
#include "process/filter.h"
#include "process/privileges.h"
#include "process/process.h"

/* ---- Lookup ---- */

static enum resolve_status status_of_error(int error)
{
#ifdef FORCE_DNSRETRY
    return RESOLVE_TRY_AGAIN;
#else
    return error == EAI_AGAIN ? RESOLVE_TRY_AGAIN : RESOLVE_FAILURE;
#endif
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

static void set_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE};
    sigset_t none;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void drop_rights(uid_t uid, gid_t gid, int filter_level)
{
    if (geteuid() == 0 && (uid != 0 || gid != 0))
        privileges_drop(uid, gid, 0);
    else
        privileges_limit(0);
    privileges_forbid_new();
    /* No core dumps, no tracing by others of this user. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    filter_load(filter_level, FILTER_RESOLVER);
}

static void answer_lookup(int channel, const struct ipc_lookup *query)
{
    struct ipc_message message = {.type = IPC_ADDRESSES};

    /* No lookup is waited for that long. The alarm ends a process that has lost its parents. */
    alarm((unsigned int)(2.0 * RESOLVER_LIMIT));
    resolver_lookup(query, &message.u.addresses);
    alarm(0);
    message.u.addresses.id = query->id;
    /* The main process waits for the answer, so there is room. If not, it asks again later. */
    ipc_send(channel, &message, -1);
}

/* Waits without reading, since the channel does not block. */
static bool await_lookup(int channel)
{
    struct pollfd p = {.fd = channel, .events = POLLIN};

    return poll(&p, 1, -1) > 0 || errno == EINTR;
}

void resolver_helper_run(int channel, uid_t uid, gid_t gid, int filter_level)
{
    enum ipc_result result = IPC_AGAIN;
    struct ipc_message message;
    int fd;

    set_signals();
    /* This process must not remove or report on files of the main process. */
    log_set_parent_fd(-1);
    log_set_fatal_hook(NULL, NULL);
    drop_rights(uid, gid, filter_level);
    process_close_descriptors(channel, -1);
    /* The end of the fork server ends this process too, where the users of both permit it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

    while ((result == IPC_OK || result == IPC_AGAIN) && await_lookup(channel)) {
        result = ipc_receive(channel, IPC_ASKER, &message, &fd);
        if (result == IPC_OK)
            answer_lookup(channel, &message.u.lookup);
    }
}

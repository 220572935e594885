/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing sockets: the options in the order of system.md 6.1 and ntp.md 4.2, sockets
 * passed by the service manager (daemon.md 9), Unix sockets. Callers decide what a failure means;
 * only a descriptor in the passed range is fatal here.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "chronyd/os/linux_internal.h"
#include "chronyd/os/selector.h"

/* ---- Table of descriptors ---- */

struct socket_state *socket_state(struct linux_world *w, int fd)
{
    if (fd < 0)
        return NULL;
    size_t index = (size_t)fd;
    if (index >= w->socket_count) {
        size_t count = w->socket_count ? w->socket_count : 16;
        while (count <= index)
            count *= 2;
        w->sockets = mem_resize(w->sockets, count, sizeof(*w->sockets));
        memset(w->sockets + w->socket_count, 0, (count - w->socket_count) * sizeof(*w->sockets));
        w->socket_count = count;
    }
    return &w->sockets[index];
}

static bool is_passed(const struct linux_world *w, int fd)
{
    return fd >= FIRST_PASSED_FD && fd - FIRST_PASSED_FD < w->options.passed_fds;
}

/* ---- Creating ---- */

static bool set_descriptor_flags(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) >= 0;
}

/* Whether socket() accepts the flag and the flag has its effect. A library that replaces sockets
   may support neither (system.md 20). */
static bool socket_flag_works(int domain, int flag, int get_command, int expected)
{
    int fd = socket(domain, SOCK_DGRAM | flag, 0);

    if (fd < 0)
        return false;
    int flags = fcntl(fd, get_command);
    close(fd);
    return flags >= 0 && (flags & expected);
}

void sockets_probe(struct linux_world *w)
{
    int domain = w->options.ipv4 ? AF_INET : AF_INET6;

    if (!w->options.ipv4 && !w->options.ipv6)
        return;
    if (socket_flag_works(domain, SOCK_CLOEXEC, F_GETFD, FD_CLOEXEC))
        w->socket_flags |= SOCK_CLOEXEC;
    if (socket_flag_works(domain, SOCK_NONBLOCK, F_GETFL, O_NONBLOCK))
        w->socket_flags |= SOCK_NONBLOCK;
}

int sockets_create(struct linux_world *w, int domain, int type)
{
    int fd = socket(domain, type | w->socket_flags, 0);

    if (fd < 0)
        return -1;
    if (is_passed(w, fd)) {
        LOG_FATAL("Could not open %s socket : file descriptor in reusable range",
                  domain == AF_INET    ? "IPv4"
                  : domain == AF_INET6 ? "IPv6"
                                       : "Unix");
    }
    if (w->socket_flags != (SOCK_CLOEXEC | SOCK_NONBLOCK) && !set_descriptor_flags(fd)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int sockets_create_probe(struct linux_world *w)
{
    const bool enabled[] = {w->options.ipv4, w->options.ipv6};
    static const int domains[] = {AF_INET, AF_INET6};
    int fd = -1;

    errno = EAFNOSUPPORT;
    for (size_t i = 0; fd < 0 && i < COUNT(domains); i++)
        if (enabled[i])
            fd = sockets_create(w, domains[i], SOCK_DGRAM);
    return fd;
}

/* ---- Passed sockets ---- */

static bool passed_socket_matches(int fd, const struct world_socket *spec)
{
    struct sockaddr_storage sa;
    socklen_t length = sizeof(sa), option_length = sizeof(int);
    struct ip_port local;
    int type = 0, listening = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &option_length) < 0 ||
        type != (spec->type == WORLD_TCP ? SOCK_STREAM : SOCK_DGRAM))
        return false;
    if (getsockname(fd, (struct sockaddr *)&sa, &length) < 0 ||
        !ip_port_from_sockaddr(&sa, length, &local))
        return false;
    local.addr.scope = ip_scope_from_sockaddr(&sa, length);
    if (!ip_port_equal(&local, spec->local))
        return false;
    if (spec->type != WORLD_TCP)
        return true;
    option_length = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &option_length) == 0 && listening;
}

/* The first passed socket that fits and is not in use, or -1. */
static int find_passed_socket(struct linux_world *w, const struct world_socket *spec)
{
    if (!spec->local || spec->local->port == 0)
        return -1;
    for (int i = 0; i < w->options.passed_fds; i++) {
        int fd = FIRST_PASSED_FD + i;
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        if (socket_state(w, fd)->open || !passed_socket_matches(fd, spec))
            continue;
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
            continue;
        if (spec->family == IP_V6) {
            int v6only = 0;
            socklen_t length = sizeof(v6only);
            if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, &length) == 0 && !v6only)
                LOG_WARN("Reusable IPv6 socket missing IPV6_V6ONLY option");
        }
        return fd;
    }
    return -1;
}

/* ---- Options ---- */

static bool set_flag(int fd, int level, int option, const char *name)
{
    int one = 1;

    if (setsockopt(fd, level, option, &one, sizeof(one)) == 0)
        return true;
    LOG_DEBUG("Could not set %s socket option : %s", name, text_errno(errno));
    return false;
}

static bool set_options(int fd, const struct world_socket *spec, bool passed)
{
    bool v6 = spec->family == IP_V6;

    if (spec->broadcast)
        set_flag(fd, SOL_SOCKET, SO_BROADCAST, "SO_BROADCAST");
    if (v6 && !passed && !set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY"))
        return false;
    if (spec->packet_info) {
        if (v6)
            set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO");
        else
            set_flag(fd, IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO");
    }
    /* Otherwise only some of the errors of the network would be seen, such as a port without a
       server. */
    if (spec->type == WORLD_UDP && spec->remote) {
        if (v6)
            set_flag(fd, IPPROTO_IPV6, IPV6_RECVERR, "IPV6_RECVERR");
        else
            set_flag(fd, IPPROTO_IP, IP_RECVERR, "IP_RECVERR");
    }
    if (spec->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, spec->device,
                                   (socklen_t)(strlen(spec->device) + 1)) < 0) {
        LOG_DEBUG("Could not bind socket to device %s : %s", spec->device, text_errno(errno));
        return false;
    }
    return true;
}

static bool bind_local(const struct linux_world *w, int fd, const struct ip_port *local)
{
    struct sockaddr_storage sa;
    socklen_t length = ip_port_to_sockaddr(local, &sa);

    if (length == 0) {
        errno = EAFNOSUPPORT;
        return false;
    }
    if (local->port != 0) {
        set_flag(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
        set_flag(fd, SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT");
    }
    /* Allows to bind to an address that does not exist yet. The option serves IPv6, too. */
    set_flag(fd, IPPROTO_IP, IP_FREEBIND, "IP_FREEBIND");
    if (bind(fd, (struct sockaddr *)&sa, length) == 0)
        return true;
    return errno == EACCES && w->bind_elsewhere && w->bind_elsewhere(fd, local, w->bind_arg);
}

static bool connect_remote(int fd, const struct ip_port *remote)
{
    struct sockaddr_storage sa;
    socklen_t length = ip_port_to_sockaddr(remote, &sa);

    if (length == 0) {
        errno = EAFNOSUPPORT;
        return false;
    }
    return connect(fd, (struct sockaddr *)&sa, length) == 0 || errno == EINPROGRESS;
}

static void set_dscp(int fd, const struct world_socket *spec)
{
    int tos = spec->dscp * 4;
    int result;

    if (spec->dscp < 1 || spec->dscp > 63)
        return;
    if (spec->family == IP_V6)
        result = setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
    else
        result = setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
    if (result < 0)
        LOG_DEBUG("Could not set traffic class : %s", text_errno(errno));
}

static void log_opened(const struct world_socket *spec, int fd, bool passed)
{
    char remote[ADDR_TEXT_SIZE], local[ADDR_TEXT_SIZE];

    if (log_threshold() > LOG_SEV_DEBUG)
        return;
    LOG_DEBUG("%s %s%s socket fd=%d%s%s%s%s", passed ? "Reusing" : "Opened",
              spec->type == WORLD_TCP ? "TCP" : "UDP", spec->family == IP_V6 ? "v6" : "v4", fd,
              spec->remote ? " remote=" : "",
              spec->remote ? ip_port_format(spec->remote, remote, sizeof(remote)) : "",
              spec->local ? " local=" : "",
              spec->local ? ip_port_format(spec->local, local, sizeof(local)) : "");
}

/* ---- The table's functions ---- */

bool linux_family_enabled(void *ctx, enum ip_family family)
{
    const struct linux_world *w = ctx;

    switch (family) {
    case IP_V4:
        return w->options.ipv4;
    case IP_V6:
#ifdef FEAT_IPV6
        return w->options.ipv6;
#else
        return false;
#endif
    default:
        return false;
    }
}

/* Bind, listen and connect, as far as asked for. */
static bool attach(const struct linux_world *w, int fd, const struct world_socket *spec,
                   bool passed)
{
    if (passed)
        return true;
    if (spec->local && (spec->local->port != 0 || !ip_addr_is_any(&spec->local->addr)) &&
        !bind_local(w, fd, spec->local))
        return false;
    if (spec->group > 1 && !selector_attach(fd, spec->family, spec->group))
        return false;
    if (spec->type == WORLD_TCP && spec->local && spec->backlog > 0 &&
        listen(fd, spec->backlog) < 0)
        return false;
    return !spec->remote || connect_remote(fd, spec->remote);
}

int linux_socket_open(void *ctx, const struct world_socket *spec)
{
    struct linux_world *w = ctx;
    bool tcp = spec->type == WORLD_TCP;

    if (!linux_family_enabled(w, spec->family)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = find_passed_socket(w, spec);
    bool passed = fd >= 0;
    if (!passed)
        fd = sockets_create(w, spec->family == IP_V6 ? AF_INET6 : AF_INET,
                            tcp ? SOCK_STREAM : SOCK_DGRAM);
    if (fd < 0)
        return -1;
    if (!set_options(fd, spec, passed) || !attach(w, fd, spec, passed)) {
        int error = errno;
        if (!passed)
            close(fd);
        errno = error;
        return -1;
    }
    set_dscp(fd, spec);
    /* Data is sent at once, without waiting for a delayed acknowledgement. */
    if (tcp)
        set_flag(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");

    *socket_state(w, fd) = (struct socket_state){
        .open = true,
        .passed = passed,
        .connected = spec->remote,
        .type = spec->type,
        .family = spec->family,
    };
    if (spec->remote)
        socket_state(w, fd)->remote = *spec->remote;
    log_opened(spec, fd, passed);
    if (spec->timestamps_rx || spec->timestamps_tx)
        timestamps_enable(w, fd, spec->timestamps_tx);
    return fd;
}

bool world_linux_adopt_socket(struct world *world, int fd, enum ip_family family)
{
    struct linux_world *w = world->ctx;
    int type = 0;
    socklen_t length = sizeof(type);

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_DGRAM) {
        close(fd);
        return false;
    }
    *socket_state(w, fd) = (struct socket_state){.open = true, .type = WORLD_UDP, .family = family};
    w->adopts_only = true;
    timestamps_adopt(w, fd);
    LOG_DEBUG("Adopted UDP v%d socket fd=%d", family == IP_V6 ? 6 : 4, fd);
    return true;
}

static bool unix_address(const char *path, struct sockaddr_un *sa)
{
    memset(sa, 0, sizeof(*sa));
    sa->sun_family = AF_UNIX;
    if (text_copy(sa->sun_path, sizeof(sa->sun_path), path))
        return true;
    errno = ENAMETOOLONG;
    return false;
}

static int unix_create(struct linux_world *w, int type)
{
    int fd = sockets_create(w, AF_UNIX, type);

    if (fd >= 0) {
        *socket_state(w, fd) = (struct socket_state){
            .open = true,
            .is_unix = true,
            .connected = type == SOCK_STREAM,
            .type = type == SOCK_STREAM ? WORLD_TCP : WORLD_UDP,
        };
    }
    return fd;
}

static int close_failed(struct linux_world *w, int fd)
{
    int error = errno;

    linux_socket_close(w, fd);
    errno = error;
    return -1;
}

int linux_unix_open(void *ctx, const char *path)
{
    struct linux_world *w = ctx;
    struct sockaddr_un sa;

    if (!unix_address(path, &sa))
        return -1;
    int fd = unix_create(w, SOCK_DGRAM);
    if (fd < 0)
        return -1;
    if (!file_remove(path) && errno != ENOENT)
        LOG_DEBUG("Could not remove %s : %s", path, text_errno(errno));
    if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
        return close_failed(w, fd);
    LOG_DEBUG("Opened Unix datagram socket fd=%d local=%s", fd, path);
    return fd;
}

int linux_unix_stream_connect(void *ctx, const char *path)
{
    struct linux_world *w = ctx;
    struct sockaddr_un sa;

    if (!unix_address(path, &sa))
        return -1;
    int fd = unix_create(w, SOCK_STREAM);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 && errno != EINPROGRESS)
        return close_failed(w, fd);
    LOG_DEBUG("Opened Unix stream socket fd=%d remote=%s", fd, path);
    return fd;
}

void linux_socket_close(void *ctx, int fd)
{
    struct linux_world *w = ctx;
    struct socket_state *state = socket_state(w, fd);

    if (!state)
        return;
    bool passed = state->passed;
    memset(state, 0, sizeof(*state));
    /* A passed socket can be taken up again later. */
    if (!passed)
        close(fd);
}

void linux_unix_remove(void *ctx, const char *path)
{
    if (!file_remove(path) && errno != ENOENT)
        LOG_ERROR("Could not remove %s : %s", path, text_errno(errno));
}

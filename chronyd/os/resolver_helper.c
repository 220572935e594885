/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper: a child without a system call filter that looks names up for the main
 * process at filter levels 1 and -1, because what getaddrinfo() calls depends on the system's name
 * services. It is forked before the main process holds a secret, since it reads what the network
 * answers without a filter.
 * Promise: one blocking socket pair to the main process, the files and sockets of the resolver, the
 * user of the main process, no capability unless that is root, no new privileges.
 * One request, one answer, until the other side closes.
 */
#include "chronyd/os/resolver.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "chronyd/os/privileges.h"
#include "chronyd/os/process.h"

static ssize_t receive_message(int fd, void *message, size_t size)
{
    ssize_t length;

    do
        length = recv(fd, message, size, 0);
    while (length < 0 && errno == EINTR);
    return length;
}

static ssize_t send_message(int fd, const void *message, size_t size)
{
    ssize_t length;

    do
        length = send(fd, message, size, MSG_NOSIGNAL);
    while (length < 0 && errno == EINTR);
    return length;
}

static bool query_is_valid(const struct resolver_query *query)
{
    return memchr(query->name, '\0', sizeof(query->name)) && (unsigned int)query->family <= IP_V6;
}

static _Noreturn void serve(int fd, uid_t uid, gid_t gid)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE};
    struct resolver_query query;
    struct resolver_answer answer;

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    /* What the main process has made is not for this one to remove or to report about. */
    log_set_parent_fd(-1);
    log_set_fatal_hook(NULL, NULL);
    process_close_descriptors(fd, -1);
    if (geteuid() != 0)
        privileges_limit(0);
    else if (uid != 0 || gid != 0)
        privileges_drop(uid, gid, 0);
    privileges_forbid_new();

    /* A message of another size, like the end of the file, is the request to quit. */
    while (receive_message(fd, &query, sizeof(query)) == (ssize_t)sizeof(query)) {
        if (!query_is_valid(&query))
            break;
        memset(&answer, 0, sizeof(answer));
        resolver_lookup(&query, &answer);
        if (send_message(fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
            break;
    }
    _exit(0);
}

void resolver_helper_start(struct resolver_helper *helper, uid_t uid, gid_t gid)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        LOG_FATAL("Could not open socket pair");
    helper->pid = fork();
    if (helper->pid < 0)
        LOG_FATAL("fork() failed : %s", text_errno(errno));
    if (helper->pid == 0) {
        close(fds[0]);
        serve(fds[1], uid, gid);
    }
    close(fds[1]);
    helper->fd = fds[0];
}

static bool answer_is_valid(const struct resolver_answer *answer)
{
    if ((unsigned int)answer->status > RESOLVE_FAILURE || answer->count < 0 ||
        answer->count > ADDR_MAX_PER_NAME)
        return false;
    for (int i = 0; i < answer->count; i++) {
        if (!ip_addr_is_real(&answer->addrs[i]))
            return false;
    }
    return true;
}

bool resolver_helper_ask(const struct resolver_helper *helper, const struct resolver_query *query,
                         struct resolver_answer *answer, const char **error)
{
    if (send_message(helper->fd, query, sizeof(*query)) != (ssize_t)sizeof(*query)) {
        *error = "Could not send to helper";
        return false;
    }
    ssize_t length = receive_message(helper->fd, answer, sizeof(*answer));
    if (length <= 0) {
        if (length == 0)
            errno = ECONNRESET;
        *error = "Could not read from helper";
        return false;
    }
    if (length != (ssize_t)sizeof(*answer) || !answer_is_valid(answer)) {
        errno = EPROTO;
        *error = "Invalid helper response";
        return false;
    }
    return true;
}

void resolver_helper_stop(struct resolver_helper *helper)
{
    if (helper->fd < 0)
        return;
    /* The end of the file tells it to quit. It may be busy with a lookup, which is not waited for:
       the shutdown must not depend on the network. */
    close(helper->fd);
    helper->fd = -1;
    (void)waitpid(helper->pid, NULL, WNOHANG);
}

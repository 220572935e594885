/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper: a process that looks names up for the main process at filter levels 1
 * and -1, with a filter that denies what is dangerous instead of allowing what is known, because
 * what getaddrinfo() calls depends on the system's name services. It is a child of the fork server,
 * so no secret of the main process is in it, and it is started again when it ends or does not
 * answer.
 * Promise: one channel to the main process, the files and sockets of the resolver, a user that owns
 * nothing of the daemon's (started as root), no capability, no new privileges, no signals to others, no
 * programs.
 * One lookup, one answer, until the other side closes.
 */
#include "chronyd/os/resolver.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "chronyd/os/filter.h"
#include "chronyd/os/privileges.h"
#include "chronyd/os/process.h"

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

static void answer_lookup(int channel, const struct ipc_message *question)
{
    struct ipc_message message = {.type = IPC_ADDRESSES};
    struct resolver_query query = {
        .family = question->u.lookup.family,
        .reload = question->u.lookup.reload,
    };
    struct resolver_answer answer = {.count = 0};

    memcpy(query.name, question->u.lookup.name, sizeof(query.name));
    /* Nobody waits for it that long. This is for a process that nobody is left to end. */
    alarm((unsigned int)(2.0 * RESOLVER_LIMIT));
    resolver_lookup(&query, &answer);
    alarm(0);
    message.u.addresses.id = question->u.lookup.id;
    message.u.addresses.status = answer.status;
    message.u.addresses.count = answer.count;
    memcpy(message.u.addresses.addrs, answer.addrs, sizeof(answer.addrs));
    /* The main process waits for it, so there is room; else it asks again in a while. */
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
    /* What the main process has made is not for this one to remove or to report about. */
    log_set_parent_fd(-1);
    log_set_fatal_hook(NULL, NULL);
    drop_rights(uid, gid, filter_level);
    process_close_descriptors(channel, -1);
    /* The end of the fork server ends this process too, where the users of both permit it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

    while ((result == IPC_OK || result == IPC_AGAIN) && await_lookup(channel)) {
        result = ipc_receive(channel, IPC_ASKER, &message, &fd);
        if (result == IPC_OK)
            answer_lookup(channel, &message);
    }
}

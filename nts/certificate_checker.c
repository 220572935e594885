/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that judges certificates and keys for the fork server; see certificate_checker.h. It
 * sends one message for each pair (IPC_VERDICT), in their order. What it sends is validated like
 * everything that comes from a process without rights.
 */
#include "nts/certificate_checker.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/certificate_check.h"
#include "nts/ke_helper.h"
#include "nts/tls_library.h"
#include "process/channel.h"
#include "process/signals.h"

/* ---- The new process ---- */

static bool send_verdict(const struct channel *channel, const struct pair_verdict *verdict)
{
    struct ipc_message message = {.type = IPC_VERDICT, .u.verdict.usable = verdict->usable};

    if (!verdict->usable)
        text_copy(message.u.verdict.text, sizeof(message.u.verdict.text), verdict->problem);
    return channel_send_blocking(channel, &message, -1);
}

static int run(const struct ke_helper_spec *spec, const struct server_files *files,
               const struct server_files *kept, int fd)
{
    const struct channel channel = channel_make(fd, IPC_FORK_SERVER, 0);
    bool ok = true;

    signals_set_child(false);
    prctl(PR_SET_NAME, "chronyd-certs");
    tls_library_start();
    sandbox_enter(spec->sandbox, PROCESS_KE_HELPER, fd);

    struct pair_verdict *verdicts = mem_array(files->count, sizeof(*verdicts));
    certificate_check(files, kept, world_raw_now(spec->world).i.sec, verdicts);
    for (size_t i = 0; ok && i < files->count; i++)
        ok = send_verdict(&channel, &verdicts[i]);
    free(verdicts);
    return ok ? HELPER_EXIT_DONE : HELPER_EXIT_FATAL;
}

/* ---- The fork server ---- */

static bool receive_verdict(const struct world *world, struct mono_time deadline,
                            struct channel *channel, struct pair_verdict *verdict)
{
    struct pollfd p = {.fd = channel->fd, .events = POLLIN};
    enum channel_result result = CHANNEL_AGAIN;
    struct ipc_message message;
    int none;

    while (result == CHANNEL_AGAIN) {
        double left = mono_diff(deadline, world_mono_now(world));

        if (left <= 0.0 || (poll(&p, 1, (int)(left * 1000.0) + 1) < 0 && errno != EINTR))
            return false;
        result = channel_receive(channel, &message, &none);
    }
    if (result != CHANNEL_OK)
        return false;
    verdict->usable = message.u.verdict.usable;
    text_copy(verdict->problem, sizeof(verdict->problem), message.u.verdict.text);
    return true;
}

static void refuse_all(struct pair_verdict *verdicts, size_t count, const char *reason)
{
    for (size_t i = 0; i < count; i++) {
        verdicts[i].usable = false;
        snprintf(verdicts[i].problem, sizeof(verdicts[i].problem),
                 "Could not check NTS server certificates : %s", reason);
    }
}

bool certificate_checker(const struct server_files *files, const struct server_files *kept,
                         struct pair_verdict *verdicts, void *arg)
{
    const struct ke_helper_spec *spec = arg;
    struct mono_time deadline = mono_add(world_mono_now(spec->world), CERTIFICATE_CHECKER_TIME);
    int ends[2];
    size_t done = 0;

    if (!channel_pair(ends)) {
        refuse_all(verdicts, files->count, text_errno(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(spec, files, kept, ends[1]));
    int error = errno;
    close(ends[1]);
    struct channel channel = channel_make(ends[0], IPC_CHECKER, 0);
    if (pid > 0) {
        while (done < files->count &&
               receive_verdict(spec->world, deadline, &channel, &verdicts[done]))
            done++;
        /* The process is killed even if it has sent everything: the data that it parsed may have
           taken it over. The fork server reaps it with its other children. */
        sandbox_kill(spec->sandbox, pid);
    }
    channel_close(&channel);
    if (done == files->count)
        return true;
    refuse_all(verdicts, files->count,
               pid < 0 ? text_errno(error) : "the process that does it has failed");
    return false;
}

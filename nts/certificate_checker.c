/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that judges certificates and keys for the fork server; see certificate_checker.h.
 * It sends one message for each pair, in order: IPC_READY for a good one, IPC_FAILED with the
 * reason for a bad one. What it sends is validated like everything that comes from a process
 * without rights.
 */
#include "nts/certificate_checker.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "base/log.h"
#include "base/text.h"
#include "nts/certificate_check.h"
#include "process/ipc.h"

/* ---- The new process ---- */

static bool send_verdict(int channel, const struct pair_verdict *verdict)
{
    struct ipc_message message = {.type = verdict->usable ? IPC_READY : IPC_FAILED};
    struct pollfd p = {.fd = channel, .events = POLLOUT};
    enum ipc_result result;

    if (!verdict->usable)
        text_copy(message.u.failed.text, sizeof(message.u.failed.text), verdict->problem);
    while ((result = ipc_send(channel, &message, -1)) == IPC_AGAIN)
        poll(&p, 1, -1);
    return result == IPC_OK;
}

static int run(const struct helper_spec *spec, const struct server_files *files,
               const struct server_files *kept, int channel)
{
    sigset_t none;
    bool ok = true;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    spec->sandbox.close_descriptors(&channel, 1, spec->sandbox.arg);
    spec->sandbox.drop(spec->sandbox.arg);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, "chronyd-certs");
    spec->sandbox.load_filter(spec->sandbox.arg);

    struct pair_verdict *verdicts = mem_array(files->count, sizeof(*verdicts));
    certificate_check(files, kept, world_raw_now(spec->world).i.sec, verdicts);
    for (size_t i = 0; ok && i < files->count; i++)
        ok = send_verdict(channel, &verdicts[i]);
    free(verdicts);
    return ok ? HELPER_EXIT_DONE : HELPER_EXIT_FATAL;
}

/* ---- The fork server ---- */

static bool receive_verdict(const struct world *world, struct mono_time deadline, int channel,
                            struct pair_verdict *verdict)
{
    struct pollfd p = {.fd = channel, .events = POLLIN};
    enum ipc_result result = IPC_AGAIN;
    struct ipc_message message;
    int fd;

    while (result == IPC_AGAIN) {
        double left = mono_diff(deadline, world_mono_now(world));

        if (left <= 0.0 || (poll(&p, 1, (int)(left * 1000.0) + 1) < 0 && errno != EINTR))
            return false;
        result = ipc_receive(channel, IPC_HELPER, &message, &fd);
    }
    if (result != IPC_OK || (message.type != IPC_READY && message.type != IPC_FAILED))
        return false;
    verdict->usable = message.type == IPC_READY;
    verdict->problem[0] = '\0';
    if (!verdict->usable)
        text_copy(verdict->problem, sizeof(verdict->problem), message.u.failed.text);
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
    const struct helper_spec *spec = arg;
    struct mono_time deadline = mono_add(world_mono_now(spec->world), CERTIFICATE_CHECKER_TIME);
    int ends[2];
    size_t done = 0;

    if (!ipc_pair(ends)) {
        refuse_all(verdicts, files->count, text_errno(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(spec, files, kept, ends[1]));
    int error = errno;
    close(ends[1]);
    if (pid > 0) {
        while (done < files->count &&
               receive_verdict(spec->world, deadline, ends[0], &verdicts[done]))
            done++;
        /* The process is killed even if it has sent everything: the data that it parsed may have
           taken it over. The fork server reaps it with its other children. */
        spec->sandbox.kill(pid, spec->sandbox.arg);
    }
    close(ends[0]);
    if (done == files->count)
        return true;
    refuse_all(verdicts, files->count,
               pid < 0 ? text_errno(error) : "the process that does it has failed");
    return false;
}

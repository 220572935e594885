/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children that enter a sandbox and end; see rehearsal.h.
 */
#include "process/rehearsal.h"

#include <sys/wait.h>
#include <unistd.h>
#include "process/signals.h"

static bool rehearse(const struct fork_server_spec *spec, enum process_role role)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        signals_set_child(false);
        if (spec->helpers)
            spec->helpers->forget(spec->helpers->ctx);
        sandbox_enter(spec->sandbox, role, -1);
        _exit(HELPER_EXIT_DONE);
    }
    /* Without memory for a child now there may be some when it is needed. */
    return child < 0 || (waitpid(child, &status, 0) == child && status == 0);
}

bool rehearsal_succeeds(const struct fork_server_spec *spec)
{
    bool ok = !spec->helpers || rehearse(spec, PROCESS_KE_HELPER);

    /* Those of the same kind stand together. */
    for (size_t i = 0; ok && i < spec->lone_count; i++)
        ok = (i > 0 && spec->lone[i].role == spec->lone[i - 1].role) ||
             rehearse(spec, spec->lone[i].role);
    return ok;
}

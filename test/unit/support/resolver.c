/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name resolving helper for tests, see resolver.h.
 */
#include "test/unit/support/resolver.h"

#include <stdlib.h>
#include <unistd.h>
#include "chronyd/os/world_linux.h"
#include "process/channel.h"
#include "process/resolver_helper.h"

pid_t support_start_resolver(struct world *world)
{
    int ends[2];

    if (!channel_pair(ends))
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        const struct sandbox sandbox = {.resolve_uid = getuid(), .resolve_gid = getgid()};

        close(ends[0]);
        resolver_helper_role.run(NULL, &sandbox, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (pid < 0)
        abort();
    world_linux_set_resolver_helper(world, ends[0], pid);
    return pid;
}

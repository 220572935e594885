/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random octets: getrandom() read 256 octets at a time, with /dev/urandom as the permanent fall-back
 * (system.md 13). Octets that were handed out are wiped, and a forked child never uses those that
 * its parent still has.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif
#include "base/file.h"
#include "base/log.h"
#include "chronyd/os/linux_internal.h"

void random_init(struct random_source *random)
{
    memset(random, 0, sizeof(*random));
}

void random_free(struct random_source *random)
{
    if (random->device)
        fclose(random->device);
    explicit_bzero(random, sizeof(*random));
}

static void fill(struct random_source *random)
{
#ifdef HAVE_GETRANDOM
    if (!random->device && getrandom(random->octets, sizeof(random->octets), GRND_NONBLOCK) ==
                               (ssize_t)sizeof(random->octets))
        return;
#endif
    if (!random->device) {
        random->device = file_open_read("/dev/urandom");
        /* Without a buffer of stdio, which would outlive a fork. */
        if (!random->device || setvbuf(random->device, NULL, _IONBF, 0) != 0)
            LOG_FATAL("Can't read from /dev/urandom");
    }
    if (fread(random->octets, sizeof(random->octets), 1, random->device) != 1)
        LOG_FATAL("Can't read from /dev/urandom");
}

void linux_random_bytes(void *ctx, void *out, size_t length)
{
    struct random_source *random = &((struct linux_world *)ctx)->random;
    uint8_t *to = out;
    pid_t pid = getpid();

    if (random->pid != pid) {
        random->left = 0;
        random->pid = pid;
    }
    while (length > 0) {
        if (random->left == 0) {
            fill(random);
            random->left = sizeof(random->octets);
        }
        size_t part = length < random->left ? length : random->left;
        uint8_t *from = random->octets + sizeof(random->octets) - random->left;
        memcpy(to, from, part);
        explicit_bzero(from, part);
        random->left -= part;
        to += part;
        length -= part;
    }
}

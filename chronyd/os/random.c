/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random octets: getrandom() read 256 octets at a time, with /dev/urandom as the permanent
 * fall-back (system.md 13). Octets that were handed out are wiped. A forked child never uses
 * octets that its parent still has: the kernel empties their page in the child. On a kernel that
 * cannot do so (before 4.14) the process ID is checked with each request.
 */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif
#include "base/log.h"
#include "chronyd/os/linux_internal.h"

/* The kernel fills it with zeros in a child, so `left` is 0 there. */
struct random_stock {
    size_t left; /* unused octets at the end of the array */
    pid_t pid;   /* process that filled it, where the kernel does not do so */
    uint8_t octets[256];
};

void random_init(struct random_source *random)
{
    const size_t size = sizeof(*random->stock);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        LOG_FATAL("Could not allocate memory");
    *random = (struct random_source){.stock = page};
#ifdef MADV_WIPEONFORK
    random->wiped_on_fork = madvise(page, size, MADV_WIPEONFORK) == 0;
#endif
}

void random_free(struct random_source *random)
{
    if (random->device)
        fclose(random->device);
    explicit_bzero(random->stock, sizeof(*random->stock));
    munmap(random->stock, sizeof(*random->stock));
    *random = (struct random_source){.stock = NULL};
}

static void fill(struct random_source *random)
{
    struct random_stock *stock = random->stock;

#ifdef HAVE_GETRANDOM
    if (!random->device && getrandom(stock->octets, sizeof(stock->octets), GRND_NONBLOCK) ==
                               (ssize_t)sizeof(stock->octets))
        return;
#endif
    if (!random->device) {
        random->device = fopen("/dev/urandom", "re");
        /* A buffer of stdio would be copied by a fork. */
        if (!random->device || setvbuf(random->device, NULL, _IONBF, 0) != 0)
            LOG_FATAL("Can't read from /dev/urandom");
    }
    if (fread(stock->octets, sizeof(stock->octets), 1, random->device) != 1)
        LOG_FATAL("Can't read from /dev/urandom");
}

void linux_random_bytes(void *ctx, void *out, size_t length)
{
    struct random_source *random = &((struct linux_world *)ctx)->random;
    struct random_stock *stock = random->stock;
    uint8_t *to = out;

    if (!random->wiped_on_fork && stock->pid != getpid()) {
        stock->left = 0;
        stock->pid = getpid();
    }
    while (length > 0) {
        if (stock->left == 0) {
            fill(random);
            stock->left = sizeof(stock->octets);
        }
        size_t part = length < stock->left ? length : stock->left;
        uint8_t *from = stock->octets + sizeof(stock->octets) - stock->left;
        memcpy(to, from, part);
        explicit_bzero(from, part);
        stock->left -= part;
        to += part;
        length -= part;
    }
}

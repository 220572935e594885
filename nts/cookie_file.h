/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookie files of a client, ADDRESS.nts (nts.md 14): they let a restart go on without key
 * establishment. Files go through the world.
 */
#ifndef NTS_COOKIE_FILE_H
#define NTS_COOKIE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/addr.h"
#include "base/world.h"
#include "nts/context.h"

struct cookie_file {
    double time; /* of the key establishment, seconds since 1970 */
    struct ip_port ntp_addr;
    uint32_t context_id;
    struct nts_context context;
    struct nts_cookie cookies[NTS_MAX_COOKIES]; /* in the order of use */
    int cookie_count;
};

/* Reads and removes the file of the NTS-KE address. False: there is none, or it was bad; nothing of
   it is then used. The caller wipes the context. */
bool cookie_file_load(const struct world *world, const char *directory, const struct ip_addr *addr,
                      const char *name, struct cookie_file *file);
/* Replaces the file. False: it failed, which was logged if it was the first failure
   (base/file_trouble.h). */
bool cookie_file_save(const struct world *world, struct file_trouble *trouble,
                      const char *directory, const struct ip_addr *addr, const char *name,
                      const struct cookie_file *file);

#endif

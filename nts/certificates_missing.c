/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificates of the fork server in a build without NTS. There are no helpers that need
 * them, so there is no store, and only certificate_store_free is called, with NULL.
 */
#include <stdlib.h>
#include "nts/certificate_checker.h"
#include "nts/certificate_store.h"

struct certificate_store *certificate_store_new(const struct certificate_store_spec *spec)
{
    return NULL;
}

void certificate_store_free(struct certificate_store *store)
{
}

const struct server_files *certificate_store_read(struct certificate_store *store)
{
    return NULL;
}

void certificate_store_adopt(struct certificate_store *store)
{
}

void certificate_store_abandon(struct certificate_store *store)
{
}

const struct server_files *certificate_store_starting(const struct certificate_store *store)
{
    return NULL;
}

const struct server_files *certificate_store_adopted(const struct certificate_store *store)
{
    return NULL;
}

const char *certificate_store_problem(const struct certificate_store *store)
{
    return NULL;
}

double certificate_store_wait(const struct certificate_store *store, struct mono_time now)
{
    return -1.0;
}

bool certificate_store_poll(struct certificate_store *store, struct mono_time now)
{
    return false;
}

bool certificate_checker(const struct server_files *files, const struct server_files *kept,
                         struct pair_verdict *verdicts, void *arg)
{
    return false;
}

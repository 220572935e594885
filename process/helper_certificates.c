/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which certificates the helpers use, in the main process, which does not read them itself: what is
 * said here is for reports only.
 */
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "process/helper_pool_internal.h"

#define MAX_CERTIFICATES 64 /* more are not reported */

void helper_add_certificate(struct helper *helper, const struct ipc_certificate *certificate)
{
    if (helper->certificate_count == MAX_CERTIFICATES)
        return;
    helper->certificates = mem_resize(helper->certificates, helper->certificate_count + 1,
                                      sizeof(*helper->certificates));
    helper->certificates[helper->certificate_count++] = *certificate;
}

void helper_drop_certificates(struct helper *helper)
{
    struct helper_pool *pool = helper->pool;

    if (helper->certificate_count > 0 && helper->generation == pool->current) {
        free(pool->kept_certificates);
        pool->kept_certificates = helper->certificates;
        pool->kept_count = helper->certificate_count;
        pool->kept_generation = helper->generation;
    } else {
        free(helper->certificates);
    }
    helper->certificates = NULL;
    helper->certificate_count = 0;
}

const struct ipc_certificate *helper_pool_certificate(const struct helper_pool *pool, size_t number)
{
    for (size_t i = 0; i < pool->count; i++) {
        const struct helper *h = pool->helpers[i];

        if (h->generation == pool->current && h->certificate_count > 0)
            return number < h->certificate_count ? &h->certificates[number] : NULL;
    }
    return pool->kept_generation == pool->current && number < pool->kept_count
               ? &pool->kept_certificates[number]
               : NULL;
}

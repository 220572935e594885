/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocation that cannot fail for its callers: a program that cannot get the memory for its own
 * tables ends with one clear message. Used by every module when it is created. Sizes that come from
 * outside are limited by the caller before they get here; the product of an array is checked.
 */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size > 0 ? size : 1);

    if (!p)
        LOG_FATAL("Could not allocate memory");
    return p;
}

void *mem_array(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        LOG_FATAL("Could not allocate memory");
    return mem_alloc(total);
}

void *mem_resize(void *p, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        LOG_FATAL("Could not allocate memory");
    p = realloc(p, total > 0 ? total : 1);
    if (!p)
        LOG_FATAL("Could not allocate memory");
    return p;
}

char *text_dup(const char *s)
{
    if (!s)
        return NULL;
    size_t size = strlen(s) + 1;
    char *copy = mem_alloc(size);
    memcpy(copy, s, size);
    return copy;
}

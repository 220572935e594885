/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading of libmicrohttpd, see metrics_library.h.
 */
#include "chronyd/metrics_library.h"

#include <dlfcn.h>
#include "base/log.h"

/* That of all releases since 0.9.52, and of 1.0. */
#define LIBRARY_NAME "libmicrohttpd.so.12"

bool metrics_library_load(struct metrics_library *library)
{
    bool complete = true;

    library->handle = dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) {
        LOG_ERROR("Could not load the library for metricsaddress : %s", dlerror());
        return false;
    }
#define METRICS_LIBRARY_FIND(function, name)                                                       \
    *(void **)&library->name = dlsym(library->handle, #function);                                  \
    complete = complete && library->name;
    METRICS_LIBRARY_FUNCTIONS(METRICS_LIBRARY_FIND)
#undef METRICS_LIBRARY_FIND
    if (!complete)
        LOG_ERROR("%s is too old for metricsaddress", LIBRARY_NAME);
    return complete;
}

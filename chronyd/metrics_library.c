/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading of libmicrohttpd, see metrics_library.h.
 */
#include "chronyd/metrics_library.h"

#include <dlfcn.h>
#include "base/log.h"

bool metrics_library_load(struct metrics_library *library)
{
    bool complete = true;

    library->handle = dlopen(METRICS_LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) {
        LOG_DEBUG("Could not load %s : %s", METRICS_LIBRARY_NAME, dlerror());
        return false;
    }
#define METRICS_LIBRARY_FIND(function, name)                                                       \
    *(void **)&library->name = dlsym(library->handle, #function);                                  \
    complete = complete && library->name;
    METRICS_LIBRARY_FUNCTIONS(METRICS_LIBRARY_FIND)
#undef METRICS_LIBRARY_FIND
    return complete;
}

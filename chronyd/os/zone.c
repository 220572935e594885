/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calendar time in a time zone that is not the one of the process: leap second data comes from
 * zones that count leap seconds. The C library knows one zone at a time, named by TZ, so for the
 * length of a call the environment is replaced by a copy in which TZ is another one. The copy lives
 * on, because the resolver's thread may read the environment at any moment; nothing is ever changed
 * in place.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/text.h"
#include "chronyd/os/linux_internal.h"

static char **environment_with_zone(const char *zone)
{
    size_t count = 0, kept = 0, length = strlen("TZ=") + strlen(zone) + 1;
    char *setting = mem_alloc(length);
    char **copy;

    while (environ && environ[count])
        count++;
    copy = mem_array(count + 2, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "TZ=", 3) != 0)
            copy[1 + kept++] = environ[i];
    }
    text_copy(setting, length, "TZ=");
    text_copy(setting + strlen("TZ="), length - strlen("TZ="), zone);
    copy[0] = setting;
    return copy;
}

void zone_free(struct linux_world *w)
{
    if (w->environment)
        free(w->environment[0]);
    free(w->environment);
    free(w->zone);
    w->environment = NULL;
    w->zone = NULL;
}

bool linux_zone_time(void *ctx, const char *zone, struct tm *fields, int64_t *seconds)
{
    struct linux_world *w = ctx;
    char **own = environ;

    if (!w->zone || strcmp(w->zone, zone) != 0) {
        zone_free(w);
        w->zone = text_dup(zone);
        w->environment = environment_with_zone(zone);
    }
    environ = w->environment;
    tzset();
    time_t result = mktime(fields);
    environ = own;
    tzset();

    *seconds = result;
    return result != (time_t)-1;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints each second between which two instants true time is:
 *
 *     cc -O2 -o clock_now clock_now.c && ./clock_now /run/holdover/timepage
 *
 * clock_now FILE [COUNT]: COUNT lines (0: until it is stopped). The status is 0 if the last line
 * had bounds.
 */
#define _POSIX_C_SOURCE 200809L
#include "clock_now.h"

#include <stdio.h>
#include <stdlib.h>

static void print_instant(int64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm utc;
    char text[32];

    if (!gmtime_r(&seconds, &utc) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc) == 0)
        snprintf(text, sizeof(text), "?");
    printf("%s.%09ld ", text, (long)(ns % 1000000000));
}

/* A page that is out of date stays so: chronyd makes a new file when it is started. */
static enum clock_now_state ask(const char *path, const void **page, struct clock_now_result *now)
{
    if (*page && clock_now(*page, now) != CLOCK_NOW_STALE)
        return now->state;
    if (*page)
        clock_now_close(*page);
    *page = clock_now_open(path);
    return *page ? clock_now(*page, now) : CLOCK_NOW_STALE;
}

int main(int argc, char **argv)
{
    const struct timespec second = {1, 0};
    const long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    enum clock_now_state state = CLOCK_NOW_STALE;
    const void *page = NULL;

    if (argc < 2) {
        fprintf(stderr, "Usage: %s FILE [COUNT]\n", argv[0]);
        return 2;
    }
    for (long i = 0; count == 0 || i < count; i++) {
        struct clock_now_result now;

        if (i > 0)
            nanosleep(&second, NULL);
        state = ask(argv[1], &page, &now);
        if (state == CLOCK_NOW_SYNCHRONISED) {
            print_instant(now.earliest);
            printf("to ");
            print_instant(now.latest);
            printf("(%.1f us)\n", (double)(now.latest - now.earliest) / 1e3);
        } else if (state == CLOCK_NOW_UNSYNCHRONISED) {
            printf("not synchronised\n");
        } else {
            printf("no time page at %s\n", argv[1]);
        }
        fflush(stdout);
    }
    if (page)
        clock_now_close(page);
    return state == CLOCK_NOW_SYNCHRONISED ? 0 : 1;
}

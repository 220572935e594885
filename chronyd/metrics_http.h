/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP for the metrics server's process, by libmicrohttpd: which paths and methods there are, and
 * what a client may cost. A connection carries one request, which has to be complete within a few
 * seconds, and then the answer has to be taken. When there are many connections, the oldest one
 * that has not asked yet makes room, so nobody keeps others out by doing nothing.
 */
#ifndef CHRONYD_METRICS_HTTP_H
#define CHRONYD_METRICS_HTTP_H

#include <stdbool.h>
#include "base/world.h"
#include "chronyd/metrics_library.h"
#include "chronyd/metrics_page.h"

/* Connections at a time; from how many on, in all and of one address, the oldest that has not asked
   is closed for a new one; seconds for a request, and again for the answer; octets of a request. */
#define METRICS_HTTP_MAX        32
#define METRICS_HTTP_FULL       28
#define METRICS_HTTP_PER_CLIENT 16
#define METRICS_HTTP_TIMEOUT    10.0
#define METRICS_HTTP_REQUEST    8192

struct metrics_http;

/* Serves on a listening socket, which it owns from then on; the library outlives it. NULL with
   errno: it could not begin. */
struct metrics_http *metrics_http_new(struct world *world, const struct metrics_library *library,
                                      struct metrics_pages *pages, int fd);
/* NULL is allowed. */
void metrics_http_free(struct metrics_http *http);

/* The descriptor that can be read when there is something to do, and the milliseconds after which
   there is in any case. */
int metrics_http_fd(const struct metrics_http *http);
int metrics_http_timeout(const struct metrics_http *http);
/* Does it, without waiting for a client. */
void metrics_http_run(struct metrics_http *http);

/* The format that the value of an Accept header asks for; NULL: there is none. */
enum metrics_format metrics_http_format(const char *accept);

#endif

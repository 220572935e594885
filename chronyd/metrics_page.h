/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts that the metrics server's process gives to its clients. A page is made for the first
 * client that asks, and serves all who ask within a second: many of them cost no more than one.
 * While it is made nothing else happens in this process, so one is made at a time.
 */
#ifndef CHRONYD_METRICS_PAGE_H
#define CHRONYD_METRICS_PAGE_H

#include <stddef.h>
#include "base/world.h"
#include "metrics/metrics.h"

/* Seconds for which a page is given out, and for which a failure is not tried again. */
#define METRICS_PAGE_AGE 1.0
/* Seconds that the main process has for each report, and for all of a page. */
#define METRICS_PAGE_WAIT_REPORT 5.0
#define METRICS_PAGE_WAIT_ALL    8.0
/* Pages that slow clients may keep in memory. */
#define METRICS_PAGES_MAX 6

/* Not changed once it is made. */
struct metrics_page {
    char *text;
    size_t length;
    int users;
    struct metrics_pages *owner;
};

struct metrics_pages;

/* The channel is the one to the main process; neither of them is owned. */
struct channel;
struct metrics_pages *metrics_pages_new(struct world *world, struct channel *channel);
/* To be called after all pages were given back. NULL is allowed. */
void metrics_pages_free(struct metrics_pages *pages);

/* A page of the last second, which the caller gives back. NULL: the main process does not answer in
   time, or slow clients have too many old pages. */
struct metrics_page *metrics_pages_get(struct metrics_pages *pages, enum metrics_format format);
void metrics_page_release(struct metrics_page *page);

/* False: the channel has ended, or something invalid came. To be called when it can be read. */
bool metrics_pages_read(struct metrics_pages *pages);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes time pages (ntp/server/time_page.h): at each change of the clock, of the reference, of
 * smoothing or of leap seconds, and each second. It exists only while somebody may read a page. It
 * changes nothing of what it tells.
 */
#ifndef CHRONYD_TIME_PAGE_WRITER_H
#define CHRONYD_TIME_PAGE_WRITER_H

#include "ntp/env.h"
#include "ntp/server/time_page.h"

#define TIME_PAGE_INTERVAL 1.0 /* seconds */
#define TIME_PAGE_VALIDITY 4.0
#define TIME_PAGES_MAX     2

struct time_page_writer;

/* What is told. All of it must outlive the writer. */
struct time_page_source {
    const struct ntp_env *env;
    const struct ntp_mono_scale *mono;
    bool add_net_correction;
};

/* Writes at once, and becomes the watch of the clock. The pages stay the caller's: `count` of them,
   0 to TIME_PAGES_MAX. */
struct time_page_writer *time_page_writer_new(const struct time_page_source *source,
                                              struct time_page *const *pages, int count);
/* The pages are out of date from now on. NULL is allowed. */
void time_page_writer_free(struct time_page_writer *writer);

/* Tells somebody else the contents, now and whenever they are written. */
void time_page_writer_set_listener(struct time_page_writer *writer,
                                   void (*written)(const struct time_page_content *content,
                                                   void *arg),
                                   void *arg);

/* The contents that were written last. */
const struct time_page_content *time_page_writer_content(const struct time_page_writer *writer);

#endif

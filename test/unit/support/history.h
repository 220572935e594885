/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * History files for tests, in memory: pages that are filled one after another.
 */
#ifndef TEST_UNIT_SUPPORT_HISTORY_H
#define TEST_UNIT_SUPPORT_HISTORY_H

#include <stddef.h>
#include <stdint.h>
#include "history/page.h"

struct history_image {
    uint32_t pages; /* of the ring */
    size_t size;    /* octets up to now */
    uint8_t *data;
    struct history_page page;
};

void history_image_init(struct history_image *image, uint32_t pages);
void history_image_free(struct history_image *image);
/* Adds a record and confirms it; in a new page if the present one is full. */
void history_image_add(struct history_image *image, const struct history_record *record,
                       const struct history_source *source);

/* The source of this number; records of it at a time, whose figures depend on it. */
struct history_source history_image_source(int number);
void history_image_minute(struct history_image *image, int64_t time, int source);
void history_image_sample(struct history_image *image, int64_t time, int source);
void history_image_event(struct history_image *image, int64_t time, enum history_event_kind kind,
                         double value, const char *text);
/* A minute of source 0, and samples of sources 0 to 3 in turn, `count` times from this time on. */
void history_image_fill(struct history_image *image, int64_t time, int count);

#endif

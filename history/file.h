/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first page of a history file, which says what it is, and where the other pages stand
 * (history.md 2). Pure.
 */
#ifndef HISTORY_FILE_H
#define HISTORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "history/page.h"

#define HISTORY_VERSION 1
/* Pages without the first one. The smallest file has 64 KiB, the largest 256 MiB. */
#define HISTORY_MIN_PAGES 15
#define HISTORY_MAX_PAGES 65535

enum history_file_kind {
    HISTORY_FILE_GOOD,
    HISTORY_FILE_DAMAGED, /* the first page is not what it should be; others may be good */
    HISTORY_FILE_OTHER_VERSION,
};

/* Pages of a file of this size in octets, within these limits. */
uint32_t history_file_pages(uint64_t size);
void history_file_header(uint8_t octets[HISTORY_PAGE_SIZE], uint32_t pages);
/* Judges the first page. *pages: how many others the file may have; 0 unless it is good. */
enum history_file_kind history_file_check(const uint8_t octets[HISTORY_PAGE_SIZE], uint32_t *pages);
/* Where a page stands, in pages from the beginning of the file. */
uint32_t history_file_place(uint64_t sequence, uint32_t pages);

#endif

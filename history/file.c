/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See file.h. The first page is written once, so it is at risk only while the file is made, which
 * has another name then.
 */
#include "history/file.h"

#include <string.h>
#include "base/wire.h"
#include "history/number.h"

#define MAGIC_SIZE  16
#define HEADER_SIZE 32 /* with the checksum */

static const char magic[MAGIC_SIZE] = "chrony history\n";

uint32_t history_file_pages(uint64_t size)
{
    uint64_t pages = size / HISTORY_PAGE_SIZE;

    return pages <= HISTORY_MIN_PAGES  ? HISTORY_MIN_PAGES
           : pages > HISTORY_MAX_PAGES ? HISTORY_MAX_PAGES
                                       : (uint32_t)pages - 1;
}

void history_file_header(uint8_t octets[HISTORY_PAGE_SIZE], uint32_t pages)
{
    struct writer w = writer_make(octets, HEADER_SIZE);

    memset(octets, 0, HISTORY_PAGE_SIZE);
    writer_bytes(&w, magic, sizeof(magic));
    writer_u32(&w, HISTORY_VERSION);
    writer_u32(&w, HISTORY_PAGE_SIZE);
    writer_u32(&w, pages);
    writer_u32(&w, history_crc(0, octets, w.pos));
}

enum history_file_kind history_file_check(const uint8_t octets[HISTORY_PAGE_SIZE], uint32_t *pages)
{
    struct reader r = reader_make(octets, HEADER_SIZE);
    bool is_ours = memcmp(reader_view(&r, sizeof(magic)), magic, sizeof(magic)) == 0;
    uint32_t version = reader_u32(&r);
    uint32_t page_size = reader_u32(&r);
    uint32_t count = reader_u32(&r);
    uint32_t crc = history_crc(0, octets, r.pos);

    *pages = 0;
    if (!is_ours || reader_u32(&r) != crc)
        return HISTORY_FILE_DAMAGED;
    if (version != HISTORY_VERSION)
        return HISTORY_FILE_OTHER_VERSION;
    if (page_size != HISTORY_PAGE_SIZE || count < 1 || count > HISTORY_MAX_PAGES)
        return HISTORY_FILE_DAMAGED;
    *pages = count;
    return HISTORY_FILE_GOOD;
}

uint32_t history_file_place(uint64_t sequence, uint32_t pages)
{
    return 1 + (uint32_t)(sequence % pages);
}

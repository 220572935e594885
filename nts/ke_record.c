/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE records and the framing of messages (nts.md 5.1, 5.2). Called by the TLS sessions of both
 * roles with octets from outside, and by the code that makes messages. Reads only through the
 * bounded reader, keeps no state but the scan of its caller.
 */
#include "nts/ke_record.h"

#define CRITICAL_BIT  0x8000u
#define HEADER_LENGTH 4u

static bool read_record(struct reader *r, struct ke_record *record)
{
    uint16_t head = reader_u16(r);

    record->critical = (head & CRITICAL_BIT) != 0;
    record->type = (uint16_t)(head & ~CRITICAL_BIT);
    record->length = reader_u16(r);
    record->body = reader_view(r, record->length);
    return !r->failed;
}

enum ke_message_status ke_message_check(struct ke_scan *scan, const uint8_t *data, size_t length)
{
    struct reader r = reader_make(data, length);
    struct ke_record record;

    reader_skip(&r, scan->pos);
    while (!scan->invalid && read_record(&r, &record)) {
        scan->pos = r.pos;
        scan->last_end = record.type == KE_RECORD_END;
        if (scan->last_end) {
            scan->invalid = !record.critical || record.length != 0 || scan->ended;
            scan->ended = true;
        }
    }
    if (scan->invalid)
        return KE_MESSAGE_INVALID;
    return scan->last_end && scan->pos == length ? KE_MESSAGE_COMPLETE : KE_MESSAGE_INCOMPLETE;
}

bool ke_record_next(struct reader *r, struct ke_record *record)
{
    return read_record(r, record) && record->type != KE_RECORD_END;
}

void ke_record_add(struct writer *w, bool critical, uint16_t type, const void *body, size_t length)
{
    if (length > UINT16_MAX || w->failed || w->pos > w->size ||
        w->size - w->pos < HEADER_LENGTH + length) {
        w->failed = true;
        return;
    }
    writer_u16(w, (uint16_t)(type | (critical ? CRITICAL_BIT : 0)));
    writer_u16(w, (uint16_t)length);
    if (length > 0)
        writer_bytes(w, body, length);
}

void ke_record_add_u16(struct writer *w, bool critical, uint16_t type, uint16_t value)
{
    const uint8_t body[2] = {(uint8_t)(value >> 8), (uint8_t)(value & 0xff)};

    ke_record_add(w, critical, type, body, sizeof(body));
}

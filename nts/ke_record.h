/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NTS-KE records and the framing of messages (nts.md 5.1, 5.2). Pure: the session gives the octets
 * received so far; nothing here owns a socket or logs.
 */
#ifndef NTS_KE_RECORD_H
#define NTS_KE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/wire.h"

enum ke_record_type {
    KE_RECORD_END = 0,
    KE_RECORD_NEXT_PROTOCOL = 1,
    KE_RECORD_ERROR = 2,
    KE_RECORD_WARNING = 3,
    KE_RECORD_AEAD = 4,
    KE_RECORD_COOKIE = 5,
    KE_RECORD_NTP_SERVER = 6,
    KE_RECORD_NTP_PORT = 7,
    KE_RECORD_COMPLIANT_GCM_EXPORT = 1024,
};

enum ke_error { KE_ERROR_UNKNOWN_CRITICAL = 0, KE_ERROR_BAD_REQUEST = 1, KE_ERROR_INTERNAL = 2 };

#define KE_PROTOCOL_NTPV4 0

/* The body points into the message. */
struct ke_record {
    bool critical;
    uint16_t type;
    const uint8_t *body;
    size_t length;
};

/* Progress of the check of one message; zero at its start. */
struct ke_scan {
    size_t pos;    /* end of the last complete record */
    bool ended;    /* End of Message was seen */
    bool last_end; /* ... and it was the last complete record */
    bool invalid;
};

enum ke_message_status {
    KE_MESSAGE_INCOMPLETE, /* wait for more; at end of file it is invalid */
    KE_MESSAGE_COMPLETE,
    KE_MESSAGE_INVALID,
};

/* Checks everything received so far (length octets of data, not only the new ones). Complete
   records are checked only once, so the cost of a message does not depend on how it was split
   (nts.md 5.2, steps 3 to 5). */
enum ke_message_status ke_message_check(struct ke_scan *scan, const uint8_t *data, size_t length);

/* The next record of a complete message. False at End of Message or where the data end. */
bool ke_record_next(struct reader *r, struct ke_record *record);

/* Appends a record; w->failed if it does not fit (or the body is longer than 65535). */
void ke_record_add(struct writer *w, bool critical, uint16_t type, const void *body, size_t length);
/* ... with a body of one 16-bit value. */
void ke_record_add_u16(struct writer *w, bool critical, uint16_t type, uint16_t value);

#endif

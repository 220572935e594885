/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoding of SOCK datagrams, see sock_message.h. The sender is any process that may write to the
 * socket: no value is trusted.
 */
#include "chronyd/refclock/sock_message.h"

#include "base/wire.h"

#define NSEC_PER_USEC 1000
/* Microseconds beyond this are no time, and would overflow. */
#define MAX_USEC INT64_C(1000000000000)

enum sock_message_result sock_message_parse(const uint8_t *data, size_t length,
                                            struct sock_message *message)
{
    struct reader reader = reader_make(data, length);
    struct timeval tv;
    int32_t pulse, leap, padding;

    *message = (struct sock_message){.magic = 0};
    if (length != (size_t)SOCK_MESSAGE_SIZE)
        return SOCK_MESSAGE_LENGTH;
    reader_bytes(&reader, &tv, sizeof(tv));
    reader_bytes(&reader, &message->offset, sizeof(message->offset));
    reader_bytes(&reader, &pulse, sizeof(pulse));
    reader_bytes(&reader, &leap, sizeof(leap));
    reader_bytes(&reader, &padding, sizeof(padding));
    reader_bytes(&reader, &message->magic, sizeof(message->magic));
    if (message->magic != SOCK_MAGIC)
        return SOCK_MESSAGE_MAGIC;

    int64_t usec = tv.tv_usec;
    if (usec > MAX_USEC || usec < -MAX_USEC)
        usec = 0, tv.tv_sec = INT32_MIN; /* never sane */
    message->time.i = instant_make(tv.tv_sec, NSEC_PER_USEC * usec);
    message->pulse = pulse != 0;
    message->leap = leap;
    return SOCK_MESSAGE_OK;
}

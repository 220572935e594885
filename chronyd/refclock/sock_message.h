/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The datagram of the SOCK driver (system.md 3.3), native byte order: decoding only, pure.
 */
#ifndef CHRONYD_REFCLOCK_SOCK_MESSAGE_H
#define CHRONYD_REFCLOCK_SOCK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include "base/instant.h"

#define SOCK_MAGIC        0x534f434b
#define SOCK_MESSAGE_SIZE ((int)(sizeof(struct timeval) + 24))

struct sock_message {
    struct raw_time time;
    double offset; /* true time minus system time, seconds; of a pulse: system.md 3.3 */
    bool pulse;
    int leap;
    uint32_t magic;
};

enum sock_message_result { SOCK_MESSAGE_OK, SOCK_MESSAGE_LENGTH, SOCK_MESSAGE_MAGIC };

/* The offset may be any value, also NaN. With a wrong magic number, nothing else is set. */
enum sock_message_result sock_message_parse(const uint8_t *data, size_t length,
                                            struct sock_message *message);

#endif

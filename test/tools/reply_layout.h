/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares a reply of the control protocol with the recorded one for the same situation: what the
 * situation determines is equal, what was measured is of the same kind (cmdmon.md 12 and 13).
 */
#ifndef TEST_TOOLS_REPLY_LAYOUT_H
#define TEST_TOOLS_REPLY_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * False: text says what differs. now: time of this run in seconds since 1970. elapsed: seconds
 * between the making of the request and the reply; times may differ by so much more. header_only:
 * length and header are compared, not the body.
 */
bool reply_layout_compare(const uint8_t *recorded, size_t recorded_length, const uint8_t *reply,
                          size_t length, bool header_only, double now, double elapsed, char *text,
                          size_t size);

#endif

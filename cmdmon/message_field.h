/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire types of the control protocol (cmdmon.md 4), read and written through the bounded reader
 * and writer. Used by the codecs of cmdmon/ only.
 */
#ifndef CMDMON_MESSAGE_FIELD_H
#define CMDMON_MESSAGE_FIELD_H

#include "base/addr.h"
#include "base/instant.h"
#include "base/wire.h"

/* Floating point, 4 octets (4.1). */
double field_get_float(struct reader *r);
void field_put_float(struct writer *w, double x);

/* Timestamp, 12 octets (4.2). */
struct instant field_get_time(struct reader *r);
void field_put_time(struct writer *w, struct instant t);

/* IP address, 20 octets (4.3). An unknown family reads as unspecified. */
struct ip_addr field_get_addr(struct reader *r);
void field_put_addr(struct writer *w, const struct ip_addr *addr);

/* Two's complement integers. */
int32_t field_get_i32(struct reader *r);
void field_put_i32(struct writer *w, int32_t v);

#endif

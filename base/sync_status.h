/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a clock says of its synchronisation, as on the wire (RFC 5905 section 7.3): the leap status,
 * which is also what the end of the UTC day brings, and the stratum.
 */
#ifndef BASE_SYNC_STATUS_H
#define BASE_SYNC_STATUS_H

/* The stratum of a clock that is not synchronised. */
#define NTP_MAX_STRATUM 16

enum leap_status { LEAP_NORMAL = 0, LEAP_INSERT = 1, LEAP_DELETE = 2, LEAP_UNSYNC = 3 };

/* N + - and, if it is not one of these, ? */
static inline char leap_letter(int leap)
{
    return leap >= LEAP_NORMAL && leap <= LEAP_UNSYNC ? "N+-?"[leap] : '?';
}

#endif

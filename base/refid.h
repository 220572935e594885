/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reference IDs that are neither an address nor the name of a reference clock (ntp.md 20.6):
 * those of an unsynchronised clock, of the local reference and of smoothed time.
 */
#ifndef BASE_REFID_H
#define BASE_REFID_H

#define REFID_UNSYNC 0x00000000u
#define REFID_LOCAL  0x7f7f0101u
#define REFID_SMOOTH 0x7f7f01ffu

#endif
